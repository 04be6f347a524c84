//! The tables of a regression: its points with the fit, and the kinks of its hidden units.

use analysis::{FitRow, KinkRow, Split, Table, to_csv};
use data::{Cubic, Samples};
use model::{Machine, Predictor};

use super::bench::Bench;
use crate::DriverError;

/// `fit.csv` with both splits, each in the order of x, and `kinks.csv`, from the machine.
pub(crate) fn tables(bench: &Bench, machine: &Machine) -> Result<[(&'static str, String); 2], DriverError> {
    let fit = [(Split::Train, &bench.dataset.train), (Split::Test, &bench.dataset.test)];
    let fit: Vec<FitRow> = fit.into_iter().flat_map(|(split, points)| fit_rows(machine, split, points)).collect();
    Ok([(FitRow::FILE, to_csv(&fit)?), (KinkRow::FILE, to_csv(&kink_rows(machine))?)])
}

fn fit_rows(machine: &Machine, split: Split, points: &Samples) -> Vec<FitRow> {
    let x: Vec<f32> = points.rows().map(|point| point[0]).collect();
    let y_hat = answers(machine, &x);
    let row = |(point, y_hat): (&[f32], &f32)| {
        let x = f64::from(point[0]);
        FitRow { split, x, y: f64::from(point[1]), y_hat: f64::from(*y_hat), target: Cubic::at(x) }
    };
    let mut rows: Vec<FitRow> = points.rows().zip(&y_hat).map(row).collect();
    rows.sort_by(|a, b| a.x.total_cmp(&b.x));
    rows
}

/// Unit j of relu(w1 x + b1) acts on one side of x = -b1 / w1.
fn kink_rows(machine: &Machine) -> Vec<KinkRow> {
    let at: Vec<f32> = machine.w1.iter().zip(&machine.b1).map(|(w1, b1)| -b1 / w1).collect();
    let y_hat = answers(machine, &at);
    let row = |(j, (&x, &y_hat)): (usize, (&f32, &f32))| {
        let bend = f64::from(machine.w1[j].abs()) * f64::from(machine.w2[j]);
        KinkRow { unit: j + 1, x: f64::from(x), y_hat: f64::from(y_hat), bend }
    };
    at.iter().zip(&y_hat).enumerate().map(row).collect()
}

fn answers(machine: &Machine, x: &[f32]) -> Vec<f32> {
    let mut y_hat = vec![0.0; x.len()];
    machine.eps_hat(x, &mut y_hat);
    y_hat
}

#[cfg(test)]
mod tests {
    use model::Skip;

    use super::*;

    #[test]
    fn the_slope_of_the_fit_changes_at_each_kink_by_its_bend() {
        let machine = Machine {
            dim: 1,
            inputs: 1,
            hidden: 2,
            w1: vec![2.0, -1.0],
            b1: vec![1.0, 0.5],
            w2: vec![1.5, 3.0],
            b2: vec![0.25],
            skip: Skip::None,
            local: None,
        };
        let kinks = kink_rows(&machine);
        assert_eq!(
            kinks.iter().map(|kink| (kink.unit, kink.x, kink.bend)).collect::<Vec<_>>(),
            [(1, -0.5, 3.0), (2, 0.5, 3.0)]
        );
        for kink in kinks {
            let x = [kink.x - 0.25, kink.x, kink.x + 0.25].map(|x| x as f32);
            let y: Vec<f64> = answers(&machine, &x).into_iter().map(f64::from).collect();
            assert!((y[1] - kink.y_hat).abs() < 1e-6);
            assert!(((y[2] - y[1]) / 0.25 - (y[1] - y[0]) / 0.25 - kink.bend).abs() < 1e-5);
        }
    }
}
