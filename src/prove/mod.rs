//! Verdicts: which pairs a removal adds, and whether any of them can conflict.
//!
//! Soundness direction: `removable` only when every added pair was shown conflict-free; every
//! doubt ends in `unknown` with its reason.

pub mod change;
pub mod decide;
mod divergence;
pub mod edit;
pub mod ended;
pub mod hunt;
pub mod interval;
pub mod joint;
pub mod kernel;
pub mod nowrap;
mod open;
pub mod patience;
pub mod prepare;
pub mod publish;
pub mod races;
pub mod record;
pub mod removal;
pub mod reorder;
pub mod replay;
pub mod sites;
pub mod stats;
pub mod verdict;
pub mod witness;
pub mod work;

pub use kernel::{Options, prove_kernel, removal_of};
pub use verdict::*;
