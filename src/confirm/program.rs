//! Running a compiled kernel.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use super::build::Unit;
use super::child;
use super::results::{Failure, Results};
use super::toolchain::Detector;
use crate::exec::{Fill, ScalarValue};
use crate::launch::{Contents, HostLaunch};

/// What happens to a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// As if it were not there.
    Deleted,
    /// As if it were a `simdgroup_barrier` with the same flags.
    Simdgroup,
}

/// A change at a source line. All barriers of the line are changed, in every call path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// File, as the compiler names it.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// What happens there.
    pub mode: Mode,
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// Kernel.
    pub kernel: &'a str,
    /// How it is launched.
    pub launch: &'a HostLaunch,
    /// What is changed; nothing: as written.
    pub changes: &'a [Change],
    /// Schedules: in order, in reverse, then random ones with preemption.
    pub schedules: u32,
    /// Which random ones.
    pub seed: u64,
    /// Longest time, seconds.
    pub seconds: u32,
    /// Most memory, MiB.
    pub megabytes: u32,
}

/// Runs a kernel in a child process.
pub fn run(unit: &Unit, r: &Run<'_>) -> Results {
    let mut command = Command::new(&unit.program);
    command.env_clear();
    if unit.detector == Detector::Tsan {
        command.env(
            "TSAN_OPTIONS",
            "symbolize=0:exitcode=0:report_signal_unsafe=0:history_size=4:memory_limit_mb=4096",
        );
    }
    let input = input(r);
    let limit = Duration::from_secs(u64::from(r.seconds));
    let done = match child::run(command, input.as_bytes(), limit) {
        Ok(d) => d,
        Err(e) => {
            return Results {
                failure: Some(Failure::Ended(e.to_string())),
                ..Results::default()
            };
        }
    };
    let mut out = Results::read(&done.stdout, &unit.lines);
    if out.failure.is_none() && !out.finished {
        out.failure = Some(match done.status {
            None => Failure::Time { seconds: r.seconds },
            Some(s) => ended(s, r.seconds, &done.stderr),
        });
    }
    out
}

#[cfg(unix)]
fn ended(status: std::process::ExitStatus, seconds: u32, stderr: &str) -> Failure {
    use std::os::unix::process::ExitStatusExt;
    /// Signals of a process that used up its time.
    const TIME: &[i32] = &[24, 9];
    match status.signal() {
        Some(n) if TIME.contains(&n) => Failure::Time { seconds },
        _ => Failure::Ended(first_line(stderr, status)),
    }
}

#[cfg(not(unix))]
fn ended(status: std::process::ExitStatus, _seconds: u32, stderr: &str) -> Failure {
    Failure::Ended(first_line(stderr, status))
}

fn first_line(stderr: &str, status: std::process::ExitStatus) -> String {
    match stderr.lines().next() {
        Some(l) if !l.is_empty() => format!("{status}: {l}"),
        _ => status.to_string(),
    }
}

fn number(v: ScalarValue) -> String {
    match v {
        ScalarValue::Int(v) => v.to_string(),
        // With a point or an exponent: that is how the program knows a fraction.
        ScalarValue::Float(v) => format!("{v:?}"),
    }
}

/// The launch as lines of words.
fn input(r: &Run<'_>) -> String {
    let l = r.launch;
    let mut out = String::new();
    let three = |v: [u32; 3]| format!("{}\t{}\t{}", v[0], v[1], v[2]);
    let _ = writeln!(out, "kernel\t{}", r.kernel);
    let _ = writeln!(out, "threadgroup\t{}", three(l.threadgroup));
    let _ = writeln!(out, "grid\t{}", three(l.grid));
    for g in &l.groups {
        let _ = writeln!(out, "group\t{}", three(*g));
    }
    for (name, v) in &l.scalars {
        let _ = writeln!(out, "scalar\t{name}\t{}", number(*v));
    }
    for (n, v) in &l.constants {
        let _ = writeln!(out, "constant\t{n}\t{}", number(*v));
    }
    for (name, b) in &l.buffers {
        let _ = write!(out, "memory\t{name}\t{}\t", b.count);
        match &b.contents {
            Contents::Fill(Fill::Zeros) => out.push_str("zeros"),
            Contents::Fill(Fill::Index) => out.push_str("index"),
            Contents::Fill(Fill::Random { seed, low, high }) => {
                let _ = write!(out, "random\t{seed}\t{low}\t{high}");
            }
            Contents::Real { seed, low, high } => {
                let _ = write!(out, "real\t{seed}\t{low}\t{high}");
            }
            Contents::Values(v) => {
                out.push_str("values");
                for x in v {
                    let _ = write!(out, "\t{}", number(*x));
                }
            }
        }
        out.push('\n');
        for (at, bytes) in &b.patches {
            let _ = write!(out, "patch\t{name}\t{at}\t");
            for byte in bytes {
                let _ = write!(out, "{byte:02x}");
            }
            out.push('\n');
        }
    }
    for c in r.changes {
        let mode = match c.mode {
            Mode::Deleted => 1,
            Mode::Simdgroup => 2,
        };
        let _ = writeln!(out, "change\t{}\t{mode}\t{}", c.line, c.file);
    }
    let _ = writeln!(out, "schedules\t{}\t{}", r.schedules, r.seed);
    let _ = writeln!(out, "limits\t{}\t{}", r.seconds, r.megabytes);
    out
}
