//! Evaluating a kernel until the uniformity it assumes is established.
//!
//! Soundness direction: loads that take part in a conflict, found or not excluded, are distrusted
//! and the kernel is evaluated again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::decide::Counts;
use super::hunt::Hunter;
use super::interval::Plan;
use super::kernel::{Contradiction, Options, ms};
use super::nowrap::non_wrapping;
use super::patience::Patiences;
use super::races::existing_races;
use super::record::{About, Ask, fixed};
use super::stats::{Phase, timed};
use super::verdict::Race;
use crate::analysis::eval;
use crate::analysis::facts::Facts;
use crate::analysis::lanes::Lanes;
use crate::analysis::term::TermId;
use crate::cfg::Flow;
use crate::encode::launch::uses_dimensions;
use crate::encode::pair::{IntervalEncoder, Relation};
use crate::encode::terms::NoWrap;
use crate::ir::{AccessId, Kernel};
use crate::smt::{Answer, Effort, Products, Wanted};
use crate::source::Span;

/// A kernel evaluated under assumptions that hold: loads that may race are distrusted.
pub struct Prepared<'k> {
    /// Facts.
    pub facts: Facts,
    /// Control flow.
    pub flow: Flow,
    /// Closed forms that do not wrap.
    pub no_wrap: NoWrap,
    /// Assumptions as terms.
    pub assumptions: Vec<TermId>,
    /// Executions.
    pub hunter: Arc<Hunter<'k>>,
    /// Races as written.
    pub races: Vec<Race>,
    /// They are all that may race.
    pub complete: bool,
    /// How long to wait for answers.
    pub patience: Arc<Patiences>,
    /// Milliseconds of the evaluation.
    pub evaluate_ms: f64,
    /// Milliseconds of looking for races.
    pub races_ms: f64,
}

impl<'k> Prepared<'k> {
    /// What queries share.
    pub fn plan<'a>(&'a self, kernel: &'a Kernel, options: &'a Options) -> Plan<'a> {
        Plan {
            kernel,
            facts: &self.facts,
            flow: &self.flow,
            contract: &options.contract,
            no_wrap: &self.no_wrap,
            assumptions: &self.assumptions,
            hunter: &self.hunter,
            race_free: self.complete && self.races.is_empty(),
            limit: options.timeout,
            patience: &self.patience,
            ignore_flags: options.ignore_flags,
            lockstep: options.lockstep,
            recorder: options.recorder.as_ref(),
            stats: options.stats.as_deref(),
        }
    }
}

/// Rounds of distrusting single loads before all are distrusted.
const ROUNDS: u32 = 6;

/// Evaluates a kernel; an error when the assumptions contradict each other.
pub fn prepare<'k>(
    kernel: &'k Kernel,
    options: &Options,
    counts: &mut Counts,
) -> Result<Prepared<'k>, Contradiction> {
    let stats = options.stats.as_deref();
    let hunter = Arc::new(timed(stats, Phase::Execution, || {
        Hunter::new(kernel, options)
    }));
    let patience = Arc::new(Patiences::default());
    let known = hunter.races();
    let mut distrusted: BTreeSet<AccessId> = known
        .iter()
        .flat_map(|r| r.accesses.iter().map(|a| a.2))
        .collect();
    let mut round = 0;
    loop {
        let t0 = Instant::now();
        let mut facts = timed(stats, Phase::Analysis, || {
            eval::evaluate(kernel, &distrusted, lanes(kernel, options))
        });
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
            (options.timeout, &patience.steps),
            (options.recorder.as_ref(), options.stats.as_deref()),
        );
        let mut p = Prepared {
            facts,
            flow: timed(stats, Phase::Analysis, || Flow::new(kernel)),
            no_wrap,
            assumptions,
            hunter: hunter.clone(),
            races: Vec::new(),
            complete: false,
            patience: patience.clone(),
            evaluate_ms: ms(t0),
            races_ms: 0.0,
        };
        let t1 = Instant::now();
        let plan = p.plan(kernel, options);
        let (races, complete) = existing_races(&plan, &known, options.jobs, counts);
        p.races = races;
        p.races_ms = ms(t1);
        let judged = complete && p.facts.wild.is_empty();
        p.complete = judged;
        let suspects: BTreeSet<AccessId> = if judged && round < ROUNDS {
            racing(&p.facts, &p.races)
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

/// How threads lie in simdgroups in the launches of the contract.
fn lanes(kernel: &Kernel, options: &Options) -> Lanes {
    let width = options.contract.simd_width;
    let whole_rows = match options.contract.threadgroup {
        Some([x, y, z]) => y * z == 1 || x % width.max(1) == 0,
        None => !uses_dimensions(kernel),
    };
    Lanes {
        width: u32::try_from(width).unwrap_or(0),
        whole_rows,
    }
}

/// All accesses at the places of the races. A race stands for every pair of accesses of its two places
/// (instances of a helper, of a loop): which of them race is not told apart, so none is trusted.
fn racing(facts: &Facts, races: &[Race]) -> BTreeSet<AccessId> {
    let place = |object: u32, s: Span| (object, s.file.0, s.start);
    let places: BTreeSet<_> = races
        .iter()
        .flat_map(|r| r.accesses.iter().map(|a| place(r.object, a.0)))
        .collect();
    let all = facts.accesses.iter().flatten();
    all.filter(|f| places.contains(&place(f.object.0, f.span)))
        .map(|f| f.id)
        .collect()
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
    let ask = Ask {
        kernel,
        facts,
        limit: options.timeout,
        patience: None,
        hasty: false,
        recorder: options.recorder.as_ref(),
        stats: options.stats.as_deref(),
        about: About::Assumptions,
        contract: &options.contract,
        relation: None,
        start: None,
    };
    let factors = ask.factors(&ie.enc.logic, &asserts);
    let wanted = Wanted {
        ints: factors.clone(),
        bools: Vec::new(),
    };
    let answer = ask.check(
        &ie.enc.logic,
        &asserts,
        Products::Exact,
        &wanted,
        Effort::Full,
    );
    if !matches!(answer, Answer::Unknown(_)) {
        let values = fixed(&factors, &answer, 0);
        ask.record(
            &ie.enc.logic,
            &asserts,
            Products::Exact,
            &[],
            values.as_ref(),
        );
    }
    match answer {
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
