//! Splits the words into top-level items and parses each on its own.
//!
//! Purpose: a mistake in one item costs that item only. Namespaces and `extern "C"` blocks are
//! opened here; what is left is cut at `;` and `}` of the outermost level.

use super::analysis::Analysis;
use super::brackets::{MAX_NESTING, NONE};
use super::build::Builder;
use super::grammar::{MslGrammar, Rule};
use super::message::syntax_error;
use super::text::render;
use super::words::WordKind;
use crate::front::ast::{Item, ItemKind};
use crate::source::{Diagnostic, Span, Token};
use pest::Parser as _;

/// Parses all items.
pub(super) struct Splitter<'a> {
    /// The words.
    pub a: &'a Analysis<'a>,
    /// The tokens.
    pub tokens: &'a [Token],
    /// What was found wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Namespaces around.
    pub depth: usize,
}

impl Splitter<'_> {
    /// Parses the words `start..end` as items.
    pub fn items(&mut self, start: usize, end: usize) -> Vec<Item> {
        let mut out = Vec::new();
        let mut i = start;
        while i < end {
            if let Some(next) = self.namespace(i, end, &mut out) {
                i = next;
                continue;
            }
            let stop = self.item_end(i, end);
            i = self.item(i, stop, &mut out);
        }
        out
    }

    /// Parses a namespace or linkage block at `i`; the index after it.
    fn namespace(&mut self, i: usize, end: usize, out: &mut Vec<Item>) -> Option<usize> {
        let w = self.a.words;
        let mut k = i;
        let mut name = String::new();
        let mut is_inline = false;
        if w[k].is_kw("extern") && w.get(k + 1).is_some_and(|s| s.kind == WordKind::Str) {
            k += 2;
        } else {
            if w[k].is_kw("inline") {
                is_inline = true;
                k += 1;
            }
            if !w.get(k)?.is_kw("namespace") {
                return None;
            }
            k += 1;
            while let Some(t) = w.get(k) {
                if t.is("[") && self.a.attr_open[k] && self.a.partner[k] != NONE {
                    k = self.a.partner[k] as usize + 1;
                    continue;
                }
                if t.is_kw("attribute") {
                    k = self.after_group(k + 1);
                    continue;
                }
                if !(t.is_name() || t.is("::") || t.is_kw("inline")) {
                    break;
                }
                if t.is_name() || t.is("::") {
                    name.push_str(&t.text);
                }
                k += 1;
            }
        }
        // Deeper ones were refused by the bracket pass; their item carries the message.
        if k >= end || !w.get(k)?.is("{") || self.depth >= MAX_NESTING {
            return None;
        }
        let close = self.a.partner[k];
        let (body_end, next) = if close == NONE || close as usize >= end {
            self.report_errors(k, k + 1);
            (end, end)
        } else {
            (close as usize, close as usize + 1)
        };
        let linkage = w[i].is_kw("extern");
        self.depth += 1;
        let items = self.items(k + 1, body_end);
        self.depth -= 1;
        if linkage {
            out.extend(items);
        } else {
            out.push(Item {
                kind: ItemKind::Namespace {
                    name,
                    is_inline,
                    items,
                },
                span: self.span(i, next),
            });
        }
        Some(next)
    }

    fn after_group(&self, i: usize) -> usize {
        match self.a.partner.get(i) {
            Some(&p) if p != NONE && p as usize > i => p as usize + 1,
            _ => i + 1,
        }
    }

    /// The index after the item that starts at `i`.
    fn item_end(&self, i: usize, end: usize) -> usize {
        let w = self.a.words;
        let cuts = &self.a.cuts;
        let limit = cuts
            .get(cuts.partition_point(|&c| c <= i))
            .map_or(end, |&c| c.min(end));
        let (mut assigned, mut called) = (false, false);
        let mut j = i;
        while j < limit {
            let t = &w[j];
            if t.kind != WordKind::Punct {
                j += 1;
                continue;
            }
            match &*t.text {
                ";" => return j + 1,
                "(" => {
                    let skip = j > i
                        && (w[j - 1].kind == WordKind::Keyword && !w[j - 1].is_kw("operator"));
                    called |= !skip;
                    j = self.after_group(j).max(j + 1);
                }
                "[" => j = self.after_group(j),
                "=" => {
                    if !(j > i && w[j - 1].is_kw("operator")) {
                        assigned = true;
                    }
                    j += 1;
                }
                "<" => match self.a.angles.open[j] {
                    Some(e) if e.at < limit => j = e.at + 1,
                    _ => j += 1,
                },
                "{" => {
                    if self.a.partner[j] == NONE {
                        return limit;
                    }
                    j = self.after_group(j);
                    let next = w.get(j).filter(|_| j < limit);
                    let goes_on = next.is_some_and(|n| n.is(",") || n.is("{"));
                    if called && !assigned && !goes_on {
                        return j;
                    }
                    if next.is_some_and(|n| {
                        n.is_kw("kernel")
                            || n.is_kw("template")
                            || n.is_kw("namespace")
                            || n.is_kw("using")
                            || n.is_kw("typedef")
                            || n.is_kw("struct")
                    }) {
                        return j;
                    }
                }
                "}" | ")" | "]" if self.a.partner[j] == NONE => return j + 1,
                _ => j += 1,
            }
        }
        limit
    }

    /// The names of functions and variables that an item with an error may declare: more rather than
    /// fewer, since what uses one of them is not analysed.
    fn may_declare(&self, i: usize, stop: usize) -> Vec<String> {
        let w = &self.a.words;
        let stop = stop.min(w.len());
        let body = (i..stop).find(|&j| w[j].is("{")).unwrap_or(stop);
        let declares = |j: &usize| {
            let next = w.get(j + 1).filter(|_| w[*j].is_name());
            let after = w.get(self.after_group(j + 1));
            match next {
                Some(n) if n.is("(") => {
                    *j < body || after.is_some_and(|a| a.is("{") || a.is_kw("const"))
                }
                Some(n) => *j < body && (n.is("=") || n.is("[") || n.is("{") || n.is(";")),
                None => false,
            }
        };
        let names = (i..stop).filter(declares);
        names.map(|j| w[j].text.to_string()).collect()
    }

    /// Parses the item `i..stop`; where to go on.
    fn item(&mut self, i: usize, stop: usize, out: &mut Vec<Item>) -> usize {
        let span = self.span(i, stop);
        if self.report_errors(i, stop) {
            out.push(Item {
                kind: ItemKind::Error(self.may_declare(i, stop)),
                span,
            });
            return stop;
        }
        let text = render(self.a, i, stop);
        match MslGrammar::parse(Rule::entry, &text.text) {
            Ok(pairs) => {
                let builder = Builder::new(self.a, self.tokens, &text);
                builder.entry(pairs, out);
                self.diagnostics.append(&mut builder.into_diagnostics());
                stop
            }
            Err(e) => {
                let offset = match e.location {
                    pest::error::InputLocation::Pos(p) => p,
                    pest::error::InputLocation::Span((p, _)) => p,
                };
                let at = if offset >= text.text.len() {
                    None
                } else {
                    text.word_at(offset)
                };
                self.diagnostics
                    .push(syntax_error(&e, self.a, self.tokens, (i, stop), at));
                out.push(Item {
                    kind: ItemKind::Error(self.may_declare(i, stop)),
                    span,
                });
                self.resume(i, stop, at)
            }
        }
    }

    /// After an error at `at`: an item may start there, because a `;` or `}` was forgotten.
    fn resume(&self, i: usize, stop: usize, at: Option<usize>) -> usize {
        let Some(at) = at else { return stop };
        let w = self.a.words;
        let mut j = i;
        while j < stop {
            let t = &w[j];
            let starter = matches!(
                &*t.text,
                "kernel"
                    | "template"
                    | "namespace"
                    | "struct"
                    | "using"
                    | "typedef"
                    | "constant"
                    | "constexpr"
                    | "static"
                    | "inline"
                    | "METAL_FUNC"
            ) && t.kind != WordKind::Ident;
            let line_start = self.tokens[t.first as usize].line_start;
            if j >= at && j > i && line_start && (starter || t.is_name() || self.a.attr_open[j]) {
                return j;
            }
            j = if t.is("(") || t.is("[") || t.is("{") {
                self.after_group(j)
            } else {
                j + 1
            };
        }
        stop
    }

    /// Reports mistakes found before parsing within the words `i..stop`; whether there were any.
    fn report_errors(&mut self, i: usize, stop: usize) -> bool {
        let errors = &self.a.errors;
        let k = errors.partition_point(|(at, _)| *at < i);
        let mut found = false;
        let mut codes: Vec<Option<&'static str>> = Vec::new();
        for (_, d) in errors[k..].iter().take_while(|(at, _)| *at < stop) {
            found = true;
            // One message per kind of mistake and item, but every bracket.
            if d.code == Some("parse::bracket") || !codes.contains(&d.code) {
                codes.push(d.code);
                self.diagnostics.push(d.clone());
            }
        }
        found
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let first = self.a.words[start].first as usize;
        let last = self.a.words[end.max(start + 1) - 1].last as usize;
        self.tokens[first].span.to(self.tokens[last].span)
    }
}
