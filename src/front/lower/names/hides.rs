//! Which functions may come to a barrier, by the names that they mention.
//!
//! Purpose: a call of which it is not known what it calls can hide a barrier only where a function of that name, or what
//! that mentions, and so on, names one. Soundness direction: over-approximates. Names are compared without regard to
//! scopes; what is not understood (items with errors, unsupported statements) mentions everything, and so does every
//! function once an operator, a constructor or a destructor may come to a barrier, as those are called without a name.

use std::collections::{BTreeMap, BTreeSet};

use crate::front::ast::{
    Block, Declarator, Designator, Expr, ExprKind as EK, Function, Init, Item, ItemKind, Member,
    Path, Record, Stmt, StmtKind as SK, TemplateArg, Type, TypeKind,
};
use crate::front::lower::types::builtin_type;

/// The names of a file that may come to a barrier.
#[derive(Default)]
pub struct Hides {
    /// Functions that mention a barrier, or one of these; or that are declared, and not defined.
    names: BTreeSet<String>,
    /// Any function may.
    any: bool,
    /// There are destructors.
    destructors: bool,
    /// Functions whose result may lead to what they are given: what is no plain value.
    aliasing: BTreeSet<String>,
}

/// What closures are called, all of them.
const CLOSURE: &str = "%closure";

impl Hides {
    /// Those of a file.
    pub fn of(items: &[Item]) -> Hides {
        let mut all = Functions::default();
        all.items(items);
        let undefined = all
            .declared
            .iter()
            .filter(|n| !all.bodies.contains_key(**n));
        let mut out = Hides {
            any: all.broken,
            destructors: all.silent.iter().any(|n| n.starts_with('~')),
            aliasing: all.aliasing.iter().map(|n| (*n).to_string()).collect(),
            names: undefined.map(|n| (*n).to_string()).collect(),
        };
        loop {
            let new: Vec<String> = (all.bodies.iter())
                .filter(|(n, _)| !out.names.contains(**n))
                .filter(|(_, m)| m.open || m.names.iter().any(|n| out.may(n)))
                .map(|(n, _)| (*n).to_string())
                .collect();
            if new.is_empty() {
                break;
            }
            out.names.extend(new);
        }
        out.any |= all.silent.iter().any(|n| out.names.contains(*n));
        out
    }

    /// Whether something may that is called without a name.
    pub fn silently(&self) -> bool {
        self.any
    }

    /// Whether a value of unknown type may, when it is called.
    pub fn called(&self) -> bool {
        self.may(CLOSURE)
    }

    /// Whether the result of a function of that name may refer to a variable that it is given.
    pub fn refers(&self, name: &str) -> bool {
        self.aliasing.contains(name)
    }

    /// Whether objects of some class do something when they end.
    pub fn destroys(&self) -> bool {
        self.destructors
    }

    /// Whether a function of that name may come to a barrier.
    pub fn may(&self, name: &str) -> bool {
        self.any || name.contains("barrier") || self.names.contains(name)
    }
}

/// Functions by name, with what they mention.
#[derive(Default)]
struct Functions<'a> {
    bodies: BTreeMap<&'a str, Mentions<'a>>,
    declared: BTreeSet<&'a str>,
    /// Their result is no number and no vector.
    aliasing: BTreeSet<&'a str>,
    /// They are called where their name is not written.
    silent: BTreeSet<&'a str>,
    broken: bool,
}

impl<'a> Functions<'a> {
    fn items(&mut self, items: &'a [Item]) {
        items.iter().for_each(|i| self.item(i));
    }

    fn item(&mut self, item: &'a Item) {
        match &item.kind {
            ItemKind::Function(f) => self.function(f),
            ItemKind::Record(r) => self.record(r),
            ItemKind::Namespace { items, .. } => self.items(items),
            ItemKind::Error(_) => self.broken = true,
            ItemKind::Var(v) => v.vars.iter().for_each(|d| self.value(d)),
            _ => {}
        }
    }

    fn function(&mut self, f: &'a Function) {
        let name = f.name.last_name();
        let value = |t: &Type| match &t.kind {
            TypeKind::Named(p) => p.as_ident().is_some_and(|n| builtin_type(n).is_some()),
            _ => false,
        };
        if !f.ret.as_ref().is_some_and(value) {
            self.aliasing.insert(name);
        }
        if f.ret.is_none() || name.starts_with("operator") || name.starts_with('~') {
            self.silent.insert(name);
        }
        let Some(body) = &f.body else {
            if !f.defaulted_or_deleted {
                self.declared.insert(name);
            }
            return;
        };
        let mut m = Mentions::default();
        m.block(body);
        for i in &f.inits {
            m.path(&i.name);
            m.exprs(&i.args);
        }
        for p in &f.params {
            m.exprs(&p.default);
        }
        self.add(name, m);
    }

    fn add(&mut self, name: &'a str, m: Mentions<'a>) {
        for r in &m.records {
            self.record(r);
        }
        for b in &m.closures {
            let mut inner = Mentions::default();
            inner.block(b);
            self.add(CLOSURE, inner);
        }
        let all = self.bodies.entry(name).or_default();
        all.names.extend(m.names);
        all.open |= m.open;
    }

    fn record(&mut self, r: &'a Record) {
        for m in r.members.iter().flatten() {
            match m {
                Member::Field(d, _) => self.value(d),
                Member::Item(i) => self.item(i),
            }
        }
    }

    /// An initialiser is evaluated where no name says so.
    fn value(&mut self, d: &'a Declarator) {
        let mut m = Mentions::default();
        m.declarator(d);
        if let TypeKind::Record(r) = &d.ty.kind {
            self.record(r);
        }
        if d.init.is_some() {
            self.silent.insert("%initialiser");
            self.add("%initialiser", m);
        }
    }
}

/// The names that a body mentions.
#[derive(Default)]
struct Mentions<'a> {
    names: BTreeSet<&'a str>,
    records: Vec<&'a Record>,
    closures: Vec<&'a Block>,
    /// There is something in it that is not looked into.
    open: bool,
}

impl<'a> Mentions<'a> {
    fn block(&mut self, b: &'a Block) {
        b.stmts.iter().for_each(|s| self.stmt(s));
    }

    fn stmt(&mut self, s: &'a Stmt) {
        match &s.kind {
            SK::Expr(e) | SK::Case(e) => self.expr(e),
            SK::Decl(d) => d.vars.iter().for_each(|v| self.declarator(v)),
            SK::Item(i) => self.item(i),
            SK::Block(b) => self.block(b),
            SK::If {
                init,
                cond,
                then,
                els,
                ..
            } => {
                self.expr(cond);
                init.iter()
                    .chain([then])
                    .chain(els)
                    .for_each(|s| self.stmt(s));
            }
            SK::For {
                init,
                cond,
                step,
                body,
            } => {
                self.exprs(cond);
                self.exprs(step);
                init.iter().chain([body]).for_each(|s| self.stmt(s));
            }
            SK::ForRange { var, range, body } => {
                self.declarator(var);
                self.expr(range);
                self.stmt(body);
            }
            SK::While { cond, body } | SK::DoWhile { body, cond } => {
                self.expr(cond);
                self.stmt(body);
            }
            SK::Switch { cond, body } => {
                self.expr(cond);
                body.iter().for_each(|s| self.stmt(s));
            }
            SK::Return(e) => self.exprs(e),
            SK::Unsupported(_) => self.open = true,
            SK::Empty | SK::Default | SK::Break | SK::Continue | SK::Goto(_) | SK::Label(_) => {}
        }
    }

    fn item(&mut self, i: &'a Item) {
        match &i.kind {
            ItemKind::Record(r) => self.records.push(r),
            ItemKind::Var(v) => v.vars.iter().for_each(|d| self.declarator(d)),
            ItemKind::Alias(a) => self.ty(&a.ty),
            ItemKind::UsingDecl(p) => self.path(p),
            ItemKind::Error(_) => self.open = true,
            _ => {}
        }
    }

    fn declarator(&mut self, d: &'a Declarator) {
        self.ty(&d.ty);
        match &d.init {
            Some(Init::Assign(e)) => self.expr(e),
            Some(Init::Paren(v) | Init::Brace(v)) => self.exprs(v),
            None => {}
        }
        // An attribute may run code.
        self.open |= d.attrs.iter().any(|a| !a.is_harmless());
    }

    fn path(&mut self, p: &'a Path) {
        for s in &p.segments {
            self.names.insert(&s.name);
            if let Some(e) = &s.of {
                self.expr(e);
            }
            s.args.iter().flatten().for_each(|a| self.arg(a));
        }
    }

    fn arg(&mut self, a: &'a TemplateArg) {
        match a {
            TemplateArg::Type(t) => self.ty(t),
            TemplateArg::Expr(e) => self.expr(e),
            TemplateArg::Path(p) => self.path(p),
            TemplateArg::Pack(a) => self.arg(a),
        }
    }

    fn ty(&mut self, t: &'a Type) {
        match &t.kind {
            TypeKind::Named(p) => self.path(p),
            TypeKind::Auto => {}
            TypeKind::Decltype(e) => self.expr(e),
            TypeKind::Pointer(i) | TypeKind::Reference(i, _) | TypeKind::Attributed(i, _) => {
                self.ty(i);
            }
            TypeKind::Array(i, n) => {
                self.ty(i);
                n.iter().for_each(|n| self.expr(n));
            }
            TypeKind::Function { .. } => {}
            TypeKind::Record(r) => self.records.push(r),
        }
    }

    fn exprs(&mut self, all: impl IntoIterator<Item = &'a Expr>) {
        all.into_iter().for_each(|e| self.expr(e));
    }

    fn expr(&mut self, e: &'a Expr) {
        match &e.kind {
            EK::Path(p) => self.path(p),
            EK::Unary(_, a) | EK::Postfix(a, _) | EK::SizeofExpr(a) | EK::Pack(a) => self.expr(a),
            EK::Binary(_, a, b) | EK::Assign(_, a, b) | EK::Comma(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            EK::Ternary(a, b, c) => {
                self.expr(a);
                self.expr(b);
                self.expr(c);
            }
            EK::Call(f, args) => {
                self.expr(f);
                self.exprs(args);
            }
            EK::Construct { ty, args, .. } => {
                self.ty(ty);
                self.exprs(args);
            }
            EK::Index(a, i) => {
                self.expr(a);
                self.exprs(i);
            }
            EK::Member { base, name, .. } => {
                self.expr(base);
                self.path(name);
            }
            EK::Cast(_, t, a) => {
                self.ty(t);
                self.expr(a);
            }
            EK::InitList(v) => self.exprs(v),
            EK::SizeofType(t) | EK::AlignofType(t) => self.ty(t),
            EK::Designated(at, a) => {
                for d in at {
                    match d {
                        Designator::Field(_) => {}
                        Designator::Index(e) => self.expr(e),
                        Designator::Range(a, b) => {
                            self.expr(a);
                            self.expr(b);
                        }
                    }
                }
                self.expr(a);
            }
            EK::Lambda(l) => {
                self.closures.push(&l.body);
                self.block(&l.body);
                for (_, _, e) in &l.captures {
                    self.exprs(e);
                }
            }
            EK::Fold(f) => {
                self.exprs(&f.left);
                self.exprs(&f.right);
            }
            EK::Unsupported(_) => self.open = true,
            EK::Int { .. }
            | EK::Float { .. }
            | EK::Bool(_)
            | EK::Char(_)
            | EK::Str(_)
            | EK::Nullptr
            | EK::This
            | EK::SizeofPack(_) => {}
        }
    }
}
