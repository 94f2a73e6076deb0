//! Races as `confirm` reports them.

use serde::Serialize;

use crate::confirm::{Access, Race};

/// A race.
#[derive(Clone, Debug, Serialize)]
pub struct RaceResult {
    /// Array.
    pub array: String,
    /// `threadgroup` or `device`.
    pub space: String,
    /// Byte in the array.
    pub byte: u64,
    /// Both threads are in one simdgroup.
    pub same_simdgroup: bool,
    /// The two accesses.
    pub accesses: [AccessResult; 2],
    /// Schedule in which it was seen.
    pub schedule: u32,
}

/// An access.
#[derive(Clone, Debug, Serialize)]
pub struct AccessResult {
    /// Linear thread index.
    pub thread: u32,
    /// `reads`, `writes`, `updates`.
    pub kind: String,
    /// File, as the compiler names it.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// How often the thread had passed the deleted barriers.
    pub passed: u64,
}

impl From<&Access> for AccessResult {
    fn from(a: &Access) -> Self {
        AccessResult {
            thread: a.thread,
            kind: a.kind.clone(),
            file: a.file.clone(),
            line: a.line,
            passed: a.passed,
        }
    }
}

impl From<&Race> for RaceResult {
    fn from(r: &Race) -> Self {
        RaceResult {
            array: r.array.clone(),
            space: r.space.clone(),
            byte: r.byte,
            same_simdgroup: r.same_simdgroup,
            accesses: [(&r.a).into(), (&r.b).into()],
            schedule: r.schedule,
        }
    }
}

impl RaceResult {
    /// As text.
    pub fn words(&self) -> String {
        let one = |a: &AccessResult| {
            format!(
                "thread {} {} at line {} (passed {}×)",
                a.thread, a.kind, a.line, a.passed
            )
        };
        format!(
            "race on {} byte {}: {}, {}",
            self.array,
            self.byte,
            one(&self.accesses[0]),
            one(&self.accesses[1])
        )
    }
}
