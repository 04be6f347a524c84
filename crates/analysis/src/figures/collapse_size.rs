//! How the collapse time moves with the number of training samples.

use super::Figure;
use crate::observables::ObservableRow;
use crate::plot::axes::{Axes, Axis, Marker, Scale, bounds};
use crate::plot::drawing::{Dash, Drawing, Stroke};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{INK, Rgb, class_color, lighter};
use crate::{AnalysisError, Run};

pub(super) struct CollapseSize;

/// The collapse times of a group.
struct Series<'a> {
    group: &'a str,
    color: Rgb,
    marker: Marker,
    measured: Vec<&'a ObservableRow>,
    predicted: Vec<(f64, f64)>,
}

impl Figure for CollapseSize {
    fn name(&self) -> &'static str {
        "collapse_vs_n"
    }

    fn reading(&self) -> &'static str {
        "Collapse time of the memoriser against the number n of training samples: measured where Y₂ = 1/2 (markers, 95% bands) beside I_G = ln n of a Gaussian cloud (lines), for all samples and for each class; more samples collapse later in the reverse process, at smaller t."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get("gaussian_collapse") else { return Ok(None) };
        let series = series(rows);
        let points = |series: &Series<'_>| {
            series.predicted.iter().copied().chain(series.measured.iter().filter_map(at)).collect::<Vec<_>>()
        };
        let all: Vec<(f64, f64)> = series.iter().flat_map(points).collect();
        let (Some((least, most)), true) = (bounds(all.iter().map(|point| point.0)), all.len() > 1) else {
            return Ok(None);
        };
        let height = 400.0;
        let mut drawing = page.drawing(height);
        let entries: Vec<Entry> = series.iter().flat_map(Series::entries).collect();
        let below = legend(&mut drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries);
        let axes = Axes {
            frame: Axes::page_frame(below, height),
            x: Axis::new("training samples n", Scale::Log, least / 1.3, most * 1.3),
            y: Axis::around("collapse time t_C", all.iter().map(|point| point.1), f64::INFINITY),
        };
        axes.draw(&mut drawing);
        for series in &series {
            let ends = series.measured.iter().filter_map(|row| Some((row.x?, row.low?, row.high?)));
            axes.band(&mut drawing, &ends.collect::<Vec<_>>(), lighter(series.color));
        }
        for series in &series {
            axes.line(&mut drawing, &series.predicted, series.theory());
            let points: Vec<(f64, f64)> = series.measured.iter().filter_map(at).collect();
            axes.line(&mut drawing, &points, series.stroke());
            axes.markers(&mut drawing, &points, series.marker, series.color);
        }
        Ok(Some(drawing))
    }
}

fn at(row: &&ObservableRow) -> Option<(f64, f64)> {
    Some((row.x?, row.value))
}

impl Series<'_> {
    fn theory(&self) -> Stroke {
        Stroke::solid(self.color, 1.4).dashed(Dash::Long)
    }

    fn stroke(&self) -> Stroke {
        Stroke::solid(self.color, 1.7)
    }

    fn entries(&self) -> Vec<Entry> {
        let name = if self.group == "all" { "all".to_owned() } else { format!("class {}", self.group) };
        let measured = Entry::line(format!("Y₂ = 1/2, {name}"), self.stroke()).with_marker(self.marker, self.color);
        let predicted = Entry::line(format!("I_G = ln n, {name}"), self.theory());
        let (has_measured, has_predicted) = (!self.measured.is_empty(), !self.predicted.is_empty());
        [has_measured.then_some(measured), has_predicted.then_some(predicted)].into_iter().flatten().collect()
    }
}

/// The series of `all`, then of each class.
fn series(rows: &[ObservableRow]) -> Vec<Series<'_>> {
    let times = || rows.iter().filter(|row| row.quantity == "collapse_time");
    let mut groups: Vec<&str> = times().map(|row| row.group.as_str()).collect();
    groups.sort_by_key(|group| (*group != "all", *group));
    groups.dedup();
    let of = |(i, group): (usize, &str)| {
        let own = |model: &'static str| times().filter(move |row| row.group == group && row.model == model);
        Series {
            group: groups[i],
            color: if i == 0 { INK } else { class_color(i - 1) },
            marker: Marker::SERIES[i % Marker::SERIES.len()],
            measured: own("empirical_train").collect(),
            predicted: own("gaussian").filter_map(|row| Some((row.x?, row.value))).collect(),
        }
    };
    groups.iter().copied().enumerate().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_told_apart_and_all_comes_first() {
        let time =
            |model: &str, group: &str, n, t| ObservableRow::timeless(model, "collapse_time", t).at(n).of_group(group);
        let rows = [
            time("gaussian", "3", 50.0, 54.0),
            time("gaussian", "all", 50.0, 53.0),
            time("empirical_train", "all", 50.0, 52.0),
            time("gaussian", "all", 500.0, 48.0),
        ];
        let series = series(&rows);
        assert_eq!(series.iter().map(|series| series.group).collect::<Vec<_>>(), ["all", "3"]);
        assert_eq!(series[0].predicted, [(50.0, 53.0), (500.0, 48.0)]);
        assert_eq!((series[0].measured.len(), series[1].measured.len()), (1, 0));
        assert_eq!(series[1].entries().len(), 1);
    }
}
