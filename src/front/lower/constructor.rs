//! Constructors and conversion operators of records.
//!
//! Soundness direction: exact.

use super::call::Arg;
use super::construct::constructors;
use super::ctx::Lowerer;
use super::scope::FuncCand;
use super::types::Ty;
use super::value::{KeyId, Place, RegPlace, Value};
use crate::front::ast::{
    Expr as AExpr, ExprKind as EK, Function, ItemKind, Member, Type, TypeKind,
};

impl<'a> Lowerer<'a> {
    pub(super) fn construct_record(&mut self, id: u32, args: &'a [AExpr], brace: bool) -> Value {
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

    pub(super) fn construct_with(
        &mut self,
        id: u32,
        args: Vec<Arg<'a>>,
        name: &str,
        key: KeyId,
    ) -> Place {
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
