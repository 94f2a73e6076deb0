//! Lists of expressions: arguments, initialisers, folds.
//!
//! Purpose: pack expansions, designators and fold expressions, which stand in lists only.

use pest::iterators::Pair;

use super::super::grammar::Rule;
use super::Builder;
use crate::front::ast::{BinaryOp, Designator, Expr, ExprKind, Fold};

impl Builder<'_> {
    /// The arguments among the inner pairs of `p`.
    pub(super) fn args(&self, p: Pair<Rule>) -> Vec<Expr> {
        p.into_inner()
            .filter(|a| a.as_rule() == Rule::arg)
            .map(|a| self.arg(a))
            .collect()
    }

    pub(super) fn arg(&self, p: Pair<Rule>) -> Expr {
        let other = self.unsupported(&p, "an argument");
        let mut inner = p.into_inner();
        let first = inner.next().map(|e| self.assign_expr(e));
        match (first, inner.next().is_some()) {
            (Some(e), true) => expansion(e),
            (Some(e), false) => e,
            (None, _) => other,
        }
    }

    pub(super) fn brace_list(&self, p: Pair<Rule>) -> Vec<Expr> {
        p.into_inner()
            .filter(|c| c.as_rule() == Rule::init_clause)
            .map(|c| {
                let other = self.unsupported(&c, "an initialiser");
                let mut value = None;
                let mut designator = Vec::new();
                let mut expanded = false;
                for s in c.into_inner() {
                    match s.as_rule() {
                        Rule::designator => designator = self.designator(s),
                        Rule::assign_expr => value = Some(self.assign_expr(s)),
                        Rule::ellipsis => expanded = true,
                        _ => {}
                    }
                }
                match value {
                    Some(v) if expanded => expansion(v),
                    Some(v) if designator.is_empty() => v,
                    Some(v) => Expr {
                        span: v.span,
                        kind: ExprKind::Designated(designator, Box::new(v)),
                    },
                    None => other,
                }
            })
            .collect()
    }

    /// `designator`: `.a`, `[e]` and `[e ... e]`, in order.
    fn designator(&self, p: Pair<Rule>) -> Vec<Designator> {
        let mut out = Vec::new();
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::des_field => {
                    let name = s.into_inner().next();
                    out.extend(name.map(|n| Designator::Field(self.word(&n).into())));
                }
                Rule::des_index => {
                    let mut ends = s.into_inner().filter(|e| e.as_rule() == Rule::assign_expr);
                    match (ends.next(), ends.next()) {
                        (Some(a), Some(b)) => {
                            out.push(Designator::Range(self.assign_expr(a), self.assign_expr(b)))
                        }
                        (Some(a), None) => out.push(Designator::Index(self.assign_expr(a))),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        out
    }
}

/// `e...`
fn expansion(e: Expr) -> Expr {
    Expr {
        span: e.span,
        kind: ExprKind::Pack(Box::new(e)),
    }
}

/// `l op r` as part of a fold expression, if it is one; else both come back.
pub(super) fn fold(op: Option<BinaryOp>, l: Expr, r: Expr) -> Result<ExprKind, Box<(Expr, Expr)>> {
    let dots = |e: &Expr| matches!(&e.kind, ExprKind::Unsupported(s) if s == "...");
    let (left, right) = match (dots(&l), dots(&r), l.kind) {
        (false, true, kind) => (Some(Expr { kind, ..l }), None),
        (true, false, _) => (None, Some(r)),
        (false, false, ExprKind::Fold(f)) if f.op == op && f.right.is_none() => (f.left, Some(r)),
        (_, _, kind) => return Err(Box::new((Expr { kind, ..l }, r))),
    };
    Ok(ExprKind::Fold(Box::new(Fold { op, left, right })))
}
