//! Obligations as Z3 decides them: for export, and for counting.
//!
//! Soundness direction: none; nothing is decided here. What is recorded is exactly what was asked:
//! the same conditions, products treated the same way.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::interval::{Mode, Plan};
use super::patience::Patience;
use super::stats::{Event, Phase, Stats, timed};
use crate::analysis::facts::Facts;
use crate::cfg::Start;
use crate::encode::launch::Contract;
use crate::encode::logic::{BoolId, Lin, Logic};
use crate::encode::pair::{IntervalEncoder, PairFormula, Relation};
use crate::ir::{AccessKind, BarrierId, Kernel, LoopId, ObjectId, Space, VarId};
use crate::smt::{
    self, Answer, Assignment, Effort, Fixed, Products, Query, Script, Stage, Wanted, factors,
    script,
};
use crate::source::Span;

/// What an obligation is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Races of the kernel as written.
    Races,
    /// Deleting these barriers adds no race.
    Removal(BTreeSet<BarrierId>),
    /// Making these barriers `simdgroup_barrier`s adds no race.
    Weakening(BTreeSet<BarrierId>),
    /// A loop-carried variable does not leave the range of its type.
    NoOverflow(LoopId, VarId),
    /// The assumptions do not contradict each other.
    Assumptions,
}

/// An access of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub span: Span,
    /// What it does.
    pub kind: AccessKind,
    /// To what.
    pub object: ObjectId,
}

/// A decided obligation.
#[derive(Clone, Debug)]
pub struct Decided<'a> {
    /// The kernel.
    pub kernel: &'a Kernel,
    /// What it is for.
    pub about: &'a About,
    /// The launches it is about.
    pub contract: &'a Contract,
    /// How the two threads lie.
    pub relation: Option<Relation>,
    /// Where the interval starts.
    pub start: Option<Start>,
    /// The pairs whose conflict it excludes or shows; of several, the formula is the disjunction.
    pub pairs: Vec<[Place; 2]>,
    /// Whether products are spelled out.
    pub products: Products,
    /// Z3's answer: satisfiable or not.
    pub sat: bool,
    /// The formula ends with a factor of each product fixed as in Z3's model.
    pub fixed: bool,
    /// The formula.
    pub script: Script,
}

/// Takes decided obligations, from any thread, in any order.
#[derive(Clone)]
pub struct Recorder(Arc<Sink>);

type Sink = dyn Fn(&Decided<'_>) + Send + Sync;

impl Recorder {
    /// Hands each one to `sink`.
    pub fn new(sink: impl Fn(&Decided<'_>) + Send + Sync + 'static) -> Recorder {
        Recorder(Arc::new(sink))
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

/// How to ask about the pairs of one interval, and what for.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The kernel.
    pub kernel: &'a Kernel,
    /// Its facts.
    pub facts: &'a Facts,
    /// Limit of one query.
    pub limit: Duration,
    /// Lowers the limit after questions without an answer.
    pub patience: Option<&'a Patience>,
    /// A conflict that cannot be shown quickly is left open.
    pub hasty: bool,
    /// Who wants to know.
    pub recorder: Option<&'a Recorder>,
    /// Who wants to know how.
    pub stats: Option<&'a Stats>,
    /// What for.
    pub about: About,
    /// The launches it is about.
    pub contract: &'a Contract,
    /// How the two threads lie.
    pub relation: Option<Relation>,
    /// Where the interval starts.
    pub start: Option<Start>,
}

/// Longest wait for the quick engine (which is bounded by resources first).
const QUICK: Duration = Duration::from_secs(1);

impl<'a> Plan<'a> {
    /// A question about one interval.
    pub fn ask(&self, about: About, mode: &Mode, start: Start) -> Ask<'a> {
        Ask {
            kernel: self.kernel,
            facts: self.facts,
            limit: self.limit,
            patience: Some(match &about {
                About::Races if mode.filter.space == Space::Threadgroup => &self.patience.races,
                About::Races => &self.patience.device_races,
                About::Removal(ids) if self.places(ids) > 1 => &self.patience.joint,
                _ => &self.patience.removals,
            }),
            hasty: false,
            recorder: self.recorder,
            stats: self.stats,
            about,
            contract: self.contract,
            relation: Some(mode.relation),
            start: Some(start),
        }
    }
}

impl Plan<'_> {
    /// How many places of the source these barriers have.
    fn places(&self, ids: &BTreeSet<BarrierId>) -> usize {
        let barriers = ids
            .iter()
            .filter_map(|b| self.kernel.barriers.get(b.index()));
        barriers.map(|b| b.span).collect::<BTreeSet<_>>().len()
    }
}

impl Ask<'_> {
    /// Asks Z3, with at most this effort, as far as patience goes.
    pub fn check(
        &self,
        logic: &Logic,
        asserts: &[BoolId],
        products: Products,
        wanted: &Wanted,
        effort: Effort,
    ) -> Answer {
        self.ask(logic, asserts, (products, &Vec::new()), wanted, effort)
    }

    /// An assignment in which these expressions have these values, if one is found with little effort.
    pub fn example(
        &self,
        logic: &Logic,
        asserts: &[BoolId],
        fixed: &Fixed,
        wanted: &Wanted,
    ) -> Option<Assignment> {
        let products = (Products::Exact, fixed);
        match self.ask(logic, asserts, products, wanted, Effort::Brief) {
            Answer::Sat(m) => Some(m),
            // Without the values there may be one.
            Answer::Unsat | Answer::Unknown(_) => None,
        }
    }

    fn ask(
        &self,
        logic: &Logic,
        asserts: &[BoolId],
        (products, fixed): (Products, &Fixed),
        wanted: &Wanted,
        effort: Effort,
    ) -> Answer {
        let full = Some((self.limit, Effort::Full));
        let Some((limit, most)) = self.patience.map_or(full, |p| p.wait(self.limit)) else {
            return Answer::Unknown("timeout".into());
        };
        // Where patience is at its end, more time would have been more effort.
        let cut = most < effort;
        let effort = effort.min(most);
        let began = Instant::now();
        let query = Query {
            logic,
            asserts,
            products,
            fixed,
            wanted,
            limit: match effort {
                Effort::Full => limit,
                _ => limit.min(QUICK),
            },
            effort,
        };
        let (answer, stage) = timed(self.stats, Phase::Smt, || smt::decide(&query));
        if let (Answer::Unknown(_), Some(p)) = (&answer, self.patience) {
            p.lost(began.elapsed(), effort != Effort::Full);
        }
        match (&answer, stage) {
            (Answer::Unknown(_), _) => self.count(Event::Unanswered, 1),
            (_, Stage::Quick) => self.count(Event::Quick, 1),
            (_, Stage::Long) => self.count(Event::Long, 1),
            (_, Stage::Trivial) => {}
        }
        match answer {
            Answer::Unknown(_) if cut => Answer::Unknown("timeout".into()),
            other => other,
        }
    }

    /// Counts, when somebody wants to know.
    pub fn count(&self, e: Event, n: usize) {
        if let Some(s) = self.stats {
            s.count(e, n);
        }
    }

    /// Takes over what an encoder counted.
    pub fn drain(&self, ie: &mut IntervalEncoder<'_>) {
        let spent = std::mem::take(&mut ie.spent);
        if let Some(s) = self.stats {
            s.spend(Phase::Encode, spent.time);
            s.count(Event::Guards, spent.guards);
            s.count(Event::Disjoint, spent.disjoint);
            s.count(Event::Contradiction, spent.contradiction);
        }
    }

    /// What a witness has to say of products, when somebody wants to know.
    pub fn factors(&self, logic: &Logic, asserts: &[BoolId]) -> Vec<Lin> {
        match self.recorder {
            Some(_) => factors(logic, asserts),
            None => Vec::new(),
        }
    }

    /// Records that there is no assignment, or one with these values. Costs nothing when nobody wants to know.
    pub fn record(
        &self,
        logic: &Logic,
        asserts: &[BoolId],
        products: Products,
        pairs: &[&PairFormula],
        sat: Option<&Fixed>,
    ) {
        let Some(r) = self.recorder else {
            return;
        };
        let place = |a: crate::ir::AccessId| {
            let f = self.facts.accesses.get(a.index())?.as_ref()?;
            Some(Place {
                span: f.span,
                kind: f.kind,
                object: f.object,
            })
        };
        let decided = Decided {
            kernel: self.kernel,
            about: &self.about,
            contract: self.contract,
            relation: self.relation,
            start: self.start,
            pairs: pairs
                .iter()
                .filter_map(|p| Some([place(p.first.access)?, place(p.second.access)?]))
                .collect(),
            products,
            sat: sat.is_some(),
            fixed: sat.is_some_and(|f| !f.is_empty()),
            script: script(logic, asserts, products, sat.unwrap_or(&Fixed::new())),
        };
        (r.0)(&decided);
    }
}

/// The values that an answer gives to expressions that were wanted from index `from` on; `None`
/// unless it is satisfiable. Values that the solver did not tell are left out.
pub fn fixed(wanted: &[Lin], answer: &Answer, from: usize) -> Option<Fixed> {
    let Answer::Sat(m) = answer else {
        return None;
    };
    let values = m.ints.iter().skip(from);
    Some(
        wanted
            .iter()
            .zip(values)
            .filter_map(|(l, v)| Some((l.clone(), (*v)?)))
            .collect(),
    )
}
