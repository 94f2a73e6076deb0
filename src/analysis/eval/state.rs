//! The state of one thread at a program point.
//!
//! Soundness direction: exact with respect to the terms; `alive` may lose clauses (weaker guard).

use super::Evaluator;
use crate::analysis::term::{Level, TermId, Terms};
use crate::ir::{BranchId, LabelId, LoopId, VarId};

/// Where a jump leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Out of a loop.
    Break(LoopId),
    /// To the step of a loop.
    Continue(LoopId),
    /// To the end of a region.
    Label(LabelId),
}

/// A pending forward jump with the state that takes it.
#[derive(Clone, Debug)]
pub struct Jump {
    /// Where to.
    pub target: Target,
    /// In which state.
    pub state: State,
}

/// Values and conditions of one thread at one point.
#[derive(Clone, Debug)]
pub struct State {
    /// Conditions that steered control here, conjuncts, outermost first.
    pub path: Vec<TermId>,
    /// Conditions under which the thread has not ended yet, conjuncts.
    pub alive: Vec<TermId>,
    /// Value of each variable.
    pub vars: Vec<TermId>,
    /// Control does not get here.
    pub dead: bool,
    /// It does not get here because the thread ended.
    pub ended: bool,
}

impl State {
    /// At the start of the kernel.
    pub fn new(vars: Vec<TermId>) -> State {
        State {
            path: Vec::new(),
            alive: Vec::new(),
            vars,
            dead: false,
            ended: false,
        }
    }

    /// Sets a variable.
    pub fn set(&mut self, v: VarId, t: TermId) {
        if let Some(slot) = self.vars.get_mut(v.index()) {
            *slot = t;
        }
    }

    /// All conditions as one term.
    pub fn guard(&self, terms: &mut Terms) -> TermId {
        let p = terms.and_all(&self.path);
        let a = terms.and_all(&self.alive);
        terms.and(p, a)
    }

    /// The most varying condition of the path from position `from` on, and which it is.
    pub fn path_level(&self, terms: &Terms, from: usize) -> (Level, Option<TermId>) {
        let mut worst = (Level::Uniform, None);
        for t in self.path.get(from..).unwrap_or(&[]) {
            let l = terms.level(*t);
            if l > worst.0 {
                worst = (l, Some(*t));
            }
        }
        worst
    }

    /// The clauses that hold at a join of `self` and `other`: a clause added on one side only
    /// speaks of that side's path (it says "not the path that ended"), so it holds on both.
    pub fn merged_alive(&self, other: &State) -> Vec<TermId> {
        merge_alive(&self.alive, &other.alive)
    }
}

/// Union of two clause lists that share a prefix, without duplicates.
pub fn merge_alive(a: &[TermId], b: &[TermId]) -> Vec<TermId> {
    let mut out = a.to_vec();
    for t in b {
        if !out.contains(t) {
            out.push(*t);
        }
    }
    out
}

impl Evaluator<'_> {
    /// Notes the condition of a branch.
    pub(super) fn note_branch(&mut self, id: BranchId, cond: TermId) {
        if self.recording
            && self.facts.terms.as_const(cond).is_none()
            && let Some(slot) = self.facts.branches.get_mut(id.index())
        {
            *slot = Some(cond);
        }
    }
}
