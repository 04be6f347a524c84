//! Coefficients of the forward kernel and of one reverse step.

use crate::{Schedule, Timestep};

/// Which variance the reverse step adds (Ho et al. 2020, section 3.2; Bao et al. 2022, theorem 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReverseVariance {
    /// sigma_t^2 = beta_t, exact for x_0 ~ N(0, I).
    Beta,
    /// sigma_t^2 = beta_t (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t), exact for a single point x_0.
    Posterior,
    /// The covariance of q(x_{t-1} | x_t): that of the posterior and, where x_0 is not settled, the share of cov(x_0 | x_t).
    Optimal,
}

/// x_t = signal x_0 + noise eps: the coefficients of q(x_t | x_0).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forward {
    /// sqrt(alpha_bar_t).
    pub signal: f64,
    /// sqrt(1 - alpha_bar_t).
    pub noise: f64,
}

/// x_s = scale (x_t - eps_factor eps_hat) + sigma z: one reverse step from t to s = t - stride.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reverse {
    /// 1 / sqrt(alpha), alpha = alpha_bar_t / alpha_bar_s.
    pub scale: f64,
    /// (1 - alpha) / sqrt(1 - alpha_bar_t).
    pub eps_factor: f64,
    /// The standard deviation of the added noise; 0 in the last steps, as many as are taken without noise.
    pub sigma: f64,
    /// k = (1 - alpha)/(alpha (1 - alpha_bar_s)) for [`ReverseVariance::Optimal`], 0 for the others:
    /// cov(x_s | x_t) = sigma^2 (1 + k P), P = 1 - sqrt(1 - alpha_bar_t) d eps_hat/d x_t the unsettled share of x_0, as
    /// cov(x_0 | x_t) = (1 - alpha_bar_t)/alpha_bar_t P (Tweedie's formula of second order; Bao et al. 2022, theorem 1).
    pub excess: f64,
}

impl Schedule {
    /// q(x_t | x_0) = N(sqrt(alpha_bar_t) x_0, (1 - alpha_bar_t) I).  Ho et al. 2020, eq. 4.
    pub fn forward(&self, t: Timestep) -> Forward {
        let alpha_bar = self.alpha_bar(t);
        Forward { signal: alpha_bar.sqrt(), noise: (1.0 - alpha_bar).sqrt() }
    }

    /// q(x_t | x_{t-1}) = N(sqrt(alpha_t) x_{t-1}, beta_t I).  Ho et al. 2020, eq. 2.
    pub fn forward_step(&self, t: Timestep) -> Forward {
        Forward { signal: self.alpha(t).sqrt(), noise: self.beta(t).sqrt() }
    }

    /// The mean of q(x_{t-1} | x_t, x_0) = x0_factor x_0 + xt_factor x_t, as (x0_factor, xt_factor).
    /// Ho et al. 2020, eq. 7.
    pub fn posterior_mean(&self, t: Timestep) -> (f64, f64) {
        let before = self.alpha_bar_before(t, 1);
        let left = 1.0 - self.alpha_bar(t);
        (before.sqrt() * self.beta(t) / left, self.alpha(t).sqrt() * (1.0 - before) / left)
    }

    /// The reverse variance of the step t -> t - 1 under a choice, of the optimal one what it has in all directions.  Ho et al. 2020, section 3.2 and eq. 7.
    pub fn variance(&self, t: Timestep, choice: ReverseVariance) -> f64 {
        self.strided_variance(t, 1, self.beta(t), choice)
    }

    /// `beta`, or beta (1 - alpha_bar_s)/(1 - alpha_bar_t), s = t - stride.
    fn strided_variance(&self, t: Timestep, stride: usize, beta: f64, choice: ReverseVariance) -> f64 {
        match choice {
            ReverseVariance::Beta => beta,
            ReverseVariance::Posterior | ReverseVariance::Optimal => {
                beta * (1.0 - self.alpha_bar_before(t, stride)) / (1.0 - self.alpha_bar(t))
            }
        }
    }

    /// (alpha, beta) of the kernel q(x_t | x_s) = N(sqrt(alpha) x_s, beta I), s = max(t - stride, 0), composed step by
    /// step: alpha = alpha_bar_t/alpha_bar_s without the quotient, which would be 0/0 where alpha_bar underflows.
    fn kernel(&self, t: Timestep, stride: usize) -> (f64, f64) {
        let steps = &self.betas()[t.get().saturating_sub(stride)..t.get()];
        steps.iter().fold((1.0, 0.0), |(signal, noise), beta| {
            let alpha = 1.0 - beta;
            (signal * alpha, noise * alpha + beta)
        })
    }

    /// One reverse step t -> s = t - stride (to 0 when stride >= t), no noise in the step that reaches 0:
    /// x_s = (x_t - beta/sqrt(1 - alpha_bar_t) eps_hat)/sqrt(alpha) + sigma z, alpha = alpha_bar_t/alpha_bar_s,
    /// beta = 1 - alpha.  Ho et al. 2020, algorithm 2; strided as in Nichol and Dhariwal 2021, section 4.
    pub fn reverse(&self, t: Timestep, stride: usize, choice: ReverseVariance) -> Reverse {
        self.reverse_noiseless(t, stride, choice, 1)
    }

    /// As [`Self::reverse`] without noise in the last `noiseless` steps, in steps of the strided chain: sigma = 0 where
    /// t <= stride * noiseless.  0 keeps the noise of the last step too, of variance beta_1 at stride 1 (that of the
    /// posterior is 0 there).
    pub fn reverse_noiseless(&self, t: Timestep, stride: usize, choice: ReverseVariance, noiseless: usize) -> Reverse {
        let (alpha, beta) = self.kernel(t, stride);
        let is_noiseless = t.get() <= stride.saturating_mul(noiseless);
        let sigma = if is_noiseless { 0.0 } else { self.strided_variance(t, stride, beta, choice).sqrt() };
        let excess = match choice {
            ReverseVariance::Optimal if sigma > 0.0 => beta / (alpha * (1.0 - self.alpha_bar_before(t, stride))),
            _ => 0.0,
        };
        Reverse { scale: 1.0 / alpha.sqrt(), eps_factor: beta / (1.0 - self.alpha_bar(t)).sqrt(), sigma, excess }
    }
}

#[cfg(test)]
mod tests;
