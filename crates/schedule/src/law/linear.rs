//! Linear noise rates.

use super::checked;
use crate::ScheduleError;

/// beta_t = beta_start + (t - 1)/(T - 1) (beta_end - beta_start); beta_1 = beta_start when T = 1.
/// Ho et al. 2020, section 4.
pub(super) fn betas(beta_start: f64, beta_end: f64, timesteps: usize) -> Result<Vec<f64>, ScheduleError> {
    let start = checked("schedule.beta_start", beta_start)?;
    let end = checked("schedule.beta_end", beta_end)?;
    let last = timesteps - 1;
    let slope = if last == 0 { 0.0 } else { (end - start) / last as f64 };
    Ok((0..timesteps).map(|i| if i == last && last > 0 { end } else { start + i as f64 * slope }).collect())
}
