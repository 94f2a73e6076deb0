//! Verdicts on barriers: what deleting them adds.
//!
//! Soundness direction: `removable` only when every added pair is shown conflict-free.

use std::collections::BTreeSet;
use std::time::Instant;

use super::decide::Counts;
use super::interval::Plan;
use super::kernel::{Options, Site, ms, sites};
use super::removal::removal;
use super::stats::{Event, Phase, timed};
use super::verdict::*;
use super::work::parallel;
use crate::encode::pair::Relation;
use crate::exec::Launch;
use crate::ir::{BarrierId, BarrierScope, MemFlags};
use crate::source::Span;

/// Verdicts on each instance, and on each place with all its instances.
pub fn all_verdicts(
    plan: &Plan<'_>,
    options: &Options,
) -> (Vec<BarrierVerdict>, Vec<BarrierVerdict>, Counts) {
    let all = sites(plan.kernel);
    let wanted: Vec<&Site> = all
        .iter()
        .filter(|s| options.only.as_ref().is_none_or(|o| o.contains(&s.span)))
        .collect();
    let done = parallel(wanted.len(), options.jobs, |i| {
        let mut counts = Counts::default();
        let v = site_verdicts(plan, options, wanted[i], &mut counts);
        (v, counts)
    });
    let mut counts = Counts::default();
    let mut out = Vec::new();
    let mut together = Vec::new();
    for ((site, each), c) in done {
        together.push(site);
        out.extend(each);
        counts.add(&c);
    }
    out.sort_by_key(|v| v.barrier);
    (out, together, counts)
}

/// The verdict on all instances of a place together, and on each instance alone.
fn site_verdicts(
    plan: &Plan<'_>,
    options: &Options,
    site: &Site,
    counts: &mut Counts,
) -> (BarrierVerdict, Vec<BarrierVerdict>) {
    let whole: BTreeSet<BarrierId> = site.instances.iter().copied().collect();
    let first = verdict_of(plan, options, &whole, site.instances[0], counts);
    // What holds for all instances together holds for each of them.
    let each = site.instances.len() > 1
        && !matches!(first.verdict, Verdict::Removable | Verdict::Weakenable);
    let instances = site
        .instances
        .iter()
        .map(|id| {
            if each {
                verdict_of(plan, options, &BTreeSet::from([*id]), *id, counts)
            } else {
                BarrierVerdict {
                    barrier: *id,
                    ..first.clone()
                }
            }
        })
        .collect();
    (first, instances)
}

/// The verdict on deleting a set, reported for one of its barriers.
pub fn verdict_of(
    plan: &Plan<'_>,
    options: &Options,
    deleted: &BTreeSet<BarrierId>,
    id: BarrierId,
    counts: &mut Counts,
) -> BarrierVerdict {
    let t = Instant::now();
    let b = &plan.kernel.barriers[id.index()];
    let finish = |verdict, reason, witness, added| BarrierVerdict {
        barrier: id,
        scope: b.scope,
        flags: b.flags,
        span: b.span,
        verdict,
        reason,
        witness,
        counts: None,
        added_pairs: added,
        time_ms: ms(t),
    };
    if plan.facts.wild.iter().any(|w| w.control)
        && let Some(w) = plan.facts.wild.iter().find(|w| w.control)
    {
        let why = Reason::Unsupported(w.construct.clone(), w.span);
        return finish(Verdict::Unknown, why, None, 0);
    }
    let reached: Vec<BarrierId> = deleted
        .iter()
        .copied()
        .filter(|d| {
            plan.facts
                .barriers
                .get(d.index())
                .is_some_and(Option::is_some)
        })
        .collect();
    if reached.is_empty() {
        return finish(Verdict::Removable, Reason::Unreachable, None, 0);
    }
    if reached.iter().any(|d| !plan.convergent(*d)) {
        return apart(plan, options, deleted, b.span, finish, counts);
    }
    let seen = timed(plan.stats, Phase::Execution, || {
        let race = plan.hunter.removal(deleted).map(|w| (Reason::Witness, w));
        race.or_else(|| ordered(plan.hunter.order(deleted)?))
    });
    if let Some((reason, w)) = seen {
        if let Some(s) = plan.stats {
            s.count(Event::Executed, 1);
        }
        return shown(plan, options, deleted, (reason, w), finish, counts);
    }
    let r = removal(plan, deleted, None, counts);
    match r.problem {
        None => {
            let why = if r.added == 0 {
                Reason::NothingOrdered
            } else {
                Reason::Proved
            };
            finish(Verdict::Removable, why, None, r.added)
        }
        Some((reason, w)) => {
            if suffices(plan, w.as_ref(), deleted, counts) {
                return finish(Verdict::Weakenable, Reason::Proved, w, r.added);
            }
            let mut w = w;
            let reason = match (reason, &mut w) {
                (Reason::Witness, Some(w)) => {
                    let replays = &mut counts.replays;
                    let mut done =
                        super::replay::confirm(plan.kernel, options, w, deleted, replays);
                    let mut outside = None;
                    if done.is_err() && out_of_bounds(plan, w, false).is_some() {
                        match within_bounds(plan, options, deleted, counts) {
                            Inside::Safe => outside = out_of_bounds(plan, w, true),
                            Inside::Shown(other) => {
                                *w = *other;
                                done = Ok(());
                            }
                            Inside::Open => outside = out_of_bounds(plan, w, false),
                        }
                    }
                    match done {
                        Ok(()) => {
                            let w = Some(w.clone());
                            let mut v = finish(Verdict::Required, Reason::Witness, w, r.added);
                            thread_counts(plan, options, deleted, &mut v, counts);
                            v.time_ms = ms(t);
                            return v;
                        }
                        Err(why) => outside.unwrap_or(Reason::Unreplayed(why)),
                    }
                }
                (Reason::Atomics(a, b), Some(w)) => {
                    let replays = &mut counts.replays;
                    if super::reorder::confirm_order(plan.kernel, options, w, deleted, replays) {
                        let w = Some(w.clone());
                        return finish(Verdict::Required, Reason::Atomics(a, b), w, r.added);
                    }
                    Reason::Atomics(a, b)
                }
                (other, _) => other,
            };
            finish(Verdict::Unknown, reason, w, r.added)
        }
    }
}

/// The verdict when not all threads may reach some of the deleted barriers.
///
/// In a launch in which all do reach them they order what they separate, and a race that comes of deleting them there is one. If they name no memory,
/// no pair that they might order can conflict, all other barriers are met by all threads, and the kernel has no race as written, nothing is lost with them.
/// (With a race as written, threads that hang before it without the deletion would come to it.)
fn apart(
    plan: &Plan<'_>,
    options: &Options,
    deleted: &BTreeSet<BarrierId>,
    span: Span,
    finish: impl Fn(Verdict, Reason, Option<Witness>, usize) -> BarrierVerdict,
    counts: &mut Counts,
) -> BarrierVerdict {
    let executed = timed(plan.stats, Phase::Execution, || {
        plan.hunter.removal(deleted)
    });
    if let Some(w) = executed {
        return finish(Verdict::Required, Reason::Witness, Some(w), 0);
    }
    let parted = |launch: Option<&Launch>| match launch {
        Some(l) => Reason::Diverges(span, l.in_words()),
        None => Reason::Divergent(span),
    };
    let others = (0..plan.kernel.barriers.len()).map(|i| BarrierId(i as u32));
    let mut others = others.filter(|o| !deleted.contains(o) && plan.reached(*o));
    let flags = |b: &BarrierId| plan.kernel.barriers[b.index()].flags;
    let silent = deleted.iter().all(|b| flags(b) == MemFlags::default());
    let alone = silent && plan.race_free && others.all(|o| plan.convergent(o));
    let r = removal(plan, deleted, None, counts);
    match r.problem {
        None if alone && r.added == 0 => {
            finish(Verdict::Removable, Reason::NothingOrdered, None, 0)
        }
        None if alone => finish(Verdict::Removable, Reason::Proved, None, r.added),
        Some((Reason::Witness, Some(mut w))) => {
            let replays = &mut counts.replays;
            let done = super::replay::confirm(plan.kernel, options, &mut w, deleted, replays);
            match (done, &w.launch) {
                (Ok(()), Some(l)) if plan.hunter.meets(l) => {
                    finish(Verdict::Required, Reason::Witness, Some(w), r.added)
                }
                (Ok(()), launch) => {
                    let why = parted(launch.as_ref());
                    finish(Verdict::Unknown, why, None, r.added)
                }
                (Err(_), _) => {
                    let why = parted(plan.hunter.divergence(deleted));
                    finish(Verdict::Unknown, why, None, r.added)
                }
            }
        }
        Some((flags @ Reason::Flags(..), _)) if alone => {
            finish(Verdict::Unknown, flags, None, r.added)
        }
        _ => {
            let why = parted(plan.hunter.divergence(deleted));
            finish(Verdict::Unknown, why, None, r.added)
        }
    }
}

/// What holds of a removal if no access leaves its object.
enum Inside {
    /// It adds no race.
    Safe,
    /// It adds this race, which was replayed.
    Shown(Box<Witness>),
    /// Not decided.
    Open,
}

fn within_bounds(
    plan: &Plan<'_>,
    options: &Options,
    deleted: &BTreeSet<BarrierId>,
    counts: &mut Counts,
) -> Inside {
    let contract = crate::encode::launch::Contract {
        in_bounds: true,
        ..plan.contract.clone()
    };
    let narrowed = Plan {
        contract: &contract,
        ..*plan
    };
    match removal(&narrowed, deleted, None, counts).problem {
        None => Inside::Safe,
        Some((Reason::Witness, Some(mut w))) => {
            let replays = &mut counts.replays;
            match super::replay::confirm(plan.kernel, options, &mut w, deleted, replays) {
                Ok(()) => Inside::Shown(Box::new(w)),
                Err(_) => Inside::Open,
            }
        }
        Some(_) => Inside::Open,
    }
}

/// The reason, if an access of a witness leaves its object.
fn out_of_bounds(plan: &Plan<'_>, w: &Witness, else_safe: bool) -> Option<Reason> {
    let o = plan.kernel.objects.get(w.object as usize)?;
    let size = o.size?;
    let leaves =
        |s: &&WitnessSide| s.offset < 0 || s.offset + i128::from(s.width) > i128::from(size);
    let side = w.sides.iter().find(leaves)?;
    Some(Reason::OutOfBounds {
        object: o.name.clone(),
        size,
        at: side.span,
        else_safe,
    })
}

/// Whether a simdgroup barrier suffices where deleting leads to this conflict: not where it is across simdgroups, since it stays one.
fn suffices(
    plan: &Plan<'_>,
    w: Option<&Witness>,
    deleted: &BTreeSet<BarrierId>,
    counts: &mut Counts,
) -> bool {
    w.is_none_or(|w| w.same_simdgroup) && weakenable(plan, deleted, counts)
}

/// Whether a simdgroup barrier suffices in the place of each of these barriers.
fn weakenable(plan: &Plan<'_>, deleted: &BTreeSet<BarrierId>, counts: &mut Counts) -> bool {
    let wide = |d: &BarrierId| {
        let reached = plan
            .facts
            .barriers
            .get(d.index())
            .is_some_and(Option::is_some);
        !reached || plan.kernel.barriers[d.index()].scope == BarrierScope::Threadgroup
    };
    !plan.lockstep
        && deleted.iter().all(wide)
        && removal(plan, deleted, Some(Relation::DifferentSimdgroups), counts)
            .problem
            .is_none()
}

/// The verdict when a race was already executed without these barriers.
fn shown(
    plan: &Plan<'_>,
    options: &Options,
    deleted: &BTreeSet<BarrierId>,
    (reason, w): (Reason, Witness),
    finish: impl Fn(Verdict, Reason, Option<Witness>, usize) -> BarrierVerdict,
    counts: &mut Counts,
) -> BarrierVerdict {
    let added = added_pairs(plan, deleted);
    if w.same_simdgroup && weakenable(plan, deleted, counts) {
        return finish(Verdict::Weakenable, Reason::Proved, Some(w), added);
    }
    let race = reason == Reason::Witness;
    let mut v = finish(Verdict::Required, reason, Some(w), added);
    let t = Instant::now();
    if race {
        thread_counts(plan, options, deleted, &mut v, counts);
    }
    v.time_ms += ms(t);
    v
}

/// The reason that goes with two atomic operations that were seen to come in another order.
fn ordered(w: Witness) -> Option<(Reason, Witness)> {
    let [a, b] = [w.sides[0].span, w.sides[1].span];
    w.order.map(|_| (Reason::Atomics(a, b), w))
}

/// How many pairs of accesses deleting a set adds.
fn added_pairs(plan: &Plan<'_>, deleted: &BTreeSet<BarrierId>) -> usize {
    let spaces = plan.spaces();
    let modes = spaces.iter().flat_map(|s| plan.modes(*s));
    modes
        .flat_map(|m| plan.pairs(&m, deleted))
        .map(|ip| ip.pairs.len() + ip.orders.len())
        .sum()
}

/// With an open threadgroup size: up to how many threads the removal is safe, and from where a
/// race was replayed. Both sides are backed: by a proof for all sizes up to the first, by a witness
/// of the second.
fn thread_counts(
    plan: &Plan<'_>,
    options: &Options,
    deleted: &BTreeSet<BarrierId>,
    v: &mut BarrierVerdict,
    counts: &mut Counts,
) {
    if plan.contract.threadgroup.is_some() {
        return;
    }
    let limit = plan.limit.min(std::time::Duration::from_secs(1));
    let threads = |w: &Witness| w.threadgroup.iter().product::<u64>();
    let Some(mut races_at) = v.witness.as_ref().map(&threads) else {
        return;
    };
    let mut contract = plan.contract.clone();
    let mut safe_up_to = plan.contract.min_threads.saturating_sub(1);
    // The greatest size below the race for which all smaller ones are proved safe.
    while safe_up_to + 1 < races_at && !plan.patience.removals.worn(plan.limit) {
        let middle = safe_up_to + (races_at - safe_up_to).div_ceil(2);
        let middle = middle.min(races_at - 1);
        contract.max_threads = middle;
        let narrowed = Plan {
            contract: &contract,
            limit,
            ..*plan
        };
        match removal(&narrowed, deleted, None, counts).problem {
            None => safe_up_to = middle,
            Some((Reason::Witness, Some(mut w))) => {
                let narrower = Options {
                    contract: contract.clone(),
                    ..options.clone()
                };
                let replays = &mut counts.replays;
                if super::replay::confirm(plan.kernel, &narrower, &mut w, deleted, replays).is_err()
                {
                    break;
                }
                races_at = threads(&w);
                v.witness = Some(w);
            }
            Some(_) => break,
        }
    }
    // One thread never races; that is nothing to report.
    if safe_up_to > 1 {
        v.counts = Some((safe_up_to, races_at));
    }
}
