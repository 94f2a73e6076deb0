//! What a run found, and how it is read from the program's output.

use super::lines::Lines;

/// One of the two accesses of a race.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Linear index in the threadgroup. For a matrix operation, the first lane of its simdgroup.
    pub thread: u32,
    /// `reads`, `writes` or `updates` (an atomic).
    pub kind: String,
    /// How often it had passed the deleted barriers.
    pub passed: u64,
    /// File, as the compiler names it.
    pub file: String,
    /// 1-based line; 0 when unknown.
    pub line: u32,
}

/// A race that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Race {
    /// Which schedule.
    pub schedule: u32,
    /// The two threads had passed the deleted barriers a different number of times: a deleted barrier had ordered them.
    pub due: bool,
    /// Both threads are in one simdgroup.
    pub same_simdgroup: bool,
    /// `threadgroup` or `device`.
    pub space: String,
    /// Array.
    pub array: String,
    /// Byte in it.
    pub byte: u64,
    /// The earlier access of this execution.
    pub a: Access,
    /// The later one.
    pub b: Access,
}

impl Race {
    /// Whether it is about this array. Real threads know no names: then any array may be meant.
    pub fn array_is(&self, name: &str) -> bool {
        self.array == name || self.array == "?"
    }
}

/// An output that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which schedule.
    pub schedule: u32,
    /// Buffer.
    pub buffer: String,
    /// First byte that differs.
    pub byte: u64,
    /// Bytes that differ.
    pub bytes: u64,
    /// Bytes of the buffer.
    pub size: u64,
}

/// An access outside of every buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// The buffer before it.
    pub buffer: String,
    /// Byte, counted from that buffer's start.
    pub byte: u64,
    /// Bytes of that buffer.
    pub size: u64,
    /// The access.
    pub access: Access,
}

/// A barrier that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarrierSite {
    /// File, as the compiler names it.
    pub file: String,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// A `simdgroup_barrier`.
    pub simdgroup: bool,
    /// How often it was passed, all runs together.
    pub passed: u64,
}

/// Why a run has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It took too long.
    Time {
        /// The limit, seconds.
        seconds: u32,
    },
    /// It crashed.
    Crash {
        /// Number of the signal.
        signal: u32,
        /// The thread that ran.
        thread: u32,
        /// As written, before anything was changed.
        as_written: bool,
    },
    /// The program said why it cannot go on.
    Said(String),
    /// It ended without a result.
    Ended(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Time { seconds } => {
                write!(
                    f,
                    "stopped after {seconds} s (an endless loop, or --time is too short)"
                )
            }
            Failure::Crash {
                signal,
                thread,
                as_written,
            } => {
                let when = if *as_written { " as written" } else { "" };
                write!(f, "crashed{when} with signal {signal} in thread {thread}")
            }
            Failure::Said(s) => write!(f, "{s}"),
            Failure::Ended(s) => write!(f, "ended without a result ({s})"),
        }
    }
}

/// Everything that a program said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// Races, those due to a deleted barrier first.
    pub races: Vec<Race>,
    /// Outputs that differ from the run as written, in order.
    pub differences: Vec<Difference>,
    /// Buffers that the kernel as written changed (only when nothing was deleted).
    pub wrote: Vec<Difference>,
    /// Lines of barriers that not all threads reached.
    pub divergent: Vec<u32>,
    /// Accesses outside of buffers.
    pub outside: Vec<Outside>,
    /// Barriers that were reached.
    pub barriers: Vec<BarrierSite>,
    /// Remarks of the program.
    pub notes: Vec<String>,
    /// Why there is no result.
    pub failure: Option<Failure>,
    /// Whether the program came to its end.
    pub finished: bool,
}

impl Results {
    /// Reads the output of a program.
    pub fn read(text: &str, lines: &Lines) -> Results {
        let mut out = Results::default();
        for l in text.lines() {
            let w: Vec<&str> = l.split('\t').collect();
            // A line that was cut off in a crash is left out.
            let _ = out.line(&w, lines);
        }
        let key = |r: &Race| {
            (
                !r.due,
                r.a.line,
                r.b.line,
                r.schedule,
                r.array.clone(),
                r.byte,
            )
        };
        out.races.sort_by_key(key);
        out.divergent.sort_unstable();
        out.divergent.dedup();
        out
    }

    fn line(&mut self, w: &[&str], lines: &Lines) -> Option<()> {
        let n = |i: usize| w.get(i)?.parse::<u64>().ok();
        let word = |i: usize| w.get(i).map(|s| s.to_string());
        let access = |thread: usize, kind: usize, passed: Option<usize>, pc: usize| {
            let (file, line) = lines.at(u64::from_str_radix(w.get(pc)?, 16).ok()?);
            Some(Access {
                thread: n(thread)? as u32,
                kind: word(kind)?,
                passed: passed.and_then(n).unwrap_or(0),
                file,
                line,
            })
        };
        match *w.first()? {
            "race" => self.races.push(Race {
                schedule: n(2)? as u32,
                due: n(3)? == 1,
                same_simdgroup: n(4)? == 1,
                space: word(5)?,
                array: word(6)?,
                byte: n(7)?,
                a: access(8, 9, Some(10), 11)?,
                b: access(12, 13, Some(14), 15)?,
            }),
            kind @ ("differs" | "wrote") => {
                let d = Difference {
                    schedule: n(2)? as u32,
                    buffer: word(3)?,
                    byte: n(4)?,
                    bytes: n(5)?,
                    size: n(6)?,
                };
                if kind == "differs" {
                    self.differences.push(d);
                } else {
                    self.wrote.push(d);
                }
            }
            "divergent" => self.divergent.push(n(3)? as u32),
            "outside" => self.outside.push(Outside {
                buffer: word(3)?,
                byte: n(4)?,
                size: n(5)?,
                access: access(6, 7, None, 8)?,
            }),
            "barrier" => self.barriers.push(BarrierSite {
                passed: n(1)?,
                line: n(2)? as u32,
                column: n(3)? as u32,
                simdgroup: n(4)? == 1,
                file: word(5)?,
            }),
            "note" => self.notes.push(word(1)?),
            "error" => self.failure = Some(Failure::Said(word(1)?)),
            "crash" => {
                self.failure = Some(Failure::Crash {
                    as_written: n(1)? == 0,
                    signal: n(2)? as u32,
                    thread: n(3)? as u32,
                });
            }
            "done" => self.finished = true,
            _ => {}
        }
        Some(())
    }
}
