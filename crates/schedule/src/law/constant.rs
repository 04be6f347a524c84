//! Constant noise rate.

use super::checked;
use crate::ScheduleError;

/// beta_t = beta for every t: the Ornstein-Uhlenbeck process sampled at equal times.
pub(super) fn betas(beta: f64, timesteps: usize) -> Result<Vec<f64>, ScheduleError> {
    Ok(vec![checked("schedule.beta_start", beta)?; timesteps])
}
