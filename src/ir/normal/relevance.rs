//! Which values decide where memory is accessed, and whether.
//!
//! Soundness direction: more values. A variable matters where any of its values may reach an offset, a condition that guards
//! something with an effect, or another variable or object that matters; an object matters where a value that matters is
//! loaded from it. Found as a least fixed point over the whole kernel, without regard to order.

use std::collections::BTreeSet;

use crate::ir::visit::{Visitor, walk_expr, walk_kernel, walk_stmt};
use crate::ir::{
    Access, Expr, ExprKind, Kernel, LabelId, LoopId, ObjectId, Shape, Space, Stmt, VarId,
};

/// What matters.
pub(super) struct Relevance {
    vars: Vec<bool>,
    objects: Vec<bool>,
    /// Objects of one thread alone.
    private: Vec<bool>,
    grown: bool,
}

/// Where a jump leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// The end of a region.
    Region(LabelId),
    /// A loop.
    Loop(LoopId),
}

/// What statements do besides setting variables that do not matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Effect {
    /// They access memory, meet a barrier, end the thread, or set something that matters.
    pub any: bool,
    /// Constructs around them that they may leave.
    pub jumps: BTreeSet<Target>,
}

impl Effect {
    /// Some effect.
    pub fn some() -> Effect {
        Effect {
            any: true,
            jumps: BTreeSet::new(),
        }
    }

    /// A jump.
    pub fn jump(to: Target) -> Effect {
        Effect {
            any: false,
            jumps: BTreeSet::from([to]),
        }
    }

    /// Both.
    pub fn add(&mut self, mut other: Effect) {
        self.any |= other.any;
        self.jumps.append(&mut other.jumps);
    }

    /// That of the construct of this name around them.
    pub fn within(mut self, construct: Target) -> Effect {
        self.jumps.remove(&construct);
        self
    }

    /// The statements cannot be left out.
    pub fn is_needed(&self) -> bool {
        self.any || !self.jumps.is_empty()
    }
}

impl Relevance {
    /// What matters in a kernel.
    pub fn of(k: &Kernel) -> Relevance {
        let all = values_matter(k);
        let mut r = Relevance {
            vars: vec![all; k.vars.len()],
            objects: vec![all; k.objects.len()],
            private: (k.objects.iter())
                .map(|o| o.space == Space::Thread)
                .collect(),
            grown: !all,
        };
        while std::mem::take(&mut r.grown) {
            r.block(&k.body);
        }
        r
    }

    /// Whether a variable matters.
    pub fn var(&self, index: usize) -> bool {
        self.vars.get(index).copied().unwrap_or(true)
    }

    /// Whether the contents of an object matter.
    pub fn object(&self, index: usize) -> bool {
        self.objects.get(index).copied().unwrap_or(true)
    }

    /// Whether a load is needed: nobody else sees one from private memory.
    pub fn loads(&self, dst: &[VarId], access: &Access) -> bool {
        !self.is_private(access.object) || self.some_of(dst)
    }

    /// Whether a store is needed.
    pub fn stores(&self, access: &Access) -> bool {
        !self.is_private(access.object) || self.object(access.object.index())
    }

    fn is_private(&self, o: ObjectId) -> bool {
        self.private.get(o.index()).copied().unwrap_or(false)
    }

    /// Whether one of some variables matters.
    pub fn some_of(&self, vars: &[VarId]) -> bool {
        vars.iter().any(|v| self.var(v.index()))
    }

    fn object_matters(&mut self, o: ObjectId) {
        if let Some(x) = self.objects.get_mut(o.index())
            && !*x
        {
            *x = true;
            self.grown = true;
        }
    }

    fn access(&mut self, a: &Access) {
        self.expr(&a.offset);
        if let Shape::Tile { stride, .. } = &a.shape {
            self.expr(stride);
        }
    }

    fn exprs(&mut self, list: &[Expr]) {
        for e in list {
            self.expr(e);
        }
    }

    fn load(&mut self, dst: &[VarId], access: &Access) -> Effect {
        if !self.loads(dst, access) {
            return Effect::default();
        }
        self.access(access);
        if self.some_of(dst) {
            self.object_matters(access.object);
        }
        Effect::some()
    }

    fn store(&mut self, src: &[Expr], access: &Access) -> Effect {
        if !self.stores(access) {
            return Effect::default();
        }
        self.access(access);
        if self.object(access.object.index()) {
            self.exprs(src);
        }
        Effect::some()
    }

    /// From the last statement to the first: what matters is set before it is used, so that few rounds are needed.
    fn block(&mut self, list: &[Stmt]) -> Effect {
        let mut out = Effect::default();
        for s in list.iter().rev() {
            let e = self.statement(s);
            out.add(e);
        }
        out
    }

    fn statement(&mut self, s: &Stmt) -> Effect {
        match s {
            Stmt::Assign { dst, value, .. } => self.computed(&[*dst], &[value]),
            Stmt::Simd { dst, args, .. } => {
                let args: Vec<&Expr> = args.iter().collect();
                self.computed(&[*dst], &args)
            }
            Stmt::MatrixMultiplyAccumulate { dst, a, b, c, .. } => {
                let args: Vec<&Expr> = a.iter().chain(b).chain(c).collect();
                self.computed(dst, &args)
            }
            Stmt::Load { dst, access, .. } | Stmt::MatrixLoad { dst, access, .. } => {
                self.load(dst, access)
            }
            Stmt::Store { src, access, .. } | Stmt::MatrixStore { src, access, .. } => {
                self.store(src, access)
            }
            // Not met: all values matter where there is one.
            Stmt::Atomic {
                operands, access, ..
            } => {
                self.access(access);
                self.exprs(operands);
                Effect::some()
            }
            Stmt::If {
                cond, then, els, ..
            } => {
                let mut e = self.block(then);
                e.add(self.block(els));
                if e.is_needed() {
                    self.expr(cond);
                }
                e
            }
            Stmt::Loop {
                id,
                header,
                cond,
                body,
                step,
                ..
            } => {
                let mut e = self.block(step);
                e.add(self.block(body));
                e.add(self.block(header));
                let e = e.within(Target::Loop(*id));
                if e.is_needed() {
                    self.exprs(cond.as_slice());
                }
                e
            }
            Stmt::Region { label, body } => self.block(body).within(Target::Region(*label)),
            Stmt::Break(l) | Stmt::Continue(l) => Effect::jump(Target::Loop(*l)),
            Stmt::Leave(l) => Effect::jump(Target::Region(*l)),
            Stmt::Barrier(_) | Stmt::Return { .. } | Stmt::Unsupported { .. } => Effect::some(),
        }
    }

    /// Variables that are set from values and nothing else.
    fn computed(&mut self, dst: &[VarId], from: &[&Expr]) -> Effect {
        if !self.some_of(dst) {
            return Effect::default();
        }
        for e in from {
            self.expr(e);
        }
        Effect::some()
    }
}

impl Visitor for Relevance {
    fn expr(&mut self, e: &Expr) {
        if let ExprKind::Var(v) = e.kind
            && let Some(x) = self.vars.get_mut(v.index())
            && !*x
        {
            *x = true;
            self.grown = true;
        }
        walk_expr(self, e);
    }
}

/// Whether the contents of memory decide something by themselves.
fn values_matter(k: &Kernel) -> bool {
    struct Atomics(bool);
    impl Visitor for Atomics {
        fn stmt(&mut self, s: &Stmt) {
            self.0 |= matches!(s, Stmt::Atomic { .. });
            walk_stmt(self, s);
        }
        fn expr(&mut self, _: &Expr) {}
    }
    let mut found = Atomics(false);
    walk_kernel(&mut found, k);
    found.0 || !k.pointers.host.is_empty()
}
