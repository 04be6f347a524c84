//! `driver verify`: a finished run is what its manifest says, and comes out the same again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;

use common::{Desk, SMALL, Said, assert_same, partial, points_toml, shipped};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn points(args: &[&str]) -> Desk {
    let desk = Desk::new();
    desk.write("points.toml", points_toml(6, ""));
    desk.run(&[&["points.toml", "--out=run"], args].concat());
    desk
}

fn sha256(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Changes the manifest as somebody would who wants it to be believed: with its own sum renewed.
fn forge(desk: &Desk, change: impl FnOnce(&mut Value)) {
    let path = desk.path("run/manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    manifest.as_object_mut().unwrap().remove("manifest_sha256");
    manifest["manifest_sha256"] = sha256(manifest.to_string()).into();
    fs::write(path, manifest.to_string()).unwrap();
}

/// As [`forge`], for a run that was made so: the report, which tells what the manifest told before, goes.
fn made(desk: &Desk, change: impl FnOnce(&mut Value)) {
    fs::remove_file(desk.path("run/report.html")).unwrap();
    forge(desk, |manifest| {
        manifest["outputs"].as_object_mut().unwrap().remove("report.html");
        change(manifest);
    });
}

/// Replaces a file and its sum in the manifest.
fn replace(desk: &Desk, name: &str, bytes: &[u8]) {
    fs::write(desk.path("run").join(name), bytes).unwrap();
    forge(desk, |manifest| manifest["outputs"][name] = sha256(bytes).into());
}

/// Runs verify, which must leave everything as it is.
#[track_caller]
fn checked(desk: &Desk, args: &[&str], verify: fn(&mut std::process::Command) -> Said) -> Said {
    let before = desk.files();
    let said = verify(&mut desk.driver(&[&["verify", "run"], args].concat()));
    assert_same(&before, &desk.files());
    said
}

#[track_caller]
fn verified(desk: &Desk, args: &[&str]) -> String {
    let out = checked(desk, args, common::succeed).out;
    assert!(out.ends_with("\nVERIFIED run\n"), "{out}");
    out
}

/// The lines of a verification that must find differences.
#[track_caller]
fn differs(desk: &Desk, args: &[&str], lines: &[&str]) -> String {
    let out = checked(desk, args, partial).out;
    let found: Vec<&str> = out.lines().filter_map(|line| line.strip_prefix("differs   ")).collect();
    assert_eq!(found.len(), lines.len(), "{out}");
    for (found, expected) in found.iter().zip(lines) {
        assert!(found.starts_with(expected), "{found}\nexpected {expected}");
    }
    let files = if lines.len() == 1 { "1 file".to_owned() } else { format!("{} files", lines.len()) };
    assert!(out.ends_with(&format!("\nDIFFERS run: {files}\n")), "{out}");
    out
}

#[test]
fn a_run_is_verified_down_to_the_bytes_of_machines_trained_again() {
    let desk = Desk::new();
    desk.run_small(&[&shipped("smoke.toml"), "--out=run"]);
    let out = verified(&desk, &["--threads=2"]);
    for line in [
        "run       run: smoke, seed 0, device host\n",
        "machines  8 of 8 readable, with the key and the alpha_bar of config.toml\n",
        "tables    made again and the same: config.toml, facts.json, schedule.csv, references.csv, \
         machines/frame.safetensors, metrics.csv, training.csv\n",
        " files drawn again, the same bytes\nreport    made again, the same bytes\ntrained   again on the host device: t = ",
        ": the same bytes\nmanifest  sha256 ",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert!(!out.contains("note "), "{out}");
}

#[test]
fn the_machines_trained_again_are_drawn_by_the_manifest_or_the_seed() {
    let desk = points(&[]);
    let trained = |args: &[&str]| -> Vec<u64> {
        let out = checked(&desk, &[&["--certificate=-"], args].concat(), common::succeed).out;
        let certificate: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(certificate["verdict"], "verified");
        certificate["trained_again"].as_array().unwrap().iter().map(|t| t.as_u64().unwrap()).collect()
    };
    assert_eq!(trained(&[]).len(), 3);
    assert_eq!(trained(&[]), trained(&["--threads=1"]));
    let seeds: Vec<Vec<u64>> = (0..6).map(|seed| trained(&[&format!("--seed={seed}"), "--sample=2"])).collect();
    assert!(seeds.iter().all(|drawn| drawn.len() == 2) && seeds.iter().any(|drawn| *drawn != seeds[0]), "{seeds:?}");
    assert!(trained(&["--sample=0"]).is_empty());
    assert_eq!(trained(&["--sample=99"]), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn the_certificate_holds_sums_circumstances_and_checks() {
    let desk = points(&[]);
    let before = desk.files();
    let out = desk.run(&["verify", "run", "--certificate=deep/c.json"]).out;
    assert!(out.ends_with("\nVERIFIED run\n"), "{out}");
    let certificate: Value = serde_json::from_slice(&fs::read(desk.path("deep/c.json")).unwrap()).unwrap();
    let manifest: Value = serde_json::from_slice(&before["run/manifest.json"]).unwrap();
    let outputs = manifest["outputs"].as_object().unwrap();
    let listed: String = outputs.iter().map(|(name, sum)| format!("{}  {name}\n", sum.as_str().unwrap())).collect();
    assert_eq!(certificate["outputs_sha256"], sha256(listed));
    assert_eq!(certificate["manifest_sha256"], sha256(&before["run/manifest.json"]));
    assert_eq!((&certificate["differences"], &certificate["notes"]), (&json!([]), &json!([])));
    assert_eq!(certificate["then"]["at"], manifest["ended"]);
    for key in ["isa", "host", "driver", "git_commit"] {
        assert_eq!(certificate["then"][key], certificate["now"][key], "{key}");
    }
    assert!(certificate["now"]["isa"].is_string());
    let message = desk.refused(&["verify", "run", "--certificate=run/figures/c.json"]);
    assert!(message.starts_with("--certificate: run/figures/c.json lies in the run folder"), "{message}");
}

#[test]
fn changed_missing_and_added_files_are_each_named() {
    let desk = points(&[]);
    fs::write(desk.path("run/figures/schedule.png"), b"no picture").unwrap();
    fs::remove_file(desk.path("run/machines/t0002.safetensors")).unwrap();
    desk.write("run/extra/file", "");
    desk.write("run/.hidden", "");
    let out = differs(
        &desk,
        &["--sample=9"],
        &[
            "run/extra/file: was not there when the run ended",
            "run/figures/schedule.png: was changed since the run wrote it",
            "run/machines/t0002.safetensors: is gone since the run wrote it",
        ],
    );
    assert!(out.contains("t = 1, 3-6: the same bytes"), "{out}");
}

#[test]
fn what_a_renewed_manifest_hides_is_found_by_making_it_again() {
    let desk = points(&[]);
    let machine = |t: usize| format!("machines/t000{t}.safetensors");
    let read = |name: &str| fs::read(desk.path("run").join(name)).unwrap();
    // One weight, and a machine in the place of another.
    let mut bytes = read(&machine(3));
    let weight = bytes.len() - 9;
    bytes[weight] ^= 1;
    replace(&desk, &machine(3), &bytes);
    let metrics = String::from_utf8(read("metrics.csv")).unwrap().replacen(",test,mse,", ",test,mse,1", 1);
    let other = read(&machine(5));
    replace(&desk, &machine(6), &other);
    let damaged = [&machine(3)[..], &machine(6)].map(|name| format!("run/{name}: "));
    let found = [
        format!("{}trained again, it has other bytes; its losses differ by ", damaged[0]),
        format!("{}is the machine of t = 5", damaged[1]),
    ];
    differs(&desk, &["--sample=9"], &found.each_ref().map(String::as_str));
    // Without the wrong machine the tables can be put together, and the loss is found.
    let desk = points(&[]);
    replace(&desk, "metrics.csv", metrics.as_bytes());
    differs(&desk, &[], &["run/metrics.csv: does not come out the same when it is put together"]);
    let desk = points(&[]);
    replace(&desk, "figures/schedule.svg", b"<svg/>");
    differs(&desk, &["--sample=0"], &["run/figures/schedule.svg: does not come out the same when it is drawn again"]);
    // What the manifest tells of itself stands in the report, too.
    let desk = points(&[]);
    forge(&desk, |manifest| manifest["host"] = "elsewhere".into());
    differs(&desk, &["--sample=0"], &["run/report.html: does not come out the same when it is made again"]);
    let desk = points(&[]);
    let config = fs::read_to_string(desk.path("run/config.toml")).unwrap();
    replace(&desk, "config.toml", config.replace("epochs = 2", "epochs = 3").as_bytes());
    let out = checked(&desk, &[], partial).out;
    assert!(out.contains("run/machines/t0001.safetensors: belongs to other settings or data"), "{out}");
    assert!(out.contains("note      no machine was trained again, since none is known to be sound\n"), "{out}");
}

#[test]
fn warm_starts_other_devices_and_parts_of_a_run_are_verified() {
    let warm = ["--set=train.warm_start=neighbour", "--set=train.anchor_spacing=3", "--set=train.warm_epochs=1"];
    let stop = ["--set=train.validation=40", "--set=train.stop=plateau", "--set=train.patience=1"];
    let desk = points(&[&warm[..], &stop, &["--set=train.epochs=5"]].concat());
    assert!(verified(&desk, &["--sample=6"]).contains("t = 1-6: the same bytes"));
    // A machine is trained again from its parent's file, and is left out where that is damaged.
    fs::write(desk.path("run/machines/t0003.safetensors"), b"").unwrap();
    let out = differs(&desk, &["--sample=6"], &["run/machines/t0003.safetensors: was changed since"]);
    assert!(out.contains("t = 1, 5-6: the same bytes"), "{out}");
    let desk = points(&["--device=ndarray", "--timesteps=2-3"]);
    let out = verified(&desk, &["--sample=6"]);
    assert!(out.contains("again on the ndarray device: t = 2-3: the same bytes"), "{out}");
    assert!(out.contains("note      the run has 2 of the 6 machines of its schedule"), "{out}");
    // The rest on another device: each machine is trained again on its own.
    desk.run(&["points.toml", "--out=run"]);
    let out = verified(&desk, &["--sample=6"]);
    assert!(out.contains("on the host device: t = 1, 4-6: the same bytes"), "{out}");
    assert!(out.contains("on the ndarray device: t = 2-3: the same bytes"), "{out}");
}

#[test]
fn an_exact_run_is_verified_by_its_losses() {
    let exact = ["--set=model.kind=exact", "--set=model.law=two_gaussians"];
    let desk = Desk::new();
    desk.write("points.toml", points_toml(6, "").split("[model]").next().unwrap());
    desk.run(&[&["points.toml", "--out=run", "--set=sample.count=8"], &exact[..]].concat());
    let out = verified(&desk, &[]);
    assert!(out.contains("losses    of the exact denoiser two_gaussians at 6 timesteps, the same\n"), "{out}");
    let metrics = fs::read_to_string(desk.path("run/metrics.csv")).unwrap();
    replace(&desk, "metrics.csv", metrics.replacen("test,mse,0.", "test,mse,0.1", 1).as_bytes());
    differs(&desk, &[], &["run/metrics.csv: does not come out the same"]);
}

#[test]
fn on_another_instruction_set_losses_are_compared_rather_than_bytes() {
    let desk = points(&[]);
    let nudge = |name: &str, by: f64| {
        let path = desk.path("run").join(name);
        let mut bytes = fs::read(&path).unwrap();
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let tensors: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
        let at = 8 + header + tensors["test_mse"]["data_offsets"][0].as_u64().unwrap() as usize;
        let loss = f64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        assert!((1e-3..10.0).contains(&loss), "{loss}");
        bytes[at..at + 8].copy_from_slice(&(loss * (1.0 + by)).to_le_bytes());
        replace(&desk, name, &bytes);
    };
    made(&desk, |manifest| manifest["isa"] = "another".into());
    let out = verified(&desk, &["--sample=9"]);
    assert!(out.contains("t = 1-6: the same bytes"), "{out}");
    nudge("machines/t0002.safetensors", 5e-5);
    let out = checked(&desk, &["--sample=9"], partial).out;
    assert!(out.contains("t = 1, 3-6: the same bytes; t = 2: the same losses to 5.0e-5 (1e-4 is allowed)"), "{out}");
    nudge("machines/t0002.safetensors", 5e-4);
    let out = checked(&desk, &["--sample=9"], partial).out;
    assert!(out.contains("run/machines/t0002.safetensors: trained again, it has other bytes"), "{out}");
}

#[test]
fn what_cannot_be_checked_is_an_error_and_not_a_difference() {
    let desk = Desk::new();
    assert!(desk.refused(&["verify", "run"]).starts_with("run/manifest.json: is missing; "));
    let mnist = [&["--out=run", "--timesteps=1-2", "--set=data.offline=synthetic_digits"], SMALL].concat();
    desk.run_small(&[&[shipped("mnist_T100.toml").as_str()], &mnist[..]].concat());
    verified(&desk, &["--offline"]);
    forge(&desk, |manifest| manifest["data"]["note"] = Value::Null);
    desk.write("run/extra", "");
    let said = checked(&desk, &["--offline"], common::fail);
    let expected = "data.source: the run is on mnist, here there is only synthetic digits, not MNIST\n";
    assert!(said.err.ends_with(expected), "{}", said.err);
    assert!(said.err.contains("warning: run/extra: was not there when the run ended\n"), "{}", said.err);
    let desk = points(&["--timesteps=1"]);
    made(&desk, |manifest| manifest["device"] = "cuda".into());
    let timing = fs::read_to_string(desk.path("run/timing.csv")).unwrap().replace("host", "abacus");
    replace(&desk, "timing.csv", timing.as_bytes());
    let message = checked(&desk, &[], common::fail).err;
    assert!(
        message.contains("run/manifest.json: device: `abacus` is none, use host, ndarray, cuda or cuda_host_noise"),
        "{message}"
    );
    verified(&desk, &["--sample=0"]);
}

#[test]
fn a_manifest_of_a_later_format_or_a_damaged_one_stops_every_verb() {
    let desk = points(&["--timesteps=1"]);
    let good = fs::read_to_string(desk.path("run/manifest.json")).unwrap();
    let run = ["points.toml", "--out=run", "--timesteps=1"];
    let verbs: [&[&str]; 4] = [&["verify", "run"], &["figures", "run"], &["analyze", "run"], &run];
    let refused = |text: &str, expected: &str| {
        desk.write("run/manifest.json", text);
        for verb in verbs {
            let message = desk.refused(verb);
            assert!(message.starts_with(expected), "{verb:?}: {message}\nexpected {expected}");
        }
    };
    let later = "run/manifest.json: format 7, this program reads formats up to 2; use a newer driver";
    refused(&good.replace("\"format\": 2", "\"format\": 7"), later);
    refused(r#"{"format": 7, "something": "else"}"#, later);
    refused(&good[..good.len() / 2], "run/manifest.json: damaged, not valid JSON: ");
    refused("[]", "run/manifest.json: damaged, not a JSON object; ");
    refused("{}", "run/manifest.json: damaged, `format` is missing or no number; ");
    refused(&good.replace("\"seed\": 0", "\"seed\": 1"), "run/manifest.json: changed since it was written ");
    refused(r#"{"format": 1}"#, "run/manifest.json: damaged: missing field");
    // The sum is over the entries: line breaks are free, and format 1 had none, nor was there a report.
    let mut old: Value = serde_json::from_str(&good).unwrap();
    desk.write("run/manifest.json", old.to_string());
    verified(&desk, &[]);
    old["format"] = 1.into();
    old.as_object_mut().unwrap().retain(|key, _| !["manifest_sha256", "isa"].contains(&key.as_str()));
    old["outputs"].as_object_mut().unwrap().remove("report.html");
    fs::remove_file(desk.path("run/report.html")).unwrap();
    desk.write("run/manifest.json", old.to_string());
    assert!(verified(&desk, &[]).contains("instruction set unknown"));
    desk.run(&["figures", "run"]);
    assert!(fs::read_to_string(desk.path("run/manifest.json")).unwrap().contains("\"format\": 2"));
    verified(&desk, &[]);
}
