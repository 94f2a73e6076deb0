//! A reading position that sees through line splices.
//!
//! Purpose: let the lexer read characters as if every backslash-newline were absent, while byte
//! offsets still name the text as written.

use std::sync::Arc;

/// A position in one text.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    pub text: Arc<str>,
    pub pos: usize,
}

impl Cursor {
    pub fn new(text: Arc<str>) -> Cursor {
        Cursor { text, pos: 0 }
    }

    /// The position after all line splices that begin at `pos`.
    pub fn skip_splices(&self, mut pos: usize) -> usize {
        let bytes = self.text.as_bytes();
        while bytes.get(pos) == Some(&b'\\') {
            let mut next = pos + 1;
            // Blanks between the backslash and the line end are tolerated, as compilers do.
            while matches!(bytes.get(next), Some(b' ' | b'\t')) {
                next += 1;
            }
            match (bytes.get(next), bytes.get(next + 1)) {
                (Some(b'\r'), Some(b'\n')) => pos = next + 2,
                (Some(b'\n' | b'\r'), _) => pos = next + 1,
                _ => return pos,
            }
        }
        pos
    }

    /// The character at `pos` after splices, and the position after it.
    pub fn char_at(&self, pos: usize) -> Option<(char, usize)> {
        let pos = self.skip_splices(pos);
        let byte = *self.text.as_bytes().get(pos)?;
        if byte < 0x80 {
            return Some((char::from(byte), pos + 1));
        }
        let c = self.text.get(pos..)?.chars().next()?;
        Some((c, pos + c.len_utf8()))
    }

    /// The next character.
    pub fn peek(&self) -> Option<char> {
        self.char_at(self.pos).map(|(c, _)| c)
    }

    /// The character after the next one.
    pub fn peek_second(&self) -> Option<char> {
        let (_, next) = self.char_at(self.pos)?;
        self.char_at(next).map(|(c, _)| c)
    }

    /// Moves over the next character and returns it.
    pub fn bump(&mut self) -> Option<char> {
        let (c, next) = self.char_at(self.pos)?;
        self.pos = next;
        Some(c)
    }

    /// Moves over the next character when it is `c`.
    pub fn eat(&mut self, c: char) -> bool {
        if self.peek() == Some(c) {
            self.bump();
            return true;
        }
        false
    }

    /// The text of `start..self.pos` with line splices removed.
    pub fn spelling(&self, start: usize) -> std::borrow::Cow<'_, str> {
        let raw = self.text.get(start..self.pos).unwrap_or("");
        if !raw.contains('\\') {
            return raw.into();
        }
        let mut out = String::with_capacity(raw.len());
        let mut pos = start;
        while let Some((c, next)) = self.char_at(pos) {
            if next > self.pos {
                break;
            }
            out.push(c);
            pos = next;
        }
        out.into()
    }
}
