//! Scalar values as bit patterns, and the small float formats.
//!
//! Purpose: every register holds a `u64`: the value's bit pattern in the low bits of its type
//! (two's complement or IEEE 754), zero above. This file converts such patterns from and to Rust
//! numbers. Soundness direction: exact (round to nearest, ties to even).

use crate::ir::ScalarTy;

/// The low `ty.bits()` bits.
#[inline]
pub fn mask(ty: ScalarTy, bits: u64) -> u64 {
    match ty.bits() {
        64 => bits,
        w => bits & ((1u64 << w) - 1),
    }
}

/// An integer or `bool` pattern as a signed number (zero-extended for unsigned types).
#[inline]
pub fn to_i64(ty: ScalarTy, bits: u64) -> i64 {
    if ty.is_signed() {
        let shift = 64 - ty.bits();
        ((bits << shift) as i64) >> shift
    } else {
        bits as i64
    }
}

/// A floating pattern as `f32` (exact for all three formats).
#[inline]
pub fn to_f32(ty: ScalarTy, bits: u64) -> f32 {
    match ty {
        ScalarTy::F16 => f16_to_f32(bits as u16),
        ScalarTy::BF16 => f32::from_bits((bits as u32) << 16),
        _ => f32::from_bits(bits as u32),
    }
}

/// Rounds to the format and gives its pattern. From `f32`, which is enough for sums, products,
/// quotients and roots of the small formats: their double rounding is innocuous
/// (24 >= 2 * 11 + 2).
#[inline]
pub fn from_f32(ty: ScalarTy, v: f32) -> u64 {
    match ty {
        ScalarTy::F32 => u64::from(v.to_bits()),
        _ => from_f64(ty, f64::from(v)),
    }
}

/// Rounds a `f64` once to the format and gives its pattern.
pub fn from_f64(ty: ScalarTy, v: f64) -> u64 {
    match ty {
        ScalarTy::F16 => u64::from(round_small(v, 10, 5)),
        ScalarTy::BF16 => u64::from(round_small(v, 7, 8)),
        _ => u64::from((v as f32).to_bits()),
    }
}

/// Widens a `half`.
pub fn f16_to_f32(h: u16) -> f32 {
    let sign = u32::from(h >> 15) << 31;
    let exp = u32::from(h >> 10) & 0x1f;
    let frac = u32::from(h) & 0x3ff;
    let bits = match (exp, frac) {
        (0, 0) => sign,
        (0, _) => {
            let magnitude = frac as f32 * (1.0 / 16_777_216.0);
            return if sign == 0 { magnitude } else { -magnitude };
        }
        (31, _) => sign | 0x7f80_0000 | (frac << 13),
        _ => sign | ((exp + 112) << 23) | (frac << 13),
    };
    f32::from_bits(bits)
}

/// Rounds to a 16-bit format with the given numbers of fraction and exponent bits.
fn round_small(v: f64, frac_bits: u32, exp_bits: u32) -> u16 {
    let bits = v.to_bits();
    let sign = ((bits >> 63) as u16) << 15;
    let exp_mask = (1u16 << exp_bits) - 1;
    let inf = sign | (exp_mask << frac_bits);
    if v.is_nan() {
        return inf | (1 << (frac_bits - 1));
    }
    if v.is_infinite() {
        return inf;
    }
    if v == 0.0 {
        return sign;
    }
    let bias = (1i32 << (exp_bits - 1)) - 1;
    let raw_exp = ((bits >> 52) & 0x7ff) as i32;
    if raw_exp == 0 {
        return sign; // a subnormal f64 is far below half of the smallest subnormal here
    }
    let e = raw_exp - 1023;
    let significand = (bits & ((1 << 52) - 1)) | (1 << 52);
    let min_exp = 1 - bias;
    // How many low bits of the 53-bit significand go away.
    let mut drop = 52 - frac_bits;
    if e < min_exp {
        drop += (min_exp - e) as u32;
    }
    if drop > 54 {
        return sign;
    }
    let kept = significand >> drop;
    let rest = significand & ((1u64 << drop) - 1);
    let half = 1u64 << (drop - 1);
    let rounded = kept + u64::from(rest > half || (rest == half && kept & 1 == 1));
    let biased = if e < min_exp { 0 } else { e + bias - 1 };
    // A carry out of the fraction moves into the exponent by itself; for normal numbers the hidden
    // bit adds the 1 taken off above.
    let total = ((biased as u64) << frac_bits) + rounded;
    if total >= u64::from(exp_mask) << frac_bits {
        return inf;
    }
    sign | total as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_survives_a_round_trip() {
        for h in 0..=u16::MAX {
            let wide = f16_to_f32(h);
            let back = from_f32(ScalarTy::F16, wide) as u16;
            if wide.is_nan() {
                assert_eq!(back & 0x7fff, 0x7e00);
            } else {
                assert_eq!(back, h, "{h:#x} {wide}");
            }
        }
    }

    #[test]
    fn every_bfloat_survives_a_round_trip() {
        for h in 0..=u16::MAX {
            let wide = to_f32(ScalarTy::BF16, u64::from(h));
            if !wide.is_nan() {
                assert_eq!(from_f32(ScalarTy::BF16, wide), u64::from(h));
            }
        }
    }

    #[test]
    fn halves_round_to_nearest_even() {
        for (v, bits) in [
            (2049.0, 0x6800u64),              // tie to even, down
            (2051.0, 0x6802),                 // tie to even, up
            (65504.0, 0x7bff),                // largest
            (65519.9, 0x7bff),                // just below the tie
            (65520.0, 0x7c00),                // tie goes to infinity
            (2f64.powi(-25), 0),              // tie with zero
            (2f64.powi(-25) * 1.0001, 1),     // above it
            (2f64.powi(-14), 0x400),          // smallest normal
            (2f64.powi(-14) * 0.9999, 0x400), // rounds up into it
            (-1.0, 0xbc00),
        ] {
            assert_eq!(from_f64(ScalarTy::F16, v), bits, "{v}");
        }
        assert_eq!(from_f64(ScalarTy::BF16, 1.00390625), 0x3f80);
        assert_eq!(from_f64(ScalarTy::BF16, 1.01171875), 0x3f82);
    }
}
