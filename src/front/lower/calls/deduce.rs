//! Deduction of template arguments and matching of specialisations.
//!
//! Soundness direction: exact; a failed deduction makes a candidate not viable.

use crate::front::ast::{Expr, ExprKind, Param, Path, TemplateArg, TemplateParam, Type, TypeKind};
use crate::front::lower::call::Arg;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::decl::AliasDecl;
use crate::front::lower::scope::Env;
use crate::front::lower::scope::FuncCand;
use crate::front::lower::symbols::{NsId, What};
use crate::front::lower::template::{Deduced, TArg};
use crate::front::lower::types::Ty;
use crate::ir;

impl<'a> Lowerer<'a> {
    pub fn unify(&mut self, name: &str, arg: TArg, out: &mut Deduced) -> bool {
        match out.get(name) {
            None => {
                out.insert(name.to_string(), arg);
                true
            }
            Some(TArg::Val(_, a)) => matches!(&arg, TArg::Val(_, b) if a == b),
            Some(x) => *x == arg,
        }
    }

    /// Deduces template parameters from a parameter type and an argument type.
    pub fn deduce(
        &mut self,
        p: &'a Type,
        a: &Ty,
        params: &'a [TemplateParam],
        out: &mut Deduced,
    ) -> bool {
        match &p.kind {
            TypeKind::Named(path) => {
                if let Some(n) = path.as_ident()
                    && params.iter().any(|t| t.name == n && !t.name.is_empty())
                {
                    return self.unify(n, TArg::Ty(a.unpacked()), out);
                }
                let Some(args) = path.segments.last().and_then(|s| s.args.as_ref()) else {
                    return true;
                };
                self.deduce_named(path, args, a, params, out)
            }
            TypeKind::Pointer(inner) => match a {
                Ty::Pointer(t, space) => {
                    if let (Some(x), Some(y)) = (inner.quals.space, space.space)
                        && x != y
                    {
                        return false;
                    }
                    self.deduce(inner, t, params, out)
                }
                Ty::Array(t, _) | Ty::Unsized(t) => self.deduce(inner, t, params, out),
                Ty::Null => true,
                _ => false,
            },
            TypeKind::Reference(inner, _) => self.deduce(inner, a, params, out),
            TypeKind::Array(inner, n) => match a {
                Ty::Array(t, m) => {
                    if !self.deduce(inner, t, params, out) {
                        return false;
                    }
                    if let Some(e) = n
                        && let ExprKind::Path(path) = &e.kind
                        && let Some(name) = path.as_ident()
                        && params.iter().any(|t| t.name == name)
                    {
                        return self.unify(name, TArg::Val(Ty::Scalar(ir::ScalarTy::U64), *m), out);
                    }
                    true
                }
                Ty::Pointer(t, _) | Ty::Unsized(t) => self.deduce(inner, t, params, out),
                _ => false,
            },
            _ => true,
        }
    }

    pub fn deduce_named(
        &mut self,
        path: &'a Path,
        args: &'a [TemplateArg],
        a: &Ty,
        params: &'a [TemplateParam],
        out: &mut Deduced,
    ) -> bool {
        if let Some(d) = self.alias_of(path) {
            return self.deduce_alias(&d, args, a, params, out);
        }
        let int = |n: u8| TArg::Val(Ty::INT, u64::from(n));
        let actual: Vec<TArg> = match (path.last_name(), a) {
            ("vec", Ty::Vector(s, n, _)) => vec![TArg::Ty(Ty::Scalar(*s)), int(*n)],
            ("matrix", Ty::Matrix(s, c, r)) => vec![TArg::Ty(Ty::Scalar(*s)), int(*c), int(*r)],
            ("simdgroup_matrix", Ty::Simdgroup(s)) => {
                vec![TArg::Ty(Ty::Scalar(*s)), int(8), int(8)]
            }
            ("atomic" | "_atomic", Ty::Atomic(s)) => vec![TArg::Ty(Ty::Scalar(*s))],
            ("array", Ty::Array(t, n)) => vec![
                TArg::Ty((**t).clone()),
                TArg::Val(Ty::Scalar(ir::ScalarTy::U64), *n),
            ],
            ("vec" | "matrix" | "simdgroup_matrix" | "atomic" | "_atomic" | "array", _) => {
                return false;
            }
            (name, Ty::Record(id)) => {
                let Some(r) = self.recs.get(*id as usize) else {
                    return false;
                };
                if r.decl.name == name {
                    let (all, ns) = (r.targs.clone(), r.at.ns);
                    let packs = args.iter().any(|a| matches!(a, TemplateArg::Pack(_)));
                    if args.len() < all.len() && !packs {
                        let Some(written) = self.without_defaults(name, ns, &all, args.len())
                        else {
                            return false;
                        };
                        written
                    } else {
                        all
                    }
                } else {
                    let bases = r.bases.clone();
                    return bases.iter().any(|(b, _)| {
                        let mut trial = out.clone();
                        let ok = self.deduce_named(path, args, &Ty::Record(*b), params, &mut trial);
                        if ok {
                            *out = trial;
                        }
                        ok
                    }) || self.type_is_alias(path);
                }
            }
            (name, _) => {
                // A user class template cannot match another type; an alias is not deduced here.
                return !self.syms.knows_record(name);
            }
        };
        self.match_args(args, &actual, params, out)
    }

    /// Deduces the packs of a parameter that is a pack from all arguments it takes ([temp.deduct.call]/1).
    pub fn deduce_pack(
        &mut self,
        c: &FuncCand<'a>,
        p: &'a Param,
        params: &'a [TemplateParam],
        args: &[Arg<'a>],
        given: &mut Deduced,
    ) -> Option<()> {
        let mentioned = crate::front::lower::packs::in_type(&p.ty)?;
        let packs: Vec<&'a str> = params
            .iter()
            .filter(|t| t.pack && mentioned.contains(t.name.as_str()))
            .map(|t| t.name.as_str())
            .collect();
        let mut found: Vec<Vec<TArg>> = vec![Vec::new(); packs.len()];
        for a in args {
            let Arg::Place(place) = a else { return None };
            let at = match p.ty.kind {
                TypeKind::Reference(..) => place.ty().clone(),
                _ => self.decayed_type(place),
            };
            let mut one = given.clone();
            packs.iter().for_each(|n| drop(one.remove(*n)));
            let ok = self.with_env(Env::new(), c.rec, c.at, |l| {
                l.deduce(&p.ty, &at, params, &mut one)
            });
            if !ok {
                return None;
            }
            for (n, v) in packs.iter().zip(&mut found) {
                v.push(one.remove(*n)?);
            }
        }
        for (n, v) in packs.into_iter().zip(found) {
            // Explicit arguments come first, the others are deduced ([temp.arg.explicit]/9).
            if let Some(TArg::Pack(explicit)) = given.get(n)
                && !v.starts_with(explicit)
            {
                return None;
            }
            given.insert(n.to_string(), TArg::Pack(v));
        }
        Some(())
    }

    /// The first `n` arguments of a class template, where the others are the defaults that go with them
    /// ([temp.arg.explicit], [temp.param]).
    fn without_defaults(
        &mut self,
        name: &str,
        ns: NsId,
        all: &[TArg],
        n: usize,
    ) -> Option<Vec<TArg>> {
        let syms = self.syms.clone();
        let declared = syms.all_in(ns, name);
        let mut primary = declared.iter().filter_map(|x| match x.what {
            What::Record(r) if r.specialization.is_none() && r.template.is_some() => {
                Some((r, x.at))
            }
            _ => None,
        });
        let first = primary.next()?;
        let (r, at) = primary.fold(first, |a, b| if b.0.members.is_some() { b } else { a });
        let params = r.template.as_deref()?;
        let written = all.get(..n)?;
        let given = Self::positional(params, written)?;
        let (_, full) = self.template_env(params, &given, None, at)?;
        let same = full.len() == all.len() && full.iter().zip(all).all(|(a, b)| same_arg(a, b));
        same.then(|| written.to_vec())
    }

    /// Deduces through an alias template: what its own parameters are is deduced from what it stands for, and that is
    /// what its arguments are matched with ([temp.alias]). Parameters that cannot be deduced from are left alone.
    fn deduce_alias(
        &mut self,
        d: &AliasDecl<'a>,
        args: &'a [TemplateArg],
        a: &Ty,
        params: &'a [TemplateParam],
        out: &mut Deduced,
    ) -> bool {
        let own = d.alias.template.as_deref().unwrap_or(&[]);
        if own.iter().any(|p| p.pack) || self.depth > 100 {
            return true;
        }
        self.depth += 1;
        let mut inner = Deduced::new();
        let ok = self.with_env(Env::new(), d.rec, d.at, |l| {
            l.deduce(&d.alias.ty, a, own, &mut inner)
        });
        self.depth -= 1;
        ok && own
            .iter()
            .enumerate()
            .all(|(i, p)| match (args.get(i..=i), inner.get(&p.name)) {
                (Some(pattern), Some(v)) => {
                    let v = std::slice::from_ref(v);
                    self.match_args(pattern, v, params, out)
                }
                _ => true,
            })
    }

    pub fn type_is_alias(&self, path: &Path) -> bool {
        !self.syms.knows_record(path.last_name())
    }

    /// Matches written (possibly dependent) arguments against actual ones.
    pub fn match_args(
        &mut self,
        pattern: &'a [TemplateArg],
        actual: &[TArg],
        params: &'a [TemplateParam],
        out: &mut Deduced,
    ) -> bool {
        // Arguments that cannot be deduced from are evaluated once the others are known.
        let mut later: Vec<(&'a TemplateArg, &TArg)> = Vec::new();
        for (i, p) in pattern.iter().enumerate() {
            if let TemplateArg::Pack(inner) = p {
                if let TemplateArg::Path(path) = &**inner
                    && let Some(n) = path.as_ident()
                {
                    let mut rest = Vec::new();
                    for a in actual.get(i..).unwrap_or(&[]) {
                        match a {
                            TArg::Pack(v) => rest.extend(v.iter().cloned()),
                            a => rest.push(a.clone()),
                        }
                    }
                    return self.unify(n, TArg::Pack(rest), out);
                }
                return false;
            }
            let Some(a) = actual.get(i) else {
                return false;
            };
            let ok = match p {
                TemplateArg::Type(t) if t.quals.is_volatile => false,
                // `S<const T>` fits no other types than constant ones.
                TemplateArg::Type(t) if t.quals.is_const => match a {
                    TArg::Ty(Ty::Const(x)) => {
                        self.deduce(t, x, params, out) && self.shape_matches(t, x)
                    }
                    _ => false,
                },
                TemplateArg::Path(path)
                | TemplateArg::Expr(Expr {
                    kind: ExprKind::Path(path),
                    ..
                })
                | TemplateArg::Type(Type {
                    kind: TypeKind::Named(path),
                    ..
                }) => {
                    if let Some(n) = path.as_ident()
                        && params.iter().any(|t| t.name == n)
                    {
                        self.unify(n, a.clone(), out)
                    } else if let (Some(args), TArg::Ty(t)) =
                        (path.segments.last().and_then(|s| s.args.as_ref()), a)
                        && mentions(args, params)
                    {
                        if !self.deducible(path.last_name()) && self.alias_of(path).is_none() {
                            later.push((p, a));
                            continue;
                        }
                        let t = t.clone();
                        self.deduce_named(path, args, &t, params, out)
                    } else {
                        same_arg(&self.template_path(path), a)
                    }
                }
                TemplateArg::Type(t) => match a {
                    TArg::Ty(x) => {
                        let x = x.clone();
                        self.deduce(t, &x, params, out) && self.shape_matches(t, &x)
                    }
                    _ => false,
                },
                TemplateArg::Expr(e) => same_arg(&self.value_targ(e), a),
                TemplateArg::Pack(_) => false,
            };
            if !ok {
                return false;
            }
        }
        if pattern.len() != actual.len() {
            return false;
        }
        if later.is_empty() {
            return true;
        }
        let mut env = Env::new();
        for (n, a) in out.iter() {
            let b = self.targ_binding(a, None);
            env.insert(n.clone(), b);
        }
        let (rec, at) = (self.frames.last().and_then(|f| f.record), self.at());
        self.with_env(env, rec, at, |l| {
            later.iter().all(|(p, a)| same_arg(&l.template_arg(p), a))
        })
    }

    /// Whether `name<…>` is a template whose arguments a type determines.
    pub fn deducible(&self, name: &str) -> bool {
        matches!(
            name,
            "vec" | "matrix" | "simdgroup_matrix" | "atomic" | "_atomic" | "array"
        ) || self.syms.knows_record(name)
    }

    pub fn shape_matches(&mut self, t: &'a Type, a: &Ty) -> bool {
        match (&t.kind, a) {
            (TypeKind::Pointer(i), Ty::Pointer(x, s)) => {
                (i.quals.space.is_none() || s.space == i.quals.space) && self.shape_matches(i, x)
            }
            (TypeKind::Pointer(_), _) => false,
            _ => true,
        }
    }
}

pub fn same_arg(a: &TArg, b: &TArg) -> bool {
    match (a, b) {
        (TArg::Val(_, x), TArg::Val(_, y)) => x == y,
        _ => a == b,
    }
}

pub fn mentions(args: &[TemplateArg], params: &[TemplateParam]) -> bool {
    args.iter().any(|a| match a {
        TemplateArg::Path(p)
        | TemplateArg::Type(Type {
            kind: TypeKind::Named(p),
            ..
        })
        | TemplateArg::Expr(Expr {
            kind: ExprKind::Path(p),
            ..
        }) => p.segments.iter().any(|s| {
            params.iter().any(|t| t.name == s.name)
                || s.args.as_ref().is_some_and(|x| mentions(x, params))
        }),
        TemplateArg::Pack(_) => true,
        // A literal mentions nothing; any other expression may.
        TemplateArg::Expr(e) => !matches!(
            e.kind,
            ExprKind::Int { .. } | ExprKind::Bool(_) | ExprKind::Float { .. }
        ),
        TemplateArg::Type(t) => match &t.kind {
            TypeKind::Pointer(i) | TypeKind::Reference(i, _) | TypeKind::Array(i, _) => mentions(
                std::slice::from_ref(&TemplateArg::Type((**i).clone())),
                params,
            ),
            _ => false,
        },
    })
}
