//! Numbers, characters, strings and raw strings.

use super::{Lexer, TokenKind, is_ident_continue};

/// The longest delimiter a raw string may have.
const RAW_DELIMITER: usize = 16;

impl Lexer {
    /// Scans a preprocessing number.
    pub(super) fn scan_number(&mut self) {
        let start = self.cursor.pos;
        let mut previous = '\0';
        while let Some(c) = self.cursor.peek() {
            let go_on = match c {
                '+' | '-' => match previous {
                    'e' | 'E' => true,
                    'p' | 'P' => self.is_hexadecimal(start),
                    _ => false,
                },
                '\'' => {
                    previous != '\0'
                        && self
                            .cursor
                            .peek_second()
                            .is_some_and(|d| d.is_ascii_alphanumeric() || d == '_')
                }
                '.' => true,
                _ => is_ident_continue(c),
            };
            if !go_on {
                return;
            }
            previous = c;
            self.cursor.bump();
        }
    }

    fn is_hexadecimal(&self, start: usize) -> bool {
        let first = self.cursor.char_at(start);
        let second = first.and_then(|(_, next)| self.cursor.char_at(next));
        matches!((first, second), (Some(('0', _)), Some(('x' | 'X', _))))
    }

    /// After an identifier that began at `start`: when it is the prefix of a literal, scans that.
    pub(super) fn scan_prefixed_literal(&mut self, start: usize) -> TokenKind {
        let quote = match self.cursor.peek() {
            Some(q @ ('"' | '\'')) => q,
            _ => return TokenKind::Ident,
        };
        let prefix = self.cursor.spelling(start).into_owned();
        match (prefix.as_str(), quote) {
            ("R" | "u8R" | "uR" | "UR" | "LR", '"') => self.scan_raw_string(start),
            ("u8" | "u" | "U" | "L", _) => self.scan_quoted(start, quote),
            _ => TokenKind::Ident,
        }
    }

    /// Scans a character or string literal from its opening quote; `start` is where the token
    /// began (its prefix). An unterminated one takes the rest of the line.
    pub(super) fn scan_quoted(&mut self, start: usize, quote: char) -> TokenKind {
        self.cursor.bump();
        while let Some((c, next)) = self.cursor.char_at(self.cursor.pos) {
            if c == '\n' || c == '\r' {
                break;
            }
            self.cursor.pos = next;
            if c == quote {
                self.scan_literal_suffix();
                return if quote == '"' {
                    TokenKind::Str
                } else {
                    TokenKind::Char
                };
            }
            if c == '\\' && !matches!(self.cursor.peek(), Some('\n' | '\r') | None) {
                self.cursor.bump();
            }
        }
        let what = if quote == '"' {
            "unterminated string literal"
        } else {
            "unterminated character literal"
        };
        self.report(
            start,
            self.cursor.pos,
            what,
            "no closing quote on this line",
        );
        TokenKind::Other
    }

    /// Scans the user-defined suffix of a literal (only suffixes that begin with `_`).
    fn scan_literal_suffix(&mut self) {
        if self.cursor.peek() == Some('_') {
            self.scan_identifier();
        }
    }

    /// Scans `"delim( ... )delim"` after an `R` prefix; line splices do not count inside.
    fn scan_raw_string(&mut self, start: usize) -> TokenKind {
        let text = self.cursor.text.clone();
        let open = self.cursor.skip_splices(self.cursor.pos) + 1;
        let rest = text.get(open..).unwrap_or("");
        let delimiter = rest
            .char_indices()
            .take(RAW_DELIMITER + 1)
            .find(|(_, c)| matches!(c, '(' | ')' | '\\' | '"') || c.is_whitespace())
            .filter(|(_, c)| *c == '(')
            .and_then(|(i, _)| rest.get(..i));
        let Some(delimiter) = delimiter else {
            self.report(
                start,
                open,
                "invalid raw string literal",
                "the delimiter must be at most 16 characters, then `(`",
            );
            self.skip_line_comment();
            return TokenKind::Other;
        };
        let close = format!("){delimiter}\"");
        let body = open + delimiter.len() + 1;
        match text.get(body..).and_then(|t| t.find(&close)) {
            Some(len) => {
                self.cursor.pos = body + len + close.len();
                self.scan_literal_suffix();
                TokenKind::Str
            }
            None => {
                self.report(
                    start,
                    body,
                    "unterminated raw string literal",
                    &format!("no `{close}` follows"),
                );
                self.cursor.pos = text.len();
                TokenKind::Other
            }
        }
    }
}
