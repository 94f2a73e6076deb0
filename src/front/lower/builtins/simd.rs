//! SIMD-group and quad-group functions (MSL specification, sections 6.9.2 and 6.9.3).

use crate::ir::{Expr, ScalarTy, SimdOp, Stmt};
use crate::models::{Exchange, Scope, SimdFunction};

use super::super::ctx::Lowerer;
use super::super::fold;
use super::super::types::Ty;
use super::super::value::{Place, Value};
use super::Call;

/// The operation of a function.
fn operation(e: Exchange) -> SimdOp {
    match e {
        Exchange::Broadcast => SimdOp::Broadcast,
        Exchange::BroadcastFirst => SimdOp::BroadcastFirst,
        Exchange::Shuffle => SimdOp::Shuffle,
        Exchange::ShuffleXor => SimdOp::ShuffleXor,
        Exchange::ShuffleUp => SimdOp::ShuffleUp,
        Exchange::ShuffleDown => SimdOp::ShuffleDown,
        Exchange::ShuffleRotateUp => SimdOp::ShuffleRotateUp,
        Exchange::ShuffleRotateDown => SimdOp::ShuffleRotateDown,
        Exchange::ShuffleAndFillUp => SimdOp::ShuffleAndFillUp,
        Exchange::ShuffleAndFillDown => SimdOp::ShuffleAndFillDown,
        Exchange::Sum => SimdOp::Sum,
        Exchange::Product => SimdOp::Product,
        Exchange::Min => SimdOp::Min,
        Exchange::Max => SimdOp::Max,
        Exchange::And => SimdOp::And,
        Exchange::Or => SimdOp::Or,
        Exchange::Xor => SimdOp::Xor,
        Exchange::PrefixInclusiveSum => SimdOp::PrefixInclusiveSum,
        Exchange::PrefixExclusiveSum => SimdOp::PrefixExclusiveSum,
        Exchange::PrefixInclusiveProduct => SimdOp::PrefixInclusiveProduct,
        Exchange::PrefixExclusiveProduct => SimdOp::PrefixExclusiveProduct,
        Exchange::All => SimdOp::All,
        Exchange::Any => SimdOp::Any,
        Exchange::Ballot => SimdOp::Ballot,
        Exchange::ActiveThreadsMask => SimdOp::ActiveThreadsMask,
        Exchange::IsFirst => SimdOp::IsFirst,
    }
}

impl<'a> Lowerer<'a> {
    /// Calls a SIMD-group or quad-group function.
    pub fn simd_call(&mut self, f: &SimdFunction, call: Call<'_, 'a>) -> Place {
        let op = operation(f.op);
        // With a modulus the lanes that exchange are others: a value that is not known.
        let modulus = matches!(op, SimdOp::ShuffleAndFillUp | SimdOp::ShuffleAndFillDown)
            && call.args.len() == f.args + 1;
        if modulus {
            let vals = self.arg_values(call.args);
            let ty = vals.first().map_or(Ty::Void, |v| v.ty.clone());
            return Place::Val(self.undef(&ty));
        }
        if call.args.len() != f.args {
            return self.unknown_call(call.name, &call.args, true);
        }
        let quad = f.lanes == Scope::Quadgroup;
        let vals = self.arg_values(call.args);
        let result = |arg: ScalarTy| match op {
            SimdOp::All | SimdOp::Any | SimdOp::IsFirst => ScalarTy::Bool,
            SimdOp::Ballot | SimdOp::ActiveThreadsMask => ScalarTy::U64,
            _ => arg,
        };
        let Some(first) = vals.first() else {
            let t = result(ScalarTy::U64);
            let dst = self.emit_simd(op, t, Vec::new(), quad);
            return Place::Val(Value::scalar(dst));
        };
        let boolean = matches!(op, SimdOp::All | SimdOp::Any | SimdOp::Ballot);
        let fill = matches!(op, SimdOp::ShuffleAndFillUp | SimdOp::ShuffleAndFillDown);
        let ty = first.ty.clone();
        if ty.element().is_none() {
            return Place::Val(self.undef(&ty));
        }
        let comps = first.scalars();
        let width = comps.len();
        let mut out = Vec::new();
        for (i, e) in comps.into_iter().enumerate() {
            let e = if boolean { fold::truthy(e) } else { e };
            let s = e.ty;
            let mut args = vec![e];
            for (k, v) in vals.iter().enumerate().skip(1) {
                let all = v.scalars();
                let x = all.get(i).or(all.first()).cloned();
                let x = x.unwrap_or_else(|| Expr::undef(ScalarTy::U32));
                args.push(if fill && k == 1 {
                    fold::cast(x, s)
                } else {
                    fold::cast(x, ScalarTy::U32)
                });
            }
            out.push(self.emit_simd(op, result(s), args, quad));
        }
        let ty = match (boolean, &ty) {
            (true, _) => Ty::vector(result(ScalarTy::Bool), width as u8),
            (false, t) => t.clone(),
        };
        Place::Val(Value::comps(ty, out))
    }

    fn emit_simd(&mut self, op: SimdOp, ty: ScalarTy, args: Vec<Expr>, quad: bool) -> Expr {
        let dst = self.temp_var(ty);
        let (span, path) = (self.span, self.path());
        self.emit(Stmt::Simd {
            dst,
            op,
            args,
            quad,
            span,
            path,
        });
        Expr::var(ty, dst)
    }
}
