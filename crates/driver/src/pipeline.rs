//! The stages of a run, in order.

pub(crate) mod bench;
pub(crate) mod conditioned;
pub(crate) mod damage;
pub(crate) mod dataset;
pub(crate) mod draw;
pub(crate) mod effort;
pub(crate) mod finished;
pub(crate) mod freshness;
pub(crate) mod kept;
pub(crate) mod manifest;
pub(crate) mod mark;
pub(crate) mod models;
pub(crate) mod observe;
pub(crate) mod principal;
pub(crate) mod problem;
pub(crate) mod reconstruction;
pub(crate) mod record;
pub(crate) mod regression;
pub(crate) mod sampling;
pub(crate) mod shards;
pub(crate) mod sharing;
pub(crate) mod shelf;
pub(crate) mod timing;
pub(crate) mod training;
pub(crate) mod transitions;
pub(crate) mod verification;
