//! The report of `confirm`: as data (`unbarrier-confirm/1`) and as text.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::compare::Task;
pub use super::race::RaceResult;
use super::{Backend, ConfirmArgs, DetectorArg};
use crate::cli::args::Format;
use crate::cli::input::emit;
use crate::confirm::judge::{Observed, Relation, Verdict};
use crate::confirm::{Outside, Results};

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
    pub fn new(name: &str, t: &Task, written: &Results, stable: bool) -> KernelResult {
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

    fn words(&self) -> String {
        if !self.reached {
            return "the launch does not reach it".into();
        }
        let mut out = match (&self.race, &self.failure) {
            (Some(r), _) => r.words(),
            (None, Some(f)) => f.clone(),
            // A device shows outputs, not races.
            (None, None) if self.seconds.is_some() => "run".into(),
            (None, None) => "no race seen".into(),
        };
        if let Some((with, without)) = self.seconds {
            let _ = write!(
                out,
                "; {:.1} µs, without it {:.1} µs ({:+.1} µs)",
                with * 1e6,
                without * 1e6,
                (without - with) * 1e6
            );
        }
        match self.output_equal {
            Some(true) => out.push_str("; output equal"),
            Some(false) => {
                let _ = write!(
                    out,
                    "; output differs: {}",
                    self.difference.as_deref().unwrap_or("")
                );
            }
            None => {
                if let Some(d) = &self.difference {
                    let _ = write!(out, "; output differs where it never does as written: {d}");
                }
            }
        }
        if self.launch.is_some() {
            out.push_str("; under the launch of the witness of `prove`");
        }
        if let Some(r) = &self.weakened_race {
            let _ = write!(out, "; with a simdgroup_barrier: {}", r.words());
        }
        out
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

/// A contradiction stands out.
fn mark(relation: &'static str) -> &'static str {
    if relation == Relation::Contradicts.words() {
        "CONTRADICTS"
    } else {
        relation
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
        }
    }

    /// As text.
    pub fn human(&self) -> String {
        let mut out = String::new();
        for e in &self.errors {
            let _ = writeln!(out, "error: {}: {e}", self.path);
        }
        for (name, message) in &self.rejected {
            let _ = writeln!(
                out,
                "error: {}: kernel {name} does not compile against the stand-in for Metal's headers:\n{message}",
                self.path
            );
        }
        for k in &self.kernels {
            let _ = writeln!(out, "{}: kernel {}", self.path, k.name);
            if let Some(f) = &k.failure {
                let _ = writeln!(out, "  error: {f}");
            }
            for o in &k.outside {
                let _ = writeln!(out, "  error: {o}");
            }
            if k.derived_launch {
                let _ = writeln!(
                    out,
                    "  note: launched as derived; `unbarrier launch {}` prints how",
                    self.path
                );
            }
            for r in k.races.iter().take(4) {
                let _ = writeln!(out, "  as written: {}", r.words());
            }
            for r in &k.remarks {
                let _ = writeln!(out, "  note: {r}");
            }
            for b in &k.barriers {
                let verdict = b.verdict.map_or(String::new(), |v| format!("{v}: "));
                let mark = mark(b.relation);
                let place = if b.file == self.path {
                    format!("line {}", b.line)
                } else {
                    format!("{}:{}", b.file, b.line)
                };
                let _ = writeln!(out, "  {place}: {verdict}{mark}: {}", b.words());
            }
            if let Some(j) = &k.together {
                let lines: Vec<String> = j.lines.iter().map(u32::to_string).collect();
                let what = j
                    .race
                    .as_ref()
                    .map_or("no race seen".into(), RaceResult::words);
                let mark = mark(j.relation);
                let _ = writeln!(out, "  lines {} together: {mark}: {what}", lines.join(", "));
            }
        }
        out
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
    pub fn new(compiler: &str, a: &ConfirmArgs) -> Outcome {
        Outcome {
            schema: "unbarrier-confirm/1",
            backend: match a.backend {
                Backend::Cpu => "cpu",
                Backend::Metal => "metal",
            },
            detector: match a.detector {
                DetectorArg::Fibers => "fibers",
                DetectorArg::Tsan => "tsan",
            },
            compiler: compiler.into(),
            schedules: a.runs,
            files: Vec::new(),
        }
    }

    /// Adds a file, and shows it.
    pub fn add(&mut self, f: FileResult, a: &ConfirmArgs) {
        if a.format == Format::Human {
            emit(&f.human());
        }
        self.files.push(f);
    }

    fn count(&self, word: &str) -> usize {
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

    /// The last line.
    pub fn summary(&self) -> String {
        let kernels: usize = self.files.iter().map(|f| f.kernels.len()).sum();
        let barriers: usize = self
            .files
            .iter()
            .flat_map(|f| &f.kernels)
            .map(|k| k.barriers.len())
            .sum();
        format!(
            "{kernels} kernels, {barriers} barriers ({} back end, {}): {} agree, {} do not refute, {} not reached, {} contradict\n\
             a clean run covers one launch and {} {}; it does not prove that a barrier can go\n",
            self.backend,
            self.compiler,
            self.count(Relation::Agrees.words()),
            self.count(Relation::DoesNotRefute.words()),
            self.count("not reached"),
            self.contradictions(),
            self.schedules,
            if self.backend == "cpu" {
                "schedules"
            } else {
                "repeats"
            }
        )
    }
}
