//! The order parameter of speciation: the projection of x_t on the line between the class means.

mod distribution;

use model::speciation::TwoClasses;
use model::{ClassSnr, Denoiser};
use rayon::prelude::*;
use schedule::Timestep;

use super::class_posterior::EQUAL_GAUSSIANS;
use super::empirical_posterior::EMPIRICAL_TRAIN;
use super::ensemble::{Ensemble, Statistic, mean, variance};
use super::{Group, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::probes::{noised, test_starts};
use crate::lab::{Clones, Lab};
use crate::plot::axes::bounds;
use distribution::{Bins, bandwidth, kernel_density, modes};

/// M = u . (x_t - sqrt(A) mu), u the unit vector between the class means (the first principal axis where there are not two
/// classes): its Binder cumulant U4 = 1 - <M^4> / 3 <M^2>^2, its susceptibility chi_M = d Var(M / sqrt(d)) = Var M, its
/// density and the number of its modes; and the denoised m_hat = u . (x0_hat - middle) / (|d| / 2), which is -1 and 1 at
/// the class means.
///
/// For noised test samples (`data`) and for the reverse trajectories of the models, the common past of the clones. Theory:
/// the training set's law of u . x_t, exact (`empirical_train`), and U4 = (2/3)(kappa / (1 + kappa))^2 of two equal
/// Gaussians at the kappa along u. Densities are sums of Gaussian kernels of Silverman's width; a mode stands out of its
/// surroundings by 5% of the highest, in the exact law by 0.2%. Binder 1981; Ambrogioni 2023; Raya and Ambrogioni 2023.
pub(super) struct OrderParameter;

/// The range of m_hat in its histogram.
const DENOISED_RANGE: (f64, f64) = (-2.5, 2.5);
/// How far a mode of sampled trajectories stands out, in parts of the highest.
const PROMINENCE: f64 = 0.05;
/// The same of the training set's law, which no sampling roughens.
const EXACT_PROMINENCE: f64 = 0.002;
/// The convention of the pitchfork seen along u.
const BIMODAL: &str = "P(M) bimodal";
/// Rows evaluated together.
const ROWS: usize = 256;

impl Observable for OrderParameter {
    fn name(&self) -> &'static str {
        "order_parameter"
    }

    fn group(&self) -> Group {
        Group::Speciation
    }

    fn question(&self) -> &'static str {
        "When does the distribution of x_t along the line between the classes split in two?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        let models = lab.model_count() * (Clones::work(lab) + 2 * lab.grid().len() as u64);
        (lab.data.train.len() > 1 && !lab.data.test.is_empty()).then(|| models + lab.fine_grid().len() as u64)
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let line = Line::of(lab)?;
        let mut measured = Measured::default();
        let (times, probes) = (lab.fine_grid(), Probes::of(lab));
        let forward = |&t: &Timestep| {
            advance(1);
            line.project(&probes.at(lab, t))
        };
        let forward = Projections { times: times.clone(), curves: times.iter().map(forward).collect() };
        let mut of_models = Vec::new();
        for (k, model) in lab.models()?.into_iter().enumerate() {
            let clones = lab.clones(k, advance)?;
            let curves = clones.parting.iter().map(|z| line.project(z)).collect();
            of_models.push((model.name, Projections { times: clones.times.clone(), curves }));
            denoised(lab, &line, (model.name, model.denoiser), (clones, &probes), advance, &mut measured.rows)?;
        }
        let reverse = of_models.iter().flat_map(|(_, projections)| &projections.curves);
        let bins = Bins::over(bounds(forward.curves.iter().chain(reverse).flatten().copied()));
        forward.measure(lab, "data", &bins, &mut measured);
        for (name, projections) in &of_models {
            projections.measure(lab, name, &bins, &mut measured);
        }
        theory(lab, &line, &bins, &mut measured)?;
        Ok(measured)
    }
}

/// The line along which M is measured.
struct Line {
    /// u, in the coordinates of the lab: `[d]`.
    unit: Vec<f64>,
    /// u . (m_1 + m_2) / 2.
    middle: f64,
    /// |d| / 2, where there are not two classes the standard deviation along u.
    half: f64,
}

impl Line {
    fn of(lab: &Lab<'_>) -> Result<Self, AnalysisError> {
        let d = lab.dim();
        let [first, second] = lab.labels()[..] else {
            let mut unit = vec![0.0; d];
            unit[0] = 1.0;
            let half = lab.data.eigenvalues.first().map_or(1.0, |lambda| lambda.sqrt());
            return Ok(Self { unit, middle: 0.0, half });
        };
        let [a, b] = [first, second].map(|label| class_mean(&lab.data.train.of_label(label)));
        let difference: Vec<f64> = b.iter().zip(&a).map(|(b, a)| b - a).collect();
        let norm = difference.iter().map(|c| c * c).sum::<f64>().sqrt();
        let unit: Vec<f64> = difference.iter().map(|c| c / norm).collect();
        let middle = 0.5 * unit.iter().zip(a.iter().zip(&b)).map(|(u, (a, b))| u * (a + b)).sum::<f64>();
        Ok(Self { unit, middle, half: 0.5 * norm })
    }

    /// u . z of every row.  z: `[n, d]` -> `[n]`.
    fn project(&self, z: &[f32]) -> Vec<f64> {
        let along = |row: &[f32]| row.iter().zip(&self.unit).map(|(&z, u)| f64::from(z) * u).sum();
        z.par_chunks(self.unit.len()).map(along).collect()
    }

    /// m_hat of every row under a denoiser.  zt: `[n, d]` -> `[n]`.
    fn denoise(
        &self,
        lab: &Lab<'_>,
        denoiser: &dyn Denoiser,
        t: Timestep,
        zt: &[f32],
    ) -> Result<Vec<f64>, AnalysisError> {
        let (predictor, forward) = (denoiser.at(t)?, lab.schedule.forward(t));
        let mut eps_hat = vec![0.0; zt.len()];
        let size = ROWS * lab.dim();
        eps_hat.par_chunks_mut(size).zip(zt.par_chunks(size)).for_each(|(out, zt)| predictor.eps_hat(zt, out));
        let states = self.project(zt).into_iter().zip(self.project(&eps_hat));
        Ok(states.map(|(z, eps)| ((z - forward.noise * eps) / forward.signal - self.middle) / self.half).collect())
    }
}

fn class_mean(samples: &data::Samples) -> Vec<f64> {
    let mut mean = vec![0.0; samples.dim];
    for row in samples.rows() {
        mean.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    mean.iter_mut().for_each(|sum| *sum /= samples.len() as f64);
    mean
}

/// The test samples that are noised.
struct Probes(Vec<f32>);

impl Probes {
    fn of(lab: &Lab<'_>) -> Self {
        Self(test_starts(lab))
    }

    fn at(&self, lab: &Lab<'_>, t: Timestep) -> Vec<f32> {
        noised(lab, &self.0, t)
    }
}

/// M of some trajectories: `[times][N]`.
struct Projections {
    times: Vec<Timestep>,
    curves: Vec<Vec<f64>>,
}

impl Projections {
    fn measure(&self, lab: &Lab<'_>, model: &str, bins: &Bins, measured: &mut Measured) {
        let everyone = Ensemble::named(lab, "all", self.curves.first().map_or(0, Vec::len));
        let statistics: [(&str, Statistic); 2] = [("binder", binder), ("susceptibility", variance)];
        for (quantity, statistic) in statistics {
            measured.rows.extend(everyone.rows((model, quantity), &self.times, &self.curves, statistic));
        }
        let counts: Vec<usize> =
            self.curves.par_iter().map(|values| modes(values, bandwidth(values).powi(2), PROMINENCE)).collect();
        for ((&t, values), &count) in self.times.iter().zip(&self.curves).zip(&counts) {
            measured.rows.push(ObservableRow::exact(t, model, "modes", count as f64));
            measured
                .rows
                .extend(bins.histogram(values).map(|(x, density)| density_row(t, model, "density", x, density)));
        }
        let time = last_bimodal(&self.times, &counts);
        let row = TransitionRow::predicted(Transition::Speciation, BIMODAL, model, time);
        let trajectories = Some(everyone.len());
        measured.transitions.push(TransitionRow { kind: "measured".to_owned(), trajectories, ..row });
    }
}

fn density_row(t: Timestep, model: &str, quantity: &str, x: f64, density: f64) -> ObservableRow {
    ObservableRow::exact(t, model, quantity, density).at(x)
}

/// The last time with more than one mode.
fn last_bimodal(times: &[Timestep], counts: &[usize]) -> Option<f64> {
    times.iter().zip(counts).rev().find(|(_, count)| **count > 1).map(|(t, _)| t.get() as f64)
}

/// U4 = 1 - <M^4> / 3 <M^2>^2.
fn binder(values: &[f64], indices: &[u32]) -> f64 {
    let moment = |power| indices.iter().map(|&i| values[i as usize].powi(power)).sum::<f64>() / indices.len() as f64;
    1.0 - moment(4) / (3.0 * moment(2).powi(2))
}

/// Mean size, variance and histogram of m_hat: of the reverse trajectories (`all`) and of noised test samples (`test`).
fn denoised(
    lab: &Lab<'_>,
    line: &Line,
    (name, denoiser): (&str, &dyn Denoiser),
    (clones, probes): (&Clones, &Probes),
    advance: &(dyn Fn(u64) + Sync),
    rows: &mut Vec<ObservableRow>,
) -> Result<(), AnalysisError> {
    let bins = Bins::over(Some(DENOISED_RANGE));
    let (mut reverse, mut forward) = (Vec::new(), Vec::new());
    for (&t, zt) in clones.times.iter().zip(&clones.parting) {
        reverse.push(line.denoise(lab, denoiser, t, zt)?);
        forward.push(line.denoise(lab, denoiser, t, &probes.at(lab, t))?);
        advance(2);
    }
    for (group, curves) in [("all", &reverse), ("test", &forward)] {
        let ensemble = Ensemble::named(lab, group, curves.first().map_or(0, Vec::len));
        let sizes: Vec<Vec<f64>> = curves.iter().map(|values| values.iter().map(|m| m.abs()).collect()).collect();
        rows.extend(ensemble.rows((name, "denoised_size"), &clones.times, &sizes, mean));
        rows.extend(ensemble.rows((name, "denoised_variance"), &clones.times, curves, variance));
    }
    for (&t, values) in clones.times.iter().zip(&reverse) {
        let histogram = bins.histogram(values);
        rows.extend(histogram.map(|(x, density)| density_row(t, name, "denoised_density", x, density)));
    }
    Ok(())
}

/// U4 and chi_M from the moments of u . a_i, the density from kernels on u . a_i that the noise widens; and U4 of two equal
/// Gaussians.
fn theory(lab: &Lab<'_>, line: &Line, bins: &Bins, measured: &mut Measured) -> Result<(), AnalysisError> {
    let along = line.project(&lab.data.train.values);
    let moment = |power| along.iter().map(|m| m.powi(power)).sum::<f64>() / along.len() as f64;
    let (first, second, fourth) = (moment(1), moment(2), moment(4));
    let width2 = bandwidth(&along).powi(2);
    let times = lab.fine_grid();
    let density = |&t: &Timestep| {
        let (a, signal) = (lab.schedule.alpha_bar(t), lab.schedule.forward(t).signal);
        let scaled: Vec<f64> = along.iter().map(|m| signal * m).collect();
        let variance = a * width2 + 1.0 - a;
        (modes(&scaled, variance, EXACT_PROMINENCE), kernel_density(&scaled, variance, &bins.centres()))
    };
    let densities: Vec<(usize, Vec<f64>)> = times.par_iter().map(density).collect();
    for (&t, (count, density)) in times.iter().zip(&densities) {
        let (a, noise) = (lab.schedule.alpha_bar(t), 1.0 - lab.schedule.alpha_bar(t));
        let square = a * second + noise;
        let fourth = a * a * fourth + 6.0 * a * noise * second + 3.0 * noise * noise;
        let row = |quantity, value| ObservableRow::exact(t, EMPIRICAL_TRAIN, quantity, value);
        measured.rows.push(row("binder", 1.0 - fourth / (3.0 * square * square)));
        measured.rows.push(row("susceptibility", square - a * first * first));
        measured.rows.push(row("modes", *count as f64));
        let points = bins.centres().into_iter().zip(density);
        measured.rows.extend(points.map(|(x, &p)| density_row(t, EMPIRICAL_TRAIN, "density", x, p)));
    }
    let counts: Vec<usize> = densities.iter().map(|(count, _)| *count).collect();
    let time = last_bimodal(&times, &counts);
    measured.transitions.push(TransitionRow::predicted(Transition::Speciation, BIMODAL, EMPIRICAL_TRAIN, time));
    if lab.labels().len() == 2 {
        let classes = TwoClasses::of(lab.data.train)?;
        measured.rows.extend(times.iter().map(|&t| {
            let snr = ClassSnr(classes.snr_along(lab.schedule.alpha_bar(t)));
            ObservableRow::exact(t, EQUAL_GAUSSIANS, "binder", snr.binder_cumulant())
        }));
    }
    Ok(())
}
