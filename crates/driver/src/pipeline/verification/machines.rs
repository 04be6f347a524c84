//! The checkpoints of a run: readable, of the run's settings, of its schedule.

use model::checkpoint::{self, Checkpoint, History};
use model::{Machine, Net, Skip};
use schedule::Timestep;

use super::{Checks, Subject};
use crate::pipeline::shelf::{Shelf, file};

/// Reads every machine that the manifest lists; the learning curves of the sound ones, by timestep.
pub(crate) fn check(subject: &Subject<'_>, shelf: &Shelf<'_>, checks: &mut Checks) -> Vec<(Timestep, History)> {
    let schedule = &subject.bench.schedule;
    let progress = subject.terminal.progress("machines", schedule.len() as u64);
    let mut curves = Vec::new();
    let mut listed = 0;
    for t in schedule.timesteps() {
        progress.advance(1);
        let name = file(t);
        if !subject.manifest.outputs.contains_key(&name) {
            continue;
        }
        listed += 1;
        if !checks.is_sound(&name) {
            continue;
        }
        match checkpoint::read(&subject.folder.root().join(&name)) {
            Err(error) => checks.found(&name, format!("cannot be read ({error})")),
            Ok(there) => match fault(&there, t, schedule.alpha_bar(t), shelf.key_of(t)) {
                Some(fault) => checks.found(&name, fault),
                None => curves.push((t, there.history)),
            },
        }
    }
    progress.finish();
    let sound = curves.len();
    checks.done("machines", format!("{sound} of {listed} readable, with the key and the alpha_bar of config.toml"));
    if listed < schedule.len() {
        checks.note(format!("the run has {listed} of the {} machines of its schedule", schedule.len()));
    }
    curves
}

/// What is wrong with the checkpoint in the place of t.
fn fault(there: &Checkpoint, t: Timestep, alpha_bar: f64, key: &str) -> Option<String> {
    // The writer's decimals may be read back one bit off.
    let same = |a: f64, b: f64| (a - b).abs() <= 4.0 * f64::EPSILON * b.abs();
    if there.t != t.get() {
        Some(format!("is the machine of t = {}", there.t))
    } else if !same(there.alpha_bar, alpha_bar) {
        Some(format!("is for alpha_bar = {}, the schedule has {alpha_bar}", there.alpha_bar))
    } else if there.key != key {
        Some("belongs to other settings or data than config.toml's (its key is another one)".to_owned())
    } else if !are_finite(&there.machine) {
        Some("holds weights that are no numbers".to_owned())
    } else {
        None
    }
}

fn are_finite(net: &Net) -> bool {
    match net {
        Net::Autoencoder(machine) => is_finite(machine),
        Net::Sigmoid(layer) => layer.w.iter().chain(&layer.b).all(|value| value.is_finite()),
    }
}

fn is_finite(machine: &Machine) -> bool {
    let skip = match &machine.skip {
        Skip::None => true,
        Skip::Scalar(gain) => gain.is_finite(),
        Skip::Diagonal(gains) => finite(gains),
    };
    skip && [&machine.w1, &machine.b1, &machine.w2, &machine.b2].into_iter().all(|values| finite(values))
}

/// Whether all values are numbers.
pub(super) fn finite(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_in_the_wrong_place_says_what_is_wrong() {
        let schedule = schedule::Schedule::new(schedule::Law::Cosine, 5).unwrap();
        let t = schedule.timestep(3).unwrap();
        let machine = Machine {
            dim: 1,
            inputs: 1,
            hidden: 1,
            w1: vec![1.0],
            b1: vec![0.0],
            w2: vec![1.0],
            b2: vec![0.0],
            skip: Skip::Scalar(0.5),
            local: None,
        };
        let good = Checkpoint {
            t: 3,
            alpha_bar: 0.5,
            key: "k".to_owned(),
            machine: machine.clone().into(),
            history: History::default(),
        };
        let wrong = |there: &Checkpoint| fault(there, t, 0.5, "k").unwrap_or_default();
        assert_eq!(wrong(&good), "");
        assert_eq!(wrong(&Checkpoint { t: 4, ..good.clone() }), "is the machine of t = 4");
        assert!(wrong(&Checkpoint { alpha_bar: 0.500001, ..good.clone() }).starts_with("is for alpha_bar = 0.500001"));
        assert!(wrong(&Checkpoint { key: "l".to_owned(), ..good.clone() }).starts_with("belongs to other settings"));
        let endless = Machine { skip: Skip::Scalar(f32::INFINITY), ..machine };
        assert_eq!(wrong(&Checkpoint { machine: endless.into(), ..good }), "holds weights that are no numbers");
    }
}
