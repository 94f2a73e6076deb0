//! Records: instantiation, specialisation, layout, fields.
//!
//! Purpose: C++ layout of `struct`, `class` and `union` with bases. Soundness direction: exact;
//! a layout that is not understood (bit-fields, attributes) puts the kernel in doubt.

use std::rc::Rc;

use crate::front::ast::{Attr, Init, ItemKind, Member, Record};
use crate::source::Span;

use super::ctx::Lowerer;
use super::layout::round_up;
use super::scope::{Binding, Env};
use super::symbols::visible;
use super::template::{Deduced, TArg};
use super::types::Ty;

/// An instantiated record.
#[derive(Clone)]
pub struct RecordInst<'a> {
    /// Name with arguments.
    pub name: String,
    /// The declaration.
    pub decl: &'a Record,
    /// Namespace.
    pub ns: Rc<str>,
    /// Template arguments and, for local records, the types around them.
    pub env: Env<'a>,
    /// Enclosing record.
    pub outer: Option<u32>,
    /// Template arguments.
    pub targs: Vec<TArg>,
    /// Data members, bases first.
    pub fields: Vec<Field<'a>>,
    /// Base classes.
    pub bases: Vec<u32>,
    /// Bytes.
    pub size: u64,
    /// Alignment.
    pub align: u64,
    /// Why its layout here may not be the real one, which puts the whole kernel in doubt.
    pub doubt: Option<String>,
    /// `union`
    pub is_union: bool,
}

/// A data member.
#[derive(Clone)]
pub struct Field<'a> {
    /// Name; empty for bases and anonymous members.
    pub name: String,
    /// Type (possibly a reference).
    pub ty: Ty,
    /// Byte offset.
    pub offset: u64,
    /// Default member initialiser.
    pub init: Option<&'a Init>,
    /// A base class.
    pub is_base: bool,
}

impl<'a> Lowerer<'a> {
    /// Instantiates a record by name.
    pub fn instantiate_named(
        &mut self,
        name: &str,
        args: Option<Vec<TArg>>,
        quals: &[&str],
    ) -> Option<Ty> {
        let syms = self.syms.clone();
        let all = syms.records.get(name)?;
        let ns = self.ns();
        let decls = visible(all, |d| &d.ns, &ns, quals);
        let primary = decls
            .iter()
            .filter(|d| d.item.specialization.is_none())
            .max_by_key(|d| d.item.members.is_some());
        let mut full = args.unwrap_or_default();
        let mut env = Env::new();
        if let Some(p) = primary
            && let Some(params) = &p.item.template
        {
            let given = Self::positional(params, &full)?;
            (env, full) = self.template_env(params, &given, None, p.ns.clone())?;
        }
        let mut best: Option<(usize, &super::symbols::Decl<'a, Record>, Env<'a>)> = None;
        for d in &decls {
            let Some(pattern) = &d.item.specialization else {
                continue;
            };
            let params = d.item.template.as_deref().unwrap_or(&[]);
            let mut out = Deduced::new();
            let ns = d.ns.clone();
            let n = pattern.len().min(full.len());
            let ok = self.with_env(Env::new(), None, ns.clone(), |l| {
                l.match_args(pattern, &full[..n], params, &mut out)
            });
            if !ok {
                continue;
            }
            // Arguments that the specialisation leaves out are the primary's defaults.
            if n < full.len() {
                let Some(p) = primary else { continue };
                let primary_params = p.item.template.as_deref().unwrap_or(&[]);
                let given = Self::positional(primary_params, &full[..n]);
                let again =
                    given.and_then(|g| self.template_env(primary_params, &g, None, p.ns.clone()));
                if again.is_none_or(|(_, args)| args != full) {
                    continue;
                }
            }
            let Some((e, _)) = self.template_env(params, &out, None, ns) else {
                continue;
            };
            if best.as_ref().is_none_or(|(n, ..)| params.len() < *n) {
                best = Some((params.len(), d, e));
            }
        }
        let (decl, env) = match best {
            Some((_, d, e)) => (d, e),
            None => (*primary?, env),
        };
        decl.item.members.as_ref()?;
        Some(self.instantiate(decl.item, decl.span, env, full, None, decl.ns.clone()))
    }

    /// The instance of a record declaration with these arguments.
    pub fn instantiate(
        &mut self,
        decl: &'a Record,
        span: Span,
        env: Env<'a>,
        targs: Vec<TArg>,
        outer: Option<u32>,
        ns: Rc<str>,
    ) -> Ty {
        let mut ident = targs.clone();
        if let Some(o) = outer {
            ident.push(TArg::Ty(Ty::Record(o)));
        }
        let key = (span, decl.name.clone(), crate::ir::PathId(0), ident);
        if let Some(id) = self.rec_index.get(&key) {
            return Ty::Record(*id);
        }
        self.build_record(decl, key, env, targs, outer, ns)
    }

    /// Declares a local or anonymous record.
    pub fn declare_record(&mut self, decl: &'a Record, span: Span) -> Ty {
        let path = self.path();
        let mut env = Env::new();
        let mut outer = None;
        let mut ident = Vec::new();
        if let Some(f) = self.frames.last() {
            outer = f.record;
            for s in &f.scopes {
                for (n, b) in s {
                    if !matches!(b, Binding::Place(super::value::Place::Reg(_)))
                        && !matches!(b, Binding::Place(super::value::Place::Mem(..)))
                    {
                        env.insert(n.clone(), b.clone());
                    }
                }
            }
        }
        if let Some(o) = outer {
            ident.push(TArg::Ty(Ty::Record(o)));
        }
        let key = (span, decl.name.clone(), path, ident);
        if let Some(id) = self.rec_index.get(&key) {
            return Ty::Record(*id);
        }
        let ns = self.ns();
        self.build_record(decl, key, env, Vec::new(), outer, ns)
    }

    fn build_record(
        &mut self,
        decl: &'a Record,
        key: (Span, String, crate::ir::PathId, Vec<TArg>),
        env: Env<'a>,
        targs: Vec<TArg>,
        outer: Option<u32>,
        ns: Rc<str>,
    ) -> Ty {
        let id = self.recs.len() as u32;
        let mut name = decl.name.clone();
        if !targs.is_empty() {
            name = format!("{name}<{}>", self.targs_text(&targs));
        }
        self.rec_index.insert(key, id);
        self.recs.push(RecordInst {
            name,
            decl,
            ns: ns.clone(),
            env,
            outer,
            targs,
            fields: Vec::new(),
            bases: Vec::new(),
            size: 1,
            align: 1,
            doubt: None,
            is_union: decl.is_union,
        });
        self.with_env(Env::new(), Some(id), ns, |l| l.layout_record(decl, id));
        Ty::Record(id)
    }

    fn layout_record(&mut self, decl: &'a Record, id: u32) {
        let mut fields = Vec::new();
        let mut doubt: Option<String> = None;
        let packed = decl.attrs.iter().any(|a| a.name == "packed");
        let mut offset = 0u64;
        let mut align = 1u64;
        let mut end = 0u64;
        let mut place = |l: &Self, ty: &Ty, wanted: Option<u64>| {
            let (s, own) = l.size_align(ty);
            let a = wanted.unwrap_or(if packed { 1 } else { own });
            let at = if decl.is_union {
                0
            } else {
                round_up(offset, a)
            };
            offset = at + s;
            end = end.max(offset);
            align = align.max(a);
            at
        };
        for b in &decl.bases {
            let ty = self.resolve_type(b);
            if let Ty::Record(base) = ty {
                if let Some(r) = self.recs.get_mut(id as usize) {
                    r.bases.push(base);
                }
                let empty = self
                    .recs
                    .get(base as usize)
                    .is_some_and(|r| r.fields.is_empty());
                let at = if empty { 0 } else { place(self, &ty, None) };
                fields.push(Field {
                    name: String::new(),
                    ty,
                    offset: at,
                    init: None,
                    is_base: true,
                });
            }
        }
        for m in decl.members.iter().flatten() {
            match m {
                Member::Field(d, flags) if !flags.is_static => {
                    let ty = self.resolve_type(&d.ty);
                    if d.bits.is_some() {
                        doubt = Some("bit-field".into());
                    }
                    if let Ty::Unknown(n) = &ty {
                        doubt = Some(format!("member of unknown type `{n}`"));
                    }
                    let wanted = if d.attrs.iter().any(Attr::is_alignment) {
                        let own = if packed { 1 } else { self.size_align(&ty).1 };
                        let wanted = self.wanted_alignment(own, &d.attrs);
                        if wanted.is_none() {
                            doubt = Some("alignment".into());
                        }
                        wanted
                    } else {
                        None
                    };
                    let at = place(self, &ty, wanted);
                    fields.push(Field {
                        name: d.name.clone(),
                        ty,
                        offset: at,
                        init: d.init.as_ref(),
                        is_base: false,
                    });
                }
                // An anonymous struct or union is a member without a name.
                Member::Item(item) => {
                    if let ItemKind::Record(r) = &item.kind
                        && r.name.is_empty()
                    {
                        let ns = self.ns();
                        let ty =
                            self.instantiate(r, item.span, Env::new(), Vec::new(), Some(id), ns);
                        let at = place(self, &ty, None);
                        fields.push(Field {
                            name: String::new(),
                            ty,
                            offset: at,
                            init: None,
                            is_base: false,
                        });
                    }
                }
                Member::Field(..) => {}
            }
        }
        match self.wanted_alignment(align, &decl.attrs) {
            Some(n) => align = n,
            None => doubt = Some("alignment".into()),
        }
        for a in &decl.attrs {
            if !a.is_harmless() && a.name != "packed" {
                doubt = Some(format!("attribute `{}`", a.name));
            }
        }
        if let Some(r) = self.recs.get_mut(id as usize) {
            r.fields = fields;
            r.align = align;
            r.doubt = doubt;
            r.size = round_up(end.max(1), align);
        }
    }

    /// Path of field indices to a named data member, through bases and anonymous members.
    pub fn find_field(&self, rec: u32, name: &str) -> Option<Vec<usize>> {
        let r = self.recs.get(rec as usize)?;
        if let Some(i) = r.fields.iter().position(|f| f.name == name && !f.is_base) {
            return Some(vec![i]);
        }
        for (i, f) in r.fields.iter().enumerate() {
            if f.name.is_empty()
                && let Ty::Record(inner) = f.ty
                && let Some(mut rest) = self.find_field(inner, name)
            {
                rest.insert(0, i);
                return Some(rest);
            }
        }
        None
    }

    /// Template arguments as text.
    pub fn targs_text(&self, args: &[TArg]) -> String {
        let one = |a: &TArg| match a {
            TArg::Ty(t) => self.type_name(t),
            TArg::Val(t, b) => match t.scalar() {
                Some(s) => crate::ir::Expr::constant(s, *b)
                    .as_int()
                    .map_or_else(|| b.to_string(), |v| v.to_string()),
                None => b.to_string(),
            },
            TArg::Func(i) => self
                .funcs
                .get(*i as usize)
                .map_or_else(String::new, |f| f.name.clone()),
            TArg::Template(n) => n.clone(),
            TArg::Pack(v) => self.targs_text(v),
            TArg::Unknown => "?".into(),
        };
        args.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}
