//! The report for a terminal of 100 columns.

use analysis::compare::tolerance::Excess;
use analysis::compare::{Comparison, Curve, Scale, TablePair, Time, TransitionPair, in_words};
use analysis::observables::Transition;

use super::report::Report;

/// Lines of one list, at most; the rest is in differences.csv.
const MOST: usize = 12;
/// Characters of a value of the configuration.
const VALUE: usize = 30;
/// Characters of the name of a transition time.
const NAME: usize = 42;
const WIDTH: usize = 100;

/// Everything that was found.
pub(super) fn report(report: &Report) -> String {
    let mut text = String::new();
    for (group, names) in report.groups.iter().zip(&report.names) {
        for (run, name) in group.runs.iter().zip(names) {
            text += &format!("{}  {name}  (seed {})\n", group.label, run.facts.seed);
        }
    }
    text += &settings(report);
    text += &qualities(report);
    for (comparison, samples) in report.comparisons.iter().zip(&report.samples) {
        text += &self::comparison(comparison, *samples);
    }
    text + "\n" + &verdict(report)
}

/// Whether anything differs, in one line for each comparison.
pub(super) fn verdict(report: &Report) -> String {
    if let Some(lengths) = report.lengths() {
        return lengths + "\n";
    }
    let line = |comparison: &Comparison| {
        let Comparison { base, other, q, tested, .. } = comparison;
        let found = found(comparison);
        match (found.is_empty(), tested) {
            (_, 0) => format!("{other} against {base}: no test was possible\n"),
            (true, _) => format!("{other} against {base}: nothing differs beyond chance ({tested} tests, q = {q})\n"),
            (false, _) => {
                let text = format!(
                    "{other} against {base}: differs beyond chance ({tested} tests, q = {q}) in {}",
                    found.join(", ")
                );
                wrapped(&text, 4)
            }
        }
    };
    report.comparisons.iter().map(line).collect()
}

/// What differs, by name.
fn found(comparison: &Comparison) -> Vec<String> {
    let curves = comparison.curves.iter().filter(|curve| !curve.windows.is_empty()).map(Curve::name);
    let tables = comparison.observables.iter().filter(|table| table.differing > 0).map(|table| table.name.clone());
    let times = comparison.transitions.iter().any(|pair| pair.differs).then(|| "transition times".to_owned());
    curves.chain(tables).chain(times).collect()
}

fn settings(report: &Report) -> String {
    if report.settings.is_empty() {
        return "\nno setting differs\n".to_owned();
    }
    let labels = report.groups.iter().map(|group| group.label.clone());
    let mut rows = vec![["key".to_owned()].into_iter().chain(labels).collect::<Vec<_>>()];
    for setting in &report.settings {
        let values = setting.values.iter().map(|value| cut(value.as_deref().unwrap_or("(absent)"), VALUE));
        rows.push([setting.key.clone()].into_iter().chain(values).collect());
    }
    format!("\nsettings that differ\n{}", table(&rows))
}

fn qualities(report: &Report) -> String {
    if report.qualities.is_empty() {
        return String::new();
    }
    let labels = report.groups.iter().map(|group| group.label.clone());
    let mut rows = vec![["measure".to_owned()].into_iter().chain(labels).collect::<Vec<_>>()];
    for quality in &report.qualities {
        rows.push([quality.measure.to_owned()].into_iter().chain(quality.texts()).collect());
    }
    format!("\nquality of the samples (less is better)\n{}", table(&rows))
}

fn comparison(comparison: &Comparison, samples: Option<bool>) -> String {
    let Comparison { base, other, design, .. } = comparison;
    let mut text = format!("\n{other} against {base}\n");
    for note in &comparison.notes {
        text += &wrapped(&format!("  note: {note}"), 8);
    }
    if let Some(same) = samples {
        text += if same { "  samples: the same bytes\n" } else { "  samples: different bytes\n" };
    }
    if !comparison.curves.is_empty() {
        text += &wrapped(&format!("  losses, judged by the {}", design.of_losses()), 4);
        text += &curves(&comparison.curves);
    }
    if !comparison.observables.is_empty() {
        text += &wrapped(&format!("  observables, judged by {}", design.of_observables()), 4);
        text += &tables(&comparison.observables);
    }
    text + &transitions(comparison)
}

fn curves(curves: &[Curve]) -> String {
    let head = ["", "median", "largest", "at t", "least p", "differs for"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for curve in curves {
        let scale = curve.scale;
        let mut sorted: Vec<f64> = curve.points.iter().map(|point| point.shown()).collect();
        sorted.sort_by(f64::total_cmp);
        let median = sorted.get(sorted.len() / 2).map_or(String::new(), |value| difference(*value, scale));
        let largest = curve.points.iter().max_by(|a, b| a.shown().abs().total_cmp(&b.shown().abs()));
        let p = curve.points.iter().filter_map(|point| point.p).reduce(f64::min);
        let windows = match (curve.is_identical(), curve.tested(), &curve.windows[..]) {
            (true, ..) => "(identical)".to_owned(),
            (_, 0, _) => "(no test)".to_owned(),
            (_, _, []) => "nothing beyond chance".to_owned(),
            (.., windows) => cut(&in_words(windows), 44),
        };
        rows.push(vec![
            curve.name(),
            median,
            largest.map_or(String::new(), |point| difference(point.shown(), scale)),
            largest.map_or(String::new(), |point| point.t.to_string()),
            p.map_or(String::new(), |p| format!("{p:.1e}")),
            windows,
        ]);
    }
    let mut text = table(&rows);
    for curve in curves.iter().filter(|curve| !curve.windows.is_empty()) {
        text += &sentences(curve);
    }
    text
}

/// `test mse differs for t in [41, 53]: +3.1% on average`, a line a window.
fn sentences(curve: &Curve) -> String {
    let sentence = |window: &analysis::compare::Window| {
        let inside = curve.points.iter().filter(|point| (window.first..=window.last).contains(&point.t));
        let shown: Vec<f64> = inside.map(|point| point.shown()).collect();
        let mean = shown.iter().sum::<f64>() / shown.len() as f64;
        format!("    {} differs for {window}: {} on average\n", curve.name(), difference(mean, curve.scale))
    };
    let more = curve.windows.len().saturating_sub(MOST);
    curve.windows.iter().take(MOST).map(sentence).collect::<String>() + &and_more(more)
}

fn difference(value: f64, scale: Scale) -> String {
    match scale {
        Scale::Relative if value != 0.0 && value.abs() < 5e-5 => format!("{:+.1e}%", 100.0 * value),
        Scale::Relative => format!("{:+.2}%", 100.0 * value),
        Scale::Absolute => format!("{value:+.3e}"),
    }
}

fn tables(tables: &[TablePair]) -> String {
    let head = ["", "rows", "equal", "tested", "differ", "in one only"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for table in tables {
        let counts = [table.compared, table.equal, table.tested, table.differing, table.unmatched];
        rows.push([table.name.clone()].into_iter().chain(counts.map(|count| count.to_string())).collect());
    }
    let mut text = table(&rows);
    for table in tables.iter().filter(|table| table.differing > 0) {
        for place in table.places.iter().take(MOST) {
            let place_of =
                if place.windows.is_empty() { String::new() } else { format!(" for {}", in_words(&place.windows)) };
            let name = format!("{} {} ({})", place.model, place.quantity, place.group);
            text += &wrapped(&format!("    {}: {name} differs{place_of}", table.name), 6);
        }
        text += &and_more(table.places.len().saturating_sub(MOST));
    }
    text
}

/// Those of all trajectories that are not equal; classes are in differences.csv.
fn transitions(comparison: &Comparison) -> String {
    let mut text = String::new();
    for transition in [Transition::Speciation, Transition::Collapse] {
        let of_all = comparison.transitions.iter().filter(|pair| pair.transition == transition && pair.group == "all");
        let (equal, unequal): (Vec<_>, Vec<_>) = of_all.partition(|pair| pair.base == pair.other);
        if equal.len() + unequal.len() > 0 {
            text += &format!("  {} times with 95% intervals; {} are equal\n", transition.word(), equal.len());
        }
        if !unequal.is_empty() {
            let head = ["", &comparison.base, &comparison.other, "by", ""];
            let mut rows = vec![head.map(str::to_owned).to_vec()];
            rows.extend(unequal.into_iter().map(times));
            text += &table(&rows);
        }
    }
    let differing = comparison.transitions.iter().filter(|pair| pair.differs && pair.group != "all").count();
    if differing == 0 {
        text
    } else {
        text + &format!("    of single classes {differing} differ: see differences.csv\n")
    }
}

fn times(pair: &TransitionPair) -> Vec<String> {
    let overlap = match (pair.differs, pair.overlap) {
        (true, _) => "differs",
        (_, Some(true)) => "overlap",
        (_, Some(false)) => "apart",
        (_, None) => "",
    };
    vec![
        cut(&format!("{}: {}", pair.model, pair.convention), NAME),
        time(pair.base),
        time(pair.other),
        pair.difference.map_or(String::new(), |difference| format!("{difference:+.1}")),
        overlap.to_owned(),
    ]
}

/// `51.3 (50.9-51.5)`.
pub(super) fn time(time: Option<Time>) -> String {
    let Some(Time { t, low, high }) = time else { return "never".to_owned() };
    let interval = low.zip(high).map_or(String::new(), |(low, high)| format!(" ({low:.1}-{high:.1})"));
    format!("{t:.1}{interval}")
}

/// What is further apart than allowed, the worst first.
pub(super) fn tolerance(base: &str, found: &[(String, Vec<Excess>, usize)], tolerance: f64) -> String {
    let mut text = String::new();
    for (other, excesses, compared) in found {
        if excesses.is_empty() {
            text += &format!("{base} and {other}: all {compared} numbers equal to {tolerance:e}\n");
            continue;
        }
        let count = excesses.len();
        text += &format!(
            "{base} and {other}: {count} of {compared} numbers differ by more than {tolerance:e}, the worst are\n"
        );
        let head = ["file", "row", "there", "here", "relative"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let number = |value: Option<f64>| value.map_or("missing".to_owned(), |value| format!("{value:.6e}"));
        rows.extend(excesses.iter().take(MOST).map(|excess| {
            let relative = if excess.relative.is_finite() { format!("{:.1e}", excess.relative) } else { String::new() };
            vec![excess.file.clone(), excess.row.clone(), number(excess.base), number(excess.other), relative]
        }));
        text += &table(&rows);
        text += &and_more(count.saturating_sub(MOST));
    }
    text.trim_end().to_owned()
}

fn and_more(count: usize) -> String {
    if count == 0 { String::new() } else { format!("    and {count} more\n") }
}

/// Columns beside each other, the first aligned to the left as are all with letters, numbers to the right.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |i: usize| rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let numeric = |i: usize| {
        let mut cells = rows.iter().skip(1).filter_map(|row| row.get(i)).filter(|cell| !cell.is_empty()).peekable();
        let is_number =
            |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c)) && !cell.contains(' ');
        cells.peek().is_some() && cells.all(is_number)
    };
    let right: Vec<bool> = (0..columns).map(numeric).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(i, cell)| {
            let width = widths[i];
            if right[i] { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        format!("    {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 3).chain("...".chars()).collect()
}

/// The text in lines of [`WIDTH`] characters, all but the first indented.
fn wrapped(text: &str, indent: usize) -> String {
    let start: String = text.chars().take_while(|c| *c == ' ').collect();
    let mut lines = vec![start];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        let space = if line.trim().is_empty() { "" } else { " " };
        if line.chars().count() + space.len() + word.chars().count() > WIDTH {
            lines.push(format!("{}{word}", " ".repeat(indent)));
        } else {
            *line += space;
            *line += word;
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned_and_lines_fit() {
        let rows = [["", "p"], ["mse", "1.0e-5"], ["a long name", "+3"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "                      p\n    mse          1.0e-5\n    a long name      +3\n");
        let text = wrapped(&format!("  note: {}", "word ".repeat(60)), 8);
        assert!(text.lines().count() > 2 && text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(text.lines().skip(1).all(|line| line.starts_with("        word")));
        assert_eq!(cut("abcdefgh", 6), "abc...");
    }

    #[test]
    fn differences_keep_their_sign_and_their_smallness() {
        let relative = |value| difference(value, Scale::Relative);
        assert_eq!(
            [relative(0.0123), relative(-0.5), relative(3e-7), relative(0.0)],
            ["+1.23%", "-50.00%", "+3.0e-5%", "+0.00%"]
        );
        assert_eq!(time(Some(Time { t: 51.26, low: Some(50.9), high: Some(51.5) })), "51.3 (50.9-51.5)");
        assert_eq!(time(None), "never");
    }
}
