//! The state of lowering one kernel.
//!
//! Purpose: tables of the kernel under construction, the block that statements are appended to, and
//! what is remembered from one pass to the next. A kernel is lowered repeatedly until nothing new is
//! learnt about its variables: which are assigned, which must live in memory, and which objects a
//! pointer variable may point to. Each of these sets only grows, so this ends. Soundness direction:
//! exact; a pass that learnt something is thrown away.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use indexmap::IndexSet;

use crate::front::ast::Lambda;
use crate::ir::*;
use crate::source::{FileId, Span};

use super::enums::EnumInst;
use super::known::Known;
use super::log::Log;
use super::record::RecordInst;
use super::scope::{Binding, Frame, FuncSet};
use super::symbols::Symbols;
use super::template::TArg;
use super::types::Ty;
use super::value::{KeyId, Value};

/// Identity of an object across passes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjKey {
    /// A kernel parameter.
    Param(u32),
    /// A threadgroup variable, with the function instance it is declared in.
    Threadgroup(Span, String, String),
    /// A private variable (or a part of it) as inlined at a path.
    Thread(KeyId, Vec<u32>, PathId),
    /// A program-scope constant.
    Global(Span, String),
    /// All textures of a type.
    Texture(Ty),
    /// What a pointer stored at an offset of an object points to, where such pointers are distinct by assumption.
    Field(ObjectId, u64),
    /// What the host's pointers into a space point to.
    PointedTo(Space),
}

/// Objects a pointer variable may point to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// The objects.
    pub objects: BTreeSet<ObjectId>,
    /// It may be null.
    pub null: bool,
    /// It may hold something unknown.
    pub unknown: bool,
}

/// Identity of a pointer variable across passes.
pub type SlotKey = (PathId, KeyId, Vec<u32>);

/// What is kept from pass to pass.
#[derive(Default)]
pub struct Persist {
    /// Declarations.
    pub keys: IndexSet<(Span, String)>,
    /// Declarations that are written after their initialisation.
    pub mutated: BTreeSet<KeyId>,
    /// Parts of declarations that live in memory.
    pub memory: BTreeSet<(KeyId, Vec<u32>)>,
    /// Candidate sets.
    pub candidates: BTreeMap<SlotKey, Candidates>,
    /// What pointers that are stored to memory point to.
    pub stored: Candidates,
    /// What tensors are made of.
    pub tensors: Candidates,
    /// What copies that go on after their call may touch.
    pub copied: Candidates,
    /// Call paths.
    pub paths: IndexSet<Vec<(String, Span)>>,
    /// Objects.
    pub objects: Vec<Object>,
    /// Objects by identity.
    pub object_index: BTreeMap<ObjKey, ObjectId>,
    /// Closures by position and path.
    pub closures: IndexSet<(Span, PathId)>,
}

/// A closure: its code and what it sees.
#[derive(Clone)]
pub struct Closure<'a> {
    /// The expression.
    pub lambda: &'a Lambda,
    /// Scopes at its creation.
    pub frame: Rc<Frame<'a>>,
}

/// A pointer variable.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Identity.
    pub key: SlotKey,
    /// Which object, when several are possible.
    pub tag: Option<VarId>,
    /// Byte offset.
    pub offset: VarId,
    /// Candidates as known when the slot was created.
    pub known: Candidates,
    /// It was read already.
    pub used: bool,
}

/// Limits and switches of lowering.
#[derive(Clone, Debug)]
pub struct LowerOptions {
    /// Deepest inlining.
    pub max_depth: usize,
    /// Most statements of one kernel.
    pub max_statements: usize,
    /// Most expressions evaluated for one kernel; bounds the time.
    pub max_work: usize,
    /// Deepest nesting of expressions and statements.
    pub max_nesting: usize,
    /// Pointers in kernel arguments that the kernel does not write point to memory of their own, by assumption.
    pub distinct_pointers: bool,
    /// Keep a [`Log`] of what names mean.
    pub log: bool,
    /// Instantiations that lie in this file were stated by a person, not written in the source.
    pub stated: Option<FileId>,
    /// Only kernels of these names, or of functions of these names; all where there are none.
    pub only: Vec<String>,
}

impl Default for LowerOptions {
    fn default() -> Self {
        LowerOptions {
            max_depth: 64,
            max_statements: 400_000,
            max_work: 3_000_000,
            max_nesting: 1500,
            distinct_pointers: false,
            log: false,
            stated: None,
            only: Vec::new(),
        }
    }
}

/// Lowers one kernel.
pub struct Lowerer<'a> {
    /// Declarations.
    pub syms: Rc<Symbols<'a>>,
    /// Limits.
    pub opts: LowerOptions,
    /// Knowledge from earlier passes.
    pub persist: Persist,
    /// Record instances.
    pub recs: Vec<RecordInst<'a>>,
    /// Record instances by declaration and arguments.
    pub rec_index: BTreeMap<(Span, String, PathId, Vec<TArg>), u32>,
    /// Function references used as values.
    pub funcs: Vec<FuncSet<'a>>,
    /// Closures of this pass.
    pub closures: BTreeMap<u32, Closure<'a>>,
    /// Values of program-scope constants.
    pub globals: BTreeMap<(Span, String), Value>,
    /// Enumerations met so far.
    pub enums: Vec<EnumInst<'a>>,
    /// Enumerations at namespace or class scope.
    pub enum_index: BTreeMap<(usize, Option<u32>), Ty>,
    /// Variables of this pass.
    pub vars: Vec<Var>,
    /// Variables that are assigned once.
    pub stable: Vec<bool>,
    /// Barriers of this pass.
    pub barriers: Vec<Barrier>,
    /// Loops of this pass.
    pub loops: Vec<LoopInfo>,
    /// Enclosing loops.
    pub loop_stack: Vec<LoopId>,
    /// Accesses so far.
    pub access_count: u32,
    /// Labels so far.
    pub label_count: u32,
    /// Branches so far.
    pub branch_count: u32,
    /// `volatile`, `coherent` or a fence was met.
    pub coherent: bool,
    /// Temporaries so far.
    pub temp_count: u32,
    /// Statements so far.
    pub stmt_count: usize,
    /// Expressions evaluated so far, those of discarded evaluations included.
    pub work: usize,
    /// Unsupported constructs of this pass.
    pub unsupported: Vec<Unsupported>,
    /// Open blocks; statements go to the last.
    pub blocks: Vec<Vec<Stmt>>,
    /// Inlined calls, innermost last.
    pub frames: Vec<Frame<'a>>,
    /// Pointer variables.
    pub slots: Vec<Slot>,
    /// Built-in variables made so far.
    pub builtins: BTreeMap<Builtin, VarId>,
    /// Function constants made so far: (index, defined?).
    pub function_constants: BTreeMap<(u32, bool), VarId>,
    /// Types of the objects that are bound to parameters.
    pub object_types: BTreeMap<ObjectId, Ty>,
    /// Variables that say whether a buffer is bound.
    pub bound_vars: BTreeMap<u32, VarId>,
    /// Something new was learnt; the pass must be repeated.
    pub restart: bool,
    /// Inlined functions by name, for recursion.
    pub call_stack: Vec<String>,
    /// Nesting of expressions and types.
    pub depth: usize,
    /// Functions found to be recursive.
    pub recursive: BTreeMap<String, Span>,
    /// Declarations whose initialisation is under way.
    pub constructing: Vec<KeyId>,
    /// Objects without a name that nobody owns yet.
    pub temporaries: Vec<Span>,
    /// Where the statement being lowered is.
    pub span: Span,
    /// What was found out in this pass.
    pub known: Known<'a>,
    /// What names were taken to mean; kept over all passes.
    pub log: Option<Box<Log>>,
    /// The name that is being looked up.
    pub naming: Span,
}

impl<'a> Lowerer<'a> {
    /// A lowerer without state.
    pub fn new(syms: Rc<Symbols<'a>>, opts: LowerOptions) -> Lowerer<'a> {
        let log = opts.log.then(Box::default);
        let mut persist = Persist::default();
        persist.keys.insert((Span::default(), String::new()));
        persist.paths.insert(Vec::new());
        persist.mutated.insert(0);
        Lowerer {
            syms,
            opts,
            persist,
            recs: Vec::new(),
            rec_index: BTreeMap::new(),
            funcs: Vec::new(),
            closures: BTreeMap::new(),
            globals: BTreeMap::new(),
            enums: Vec::new(),
            enum_index: BTreeMap::new(),
            vars: Vec::new(),
            stable: Vec::new(),
            barriers: Vec::new(),
            loops: Vec::new(),
            loop_stack: Vec::new(),
            access_count: 0,
            label_count: 0,
            branch_count: 0,
            coherent: false,
            temp_count: 0,
            stmt_count: 0,
            work: 0,
            unsupported: Vec::new(),
            blocks: vec![Vec::new()],
            frames: Vec::new(),
            slots: Vec::new(),
            builtins: BTreeMap::new(),
            function_constants: BTreeMap::new(),
            object_types: BTreeMap::new(),
            bound_vars: BTreeMap::new(),
            restart: false,
            call_stack: Vec::new(),
            depth: 0,
            recursive: BTreeMap::new(),
            constructing: Vec::new(),
            temporaries: Vec::new(),
            span: Span::default(),
            known: Known::default(),
            log,
            naming: Span::default(),
        }
    }

    /// Forgets everything about the last pass but what it taught.
    pub fn reset(&mut self) {
        let syms = self.syms.clone();
        let opts = self.opts.clone();
        let persist = std::mem::take(&mut self.persist);
        let globals = std::mem::take(&mut self.globals);
        let log = self.log.take();
        *self = Lowerer::new(syms, opts);
        self.persist = persist;
        self.globals = globals;
        self.log = log;
    }

    // ---- emission ----

    /// Appends a statement.
    pub fn emit(&mut self, s: Stmt) {
        self.stmt_count += 1;
        if let Some(b) = self.blocks.last_mut() {
            b.push(s);
        }
    }

    /// Runs `f` with a new block and returns what it appended.
    pub fn in_block<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> (Vec<Stmt>, R) {
        self.blocks.push(Vec::new());
        let r = f(self);
        (self.blocks.pop().unwrap_or_default(), r)
    }

    /// The current call path.
    pub fn path(&self) -> PathId {
        self.frames.last().map_or(PathId(0), |f| f.path)
    }

    /// A new variable.
    pub fn new_var(&mut self, name: String, ty: ScalarTy, stable: bool, span: Span) -> VarId {
        let id = VarId(self.vars.len() as u32);
        self.vars.push(Var {
            name,
            ty,
            kind: VarKind::Local,
            span,
        });
        self.stable.push(stable);
        id
    }

    /// A new temporary variable.
    pub fn temp_var(&mut self, ty: ScalarTy) -> VarId {
        let name = format!("%{}", self.temp_count);
        self.temp_count += 1;
        self.new_var(name, ty, true, self.span)
    }

    /// Emits `var = value`.
    pub fn assign(&mut self, dst: VarId, value: Expr) {
        let span = self.span;
        self.emit(Stmt::Assign { dst, value, span });
    }

    /// A new loop.
    pub fn new_loop(&mut self, span: Span) -> LoopId {
        let id = LoopId(self.loops.len() as u32);
        self.loops.push(LoopInfo {
            span,
            parent: self.loop_stack.last().copied(),
            path: self.path(),
        });
        id
    }

    /// A new access.
    pub fn access(&mut self, object: ObjectId, offset: Expr, shape: Shape) -> Access {
        self.access_count += 1;
        Access {
            id: AccessId(self.access_count - 1),
            object,
            offset,
            shape,
            span: self.span,
            path: self.path(),
        }
    }

    /// Records something that is not understood and emits it.
    pub fn unsupported(
        &mut self,
        construct: impl Into<String>,
        memory: bool,
        control: bool,
        clobbers: Vec<VarId>,
    ) {
        let construct = construct.into();
        let span = self.span;
        let path = self.path();
        self.note(construct.clone());
        self.emit(Stmt::Unsupported {
            construct,
            effects: Effects { memory, control },
            clobbers,
            span,
            path,
        });
    }

    /// Records something that is not understood and has no effect but an unspecified value.
    pub fn note(&mut self, construct: impl Into<String>) {
        let u = Unsupported {
            span: self.span,
            construct: construct.into(),
        };
        if !self.unsupported.contains(&u) {
            self.unsupported.push(u);
        }
    }

    // ---- identities ----

    /// The identity of a declaration.
    pub fn key(&mut self, span: Span, name: &str) -> KeyId {
        self.persist.keys.insert_full((span, name.to_string())).0 as u32
    }

    /// The path one call deeper.
    pub fn sub_path(&mut self, function: &str, call: Span) -> PathId {
        let mut frames = self
            .persist
            .paths
            .get_index(self.path().index())
            .cloned()
            .unwrap_or_default();
        frames.push((function.to_string(), call));
        PathId(self.persist.paths.insert_full(frames).0 as u32)
    }

    /// Learns that a declaration is assigned.
    pub fn learn_mutated(&mut self, key: KeyId) {
        if self.persist.mutated.insert(key) {
            self.restart = true;
        }
    }

    /// Learns that a part of a declaration must live in memory.
    pub fn learn_memory(&mut self, key: KeyId, path: &[u32]) {
        if self.persist.memory.insert((key, path.to_vec())) {
            self.restart = true;
        }
    }

    /// The object of that identity, made by `make` when it is new.
    pub fn object(&mut self, key: ObjKey, make: impl FnOnce() -> Object) -> ObjectId {
        if let Some(id) = self.persist.object_index.get(&key) {
            // A later pass may know its type better.
            if let Some(o) = self.persist.objects.get_mut(id.index()) {
                *o = make();
            }
            return *id;
        }
        let id = ObjectId(self.persist.objects.len() as u32);
        self.persist.objects.push(make());
        self.persist.object_index.insert(key, id);
        id
    }

    /// A built-in input as a variable.
    pub fn builtin_var(&mut self, b: Builtin, name: String) -> Expr {
        if let Some(v) = self.builtins.get(&b) {
            return Expr::var(ScalarTy::U32, *v);
        }
        let v = self.new_var(name, ScalarTy::U32, true, self.span);
        self.vars[v.index()].kind = VarKind::Builtin(b);
        self.builtins.insert(b, v);
        Expr::var(ScalarTy::U32, v)
    }

    /// Whether the buffer of a parameter is bound, as a variable.
    pub fn argument_bound(&mut self, param: u32, name: String) -> Expr {
        if let Some(v) = self.bound_vars.get(&param) {
            return Expr::var(ScalarTy::Bool, *v);
        }
        let v = self.new_var(name, ScalarTy::Bool, true, self.span);
        self.vars[v.index()].kind = VarKind::ArgumentBound(param);
        self.bound_vars.insert(param, v);
        Expr::var(ScalarTy::Bool, v)
    }

    /// Opens a scope.
    pub fn push_scope(&mut self) {
        if let Some(f) = self.frames.last_mut() {
            f.scopes.push(BTreeMap::new());
        }
    }

    /// Closes a scope.
    pub fn pop_scope(&mut self) {
        if let Some(f) = self.frames.last_mut() {
            f.scopes.pop();
            let open = f.scopes.len();
            f.using.retain(|(n, _)| *n <= open);
            f.origins.retain(|(n, ..)| *n <= open);
        }
    }

    /// Declares a name in the innermost scope.
    pub fn bind(&mut self, name: &str, b: Binding<'a>) {
        if let Some(s) = self.frames.last_mut().and_then(|f| f.scopes.last_mut()) {
            s.insert(name.to_string(), b);
        }
    }
}
