//! Runs that differ in some settings only, side by side: their table and a figure for each axis.

mod aggregate;
mod figure;
mod overlay;

use std::collections::BTreeMap;
use std::path::Path;

use crate::learning_curves::{LearningCurve, learning_curves};
use crate::observables::{self, ObservableRow, Transition, TransitionRow};
use crate::{
    AnalysisError, Columns, MetricRow, ReferenceRow, RunFacts, Split, TrainingRow, at_kept_epoch, read_table,
    read_table_if_present,
};

pub use figure::SweepFigure;

/// What is varied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The key, e.g. `model.hidden`.
    pub key: String,
    /// Its values, as a table shows them.
    pub values: Vec<String>,
}

impl Axis {
    /// The axis whose cells are repetitions of one experiment.
    const SEED: &'static str = "seed";
}

/// The losses of the model at one timestep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// Timestep, 1..=T.
    pub t: usize,
    /// Test MSE per coordinate on eps of the machine as it is kept.
    pub test: f64,
    /// The Wiener predictor's, on the same noise where the run measured that.
    pub wiener: Option<f64>,
}

/// What a sweep needs of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct CellRun {
    /// The experiment.
    pub facts: RunFacts,
    /// By increasing t; machines that could not be trained are absent.
    pub losses: Vec<Loss>,
    /// Test losses of each machine against the epoch, by increasing t.
    pub(crate) curves: Vec<LearningCurve>,
    /// Transition times of all trajectories; empty where none were measured.
    pub transitions: Vec<TransitionRow>,
    /// The distances of the samples from real ones, and of as many real ones; empty where they were not measured.
    pub quality: Vec<ObservableRow>,
    /// The tables of the observables that are laid over one another, by name, where they were measured.
    pub observables: BTreeMap<&'static str, Vec<ObservableRow>>,
}

impl CellRun {
    /// The run in the folder `dir`.
    ///
    /// # Errors
    /// Any [`AnalysisError`] about a file, naming it and the line at fault.
    pub fn read(dir: &Path) -> Result<Self, AnalysisError> {
        let metrics: Vec<MetricRow> = read_table(dir)?;
        let training: Vec<TrainingRow> = read_table_if_present(dir)?;
        let references: Vec<ReferenceRow> = read_table_if_present(dir)?;
        let mut transitions: Vec<TransitionRow> = read_table_if_present(dir)?;
        transitions.retain(|row| row.group == "all");
        let losses = losses(&at_kept_epoch(&metrics, &training), &references);
        let curves = learning_curves(&metrics, Split::Test);
        let mut observables = observables::read_all(dir)?;
        let mut quality = observables.remove("sample_quality").unwrap_or_default();
        quality.retain(|row| row.group == "all");
        observables.retain(|name, _| overlay::reads(name));
        Ok(Self { facts: RunFacts::read(dir)?, losses, curves, transitions, quality, observables })
    }

    /// (1/T) sum_t of the test MSE; `None` where a machine is missing.
    pub fn mean_test_mse(&self) -> Option<f64> {
        self.mean(|loss| Some(loss.test))
    }

    /// As [`Self::mean_test_mse`], of the Wiener predictor.
    pub fn mean_wiener_mse(&self) -> Option<f64> {
        self.mean(|loss| loss.wiener)
    }

    fn mean(&self, of: impl Fn(&Loss) -> Option<f64>) -> Option<f64> {
        let values: Vec<f64> = self.losses.iter().filter_map(of).collect();
        let complete = values.len() == self.facts.timesteps && !values.is_empty();
        complete.then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}

/// The test losses by t, with the Wiener predictor's on the same noise, else its exact average.
fn losses(kept: &[&MetricRow], references: &[ReferenceRow]) -> Vec<Loss> {
    let of = |t: usize, metric: &str| {
        let mut rows = kept.iter().filter(|row| row.t == t && row.split == Split::Test);
        rows.find(|row| row.metric == metric).map(|row| row.value)
    };
    let reference = |t: usize| {
        let mut rows = references.iter().filter(|row| row.t == t && row.split == Split::Test);
        rows.find(|row| row.reference == ReferenceRow::WIENER).map(|row| row.value)
    };
    let mut timesteps: Vec<usize> = kept.iter().map(|row| row.t).collect();
    timesteps.sort_unstable();
    timesteps.dedup();
    let loss = |t: usize| {
        let wiener = of(t, MetricRow::MSE_WIENER).or_else(|| reference(t)).filter(|wiener| *wiener > 0.0);
        Some(Loss { t, test: of(t, MetricRow::MSE)?, wiener })
    };
    timesteps.into_iter().filter_map(loss).collect()
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Its name.
    pub name: String,
    /// The index of its value on each axis.
    pub at: Vec<usize>,
    /// What it measured.
    pub run: CellRun,
}

/// A sweep: its axes and its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Its name.
    pub name: String,
    /// What is varied.
    pub axes: Vec<Axis>,
    /// Every run.
    pub cells: Vec<Cell>,
}

/// The columns of `summary.csv` that follow those of the axes, one by the key of each.
pub const SUMMARY_COLUMNS: Columns = &[
    (
        "quantity",
        "`mean_test_mse`: over all t, where no machine is missing; `test_mse`: of one t, at the epoch kept; `speciation/CONVENTION/MODEL/KIND`, `collapse/...`: a transition time, empty where its criterion is never met; `samples/QUANTITY/MODEL`: of `sample_quality`",
    ),
    ("t", "timestep, where the quantity belongs to one"),
    ("value", "its value"),
    ("low", "lower end of its 95% interval, where it has one"),
    ("high", "upper end"),
];

/// The last columns of a row of the summary.
struct Row {
    quantity: String,
    t: Option<usize>,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

impl Row {
    fn exact(quantity: &str, t: Option<usize>, value: f64) -> Self {
        Self { quantity: quantity.to_owned(), t, value: Some(value), low: None, high: None }
    }
}

impl Sweep {
    /// Whether there are several axes whose first values belong to one cell, the second to the next, and so on.
    fn goes_together(&self) -> bool {
        self.axes.len() > 1 && self.cells.iter().all(|cell| cell.at.iter().all(|i| Some(i) == cell.at.first()))
    }

    /// `summary.csv`: a column for each axis by its key, then `quantity, t, value, low, high`, cell by cell.
    ///
    /// Quantities: `mean_test_mse` (of the cell, where no machine is missing), `test_mse` (of each t, at the epoch that is
    /// kept), and the transition times `speciation/CONVENTION/MODEL/predicted` or `.../measured` and the same of
    /// `collapse`, whose value is a timestep (empty where the criterion is never met) with its 95% interval, and
    /// `samples/QUANTITY/MODEL` where the quality of the samples was measured.
    ///
    /// # Errors
    /// [`AnalysisError::Encode`] from the encoder.
    pub fn summary(&self) -> Result<String, AnalysisError> {
        let encode = |error: String| AnalysisError::Encode { what: "summary.csv", reason: error };
        let mut writer = csv::Writer::from_writer(Vec::new());
        let keys = self.axes.iter().map(|axis| axis.key.as_str());
        writer
            .write_record(keys.chain(SUMMARY_COLUMNS.iter().map(|(name, _)| *name)))
            .map_err(|error| encode(error.to_string()))?;
        for cell in &self.cells {
            let values = self.axes.iter().zip(&cell.at).filter_map(|(axis, &i)| axis.values.get(i).cloned());
            let values: Vec<String> = values.collect();
            for row in rows(&cell.run) {
                let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
                let t = row.t.map_or(String::new(), |t| t.to_string());
                let last = [row.quantity, t, number(row.value), number(row.low), number(row.high)];
                writer.write_record(values.iter().chain(&last)).map_err(|error| encode(error.to_string()))?;
            }
        }
        let bytes = writer.into_inner().map_err(|error| encode(error.to_string()))?;
        String::from_utf8(bytes).map_err(|error| encode(error.to_string()))
    }

    /// Draws a figure for each axis, `sweep_model_hidden` for `model.hidden`, and where the cells have measured them the
    /// observables of its values over one another, `sweep_model_hidden_cloning`.
    ///
    /// # Errors
    /// What drawing and encoding return.
    pub fn render(&self) -> Result<Vec<SweepFigure>, AnalysisError> {
        Ok([figure::render(self)?, overlay::render(self)?].concat())
    }
}

fn rows(run: &CellRun) -> Vec<Row> {
    let mut rows: Vec<Row> =
        run.mean_test_mse().map(|mean| Row::exact("mean_test_mse", None, mean)).into_iter().collect();
    rows.extend(run.losses.iter().map(|loss| Row::exact("test_mse", Some(loss.t), loss.test)));
    rows.extend(run.transitions.iter().map(|row| {
        let word = match row.transition {
            Transition::Speciation => "speciation",
            Transition::Collapse => "collapse",
        };
        let quantity = format!("{word}/{}/{}/{}", row.convention, row.model, row.kind);
        Row { quantity, t: None, value: row.t, low: row.low, high: row.high }
    }));
    rows.extend(run.quality.iter().map(|row| {
        let quantity = format!("samples/{}/{}", row.quantity, row.model);
        Row { quantity, t: None, value: Some(row.value), low: row.low, high: row.high }
    }));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::fabricated;
    use crate::stats::Interval;

    /// Two hidden sizes and three seeds on T = 2; the loss at t is H (t + seed / 10).
    pub(super) fn fabricated_sweep() -> Sweep {
        let axis =
            |key: &str, values: &[&str]| Axis { key: key.into(), values: values.iter().map(|v| (*v).into()).collect() };
        let cell = |h: usize, seed: usize| {
            let test = |t: usize| (h + 1) as f64 * (t as f64 + seed as f64 / 10.0);
            let losses = [1, 2].map(|t| Loss { t, test: test(t), wiener: Some(8.0) }).to_vec();
            let facts = RunFacts { timesteps: 2, ..fabricated::facts(Some([28, 28]), 784) };
            let time = Interval { value: 10.0 * h as f64, low: 0.0, high: 30.0 };
            let transitions = vec![
                TransitionRow::predicted(Transition::Speciation, "kappa = 1", "data", Some(57.0)),
                TransitionRow::measured(Transition::Speciation, "phi_C = 0.7752", "machines", Some(time), 9),
                TransitionRow::measured(Transition::Collapse, "Y2 = 1/2", "machines", None, 9),
            ];
            let curves = vec![LearningCurve { t: 1, losses: vec![(1, 2.0 * test(1)), (2, test(1))] }];
            let (quality, observables) = (Vec::new(), BTreeMap::new());
            let run = CellRun { facts, losses, curves, transitions, quality, observables };
            Cell { name: format!("{h}-{seed}"), at: vec![h, seed], run }
        };
        let cells = (0..2).flat_map(|h| (0..3).map(move |seed| cell(h, seed))).collect();
        Sweep {
            name: "made_up".into(),
            axes: vec![axis("model.hidden", &["50", "200"]), axis("seed", &["0", "1", "2"])],
            cells,
        }
    }

    #[test]
    fn the_summary_has_a_tidy_row_for_each_cell_and_quantity() {
        let text = fabricated_sweep().summary().unwrap();
        let first: Vec<&str> = text.lines().take(7).collect();
        let expected = [
            "model.hidden,seed,quantity,t,value,low,high",
            "50,0,mean_test_mse,,1.5,,",
            "50,0,test_mse,1,1,,",
            "50,0,test_mse,2,2,,",
            "50,0,speciation/kappa = 1/data/predicted,,57,,",
            "50,0,speciation/phi_C = 0.7752/machines/measured,,0,0,30",
            "50,0,collapse/Y2 = 1/2/machines/measured,,,,",
        ];
        assert_eq!(first, expected);
        assert_eq!(text.lines().count(), 1 + 6 * 6);
    }

    #[test]
    fn axes_that_go_together_are_told_from_a_grid() {
        let mut sweep = fabricated_sweep();
        assert!(!sweep.goes_together());
        sweep.cells.retain(|cell| cell.at[0] == cell.at[1]);
        assert!(sweep.goes_together());
        let rendered = sweep.render().unwrap();
        assert!(rendered.iter().all(|figure| figure.svg.contains("the axes go together")));
        sweep.axes.pop();
        sweep.cells.iter_mut().for_each(|cell| cell.at.truncate(1));
        assert!(!sweep.goes_together());
    }

    #[test]
    fn a_cell_with_a_machine_missing_has_no_mean() {
        let mut sweep = fabricated_sweep();
        sweep.cells[0].run.losses.pop();
        assert_eq!(sweep.cells[0].run.mean_test_mse(), None);
        assert_eq!(sweep.cells[1].run.mean_test_mse(), Some(1.6));
        assert_eq!(sweep.cells[1].run.mean_wiener_mse(), Some(8.0));
        assert!(!sweep.summary().unwrap().contains("50,0,mean"));
        assert_eq!(sweep.render().unwrap().len(), 2);
    }

    #[test]
    fn losses_are_those_kept_with_the_wiener_predictor_beside_them() {
        let metric =
            |t, metric: &str, value| MetricRow { t, epoch: 1, split: Split::Test, metric: metric.into(), value };
        let rows =
            [metric(2, "mse", 0.2), metric(1, "mse", 0.5), metric(1, "mse_wiener", 0.6), metric(3, "mse_wiener", 0.1)];
        let references = [(1, 0.7), (2, 0.4)].map(|(t, value)| ReferenceRow {
            t,
            reference: "wiener".into(),
            split: Split::Test,
            value,
        });
        let expected = [Loss { t: 1, test: 0.5, wiener: Some(0.6) }, Loss { t: 2, test: 0.2, wiener: Some(0.4) }];
        assert_eq!(losses(&rows.iter().collect::<Vec<_>>(), &references), expected);
    }
}
