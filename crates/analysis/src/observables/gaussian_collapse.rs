//! Collapse predicted from second moments, and how it moves with the number of training samples.

use data::linalg::Eigen;
use model::speciation::{collapse, gaussian_information, last_timestep};
use model::{Empirical, ModelError};
use schedule::Timestep;

use super::empirical_posterior::EMPIRICAL_TRAIN;
use super::ensemble::Ensemble;
use super::{Group, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::{Lab, Recall};
use crate::stats::Interval;

/// I_G(t) = (1/2) sum_k ln(1 + A lambda_k / D), the information of x_t about x_0 of a Gaussian cloud, and the collapse time
/// t_C of n samples, the last t with I_G >= ln n.
///
/// With classes also I_c of each class's covariance, which collapses on its own n_c samples where I_c = ln n_c, and the
/// mean sum_c p_c I_c. Beside the prediction stands the measurement: the t at which Y2 = 1/2 for the first n training
/// samples. Biroli, Bonnaire, de Bortoli and Mezard 2024.
pub(super) struct GaussianCollapse;

/// Numbers of training samples for which t_C is measured, besides all.
const SIZES: [usize; 5] = [50, 125, 500, 1250, 5000];
/// Noised samples of a measurement; for fewer points than that, several a point.
const PROBES: usize = 400;
/// The model of the prediction.
const GAUSSIAN: &str = "gaussian";

impl Observable for GaussianCollapse {
    fn name(&self) -> &'static str {
        "gaussian_collapse"
    }

    fn group(&self) -> Group {
        Group::Collapse
    }

    fn question(&self) -> &'static str {
        "Where do the second moments of the data put the collapse time, and how does it move with n?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        (lab.data.train.len() > 1).then(|| (1 + sizes(lab).len() as u64) * Recall::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let clouds = Clouds::of(lab)?;
        let mut rows = clouds.informations(lab);
        let all = lab.data.train.len();
        for n in sizes(lab).into_iter().chain([all]) {
            let predicted = |eigenvalues: &[f64], n| collapse(lab.schedule, eigenvalues, n);
            let row = |t: Option<Timestep>| time_row(GAUSSIAN, n, t.map(|t| t.get() as f64));
            rows.extend(row(predicted(lab.data.eigenvalues, n)));
            for cloud in &clouds.classes {
                let own = (cloud.share * n as f64).round().max(1.0) as usize;
                rows.extend(row(predicted(&cloud.eigenvalues, own)).map(|row| row.of_group(cloud.label)));
            }
            rows.extend(measured_times(lab, n, advance)?);
        }
        Ok(Measured { rows, transitions: clouds.transitions(lab) })
    }
}

fn sizes(lab: &Lab<'_>) -> Vec<usize> {
    SIZES.into_iter().filter(|&n| n < lab.data.train.len()).collect()
}

/// t_C of n samples; nothing where the criterion is never met.
fn time_row(model: &str, n: usize, t: Option<f64>) -> Option<ObservableRow> {
    t.map(|t| ObservableRow::timeless(model, "collapse_time", t).at(n as f64))
}

/// The t at which Y2 = 1/2 for the first n training samples, for all and for each class.
fn measured_times(
    lab: &Lab<'_>,
    n: usize,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Vec<ObservableRow>, AnalysisError> {
    if n == lab.data.train.len() {
        return Ok(crossings(lab, lab.recall_train(advance)?));
    }
    let first = lab.data.train.select(0..n);
    let law = Empirical::new(lab.schedule, &first)?;
    // Probes of their own for every size.
    let from = lab.settings.trajectories as u64 * (2 + n as u64);
    Ok(crossings(lab, &Recall::run(lab, &law, (&first, PROBES.min(lab.settings.trajectories), from), advance)))
}

fn crossings(lab: &Lab<'_>, recall: &Recall) -> Vec<ObservableRow> {
    let labels = &lab.data.train.labels;
    let classes: Vec<u8> = recall.indices.iter().filter_map(|&i| labels.get(i).copied()).collect();
    let participations = recall.participations();
    let time = |ensemble: &Ensemble| {
        let interval: Interval = ensemble.crossing(&recall.times, &participations, 0.5)?;
        let row = time_row(EMPIRICAL_TRAIN, recall.points, Some(interval.value))?;
        Some(row.with_interval(interval, ensemble.len()).of_group(&ensemble.group))
    };
    Ensemble::with_classes(lab, &classes, recall.indices.len()).iter().filter_map(time).collect()
}

/// The Gaussians of the classes; none where there are fewer than two.
struct Clouds {
    classes: Vec<Cloud>,
}

struct Cloud {
    label: u8,
    /// p_c.
    share: f64,
    eigenvalues: Vec<f64>,
}

impl Clouds {
    fn of(lab: &Lab<'_>) -> Result<Self, AnalysisError> {
        let counts = lab.data.train.label_counts();
        let cloud = |&(label, count): &(u8, usize)| {
            let samples = lab.data.train.of_label(label);
            let eigenvalues =
                Eigen::of(&samples.mean_and_covariance().1, samples.dim).map_err(ModelError::from)?.values;
            Ok(Cloud { label, share: count as f64 / lab.data.train.len() as f64, eigenvalues })
        };
        let classes = counts.iter().filter(|_| counts.len() > 1).map(cloud).collect::<Result<_, AnalysisError>>()?;
        Ok(Self { classes })
    }

    /// sum_c p_c I_c.
    fn mean_information(&self, alpha_bar: f64) -> f64 {
        self.classes.iter().map(|cloud| cloud.share * gaussian_information(alpha_bar, &cloud.eigenvalues)).sum()
    }

    fn informations(&self, lab: &Lab<'_>) -> Vec<ObservableRow> {
        let n = lab.data.train.len() as f64;
        let mut rows = Vec::new();
        for t in lab.fine_grid() {
            let alpha_bar = lab.schedule.alpha_bar(t);
            let row = |quantity, value| ObservableRow::exact(t, GAUSSIAN, quantity, value);
            rows.push(row("information", gaussian_information(alpha_bar, lab.data.eigenvalues)));
            rows.push(row("ln_n", n.ln()));
            if !self.classes.is_empty() {
                rows.push(row("mean_class_information", self.mean_information(alpha_bar)));
            }
            for cloud in &self.classes {
                let information = gaussian_information(alpha_bar, &cloud.eigenvalues);
                rows.push(row("information", information).of_group(cloud.label));
                rows.push(row("ln_n", (cloud.share * n).ln()).of_group(cloud.label));
            }
        }
        rows
    }

    fn transitions(&self, lab: &Lab<'_>) -> Vec<TransitionRow> {
        let n = lab.data.train.len();
        let row = |convention: &str, t: Option<Timestep>| {
            TransitionRow::predicted(Transition::Collapse, convention, GAUSSIAN, t.map(|t| t.get() as f64))
        };
        let line = |eigenvalues: &[f64], n| row(TransitionRow::COLLAPSE_LINE, collapse(lab.schedule, eigenvalues, n));
        let mut rows = vec![line(lab.data.eigenvalues, n)];
        if !self.classes.is_empty() {
            let needed = (n as f64).ln();
            let t = last_timestep(lab.schedule, |alpha_bar| self.mean_information(alpha_bar) >= needed);
            rows.push(row("sum p_c I_c = ln n", t));
        }
        rows.extend(self.classes.iter().map(|cloud| {
            let own = (cloud.share * n as f64).round() as usize;
            line(&cloud.eigenvalues, own).of_group(cloud.label)
        }));
        rows
    }
}
