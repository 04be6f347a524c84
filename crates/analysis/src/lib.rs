//! The figures of a run and the tables they are drawn from.
//!
//! A run is a folder; [`Run::read`] reads it, [`render`] draws it. This crate writes no files: the row types,
//! [`RunFacts`] and [`Trajectories`] give the bytes of what it reads, so whoever writes a run writes it in the same
//! words.
//!
//! | file | type |
//! |---|---|
//! | `facts.json` | [`RunFacts`] |
//! | `metrics.csv` | [`MetricRow`] |
//! | `training.csv` | [`TrainingRow`] |
//! | `references.csv` | [`ReferenceRow`] |
//! | `fit.csv` | [`FitRow`] |
//! | `kinks.csv` | [`KinkRow`] |
//! | `schedule.csv` | [`ScheduleRow`] |
//! | `pixel_histogram.csv` | [`HistogramRow`], counted by [`pixel_histogram`] |
//! | `samples.safetensors` | [`Points`], by [`samples_to_safetensors`] |
//! | `trajectories.safetensors` | [`Trajectories`] |
//! | `observables/NAME.csv` | [`observables::ObservableRow`], measured by [`observables::Observable`] on a [`lab::Lab`] |
//! | `transitions.csv` | [`observables::TransitionRow`] |
//! | `summary.csv` of a sweep | [`sweep::Sweep`] |
//! | `classifier.safetensors` | [`lab::Classifier`] |
//!
//! Where do the second moments of two Gaussians put the speciation time?
//!
//! ```
//! use analysis::lab::{Lab, LabData, Settings};
//! use analysis::observables::{Named, select};
//! use data::{Frame, GaussianMixture, Pca, opposite_means};
//! use model::{Denoiser, Wiener};
//! use schedule::{Law, ReverseVariance, Schedule};
//!
//! let schedule = Schedule::new(Law::Linear { beta_start: 1e-3, beta_end: 0.2 }, 100)?;
//! let means = opposite_means(8, 16.0)?;
//! let drawn = GaussianMixture { means, weights: vec![1.0; 2], std: 1.0, train: 2000, test: 200, seed: 0 }.draw()?;
//! let pca = Pca::fit(&drawn.train)?;
//! let eigenvalues = pca.eigenvalues.clone();
//! let frame = Frame::Principal(pca);
//! let (train, test) = (frame.project_samples(&drawn.train), frame.project_samples(&drawn.test));
//! let data = LabData {
//!     frame: &frame,
//!     eigenvalues: &eigenvalues,
//!     train: &train,
//!     test: &test,
//!     shape: drawn.shape,
//!     shift: drawn.shift,
//! };
//! let wiener = Wiener::new(&schedule, &eigenvalues);
//! let model = Named { name: "wiener", denoiser: &wiener as &dyn Denoiser };
//! let variance = ReverseVariance::Posterior;
//! let settings = Settings { trajectories: 100, times: 10, resamples: 100, seed: 0, variance };
//! let lab = Lab::new(&schedule, data, model, settings);
//!
//! let measured = select(&["kappa".to_owned()])?[0].measure(&lab, &|_| ())?;
//! let line = measured.transitions.iter().find(|row| row.convention == "kappa = 1");
//! // kappa = 16 alpha_bar is 1 at t = 51.
//! assert!(line.and_then(|row| row.t).is_some_and(|t| (49.0..=53.0).contains(&t)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod compare;
mod error;
mod figures;
mod krylov;
pub mod lab;
mod learning_curves;
mod mean_images;
pub mod observables;
mod plot;
pub mod quality;
mod recipe;
mod run;
mod smoothing;
pub mod stats;
pub mod sweep;
mod tables;
mod tensors;
mod trajectories;

pub use error::AnalysisError;
pub use figures::{FIGURE_TABLES, Figure, Rendered, SAMPLE_METRICS, SampleMetric, figures, render};
pub use mean_images::MeanImages;
pub use plot::animation::Animation;
pub use plot::drawing::Drawing;
pub use plot::page::Page;
pub use recipe::{Recipe, Training};
pub use run::{Run, RunFacts};
pub use tables::{
    Along, Columns, FitRow, HISTOGRAM_BINS, HISTOGRAM_RANGE, HistogramRow, KinkRow, MetricRow, Origin, ProfileRow,
    ReconstructionRow, ReferenceRow, ScheduleRow, Split, Table, TrainingRow, at_kept_epoch, pixel_histogram, profiles,
    read_rows, read_rows_if_present, read_table, read_table_if_present, rows_from_bytes, to_csv,
};
pub use tensors::Points;
pub use trajectories::{
    BIRTH_FILE, Frames, Reconstruction, Trajectories, birth_from_bytes, birth_to_safetensors, samples_from_bytes,
    samples_to_safetensors,
};
