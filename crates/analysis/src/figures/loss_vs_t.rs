//! The loss of every machine at the end of training, against the best affine predictor and the machines' floor.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Figure;
use crate::plot::axes::{Axes, Axis, Marker};
use crate::plot::drawing::{Dash, Drawing, Rect, Stroke};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREY, INK, ORANGE, Rgb, VERMILION};
use crate::{AnalysisError, Columns, MetricRow, ReferenceRow, Run, Split, at_kept_epoch, to_csv};

/// Machines up to which each gets a marker.
const MARKED: usize = 40;
/// Spread of the ratios above which their panel turns logarithmic.
const LOG_RATIO: f64 = 10.0;

pub(super) struct LossVsT;

/// What its table holds.
pub(super) const COLUMNS: Columns = &[
    ("t", "timestep, 1 to T"),
    ("train", "training loss of the machine as it is kept: squared error on eps per coordinate"),
    ("test", "its test loss"),
    ("wiener", "loss of the best affine predictor on test samples"),
    ("wiener_train", "its loss on training samples"),
    ("rank_floor", "1 - H/d, where it binds"),
    ("sigmoid_floor", "the floor of answers within (-1, 1), where it binds"),
    ("ratio", "test loss over the best affine predictor's, on the same noise where the run measured that"),
];

/// The numbers of the figure at one t.
#[derive(Debug, Clone, Default, Serialize)]
struct Row {
    t: usize,
    train: Option<f64>,
    test: Option<f64>,
    wiener: Option<f64>,
    wiener_train: Option<f64>,
    rank_floor: Option<f64>,
    sigmoid_floor: Option<f64>,
    /// Test MSE over the Wiener predictor's, on the same noise where the run measured that.
    ratio: Option<f64>,
}

/// A line of the upper panel.
struct Series {
    label: &'static str,
    value: fn(&Row) -> Option<f64>,
    stroke: Stroke,
    marker: Option<(Marker, Rgb)>,
}

impl Series {
    fn points(&self, rows: &[Row]) -> Vec<(f64, f64)> {
        rows.iter().filter_map(|row| Some((row.t as f64, (self.value)(row)?))).collect()
    }
}

impl Figure for LossVsT {
    fn name(&self) -> &'static str {
        "loss_vs_t"
    }

    fn reading(&self) -> &'static str {
        "MSE per coordinate on ε of each machine as it is kept, with the best affine predictor (Wiener) and, where it binds, the floor 1 − H/d, or that of answers within (−1, 1); below, test MSE over Wiener MSE: under 1 the machine uses what is not Gaussian in the data."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        if run.facts.is_regression() {
            return Ok(None);
        }
        let rows = rows(run);
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
        let marked = rows.iter().filter(|row| row.test.or(row.train).is_some()).count() <= MARKED;
        let series: Vec<Series> =
            all_series(marked).into_iter().filter(|series| !series.points(&rows).is_empty()).collect();
        let with_ratio = rows.iter().any(|row| row.ratio.is_some());
        let height = if with_ratio { 520.0 } else { 400.0 };
        let mut drawing = page.drawing(height);
        let below = legend(&mut drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries(&series));
        let frame = Axes::page_frame(below, height);
        let x = Axis::counting("t", first.t, last.t);
        let lower_height = 0.3 * frame.height;
        let upper_height = if with_ratio { frame.height - lower_height - 24.0 } else { frame.height };
        let values = series.iter().flat_map(|series| series.points(&rows)).map(|point| point.1);
        let upper = Axes {
            frame: Rect { height: upper_height, ..frame },
            x: if with_ratio { x.clone().unlabelled() } else { x.clone() },
            y: Axis::around("MSE per coordinate on ε", values.filter(|value| *value > 0.0), 3.0),
        };
        upper.draw(&mut drawing);
        for series in &series {
            let points = series.points(&rows);
            upper.line(&mut drawing, &points, series.stroke);
            if let Some((marker, color)) = series.marker {
                upper.markers(&mut drawing, &points, marker, color);
            }
        }
        if with_ratio {
            let frame = Rect { y: frame.bottom() - lower_height, height: lower_height, ..frame };
            draw_ratio(&mut drawing, frame, x, &rows, marked);
        }
        drawing.set_table(to_csv(&rows)?);
        Ok(Some(drawing))
    }
}

fn draw_ratio(drawing: &mut Drawing, frame: Rect, x: Axis, rows: &[Row], marked: bool) {
    let points: Vec<(f64, f64)> = rows.iter().filter_map(|row| Some((row.t as f64, row.ratio?))).collect();
    let values = points.iter().map(|point| point.1).chain([1.0]);
    let axes = Axes { frame, x, y: Axis::around("test MSE / Wiener", values, LOG_RATIO).with_ticks(4) };
    axes.draw(drawing);
    axes.level(drawing, 1.0, Stroke::solid(GREY, 1.1).dashed(Dash::Mixed));
    axes.line(drawing, &points, Stroke::solid(BLUE, 1.3));
    if marked {
        axes.markers(drawing, &points, Marker::Disc, BLUE);
    }
}

fn all_series(marked: bool) -> Vec<Series> {
    let mark = |marker, color| marked.then_some((marker, color));
    let thin = |color, dash| Stroke::solid(color, 1.3).dashed(dash);
    vec![
        Series {
            label: "floor 1 − H/d",
            value: |row| row.rank_floor,
            stroke: Stroke::solid(VERMILION, 1.1),
            marker: None,
        },
        Series {
            label: "floor min E(ε − tanh gε/2)²",
            value: |row| row.sigmoid_floor,
            stroke: Stroke::solid(VERMILION, 1.1),
            marker: None,
        },
        Series { label: "Wiener, test", value: |row| row.wiener, stroke: thin(INK, Dash::Mixed), marker: None },
        Series { label: "Wiener, train", value: |row| row.wiener_train, stroke: thin(GREY, Dash::Dots), marker: None },
        Series {
            label: "train",
            value: |row| row.train,
            stroke: Stroke::solid(ORANGE, 1.7).dashed(Dash::Long),
            marker: mark(Marker::OpenSquare, ORANGE),
        },
        Series {
            label: "test",
            value: |row| row.test,
            stroke: Stroke::solid(BLUE, 1.7),
            marker: mark(Marker::Disc, BLUE),
        },
    ]
}

/// Legend entries, the measured curves before the references they are drawn over.
fn entries(series: &[Series]) -> Vec<Entry> {
    let entry = |series: &Series| {
        let entry = Entry::line(series.label, series.stroke);
        match series.marker {
            Some((marker, color)) => entry.with_marker(marker, color),
            None => entry,
        }
    };
    series.iter().rev().map(entry).collect()
}

/// The machines' last losses and the references, by t. References at timesteps without a machine are kept.
fn rows(run: &Run) -> Vec<Row> {
    let mut rows: BTreeMap<usize, Row> = BTreeMap::new();
    for &MetricRow { t, split, ref metric, value, .. } in at_kept_epoch(&run.metrics, &run.training) {
        let row = rows.entry(t).or_insert(Row { t, ..Row::default() });
        match (metric.as_str(), split) {
            (MetricRow::MSE, Split::Train) => row.train = Some(value),
            (MetricRow::MSE, Split::Test) => row.test = Some(value),
            // Held here until the test loss it belongs to is known.
            (MetricRow::MSE_WIENER, Split::Test) => row.ratio = Some(value),
            _ => {}
        }
    }
    for reference in &run.references {
        let row = rows.entry(reference.t).or_insert(Row { t: reference.t, ..Row::default() });
        match (reference.reference.as_str(), reference.split) {
            (ReferenceRow::WIENER, Split::Test) => row.wiener = Some(reference.value),
            (ReferenceRow::WIENER, Split::Train) => row.wiener_train = Some(reference.value),
            (ReferenceRow::RANK_FLOOR, _) => row.rank_floor = Some(reference.value),
            (ReferenceRow::SIGMOID_FLOOR, _) => row.sigmoid_floor = Some(reference.value),
            _ => {}
        }
    }
    for row in rows.values_mut() {
        let wiener = row.ratio.or(row.wiener).filter(|wiener| *wiener > 0.0);
        row.ratio = row.test.zip(wiener).map(|(test, wiener)| test / wiener);
    }
    rows.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TrainingRow;
    use crate::figures::fabricated;

    fn metric(t: usize, epoch: usize, split: Split, metric: &str, value: f64) -> MetricRow {
        MetricRow { t, epoch, split, metric: metric.into(), value }
    }

    #[test]
    fn the_kept_epoch_counts_where_it_is_known() {
        let mut run = fabricated::empty();
        run.metrics = [(3, 1, 0.5), (3, 2, 0.2), (3, 3, 0.3), (5, 4, 0.7)]
            .map(|(t, i, v)| metric(t, i, Split::Test, "mse", v))
            .into();
        run.training = vec![TrainingRow { t: 3, epochs: 3, kept: 2, started_from: None }];
        assert_eq!(rows(&run).iter().map(|row| row.test).collect::<Vec<_>>(), [Some(0.2), Some(0.7)]);
    }

    #[test]
    fn the_last_epoch_counts_and_the_ratio_prefers_the_same_noise() {
        let mut run = fabricated::empty();
        run.metrics = vec![
            metric(3, 2, Split::Test, "mse", 0.2),
            metric(3, 1, Split::Test, "mse", 0.9),
            metric(3, 2, Split::Test, "mse_wiener", 0.25),
            metric(5, 1, Split::Test, "mse", 0.3),
        ];
        let wiener = |t| ReferenceRow { t, reference: "wiener".into(), split: Split::Test, value: 0.4 };
        run.references = vec![wiener(3), wiener(5), wiener(9)];
        let rows = rows(&run);
        assert_eq!(rows.iter().map(|row| row.t).collect::<Vec<_>>(), [3, 5, 9]);
        assert_eq!((rows[0].test, rows[0].ratio), (Some(0.2), Some(0.8)));
        assert!((rows[1].ratio.unwrap() - 0.75).abs() < 1e-12);
        assert_eq!((rows[2].ratio, rows[2].wiener), (None, Some(0.4)));
    }
}
