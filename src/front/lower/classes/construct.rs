//! Construction of values: `T(args)`, `T{args}`, constructors, aggregates.
//!
//! Soundness direction: exact.

use crate::front::ast::{Expr as AExpr, ExprKind as EK, Function, ItemKind, Member, Record};
use crate::ir::{Expr, ScalarTy};

use crate::front::lower::call::Arg;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::fold;
use crate::front::lower::types::Ty;
use crate::front::lower::value::{Place, PtrVal, Value};

/// The functions of a record that are constructors.
pub fn constructors(d: &Record) -> impl Iterator<Item = &Function> {
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
        constructors(d).any(|f| !f.defaulted_or_deleted || f.is_deleted)
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
        if args.iter().any(|a| matches!(a.kind, EK::Pack(_))) {
            return self.construct_expanded(ty, args, brace);
        }
        if args.iter().any(|a| matches!(a.kind, EK::Designated(..))) {
            return self.construct_designated(ty, args);
        }
        match ty {
            Ty::Const(t) => self.construct(t, args, brace),
            Ty::Record(id) => self.construct_record(*id, args, brace),
            Ty::Ref(t, _) => {
                let Some(e) = args.first() else {
                    return Value::pointer(ty.clone(), PtrVal::null());
                };
                let p = self.place(e);
                if p.ty() != &**t && !t.is_auto() {
                    let same = matches!((p.ty(), &**t), (Ty::Record(a), Ty::Record(b)) if self.is_base(*b, *a))
                        || p.ty().array_element() == t.array_element()
                            && t.array_element().is_some();
                    if !same {
                        let what = "reference member bound to a temporary";
                        self.unsupported(what, true, true, Vec::new());
                    }
                    if let Ty::Record(b) = **t {
                        let p = self.base_place(p, b);
                        let ptr = self.address_of(p);
                        return Value::pointer(ty.clone(), ptr);
                    }
                }
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
            Ty::Opaque(n) if n.starts_with("tensor") => self.construct_tensor(ty, args),
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
            Ty::Unsized(_) | Ty::Unknown(_) => self.construct_unknown(ty, args),
        }
    }

    /// A tensor is made of the memory that it is given.
    fn construct_tensor(&mut self, ty: &Ty, args: &'a [AExpr]) -> Value {
        for a in self.args(args) {
            if let Arg::Place(p) = a {
                self.held_by_tensor(&p);
            }
        }
        Value {
            ty: ty.clone(),
            leaves: Vec::new(),
        }
    }

    fn construct_unknown(&mut self, ty: &Ty, args: &'a [AExpr]) -> Value {
        let args = self.args(args);
        let name = self.type_name(ty);
        self.unknown_object(format!("construction of unknown type `{name}`"), &args);
        Value {
            ty: ty.clone(),
            leaves: Vec::new(),
        }
    }

    pub fn vector_from(&mut self, ty: &Ty, s: ScalarTy, n: usize, vals: Vec<Value>) -> Value {
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
    pub fn fill(
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
            return self.eval_as(e, ty);
        }
        if let (Ty::Record(from), Ty::Record(_)) = (&t, ty)
            && self.converts_by_function(*from, ty)
        {
            it.next();
            return self.eval_as(e, ty);
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

    pub fn value_init(&mut self, ty: &Ty) -> Value {
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

    pub fn fill_record(
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
        let (fields, at) = (r.fields.clone(), r.at);
        let mut leaves = Vec::new();
        let mut earlier: Vec<(String, Value)> = Vec::new();
        for f in &fields {
            if self.special(&f.ty).dtor && f.is_base {
                self.unsupported("aggregate with such a base", true, true, Vec::new());
            }
            let before = self.temporaries.len();
            let v = match (it.peek(), f.init) {
                (None, Some(init)) => {
                    // A default member initialiser may name earlier members.
                    let mut env = crate::front::lower::scope::Env::new();
                    for (n, v) in &earlier {
                        let mut p = Place::Val(v.clone());
                        p = self.follow_ref(p);
                        env.insert(n.clone(), crate::front::lower::scope::Binding::Place(p));
                    }
                    self.with_env(env, Some(id), at, |l| l.init_value(&f.ty, init))
                }
                _ => self.fill(&f.ty, it, true),
            };
            self.adopt(before);
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
}
