//! What can be wrong with a schedule.

use thiserror::Error;

/// A schedule that cannot be built or indexed; each message begins with the configuration key it concerns.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ScheduleError {
    /// The chain has no steps.
    #[error("schedule.timesteps: 0 is not allowed, use 1 or more")]
    NoTimesteps,
    /// A noise rate outside `[1e-16, 1)`: below that, 1 - beta is 1 in double precision and the step adds no noise.
    #[error("{key}: {value:?} is not allowed, use a number of at least 1e-16 and below 1")]
    BetaOutOfRange {
        /// The configuration key.
        key: &'static str,
        /// The value given.
        value: f64,
    },
    /// A timestep outside `1..=T` was asked for.
    #[error("timestep {t}: not in this schedule, use 1 to {timesteps}")]
    TimestepOutOfRange {
        /// The timestep asked for.
        t: usize,
        /// The number of timesteps of the schedule.
        timesteps: usize,
    },
}
