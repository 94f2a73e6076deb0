//! Solver-neutral formulas: linear integer arithmetic with uninterpreted functions and products.
//!
//! Soundness direction: exact. Linear expressions are kept in normal form, so that equal
//! expressions are equal values; each atom carries an interval that its definitions imply.

use std::collections::HashMap;

pub use super::lin::{Lin, gcd};

/// Index of an integer atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AtomId(pub u32);

/// Index of a boolean node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoolId(pub u32);

/// Inclusive bounds; `None` is unbounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Least value.
    pub lo: Option<i128>,
    /// Greatest value.
    pub hi: Option<i128>,
}

impl Interval {
    /// Both ends known.
    pub fn new(lo: i128, hi: i128) -> Interval {
        Interval {
            lo: Some(lo),
            hi: Some(hi),
        }
    }

    /// Whether every value lies in `[lo, hi]`.
    pub fn within(&self, lo: i128, hi: i128) -> bool {
        self.lo.is_some_and(|l| l >= lo) && self.hi.is_some_and(|h| h <= hi)
    }

    /// Scaled by a constant.
    pub fn scale(&self, f: i128) -> Interval {
        let m = |x: Option<i128>| x.and_then(|x| x.checked_mul(f));
        if f == 0 {
            Interval::new(0, 0)
        } else if f > 0 {
            Interval {
                lo: m(self.lo),
                hi: m(self.hi),
            }
        } else {
            Interval {
                lo: m(self.hi),
                hi: m(self.lo),
            }
        }
    }

    /// Sum.
    pub fn add(&self, o: &Interval) -> Interval {
        let p = |a: Option<i128>, b: Option<i128>| a.zip(b).and_then(|(a, b)| a.checked_add(b));
        Interval {
            lo: p(self.lo, o.lo),
            hi: p(self.hi, o.hi),
        }
    }

    /// Smallest interval holding both.
    pub fn hull(&self, o: &Interval) -> Interval {
        Interval {
            lo: self.lo.zip(o.lo).map(|(a, b)| a.min(b)),
            hi: self.hi.zip(o.hi).map(|(a, b)| a.max(b)),
        }
    }
}

/// What an atom is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AtomKind {
    /// A variable.
    Var(String),
    /// An uninterpreted function of integers.
    App(String, Vec<Lin>),
    /// A number that its definitional constraints determine; named after what it is of.
    Defined(String, Vec<Lin>),
    /// A product of two expressions (smaller one first).
    Mul(Lin, Lin),
    /// A choice.
    Ite(BoolId, Lin, Lin),
}

impl AtomKind {
    /// Whether it is made of an expression of which nothing is known.
    fn overflowed(&self) -> bool {
        match self {
            AtomKind::Var(_) => false,
            AtomKind::App(_, args) | AtomKind::Defined(_, args) => {
                args.iter().any(|a| a.overflowed)
            }
            AtomKind::Mul(a, b) | AtomKind::Ite(_, a, b) => a.overflowed || b.overflowed,
        }
    }
}

/// An atom with what is known of it.
#[derive(Clone, Debug)]
pub struct Atom {
    /// What.
    pub kind: AtomKind,
    /// Bounds implied by its definition.
    pub range: Interval,
    /// Definitional constraints: satisfiable whatever the other atoms are.
    pub defs: Vec<BoolId>,
    /// True of every execution in which the value is used; possibly unsatisfiable otherwise, so
    /// they are only assumed beside a use.
    pub assumes: Vec<BoolId>,
}

/// A boolean node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BoolNode {
    /// Constant.
    Const(bool),
    /// A variable.
    Var(String),
    /// Negation.
    Not(BoolId),
    /// Conjunction, sorted, at least two.
    And(Vec<BoolId>),
    /// Disjunction, sorted, at least two.
    Or(Vec<BoolId>),
    /// `lin <= 0`
    Le(Lin),
    /// `lin = 0`
    Eq(Lin),
}

/// The store of atoms and boolean nodes.
#[derive(Debug, Default)]
pub struct Logic {
    atoms: Vec<Atom>,
    atom_index: HashMap<AtomKind, AtomId>,
    bools: Vec<BoolNode>,
    bool_index: HashMap<BoolNode, BoolId>,
    fresh: u32,
}

impl Logic {
    /// An empty store.
    pub fn new() -> Logic {
        Logic::default()
    }

    /// The atom.
    pub fn atom(&self, a: AtomId) -> &Atom {
        &self.atoms[a.0 as usize]
    }

    /// Number of atoms.
    pub fn atom_count(&self) -> usize {
        self.atoms.len()
    }

    /// The boolean node.
    pub fn node(&self, b: BoolId) -> &BoolNode {
        &self.bools[b.0 as usize]
    }

    /// Finds or makes an atom; the range is used when it is new. The flag says whether it is new.
    ///
    /// Of an expression that overflowed nothing is known, so what is made of it is a fresh variable each time.
    pub fn intern(&mut self, kind: AtomKind, range: Interval) -> (AtomId, bool) {
        if kind.overflowed() {
            return (self.fresh("overflow", range), true);
        }
        if let Some(&a) = self.atom_index.get(&kind) {
            return (a, false);
        }
        let id = AtomId(self.atoms.len() as u32);
        self.atom_index.insert(kind.clone(), id);
        let lin = Lin::atom(id);
        self.atoms.push(Atom {
            kind,
            range,
            defs: Vec::new(),
            assumes: Vec::new(),
        });
        // Built directly: the interval rules of `le` would call these trivially true.
        let mut defs = Vec::new();
        if let Some(lo) = range.lo {
            defs.push(self.bool_node(BoolNode::Le(lin.scale(-1).offset(lo))));
        }
        if let Some(hi) = range.hi {
            defs.push(self.bool_node(BoolNode::Le(lin.offset(-hi))));
        }
        self.atoms[id.0 as usize].defs = defs;
        (id, true)
    }

    /// A fresh variable atom.
    pub fn fresh(&mut self, hint: &str, range: Interval) -> AtomId {
        self.fresh += 1;
        let name = format!("{hint}!{}", self.fresh);
        self.intern(AtomKind::Var(name), range).0
    }

    /// A named variable.
    pub fn var(&mut self, name: &str, range: Interval) -> AtomId {
        self.intern(AtomKind::Var(name.to_string()), range).0
    }

    /// Adds a definitional constraint to an atom.
    pub fn define(&mut self, a: AtomId, b: BoolId) {
        if !self.is_true(b) {
            self.atoms[a.0 as usize].defs.push(b);
        }
    }

    /// Adds an assumption to an atom.
    pub fn assume(&mut self, a: AtomId, b: BoolId) {
        if !self.is_true(b) && !self.atoms[a.0 as usize].assumes.contains(&b) {
            self.atoms[a.0 as usize].assumes.push(b);
        }
    }

    /// Narrows the recorded interval (the caller has defined constraints that imply it).
    pub fn narrow(&mut self, a: AtomId, range: Interval) {
        let r = &mut self.atoms[a.0 as usize].range;
        r.lo = match (r.lo, range.lo) {
            (Some(x), Some(y)) => Some(x.max(y)),
            (x, y) => x.or(y),
        };
        r.hi = match (r.hi, range.hi) {
            (Some(x), Some(y)) => Some(x.min(y)),
            (x, y) => x.or(y),
        };
    }

    /// Bounds of a linear expression.
    pub fn interval(&self, l: &Lin) -> Interval {
        if l.overflowed {
            return Interval::default();
        }
        l.terms.iter().fold(Interval::new(l.k, l.k), |acc, (a, c)| {
            acc.add(&self.atom(*a).range.scale(*c))
        })
    }

    fn bool_node(&mut self, n: BoolNode) -> BoolId {
        if let Some(&b) = self.bool_index.get(&n) {
            return b;
        }
        let id = BoolId(self.bools.len() as u32);
        self.bool_index.insert(n.clone(), id);
        self.bools.push(n);
        id
    }

    /// A constant.
    pub fn bool(&mut self, v: bool) -> BoolId {
        self.bool_node(BoolNode::Const(v))
    }

    /// A boolean variable.
    pub fn bool_var(&mut self, name: &str) -> BoolId {
        self.bool_node(BoolNode::Var(name.to_string()))
    }

    /// A fresh boolean variable.
    pub fn fresh_bool(&mut self, hint: &str) -> BoolId {
        self.fresh += 1;
        let name = format!("{hint}!{}", self.fresh);
        self.bool_var(&name)
    }

    /// Whether the node is the constant `true`.
    pub fn is_true(&self, b: BoolId) -> bool {
        matches!(self.node(b), BoolNode::Const(true))
    }

    /// Whether the node is the constant `false`.
    pub fn is_false(&self, b: BoolId) -> bool {
        matches!(self.node(b), BoolNode::Const(false))
    }

    /// Negation.
    pub fn not(&mut self, b: BoolId) -> BoolId {
        match self.node(b).clone() {
            BoolNode::Const(v) => self.bool(!v),
            BoolNode::Not(x) => x,
            // not (l <= 0)  is  l >= 1  is  -l + 1 <= 0
            BoolNode::Le(l) => self.le_raw(l.scale(-1).offset(1)),
            _ => self.bool_node(BoolNode::Not(b)),
        }
    }

    /// Conjunction.
    pub fn and(&mut self, xs: &[BoolId]) -> BoolId {
        let mut out: Vec<BoolId> = Vec::new();
        for &x in xs {
            match self.node(x) {
                BoolNode::Const(true) => {}
                BoolNode::Const(false) => return x,
                BoolNode::And(ys) => out.extend(ys.iter().copied()),
                _ => out.push(x),
            }
        }
        out.sort_unstable();
        out.dedup();
        for i in 0..out.len() {
            if let BoolNode::Not(y) = *self.node(out[i])
                && out.binary_search(&y).is_ok()
            {
                return self.bool(false);
            }
        }
        match out.len() {
            0 => self.bool(true),
            1 => out[0],
            _ => self.bool_node(BoolNode::And(out)),
        }
    }

    /// Disjunction.
    pub fn or(&mut self, xs: &[BoolId]) -> BoolId {
        let mut out: Vec<BoolId> = Vec::new();
        for &x in xs {
            match self.node(x) {
                BoolNode::Const(false) => {}
                BoolNode::Const(true) => return x,
                BoolNode::Or(ys) => out.extend(ys.iter().copied()),
                _ => out.push(x),
            }
        }
        out.sort_unstable();
        out.dedup();
        for i in 0..out.len() {
            if let BoolNode::Not(y) = *self.node(out[i])
                && out.binary_search(&y).is_ok()
            {
                return self.bool(true);
            }
        }
        match out.len() {
            0 => self.bool(false),
            1 => out[0],
            _ => self.bool_node(BoolNode::Or(out)),
        }
    }

    /// Implication.
    pub fn implies(&mut self, a: BoolId, b: BoolId) -> BoolId {
        let na = self.not(a);
        self.or(&[na, b])
    }

    fn le_raw(&mut self, l: Lin) -> BoolId {
        if l.overflowed {
            return self.fresh_bool("overflow");
        }
        let r = self.interval(&l);
        if r.hi.is_some_and(|h| h <= 0) {
            return self.bool(true);
        }
        if r.lo.is_some_and(|x| x > 0) {
            return self.bool(false);
        }
        let g = l.content();
        let l = if g > 1 {
            // g*e + k <= 0  is  e <= floor(-k / g)
            let terms = l.terms.iter().map(|(a, c)| (*a, c / g)).collect();
            Lin::of(terms, -((-l.k).div_euclid(g)))
        } else {
            l
        };
        self.bool_node(BoolNode::Le(l))
    }

    /// `a <= b`
    pub fn le(&mut self, a: &Lin, b: &Lin) -> BoolId {
        self.le_raw(a.minus(b))
    }

    /// `a < b`
    pub fn lt(&mut self, a: &Lin, b: &Lin) -> BoolId {
        self.le_raw(a.minus(b).offset(1))
    }

    /// `a = b`
    pub fn eq(&mut self, a: &Lin, b: &Lin) -> BoolId {
        let mut l = a.minus(b);
        if l.overflowed {
            return self.fresh_bool("overflow");
        }
        let r = self.interval(&l);
        if l.terms.is_empty() {
            return self.bool(l.k == 0);
        }
        if r.lo.is_some_and(|x| x > 0) || r.hi.is_some_and(|x| x < 0) {
            return self.bool(false);
        }
        let g = l.content();
        if g > 1 {
            if l.k % g != 0 {
                return self.bool(false);
            }
            let terms = l.terms.iter().map(|(a, c)| (*a, c / g)).collect();
            l = Lin::of(terms, l.k / g);
        }
        if l.terms.first().is_some_and(|t| t.1 < 0) {
            l = l.scale(-1);
        }
        self.bool_node(BoolNode::Eq(l))
    }

    /// `c ? a : b`
    pub fn ite(&mut self, c: BoolId, a: &Lin, b: &Lin) -> Lin {
        if a == b || self.is_true(c) {
            return a.clone();
        }
        if self.is_false(c) {
            return b.clone();
        }
        if a.overflowed || b.overflowed {
            return Lin::unknown();
        }
        let range = self.interval(a).hull(&self.interval(b));
        let (id, _) = self.intern(AtomKind::Ite(c, a.clone(), b.clone()), range);
        Lin::atom(id)
    }

    /// Product.
    pub fn mul(&mut self, a: &Lin, b: &Lin) -> Lin {
        if let Some(k) = a.as_const() {
            return b.scale(k);
        }
        if let Some(k) = b.as_const() {
            return a.scale(k);
        }
        if a.overflowed || b.overflowed {
            return Lin::unknown();
        }
        let (x, y) = if a <= b { (a, b) } else { (b, a) };
        let (rx, ry) = (self.interval(x), self.interval(y));
        let range = product_range(&rx, &ry);
        let (id, _) = self.intern(AtomKind::Mul(x.clone(), y.clone()), range);
        Lin::atom(id)
    }
}

fn product_range(x: &Interval, y: &Interval) -> Interval {
    if let (Some(a), Some(b), Some(c), Some(d)) = (x.lo, x.hi, y.lo, y.hi) {
        let all = [
            a.checked_mul(c),
            a.checked_mul(d),
            b.checked_mul(c),
            b.checked_mul(d),
        ];
        if all.iter().all(Option::is_some) {
            let v: Vec<i128> = all.into_iter().flatten().collect();
            return Interval {
                lo: v.iter().min().copied(),
                hi: v.iter().max().copied(),
            };
        }
    }
    if x.lo.is_some_and(|l| l >= 0) && y.lo.is_some_and(|l| l >= 0) {
        return Interval {
            lo: Some(0),
            hi: None,
        };
    }
    Interval::default()
}
