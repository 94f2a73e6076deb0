//! Barrier intervals: what a thread can reach from a barrier without meeting another.
//!
//! Two accesses may happen in parallel exactly when both threads reach them from the same barrier
//! instance without meeting another barrier that orders them. Starting from a barrier at certain
//! iterations, [`Reach`] tells for each access the iterations it can be at, relative to the start.
//!
//! Soundness direction: over-approximation. States are merged per place; facts that differ between
//! the merged paths are dropped.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::graph::NodeIndex;

use super::flow::{Flow, Node};
use crate::ir::{AccessId, Barrier, BarrierId, BarrierScope, BranchId, LoopId, Space};
use crate::source::Span;

/// Where an interval starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Start {
    /// The beginning of the kernel.
    Entry,
    /// A barrier.
    Barrier(BarrierId),
}

/// Iteration of a loop relative to the start of the interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shift {
    /// The start's own iteration.
    Same,
    /// The one after.
    Next,
    /// Some later one, at least the one after the next.
    Later,
    /// The first, the loop having been entered in this interval.
    First,
    /// Some later one than the first, the loop having been entered in this interval.
    After,
    /// Any: a loop without barriers.
    Any,
}

/// A loop that was left through its test on the way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exit {
    /// The loop.
    pub of: LoopId,
    /// Its iteration then.
    pub shift: Shift,
    /// Iterations of the loops around it.
    pub outer: Vec<(LoopId, Shift)>,
}

/// A side of a branch that was taken on the way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Took {
    /// The branch.
    pub branch: BranchId,
    /// Whether its condition held.
    pub holds: bool,
    /// Iterations of the loops around it then, each a single one relative to the start.
    pub at: Vec<(LoopId, Shift)>,
}

/// What is certain of every way to a place.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct History {
    /// Loops left through their test.
    pub exits: Vec<Exit>,
    /// Branches taken.
    pub took: Vec<Took>,
}

impl History {
    /// Keeps what also holds for another way; whether something was lost.
    fn meet(&mut self, other: &History) -> bool {
        let before = (self.exits.len(), self.took.len());
        self.exits.retain(|e| other.exits.contains(e));
        self.took.retain(|t| other.took.contains(t));
        before != (self.exits.len(), self.took.len())
    }
}

impl Shift {
    /// A letter for it, in names.
    pub fn letter(self) -> char {
        match self {
            Shift::Same => 'S',
            Shift::Next => 'N',
            Shift::Later => 'L',
            Shift::First => 'F',
            Shift::After => 'A',
            Shift::Any => 'Y',
        }
    }

    /// Whether it stands for one iteration only.
    pub fn is_single(self) -> bool {
        matches!(self, Shift::Same | Shift::Next | Shift::First)
    }
}

/// How many deleted barriers were passed on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Passed {
    /// None.
    None,
    /// Exactly one.
    Once,
    /// Two or more.
    More,
}

/// A way to arrive at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arrival<T> {
    /// The place.
    pub at: T,
    /// Iterations of the loops around it.
    pub shifts: Vec<(LoopId, Shift)>,
    /// What happened on every way here.
    pub history: History,
    /// Deleted barriers passed.
    pub passed: Passed,
}

/// Which barriers count: those that order accesses to a space between the threads considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filter {
    /// The address space.
    pub space: Space,
    /// Whether both threads are in one simdgroup (else simdgroup barriers do not count).
    pub same_simdgroup: bool,
    /// Take every barrier to order memory, whatever its flags (`--execution-barriers-order-memory`).
    pub ignore_flags: bool,
}

impl Filter {
    /// Whether the barrier orders accesses.
    pub fn counts(&self, b: &Barrier) -> bool {
        let scope = b.scope == BarrierScope::Threadgroup || self.same_simdgroup;
        scope && (self.ignore_flags || b.flags.orders(self.space))
    }
}

/// Everything reachable from a start.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Accesses.
    pub accesses: Vec<Arrival<AccessId>>,
    /// Constructs that may touch anything.
    pub wild: Vec<Arrival<Span>>,
    /// The barriers that end the interval.
    pub barriers: Vec<Arrival<BarrierId>>,
    /// Early ends of threads.
    pub returns: Vec<Arrival<Span>>,
    /// Whether the end of the kernel is reached.
    pub exit: bool,
}

type Key = (NodeIndex, Vec<(LoopId, Shift)>, Passed);

impl Reach {
    /// Explores from a start. `active` are the barriers that end an interval, `deleted` those that
    /// are counted when passed; all others are passed silently.
    pub fn from(
        flow: &Flow,
        start: Start,
        active: &BTreeSet<BarrierId>,
        deleted: &BTreeSet<BarrierId>,
    ) -> Reach {
        let mut out = Reach::default();
        let first = match start {
            Start::Entry => flow.entry,
            Start::Barrier(b) => match flow.barriers.get(&b) {
                Some(n) => *n,
                None => return out,
            },
        };
        let nest = match start {
            Start::Entry => Vec::new(),
            Start::Barrier(b) => nest_of(flow, b),
        };
        let shifts: Vec<(LoopId, Shift)> = nest.iter().map(|l| (*l, Shift::Same)).collect();
        let mut known: BTreeMap<Key, History> = BTreeMap::new();
        let mut queue: VecDeque<Key> = VecDeque::new();
        for next in flow.graph.neighbors(first) {
            let key = (next, enter(flow, next, shifts.clone()), Passed::None);
            known.insert(key.clone(), History::default());
            queue.push_back(key);
        }
        while let Some(key) = queue.pop_front() {
            let Some(have) = known.get(&key).cloned() else {
                continue;
            };
            for (next, history) in step(flow, &key, have, active, deleted) {
                match known.get_mut(&next) {
                    None => {
                        known.insert(next.clone(), history);
                        queue.push_back(next);
                    }
                    Some(old) => {
                        if old.meet(&history) {
                            queue.push_back(next);
                        }
                    }
                }
            }
        }
        for ((node, shifts, passed), history) in known {
            collect(&mut out, flow, node, shifts, passed, history, active);
        }
        out
    }
}

fn collect(
    out: &mut Reach,
    flow: &Flow,
    node: NodeIndex,
    shifts: Vec<(LoopId, Shift)>,
    passed: Passed,
    history: History,
    active: &BTreeSet<BarrierId>,
) {
    fn arrival<T>(
        at: T,
        shifts: Vec<(LoopId, Shift)>,
        history: History,
        passed: Passed,
    ) -> Arrival<T> {
        Arrival {
            at,
            shifts,
            history,
            passed,
        }
    }
    match flow.graph[node] {
        Node::Access(a) => out.accesses.push(arrival(a, shifts, history, passed)),
        Node::Wild(s) => out.wild.push(arrival(s, shifts, history, passed)),
        Node::Return(s) => out.returns.push(arrival(s, shifts, history, passed)),
        Node::Barrier(b) if active.contains(&b) => {
            out.barriers.push(arrival(b, shifts, history, passed));
        }
        Node::Exit => out.exit = true,
        _ => {}
    }
}

/// Loops around a barrier, from the graph.
fn nest_of(flow: &Flow, b: BarrierId) -> Vec<LoopId> {
    flow.barrier_nests.get(&b).cloned().unwrap_or_default()
}

fn step(
    flow: &Flow,
    key: &Key,
    mut history: History,
    active: &BTreeSet<BarrierId>,
    deleted: &BTreeSet<BarrierId>,
) -> Vec<(Key, History)> {
    let (node, shifts, passed) = key;
    let mut shifts = shifts.clone();
    let mut passed = *passed;
    match flow.graph[*node] {
        Node::Barrier(b) if active.contains(&b) => return Vec::new(),
        Node::Barrier(b) if deleted.contains(&b) => {
            passed = match passed {
                Passed::None => Passed::Once,
                Passed::Once | Passed::More => Passed::More,
            };
        }
        Node::Back(l) => {
            if let Some(last) = shifts.last_mut()
                && last.0 == l
            {
                last.1 = match last.1 {
                    Shift::Same => Shift::Next,
                    Shift::Next | Shift::Later => Shift::Later,
                    Shift::First | Shift::After => Shift::After,
                    Shift::Any => Shift::Any,
                };
            }
        }
        Node::ExitByTest(l) => {
            if let Some(&(of, shift)) = shifts.last()
                && of == l
                && shift != Shift::Any
            {
                history.exits.push(Exit {
                    of,
                    shift,
                    outer: shifts[..shifts.len() - 1].to_vec(),
                });
                history.exits.sort();
                history.exits.dedup();
            }
        }
        Node::Took(branch, holds) if shifts.iter().all(|(_, s)| s.is_single()) => {
            history.took.push(Took {
                branch,
                holds,
                at: shifts.clone(),
            });
            history.took.sort();
            history.took.dedup();
        }
        Node::After(l) => {
            if let Some(at) = shifts.iter().position(|(x, _)| *x == l) {
                shifts.truncate(at);
            }
        }
        _ => {}
    }
    let mut out = Vec::new();
    for next in flow.graph.neighbors(*node) {
        let s = enter(flow, next, shifts.clone());
        out.push(((next, s, passed), history.clone()));
    }
    out
}

/// The iterations on arriving at a node.
fn enter(flow: &Flow, next: NodeIndex, mut s: Vec<(LoopId, Shift)>) -> Vec<(LoopId, Shift)> {
    if let Node::Head(l) = flow.graph[next] {
        match s.iter().position(|(x, _)| *x == l) {
            Some(at) => s.truncate(at + 1),
            None => {
                let tracked = flow.barrier_loops.contains(&l);
                s.push((l, if tracked { Shift::First } else { Shift::Any }));
            }
        }
    }
    // A jump out of several loops at once lands in a place with a shorter nest.
    s.truncate(flow.depth(next));
    s
}
