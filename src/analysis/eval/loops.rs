//! Loops: a summary of any iteration instead of unrolling.
//!
//! Soundness direction: over-approximation. The values at iteration `k` are exact closed forms in
//! `k` or unknowns; conditions of earlier iterations are dropped from guards.
//!
//! Uniformity of loop-carried values is the greatest fixed point: assume the best, evaluate the
//! body, weaken what did not come out, repeat. (Equal before, and equal after each iteration for
//! the threads that execute it: equal at every iteration, by induction.)

use std::collections::BTreeMap;

use super::Evaluator;
use super::state::{Jump, State, Target};
use super::visit::visit;
use crate::analysis::closed::{Recurrence, recognise, rotation};
use crate::analysis::facts::{InductFact, LoopFact, PhiFact};
use crate::analysis::term::{Level, TermId, TermKind};
use crate::ir::{Expr, LoopId, ScalarTy, Stmt, VarId};

/// Variables assigned in each loop, nested statements included.
pub fn collect_assigned(stmts: &[Stmt], out: &mut BTreeMap<LoopId, Vec<VarId>>) {
    visit(stmts, &mut |s| {
        if let Stmt::Loop {
            id,
            header,
            body,
            step,
            ..
        } = s
        {
            let mut vars = Vec::new();
            for part in [header, body, step] {
                visit(part, &mut |s| assigned_by(s, &mut vars));
            }
            vars.sort_unstable();
            vars.dedup();
            out.insert(*id, vars);
        }
    });
}

fn assigned_by(s: &Stmt, out: &mut Vec<VarId>) {
    match s {
        Stmt::Assign { dst, .. } | Stmt::Simd { dst, .. } => out.push(*dst),
        Stmt::Load { dst, .. }
        | Stmt::MatrixLoad { dst, .. }
        | Stmt::MatrixMultiplyAccumulate { dst, .. } => out.extend(dst.iter().copied()),
        Stmt::Atomic { dst, observed, .. } => out.extend(dst.iter().chain(observed).copied()),
        Stmt::Unsupported { clobbers, .. } => out.extend(clobbers.iter().copied()),
        Stmt::Store { .. }
        | Stmt::MatrixStore { .. }
        | Stmt::Barrier(_)
        | Stmt::If { .. }
        | Stmt::Loop { .. }
        | Stmt::Break(_)
        | Stmt::Continue(_)
        | Stmt::Region { .. }
        | Stmt::Leave(_)
        | Stmt::Return { .. } => {}
    }
}

struct LoopParts<'a> {
    id: LoopId,
    header: &'a [Stmt],
    cond: Option<&'a Expr>,
    body: &'a [Stmt],
    step: &'a [Stmt],
    test_last: bool,
}

/// What one symbolic iteration came to.
struct Pass {
    /// State at the back edge; dead when the loop never repeats.
    back: State,
    /// States at `break`s.
    breaks: Vec<State>,
    /// Jumps that leave the loop for somewhere further out.
    escapes: Vec<Jump>,
    /// The test, if there is one.
    cond: Option<TermId>,
    exit_level: Level,
    culprit: Option<TermId>,
}

impl Evaluator<'_> {
    pub(super) fn eval_loop(&mut self, stmt: &Stmt, s: &mut State) {
        let Stmt::Loop {
            id,
            header,
            cond,
            body,
            step,
            test_last,
            ..
        } = stmt
        else {
            return;
        };
        let parts = LoopParts {
            id: *id,
            header,
            cond: cond.as_ref(),
            body,
            step,
            test_last: *test_last,
        };
        let assigned = self.assigned.get(id).cloned().unwrap_or_default();
        let recording = self.recording;
        self.recording = false;
        let (pass, phis) = self.stable_pass(&parts, &assigned, s);
        self.recording = recording;

        // Closed forms, over the counter of this loop.
        let counter = self.counter(*id);
        let mut forms: BTreeMap<VarId, Recurrence> = BTreeMap::new();
        if !pass.back.dead {
            for (&v, &phi) in &phis {
                let (init, next) = (s.vars[v.index()], pass.back.vars[v.index()]);
                if let Some(r) = recognise(&mut self.facts.terms, *id, phi, init, next) {
                    forms.insert(v, r);
                } else if let Some(chain) =
                    rotation(&phis, &|w| pass.back.vars.get(w.index()).copied(), v)
                {
                    forms.insert(v, Recurrence::Rotation(chain));
                }
            }
        }
        let at_head = self.with_forms(s, &phis, &forms, *id, counter);

        // The pass that records, with closed forms in place.
        let entry = s.path.len();
        self.nest.push(*id);
        self.nest_exit.push((pass.exit_level, pass.culprit));
        let final_pass = self.iteration(&parts, at_head.clone(), entry);
        self.nest_exit.pop();
        self.nest.pop();
        if recording {
            self.note_loop(&parts, s, &phis, &forms, &final_pass, counter);
        }
        self.leave_loop(&parts, &assigned, s, &phis, &forms, final_pass, entry);
    }

    fn counter(&mut self, l: LoopId) -> TermId {
        self.facts
            .terms
            .intern(TermKind::Counter(l), ScalarTy::U64, Level::Uniform, vec![l])
    }

    /// Evaluates the body until the levels of the loop-carried values are stable.
    fn stable_pass(
        &mut self,
        parts: &LoopParts<'_>,
        assigned: &[VarId],
        s: &State,
    ) -> (Pass, BTreeMap<VarId, TermId>) {
        let entry = s.path.len();
        loop {
            self.nest.push(parts.id);
            let loops = self.sorted_nest();
            let mut phis = BTreeMap::new();
            let mut state = s.clone();
            for &v in assigned {
                let Some(&init) = s.vars.get(v.index()) else {
                    continue;
                };
                let start = self.facts.terms.level(init);
                let level = *self
                    .phi_levels
                    .entry((parts.id, v))
                    .and_modify(|l| *l = (*l).max(start))
                    .or_insert(start);
                let ty = self.var_ty(v);
                let phi = self.phi(parts.id, v, ty, level, loops.clone());
                phis.insert(v, phi);
                state.set(v, phi);
            }
            self.nest_exit.push((Level::Uniform, None));
            let pass = self.iteration(parts, state, entry);
            self.nest_exit.pop();
            self.nest.pop();
            let mut changed = false;
            if !pass.back.dead {
                for &v in phis.keys() {
                    let next = self.facts.terms.level(pass.back.vars[v.index()]);
                    if let Some(l) = self.phi_levels.get_mut(&(parts.id, v))
                        && next > *l
                    {
                        *l = next;
                        changed = true;
                    }
                }
            }
            if !changed {
                return (pass, phis);
            }
        }
    }

    /// The unknown for a loop-carried variable. Its level is part of its identity: a later, worse
    /// level makes a new term.
    fn phi(
        &mut self,
        l: LoopId,
        v: VarId,
        ty: ScalarTy,
        level: Level,
        loops: Vec<LoopId>,
    ) -> TermId {
        let t = self
            .facts
            .terms
            .intern(TermKind::Phi(l, v), ty, level, loops.clone());
        if self.facts.terms.level(t) == level {
            return t;
        }
        self.facts.terms.replace_phi(l, v, ty, level, loops)
    }

    /// One symbolic iteration from the state at the head.
    fn iteration(&mut self, parts: &LoopParts<'_>, mut s: State, entry: usize) -> Pass {
        let before = self.jumps.len();
        let mut cond = None;
        let mut exit_level = Level::Uniform;
        let mut culprit = None;
        let note = |l: Level, c: Option<TermId>, lev: &mut Level, cul: &mut Option<TermId>| {
            if l > *lev {
                *lev = l;
                *cul = c;
            }
        };
        if !parts.test_last {
            self.block(parts.header, &mut s);
            if let Some(c) = parts.cond
                && !s.dead
            {
                let c = self.expr(c, &s);
                note(
                    self.facts.terms.level(c),
                    Some(c),
                    &mut exit_level,
                    &mut culprit,
                );
                s.path.push(c);
                cond = Some(c);
                if self.facts.terms.as_const(c) == Some(0) {
                    s.dead = true;
                }
            }
        }
        self.block(parts.body, &mut s);
        let mut continues = Vec::new();
        let mut breaks = Vec::new();
        let mut i = before;
        while i < self.jumps.len() {
            match self.jumps[i].target {
                Target::Continue(l) if l == parts.id => {
                    continues.push(self.jumps.remove(i).state);
                }
                Target::Break(l) if l == parts.id => breaks.push(self.jumps.remove(i).state),
                _ => i += 1,
            }
        }
        let escaped = self.jumps.len() > before || !breaks.is_empty();
        let body_entry = entry + usize::from(cond.is_some());
        s = self.join_many(body_entry, escaped, continues, &s);
        self.block(parts.step, &mut s);
        if parts.test_last {
            self.block(parts.header, &mut s);
            if let Some(c) = parts.cond
                && !s.dead
            {
                let c = self.expr(c, &s);
                note(
                    self.facts.terms.level(c),
                    Some(c),
                    &mut exit_level,
                    &mut culprit,
                );
                s.path.push(c);
                cond = Some(c);
                if self.facts.terms.as_const(c) == Some(0) {
                    s.dead = true;
                }
            }
        }
        let escapes = self.jumps.split_off(before);
        for st in breaks.iter().chain(escapes.iter().map(|j| &j.state)) {
            let (l, c) = st.path_level(&self.facts.terms, entry);
            note(l, c, &mut exit_level, &mut culprit);
        }
        Pass {
            back: s,
            breaks,
            escapes,
            cond,
            exit_level,
            culprit,
        }
    }

    /// The state with every loop-carried variable at iteration `count`.
    fn with_forms(
        &mut self,
        s: &State,
        phis: &BTreeMap<VarId, TermId>,
        forms: &BTreeMap<VarId, Recurrence>,
        l: LoopId,
        count: TermId,
    ) -> State {
        let mut out = s.clone();
        for (&v, &phi) in phis {
            let init = s.vars[v.index()];
            let t = match forms.get(&v) {
                Some(Recurrence::Constant) => init,
                Some(Recurrence::Linear { step }) => {
                    self.facts.terms.induct(init, *step, count, l, v)
                }
                Some(Recurrence::Ring {
                    init,
                    step,
                    modulus,
                }) => {
                    let ty = self.facts.terms.ty(phi);
                    self.facts.terms.ring(ty, *init, *step, *modulus, count)
                }
                Some(Recurrence::Rotation(chain)) => {
                    let n = chain.len() as i128;
                    let turn = self.facts.terms.ring(ScalarTy::U32, 0, 1, n, count);
                    let mut t = init;
                    for (i, w) in chain.iter().enumerate().skip(1) {
                        let at = self.facts.terms.int(ScalarTy::U32, i as i128);
                        let here = self.facts.terms.binary(crate::ir::BinOp::Eq, turn, at);
                        t = self.facts.terms.select(here, s.vars[w.index()], t);
                    }
                    t
                }
                None => phi,
            };
            out.set(v, t);
        }
        out
    }

    fn note_loop(
        &mut self,
        parts: &LoopParts<'_>,
        s: &State,
        phis: &BTreeMap<VarId, TermId>,
        forms: &BTreeMap<VarId, Recurrence>,
        pass: &Pass,
        counter: TermId,
    ) {
        let mut nest = self.nest.clone();
        nest.push(parts.id);
        let back_guard = pass.back.guard(&mut self.facts.terms);
        let entry_guard = s.guard(&mut self.facts.terms);
        let mut fact = LoopFact {
            nest,
            entry_guard: Some(entry_guard),
            cond: if parts.test_last { None } else { pass.cond },
            exit_level: pass.exit_level,
            culprit: pass.culprit,
            exit_by_test: self.exits_by_test(parts, pass),
            ..LoopFact::default()
        };
        for (&v, &phi) in phis {
            let init = s.vars[v.index()];
            match forms.get(&v) {
                Some(Recurrence::Linear { step }) => {
                    let term = self.facts.terms.induct(init, *step, counter, parts.id, v);
                    fact.inducts.push(InductFact {
                        var: v,
                        term,
                        init,
                        step: *step,
                        back_guard,
                    });
                }
                Some(_) => {}
                None if !pass.back.dead => {
                    fact.phis.insert(
                        v,
                        PhiFact {
                            term: phi,
                            init,
                            next: pass.back.vars[v.index()],
                            back_guard,
                        },
                    );
                }
                None => {}
            }
        }
        if let Some(slot) = self.facts.loops.get_mut(parts.id.index()) {
            *slot = fact;
        }
    }

    fn exits_by_test(&self, parts: &LoopParts<'_>, pass: &Pass) -> bool {
        !parts.test_last
            && parts.cond.is_some()
            && pass.breaks.is_empty()
            && pass.escapes.is_empty()
    }

    /// The state after the loop.
    #[allow(clippy::too_many_arguments)]
    fn leave_loop(
        &mut self,
        parts: &LoopParts<'_>,
        assigned: &[VarId],
        s: &mut State,
        phis: &BTreeMap<VarId, TermId>,
        forms: &BTreeMap<VarId, Recurrence>,
        pass: Pass,
        entry: usize,
    ) {
        let leaves = parts.cond.is_some() || !pass.breaks.is_empty();
        let alive: Vec<TermId> = pass
            .breaks
            .iter()
            .chain(pass.escapes.iter().map(|j| &j.state))
            .chain(std::iter::once(&pass.back))
            .fold(s.alive.clone(), |acc, st| {
                super::state::merge_alive(&acc, &st.alive)
            })
            .into_iter()
            .filter(|t| !self.facts.terms.get(*t).loops.contains(&parts.id))
            .collect();
        let by_test = self.exits_by_test(parts, &pass);
        let mut out = if by_test {
            let mut outer = self.sorted_nest();
            outer.retain(|l| *l != parts.id);
            let count = self.facts.terms.intern(
                TermKind::ExitCount(parts.id),
                ScalarTy::U64,
                pass.exit_level,
                outer,
            );
            if self.recording
                && let Some(f) = self.facts.loops.get_mut(parts.id.index())
            {
                f.exit_count = Some(count);
            }
            let mut out = self.with_forms(s, phis, forms, parts.id, count);
            for (&v, &phi) in phis {
                if !forms.contains_key(&v) {
                    let level = self.facts.terms.level(phi).max(pass.exit_level);
                    let ty = self.var_ty(v);
                    let t = self.opaque(ty, level);
                    out.set(v, t);
                }
            }
            // The failing evaluation of the test has its effects too.
            let recording = std::mem::replace(&mut self.recording, false);
            self.block(parts.header, &mut out);
            self.recording = recording;
            out
        } else {
            let mut out = s.clone();
            for &v in assigned {
                let mut level = pass.exit_level;
                for st in pass.breaks.iter().chain(std::iter::once(&pass.back)) {
                    if !st.dead || !std::ptr::eq(st, &pass.back) {
                        level = level.max(self.facts.terms.level(st.vars[v.index()]));
                    }
                }
                if let Some(&phi) = phis.get(&v) {
                    level = level.max(self.facts.terms.level(phi));
                }
                let ty = self.var_ty(v);
                let t = self.opaque(ty, level);
                out.set(v, t);
            }
            out
        };
        out.alive = alive;
        out.path.truncate(entry);
        out.dead = !leaves;
        out.ended = !leaves && pass.escapes.is_empty();
        if !pass.escapes.is_empty() && leaves {
            // Some threads may have gone further out from inside: an unknown condition.
            let stayed = self.opaque(ScalarTy::Bool, pass.exit_level);
            out.path.push(stayed);
        }
        for mut j in pass.escapes {
            let taken = self.opaque(ScalarTy::Bool, pass.exit_level);
            j.state.path.truncate(entry);
            j.state.path.push(taken);
            j.state.alive = out.alive.clone();
            for &v in assigned {
                let level = self
                    .facts
                    .terms
                    .level(j.state.vars[v.index()])
                    .max(pass.exit_level);
                let ty = self.var_ty(v);
                let t = self.opaque(ty, level);
                j.state.set(v, t);
            }
            self.jumps.push(j);
        }
        *s = out;
    }
}
