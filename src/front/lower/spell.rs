//! Types as C++ text that means the same at the end of the file.
//!
//! Purpose: names for the log ([`super::Log`]). Soundness direction: exact; what has no such name (local and anonymous types, closures)
//! gives nothing.

use crate::ir::ScalarTy;

use super::ctx::Lowerer;
use super::symbols::{FIRST_ENUM, GLOBAL, NsId, What};
use super::template::TArg;
use super::types::Ty;

/// Longest chain of types in types.
const DEEPEST: u32 = 32;

impl<'a> Lowerer<'a> {
    /// The type without `const`, `volatile` and address spaces.
    pub(super) fn spelled(&self, ty: &Ty) -> Option<String> {
        self.spell(ty, 0)
    }

    fn spell(&self, ty: &Ty, depth: u32) -> Option<String> {
        if depth > DEEPEST {
            return None;
        }
        Some(match ty {
            Ty::Void => "void".into(),
            Ty::Scalar(s) => scalar(*s).into(),
            Ty::Enum(id, _) => return self.spell_enum(*id, depth),
            Ty::Vector(s, n, false) => format!("metal::vec<{}, {n}>", scalar(*s)),
            Ty::Vector(s, n, true) => format!("metal::packed_vec<{}, {n}>", scalar(*s)),
            Ty::Matrix(s, c, r) => format!("metal::matrix<{}, {c}, {r}>", scalar(*s)),
            Ty::Simdgroup(s) => format!("metal::simdgroup_matrix<{}, 8, 8>", scalar(*s)),
            Ty::Array(..) | Ty::Unsized(_) => {
                let mut dims = String::new();
                let mut at = ty;
                loop {
                    match at {
                        Ty::Array(t, n) => {
                            dims.push_str(&format!("[{n}]"));
                            at = t;
                        }
                        Ty::Unsized(t) => {
                            dims.push_str("[]");
                            at = t;
                        }
                        _ => break,
                    }
                }
                format!("{}{dims}", self.spell(at, depth + 1)?)
            }
            Ty::Pointer(t, _) => match &**t {
                Ty::Array(..) | Ty::Unsized(_) => return None,
                t => format!("{} *", self.spell(t, depth + 1)?),
            },
            Ty::Record(id) => return self.spell_record(*id, depth),
            Ty::Const(t) => match &**t {
                Ty::Scalar(_) | Ty::Vector(..) | Ty::Record(_) => {
                    format!("const {}", self.spell(t, depth + 1)?)
                }
                _ => return None,
            },
            _ => return None,
        })
    }

    fn spell_record(&self, id: u32, depth: u32) -> Option<String> {
        let r = self.recs.get(id as usize)?;
        // An instance for which a name stands that no program can write is anonymous.
        if r.local || r.decl.name.is_empty() || r.decl.name.contains('@') {
            return None;
        }
        let around = match r.outer {
            Some(o) => format!("{}::", self.spell_record(o, depth + 1)?),
            None => self.spell_space(r.at.ns)?,
        };
        let mut args = Vec::new();
        for a in &r.targs {
            args.push(match a {
                TArg::Ty(t) => self.spell(t, depth + 1)?,
                TArg::Val(Ty::Scalar(ScalarTy::Bool), v) => (*v != 0).to_string(),
                TArg::Val(Ty::Scalar(_), v) => v.to_string(),
                _ => return None,
            });
        }
        let args = match args.is_empty() {
            true => String::new(),
            false => format!("<{}>", args.join(", ")),
        };
        Some(format!("{around}{}{args}", r.decl.name))
    }

    fn spell_enum(&self, id: u32, depth: u32) -> Option<String> {
        let e = self.enums.get(id.checked_sub(FIRST_ENUM)? as usize)?;
        if e.decl.name.is_empty() || e.decl.name.contains('@') {
            return None;
        }
        let around = match e.rec {
            Some(r) => format!("{}::", self.spell_record(r, depth + 1)?),
            None if !self.declares_enum(e.at.ns, e.decl) => return None,
            None => self.spell_space(e.at.ns)?,
        };
        Some(format!("{around}{}", e.decl.name))
    }

    /// Whether a namespace itself declares an enumeration; those of blocks are looked up from there, too.
    fn declares_enum(&self, ns: NsId, e: &crate::front::ast::Enum) -> bool {
        let all = self.syms.spaces.get(ns).and_then(|s| s.names.get(&*e.name));
        let mut all = all.into_iter().flatten();
        all.any(|n| matches!(n.what, What::Enum(x) if std::ptr::eq(x, e)))
    }

    /// A namespace with `::` behind it; those without a name are left out.
    fn spell_space(&self, ns: NsId) -> Option<String> {
        if ns == GLOBAL {
            return Some(String::new());
        }
        let s = self.syms.spaces.get(ns)?;
        let parent = self.syms.spaces.get(s.parent)?;
        let is = |n: &super::symbols::Named<'a>| matches!(n.what, What::Namespace(id) if id == ns);
        let name = parent
            .names
            .iter()
            .find(|(_, all)| all.iter().any(is))
            .map(|(name, _)| *name)?;
        let around = self.spell_space(s.parent)?;
        match name {
            "" => Some(around),
            _ => Some(format!("{around}{name}::")),
        }
    }
}

/// The scalar types as the stand-in for Metal's headers has them.
fn scalar(s: ScalarTy) -> &'static str {
    match s {
        ScalarTy::Bool => "bool",
        ScalarTy::I8 => "char",
        ScalarTy::U8 => "unsigned char",
        ScalarTy::I16 => "short",
        ScalarTy::U16 => "unsigned short",
        ScalarTy::I32 => "int",
        ScalarTy::U32 => "unsigned int",
        ScalarTy::I64 => "long",
        ScalarTy::U64 => "unsigned long",
        ScalarTy::F16 => "half",
        ScalarTy::BF16 => "bfloat",
        ScalarTy::F32 => "float",
    }
}
