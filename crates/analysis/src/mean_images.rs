//! Mean images of the training set, of its classes and of the samples: `mean_images.safetensors`.

use std::path::Path;

use data::Samples;

use crate::AnalysisError;
use crate::tensors::{NamedTensor, Points, TensorFile, read_if_present, to_safetensors};

/// Mean images in the units of the samples.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanImages {
    /// Of the whole training set: [1, d].
    pub train: Points,
    /// Of each of its classes, by label: [K, d]; `None` without classes.
    pub classes: Option<Points>,
    /// Of the generated samples: [1, d].
    pub generated: Points,
}

impl MeanImages {
    /// The file's name in the run folder.
    pub const FILE: &'static str = "mean_images.safetensors";

    /// mu = (1/n) sum_i x_i of the training set, of each class and of the samples; `shift` is added to the values of `train`,
    /// which are centred.
    ///
    /// # Errors
    /// [`AnalysisError::Shape`] for samples of no coordinates.
    pub fn of(train: &Samples, shift: f32, generated: &Points) -> Result<Self, AnalysisError> {
        let d = train.dim;
        let shifted = |mean: Vec<f64>| mean.into_iter().map(move |m| (m + f64::from(shift)) as f32);
        let classes: Vec<f32> = train
            .label_counts()
            .iter()
            .flat_map(|&(label, _)| shifted(mean(train.of_label(label).rows(), d)))
            .collect();
        Ok(Self {
            train: Points::new(shifted(mean(train.rows(), d)).collect(), d)?,
            classes: if classes.is_empty() { None } else { Some(Points::new(classes, d)?) },
            generated: Points::new(mean(generated.rows(), d).into_iter().map(|m| m as f32).collect(), d)?,
        })
    }

    /// The bytes of the file: `train` [1, d], `classes` [K, d] where there are any, `generated` [1, d].
    ///
    /// # Errors
    /// [`AnalysisError::Encode`] from the encoder.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, AnalysisError> {
        let sets =
            [("train", Some(&self.train)), ("classes", self.classes.as_ref()), ("generated", Some(&self.generated))];
        let tensor = |(name, points): (&'static str, Option<&Points>)| {
            let points = points?;
            Some(NamedTensor { name, shape: vec![points.len(), points.dim()], values: points.values().to_vec() })
        };
        to_safetensors(&sets.into_iter().filter_map(tensor).collect::<Vec<_>>())
    }

    /// The mean images in the run folder `dir`, `None` where there is no such file.
    ///
    /// # Errors
    /// [`AnalysisError::Read`] and [`AnalysisError::Tensor`], naming the file and the tensor.
    pub fn read(dir: &Path) -> Result<Option<Self>, AnalysisError> {
        let path = dir.join(Self::FILE);
        let Some(bytes) = read_if_present(&path)? else { return Ok(None) };
        Self::from_bytes(&path, &bytes).map(Some)
    }

    /// [`Self::read`] with the content of the file at hand; `path` is what errors name.
    ///
    /// # Errors
    /// [`AnalysisError::Tensor`], naming the file and the tensor.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, AnalysisError> {
        let file = TensorFile::parse(path, bytes)?;
        let needed = |name: &str| file.points(name)?.ok_or_else(|| file.error(name, "is missing"));
        let means = Self { train: needed("train")?, classes: file.points("classes")?, generated: needed("generated")? };
        let d = means.train.dim();
        let other = means.sets().find(|(_, points)| points.dim() != d).map(|(name, _)| name);
        match other {
            Some(name) => Err(file.error(name, &format!("use the {d} coordinates of `train`"))),
            None => Ok(means),
        }
    }

    /// Every set with the name of its tensor.
    pub(crate) fn sets(&self) -> impl Iterator<Item = (&'static str, &Points)> {
        let sets = [Some(("train", &self.train)), self.classes.as_ref().map(|of| ("classes", of))];
        sets.into_iter().chain([Some(("generated", &self.generated))]).flatten()
    }
}

/// The mean of some points of d coordinates, in f64.
fn mean<'a>(rows: impl ExactSizeIterator<Item = &'a [f32]>, d: usize) -> Vec<f64> {
    let n = rows.len() as f64;
    let mut sum = vec![0.0; d];
    for row in rows {
        sum.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    sum.into_iter().map(|sum| sum / n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_those_of_their_sets_and_survive_a_round_trip() {
        let train = Samples { dim: 2, values: vec![0.0, 1.0, 2.0, 3.0, 10.0, 20.0], labels: vec![3, 3, 8] };
        let generated = Points::new(vec![1.0, 1.0, 3.0, 5.0], 2).unwrap();
        let means = MeanImages::of(&train, -1.0, &generated).unwrap();
        assert_eq!(means.train.values(), [3.0, 7.0]);
        assert_eq!(means.classes.as_ref().unwrap().values(), [0.0, 1.0, 9.0, 19.0]);
        assert_eq!(means.generated.values(), [2.0, 3.0]);
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(MeanImages::read(dir.path()).unwrap(), None);
        std::fs::write(dir.path().join(MeanImages::FILE), means.to_safetensors().unwrap()).unwrap();
        assert_eq!(MeanImages::read(dir.path()).unwrap(), Some(means));
        let message = MeanImages::from_bytes(Path::new("m"), b"none").unwrap_err().to_string();
        assert!(message.starts_with("m: "), "{message}");
    }
}
