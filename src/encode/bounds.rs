//! Bounds of launch values that assumptions state outright: `N <= 4096`, `16 <= M && M < 64`.
//!
//! They narrow the intervals of the values, so that products of them are known not to leave the range of their type. Soundness direction: exact. What
//! is read from an assumption follows from it, and all of it is asserted as before.

use std::collections::BTreeMap;

use crate::analysis::term::{TermId, TermKind, Terms, range_of};
use crate::ir::{BinOp, UnOp};

/// Least and greatest value by term.
pub type Bounds = BTreeMap<TermId, (i128, i128)>;

/// The bounds that assumptions state. A value that none is left for is left out: the contradiction is for the solver to find.
pub fn bounds(terms: &Terms, assumptions: &[TermId]) -> Bounds {
    let mut out = Bounds::new();
    for t in assumptions {
        stated(terms, *t, true, &mut out);
    }
    out.retain(|_, (lo, hi)| lo <= hi);
    out
}

fn stated(terms: &Terms, t: TermId, holds: bool, out: &mut Bounds) {
    match *terms.kind(t) {
        TermKind::Unary(UnOp::Not, a) => stated(terms, a, !holds, out),
        TermKind::Binary(BinOp::And, a, b) if holds => {
            stated(terms, a, true, out);
            stated(terms, b, true, out);
        }
        TermKind::Binary(BinOp::Or, a, b) if !holds => {
            stated(terms, a, false, out);
            stated(terms, b, false, out);
        }
        TermKind::Binary(op, a, b) => {
            if let Some(op) = comparison(op, holds) {
                one(terms, op, a, b, out);
                one(terms, swapped(op), b, a, out);
            }
        }
        _ => {}
    }
}

/// `value op constant`.
fn one(terms: &Terms, op: BinOp, value: TermId, constant: TermId, out: &mut Bounds) {
    let TermKind::Const(c) = *terms.kind(constant) else {
        return;
    };
    let value = plain(terms, value);
    if !matches!(terms.kind(value), TermKind::Read(..)) || !terms.ty(value).is_int() {
        return;
    }
    let (lo, hi) = out.entry(value).or_insert(range_of(terms.ty(value)));
    match op {
        BinOp::Le => *hi = (*hi).min(c),
        BinOp::Lt => *hi = (*hi).min(c - 1),
        BinOp::Ge => *lo = (*lo).max(c),
        BinOp::Gt => *lo = (*lo).max(c + 1),
        BinOp::Eq => (*lo, *hi) = ((*lo).max(c), (*hi).min(c)),
        _ => {}
    }
}

/// Without conversions that keep every value.
fn plain(terms: &Terms, mut t: TermId) -> TermId {
    while let TermKind::Cast(a) = *terms.kind(t) {
        if !terms.ty(a).is_int() || !terms.ty(t).is_int() {
            break;
        }
        let ((lo, hi), (min, max)) = (range_of(terms.ty(a)), range_of(terms.ty(t)));
        if lo < min || hi > max {
            break;
        }
        t = a;
    }
    t
}

/// The comparison that holds, when this one does or does not.
fn comparison(op: BinOp, holds: bool) -> Option<BinOp> {
    let negated = match op {
        BinOp::Lt => BinOp::Ge,
        BinOp::Le => BinOp::Gt,
        BinOp::Gt => BinOp::Le,
        BinOp::Ge => BinOp::Lt,
        BinOp::Eq if holds => BinOp::Eq,
        BinOp::Ne if !holds => BinOp::Eq,
        _ => return None,
    };
    Some(if holds { op } else { negated })
}

fn swapped(op: BinOp) -> BinOp {
    match op {
        BinOp::Lt => BinOp::Gt,
        BinOp::Le => BinOp::Ge,
        BinOp::Gt => BinOp::Lt,
        BinOp::Ge => BinOp::Le,
        other => other,
    }
}
