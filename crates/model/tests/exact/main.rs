//! The exact denoisers against enumeration, finite differences, each other, and reference numbers on the real digits.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod chain;
mod common;
mod curie_weiss;
mod identities;
mod laws;
mod points;
mod real_digits;
mod spiral;
