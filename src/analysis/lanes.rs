//! Conditions on the index of a thread that are the same for all lanes of a simdgroup.
//!
//! A simdgroup is `width` threads with consecutive indices, the first a multiple of `width` (the last simdgroup may have fewer). So
//! `index < c` is the same for all of them where `c` is a multiple of the width, and so is `index / c`.
//! Soundness direction: a value that is not recognised stays thread-dependent.

use super::term::{Level, TermId, TermKind, Terms};
use crate::ir::{BinOp, Builtin};

/// How threads lie in simdgroups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lanes {
    /// Threads of a simdgroup; 0 where that is not known.
    pub width: u32,
    /// Position x is the index, or the index minus a multiple of the width: the threadgroup has one dimension, or rows of whole simdgroups.
    pub whole_rows: bool,
}

/// Narrowest type in which every index of a thread keeps its value.
const INDEX_BITS: u32 = 16;

impl Terms {
    /// The level of `a op b` where it is better than that of its parts.
    pub(super) fn simdgroup_level(&self, op: BinOp, a: TermId, b: TermId) -> Option<Level> {
        let width = i128::from(self.lanes.width);
        if width == 0 {
            return None;
        }
        let whole = |c: i128| c >= 0 && c % width == 0;
        let agreed = if let (true, Some(c)) = (self.is_index(a), self.as_const(b)) {
            match op {
                BinOp::Lt | BinOp::Ge => whole(c),
                BinOp::Le | BinOp::Gt => whole(c + 1),
                BinOp::Div => c > 0 && whole(c),
                // A larger distance counts modulo the width of the type.
                BinOp::Shr => (0..INDEX_BITS.into()).contains(&c) && whole(1i128 << c),
                _ => false,
            }
        } else if let (Some(c), true) = (self.as_const(a), self.is_index(b)) {
            match op {
                BinOp::Gt | BinOp::Le => whole(c),
                BinOp::Ge | BinOp::Lt => whole(c + 1),
                _ => false,
            }
        } else {
            false
        };
        agreed.then_some(Level::Simdgroup)
    }

    /// Whether a term is the index of the thread, or differs from it by a multiple of the width that a simdgroup shares.
    fn is_index(&self, t: TermId) -> bool {
        match *self.kind(t) {
            TermKind::Builtin(Builtin::ThreadIndexInThreadgroup) => true,
            TermKind::Builtin(Builtin::ThreadPositionInThreadgroup(0)) => self.lanes.whole_rows,
            TermKind::Cast(a) => {
                let ty = self.ty(t);
                ty.is_int() && ty.bits() >= INDEX_BITS && self.is_index(a)
            }
            _ => false,
        }
    }
}
