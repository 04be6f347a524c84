//! The transition times of a run as a table in the terminal.

use analysis::observables::{Transition, TransitionRow};
use analysis::read_table_if_present;

use crate::DriverError;
use crate::folder::RunFolder;

/// The rows of `transitions.csv` that are about all trajectories; empty where there are none.
///
/// # Errors
/// A table that cannot be read.
pub(crate) fn table(folder: &RunFolder) -> Result<String, DriverError> {
    let rows: Vec<TransitionRow> = read_table_if_present(folder.root())?;
    Ok(shown(&rows))
}

fn shown(rows: &[TransitionRow]) -> String {
    let mut cells = vec![["transition", "convention", "model", "t", "95% interval"].map(str::to_owned)];
    for transition in [Transition::Speciation, Transition::Collapse] {
        let of_all = rows.iter().filter(|row| row.transition == transition && row.group == "all");
        cells.extend(of_all.map(|row| {
            let word = match transition {
                Transition::Speciation => "speciation",
                Transition::Collapse => "collapse",
            };
            let interval = row.low.zip(row.high).map_or(String::new(), |(low, high)| format!("{low:.1} to {high:.1}"));
            [
                word.to_owned(),
                row.convention.clone(),
                row.model.clone(),
                row.t.map_or("never".to_owned(), time),
                interval,
            ]
        }));
    }
    if cells.len() == 1 {
        return String::new();
    }
    let width = |i: usize| cells.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths: [usize; 4] = std::array::from_fn(width);
    let line = |[transition, convention, model, t, interval]: &[String; 5]| {
        let [a, b, c, d] = widths;
        let line = format!("{transition:<a$}  {convention:<b$}  {model:<c$}  {t:>d$}  {interval}");
        format!("{}\n", line.trim_end())
    };
    cells.iter().map(line).collect()
}

/// A time: whole where it counts steps, with one decimal where it was interpolated.
pub(crate) fn time(t: f64) -> String {
    if t.fract() == 0.0 { format!("{t:.0}") } else { format!("{t:.1}") }
}

#[cfg(test)]
mod tests {
    use analysis::stats::Interval;

    use super::*;

    #[test]
    fn speciation_comes_before_collapse_and_classes_stay_in_the_file() {
        let interval = Interval { value: 51.26, low: 50.9, high: 51.5 };
        let rows = [
            TransitionRow::measured(Transition::Collapse, "Y2 = 0.5", "machines", None, 100),
            TransitionRow::predicted(Transition::Speciation, "kappa = 1", "data", Some(51.0)),
            TransitionRow::measured(Transition::Speciation, "phi_C = 0.7752", "law", Some(interval), 100),
            TransitionRow::predicted(Transition::Speciation, "kappa = 1", "data", Some(3.0)).of_group("1"),
        ];
        let expected = "transition  convention      model         t  95% interval\n\
                        speciation  kappa = 1       data         51\n\
                        speciation  phi_C = 0.7752  law        51.3  50.9 to 51.5\n\
                        collapse    Y2 = 0.5        machines  never\n";
        assert_eq!(shown(&rows), expected);
        assert_eq!(shown(&[]), "");
    }
}
