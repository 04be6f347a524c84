use burn::backend::Autodiff;
use burn::tensor::Distribution;
use burn_ndarray::{NdArray, NdArrayDevice};

use super::*;

type Plain = NdArray<f32>;
type Differentiated = Autodiff<Plain>;

const SHAPES: (usize, usize, usize, usize) = (3, 11, 6, 4);

fn random(shape: [usize; 3]) -> Tensor<Plain, 3> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &NdArrayDevice::Cpu)
}

fn nets(trained_gain: bool) -> Nets<Plain> {
    let (k, _, r, h) = SHAPES;
    let gain = trained_gain.then(|| random([k, 1, 1]));
    let local = None;
    Nets { w1: random([k, r, h]), b1: random([k, 1, h]), w2: random([k, h, r]), b2: random([k, 1, r]), gain, local }
}

/// The same nets, to be differentiated by.
fn differentiated(nets: &Nets<Plain>) -> Nets<Differentiated> {
    let lift = |tensor: &Tensor<Plain, 3>| Tensor::from_inner(tensor.clone()).require_grad();
    let Nets { w1, b1, w2, b2, gain } = nets;
    Nets { w1: lift(w1), b1: lift(b1), w2: lift(w2), b2: lift(b2), gain: gain.as_ref().map(lift) }
}

#[test]
fn the_gradients_are_those_of_automatic_differentiation() {
    let (k, n, r, _) = SHAPES;
    for trained_gain in [false, true] {
        let (nets, z, u, factors) = (nets(trained_gain), random([k, n, r]), random([k, n, r]), random([k, 1, 1]));
        let gradients = nets.gradients(z.clone(), u.clone(), &(factors.clone() * 2.0));
        let by = differentiated(&nets);
        let errors = by.forward(Tensor::from_inner(z)) - Tensor::from_inner(u);
        let expected = (errors.clone() * errors * Tensor::from_inner(factors)).sum().backward();
        let pairs =
            [(&by.w1, &gradients.w1), (&by.b1, &gradients.b1), (&by.w2, &gradients.w2), (&by.b2, &gradients.b2)];
        assert_eq!(gradients.gain.is_some(), trained_gain);
        for (of, gradient) in pairs.into_iter().chain(by.gain.iter().zip(&gradients.gain)) {
            let expected = of.grad(&expected).unwrap();
            assert_eq!(expected.dims(), gradient.dims());
            let worst: f32 = (expected.clone() - gradient.clone()).abs().max().into_scalar();
            let largest: f32 = expected.abs().max().into_scalar();
            assert!(worst < 1e-5 * largest, "{worst} of {largest}");
        }
    }
}

#[test]
fn weights_come_back_as_they_were_put_there() {
    let (k, _, r, h) = SHAPES;
    for trained_gain in [false, true] {
        let (all, device) = (nets(trained_gain), NdArrayDevice::Cpu);
        let host = all.download().unwrap();
        assert_eq!((host.len(), host[1].w1.len(), host[1].b2.len()), (k, r * h, r));
        let first = |part: fn(&Weights) -> &[f32], shape: [usize; 3]| {
            let values: Vec<f32> = host.iter().flat_map(|weights| part(weights).iter().copied()).collect();
            Tensor::<Plain, 3>::from_data(TensorData::new(values, shape), &device).into_data()
        };
        assert_eq!(first(|w| &w.w2, [k, h, r]), all.w2.into_data());
        assert_eq!(host.iter().any(|weights| weights.gain != 0.0), trained_gain);
    }
}
