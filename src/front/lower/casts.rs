//! Casts by their spelling, and values seen as another type of the same size.
//!
//! Soundness direction: exact.

use super::ctx::Lowerer;
use super::fold::{self};
use super::types::Ty;
use super::value::{Place, PtrVal, Value};
use crate::front::ast::{CastKind, Expr as AExpr, ExprKind as EK, Type};
use crate::ir::{BinOp, Expr, ScalarTy};

impl<'a> Lowerer<'a> {
    pub(super) fn cast(&mut self, kind: CastKind, ty: &'a Type, x: &'a AExpr) -> Place {
        let t = self.resolve_type(ty);
        if kind == CastKind::AsType {
            let v = self.eval(x);
            return Place::Val(self.bitcast_value(v, &t));
        }
        match &t {
            Ty::Ref(inner, q) => {
                let p = self.place(x);
                if q.rvalue {
                    self.unsupported("cast to an rvalue reference", true, true, Vec::new());
                }
                // To a base, the base within the object; else the same bytes.
                let p = match (p.ty(), &**inner) {
                    (Ty::Record(a), Ty::Record(b)) if a != b && self.is_base(*b, *a) => {
                        self.base_place(p, *b)
                    }
                    _ => self.view_as(p, inner),
                };
                return p.with_cv(q.cv);
            }
            Ty::Pointer(..) => {
                let p = self.place(x);
                let v = self.decay(p);
                return Place::Val(match v.ty {
                    Ty::Pointer(..) | Ty::Null => Value {
                        ty: t,
                        leaves: v.leaves,
                    },
                    _ => {
                        self.note("integer converted to a pointer");
                        Value::pointer(t, PtrVal::unknown())
                    }
                });
            }
            Ty::Void => {
                self.place(x);
                return Place::Val(Value::void());
            }
            _ => {}
        }
        if let EK::InitList(args) = &x.kind {
            return Place::Val(self.construct(&t, args, true));
        }
        let p = self.place(x);
        if let Ty::Record(id) = t
            && !matches!(p.ty(), Ty::Record(from) if self.is_base(id, *from))
            && self
                .recs
                .get(id as usize)
                .is_some_and(|r| self.has_constructor(r.decl))
        {
            let key = self.key(self.span, "%object");
            let args = vec![super::call::Arg::Place(p)];
            let q = self.construct_with(id, args, "%object", key, true);
            self.settle(&q, key);
            self.unowned(&t);
            return Place::Val(self.load_bits(q));
        }
        Place::Val(self.init_from(p, &t))
    }

    /// `as_type<T>(v)`: the same bits.
    pub fn bitcast_value(&mut self, v: Value, t: &Ty) -> Value {
        let (Some(from), Some(to)) = (v.ty.element(), t.element()) else {
            self.note("as_type of this type");
            return self.undef(t);
        };
        let comps = v.scalars();
        let n = self.leaf_count(t);
        if comps.len() == n && from.size() == to.size() {
            let out = comps.into_iter().map(|e| fold::bitcast(e, to)).collect();
            return Value::comps(t.clone(), out);
        }
        let unsigned = |bytes: u64| match bytes {
            1 => ScalarTy::U8,
            2 => ScalarTy::U16,
            4 => ScalarTy::U32,
            _ => ScalarTy::U64,
        };
        let (uf, ut) = (unsigned(from.size()), unsigned(to.size()));
        let mut out = Vec::new();
        if from.size() < to.size() {
            let k = (to.size() / from.size()) as usize;
            for part in comps.chunks(k) {
                let mut acc: Option<Expr> = None;
                for (i, e) in part.iter().enumerate() {
                    let w = fold::cast(fold::bitcast(e.clone(), uf), ut);
                    let sh = Expr::constant(ut, i as u64 * from.size() * 8);
                    let w = fold::binary(BinOp::Shl, w, sh);
                    acc = Some(match acc {
                        None => w,
                        Some(a) => fold::binary(BinOp::Or, a, w),
                    });
                }
                out.extend(acc.map(|e| fold::bitcast(e, to)));
            }
        } else {
            let k = (from.size() / to.size().max(1)) as usize;
            for e in comps {
                let e = self.atom(fold::bitcast(e, uf));
                for i in 0..k {
                    let sh = Expr::constant(uf, i as u64 * to.size() * 8);
                    let w = fold::binary(BinOp::Shr, e.clone(), sh);
                    out.push(fold::bitcast(fold::cast(w, ut), to));
                }
            }
        }
        if out.len() != n {
            // Three-component vectors have padding lanes.
            out.resize(n, Expr::undef(to));
        }
        Value::comps(t.clone(), out)
    }
}
