//! Walking over statements.
//!
//! Soundness direction: exact.

use crate::ir::Stmt;

/// Visits every statement, nested ones too.
pub fn visit<'a>(stmts: &'a [Stmt], f: &mut dyn FnMut(&'a Stmt)) {
    for s in stmts {
        f(s);
        match s {
            Stmt::If { then, els, .. } => {
                visit(then, f);
                visit(els, f);
            }
            Stmt::Loop {
                header, body, step, ..
            } => {
                visit(header, f);
                visit(body, f);
                visit(step, f);
            }
            Stmt::Region { body, .. } => visit(body, f),
            _ => {}
        }
    }
}
