//! Deleting and weakening barriers of one kernel, asked about again and again.
//!
//! Soundness direction: a set of edits is safe only when every pair that it adds was proved conflict-free: for threads of
//! one simdgroup the pairs that the deletions add, for threads of different simdgroups those that deletions and
//! weakenings add together.

use std::collections::BTreeSet;

use super::decide::Counts;
use super::kernel::{Contradiction, Options, sites};
use super::prepare::{Prepared, prepare};
use super::removal::removal;
use super::sites::verdict_of;
use super::verdict::{BarrierVerdict, Verdict};
use crate::encode::pair::Relation;
use crate::ir::{BarrierId, BarrierScope, Kernel};
use crate::source::Span;

/// A kernel whose barriers are to be edited.
pub struct Editor<'k> {
    /// The kernel.
    pub kernel: &'k Kernel,
    options: &'k Options,
    prepared: Prepared<'k>,
}

impl<'k> Editor<'k> {
    /// Evaluates a kernel.
    ///
    /// # Errors
    /// [`Contradiction`] when no launch satisfies the assumptions.
    pub fn new(kernel: &'k Kernel, options: &'k Options) -> Result<Editor<'k>, Contradiction> {
        let prepared = prepare(kernel, options, &mut Counts::default())?;
        Ok(Editor {
            kernel,
            options,
            prepared,
        })
    }

    /// All instances of the barrier at a place.
    pub fn instances(&self, place: Span) -> BTreeSet<BarrierId> {
        let all = sites(self.kernel).into_iter();
        all.filter(|s| s.span == place)
            .flat_map(|s| s.instances)
            .collect()
    }

    /// The verdict on deleting all instances of a place; `None` when the kernel does not have it.
    pub fn verdict(&self, place: Span) -> Option<BarrierVerdict> {
        let ids = self.instances(place);
        let first = *ids.iter().next()?;
        let plan = self.prepared.plan(self.kernel, self.options);
        Some(verdict_of(
            &plan,
            self.options,
            &ids,
            first,
            &mut Counts::default(),
        ))
    }

    /// Whether these barriers can be deleted and those be made simdgroup barriers, all together.
    pub fn safe(&self, deleted: &BTreeSet<BarrierId>, weakened: &BTreeSet<BarrierId>) -> bool {
        let plan = self.prepared.plan(self.kernel, self.options);
        // Nothing is proved of what barriers order that not all threads may reach.
        let silent = |b: &BarrierId| {
            let reached = plan.facts.barriers.get(b.index());
            !reached.is_some_and(Option::is_some) || plan.convergent(*b)
        };
        if !deleted.iter().chain(weakened).all(silent) {
            return false;
        }
        let counts = &mut Counts::default();
        if weakened.is_empty() {
            return deleted.is_empty() || removal(&plan, deleted, None, counts).problem.is_none();
        }
        if self.options.lockstep {
            return false;
        }
        let wide = |b: &BarrierId| {
            let scope = self.kernel.barriers.get(b.index()).map(|b| b.scope);
            scope == Some(BarrierScope::Threadgroup)
        };
        if !weakened.iter().all(wide) {
            return false;
        }
        let across: BTreeSet<BarrierId> = deleted.union(weakened).copied().collect();
        let within = deleted.is_empty()
            || removal(&plan, deleted, Some(Relation::SameSimdgroup), counts)
                .problem
                .is_none();
        within
            && removal(&plan, &across, Some(Relation::DifferentSimdgroups), counts)
                .problem
                .is_none()
    }

    /// Whether a verdict lets a place be deleted.
    pub fn can_go(v: &BarrierVerdict) -> bool {
        v.verdict == Verdict::Removable
    }
}
