//! The pairs that may happen in parallel, as written and after a removal.
//!
//! Soundness direction: over-approximation. Barriers that not all threads may reach order
//! nothing; pairs are dropped only when intervals of a conflict are plainly impossible.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::hunt::Hunter;
use super::patience::Patiences;
use super::races::racing;
use super::record::Recorder;
use super::stats::Stats;
use crate::analysis::facts::{AccessFact, Facts};
use crate::analysis::term::{Level, TermId};
use crate::cfg::{Arrival, Filter, Flow, Passed, Reach, Start};
use crate::encode::launch::Contract;
use crate::encode::pair::Relation;
use crate::encode::terms::NoWrap;
use crate::ir::{AccessId, AccessKind, BarrierId, BarrierScope, Kernel, Space};

/// What all queries about one kernel share.
pub struct Plan<'a> {
    /// The kernel.
    pub kernel: &'a Kernel,
    /// Its facts.
    pub facts: &'a Facts,
    /// Its control flow.
    pub flow: &'a Flow,
    /// Launch contract.
    pub contract: &'a Contract,
    /// Closed forms that do not wrap.
    pub no_wrap: &'a NoWrap,
    /// Assumptions as terms.
    pub assumptions: &'a [TermId],
    /// Executions of the kernel.
    pub hunter: &'a Hunter<'a>,
    /// No two accesses were left that may race in the kernel as written.
    pub race_free: bool,
    /// Limit for one query.
    pub limit: Duration,
    /// Lowers the limit after questions without an answer.
    pub patience: &'a Patiences,
    /// Take barriers to order memory whatever their flags.
    pub ignore_flags: bool,
    /// Threads of one simdgroup run in lockstep.
    pub lockstep: bool,
    /// Takes what is decided, when it is wanted.
    pub recorder: Option<&'a Recorder>,
    /// Counts and times, when they are wanted.
    pub stats: Option<&'a Stats>,
}

/// One way to look at the threads: which pairs, and which barriers order them.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// How the threads lie.
    pub relation: Relation,
    /// Which barriers count.
    pub filter: Filter,
}

/// The pairs of one interval that need a proof.
pub struct IntervalPairs {
    /// Where the interval starts.
    pub start: Start,
    /// The pairs: arrivals of thread 1 and thread 2.
    pub pairs: Vec<(Arrival<AccessId>, Arrival<AccessId>)>,
    /// Pairs of atomic operations that do not commute: no race, but they need an order. Only asked about for removals.
    pub orders: Vec<(Arrival<AccessId>, Arrival<AccessId>)>,
    /// A construct that may touch anything takes part.
    pub wild: Option<crate::source::Span>,
    /// What was reached, for early ends of threads.
    pub reach: Reach,
}

/// An arrival, whatever was deleted on the way.
fn way(a: Arrival<AccessId>) -> Arrival<AccessId> {
    Arrival {
        passed: Passed::None,
        ..a
    }
}

impl Plan<'_> {
    /// Spaces in which two threads can conflict at all.
    pub fn spaces(&self) -> Vec<Space> {
        let mut out = BTreeSet::new();
        for a in self.facts.accesses.iter().flatten() {
            if a.kind != AccessKind::Read
                && let Some(o) = self.kernel.objects.get(a.object.index())
            {
                out.insert(o.space);
            }
        }
        if !self.facts.wild.is_empty() {
            out.insert(Space::Threadgroup);
            out.insert(Space::Device);
        }
        out.remove(&Space::Thread);
        out.remove(&Space::Constant);
        out.into_iter().collect()
    }

    /// How to look at conflicts in a space. Where simdgroup barriers order it, threads of one
    /// simdgroup and of different ones are looked at apart.
    pub fn modes(&self, space: Space) -> Vec<Mode> {
        let filter = |same_simdgroup| Filter {
            space,
            same_simdgroup,
            ignore_flags: self.ignore_flags,
        };
        let any_simd = self
            .kernel
            .barriers
            .iter()
            .any(|b| b.scope == BarrierScope::Simdgroup && filter(true).counts(b));
        let apart = Mode {
            relation: Relation::DifferentSimdgroups,
            filter: filter(false),
        };
        if self.lockstep {
            return vec![apart];
        }
        if any_simd {
            let together = Mode {
                relation: Relation::SameSimdgroup,
                filter: filter(true),
            };
            return vec![together, apart];
        }
        vec![Mode {
            relation: Relation::Distinct,
            filter: filter(false),
        }]
    }

    /// Whether all threads of its scope certainly meet the barrier (threads that ended aside).
    pub fn convergent(&self, b: BarrierId) -> bool {
        let Some(Some(f)) = self.facts.barriers.get(b.index()) else {
            return false;
        };
        match self.kernel.barriers.get(b.index()).map(|x| x.scope) {
            Some(BarrierScope::Threadgroup) => f.level == Level::Uniform,
            Some(BarrierScope::Simdgroup) => f.level <= Level::Simdgroup,
            None => false,
        }
    }

    /// Whether control may come to the barrier at all.
    pub fn reached(&self, b: BarrierId) -> bool {
        let fact = self.facts.barriers.get(b.index());
        fact.is_some_and(Option::is_some)
    }

    /// The barriers that order a mode's pairs.
    pub fn ordering(&self, mode: &Mode) -> BTreeSet<BarrierId> {
        self.kernel
            .barriers
            .iter()
            .enumerate()
            .map(|(i, b)| (BarrierId(i as u32), b))
            .filter(|(id, b)| mode.filter.counts(b) && self.convergent(*id))
            .map(|(id, _)| id)
            .collect()
    }

    fn starts(&self, active: &BTreeSet<BarrierId>) -> Vec<Start> {
        std::iter::once(Start::Entry)
            .chain(active.iter().map(|b| Start::Barrier(*b)))
            .collect()
    }

    /// The pairs that deleting `deleted` adds; with none deleted, all pairs of the kernel as
    /// written.
    pub fn pairs(&self, mode: &Mode, deleted: &BTreeSet<BarrierId>) -> Vec<IntervalPairs> {
        let all = self.ordering(mode);
        // One that not all threads reach orders nothing for what is not deleted; of one that is deleted, everything that it might order is asked about.
        let counts = |id: &BarrierId| {
            let b = self.kernel.barriers.get(id.index());
            b.is_some_and(|b| mode.filter.counts(b)) && self.reached(*id)
        };
        let gone: BTreeSet<BarrierId> = deleted.iter().copied().filter(counts).collect();
        if !deleted.is_empty() && gone.is_empty() {
            return Vec::new();
        }
        let active: BTreeSet<BarrierId> = all.difference(&gone).copied().collect();
        let mut out = Vec::new();
        for start in self.starts(&active) {
            let reach = Reach::from(self.flow, start, &active, &gone);
            let added = !gone.is_empty();
            // A thread that ends right after a deleted barrier leaves what it did before it unordered.
            let passes = reach.accesses.iter().any(|a| a.passed != Passed::None)
                || reach.wild.iter().any(|a| a.passed != Passed::None)
                || reach.returns.iter().any(|a| a.passed != Passed::None);
            if added && !passes {
                continue;
            }
            let wild = self.wild(&reach, added);
            let pairs = self.related(&reach, mode, added, racing);
            let orders = if added && self.facts.any_order() {
                self.related(&reach, mode, added, AccessFact::needs_order)
            } else {
                Vec::new()
            };
            out.push(IntervalPairs {
                start,
                pairs,
                orders,
                wild,
                reach,
            });
        }
        out
    }

    /// The pairs that deleting `deleted` adds, but those that deleting a part of it adds already: `proved` are sets
    /// for which all pairs were shown safe. (The formula of a pair depends on its interval's start, how both threads
    /// came to their accesses and the mode, and on nothing else of what is deleted.)
    pub fn pairs_beyond(
        &self,
        mode: &Mode,
        deleted: &BTreeSet<BarrierId>,
        proved: &[BTreeSet<BarrierId>],
    ) -> Vec<IntervalPairs> {
        let mut out = self.pairs(mode, deleted);
        let mut known: BTreeMap<Start, BTreeSet<_>> = BTreeMap::new();
        let parts = proved.iter().filter(|p| p.is_subset(deleted));
        for ip in parts.flat_map(|p| self.pairs(mode, p)) {
            let both = ip.pairs.into_iter().chain(ip.orders);
            let places = both.map(|(a, b)| (way(a), way(b)));
            known.entry(ip.start).or_default().extend(places);
        }
        for ip in &mut out {
            if let Some(known) = known.get(&ip.start) {
                let new = |(a, b): &(Arrival<AccessId>, Arrival<AccessId>)| {
                    !known.contains(&(way(a.clone()), way(b.clone())))
                };
                ip.pairs.retain(new);
                ip.orders.retain(new);
            }
        }
        out
    }

    fn wild(&self, reach: &Reach, added: bool) -> Option<crate::source::Span> {
        let shared = |a: &Arrival<AccessId>| {
            self.facts
                .accesses
                .get(a.at.index())
                .is_some_and(Option::is_some)
        };
        for w in &reach.wild {
            let with_access = reach
                .accesses
                .iter()
                .any(|a| shared(a) && (!added || differs(w.passed, a.passed)));
            let with_wild = reach
                .wild
                .iter()
                .any(|v| !added || differs(w.passed, v.passed));
            if with_access || with_wild {
                return Some(w.at);
            }
        }
        None
    }

    /// The pairs of accesses of a mode's space to one object that are related in this way.
    fn related(
        &self,
        reach: &Reach,
        mode: &Mode,
        added: bool,
        related: impl Fn(&AccessFact, &AccessFact) -> bool,
    ) -> Vec<(Arrival<AccessId>, Arrival<AccessId>)> {
        let mut out = Vec::new();
        let facts: Vec<_> = reach
            .accesses
            .iter()
            .filter_map(|a| {
                let f = self.facts.accesses.get(a.at.index())?.as_ref()?;
                let o = self.kernel.objects.get(f.object.index())?;
                (o.space == mode.filter.space).then_some((a, f))
            })
            .collect();
        for (i, (a, fa)) in facts.iter().enumerate() {
            for (b, fb) in facts.iter().skip(i) {
                if fa.object == fb.object
                    && related(fa, fb)
                    && (!added || differs(a.passed, b.passed))
                {
                    out.push(((*a).clone(), (*b).clone()));
                }
            }
        }
        out
    }
}

/// Whether two threads may have passed deleted barriers a different number of times.
pub fn differs(a: Passed, b: Passed) -> bool {
    a != b || a == Passed::More
}
