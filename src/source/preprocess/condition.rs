//! The controlling expression of `#if` and `#elif`.

use super::expression;
use super::state::{PTok, Preprocessor};
use crate::source::diagnostic::Diagnostic;
use crate::source::span::Span;
use crate::source::token::Token;

impl Preprocessor<'_> {
    /// Reads the rest of the line as an expression; an expression with an error is false.
    pub fn condition(&mut self, at: Span) -> bool {
        let line = self.line_tokens();
        let before = std::mem::replace(&mut self.in_condition, true);
        let expanded = self.expand_alone(line.into_iter().map(PTok::written).collect());
        self.in_condition = before;
        let mut tokens: Vec<Token> = Vec::with_capacity(expanded.len());
        for token in expanded {
            let span = self.outer_span(token.inv, token.tok.span);
            // The expansion entries of a condition serve messages only.
            tokens.push(Token { span, ..token.tok });
        }
        if self.stopped {
            return false;
        }
        let outcome = expression::evaluate(&tokens, at);
        for (span, text) in outcome.warnings {
            self.report(
                Diagnostic::warning(text)
                    .with_code("condition")
                    .with_primary(span, "in this condition"),
            );
        }
        match outcome.value {
            Ok(value) => value.bits != 0,
            Err((span, text)) => {
                self.report(
                    Diagnostic::error(text)
                        .with_code("condition")
                        .with_primary(span, "in this condition")
                        .with_note("the condition is taken to be false"),
                );
                false
            }
        }
    }
}
