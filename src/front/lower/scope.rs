//! Frames, bindings and name lookup.
//!
//! Purpose: what a name means at a point of an inlined function. Lookup goes from the innermost
//! block outwards, then to the record (its template arguments, members and bases), then to namespace
//! scope. Soundness direction: exact.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::front::ast::{Declarator, Function, ItemKind, Member, Path, PathSegment, TemplateParam};
use crate::ir::{LabelId, LoopId, PathId};
use crate::source::Span;

use super::ctx::Lowerer;
use super::symbols::{FIRST_ENUM, visible};
use super::template::TArg;
use super::types::{ENUM_MEM_FLAGS, Ty};
use super::value::{Place, Store, Value};

/// What a name is bound to.
#[derive(Clone)]
pub enum Binding<'a> {
    /// A variable, reference or constant.
    Place(Place),
    /// A type.
    Type(Ty),
    /// A function argument of a template.
    Func(FuncSet<'a>),
    /// A class template given as argument.
    Template(String),
    /// A pack.
    Pack(Vec<TArg>),
}

/// Names of one block or one template argument list.
pub type Env<'a> = BTreeMap<String, Binding<'a>>;

/// A function that a call may mean.
#[derive(Clone)]
pub struct FuncCand<'a> {
    /// The declaration.
    pub f: &'a Function,
    /// Its namespace.
    pub ns: Rc<str>,
    /// The record it is a member of.
    pub rec: Option<u32>,
}

/// Functions of one name.
#[derive(Clone)]
pub struct FuncSet<'a> {
    /// The name.
    pub name: String,
    /// The functions.
    pub cands: Vec<FuncCand<'a>>,
    /// Template arguments written at the use.
    pub targs: Option<Vec<TArg>>,
}

/// A construct that `break` or `continue` refers to.
#[derive(Clone, Copy)]
pub enum Ctl {
    /// A loop.
    Loop(LoopId),
    /// A `switch`.
    Switch(LabelId),
}

/// How an inlined call returns.
#[derive(Clone)]
pub struct Ret {
    /// End of the call.
    pub label: LabelId,
    /// The result type; `None` for `auto`.
    pub ty: Option<Ty>,
    /// Number of returns met.
    pub count: u32,
    /// Result of the first return.
    pub first: Option<Place>,
    /// Variables for the result, made at the first return.
    pub store: Option<(Ty, Rc<Store>)>,
    /// Where the function is.
    pub span: Span,
    /// Nesting of blocks at the start of the body.
    pub level: usize,
}

/// An inlined function.
#[derive(Clone)]
pub struct Frame<'a> {
    /// Block scopes, innermost last.
    pub scopes: Vec<Env<'a>>,
    /// The object of a member function.
    pub this: Option<Place>,
    /// The record whose members are in scope.
    pub record: Option<u32>,
    /// The namespace.
    pub ns: Rc<str>,
    /// The call path.
    pub path: PathId,
    /// How to return; `None` in a kernel's own body.
    pub ret: Option<Ret>,
    /// Enclosing loops and switches.
    pub ctl: Vec<Ctl>,
    /// The function with its template arguments.
    pub name: String,
}

impl<'a> Frame<'a> {
    /// A frame without anything.
    pub fn new(ns: Rc<str>, path: PathId) -> Frame<'a> {
        Frame {
            scopes: vec![Env::new()],
            this: None,
            record: None,
            ns,
            path,
            ret: None,
            ctl: Vec::new(),
            name: String::new(),
        }
    }
}

/// What a path in an expression means.
pub enum Entity<'a> {
    /// Something with a value.
    Place(Place),
    /// A type.
    Type(Ty),
    /// User functions.
    Funcs(FuncSet<'a>),
    /// Not declared in the file: perhaps a built-in function.
    Builtin(Option<&'a str>, &'a str, Option<Vec<TArg>>),
}

/// What precedes the last segment of a path.
pub enum Container<'a> {
    /// Namespaces.
    Quals(Vec<&'a str>),
    /// A type.
    Type(Ty),
}

impl<'a> Lowerer<'a> {
    /// Runs `f` in a frame that sees only `env`, the record and the namespace.
    pub fn with_env<R>(
        &mut self,
        env: Env<'a>,
        record: Option<u32>,
        ns: Rc<str>,
        f: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let mut frame = Frame::new(ns, self.path());
        frame.scopes.push(env);
        frame.record = record;
        self.frames.push(frame);
        let r = f(self);
        self.frames.pop();
        r
    }

    /// The current namespace.
    pub fn ns(&self) -> Rc<str> {
        self.frames
            .last()
            .map_or_else(|| "".into(), |f| f.ns.clone())
    }

    /// A name in the block scopes of the current function.
    pub fn local(&self, name: &str) -> Option<Binding<'a>> {
        let f = self.frames.last()?;
        f.scopes.iter().rev().find_map(|s| s.get(name).cloned())
    }

    /// Resolves what precedes the last segment.
    pub fn container(&mut self, segs: &'a [PathSegment]) -> Container<'a> {
        let mut c = Container::Quals(Vec::new());
        for s in segs {
            c = match c {
                Container::Quals(mut q) => match self.type_segment(s, &q) {
                    Some(t) => Container::Type(t),
                    None => {
                        q.push(&s.name);
                        Container::Quals(q)
                    }
                },
                Container::Type(t) => match self.member_type(&t, s) {
                    Some(t) => Container::Type(t),
                    None => return Container::Type(Ty::Unknown(s.name.as_str().into())),
                },
            };
        }
        c
    }

    /// Resolves a path in an expression.
    pub fn entity(&mut self, path: &'a Path) -> Entity<'a> {
        let Some((last, quals)) = path.segments.split_last() else {
            return Entity::Builtin(None, "", None);
        };
        let name = last.name.as_str();
        let container = self.container(quals);
        let targs = last.args.as_ref().map(|a| self.template_args(a));
        match container {
            Container::Type(t) => self.entity_in_type(&t, last, targs),
            Container::Quals(q) => {
                if q.is_empty() {
                    match self.local(name) {
                        Some(Binding::Place(p)) => return Entity::Place(p),
                        Some(Binding::Type(t)) => return Entity::Type(t),
                        Some(Binding::Func(f)) => return Entity::Funcs(f),
                        _ => {}
                    }
                    let mut rec = self.frames.last().and_then(|f| f.record);
                    let mut innermost = true;
                    while let Some(r) = rec {
                        if let Some(e) = self.entity_in_record(r, last, &targs, innermost) {
                            return e;
                        }
                        rec = self.recs.get(r as usize).and_then(|x| x.outer);
                        innermost = false;
                    }
                }
                self.entity_global(last, &q, targs)
            }
        }
    }

    fn entity_in_record(
        &mut self,
        rec: u32,
        seg: &'a PathSegment,
        targs: &Option<Vec<TArg>>,
        innermost: bool,
    ) -> Option<Entity<'a>> {
        let name = seg.name.as_str();
        match self.recs.get(rec as usize)?.env.get(name).cloned() {
            Some(Binding::Place(p)) => return Some(Entity::Place(p)),
            Some(Binding::Type(t)) => return Some(Entity::Type(t)),
            Some(Binding::Func(f)) => return Some(Entity::Funcs(f)),
            _ => {}
        }
        if innermost
            && let Some(this) = self.frames.last().and_then(|f| f.this.clone())
            && self.find_field(rec, name).is_some()
        {
            return self.field_place(this, name).map(Entity::Place);
        }
        let cands = self.member_functions(rec, name);
        if !cands.is_empty() {
            return Some(Entity::Funcs(FuncSet {
                name: name.to_string(),
                cands,
                targs: targs.clone(),
            }));
        }
        if let Some(v) = self.static_member(rec, name) {
            return Some(Entity::Place(v));
        }
        self.member_type(&Ty::Record(rec), seg).map(Entity::Type)
    }

    fn entity_in_type(
        &mut self,
        t: &Ty,
        seg: &'a PathSegment,
        targs: Option<Vec<TArg>>,
    ) -> Entity<'a> {
        let name = seg.name.as_str();
        match t {
            Ty::Record(r) => {
                if let Some(e) = self.entity_in_record(*r, seg, &targs, true) {
                    return e;
                }
            }
            Ty::Enum(ENUM_MEM_FLAGS, _) => {
                if let Some(v) = super::builtins::barrier::flag_value(name) {
                    return Entity::Place(Place::Val(v));
                }
            }
            Ty::Enum(id, _) if *id >= FIRST_ENUM => {
                if let Some(v) = self.enumerator(*id, name) {
                    return Entity::Place(Place::Val(v));
                }
            }
            Ty::Enum(id, s) => {
                return Entity::Place(Place::Val(Value::comps(
                    Ty::Enum(*id, *s),
                    vec![crate::ir::Expr::constant(*s, 0)],
                )));
            }
            _ => {}
        }
        Entity::Builtin(None, name, targs)
    }

    fn entity_global(
        &mut self,
        seg: &'a PathSegment,
        quals: &[&'a str],
        targs: Option<Vec<TArg>>,
    ) -> Entity<'a> {
        let name = seg.name.as_str();
        let ns = self.ns();
        let syms = self.syms.clone();
        if let Some(all) = syms.vars.get(name)
            && let Some(v) = visible(all, |d| &d.ns, &ns, quals).last()
            && let Some(p) = self.global_place(v, targs.as_deref())
        {
            return Entity::Place(p);
        }
        if let Some(all) = syms.functions.get(name) {
            let cands: Vec<FuncCand<'a>> = visible(all, |d| &d.ns, &ns, quals)
                .into_iter()
                .map(|d| FuncCand {
                    f: d.item,
                    ns: d.ns.clone(),
                    rec: None,
                })
                .collect();
            if !cands.is_empty() {
                return Entity::Funcs(FuncSet {
                    name: name.to_string(),
                    cands,
                    targs,
                });
            }
        }
        if let Some((id, _)) = syms.enumerators.get(name)
            && !syms.enum_table[(*id - FIRST_ENUM) as usize].item.scoped
            && let Some(v) = self.enumerator(*id, name)
        {
            return Entity::Place(Place::Val(v));
        }
        if let Some(t) = self.type_segment(seg, quals) {
            return Entity::Type(t);
        }
        Entity::Builtin(quals.last().copied(), name, targs)
    }

    /// The value of an enumerator.
    pub fn enumerator(&mut self, id: u32, name: &str) -> Option<Value> {
        let syms = self.syms.clone();
        let d = syms.enum_table.get(id.checked_sub(FIRST_ENUM)? as usize)?;
        let s = self.enum_scalar(d.item);
        self.enum_values(d.item)
            .into_iter()
            .find(|(n, _)| *n == name)
            .map(|(_, v)| {
                Value::comps(
                    Ty::Enum(id, s),
                    vec![crate::ir::Expr::constant(s, v as u64)],
                )
            })
    }

    /// The underlying type of an enumeration.
    pub fn enum_scalar(&mut self, e: &'a crate::front::ast::Enum) -> crate::ir::ScalarTy {
        e.underlying
            .as_ref()
            .and_then(|t| self.resolve_type(t).scalar())
            .unwrap_or(crate::ir::ScalarTy::I32)
    }

    /// All enumerators with their values.
    pub fn enum_values(&mut self, e: &'a crate::front::ast::Enum) -> Vec<(&'a str, i128)> {
        let mut next = 0i128;
        let mut out: Vec<(&'a str, i128)> = Vec::new();
        // Initialisers may name earlier enumerators.
        self.push_scope();
        for (name, init) in &e.values {
            if let Some(x) = init
                && let Some(v) = self.const_int(x)
            {
                next = v;
            }
            self.bind(
                name,
                Binding::Place(Place::Val(Value::scalar(crate::ir::Expr::constant(
                    crate::ir::ScalarTy::I32,
                    next as u64,
                )))),
            );
            out.push((name, next));
            next += 1;
        }
        self.pop_scope();
        out
    }

    /// Member functions of a name, those of bases when the record has none.
    pub fn member_functions(&mut self, rec: u32, name: &str) -> Vec<FuncCand<'a>> {
        let Some(r) = self.recs.get(rec as usize) else {
            return Vec::new();
        };
        let (decl, ns, bases) = (r.decl, r.ns.clone(), r.bases.clone());
        let class = decl.name.as_str();
        let mut out = Vec::new();
        let mut push = |f: &'a Function| {
            out.push(FuncCand {
                f,
                ns: ns.clone(),
                rec: Some(rec),
            });
        };
        for m in decl.members.iter().flatten() {
            if let Member::Item(item) = m
                && let ItemKind::Function(f) = &item.kind
                && base_name(f.name.last_name()) == name
            {
                push(f);
            }
        }
        if let Some(defs) = self.syms.members.get(&(class, name)) {
            for d in defs {
                push(d.item);
            }
        }
        if out.is_empty() {
            for b in bases {
                out = self.member_functions(b, name);
                if !out.is_empty() {
                    break;
                }
            }
        }
        out
    }

    /// A static data member.
    pub fn static_member(&mut self, rec: u32, name: &str) -> Option<Place> {
        let r = self.recs.get(rec as usize)?;
        let (decl, ns, bases) = (r.decl, r.ns.clone(), r.bases.clone());
        for m in decl.members.iter().flatten() {
            let found: Option<(&'a Declarator, Option<&'a [TemplateParam]>)> = match m {
                Member::Field(d, flags) if d.name == name && flags.is_static => Some((d, None)),
                Member::Item(item) => match &item.kind {
                    ItemKind::Var(v) => v
                        .vars
                        .iter()
                        .find(|d| d.name == name)
                        .map(|d| (d, v.template.as_deref())),
                    ItemKind::Enum(e) => {
                        if e.scoped || !e.values.iter().any(|(n, _)| n == name) {
                            None
                        } else {
                            let s = self.enum_scalar(e);
                            let v = self
                                .with_env(Env::new(), Some(rec), ns.clone(), |l| l.enum_values(e));
                            let v = v.into_iter().find(|(n, _)| *n == name)?.1;
                            return Some(Place::Val(Value::scalar(crate::ir::Expr::constant(
                                s, v as u64,
                            ))));
                        }
                    }
                    _ => None,
                },
                _ => None,
            };
            if let Some((d, _)) = found {
                return self.with_env(Env::new(), Some(rec), ns, |l| l.constant_variable(d));
            }
        }
        bases.into_iter().find_map(|b| self.static_member(b, name))
    }
}

/// A constructor of a template may be spelled with arguments: `indexed<T>()`.
fn base_name(name: &str) -> &str {
    if name.starts_with("operator") {
        return name;
    }
    name.split('<').next().unwrap_or(name)
}
