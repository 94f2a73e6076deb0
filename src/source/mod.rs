//! Source text: files, positions, tokens, the preprocessor and diagnostics.
//!
//! Purpose: every later stage speaks of places in the user's files through [`Span`], and nothing
//! but this module reads files. Soundness direction: exact (no approximation happens here).

pub mod span;

pub use span::{ExpansionId, FileId, Span};
