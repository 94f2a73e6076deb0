//! Control flow as a graph, and the barrier-interval graph on top of it.
//!
//! Soundness direction: over-approximation of paths (branch conditions are ignored here; they
//! come back as guards).

pub mod flow;
pub mod interval;
pub mod tail;

pub use flow::{Flow, Node};
pub use interval::{Arrival, Exit, Filter, History, Passed, Reach, Shift, Start, Took};
pub use tail::ends_made_plain;
