//! What the end-to-end tests share: a working folder for each test, and the driver run in it.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Reductions of a shipped experiment on images that keep a whole run under a second.
pub(crate) const SMALL: &[&str] = &[
    "--set=data.train_limit=200",
    "--set=data.test_limit=40",
    "--set=schedule.timesteps=8",
    "--set=schedule.beta_start=5e-3",
    "--set=schedule.beta_end=0.8",
    "--set=model.hidden=16",
    "--set=train.epochs=2",
    "--set=train.batch=20",
    "--set=sample.count=16",
    "--set=analysis.observables=[\"kappa\"]",
    "--set=figures.reconstruction_images=10",
];

/// The settings of a run of points in the plane that takes a fraction of a second, with more lines for `[train]`.
pub(crate) fn points_toml(timesteps: usize, train: &str) -> String {
    format!(
        r#"
[data]
source = "gaussian_mixture"
dim = 2
mean_norm2 = 8.0
train_limit = 200
test_limit = 40
[schedule]
timesteps = {timesteps}
beta_start = 0.05
beta_end = 0.9
[model]
hidden = 4
[train]
epochs = 2
batch = 20
{train}
[sample]
count = 16
[analysis]
observables = ["kappa"]
trajectories = 20
times = 3
resamples = 10
"#
    )
}

/// Files that hold the wall-clock, the only ones in which two runs of one experiment may differ.
const CLOCKED: [&str; 3] = ["manifest.json", "timing.csv", "report.html"];

/// The path of a shipped experiment.
pub(crate) fn shipped(name: &str) -> String {
    format!("{}/../../experiments/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder by their path relative to it, hidden ones included.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// All files below `root` but the lock, which is no output; empty where it does not exist.
pub(crate) fn files(root: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with(".lock") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// All files of a run or a sweep but those that hold the wall-clock, and damaged ones that were set aside.
pub(crate) fn reproducible(run: &Path) -> Files {
    let mut found = files(run);
    found.retain(|name, _| !CLOCKED.iter().chain(&[".damaged"]).any(|ending| name.ends_with(ending)));
    found
}

/// Asserts that two runs left the same bytes, naming the files that differ rather than printing them.
#[track_caller]
pub(crate) fn assert_same(one: &Files, other: &Files) {
    assert!(!one.is_empty());
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let differing: Vec<&String> = one.iter().filter(|(name, bytes)| other[*name] != **bytes).map(|(n, _)| n).collect();
    assert!(differing.is_empty(), "differ: {differing:?}");
}

/// The values of a run's metrics.csv by (t, epoch, split, metric).
pub(crate) fn metrics(run: &Path) -> BTreeMap<(usize, usize, String, String), f64> {
    let mut reader = csv::Reader::from_path(run.join("metrics.csv")).unwrap();
    reader
        .deserialize::<(usize, usize, String, String, f64)>()
        .map(|row| row.unwrap())
        .map(|(t, epoch, split, metric, value)| ((t, epoch, split, metric), value))
        .collect()
}

/// One value of [`metrics`] on the test split.
#[track_caller]
pub(crate) fn test_metric(run: &Path, t: usize, epoch: usize, metric: &str) -> f64 {
    metrics(run)[&(t, epoch, "test".to_owned(), metric.to_owned())]
}

/// A folder to run the driver in, with a home folder of its own, so that no cache of the user's is found.
pub(crate) struct Desk {
    folder: TempDir,
    home: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), home: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder that the driver takes for the user's MNIST cache.
    pub(crate) fn cache(&self) -> PathBuf {
        self.home.path().join("cache/diffusion-phase-transitions/mnist")
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Everything in the folder.
    pub(crate) fn files(&self) -> Files {
        files(self.folder.path())
    }

    /// A command in the folder that sees nothing of the user's settings.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let settings = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DRIVER_"));
        settings.for_each(|(name, _)| {
            command.env_remove(name);
        });
        command
            .current_dir(self.folder.path())
            .env_remove("MNIST_DIR")
            .env_remove("GIT_DIR")
            .env("GIT_CEILING_DIRECTORIES", std::env::temp_dir())
            .env("HOME", self.home.path())
            .env("XDG_CACHE_HOME", self.home.path().join("cache"));
        command
    }

    /// The driver with these arguments.
    pub(crate) fn driver(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_driver"));
        command.args(args);
        command
    }

    /// Runs the driver, which must succeed.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        succeed(&mut self.driver(args))
    }

    /// Runs a reduced experiment without the network, which must succeed.
    #[track_caller]
    pub(crate) fn run_small(&self, args: &[&str]) -> Said {
        self.run(&[args, SMALL, &["--offline"]].concat())
    }

    /// Runs the driver, which must refuse with exit code 2 and write nothing; returns the first line of its message.
    #[track_caller]
    pub(crate) fn refused(&self, args: &[&str]) -> String {
        self.refusal(&mut self.driver(args)).lines().next().unwrap_or_default().to_owned()
    }

    /// The message of a command of [`Desk::driver`] that must fail and leave the folder as it is.
    #[track_caller]
    pub(crate) fn refusal(&self, command: &mut Command) -> String {
        let before = self.files();
        let said = fail(command);
        assert_eq!(said.out, "");
        assert_same_or_empty(&before, &self.files());
        said.err
    }
}

#[track_caller]
fn assert_same_or_empty(before: &Files, after: &Files) {
    if !(before.is_empty() && after.is_empty()) {
        assert_same(before, after);
    }
}

/// What a command wrote.
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command that must end with this exit code.
#[track_caller]
pub(crate) fn finish(command: &mut Command, code: i32) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let said = Said { out: text(output.stdout), err: text(output.stderr) };
    assert!(!said.err.contains("panicked"), "{}", said.err);
    assert_eq!(output.status.code(), Some(code), "{command:?}\n{}\n{}", said.out, said.err);
    said
}

/// Runs a command that must succeed.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> Said {
    finish(command, 0)
}

/// Runs a command that must end with the exit code of a run some of whose machines failed.
#[track_caller]
pub(crate) fn partial(command: &mut Command) -> Said {
    finish(command, 1)
}

/// Runs a command that must end with the exit code of an error.
#[track_caller]
pub(crate) fn fail(command: &mut Command) -> Said {
    finish(command, 2)
}
