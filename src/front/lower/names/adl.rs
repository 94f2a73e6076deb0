//! Argument-dependent lookup, and what depends on template parameters ([basic.lookup.argdep],
//! [temp.dep]).
//!
//! Purpose: the functions that a call finds by the types of its arguments: those of their namespaces
//! and the friends that their classes define. In a template, a call whose arguments depend on its
//! parameters sees what is declared up to the end of the file, every other call what was declared
//! before the template ([temp.dep.candidate]). Soundness direction: exact.

use std::collections::BTreeSet;

use crate::front::ast::{
    Block, Expr, ExprKind as EK, Function, ItemKind, Member, Path, Stmt, StmtKind as SK,
    TemplateArg, TemplateParam, Type, TypeKind,
};

use crate::front::lower::call::Arg;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::scope::FuncCand;
use crate::front::lower::symbols::{FIRST_ENUM, NsId, What};
use crate::front::lower::template::TArg;
use crate::front::lower::types::Ty;

/// Names whose meaning depends on template parameters.
#[derive(Default)]
pub struct Dependent<'a> {
    names: BTreeSet<&'a str>,
    /// Members of the class are dependent, too.
    class: bool,
}

impl<'a> Dependent<'a> {
    /// Those of a function that comes from a template, or is a member of one.
    pub fn of(f: &'a Function, around: &[&'a [TemplateParam]]) -> Option<Dependent<'a>> {
        let mut d = Dependent {
            class: !around.is_empty(),
            ..Dependent::default()
        };
        let own = f.template.as_deref().unwrap_or(&[]);
        for p in around.iter().copied().flatten().chain(own) {
            d.names.insert(&p.name);
        }
        if d.names.is_empty() && !d.class {
            return None;
        }
        for p in &f.params {
            if d.in_type(&p.ty) {
                d.names.insert(&p.name);
            }
        }
        if let Some(b) = &f.body {
            d.block(b);
        }
        Some(d)
    }

    fn block(&mut self, b: &'a Block) {
        b.stmts.iter().for_each(|s| self.stmt(s));
    }

    fn stmt(&mut self, s: &'a Stmt) {
        match &s.kind {
            SK::Decl(d) => {
                for v in &d.vars {
                    let auto = matches!(core(&v.ty).kind, TypeKind::Auto);
                    let init = crate::front::lower::decl::init_expr(&v.init);
                    if self.in_type(&v.ty) || (auto && init.is_some_and(|e| self.depends(e))) {
                        self.names.insert(&v.name);
                    }
                }
            }
            SK::Item(i) => match &i.kind {
                ItemKind::Alias(a) if self.in_type(&a.ty) => {
                    self.names.insert(&a.name);
                }
                // A local class of a template.
                ItemKind::Record(r) => {
                    self.names.insert(&r.name);
                }
                _ => {}
            },
            SK::Block(b) => self.block(b),
            SK::If {
                init, then, els, ..
            } => {
                for s in init.iter().chain([then]).chain(els) {
                    self.stmt(s);
                }
            }
            SK::For { init, body, .. } => {
                for s in init.iter().chain([body]) {
                    self.stmt(s);
                }
            }
            SK::ForRange { var, range, body } => {
                if self.in_type(&var.ty) || self.depends(range) {
                    self.names.insert(&var.name);
                }
                self.stmt(body);
            }
            SK::While { body, .. } | SK::DoWhile { body, .. } => self.stmt(body),
            SK::Switch { body, .. } => body.iter().for_each(|s| self.stmt(s)),
            _ => {}
        }
    }

    /// Whether a type mentions one of the names.
    pub fn in_type(&self, t: &Type) -> bool {
        match &t.kind {
            TypeKind::Named(p) => self.in_path(p),
            TypeKind::Auto => false,
            TypeKind::Decltype(e) => self.mentions(e),
            TypeKind::Pointer(i) | TypeKind::Reference(i, _) | TypeKind::Attributed(i, _) => {
                self.in_type(i)
            }
            TypeKind::Array(i, n) => {
                self.in_type(i) || n.as_ref().is_some_and(|n| self.mentions(n))
            }
            TypeKind::Function { ret, params } => {
                self.in_type(ret) || params.iter().any(|p| self.in_type(p))
            }
            TypeKind::Record(_) => self.class,
        }
    }

    fn in_path(&self, p: &Path) -> bool {
        p.segments.iter().any(|s| {
            s.of.as_ref().is_some_and(|e| self.mentions(e))
                || self.names.contains(s.name.as_str())
                || s.args.iter().flatten().any(|a| self.in_arg(a))
        })
    }

    fn in_arg(&self, a: &TemplateArg) -> bool {
        match a {
            TemplateArg::Type(t) => self.in_type(t),
            TemplateArg::Expr(e) => self.mentions(e),
            TemplateArg::Path(p) => self.in_path(p),
            TemplateArg::Pack(_) => true,
        }
    }

    /// Whether an expression mentions one of the names anywhere.
    fn mentions(&self, e: &Expr) -> bool {
        match &e.kind {
            EK::Cast(_, t, x) => self.in_type(t) || self.mentions(x),
            EK::SizeofType(t) | EK::AlignofType(t) => self.in_type(t),
            EK::SizeofExpr(x) => self.mentions(x),
            EK::Construct { ty, args, .. } => {
                self.in_type(ty) || args.iter().any(|a| self.mentions(a))
            }
            _ => self.depends(e),
        }
    }

    /// Whether the type of an expression depends on the names ([temp.dep.expr]).
    pub fn depends(&self, e: &Expr) -> bool {
        match &e.kind {
            EK::Path(p) => self.in_path(p),
            EK::This => self.class,
            EK::Unary(_, a) | EK::Postfix(a, _) => self.depends(a),
            EK::Binary(_, a, b) | EK::Assign(_, a, b) | EK::Ternary(_, a, b) => {
                self.depends(a) || self.depends(b)
            }
            EK::Comma(_, b) => self.depends(b),
            EK::Call(f, args) => self.depends(f) || args.iter().any(|a| self.depends(a)),
            EK::Construct { ty, .. } => self.in_type(ty),
            EK::Index(a, i) => self.depends(a) || i.iter().any(|i| self.depends(i)),
            EK::Member { base, name, .. } => self.depends(base) || self.in_path(name),
            EK::Cast(_, t, _) => self.in_type(t),
            EK::InitList(v) => v.iter().any(|a| self.depends(a)),
            EK::Lambda(_) | EK::Unsupported(_) => true,
            EK::Pack(_) | EK::Fold(_) | EK::SizeofPack(_) => true,
            EK::Designated(_, a) => self.depends(a),
            _ => false,
        }
    }
}

/// A type without pointers and references.
fn core(t: &Type) -> &Type {
    match &t.kind {
        TypeKind::Pointer(i) | TypeKind::Reference(i, _) | TypeKind::Attributed(i, _) => core(i),
        _ => t,
    }
}

impl<'a> Lowerer<'a> {
    /// Template parameters of the classes around, innermost first.
    pub fn class_parameters(&self, rec: Option<u32>) -> Vec<&'a [TemplateParam]> {
        let mut out = Vec::new();
        let mut at = rec;
        while let Some(r) = at.and_then(|r| self.recs.get(r as usize)) {
            if let Some(p) = &r.decl.template
                && !p.is_empty()
            {
                out.push(p.as_slice());
            }
            at = r.outer;
        }
        out
    }

    /// Whether a type mentions template parameters of the classes around.
    pub fn mentions_parameters(&self, t: &Type) -> bool {
        let around = self.class_parameters(self.frames.last().and_then(|f| f.record));
        let mut d = Dependent::default();
        for p in around.into_iter().flatten() {
            d.names.insert(&p.name);
        }
        d.in_type(t) || self.local_class_depends(t)
    }

    /// Whether a type that a local class mentions depends on parameters of the function around.
    fn local_class_depends(&self, t: &Type) -> bool {
        let record = self.frames.last().and_then(|f| f.record);
        if !record.is_some_and(|r| self.recs.get(r as usize).is_some_and(|r| r.local)) {
            return false;
        }
        let function =
            |f: &&crate::front::lower::scope::Frame<'a>| f.ret.is_some() || f.dependent.is_some();
        let around = self.frames.iter().rev().find(function);
        around.is_some_and(|f| f.dependent.as_ref().is_some_and(|d| d.in_type(t)))
    }

    /// Whether a call in the current function depends on template parameters.
    pub fn call_depends(&self, args: &[&Expr]) -> bool {
        let d = self.frames.last().and_then(|f| f.dependent.as_ref());
        d.is_some_and(|d| args.iter().any(|a| d.depends(a)))
    }

    /// Functions of a name that the types of the arguments bring.
    pub fn by_arguments(
        &mut self,
        name: &str,
        args: &[Arg<'a>],
        dependent: bool,
    ) -> Vec<FuncCand<'a>> {
        let order = if dependent { u32::MAX } else { self.at().order };
        let (mut spaces, mut classes) = (BTreeSet::new(), BTreeSet::new());
        for a in args {
            if let Arg::Place(p) = a {
                let t = p.ty().clone();
                self.associate(&t, &mut spaces, &mut classes);
            }
        }
        let mut out: Vec<FuncCand<'a>> = Vec::new();
        let syms = self.syms.clone();
        for ns in spaces {
            for n in syms.associated(ns, name, order) {
                if let What::Function(f) = n.what {
                    out.push(FuncCand {
                        f,
                        at: n.at,
                        rec: None,
                        defaults: None,
                    });
                }
            }
        }
        for c in classes {
            out.extend(self.friends(c, name));
        }
        out
    }

    /// The friends of a name that a class declares.
    fn friends(&self, rec: u32, name: &str) -> Vec<FuncCand<'a>> {
        let Some(r) = self.recs.get(rec as usize) else {
            return Vec::new();
        };
        let functions = r.decl.members.iter().flatten().filter_map(|m| match m {
            Member::Item(i) => match &i.kind {
                ItemKind::Function(f) if f.is_friend && f.name.last_name() == name => Some(&**f),
                _ => None,
            },
            Member::Field(..) => None,
        });
        functions
            .filter(|f| f.name.segments.len() == 1 && f.body.is_some())
            .map(|f| FuncCand {
                f,
                at: r.at,
                rec: Some(rec),
                defaults: None,
            })
            .collect()
    }

    /// Namespaces and classes that a type is associated with.
    fn associate(&self, t: &Ty, spaces: &mut BTreeSet<NsId>, classes: &mut BTreeSet<u32>) {
        match t {
            Ty::Pointer(t, _) | Ty::Ref(t, _) | Ty::Array(t, _) | Ty::Unsized(t) => {
                self.associate(t, spaces, classes);
            }
            Ty::Enum(id, _) => {
                let e = id.checked_sub(FIRST_ENUM);
                if let Some(e) = e.and_then(|i| self.enums.get(i as usize)) {
                    spaces.insert(e.at.ns);
                    classes.extend(e.rec);
                }
            }
            Ty::Record(id) => self.associate_record(*id, spaces, classes),
            Ty::Func(i) => {
                for c in self.funcs.get(*i as usize).iter().flat_map(|f| &f.cands) {
                    spaces.insert(c.at.ns);
                }
            }
            _ => {}
        }
    }

    fn associate_record(&self, id: u32, spaces: &mut BTreeSet<NsId>, classes: &mut BTreeSet<u32>) {
        let Some(r) = self.recs.get(id as usize) else {
            return;
        };
        if !classes.insert(id) {
            return;
        }
        spaces.insert(r.at.ns);
        for (b, _) in &r.bases {
            self.associate_record(*b, spaces, classes);
        }
        if let Some(o) = r.outer {
            classes.insert(o);
        }
        for a in &r.targs {
            self.associate_arg(a, spaces, classes);
        }
    }

    fn associate_arg(&self, a: &TArg, spaces: &mut BTreeSet<NsId>, classes: &mut BTreeSet<u32>) {
        match a {
            TArg::Ty(t) => self.associate(t, spaces, classes),
            TArg::Pack(v) => v
                .iter()
                .for_each(|a| self.associate_arg(a, spaces, classes)),
            _ => {}
        }
    }
}

/// Whether an argument is of a type that no function of the library takes.
pub fn only_ours(args: &[Arg<'_>]) -> bool {
    args.iter()
        .any(|a| matches!(a, Arg::Place(p) if matches!(p.ty(), Ty::Record(_) | Ty::Lambda(_))))
}

/// Whether no operand is of a class ([over.match.oper]/3.2).
pub fn no_class(args: &[Arg<'_>]) -> bool {
    let class = |a: &Arg<'_>| !matches!(a, Arg::Place(p) if !matches!(p.ty(), Ty::Record(_) | Ty::Unknown(_)));
    !args.iter().any(class)
}
