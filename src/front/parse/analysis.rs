//! All that is known about the words before the grammar sees them.
//!
//! Purpose: runs the passes over the words in order and keeps their results together.

use super::angles::{self, Angles};
use super::brackets::{Brackets, NONE, match_brackets};
use super::library::is_builtin_type;
use super::limits;
use super::names::{self, Names};
use super::shape::{Look, Shapes};
use super::words::{Word, WordKind, words};
use crate::source::{Diagnostic, Token};

/// How a template argument reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArgKind {
    /// A type.
    Type,
    /// A name: type or value.
    Name,
    /// An expression.
    Expr,
}

/// The words with everything the passes found.
pub(super) struct Analysis<'a> {
    /// The words.
    pub words: &'a [Word<'a>],
    /// Bracket partners.
    pub partner: Vec<u32>,
    /// Where an item surely starts.
    pub cuts: Vec<usize>,
    /// Per word: names a type.
    pub is_type: Vec<bool>,
    /// Template brackets.
    pub angles: Angles,
    /// Per `(`: encloses a type.
    pub casts: Vec<bool>,
    /// Per word: a declaration starts here.
    pub decls: Vec<bool>,
    /// Per word: a template argument starts here.
    pub args: Vec<Option<ArgKind>>,
    /// Per `[`: the first of `[[`.
    pub attr_open: Vec<bool>,
    /// Per `]`: the first of `]]`.
    pub attr_close: Vec<bool>,
    /// Mistakes, by word.
    pub errors: Vec<(usize, Diagnostic)>,
}

/// Words of the token stream, to be kept by the caller.
pub(super) fn split(tokens: &[Token]) -> Vec<Word<'_>> {
    words(tokens)
}

/// Runs the passes.
pub(super) fn analyse<'a>(words: &'a [Word<'a>], tokens: &[Token]) -> Analysis<'a> {
    let Brackets {
        partner,
        mut errors,
        cuts,
    } = match_brackets(words, tokens);
    let names = names::collect(words, &partner);
    let angles = angles::find(words, &partner, &names);
    errors.extend(limits::check(words, tokens, &partner, &angles));
    errors.sort_by_key(|(at, _)| *at);
    let (casts, decls, args) = marks(words, &partner, &names, &angles);
    let (attr_open, attr_close) = attributes(words, &partner);
    let Names { is_type, .. } = names;
    Analysis {
        words,
        partner,
        cuts,
        is_type,
        angles,
        casts,
        decls,
        args,
        attr_open,
        attr_close,
        errors,
    }
}

type Marks = (Vec<bool>, Vec<bool>, Vec<Option<ArgKind>>);

fn marks(words: &[Word], partner: &[u32], names: &Names, angles: &Angles) -> Marks {
    let s = Shapes {
        words,
        partner,
        names,
        angles,
    };
    let mut casts = vec![false; words.len()];
    let mut decls = vec![false; words.len()];
    let mut args = vec![None; words.len()];
    for i in 0..words.len() {
        let w = &words[i];
        match w.kind {
            WordKind::Punct => match &*w.text {
                "(" => casts[i] = s.is_type_paren(i, &casts),
                "::" => decls[i] = s.starts_declaration(i),
                "<" => {
                    if let Some(end) = angles.open[i]
                        && !angles.params[i]
                    {
                        arguments(&s, i, end.at, &mut args);
                    }
                }
                _ => {}
            },
            WordKind::Ident => decls[i] = s.starts_declaration(i),
            _ => {}
        }
    }
    (casts, decls, args)
}

/// Marks the arguments of the list `open..end`.
fn arguments(s: &Shapes, open: usize, end: usize, args: &mut [Option<ArgKind>]) {
    let cast = s.words[open - 1].kind == WordKind::Keyword;
    let mut start = open + 1;
    let mut j = start;
    loop {
        let done = j >= end;
        if done || s.words[j].is(",") {
            if start < j {
                let mut stop = j;
                if s.words[stop - 1].is("...") && stop - 1 > start {
                    stop -= 1;
                }
                if !s.words[start].is("...") {
                    args[start] = Some(if cast {
                        ArgKind::Type
                    } else {
                        argument(s, start, stop)
                    });
                }
            }
            start = j + 1;
        }
        if done {
            return;
        }
        let p = s.partner[j];
        if p != NONE && p as usize > j {
            j = p as usize;
        } else if let Some(e) = s.angles.open[j] {
            j = if e.first_half {
                e.at.saturating_sub(1)
            } else {
                e.at
            };
            if e.at >= end {
                j = end - 1;
            }
        }
        j += 1;
    }
}

fn argument(s: &Shapes, start: usize, end: usize) -> ArgKind {
    match s.look(start, end) {
        Look::Type => ArgKind::Type,
        Look::KnownName if end == start + 1 && is_builtin_type(&s.words[start].text) => {
            ArgKind::Type
        }
        Look::KnownName | Look::Name => ArgKind::Name,
        Look::Other => ArgKind::Expr,
    }
}

fn attributes(words: &[Word], partner: &[u32]) -> (Vec<bool>, Vec<bool>) {
    let mut open = vec![false; words.len()];
    let mut close = vec![false; words.len()];
    for i in 1..words.len() {
        let (a, b) = (partner[i - 1], partner[i]);
        if words[i].is("[") && words[i - 1].is("[") && b != NONE && a == b.wrapping_add(1) {
            open[i - 1] = true;
            close[b as usize] = true;
        }
    }
    (open, close)
}
