//! The pure built-in functions.
//!
//! Purpose: [`apply`] evaluates a [`MathFn`] on bit patterns. Integer functions are exact.
//! Floating ones are computed in `f32` (transcendental ones as the host does) and rounded to the
//! format: Metal's own results may differ in the last place, which no verdict rests on.

use super::value::{from_f32, from_f64, mask, to_f32, to_i64};
use crate::ir::{MathFn, ScalarTy};

/// Evaluates `f`; `ty` is the result's type, `arg_ty` the first operand's, `second_ty` the second's.
pub fn apply(
    f: MathFn,
    ty: ScalarTy,
    arg_ty: ScalarTy,
    second_ty: ScalarTy,
    args: [u64; 3],
) -> u64 {
    if arg_ty.is_float() {
        float(f, ty, arg_ty, second_ty, args)
    } else {
        integer(f, ty, arg_ty, args)
    }
}

fn clamp_to(ty: ScalarTy, v: i128) -> u64 {
    let w = ty.bits();
    let (lo, hi) = if ty.is_signed() {
        (-(1i128 << (w - 1)), (1i128 << (w - 1)) - 1)
    } else {
        (0, (1i128 << w) - 1)
    };
    mask(ty, v.clamp(lo, hi) as u64)
}

fn integer(f: MathFn, ty: ScalarTy, at: ScalarTy, [a, b, _]: [u64; 3]) -> u64 {
    let w = at.bits();
    let wide = |v: u64| {
        if at.is_signed() {
            i128::from(to_i64(at, v))
        } else {
            i128::from(v)
        }
    };
    let (x, y) = (wide(a), wide(b));
    match f {
        MathFn::Min => mask(ty, x.min(y) as u64),
        MathFn::Max => mask(ty, x.max(y) as u64),
        MathFn::Abs => mask(ty, x.unsigned_abs() as u64),
        MathFn::AbsDiff => mask(ty, (x - y).unsigned_abs() as u64),
        MathFn::MulHi => mask(ty, (x.wrapping_mul(y) >> w) as u64),
        MathFn::Popcount => u64::from(a.count_ones()),
        MathFn::Clz => u64::from(a.leading_zeros() - (64 - w)),
        MathFn::Ctz => u64::from(a.trailing_zeros().min(w)),
        MathFn::ReverseBits => mask(ty, a.reverse_bits() >> (64 - w)),
        MathFn::Rotate => {
            let n = (b % u64::from(w)) as u32;
            if n == 0 {
                a
            } else {
                mask(ty, (a << n) | (a >> (w - n)))
            }
        }
        MathFn::AddSat => clamp_to(ty, x + y),
        MathFn::SubSat => clamp_to(ty, x - y),
        MathFn::Sign => mask(ty, x.signum() as u64),
        _ => 0,
    }
}

fn float(f: MathFn, ty: ScalarTy, at: ScalarTy, second: ScalarTy, args: [u64; 3]) -> u64 {
    let x = to_f32(at, args[0]);
    if f == MathFn::IsNan {
        return u64::from(x.is_nan());
    }
    if f == MathFn::IsInf {
        return u64::from(x.is_infinite());
    }
    if f == MathFn::Ldexp {
        let n = if second.is_float() {
            to_f32(second, args[1]) as i64
        } else {
            to_i64(second, args[1])
        };
        return from_f64(ty, f64::from(x) * 2f64.powi(n.clamp(-1000, 1000) as i32));
    }
    let y = to_f32(at, args[1]);
    if f == MathFn::Fma {
        let z = to_f32(at, args[2]);
        return if ty == ScalarTy::F32 {
            from_f32(ty, x.mul_add(y, z))
        } else {
            from_f64(ty, f64::from(x).mul_add(f64::from(y), f64::from(z)))
        };
    }
    let v = match f {
        MathFn::Min => x.min(y),
        MathFn::Max => x.max(y),
        MathFn::Abs => x.abs(),
        MathFn::AbsDiff => (x - y).abs(),
        MathFn::Sqrt => x.sqrt(),
        MathFn::Rsqrt => (1.0 / f64::from(x).sqrt()) as f32,
        MathFn::Exp => x.exp(),
        MathFn::Exp2 => x.exp2(),
        MathFn::Exp10 => 10f64.powf(f64::from(x)) as f32,
        MathFn::Log => x.ln(),
        MathFn::Log2 => x.log2(),
        MathFn::Log10 => x.log10(),
        MathFn::Pow => x.powf(y),
        MathFn::Sin => x.sin(),
        MathFn::Cos => x.cos(),
        MathFn::Tan => x.tan(),
        MathFn::Asin => x.asin(),
        MathFn::Acos => x.acos(),
        MathFn::Atan => x.atan(),
        MathFn::Atan2 => x.atan2(y),
        MathFn::Sinh => x.sinh(),
        MathFn::Cosh => x.cosh(),
        MathFn::Tanh => x.tanh(),
        MathFn::Asinh => x.asinh(),
        MathFn::Acosh => x.acosh(),
        MathFn::Atanh => x.atanh(),
        MathFn::Floor => x.floor(),
        MathFn::Ceil => x.ceil(),
        MathFn::Round => x.round(),
        MathFn::Rint => x.round_ties_even(),
        MathFn::Trunc => x.trunc(),
        // Below 1 even where the subtraction rounds up to it.
        MathFn::Fract => (x - x.floor()).min(0.999_999_94),
        MathFn::Fmod => x % y,
        MathFn::CopySign => x.copysign(y),
        // step(edge, x)
        MathFn::Step => f32::from(u8::from(y >= x)),
        MathFn::Saturate => x.clamp(0.0, 1.0),
        MathFn::Sign if x > 0.0 => 1.0,
        MathFn::Sign if x < 0.0 => -1.0,
        MathFn::Sign if x.is_nan() => 0.0,
        MathFn::Sign => x,
        MathFn::Erf => erf(f64::from(x)) as f32,
        _ => 0.0,
    };
    from_f32(ty, v)
}

/// The error function to about `f32` accuracy: the series near 0, the continued fraction beyond.
fn erf(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let a = x.abs();
    let v = if a > 6.0 {
        1.0
    } else if a < 3.0 {
        let (mut term, mut sum) = (a, a);
        for n in 1..100u32 {
            term *= -a * a / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    } else {
        let mut fraction = a;
        for n in (1..60u32).rev() {
            fraction = a + f64::from(n) / 2.0 / fraction;
        }
        1.0 - (-a * a).exp() / (std::f64::consts::PI.sqrt() * fraction)
    };
    v.copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ScalarTy::*;

    fn int(f: MathFn, ty: ScalarTy, a: u64, b: u64) -> u64 {
        apply(f, ty, ty, ty, [a, b, 0])
    }

    #[test]
    fn integer_functions() {
        assert_eq!(int(MathFn::Min, I32, 0xffff_ffff, 1), 0xffff_ffff);
        assert_eq!(int(MathFn::Min, U32, 0xffff_ffff, 1), 1);
        assert_eq!(
            int(MathFn::MulHi, U32, 0xffff_ffff, 0xffff_ffff),
            0xffff_fffe
        );
        assert_eq!(int(MathFn::MulHi, U64, u64::MAX, u64::MAX), u64::MAX - 1);
        assert_eq!(int(MathFn::MulHi, I64, u64::MAX, 1), u64::MAX);
        assert_eq!(int(MathFn::Clz, U16, 1, 0), 15);
        assert_eq!(int(MathFn::Clz, U16, 0, 0), 16);
        assert_eq!(int(MathFn::Ctz, U32, 0, 0), 32);
        assert_eq!(int(MathFn::ReverseBits, U8, 1, 0), 0x80);
        assert_eq!(int(MathFn::Rotate, U32, 0x8000_0001, 33), 3);
        assert_eq!(int(MathFn::AddSat, U8, 200, 100), 255);
        assert_eq!(int(MathFn::SubSat, I8, 0x80, 1), 0x80);
        assert_eq!(
            apply(
                MathFn::AbsDiff,
                U32,
                I32,
                I32,
                [0x8000_0000, 0x7fff_ffff, 0]
            ),
            0xffff_ffff
        );
    }

    #[test]
    fn erf_is_close() {
        for (x, want) in [
            (0.5, 0.520_499_877_8),
            (1.0, 0.842_700_792_9),
            (3.5, 0.999_999_256_9),
        ] {
            assert!((erf(x) - want).abs() < 1e-9, "{x}");
            assert!((erf(-x) + want).abs() < 1e-9, "{x}");
        }
    }
}
