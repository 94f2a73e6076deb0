//! Named constants and `numeric_limits` (MSL specification, sections 6.5, 2.1).

use crate::front::ast::Path;
use crate::ir::{Expr, ScalarTy};

use super::super::ctx::Lowerer;
use super::super::fold::floatc;
use super::super::template::TArg;
use super::super::types::{ENUM_OTHER, Ty};
use super::super::value::Value;

/// A constant of the standard library.
pub fn named(p: &Path) -> Option<Value> {
    let f = |v: f64| Some(Value::scalar(floatc(ScalarTy::F32, v)));
    let h = |v: f64| Some(Value::scalar(floatc(ScalarTy::F16, v)));
    let i = |t: ScalarTy, v: i128| Some(Value::scalar(Expr::constant(t, v as u64)));
    use std::f64::consts as c;
    match p.last_name() {
        "INFINITY" | "HUGE_VALF" => f(f64::INFINITY),
        "NAN" => f(f64::NAN),
        "MAXFLOAT" | "FLT_MAX" => f(f64::from(f32::MAX)),
        "FLT_MIN" => f(f64::from(f32::MIN_POSITIVE)),
        "FLT_EPSILON" => f(f64::from(f32::EPSILON)),
        "HALF_MAX" | "MAXHALF" | "HLF_MAX" => h(65504.0),
        "HALF_MIN" => h(6.103_515_625e-5),
        "HALF_EPSILON" => h(9.765_625e-4),
        "HUGE_VALH" => h(f64::INFINITY),
        "M_PI_F" => f(c::PI),
        "M_PI_2_F" => f(c::FRAC_PI_2),
        "M_PI_4_F" => f(c::FRAC_PI_4),
        "M_1_PI_F" => f(c::FRAC_1_PI),
        "M_2_PI_F" => f(c::FRAC_2_PI),
        "M_2_SQRTPI_F" => f(c::FRAC_2_SQRT_PI),
        "M_SQRT2_F" => f(c::SQRT_2),
        "M_SQRT1_2_F" => f(c::FRAC_1_SQRT_2),
        "M_E_F" => f(c::E),
        "M_LN2_F" => f(c::LN_2),
        "M_LN10_F" => f(c::LN_10),
        "M_LOG2E_F" => f(c::LOG2_E),
        "M_LOG10E_F" => f(c::LOG10_E),
        "M_PI_H" => h(c::PI),
        "INT_MAX" => i(ScalarTy::I32, i128::from(i32::MAX)),
        "INT_MIN" => i(ScalarTy::I32, i128::from(i32::MIN)),
        "UINT_MAX" => i(ScalarTy::U32, i128::from(u32::MAX)),
        "LONG_MAX" => i(ScalarTy::I64, i128::from(i64::MAX)),
        "LONG_MIN" => i(ScalarTy::I64, i128::from(i64::MIN)),
        "ULONG_MAX" => i(ScalarTy::U64, i128::from(u64::MAX)),
        "SHRT_MAX" => i(ScalarTy::I32, 32767),
        "SHRT_MIN" => i(ScalarTy::I32, -32768),
        "USHRT_MAX" => i(ScalarTy::I32, 65535),
        "CHAR_MAX" | "SCHAR_MAX" => i(ScalarTy::I32, 127),
        "CHAR_MIN" | "SCHAR_MIN" => i(ScalarTy::I32, -128),
        "UCHAR_MAX" => i(ScalarTy::I32, 255),
        "CHAR_BIT" => i(ScalarTy::I32, 8),
        // How precise; what is computed here does not depend on it.
        "__METAL_FAST_MATH__" | "__METAL_PRECISE_MATH__" | "__METAL_MAYBE_FAST_MATH__" => {
            i(ScalarTy::I32, 0)
        }
        n if n.starts_with("memory_order_") || n.starts_with("thread_scope_") => {
            Some(Value::comps(
                Ty::Enum(ENUM_OTHER, ScalarTy::U32),
                vec![Expr::constant(ScalarTy::U32, 0)],
            ))
        }
        _ => None,
    }
}

impl<'a> Lowerer<'a> {
    /// `numeric_limits<T>::max()` and its kin.
    pub fn numeric_limits(&mut self, p: &'a Path) -> Option<Value> {
        let [.., class, last] = p.segments.as_slice() else {
            return None;
        };
        if class.name != "numeric_limits" && class.name != "_numeric_limits_impl" {
            return None;
        }
        let args = self.template_args(class.args.as_deref()?);
        let Some(TArg::Ty(t)) = args.first() else {
            return None;
        };
        let s = t.element()?;
        let value = if s.is_float() {
            let (max, min, eps) = match s {
                ScalarTy::F16 => (65504.0, 6.103_515_625e-5, 9.765_625e-4),
                ScalarTy::BF16 => (
                    3.389_531_389_251_535_5e38,
                    1.175_494_350_822_287_5e-38,
                    7.8125e-3,
                ),
                _ => (
                    f64::from(f32::MAX),
                    f64::from(f32::MIN_POSITIVE),
                    f64::from(f32::EPSILON),
                ),
            };
            floatc(
                s,
                match last.name.as_str() {
                    "max" => max,
                    "lowest" => -max,
                    "min" => min,
                    "epsilon" => eps,
                    "infinity" => f64::INFINITY,
                    "quiet_NaN" | "signaling_NaN" => f64::NAN,
                    _ => return None,
                },
            )
        } else {
            let w = s.bits();
            let v: u64 = match (last.name.as_str(), s.is_signed()) {
                ("max", false) => u64::MAX,
                ("max", true) => (1u64 << (w - 1)) - 1,
                ("min" | "lowest", false) => 0,
                ("min" | "lowest", true) => 1u64 << (w - 1),
                ("infinity" | "epsilon" | "quiet_NaN", _) => 0,
                _ => return None,
            };
            Expr::constant(s, v)
        };
        let v = Value::scalar(value);
        Some(self.convert(v, t))
    }
}
