//! SIMD-group and quad-group functions (MSL specification, sections 6.9.2 and 6.9.3).

use crate::ir::{Expr, ScalarTy, SimdOp, Stmt};

use super::super::ctx::Lowerer;
use super::super::fold;
use super::super::types::Ty;
use super::super::value::{Place, Value};
use super::Call;

/// The operation of a function, with the number of its arguments.
pub fn lookup(name: &str) -> Option<(SimdOp, usize)> {
    use SimdOp as S;
    let rest = name
        .strip_prefix("simd_")
        .or_else(|| name.strip_prefix("quad_"))?;
    Some(match rest {
        "broadcast" => (S::Broadcast, 2),
        "broadcast_first" => (S::BroadcastFirst, 1),
        "shuffle" => (S::Shuffle, 2),
        "shuffle_xor" => (S::ShuffleXor, 2),
        "shuffle_up" => (S::ShuffleUp, 2),
        "shuffle_down" => (S::ShuffleDown, 2),
        "shuffle_rotate_up" => (S::ShuffleRotateUp, 2),
        "shuffle_rotate_down" => (S::ShuffleRotateDown, 2),
        "shuffle_and_fill_up" => (S::ShuffleAndFillUp, 3),
        "shuffle_and_fill_down" => (S::ShuffleAndFillDown, 3),
        "sum" => (S::Sum, 1),
        "product" => (S::Product, 1),
        "min" => (S::Min, 1),
        "max" => (S::Max, 1),
        "and" => (S::And, 1),
        "or" => (S::Or, 1),
        "xor" => (S::Xor, 1),
        "prefix_inclusive_sum" => (S::PrefixInclusiveSum, 1),
        "prefix_exclusive_sum" => (S::PrefixExclusiveSum, 1),
        "prefix_inclusive_product" => (S::PrefixInclusiveProduct, 1),
        "prefix_exclusive_product" => (S::PrefixExclusiveProduct, 1),
        "all" => (S::All, 1),
        "any" => (S::Any, 1),
        "ballot" => (S::Ballot, 1),
        "active_threads_mask" => (S::ActiveThreadsMask, 0),
        "is_first" => (S::IsFirst, 0),
        _ => return None,
    })
}

impl<'a> Lowerer<'a> {
    /// Calls a SIMD-group or quad-group function.
    pub fn simd_call(&mut self, (op, n): (SimdOp, usize), call: Call<'_, 'a>) -> Place {
        if call.args.len() != n {
            return self.unknown_call(call.name, &call.args, true);
        }
        let quad = call.name.starts_with("quad_");
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
