//! What a declaration is called and what kind it is, by the words before its body.
//!
//! Soundness direction: a declaration whose head says `kernel` anywhere outside parameter lists is a kernel.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::units::{Kind, after_angles, after_group};
use crate::source::{Token, TokenKind};

/// What the head says.
#[derive(Default)]
pub(super) struct Head {
    pub kind: Kind,
    pub is_template: bool,
    pub name: String,
    /// Index of the name's token.
    pub name_at: usize,
    pub names: BTreeSet<Arc<str>>,
    pub implicit: bool,
}

/// Words that make a function an entry point which is not analysed.
const STAGES: &[&str] = &[
    "vertex",
    "fragment",
    "mesh",
    "object",
    "visible",
    "intersection",
    "stitchable",
    "tile",
];

/// The outermost tokens before the body, by index; those of attributes apart.
struct Outline {
    plain: Vec<usize>,
    attributes: Vec<usize>,
    /// The parenthesis of the parameters.
    call: Option<usize>,
    /// There is a body in braces.
    body: bool,
    assigned: bool,
    template: bool,
    /// `template <>`.
    special: bool,
}

fn outline(t: &[Token]) -> Outline {
    let word = |k: usize| t.get(k).map_or("", |x| &*x.text);
    let mut o = Outline {
        plain: Vec::new(),
        attributes: Vec::new(),
        call: None,
        body: false,
        assigned: false,
        template: false,
        special: false,
    };
    let mut k = 0;
    while k < t.len() {
        match word(k) {
            "template" if word(k + 1) == "<" => {
                let end = after_angles(t, k + 1);
                o.special |= end == k + 3;
                o.template |= end != k + 3;
                k = end;
            }
            "[" | "<:" if matches!(word(k + 1), "[" | "<:") => {
                let end = after_group(t, k);
                o.attributes.extend(k..end);
                k = end;
            }
            "(" => {
                let before = if k > 0 { word(k - 1) } else { "" };
                let end = after_group(t, k);
                if matches!(before, "__attribute__" | "__attribute") {
                    o.attributes.extend(k..end);
                } else if !matches!(before, "alignas" | "decltype") && !o.assigned {
                    o.call.get_or_insert(k);
                }
                o.plain.push(k);
                k = end;
            }
            "[" => k = after_group(t, k),
            // Template arguments; parentheses in them are no parameters.
            "<" if k > 0 && t[k - 1].kind == TokenKind::Ident && !t[k - 1].is_ident("operator") => {
                k = after_angles(t, k);
            }
            "{" | "<%" => {
                o.plain.push(k);
                o.body = true;
                break;
            }
            "=" => {
                o.assigned |= k == 0 || word(k - 1) != "operator";
                o.plain.push(k);
                k += 1;
            }
            _ => {
                o.plain.push(k);
                k += 1;
            }
        }
    }
    o
}

/// Whether a declaration is an explicit instantiation.
pub(super) fn instantiates(t: &[Token]) -> bool {
    let k = usize::from(t.first().is_some_and(|x| x.is_ident("extern")));
    t.get(k).is_some_and(|x| x.is_ident("template"))
        && !t.get(k + 1).is_some_and(|x| x.is_punct("<"))
}

/// Reads the head of a declaration.
pub(super) fn read(t: &[Token]) -> Head {
    let o = outline(t);
    let says = |list: &[usize], w: &str| list.iter().any(|k| t[*k].is_ident(w));
    let is_kernel = ["kernel", "__kernel", "__kernel__"]
        .iter()
        .any(|w| says(&o.plain, w) || says(&o.attributes, w));
    let mut h = Head {
        is_template: o.template,
        ..Head::default()
    };
    let class = o.plain.iter().position(|k| {
        ["struct", "class", "union", "enum"]
            .iter()
            .any(|w| t[*k].is_ident(w))
    });
    let function = o.call.filter(|_| !o.assigned);
    let alias = t
        .first()
        .is_some_and(|x| x.is_ident("using") || x.is_ident("typedef"));
    if instantiates(t) {
        name_before(t, o.call.unwrap_or(t.len().saturating_sub(1)), &mut h);
        let named = says(&o.attributes, "host_name");
        h.kind = if is_kernel || named {
            Kind::Instantiation
        } else {
            Kind::Other
        };
        h.names.clear();
    } else if let (Some(call), false) = (function, alias) {
        name_before(t, call, &mut h);
        h.kind = match (o.body, is_kernel) {
            (true, true) => Kind::Kernel,
            (true, false)
                if STAGES
                    .iter()
                    .any(|w| says(&o.attributes, w) || says(&o.plain, w)) =>
            {
                Kind::Stage
            }
            (true, false) => Kind::Function,
            (false, _) => Kind::Other,
        };
    } else if let (Some(at), true, false) = (class, o.body, alias) {
        class_name(t, &o.plain[at + 1..], &mut h);
        h.kind = if is_kernel { Kind::Kernel } else { Kind::Type };
        declared(t, &mut h);
    } else {
        h.kind = if is_kernel && o.body {
            Kind::Kernel
        } else {
            Kind::Other
        };
        declared(t, &mut h);
    }
    // A kernel that was not cut off what stands before it.
    if h.kind != Kind::Kernel && h.kind != Kind::Instantiation && merged_kernel(t) {
        h.kind = Kind::Kernel;
    }
    h
}

/// Whether `kernel` stands at the outermost level behind a body.
fn merged_kernel(t: &[Token]) -> bool {
    let (mut k, mut bodies) = (0, 0);
    while let Some(x) = t.get(k) {
        match &*x.text {
            "{" => {
                bodies += 1;
                k = after_group(t, k);
            }
            "(" => k = after_group(t, k),
            "kernel" if bodies > 0 && x.kind == TokenKind::Ident => return true,
            _ => k += 1,
        }
    }
    false
}

/// The name that ends before `end`, template arguments passed over, with its qualifiers.
fn name_before(t: &[Token], end: usize, h: &mut Head) {
    if let Some(k) = t[..end].iter().rposition(|x| x.is_ident("operator")) {
        h.name = t[k..end].iter().map(|x| &*x.text).collect();
        h.name_at = k;
        h.implicit = true;
        qualifiers(t, k, h);
        return;
    }
    let k = before_angles(t, end);
    let Some(name) = k.checked_sub(1).filter(|k| t[*k].kind == TokenKind::Ident) else {
        // `void (f)(…)` and the like.
        let inner = t.get(end + 1).filter(|x| x.kind == TokenKind::Ident);
        if let Some(x) = inner {
            h.name = x.text.to_string();
            h.name_at = end + 1;
            h.names.insert(x.text.clone());
        }
        return;
    };
    h.name = t[name].text.to_string();
    h.name_at = name;
    h.names.insert(t[name].text.clone());
    h.implicit = name > 0 && t[name - 1].is_punct("~");
    qualifiers(t, name, h);
}

/// The index before template arguments that end before `end`; `end` where there are none.
fn before_angles(t: &[Token], end: usize) -> usize {
    let (mut k, mut depth, mut groups) = (end, 0i32, 0i32);
    while k > 0 {
        k -= 1;
        match &*t[k].text {
            ")" | "]" | "}" => groups += 1,
            "(" | "[" | "{" => groups -= 1,
            ">" if groups == 0 => depth += 1,
            ">>" if groups == 0 => depth += 2,
            "<" if groups == 0 => depth -= 1,
            _ => {}
        }
        if groups == 0 && depth <= 0 {
            break;
        }
    }
    let opens = t.get(k).is_some_and(|x| x.is_punct("<"));
    if opens && k < end { k } else { end }
}

fn qualifiers(t: &[Token], mut k: usize, h: &mut Head) {
    while k >= 2 && t[k - 1].is_punct("::") && t[k - 2].kind == TokenKind::Ident {
        k -= 2;
        h.names.insert(t[k].text.clone());
    }
}

fn class_name(t: &[Token], rest: &[usize], h: &mut Head) {
    for k in rest {
        let x = &t[*k];
        let skip = ["final", "alignas", "__attribute__", "class", "struct"]
            .iter()
            .any(|w| x.is_ident(w));
        if x.kind == TokenKind::Ident && !skip {
            h.name = x.text.to_string();
            h.name_at = *k;
            h.names.insert(x.text.clone());
            return;
        }
        if x.is_punct("{") || x.is_punct(":") {
            return;
        }
    }
}

/// Names at the outermost level that look declared.
fn declared(t: &[Token], h: &mut Head) {
    let mut k = 0;
    while k < t.len() {
        let x = &t[k];
        match &*x.text {
            "(" | "[" | "{" => k = after_group(t, k),
            "template" if t.get(k + 1).is_some_and(|n| n.is_punct("<")) => {
                k = after_angles(t, k + 1)
            }
            _ => {
                let next = t.get(k + 1).map_or("", |n| &*n.text);
                let ends = matches!(next, "=" | "[" | ";" | "," | "{" | "(");
                if x.kind == TokenKind::Ident && ends && !x.is_ident("decltype") {
                    if h.name.is_empty() {
                        h.name = x.text.to_string();
                        h.name_at = k;
                    }
                    h.names.insert(x.text.clone());
                }
                k += 1;
            }
        }
    }
}
