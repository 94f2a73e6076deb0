//! What a run can find.
//!
//! Purpose: the data types of findings, and a sink that keeps the first of each kind and place.
//! Soundness direction: exact for the executed path; a finding that rests on an unspecified value
//! is marked `approximate`.

use std::collections::BTreeSet;

use crate::ir::{AccessId, AccessKind, BarrierId, LoopId, ObjectId, PathId, Space};
use crate::source::Span;

/// One side of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessRef {
    /// Linear index of the thread. For a matrix access, a lane that took part.
    pub thread: u32,
    /// The access.
    pub access: AccessId,
    /// What it does.
    pub kind: AccessKind,
    /// Where.
    pub span: Span,
    /// How it was reached.
    pub path: PathId,
    /// Enclosing loops with their iterations from 0, outermost first.
    pub iterations: Vec<(LoopId, u64)>,
    /// How many disabled barriers the thread had passed, all together.
    pub disabled_passed: u64,
    /// A matrix access: the whole simdgroup touched the tile.
    pub collective: bool,
}

/// Two unordered accesses to one byte, not both reads, not both atomic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// Object.
    pub object: ObjectId,
    /// First common byte, relative to the object's start.
    pub byte: u64,
    /// The access that was executed first in this run.
    pub a: AccessRef,
    /// The other one.
    pub b: AccessRef,
    /// A disabled barrier that would have ordered the two lies between them: its scope holds both
    /// threads, its flags name the memory, and the two had passed it different numbers of times.
    pub due_to_disabled: bool,
    /// The threads are of one simdgroup.
    pub same_simdgroup: bool,
    /// Barriers did separate the two, but none whose flags name the memory.
    pub flags_only: bool,
    /// Rests on an unspecified value, so that it need not happen.
    pub approximate: bool,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A data race.
    Conflict(Box<Conflict>),
    /// An access leaves its object (or is negative). Reads gave 0, writes were dropped.
    OutOfBounds {
        /// Linear thread index.
        thread: u32,
        /// Access.
        access: AccessId,
        /// Read, write or atomic.
        kind: AccessKind,
        /// Where.
        span: Span,
        /// Object.
        object: ObjectId,
        /// First byte.
        offset: i64,
        /// Bytes touched.
        width: u64,
        /// The object's size in bytes, where there is one.
        size: Option<u64>,
        /// Rests on an unspecified value.
        approximate: bool,
    },
    /// A read of threadgroup or private memory that nothing wrote.
    UninitialisedRead {
        /// Linear thread index.
        thread: u32,
        /// Access.
        access: AccessId,
        /// Where.
        span: Span,
        /// Object.
        object: ObjectId,
        /// Its space.
        space: Space,
        /// First byte.
        offset: i64,
        /// Rests on an unspecified value.
        approximate: bool,
    },
    /// Threads wait at a barrier that not all live threads of its scope will meet (or meet in the
    /// same loop iteration). The run ends here.
    BarrierDivergence {
        /// A barrier that some wait at.
        barrier: BarrierId,
        /// Where.
        span: Span,
        /// Who waits there, linear indices (the first few).
        waiting: Vec<u32>,
        /// What a thread that does not come waits at; equal to `barrier` when iterations differ.
        other: BarrierId,
        /// Where.
        other_span: Span,
        /// Who waits there (the first few).
        other_waiting: Vec<u32>,
        /// Rests on an unspecified value.
        approximate: bool,
    },
    /// Too many steps: probably an endless loop.
    StepLimit {
        /// Linear thread index.
        thread: u32,
        /// Where it was.
        span: Span,
        /// Steps it had made.
        steps: u64,
    },
    /// Integer division or remainder by zero; the result was 0.
    DivisionByZero {
        /// Linear thread index.
        thread: u32,
        /// The statement.
        span: Span,
        /// Rests on an unspecified value.
        approximate: bool,
    },
    /// Something was executed that the executor cannot do faithfully.
    Unsupported {
        /// What.
        construct: String,
        /// Where.
        span: Span,
    },
    /// A limit of the executor was reached: contents of a buffer or tracking of conflicts is
    /// incomplete from here on.
    Incomplete {
        /// Which limit.
        what: &'static str,
        /// Where.
        span: Span,
    },
}

impl Finding {
    /// The conflict, if it is one.
    pub fn conflict(&self) -> Option<&Conflict> {
        match self {
            Finding::Conflict(c) => Some(c),
            _ => None,
        }
    }
}

/// Most findings that a run keeps.
pub const MAX_FINDINGS: usize = 2000;

/// Collects findings, one per kind and place.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
    seen: BTreeSet<(u8, Span, u32)>,
    /// Some were dropped.
    pub overflow: bool,
}

impl Findings {
    /// Adds one unless its kind is known for the place (`detail` tells apart findings of one place).
    pub fn add(&mut self, f: Finding, span: Span, detail: u32) {
        let kind = match &f {
            Finding::Conflict(_) => 0,
            Finding::OutOfBounds { .. } => 1,
            Finding::UninitialisedRead { .. } => 2,
            Finding::BarrierDivergence { .. } => 3,
            Finding::StepLimit { .. } => 4,
            Finding::DivisionByZero { .. } => 5,
            Finding::Unsupported { .. } => 6,
            Finding::Incomplete { .. } => 7,
        };
        if self.list.len() >= MAX_FINDINGS {
            self.overflow = true;
        } else if self.seen.insert((kind, span, detail)) {
            self.list.push(f);
        }
    }

    /// Whether such a finding would be new.
    pub fn is_new(&self, kind: u8, span: Span, detail: u32) -> bool {
        !self.seen.contains(&(kind, span, detail))
    }

    /// All, in a fixed order.
    pub fn into_sorted(mut self) -> Vec<Finding> {
        self.list.sort();
        self.list
    }
}
