//! Obligations: can two threads, both in the barrier interval that starts at one barrier
//! instance, touch the same byte?
//!
//! Soundness direction: the formula of a pair is satisfiable whenever two threads can conflict
//! there (two-thread reduction: what other threads write is an unknown value to these two).

use serde::{Deserialize, Serialize};

use std::time::{Duration, Instant};

use super::bounds::bounds;
use super::launch::Contract;
use super::logic::{BoolId, Interval, Lin};
use super::terms::{Counters, Ctx, Encoder, NoWrap};
use crate::analysis::facts::{AccessFact, Facts, Footprint};
use crate::analysis::term::{TermId, TermKind};
use crate::cfg::{Arrival, Exit, Shift, Start, Took};
use crate::ir::{AccessId, Kernel, LoopId};

/// How the two threads lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Relation {
    /// Distinct threads of one simdgroup.
    SameSimdgroup,
    /// Threads of different simdgroups.
    DifferentSimdgroups,
    /// Distinct threads.
    Distinct,
}

/// One thread's access in a conflict, decoded through these expressions.
#[derive(Clone, Debug)]
pub struct Side {
    /// The access.
    pub access: AccessId,
    /// Iteration of each loop around it.
    pub counters: Vec<(LoopId, Lin)>,
    /// First byte (of the touched element, for a tile).
    pub offset: Lin,
    /// Bytes.
    pub width: u64,
}

/// A pair with its formula.
#[derive(Clone, Debug)]
pub struct PairFormula {
    /// Thread 1's access.
    pub first: Side,
    /// Thread 2's access.
    pub second: Side,
    /// Conditions of the conflict, without definitions.
    pub formula: BoolId,
}

/// Encodes the pairs of one interval.
pub struct IntervalEncoder<'a> {
    /// The encoder.
    pub enc: Encoder<'a>,
    start: Vec<(LoopId, Lin)>,
    in_bounds: bool,
    /// Conditions on the start and the launch.
    pub context: Vec<BoolId>,
    /// What building took since this was last looked at.
    pub spent: Spent,
}

/// Time, and pairs that were found impossible while their formula was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Time.
    pub time: Duration,
    /// A guard is `false`.
    pub guards: usize,
    /// The bytes are disjoint.
    pub disjoint: usize,
    /// The conditions contradict each other.
    pub contradiction: usize,
}

impl<'a> IntervalEncoder<'a> {
    /// For the interval that starts at `start`, under assumptions over launch values.
    pub fn new(
        facts: &'a Facts,
        kernel: &'a Kernel,
        contract: &'a Contract,
        no_wrap: &'a NoWrap,
        start: Start,
        relation: Relation,
        assumptions: &[TermId],
    ) -> IntervalEncoder<'a> {
        let began = Instant::now();
        let mut enc = Encoder::new(facts, kernel, contract, no_wrap);
        enc.bounds = bounds(&facts.terms, assumptions);
        let mut context = enc.base.clone();
        let (a, b) = (enc.thread(1).clone(), enc.thread(2).clone());
        let distinct = {
            let same = enc.logic.eq(&a.index, &b.index);
            enc.logic.not(same)
        };
        let same_group = enc.logic.eq(&a.simdgroup, &b.simdgroup);
        match relation {
            Relation::SameSimdgroup => context.extend([distinct, same_group]),
            Relation::DifferentSimdgroups => {
                let different = enc.logic.not(same_group);
                context.push(different);
            }
            Relation::Distinct => context.push(distinct),
        }
        let plain = Ctx {
            thread: 1,
            counters: Counters::new(),
            depth: 1,
        };
        for t in assumptions {
            let b = enc.bool(*t, &plain);
            context.push(b);
        }
        let mut shared = Vec::new();
        if let Start::Barrier(id) = start
            && let Some(Some(fact)) = facts.barriers.get(id.index())
        {
            let mut counters = Counters::new();
            for l in &fact.loops {
                let p = Lin::atom(enc.logic.var(&format!("p{}", l.0), natural()));
                shared.push((*l, p.clone()));
                counters.insert(*l, p);
            }
            for thread in [1, 2] {
                let ctx = Ctx {
                    thread,
                    counters: counters.clone(),
                    depth: 1,
                };
                let g = enc.bool(fact.guard, &ctx);
                context.push(g);
            }
        }
        IntervalEncoder {
            enc,
            start: shared,
            in_bounds: contract.in_bounds,
            context,
            spent: Spent {
                time: began.elapsed(),
                ..Spent::default()
            },
        }
    }

    /// That the two threads are of different simdgroups.
    pub fn across_simdgroups(&mut self) -> BoolId {
        let (a, b) = (self.enc.thread(1), self.enc.thread(2));
        let (a, b) = (a.simdgroup.clone(), b.simdgroup.clone());
        let same = self.enc.logic.eq(&a, &b);
        self.enc.logic.not(same)
    }

    /// The context of a thread at an arrival, and the conditions that come with it. `tag` keeps
    /// the free iterations of several arrivals of one thread apart.
    fn arrive<T>(&mut self, thread: u8, tag: &str, a: &Arrival<T>) -> (Ctx, Vec<BoolId>) {
        let mut counters = Counters::new();
        for (i, (l, shift)) in a.shifts.iter().enumerate() {
            let k = self.counter(thread, tag, &a.shifts[..i], *l, *shift);
            counters.insert(*l, k);
        }
        let mut conditions = Vec::new();
        for e in &a.history.exits {
            self.exit(thread, tag, e, &mut conditions);
        }
        for t in &a.history.took {
            self.took(thread, tag, t, &mut conditions);
        }
        (
            Ctx {
                thread,
                counters,
                depth: 1,
            },
            conditions,
        )
    }

    /// The iteration of a loop at a shift. `outer` are the shifts of the loops around it: a free iteration of an inner loop is
    /// another number for each, because facts about it are facts about one entry of the loop.
    fn counter(
        &mut self,
        thread: u8,
        tag: &str,
        outer: &[(LoopId, Shift)],
        l: LoopId,
        shift: Shift,
    ) -> Lin {
        let around: String = outer.iter().map(|(_, s)| s.letter()).collect();
        let p = self
            .start
            .iter()
            .find(|(x, _)| *x == l)
            .map(|(_, p)| p.clone());
        let mut free = || {
            Lin::atom(
                self.enc
                    .logic
                    .var(&format!("k{}{around}{tag}.t{thread}", l.0), natural()),
            )
        };
        match (shift, p) {
            (Shift::Same, Some(p)) => p,
            (Shift::Next, Some(p)) => p.offset(1),
            (Shift::Later, Some(p)) => p.offset(2).plus(&free()),
            (Shift::First, _) => Lin::constant(0),
            (Shift::After, _) => free().offset(1),
            _ => free(),
        }
    }

    fn exit(&mut self, thread: u8, tag: &str, e: &Exit, out: &mut Vec<BoolId>) {
        let known = |s: &Shift| s.is_single();
        if !e.outer.iter().all(|(_, s)| known(s)) {
            return;
        }
        let facts = self.enc.facts;
        let Some(fact) = facts.loops.get(e.of.index()) else {
            return;
        };
        let mut counters = Counters::new();
        for (i, (l, s)) in e.outer.iter().enumerate() {
            let k = self.counter(thread, tag, &e.outer[..i], *l, *s);
            counters.insert(*l, k);
        }
        let mut ctx = Ctx {
            thread,
            counters,
            depth: 1,
        };
        let at = self.counter(thread, tag, &e.outer, e.of, e.shift);
        if let (true, Some(count)) = (fact.exit_by_test, fact.exit_count) {
            let n = self.enc.lazy(count, &ctx);
            if known(&e.shift) {
                let same = self.enc.logic.eq(&n, &at);
                out.push(same);
            } else {
                let least = if e.shift == Shift::Later {
                    self.start
                        .iter()
                        .find(|(x, _)| *x == e.of)
                        .map_or(Lin::constant(0), |(_, p)| p.offset(2))
                } else {
                    Lin::constant(1)
                };
                let ge = self.enc.logic.le(&least, &n);
                out.push(ge);
            }
        }
        if let (true, Some(cond)) = (known(&e.shift), fact.cond) {
            ctx.counters.insert(e.of, at);
            let holds = self.enc.bool(cond, &ctx);
            let fails = self.enc.logic.not(holds);
            out.push(fails);
        }
    }

    /// The condition of a branch that the thread took, at the iteration at which it took it.
    fn took(&mut self, thread: u8, tag: &str, t: &Took, out: &mut Vec<BoolId>) {
        let Some(Some(cond)) = self.enc.facts.branches.get(t.branch.index()).copied() else {
            return;
        };
        let mut counters = Counters::new();
        for (i, (l, s)) in t.at.iter().enumerate() {
            let k = self.counter(thread, tag, &t.at[..i], *l, *s);
            counters.insert(*l, k);
        }
        let ctx = Ctx {
            thread,
            counters,
            depth: 1,
        };
        let holds = self.enc.bool(cond, &ctx);
        let happened = if t.holds {
            holds
        } else {
            self.enc.logic.not(holds)
        };
        out.push(happened);
    }

    /// A guard (of a return, a barrier) for a thread at an arrival.
    pub fn guard_at<T>(&mut self, thread: u8, a: &Arrival<T>, guard: TermId) -> BoolId {
        let (ctx, mut cs) = self.arrive(thread, "r", a);
        cs.push(self.enc.bool(guard, &ctx));
        self.enc.logic.and(&cs)
    }

    /// That thread 1 is at the place of `end` (see [`IntervalEncoder::guard_at`]) after it was at
    /// `access`. `before` says that within an iteration the end comes first in the text. Of nested
    /// loops only the outermost one is looked at.
    pub fn ends_after<A, E>(
        &mut self,
        access: &Arrival<A>,
        end: &Arrival<E>,
        before: bool,
    ) -> BoolId {
        let common = access.shifts.iter().zip(&end.shifts);
        let common: Vec<_> = common.take_while(|(a, e)| a.0 == e.0).collect();
        let Some(&(&(l, at), &(_, ends))) = common.first() else {
            return self.enc.logic.bool(!before);
        };
        let at = self.counter(1, "", &[], l, at);
        let ends = self.counter(1, "r", &[], l, ends);
        if before && common.len() == 1 {
            self.enc.logic.lt(&at, &ends)
        } else {
            self.enc.logic.le(&at, &ends)
        }
    }

    /// Bytes of the object that an access is to, where that is known.
    fn size_of(&self, f: &AccessFact) -> Option<i128> {
        let o = self.enc.kernel.objects.get(f.object.index())?;
        o.size.map(i128::from)
    }

    fn side(&mut self, thread: u8, f: &AccessFact, ctx: &Ctx) -> (Side, BoolId) {
        let base = self.enc.value(f.offset, ctx);
        let mut conditions = Vec::new();
        let (offset, width) = match &f.footprint {
            Footprint::Bytes(n) => (base, *n),
            Footprint::Tile {
                rows,
                cols,
                elem,
                stride,
            } => {
                let stride = self.enc.value(*stride, ctx);
                let col = self.enc.logic.var(
                    &format!("col{}.t{thread}", f.id.0),
                    Interval::new(0, i128::from(*cols) - 1),
                );
                let mut at = base.add_scaled(&Lin::atom(col), i128::from(*elem));
                if let Some(s) = stride.as_const() {
                    let row = self.enc.logic.var(
                        &format!("row{}.t{thread}", f.id.0),
                        Interval::new(0, i128::from(*rows) - 1),
                    );
                    at = at.add_scaled(&Lin::atom(row), s);
                } else {
                    // row * stride by binary digits of the row keeps the formula linear.
                    let mut bit = 1i128;
                    let mut digits = Vec::new();
                    while bit < i128::from(*rows) {
                        let d = self
                            .enc
                            .logic
                            .bool_var(&format!("row{}.{bit}.t{thread}", f.id.0));
                        let part = self.enc.logic.ite(d, &stride.scale(bit), &Lin::constant(0));
                        at = at.plus(&part);
                        digits.push((d, bit));
                        bit *= 2;
                    }
                    if bit != i128::from(*rows) {
                        let mut sum = Lin::constant(0);
                        for (d, w) in digits {
                            let part = self.enc.logic.ite(d, &Lin::constant(w), &Lin::constant(0));
                            sum = sum.plus(&part);
                        }
                        let below = self.enc.logic.lt(&sum, &Lin::constant(i128::from(*rows)));
                        conditions.push(below);
                    }
                }
                (at, *elem)
            }
        };
        if let (true, Some(size)) = (self.in_bounds, self.size_of(f)) {
            let last = size - i128::from(width);
            let low = self.enc.logic.le(&Lin::constant(0), &offset);
            let high = self.enc.logic.le(&offset, &Lin::constant(last));
            conditions.extend([low, high]);
        }
        conditions.push(self.enc.bool(f.guard, ctx));
        for l in &f.loops {
            conditions.extend(self.enc.went_on(*l, ctx));
        }
        let guard = self.enc.logic.and(&conditions);
        let counters = f
            .loops
            .iter()
            .filter_map(|l| ctx.counters.get(l).map(|k| (*l, k.clone())))
            .collect();
        (
            Side {
                access: f.id,
                counters,
                offset,
                width,
            },
            guard,
        )
    }

    /// That two values differ, as far as that is known: two atomic stores of one value need no order.
    fn differ(&mut self, (s, at): (TermId, &Ctx), (t, bt): (TermId, &Ctx)) -> BoolId {
        let terms = &self.enc.facts.terms;
        if let (TermKind::Float(a), TermKind::Float(b)) = (terms.kind(s), terms.kind(t)) {
            return self.enc.logic.bool(a != b || terms.ty(s) != terms.ty(t));
        }
        if !terms.ty(s).is_int() || terms.ty(s) != terms.ty(t) {
            return self.enc.logic.bool(true);
        }
        let (a, b) = (self.enc.value(s, at), self.enc.value(t, bt));
        let same = self.enc.logic.eq(&a, &b);
        self.enc.logic.not(same)
    }

    /// The conflict of two accesses; `None` when it is plainly impossible.
    pub fn pair(
        &mut self,
        a: &Arrival<AccessId>,
        b: &Arrival<AccessId>,
        relation: Relation,
    ) -> Option<PairFormula> {
        let began = Instant::now();
        let out = self.conflict(a, b, relation);
        self.spent.time += began.elapsed();
        out
    }

    fn conflict(
        &mut self,
        a: &Arrival<AccessId>,
        b: &Arrival<AccessId>,
        relation: Relation,
    ) -> Option<PairFormula> {
        let facts = self.enc.facts;
        let fa = facts.accesses.get(a.at.index())?.as_ref()?;
        let fb = facts.accesses.get(b.at.index())?.as_ref()?;
        let (ca, mut conditions) = self.arrive(1, "", a);
        let (cb, more) = self.arrive(2, "", b);
        conditions.extend(more);
        let (first, ga) = self.side(1, fa, &ca);
        let (second, gb) = self.side(2, fb, &cb);
        conditions.extend([ga, gb]);
        let logic = &mut self.enc.logic;
        let (wa, wb) = (i128::from(first.width), i128::from(second.width));
        let x = logic.le(&first.offset, &second.offset.offset(wb - 1));
        let y = logic.le(&second.offset, &first.offset.offset(wa - 1));
        conditions.extend([x, y]);
        if fa.id == fb.id
            && matches!(fa.footprint, Footprint::Tile { .. })
            && relation != Relation::DifferentSimdgroups
        {
            // Lanes in the same execution of one collective operation do not conflict.
            let mut differs = Vec::new();
            for ((_, k1), (_, k2)) in first.counters.iter().zip(&second.counters) {
                let same = logic.eq(k1, k2);
                differs.push(logic.not(same));
            }
            if relation == Relation::Distinct {
                let (t1, t2) = (&self.enc.thread(1).simdgroup, &self.enc.thread(2).simdgroup);
                let (t1, t2) = (t1.clone(), t2.clone());
                let same = self.enc.logic.eq(&t1, &t2);
                differs.push(self.enc.logic.not(same));
            }
            let other = self.enc.logic.or(&differs);
            conditions.push(other);
        }
        if let (Some(s), Some(t)) = (fa.stored, fb.stored)
            && fa.needs_order(fb)
        {
            conditions.push(self.differ((s, &ca), (t, &cb)));
        }
        let formula = self.enc.logic.and(&conditions);
        if self.enc.logic.is_false(formula) {
            let logic = &self.enc.logic;
            if [x, y].iter().any(|c| logic.is_false(*c)) {
                self.spent.disjoint += 1;
            } else if conditions.iter().any(|c| logic.is_false(*c)) {
                self.spent.guards += 1;
            } else {
                self.spent.contradiction += 1;
            }
            return None;
        }
        Some(PairFormula {
            first,
            second,
            formula,
        })
    }
}

/// The interval of a natural number.
pub fn natural() -> Interval {
    Interval {
        lo: Some(0),
        hi: None,
    }
}
