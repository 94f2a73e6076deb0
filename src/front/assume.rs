//! `--assume`: from an MSL expression to an assumption about launches.
//!
//! The expression may use the scalar parameters of the kernel (`N`, `p.hidden`), launch-wide
//! built-ins by their parameter name, function constants, and the file's own constants and macros.
//! Soundness direction: exact; an expression that cannot be represented exactly is an error.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::ast::{self, BinaryOp, ExprKind as A, ItemKind, TranslationUnit, UnaryOp};
use super::parse::parse;
use crate::ir::{
    Assumption, BinOp, Builtin, Expr, ExprKind, Kernel, Leaf, ScalarTy, UnOp, VarId, VarKind,
};
use crate::source::{PreprocessOptions, SourceMap, Token, TokenKind, preprocess};

/// Why an assumption cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssumeError {
    /// Not an expression.
    #[error("--assume \"{text}\": not an MSL expression: {why}")]
    Syntax {
        /// As given.
        text: String,
        /// What the parser says.
        why: String,
    },
    /// A name that means nothing in this kernel.
    #[error(
        "--assume \"{text}\": `{name}` names no scalar parameter, launch-wide built-in, function constant or constant of kernel `{kernel}`{known}"
    )]
    UnknownName {
        /// As given.
        text: String,
        /// The name.
        name: String,
        /// The kernel.
        kernel: String,
        /// The names that could be used.
        known: String,
    },
    /// Something that is no integer or boolean expression.
    #[error(
        "--assume \"{text}\": {what} is not supported in an assumption; use integer and boolean operators"
    )]
    Unsupported {
        /// As given.
        text: String,
        /// What.
        what: String,
    },
}

impl AssumeError {
    /// Whether the expression may still make sense for another kernel of the same file.
    pub fn is_unknown_name(&self) -> bool {
        matches!(self, AssumeError::UnknownName { .. })
    }
}

/// Parses the text of an assumption in the context of a file (its macros apply).
pub fn parse_assumption(
    text: &str,
    file_text: &str,
    file_path: PathBuf,
    options: &PreprocessOptions,
) -> Result<ast::Expr, AssumeError> {
    let syntax = |why: String| AssumeError::Syntax {
        text: text.to_string(),
        why,
    };
    if text.trim().is_empty() {
        return Err(syntax("it is empty".into()));
    }
    if text.contains(['\n', ';', '#']) {
        return Err(syntax("it must be one expression".into()));
    }
    let tokens_of = |content: String| {
        let mut map = SourceMap::new();
        let id = map.add_file("--assume", file_path.clone(), content);
        preprocess(&mut map, id, options).tokens
    };
    let before = tokens_of(format!("{file_text}\n")).len();
    let mut tokens = tokens_of(format!("{file_text}\n{text}\n"));
    let own: Vec<Token> = tokens.split_off(before.min(tokens.len()));
    let Some(first) = own.first().cloned() else {
        return Err(syntax("nothing is left of it after preprocessing".into()));
    };
    let word = |kind, s: &str| Token {
        kind,
        text: s.into(),
        ..first.clone()
    };
    let mut all = vec![
        word(TokenKind::Ident, "bool"),
        word(TokenKind::Ident, "unbarrier_assumption"),
        word(TokenKind::Punct, "="),
        word(TokenKind::Punct, "("),
    ];
    all.extend(own);
    all.push(word(TokenKind::Punct, ")"));
    all.push(word(TokenKind::Punct, ";"));
    let out = parse(&all);
    if let Some(d) = out.diagnostics.first() {
        return Err(syntax(d.message.clone()));
    }
    for item in out.unit.items {
        if let ItemKind::Var(v) = item.kind
            && let Some(d) = v.vars.into_iter().next()
            && let Some(ast::Init::Assign(e)) = d.init
        {
            return Ok(e);
        }
    }
    Err(syntax("it is not a single expression".into()))
}

/// Gives an assumption its meaning in one kernel.
pub fn resolve(
    text: &str,
    expr: &ast::Expr,
    unit: &TranslationUnit,
    kernel: &Kernel,
) -> Result<Assumption, AssumeError> {
    let mut r = Resolver {
        text,
        unit,
        kernel,
        leaves: Vec::new(),
        open: BTreeSet::new(),
    };
    let e = r.expr(expr)?;
    let e = to_bool(e);
    Ok(Assumption {
        text: text.to_string(),
        expr: e,
        leaves: r.leaves,
    })
}

struct Resolver<'a> {
    text: &'a str,
    unit: &'a TranslationUnit,
    kernel: &'a Kernel,
    leaves: Vec<Leaf>,
    open: BTreeSet<String>,
}

fn to_bool(e: Expr) -> Expr {
    e.cast(ScalarTy::Bool)
}

fn promote(ty: ScalarTy) -> ScalarTy {
    if ty.bits() < 32 { ScalarTy::I32 } else { ty }
}

fn common(a: ScalarTy, b: ScalarTy) -> ScalarTy {
    let (a, b) = (promote(a), promote(b));
    if a.bits() != b.bits() {
        return if a.bits() > b.bits() { a } else { b };
    }
    if a.is_signed() { b } else { a }
}

impl Resolver<'_> {
    fn unsupported(&self, what: &str) -> AssumeError {
        AssumeError::Unsupported {
            text: self.text.to_string(),
            what: what.to_string(),
        }
    }

    fn leaf(&mut self, leaf: Leaf, ty: ScalarTy) -> Expr {
        let at = match self.leaves.iter().position(|l| *l == leaf) {
            Some(at) => at,
            None => {
                self.leaves.push(leaf);
                self.leaves.len() - 1
            }
        };
        Expr::var(ty, VarId(at as u32))
    }

    fn name(&mut self, name: &str) -> Result<Expr, AssumeError> {
        if let Some(i) = self.kernel.scalars.iter().position(|s| s.name == name) {
            let ty = self.kernel.scalars[i].ty;
            if ty.is_float() {
                return Err(self.unsupported(&format!("the floating-point parameter `{name}`")));
            }
            return Ok(self.leaf(Leaf::Scalar(i), ty));
        }
        for v in &self.kernel.vars {
            if v.name != name {
                continue;
            }
            match v.kind {
                VarKind::Builtin(b) if uniform(b) => {
                    return Ok(self.leaf(Leaf::Builtin(b), ScalarTy::U32));
                }
                VarKind::FunctionConstant(n) if !v.ty.is_float() => {
                    let ty = v.ty;
                    return Ok(self.leaf(Leaf::FunctionConstant(n), ty));
                }
                _ => {}
            }
        }
        if let Some(e) = self.constant(name)? {
            return Ok(e);
        }
        let names: Vec<&str> = self
            .kernel
            .scalars
            .iter()
            .map(|s| s.name.as_str())
            .take(12)
            .collect();
        Err(AssumeError::UnknownName {
            text: self.text.to_string(),
            name: name.to_string(),
            kernel: self.kernel.name.clone(),
            known: if names.is_empty() {
                " (it has no scalar parameters)".into()
            } else {
                format!(" (its scalar parameters are {})", names.join(", "))
            },
        })
    }

    /// A constant of the file, by its initialiser.
    fn constant(&mut self, name: &str) -> Result<Option<Expr>, AssumeError> {
        let Some((ty, init)) = find_constant(&self.unit.items, name) else {
            return Ok(None);
        };
        if !self.open.insert(name.to_string()) {
            return Err(self.unsupported("a constant that is defined by itself"));
        }
        let e = self.expr(&init)?;
        self.open.remove(name);
        Ok(Some(match ty {
            Some(t) => e.cast(t),
            None => e,
        }))
    }

    fn expr(&mut self, e: &ast::Expr) -> Result<Expr, AssumeError> {
        Ok(match &e.kind {
            A::Int { value, suffix, .. } => {
                let unsigned = suffix.contains('u');
                let long = suffix.contains('l') || *value > u64::from(u32::MAX);
                let ty = match (unsigned, long) {
                    (true, false) => ScalarTy::U32,
                    (true, true) => ScalarTy::U64,
                    (false, true) => ScalarTy::I64,
                    (false, false) if *value > i32::MAX as u64 => ScalarTy::U32,
                    (false, false) => ScalarTy::I32,
                };
                Expr::constant(ty, *value)
            }
            A::Bool(b) => Expr::constant(ScalarTy::Bool, u64::from(*b)),
            A::Path(p) => self.name(p.last_name())?,
            A::Member { .. } | A::Index(..) => match dotted(e) {
                Some(name) => self.name(&name)?,
                None => return Err(self.unsupported("this member access")),
            },
            A::Unary(op, a) => {
                let a = self.expr(a)?;
                match op {
                    UnaryOp::Plus => a,
                    UnaryOp::Not => to_bool(a).not(),
                    UnaryOp::Neg | UnaryOp::BitNot => {
                        let ty = promote(a.ty);
                        let op = if *op == UnaryOp::Neg {
                            UnOp::Neg
                        } else {
                            UnOp::BitNot
                        };
                        Expr {
                            ty,
                            kind: ExprKind::Unary(op, Box::new(a.cast(ty))),
                        }
                    }
                    _ => return Err(self.unsupported("this operator")),
                }
            }
            A::Binary(op, a, b) => {
                let (a, b) = (self.expr(a)?, self.expr(b)?);
                binary(*op, a, b)
            }
            A::Ternary(c, a, b) => {
                let c = to_bool(self.expr(c)?);
                let (a, b) = (self.expr(a)?, self.expr(b)?);
                let ty = common(a.ty, b.ty);
                Expr {
                    ty,
                    kind: ExprKind::Select(Box::new(c), Box::new(a.cast(ty)), Box::new(b.cast(ty))),
                }
            }
            A::Float { .. } => return Err(self.unsupported("a floating-point number")),
            A::Call(..) => return Err(self.unsupported("a function call")),
            A::Assign(..) => return Err(self.unsupported("an assignment (did you mean `==`?)")),
            _ => return Err(self.unsupported("this expression")),
        })
    }
}

fn binary(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    use BinaryOp as B;
    match op {
        B::LogAnd => return Expr::binary(BinOp::And, to_bool(a), to_bool(b)),
        B::LogOr => return Expr::binary(BinOp::Or, to_bool(a), to_bool(b)),
        B::Shl | B::Shr => {
            let ty = promote(a.ty);
            let op = if op == B::Shl { BinOp::Shl } else { BinOp::Shr };
            return Expr::binary(op, a.cast(ty), b.cast(ty));
        }
        _ => {}
    }
    let op = match op {
        B::Add => BinOp::Add,
        B::Sub => BinOp::Sub,
        B::Mul => BinOp::Mul,
        B::Div => BinOp::Div,
        B::Rem => BinOp::Rem,
        B::Lt => BinOp::Lt,
        B::Gt => BinOp::Gt,
        B::Le => BinOp::Le,
        B::Ge => BinOp::Ge,
        B::Eq => BinOp::Eq,
        B::Ne => BinOp::Ne,
        B::BitAnd | B::LogAnd => BinOp::And,
        B::BitXor => BinOp::Xor,
        B::BitOr | B::LogOr => BinOp::Or,
        B::Shl => BinOp::Shl,
        B::Shr => BinOp::Shr,
    };
    let ty = common(a.ty, b.ty);
    Expr::binary(op, a.cast(ty), b.cast(ty))
}

/// `p.K`, `p->K`, `p.dims[2]` as the name of a scalar parameter.
fn dotted(e: &ast::Expr) -> Option<String> {
    match &e.kind {
        A::Path(p) => Some(p.last_name().to_string()),
        A::Member { base, name, .. } => Some(format!("{}.{}", dotted(base)?, name.last_name())),
        A::Index(base, at) => match at.as_slice() {
            [
                ast::Expr {
                    kind: A::Int { value, .. },
                    ..
                },
            ] => Some(format!("{}[{value}]", dotted(base)?)),
            _ => None,
        },
        A::Unary(UnaryOp::Deref, a) => dotted(a),
        _ => None,
    }
}

fn find_constant(items: &[ast::Item], name: &str) -> Option<(Option<ScalarTy>, ast::Expr)> {
    for item in items {
        match &item.kind {
            ItemKind::Var(v) => {
                for d in &v.vars {
                    if d.name == name
                        && let Some(ast::Init::Assign(e)) = &d.init
                    {
                        return Some((scalar_of(&d.ty), e.clone()));
                    }
                }
            }
            ItemKind::Enum(en) => {
                let at = en.values.iter().position(|(n, _)| n == name);
                if let Some(at) = at
                    && let Some(e) = &en.values[at].1
                {
                    return Some((None, e.clone()));
                }
            }
            ItemKind::Namespace { items, .. } => {
                if let Some(found) = find_constant(items, name) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

fn scalar_of(t: &ast::Type) -> Option<ScalarTy> {
    let ast::TypeKind::Named(p) = &t.kind else {
        return None;
    };
    Some(match p.last_name() {
        "bool" => ScalarTy::Bool,
        "char" | "int8_t" => ScalarTy::I8,
        "uchar" | "uint8_t" => ScalarTy::U8,
        "short" | "int16_t" => ScalarTy::I16,
        "ushort" | "uint16_t" => ScalarTy::U16,
        "int" | "int32_t" => ScalarTy::I32,
        "uint" | "uint32_t" => ScalarTy::U32,
        "long" | "int64_t" | "ptrdiff_t" => ScalarTy::I64,
        "ulong" | "uint64_t" | "size_t" => ScalarTy::U64,
        _ => return None,
    })
}

fn uniform(b: Builtin) -> bool {
    matches!(
        b,
        Builtin::ThreadgroupPositionInGrid(_)
            | Builtin::ThreadsPerThreadgroup(_)
            | Builtin::DispatchThreadsPerThreadgroup(_)
            | Builtin::ThreadsPerGrid(_)
            | Builtin::ThreadgroupsPerGrid(_)
            | Builtin::ThreadsPerSimdgroup
            | Builtin::SimdgroupsPerThreadgroup
            | Builtin::DispatchSimdgroupsPerThreadgroup
            | Builtin::GridOrigin(_)
            | Builtin::GridSize(_)
    )
}
