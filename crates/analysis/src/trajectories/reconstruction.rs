//! Points carried to a time and back, as `trajectories.safetensors` keeps them.

use super::{one_set, point_sets_tensor, same_shape};
use crate::AnalysisError;
use crate::tensors::{NamedTensor, Points, TensorFile};

/// Points carried to time t and back: x0 -> x_t -> several independent x0_hat.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconstruction {
    /// Timestep the chain was turned at.
    pub t: f32,
    /// Whether each point is one of those that were trained on: m of them.
    pub training: Vec<bool>,
    /// Where it started: [m, d].
    pub x0: Points,
    /// The noisy state: [m, d].
    pub xt: Points,
    /// Where the reverse chains ended: for each of the m points, [r, d].
    pub x0_hat: Vec<Points>,
    /// Whether the class of each of them is not that of x0: m times r; empty without classes.
    pub changed: Vec<Vec<bool>>,
}

impl Reconstruction {
    /// One x_t and one set of x0_hat for each x0, all of one dimension.
    fn check(&self) -> Result<(), String> {
        let (m, d) = (self.x0.len(), self.x0.dim());
        if m == 0 || [self.xt.len(), self.x0_hat.len(), self.training.len()].iter().any(|&n| n != m) {
            let (xt, hat, training) = (self.xt.len(), self.x0_hat.len(), self.training.len());
            return Err(format!(
                "{m} x0, {xt} x_t, {hat} sets of x0_hat and {training} marks of training points, use the same number, 1 or \
                 more"
            ));
        }
        same_shape(&self.x0_hat)?;
        if self.xt.dim() != d || self.x0_hat.iter().any(|set| set.dim() != d) {
            return Err(format!("x_t and x0_hat must have the {d} coordinates of x0"));
        }
        let reversals = self.x0_hat.first().map_or(0, Points::len);
        if !self.changed.is_empty() && (self.changed.len() != m || self.changed.iter().any(|of| of.len() != reversals))
        {
            return Err(format!("marks of changed classes must be {m} times {reversals}, or none"));
        }
        Ok(())
    }
}

/// The tensors of reconstructions from k times: all of as many points of one shape.
pub(super) fn tensors(all: &[Reconstruction]) -> Result<Vec<NamedTensor>, String> {
    let Some(first) = all.first() else { return Ok(Vec::new()) };
    all.iter().try_for_each(Reconstruction::check)?;
    let alike = |other: &Reconstruction| {
        other.training == first.training && other.changed.is_empty() == first.changed.is_empty()
    };
    if !all.iter().all(alike) {
        return Err("the points of one time are not those of another".to_owned());
    }
    let sets = |of: &dyn Fn(&Reconstruction) -> Vec<Points>| all.iter().flat_map(of).collect::<Vec<_>>();
    let (x0, xt) = (sets(&|one| vec![one.x0.clone()]), sets(&|one| vec![one.xt.clone()]));
    let x0_hat = sets(&|one| one.x0_hat.clone());
    [&x0, &xt, &x0_hat].into_iter().try_for_each(|sets| same_shape(sets))?;
    let mark = |&marked: &bool| f32::from(u8::from(marked));
    let vector = |name, values: Vec<f32>| NamedTensor { name, shape: vec![values.len()], values };
    let mut tensors = vec![
        point_sets_tensor("reconstruction_x0", &x0),
        point_sets_tensor("reconstruction_xt", &xt),
        point_sets_tensor("reconstruction_x0_hat", &x0_hat),
        vector("reconstruction_t", all.iter().map(|one| one.t).collect()),
        vector("reconstruction_training", first.training.iter().map(mark).collect()),
    ];
    if !first.changed.is_empty() {
        let values: Vec<f32> = all.iter().flat_map(|one| one.changed.iter().flatten().map(mark)).collect();
        let shape = vec![x0_hat.len(), values.len() / x0_hat.len()];
        tensors.push(NamedTensor { name: "reconstruction_changed", shape, values });
    }
    Ok(tensors)
}

/// The reconstructions in `file`; folders of before several times were kept hold one of test points, without marks.
pub(super) fn read(file: &TensorFile<'_>) -> Result<Vec<Reconstruction>, AnalysisError> {
    let name = "reconstruction_x0";
    let Some(x0) = one_set(file, name)? else { return Ok(Vec::new()) };
    let xt = one_set(file, "reconstruction_xt")?;
    let x0_hat = file.point_sets("reconstruction_x0_hat")?;
    let times = file.get("reconstruction_t", 1)?.map(|(_, values)| values);
    let (Some(xt), Some(x0_hat), Some(times)) = (xt, x0_hat, times) else {
        return Err(
            file.error(name, "needs `reconstruction_xt`, `reconstruction_x0_hat` and `reconstruction_t` beside it")
        );
    };
    let (k, m) = (x0.len(), x0.first().map_or(0, Points::len));
    if m == 0 || times.len() != k || xt.len() != k || x0_hat.len() != k * m {
        let reason = format!(
            "{k} times {m} points, with {} times, {} x_t and {} sets of x0_hat beside them, use as many",
            times.len(),
            xt.len(),
            x0_hat.len()
        );
        return Err(file.error(name, &reason));
    }
    let training = match file.get("reconstruction_training", 1)? {
        Some((_, marks)) => marks.iter().map(|mark| *mark != 0.0).collect(),
        None => vec![false; m],
    };
    let marks = file.points("reconstruction_changed")?;
    if marks.as_ref().is_some_and(|marks| marks.len() != k * m) {
        return Err(file.error("reconstruction_changed", &format!("use one row for each of the {} x0", k * m)));
    }
    let rows: Vec<Vec<bool>> =
        marks.iter().flat_map(Points::rows).map(|row| row.iter().map(|mark| *mark != 0.0).collect()).collect();
    let mut changed = rows.chunks(m).map(<[_]>::to_vec);
    let of_one = times.into_iter().zip(x0).zip(xt).zip(x0_hat.chunks(m));
    let all = of_one.map(|(((t, x0), xt), x0_hat)| {
        let changed = changed.next().unwrap_or_default();
        let back = Reconstruction { t, training: training.clone(), x0, xt, x0_hat: x0_hat.to_vec(), changed };
        back.check().map(|()| back).map_err(|reason| file.error(name, &reason))
    });
    all.collect()
}
