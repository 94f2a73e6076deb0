//! The text that the grammar reads, and the way back to tokens.
//!
//! Purpose: words are rendered with their marks (see `grammar/lexical.pest`), each followed by one
//! space; a table leads from offsets to words.

use std::fmt::Write as _;

use super::analysis::{Analysis, ArgKind};
use super::words::WordKind;

/// Rendered words.
#[derive(Default)]
pub(super) struct Text {
    /// What the grammar reads.
    pub text: String,
    /// Offset of each rendered word and the index of the word it stands for, ascending.
    offsets: Vec<(u32, u32)>,
}

impl Text {
    /// The word at `offset` (or the last one before it).
    pub fn word_at(&self, offset: usize) -> Option<usize> {
        let k = self.offsets.partition_point(|&(o, _)| o as usize <= offset);
        let (_, w) = *self.offsets.get(k.checked_sub(1)?)?;
        Some(w as usize)
    }

    fn push(&mut self, word: usize) {
        self.offsets.push((self.text.len() as u32, word as u32));
    }
}

/// Renders the words `start..end`.
pub(super) fn render(a: &Analysis, start: usize, end: usize) -> Text {
    let mut t = Text::default();
    t.text.reserve((end - start) * 6);
    let mut i = start;
    while i < end {
        let w = &a.words[i];
        if let Some(kind) = a.args[i] {
            t.push(i);
            t.text.push_str(match kind {
                ArgKind::Type => "`t ",
                ArgKind::Name => "`n ",
                ArgKind::Expr => "`e ",
            });
        }
        t.push(i);
        match w.kind {
            WordKind::Ident => {
                if a.decls[i] {
                    t.text.push('@');
                }
                if a.is_type[i] {
                    t.text.push('$');
                }
                push_name(&mut t.text, &w.text);
            }
            WordKind::Keyword => drop(write!(t.text, "#{}#", w.text)),
            WordKind::Specifier => drop(write!(t.text, "%{}%", w.text)),
            WordKind::TypeKeyword => drop(write!(t.text, "^{}^", w.text)),
            WordKind::Number => t.text.push('0'),
            WordKind::Char => t.text.push('\''),
            WordKind::Str => t.text.push('"'),
            WordKind::Other => t.text.push('\u{1}'),
            WordKind::Punct => {
                if punct(a, i, &mut t) {
                    i += 1;
                }
            }
        }
        t.text.push(' ');
        i += 1;
    }
    t
}

/// Renders punctuation; whether it took the next word with it.
fn punct(a: &Analysis, i: usize, t: &mut Text) -> bool {
    let text = &*a.words[i].text;
    match text {
        "(" if a.casts[i] => t.text.push_str("`("),
        "<" if a.angles.open[i].is_some() => t.text.push_str("`<"),
        ">" if a.angles.closes[i] > 0 => t.text.push_str("`>"),
        ">>" if a.angles.closes[i] == 2 => {
            t.text.push_str("`> ");
            t.push(i);
            t.text.push_str("`>");
        }
        "[" if a.attr_open[i] => {
            t.text.push_str("[[");
            return true;
        }
        "]" if a.attr_close[i] => {
            t.text.push_str("]]");
            return true;
        }
        "::" if a.decls[i] => t.text.push_str("@::"),
        _ => t.text.push_str(text),
    }
    false
}

/// Names keep their letters; anything else that a lexer lets into a name becomes `_` (the tree
/// takes its names from the tokens).
fn push_name(out: &mut String, name: &str) {
    for c in name.chars() {
        out.push(if c.is_ascii_alphanumeric() || c >= '\u{80}' {
            c
        } else {
            '_'
        });
    }
}
