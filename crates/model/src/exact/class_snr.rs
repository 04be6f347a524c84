//! Two equal Gaussians: everything about the class depends on one number.

/// kappa, the class signal-to-noise ratio of an equal mixture of two Gaussians +-m of covariance s2 I at level t.
///
/// kappa = A |m|^2 / (A s2 + D). Given the class +, the log-odds of the posterior are 2 (kappa + sqrt(kappa) z), z ~ N(0, 1).
/// At kappa = 1 the slope of the score at the origin changes sign, the marginal along m becomes bimodal, the Binder
/// cumulant is 1/6, and clones agree with probability [`ClassSnr::SPECIATION_PHI`]: the speciation time.
/// Biroli, Bonnaire, de Bortoli and Mezard 2024.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct ClassSnr(pub f64);

impl ClassSnr {
    /// phi at kappa = 1.
    pub const SPECIATION_PHI: f64 = 0.775_200_245_4;

    /// q = E tanh(kappa + sqrt(kappa) z) = E tanh^2(kappa + sqrt(kappa) z); the class error on m is 1 - q.
    pub fn overlap(self) -> f64 {
        self.mean(f64::tanh)
    }

    /// phi = (1 + q) / 2, the probability that two clones which share z_t end in the same class; also that of z_0 and of
    /// a reversal from its z_t.
    pub fn cloning_probability(self) -> f64 {
        0.5 * (1.0 + self.overlap())
    }

    /// I(class; z_t) = ln 2 - E ln(1 + e^{-2 (kappa + sqrt(kappa) z)}) in nats; dI/dkappa = (1 - q) / 2.
    pub fn information(self) -> f64 {
        std::f64::consts::LN_2 - self.mean(surprisal)
    }

    /// Var h(p(c | z_t)), h the binary entropy in nats.
    pub fn entropy_variance(self) -> f64 {
        self.variance(|y| {
            // p = 1 / (1 + e^{-2y}): h = p (-ln p) + (1 - p)(-ln(1 - p)).
            let p = (-surprisal(y)).exp();
            p * surprisal(y) + (1.0 - p) * surprisal(-y)
        })
    }

    /// Var(-ln p(c | z_t)), c the true class, in nats^2; its maximum over kappa lies at kappa = 1.02.
    pub fn surprisal_variance(self) -> f64 {
        self.variance(surprisal)
    }

    /// U4 = 1 - <M^4> / (3 <M^2>^2) of M = m . z_t / |m|: (2/3) (kappa / (1 + kappa))^2.
    pub fn binder_cumulant(self) -> f64 {
        let share = self.0 / (1.0 + self.0);
        2.0 / 3.0 * share * share
    }

    /// The kappa at which clones agree with probability `phi`; `None` outside `[1/2, 1)`.
    pub fn at_cloning_probability(phi: f64) -> Option<Self> {
        if !(0.5..1.0).contains(&phi) {
            return None;
        }
        let (mut low, mut high) = (0.0, 1.0);
        while Self(high).cloning_probability() < phi {
            (low, high) = (high, 2.0 * high);
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if Self(middle).cloning_probability() < phi { low = middle } else { high = middle }
        }
        Some(Self(0.5 * (low + high)))
    }

    /// E f(kappa + sqrt(kappa) z) over z ~ N(0, 1).
    ///
    /// The trapezoidal rule, whose error falls as exp(-2 pi a / h) for a function analytic up to the height a above the
    /// real axis; here a = pi / (2 sqrt(kappa)), the first pole of tanh, so that h shrinks with sqrt(kappa).
    fn mean(self, f: impl Fn(f64) -> f64) -> f64 {
        const REACH: f64 = 9.0;
        let root = self.0.sqrt();
        let step = 0.15 / (1.0 + root);
        let nodes = (REACH / step).ceil() as i32;
        let (mut sum, mut total) = (0.0, 0.0);
        for node in -nodes..=nodes {
            let z = f64::from(node) * step;
            let weight = (-0.5 * z * z).exp();
            sum += weight * f(self.0 + root * z);
            total += weight;
        }
        sum / total
    }

    fn variance(self, f: impl Fn(f64) -> f64) -> f64 {
        let mean = self.mean(&f);
        self.mean(|y| (f(y) - mean).powi(2))
    }
}

/// -ln p of a class whose log-odds are 2 y: ln(1 + e^{-2y}).
fn surprisal(y: f64) -> f64 {
    super::softmax::softplus(-2.0 * y)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kappa, q, phi, I, U4, from adaptive quadrature to 1e-13.
    const TABLE: [[f64; 5]; 8] = [
        [0.1, 0.091_340_601_2, 0.545_670_300_6, 0.047_649_233_9, 0.005_510],
        [0.25, 0.204_054_265_6, 0.602_027_132_8, 0.111_421_482_2, 0.026_667],
        [0.5, 0.350_113_404_7, 0.675_056_702_3, 0.201_345_471_6, 0.074_074],
        [1.0, 0.550_400_490_8, 0.775_200_245_4, 0.336_830_820_3, 0.166_667],
        [2.0, 0.768_981_778_1, 0.884_490_889_0, 0.500_072_136_1, 0.296_296],
        [3.0, 0.875_682_097_6, 0.937_841_048_8, 0.585_939_350_4, 0.375],
        [4.0, 0.931_402_591_2, 0.965_701_295_6, 0.632_720_193_7, 0.426_667],
        [8.0, 0.992_823_742_8, 0.996_411_871_4, 0.686_535_819_5, 0.526_749],
    ];

    #[test]
    fn overlap_cloning_and_information() {
        for [kappa, q, phi, information, binder] in TABLE {
            let snr = ClassSnr(kappa);
            assert!((snr.overlap() - q).abs() < 1e-10, "{kappa}: {}", snr.overlap());
            assert!((snr.cloning_probability() - phi).abs() < 1e-10);
            assert!((snr.information() - information).abs() < 1e-10, "{kappa}: {}", snr.information());
            assert!((snr.binder_cumulant() - binder).abs() < 1e-6);
            // Nishimori: E tanh = E tanh^2.
            assert!((snr.mean(|y| y.tanh().powi(2)) - snr.overlap()).abs() < 1e-13, "{kappa}");
        }
    }

    #[test]
    fn variances_of_the_entropy_and_of_the_surprisal() {
        let table = [
            (0.1, 0.003_508, 0.086_706),
            (0.5, 0.031_993, 0.266_381),
            (1.0, 0.050_857, 0.316_946),
            (2.0, 0.048_046, 0.256_212),
            (3.0, 0.032_708, 0.170_598),
            (4.0, 0.020_142, 0.106_764),
        ];
        for (kappa, entropy, surprisal) in table {
            let snr = ClassSnr(kappa);
            assert!((snr.entropy_variance() - entropy).abs() < 6e-7, "{kappa}: {}", snr.entropy_variance());
            assert!((snr.surprisal_variance() - surprisal).abs() < 6e-7, "{kappa}: {}", snr.surprisal_variance());
        }
        // The maxima: Var h at 1.343, Var(-ln p) at 1.02.
        let peak = |f: fn(ClassSnr) -> f64, at: f64| {
            assert!(f(ClassSnr(at)) > f(ClassSnr(0.97 * at)) && f(ClassSnr(at)) > f(ClassSnr(1.03 * at)));
        };
        peak(ClassSnr::entropy_variance, 1.343);
        peak(ClassSnr::surprisal_variance, 1.02);
    }

    #[test]
    fn slope_of_the_information_is_half_the_class_error() {
        for kappa in [0.03, 0.7, 1.0, 5.0, 40.0] {
            let step = 1e-4 * kappa;
            let slope = (ClassSnr(kappa + step).information() - ClassSnr(kappa - step).information()) / (2.0 * step);
            assert!((slope - 0.5 * (1.0 - ClassSnr(kappa).overlap())).abs() < 1e-7, "{kappa}");
        }
    }

    #[test]
    fn inverse_of_the_cloning_probability() {
        let table = [(0.6, 0.244_029), (0.75, 0.850_844), (0.9, 2.227_886), (0.95, 3.362_246), (0.99, 6.154_075)];
        for (phi, kappa) in table {
            assert!((ClassSnr::at_cloning_probability(phi).unwrap().0 - kappa).abs() < 1e-6, "{phi}");
        }
        let speciation = ClassSnr::at_cloning_probability(ClassSnr::SPECIATION_PHI).unwrap();
        assert!((speciation.0 - 1.0).abs() < 1e-9, "{speciation:?}");
        assert!(ClassSnr::at_cloning_probability(0.5).unwrap().0 < 1e-15);
        for phi in [0.49, 1.0, f64::NAN] {
            assert_eq!(ClassSnr::at_cloning_probability(phi), None);
        }
    }

    #[test]
    fn no_class_and_a_certain_class() {
        let (none, certain) = (ClassSnr(0.0), ClassSnr(2000.0));
        assert_eq!((none.overlap(), none.information().abs() < 1e-15), (0.0, true));
        assert!((certain.cloning_probability() - 1.0).abs() < 1e-15 && certain.entropy_variance() < 1e-15);
    }
}
