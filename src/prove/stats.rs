//! Where the time goes, and what decided what: for `--stats`.
//!
//! Soundness direction: none; nothing is decided here. Counts are sums over worker threads and do
//! not depend on their order; times are sums of what each worker spent.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a worker spends time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Running the kernel to find races.
    Execution,
    /// Guards, addresses, closed forms, flow.
    Analysis,
    /// Building formulas.
    Encode,
    /// Z3.
    Smt,
    /// Replaying Z3's assignments.
    Replay,
}

/// The phases, in the order in which a kernel first meets them.
pub const PHASES: [Phase; 5] = [
    Phase::Execution,
    Phase::Analysis,
    Phase::Encode,
    Phase::Smt,
    Phase::Replay,
];

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Removals shown unsafe by an execution, without Z3.
    Executed,
    /// Pairs whose guards contradict each other.
    Guards,
    /// Pairs whose bytes are disjoint by intervals or congruence.
    Disjoint,
    /// Pairs whose conditions contradict each other only together.
    Contradiction,
    /// Pairs shown safe by a query over several.
    Together,
    /// Pairs shown safe alone, products left opaque.
    Alone,
    /// Pairs shown safe alone, products spelled out.
    Exact,
    /// Pairs with an assignment.
    Conflict,
    /// Pairs that Z3 left open.
    Undecided,
    /// Queries that the quick engine answered.
    Quick,
    /// Queries that the patient engine answered.
    Long,
    /// Queries that neither answered.
    Unanswered,
    /// Assignments replayed.
    Replayed,
    /// Replays in which the conflict happened.
    Confirmed,
}

/// Number of [`Event`]s.
const EVENTS: usize = Event::Confirmed as usize + 1;

/// Counters of one kernel.
#[derive(Debug, Default)]
pub struct Stats {
    nanos: [AtomicU64; PHASES.len()],
    counts: [AtomicU64; EVENTS],
}

impl Stats {
    /// Adds time.
    pub fn spend(&self, p: Phase, t: Duration) {
        let n = u64::try_from(t.as_nanos()).unwrap_or(u64::MAX);
        self.nanos[p as usize].fetch_add(n, Ordering::Relaxed);
    }

    /// Adds to a count.
    pub fn count(&self, e: Event, n: usize) {
        self.counts[e as usize].fetch_add(n as u64, Ordering::Relaxed);
    }

    /// Milliseconds spent in a phase.
    pub fn ms(&self, p: Phase) -> f64 {
        Duration::from_nanos(self.nanos[p as usize].load(Ordering::Relaxed)).as_secs_f64() * 1000.0
    }

    /// A count.
    pub fn get(&self, e: Event) -> u64 {
        self.counts[e as usize].load(Ordering::Relaxed)
    }
}

/// Runs `f`, and adds its time to a phase when somebody wants to know.
pub fn timed<T>(stats: Option<&Stats>, p: Phase, f: impl FnOnce() -> T) -> T {
    let Some(s) = stats else {
        return f();
    };
    let t = Instant::now();
    let out = f();
    s.spend(p, t.elapsed());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_and_events_have_places_of_their_own() {
        let s = Stats::default();
        for (i, p) in PHASES.into_iter().enumerate() {
            assert_eq!(p as usize, i);
            s.spend(p, Duration::from_millis(i as u64 + 1));
        }
        assert_eq!(PHASES.map(|p| s.ms(p)), [1.0, 2.0, 3.0, 4.0, 5.0]);
        s.count(Event::Executed, 2);
        s.count(Event::Confirmed, 3);
        s.count(Event::Confirmed, 4);
        assert_eq!((s.get(Event::Executed), s.get(Event::Confirmed)), (2, 7));
        assert_eq!(timed(Some(&s), Phase::Smt, || 5), 5);
        assert!(s.ms(Phase::Smt) >= 4.0);
    }
}
