//! Declarations of local variables and program-scope constants.
//!
//! Purpose: give each variable its storage. A variable that is never written after its
//! initialisation is bound to its value; threadgroup variables are one object per declaration and
//! function instance. Soundness direction: exact.

use crate::front::ast::{AddressSpace, Declarator, Expr as AExpr, Init, Type, TypeKind, VarDecl};
use crate::ir::Space;
use crate::source::Span;

use super::ctx::{Lowerer, ObjKey};
use super::scope::Binding;
use super::types::{Cv, Ty};
use super::value::{Place, PtrVal, RegPlace, Store, Value};

/// The address space of a declared variable: on the type or on the innermost array element.
pub fn declared_space(t: &Type) -> Option<AddressSpace> {
    match (&t.quals.space, &t.kind) {
        (Some(s), _) => Some(*s),
        (None, TypeKind::Array(e, _) | TypeKind::Attributed(e, _)) => declared_space(e),
        _ => None,
    }
}

/// `const` and `volatile` of a declared variable, as written.
pub fn declared_cv(t: &Type) -> Cv {
    let own = Cv::from(t.quals);
    match &t.kind {
        TypeKind::Array(e, _) | TypeKind::Attributed(e, _) => own.with(declared_cv(e)),
        _ => own,
    }
}

pub(super) fn is_const(t: &Type) -> bool {
    t.quals.is_const
        || matches!(&t.kind, TypeKind::Array(e, _) | TypeKind::Attributed(e, _) if is_const(e))
}

/// An alias and where its names are looked up.
pub(super) struct AliasDecl<'a> {
    /// The declaration.
    pub alias: &'a crate::front::ast::Alias,
    /// The class that it is a member of.
    pub rec: Option<u32>,
    /// Its place.
    pub at: super::symbols::At,
}

impl<'a> Lowerer<'a> {
    /// `const` and `volatile` of a declared variable, those of an alias included.
    pub(super) fn cv_of_type(&mut self, t: &'a Type) -> Cv {
        let own = declared_cv(t);
        match &t.kind {
            TypeKind::Array(e, _) | TypeKind::Attributed(e, _) => own.with(self.cv_of_type(e)),
            TypeKind::Named(p) => match self.alias_of(p) {
                Some(a) if self.depth < 200 => {
                    self.depth += 1;
                    let mut cv = own.with(self.cv_of_type(&a.alias.ty));
                    // Where its own parameters, or those of its class, may be `const T`.
                    if !cv.is_const && (a.rec.is_some() || a.alias.template.is_some()) {
                        cv.is_const = matches!(self.type_path(p), Some(Ty::Const(_)));
                    }
                    self.depth -= 1;
                    cv
                }
                _ => own.with(self.cv_of_parameter(p)),
            },
            TypeKind::Decltype(e) if matches!(e.kind, crate::front::ast::ExprKind::Path(_)) => {
                own.with(self.speculate(|l| l.place(e).cv()))
            }
            _ => own,
        }
    }

    /// Those of what a template parameter is bound to.
    fn cv_of_parameter(&mut self, p: &'a crate::front::ast::Path) -> Cv {
        let mut found = None;
        if let Some(n) = p.as_ident() {
            found = self.local(n);
            let mut rec = self.frames.last().and_then(|f| f.record);
            while let (None, Some(r)) = (&found, rec.and_then(|r| self.recs.get(r as usize))) {
                found = r.env.get(n).cloned();
                rec = r.outer;
            }
        }
        Cv {
            is_const: matches!(found, Some(Binding::Type(Ty::Const(_)))),
            ..Cv::default()
        }
    }

    /// The alias that a path names, if it does.
    pub(super) fn alias_of(&mut self, p: &'a crate::front::ast::Path) -> Option<AliasDecl<'a>> {
        let name = p.last_name();
        if let Some(last) = p.segments.last()
            && p.segments.len() == 1
            && !p.global
        {
            if self.local(name).is_some() {
                return None;
            }
            let mut rec = self.frames.last().and_then(|f| f.record);
            while let Some(r) = rec {
                if let Some((at, own)) = self.class_member(r, name, true) {
                    return self.member_alias(at, own);
                }
                let r = self.recs.get(r as usize)?;
                if r.env.contains_key(name) || (last.args.is_none() && r.decl.name == name) {
                    return None;
                }
                rec = r.outer;
            }
        }
        let within = match self.container(p) {
            super::scope::Container::None => None,
            super::scope::Container::Space(ns) => Some(ns),
            super::scope::Container::Type(Ty::Record(r)) => {
                let (at, own) = self.class_member(r, name, false)?;
                return self.member_alias(at, own);
            }
            _ => return None,
        };
        let found = self.named(name, within, false);
        let last = found.last()?;
        match last.what {
            super::symbols::What::Alias(alias) => Some(AliasDecl {
                alias,
                rec: None,
                at: last.at,
            }),
            _ => None,
        }
    }

    fn member_alias(&self, rec: u32, own: super::class::Own<'a>) -> Option<AliasDecl<'a>> {
        match own {
            super::class::Own::Alias(alias) => Some(AliasDecl {
                alias,
                rec: Some(rec),
                at: self.recs.get(rec as usize)?.at,
            }),
            _ => None,
        }
    }

    /// Declares the variables of a declaration statement.
    pub fn declaration(&mut self, d: &'a VarDecl) {
        for v in &d.vars {
            self.span = v.span;
            let constant = d.is_constexpr
                || declared_space(&v.ty) == Some(AddressSpace::Constant)
                || (d.is_static && is_const(&v.ty));
            if constant
                && v.init.is_some()
                && !matches!(v.ty.kind, TypeKind::Reference(..) | TypeKind::Pointer(_))
                && let Some(p) = self.constant_variable(v, !d.is_static)
            {
                let p = p.more_cv(Cv {
                    is_const: true,
                    ..Cv::default()
                });
                self.bind(&v.name, Binding::Place(p));
                self.log_origin(&v.name, v.span);
                continue;
            }
            if d.is_static && !is_const(&v.ty) && !d.is_constexpr {
                self.unsupported("static local variable", true, true, Vec::new());
            }
            self.declare(v);
            self.log_origin(&v.name, v.span);
            self.finish_declaration(v, d.is_constexpr);
        }
    }

    /// Qualifiers of a new variable, and its end.
    fn finish_declaration(&mut self, v: &'a Declarator, constexpr: bool) {
        let reference = matches!(v.ty.kind, TypeKind::Reference(..));
        let Some(Binding::Place(p)) = self.local(&v.name) else {
            return;
        };
        let mut cv = self.cv_of_type(&v.ty);
        cv.is_const |= constexpr;
        if let TypeKind::Reference(i, _) = &v.ty.kind {
            cv = self.cv_of_type(i);
            self.bind(&v.name, Binding::Place(p.more_cv(cv)));
            return;
        }
        if !reference && matches!(p, Place::Reg(_)) {
            self.own(&p, v.span);
        }
        self.bind(&v.name, Binding::Place(p.more_cv(cv)));
    }

    pub(super) fn declare(&mut self, v: &'a Declarator) {
        let mut ty = self.resolve_type(&v.ty);
        let auto = ty.is_auto();
        if declared_space(&v.ty) == Some(AddressSpace::Threadgroup)
            && !matches!(v.ty.kind, TypeKind::Pointer(_) | TypeKind::Reference(..))
        {
            let p = self.declare_shared(v, &ty);
            self.bind(&v.name, Binding::Place(p));
            return;
        }
        if let Ty::Ref(inner, _) = &ty {
            let p = match init_expr(&v.init) {
                Some(e) => self.place(e),
                None => Place::Val(self.undef(inner)),
            };
            let p = self.bind_reference(p, inner, &v.name, v.span);
            self.bind(&v.name, Binding::Place(p));
            return;
        }
        if auto {
            let reference = matches!(v.ty.kind, TypeKind::Reference(..));
            let Some(e) = init_expr(&v.init) else {
                self.unsupported("`auto` without initialiser", false, false, Vec::new());
                return;
            };
            let before = self.temporaries.len();
            let p = self.place(e);
            if reference {
                let p = self.freeze_place(p);
                self.bind(&v.name, Binding::Place(p));
                return;
            }
            let value = match p.ty() {
                Ty::Record(_) => self.copied(p),
                _ => self.decay(p),
            };
            self.adopt(before);
            self.span = v.span;
            let p = self.new_local(&v.name, v.span, value);
            self.bind(&v.name, Binding::Place(p));
            return;
        }
        if let Ty::Unsized(t) = &ty
            && let Some(n) = self.list_bound(&v.init)
        {
            ty = Ty::Array(t.clone(), n);
        }
        if let Ty::Unknown(name) = &ty {
            let name = name.clone();
            // An attribute may even run code (`cleanup`).
            let args = match &v.init {
                Some(Init::Assign(e)) => vec![self.arg(e)],
                Some(Init::Paren(all) | Init::Brace(all)) => self.args(all),
                None => Vec::new(),
            };
            self.span = v.span;
            let what = format!("variable of unknown type `{name}`");
            match ty.is_attribute() {
                true => self.unsupported(what, true, true, Vec::new()),
                false => self.unknown_object(what, &args),
            }
            let p = Place::Val(Value {
                ty: ty.clone(),
                leaves: Vec::new(),
            });
            self.bind(&v.name, Binding::Place(p));
            return;
        }
        if let Ty::Record(id) = ty {
            let before = self.temporaries.len();
            let p = self.declare_record_variable(v, id);
            self.adopt(before);
            self.bind(&v.name, Binding::Place(p));
            return;
        }
        let value = match &v.init {
            None => self.default_value(&ty),
            Some(Init::Assign(e)) => self.eval_as(e, &ty),
            Some(Init::Paren(args)) => self.construct(&ty, args, false),
            Some(Init::Brace(args)) => self.construct(&ty, args, true),
        };
        self.span = v.span;
        let p = self.new_local(&v.name, v.span, value);
        self.bind(&v.name, Binding::Place(p));
    }

    pub(super) fn declare_record_variable(&mut self, v: &'a Declarator, id: u32) -> Place {
        let ty = Ty::Record(id);
        let args: Option<(&'a [AExpr], bool)> = match &v.init {
            None => Some((&[], false)),
            Some(Init::Paren(a)) => Some((a, false)),
            Some(Init::Brace(a)) => Some((a, true)),
            Some(Init::Assign(e)) => {
                let value = self.eval_as(e, &ty);
                self.span = v.span;
                return self.new_local(&v.name, v.span, value);
            }
        };
        let (args, brace) = args.unwrap_or((&[], false));
        let decl = self.recs.get(id as usize).map(|r| r.decl);
        let Some(decl) = decl.filter(|d| self.has_constructor(d)) else {
            let value = if args.is_empty() && !brace {
                self.default_value(&ty)
            } else {
                self.construct(&ty, args, brace)
            };
            self.span = v.span;
            return self.new_local(&v.name, v.span, value);
        };
        let _ = decl;
        let key = self.key(v.span, &v.name);
        let p = self.construct_in_place(id, args, brace, &v.name, key);
        self.settle(&p, key);
        p
    }

    /// After construction: variables of a declaration that is never written again are stable.
    pub fn settle(&mut self, p: &Place, key: u32) {
        if self.persist.mutated.contains(&key) {
            return;
        }
        if let Place::Reg(r) = p {
            let store = r.store.clone();
            self.settle_store(&store);
        }
    }

    pub(super) fn settle_store(&mut self, s: &Store) {
        match s {
            Store::Var(v, _) => {
                if let Some(b) = self.stable.get_mut(v.index()) {
                    *b = true;
                }
            }
            Store::Ptr(i) => {
                if let Some(slot) = self.slots.get(*i).cloned() {
                    for v in slot.tag.into_iter().chain([slot.offset]) {
                        if let Some(b) = self.stable.get_mut(v.index()) {
                            *b = true;
                        }
                    }
                }
            }
            Store::Agg(parts) => {
                for p in parts.clone() {
                    self.settle_store(&p);
                }
            }
            _ => {}
        }
    }

    /// Storage for a local variable with its initial value.
    pub fn new_local(&mut self, name: &str, span: Span, value: Value) -> Place {
        let key = self.key(span, name);
        let ty = value.ty.unpacked();
        let value = Value {
            ty: ty.clone(),
            leaves: value.leaves,
        };
        let in_memory = self
            .persist
            .memory
            .range((key, Vec::new())..)
            .next()
            .is_some_and(|(k, _)| *k == key)
            || self.needs_memory(&ty)
            || (matches!(ty, Ty::Array(..)) && self.leaf_count(&ty) > 256)
            || matches!(ty, Ty::Record(_)) && self.leaf_count(&ty) > 256;
        if !in_memory && !self.persist.mutated.contains(&key) {
            let value = self.name_leaves(name, value);
            return Place::Reg(RegPlace {
                store: self.imm_store(&value),
                ty,
                key,
                path: Vec::new(),
                cv: Cv::default(),
                space: None,
            });
        }
        // The variables are new: the value cannot mention them.
        let store = self.new_storage(&ty, name, key, &mut Vec::new(), true);
        let r = RegPlace {
            ty,
            store,
            key,
            path: Vec::new(),
            cv: Cv::default(),
            space: None,
        };
        self.constructing.push(key);
        self.store(&Place::Reg(r.clone()), value);
        self.constructing.pop();
        Place::Reg(r)
    }

    /// Binds a reference to a place.
    pub fn bind_reference(&mut self, p: Place, ty: &Ty, name: &str, span: Span) -> Place {
        let same = p.ty() == ty
            || matches!((p.ty(), ty), (Ty::Array(a, _), Ty::Unsized(b)) if a == b)
            || matches!((p.ty(), ty), (Ty::Unsized(a), Ty::Array(b, _)) if a == b)
            || ty.is_auto();
        if let Place::Val(v) = &p
            && same
            && self.special(&v.ty).dtor
        {
            self.unsupported(
                "reference to a temporary with a destructor",
                true,
                true,
                Vec::new(),
            );
        }
        if let (Ty::Record(a), Ty::Record(b)) = (p.ty(), ty)
            && a != b
            && self.is_base(*b, *a)
        {
            let p = self.base_place(p, *b);
            return self.freeze_place(p);
        }
        match (p, same) {
            (Place::Val(v), true) => self.new_local(name, span, v),
            (p, true) => self.freeze_place(p),
            (p, false) => {
                let v = self.init_from(p, ty);
                self.new_local(name, span, v)
            }
        }
    }

    /// The loop variable of a range-based `for`.
    pub fn declare_from_place(&mut self, v: &'a Declarator, p: Place) {
        let p = match &v.ty.kind {
            TypeKind::Reference(i, _) => {
                let cv = self.cv_of_type(i);
                self.freeze_place(p).more_cv(cv)
            }
            _ => {
                let ty = self.resolve_type(&v.ty);
                let value = match ty {
                    t if t.is_auto() => self.copied(p),
                    t => self.init_from(p, &t),
                };
                let cv = self.cv_of_type(&v.ty);
                let p = self.new_local(&v.name, v.span, value);
                self.own(&p, v.span);
                p.with_cv(cv)
            }
        };
        self.bind(&v.name, Binding::Place(p));
        self.log_origin(&v.name, v.span);
    }

    /// A `threadgroup` variable of a function, with its initialiser.
    fn declare_shared(&mut self, v: &'a Declarator, ty: &Ty) -> Place {
        let s = self.special(ty);
        let made = matches!(ty, Ty::Record(id) if self.recs.get(*id as usize)
            .is_some_and(|r| self.has_constructor(r.decl)));
        let effects = init_expr(&v.init).is_some_and(super::expr::has_effects);
        let what = "threadgroup variable that is initialised or destroyed";
        let run = s.dtor || made || effects;
        if run {
            self.unsupported(what, true, true, Vec::new());
        }
        let p = self.threadgroup_variable(v, ty);
        if !run && v.init.is_some() {
            // Whether it is initialised, when and by whom the language does not say.
            self.note("initialiser of a threadgroup variable");
            let mut r = super::calls::unknown::Reach::default();
            self.reach(&p, &mut r);
            self.touch(&r.objects, false);
        }
        p
    }

    pub(super) fn threadgroup_variable(&mut self, v: &'a Declarator, ty: &Ty) -> Place {
        let owner = self
            .frames
            .last()
            .map_or_else(String::new, |f| f.name.clone());
        if let Ty::Unknown(n) = ty {
            let n = n.clone();
            self.unsupported(
                format!("threadgroup variable of type `{n}`"),
                true,
                false,
                Vec::new(),
            );
        }
        let obj = self.describe_object(&v.name, Space::Threadgroup, ty);
        let key = ObjKey::Threadgroup(v.span, v.name.clone(), owner);
        let o = self.object(key, || obj);
        Place::Mem(ty.clone(), PtrVal::object(o), Cv::from(v.ty.quals))
    }
}

pub(super) fn init_expr(i: &Option<Init>) -> Option<&AExpr> {
    match i {
        Some(Init::Assign(e)) => Some(e),
        Some(Init::Paren(v) | Init::Brace(v)) => v.first(),
        None => None,
    }
}
