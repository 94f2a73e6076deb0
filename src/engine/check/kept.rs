//! Judgements that were made before.
//!
//! Soundness direction: exact, see [`crate::engine::cache`]. Kept is only what a faster machine would have said, too.

use std::collections::BTreeSet;

use crate::engine::cache::Cache;
use crate::ir::union::Union;
use crate::ir::{BarrierId, Kernel};
use crate::prove::Options;
use crate::prove::change::{Answer, Outcome, Standing, change, standing};
use crate::prove::kernel::Contradiction;
use crate::prove::stats::{Event, Stats};

/// The cache, for the questions of `check`.
pub struct Kept {
    cache: Cache,
    strict: bool,
}

impl Kept {
    /// Opens it; `off`: nothing is read or kept; `strict`: barriers after an early return are divergent.
    pub fn open(off: bool, strict: bool) -> Kept {
        Kept {
            cache: Cache::open(off),
            strict,
        }
    }

    /// As [`standing`].
    pub fn standing(&self, kernel: &Kernel, options: &Options) -> Result<Standing, Contradiction> {
        let decided = |s: &Standing, stats: &Stats| {
            let open = s.races.iter().any(|r| r.undecided || !r.confirmed);
            stats.get(Event::Undecided) == 0 && (stats.get(Event::Unanswered) == 0 || !open)
        };
        let make = |o: &Options| standing(kernel, o);
        let kept = self
            .cache
            .keep(("standing", ""), kernel, options, make, decided);
        let mut standing = kept?;
        if self.strict {
            for d in &mut standing.divergent {
                d.ended_only = false;
            }
        }
        Ok(standing)
    }

    /// As [`change`].
    pub fn change(
        &self,
        union: &Union,
        parts: &[BTreeSet<BarrierId>],
        options: &Options,
    ) -> Result<(Answer, Vec<Answer>), Contradiction> {
        // What the answer is about, beside the kernel of the union.
        let about = format!("{:?} {parts:?}", union.old_only);
        let decided = |(whole, each): &(Answer, Vec<Answer>), _: &Stats| {
            let mut all = std::iter::once(whole).chain(each);
            all.all(|a| a.outcome != Outcome::Undecided)
        };
        let make = |o: &Options| change(union, parts, o);
        self.cache
            .keep(("change", &about), &union.kernel, options, make, decided)
    }
}
