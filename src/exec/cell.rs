//! The accesses to one granule that later accesses have to be compared with.
//!
//! Purpose: a bounded summary that loses no conflict between a pair of sites, see
//! [`Cell::insert`]. Soundness direction: exact, up to the limit of entries, which is reported.

use crate::ir::AccessKind;

/// Entries of one granule from which on older barrier intervals are thinned out.
const CROWDED: usize = 24;
/// Entries of one granule.
const MAX_ENTRIES: usize = 512;
/// An access to a granule.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Entry {
    pub event: u32,
    pub site: u32,
    pub thread: u16,
    pub other: u16,
    pub simdgroup: u16,
    pub mask: u8,
    pub kind: AccessKind,
    pub group_epoch: u32,
    pub simd_epoch: u32,
    pub any_group: u32,
    pub any_simd: u32,
    pub disabled_group: u32,
    pub disabled_all: u32,
}

impl Entry {
    /// Of several lanes.
    pub fn collective(&self) -> bool {
        self.thread != self.other
    }

    /// Of the same thread, site, bytes and disabled counts.
    fn same_key(&self, e: &Entry) -> bool {
        self.site == e.site
            && self.thread == e.thread
            && self.other == e.other
            && self.disabled_all == e.disabled_all
            && self.mask == e.mask
            && self.kind == e.kind
    }
}

/// The accesses to one granule that can still matter.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// What is kept.
    pub entries: Vec<Entry>,
}

/// What is known about threads and barriers when an access is added.
pub struct Known<F, E> {
    /// The entry's thread has met no barrier since, whatever its flags.
    pub fresh: F,
    /// The entry's thread has ended.
    pub ended: E,
    /// Some simdgroup barrier is disabled.
    pub simd_disabled: bool,
}

#[derive(PartialEq, Eq)]
enum Answer {
    Needed,
    Replaced,
    Superfluous,
}

impl Cell {
    /// Adds an access unless those that are there answer every question that it would.
    ///
    /// A later access of thread *u* asks for an unordered entry of another thread, and, to be due to
    /// a disabled barrier, with another disabled count. Entries of one site, kind and byte mask
    /// that are as recent make `e` superfluous when
    /// 1. two of them have `e`'s count and are of different simdgroups (whatever *u* is, one is of
    ///    another simdgroup than it), or
    /// 2. two have `e`'s count and simdgroup, and are of different threads or collective, or
    /// 3. two are of `e`'s thread and have different counts (one differs from *u*'s), or
    /// 4. there are two pairs as in 1 with different counts.
    ///
    /// Rules 1 and 4 answer with pairs of different simdgroups, for which disabled simdgroup barriers do
    /// not count, so they do not apply if there are any. All but rule 3 answer with other
    /// threads, which holds until `e`'s thread ends and the others meet a barrier: what was
    /// left out goes to `dropped`, for [`Cell::restore`] at that time.
    ///
    /// Returns false if the limit of entries was reached.
    pub fn insert<F: Fn(&Entry) -> bool, E: Fn(&Entry) -> bool>(
        &mut self,
        e: Entry,
        known: &Known<F, E>,
        dropped: &mut Vec<Entry>,
    ) -> bool {
        match self.answers(&e, &known.fresh, known.simd_disabled) {
            Answer::Replaced => return true,
            Answer::Superfluous => {
                dropped.push(e);
                return true;
            }
            Answer::Needed => {}
        }
        if self.entries.len() >= CROWDED {
            // Among entries of older intervals (which only flags left unordered) recency does not count.
            let mut i = 0;
            while i < self.entries.len() {
                let x = self.entries[i];
                if !(known.fresh)(&x) && !(known.ended)(&x) {
                    self.entries.remove(i);
                    if self.answers(&x, &|_| true, known.simd_disabled) != Answer::Needed {
                        dropped.push(x);
                        continue;
                    }
                    self.entries.insert(i, x);
                }
                i += 1;
            }
        }
        if self.entries.len() >= MAX_ENTRIES {
            return false;
        }
        self.entries.push(e);
        true
    }

    /// Adds an access of a thread that has ended, which nothing else can stand for.
    pub fn restore(&mut self, e: Entry) {
        let newer = self
            .entries
            .iter()
            .any(|f| f.same_key(&e) && f.event >= e.event);
        if !newer {
            self.entries.push(e);
        }
    }

    fn answers(
        &mut self,
        e: &Entry,
        fresh: &impl Fn(&Entry) -> bool,
        simd_disabled: bool,
    ) -> Answer {
        // Simdgroup of the first with e's count; thread of the first that is of e's simdgroup, too.
        let mut same_count: Option<u16> = None;
        let mut same_simd: Option<u16> = None;
        // Counts of the last of e's thread.
        let mut own: Option<(u32, u32)> = None;
        // Per count: the first simdgroup, and whether there was another.
        let mut counts: [(u32, u16, bool); 4] = [(u32::MAX, 0, false); 4];
        for f in &mut self.entries {
            if f.same_key(e) {
                // The later one of a thread is unordered with whatever the earlier one was.
                *f = *e;
                return Answer::Replaced;
            }
            if f.site != e.site
                || f.kind != e.kind
                || f.mask & e.mask != e.mask
                || !fresh(f)
                || (f.simdgroup == e.simdgroup && f.simd_epoch != e.simd_epoch)
            {
                continue;
            }
            if f.disabled_all == e.disabled_all {
                if f.simdgroup == e.simdgroup {
                    if f.collective() || same_simd.is_some_and(|t| t != f.thread) {
                        return Answer::Superfluous;
                    }
                    same_simd = Some(f.thread);
                }
                match same_count {
                    Some(s) if s != f.simdgroup && !simd_disabled => return Answer::Superfluous,
                    _ => same_count = Some(f.simdgroup),
                }
            }
            if f.thread == e.thread && f.other == e.other {
                match own {
                    Some((g, _)) if g != f.disabled_group => return Answer::Superfluous,
                    Some((g, a))
                        if g == e.disabled_group
                            && f.disabled_group == g
                            && a != f.disabled_all =>
                    {
                        return Answer::Superfluous;
                    }
                    _ => own = Some((f.disabled_group, f.disabled_all)),
                }
            }
            if simd_disabled {
                continue;
            }
            for c in &mut counts {
                if c.0 == u32::MAX {
                    *c = (f.disabled_group, f.simdgroup, false);
                }
                if c.0 == f.disabled_group {
                    c.2 |= c.1 != f.simdgroup;
                    break;
                }
            }
            if counts.iter().filter(|c| c.2).count() >= 2 {
                return Answer::Superfluous;
            }
        }
        Answer::Needed
    }
}
