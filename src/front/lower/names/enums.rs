//! Enumerations: their identity, their underlying type, their values ([dcl.enum]).
//!
//! Soundness direction: exact; a value that is no constant makes the enumerator unknown.

use crate::front::ast::Enum;
use crate::ir::{Expr, ScalarTy};

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::scope::{Binding, Env};
use crate::front::lower::symbols::{At, FIRST_ENUM};
use crate::front::lower::types::Ty;
use crate::front::lower::value::{Place, Value};

/// An enumeration as seen from one place: of a class template there is one for each instance.
#[derive(Clone)]
pub struct EnumInst<'a> {
    /// The declaration.
    pub decl: &'a Enum,
    /// Where its names are looked up.
    pub at: At,
    /// Enumerators with their values.
    pub values: Vec<(&'a str, Option<i128>)>,
    /// What is under it.
    pub ty: Ty,
    /// Scope that [basic.lookup.argdep] associates: the record it is in.
    pub rec: Option<u32>,
}

impl<'a> Lowerer<'a> {
    /// The type of an enumeration at namespace or class scope.
    pub fn enumeration(&mut self, e: &'a Enum, at: At, rec: Option<u32>) -> Ty {
        let key = (std::ptr::from_ref(e) as usize, rec);
        if let Some(t) = self.enum_index.get(&key) {
            return t.clone();
        }
        let t = self.with_env(Env::new(), rec, at, |l| l.new_enumeration(e, at, rec));
        self.enum_index.insert(key, t.clone());
        t
    }

    /// The type of an enumeration whose names are looked up right here.
    pub fn new_enumeration(&mut self, e: &'a Enum, at: At, rec: Option<u32>) -> Ty {
        let values = self.enum_values(e);
        let scalar = self.enum_scalar(e, &values);
        let id = self.enums.len() as u32 + FIRST_ENUM;
        let ty = self.enum_type(e, scalar, |s| Ty::Enum(id, s));
        self.enums.push(EnumInst {
            decl: e,
            at,
            values,
            ty: ty.clone(),
            rec,
        });
        ty
    }

    /// The value of an enumerator at namespace or class scope.
    pub fn enumerator(
        &mut self,
        e: &'a Enum,
        at: At,
        rec: Option<u32>,
        name: &str,
    ) -> Option<Value> {
        match self.enumeration(e, at, rec) {
            Ty::Enum(id, _) => self.enumerator_of(id, name),
            _ => None,
        }
    }

    /// The value of an enumerator of an enumeration.
    pub fn enumerator_of(&mut self, id: u32, name: &str) -> Option<Value> {
        let e = self.enums.get(id.checked_sub(FIRST_ENUM)? as usize)?;
        let (_, v) = e.values.iter().find(|(n, _)| *n == name)?;
        let s = e.ty.scalar()?;
        Some(Value::comps(
            e.ty.clone(),
            vec![Expr::constant(s, (*v)? as u64)],
        ))
    }

    /// Whether it is `enum class`, which converts to nothing.
    pub fn is_scoped(&self, id: u32) -> bool {
        id.checked_sub(FIRST_ENUM)
            .and_then(|i| self.enums.get(i as usize))
            .is_some_and(|e| e.decl.scoped)
    }

    /// Whether its underlying type is written, or that of `enum class`.
    pub fn is_fixed(&self, id: u32) -> bool {
        id.checked_sub(FIRST_ENUM)
            .and_then(|i| self.enums.get(i as usize))
            .is_none_or(|e| e.decl.scoped || e.decl.underlying.is_some())
    }

    /// The underlying type; where none is written, one that holds all values.
    fn enum_scalar(&mut self, e: &'a Enum, values: &[(&str, Option<i128>)]) -> ScalarTy {
        if let Some(t) = &e.underlying {
            return self.resolve_type(t).scalar().unwrap_or(ScalarTy::I32);
        }
        let known = || values.iter().filter_map(|(_, v)| *v);
        let (low, high) = (known().min().unwrap_or(0), known().max().unwrap_or(0));
        match (low < 0, high) {
            _ if e.scoped => ScalarTy::I32,
            (_, h) if h <= i128::from(i32::MAX) && low >= i128::from(i32::MIN) => ScalarTy::I32,
            (false, h) if h <= i128::from(u32::MAX) => ScalarTy::U32,
            (_, h) if h <= i128::from(i64::MAX) => ScalarTy::I64,
            _ => ScalarTy::U64,
        }
    }

    /// All enumerators with their values.
    fn enum_values(&mut self, e: &'a Enum) -> Vec<(&'a str, Option<i128>)> {
        let mut next = Some(0i128);
        let mut out: Vec<(&'a str, Option<i128>)> = Vec::new();
        // Initialisers may name earlier enumerators.
        self.push_scope();
        for (name, init) in &e.values {
            if let Some(x) = init {
                next = self.const_int(x);
            }
            let b = match next {
                Some(v) => {
                    let s = match v {
                        v if i32::try_from(v).is_ok() => ScalarTy::I32,
                        v if u32::try_from(v).is_ok() => ScalarTy::U32,
                        _ => ScalarTy::I64,
                    };
                    Binding::Place(Place::Val(Value::scalar(Expr::constant(s, v as u64))))
                }
                None => Binding::Opaque,
            };
            self.bind(name, b);
            if let Some(span) = e.places.get(out.len()) {
                match e.scoped {
                    true => self.log_constant(*span, &format!("{}::{name}", e.name), next),
                    false => self.log_constant(*span, name, next),
                }
            }
            out.push((name, next));
            next = next.map(|v| v + 1);
        }
        self.pop_scope();
        out
    }
}
