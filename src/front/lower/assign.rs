//! Assignment, compound assignment, increment and decrement.
//!
//! Soundness direction: exact; the target is evaluated once.

use crate::front::ast::{BinaryOp, Expr as AExpr, ExprKind as EK};
use crate::ir::{Expr, ScalarTy};

use super::call::Arg;
use super::ctx::Lowerer;
use super::expr::has_effects;
use super::operators::op_text;
use super::types::Ty;
use super::value::{Place, Value};

impl<'a> Lowerer<'a> {
    /// `l = r` or `l op= r`; the result is the target.
    pub fn assign_expr(&mut self, op: Option<BinaryOp>, l: &'a AExpr, r: &'a AExpr) -> Place {
        // The right operand is evaluated first (C++17 [expr.ass]).
        if let (None, EK::InitList(args)) = (op, &r.kind) {
            let p = self.place(l);
            if self.has_assignment(p.ty()) {
                let name = self.type_name(p.ty());
                let what = format!("assignment of a list to `{name}`");
                self.unsupported(what, true, true, Vec::new());
                return p;
            }
            let p = self.freeze_place(p);
            let ty = p.ty().clone();
            let v = self.construct(&ty, args, true);
            self.store(&p, v);
            return p;
        }
        let rp = self.place(r);
        let rp = if matches!(rp.ty(), Ty::Record(_)) {
            rp
        } else {
            Place::Val(self.decay(rp))
        };
        let rp = if has_effects(l) {
            self.freeze_place(rp)
        } else {
            rp
        };
        let p = self.place(l);
        let p = self.stable_target(p);
        if matches!(p.ty(), Ty::Record(_)) || (op.is_some() && matches!(rp.ty(), Ty::Record(_))) {
            let name = match op {
                None => "operator=".to_string(),
                Some(o) => format!("operator{}=", op_text(o)),
            };
            if op.is_none() && self.assign_object(&p, &rp) {
                return p;
            }
            let args = vec![Arg::Place(p.clone()), Arg::Place(rp.clone())];
            if let Some(q) = self.operator(&name, args, &[l, r]) {
                return q;
            }
            if self.special(p.ty()).assign && op.is_none() {
                let name = self.type_name(p.ty());
                self.unsupported(format!("assignment to `{name}`"), true, true, Vec::new());
                return p;
            }
        }
        let mut v = match rp.ty() {
            Ty::Record(_) if op.is_none() => {
                let ty = p.ty().clone();
                self.init_from(rp, &ty)
            }
            _ => self.load(rp),
        };
        if let Some(o) = op {
            let old = self.load(p.clone());
            if let Ty::Record(_) = v.ty {
                let x = self.arithmetic_operand(Place::Val(v));
                v = self.load(x);
            }
            v = self.binary_values(o, old, v);
        }
        let ty = p.ty().clone();
        let v = self.convert(v, &ty);
        self.store(&p, v);
        p
    }

    /// Whether a class declares any assignment operator.
    fn has_assignment(&self, t: &Ty) -> bool {
        matches!(t, Ty::Record(id) if self.class_member(*id, "operator=", false).is_some())
            || self.special(t).assign
    }

    /// A target whose address is computed once.
    fn stable_target(&mut self, p: Place) -> Place {
        match p {
            Place::Mem(t, mut ptr, cv) => {
                if !matches!(ptr.offset.kind, crate::ir::ExprKind::Const(_)) {
                    ptr = self.freeze_ptr(ptr);
                }
                Place::Mem(t, ptr, cv)
            }
            other => self.freeze_place(other),
        }
    }

    /// `++x`, `x++` and the decrements.
    pub fn increment(&mut self, x: &'a AExpr, inc: bool, post: bool) -> Place {
        let p = self.place(x);
        let p = self.stable_target(p);
        if matches!(p.ty(), Ty::Record(_) | Ty::Enum(..)) {
            let name = if inc { "operator++" } else { "operator--" };
            let mut args = vec![Arg::Place(p.clone())];
            if post {
                let zero = Expr::constant(ScalarTy::I32, 0);
                args.push(Arg::Place(Place::Val(Value::scalar(zero))));
            }
            if let Some(q) = self.operator(name, args, &[x]) {
                return q;
            }
        }
        let mut old = self.load(p.clone());
        if post {
            old = self.freeze_value(old);
        }
        let one = Value::scalar(Expr::constant(ScalarTy::I32, 1));
        let op = if inc { BinaryOp::Add } else { BinaryOp::Sub };
        let v = self.binary_values(op, old.clone(), one);
        let ty = p.ty().clone();
        let v = self.convert(v, &ty);
        self.store(&p, v);
        if post { Place::Val(old) } else { p }
    }
}
