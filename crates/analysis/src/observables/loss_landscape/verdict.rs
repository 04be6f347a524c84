//! What limits a machine, by rule.

/// What limits a machine; the first rule that holds, with r its test error over that of the affine predictor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// r > 1.05: worse than the best affine map; or the floor 1 - H/d is more than 9/10 of its error.
    CapacityLimited,
    /// More than a tenth of the test error is missing on the training samples (the affine predictor's own gap left out).
    Memorising,
    /// r >= 0.97: what it does, an affine map does.
    Linear,
    /// Test error within 3% of the reference law's, or above it but nearer to it than to the affine predictor's.
    MixtureLevel,
    /// More than 3% below the reference law's error: it uses what one Gaussian a class does not hold.
    BeyondMixture,
    /// Below the affine predictor's error, but nearer to it than to the reference's, or without a reference.
    Nonlinear,
}

const WORSE_THAN_AFFINE: f64 = 1.05;
const FLOOR_SHARE: f64 = 0.9;
const GAP: f64 = 0.1;
const AFFINE: f64 = 0.97;
const REFERENCE: f64 = 0.97;

impl Verdict {
    /// The verdict from the test error over the affine predictor's and over the reference's, the gap between training and
    /// test, and the share of the error that the rank floor explains.
    pub(super) fn of(to_wiener: f64, to_reference: Option<f64>, gap: f64, floor_share: f64) -> Self {
        if to_wiener > WORSE_THAN_AFFINE || floor_share > FLOOR_SHARE {
            return Self::CapacityLimited;
        }
        if gap > GAP {
            return Self::Memorising;
        }
        if to_wiener >= AFFINE {
            return Self::Linear;
        }
        // Nearer on a logarithmic scale: M / R <= W / M.
        match to_reference {
            Some(ratio) if ratio < REFERENCE => Self::BeyondMixture,
            Some(ratio) if ratio <= 2.0 - REFERENCE || ratio * to_wiener <= 1.0 => Self::MixtureLevel,
            _ => Self::Nonlinear,
        }
    }

    /// Its code in the table: 1 capacity-limited, 2 memorising, 3 linear, 4 mixture-level, 5 beyond the mixture,
    /// 6 nonlinear.
    pub(super) fn code(self) -> f64 {
        match self {
            Self::CapacityLimited => 1.0,
            Self::Memorising => 2.0,
            Self::Linear => 3.0,
            Self::MixtureLevel => 4.0,
            Self::BeyondMixture => 5.0,
            Self::Nonlinear => 6.0,
        }
    }

    /// Its word in the table.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::CapacityLimited => "capacity_limited",
            Self::Memorising => "memorising",
            Self::Linear => "linear",
            Self::MixtureLevel => "mixture_level",
            Self::BeyondMixture => "beyond_mixture",
            Self::Nonlinear => "nonlinear",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_case_a_verdict() {
        let table = [
            // The thesis's machine at late times, then a floor of 1 - H/d = 0.87 under an error of 0.88.
            ((8.0, Some(8.0), 0.0, 0.0), Verdict::CapacityLimited),
            ((1.01, Some(1.2), 0.0, 0.99), Verdict::CapacityLimited),
            ((0.8, Some(1.0), 0.3, 0.0), Verdict::Memorising),
            ((1.0, Some(1.0), 0.0, 0.0), Verdict::Linear),
            ((0.99, Some(1.2), 0.02, 0.0), Verdict::Linear),
            ((0.82, Some(1.0), 0.02, 0.0), Verdict::MixtureLevel),
            ((0.87, Some(1.06), 0.02, 0.0), Verdict::MixtureLevel),
            ((0.67, Some(0.82), 0.02, 0.0), Verdict::BeyondMixture),
            // Nearer to the affine predictor; no reference.
            ((0.94, Some(1.15), 0.02, 0.0), Verdict::Nonlinear),
            ((0.8, None, 0.02, 0.0), Verdict::Nonlinear),
        ];
        for ((wiener, reference, gap, floor), expected) in table {
            assert_eq!(Verdict::of(wiener, reference, gap, floor), expected, "{wiener} {reference:?} {gap} {floor}");
        }
    }
}
