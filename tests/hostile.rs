//! Names and links that would lead out of the run folder, archives that swell, mirrors that lie: nothing is written but
//! where the user said.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use common::{Desk, SMALL, assert_same, fail, files, reproducible, shipped};
use flate2::Compression;
use flate2::write::GzEncoder;

const TEMPLATE: &str = "seed = 0\nname = NAME\n[data]\nsource = \"swiss_roll\"\n";

#[test]
fn names_cannot_lead_out_of_the_results() {
    let desk = Desk::new();
    let refused = |name: &str| {
        desk.write("bad.toml", TEMPLATE.replace("NAME", name));
        desk.refused(&["bad.toml"])
    };
    let long = format!("\"{}\"", "x".repeat(101));
    let names = [
        "\"../../x\"",
        "\"/tmp/x\"",
        "\"..\"",
        "\".\"",
        "\"\"",
        "\".hidden\"",
        "\"a/b\"",
        "'a\\b'",
        "\"a\\u0000b\"",
        "\"a\\nb\"",
        "\"a b\"",
        "\"\u{e9}\"",
        "\"~\"",
        "\"$HOME\"",
        "\"C:x\"",
        long.as_str(),
    ];
    for name in names {
        let message = refused(name);
        assert!(message.starts_with("bad.toml:2:8: name: \""), "{message}");
        assert!(message.ends_with("use 1 to 100 letters, digits, _, - and ., not beginning with ."), "{message}");
    }
    for name in ["nul", "CON.toml", "com1", "lpt9.x", "dots."] {
        let message = refused(&format!("\"{name}\""));
        let expected =
            format!("bad.toml:2:8: name: \"{name}\" is not allowed, some systems cannot have such a folder; use ");
        assert!(message.starts_with(&expected), "{message}");
    }
    desk.write("good.toml", TEMPLATE.replace("NAME", "\"community.10-x_2\""));
    desk.run(&["plan", "good.toml"]);
    desk.write("..toml", TEMPLATE.replace("name = NAME\n", ""));
    assert!(desk.refused(&["..toml"]).starts_with("..toml: name: \".\" (from the file's name) is not allowed, use "));
    for (verb, set) in [("run", "name=../x"), ("plan", "name=/x")] {
        let message = desk.refused(&[verb, "good.toml", "--set", set]);
        assert!(message.starts_with(&format!("--set {set}: name: ")), "{message}");
    }
    let message = desk.refusal(desk.driver(&["good.toml"]).env("DRIVER_NAME", "../x"));
    assert!(message.starts_with("DRIVER_NAME=../x: name: "), "{message}");
}

#[test]
fn names_of_figures_and_observables_are_those_of_the_lists() {
    let desk = Desk::new();
    desk.run_small(&[&shipped("smoke.toml"), "--out=run"]);
    for name in ["../kappa", "/tmp/kappa", "", "kappa.csv"] {
        let message = desk.refused(&["figures", "run", "--only", name]);
        assert!(message.starts_with(&format!("figures: `{name}` is not a figure, use one of ")), "{message}");
        let message = desk.refused(&["analyze", "run", "--only", name]);
        let expected = format!("analysis.observables: `{name}` is not an observable, use some of ");
        assert!(message.starts_with(&expected), "{message}");
    }
}

/// What a run of [`SMALL`] leaves in a folder of the usual kind.
fn usual() -> common::Files {
    let desk = Desk::new();
    desk.run_small(&[&shipped("smoke.toml"), "--out=run"]);
    reproducible(&desk.path("run"))
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_a_file_is_replaced_and_its_target_left_alone() {
    use std::os::unix::fs::symlink;
    let desk = Desk::new();
    desk.write("precious", "my own");
    for folder in ["machines", "figures", "observables"] {
        fs::create_dir_all(desk.path("run").join(folder)).unwrap();
    }
    let linked = ["machines/t0003.safetensors", "figures/loss_vs_t.svg"];
    linked.iter().for_each(|name| symlink(desk.path("precious"), desk.path("run").join(name)).unwrap());
    fs::remove_dir(desk.path("run/observables")).unwrap();
    desk.run_small(&[&shipped("smoke.toml"), "--out=run"]);
    assert_eq!(fs::read_to_string(desk.path("precious")).unwrap(), "my own");
    for name in linked {
        assert!(!desk.path("run").join(name).is_symlink(), "{name}");
    }
    // And in a folder that is finished, where every file is written again or kept.
    let (metrics, elsewhere) = (desk.path("run/metrics.csv"), desk.path("metrics.csv"));
    fs::rename(&metrics, &elsewhere).unwrap();
    let before = fs::read(&elsewhere).unwrap();
    symlink(&elsewhere, &metrics).unwrap();
    desk.run_small(&[&shipped("smoke.toml"), "--out=run"]);
    assert!(!metrics.is_symlink());
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
    assert_same(&usual(), &reproducible(&desk.path("run")));
}

#[cfg(unix)]
#[test]
fn the_folders_of_a_run_may_be_links_to_a_larger_disk() {
    use std::os::unix::fs::symlink;
    let desk = Desk::new();
    fs::create_dir_all(desk.path("disk")).unwrap();
    fs::create_dir_all(desk.path("run")).unwrap();
    symlink(desk.path("disk"), desk.path("run/machines")).unwrap();
    desk.run_small(&[&shipped("smoke.toml"), "--out=run"]);
    assert!(desk.path("run/machines").is_symlink());
    // Eight machines with their markers, and the frame.
    assert_eq!(files(&desk.path("disk")).len(), 17, "{:?}", files(&desk.path("disk")).keys());
    assert_same(&usual(), &reproducible(&desk.path("run")));
    let manifest = fs::read_to_string(desk.path("run/manifest.json")).unwrap();
    assert!(manifest.contains("\"machines/t0008.safetensors\""), "{manifest}");
    // Other links lead anywhere, even back: they are no part of the run.
    fs::create_dir(desk.path("other")).unwrap();
    desk.write("other/mine.csv", "1");
    symlink(desk.path("run"), desk.path("run/figures/back")).unwrap();
    symlink(desk.path("run"), desk.path("run/back")).unwrap();
    symlink(desk.path("other"), desk.path("run/other")).unwrap();
    symlink(desk.path("nowhere"), desk.path("run/gone")).unwrap();
    desk.run_small(&[&shipped("smoke.toml"), "--out=run"]);
    let manifest = fs::read_to_string(desk.path("run/manifest.json")).unwrap();
    assert!(!manifest.contains("back") && !manifest.contains("mine.csv") && !manifest.contains("gone"), "{manifest}");
    assert_eq!(fs::read_dir(desk.path("other")).unwrap().count(), 1);
}

#[test]
fn a_settings_file_without_end_is_given_up() {
    let desk = Desk::new();
    if Path::new("/dev/zero").exists() {
        let message = desk.refused(&["/dev/zero"]);
        assert_eq!(message, "/dev/zero: cannot be read: more than 16777216 bytes, which no experiment needs");
    }
}

#[test]
fn a_file_of_nothing_but_faults_is_listed_up_to_a_point() {
    let desk = Desk::new();
    desk.write("bad.toml", (0..5_000).map(|i| format!("k{i} = 1\n")).collect::<String>());
    let message = desk.refusal(&mut desk.driver(&["bad.toml"]));
    assert_eq!(message.matches(": unknown key").count(), 1000);
    let last = message.lines().rfind(|line| line.starts_with("bad.toml:")).unwrap();
    assert!(last.ends_with(":1: more than 1000 faults, mend those above first"), "{last}");
}

fn gzip_of(start: &[u8], zeros: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(start).unwrap();
    (0..zeros >> 20).for_each(|_| encoder.write_all(&[0; 1 << 20]).unwrap());
    encoder.finish().unwrap()
}

#[test]
fn archives_that_swell_are_refused_where_their_header_ends_them() {
    let desk = Desk::new();
    for name in ["train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] {
        desk.write(&format!("mnist/{name}"), "");
    }
    let small = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28];
    let enormous = [&[0, 0, 8, 3], [0xff; 12].as_slice()].concat();
    let images = "mnist/train-images-idx3-ubyte.gz";
    for (content, problem) in [
        (gzip_of(&small, 64 << 20), "more than the 1568 bytes that the header declares"),
        (
            gzip_of(&enormous, 1 << 20),
            "sizes [4294967295, 4294967295, 4294967295], expected 1 to 67108864 values in all",
        ),
    ] {
        assert!(content.len() < 2 << 20);
        desk.write(images, content);
        let message = desk.refusal(desk.driver(&[&shipped("mnist_T100.toml"), "--offline"]).env("MNIST_DIR", "mnist"));
        assert_eq!(message.trim_end(), format!("{images}: {problem}"));
    }
}

/// The address of a mirror that answers every request with these bytes and closes.
fn mirror(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/mnist", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && connection.read(&mut byte).is_ok_and(|n| n > 0) {
                request.push(byte[0]);
            }
            let _ = connection.write_all(&answer);
        }
    });
    address
}

#[test]
fn every_kind_of_faulty_mirror_is_passed_over_and_named() {
    let ok = |declared: usize, body: &[u8]| {
        [format!("HTTP/1.1 200 OK\r\nContent-Length: {declared}\r\n\r\n").as_bytes(), body].concat()
    };
    let redirect = |target: &str| {
        format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .into_bytes()
    };
    let (page, other) = (b"<!DOCTYPE html>".as_slice(), gzip_of(b"other images", 0));
    let dead = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let cases = [
        (mirror(ok(other.len(), &other)), "uncompressed content has sha256 "),
        (mirror(ok(9999, &other)), "cut short: "),
        (mirror(ok(page.len(), page)), "a web page instead of a gzip file"),
        (mirror(redirect("file:///etc/passwd")), "too many redirects"),
        (mirror(redirect("ftp://127.0.0.1/x.gz")), "ftp"),
        (mirror(ok(1 << 40, &other)), "a file of 1099511627776 bytes, expected at most 67108864"),
        (mirror(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n".to_vec()), "503"),
        (dead, "refused"),
    ];
    let desk = Desk::new();
    let mut args = vec!["fetch", "--dir=mnist"];
    cases.iter().for_each(|(address, _)| args.extend(["--mirror", address]));
    let said = fail(&mut desk.driver(&args));
    let message = said.err.lines().last().unwrap();
    let reasons = message.strip_prefix("train-images-idx3-ubyte: no mirror gave it: ").expect(message);
    let reasons: Vec<&str> = reasons.split("; http://").collect();
    assert_eq!(reasons.len(), cases.len(), "{message}");
    for (reason, (address, expected)) in reasons.iter().zip(&cases) {
        let start = format!("{}/train-images-idx3-ubyte.gz: ", address.trim_start_matches("http://"));
        let reason = reason.trim_start_matches("http://").strip_prefix(&start).expect(reason);
        assert!(reason.to_lowercase().contains(expected), "{reason}, expected {expected}");
    }
    assert!(desk.files().is_empty() && files(&desk.cache()).is_empty());
    // Nothing of the faulty mirrors' is kept by a run either, nor anything written to the folder that settings name.
    let mirrors = format!("--set=data.mirrors=[\"{}\",\"{}\"]", cases[0].0, cases[4].0);
    let experiment = shipped("mnist_T100.toml");
    desk.run(&[&[experiment.as_str(), "--set=data.dir=read_only", &mirrors, "--out=run"], SMALL].concat());
    assert!(files(&desk.cache()).is_empty() && !desk.path("read_only").exists());
}
