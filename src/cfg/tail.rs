//! Jumps that lead to the end of the kernel: the thread ends there.
//!
//! Purpose: `return` in a helper that was written out is a jump to the end of its region. Where nothing with an effect
//! comes after the region, the thread that jumps does nothing more: it meets no barrier, and accesses nothing.
//! [`ends_made_plain`] writes such a jump as [`Stmt::Return`], which is what it is. Soundness direction: exact.

use std::collections::BTreeSet;

use crate::ir::{Kernel, LabelId, Stmt};
use crate::source::Span;

/// The kernel with jumps to its end as ends of the thread.
pub fn ends_made_plain(kernel: &Kernel) -> Kernel {
    let mut out = kernel.clone();
    let mut last = BTreeSet::new();
    tails(&out.body, true, &mut last);
    if !last.is_empty() {
        rewrite(&mut out.body, &last, kernel.span);
    }
    out
}

/// Regions after whose end the kernel does nothing more. `tail`: nothing comes after this list.
fn tails(list: &[Stmt], tail: bool, out: &mut BTreeSet<LabelId>) {
    let mut tail = tail;
    for s in list.iter().rev() {
        match s {
            Stmt::Region { label, body } => {
                if tail {
                    out.insert(*label);
                }
                tails(body, tail, out);
            }
            Stmt::If { then, els, .. } => {
                tails(then, tail, out);
                tails(els, tail, out);
            }
            _ => {}
        }
        tail &= idle(s);
    }
}

/// Whether a statement does nothing that another thread, or memory, could tell, and goes on to the next one.
fn idle(s: &Stmt) -> bool {
    match s {
        Stmt::Assign { .. } => true,
        Stmt::If { then, els, .. } => then.iter().chain(els).all(idle),
        Stmt::Region { body, .. } => body.iter().all(idle),
        _ => false,
    }
}

/// Writes jumps to the end of these regions as ends; `at` is the nearest place known.
fn rewrite(list: &mut [Stmt], last: &BTreeSet<LabelId>, at: Span) {
    let mut at = at;
    for s in list {
        if let Stmt::Leave(l) = s
            && last.contains(l)
        {
            *s = Stmt::Return { span: at };
            continue;
        }
        match s {
            Stmt::Assign { span, .. } | Stmt::Simd { span, .. } => at = *span,
            Stmt::If {
                then, els, span, ..
            } => {
                rewrite(then, last, *span);
                rewrite(els, last, *span);
            }
            Stmt::Loop {
                header,
                body,
                step,
                span,
                ..
            } => {
                for part in [header, body, step] {
                    rewrite(part, last, *span);
                }
            }
            Stmt::Region { body, .. } => rewrite(body, last, at),
            other => {
                if let Some((a, _)) = other.access() {
                    at = a.span;
                }
            }
        }
    }
}
