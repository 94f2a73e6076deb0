//! Overload resolution: which function a call means.
//!
//! Soundness direction: exact for the forms that kernels use; no candidate is an unknown call.

use super::call::Arg;
use super::ctx::Lowerer;
use super::scope::{Env, FuncCand};
use super::template::TArg;
use super::types::Ty;
use super::value::Place;
use crate::front::ast::{Type, TypeKind};

impl<'a> Lowerer<'a> {
    pub(super) fn fits_exactly(&mut self, c: &FuncCand<'a>, args: &[Arg<'a>]) -> bool {
        if c.f.template.is_some() || c.rec.is_some() {
            return true;
        }
        let (Some(p), Some(Arg::Place(a))) = (c.f.params.first(), args.first()) else {
            return true;
        };
        let t = self.with_env(Env::new(), c.rec, c.ns.clone(), |l| l.resolve_type(&p.ty));
        *t.strip_ref() == *a.ty()
    }

    /// The best viable function and the bindings of its template parameters. A function that is
    /// only declared takes part: where it fits better than one with a body, the call is to code
    /// that is not seen. Of a declaration and its definition the definition is taken.
    pub fn select_overload(
        &mut self,
        cands: &[FuncCand<'a>],
        targs: Option<&[TArg]>,
        args: &[Arg<'a>],
    ) -> Option<(FuncCand<'a>, Env<'a>)> {
        let mut best: Option<(u64, FuncCand<'a>, Env<'a>)> = None;
        for c in cands {
            if c.f.defaulted_or_deleted {
                continue;
            }
            let Some((score, env)) = self.viable(c, targs, args, cands.len() == 1) else {
                continue;
            };
            let better = best
                .as_ref()
                .is_none_or(|(s, b, _)| (score, c.f.body.is_none()) < (*s, b.f.body.is_none()));
            if better {
                best = Some((score, c.clone(), env));
            }
        }
        best.map(|(_, c, e)| (c, e))
    }

    pub(super) fn viable(
        &mut self,
        c: &FuncCand<'a>,
        targs: Option<&[TArg]>,
        args: &[Arg<'a>],
        only: bool,
    ) -> Option<(u64, Env<'a>)> {
        let f = c.f;
        let pack = f.params.last().is_some_and(|p| p.pack);
        if args.len() > f.params.len() && !pack {
            return None;
        }
        if f.params
            .iter()
            .skip(args.len())
            .any(|p| p.default.is_none() && !p.pack)
        {
            return None;
        }
        let mut env = Env::new();
        let mut score = 0u64;
        let outer = self.record_scope(c.rec);
        let written = f.name.segments.last().and_then(|s| s.args.as_deref());
        if let (Some([]), Some(written)) = (f.template.as_deref(), written) {
            // An explicit specialisation: the arguments written at the call, or its parameter types.
            let own = self.with_env(Env::new(), c.rec, c.ns.clone(), |l| {
                l.template_args(written)
            });
            if targs.is_some_and(|t| t != own.get(..t.len()).unwrap_or(&own)) {
                return None;
            }
        } else if let Some(params) = &f.template {
            let mut given = Self::positional(params, targs.unwrap_or(&[]))?;
            for (p, a) in f.params.iter().zip(args) {
                if p.pack {
                    break;
                }
                let Arg::Place(place) = a else { continue };
                let at = if matches!(p.ty.kind, TypeKind::Reference(..)) {
                    place.ty().clone()
                } else {
                    let s = self.space_of(place);
                    place.ty().decayed(s)
                };
                let explicit = given.clone();
                let ok = self.with_env(outer.clone(), c.rec, c.ns.clone(), |l| {
                    l.deduce(&p.ty, &at, params, &mut given)
                });
                if !ok {
                    // Explicitly given parameters are not deduced: conversions apply.
                    if targs.is_some() && explicit == given {
                        continue;
                    }
                    return None;
                }
            }
            env = self.template_env(params, &given, c.rec, c.ns.clone())?.0;
            score += 1;
            // A template with more specific parameter types is preferred.
            for p in &f.params {
                if is_bare_param(&p.ty, params) {
                    score += 1;
                }
            }
        } else if targs.is_some() && c.f.ret.is_some() {
            return None;
        }
        let types: Vec<Ty> = self.with_env(env.clone(), c.rec, c.ns.clone(), |l| {
            f.params
                .iter()
                .map(|p| {
                    let t = l.resolve_type(&p.ty);
                    match (&p.ty.kind, &t) {
                        (TypeKind::Array(..), Ty::Array(e, _) | Ty::Unsized(e)) => {
                            Ty::Pointer(e.clone(), super::decl::declared_space(&p.ty))
                        }
                        _ => t,
                    }
                })
                .collect()
        });
        let ret_ok = match (&f.ret, &f.template) {
            (Some(t), Some(_)) => {
                let r = self.with_env(env.clone(), c.rec, c.ns.clone(), |l| l.resolve_type(t));
                !matches!(&r, Ty::Unknown(n) if &**n == "enable_if")
            }
            _ => true,
        };
        if !ret_ok {
            return None;
        }
        for (i, a) in args.iter().enumerate() {
            let Some(ty) = types.get(i) else { break };
            if f.params[i].pack {
                break;
            }
            let rank = match a {
                Arg::List(..) => Some(1),
                Arg::Place(p) => self.arg_rank(p, ty),
            };
            match rank {
                Some(r) => score += u64::from(r) * 100,
                None if only => score += 100_000,
                None => return None,
            }
        }
        Some((score, env))
    }

    pub(super) fn arg_rank(&mut self, p: &Place, ty: &Ty) -> Option<u32> {
        let space = self.space_of(p);
        if let Ty::Ref(t, s) = ty {
            if let (Some(want), Some(have)) = (s, space)
                && *want != have
                && !matches!(p, Place::Val(_))
                && !(matches!(want, crate::front::ast::AddressSpace::Constant)
                    && p.ty().scalar().is_some())
            {
                return None;
            }
            return self.convertible(p.ty(), t);
        }
        let from = match (p, p.ty().decayed(space)) {
            (_, Ty::Pointer(t, None)) => {
                let v = match p {
                    Place::Val(v) => v.as_ptr().cloned(),
                    _ => None,
                };
                let s = v.and_then(|v| self.ptr_space(&v));
                Ty::Pointer(t, s)
            }
            (_, t) => t,
        };
        self.convertible(&from.unpacked(), ty)
    }

    /// The template arguments that the members of a record see.
    pub(super) fn record_scope(&self, _rec: Option<u32>) -> Env<'a> {
        Env::new()
    }

    pub(super) fn select_strict(
        &mut self,
        cands: &[FuncCand<'a>],
        args: &[Arg<'a>],
    ) -> Option<(FuncCand<'a>, Env<'a>)> {
        let mut best: Option<(u64, FuncCand<'a>, Env<'a>)> = None;
        for c in cands {
            if c.f.body.is_none() {
                continue;
            }
            if let Some((s, e)) = self.viable(c, None, args, false)
                && best.as_ref().is_none_or(|b| s < b.0)
            {
                best = Some((s, c.clone(), e));
            }
        }
        best.map(|(_, c, e)| (c, e))
    }
}

/// A parameter type that is just a template parameter.
pub(super) fn is_bare_param(t: &Type, params: &[crate::front::ast::TemplateParam]) -> bool {
    match &t.kind {
        TypeKind::Named(p) => p
            .as_ident()
            .is_some_and(|n| params.iter().any(|x| x.name == n)),
        TypeKind::Reference(i, _) => is_bare_param(i, params),
        _ => false,
    }
}
