//! Building IR expressions with constant folding.
//!
//! Purpose: every expression is built here, so that constants are folded at the exact width of
//! their type and nothing is reassociated in a way that changes wrapping. Soundness direction: exact.

use crate::ir::{BinOp, Expr, ExprKind, MathFn, ScalarTy, UnOp};

/// A `long` constant.
pub fn i64c(v: i64) -> Expr {
    Expr::constant(ScalarTy::I64, v as u64)
}

/// A `bool` constant.
pub fn boolc(v: bool) -> Expr {
    Expr::constant(ScalarTy::Bool, u64::from(v))
}

/// A `uint` constant.
pub fn u32c(v: u32) -> Expr {
    Expr::constant(ScalarTy::U32, u64::from(v))
}

/// Bits of a floating constant, rounded to nearest even.
pub fn float_bits(ty: ScalarTy, v: f64) -> u64 {
    match ty {
        ScalarTy::F32 => u64::from((v as f32).to_bits()),
        ScalarTy::F16 => small_float_bits(v, 5, 10),
        ScalarTy::BF16 => small_float_bits(v, 8, 7),
        _ => 0,
    }
}

fn small_float_bits(v: f64, exp_bits: i32, man_bits: i32) -> u64 {
    let sign = u64::from(v.is_sign_negative()) << (exp_bits + man_bits);
    let max_exp = (1i64 << exp_bits) - 1;
    let bias = (1i64 << (exp_bits - 1)) - 1;
    if v.is_nan() {
        return ((max_exp as u64) << man_bits) | (1 << (man_bits - 1));
    }
    let a = v.abs();
    if a == 0.0 {
        return sign;
    }
    let inf = sign | ((max_exp as u64) << man_bits);
    if a.is_infinite() {
        return inf;
    }
    let e = (((a.to_bits() >> 52) & 0x7ff) as i64 - 1023).max(1 - bias);
    let scaled = a * 2f64.powi((i64::from(man_bits) - e) as i32);
    let mut r = scaled.floor();
    let rest = scaled - r;
    if rest > 0.5 || (rest == 0.5 && (r as u64) & 1 == 1) {
        r += 1.0;
    }
    let m = r as u64;
    // A mantissa below the hidden bit is subnormal; a carry past it moves to the next exponent.
    let bits = if m >> man_bits == 0 {
        m
    } else {
        (((e + bias) as u64) << man_bits) + (m - (1 << man_bits))
    };
    if bits >= (max_exp as u64) << man_bits {
        return inf;
    }
    sign | bits
}

/// The value of a floating constant.
pub fn float_value(ty: ScalarTy, bits: u64) -> f64 {
    let small = |exp_bits: i32, man_bits: i32| {
        let sign = if bits >> (exp_bits + man_bits) & 1 == 1 {
            -1.0
        } else {
            1.0
        };
        let max_exp = (1i64 << exp_bits) - 1;
        let bias = (1i64 << (exp_bits - 1)) - 1;
        let e = (bits >> man_bits) as i64 & max_exp;
        let m = (bits & ((1 << man_bits) - 1)) as f64;
        if e == max_exp {
            return if m == 0.0 {
                sign * f64::INFINITY
            } else {
                f64::NAN
            };
        }
        let (frac, e) = if e == 0 {
            (m, 1 - bias)
        } else {
            (m + (1i64 << man_bits) as f64, e - bias)
        };
        sign * frac * 2f64.powi((e - i64::from(man_bits)) as i32)
    };
    match ty {
        ScalarTy::F32 => f64::from(f32::from_bits(bits as u32)),
        ScalarTy::F16 => small(5, 10),
        ScalarTy::BF16 => small(8, 7),
        _ => 0.0,
    }
}

/// A floating constant.
pub fn floatc(ty: ScalarTy, v: f64) -> Expr {
    Expr::constant(ty, float_bits(ty, v))
}

fn const_float(e: &Expr) -> Option<f64> {
    match e.kind {
        ExprKind::Const(b) if e.ty.is_float() => Some(float_value(e.ty, b)),
        _ => None,
    }
}

/// Whether the constant is truthy; `None` when it is not a constant.
pub fn const_bool(e: &Expr) -> Option<bool> {
    match e.kind {
        ExprKind::Const(b) if e.ty.is_float() => Some(float_value(e.ty, b) != 0.0),
        ExprKind::Const(b) => Some(b != 0),
        _ => None,
    }
}

/// Numeric conversion.
pub fn cast(e: Expr, to: ScalarTy) -> Expr {
    if e.ty == to {
        return e;
    }
    if let Some(v) = e.as_int() {
        return if to == ScalarTy::Bool {
            boolc(v != 0)
        } else if to.is_float() {
            // One rounding: directly to `float`; small integers are exact in f64.
            match to {
                ScalarTy::F32 => Expr::constant(to, u64::from((v as f32).to_bits())),
                _ => floatc(to, v as f64),
            }
        } else {
            Expr::constant(to, v as u64)
        };
    }
    if let Some(v) = const_float(&e) {
        if to == ScalarTy::Bool {
            return boolc(v != 0.0);
        }
        if to.is_float() {
            return floatc(to, v);
        }
        if v.is_finite() && v.abs() < 9.0e18 {
            return Expr::constant(to, (v.trunc() as i128) as u64);
        }
    }
    if matches!(e.kind, ExprKind::Undef) {
        return Expr::undef(to);
    }
    // A widening followed by a narrowing to the original type is the identity.
    if let ExprKind::Cast(inner) = &e.kind
        && inner.ty == to
        && inner.ty.is_int()
        && e.ty.is_int()
        && e.ty.bits() >= to.bits()
    {
        return (**inner).clone();
    }
    e.cast(to)
}

/// Same bits, other type.
pub fn bitcast(e: Expr, to: ScalarTy) -> Expr {
    if e.ty == to {
        return e;
    }
    match e.kind {
        ExprKind::Const(b) => Expr::constant(to, b),
        ExprKind::Undef => Expr::undef(to),
        ExprKind::Bitcast(inner) => bitcast(*inner, to),
        _ => Expr {
            ty: to,
            kind: ExprKind::Bitcast(Box::new(e)),
        },
    }
}

/// A prefix operator.
pub fn unary(op: UnOp, e: Expr) -> Expr {
    if let Some(v) = e.as_int() {
        return match op {
            UnOp::Neg => Expr::constant(e.ty, v.wrapping_neg() as u64),
            UnOp::BitNot => Expr::constant(e.ty, !v as u64),
            UnOp::Not => boolc(v == 0),
        };
    }
    if op == UnOp::Neg
        && let Some(v) = const_float(&e)
    {
        return floatc(e.ty, -v);
    }
    if op == UnOp::Not
        && let ExprKind::Unary(UnOp::Not, inner) = e.kind
    {
        return *inner;
    }
    Expr {
        ty: e.ty,
        kind: ExprKind::Unary(op, Box::new(e)),
    }
}

fn fold_int(op: BinOp, ty: ScalarTy, x: i128, y: i128) -> Option<Expr> {
    let c = |v: i128| Some(Expr::constant(ty, v as u64));
    let count = (y as u64) & u64::from(ty.bits().max(8) - 1);
    match op {
        BinOp::Add => c(x.wrapping_add(y)),
        BinOp::Sub => c(x.wrapping_sub(y)),
        BinOp::Mul => c(x.wrapping_mul(y)),
        BinOp::Div if y != 0 => c(x / y),
        BinOp::Rem if y != 0 => c(x % y),
        BinOp::Div | BinOp::Rem => None,
        BinOp::Shl => c(((x as u64) << count) as i128),
        BinOp::Shr => c(x >> count),
        BinOp::And => c(x & y),
        BinOp::Or => c(x | y),
        BinOp::Xor => c(x ^ y),
        BinOp::Lt => Some(boolc(x < y)),
        BinOp::Le => Some(boolc(x <= y)),
        BinOp::Gt => Some(boolc(x > y)),
        BinOp::Ge => Some(boolc(x >= y)),
        BinOp::Eq => Some(boolc(x == y)),
        BinOp::Ne => Some(boolc(x != y)),
    }
}

fn fold_float(op: BinOp, ty: ScalarTy, x: f64, y: f64) -> Option<Expr> {
    // f64 holds every half, bfloat and float exactly and has more than twice their digits, so one
    // rounding of the f64 result is the correctly rounded result for + - * /.
    match op {
        BinOp::Add => Some(floatc(ty, x + y)),
        BinOp::Sub => Some(floatc(ty, x - y)),
        BinOp::Mul => Some(floatc(ty, x * y)),
        BinOp::Div => Some(floatc(ty, x / y)),
        BinOp::Lt => Some(boolc(x < y)),
        BinOp::Le => Some(boolc(x <= y)),
        BinOp::Gt => Some(boolc(x > y)),
        BinOp::Ge => Some(boolc(x >= y)),
        BinOp::Eq => Some(boolc(x == y)),
        BinOp::Ne => Some(boolc(x != y)),
        _ => None,
    }
}

/// An infix operator on two operands of the same type.
pub fn binary(op: BinOp, a: Expr, b: Expr) -> Expr {
    let ty = a.ty;
    if let (Some(x), Some(y)) = (a.as_int(), b.as_int())
        && let Some(e) = fold_int(op, ty, x, y)
    {
        return e;
    }
    if let (Some(x), Some(y)) = (const_float(&a), const_float(&b))
        && let Some(e) = fold_float(op, ty, x, y)
    {
        return e;
    }
    if !ty.is_float() {
        match (op, a.as_int(), b.as_int()) {
            (BinOp::Add | BinOp::Or | BinOp::Xor, Some(0), _) if ty != ScalarTy::Bool => return b,
            (
                BinOp::Add | BinOp::Sub | BinOp::Or | BinOp::Xor | BinOp::Shl | BinOp::Shr,
                _,
                Some(0),
            ) if ty != ScalarTy::Bool => return a,
            (BinOp::Mul, Some(1), _) => return b,
            (BinOp::Mul | BinOp::Div, _, Some(1)) => return a,
            (BinOp::Mul | BinOp::And, Some(0), _) | (BinOp::Mul | BinOp::And, _, Some(0)) => {
                return Expr::constant(ty, 0);
            }
            (BinOp::And, Some(1), _) if ty == ScalarTy::Bool => return b,
            (BinOp::And, _, Some(1)) if ty == ScalarTy::Bool => return a,
            (BinOp::Or, Some(0), _) if ty == ScalarTy::Bool => return b,
            (BinOp::Or, _, Some(0)) if ty == ScalarTy::Bool => return a,
            (BinOp::Or, Some(1), _) | (BinOp::Or, _, Some(1)) if ty == ScalarTy::Bool => {
                return boolc(true);
            }
            // Addition is associative modulo 2^w.
            (BinOp::Add, _, Some(y)) => {
                if let ExprKind::Binary(BinOp::Add, l, r) = &a.kind
                    && let Some(x) = r.as_int()
                {
                    let sum = Expr::constant(ty, x.wrapping_add(y) as u64);
                    return binary(BinOp::Add, (**l).clone(), sum);
                }
            }
            _ => {}
        }
    }
    Expr::binary(op, a, b)
}

/// `c ? a : b`
pub fn select(c: Expr, a: Expr, b: Expr) -> Expr {
    match const_bool(&c) {
        Some(true) => a,
        Some(false) => b,
        None if a == b => a,
        None => Expr {
            ty: a.ty,
            kind: ExprKind::Select(Box::new(c), Box::new(a), Box::new(b)),
        },
    }
}

/// `bool` from any scalar.
pub fn truthy(e: Expr) -> Expr {
    if e.ty == ScalarTy::Bool {
        return e;
    }
    cast(e, ScalarTy::Bool)
}

/// Logical negation, pushed into integer comparisons.
pub fn not(e: Expr) -> Expr {
    unary(UnOp::Not, e)
}

/// A pure function; integer minimum, maximum and a few bit counts are folded.
pub fn math(f: MathFn, ty: ScalarTy, args: Vec<Expr>) -> Expr {
    let ints: Option<Vec<i128>> = args.iter().map(Expr::as_int).collect();
    if let Some(v) = ints {
        let w = args.first().map_or(32, |a| a.ty.bits());
        let bits = |x: i128| (x as u64) & if w >= 64 { u64::MAX } else { (1u64 << w) - 1 };
        let r = match (f, v.as_slice()) {
            (MathFn::Min, [x, y]) => Some(*x.min(y)),
            (MathFn::Max, [x, y]) => Some(*x.max(y)),
            (MathFn::Abs, [x]) => Some(x.abs()),
            (MathFn::Popcount, [x]) => Some(i128::from(bits(*x).count_ones())),
            (MathFn::Clz, [x]) => Some(i128::from(
                bits(*x).leading_zeros().saturating_sub(64 - w).min(w),
            )),
            (MathFn::Ctz, [x]) => Some(i128::from(bits(*x).trailing_zeros().min(w))),
            _ => None,
        };
        if let Some(r) = r {
            return Expr::constant(ty, r as u64);
        }
    }
    let floats: Option<Vec<f64>> = args.iter().map(const_float).collect();
    if let Some(v) = floats
        && ty.is_float()
    {
        let r = match (f, v.as_slice()) {
            (MathFn::Min, [x, y]) => Some(x.min(*y)),
            (MathFn::Max, [x, y]) => Some(x.max(*y)),
            (MathFn::Abs, [x]) => Some(x.abs()),
            (MathFn::Floor, [x]) => Some(x.floor()),
            (MathFn::Ceil, [x]) => Some(x.ceil()),
            (MathFn::Sqrt, [x]) => Some(x.sqrt()),
            _ => None,
        };
        if let Some(r) = r {
            return floatc(ty, r);
        }
    }
    Expr {
        ty,
        kind: ExprKind::Math(f, args),
    }
}
