//! The conditions on `[data]`.

use super::super::choices::Source;
use super::super::error::shown;
use super::super::experiment::{Components, Counts, Data, Limits};
use super::super::raw::RawData;
use super::Builder;

impl Builder<'_> {
    /// The data settings of the chosen source.
    pub(super) fn data(&mut self, raw: RawData) -> Option<Data> {
        let limits = Limits { train: raw.train_limit, test: raw.test_limit };
        match raw.source? {
            Source::Mnist => Some(Data::Mnist {
                dir: raw.dir,
                digits: self.digits(raw.digits),
                limits,
                offline: raw.offline,
                mirrors: self.mirrors(raw.mirrors.unwrap_or_default()),
            }),
            Source::MnistCsv => {
                let digits = self.digits(raw.digits);
                if raw.dir.is_none() && !self.was_given("data.dir") {
                    self.fault("data.dir", "missing, data.source = mnist_csv needs the folder of its files");
                }
                Some(Data::MnistCsv { dir: raw.dir?, digits, limits })
            }
            Source::SwissRoll => Some(Data::SwissRoll { counts: limits.or(Counts::SWISS_ROLL), noise: raw.noise }),
            Source::GaussianMixture => {
                let counts = limits.or(Counts::GAUSSIAN_MIXTURE);
                let std = raw.std;
                self.components(raw).map(|components| Data::GaussianMixture { counts, components, std })
            }
            Source::CurieWeiss => Some(Data::CurieWeiss {
                counts: limits.or(Counts::CURIE_WEISS),
                spins: raw.spins,
                coupling: raw.coupling,
            }),
            Source::Cubic => Some(Data::Cubic { counts: limits.or(Counts::CUBIC), noise: raw.noise }),
            Source::SyntheticDigits => Some(Data::SyntheticDigits {
                counts: limits.or(Counts::SYNTHETIC_DIGITS),
                digits: self.digits(raw.digits),
            }),
        }
    }

    /// The digits in increasing order: their order means nothing, and two spellings of one set are one experiment.
    fn digits(&mut self, mut digits: Vec<u8>) -> Vec<u8> {
        let again = |(i, digit): &(usize, &u8)| digits.iter().take(*i).any(|earlier| earlier == *digit);
        if let Some((i, digit)) = digits.iter().enumerate().find(again) {
            let origin = self.layers.origin_of_element("data.digits", i);
            self.fault_at(origin, "data.digits", format!("{digit} a second time is not allowed, use each digit once"));
        }
        digits.sort_unstable();
        digits
    }

    fn mirrors(&mut self, mirrors: Vec<String>) -> Vec<String> {
        if let Some((i, mirror)) = mirrors.iter().enumerate().find(|(_, mirror)| !is_address(mirror)) {
            let origin = self.layers.origin_of_element("data.mirrors", i);
            let message =
                format!("\"{}\" is not allowed, use addresses that begin with http:// or https://", shown(mirror));
            self.fault_at(origin, "data.mirrors", message);
        }
        mirrors
    }

    /// Exactly one of the two forms of a mixture: `dim` with `mean_norm2`, or `means`.
    fn components(&mut self, raw: RawData) -> Option<Components> {
        const FORMS: &str = "use data.means, or data.dim with data.mean_norm2";
        let (dim, norm, means) = (
            self.was_given("data.dim"),
            self.was_given("data.mean_norm2"),
            self.was_given("data.means") || self.was_given("data.weights"),
        );
        let symmetric = dim || norm;
        if symmetric && means {
            let key = if self.was_given("data.means") { "data.means" } else { "data.weights" };
            let with = if dim { "data.dim" } else { "data.mean_norm2" };
            self.fault_at(self.layers.origin_of_name(key), key, format!("not allowed together with {with}, {FORMS}"));
        } else if symmetric && !(dim && norm) {
            let (absent, given) = if dim { ("data.mean_norm2", "data.dim") } else { ("data.dim", "data.mean_norm2") };
            self.fault(absent, format!("missing beside {given}, {FORMS}"));
        } else if !symmetric && !self.was_given("data.means") {
            self.fault("data.means", format!("missing, {FORMS}"));
        }
        match (raw.dim, raw.mean_norm2, raw.means) {
            (Some(dim), Some(mean_norm2), None) => Some(Components::Symmetric { dim, mean_norm2 }),
            (None, None, Some(means)) => Some(self.means(means, raw.weights)),
            _ => None,
        }
    }

    fn means(&mut self, means: Vec<Vec<f64>>, weights: Option<Vec<f64>>) -> Components {
        let dim = means.first().map_or(0, Vec::len);
        if let Some((i, mean)) = means.iter().enumerate().find(|(_, mean)| mean.len() != dim) {
            let origin = self.layers.origin_of_element("data.means", i);
            let message = format!(
                "a mean of dimension {} after one of {dim} is not allowed, use means of one dimension",
                mean.len()
            );
            self.fault_at(origin, "data.means", message);
        }
        if let Some(weights) = weights.as_ref().filter(|weights| weights.len() != means.len()) {
            let message =
                format!("a list of {} is not allowed, use {} weights, one for each mean", weights.len(), means.len());
            self.fault("data.weights", message);
        }
        Components::Means { means, weights }
    }
}

/// Whether `text` can be the address of a mirror.
fn is_address(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    !host.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}
