//! The only place that knows the solver.
//!
//! Soundness direction: `Unsat` is trusted (and can be re-checked by another solver from the
//! SMT-LIB text); `Sat` is only a candidate, replayed elsewhere; anything else is `Unknown`.

mod script;
mod translate;

use std::time::{Duration, Instant};

use z3::ast::Int;
use z3::{Config, Params, SatResult, Tactic};

use crate::encode::logic::{BoolId, Lin, Logic};
use translate::Translator;

pub use script::{Fixed, Script, factors, script};

/// How products are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Products {
    /// As unknown numbers constrained by lemmas. `Unsat` remains right.
    Opaque,
    /// As products.
    Exact,
}

/// The solver's answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// No assignment: the conflict is impossible.
    Unsat,
    /// Values of the wanted expressions and conditions.
    Sat(Assignment),
    /// Gave up, with the reason.
    Unknown(String),
}

/// Values from the solver.
#[derive(Clone, Debug, Default)]
pub struct Assignment {
    /// In the order of the wanted expressions.
    pub ints: Vec<Option<i128>>,
    /// In the order of the wanted conditions.
    pub bools: Vec<Option<bool>>,
}

/// What to report of a satisfying assignment.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Expressions.
    pub ints: Vec<Lin>,
    /// Conditions.
    pub bools: Vec<BoolId>,
}

/// Who answered a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nobody had to: one of the conditions is `false`.
    Trivial,
    /// The quick engine.
    Quick,
    /// The patient engine, or nobody.
    Long,
}

/// Name and version of the solver.
pub fn solver_version() -> &'static str {
    z3::full_version()
}

/// To be called once at the start of the program, before any solver is made.
pub fn configure() {
    z3::set_global_param("memory_max_size", "4096");
}

/// How hard to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// The quick engine only, a third of its resources: where the answer is of little use.
    Brief,
    /// The quick engine only: where another question is better than a long wait.
    Quick,
    /// Then the patient engine.
    Full,
}

/// A question: is there an assignment in which all of `asserts` hold?
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Where the conditions live.
    pub logic: &'a Logic,
    /// The conditions.
    pub asserts: &'a [BoolId],
    /// How products are treated.
    pub products: Products,
    /// Values that these expressions must have; where one is a factor, the product is linear. With any, only
    /// a satisfying assignment says something about `asserts`.
    pub fixed: &'a [(Lin, i128)],
    /// What to report of an assignment.
    pub wanted: &'a Wanted,
    /// Longest wait for each engine (wall clock).
    pub limit: Duration,
    /// Which engines.
    pub effort: Effort,
}

/// Asks, and tells who answered.
pub fn decide(query: &Query<'_>) -> (Answer, Stage) {
    if query.asserts.iter().any(|b| query.logic.is_false(*b)) {
        return (Answer::Unsat, Stage::Trivial);
    }
    // Two arithmetic engines, neither better everywhere: a quick try with the one that is faster
    // on most obligations, then the other. The first try is bounded by resources rather than
    // time, so that the answer does not depend on the load of the machine.
    // A context of its own for each query: what was asked before does not change the answer.
    z3::with_z3_config(&Config::new(), || match query.effort {
        Effort::Brief => (attempt(query, &BRIEF), Stage::Quick),
        Effort::Quick => (attempt(query, &QUICK), Stage::Quick),
        Effort::Full => match attempt(query, &QUICK) {
            Answer::Unknown(_) => (attempt(query, &LONG), Stage::Long),
            other => (other, Stage::Quick),
        },
    })
}

/// How one attempt is made.
struct Engine {
    /// Z3's `arith.solver`.
    arithmetic: u32,
    /// Z3's `rlimit`; roughly five million units are a second.
    resources: Option<u32>,
}

const QUICK: Engine = Engine {
    arithmetic: 2,
    resources: Some(1_500_000),
};

/// Nearly all that [`QUICK`] answers, it answers with less.
const BRIEF: Engine = Engine {
    arithmetic: 2,
    resources: Some(500_000),
};

const LONG: Engine = Engine {
    arithmetic: 6,
    resources: None,
};

fn attempt(query: &Query<'_>, engine: &Engine) -> Answer {
    let Query {
        wanted,
        limit,
        asserts,
        ..
    } = *query;
    let started = Instant::now();
    let mut options = Params::new();
    options.set_u32("arith.solver", engine.arithmetic);
    let tactic = Tactic::new("simplify")
        .and_then(&Tactic::new("propagate-values"))
        .and_then(&Tactic::new("solve-eqs"))
        .and_then(&Tactic::new("smt").with(&options));
    let solver = tactic.solver();
    let mut params = Params::new();
    let ms = limit.as_millis().clamp(1, u128::from(u32::MAX) - 1);
    params.set_u32("timeout", ms as u32);
    // Z3 would take Ctrl-C for itself while it solves.
    params.set_bool("ctrl_c", false);
    if let Some(r) = engine.resources {
        params.set_u32("rlimit", r);
    }
    solver.set_params(&params);
    let mut tr = Translator::new(query.logic, query.products, query.fixed, asserts);
    for a in asserts {
        let b = tr.bool(*a);
        solver.assert(&b);
    }
    for (l, v) in query.fixed {
        let l = tr.lin(l);
        solver.assert(l.eq(Int::from_i128(*v)));
    }
    let result = guarded(&solver, limit);
    match result {
        SatResult::Unsat => Answer::Unsat,
        SatResult::Sat => match solver.get_model() {
            Some(m) => Answer::Sat(Assignment {
                ints: wanted
                    .ints
                    .iter()
                    .map(|l| {
                        let e = tr.lin(l);
                        m.eval(&e, true).and_then(|v| v.as_i128())
                    })
                    .collect(),
                bools: wanted
                    .bools
                    .iter()
                    .map(|b| {
                        let e = tr.bool(*b);
                        m.eval(&e, true).and_then(|v| v.as_bool())
                    })
                    .collect(),
            }),
            None => Answer::Unknown("no model".into()),
        },
        SatResult::Unknown => {
            let why = solver.get_reason_unknown().unwrap_or_default();
            if started.elapsed() >= limit || why.contains("cancel") || why.contains("timeout") {
                Answer::Unknown("timeout".into())
            } else {
                Answer::Unknown(why)
            }
        }
    }
}

/// Runs the check; the solver's own timeout is backed by an interrupt from a watchdog thread.
fn guarded(solver: &z3::Solver, limit: Duration) -> SatResult {
    let handle = solver.get_context().handle();
    let (done, waiting) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let patience = limit + limit / 4 + Duration::from_millis(50);
            if let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = waiting.recv_timeout(patience)
            {
                handle.interrupt();
            }
        });
        let r = solver.check();
        drop(done);
        r
    })
}
