//! The histogram of x_T against the Gaussian that the reverse chain starts from.

use super::Figure;
use crate::observables::ObservableRow;
use crate::plot::axes::{Axes, Axis, LABEL_SIZE, Marker, Scale, bounds};
use crate::plot::drawing::{Align, Dash, Drawing, Rect, Stroke, TextStyle};
use crate::plot::legend::{Entry, legend};
use crate::plot::page::Page;
use crate::plot::palette::{BLUE, GREY, INK, ORANGE, Rgb, VERMILION};
use crate::{AnalysisError, Run};

/// Heights of the frame of densities and of that of ratios, and the space between.
const UPPER: f64 = 330.0;
const LOWER: f64 = 210.0;
const BETWEEN: f64 = 24.0;
/// The ratios that are shown, in fixed steps, until all measured ones within their errors are.
const RATIOS: [f64; 4] = [0.1, 0.25, 0.5, 1.0];

pub(super) struct NoiseHistogram;

/// A way to x_T.
struct Way {
    model: &'static str,
    label: &'static str,
    marker: Marker,
    color: Rgb,
    /// Moved by this much of a bin, so that bars of two ways do not hide each other.
    shift: f64,
}

static WAYS: [Way; 2] = [
    Way { model: "jump", label: "one jump", marker: Marker::OpenSquare, color: ORANGE, shift: 0.16 },
    Way { model: "chain", label: "step by step", marker: Marker::Disc, color: BLUE, shift: -0.16 },
];

impl Figure for NoiseHistogram {
    fn name(&self) -> &'static str {
        "noise_histogram"
    }

    fn reading(&self) -> &'static str {
        "All coordinates of x_T, step by step and in one jump, with their 95% Poisson errors, against the density of N(0, 1) that the reverse chain starts from and the exact one, a mixture of Gaussians around the signal that is left; below, each over the exact one: where the chain thermalises the dashed curve is 1, where it does not the reverse chain starts from another law."
    }

    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError> {
        let Some(rows) = run.observables.get("forward_agreement") else { return Ok(None) };
        let of = |model: &str| bins(rows, model);
        let (exact, normal) = (of("exact"), of("normal"));
        let Some((low, high)) = bounds(exact.iter().filter_map(|row| row.x)) else { return Ok(None) };
        let measured: Vec<&ObservableRow> = WAYS.iter().flat_map(|way| of(way.model)).collect();
        let positive = measured.iter().flat_map(|row| [Some(row.value), row.high]).flatten().filter(|v| *v > 0.0);
        let Some((_, most)) = bounds(positive.chain(exact.iter().map(|row| row.value))) else { return Ok(None) };
        let width = (high - low) / (exact.len().max(2) - 1) as f64;
        // A single value in a bin stands a little above the floor.
        let single = measured.iter().map(|row| row.value).filter(|v| *v > 0.0).fold(most, f64::min);
        let mut drawing = page.drawing(UPPER + LOWER + BETWEEN);
        let below = head(&mut drawing);
        let x = Axis::new("coordinate of x_T", Scale::Linear, low - 0.5 * width, high + 0.5 * width);
        let upper = Rect { height: UPPER - below - 6.0, ..Axes::page_frame(below, UPPER) };
        let y = Axis::new("density", Scale::Log, single / 4.0, 1.6 * most);
        let axes = Axes { frame: upper, x: x.clone().unlabelled(), y };
        axes.draw(&mut drawing);
        for (curve, stroke) in [(&exact, exact_stroke()), (&normal, normal_stroke())] {
            let visible = |row: &&ObservableRow| (row.x.unwrap_or(f64::NAN), floored(row.value, single / 4.0));
            axes.line(&mut drawing, &curve.iter().map(visible).collect::<Vec<_>>(), stroke);
        }
        draw_measured(&mut drawing, &axes, rows, width, |row, value| Some(value).filter(|_| row.value > 0.0));
        write_chi2(&mut drawing, &axes, run, rows);
        let frame = Rect { y: UPPER + BETWEEN, height: LOWER - Axes::BELOW, ..upper };
        draw_ratios(&mut drawing, Axes { frame, x, y: ratio_axis(&exact, rows) }, (&exact, &normal), rows, width);
        Ok(Some(drawing))
    }
}

fn exact_stroke() -> Stroke {
    Stroke::solid(INK, 1.5)
}

fn normal_stroke() -> Stroke {
    Stroke::solid(VERMILION, 1.5).dashed(Dash::Long)
}

/// The value, or no number below the floor, where a line is broken.
fn floored(value: f64, floor: f64) -> f64 {
    if value >= floor { value } else { f64::NAN }
}

/// The bins of a model by their place.
fn bins<'a>(rows: &'a [ObservableRow], model: &str) -> Vec<&'a ObservableRow> {
    rows.iter().filter(|row| row.quantity == "noise_density" && row.model == model && row.x.is_some()).collect()
}

fn head(drawing: &mut Drawing) -> f64 {
    let mut entries: Vec<Entry> =
        vec![Entry::line("N(0, 1)", normal_stroke()), Entry::line("exact, mixture over the x₀", exact_stroke())];
    entries.extend(WAYS.iter().map(|way| Entry::marker(way.label, way.marker, way.color)));
    legend(drawing, (Axes::LEFT, 8.0), Page::WIDTH - Axes::LEFT - Axes::RIGHT, &entries)
}

/// Markers and bars of both ways; `of` maps a value of a row to what is drawn.
fn draw_measured(
    drawing: &mut Drawing,
    axes: &Axes,
    rows: &[ObservableRow],
    width: f64,
    of: impl Fn(&ObservableRow, f64) -> Option<f64>,
) {
    for way in &WAYS {
        let own = bins(rows, way.model);
        let place = |row: &ObservableRow| row.x.unwrap_or(f64::NAN) + way.shift * width;
        for row in &own {
            let ends = row.low.and_then(|low| of(row, low)).zip(row.high.and_then(|high| of(row, high)));
            let Some((low, high)) = ends else { continue };
            let Some((x, _)) = axes.place(place(row), high) else { continue };
            let within = |y: f64| y.clamp(axes.frame.y, axes.frame.bottom());
            let y = |value: f64| axes.place(place(row), value).map_or(axes.frame.bottom(), |(_, y)| within(y));
            drawing.line((x, y(low)), (x, y(high)), Stroke::solid(way.color, 1.1));
        }
        for row in own {
            if let Some(at) = of(row, row.value).and_then(|value| axes.place_inside(place(row), value)) {
                way.marker.draw(drawing, at, 2.3, way.color);
            }
        }
    }
}

/// How far the counts are from both laws, and what is left of the signal.
fn write_chi2(drawing: &mut Drawing, axes: &Axes, run: &Run, rows: &[ObservableRow]) {
    let of = |quantity: &str| {
        let mut found = rows.iter().filter(|row| row.quantity == quantity && row.model == "chain");
        found.find_map(|row| row.value.is_finite().then_some(row.value))
    };
    let left = run.schedule.last().map(|row| format!("ᾱ_T = {}", brief(row.alpha_bar)));
    let chi2 = |(name, value): (&str, Option<f64>)| Some(format!("χ² a bin from {name}: {}", brief(value?)));
    let laws = [("the exact density", of("chi2_exact")), ("N(0, 1)", of("chi2_normal"))];
    let lines = left.into_iter().chain(laws.into_iter().filter_map(chi2));
    let style = TextStyle::new(LABEL_SIZE - 1.0, GREY).aligned(Align::Middle);
    let x = axes.frame.x + axes.frame.width / 2.0;
    for (i, line) in lines.enumerate() {
        drawing.text((x, axes.frame.bottom() - 46.0 + 16.0 * i as f64), line, style);
    }
}

/// Three digits, or the power of ten of a small number.
fn brief(value: f64) -> String {
    match value {
        v if v.abs() < 1e-2 => format!("{v:.1e}"),
        v if v.abs() < 1.0 => format!("{v:.3}"),
        v if v.abs() < 10.0 => format!("{v:.2}"),
        v => format!("{v:.0}"),
    }
}

/// Wide enough for every measured ratio whose error is below a tenth.
fn ratio_axis(exact: &[&ObservableRow], rows: &[ObservableRow]) -> Axis {
    let sharp = WAYS.iter().flat_map(|way| bins(rows, way.model).into_iter().zip(exact)).filter_map(|(row, exact)| {
        let (low, high) = (row.low? / exact.value, row.high? / exact.value);
        (high - low < 0.4).then(|| (high - 1.0).max(1.0 - low))
    });
    let most = sharp.fold(0.0, f64::max);
    let reach = RATIOS.into_iter().find(|reach| *reach >= most).unwrap_or(1.0);
    Axis::new("over the exact density", Scale::Linear, 1.0 - 1.02 * reach, 1.0 + 1.02 * reach).with_ticks(5)
}

/// Each way over the exact density, and N(0, 1) over it.
fn draw_ratios(
    drawing: &mut Drawing,
    axes: Axes,
    (exact, normal): (&[&ObservableRow], &[&ObservableRow]),
    rows: &[ObservableRow],
    width: f64,
) {
    axes.draw(drawing);
    axes.level(drawing, 1.0, exact_stroke());
    let expected = |row: &ObservableRow| {
        let same = |exact: &&&ObservableRow| exact.x == row.x;
        exact.iter().find(same).map(|exact| exact.value).filter(|value| *value > 0.0)
    };
    let inside = |x: f64, y: f64| (x, if axes.place_inside(x, y).is_some() { y } else { f64::NAN });
    let ratio = |row: &&ObservableRow| Some(inside(row.x?, row.value / expected(row)?));
    axes.line(drawing, &normal.iter().filter_map(ratio).collect::<Vec<_>>(), normal_stroke());
    draw_measured(drawing, &axes, rows, width, |row, value| {
        // Where nothing is expected a ratio says nothing.
        let expected = expected(row)?;
        let few = row.high.unwrap_or(f64::NAN) - row.value > 3.0 * expected;
        (!few && row.value > 0.0).then_some(value / expected)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::fabricated;
    use crate::render;

    #[test]
    fn a_histogram_is_drawn_with_its_ratios_and_its_numbers() {
        let mut run = fabricated::empty();
        let row = |model: &str, x: f64, value: f64| ObservableRow {
            t: Some(100),
            x: Some(x),
            low: Some(0.9 * value),
            high: Some(1.1 * value),
            ..ObservableRow::timeless(model, "noise_density", value)
        };
        let density = |x: f64| (-0.5 * x * x).exp() / 2.5;
        let places = || (-20..=20).map(|i| 0.2 * f64::from(i));
        let models = ["exact", "normal", "chain", "jump"];
        let mut rows: Vec<ObservableRow> =
            models.iter().flat_map(|model| places().map(|x| row(model, x, density(x)))).collect();
        rows.push(ObservableRow { t: Some(100), ..ObservableRow::timeless("chain", "chi2_normal", 123.4) });
        run.observables.insert("forward_agreement", rows);
        let only = ["noise_histogram".to_owned()];
        let svg = &render(&run, Some(&only)).unwrap()[0].svg;
        for text in
            [">density<", "over the exact density<", "coordinate of x_T<", "from N(0, 1): 123<", "step by step<"]
        {
            assert_eq!(svg.matches(text).count(), 1, "{text}");
        }
        run.observables.insert("forward_agreement", Vec::new());
        assert_eq!(render(&run, Some(&only)).unwrap(), []);
    }

    #[test]
    fn numbers_are_brief() {
        assert_eq!([4.036e-5, 0.364, 1.04, 523.4].map(brief), ["4.0e-5", "0.364", "1.04", "523"]);
    }
}
