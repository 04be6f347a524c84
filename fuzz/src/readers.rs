//! What is done with the bytes of each fuzz target, and what must hold whatever they are.
//!
//! No reader may panic, hang, or hold more memory than a multiple of its input; an error must begin with the file; what
//! was read must survive being written and read again.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;

use analysis::observables::{ObservableRow, TransitionRow};
use analysis::{
    HistogramRow, MeanImages, MetricRow, ProfileRow, ReconstructionRow, ReferenceRow, RunFacts, ScheduleRow, Table,
    TrainingRow, Trajectories, birth_from_bytes, birth_to_safetensors, rows_from_bytes, samples_from_bytes,
    samples_to_safetensors, to_csv,
};
use data::mnist::{Idx, MnistCsv};
use driver::config::{self, Sources, Task};
use flate2::{Compression, write::GzEncoder};
use model::checkpoint;

use crate::budget::within;

/// A target's name, which is also that of its folder in `tests/corpus`, and what is done with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 6] = [
    ("idx", idx),
    ("csv_digits", csv_digits),
    ("tables", tables),
    ("config", config),
    ("json", json),
    ("safetensors", safetensors),
];

/// Bytes of memory for each byte of content.
const FACTOR: usize = 64;
/// Bytes of memory for any input: buffers, and the state of the decompressor.
const BASE: usize = 1 << 20;
/// Bytes that a settings file may always have: the coefficients of the longest schedule, 100,000 timesteps.
const BASE_OF_CONFIG: usize = 32 << 20;
/// The most bytes that a byte of a deflate stream can stand for (RFC 1951: 258 bytes take two bits).
const MOST_EXPANSION: usize = 1032;
/// The first bytes of a gzip stream.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads `bytes` as the file `name` with memory in proportion to them; an error must name the file.
fn read<T, E: Display>(
    name: &str,
    bytes: &[u8],
    reader: impl FnOnce(&Path, &[u8]) -> Result<T, E>,
) -> Result<T, String> {
    read_within(BASE, name, bytes, reader)
}

fn read_within<T, E: Display>(
    base: usize,
    name: &str,
    bytes: &[u8],
    reader: impl FnOnce(&Path, &[u8]) -> Result<T, E>,
) -> Result<T, String> {
    let content = if bytes.starts_with(&GZIP) { bytes.len() * MOST_EXPANSION } else { bytes.len() };
    within(base + FACTOR * content, || {
        reader(Path::new(name), bytes).map_err(|error| {
            let message = error.to_string();
            assert!(message.starts_with(name), "the file is not named: {message}");
            message
        })
    })
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

/// IDX arrays of labels and of images, plain and compressed.
pub fn idx(bytes: &[u8]) {
    array::<1>(bytes);
    array::<3>(bytes);
}

fn array<const N: usize>(bytes: &[u8]) {
    let reader = |bytes: &[u8]| read("images-idx", bytes, Idx::<N>::from_bytes);
    let found = reader(bytes);
    if let Ok(idx) = &found {
        assert_eq!(idx.sizes.iter().product::<usize>(), idx.values.len());
    }
    if !bytes.starts_with(&GZIP) {
        assert_eq!(reader(&gzip(bytes)), found, "compression changes nothing");
    }
}

/// Digits as comma-separated text.
pub fn csv_digits(bytes: &[u8]) {
    if let Ok(pixels) = read("images.csv", bytes, MnistCsv::images_from_bytes) {
        assert!(pixels.len().is_multiple_of(784) && pixels.iter().all(|pixel| (0.0..=255.0).contains(pixel)));
    }
    if let Ok(labels) = read("labels.csv", bytes, MnistCsv::labels_from_bytes) {
        assert!(labels.iter().all(|label| *label <= 9));
    }
}

/// The tables of a run.
pub fn tables(bytes: &[u8]) {
    table::<MetricRow>(bytes);
    table::<TrainingRow>(bytes);
    table::<ReferenceRow>(bytes);
    table::<ScheduleRow>(bytes);
    table::<HistogramRow>(bytes);
    table::<ProfileRow>(bytes);
    table::<ReconstructionRow>(bytes);
    table::<ObservableRow>(bytes);
    table::<TransitionRow>(bytes);
}

fn table<R: Table>(bytes: &[u8]) {
    let Ok(rows) = read("table.csv", bytes, rows_from_bytes::<R>) else { return };
    let text = to_csv(&rows).expect("rows are flat");
    let again: Vec<R> = read("table.csv", text.as_bytes(), rows_from_bytes).expect("what was written can be read");
    assert_eq!(to_csv(&again).expect("rows are flat"), text);
}

/// An experiment's settings.
pub fn config(bytes: &[u8]) {
    let sources = Sources { file: "experiment.toml".into(), ..Sources::default() };
    let reader = |bytes: &[u8]| {
        read_within(BASE_OF_CONFIG, "experiment.toml", bytes, |_, bytes| config::load_task_bytes(&sources, bytes))
    };
    let toml = |task: &Task| match task {
        Task::Run(experiment) => experiment.to_toml(),
        Task::Sweep(sweep) => sweep.to_toml(),
    };
    let Ok(task) = reader(bytes) else { return };
    let text = toml(&task);
    assert_eq!(toml(&reader(text.as_bytes()).expect("what was written can be read")), text);
}

/// The JSON files of a run.
pub fn json(bytes: &[u8]) {
    // Nothing is asked of what a manifest holds; an error must name the file as any other.
    let _ = read("manifest.json", bytes, driver::read_manifest);
    let Ok(facts) = read("facts.json", bytes, RunFacts::from_bytes) else { return };
    let text = facts.to_json().expect("facts can be written");
    assert_eq!(read("facts.json", text.as_bytes(), RunFacts::from_bytes).as_ref(), Ok(&facts));
}

/// The safetensors files of a run.
pub fn safetensors(bytes: &[u8]) {
    let machine = |bytes: &[u8]| read("t0001.safetensors", bytes, checkpoint::from_bytes);
    if let Ok(found) = machine(bytes) {
        let written = checkpoint::write(&found).expect("what was read fits its shape");
        let again = machine(&written).expect("what was written can be read");
        assert_eq!(checkpoint::write(&again).expect("what was read fits its shape"), written);
    }
    let midway = |bytes: &[u8]| read("t0001.midway", bytes, checkpoint::midway_from_bytes);
    if let Ok((key, state)) = midway(bytes) {
        let written = checkpoint::write_midway(1, &key, &state).expect("what was read fits its shape");
        let again = midway(&written).map(|(key, state)| checkpoint::write_midway(1, &key, &state));
        assert_eq!(again.expect("what was written can be read").expect("it fits its shape"), written);
    }
    let conditioned = |bytes: &[u8]| read("conditioned.safetensors", bytes, checkpoint::conditioned_from_bytes);
    if let Ok(found) = conditioned(bytes) {
        let written = checkpoint::write_conditioned(&found).expect("what was read fits its shape");
        let again = conditioned(&written).expect("what was written can be read");
        assert_eq!(checkpoint::write_conditioned(&again).expect("what was read fits its shape"), written);
    }
    let midway = |bytes: &[u8]| read("conditioned.midway", bytes, checkpoint::conditioned_midway_from_bytes);
    if let Ok((key, state)) = midway(bytes) {
        let written = checkpoint::write_conditioned_midway(&key, &state).expect("what was read fits its shape");
        let again = midway(&written).map(|(key, state)| checkpoint::write_conditioned_midway(&key, &state));
        assert_eq!(again.expect("what was written can be read").expect("it fits its shape"), written);
    }
    let samples = |bytes: &[u8]| read("samples.safetensors", bytes, samples_from_bytes);
    if let Ok(found) = samples(bytes) {
        let written = samples_to_safetensors(&found).expect("points are a matrix");
        assert!(samples(&written).is_ok_and(|again| [again.len(), again.dim()] == [found.len(), found.dim()]));
    }
    let trajectories = |bytes: &[u8]| read("trajectories.safetensors", bytes, Trajectories::from_bytes);
    if let Ok(found) = trajectories(bytes) {
        let written = found.to_safetensors().expect("what was read fits its shape");
        let again = trajectories(&written).expect("what was written can be read");
        assert_eq!(again.to_safetensors().expect("what was read fits its shape"), written);
    }
    let birth = |bytes: &[u8]| read("birth.safetensors", bytes, birth_from_bytes);
    if let Ok(Some(found)) = birth(bytes) {
        let written = birth_to_safetensors(&found).expect("frames have one shape");
        let again = birth(&written).expect("what was written can be read").expect("it is there");
        assert_eq!(birth_to_safetensors(&again).expect("frames have one shape"), written);
    }
    let means = |bytes: &[u8]| read("mean_images.safetensors", bytes, MeanImages::from_bytes);
    if let Ok(found) = means(bytes) {
        let written = found.to_safetensors().expect("points are matrices");
        let again = means(&written).expect("what was written can be read");
        assert_eq!(again.to_safetensors().expect("points are matrices"), written);
    }
}
