//! Loads, stores and the memory statements they become.
//!
//! Purpose: the only place that emits [`Stmt::Load`] and [`Stmt::Store`]. Soundness direction:
//! exact; accesses through unknown pointers become `Unsupported` with memory effects.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::ir::*;

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::fold;
use crate::front::lower::layout::padded_lanes;
use crate::front::lower::types::Ty;
use crate::front::lower::value::{Leaf, Place, PtrVal, Store, Target, Value};

/// Consecutive leaves of one scalar type.
pub struct Run {
    pub offset: u64,
    pub scalar: Option<ScalarTy>,
    pub count: usize,
}

impl<'a> Lowerer<'a> {
    /// An unspecified value of a type.
    pub fn undef(&self, ty: &Ty) -> Value {
        let leaves = self
            .leaf_types(ty)
            .into_iter()
            .map(|l| match l.scalar {
                Some(s) => Leaf::S(Expr::undef(s)),
                None => Leaf::P(PtrVal::unknown()),
            })
            .collect();
        Value {
            ty: ty.clone(),
            leaves,
        }
    }

    /// The value of a variable without initialiser: nothing is known, but a pointer in it points
    /// nowhere yet.
    pub fn uninitialised(&self, ty: &Ty) -> Value {
        let mut v = self.undef(ty);
        for l in &mut v.leaves {
            if let Leaf::P(p) = l {
                *p = PtrVal::unset();
            }
        }
        v
    }

    /// A zero value of a type.
    pub fn zero(&self, ty: &Ty) -> Value {
        let leaves = self
            .leaf_types(ty)
            .into_iter()
            .map(|l| match l.scalar {
                Some(s) => Leaf::S(Expr::constant(s, 0)),
                None => Leaf::P(PtrVal::null()),
            })
            .collect();
        Value {
            ty: ty.clone(),
            leaves,
        }
    }

    /// Reads a place. An object with a copy constructor is not copied by reading it.
    pub fn load(&mut self, p: Place) -> Value {
        if !matches!(p, Place::Val(_)) && self.special(p.ty()).copy {
            let name = self.type_name(p.ty());
            self.unsupported(format!("copy of `{name}` here"), true, true, Vec::new());
        }
        self.load_bits(p)
    }

    /// Reads a place as it is.
    pub fn load_bits(&mut self, p: Place) -> Value {
        match p {
            Place::Val(v) => v,
            Place::Pick(c, a, b) => self.load_pick(c, *a, *b),
            Place::Reg(r) => {
                let mut leaves = Vec::new();
                self.load_store(&r.ty, &r.store, &mut leaves);
                Value { ty: r.ty, leaves }
            }
            Place::Mem(ty, ptr, _) => self.load_mem(&ty, &ptr),
            Place::Comp(base, idx, ty) => {
                let mut out = Vec::new();
                match *base {
                    Place::Mem(bt, ptr, _) => {
                        let Some(s) = bt.element() else {
                            return self.undef(&ty);
                        };
                        for run in comp_runs(&idx) {
                            let at = ptr.plus(u64::from(idx[run.0]) * s.size());
                            let n = (run.1 - run.0) as u64;
                            let v = self.load_run(&at, s, run.1 - run.0, n * s.size());
                            out.extend(v.into_iter().map(Leaf::S));
                        }
                    }
                    other => {
                        let v = self.load(other);
                        out.extend(
                            idx.iter()
                                .filter_map(|i| v.leaves.get(usize::from(*i)).cloned()),
                        );
                    }
                }
                Value { ty, leaves: out }
            }
            Place::Dyn(base, index, ty) => {
                let whole = self.load(*base);
                let n = self.leaf_count(&ty);
                self.select_part(&whole, &index, n, &ty)
            }
        }
    }

    pub fn select_part(&mut self, whole: &Value, index: &Expr, n: usize, ty: &Ty) -> Value {
        let index = self.atom(index.clone());
        let mut parts = whole.leaves.chunks(n.max(1)).enumerate();
        let Some((_, first)) = parts.next() else {
            return self.undef(ty);
        };
        let mut acc: Vec<Leaf> = first.to_vec();
        for (i, part) in parts {
            let c = fold::binary(BinOp::Eq, index.clone(), Expr::constant(index.ty, i as u64));
            acc = part
                .iter()
                .zip(acc)
                .map(|(x, old)| self.select_leaf(&c, x.clone(), old))
                .collect();
        }
        Value {
            ty: ty.clone(),
            leaves: acc,
        }
    }

    /// `c ? a : b` on leaves.
    pub fn select_leaf(&mut self, c: &Expr, a: Leaf, b: Leaf) -> Leaf {
        match (a, b) {
            (Leaf::S(x), Leaf::S(y)) => Leaf::S(fold::select(c.clone(), x, y)),
            (Leaf::P(x), Leaf::P(y)) => Leaf::P(self.select_ptr(c, x, y)),
            (a, _) => a,
        }
    }

    pub fn load_store(&mut self, ty: &Ty, s: &Rc<Store>, out: &mut Vec<Leaf>) {
        match &**s {
            Store::Var(v, t) => out.push(Leaf::S(Expr::var(*t, *v))),
            Store::Imm(l) => out.push(l.clone()),
            Store::Ptr(slot) => {
                let p = self.read_slot(*slot);
                out.push(Leaf::P(p));
            }
            Store::Mem(o) => {
                let v = self.load_mem(ty, &PtrVal::object(*o));
                out.extend(v.leaves);
            }
            Store::Agg(parts) => {
                for (i, p) in parts.iter().enumerate() {
                    let t = self.part_type(ty, i);
                    self.load_store(&t, p, out);
                }
            }
        }
    }

    /// Type of the `i`-th part of a split variable.
    pub fn part_type(&self, ty: &Ty, i: usize) -> Ty {
        match ty {
            Ty::Vector(s, ..) | Ty::Simdgroup(s) => Ty::Scalar(*s),
            Ty::Matrix(s, _, r) => Ty::Vector(*s, *r, false),
            Ty::Array(t, _) | Ty::Unsized(t) => (**t).clone(),
            Ty::Record(id) => self
                .recs
                .get(*id as usize)
                .and_then(|r| r.fields.get(i))
                .map_or(Ty::Scalar(ScalarTy::U8), |f| f.ty.clone()),
            other => other.clone(),
        }
    }

    pub fn runs(&self, ty: &Ty) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for l in self.leaf_types(ty) {
            if let (Some(r), Some(s)) = (runs.last_mut(), l.scalar)
                && r.scalar == Some(s)
                && r.offset + r.count as u64 * s.size() == l.offset
            {
                r.count += 1;
                continue;
            }
            runs.push(Run {
                offset: l.offset,
                scalar: l.scalar,
                count: 1,
            });
        }
        runs
    }

    pub fn load_mem(&mut self, ty: &Ty, ptr: &PtrVal) -> Value {
        self.reject_unknown(ty);
        let mut leaves = Vec::new();
        for r in self.runs(ty) {
            let at = ptr.plus(r.offset);
            match r.scalar {
                Some(s) => {
                    let width = access_width(ty, s, r.count);
                    let v = self.load_run(&at, s, r.count, width);
                    leaves.extend(v.into_iter().map(Leaf::S));
                }
                None => {
                    let p = self.load_pointer(ty, r.offset, &at);
                    leaves.push(Leaf::P(p));
                }
            }
        }
        Value {
            ty: ty.clone(),
            leaves,
        }
    }

    /// Reads `n` scalars; the value is in variables that are assigned once.
    pub fn load_run(&mut self, at: &PtrVal, s: ScalarTy, n: usize, width: u64) -> Vec<Expr> {
        if let Target::Obj(o) = at.target
            && let Some(v) = self.constant_bytes(o, &at.offset, s, n)
        {
            return v;
        }
        let dst: Vec<VarId> = (0..n).map(|_| self.temp_var(s)).collect();
        let out = dst.iter().map(|v| Expr::var(s, *v)).collect();
        let d = dst.clone();
        self.for_targets(
            at,
            &mut |l, o, off| {
                let access = l.access(o, off, Shape::Bytes(width));
                l.emit(Stmt::Load {
                    dst: d.clone(),
                    ty: s,
                    access,
                });
            },
            "load through a pointer of unknown target",
            &dst,
        );
        out
    }

    pub fn constant_bytes(
        &self,
        o: ObjectId,
        offset: &Expr,
        s: ScalarTy,
        n: usize,
    ) -> Option<Vec<Expr>> {
        let init = self.persist.objects.get(o.index())?.init.as_ref()?;
        let base = usize::try_from(offset.as_int()?).ok()?;
        let size = s.size() as usize;
        (0..n)
            .map(|i| {
                let at = base.checked_add(i * size)?;
                let bytes = init.get(at..at + size)?;
                let mut v = 0u64;
                for (k, b) in bytes.iter().enumerate() {
                    v |= u64::from(*b) << (8 * k);
                }
                Some(Expr::constant(s, v))
            })
            .collect()
    }

    /// Emits one statement per possible target of a pointer.
    pub fn for_targets(
        &mut self,
        at: &PtrVal,
        f: &mut dyn FnMut(&mut Self, ObjectId, Expr),
        what: &str,
        clobbers: &[VarId],
    ) {
        match &at.target {
            Target::Obj(o) => f(self, *o, at.offset.clone()),
            Target::Multi(tag, objs) if !objs.is_empty() => {
                let tag = self.atom(tag.clone());
                let off = self.freeze(at.offset.clone());
                self.target_chain(&tag, objs, &off, f);
            }
            Target::Multi(..) => {
                // Nothing was ever assigned to the pointer.
                self.unsupported(
                    "access through an uninitialised pointer",
                    true,
                    false,
                    clobbers.to_vec(),
                );
            }
            Target::Reg(r) => {
                self.learn_memory(r.key, &r.path);
            }
            Target::Null | Target::Unknown => {
                self.unsupported(what, true, false, clobbers.to_vec());
            }
        }
    }

    pub fn target_chain(
        &mut self,
        tag: &Expr,
        objs: &[ObjectId],
        off: &Expr,
        f: &mut dyn FnMut(&mut Self, ObjectId, Expr),
    ) {
        match objs {
            [] => {}
            [o] => f(self, *o, off.clone()),
            [o, rest @ ..] => {
                let cond = fold::binary(BinOp::Eq, tag.clone(), fold::u32c(o.0));
                let (then, ()) = self.in_block(|l| f(l, *o, off.clone()));
                let (els, ()) = self.in_block(|l| l.target_chain(tag, rest, off, f));
                let span = self.span;
                self.emit_if(cond, then, els, span);
            }
        }
    }

    /// How many bytes a value of unknown type takes is not known either.
    pub fn reject_unknown(&mut self, ty: &Ty) {
        if let Ty::Unknown(n) = ty {
            let what = format!("access to a value of unknown type `{n}`");
            self.unsupported(what, true, false, Vec::new());
        }
    }

    /// Whether an object is private memory.
    pub fn is_thread(&self, o: ObjectId) -> bool {
        self.persist
            .objects
            .get(o.index())
            .is_some_and(|o| o.space == Space::Thread)
    }
}

/// Bytes that an access to a value moves; a vector moves a power of two of components.
pub fn access_width(ty: &Ty, s: ScalarTy, count: usize) -> u64 {
    match ty {
        Ty::Vector(_, n, false) => padded_lanes(*n) * s.size(),
        _ => count as u64 * s.size(),
    }
}

/// Maximal runs of consecutive components, as index ranges into `idx`.
pub fn comp_runs(idx: &[u8]) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (i, c) in idx.iter().enumerate() {
        match out.last_mut() {
            Some((_, end)) if *end == i && i > 0 && idx[i - 1] + 1 == *c => *end = i + 1,
            _ => out.push((i, i + 1)),
        }
    }
    out
}

/// Whether an expression reads one of the variables.
pub fn mentions(e: &Expr, vars: &BTreeSet<VarId>) -> bool {
    match &e.kind {
        ExprKind::Const(_) | ExprKind::Undef => false,
        ExprKind::Var(v) => vars.contains(v),
        ExprKind::Unary(_, a) | ExprKind::Cast(a) | ExprKind::Bitcast(a) => mentions(a, vars),
        ExprKind::Binary(_, a, b) => mentions(a, vars) || mentions(b, vars),
        ExprKind::Select(a, b, c) => mentions(a, vars) || mentions(b, vars) || mentions(c, vars),
        ExprKind::Math(_, v) => v.iter().any(|x| mentions(x, vars)),
    }
}
