//! Closed forms `init + step * count`.
//!
//! Soundness direction: exact. A form that was shown not to wrap is a number in its range, equal to
//! the formula on iterations that happen; one that may wrap is only congruent to it.

use super::{Ctx, Encoder};
use crate::analysis::term::{TermId, range_of};
use crate::encode::logic::{AtomKind, Interval, Lin};
use crate::ir::{LoopId, VarId};

impl Encoder<'_> {
    pub(super) fn induct(
        &mut self,
        t: TermId,
        init: TermId,
        step: TermId,
        count: TermId,
        who: (LoopId, VarId),
        ctx: &Ctx,
    ) -> Lin {
        let ty = self.facts.terms.ty(t);
        let k = self.lazy(count, ctx);
        let Some(range) = self.no_wrap.get(&who).copied() else {
            self.previous_iteration(who, &k, ctx);
            let (i, s) = (self.lazy(init, ctx), self.lazy(step, ctx));
            let p = self.logic.mul(&s, &k);
            return i.plus(&p);
        };
        let (i, s) = (self.value(init, ctx), self.step_value(step, ctx));
        let p = self.logic.mul(&s, &k);
        let exact = i.plus(&p);
        let (lo, hi) = range_of(ty);
        let known = self.logic.interval(&exact);
        let (lo, hi) = (
            lo.max(range.lo.unwrap_or(lo)),
            hi.min(range.hi.unwrap_or(hi)),
        );
        if known.within(lo, hi) || lo > hi {
            return exact;
        }
        // The fact holds where the loop was entered, in one iteration of the loops around. Elsewhere it is another number, also
        // where the formula is the same: else a pair would bring facts along about iterations that it does not speak of.
        let name = format!("ind{}.{}", who.0.0, who.1.0);
        let mut parts = vec![exact.clone()];
        let nest = self.facts.loops.get(who.0.index()).map(|l| &l.nest);
        let around = nest.into_iter().flatten().filter(|l| **l != who.0);
        parts.extend(around.filter_map(|l| ctx.counters.get(l).cloned()));
        let (v, _) = self
            .logic
            .intern(AtomKind::Defined(name, parts), Interval::new(lo, hi));
        let same = self.logic.eq(&Lin::atom(v), &exact);
        // Facts about the iteration before look at count -1, where nothing holds.
        let entered = self.entry_guard(who.0, ctx);
        let real = self.logic.le(&Lin::constant(0), &k);
        let when = self.logic.and(&[entered, real]);
        let fact = self.logic.implies(when, same);
        self.logic.assume(v, fact);
        Lin::atom(v)
    }

    /// A form that may wrap can come back into the range of the test: at least the iteration before
    /// must have been a real one.
    fn previous_iteration(&mut self, who: (LoopId, VarId), k: &Lin, ctx: &Ctx) {
        let facts = self.facts;
        let guard = facts.loops.get(who.0.index()).and_then(|l| {
            l.inducts
                .iter()
                .find(|f| f.var == who.1)
                .map(|f| f.back_guard)
        });
        let (Some(guard), Some(&(atom, _)), true) = (guard, k.terms.last(), ctx.depth > 0) else {
            return;
        };
        let mut before = ctx.clone();
        before.depth -= 1;
        before.counters.insert(who.0, k.offset(-1));
        let entered = self.entry_guard(who.0, &before);
        let later = self.logic.le(&Lin::constant(1), k);
        let when = self.logic.and(&[entered, later]);
        let held = self.bool(guard, &before);
        let fact = self.logic.implies(when, held);
        self.logic.assume(atom, fact);
    }

    /// A step as the signed number nearest to zero (`i -= 1` on `uint` adds 2^32 - 1).
    pub fn step_value(&mut self, step: TermId, ctx: &Ctx) -> Lin {
        match self.facts.terms.as_const(step) {
            Some(v) => {
                let m = 1i128 << self.facts.terms.ty(step).bits();
                Lin::constant(if v > m / 2 { v - m } else { v })
            }
            None => self.value(step, ctx),
        }
    }
}
