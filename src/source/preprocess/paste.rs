//! The `##` operator.

use std::sync::Arc;

use super::limits;
use super::state::{PTok, Preprocessor};
use super::substitute::Piece;
use crate::source::diagnostic::Diagnostic;
use crate::source::lex::Lexer;
use crate::source::span::Span;
use crate::source::token::Token;

/// The one token that `text` is, when it is exactly one.
fn only_token(text: &str, at: Span) -> Option<Token> {
    let mut lexer = Lexer::new(at.file, Arc::from(text));
    let token = lexer.next_token()?;
    let whole = lexer.next_token().is_none() && !lexer.has_diagnostics();
    (whole && *token.text == *text).then_some(token)
}

impl Preprocessor<'_> {
    /// Pastes two operands and adds the result; operands that make no token stay apart.
    pub fn paste(&mut self, out: &mut Vec<Piece>, left: Piece, right: Piece, at: Span) {
        let (left, right) = match (left, right) {
            (Piece::Tok(l), Piece::Tok(r)) => (l, r),
            (Piece::Tok(l), Piece::Placemarker { .. }) => {
                out.push(Piece::Tok(l));
                return;
            }
            (Piece::Placemarker { space }, Piece::Tok(mut r)) => {
                r.tok.space_before = space;
                out.push(Piece::Tok(r));
                return;
            }
            (marker, Piece::Placemarker { .. }) => {
                out.push(marker);
                return;
            }
        };
        let text = format!("{}{}", left.tok.text, right.tok.text);
        self.spend(text.len() as u64 / 8, at);
        if text.len() > limits::SPELLING {
            self.stop("`##` makes a token that is too long", at);
            return;
        }
        if let Some(token) = only_token(&text, at) {
            out.push(Piece::Tok(PTok {
                tok: Token {
                    span: left.tok.span,
                    space_before: left.tok.space_before,
                    line_start: false,
                    ..token
                },
                no_expand: false,
                inv: left.inv,
            }));
            return;
        }
        let span = self.span_of(&left);
        self.report(
            Diagnostic::error(format!(
                "pasting `{}` and `{}` does not make a token",
                left.tok.text, right.tok.text
            ))
            .with_code("paste")
            .with_primary(span, "in this macro invocation"),
        );
        out.push(Piece::Tok(left));
        out.push(Piece::Tok(right));
    }
}
