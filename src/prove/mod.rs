//! Verdicts: which pairs a removal adds, and whether any of them can conflict.
//!
//! Soundness direction: `removable` only when every added pair was shown conflict-free; every
//! doubt ends in `unknown` with its reason.

pub mod nowrap;

pub mod verdict;

pub use verdict::*;
