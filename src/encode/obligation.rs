//! What is asserted: the launch, one of several pairs, and what all atoms in them mean.
//!
//! Soundness direction: exact. Definitions are total and asserted freely; assumptions may be
//! unsatisfiable and are asserted beside a use only; lemmas about products are true.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::logic::{AtomId, AtomKind, BoolId, BoolNode, Lin};
use super::pair::IntervalEncoder;

impl IntervalEncoder<'_> {
    /// The whole obligation: launch and start, definitions, and one of the pairs.
    pub fn obligation(&mut self, pairs: &[BoolId]) -> Vec<BoolId> {
        let began = Instant::now();
        let out = self.gather(pairs);
        self.spent.time += began.elapsed();
        out
    }

    fn gather(&mut self, pairs: &[BoolId]) -> Vec<BoolId> {
        let mut asserts = self.context.clone();
        let mut defs = BTreeSet::new();
        let mut muls = BTreeSet::new();
        let mut alternatives = Vec::new();
        for p in pairs {
            let (facts, d, m) = self.cone(&[*p]);
            let mut all = vec![*p];
            all.extend(facts);
            alternatives.push(self.enc.logic.and(&all));
            defs.extend(d);
            muls.extend(m);
        }
        let roots = self.context.clone();
        let (facts, d, m) = self.cone(&roots);
        asserts.extend(facts);
        defs.extend(d);
        muls.extend(m);
        asserts.extend(defs);
        asserts.extend(self.product_lemmas(&muls));
        let any = self.enc.logic.or(&alternatives);
        asserts.push(any);
        asserts.sort_unstable();
        asserts.dedup();
        asserts
    }

    /// Assumptions, definitions and products that a set of conditions leads to.
    fn cone(&self, roots: &[BoolId]) -> (BTreeSet<BoolId>, BTreeSet<BoolId>, BTreeSet<AtomId>) {
        let logic = &self.enc.logic;
        let mut assumes = BTreeSet::new();
        let mut defs = BTreeSet::new();
        let mut muls = BTreeSet::new();
        let mut seen_b: BTreeSet<BoolId> = BTreeSet::new();
        let mut seen_a: BTreeSet<AtomId> = BTreeSet::new();
        let mut todo: Vec<BoolId> = roots.to_vec();
        let mut atoms: Vec<AtomId> = Vec::new();
        loop {
            if let Some(b) = todo.pop() {
                if !seen_b.insert(b) {
                    continue;
                }
                match logic.node(b) {
                    BoolNode::Const(_) | BoolNode::Var(_) => {}
                    BoolNode::Not(x) => todo.push(*x),
                    BoolNode::And(xs) | BoolNode::Or(xs) => todo.extend(xs.iter().copied()),
                    BoolNode::Le(l) | BoolNode::Eq(l) => {
                        atoms.extend(l.terms.iter().map(|(a, _)| *a));
                    }
                }
            } else if let Some(a) = atoms.pop() {
                if !seen_a.insert(a) {
                    continue;
                }
                let atom = logic.atom(a);
                match &atom.kind {
                    AtomKind::Var(_) => {}
                    AtomKind::App(_, ls) | AtomKind::Defined(_, ls) => {
                        atoms.extend(ls.iter().flat_map(|l| l.terms.iter().map(|(a, _)| *a)));
                    }
                    AtomKind::Mul(x, y) => {
                        muls.insert(a);
                        atoms.extend(x.terms.iter().chain(&y.terms).map(|(a, _)| *a));
                    }
                    AtomKind::Ite(c, x, y) => {
                        todo.push(*c);
                        atoms.extend(x.terms.iter().chain(&y.terms).map(|(a, _)| *a));
                    }
                }
                defs.extend(atom.defs.iter().copied());
                assumes.extend(atom.assumes.iter().copied());
                todo.extend(atom.defs.iter().chain(&atom.assumes).copied());
            } else {
                break;
            }
        }
        (assumes, defs, muls)
    }

    /// True statements about products that let the solver treat them as opaque: sign, bounds
    /// (McCormick 1976), and monotonicity of products that share a factor.
    fn product_lemmas(&mut self, muls: &BTreeSet<AtomId>) -> Vec<BoolId> {
        let mut out = Vec::new();
        let mut by_factor: BTreeMap<Lin, Vec<(Lin, AtomId)>> = BTreeMap::new();
        for &m in muls {
            let AtomKind::Mul(x, y) = self.enc.logic.atom(m).kind.clone() else {
                continue;
            };
            let p = Lin::atom(m);
            for (x, y) in [(&x, &y), (&y, &x)] {
                let logic = &mut self.enc.logic;
                let zero = Lin::constant(0);
                let x0 = logic.eq(x, &zero);
                let p0 = logic.eq(&p, &zero);
                out.push(logic.implies(x0, p0));
                let rx = logic.interval(x);
                let ry = logic.interval(y);
                if ry.lo.is_some_and(|l| l >= 0) {
                    if let Some(u) = rx.hi {
                        out.push(logic.le(&p, &y.scale(u)));
                    }
                    if let Some(l) = rx.lo {
                        out.push(logic.le(&y.scale(l), &p));
                    }
                    let one = logic.le(&Lin::constant(1), x);
                    let ge = logic.le(y, &p);
                    out.push(logic.implies(one, ge));
                    by_factor.entry(y.clone()).or_default().push((x.clone(), m));
                }
            }
        }
        for (f, group) in by_factor {
            for (i, (x, p)) in group.iter().enumerate() {
                for (y, q) in group.iter().skip(i + 1) {
                    let logic = &mut self.enc.logic;
                    let (p, q) = (Lin::atom(*p), Lin::atom(*q));
                    let same = logic.eq(x, y);
                    let equal = logic.eq(&p, &q);
                    out.push(logic.implies(same, equal));
                    for (x, y, p, q) in [(x, y, &p, &q), (y, x, &q, &p)] {
                        let above = logic.lt(y, x);
                        let far = logic.le(&q.plus(&f), p);
                        out.push(logic.implies(above, far));
                    }
                }
            }
        }
        // Definitions of atoms that only the lemmas mention come along.
        let (_, defs, _) = self.cone(&out);
        out.extend(defs);
        out
    }
}
