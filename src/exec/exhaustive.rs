//! All interleavings of a tiny launch, as far as they can matter.
//!
//! Purpose: where racing data or atomics steer control flow, one schedule shows one path. [`explore`] is
//! explicit-state exploration with a small partial-order reduction: threads run freely up to
//! their next access to *contended* memory (four-byte granules that were seen in a conflict, or that two threads
//! touched with at least one atomic); only the order of those accesses is enumerated, with sleep
//! sets, so that orders of independent accesses are tried once. If a new contended granule shows up,
//! the exploration starts again with it, until there is none.
//!
//! Soundness direction: under-approximation of weak memory (sequential consistency is
//! assumed), of loops that wait for others (each thread's steps are limited) and of matrix accesses (executed when
//! all lanes have arrived); otherwise complete for the launch if [`Exploration::complete`] says so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::compile::compile;
use super::finding::Finding;
use super::launch::{Launch, LaunchError};
use super::machine::{Granule, Machine, Slice, State, Stop};
use super::run::{RunOptions, finish, set_up};
use super::schedule::idle;
use crate::ir::{AccessKind, Kernel};

/// Limits of an exploration.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Most states, all rounds together.
    pub states: u64,
    /// Most time.
    pub time: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            states: 200_000,
            time: Duration::from_secs(10),
        }
    }
}

/// What an exploration gave.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// Findings over all executions, each once per kind and place.
    pub findings: Vec<Finding>,
    /// Distinct final memories (of device objects that the kernel may write), by hash.
    pub outputs: BTreeSet<u64>,
    /// States at which a choice was made or an execution ended.
    pub states: u64,
    /// Executions that were followed to their end.
    pub executions: u64,
    /// Nothing was cut off by a limit.
    pub complete: bool,
}

/// An access that is about to happen at contended memory.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pending {
    thread: usize,
    first: Granule,
    last: i64,
    kind: AccessKind,
}

impl Pending {
    /// Whether the order of the two matters.
    fn depends(&self, other: &Pending) -> bool {
        self.thread == other.thread
            || (self.first.0 == other.first.0
                && self.first.1 <= other.last
                && other.first.1 <= self.last
                && !(self.kind == AccessKind::Read && other.kind == AccessKind::Read))
    }
}

struct Explorer {
    budget: Budget,
    started: Instant,
    result: Exploration,
    seen: BTreeSet<Finding>,
    /// Granules that a conflict named but that are not contended yet.
    fresh: BTreeSet<Granule>,
    contended: Arc<BTreeSet<Granule>>,
}

/// Explores all executions of a launch. The schedule in `options` is ignored.
///
/// # Errors
/// If the launch is impossible.
pub fn explore(
    kernel: &Kernel,
    launch: &Launch,
    options: &RunOptions,
    budget: Budget,
) -> Result<Exploration, LaunchError> {
    let program = compile(kernel);
    let mut start = set_up(kernel, &program, launch, options)?;
    // What threads keep is no part of the states that are told apart.
    for t in &mut start.threads {
        t.kept = None;
    }
    let mut x = Explorer {
        budget,
        started: Instant::now(),
        result: Exploration {
            findings: Vec::new(),
            outputs: BTreeSet::new(),
            states: 0,
            executions: 0,
            complete: true,
        },
        seen: BTreeSet::new(),
        fresh: BTreeSet::new(),
        contended: Arc::default(),
    };
    loop {
        let mut m = start.clone();
        m.contended = Some(x.contended.clone());
        m.detector.share_atomics();
        x.result.outputs.clear();
        x.result.executions = 0;
        x.walk(m);
        if x.fresh.is_empty() || !x.result.complete {
            break;
        }
        let mut all = (*x.contended).clone();
        all.append(&mut x.fresh);
        x.contended = Arc::new(all);
    }
    x.result.findings = x.seen.into_iter().collect();
    Ok(x.result)
}

impl Explorer {
    fn spent(&mut self) -> bool {
        let over = self.result.states >= self.budget.states
            || (self.result.states.is_multiple_of(64)
                && self.started.elapsed() >= self.budget.time);
        if over {
            self.result.complete = false;
        }
        over
    }

    /// Depth first, with an explicit stack of states and their sleep sets.
    fn walk(&mut self, start: Machine) {
        let mut stack: Vec<(Machine, Vec<Pending>)> = vec![(start, Vec::new())];
        while let Some((mut m, sleep)) = stack.pop() {
            let pending = settle(&mut m);
            self.result.states += 1;
            if pending.is_empty() || m.halted {
                self.end(m);
                if self.spent() {
                    return;
                }
                continue;
            }
            if self.spent() {
                self.note(&m);
                return;
            }
            self.note_granules(&m);
            // A thread's pending access stays what it is while the thread sleeps.
            let mut asleep: Vec<Pending> = sleep;
            let mut next = Vec::new();
            for p in pending {
                if asleep.contains(&p) {
                    continue;
                }
                let mut n = m.clone();
                n.run_thread(
                    p.thread,
                    Slice {
                        visible: 1,
                        accesses: 1,
                        ..Slice::LONG
                    },
                );
                let inherited = asleep.iter().filter(|q| !q.depends(&p)).cloned().collect();
                next.push((n, inherited));
                asleep.push(p);
            }
            next.reverse();
            stack.append(&mut next);
        }
    }

    fn note_granules(&mut self, m: &Machine) {
        for g in m.detector.contended() {
            if !self.contended.contains(&g) {
                self.fresh.insert(g);
            }
        }
    }

    fn note(&mut self, m: &Machine) {
        self.note_granules(m);
        let outcome = finish(m.clone());
        self.seen.extend(outcome.findings);
    }

    fn end(&mut self, m: Machine) {
        self.note_granules(&m);
        self.result.executions += 1;
        let outcome = finish(m);
        if outcome.incomplete
            || outcome
                .findings
                .iter()
                .any(|f| matches!(f, Finding::StepLimit { .. }))
        {
            self.result.complete = false;
        }
        self.result.outputs.insert(outcome.output_hash());
        self.seen.extend(outcome.findings);
    }
}

/// Runs every thread up to its next contended access, opening barriers on the way.
fn settle(m: &mut Machine) -> Vec<Pending> {
    loop {
        let mut pending = Vec::new();
        for t in 0..m.threads.len() {
            while m.threads[t].state == State::Ready && !m.halted {
                let slice = Slice {
                    visible: 0,
                    ..Slice::LONG
                };
                if m.run_thread(t, slice) == Stop::Visible {
                    pending.extend(next_access(m, t));
                    break;
                }
            }
        }
        if m.halted || !pending.is_empty() {
            // Simdgroups without a thread that can run may go on by themselves.
            let moved = (0..m.ready.len() as u32).any(|s| m.advance_simdgroup(s));
            if !moved {
                return pending;
            }
        } else if !idle(m) {
            return pending;
        }
    }
}

fn next_access(m: &Machine, t: usize) -> Option<Pending> {
    let th = &m.threads[t];
    let site = m.program.site_at(th.pc)?;
    let offset = th.regs[site.offset as usize] as i64;
    let last = offset.saturating_add(site.width.max(1) as i64 - 1);
    Some(Pending {
        thread: t,
        first: (site.object, offset >> 2),
        last: last >> 2,
        kind: site.kind,
    })
}
