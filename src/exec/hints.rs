//! Contents that steer a kernel.
//!
//! Purpose: the constants that loaded values are compared with, so that a search fills buffers
//! with what the kernel asks for (`stage[i] == 255`). Soundness direction: none needed; these are
//! suggestions for launches.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{Expr, ExprKind, Kernel, ObjectId, Stmt, VarId};

/// Most constants of one object.
const MOST: usize = 4;

/// For each object, integers that values loaded from it are compared with, smallest first.
pub fn compared_with(kernel: &Kernel) -> BTreeMap<ObjectId, BTreeSet<i64>> {
    let mut hints = Hints::default();
    // Values are copied to variables that are compared later, also around loops.
    for _ in 0..2 {
        hints.block(&kernel.body);
    }
    hints.found
}

#[derive(Default)]
struct Hints {
    /// Where variables got their values from.
    from: BTreeMap<VarId, ObjectId>,
    found: BTreeMap<ObjectId, BTreeSet<i64>>,
}

impl Hints {
    fn block(&mut self, stmts: &[Stmt]) {
        for s in stmts {
            self.stmt(s);
        }
    }

    fn stmt(&mut self, s: &Stmt) {
        match s {
            Stmt::Load { dst, access, .. } => {
                for d in dst {
                    self.from.insert(*d, access.object);
                }
            }
            Stmt::Assign { dst, value, .. } => {
                self.expr(value);
                if let Some(o) = self.source(value) {
                    self.from.insert(*dst, o);
                }
            }
            Stmt::If {
                cond, then, els, ..
            } => {
                self.expr(cond);
                self.block(then);
                self.block(els);
            }
            Stmt::Loop {
                header,
                cond,
                body,
                step,
                ..
            } => {
                self.block(header);
                if let Some(c) = cond {
                    self.expr(c);
                }
                self.block(body);
                self.block(step);
            }
            Stmt::Region { body, .. } => self.block(body),
            _ => {}
        }
    }

    /// The object whose contents an expression passes on.
    fn source(&self, e: &Expr) -> Option<ObjectId> {
        match &e.kind {
            ExprKind::Var(v) => self.from.get(v).copied(),
            ExprKind::Cast(a) => self.source(a),
            _ => None,
        }
    }

    fn expr(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Binary(op, a, b) => {
                if op.is_comparison() {
                    self.compare(a, b);
                    self.compare(b, a);
                }
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Unary(_, a) | ExprKind::Cast(a) | ExprKind::Bitcast(a) => self.expr(a),
            ExprKind::Select(c, a, b) => {
                self.expr(c);
                self.expr(a);
                self.expr(b);
            }
            ExprKind::Math(_, args) => args.iter().for_each(|a| self.expr(a)),
            ExprKind::Const(_) | ExprKind::Var(_) | ExprKind::Undef => {}
        }
    }

    fn compare(&mut self, loaded: &Expr, with: &Expr) {
        let (Some(object), ExprKind::Const(bits)) = (self.source(loaded), &with.kind) else {
            return;
        };
        if with.ty.is_float() {
            return;
        }
        // Sign extension of the low bits.
        let unused = 64u32.saturating_sub(with.ty.bits());
        let value = if with.ty.is_signed() {
            ((*bits << unused) as i64) >> unused
        } else {
            *bits as i64
        };
        let all = self.found.entry(object).or_default();
        if all.len() < MOST {
            all.insert(value);
        }
    }
}
