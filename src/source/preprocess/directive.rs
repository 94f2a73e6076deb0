//! Directives: which one it is, and the simple ones.

use std::rc::Rc;

use super::macros::{Macro, is_reserved_name, parse_define};
use super::state::{PTok, Preprocessor};
use crate::source::diagnostic::{Diagnostic, Severity};
use crate::source::span::Span;
use crate::source::token::{Token, TokenKind};

impl Preprocessor<'_> {
    /// Handles the directive whose `#` was just read.
    pub fn directive(&mut self, hash: &Token) {
        let Some(name) = self.files.last_mut().and_then(|f| f.lexer.next_on_line()) else {
            return;
        };
        let at = hash.span.to(name.span);
        if name.kind == TokenKind::Number {
            // A line marker of a file that was preprocessed already.
            let mut tokens = self.line_tokens();
            tokens.insert(0, name);
            self.line_directive(tokens, at);
            return;
        }
        match &*name.text {
            "define" => self.define(at),
            "undef" => self.undef(at),
            "include" => self.include(at, false),
            "import" => self.include(at, true),
            "include_next" => {
                self.skip_line();
                self.error("directive", "`#include_next` is not supported", at, "");
            }
            "if" => self.if_directive(at),
            "ifdef" => self.ifdef_directive(at, true),
            "ifndef" => self.ifdef_directive(at, false),
            "elif" | "elifdef" | "elifndef" | "else" => self.else_directive(at, &name.text),
            "endif" => self.endif_directive(at),
            "error" => self.message(Severity::Error, "#error", at),
            "warning" => self.message(Severity::Warning, "#warning", at),
            "line" => {
                let tokens = self.line_tokens();
                self.line_directive(tokens, at);
            }
            "pragma" => self.pragma_directive(at),
            "ident" | "sccs" => self.skip_line(),
            _ => {
                let text = format!("unknown preprocessing directive `#{}`", name.text);
                self.error("directive", text, at, "");
                self.skip_line();
            }
        }
    }

    /// Passes over the rest of the line.
    pub fn skip_line(&mut self) {
        if let Some(file) = self.files.last_mut() {
            file.lexer.rest_of_line();
        }
    }

    /// Warns when anything is left on the line, and passes over it.
    pub fn expect_end_of_line(&mut self, directive: &str) {
        let tokens = self.line_tokens();
        if let (Some(first), Some(last)) = (tokens.first(), tokens.last()) {
            let span = first.span.to(last.span);
            self.report(
                Diagnostic::warning(format!("extra tokens after `#{directive}`"))
                    .with_code("directive")
                    .with_primary(span, "ignored"),
            );
        }
    }

    fn message(&mut self, severity: Severity, directive: &str, at: Span) {
        let Some(file) = self.files.last_mut() else {
            return;
        };
        let (text, rest) = file.lexer.rest_of_line();
        let message = if text.is_empty() {
            directive.to_owned()
        } else {
            format!("{directive}: {text}")
        };
        self.report(
            Diagnostic::new(severity, message)
                .with_code("user")
                .with_primary(at.to(rest), ""),
        );
    }

    /// Reads a macro name on the current line.
    pub fn macro_name(&mut self, directive: &str, at: Span) -> Option<Token> {
        let token = self.files.last_mut().and_then(|f| f.lexer.next_on_line());
        match token {
            Some(t) if t.kind == TokenKind::Ident => Some(t),
            Some(t) => {
                let text = format!("`#{directive}` needs a macro name");
                self.error("directive", text, t.span, "this is not a name");
                self.skip_line();
                None
            }
            None => {
                let text = format!("`#{directive}` needs a macro name");
                self.error("directive", text, at, "no name follows");
                None
            }
        }
    }

    fn define(&mut self, at: Span) {
        let Some(name) = self.macro_name("define", at) else {
            return;
        };
        let rest = self.line_tokens();
        if is_reserved_name(&name.text) {
            let text = format!("`{}` cannot be defined as a macro", name.text);
            self.error("macro-definition", text, name.span, "");
            return;
        }
        match parse_define(&name, rest) {
            Ok(mac) => self.add_macro(mac, &name),
            Err(diagnostic) => self.report(*diagnostic),
        }
    }

    fn add_macro(&mut self, mac: Macro, name: &Token) {
        if let Some(old) = self.macros.get(&mac.name)
            && !old.same_as(&mac)
        {
            let mut d = Diagnostic::warning(format!("macro `{}` is redefined", mac.name))
                .with_code("macro-definition")
                .with_primary(name.span, "the new definition counts");
            if let Some(span) = old.definition {
                d = d.with_secondary(span, "defined here before");
            }
            self.report(d);
        }
        self.macros.insert(mac.name.clone(), Rc::new(mac));
    }

    fn undef(&mut self, at: Span) {
        if let Some(name) = self.macro_name("undef", at) {
            if is_reserved_name(&name.text) {
                let text = format!("`{}` cannot be undefined", name.text);
                self.error("macro-definition", text, name.span, "");
            } else {
                self.macros.remove(&name.text);
            }
            self.expect_end_of_line("undef");
        }
    }

    /// `#line NUMBER ["FILE"]`: changes what `__LINE__` and `__FILE__` show, and nothing else.
    fn line_directive(&mut self, tokens: Vec<Token>, at: Span) {
        let last = tokens.last().map_or(at, |t| t.span);
        let expanded = self.expand_alone(tokens.into_iter().map(PTok::written).collect());
        let mut words = expanded.iter();
        let number = words
            .next()
            .and_then(|t| t.tok.text.replace('\'', "").parse::<i64>().ok())
            .filter(|n| (0..=i64::from(i32::MAX)).contains(n));
        let Some(number) = number else {
            self.error("directive", "`#line` needs a line number", at, "");
            return;
        };
        let name = words.next();
        if let Some(bad) = name.filter(|t| t.tok.kind != TokenKind::Str) {
            let span = bad.tok.span;
            self.error("directive", "`#line`: expected a file name", span, "");
            return;
        }
        let (physical, _) = self.map.line_col(last.file, last.end.saturating_sub(1));
        if let Some(file) = self.files.last_mut() {
            file.line_delta = number - i64::from(physical) - 1;
            if let Some(name) = name {
                file.presumed_name = Some(name.tok.text.trim_matches('"').into());
            }
        }
    }
}
