//! Contents that steer a kernel.
//!
//! Purpose: the constants that loaded values are compared with, so that a search fills buffers
//! with what the kernel asks for (`stage[i] == 255`). Soundness direction: none needed; these are
//! suggestions for launches.

use std::collections::{BTreeMap, BTreeSet};

use crate::ir::{Expr, ExprKind, Kernel, ObjectId, ScalarTy, Space, Stmt, VarId};

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

/// Most fields of [`constant_fields`].
const MOST_FIELDS: usize = 64;

/// The places in constant memory of the launch that the kernel reads at fixed offsets and that are no scalars of the launch: fields of
/// structures behind pointers. In order of object and offset.
pub fn constant_fields(kernel: &Kernel) -> Vec<(ObjectId, u64, ScalarTy)> {
    let mut found = BTreeMap::new();
    fields_in(kernel, &kernel.body, &mut found);
    for s in &kernel.scalars {
        found.remove(&(s.object, s.offset));
    }
    // Where the host puts pointers, numbers are out of place.
    for place in &kernel.pointers.host {
        found.remove(place);
    }
    let all = found.into_iter().map(|((o, at), ty)| (o, at, ty));
    all.take(MOST_FIELDS).collect()
}

fn fields_in(kernel: &Kernel, list: &[Stmt], found: &mut BTreeMap<(ObjectId, u64), ScalarTy>) {
    for s in list {
        match s {
            Stmt::Load { dst, ty, access } => {
                let open = kernel.objects.get(access.object.index()).is_some_and(|o| {
                    o.space == Space::Constant && o.param.is_some() && o.init.is_none()
                });
                if let (true, ExprKind::Const(at)) = (open, &access.offset.kind) {
                    for i in 0..dst.len() as u64 {
                        let place = (access.object, at.wrapping_add(i * ty.size()));
                        found.entry(place).or_insert(*ty);
                    }
                }
            }
            Stmt::If { then, els, .. } => {
                fields_in(kernel, then, found);
                fields_in(kernel, els, found);
            }
            Stmt::Loop {
                header, body, step, ..
            } => {
                for part in [header, body, step] {
                    fields_in(kernel, part, found);
                }
            }
            Stmt::Region { body, .. } => fields_in(kernel, body, found),
            _ => {}
        }
    }
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
