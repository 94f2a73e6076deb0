//! Pragmas: recorded and dropped, a few of them acted on.

use std::sync::Arc;

use super::PragmaRecord;
use super::state::{PTok, Preprocessor};
use crate::source::span::Span;
use crate::source::token::{Token, TokenKind};

impl Preprocessor<'_> {
    /// `#pragma ...`
    pub fn pragma_directive(&mut self, at: Span) {
        let Some(file) = self.files.last_mut() else {
            return;
        };
        let (text, rest) = file.lexer.rest_of_line();
        self.act_on_pragma(text, at.to(rest));
    }

    /// `_Pragma("...")`, after its name was read.
    pub fn pragma_operator(&mut self, name: &PTok) {
        let span = self.span_of(name);
        if !self.parenthesis_follows() {
            self.bad_operator(span);
            return;
        }
        self.next_raw();
        let Some(string) = self.next() else {
            self.bad_operator(span);
            return;
        };
        let text = unquote(&string.tok);
        let Some(text) = text else {
            self.bad_operator(span);
            self.put_back(string);
            return;
        };
        match self.next() {
            Some(close) if close.tok.is_punct(")") => {
                let whole = if close.inv == string.inv {
                    span.to(close.tok.span)
                } else {
                    span
                };
                let whole = if name.inv == close.inv { whole } else { span };
                self.act_on_pragma(text.trim().to_owned(), whole);
            }
            other => {
                self.bad_operator(span);
                if let Some(token) = other {
                    self.put_back(token);
                }
            }
        }
    }

    fn bad_operator(&mut self, at: Span) {
        if !self.stopped {
            let text = "`_Pragma` must be followed by a string literal in parentheses";
            self.error("pragma", text, at, "here");
        }
    }

    fn act_on_pragma(&mut self, text: String, span: Span) {
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        match words.next() {
            Some("once") => {
                if let Some(file) = self.files.last() {
                    self.once.insert(file.id);
                }
            }
            Some("push_macro") => {
                if let Some(name) = quoted_name(&text) {
                    let current = self.macros.get(&name).cloned();
                    self.pushed.entry(name).or_default().push(current);
                }
            }
            Some("pop_macro") => {
                if let Some(name) = quoted_name(&text)
                    && let Some(saved) = self.pushed.get_mut(&name).and_then(Vec::pop)
                {
                    match saved {
                        Some(mac) => self.macros.insert(name, mac),
                        None => self.macros.remove(&name),
                    };
                }
            }
            _ => {}
        }
        self.out.pragmas.push(PragmaRecord {
            text,
            span,
            before_token: self.out.tokens.len(),
        });
    }
}

fn quoted_name(text: &str) -> Option<Arc<str>> {
    text.split('"').nth(1).map(Arc::from)
}

/// The text of a string literal as `_Pragma` reads it.
fn unquote(token: &Token) -> Option<String> {
    if token.kind != TokenKind::Str {
        return None;
    }
    let (prefix, rest) = token.text.split_once('"')?;
    let (body, _) = rest.rsplit_once('"')?;
    if prefix.ends_with('R') {
        let open = body.find('(')?;
        let close = body.rfind(')')?;
        return body.get(open + 1..close).map(str::to_owned);
    }
    Some(body.replace("\\\"", "\"").replace("\\\\", "\\"))
}
