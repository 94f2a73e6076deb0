//! Store trees: the shape of a type with one leaf per scalar or pointer.
//!
//! Soundness direction: exact.

use std::rc::Rc;

use crate::ir::ScalarTy;

use super::ctx::Lowerer;
use super::types::Ty;
use super::value::{Store, Value};

impl<'a> Lowerer<'a> {
    /// A store tree with one immutable leaf per value leaf.
    pub fn imm_store(&self, v: &Value) -> Rc<Store> {
        let mut it = v.leaves.iter().cloned();
        self.build_store(&v.ty, &mut |_| it.next().map(Store::Imm))
    }

    /// Builds a store tree of a type from leaves; `Ty` tells the leaf function what is wanted.
    pub fn build_store(&self, ty: &Ty, leaf: &mut dyn FnMut(&Ty) -> Option<Store>) -> Rc<Store> {
        Rc::new(match ty {
            Ty::Vector(s, n, _) => {
                let t = Ty::Scalar(*s);
                Store::Agg((0..*n).map(|_| self.build_store(&t, leaf)).collect())
            }
            Ty::Matrix(s, c, r) => {
                let t = Ty::Vector(*s, *r, false);
                Store::Agg((0..*c).map(|_| self.build_store(&t, leaf)).collect())
            }
            Ty::Simdgroup(s) => {
                let t = Ty::Scalar(*s);
                Store::Agg((0..2).map(|_| self.build_store(&t, leaf)).collect())
            }
            Ty::Array(t, n) => Store::Agg((0..*n).map(|_| self.build_store(t, leaf)).collect()),
            Ty::Record(id) => {
                let Some(r) = self.recs.get(*id as usize) else {
                    return Rc::new(Store::Agg(Vec::new()));
                };
                if r.is_union {
                    let t = Ty::Scalar(ScalarTy::U8);
                    Store::Agg((0..r.size).map(|_| self.build_store(&t, leaf)).collect())
                } else {
                    let fields: Vec<Ty> = r.fields.iter().map(|f| f.ty.clone()).collect();
                    Store::Agg(fields.iter().map(|t| self.build_store(t, leaf)).collect())
                }
            }
            Ty::Scalar(_)
            | Ty::Enum(..)
            | Ty::Atomic(_)
            | Ty::Pointer(..)
            | Ty::Ref(..)
            | Ty::Null => match leaf(ty) {
                Some(s) => s,
                None => Store::Agg(Vec::new()),
            },
            _ => Store::Agg(Vec::new()),
        })
    }
}
