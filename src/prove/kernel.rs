//! All verdicts about one kernel.
//!
//! Soundness direction: see `docs/soundness.md`. Uniformity of loaded values is assumed only
//! while the loads were shown not to race: loads that take part in a conflict (found or not
//! excluded) are distrusted and the kernel is evaluated again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::decide::{Counts, PairAnswer, first_unsafe, single};
use super::interval::{Mode, Plan};
use super::nowrap::non_wrapping;
use super::verdict::*;
use super::witness::witness;
use crate::analysis::eval;
use crate::analysis::facts::Facts;
use crate::analysis::term::{Level, TermId};
use crate::cfg::Flow;
use crate::encode::launch::{Contract, LaunchVars};
use crate::encode::logic::Logic;
use crate::encode::pair::{IntervalEncoder, PairFormula, Relation};
use crate::encode::terms::NoWrap;
use crate::ir::{AccessId, Assumption, BarrierId, BarrierScope, Kernel, MemFlags, Space};
use crate::smt::{self, Answer, Products, Wanted};
use crate::source::Span;

/// What to decide, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Launch contract.
    pub contract: Contract,
    /// Assumptions.
    pub assumptions: Vec<Assumption>,
    /// Limit of one solver query.
    pub timeout: Duration,
    /// Worker threads.
    pub jobs: usize,
    /// Barriers order memory whatever their flags.
    pub ignore_flags: bool,
    /// Simdgroups run in lockstep.
    pub lockstep: bool,
    /// Only these source lines are candidates (all when `None`).
    pub only: Option<BTreeSet<Span>>,
}

/// Assumptions that cannot all hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the assumptions contradict each other: {0}")]
pub struct Contradiction(pub String);

/// A barrier as a person sees it: one place in the source, all its instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Place.
    pub span: Span,
    /// Instances.
    pub instances: Vec<BarrierId>,
}

/// Groups the barriers of a kernel by place, in source order.
pub fn sites(kernel: &Kernel) -> Vec<Site> {
    let mut by: BTreeMap<(u32, u32, u32), Site> = BTreeMap::new();
    for (i, b) in kernel.barriers.iter().enumerate() {
        by.entry((b.span.file.0, b.span.start, b.span.end))
            .or_insert_with(|| Site {
                span: b.span,
                instances: Vec::new(),
            })
            .instances
            .push(BarrierId(i as u32));
    }
    by.into_values().collect()
}

/// The result, with what later phases need.
pub struct Proved {
    /// Verdicts.
    pub verdicts: KernelVerdicts,
    /// Facts of the last evaluation.
    pub facts: Facts,
    /// Query statistics.
    pub counts: Counts,
}

/// A kernel evaluated under assumptions that hold: loads that may race are distrusted.
struct Prepared {
    facts: Facts,
    flow: Flow,
    no_wrap: NoWrap,
    assumptions: Vec<TermId>,
    races: Vec<Race>,
    evaluate_ms: f64,
    races_ms: f64,
}

impl Prepared {
    fn plan<'a>(&'a self, kernel: &'a Kernel, options: &'a Options) -> Plan<'a> {
        Plan {
            kernel,
            facts: &self.facts,
            flow: &self.flow,
            contract: &options.contract,
            no_wrap: &self.no_wrap,
            assumptions: &self.assumptions,
            limit: options.timeout,
            ignore_flags: options.ignore_flags,
            lockstep: options.lockstep,
        }
    }
}

/// Rounds of distrusting single loads before all are distrusted.
const ROUNDS: u32 = 6;

fn prepare(
    kernel: &Kernel,
    options: &Options,
    counts: &mut Counts,
) -> Result<Prepared, Contradiction> {
    let mut distrusted: BTreeSet<AccessId> = BTreeSet::new();
    let mut round = 0;
    loop {
        let t0 = Instant::now();
        let mut facts = eval::evaluate(kernel, &distrusted);
        let assumptions: Vec<TermId> = options
            .assumptions
            .iter()
            .map(|a| eval::assumption(&mut facts, kernel, a))
            .collect();
        if round == 0 {
            consistent(kernel, &facts, options, &assumptions)?;
        }
        let no_wrap = non_wrapping(
            &facts,
            kernel,
            &options.contract,
            &assumptions,
            options.timeout,
        );
        let mut p = Prepared {
            facts,
            flow: Flow::new(kernel),
            no_wrap,
            assumptions,
            races: Vec::new(),
            evaluate_ms: ms(t0),
            races_ms: 0.0,
        };
        let t1 = Instant::now();
        let (races, complete) = existing_races(&p.plan(kernel, options), options.jobs, counts);
        p.races = races;
        p.races_ms = ms(t1);
        let judged = complete && p.facts.wild.is_empty();
        let suspects: BTreeSet<AccessId> = if judged && round < ROUNDS {
            p.races
                .iter()
                .flat_map(|r| r.accesses.iter().map(|a| a.2))
                .collect()
        } else {
            p.facts.provisional.keys().copied().collect()
        };
        let before = distrusted.len();
        if judged && p.races.is_empty() {
            return Ok(p);
        }
        distrusted.extend(
            suspects
                .into_iter()
                .filter(|a| p.facts.provisional.contains_key(a)),
        );
        if distrusted.len() == before {
            return Ok(p);
        }
        round += 1;
    }
}

/// Decides everything about a kernel.
pub fn prove_kernel(kernel: &Kernel, options: &Options) -> Result<Proved, Contradiction> {
    let mut counts = Counts::default();
    let prepared = prepare(kernel, options, &mut counts)?;
    let plan = prepared.plan(kernel, options);
    let t2 = Instant::now();
    let (barriers, sites, more) = all_verdicts(&plan, options);
    counts.add(&more);
    let decided = ms(t2);
    let t3 = Instant::now();
    let joint = super::joint::largest(&plan, &sites, &mut counts);
    let divergent = divergent(kernel, &prepared.facts);
    let mut races = prepared.races;
    confirm_races(kernel, options, &mut races);
    let verdicts = KernelVerdicts {
        race_free: races.is_empty()
            && divergent.iter().all(|d| d.ended_only)
            && prepared.facts.wild.is_empty(),
        barriers,
        sites,
        races,
        divergent,
        jointly_removable: joint,
        assumptions: stated(kernel, options),
        phases_ms: vec![
            ("evaluate", prepared.evaluate_ms),
            ("races", prepared.races_ms),
            ("verdicts", decided),
            ("joint", ms(t3)),
        ],
    };
    Ok(Proved {
        verdicts,
        facts: prepared.facts,
        counts,
    })
}

/// Replays the witnesses of races; those that happen are confirmed.
fn confirm_races(kernel: &Kernel, options: &Options, races: &mut [Race]) {
    let none = BTreeSet::new();
    let done = parallel(races.len(), options.jobs, |i| {
        let mut w = races[i].witness.clone()?;
        super::replay::confirm(kernel, options, &mut w, &none)
            .is_ok()
            .then_some(w)
    });
    for (race, w) in races.iter_mut().zip(done) {
        if let Some(w) = w {
            race.confirmed = true;
            race.relation = if w.same_simdgroup {
                Relation::SameSimdgroup
            } else {
                Relation::DifferentSimdgroups
            };
            race.witness = Some(w);
        }
    }
}

/// The verdict on deleting a set of barriers together; `None` when it is proved safe.
pub fn removal_of(
    kernel: &Kernel,
    options: &Options,
    ids: &BTreeSet<BarrierId>,
) -> Option<BarrierVerdict> {
    let mut counts = Counts::default();
    let first = *ids.iter().next()?;
    let prepared = prepare(kernel, options, &mut counts).ok()?;
    let plan = prepared.plan(kernel, options);
    let v = verdict_of(&plan, options, ids, first, &mut counts);
    (v.verdict != Verdict::Removable).then_some(v)
}

fn ms(t: Instant) -> f64 {
    t.elapsed().as_secs_f64() * 1000.0
}

impl Counts {
    /// Adds another count.
    pub fn add(&mut self, o: &Counts) {
        self.trivial += o.trivial;
        self.queries += o.queries;
        self.batched += o.batched;
        self.opaque += o.opaque;
        self.exact += o.exact;
        self.undecided += o.undecided;
    }
}

/// Contradictory assumptions would prove anything.
fn consistent(
    kernel: &Kernel,
    facts: &Facts,
    options: &Options,
    assumptions: &[TermId],
) -> Result<(), Contradiction> {
    if assumptions.is_empty() {
        return Ok(());
    }
    let none = NoWrap::new();
    let mut ie = IntervalEncoder::new(
        facts,
        kernel,
        &options.contract,
        &none,
        crate::cfg::Start::Entry,
        Relation::Distinct,
        assumptions,
    );
    // One thread is enough for a launch to exist.
    ie.context = ie.enc.base.clone();
    let ctx = crate::encode::terms::Ctx {
        thread: 1,
        counters: Default::default(),
        depth: 0,
    };
    for a in assumptions {
        let b = ie.enc.bool(*a, &ctx);
        ie.context.push(b);
    }
    let yes = ie.enc.logic.bool(true);
    let asserts = ie.obligation(&[yes]);
    match smt::check(
        &ie.enc.logic,
        &asserts,
        Products::Exact,
        options.timeout,
        &Wanted::default(),
    ) {
        Answer::Unsat => Err(Contradiction(
            options
                .assumptions
                .iter()
                .map(|a| format!("`{}`", a.text))
                .collect::<Vec<_>>()
                .join(", "),
        )),
        _ => Ok(()),
    }
}

fn stated(kernel: &Kernel, options: &Options) -> Vec<String> {
    let mut out = Vec::new();
    match options.contract.threadgroup {
        Some([x, y, z]) => out.push(format!("threadgroup size is ({x}, {y}, {z})")),
        None => {
            let mut logic = Logic::new();
            let l = LaunchVars::new(&mut logic, kernel, &options.contract);
            let max = options.contract.max_threads;
            out.push(if l.one_dimensional {
                format!("threadgroup has one dimension, 1 to {max} threads")
            } else {
                format!("threadgroup has 1 to {max} threads")
            });
        }
    }
    out.push(format!(
        "simdgroups have {} threads",
        options.contract.simd_width
    ));
    for a in &options.assumptions {
        out.push(format!("assumed: {}", a.text));
    }
    let buffers = kernel
        .objects
        .iter()
        .filter(|o| o.space == Space::Device && o.param.is_some())
        .count();
    if buffers > 1 {
        out.push("distinct kernel arguments do not alias".into());
    }
    if options.ignore_flags {
        out.push("barriers order all memory whatever their flags".into());
    }
    if options.lockstep {
        out.push("threads of a simdgroup run in lockstep".into());
    }
    out
}

fn divergent(kernel: &Kernel, facts: &Facts) -> Vec<Divergence> {
    let mut out = Vec::new();
    for f in facts.barriers.iter().flatten() {
        let Some(b) = kernel.barriers.get(f.id.index()) else {
            continue;
        };
        let agreed = match b.scope {
            BarrierScope::Threadgroup => Level::Uniform,
            BarrierScope::Simdgroup => Level::Simdgroup,
        };
        if f.level > agreed || f.ended > agreed {
            out.push(Divergence {
                barrier: f.id,
                span: b.span,
                culprit: f.culprit.and_then(|t| origin(facts, t, 0)),
                ended_only: f.level <= agreed,
            });
        }
    }
    out
}

/// The place that made a value thread-dependent, looked for in its parts.
fn origin(facts: &Facts, t: TermId, depth: u32) -> Option<Span> {
    use crate::analysis::term::TermKind as K;
    if depth > 24 {
        return None;
    }
    if let Some(s) = facts.origin.get(&t) {
        return Some(*s);
    }
    let parts: Vec<TermId> = match facts.terms.kind(t) {
        K::Unary(_, a) | K::Cast(a) | K::Bitcast(a) => vec![*a],
        K::Binary(_, a, b) => vec![*a, *b],
        K::Select(a, b, c) => vec![*a, *b, *c],
        K::Induct { init, step, .. } => vec![*init, *step],
        K::Math(_, v) => v.clone(),
        _ => Vec::new(),
    };
    parts
        .into_iter()
        .filter(|p| facts.terms.level(*p) > Level::Uniform)
        .find_map(|p| origin(facts, p, depth + 1))
}

/// Runs tasks `0..n` on up to `jobs` threads; results in order.
pub fn parallel<T: Send>(n: usize, jobs: usize, f: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let jobs = jobs.clamp(1, n.max(1));
    if jobs == 1 {
        return (0..n).map(f).collect();
    }
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::new());
    std::thread::scope(|s| {
        for _ in 0..jobs {
            s.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= n {
                        break;
                    }
                    let r = f(i);
                    if let Ok(mut all) = results.lock() {
                        all.push((i, r));
                    }
                }
            });
        }
    });
    let mut all = results.into_inner().unwrap_or_else(|e| e.into_inner());
    all.sort_by_key(|(i, _)| *i);
    all.into_iter().map(|(_, r)| r).collect()
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

/// The races of the kernel as written, and whether every pair was judged.
fn existing_races(plan: &Plan<'_>, jobs: usize, counts: &mut Counts) -> (Vec<Race>, bool) {
    let mut tasks = Vec::new();
    for space in plan.spaces() {
        for mode in plan.modes(space) {
            for ip in plan.pairs(&mode, &BTreeSet::new()) {
                tasks.push((mode, ip));
            }
        }
    }
    let found = parallel(tasks.len(), jobs, |i| {
        let (mode, ip) = &tasks[i];
        let mut counts = Counts::default();
        let mut ie = encoder(plan, mode, ip.start);
        let mut pairs: Vec<PairFormula> = ip
            .pairs
            .iter()
            .filter_map(|(a, b)| ie.pair(a, b, mode.relation))
            .collect();
        pairs.extend(plan.ended_pairs(&mut ie, mode, ip, false));
        let mut out: Vec<Race> = Vec::new();
        let mut complete = true;
        while let Some((at, answer)) = first_unsafe(&mut ie, &pairs, plan.limit, &mut counts) {
            let pair = pairs[at].clone();
            let Some(r) = race(plan, mode, &mut ie, &pair, &answer, &mut counts) else {
                break;
            };
            let key = race_key(&r);
            pairs.retain(|p| pair_key(plan, p) != Some(key));
            let undecided = r.undecided;
            out.push(r);
            if undecided {
                // Each further one would cost the time limit again; what is left is not judged.
                complete = pairs.is_empty();
                break;
            }
        }
        (out, counts, complete)
    });
    let complete = found.iter().all(|f| f.2);
    let mut all: BTreeMap<_, Race> = BTreeMap::new();
    for (races, c, _) in found {
        counts.add(&c);
        for r in races {
            let key = race_key(&r);
            match all.get_mut(&key) {
                // Prefer a witness across simdgroups, and a decided one.
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
        let (s1, s2) = (
            ie.enc.thread(1).simdgroup.clone(),
            ie.enc.thread(2).simdgroup.clone(),
        );
        let same = ie.enc.logic.eq(&s1, &s2);
        let differ = ie.enc.logic.not(same);
        let mut across = pair.clone();
        across.formula = ie.enc.logic.and(&[pair.formula, differ]);
        if let PairAnswer::Conflict(v) = single(ie, &across, plan.limit, counts) {
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

fn all_verdicts(
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

/// The outcome of deleting a set.
pub struct Removal {
    /// `None` when every added pair is safe.
    pub problem: Option<(Reason, Option<Witness>)>,
    /// Added pairs.
    pub added: usize,
}

/// Whether deleting a set of barriers adds a race. `only` restricts to a relation (weakening).
pub fn removal(
    plan: &Plan<'_>,
    deleted: &BTreeSet<BarrierId>,
    only: Option<Relation>,
    counts: &mut Counts,
) -> Removal {
    let mut added = 0;
    let mut doubt: Option<Reason> = None;
    for w in &plan.facts.wild {
        if w.control {
            return Removal {
                problem: Some((Reason::Unsupported(w.construct.clone(), w.span), None)),
                added,
            };
        }
    }
    for space in plan.spaces() {
        for mut mode in plan.modes(space) {
            if let Some(r) = only {
                if mode.relation == Relation::Distinct {
                    mode.relation = r;
                } else if mode.relation != r {
                    continue;
                }
            }
            for ip in plan.pairs(&mode, deleted) {
                if let Some(span) = ip.wild {
                    let what = plan
                        .facts
                        .wild
                        .iter()
                        .find(|w| w.span == span)
                        .map_or_else(String::new, |w| w.construct.clone());
                    doubt.get_or_insert(Reason::Unsupported(what, span));
                    continue;
                }
                let mut ie = encoder(plan, &mode, ip.start);
                let mut pairs: Vec<PairFormula> = ip
                    .pairs
                    .iter()
                    .filter_map(|(a, b)| ie.pair(a, b, mode.relation))
                    .collect();
                pairs.extend(plan.ended_pairs(&mut ie, &mode, &ip, true));
                added += ip.pairs.len();
                match first_unsafe(&mut ie, &pairs, plan.limit, counts) {
                    None | Some((_, PairAnswer::Safe)) => {}
                    Some((at, PairAnswer::Conflict(v))) => {
                        let w = witness(plan.kernel, plan.facts, &pairs[at], &v);
                        return Removal {
                            problem: Some((Reason::Witness, Some(w))),
                            added,
                        };
                    }
                    Some((at, PairAnswer::Undecided(_))) => {
                        let span = |a: AccessId| {
                            plan.facts
                                .accesses
                                .get(a.index())
                                .and_then(Option::as_ref)
                                .map_or(Span::default(), |f| f.span)
                        };
                        let p = &pairs[at];
                        doubt.get_or_insert(Reason::Timeout(
                            span(p.first.access),
                            span(p.second.access),
                        ));
                    }
                }
            }
        }
    }
    Removal {
        problem: doubt.map(|d| (d, None)),
        added,
    }
}

fn verdict_of(
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
        return finish(Verdict::Unknown, Reason::Divergent(b.span), None, 0);
    }
    let silent = reached
        .iter()
        .all(|d| plan.kernel.barriers[d.index()].flags == MemFlags::default());
    if silent && !plan.ignore_flags {
        return finish(Verdict::Removable, Reason::NoFlags, None, 0);
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
            let all_wide = reached
                .iter()
                .all(|d| plan.kernel.barriers[d.index()].scope == BarrierScope::Threadgroup);
            if all_wide && !plan.lockstep {
                let weak = removal(plan, deleted, Some(Relation::DifferentSimdgroups), counts);
                if weak.problem.is_none() {
                    return finish(Verdict::Weakenable, Reason::Proved, w, r.added);
                }
            }
            let mut w = w;
            let reason = match (reason, &mut w) {
                (Reason::Witness, Some(w)) => {
                    match super::replay::confirm(plan.kernel, options, w, deleted) {
                        Ok(()) => {
                            let w = Some(w.clone());
                            return finish(Verdict::Required, Reason::Witness, w, r.added);
                        }
                        Err(why) => Reason::Unreplayed(why),
                    }
                }
                (other, _) => other,
            };
            finish(Verdict::Unknown, reason, w, r.added)
        }
    }
}
