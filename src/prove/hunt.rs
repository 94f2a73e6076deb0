//! Looking for races by execution before any solver is asked.
//!
//! Most barriers that are needed are needed for nearly every launch: a few executions show it at
//! a fraction of the cost of a query, and what was executed needs no replay. Soundness direction:
//! exact. What is found happened under an admitted launch; what is not found is left to the
//! proof.

use std::collections::{BTreeMap, BTreeSet};

use super::kernel::Options;
use super::replay::{admitted, adopt, to_u32};
use super::verdict::{Race, Witness, WitnessSide};
use crate::encode::launch::uses_dimensions;
use crate::encode::pair::Relation;
use crate::exec::{
    AccessRef, Conflict, Finding, Launch, RunOptions, Runnable, Schedule, SearchRequest,
    order_change, proposals,
};
use crate::ir::{AtomicUse, BarrierId, Kernel, atomic_uses};
use crate::source::Span;

/// Launches tried with every barrier in place.
const LAUNCHES: usize = 32;
/// Instructions of one run.
const STEPS: u64 = 4_000_000;
/// Instructions of all runs of one question, about.
const STEPS_IN_ALL: u64 = 12_000_000;
/// Instructions of all runs for one removal, about.
const STEPS_PER_REMOVAL: u64 = 3_000_000;
/// Launches tried for one removal.
const PER_REMOVAL: usize = 12;

/// Conflicts of one run that are held against the kernel as written.
const CANDIDATES: usize = 4;

/// A pair of places on an object, and whether the threads shared a simdgroup.
type Key = (u32, Span, Span, bool);

/// A launch that was run with every barrier in place.
struct Tried {
    launch: Launch,
    schedule: Schedule,
    steps: u64,
    /// How often each barrier was met.
    met: Vec<u64>,
    conflicts: Vec<Conflict>,
    keys: BTreeSet<Key>,
    /// Something read threadgroup memory that nothing wrote.
    unsure: bool,
}

/// Runs a kernel to find races.
pub struct Hunter<'k> {
    kernel: &'k Kernel,
    program: Runnable<'k>,
    tried: Vec<Tried>,
    /// Launches in which not all threads came to a barrier.
    apart: BTreeMap<BarrierId, Launch>,
    ignore_flags: bool,
}

impl<'k> Hunter<'k> {
    /// Runs the kernel as written on a few launches that the contract and the assumptions admit.
    pub fn new(kernel: &'k Kernel, options: &Options) -> Hunter<'k> {
        let mut hunter = Hunter {
            kernel,
            program: Runnable::new(kernel),
            tried: Vec::new(),
            apart: BTreeMap::new(),
            ignore_flags: options.ignore_flags,
        };
        if options.lockstep || !options.execute_first {
            return hunter;
        }
        let mut left = STEPS_IN_ALL;
        for (launch, schedule) in launches(kernel, options) {
            let mut zeroed = launch.clone();
            zeroed.zeroed = true;
            if let Some(t) = hunter.first_run(launch, schedule) {
                left = left.saturating_sub(t.steps);
                let again = t.unsure;
                hunter.tried.push(t);
                // What nothing wrote may be zero: then nothing is unspecified.
                if again && let Some(t) = hunter.first_run(zeroed, schedule) {
                    left = left.saturating_sub(t.steps);
                    hunter.tried.push(t);
                }
            }
            if left == 0 {
                break;
            }
        }
        hunter.tried.sort_by_key(|t| t.steps);
        hunter
    }

    /// A run with every barrier in place; `None` when it went where no execution should go.
    fn first_run(&mut self, launch: Launch, schedule: Schedule) -> Option<Tried> {
        let outcome = self
            .program
            .run(&launch, &self.options(schedule, BTreeSet::new()))
            .ok()?;
        let broken = outcome.findings.iter().any(|f| {
            matches!(
                f,
                Finding::OutOfBounds { .. } | Finding::BarrierDivergence { .. }
            )
        });
        if broken {
            self.note_divergence(&outcome.findings, &launch);
            return None;
        }
        let conflicts: Vec<Conflict> = outcome
            .conflicts()
            .filter(|c| !c.approximate)
            .cloned()
            .collect();
        let keys = outcome.conflicts().map(key).collect();
        Some(Tried {
            schedule,
            steps: outcome.steps,
            met: outcome.barrier_passes.clone(),
            conflicts,
            keys,
            unsure: !launch.zeroed
                && outcome
                    .findings
                    .iter()
                    .any(|f| matches!(f, Finding::UninitialisedRead { .. })),
            launch,
        })
    }

    /// Keeps the first launch in which threads waited at a barrier for others that did not come, provided that nothing unspecified led there.
    fn note_divergence(&mut self, findings: &[Finding], launch: &Launch) {
        let certain = |f: &Finding| match f {
            Finding::BarrierDivergence { approximate, .. } => !approximate,
            _ => true,
        };
        let inside = |f: &Finding| !matches!(f, Finding::OutOfBounds { .. });
        if !findings.iter().all(|f| certain(f) && inside(f)) {
            return;
        }
        for f in findings {
            if let Finding::BarrierDivergence { barrier, other, .. } = f {
                for b in [barrier, other] {
                    self.apart.entry(*b).or_insert_with(|| launch.clone());
                }
            }
        }
    }

    /// Whether all threads meet all barriers in a launch, as far as one run with every barrier in place shows.
    pub fn meets(&self, launch: &Launch) -> bool {
        let options = self.options(Schedule::InOrder, BTreeSet::new());
        let run = self.program.run(launch, &options);
        run.is_ok_and(|o| {
            !o.findings.iter().any(|f| {
                matches!(
                    f,
                    Finding::BarrierDivergence { .. } | Finding::StepLimit { .. }
                )
            })
        })
    }

    /// A launch in which not all threads came to one of these barriers.
    pub fn divergence(&self, of: &BTreeSet<BarrierId>) -> Option<&Launch> {
        of.iter().find_map(|b| self.apart.get(b))
    }

    fn options(&self, schedule: Schedule, disabled: BTreeSet<BarrierId>) -> RunOptions {
        RunOptions {
            schedule,
            disabled,
            step_limit: STEPS,
            thread_step_limit: STEPS,
            ignore_flags: self.ignore_flags,
            ..RunOptions::default()
        }
    }

    /// The races of the kernel as written that happened, one per pair of places; of several the
    /// one across simdgroups.
    pub fn races(&self) -> Vec<Race> {
        let mut out: BTreeMap<(u32, Span, Span), Race> = BTreeMap::new();
        for t in &self.tried {
            for c in &t.conflicts {
                let (object, a, b, same) = key(c);
                let old = out.get(&(object, a, b));
                if old.is_some_and(|r| same || r.relation != Relation::SameSimdgroup) {
                    continue;
                }
                let Some(o) = self.kernel.objects.get(c.object.index()) else {
                    continue;
                };
                let mut accesses = [&c.a, &c.b].map(|s| (s.span, s.kind, s.access));
                accesses.sort_by_key(|a| a.0);
                let race = Race {
                    object,
                    space: o.space,
                    relation: relation(same),
                    accesses,
                    confirmed: true,
                    witness: Some(self.witness(&t.launch, c)),
                    flags_only: c.flags_only,
                    undecided: false,
                };
                out.insert((object, a, b), race);
            }
        }
        out.into_values().collect()
    }

    /// A race that these barriers would have ordered and that happens without them; of several one
    /// across simdgroups.
    pub fn removal(&self, deleted: &BTreeSet<BarrierId>) -> Option<Witness> {
        let mut left = STEPS_PER_REMOVAL;
        let mut within: Option<Witness> = None;
        let fits = |t: &&Tried| {
            deleted
                .iter()
                .any(|b| t.met.get(b.index()).is_some_and(|n| *n > 0))
        };
        for t in self.tried.iter().filter(fits).take(PER_REMOVAL) {
            let options = self.options(t.schedule, deleted.clone());
            let Ok(outcome) = self.program.run(&t.launch, &options) else {
                continue;
            };
            // One whose places do not conflict anyway is easier to understand.
            let mut due: Vec<&Conflict> = outcome.due().filter(|c| !c.approximate).collect();
            due.sort_by_key(|c| (c.same_simdgroup, t.keys.contains(&key(c))));
            let mut written = self.program.as_written(&t.launch, &options);
            let new = |c: &&&Conflict| !written.has(c);
            match due.iter().take(CANDIDATES).find(new) {
                Some(c) if !c.same_simdgroup => return Some(self.witness(&t.launch, c)),
                Some(c) if within.is_none() => within = Some(self.witness(&t.launch, c)),
                _ => {}
            }
            left = left.saturating_sub(outcome.steps + written.steps);
            if left == 0 {
                break;
            }
        }
        within
    }

    /// Atomic operations that these barriers keep in an order that the results rest on, as executions without them show.
    pub fn order(&self, deleted: &BTreeSet<BarrierId>) -> Option<Witness> {
        let uses: Vec<AtomicUse> = atomic_uses(self.kernel).into_values().collect();
        let needed = |a: &AtomicUse| uses.iter().any(|b| !a.commutes(*b));
        if !uses.iter().any(needed) {
            return None;
        }
        let options = self.options(Schedule::InOrder, BTreeSet::new());
        let fits = |t: &&Tried| {
            let met = |b: &BarrierId| t.met.get(b.index()).is_some_and(|n| *n > 0);
            t.conflicts.is_empty() && deleted.iter().any(met)
        };
        let mut left = STEPS_PER_REMOVAL;
        for t in self.tried.iter().filter(fits).take(PER_REMOVAL) {
            let (found, steps) =
                order_change(self.kernel, &self.program, &t.launch, deleted, &options);
            if let Some(f) = found {
                return Some(Witness {
                    order: Some(f.change),
                    ..self.witness(&f.launch, &f.pair)
                });
            }
            left = left.saturating_sub(steps);
            if left == 0 {
                break;
            }
        }
        None
    }

    fn witness(&self, launch: &Launch, c: &Conflict) -> Witness {
        let side = |a: &AccessRef| WitnessSide {
            thread: [0; 3],
            index: u64::from(a.thread),
            access: a.access,
            kind: a.kind,
            span: a.span,
            iterations: Vec::new(),
            offset: i128::from(c.byte),
            width: 1,
        };
        let mut w = Witness {
            object: c.object.0,
            threadgroup: [0; 3],
            group: [0; 3],
            parameters: Vec::new(),
            memory: contents(launch),
            sides: [side(&c.a), side(&c.b)],
            same_simdgroup: c.same_simdgroup,
            replayed: true,
            launch: None,
            flags_only: c.flags_only,
            order: None,
        };
        adopt(self.kernel, &mut w, launch, c);
        w
    }
}

/// What a launch says of single places in memory, as a witness has it.
fn contents(launch: &Launch) -> Vec<(u32, i128, u64, i128)> {
    let all = launch.overlays.iter().filter(|o| o.2.len() <= 8);
    all.map(|(o, at, bytes)| {
        let value = bytes
            .iter()
            .rev()
            .fold(0i128, |v, b| v << 8 | i128::from(*b));
        (o.0, i128::from(*at), bytes.len() as u64, value)
    })
    .collect()
}

fn relation(same_simdgroup: bool) -> Relation {
    if same_simdgroup {
        Relation::SameSimdgroup
    } else {
        Relation::DifferentSimdgroups
    }
}

fn key(c: &Conflict) -> Key {
    let (a, b) = (c.a.span.min(c.b.span), c.a.span.max(c.b.span));
    (c.object.0, a, b, c.same_simdgroup)
}

/// The launches to try. Where the size is open, small and odd sizes are among them.
fn launches(kernel: &Kernel, options: &Options) -> Vec<(Launch, Schedule)> {
    let contract = &options.contract;
    let first = match contract.threadgroup {
        Some(t) => t.map(to_u32),
        None => [64, 1, 1],
    };
    let mut request = SearchRequest::new(first, BTreeSet::new());
    request.base.simd_width = to_u32(contract.simd_width);
    if contract.threadgroup.is_none() {
        for n in [128, 96, 33, 256] {
            request.threadgroups.push([n, 1, 1]);
        }
        // Kernels that look at rows are made for some.
        if uses_dimensions(kernel) {
            let rows = [[16, 8, 1], [32, 4, 1], [8, 8, 4]];
            request.threadgroups.extend(rows);
        }
    }
    proposals(
        kernel,
        &request,
        &|l| admitted(kernel, options, l),
        LAUNCHES,
    )
}
