//! Construction of values: `T(args)`, `T{args}`, constructors, aggregates.
//!
//! Soundness direction: exact.

use crate::front::ast::{
    Expr as AExpr, ExprKind as EK, Function, ItemKind, Member, Record, Type, TypeKind,
};
use crate::ir::{Expr, ScalarTy};

use super::call::Arg;
use super::ctx::Lowerer;
use super::fold;
use super::scope::FuncCand;
use super::types::Ty;
use super::value::{KeyId, Place, PtrVal, RegPlace, Value};

/// The functions of a record that are constructors.
fn constructors(d: &Record) -> impl Iterator<Item = &Function> {
    d.members.iter().flatten().filter_map(move |m| match m {
        Member::Item(i) => match &i.kind {
            ItemKind::Function(f)
                if f.ret.is_none()
                    && f.name.last_name().split('<').next() == Some(d.name.as_str()) =>
            {
                Some(&**f)
            }
            _ => None,
        },
        Member::Field(..) => None,
    })
}

impl<'a> Lowerer<'a> {
    /// Whether a record has constructors of its own.
    pub fn has_constructor(&self, d: &Record) -> bool {
        constructors(d).any(|f| !f.defaulted_or_deleted)
    }

    /// Whether a record has conversion operators.
    pub fn has_conversion(&self, d: &Record) -> bool {
        d.members.iter().flatten().any(|m| {
            matches!(m, Member::Item(i) if matches!(&i.kind, ItemKind::Function(f)
                if f.name.last_name().starts_with("operator ")))
        })
    }

    /// `T(args)` or `T{args}`.
    pub fn construct(&mut self, ty: &Ty, args: &'a [AExpr], brace: bool) -> Value {
        match ty {
            Ty::Record(id) => self.construct_record(*id, args, brace),
            Ty::Ref(t, _) => {
                let Some(e) = args.first() else {
                    return Value::pointer(ty.clone(), PtrVal::null());
                };
                let p = self.place(e);
                let _ = t;
                let ptr = self.address_of(p);
                Value::pointer(ty.clone(), ptr)
            }
            Ty::Array(t, n) => {
                let mut it = args.iter().peekable();
                let mut leaves = Vec::new();
                let had_args = !args.is_empty() || brace;
                for _ in 0..*n {
                    if it.peek().is_none() && leaves.len() > 4096 {
                        break;
                    }
                    let v = self.fill(t, &mut it, had_args);
                    leaves.extend(v.leaves);
                }
                Value {
                    ty: ty.clone(),
                    leaves,
                }
            }
            Ty::Pointer(..) | Ty::Null => match args.first() {
                Some(e) => self.eval_as(e, ty),
                None => Value::pointer(ty.clone(), PtrVal::null()),
            },
            Ty::Scalar(_) | Ty::Enum(..) | Ty::Atomic(_) | Ty::Simdgroup(_) => match args.first() {
                Some(e) => self.eval_as(e, ty),
                None => self.zero(ty),
            },
            Ty::Vector(s, n, _) => {
                let vals: Vec<Value> = args
                    .iter()
                    .map(|e| {
                        let v = self.eval(e);
                        if args.len() > 1 {
                            self.freeze_value(v)
                        } else {
                            v
                        }
                    })
                    .collect();
                self.vector_from(ty, *s, usize::from(*n), vals)
            }
            Ty::Matrix(s, c, r) => {
                let vals: Vec<Value> = args
                    .iter()
                    .map(|e| match &e.kind {
                        EK::InitList(inner) => self.construct(&Ty::vector(*s, *r), inner, true),
                        _ => self.eval(e),
                    })
                    .collect();
                match vals.as_slice() {
                    [] => self.zero(ty),
                    [one] if one.leaves.len() == 1 || matches!(one.ty, Ty::Matrix(..)) => {
                        self.convert(one.clone(), ty)
                    }
                    _ => self.vector_from(ty, *s, usize::from(*c) * usize::from(*r), vals),
                }
            }
            Ty::Void => {
                for e in args {
                    self.place(e);
                }
                Value::void()
            }
            Ty::Opaque(_) | Ty::Texture(..) => {
                for e in args {
                    self.place(e);
                }
                Value {
                    ty: ty.clone(),
                    leaves: Vec::new(),
                }
            }
            Ty::Lambda(_) | Ty::Func(_) => match args.first() {
                Some(e) => self.eval(e),
                None => Value {
                    ty: ty.clone(),
                    leaves: Vec::new(),
                },
            },
            Ty::Unsized(_) | Ty::Unknown(_) => {
                for e in args {
                    self.place(e);
                }
                let name = self.type_name(ty);
                self.unsupported(
                    format!("construction of unknown type `{name}`"),
                    false,
                    false,
                    Vec::new(),
                );
                Value {
                    ty: ty.clone(),
                    leaves: Vec::new(),
                }
            }
        }
    }

    fn vector_from(&mut self, ty: &Ty, s: ScalarTy, n: usize, vals: Vec<Value>) -> Value {
        if let [one] = vals.as_slice()
            && one.leaves.len() == 1
        {
            return self.convert(one.clone(), ty);
        }
        if vals.is_empty() {
            return self.zero(ty);
        }
        let mut comps: Vec<Expr> = vals
            .iter()
            .flat_map(Value::scalars)
            .map(|e| fold::cast(e, s))
            .collect();
        comps.resize(n, Expr::constant(s, 0));
        Value::comps(ty.clone(), comps)
    }

    /// One element of an aggregate from a list of initialisers, with brace elision.
    fn fill(
        &mut self,
        ty: &Ty,
        it: &mut std::iter::Peekable<std::slice::Iter<'a, AExpr>>,
        zero: bool,
    ) -> Value {
        let Some(e) = it.peek().copied() else {
            return if zero {
                self.value_init(ty)
            } else {
                self.default_value(ty)
            };
        };
        if let EK::InitList(inner) = &e.kind {
            it.next();
            return self.construct(ty, inner, true);
        }
        if let Ty::Ref(..) = ty {
            it.next();
            return self.construct(ty, std::slice::from_ref(e), true);
        }
        let aggregate = match ty {
            Ty::Array(..) => true,
            Ty::Record(id) => {
                let decl = self.recs.get(*id as usize).map(|r| r.decl);
                decl.is_some_and(|d| !self.has_constructor(d))
            }
            _ => false,
        };
        if !aggregate {
            it.next();
            return self.eval_as(e, ty);
        }
        let t = self.type_of(e);
        if t == *ty || matches!((&t, ty), (Ty::Record(a), Ty::Record(b)) if self.is_base(*b, *a)) {
            it.next();
            let v = self.eval(e);
            return self.convert(v, ty);
        }
        match ty {
            Ty::Array(t, n) => {
                let mut leaves = Vec::new();
                for _ in 0..*n {
                    leaves.extend(self.fill(t, it, true).leaves);
                }
                Value {
                    ty: ty.clone(),
                    leaves,
                }
            }
            Ty::Record(id) => self.fill_record(*id, it),
            _ => self.undef(ty),
        }
    }

    fn value_init(&mut self, ty: &Ty) -> Value {
        match ty {
            Ty::Record(id) => {
                let decl = self.recs.get(*id as usize).map(|r| r.decl);
                if decl.is_some_and(|d| self.has_constructor(d)) {
                    return self.construct_record(*id, &[], false);
                }
                let mut empty = [].iter().peekable();
                self.fill_record(*id, &mut empty)
            }
            Ty::Array(t, n) => {
                let mut leaves = Vec::new();
                for _ in 0..*n {
                    leaves.extend(self.value_init(t).leaves);
                }
                Value {
                    ty: ty.clone(),
                    leaves,
                }
            }
            _ => self.zero(ty),
        }
    }

    fn fill_record(
        &mut self,
        id: u32,
        it: &mut std::iter::Peekable<std::slice::Iter<'a, AExpr>>,
    ) -> Value {
        let ty = Ty::Record(id);
        let Some(r) = self.recs.get(id as usize) else {
            return self.undef(&ty);
        };
        if r.is_union {
            it.next();
            self.note("aggregate initialisation of a union");
            return self.undef(&ty);
        }
        let (fields, ns) = (r.fields.clone(), r.ns.clone());
        let mut leaves = Vec::new();
        let mut earlier: Vec<(String, Value)> = Vec::new();
        for f in &fields {
            let v = match (it.peek(), f.init) {
                (None, Some(init)) => {
                    // A default member initialiser may name earlier members.
                    let mut env = super::scope::Env::new();
                    for (n, v) in &earlier {
                        let mut p = Place::Val(v.clone());
                        p = self.follow_ref(p);
                        env.insert(n.clone(), super::scope::Binding::Place(p));
                    }
                    self.with_env(env, Some(id), ns.clone(), |l| l.init_value(&f.ty, init))
                }
                _ => self.fill(&f.ty, it, true),
            };
            let v = self.freeze_value(v);
            let v = Value {
                ty: f.ty.clone(),
                leaves: v.leaves,
            };
            if !f.name.is_empty() {
                earlier.push((f.name.clone(), v.clone()));
            }
            leaves.extend(v.leaves);
        }
        Value { ty, leaves }
    }

    fn construct_record(&mut self, id: u32, args: &'a [AExpr], brace: bool) -> Value {
        let Some(decl) = self.recs.get(id as usize).map(|r| r.decl) else {
            return self.undef(&Ty::Record(id));
        };
        if self.has_constructor(decl) {
            let key = self.key(self.span, "%object");
            let p = self.construct_in_place(id, args, brace, "%object", key);
            self.settle(&p, key);
            return self.load(p);
        }
        if let [one] = args
            && !matches!(one.kind, EK::InitList(_))
        {
            let t = self.type_of(one);
            if let Ty::Record(x) = t
                && self.is_base(id, x)
            {
                let v = self.eval(one);
                return self.convert(v, &Ty::Record(id));
            }
            if let [EK::InitList(_)] = [&one.kind] {
                return self.construct_record(id, args, brace);
            }
        }
        let mut it = args.iter().peekable();
        self.fill_record(id, &mut it)
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
        let args: Vec<Arg<'a>> = args.iter().map(|e| self.arg(e)).collect();
        let _ = brace;
        self.construct_with(id, args, name, key)
    }

    fn construct_with(&mut self, id: u32, args: Vec<Arg<'a>>, name: &str, key: KeyId) -> Place {
        let ty = Ty::Record(id);
        let store = self.new_storage(&ty, name, key, &mut Vec::new(), true);
        let p = Place::Reg(RegPlace {
            ty,
            store,
            key,
            path: Vec::new(),
        });
        self.constructing.push(key);
        self.run_constructor(id, p.clone(), args);
        self.constructing.pop();
        p
    }

    /// Runs the constructor that fits on a place.
    pub fn run_constructor(&mut self, id: u32, p: Place, args: Vec<Arg<'a>>) {
        let Some(decl) = self.recs.get(id as usize).map(|r| r.decl) else {
            return;
        };
        let name = decl.name.clone();
        if let [Arg::Place(x)] = args.as_slice()
            && let Ty::Record(from) = *x.ty()
            && self.is_base(id, from)
        {
            let v = self.load(x.clone());
            let v = self.convert(v, &Ty::Record(id));
            self.store(&p, v);
            return;
        }
        let cands: Vec<FuncCand<'a>> = self
            .member_functions(id, &name)
            .into_iter()
            .filter(|c| c.f.ret.is_none() && !c.f.defaulted_or_deleted && c.rec == Some(id))
            .collect();
        let span = self.span;
        match self.select_overload(&cands, None, &args) {
            Some((c, env)) => {
                self.inline_constructor(&c, env, p, args, span);
            }
            None if args.is_empty() => {
                let v = self.default_value(&Ty::Record(id));
                self.store(&p, v);
            }
            None => {
                let list: Option<Vec<Place>> = args
                    .into_iter()
                    .map(|a| match a {
                        Arg::Place(p) => Some(p),
                        Arg::List(..) => None,
                    })
                    .collect();
                let fields = self.recs.get(id as usize).map_or(0, |r| r.fields.len());
                if let Some(list) = list.filter(|l| l.len() <= fields) {
                    for (i, a) in list.into_iter().enumerate() {
                        let Some(f) = self.nth_field(p.clone(), i) else {
                            break;
                        };
                        let v = self.decay(a);
                        let v = self.convert(v, &f.ty().clone());
                        self.store(&f, v);
                    }
                } else {
                    self.unsupported(
                        format!("no constructor of `{name}` fits"),
                        true,
                        false,
                        Vec::new(),
                    );
                }
            }
        }
    }

    /// Initialises the members of an object as a constructor's initialiser list says.
    pub fn run_inits(&mut self, id: u32, this: &Place, f: &'a Function) {
        let Some(r) = self.recs.get(id as usize) else {
            return;
        };
        let (fields, class, ns) = (r.fields.clone(), r.decl.name.clone(), r.ns.clone());
        if let Some(d) = f.inits.iter().find(|i| i.name.last_name() == class) {
            let args = d.args.iter().map(|e| self.arg(e)).collect();
            self.run_constructor(id, this.clone(), args);
            return;
        }
        for (i, field) in fields.iter().enumerate() {
            let Some(p) = self.nth_field(this.clone(), i) else {
                continue;
            };
            let init = f.inits.iter().find(|m| {
                if field.is_base {
                    matches!(field.ty, Ty::Record(b) if self.recs.get(b as usize)
                        .is_some_and(|r| r.decl.name == m.name.last_name()))
                } else {
                    m.name.last_name() == field.name
                }
            });
            let has_ctor = matches!(field.ty, Ty::Record(x) if self.recs.get(x as usize)
                .is_some_and(|r| constructors(r.decl).any(|f| !f.defaulted_or_deleted)));
            let v = match init {
                Some(m) => {
                    self.span = m.span;
                    if let (Ty::Record(x), true) = (&field.ty, has_ctor) {
                        let args = m.args.iter().map(|e| self.arg(e)).collect();
                        self.run_constructor(*x, p, args);
                        continue;
                    }
                    self.construct(&field.ty, &m.args, true)
                }
                None => match (&field.ty, field.init) {
                    (ty, Some(init)) => {
                        let this = this.clone();
                        self.with_env(Default::default(), Some(id), ns.clone(), |l| {
                            if let Some(f) = l.frames.last_mut() {
                                f.this = Some(this);
                            }
                            l.init_value(ty, init)
                        })
                    }
                    (Ty::Record(x), None) if has_ctor => {
                        self.run_constructor(*x, p, Vec::new());
                        continue;
                    }
                    (ty, None) if self.has_pointers(ty) => continue,
                    (ty, None) => self.default_value(ty),
                },
            };
            let v = Value {
                ty: field.ty.clone(),
                leaves: v.leaves,
            };
            self.store(&p, v);
        }
    }

    /// A value converted to a record by one of its constructors.
    pub fn converting_constructor(&mut self, id: u32, v: Value) -> Option<Value> {
        let decl = self.recs.get(id as usize)?.decl;
        if !self.has_constructor(decl) {
            return None;
        }
        let key = self.key(self.span, "%converted");
        let p = self.construct_with(id, vec![Arg::Place(Place::Val(v))], "%converted", key);
        self.settle(&p, key);
        Some(self.load(p))
    }

    /// A record converted by one of its conversion operators.
    pub fn conversion_operator(&mut self, id: u32, this: Place, to: &Ty) -> Option<Value> {
        let r = self.recs.get(id as usize)?;
        let (decl, ns, bases) = (r.decl, r.ns.clone(), r.bases.clone());
        let mut best: Option<(u32, &'a Function)> = None;
        for m in decl.members.iter().flatten() {
            if let Member::Item(i) = m
                && let ItemKind::Function(f) = &i.kind
                && f.name.last_name().starts_with("operator ")
                && let Some(t) = &f.ret
                && f.body.is_some()
            {
                let t = if f.template.is_some() {
                    to.clone()
                } else {
                    self.with_env(Default::default(), Some(id), ns.clone(), |l| {
                        l.resolve_type(t)
                    })
                };
                if let Some(rank) = self.convertible(&t, to)
                    && best.as_ref().is_none_or(|b| rank < b.0)
                {
                    best = Some((rank, f));
                }
            }
        }
        if let Some((_, f)) = best {
            let cand = FuncCand {
                f,
                ns,
                rec: Some(id),
            };
            let mut env = super::scope::Env::new();
            if let Some(params) = &f.template
                && let Some(p) = params.first()
            {
                env.insert(p.name.clone(), super::scope::Binding::Type(to.clone()));
            }
            let at = self.span;
            let p = self.inline_call(&cand, env, Some(this), Vec::new(), at);
            return Some(self.load(p));
        }
        for b in bases {
            let p = self.base_place(this.clone(), b);
            if let Some(v) = self.conversion_operator(b, p, to) {
                return Some(v);
            }
        }
        None
    }

    /// Class template argument deduction for `T{args}` where `T` is a template name: from the
    /// constructor parameters or the members of an aggregate.
    pub fn deduce_class(&mut self, t: Ty, written: &'a Type, args: &'a [AExpr]) -> Ty {
        let (Ty::Unknown(_), TypeKind::Named(path)) = (&t, &written.kind) else {
            return t;
        };
        let name = path.last_name();
        let syms = self.syms.clone();
        let Some(all) = syms.records.get(name) else {
            return t;
        };
        for d in all.iter().filter(|d| d.item.specialization.is_none()) {
            let Some(params) = &d.item.template else {
                continue;
            };
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
                let mut out = super::template::Deduced::new();
                let ok = shape
                    .iter()
                    .zip(&types)
                    .all(|(p, a)| self.deduce(p, a, params, &mut out));
                if ok
                    && let Some((_, full)) = self.template_env(params, &out, None, d.ns.clone())
                    && let Some(t) = self.instantiate_named(name, Some(full), &[])
                {
                    return t;
                }
            }
        }
        t
    }
}
