//! The executor: a deterministic interpreter of the IR for one threadgroup.
//!
//! Purpose: run a kernel under a chosen schedule, find data races per barrier interval, barrier
//! divergence and accesses out of bounds, with barriers deleted or not; replay what a solver
//! returned; search for racing launches; explore interleavings of tiny launches.
//!
//! What it executes is the IR's meaning (`ir`), sequentially consistent (but see `kept`), with threads of one
//! threadgroup only; other threadgroups do not run. Soundness direction: an *under*-approximation
//! of what a kernel can do: what it reports happens for the given launch and contents (unless
//! marked `approximate`), and what it does not report may still happen elsewhere.
//!
//! A note on atomics: values that atomics return depend on the schedule, which is where
//! [`exhaustive`] comes in; they never order other accesses.

mod arith;
mod cell;
mod code;
mod collective;
mod compile;
mod detect;
#[cfg(test)]
mod detect_check;
mod exhaustive;
mod finding;
mod hints;
mod kept;
mod launch;
mod machine;
mod math;
mod memory;
mod order;
mod replay;
mod run;
mod schedule;
mod search;
mod value;
mod wait;

pub use exhaustive::{Budget, Exploration, explore};
pub use finding::{AccessRef, Conflict, Finding};
pub use launch::{BufferSpec, Fill, Launch, LaunchError, ScalarValue, validate};
pub use order::{OrderChange, OrderFound, is_order, order_change};
pub use replay::{
    AsWritten, ReplayOutcome, ReplayRequest, Target, as_written, happens_as_written, replay,
    same_pair,
};
pub use run::{Outcome, RunOptions, Runnable, barriers_at, run};
pub use schedule::Schedule;
pub use search::{SearchRequest, minimise, proposals, search};
