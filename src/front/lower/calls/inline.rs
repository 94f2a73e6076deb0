//! Inlining of calls.
//!
//! Purpose: every call is expanded at its place with its own call path. Reference parameters are
//! aliases of the argument; value parameters are new variables. Soundness direction: exact; recursion
//! and excessive depth become `Unsupported` with all effects.

use crate::front::ast::{Block, Expr as AExpr, Function, Param, Type, TypeKind};
use crate::ir::Expr;
use crate::source::Span;
use std::rc::Rc;

use crate::front::lower::adl::Dependent;
use crate::front::lower::call::Arg;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::scope::{Binding, Env, Frame, FuncCand, Ret};
use crate::front::lower::symbols::What;
use crate::front::lower::types::{Cv, Qual, Ty};
use crate::front::lower::value::{Leaf, Place, Value};

impl<'a> Lowerer<'a> {
    /// The function's name with its template arguments, as shown in call paths.
    fn display_name(&mut self, c: &FuncCand<'a>, env: &Env<'a>) -> String {
        let mut name = c.f.name.last_name().to_string();
        if let Some(params) = &c.f.template
            && !params.is_empty()
        {
            let args: Vec<String> = params
                .iter()
                .filter_map(|p| env.get(&p.name))
                .map(|b| match b {
                    Binding::Type(t) => self.type_name(t),
                    Binding::Place(Place::Val(v)) => v
                        .as_scalar()
                        .and_then(Expr::as_int)
                        .map_or_else(|| "?".into(), |v| v.to_string()),
                    Binding::Func(f) => f.name.clone(),
                    Binding::Template(t) => t.clone(),
                    _ => "?".into(),
                })
                .collect();
            name = format!("{name}<{}>", args.join(", "));
        }
        if let Some(r) = c.rec.and_then(|r| self.recs.get(r as usize)) {
            name = format!("{}::{name}", r.name);
        }
        name
    }

    /// What tells an instance of a function from all others: two closures are two types.
    fn instance_key(&self, c: &FuncCand<'a>, env: &Env<'a>) -> String {
        let mut key = format!("{:p}:{:?}", c.f, c.rec);
        for p in c.f.template.iter().flatten() {
            match env.get(&p.name) {
                Some(Binding::Type(t)) => key.push_str(&format!("|{t:?}")),
                Some(Binding::Pack(v)) => key.push_str(&format!("|{v:?}")),
                Some(Binding::Template(t)) => key.push_str(&format!("|{t}")),
                Some(Binding::Place(Place::Val(v))) => {
                    let e = v.as_scalar().and_then(Expr::as_int);
                    key.push_str(&format!("|{e:?}"));
                }
                Some(Binding::Func(f)) => {
                    for o in &f.cands {
                        key.push_str(&format!("|{:p}", o.f));
                    }
                }
                _ => key.push_str("|?"),
            }
        }
        key
    }

    /// Checks depth and recursion; `true` when the call may be expanded.
    pub fn enter_call(&mut self, key: &str, name: &str, span: Span) -> bool {
        self.span = span;
        // A call costs more than an expression.
        self.work += 30;
        if self.work > self.opts.max_work || self.stmt_count > self.opts.max_statements {
            self.unsupported("kernel too large", true, true, Vec::new());
            return false;
        }
        let same = self.call_stack.iter().filter(|k| *k == key).count();
        if same > 0 || self.call_stack.len() >= self.opts.max_depth {
            let what = if same > 0 {
                self.recursive.insert(name.to_string(), span);
                format!("recursive call to `{name}`")
            } else {
                format!("call nested too deeply: `{name}`")
            };
            self.unsupported(what, true, true, Vec::new());
            return false;
        }
        self.call_stack.push(key.to_string());
        true
    }

    /// Expands a call.
    pub fn inline_call(
        &mut self,
        c: &FuncCand<'a>,
        env: Env<'a>,
        this: Option<Place>,
        args: Vec<Arg<'a>>,
        span: Span,
    ) -> Place {
        let f = c.f;
        if f.body.is_none()
            && let Some((d, mut more)) = self.body_of(c)
        {
            if d.f.template.is_some() && c.rec.is_none() {
                more = env;
            } else {
                more.extend(env);
            }
            return self.inline_call(&d, more, this, args, span);
        }
        let Some(body) = &f.body else {
            let mut args = self.args_without_body(c, env, args);
            args.extend(this.map(Arg::Place));
            return self.unknown_call(f.name.last_name(), &args, true);
        };
        let name = self.display_name(c, &env);
        let stack_key = self.instance_key(c, &env);
        let this = this.map(|t| self.freeze_place(t));
        if !self.enter_call(&stack_key, &name, span) {
            let ret = f.ret.as_ref();
            let t = self.with_env(env, c.rec, c.at, |l| match ret {
                Some(t) => l.resolve_type(t),
                None => Ty::Void,
            });
            return Place::Val(self.undef(t.strip_ref()));
        }
        // Inside, the object is seen as the function says.
        let this = this.map(|t| t.with_cv(Cv::from(f.this_quals)));
        let mut frame = self.new_frame(c, env, this, &name, span);
        let label = self.new_label();
        frame.ret = Some(Ret {
            label,
            ty: None,
            count: 0,
            first: None,
            store: None,
            span: f.name_span,
            level: self.blocks.len() + 1,
        });
        self.frames.push(frame);
        let ret_ty = match &f.ret {
            None => Some(Ty::Void),
            Some(t) if is_auto(t) => None,
            Some(t) => match self.resolve_type(t) {
                Ty::Unknown(_) => None,
                t => Some(t),
            },
        };
        if let Some(r) = self.frames.last_mut().and_then(|f| f.ret.as_mut()) {
            r.ty = ret_ty.clone();
        }
        self.bind_params(&f.params, args, c.defaults);
        let result = self.run_body(body, ret_ty.clone());
        self.frames.pop();
        self.call_stack.pop();
        self.span = span;
        self.call_result(result, ret_ty.as_ref())
    }

    /// What a call yields: an object that nobody owns yet, or a place seen as the reference says.
    pub fn call_result(&mut self, p: Place, ty: Option<&Ty>) -> Place {
        match ty {
            Some(Ty::Ref(_, q)) => {
                if q.rvalue {
                    self.unsupported("rvalue reference as a result", true, true, Vec::new());
                }
                p.more_cv(q.cv)
            }
            _ => {
                let t = p.ty().clone();
                self.unowned(&t);
                p
            }
        }
    }

    /// The definition of a function that is declared only where it was found.
    fn body_of(&mut self, c: &FuncCand<'a>) -> Option<(FuncCand<'a>, Env<'a>)> {
        if c.rec.is_some() && !c.f.is_friend {
            return self.definition(c);
        }
        let syms = self.syms.clone();
        let mut found: Vec<FuncCand<'a>> = Vec::new();
        for n in syms.all_in(c.at.ns, c.f.name.last_name()) {
            if let What::Function(f) = n.what
                && f.body.is_some()
                && f.template.as_ref().map(Vec::len) == c.f.template.as_ref().map(Vec::len)
            {
                let d = FuncCand {
                    f,
                    at: n.at,
                    rec: None,
                    defaults: Some(c.f),
                };
                if self.declares(c, &d) {
                    found.push(d);
                }
            }
        }
        match found.len() {
            1 => found.pop().map(|d| (d, Env::new())),
            _ => None,
        }
    }

    /// Whether a function is defined by another of its name.
    fn declares(&mut self, c: &FuncCand<'a>, d: &FuncCand<'a>) -> bool {
        let Some(params) = &c.f.template else {
            return self.same_parameters(c, &Env::new(), d, &Env::new());
        };
        let own = d.f.template.as_deref().unwrap_or(&[]);
        // The names of the parameters are to be the same, so that one environment serves both.
        params.iter().zip(own).all(|(p, q)| p.name == q.name) && {
            let n = c.f.params.len();
            n == d.f.params.len() && self.equally_special(c, d, n)
        }
    }

    /// Arguments of a function that has no body: what it takes by value as a scalar or a vector
    /// it cannot change, so that argument becomes a copy. Everything else stays as it was passed.
    fn args_without_body(
        &mut self,
        c: &FuncCand<'a>,
        env: Env<'a>,
        args: Vec<Arg<'a>>,
    ) -> Vec<Arg<'a>> {
        let params = &c.f.params;
        if params.iter().any(|p| p.pack) {
            return args;
        }
        let types: Vec<Ty> = self.with_env(env, c.rec, c.at, |l| {
            params.iter().map(|p| l.resolve_type(&p.ty)).collect()
        });
        let mut out = Vec::with_capacity(args.len());
        for (i, arg) in args.into_iter().enumerate() {
            let by_value = matches!(types.get(i), Some(Ty::Scalar(_) | Ty::Vector(..)));
            out.push(match arg {
                Arg::Place(place) if by_value => Arg::Place(Place::Val(self.load(place))),
                arg => arg,
            });
        }
        out
    }

    fn new_frame(
        &mut self,
        c: &FuncCand<'a>,
        env: Env<'a>,
        this: Option<Place>,
        name: &str,
        span: Span,
    ) -> Frame<'a> {
        let path = self.sub_path(name, span);
        let mut frame = Frame::new(c.at, path);
        frame.scopes.push(env);
        frame.scopes.push(Env::new());
        frame.this = this;
        frame.record = c.rec;
        let around = self.class_parameters(c.rec);
        let nested = self.frames.last().is_some_and(|f| f.dependent.is_some());
        let local = c
            .rec
            .and_then(|r| self.recs.get(r as usize))
            .is_some_and(|r| r.local);
        frame.dependent = Dependent::of(c.f, &around).map(Rc::new);
        if frame.dependent.is_none() && local && nested {
            frame.dependent = self.frames.last().and_then(|f| f.dependent.clone());
        }
        frame.name = name.to_string();
        frame
    }

    /// Lowers a body in the current frame and yields the result.
    pub fn run_body(&mut self, body: &'a Block, ret_ty: Option<Ty>) -> Place {
        let (stmts, _) = self.in_block(|l| l.block(body));
        let ret = self.frames.last().and_then(|f| f.ret.clone());
        let Some(ret) = ret else {
            return Place::Val(Value::void());
        };
        self.emit_region(ret.label, stmts);
        if let Some(p) = ret.first {
            return p;
        }
        if let Some((ty, store)) = ret.store {
            let p = Place::Reg(crate::front::lower::value::RegPlace {
                ty: ty.clone(),
                store,
                key: 0,
                path: Vec::new(),
                cv: Cv::default(),
                space: None,
            });
            let v = self.load_bits(p);
            if let (Some(Ty::Ref(t, _)), Some(Leaf::P(p))) = (&ret_ty, v.leaves.first()) {
                return self.deref(p.clone(), t);
            }
            return Place::Val(v);
        }
        match ret_ty {
            Some(Ty::Void) | None => Place::Val(Value::void()),
            Some(t) => Place::Val(self.undef(t.strip_ref())),
        }
    }

    /// Expands a constructor on an object.
    pub fn inline_constructor(
        &mut self,
        c: &FuncCand<'a>,
        env: Env<'a>,
        this: Place,
        args: Vec<Arg<'a>>,
        span: Span,
    ) {
        let f = c.f;
        if f.body.is_none()
            && let Some((d, mut more)) = self.definition(c)
        {
            more.extend(env);
            return self.inline_constructor(&d, more, this, args, span);
        }
        let (Some(body), Some(rec)) = (&f.body, c.rec) else {
            let name = f.name.last_name().to_string();
            self.unknown_call(&name, &args, true);
            let what = format!("constructor `{name}` without a body");
            self.unsupported(what, true, true, Vec::new());
            return;
        };
        let this = this.with_cv(Cv::default());
        let name = self.display_name(c, &env);
        let stack_key = self.instance_key(c, &env);
        if !self.enter_call(&stack_key, &name, span) {
            return;
        }
        let mut frame = self.new_frame(c, env, Some(this.clone()), &name, span);
        let label = self.new_label();
        frame.ret = Some(Ret {
            label,
            ty: Some(Ty::Void),
            count: 0,
            first: None,
            store: None,
            span: f.name_span,
            level: self.blocks.len() + 1,
        });
        self.frames.push(frame);
        self.bind_params(&f.params, args, c.defaults);
        self.run_inits(rec, &this, f);
        self.run_body(body, Some(Ty::Void));
        self.frames.pop();
        self.call_stack.pop();
        self.span = span;
    }

    /// Binds parameters to arguments in the innermost frame.
    pub fn bind_params(
        &mut self,
        params: &'a [Param],
        args: Vec<Arg<'a>>,
        defaults: Option<&'a Function>,
    ) {
        let mut it = args.into_iter();
        for (i, p) in params.iter().enumerate() {
            if p.pack {
                let rest: Vec<Arg<'a>> = it.by_ref().collect();
                self.bind_pack(p, rest);
                continue;
            }
            let ty = self.resolve_type(&p.ty);
            let other = defaults.and_then(|d| d.params.get(i));
            let default = p
                .default
                .as_ref()
                .or(other.and_then(|p| p.default.as_ref()));
            let arg = match (it.next(), default) {
                (Some(a), _) => a,
                (None, Some(d)) => self.default_arg(d),
                (None, None) => Arg::Place(Place::Val(self.undef(ty.strip_ref()))),
            };
            let place = self.param_place(p, &p.name, ty, arg);
            let place = self.qualified_param(p, place);
            if !p.name.is_empty() {
                self.bind(&p.name, Binding::Place(place));
                self.log_origin(&p.name, p.span);
            }
        }
    }

    /// A parameter with the qualifiers that its type says.
    pub fn qualified_param(&mut self, p: &'a Param, place: Place) -> Place {
        match &p.ty.kind {
            TypeKind::Reference(i, _) => {
                let cv = self.cv_of_type(i);
                place.more_cv(cv)
            }
            _ => {
                if self.special(place.ty()).dtor {
                    let what = "parameter by value with a destructor";
                    self.unsupported(what, true, true, Vec::new());
                }
                let cv = self.cv_of_type(&p.ty);
                place.with_cv(cv)
            }
        }
    }

    fn default_arg(&mut self, d: &'a AExpr) -> Arg<'a> {
        self.arg(d)
    }

    pub fn param_place(&mut self, p: &'a Param, name: &str, ty: Ty, arg: Arg<'a>) -> Place {
        let span = p.span;
        let generic = ty.is_auto();
        match (ty, arg) {
            (Ty::Ref(t, _), Arg::Place(place)) => self.bind_reference(place, &t, name, span),
            (ty, Arg::List(args)) => {
                // The list belongs to the caller: its names are looked up there.
                let callee = self.frames.pop();
                let v = self.construct(ty.strip_ref(), args, true);
                self.frames.extend(callee);
                self.new_local(name, span, v)
            }
            // `auto` parameters of generic lambdas.
            (_, Arg::Place(place)) if generic => {
                if matches!(p.ty.kind, TypeKind::Reference(..)) {
                    return match place {
                        Place::Val(v) => self.new_local(name, span, v),
                        other => self.freeze_place(other),
                    };
                }
                let v = match place.ty() {
                    Ty::Record(_) => self.copied(place),
                    _ => self.decay(place),
                };
                self.new_local(name, span, v)
            }
            (ty, Arg::Place(place)) => {
                // A parameter of array type written `T a[N]` is a pointer.
                let ty = match (&ty, &p.ty.kind) {
                    (Ty::Array(t, _) | Ty::Unsized(t), TypeKind::Array(..)) => Ty::Pointer(
                        t.clone(),
                        Qual {
                            space: crate::front::lower::decl::declared_space(&p.ty),
                            cv: crate::front::lower::decl::declared_cv(&p.ty),
                            rvalue: false,
                        },
                    ),
                    _ => ty,
                };
                let v = match (&ty, place.ty()) {
                    (Ty::Pointer(..), Ty::Record(_)) => self.init_from(place, &ty),
                    (Ty::Pointer(..), _) => {
                        let v = self.decay(place);
                        self.convert(v, &ty)
                    }
                    _ => self.init_from(place, &ty),
                };
                self.new_local(name, span, v)
            }
        }
    }
}

/// Whether a return type is to be deduced.
pub fn is_auto(t: &Type) -> bool {
    match &t.kind {
        TypeKind::Auto => true,
        TypeKind::Reference(i, _) => is_auto(i),
        _ => false,
    }
}
