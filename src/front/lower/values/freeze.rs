//! Values in a form that later assignments do not change.
//!
//! Soundness direction: exact.

use crate::front::lower::value::{PtrVal, Target, Value};
use crate::ir::*;

use crate::front::lower::ctx::Lowerer;
impl<'a> Lowerer<'a> {
    /// Whether the expression keeps its value: only constants and variables assigned once.
    pub fn is_stable(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Const(_) => true,
            ExprKind::Undef => false,
            ExprKind::Var(v) => self.stable.get(v.index()).copied().unwrap_or(false),
            ExprKind::Unary(_, a) | ExprKind::Cast(a) | ExprKind::Bitcast(a) => self.is_stable(a),
            ExprKind::Binary(_, a, b) => self.is_stable(a) && self.is_stable(b),
            ExprKind::Select(a, b, c) => {
                self.is_stable(a) && self.is_stable(b) && self.is_stable(c)
            }
            ExprKind::Math(_, v) => v.iter().all(|x| self.is_stable(x)),
        }
    }

    /// The expression's value now, in a form that later assignments do not change.
    pub fn freeze(&mut self, e: Expr) -> Expr {
        if self.is_stable(&e) {
            return e;
        }
        self.temp(e)
    }

    /// As [`Self::freeze`], and cheap to repeat: a constant or a variable.
    pub fn atom(&mut self, e: Expr) -> Expr {
        match e.kind {
            ExprKind::Const(_) => e,
            ExprKind::Var(v) if self.stable.get(v.index()).copied().unwrap_or(false) => e,
            _ => self.temp(e),
        }
    }

    /// The expression in a form that is cheap to repeat within one expression.
    pub fn short(&mut self, e: Expr) -> Expr {
        match e.kind {
            ExprKind::Const(_) | ExprKind::Var(_) => e,
            _ => self.temp(e),
        }
    }

    pub fn temp(&mut self, e: Expr) -> Expr {
        let ty = e.ty;
        let v = self.temp_var(ty);
        self.assign(v, e);
        Expr::var(ty, v)
    }

    /// Freezes a pointer.
    pub fn freeze_ptr(&mut self, p: PtrVal) -> PtrVal {
        let target = match p.target {
            Target::Multi(tag, objs) => Target::Multi(self.freeze(tag), objs),
            other => other,
        };
        let offset = self.freeze(p.offset);
        PtrVal { target, offset }
    }

    /// Freezes every leaf.
    pub fn freeze_value(&mut self, v: Value) -> Value {
        use crate::front::lower::value::Leaf;
        let leaves = v
            .leaves
            .into_iter()
            .map(|l| match l {
                Leaf::S(e) => Leaf::S(self.freeze(e)),
                Leaf::P(p) => Leaf::P(self.freeze_ptr(p)),
            })
            .collect();
        Value { ty: v.ty, leaves }
    }
}
