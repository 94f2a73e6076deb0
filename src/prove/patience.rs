//! How long to wait for the solver: less where it keeps giving up.
//!
//! Purpose: a kernel with many hard questions ends in bounded time; each kernel has one of these
//! for each purpose. Soundness direction: none; waiting less
//! only leaves more undecided.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Time that questions without an answer took so far.
#[derive(Debug, Default)]
pub struct Patience {
    lost_ms: AtomicU64,
}

impl Patience {
    /// How long to wait for the next answer, when `full` is the limit of one question: all of it
    /// until twice that was lost, then a quarter, from four times on a twentieth.
    pub fn limit(&self, full: Duration) -> Duration {
        let lost = Duration::from_millis(self.lost_ms.load(Ordering::Relaxed));
        if lost < full * 2 {
            full
        } else if lost < full * 4 {
            full / 4
        } else {
            full / 20
        }
    }

    /// Notes that a question took this long and was not answered.
    pub fn lost(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.lost_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

/// Those of a kernel.
#[derive(Debug, Default)]
pub struct Patiences {
    /// For races as written.
    pub races: Patience,
    /// For removals, and for races that uniformity rests on.
    pub removals: Patience,
    /// For steps of loops that stay in range.
    pub steps: Patience,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_less_after_failures() {
        let p = Patience::default();
        let full = Duration::from_secs(4);
        assert_eq!(p.limit(full), full);
        p.lost(Duration::from_secs(9));
        assert_eq!(p.limit(full), Duration::from_secs(1));
        p.lost(Duration::from_secs(8));
        assert_eq!(p.limit(full), Duration::from_millis(200));
    }
}
