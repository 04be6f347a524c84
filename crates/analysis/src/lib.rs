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
