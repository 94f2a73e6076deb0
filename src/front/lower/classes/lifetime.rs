//! Special members: destructors, copies, assignments ([class.dtor], [class.copy.ctor],
//! [class.copy.elision]).
//!
//! Purpose: run what C++ runs where objects begin and end. Variables are destroyed where their scope
//! ends, by `return`, `break` and `continue` too, in reverse order. A copy of an lvalue runs its copy
//! constructor; of an rvalue there is none (elision). Soundness direction: exact; an object that would
//! have to be destroyed and is not a variable (a temporary, a parameter by value) is unsupported, and
//! so is every copy of an object with a copy constructor that is not made through [`Lowerer::copied`].

use crate::front::ast::{Function, ItemKind, Member, Record, TypeKind};
use crate::source::Span;

use crate::front::lower::call::Arg;
use crate::front::lower::class::base_name;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::fold;
use crate::front::lower::scope::{Env, FuncCand};
use crate::front::lower::types::Ty;
use crate::front::lower::value::{Place, Value};

/// Which special members do something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Special {
    /// Its end runs code.
    pub dtor: bool,
    /// A copy runs code, or is not allowed.
    pub copy: bool,
    /// The class itself declares how it is copied.
    pub own_copy: bool,
    /// An assignment runs code, or is not allowed.
    pub assign: bool,
    /// The class itself declares how it is assigned.
    pub own_assign: bool,
}

impl Special {
    /// What the class declares itself.
    pub fn of(d: &Record) -> Special {
        let mut s = Special::default();
        for m in d.members.iter().flatten() {
            let Member::Item(i) = m else { continue };
            let ItemKind::Function(f) = &i.kind else {
                continue;
            };
            let name = f.name.last_name();
            let counts = !f.defaulted_or_deleted || f.is_deleted;
            if f.is_friend || !counts {
                continue;
            }
            if name.starts_with('~') {
                s.dtor = true;
            } else if name == "operator=" {
                s.own_assign |= f.template.is_some() || takes_own(f, d, true);
                s.assign |= s.own_assign;
            } else if f.ret.is_none() && base_name(name) == d.name {
                let forwards = f.template.is_some() && takes_any(f);
                if takes_own(f, d, false) || forwards {
                    s.copy = true;
                    s.own_copy = true;
                }
            }
        }
        s
    }

    /// With those of a member.
    pub fn and(self, o: Special) -> Special {
        Special {
            dtor: self.dtor || o.dtor,
            copy: self.copy || o.copy,
            own_copy: self.own_copy,
            assign: self.assign || o.assign,
            own_assign: self.own_assign,
        }
    }
}

/// Whether the first parameter is a reference to the class (or, where `value` says so, the class).
fn takes_own(f: &Function, d: &Record, value: bool) -> bool {
    let Some(p) = f.params.first() else {
        return false;
    };
    if f.params.iter().skip(1).any(|p| p.default.is_none()) {
        return false;
    }
    let named = |k: &TypeKind| matches!(k, TypeKind::Named(p) if p.last_name() == d.name);
    match &p.ty.kind {
        TypeKind::Reference(i, _) => named(&i.kind),
        k => value && named(k),
    }
}

/// Whether a template takes anything by reference to what is not `const`.
fn takes_any(f: &Function) -> bool {
    matches!(f.params.first().map(|p| &p.ty.kind), Some(TypeKind::Reference(i, _))
        if !i.quals.is_const)
}

impl<'a> Lowerer<'a> {
    /// Which special members of a type do something.
    pub fn special(&self, ty: &Ty) -> Special {
        match ty {
            Ty::Array(t, _) => self.special(t),
            Ty::Record(id) => self
                .recs
                .get(*id as usize)
                .map_or(Special::default(), |r| r.special),
            _ => Special::default(),
        }
    }

    // ---- ends ----

    /// A variable is an object that ends with its scope.
    pub fn own(&mut self, p: &Place, span: Span) {
        if !self.special(p.ty()).dtor {
            return;
        }
        if self
            .frames
            .last()
            .is_some_and(|f| f.ctl_scope == f.scopes.len())
        {
            self.unsupported(
                "variable with a destructor among the labels of a `switch`",
                true,
                true,
                Vec::new(),
            );
        }
        if let Some(f) = self.frames.last_mut() {
            f.cleanups.push((f.scopes.len(), p.clone(), span));
        }
    }

    /// Destroys the variables of all scopes deeper than `depth`; they stay known.
    pub fn run_cleanups(&mut self, depth: usize) {
        let all = self
            .frames
            .last()
            .map_or(Vec::new(), |f| f.cleanups.clone());
        let span = self.span;
        for (at, p, _) in all.into_iter().rev() {
            if at > depth {
                self.destroy(p);
            }
        }
        self.span = span;
    }

    /// Closes a scope; what it declared is destroyed where control reaches its end.
    pub fn close_scope(&mut self, reached: bool) {
        let open = self.frames.last().map_or(0, |f| f.scopes.len());
        if reached {
            self.run_cleanups(open.saturating_sub(1));
        }
        if let Some(f) = self.frames.last_mut() {
            f.cleanups.retain(|(at, ..)| *at < open);
        }
        self.pop_scope();
    }

    /// Runs the destructor of an object, then those of its members, last first.
    pub fn destroy(&mut self, p: Place) {
        match p.ty().clone() {
            Ty::Array(t, n) if self.special(&t).dtor => {
                for i in (0..n).rev() {
                    let e = self.element_place(p.clone(), fold::u32c(i as u32));
                    self.destroy(e);
                }
            }
            Ty::Record(id) if self.special(p.ty()).dtor => self.destroy_record(id, p),
            _ => {}
        }
    }

    fn destroy_record(&mut self, id: u32, p: Place) {
        let Some(r) = self.recs.get(id as usize) else {
            return;
        };
        let (fields, at, decl) = (r.fields.len(), r.at, r.decl);
        if r.is_union {
            self.unsupported("end of a union", true, true, Vec::new());
            return;
        }
        let own = decl.members.iter().flatten().find_map(|m| match m {
            Member::Item(i) => match &i.kind {
                ItemKind::Function(f) if f.name.last_name().starts_with('~') => Some(&**f),
                _ => None,
            },
            Member::Field(..) => None,
        });
        if let Some(f) = own.filter(|f| !f.defaulted_or_deleted) {
            let c = FuncCand {
                f,
                at,
                rec: Some(id),
                defaults: None,
            };
            let span = self.span;
            self.inline_call(&c, Env::new(), Some(p.clone()), Vec::new(), span);
        }
        for i in (0..fields).rev() {
            if let Some(f) = self.nth_field(p.clone(), i)
                && self.special(f.ty()).dtor
            {
                self.destroy(f);
            }
        }
    }

    // ---- temporaries ----

    /// An object without a name was made; somebody has to own it.
    pub fn unowned(&mut self, ty: &Ty) {
        if self.special(ty).dtor {
            let span = self.span;
            self.temporaries.push(span);
        }
    }

    /// The last object that was made since there were `before` is owned now.
    pub fn adopt(&mut self, before: usize) {
        if self.temporaries.len() > before {
            self.temporaries.pop();
        }
    }

    /// The end of a full expression: what nobody owns would be destroyed here.
    pub fn end_of_expression(&mut self) {
        if let Some(span) = self.temporaries.first().copied() {
            self.temporaries.clear();
            let outer = std::mem::replace(&mut self.span, span);
            self.unsupported("temporary object with a destructor", true, true, Vec::new());
            self.span = outer;
        }
    }

    // ---- copies ----

    /// The value of a new object that is initialised with a place: an rvalue is that object, an
    /// lvalue is copied.
    pub fn copied(&mut self, p: Place) -> Value {
        let Ty::Record(id) = *p.ty() else {
            return self.load(p);
        };
        if p.is_rvalue() || !self.special(p.ty()).copy {
            return self.load(p);
        }
        let key = self.key(self.span, "%copy");
        let q = self.construct_with(id, vec![Arg::Place(p)], "%copy", key, false);
        self.settle(&q, key);
        self.load_bits(q)
    }

    /// What an implicit copy constructor does: each member is copied.
    pub fn copy_members(&mut self, id: u32, to: &Place, from: &Place) {
        let Some(r) = self.recs.get(id as usize) else {
            return;
        };
        let (fields, is_union) = (r.fields.len(), r.is_union);
        if is_union {
            self.unsupported(
                "copy of a union with copy constructors",
                true,
                true,
                Vec::new(),
            );
            return;
        }
        for i in 0..fields {
            let (Some(t), Some(f)) = (
                self.nth_field(to.clone(), i),
                self.nth_field(from.clone(), i),
            ) else {
                continue;
            };
            self.copy_object(t, f);
        }
    }

    fn copy_object(&mut self, to: Place, from: Place) {
        match to.ty().clone() {
            t if !self.special(&t).copy => {
                let v = self.load(from);
                self.store(&to, v);
            }
            Ty::Record(id) => self.run_constructor(id, to, vec![Arg::Place(from)], false),
            Ty::Array(_, n) => {
                for i in 0..n {
                    let i = fold::u32c(i as u32);
                    let t = self.element_place(to.clone(), i.clone());
                    let f = self.element_place(from.clone(), i);
                    self.copy_object(t, f);
                }
            }
            _ => {}
        }
    }
}
