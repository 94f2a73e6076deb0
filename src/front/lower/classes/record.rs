//! Records: instantiation, specialisation, layout, fields.
//!
//! Purpose: C++ layout of `struct`, `class` and `union` with bases. Soundness direction: exact;
//! a layout that is not understood (bit-fields, attributes) puts the kernel in doubt.

use crate::front::ast::{Attr, Init, ItemKind, Member, Record, TemplateArg};
use crate::source::Span;

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::decl::declared_cv;
use crate::front::lower::layout::round_up;
use crate::front::lower::lifetime::Special;
use crate::front::lower::scope::{Binding, Env};
use crate::front::lower::symbols::{At, Decl, NsId, What};
use crate::front::lower::template::{Deduced, TArg};
use crate::front::lower::types::{Cv, Ty};

/// An instantiated record.
#[derive(Clone)]
pub struct RecordInst<'a> {
    /// Name with arguments.
    pub name: String,
    /// The declaration.
    pub decl: &'a Record,
    /// Where its names are looked up.
    pub at: At,
    /// Template arguments and, for local records, the types around them.
    pub env: Env<'a>,
    /// Enclosing record.
    pub outer: Option<u32>,
    /// Template arguments.
    pub targs: Vec<TArg>,
    /// Data members, bases first.
    pub fields: Vec<Field<'a>>,
    /// Base classes, and whether template parameters around decide which.
    pub bases: Vec<(u32, bool)>,
    /// Bytes.
    pub size: u64,
    /// Alignment.
    pub align: u64,
    /// Why its layout here may not be the real one, which puts the whole kernel in doubt.
    pub doubt: Option<String>,
    /// It is declared in a block.
    pub local: bool,
    /// Which special members do something.
    pub special: Special,
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
    /// `const` and `volatile` of the member.
    pub cv: Cv,
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
        ns: NsId,
    ) -> Option<Ty> {
        let syms = self.syms.clone();
        // Specialisations and the definition count wherever they are ([temp.spec]).
        let all = syms.all_in(ns, name);
        let decls: Vec<Decl<'a, Record>> = all
            .iter()
            .filter_map(|n| match n.what {
                What::Record(item) => Some(Decl {
                    item,
                    at: n.at,
                    span: n.span,
                }),
                _ => None,
            })
            .collect();
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
            (env, full) = self.template_env(params, &given, None, p.at)?;
        }
        let mut best: Vec<(&Decl<'a, Record>, Env<'a>)> = Vec::new();
        for d in &decls {
            let Some(pattern) = &d.item.specialization else {
                continue;
            };
            let params = d.item.template.as_deref().unwrap_or(&[]);
            let mut out = Deduced::new();
            let at = d.at;
            let n = pattern.len().min(full.len());
            let qualified = |(p, a): (&TemplateArg, &TArg)| {
                let cv = matches!(p, TemplateArg::Type(t) if declared_cv(t) != Cv::default());
                cv && *a == TArg::Unknown
            };
            if pattern.iter().zip(&full).any(qualified) {
                return Some(Ty::Unknown(format!("`{name}` of such an argument").into()));
            }
            let ok = self.with_env(Env::new(), None, at, |l| {
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
                let again = given.and_then(|g| self.template_env(primary_params, &g, None, p.at));
                if again.is_none_or(|(_, args)| args != full) {
                    continue;
                }
            }
            let Some((e, _)) = self.template_env(params, &out, None, at) else {
                continue;
            };
            best.push((d, e));
        }
        let (decl, env) = match best.len() {
            0 => (primary?, env),
            1 => best.pop()?,
            _ => match self.most_special(&best) {
                Some(i) => best.swap_remove(i),
                None => return Some(Ty::Unknown(format!("ambiguous `{name}`").into())),
            },
        };
        decl.item.members.as_ref()?;
        Some(self.instantiate(decl.item, decl.span, env, full, None, decl.at))
    }

    /// The instance of a record declaration with these arguments.
    pub fn instantiate(
        &mut self,
        decl: &'a Record,
        span: Span,
        env: Env<'a>,
        targs: Vec<TArg>,
        outer: Option<u32>,
        at: At,
    ) -> Ty {
        let mut ident = targs.clone();
        if let Some(o) = outer {
            ident.push(TArg::Ty(Ty::Record(o)));
        }
        let key = (span, decl.name.clone(), crate::ir::PathId(0), ident);
        if let Some(id) = self.rec_index.get(&key) {
            return Ty::Record(*id);
        }
        self.build_record(decl, key, env, targs, outer, at)
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
                    if !matches!(b, Binding::Place(crate::front::lower::value::Place::Reg(_)))
                        && !matches!(
                            b,
                            Binding::Place(crate::front::lower::value::Place::Mem(..))
                        )
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
        let at = self.at();
        self.build_record(decl, key, env, Vec::new(), outer, at)
    }

    fn build_record(
        &mut self,
        decl: &'a Record,
        key: (Span, String, crate::ir::PathId, Vec<TArg>),
        env: Env<'a>,
        targs: Vec<TArg>,
        outer: Option<u32>,
        at: At,
    ) -> Ty {
        let id = self.recs.len() as u32;
        let mut name = decl.name.clone();
        if !targs.is_empty() {
            name = format!("{name}<{}>", self.targs_text(&targs));
        }
        let local = key.2 != crate::ir::PathId(0);
        self.rec_index.insert(key, id);
        self.recs.push(RecordInst {
            name,
            decl,
            at,
            env,
            outer,
            targs,
            fields: Vec::new(),
            bases: Vec::new(),
            size: 1,
            align: 1,
            doubt: None,
            local,
            special: Special::default(),
            is_union: decl.is_union,
        });
        self.with_env(Env::new(), Some(id), at, |l| l.layout_record(decl, id));
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
            let dependent = self.mentions_parameters(b);
            let ty = self.resolve_type(b);
            if let Ty::Record(base) = ty {
                if let Some(r) = self.recs.get_mut(id as usize) {
                    r.bases.push((base, dependent));
                }
                let empty = self
                    .recs
                    .get(base as usize)
                    .is_some_and(|r| r.fields.is_empty());
                let at = if empty { 0 } else { place(self, &ty, None) };
                fields.push(Field {
                    name: String::new(),
                    ty,
                    cv: Cv::default(),
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
                    let cv = self.cv_of_type(&d.ty);
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
                        cv,
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
                        let at = self.at();
                        let ty =
                            self.instantiate(r, item.span, Env::new(), Vec::new(), Some(id), at);
                        let at = place(self, &ty, None);
                        fields.push(Field {
                            name: String::new(),
                            ty,
                            cv: Cv::default(),
                            offset: at,
                            init: None,
                            is_base: false,
                        });
                    }
                }
                Member::Field(..) => {}
            }
        }
        let is_virtual = |m: &Member| matches!(m, Member::Item(i) if matches!(&i.kind, ItemKind::Function(f) if f.is_virtual));
        if decl.members.iter().flatten().any(is_virtual) {
            doubt = Some("virtual function".into());
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
        let mut special = Special::of(decl);
        for f in &fields {
            special = special.and(self.special(&f.ty));
        }
        if let Some(r) = self.recs.get_mut(id as usize) {
            r.special = special;
            r.fields = fields;
            r.align = align;
            r.doubt = doubt;
            r.size = round_up(end.max(1), align);
        }
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
