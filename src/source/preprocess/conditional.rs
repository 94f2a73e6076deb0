//! `#if` and its relatives: which groups of lines count.

use super::state::Preprocessor;
use crate::source::diagnostic::Diagnostic;
use crate::source::span::Span;

/// An `#if` that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition {
    /// Where it begins.
    pub span: Span,
    /// A group of it was (or is being) read.
    pub taken: bool,
    /// Its `#else` was met.
    pub seen_else: Option<Span>,
}

impl Preprocessor<'_> {
    /// `#if`
    pub fn if_directive(&mut self, at: Span) {
        let value = self.condition(at);
        self.open_condition(at, value);
    }

    /// `#ifdef` (`defined`) or `#ifndef`
    pub fn ifdef_directive(&mut self, at: Span, defined: bool) {
        let value = self.is_defined(if defined { "ifdef" } else { "ifndef" }, at);
        self.open_condition(at, value == Some(defined));
    }

    fn is_defined(&mut self, directive: &str, at: Span) -> Option<bool> {
        let name = self.macro_name(directive, at)?;
        self.expect_end_of_line(directive);
        Some(self.macros.contains_key(&name.text))
    }

    fn open_condition(&mut self, span: Span, value: bool) {
        if let Some(file) = self.files.last_mut() {
            file.conditions.push(Condition {
                span,
                taken: value,
                seen_else: None,
            });
        }
        if !value {
            self.skip_groups();
        }
    }

    /// `#elif`, `#elifdef`, `#elifndef` or `#else` at the end of a group that was read.
    pub fn else_directive(&mut self, at: Span, name: &str) {
        self.skip_line();
        if self.note_else(at, name) {
            self.skip_groups();
        }
    }

    /// Checks that an `#else` or `#elif` has its place; false when there is no `#if`.
    fn note_else(&mut self, at: Span, name: &str) -> bool {
        let Some(condition) = self.files.last_mut().and_then(|f| f.conditions.last_mut()) else {
            self.error("conditional", format!("`#{name}` without `#if`"), at, "");
            return false;
        };
        let (earlier, span) = (condition.seen_else, condition.span);
        if name == "else" {
            condition.seen_else = Some(at);
        }
        if let Some(earlier) = earlier {
            self.report(
                Diagnostic::error(format!("`#{name}` after `#else`"))
                    .with_code("conditional")
                    .with_primary(at, "")
                    .with_secondary(earlier, "the `#else`")
                    .with_secondary(span, "the conditional begins here"),
            );
        }
        true
    }

    /// `#endif`
    pub fn endif_directive(&mut self, at: Span) {
        let open = self.files.last_mut().and_then(|f| f.conditions.pop());
        if open.is_none() {
            self.error("conditional", "`#endif` without `#if`", at, "");
        }
        self.expect_end_of_line("endif");
    }

    /// Passes over groups until one counts or the conditional ends.
    fn skip_groups(&mut self) {
        let mut nested = 0usize;
        self.set_quiet(true);
        while !self.stopped {
            let Some(token) = self.files.last_mut().and_then(|f| f.lexer.next_token()) else {
                break;
            };
            if !self.spend(1, token.span) {
                break;
            }
            if !token.line_start || !(token.is_punct("#") || token.is_punct("%:")) {
                continue;
            }
            let Some(name) = self.files.last_mut().and_then(|f| f.lexer.next_on_line()) else {
                continue;
            };
            let at = token.span.to(name.span);
            match &*name.text {
                "if" | "ifdef" | "ifndef" => nested += 1,
                "endif" if nested > 0 => nested -= 1,
                "endif" => {
                    self.set_quiet(false);
                    self.endif_directive(at);
                    return;
                }
                "else" | "elif" | "elifdef" | "elifndef" if nested == 0 => {
                    self.set_quiet(false);
                    if self.group_counts(at, &name.text) {
                        return;
                    }
                    self.set_quiet(true);
                }
                _ => {}
            }
        }
        self.set_quiet(false);
    }

    /// Whether the group after this `#else` or `#elif` is to be read.
    fn group_counts(&mut self, at: Span, name: &str) -> bool {
        let open = self.files.last().and_then(|f| f.conditions.last()).copied();
        self.note_else(at, name);
        let Some(open) = open else {
            return true;
        };
        if open.taken || open.seen_else.is_some() {
            self.skip_line();
            return false;
        }
        let value = match name {
            "elif" => self.condition(at),
            "elifdef" => self.is_defined(name, at) == Some(true),
            "elifndef" => self.is_defined(name, at) == Some(false),
            _ => {
                self.expect_end_of_line(name);
                true
            }
        };
        if value && let Some(c) = self.files.last_mut().and_then(|f| f.conditions.last_mut()) {
            c.taken = true;
        }
        value
    }

    fn set_quiet(&mut self, quiet: bool) {
        if let Some(file) = self.files.last_mut() {
            file.lexer.set_quiet(quiet);
        }
    }
}
