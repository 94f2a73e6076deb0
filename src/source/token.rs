//! Preprocessing tokens.
//!
//! Purpose: the unit that the lexer makes, the preprocessor rewrites and the parser reads.

use std::fmt;
use std::sync::Arc;

use super::span::Span;

/// What a [`Token`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// An identifier or keyword (the lexer does not tell them apart).
    Ident,
    /// A preprocessing number: `1`, `0x1.8p3f`, `1'000u`.
    Number,
    /// A character literal with its prefix, quotes and suffix: `'a'`, `u8'x'`.
    Char,
    /// A string literal with its prefix, quotes and suffix, raw strings included.
    Str,
    /// An operator or punctuator, digraphs kept as spelled.
    Punct,
    /// Anything else: a stray character or an unterminated literal.
    Other,
}

/// One token: its kind, its exact spelling (line splices removed) and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The kind.
    pub kind: TokenKind,
    /// The spelling.
    pub text: Arc<str>,
    /// Where it stands; for a token out of a macro, the outermost invocation.
    pub span: Span,
    /// White space or a comment stands before it.
    pub space_before: bool,
    /// It is the first token of its logical line.
    pub line_start: bool,
}

impl Token {
    /// Whether this is the punctuator spelled `text`.
    pub fn is_punct(&self, text: &str) -> bool {
        self.kind == TokenKind::Punct && &*self.text == text
    }

    /// Whether this is the identifier (or keyword) spelled `text`.
    pub fn is_ident(&self, text: &str) -> bool {
        self.kind == TokenKind::Ident && &*self.text == text
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
