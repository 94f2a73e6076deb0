//! Terms to integers: exact 32-bit (8 to 64) arithmetic over unbounded integers with lazy wrap.
//!
//! A term of an integer type is first encoded *lazily*, as any linear expression congruent to its
//! value modulo 2^width; only where the value itself matters (division, comparison, address,
//! extension) is it brought into the range of its type, with a wrap variable where intervals
//! cannot exclude overflow (DESIGN section 5). Soundness direction: exact; unknown values and
//! floating-point are unconstrained.

use std::collections::{BTreeMap, HashMap};

use super::bounds::Bounds;
use super::launch::{Contract, LaunchVars, ThreadVars};
use super::logic::{AtomId, AtomKind, BoolId, Interval, Lin, Logic};
use crate::analysis::facts::Facts;
use crate::analysis::term::{Level, TermId, TermKind, range_of};
use crate::ir::{Kernel, LoopId, MathFn, ObjectId, ScalarTy, UnOp, VarId};

mod bits;
mod induct;
mod ops;
mod table;
mod unknown;

/// Values of loop counters for one thread.
pub type Counters = BTreeMap<LoopId, Lin>;

/// Closed forms that do not wrap, with the range of the values they take on entered iterations
/// and at the exit test.
pub type NoWrap = BTreeMap<(LoopId, VarId), Interval>;

/// A thread at certain iterations.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ctx {
    /// 1 or 2.
    pub thread: u8,
    /// Iterations.
    pub counters: Counters,
    /// How many iterations back facts may still look.
    pub depth: u8,
}

/// Encoder of one obligation.
pub struct Encoder<'a> {
    /// The store.
    pub logic: Logic,
    /// Facts about the kernel.
    pub facts: &'a Facts,
    /// The kernel.
    pub kernel: &'a Kernel,
    /// Launch contract.
    pub contract: &'a Contract,
    /// Loop-carried variables whose closed form was shown not to wrap.
    pub no_wrap: &'a NoWrap,
    /// Bounds of launch values that assumptions state.
    pub bounds: Bounds,
    /// Launch symbols.
    pub launch: LaunchVars,
    threads: Vec<ThreadVars>,
    /// Constraints on launch and threads, always asserted.
    pub base: Vec<BoolId>,
    /// Reads of never-written memory: object, type, byte offset, value.
    pub reads: Vec<(ObjectId, ScalarTy, Lin, AtomId)>,
    /// Function constants: number, whether it is about being defined (else the value), atom.
    pub constants: Vec<(u32, bool, AtomId)>,
    lazy_memo: HashMap<(TermId, u8, Counters), Lin>,
    bool_memo: HashMap<(TermId, u8, Counters), BoolId>,
}

impl<'a> Encoder<'a> {
    /// Makes the symbols for two threads (number 1 and 2).
    pub fn new(
        facts: &'a Facts,
        kernel: &'a Kernel,
        contract: &'a Contract,
        no_wrap: &'a NoWrap,
    ) -> Encoder<'a> {
        let mut logic = Logic::new();
        let mut launch = LaunchVars::new(&mut logic, kernel, contract);
        let mut base = launch.constraints.clone();
        let mut threads = Vec::new();
        for n in [1, 2] {
            let (t, cs) = launch.thread(&mut logic, contract, n);
            base.extend(cs);
            threads.push(t);
        }
        Encoder {
            logic,
            facts,
            kernel,
            contract,
            no_wrap,
            bounds: Bounds::new(),
            launch,
            threads,
            base,
            reads: Vec::new(),
            constants: Vec::new(),
            lazy_memo: HashMap::new(),
            bool_memo: HashMap::new(),
        }
    }

    /// The identity symbols of thread 1 or 2.
    pub fn thread(&self, n: u8) -> &ThreadVars {
        &self.threads[usize::from(n.clamp(1, 2)) - 1]
    }

    /// Only the counters a term depends on take part in its identity, and those of the loops around them, on
    /// which it depends whether the loop was entered.
    fn key(&self, t: TermId, ctx: &Ctx) -> (TermId, u8, Counters) {
        let term = self.facts.terms.get(t);
        let mut counters = Counters::new();
        for l in &term.loops {
            let around = self.facts.loops.get(l.index()).map(|f| &f.nest);
            for l in around.into_iter().flatten().chain([l]) {
                if let Some(c) = ctx.counters.get(l) {
                    counters.insert(*l, c.clone());
                }
            }
        }
        // Only a uniform value at known iterations is the same for both threads.
        let known = |l: &LoopId| counters.contains_key(l);
        let shared = term.level == Level::Uniform && term.loops.iter().all(known);
        (t, if shared { 0 } else { ctx.thread }, counters)
    }

    /// A linear expression congruent to the value modulo 2^bits.
    pub fn lazy(&mut self, t: TermId, ctx: &Ctx) -> Lin {
        let key = self.key(t, ctx);
        if let Some(l) = self.lazy_memo.get(&key) {
            return l.clone();
        }
        let l = self.lazy_uncached(t, ctx);
        let l = self.shortened(t, l);
        self.lazy_memo.insert(key, l.clone());
        l
    }

    /// Without multiples of 2^bits in its coefficients, which chains of multiplications pile up.
    fn shortened(&self, t: TermId, l: Lin) -> Lin {
        let ty = self.facts.terms.ty(t);
        let unbounded = matches!(
            self.facts.terms.kind(t),
            TermKind::Counter(_) | TermKind::ExitCount(_)
        );
        if unbounded || !ty.is_int() {
            return l;
        }
        let m = 1i128 << ty.bits();
        let long = l.terms.iter().any(|(_, c)| c.abs() >= m) || l.k.abs() >= 2 * m;
        if long { self.reduce(&l, m) } else { l }
    }

    /// The exact value, in the range of its type.
    pub fn value(&mut self, t: TermId, ctx: &Ctx) -> Lin {
        let l = self.lazy(t, ctx);
        let ty = self.facts.terms.ty(t);
        if matches!(
            self.facts.terms.kind(t),
            TermKind::Counter(_) | TermKind::ExitCount(_)
        ) {
            return l;
        }
        self.normalise(&l, ty)
    }

    /// Brings a lazy expression into the range of a type.
    pub fn normalise(&mut self, l: &Lin, ty: ScalarTy) -> Lin {
        let (lo, hi) = range_of(ty);
        let r = self.logic.interval(l);
        if r.within(lo, hi) {
            return l.clone();
        }
        let m = hi - lo + 1;
        if let Some(k) = l.as_const() {
            return Lin::constant((k - lo).rem_euclid(m) + lo);
        }
        // Coefficients only matter modulo 2^bits.
        let l = self.reduce(l, m);
        let r = self.logic.interval(&l);
        if r.within(lo, hi) {
            return l;
        }
        let w_range = Interval {
            lo: r.lo.map(|x| (x - lo).div_euclid(m)),
            hi: r.hi.map(|x| (x - lo).div_euclid(m)),
        };
        if let (Some(a), Some(b)) = (w_range.lo, w_range.hi)
            && a == b
        {
            return l.offset(-a * m);
        }
        let name = format!("norm.{}", ty.name());
        let (v, new) = self.logic.intern(
            AtomKind::Defined(name, vec![l.clone()]),
            Interval::new(lo, hi),
        );
        if new {
            let w = self.logic.fresh("w", w_range);
            let rhs = l.add_scaled(&Lin::atom(w), -m);
            let def = self.logic.eq(&Lin::atom(v), &rhs);
            self.logic.define(v, def);
        }
        Lin::atom(v)
    }

    fn reduce(&self, l: &Lin, m: i128) -> Lin {
        let small = |c: i128| {
            let r = c.rem_euclid(m);
            if r > m / 2 { r - m } else { r }
        };
        let big = l.terms.iter().any(|(_, c)| c.abs() > m / 2) || l.k.abs() > m;
        if !big || l.overflowed {
            return l.clone();
        }
        let terms = l
            .terms
            .iter()
            .map(|(a, c)| (*a, small(*c)))
            .filter(|(_, c)| *c != 0)
            .collect();
        Lin::of(terms, small(l.k))
    }

    fn lazy_uncached(&mut self, t: TermId, ctx: &Ctx) -> Lin {
        let ty = self.facts.terms.ty(t);
        if ty == ScalarTy::Bool {
            let b = self.bool(t, ctx);
            return self.logic.ite(b, &Lin::constant(1), &Lin::constant(0));
        }
        match self.facts.terms.kind(t).clone() {
            TermKind::Const(v) => {
                // The representative nearest to zero keeps intervals tight.
                let m = 1i128 << ty.bits();
                Lin::constant(if v > m / 2 + m / 4 { v - m } else { v })
            }
            TermKind::Builtin(b) => {
                let th = self.thread(ctx.thread).clone();
                let launch = self.launch.clone();
                match launch.builtin(&mut self.logic, self.contract, &th, b) {
                    Some(l) => l,
                    None => self.unknown(t, ctx),
                }
            }
            TermKind::Counter(l) => match ctx.counters.get(&l) {
                Some(c) => c.clone(),
                None => Lin::atom(self.logic.fresh(
                    "any",
                    Interval {
                        lo: Some(0),
                        hi: None,
                    },
                )),
            },
            TermKind::ExitCount(l) => self.exit_count(t, l, ctx),
            TermKind::Induct {
                init,
                step,
                count,
                of,
                var,
            } => self.induct(t, init, step, count, (of, var), ctx),
            TermKind::Ring {
                init,
                step,
                modulus,
                count,
            } => {
                let k = self.lazy(count, ctx);
                let (_, r) = self.div_rem_floor(&k.scale(step).offset(init), modulus);
                r
            }
            TermKind::Phi(l, v) => self.phi(t, l, v, ctx),
            TermKind::Read(object, offset) => {
                let at = self.value(offset, ctx);
                let (lo, hi) = self.bounds.get(&t).copied().unwrap_or(range_of(ty));
                let name = format!("mem{}.{}", object.0, ty.name());
                let (a, new) = self
                    .logic
                    .intern(AtomKind::App(name, vec![at.clone()]), Interval::new(lo, hi));
                if new {
                    self.table(object, ty, &at, a);
                    self.reads.push((object, ty, at, a));
                }
                Lin::atom(a)
            }
            TermKind::Unary(UnOp::Neg, a) => self.lazy(a, ctx).scale(-1),
            TermKind::Unary(UnOp::BitNot, a) => self.lazy(a, ctx).scale(-1).offset(-1),
            TermKind::Binary(op, a, b) => self.binary(t, op, a, b, ctx),
            TermKind::Cast(a) => self.cast(t, a, ctx),
            TermKind::Select(c, a, b) => {
                let c = self.bool(c, ctx);
                let (x, y) = (self.value(a, ctx), self.value(b, ctx));
                self.logic.ite(c, &x, &y)
            }
            TermKind::Math(f, args) => self.math(t, f, &args, ctx),
            TermKind::Opaque(_)
            | TermKind::FunctionConstant(..)
            | TermKind::Bitcast(_)
            | TermKind::Float(_)
            | TermKind::Unary(UnOp::Not, _) => self.unknown(t, ctx),
        }
    }

    fn cast(&mut self, t: TermId, a: TermId, ctx: &Ctx) -> Lin {
        let (to, from) = (self.facts.terms.ty(t), self.facts.terms.ty(a));
        if from.is_float() || to.is_float() {
            return self.unknown(t, ctx);
        }
        if from == ScalarTy::Bool {
            return self.lazy(a, ctx);
        }
        if to.bits() <= from.bits() {
            // Congruent modulo the larger power of two, hence modulo the smaller.
            return self.lazy(a, ctx);
        }
        self.value(a, ctx)
    }

    fn math(&mut self, t: TermId, f: MathFn, args: &[TermId], ctx: &Ctx) -> Lin {
        let ty = self.facts.terms.ty(t);
        if args.iter().any(|a| self.facts.terms.ty(*a).is_float()) {
            return self.unknown(t, ctx);
        }
        match (f, args) {
            (MathFn::Min | MathFn::Max, [a, b]) => {
                let (x, y) = (self.value(*a, ctx), self.value(*b, ctx));
                let (rx, ry) = (self.logic.interval(&x), self.logic.interval(&y));
                let c = self.logic.le(&x, &y);
                let l = if f == MathFn::Min {
                    self.logic.ite(c, &x, &y)
                } else {
                    self.logic.ite(c, &y, &x)
                };
                let pick = |a: Option<i128>, b: Option<i128>, least: bool| match (a, b) {
                    (Some(a), Some(b)) => Some(if least { a.min(b) } else { a.max(b) }),
                    _ => None,
                };
                let tight = if f == MathFn::Min {
                    Interval {
                        lo: pick(rx.lo, ry.lo, true),
                        hi: pick(rx.hi, ry.hi, true),
                    }
                } else {
                    Interval {
                        lo: pick(rx.lo, ry.lo, false),
                        hi: pick(rx.hi, ry.hi, false),
                    }
                };
                if let [(atom, 1)] = l.terms[..]
                    && l.k == 0
                    && matches!(self.logic.atom(atom).kind, AtomKind::Ite(..))
                {
                    self.logic.narrow(atom, tight);
                }
                l
            }
            (MathFn::Abs, [a]) => {
                let x = self.value(*a, ctx);
                let c = self.logic.le(&Lin::constant(0), &x);
                let l = self.logic.ite(c, &x, &x.scale(-1));
                self.normalise(&l, ty)
            }
            (MathFn::AbsDiff, [a, b]) => {
                let (x, y) = (self.value(*a, ctx), self.value(*b, ctx));
                let c = self.logic.le(&y, &x);
                self.logic.ite(c, &x.minus(&y), &y.minus(&x))
            }
            (MathFn::Popcount | MathFn::Clz | MathFn::Ctz, [a]) => {
                let l = self.unknown(t, ctx);
                let bits = i128::from(self.facts.terms.ty(*a).bits());
                if let [(atom, 1)] = l.terms[..] {
                    let le = self.logic.le(&l, &Lin::constant(bits));
                    self.logic.define(atom, le);
                }
                l
            }
            _ => self.unknown(t, ctx),
        }
    }

    /// A condition.
    pub fn bool(&mut self, t: TermId, ctx: &Ctx) -> BoolId {
        let key = self.key(t, ctx);
        if let Some(b) = self.bool_memo.get(&key) {
            return *b;
        }
        let b = self.bool_uncached(t, ctx);
        self.bool_memo.insert(key, b);
        b
    }

    fn bool_uncached(&mut self, t: TermId, ctx: &Ctx) -> BoolId {
        if self.facts.terms.ty(t) != ScalarTy::Bool {
            let v = self.value(t, ctx);
            let z = self.logic.eq(&v, &Lin::constant(0));
            return self.logic.not(z);
        }
        match self.facts.terms.kind(t).clone() {
            TermKind::Const(v) => self.logic.bool(v != 0),
            TermKind::Unary(UnOp::Not, a) => {
                let a = self.bool(a, ctx);
                self.logic.not(a)
            }
            TermKind::Binary(op, a, b) => self.comparison(t, op, a, b, ctx),
            TermKind::Select(c, a, b) => {
                let (c, a, b) = (self.bool(c, ctx), self.bool(a, ctx), self.bool(b, ctx));
                let nc = self.logic.not(c);
                let x = self.logic.and(&[c, a]);
                let y = self.logic.and(&[nc, b]);
                self.logic.or(&[x, y])
            }
            TermKind::Cast(a) if !self.facts.terms.ty(a).is_float() => {
                let v = self.value(a, ctx);
                let z = self.logic.eq(&v, &Lin::constant(0));
                self.logic.not(z)
            }
            TermKind::Ring {
                init,
                step,
                modulus,
                count,
            } => {
                let k = self.lazy(count, ctx);
                let (_, r) = self.div_rem_floor(&k.scale(step).offset(init), modulus);
                let z = self.logic.eq(&r, &Lin::constant(0));
                self.logic.not(z)
            }
            TermKind::Read(object, offset) => {
                let at = self.value(offset, ctx);
                let name = format!("mem{}.bool", object.0);
                let (a, new) = self
                    .logic
                    .intern(AtomKind::App(name, vec![at.clone()]), Interval::new(0, 1));
                if new {
                    self.reads.push((object, ScalarTy::Bool, at, a));
                }
                let z = self.logic.eq(&Lin::atom(a), &Lin::constant(0));
                self.logic.not(z)
            }
            TermKind::Phi(l, v) => {
                let x = self.phi(t, l, v, ctx);
                let z = self.logic.eq(&x, &Lin::constant(0));
                self.logic.not(z)
            }
            _ => {
                let x = self.unknown(t, ctx);
                let z = self.logic.eq(&x, &Lin::constant(0));
                self.logic.not(z)
            }
        }
    }

    /// The atom of a one-atom expression.
    pub(super) fn single(l: &Lin) -> Option<AtomId> {
        match l.terms[..] {
            [(a, 1)] if l.k == 0 => Some(a),
            _ => None,
        }
    }
}
