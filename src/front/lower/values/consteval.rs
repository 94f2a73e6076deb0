//! Constant evaluation.
//!
//! Purpose: a constant expression is lowered like any other; what it emitted (the expansion of
//! `constexpr` functions) is then run by a small evaluator over the IR, and everything it created is
//! thrown away. Soundness direction: exact; what cannot be evaluated is no constant.

use std::collections::BTreeMap;

use crate::front::ast::Expr as AExpr;
use crate::ir::{Expr, ExprKind, LabelId, LoopId, Stmt, VarId};

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::fold;
use crate::front::lower::types::Ty;
use crate::front::lower::value::{Leaf, Value};

/// How a block ended.
enum Flow {
    Next,
    Break(LoopId),
    Continue(LoopId),
    Leave(LabelId),
    Stuck,
}

struct Machine {
    vars: BTreeMap<VarId, Expr>,
    steps: u32,
}

impl<'a> Lowerer<'a> {
    /// Runs `f` and forgets everything it emitted or created.
    pub fn speculate<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        let counts = (
            self.vars.len(),
            self.loops.len(),
            self.barriers.len(),
            self.unsupported.len(),
            self.slots.len(),
        );
        let scalars = (
            self.access_count,
            self.label_count,
            self.branch_count,
            self.temp_count,
            self.stmt_count,
        );
        let builtins = self.builtins.clone();
        let constants = self.function_constants.clone();
        let bound = self.bound_vars.clone();
        let temporaries = self.temporaries.len();
        let (_, r) = self.in_block(f);
        self.vars.truncate(counts.0);
        self.stable.truncate(counts.0);
        self.loops.truncate(counts.1);
        self.barriers.truncate(counts.2);
        self.unsupported.truncate(counts.3);
        self.slots.truncate(counts.4);
        (
            self.access_count,
            self.label_count,
            self.branch_count,
            self.temp_count,
            self.stmt_count,
        ) = scalars;
        self.builtins = builtins;
        self.function_constants = constants;
        self.bound_vars = bound;
        self.temporaries.truncate(temporaries);
        r
    }

    /// The type of an expression, which is not evaluated.
    pub fn type_of(&mut self, e: &'a AExpr) -> Ty {
        self.speculate(|l| l.place(e).ty().clone())
    }

    /// The value of a constant expression.
    pub fn const_value(&mut self, e: &'a AExpr) -> Option<Value> {
        let (v, ok) = self.speculate(|l| {
            let (block, v) = l.in_block(|l| l.eval(e));
            l.fold_block(&block, v)
        });
        ok.then_some(v)
    }

    /// The value of an integer constant expression.
    pub fn const_int(&mut self, e: &'a AExpr) -> Option<i128> {
        self.const_value(e)?.as_scalar()?.as_int()
    }

    /// Runs a block and substitutes the result; whether everything became constant.
    pub fn fold_block(&mut self, block: &[Stmt], v: Value) -> (Value, bool) {
        let all_const = |v: &Value| {
            v.leaves
                .iter()
                .all(|l| matches!(l, Leaf::S(e) if matches!(e.kind, ExprKind::Const(_))))
        };
        if block.is_empty() {
            let ok = all_const(&v);
            return (v, ok);
        }
        let mut m = Machine {
            vars: BTreeMap::new(),
            steps: 0,
        };
        if !matches!(m.block(block), Flow::Next) {
            return (v, false);
        }
        let leaves = v
            .leaves
            .into_iter()
            .map(|l| match l {
                Leaf::S(e) => Leaf::S(m.eval(&e)),
                p => p,
            })
            .collect();
        let v = Value { ty: v.ty, leaves };
        let ok = all_const(&v);
        (v, ok)
    }
}

impl Machine {
    fn eval(&self, e: &Expr) -> Expr {
        match &e.kind {
            ExprKind::Const(_) | ExprKind::Undef => e.clone(),
            ExprKind::Var(v) => self.vars.get(v).cloned().unwrap_or_else(|| e.clone()),
            ExprKind::Unary(op, a) => fold::unary(*op, self.eval(a)),
            ExprKind::Binary(op, a, b) => fold::binary(*op, self.eval(a), self.eval(b)),
            ExprKind::Cast(a) => fold::cast(self.eval(a), e.ty),
            ExprKind::Bitcast(a) => fold::bitcast(self.eval(a), e.ty),
            ExprKind::Select(c, a, b) => fold::select(self.eval(c), self.eval(a), self.eval(b)),
            ExprKind::Math(f, v) => fold::math(*f, e.ty, v.iter().map(|x| self.eval(x)).collect()),
        }
    }

    fn block(&mut self, b: &[Stmt]) -> Flow {
        for s in b {
            match self.stmt(s) {
                Flow::Next => {}
                other => return other,
            }
        }
        Flow::Next
    }

    fn stmt(&mut self, s: &Stmt) -> Flow {
        self.steps += 1;
        if self.steps > 100_000 {
            return Flow::Stuck;
        }
        match s {
            Stmt::Assign { dst, value, .. } => {
                let v = self.eval(value);
                self.vars.insert(*dst, v);
                Flow::Next
            }
            Stmt::If {
                cond, then, els, ..
            } => match fold::const_bool(&self.eval(cond)) {
                Some(true) => self.block(then),
                Some(false) => self.block(els),
                None => Flow::Stuck,
            },
            Stmt::Region { label, body } => match self.block(body) {
                Flow::Leave(l) if l == *label => Flow::Next,
                other => other,
            },
            Stmt::Leave(l) => Flow::Leave(*l),
            Stmt::Break(l) => Flow::Break(*l),
            Stmt::Continue(l) => Flow::Continue(*l),
            Stmt::Loop {
                id,
                header,
                cond,
                body,
                step,
                test_last,
                ..
            } => loop {
                self.steps += 1;
                if self.steps > 100_000 {
                    return Flow::Stuck;
                }
                if !test_last && !self.passes(header, cond) {
                    return self.loop_end(cond);
                }
                match self.block(body) {
                    Flow::Next => {}
                    Flow::Continue(l) if l == *id => {}
                    Flow::Break(l) if l == *id => return Flow::Next,
                    other => return other,
                }
                if !matches!(self.block(step), Flow::Next) {
                    return Flow::Stuck;
                }
                if *test_last && !self.passes(header, cond) {
                    return self.loop_end(cond);
                }
            },
            _ => Flow::Stuck,
        }
    }

    fn passes(&mut self, header: &[Stmt], cond: &Option<Expr>) -> bool {
        matches!(self.block(header), Flow::Next)
            && match cond {
                None => true,
                Some(c) => fold::const_bool(&self.eval(c)) == Some(true),
            }
    }

    fn loop_end(&self, cond: &Option<Expr>) -> Flow {
        match cond {
            Some(c) if fold::const_bool(&self.eval(c)) == Some(false) => Flow::Next,
            _ => Flow::Stuck,
        }
    }
}
