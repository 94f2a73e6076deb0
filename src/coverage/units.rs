//! Cuts a token stream into declarations.
//!
//! Soundness direction: every token of the stream belongs to one declaration (or to the brackets of a namespace); where a cut is in doubt,
//! declarations stay together, and a kernel among them is found by its words all the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::head;
use crate::models;
use crate::source::{Span, Token, TokenKind};

/// What a declaration is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A kernel with a body, templated or not.
    Kernel,
    /// An explicit instantiation that names a kernel or may.
    Instantiation,
    /// An entry point of another stage, or a function that other programs may call.
    Stage,
    /// Any other function with a body.
    Function,
    /// A class, with its member functions.
    Type,
    /// Anything else.
    #[default]
    Other,
}

/// A call of a barrier function.
#[derive(Clone, Debug)]
pub struct BarrierCall {
    /// Name of the function.
    pub function: &'static str,
    /// Flags that are named in the call.
    pub flags: Vec<&'static str>,
    /// Where: for one out of a macro, the outermost use.
    pub at: Span,
}

/// A declaration.
#[derive(Clone, Debug)]
pub struct Unit {
    /// What it is.
    pub kind: Kind,
    /// It has template parameters.
    pub is_template: bool,
    /// What it declares; empty where that is not clear.
    pub name: String,
    /// Where that is said.
    pub at: Span,
    /// From its first to its last token, where these are of one file.
    pub range: Span,
    /// Barrier calls in it.
    pub barriers: Vec<BarrierCall>,
    /// Names by which it is reached.
    pub names: BTreeSet<Arc<str>>,
    /// Names that it mentions.
    pub mentions: BTreeSet<Arc<str>>,
    /// It may be used without being named: an operator.
    pub implicit: bool,
    pub(super) first: usize,
    pub(super) end: usize,
}

/// The declarations of a stream.
pub(super) fn split(tokens: &[Token]) -> Vec<Unit> {
    let mut out: Vec<Unit> = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        if let Some(next) = opened(tokens, i) {
            i = next;
            continue;
        }
        let end = item_end(tokens, i).max(i + 1);
        out.push(unit(tokens, i, end));
        i = end;
    }
    let kernels: BTreeSet<String> = out
        .iter()
        .filter(|u| u.kind == Kind::Kernel)
        .map(|u| u.name.clone())
        .collect();
    for u in &mut out {
        // An instantiation of a kernel need not say so again.
        if u.kind == Kind::Other
            && head::instantiates(&tokens[u.first..u.end])
            && kernels.contains(&u.name)
        {
            u.kind = Kind::Instantiation;
        }
    }
    out
}

/// Passes over `;`, closing brackets, and the heads of namespaces and linkage blocks.
fn opened(tokens: &[Token], i: usize) -> Option<usize> {
    let is = |k: usize, t: &str| tokens.get(k).is_some_and(|x| &*x.text == t);
    if is(i, ";") || is(i, "}") || is(i, ")") || is(i, "]") {
        return Some(i + 1);
    }
    let mut k = i;
    if is(k, "extern") && tokens.get(k + 1).is_some_and(|t| t.kind == TokenKind::Str) {
        return is(k + 2, "{").then_some(k + 3);
    }
    if is(k, "inline") {
        k += 1;
    }
    if !is(k, "namespace") {
        return None;
    }
    while k < tokens.len() && !is(k, "{") && !is(k, ";") && !is(k, "=") {
        k += 1;
    }
    is(k, "{").then_some(k + 1)
}

/// The index after a bracketed group that opens at `i`.
pub(super) fn after_group(tokens: &[Token], i: usize) -> usize {
    let mut depth = 0usize;
    for (k, t) in tokens.iter().enumerate().skip(i) {
        if t.kind == TokenKind::Punct {
            match &*t.text {
                "(" | "[" | "{" | "<%" | "<:" => depth += 1,
                ")" | "]" | "}" | "%>" | ":>" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return k + 1;
                    }
                }
                _ => {}
            }
        }
    }
    tokens.len()
}

/// The index after `<…>` that opens at `i`; `i + 1` where it is not one.
pub(super) fn after_angles(tokens: &[Token], i: usize) -> usize {
    let mut depth = 0i32;
    let mut k = i;
    while let Some(t) = tokens.get(k) {
        match &*t.text {
            "<" => depth += 1,
            ">" => depth -= 1,
            ">>" => depth -= 2,
            "(" | "[" => {
                k = after_group(tokens, k);
                continue;
            }
            ";" | "{" | "}" | ")" => return i + 1,
            _ => {}
        }
        k += 1;
        if depth <= 0 {
            return k;
        }
    }
    i + 1
}

fn item_end(tokens: &[Token], i: usize) -> usize {
    let word = |k: usize| tokens.get(k).map_or("", |t| &*t.text);
    let (mut called, mut assigned) = (false, false);
    let mut k = i;
    while k < tokens.len() {
        match word(k) {
            ";" => return k + 1,
            "template" if word(k + 1) == "<" => k = after_angles(tokens, k + 1),
            "(" => {
                let before = if k > i { word(k - 1) } else { "" };
                called |= !matches!(
                    before,
                    "__attribute__" | "alignas" | "decltype" | "__attribute"
                );
                k = after_group(tokens, k);
            }
            "[" | "<:" => k = after_group(tokens, k),
            "=" => {
                assigned |= k == i || word(k - 1) != "operator";
                k += 1;
            }
            "{" | "<%" => {
                k = after_group(tokens, k);
                let next = word(k);
                if called && !assigned && next != "," && next != "{" {
                    return k;
                }
                // A `;` was forgotten.
                let starts = matches!(
                    next,
                    "template" | "kernel" | "namespace" | "using" | "typedef" | "struct" | "["
                );
                if starts && tokens.get(k).is_some_and(|t| t.line_start) {
                    return k;
                }
            }
            "}" | "%>" | ")" | "]" => return k,
            _ => k += 1,
        }
    }
    tokens.len()
}

fn unit(tokens: &[Token], first: usize, end: usize) -> Unit {
    let part = &tokens[first..end];
    let h = head::read(part);
    let at = part
        .get(h.name_at)
        .or(part.first())
        .map_or_else(Span::default, |t| t.span);
    let range = match (part.first(), part.last()) {
        (Some(a), Some(b)) => a.span.to(b.span),
        _ => Span::default(),
    };
    let name = h.name.clone();
    let mut barriers = Vec::new();
    // A using-declaration is no call.
    if !part.first().is_some_and(|t| t.is_ident("using")) {
        barriers = calls(part);
    }
    let idents = part.iter().filter(|t| t.kind == TokenKind::Ident);
    Unit {
        kind: h.kind,
        is_template: h.is_template,
        name,
        at,
        range,
        barriers,
        names: h.names,
        mentions: idents.map(|t| t.text.clone()).collect(),
        implicit: h.implicit,
        first,
        end,
    }
}

/// The barrier function of that name.
pub(super) fn barrier_function(name: &str) -> Option<&'static str> {
    models::barrier(name).map(|b| b.name)
}

fn calls(part: &[Token]) -> Vec<BarrierCall> {
    let mut out = Vec::new();
    for (k, t) in part.iter().enumerate() {
        if t.kind != TokenKind::Ident {
            continue;
        }
        let Some(function) = barrier_function(&t.text) else {
            continue;
        };
        let end = if part.get(k + 1).is_some_and(|n| n.is_punct("(")) {
            after_group(part, k + 1)
        } else {
            k + 1
        };
        let flags = part[k + 1..end]
            .iter()
            .filter_map(|t| models::mem_flag(&t.text));
        out.push(BarrierCall {
            function,
            flags: flags.map(|f| f.name).collect(),
            at: t.span,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, lex_all};

    fn units(text: &str) -> Vec<(Kind, bool, String, usize)> {
        split(&lex_all(FileId(0), text).0)
            .into_iter()
            .map(|u| (u.kind, u.is_template, u.name, u.barriers.len()))
            .collect()
    }

    #[test]
    fn kernels_in_all_their_forms() {
        let text = "
            namespace n { inline namespace m { kernel void a(device int* x [[buffer(0)]]) { f(x); } } }
            template <typename T, bool B = (1 > 0)> [[kernel]] void b(device T* x) { threadgroup_barrier(mem_flags::mem_device); }
            template [[host_name(\"b_f\")]] [[kernel]] decltype(b<float>) b<float>;
            template void n::b<half, (2 > 1)>(device half*);
            template kernel [[host_name(\"b_g\")]] decltype(b<half, (3>2)>) b<half, (3>2)>;
            [[host_name(\"c\"), kernel]] void c() {}
            struct S { void kernel_like() { simdgroup_barrier(mem_flags::mem_none); } } ;
            template <> [[kernel]] void b<int>(device int* x) {}
            S::S() : x(1), y{2} { }
            constant auto l = [](int x) { return x; };
            kernel void d(int);
            [[visible]] float v(float x) { return x; }
            struct T {} kernel void e() {}";
        let want = [
            (Kind::Kernel, false, "a", 0),
            (Kind::Kernel, true, "b", 1),
            (Kind::Instantiation, false, "b", 0),
            (Kind::Instantiation, false, "b", 0),
            (Kind::Instantiation, false, "b", 0),
            (Kind::Kernel, false, "c", 0),
            (Kind::Type, false, "S", 1),
            (Kind::Kernel, false, "b", 0),
            (Kind::Function, false, "S", 0),
            (Kind::Other, false, "l", 0),
            (Kind::Other, false, "d", 0),
            (Kind::Stage, false, "v", 0),
            // Without its `;` the class takes the kernel along, which is found all the same.
            (Kind::Kernel, false, "T", 0),
        ];
        let want: Vec<_> = want
            .iter()
            .map(|w| (w.0, w.1, w.2.to_string(), w.3))
            .collect();
        assert_eq!(units(text), want);
    }
}
