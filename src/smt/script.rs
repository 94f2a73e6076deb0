//! From solver-neutral formulas to SMT-LIB 2 text, for other solvers.
//!
//! Written from the formulas themselves and not from Z3's terms, so that a second solver checks the
//! translation to Z3 too. Only linear arithmetic, products, uninterpreted functions and `ite` occur:
//! division and remainder are equations by then, so solvers cannot differ about division by zero.
//! Soundness direction: exact, except that products may be left opaque (more models, so that
//! `unsat` stays right). The text depends on nothing but the formulas.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use super::Products;
use crate::encode::logic::{AtomId, AtomKind, BoolId, BoolNode, Lin, Logic};

/// An SMT-LIB script without its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The smallest standard logic that covers it: `QF_LIA`, `QF_UFLIA`, `QF_NIA` or `QF_UFNIA`.
    pub logic: &'static str,
    /// Declarations, definitions and assertions, one per line; without `check-sat`.
    pub body: String,
}

/// Values that a model gives to expressions.
pub type Fixed = Vec<(Lin, i128)>;

/// The conjunction of `asserts` as a script. Expressions of `fixed` have these values: asserted at
/// the end, and used in place of the expression where it is a factor, which leaves products with
/// it linear. (That matters: cvc5 decides satisfiable formulas of linear logics well, and others
/// hardly ever.) The formula is satisfiable with them only if it is without them.
pub fn script(logic: &Logic, asserts: &[BoolId], products: Products, fixed: &Fixed) -> Script {
    let uses = Uses::of(logic, asserts, products);
    let mut w = Writer {
        logic,
        products,
        uses,
        fixed: fixed.iter().cloned().collect(),
        atoms: HashMap::new(),
        bools: HashMap::new(),
        functions: BTreeMap::new(),
        taken: HashSet::new(),
        out: String::new(),
        applies: false,
        multiplies: false,
    };
    let mut lines = Vec::new();
    for a in asserts {
        lines.push(w.bool(*a));
    }
    for l in lines {
        let _ = writeln!(w.out, "(assert {l})");
    }
    for (l, v) in fixed {
        let l = w.lin(l);
        let _ = writeln!(w.out, "(assert (= {l} {}))", number(*v));
    }
    let logic = match (w.applies, w.multiplies) {
        (false, false) => "QF_LIA",
        (true, false) => "QF_UFLIA",
        (false, true) => "QF_NIA",
        (true, true) => "QF_UFNIA",
    };
    Script { logic, body: w.out }
}

/// How often things occur.
#[derive(Default)]
struct Uses {
    /// Products that occur.
    products: BTreeSet<AtomId>,
    bools: HashMap<BoolId, u32>,
    atoms: HashMap<AtomId, u32>,
    /// Instances of each function (of a name and a number of arguments).
    functions: BTreeMap<(String, usize), u32>,
}

impl Uses {
    fn of(logic: &Logic, roots: &[BoolId], products: Products) -> Uses {
        let mut u = Uses::default();
        let mut seen_b = BTreeSet::new();
        let mut seen_a = BTreeSet::new();
        let mut bools: Vec<BoolId> = roots.to_vec();
        let mut atoms: Vec<AtomId> = Vec::new();
        let of = |l: &Lin| l.terms.iter().map(|t| t.0).collect::<Vec<_>>();
        loop {
            if let Some(b) = bools.pop() {
                *u.bools.entry(b).or_default() += 1;
                if !seen_b.insert(b) {
                    continue;
                }
                match logic.node(b) {
                    BoolNode::Const(_) | BoolNode::Var(_) => {}
                    BoolNode::Not(x) => bools.push(*x),
                    BoolNode::And(xs) | BoolNode::Or(xs) => bools.extend(xs),
                    BoolNode::Le(l) | BoolNode::Eq(l) => atoms.extend(of(l)),
                }
            } else if let Some(a) = atoms.pop() {
                *u.atoms.entry(a).or_default() += 1;
                if !seen_a.insert(a) {
                    continue;
                }
                match &logic.atom(a).kind {
                    AtomKind::Var(_) | AtomKind::Defined(..) => {}
                    AtomKind::App(f, args) => {
                        *u.functions.entry((f.clone(), args.len())).or_default() += 1;
                        atoms.extend(args.iter().flat_map(&of));
                    }
                    AtomKind::Mul(x, y) => {
                        u.products.insert(a);
                        if products == Products::Exact {
                            atoms.extend(of(x));
                            atoms.extend(of(y));
                        }
                    }
                    AtomKind::Ite(c, x, y) => {
                        bools.push(*c);
                        atoms.extend(of(x));
                        atoms.extend(of(y));
                    }
                }
            } else {
                return u;
            }
        }
    }
}

/// One factor of each product in a formula. Fixed to values, they leave it linear.
pub fn factors(logic: &Logic, asserts: &[BoolId]) -> Vec<Lin> {
    let uses = Uses::of(logic, asserts, Products::Exact);
    let mut out: Vec<Lin> = uses
        .products
        .iter()
        .filter_map(|a| match &logic.atom(*a).kind {
            AtomKind::Mul(x, _) => Some(x.clone()),
            _ => None,
        })
        .collect();
    out.sort_unstable();
    out.dedup();
    out
}

struct Writer<'a> {
    logic: &'a Logic,
    products: Products,
    uses: Uses,
    fixed: HashMap<Lin, i128>,
    /// What stands for an atom.
    atoms: HashMap<AtomId, String>,
    /// What stands for a condition.
    bools: HashMap<BoolId, String>,
    /// Symbols of functions.
    functions: BTreeMap<(String, usize), String>,
    taken: HashSet<String>,
    out: String,
    applies: bool,
    multiplies: bool,
}

impl Writer<'_> {
    /// A symbol that nothing else has, close to `wish`. SMT-LIB has one name space for all sorts.
    fn symbol(&mut self, wish: &str) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_!.#@~+-*<>=&%$^/?".contains(c);
        let base: String = wish
            .chars()
            .map(|c| if plain(c) { c } else { '_' })
            .collect();
        let mut name = base.clone();
        let mut n = 1;
        while !self.taken.insert(name.clone()) {
            n += 1;
            name = format!("{base}~{n}");
        }
        // Quoted symbols may hold anything but `|` and `\`.
        let simple = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name.starts_with(|c: char| c.is_ascii_alphabetic());
        if simple && !RESERVED.contains(&name.as_str()) {
            name
        } else {
            format!("|{name}|")
        }
    }

    fn constant(&mut self, wish: &str, sort: &str) -> String {
        let s = self.symbol(wish);
        let _ = writeln!(self.out, "(declare-fun {s} () {sort})");
        s
    }

    /// Names a compound when it is used more than once.
    fn share(&mut self, often: bool, wish: String, sort: &str, text: String) -> String {
        if !often {
            return text;
        }
        let s = self.symbol(&wish);
        let _ = writeln!(self.out, "(define-fun {s} () {sort} {text})");
        s
    }

    fn lin(&mut self, l: &Lin) -> String {
        let mut parts: Vec<String> = Vec::with_capacity(l.terms.len() + 1);
        for (a, c) in &l.terms {
            let x = self.atom(*a);
            parts.push(match *c {
                1 => x,
                -1 => format!("(- {x})"),
                c => format!("(* {} {x})", number(c)),
            });
        }
        if l.k != 0 || parts.is_empty() {
            parts.push(number(l.k));
        }
        if parts.len() == 1 {
            parts.swap_remove(0)
        } else {
            format!("(+ {})", parts.join(" "))
        }
    }

    /// A factor, and whether it is more than a number.
    fn lin_or_value(&mut self, l: &Lin) -> (String, bool) {
        match self.fixed.get(l) {
            Some(v) => (number(*v), false),
            None => (self.lin(l), true),
        }
    }

    fn atom(&mut self, a: AtomId) -> String {
        if let Some(x) = self.atoms.get(&a) {
            return x.clone();
        }
        let often = self.uses.atoms.get(&a).is_some_and(|n| *n > 1);
        let x = match self.logic.atom(a).kind.clone() {
            AtomKind::Var(name) => self.constant(&name, "Int"),
            AtomKind::Defined(name, _) => self.constant(&format!("{name}#{}", a.0), "Int"),
            AtomKind::App(name, args) => {
                let key = (name, args.len());
                // A function with a single instance needs no congruence.
                let alone = self.uses.functions.get(&key).is_none_or(|n| *n == 1);
                if args.is_empty() || alone {
                    self.constant(&format!("{}#{}", key.0, a.0), "Int")
                } else {
                    self.applies = true;
                    let f = self.function(key);
                    let xs: Vec<String> = args.iter().map(|l| self.lin(l)).collect();
                    let text = format!("({f} {})", xs.join(" "));
                    self.share(often, format!("app#{}", a.0), "Int", text)
                }
            }
            AtomKind::Mul(x, y) => match self.products {
                Products::Opaque => self.constant(&format!("mul#{}", a.0), "Int"),
                Products::Exact => {
                    let (x, y) = (self.lin_or_value(&x), self.lin_or_value(&y));
                    self.multiplies |= x.1 && y.1;
                    let text = format!("(* {} {})", x.0, y.0);
                    self.share(often, format!("mul#{}", a.0), "Int", text)
                }
            },
            AtomKind::Ite(c, x, y) => {
                let c = self.bool(c);
                let text = format!("(ite {c} {} {})", self.lin(&x), self.lin(&y));
                self.share(often, format!("ite#{}", a.0), "Int", text)
            }
        };
        self.atoms.insert(a, x.clone());
        x
    }

    fn function(&mut self, key: (String, usize)) -> String {
        if let Some(f) = self.functions.get(&key) {
            return f.clone();
        }
        let f = self.symbol(&key.0);
        let domain = vec!["Int"; key.1].join(" ");
        let _ = writeln!(self.out, "(declare-fun {f} ({domain}) Int)");
        self.functions.insert(key, f.clone());
        f
    }

    fn bool(&mut self, b: BoolId) -> String {
        if let Some(x) = self.bools.get(&b) {
            return x.clone();
        }
        let often = self.uses.bools.get(&b).is_some_and(|n| *n > 1);
        let x = match self.logic.node(b).clone() {
            BoolNode::Const(v) => v.to_string(),
            BoolNode::Var(name) => self.constant(&name, "Bool"),
            BoolNode::Not(x) => format!("(not {})", self.bool(x)),
            BoolNode::And(xs) => self.many("and", &xs, often, b),
            BoolNode::Or(xs) => self.many("or", &xs, often, b),
            BoolNode::Le(l) => self.compare("<=", l),
            BoolNode::Eq(l) => self.compare("=", l),
        };
        self.bools.insert(b, x.clone());
        x
    }

    fn many(&mut self, op: &str, xs: &[BoolId], often: bool, b: BoolId) -> String {
        let v: Vec<String> = xs.iter().map(|x| self.bool(*x)).collect();
        let text = format!("({op} {})", v.join(" "));
        self.share(often, format!("c#{}", b.0), "Bool", text)
    }

    fn compare(&mut self, op: &str, l: Lin) -> String {
        // No overflow: `Lin::LIMIT`.
        format!(
            "({op} {} {})",
            self.lin(&l.without_constant()),
            number(-l.k)
        )
    }
}

fn number(k: i128) -> String {
    if k < 0 {
        format!("(- {})", k.unsigned_abs())
    } else {
        k.to_string()
    }
}

/// Words and functions of SMT-LIB 2.6 and its integer theory that are simple symbols.
const RESERVED: &[&str] = &[
    "Bool", "Int", "Real", "abs", "and", "as", "assert", "distinct", "div", "exists", "exit",
    "false", "forall", "ite", "let", "match", "mod", "not", "or", "par", "push", "pop", "true",
    "xor",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::logic::Interval;

    #[test]
    fn names_sorts_and_logics() {
        let mut l = Logic::new();
        let x = Lin::atom(l.var("t1.x", Interval::new(0, 31)));
        let y = Lin::atom(l.var("n", Interval::default()));
        let p = l.mul(&x, &y);
        let le = l.le(&Lin::constant(-5), &p);
        let exact = script(&l, &[le], Products::Exact, &Vec::new());
        assert_eq!(exact.logic, "QF_NIA");
        assert_eq!(
            exact.body,
            "(declare-fun |t1.x| () Int)\n(declare-fun n () Int)\n(assert (<= (- (* |t1.x| n)) 5))\n"
        );
        let opaque = script(&l, &[le], Products::Opaque, &Vec::new());
        assert_eq!(opaque.logic, "QF_LIA");
        assert_eq!(
            opaque.body,
            "(declare-fun |mul#2| () Int)\n(assert (<= (- |mul#2|) 5))\n"
        );
    }

    #[test]
    fn a_witness_fixes_a_factor_of_each_product() {
        let mut l = Logic::new();
        let x = Lin::atom(l.var("x", Interval::default()));
        let y = Lin::atom(l.var("y", Interval::default()));
        let p = l.mul(&x.offset(1), &y);
        let q = l.mul(&p, &y);
        let ge = l.le(&Lin::constant(100), &q);
        assert_eq!(factors(&l, &[ge]), [x.offset(1), y.clone()]);
        let s = script(&l, &[ge], Products::Exact, &vec![(y, -7)]);
        assert_eq!(s.logic, "QF_LIA");
        assert!(s.body.contains("(* (+ x 1) (- 7))"), "{}", s.body);
        assert!(s.body.ends_with("(assert (= y (- 7)))\n"), "{}", s.body);
    }

    #[test]
    fn one_name_space() {
        let mut l = Logic::new();
        let x = Lin::atom(l.var("and", Interval::default()));
        let b = l.bool_var("and");
        let z = l.eq(&x, &Lin::constant(3));
        let s = script(&l, &[b, z], Products::Exact, &Vec::new());
        assert_eq!(
            s.body,
            "(declare-fun |and| () Bool)\n(declare-fun |and~2| () Int)\n(assert |and|)\n(assert (= |and~2| 3))\n"
        );
    }

    #[test]
    fn functions_with_two_instances_are_applied() {
        let mut l = Logic::new();
        let x = Lin::atom(l.var("x", Interval::default()));
        let app = |l: &mut Logic, at: Lin| {
            Lin::atom(
                l.intern(AtomKind::App("mem0".into(), vec![at]), Interval::default())
                    .0,
            )
        };
        let f = app(&mut l, x.clone());
        let g = app(&mut l, x.offset(4));
        let only = l.eq(&f, &Lin::constant(1));
        assert_eq!(
            script(&l, &[only], Products::Exact, &Vec::new()).logic,
            "QF_LIA"
        );
        let same = l.eq(&f, &g);
        let s = script(&l, &[only, same], Products::Exact, &Vec::new());
        assert_eq!(s.logic, "QF_UFLIA");
        assert!(
            s.body.contains("(declare-fun mem0 (Int) Int)"),
            "{}",
            s.body
        );
        assert!(s.body.contains("(mem0 (+ x 4))"), "{}", s.body);
    }
}
