//! One process at a time works in a run folder; `--fresh` moves an earlier run aside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::{Desk, assert_same, files, points_toml, reproducible};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("points.toml", points_toml(3, ""));
    desk
}

/// Starts a run that would take long, and waits until it holds its folder.
fn start(desk: &Desk, out: &str) -> Child {
    let args = ["points.toml", "--out", out, "--set=train.epochs=100000", "--threads=1", "-q"];
    let mut child = desk.driver(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (lock, begun) = (desk.path(out).join(".lock"), Instant::now());
    while !fs::read(&lock).is_ok_and(|text| text.ends_with(b"}")) {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none() && begun.elapsed() < Duration::from_secs(60), "{ended:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_folder_in_work_is_refused_to_every_verb_until_its_process_is_gone() {
    let desk = desk();
    desk.run(&["points.toml", "--out=run"]);
    assert_eq!(fs::read(desk.path("run/.lock")).unwrap(), b"");
    let mut child = start(&desk, "long");
    let holder = format!("long/.lock: held by process {}", child.id());
    let long = ["points.toml", "--out=long", "--set=train.epochs=100000"];
    // The process at work may write at any time: only what is said is compared.
    for args in [&long[..], &[&long[..], &["--fresh"]].concat(), &["figures", "long"]] {
        let message = common::fail(&mut desk.driver(args)).err;
        assert!(message.starts_with(&holder), "{args:?}: {message}");
        assert!(
            message.contains("(driver run, since 20") && message.ends_with("); wait for it or stop it\n"),
            "{message}"
        );
    }
    assert!(!desk.path("long.old-1").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    // What the killed process left in the file holds nobody up.
    assert!(fs::read(desk.path("long/.lock")).unwrap().ends_with(b"}"));
    desk.run(&[&long[..], &["--fresh", "--set=train.epochs=2"]].concat());
    assert_same(&reproducible(&desk.path("run")), &reproducible(&desk.path("long")));
}

#[test]
fn writers_exclude_everybody_and_readers_only_writers() {
    let desk = desk();
    desk.run(&["points.toml", "--out=run"]);
    let verbs: [&[&str]; 5] = [
        &["points.toml", "--out=run"],
        &["points.toml", "--out=run", "--fresh"],
        &["analyze", "run"],
        &["figures", "run"],
        &["verify", "run"],
    ];
    let lock = File::options().read(true).write(true).open(desk.path("run/.lock")).unwrap();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let (pid, host) = (std::process::id(), host.trim());
    fs::write(
        desk.path("run/.lock"),
        format!(r#"{{"pid":{pid},"host":"{host}","verb":"analyze","since":"2026-01-02T03:04:05Z"}}"#),
    )
    .unwrap();
    lock.try_lock().unwrap();
    let expected = format!(
        "run/.lock: held by process {pid} on {host} (driver analyze, since 2026-01-02T03:04:05Z); wait for it or stop it"
    );
    for verb in verbs {
        assert_eq!(desk.refused(verb), expected, "{verb:?}");
    }
    lock.unlock().unwrap();
    lock.try_lock_shared().unwrap();
    desk.run(&["verify", "run"]);
    fs::write(desk.path("run/.lock"), "").unwrap();
    for verb in &verbs[..4] {
        let message = desk.refused(verb);
        assert!(
            message
                .starts_with("run/.lock: held by another process (such as driver verify, or driver run --timesteps); "),
            "{message}"
        );
    }
    lock.unlock().unwrap();
    for verb in [verbs[2], verbs[3], verbs[4], verbs[0]] {
        desk.run(verb);
    }
    // Verify makes no file where there is none.
    fs::remove_file(desk.path("run/.lock")).unwrap();
    desk.run(&["verify", "run"]);
    assert!(!desk.path("run/.lock").exists());
}

#[test]
fn fresh_moves_the_earlier_run_aside_whole() {
    let desk = desk();
    let first = ["points.toml", "--out=run", "--fresh"];
    desk.run(&first);
    assert!(!desk.path("run.old-1").exists());
    let before = files(&desk.path("run"));
    let other = ["points.toml", "--out=run", "--set=seed=1"];
    let message = desk.refused(&other);
    let expected =
        "run: holds a run of other settings; name another folder with --out, or move this one aside with --fresh";
    assert_eq!(message, expected);
    let said = desk.run(&[&other[..], &["--fresh"]].concat());
    assert!(said.err.starts_with("run: the earlier run is now run.old-1\n"), "{}", said.err);
    assert_same(&before, &files(&desk.path("run.old-1")));
    let second = files(&desk.path("run"));
    assert_ne!(second["metrics.csv"], before["metrics.csv"]);
    desk.run(&first);
    assert_same(&second, &files(&desk.path("run.old-2")));
    assert_same(&reproducible(&desk.path("run.old-1")), &reproducible(&desk.path("run")));
    desk.run(&["verify", "run.old-1"]);
}

#[test]
fn fresh_moves_nothing_but_runs_and_only_for_sound_settings() {
    let desk = desk();
    desk.write("other/config.toml", "not = 'ours'");
    let message = desk.refused(&["points.toml", "--out=other", "--fresh"]);
    assert_eq!(message, "other: holds `config.toml` and no run; name a new or an empty folder with --out");
    desk.run(&["points.toml", "--out=run", "--timesteps=1"]);
    for faulty in ["--set=train.batch=0", "--set=train.batch=201", "--timesteps=9"] {
        desk.refused(&["points.toml", "--out=run", "--fresh", faulty]);
    }
    // A run without its settings is named, and can be moved aside.
    fs::remove_file(desk.path("run/config.toml")).unwrap();
    let message = desk.refused(&["points.toml", "--out=run"]);
    assert!(
        message.starts_with("run/config.toml: is missing, so nothing says what run this folder holds; "),
        "{message}"
    );
    let said = desk.run(&["points.toml", "--out=run", "--fresh", "--timesteps=1"]);
    assert!(said.err.contains("run: the earlier run is now run.old-1\n"), "{}", said.err);
}
