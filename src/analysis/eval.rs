//! Symbolic evaluation of a kernel for one thread.
//!
//! Soundness direction: over-approximation of reachable accesses; every guard is a necessary
//! condition. Loops are summarised by closed forms or unknown loop-carried values (`loops.rs`).
//!
//! A load from memory that the kernel may write is an unknown value. When its address is the same
//! for all threads the value is *provisionally* uniform: that holds while the load does not race,
//! which the prover has to establish in the program it judges (`docs/soundness.md`, first-race
//! argument). Loads that were found to race are passed in as `distrusted`.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{AccessFact, BarrierFact, Facts, Footprint, LoopFact, ReturnFact, WildFact};
use super::lanes::Lanes;
use super::term::{Level, TermId, Terms};
use crate::ir::{
    AccessId, AccessKind, AtomicUse, Effects, Expr, ExprKind, Kernel, LabelId, LoopId, ObjectId,
    Shape, SimdOp, Space, Stmt, UnOp, VarId, VarKind, atomic_uses,
};

mod loops;
mod private;
mod state;
mod visit;

use private::Private;
use state::{Jump, State, Target};
pub use visit::visit;

/// Evaluates a kernel. `distrusted` loads are never taken to be uniform; `lanes` says how threads lie in simdgroups.
pub fn evaluate(kernel: &Kernel, distrusted: &BTreeSet<AccessId>, lanes: Lanes) -> Facts {
    let mut private = Private::new(kernel);
    loop {
        let mut e = Evaluator::new(kernel, distrusted);
        e.facts.terms.lanes = lanes;
        e.private = private;
        let mut state = e.initial_state();
        e.block(&kernel.body, &mut state);
        match e.private.revised() {
            Some(p) => private = p,
            None => return e.facts,
        }
    }
}

/// The term of an assumption, in the store of `facts`.
pub fn assumption(facts: &mut Facts, kernel: &Kernel, a: &crate::ir::Assumption) -> TermId {
    let empty = BTreeSet::new();
    let mut e = Evaluator::new(kernel, &empty);
    std::mem::swap(&mut e.facts, facts);
    let mut vars = Vec::new();
    for leaf in &a.leaves {
        let t = &mut e.facts.terms;
        vars.push(match leaf {
            crate::ir::Leaf::Scalar(i) => match kernel.scalars.get(*i) {
                Some(s) => {
                    let at = t.int(crate::ir::ScalarTy::I64, i128::from(s.offset));
                    t.read(s.object, at, s.ty)
                }
                None => t.bool(true),
            },
            crate::ir::Leaf::Builtin(b) => t.builtin(*b),
            crate::ir::Leaf::FunctionConstant(n) => {
                let ty = kernel
                    .vars
                    .iter()
                    .find(|v| v.kind == VarKind::FunctionConstant(*n))
                    .map_or(crate::ir::ScalarTy::I32, |v| v.ty);
                t.intern(
                    super::term::TermKind::FunctionConstant(*n, false),
                    ty,
                    Level::Uniform,
                    Vec::new(),
                )
            }
        });
    }
    let s = State::new(vars);
    let t = e.expr(&a.expr, &s);
    std::mem::swap(&mut e.facts, facts);
    t
}

struct Evaluator<'k> {
    kernel: &'k Kernel,
    distrusted: &'k BTreeSet<AccessId>,
    facts: Facts,
    /// Objects that some statement of the kernel may write.
    written: Vec<bool>,
    /// Loops around the current statement, outermost first.
    nest: Vec<LoopId>,
    /// Worst exit level of the loops around.
    nest_exit: Vec<(Level, Option<TermId>)>,
    jumps: Vec<Jump>,
    recording: bool,
    /// What is known of private arrays.
    private: Private,
    /// Known lower bounds on the variation of loop-carried values; only grows.
    phi_levels: BTreeMap<(LoopId, VarId), Level>,
    /// Variables assigned in each loop.
    assigned: BTreeMap<LoopId, Vec<VarId>>,
    /// What the order of atomic operations means.
    atomics: BTreeMap<AccessId, AtomicUse>,
}

impl<'k> Evaluator<'k> {
    fn new(kernel: &'k Kernel, distrusted: &'k BTreeSet<AccessId>) -> Self {
        let mut written = vec![false; kernel.objects.len()];
        let mut wild_memory = false;
        visit(&kernel.body, &mut |s| {
            if let Some((a, kind)) = s.access()
                && kind != AccessKind::Read
                && let Some(w) = written.get_mut(a.object.index())
            {
                *w = true;
            }
            if let Stmt::Unsupported { effects, .. } = s {
                wild_memory |= effects.memory;
            }
        });
        if wild_memory {
            for (w, o) in written.iter_mut().zip(&kernel.objects) {
                *w |= o.space != Space::Constant && !o.read_only;
            }
        }
        let mut assigned = BTreeMap::new();
        loops::collect_assigned(&kernel.body, &mut assigned);
        let facts = Facts {
            terms: Terms::new(),
            accesses: vec![None; kernel.access_count as usize],
            barriers: vec![None; kernel.barriers.len()],
            branches: vec![None; kernel.branch_count as usize],
            loops: vec![LoopFact::default(); kernel.loops.len()],
            ..Facts::default()
        };
        Evaluator {
            kernel,
            distrusted,
            facts,
            written,
            nest: Vec::new(),
            nest_exit: Vec::new(),
            jumps: Vec::new(),
            recording: true,
            private: Private::new(kernel),
            phi_levels: BTreeMap::new(),
            assigned,
            atomics: atomic_uses(kernel),
        }
    }

    fn initial_state(&mut self) -> State {
        let mut vars = Vec::with_capacity(self.kernel.vars.len());
        for v in &self.kernel.vars {
            let t = &mut self.facts.terms;
            vars.push(match v.kind {
                VarKind::Builtin(b) => t.builtin(b),
                VarKind::FunctionConstant(n) => t.intern(
                    super::term::TermKind::FunctionConstant(n, false),
                    v.ty,
                    Level::Uniform,
                    Vec::new(),
                ),
                VarKind::FunctionConstantDefined(n) => t.intern(
                    super::term::TermKind::FunctionConstant(n, true),
                    v.ty,
                    Level::Uniform,
                    Vec::new(),
                ),
                // A launch-wide fact about how arguments are bound: the same for all threads.
                VarKind::ArgumentBound(_) => t.opaque(v.ty, Level::Uniform, Vec::new()),
                VarKind::Local => t.opaque(v.ty, Level::Varying, Vec::new()),
            });
        }
        State::new(vars)
    }

    fn opaque(&mut self, ty: crate::ir::ScalarTy, level: Level) -> TermId {
        let loops = self.sorted_nest();
        self.facts.terms.opaque(ty, level, loops)
    }

    fn sorted_nest(&self) -> Vec<LoopId> {
        let mut v = self.nest.clone();
        v.sort_unstable();
        v
    }

    fn block(&mut self, stmts: &[Stmt], s: &mut State) {
        for stmt in stmts {
            if s.dead {
                return;
            }
            self.stmt(stmt, s);
        }
    }

    fn stmt(&mut self, stmt: &Stmt, s: &mut State) {
        match stmt {
            Stmt::Assign { dst, value, .. } => {
                let v = self.expr(value, s);
                s.set(*dst, v);
            }
            Stmt::Load { dst, ty, access } => self.load(dst, *ty, access, s),
            Stmt::Store { src, access, .. } => {
                self.record(access, AccessKind::Write, s);
                self.private_store(access, Some(src), s);
            }
            Stmt::Atomic {
                dst,
                observed,
                ty,
                access,
                op,
                operands,
            } => {
                self.record(access, AccessKind::Atomic, s);
                if self.recording
                    && *op == crate::ir::AtomicOp::Store
                    && let Some(value) = operands.first()
                {
                    let value = self.expr(value, s);
                    if let Some(Some(f)) = self.facts.accesses.get_mut(access.id.index()) {
                        f.stored = Some(value);
                    }
                }
                self.private_store(access, None, s);
                for (i, d) in [dst, observed].into_iter().enumerate() {
                    if let Some(d) = d {
                        let t = if i == 0 && *op == crate::ir::AtomicOp::CompareExchange {
                            crate::ir::ScalarTy::Bool
                        } else {
                            *ty
                        };
                        let v = self.opaque(t, Level::Varying);
                        self.facts.origin.insert(v, access.span);
                        s.set(*d, v);
                    }
                }
            }
            Stmt::Barrier(id) => self.barrier(*id, s),
            Stmt::If {
                id,
                cond,
                then,
                els,
                ..
            } => {
                let c = self.expr(cond, s);
                self.note_branch(*id, c);
                self.branch(c, then, els, s);
            }
            Stmt::Loop { .. } => self.eval_loop(stmt, s),
            Stmt::Break(l) => self.jump(Target::Break(*l), s),
            Stmt::Continue(l) => self.jump(Target::Continue(*l), s),
            Stmt::Leave(l) => self.jump(Target::Label(*l), s),
            Stmt::Region { label, body } => self.region(*label, body, s),
            Stmt::Return { span } => self.end_thread(*span, s),
            Stmt::Simd {
                dst,
                op,
                args,
                span,
                quad,
                ..
            } => {
                let args: Vec<TermId> = args.iter().map(|a| self.expr(a, s)).collect();
                let v = self.simd(*op, &args, *dst, *quad, s);
                self.facts.origin.entry(v).or_insert(*span);
                s.set(*dst, v);
            }
            Stmt::MatrixLoad { dst, ty, access } => {
                self.record(access, AccessKind::Read, s);
                for d in dst {
                    let v = self.opaque(*ty, Level::Varying);
                    s.set(*d, v);
                }
            }
            Stmt::MatrixStore { access, .. } => {
                self.record(access, AccessKind::Write, s);
                self.private_store(access, None, s);
            }
            Stmt::MatrixMultiplyAccumulate { dst, .. } => {
                for d in dst {
                    let ty = self.var_ty(*d);
                    let v = self.opaque(ty, Level::Varying);
                    s.set(*d, v);
                }
            }
            Stmt::Unsupported {
                construct,
                effects,
                clobbers,
                span,
                ..
            } => self.unsupported(construct, *effects, clobbers, *span, s),
        }
    }

    fn unsupported(
        &mut self,
        construct: &str,
        effects: Effects,
        clobbers: &[VarId],
        span: crate::source::Span,
        s: &mut State,
    ) {
        for d in clobbers {
            let ty = self.var_ty(*d);
            let v = self.opaque(ty, Level::Varying);
            self.facts.origin.insert(v, span);
            s.set(*d, v);
        }
        if self.recording && (effects.memory || effects.control) {
            self.facts.wild.push(WildFact {
                construct: construct.to_string(),
                control: effects.control,
                span,
            });
        }
    }

    fn var_ty(&self, v: VarId) -> crate::ir::ScalarTy {
        self.kernel
            .vars
            .get(v.index())
            .map_or(crate::ir::ScalarTy::I32, |x| x.ty)
    }

    fn object_space(&self, o: ObjectId) -> Space {
        self.kernel
            .objects
            .get(o.index())
            .map_or(Space::Device, |x| x.space)
    }

    fn load(
        &mut self,
        dst: &[VarId],
        ty: crate::ir::ScalarTy,
        access: &crate::ir::Access,
        s: &mut State,
    ) {
        self.record(access, AccessKind::Read, s);
        let offset = self.expr(&access.offset, s);
        let space = self.object_space(access.object);
        let written = self
            .written
            .get(access.object.index())
            .copied()
            .unwrap_or(true);
        for (i, d) in dst.iter().enumerate() {
            let v = if !written && space != Space::Thread && space != Space::Texture {
                let d = self
                    .facts
                    .terms
                    .int(crate::ir::ScalarTy::I64, i as i128 * ty.size() as i128);
                let at = self.facts.terms.binary(crate::ir::BinOp::Add, offset, d);
                // Never-written threadgroup memory has unspecified contents, the same for all.
                self.facts.terms.read(access.object, at, ty)
            } else {
                let at = self.facts.terms.level(offset);
                let level = if space == Space::Thread {
                    at.max(self.private.level(access.object))
                } else if self.distrusted.contains(&access.id) {
                    Level::Varying
                } else {
                    at
                };
                if level != Level::Varying && space != Space::Thread {
                    self.facts.provisional.insert(access.id, level);
                }
                self.opaque(ty, level)
            };
            self.facts.origin.entry(v).or_insert(access.span);
            s.set(*d, v);
        }
    }

    fn record(&mut self, access: &crate::ir::Access, kind: AccessKind, s: &mut State) {
        if !self.recording || self.object_space(access.object) == Space::Thread {
            return;
        }
        let offset = self.expr(&access.offset, s);
        let footprint = match &access.shape {
            Shape::Bytes(n) => Footprint::Bytes(*n),
            Shape::Tile {
                rows,
                cols,
                elem,
                stride,
                ..
            } => Footprint::Tile {
                rows: *rows,
                cols: *cols,
                elem: *elem,
                stride: self.expr(stride, s),
            },
        };
        let guard = s.guard(&mut self.facts.terms);
        let fact = AccessFact {
            id: access.id,
            kind,
            object: access.object,
            offset,
            footprint,
            guard,
            loops: self.nest.clone(),
            span: access.span,
            path: access.path,
            atomic: self.atomics.get(&access.id).copied(),
            stored: None,
        };
        if let Some(slot) = self.facts.accesses.get_mut(access.id.index()) {
            *slot = Some(fact);
        }
    }

    fn barrier(&mut self, id: crate::ir::BarrierId, s: &mut State) {
        if !self.recording {
            return;
        }
        let (mut level, mut culprit) = s.path_level(&self.facts.terms, 0);
        for (l, c) in &self.nest_exit {
            if *l > level {
                level = *l;
                culprit = *c;
            }
        }
        let ended = s
            .alive
            .iter()
            .map(|t| self.facts.terms.level(*t))
            .max()
            .unwrap_or(Level::Uniform);
        let guard = s.guard(&mut self.facts.terms);
        let fact = BarrierFact {
            id,
            guard,
            level,
            ended,
            culprit,
            loops: self.nest.clone(),
        };
        if let Some(slot) = self.facts.barriers.get_mut(id.index()) {
            *slot = Some(fact);
        }
    }

    fn branch(&mut self, c: TermId, then: &[Stmt], els: &[Stmt], s: &mut State) {
        match self.facts.terms.as_const(c) {
            Some(0) => return self.block(els, s),
            Some(_) => return self.block(then, s),
            None => {}
        }
        let before = self.jumps.len();
        let entry = s.path.len();
        let not_c = self.facts.terms.not(c);
        let mut a = s.clone();
        a.path.push(c);
        self.block(then, &mut a);
        let mut b = s.clone();
        b.path.push(not_c);
        self.block(els, &mut b);
        let escaped = self.jumps.len() > before;
        *s = self.join_branch(c, entry, escaped, a, b);
    }

    fn join_branch(&mut self, c: TermId, entry: usize, escaped: bool, a: State, b: State) -> State {
        let alive = a.merged_alive(&b);
        let mut out = match (a.dead, b.dead) {
            (true, true) => {
                let mut out = a;
                out.ended = out.ended && b.ended;
                out
            }
            (true, false) | (false, true) => {
                let (live, gone) = if a.dead { (b, a) } else { (a, b) };
                let mut out = live;
                if !escaped && gone.ended {
                    // The other side only ended threads: whoever is left has nothing to skip.
                    out.path.truncate(entry);
                }
                out
            }
            (false, false) => {
                let t = &mut self.facts.terms;
                let mut out = a;
                if escaped {
                    let pa = t.and_all(&out.path[entry..]);
                    let pb = t.and_all(&b.path[entry..]);
                    out.path.truncate(entry);
                    let either = t.or(pa, pb);
                    if t.as_const(either) != Some(1) {
                        out.path.push(either);
                    }
                } else {
                    out.path.truncate(entry);
                }
                for (x, y) in out.vars.iter_mut().zip(&b.vars) {
                    if x != y {
                        *x = t.select(c, *x, *y);
                    }
                }
                out
            }
        };
        out.alive = alive;
        out
    }

    fn jump(&mut self, target: Target, s: &mut State) {
        self.jumps.push(Jump {
            target,
            state: s.clone(),
        });
        s.dead = true;
        s.ended = false;
    }

    fn end_thread(&mut self, span: crate::source::Span, s: &mut State) {
        let guard = s.guard(&mut self.facts.terms);
        let (mut level, _) = s.path_level(&self.facts.terms, 0);
        for (l, _) in &self.nest_exit {
            level = level.max(*l);
        }
        if self.recording {
            self.facts.returns.push(ReturnFact {
                level,
                guard,
                loops: self.nest.clone(),
                span,
            });
        }
        let all = self.facts.terms.and_all(&s.path);
        let survived = self.facts.terms.not(all);
        s.alive.push(survived);
        s.dead = true;
        s.ended = true;
    }

    fn region(&mut self, label: LabelId, body: &[Stmt], s: &mut State) {
        let before = self.jumps.len();
        let entry = s.path.len();
        self.block(body, s);
        let mut here = Vec::new();
        let mut i = before;
        while i < self.jumps.len() {
            if self.jumps[i].target == Target::Label(label) {
                here.push(self.jumps.remove(i).state);
            } else {
                i += 1;
            }
        }
        let escaped = self.jumps.len() > before;
        *s = self.join_many(entry, escaped, here, s);
    }

    /// Joins states that reach the same point on mutually exclusive paths.
    fn join_many(
        &mut self,
        entry: usize,
        escaped: bool,
        jumped: Vec<State>,
        fallthrough: &State,
    ) -> State {
        let mut states = jumped;
        let alive = states.iter().fold(fallthrough.alive.clone(), |acc, st| {
            state::merge_alive(&acc, &st.alive)
        });
        if !fallthrough.dead {
            states.push(fallthrough.clone());
        }
        let Some(mut out) = states.pop() else {
            let mut out = fallthrough.clone();
            out.alive = alive;
            return out;
        };
        let t = &mut self.facts.terms;
        let mut any = t.and_all(out.path.get(entry..).unwrap_or(&[]));
        for st in states.iter().rev() {
            let here = t.and_all(st.path.get(entry..).unwrap_or(&[]));
            any = t.or(any, here);
            for (x, y) in out.vars.iter_mut().zip(&st.vars) {
                if x != y {
                    *x = t.select(here, *y, *x);
                }
            }
        }
        out.path.truncate(entry);
        if escaped && t.as_const(any) != Some(1) {
            out.path.push(any);
        }
        out.alive = alive;
        out.dead = false;
        out
    }

    fn simd(&mut self, op: SimdOp, args: &[TermId], dst: VarId, quad: bool, s: &State) -> TermId {
        let ty = self.var_ty(dst);
        let (path, _) = s.path_level(&self.facts.terms, 0);
        let ended = s
            .alive
            .iter()
            .map(|t| self.facts.terms.level(*t))
            .max()
            .unwrap_or(Level::Uniform);
        let mut control = path.max(ended);
        for (l, _) in &self.nest_exit {
            control = control.max(*l);
        }
        // Only where all lanes of a simdgroup execute the operation together do they agree on it.
        let together = control <= Level::Simdgroup && !quad;
        let arg = args.first().copied();
        let arg_level = args
            .iter()
            .map(|a| self.facts.terms.level(*a))
            .max()
            .unwrap_or(Level::Uniform);
        match op {
            SimdOp::BroadcastFirst
            | SimdOp::Min
            | SimdOp::Max
            | SimdOp::And
            | SimdOp::Or
            | SimdOp::All
            | SimdOp::Any
                if together && arg_level <= Level::Simdgroup =>
            {
                match arg {
                    Some(a) if self.facts.terms.ty(a) == ty => a,
                    _ => self.opaque(ty, Level::Simdgroup),
                }
            }
            SimdOp::BroadcastFirst
            | SimdOp::Sum
            | SimdOp::Product
            | SimdOp::Min
            | SimdOp::Max
            | SimdOp::And
            | SimdOp::Or
            | SimdOp::Xor
            | SimdOp::All
            | SimdOp::Any
            | SimdOp::Ballot
            | SimdOp::ActiveThreadsMask
                if together =>
            {
                self.opaque(ty, Level::Simdgroup)
            }
            SimdOp::Broadcast if together => {
                let lane = args
                    .get(1)
                    .map_or(Level::Varying, |a| self.facts.terms.level(*a));
                let level = if lane <= Level::Simdgroup {
                    Level::Simdgroup
                } else {
                    Level::Varying
                };
                self.opaque(ty, level)
            }
            _ => self.opaque(ty, Level::Varying),
        }
    }

    fn expr(&mut self, e: &Expr, s: &State) -> TermId {
        match &e.kind {
            ExprKind::Const(bits) => {
                if e.ty.is_float() {
                    self.facts.terms.float(e.ty, *bits)
                } else {
                    self.facts.terms.int(e.ty, i128::from(*bits))
                }
            }
            ExprKind::Var(v) => match s.vars.get(v.index()) {
                Some(t) => *t,
                None => self.opaque(e.ty, Level::Varying),
            },
            ExprKind::Undef => self.opaque(e.ty, Level::Varying),
            ExprKind::Unary(op, a) => {
                let a = self.expr(a, s);
                if e.ty.is_float() && *op != UnOp::Not {
                    return self.opaque_of(e.ty, &[a]);
                }
                self.facts.terms.unary(*op, a)
            }
            ExprKind::Binary(op, a, b) => {
                let (a, b) = (self.expr(a, s), self.expr(b, s));
                self.facts.terms.binary(*op, a, b)
            }
            ExprKind::Cast(a) => {
                let a = self.expr(a, s);
                self.facts.terms.cast(a, e.ty)
            }
            ExprKind::Bitcast(a) => {
                let a = self.expr(a, s);
                self.facts.terms.bitcast(a, e.ty)
            }
            ExprKind::Select(c, a, b) => {
                let (c, a, b) = (self.expr(c, s), self.expr(a, s), self.expr(b, s));
                self.facts.terms.select(c, a, b)
            }
            ExprKind::Math(f, args) => {
                let args: Vec<TermId> = args.iter().map(|a| self.expr(a, s)).collect();
                self.facts.terms.math(*f, args, e.ty)
            }
        }
    }

    /// A value that is a function of some terms but of no interest to the prover.
    fn opaque_of(&mut self, ty: crate::ir::ScalarTy, parts: &[TermId]) -> TermId {
        let level = parts
            .iter()
            .map(|p| self.facts.terms.level(*p))
            .max()
            .unwrap_or(Level::Uniform);
        self.opaque(ty, level)
    }
}
