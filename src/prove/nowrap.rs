//! Which closed forms `init + step * k` stay in the range of their type.
//!
//! By induction over the iterations: if the value at iteration k is exact and every guard that is
//! evaluated *before* the step holds, the step does not leave the range. The guards after the step
//! (the next test) are not used: that would be circular (DESIGN section 5).
//! Soundness direction: a form that is not shown stays wrapping, which is exact too.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::analysis::facts::Facts;
use crate::analysis::term::{TermId, TermKind, range_of};
use crate::cfg::Start;
use crate::encode::launch::Contract;
use crate::encode::logic::Lin;
use crate::encode::pair::{IntervalEncoder, Relation, natural};
use crate::encode::terms::{Counters, Ctx};
use crate::ir::{Kernel, LoopId, VarId};
use crate::smt::{self, Answer, Products, Wanted};

/// The loop-carried variables whose closed forms provably do not wrap.
pub fn non_wrapping(
    facts: &Facts,
    kernel: &Kernel,
    contract: &Contract,
    assumptions: &[TermId],
    limit: Duration,
) -> BTreeSet<(LoopId, VarId)> {
    let mut proved: BTreeSet<(LoopId, VarId)> = BTreeSet::new();
    loop {
        let before = proved.len();
        for (i, l) in facts.loops.iter().enumerate() {
            for f in &l.inducts {
                let who = (LoopId(i as u32), f.var);
                if proved.contains(&who) || facts.terms.ty(f.init).is_float() {
                    continue;
                }
                let TermKind::Induct { .. } = facts.terms.kind(f.term) else {
                    continue;
                };
                let mut with_hypothesis = proved.clone();
                with_hypothesis.insert(who);
                if step_stays(
                    facts,
                    kernel,
                    contract,
                    &with_hypothesis,
                    assumptions,
                    (&l.nest, who.0),
                    (f.init, f.step, f.back_guard),
                    limit,
                ) {
                    proved.insert(who);
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
    facts: &Facts,
    kernel: &Kernel,
    contract: &Contract,
    hypothesis: &BTreeSet<(LoopId, VarId)>,
    assumptions: &[TermId],
    (nest, this): (&[LoopId], LoopId),
    (init, step, guard): (TermId, TermId, TermId),
    limit: Duration,
) -> bool {
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
    matches!(
        smt::check(
            &ie.enc.logic,
            &asserts,
            Products::Opaque,
            limit,
            &Wanted::default()
        ),
        Answer::Unsat
    )
}
