//! Numbers of two runs that are further apart than they may be.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::observables::{self, ObservableRow, TransitionRow};
use crate::{AnalysisError, MetricRow, Table, read_table, read_table_if_present};

/// What two numbers may always be apart.
pub const ABSOLUTE: f64 = 1e-12;

/// Two numbers that differ by more than the tolerance, or a number that one run lacks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Excess {
    /// The table in the run folder.
    pub file: String,
    /// Which number of it.
    pub row: String,
    /// The first run's; `None` where it has none.
    pub base: Option<f64>,
    /// The other's.
    pub other: Option<f64>,
    /// |other - base| / max(|base|, |other|); infinite where one is missing or not finite.
    pub relative: f64,
}

/// The numbers of `metrics.csv`, `transitions.csv` and the observables that are not equal within
/// |x - y| <= max(tolerance max(|x|, |y|), [`ABSOLUTE`]), the worst first, and how many were compared.
///
/// # Errors
/// Any [`AnalysisError`] about a table of either run, naming it and the line at fault.
pub fn exceeding(base: &Path, other: &Path, tolerance: f64) -> Result<(Vec<Excess>, usize), AnalysisError> {
    let (base, other) = (numbers(base)?, numbers(other)?);
    let mut excesses: Vec<Excess> = Vec::new();
    let mut add = |(file, row): &(String, String), x: Option<f64>, y: Option<f64>| {
        let relative = apart(x, y);
        if relative > tolerance {
            excesses.push(Excess { file: file.clone(), row: row.clone(), base: x, other: y, relative });
        }
    };
    base.iter().for_each(|(key, x)| add(key, Some(*x), other.get(key).copied()));
    other.iter().filter(|(key, _)| !base.contains_key(*key)).for_each(|(key, y)| add(key, None, Some(*y)));
    excesses.sort_by(|a, b| b.relative.total_cmp(&a.relative));
    Ok((excesses, base.len().max(other.len())))
}

/// The relative distance of two numbers, 0 where it is allowed whatever the tolerance.
fn apart(x: Option<f64>, y: Option<f64>) -> f64 {
    let Some((x, y)) = x.zip(y) else { return f64::INFINITY };
    if x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= ABSOLUTE {
        return 0.0;
    }
    let relative = (x - y).abs() / x.abs().max(y.abs());
    if relative.is_finite() { relative } else { f64::INFINITY }
}

/// Numbers by table and row.
type Numbers = BTreeMap<(String, String), f64>;

fn numbers(dir: &Path) -> Result<Numbers, AnalysisError> {
    let mut numbers = Numbers::new();
    for MetricRow { t, epoch, split, metric, value } in read_table::<MetricRow>(dir)? {
        let row = format!("t = {t}, epoch {epoch}, {} {metric}", split.word());
        numbers.insert((MetricRow::FILE.to_owned(), row), value);
    }
    for (name, rows) in observables::read_all(dir)? {
        let file = format!("{}/{name}.csv", ObservableRow::FOLDER);
        for row in &rows {
            let ends = [("", Some(row.value)), (", low", row.low), (", high", row.high)];
            add(&mut numbers, &file, &name_of(row), ends);
        }
    }
    for row in read_table_if_present::<TransitionRow>(dir)? {
        let name = format!("{} {}, {}, {}", row.transition.word(), row.convention, row.model, row.group);
        add(&mut numbers, TransitionRow::FILE, &name, [("", row.t), (", low", row.low), (", high", row.high)]);
    }
    Ok(numbers)
}

fn add(numbers: &mut Numbers, file: &str, name: &str, values: [(&str, Option<f64>); 3]) {
    for (end, value) in values {
        if let Some(value) = value {
            numbers.insert((file.to_owned(), format!("{name}{end}")), value);
        }
    }
}

fn name_of(row: &ObservableRow) -> String {
    let t = row.t.map_or(String::new(), |t| format!("t = {t}, "));
    let x = row.x.map_or(String::new(), |x| format!("x = {x}, "));
    format!("{t}{x}{} {}, {}", row.model, row.quantity, row.group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_relative_and_tiny_ones_do_not_count() {
        assert_eq!(apart(Some(1.0), Some(1.0)), 0.0);
        assert!((apart(Some(100.0), Some(-100.0)) - 2.0).abs() < 1e-15);
        assert!((apart(Some(0.99), Some(1.0)) - 0.01).abs() < 1e-12);
        assert_eq!((apart(Some(0.0), Some(1e-12)), apart(Some(0.0), Some(3e-12))), (0.0, 1.0));
        assert_eq!((apart(Some(f64::NAN), Some(f64::NAN)), apart(Some(1.0), None)), (0.0, f64::INFINITY));
        assert_eq!(
            (apart(Some(f64::NAN), Some(1.0)), apart(Some(f64::INFINITY), Some(1.0))),
            (f64::INFINITY, f64::INFINITY)
        );
    }

    #[test]
    fn the_worst_come_first_and_missing_rows_count() {
        let write = |text: &str| {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join("metrics.csv"), format!("t,epoch,split,metric,value\n{text}")).unwrap();
            dir
        };
        let base = write("1,1,test,mse,0.5\n2,1,test,mse,0.25\n3,1,test,mse,0.1\n");
        let other = write("1,1,test,mse,0.5\n2,1,test,mse,0.2501\n3,1,test,mse,0.11\n4,1,test,mse,0.1\n");
        let (found, compared) = exceeding(base.path(), other.path(), 1e-3).unwrap();
        let rows: Vec<&str> = found.iter().map(|excess| excess.row.as_str()).collect();
        assert_eq!((rows, compared), (vec!["t = 4, epoch 1, test mse", "t = 3, epoch 1, test mse"], 4));
        assert_eq!(exceeding(base.path(), other.path(), 1e-5).unwrap().0.len(), 3);
        assert_eq!(exceeding(base.path(), base.path(), 0.0).unwrap(), (vec![], 3));
    }
}
