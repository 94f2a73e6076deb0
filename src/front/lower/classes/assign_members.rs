//! Assignments of objects that a class does not write itself ([class.copy.assign]).
//!
//! Purpose: which assignment is the implicit one, and the implicit one member by member: a member whose
//! class has an operator of its own is assigned by it. Soundness direction: exact.

use crate::front::ast::{ItemKind, Member};

use crate::front::lower::call::Arg;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::fold;
use crate::front::lower::types::Ty;
use crate::front::lower::value::Place;

/// How an object is assigned to one of its class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Assignment {
    /// By what the compiler declares.
    Implicit,
    /// By an operator of the class.
    Own,
    /// A template competes with the implicit one.
    Unclear,
}

impl<'a> Lowerer<'a> {
    /// Assigns one object to another of its class or of one derived from it, where no operator that the
    /// class declares does; `false` where it is for operators to do.
    pub fn assign_object(&mut self, to: &Place, from: &Place) -> bool {
        let (Ty::Record(x), Ty::Record(id)) = (from.ty(), to.ty()) else {
            return false;
        };
        let id = *id;
        if !self.is_base(id, *x) {
            return false;
        }
        match self.assignment(id) {
            Assignment::Own => false,
            Assignment::Unclear => {
                let name = self.type_name(to.ty());
                let what = format!("assignment to `{name}`, which has a template of `operator=`");
                self.unsupported(what, true, true, Vec::new());
                true
            }
            Assignment::Implicit => {
                let from = self.base_place(from.clone(), id);
                self.quietly(|l| l.assign_whole(to.clone(), from));
                true
            }
        }
    }

    fn assignment(&self, id: u32) -> Assignment {
        let Some(r) = self.recs.get(id as usize) else {
            return Assignment::Unclear;
        };
        let mut template = false;
        for m in r.decl.members.iter().flatten() {
            if let Member::Item(i) = m
                && let ItemKind::Function(f) = &i.kind
                && f.name.last_name() == "operator="
                && !f.is_friend
            {
                template |= f.template.is_some();
            }
        }
        match (template, r.special.own_assign) {
            (true, _) => Assignment::Unclear,
            (false, true) => Assignment::Own,
            (false, false) => Assignment::Implicit,
        }
    }

    fn assign_whole(&mut self, to: Place, from: Place) {
        match to.ty().clone() {
            Ty::Record(id) if self.special(to.ty()).assign => {
                let Some(r) = self.recs.get(id as usize) else {
                    return;
                };
                if r.is_union {
                    let what = "assignment of a union whose members have operators";
                    self.unsupported(what, true, true, Vec::new());
                    return;
                }
                for i in 0..r.fields.len() {
                    let t = self.nth_field(to.clone(), i);
                    let f = self.nth_field(from.clone(), i);
                    if let (Some(t), Some(f)) = (t, f) {
                        self.assign_member(t, f);
                    }
                }
            }
            Ty::Array(t, n) if self.special(&t).assign => {
                for i in 0..n {
                    let i = fold::u32c(i as u32);
                    let t = self.element_place(to.clone(), i.clone());
                    let f = self.element_place(from.clone(), i);
                    self.assign_member(t, f);
                }
            }
            _ => {
                // Copies of bits: the assignments of all parts are the implicit ones.
                let v = self.load_bits(from);
                self.store(&to, v);
            }
        }
    }

    fn assign_member(&mut self, to: Place, from: Place) {
        if !matches!(to.ty(), Ty::Record(_)) {
            return self.assign_whole(to, from);
        }
        if self.assign_object(&to, &from) {
            return;
        }
        let name = self.type_name(to.ty());
        let args = vec![Arg::Place(to), Arg::Place(from)];
        if self.operator("operator=", args, &[]).is_none() {
            self.unsupported(format!("assignment to `{name}`"), true, true, Vec::new());
        }
    }

    /// Whether an `operator=` that was found is one of the class: those of its bases are hidden by
    /// its own ([class.copy.assign]/8), but for a `using`.
    pub fn assigns(&self, id: u32, declared_in: Option<u32>) -> bool {
        let used = |m: &Member| {
            matches!(m, Member::Item(i) if matches!(&i.kind, ItemKind::UsingDecl(p)
                if p.last_name() == "operator="))
        };
        declared_in == Some(id)
            || self
                .recs
                .get(id as usize)
                .is_some_and(|r| r.decl.members.iter().flatten().any(used))
    }
}
