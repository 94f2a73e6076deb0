//! The preprocessor: a file to the tokens the parser sees.
//!
//! Purpose: directives, macros and includes as a Metal compiler has them. Macro replacement
//! follows the way GCC and Clang do it (a macro is disabled while its expansion is being read, and
//! a name met while its macro is disabled is never expanded later). Soundness direction: exact;
//! whatever is not understood becomes an error diagnostic, and [`PreprocessOutput::has_errors`]
//! then says that the tokens must not be relied on.
//!
//! Time and memory are bounded by the constants in [`limits`]; crossing one is an error.

mod builtin;
mod condition;
mod conditional;
mod directive;
mod expand;
mod expression;
mod headers;
mod include;
mod macros;
mod options;
mod paste;
mod pragma;
mod state;
mod substitute;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use super::diagnostic::Diagnostic;
use super::source_map::SourceMap;
use super::span::{FileId, Span};
use super::token::Token;

pub use headers::{KnownHeader, known_header};

/// The bounds of one run.
pub mod limits {
    /// Most tokens of output.
    pub const OUTPUT_TOKENS: usize = 4_000_000;
    /// Most steps: tokens read, and tokens made by macro replacement.
    pub const STEPS: u64 = 24_000_000;
    /// Most tokens made by one macro replacement.
    pub const EXPANSION_TOKENS: usize = 4_000_000;
    /// Deepest nesting of includes.
    pub const INCLUDE_DEPTH: usize = 64;
    /// Most files entered, the main file included.
    pub const INCLUDES: usize = 10_000;
    /// Deepest nesting of macro arguments.
    pub const ARGUMENT_DEPTH: usize = 128;
    /// Longest spelling made by `#` or `##`, in bytes.
    pub const SPELLING: usize = 1 << 20;
    /// Deepest nesting of an `#if` expression.
    pub const EXPRESSION_DEPTH: usize = 200;
    /// Most diagnostics kept.
    pub const DIAGNOSTICS: usize = 500;
}

/// What the command line asks of the preprocessor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreprocessOptions {
    /// `-D NAME` or `-D NAME=VALUE`, in order; without a value the macro is `1`.
    pub defines: Vec<(String, Option<String>)>,
    /// `-U NAME`, after all definitions.
    pub undefines: Vec<String>,
    /// `-I` folders, in order.
    pub include_dirs: Vec<PathBuf>,
}

/// A `#pragma` or `_Pragma`, which the output tokens lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PragmaRecord {
    /// What follows `#pragma`, trimmed: `unroll`, `clang loop unroll(full)`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// How many output tokens came before it.
    pub before_token: usize,
}

/// What preprocessing gives.
#[derive(Clone, Debug, Default)]
pub struct PreprocessOutput {
    /// The tokens.
    pub tokens: Vec<Token>,
    /// Errors, warnings and notes in the order they were found.
    pub diagnostics: Vec<Diagnostic>,
    /// The pragmas that were dropped.
    pub pragmas: Vec<PragmaRecord>,
    /// The files entered (the main file first), each once, in the order of first entry.
    pub files: Vec<FileId>,
    /// The known system headers that were included, each once, in the order of first use.
    pub system_headers: Vec<&'static str>,
}

impl PreprocessOutput {
    /// Whether any diagnostic is an error; the tokens are then not what a compiler would see.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Preprocesses the file `main` of `map`.
///
/// Files that are included, and all macro expansions, are added to `map`. Errors are collected in
/// the output; there is always an output. A token that came from a macro has the span of the
/// outermost invocation, and its `expansion` leads through `SourceMap::expansion_chain` to the
/// macros involved and to the place where it is spelled.
pub fn preprocess(map: &mut SourceMap, main: FileId, opts: &PreprocessOptions) -> PreprocessOutput {
    state::Preprocessor::new(map, opts).run(main)
}
