//! Numbers what is left of a kernel anew, in the order that it had.
//!
//! Soundness direction: exact. Barriers, accesses and objects keep their numbers: verdicts name them. Variables that stand for
//! inputs stay whether they are used or not: that a kernel asks for its position in two dimensions says something of launches.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{
    Access, BranchId, Expr, ExprKind, Kernel, LabelId, LoopId, PathId, Shape, Stmt, VarId, VarKind,
};

/// The kernel of these tables with this body, without what the body does not use.
pub(super) fn renumbered(k: &Kernel, mut body: Vec<Stmt>) -> Kernel {
    let mut uses = Uses::default();
    for (i, v) in k.vars.iter().enumerate() {
        if v.kind != VarKind::Local {
            uses.vars.insert(VarId(i as u32));
        }
    }
    uses.block(&mut body);
    for b in &k.barriers {
        uses.loops.extend(&b.loops);
        uses.paths.insert(b.path);
    }
    uses.outer_loops(k);
    let to = Numbers::of(&uses);
    let mut rename = Rename(&to);
    rename.block(&mut body);
    let mut out = k.clone();
    out.body = body;
    out.vars = kept(&k.vars, &uses.vars, |v| v.index());
    for (i, v) in out.vars.iter_mut().enumerate() {
        if v.name.starts_with('%') {
            v.name = format!("%{i}");
        }
    }
    out.loops = kept(&k.loops, &uses.loops, |l| l.index());
    for l in &mut out.loops {
        l.parent = l.parent.map(|p| to.a_loop(p));
        l.path = to.path(l.path);
    }
    out.paths = kept(&k.paths, &uses.paths, |p| p.index());
    for b in &mut out.barriers {
        b.path = to.path(b.path);
        for l in &mut b.loops {
            *l = to.a_loop(*l);
        }
    }
    out.label_count = uses.labels.len() as u32;
    out.branch_count = uses.branches.len() as u32;
    out
}

fn kept<T: Clone, I: Copy>(all: &[T], used: &BTreeSet<I>, index: impl Fn(I) -> usize) -> Vec<T> {
    let used = used.iter().filter_map(|i| all.get(index(*i)));
    used.cloned().collect()
}

/// Every number in a body, to be looked at or changed.
trait Ids {
    fn var(&mut self, v: &mut VarId);
    fn a_loop(&mut self, l: &mut LoopId);
    fn label(&mut self, l: &mut LabelId);
    fn branch(&mut self, b: &mut BranchId);
    fn path(&mut self, p: &mut PathId);

    fn block(&mut self, list: &mut [Stmt]) {
        for s in list {
            self.stmt(s);
        }
    }

    fn exprs(&mut self, list: &mut [Expr]) {
        for e in list {
            self.expr(e);
        }
    }

    fn vars(&mut self, list: &mut [VarId]) {
        for v in list {
            self.var(v);
        }
    }

    fn expr(&mut self, e: &mut Expr) {
        match &mut e.kind {
            ExprKind::Var(v) => self.var(v),
            ExprKind::Unary(_, a) | ExprKind::Cast(a) | ExprKind::Bitcast(a) => self.expr(a),
            ExprKind::Binary(_, a, b) => {
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Select(a, b, c) => {
                self.expr(a);
                self.expr(b);
                self.expr(c);
            }
            ExprKind::Math(_, list) => self.exprs(list),
            ExprKind::Const(_) | ExprKind::Undef => {}
        }
    }

    fn access(&mut self, a: &mut Access) {
        self.expr(&mut a.offset);
        if let Shape::Tile { stride, .. } = &mut a.shape {
            self.expr(stride);
        }
        self.path(&mut a.path);
    }

    fn stmt(&mut self, s: &mut Stmt) {
        match s {
            Stmt::Assign { dst, value, .. } => {
                self.expr(value);
                self.var(dst);
            }
            Stmt::Load { dst, access, .. } | Stmt::MatrixLoad { dst, access, .. } => {
                self.access(access);
                self.vars(dst);
            }
            Stmt::Store { src, access, .. } | Stmt::MatrixStore { src, access, .. } => {
                self.exprs(src);
                self.access(access);
            }
            Stmt::Atomic {
                dst,
                observed,
                operands,
                access,
                ..
            } => {
                self.exprs(operands);
                self.access(access);
                for v in dst.iter_mut().chain(observed) {
                    self.var(v);
                }
            }
            Stmt::If {
                id,
                cond,
                then,
                els,
                ..
            } => {
                self.branch(id);
                self.expr(cond);
                self.block(then);
                self.block(els);
            }
            Stmt::Loop {
                id,
                header,
                cond,
                body,
                step,
                ..
            } => {
                self.a_loop(id);
                self.block(header);
                self.exprs(cond.as_mut_slice());
                self.block(body);
                self.block(step);
            }
            Stmt::Break(l) | Stmt::Continue(l) => self.a_loop(l),
            Stmt::Region { label, body } => {
                self.label(label);
                self.block(body);
            }
            Stmt::Leave(l) => self.label(l),
            Stmt::Simd {
                dst, args, path, ..
            } => {
                self.exprs(args);
                self.var(dst);
                self.path(path);
            }
            Stmt::MatrixMultiplyAccumulate { dst, a, b, c, .. } => {
                self.exprs(a);
                self.exprs(b);
                self.exprs(c);
                self.vars(dst);
            }
            Stmt::Unsupported { clobbers, path, .. } => {
                self.vars(clobbers);
                self.path(path);
            }
            Stmt::Barrier(_) | Stmt::Return { .. } => {}
        }
    }
}

/// What is used.
struct Uses {
    vars: BTreeSet<VarId>,
    loops: BTreeSet<LoopId>,
    labels: BTreeSet<LabelId>,
    branches: BTreeSet<BranchId>,
    paths: BTreeSet<PathId>,
}

impl Default for Uses {
    fn default() -> Self {
        Uses {
            vars: BTreeSet::new(),
            loops: BTreeSet::new(),
            labels: BTreeSet::new(),
            branches: BTreeSet::new(),
            // The kernel's own body.
            paths: BTreeSet::from([PathId(0)]),
        }
    }
}

impl Uses {
    /// Loops around those that are used, and their paths.
    fn outer_loops(&mut self, k: &Kernel) {
        let mut open: Vec<LoopId> = self.loops.iter().copied().collect();
        while let Some(l) = open.pop() {
            if let Some(info) = k.loops.get(l.index()) {
                self.paths.insert(info.path);
                open.extend(info.parent.filter(|p| self.loops.insert(*p)));
            }
        }
    }
}

impl Ids for Uses {
    fn var(&mut self, v: &mut VarId) {
        self.vars.insert(*v);
    }
    fn a_loop(&mut self, l: &mut LoopId) {
        self.loops.insert(*l);
    }
    fn label(&mut self, l: &mut LabelId) {
        self.labels.insert(*l);
    }
    fn branch(&mut self, b: &mut BranchId) {
        self.branches.insert(*b);
    }
    fn path(&mut self, p: &mut PathId) {
        self.paths.insert(*p);
    }
}

/// New numbers, by the old ones.
struct Numbers {
    vars: BTreeMap<VarId, VarId>,
    loops: BTreeMap<LoopId, LoopId>,
    labels: BTreeMap<LabelId, LabelId>,
    branches: BTreeMap<BranchId, BranchId>,
    paths: BTreeMap<PathId, PathId>,
}

fn numbers<I: Copy + Ord>(used: &BTreeSet<I>, make: impl Fn(u32) -> I) -> BTreeMap<I, I> {
    let new = (0..).map(make);
    used.iter().copied().zip(new).collect()
}

impl Numbers {
    fn of(u: &Uses) -> Numbers {
        Numbers {
            vars: numbers(&u.vars, VarId),
            loops: numbers(&u.loops, LoopId),
            labels: numbers(&u.labels, LabelId),
            branches: numbers(&u.branches, BranchId),
            paths: numbers(&u.paths, PathId),
        }
    }

    fn a_loop(&self, l: LoopId) -> LoopId {
        self.loops.get(&l).copied().unwrap_or(l)
    }

    fn path(&self, p: PathId) -> PathId {
        self.paths.get(&p).copied().unwrap_or(p)
    }
}

struct Rename<'n>(&'n Numbers);

impl Ids for Rename<'_> {
    fn var(&mut self, v: &mut VarId) {
        *v = self.0.vars.get(v).copied().unwrap_or(*v);
    }
    fn a_loop(&mut self, l: &mut LoopId) {
        *l = self.0.a_loop(*l);
    }
    fn label(&mut self, l: &mut LabelId) {
        *l = self.0.labels.get(l).copied().unwrap_or(*l);
    }
    fn branch(&mut self, b: &mut BranchId) {
        *b = self.0.branches.get(b).copied().unwrap_or(*b);
    }
    fn path(&mut self, p: &mut PathId) {
        *p = self.0.path(*p);
    }
}
