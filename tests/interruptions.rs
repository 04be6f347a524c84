//! A run that was ended from outside, politely or not, goes on as if it had never been.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Desk, Files, SMALL, assert_same, files, reproducible, shipped};

/// A run of some seconds: long enough to be ended in its training, its sampling, its analysis and its figures.
const LONGER: &[&str] = &[
    "--set=train.epochs=12",
    "--set=train.evaluate_every=3",
    "--set=sample.count=40",
    "--set=analysis.observables=[\"kappa\", \"empirical_posterior\", \"uturn\"]",
    "--set=analysis.trajectories=30",
    "--set=analysis.resamples=50",
    "--set=run.save_seconds=0",
    "--offline",
    "--out=run",
];

fn start(desk: &Desk, more: &[&str]) -> Command {
    let mut command = desk.driver(&[&[shipped("smoke.toml").as_str()], SMALL, LONGER, more].concat());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// What an undisturbed run leaves, and how long it takes.
fn undisturbed(more: &[&str]) -> (Files, Duration) {
    let desk = Desk::new();
    let clock = Instant::now();
    assert!(start(&desk, more).status().unwrap().success());
    (reproducible(&desk.path("run")), clock.elapsed())
}

fn send(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

/// Waits until a machine in training has left a state.
#[track_caller]
fn wait_for_a_state(child: &mut Child, run: &Path) {
    while states(run) == 0 {
        assert_eq!(child.try_wait().unwrap(), None, "ended before it was interrupted");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The files of a run that only a machine in training has.
fn states(run: &Path) -> usize {
    // Files come and go while the run goes on, so they are listed and not read.
    let entries = fs::read_dir(run.join("machines")).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(".midway")).count()
}

#[test]
fn a_polite_signal_keeps_the_states_says_how_to_go_on_and_exits_with_its_number() {
    for (signal, code, device) in [("-INT", 130, "host"), ("-TERM", 143, "ndarray")] {
        let device = format!("--device={device}");
        let more = ["--set=train.epochs=80", "--set=train.evaluate_every=5", &device, "--threads=2"];
        let desk = Desk::new();
        let mut child = start(&desk, &more).spawn().unwrap();
        wait_for_a_state(&mut child, &desk.path("run"));
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains("interrupted: the epochs in hand are finished first"), "{said}");
        let last = said.lines().last().unwrap();
        assert_eq!(last, "interrupted: what is done is kept; the same command goes on from there");
        assert!(states(&desk.path("run")) > 0);
        assert!(!files(&desk.path("run")).keys().any(|name| name.contains(".writing-")));

        assert!(start(&desk, &more).status().unwrap().success());
        assert_same(&undisturbed(&more).0, &reproducible(&desk.path("run")));
    }
}

#[test]
fn a_second_signal_does_not_wait_for_the_epoch() {
    let desk = Desk::new();
    let mut child = start(&desk, &["--set=train.epochs=100000"]).spawn().unwrap();
    wait_for_a_state(&mut child, &desk.path("run"));
    send(&child, "-TERM");
    send(&child, "-INT");
    let code = child.wait().unwrap().code();
    assert!([Some(130), Some(143)].contains(&code), "{code:?}");
}

#[test]
fn a_damaged_state_is_named_and_its_machine_begins_anew() {
    let desk = Desk::new();
    let more = ["--threads=1", "--set=train.epochs=60"];
    let mut child = start(&desk, &more).spawn().unwrap();
    wait_for_a_state(&mut child, &desk.path("run"));
    send(&child, "-INT");
    child.wait_with_output().unwrap();
    let run = desk.path("run");
    let name = files(&run).into_keys().find(|name| name.ends_with(".midway")).unwrap();
    let state = fs::read(run.join(&name)).unwrap();
    fs::write(run.join(&name), &state[..state.len() / 2]).unwrap();
    let output = start(&desk, &more).spawn().unwrap().wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("warning: run/{name}: ")), "{said}");
    assert_same(&undisturbed(&more).0, &reproducible(&run));
}

/// Kills a run `kills` times at random moments, beginning a new one whenever one comes to its end.
fn kill_and_go_on(kills: usize, more: &[&str]) {
    let (expected, takes) = undisturbed(more);
    let (mut desk, mut killed, mut finished) = (Desk::new(), 0, 0);
    while killed < kills || finished == 0 {
        // Moments from the clock: nothing may depend on them.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
        let moment = takes.mul_f64(1.1 * f64::from(now % 9973) / 9973.0);
        let mut child = start(&desk, more).stderr(Stdio::null()).spawn().unwrap();
        if killed < kills {
            std::thread::sleep(moment);
            child.kill().unwrap();
        }
        let status = child.wait().unwrap();
        if status.success() {
            finished += 1;
            assert_same(&expected, &reproducible(&desk.path("run")));
            desk = Desk::new();
        } else {
            assert_eq!(status.code(), None, "killed, and nothing else ended it");
            killed += 1;
        }
    }
    println!("{killed} kills, {finished} runs came to their end with the same bytes");
}

#[test]
fn killed_at_a_few_random_moments_a_run_ends_with_the_same_bytes() {
    kill_and_go_on(5, &["--device=host"]);
}

#[test]
#[ignore = "two minutes: cargo test -p driver --test interruptions -- --ignored"]
fn killed_at_fifty_random_moments_a_run_ends_with_the_same_bytes() {
    let warm = ["--set=train.warm_start=neighbour", "--set=train.anchor_spacing=4", "--set=train.validation=40"];
    let plateau = ["--set=train.stop=plateau", "--set=train.epochs=30", "--set=train.patience=3"];
    kill_and_go_on(50, &[&warm[..], &plateau[..]].concat());
    kill_and_go_on(10, &["--device=ndarray"]);
}
