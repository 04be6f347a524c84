//! The verbs, one file each.

pub(crate) mod analyze;
pub(crate) mod cite;
pub(crate) mod collect;
pub(crate) mod compare;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod fetch;
pub(crate) mod figures;
pub(crate) mod fresh;
pub(crate) mod observables;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod sweep;
pub(crate) mod verify;
