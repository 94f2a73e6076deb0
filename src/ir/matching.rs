//! Which elements of two sequences correspond: a longest common subsequence (Myers, "An O(ND) difference algorithm", 1986).
//!
//! Direction: exact; elements that correspond are equal, and order is kept.

use std::collections::BTreeMap;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// A stretch of both sequences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Equal, element by element; else what is in the one replaces what is in the other.
    pub equal: bool,
    /// In the first sequence.
    pub old: Range<usize>,
    /// In the second one.
    pub new: Range<usize>,
}

/// The stretches, in order; together they are both sequences.
pub fn stretches<T: Ord>(old: &[T], new: &[T]) -> Vec<Stretch> {
    let mut known: BTreeMap<&T, u32> = BTreeMap::new();
    let mut number = |x| {
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
        *known.entry(x).or_insert(next)
    };
    let a: Vec<u32> = old.iter().map(&mut number).collect();
    let b: Vec<u32> = new.iter().map(&mut number).collect();
    of_numbers(&a, &b)
}

// One instance of the generic code is enough for all.
fn of_numbers(a: &[u32], b: &[u32]) -> Vec<Stretch> {
    let ops = capture_diff_slices(Algorithm::Myers, a, b);
    ops.iter()
        .map(|op| {
            let (_, old, new) = op.as_tag_tuple();
            Stretch {
                equal: matches!(op, DiffOp::Equal { .. }),
                old,
                new,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_cover_both() {
        let all = stretches(&["a", "b", "c"], &["b", "x", "c"]);
        let equal: Vec<_> = all.iter().filter(|s| s.equal).collect();
        assert_eq!(equal.len(), 2);
        assert_eq!(all.iter().map(|s| s.old.len()).sum::<usize>(), 3);
        assert_eq!(all.iter().map(|s| s.new.len()).sum::<usize>(), 3);
        assert_eq!((equal[0].old.clone(), equal[0].new.clone()), (1..2, 0..1));
    }
}
