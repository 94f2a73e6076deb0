//! `do { … } while (0)`: the body once. Macros of several statements are written so.
//!
//! Soundness direction: exact. `break` and `continue` of such a loop both go to its end ([stmt.do], [stmt.cont]).

use super::ctx::Lowerer;
use crate::ir::{LabelId, LoopId, Stmt};

impl Lowerer<'_> {
    /// Emits the body of a loop that is run once.
    pub(super) fn emit_once(&mut self, id: LoopId, mut body: Vec<Stmt>) {
        let label = self.new_label();
        if leave_instead(&mut body, id, label) {
            self.emit(Stmt::Region { label, body });
        } else {
            for s in body {
                self.emit(s);
            }
        }
    }
}

/// Makes jumps of a loop jumps to the end of a region. Says whether there were any.
fn leave_instead(list: &mut [Stmt], id: LoopId, label: LabelId) -> bool {
    let mut any = false;
    for s in list {
        match s {
            Stmt::Break(l) | Stmt::Continue(l) if *l == id => {
                *s = Stmt::Leave(label);
                any = true;
            }
            Stmt::If { then, els, .. } => {
                any |= leave_instead(then, id, label);
                any |= leave_instead(els, id, label);
            }
            Stmt::Loop {
                header, body, step, ..
            } => {
                for part in [header, body, step] {
                    any |= leave_instead(part, id, label);
                }
            }
            Stmt::Region { body, .. } => any |= leave_instead(body, id, label),
            _ => {}
        }
    }
    any
}
