//! The report of `confirm` as data (`unbarrier-confirm/1`).

use std::path::Path;

use serde::Serialize;

use super::compare::KernelRun;
pub use super::race::RaceResult;
use super::{Backend, ConfirmRequest, Detector};
use crate::confirm::judge::{Observed, Relation, Verdict};
use crate::confirm::{Outside, Results};
use crate::engine::error::Error;
use crate::report::model::ErrorReport;

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// `unbarrier-confirm/1`.
    pub schema: &'static str,
    /// `cpu` or `metal`.
    pub backend: &'static str,
    /// `fibers` or `tsan`.
    pub detector: &'static str,
    /// The compiler, or the device.
    pub compiler: String,
    /// Schedules of each variant.
    pub schedules: u32,
    /// One entry per file.
    pub files: Vec<FileResult>,
}

/// One file.
#[derive(Debug, Serialize)]
pub struct FileResult {
    /// As given.
    pub path: String,
    /// Kernels that were run, or why not.
    pub kernels: Vec<KernelResult>,
    /// Kernels that the compiler rejects, with its messages.
    pub rejected: Vec<(String, String)>,
    /// What is wrong with the file as a whole.
    pub errors: Vec<String>,
    /// The same, with their codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<ErrorReport>,
}

/// One kernel.
#[derive(Debug, Default, Serialize)]
pub struct KernelResult {
    /// Name.
    pub name: String,
    /// Why it was not run to its end.
    pub failure: Option<String>,
    /// Accesses outside of buffers, as written: the launch does not fit, or the kernel is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<String>,
    /// The launch was derived; nobody said how the kernel is launched.
    pub derived_launch: bool,
    /// As written: same output in all schedules, no race, no access outside of buffers, no divergent barrier.
    pub stable: bool,
    /// Races of the kernel as written.
    pub races: Vec<RaceResult>,
    /// Other things that were seen as written.
    pub remarks: Vec<String>,
    /// Barriers.
    pub barriers: Vec<BarrierResult>,
    /// Several removed at once.
    pub together: Option<JointResult>,
}

/// One barrier.
#[derive(Debug, Serialize)]
pub struct BarrierResult {
    /// File, as the compiler names it.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// What `prove` says.
    pub verdict: Option<&'static str>,
    /// `agrees`, `does not refute`, `contradicts`, `not reached`, or `no verdict`.
    pub relation: &'static str,
    /// `witness` where only the launch of the witness of `prove` shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch: Option<&'static str>,
    /// The launch reaches it.
    pub reached: bool,
    /// A race that it prevents.
    pub race: Option<RaceResult>,
    /// Whether the output without it was always equal to that with it, bit for bit.
    pub output_equal: Option<bool>,
    /// The first output that differs.
    pub difference: Option<String>,
    /// With a `simdgroup_barrier` instead: the race that is left.
    pub weakened_race: Option<RaceResult>,
    /// Why the run without it has no result.
    pub failure: Option<String>,
    /// On a device: median seconds with and without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<(f64, f64)>,
}

/// Several barriers removed at once.
#[derive(Debug, Serialize)]
pub struct JointResult {
    /// Their lines.
    pub lines: Vec<u32>,
    /// `prove` says that they can go together.
    pub proved: bool,
    /// As for one barrier.
    pub relation: &'static str,
    /// A race that they prevent.
    pub race: Option<RaceResult>,
    /// Whether the output was always equal.
    pub output_equal: Option<bool>,
    /// Why there is no result.
    pub failure: Option<String>,
}

fn outside(o: &Outside) -> String {
    format!(
        "thread {} {} outside of `{}` (byte {} of {}) at line {}; the launch does not fit (a larger count for `{}`?), or the kernel is wrong",
        o.access.thread, o.access.kind, o.buffer, o.byte, o.size, o.access.line, o.buffer
    )
}

impl KernelResult {
    /// A kernel that could not be run.
    pub fn failed(name: &str, why: impl Into<String>) -> KernelResult {
        KernelResult {
            name: name.into(),
            failure: Some(why.into()),
            ..KernelResult::default()
        }
    }

    /// A kernel as written.
    pub fn new(name: &str, t: &KernelRun, written: &Results, stable: bool) -> KernelResult {
        let mut remarks: Vec<String> = written.notes.clone();
        for line in &written.divergent {
            remarks.push(format!(
                "not all threads meet at the barrier on line {line}"
            ));
        }
        if let Some(d) = written.differences.first() {
            remarks.push(format!(
                "as written, {} bytes of `{}` depend on the schedule",
                d.bytes, d.buffer
            ));
        }
        if written.failure.is_none() && written.wrote.is_empty() {
            remarks.push("nothing was written to any buffer".into());
        }
        KernelResult {
            name: name.into(),
            failure: written.failure.as_ref().map(ToString::to_string),
            outside: written.outside.iter().take(4).map(outside).collect(),
            derived_launch: t.derived,
            stable,
            races: written.races.iter().map(RaceResult::from).collect(),
            remarks,
            barriers: Vec::new(),
            together: None,
        }
    }
}

/// Whether the output was equal; nothing where the run has no result or the kernel's output varies anyway.
fn equal(o: &Observed) -> Option<bool> {
    (o.reached && o.stable && o.deleted.failure.is_none())
        .then_some(o.deleted.differences.is_empty())
}

impl BarrierResult {
    /// From what was observed.
    pub fn new(
        file: &str,
        line: u32,
        verdict: Option<Verdict>,
        o: &Observed,
        relation: Relation,
    ) -> BarrierResult {
        let weakened = o.weakened.as_ref();
        let changed = match o.stable {
            true => o.deleted.differences.first(),
            false => o.difference_in_part(),
        };
        BarrierResult {
            file: file.into(),
            line,
            verdict: verdict.map(Verdict::word),
            relation: match (o.reached, verdict) {
                (false, _) => "not reached",
                (true, None) => "no verdict",
                (true, Some(_)) => relation.words(),
            },
            launch: None,
            reached: o.reached,
            race: o.race().map(RaceResult::from),
            output_equal: equal(o),
            difference: changed.map(|d| {
                format!(
                    "{} of {} bytes of `{}` from byte {}",
                    d.bytes, d.size, d.buffer, d.byte
                )
            }),
            weakened_race: weakened
                .and_then(|w| w.races.iter().find(|r| r.due))
                .map(RaceResult::from),
            failure: o.deleted.failure.as_ref().map(ToString::to_string),
            seconds: None,
        }
    }
}

impl JointResult {
    /// From what was observed.
    pub fn new(lines: Vec<u32>, proved: bool, o: &Observed, relation: Relation) -> JointResult {
        JointResult {
            lines,
            proved,
            relation: relation.words(),
            race: o.race().map(RaceResult::from),
            output_equal: equal(o),
            failure: o.deleted.failure.as_ref().map(ToString::to_string),
        }
    }
}

impl FileResult {
    /// An empty one.
    pub fn new(path: &Path) -> FileResult {
        FileResult {
            path: path.display().to_string(),
            kernels: Vec::new(),
            rejected: Vec::new(),
            errors: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Takes something that is wrong.
    pub fn fail(&mut self, e: &Error) {
        self.errors.push(e.to_string());
        self.problems.push(e.report());
    }

    fn relations(&self) -> impl Iterator<Item = &'static str> {
        self.kernels.iter().flat_map(|k| {
            let single = k.barriers.iter().map(|b| b.relation);
            single.chain(k.together.iter().map(|j| j.relation))
        })
    }
}

impl Outcome {
    /// Nothing yet.
    pub fn new(compiler: &str, a: &ConfirmRequest) -> Outcome {
        Outcome {
            schema: "unbarrier-confirm/1",
            backend: match a.backend {
                Backend::Cpu => "cpu",
                Backend::Metal => "metal",
            },
            detector: match a.detector {
                Detector::Fibers => "fibers",
                Detector::Tsan => "tsan",
            },
            compiler: compiler.into(),
            schedules: a.runs,
            files: Vec::new(),
        }
    }

    /// Answers of a kind.
    pub fn count(&self, word: &str) -> usize {
        let all = self.files.iter().flat_map(FileResult::relations);
        all.filter(|r| *r == word).count()
    }

    /// Verdicts that running refutes.
    pub fn contradictions(&self) -> usize {
        self.count(Relation::Contradicts.words())
    }

    /// Whether something could not be run.
    pub fn has_errors(&self) -> bool {
        self.files.iter().any(|f| {
            !f.errors.is_empty()
                || !f.rejected.is_empty()
                || f.kernels
                    .iter()
                    .any(|k| k.failure.is_some() || !k.outside.is_empty())
        })
    }
}
