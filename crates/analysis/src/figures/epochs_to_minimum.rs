//! The epoch of the lowest test loss of every machine, beside the one that was kept.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Figure;
use crate::learning_curves::learning_curves;
use crate::plot::axes::{Axes, Axis, Marker, Scale};
use crate::plot::drawing::{Dash, Drawing, Stroke};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREY, ORANGE, Rgb};
use crate::{AnalysisError, Columns, Run, Split, to_csv};

/// Machines up to which each gets a marker; beyond, a dot.
const MARKED: usize = 120;

pub(super) struct EpochsToMinimum;

/// What its table holds.
pub(super) const COLUMNS: Columns = &[
    ("t", "timestep, 1 to T"),
    ("minimum_epoch", "the epoch of the lowest test loss of those that were evaluated"),
    ("minimum_test_mse", "that loss"),
    ("kept_epoch", "the epoch whose weights the machine has"),
    ("epochs", "epochs it was trained"),
];

/// The numbers of the figure at one t.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Row {
    t: usize,
    /// The epoch of the lowest test loss of those that were evaluated, and that loss.
    minimum_epoch: usize,
    minimum_test_mse: f64,
    /// The epoch whose weights the machine has.
    kept_epoch: Option<usize>,
    /// Epochs it was trained.
    epochs: usize,
}

impl Figure for EpochsToMinimum {
    fn name(&self) -> &'static str {
        "epochs_to_minimum"
    }

    fn reading(&self) -> &'static str {
        "The epoch after which each machine's test loss was lowest, with the epochs it was trained and, where train.stop is a rule, the epoch that was kept: where the minimum lies well before the end the machine overfits or only fluctuates, where it is the last epoch it was still learning."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let rows = rows(run);
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
        let most = rows.iter().map(|row| row.epochs).max().unwrap_or(1);
        let height = 380.0;
        let mut drawing = page.drawing(height);
        let with_rule = run.facts.training().is_some_and(|training| training.stop != "none");
        let trained = Stroke::solid(GREY, 1.3).dashed(Dash::Long);
        let same = rows.iter().all(|row| row.epochs == most);
        let mut entries = vec![
            Entry::marker("lowest test loss", Marker::Disc, BLUE),
            if same {
                Entry::line("epochs trained", trained)
            } else {
                Entry::marker("epochs trained", Marker::TriangleDown, GREY)
            },
        ];
        if with_rule {
            entries.push(Entry::marker("epoch kept", Marker::OpenSquare, ORANGE));
        }
        let below = legend(&mut drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries);
        let axes = Axes {
            frame: Axes::page_frame(below, height),
            x: Axis::counting("t", first.t.min(1), last.t),
            y: Axis::new("epoch", Scale::Linear, 0.0, 1.06 * most as f64),
        };
        axes.draw(&mut drawing);
        let points = |epoch: fn(&Row) -> Option<usize>| -> Vec<(f64, f64)> {
            rows.iter().filter_map(|row| Some((row.t as f64, epoch(row)? as f64))).collect()
        };
        if same {
            axes.level(&mut drawing, most as f64, trained);
        } else {
            marks(&mut drawing, &axes, &points(|row| Some(row.epochs)), Marker::TriangleDown, GREY);
        }
        if with_rule {
            marks(&mut drawing, &axes, &points(|row| row.kept_epoch), Marker::OpenSquare, ORANGE);
        }
        marks(&mut drawing, &axes, &points(|row| Some(row.minimum_epoch)), Marker::Disc, BLUE);
        drawing.set_table(to_csv(&rows)?);
        Ok(Some(drawing))
    }
}

/// Markers, smaller where they are many.
fn marks(drawing: &mut Drawing, axes: &Axes, points: &[(f64, f64)], marker: Marker, color: Rgb) {
    let own = if marker == Marker::Disc { 2.6 } else { 4.4 };
    let radius = if points.len() <= MARKED { own } else { own * 0.55 };
    for at in points.iter().filter_map(|&(t, epoch)| axes.place(t, epoch)) {
        marker.draw(drawing, at, radius, color);
    }
}

/// A row for each machine that was evaluated twice or more; none for an exact law.
fn rows(run: &Run) -> Vec<Row> {
    let training: BTreeMap<usize, (usize, usize)> =
        run.training.iter().map(|row| (row.t, (row.kept, row.epochs))).collect();
    let row = |curve: &crate::learning_curves::LearningCurve| {
        let (minimum_epoch, minimum_test_mse) = curve.minimum().filter(|_| curve.losses.len() > 1)?;
        let known = training.get(&curve.t);
        let epochs = known.map_or_else(|| curve.losses.last().map(|(epoch, _)| *epoch), |known| Some(known.1))?;
        Some(Row { t: curve.t, minimum_epoch, minimum_test_mse, kept_epoch: known.map(|known| known.0), epochs })
    };
    learning_curves(&run.metrics, Split::Test).iter().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fabricated;
    use super::*;
    use crate::{MetricRow, TrainingRow};

    fn run() -> Run {
        let mut run = fabricated::empty();
        for (t, losses) in [(3, [0.5, 0.2, 0.3]), (8, [0.9, 0.8, 0.7])] {
            for (epoch, value) in (1..).zip(losses) {
                run.metrics.push(MetricRow { t, epoch, split: Split::Test, metric: "mse".into(), value });
            }
        }
        run
    }

    #[test]
    fn the_lowest_loss_stands_beside_the_epoch_that_was_kept() {
        let mut run = run();
        let row = |t, minimum_epoch, minimum_test_mse, kept_epoch, epochs| Row {
            t,
            minimum_epoch,
            minimum_test_mse,
            kept_epoch,
            epochs,
        };
        assert_eq!(rows(&run), [row(3, 2, 0.2, None, 3), row(8, 3, 0.7, None, 3)]);
        run.training = vec![TrainingRow { t: 3, epochs: 3, kept: 2, started_from: None }];
        assert_eq!(rows(&run)[0], row(3, 2, 0.2, Some(2), 3));
        let drawn = |run: &Run| {
            let drawing = EpochsToMinimum.draw(run, &Page::new(&run.facts).unwrap()).unwrap().unwrap();
            assert!(
                drawing.table.clone().unwrap().starts_with("t,minimum_epoch,minimum_test_mse,kept_epoch,epochs\n3,")
            );
            drawing.to_svg().unwrap()
        };
        assert!(!drawn(&run).contains(">epoch kept<"));
        run.facts.recipe = Some(fabricated::stopping_by("minimum", None));
        assert!(drawn(&run).contains(">epoch kept<"));
    }

    #[test]
    fn one_evaluation_has_no_minimum() {
        let mut run = run();
        run.metrics.retain(|row| row.epoch == 1);
        assert_eq!(rows(&run), []);
    }
}
