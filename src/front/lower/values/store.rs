//! Stores. With `memory`, the only place that emits accesses of values.
//!
//! Soundness direction: exact; stores through unknown pointers become `Unsupported` with memory
//! effects.

use crate::front::lower::access::{access_width, comp_runs, mentions};
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::fold;
use crate::front::lower::types::Ty;
use crate::front::lower::value::{Leaf, Place, PtrVal, RegPlace, Store, Target, Value};
use crate::ir::*;
use std::collections::BTreeSet;
use std::rc::Rc;

impl<'a> Lowerer<'a> {
    /// Writes a value of the place's own type.
    pub fn store(&mut self, p: &Place, v: Value) {
        match p {
            // What the target is was not understood (or the pass is to be repeated anyway).
            Place::Val(_) => {
                if !self.restart {
                    self.unsupported("assignment to this expression", true, false, Vec::new());
                }
            }
            Place::Pick(c, a, b) => {
                let v = self.freeze_value(v);
                let (then, ()) = self.in_block(|l| l.store(a, v.clone()));
                let (els, ()) = self.in_block(|l| l.store(b, v));
                let span = self.span;
                self.emit_if(c.clone(), then, els, span);
            }
            Place::Reg(r) => self.store_reg(r, v),
            Place::Mem(ty, ptr, _) => self.store_mem(ty, ptr, &v),
            Place::Comp(base, idx, _) => match &**base {
                Place::Mem(bt, ptr, _) => {
                    let Some(s) = bt.element() else { return };
                    let vals = v.scalars();
                    for (a, b) in comp_runs(idx) {
                        let at = ptr.plus(u64::from(idx[a]) * s.size());
                        let src = vals.get(a..b).unwrap_or(&[]).to_vec();
                        let w = (b - a) as u64 * s.size();
                        self.store_run(&at, s, src, w);
                    }
                }
                other => {
                    let mut whole = self.load(other.clone());
                    for (i, leaf) in idx.iter().zip(v.leaves) {
                        if let Some(l) = whole.leaves.get_mut(usize::from(*i)) {
                            *l = leaf;
                        }
                    }
                    self.store(other, whole);
                }
            },
            Place::Dyn(base, index, ty) => {
                let index = self.atom(index.clone());
                let mut whole = self.load((**base).clone());
                let n = self.leaf_count(ty).max(1);
                let v = self.freeze_value(v);
                for (i, part) in whole.leaves.chunks_mut(n).enumerate() {
                    let c =
                        fold::binary(BinOp::Eq, index.clone(), Expr::constant(index.ty, i as u64));
                    for (old, new) in part.iter_mut().zip(&v.leaves) {
                        *old = self.select_leaf(&c, new.clone(), old.clone());
                    }
                }
                self.store(base, whole);
            }
        }
    }

    pub fn store_reg(&mut self, r: &RegPlace, mut v: Value) {
        if !self.persist.mutated.contains(&r.key) && !self.constructing.contains(&r.key) {
            self.learn_mutated(r.key);
        }
        if v.leaves.len() > 1 {
            // Parts are assigned in order: a later part must not read an earlier target.
            let mut order = Vec::new();
            self.store_vars(&r.ty, &r.store, &mut order);
            let mut earlier = BTreeSet::new();
            let mut leaves = Vec::new();
            for (i, l) in v.leaves.into_iter().enumerate() {
                leaves.push(match l {
                    Leaf::S(e) if mentions(&e, &earlier) => Leaf::S(self.freeze(e)),
                    Leaf::P(p) => Leaf::P(self.freeze_ptr(p)),
                    other => other,
                });
                if let Some(Some(t)) = order.get(i) {
                    earlier.insert(*t);
                }
            }
            v.leaves = leaves;
        }
        let mut it = v.leaves.into_iter();
        self.store_tree(&r.ty, &r.store, &mut it);
    }

    pub fn store_vars(&self, ty: &Ty, s: &Rc<Store>, out: &mut Vec<Option<VarId>>) {
        match &**s {
            Store::Var(v, _) => out.push(Some(*v)),
            Store::Agg(parts) => {
                for (i, p) in parts.iter().enumerate() {
                    self.store_vars(&self.part_type(ty, i), p, out);
                }
            }
            Store::Mem(_) => out.extend((0..self.leaf_count(ty)).map(|_| None)),
            Store::Imm(_) | Store::Ptr(_) => out.push(None),
        }
    }

    pub fn store_tree(&mut self, ty: &Ty, s: &Rc<Store>, it: &mut dyn Iterator<Item = Leaf>) {
        match &**s {
            Store::Var(v, t) => {
                if let Some(Leaf::S(e)) = it.next() {
                    let e = fold::cast(e, *t);
                    self.assign(*v, e);
                }
            }
            Store::Imm(_) => {
                it.next();
            }
            Store::Ptr(slot) => {
                if let Some(Leaf::P(p)) = it.next() {
                    self.write_slot(*slot, p);
                }
            }
            Store::Mem(o) => {
                let n = self.leaf_count(ty);
                let leaves: Vec<Leaf> = it.take(n).collect();
                let v = Value {
                    ty: ty.clone(),
                    leaves,
                };
                self.store_mem(ty, &PtrVal::object(*o), &v);
            }
            Store::Agg(parts) => {
                for (i, p) in parts.iter().enumerate() {
                    let t = self.part_type(ty, i);
                    self.store_tree(&t, p, it);
                }
            }
        }
    }

    pub fn store_mem(&mut self, ty: &Ty, ptr: &PtrVal, v: &Value) {
        self.reject_unknown(ty);
        let mut at = 0;
        for r in self.runs(ty) {
            let leaves = v.leaves.get(at..at + r.count).unwrap_or(&[]);
            at += r.count;
            match r.scalar {
                Some(s) => {
                    let src: Vec<Expr> = leaves
                        .iter()
                        .map(|l| match l {
                            Leaf::S(e) => fold::cast(e.clone(), s),
                            Leaf::P(_) => Expr::undef(s),
                        })
                        .collect();
                    if src.iter().all(|e| matches!(e.kind, ExprKind::Undef))
                        && matches!(ptr.target, Target::Obj(o) if self.is_thread(o))
                    {
                        continue;
                    }
                    let width = access_width(ty, s, r.count);
                    self.store_run(&ptr.plus(r.offset), s, src, width);
                }
                None => {
                    let p = Self::pointer_of(leaves.first());
                    self.store_pointer(&ptr.plus(r.offset), &p);
                }
            }
        }
    }

    /// Writes consecutive scalars.
    pub fn store_run(&mut self, at: &PtrVal, s: ScalarTy, src: Vec<Expr>, width: u64) {
        self.for_targets(
            at,
            &mut |l, o, off| {
                let access = l.access(o, off, Shape::Bytes(width));
                l.emit(Stmt::Store {
                    src: src.clone(),
                    ty: s,
                    access,
                });
            },
            "store through a pointer of unknown target",
            &[],
        );
    }
}
