//! Overload resolution: which function a call means ([over.match]).
//!
//! Purpose: the viable functions, and the best of them by the order of `rank`, then templates after
//! functions, then the more specialised template (`partial`). Soundness direction: exact; where none is
//! best, the call is ambiguous, never the first.

use std::cmp::Ordering;

use crate::front::ast::{Function, Param, TemplateParam, Type, TypeKind};
use crate::front::lower::call::Arg;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::library::{Library, Shared};
use crate::front::lower::rank::{Ics, Rank};
use crate::front::lower::scope::{Env, FuncCand};
use crate::front::lower::template::TArg;
use crate::front::lower::types::{Cv, Qual, Ty};
use crate::front::lower::value::Place;

/// What overload resolution found.
pub enum Choice<'a> {
    /// The best function with the bindings of its template parameters, and its worst conversion (an exact one where it is
    /// surely better than what the library has).
    One(FuncCand<'a>, Env<'a>, Rank),
    /// A function of the library is better than all of the file.
    Library,
    /// No function is viable.
    None,
    /// None is best, or it is not known.
    Ambiguous,
}

/// A viable function.
pub struct Viable<'a> {
    pub cand: FuncCand<'a>,
    pub env: Env<'a>,
    /// One for the object (where there is one), then one for each argument.
    ics: Vec<Ics>,
}

impl Viable<'_> {
    fn worst(&self) -> Rank {
        self.ics.iter().map(|i| i.rank).max().unwrap_or(Rank::Exact)
    }
}

/// What a call is made with.
#[derive(Clone, Copy)]
pub struct Given<'c, 'a> {
    /// Explicit template arguments.
    pub targs: Option<&'c [TArg]>,
    /// What a member is called on.
    pub object: Option<&'c Place>,
    /// The arguments.
    pub args: &'c [Arg<'a>],
    /// An operator: of a member, the first argument is the object ([over.match.oper]).
    pub operator: bool,
    /// There are other candidates than those of the file.
    pub open: bool,
    /// Those of the library, where they are known.
    pub library: Option<&'c Library>,
}

impl<'c, 'a> Given<'c, 'a> {
    /// A call of functions that are no members.
    pub fn args(args: &'c [Arg<'a>]) -> Given<'c, 'a> {
        Given {
            targs: None,
            object: None,
            args,
            operator: false,
            open: false,
            library: None,
        }
    }

    /// A call of members of an object.
    pub fn on(object: &'c Place, args: &'c [Arg<'a>]) -> Given<'c, 'a> {
        Given {
            object: Some(object),
            ..Given::args(args)
        }
    }
}

impl<'a> Lowerer<'a> {
    /// The best function for a call.
    pub fn select_overload(&mut self, cands: &[FuncCand<'a>], given: Given<'_, 'a>) -> Choice<'a> {
        // Specialisations belong to their template ([temp.expl.spec]).
        let (special, open): (Vec<_>, Vec<_>) =
            cands.iter().cloned().partition(|c| is_specialization(c.f));
        let mut viable: Vec<Viable<'a>> = Vec::new();
        let only = open.len() == 1 && !given.operator && !given.open;
        for c in &open {
            if c.f.defaulted_or_deleted {
                continue;
            }
            let member = c.rec.is_some() && !c.f.is_friend;
            let v = match (given.operator && member, given.args) {
                (true, [Arg::Place(first), rest @ ..]) => {
                    self.viable(c, given.targs, Some(first), rest, only)
                }
                (true, _) => None,
                (false, args) => self.viable(c, given.targs, given.object, args, only),
            };
            viable.extend(v);
        }
        self.merge_redeclarations(&mut viable);
        let shared = self.shared(&given, &viable);
        if matches!(shared, Shared::Library) {
            return Choice::Library;
        }
        let best = match viable.len() {
            0 if open.is_empty() && special.len() == 1 => {
                // A specialisation whose template is not seen.
                return Choice::Ambiguous;
            }
            0 => return Choice::None,
            1 => 0,
            _ => match self.best_of(&viable, given.args.len()) {
                Some(i) => i,
                None => return Choice::Ambiguous,
            },
        };
        let several = viable
            .iter()
            .filter(|v| v.cand.f.template.is_some())
            .count()
            > 1;
        let best = viable.swap_remove(best);
        let worst = match shared {
            Shared::File => Rank::Exact,
            _ => best.worst(),
        };
        if best.cand.f.template.is_none() || special.is_empty() {
            return Choice::One(best.cand, best.env, worst);
        }
        let mut found = Vec::new();
        for s in special {
            if s.f.body.is_some() && self.specializes(&s, &best) {
                found.push(s);
            }
        }
        match (found.len(), several) {
            (0, _) => Choice::One(best.cand, best.env, worst),
            (1, false) => Choice::One(found.swap_remove(0), Env::new(), worst),
            _ => Choice::Ambiguous,
        }
    }

    /// How the candidates of the file compare with those of the library.
    fn shared(&mut self, given: &Given<'_, 'a>, viable: &[Viable<'a>]) -> Shared {
        let Some(library) = given.library.filter(|_| !viable.is_empty()) else {
            return Shared::Unknown;
        };
        let best = match viable.len() {
            1 => Some(0),
            _ => self.best_of(viable, given.args.len()),
        };
        let ics: Vec<Vec<Ics>> = viable.iter().map(|v| v.ics.clone()).collect();
        self.against_library(library, given.args, &ics, best)
    }

    /// The one that is better than every other.
    fn best_of(&mut self, viable: &[Viable<'a>], args: usize) -> Option<usize> {
        (0..viable.len()).find(|&i| {
            (0..viable.len()).all(|j| i == j || self.better(&viable[i], &viable[j], args))
        })
    }

    /// Whether `a` is surely better than `b` ([over.match.best]).
    fn better(&mut self, a: &Viable<'a>, b: &Viable<'a>, args: usize) -> bool {
        let mut better = false;
        for (x, y) in a.ics.iter().zip(&b.ics) {
            match x.compare(y) {
                Some(Ordering::Less) => better = true,
                Some(Ordering::Equal) => {}
                Some(Ordering::Greater) | None => return false,
            }
        }
        if better {
            return true;
        }
        match (&a.cand.f.template, &b.cand.f.template) {
            (None, Some(_)) => true,
            (Some(_), Some(_)) => self.more_special_function(&a.cand, &b.cand, args) == Some(true),
            _ => false,
        }
    }

    /// Of several declarations of one function one is kept: the one with a body, else the last.
    fn merge_redeclarations(&mut self, viable: &mut Vec<Viable<'a>>) {
        let mut i = 0;
        while i < viable.len() {
            let mut j = i + 1;
            while j < viable.len() {
                let (a, b) = (&viable[i], &viable[j]);
                let one = a.cand.at.ns == b.cand.at.ns
                    && a.cand.rec == b.cand.rec
                    && a.cand.f.template.as_ref().map(Vec::len)
                        == b.cand.f.template.as_ref().map(Vec::len)
                    && (a.cand.f.body.is_none() || b.cand.f.body.is_none());
                let (ca, ea) = (a.cand.clone(), a.env.clone());
                let (cb, eb) = (b.cand.clone(), b.env.clone());
                if !one || !self.same_parameters(&ca, &ea, &cb, &eb) {
                    j += 1;
                    continue;
                }
                let gone = viable.remove(j);
                if let Some(v) = viable.get_mut(i) {
                    let (mut keep, other) = match v.cand.f.body.is_some() {
                        true => (v.cand.clone(), gone.cand),
                        false => {
                            v.env = gone.env;
                            (gone.cand, v.cand.clone())
                        }
                    };
                    if has_defaults(other.f) {
                        keep.defaults = Some(other.f);
                    }
                    v.cand = keep;
                }
            }
            i += 1;
        }
    }

    /// Whether two functions have the same parameters, qualifiers included.
    pub fn same_parameters(
        &mut self,
        a: &FuncCand<'a>,
        ea: &Env<'a>,
        b: &FuncCand<'a>,
        eb: &Env<'a>,
    ) -> bool {
        let (qa, qb) = (a.f.this_quals, b.f.this_quals);
        if a.f.params.len() != b.f.params.len()
            || (a.rec.is_some() && (qa != qb || a.f.ref_qual != b.f.ref_qual))
        {
            return false;
        }
        let x = self.parameter_types(a, ea.clone());
        let y = self.parameter_types(b, eb.clone());
        x.iter().zip(&y).all(|(p, q)| same_type(p, q))
    }

    /// The types of the parameters, as the function sees them.
    pub fn parameter_types(&mut self, c: &FuncCand<'a>, env: Env<'a>) -> Vec<Ty> {
        let params = &c.f.params;
        self.with_env(env, c.rec, c.at, |l| {
            let mut out = Vec::new();
            for p in params {
                match p.pack {
                    true => out.extend(l.pack_types(p)),
                    false => out.push(l.parameter_type(p)),
                }
            }
            out
        })
    }

    /// The type of a parameter; an array is a pointer ([dcl.fct]).
    pub fn parameter_type(&mut self, p: &'a Param) -> Ty {
        let t = self.resolve_type(&p.ty);
        match (&p.ty.kind, &t) {
            (TypeKind::Array(..), Ty::Array(e, _) | Ty::Unsized(e)) => {
                let q = Qual {
                    space: crate::front::lower::decl::declared_space(&p.ty),
                    cv: crate::front::lower::decl::declared_cv(&p.ty),
                    rvalue: false,
                };
                Ty::Pointer(e.clone(), q)
            }
            _ => t,
        }
    }

    /// Whether an explicit specialisation is the one of a chosen instance.
    fn specializes(&mut self, s: &FuncCand<'a>, chosen: &Viable<'a>) -> bool {
        if s.at.ns != chosen.cand.at.ns || s.rec != chosen.cand.rec {
            return false;
        }
        let written = s.f.name.segments.last().and_then(|x| x.args.as_deref());
        if let (Some(written), Some(params)) = (written, &chosen.cand.f.template) {
            let own = self.with_env(Env::new(), s.rec, s.at, |l| l.template_args(written));
            let given = params.iter().zip(&own).all(|(p, a)| {
                let want = chosen.env.get(&p.name).cloned();
                want.is_some_and(|w| self.binding_is(&w, a))
            });
            if !given {
                return false;
            }
        }
        let env = chosen.env.clone();
        self.same_parameters(s, &Env::new(), &chosen.cand, &env)
    }

    /// A function with its arguments, when they fit.
    pub fn viable(
        &mut self,
        c: &FuncCand<'a>,
        targs: Option<&[TArg]>,
        object: Option<&Place>,
        args: &[Arg<'a>],
        only: bool,
    ) -> Option<Viable<'a>> {
        let f = c.f;
        let pack = f.params.last().is_some_and(|p| p.pack);
        if args.len() > f.params.len() && !pack {
            return None;
        }
        let missing = |(i, p): (usize, &Param)| {
            let other = c.defaults.and_then(|d| d.params.get(i));
            p.default.is_none() && !p.pack && other.is_none_or(|p| p.default.is_none())
        };
        if f.params.iter().enumerate().skip(args.len()).any(missing) {
            return None;
        }
        let mut env = Env::new();
        if let Some(params) = &f.template {
            env = self.deduced_env(c, params, targs, args)?;
        } else if targs.is_some() && c.f.ret.is_some() {
            return None;
        }
        let types = self.parameter_types(c, env.clone());
        if let (Some(t), Some(_)) = (&f.ret, &f.template) {
            let r = self.with_env(env.clone(), c.rec, c.at, |l| l.resolve_type(t));
            if matches!(&r, Ty::Unknown(n) if &**n == "enable_if") {
                return None;
            }
        }
        let mut ics = Vec::new();
        if let Some(o) = object {
            ics.push(self.object_ics(c, o, only)?);
        }
        let own = f.template.as_deref().unwrap_or(&[]);
        if pack && types.len() < args.len() {
            return None;
        }
        for (i, a) in args.iter().enumerate() {
            let Some(ty) = types.get(i) else { break };
            let Some(p) = f.params.get(i).or(f.params.last()) else {
                break;
            };
            let ty = self.effective(&p.ty, ty, own, a);
            match self.ics(a, &ty) {
                Some(r) => ics.push(r),
                // In a program that compiles, the only function is the one that is called.
                None if only => ics.push(Ics {
                    unsure: true,
                    ..Ics::of(Rank::User)
                }),
                None => return None,
            }
        }
        Some(Viable {
            cand: c.clone(),
            env,
            ics,
        })
    }

    /// The conversion of the object of a member call ([over.match.funcs]).
    pub fn object_ics(&mut self, c: &FuncCand<'a>, o: &Place, only: bool) -> Option<Ics> {
        if c.f.is_static {
            return Some(Ics::of(Rank::Exact));
        }
        let q = Qual {
            space: c.f.this_quals.space,
            cv: Cv::from(c.f.this_quals),
            rvalue: c.f.ref_qual == Some(true),
        };
        let ty = c.rec.map_or(o.ty().clone(), Ty::Record);
        // Without `&`, an rvalue may be the object of a function that is not `const`.
        if o.is_rvalue() && c.f.ref_qual.is_none() {
            let steps = match (o.ty(), &ty) {
                (Ty::Record(a), Ty::Record(b)) => self.base_steps(*a, *b).unwrap_or(0),
                _ => 0,
            };
            return Some(Ics {
                bound: Some(q),
                steps,
                ..Ics::of(Rank::Exact)
            });
        }
        let r = self.ics(&Arg::Place(o.clone()), &Ty::Ref(std::rc::Rc::new(ty), q));
        r.or(only.then(|| Ics::of(Rank::Exact)))
    }

    /// Template arguments of a function template, explicit ones first, then deduced ones.
    fn deduced_env(
        &mut self,
        c: &FuncCand<'a>,
        params: &'a [TemplateParam],
        targs: Option<&[TArg]>,
        args: &[Arg<'a>],
    ) -> Option<Env<'a>> {
        let mut given = Self::positional(params, targs.unwrap_or(&[]))?;
        for (i, (p, a)) in c.f.params.iter().zip(args).enumerate() {
            if p.pack {
                self.deduce_pack(c, p, params, args.get(i..).unwrap_or(&[]), &mut given)?;
                break;
            }
            let Arg::Place(place) = a else { continue };
            let at = if matches!(p.ty.kind, TypeKind::Reference(..)) {
                place.ty().clone()
            } else {
                self.decayed_type(place)
            };
            let explicit = given.clone();
            let ok = self.with_env(Env::new(), c.rec, c.at, |l| {
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
        Some(self.template_env(params, &given, c.rec, c.at)?.0)
    }

    /// A parameter `T&` or `T*` takes the qualifiers of its argument into `T` ([temp.deduct.call]).
    pub fn effective(
        &mut self,
        written: &Type,
        ty: &Ty,
        params: &[TemplateParam],
        arg: &Arg<'a>,
    ) -> Ty {
        let Arg::Place(p) = arg else {
            return ty.clone();
        };
        match (&written.kind, ty) {
            (TypeKind::Reference(i, forwarding), Ty::Ref(t, q)) if is_bare_param(i, params) => {
                let plain = !i.quals.is_const && !i.quals.is_volatile;
                let space = q.space.or_else(|| self.space_of(p));
                let mut q = Qual { space, ..*q };
                if plain && !p.is_rvalue() {
                    q.cv = q.cv.with(p.cv());
                    // `T&&` with an lvalue is `T&`.
                    q.rvalue = q.rvalue && !*forwarding;
                }
                Ty::Ref(t.clone(), q)
            }
            (TypeKind::Pointer(i), Ty::Pointer(t, q)) if is_bare_param(i, params) => {
                match self.decayed_type(p) {
                    Ty::Pointer(_, have) => {
                        let space = q.space.or(have.space);
                        let cv = q.cv.with(have.cv);
                        Ty::Pointer(t.clone(), Qual { space, cv, ..*q })
                    }
                    _ => ty.clone(),
                }
            }
            _ => ty.clone(),
        }
    }
}

/// `template <> … f<int>(…)`
pub fn is_specialization(f: &Function) -> bool {
    f.template.as_ref().is_some_and(Vec::is_empty)
}

fn has_defaults(f: &Function) -> bool {
    f.params.iter().any(|p| p.default.is_some())
}

/// Whether two types are the same, qualifiers included.
pub fn same_type(a: &Ty, b: &Ty) -> bool {
    match (a, b) {
        (Ty::Unknown(_), _) | (_, Ty::Unknown(_)) => false,
        (Ty::Pointer(x, p), Ty::Pointer(y, q)) | (Ty::Ref(x, p), Ty::Ref(y, q)) => {
            p.space == q.space && p.cv == q.cv && p.rvalue == q.rvalue && same_type(x, y)
        }
        (Ty::Array(x, n), Ty::Array(y, m)) => n == m && same_type(x, y),
        _ => a == b,
    }
}

/// A parameter type that is just a template parameter.
pub fn is_bare_param(t: &Type, params: &[TemplateParam]) -> bool {
    match &t.kind {
        TypeKind::Named(p) => p
            .as_ident()
            .is_some_and(|n| params.iter().any(|x| x.name == n)),
        _ => false,
    }
}
