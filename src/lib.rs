//! Decides, with proof, which barriers of a Metal compute kernel can be removed.
//!
//! ```
//! use unbarrier::{Contract, Source, prove};
//!
//! let source = Source::new("k.metal", "
//!     kernel void k(device int* a [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) { a[0] = t; }");
//! let report = prove(&source, &Contract::new())?;
//! assert!(!report.is_race_free());
//! assert_eq!(report.races()[0].array, "a");
//! # Ok::<(), unbarrier::Error>(())
//! ```
//!
//! What a verdict means, and what it rests on, is in `docs/soundness.md` of the repository. Everything that is not named here is how it is
//! done, may change in any version, and is hidden from this documentation.

#![deny(missing_docs)]
// Documentation of what is hidden is for those who read the source; its links lead to private modules, too.
#![allow(rustdoc::private_intra_doc_links)]

mod api;

pub use api::*;

#[doc(hidden)]
pub mod analysis;
#[doc(hidden)]
pub mod cfg;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod confirm;
#[doc(hidden)]
pub mod coverage;
#[doc(hidden)]
pub mod crosscheck;
#[doc(hidden)]
pub mod encode;
#[doc(hidden)]
pub mod engine;
#[doc(hidden)]
pub mod exec;
#[doc(hidden)]
pub mod front;
#[doc(hidden)]
pub mod ir;
#[doc(hidden)]
pub mod launch;
#[doc(hidden)]
pub mod models;
#[doc(hidden)]
pub mod prove;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod smt;
#[doc(hidden)]
pub mod source;
