//! Calls of which it is not known what they do.
//!
//! Purpose: such a call may read and write what it can reach through what it is given, at any offset, and set the
//! variables that it is given; it contains a barrier only where a function of its name may come to one
//! (`names::hides`). Soundness direction: over-approximates; what is reached through something that is not understood
//! is everything.

use std::collections::BTreeSet;

use crate::ir::{AtomicOp, Expr, ObjectId, ScalarTy, Shape, Space, Stmt, VarId};

use crate::front::ast::{Type, TypeKind};
use crate::front::lower::call::Arg;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::scope::FuncCand;
use crate::front::lower::types::{Ty, is_tensor};
use crate::front::lower::value::{Leaf, Place, PtrVal, Store, Target, Value};

/// What a call may reach through what it is given.
#[derive(Default)]
pub struct Reach {
    /// Memory.
    pub objects: BTreeSet<ObjectId>,
    /// Variables.
    pub vars: Vec<VarId>,
    /// Pointer variables.
    pub slots: Vec<usize>,
    /// All memory that the kernel can reach.
    pub everything: bool,
    /// It may touch anything at any time, though it reaches no more.
    pub wild: bool,
    /// Code that may be called.
    pub code: bool,
    /// Only what values lead to; variables are not written.
    pub by_value: bool,
}

impl<'a> Lowerer<'a> {
    /// A call to something that is not known; `declared` in the file, or else a function of the library, none of
    /// which contains a barrier but the barriers.
    pub fn unknown_call(&mut self, name: &str, args: &[Arg<'a>], declared: bool) -> Place {
        let what = match declared {
            true => format!("call to `{name}`"),
            false => format!("call to undeclared function `{name}`"),
        };
        self.unknown_call_as(what, name, args, declared)
    }

    /// A call that may mean several functions.
    pub fn ambiguous_call(&mut self, name: &str, args: &[Arg<'a>]) -> Place {
        let what = format!("call to `{name}`, which may mean several functions");
        self.unknown_call_as(what, name, args, true)
    }

    /// A new object of a class that is not known, made of these; it may do something when it ends, too.
    pub fn unknown_object(&mut self, what: String, args: &[Arg<'a>]) {
        let hides = self.syms.hides();
        let (silent, ends) = (hides.silently(), hides.destroys());
        let mut reach = self.reach_of(args);
        reach.everything |= ends;
        // It may keep references to variables, and change them later.
        let control = silent || ends || reach.code || self.holds_variables(&reach);
        self.may_touch(what, reach, control, true);
    }

    fn holds_variables(&self, r: &Reach) -> bool {
        !r.vars.is_empty() || !r.slots.is_empty() || r.objects.iter().any(|o| self.is_thread(*o))
    }

    fn reach_of(&mut self, args: &[Arg<'a>]) -> Reach {
        let mut reach = Reach::default();
        for a in args {
            match a {
                Arg::Place(p) => self.reach(p, &mut reach),
                Arg::List(_) => reach.everything = true,
            }
        }
        reach
    }

    fn unknown_call_as(
        &mut self,
        what: String,
        name: &str,
        args: &[Arg<'a>],
        declared: bool,
    ) -> Place {
        let mut reach = self.reach_of(args);
        let copy = name.contains("async_copy");
        let waits = !copy && name.contains("simdgroup_event");
        let library = copy || waits;
        let hides = self.syms.hides();
        let (barrier, refers) = (hides.may(name), hides.refers(name));
        // Through what it yields, variables may change later.
        let later = refers && self.holds_variables(&reach);
        let control = declared && !library && (reach.code || barrier || later);
        if copy {
            self.remember_copy(&mut reach);
        } else if waits {
            // It is given events only.
            reach = Reach {
                objects: self.persist.copied.objects.clone(),
                everything: self.persist.copied.unknown,
                ..Reach::default()
            };
        }
        self.may_touch(what, reach, control, !library);
        Place::Val(Value {
            ty: Ty::Unknown(name.into()),
            leaves: vec![Leaf::S(Expr::undef(ScalarTy::F32))],
        })
    }

    /// What is not understood may do anything to what it reaches.
    pub fn may_touch(&mut self, what: String, mut reach: Reach, control: bool, atomics: bool) {
        self.close_reach(&mut reach);
        let texture = |o: &ObjectId| {
            let o = self.persist.objects.get(o.index());
            o.is_some_and(|o| o.space == Space::Texture)
        };
        reach.everything |= reach.objects.iter().any(texture);
        if !reach.by_value {
            for slot in std::mem::take(&mut reach.slots) {
                self.redirect(slot, &reach);
            }
        }
        let memory = reach.everything || reach.wild;
        self.unsupported(what, memory, control, reach.vars);
        let (private, shared): (BTreeSet<_>, BTreeSet<_>) =
            reach.objects.into_iter().partition(|o| self.is_thread(*o));
        self.forget_private(private.into_iter().collect());
        if !memory {
            self.touch(&shared, atomics);
        }
    }

    /// A pointer variable that a call may have set: to anything that it reaches in the address space of the pointer.
    fn redirect(&mut self, slot: usize, r: &Reach) {
        let p = self.read_slot(slot);
        let space = |l: &Self, o: &ObjectId| l.persist.objects.get(o.index()).map(|o| o.space);
        let spaces: BTreeSet<_> = match &p.target {
            Target::Obj(o) => space(self, o).into_iter().collect(),
            Target::Multi(_, all) => all.iter().filter_map(|o| space(self, o)).collect(),
            _ => BTreeSet::new(),
        };
        let fits = |o: &&ObjectId| space(self, o).is_some_and(|s| spaces.contains(&s));
        let all: Vec<ObjectId> = r.objects.iter().filter(fits).copied().collect();
        let target = match all.as_slice() {
            [] => Target::Unknown,
            _ if r.everything => Target::Unknown,
            [one] => Target::Obj(*one),
            _ => Target::Multi(Expr::undef(ScalarTy::U32), all.into()),
        };
        let offset = Expr::undef(ScalarTy::I64);
        self.write_slot(slot, PtrVal { target, offset });
    }

    /// Arguments of a call that is one of these functions, whichever: what all of them take by value, or as `const T&`,
    /// no call changes.
    pub fn unchanged(&mut self, cands: &[FuncCand<'a>], args: &[Arg<'a>]) -> Vec<Arg<'a>> {
        let mut out = Vec::new();
        for (i, a) in args.iter().enumerate() {
            let value = cands.iter().all(|c| {
                c.f.params
                    .get(i)
                    .is_some_and(|p| !p.pack && self.takes_value(&p.ty))
            });
            out.push(match a {
                Arg::Place(p @ Place::Reg(r)) if value && !cands.is_empty() => match r.ty {
                    Ty::Scalar(_)
                    | Ty::Enum(..)
                    | Ty::Vector(..)
                    | Ty::Matrix(..)
                    | Ty::Pointer(..) => Arg::Place(Place::Val(self.load(p.clone()))),
                    _ => a.clone(),
                },
                _ => a.clone(),
            });
        }
        out
    }

    fn takes_value(&mut self, t: &'a Type) -> bool {
        match &t.kind {
            TypeKind::Reference(i, rvalue) => i.quals.is_const && !rvalue,
            // An alias may hide a reference.
            TypeKind::Named(p) => p.as_ident().is_some() && self.alias_of(p).is_none(),
            TypeKind::Auto | TypeKind::Pointer(_) | TypeKind::Array(..) => true,
            _ => false,
        }
    }

    /// Adds what pointers in reached memory may lead to.
    fn close_reach(&mut self, r: &mut Reach) {
        if r.objects.is_empty() {
            return;
        }
        let stored = &self.persist.stored;
        r.everything |= stored.unknown;
        r.objects.extend(stored.objects.iter().copied());
        let host = self.host_pointers().host;
        r.everything |= host.iter().any(|(o, _)| r.objects.contains(o));
    }

    /// What is reached through a place: what is there, by reference, and what it points to.
    pub fn reach(&mut self, p: &Place, r: &mut Reach) {
        match p {
            Place::Val(v) => {
                for l in &v.leaves {
                    if let Leaf::P(ptr) = l {
                        self.reach_pointer(ptr, r);
                    }
                }
            }
            Place::Reg(reg) => {
                if !r.by_value {
                    self.learn_mutated(reg.key);
                }
                let store = reg.store.clone();
                self.reach_store(&store, r);
            }
            Place::Mem(t, ptr, _) => {
                r.everything |= self.has_pointers(t);
                self.reach_pointer(ptr, r);
            }
            Place::Comp(b, ..) | Place::Dyn(b, ..) => self.reach(b, r),
            Place::Pick(_, a, b) => {
                self.reach(a, r);
                self.reach(b, r);
            }
        }
        let (open, code, tensor) = self.opens(p.ty());
        r.everything |= open || code;
        r.code |= code;
        if let Ty::Texture(_, _, true) = p.ty() {
            let o = self.writable_texture(&p.ty().clone());
            r.objects.insert(o);
        }
        if tensor {
            r.objects
                .extend(self.persist.tensors.objects.iter().copied());
            r.everything |= self.persist.tensors.unknown;
        }
    }

    /// Whether a value of a type may lead anywhere, to code, or to the memory of tensors.
    fn opens(&self, t: &Ty) -> (bool, bool, bool) {
        match t {
            Ty::Unknown(_) => (true, self.syms.hides().called(), false),
            Ty::Lambda(_) | Ty::Func(_) => (true, true, false),
            Ty::Opaque(n) => {
                let known = is_tensor(n) || &**n == "sampler";
                (!known, false, n.starts_with("tensor"))
            }
            Ty::Array(t, _) | Ty::Unsized(t) | Ty::Pointer(t, _) | Ty::Ref(t, _) | Ty::Const(t) => {
                self.opens(t)
            }
            Ty::Record(id) => {
                let fields = self.recs.get(*id as usize).map_or(&[][..], |r| &r.fields);
                let mut all = (false, false, false);
                // A class that holds a pointer to its own kind is not looked into twice.
                for f in fields.iter().filter(|f| !matches!(f.ty, Ty::Pointer(..))) {
                    let mut one = self.opens(&f.ty);
                    one.0 |= matches!(f.ty, Ty::Texture(_, _, true));
                    all = (all.0 | one.0, all.1 | one.1, all.2 | one.2);
                }
                all
            }
            _ => (false, false, false),
        }
    }

    fn reach_pointer(&mut self, p: &PtrVal, r: &mut Reach) {
        match &p.target {
            Target::Obj(o) => {
                r.objects.insert(*o);
            }
            Target::Multi(_, all) if !all.is_empty() => r.objects.extend(all.iter().copied()),
            Target::Reg(reg) => self.learn_memory(reg.key, &reg.path),
            Target::Null => {}
            Target::Multi(..) | Target::Unknown => r.everything = true,
        }
    }

    fn reach_store(&mut self, s: &Store, r: &mut Reach) {
        match s {
            Store::Var(v, _) => r.vars.push(*v),
            Store::Agg(parts) => parts.iter().for_each(|p| self.reach_store(p, r)),
            Store::Mem(o) => {
                r.objects.insert(*o);
            }
            Store::Ptr(slot) => {
                let p = self.read_slot(*slot);
                self.reach_pointer(&p, r);
                r.slots.push(*slot);
            }
            Store::Imm(Leaf::P(p)) => self.reach_pointer(p, r),
            Store::Imm(Leaf::S(_)) => {}
        }
    }

    /// Reads and writes of unknown bytes of shared objects.
    pub fn touch(&mut self, objects: &BTreeSet<ObjectId>, atomics: bool) {
        for &o in objects {
            let Some((space, read_only)) = (self.persist.objects.get(o.index()))
                .map(|x| (x.space, x.read_only))
                .filter(|(s, _)| !matches!(s, Space::Thread | Space::Constant))
            else {
                continue;
            };
            let dst = vec![self.temp_var(ScalarTy::U8)];
            let access = self.anywhere(o, 1);
            self.emit(Stmt::Load {
                dst,
                ty: ScalarTy::U8,
                access,
            });
            if read_only {
                continue;
            }
            let access = self.anywhere(o, 1);
            self.emit(Stmt::Store {
                src: vec![Expr::undef(ScalarTy::U8)],
                ty: ScalarTy::U8,
                access,
            });
            if atomics && space == Space::Device {
                let dst = self.temp_var(ScalarTy::U32);
                let access = self.anywhere(o, 4);
                self.emit(Stmt::Atomic {
                    dst: Some(dst),
                    observed: None,
                    op: AtomicOp::Exchange,
                    operands: vec![Expr::undef(ScalarTy::U32)],
                    ty: ScalarTy::U32,
                    access,
                });
            }
        }
    }

    fn anywhere(&mut self, o: ObjectId, width: u64) -> crate::ir::Access {
        self.access(o, Expr::undef(ScalarTy::I64), Shape::Bytes(width))
    }

    /// A copy that goes on after its call, until a wait for it. Nothing orders it with what others do meanwhile, so that
    /// a barrier in between orders nothing of it that would be ordered no more without the barrier; what the barriers
    /// before its call and behind the wait order is seen as the call's and the wait's. That it may race meanwhile is
    /// why the call counts as one that may touch everything: of such a kernel nothing is claimed as written.
    fn remember_copy(&mut self, r: &mut Reach) {
        self.close_reach(r);
        let known = &mut self.persist.copied;
        let before = (known.objects.len(), known.unknown);
        known.objects.extend(r.objects.iter().copied());
        known.unknown |= r.everything;
        self.restart |= before != (known.objects.len(), known.unknown);
        r.wild = true;
    }

    /// What a call may write through a reference.
    pub fn collect_vars(&mut self, s: &Store, vars: &mut Vec<VarId>, objects: &mut Vec<ObjectId>) {
        let mut r = Reach::default();
        self.reach_store(s, &mut r);
        for slot in std::mem::take(&mut r.slots) {
            self.write_slot(slot, PtrVal::unknown());
        }
        vars.extend(r.vars);
        objects.extend(r.objects);
    }

    /// Private objects hold unspecified bytes from here on.
    pub fn forget_private(&mut self, objects: Vec<ObjectId>) {
        for o in objects {
            if !self.is_thread(o) {
                continue;
            }
            let size = self.persist.objects.get(o.index()).and_then(|o| o.size);
            let n = size.unwrap_or(0);
            let src = (0..n).map(|_| Expr::undef(ScalarTy::U8)).collect();
            self.store_run(&PtrVal::object(o), ScalarTy::U8, src, n);
        }
    }
}
