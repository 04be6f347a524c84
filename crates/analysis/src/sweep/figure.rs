//! The figure of an axis: losses against t and against the epoch for each of its values, and losses and transitions against
//! its values.

mod learning;
mod places;
mod quality;
mod series;
mod values;

use super::aggregate::{Mean, Points, exact};
use super::{Cell, Loss, Sweep};
use crate::AnalysisError;
use crate::figures::spread;
use crate::plot::axes::{Axes, Axis, Marker};
use crate::plot::drawing::{Dash, Drawing, Rect, Stroke};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{GREY, lighter};
use crate::stats::Interval;
use places::Places;
use quality::Quality;
use series::Series;
use values::{Value, shown};

/// A figure of a sweep in the forms it is kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepFigure {
    /// Stem of the figure's files.
    pub name: String,
    /// The SVG document.
    pub svg: String,
    /// The PNG file.
    pub png: Vec<u8>,
}

/// Machines up to which each gets a marker.
const MARKED: usize = 40;
/// Groups of timesteps.
const GROUPS: usize = 4;
/// Heights of the rows of frames with their legends.
const UPPER: f64 = 340.0;
const LEARNING: f64 = 230.0;
const MIDDLE: f64 = 260.0;
const LOWER: f64 = 290.0;
const SAMPLES: f64 = 260.0;

pub(super) fn render(sweep: &Sweep) -> Result<Vec<SweepFigure>, AnalysisError> {
    // Regressions have no timesteps to draw anything against.
    if sweep.cells.iter().any(|cell| cell.run.facts.is_regression()) {
        return Ok(Vec::new());
    }
    let figure = |(a, axis): (usize, &super::Axis)| {
        let drawing = draw(sweep, a, &page(sweep, &footer(sweep, axis))?);
        SweepFigure::new(name(axis), &drawing.with_reading(&reading(axis)))
    };
    sweep.axes.iter().enumerate().map(figure).collect()
}

impl SweepFigure {
    pub(super) fn new(name: String, drawing: &Drawing) -> Result<Self, AnalysisError> {
        Ok(Self { name, svg: drawing.to_svg()?, png: drawing.to_png()? })
    }
}

fn reading(axis: &super::Axis) -> String {
    format!(
        "Test MSE per coordinate on ε against t for each value of {0}, and against {0} its means over groups of timesteps, alone \
         and over the best linear predictor's, with the transition times where they were measured.",
        axis.key
    )
}

/// The stem of the files of an axis.
pub(super) fn name(axis: &super::Axis) -> String {
    format!("sweep_{}", axis.key.replace('.', "_"))
}

/// A page that says of what data the cells are.
pub(super) fn page(sweep: &Sweep, footer: &str) -> Result<Page, AnalysisError> {
    let facts = sweep.cells.iter().map(|cell| &cell.run.facts);
    let note: Vec<String> = { facts }.find_map(|facts| facts.data_note.clone()).into_iter().collect();
    Page::with_footer(&note, &[footer.to_owned()])
}

/// `hidden · model.hidden x seed · 9 cells · mnist · means over the other axes, 95% intervals over seeds`.
fn footer(sweep: &Sweep, axis: &super::Axis) -> String {
    let keys: Vec<&str> = sweep.axes.iter().map(|axis| axis.key.as_str()).collect();
    let mut line = head_line(sweep);
    if sweep.goes_together() {
        line += " · the axes go together";
    } else if keys.len() > 1 {
        line += " · means over the other axes";
    }
    if axis.key != super::Axis::SEED && keys.contains(&super::Axis::SEED) {
        line += ", 95% intervals over seeds";
    }
    line
}

/// `hidden · model.hidden x seed · 9 cells · mnist`.
pub(super) fn head_line(sweep: &Sweep) -> String {
    let mut sources: Vec<&str> = sweep.cells.iter().map(|cell| cell.run.facts.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let keys: Vec<&str> = sweep.axes.iter().map(|axis| axis.key.as_str()).collect();
    format!("{} · {} · {} cells · {}", sweep.name, keys.join(" × "), sweep.cells.len(), sources.join(", "))
}

fn draw(sweep: &Sweep, a: usize, page: &Page) -> Drawing {
    let places = Places::of(&sweep.axes[a]);
    let transitions = series::transitions(sweep, a, &places);
    let quality = Quality::of(sweep, a, &places);
    let values = shown(&sweep.axes[a]);
    let learning = learning::panels(sweep, a, &values);
    let middle = UPPER + if learning.is_empty() { 0.0 } else { LEARNING };
    let lower = middle + MIDDLE;
    let height = lower + if transitions.is_empty() { 0.0 } else { LOWER };
    let mut drawing = page.drawing(height + quality.height());
    quality.draw(&mut drawing, &places, height);
    draw_curves(&mut drawing, sweep, a, &values);
    learning::draw(&mut drawing, (UPPER, middle), &learning, &values);
    draw_groups(&mut drawing, sweep, a, &places, (middle, lower));
    if !transitions.is_empty() {
        let below = head(&mut drawing, lower, &transitions);
        let times = transitions.iter().flat_map(Series::extent);
        let axes = Axes {
            frame: Axes::page_frame(below, height),
            x: places.axis(),
            y: Axis::around("transition at t", times, f64::INFINITY),
        };
        draw_series(&mut drawing, &axes, &places, &transitions);
    }
    drawing
}

/// The legend of some series at the head of a row; returns the y below it.
fn head(drawing: &mut Drawing, top: f64, series: &[Series]) -> f64 {
    let entries: Vec<Entry> = series.iter().map(Series::entry).collect();
    legend(drawing, (Axes::LEFT, top + 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries)
}

fn draw_series(drawing: &mut Drawing, axes: &Axes, places: &Places, series: &[Series]) {
    axes.draw(drawing);
    places.draw_ticks(drawing, axes);
    series.iter().for_each(|series| series.draw(drawing, axes));
}

/// The upper frame: test MSE against t for each of the values of axis `a` that are shown.
fn draw_curves(drawing: &mut Drawing, sweep: &Sweep, a: usize, values: &[Value]) {
    let timesteps = sweep.cells.iter().map(|cell| cell.run.facts.timesteps).max().unwrap_or(1);
    let curve = |value: &Value| -> Points {
        let at = |t: usize| sweep.mean_at(a, value.index, |cell| test_at(cell, t)).map(|mean| (t as f64, mean));
        (1..=timesteps).filter_map(at).collect()
    };
    let curves: Vec<Points> = values.iter().map(curve).collect();
    let marked = curves.iter().all(|curve| curve.len() <= MARKED);
    let entry = |value: &Value| {
        let entry = Entry::line(value.label.clone(), value.stroke());
        if marked { entry.with_marker(Marker::Disc, value.color) } else { entry }
    };
    let entries: Vec<Entry> = values.iter().map(entry).collect();
    let below = legend(drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries);
    let losses = curves.iter().flatten().map(|(_, mean)| mean.value);
    let axes = Axes {
        frame: Axes::page_frame(below, UPPER),
        x: Axis::counting("t", 1, timesteps),
        y: Axis::around("test MSE per coordinate on ε", losses.filter(|loss| *loss > 0.0), 3.0),
    };
    axes.draw(drawing);
    for (curve, value) in curves.iter().zip(values) {
        let band = |&(t, mean): &(f64, Mean)| mean.ends.map(|(low, high)| (t, low.max(f64::MIN_POSITIVE), high));
        axes.band(drawing, &curve.iter().filter_map(band).collect::<Vec<_>>(), lighter(value.color));
    }
    for (curve, value) in curves.iter().zip(values) {
        let points: Vec<(f64, f64)> = curve.iter().map(|&(t, mean)| (t, mean.value)).collect();
        axes.line(drawing, &points, value.stroke());
        if marked {
            axes.markers(drawing, &points, Marker::Disc, value.color);
        }
    }
}

fn test_at(cell: &Cell, t: usize) -> Option<Interval> {
    cell.run.losses.iter().find(|loss| loss.t == t).map(|loss| exact(loss.test))
}

/// The middle frames, from `top` to `bottom`: the means of test MSE, and of its ratio to the Wiener predictor's, over groups
/// of timesteps.
fn draw_groups(drawing: &mut Drawing, sweep: &Sweep, a: usize, places: &Places, (top, bottom): (f64, f64)) {
    let of_loss = |loss: &Loss| Some(loss.test);
    let of_ratio = |loss: &Loss| Some(loss.test / loss.wiener?);
    let [mut loss, mut ratio] = [groups(sweep, a, places, of_loss), groups(sweep, a, places, of_ratio)];
    let whole = !loss.is_empty();
    if !whole {
        [loss, ratio] = [some(sweep, a, places, of_loss), some(sweep, a, places, of_ratio)];
    }
    let mean = if whole { "mean test MSE" } else { "test MSE" };
    let below = head(drawing, top, &loss);
    let count = if ratio.is_empty() { 1 } else { 2 };
    let width = Page::WIDTH / f64::from(count);
    let frame = |i: i32| {
        let outer = Rect { x: f64::from(i) * width, y: below, width, height: bottom - below };
        outer.inset(Axes::LEFT, 6.0, Axes::RIGHT, Axes::BELOW)
    };
    let extent = |series: &[Series]| series.iter().flat_map(Series::extent).filter(|v| *v > 0.0).collect::<Vec<_>>();
    let y = Axis::around(mean, extent(&loss), 3.0);
    draw_series(drawing, &Axes { frame: frame(0), x: places.axis(), y }, places, &loss);
    if !ratio.is_empty() {
        let y = Axis::around(&format!("{mean} / Wiener"), extent(&ratio).into_iter().chain([1.0]), 10.0);
        let axes = Axes { frame: frame(1), x: places.axis(), y };
        draw_series(drawing, &axes, places, &ratio);
        axes.level(drawing, 1.0, Stroke::solid(GREY, 1.1).dashed(Dash::Mixed));
    }
}

/// A series for each group of timesteps, the means of `of` over those of a cell that lacks no machine there.
fn groups(sweep: &Sweep, a: usize, places: &Places, of: impl Fn(&Loss) -> Option<f64>) -> Vec<Series> {
    let lengths = || sweep.cells.iter().map(|cell| cell.run.facts.timesteps);
    let (least, most) = (lengths().min().unwrap_or(1), lengths().max().unwrap_or(1));
    let count = GROUPS.min(least);
    let last = |g: usize, timesteps: usize| (g + 1) * timesteps / count;
    let first = |g: usize, timesteps: usize| g * timesteps / count + 1;
    let label = |g: usize| match (first(g, most), last(g, most)) {
        (one, other) if least == most && one == other => format!("t = {one}"),
        (first, last) if least == most => format!("t = {first}–{last}"),
        _ => format!("{:.2} < t/T ≤ {:.2}", g as f64 / count as f64, (g + 1) as f64 / count as f64),
    };
    let mean = |cell: &Cell, g: usize| {
        let timesteps = cell.run.facts.timesteps;
        let within = first(g, timesteps)..=last(g, timesteps);
        let values: Vec<f64> = cell.run.losses.iter().filter(|loss| within.contains(&loss.t)).filter_map(&of).collect();
        let complete = values.len() == within.count() && !values.is_empty();
        complete.then(|| exact(values.iter().sum::<f64>() / values.len() as f64))
    };
    let series = |g: usize| Series::measured(label(g), g, places.series(sweep, a, |cell| mean(cell, g)));
    (0..count).map(series).filter(|series| !series.points.is_empty()).collect()
}

/// A series for each of some timesteps, for sweeps of which some machines only were trained.
fn some(sweep: &Sweep, a: usize, places: &Places, of: impl Fn(&Loss) -> Option<f64>) -> Vec<Series> {
    let mut timesteps: Vec<usize> = sweep.cells.iter().flat_map(|cell| &cell.run.losses).map(|loss| loss.t).collect();
    timesteps.sort_unstable();
    timesteps.dedup();
    let at = |cell: &Cell, t: usize| {
        let loss = cell.run.losses.iter().find(|loss| loss.t == t)?;
        of(loss).map(exact)
    };
    let series = |(rank, t): (usize, usize)| {
        Series::measured(format!("t = {t}"), rank, places.series(sweep, a, |cell| at(cell, t)))
    };
    let all = spread(&timesteps, GROUPS).into_iter().enumerate().map(series);
    all.filter(|series| !series.points.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::fabricated_sweep;
    use crate::observables::ObservableRow;

    #[test]
    fn every_axis_has_a_figure_with_its_values_its_groups_and_the_transitions() {
        let rendered = fabricated_sweep().render().unwrap();
        let names: Vec<&str> = rendered.iter().map(|figure| figure.name.as_str()).collect();
        assert_eq!(names, ["sweep_model_hidden", "sweep_seed"]);
        for text in ["model.hidden = 50<", ">200<", "t = 1<", "t = 2<", "t_S: φ_C = 0.7752<", "mean test MSE<"] {
            assert!(rendered[0].svg.contains(text), "{text}");
        }
        assert!(rendered[0].svg.contains("made_up · model.hidden × seed · 6 cells · "));
        let intervals = |i: usize| rendered[i].svg.contains("95% intervals over seeds");
        assert!(intervals(0) && !intervals(1));
        // Two epochs were evaluated, at t = 1 only.
        assert_eq!(rendered[0].svg.matches(">epoch<").count(), 1);
        // A criterion that is never met has no mark.
        assert!(!rendered[0].svg.contains("Y₂"));
        assert!(rendered.iter().all(|figure| figure.png.starts_with(b"\x89PNG")));
        assert_eq!(fabricated_sweep().render().unwrap(), rendered);
    }

    #[test]
    fn the_quality_of_samples_has_frames_of_its_own_where_it_was_measured() {
        let mut sweep = fabricated_sweep();
        assert!(!sweep.render().unwrap()[0].svg.contains("as many real samples"));
        for (i, cell) in sweep.cells.iter_mut().enumerate() {
            let own = cell.run.facts.model.clone();
            let row = |model: &str, value: f64| ObservableRow::timeless(model, "frechet_50", value);
            cell.run.quality = vec![row(&own, 3.0 + i as f64), row("data", 2.0)];
        }
        let svg = &sweep.render().unwrap()[0].svg;
        for text in ["Fréchet distance, 50 axes<", "as many real samples<"] {
            assert_eq!(svg.matches(text).count(), 1, "{text}");
        }
        assert!(!svg.contains("sliced Wasserstein"));
        assert!(sweep.summary().unwrap().contains("50,1,samples/frechet_50/machines,,4,,"));
    }

    #[test]
    fn without_whole_banks_single_timesteps_stand_against_the_values() {
        let mut sweep = fabricated_sweep();
        for cell in &mut sweep.cells {
            cell.run.facts.timesteps = 900;
        }
        let svg = &sweep.render().unwrap()[0].svg;
        assert!(svg.contains(">test MSE / Wiener<") && !svg.contains("mean test MSE"), "{svg}");
        // In the legend; the learning curves have t = 1 for a head.
        assert_eq!((svg.matches(">t = 1<").count(), svg.matches(">t = 2<").count()), (2, 1));
    }

    #[test]
    fn words_on_the_axis_and_cells_without_anything_are_drawn() {
        let mut sweep = fabricated_sweep();
        sweep.axes[0].values = vec!["none".into(), "[[1, 0.008], [100, 0.004], [1000, 0.002]]".into()];
        for cell in &mut sweep.cells {
            cell.run.losses.clear();
            cell.run.curves.clear();
            cell.run.transitions.clear();
        }
        let rendered = sweep.render().unwrap();
        assert!(rendered[0].svg.contains(">none<"));
        assert!(!rendered[0].svg.contains("transition at t") && !rendered[0].svg.contains(">epoch<"));
    }
}
