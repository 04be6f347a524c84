//! Families of trajectories: uses of the chain that must not share noise.

/// A use of the chain, with trajectory numbers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Family {
    /// The samples of a run.
    Samples = 0,
    /// Test images taken to x_t and back for the figure of reconstructions.
    Reconstructions = 1,
    /// The forward process that the figures show.
    Forwards = 2,
    /// Data noised for averages over p_t(x_t).
    Probes = 3,
    /// U-turns: x_0 -> x_t -> x_0'.
    UTurns = 4,
    /// The common past of clones.
    Trunks = 5,
    /// The first of two clones that share x_t.
    FirstClones = 6,
    /// The second of two clones that share x_t.
    SecondClones = 7,
    /// U-turns repeated at one timestep.
    IteratedUTurns = 8,
    /// Chains started late.
    LateStarts = 9,
    /// Chains of machines some of which are replaced.
    Surgery = 10,
}

impl Family {
    /// The number of its first trajectory; families are 2^40 trajectories apart.
    pub fn first(self) -> u64 {
        (self as u64) << 40
    }
}
