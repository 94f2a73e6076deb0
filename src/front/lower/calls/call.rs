//! Calls: which function is meant, and overload resolution.
//!
//! Soundness direction: a call whose target is not known is `Unsupported`, with memory effects if
//! any pointer or reference is passed.

use crate::front::ast::{Expr as AExpr, ExprKind as EK, Path, Type};
use crate::source::Span;

use crate::front::lower::adl::{no_class, only_ours};
use crate::front::lower::class::Own;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::log::How;
use crate::front::lower::overload::{Choice, Given};
use crate::front::lower::rank::Rank;
use crate::front::lower::scope::{Entity, Env, FuncCand, FuncSet};
use crate::front::lower::symbols::{GLOBAL, NsId, What};
use crate::front::lower::template::Deduced;
use crate::front::lower::types::Ty;
use crate::front::lower::value::{Place, Value};

/// An argument: evaluated to a place, or a braced list that waits for its type.
#[derive(Clone)]
pub enum Arg<'a> {
    /// A place (a temporary for rvalues).
    Place(Place),
    /// `{a, b}`
    List(&'a [AExpr]),
}

/// What a member is called on, and the arguments.
fn on<'a>(this: Place, args: Vec<Arg<'a>>) -> Vec<Arg<'a>> {
    [Arg::Place(this)].into_iter().chain(args).collect()
}

impl<'a> Lowerer<'a> {
    /// Evaluates an argument.
    pub fn arg(&mut self, e: &'a AExpr) -> Arg<'a> {
        match &e.kind {
            EK::InitList(v) => Arg::List(v),
            _ => Arg::Place(self.place(e)),
        }
    }

    pub fn args(&mut self, args: &'a [AExpr]) -> Vec<Arg<'a>> {
        let mut out: Vec<Arg<'a>> = Vec::new();
        for e in args {
            if crate::front::lower::expr::has_effects(e) {
                // Earlier arguments keep the values they had.
                for a in &mut out {
                    if let Arg::Place(p) = a {
                        *p = self.freeze_place(p.clone());
                    }
                }
            }
            match &e.kind {
                EK::Pack(inner) => out.extend(self.expanded_args(inner)),
                _ => out.push(self.arg(e)),
            }
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

    pub fn call_path(&mut self, p: &'a Path, args: &'a [AExpr], span: Span) -> Place {
        match self.entity(p) {
            Entity::Type(t) => Place::Val(self.construct(&t, args, false)),
            Entity::Place(callee) => self.call_object(callee, args, span),
            Entity::Funcs(mut set) => {
                let exprs: Vec<&AExpr> = args.iter().collect();
                let depends = self.call_depends(&exprs);
                let args = self.args(args);
                if set.open {
                    self.add_by_arguments(&mut set, &args, depends);
                }
                let library = self.library_shares(&set, &args);
                match self.call_set(&set, &args, library, span) {
                    Some(r) => r,
                    None if library => self.call_builtin(p, None, set.targs.clone(), args, span),
                    None => {
                        let args = self.given(&set, &args);
                        self.unknown_call(&set.name, &args, true)
                    }
                }
            }
            Entity::Unclear(name) => {
                let args = self.args(args);
                self.ambiguous_call(&name, &args)
            }
            Entity::Builtin(ns, name, targs) => {
                // `S(args)` where `S` is a class template whose arguments are deduced.
                if let Some(t) = self.class_by_name(p, args) {
                    return Place::Val(self.construct(&t, args, false));
                }
                let exprs: Vec<&AExpr> = args.iter().collect();
                let depends = self.call_depends(&exprs);
                let args = self.args(args);
                if p.segments.len() == 1 && !p.global {
                    let mut set = FuncSet {
                        name: name.to_string(),
                        cands: Vec::new(),
                        targs: targs.clone(),
                        open: true,
                        named: p.span,
                    };
                    self.add_by_arguments(&mut set, &args, depends);
                    let library = crate::front::lower::builtins::is_builtin_function(name);
                    if !set.cands.is_empty()
                        && let Some(r) = self.call_set(&set, &args, library, span)
                    {
                        return r;
                    }
                }
                self.call_builtin(p, ns, targs, args, span)
            }
        }
    }

    fn add_by_arguments(&mut self, set: &mut FuncSet<'a>, args: &[Arg<'a>], depends: bool) {
        for c in self.by_arguments(&set.name.clone(), args, depends) {
            if !set.cands.iter().any(|o| std::ptr::eq(o.f, c.f)) {
                set.cands.push(c);
            }
        }
    }

    /// Whether functions of the library are candidates beside those of the file: where these stand
    /// in the global namespace, beside `using namespace metal`, or an argument is of a type of it.
    fn library_shares(&self, set: &FuncSet<'a>, args: &[Arg<'a>]) -> bool {
        let library = |t: &Ty| {
            !matches!(
                t,
                Ty::Scalar(_) | Ty::Record(_) | Ty::Lambda(_) | Ty::Func(_)
            )
        };
        let beside = |ns: NsId| ns == GLOBAL || self.in_metal(ns);
        crate::front::lower::builtins::is_builtin_function(&set.name)
            && set.cands.iter().all(|c| c.rec.is_none() || c.f.is_friend)
            && (set.cands.iter().any(|c| beside(c.at.ns))
                || args
                    .iter()
                    .any(|a| matches!(a, Arg::Place(p) if library(p.ty()))))
    }

    pub fn class_by_name(&mut self, p: &'a Path, args: &'a [AExpr]) -> Option<Ty> {
        let d = self.class_template(p)?;
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
                && let Some((_, full)) = self.template_env(params, &out, None, d.at)
                && let Some(t) = self.instantiate_named(p.last_name(), Some(full), d.at.ns)
            {
                return Some(t);
            }
        }
        None
    }

    pub fn call_method(
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
            let within = self.qualified_base(id, name);
            match self.class_member(within, last, false) {
                Some((_, Own::Funcs(cands))) => {
                    let args = self.args(args);
                    let given = Given {
                        targs: targs.as_deref(),
                        ..Given::on(&this, &args)
                    };
                    return match self.select_overload(&cands, given) {
                        Choice::One(c, env, _) => {
                            self.log_call(name.span, How::Name, &c);
                            self.call_member(&c, env, this, args, span)
                        }
                        Choice::None | Choice::Library => {
                            let args = self.unchanged(&cands, &args);
                            self.unknown_call(last, &on(this, args), true)
                        }
                        Choice::Ambiguous => {
                            let args = self.unchanged(&cands, &args);
                            self.ambiguous_call(last, &on(this, args))
                        }
                    };
                }
                Some((_, Own::Field(_))) => {
                    if let Some(p) = self.field_place(this.clone(), last) {
                        return self.call_object(p, args, span);
                    }
                }
                Some(_) => {
                    let args = self.args(args);
                    return self.ambiguous_call(last, &on(this, args));
                }
                None if last.starts_with('~') => {
                    let what = format!("explicit call of the destructor `{last}`");
                    self.unsupported(what, true, true, Vec::new());
                    return Place::Val(Value::void());
                }
                None => {}
            }
        }
        let args = self.args(args);
        self.builtin_method(this, last, targs.unwrap_or_default(), args)
    }

    /// The class that `x.Base::f` looks into.
    fn qualified_base(&mut self, id: u32, name: &'a Path) -> u32 {
        if name.segments.len() < 2 {
            return id;
        }
        match self.container(name) {
            crate::front::lower::scope::Container::Type(Ty::Record(b)) => b,
            _ => id,
        }
    }

    pub fn call_member(
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
    pub fn call_object(&mut self, callee: Place, args: &'a [AExpr], span: Span) -> Place {
        let args = self.args(args);
        match callee.ty().clone() {
            Ty::Lambda(id) => self.call_lambda(id, args, span),
            Ty::Func(i) => {
                let Some(set) = self.funcs.get(i as usize).cloned() else {
                    return self.unknown_call("function", &on(callee, args), true);
                };
                match self.call_set(&set, &args, false, span) {
                    Some(p) => p,
                    None => self.unknown_call(&set.name, &on(callee, args), true),
                }
            }
            Ty::Record(id) => {
                let cands = self.member_functions(id, "operator()");
                match self.select_overload(&cands, Given::on(&callee, &args)) {
                    Choice::One(c, env, _) => {
                        self.log_call(span, How::Operator, &c);
                        self.call_member(&c, env, callee, args, span)
                    }
                    Choice::None | Choice::Library => {
                        self.unknown_call("operator()", &on(callee, args), true)
                    }
                    Choice::Ambiguous => self.ambiguous_call("operator()", &on(callee, args)),
                }
            }
            t => {
                let n = self.type_name(&t);
                self.unknown_call(&n, &on(callee, args), true)
            }
        }
    }

    /// Calls one of a set of functions; `None` when none fits. With `library`, functions of the
    /// library are candidates, too: only an exact match is surely better.
    pub fn call_set(
        &mut self,
        set: &FuncSet<'a>,
        args: &[Arg<'a>],
        library: bool,
        span: Span,
    ) -> Option<Place> {
        let object = self.frames.last().and_then(|f| f.this.clone());
        let members = set.cands.iter().any(|c| c.rec.is_some() && !c.f.is_friend);
        let shared = match library && set.targs.is_none() {
            true => self.library_candidates(&set.name, args),
            false => None,
        };
        let given = Given {
            targs: set.targs.as_deref(),
            object: object.as_ref().filter(|_| members),
            open: library,
            library: shared.as_ref(),
            ..Given::args(args)
        };
        let (c, env) = match self.select_overload(&set.cands, given) {
            Choice::One(c, env, rank) => {
                if library && rank != Rank::Exact && !only_ours(args) {
                    let args = self.given(set, args);
                    return Some(self.ambiguous_call(&set.name, &args));
                }
                (c, env)
            }
            Choice::None | Choice::Library => return None,
            Choice::Ambiguous => {
                let args = self.given(set, args);
                return Some(self.ambiguous_call(&set.name, &args));
            }
        };
        self.log_call(set.named, How::Name, &c);
        let this = match (c.rec, c.f.is_static) {
            (Some(r), false) => object.map(|t| self.base_place(t, r)),
            _ => None,
        };
        Some(self.inline_call(&c, env, this, args.to_vec(), span))
    }

    /// Calls an overloaded operator ([over.match.oper]): members, and what names and operands lead to.
    pub fn operator(&mut self, name: &str, args: Vec<Arg<'a>>, exprs: &[&AExpr]) -> Option<Place> {
        let span = self.span;
        let mut cands: Vec<FuncCand<'a>> = Vec::new();
        if let Some(Arg::Place(first)) = args.first()
            && let Ty::Record(id) = *first.ty()
        {
            cands = self.member_functions(id, name);
            if name == "operator=" {
                cands.retain(|c| self.assigns(id, c.rec));
            }
        }
        for n in self.named(name, None, false) {
            if let What::Function(f) = n.what {
                cands.push(FuncCand {
                    f,
                    at: n.at,
                    rec: None,
                    defaults: None,
                });
            }
        }
        let depends = self.call_depends(exprs);
        for c in self.by_arguments(name, &args, depends) {
            if !cands.iter().any(|o| std::ptr::eq(o.f, c.f)) {
                cands.push(c);
            }
        }
        let member = |c: &FuncCand<'a>| usize::from(c.rec.is_some() && !c.f.is_friend);
        cands.retain(|c| c.f.params.len() + member(c) == args.len());
        let given = Given {
            operator: true,
            ..Given::args(&args)
        };
        match self.select_overload(&cands, given) {
            Choice::One(_, _, Rank::User) if no_class(&args) => None,
            Choice::One(c, env, rank) => {
                let converts = |a: &Arg<'a>| {
                    matches!(a, Arg::Place(p) if matches!(p.ty(), Ty::Record(id)
                        if self.recs.get(*id as usize).is_some_and(|r| self.has_conversion(r.decl))))
                };
                // The built-in operator may be as good.
                if rank == Rank::User && args.iter().any(converts) {
                    return Some(self.ambiguous_call(name, &args));
                }
                self.log_call(span, How::Operator, &c);
                if member(&c) == 1 {
                    let Some(Arg::Place(this)) = args.first().cloned() else {
                        return None;
                    };
                    return Some(self.call_member(&c, env, this, args[1..].to_vec(), span));
                }
                Some(self.inline_call(&c, env, None, args, span))
            }
            Choice::None | Choice::Library => None,
            Choice::Ambiguous => Some(self.ambiguous_call(name, &args)),
        }
    }

    /// What a call of members is given, the object included.
    fn given(&mut self, set: &FuncSet<'a>, args: &[Arg<'a>]) -> Vec<Arg<'a>> {
        let args = match set.targs {
            None => self.unchanged(&set.cands, args),
            Some(_) => args.to_vec(),
        };
        let this = self.frames.last().and_then(|f| f.this.clone());
        let member = set.cands.iter().any(|c| c.rec.is_some() && !c.f.is_friend);
        let object = this.filter(|_| member).map(Arg::Place);
        object.into_iter().chain(args).collect()
    }
}
