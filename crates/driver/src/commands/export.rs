//! `driver export`: the machines of a run as one safetensors file, which `scripts/load_checkpoint.py` loads into PyTorch.

mod check;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data::{Frame, write_atomically_with};
use model::{Bank, BankShape, BankWriter, Canvas, Machine, checkpoint};
use schedule::{Schedule, Timestep};
use serde_json::{Map, Value, json};
use train::ranges;

use crate::cli::ExportArgs;
use crate::config::{self, Experiment, Model, Sources, VarianceWord};
use crate::folder::RunFolder;
use crate::lock::Lock;
use crate::pipeline::conditioned::Conditioned;
use crate::pipeline::damage::Damage;
use crate::pipeline::mark::Mark;
use crate::pipeline::shelf::file;
use crate::terminal::{Terminal, bytes};
use crate::{DriverError, interrupt};
use check::Check;

/// Writes the machines of a run into one file, whole or not at all, and prints its path.
///
/// Memory holds one machine at a time, and the states whose answers are stored.
///
/// # Errors
/// A run without machines, machines that are missing, damaged or of other settings, a file that cannot be written.
pub(crate) fn export(args: &ExportArgs, terminal: Terminal) -> Result<(), DriverError> {
    let folder = RunFolder::open(&args.run)?;
    let path = args.out.clone().map_or_else(|| beside(folder.root()), Ok)?;
    refuse_inside(&path, folder.root())?;
    let _lock = Lock::to_read(folder.root())?;
    let used = [RunFolder::CONFIG, RunFolder::FRAME, analysis::Run::SAMPLES_FILE];
    Damage::find(&folder, |name| used.contains(&name), terminal)?.refuse(|_, _| true)?;
    let config = folder.root().join(RunFolder::CONFIG);
    let experiment = config::load(&Sources { file: config, ..Sources::default() })?;
    let schedule = Schedule::new(experiment.schedule.law, experiment.schedule.timesteps)?;
    let shelf = Machines::of(&folder, &experiment, &schedule)?;
    let timesteps = shelf.asked(args)?;
    let check = Check::states(&folder, &shelf, &timesteps, args.check)?;
    let export = Export { experiment: &experiment, shelf: &shelf, timesteps: &timesteps, terminal };
    let patience = interrupt::patiently("the file begun is removed first");
    write_atomically_with(&path, |file| export.write(file, check)).map_err(|error| error.of(&path))?;
    patience.over()?;
    terminal.result(path.display());
    Ok(())
}

/// `results/NAME.safetensors` for the run in `results/NAME`.
fn beside(root: &Path) -> Result<PathBuf, DriverError> {
    let whole = root.canonicalize().map_err(DriverError::io(root, "cannot be found"))?;
    let name = root.file_name().or_else(|| whole.file_name()).unwrap_or_default().to_string_lossy().into_owned();
    let folder = if root.file_name().is_some() { root.parent() } else { whole.parent() };
    Ok(folder.unwrap_or(Path::new("")).join(name + ".safetensors"))
}

/// What is in a run folder but not of the run would be taken for damage.
fn refuse_inside(path: &Path, root: &Path) -> Result<(), DriverError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (parent.canonicalize(), root.canonicalize()) {
        (Ok(parent), Ok(root)) if parent.starts_with(&root) => Err(DriverError::Message(format!(
            "--out: {} lies in the run folder, which export leaves as it is; name a file elsewhere",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// The finished machines of a run folder, read as they are.
struct Machines<'a> {
    folder: &'a RunFolder,
    schedule: &'a Schedule,
    /// The coordinates they live in; `None` for the data's own.
    frame: Option<data::Pca>,
}

impl<'a> Machines<'a> {
    fn of(folder: &'a RunFolder, experiment: &Experiment, schedule: &'a Schedule) -> Result<Self, DriverError> {
        let refused = match experiment.model {
            Model::Machines(config::Machines::Autoencoders { .. }) => None,
            Model::Machines(config::Machines::Sigmoid { .. }) => {
                Some("its layers of sigmoids have no hidden layer".to_owned())
            }
            Model::Machines(config::Machines::Regression { .. }) => {
                Some("a regression has one machine and no chain".to_owned())
            }
            Model::Conditioned { .. } => {
                Some(format!("its one machine for all t is one safetensors file already, {}", Conditioned::FILE))
            }
            Model::Exact(law) => Some(format!("its model is the exact law {law}")),
        };
        if let Some(why) = refused {
            return Err(DriverError::Message(format!("{}: has no bank of machines, {why}", folder.root().display())));
        }
        let path = folder.root().join(RunFolder::FRAME);
        let frame = match folder.bytes_if_present(RunFolder::FRAME)? {
            Some(bytes) => Some(checkpoint::frame_from_bytes(&path, &bytes)?),
            None => None,
        };
        Ok(Self { folder, schedule, frame })
    }

    /// The timesteps to be exported, all of whose machines are there.
    fn asked(&self, args: &ExportArgs) -> Result<Vec<Timestep>, DriverError> {
        let asked: Vec<Timestep> = match &args.timesteps {
            Some(ranges) => {
                ranges.of(self.schedule).map_err(|error| DriverError::Message(format!("--timesteps: {error}")))?
            }
            None => self.schedule.timesteps().collect(),
        };
        let is_there = |t: &Timestep| self.folder.root().join(file(*t)).is_file();
        let missing: Vec<usize> = asked.iter().filter(|t| !is_there(t)).map(|t| t.get()).collect();
        if missing.is_empty() {
            return Ok(asked);
        }
        Err(DriverError::Message(format!(
            "{}: no machine of t = {}; run the experiment again, or name those that are there with --timesteps",
            self.folder.machines().display(),
            ranges(&missing)
        )))
    }

    /// The frame that states are seen from.
    fn frame(&self, dim: usize) -> Frame {
        self.frame.clone().map_or(Frame::Identity { dim }, Frame::Principal)
    }

    /// The machine of t, as its training left it.
    fn read(&self, t: Timestep) -> Result<Machine, DriverError> {
        let path = self.folder.root().join(file(t));
        let refused = |reason: &str| {
            let way_out = "run the experiment again to have it trained again";
            Err(DriverError::Message(format!("{}: {reason}; {way_out}", path.display())))
        };
        let Some(bytes) = self.folder.bytes_if_present(&file(t))? else { return refused("is gone") };
        if matches!(Mark::read(self.folder, &file(t))?, Some(Ok(mark)) if !mark.is_of(&bytes)) {
            return refused("is damaged: these are not the bytes that its training left");
        }
        let checkpoint = checkpoint::from_bytes(&path, &bytes)?;
        if checkpoint.t != t.get() || checkpoint.alpha_bar != self.schedule.alpha_bar(t) {
            return refused(&format!("is not the machine of t = {t} of these settings"));
        }
        let Some(machine) = checkpoint.machine.autoencoder() else { return refused("has no hidden layer") };
        if self.frame.as_ref().is_some_and(|pca| pca.mean.len() != machine.dim) {
            return refused("is of another dimension than its frame");
        }
        if machine.local.is_none() {
            return Ok(machine);
        }
        let canvas = Arc::new(Canvas::new(&self.frame(machine.dim), machine.inputs)?);
        Ok(machine.on_canvas(&canvas, self.schedule.forward(t).signal))
    }
}

/// What is written into the file.
struct Export<'a> {
    experiment: &'a Experiment,
    shelf: &'a Machines<'a>,
    timesteps: &'a [Timestep],
    terminal: Terminal,
}

impl Export<'_> {
    fn write(&self, file: &mut File, mut check: Check) -> Result<(), Failure> {
        let schedule = self.shelf.schedule;
        let Some(first) = self.timesteps.first() else { return Ok(()) };
        let first = self.shelf.read(*first)?;
        let [dim, inputs, seen, hidden, gains] = BankShape::of_machine(&first);
        let shape = BankShape {
            dim,
            inputs,
            seen,
            hidden,
            gains,
            local: first.local.as_ref().map(|local| local.units.config()),
            timesteps: schedule.len(),
            machines: self.timesteps.len(),
            framed: self.shelf.frame.is_some(),
            checked: check.shape(),
        };
        let mut bank = BankWriter::begin(file, shape, self.facts())?;
        let size = bank.size();
        bank.f64s("betas", 0, schedule.betas())?;
        bank.f64s("alpha_bar", 0, &schedule.timesteps().map(|t| schedule.alpha_bar(t)).collect::<Vec<_>>())?;
        bank.i64s("timesteps", 0, &self.timesteps.iter().map(|t| t.get()).collect::<Vec<_>>())?;
        if let Some(pca) = &self.shelf.frame {
            bank.f64s("mean", 0, &pca.mean)?;
            bank.f32s("axes", 0, &pca.axes)?;
        }
        let progress = self.terminal.progress("export", self.timesteps.len() as u64);
        let frame = self.shelf.frame(dim);
        for (k, &t) in self.timesteps.iter().enumerate() {
            let machine = self.shelf.read(t)?;
            if !shape.fits(&machine) {
                let machines = self.shelf.folder.machines();
                let message =
                    format!("{}: not of the shape of the others", machines.join(Bank::file_name(t)).display());
                return Err(Failure::Other(DriverError::Message(message)));
            }
            bank.machine(k, &machine)?;
            check.answer(t, &machine, (&frame, schedule));
            if let Some(signal) = interrupt::signal() {
                return Err(Failure::Other(DriverError::Abandoned(signal)));
            }
            progress.advance(1);
        }
        check.write(&mut bank)?;
        bank.finish()?;
        progress.finish();
        self.terminal.say(format_args!("{} machines, {}", self.timesteps.len(), bytes(size as f64)));
        Ok(())
    }

    /// What the loader and people want to know beside the numbers.
    fn facts(&self) -> Map<String, Value> {
        let experiment = self.experiment;
        let facts = [
            ("name", json!(experiment.name)),
            ("source", json!(experiment.data.source().word())),
            ("seed", json!(experiment.seed)),
            ("variance", json!(VarianceWord::of(experiment.sample.variance).word())),
            ("stride", json!(experiment.sample.stride)),
            ("noiseless_steps", json!(experiment.sample.noiseless_steps)),
        ];
        facts.map(|(key, value)| (key.to_owned(), value)).into_iter().collect()
    }
}

/// Why the file was not written.
#[derive(Debug)]
enum Failure {
    Writing(io::Error),
    Other(DriverError),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Writing(error)
    }
}

impl From<DriverError> for Failure {
    fn from(error: DriverError) -> Self {
        Self::Other(error)
    }
}

impl Failure {
    /// The error of the export to `path`.
    fn of(self, path: &Path) -> DriverError {
        match self {
            Self::Writing(error) => DriverError::io(path, "cannot be written")(error),
            Self::Other(error) => error,
        }
    }
}
