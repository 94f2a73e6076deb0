//! How long to wait for the solver: less where it keeps giving up.
//!
//! Purpose: a kernel with many hard questions ends in bounded time; each kernel has one of these
//! for each purpose. Soundness direction: none; waiting less
//! only leaves more undecided.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::smt::Effort;

/// What is left when patience is at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Quick,
    Stop,
}

/// Time that questions without an answer took so far.
#[derive(Debug)]
pub struct Patience {
    lost_ms: AtomicU64,
    /// Of questions to the quick engine only, which are not among those, where the end is to ask on.
    brief_ms: AtomicU64,
    end: End,
}

impl Patience {
    fn new(end: End) -> Patience {
        Patience {
            lost_ms: AtomicU64::new(0),
            brief_ms: AtomicU64::new(0),
            end,
        }
    }

    /// How long to wait for the next answer and the greatest effort for it, when `full` is the limit of one: all of it
    /// until that much was lost, then a quarter until it was lost twice, then a twentieth; after three times the
    /// end, which asks less and less. `None`: the question is not worth asking.
    pub fn wait(&self, full: Duration) -> Option<(Duration, Effort)> {
        let lost = Duration::from_millis(self.lost_ms.load(Ordering::Relaxed));
        match self.end {
            _ if lost < full => Some((full, Effort::Full)),
            _ if lost < full * 2 => Some((full / 4, Effort::Full)),
            _ if lost < full * 3 => Some((full / 20, Effort::Full)),
            End::Quick if self.brief() >= full * 6 => Some((full / 20, Effort::Brief)),
            End::Quick => Some((full / 20, Effort::Quick)),
            End::Stop => None,
        }
    }

    /// Whether as much time as one question may take was lost already: what is only nice to know is not asked any more.
    pub fn worn(&self, full: Duration) -> bool {
        Duration::from_millis(self.lost_ms.load(Ordering::Relaxed)) >= full
    }

    /// Notes that a question took this long and was not answered. `brief`: only the quick engine was asked, which
    /// matters where the end is to ask nothing more.
    pub fn lost(&self, time: Duration, brief: bool) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let counter = match self.end {
            End::Quick if brief => &self.brief_ms,
            _ => &self.lost_ms,
        };
        counter.fetch_add(ms, Ordering::Relaxed);
    }

    fn brief(&self) -> Duration {
        Duration::from_millis(self.brief_ms.load(Ordering::Relaxed))
    }
}

/// Those of a kernel.
#[derive(Debug)]
pub struct Patiences {
    /// For races as written on threadgroup memory, on which no verdict depends.
    pub races: Patience,
    /// For those on device memory: of products of sizes that nothing bounds the solver knows little.
    pub device_races: Patience,
    /// For removals, and for races that uniformity rests on.
    pub removals: Patience,
    /// For removals of several barriers together.
    pub joint: Patience,
    /// For steps of loops that stay in range.
    pub steps: Patience,
}

impl Default for Patiences {
    fn default() -> Self {
        Patiences {
            races: Patience::new(End::Stop),
            device_races: Patience::new(End::Stop),
            removals: Patience::new(End::Quick),
            joint: Patience::new(End::Stop),
            steps: Patience::new(End::Quick),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_less_after_failures() {
        let full = Duration::from_secs(4);
        for (p, end) in [
            (Patience::new(End::Stop), None),
            (Patience::new(End::Quick), Some((full / 20, Effort::Quick))),
        ] {
            assert_eq!(p.wait(full), Some((full, Effort::Full)));
            p.lost(Duration::from_secs(5), false);
            assert_eq!(p.wait(full), Some((full / 4, Effort::Full)));
            p.lost(Duration::from_secs(4), false);
            assert_eq!(p.wait(full), Some((full / 20, Effort::Full)));
            p.lost(Duration::from_secs(4), false);
            assert_eq!(p.wait(full), end);
        }
    }

    #[test]
    fn brief_questions_count_only_where_they_are_to_end() {
        let full = Duration::from_secs(1);
        let p = Patience::new(End::Quick);
        p.lost(full * 9, true);
        assert_eq!(p.wait(full), Some((full, Effort::Full)));
        let p = Patience::new(End::Stop);
        p.lost(full * 9, true);
        assert_eq!(p.wait(full), None);
    }
}
