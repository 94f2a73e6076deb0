//! The tokens of a file as a text with one token on each line.
//!
//! Purpose: lines as names of tokens that both sides understand. Direction: exact; a span that begins or ends within the expansion of a macro and
//! is more than one token names none.

use std::collections::{BTreeMap, HashMap};

use crate::source::{ExpansionId, FileId, SourceMap, Span, Token};

/// Tokens with their places.
pub struct Tokens<'a> {
    map: &'a SourceMap,
    all: &'a [Token],
    starts: HashMap<(FileId, u32, ExpansionId), u32>,
    /// Tokens that were written where they stand, by their start.
    written: BTreeMap<(FileId, u32), u32>,
}

impl<'a> Tokens<'a> {
    /// Of preprocessed tokens.
    pub fn new(map: &'a SourceMap, all: &'a [Token]) -> Tokens<'a> {
        let mut starts = HashMap::new();
        let mut written = BTreeMap::new();
        for (i, t) in (0u32..).zip(all) {
            let s = t.span;
            starts.insert((s.file, s.start, s.expansion), i);
            if s.expansion == ExpansionId::NONE {
                written.insert((s.file, s.start), i);
            }
        }
        Tokens {
            map,
            all,
            starts,
            written,
        }
    }

    /// The text.
    pub fn text(&self) -> String {
        self.text_with(&BTreeMap::new())
    }

    /// The text, with something behind some tokens.
    pub fn text_with(&self, behind: &BTreeMap<u32, String>) -> String {
        let mut out = String::new();
        for (i, t) in (0u32..).zip(self.all) {
            out.push_str(&t.text.replace('\n', " "));
            if let Some(more) = behind.get(&i) {
                out.push(' ');
                out.push_str(more);
            }
            out.push('\n');
        }
        out
    }

    /// A token.
    pub fn get(&self, i: u32) -> Option<&Token> {
        self.all.get(i as usize)
    }

    /// The first token of a span.
    pub fn first(&self, s: Span) -> Option<u32> {
        self.starts.get(&(s.file, s.start, s.expansion)).copied()
    }

    /// The last token of a span.
    pub fn last(&self, s: Span) -> Option<u32> {
        if s.expansion != ExpansionId::NONE {
            return self.first(s);
        }
        let before = self.written.range(..(s.file, s.end)).next_back();
        let (&(file, start), &i) = before?;
        // Half of `>>` may be the end.
        let end = self.get(i)?.span.end;
        (file == s.file && start >= s.start && s.end <= end).then_some(i)
    }

    /// The token with the name of what is declared in a span: the first one if none is spelled so.
    pub fn name(&self, s: Span, name: &str) -> Option<u32> {
        let (first, last) = (self.first(s)?, self.last(s)?);
        let found = (first..=last).find(|i| self.get(*i).is_some_and(|t| &*t.text == name));
        Some(found.unwrap_or(first))
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }

    /// The `;` that ends the declaration a token is in; of an enumerator, that of its enumeration.
    pub fn end_of_declaration(&self, from: u32) -> Option<u32> {
        let mut depth = 0i64;
        for i in from..self.count() {
            match &*self.get(i)?.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                ";" if depth <= 0 => return Some(i),
                _ => {}
            }
        }
        None
    }

    /// `file:line:column` of a token.
    pub fn place(&self, i: u32) -> String {
        self.get(i)
            .map_or_else(|| "?".into(), |t| self.map.place(t.span))
    }
}
