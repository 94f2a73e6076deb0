//! From preprocessed tokens to the syntax tree.
//!
//! Purpose: reads the whole of the C++ that Metal code uses, so that what the later stages cannot
//! handle is refused where it stands, not as a syntax error of the file. The stages: words
//! ([`words`]), brackets, names, template lists and marks ([`analysis`]), then item by item the
//! rendered [`text`], the pest [`grammar`] and the tree ([`build`]). Soundness direction: exact.

mod analysis;
mod angles;
mod brackets;
mod build;
mod dump;
mod grammar;
mod items;
mod library;
mod limits;
mod message;
mod names;
mod shape;
mod text;
mod words;

use crate::front::ast::TranslationUnit;
use crate::source::{Diagnostic, Token};

pub use dump::dump;

/// Stack of the thread that parses: enough for the deepest nesting that the limits let through.
const STACK: usize = 512 << 20;

/// What parsing yields.
#[derive(Debug, Default)]
pub struct ParseOutput {
    /// The tree; items that could not be parsed are `ItemKind::Error`.
    pub unit: TranslationUnit,
    /// Messages, in source order of the items.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses preprocessed tokens. Every mistake yields a diagnostic; the rest is parsed all the same.
pub fn parse(tokens: &[Token]) -> ParseOutput {
    let run = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("parser".into())
            .stack_size(STACK)
            .spawn_scoped(scope, || parse_here(tokens));
        match thread {
            Ok(handle) => handle.join().map_err(|_| "the parser stopped unexpectedly"),
            Err(_) => Err("no thread could be started for the parser"),
        }
    });
    run.unwrap_or_else(|why| {
        let mut d = Diagnostic::error(why).with_code("parse::internal");
        if let Some(t) = tokens.first() {
            d = d.with_primary(t.span, "while parsing this file");
        }
        ParseOutput {
            unit: TranslationUnit::default(),
            diagnostics: vec![d],
        }
    })
}

fn parse_here(tokens: &[Token]) -> ParseOutput {
    let words = analysis::split(tokens);
    let a = analysis::analyse(&words, tokens);
    let mut s = items::Splitter {
        a: &a,
        tokens,
        diagnostics: Vec::new(),
        depth: 0,
    };
    let items = s.items(0, words.len());
    ParseOutput {
        unit: TranslationUnit { items },
        diagnostics: s.diagnostics,
    }
}
