//! `driver verify`: is a finished run what its manifest says, and does it come out the same again?

use std::path::Path;

use schedule::Timestep;
use sha2::{Digest, Sha256};

use super::run::threads;
use crate::DriverError;
use crate::cli::VerifyArgs;
use crate::config::{self, Machines, Model, Sources};
use crate::folder::{RunFolder, write_whole};
use crate::lock::Lock;
use crate::pipeline::bench::Bench;
use crate::pipeline::conditioned::Conditioned;
use crate::pipeline::dataset::Places;
use crate::pipeline::manifest::{self, Code, Manifest, hex};
use crate::pipeline::problem::Problem;
use crate::pipeline::shelf::Shelf;
use crate::pipeline::verification::again::{Draw, train_again};
use crate::pipeline::verification::certificate::Certificate;
use crate::pipeline::verification::{Checks, Subject, conditioned, machines, remade};
use crate::terminal::Terminal;

/// Checks sums, machines, tables and figures of a run, trains some of its machines again, and prints a certificate;
/// whether all was the same.
///
/// # Errors
/// A run, its data or its device that cannot be had; the differences found until then are said.
pub(crate) fn verify(
    args: &VerifyArgs,
    environment: &[(String, String)],
    terminal: Terminal,
) -> Result<bool, DriverError> {
    let folder = RunFolder::with_manifest(&args.run)?;
    if let Some(path) = &args.certificate {
        refuse_inside(path, folder.root())?;
    }
    let _lock = Lock::to_read(folder.root())?;
    let threads = threads(args.threads)?;
    let path = folder.root().join(RunFolder::MANIFEST);
    let bytes = std::fs::read(&path).map_err(DriverError::io(&path, "cannot be read"))?;
    let manifest = manifest::parse(&path, &bytes)?;
    let sum = Sha256::digest(&bytes);
    let own_seed = sum.iter().take(8).fold(0, |seed, &byte| (seed << 8) | u64::from(byte));
    let draw = Draw { count: args.sample, seed: args.seed.unwrap_or(own_seed) };
    let (code, mut checks) = (Code::present(), Checks::new(&folder));
    let places = Places::new(environment);
    let checked = checks.files(&folder, &manifest, terminal).and_then(|()| {
        let looked_at = Looked { folder: &folder, manifest: &manifest, code: &code, threads, terminal };
        inside(&looked_at, &places, args.offline, draw, &mut checks)
    });
    if let Err(error) = checked {
        checks.lines().iter().for_each(|line| terminal.warn(line));
        return Err(error);
    }
    let certificate = Certificate::new(args.run.display().to_string(), &manifest, hex(&sum), &code, checks);
    publish(&certificate, args.certificate.as_deref(), terminal)?;
    Ok(certificate.is_verified())
}

/// What is at hand before the settings of the run are read.
struct Looked<'a> {
    folder: &'a RunFolder,
    manifest: &'a Manifest,
    code: &'a Code,
    threads: usize,
    terminal: Terminal,
}

/// Everything beyond the sums; where the settings or the data are not the run's, there is nothing to compare with.
fn inside(
    looked_at: &Looked<'_>,
    places: &Places,
    offline: bool,
    draw: Draw,
    checks: &mut Checks,
) -> Result<(), DriverError> {
    let Looked { folder, manifest, code, threads, terminal } = *looked_at;
    if !checks.is_sound(RunFolder::CONFIG) {
        checks.notes.push(format!("nothing but sums was checked, since {} is not the run's", RunFolder::CONFIG));
        return Ok(());
    }
    let file = folder.root().join(RunFolder::CONFIG);
    let experiment = config::load(&Sources { file, ..Sources::default() })?;
    let bench = &Bench::load(experiment, places, offline, terminal)?;
    if !checks.data(bench, manifest)? {
        checks.notes.push("machines and tables were not checked, since the data are others".to_owned());
        return Ok(());
    }
    let subject = &Subject { folder, manifest, bench, code, threads, terminal };
    match bench.experiment.model {
        Model::Machines(settings) => {
            let problem = Problem::new(bench, settings)?;
            let shelf = Shelf::new(&problem, folder);
            let curves = machines::check(subject, &shelf, checks);
            let whole = checks.findings.keys().all(|name| !name.starts_with("machines/"));
            remade::tables(subject, whole.then_some(&curves[..]), checks)?;
            if let (Machines::Regression { .. }, true) = (settings, whole) {
                remade::fit(subject, &shelf, checks)?;
            }
            remade::figures(subject, checks)?;
            remade::report(subject, checks)?;
            if draw.count > 0 {
                let sound: Vec<Timestep> = curves.iter().map(|(t, _)| *t).collect();
                train_again(subject, (&problem, &shelf), &sound, draw, checks)?;
            }
        }
        Model::Conditioned { hidden } => {
            let problem = Problem::for_all(bench, hidden)?;
            let machine = Conditioned::new(&problem, folder);
            let curves = conditioned::check(subject, &machine, checks);
            let whole = checks.is_sound(Conditioned::FILE);
            remade::tables(subject, whole.then_some(&curves[..]), checks)?;
            remade::figures(subject, checks)?;
            remade::report(subject, checks)?;
            if draw.count > 0 {
                conditioned::train_again(subject, (&problem, &machine), checks)?;
            }
        }
        Model::Exact(law) => {
            remade::tables(subject, None, checks)?;
            remade::exact_losses(subject, law, checks)?;
            remade::figures(subject, checks)?;
            remade::report(subject, checks)?;
        }
    }
    Ok(())
}

/// The run folder is never written to.
fn refuse_inside(path: &Path, root: &Path) -> Result<(), DriverError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (parent.canonicalize(), root.canonicalize()) {
        (Ok(parent), Ok(root)) if parent.starts_with(&root) => Err(DriverError::Message(format!(
            "--certificate: {} lies in the run folder, which verify leaves as it is; name a file elsewhere",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Prints the certificate, and writes it where it is asked for.
fn publish(certificate: &Certificate, asked: Option<&Path>, terminal: Terminal) -> Result<(), DriverError> {
    match asked {
        Some(path) if path == Path::new("-") => {
            terminal.say(certificate.text());
            terminal.result(certificate.to_json()?);
        }
        Some(path) => {
            let text = certificate.to_json()? + "\n";
            write_whole(path, text.as_bytes())?;
            terminal.result(certificate.text());
        }
        None => terminal.result(certificate.text()),
    }
    Ok(())
}
