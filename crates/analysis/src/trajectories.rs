//! What the chains left behind: real points, states along the forward and the reverse process, reconstructions.

mod birth;
mod reconstruction;

use std::path::Path;

use crate::AnalysisError;
use crate::tensors::{NamedTensor, Points, TensorFile, read_if_present, to_safetensors};

pub(crate) use birth::read_birth;
pub use birth::{BIRTH_FILE, birth_from_bytes, birth_to_safetensors};
pub use reconstruction::Reconstruction;

/// The same m points at k times: [k, m, d] with one time a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Frames {
    times: Vec<f32>,
    points: Vec<Points>,
}

impl Frames {
    /// Frames from their times (0 is x0) and their points, all of one shape.
    ///
    /// # Errors
    /// [`AnalysisError::Shape`] when there is no frame, or the frames do not match the times or each other.
    pub fn new(times: Vec<f32>, points: Vec<Points>) -> Result<Self, AnalysisError> {
        let error = |reason: String| AnalysisError::Shape { what: "frames", reason };
        if times.len() != points.len() || times.is_empty() {
            return Err(error(format!(
                "{} times for {} frames, use one a frame, 1 or more",
                times.len(),
                points.len()
            )));
        }
        same_shape(&points).map_err(error)?;
        Ok(Self { times, points })
    }

    pub(crate) fn first(&self) -> Option<&Points> {
        self.points.first()
    }

    /// The time and the points of each frame, in the order of the chain.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (f32, &Points)> {
        self.times.iter().copied().zip(&self.points)
    }
}

/// The contents of `trajectories.safetensors`; every group may be absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trajectories {
    /// Real test points in the units of the samples: [n, d].
    pub real: Option<Points>,
    /// The forward process, from x0 on.
    pub forward: Option<Frames>,
    /// The reverse process, from t = T down to 0.
    pub reverse: Option<Frames>,
    /// The same points turned back at each of several times.
    pub reconstructions: Vec<Reconstruction>,
}

impl Trajectories {
    /// The file's name in the run folder.
    pub const FILE: &'static str = "trajectories.safetensors";

    /// The bytes of the file.
    ///
    /// # Errors
    /// [`AnalysisError::Shape`] when the reconstruction's parts differ in number or shape, [`AnalysisError::Encode`]
    /// from the encoder.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, AnalysisError> {
        let mut tensors = Vec::new();
        if let Some(real) = &self.real {
            tensors.push(points_tensor("real", real));
        }
        for (name, times, frames) in [("forward", "forward_t", &self.forward), ("reverse", "reverse_t", &self.reverse)]
        {
            tensors.extend(frames.iter().flat_map(|frames| frames_tensors((name, times), frames)));
        }
        let back = reconstruction::tensors(&self.reconstructions);
        tensors.extend(back.map_err(|reason| AnalysisError::Shape { what: "reconstructions", reason })?);
        to_safetensors(&tensors)
    }

    /// The trajectories in the run folder `dir`, empty where there is no such file.
    ///
    /// # Errors
    /// [`AnalysisError::Read`] and [`AnalysisError::Tensor`], naming the file and the tensor.
    pub fn read(dir: &Path) -> Result<Self, AnalysisError> {
        let path = dir.join(Self::FILE);
        let Some(bytes) = read_if_present(&path)? else { return Ok(Self::default()) };
        Self::from_bytes(&path, &bytes)
    }

    /// [`Trajectories::read`] with the content of the file at hand; `path` is what errors name.
    ///
    /// # Errors
    /// [`AnalysisError::Tensor`], naming the file and the tensor.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, AnalysisError> {
        let file = TensorFile::parse(path, bytes)?;
        Ok(Self {
            real: file.points("real")?,
            forward: read_frames(&file, "forward", "forward_t")?,
            reverse: read_frames(&file, "reverse", "reverse_t")?,
            reconstructions: reconstruction::read(&file)?,
        })
    }

    /// Every set of points with the name of its tensor.
    pub(crate) fn sets(&self) -> impl Iterator<Item = (&'static str, &Points)> {
        let back = self.reconstructions.first();
        [
            self.real.as_ref().map(|points| ("real", points)),
            self.forward.as_ref().and_then(Frames::first).map(|points| ("forward", points)),
            self.reverse.as_ref().and_then(Frames::first).map(|points| ("reverse", points)),
            back.map(|back| ("reconstruction_x0", &back.x0)),
        ]
        .into_iter()
        .flatten()
    }
}

fn same_shape(sets: &[Points]) -> Result<(), String> {
    let mut shapes = sets.iter().map(|set| [set.len(), set.dim()]);
    let Some(first) = shapes.next() else { return Ok(()) };
    match shapes.find(|&shape| shape != first) {
        Some(other) => Err(format!("shapes {first:?} and {other:?} are mixed, use one shape")),
        None => Ok(()),
    }
}

fn read_frames(file: &TensorFile<'_>, name: &str, times: &str) -> Result<Option<Frames>, AnalysisError> {
    let Some(points) = file.point_sets(name)? else { return Ok(None) };
    let Some((_, values)) = file.get(times, 1)? else {
        return Err(file.error(name, &format!("`{times}` is missing, it holds the time of each frame")));
    };
    Frames::new(values, points).map(Some).map_err(|error| file.error(name, &error.to_string()))
}

/// The sets of points of the tensor `name`: [k, m, d], or a single one: [m, d].
fn one_set(file: &TensorFile<'_>, name: &str) -> Result<Option<Vec<Points>>, AnalysisError> {
    if file.axes(name) == Some(2) {
        return Ok(file.points(name)?.map(|points| vec![points]));
    }
    file.point_sets(name)
}

fn points_tensor(name: &'static str, points: &Points) -> NamedTensor {
    NamedTensor { name, shape: vec![points.len(), points.dim()], values: points.values().to_vec() }
}

/// The points and the times of frames.
fn frames_tensors((name, times): (&'static str, &'static str), frames: &Frames) -> [NamedTensor; 2] {
    let values = frames.times.clone();
    [point_sets_tensor(name, &frames.points), NamedTensor { name: times, shape: vec![values.len()], values }]
}

fn point_sets_tensor(name: &'static str, sets: &[Points]) -> NamedTensor {
    let (m, d) = sets.first().map_or((0, 0), |set| (set.len(), set.dim()));
    NamedTensor { name, shape: vec![sets.len(), m, d], values: sets.iter().flat_map(Points::values).copied().collect() }
}

/// The bytes of `samples.safetensors`: one f32 tensor `samples` [n, d].
///
/// # Errors
/// [`AnalysisError::Encode`] from the encoder.
pub fn samples_to_safetensors(samples: &Points) -> Result<Vec<u8>, AnalysisError> {
    to_safetensors(&[points_tensor("samples", samples)])
}

/// The samples [n, d] in the bytes of `samples.safetensors`; `path` is what errors name.
///
/// # Errors
/// [`AnalysisError::Tensor`], naming the file and what is wrong with it.
pub fn samples_from_bytes(path: &Path, bytes: &[u8]) -> Result<Points, AnalysisError> {
    let file = TensorFile::parse(path, bytes)?;
    let missing = || file.error("samples", "is missing, the file holds one tensor of that name");
    file.points("samples")?.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(n: usize, d: usize, start: f32) -> Points {
        Points::new((0..n * d).map(|i| start + i as f32).collect(), d).unwrap()
    }

    fn reconstruction(t: f32) -> Reconstruction {
        Reconstruction {
            t,
            training: vec![false, true],
            x0: points(2, 3, 0.5),
            xt: points(2, 3, 0.25 * t),
            x0_hat: vec![points(10, 3, 9.0), points(10, 3, t)],
            changed: vec![vec![t > 5.0; 10], vec![true; 10]],
        }
    }

    fn trajectories() -> Trajectories {
        Trajectories {
            real: Some(points(5, 3, 0.0)),
            forward: Some(Frames::new(vec![0.0, 7.0], vec![points(2, 3, 1.0), points(2, 3, 2.0)]).unwrap()),
            reverse: None,
            reconstructions: [4.0, 6.0].map(reconstruction).to_vec(),
        }
    }

    #[test]
    fn trajectories_survive_a_round_trip() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(Trajectories::FILE), trajectories().to_safetensors().unwrap()).unwrap();
        assert_eq!(Trajectories::read(dir.path()).unwrap(), trajectories());
    }

    #[test]
    fn one_reconstruction_without_marks_is_read_as_it_used_to_be_written() {
        let tensors = [
            points_tensor("reconstruction_x0", &points(2, 3, 0.5)),
            points_tensor("reconstruction_xt", &points(2, 3, 1.0)),
            point_sets_tensor("reconstruction_x0_hat", &[points(10, 3, 9.0), points(10, 3, 4.0)]),
            NamedTensor { name: "reconstruction_t", shape: vec![1], values: vec![4.0] },
        ];
        let read = Trajectories::from_bytes(Path::new("x"), &to_safetensors(&tensors).unwrap()).unwrap();
        let expected = Reconstruction { training: vec![false; 2], changed: Vec::new(), ..reconstruction(4.0) };
        assert_eq!(read.reconstructions, [expected]);
    }

    #[test]
    fn a_folder_without_the_file_has_no_trajectories() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Trajectories::read(dir.path()).unwrap(), Trajectories::default());
    }

    #[test]
    fn frames_of_mixed_shape_and_uneven_reconstructions_are_refused() {
        assert!(Frames::new(vec![0.0, 1.0], vec![points(2, 3, 0.0), points(3, 3, 0.0)]).is_err());
        assert!(Frames::new(vec![0.0], vec![]).is_err());
        let mut uneven = trajectories();
        uneven.reconstructions[1].xt = points(3, 3, 0.0);
        assert!(uneven.to_safetensors().is_err());
        let mut unmarked = trajectories();
        unmarked.reconstructions[0].changed.pop();
        assert!(unmarked.to_safetensors().is_err());
    }

    #[test]
    fn a_damaged_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(Trajectories::FILE), b"not tensors").unwrap();
        let message = Trajectories::read(dir.path()).unwrap_err().to_string();
        assert!(message.contains("trajectories.safetensors: "), "{message}");
    }
}
