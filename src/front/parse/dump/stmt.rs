//! Statements as text.
//!
//! Purpose: one statement per line.

use super::expr::{expr, init};
use super::types::{attrs, ty};
use super::{Writer, flag, words};
use crate::front::ast::{Declarator, Stmt, StmtKind, VarDecl};

/// A declarator in one line.
pub(super) fn declarator(d: &Declarator) -> String {
    let bits = d
        .bits
        .as_ref()
        .map_or(String::new(), |b| format!(": {}", expr(b)));
    let name = if d.name.is_empty() { "_" } else { &d.name };
    words(&[name, &ty(&d.ty), &attrs(&d.attrs), &bits, &init(&d.init)])
}

/// A declaration in one line.
pub(super) fn var_decl(v: &VarDecl) -> String {
    let vars: Vec<String> = v
        .vars
        .iter()
        .map(|d| format!("({})", declarator(d)))
        .collect();
    let inner = words(&[
        "var",
        &super::types::template(&v.template),
        flag(v.is_constexpr, "constexpr"),
        flag(v.is_static, "static"),
        flag(v.is_extern, "extern"),
        &vars.join(" "),
    ]);
    format!("({inner})")
}

impl Writer {
    pub(super) fn stmts(&mut self, list: &[Stmt]) {
        for s in list {
            self.stmt(s);
        }
    }

    fn sub(&mut self, s: &Stmt) {
        self.stmt(s);
    }

    fn stmt(&mut self, s: &Stmt) {
        match &s.kind {
            StmtKind::Empty => self.line("(empty)"),
            StmtKind::Expr(e) => self.line(expr(e)),
            StmtKind::Decl(v) => self.line(var_decl(v)),
            StmtKind::Item(i) => self.item(i),
            StmtKind::Block(b) => self.nest("(block", |w| w.stmts(&b.stmts)),
            StmtKind::If {
                is_constexpr,
                init,
                cond,
                then,
                els,
            } => {
                let head = if *is_constexpr {
                    "(if-constexpr"
                } else {
                    "(if"
                };
                self.nest(words(&[head, &expr(cond)]), |w| {
                    if let Some(i) = init {
                        w.nest("(init", |w| w.sub(i));
                    }
                    w.sub(then);
                    if let Some(e) = els {
                        w.nest("(else", |w| w.sub(e));
                    }
                });
            }
            StmtKind::For {
                init,
                cond,
                step,
                body,
            } => {
                let part =
                    |e: &Option<crate::front::ast::Expr>| e.as_ref().map_or("_".to_string(), expr);
                let head = format!("(for {} {}", part(cond), part(step));
                self.nest(head, |w| {
                    if let Some(i) = init {
                        w.nest("(init", |w| w.sub(i));
                    }
                    w.sub(body);
                });
            }
            StmtKind::ForRange { var, range, body } => {
                let head = format!("(for-range ({}) {}", declarator(var), expr(range));
                self.nest(head, |w| w.sub(body));
            }
            StmtKind::While { cond, body } => {
                self.nest(format!("(while {}", expr(cond)), |w| w.sub(body));
            }
            StmtKind::DoWhile { body, cond } => {
                self.nest(format!("(do-while {}", expr(cond)), |w| w.sub(body));
            }
            StmtKind::Switch { cond, body } => {
                self.nest(format!("(switch {}", expr(cond)), |w| w.stmts(body));
            }
            StmtKind::Case(e) => self.line(format!("(case {})", expr(e))),
            StmtKind::Default => self.line("(default)"),
            StmtKind::Return(None) => self.line("(return)"),
            StmtKind::Return(Some(e)) => self.line(format!("(return {})", expr(e))),
            StmtKind::Break => self.line("(break)"),
            StmtKind::Continue => self.line("(continue)"),
            StmtKind::Goto(l) => self.line(format!("(goto {l})")),
            StmtKind::Label(l) => self.line(format!("(label {l})")),
            StmtKind::Unsupported(what) => self.line(format!("(unsupported {what:?})")),
        }
    }
}
