//! docs/FORMAT.md describes exactly what runs leave: the columns of every table, the keys of every JSON file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use common::{Desk, files, points_toml, shipped};
use serde_json::Value;

/// The sections of docs/FORMAT.md: the columns or keys of each file.
fn described() -> BTreeMap<String, Vec<String>> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/FORMAT.md")).unwrap();
    let mut sections: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut file = String::new();
    for line in page.lines() {
        if let Some(name) = line.strip_prefix("### `") {
            file = name.trim_end_matches('`').to_owned();
        } else if let Some(row) = line.strip_prefix("| `") {
            sections.entry(file.clone()).or_default().push(row.split('`').next().unwrap().to_owned());
        }
    }
    sections
}

/// The section that a table is described in.
fn section(name: &str) -> String {
    if name.starts_with("observables/") { "observables/NAME.csv".to_owned() } else { name.to_owned() }
}

/// Asserts that every table of a run has the columns of its section; returns the sections that were met.
#[track_caller]
fn tables_are_described(run: &Path, described: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let mut met = BTreeSet::new();
    for (name, bytes) in files(run).iter().filter(|(name, _)| name.ends_with(".csv")) {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let found: Vec<String> = text.lines().next().unwrap_or_default().split(',').map(str::to_owned).collect();
        let section = section(name);
        assert_eq!(described.get(&section), Some(&found), "{name}");
        met.insert(section);
    }
    met
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_table_and_every_key_of_a_run_is_described() {
    let described = described();
    let keys_of = |section: &str| -> BTreeSet<String> { described[section].iter().cloned().collect() };
    let desk = Desk::new();
    desk.run_small(&[&shipped("smoke.toml"), "--out=smoke"]);
    let mut met = tables_are_described(&desk.path("smoke"), &described);
    let read = |name: &str| -> Value { serde_json::from_slice(&fs::read(desk.path(name)).unwrap()).unwrap() };
    assert_eq!(keys(&read("smoke/facts.json")), keys_of("facts.json"));
    let manifest = read("smoke/manifest.json");
    let mut without_shards = keys_of("manifest.json");
    without_shards.remove("shards");
    assert_eq!(keys(&manifest), without_shards);
    assert_eq!(keys(&manifest["data"]), keys_of("manifest.json, data"));
    let config: toml::Table = toml::from_str(&fs::read_to_string(desk.path("smoke/config.toml")).unwrap()).unwrap();
    for (key, value) in &config {
        let inner = value
            .as_table()
            .map_or(vec![key.clone()], |table| table.keys().map(|name| format!("{key}.{name}")).collect());
        assert!(inner.iter().all(|key| described["config.toml"].contains(key)), "{key}");
    }
    // Parts of a run name their processes.
    desk.write("points.toml", points_toml(3, ""));
    desk.run(&["points.toml", "--out=parts", "--timesteps=1-2", "--shard", "-q"]);
    desk.run(&["points.toml", "--out=parts", "--timesteps=3", "--shard", "-q"]);
    desk.run(&["collect", "parts", "-q"]);
    let parts = read("parts/manifest.json");
    assert_eq!(keys(&parts), keys_of("manifest.json"));
    assert_eq!(keys(&parts["shards"][0]), keys_of("manifest.json, shards"));
    // A regression, a sweep and a comparison have tables of their own.
    let small = ["--set=data.train_limit=100", "--set=data.test_limit=50", "--set=train.epochs=2"];
    desk.run(&[&[shipped("thesis/cubic.toml").as_str(), "--out=cubic", "-q"], &small[..]].concat());
    for cell in fs::read_dir(desk.path("cubic/cells")).unwrap() {
        met.extend(tables_are_described(&cell.unwrap().path(), &described));
    }
    let header = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(desk.path(name)).unwrap();
        text.lines().next().unwrap().split(',').map(str::to_owned).collect()
    };
    let summary = header("cubic/summary.csv");
    assert_eq!(summary[0], "data.noise");
    assert_eq!(summary[1..], described["summary.csv"]);
    let code = desk.driver(&["compare", "parts", "parts", "--out=compared", "-q"]).output().unwrap().status.code();
    assert_eq!(code, Some(0));
    assert_eq!(header("compared/differences.csv"), described["differences.csv"]);
    // Nothing is described that no run leaves.
    let left: Vec<&String> = described.keys().filter(|name| name.contains(".csv") && !met.contains(*name)).collect();
    assert_eq!(left, ["differences.csv", "summary.csv"]);
}
