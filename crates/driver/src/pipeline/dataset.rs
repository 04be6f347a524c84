//! From the settings of `[data]` to a data set: where MNIST is looked for, fetched, or stood in for.

use std::path::PathBuf;

use data::mnist::{self, Checksums, MnistCsv, MnistFiles};
use data::{Cubic, CurieWeiss, Dataset, GaussianMixture, Selection, SwissRoll, SyntheticDigits, opposite_means};

use crate::DriverError;
use crate::config::{Components, Counts, Data, Experiment, Limits, Offline};
use crate::terminal::Terminal;

/// What to say wherever the stand-in digits appear.
pub(crate) const SYNTHETIC_NOTE: &str = "synthetic digits, not MNIST";
/// The environment variable that names a folder with the four MNIST files.
const FOLDER_VARIABLE: &str = "MNIST_DIR";

/// Where MNIST may be.
pub(crate) struct Places {
    /// The folder of `$MNIST_DIR`.
    variable: Option<PathBuf>,
    /// The user's cache, where downloads go.
    cache: Option<PathBuf>,
}

impl Places {
    pub(crate) fn new(environment: &[(String, String)]) -> Self {
        let variable = environment.iter().find(|(name, value)| name == FOLDER_VARIABLE && !value.is_empty());
        Self { variable: variable.map(|(_, folder)| folder.into()), cache: cache() }
    }

    /// Where a download goes: the folder asked for, else the user's cache.
    pub(crate) fn download(&self, asked: Option<&PathBuf>) -> Result<PathBuf, DriverError> {
        let folder = asked.or(self.cache.as_ref()).cloned();
        let message = "data.dir: no home folder to keep MNIST in; name a folder";
        folder.ok_or_else(|| DriverError::Message(message.to_owned()))
    }

    fn folders(&self, asked: Option<&PathBuf>) -> Vec<PathBuf> {
        asked.into_iter().chain(&self.variable).chain(&self.cache).cloned().collect()
    }
}

fn cache() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.cache_dir().join("diffusion-phase-transitions").join("mnist"))
}

/// The data set of an experiment.  Streams: (seed, data, split, sample).
///
/// # Errors
/// [`DriverError`] that begins with the key or the file at fault.
pub(crate) fn load(
    experiment: &Experiment,
    places: &Places,
    offline: bool,
    terminal: Terminal,
) -> Result<Dataset, DriverError> {
    let seed = experiment.seed;
    Ok(match &experiment.data {
        Data::Mnist { dir, digits, limits, offline: fallback, mirrors } => {
            let selection = selection(digits, *limits);
            match find(places, dir.as_ref(), mirrors, offline, terminal) {
                Ok(files) => files.read(&selection, Checksums::Published)?,
                Err(reason) if *fallback == Offline::SyntheticDigits => {
                    terminal.warn(format_args!("{reason}"));
                    terminal.warn(format_args!(
                        "going on with {SYNTHETIC_NOTE} (data.offline = \"synthetic_digits\"); results are not comparable with MNIST's"
                    ));
                    let counts = limits.or(Counts::SYNTHETIC_DIGITS);
                    let (train, test) = (counts.train, counts.test);
                    SyntheticDigits { digits: digits.clone(), train, test, seed }.draw()?
                }
                Err(reason) => return Err(reason),
            }
        }
        Data::MnistCsv { dir, digits, limits } => MnistCsv { folder: dir.clone() }.read(&selection(digits, *limits))?,
        Data::SwissRoll { counts: Counts { train, test }, noise } => {
            SwissRoll { train: *train, test: *test, noise: *noise, seed }.draw()?
        }
        Data::GaussianMixture { counts, components, std } => mixture(*counts, components, *std, seed)?.draw()?,
        Data::CurieWeiss { counts: Counts { train, test }, spins, coupling } => {
            CurieWeiss { spins: *spins, coupling: *coupling, train: *train, test: *test, seed }.draw()?
        }
        Data::Cubic { counts: Counts { train, test }, noise } => {
            Cubic { train: *train, test: *test, noise: *noise, seed }.draw()?
        }
        Data::SyntheticDigits { counts: Counts { train, test }, digits } => {
            SyntheticDigits { digits: digits.clone(), train: *train, test: *test, seed }.draw()?
        }
    })
}

/// The mixture of Gaussians that the settings describe.
pub(crate) fn mixture(
    Counts { train, test }: Counts,
    components: &Components,
    std: f64,
    seed: u64,
) -> Result<GaussianMixture, DriverError> {
    let (means, weights) = match components {
        Components::Symmetric { dim, mean_norm2 } => (opposite_means(*dim, *mean_norm2)?, None),
        Components::Means { means, weights } => (means.clone(), weights.clone()),
    };
    let weights = weights.unwrap_or_else(|| vec![1.0; means.len()]);
    Ok(GaussianMixture { means, weights, std, train, test, seed })
}

fn selection(digits: &[u8], limits: Limits) -> Selection {
    Selection { digits: digits.to_vec(), train_limit: limits.train, test_limit: limits.test }
}

/// The MNIST files: on disk, or downloaded to the cache.
fn find(
    places: &Places,
    asked: Option<&PathBuf>,
    mirrors: &[String],
    offline: bool,
    terminal: Terminal,
) -> Result<MnistFiles, DriverError> {
    let folders = places.folders(asked);
    if let Some(files) = MnistFiles::locate(&folders) {
        return Ok(files);
    }
    let why = if offline {
        "and --offline forbids a download".to_owned()
    } else {
        // Settings say where to read, never where to write.
        let target = places.download(None)?;
        match download(mirrors, &target, terminal) {
            Ok(files) => return Ok(files),
            Err(error) => format!("and the download failed ({error})"),
        }
    };
    let names: Vec<&str> = mnist::PUBLISHED.iter().map(|file| file.name).collect();
    let looked: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    Err(DriverError::Message(format!(
        "data.source: MNIST was not found in {} {why}; put the four files {} (plain or .gz) into one folder and name it \
         in data.dir or ${FOLDER_VARIABLE}",
        looked.join(", "),
        names.join(", "),
    )))
}

/// Downloads MNIST into `folder` and finds it there.
pub(crate) fn download(mirrors: &[String], folder: &PathBuf, terminal: Terminal) -> Result<MnistFiles, DriverError> {
    let mirrors =
        if mirrors.is_empty() { mnist::DEFAULT_MIRRORS.map(str::to_owned).to_vec() } else { mirrors.to_vec() };
    terminal.say(format_args!("fetching MNIST to {}", folder.display()));
    // The four files take about 11.6 MB compressed.
    let bar = terminal.progress("fetch", 11_594_722);
    let mut last: (String, u64) = Default::default();
    mnist::fetch(&mirrors, &mnist::PUBLISHED, folder, &mut |progress| {
        if last.0 != progress.file {
            last = (progress.file.to_owned(), 0);
            bar.remark(progress.file.to_owned());
        }
        bar.advance(progress.bytes.saturating_sub(last.1));
        last.1 = progress.bytes;
    })?;
    bar.finish();
    let lost = || DriverError::Message(format!("{}: the files just fetched are not there", folder.display()));
    MnistFiles::locate(std::slice::from_ref(folder)).ok_or_else(lost)
}
