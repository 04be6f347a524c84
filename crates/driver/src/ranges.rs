//! Arguments that name numbers: `1-20,300,500`.

use std::str::FromStr;

use schedule::{Schedule, ScheduleError, Timestep};

/// Ranges of numbers from 1 on, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<(usize, usize)>);

impl FromStr for Ranges {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let faulty = |part: &str| format!("`{part}` is not a number or a range, write for example 1-20,300,500");
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

impl Ranges {
    /// The timesteps named, in increasing order, each once.
    ///
    /// # Errors
    /// [`ScheduleError::TimestepOutOfRange`] for the first that the schedule does not have.
    pub(crate) fn of(&self, schedule: &Schedule) -> Result<Vec<Timestep>, ScheduleError> {
        for (_, high) in &self.0 {
            schedule.timestep(*high)?;
        }
        Ok(schedule.timesteps().filter(|t| self.has(t.get())).collect())
    }

    /// Whether a number is in one of the ranges.
    pub(crate) fn has(&self, number: usize) -> bool {
        self.0.iter().any(|(low, high)| (*low..=*high).contains(&number))
    }

    /// The greatest number named.
    pub(crate) fn greatest(&self) -> usize {
        self.0.iter().map(|(_, high)| *high).max().unwrap_or(0)
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
            let ranges: Ranges = text.parse().unwrap();
            ranges.of(&schedule).unwrap().into_iter().map(Timestep::get).collect()
        };
        assert_eq!(of("10, 2-4,3-5"), [2, 3, 4, 5, 10]);
        assert_eq!(of("12"), [12]);
        let ranges: Ranges = "2-4,9".parse().unwrap();
        assert!(ranges.has(3) && !ranges.has(5) && ranges.greatest() == 9);
        assert!("7-13".parse::<Ranges>().unwrap().of(&schedule).is_err());
        for faulty in ["", "0", "3-1", "a", "1,,2", "1-2-3", "-4"] {
            assert!(faulty.parse::<Ranges>().is_err(), "{faulty}");
        }
    }
}
