//! Calls: which function is meant, and overload resolution.
//!
//! Soundness direction: a call whose target is not known is `Unsupported`, with memory effects if
//! any pointer or reference is passed.

use crate::front::ast::{Expr as AExpr, ExprKind as EK, Path, Type};
use crate::ir::{Expr, ObjectId, ScalarTy, VarId};
use crate::source::Span;

use super::ctx::Lowerer;
use super::scope::{Entity, Env, FuncCand, FuncSet};
use super::template::Deduced;
use super::types::Ty;
use super::value::{Leaf, Place, PtrVal, Store, Target, Value};

/// An argument: evaluated to a place, or a braced list that waits for its type.
#[derive(Clone)]
pub enum Arg<'a> {
    /// A place (a temporary for rvalues).
    Place(Place),
    /// `{a, b}`
    List(&'a [AExpr]),
}

impl<'a> Lowerer<'a> {
    /// Evaluates an argument.
    pub fn arg(&mut self, e: &'a AExpr) -> Arg<'a> {
        match &e.kind {
            EK::InitList(v) => Arg::List(v),
            _ => Arg::Place(self.place(e)),
        }
    }

    pub(super) fn args(&mut self, args: &'a [AExpr]) -> Vec<Arg<'a>> {
        let mut out: Vec<Arg<'a>> = Vec::new();
        for e in args {
            if super::expr::has_effects(e) {
                // Earlier arguments keep the values they had.
                for a in &mut out {
                    if let Arg::Place(p) = a {
                        *p = self.freeze_place(p.clone());
                    }
                }
            }
            out.push(self.arg(e));
        }
        out
    }

    /// `f(args)`
    pub fn call_expr(&mut self, f: &'a AExpr, args: &'a [AExpr]) -> Place {
        let span = self.span;
        match &f.kind {
            EK::Path(p) => self.call_path(p, args, span),
            EK::Member { base, name, arrow } => {
                let this = self.member_base(base, *arrow);
                self.call_method(this, name, args, span)
            }
            _ => {
                let callee = self.place(f);
                self.call_object(callee, args, span)
            }
        }
    }

    pub(super) fn call_path(&mut self, p: &'a Path, args: &'a [AExpr], span: Span) -> Place {
        match self.entity(p) {
            Entity::Type(t) => {
                let t = self.class_call(t, p, args);
                Place::Val(self.construct(&t, args, false))
            }
            Entity::Place(callee) => self.call_object(callee, args, span),
            Entity::Funcs(set) => {
                let qualified_builtin =
                    p.segments.len() > 1 && super::builtins::is_builtin_namespace(p);
                let args = self.args(args);
                if !qualified_builtin && let Some(r) = self.call_set(&set, &args, span) {
                    return r;
                }
                self.call_builtin(p, None, set.targs.clone(), args, span)
            }
            Entity::Builtin(ns, name, targs) => {
                // `S(args)` where `S` is a class template whose arguments are deduced.
                if self.syms.records.contains_key(name) {
                    let t = self.class_by_name(p, args);
                    if let Some(t) = t {
                        return Place::Val(self.construct(&t, args, false));
                    }
                }
                let args = self.args(args);
                self.call_builtin(p, ns, targs, args, span)
            }
        }
    }

    pub(super) fn class_call(&mut self, t: Ty, _p: &'a Path, _args: &'a [AExpr]) -> Ty {
        t
    }

    pub(super) fn class_by_name(&mut self, p: &'a Path, args: &'a [AExpr]) -> Option<Ty> {
        let syms = self.syms.clone();
        let d = syms.records.get(p.last_name())?.first()?;
        let params = d.item.template.as_ref()?;
        let types: Vec<Ty> = args.iter().map(|e| self.type_of(e)).collect();
        let mut shapes: Vec<Vec<&'a Type>> = Vec::new();
        let mut fields = Vec::new();
        for m in d.item.members.iter().flatten() {
            match m {
                crate::front::ast::Member::Field(f, flags) if !flags.is_static => {
                    fields.push(&f.ty);
                }
                crate::front::ast::Member::Item(i) => {
                    if let crate::front::ast::ItemKind::Function(f) = &i.kind
                        && f.ret.is_none()
                        && f.name.last_name() == d.item.name
                    {
                        shapes.push(f.params.iter().map(|p| &p.ty).collect());
                    }
                }
                _ => {}
            }
        }
        shapes.push(fields);
        for s in shapes {
            if s.len() != types.len() {
                continue;
            }
            let mut out = Deduced::new();
            if s.iter()
                .zip(&types)
                .all(|(p, a)| self.deduce(p, a, params, &mut out))
                && let Some((_, full)) = self.template_env(params, &out, None, d.ns.clone())
                && let Some(t) = self.instantiate_named(p.last_name(), Some(full), &[])
            {
                return Some(t);
            }
        }
        None
    }

    pub(super) fn call_method(
        &mut self,
        this: Place,
        name: &'a Path,
        args: &'a [AExpr],
        span: Span,
    ) -> Place {
        let last = name.last_name();
        let targs = name
            .segments
            .last()
            .and_then(|s| s.args.as_ref())
            .map(|a| self.template_args(a));
        if let Ty::Record(id) = *this.ty() {
            if let Some(p) = self.field_place(this.clone(), last) {
                return self.call_object(p, args, span);
            }
            let cands = self.member_functions(id, last);
            if !cands.is_empty() {
                let args = self.args(args);
                if let Some((c, env)) = self.select_overload(&cands, targs.as_deref(), &args) {
                    return self.call_member(&c, env, this, args, span);
                }
                return self.unknown_call(last, &args, true);
            }
        }
        let args = self.args(args);
        self.builtin_method(this, last, args)
    }

    pub(super) fn call_member(
        &mut self,
        c: &FuncCand<'a>,
        env: Env<'a>,
        this: Place,
        args: Vec<Arg<'a>>,
        span: Span,
    ) -> Place {
        let this = match c.rec {
            Some(r) => self.base_place(this, r),
            None => this,
        };
        let this = if c.f.is_static { None } else { Some(this) };
        self.inline_call(c, env, this, args, span)
    }

    /// Calls a value: a closure, a function, or an object with `operator()`.
    pub(super) fn call_object(&mut self, callee: Place, args: &'a [AExpr], span: Span) -> Place {
        let args = self.args(args);
        match callee.ty().clone() {
            Ty::Lambda(id) => self.call_lambda(id, args, span),
            Ty::Func(i) => {
                let Some(set) = self.funcs.get(i as usize).cloned() else {
                    return self.unknown_call("function", &args, true);
                };
                match self.call_set(&set, &args, span) {
                    Some(p) => p,
                    None => self.unknown_call(&set.name, &args, true),
                }
            }
            Ty::Record(id) => {
                let cands = self.member_functions(id, "operator()");
                match self.select_overload(&cands, None, &args) {
                    Some((c, env)) => self.call_member(&c, env, callee, args, span),
                    None => self.unknown_call("operator()", &args, true),
                }
            }
            t => {
                let n = self.type_name(&t);
                self.unknown_call(&n, &args, true)
            }
        }
    }

    /// Calls one of a set of functions; `None` when none fits or has a body.
    pub fn call_set(&mut self, set: &FuncSet<'a>, args: &[Arg<'a>], span: Span) -> Option<Place> {
        let mut cands = set.cands.clone();
        if super::builtins::is_builtin_function(&set.name) {
            // An overload beside a built-in function must fit its first argument exactly.
            cands.retain(|c| self.fits_exactly(c, args));
        }
        let (c, env) = self.select_overload(&cands, set.targs.as_deref(), args)?;
        let this = match (c.rec, c.f.is_static) {
            (Some(r), false) => {
                let this = self.frames.last().and_then(|f| f.this.clone());
                this.map(|t| self.base_place(t, r))
            }
            _ => None,
        };
        Some(self.inline_call(&c, env, this, args.to_vec(), span))
    }

    /// Calls an overloaded operator, as a member of the first operand or as a function.
    pub fn operator(&mut self, name: &str, args: Vec<Arg<'a>>) -> Option<Place> {
        let span = self.span;
        if let Some(Arg::Place(first)) = args.first()
            && let Ty::Record(id) = *first.ty()
        {
            let cands = self.member_functions(id, name);
            if !cands.is_empty()
                && let Some((c, env)) = self.select_overload(&cands, None, &args[1..])
            {
                let this = first.clone();
                return Some(self.call_member(&c, env, this, args[1..].to_vec(), span));
            }
        }
        let syms = self.syms.clone();
        let all = syms.functions.get(name)?;
        let cands: Vec<FuncCand<'a>> = all
            .iter()
            .map(|d| FuncCand {
                f: d.item,
                ns: d.ns.clone(),
                rec: None,
            })
            .collect();
        // Never an operator that converts both operands.
        let exact: Vec<FuncCand<'a>> = cands
            .into_iter()
            .filter(|c| c.f.params.len() == args.len())
            .collect();
        let (c, env) = self.select_strict(&exact, &args)?;
        Some(self.inline_call(&c, env, None, args, span))
    }

    /// What a call may write through a reference to split storage.
    pub fn collect_vars(&mut self, s: &Store, vars: &mut Vec<VarId>, objects: &mut Vec<ObjectId>) {
        match s {
            Store::Var(v, _) => vars.push(*v),
            Store::Agg(parts) => {
                for p in parts {
                    self.collect_vars(p, vars, objects);
                }
            }
            Store::Mem(o) => objects.push(*o),
            Store::Ptr(slot) => {
                let p = self.read_slot(*slot);
                if let Target::Obj(o) = p.target {
                    objects.push(o);
                }
                self.write_slot(*slot, PtrVal::unknown());
            }
            Store::Imm(_) => {}
        }
    }

    /// Private objects hold unspecified bytes from here on.
    pub(super) fn forget_private(&mut self, objects: Vec<ObjectId>) {
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

    /// A call to something that is not known.
    pub fn unknown_call(&mut self, name: &str, args: &[Arg<'a>], declared: bool) -> Place {
        let mut memory = false;
        for a in args {
            if let Arg::Place(p) = a {
                let v = match p {
                    Place::Val(v) => v.leaves.iter().any(|l| matches!(l, Leaf::P(_))),
                    _ => true,
                };
                memory |= v && !matches!(p, Place::Reg(r) if r.ty.scalar().is_some());
                memory |= matches!(p, Place::Mem(..)) || matches!(p.ty(), Ty::Unknown(_));
            }
        }
        let what = if declared {
            format!("call to `{name}`")
        } else {
            format!("call to undeclared function `{name}`")
        };
        // Variables passed by reference or address may be written.
        let mut clobbers = Vec::new();
        let mut private = Vec::new();
        for a in args {
            match a {
                Arg::Place(Place::Reg(r)) => {
                    self.collect_vars(&r.store, &mut clobbers, &mut private);
                    self.learn_mutated(r.key);
                }
                Arg::Place(p) => {
                    let ptr = match p {
                        Place::Mem(_, ptr) => Some(ptr.clone()),
                        Place::Val(v) => v.as_ptr().cloned(),
                        _ => None,
                    };
                    match ptr.map(|p| p.target) {
                        Some(Target::Obj(o)) => private.push(o),
                        Some(Target::Multi(_, objs)) => private.extend(objs.iter().copied()),
                        Some(Target::Reg(r)) => self.learn_memory(r.key, &r.path),
                        _ => {}
                    }
                }
                Arg::List(_) => {}
            }
        }
        self.unsupported(what, memory, declared, clobbers);
        self.forget_private(private);
        Place::Val(Value {
            ty: Ty::Unknown(name.into()),
            leaves: vec![Leaf::S(Expr::undef(ScalarTy::F32))],
        })
    }
}
