//! The waves of an image, gathered in rings of equal wave number.

use std::f64::consts::TAU;
use std::ops::Range;

use data::Frame;

/// The real waves cas(q . r) / sqrt(d), cas = cos + sin, of an image of d pixels, in the coordinates of a frame: an
/// orthonormal basis (Hartley 1942; Bracewell 1983).
///
/// Over a wave and its opposite, which lie in one ring, quadratic forms sum up to those of the complex waves e^{i q . r}, so
/// that means over rings are those of the Fourier transform.
pub(super) struct Rings {
    /// One wave a row, rings in order: `[d, d]`.
    pub(super) waves: Vec<f32>,
    /// q^2 of every wave, in (radians per pixel)^2.
    pub(super) squares: Vec<f64>,
    /// The waves of every ring with a wave in it: |q| / (2 pi) times the longer side rounds to its number.
    pub(super) rings: Vec<(usize, Range<usize>)>,
}

impl Rings {
    /// The waves of images of these sides, seen in `frame`.
    pub(super) fn of([height, width]: [usize; 2], frame: &Frame) -> Self {
        let folded = |k: usize, side: usize| if 2 * k > side { k as f64 - side as f64 } else { k as f64 };
        let number = |(a, b): (usize, usize)| {
            let (a, b) = (folded(a, height) / height as f64, folded(b, width) / width as f64);
            a.hypot(b)
        };
        let side = height.max(width) as f64;
        let ring = |wave: (usize, usize)| (side * number(wave)).round() as usize;
        let mut waves: Vec<(usize, usize)> = (0..height).flat_map(|a| (0..width).map(move |b| (a, b))).collect();
        waves.sort_by_key(|&wave| ring(wave));
        let mut rings: Vec<(usize, Range<usize>)> = Vec::new();
        for (i, &wave) in waves.iter().enumerate() {
            match rings.last_mut().filter(|(number, _)| *number == ring(wave)) {
                Some((_, range)) => range.end = i + 1,
                None => rings.push((ring(wave), i..i + 1)),
            }
        }
        let scale = 1.0 / ((height * width) as f64).sqrt();
        let pixels = |&(a, b): &(usize, usize)| {
            (0..height).flat_map(move |i| {
                (0..width).map(move |j| {
                    let turns = (a * i % height) as f64 / height as f64 + (b * j % width) as f64 / width as f64;
                    let (sin, cos) = (TAU * turns).sin_cos();
                    (scale * (sin + cos)) as f32
                })
            })
        };
        let images: Vec<f32> = waves.iter().flat_map(pixels).collect();
        let squares = waves.iter().map(|&wave| (TAU * number(wave)).powi(2)).collect();
        // Directions, so without the frame's mean.
        Self { waves: frame.project(&images, 0.0), squares, rings }
    }

    /// sum_j v_j (wave_q)_j^2 for every wave: its variance where the coordinates vary independently by v `[d]`.
    pub(super) fn spread(&self, variances: &[f64]) -> Vec<f64> {
        let along = |wave: &[f32]| wave.iter().zip(variances).map(|(&c, v)| f64::from(c) * f64::from(c) * v).sum();
        self.waves.chunks_exact(variances.len()).map(along).collect()
    }

    /// The mean over every ring of one number a wave.
    pub(super) fn means(&self, numbers: &[f64]) -> Vec<f64> {
        let mean = |range: &Range<usize>| numbers[range.clone()].iter().sum::<f64>() / range.len() as f64;
        self.rings.iter().map(|(_, range)| mean(range)).collect()
    }

    /// sum_q S and sum_q q^2 S, of which xi^2 is the ratio.
    pub(super) fn moments(&self, power: &[f64]) -> (f64, f64) {
        (power.iter().sum(), power.iter().zip(&self.squares).map(|(s, q2)| q2 * s).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// cos and sin of one wave vector over a 6 x 5 image.
    fn complex([a, b]: [f64; 2]) -> [Vec<f64>; 2] {
        let angle = |i: usize, j: usize| TAU * (a * i as f64 / 6.0 + b * j as f64 / 5.0);
        let wave = |f: fn(f64) -> f64| (0..6).flat_map(|i| (0..5).map(move |j| f(angle(i, j)))).collect();
        [wave(f64::cos), wave(f64::sin)]
    }

    #[test]
    fn the_waves_are_orthonormal_and_every_ring_holds_its_numbers() {
        let rings = Rings::of([6, 5], &Frame::Identity { dim: 30 });
        for (i, a) in rings.waves.chunks_exact(30).enumerate() {
            for (j, b) in rings.waves.chunks_exact(30).enumerate() {
                let product: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum();
                assert!((product - if i == j { 1.0 } else { 0.0 }).abs() < 1e-6, "{i} {j}: {product}");
            }
        }
        assert_eq!((rings.rings[0].clone(), rings.squares[0]), ((0, 0..1), 0.0));
        assert_eq!(rings.rings.iter().map(|(_, range)| range.len()).sum::<usize>(), 30);
        for (number, range) in &rings.rings {
            for q2 in &rings.squares[range.clone()] {
                assert!((q2.sqrt() * 6.0 / TAU - *number as f64).abs() <= 0.5 + 1e-9, "{number}: {q2}");
            }
        }
        // Parseval: the power of an image is the sum over its waves.
        let image: Vec<f64> = (0..30).map(|i| (0.7 * f64::from(i)).sin()).collect();
        let power: f64 = rings
            .waves
            .chunks_exact(30)
            .map(|wave| wave.iter().zip(&image).map(|(&w, x)| f64::from(w) * x).sum::<f64>().powi(2))
            .sum();
        assert!((power / image.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn means_over_rings_are_those_of_the_fourier_transform() {
        let rings = Rings::of([6, 5], &Frame::Identity { dim: 30 });
        let form = |i: usize, j: usize| ((3 * i + 7 * j) as f64).cos();
        let of_wave = |wave: &[f64]| -> f64 {
            (0..30).flat_map(|i| (0..30).map(move |j| (i, j))).map(|(i, j)| wave[i] * form(i, j) * wave[j]).sum()
        };
        let real: Vec<f64> = rings
            .waves
            .chunks_exact(30)
            .map(|wave| of_wave(&wave.iter().map(|&w| f64::from(w)).collect::<Vec<_>>()))
            .collect();
        let found = rings.means(&real);
        // The wave vectors of the first two rings: 0, and (+-1, 0), (0, +-1) whose numbers are 1 and 6/5.
        let fourier = |q: [f64; 2]| complex(q).map(|wave| of_wave(&wave)).iter().sum::<f64>() / 30.0;
        assert!((found[0] - fourier([0.0, 0.0])).abs() < 1e-5, "{}", found[0]);
        let ring = [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]].map(fourier);
        assert_eq!(rings.rings[1].1.len(), 4);
        assert!((found[1] - ring.iter().sum::<f64>() / 4.0).abs() < 1e-5, "{} {ring:?}", found[1]);
    }

    #[test]
    fn a_single_wave_has_the_inverse_of_its_number_for_its_length() {
        let rings = Rings::of([8, 8], &Frame::Identity { dim: 64 });
        let mut power = vec![0.0; 64];
        power[1] = 2.5;
        let (sum, weighted) = rings.moments(&power);
        assert!(((sum / weighted).sqrt() - 8.0 / TAU).abs() < 1e-12);
    }
}
