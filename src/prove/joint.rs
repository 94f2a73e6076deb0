//! Which edits can be made together.
//!
//! Deleting more never orders more, so the sets that can go are closed under taking subsets, and the
//! largest one avoids every *core*: a smallest set that cannot go as a whole. Cores are found as they
//! are needed, by asking about the best set that avoids those known (implicit hitting sets: Moreno-Centeno
//! and Karp, *The implicit hitting set approach*, Oper. Res. 61(2), 2013).
//!
//! Soundness direction: every set returned was proved as a set. A core means that the whole set was not
//! proved; it is told apart whether a race was shown.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::Counts;
use super::interval::Plan;
use super::kernel::{Options, sites};
use super::removal::removal_beyond;
use super::verdict::{BarrierVerdict, Exclusion, Reason, Verdict, Witness};
use super::work::parallel;
use crate::ir::{BarrierId, Kernel};
use crate::source::Span;

/// How often the body of a loop is taken to run when barriers are weighed by loop depth.
pub const TURNS: u64 = 8;

/// More candidates than this are not searched exhaustively.
const EXACT: usize = 20;

/// Questions about sets, at most, after which the search ends with what it has.
const QUESTIONS: usize = 256;

/// The best set that was proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Best {
    /// Positions in the list of candidates.
    pub chosen: BTreeSet<usize>,
    /// Smallest sets that were not proved as a whole; all of those with two elements.
    pub cores: Vec<BTreeSet<usize>>,
    /// No admissible set weighs more, as far as proofs go.
    pub largest: bool,
}

/// Looks for a heaviest set of candidates `0..weights.len()` that is safe. `all_safe` tells for each of several sets whether
/// it is; the empty set must be, and every subset of a safe set (else the set found is still safe, but perhaps not the
/// heaviest).
pub fn heaviest(
    weights: &[u64],
    mut all_safe: impl FnMut(&[BTreeSet<usize>]) -> Vec<bool>,
) -> Best {
    let n = weights.len();
    let all: BTreeSet<usize> = (0..n).collect();
    if n <= 1 || one(&mut all_safe, &all) {
        return Best {
            chosen: if n == 1 && !one(&mut all_safe, &all) {
                BTreeSet::new()
            } else {
                all
            },
            cores: Vec::new(),
            largest: true,
        };
    }
    let mut asked = 1;
    let mut cores: Vec<BTreeSet<usize>> = Vec::new();
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| BTreeSet::from([i, j])));
    let pairs: Vec<BTreeSet<usize>> = pairs.take(QUESTIONS - 1).collect();
    asked += pairs.len();
    let answers = all_safe(&pairs);
    let unsafe_ones = pairs.into_iter().zip(answers).filter(|a| !a.1);
    cores.extend(unsafe_ones.map(|a| a.0));
    let mut safe = |s: &BTreeSet<usize>| one(&mut all_safe, s);
    loop {
        let (candidate, exact) = avoiding(weights, &cores);
        asked += 1;
        // One element alone was decided before, and two were asked about above.
        if candidate.len() <= 1 || safe(&candidate) {
            return Best {
                chosen: candidate,
                cores,
                largest: exact && asked < QUESTIONS,
            };
        }
        if asked >= QUESTIONS {
            return Best {
                chosen: greedy(weights, &mut safe),
                cores,
                largest: false,
            };
        }
        let mut core = candidate.clone();
        for i in candidate {
            let mut without = core.clone();
            without.remove(&i);
            asked += 1;
            if without.len() > 1 && !safe(&without) {
                core = without;
            }
        }
        cores.push(core);
    }
}

fn one(all_safe: &mut impl FnMut(&[BTreeSet<usize>]) -> Vec<bool>, s: &BTreeSet<usize>) -> bool {
    all_safe(std::slice::from_ref(s)).first() == Some(&true)
}

/// One after the other, the heaviest first.
fn greedy(weights: &[u64], safe: &mut impl FnMut(&BTreeSet<usize>) -> bool) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    for i in by_weight(weights) {
        out.insert(i);
        if !safe(&out) {
            out.remove(&i);
        }
    }
    out
}

fn by_weight(weights: &[u64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(weights[*i]), *i));
    order
}

/// A heaviest set that contains no core as a whole, and whether it was searched for exhaustively.
fn avoiding(weights: &[u64], cores: &[BTreeSet<usize>]) -> (BTreeSet<usize>, bool) {
    let mut involved: BTreeSet<usize> = cores.iter().flatten().copied().collect();
    let free = (0..weights.len()).filter(|i| !involved.contains(i));
    let mut out: BTreeSet<usize> = free.collect();
    let exact = involved.len() <= EXACT;
    if !exact {
        let mut fits = |s: &BTreeSet<usize>| !cores.iter().any(|c| c.is_subset(s));
        return (greedy(weights, &mut fits), false);
    }
    let order: Vec<usize> = by_weight(weights)
        .into_iter()
        .filter(|i| involved.remove(i))
        .collect();
    let mut best = (0, BTreeSet::new());
    branch(weights, cores, &order, &mut BTreeSet::new(), 0, &mut best);
    out.extend(best.1);
    (out, true)
}

/// Branch and bound: with the next element, then without.
fn branch(
    weights: &[u64],
    cores: &[BTreeSet<usize>],
    left: &[usize],
    taken: &mut BTreeSet<usize>,
    weight: u64,
    best: &mut (u64, BTreeSet<usize>),
) {
    let bound: u64 = left.iter().map(|i| weights[*i]).sum();
    if weight + bound <= best.0 && !(best.1.is_empty() && best.0 == 0) {
        return;
    }
    let Some((first, rest)) = left.split_first() else {
        *best = (weight, taken.clone());
        return;
    };
    taken.insert(*first);
    let fits = !cores
        .iter()
        .any(|c| c.contains(first) && c.is_subset(taken));
    if fits {
        branch(weights, cores, rest, taken, weight + weights[*first], best);
    }
    taken.remove(first);
    branch(weights, cores, rest, taken, weight, best);
}

/// What deleting these barriers saves, in barriers executed by one thread, when every loop runs [`TURNS`] times.
pub fn weight<'a>(kernel: &Kernel, ids: impl IntoIterator<Item = &'a BarrierId>) -> u64 {
    let of = |b: &BarrierId| {
        let depth = kernel.barriers.get(b.index()).map_or(0, |b| b.loops.len());
        TURNS.saturating_pow(u32::try_from(depth).unwrap_or(u32::MAX).min(12))
    };
    ids.into_iter().map(of).fold(0, u64::saturating_add)
}

/// Removals of a kernel that can be made together.
#[derive(Clone, Debug, Default)]
pub struct Joint {
    /// A heaviest set of places (weighed by loop depth), in source order.
    pub places: Vec<Span>,
    /// Sets of places that can go one by one but were not proved as a set.
    pub exclusive: Vec<Exclusion>,
    /// No set of removable places weighs more.
    pub largest: bool,
}

/// The heaviest set of source places that can go together. `verdicts` are those on whole places.
pub fn largest(
    plan: &Plan<'_>,
    options: &Options,
    verdicts: &[BarrierVerdict],
    counts: &mut Counts,
) -> Joint {
    let candidates: Vec<(Span, BTreeSet<BarrierId>)> = sites(plan.kernel)
        .into_iter()
        .filter(|s| {
            verdicts
                .iter()
                .any(|v| v.span == s.span && v.verdict == Verdict::Removable)
        })
        .map(|s| (s.span, s.instances.into_iter().collect()))
        .collect();
    let ids = |s: &BTreeSet<usize>| -> BTreeSet<BarrierId> {
        s.iter().flat_map(|i| candidates[*i].1.clone()).collect()
    };
    let weights: Vec<u64> = candidates
        .iter()
        .map(|c| weight(plan.kernel, &c.1))
        .collect();
    if candidates.len() <= 1 {
        // Proved already, as a verdict.
        return Joint {
            places: candidates.into_iter().map(|c| c.0).collect(),
            exclusive: Vec::new(),
            largest: true,
        };
    }
    // What was shown of parts need not be shown again of the whole.
    let mut proved: Vec<BTreeSet<BarrierId>> = sites(plan.kernel)
        .into_iter()
        .filter(|s| {
            verdicts.iter().any(|v| {
                v.span == s.span
                    && v.verdict == Verdict::Removable
                    && matches!(v.reason, Reason::Proved | Reason::NothingOrdered)
            })
        })
        .map(|s| s.instances.into_iter().collect())
        .collect();
    let mut problems = BTreeMap::new();
    let best = heaviest(&weights, |sets| {
        let done = parallel(sets.len(), options.jobs, |i| {
            let mut counts = Counts::default();
            let ids = ids(&sets[i]);
            let r = removal_beyond(plan, &ids, &proved, None, &mut counts);
            (r.problem, counts)
        });
        let mut answers = Vec::new();
        for (s, (problem, c)) in sets.iter().zip(done) {
            counts.add(&c);
            answers.push(problem.is_none());
            match problem {
                None => proved.push(ids(s)),
                Some(p) => {
                    problems.insert(s.clone(), p);
                }
            }
        }
        answers
    });
    let together = parallel(best.cores.len(), options.jobs, |i| {
        let mut counts = Counts::default();
        let core = &best.cores[i];
        let exclusion = Exclusion {
            places: core.iter().map(|i| candidates[*i].0).collect(),
            witness: together(plan, options, &ids(core), problems.get(core), &mut counts),
        };
        (exclusion, counts)
    });
    let mut exclusive = Vec::new();
    for (e, c) in together {
        counts.add(&c);
        exclusive.push(e);
    }
    Joint {
        places: best.chosen.iter().map(|i| candidates[*i].0).collect(),
        exclusive,
        largest: best.largest,
    }
}

/// A race that deleting these barriers together makes possible, executed. `problem`: what the proof met.
fn together(
    plan: &Plan<'_>,
    options: &Options,
    ids: &BTreeSet<BarrierId>,
    problem: Option<&(Reason, Option<Witness>)>,
    counts: &mut Counts,
) -> Option<Witness> {
    if let Some(w) = plan.hunter.removal(ids) {
        return Some(w);
    }
    let (reason, w) = problem?;
    let mut w = w.clone().filter(|_| *reason == Reason::Witness)?;
    let replays = &mut counts.replays;
    super::replay::confirm(plan.kernel, options, &mut w, ids, replays)
        .is_ok()
        .then_some(w)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Brute force over all subsets.
    fn best_weight(weights: &[u64], cores: &[&[usize]]) -> u64 {
        let mut best = 0;
        for mask in 0u32..1 << weights.len() {
            let has = |i: &usize| mask >> i & 1 == 1;
            if cores.iter().any(|c| c.iter().all(&has)) {
                continue;
            }
            let sum = (0..weights.len()).filter(has).map(|i| weights[i]).sum();
            best = best.max(sum);
        }
        best
    }

    #[test]
    fn finds_the_heaviest_set_that_avoids_all_cores() {
        let systems: &[(&[u64], &[&[usize]])] = &[
            (&[1, 1, 1], &[]),
            (&[1, 1], &[&[0, 1]]),
            (&[1, 8, 1], &[&[0, 1], &[1, 2]]),
            (&[1, 1, 1], &[&[0, 1], &[1, 2]]),
            (&[1, 1, 1, 1], &[&[0, 1, 2], &[1, 2, 3], &[0, 3]]),
            (&[5, 4, 3, 2, 1], &[&[0, 1], &[0, 2, 3], &[1, 2, 3, 4]]),
            (&[1; 6], &[&[0, 1, 2, 3, 4, 5]]),
        ];
        for (weights, cores) in systems {
            let safe = |s: &BTreeSet<usize>| !cores.iter().any(|c| c.iter().all(|i| s.contains(i)));
            let got = heaviest(weights, |sets| sets.iter().map(safe).collect());
            assert!(safe(&got.chosen), "{cores:?}");
            let sum: u64 = got.chosen.iter().map(|i| weights[*i]).sum();
            assert_eq!(sum, best_weight(weights, cores), "{weights:?} {cores:?}");
            assert!(got.largest);
            for c in &got.cores {
                assert!(!safe(c));
                for i in c {
                    let mut less = c.clone();
                    less.remove(i);
                    assert!(less.len() <= 1 || safe(&less), "{c:?} is not smallest");
                }
            }
        }
    }
}
