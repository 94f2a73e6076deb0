//! Bitwise operations on integers.
//!
//! Soundness direction: exact. Masks of consecutive bits become division and remainder, operands
//! with disjoint bits become sums, everything else is written out bit by bit.

use super::Encoder;
use crate::encode::logic::{AtomKind, BoolId, Interval, Lin};

/// A bitwise operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BitOp {
    And,
    Or,
    Xor,
}

impl Encoder<'_> {
    /// Floor division by a positive constant: quotient and remainder.
    pub(super) fn div_rem_floor(&mut self, x: &Lin, d: i128) -> (Lin, Lin) {
        if let Some(k) = x.as_const() {
            return (
                Lin::constant(k.div_euclid(d)),
                Lin::constant(k.rem_euclid(d)),
            );
        }
        if d == 1 {
            return (x.clone(), Lin::constant(0));
        }
        if x.overflowed {
            let r = self.logic.fresh("rem", Interval::new(0, d - 1));
            return (x.clone(), Lin::atom(r));
        }
        // Split off the part that the divisor divides.
        let (mut whole, mut rest) = (
            Lin::constant(x.k.div_euclid(d)),
            Lin::constant(x.k.rem_euclid(d)),
        );
        for (a, c) in &x.terms {
            let q = c.div_euclid(d);
            let r = c.rem_euclid(d);
            whole = whole.add_scaled(&Lin::atom(*a), q);
            rest = rest.add_scaled(&Lin::atom(*a), r);
        }
        let range = self.logic.interval(&rest);
        if range.within(0, d - 1) {
            return (whole, rest);
        }
        let q_range = Interval {
            lo: range.lo.map(|v| v.div_euclid(d)),
            hi: range.hi.map(|v| v.div_euclid(d)),
        };
        let (q, new) = self.logic.intern(
            AtomKind::Defined(format!("div{d}"), vec![rest.clone()]),
            q_range,
        );
        let rem = rest.add_scaled(&Lin::atom(q), -d);
        let (r, new_r) = self.logic.intern(
            AtomKind::Defined(format!("rem{d}"), vec![rest.clone()]),
            Interval::new(0, d - 1),
        );
        if new || new_r {
            let def = self.logic.eq(&Lin::atom(r), &rem);
            self.logic.define(r, def);
            self.logic.define(q, def);
            // Both atoms of the pair bring each other's bounds along.
            let lo = self.logic.le(&Lin::constant(0), &rem);
            let hi = self.logic.lt(&rem, &Lin::constant(d));
            self.logic.define(q, lo);
            self.logic.define(q, hi);
        }
        (whole.plus(&Lin::atom(q)), Lin::atom(r))
    }

    /// `op` on two non-negative values below 2^width.
    pub(super) fn bitwise(&mut self, op: BitOp, x: &Lin, y: &Lin, width: u32) -> Lin {
        match (x.as_const(), y.as_const()) {
            (Some(a), Some(b)) => {
                return Lin::constant(match op {
                    BitOp::And => a & b,
                    BitOp::Or => a | b,
                    BitOp::Xor => a ^ b,
                });
            }
            (Some(k), None) => return self.with_mask(op, y, k, width),
            (None, Some(k)) => return self.with_mask(op, x, k, width),
            (None, None) => {}
        }
        if self.disjoint_bits(x, y) || self.disjoint_bits(y, x) {
            return match op {
                BitOp::And => Lin::constant(0),
                BitOp::Or | BitOp::Xor => x.plus(y),
            };
        }
        let and = self.and_by_bits(x, y, width);
        match op {
            BitOp::And => and,
            BitOp::Or => x.plus(y).minus(&and),
            BitOp::Xor => x.plus(y).add_scaled(&and, -2),
        }
    }

    /// Whether `x` is a multiple of a power of two that is above every value of `y`.
    fn disjoint_bits(&self, x: &Lin, y: &Lin) -> bool {
        let g = super::super::logic::gcd(x.content(), x.k);
        let Some(top) = self.logic.interval(y).hi else {
            return false;
        };
        let low = self.logic.interval(y).lo.is_some_and(|l| l >= 0);
        g > 0 && low && (1i128 << g.trailing_zeros().min(100)) > top
    }

    fn with_mask(&mut self, op: BitOp, x: &Lin, mask: i128, width: u32) -> Lin {
        let and = self.and_mask(x, mask, width);
        match op {
            BitOp::And => and,
            BitOp::Or => x.offset(mask).minus(&and),
            BitOp::Xor => x.offset(mask).add_scaled(&and, -2),
        }
    }

    /// `x & mask` for `0 <= x < 2^width`: a sum over the runs of ones.
    fn and_mask(&mut self, x: &Lin, mask: i128, width: u32) -> Lin {
        let mut out = Lin::constant(0);
        let mut bit = 0;
        while bit < width {
            if mask >> bit & 1 == 0 {
                bit += 1;
                continue;
            }
            let start = bit;
            while bit < width && mask >> bit & 1 == 1 {
                bit += 1;
            }
            // Bits start..bit of x, in place.
            let (_, low) = if bit >= width {
                (Lin::default(), x.clone())
            } else {
                self.div_rem_floor(x, 1i128 << bit)
            };
            let (high, _) = self.div_rem_floor(&low, 1i128 << start);
            out = out.plus(&high.scale(1i128 << start));
        }
        out
    }

    /// The bits of `x`, least first.
    pub(super) fn bits_of(&mut self, x: &Lin, width: u32) -> Vec<BoolId> {
        if let Some(k) = x.as_const() {
            return (0..width)
                .map(|i| self.logic.bool(k >> i & 1 == 1))
                .collect();
        }
        let (holder, new) = self.logic.intern(
            AtomKind::Defined(format!("bits{width}"), vec![x.clone()]),
            Interval::new(0, (1i128 << width) - 1),
        );
        let names: Vec<BoolId> = (0..width)
            .map(|i| self.logic.bool_var(&format!("bit{}.{i}", holder.0)))
            .collect();
        if new {
            let mut sum = Lin::constant(0);
            for (i, b) in names.iter().enumerate() {
                let w = Lin::constant(1i128 << i);
                let part = self.logic.ite(*b, &w, &Lin::constant(0));
                sum = sum.plus(&part);
            }
            let same = self.logic.eq(x, &sum);
            self.logic.define(holder, same);
        }
        names
    }

    fn and_by_bits(&mut self, x: &Lin, y: &Lin, width: u32) -> Lin {
        let (x, y) = if x <= y { (x, y) } else { (y, x) };
        let needed = |l: &Lin, e: &Self| {
            e.logic
                .interval(l)
                .hi
                .map_or(width, |h| (128 - h.max(0).leading_zeros()).min(width))
        };
        let w = needed(x, self).min(needed(y, self)).max(1);
        let full = needed(x, self).max(needed(y, self)).max(1);
        let top = (1i128 << w) - 1;
        let (a, new) = self.logic.intern(
            AtomKind::Defined("and".into(), vec![x.clone(), y.clone()]),
            Interval::new(0, top),
        );
        if new {
            let bx = self.bits_of(x, full);
            let by = self.bits_of(y, full);
            let mut sum = Lin::constant(0);
            for (i, (p, q)) in bx.iter().zip(&by).take(w as usize).enumerate() {
                let both = self.logic.and(&[*p, *q]);
                let part = self
                    .logic
                    .ite(both, &Lin::constant(1i128 << i), &Lin::constant(0));
                sum = sum.plus(&part);
            }
            let def = self.logic.eq(&Lin::atom(a), &sum);
            self.logic.define(a, def);
            // The bits are named after their holders; bring those definitions along.
            for l in [x, y] {
                let holder = self.logic.intern(
                    AtomKind::Defined(format!("bits{full}"), vec![l.clone()]),
                    Interval::new(0, (1i128 << full) - 1),
                );
                let trivial = self.logic.eq(&Lin::atom(holder.0), l);
                self.logic.define(a, trivial);
            }
        }
        Lin::atom(a)
    }
}
