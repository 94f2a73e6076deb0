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
use crate::cfg::Passed;
use crate::ir::{AccessKind, BarrierId, Space};
use crate::source::Span;

impl Plan<'_> {
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
        let mode = self.modes(Space::Device).into_iter().next()?;
        let mode = Mode {
            filter: crate::cfg::Filter {
                same_simdgroup: true,
                ..mode.filter
            },
            ..mode
        };
        for ip in self.pairs(&mode, deleted) {
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
