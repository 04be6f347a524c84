//! One Gaussian of a mixture, in its own principal axes.

use data::linalg::{Eigen, View, multiply};

use crate::ModelError;
use crate::exact::level::Level;

/// weight N(mean, U diag(variances) U^T).
#[derive(Debug, Clone)]
pub(super) struct Component {
    pub(super) log_weight: f64,
    /// m: `[d]`.
    mean: Vec<f64>,
    /// U^T m: `[d]`.
    rotated_mean: Vec<f64>,
    /// lambda: `[d]`.
    variances: Vec<f64>,
    /// U, row-major `[d, d]`; the identity when absent.
    axes: Option<Vec<f64>>,
}

impl Component {
    /// The component of this covariance, row-major `[d, d]`.
    pub(super) fn full(weight: f64, mean: &[f64], covariance: &[f64]) -> Result<Self, ModelError> {
        let d = mean.len();
        let Eigen { values, axes } = Eigen::of(covariance, d)?;
        let mut rotated_mean = vec![0.0; d];
        multiply(&mut rotated_mean, View::new(mean, 1, d), View::new(&axes, d, d), 0.0);
        Ok(Self { log_weight: weight.ln(), mean: mean.to_vec(), rotated_mean, variances: values, axes: Some(axes) })
    }

    /// The component of covariance `variance` I.
    pub(super) fn isotropic(weight: f64, mean: &[f64], variance: f64) -> Self {
        Self {
            log_weight: weight.ln(),
            mean: mean.to_vec(),
            rotated_mean: mean.to_vec(),
            variances: vec![variance; mean.len()],
            axes: None,
        }
    }

    pub(super) fn dim(&self) -> usize {
        self.mean.len()
    }

    /// m: `[d]`.
    pub(super) fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// U, where it is not the identity: `[d, d]`.
    pub(super) fn axes(&self) -> Option<&[f64]> {
        self.axes.as_deref()
    }

    /// ln weight - (1/2) ln det(2 pi (A Sigma + D)).
    pub(super) fn log_factor(&self, level: Level) -> f64 {
        let volume: f64 = self.precisions(level).iter().map(|p| (std::f64::consts::TAU / p).ln()).sum();
        self.log_weight - 0.5 * volume
    }

    /// Rows in the component's axes.  rows: `[n, d]` -> rows U: `[n, d]`.
    pub(super) fn rotate(&self, rows: &[f64]) -> Vec<f64> {
        let (d, mut rotated) = (self.dim(), rows.to_vec());
        if let Some(axes) = &self.axes {
            multiply(&mut rotated, View::new(rows, rows.len() / d, d), View::new(axes, d, d), 0.0);
        }
        rotated
    }

    /// Adds rows given in the component's axes: out += rotated U^T.  `[n, d]` both.
    pub(super) fn add_back(&self, rotated: &[f64], out: &mut [f64]) {
        let d = self.dim();
        match &self.axes {
            Some(axes) => {
                let axes = View::new(axes, d, d).transposed();
                multiply(out, View::new(rotated, rotated.len() / d, d), axes, 1.0);
            }
            None => out.iter_mut().zip(rotated).for_each(|(out, value)| *out += value),
        }
    }

    /// y = U^T (z_t - sqrt(A) m).  zt: `[n, d]` -> y: `[n, d]`.
    pub(super) fn residual(&self, level: Level, zt: &[f64]) -> Vec<f64> {
        let mut y = self.rotate(zt);
        for row in y.chunks_exact_mut(self.dim()) {
            row.iter_mut().zip(&self.rotated_mean).for_each(|(y, m)| *y -= level.signal * m);
        }
        y
    }

    /// 1 / (A lambda_k + D): `[d]`.
    pub(super) fn precisions(&self, level: Level) -> Vec<f64> {
        self.variances.iter().map(|v| 1.0 / (level.alpha_bar * v + level.noise_variance)).collect()
    }

    /// The variances of p(z_0 | z_t, this component) along its axes, D lambda_k / (A lambda_k + D): `[d]`.
    pub(super) fn posterior_variances(&self, level: Level) -> Vec<f64> {
        let precisions = self.precisions(level);
        self.variances.iter().zip(precisions).map(|(v, precision)| level.noise_variance * v * precision).collect()
    }

    /// ln weight + ln N(z_t; sqrt(A) m, A Sigma + D) of each row of residuals.  y: `[n, d]` -> `[n]`.
    pub(super) fn log_joint(&self, level: Level, y: &[f64]) -> Vec<f64> {
        let precisions = self.precisions(level);
        let log_factor = self.log_factor(level);
        let square = |row: &[f64]| row.iter().zip(&precisions).map(|(y, p)| y * y * p).sum::<f64>();
        y.chunks_exact(self.dim()).map(|row| log_factor - 0.5 * square(row)).collect()
    }

    /// E[z_0 | z_t, this component] in the data's coordinates, from the residuals.  y: `[n, d]` -> `[n, d]`.
    pub(super) fn posterior_mean(&self, level: Level, y: &[f64]) -> Vec<f64> {
        let gains = self.mean_gains(level);
        let shift: Vec<f64> = y.iter().zip(gains.iter().cycle()).map(|(y, gain)| gain * y).collect();
        let mut mean: Vec<f64> = self.mean.iter().copied().cycle().take(y.len()).collect();
        self.add_back(&shift, &mut mean);
        mean
    }

    /// u . E[z_0 | z_t, this component], u given in the component's axes.  y: `[n, d]` -> `[n]`.
    pub(super) fn posterior_mean_along(&self, level: Level, y: &[f64], rotated: &[f64]) -> Vec<f64> {
        let start: f64 = self.rotated_mean.iter().zip(rotated).map(|(m, u)| m * u).sum();
        let slopes: Vec<f64> = self.mean_gains(level).iter().zip(rotated).map(|(gain, u)| gain * u).collect();
        let along = |row: &[f64]| start + row.iter().zip(&slopes).map(|(y, slope)| y * slope).sum::<f64>();
        y.chunks_exact(self.dim()).map(along).collect()
    }

    /// sqrt(A) lambda_k / (A lambda_k + D): `[d]`.
    fn mean_gains(&self, level: Level) -> Vec<f64> {
        self.variances.iter().zip(self.precisions(level)).map(|(v, p)| level.signal * v * p).collect()
    }
}
