//! Operators and conversions on bit patterns.
//!
//! Purpose: integer arithmetic at exact widths with wrap-around, signed division that truncates,
//! shifts whose count is masked, floats rounded to their format, conversions by C++ rules with
//! saturating float-to-integer conversion (what Metal does). Soundness direction: exact.

use super::value::{from_f32, from_f64, mask, to_f32, to_i64};
use crate::ir::{BinOp, ScalarTy, UnOp};

/// A prefix operator.
#[inline]
pub fn unary(op: UnOp, ty: ScalarTy, a: u64) -> u64 {
    match op {
        UnOp::Neg if ty.is_float() => a ^ (1 << (ty.bits() - 1)),
        UnOp::Neg => mask(ty, a.wrapping_neg()),
        UnOp::BitNot => mask(ty, !a),
        UnOp::Not => u64::from(a == 0),
    }
}

/// An infix operator on operands of type `ty`; `None` is division or remainder by zero.
#[inline]
pub fn binary(op: BinOp, ty: ScalarTy, a: u64, b: u64) -> Option<u64> {
    if ty.is_float() {
        return Some(float_binary(op, ty, a, b));
    }
    let count = (b as u32) & (ty.bits().max(2) - 1);
    Some(match op {
        BinOp::Add => mask(ty, a.wrapping_add(b)),
        BinOp::Sub => mask(ty, a.wrapping_sub(b)),
        BinOp::Mul => mask(ty, a.wrapping_mul(b)),
        BinOp::And => a & b,
        BinOp::Or => a | b,
        BinOp::Xor => a ^ b,
        BinOp::Eq => u64::from(a == b),
        BinOp::Ne => u64::from(a != b),
        BinOp::Shl => mask(ty, a << count),
        BinOp::Div | BinOp::Rem if b == 0 => return None,
        _ if ty.is_signed() => {
            let (x, y) = (to_i64(ty, a), to_i64(ty, b));
            match op {
                BinOp::Div => mask(ty, x.wrapping_div(y) as u64),
                BinOp::Rem => mask(ty, x.wrapping_rem(y) as u64),
                BinOp::Shr => mask(ty, (x >> count) as u64),
                BinOp::Lt => u64::from(x < y),
                BinOp::Le => u64::from(x <= y),
                BinOp::Gt => u64::from(x > y),
                _ => u64::from(x >= y),
            }
        }
        BinOp::Div => a / b,
        BinOp::Rem => a % b,
        BinOp::Shr => a >> count,
        BinOp::Lt => u64::from(a < b),
        BinOp::Le => u64::from(a <= b),
        BinOp::Gt => u64::from(a > b),
        BinOp::Ge => u64::from(a >= b),
    })
}

fn float_binary(op: BinOp, ty: ScalarTy, a: u64, b: u64) -> u64 {
    let (x, y) = (to_f32(ty, a), to_f32(ty, b));
    match op {
        BinOp::Add => from_f32(ty, x + y),
        BinOp::Sub => from_f32(ty, x - y),
        BinOp::Mul => from_f32(ty, x * y),
        BinOp::Div => from_f32(ty, x / y),
        BinOp::Rem => from_f32(ty, x % y),
        BinOp::Lt => u64::from(x < y),
        BinOp::Le => u64::from(x <= y),
        BinOp::Gt => u64::from(x > y),
        BinOp::Ge => u64::from(x >= y),
        BinOp::Eq => u64::from(x == y),
        BinOp::Ne => u64::from(x != y),
        // Not defined on floats; lowering never produces them.
        BinOp::Shl | BinOp::Shr | BinOp::And | BinOp::Or | BinOp::Xor => 0,
    }
}

/// A numeric conversion.
#[inline]
pub fn cast(from: ScalarTy, to: ScalarTy, a: u64) -> u64 {
    match (from.is_float(), to.is_float()) {
        (false, false) if to == ScalarTy::Bool => u64::from(a != 0),
        (false, false) => mask(to, to_i64(from, a) as u64),
        (false, true) => int_to_float(from, to, a),
        (true, true) if from == to => a,
        (true, true) => from_f32(to, to_f32(from, a)),
        (true, false) => float_to_int(to, to_f32(from, a)),
    }
}

fn int_to_float(from: ScalarTy, to: ScalarTy, a: u64) -> u64 {
    if to == ScalarTy::F32 {
        let v = if from.is_signed() {
            to_i64(from, a) as f32
        } else {
            a as f32
        };
        return u64::from(v.to_bits());
    }
    // Round to odd first, so that the second rounding is the only one that counts.
    let (negative, magnitude) = if from.is_signed() {
        let v = to_i64(from, a);
        (v < 0, v.unsigned_abs())
    } else {
        (false, a)
    };
    let sticky = if magnitude >> 53 != 0 {
        (magnitude & !0x7ff) | (u64::from(magnitude & 0x7ff != 0) << 11)
    } else {
        magnitude
    };
    let v = sticky as f64;
    from_f64(to, if negative { -v } else { v })
}

fn float_to_int(to: ScalarTy, v: f32) -> u64 {
    match to {
        ScalarTy::Bool => u64::from(v != 0.0),
        ScalarTy::I8 => mask(to, v as i8 as u64),
        ScalarTy::U8 => u64::from(v as u8),
        ScalarTy::I16 => mask(to, v as i16 as u64),
        ScalarTy::U16 => u64::from(v as u16),
        ScalarTy::I32 => mask(to, v as i32 as u64),
        ScalarTy::U32 => u64::from(v as u32),
        ScalarTy::I64 => v as i64 as u64,
        _ => v as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ScalarTy::*;

    #[test]
    fn integers_wrap_at_their_width() {
        assert_eq!(binary(BinOp::Add, U32, 0xffff_fffe, 5), Some(3));
        assert_eq!(binary(BinOp::Mul, U16, 0xffff, 0xffff), Some(1));
        assert_eq!(binary(BinOp::Sub, U8, 0, 1), Some(255));
        assert_eq!(
            binary(BinOp::Div, I32, (-7i32) as u32 as u64, 2),
            Some((-3i32) as u32 as u64)
        );
        assert_eq!(
            binary(BinOp::Rem, I32, (-7i32) as u32 as u64, 2),
            Some((-1i32) as u32 as u64)
        );
        assert_eq!(
            binary(BinOp::Div, I32, 0x8000_0000, 0xffff_ffff),
            Some(0x8000_0000)
        );
        assert_eq!(
            binary(BinOp::Div, I64, i64::MIN as u64, u64::MAX),
            Some(i64::MIN as u64)
        );
        assert_eq!(binary(BinOp::Div, U32, 1, 0), None);
        assert_eq!(binary(BinOp::Shl, U32, 1, 33), Some(2));
        assert_eq!(binary(BinOp::Shr, I8, 0x80, 1), Some(0xc0));
        assert_eq!(binary(BinOp::Lt, I32, 0xffff_ffff, 0), Some(1));
        assert_eq!(binary(BinOp::Lt, U32, 0xffff_ffff, 0), Some(0));
    }

    #[test]
    fn conversions_follow_the_rules() {
        assert_eq!(cast(I8, U32, 0xff), 0xffff_ffff);
        assert_eq!(cast(U8, I64, 0xff), 0xff);
        assert_eq!(cast(I64, I8, 0x1ff), 0xff);
        assert_eq!(cast(F32, U8, u64::from(300f32.to_bits())), 255);
        assert_eq!(
            cast(F32, I32, u64::from((-2.9f32).to_bits())),
            (-2i32) as u32 as u64
        );
        assert_eq!(cast(F32, I32, u64::from(f32::NAN.to_bits())), 0);
        assert_eq!(cast(I32, F16, 2049), 0x6800);
        assert_eq!(cast(F32, Bool, u64::from((-0.0f32).to_bits())), 0);
        assert_eq!(cast(I32, Bool, 4), 1);
        assert_eq!(cast(U64, BF16, u64::MAX), 0x5f80);
    }
}
