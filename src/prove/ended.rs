//! Threads that end early: what such a thread did in its last interval is ordered before nothing
//! that the others do later (DESIGN section 2).
//!
//! Soundness direction: over-approximation: "later" is anything reachable from the start of the
//! interval at the same or later iterations of the outermost common loop.

use std::collections::BTreeSet;

use petgraph::visit::Dfs;

use super::interval::{IntervalPairs, Mode, Plan, differs};
use crate::analysis::facts::AccessFact;
use crate::analysis::term::Level;
use crate::cfg::{Arrival, Node, Passed, Shift, Start};
use crate::encode::logic::Lin;
use crate::encode::pair::{IntervalEncoder, PairFormula, Relation};
use crate::ir::{AccessId, LoopId};

/// Which pairs of accesses are looked for.
pub type Related = dyn Fn(&AccessFact, &AccessFact) -> bool;

impl Plan<'_> {
    /// Whether some threads of a mode's scope may end where others do not.
    pub fn some_end_early(&self, mode: &Mode) -> bool {
        let agreed = if mode.relation == Relation::SameSimdgroup {
            Level::Simdgroup
        } else {
            Level::Uniform
        };
        self.facts.returns.iter().any(|r| r.level > agreed)
    }

    /// Conflicts of an access that thread 1 makes before it ends with whatever thread 2 does
    /// later. With a removal, only what the removed barriers had ordered.
    pub fn ended_pairs(
        &self,
        ie: &mut IntervalEncoder<'_>,
        mode: &Mode,
        interval: &IntervalPairs,
        (removal, related): (bool, &Related),
    ) -> Vec<PairFormula> {
        let mut out = Vec::new();
        if !self.some_end_early(mode) {
            return out;
        }
        let later = self.later(interval.start);
        for r in &interval.reach.returns {
            if removal && r.passed == Passed::None {
                continue;
            }
            for fact in self.facts.returns.iter().filter(|f| f.span == r.at) {
                let ends = ie.guard_at(1, r, fact.guard);
                for a in &interval.reach.accesses {
                    // No deleted barrier between the access and the end: it was unordered before.
                    if removal && !differs(a.passed, r.passed) {
                        continue;
                    }
                    let order = ie.ends_after(a, r, self.flow.return_precedes(r.at, a.at));
                    let ends = ie.enc.logic.and(&[ends, order]);
                    if !ie.enc.logic.is_false(ends) {
                        let start = interval.start;
                        self.against(ie, mode, start, a, (&later, related), ends, &mut out);
                    }
                }
            }
        }
        out
    }

    #[allow(clippy::too_many_arguments)]
    fn against(
        &self,
        ie: &mut IntervalEncoder<'_>,
        mode: &Mode,
        start: Start,
        a: &Arrival<AccessId>,
        (later, related): (&BTreeSet<AccessId>, &Related),
        ends: crate::encode::logic::BoolId,
        out: &mut Vec<PairFormula>,
    ) {
        let Some(Some(fa)) = self.facts.accesses.get(a.at.index()) else {
            return;
        };
        for c in later {
            let Some(Some(fc)) = self.facts.accesses.get(c.index()) else {
                continue;
            };
            let space = self.kernel.objects.get(fc.object.index()).map(|o| o.space);
            if fa.object != fc.object || !related(fa, fc) || space != Some(mode.filter.space) {
                continue;
            }
            let anywhere = Arrival {
                at: *c,
                shifts: fc.loops.iter().map(|l| (*l, Shift::Any)).collect(),
                history: crate::cfg::History::default(),
                passed: Passed::None,
            };
            if let Some(mut p) = ie.pair(a, &anywhere, mode.relation) {
                let mut all = vec![p.formula, ends];
                if let (Some(l), Some((of, k))) =
                    (self.outermost(start), p.second.counters.first().cloned())
                    && l == of
                {
                    let from = Lin::atom(
                        ie.enc
                            .logic
                            .var(&format!("p{}", l.0), crate::encode::pair::natural()),
                    );
                    all.push(ie.enc.logic.le(&from, &k));
                }
                p.formula = ie.enc.logic.and(&all);
                if !ie.enc.logic.is_false(p.formula) {
                    out.push(p);
                }
            }
        }
    }

    fn outermost(&self, start: Start) -> Option<LoopId> {
        match start {
            Start::Entry => None,
            Start::Barrier(b) => self.flow.barrier_nests.get(&b)?.first().copied(),
        }
    }

    /// Accesses reachable from a start, through any barriers.
    fn later(&self, start: Start) -> BTreeSet<AccessId> {
        let from = match start {
            Start::Entry => Some(self.flow.entry),
            Start::Barrier(b) => self.flow.barriers.get(&b).copied(),
        };
        let mut out = BTreeSet::new();
        let Some(from) = from else {
            return out;
        };
        let mut dfs = Dfs::new(&self.flow.graph, from);
        while let Some(n) = dfs.next(&self.flow.graph) {
            if let Node::Access(a) = self.flow.graph[n] {
                out.insert(a);
            }
        }
        out
    }
}
