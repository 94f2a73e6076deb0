//! The intermediate representation of one kernel: typed, structured, everything inlined.
//!
//! Purpose: the one meaning of a kernel that the analysis (`cfg` and later) and the executor
//! (`exec`) share. What it means:
//!
//! * A [`Kernel`] is run by every thread of a threadgroup. All values are scalars held in mutable
//!   thread-private variables ([`VarId`]); vectors, structs and matrices were split into scalars.
//! * Expressions are pure. Memory is touched only by [`Stmt::Load`], [`Stmt::Store`],
//!   [`Stmt::Atomic`] and the simdgroup-matrix statements, each with an explicit [`Access`]:
//!   object, byte offset (a signed 64-bit expression), width in bytes. Private arrays are objects
//!   of space [`Space::Thread`], one instance per thread.
//! * Function calls were inlined; where a statement came from is kept as a call path.
//! * What could not be represented is a [`Stmt::Unsupported`], which may do anything that its
//!   [`Effects`] allow, and nothing is silently dropped.
//!
//! Soundness direction: exact, except where `Unsupported` or [`ExprKind::Undef`] says otherwise.

pub mod assume;
pub mod atomic;
pub mod canonical;
pub mod expr;
pub mod kernel;
pub mod matching;
pub mod normal;
pub mod stmt;
pub mod text;
pub mod union;
pub mod visit;

pub use assume::{Assumption, Leaf};
pub use atomic::{AtomicUse, atomic_uses};
pub use expr::{BinOp, Expr, ExprKind, MathFn, ScalarTy, UnOp};
pub use kernel::*;
pub use stmt::*;
