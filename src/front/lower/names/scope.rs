//! Frames, bindings and name lookup.
//!
//! Purpose: what a name means at a point of an inlined function ([basic.lookup]): the blocks from the
//! innermost outwards, the class around the function (`class`), then the namespaces (`lookup`).
//! Soundness direction: exact; what is ambiguous or not known is an entity of its own.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::front::ast::{Function, Path, PathSegment};
use crate::ir::{LabelId, LoopId, PathId};
use crate::source::Span;

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::symbols::{At, FIRST_ENUM, GLOBAL, GlobalVar, Named, NsId, What};
use crate::front::lower::template::TArg;
use crate::front::lower::types::{ENUM_MEM_FLAGS, Ty, is_tensor};
use crate::front::lower::value::{Place, Store, Value};

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
    /// A pack of template arguments.
    Pack(Vec<TArg>),
    /// A pack of function parameters.
    Places(Vec<Place>),
    /// A namespace alias of a block.
    Space(NsId),
    /// `using` of something of the library.
    Library,
    /// A name that a block declares and that is not understood.
    Opaque,
}

/// Names of one block or one template argument list.
pub type Env<'a> = BTreeMap<String, Binding<'a>>;

/// A function that a call may mean.
#[derive(Clone)]
pub struct FuncCand<'a> {
    /// The declaration.
    pub f: &'a Function,
    /// Where its names are looked up.
    pub at: At,
    /// The record it is a member of.
    pub rec: Option<u32>,
    /// Another declaration of it, with default arguments.
    pub defaults: Option<&'a Function>,
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
    /// Argument-dependent lookup adds to them, and functions of the library are not hidden.
    pub open: bool,
    /// Where it is named.
    pub named: Span,
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
    /// Where names are looked up.
    pub at: At,
    /// `using namespace` of the blocks: how many scopes were open, and the namespace.
    pub using: Vec<(usize, NsId)>,
    /// Where the names of the blocks are declared (only with a log): how many scopes were open, the name, its declarator.
    pub origins: Vec<(usize, String, Span)>,
    /// The names that depend on template parameters, where the function comes from a template.
    pub dependent: Option<Rc<crate::front::lower::adl::Dependent<'a>>>,
    /// The call path.
    pub path: PathId,
    /// How to return; `None` in a kernel's own body.
    pub ret: Option<Ret>,
    /// Enclosing loops and switches, with the number of open scopes around their bodies.
    pub ctl: Vec<(Ctl, usize)>,
    /// The number of open scopes directly in a `switch`, 0 elsewhere.
    pub ctl_scope: usize,
    /// Variables that have to be destroyed: open scopes at their declaration, and where they are.
    pub cleanups: Vec<(usize, Place, Span)>,
    /// The function with its template arguments.
    pub name: String,
}

impl<'a> Frame<'a> {
    /// A frame without anything.
    pub fn new(at: At, path: PathId) -> Frame<'a> {
        Frame {
            scopes: vec![Env::new()],
            this: None,
            record: None,
            at,
            using: Vec::new(),
            origins: Vec::new(),
            dependent: None,
            path,
            ret: None,
            ctl: Vec::new(),
            ctl_scope: 0,
            cleanups: Vec::new(),
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
    /// Several things, or something that is not understood.
    Unclear(String),
    /// Not declared in the file: perhaps a built-in function.
    Builtin(Option<&'a str>, &'a str, Option<Vec<TArg>>),
}

/// What precedes the last segment of a path.
pub enum Container<'a> {
    /// Nothing.
    None,
    /// A namespace of the file.
    Space(NsId),
    /// Namespaces that the file does not declare.
    Library(Vec<&'a str>),
    /// A type.
    Type(Ty),
}

impl<'a> Lowerer<'a> {
    /// Runs `f` in a frame that sees only `env`, the record and the namespace.
    pub fn with_env<R>(
        &mut self,
        env: Env<'a>,
        record: Option<u32>,
        at: At,
        f: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let mut frame = Frame::new(at, self.path());
        frame.scopes.push(env);
        frame.record = record;
        self.frames.push(frame);
        let r = f(self);
        self.frames.pop();
        r
    }

    /// Where names are looked up.
    pub fn at(&self) -> At {
        self.frames.last().map_or(At::default(), |f| f.at)
    }

    /// A name in the block scopes of the current function.
    pub fn local(&self, name: &str) -> Option<Binding<'a>> {
        let f = self.frames.last()?;
        f.scopes.iter().rev().find_map(|s| s.get(name).cloned())
    }

    /// `using namespace` of the blocks around.
    fn block_directives(&self) -> Vec<NsId> {
        let using = self.frames.last().map_or(&[][..], |f| &f.using);
        using.iter().map(|(_, n)| *n).collect()
    }

    /// The declarations of a name: in a namespace, or from here outwards.
    pub fn named(&self, name: &str, within: Option<NsId>, scopes: bool) -> Vec<Named<'a>> {
        if !self.syms.declares(name) {
            return Vec::new();
        }
        let at = self.at();
        match within {
            Some(ns) => self.syms.qualified(ns, name, at.order, scopes),
            None => {
                let extra = self.block_directives();
                self.syms.unqualified(name, at, &extra, scopes)
            }
        }
    }

    /// Resolves what precedes the last segment ([basic.lookup.qual]).
    pub fn container(&mut self, path: &'a Path) -> Container<'a> {
        match self.outer_name(path) {
            Container::Type(t) => Container::Type(t.unqualified()),
            c => c,
        }
    }

    fn outer_name(&mut self, path: &'a Path) -> Container<'a> {
        let Some((_, quals)) = path.segments.split_last() else {
            return Container::None;
        };
        let mut c = match path.global {
            true => Container::Space(GLOBAL),
            false => Container::None,
        };
        for s in quals {
            c = match c {
                Container::None => self.first_container(s),
                Container::Space(ns) => self.inner_container(s, Some(ns)),
                Container::Library(mut q) => match self.type_segment(s, None, true) {
                    Some(t) => Container::Type(t),
                    None => {
                        q.push(&s.name);
                        Container::Library(q)
                    }
                },
                Container::Type(t) => match self.member_type(&t.unqualified(), s, false) {
                    Some(t) => Container::Type(t),
                    None => return Container::Type(Ty::Unknown(s.name.as_str().into())),
                },
            };
        }
        c
    }

    fn first_container(&mut self, s: &'a PathSegment) -> Container<'a> {
        if let Some(e) = &s.of {
            return Container::Type(self.type_of(e));
        }
        match self.local(&s.name) {
            Some(Binding::Space(ns)) => return Container::Space(ns),
            Some(Binding::Type(t)) => return Container::Type(t),
            _ => {}
        }
        self.inner_container(s, None)
    }

    fn inner_container(&mut self, s: &'a PathSegment, within: Option<NsId>) -> Container<'a> {
        if within.is_none()
            && let Some(t) = self.scoped_type(s)
        {
            return Container::Type(t);
        }
        let found = self.named(&s.name, within, true);
        let mut spaces: Vec<NsId> = Vec::new();
        for n in &found {
            if let What::Namespace(id) = n.what
                && !spaces.contains(&id)
            {
                spaces.push(id);
            }
        }
        match (spaces.as_slice(), found.is_empty()) {
            ([id], _) => Container::Space(*id),
            ([], true) if within.is_none() => match self.type_segment(s, None, false) {
                Some(t) => Container::Type(t),
                None => Container::Library(vec![&s.name]),
            },
            ([], _) => match self.type_segment(s, within, false) {
                Some(t) => Container::Type(t),
                None => Container::Type(Ty::Unknown(s.name.as_str().into())),
            },
            _ => Container::Type(Ty::Unknown(s.name.as_str().into())),
        }
    }

    /// Resolves a path in an expression.
    pub fn entity(&mut self, path: &'a Path) -> Entity<'a> {
        match self.meaning(path) {
            Entity::Type(t) => Entity::Type(t.unqualified()),
            e => e,
        }
    }

    fn meaning(&mut self, path: &'a Path) -> Entity<'a> {
        let Some(last) = path.segments.last() else {
            return Entity::Builtin(None, "", None);
        };
        let name = last.name.as_str();
        let container = self.container(path);
        let targs = last.args.as_ref().map(|a| self.template_args(a));
        self.naming = path.span;
        match container {
            Container::Type(t) => self.entity_in_type(&t, last, targs),
            Container::Space(ns) => self.entity_global(last, Some(ns), targs),
            Container::Library(q) => {
                if let Some(t) = self.type_segment(last, None, true) {
                    return Entity::Type(t);
                }
                Entity::Builtin(q.last().copied(), name, targs)
            }
            Container::None => {
                match self.local(name) {
                    Some(Binding::Place(p)) => {
                        self.log_local(name);
                        return Entity::Place(p);
                    }
                    Some(Binding::Type(t)) => return Entity::Type(t),
                    Some(Binding::Func(mut f)) => {
                        f.named = path.span;
                        f.targs = targs.or(f.targs);
                        return Entity::Funcs(f);
                    }
                    Some(Binding::Library) => return Entity::Builtin(None, name, targs),
                    Some(Binding::Opaque) => return Entity::Unclear(name.to_string()),
                    _ => {}
                }
                let mut rec = self.frames.last().and_then(|f| f.record);
                let mut innermost = true;
                while let Some(r) = rec {
                    if let Some(e) = self.entity_in_record(r, last, &targs, innermost, true) {
                        return e;
                    }
                    rec = self.recs.get(r as usize).and_then(|x| x.outer);
                    innermost = false;
                }
                self.entity_global(last, None, targs)
            }
        }
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
                if let Some(e) = self.entity_in_record(*r, seg, &targs, true, false) {
                    return e;
                }
            }
            Ty::Enum(ENUM_MEM_FLAGS, _) => {
                if let Some(v) = crate::front::lower::builtins::barrier::flag_value(name) {
                    return Entity::Place(Place::Val(v));
                }
            }
            Ty::Enum(id, _) if *id >= FIRST_ENUM => {
                self.log_enumerator_of(*id, name);
                return match self.enumerator_of(*id, name) {
                    Some(v) => Entity::Place(Place::Val(v)),
                    None => Entity::Unclear(name.to_string()),
                };
            }
            Ty::Opaque(n) if is_tensor(n) => {
                return Entity::Place(Place::Val(Value {
                    ty: t.clone(),
                    leaves: Vec::new(),
                }));
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
        within: Option<NsId>,
        targs: Option<Vec<TArg>>,
    ) -> Entity<'a> {
        let name = seg.name.as_str();
        if self.syms.broken.contains(name) {
            return Entity::Unclear(name.to_string());
        }
        let found = self.named(name, within, false);
        if found.is_empty() {
            if let Some(t) = self.type_segment(seg, within, true) {
                return Entity::Type(t);
            }
            return Entity::Builtin(None, name, targs);
        }
        let mut cands: Vec<FuncCand<'a>> = Vec::new();
        let mut vars: Vec<GlobalVar<'a>> = Vec::new();
        let mut enums = Vec::new();
        for n in &found {
            match n.what {
                What::Function(f) => cands.push(FuncCand {
                    f,
                    at: n.at,
                    rec: None,
                    defaults: None,
                }),
                What::Var(decl, template) => vars.push(GlobalVar {
                    decl,
                    template,
                    at: n.at,
                }),
                What::Enumerator(e) => enums.push((e, n.at)),
                _ => {}
            }
        }
        let several = vars.iter().any(|v| v.at.ns != vars[0].at.ns) || enums.len() > 1;
        let kinds = usize::from(!cands.is_empty())
            + usize::from(!vars.is_empty())
            + usize::from(!enums.is_empty());
        if several || kinds > 1 {
            return Entity::Unclear(name.to_string());
        }
        if !cands.is_empty() {
            return Entity::Funcs(FuncSet {
                name: name.to_string(),
                cands,
                targs,
                open: within.is_none(),
                named: self.naming,
            });
        }
        // Of a declaration and the definition, the definition.
        if let Some(v) = vars
            .iter()
            .rev()
            .find(|v| v.decl.init.is_some())
            .or(vars.last())
        {
            self.log_name(v.decl.span, name);
            return match self.global_place(v, targs.as_deref()) {
                Some(p) => Entity::Place(p),
                None => Entity::Unclear(name.to_string()),
            };
        }
        if let Some((e, at)) = enums.first() {
            self.log_enumerator(e, name);
            return match self.enumerator(e, *at, None, name) {
                Some(v) => Entity::Place(Place::Val(v)),
                None => Entity::Unclear(name.to_string()),
            };
        }
        match self.type_segment(seg, within, false) {
            Some(t) => Entity::Type(t),
            None => Entity::Unclear(name.to_string()),
        }
    }
}
