//! The text of the files, beside the tokens that were compiled: branches that were left out, macros that were not used.
//!
//! Soundness direction: more. A branch of which nothing came into the stream counts as left out, and a block of conditionals concerns
//! barriers when any word in it may lead to one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::graph::{barrier_names, is_barrier};
use super::units::Unit;
use crate::source::{FileId, SourceMap, Span, Token, TokenKind, lex_all};

/// A piece of text that was not compiled, or not under all conditions.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub at: Span,
    /// Its tokens, as far as they were not compiled.
    pub text: String,
    /// Words of it that were not compiled.
    pub mentions: BTreeSet<Arc<str>>,
}

/// A macro.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub name: Arc<str>,
    pub part: Part,
    /// Something of its body came into the stream.
    pub used: bool,
}

/// What the files say.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw {
    /// All names.
    pub words: BTreeSet<Arc<str>>,
    /// Outermost conditional blocks that concern barriers or kernels.
    pub blocks: Vec<Part>,
    /// Macros.
    pub macros: Vec<Definition>,
    /// Names that may lead to a barrier, and macros that may declare kernels.
    pub concerned: BTreeSet<Arc<str>>,
}

/// Places that came into the stream.
struct Seen {
    ranges: BTreeMap<FileId, Vec<(u32, u32)>>,
    spelled: BTreeSet<(FileId, u32)>,
}

impl Seen {
    fn new(map: &SourceMap, tokens: &[Token]) -> Seen {
        let mut ranges: BTreeMap<FileId, Vec<(u32, u32)>> = BTreeMap::new();
        let mut spelled = BTreeSet::new();
        for t in tokens {
            let list = ranges.entry(t.span.file).or_default();
            if list.last() != Some(&(t.span.start, t.span.end)) {
                list.push((t.span.start, t.span.end));
            }
            let s = map.spelling(t.span);
            spelled.insert((s.file, s.start));
        }
        for list in ranges.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        Seen { ranges, spelled }
    }

    fn holds(&self, s: Span) -> bool {
        let Some(list) = self.ranges.get(&s.file) else {
            return false;
        };
        // Ranges of one file nest or are apart; the outermost uses of macros are apart.
        let after = list.partition_point(|r| r.0 <= s.start);
        after > 0 && list[after - 1].1 >= s.end
    }
}

impl Raw {
    pub fn new(map: &SourceMap, tokens: &[Token], units: &[Unit]) -> Raw {
        let seen = Seen::new(map, tokens);
        let mut out = Raw {
            concerned: barrier_names(units),
            ..Raw::default()
        };
        let files: Vec<Vec<Token>> = map
            .files()
            .filter(|(_, f)| !f.real_path.as_os_str().is_empty())
            .map(|(id, f)| lex_all(id, &f.text).0)
            .collect();
        for f in &files {
            let names = f.iter().filter(|t| t.kind == TokenKind::Ident);
            out.words.extend(names.map(|t| t.text.clone()));
            out.macros.extend(definitions(f, &seen));
        }
        loop {
            let before = out.concerned.len();
            for m in &out.macros {
                let leads = |n: &Arc<str>| {
                    is_barrier(n) || declares_kernels(n) || out.concerned.contains(n)
                };
                if m.part.mentions.iter().any(leads) {
                    out.concerned.insert(m.name.clone());
                }
            }
            if out.concerned.len() == before {
                break;
            }
        }
        let concerned = out.concerned.clone();
        let concerns = |t: &Token| {
            t.kind == TokenKind::Ident
                && (is_barrier(&t.text) || concerned.contains(&t.text) || declares_kernels(&t.text))
        };
        for f in &files {
            out.blocks.extend(blocks(f, &seen, &concerns));
        }
        out
    }
}

/// Words that kernels and their instantiations are declared with.
fn declares_kernels(word: &str) -> bool {
    matches!(word, "kernel" | "host_name")
}

/// The end of the directive that begins at `i`.
fn line_end(f: &[Token], i: usize) -> usize {
    let next = f[i + 1..].iter().position(|t| t.line_start);
    next.map_or(f.len(), |n| i + 1 + n)
}

/// The word of a directive that begins at `i`.
fn directive(f: &[Token], i: usize) -> Option<&str> {
    let t = &f[i];
    if !t.line_start || !(t.is_punct("#") || t.is_punct("%:")) {
        return None;
    }
    let name = f.get(i + 1).filter(|n| !n.line_start)?;
    Some(&*name.text)
}

fn words(t: &[&Token]) -> BTreeSet<Arc<str>> {
    let idents = t.iter().filter(|t| t.kind == TokenKind::Ident);
    idents.map(|t| t.text.clone()).collect()
}

/// Tokens as text that does not depend on white space.
pub(super) fn joined<'t>(t: impl Iterator<Item = &'t Token>) -> String {
    let mut out = String::new();
    for t in t {
        out.push_str(&t.text);
        out.push(' ');
    }
    out
}

fn definitions(f: &[Token], seen: &Seen) -> Vec<Definition> {
    let mut out = Vec::new();
    for i in 0..f.len() {
        if directive(f, i) != Some("define") {
            continue;
        }
        let line: Vec<&Token> = f[i..line_end(f, i)].iter().collect();
        let (Some(name), body) = (line.get(2), line.get(3..).unwrap_or(&[])) else {
            continue;
        };
        out.push(Definition {
            name: name.text.clone(),
            used: body
                .iter()
                .any(|t| seen.spelled.contains(&(t.span.file, t.span.start))),
            part: Part {
                at: name.span,
                text: joined(line.iter().copied()),
                mentions: words(body),
            },
        });
    }
    out
}

/// The index of the `#` of the `#endif` that ends a file's include guard, and of the guard's first line.
fn guard(f: &[Token]) -> Option<(usize, usize)> {
    let open = directive(f, 0)?;
    let name = match open {
        "ifndef" => f.get(2)?,
        "if" => f[..line_end(f, 0)]
            .iter()
            .find(|t| t.kind == TokenKind::Ident && !matches!(&*t.text, "if" | "defined"))?,
        _ => return None,
    };
    let second = line_end(f, 0);
    if second >= f.len()
        || directive(f, second) != Some("define")
        || f.get(second + 2)?.text != name.text
    {
        return None;
    }
    let mut depth = 0usize;
    let mut last = None;
    for i in 0..f.len() {
        match directive(f, i) {
            Some("if" | "ifdef" | "ifndef") => depth += 1,
            Some("else" | "elif" | "elifdef" | "elifndef") if depth == 1 => return None,
            Some("endif") => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    last = Some(i);
                    break;
                }
            }
            _ => {}
        }
    }
    let last = last?;
    (line_end(f, last) >= f.len()).then_some((0, last))
}

fn blocks(f: &[Token], seen: &Seen, concerns: &dyn Fn(&Token) -> bool) -> Vec<Part> {
    let mut out = Vec::new();
    if f.is_empty() {
        return out;
    }
    let guard = guard(f);
    let is_guard = |i: usize| guard.is_some_and(|(a, b)| i == a || i == b);
    let (mut depth, mut start, mut i) = (0usize, 0usize, 0usize);
    while i < f.len() {
        match directive(f, i) {
            _ if is_guard(i) => {}
            Some("if" | "ifdef" | "ifndef") => {
                if depth == 0 {
                    start = i;
                }
                depth += 1;
            }
            Some("endif") => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let end = line_end(f, i);
                    out.extend(block(&f[start..end], seen, concerns));
                }
            }
            _ => {}
        }
        i += 1;
    }
    out
}

fn block(t: &[Token], seen: &Seen, concerns: &dyn Fn(&Token) -> bool) -> Option<Part> {
    if !t.iter().any(concerns) {
        return None;
    }
    let mut unread: Vec<&Token> = Vec::new();
    let mut text: Vec<&Token> = Vec::new();
    let mut i = 0;
    while i < t.len() {
        match directive(t, i) {
            Some(_) => {
                let end = line_end(t, i);
                // What macros mean is another matter.
                if directive(t, i) != Some("define") {
                    text.extend(&t[i..end]);
                }
                i = end;
            }
            None => {
                if !seen.holds(t[i].span) {
                    unread.push(&t[i]);
                    text.push(&t[i]);
                }
                i += 1;
            }
        }
    }
    let at = unread
        .iter()
        .find(|t| concerns(t))
        .map_or(t[0].span, |t| t.span);
    Some(Part {
        at,
        text: joined(text.into_iter()),
        mentions: words(&unread),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_are_no_conditions() {
        let text = "#ifndef A\n#define A\nint x;\n#ifdef B\nkernel void f() {}\n#endif\n#endif\n";
        let f = lex_all(FileId(0), text).0;
        let seen = Seen {
            ranges: BTreeMap::new(),
            spelled: BTreeSet::new(),
        };
        let all = blocks(&f, &seen, &|t| t.is_ident("kernel"));
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].text, "# ifdef B kernel void f ( ) { } # endif ");
        assert!(guard(&f).is_some());
        assert!(guard(&lex_all(FileId(0), "#ifndef A\n#define A\n#endif\nint x;").0).is_none());
    }
}
