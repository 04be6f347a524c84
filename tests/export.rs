//! The bank of a run as one file: what it holds, what is refused, and the same answers in PyTorch.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use common::{Desk, assert_same, files, finish, points_toml, shipped, succeed};
use serde_json::Value;

const SKIPS: [&str; 3] = ["none", "learned", "wiener"];

/// A tensor of a safetensors file: its shape and its numbers.
struct Tensor {
    shape: Vec<usize>,
    values: Vec<f64>,
}

/// The tensors of a safetensors file and its metadata, read by the letter of the format and not by the library that the
/// program uses.
fn read(path: &Path) -> (BTreeMap<String, Tensor>, Value) {
    let bytes = fs::read(path).unwrap();
    let (length, rest) = bytes.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    let mut header: BTreeMap<String, Value> = serde_json::from_slice(header).unwrap();
    let metadata = header.remove("__metadata__").unwrap_or_default();
    let tensor = |info: &Value| {
        let numbers = |key: &str| -> Vec<usize> { serde_json::from_value(info[key].clone()).unwrap() };
        let bytes = &data[numbers("data_offsets")[0]..numbers("data_offsets")[1]];
        let values = match info["dtype"].as_str().unwrap() {
            "F32" => bytes.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect(),
            "F64" => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
            "I64" => bytes.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect(),
            other => panic!("{other}"),
        };
        Tensor { shape: numbers("shape"), values }
    };
    (header.iter().map(|(name, info)| (name.clone(), tensor(info))).collect(), metadata)
}

/// eps_hat(x_t) from the numbers of the file alone, by the formula of its format.
fn eps_hat(file: &BTreeMap<String, Tensor>, t: usize, x: &[f64]) -> Vec<f64> {
    let d = x.len();
    let k = file["timesteps"].values.iter().position(|of| *of == t as f64).unwrap();
    let [a, h, r] = [file["w1"].shape[1], file["w1"].shape[2], file["b2"].shape[1]];
    let part = |name: &str, len: usize| &file[name].values[k * len..(k + 1) * len];
    let axes = file.get("axes").map(|axes| &axes.values);
    let signal = file["alpha_bar"].values[t - 1].sqrt();
    let z: Vec<f64> = (0..d)
        .map(|j| match axes {
            Some(axes) => (0..d).map(|i| (x[i] - signal * file["mean"].values[i]) * axes[i * d + j]).sum(),
            None => x[j],
        })
        .collect();
    let (w1, b1, w2, b2) = (part("w1", a * h), part("b1", h), part("w2", h * a), part("b2", r));
    let hidden: Vec<f64> =
        (0..h).map(|u| (b1[u] + (0..a).map(|j| z[j] * w1[j * h + u]).sum::<f64>()).max(0.0)).collect();
    let e: Vec<f64> = (0..d)
        .map(|j| {
            let dense = if j < a { (0..h).map(|u| hidden[u] * w2[u * a + j]).sum::<f64>() } else { 0.0 };
            let net = dense + if j < r { b2[j] } else { 0.0 };
            let gain = file.get("skip").map_or(0.0, |skip| part("skip", skip.shape[1])[j % skip.shape[1]]);
            net + gain * z[j]
        })
        .collect();
    match axes {
        Some(axes) => (0..d).map(|i| (0..d).map(|j| axes[i * d + j] * e[j]).sum()).collect(),
        None => e,
    }
}

/// A finished run of `points_toml` for each skip: a cloud in the plane, and for Wiener's also digits, whose frame leaves
/// directions out.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("points.toml", points_toml(8, ""));
    for skip in SKIPS {
        // Wiener's with the covariance of the step, which PyTorch's chain has too.
        let variance = if skip == "wiener" { "optimal" } else { "posterior" };
        let settings = [format!("--set=model.skip={skip}"), format!("--set=sample.variance={variance}")];
        desk.run(&["points.toml", &settings[0], &settings[1], "--set=sample.count=400", "--out", skip]);
    }
    desk
}

#[test]
fn the_file_answers_as_the_machines_do() {
    let desk = desk();
    desk.run_small(&[&shipped("smoke.toml"), "--set=model.skip=wiener", "--set=model.axes=9", "--out=digits"]);
    for run in SKIPS.iter().chain(&["digits"]) {
        let before = files(&desk.path(run));
        let said = desk.run(&["export", run, "--check=3"]);
        assert_eq!(said.out, format!("{run}.safetensors\n"));
        assert_same(&before, &files(&desk.path(run)));
        let (file, metadata) = read(&desk.path(&format!("{run}.safetensors")));
        let facts: Value = serde_json::from_str(metadata["bank"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&facts["timesteps"], &facts["stride"], &facts["activation"]),
            (&8.into(), &1.into(), &"relu".into())
        );
        assert_eq!(file["timesteps"].values, (1..=8).map(f64::from).collect::<Vec<_>>());
        let products = file["betas"].values.iter().scan(1.0, |product, beta| {
            *product *= 1.0 - beta;
            Some(*product)
        });
        assert!(products.zip(&file["alpha_bar"].values).all(|(a, b)| (a - b).abs() < 1e-15));
        let d = file["check_x"].shape[2];
        assert_eq!(file["w1"].shape[1], if *run == "digits" { 9 } else { d });
        let factors = match *run {
            "none" => None,
            "learned" => Some(1),
            _ => Some(d),
        };
        assert_eq!(file.get("skip").map(|skip| skip.shape[1]), factors);
        assert_eq!(
            (&file["check_t"].values[..], &file["check_x"].shape[..2]),
            (&[1.0, 2.0, 4.0, 6.0, 8.0][..], &[5, 3][..])
        );
        let x = file["check_x"].values.chunks(d);
        let stored = file["check_eps_hat"].values.chunks(d).zip(file["check_eps_hat_f32"].values.chunks(d));
        let mut worst = [0.0_f64; 2];
        for (i, (x, (exact, program))) in x.zip(stored).enumerate() {
            let own = eps_hat(&file, file["check_t"].values[i / 3] as usize, x);
            let scale = (exact.iter().map(|e| e * e).sum::<f64>() / d as f64).sqrt();
            assert!(scale > 1e-3, "{run} {i}: {scale}");
            for (own, (exact, program)) in own.iter().zip(exact.iter().zip(program)) {
                worst[0] = worst[0].max((own - exact).abs() / scale);
                worst[1] = worst[1].max((own - program).abs() / scale);
            }
        }
        assert!(worst[0] < 1e-12 && worst[1] < 1e-4, "{run}: {worst:?}");
    }
}

#[test]
fn some_machines_can_be_exported_and_what_is_missing_or_damaged_is_named() {
    let desk = Desk::new();
    desk.write("points.toml", points_toml(8, ""));
    desk.run(&["points.toml", "--timesteps=1-2,5", "--out=part"]);
    let message = desk.refused(&["export", "part"]);
    let expected = "part/machines: no machine of t = 3-4, 6-8; run the experiment again, or name those that are there with \
                    --timesteps";
    assert_eq!(message, expected);
    desk.run(&["export", "part", "--timesteps=2,5", "--check=0", "--out=some/two.safetensors"]);
    let (file, _) = read(&desk.path("some/two.safetensors"));
    assert_eq!((&file["timesteps"].values[..], &file["w1"].shape[..]), (&[2.0, 5.0][..], &[2, 2, 4][..]));
    assert_eq!(file["betas"].shape, [8]);
    assert!(!file.contains_key("check_t"));
    // A part has drawn no samples: states are noise.
    desk.run(&["export", "part", "--timesteps=5", "--check=2", "--out=one.safetensors"]);
    let before = fs::read(desk.path("one.safetensors")).unwrap();
    desk.run(&["export", "part", "--timesteps=5", "--check=2", "--out=one.safetensors"]);
    assert!(before == fs::read(desk.path("one.safetensors")).unwrap());

    let path = desk.path("part/machines/t0005.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let message = desk.refused(&["export", "part", "--timesteps=2,5", "--out=one.safetensors"]);
    assert!(message.starts_with("part/machines/t0005.safetensors: is damaged: "), "{message}");
    assert!(before == fs::read(desk.path("one.safetensors")).unwrap());

    let message = desk.refused(&["export", "part", "--timesteps=9"]);
    assert!(message.starts_with("--timesteps: "), "{message}");
    let message = desk.refused(&["export", "part", "--timesteps=2", "--out=part/bank.safetensors"]);
    assert!(message.starts_with("--out: part/bank.safetensors lies in the run folder"), "{message}");
    assert!(desk.refused(&["export", "nowhere"]).starts_with("nowhere: not a run folder"));
    desk.write("exact.toml", exact_toml());
    desk.run(&["exact.toml", "--out=exact"]);
    assert!(desk.refused(&["export", "exact"]).starts_with("exact: has no bank of machines"));
}

/// [`points_toml`] with an exact law in the machines' place.
fn exact_toml() -> String {
    let text = points_toml(4, "");
    let (before, rest) = text.split_once("[model]").unwrap();
    let (_, after) = rest.split_once("[sample]").unwrap();
    format!("{before}[model]\nkind = \"exact\"\nlaw = \"wiener\"\n[sample]{after}")
}

/// The interpreter of `$PYTHON`, else `python3`, where it has what the loader needs.
fn python() -> Option<String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let there = std::process::Command::new(&python).args(["-c", "import torch, safetensors"]).output();
    let is_there = there.is_ok_and(|output| output.status.success());
    if !is_there {
        // Past the test harness, which keeps what a passing test prints to itself.
        let line = format!("skipped: torch is not installed for {python}; set PYTHON to an interpreter that has it\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    is_there.then_some(python)
}

#[test]
fn pytorch_gives_the_same_answers_and_the_same_samples() {
    let Some(python) = python() else { return };
    let desk = desk();
    let script = format!("{}/../../scripts/load_checkpoint.py", env!("CARGO_MANIFEST_DIR"));
    let files = SKIPS.map(|skip| format!("{skip}.safetensors"));
    for skip in SKIPS {
        desk.run(&["export", skip, "--check=5"]);
    }
    let said = succeed(desk.command(&python).arg(&script).args(&files));
    assert_eq!(said.out.matches("8 machines, d = 2, 5 states at t = 1, 2, 4, 6, 8").count(), 3, "{}", said.out);
    assert_eq!(said.out.matches("(the same)").count(), 3, "{}", said.out);

    // The chain in PyTorch draws from the law that ours draws from: second moments along both axes.
    let code = "import sys, torch; sys.path.insert(0, sys.argv[1]); from load_checkpoint import Bank\n\
                for path in sys.argv[2:]:\n    \
                    x = Bank.load(path).sample(4000, torch.Generator().manual_seed(1))\n    \
                    print(*x.square().mean(0).tolist())";
    let folder = Path::new(&script).parent().unwrap();
    let said = succeed(desk.command(&python).args(["-c", code]).arg(folder).args(&files));
    for (skip, line) in SKIPS.iter().zip(said.out.lines()) {
        let theirs: Vec<f64> = line.split(' ').map(|value| value.parse().unwrap()).collect();
        let samples = &read(&desk.path(skip).join("samples.safetensors")).0["samples"].values;
        for (axis, theirs) in theirs.iter().enumerate() {
            let own: Vec<f64> = samples.chunks(2).map(|x| x[axis] * x[axis]).collect();
            let mean = own.iter().sum::<f64>() / own.len() as f64;
            let variance = own.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / own.len() as f64;
            // Five standard errors of 400 samples and of 4000.
            let error = 5.0 * (variance / 400.0 + variance / 4000.0).sqrt();
            assert!((mean - theirs).abs() < error, "{skip} axis {axis}: {mean} {theirs} {error}");
        }
    }

    // A file whose numbers were changed is found out.
    let path = desk.path(&files[0]);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() - 1;
    bytes[at] ^= 0x40;
    fs::write(&path, bytes).unwrap();
    let said = finish(desk.command(&python).arg(&script).arg(&path), 1);
    assert!(said.out.contains("more than 1e-06"), "{}", said.out);
}
