//! From tokens to words: keywords told apart from identifiers, spellings normalised.
//!
//! Purpose: everything after this file sees one spelling per meaning (`unsigned int` is `uint`,
//! `<:` is `[`, `and` is `&&`), and knows which tokens each word came from.

use std::borrow::Cow;

use crate::source::{Token, TokenKind};

/// What a [`Word`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordKind {
    /// A name.
    Ident,
    /// A keyword such as `if`.
    Keyword,
    /// A declaration specifier such as `const` or `threadgroup`.
    Specifier,
    /// A keyword that begins a type: `struct`, `typename`, `auto`, ….
    TypeKeyword,
    /// A numeric literal.
    Number,
    /// A character literal.
    Char,
    /// A string literal.
    Str,
    /// An operator or punctuator.
    Punct,
    /// A token that cannot occur in a program.
    Other,
}

/// One word of the input: usually one token.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    /// The kind.
    pub kind: WordKind,
    /// The normalised spelling.
    pub text: Cow<'a, str>,
    /// Index of its first token.
    pub first: u32,
    /// Index of its last token.
    pub last: u32,
}

impl Word<'_> {
    /// Whether this is the punctuator `text`.
    pub fn is(&self, text: &str) -> bool {
        self.kind == WordKind::Punct && self.text == text
    }

    /// Whether this is the keyword, specifier or type keyword `text`.
    pub fn is_kw(&self, text: &str) -> bool {
        matches!(
            self.kind,
            WordKind::Keyword | WordKind::Specifier | WordKind::TypeKeyword
        ) && self.text == text
    }

    /// Whether this is a name.
    pub fn is_name(&self) -> bool {
        self.kind == WordKind::Ident
    }
}

/// Turns tokens into words.
pub(super) fn words(tokens: &[Token]) -> Vec<Word<'_>> {
    let mut out: Vec<Word> = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while let Some(t) = tokens.get(i) {
        if t.is_ident("_Pragma") {
            i = after_parens(tokens, i + 1);
            continue;
        }
        // It only asks compilers not to warn.
        if t.is_ident("__extension__") {
            i += 1;
            continue;
        }
        let mut last = i;
        let (kind, text): (WordKind, Cow<str>) = match t.kind {
            TokenKind::Number => (WordKind::Number, Cow::Borrowed(&*t.text)),
            TokenKind::Char => (WordKind::Char, Cow::Borrowed(&*t.text)),
            TokenKind::Str => (WordKind::Str, Cow::Borrowed(&*t.text)),
            TokenKind::Other => (WordKind::Other, Cow::Borrowed(&*t.text)),
            TokenKind::Punct => (WordKind::Punct, Cow::Borrowed(digraph(&t.text))),
            TokenKind::Ident => {
                if let Some(op) = alternative(&t.text) {
                    (WordKind::Punct, Cow::Borrowed(op))
                } else if let Some((name, n)) = integer_type(tokens, i) {
                    last = i + n - 1;
                    (WordKind::Ident, Cow::Borrowed(name))
                } else {
                    let (kind, text) = classify(&t.text, tokens.get(i + 1));
                    (kind, Cow::Borrowed(text))
                }
            }
        };
        out.push(Word {
            kind,
            text,
            first: i as u32,
            last: last as u32,
        });
        i = last + 1;
    }
    out
}

/// The index after a parenthesised group that starts at `i` (`i` when none does).
fn after_parens(tokens: &[Token], i: usize) -> usize {
    let mut depth = 0usize;
    for (k, t) in tokens.iter().enumerate().skip(i) {
        if t.is_punct("(") {
            depth += 1;
        } else if t.is_punct(")") {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return if k == i { i } else { k + 1 };
        }
    }
    tokens.len()
}

fn digraph(text: &str) -> &str {
    match text {
        "<:" => "[",
        ":>" => "]",
        "<%" => "{",
        "%>" => "}",
        t => t,
    }
}

fn alternative(text: &str) -> Option<&'static str> {
    Some(match text {
        "and" => "&&",
        "or" => "||",
        "not" => "!",
        "xor" => "^",
        "bitand" => "&",
        "bitor" => "|",
        "compl" => "~",
        "and_eq" => "&=",
        "or_eq" => "|=",
        "xor_eq" => "^=",
        "not_eq" => "!=",
        _ => return None,
    })
}

/// `unsigned long int` and its like: the MSL name and the number of tokens.
fn integer_type(tokens: &[Token], i: usize) -> Option<(&'static str, usize)> {
    let (mut unsigned, mut signed, mut longs, mut short, mut char_, mut int) =
        (false, false, 0, false, false, false);
    let mut n = 0;
    while let Some(t) = tokens.get(i + n) {
        if t.kind != TokenKind::Ident {
            break;
        }
        match &*t.text {
            "unsigned" => unsigned = true,
            "signed" | "__signed__" | "__signed" => signed = true,
            "long" => longs += 1,
            "short" => short = true,
            "char" if !char_ && longs == 0 && !short => char_ = true,
            "int" if !int => int = true,
            _ => break,
        }
        n += 1;
    }
    if n == 0 || (n == 1 && !unsigned && !signed) {
        return None;
    }
    let name = match (unsigned, char_, short, longs > 0) {
        (true, true, _, _) => "uchar",
        (false, true, _, _) => "char",
        (true, _, true, _) => "ushort",
        (false, _, true, _) => "short",
        (true, _, _, true) => "ulong",
        (false, _, _, true) => "long",
        (true, ..) => "uint",
        (false, ..) => "int",
    };
    Some((name, n))
}

fn classify<'a>(text: &'a str, next: Option<&Token>) -> (WordKind, &'a str) {
    use WordKind::{Ident, Keyword, Specifier, TypeKeyword};
    match text {
        "if" | "else" | "for" | "while" | "do" | "switch" | "case" | "default" | "break"
        | "continue" | "return" | "goto" | "sizeof" | "decltype" | "static_assert" | "using"
        | "typedef" | "namespace" | "template" | "operator" | "public" | "private"
        | "protected" | "true" | "false" | "nullptr" | "this" | "static_cast"
        | "reinterpret_cast" | "const_cast" | "dynamic_cast" | "alignas" | "noexcept"
        | "delete" => (Keyword, text),
        "alignof" | "_Alignof" | "__alignof__" => (Keyword, "alignof"),
        "_Static_assert" => (Keyword, "static_assert"),
        "_Alignas" => (Keyword, "alignas"),
        "asm" | "__asm" | "__asm__" | "METAL_ASM" => (Keyword, "asm"),
        "__attribute__" | "__attribute" => (Keyword, "attribute"),
        "const"
        | "volatile"
        | "constexpr"
        | "consteval"
        | "constinit"
        | "static"
        | "inline"
        | "extern"
        | "register"
        | "mutable"
        | "thread_local"
        | "device"
        | "constant"
        | "threadgroup"
        | "threadgroup_imageblock"
        | "thread"
        | "friend"
        | "virtual"
        | "explicit"
        | "kernel"
        | "METAL_FUNC"
        | "METAL_CONST"
        | "METAL_INTERNAL" => (Specifier, text),
        "__const" | "__const__" => (Specifier, "const"),
        "__volatile__" | "__volatile" => (Specifier, "volatile"),
        "__inline" | "__inline__" => (Specifier, "inline"),
        "restrict" | "__restrict" | "__restrict__" => (Specifier, "restrict"),
        "vertex" | "fragment" | "object_data" | "ray_data"
            if next.is_some_and(|t| t.kind == TokenKind::Ident) =>
        {
            (Specifier, text)
        }
        "coherent" if next.is_some_and(|t| t.kind == TokenKind::Ident || t.is_punct("(")) => {
            (Specifier, text)
        }
        "typename" | "struct" | "class" | "union" | "enum" | "auto" => (TypeKeyword, text),
        "__auto_type" => (TypeKeyword, "auto"),
        _ => (Ident, text),
    }
}
