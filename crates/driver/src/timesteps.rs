//! The `--timesteps` argument: `1-20,300,500`.

use std::str::FromStr;

use schedule::{Schedule, ScheduleError, Timestep};

/// Ranges of 1-based timesteps, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TimestepRanges(Vec<(usize, usize)>);

impl FromStr for TimestepRanges {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let faulty = |part: &str| format!("`{part}` is not a timestep or a range, write for example 1-20,300,500");
        let number = |digits: &str| digits.trim().parse::<usize>().ok().filter(|t| *t > 0);
        text.split(',')
            .map(|part| {
                let (low, high) = part.split_once('-').unwrap_or((part, part));
                let range = number(low).zip(number(high)).filter(|(low, high)| low <= high);
                range.ok_or_else(|| faulty(part))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl TimestepRanges {
    /// The timesteps named, in increasing order, each once.
    ///
    /// # Errors
    /// [`ScheduleError::TimestepOutOfRange`] for the first that the schedule does not have.
    pub(crate) fn of(&self, schedule: &Schedule) -> Result<Vec<Timestep>, ScheduleError> {
        for (_, high) in &self.0 {
            schedule.timestep(*high)?;
        }
        let named = |t: usize| self.0.iter().any(|(low, high)| (*low..=*high).contains(&t));
        Ok(schedule.timesteps().filter(|t| named(t.get())).collect())
    }
}

#[cfg(test)]
mod tests {
    use schedule::Law;

    use super::*;

    #[test]
    fn ranges_are_merged_sorted_and_checked() {
        let schedule = Schedule::new(Law::Cosine, 12).unwrap();
        let of = |text: &str| -> Vec<usize> {
            let ranges: TimestepRanges = text.parse().unwrap();
            ranges.of(&schedule).unwrap().into_iter().map(Timestep::get).collect()
        };
        assert_eq!(of("10, 2-4,3-5"), [2, 3, 4, 5, 10]);
        assert_eq!(of("12"), [12]);
        assert!("7-13".parse::<TimestepRanges>().unwrap().of(&schedule).is_err());
        for faulty in ["", "0", "3-1", "a", "1,,2", "1-2-3", "-4"] {
            assert!(faulty.parse::<TimestepRanges>().is_err(), "{faulty}");
        }
    }
}
