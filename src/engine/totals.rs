//! `--stats`: what the run took.

use std::time::{Duration, Instant};

use super::load::Loaded;
use crate::report::model::{KernelReport, RunStats};
use crate::report::stats::rounded;

/// Sums over a run.
pub struct Totals {
    began: Instant,
    stats: RunStats,
}

impl Totals {
    /// Starts the clock.
    pub fn new() -> Totals {
        Totals {
            began: Instant::now(),
            stats: RunStats::default(),
        }
    }

    /// Adds what reading a file took.
    pub fn loaded(&mut self, l: &Loaded) {
        let ms = |d: Duration| d.as_secs_f64() * 1000.0;
        self.stats.parse_ms = rounded(self.stats.parse_ms + ms(l.parse_time));
        self.stats.lower_ms = rounded(self.stats.lower_ms + ms(l.lower_time));
    }

    /// Adds a kernel.
    pub fn proved(&mut self, k: &KernelReport) {
        if let Some(s) = &k.stats {
            self.stats.total.add(s);
        }
    }

    /// The sums, the time so far, and the most memory so far.
    pub fn finish(self) -> RunStats {
        RunStats {
            wall_ms: rounded(self.began.elapsed().as_secs_f64() * 1000.0),
            peak_memory_bytes: peak_memory(),
            ..self.stats
        }
    }
}

/// Most memory that this process had resident, bytes.
fn peak_memory() -> Option<u64> {
    // Linux: since this program started, which `getrusage` does not promise.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    high_water_mark(&status).or_else(most_resident)
}

/// `VmHWM:     12345 kB`
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(unix)]
fn most_resident() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    // Bytes on macOS, KiB elsewhere.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    u64::try_from(usage.max_rss()).ok()?.checked_mul(unit)
}

#[cfg(not(unix))]
fn most_resident() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_memory_is_that_of_a_program() {
        assert_eq!(
            high_water_mark("VmPeak:\t 99 kB\nVmHWM:\t    2048 kB\n"),
            Some(2 << 20)
        );
        assert_eq!(high_water_mark("VmHWM: many"), None);
        for m in [peak_memory(), most_resident()] {
            assert!(m.is_some_and(|m| (1 << 20..1 << 40).contains(&m)), "{m:?}");
        }
    }
}
