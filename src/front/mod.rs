//! The front end: from tokens to the syntax tree, and from the syntax tree to the IR.
//!
//! Soundness direction: exact; what cannot be represented exactly becomes an explicit
//! `Unsupported` node that later stages treat as unknown.

pub mod assume;
pub mod ast;
pub mod lower;
pub mod parse;
pub mod prelude;
