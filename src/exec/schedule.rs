//! Who runs next.
//!
//! Purpose: drives a machine until all threads have ended or the run is over. Conflicts do not
//! depend on the schedule as long as control flow does not; values read by racing accesses and
//! results of atomics do. Soundness direction: each schedule is one possible execution.

use super::machine::{Machine, Slice, State};
use super::memory::mix;

/// A rule for choosing threads. All are deterministic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Schedule {
    /// By linear index, each until it has to wait.
    #[default]
    InOrder,
    /// The same from the last thread to the first.
    Reverse,
    /// In random order, each until it has to wait.
    Random {
        /// Which sequence of choices.
        seed: u64,
    },
    /// A random thread for a few accesses to shared memory, then another.
    Preemptive {
        /// Which sequence of choices.
        seed: u64,
    },
}

/// A small generator of numbers.
#[derive(Clone, Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// From a seed.
    pub fn new(seed: u64) -> Numbers {
        Numbers(mix(seed))
    }

    /// A number below `n` (0 for 0).
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        if n == 0 { 0 } else { mix(self.0) % n }
    }

    /// Shuffles.
    pub fn shuffle<T>(&mut self, v: &mut [T]) {
        for i in (1..v.len()).rev() {
            v.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// Runs to the end.
pub fn drive(m: &mut Machine, schedule: Schedule) {
    match schedule {
        Schedule::Preemptive { seed } => preempt(m, seed),
        _ => sweep(m, schedule),
    }
}

fn sweep(m: &mut Machine, schedule: Schedule) {
    let mut order: Vec<usize> = (0..m.threads.len()).collect();
    if schedule == Schedule::Reverse {
        order.reverse();
    }
    let mut numbers = match schedule {
        Schedule::Random { seed } => Some(Numbers::new(seed)),
        _ => None,
    };
    loop {
        if let Some(numbers) = &mut numbers {
            numbers.shuffle(&mut order);
        }
        let mut ran = false;
        for &t in &order {
            if m.threads[t].state == State::Ready {
                ran = true;
                m.run_thread(t, Slice::LONG);
                if m.halted {
                    return;
                }
                let simdgroup = m.threads[t].simdgroup;
                m.advance_simdgroup(simdgroup);
            }
        }
        if !ran && !idle(m) {
            return;
        }
    }
}

fn preempt(m: &mut Machine, seed: u64) {
    let mut numbers = Numbers::new(seed);
    let mut ready: Vec<usize> = Vec::new();
    loop {
        ready.clear();
        ready.extend((0..m.threads.len()).filter(|&t| m.threads[t].state == State::Ready));
        if ready.is_empty() {
            if !idle(m) {
                return;
            }
            continue;
        }
        let t = ready[numbers.below(ready.len() as u64) as usize];
        let slice = Slice {
            steps: 10_000,
            accesses: 1 + numbers.below(4),
            visible: u64::MAX,
        };
        m.run_thread(t, slice);
        if m.halted {
            return;
        }
        let simdgroup = m.threads[t].simdgroup;
        m.advance_simdgroup(simdgroup);
    }
}

/// No thread can run: opens what can be opened. False if the run is over.
pub fn idle(m: &mut Machine) -> bool {
    let mut moved = false;
    for s in 0..m.ready.len() as u32 {
        moved |= m.advance_simdgroup(s);
    }
    moved || m.release_threadgroup()
}
