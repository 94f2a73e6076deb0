//! Arithmetic and comparisons.
//!
//! Soundness direction: exact; division by zero gives an unconstrained value (MSL 3.1 leaves it
//! unspecified).

use super::bits::BitOp;
use super::{Ctx, Encoder};
use crate::analysis::term::{TermId, range_of};
use crate::encode::logic::{AtomKind, BoolId, Interval, Lin};
use crate::ir::{BinOp, ScalarTy};

impl Encoder<'_> {
    pub(super) fn binary(&mut self, t: TermId, op: BinOp, a: TermId, b: TermId, ctx: &Ctx) -> Lin {
        let ty = self.facts.terms.ty(t);
        if ty.is_float() {
            return self.unknown(t, ctx);
        }
        match op {
            BinOp::Add => {
                let (x, y) = (self.lazy(a, ctx), self.lazy(b, ctx));
                x.plus(&y)
            }
            BinOp::Sub => {
                let (x, y) = (self.lazy(a, ctx), self.lazy(b, ctx));
                x.minus(&y)
            }
            BinOp::Mul => {
                let (x, y) = (self.lazy(a, ctx), self.lazy(b, ctx));
                if x.as_const().is_some() || y.as_const().is_some() {
                    return self.logic.mul(&x, &y);
                }
                let (x, y) = (self.normalise(&x, ty), self.normalise(&y, ty));
                self.logic.mul(&x, &y)
            }
            BinOp::Div | BinOp::Rem => self.division(t, op, a, b, ctx),
            BinOp::Shl | BinOp::Shr => self.shift(t, op, a, b, ctx),
            BinOp::And | BinOp::Or | BinOp::Xor => {
                let op = match op {
                    BinOp::And => BitOp::And,
                    BinOp::Or => BitOp::Or,
                    _ => BitOp::Xor,
                };
                // Two's complement: work on the unsigned representatives.
                let unsigned = unsigned_of(ty);
                let (x, y) = (self.lazy(a, ctx), self.lazy(b, ctx));
                if op == BitOp::And {
                    // A low mask is a remainder by a power of two, whatever the wrap.
                    for (v, m) in [(&x, &y), (&y, &x)] {
                        if let Some(k) = m.as_const()
                            && k >= 0
                            && (k & (k + 1)) == 0
                        {
                            return self.div_rem_floor(v, k + 1).1;
                        }
                    }
                }
                let (x, y) = (self.normalise(&x, unsigned), self.normalise(&y, unsigned));
                self.bitwise(op, &x, &y, ty.bits())
            }
            BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge | BinOp::Eq | BinOp::Ne => {
                self.unknown(t, ctx)
            }
        }
    }

    fn division(&mut self, t: TermId, op: BinOp, a: TermId, b: TermId, ctx: &Ctx) -> Lin {
        if op == BinOp::Rem
            && let Some(d) = self.facts.terms.as_const(b)
            && d > 0
            && (d & (d - 1)) == 0
            && !self.facts.terms.ty(t).is_signed()
            && !self.facts.terms.ty(t).is_float()
        {
            // A power of two divides 2^bits, so the wrap does not matter.
            let x = self.lazy(a, ctx);
            return self.div_rem_floor(&x, d).1;
        }
        let (x, y) = (self.value(a, ctx), self.value(b, ctx));
        let pick = |q: Lin, r: Lin| if op == BinOp::Div { q } else { r };
        let rx = self.logic.interval(&x);
        let non_negative = rx.lo.is_some_and(|l| l >= 0);
        if let Some(d) = y.as_const() {
            if d == 0 {
                return self.unknown(t, ctx);
            }
            if non_negative && d > 0 {
                let (q, r) = self.div_rem_floor(&x, d);
                return pick(q, r);
            }
        }
        // Truncating division with the sign rules of C++: x = q*y + r, |r| < |y|, r has the sign
        // of x. Guarded by y != 0.
        let ty = self.facts.terms.ty(t);
        let (lo, hi) = range_of(ty);
        let both = vec![x.clone(), y.clone()];
        let ry = self.logic.interval(&y);
        let q_range = if non_negative && ry.lo.is_some_and(|l| l >= 1) {
            Interval {
                lo: Some(0),
                hi: Some(hi),
            }
        } else {
            // The least value divided by -1 wraps.
            Interval::new(lo, hi + 1)
        };
        let (q, new) = self
            .logic
            .intern(AtomKind::Defined("quot".into(), both.clone()), q_range);
        let (r, _) = self
            .logic
            .intern(AtomKind::Defined("rem".into(), both), Interval::new(lo, hi));
        let (ql, rl) = (Lin::atom(q), Lin::atom(r));
        if new {
            let product = self.logic.mul(&ql, &y);
            let euclid = self.logic.eq(&x, &product.plus(&rl));
            let zero = Lin::constant(0);
            let y_zero = self.logic.eq(&y, &zero);
            let mut cases = Vec::new();
            for (x_neg, y_neg) in [(false, false), (false, true), (true, false), (true, true)] {
                let cx = if x_neg {
                    self.logic.lt(&x, &zero)
                } else {
                    self.logic.le(&zero, &x)
                };
                let cy = if y_neg {
                    self.logic.lt(&y, &zero)
                } else {
                    self.logic.lt(&zero, &y)
                };
                let (mag_r, mag_y) = (
                    if x_neg { rl.scale(-1) } else { rl.clone() },
                    if y_neg { y.scale(-1) } else { y.clone() },
                );
                let low = self.logic.le(&zero, &mag_r);
                let high = self.logic.lt(&mag_r, &mag_y);
                // The quotient's sign, and that it is no larger than the dividend.
                let mag_x = if x_neg { x.scale(-1) } else { x.clone() };
                let mag_q = if x_neg == y_neg {
                    ql.clone()
                } else {
                    ql.scale(-1)
                };
                let q_low = self.logic.le(&zero, &mag_q);
                let q_high = self.logic.le(&mag_q, &mag_x);
                cases.push(self.logic.and(&[cx, cy, low, high, q_low, q_high]));
            }
            let one = self.logic.or(&cases);
            let ok = self.logic.and(&[euclid, one]);
            let def = self.logic.or(&[y_zero, ok]);
            self.logic.define(q, def);
            self.logic.define(r, def);
        }
        pick(ql, rl)
    }

    fn shift(&mut self, t: TermId, op: BinOp, a: TermId, b: TermId, ctx: &Ctx) -> Lin {
        let ty = self.facts.terms.ty(t);
        let bits = i128::from(ty.bits());
        let n = self.lazy(b, ctx);
        if let Some(k) = n.as_const() {
            let f = 1i128 << k.rem_euclid(bits);
            if op == BinOp::Shl {
                return self.lazy(a, ctx).scale(f);
            }
            let x = self.value(a, ctx);
            return self.div_rem_floor(&x, f).0;
        }
        // Only the low bits of the count matter.
        let n = self.normalise(&n, unsigned_of(ty));
        let (_, n) = self.div_rem_floor(&n, bits);
        let r = self.logic.interval(&n);
        let (first, last) = (
            r.lo.unwrap_or(0).max(0),
            r.hi.unwrap_or(bits - 1).min(bits - 1),
        );
        let x = self.value(a, ctx);
        let mut out: Option<Lin> = None;
        for k in (first..=last).rev() {
            let v = if op == BinOp::Shl {
                let shifted = x.scale(1i128 << k);
                self.normalise(&shifted, ty)
            } else {
                self.div_rem_floor(&x, 1i128 << k).0
            };
            out = Some(match out {
                None => v,
                Some(rest) => {
                    let here = self.logic.le(&n, &Lin::constant(k));
                    self.logic.ite(here, &v, &rest)
                }
            });
        }
        out.unwrap_or(x)
    }

    pub(super) fn comparison(
        &mut self,
        t: TermId,
        op: BinOp,
        a: TermId,
        b: TermId,
        ctx: &Ctx,
    ) -> BoolId {
        let ty = self.facts.terms.ty(a);
        if ty.is_float() {
            let x = self.unknown(t, ctx);
            let z = self.logic.eq(&x, &Lin::constant(0));
            return self.logic.not(z);
        }
        if ty == ScalarTy::Bool {
            let (x, y) = (self.bool(a, ctx), self.bool(b, ctx));
            let (nx, ny) = (self.logic.not(x), self.logic.not(y));
            let both = self.logic.and(&[x, y]);
            let neither = self.logic.and(&[nx, ny]);
            let same = self.logic.or(&[both, neither]);
            return match op {
                BinOp::And => both,
                BinOp::Or => self.logic.or(&[x, y]),
                BinOp::Xor | BinOp::Ne | BinOp::Add | BinOp::Sub => self.logic.not(same),
                BinOp::Eq => same,
                BinOp::Lt => self.logic.and(&[nx, y]),
                BinOp::Le => self.logic.or(&[nx, y]),
                BinOp::Gt => self.logic.and(&[x, ny]),
                BinOp::Ge => self.logic.or(&[x, ny]),
                BinOp::Mul | BinOp::Div | BinOp::Rem | BinOp::Shl | BinOp::Shr => {
                    let v = self.unknown(t, ctx);
                    let z = self.logic.eq(&v, &Lin::constant(0));
                    self.logic.not(z)
                }
            };
        }
        let (x, y) = (self.value(a, ctx), self.value(b, ctx));
        match op {
            BinOp::Lt => self.logic.lt(&x, &y),
            BinOp::Le => self.logic.le(&x, &y),
            BinOp::Gt => self.logic.lt(&y, &x),
            BinOp::Ge => self.logic.le(&y, &x),
            BinOp::Eq => self.logic.eq(&x, &y),
            BinOp::Ne => {
                let e = self.logic.eq(&x, &y);
                self.logic.not(e)
            }
            _ => self.logic.bool(true),
        }
    }
}

/// The unsigned type of the same width.
pub(super) fn unsigned_of(ty: ScalarTy) -> ScalarTy {
    match ty {
        ScalarTy::I8 => ScalarTy::U8,
        ScalarTy::I16 => ScalarTy::U16,
        ScalarTy::I32 => ScalarTy::U32,
        ScalarTy::I64 => ScalarTy::U64,
        other => other,
    }
}
