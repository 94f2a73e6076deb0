//! Jumps that lead to the end of the kernel: the thread ends there.
//!
//! Purpose: `return` in a helper that was written out is a jump to the end of its region. Where nothing with an effect
//! comes after the region, the thread that jumps does nothing more: it meets no barrier, and accesses nothing.
//! [`ends_made_plain`] writes such a jump as [`Stmt::Return`], which is what it is,
//! where a barrier stands behind it. Soundness direction: exact.

use std::collections::BTreeSet;

use crate::ir::{Kernel, LabelId, Stmt};
use crate::source::Span;

/// The kernel with jumps to its end as ends of the thread.
pub fn ends_made_plain(kernel: &Kernel) -> Kernel {
    let mut out = kernel.clone();
    let mut last = BTreeSet::new();
    tails(&out.body, true, &mut last);
    if !last.is_empty() {
        rewrite(&mut out.body, &last, kernel.span, false);
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

/// Writes jumps to the end of these regions as ends; `at` is the nearest place known. Only where a barrier may come after the
/// jump (`barrier`, or further down in the list) does it matter who has ended.
fn rewrite(list: &mut [Stmt], last: &BTreeSet<LabelId>, at: Span, barrier: bool) {
    let mut at = at;
    let mut left = list.iter().filter(|s| has_barrier(s)).count();
    for s in list {
        left -= usize::from(has_barrier(s));
        let later = barrier || left > 0;
        if let Stmt::Leave(l) = s
            && later
            && last.contains(l)
        {
            *s = Stmt::Return { span: at };
            continue;
        }
        let around = later || (matches!(s, Stmt::Loop { .. }) && has_barrier(s));
        match s {
            Stmt::Assign { span, .. } | Stmt::Simd { span, .. } => at = *span,
            Stmt::If {
                then, els, span, ..
            } => {
                rewrite(then, last, *span, later);
                rewrite(els, last, *span, later);
            }
            Stmt::Loop {
                header,
                body,
                step,
                span,
                ..
            } => {
                for part in [header, body, step] {
                    rewrite(part, last, *span, around);
                }
            }
            Stmt::Region { body, .. } => rewrite(body, last, at, later),
            other => {
                if let Some((a, _)) = other.access() {
                    at = a.span;
                }
            }
        }
    }
}

fn has_barrier(s: &Stmt) -> bool {
    let any = |list: &[Stmt]| list.iter().any(has_barrier);
    match s {
        Stmt::Barrier(_) => true,
        Stmt::If { then, els, .. } => any(then) || any(els),
        Stmt::Loop {
            header, body, step, ..
        } => any(header) || any(body) || any(step),
        Stmt::Region { body, .. } => any(body),
        _ => false,
    }
}
