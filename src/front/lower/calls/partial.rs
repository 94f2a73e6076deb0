//! Partial ordering of templates ([temp.func.order], [temp.spec.partial.order]).
//!
//! Purpose: which of two templates is more specialised: each is deduced from the other with types that
//! stand for its parameters. Soundness direction: exact; what cannot be compared is not ordered.

use crate::front::ast::{Record, TemplateParam, TemplateParamKind, Type, TypeKind};
use crate::ir::ScalarTy;

use crate::front::lower::call::Arg;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::overload::{is_bare_param, same_type};
use crate::front::lower::scope::{Binding, Env, FuncCand};
use crate::front::lower::symbols::Decl;
use crate::front::lower::template::{Deduced, TArg};
use crate::front::lower::types::{Cv, Ty};
use crate::front::lower::value::{Place, PtrVal, Value};

impl<'a> Lowerer<'a> {
    /// Arguments that stand for the parameters of a template.
    fn stand_ins(&mut self, params: &'a [TemplateParam]) -> Deduced {
        let mut out = Deduced::new();
        for (i, p) in params.iter().enumerate() {
            let arg = match &p.kind {
                TemplateParamKind::Type { .. } => TArg::Ty(Ty::Opaque(format!("#{i}").into())),
                TemplateParamKind::Value { .. } => {
                    TArg::Val(Ty::Scalar(ScalarTy::U64), 0x5eed_0001 + i as u64)
                }
                TemplateParamKind::Template => TArg::Template(format!("#{i}")),
            };
            let arg = if p.pack { TArg::Pack(vec![arg]) } else { arg };
            out.insert(p.name.clone(), arg);
        }
        out
    }

    fn env_of(&mut self, args: &Deduced) -> Env<'a> {
        let mut env = Env::new();
        for (n, a) in args {
            let b = self.targ_binding(a, None);
            env.insert(n.clone(), b);
        }
        env
    }

    /// Whether `a` is more specialised than `b` for a call with that many arguments; `None` where
    /// that is not known.
    pub fn more_special_function(
        &mut self,
        a: &FuncCand<'a>,
        b: &FuncCand<'a>,
        args: usize,
    ) -> Option<bool> {
        let pack = |c: &FuncCand<'a>| c.f.params.last().is_some_and(|p| p.pack);
        if pack(a) != pack(b) {
            return self.more_special_than_pack(a, b, args);
        }
        let (x, y) = (self.at_least(a, b, args)?, self.at_least(b, a, args)?);
        if x != y || !x {
            return Some(x && !y);
        }
        // Both deduce from each other: references differ in kind or qualifiers perhaps.
        let mut more = false;
        for (p, q) in a.f.params.iter().zip(&b.f.params).take(args) {
            let (TypeKind::Reference(i, r), TypeKind::Reference(j, s)) = (&p.ty.kind, &q.ty.kind)
            else {
                continue;
            };
            let (ci, cj) = (Cv::from(i.quals), Cv::from(j.quals));
            match (r, s) {
                (false, true) => more = true,
                (true, false) => return Some(false),
                _ if ci == cj => {}
                _ if ci.includes(cj) => more = true,
                _ => return Some(false),
            }
        }
        Some(more)
    }

    /// The same where one of the two ends with a pack. Only the simple case is decided: for as many arguments as the one
    /// without a pack has, each of the other's parameters (the pack's, too) can be deduced from its, so that it is the
    /// more specialised ([temp.deduct.partial]/11).
    fn more_special_than_pack(
        &mut self,
        a: &FuncCand<'a>,
        b: &FuncCand<'a>,
        args: usize,
    ) -> Option<bool> {
        let pack = |c: &FuncCand<'a>| c.f.params.last().is_some_and(|p| p.pack);
        let (plain_one, other) = if pack(b) { (a, b) } else { (b, a) };
        let own = other.f.template.as_deref()?;
        let bare = |t: &Type| is_bare_param(t, own);
        let simple = other.f.params.iter().all(|p| bare(&p.ty));
        // By value and without qualifiers, a bare parameter can be deduced from anything, and nothing but it from it.
        let distinct: std::collections::BTreeSet<_> =
            other.f.params.iter().filter_map(|p| p.ty.name()).collect();
        let value = |t: &Type| !matches!(t.kind, TypeKind::Reference(..));
        let values = plain_one.f.params.iter().all(|p| value(&p.ty));
        if !simple
            || !values
            || distinct.len() != other.f.params.len()
            || plain_one.f.params.len() != args
            || other.f.params.len() > args + 1
        {
            return None;
        }
        Some(!pack(a))
    }

    /// Whether `b` can be deduced from `a`.
    fn at_least(&mut self, a: &FuncCand<'a>, b: &FuncCand<'a>, args: usize) -> Option<bool> {
        let (pa, pb) = (a.f.template.as_deref()?, b.f.template.as_deref()?);
        if a.f.params.iter().chain(&b.f.params).any(|p| p.pack) {
            return None;
        }
        let stand_ins = self.stand_ins(pa);
        let env = self.env_of(&stand_ins);
        let from = self.parameter_types(a, env);
        let mut out = Deduced::new();
        for (i, q) in b.f.params.iter().enumerate().take(args) {
            let (p, t) = (a.f.params.get(i)?, from.get(i)?);
            let (wp, wq) = (plain(&p.ty), plain(&q.ty));
            let bare = is_bare_param(wq, pb);
            match t {
                Ty::Unknown(_) if bare && !is_bare_param(wp, pa) => {
                    // Whatever it is, a parameter of its own stands for it.
                    if out.insert(wq.name()?, TArg::Unknown).is_some() {
                        return None;
                    }
                    continue;
                }
                Ty::Unknown(_) => return None,
                _ => {}
            }
            if !bare && is_bare_param(wp, pa) {
                return Some(false);
            }
            let t = t.strip_ref().clone();
            let ok = self.with_env(Env::new(), b.rec, b.at, |l| l.deduce(wq, &t, pb, &mut out));
            if !ok {
                return Some(false);
            }
        }
        let env = self.env_of(&out);
        let to = self.parameter_types(b, env);
        for (i, q) in b.f.params.iter().enumerate().take(args) {
            let (t, u) = (from.get(i)?, to.get(i)?);
            if matches!(t, Ty::Unknown(_)) {
                continue;
            }
            let t = t.strip_ref().clone();
            let wq = plain(&q.ty);
            let arg = Arg::Place(Place::Val(Value {
                ty: t.clone(),
                leaves: vec![crate::front::lower::value::Leaf::P(PtrVal::unknown())],
            }));
            let u = self.effective(wq, &u.strip_ref().clone(), pb, &arg);
            if !same_type(&t, &u) {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Whether two templates deduce from each other.
    pub fn equally_special(&mut self, a: &FuncCand<'a>, b: &FuncCand<'a>, args: usize) -> bool {
        self.at_least(a, b, args) == Some(true)
            && self.at_least(b, a, args) == Some(true)
            && self.more_special_function(a, b, args) == Some(false)
            && self.more_special_function(b, a, args) == Some(false)
    }

    /// The most specialised of several partial specialisations.
    pub fn most_special(&mut self, all: &[(&Decl<'a, Record>, Env<'a>)]) -> Option<usize> {
        (0..all.len()).find(|&i| {
            (0..all.len()).all(|j| {
                i == j
                    || (self.record_at_least(all[i].0, all[j].0)
                        && !self.record_at_least(all[j].0, all[i].0))
            })
        })
    }

    fn record_at_least(&mut self, a: &Decl<'a, Record>, b: &Decl<'a, Record>) -> bool {
        let (Some(x), Some(y)) = (&a.item.specialization, &b.item.specialization) else {
            return false;
        };
        let stand_ins = self.stand_ins(a.item.template.as_deref().unwrap_or(&[]));
        let env = self.env_of(&stand_ins);
        let actual = self.with_env(env, None, a.at, |l| l.template_args(x));
        let params = b.item.template.as_deref().unwrap_or(&[]);
        let mut out = Deduced::new();
        self.with_env(Env::new(), None, b.at, |l| {
            l.match_args(y, &actual, params, &mut out)
        })
    }

    /// Whether a binding is that of a template argument.
    pub fn binding_is(&mut self, b: &Binding<'a>, a: &TArg) -> bool {
        match (b, a) {
            (Binding::Type(t), TArg::Ty(u)) => same_type(t, u),
            (Binding::Place(Place::Val(v)), TArg::Val(_, bits)) => v
                .as_scalar()
                .is_some_and(|e| matches!(e.kind, crate::ir::ExprKind::Const(b) if b == *bits)),
            _ => false,
        }
    }
}

/// A type without its reference.
fn plain(t: &crate::front::ast::Type) -> &crate::front::ast::Type {
    match &t.kind {
        TypeKind::Reference(i, _) => i,
        _ => t,
    }
}

impl crate::front::ast::Type {
    /// The name that it is, when it is one.
    fn name(&self) -> Option<String> {
        match &self.kind {
            TypeKind::Named(p) => p.as_ident().map(str::to_string),
            _ => None,
        }
    }
}
