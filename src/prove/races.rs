//! Races of the kernel as written.
//!
//! Soundness direction: over-approximation: every race is listed unless the search was cut short,
//! which the caller is told; `confirmed` ones were replayed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::decide::{Counts, PairAnswer, Search, single};
use super::interval::{Mode, Plan};
use super::kernel::Options;
use super::record::{About, Ask};
use super::verdict::{Race, Replays};
use super::witness::witness;
use super::work::parallel;
use crate::analysis::facts::AccessFact;
use crate::encode::pair::{IntervalEncoder, PairFormula, Relation};
use crate::ir::{Kernel, Space};
use crate::source::Span;

/// Whether two accesses are a race where they meet unordered.
pub fn racing(a: &AccessFact, b: &AccessFact) -> bool {
    a.kind.conflicts(b.kind)
}

/// Encoder for one interval of a plan.
pub fn encoder<'a>(plan: &Plan<'a>, mode: &Mode, start: crate::cfg::Start) -> IntervalEncoder<'a> {
    IntervalEncoder::new(
        plan.facts,
        plan.kernel,
        plan.contract,
        plan.no_wrap,
        start,
        mode.relation,
        plan.assumptions,
    )
}

/// The races of the kernel as written, and whether every pair was judged that the uniformity of a load
/// rests on. `known` are races that happened already; only their like across simdgroups is still
/// looked for.
pub fn existing_races(
    plan: &Plan<'_>,
    known: &[Race],
    jobs: usize,
    counts: &mut Counts,
) -> (Vec<Race>, bool) {
    let happened: BTreeMap<RaceKey, Relation> =
        known.iter().map(|r| (race_key(r), r.relation)).collect();
    let mut tasks = Vec::new();
    for space in plan.spaces() {
        for mode in plan.modes(space) {
            for ip in plan.pairs(&mode, &BTreeSet::new()) {
                tasks.push((mode, ip));
            }
        }
    }
    let trusted = trusted_places(plan);
    let found = parallel(tasks.len(), jobs, |i| {
        let (mode, ip) = &tasks[i];
        let mut counts = Counts::default();
        let mut ie = encoder(plan, mode, ip.start);
        let mut pairs: Vec<PairFormula> = ip
            .pairs
            .iter()
            .filter_map(|(a, b)| ie.pair(a, b, mode.relation))
            .collect();
        pairs.extend(plan.ended_pairs(&mut ie, mode, ip, (false, &racing)));
        let pairs = still_open(plan, mode, &mut ie, pairs, &happened);
        let ask = plan.ask(About::Races, mode, ip.start);
        // What uniformity rests on is worth waiting for.
        let (matter, other): (Vec<_>, Vec<_>) = pairs
            .into_iter()
            .partition(|p| relied_upon(&trusted, plan, p));
        let important = Ask {
            patience: Some(&plan.patience.removals),
            ..ask.clone()
        };
        let (mut out, complete) = search_in(plan, &important, mode, &mut ie, &matter, &mut counts);
        let ask = Ask {
            limit: plan.limit.min(match mode.filter.space {
                Space::Threadgroup => LIMIT,
                _ => DEVICE_LIMIT,
            }),
            hasty: true,
            ..ask
        };
        out.extend(search_in(plan, &ask, mode, &mut ie, &other, &mut counts).0);
        (out, counts, complete)
    });
    let complete = found.iter().all(|f| f.2);
    let mut all: BTreeMap<_, Race> = known.iter().map(|r| (race_key(r), r.clone())).collect();
    for (races, c, _) in found {
        counts.add(&c);
        for r in races {
            let key = race_key(&r);
            match all.get_mut(&key) {
                // Prefer a witness across simdgroups, and a decided one.
                Some(old) if old.confirmed && r.undecided => {}
                Some(old) if old.undecided && !r.undecided => *old = r,
                Some(old)
                    if old.relation == Relation::SameSimdgroup
                        && r.relation != Relation::SameSimdgroup
                        && !r.undecided =>
                {
                    *old = r;
                }
                Some(_) => {}
                None => {
                    all.insert(key, r);
                }
            }
        }
    }
    (all.into_values().collect(), complete)
}

/// Longest wait for an answer on a race that no verdict depends on.
const LIMIT: Duration = Duration::from_secs(2);

/// The same on device memory, whose offsets are often products of sizes that nothing bounds.
const DEVICE_LIMIT: Duration = Duration::from_millis(500);

/// Objects and places.
type Places = BTreeSet<(u32, u32, u32)>;

/// The places of loads whose uniformity rests on their not racing.
fn trusted_places(plan: &Plan<'_>) -> Places {
    let loads = plan.facts.provisional.keys();
    loads
        .filter_map(|a| plan.facts.accesses.get(a.index())?.as_ref())
        .map(|f| (f.object.0, f.span.file.0, f.span.start))
        .collect()
}

/// Whether a race of the pair would take the uniformity of a load with it.
fn relied_upon(trusted: &Places, plan: &Plan<'_>, p: &PairFormula) -> bool {
    pair_key(plan, p).is_none_or(|(o, a, b)| {
        [a, b]
            .iter()
            .any(|(file, start)| trusted.contains(&(o, *file, *start)))
    })
}

/// The races among the pairs of an interval, up to the first one that is not decided, and whether every
/// pair was judged.
fn search_in(
    plan: &Plan<'_>,
    ask: &Ask<'_>,
    mode: &Mode,
    ie: &mut IntervalEncoder<'_>,
    pairs: &[PairFormula],
    counts: &mut Counts,
) -> (Vec<Race>, bool) {
    let mut out: Vec<Race> = Vec::new();
    let mut keys = BTreeSet::new();
    let mut search = Search::new(pairs);
    while let Some((at, answer)) = search.next(ie, ask, counts) {
        let Some(r) = race(plan, ask, mode, ie, &pairs[at], &answer, counts) else {
            return (out, false);
        };
        keys.insert(race_key(&r));
        let known = |p: &PairFormula| pair_key(plan, p).is_some_and(|k| keys.contains(&k));
        search.forget(|i| known(&pairs[i]));
        let undecided = r.undecided;
        out.push(r);
        if undecided {
            // Each further one would cost the time limit again; what is left is not judged.
            return (out, pairs.iter().all(known));
        }
    }
    (out, true)
}

/// The pairs whose race did not happen yet. Of those that raced within a simdgroup only conflicts
/// across simdgroups are left.
fn still_open(
    plan: &Plan<'_>,
    mode: &Mode,
    ie: &mut IntervalEncoder<'_>,
    pairs: Vec<PairFormula>,
    happened: &BTreeMap<RaceKey, Relation>,
) -> Vec<PairFormula> {
    let mut out = Vec::new();
    for mut p in pairs {
        let relation = pair_key(plan, &p).and_then(|k| happened.get(&k));
        match (relation, mode.relation) {
            (None, _) => {}
            (Some(Relation::SameSimdgroup), Relation::DifferentSimdgroups) => {}
            (Some(Relation::SameSimdgroup), Relation::Distinct) => {
                let differ = ie.across_simdgroups();
                p.formula = ie.enc.logic.and(&[p.formula, differ]);
                if ie.enc.logic.is_false(p.formula) {
                    continue;
                }
            }
            _ => continue,
        }
        out.push(p);
    }
    out
}

type RaceKey = (u32, (u32, u32), (u32, u32));

fn race_key(r: &Race) -> RaceKey {
    let at = |s: Span| (s.file.0, s.start);
    let (a, b) = (at(r.accesses[0].0), at(r.accesses[1].0));
    (r.object, a.min(b), a.max(b))
}

fn pair_key(plan: &Plan<'_>, p: &PairFormula) -> Option<RaceKey> {
    let fa = plan.facts.accesses.get(p.first.access.index())?.as_ref()?;
    let fb = plan.facts.accesses.get(p.second.access.index())?.as_ref()?;
    let at = |s: Span| (s.file.0, s.start);
    let (a, b) = (at(fa.span), at(fb.span));
    Some((fa.object.0, a.min(b), a.max(b)))
}

fn race(
    plan: &Plan<'_>,
    ask: &Ask<'_>,
    mode: &Mode,
    ie: &mut IntervalEncoder<'_>,
    pair: &PairFormula,
    answer: &PairAnswer,
    counts: &mut Counts,
) -> Option<Race> {
    let fa = plan
        .facts
        .accesses
        .get(pair.first.access.index())?
        .as_ref()?;
    let fb = plan
        .facts
        .accesses
        .get(pair.second.access.index())?
        .as_ref()?;
    let mut relation = mode.relation;
    let mut values = match answer {
        PairAnswer::Conflict(v) => Some(v.clone()),
        _ => None,
    };
    if let (Relation::Distinct, Some(v)) = (relation, &values)
        && v.simdgroups[0] == v.simdgroups[1]
    {
        // A conflict across simdgroups says more, if there is one.
        relation = Relation::SameSimdgroup;
        let differ = ie.across_simdgroups();
        let mut across = pair.clone();
        across.formula = ie.enc.logic.and(&[pair.formula, differ]);
        let ask = Ask {
            relation: Some(Relation::DifferentSimdgroups),
            ..ask.clone()
        };
        if let PairAnswer::Conflict(v) = single(ie, &across, &ask, counts) {
            relation = Relation::DifferentSimdgroups;
            values = Some(v);
        }
    } else if relation == Relation::Distinct {
        relation = Relation::DifferentSimdgroups;
    }
    Some(Race {
        object: fa.object.0,
        space: mode.filter.space,
        relation,
        accesses: [(fa.span, fa.kind, fa.id), (fb.span, fb.kind, fb.id)],
        confirmed: false,
        witness: values
            .as_ref()
            .map(|v| witness(plan.kernel, plan.facts, pair, v)),
        flags_only: false,
        undecided: values.is_none(),
    })
}

/// Replays the witnesses of races; those that happen are confirmed.
pub fn confirm_races(kernel: &Kernel, options: &Options, races: &mut [Race], counts: &mut Counts) {
    let none = BTreeSet::new();
    let done = parallel(races.len(), options.jobs, |i| {
        let mut replays = Replays::default();
        if races[i].confirmed {
            return (None, replays);
        }
        let shown = races[i].witness.clone().and_then(|mut w| {
            super::replay::confirm(kernel, options, &mut w, &none, &mut replays)
                .is_ok()
                .then_some(w)
        });
        (shown, replays)
    });
    for (race, (w, replays)) in races.iter_mut().zip(done) {
        counts.replays.add(replays);
        if let Some(w) = w {
            race.confirmed = true;
            race.flags_only = w.flags_only;
            race.relation = if w.same_simdgroup {
                Relation::SameSimdgroup
            } else {
                Relation::DifferentSimdgroups
            };
            race.witness = Some(w);
        }
    }
}
