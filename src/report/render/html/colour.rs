//! Source text in lines, and lines in runs of one colour.
//!
//! Purpose: what a reader of code expects of a page. The lexer of `source` says where tokens are, without the preprocessor, so text that does not
//! compile has colours, too. Soundness direction: none; the runs of a line are its text, whatever their colours.

use serde::Serialize;

use crate::source::{FileId, Token, TokenKind, lex_all};

/// Text of one colour within a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run<'t> {
    /// A class of the style sheet, empty for plain text.
    pub class: &'static str,
    /// The text.
    pub text: &'t str,
}

/// Words of the language that name no type.
const KEYWORDS: &[&str] = &[
    "alignas",
    "alignof",
    "auto",
    "break",
    "case",
    "class",
    "const",
    "const_cast",
    "constant",
    "constexpr",
    "continue",
    "decltype",
    "default",
    "delete",
    "device",
    "do",
    "else",
    "enum",
    "explicit",
    "extern",
    "false",
    "for",
    "fragment",
    "friend",
    "goto",
    "if",
    "inline",
    "kernel",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "nullptr",
    "object_data",
    "operator",
    "private",
    "protected",
    "public",
    "ray_data",
    "reinterpret_cast",
    "restrict",
    "return",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread",
    "threadgroup",
    "threadgroup_imageblock",
    "true",
    "typedef",
    "typename",
    "union",
    "using",
    "vertex",
    "volatile",
    "while",
];

/// Types that may have a number of components behind them: `float4`, `half2x2`.
const SCALARS: &[&str] = &[
    "bool",
    "char",
    "short",
    "int",
    "long",
    "uchar",
    "ushort",
    "uint",
    "ulong",
    "half",
    "float",
    "bfloat",
    "double",
    "packed_char",
    "packed_short",
    "packed_int",
    "packed_uchar",
    "packed_ushort",
    "packed_uint",
    "packed_half",
    "packed_float",
    "packed_bfloat",
    "simdgroup_half",
    "simdgroup_float",
    "simdgroup_bfloat",
];

/// Other types.
const TYPES: &[&str] = &[
    "void",
    "signed",
    "unsigned",
    "size_t",
    "ptrdiff_t",
    "int8_t",
    "int16_t",
    "int32_t",
    "int64_t",
    "uint8_t",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "atomic_int",
    "atomic_uint",
    "atomic_bool",
    "atomic_float",
    "atomic_ulong",
    "atomic",
    "vec",
    "matrix",
    "array",
    "sampler",
];

/// The lines of a text, each as its runs. Lines end where positions in reports say that they do: at line feeds and carriage returns.
pub fn lines(text: &str) -> Vec<Vec<Run<'_>>> {
    let mut page = Page {
        text,
        lines: Vec::new(),
        line: Vec::new(),
        returned: false,
    };
    let (tokens, _) = lex_all(FileId::default(), text);
    let mut at = 0;
    let mut directive = false;
    for t in &tokens {
        let (start, end) = (t.span.start as usize, t.span.end as usize);
        page.trivia(at, start);
        if t.line_start {
            directive = t.is_punct("#");
        }
        let class = match class(t) {
            "" | "key" | "type" if directive => "directive",
            class => class,
        };
        page.put(class, start, end);
        at = end;
    }
    page.trivia(at, text.len());
    page.finish()
}

/// The colour of a token.
fn class(t: &Token) -> &'static str {
    match t.kind {
        TokenKind::Number => "number",
        TokenKind::Char | TokenKind::Str => "string",
        TokenKind::Ident if KEYWORDS.binary_search(&&*t.text).is_ok() => "key",
        TokenKind::Ident if is_type(&t.text) => "type",
        TokenKind::Ident if t.text.ends_with("_barrier") => "barrier",
        TokenKind::Ident | TokenKind::Punct | TokenKind::Other => "",
    }
}

fn is_type(word: &str) -> bool {
    let plain = word.trim_end_matches(|c: char| c.is_ascii_digit());
    // Matrices: `float4x4`.
    let rows = plain.strip_suffix('x').filter(|_| plain != word);
    let scalar = rows.map_or(plain, |p| p.trim_end_matches(|c: char| c.is_ascii_digit()));
    SCALARS.contains(&scalar) || TYPES.contains(&word)
}

/// Lines so far.
struct Page<'t> {
    text: &'t str,
    lines: Vec<Vec<Run<'t>>>,
    /// Class, begin and end of each run of the line that is not finished.
    line: Vec<(&'static str, usize, usize)>,
    /// The last character was a carriage return, so a line feed now ends no other line.
    returned: bool,
}

impl<'t> Page<'t> {
    /// White space and comments.
    fn trivia(&mut self, start: usize, end: usize) {
        let text = self.text.get(start..end).unwrap_or("");
        let comment = start + text.find('/').unwrap_or(text.len());
        let behind = start + text.trim_end().len();
        self.put("", start, comment);
        self.put("comment", comment, behind);
        self.put("", behind.max(comment), end);
    }

    /// Text of one colour, of one line or several.
    fn put(&mut self, class: &'static str, mut start: usize, end: usize) {
        while let Some(at) = self.text.get(start..end).and_then(|t| t.find(['\n', '\r'])) {
            self.add(class, start, start + at);
            let feed = self.text[start + at..].starts_with('\n');
            if !(feed && self.returned) {
                self.end_line();
            }
            self.returned = !feed;
            start += at + 1;
        }
        self.add(class, start, end);
    }

    fn add(&mut self, class: &'static str, start: usize, end: usize) {
        if start >= end {
            return;
        }
        self.returned = false;
        match self.line.last_mut() {
            Some((c, _, e)) if *c == class && *e == start => *e = end,
            _ => self.line.push((class, start, end)),
        }
    }

    fn end_line(&mut self) {
        let text = self.text;
        let runs = self.line.drain(..).filter_map(|(class, start, end)| {
            let text = text.get(start..end)?;
            Some(Run { class, text })
        });
        self.lines.push(runs.collect());
    }

    fn finish(mut self) -> Vec<Vec<Run<'t>>> {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coloured(text: &str) -> Vec<String> {
        let one = |r: &Run| match r.class {
            "" => r.text.to_string(),
            c => format!("<{c}:{}>", r.text),
        };
        lines(text)
            .iter()
            .map(|l| l.iter().map(one).collect())
            .collect()
    }

    #[test]
    fn words_are_sorted_for_the_search() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn tokens_have_the_colour_of_their_kind() {
        assert_eq!(
            coloured("kernel void k() { // why\n  float4x4 m = f(1.5h, 'a', \"s\"); int3x x;\n}\n"),
            [
                "<key:kernel> <type:void> k() { <comment:// why>",
                "  <type:float4x4> m = f(<number:1.5h>, <string:'a'>, <string:\"s\">); int3x x;",
                "}",
            ]
        );
        assert_eq!(
            coloured("#define B threadgroup_barrier(1) /* x\ny */ int"),
            [
                "<directive:#define> <directive:B> <barrier:threadgroup_barrier><directive:(><number:1><directive:)> <comment:/* x>",
                "<comment:y */> <directive:int>",
            ]
        );
    }

    #[test]
    fn the_runs_are_the_text_also_where_it_is_broken() {
        for text in [
            "",
            "\n",
            "a\r\nb\rc\n\r\nd",
            "int a = \"open\n/* never closed\n int x;",
            "x\\\ny /\\\n/ comment \\\n goes on\nz",
            "R\"(raw\nline)\" é « ☃ 'q\n#",
        ] {
            let whole: Vec<String> = lines(text)
                .iter()
                .map(|l| l.iter().map(|r| r.text).collect())
                .collect();
            let plain = text.replace("\r\n", "\n").replace('\r', "\n");
            let expected: Vec<&str> = plain.lines().collect();
            assert_eq!(whole, expected, "{text:?}");
        }
    }
}
