//! Tokens of preprocessed text, each with its file and line.

/// What kind of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or keyword.
    Word,
    /// A number.
    Number,
    /// A string or character literal.
    Literal,
    /// One character of punctuation.
    Mark,
}

/// A token.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    /// Its text.
    pub text: &'a str,
    /// Byte offset in the preprocessed text.
    pub at: usize,
    /// 1-based line in its own file.
    pub line: u32,
    /// What kind.
    pub kind: Kind,
}

impl Token<'_> {
    /// Byte offset after it.
    pub fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// Splits text into tokens. Comments are gone already; lines that begin with `#` are line markers or pragmas.
pub fn lex(text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    let mut line = 1u32;
    let mut fresh = true;
    while i < bytes.len() {
        let b = bytes[i];
        if b == b'\n' {
            line += 1;
            fresh = true;
            i += 1;
            continue;
        }
        if b.is_ascii_whitespace() {
            i += 1;
            continue;
        }
        if b == b'#' && fresh {
            let end = text[i..].find('\n').map_or(bytes.len(), |n| i + n);
            let mut words = text[i + 1..end].split_whitespace();
            let mut first = words.next();
            if first == Some("line") {
                first = words.next();
            }
            if let Some(n) = first.and_then(|w| w.parse::<u32>().ok()) {
                // The marker is about the next line, and its own end counts one.
                line = n.saturating_sub(1);
            }
            i = end;
            continue;
        }
        fresh = false;
        let (kind, end) = one(bytes, i);
        // A token never ends within a character.
        let end = (end..=bytes.len())
            .find(|e| text.is_char_boundary(*e))
            .unwrap_or(bytes.len());
        out.push(Token {
            text: &text[i..end],
            at: i,
            line,
            kind,
        });
        line += text[i..end].matches('\n').count() as u32;
        i = end;
    }
    out
}

/// The kind and the end of the token at `i`.
fn one(bytes: &[u8], i: usize) -> (Kind, usize) {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80;
    let b = bytes[i];
    let next = bytes.get(i + 1).copied().unwrap_or(0);
    if b.is_ascii_digit() || (b == b'.' && next.is_ascii_digit()) {
        let mut e = i + 1;
        while let Some(&c) = bytes.get(e) {
            let sign =
                matches!(c, b'+' | b'-') && matches!(bytes[e - 1], b'e' | b'E' | b'p' | b'P');
            // `0xe+1` is a sum, as in C++ it would not be; no kernel writes it.
            let hex = bytes[i] == b'0' && matches!(next, b'x' | b'X');
            let exponent = sign && (!hex || matches!(bytes[e - 1], b'p' | b'P'));
            let quote = c == b'\'' && bytes.get(e + 1).is_some_and(|d| d.is_ascii_alphanumeric());
            if !(word(c) || c == b'.' || exponent || quote) {
                break;
            }
            e += 1;
        }
        return (Kind::Number, e);
    }
    if word(b) {
        let mut e = i + 1;
        while bytes.get(e).is_some_and(|&c| word(c)) {
            e += 1;
        }
        return (Kind::Word, e);
    }
    if b == b'"' || b == b'\'' {
        let mut e = i + 1;
        while let Some(&c) = bytes.get(e) {
            match c {
                b'\\' => e += 2,
                _ if c == b => return (Kind::Literal, e + 1),
                b'\n' => break,
                _ => e += 1,
            }
        }
        return (Kind::Literal, e.min(bytes.len()));
    }
    (Kind::Mark, i + 1)
}
