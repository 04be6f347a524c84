//! Runs on MNIST where there is no MNIST: drawn digits take its place, and every output says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use common::{Desk, SMALL, fail, files, metrics, shipped};

const NOTE: &str = "synthetic digits, not MNIST";
/// The content of nothing, compressed: gzip, but not MNIST.
const EMPTY_GZIP: [u8; 20] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const MNIST: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// The start of the message for MNIST that is not there.
fn not_found(places: &str) -> String {
    format!("data.source: MNIST was not found in {places} ")
}

#[test]
fn without_mnist_the_main_job_goes_on_with_drawn_digits_and_says_so_everywhere() {
    let desk = Desk::new();
    let said = desk.run_small(&[&shipped("mnist_T100.toml")]);
    let lines: Vec<&str> = said.err.lines().collect();
    assert!(
        lines[0].starts_with(&format!("warning: {}", not_found(&desk.cache().display().to_string()))),
        "{}",
        said.err
    );
    assert!(
        lines[1].starts_with(&format!("warning: going on with {NOTE} (data.offline = \"synthetic_digits\")")),
        "{}",
        said.err
    );
    assert!(said.out.contains(&format!("NOTE: these are {NOTE}")), "{}", said.out);

    let run = desk.path("results/mnist_T100-synthetic");
    assert_eq!(fs::read_dir(desk.path("results")).unwrap().count(), 1);
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(run.join("manifest.json")).unwrap()).unwrap();
    assert_eq!((&manifest["data"]["source"], &manifest["data"]["note"]), (&"mnist".into(), &NOTE.into()));

    // The same digits asked for by name need no note: the numbers are the same, every figure differs.
    let text = fs::read_to_string(shipped("mnist_T100.toml")).unwrap();
    let text = text.replace("source = \"mnist\"", "source = \"synthetic_digits\"");
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("offline")).collect();
    desk.write("asked.toml", text.join("\n"));
    desk.run_small(&["asked.toml", "--out=asked"]);
    assert_eq!(metrics(&run), metrics(&desk.path("asked")));
    let (marked, plain) = (files(&run.join("figures")), files(&desk.path("asked/figures")));
    assert_eq!(marked.keys().collect::<Vec<_>>(), plain.keys().collect::<Vec<_>>());
    let svgs: Vec<&String> = marked.keys().filter(|name| name.ends_with(".svg")).collect();
    assert_eq!(svgs.len(), 14);
    for name in svgs {
        let holds = |files: &common::Files| String::from_utf8(files[name].clone()).unwrap().contains(NOTE);
        assert!(holds(&marked) && !holds(&plain), "{name}");
        let png = name.replace(".svg", ".png");
        assert!(marked[&png] != plain[&png], "{png} does not carry the note");
    }
}

#[test]
fn without_leave_to_go_on_the_message_says_what_to_put_where() {
    let desk = Desk::new();
    let args = [shipped("mnist_T100.toml"), "--offline".to_owned(), "--set=data.offline=error".to_owned()];
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let expected = |places: &str| {
        format!(
            "{}and --offline forbids a download; put the four files {} (plain or .gz) into one folder and name it in \
             data.dir or $MNIST_DIR\n",
            not_found(places),
            MNIST.join(", "),
        )
    };
    let cache = desk.cache().display().to_string();
    assert_eq!(desk.refusal(&mut desk.driver(&args)), expected(&cache));
    // Three files of four are none.
    MNIST[..3].iter().for_each(|name| desk.write(&format!("some/{name}"), "x"));
    let message = desk.refusal(desk.driver(&args).env("MNIST_DIR", "some").arg("--set=data.dir=\"other\""));
    assert_eq!(message, expected(&format!("other, some, {cache}")));
    assert!(!desk.cache().exists());
}

/// The address of a server that answers every request with this body.
fn mirror(body: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/mnist/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let (mut connection, mut request) = (connection, Vec::new());
            let mut chunk = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                match connection.read(&mut chunk) {
                    Ok(n) if n > 0 => request.extend_from_slice(&chunk[..n]),
                    _ => break,
                }
            }
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = connection.write_all(&[head.as_bytes(), body].concat());
        }
    });
    address
}

/// The address of a port that nobody listens on.
fn dead_mirror() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[test]
fn what_a_faulty_mirror_gives_is_not_kept() {
    let cases = [
        (mirror(b"<!DOCTYPE html><html></html>"), "a web page instead of a gzip file"),
        (mirror(&EMPTY_GZIP), "uncompressed content has sha256 e3b0c442"),
        (mirror(b""), "other content instead of a gzip file"),
        (dead_mirror(), "refused"),
    ];
    let desk = Desk::new();
    for (address, reason) in &cases {
        let mirrors = format!("--set=data.mirrors=[\"{address}\"]");
        let args = [&shipped("mnist_T100.toml"), mirrors.as_str(), "--set=data.offline=error"];
        let message = desk.refusal(&mut desk.driver(&args));
        let last = message.lines().last().unwrap();
        assert!(last.starts_with(&not_found(&desk.cache().display().to_string())), "{last}");
        for part in ["and the download failed (train-images-idx3-ubyte: no mirror gave it", address, reason] {
            assert!(last.to_lowercase().contains(&part.to_lowercase()), "{last}, expected {part}");
        }
        assert!(files(&desk.cache()).is_empty(), "{:?}", files(&desk.cache()).keys());
    }
    let mirrors = format!("--set=data.mirrors=[\"{}\",\"{}\"]", cases[0].0, cases[1].0);
    let said = desk.run(&[&[shipped("mnist_T100.toml").as_str(), &mirrors], SMALL].concat());
    assert!(said.err.contains(&format!("warning: going on with {NOTE}")), "{}", said.err);
    assert!(desk.path("results/mnist_T100-synthetic/manifest.json").exists());
    assert!(files(&desk.cache()).is_empty());
}

#[test]
fn a_fetch_that_fails_keeps_nothing_and_names_every_mirror() {
    let desk = Desk::new();
    let (page, dead) = (mirror(b"<html>"), dead_mirror());
    let said = fail(&mut desk.driver(&["fetch", "--dir=mnist", "--mirror", &page, "--mirror", &dead]));
    let message = said.err.lines().last().unwrap();
    assert!(message.starts_with("train-images-idx3-ubyte: no mirror gave it: "), "{message}");
    assert!(message.contains(&page) && message.contains(&dead), "{message}");
    assert!(desk.files().is_empty());
}

#[test]
fn a_run_on_mnist_is_not_mixed_with_one_on_drawn_digits() {
    let desk = Desk::new();
    let experiment = shipped("mnist_T100.toml");
    let args = [&[experiment.as_str(), "--offline", "--out=run"], SMALL].concat();
    desk.run(&args);
    // As if the folder held the same experiment on the real digits.
    let facts = fs::read_to_string(desk.path("run/facts.json")).unwrap();
    let real = facts.replace(&format!("\"data_note\": \"{NOTE}\""), "\"data_note\": null");
    assert_ne!(facts, real);
    desk.write("run/facts.json", real);
    let message = desk.refusal(&mut desk.driver(&args));
    let expected = format!("run: holds a run on mnist, and this one would be on {NOTE}; ");
    assert!(message.lines().last().unwrap().starts_with(&expected), "{message}");
}
