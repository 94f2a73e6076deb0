//! Which bracket closes which, and what to say when they do not match.
//!
//! Purpose: later passes jump over groups in one step. Unbalanced input still yields pairs for
//! everything that can be paired, and one message per mistake.

use super::words::Word;
use crate::source::{Diagnostic, Token};

/// Deepest nesting of brackets that is parsed.
pub(super) const MAX_NESTING: usize = 256;

/// How many open brackets are searched for the partner of one that does not fit.
const REACH: usize = 2 * MAX_NESTING;

/// No partner.
pub(super) const NONE: u32 = u32::MAX;

/// The pairs, and the mistakes.
pub(super) struct Brackets {
    /// For every bracket word the index of its partner, [`NONE`] for other words.
    pub partner: Vec<u32>,
    /// Messages, each with the word it belongs to.
    pub errors: Vec<(usize, Diagnostic)>,
    /// Words at which a new item surely starts although a bracket before is still open.
    pub cuts: Vec<usize>,
}

/// Pairs up all brackets.
pub(super) fn match_brackets(words: &[Word], tokens: &[Token]) -> Brackets {
    let mut b = Brackets {
        partner: vec![NONE; words.len()],
        errors: Vec::new(),
        cuts: Vec::new(),
    };
    if !Matcher::new(words, tokens, &mut b).run(false) {
        b.partner.fill(NONE);
        b.errors.clear();
        Matcher::new(words, tokens, &mut b).run(true);
    }
    b
}

struct Matcher<'a> {
    words: &'a [Word<'a>],
    tokens: &'a [Token],
    out: &'a mut Brackets,
    stack: Vec<usize>,
}

impl<'a> Matcher<'a> {
    fn new(words: &'a [Word<'a>], tokens: &'a [Token], out: &'a mut Brackets) -> Self {
        Matcher {
            words,
            tokens,
            out,
            stack: Vec::new(),
        }
    }

    /// Returns whether all brackets match. With `recover`, mistakes are reported and repaired.
    fn run(&mut self, recover: bool) -> bool {
        for i in 0..self.words.len() {
            let w = &self.words[i];
            if recover && self.is_kernel_start(i) {
                self.cut_at(i);
            }
            if w.kind != super::words::WordKind::Punct {
                continue;
            }
            match &*w.text {
                "(" | "[" | "{" => self.open(i),
                ")" | "]" | "}" if !self.close(i, recover) && !recover => return false,
                _ => {}
            }
        }
        if self.stack.is_empty() {
            return true;
        }
        if recover {
            if let Some(&open) = self.stack.last() {
                self.unclosed(open, None);
            }
            // The others are broken too, silently: their items end at the end of the file.
            self.stack.clear();
        }
        false
    }

    fn open(&mut self, i: usize) {
        self.stack.push(i);
        if self.stack.len() == MAX_NESTING + 1 {
            let d = Diagnostic::error(format!(
                "brackets are nested more than {MAX_NESTING} levels deep"
            ))
            .with_code("parse::nesting")
            .with_primary(self.span(i), "this is one level too many")
            .with_help("split the expression or the function into smaller ones");
            self.out.errors.push((i, d));
        }
    }

    fn close(&mut self, i: usize, recover: bool) -> bool {
        let want = match &*self.words[i].text {
            ")" => "(",
            "]" => "[",
            _ => "{",
        };
        if let Some(&top) = self.stack.last()
            && self.words[top].text == want
        {
            self.stack.pop();
            self.out.partner[top] = i as u32;
            self.out.partner[i] = top as u32;
            return true;
        }
        if !recover {
            return false;
        }
        // A brace closes over forgotten parentheses; a parenthesis never closes over a brace.
        let from = self.stack.len().saturating_sub(REACH);
        let near = &self.stack[from..];
        let reach = near.iter().rposition(|&s| self.words[s].text == want);
        let barrier = near.iter().rposition(|&s| self.words[s].text == "{");
        let (reach, barrier) = (reach.map(|k| k + from), barrier.map(|k| k + from));
        match reach {
            Some(k) if want == "{" || barrier.is_none_or(|b| b < k) => {
                if let Some(&top) = self.stack.last() {
                    self.unclosed(top, Some(i));
                }
                let open = self.stack[k];
                self.stack.truncate(k);
                self.out.partner[open] = i as u32;
                self.out.partner[i] = open as u32;
            }
            _ => {
                let text = &self.words[i].text;
                let mut d = Diagnostic::error(format!("`{text}` closes nothing"))
                    .with_code("parse::bracket")
                    .with_primary(self.span(i), format!("no `{want}` is open here"))
                    .with_help(format!("remove this `{text}` or add the missing `{want}`"));
                if let Some(&top) = self.stack.last() {
                    d = d.with_secondary(
                        self.span(top),
                        format!(
                            "the innermost open bracket is this `{}`",
                            self.words[top].text
                        ),
                    );
                }
                self.out.errors.push((i, d));
            }
        }
        false
    }

    fn unclosed(&mut self, open: usize, found: Option<usize>) {
        let text = &self.words[open].text;
        let want = match &**text {
            "(" => ")",
            "[" => "]",
            _ => "}",
        };
        let mut d = Diagnostic::error(format!("this `{text}` is never closed"))
            .with_code("parse::bracket")
            .with_primary(self.span(open), "opened here")
            .with_help(format!("add the missing `{want}`"));
        if let Some(f) = found {
            d = d.with_secondary(
                self.span(f),
                format!("`{want}` was expected before this `{}`", self.words[f].text),
            );
        } else {
            d = d.with_note("the file ends before it is closed");
        }
        self.out.errors.push((open, d));
    }

    /// `kernel void` cannot stand inside a function body.
    fn is_kernel_start(&self, i: usize) -> bool {
        self.words[i].is_kw("kernel")
            && self.words.get(i + 1).is_some_and(|w| w.text == "void")
            && self
                .stack
                .iter()
                .rev()
                .take(REACH)
                .any(|&s| !self.is_namespace_brace(s))
    }

    fn is_namespace_brace(&self, open: usize) -> bool {
        if self.words[open].text != "{" {
            return false;
        }
        let at = |k: usize| open.checked_sub(k).and_then(|i| self.words.get(i));
        let mut k = 1;
        while at(k).is_some_and(|w| w.is_name() || w.is("::")) {
            k += 1;
        }
        at(k).is_some_and(|w| w.is_kw("namespace"))
            || (k == 1
                && at(1).is_some_and(|w| w.kind == super::words::WordKind::Str)
                && at(2).is_some_and(|w| w.is_kw("extern")))
    }

    fn cut_at(&mut self, kernel: usize) {
        let Some(&top) = self.stack.last() else {
            return;
        };
        // The item starts after the last thing that ended.
        let mut start = kernel;
        while start > top + 1 && !(self.words[start - 1].is(";") || self.words[start - 1].is("}")) {
            start -= 1;
        }
        let d = self.words[top].text.clone();
        let want = match &*d {
            "(" => ")",
            "[" => "]",
            _ => "}",
        };
        let diag = Diagnostic::error(format!("this `{d}` is never closed"))
            .with_code("parse::bracket")
            .with_primary(self.span(top), "opened here")
            .with_secondary(
                self.span(start),
                format!("`{want}` was expected before this kernel"),
            )
            .with_help(format!("add the missing `{want}`"));
        self.out.errors.push((top, diag));
        while let Some(&s) = self.stack.last() {
            if self.is_namespace_brace(s) {
                break;
            }
            self.stack.pop();
        }
        self.out.cuts.push(start);
    }

    fn span(&self, word: usize) -> crate::source::Span {
        self.tokens[self.words[word].first as usize].span
    }
}
