//! What a file has by its tokens, held against what was analysed.
//!
//! Purpose: a verdict is about kernels that were read. This module finds kernel definitions, instantiations and barrier calls in the token
//! stream ([`units`]) and in the text itself ([`raw`]: branches that were not compiled, macros that were not used) without the parser, and
//! tells what no analysed kernel covers ([`gaps`]), what such a gap may reach ([`Inventory::reached_from`]), and whether two versions differ
//! in what was not analysed ([`change`]). It shares nothing with parser and lowering but the lexer and the preprocessor, so that a fault
//! there cannot hide a kernel.
//!
//! Soundness direction: more gaps. A name that is mentioned is taken to be used, and one that is declared twice stands for all its
//! declarations. What a macro hides in a branch that was not compiled is known by the names in it only.

mod change;
mod gaps;
mod graph;
mod head;
mod raw;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use self::change::{Unread, differences};
pub use self::gaps::{Analysed, Gap, LeftOut, What};
pub use self::units::{BarrierCall, Kind, Unit};
use crate::source::{FileId, SourceMap, Span, Token, TokenKind, lex_all};

/// What a translation unit has by its tokens.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Declarations in the order of the stream.
    pub units: Vec<Unit>,
    tokens: Vec<Token>,
    /// Declarations by the names they are reached by.
    by_name: BTreeMap<Arc<str>, Vec<usize>>,
    /// The text itself.
    raw: raw::Raw,
}

impl Inventory {
    /// Takes stock of preprocessed tokens and of the files they came from.
    pub fn new(map: &SourceMap, tokens: &[Token]) -> Inventory {
        let units = units::split(tokens);
        let mut by_name: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        for (i, u) in units.iter().enumerate() {
            for n in &u.names {
                by_name.entry(n.clone()).or_default().push(i);
            }
        }
        let mut out = Inventory {
            units,
            tokens: tokens.to_vec(),
            by_name,
            raw: raw::Raw::default(),
        };
        out.raw = raw::Raw::new(map, tokens, &out.units);
        out
    }

    /// Names of the kernel templates.
    pub fn kernel_templates(&self) -> BTreeSet<&str> {
        let all = self.units.iter().filter(|u| u.kind == Kind::Kernel);
        all.filter(|u| u.is_template).map(|u| &*u.name).collect()
    }

    /// Whether a word occurs anywhere in the text of the files, used or not.
    pub fn says(&self, word: &str) -> bool {
        self.raw.words.contains(word)
    }

    /// The tokens of a declaration.
    pub fn text(&self, unit: usize) -> &[Token] {
        let all = self.units.get(unit).map(|u| u.first..u.end);
        all.and_then(|r| self.tokens.get(r)).unwrap_or(&[])
    }
}

/// Whether a text says something of kernels or barriers.
pub fn says_kernels(text: &str) -> bool {
    let tokens = lex_all(FileId(0), text).0;
    let says = |t: &Token| {
        t.kind == TokenKind::Ident
            && (graph::is_barrier(&t.text) || matches!(&*t.text, "kernel" | "host_name"))
    };
    tokens.iter().any(says)
}

/// The names in a text, or those of its kernels only.
pub fn names_in(text: &str, kernels: bool) -> BTreeSet<String> {
    let tokens = lex_all(FileId(0), text).0;
    if kernels {
        let all = units::split(&tokens);
        return all
            .into_iter()
            .filter(|u| u.kind == Kind::Kernel || u.kind == Kind::Instantiation)
            .flat_map(|u| u.mentions)
            .map(|n| n.to_string())
            .collect();
    }
    let names = tokens.iter().filter(|t| t.kind == TokenKind::Ident);
    let mut out: BTreeSet<String> = names.map(|t| t.text.to_string()).collect();
    // Sources of kernels in strings of a host program.
    let holds = |t: &&Token| {
        let kernels = t.text.contains("kernel void") || t.text.contains("[[kernel]]");
        t.kind == TokenKind::Str && (kernels || t.text.contains("_barrier("))
    };
    for t in tokens.iter().filter(holds) {
        let words = t.text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        out.extend(words.filter(|w| !w.is_empty()).map(str::to_string));
    }
    out
}

/// Whether a place lies within another.
fn within(inner: Span, outer: Span) -> bool {
    inner.file == outer.file && inner.start >= outer.start && inner.end <= outer.end
}
