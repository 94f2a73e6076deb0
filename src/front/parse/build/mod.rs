//! From pest pairs to the syntax tree.
//!
//! Purpose: one method per grammar rule, no decisions: what the grammar accepted has one reading.

mod decl;
mod expr;
mod function;
mod lambda;
mod list;
mod literal;
mod record;
mod stmt;
mod template;
mod types;

use std::cell::RefCell;

use pest::iterators::{Pair, Pairs};

use super::analysis::Analysis;
use super::grammar::Rule;
use super::text::Text;
use crate::front::ast::{Expr, ExprKind, Item};
use crate::source::{Diagnostic, Span, Token};

/// Builds the tree of one item.
pub(super) struct Builder<'a> {
    a: &'a Analysis<'a>,
    tokens: &'a [Token],
    text: &'a Text,
    diagnostics: RefCell<Vec<Diagnostic>>,
}

impl<'a> Builder<'a> {
    /// A builder for the item rendered as `text`.
    pub fn new(a: &'a Analysis<'a>, tokens: &'a [Token], text: &'a Text) -> Self {
        Builder {
            a,
            tokens,
            text,
            diagnostics: RefCell::new(Vec::new()),
        }
    }

    /// The messages of the building.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics.into_inner()
    }

    /// Builds all items of an `entry`.
    pub fn entry(&self, pairs: Pairs<Rule>, out: &mut Vec<Item>) {
        for entry in pairs {
            for p in entry.into_inner() {
                self.item(p, None, out);
            }
        }
    }

    fn first_word(&self, p: &Pair<Rule>) -> usize {
        self.text.word_at(p.as_span().start()).unwrap_or(0)
    }

    fn last_word(&self, p: &Pair<Rule>) -> usize {
        let s = p.as_span();
        self.text
            .word_at(s.end().saturating_sub(1).max(s.start()))
            .unwrap_or(0)
    }

    fn span(&self, p: &Pair<Rule>) -> Span {
        let first = self.tokens[self.a.words[self.first_word(p)].first as usize].span;
        let mut last_word = self.last_word(p);
        // `[[` and `]]` take two words.
        if self.a.attr_close[last_word] {
            last_word += 1;
        }
        first.to(self.tokens[self.a.words[last_word].last as usize].span)
    }

    /// The spelling of the first word of a pair.
    fn word(&self, p: &Pair<Rule>) -> &'a str {
        let words: &'a [super::words::Word<'a>] = self.a.words;
        &words[self.first_word(p)].text
    }

    /// The spelling of all words of a pair, without spaces where none are needed.
    fn spelling(&self, p: &Pair<Rule>) -> String {
        let mut out = String::new();
        for w in &self.a.words[self.first_word(p)..=self.last_word(p)] {
            let glue = |c: char| c.is_alphanumeric() || c == '_';
            if out.ends_with(glue) && w.text.starts_with(glue) {
                out.push(' ');
            }
            out.push_str(&w.text);
        }
        out
    }

    fn unsupported(&self, p: &Pair<Rule>, what: &str) -> Expr {
        Expr {
            kind: ExprKind::Unsupported(what.into()),
            span: self.span(p),
        }
    }
}
