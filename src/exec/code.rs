//! The linear code that threads execute.
//!
//! Purpose: the instruction set that [`super::compile`] makes of a structured kernel, so that a
//! thread is a program counter and a register file and can stop anywhere. Soundness direction:
//! exact.

use std::collections::BTreeMap;

use crate::ir::{
    AccessId, AccessKind, AtomicOp, AtomicUse, BarrierId, BinOp, Effects, LoopId, MathFn, ObjectId,
    PathId, ScalarTy, SimdOp, UnOp,
};
use crate::source::Span;

/// A register number. The variables come first, in order, then constants and temporaries.
pub type Reg = u32;

/// One instruction.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Instr {
    Mov {
        dst: Reg,
        src: Reg,
    },
    /// An unspecified value: 0, marked approximate.
    Undef {
        dst: Reg,
    },
    /// Marks `dst` approximate if `from` is.
    Taint {
        dst: Reg,
        from: Reg,
    },
    Un {
        op: UnOp,
        ty: ScalarTy,
        dst: Reg,
        a: Reg,
    },
    /// `ty` is the operands' type.
    Bin {
        op: BinOp,
        ty: ScalarTy,
        dst: Reg,
        a: Reg,
        b: Reg,
    },
    Cast {
        from: ScalarTy,
        to: ScalarTy,
        dst: Reg,
        a: Reg,
    },
    Select {
        dst: Reg,
        cond: Reg,
        a: Reg,
        b: Reg,
    },
    /// An index into [`Program::math`].
    Math(u32),
    Jump(u32),
    /// Jump if false. `control` is off for branches inside an expression.
    Branch {
        cond: Reg,
        target: u32,
        control: bool,
    },
    LoopStart(LoopId),
    /// Counts an iteration and jumps back.
    LoopNext {
        id: LoopId,
        target: u32,
    },
    /// An index into [`Program::sites`], not a matrix access.
    Access(u32),
    Barrier(BarrierId),
    /// An index into [`Program::collectives`].
    Collective(u32),
    /// An index into [`Program::unsupported`].
    Unsupported(u32),
    End,
}

/// A call of a built-in function.
#[derive(Clone, Debug)]
pub struct MathCall {
    /// Which.
    pub f: MathFn,
    /// Result type.
    pub ty: ScalarTy,
    /// Type of the first operand.
    pub arg_ty: ScalarTy,
    /// Type of the second operand (the first's if there is none).
    pub second_ty: ScalarTy,
    /// Target.
    pub dst: Reg,
    /// Operands; unused ones repeat the first.
    pub args: [Reg; 3],
}

/// What a memory access does with its registers.
#[derive(Clone, Debug)]
pub enum SiteOp {
    /// Into these.
    Load(Vec<Reg>),
    /// From these.
    Store(Vec<Reg>),
    /// Atomically.
    Atomic {
        /// Which.
        op: AtomicOp,
        /// Value before, or success.
        dst: Option<Reg>,
        /// Observed value.
        observed: Option<Reg>,
        /// Operands.
        operands: Vec<Reg>,
    },
}

/// A tile's geometry.
#[derive(Clone, Debug)]
pub struct TileShape {
    /// Rows.
    pub rows: u64,
    /// Columns.
    pub cols: u64,
    /// Bytes per element.
    pub elem: u64,
    /// Bytes between rows.
    pub stride: Reg,
    /// Transposed between memory and registers.
    pub transpose: bool,
}

/// A memory access.
#[derive(Clone, Debug)]
pub struct Site {
    /// Identity in the IR.
    pub id: AccessId,
    /// Object.
    pub object: ObjectId,
    /// Byte offset (`long`).
    pub offset: Reg,
    /// Bytes, for accesses that are no tile.
    pub width: u64,
    /// Scalar type in memory.
    pub ty: ScalarTy,
    /// Matrix accesses.
    pub tile: Option<TileShape>,
    /// What.
    pub op: SiteOp,
    /// Read, write, atomic.
    pub kind: AccessKind,
    /// Where.
    pub span: Span,
    /// How reached.
    pub path: PathId,
    /// Enclosing loops, outermost first.
    pub loops: Vec<LoopId>,
}

/// An operation that lanes of a simdgroup perform together.
#[derive(Clone, Debug)]
pub struct Collective {
    /// What.
    pub op: CollectiveOp,
    /// Where.
    pub span: Span,
    /// Enclosing loops, outermost first.
    pub loops: Vec<LoopId>,
}

/// The kinds of collective operations.
#[derive(Clone, Debug)]
pub enum CollectiveOp {
    /// `simd_…` and `quad_…`
    Simd {
        /// Which.
        op: SimdOp,
        /// Quad instead of simdgroup.
        quad: bool,
        /// Target.
        dst: Reg,
        /// Type of the value.
        ty: ScalarTy,
        /// Operands with their types.
        args: Vec<(Reg, ScalarTy)>,
    },
    /// `simdgroup_load` and `simdgroup_store`: an index into [`Program::sites`], and the registers' types.
    MatrixAccess {
        /// The site.
        site: u32,
        /// Register types, in the order of the site's registers.
        types: Vec<ScalarTy>,
    },
    /// Multiply and accumulate.
    MatrixMul {
        /// Result, with types.
        dst: Vec<(Reg, ScalarTy)>,
        /// Left factor.
        a: Vec<(Reg, ScalarTy)>,
        /// Right factor.
        b: Vec<(Reg, ScalarTy)>,
        /// Addend; empty for none.
        c: Vec<(Reg, ScalarTy)>,
    },
}

/// An unsupported construct.
#[derive(Clone, Debug)]
pub struct UnsupportedSite {
    /// What.
    pub construct: String,
    /// What it may do.
    pub effects: Effects,
    /// What it may set.
    pub clobbers: Vec<Reg>,
    /// Where.
    pub span: Span,
}

/// A compiled kernel.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Instructions.
    pub code: Vec<Instr>,
    /// The statement of each instruction.
    pub spans: Vec<Span>,
    /// Calls of built-in functions.
    pub math: Vec<MathCall>,
    /// Memory accesses.
    pub sites: Vec<Site>,
    /// Collective operations.
    pub collectives: Vec<Collective>,
    /// Unsupported constructs.
    pub unsupported: Vec<UnsupportedSite>,
    /// Registers that hold constants, with their values.
    pub constants: Vec<(Reg, u64)>,
    /// Number of registers.
    pub registers: u32,
    /// Per object: whether some access may write it (otherwise it needs no conflict tracking).
    pub written: Vec<bool>,
    /// The atomic operations, as far as their order matters.
    pub atomics: BTreeMap<AccessId, AtomicUse>,
}

impl Program {
    /// The memory access that an instruction is.
    pub fn site_at(&self, pc: usize) -> Option<&Site> {
        match self.code.get(pc)? {
            Instr::Access(i) => self.sites.get(*i as usize),
            _ => None,
        }
    }
}
