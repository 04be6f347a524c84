//! The states on which it is watched how a machine learns two classes: which is which, and how likely each is.

use data::Samples;
use schedule::{Purpose, Stream};

/// Probes of a class, at most.
const PROBES: usize = 128;

/// Equal numbers of samples of both classes, and the line between the class means on which a denoiser's answer is read.
///
/// m(z_0) = u . (z_0 - (m_1 + m_2) / 2) / (|m_2 - m_1| / 2), u the unit vector from m_1 to m_2: -1 and 1 at the class
/// means.  Whoever has the same samples and seed has the same probes, so that a learning curve written by a training
/// engine and an exact law's answer lie on the same states.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassGauge {
    /// 2 u / |m_2 - m_1|, so that m(z_0) = direction . z_0 - middle: `[d]`.
    direction: Vec<f64>,
    middle: f64,
    /// z_0 of the probes, those of the first class before those of the second: `[P, d]`.
    z0: Vec<f32>,
    seed: u64,
}

/// What the probes say of a denoiser.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassReading {
    /// (mean m over probes of the second class - mean over those of the first) / 2: how far the answer goes towards the
    /// right class mean, 1 if all the way.
    pub gain: f64,
    /// The mean m over all probes: 0 for a boundary midway between the classes.
    pub offset: f64,
}

impl ClassGauge {
    /// The gauge of samples of two classes, in the coordinates they have; `None` for another number of classes or for
    /// classes of one mean.
    pub fn of(samples: &Samples, seed: u64) -> Option<Self> {
        let &[(first, _), (second, _)] = &samples.label_counts()[..] else { return None };
        let classes = [first, second].map(|label| samples.of_label(label));
        let [m1, m2] = classes.each_ref().map(mean);
        let difference: Vec<f64> = m2.iter().zip(&m1).map(|(b, a)| b - a).collect();
        let length2: f64 = difference.iter().map(|c| c * c).sum();
        let direction: Vec<f64> = difference.iter().map(|c| 2.0 * c / length2).collect();
        let middle = direction.iter().zip(m1.iter().zip(&m2)).map(|(u, (a, b))| 0.5 * u * (a + b)).sum();
        let each = classes.iter().map(Samples::len).fold(PROBES, usize::min);
        let z0 = classes.iter().flat_map(|class| class.select(class.spread(each)).values).collect();
        (length2 > 0.0).then_some(Self { direction, middle, z0, seed })
    }

    /// P, the number of probes.
    pub fn probes(&self) -> usize {
        self.z0.len() / self.direction.len()
    }

    /// 2 u / |m_2 - m_1|: `[d]`.
    pub fn direction(&self) -> &[f64] {
        &self.direction
    }

    /// z_0 of the probes: `[P, d]`.
    pub fn z0(&self) -> &[f32] {
        &self.z0
    }

    /// eps of the probes along the first `coordinates` axes, the same at every epoch and every t: `[P, coordinates]`.
    ///
    /// The two probes of a pair have eps and -eps (Hammersley and Morton 1956), so that a reading of an affine answer has
    /// no noise at all.  Streams: (seed, class probes, pair, 0).
    pub fn noise(&self, coordinates: usize) -> Vec<f32> {
        let mut noise = vec![0.0; self.probes() * coordinates];
        for (pair, rows) in noise.chunks_mut(2 * coordinates.max(1)).enumerate() {
            let (eps, opposite) = rows.split_at_mut(coordinates);
            Stream::new(self.seed, Purpose::ClassProbes, pair as u64, 0).fill_normal(eps);
            opposite.iter_mut().zip(eps).for_each(|(opposite, eps)| *opposite = -*eps);
        }
        noise
    }

    /// m of a point whose coordinates beyond those given are 0: `[r]`, r <= d.
    pub fn order_parameter(&self, z0: impl IntoIterator<Item = f64>) -> f64 {
        self.direction.iter().zip(z0).map(|(u, z)| u * z).sum::<f64>() - self.middle
    }

    /// The reading of one m a probe, in their order: `[P]`.
    pub fn reading(&self, m: &[f64]) -> ClassReading {
        let (first, second) = m.split_at(m.len() / 2);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (first, second) = (mean(first), mean(second));
        ClassReading { gain: 0.5 * (second - first), offset: 0.5 * (second + first) }
    }
}

fn mean(samples: &Samples) -> Vec<f64> {
    let mut mean = vec![0.0; samples.dim];
    for row in samples.rows() {
        mean.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    mean.iter_mut().for_each(|sum| *sum /= samples.len() as f64);
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 300 samples of class 7 about (3, 1, 0) and 200 of class 9 about (3, -3, 0).
    fn samples() -> Samples {
        let label = |i: usize| if i % 5 < 3 { 7 } else { 9 };
        let row = |i: usize| {
            let middle = if label(i) == 7 { 1.0 } else { -3.0 };
            [3.0 + (i as f32).sin(), middle + (1.7 * i as f32).cos(), (0.3 * i as f32).sin()]
        };
        Samples { dim: 3, values: (0..500).flat_map(row).collect(), labels: (0..500).map(label).collect() }
    }

    #[test]
    fn the_order_parameter_is_minus_one_and_one_at_the_class_means() {
        let (samples, gauge) = (samples(), ClassGauge::of(&samples(), 3).unwrap());
        for (label, expected) in [(7, -1.0), (9, 1.0)] {
            let m = gauge.order_parameter(mean(&samples.of_label(label)));
            assert!((m - expected).abs() < 1e-12, "{label}: {m}");
        }
        assert_eq!(gauge.probes(), 256);
        let m: Vec<f64> =
            gauge.z0().chunks_exact(3).map(|z| gauge.order_parameter(z.iter().copied().map(f64::from))).collect();
        let reading = gauge.reading(&m);
        assert!((reading.gain - 1.0).abs() < 0.1 && reading.offset.abs() < 0.1, "{reading:?}");
        assert!(m[..128].iter().all(|m| *m < 0.0) && m[128..].iter().all(|m| *m > 0.0));
    }

    #[test]
    fn readings_by_hand() {
        let gauge = ClassGauge::of(&samples(), 3).unwrap();
        assert_eq!(gauge.reading(&[-1.0, -0.5, 1.0, 1.0]), ClassReading { gain: 0.875, offset: 0.125 });
    }

    #[test]
    fn noise_comes_in_pairs_and_fewer_coordinates_are_the_first_ones() {
        let gauge = ClassGauge::of(&samples(), 3).unwrap();
        let (whole, part) = (gauge.noise(70), gauge.noise(41));
        for (whole, part) in whole.chunks_exact(70).zip(part.chunks_exact(41)) {
            assert_eq!(whole[..41], *part);
        }
        for pair in whole.chunks_exact(140) {
            let (eps, opposite) = pair.split_at(70);
            assert!(eps.iter().zip(opposite).all(|(a, b)| *a == -*b));
        }
        let mean_square = whole.iter().map(|eps| eps * eps).sum::<f32>() / whole.len() as f32;
        assert!((mean_square - 1.0).abs() < 0.05 && whole[..70] != whole[140..210], "{mean_square}");
        assert_ne!(ClassGauge::of(&samples(), 4).unwrap().noise(70), whole);
    }

    #[test]
    fn two_classes_with_a_distance_are_needed() {
        let relabelled = |labels: Vec<u8>| Samples { labels, ..samples() };
        assert_eq!(ClassGauge::of(&relabelled(Vec::new()), 0), None);
        assert_eq!(ClassGauge::of(&relabelled(vec![1; 500]), 0), None);
        assert_eq!(ClassGauge::of(&relabelled((0..500).map(|i| (i % 3) as u8).collect()), 0), None);
        let same = Samples { dim: 1, values: vec![1.0; 4], labels: vec![0, 1, 0, 1] };
        assert_eq!(ClassGauge::of(&same, 0), None);
        // The smaller class says how many probes there are.
        let few = relabelled((0..500).map(|i| u8::from(i < 3)).collect());
        assert_eq!(ClassGauge::of(&few, 0).unwrap().probes(), 6);
    }
}
