//! What the evaluation found out about a kernel: guards, addresses, loops, barriers.
//!
//! Soundness direction: guards are necessary conditions (over-approximate reachability).

use std::collections::BTreeMap;

use super::term::{Level, TermId, Terms};
use crate::ir::{AccessId, AccessKind, AtomicUse, BarrierId, LoopId, ObjectId, PathId, VarId};
use crate::source::Span;

/// Everything known about one kernel.
#[derive(Debug, Default)]
pub struct Facts {
    /// Term store.
    pub terms: Terms,
    /// By access id; `None` for an access in code that is never reached.
    pub accesses: Vec<Option<AccessFact>>,
    /// By barrier id; `None` when never reached.
    pub barriers: Vec<Option<BarrierFact>>,
    /// By branch id: the condition; `None` when never reached or always decided the same way.
    pub branches: Vec<Option<TermId>>,
    /// By loop id.
    pub loops: Vec<LoopFact>,
    /// Early ends of threads, in evaluation order.
    pub returns: Vec<ReturnFact>,
    /// Constructs that may touch any memory, as pseudo-accesses.
    pub wild: Vec<WildFact>,
    /// Loads assumed uniform because their address is; the assumption holds while the load does
    /// not race (first-race argument, `docs/soundness.md`).
    pub provisional: BTreeMap<AccessId, Level>,
    /// Reasons for unknown values, for messages: term to place.
    pub origin: BTreeMap<TermId, Span>,
}

impl Facts {
    /// Whether some two atomic operations on one object need an order.
    pub fn any_order(&self) -> bool {
        let atomics: Vec<&AccessFact> = self
            .accesses
            .iter()
            .flatten()
            .filter(|f| f.atomic.is_some())
            .collect();
        let needs = |(i, a): (usize, &&AccessFact)| {
            atomics[i..]
                .iter()
                .any(|b| a.object == b.object && a.needs_order(b))
        };
        atomics.iter().enumerate().any(needs)
    }
}

/// Bytes touched, symbolically.
#[derive(Clone, Debug, PartialEq)]
pub enum Footprint {
    /// `width` bytes from the offset.
    Bytes(u64),
    /// A collectively touched tile.
    Tile {
        /// Rows.
        rows: u64,
        /// Columns.
        cols: u64,
        /// Element bytes.
        elem: u64,
        /// Bytes between rows.
        stride: TermId,
    },
}

/// A memory access.
#[derive(Clone, Debug)]
pub struct AccessFact {
    /// Identity.
    pub id: AccessId,
    /// Read, write or atomic.
    pub kind: AccessKind,
    /// Object.
    pub object: ObjectId,
    /// First byte.
    pub offset: TermId,
    /// Bytes.
    pub footprint: Footprint,
    /// Necessary condition for being executed, as one term.
    pub guard: TermId,
    /// Enclosing loops, outermost first.
    pub loops: Vec<LoopId>,
    /// Place.
    pub span: Span,
    /// Call path.
    pub path: PathId,
    /// For an atomic operation: what its order means.
    pub atomic: Option<AtomicUse>,
    /// For an atomic store: the value.
    pub stored: Option<TermId>,
}

impl AccessFact {
    /// Whether both are atomic and results depend on which comes first (DESIGN section 1).
    pub fn needs_order(&self, other: &AccessFact) -> bool {
        self.atomic
            .zip(other.atomic)
            .is_some_and(|(a, b)| !a.commutes(b))
    }
}

/// A barrier.
#[derive(Clone, Debug)]
pub struct BarrierFact {
    /// Identity.
    pub id: BarrierId,
    /// Necessary condition for arriving.
    pub guard: TermId,
    /// Which threads agree on arriving (ended threads aside).
    pub level: Level,
    /// Which threads may have ended before: the level of the conditions under which threads ended.
    pub ended: Level,
    /// Something that made the arrival thread-dependent, for the message.
    pub culprit: Option<TermId>,
    /// Enclosing loops.
    pub loops: Vec<LoopId>,
}

/// An early end of a thread.
#[derive(Clone, Debug)]
pub struct ReturnFact {
    /// Which threads agree on ending here.
    pub level: Level,
    /// Condition.
    pub guard: TermId,
    /// Enclosing loops.
    pub loops: Vec<LoopId>,
    /// Place.
    pub span: Span,
}

/// A construct that may touch anything.
#[derive(Clone, Debug)]
pub struct WildFact {
    /// What.
    pub construct: String,
    /// May also hide a barrier or jump.
    pub control: bool,
    /// Place.
    pub span: Span,
}

/// A loop.
#[derive(Clone, Debug)]
pub struct LoopFact {
    /// Loops around it, outermost first, itself last.
    pub nest: Vec<LoopId>,
    /// Necessary condition for entering the loop, over the counters of the loops around it.
    pub entry_guard: Option<TermId>,
    /// Condition at the head, over `Counter(self)`; `None` if there is none or it is tested last.
    pub cond: Option<TermId>,
    /// Which threads agree on the number of iterations.
    pub exit_level: Level,
    /// Something that made the count thread-dependent.
    pub culprit: Option<TermId>,
    /// Left only through its test at the head (returns aside).
    pub exit_by_test: bool,
    /// The number of iterations when it is left through its test.
    pub exit_count: Option<TermId>,
    /// Unknown loop-carried values with their first and next value.
    pub phis: BTreeMap<VarId, PhiFact>,
    /// Closed forms with what is needed to show that they do not wrap.
    pub inducts: Vec<InductFact>,
}

impl Default for LoopFact {
    fn default() -> Self {
        LoopFact {
            nest: Vec::new(),
            entry_guard: None,
            cond: None,
            exit_level: Level::Uniform,
            culprit: None,
            exit_by_test: false,
            exit_count: None,
            phis: BTreeMap::new(),
            inducts: Vec::new(),
        }
    }
}

/// A loop-carried value without closed form.
#[derive(Clone, Debug)]
pub struct PhiFact {
    /// The phi term.
    pub term: TermId,
    /// Value on entry (over the counters of the outer loops).
    pub init: TermId,
    /// Value at the next iteration, over this iteration's terms.
    pub next: TermId,
    /// Necessary condition for there being a next iteration.
    pub back_guard: TermId,
}

/// A closed form `init + step * counter`.
#[derive(Clone, Debug)]
pub struct InductFact {
    /// The variable.
    pub var: VarId,
    /// The term with `count = Counter(loop)`.
    pub term: TermId,
    /// First value.
    pub init: TermId,
    /// Step.
    pub step: TermId,
    /// Necessary condition for reaching the end of the iteration (all guards evaluated before the
    /// step).
    pub back_guard: TermId,
}
