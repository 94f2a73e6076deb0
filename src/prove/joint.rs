//! Which removals can be made together.
//!
//! Soundness direction: every set returned was proved as a set.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::Counts;
use super::interval::Plan;
use super::kernel::{removal, sites};
use super::verdict::{BarrierVerdict, Verdict};
use crate::ir::BarrierId;
use crate::source::Span;

/// A largest set of source lines that can go together, as their places, in source order.
pub fn largest(plan: &Plan<'_>, verdicts: &[BarrierVerdict], counts: &mut Counts) -> Vec<Span> {
    let verdict_of: BTreeMap<BarrierId, Verdict> =
        verdicts.iter().map(|v| (v.barrier, v.verdict)).collect();
    let candidates: Vec<(Span, BTreeSet<BarrierId>)> = sites(plan.kernel)
        .into_iter()
        .filter(|s| {
            s.instances
                .iter()
                .all(|b| verdict_of.get(b) == Some(&Verdict::Removable))
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
