//! Constructors and conversion operators of records.
//!
//! Soundness direction: exact.

use crate::front::ast::{
    Expr as AExpr, ExprKind as EK, Function, ItemKind, Member, MemberInit, Path, Record, Type,
    TypeKind,
};
use crate::front::lower::call::Arg;
use crate::front::lower::construct::constructors;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::log::How;
use crate::front::lower::overload::{Choice, Given};
use crate::front::lower::rank::Ics;
use crate::front::lower::record::Field;
use crate::front::lower::scope::FuncCand;
use crate::front::lower::symbols::{Decl, What};
use crate::front::lower::types::{Cv, Ty};
use crate::front::lower::value::{KeyId, Place, RegPlace, Value};

impl<'a> Lowerer<'a> {
    pub fn construct_record(&mut self, id: u32, args: &'a [AExpr], brace: bool) -> Value {
        let Some(decl) = self.recs.get(id as usize).map(|r| r.decl) else {
            return self.undef(&Ty::Record(id));
        };
        let ty = Ty::Record(id);
        if self.has_constructor(decl) {
            // Of an rvalue of its own type nothing new is made.
            if let [one] = args
                && !matches!(one.kind, EK::InitList(_))
                && self.type_of(one) == ty
            {
                return self.eval_as(one, &ty);
            }
            let key = self.key(self.span, "%object");
            let p = self.construct_in_place(id, args, brace, "%object", key);
            self.settle(&p, key);
            self.unowned(&ty);
            return self.load_bits(p);
        }
        if let [one] = args
            && !matches!(one.kind, EK::InitList(_))
        {
            let t = self.type_of(one);
            if let Ty::Record(x) = t
                && (self.is_base(id, x) || self.converts_by_function(x, &ty))
            {
                return self.eval_as(one, &ty);
            }
        }
        let mut it = args.iter().peekable();
        let v = self.fill_record(id, &mut it);
        self.unowned(&ty);
        v
    }

    /// Storage for a record with its constructor run.
    pub fn construct_in_place(
        &mut self,
        id: u32,
        args: &'a [AExpr],
        brace: bool,
        name: &str,
        key: KeyId,
    ) -> Place {
        let args: Vec<Arg<'a>> = self.args(args);
        let _ = brace;
        self.construct_with(id, args, name, key, true)
    }

    pub fn construct_with(
        &mut self,
        id: u32,
        args: Vec<Arg<'a>>,
        name: &str,
        key: KeyId,
        explicit: bool,
    ) -> Place {
        let ty = Ty::Record(id);
        let store = self.new_storage(&ty, name, key, &mut Vec::new(), true);
        let p = Place::Reg(RegPlace {
            ty,
            store,
            key,
            path: Vec::new(),
            cv: Cv::default(),
            space: None,
        });
        self.constructing.push(key);
        self.run_constructor(id, p.clone(), args, explicit);
        self.constructing.pop();
        p
    }

    /// Constructors of a class.
    fn own_constructors(&mut self, id: u32) -> Vec<FuncCand<'a>> {
        let Some((decl, at)) = self.recs.get(id as usize).map(|r| (r.decl, r.at)) else {
            return Vec::new();
        };
        constructors(decl)
            .map(|f| FuncCand {
                f,
                at,
                rec: Some(id),
                defaults: None,
            })
            .collect()
    }

    /// Runs the constructor that fits on a place; an implicit conversion (not `explicit`) leaves out
    /// those that are ([class.conv.ctor]).
    pub fn run_constructor(&mut self, id: u32, p: Place, args: Vec<Arg<'a>>, explicit: bool) {
        let Some(decl) = self.recs.get(id as usize).map(|r| r.decl) else {
            return;
        };
        let name = decl.name.clone();
        let span = self.span;
        let own_copy = self.special(&Ty::Record(id)).own_copy;
        if let [Arg::Place(x)] = args.as_slice()
            && let Ty::Record(from) = *x.ty()
            && self.is_base(id, from)
            && (!own_copy || (from == id && x.is_rvalue()))
        {
            let x = self.base_place(x.clone(), id);
            if x.is_rvalue() || !self.special(&Ty::Record(id)).copy {
                let v = self.load(x);
                self.store(&p, v);
            } else {
                self.copy_members(id, &p, &x);
            }
            return;
        }
        let mut cands = self.own_constructors(id);
        let declared = cands.len();
        cands.retain(|c| !c.f.defaulted_or_deleted && (explicit || !c.f.is_explicit));
        let given = Given {
            // The implicit ones are candidates, too.
            open: declared != cands.len() || args.len() == 1,
            ..Given::args(&args)
        };
        match self.select_overload(&cands, given) {
            Choice::One(c, env, _) => {
                self.log_call(span, How::Implicit, &c);
                self.inline_constructor(&c, env, p, args, span);
            }
            Choice::None | Choice::Library if args.is_empty() => {
                let fields = self.recs.get(id as usize).map_or(0, |r| r.fields.len());
                for i in 0..fields {
                    self.default_field(id, &p, i);
                }
            }
            Choice::None | Choice::Library | Choice::Ambiguous => self.unsupported(
                format!("no single constructor of `{name}` fits"),
                true,
                true,
                Vec::new(),
            ),
        }
    }

    /// Initialises a member that no initialiser names ([class.base.init]).
    fn default_field(&mut self, id: u32, this: &Place, i: usize) {
        let Some(r) = self.recs.get(id as usize) else {
            return;
        };
        let (at, field) = (r.at, r.fields.get(i).cloned());
        let (Some(field), Some(p)) = (field, self.nth_field(this.clone(), i)) else {
            return;
        };
        let v = match (&field.ty, field.init) {
            (ty, Some(init)) => {
                let this = this.clone();
                let before = self.temporaries.len();
                let v = self.with_env(Default::default(), Some(id), at, |l| {
                    if let Some(f) = l.frames.last_mut() {
                        f.this = Some(this);
                    }
                    l.init_value(ty, init)
                });
                self.adopt(before);
                v
            }
            (Ty::Record(x), None) if self.class_has_constructor(*x) => {
                self.quietly(|l| l.run_constructor(*x, p, Vec::new(), true));
                return;
            }
            (ty, None) if self.has_pointers(ty) => return,
            (ty, None) => self.default_value(ty),
        };
        let v = Value {
            ty: field.ty.clone(),
            leaves: v.leaves,
        };
        self.store(&p, v);
    }

    fn class_has_constructor(&self, id: u32) -> bool {
        let decl = self.recs.get(id as usize).map(|r| r.decl);
        decl.is_some_and(|d| self.has_constructor(d))
    }

    /// Initialises the members of an object as a constructor's initialiser list says.
    pub fn run_inits(&mut self, id: u32, this: &Place, f: &'a Function) {
        let Some(r) = self.recs.get(id as usize) else {
            return;
        };
        let (fields, class) = (r.fields.clone(), r.decl.name.clone());
        if let Some(d) = f.inits.iter().find(|i| i.name.last_name() == class) {
            let args = self.args(&d.args);
            self.run_constructor(id, this.clone(), args, true);
            return;
        }
        for m in &f.inits {
            if !fields.iter().any(|x| self.initialises(m, x)) {
                self.span = m.span;
                let what = format!("initialiser of `{}`", m.name.last_name());
                self.unsupported(what, true, true, Vec::new());
            }
        }
        for (i, field) in fields.iter().enumerate() {
            let Some(p) = self.nth_field(this.clone(), i) else {
                continue;
            };
            let Some(m) = f.inits.iter().find(|m| self.initialises(m, field)) else {
                self.default_field(id, this, i);
                continue;
            };
            self.span = m.span;
            if let Ty::Record(x) = &field.ty
                && (self.class_has_constructor(*x) || self.special(&field.ty).copy)
            {
                let before = self.temporaries.len();
                let args = self.args(&m.args);
                if !m.args.is_empty() || self.class_has_constructor(*x) {
                    self.run_constructor(*x, p, args, true);
                    self.adopt(before);
                    continue;
                }
            }
            let before = self.temporaries.len();
            let v = self.construct(&field.ty, &m.args, true);
            self.adopt(before);
            let v = Value {
                ty: field.ty.clone(),
                leaves: v.leaves,
            };
            self.store(&p, v);
        }
    }

    /// Whether an initialiser names a member or base.
    fn initialises(&self, m: &MemberInit, field: &Field<'a>) -> bool {
        if field.is_base {
            return matches!(field.ty, Ty::Record(b) if self.recs.get(b as usize)
                .is_some_and(|r| r.decl.name == m.name.last_name()));
        }
        m.name.last_name() == field.name && !field.name.is_empty()
    }

    /// A new object of a class, by one of its constructors that are not `explicit`.
    pub fn converting_constructor(&mut self, id: u32, from: Place) -> Option<Value> {
        if !self.class_has_constructor(id) {
            return None;
        }
        let key = self.key(self.span, "%converted");
        let args = vec![Arg::Place(from)];
        let p = self.construct_with(id, args, "%converted", key, false);
        self.settle(&p, key);
        self.unowned(&Ty::Record(id));
        Some(self.load_bits(p))
    }

    /// Whether one of the constructors takes the place, without another user-defined conversion.
    pub fn converts_by_constructor(&mut self, id: u32, p: &Place) -> bool {
        let cands = self.own_constructors(id);
        cands.iter().any(|c| {
            let f = c.f;
            let rest = f.params.iter().skip(1).all(|p| p.default.is_some());
            if f.defaulted_or_deleted || f.is_explicit || f.params.is_empty() || !rest {
                return false;
            }
            if f.template.is_some() {
                let args = [Arg::Place(p.clone())];
                return self.viable(c, None, None, &args, false).is_some();
            }
            let types = self.parameter_types(c, Default::default());
            let Some(t) = types.first() else { return false };
            match (t, p.ty()) {
                // Copies are no conversions.
                (t, Ty::Record(_)) if *t.strip_ref() == Ty::Record(id) => false,
                (t, _) => self.value_ics(p, t.strip_ref(), false).is_some(),
            }
        })
    }

    /// Conversion functions of a class and its bases: what they convert to.
    fn conversions(&mut self, id: u32, to: Option<&Ty>) -> Vec<(FuncCand<'a>, Ty)> {
        let Some(r) = self.recs.get(id as usize) else {
            return Vec::new();
        };
        let (decl, at, bases) = (r.decl, r.at, r.bases.clone());
        let mut out: Vec<(FuncCand<'a>, Ty)> = Vec::new();
        for m in decl.members.iter().flatten() {
            if let Member::Item(i) = m
                && let ItemKind::Function(f) = &i.kind
                && f.name.last_name().starts_with("operator ")
                && let Some(t) = &f.ret
            {
                let t = match (&f.template, to) {
                    (Some(_), Some(to)) => to.clone(),
                    (Some(_), None) => Ty::Unknown("conversion".into()),
                    _ => self.with_env(Default::default(), Some(id), at, |l| l.resolve_type(t)),
                };
                let cand = FuncCand {
                    f,
                    at,
                    rec: Some(id),
                    defaults: None,
                };
                out.push((cand, t));
            }
        }
        for (b, _) in bases {
            for (c, t) in self.conversions(b, to) {
                if !out.iter().any(|(_, u)| *u == t) {
                    out.push((c, t));
                }
            }
        }
        out
    }

    /// The type of the one conversion function of a class, for operands of built-in operators.
    pub fn only_conversion(&mut self, id: u32) -> Option<Ty> {
        let all = self.conversions(id, None);
        let first = all.first()?.1.clone();
        let plain = !matches!(first, Ty::Unknown(_));
        let same = all.iter().all(|(c, t)| *t == first && !c.f.is_explicit);
        (plain && same).then(|| first.strip_ref().clone())
    }

    /// Whether a conversion function leads to the type.
    pub fn converts_by_function(&mut self, id: u32, to: &Ty) -> bool {
        let all = self.conversions(id, Some(to));
        all.iter().any(|(c, t)| {
            !c.f.is_explicit && {
                let p = Place::Val(self.undef(t.strip_ref()));
                self.value_ics(&p, to, false).is_some()
            }
        })
    }

    /// A record converted by one of its conversion functions ([over.match.conv]); `None` where there
    /// is none.
    pub fn conversion_operator(&mut self, id: u32, this: Place, to: &Ty) -> Option<Value> {
        let span = self.span;
        let mut found = Vec::new();
        for (c, t) in self.conversions(id, Some(to)) {
            let p = Place::Val(self.undef(t.strip_ref()));
            let explicit = c.f.is_explicit && *to != Ty::BOOL && *t.strip_ref() != *to;
            let Some(second) = self.value_ics(&p, to, false).filter(|_| !explicit) else {
                continue;
            };
            if let Some(first) = self.object_ics(&c, &this, false) {
                found.push((c, first, second));
            }
        }
        let mut quals = found.iter().map(|(c, ..)| c.f.this_quals);
        let one = quals.next();
        // Of an rvalue it may have been forgotten that it was none.
        let forgotten = this.is_rvalue() && quals.any(|q| Some(q) != one);
        let best = (0..found.len())
            .find(|&i| (0..found.len()).all(|j| i == j || better_conversion(&found[i], &found[j])));
        let (c, ..) = match (best, found.is_empty()) {
            (_, true) => return None,
            (Some(i), _) if !forgotten => found.swap_remove(i),
            _ => {
                let what = "conversion by one of several functions";
                self.unsupported(what, true, true, Vec::new());
                return Some(self.undef(to));
            }
        };
        let mut env = crate::front::lower::scope::Env::new();
        if let Some(params) = &c.f.template
            && let Some(p) = params.first()
        {
            env.insert(
                p.name.clone(),
                crate::front::lower::scope::Binding::Type(to.clone()),
            );
        }
        let this = match c.rec {
            Some(r) => self.base_place(this, r),
            None => this,
        };
        self.log_call(span, How::Implicit, &c);
        let p = self.inline_call(&c, env, Some(this), Vec::new(), span);
        Some(match p.ty() {
            Ty::Record(_) => self.copied(p),
            _ => self.decay(p),
        })
    }

    /// The class template that a path names, when it names one.
    pub fn class_template(&mut self, p: &'a Path) -> Option<Decl<'a, Record>> {
        let within = match self.container(p) {
            crate::front::lower::scope::Container::None => None,
            crate::front::lower::scope::Container::Space(ns) => Some(ns),
            _ => return None,
        };
        let found = self.named(p.last_name(), within, false);
        let mut primary = found.iter().filter_map(|n| match n.what {
            What::Record(r) if r.template.is_some() && r.specialization.is_none() => Some(Decl {
                item: r,
                at: n.at,
                span: n.span,
            }),
            _ => None,
        });
        let first = primary.next()?;
        let all = primary.fold(first, |a, b| if b.item.members.is_some() { b } else { a });
        Some(all)
    }

    /// Class template argument deduction for `T{args}` where `T` is a template name: from the
    /// constructor parameters or the members of an aggregate.
    pub fn deduce_class(&mut self, t: Ty, written: &'a Type, args: &'a [AExpr]) -> Ty {
        let (Ty::Unknown(_), TypeKind::Named(path)) = (&t, &written.kind) else {
            return t;
        };
        let name = path.last_name();
        if let Some(d) = self.class_template(path)
            && let Some(params) = &d.item.template
        {
            let types: Vec<Ty> = args.iter().map(|e| self.type_of(e)).collect();
            let mut shapes: Vec<Vec<&'a Type>> = constructors(d.item)
                .map(|f| f.params.iter().map(|p| &p.ty).collect())
                .collect();
            shapes.push(
                d.item
                    .members
                    .iter()
                    .flatten()
                    .filter_map(|m| match m {
                        Member::Field(f, flags) if !flags.is_static => Some(&f.ty),
                        _ => None,
                    })
                    .collect(),
            );
            for shape in shapes {
                if shape.len() < types.len() {
                    continue;
                }
                let mut out = crate::front::lower::template::Deduced::new();
                let ok = shape
                    .iter()
                    .zip(&types)
                    .all(|(p, a)| self.deduce(p, a, params, &mut out));
                if ok
                    && let Some((_, full)) = self.template_env(params, &out, None, d.at)
                    && let Some(t) = self.instantiate_named(name, Some(full), d.at.ns)
                {
                    return t;
                }
            }
        }
        t
    }
}

/// Whether the first conversion is better than the second.
fn better_conversion(a: &(FuncCand<'_>, Ics, Ics), b: &(FuncCand<'_>, Ics, Ics)) -> bool {
    use std::cmp::Ordering::{Equal, Less};
    matches!(
        (a.1.compare(&b.1), a.2.compare(&b.2)),
        (Some(Less), _) | (Some(Equal), Some(Less))
    )
}
