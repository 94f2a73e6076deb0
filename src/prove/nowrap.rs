//! Which closed forms `init + step * k` stay in the range of their type.
//!
//! By induction over the iterations: if the value at iteration k is exact and every guard that is
//! evaluated *before* the step holds, the step does not leave the range. The guards after the step
//! (the next test) are not used: that would be circular (DESIGN section 5).
//! Soundness direction: a form that is not shown stays wrapping, which is exact too.

use std::time::Duration;

use super::patience::Patience;
use super::record::{About, Ask, Recorder};
use super::stats::Stats;
use crate::analysis::facts::{Facts, InductFact, LoopFact};
use crate::analysis::term::{TermId, TermKind, range_of};
use crate::cfg::Start;
use crate::encode::launch::Contract;
use crate::encode::logic::{Interval, Lin};
use crate::encode::pair::{IntervalEncoder, Relation, natural};
use crate::encode::terms::{Counters, Ctx, NoWrap};
use crate::ir::{BinOp, Kernel, LoopId, UnOp};
use crate::smt::{Answer, Effort, Products, Wanted};

/// The loop-carried variables whose closed forms provably do not wrap, with the range of the
/// values they take.
pub fn non_wrapping(
    facts: &Facts,
    kernel: &Kernel,
    contract: &Contract,
    assumptions: &[TermId],
    (limit, patience): (Duration, &Patience),
    (recorder, stats): (Option<&Recorder>, Option<&Stats>),
) -> NoWrap {
    let mut proved = NoWrap::new();
    loop {
        let before = proved.len();
        for (i, l) in facts.loops.iter().enumerate() {
            for f in &l.inducts {
                let who = (LoopId(i as u32), f.var);
                if proved.contains_key(&who) || facts.terms.ty(f.init).is_float() {
                    continue;
                }
                let TermKind::Induct { .. } = facts.terms.kind(f.term) else {
                    continue;
                };
                let ask = Ask {
                    kernel,
                    facts,
                    limit,
                    patience: Some(patience),
                    hasty: false,
                    recorder,
                    stats,
                    about: About::NoOverflow(who.0, who.1),
                    contract,
                    relation: None,
                    start: None,
                };
                let mut with_hypothesis = proved.clone();
                with_hypothesis.insert(who, Interval::default());
                if step_stays(
                    &ask,
                    contract,
                    &with_hypothesis,
                    assumptions,
                    (&l.nest, who.0),
                    (f.init, f.step, f.back_guard),
                ) {
                    let range = range(facts, kernel, contract, &proved, l, who.0, f);
                    proved.insert(who, range);
                }
            }
        }
        if proved.len() == before {
            return proved;
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn step_stays(
    ask: &Ask<'_>,
    contract: &Contract,
    hypothesis: &NoWrap,
    assumptions: &[TermId],
    (nest, this): (&[LoopId], LoopId),
    (init, step, guard): (TermId, TermId, TermId),
) -> bool {
    let (facts, kernel) = (ask.facts, ask.kernel);
    let mut ie = IntervalEncoder::new(
        facts,
        kernel,
        contract,
        hypothesis,
        Start::Entry,
        Relation::Distinct,
        assumptions,
    );
    // One thread only: drop the distinctness of two.
    ie.context = ie.enc.base.clone();
    let plain = Ctx {
        thread: 1,
        counters: Counters::new(),
        depth: 0,
    };
    for a in assumptions {
        let b = ie.enc.bool(*a, &plain);
        ie.context.push(b);
    }
    let mut counters = Counters::new();
    for l in nest {
        let k = Lin::atom(ie.enc.logic.var(&format!("k{}", l.0), natural()));
        counters.insert(*l, k);
    }
    let Some(k) = counters.get(&this).cloned() else {
        return false;
    };
    let ctx = Ctx {
        thread: 1,
        counters,
        depth: 0,
    };
    let (lo, hi) = range_of(facts.terms.ty(init));
    let i = ie.enc.value(init, &ctx);
    let s = ie.enc.step_value(step, &ctx);
    let now = {
        let p = ie.enc.logic.mul(&s, &k);
        i.plus(&p)
    };
    let next = now.plus(&s);
    let g = ie.enc.bool(guard, &ctx);
    let logic = &mut ie.enc.logic;
    let in_lo = logic.le(&Lin::constant(lo), &now);
    let in_hi = logic.le(&now, &Lin::constant(hi));
    let below = logic.lt(&next, &Lin::constant(lo));
    let above = logic.lt(&Lin::constant(hi), &next);
    let out = logic.or(&[below, above]);
    let bad = logic.and(&[g, in_lo, in_hi, out]);
    if logic.is_false(bad) {
        return true;
    }
    let asserts = ie.obligation(&[bad]);
    let proved = matches!(
        ask.check(
            &ie.enc.logic,
            &asserts,
            Products::Opaque,
            &Wanted::default(),
            Effort::Full
        ),
        Answer::Unsat
    );
    ask.drain(&mut ie);
    if proved {
        ask.record(&ie.enc.logic, &asserts, Products::Opaque, &[], None);
    }
    proved
}

/// The values of a non-wrapping form on entered iterations and at the exit test: between the first
/// value and one step past what the test admits. By intervals only.
fn range(
    facts: &Facts,
    kernel: &Kernel,
    contract: &Contract,
    proved: &NoWrap,
    l: &LoopFact,
    this: LoopId,
    f: &InductFact,
) -> Interval {
    let mut ie = IntervalEncoder::new(
        facts,
        kernel,
        contract,
        proved,
        Start::Entry,
        Relation::Distinct,
        &[],
    );
    let mut counters = Counters::new();
    for n in &l.nest {
        let k = Lin::atom(ie.enc.logic.var(&format!("k{}", n.0), natural()));
        counters.insert(*n, k);
    }
    let ctx = Ctx {
        thread: 1,
        counters,
        depth: 0,
    };
    let init = ie.enc.value(f.init, &ctx);
    let init = ie.enc.logic.interval(&init);
    let step = ie.enc.step_value(f.step, &ctx);
    let step = ie.enc.logic.interval(&step);
    let up = step.lo.is_some_and(|s| s >= 0);
    let down = step.hi.is_some_and(|s| s <= 0);
    let mut out = Interval {
        lo: if up { init.lo } else { None },
        hi: if down { init.hi } else { None },
    };
    let mut tests = Vec::new();
    if let Some(c) = l.cond {
        conjuncts(facts, c, true, &mut tests);
    }
    for (op, a, b) in tests {
        // Bring the variable to the left.
        let (op, bound) = if is_form(facts, a, f) {
            (op, b)
        } else if is_form(facts, b, f) {
            (mirrored(op), a)
        } else {
            continue;
        };
        if facts.terms.get(bound).loops.contains(&this) {
            continue;
        }
        let b = ie.enc.value(bound, &ctx);
        let b = ie.enc.logic.interval(&b);
        let plus = |x: Option<i128>, y: Option<i128>, k: i128| match (x, y) {
            (Some(x), Some(y)) => x.checked_add(y).and_then(|v| v.checked_add(k)),
            _ => None,
        };
        if up {
            let past = match op {
                BinOp::Lt => plus(b.hi, step.hi, -1),
                BinOp::Le => plus(b.hi, step.hi, 0),
                _ => None,
            };
            if let (Some(p), Some(i)) = (past, init.hi) {
                let hi = p.max(i);
                out.hi = Some(out.hi.map_or(hi, |h: i128| h.min(hi)));
            }
        }
        if down {
            let past = match op {
                BinOp::Gt => plus(b.lo, step.lo, 1),
                BinOp::Ge => plus(b.lo, step.lo, 0),
                _ => None,
            };
            if let (Some(p), Some(i)) = (past, init.lo) {
                let lo = p.min(i);
                out.lo = Some(out.lo.map_or(lo, |h: i128| h.max(lo)));
            }
        }
    }
    out
}

fn mirrored(op: BinOp) -> BinOp {
    match op {
        BinOp::Lt => BinOp::Gt,
        BinOp::Le => BinOp::Ge,
        BinOp::Gt => BinOp::Lt,
        BinOp::Ge => BinOp::Le,
        other => other,
    }
}

/// Whether `t` is the form, or the form in types that hold every value of the one before.
fn is_form(facts: &Facts, t: TermId, f: &InductFact) -> bool {
    let mut t = t;
    while t != f.term {
        let TermKind::Cast(a) = *facts.terms.kind(t) else {
            return false;
        };
        let (to, from) = (facts.terms.ty(t), facts.terms.ty(a));
        let ((lo, hi), (flo, fhi)) = (range_of(to), range_of(from));
        if !to.is_int() || from.is_float() || lo > flo || hi < fhi {
            return false;
        }
        t = a;
    }
    true
}

/// The comparisons that a condition implies.
fn conjuncts(facts: &Facts, t: TermId, holds: bool, out: &mut Vec<(BinOp, TermId, TermId)>) {
    match *facts.terms.kind(t) {
        TermKind::Binary(BinOp::And, a, b) if holds => {
            conjuncts(facts, a, true, out);
            conjuncts(facts, b, true, out);
        }
        TermKind::Unary(UnOp::Not, a) => conjuncts(facts, a, !holds, out),
        TermKind::Binary(op, a, b) if op.is_comparison() => {
            let op = if holds {
                op
            } else {
                match op {
                    BinOp::Lt => BinOp::Ge,
                    BinOp::Le => BinOp::Gt,
                    BinOp::Gt => BinOp::Le,
                    BinOp::Ge => BinOp::Lt,
                    BinOp::Eq => BinOp::Ne,
                    _ => BinOp::Eq,
                }
            };
            out.push((op, a, b));
        }
        _ => {}
    }
}
