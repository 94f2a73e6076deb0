//! One way to walk over a kernel.
//!
//! Purpose: traversals that only look. A [`Visitor`] overrides what it is interested in and calls the `walk_…` function of
//! the same name to go on below; statements and expressions are visited in the order of the source.
//! Soundness direction: exact; every statement, nested statement and expression is visited once.

use super::expr::{Expr, ExprKind};
use super::kernel::Kernel;
use super::stmt::{Access, Shape, Stmt};

/// Something that looks at the parts of a kernel.
pub trait Visitor {
    /// A statement; go on with [`walk_stmt`].
    fn stmt(&mut self, s: &Stmt) {
        walk_stmt(self, s);
    }

    /// An expression; go on with [`walk_expr`].
    fn expr(&mut self, e: &Expr) {
        walk_expr(self, e);
    }

    /// The memory access of a statement; go on with [`walk_access`].
    fn access(&mut self, a: &Access) {
        walk_access(self, a);
    }
}

/// Visits the body of a kernel.
pub fn walk_kernel<V: Visitor + ?Sized>(v: &mut V, kernel: &Kernel) {
    walk_block(v, &kernel.body);
}

/// Visits statements in order.
pub fn walk_block<V: Visitor + ?Sized>(v: &mut V, block: &[Stmt]) {
    for s in block {
        v.stmt(s);
    }
}

fn exprs<'e, V: Visitor + ?Sized>(v: &mut V, all: impl IntoIterator<Item = &'e Expr>) {
    for e in all {
        v.expr(e);
    }
}

/// Visits what a statement is made of.
pub fn walk_stmt<V: Visitor + ?Sized>(v: &mut V, s: &Stmt) {
    match s {
        Stmt::Assign { value, .. } => v.expr(value),
        Stmt::Load { access, .. } | Stmt::MatrixLoad { access, .. } => v.access(access),
        Stmt::Store { src, access, .. } | Stmt::MatrixStore { src, access, .. } => {
            exprs(v, src);
            v.access(access);
        }
        Stmt::Atomic {
            operands, access, ..
        } => {
            exprs(v, operands);
            v.access(access);
        }
        Stmt::If {
            cond, then, els, ..
        } => {
            v.expr(cond);
            walk_block(v, then);
            walk_block(v, els);
        }
        Stmt::Loop {
            header,
            cond,
            body,
            step,
            test_last,
            ..
        } => {
            if !test_last {
                walk_block(v, header);
                exprs(v, cond);
            }
            walk_block(v, body);
            walk_block(v, step);
            if *test_last {
                walk_block(v, header);
                exprs(v, cond);
            }
        }
        Stmt::Region { body, .. } => walk_block(v, body),
        Stmt::Simd { args, .. } => exprs(v, args),
        Stmt::MatrixMultiplyAccumulate { a, b, c, .. } => {
            exprs(v, a.iter().chain(b).chain(c));
        }
        Stmt::Barrier(_)
        | Stmt::Break(_)
        | Stmt::Continue(_)
        | Stmt::Leave(_)
        | Stmt::Return { .. }
        | Stmt::Unsupported { .. } => {}
    }
}

/// Visits the expressions of an access.
pub fn walk_access<V: Visitor + ?Sized>(v: &mut V, a: &Access) {
    v.expr(&a.offset);
    if let Shape::Tile { stride, .. } = &a.shape {
        v.expr(stride);
    }
}

/// Visits the operands of an expression.
pub fn walk_expr<V: Visitor + ?Sized>(v: &mut V, e: &Expr) {
    match &e.kind {
        ExprKind::Unary(_, a) | ExprKind::Cast(a) | ExprKind::Bitcast(a) => v.expr(a),
        ExprKind::Binary(_, a, b) => {
            v.expr(a);
            v.expr(b);
        }
        ExprKind::Select(c, a, b) => {
            v.expr(c);
            v.expr(a);
            v.expr(b);
        }
        ExprKind::Math(_, args) => exprs(v, args),
        ExprKind::Const(_) | ExprKind::Var(_) | ExprKind::Undef => {}
    }
}
