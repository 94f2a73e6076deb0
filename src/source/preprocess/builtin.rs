//! Macros the preprocessor computes: `__LINE__`, `__has_include` and their like.

use std::rc::Rc;
use std::sync::Arc;

use super::macros::Macro;
use super::state::{PTok, Preprocessor};
use crate::source::diagnostic::Diagnostic;
use crate::source::expansion::InvocationId;
use crate::source::span::Span;
use crate::source::token::{Token, TokenKind};

/// A macro that is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Builtin {
    Line,
    File,
    Counter,
    IncludeLevel,
    HasInclude,
    HasAttribute,
    /// `__has_builtin`, `__has_feature`, `__has_extension`: answered with 0, and a warning.
    HasOther,
}

const NAMES: &[(&str, Builtin)] = &[
    ("__LINE__", Builtin::Line),
    ("__FILE__", Builtin::File),
    ("__COUNTER__", Builtin::Counter),
    ("__INCLUDE_LEVEL__", Builtin::IncludeLevel),
    ("__has_include", Builtin::HasInclude),
    ("__has_attribute", Builtin::HasAttribute),
    ("__has_cpp_attribute", Builtin::HasOther),
    ("__has_builtin", Builtin::HasOther),
    ("__has_feature", Builtin::HasOther),
    ("__has_extension", Builtin::HasOther),
];

/// Attributes of Clang, on which Metal's compiler is built, that change no meaning here.
const ATTRIBUTES: &[&str] = &[
    "aligned",
    "always_inline",
    "annotate",
    "cold",
    "const",
    "deprecated",
    "enable_if",
    "flatten",
    "hot",
    "noinline",
    "overloadable",
    "packed",
    "pure",
    "unavailable",
    "unused",
    "used",
];

/// All built-in macros.
pub(super) fn all() -> impl Iterator<Item = (Arc<str>, Rc<Macro>)> {
    NAMES
        .iter()
        .map(|(name, builtin)| (Arc::from(*name), Rc::new(Macro::builtin(name, *builtin))))
}

impl Preprocessor<'_> {
    /// The token a built-in macro stands for.
    pub fn expand_builtin(&mut self, builtin: Builtin, name: PTok) -> PTok {
        match builtin {
            Builtin::Line => {
                let line = self.presumed_line(&name);
                number(&name, line.to_string())
            }
            Builtin::File => {
                let text = self.presumed_file();
                let mut quoted = String::from("\"");
                for c in text.chars() {
                    if matches!(c, '"' | '\\') {
                        quoted.push('\\');
                    }
                    quoted.push(c);
                }
                quoted.push('"');
                literal(&name, TokenKind::Str, quoted)
            }
            Builtin::Counter => {
                let value = self.counter;
                self.counter += 1;
                number(&name, value.to_string())
            }
            Builtin::IncludeLevel => {
                let level = self.files.len().saturating_sub(1);
                number(&name, level.to_string())
            }
            Builtin::HasInclude => self.has_include(name),
            Builtin::HasAttribute | Builtin::HasOther => self.has_feature(builtin, name),
        }
    }

    fn presumed_line(&mut self, name: &PTok) -> i64 {
        let outer = self.outer_span(name.inv, name.tok.span);
        let offset = self.line_end_of(name, outer).saturating_sub(1);
        let (line, _) = self.map.line_col(outer.file, offset);
        let delta = self.files.last().map_or(0, |f| f.line_delta);
        i64::from(line).saturating_add(delta)
    }

    /// The offset whose line `__LINE__` names: the end of the outermost invocation, or, while an
    /// argument is expanded on its own, of the outermost one inside that argument.
    fn line_end_of(&self, name: &PTok, outer: Span) -> u32 {
        if self.argument_depth == 0 {
            return outer.end;
        }
        let table = &self.map.expansions;
        let (mut span, mut inv) = (name.tok.span, name.inv);
        loop {
            if span.file == outer.file && span.start >= outer.start && span.end <= outer.end {
                return span.end;
            }
            let Some(invocation) = table.invocation(inv) else {
                return outer.end;
            };
            let parent = table.invocation_of(invocation.parent);
            if parent == inv || parent == InvocationId::NONE {
                return outer.end;
            }
            (span, inv) = (invocation.call_span, parent);
        }
    }

    fn presumed_file(&self) -> Arc<str> {
        let Some(file) = self.files.last() else {
            return "".into();
        };
        match &file.presumed_name {
            Some(name) => name.clone(),
            None => self.map.file(file.id).path.as_str().into(),
        }
    }

    /// Reads `( ... )` after a built-in: the tokens between, unexpanded.
    fn operand(&mut self, name: &PTok) -> Option<Vec<PTok>> {
        let mut tokens = Vec::new();
        if self.parenthesis_follows() {
            let collecting = std::mem::replace(&mut self.collecting, true);
            self.next_raw();
            let mut depth = 0usize;
            let mut closed = false;
            while let Some(token) = self.next_raw() {
                if token.tok.is_punct("(") {
                    depth += 1;
                } else if token.tok.is_punct(")") {
                    if depth == 0 {
                        closed = true;
                        break;
                    }
                    depth -= 1;
                }
                tokens.push(token);
            }
            self.collecting = collecting;
            if closed {
                return Some(tokens);
            }
        }
        let span = self.span_of(name);
        let text = format!("`{}` must be followed by `( ... )`", name.tok.text);
        self.error("condition", text, span, "here");
        None
    }

    fn has_feature(&mut self, builtin: Builtin, name: PTok) -> PTok {
        let Some(tokens) = self.operand(&name) else {
            return number(&name, "0".to_owned());
        };
        let asked: String = tokens.iter().map(|t| &*t.tok.text).collect();
        let plain = asked.trim_start_matches("__").trim_end_matches("__");
        if builtin == Builtin::HasAttribute && ATTRIBUTES.contains(&plain) {
            return number(&name, "1".to_owned());
        }
        let span = self.span_of(&name);
        self.report(
            Diagnostic::warning(format!("`{}({asked})` is taken to be 0", name.tok.text))
                .with_code("feature")
                .with_primary(span, "what the Metal compiler answers is not known"),
        );
        number(&name, "0".to_owned())
    }

    fn has_include(&mut self, name: PTok) -> PTok {
        if !self.in_condition {
            return name;
        }
        let answer = self
            .operand(&name)
            .is_some_and(|tokens| self.header_exists(&name, tokens));
        number(&name, u8::from(answer).to_string())
    }

    fn header_exists(&mut self, name: &PTok, tokens: Vec<PTok>) -> bool {
        let direct = tokens
            .first()
            .is_some_and(|t| t.tok.kind == TokenKind::Str || t.tok.text.starts_with('<'));
        let tokens = if direct {
            tokens
        } else {
            self.expand_alone(tokens)
        };
        let plain: Vec<Token> = tokens.into_iter().map(|t| t.tok).collect();
        match super::include::header_of_tokens(&plain) {
            Some(header) => self.find_header(&header).is_ok(),
            None => {
                let span = self.span_of(name);
                self.error("condition", "expected `\"FILE\"` or `<FILE>`", span, "here");
                false
            }
        }
    }

    /// The `defined` operator inside a condition.
    pub fn defined_operator(&mut self, name: PTok) -> PTok {
        let mut token = self.next_raw();
        let open = token.as_ref().is_some_and(|t| t.tok.is_punct("("));
        if open {
            token = self.next_raw();
        }
        let answer = match token {
            Some(t) if t.tok.kind == TokenKind::Ident => {
                if open && !self.next_raw().is_some_and(|c| c.tok.is_punct(")")) {
                    let span = self.span_of(&t);
                    self.error("condition", "missing `)` after `defined(`", span, "here");
                }
                self.macros.contains_key(&t.tok.text)
            }
            _ => {
                let span = self.span_of(&name);
                let text = "`defined` must be followed by a macro name";
                self.error("condition", text, span, "here");
                false
            }
        };
        number(&name, u8::from(answer).to_string())
    }
}

fn literal(at: &PTok, kind: TokenKind, text: String) -> PTok {
    PTok {
        tok: Token {
            kind,
            text: text.into(),
            ..at.tok.clone()
        },
        no_expand: true,
        inv: at.inv,
    }
}

fn number(at: &PTok, text: String) -> PTok {
    literal(at, TokenKind::Number, text)
}
