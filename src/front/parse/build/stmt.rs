//! Statements.
//!
//! Purpose: one statement may yield several (a local type and a variable of it), so everything is
//! appended to a list.

use pest::iterators::Pair;

use super::super::grammar::Rule;
use super::Builder;
use crate::front::ast::{Block, Expr, ExprKind, Stmt, StmtKind};
use crate::source::Span;

impl Builder<'_> {
    pub(super) fn block(&self, p: Pair<Rule>) -> Block {
        let span = self.span(&p);
        let mut stmts = Vec::new();
        for s in p.into_inner() {
            self.stmt(s, &mut stmts);
        }
        Block { stmts, span }
    }

    /// `sub_stmt`: exactly one statement.
    fn sub_stmt(&self, p: Pair<Rule>) -> Stmt {
        let span = self.span(&p);
        let mut stmts = Vec::new();
        for s in p.into_inner() {
            self.stmt(s, &mut stmts);
        }
        self.one(stmts, span)
    }

    fn one(&self, mut stmts: Vec<Stmt>, span: Span) -> Stmt {
        match (stmts.pop(), stmts.is_empty()) {
            (Some(s), true) => s,
            (Some(s), false) => {
                stmts.push(s);
                Stmt {
                    kind: StmtKind::Block(Block { stmts, span }),
                    span,
                }
            }
            (None, _) => Stmt {
                kind: StmtKind::Empty,
                span,
            },
        }
    }

    fn stmt(&self, p: Pair<Rule>, out: &mut Vec<Stmt>) {
        let span = self.span(&p);
        let kind = match p.as_rule() {
            Rule::rbrace | Rule::attribute => return,
            Rule::block => StmtKind::Block(self.block(p)),
            Rule::empty_stmt => StmtKind::Empty,
            Rule::expr_stmt => match p.into_inner().next() {
                Some(e) => StmtKind::Expr(self.expr(e)),
                None => StmtKind::Empty,
            },
            Rule::decl_stmt => return self.decl_stmt(p, out),
            Rule::if_stmt => self.if_stmt(p),
            Rule::for_stmt => self.for_stmt(p),
            Rule::while_stmt => self.while_stmt(p),
            Rule::do_stmt => self.do_stmt(p),
            Rule::switch_stmt => self.switch_stmt(p),
            Rule::return_stmt => StmtKind::Return(
                p.into_inner()
                    .find(|e| e.as_rule() == Rule::expr)
                    .map(|e| self.expr(e)),
            ),
            Rule::break_stmt => StmtKind::Break,
            Rule::continue_stmt => StmtKind::Continue,
            Rule::goto_stmt => match p.into_inner().find(|n| n.as_rule() == Rule::name) {
                Some(n) => StmtKind::Goto(self.word(&n).into()),
                None => StmtKind::Unsupported("a computed goto".into()),
            },
            Rule::case_label => {
                let mut values: Vec<Expr> = p
                    .into_inner()
                    .filter(|e| e.as_rule() == Rule::assign_expr)
                    .map(|e| self.assign_expr(e))
                    .collect();
                match (values.pop(), values.is_empty()) {
                    (Some(v), true) => StmtKind::Case(v),
                    _ => StmtKind::Unsupported("a range of cases".into()),
                }
            }
            Rule::default_label => StmtKind::Default,
            Rule::goto_label => match p.into_inner().next() {
                Some(n) => StmtKind::Label(self.word(&n).into()),
                None => StmtKind::Empty,
            },
            Rule::asm_stmt => StmtKind::Unsupported("`asm`".into()),
            Rule::using_alias
            | Rule::using_namespace
            | Rule::using_decl
            | Rule::typedef_item
            | Rule::static_assert => {
                let mut items = Vec::new();
                self.item(p, None, &mut items);
                out.extend(items.into_iter().map(item_stmt));
                return;
            }
            _ => StmtKind::Unsupported("this statement".into()),
        };
        out.push(Stmt { kind, span });
    }

    fn decl_stmt(&self, p: Pair<Rule>, out: &mut Vec<Stmt>) {
        let span = self.span(&p);
        let binding = p
            .clone()
            .into_inner()
            .any(|s| s.as_rule() == Rule::structured_binding);
        if binding {
            out.push(Stmt {
                kind: StmtKind::Unsupported("a structured binding".into()),
                span,
            });
            return;
        }
        let d = self.declaration(p, None);
        out.extend(d.items.into_iter().map(item_stmt));
        if let Some(vars) = d.vars {
            out.push(Stmt {
                kind: StmtKind::Decl(vars),
                span,
            });
        }
    }

    /// `condition`: a declaration before the value, and the value.
    fn condition(&self, p: Pair<Rule>) -> (Option<Stmt>, Expr) {
        let span = self.span(&p);
        let none = Expr {
            kind: ExprKind::Unsupported("an empty condition".into()),
            span,
        };
        let Some(inner) = p.into_inner().next() else {
            return (None, none);
        };
        if inner.as_rule() != Rule::cond_decl {
            return (None, self.expr(inner));
        }
        let mut stmts = Vec::new();
        self.decl_stmt(inner, &mut stmts);
        let name = match stmts.last().map(|s| &s.kind) {
            Some(StmtKind::Decl(d)) => d.vars.last().map(|v| (v.name.clone(), v.span)),
            _ => None,
        };
        let value = name.map_or(none, |(n, s)| self.name_expr(&n, s));
        (Some(self.one(stmts, span)), value)
    }

    /// The one or two conditions of `if` and `switch`: statements before, and the value.
    fn conditions(&self, pairs: Vec<Pair<Rule>>, span: Span) -> (Vec<Stmt>, Expr) {
        let mut before = Vec::new();
        let mut value = Expr {
            kind: ExprKind::Unsupported("an empty condition".into()),
            span,
        };
        let count = pairs.len();
        for (i, p) in pairs.into_iter().enumerate() {
            let at = self.span(&p);
            let (decl, v) = self.condition(p);
            match decl {
                Some(d) => before.push(d),
                None if i + 1 < count => before.push(Stmt {
                    kind: StmtKind::Expr(v.clone()),
                    span: at,
                }),
                None => {}
            }
            value = v;
        }
        (before, value)
    }

    fn if_stmt(&self, p: Pair<Rule>) -> StmtKind {
        let span = self.span(&p);
        let mut is_constexpr = false;
        let mut conditions = Vec::new();
        let mut then = None;
        let mut els = None;
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::if_constexpr => is_constexpr = true,
                Rule::condition => conditions.push(s),
                Rule::sub_stmt => then = Some(Box::new(self.sub_stmt(s))),
                Rule::else_part => {
                    els = s
                        .into_inner()
                        .find(|b| b.as_rule() == Rule::sub_stmt)
                        .map(|b| Box::new(self.sub_stmt(b)));
                }
                _ => {}
            }
        }
        let (mut before, cond) = self.conditions(conditions, span);
        let init = before.pop().map(Box::new);
        let Some(then) = then else {
            return StmtKind::Unsupported("an `if` without a statement".into());
        };
        let kind = StmtKind::If {
            is_constexpr,
            init,
            cond,
            then,
            els,
        };
        if before.is_empty() {
            return kind;
        }
        before.push(Stmt { kind, span });
        StmtKind::Block(Block {
            stmts: before,
            span,
        })
    }

    /// The condition of a loop. One that declares a variable is evaluated anew in each round,
    /// which no node says.
    fn loop_condition(&self, p: Pair<Rule>) -> Expr {
        let span = self.span(&p);
        match self.condition(p) {
            (None, e) => e,
            (Some(_), _) => Expr {
                kind: ExprKind::Unsupported("a declaration in the condition of a loop".into()),
                span,
            },
        }
    }

    fn for_stmt(&self, p: Pair<Rule>) -> StmtKind {
        let mut init = None;
        let mut range = None;
        let mut cond = None;
        let mut step = None;
        let mut body = None;
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::condition => {
                    let span = self.span(&s);
                    let (decl, value) = self.condition(s);
                    init = Some(decl.unwrap_or(Stmt {
                        kind: StmtKind::Expr(value),
                        span,
                    }));
                }
                Rule::range_tail => {
                    range = s
                        .into_inner()
                        .find(|e| e.as_rule() == Rule::expr)
                        .map(|e| self.expr(e));
                }
                Rule::for_tail => {
                    for t in s.into_inner() {
                        match t.as_rule() {
                            Rule::for_cond => {
                                cond = t.into_inner().next().map(|c| self.loop_condition(c));
                            }
                            Rule::for_step => {
                                step = t.into_inner().next().map(|e| self.expr(e));
                            }
                            _ => {}
                        }
                    }
                }
                Rule::sub_stmt => body = Some(Box::new(self.sub_stmt(s))),
                _ => {}
            }
        }
        let Some(body) = body else {
            return StmtKind::Unsupported("a `for` without a statement".into());
        };
        let Some(range) = range else {
            return StmtKind::For {
                init: init.map(Box::new),
                cond,
                step,
                body,
            };
        };
        match init.map(|i| i.kind) {
            Some(StmtKind::Decl(mut d)) if d.vars.len() == 1 => match d.vars.pop() {
                Some(var) => StmtKind::ForRange {
                    var: Box::new(var),
                    range,
                    body,
                },
                None => StmtKind::Empty,
            },
            _ => StmtKind::Unsupported("this range-based `for`".into()),
        }
    }

    fn while_stmt(&self, p: Pair<Rule>) -> StmtKind {
        let mut cond = None;
        let mut body = None;
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::condition => cond = Some(self.loop_condition(s)),
                Rule::sub_stmt => body = Some(Box::new(self.sub_stmt(s))),
                _ => {}
            }
        }
        match (cond, body) {
            (Some(cond), Some(body)) => StmtKind::While { cond, body },
            _ => StmtKind::Unsupported("this `while`".into()),
        }
    }

    fn do_stmt(&self, p: Pair<Rule>) -> StmtKind {
        let mut cond = None;
        let mut body = None;
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::expr => cond = Some(self.expr(s)),
                Rule::sub_stmt => body = Some(Box::new(self.sub_stmt(s))),
                _ => {}
            }
        }
        match (cond, body) {
            (Some(cond), Some(body)) => StmtKind::DoWhile { body, cond },
            _ => StmtKind::Unsupported("this `do`".into()),
        }
    }

    fn switch_stmt(&self, p: Pair<Rule>) -> StmtKind {
        let span = self.span(&p);
        let mut conditions = Vec::new();
        let mut body = Vec::new();
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::condition => conditions.push(s),
                Rule::sub_stmt => {
                    let inner = self.sub_stmt(s);
                    body = match inner.kind {
                        StmtKind::Block(b) => b.stmts,
                        _ => vec![inner],
                    };
                }
                _ => {}
            }
        }
        let (mut before, cond) = self.conditions(conditions, span);
        let kind = StmtKind::Switch { cond, body };
        if before.is_empty() {
            return kind;
        }
        before.push(Stmt { kind, span });
        StmtKind::Block(Block {
            stmts: before,
            span,
        })
    }
}

fn item_stmt(item: crate::front::ast::Item) -> Stmt {
    Stmt {
        span: item.span,
        kind: StmtKind::Item(item),
    }
}
