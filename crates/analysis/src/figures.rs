//! The figures: one file each, one line each in `FIGURES`.

mod algorithm;
mod class_learning;
mod class_posterior;
mod cloning;
mod collapse;
mod collapse_size;
mod columns;
pub(crate) mod comparison;
mod critical_window;
mod cubic_fit;
mod curves;
mod entropy_production;
mod epochs_to_minimum;
#[cfg(test)]
pub(crate) mod fabricated;
mod fixed_points;
mod flips;
mod forward_agreement;
mod information_rate;
mod iterated_uturns;
mod kappa;
mod late_start;
mod learning_time;
mod linear_regions;
mod local_dimension;
mod loss_landscape;
mod loss_vs_epoch;
mod loss_vs_t;
mod mean_image;
mod mode_softening;
mod nishimori_gap;
mod noise_histogram;
mod noisy_class_probe;
mod order_parameter;
mod overlap;
mod phase_diagram;
mod pixel_histogram;
mod potential;
mod reconstruction;
mod sample_birth;
mod sample_grid;
mod sample_quality;
mod samples_scatter;
mod schedule;
mod score_identities;
mod spectrum;
mod stability;
mod strips;
mod swiss_roll;
mod swiss_roll_returns;
mod test_loss_variance;
mod unit_populations;
mod variational_bound;
mod window_surgery;

use crate::plot::animation::Animation;
use crate::plot::drawing::Drawing;
use crate::plot::page::Page;
use crate::{AnalysisError, Columns, Run};
pub(crate) use curves::{Curves, Member};
pub(crate) use phase_diagram::written;
pub use sample_quality::{SAMPLE_METRICS, SampleMetric};

/// The figures of several runs that can be laid over one another: where they commit to a class, and to an example.
pub(crate) static OVERLAID: [&Curves; 3] = [&cloning::CLONING, &cloning::UTURN, &collapse::MEMORISATION];

/// One figure of a run.
pub trait Figure: Sync {
    /// Stem of the figure's files.
    fn name(&self) -> &'static str;

    /// One sentence: what it shows and how to read it.
    fn reading(&self) -> &'static str;

    /// Draws the figure, or `None` where the run lacks what it needs.
    ///
    /// # Errors
    /// Any [`AnalysisError`] from encoding the numbers it draws.
    fn draw(&self, run: &Run, page: &Page) -> Result<Option<Drawing>, AnalysisError>;

    /// The film that stands beside the figure, where there is one.
    ///
    /// # Errors
    /// As [`Self::draw`].
    fn animate(&self, _run: &Run, _page: &Page) -> Result<Option<Animation>, AnalysisError> {
        Ok(None)
    }
}

/// One line a figure, in the order a reader meets them.
static FIGURES: &[&dyn Figure] = &[
    &algorithm::Algorithm,
    &schedule::Schedule,
    &strips::FORWARD,
    &swiss_roll::FORWARD,
    &cubic_fit::CubicFit,
    &forward_agreement::ForwardAgreement,
    &noise_histogram::NoiseHistogram,
    &loss_vs_epoch::LossVsEpoch,
    &test_loss_variance::TestLossVariance,
    &epochs_to_minimum::EpochsToMinimum,
    &loss_vs_t::LossVsT,
    &strips::REVERSE,
    &swiss_roll::REVERSE,
    &sample_birth::SampleBirth,
    &sample_grid::SampleGrid,
    &samples_scatter::SamplesScatter,
    &sample_quality::SampleQuality,
    &swiss_roll_returns::SwissRollReturns,
    &pixel_histogram::PixelHistogram,
    &mean_image::MeanImage,
    &reconstruction::Reconstructions,
    &phase_diagram::PhaseDiagram,
    &kappa::KAPPA,
    &class_posterior::CLASS_POSTERIOR,
    &noisy_class_probe::NOISY_CLASS_PROBE,
    &order_parameter::BINDER,
    &order_parameter::OrderParameter,
    &collapse::GAUSSIAN_COLLAPSE,
    &collapse_size::CollapseSize,
    &collapse::EMPIRICAL_POSTERIOR,
    &collapse::MEMORISATION,
    &cloning::CLONING,
    &cloning::UTURN,
    &nishimori_gap::NISHIMORI_GAP,
    &critical_window::CriticalWindow,
    &overlap::OVERLAP,
    &flips::FLIPS,
    &iterated_uturns::ITERATED_UTURNS,
    &loss_landscape::LossLandscape,
    &information_rate::InformationRate,
    &variational_bound::VariationalBound,
    &entropy_production::ENTROPY_PRODUCTION,
    &score_identities::SCORE_IDENTITIES,
    &late_start::LATE_START,
    &window_surgery::WindowSurgery,
    &learning_time::LEARNING_TIME,
    &class_learning::ClassLearning,
    &stability::STABILITY,
    &fixed_points::FixedPoints,
    &potential::Potential,
    &local_dimension::LOCAL_DIMENSION,
    &linear_regions::LINEAR_REGIONS,
    &spectrum::Spectrum,
    &unit_populations::UNIT_POPULATIONS,
    &mode_softening::ModeSoftening,
];

/// The tables that stand beside figures whose numbers are in no other, each with its columns.
pub const FIGURE_TABLES: [(&str, Columns); 3] = [
    ("epochs_to_minimum", epochs_to_minimum::COLUMNS),
    ("loss_vs_t", loss_vs_t::COLUMNS),
    ("pixel_histogram", pixel_histogram::COLUMNS),
];

/// Every figure there is.
pub fn figures() -> &'static [&'static dyn Figure] {
    FIGURES
}

/// A figure in the forms it is kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Stem of the figure's files.
    pub name: &'static str,
    /// What it shows and how to read it.
    pub reading: &'static str,
    /// The SVG document.
    pub svg: String,
    /// The PNG file, two pixels for each SVG unit.
    pub png: Vec<u8>,
    /// The numbers it draws as CSV, where they are not already a table of the run.
    pub csv: Option<String>,
    /// The film as an animated PNG, where there is one.
    pub apng: Option<Vec<u8>>,
}

/// Draws every figure the run has the material for, or those of them named in `only`.
///
/// # Errors
/// [`AnalysisError::UnknownFigure`] for a name that no figure has, before anything is drawn; otherwise what drawing and
/// encoding return.
pub fn render(run: &Run, only: Option<&[String]>) -> Result<Vec<Rendered>, AnalysisError> {
    for name in only.unwrap_or_default() {
        if !figures().iter().any(|figure| figure.name() == name) {
            let known = figures().iter().map(|figure| figure.name()).collect::<Vec<_>>().join(", ");
            return Err(AnalysisError::UnknownFigure { name: name.clone(), known });
        }
    }
    let page = Page::new(&run.facts)?;
    let wanted = |figure: &&&dyn Figure| only.is_none_or(|only| only.iter().any(|name| name == figure.name()));
    let mut rendered = Vec::new();
    for figure in figures().iter().filter(wanted) {
        if let Some(drawing) = figure.draw(run, &page)? {
            let drawing = drawing.with_reading(figure.reading());
            let (svg, png) = (drawing.to_svg()?, drawing.to_png()?);
            let apng = figure.animate(run, &page)?.map(|film| film.to_apng()).transpose()?;
            let (name, reading, csv) = (figure.name(), figure.reading(), drawing.table);
            rendered.push(Rendered { name, reading, svg, png, csv, apng });
        }
    }
    Ok(rendered)
}

/// At most `most` of the items, evenly spread by rank, the first and the last among them.
pub(crate) fn spread<T: Clone>(items: &[T], most: usize) -> Vec<T> {
    if items.len() <= most || most < 2 {
        return items.iter().take(most.max(1)).cloned().collect::<Vec<_>>();
    }
    let last = items.len() - 1;
    (0..most).filter_map(|i| items.get((i * last + (most - 1) / 2) / (most - 1))).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observables::Transition;
    use crate::{
        BIRTH_FILE, HistogramRow, MeanImages, MetricRow, Points, ProfileRow, ReconstructionRow, ReferenceRow,
        ScheduleRow, Split, Table, Trajectories, samples_to_safetensors,
    };

    #[test]
    fn a_spread_keeps_both_ends() {
        let items: Vec<usize> = (1..=1000).collect();
        assert_eq!(spread(&items, 6), [1, 201, 401, 600, 800, 1000]);
        assert_eq!(spread(&items[..3], 6), [1, 2, 3]);
        assert_eq!(spread(&items[..0], 6), Vec::<usize>::new());
    }

    #[test]
    fn names_are_unique_file_stems() {
        let mut names: Vec<_> = figures().iter().map(|figure| figure.name()).collect();
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), figures().len());
    }

    fn names(rendered: &[Rendered]) -> Vec<&'static str> {
        rendered.iter().map(|figure| figure.name).collect()
    }

    #[test]
    fn an_image_run_has_its_figures_and_every_one_carries_the_data_note() {
        let dir = fabricated::images();
        let rendered = render(&Run::read(dir.path()).unwrap(), None).unwrap();
        let expected = [
            "algorithm",
            "schedule",
            "forward_strip",
            "loss_vs_epoch",
            "epochs_to_minimum",
            "loss_vs_t",
            "reverse_strip",
            "sample_birth",
            "sample_grid",
            "pixel_histogram",
            "mean_image",
            "reconstruction",
        ];
        assert_eq!(names(&rendered), expected);
        for figure in &rendered {
            assert!(figure.svg.contains("Data: synthetic digits, not MNIST</text>"), "{}", figure.name);
            assert!(figure.svg.contains("skip none · H = 100 · T = 100 · seed 7"), "{}", figure.name);
            assert!(figure.png.starts_with(b"\x89PNG"), "{}", figure.name);
        }
        let with_numbers: Vec<_> = rendered.iter().filter(|f| f.csv.is_some()).map(|f| f.name).collect();
        assert_eq!(with_numbers, ["epochs_to_minimum", "loss_vs_t", "pixel_histogram"]);
    }

    #[test]
    fn a_run_on_points_with_a_subset_of_machines_has_its_own_figures() {
        let dir = fabricated::swiss_roll();
        let rendered = render(&Run::read(dir.path()).unwrap(), None).unwrap();
        let expected = [
            "algorithm",
            "schedule",
            "swiss_roll_forward",
            "loss_vs_epoch",
            "epochs_to_minimum",
            "loss_vs_t",
            "swiss_roll_reverse",
            "sample_birth",
            "samples_scatter",
            "swiss_roll_returns",
        ];
        assert_eq!(names(&rendered), expected);
        let svg = &rendered.iter().find(|figure| figure.name == "swiss_roll_returns").unwrap().svg;
        assert!(svg.contains("t = 50<") && svg.contains("4 reversals each<") && svg.contains("angle of x̂₀<"));
        let legend: Vec<_> =
            ["t = 10<", "t = 50<", "t = 90<"].into_iter().filter(|t| rendered[3].svg.contains(t)).collect();
        assert_eq!(legend.len(), 3);
    }

    #[test]
    fn a_run_without_samples_or_chains_keeps_the_curves() {
        let dir = fabricated::images();
        for file in [Run::SAMPLES_FILE, Trajectories::FILE, HistogramRow::FILE, ReferenceRow::FILE, ScheduleRow::FILE] {
            std::fs::remove_file(dir.path().join(file)).unwrap();
        }
        for file in [BIRTH_FILE, MeanImages::FILE, ProfileRow::FILE, ReconstructionRow::FILE] {
            std::fs::remove_file(dir.path().join(file)).unwrap();
        }
        let rendered = render(&Run::read(dir.path()).unwrap(), None).unwrap();
        assert_eq!(names(&rendered), ["algorithm", "loss_vs_epoch", "epochs_to_minimum", "loss_vs_t"]);
    }

    #[test]
    fn a_run_without_metrics_is_refused_by_the_name_of_the_file() {
        let dir = fabricated::images();
        std::fs::remove_file(dir.path().join(MetricRow::FILE)).unwrap();
        let message = Run::read(dir.path()).unwrap_err().to_string();
        assert!(message.starts_with(&dir.path().join("metrics.csv").display().to_string()), "{message}");
    }

    #[test]
    fn samples_of_the_wrong_size_are_refused() {
        let dir = fabricated::images();
        let bytes = samples_to_safetensors(&Points::new(vec![0.0; 8], 2).unwrap()).unwrap();
        std::fs::write(dir.path().join(Run::SAMPLES_FILE), bytes).unwrap();
        let message = Run::read(dir.path()).unwrap_err().to_string();
        assert!(message.ends_with("samples.safetensors: `samples`: 2 coordinates, facts.json says 784"), "{message}");
    }

    #[test]
    fn two_renderings_are_identical_to_the_byte() {
        for dir in [fabricated::images(), fabricated::swiss_roll()] {
            let draw = || render(&Run::read(dir.path()).unwrap(), None).unwrap();
            let other = std::thread::scope(|scope| scope.spawn(draw).join().unwrap());
            assert!(draw() == other);
        }
    }

    #[test]
    fn only_the_named_figures_are_drawn_and_a_wrong_name_lists_the_right_ones() {
        let dir = fabricated::swiss_roll();
        let run = Run::read(dir.path()).unwrap();
        assert_eq!(names(&render(&run, Some(&["schedule".to_owned()])).unwrap()), ["schedule"]);
        let message = render(&run, Some(&["loss".to_owned()])).unwrap_err().to_string();
        assert!(
            message.starts_with("figures: `loss` is not a figure, use one of algorithm, schedule, forward_strip,"),
            "{message}"
        );
    }

    #[test]
    fn every_transition_time_has_its_mark_and_every_convention_its_line() {
        let mut run = fabricated::empty();
        run.transitions = fabricated::transitions();
        let only = ["phase_diagram".to_owned()];
        let rendered = render(&run, Some(&only)).unwrap();
        let svg = &rendered[0].svg;
        for text in ["Speciation<", "Collapse<", "t_S = 57<", "t_C = 42<", "κ = 1<", "φ_C = 0.7752<", "Y₂ = 1/2<"] {
            assert_eq!(svg.matches(text).count(), 1, "{text}");
        }
        let never = run.transitions.iter().filter(|row| row.t.is_none()).count();
        assert_eq!(svg.matches(">never<").count(), never);
        // Classes are numerals; every other measured time is a disc, every predicted one a disc with a hole, and the legend has one of each.
        let marked = || run.transitions.iter().filter(|row| row.t.is_some() && row.group == "all");
        let measured = marked().filter(|row| row.kind == "measured").count();
        let predicted = marked().count() - measured;
        assert_eq!(svg.matches("h0\" stroke").count(), measured + 1 + 2 * (predicted + 1));
        run.transitions.retain(|row| row.transition == Transition::Collapse);
        assert!(!render(&run, Some(&only)).unwrap()[0].svg.contains("Speciation<"));
        run.transitions = Vec::new();
        assert_eq!(render(&run, Some(&only)).unwrap(), []);
    }

    #[test]
    fn degenerate_runs_are_drawn_or_left_out_but_never_fail() {
        let mut run = fabricated::empty();
        run.facts.recipe = None;
        assert_eq!(render(&run, None).unwrap(), []);
        let row = |t, epoch, value| MetricRow { t, epoch, split: Split::Test, metric: "mse".into(), value };
        for value in [0.5, 0.0, f64::NAN, f64::INFINITY] {
            run.metrics = vec![row(5, 1, value)];
            assert_eq!(names(&render(&run, None).unwrap()), ["loss_vs_epoch", "loss_vs_t"]);
        }
        run.samples = Some(Points::new(vec![f32::NAN; 4], 2).unwrap());
        assert_eq!(names(&render(&run, None).unwrap()), ["loss_vs_epoch", "loss_vs_t", "samples_scatter"]);
    }
}
