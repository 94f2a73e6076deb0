//! Conflict detection.
//!
//! Purpose: finds pairs of unordered conflicting accesses. Two accesses of different threads are
//! ordered iff between them both threads met one barrier whose scope holds both and whose flags
//! name the memory; atomics and lane exchanges order nothing. As a barrier is met by *all* live
//! threads of its scope, an earlier access `f` is unordered with what a live thread does now iff
//! `f`'s thread has not met such a barrier since; epochs per thread, space and scope decide that, whatever
//! the schedule was. Epochs of ended threads stand still, so what they did last stays unordered
//! with everything later. Nothing else is needed, which makes the result independent of the
//! schedule along the executed path.
//!
//! Bytes are kept in granules of four. A granule keeps, per access site, enough earlier accesses
//! to answer every later question "is there an unordered access of another thread (that passed
//! another number of disabled barriers)?"; see [`Cell::insert`].
//!
//! Soundness direction: reports only real pairs of the executed path; for each granule and pair
//! of sites that conflict it finds one, unless [`Detector::incomplete`] says that a limit was hit. One
//! more exception: of a matrix access only two lanes are watched for having ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::cell::{Cell, Entry, Known};
use super::finding::{AccessRef, Conflict};
use crate::ir::{AccessId, AccessKind, AtomicUse, LoopId, MemFlags, ObjectId, PathId, Space};
use crate::source::Span;

/// Granules of an object that are found by index.
const NEAR: u64 = 1 << 20;
/// Granules kept in all.
const MAX_CELLS: usize = 8 << 20;
/// Accesses that others stand for and that are remembered in case their threads end.
const MAX_DROPPED: usize = 2 << 20;
/// Conflicts between the watched accesses that are kept.
const MAX_WATCHED: usize = 256;

/// Which spaces have epochs of their own.
fn slot(space: Space) -> usize {
    match space {
        Space::Threadgroup => 0,
        Space::Device => 1,
        _ => 2,
    }
}

const SLOTS: [Space; 3] = [Space::Threadgroup, Space::Device, Space::Texture];

/// Where a thread is between barriers.
#[derive(Clone, Debug, Default)]
struct Clock {
    /// Threadgroup barriers met that order the space.
    group: [u32; 3],
    /// Simdgroup barriers met that order the space.
    simd: [u32; 3],
    /// Threadgroup barriers met, whatever their flags.
    any_group: u32,
    /// Simdgroup barriers met, whatever their flags.
    any_simd: u32,
    /// Name of the vector of disabled threadgroup barriers passed that order the space.
    disabled_group: [u32; 3],
    /// The same with simdgroup barriers.
    disabled_all: [u32; 3],
    /// Disabled barriers passed, each.
    passed: Vec<u32>,
    simdgroup: u32,
    ended: bool,
    /// Accesses since the last barrier that orders the space that were not kept, as others stood for them.
    dropped: [Vec<(ObjectId, u64, Entry)>; 3],
    /// Some of these were too many.
    forgot: bool,
}

/// A disabled barrier.
#[derive(Clone, Copy, Debug)]
pub struct Disabled {
    /// Its flags.
    pub flags: MemFlags,
    /// A threadgroup barrier.
    pub group: bool,
}

/// What one executed access was, for reports.
#[derive(Clone, Debug)]
struct Event {
    thread: u32,
    /// Another lane of a matrix access.
    other: u32,
    site: u32,
    /// Into the list of iteration counts.
    iterations: u32,
    passed: u64,
    approximate: bool,
}

#[derive(Clone, Debug, Default)]
struct Shadow {
    near: Vec<Cell>,
    far: BTreeMap<u64, Cell>,
}

impl Shadow {
    fn get_mut(&mut self, granule: u64) -> Option<&mut Cell> {
        if granule < NEAR {
            self.near.get_mut(granule as usize)
        } else {
            self.far.get_mut(&granule)
        }
    }

    /// The cell of a granule, made if there is none; `None` if there are too many.
    fn cell(&mut self, granule: u64, count: &mut usize) -> Option<&mut Cell> {
        if granule < NEAR {
            let i = granule as usize;
            if self.near.len() <= i {
                let grow = (i + 1).next_power_of_two().max(64) - self.near.len();
                if *count + grow > MAX_CELLS {
                    return None;
                }
                *count += grow;
                self.near.resize(self.near.len() + grow, Cell::default());
            }
            return self.near.get_mut(i);
        }
        if !self.far.contains_key(&granule) {
            if *count >= MAX_CELLS {
                return None;
            }
            *count += 1;
        }
        Some(self.far.entry(granule).or_default())
    }
}

/// Static facts of an access, for reports.
#[derive(Clone, Debug)]
pub struct SiteInfo {
    /// Identity in the IR.
    pub id: AccessId,
    /// Where.
    pub span: Span,
    /// How reached.
    pub path: PathId,
    /// Enclosing loops.
    pub loops: Vec<LoopId>,
    /// For an atomic operation: what its order means.
    pub atomic: Option<AtomicUse>,
}

/// An executed access.
#[derive(Clone, Copy, Debug)]
pub struct Executed<'a> {
    /// Index of the site.
    pub site: u32,
    /// Object.
    pub object: ObjectId,
    /// Read, write, atomic.
    pub kind: AccessKind,
    /// Who; for a matrix access one lane.
    pub thread: u32,
    /// Another lane of a matrix access; `thread` itself otherwise.
    pub other: u32,
    /// Iterations of the loops.
    pub iterations: &'a [u64],
    /// Rests on an unspecified value.
    pub approximate: bool,
}

/// The detector of one run.
#[derive(Clone, Debug)]
pub struct Detector {
    clocks: Vec<Clock>,
    shadows: Vec<Shadow>,
    disabled: Vec<Disabled>,
    names: BTreeMap<Vec<u32>, u32>,
    events: Vec<Event>,
    iterations: Vec<u64>,
    sites: Arc<[SiteInfo]>,
    /// Per object: which epochs count.
    slots: Arc<[usize]>,
    collect_at: usize,
    cells: usize,
    watch: Option<(AccessId, AccessId)>,
    ignore_flags: bool,
    /// Atomic operations that do not commute are conflicts, too.
    orders: bool,
    seen: BTreeSet<(ObjectId, u32, u32, bool, bool, bool, bool)>,
    conflicts: Vec<Conflict>,
    watched: usize,
    /// Ended threads whose dropped accesses were not brought back yet.
    pending: Vec<usize>,
    dropped_count: usize,
    scratch: Vec<Entry>,
    /// Collect `shared`.
    note_shared: bool,
    shared: BTreeSet<(ObjectId, i64)>,
    /// A limit was reached; conflicts may have been missed.
    pub incomplete: bool,
}

impl Detector {
    /// A detector for threads of the given simdgroups.
    pub fn new(
        simdgroups: &[u32],
        sites: Vec<SiteInfo>,
        spaces: &[Space],
        disabled: Vec<Disabled>,
        watch: Option<(AccessId, AccessId)>,
        ignore_flags: bool,
        orders: bool,
    ) -> Detector {
        Detector {
            clocks: simdgroups
                .iter()
                .map(|&s| Clock {
                    simdgroup: s,
                    passed: vec![0; disabled.len()],
                    ..Clock::default()
                })
                .collect(),
            shadows: vec![Shadow::default(); spaces.len()],
            disabled,
            names: BTreeMap::new(),
            events: Vec::new(),
            iterations: Vec::new(),
            sites: sites.into(),
            slots: spaces.iter().map(|s| slot(*s)).collect(),
            collect_at: 1 << 20,
            cells: 0,
            watch,
            ignore_flags,
            orders,
            seen: BTreeSet::new(),
            conflicts: Vec::new(),
            watched: 0,
            pending: Vec::new(),
            dropped_count: 0,
            scratch: Vec::new(),
            note_shared: false,
            shared: BTreeSet::new(),
            incomplete: false,
        }
    }

    /// Whether every barrier orders all memory.
    pub fn ignores_flags(&self) -> bool {
        self.ignore_flags
    }

    /// These threads met a barrier.
    pub fn barrier(&mut self, threads: &[usize], flags: MemFlags, group: bool) {
        self.restore();
        for &t in threads {
            let Some(c) = self.clocks.get_mut(t) else {
                continue;
            };
            if group {
                c.any_group += 1;
            } else {
                c.any_simd += 1;
            }
            for (i, space) in SLOTS.into_iter().enumerate() {
                if self.ignore_flags || flags.orders(space) {
                    if group {
                        c.group[i] += 1;
                        self.dropped_count -= c.dropped[i].len();
                        c.dropped[i].clear();
                    } else {
                        c.simd[i] += 1;
                    }
                }
            }
        }
    }

    /// A thread passed a disabled barrier (index into the list given at the start).
    pub fn pass_disabled(&mut self, thread: usize, index: usize) {
        let Some(c) = self.clocks.get_mut(thread) else {
            return;
        };
        if let Some(n) = c.passed.get_mut(index) {
            *n += 1;
        }
        for (i, space) in SLOTS.into_iter().enumerate() {
            for all in [false, true] {
                let key: Vec<u32> = c
                    .passed
                    .iter()
                    .zip(&self.disabled)
                    .map(|(n, d)| {
                        let counts =
                            (all || d.group) && (self.ignore_flags || d.flags.orders(space));
                        if counts { *n } else { 0 }
                    })
                    .collect();
                let name = if key.iter().all(|n| *n == 0) {
                    0
                } else {
                    let fresh = self.names.len() as u32 + 1;
                    *self.names.entry(key).or_insert(fresh)
                };
                if all {
                    c.disabled_all[i] = name;
                } else {
                    c.disabled_group[i] = name;
                }
            }
        }
    }

    /// Records an access to `spans` of `(first byte, bytes)` and looks for conflicts.
    pub fn access(&mut self, x: &Executed, spans: &[(u64, u64)]) {
        let Some(clock) = self.clocks.get(x.thread as usize) else {
            return;
        };
        let Some(&s) = self.slots.get(x.object.index()) else {
            return;
        };
        let mut e = Entry {
            event: self.events.len() as u32,
            site: x.site,
            thread: x.thread as u16,
            other: x.other as u16,
            simdgroup: clock.simdgroup as u16,
            mask: 0,
            kind: x.kind,
            group_epoch: clock.group[s],
            simd_epoch: clock.simd[s],
            any_group: clock.any_group,
            any_simd: clock.any_simd,
            disabled_group: clock.disabled_group[s],
            disabled_all: clock.disabled_all[s],
        };
        if e.collective() {
            // One name per simdgroup, so that executions by the same lanes replace each other.
            e.thread = x.thread.min(x.other) as u16;
            e.other = x.thread.max(x.other) as u16;
        }
        self.note_event(x);
        for &(start, len) in spans {
            if len == 0 {
                continue;
            }
            for granule in start / 4..=(start + len - 1) / 4 {
                let low = start.saturating_sub(granule * 4).min(3);
                let high = (start + len - granule * 4).min(4);
                e.mask = ((1u16 << high) - (1u16 << low)) as u8;
                self.touch(x.object, granule, s, e);
            }
        }
        if self.events.len() >= self.collect_at {
            self.collect();
        }
    }

    fn note_event(&mut self, x: &Executed) {
        let passed = self.clocks[x.thread as usize]
            .passed
            .iter()
            .map(|n| u64::from(*n))
            .sum();
        let n = x.iterations.len();
        let same = self.iterations.len() >= n
            && self.iterations[self.iterations.len() - n..] == *x.iterations;
        if !same {
            self.iterations.extend_from_slice(x.iterations);
        }
        self.events.push(Event {
            thread: x.thread,
            other: x.other,
            site: x.site,
            iterations: (self.iterations.len() - n) as u32,
            passed,
            approximate: x.approximate,
        });
    }

    fn touch(&mut self, object: ObjectId, granule: u64, s: usize, e: Entry) {
        let Some(shadow) = self.shadows.get_mut(object.index()) else {
            return;
        };
        let Some(cell) = shadow.cell(granule, &mut self.cells) else {
            self.incomplete = true;
            return;
        };
        let clocks = &self.clocks;
        // Drop what a threadgroup barrier ordered.
        cell.entries.retain(|f| live(clocks, f, s));
        for f in &cell.entries {
            if f.mask & e.mask == 0 || f.event == e.event {
                continue;
            }
            if self.note_shared
                && f.thread != e.thread
                && (f.kind != AccessKind::Read || e.kind != AccessKind::Read)
            {
                self.shared.insert((object, granule as i64));
            }
            let ordered = self.orders && needs_order(&self.sites, f.site, e.site);
            if !(ordered || f.kind.conflicts(e.kind)) {
                continue;
            }
            if f.thread == e.thread && !f.collective() && !e.collective() {
                continue;
            }
            let same_simdgroup = f.simdgroup == e.simdgroup;
            let lanes = [f.thread, f.other];
            if same_simdgroup
                && lanes
                    .iter()
                    .all(|&t| clocks[t as usize].simd[s] != f.simd_epoch)
            {
                continue;
            }
            let due = if same_simdgroup {
                f.disabled_all != e.disabled_all
            } else {
                f.disabled_group != e.disabled_group
            };
            let now = &clocks[f.thread as usize];
            // Simdgroup barriers do not separate threads of different simdgroups.
            let flags_only =
                f.any_group != now.any_group || (same_simdgroup && f.any_simd != now.any_simd);
            let watched = self.watch.is_some_and(|(a, b)| {
                let id = |i: u32| self.sites.get(i as usize).map(|s| s.id);
                let (x, y) = (id(f.site), id(e.site));
                (x, y) == (Some(a), Some(b)) || (x, y) == (Some(b), Some(a))
            });
            let approximate = self.events[f.event as usize].approximate
                || self.events[e.event as usize].approximate;
            let key = (
                object,
                f.site.min(e.site),
                f.site.max(e.site),
                due,
                same_simdgroup,
                flags_only,
                approximate,
            );
            let new = self.seen.insert(key);
            if new || (watched && self.watched < MAX_WATCHED) {
                self.watched += usize::from(watched);
                let byte = granule * 4 + u64::from((f.mask & e.mask).trailing_zeros());
                let (a, b) = pair(
                    &self.events[f.event as usize],
                    &self.events[e.event as usize],
                );
                self.conflicts.push(Conflict {
                    object,
                    byte,
                    a: side(&self.sites, &self.events, &self.iterations, f, a),
                    b: side(&self.sites, &self.events, &self.iterations, &e, b),
                    due_to_disabled: due,
                    same_simdgroup,
                    flags_only,
                    approximate,
                });
            }
        }
        let now = |f: &Entry| &clocks[f.thread as usize];
        let known = Known {
            fresh: |f: &Entry| f.any_group == now(f).any_group && f.any_simd == now(f).any_simd,
            ended: |f: &Entry| now(f).ended || clocks[f.other as usize].ended,
            simd_disabled: self.disabled.iter().any(|d| !d.group),
        };
        let mut dropped = std::mem::take(&mut self.scratch);
        if let Some(cell) = self.shadows[object.index()].get_mut(granule)
            && !cell.insert(e, &known, &mut dropped)
        {
            self.incomplete = true;
        }
        for x in dropped.drain(..) {
            let lanes = [x.thread, x.other];
            for &t in &lanes[..1 + usize::from(x.collective())] {
                if self.dropped_count >= MAX_DROPPED {
                    self.clocks[t as usize].forgot = true;
                } else {
                    self.dropped_count += 1;
                    self.clocks[t as usize].dropped[s].push((object, granule, x));
                }
            }
        }
        self.scratch = dropped;
    }

    /// A thread ended: from now on, nothing orders its accesses before those of others.
    pub fn end(&mut self, thread: usize) {
        if let Some(c) = self.clocks.get_mut(thread) {
            c.ended = true;
            self.pending.push(thread);
        }
    }

    /// Brings back what ended threads did, as the entries that stood for it are about to be ordered.
    fn restore(&mut self) {
        for t in std::mem::take(&mut self.pending) {
            self.incomplete |= self.clocks[t].forgot;
            for s in 0..SLOTS.len() {
                for (object, granule, e) in std::mem::take(&mut self.clocks[t].dropped[s]) {
                    self.dropped_count -= 1;
                    if live(&self.clocks, &e, s)
                        && let Some(cell) = self.shadows[object.index()].get_mut(granule)
                    {
                        cell.restore(e);
                    }
                }
            }
        }
    }

    /// Forgets events that no granule refers to.
    fn collect(&mut self) {
        let mut keep = vec![false; self.events.len()];
        for (at, shadow) in self.shadows.iter_mut().enumerate() {
            let s = self.slots[at];
            for cell in shadow.near.iter_mut().chain(shadow.far.values_mut()) {
                cell.entries.retain(|f| live(&self.clocks, f, s));
                for f in &cell.entries {
                    keep[f.event as usize] = true;
                }
            }
        }
        for c in &self.clocks {
            for (_, _, f) in c.dropped.iter().flatten() {
                keep[f.event as usize] = true;
            }
        }
        let mut moved = vec![0u32; self.events.len()];
        let mut events = Vec::new();
        let mut iterations = Vec::new();
        for (i, event) in self.events.iter().enumerate() {
            if !keep[i] {
                continue;
            }
            moved[i] = events.len() as u32;
            let n = self.sites[event.site as usize].loops.len();
            let at = event.iterations as usize;
            let counts = &self.iterations[at..at + n];
            if iterations.len() < n || iterations[iterations.len() - n..] != *counts {
                iterations.extend_from_slice(counts);
            }
            events.push(Event {
                iterations: (iterations.len() - n) as u32,
                ..event.clone()
            });
        }
        self.events = events;
        self.iterations = iterations;
        for shadow in &mut self.shadows {
            for cell in shadow.near.iter_mut().chain(shadow.far.values_mut()) {
                for f in &mut cell.entries {
                    f.event = moved[f.event as usize];
                }
            }
        }
        for c in &mut self.clocks {
            for (_, _, f) in c.dropped.iter_mut().flatten() {
                f.event = moved[f.event as usize];
            }
        }
        self.collect_at = (self.events.len() * 2).max(1 << 20);
    }

    /// What was found, in the order of discovery.
    pub fn into_conflicts(self) -> Vec<Conflict> {
        self.conflicts
    }

    /// From now on also notes granules that two threads touch with an atomic among the accesses.
    pub fn share_atomics(&mut self) {
        self.note_shared = true;
    }

    /// Granules of conflicts, and of accesses noted since [`Detector::share_atomics`].
    pub fn contended(&self) -> impl Iterator<Item = (ObjectId, i64)> {
        self.shared.iter().copied()
    }
}

/// Whether the results of two atomic operations depend on which comes first.
fn needs_order(sites: &[SiteInfo], a: u32, b: u32) -> bool {
    let of = |i: u32| sites.get(i as usize).and_then(|s| s.atomic);
    of(a).zip(of(b)).is_some_and(|(a, b)| !a.commutes(b))
}

/// Whether no threadgroup barrier ordered the entry before what comes now.
fn live(clocks: &[Clock], f: &Entry, s: usize) -> bool {
    [f.thread, f.other]
        .iter()
        .any(|&t| clocks[t as usize].group[s] == f.group_epoch)
}

/// Threads to name in a report: different ones.
fn pair(a: &Event, b: &Event) -> (u32, u32) {
    if a.thread != b.thread {
        (a.thread, b.thread)
    } else if b.other != a.thread {
        (a.thread, b.other)
    } else {
        (a.other, b.thread)
    }
}

fn side(
    sites: &[SiteInfo],
    events: &[Event],
    iterations: &[u64],
    e: &Entry,
    thread: u32,
) -> AccessRef {
    let event = &events[e.event as usize];
    let site = &sites[event.site as usize];
    let at = event.iterations as usize;
    AccessRef {
        thread,
        access: site.id,
        kind: e.kind,
        span: site.span,
        path: site.path,
        iterations: site
            .loops
            .iter()
            .copied()
            .zip(iterations[at..].iter().copied())
            .collect(),
        disabled_passed: event.passed,
        collective: e.collective(),
    }
}
