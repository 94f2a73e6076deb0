//! Which atomic operations need an order.
//!
//! Purpose: DESIGN section 1, "Atomics that do not commute". Two atomic operations on one byte are no race, but where they
//! do not commute, a barrier between them carries the result.
//! Soundness direction: over-approximation. A result counts as used when anything but a value that is itself not used is
//! made of it; what is not plainly commuting does not commute.

use std::collections::{BTreeMap, BTreeSet};

use super::expr::ScalarTy;
use super::expr::{Expr, ExprKind};
use super::kernel::{AccessId, Kernel, VarId};
use super::stmt::{AtomicOp, Stmt};
use super::visit::{Visitor, walk_expr, walk_kernel, walk_stmt};

/// An atomic operation as far as its order matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AtomicUse {
    /// Which.
    pub op: AtomicOp,
    /// On what.
    pub ty: ScalarTy,
    /// Something depends on what it yields (the value before, or whether an exchange succeeded).
    pub used: bool,
}

impl AtomicUse {
    /// Whether memory, and what each of the two yields as far as it is used, are the same in either order.
    /// Sums of floating-point numbers round, so their order shows; a maximum or minimum of one word as two types is another
    /// order of the same bits. That accesses of one size which overlap are of one address is the alignment that the types ask
    /// for.
    pub fn commutes(self, other: AtomicUse) -> bool {
        use AtomicOp as A;
        let whole = self.ty.is_int() && other.ty.is_int() && self.ty.bits() == other.ty.bits();
        match (self.op, other.op) {
            (A::Load, A::Load) => true,
            _ if self.used || other.used || !whole => false,
            (A::Max, A::Max) | (A::Min, A::Min) => self.ty.is_signed() == other.ty.is_signed(),
            (A::Add | A::Sub, A::Add | A::Sub)
            | (A::And, A::And)
            | (A::Or, A::Or)
            | (A::Xor, A::Xor) => true,
            _ => false,
        }
    }

    /// Whether it may change memory.
    pub fn writes(self) -> bool {
        self.op != AtomicOp::Load
    }

    /// Whether something may depend on what memory held.
    pub fn reads(self) -> bool {
        self.used || matches!(self.op, AtomicOp::Load | AtomicOp::CompareExchange)
    }
}

/// The atomic operations of a kernel.
pub fn atomic_uses(kernel: &Kernel) -> BTreeMap<AccessId, AtomicUse> {
    let mut all = Uses::default();
    walk_kernel(&mut all, kernel);
    // What is only copied to values that nobody uses is not used.
    let mut used = all.used;
    loop {
        let more: Vec<VarId> = all
            .copies
            .iter()
            .filter(|(to, from)| used.contains(to) && !used.contains(from))
            .map(|(_, from)| *from)
            .collect();
        if more.is_empty() {
            break;
        }
        used.extend(more);
    }
    all.atomics
        .into_iter()
        .map(|(id, op, ty, results)| {
            let used = results.iter().any(|v| used.contains(v));
            (id, AtomicUse { op, ty, used })
        })
        .collect()
}

/// Where values of variables go.
#[derive(Default)]
struct Uses {
    /// Into something other than another variable.
    used: BTreeSet<VarId>,
    /// Target and source of assignments.
    copies: BTreeSet<(VarId, VarId)>,
    /// The assignment that is being looked at.
    target: Option<VarId>,
    atomics: Vec<(AccessId, AtomicOp, ScalarTy, Vec<VarId>)>,
}

impl Visitor for Uses {
    fn stmt(&mut self, s: &Stmt) {
        match s {
            Stmt::Assign { dst, .. } => self.target = Some(*dst),
            Stmt::Atomic {
                dst,
                observed,
                op,
                ty,
                access,
                ..
            } => {
                let results = dst.iter().chain(observed).copied().collect();
                self.atomics.push((access.id, *op, *ty, results));
            }
            _ => {}
        }
        walk_stmt(self, s);
        self.target = None;
    }

    fn expr(&mut self, e: &Expr) {
        if let ExprKind::Var(v) = &e.kind {
            match self.target {
                Some(to) => {
                    self.copies.insert((to, *v));
                }
                None => {
                    self.used.insert(*v);
                }
            }
        }
        walk_expr(self, e);
    }
}
