//! What the prover answers.

use serde::{Deserialize, Serialize};

use crate::encode::pair::Relation;
use crate::exec::{Launch, OrderChange};
use crate::ir::{AccessId, AccessKind, BarrierId, BarrierScope, MemFlags, Space};
use crate::source::Span;

/// The verdict on a barrier (DESIGN section 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// Deleting it adds no race.
    Removable,
    /// A simdgroup barrier with the same flags suffices.
    Weakenable,
    /// Deleting it makes a race possible, and the witness replayed.
    Required,
    /// Neither was shown.
    Unknown,
}

impl Verdict {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Removable => "removable",
            Verdict::Weakenable => "weakenable",
            Verdict::Required => "required",
            Verdict::Unknown => "unknown",
        }
    }

    /// Of two verdicts on instances of one source line, the one that holds for the line.
    pub fn worst(self, other: Verdict) -> Verdict {
        let rank = |v: Verdict| match v {
            Verdict::Removable => 0,
            Verdict::Weakenable => 1,
            Verdict::Unknown => 2,
            Verdict::Required => 3,
        };
        if rank(self) >= rank(other) {
            self
        } else {
            other
        }
    }
}

/// One thread's part in a witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessSide {
    /// Position in the threadgroup.
    pub thread: [u64; 3],
    /// Linear index.
    pub index: u64,
    /// The access.
    pub access: AccessId,
    /// What it does.
    pub kind: AccessKind,
    /// Where.
    pub span: Span,
    /// Loop iterations, outermost first: place of the loop, iteration from 0.
    pub iterations: Vec<(Span, i128)>,
    /// First byte touched, relative to the object.
    pub offset: i128,
    /// Bytes touched.
    pub width: u64,
}

/// A concrete conflict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Witness {
    /// Object index in the kernel.
    pub object: u32,
    /// Threadgroup size.
    pub threadgroup: [u64; 3],
    /// Threadgroup position in the grid.
    pub group: [u64; 3],
    /// Scalar parameters: name and value.
    pub parameters: Vec<(String, i128)>,
    /// Contents of buffers that the conflict rests on: object, byte offset, width in bytes, value.
    pub memory: Vec<(u32, i128, u64, i128)>,
    /// The two accesses.
    pub sides: [WitnessSide; 2],
    /// Whether the threads share a simdgroup.
    pub same_simdgroup: bool,
    /// Whether it was replayed in the executor.
    pub replayed: bool,
    /// The launch that showed it, if it was.
    pub launch: Option<Launch>,
    /// When replayed: the threads did meet at a barrier in between, whose flags do not name the memory.
    pub flags_only: bool,
    /// The accesses are atomic and do not race, but their order changes what memory holds at the end.
    pub order: Option<OrderChange>,
}

/// Places that can go one by one, but were not proved to go together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exclusion {
    /// The places; no part of them is exclusive.
    pub places: Vec<Span>,
    /// A race without all of them that was executed; `None`: neither shown nor excluded.
    pub witness: Option<Witness>,
}

/// How often the executor could show a conflict that the solver had found. Assignments that only ask whether
/// something weaker suffices, or what can go together, are not replayed and not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replays {
    /// Satisfying assignments handed to the executor.
    pub assignments: usize,
    /// Of these: the two accesses conflicted with the parameters and contents of the assignment.
    pub as_given: usize,
    /// Of these: a conflict was found with other parameters, contents or accesses.
    pub nearby: usize,
}

impl Replays {
    /// Adds another count.
    pub fn add(&mut self, o: Replays) {
        self.assignments += o.assignments;
        self.as_given += o.as_given;
        self.nearby += o.nearby;
    }
}

/// Why a barrier got its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Every added pair was shown conflict-free.
    Proved,
    /// There was no added pair.
    NothingOrdered,
    /// Its flags leave out memory that it separates: it can go only where barriers order nothing but what they name. The two
    /// accesses, and the flags that would name what is missing.
    Flags(Span, Span, MemFlags),
    /// The barrier is never reached.
    Unreachable,
    /// The witness says it.
    Witness,
    /// The solver did not decide a pair within its time.
    Timeout(Span, Span),
    /// The solver gave up on a pair before its time was over; unknown numbers that are multiplied in it, by name.
    GaveUp(Span, Span, Vec<String>),
    /// A construct was not understood.
    Unsupported(String, Span),
    /// A conflict was found but not replayed; the text says why.
    Unreplayed(String),
    /// The barrier, or one it works with, may not be reached by all threads.
    Divergent(Span),
    /// In a launch, which was executed, not all threads reach it: the launch in words.
    Diverges(Span, String),
    /// It orders an access before an atomic, or after one, for other threadgroups.
    Published(Span, Span),
    /// The conflict found reaches outside an object.
    OutOfBounds {
        /// The object's name.
        object: String,
        /// Its size, bytes.
        size: u64,
        /// The access.
        at: Span,
        /// If no access leaves its object, the deletion was proved safe.
        else_safe: bool,
    },
    /// Nothing speaks against deleting it, but something that was not analysed may reach it.
    NotAnalysed(String, Span),
    /// Atomic operations that it orders do not race, but their order carries the result. With a witness that has
    /// [`Witness::order`], two executions showed that.
    Atomics(Span, Span),
    /// Analysis limits.
    Approximated(String),
}

/// The answer for one barrier instance (or all instances of a line taken together).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BarrierVerdict {
    /// The instance.
    pub barrier: BarrierId,
    /// Scope.
    pub scope: BarrierScope,
    /// Flags.
    pub flags: MemFlags,
    /// Where.
    pub span: Span,
    /// Verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The conflict found, if any.
    pub witness: Option<Witness>,
    /// When the threadgroup size is open and the barrier is required: deleting it was proved safe
    /// for every size up to the first number of threads, and a race was replayed at the second.
    pub counts: Option<(u64, u64)>,
    /// Pairs of accesses that deleting it adds.
    pub added_pairs: usize,
    /// Time spent, milliseconds.
    pub time_ms: f64,
}

/// An existing race.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Race {
    /// Object index.
    pub object: u32,
    /// Its space.
    pub space: Space,
    /// Whether it is between threads of one simdgroup only.
    pub relation: Relation,
    /// The two accesses: place, kind, identity.
    pub accesses: [(Span, AccessKind, AccessId); 2],
    /// Whether replay confirmed it.
    pub confirmed: bool,
    /// A way to make it happen.
    pub witness: Option<Witness>,
    /// The threads do meet at a barrier, whose flags do not name the memory.
    pub flags_only: bool,
    /// Why it is only possible, when the solver gave up.
    pub undecided: bool,
}

/// A barrier that not all threads may reach.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Divergence {
    /// The barrier.
    pub barrier: BarrierId,
    /// Where.
    pub span: Span,
    /// What makes arrival thread-dependent.
    pub culprit: Option<Span>,
    /// Only because threads may have ended before.
    pub ended_only: bool,
    /// Returns at which threads may have ended before it while others have not.
    pub returns: Vec<Span>,
}

/// Everything about one kernel.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct KernelVerdicts {
    /// Barrier instances, in IR order.
    pub barriers: Vec<BarrierVerdict>,
    /// One per source place: the verdict on deleting all its instances in this kernel together.
    pub sites: Vec<BarrierVerdict>,
    /// Existing races.
    pub races: Vec<Race>,
    /// Divergent barriers.
    pub divergent: Vec<Divergence>,
    /// A set of source lines (by span) that can go together; a heaviest one, weighed by loop depth.
    pub jointly_removable: Vec<Span>,
    /// Sets of removable lines that exclude each other: all pairs, and larger ones that stood in the way.
    pub exclusive: Vec<Exclusion>,
    /// No larger set of removable lines can go together.
    pub joint_is_largest: bool,
    /// What the verdicts rest on.
    pub assumptions: Vec<String>,
    /// Whether the kernel as written was shown race-free and barrier-uniform.
    pub race_free: bool,
    /// How many satisfying assignments replayed.
    pub replays: Replays,
    /// Time by phase, milliseconds: evaluation, races, verdicts, joint.
    #[serde(skip)]
    pub phases_ms: Vec<(&'static str, f64)>,
}
