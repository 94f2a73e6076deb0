//! Unknown values, loop-carried values and exit counts.
//!
//! Soundness direction: an unknown is an uninterpreted function of the iterations it depends on
//! (and of the simdgroup or thread unless it is uniform), so equal instances stay equal and
//! nothing else is assumed. Facts about loops are attached as assumptions, under the condition
//! that the thread entered the loop.

use super::{Counters, Ctx, Encoder};
use crate::analysis::term::{Level, TermId, TermKind, range_of};
use crate::encode::logic::{AtomKind, BoolId, Interval, Lin};
use crate::ir::{LoopId, ScalarTy, VarId};

impl Encoder<'_> {
    fn instance(&mut self, prefix: &str, t: TermId, range: Interval, ctx: &Ctx) -> (Lin, bool) {
        let term = self.facts.terms.get(t);
        let mut args = Vec::new();
        for l in &term.loops {
            match ctx.counters.get(l) {
                Some(c) => args.push(c.clone()),
                // A counter that this thread's context does not fix: an arbitrary iteration.
                None => {
                    let any = Interval {
                        lo: Some(0),
                        hi: None,
                    };
                    args.push(Lin::atom(self.logic.fresh("any", any)));
                }
            }
        }
        let mut name = format!("{prefix}{}", t.0);
        match self.facts.terms.level(t) {
            Level::Uniform => {}
            Level::Simdgroup => {
                name.push('s');
                args.push(self.thread(ctx.thread).simdgroup.clone());
            }
            Level::Varying => {
                name.push_str(if ctx.thread == 1 { "@1" } else { "@2" });
            }
        }
        let (a, new) = if args.is_empty() {
            self.logic.intern(AtomKind::Var(name), range)
        } else {
            self.logic.intern(AtomKind::App(name, args), range)
        };
        (Lin::atom(a), new)
    }

    /// An arbitrary value of the term's type.
    pub(super) fn unknown(&mut self, t: TermId, ctx: &Ctx) -> Lin {
        let ty = self.facts.terms.ty(t);
        let range = if ty.is_float() {
            Interval::default()
        } else {
            let (lo, hi) = range_of(ty);
            Interval::new(lo, hi)
        };
        let (l, new) = self.instance("u", t, range, ctx);
        // For witnesses: the host chooses these.
        if new
            && !ty.is_float()
            && let TermKind::FunctionConstant(n, defined) = *self.facts.terms.kind(t)
            && let Some(a) = Self::single(&l)
        {
            self.constants.push((n, defined, a));
        }
        l
    }

    /// The context with one counter replaced.
    pub(super) fn at_iteration(ctx: &Ctx, l: LoopId, k: Lin) -> Ctx {
        let mut c = ctx.clone();
        c.counters.insert(l, k);
        c
    }

    /// Condition under which the thread entered the loop at the iterations of the context.
    pub(super) fn entry_guard(&mut self, l: LoopId, ctx: &Ctx) -> BoolId {
        match self.facts.loops.get(l.index()).and_then(|f| f.entry_guard) {
            Some(g) => self.bool(g, ctx),
            None => self.logic.bool(true),
        }
    }

    /// Number of iterations of a loop that is left only through its test: the test fails there
    /// and held one iteration before.
    pub(super) fn exit_count(&mut self, t: TermId, l: LoopId, ctx: &Ctx) -> Lin {
        let natural = Interval {
            lo: Some(0),
            hi: None,
        };
        let (e, new) = self.instance("exit", t, natural, ctx);
        if !new || ctx.depth == 0 {
            return e;
        }
        let facts = self.facts;
        let Some(loop_fact) = facts.loops.get(l.index()) else {
            return e;
        };
        let (Some(cond), true) = (loop_fact.cond, loop_fact.exit_by_test) else {
            return e;
        };
        let mut shallow = ctx.clone();
        shallow.depth -= 1;
        let entered = self.entry_guard(l, &shallow);
        let at = Self::at_iteration(&shallow, l, e.clone());
        let fails = self.bool(cond, &at);
        let fails = self.logic.not(fails);
        let before = Self::at_iteration(&shallow, l, e.offset(-1));
        let held = self.bool(cond, &before);
        let first = self.logic.le(&e, &Lin::constant(0));
        let held = self.logic.or(&[first, held]);
        let both = self.logic.and(&[fails, held]);
        let fact = self.logic.implies(entered, both);
        if let Some(a) = Self::single(&e) {
            self.logic.assume(a, fact);
        }
        e
    }

    /// A loop-carried value: its first value at iteration 0, else what the iteration before made.
    pub(super) fn phi(&mut self, t: TermId, l: LoopId, v: VarId, ctx: &Ctx) -> Lin {
        let ty = self.facts.terms.ty(t);
        let range = if ty.is_float() {
            Interval::default()
        } else {
            let (lo, hi) = range_of(ty);
            Interval::new(lo, hi)
        };
        let (x, new) = self.instance("phi", t, range, ctx);
        if !new || ctx.depth == 0 || ty.is_float() {
            return x;
        }
        let facts = self.facts;
        let Some(fact) = facts.loops.get(l.index()).and_then(|f| f.phis.get(&v)) else {
            return x;
        };
        let Some(k) = ctx.counters.get(&l).cloned() else {
            return x;
        };
        let mut shallow = ctx.clone();
        shallow.depth -= 1;
        let entered = self.entry_guard(l, &shallow);
        let outer = without(&shallow, l);
        let init = self.number(fact.init, &outer);
        let is_first = self.logic.eq(&k, &Lin::constant(0));
        let starts = self.logic.eq(&x, &init);
        let first = self.logic.implies(is_first, starts);
        let before = Self::at_iteration(&shallow, l, k.offset(-1));
        let next = self.number(fact.next, &before);
        let continues = self.logic.eq(&x, &next);
        let repeated = self.bool(fact.back_guard, &before);
        let both = self.logic.and(&[continues, repeated]);
        let later = self.logic.or(&[is_first, both]);
        let all = self.logic.and(&[first, later]);
        let all = self.logic.implies(entered, all);
        if let Some(a) = Self::single(&x) {
            self.logic.assume(a, all);
        }
        x
    }

    /// The value as a number; a `bool` counts as 0 or 1.
    fn number(&mut self, t: TermId, ctx: &Ctx) -> Lin {
        if self.facts.terms.ty(t) == ScalarTy::Bool {
            self.lazy(t, ctx)
        } else {
            self.value(t, ctx)
        }
    }
}

fn without(ctx: &Ctx, l: LoopId) -> Ctx {
    let counters: Counters = ctx
        .counters
        .iter()
        .filter(|(k, _)| **k != l)
        .map(|(k, v)| (*k, v.clone()))
        .collect();
    Ctx {
        thread: ctx.thread,
        counters,
        depth: ctx.depth,
    }
}
