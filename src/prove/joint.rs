//! Which removals can be made together.
//!
//! Soundness direction: every set returned was proved as a set.

use std::collections::BTreeSet;

use super::decide::Counts;
use super::interval::Plan;
use super::kernel::sites;
use super::sites::removal;
use super::verdict::{BarrierVerdict, Verdict};
use crate::ir::BarrierId;
use crate::source::Span;

/// A largest set of source places that can go together, in source order. `verdicts` are those on
/// whole places.
pub fn largest(plan: &Plan<'_>, verdicts: &[BarrierVerdict], counts: &mut Counts) -> Vec<Span> {
    let candidates: Vec<(Span, BTreeSet<BarrierId>)> = sites(plan.kernel)
        .into_iter()
        .filter(|s| {
            verdicts
                .iter()
                .any(|v| v.span == s.span && v.verdict == Verdict::Removable)
        })
        .map(|s| (s.span, s.instances.into_iter().collect()))
        .collect();
    let all: BTreeSet<BarrierId> = candidates.iter().flat_map(|c| c.1.clone()).collect();
    if candidates.len() <= 1 {
        return candidates.into_iter().map(|c| c.0).collect();
    }
    if removal(plan, &all, None, counts).problem.is_none() {
        return candidates.into_iter().map(|c| c.0).collect();
    }
    let mut chosen: BTreeSet<BarrierId> = BTreeSet::new();
    let mut out = Vec::new();
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|i| {
        let depth = candidates[*i]
            .1
            .iter()
            .map(|b| plan.kernel.barriers[b.index()].loops.len())
            .max();
        std::cmp::Reverse(depth)
    });
    for i in order {
        let mut with = chosen.clone();
        with.extend(candidates[i].1.iter().copied());
        if removal(plan, &with, None, counts).problem.is_none() {
            chosen = with;
            out.push(candidates[i].0);
        }
    }
    out.sort();
    out
}
