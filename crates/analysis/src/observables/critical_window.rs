//! The stretch of t in which the class is decided.

use model::ClassSnr;

use super::agreement::{self, Agreement};
use super::ensemble::numbers;
use super::{Group, Measured, Observable, ObservableRow, Transition, TransitionRow};
use crate::AnalysisError;
use crate::lab::{Clones, Lab};
use crate::stats::{Bootstrap, Interval, crossing};

/// The critical window, from phi = 0.6 (`window_begin`, met first by a reverse trajectory) to phi = 0.95 (`window_end`).
///
/// Of clones, of two equal Gaussians of the data's kappa_t, and of the reference law's posterior; `window_width` is the
/// difference.  Li and Chen 2024 (critical windows); phi of Biroli, Bonnaire, de Bortoli and Mezard 2024.
pub(super) struct CriticalWindow;

/// phi where the window begins and ends.
const LEVELS: [(f64, &str); 2] = [(0.6, "window_begin"), (0.95, "window_end")];

impl Observable for CriticalWindow {
    fn name(&self) -> &'static str {
        "critical_window"
    }

    fn group(&self) -> Group {
        Group::Speciation
    }

    fn question(&self) -> &'static str {
        "In which stretch of t is the class of a trajectory decided?"
    }

    fn work(&self, lab: &Lab<'_>) -> Option<u64> {
        lab.has_classes().then(|| lab.model_count() * Clones::work(lab))
    }

    fn measure(&self, lab: &Lab<'_>, advance: &(dyn Fn(u64) + Sync)) -> Result<Measured, AnalysisError> {
        let Some(rule) = lab.class_rule()? else { return Ok(Measured::default()) };
        // The curves that the window is read off, for the figure.
        let mut measured = Measured { rows: agreement::theory(lab)?.rows, ..Measured::default() };
        exact(lab, &mut measured)?;
        for (k, model) in lab.models()?.iter().enumerate() {
            let cloned = Agreement::of_clones(lab, k, rule, advance)?;
            let bootstrap = lab.bootstrap(cloned.trajectories());
            measured.rows.extend(cloned.rows(model.name, "phi_c", &[], &bootstrap));
            let times = numbers(cloned.times());
            let window = Window { times: &times, bootstrap: &bootstrap, trajectories: cloned.trajectories() };
            window.add(&mut measured, (model.name, "phi_C", "measured"), |indices| cloned.curve(None, indices));
        }
        Ok(measured)
    }
}

/// The window of kappa_t, and that of the posterior.
fn exact(lab: &Lab<'_>, measured: &mut Measured) -> Result<(), AnalysisError> {
    let theory = lab.class_theory()?;
    let times: Vec<f64> = lab.schedule.timesteps().map(|t| t.get() as f64).collect();
    let phi: Vec<f64> = theory.kappas.iter().map(|snr: &ClassSnr| snr.cloning_probability()).collect();
    if !phi.is_empty() {
        for (level, quantity) in LEVELS {
            let t = crossing(&times, &phi, level);
            measured.rows.extend(t.map(|t| ObservableRow::timeless("data", quantity, t)));
            let convention = format!("phi of kappa = {level}");
            measured.transitions.push(TransitionRow::predicted(Transition::Speciation, &convention, "data", t));
        }
        let width = crossing(&times, &phi, LEVELS[0].0).zip(crossing(&times, &phi, LEVELS[1].0));
        measured.rows.extend(width.map(|(begin, end)| ObservableRow::timeless("data", "window_width", begin - end)));
    }
    if let Some(law) = &theory.law {
        let probes = law.phi.first().map_or(0, Vec::len);
        let bootstrap = lab.bootstrap(probes);
        let times = numbers(&law.times);
        let window = Window { times: &times, bootstrap: &bootstrap, trajectories: probes };
        let mean = |indices: &[u32]| law.phi.iter().map(|phi| crate::stats::mean_of(phi, indices)).collect();
        window.add(measured, (&law.name, "phi of the posterior", "predicted"), mean);
    }
    Ok(())
}

/// Reads the window off a curve over t that is estimated from trajectories.
struct Window<'a> {
    times: &'a [f64],
    bootstrap: &'a Bootstrap,
    trajectories: usize,
}

impl Window<'_> {
    fn add(
        &self,
        measured: &mut Measured,
        (model, symbol, kind): (&str, &str, &str),
        curve: impl Fn(&[u32]) -> Vec<f64>,
    ) {
        // Exact laws have rows of their own beside those of their chains.
        let named =
            |quantity: &str| if kind == "predicted" { format!("exact_{quantity}") } else { quantity.to_owned() };
        let mut row = |quantity: &str, time: Interval| {
            let row = ObservableRow::timeless(model, &named(quantity), time.value);
            measured.rows.push(row.with_interval(time, self.trajectories));
        };
        let times = LEVELS.map(|(level, _)| self.bootstrap.crossing_of(self.times, level, &curve));
        for ((_, quantity), time) in LEVELS.iter().zip(times) {
            time.into_iter().for_each(|time| row(quantity, time));
        }
        if let [Some(_), Some(_)] = times {
            let width = self.bootstrap.interval(|indices| {
                let curve = curve(indices);
                let [begin, end] = LEVELS.map(|(level, _)| crossing(self.times, &curve, level).unwrap_or(f64::NAN));
                begin - end
            });
            row("window_width", width);
        }
        for ((level, _), time) in LEVELS.iter().zip(times) {
            let convention = format!("{symbol} = {level}");
            let row = TransitionRow::measured(Transition::Speciation, &convention, model, time, self.trajectories);
            measured.transitions.push(TransitionRow { kind: kind.to_owned(), ..row });
        }
    }
}
