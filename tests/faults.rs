//! What happens to a run: full disks, folders that cannot be written to, files deleted, cut short and changed.  No panic,
//! every message names the file, and what was not hit stays as it is or comes out the same again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Desk, Files, assert_same, files, points_toml, reproducible};

/// What the runs have beyond those of `points_toml`.
const WARM: &str = "warm_start = \"neighbour\"\nanchor_spacing = 2\nwarm_epochs = 1";
const RUN: [&str; 2] = ["points.toml", "--out=run"];
/// Files that a verb may change without changing what the run is.
const CLOCKED: [&str; 3] = ["manifest.json", "timing.csv", "report.html"];

/// A finished run, to be put into desks.
fn original() -> Files {
    let desk = Desk::new();
    desk.write("points.toml", points_toml(3, WARM));
    desk.run(&RUN);
    files(&desk.path("run"))
}

fn desk_with(run: &Files) -> Desk {
    let desk = Desk::new();
    desk.write("points.toml", points_toml(3, WARM));
    for (name, bytes) in run {
        desk.write(&format!("run/{name}"), bytes);
    }
    desk
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    Deleted,
    CutInHalf,
    BitFlipped,
}

impl Damage {
    const ALL: [Self; 3] = [Self::Deleted, Self::CutInHalf, Self::BitFlipped];

    fn of(self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = bytes.to_vec();
        match self {
            Self::Deleted => return None,
            Self::CutInHalf => bytes.truncate(bytes.len() / 2),
            Self::BitFlipped => {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            }
        }
        Some(bytes)
    }
}

/// A copy of `original` with some of its files damaged.
fn damaged(original: &Files, names: &[&str], damage: Damage) -> Files {
    let mut run = original.clone();
    for &name in names {
        match damage.of(&original[name]) {
            Some(bytes) => run.insert(name.to_owned(), bytes),
            None => run.remove(name),
        };
    }
    run
}

/// What a verb did.
struct Outcome {
    code: Option<i32>,
    said: String,
    left: Files,
}

fn outcome(desk: &Desk, args: &[&str]) -> Outcome {
    let Output { status, stdout, stderr } = desk.driver(args).output().unwrap();
    let said = String::from_utf8(stderr).unwrap() + &String::from_utf8(stdout).unwrap();
    assert!(!said.contains("panicked") && status.code().is_some_and(|code| code < 3), "{status}: {args:?}\n{said}");
    Outcome { code: status.code(), said, left: files(&desk.path("run")) }
}

/// The files that differ, but for those of the clock.
fn differing(one: &Files, other: &Files) -> Vec<String> {
    let all: BTreeMap<&String, ()> = one.keys().chain(other.keys()).map(|name| (name, ())).collect();
    let differ = all.into_keys().filter(|name| one.get(*name) != other.get(*name));
    differ.filter(|name| !CLOCKED.contains(&name.as_str())).cloned().collect()
}

/// Damages the files `names` and lets `verbs` at a copy of them.
fn try_verbs(original: &Files, Case { names, damage, verbs }: &Case<'_>) {
    let (names, damage) = (&names[..], *damage);
    let before = damaged(original, names, damage);
    let what = format!("{names:?} {damage:?}");
    let all_named = |said: &str| names.iter().all(|name| said.contains(&format!("run/{name}")));
    let some_named = |said: &str| names.iter().any(|name| said.contains(&format!("run/{name}")));
    for verb in *verbs {
        let desk = desk_with(&before);
        let Outcome { code, said, left } = outcome(&desk, verb);
        if verb[0] == "verify" {
            assert!([Some(1), Some(2)].contains(&code) && all_named(&said), "{what}\n{said}");
            assert_same(&before, &left);
            continue;
        }
        let what = format!("{what} {verb:?}\n{said}");
        match code {
            Some(0) => {
                // A folder without manifest is a run that was not finished: there is nothing to compare with.
                assert!(all_named(&said) || (names == ["manifest.json"] && damage == Damage::Deleted), "{what}");
                let differing = differing(original, &left);
                if *verb == RUN {
                    assert_eq!(differing, Vec::<String>::new(), "{what}");
                } else {
                    assert!(differing.iter().all(|name| names.contains(&name.as_str())), "{differing:?} {what}");
                }
            }
            _ => {
                assert!(code == Some(2) && some_named(&said), "{what}");
                assert_eq!(differing(&before, &left), Vec::<String>::new(), "{what}");
                assert_eq!(before.get("manifest.json"), left.get("manifest.json"), "{what}");
            }
        }
    }
}

/// Verbs that read a finished run.
const READING: &[&[&str]] = &[&["figures", "run"], &["analyze", "run"], &["verify", "run", "--sample=0"]];
const ALL: &[&[&str]] = &[READING[0], READING[1], READING[2], &RUN];

struct Case<'a> {
    names: Vec<&'a str>,
    damage: Damage,
    verbs: &'static [&'static [&'static str]],
}

#[test]
fn every_file_but_machines_deleted_cut_short_or_changed_is_named_and_mended_or_refused() {
    let original = &original();
    let (figures, others): (Vec<&str>, Vec<&str>) = original
        .keys()
        .map(String::as_str)
        .filter(|name| !is_machine(name))
        .partition(|name| name.starts_with("figures/"));
    // What a run writes whatever is there is damaged all at once, since runs take longest.
    let special = [
        "config.toml",
        "manifest.json",
        "facts.json",
        "timing.csv",
        "report.html",
        "transitions.csv",
        "classifier.safetensors",
    ];
    let (single, written): (Vec<&str>, Vec<&str>) =
        others.iter().partition(|name| special.contains(name) || name.starts_with("observables/"));
    let mut cases: Vec<Case> = Vec::new();
    for damage in Damage::ALL {
        cases.extend(single.iter().map(|&name| Case { names: vec![name], damage, verbs: ALL }));
        cases.extend(written.iter().map(|&name| Case { names: vec![name], damage, verbs: READING }));
        cases.push(Case { names: figures.clone(), damage, verbs: READING });
        cases.push(Case { names: [&figures[..], &written].concat(), damage, verbs: &[&RUN] });
    }
    assert!(others.len() >= 13 && figures.len() >= 10, "{others:?} {figures:?}");
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tried = std::panic::catch_unwind(|| try_verbs(original, case));
                    if tried.is_err() {
                        failures.lock().unwrap().push(format!("{:?} {:?}", case.names, case.damage));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{failures:#?}");
}

fn is_machine(name: &str) -> bool {
    name.starts_with("machines/t")
}

#[test]
fn a_machine_deleted_cut_short_or_flipped_is_named_and_trained_again() {
    let original = original();
    for damage in Damage::ALL {
        for name in original.keys().filter(|name| name.ends_with("t0002.safetensors")) {
            let desk = desk_with(&damaged(&original, &[name], damage));
            let Outcome { code, said, .. } = outcome(&desk, &["verify", "run"]);
            assert!(code == Some(1) && said.contains(&format!("run/{name}")), "{name} {damage:?}\n{said}");
            let Outcome { code, said, .. } = outcome(&desk, &["analyze", "run"]);
            assert!(code == Some(2) && said.contains(&format!("run/{name}")), "{name} {damage:?}\n{said}");
            let Outcome { code, said, left } = outcome(&desk, &RUN);
            assert!(code == Some(0) && said.contains(&format!("run/{name}: is ")), "{name} {damage:?}\n{said}");
            let mut differing = differing(&original, &left);
            differing.retain(|other| *other != format!("{name}.damaged"));
            assert_eq!(differing, Vec::<String>::new(), "{name} {damage:?}");
        }
    }
}

#[test]
fn a_file_in_the_place_of_a_folder_and_a_folder_in_the_place_of_a_file_are_named() {
    let original = original();
    for name in ["figures", "observables", "machines"] {
        let desk = desk_with(&original);
        fs::remove_dir_all(desk.path("run").join(name)).unwrap();
        desk.write(&format!("run/{name}"), "in the way");
        let before = files(&desk.path("run"));
        for verb in [&["analyze", "run"][..], &RUN, &["verify", "run"]] {
            let Outcome { code, said, left } = outcome(&desk, verb);
            assert!(code != Some(0) && said.contains(&format!("run/{name}")), "{name} {verb:?}\n{said}");
            assert_eq!(left[name], before[name], "{name} {verb:?}");
        }
    }
    for name in ["metrics.csv", "samples.safetensors", "config.toml", "manifest.json"] {
        let desk = desk_with(&original);
        fs::remove_file(desk.path("run").join(name)).unwrap();
        fs::create_dir(desk.path("run").join(name)).unwrap();
        let before = files(&desk.path("run"));
        for verb in [&["figures", "run"][..], &["verify", "run"], &RUN] {
            let Outcome { code, said, .. } = outcome(&desk, verb);
            let untouched = name == "config.toml" && verb[0] == "figures";
            assert!((code != Some(0) || untouched) && said.contains(&format!("run/{name}")), "{name} {verb:?}\n{said}");
        }
        assert_eq!(differing(&before, &files(&desk.path("run"))), Vec::<String>::new(), "{name}");
    }
}

/// Runs a shell script where mounts are its own and go with it; `None`, with a line that says so, where that is not
/// allowed.
fn with_mounts(desk: &Desk, script: &str, variables: &[(&str, &str)]) -> Option<String> {
    let unshare = |flags: &str| {
        let mut command: Command = desk.command("unshare");
        command.args([flags, "sh", "-c"]);
        command
    };
    let allowed = |flags: &&&str| {
        let tried = unshare(flags).arg("mkdir -p probe && mount -t tmpfs -o size=64k probe probe").output();
        tried.is_ok_and(|output| output.status.success())
    };
    let Some(flags) = ["-m", "-rm"].iter().find(allowed) else {
        eprintln!("skipped: this test needs `unshare` and `mount` of a tmpfs, which are not allowed here");
        return None;
    };
    let output = unshare(flags)
        .arg(script)
        .env("DRIVER", env!("CARGO_BIN_EXE_driver"))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !said.contains("panicked"), "{}\n{said}", output.status);
    Some(said)
}

/// The size of a file on a disk whose pages are of 4 kB.
fn pages(files: &Files, concerned: impl Fn(&str) -> bool) -> usize {
    let sizes = files.iter().filter(|(name, _)| concerned(name)).map(|(_, bytes)| bytes.len().div_ceil(4096));
    sizes.sum()
}

#[test]
fn a_full_disk_ends_the_run_by_name_and_it_is_gone_on_with_when_there_is_room() {
    // Larger machines and more samples than elsewhere, so that the disk can be filled at each of them.
    let larger = ["--set=model.hidden=3000", "--set=sample.count=3000"];
    let whole = Desk::new();
    whole.write("points.toml", points_toml(3, WARM));
    whole.run(&[&RUN[..], &larger].concat());
    let whole = reproducible(&whole.path("run"));
    let machines = pages(&whole, |name| name.starts_with("machines/"));
    let samples = pages(&whole, |name| name.ends_with("s.safetensors") && !name.contains('/'));
    let figures = pages(&whole, |name| name.starts_with("figures/"));
    let before = pages(&whole, |name| !name.contains("/") && name.ends_with(".csv")) + 4;
    let cases = [
        ("machines/t", 8 + machines / 2),
        ("samples.safetensors|run/birth.safetensors|run/trajectories.safetensors", before + machines + samples / 3),
        ("figures/", before + 4 + machines + samples + figures / 2),
    ];
    for (file, size) in cases {
        let desk = Desk::new();
        desk.write("points.toml", points_toml(3, WARM));
        let script = r#"
            mkdir -p disk partly && mount -t tmpfs -o size=$SIZE disk disk && cd disk || exit 9
            "$DRIVER" ../points.toml --out=run $LARGER > ../out 2> ../err
            echo $? > ../code
            cp -r run/. ../partly
            mount -o remount,size=64m . || exit 9
            "$DRIVER" ../points.toml --out=run $LARGER -q && "$DRIVER" verify run --sample=9 -q && cp -r run ..
        "#;
        let size = format!("{}k", 4 * size);
        let Some(said) = with_mounts(&desk, script, &[("SIZE", &size), ("LARGER", &larger.join(" "))]) else { return };
        let text = |name: &str| fs::read_to_string(desk.path(name)).unwrap();
        let (code, err) = (text("code"), text("err"));
        let named = file.split("|run/").any(|file| err.contains(&format!("run/{file}")));
        assert!(code == "2\n" && named && err.contains("No space left on device"), "{file} {size} {code}{err}");
        // What was written is whole, and nothing half-written stays.
        for (name, bytes) in reproducible(&desk.path("partly")) {
            assert!(whole.get(&name) == Some(&bytes), "{name} after {file}");
        }
        assert!(said.contains("VERIFIED run"), "{said}");
        assert_same(&whole, &reproducible(&desk.path("run")));
    }
}

#[test]
fn a_folder_that_cannot_be_written_to_is_verified_and_otherwise_refused() {
    let original = original();
    let desk = desk_with(&original);
    let script = r#"
        mount --bind run run && mount -o remount,bind,ro run || exit 9
        for verb in "verify run" "figures run" "analyze run" "points.toml --out=run" "points.toml --out=run/deeper"; do
            "$DRIVER" $verb -q
            echo "code $? of $verb"
        done 2>&1
        "$DRIVER" points.toml --out=run --fresh -q 2>&1
        echo "code $? of fresh"
    "#;
    let Some(said) = with_mounts(&desk, script, &[]) else { return };
    for line in [
        "VERIFIED run\ncode 0 of verify run\n",
        "run/.lock: cannot be written: Read-only file system (os error 30)\ncode 2 of figures run\n",
        "run/.lock: cannot be written: Read-only file system (os error 30)\ncode 2 of analyze run\n",
        "run/.lock: cannot be written: Read-only file system (os error 30)\ncode 2 of points.toml --out=run\n",
        "run/deeper/figures: cannot be made: Read-only file system (os error 30)\n",
        "run/.lock: cannot be written: Read-only file system (os error 30)\ncode 2 of fresh\n",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert_same(&original, &files(Path::new(&desk.path("run"))));
}

#[test]
fn an_analysis_that_was_cut_off_is_no_damage() {
    let original = original();
    let desk = desk_with(&original);
    desk.run(&["analyze", "run", "--only", "kappa", "cloning"]);
    assert_ne!(files(&desk.path("run"))["transitions.csv"], original["transitions.csv"]);
    // As if the program had ended after the last table: manifest, report and figures are those of the run.
    let later = |name: &str| ["manifest.json", "report.html"].contains(&name) || name.starts_with("figures/");
    for (name, bytes) in original.iter().filter(|(name, _)| later(name)) {
        desk.write(&format!("run/{name}"), bytes);
    }
    let said = desk.run(&["figures", "run"]);
    assert!(!said.err.contains("warning"), "{}", said.err);
    let said = desk.run(&["analyze", "run"]);
    assert!(said.err.contains("up to date: kappa") && !said.err.contains("warning"), "{}", said.err);
    desk.run(&["verify", "run"]);
}
