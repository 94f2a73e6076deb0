//! Template arguments: evaluation, deduction, matching of specialisations.
//!
//! Purpose: find the arguments of function and class templates as C++ does for the forms that
//! kernels use. Soundness direction: exact; a failed deduction makes a candidate not viable.

use std::collections::BTreeMap;

use crate::front::ast::{
    Expr, ExprKind, Path, TemplateArg, TemplateParam, TemplateParamKind, Type, TypeKind,
};
use crate::ir;

use super::ctx::Lowerer;
use super::scope::{Binding, Entity, Env};
use super::symbols::At;
use super::types::Ty;
use super::value::{Leaf, Place, Value};

/// A template argument.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TArg {
    /// A type.
    Ty(Ty),
    /// A constant: its type and bits.
    Val(Ty, u64),
    /// A function, an index into the table of function references.
    Func(u32),
    /// A class template.
    Template(String),
    /// A pack.
    Pack(Vec<TArg>),
    /// Could not be evaluated.
    Unknown,
}

/// Deduced arguments by parameter name.
pub type Deduced = BTreeMap<String, TArg>;

impl<'a> Lowerer<'a> {
    /// Evaluates written template arguments.
    pub fn template_args(&mut self, args: &'a [TemplateArg]) -> Vec<TArg> {
        let mut out = Vec::new();
        for a in args {
            match a {
                TemplateArg::Pack(inner) => {
                    let name = match &**inner {
                        TemplateArg::Path(p) => p.as_ident(),
                        TemplateArg::Type(Type {
                            kind: TypeKind::Named(p),
                            ..
                        }) => p.as_ident(),
                        _ => None,
                    };
                    if let Some(Binding::Pack(v)) = name.and_then(|n| self.local(n)) {
                        out.extend(v);
                    } else {
                        out.extend(self.expanded_targs(inner));
                    }
                }
                _ => out.push(self.template_arg(a)),
            }
        }
        out
    }

    pub(super) fn template_arg(&mut self, a: &'a TemplateArg) -> TArg {
        match a {
            // `S<const T>` is another type than `S<T>`.
            TemplateArg::Type(t) => match &t.kind {
                TypeKind::Named(_) if t.quals.is_volatile => TArg::Unknown,
                TypeKind::Named(p) => match self.template_path(p) {
                    TArg::Ty(x) if t.quals.is_const => TArg::Ty(x.constant()),
                    arg => arg,
                },
                _ => match self.qualified_type(t) {
                    Ty::Unknown(n) if &*n == "volatile type" => TArg::Unknown,
                    t => TArg::Ty(t),
                },
            },
            TemplateArg::Expr(e) => match &e.kind {
                ExprKind::Path(p) => self.template_path(p),
                _ => self.value_targ(e),
            },
            TemplateArg::Path(p) => self.template_path(p),
            TemplateArg::Pack(_) => TArg::Unknown,
        }
    }

    pub(super) fn value_targ(&mut self, e: &'a Expr) -> TArg {
        match self.const_value(e) {
            Some(v) => match (v.as_scalar().map(|x| &x.kind), &v.ty) {
                (Some(ir::ExprKind::Const(b)), ty) => TArg::Val(ty.clone(), *b),
                _ => TArg::Unknown,
            },
            None => TArg::Unknown,
        }
    }

    pub(super) fn template_path(&mut self, p: &'a Path) -> TArg {
        if let Some(t) = self.type_path(p) {
            return TArg::Ty(t);
        }
        if let Some(name) = p.as_ident() {
            match self.local(name) {
                Some(Binding::Template(t)) => return TArg::Template(t),
                Some(Binding::Pack(v)) => return TArg::Pack(v),
                _ => {}
            }
        }
        if p.segments.last().is_some_and(|s| s.args.is_none())
            && let Some(d) = self.class_template(p)
        {
            return TArg::Template(format!("{}:{}", d.at.ns, p.last_name()));
        }
        match self.entity(p) {
            Entity::Place(p) => {
                let v = self.in_block(|l| l.load(p)).1;
                match (v.as_scalar().map(|x| &x.kind), &v.ty) {
                    (Some(ir::ExprKind::Const(b)), ty) => TArg::Val(ty.clone(), *b),
                    _ => TArg::Unknown,
                }
            }
            Entity::Type(t) => TArg::Ty(t),
            Entity::Unclear(_) => TArg::Unknown,
            Entity::Funcs(f) => {
                let i = self
                    .funcs
                    .iter()
                    .position(|g| g.name == f.name && g.targs == f.targs)
                    .unwrap_or_else(|| {
                        self.funcs.push(f);
                        self.funcs.len() - 1
                    });
                TArg::Func(i as u32)
            }
            Entity::Builtin(_, name, _) => match self.bool_trait(p) {
                Some(b) => TArg::Val(Ty::BOOL, u64::from(b)),
                None => TArg::Template(name.to_string()),
            },
        }
    }

    /// What a template parameter is bound to.
    pub fn targ_binding(&mut self, arg: &TArg, want: Option<&Ty>) -> Binding<'a> {
        match arg {
            TArg::Ty(t) => Binding::Type(t.clone()),
            TArg::Val(t, bits) => {
                let s = t.scalar().unwrap_or(ir::ScalarTy::I32);
                let mut e = ir::Expr::constant(s, *bits);
                let mut ty = t.clone();
                if let Some(w) = want
                    && let Some(ws) = w.scalar()
                {
                    e = super::fold::cast(e, ws);
                    ty = w.clone();
                }
                Binding::Place(Place::Val(Value {
                    ty,
                    leaves: vec![Leaf::S(e)],
                }))
            }
            TArg::Func(i) => match self.funcs.get(*i as usize) {
                Some(f) => Binding::Func(f.clone()),
                None => Binding::Type(Ty::Unknown("function".into())),
            },
            TArg::Template(n) => Binding::Template(n.clone()),
            TArg::Pack(v) => Binding::Pack(v.clone()),
            TArg::Unknown => Binding::Type(Ty::Unknown("template argument".into())),
        }
    }

    /// Binds the parameters of a template to explicit or deduced arguments and defaults, in the
    /// current frame's innermost scope. Returns the full argument list, or `None` when one is missing.
    pub fn bind_template(
        &mut self,
        params: &'a [TemplateParam],
        given: &Deduced,
    ) -> Option<Vec<TArg>> {
        let mut full = Vec::new();
        for p in params {
            let mut arg = given.get(&p.name).filter(|_| !p.name.is_empty()).cloned();
            let mut want = None;
            match &p.kind {
                TemplateParamKind::Type { default } => {
                    if arg.is_none() {
                        if p.pack {
                            arg = Some(TArg::Pack(Vec::new()));
                        } else if let Some(d) = default {
                            let t = self.qualified_type(d);
                            if matches!(t, Ty::Unknown(_)) {
                                return None;
                            }
                            arg = Some(TArg::Ty(t));
                        } else if p.name.is_empty() {
                            arg = Some(TArg::Unknown);
                        }
                    }
                }
                TemplateParamKind::Value { ty, default } => {
                    let t = self.resolve_type(ty);
                    if matches!(&t, Ty::Unknown(n) if &**n == "enable_if") {
                        return None;
                    }
                    want = Some(t);
                    if arg.is_none() {
                        if p.pack {
                            arg = Some(TArg::Pack(Vec::new()));
                        } else if let Some(d) = default {
                            arg = Some(self.value_targ(d));
                        } else if p.name.is_empty() {
                            arg = Some(TArg::Unknown);
                        }
                    }
                }
                TemplateParamKind::Template => {}
            }
            let mut arg = arg?;
            if let (TArg::Pack(v), Some(w)) = (&arg, &want) {
                let all = v.iter().map(|a| self.converted_targ(a, w)).collect();
                arg = TArg::Pack(all);
            }
            if let (TArg::Val(..), Some(w)) = (&arg, &want) {
                arg = self.converted_targ(&arg, w);
            }
            if !p.name.is_empty() {
                let b = self.targ_binding(&arg, want.as_ref());
                self.bind(&p.name, b);
            }
            full.push(arg);
        }
        Some(full)
    }

    /// A constant as the type of its parameter sees it ([temp.arg.nontype]).
    fn converted_targ(&mut self, arg: &TArg, want: &Ty) -> TArg {
        if let TArg::Val(..) = arg
            && want.scalar().is_some()
            && let Binding::Place(Place::Val(v)) = self.targ_binding(arg, Some(want))
            && let Some(ir::ExprKind::Const(b)) = v.as_scalar().map(|e| e.kind.clone())
        {
            return TArg::Val(want.clone(), b);
        }
        arg.clone()
    }

    /// Matches positional arguments with parameter names.
    pub fn positional(params: &[TemplateParam], args: &[TArg]) -> Option<Deduced> {
        let mut out = Deduced::new();
        let mut i = 0;
        for (k, p) in params.iter().enumerate() {
            let key = if p.name.is_empty() {
                format!("#{k}")
            } else {
                p.name.clone()
            };
            if p.pack {
                let rest = args.get(i..).unwrap_or(&[]);
                if rest.is_empty() {
                    // To be deduced.
                } else if let [TArg::Pack(v)] = rest {
                    out.insert(key, TArg::Pack(v.clone()));
                } else {
                    out.insert(key, TArg::Pack(rest.to_vec()));
                }
                i = args.len();
            } else if let Some(a) = args.get(i) {
                out.insert(key, a.clone());
                i += 1;
            }
        }
        (i >= args.len()).then_some(out)
    }

    /// A frame scope for template parameters; used around [`Self::bind_template`].
    pub fn template_env(
        &mut self,
        params: &'a [TemplateParam],
        given: &Deduced,
        record: Option<u32>,
        at: At,
    ) -> Option<(Env<'a>, Vec<TArg>)> {
        self.with_env(Env::new(), record, at, |l| {
            let full = l.bind_template(params, given)?;
            let env = l.frames.last_mut()?.scopes.pop()?;
            Some((env, full))
        })
    }
}
