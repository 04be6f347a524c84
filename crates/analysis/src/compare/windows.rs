//! Timesteps put together to ranges.

use std::fmt;

use serde::Serialize;

/// Neighbouring timesteps of a grid, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// The first.
    pub first: usize,
    /// The last.
    pub last: usize,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "t = {}", self.first)
        } else {
            write!(f, "t in [{}, {}]", self.first, self.last)
        }
    }
}

/// The windows of a grid in which the flag is set; `grid`: increasing timesteps, each with its flag.
pub fn windows(grid: &[(usize, bool)]) -> Vec<Window> {
    let runs = grid.split(|(_, flag)| !flag);
    runs.filter_map(|run| Some(Window { first: run.first()?.0, last: run.last()?.0 })).collect()
}

/// Windows in words: `t in [1, 4], t = 9`.
pub fn in_words(windows: &[Window]) -> String {
    windows.iter().map(Window::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_the_grid_are_put_together() {
        let flags =
            [(1, true), (3, true), (5, false), (6, false), (9, true), (11, true), (12, true), (20, false), (30, true)];
        assert_eq!(in_words(&windows(&flags)), "t in [1, 3], t in [9, 12], t = 30");
        assert_eq!(windows(&[(1, false)]), []);
        assert_eq!(windows(&[]), []);
    }
}
