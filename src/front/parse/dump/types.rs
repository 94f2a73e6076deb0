//! Types, names, attributes and parameters as text.
//!
//! Purpose: prefix forms, e.g. `(ptr (device const float))`.

use super::expr::{expr, list};
use super::{Writer, flag, words};
use crate::front::ast::{
    AddressSpace, Attr, Param, Path, Quals, TemplateArg, TemplateParam, TemplateParamKind, Type,
    TypeKind,
};

pub(super) fn path(p: &Path) -> String {
    let mut out = String::new();
    if p.global {
        out.push_str("::");
    }
    for (i, s) in p.segments.iter().enumerate() {
        if i > 0 {
            out.push_str("::");
        }
        out.push_str(&s.name);
        if let Some(args) = &s.args {
            out.push_str(&template_args(args));
        }
    }
    out
}

pub(super) fn template_args(args: &[TemplateArg]) -> String {
    let parts: Vec<String> = args.iter().map(template_arg).collect();
    format!("<{}>", parts.join(", "))
}

fn template_arg(a: &TemplateArg) -> String {
    match a {
        TemplateArg::Type(t) => format!("type {}", ty(t)),
        TemplateArg::Expr(e) => expr(e),
        TemplateArg::Path(p) => path(p),
        TemplateArg::Pack(a) => format!("{}...", template_arg(a)),
    }
}

pub(super) fn quals(q: &Quals) -> String {
    let space = match q.space {
        None => "",
        Some(AddressSpace::Device) => "device",
        Some(AddressSpace::Constant) => "constant",
        Some(AddressSpace::Threadgroup) => "threadgroup",
        Some(AddressSpace::ThreadgroupImageblock) => "threadgroup_imageblock",
        Some(AddressSpace::Thread) => "thread",
        Some(AddressSpace::Other) => "other_space",
    };
    words(&[
        space,
        flag(q.is_coherent, "coherent"),
        flag(q.is_const, "const"),
        flag(q.is_volatile, "volatile"),
    ])
}

pub(super) fn ty(t: &Type) -> String {
    let kind = match &t.kind {
        TypeKind::Named(p) => path(p),
        TypeKind::Auto => "auto".into(),
        TypeKind::Decltype(e) => format!("(decltype {})", expr(e)),
        TypeKind::Pointer(i) => format!("(ptr {})", ty(i)),
        TypeKind::Reference(i, false) => format!("(ref {})", ty(i)),
        TypeKind::Reference(i, true) => format!("(rvalue-ref {})", ty(i)),
        TypeKind::Array(i, None) => format!("(array {})", ty(i)),
        TypeKind::Array(i, Some(n)) => format!("(array {} {})", ty(i), expr(n)),
        TypeKind::Function { ret, params } => {
            let ps: Vec<String> = params.iter().map(ty).collect();
            format!("(fn {} ({}))", ty(ret), ps.join(" "))
        }
        TypeKind::Attributed(i, a) => format!("(attributed {} {})", ty(i), attrs(a)),
        TypeKind::Record(r) => {
            let mut w = Writer {
                out: String::new(),
                indent: 0,
            };
            w.record(r);
            let lines: Vec<&str> = w.out.lines().map(str::trim).collect();
            lines.join(" ")
        }
    };
    let q = quals(&t.quals);
    if q.is_empty() {
        kind
    } else {
        format!("({q} {kind})")
    }
}

pub(super) fn attrs(list_: &[Attr]) -> String {
    let parts: Vec<String> = list_
        .iter()
        .map(|a| {
            if a.args.is_empty() {
                format!("[[{}]]", a.name)
            } else {
                format!("[[{} {}]]", a.name, list(&a.args))
            }
        })
        .collect();
    parts.join(" ")
}

pub(super) fn param(p: &Param) -> String {
    let default = p
        .default
        .as_ref()
        .map_or(String::new(), |d| format!("= {}", expr(d)));
    let name = if p.name.is_empty() { "_" } else { &p.name };
    let inner = words(&[
        name,
        flag(p.pack, "..."),
        &ty(&p.ty),
        &attrs(&p.attrs),
        &default,
    ]);
    format!("({inner})")
}

pub(super) fn params(ps: &[Param]) -> String {
    let parts: Vec<String> = ps.iter().map(param).collect();
    format!("({})", parts.join(" "))
}

pub(super) fn template(params: &Option<Vec<TemplateParam>>) -> String {
    let Some(params) = params else {
        return String::new();
    };
    let parts: Vec<String> = params
        .iter()
        .map(|p| {
            let pack = flag(p.pack, "...");
            match &p.kind {
                TemplateParamKind::Type { default } => {
                    let d = default
                        .as_ref()
                        .map_or(String::new(), |d| format!("= {}", ty(d)));
                    words(&["typename", pack, &p.name, &d])
                }
                TemplateParamKind::Value { ty: t, default } => {
                    let d = default
                        .as_ref()
                        .map_or(String::new(), |d| format!("= {}", expr(d)));
                    words(&[&ty(t), pack, &p.name, &d])
                }
                TemplateParamKind::Template => words(&["template", pack, &p.name]),
            }
        })
        .collect();
    format!("template<{}>", parts.join(", "))
}
