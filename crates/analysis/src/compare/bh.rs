//! The Benjamini-Hochberg procedure, over the hypotheses of a family and over families.

/// The adjusted p-values of Benjamini and Hochberg 1995: p~_(i) = min_{k >= i} min(1, m p_(k) / k).
///
/// Rejecting where p~ <= q keeps the expected share of false rejections at q or below, for independent and for
/// positively dependent hypotheses (Benjamini and Yekutieli 2001).  Losses of neighbouring machines are the former,
/// rows measured on the same trajectories the latter.  `p`: no NaN.
pub fn adjusted(p: &[f64]) -> Vec<f64> {
    let m = p.len();
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|&a, &b| p[b].total_cmp(&p[a]));
    let (mut adjusted, mut least) = (vec![1.0; m], 1.0_f64);
    for (rank, k) in (1..=m).rev().zip(order) {
        least = least.min(p[k] * (m as f64 / rank as f64));
        adjusted[k] = least;
    }
    adjusted
}

/// The level at which [`adjusted`] p-values are to be judged within each family, `None` for a family in which nothing
/// is rejected.
///
/// A family's own p-value is that of Simes 1986, its smallest adjusted one; BH at `q` over the families selects R of m,
/// and within those BH is done at q R / m (Benjamini and Bogomolov 2014).  So, with nothing to be found anywhere, the
/// chance that anything is rejected at all is q, however many families there are; a family without hypotheses does not
/// count.  `families`: the adjusted p-values of each.
pub fn levels(families: &[Vec<f64>], q: f64) -> Vec<Option<f64>> {
    let simes = |family: &Vec<f64>| family.iter().copied().reduce(f64::min);
    let own: Vec<f64> = families.iter().filter_map(simes).collect();
    let selected = adjusted(&own).into_iter().filter(|p| *p <= q).count();
    let level = q * selected as f64 / own.len().max(1) as f64;
    families.iter().map(|family| simes(family).filter(|p| selected > 0 && *p <= level).map(|_| level)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_paper() {
        // Benjamini and Hochberg 1995, section 3.2: 15 comparisons, of which the procedure at 0.05 rejects four.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0000,
        ];
        let adjusted = adjusted(&p);
        assert_eq!(adjusted.iter().filter(|p| **p <= 0.05).count(), 4);
        // scipy.stats.false_discovery_control (scripts/make_reference/tests.py).
        let expected = SCIPY;
        assert!(adjusted.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{adjusted:?}");
    }

    const SCIPY: [f64; 15] = [
        0.0015,
        0.003,
        0.0095,
        0.035625,
        0.0603,
        0.06385714285714286,
        0.06385714285714286,
        0.0645,
        0.07650000000000001,
        0.486,
        0.5811818181818181,
        0.7148749999999999,
        0.7532307692307693,
        0.8132142857142857,
        1.0,
    ];

    #[test]
    fn families_are_selected_before_their_members() {
        // One of two families holds something: it is judged at half the level.
        let families = [vec![0.001, 0.002, 0.9], vec![0.4, 0.8], vec![]].map(|p: Vec<f64>| adjusted(&p));
        assert_eq!(levels(&families, 0.05), [Some(0.025), None, None]);
        assert_eq!(levels(&[vec![0.04], vec![0.9]], 0.05), [None, None]);
        assert_eq!(levels(&[vec![0.04], vec![0.03]], 0.05), [Some(0.05), Some(0.05)]);
        assert_eq!(levels(&[], 0.05), []);
    }

    proptest! {
        #[test]
        fn adjusting_keeps_the_order_and_agrees_with_the_definition(p in prop::collection::vec(0.0..=1.0_f64, 1..40)) {
            let adjusted = adjusted(&p);
            let m = p.len() as f64;
            for (i, &own) in p.iter().enumerate() {
                // Straight from the definition: the least m p / rank over those that are no smaller.
                let candidates = p.iter().filter(|other| **other >= own);
                let rank = |value: f64| p.iter().filter(|other| **other <= value).count() as f64;
                let expected = candidates.map(|&other| m * other / rank(other)).fold(1.0, f64::min);
                prop_assert!((adjusted[i] - expected).abs() < 1e-12);
                prop_assert!(adjusted[i] >= own && adjusted[i] <= 1.0);
            }
        }

        #[test]
        fn a_selected_family_has_something_to_reject(
            families in prop::collection::vec(prop::collection::vec(0.0..=1.0_f64, 0..6), 0..6),
        ) {
            let families: Vec<Vec<f64>> = families.iter().map(|p| adjusted(p)).collect();
            for (level, family) in levels(&families, 0.2).into_iter().zip(&families) {
                prop_assert!(level.is_none_or(|level| family.iter().any(|p| *p <= level)));
            }
        }
    }
}
