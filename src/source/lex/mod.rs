//! The lexer: text to preprocessing tokens.
//!
//! Purpose: C++14 preprocessing tokens as Metal has them. Line splices, comments and raw strings
//! are dealt with here; trigraphs are not part of Metal and are left alone. Soundness direction:
//! exact; what cannot be read becomes an error, never a guess.

mod cursor;
mod literal;

use std::collections::HashSet;
use std::sync::Arc;

use cursor::Cursor;

use super::diagnostic::Diagnostic;
use super::span::{ExpansionId, FileId, Span};
use super::token::{Token, TokenKind};

/// Punctuators of more than one character, longest first.
const LONG_PUNCTUATORS: &[&str] = &[
    "%:%:", "...", "<<=", ">>=", "->*", "##", "<:", ":>", "<%", "%>", "%:", "::", ".*", "+=", "-=",
    "*=", "/=", "%=", "^=", "&=", "|=", "<<", ">>", "==", "!=", "<=", ">=", "&&", "||", "++", "--",
    "->",
];

/// Punctuators of one character.
const SHORT_PUNCTUATORS: &str = "{}[]#();:?.+-*/%^&|~!=<>,";

/// Spellings up to this length are shared between tokens.
const SHARED_SPELLING: usize = 32;

/// Whether `c` can begin an identifier.
pub(crate) fn is_ident_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '$' || (!c.is_ascii() && c.is_alphabetic())
}

/// Whether `c` can continue an identifier.
pub(crate) fn is_ident_continue(c: char) -> bool {
    is_ident_start(c) || c.is_ascii_digit() || (!c.is_ascii() && c.is_alphanumeric())
}

/// A position of a [`Lexer`] to come back to.
#[derive(Clone, Copy, Debug)]
pub struct LexerState {
    pos: usize,
    line_start: bool,
    diagnostics: usize,
}

/// Reads tokens of one file, one at a time.
#[derive(Debug)]
pub struct Lexer {
    cursor: Cursor,
    file: FileId,
    line_start: bool,
    quiet: bool,
    shared: HashSet<Arc<str>>,
    diagnostics: Vec<Diagnostic>,
}

impl Lexer {
    /// A lexer at the start of `text`, the text of `file`.
    pub fn new(file: FileId, text: Arc<str>) -> Lexer {
        Lexer {
            cursor: Cursor::new(text),
            file,
            line_start: true,
            quiet: false,
            shared: HashSet::new(),
            diagnostics: Vec::new(),
        }
    }

    /// The file being read.
    pub fn file(&self) -> FileId {
        self.file
    }

    /// Byte offset of the next unread character.
    pub fn offset(&self) -> usize {
        self.cursor.pos
    }

    /// Stops (or restarts) reporting lexical errors; used for text that is skipped.
    pub fn set_quiet(&mut self, quiet: bool) {
        self.quiet = quiet;
    }

    /// Takes the errors found since the last call.
    pub fn take_diagnostics(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics)
    }

    /// Whether there are errors to take.
    pub fn has_diagnostics(&self) -> bool {
        !self.diagnostics.is_empty()
    }

    /// Remembers the position.
    pub fn state(&self) -> LexerState {
        LexerState {
            pos: self.cursor.pos,
            line_start: self.line_start,
            diagnostics: self.diagnostics.len(),
        }
    }

    /// Goes back to a position, forgetting the errors found since.
    pub fn restore(&mut self, state: LexerState) {
        self.cursor.pos = state.pos;
        self.line_start = state.line_start;
        self.diagnostics.truncate(state.diagnostics);
    }

    /// The next token, or `None` at the end of the file.
    pub fn next_token(&mut self) -> Option<Token> {
        let space = self.skip_trivia();
        let start = self.cursor.skip_splices(self.cursor.pos);
        let c = self.cursor.peek()?;
        self.cursor.pos = start;
        let line_start = std::mem::replace(&mut self.line_start, false);
        let kind = self.scan(c);
        let end = self.cursor.pos;
        let raw = kind == TokenKind::Str
            && self
                .cursor
                .text
                .get(start..end)
                .is_some_and(|t| t.split('"').next().is_some_and(|p| p.ends_with('R')));
        let text = self.share(start, end, raw);
        Some(Token {
            kind,
            text,
            span: self.span(start, end),
            space_before: space,
            line_start,
        })
    }

    /// The next token if it is on the current logical line, else `None` (nothing is consumed).
    pub fn next_on_line(&mut self) -> Option<Token> {
        let before = self.state();
        match self.next_token() {
            Some(token) if !token.line_start => Some(token),
            _ => {
                self.restore(before);
                None
            }
        }
    }

    /// Moves to the end of the current logical line (comments understood) and returns the raw text
    /// passed over and its span.
    pub fn rest_of_line(&mut self) -> (String, Span) {
        let quiet = std::mem::replace(&mut self.quiet, true);
        let begin = self.cursor.pos;
        let (mut first, mut last) = (None, begin);
        while let Some(token) = self.next_on_line() {
            first.get_or_insert(token.span.start as usize);
            last = token.span.end as usize;
        }
        self.quiet = quiet;
        let start = first.unwrap_or(begin);
        let raw = self.cursor.text.get(start..last).unwrap_or("");
        let text = raw
            .replace("\\\r\n", "")
            .replace("\\\n", "")
            .trim()
            .to_owned();
        (text, self.span(start, last))
    }

    /// Reads `<...>` as a header name when that is next on this line: the name and its span.
    pub fn angled_header(&mut self) -> Option<(String, Span)> {
        let before = self.state();
        let open = self.next_on_line()?;
        if open.text.starts_with('<') {
            let start = open.span.start as usize + 1;
            let rest = self.cursor.text.get(start..)?;
            let line = rest.split(['\n', '\r']).next().unwrap_or("");
            if let Some(len) = line.find('>') {
                let name = line.get(..len).unwrap_or("").to_owned();
                self.cursor.pos = start + len + 1;
                return Some((name, self.span(start - 1, start + len + 1)));
            }
        }
        self.restore(before);
        None
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            file: self.file,
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
            expansion: ExpansionId::NONE,
        }
    }

    fn share(&mut self, start: usize, end: usize, raw: bool) -> Arc<str> {
        let text = if raw {
            self.cursor.text.get(start..end).unwrap_or("").into()
        } else {
            self.cursor.spelling(start)
        };
        if text.len() > SHARED_SPELLING {
            return Arc::from(&*text);
        }
        if let Some(known) = self.shared.get(&*text) {
            return known.clone();
        }
        let new: Arc<str> = Arc::from(&*text);
        self.shared.insert(new.clone());
        new
    }

    fn report(&mut self, start: usize, end: usize, message: &str, label: &str) {
        if !self.quiet {
            let diagnostic = Diagnostic::error(message)
                .with_code("lex")
                .with_primary(self.span(start, end), label);
            self.diagnostics.push(diagnostic);
        }
    }

    /// Skips white space, line ends and comments; says whether there was any.
    fn skip_trivia(&mut self) -> bool {
        let mut any = false;
        while let Some((c, next)) = self.cursor.char_at(self.cursor.pos) {
            match c {
                '\n' | '\r' => {
                    self.line_start = true;
                    self.cursor.pos = next;
                }
                ' ' | '\t' | '\x0b' | '\x0c' => self.cursor.pos = next,
                '/' => match self.cursor.char_at(next) {
                    Some(('/', _)) => self.skip_line_comment(),
                    Some(('*', body)) => self.skip_block_comment(body),
                    _ => return any,
                },
                _ => return any,
            }
            any = true;
        }
        any
    }

    fn skip_line_comment(&mut self) {
        while let Some((c, next)) = self.cursor.char_at(self.cursor.pos) {
            if c == '\n' || c == '\r' {
                return;
            }
            self.cursor.pos = next;
        }
    }

    fn skip_block_comment(&mut self, body: usize) {
        let open = self.cursor.skip_splices(self.cursor.pos);
        self.cursor.pos = body;
        while let Some(c) = self.cursor.bump() {
            if c == '*' && self.cursor.eat('/') {
                return;
            }
        }
        self.report(
            open,
            open + 2,
            "unterminated `/*` comment",
            "this comment has no `*/`",
        );
    }

    /// Scans one token that begins with `c`.
    fn scan(&mut self, c: char) -> TokenKind {
        let start = self.cursor.pos;
        if is_ident_start(c) {
            self.scan_identifier();
            return self.scan_prefixed_literal(start);
        }
        let digit_after_dot = c == '.'
            && self
                .cursor
                .peek_second()
                .is_some_and(|d| d.is_ascii_digit());
        if c.is_ascii_digit() || digit_after_dot {
            self.scan_number();
            return TokenKind::Number;
        }
        match c {
            '"' => self.scan_quoted(start, '"'),
            '\'' => self.scan_quoted(start, '\''),
            _ => self.scan_punctuator(),
        }
    }

    fn scan_identifier(&mut self) {
        while self.cursor.peek().is_some_and(is_ident_continue) {
            self.cursor.bump();
        }
    }

    fn scan_punctuator(&mut self) -> TokenKind {
        let mut ahead = [('\0', 0); 4];
        let mut pos = self.cursor.pos;
        let mut count = 0;
        for slot in &mut ahead {
            let Some((c, next)) = self.cursor.char_at(pos) else {
                break;
            };
            *slot = (c, next);
            pos = next;
            count += 1;
        }
        // `<::` is `<` `::` unless `:` or `>` follows.
        if ahead[0].0 == '<'
            && ahead[1].0 == ':'
            && ahead[2].0 == ':'
            && !matches!(ahead[3].0, ':' | '>')
        {
            self.cursor.pos = ahead[0].1;
            return TokenKind::Punct;
        }
        for p in LONG_PUNCTUATORS {
            let len = p.len();
            if len <= count && p.chars().zip(&ahead).all(|(a, b)| a == b.0) {
                self.cursor.pos = ahead[len - 1].1;
                return TokenKind::Punct;
            }
        }
        self.cursor.pos = ahead[0].1.max(self.cursor.pos + 1);
        if SHORT_PUNCTUATORS.contains(ahead[0].0) {
            TokenKind::Punct
        } else {
            TokenKind::Other
        }
    }
}

/// All tokens of a text, and the errors found; `file` is what the spans name.
pub fn lex_all(file: FileId, text: &str) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer = Lexer::new(file, Arc::from(text));
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token() {
        tokens.push(token);
    }
    (tokens, lexer.take_diagnostics())
}

#[cfg(test)]
mod tests;
