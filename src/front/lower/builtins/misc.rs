//! Functions that fit nowhere else: casts, packing, results through references, fences.

use crate::ir::{Expr, ExprKind, MathFn, ScalarTy, VarKind};

use super::super::call::Arg;
use super::super::ctx::Lowerer;
use super::super::fold;
use super::super::template::TArg;
use super::super::types::Ty;
use super::super::value::{Place, Value};
use super::Call;

/// Whether the name is one of these functions.
pub fn is_name(name: &str) -> bool {
    matches!(
        name,
        "as_type"
            | "sincos"
            | "modf"
            | "frexp"
            | "atomic_thread_fence"
            | "is_function_constant_defined"
            | "is_null_texture"
            | "make_uniform"
            | "nextafter"
            | "ilogb"
            | "assert"
            | "__builtin_expect"
            | "__builtin_unreachable"
            | "__builtin_assume"
    ) || name.starts_with("unpack_") && name.contains("_to_")
        || name.starts_with("pack_float_to_")
        || name.starts_with("pack_half_to_")
}

impl<'a> Lowerer<'a> {
    /// Calls one of these functions.
    pub fn misc_call(&mut self, call: Call<'_, 'a>) -> Place {
        match call.name {
            "as_type" => {
                let Some([TArg::Ty(t)]) = call.targs.as_deref() else {
                    return self.unknown_call(call.name, &call.args, true);
                };
                let t = t.clone();
                let mut v = self.arg_values(call.args);
                if v.is_empty() {
                    return Place::Val(self.undef(&t));
                }
                let v = v.swap_remove(0);
                Place::Val(self.bitcast_value(v, &t))
            }
            // Orders memory of the calling thread only; no thread waits.
            "atomic_thread_fence" | "assert" | "__builtin_unreachable" | "__builtin_assume" => {
                self.arg_values(call.args);
                self.coherent |= call.name == "atomic_thread_fence";
                Place::Val(Value::void())
            }
            "__builtin_expect" | "make_uniform" => {
                let mut v = self.arg_values(call.args);
                if v.is_empty() {
                    return Place::Val(Value::void());
                }
                Place::Val(v.swap_remove(0))
            }
            "is_function_constant_defined" => {
                let vals = self.arg_values(call.args);
                if let Some(ExprKind::Var(v)) = vals
                    .first()
                    .and_then(|v| v.as_scalar())
                    .map(|e| e.kind.clone())
                    && let Some(VarKind::FunctionConstant(i)) =
                        self.vars.get(v.index()).map(|v| v.kind)
                {
                    let e = self.function_constant(i, true, "defined", ScalarTy::Bool);
                    return Place::Val(Value::scalar(e));
                }
                Place::Val(Value::scalar(Expr::undef(ScalarTy::Bool)))
            }
            "is_null_texture" => Place::Val(Value::scalar(Expr::undef(ScalarTy::Bool))),
            "sincos" | "modf" | "frexp" => self.two_results(call),
            "nextafter" | "ilogb" => {
                let vals = self.arg_values(call.args);
                let t = vals.first().map_or(Ty::FLOAT, |v| v.ty.clone());
                Place::Val(self.undef(&t))
            }
            name => {
                self.arg_values(call.args);
                self.packing(name)
            }
        }
    }

    /// `sincos(x, c)`, `modf(x, i)`, `frexp(x, e)`: a second result through a reference.
    fn two_results(&mut self, call: Call<'_, 'a>) -> Place {
        let mut it = call.args.clone().into_iter();
        let (Some(Arg::Place(x)), Some(Arg::Place(out))) = (it.next(), it.next()) else {
            return self.unknown_call(call.name, &call.args, true);
        };
        let out = match out.ty() {
            Ty::Pointer(..) => self.deref_place(out),
            _ => out,
        };
        let v = self.load(x);
        let v = match v.ty.element() {
            Some(s) if s.is_float() => v,
            _ => self.convert(v, &Ty::FLOAT),
        };
        let v = self.freeze_value(v);
        let map = |f: MathFn| -> Value {
            let c = v
                .scalars()
                .into_iter()
                .map(|e| fold::math(f, e.ty, vec![e]))
                .collect();
            Value::comps(v.ty.clone(), c)
        };
        let (first, second) = match call.name {
            "sincos" => (map(MathFn::Sin), map(MathFn::Cos)),
            "modf" => {
                let whole = map(MathFn::Trunc);
                let part =
                    self.binary_values(crate::front::ast::BinaryOp::Sub, v.clone(), whole.clone());
                (part, whole)
            }
            _ => (self.undef(&v.ty), self.undef(out.ty())),
        };
        let t = out.ty().clone();
        let second = self.convert(second, &t);
        self.store(&out, second);
        Place::Val(first)
    }

    /// Pack and unpack functions: their bits are not modelled, only their types.
    fn packing(&mut self, name: &str) -> Place {
        let s = if name.ends_with("half") {
            ScalarTy::F16
        } else {
            ScalarTy::F32
        };
        let ty = if name.starts_with("pack_") {
            if name.contains("565") || name.contains("5551") {
                Ty::Scalar(ScalarTy::U16)
            } else {
                Ty::UINT
            }
        } else if name.contains("2x16") {
            Ty::Vector(s, 2, false)
        } else if name.contains("565") || name.contains("11f") {
            Ty::Vector(s, 3, false)
        } else {
            Ty::Vector(s, 4, false)
        };
        Place::Val(self.undef(&ty))
    }
}
