//! Storage of variables, pointer variables among them.
//!
//! Soundness direction: exact; a pointer that may hold something unknown is unknown.

use crate::front::lower::ctx::{Candidates, Lowerer, ObjKey, Slot};
use crate::front::lower::fold::u32c;
use crate::front::lower::layout::component_name;
use crate::front::lower::types::Ty;
use crate::front::lower::value::{KeyId, NULL_TAG, PtrVal, Store, Target};
use crate::ir::*;
use std::rc::Rc;

impl<'a> Lowerer<'a> {
    /// Storage for a variable: scalars, pointer slots, or memory where that was learnt.
    pub fn new_storage(
        &mut self,
        ty: &Ty,
        name: &str,
        key: KeyId,
        path: &mut Vec<u32>,
        mutable: bool,
    ) -> Rc<Store> {
        let big = matches!(ty, Ty::Array(..)) && self.leaf_count(ty) > 256;
        if big
            || self.persist.memory.contains(&(key, path.clone()))
            || matches!(ty, Ty::Record(id) if self.recs.get(*id as usize).is_some_and(|r| r.is_union))
        {
            let k = ObjKey::Thread(key, path.clone(), self.path());
            let o = self.describe_object(name, Space::Thread, ty);
            return Rc::new(Store::Mem(self.object(k, || o)));
        }
        let n = match ty {
            Ty::Scalar(s) | Ty::Enum(_, s) | Ty::Atomic(s) => {
                let v = self.new_var(name.to_string(), *s, !mutable, self.span);
                return Rc::new(Store::Var(v, *s));
            }
            Ty::Pointer(..) | Ty::Ref(..) | Ty::Null => {
                let slot = self.new_slot(name, key, path.clone());
                return Rc::new(Store::Ptr(slot));
            }
            Ty::Vector(_, n, _) => usize::from(*n),
            Ty::Simdgroup(_) => 2,
            Ty::Matrix(_, c, _) => usize::from(*c),
            Ty::Array(_, n) => *n as usize,
            Ty::Record(id) => self.recs.get(*id as usize).map_or(0, |r| r.fields.len()),
            _ => 0,
        };
        let mut parts = Vec::new();
        for i in 0..n {
            let t = self.part_type(ty, i);
            let part = match ty {
                Ty::Vector(..) => format!("{name}.{}", component_name(i)),
                Ty::Record(id) => {
                    let f = self
                        .recs
                        .get(*id as usize)
                        .and_then(|r| r.fields.get(i))
                        .map_or("", |f| f.name.as_str());
                    if f.is_empty() {
                        name.to_string()
                    } else {
                        format!("{name}.{f}")
                    }
                }
                _ => format!("{name}[{i}]"),
            };
            path.push(i as u32);
            parts.push(self.new_storage(&t, &part, key, path, mutable));
            path.pop();
        }
        Rc::new(Store::Agg(parts))
    }

    pub fn new_slot(&mut self, name: &str, key: KeyId, path: Vec<u32>) -> usize {
        let key = (self.path(), key, path);
        let known = self
            .persist
            .candidates
            .get(&key)
            .cloned()
            .unwrap_or_default();
        let span = self.span;
        let several = known.objects.len() + usize::from(known.null) > 1;
        let tag =
            several.then(|| self.new_var(format!("{name}.object"), ScalarTy::U32, false, span));
        let offset = self.new_var(format!("{name}.offset"), ScalarTy::I64, false, span);
        self.slots.push(Slot {
            key,
            tag,
            offset,
            known,
            used: false,
        });
        self.slots.len() - 1
    }

    /// Reads a pointer variable.
    pub fn read_slot(&mut self, i: usize) -> PtrVal {
        let Some(s) = self.slots.get_mut(i) else {
            return PtrVal::unknown();
        };
        s.used = true;
        let offset = Expr::var(ScalarTy::I64, s.offset);
        if s.known.unknown {
            return PtrVal::unknown();
        }
        let objs: Vec<ObjectId> = s.known.objects.iter().copied().collect();
        let target = match (s.tag, objs.as_slice()) {
            (None, [o]) => Target::Obj(*o),
            (Some(t), _) => Target::Multi(Expr::var(ScalarTy::U32, t), objs.into()),
            (None, _) => Target::Multi(u32c(NULL_TAG), objs.into()),
        };
        PtrVal { target, offset }
    }

    /// Assigns a pointer variable.
    pub fn write_slot(&mut self, i: usize, p: PtrVal) {
        let (tag, cands) = self.tag_of(&p);
        let Some(s) = self.slots.get(i).cloned() else {
            return;
        };
        let mut merged = s.known.clone();
        merged.objects.extend(cands.objects);
        merged.null |= cands.null;
        // What is unknown only because something was learnt in this pass is not kept.
        merged.unknown |= cands.unknown && !self.restart;
        if merged != s.known {
            let several = merged.objects.len() + usize::from(merged.null) > 1;
            if s.used || several {
                self.restart = true;
            }
            let e = self.persist.candidates.entry(s.key.clone()).or_default();
            e.objects.extend(merged.objects.iter().copied());
            e.null |= merged.null;
            e.unknown |= merged.unknown;
            if let Some(s) = self.slots.get_mut(i) {
                s.known = merged;
            }
        }
        if let Some(t) = s.tag {
            self.assign(t, tag);
        }
        self.assign(s.offset, p.offset);
    }

    /// The tag of a pointer and what it may point to.
    pub fn tag_of(&mut self, p: &PtrVal) -> (Expr, Candidates) {
        let mut c = Candidates::default();
        let tag = match &p.target {
            Target::Obj(o) => {
                c.objects.insert(*o);
                u32c(o.0)
            }
            Target::Multi(t, objs) => {
                c.objects.extend(objs.iter().copied());
                c.null = !objs.is_empty();
                t.clone()
            }
            Target::Null => {
                c.null = true;
                u32c(NULL_TAG)
            }
            Target::Reg(r) => {
                self.learn_memory(r.key, &r.path);
                u32c(NULL_TAG)
            }
            Target::Unknown => {
                c.unknown = true;
                u32c(NULL_TAG)
            }
        };
        (tag, c)
    }
}
