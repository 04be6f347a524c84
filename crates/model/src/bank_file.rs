//! A whole bank as one safetensors file, for PyTorch and whatever else reads the format.
//!
//! Tensors, row-major, for K machines in the order of `timesteps`, r inputs of which dense units see a, H hidden units,
//! d coordinates, T timesteps:
//!
//! | name | type | shape | what |
//! |---|---|---|---|
//! | `betas`, `alpha_bar` | f64 | `[T]` | the schedule at t = 1..=T |
//! | `timesteps` | i64 | `[K]` | the 1-based t of each machine |
//! | `w1`, `b1`, `w2`, `b2` | f32 | `[K, a, H]`, `[K, H]`, `[K, H, a]`, `[K, r]` | the machines |
//! | `skip` | f32 | `[K, 1]` or `[K, d]` | the factors of z beside the net; absent without a skip |
//! | `local_w1`, `local_b1`, `local_w2` | f32 | `[K, k^2, C]`, `[K, C]`, `[K, C, k^2]` | their local units, where they have any |
//! | `mean`, `axes` | f64, f32 | `[d]`, `[d, d]` | the principal frame of machines that live in one: column k is axis k |
//! | `check_t` | i64 | `[C]` | timesteps at which answers are stored, where any are |
//! | `check_x` | f32 | `[C, N, d]` | states x_t in the data's own coordinates |
//! | `check_eps_hat` | f64 | `[C, N, d]` | eps_hat there, from the numbers above in f64 |
//! | `check_eps_hat_f32` | f32 | `[C, N, d]` | as the program's own chain computes it in f32 |
//!
//! eps_hat(x_t) = U (skip * z + relu(z w1 + b1) w2 + b2), the net on the first r of the d coordinates z and w1 and w2 on
//! the first a, with z = U^T (x_t - sqrt(alpha_bar_t) mean), U = `axes`; without a frame z = x_t.  Local units add V^T local(V z +
//! sqrt(alpha_bar_t) mean), V the first r columns of U, where the unit c at a pixel of the square image sees the k x k patch
//! around it through column c of `local_w1` and writes row c of `local_w2` to it.  The metadata entry `bank` holds a JSON
//! object: `format`, `dim`, `inputs`, `hidden`, `timesteps` (T), `activation`, and what the writer adds.

use std::collections::BTreeMap;
use std::io::{self, Seek, SeekFrom, Write};

use serde_json::{Map, Value, json};

use crate::{LocalConfig, LocalUnits, Machine, Skip};

/// The version of the layout above.
const FORMAT: u64 = 1;

/// How much a bank's file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankShape {
    /// d.
    pub dim: usize,
    /// r.
    pub inputs: usize,
    /// a.
    pub seen: usize,
    /// H.
    pub hidden: usize,
    /// Factors of the skip: 0, 1 or d.
    pub gains: usize,
    /// The shape of the local units, where there are any.
    pub local: Option<LocalConfig>,
    /// T.
    pub timesteps: usize,
    /// K.
    pub machines: usize,
    /// Whether the machines live in a principal frame.
    pub framed: bool,
    /// C and N, the timesteps and the states at each whose answers are stored.
    pub checked: [usize; 2],
}

impl BankShape {
    /// d, r, a, H and the factors of the skip of a machine, as they have to be for it to stand in the file.
    pub fn of_machine(machine: &Machine) -> [usize; 5] {
        let gains = match &machine.skip {
            Skip::None => 0,
            Skip::Scalar(_) => 1,
            Skip::Diagonal(gains) => gains.len(),
        };
        [machine.dim, machine.inputs, machine.seen(), machine.hidden, gains]
    }

    /// Whether a machine can stand in the file.
    pub fn fits(&self, machine: &Machine) -> bool {
        let local = machine.local.as_ref().map(|local| local.units.config());
        let dense = [self.dim, self.inputs, self.seen, self.hidden, self.gains];
        Self::of_machine(machine) == dense && (local.is_none() || local == self.local)
    }

    /// The tensors that are there: name, type and shape, those of wide types first so that all are aligned.
    fn tensors(&self) -> Vec<(&'static str, &'static str, Vec<usize>)> {
        let Self { dim: d, inputs: r, seen: a, hidden: h, gains, local, .. } = *self;
        let Self { timesteps, machines: k, framed, checked: [c, n], .. } = *self;
        let (patch, channels) = local.map_or((0, 0), |local| (local.patch(), local.channels));
        let all = [
            ("betas", "F64", vec![timesteps]),
            ("alpha_bar", "F64", vec![timesteps]),
            ("timesteps", "I64", vec![k]),
            ("mean", "F64", vec![if framed { d } else { 0 }]),
            ("check_t", "I64", vec![c]),
            ("check_eps_hat", "F64", vec![c, n, d]),
            ("axes", "F32", vec![if framed { d } else { 0 }, d]),
            ("check_x", "F32", vec![c, n, d]),
            ("check_eps_hat_f32", "F32", vec![c, n, d]),
            ("skip", "F32", vec![k, gains]),
            ("w1", "F32", vec![k, a, h]),
            ("b1", "F32", vec![k, h]),
            ("w2", "F32", vec![k, h, a]),
            ("b2", "F32", vec![k, r]),
            ("local_w1", "F32", vec![k, patch, channels]),
            ("local_b1", "F32", vec![k, channels]),
            ("local_w2", "F32", vec![k, channels, patch]),
        ];
        all.into_iter().filter(|(.., shape)| shape.iter().product::<usize>() > 0).collect()
    }
}

/// Writes a bank's file piece by piece, so that memory holds one machine at a time.
#[derive(Debug)]
pub struct BankWriter<W> {
    out: W,
    shape: BankShape,
    /// First byte and end of each tensor in the file.
    places: BTreeMap<&'static str, (u64, u64)>,
    /// Bytes of tensors that are still to be written.
    left: u64,
}

impl<W: Write + Seek> BankWriter<W> {
    /// Begins a file: its header, with `facts` beside what the shape says.
    ///
    /// # Errors
    /// The writer's.
    pub fn begin(mut out: W, shape: BankShape, facts: Map<String, Value>) -> io::Result<Self> {
        let mut bank = facts;
        let own = [
            ("format", json!(FORMAT)),
            ("dim", json!(shape.dim)),
            ("inputs", json!(shape.inputs)),
            ("hidden", json!(shape.hidden)),
            ("timesteps", json!(shape.timesteps)),
            ("activation", json!("relu")),
        ];
        bank.extend(own.map(|(key, value)| (key.to_owned(), value)));
        let mut header = Map::new();
        header.insert("__metadata__".to_owned(), json!({ "bank": Value::Object(bank).to_string() }));
        let mut end = 0_u64;
        let mut places = BTreeMap::new();
        for (name, dtype, shape) in shape.tensors() {
            let start = end;
            let width = if dtype == "F32" { 4 } else { 8 };
            end += width * shape.iter().product::<usize>() as u64;
            header.insert(name.to_owned(), json!({ "dtype": dtype, "shape": shape, "data_offsets": [start, end] }));
            places.insert(name, (start, end));
        }
        let mut text = Value::Object(header).to_string();
        // The numbers begin at a multiple of eight bytes.
        text.extend(std::iter::repeat_n(' ', text.len().next_multiple_of(8) - text.len()));
        out.write_all(&(text.len() as u64).to_le_bytes())?;
        out.write_all(text.as_bytes())?;
        let before = 8 + text.len() as u64;
        places.values_mut().for_each(|(start, end)| (*start, *end) = (*start + before, *end + before));
        Ok(Self { out, shape, places, left: end })
    }

    /// Bytes of the whole file.
    pub fn size(&self) -> u64 {
        self.places.values().map(|(_, end)| *end).max().unwrap_or(0)
    }

    /// Writes the `k`-th machine (0-based).
    ///
    /// # Errors
    /// The writer's, and a machine of another shape.
    pub fn machine(&mut self, k: usize, machine: &Machine) -> io::Result<()> {
        if !self.shape.fits(machine) {
            return Err(io::Error::other("a machine of another shape"));
        }
        let matrices = [("w1", &machine.w1), ("b1", &machine.b1), ("w2", &machine.w2), ("b2", &machine.b2)];
        for (name, values) in matrices {
            self.f32s(name, k, values)?;
        }
        if let Some(shape) = self.shape.local {
            // A machine that has none is one whose local units write nothing.
            let half = shape.patch() * shape.channels;
            let none = || LocalUnits { w1: vec![0.0; half], b1: vec![0.0; shape.channels], w2: vec![0.0; half] };
            let LocalUnits { w1, b1, w2 } = machine.local.as_ref().map_or_else(none, |local| local.units.clone());
            self.f32s("local_w1", k, &w1)?;
            self.f32s("local_b1", k, &b1)?;
            self.f32s("local_w2", k, &w2)?;
        }
        match &machine.skip {
            Skip::None => Ok(()),
            Skip::Scalar(gain) => self.f32s("skip", k, &[*gain]),
            Skip::Diagonal(gains) => self.f32s("skip", k, gains),
        }
    }

    /// Writes the `i`-th part (0-based) of a tensor, as long as every other part.
    ///
    /// # Errors
    /// The writer's, and a part that the tensor does not have.
    pub fn f32s(&mut self, name: &str, i: usize, values: &[f32]) -> io::Result<()> {
        self.bytes(name, i, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
    }

    /// As [`Self::f32s`].
    ///
    /// # Errors
    /// As there.
    pub fn f64s(&mut self, name: &str, i: usize, values: &[f64]) -> io::Result<()> {
        self.bytes(name, i, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
    }

    /// As [`Self::f32s`].
    ///
    /// # Errors
    /// As there.
    pub fn i64s(&mut self, name: &str, i: usize, values: &[usize]) -> io::Result<()> {
        self.bytes(name, i, &values.iter().flat_map(|&v| (v as u64).to_le_bytes()).collect::<Vec<u8>>())
    }

    fn bytes(&mut self, name: &str, i: usize, bytes: &[u8]) -> io::Result<()> {
        let (start, end) = self.places.get(name).copied().unwrap_or((0, 0));
        let at = start + (i * bytes.len()) as u64;
        let after = at + bytes.len() as u64;
        if after > end || bytes.len() as u64 > self.left {
            return Err(io::Error::other(format!("part {i} of `{name}` has no place")));
        }
        self.out.seek(SeekFrom::Start(at))?;
        self.out.write_all(bytes)?;
        self.left -= bytes.len() as u64;
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The writer's, and tensors that were not written whole.
    pub fn finish(mut self) -> io::Result<()> {
        if self.left > 0 {
            return Err(io::Error::other(format!("{} bytes of it were not written", self.left)));
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use safetensors::SafeTensors;

    use super::*;

    fn machine(k: u8, skip: Skip) -> Machine {
        let numbers = |n: u8, from: u8| (0..n).map(|i| f32::from(100 * k + from + i)).collect();
        Machine {
            dim: 3,
            inputs: 2,
            hidden: 4,
            w1: numbers(8, 0),
            b1: numbers(4, 10),
            w2: numbers(8, 20),
            b2: numbers(2, 30),
            skip,
            local: None,
        }
    }

    fn shape(machines: &[Machine], framed: bool) -> BankShape {
        let [dim, inputs, seen, hidden, gains] = BankShape::of_machine(&machines[0]);
        BankShape {
            seen,
            dim,
            inputs,
            hidden,
            gains,
            local: None,
            timesteps: 5,
            machines: machines.len(),
            framed,
            checked: [1, 2],
        }
    }

    /// The file of these machines, written backwards.
    fn written(machines: &[Machine], framed: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        let facts = Map::from_iter([("name".to_owned(), json!("made up"))]);
        let mut file = BankWriter::begin(Cursor::new(&mut bytes), shape(machines, framed), facts).unwrap();
        let size = file.size();
        for (k, machine) in machines.iter().enumerate().rev() {
            file.machine(k, machine).unwrap();
            file.i64s("timesteps", k, &[2 * k + 1]).unwrap();
        }
        file.f64s("betas", 0, &[0.1; 5]).unwrap();
        file.f64s("alpha_bar", 0, &[0.2; 5]).unwrap();
        if framed {
            file.f64s("mean", 0, &[1.0, 2.0, 3.0]).unwrap();
            file.f32s("axes", 0, &[1.0; 9]).unwrap();
        }
        file.i64s("check_t", 0, &[3]).unwrap();
        file.f32s("check_x", 0, &[1.5; 6]).unwrap();
        file.f64s("check_eps_hat", 0, &[2.5; 6]).unwrap();
        file.f32s("check_eps_hat_f32", 0, &[2.5; 6]).unwrap();
        file.finish().unwrap();
        assert_eq!(size, bytes.len() as u64);
        bytes
    }

    #[test]
    fn the_format_reads_what_was_written() {
        let skips = [
            (|_| Skip::None) as fn(u8) -> Skip,
            |k| Skip::Scalar(f32::from(k)),
            |k| Skip::Diagonal(vec![f32::from(k); 3]),
        ];
        for (skip, gains) in skips.into_iter().zip([0, 1, 3]) {
            let machines: Vec<Machine> = (0..3).map(|k| machine(k, skip(k))).collect();
            let bytes = written(&machines, gains == 3);
            let file = SafeTensors::deserialize(&bytes).unwrap();
            let floats = |name: &str| -> Vec<f32> {
                let view = file.tensor(name).unwrap();
                view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
            };
            let expected = |of: fn(&Machine) -> &Vec<f32>| machines.iter().flat_map(of).copied().collect::<Vec<f32>>();
            assert_eq!(file.tensor("w1").unwrap().shape(), [3, 2, 4]);
            assert_eq!(floats("w1"), expected(|m| &m.w1));
            assert_eq!(floats("b1"), expected(|m| &m.b1));
            assert_eq!(file.tensor("w2").unwrap().shape(), [3, 4, 2]);
            assert_eq!(floats("w2"), expected(|m| &m.w2));
            assert_eq!(floats("b2"), expected(|m| &m.b2));
            match gains {
                0 => assert!(file.tensor("skip").is_err() && file.tensor("axes").is_err()),
                gains => assert_eq!(file.tensor("skip").unwrap().shape(), [3, gains]),
            }
            let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
            let bank: Value = serde_json::from_str(&header.metadata().as_ref().unwrap()["bank"]).unwrap();
            assert_eq!((&bank["name"], &bank["hidden"], &bank["timesteps"]), (&json!("made up"), &json!(4), &json!(5)));
        }
    }

    #[test]
    fn what_does_not_fit_or_is_left_out_is_an_error() {
        let machines = [machine(0, Skip::None)];
        let begin = || BankWriter::begin(Cursor::new(Vec::new()), shape(&machines, false), Map::new()).unwrap();
        assert!(begin().machine(0, &machine(0, Skip::Scalar(1.0))).is_err());
        assert!(begin().machine(1, &machines[0]).is_err());
        assert!(begin().f64s("betas", 0, &[0.1; 6]).is_err());
        assert!(begin().f64s("gammas", 0, &[0.1]).is_err());
        let mut half = begin();
        half.machine(0, &machines[0]).unwrap();
        assert!(half.finish().unwrap_err().to_string().ends_with("bytes of it were not written"));
    }
}
