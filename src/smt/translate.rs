//! From solver-neutral formulas to Z3 terms.
//!
//! Soundness direction: exact, except that products may be left opaque (more models, so `Unsat`
//! stays right).

use std::collections::{BTreeSet, HashMap};

use z3::ast::{Ast, Bool, Int};
use z3::{FuncDecl, Sort};

use super::Products;
use crate::encode::logic::{AtomId, AtomKind, BoolId, BoolNode, Lin, Logic};

pub(super) struct Translator<'a> {
    logic: &'a Logic,
    products: Products,
    fixed: HashMap<&'a Lin, i128>,
    atoms: HashMap<AtomId, Int>,
    bools: HashMap<BoolId, Bool>,
    /// Functions with a single instance need no congruence and become constants.
    single: BTreeSet<String>,
}

impl<'a> Translator<'a> {
    pub(super) fn new(
        logic: &'a Logic,
        products: Products,
        fixed: &'a [(Lin, i128)],
        roots: &[BoolId],
    ) -> Self {
        let mut counts: HashMap<&str, u32> = HashMap::new();
        let mut seen_a = BTreeSet::new();
        let mut seen_b = BTreeSet::new();
        let mut todo_b: Vec<BoolId> = roots.to_vec();
        let mut todo_a: Vec<AtomId> = Vec::new();
        loop {
            if let Some(b) = todo_b.pop() {
                if !seen_b.insert(b) {
                    continue;
                }
                match logic.node(b) {
                    BoolNode::Const(_) | BoolNode::Var(_) => {}
                    BoolNode::Not(x) => todo_b.push(*x),
                    BoolNode::And(xs) | BoolNode::Or(xs) => todo_b.extend(xs.iter().copied()),
                    BoolNode::Le(l) | BoolNode::Eq(l) => {
                        todo_a.extend(l.terms.iter().map(|(a, _)| *a));
                    }
                }
            } else if let Some(a) = todo_a.pop() {
                if !seen_a.insert(a) {
                    continue;
                }
                match &logic.atom(a).kind {
                    AtomKind::Var(_) => {}
                    AtomKind::App(f, ls) => {
                        *counts.entry(f.as_str()).or_default() += 1;
                        todo_a.extend(ls.iter().flat_map(|l| l.terms.iter().map(|(a, _)| *a)));
                    }
                    AtomKind::Defined(..) => {}
                    AtomKind::Mul(x, y) => {
                        todo_a.extend(x.terms.iter().chain(&y.terms).map(|(a, _)| *a));
                    }
                    AtomKind::Ite(c, x, y) => {
                        todo_b.push(*c);
                        todo_a.extend(x.terms.iter().chain(&y.terms).map(|(a, _)| *a));
                    }
                }
            } else {
                break;
            }
        }
        let single = counts
            .into_iter()
            .filter(|(_, n)| *n == 1)
            .map(|(f, _)| f.to_string())
            .collect();
        Translator {
            logic,
            products,
            fixed: fixed.iter().map(|(l, v)| (l, *v)).collect(),
            atoms: HashMap::new(),
            bools: HashMap::new(),
            single,
        }
    }

    pub(super) fn lin(&mut self, l: &Lin) -> Int {
        let mut parts: Vec<Int> = Vec::with_capacity(l.terms.len() + 1);
        for (a, c) in &l.terms {
            let x = self.atom(*a);
            parts.push(if *c == 1 {
                x
            } else {
                Int::mul(&[&Int::from_i128(*c), &x])
            });
        }
        if l.k != 0 || parts.is_empty() {
            parts.push(Int::from_i128(l.k));
        }
        match parts.len() {
            1 => parts.remove(0),
            _ => {
                let refs: Vec<&Int> = parts.iter().collect();
                Int::add(&refs)
            }
        }
    }

    /// A factor, or the value that it is to have.
    fn factor(&mut self, l: &Lin) -> Int {
        match self.fixed.get(l) {
            Some(v) => Int::from_i128(*v),
            None => self.lin(l),
        }
    }

    fn atom(&mut self, a: AtomId) -> Int {
        if let Some(x) = self.atoms.get(&a) {
            return x.clone();
        }
        let x = match self.logic.atom(a).kind.clone() {
            AtomKind::Var(name) => Int::new_const(name),
            AtomKind::Defined(name, _) => Int::new_const(format!("{name}#{}", a.0)),
            AtomKind::App(name, args) => {
                if args.is_empty() || self.single.contains(&name) {
                    Int::new_const(format!("{name}#{}", a.0))
                } else {
                    let xs: Vec<Int> = args.iter().map(|l| self.lin(l)).collect();
                    let int = Sort::int();
                    let domain: Vec<&Sort> = xs.iter().map(|_| &int).collect();
                    let f = FuncDecl::new(name, &domain, &int);
                    let refs: Vec<&dyn Ast> = xs.iter().map(|x| x as &dyn Ast).collect();
                    match f.apply(&refs).as_int() {
                        Some(i) => i,
                        None => Int::new_const(format!("app#{}", a.0)),
                    }
                }
            }
            AtomKind::Mul(x, y) => match self.products {
                Products::Opaque => Int::new_const(format!("mul#{}", a.0)),
                Products::Exact => {
                    let (x, y) = (self.factor(&x), self.factor(&y));
                    Int::mul(&[&x, &y])
                }
            },
            AtomKind::Ite(c, x, y) => {
                let c = self.bool(c);
                let (x, y) = (self.lin(&x), self.lin(&y));
                c.ite(&x, &y)
            }
        };
        self.atoms.insert(a, x.clone());
        x
    }

    pub(super) fn bool(&mut self, b: BoolId) -> Bool {
        if let Some(x) = self.bools.get(&b) {
            return x.clone();
        }
        let x = match self.logic.node(b).clone() {
            BoolNode::Const(v) => Bool::from_bool(v),
            BoolNode::Var(name) => Bool::new_const(name),
            BoolNode::Not(x) => self.bool(x).not(),
            BoolNode::And(xs) => {
                let v: Vec<Bool> = xs.iter().map(|x| self.bool(*x)).collect();
                let refs: Vec<&Bool> = v.iter().collect();
                Bool::and(&refs)
            }
            BoolNode::Or(xs) => {
                let v: Vec<Bool> = xs.iter().map(|x| self.bool(*x)).collect();
                let refs: Vec<&Bool> = v.iter().collect();
                Bool::or(&refs)
            }
            BoolNode::Le(l) => self.lin(&l.without_constant()).le(Int::from_i128(-l.k)),
            BoolNode::Eq(l) => self.lin(&l.without_constant()).eq(Int::from_i128(-l.k)),
        };
        self.bools.insert(b, x.clone());
        x
    }
}
