//! Statements and memory accesses.

use serde::{Deserialize, Serialize};

use super::expr::{Expr, ScalarTy};
use super::kernel::{AccessId, BarrierId, BranchId, LabelId, LoopId, ObjectId, PathId, VarId};
use crate::source::Span;

/// A statement.
#[derive(Clone, Debug)]
pub enum Stmt {
    /// `dst = value`
    Assign {
        /// Target.
        dst: VarId,
        /// Value, of the target's type.
        value: Expr,
        /// Where.
        span: Span,
    },
    /// Read `dst.len()` consecutive scalars of type `ty`.
    Load {
        /// Targets, in address order.
        dst: Vec<VarId>,
        /// Scalar type in memory.
        ty: ScalarTy,
        /// Where in memory. Its width may exceed the scalars' (a three-component vector moves
        /// four components).
        access: Access,
    },
    /// Write consecutive scalars of type `ty`.
    Store {
        /// Values, in address order.
        src: Vec<Expr>,
        /// Scalar type in memory.
        ty: ScalarTy,
        /// Where in memory.
        access: Access,
    },
    /// An atomic operation on one scalar (MSL specification, section 6.15).
    Atomic {
        /// The value before the operation; for a compare-exchange, whether it succeeded.
        dst: Option<VarId>,
        /// For a compare-exchange: receives the observed value (equal to the expected one on success).
        observed: Option<VarId>,
        /// Which.
        op: AtomicOp,
        /// Operand; for a compare-exchange: expected, desired.
        operands: Vec<Expr>,
        /// Scalar type.
        ty: ScalarTy,
        /// Where in memory.
        access: Access,
    },
    /// A barrier.
    Barrier(BarrierId),
    /// Two-way branch.
    If {
        /// Identity.
        id: BranchId,
        /// A `bool`.
        cond: Expr,
        /// Then.
        then: Vec<Stmt>,
        /// Else.
        els: Vec<Stmt>,
        /// Where the condition is.
        span: Span,
    },
    /// A loop. Test first: `header; if !cond leave; body; [continue:] step`, repeated.
    /// Test last (`do … while`): `body; [continue:] step; header; if !cond leave`, repeated.
    Loop {
        /// Identity.
        id: LoopId,
        /// Statements that compute the condition (loads); often empty.
        header: Vec<Stmt>,
        /// A `bool`; `None` for an endless loop.
        cond: Option<Expr>,
        /// Body.
        body: Vec<Stmt>,
        /// Step; `continue` goes here.
        step: Vec<Stmt>,
        /// `do … while`.
        test_last: bool,
        /// Where the header is.
        span: Span,
    },
    /// Leave the named enclosing loop.
    Break(LoopId),
    /// Go to the step of the named enclosing loop.
    Continue(LoopId),
    /// A region that [`Stmt::Leave`] can jump out of, forward to its end (inlined calls, switches).
    Region {
        /// Identity.
        label: LabelId,
        /// Body.
        body: Vec<Stmt>,
    },
    /// Jump to the end of the named enclosing region.
    Leave(LabelId),
    /// The thread ends.
    Return {
        /// Where.
        span: Span,
    },
    /// Exchange of registers between the lanes of a simdgroup or quad; orders no memory.
    Simd {
        /// Target.
        dst: VarId,
        /// Which.
        op: SimdOp,
        /// The value, then lane, delta or mask where the function has one.
        args: Vec<Expr>,
        /// `quad_…` instead of `simd_…`.
        quad: bool,
        /// Where.
        span: Span,
        /// Call path.
        path: PathId,
    },
    /// `simdgroup_load`: each lane receives its part (2 of 64 elements for 32 lanes) of the tile.
    MatrixLoad {
        /// Lane's elements.
        dst: Vec<VarId>,
        /// Element type.
        ty: ScalarTy,
        /// Tile access.
        access: Access,
    },
    /// `simdgroup_store`.
    MatrixStore {
        /// Lane's elements.
        src: Vec<Expr>,
        /// Element type.
        ty: ScalarTy,
        /// Tile access.
        access: Access,
    },
    /// `d = a * b + c` on 8×8 matrices held across a simdgroup.
    MatrixMultiplyAccumulate {
        /// Lane's elements of the result.
        dst: Vec<VarId>,
        /// Left factor.
        a: Vec<Expr>,
        /// Right factor.
        b: Vec<Expr>,
        /// Addend; empty for none.
        c: Vec<Expr>,
        /// Where.
        span: Span,
    },
    /// Something that could not be represented.
    Unsupported {
        /// What.
        construct: String,
        /// What it may do.
        effects: Effects,
        /// Variables it may have set; they hold unspecified values afterwards.
        clobbers: Vec<VarId>,
        /// Where.
        span: Span,
        /// Call path.
        path: PathId,
    },
}

/// What an unsupported construct may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effects {
    /// It may read or write any threadgroup or device object, at any offset.
    pub memory: bool,
    /// It may contain a barrier or otherwise transfer control (`goto`).
    pub control: bool,
}

/// A memory access.
#[derive(Clone, Debug)]
pub struct Access {
    /// Identity, dense within the kernel.
    pub id: AccessId,
    /// Object.
    pub object: ObjectId,
    /// First byte, relative to the object's start; type `long` (I64).
    pub offset: Expr,
    /// Bytes touched.
    pub shape: Shape,
    /// Where in the source.
    pub span: Span,
    /// How the statement was reached.
    pub path: PathId,
}

/// Which bytes an access touches.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `width` consecutive bytes.
    Bytes(u64),
    /// A tile touched collectively by a simdgroup: `rows` rows of `cols` elements of `elem` bytes,
    /// rows `stride` bytes apart (type `long`). Any lane may touch any element.
    Tile {
        /// Rows.
        rows: u64,
        /// Columns.
        cols: u64,
        /// Bytes per element.
        elem: u64,
        /// Bytes between rows; type `long` (I64).
        stride: Expr,
        /// The matrix is transposed between memory and registers (the footprint is the same).
        transpose: bool,
    },
}

/// Atomic operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum AtomicOp {
    Load,
    Store,
    Exchange,
    CompareExchange,
    Add,
    Sub,
    And,
    Or,
    Xor,
    Min,
    Max,
}

/// Lane exchange operations (MSL specification, section 6.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum SimdOp {
    /// Value of lane *n*.
    Broadcast,
    /// Value of the first active lane.
    BroadcastFirst,
    Shuffle,
    ShuffleXor,
    ShuffleUp,
    ShuffleDown,
    ShuffleRotateUp,
    ShuffleRotateDown,
    /// `simd_shuffle_and_fill_up(data, fill, delta)`
    ShuffleAndFillUp,
    ShuffleAndFillDown,
    Sum,
    Product,
    Min,
    Max,
    And,
    Or,
    Xor,
    PrefixInclusiveSum,
    PrefixExclusiveSum,
    PrefixInclusiveProduct,
    PrefixExclusiveProduct,
    /// Of a `bool`.
    All,
    /// Of a `bool`.
    Any,
    /// Bit per lane, as `ulong`.
    Ballot,
    /// Bit per active lane, as `ulong`; no operand.
    ActiveThreadsMask,
    /// Whether this is the first active lane; no operand.
    IsFirst,
}

impl Stmt {
    /// The memory access of this statement itself (not of nested ones), with whether it reads,
    /// writes, and is atomic.
    pub fn access(&self) -> Option<(&Access, AccessKind)> {
        match self {
            Stmt::Load { access, .. } | Stmt::MatrixLoad { access, .. } => {
                Some((access, AccessKind::Read))
            }
            Stmt::Store { access, .. } | Stmt::MatrixStore { access, .. } => {
                Some((access, AccessKind::Write))
            }
            Stmt::Atomic { access, .. } => Some((access, AccessKind::Atomic)),
            _ => None,
        }
    }
}

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AccessKind {
    /// Plain read.
    Read,
    /// Plain write.
    Write,
    /// Atomic read, write or both.
    Atomic,
}

impl AccessKind {
    /// Whether two accesses of these kinds to the same byte, unordered, are a race.
    pub fn conflicts(self, other: AccessKind) -> bool {
        !(self == AccessKind::Read && other == AccessKind::Read
            || self == AccessKind::Atomic && other == AccessKind::Atomic)
    }
}
