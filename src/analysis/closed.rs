//! Closed forms of loop-carried variables.
//!
//! Soundness direction: exact in machine arithmetic; what is not recognised stays an unknown
//! value. Recognised: `x += c` (any chain of additions and subtractions whose other parts do not
//! change in the loop, through casts, modulo the width of the variable), toggles `1 - b`,
//! `b ^ 1`, `!b`, ring counters `(x + c) % m`, and variables that trade places.

use super::term::{TermId, TermKind, Terms, range_of};
use crate::ir::{BinOp, LoopId, ScalarTy, UnOp};

/// A recognised recurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recurrence {
    /// Never changes.
    Constant,
    /// `init + step * k`.
    Linear {
        /// The step, unchanging in the loop.
        step: TermId,
    },
    /// The first values of these variables in turn, starting with its own.
    Rotation(Vec<crate::ir::VarId>),
    /// `(init + step * k) mod modulus` with `init < modulus`.
    Ring {
        /// First value.
        init: i128,
        /// Step.
        step: i128,
        /// Modulus.
        modulus: i128,
    },
}

/// Longest rotation that is recognised.
const LONGEST_CYCLE: usize = 4;

/// Variables that trade places each iteration (`swap(a, b)`, a rotation of up to four): the ones
/// whose first values `v` takes one after the other, starting with `v` itself.
pub fn rotation(
    phis: &std::collections::BTreeMap<crate::ir::VarId, TermId>,
    next: &dyn Fn(crate::ir::VarId) -> Option<TermId>,
    v: crate::ir::VarId,
) -> Option<Vec<crate::ir::VarId>> {
    let mut chain = vec![v];
    loop {
        let last = *chain.last()?;
        let becomes = next(last)?;
        let (&w, _) = phis.iter().find(|(_, t)| **t == becomes)?;
        if w == v {
            return (chain.len() > 1).then_some(chain);
        }
        if chain.len() == LONGEST_CYCLE || chain.contains(&w) {
            return None;
        }
        chain.push(w);
    }
}

/// Tries to recognise how `phi` develops, given its value `next` after one iteration of `l`.
pub fn recognise(
    terms: &mut Terms,
    l: LoopId,
    phi: TermId,
    init: TermId,
    next: TermId,
) -> Option<Recurrence> {
    let ty = terms.ty(phi);
    if next == phi {
        return Some(Recurrence::Constant);
    }
    if ty.is_float() {
        return None;
    }
    if let Some(init) = terms.as_const(init)
        && let Some(r) = ring(terms, phi, ty, init, next)
    {
        return Some(r);
    }
    if ty == ScalarTy::Bool {
        return None;
    }
    let mut step = terms.int(ty, 0);
    let mut seen = 0;
    linear(terms, l, phi, ty, next, 1, &mut step, &mut seen)?;
    (seen == 1).then_some(Recurrence::Linear { step })
}

/// Flattens `t` modulo 2^bits(ty) into `seen * phi + step`; `None` if some part varies in the loop.
#[allow(clippy::too_many_arguments)]
fn linear(
    terms: &mut Terms,
    l: LoopId,
    phi: TermId,
    ty: ScalarTy,
    t: TermId,
    sign: i32,
    step: &mut TermId,
    seen: &mut i32,
) -> Option<()> {
    if t == phi {
        *seen += sign;
        return Some(());
    }
    let wide_enough = terms.ty(t).is_int() && terms.ty(t).bits() >= ty.bits();
    match *terms.kind(t) {
        TermKind::Binary(BinOp::Add, a, b) if wide_enough => {
            linear(terms, l, phi, ty, a, sign, step, seen)?;
            linear(terms, l, phi, ty, b, sign, step, seen)
        }
        TermKind::Binary(BinOp::Sub, a, b) if wide_enough => {
            linear(terms, l, phi, ty, a, sign, step, seen)?;
            linear(terms, l, phi, ty, b, -sign, step, seen)
        }
        TermKind::Cast(a)
            if wide_enough
                && terms.ty(a).is_int()
                && (a == phi || terms.ty(a).bits() >= ty.bits()) =>
        {
            linear(terms, l, phi, ty, a, sign, step, seen)
        }
        _ => {
            if terms.get(t).loops.contains(&l) || terms.ty(t).is_float() {
                return None;
            }
            let part = terms.cast(t, ty);
            *step = terms.binary(if sign > 0 { BinOp::Add } else { BinOp::Sub }, *step, part);
            Some(())
        }
    }
}

fn ring(
    terms: &mut Terms,
    phi: TermId,
    ty: ScalarTy,
    init: i128,
    next: TermId,
) -> Option<Recurrence> {
    // Two-valued toggles: decide by substitution of both values.
    if (0..=1).contains(&init) {
        let zero = substitute_const(terms, phi, 0, next, 0)?;
        let one = substitute_const(terms, phi, 1, next, 0)?;
        if terms.as_const(zero) == Some(1) && terms.as_const(one) == Some(0) {
            return Some(Recurrence::Ring {
                init,
                step: 1,
                modulus: 2,
            });
        }
    }
    // (phi + step) % modulus, possibly between casts; each of them has to keep every value below the modulus.
    let mut t = next;
    let mut narrowest = range_of(ty).1;
    while let TermKind::Cast(a) = *terms.kind(t) {
        if terms.ty(a).is_float() || terms.ty(t).is_float() {
            return None;
        }
        narrowest = narrowest.min(range_of(terms.ty(a)).1);
        t = a;
    }
    let (sum, modulus) = match *terms.kind(t) {
        TermKind::Binary(BinOp::Rem, a, m) => (a, terms.as_const(m)?),
        TermKind::Binary(BinOp::And, a, m) => {
            let mask = terms.as_const(m)?;
            if mask < 0 || (mask & (mask + 1)) != 0 {
                return None;
            }
            (a, mask + 1)
        }
        _ => return None,
    };
    let sum_ty = terms.ty(sum);
    if !sum_ty.is_int() {
        return None;
    }
    let mut step = terms.int(sum_ty, 0);
    let mut seen = 0;
    linear_any(terms, phi, sum, &mut step, &mut seen)?;
    let step = terms.as_const(step)?;
    let fits = step >= 0
        && modulus >= 1
        && (0..modulus).contains(&init)
        && modulus + step <= range_of(sum_ty).1
        && modulus - 1 <= narrowest;
    (seen == 1 && fits).then_some(Recurrence::Ring {
        init,
        step,
        modulus,
    })
}

/// As [`linear`] for constant steps, where the phi may be widened on the way: to an integer type that holds every
/// value below the modulus, because it holds the modulus and the step.
fn linear_any(
    terms: &mut Terms,
    phi: TermId,
    t: TermId,
    step: &mut TermId,
    seen: &mut i32,
) -> Option<()> {
    match *terms.kind(t) {
        _ if t == phi => {
            *seen += 1;
            Some(())
        }
        TermKind::Cast(a)
            if a == phi && terms.ty(t).is_int() && terms.ty(t).bits() >= terms.ty(phi).bits() =>
        {
            *seen += 1;
            Some(())
        }
        TermKind::Binary(BinOp::Add, a, b) => {
            linear_any(terms, phi, a, step, seen)?;
            linear_any(terms, phi, b, step, seen)
        }
        TermKind::Const(_) => {
            *step = terms.binary(BinOp::Add, *step, t);
            Some(())
        }
        _ => None,
    }
}

/// `t` with `phi` replaced by a constant; `None` when the term is too deep or reads memory.
fn substitute_const(
    terms: &mut Terms,
    phi: TermId,
    value: i128,
    t: TermId,
    depth: u32,
) -> Option<TermId> {
    if depth > 16 {
        return None;
    }
    if t == phi {
        let ty = terms.ty(phi);
        return Some(terms.int(ty, value));
    }
    let ty = terms.ty(t);
    Some(match terms.kind(t).clone() {
        TermKind::Const(_) => t,
        TermKind::Unary(UnOp::Not, a) => {
            let a = substitute_const(terms, phi, value, a, depth + 1)?;
            terms.not(a)
        }
        TermKind::Binary(op, a, b) => {
            let a = substitute_const(terms, phi, value, a, depth + 1)?;
            let b = substitute_const(terms, phi, value, b, depth + 1)?;
            terms.binary(op, a, b)
        }
        TermKind::Cast(a) => {
            let a = substitute_const(terms, phi, value, a, depth + 1)?;
            terms.cast(a, ty)
        }
        TermKind::Select(c, a, b) => {
            let c = substitute_const(terms, phi, value, c, depth + 1)?;
            let a = substitute_const(terms, phi, value, a, depth + 1)?;
            let b = substitute_const(terms, phi, value, b, depth + 1)?;
            terms.select(c, a, b)
        }
        _ => t,
    })
}
