//! The grammar, compiled by pest from `grammar/*.pest`.
//!
//! Purpose: nothing but the derive, so that the generated code has a module of its own.

/// The parser that pest generates.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/lexical.pest"]
#[grammar = "../grammar/types.pest"]
#[grammar = "../grammar/expressions.pest"]
#[grammar = "../grammar/statements.pest"]
#[grammar = "../grammar/declarations.pest"]
pub(super) struct MslGrammar;
