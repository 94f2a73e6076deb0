//! What lets waiting threads go on: collective operations and barriers.
//!
//! Purpose: the rules by which lanes that wait at collective operations execute them together and barriers
//! open. Lanes count as arriving together if they wait at one operation in the same iteration of
//! its loops; of several such groups the one that is earliest in the program goes first, as
//! structured reconvergence would have it. Soundness direction: exact.

use std::cmp::Ordering;

use super::code::CollectiveOp;
use super::finding::Finding;
use super::machine::{Machine, State};
use crate::ir::{BarrierScope, LoopId};

impl Machine<'_> {
    /// Threads of a simdgroup, by linear index.
    pub fn lanes(&self, simdgroup: u32) -> std::ops::Range<usize> {
        let first = (simdgroup * self.width) as usize;
        first..(first + self.width as usize).min(self.threads.len())
    }

    /// If no lane can run: executes the collective operation that comes first in the program, or
    /// opens the simdgroup barrier that all live lanes wait at. Whether anything happened.
    pub fn advance_simdgroup(&mut self, simdgroup: u32) -> bool {
        if self.halted || self.ready[simdgroup as usize] != 0 {
            return false;
        }
        let lanes = self.lanes(simdgroup);
        let mut first: Option<(usize, u32)> = None;
        for t in lanes.clone() {
            if let State::Collective(i) = self.threads[t].state
                && first.is_none_or(|(u, j)| self.position(t, i, u, j) == Ordering::Less)
            {
                first = Some((t, i));
            }
        }
        if let Some((t, i)) = first {
            let c = &self.program.collectives[i as usize];
            let quad = matches!(c.op, CollectiveOp::Simd { quad: true, .. });
            let members: Vec<usize> = lanes
                .filter(|&u| {
                    self.threads[u].state == State::Collective(i)
                        && (!quad || u / 4 == t / 4)
                        && self.same_iteration(t, u, &c.loops)
                })
                .collect();
            self.execute_collective(i, &members);
            for u in members {
                self.wake(u);
            }
            return true;
        }
        let waiting: Vec<usize> = lanes
            .filter(|&t| self.threads[t].state != State::Ended)
            .collect();
        self.open(&waiting, BarrierScope::Simdgroup)
    }

    /// If no thread can run: opens the threadgroup barrier that all live threads wait at, or
    /// reports that they do not. Whether anything happened; if not, the run is over.
    pub fn release_threadgroup(&mut self) -> bool {
        if self.halted {
            return false;
        }
        let waiting: Vec<usize> = (0..self.threads.len())
            .filter(|&t| self.threads[t].state != State::Ended)
            .collect();
        if waiting.is_empty() {
            return false;
        }
        if self.open(&waiting, BarrierScope::Threadgroup) {
            return true;
        }
        self.divergence(&waiting);
        self.halted = true;
        false
    }

    /// Lets threads pass if all wait at one barrier of this scope, in the same iteration.
    fn open(&mut self, waiting: &[usize], scope: BarrierScope) -> bool {
        let Some(&t) = waiting.first() else {
            return false;
        };
        let State::Barrier(id) = self.threads[t].state else {
            return false;
        };
        let b = &self.kernel.barriers[id.index()];
        if b.scope != scope
            || !waiting.iter().all(|&u| {
                self.threads[u].state == State::Barrier(id) && self.same_iteration(t, u, &b.loops)
            })
        {
            return false;
        }
        self.passes[id.index()] += waiting.len() as u64;
        self.detector
            .barrier(waiting, b.flags, scope == BarrierScope::Threadgroup);
        let approximate = waiting.iter().any(|&u| self.threads[u].approximate);
        for &u in waiting {
            self.threads[u].approximate = approximate;
            if let Some(k) = &mut self.threads[u].kept {
                k.pass(b.flags, self.detector.ignores_flags());
            }
            self.wake(u);
        }
        true
    }

    fn divergence(&mut self, waiting: &[usize]) {
        let place = |t: usize| match self.threads[t].state {
            State::Barrier(id) => Some((
                id,
                self.kernel.barriers[id.index()]
                    .loops
                    .iter()
                    .map(|l| self.threads[t].counts[l.index()])
                    .collect::<Vec<_>>(),
            )),
            _ => None,
        };
        let Some(first) = waiting.first().and_then(|&t| place(t)) else {
            return;
        };
        let (here, there): (Vec<usize>, Vec<usize>) = waiting
            .iter()
            .partition(|&&t| place(t).as_ref() == Some(&first));
        // All at one simdgroup barrier of several simdgroups cannot be: it would have opened.
        let other = there
            .first()
            .and_then(|&t| place(t))
            .map_or(first.0, |p| p.0);
        let some = |v: &[usize]| v.iter().take(8).map(|&t| t as u32).collect();
        let span = self.kernel.barriers[first.0.index()].span;
        let finding = Finding::BarrierDivergence {
            barrier: first.0,
            span,
            waiting: some(&here),
            other,
            other_span: self.kernel.barriers[other.index()].span,
            other_waiting: some(&there),
            approximate: self.approximate || waiting.iter().any(|&t| self.threads[t].approximate),
        };
        self.findings.add(finding, span, other.0);
    }

    fn same_iteration(&self, t: usize, u: usize, loops: &[LoopId]) -> bool {
        let (a, b) = (&self.threads[t].counts, &self.threads[u].counts);
        loops.iter().all(|l| a[l.index()] == b[l.index()])
    }

    /// Which of two waiting lanes is earlier in the program's order.
    fn position(&self, t: usize, i: u32, u: usize, j: u32) -> Ordering {
        let (a, b) = (&self.threads[t], &self.threads[u]);
        let loops = |i: u32| &self.program.collectives[i as usize].loops;
        for (l, m) in loops(i).iter().zip(loops(j)) {
            if l != m {
                break;
            }
            match a.counts[l.index()].cmp(&b.counts[l.index()]) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
        }
        a.pc.cmp(&b.pc)
    }
}
