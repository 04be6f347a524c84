//! Labs whose every answer is known, and the digits of MNIST.

use std::io::Write;
use std::path::PathBuf;

use analysis::lab::{Lab, LabData, Settings, Truth};
use analysis::observables::{Measured, Named, ObservableRow, observables};
use data::mnist::{Checksums, MnistFiles};
use data::{Dataset, Frame, GaussianMixture, Pca, Samples, Selection, opposite_means};
use model::{Denoiser, ExactLaw, Mixture};
use schedule::{Law, ReverseVariance, Schedule};

/// Two Gaussians +-m of unit covariance and what a lab needs of them.
pub struct World {
    pub schedule: Schedule,
    pub dataset: Dataset,
    pub frame: Frame,
    pub pca: Pca,
    pub train: Samples,
    pub test: Samples,
    pub truth: Truth,
    pub settings: Settings,
}

/// The thesis's 12,500 + 2,100 digits 1 and 3, or nothing where MNIST_DIR is not set.
pub fn digits() -> Option<Dataset> {
    let Some(folder) = std::env::var_os("MNIST_DIR") else {
        // Past the test harness, which keeps what a passing test prints to itself.
        let line = "skipped: MNIST_DIR is not set (folder with the four MNIST files)\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    };
    let files = MnistFiles::locate(&[PathBuf::from(folder)]).expect("MNIST_DIR does not hold the four files");
    let selection = Selection { digits: vec![1, 3], train_limit: Some(12_500), test_limit: Some(2_100) };
    Some(files.read(&selection, Checksums::Published).unwrap())
}

/// The chain of T steps that keeps T beta_end = 20.
pub fn chain(timesteps: usize) -> Schedule {
    let scale = 1000.0 / timesteps as f64;
    Schedule::new(Law::Linear { beta_start: 1e-4 * scale, beta_end: 0.02 * scale }, timesteps).unwrap()
}

impl World {
    /// |m|^2 = `mean_norm2` in `dim` dimensions, on a chain of `timesteps` steps.
    pub fn mixture(dim: usize, mean_norm2: f64, timesteps: usize, trajectories: usize) -> Self {
        let schedule = chain(timesteps);
        let means = opposite_means(dim, mean_norm2).unwrap();
        let test = trajectories.max(200);
        let law = GaussianMixture { means, weights: vec![1.0; 2], std: 1.0, train: 2000, test, seed: 11 };
        let dataset = law.draw().unwrap();
        let pca = Pca::fit(&dataset.train).unwrap();
        let frame = Frame::Principal(pca.clone());
        let truth = Truth::Law(Box::new(Mixture::of_law(&schedule, &law, &frame).unwrap()));
        let (train, test) = (frame.project_samples(&dataset.train), frame.project_samples(&dataset.test));
        let settings =
            Settings { trajectories, times: 10, resamples: 200, seed: 5, variance: ReverseVariance::Posterior };
        Self { schedule, dataset, frame, pca, train, test, truth, settings }
    }

    /// One Gaussian N(0, `variance`) along every axis, the eigenvalues exactly that.
    pub fn gaussian(dim: usize, variance: f64, timesteps: usize, trajectories: usize) -> Self {
        let schedule = chain(timesteps);
        let test = trajectories.max(200);
        let law = GaussianMixture {
            means: vec![vec![0.0; dim]],
            weights: vec![1.0],
            std: variance.sqrt(),
            train: 2000,
            test,
            seed: 12,
        };
        let dataset = law.draw().unwrap();
        let mut pca = Pca::fit(&dataset.train).unwrap();
        pca.mean.fill(0.0);
        pca.eigenvalues.fill(variance);
        let frame = Frame::Principal(pca.clone());
        let truth = Truth::Law(Box::new(Mixture::of_law(&schedule, &law, &frame).unwrap()));
        let (train, test) = (frame.project_samples(&dataset.train), frame.project_samples(&dataset.test));
        let settings =
            Settings { trajectories, times: 10, resamples: 200, seed: 5, variance: ReverseVariance::Posterior };
        Self { schedule, dataset, frame, pca, train, test, truth, settings }
    }

    /// The lab whose model is the law of the data itself.
    pub fn lab(&self) -> Lab<'_> {
        let Truth::Law(law) = &self.truth else { panic!("a mixture") };
        self.lab_of(Named { name: "law", denoiser: law.as_denoiser() })
    }

    /// A lab around another model.
    pub fn lab_of<'a>(&'a self, model: Named<'a, dyn Denoiser + 'a>) -> Lab<'a> {
        let data = LabData {
            frame: &self.frame,
            eigenvalues: &self.pca.eigenvalues,
            train: &self.train,
            test: &self.test,
            shape: self.dataset.shape,
            shift: self.dataset.shift,
        };
        Lab::new(&self.schedule, data, model, self.settings).with_truth(&self.truth)
    }
}

trait AsDenoiser {
    fn as_denoiser(&self) -> &dyn Denoiser;
}

impl AsDenoiser for Box<dyn ExactLaw> {
    fn as_denoiser(&self) -> &dyn Denoiser {
        &**self
    }
}

/// Measures the observable called `name`, which the lab must have.
pub fn measure(lab: &Lab<'_>, name: &str) -> Measured {
    let observable = observables().iter().find(|observable| observable.name() == name).expect("an observable");
    let work = observable.work(lab).expect("the lab has it");
    let done = std::sync::atomic::AtomicU64::new(0);
    let advance = |units| {
        done.fetch_add(units, std::sync::atomic::Ordering::Relaxed);
    };
    let measured = observable.measure(lab, &advance).expect("it can be measured");
    assert_eq!(done.into_inner(), work, "{name}: as much progress as it announced");
    measured
}

/// The row of a quantity at t for all trajectories.
pub fn at<'a>(measured: &'a Measured, t: usize, model: &str, quantity: &str) -> &'a ObservableRow {
    let is = |row: &&ObservableRow| {
        row.t == Some(t) && row.model == model && row.quantity == quantity && row.group == "all" && row.x.is_none()
    };
    measured.rows.iter().find(is).unwrap_or_else(|| panic!("no {quantity} of {model} at t = {t}"))
}
