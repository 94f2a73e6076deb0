//! Which kernels a kernel template stands for.
//!
//! Purpose: pairs templates with what instantiates them, in both forms that Metal code uses: `template … void f<float>(…);` and
//! `template … decltype(f<float>) f<float>;` ([temp.explicit]); an explicit specialisation takes the place of its primary template
//! ([temp.expl.spec]). A template that nothing instantiates gets guessed arguments, and says so. Soundness direction: exact for what is
//! written; a guess speaks of the guessed instances only, and an instantiation that fits no template yields no kernel, which coverage reports.

use std::rc::Rc;

use crate::front::ast::{
    ExplicitInstantiation, Function, Param, Path, TemplateParam, TemplateParamKind, TypeKind,
};
use crate::ir::{PathId, ScalarTy};

use super::ctx::{LowerOptions, Lowerer};
use super::entry::{Job, host_name};
use super::scope::{Env, Frame};
use super::symbols::{At, Decl, Symbols, What};
use super::template::{Deduced, TArg};
use super::types::Ty;

/// Arguments of a kernel template.
pub(super) enum Args<'a> {
    /// It is no template.
    None,
    /// Those of a name, and what the parameter types written there tell of the others.
    Written(&'a Path, &'a [Param]),
    /// Guessed ones; what is missing has a default.
    Guessed(Vec<TArg>),
}

/// The element types that stand in for type arguments nobody stated.
const GUESSES: [ScalarTy; 2] = [ScalarTy::F16, ScalarTy::F32];

/// The instantiations that may be of a kernel template.
pub(super) fn instances<'s, 'a>(
    syms: &'s Symbols<'a>,
    d: &Decl<'a, Function>,
) -> Vec<&'s Decl<'a, ExplicitInstantiation>> {
    syms.instantiations
        .iter()
        .filter(|x| {
            let params = x.item.params.as_ref().map(Vec::len);
            x.item.name.last_name() == d.item.name.last_name()
                && params.is_none_or(|n| n == d.item.params.len())
                && named(syms, x, d)
        })
        .collect()
}

/// Whether the name of an instantiation means a function of the template's namespace ([temp.explicit], [basic.lookup]).
fn named<'a>(
    syms: &Symbols<'a>,
    x: &Decl<'a, ExplicitInstantiation>,
    d: &Decl<'a, Function>,
) -> bool {
    let path = &x.item.name;
    let name = path.last_name();
    let quals = &path.segments[..path.segments.len().saturating_sub(1)];
    let found = if quals.is_empty() && !path.global {
        syms.unqualified(name, x.at, &[], false)
    } else {
        let ns = syms.through(path.global, quals, x.at, 0);
        ns.map_or_else(Vec::new, |n| syms.qualified(n, name, x.at.order, false))
    };
    found
        .iter()
        .any(|n| matches!(n.what, What::Function(_)) && n.at.ns == d.at.ns)
}

/// The kernels that a definition stands for.
///
/// # Errors
/// Why nothing is known of the arguments of a template.
pub(super) fn jobs<'s, 'a>(
    syms: &'s Rc<Symbols<'a>>,
    opts: &LowerOptions,
    all: &[&'s Decl<'a, Function>],
    d: &'s Decl<'a, Function>,
) -> Result<Vec<Job<'s, 'a>>, String> {
    let f = d.item;
    let own = f.name.last_name();
    let job = |args, name: Option<String>, span, guess| Job {
        decl: d,
        args,
        name: name.unwrap_or_else(|| own.to_string()),
        span,
        guess,
    };
    let Some(params) = &f.template else {
        return Ok(vec![job(
            Args::None,
            host_name(&f.attrs),
            f.name_span,
            None,
        )]);
    };
    if params.is_empty() {
        // An explicit specialisation is there without being instantiated; instantiations give it further names.
        let args = || Args::Written(&f.name, &f.params);
        let mut out = Vec::new();
        for x in instances(syms, d) {
            if specialisation(syms, opts, all, x)? == Some(f.name_span) {
                out.push(job(args(), host_name(&x.item.attrs), x.span, None));
            }
        }
        if out.is_empty() {
            out.push(job(args(), host_name(&f.attrs), f.name_span, None));
        }
        return Ok(out);
    }
    let mut out = Vec::new();
    let mut instantiated = false;
    for x in instances(syms, d) {
        instantiated = true;
        if specialisation(syms, opts, all, x)?.is_some() {
            continue;
        }
        let stated = opts.stated == Some(x.span.file);
        let span = if stated { f.name_span } else { x.span };
        let written = x.item.params.as_deref().unwrap_or(&[]);
        out.push(job(
            Args::Written(&x.item.name, written),
            host_name(&x.item.attrs),
            span,
            None,
        ));
    }
    if instantiated {
        return Ok(out);
    }
    let note = || {
        Some(format!(
            "`{own}` has no instantiation in this file; its template arguments are a guess (--instantiate states them)"
        ))
    };
    let guesses = guesses(params)?.into_iter();
    Ok(guesses
        .map(|args| job(Args::Guessed(args), None, f.name_span, note()))
        .collect())
}

/// The explicit specialisation that an instantiation means, by the place of its name.
fn specialisation<'a>(
    syms: &Rc<Symbols<'a>>,
    opts: &LowerOptions,
    all: &[&Decl<'a, Function>],
    x: &Decl<'a, ExplicitInstantiation>,
) -> Result<Option<crate::source::Span>, String> {
    let named: Vec<&&Decl<'a, Function>> = all
        .iter()
        .filter(|d| d.item.name.last_name() == x.item.name.last_name())
        .collect();
    let special = |d: &&&&Decl<'a, Function>| d.item.template.as_ref().is_some_and(Vec::is_empty);
    if !named.iter().any(|d| special(&d)) {
        return Ok(None);
    }
    let primary = named.iter().filter(|d| !special(d));
    let mut l = Lowerer::new(syms.clone(), opts.clone());
    l.reset();
    for p in primary {
        let Some(params) = &p.item.template else {
            continue;
        };
        let want = l.full_args(p, params, &x.item.name, x.item.params.as_deref());
        for s in named.iter().filter(special) {
            let has = l.full_args(p, params, &s.item.name, Some(&s.item.params));
            match (&want, has) {
                (Some(a), Some(b)) if *a == b => return Ok(Some(s.item.name_span)),
                (Some(a), Some(b)) if known(a) && known(&b) => {}
                _ => {
                    return Err(
                        "it is not clear which of its instances an explicit specialisation replaces"
                            .into(),
                    );
                }
            }
        }
    }
    Ok(None)
}

fn known(args: &[TArg]) -> bool {
    args.iter().all(|a| match a {
        TArg::Unknown | TArg::Ty(Ty::Unknown(_)) => false,
        TArg::Pack(v) => known(v),
        _ => true,
    })
}

/// Arguments for a template that nothing instantiates: each element type for all type parameters.
fn guesses(params: &[TemplateParam]) -> Result<Vec<Vec<TArg>>, String> {
    let mut types = 0;
    for p in params {
        match &p.kind {
            _ if p.pack => break,
            TemplateParamKind::Type { default: None } => types += 1,
            TemplateParamKind::Type { default: Some(_) }
            | TemplateParamKind::Value {
                default: Some(_), ..
            } => break,
            TemplateParamKind::Value { default: None, .. } | TemplateParamKind::Template => {
                return Err(format!(
                    "it has no instantiation in this file, and no argument can be guessed for its parameter `{}`",
                    p.name
                ));
            }
        }
    }
    let of = |s: ScalarTy| vec![TArg::Ty(Ty::Scalar(s)); types];
    Ok(if types == 0 {
        vec![Vec::new()]
    } else {
        GUESSES.into_iter().map(of).collect()
    })
}

impl<'a> Lowerer<'a> {
    /// The scope of template parameters of a kernel, and all arguments; `None` when these do not fit the template.
    pub(super) fn instance_env(
        &mut self,
        f: &'a Function,
        params: &'a [TemplateParam],
        args: &Args<'a>,
        ns: At,
    ) -> Option<(Env<'a>, Vec<TArg>)> {
        let given = match args {
            Args::None => Deduced::new(),
            Args::Guessed(args) => Self::positional(params, args)?,
            Args::Written(path, _) if params.is_empty() => {
                let args = self.written_args(path);
                return Some((Env::new(), args));
            }
            Args::Written(path, written) => {
                let args = self.written_args(path);
                let given = Self::positional(params, &args)?;
                self.deduced_from(f, params, written, given, ns)
            }
        };
        self.template_env(params, &given, None, ns)
    }

    fn written_args(&mut self, path: &'a Path) -> Vec<TArg> {
        match path.segments.last().and_then(|s| s.args.as_deref()) {
            Some(a) => self.template_args(a),
            None => Vec::new(),
        }
    }

    /// What the parameter types of an instantiation say of arguments that are not written.
    fn deduced_from(
        &mut self,
        f: &'a Function,
        params: &'a [TemplateParam],
        written: &'a [Param],
        mut given: Deduced,
        ns: At,
    ) -> Deduced {
        for (p, w) in f.params.iter().zip(written) {
            let t = self.resolve_type(&w.ty);
            let t = match &p.ty.kind {
                TypeKind::Reference(..) => t.strip_ref().clone(),
                _ => t,
            };
            let explicit = given.clone();
            let ok = self.with_env(Env::new(), None, ns, |l| {
                l.deduce(&p.ty, &t, params, &mut given)
            });
            if !ok {
                given = explicit;
            }
        }
        given
    }

    /// All arguments of a primary template that a name with these parameter types means.
    fn full_args(
        &mut self,
        primary: &Decl<'a, Function>,
        params: &'a [TemplateParam],
        name: &'a Path,
        written: Option<&'a [Param]>,
    ) -> Option<Vec<TArg>> {
        self.frames.clear();
        self.frames.push(Frame::new(primary.at, PathId(0)));
        let args = Args::Written(name, written.unwrap_or(&[]));
        let full = self.instance_env(primary.item, params, &args, primary.at);
        self.frames.clear();
        full.map(|f| f.1)
    }
}
