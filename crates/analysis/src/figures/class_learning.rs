//! How machines learn two classes: over the epochs, and in the end.

use super::Figure;
use super::columns::{column, of};
use crate::observables::{ObservableRow, Transition};
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Marker, bounds};
use crate::plot::drawing::{Align, Dash, Drawing, Rect, Stroke, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREY, INK, LIGHT, Rgb, sequence};
use crate::{AnalysisError, MetricRow, Run};

pub(super) struct ClassLearning;

/// Exact gains at which machines are looked at more closely: around speciation.
const LEVELS: [f64; 5] = [0.98, 0.9, 0.75, 0.5, 0.2];
/// Height of a frame with what stands below it.
const HEIGHT: f64 = 225.0;
/// Space for the legends above the frames.
const TOP: f64 = 62.0;

/// One number of the classes: the quantity of tables, what it is called over epochs and over t.
struct Quantity {
    word: &'static str,
    learned: &'static str,
    known: &'static str,
}

const QUANTITIES: [Quantity; 2] = [
    Quantity { word: MetricRow::CLASS_GAIN, learned: "class gain − exact", known: "class gain" },
    Quantity { word: MetricRow::CLASS_OFFSET, learned: "class offset − exact", known: "class offset" },
];

impl Figure for ClassLearning {
    fn name(&self) -> &'static str {
        "class_learning"
    }

    fn reading(&self) -> &'static str {
        "What machines know of the two classes, read from m̂ of the denoised state (−1 and 1 at the class means): its gain towards the right class (above) and its offset, on which the class weights act (below); left what is missing to the exact law on the same states as training goes on, right what is known in the end."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get("learning_time") else { return Ok(None) };
        let Some(law) = ["law", "mixture"].into_iter().find(|law| !of(rows, law, MetricRow::CLASS_GAIN).is_empty())
        else {
            return Ok(None);
        };
        let times = chosen(run, rows, law);
        let mut drawing = page.drawing(TOP + 2.0 * HEIGHT);
        let shown: Vec<(usize, Rgb, Marker)> =
            times.iter().zip(sequence(times.len())).zip(Marker::SERIES).map(|((&t, c), m)| (t, c, m)).collect();
        let half = Page::WIDTH / 2.0;
        let width = half - Axes::LEFT;
        let machines = shown.iter().map(|&(t, color, marker)| {
            Entry::line(format!("t = {t}"), Stroke::solid(color, 1.5)).with_marker(marker, color)
        });
        legend(&mut drawing, (Axes::LEFT, 8.0), width, &machines.collect::<Vec<_>>());
        legend(&mut drawing, (Page::WIDTH - width - 30.0, 8.0), width + 30.0, &entries());
        for (i, quantity) in QUANTITIES.iter().enumerate() {
            let top = TOP - 6.0 + i as f64 * HEIGHT;
            let frame = |column_number| column(column_number, 2, (top, top + HEIGHT), Axes::RIGHT);
            over_epochs(&mut drawing, frame(0), run, (rows, law), (quantity, &shown));
            over_t(&mut drawing, frame(1), run, (rows, law), (quantity, i == 0));
        }
        Ok(Some(drawing))
    }
}

/// The timesteps of machines at which the exact gain comes nearest to the levels.
fn chosen(run: &Run, rows: &[ObservableRow], law: &str) -> Vec<usize> {
    let own = of(rows, &run.facts.model, MetricRow::CLASS_GAIN);
    let exact = of(rows, law, MetricRow::CLASS_GAIN);
    let trained = exact.iter().filter(|row| own.iter().any(|own| own.t == row.t));
    let exact: Vec<(usize, f64)> = trained.filter_map(|row| Some((row.t?, row.value))).collect();
    let nearest = |level: &f64| {
        let nearer = |a: &&(usize, f64), b: &&(usize, f64)| (a.1 - level).abs().total_cmp(&(b.1 - level).abs());
        exact.iter().min_by(nearer).map(|(t, _)| *t)
    };
    let mut times: Vec<usize> = LEVELS.iter().filter_map(nearest).collect();
    times.sort_unstable();
    times.dedup();
    times
}

fn exact_stroke() -> Stroke {
    Stroke::solid(INK, 1.4)
}

fn affine_stroke() -> Stroke {
    Stroke::solid(GREY, 1.4).dashed(Dash::Long)
}

fn entries() -> [Entry; 3] {
    [
        Entry::marker("machines", Marker::Disc, BLUE),
        Entry::line("exact law", exact_stroke()),
        Entry::line("Wiener", affine_stroke()),
    ]
}

/// What each machine shown still lacks after every epoch.
fn over_epochs(
    drawing: &mut Drawing,
    frame: Rect,
    run: &Run,
    (rows, law): (&[ObservableRow], &str),
    (quantity, shown): (&Quantity, &[(usize, Rgb, Marker)]),
) {
    let curve = |t: usize| -> Vec<(f64, f64)> {
        let exact = of(rows, law, quantity.word).iter().find(|row| row.t == Some(t)).map_or(f64::NAN, |row| row.value);
        let own = run.metrics.iter().filter(|row| row.t == t && row.metric == quantity.word);
        own.map(|row| (row.epoch as f64, row.value - exact)).collect()
    };
    let curves: Vec<Vec<(f64, f64)>> = shown.iter().map(|&(t, ..)| curve(t)).collect();
    let points = || curves.iter().flatten();
    let Some((first, last)) = bounds(points().map(|point| point.0)) else { return };
    let y = Axis::around(quantity.learned, points().map(|point| point.1).chain([0.0]), f64::INFINITY).with_ticks(5);
    let axes = Axes { frame, x: Axis::counting("epoch", first as usize, last as usize), y };
    axes.draw(drawing);
    axes.level(drawing, 0.0, exact_stroke());
    for (curve, &(_, color, marker)) in curves.iter().zip(shown) {
        axes.line(drawing, curve, Stroke::solid(color, 1.5));
        axes.markers(drawing, &super::spread(curve, 11), marker, color);
    }
}

/// What the machines know in the end, between the affine predictor and the exact law.
fn over_t(
    drawing: &mut Drawing,
    frame: Rect,
    run: &Run,
    (rows, law): (&[ObservableRow], &str),
    (quantity, named): (&Quantity, bool),
) {
    let curve = |model: &str| -> Vec<(f64, f64)> {
        of(rows, model, quantity.word).iter().filter_map(|row| Some((row.t? as f64, row.value))).collect()
    };
    let (own, exact, affine) = (curve(&run.facts.model), curve(law), curve("gaussian"));
    let points = || own.iter().chain(&exact).chain(&affine);
    let Some(x) = Axis::of_timesteps(points().map(|point| point.0 as usize)) else { return };
    let y = Axis::around(quantity.known, points().map(|point| point.1), f64::INFINITY).with_ticks(5);
    let axes = Axes { frame, x, y };
    axes.draw(drawing);
    if let Some(t) = run.predicted(Transition::Speciation) {
        axes.upright(drawing, t, Stroke::solid(GREY, 1.1).dashed(Dash::Dots));
        if let (true, Some(x)) = (named, axes.x_of(t)) {
            let style = TextStyle::new(LABEL_SIZE, GREY).aligned(Align::Middle);
            drawing.text((x, frame.y - 4.0), format!("t_S = {t:.0}"), style);
        }
    }
    axes.level(drawing, 0.0, Stroke::solid(LIGHT, 1.0));
    axes.line(drawing, &affine, affine_stroke());
    axes.line(drawing, &exact, exact_stroke());
    drawing.dots(own.iter().filter_map(|&(t, value)| axes.place_inside(t, value)).collect(), 2.2, BLUE);
}
