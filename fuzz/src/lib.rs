//! The readers of files under libFuzzer: run by `scripts/fuzz`, and on the kept corpus by `tests/corpus.rs`.

pub mod budget;
pub mod readers;

#[global_allocator]
static ALLOCATOR: budget::Allocator = budget::Allocator;
