//! Closed forms `init + step * count`.
//!
//! Soundness direction: exact. A form that was shown not to wrap is a number in its range, equal to
//! the formula on iterations that happen; one that may wrap is only congruent to it.

use super::{Ctx, Encoder};
use crate::analysis::term::{TermId, range_of};
use crate::encode::logic::{AtomKind, BoolId, Interval, Lin};
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

    /// What holds because an iteration happens: the loop went on after the one before. Asked for only where a counter may wrap
    /// and come back into the range of the test; elsewhere the test says it. True of what happens in the iterations of the
    /// context and of nothing else, so it belongs to the condition of an access there, never to a number.
    pub fn went_on(&mut self, l: LoopId, ctx: &Ctx) -> Option<BoolId> {
        let facts = self.facts;
        let inducts = &facts.loops.get(l.index())?.inducts;
        let guard = inducts
            .iter()
            .find(|f| !self.no_wrap.contains_key(&(l, f.var)))?
            .back_guard;
        let k = ctx.counters.get(&l)?.clone();
        let mut before = ctx.clone();
        before.depth = before.depth.checked_sub(1)?;
        before.counters.insert(l, k.offset(-1));
        let entered = self.entry_guard(l, &before);
        let later = self.logic.le(&Lin::constant(1), &k);
        let when = self.logic.and(&[entered, later]);
        let held = self.bool(guard, &before);
        Some(self.logic.implies(when, held))
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
