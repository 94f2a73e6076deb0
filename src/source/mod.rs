//! Source text: files, positions, tokens, the preprocessor and diagnostics.
//!
//! Purpose: every later stage speaks of places in the user's files through [`Span`], and nothing
//! but this module reads files. Soundness direction: exact (no approximation happens here).

pub mod diagnostic;
pub mod expansion;
pub mod lex;
pub mod load;
pub mod preprocess;
pub mod render;
mod snippet;
pub mod source_map;
pub mod span;
pub mod token;

pub use diagnostic::{Diagnostic, Label, Severity};
pub use expansion::Expansion;
pub use lex::{Lexer, lex_all};
pub use load::LoadError;
pub use preprocess::{PragmaRecord, PreprocessOptions, PreprocessOutput, preprocess};
pub use render::render;
pub use source_map::{SourceFile, SourceMap};
pub use span::{ExpansionId, FileId, Span};
pub use token::{Token, TokenKind};
