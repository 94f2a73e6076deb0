//! Barriers by which a threadgroup may talk to others.
//!
//! A barrier that orders device memory also orders a write before an atomic by which other
//! threadgroups learn of it ("last threadgroup done", look-back), and an atomic before the reads
//! of what others wrote. Deleting it races with nothing inside the threadgroup, which is all that
//! the pairs speak of, and yet changes results.
//!
//! Soundness direction: over-approximation: any plain write before and any atomic after the
//! barrier counts, whatever the atomic is for; so does any atomic before a read of an object that
//! the kernel writes.

use std::collections::BTreeSet;

use super::interval::{Mode, Plan, differs};
use crate::analysis::facts::AccessFact;
use crate::cfg::{Filter, Passed};
use crate::encode::pair::Relation;
use crate::ir::{AccessKind, BarrierId, Space};
use crate::source::Span;

impl Plan<'_> {
    /// Two atomic operations on one object that a barrier of the set may order, not both reads: they do not race, but
    /// results may depend on which comes first.
    pub fn orders_atomics(&self, deleted: &BTreeSet<BarrierId>) -> Option<(Span, Span)> {
        let atomic = |f: &AccessFact| f.kind == AccessKind::Atomic;
        if self
            .facts
            .accesses
            .iter()
            .flatten()
            .filter(|f| atomic(f))
            .count()
            < 2
        {
            return None;
        }
        for space in [Space::Threadgroup, Space::Device] {
            let mode = Mode {
                relation: Relation::Distinct,
                filter: Filter {
                    space,
                    same_simdgroup: false,
                    ignore_flags: self.ignore_flags,
                },
            };
            for ip in self.pairs(&mode, deleted) {
                let reached: Vec<(&AccessFact, Passed)> = ip
                    .reach
                    .accesses
                    .iter()
                    .filter_map(|a| {
                        let f = self.facts.accesses.get(a.at.index())?.as_ref()?;
                        let here = self.kernel.objects.get(f.object.index())?.space == space;
                        (here && atomic(f)).then_some((f, a.passed))
                    })
                    .collect();
                for (i, (a, before)) in reached.iter().enumerate() {
                    for (b, after) in &reached[i..] {
                        // One operation in several iterations, such as a counter, does the same in any order.
                        if a.object == b.object && a.span != b.span && differs(*before, *after) {
                            return Some((a.span, b.span));
                        }
                    }
                }
            }
        }
        None
    }

    /// An access before and one after a barrier of the set, which it may order for other
    /// threadgroups: the places of a write and of the atomic after it, or of an atomic and of the
    /// read after it.
    pub fn published(&self, deleted: &BTreeSet<BarrierId>) -> Option<(Span, Span)> {
        let facts = || self.facts.accesses.iter().flatten();
        let device = |f: &AccessFact| {
            let object = self.kernel.objects.get(f.object.index());
            object.is_some_and(|o| o.space == Space::Device)
        };
        if !facts().any(|f| f.kind == AccessKind::Atomic && device(f)) {
            return None;
        }
        let written: BTreeSet<_> = facts()
            .filter(|f| f.kind != AccessKind::Read)
            .map(|f| f.object)
            .collect();
        // A simdgroup barrier that stays orders nothing for the threads of other simdgroups.
        let modes = [true, false].map(|same_simdgroup| Mode {
            relation: Relation::Distinct,
            filter: Filter {
                space: Space::Device,
                same_simdgroup,
                ignore_flags: self.ignore_flags,
            },
        });
        for ip in modes.iter().flat_map(|m| self.pairs(m, deleted)) {
            let reached: Vec<(&AccessFact, Passed)> = ip
                .reach
                .accesses
                .iter()
                .filter_map(|a| {
                    let f = self.facts.accesses.get(a.at.index())?.as_ref()?;
                    device(f).then_some((f, a.passed))
                })
                .collect();
            for (a, before) in &reached {
                for (b, after) in &reached {
                    let tells = a.kind == AccessKind::Write && b.kind == AccessKind::Atomic;
                    let learns = a.kind == AccessKind::Atomic
                        && b.kind == AccessKind::Read
                        && written.contains(&b.object);
                    if (tells || learns) && before <= after && differs(*before, *after) {
                        return Some((a.span, b.span));
                    }
                }
            }
        }
        None
    }
}
