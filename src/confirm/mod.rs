//! Runs the original source of kernels, with and without barriers, to check proofs by something that shares no code with them.
//!
//! Two back ends. *cpu*: Clang compiles the `.metal` text as C++ against a stand-in for Metal's headers (`standin/`), instrumented by
//! `-fsanitize=thread`, with a runtime of our own: threads are fibers, barriers are deleted by line at run time, conflicts are found per barrier
//! interval. *metal* (macOS): the text and an edited copy run on the GPU ([`metal`]).
//!
//! Of the source, this module itself reads entry points, parameter lists and threadgroup declarations, and with a scanner of its own ([`scan`]);
//! it uses neither our preprocessor nor our parser.
//!
//! Direction: an *under*-approximation. A race that is reported happened, along one execution, for one launch; a clean run covers one launch
//! and a few schedules, and proves nothing.

mod build;
mod child;
mod error;
mod glue;
pub mod judge;
mod lines;
pub mod metal;
mod program;
mod results;
pub mod scan;
mod selftest;
pub mod syntax;
mod toolchain;

pub use build::{Request, Unit, build, rewritten};
pub use error::ConfirmError;
pub use program::{Change, Mode, Run, run};
pub use results::{Access, BarrierSite, Difference, Failure, Outside, Race, Results};
pub use selftest::self_test;
pub use toolchain::{Detector, Toolchain};
