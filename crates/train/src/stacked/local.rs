//! The local units of a stack: their products at every pixel, and the gradients of these.

use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use model::{Canvas, LocalUnits, Weights};

use super::member::Member;
use super::products::Products;
use super::tensors::{Parts, read, rows};
use crate::TrainError;

/// The images behind the states of a stack, on the device.
#[derive(Debug, Clone)]
pub(super) struct Screen<B: Backend> {
    side: usize,
    /// U_r^T: `[1, r, side^2]`, where z is not x itself.
    axes: Option<Tensor<B, 3>>,
    /// The images of z = 0: `[K, 1, side^2]`.
    origin: Tensor<B, 3>,
}

impl<B: Backend> Screen<B> {
    /// What the members' local units see.
    pub(super) fn new(canvas: &Canvas, members: &[Member], device: &B::Device) -> Self {
        let (pixels, r) = (canvas.pixels(), canvas.inputs());
        let axes = canvas.axes().map(|axes| {
            let axes = TensorData::new(axes.to_vec(), [1, pixels, r]);
            Tensor::from_data(axes, device).swap_dims(1, 2)
        });
        let origins: Vec<Vec<f32>> = members.iter().map(|member| canvas.origin(member.wiring.signal)).collect();
        let origin = rows(origins.iter().map(Vec::as_slice), (members.len(), pixels), device);
        Self { side: canvas.side(), axes, origin }
    }
}

#[cfg(test)]
impl<B: Backend> Screen<B> {
    /// Images of this width behind states.
    pub(super) fn of(side: usize, axes: Option<Tensor<B, 3>>, origin: Tensor<B, 3>) -> Self {
        Self { side, axes, origin }
    }

    /// The same on another backend.
    pub(super) fn lifted<C: Backend>(&self, lift: impl Fn(&Tensor<B, 3>) -> Tensor<C, 3>) -> Screen<C> {
        Screen { side: self.side, axes: self.axes.as_ref().map(&lift), origin: lift(&self.origin) }
    }
}

impl<B: Products> Screen<B> {
    /// U_r z.  `[K, n, r]` -> `[K, n, side^2]`.
    fn lift(&self, z: Tensor<B, 3>) -> Tensor<B, 3> {
        match &self.axes {
            Some(axes) => shared_product(z, axes.clone()),
            None => z,
        }
    }

    /// U_r^T of images.  `[K, n, side^2]` -> `[K, n, r]`.
    fn project(&self, images: Tensor<B, 3>) -> Tensor<B, 3> {
        match &self.axes {
            Some(axes) => shared_product(images, axes.clone().swap_dims(1, 2)),
            None => images,
        }
    }

    /// The patches around every pixel.  `[K, n, side^2]` -> `[K, n side^2, k^2]`.
    fn patches(&self, images: Tensor<B, 3>, kernel: usize) -> Tensor<B, 3> {
        let (side, [k, n, pixels]) = (self.side, images.dims());
        let (reach, all) = (kernel / 2, k * n);
        let wide = side + 2 * reach;
        let images = images.reshape([all, side, side]);
        let edged = Tensor::zeros([all, wide, wide], &images.device());
        let edged = edged.slice_assign([0..all, reach..reach + side, reach..reach + side], images);
        let offsets = (0..kernel * kernel).map(|at| (at / kernel, at % kernel));
        let shifted =
            offsets.map(|(y, x)| edged.clone().slice([0..all, y..y + side, x..x + side]).reshape([k, n * pixels, 1]));
        Tensor::cat(shifted.collect(), 2)
    }

    /// The transpose of [`Self::patches`].  `[K, n side^2, k^2]` -> `[K, n, side^2]`.
    fn overlaid(&self, patches: Tensor<B, 3>, kernel: usize, n: usize) -> Tensor<B, 3> {
        let (side, [k, all_rows, _]) = (self.side, patches.dims());
        let (reach, all) = (kernel / 2, k * n);
        let wide = side + 2 * reach;
        let mut edged = Tensor::zeros([all, wide, wide], &patches.device());
        for at in 0..kernel * kernel {
            let one = patches.clone().slice([0..k, 0..all_rows, at..at + 1]).reshape([all, side, side]);
            let place = [0..all, at / kernel..at / kernel + side, at % kernel..at % kernel + side];
            let sum = edged.clone().slice(place.clone()) + one;
            edged = edged.slice_assign(place, sum);
        }
        edged.slice([0..all, reach..reach + side, reach..reach + side]).reshape([k, n, side * side])
    }
}

/// A product with one matrix for all machines, as one large product.  `[K, n, a]`, `[1, a, b]` -> `[K, n, b]`.
fn shared_product<B: Products>(rows: Tensor<B, 3>, matrix: Tensor<B, 3>) -> Tensor<B, 3> {
    let ([k, n, a], b) = (rows.dims(), matrix.dims()[2]);
    B::product(rows.reshape([1, k * n, a]), matrix).reshape([k, n, b])
}

/// The local units of K nets, or numbers that go with theirs: gradients, moments.
#[derive(Debug, Clone)]
pub(super) struct LocalNets<B: Backend> {
    /// `[K, k^2, C]`.
    pub(super) w1: Tensor<B, 3>,
    /// `[K, 1, C]`.
    pub(super) b1: Tensor<B, 3>,
    /// `[K, C, k^2]`.
    pub(super) w2: Tensor<B, 3>,
}

/// A batch as the local units have seen it.
pub(super) struct Seen<B: Backend> {
    /// `[K, n, r]`.
    pub(super) answer: Tensor<B, 3>,
    patches: Tensor<B, 3>,
    units: Tensor<B, 3>,
}

impl<B: Backend> LocalNets<B> {
    /// Stacks the local units of host weights on a device, where the machines have any.
    pub(super) fn upload(machines: &[&Weights], device: &B::Device) -> Option<Self> {
        let units: Option<Vec<&LocalUnits>> = machines.iter().map(|machine| machine.local.as_ref()).collect();
        let units = units?;
        let shape = units.first()?.config();
        let (k, patch, channels) = (units.len(), shape.patch(), shape.channels);
        let stack = |shape: [usize; 3], part: fn(&LocalUnits) -> &[f32]| {
            let values: Vec<f32> = units.iter().flat_map(|units| part(units).iter().copied()).collect();
            Tensor::from_data(TensorData::new(values, shape), device)
        };
        Some(Self {
            w1: stack([k, patch, channels], |u| &u.w1),
            b1: stack([k, 1, channels], |u| &u.b1),
            w2: stack([k, channels, patch], |u| &u.w2),
        })
    }

    /// The numbers back on the host, one entry a machine.
    pub(super) fn download(&self) -> Result<Vec<LocalUnits>, TrainError> {
        let [k, patch, channels] = self.w1.dims();
        let part = |tensor: &Tensor<B, 3>, size: usize| read(tensor.clone()).map(|values| Parts::of(values, size));
        let (mut w1, mut b1) = (part(&self.w1, patch * channels)?, part(&self.b1, channels)?);
        let mut w2 = part(&self.w2, channels * patch)?;
        Ok((0..k).map(|_| LocalUnits { w1: w1.next(), b1: b1.next(), w2: w2.next() }).collect())
    }

    /// As many zeros.
    pub(super) fn zeros_like(&self) -> Self {
        Self { w1: self.w1.zeros_like(), b1: self.b1.zeros_like(), w2: self.w2.zeros_like() }
    }

    fn kernel(&self) -> usize {
        self.w1.dims()[1].isqrt()
    }
}

impl<B: Products> LocalNets<B> {
    /// What the units see, and what they answer.
    pub(super) fn forward(&self, z: Tensor<B, 3>, screen: &Screen<B>) -> Seen<B> {
        let (kernel, n) = (self.kernel(), z.dims()[1]);
        let patches = screen.patches(screen.lift(z) + screen.origin.clone(), kernel);
        let units = relu(B::product(patches.clone(), self.w1.clone()) + self.b1.clone());
        let written = B::product(units.clone(), self.w2.clone());
        let answer = screen.project(screen.overlaid(written, kernel, n));
        Seen { answer, patches, units }
    }

    /// With E the patches of the errors e turned to images: dw2 = units^T E, and with h = (E w2^T) 1(units > 0):
    /// dw1 = patches^T h, db1 = sum h.
    pub(super) fn gradients(&self, seen: Seen<B>, errors: Tensor<B, 3>, screen: &Screen<B>) -> Self {
        let errors = screen.patches(screen.lift(errors), self.kernel());
        let off = seen.units.clone().lower_equal_elem(0.0);
        let unit_errors = B::product(errors.clone(), self.w2.clone().swap_dims(1, 2)).mask_fill(off, 0.0);
        Self {
            w1: B::product(seen.patches.swap_dims(1, 2), unit_errors.clone()),
            b1: unit_errors.sum_dim(1),
            w2: B::product(seen.units.swap_dims(1, 2), errors),
        }
    }
}
