//! Which machine starts from which: anchors from initial weights, every other one from a trained neighbour.

use schedule::{Schedule, Timestep};

/// The parents of a chain's machines.
///
/// With spacing s the anchors t = T, T - s, T - 2s, ... >= 1 have none.  Every other t has the neighbour t - 1 or t + 1
/// that is one step closer to its nearest anchor, the higher anchor where two are equally near.  Without a spacing no
/// machine has a parent.
///
/// ```
/// # use schedule::{Law, Schedule};
/// # use train::Lineage;
/// let schedule = Schedule::new(Law::Cosine, 12)?;
/// let lineage = Lineage::new(&schedule, Some(5));
/// let parent = |t| lineage.parent(schedule.timestep(t).unwrap()).map(|t| t.get());
/// assert_eq!([12, 11, 10, 9, 8, 7, 1].map(parent), [None, Some(12), Some(11), Some(8), Some(7), None, Some(2)]);
/// # Ok::<(), schedule::ScheduleError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Lineage<'a> {
    schedule: &'a Schedule,
    spacing: Option<usize>,
}

/// The way from a timestep to its nearest anchor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up(usize),
    Down(usize),
}

impl<'a> Lineage<'a> {
    /// The parents in the chain of `schedule`; a spacing of 0 counts as 1.
    pub fn new(schedule: &'a Schedule, spacing: Option<usize>) -> Self {
        Self { schedule, spacing: spacing.map(|s| s.max(1)) }
    }

    fn way(&self, t: Timestep) -> Way {
        let Some(spacing) = self.spacing else { return Way::Up(0) };
        let up = (self.schedule.len() - t.get()) % spacing;
        let down = spacing - up;
        if down < up && down < t.get() { Way::Down(down) } else { Way::Up(up) }
    }

    /// The machine that t starts from; `None` for an anchor.
    pub fn parent(&self, t: Timestep) -> Option<Timestep> {
        match self.way(t) {
            Way::Up(0) => None,
            Way::Up(_) => self.schedule.timestep(t.get() + 1).ok(),
            Way::Down(_) => self.schedule.timestep(t.get() - 1).ok(),
        }
    }

    /// The number of machines between t and initial weights: 0 for an anchor, one more than its parent's otherwise.
    pub fn generation(&self, t: Timestep) -> usize {
        match self.way(t) {
            Way::Up(steps) | Way::Down(steps) => steps,
        }
    }

    /// The timesteps with every parent before its children: by generation, within one in the given order.
    pub fn ordered(&self, timesteps: &[Timestep]) -> Vec<Timestep> {
        let mut ordered = timesteps.to_vec();
        ordered.sort_by_key(|&t| self.generation(t));
        ordered
    }

    /// The timesteps not trained yet that the training of `timesteps` takes, their untrained ancestors included,
    /// increasing.  The ancestors of a trained machine are not needed, trained or not.
    pub fn closure(&self, timesteps: &[Timestep], trained: impl Fn(Timestep) -> bool) -> Vec<Timestep> {
        let mut needed = vec![false; self.schedule.len()];
        for &t in timesteps {
            let mut next = Some(t);
            while let Some(t) = next.filter(|&t| !needed[t.index()] && !trained(t)) {
                needed[t.index()] = true;
                next = self.parent(t);
            }
        }
        self.schedule.timesteps().filter(|t| needed[t.index()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use schedule::Law;

    use super::*;

    fn chain(last: usize) -> Schedule {
        Schedule::new(Law::Constant { beta: 1e-3 }, last).unwrap()
    }

    fn numbers(timesteps: &[Timestep]) -> Vec<usize> {
        timesteps.iter().map(|t| t.get()).collect()
    }

    #[test]
    fn parents_by_hand() {
        // T = 11, s = 4: anchors 11, 7, 3; 9 and 5 are midway and go up, 1 lies below the last anchor.
        let schedule = chain(11);
        let lineage = Lineage::new(&schedule, Some(4));
        let parents: Vec<Option<usize>> = schedule.timesteps().map(|t| lineage.parent(t).map(Timestep::get)).collect();
        let expected = [2, 3, 0, 3, 6, 7, 0, 7, 10, 11, 0].map(|t| (t > 0).then_some(t));
        assert_eq!(parents, expected);
        let all: Vec<Timestep> = schedule.timesteps().collect();
        assert_eq!(numbers(&lineage.ordered(&all)), [3, 7, 11, 2, 4, 6, 8, 10, 1, 5, 9]);
    }

    #[test]
    fn without_a_spacing_there_are_no_parents_and_the_order_is_kept() {
        let schedule = chain(6);
        let lineage = Lineage::new(&schedule, None);
        assert!(schedule.timesteps().all(|t| lineage.parent(t).is_none() && lineage.generation(t) == 0));
        let backwards: Vec<Timestep> = schedule.timesteps().collect::<Vec<_>>().into_iter().rev().collect();
        assert_eq!(lineage.ordered(&backwards), backwards);
    }

    #[test]
    fn the_closure_stops_at_trained_machines() {
        let schedule = chain(11);
        let lineage = Lineage::new(&schedule, Some(4));
        let asked = [schedule.timestep(1).unwrap(), schedule.timestep(5).unwrap()];
        assert_eq!(numbers(&lineage.closure(&asked, |_| false)), [1, 2, 3, 5, 6, 7]);
        assert_eq!(numbers(&lineage.closure(&asked, |t| t.get() == 2)), [1, 5, 6, 7]);
        assert_eq!(numbers(&lineage.closure(&asked, |t| t.get() == 1 || t.get() == 6)), [5]);
    }

    #[test]
    fn a_long_chain_from_one_anchor_is_walked_without_recursion() {
        let schedule = chain(100_000);
        let lineage = Lineage::new(&schedule, Some(1_000_000));
        assert_eq!(lineage.closure(&[schedule.timestep(1).unwrap()], |_| false).len(), 100_000);
    }

    proptest! {
        #[test]
        fn every_machine_starts_from_a_direct_neighbour_and_ends_at_the_nearest_anchor(
            last in 1_usize..200, spacing in 1_usize..250, pick in any::<prop::sample::Index>(),
        ) {
            let schedule = chain(last);
        let lineage = Lineage::new(&schedule, Some(spacing));
            let anchor = |t: usize| (last - t).is_multiple_of(spacing);
            let t = schedule.timestep(pick.index(last) + 1).unwrap();
            let nearest = (1..=last).filter(|&a| anchor(a)).map(|a| a.abs_diff(t.get())).min();
            prop_assert_eq!(Some(lineage.generation(t)), nearest);
            match lineage.parent(t) {
                None => prop_assert!(anchor(t.get())),
                Some(parent) => {
                    prop_assert_eq!(parent.get().abs_diff(t.get()), 1);
                    prop_assert_eq!(lineage.generation(parent) + 1, lineage.generation(t));
                }
            }
        }

        #[test]
        fn parents_come_before_children_and_closures_hold_all_parents(
            last in 1_usize..120, spacing in 1_usize..40, asked in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let schedule = chain(last);
        let lineage = Lineage::new(&schedule, Some(spacing));
            let asked: Vec<Timestep> = asked.iter().map(|i| schedule.timestep(i.index(last) + 1).unwrap()).collect();
            let closed = lineage.closure(&asked, |_| false);
            prop_assert!(asked.iter().all(|t| closed.contains(t)));
            let ordered = lineage.ordered(&closed);
            for (i, &t) in ordered.iter().enumerate() {
                let parent = lineage.parent(t);
                prop_assert!(parent.is_none_or(|parent| ordered[..i].contains(&parent)));
            }
        }
    }
}
