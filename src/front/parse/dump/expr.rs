//! Expressions as text.
//!
//! Purpose: prefix forms, e.g. `(+ a (* b 2))`.

use super::types::{params, path, ty};
use super::{Writer, words};
use crate::front::ast::{BinaryOp, CastKind, Designator, Expr, ExprKind, Init, UnaryOp};

pub(super) fn binary(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::Lt => "<",
        BinaryOp::Gt => ">",
        BinaryOp::Le => "<=",
        BinaryOp::Ge => ">=",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitXor => "^",
        BinaryOp::BitOr => "|",
        BinaryOp::LogAnd => "&&",
        BinaryOp::LogOr => "||",
    }
}

fn unary(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Plus => "plus",
        UnaryOp::Neg => "neg",
        UnaryOp::Not => "!",
        UnaryOp::BitNot => "~",
        UnaryOp::Deref => "deref",
        UnaryOp::AddrOf => "addr",
        UnaryOp::PreInc => "pre++",
        UnaryOp::PreDec => "pre--",
    }
}

/// Expressions separated by spaces.
pub(super) fn list(es: &[Expr]) -> String {
    let parts: Vec<String> = es.iter().map(expr).collect();
    parts.join(" ")
}

pub(super) fn init(i: &Option<Init>) -> String {
    match i {
        None => String::new(),
        Some(Init::Assign(e)) => format!("= {}", expr(e)),
        Some(Init::Paren(es)) => format!("({})", list(es)),
        Some(Init::Brace(es)) => format!("{{{}}}", list(es)),
    }
}

/// `(head parts…)`
fn form(head: &str, parts: &[String]) -> String {
    let mut out = format!("({head}");
    for p in parts.iter().filter(|p| !p.is_empty()) {
        out.push(' ');
        out.push_str(p);
    }
    out.push(')');
    out
}

pub(super) fn expr(e: &Expr) -> String {
    match &e.kind {
        ExprKind::Int {
            value,
            suffix,
            decimal,
        } => {
            if *decimal {
                format!("{value}{suffix}")
            } else {
                format!("0x{value:x}{suffix}")
            }
        }
        ExprKind::Float { value, suffix } => format!("{value:?}{suffix}"),
        ExprKind::Bool(b) => b.to_string(),
        ExprKind::Char(c) => format!("(char {c})"),
        ExprKind::Str(s) => format!("{s:?}"),
        ExprKind::Nullptr => "nullptr".into(),
        ExprKind::This => "this".into(),
        ExprKind::Path(p) => path(p),
        ExprKind::Unary(op, e) => form(unary(*op), &[expr(e)]),
        ExprKind::Postfix(e, true) => form("post++", &[expr(e)]),
        ExprKind::Postfix(e, false) => form("post--", &[expr(e)]),
        ExprKind::Binary(op, a, b) => form(binary(*op), &[expr(a), expr(b)]),
        ExprKind::Assign(op, a, b) => {
            let head = format!("{}=", op.map_or("", binary));
            form(&head, &[expr(a), expr(b)])
        }
        ExprKind::Ternary(c, a, b) => form("?", &[expr(c), expr(a), expr(b)]),
        ExprKind::Comma(a, b) => form(",", &[expr(a), expr(b)]),
        ExprKind::Call(f, args) => form("call", &[expr(f), list(args)]),
        ExprKind::Construct { ty: t, args, brace } => {
            let head = if *brace { "construct{}" } else { "construct" };
            form(head, &[ty(t), list(args)])
        }
        ExprKind::Index(a, i) => form("[]", &[expr(a), list(i)]),
        ExprKind::Member { base, name, arrow } => {
            form(if *arrow { "->" } else { "." }, &[expr(base), path(name)])
        }
        ExprKind::Cast(kind, t, e) => {
            let head = match kind {
                CastKind::CStyle => "cast",
                CastKind::Static => "static_cast",
                CastKind::Reinterpret => "reinterpret_cast",
                CastKind::Const => "const_cast",
                CastKind::AsType => "as_type",
            };
            form(head, &[ty(t), expr(e)])
        }
        ExprKind::InitList(es) => format!("{{{}}}", list(es)),
        ExprKind::Pack(e) => form("pack", &[expr(e)]),
        ExprKind::Fold(f) => {
            let part = |e: &Option<Expr>| e.as_ref().map_or("...".into(), expr);
            form(
                &format!("fold{}", f.op.map_or(",", binary)),
                &[part(&f.left), part(&f.right)],
            )
        }
        ExprKind::SizeofPack(n) => form("sizeof...", std::slice::from_ref(n)),
        ExprKind::Designated(d, e) => {
            let parts: Vec<String> = d
                .iter()
                .map(|d| match d {
                    Designator::Field(n) => format!(".{n}"),
                    Designator::Index(i) => format!("[{}]", expr(i)),
                    Designator::Range(a, b) => format!("[{} ... {}]", expr(a), expr(b)),
                })
                .collect();
            form("designated", &[parts.concat(), expr(e)])
        }
        ExprKind::SizeofType(t) => form("sizeof-type", &[ty(t)]),
        ExprKind::SizeofExpr(e) => form("sizeof", &[expr(e)]),
        ExprKind::AlignofType(t) => form("alignof", &[ty(t)]),
        ExprKind::Lambda(l) => {
            let mut captures: Vec<String> = Vec::new();
            match l.default_by_ref {
                Some(true) => captures.push("&".into()),
                Some(false) => captures.push("=".into()),
                None => {}
            }
            for (name, by_ref, init) in &l.captures {
                let value = init
                    .as_ref()
                    .map_or(String::new(), |e| format!("= {}", expr(e)));
                let name = format!("{}{name}", if *by_ref { "&" } else { "" });
                captures.push(words(&[&name, &value]));
            }
            let ret = l
                .ret
                .as_ref()
                .map_or(String::new(), |t| format!("-> {}", ty(t)));
            let mut w = Writer {
                out: String::new(),
                indent: 0,
            };
            w.stmts(&l.body.stmts);
            let body: Vec<&str> = w.out.lines().map(str::trim).collect();
            form(
                "lambda",
                &[
                    format!("[{}]", captures.join(", ")),
                    params(&l.params),
                    ret,
                    body.join(" "),
                ],
            )
        }
        ExprKind::Unsupported(what) => format!("(unsupported {what:?})"),
    }
}
