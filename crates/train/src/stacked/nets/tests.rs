use burn::backend::Autodiff;
use burn::tensor::Distribution;
use burn_ndarray::{NdArray, NdArrayDevice};

use super::*;

type Plain = NdArray<f32>;
type Differentiated = Autodiff<Plain>;

/// K, n, r, H; r is a square, the image of a state being the state itself in some of the tests.
const SHAPES: (usize, usize, usize, usize) = (3, 11, 9, 4);
/// k^2 and C of the local units.
const LOCAL: [usize; 2] = [9, 2];

/// What nets may have beside their dense units: a gain for all, a gain for each coordinate, local units.
#[derive(Debug, Clone, Copy)]
enum More {
    Nothing,
    Gain,
    Gains,
    Local,
}

const ALL: [More; 4] = [More::Nothing, More::Gain, More::Gains, More::Local];

fn random(shape: [usize; 3]) -> Tensor<Plain, 3> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &NdArrayDevice::Cpu)
}

fn nets(more: More) -> (Nets<Plain>, Beside<Plain>) {
    let (k, _, r, h) = SHAPES;
    let [patch, channels] = LOCAL;
    let gains = match more {
        More::Nothing | More::Local => 0,
        More::Gain => 1,
        More::Gains => r,
    };
    let is_local = matches!(more, More::Local);
    let units = || LocalNets {
        w1: random([k, patch, channels]),
        b1: random([k, 1, channels]),
        w2: random([k, channels, patch]),
    };
    let gain = || random([k, 1, gains]);
    let nets = Nets {
        w1: random([k, r, h]),
        b1: random([k, 1, h]),
        w2: random([k, h, r]),
        b2: random([k, 1, r]),
        gain: (gains > 0).then(gain),
        local: is_local.then(units),
    };
    let screen = is_local.then(|| Screen::of(3, Some(random([1, r, 9])), random([k, 1, 9])));
    (nets, Beside { gain_units: (gains > 0).then(gain), screen })
}

/// The same nets, to be differentiated by.
fn differentiated(nets: &Nets<Plain>, beside: &Beside<Plain>) -> (Nets<Differentiated>, Beside<Differentiated>) {
    let lift = |tensor: &Tensor<Plain, 3>| Tensor::from_inner(tensor.clone()).require_grad();
    let Nets { w1, b1, w2, b2, gain, local } = nets;
    let nets = Nets {
        w1: lift(w1),
        b1: lift(b1),
        w2: lift(w2),
        b2: lift(b2),
        gain: gain.as_ref().map(lift),
        local: local.as_ref().map(|local| LocalNets { w1: lift(&local.w1), b1: lift(&local.b1), w2: lift(&local.w2) }),
    };
    let plain = |tensor: &Tensor<Plain, 3>| Tensor::from_inner(tensor.clone());
    let gain_units = beside.gain_units.as_ref().map(plain);
    (nets, Beside { gain_units, screen: beside.screen.as_ref().map(|screen| screen.lifted(plain)) })
}

#[test]
fn the_gradients_are_those_of_automatic_differentiation() {
    let (k, n, r, _) = SHAPES;
    for more in ALL {
        let ((nets, beside), z, u) = (nets(more), random([k, n, r]), random([k, n, r]));
        let factors = random([k, 1, 1]);
        let gradients = nets.gradients(z.clone(), u.clone(), &(factors.clone() * 2.0), &beside);
        let (by, beside) = differentiated(&nets, &beside);
        let errors = by.forward(Tensor::from_inner(z), &beside) - Tensor::from_inner(u);
        let expected = (errors.clone() * errors * Tensor::from_inner(factors)).sum().backward();
        let mut pairs =
            vec![(&by.w1, &gradients.w1), (&by.b1, &gradients.b1), (&by.w2, &gradients.w2), (&by.b2, &gradients.b2)];
        pairs.extend(by.gain.iter().zip(&gradients.gain));
        for (by, gradients) in by.local.iter().zip(&gradients.local) {
            pairs.extend([(&by.w1, &gradients.w1), (&by.b1, &gradients.b1), (&by.w2, &gradients.w2)]);
        }
        assert_eq!(pairs.len(), [4, 5, 5, 7][more as usize]);
        for (of, gradient) in pairs {
            let expected = of.grad(&expected).unwrap();
            assert_eq!(expected.dims(), gradient.dims());
            let worst: f32 = (expected.clone() - gradient.clone()).abs().max().into_scalar();
            let largest: f32 = expected.abs().max().into_scalar();
            assert!(worst < 2e-5 * largest, "{more:?}: {worst} of {largest}");
        }
    }
}

#[test]
fn weights_come_back_as_they_were_put_there() {
    let (k, _, r, h) = SHAPES;
    for more in ALL {
        let ((all, _), device) = (nets(more), NdArrayDevice::Cpu);
        let host = all.download().unwrap();
        assert_eq!((host.len(), host[1].w1.len(), host[1].b2.len()), (k, r * h, r));
        let tensor = |part: &dyn Fn(&Weights) -> Vec<f32>, shape: [usize; 3]| {
            let values: Vec<f32> = host.iter().flat_map(part).collect();
            Tensor::<Plain, 3>::from_data(TensorData::new(values, shape), &device).into_data()
        };
        assert_eq!(tensor(&|w| w.w2.clone(), [k, h, r]), all.w2.into_data());
        match all.gain {
            Some(gain) => assert_eq!(tensor(&|w| w.gains.clone(), gain.dims()), gain.into_data()),
            None => assert!(host.iter().all(|weights| weights.gains.is_empty())),
        }
        match all.local {
            Some(local) => {
                let units = |w: &Weights| w.local.as_ref().unwrap().w2.clone();
                assert_eq!(tensor(&units, local.w2.dims()), local.w2.into_data());
            }
            None => assert!(host.iter().all(|weights| weights.local.is_none())),
        }
    }
}
