//! The local units of a machine in training: the products of a small net at every pixel of every image.

use std::sync::Arc;

use model::{Canvas, LocalConfig, LocalUnits, patches};

use super::kernels::AdamStep;
use super::outer::add_outer;
use super::panels::{Layout, Rows, padded, row_stride};
use super::product::{Matrix, Start, Then, product};
use super::upcoming::Upcoming;
use super::weighted::{Transposed, Weighted};
use crate::isa::Isa;
use crate::pages;

/// The weights of the local units with their moments, and the rows in work.
#[derive(Debug)]
pub(super) struct LocalTrainer {
    isa: Isa,
    shape: LocalConfig,
    frame: Lifted,
    /// `[k^2, C]`.
    w1: Weighted,
    /// `[1, C]`.
    b1: Weighted,
    /// `[C, k^2]`.
    w2: Weighted,
    /// `[k^2, C]`.
    w2_transposed: Transposed,
    /// Images, and then their errors: `[rows, side^2]`.
    images: Vec<f32>,
    /// What is written to the images: `[rows, side^2]`.
    answers: Vec<f32>,
    /// The patches of the images: `[rows side^2, k^2]`.
    seen: Vec<f32>,
    /// `[rows side^2, C]`.
    units: Vec<f32>,
    /// What is written to the patches of an image, or the patches of its errors: `[side^2, k^2]`.
    written: Vec<f32>,
    /// Those of the units of an image: `[side^2, C]`.
    unit_errors: Vec<f32>,
    gradients: Gradients,
}

/// Sums over the images, laid out as their weights.
#[derive(Debug)]
struct Gradients {
    w1: Vec<f32>,
    b1: Vec<f32>,
    w2: Vec<f32>,
}

/// The canvas as panels.
#[derive(Debug)]
struct Lifted {
    canvas: Arc<Canvas>,
    /// U_r^T `[r, side^2]` and U_r `[side^2, r]`, where z is not x itself.
    axes: Option<[(Layout, Vec<f32>); 2]>,
    /// The image of z = 0: `[padded(side^2)]`.
    origin: Vec<f32>,
}

impl Lifted {
    fn new(canvas: Arc<Canvas>) -> Self {
        let (pixels, r) = (canvas.pixels(), canvas.inputs());
        let packed = |layout: Layout, dense: &[f32]| {
            let mut values = pages::zeros(layout.len());
            layout.pack(dense, &mut values);
            (layout, values)
        };
        let axes = canvas.axes().map(|axes| {
            let turned: Vec<f32> = (0..r).flat_map(|k| (0..pixels).map(move |p| axes[p * r + k])).collect();
            let (up, down) = (Layout { rows: r, cols: pixels }, Layout { rows: pixels, cols: r });
            [packed(up, &turned), packed(down, axes)]
        });
        Self { canvas, axes, origin: Vec::new() }
    }

    fn begin(&mut self, signal: f64) {
        self.origin = self.canvas.origin(signal);
        self.origin.resize(padded(self.canvas.pixels()), 0.0);
    }

    /// images = start + U_r z.
    fn lift(&self, isa: Isa, z: Rows<'_>, start: Start<'_>, images: &mut [f32]) {
        match &self.axes {
            Some([(layout, values), _]) => {
                let matrix = Matrix { layout: *layout, values };
                product(isa, z, matrix, start, images, Then::Nothing, &Upcoming::default());
            }
            None => {
                let stride = row_stride(self.canvas.pixels());
                for (image, z) in images.chunks_exact_mut(stride).zip(z.values.chunks_exact(z.stride())).take(z.rows) {
                    image[..z.len().min(stride)].copy_from_slice(&z[..z.len().min(stride)]);
                }
            }
        }
    }

    /// z += U_r^T images.
    fn add_back(&self, isa: Isa, images: Rows<'_>, z: &mut [f32]) {
        let (pixels, r) = (self.canvas.pixels(), self.canvas.inputs());
        match &self.axes {
            Some([_, (layout, values)]) => {
                let matrix = Matrix { layout: *layout, values };
                product(isa, images, matrix, Start::Itself, z, Then::Nothing, &Upcoming::default());
            }
            None => {
                let rows = z.chunks_exact_mut(row_stride(r)).zip(images.values.chunks_exact(row_stride(pixels)));
                for (z, image) in rows.take(images.rows) {
                    z[..r].iter_mut().zip(image).for_each(|(z, value)| *z += value);
                }
            }
        }
    }
}

impl LocalTrainer {
    /// Room for `rows` images in training.
    pub(super) fn new(isa: Isa, shape: LocalConfig, canvas: &Arc<Canvas>, rows: usize, evaluated: usize) -> Self {
        let (pixels, patch, channels) = (canvas.pixels(), shape.patch(), shape.channels);
        let images = || pages::zeros(rows.max(evaluated) * row_stride(pixels));
        let at_pixels = |images: usize, cols: usize| pages::zeros(images * pixels * row_stride(cols));
        let [w1, b1, w2] = [(patch, channels), (1, channels), (channels, patch)].map(|(m, n)| Weighted::new(m, n));
        let gradient = |of: &Weighted| vec![0.0; of.value.len()];
        Self {
            isa,
            shape,
            frame: Lifted::new(Arc::clone(canvas)),
            gradients: Gradients { w1: gradient(&w1), b1: gradient(&b1), w2: gradient(&w2) },
            w1,
            b1,
            w2,
            w2_transposed: Transposed::new(channels, patch),
            images: images(),
            answers: images(),
            seen: at_pixels(rows, patch),
            units: at_pixels(rows, channels),
            written: at_pixels(1, patch),
            unit_errors: at_pixels(1, channels),
        }
    }

    /// Starts a machine at signal = sqrt(alpha_bar_t) from these weights.
    pub(super) fn begin(&mut self, signal: f64, units: &LocalUnits) {
        self.frame.begin(signal);
        self.w1.reset(&units.w1);
        self.b1.reset(&units.b1);
        self.w2.reset(&units.w2);
        self.w2_transposed.reset(&units.w2);
    }

    pub(super) fn set_moments(&mut self, first: &LocalUnits, second: &LocalUnits) {
        self.w1.set_moments(&first.w1, &second.w1);
        self.b1.set_moments(&first.b1, &second.b1);
        self.w2.set_moments(&first.w2, &second.w2);
    }

    /// The weights or one of their moments.
    pub(super) fn dense(&self, part: fn(&Weighted) -> Vec<f32>) -> LocalUnits {
        LocalUnits { w1: part(&self.w1), b1: part(&self.b1), w2: part(&self.w2) }
    }

    /// Adds what the units answer to the rows z to the rows of `errors`; the units are kept for as many images as are
    /// trained on at once.
    pub(super) fn add_answers(&mut self, z: Rows<'_>, errors: &mut [f32]) {
        let (isa, pixels) = (self.isa, self.frame.canvas.pixels());
        self.frame.lift(isa, z, Start::Row(&self.frame.origin), &mut self.images);
        let room = self.units.len() / (pixels * row_stride(self.shape.channels));
        for image in 0..z.rows {
            self.answer(image, image % room);
        }
        self.frame.add_back(isa, Rows { values: &self.answers, rows: z.rows, cols: pixels }, errors);
    }

    /// The answer to one image, its patches and units kept in a place.
    fn answer(&mut self, image: usize, place: usize) {
        let (side, pixels) = (self.frame.canvas.side(), self.frame.canvas.pixels());
        let LocalConfig { kernel, channels } = self.shape;
        let (patch, narrow, wide) = (self.shape.patch(), row_stride(channels), row_stride(self.shape.patch()));
        let at = |stride: usize| place * pixels * stride..(place + 1) * pixels * stride;
        let whole = image * row_stride(pixels)..image * row_stride(pixels) + pixels;
        let (seen, units) = (&mut self.seen[at(wide)], &mut self.units[at(narrow)]);
        let none = Upcoming::default();
        patches::gather(&self.images[whole.clone()], (side, kernel), wide, seen);
        let seen = Rows { values: seen, rows: pixels, cols: patch };
        product(self.isa, seen, self.w1.matrix(), Start::Row(&self.b1.value), units, Then::Relu, &none);
        let units = Rows { values: units, rows: pixels, cols: channels };
        let written = &mut self.written;
        product(self.isa, units, self.w2.matrix(), Start::Zero, written, Then::Nothing, &none);
        let answer = &mut self.answers[whole];
        answer.fill(0.0);
        patches::scatter(written, (side, kernel), wide, answer);
    }

    /// One Adam step from the errors of the rows that were answered last.
    pub(super) fn descend(&mut self, errors: Rows<'_>, adam: AdamStep) {
        let (isa, side, pixels) = (self.isa, self.frame.canvas.side(), self.frame.canvas.pixels());
        let LocalConfig { kernel, channels } = self.shape;
        let (patch, narrow, wide) = (self.shape.patch(), row_stride(channels), row_stride(self.shape.patch()));
        let none = Upcoming::default();
        self.frame.lift(isa, errors, Start::Zero, &mut self.images);
        let Gradients { w1, b1, w2 } = &mut self.gradients;
        [&mut *w1, b1, w2].into_iter().for_each(|gradient| gradient.fill(0.0));
        for image in 0..errors.rows {
            let at = |stride: usize| image * pixels * stride..(image + 1) * pixels * stride;
            let of_image = &self.images[image * row_stride(pixels)..][..pixels];
            patches::gather(of_image, (side, kernel), wide, &mut self.written);
            let written = Rows { values: &self.written, rows: pixels, cols: patch };
            let (seen, units) = (&self.seen[at(wide)], &self.units[at(narrow)]);
            let unit_errors = &mut self.unit_errors;
            let mask = Then::MaskAndSumColumns(units, b1);
            product(isa, written, self.w2_transposed.matrix(), Start::Zero, unit_errors, mask, &none);
            let seen = Rows { values: seen, rows: pixels, cols: patch };
            let [units, unit_errors] = [units, unit_errors].map(|values| Rows { values, rows: pixels, cols: channels });
            add_outer(isa, (seen, unit_errors), self.w1.layout(), w1);
            add_outer(isa, (units, written), self.w2.layout(), w2);
        }
        self.w1.descend_along(isa, w1, adam);
        self.b1.descend_along(isa, b1, adam);
        self.w2.descend_along(isa, w2, adam);
        self.w2_transposed.reset(&self.w2.dense());
    }
}
