//! Golden runs: small experiments whose numbers must not change unless a change says so.
//!
//! tests/golden/NAME.toml is an experiment, the folder NAME the tables it left.  Integers, words, columns and the order of
//! rows must be the same everywhere; floats agree within [`Tolerance`], since sums are taken in another order on another
//! instruction set, and to the byte where platform.txt names the platform of the test.
//!
//! `BLESS=1 cargo test -p driver --test golden` writes the tables anew; a change that does so says why in its message.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::Desk;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

/// What the last bits depend on: the instruction set of the kernels, and the C library, which gives exp and ln.
fn platform() -> String {
    let libc = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let libc = libc.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned()).unwrap_or_default();
    format!("{} {}-{} {libc}\n", train::instruction_set(), std::env::consts::ARCH, std::env::consts::OS)
}

/// How far two floats may be apart: |a - b| <= relative max(|a|, |b|) + absolute.
#[derive(Debug, Clone, Copy)]
struct Tolerance {
    relative: f64,
    absolute: f64,
}

/// Losses, and what is a smooth function of the weights: ten times what the instruction sets may differ by.  (With 256-bit
/// vectors in place of 512-bit ones these runs differ by 1e-7 at most.)
const SMOOTH: Tolerance = Tolerance { relative: 1e-3, absolute: 1e-4 };
/// Times at which a curve crosses a level: they move by a timestep when a number does in its last digit.
const CROSSING: Tolerance = Tolerance { relative: 0.0, absolute: 1.0 };

fn tolerance(table: &str) -> Tolerance {
    if table == "transitions.csv" { CROSSING } else { SMOOTH }
}

/// Where two tables differ by more than they may, up to five places.
fn differences(name: &str, expected: &str, found: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
    let header: Vec<&str> = old.first().map_or(Vec::new(), |line| line.split(',').collect());
    let mut differ = Vec::new();
    if old.len() != new.len() {
        differ.push(format!("{name}: {} rows, there were {}", new.len(), old.len()));
    }
    for (i, (old, new)) in old.iter().zip(&new).enumerate() {
        let (cells, others): (Vec<&str>, Vec<&str>) = (old.split(',').collect(), new.split(',').collect());
        if cells.len() != others.len() {
            differ.push(format!("{name}:{}: {new}, it was {old}", i + 1));
            continue;
        }
        for (column, (old, new)) in cells.iter().zip(&others).enumerate() {
            if !agree(old, new, tolerance(name)) {
                let column = header.get(column).unwrap_or(&"");
                differ.push(format!("{name}:{}: {column} is {new}, it was {old}: {}", i + 1, cells.join(",")));
            }
        }
    }
    differ.truncate(5);
    differ
}

/// Whether two cells agree; a number without a point is whole.
fn agree(old: &str, new: &str, Tolerance { relative, absolute }: Tolerance) -> bool {
    let float = |cell: &str| cell.parse::<f64>().ok().filter(|_| cell.contains(['.', 'e', 'E']));
    match (float(old), float(new)) {
        (Some(a), Some(b)) => (a - b).abs() <= relative * a.abs().max(b.abs()) + absolute,
        _ => old == new,
    }
}

/// Runs tests/golden/NAME.toml and compares its tables with those kept.
#[track_caller]
fn golden(name: &str) {
    let desk = Desk::new();
    let kept = folder().join(name);
    desk.run(&[folder().join(format!("{name}.toml")).to_str().unwrap(), "--out=run", "--offline", "-q"]);
    let tables: Vec<String> = common::files(&desk.path("run")).into_keys().filter(|name| is_kept(name)).collect();
    if std::env::var_os("BLESS").is_some() {
        let _ = fs::remove_dir_all(&kept);
        for table in &tables {
            let path = kept.join(table);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(desk.path("run").join(table), path).unwrap();
        }
        fs::write(folder().join("platform.txt"), platform()).unwrap();
    }
    assert_eq!(common::files(&kept).into_keys().collect::<Vec<_>>(), tables);
    let here = platform() == fs::read_to_string(folder().join("platform.txt")).unwrap();
    if !here {
        eprintln!("another platform than the kept tables': floats are compared within their tolerance");
    }
    let mut differ = Vec::new();
    for table in &tables {
        let read = |path: PathBuf| fs::read_to_string(path).unwrap();
        let (old, new) = (read(kept.join(table)), read(desk.path("run").join(table)));
        differ.extend(differences(table, &old, &new));
        if here && old != new && differ.is_empty() {
            let line = old.lines().zip(new.lines()).position(|(old, new)| old != new).unwrap_or(0) + 1;
            differ.push(format!("{table}:{line}: not the same to the byte, though within the tolerance"));
        }
    }
    let hint = "if that is what is meant: BLESS=1 cargo test -p driver --test golden";
    assert!(differ.is_empty(), "{name}:\n{}\n{hint}", differ.join("\n"));
}

/// The tables of a run, but those of the clock, those of figures, which are made of the others, and counts and means of the
/// samples, one of which may change its bin or its class by a rounding.
fn is_kept(name: &str) -> bool {
    let left_out = ["timing.csv", "pixel_histogram.csv", "reconstructions.csv", "profiles.csv"].contains(&name)
        || name.starts_with("figures/");
    name.ends_with(".csv") && !left_out
}

#[test]
fn digits_with_a_wiener_skip() {
    golden("digits");
}

#[test]
fn a_swiss_roll_with_a_learned_skip_and_a_warm_start() {
    golden("swiss_roll");
}

#[test]
fn a_gaussian_mixture_without_a_skip_until_a_plateau() {
    golden("gaussian_mixture");
}

#[test]
fn two_gaussians_with_their_exact_denoiser() {
    golden("two_gaussians");
}

#[test]
fn the_comparison_sees_what_changed_and_forgives_roundings() {
    let table = "t,epoch,value\n1,2,0.5\n2,2,\n";
    let same = |other: &str| differences("metrics.csv", table, other).is_empty();
    assert!(same(table) && same(&table.replace("0.5", "0.5005")));
    for (from, to) in
        [("0.5", "0.51"), ("0.5", "NaN"), ("2,2,", "2,2,0.0"), ("1,2", "1,3"), ("epoch", "step"), ("2,2,\n", "")]
    {
        assert!(!same(&table.replacen(from, to, 1)), "{from} -> {to}");
    }
    assert_eq!(differences("transitions.csv", "t\n5.0\n", "t\n5.9\n"), Vec::<String>::new());
    assert_eq!(
        differences("transitions.csv", "t\n5.0\n", "t\n6.1\n"),
        ["transitions.csv:2: t is 6.1, it was 5.0: 5.0"]
    );
}

#[test]
fn the_tables_stay_small() {
    let size: usize = common::files(&folder()).values().map(Vec::len).sum();
    assert!(size < 200_000, "{size} bytes");
}
