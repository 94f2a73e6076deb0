//! What the library answers.

use crate::report::check::CheckReport;
use crate::report::model;

/// What is proved of a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Without it, no two threads race that did not race before, and results are the same.
    Removable,
    /// A `simdgroup_barrier` suffices.
    Weakenable,
    /// Without it there is a race, which was executed.
    Required,
    /// Neither was shown; [`Barrier::reason`] says what stands in the way.
    Unknown,
}

impl Verdict {
    fn of(word: &str) -> Verdict {
        match word {
            "removable" => Verdict::Removable,
            "weakenable" => Verdict::Weakenable,
            "required" => Verdict::Required,
            _ => Verdict::Unknown,
        }
    }
}

/// A barrier of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Barrier {
    /// The file, where it is an included one.
    pub path: Option<String>,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// The verdict, for all kernels that reach it.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// The kernels that reach it.
    pub kernels: Vec<String>,
    /// A command that shows the race without it.
    pub replay: Option<String>,
}

/// A race that a kernel has as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Race {
    /// The kernel.
    pub kernel: String,
    /// The object that is raced for.
    pub array: String,
    /// Lines of the two accesses.
    pub lines: Vec<u32>,
    /// It was executed; else it is possible, and was not excluded.
    pub confirmed: bool,
    /// A command that shows it.
    pub replay: Option<String>,
}

/// Something that is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// What kind of thing, as in the JSON format.
    pub code: &'static str,
    /// 1-based line and column.
    pub at: Option<(u32, u32)>,
    /// What it is.
    pub message: String,
}

/// What is proved of a source.
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) inner: model::Report,
}

impl Report {
    fn files(&self) -> impl Iterator<Item = &model::FileReport> {
        self.inner.files.iter()
    }

    /// Every barrier that the source has, by line; also those that no kernel that was analysed reaches ([`Verdict::Unknown`]).
    pub fn barriers(&self) -> Vec<Barrier> {
        let all = self.files().flat_map(|f| &f.barriers);
        all.map(|b| Barrier {
            path: b.path.clone(),
            line: b.line,
            column: b.column,
            verdict: Verdict::of(b.verdict),
            reason: b.reason.clone(),
            kernels: b.kernels.clone(),
            replay: b.replay.clone(),
        })
        .collect()
    }

    /// Races of the kernels as they are, within a threadgroup.
    pub fn races(&self) -> Vec<Race> {
        let mut out = Vec::new();
        for k in self.files().flat_map(|f| &f.kernels) {
            out.extend(k.races.iter().map(|r| Race {
                kernel: k.name.clone(),
                array: r.array.clone(),
                lines: r.accesses.iter().map(|a| a.line).collect(),
                confirmed: r.status == "confirmed",
                replay: r.replay.clone(),
            }));
        }
        out
    }

    /// Names of the kernels that were analysed.
    pub fn kernels(&self) -> Vec<&str> {
        let all = self.files().flat_map(|f| &f.kernels);
        all.map(|k| k.name.as_str()).collect()
    }

    /// What is wrong with the source. The rest of it was analysed all the same.
    pub fn errors(&self) -> Vec<Problem> {
        let all = self.inner.errors.iter();
        all.map(|e| Problem {
            code: e.code,
            at: e.line.zip(e.column),
            message: e.message.clone(),
        })
        .collect()
    }

    /// What the verdicts rest on, each once.
    pub fn assumptions(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for a in self
            .files()
            .flat_map(|f| &f.kernels)
            .flat_map(|k| &k.assumptions)
        {
            if !out.contains(&a.as_str()) {
                out.push(a);
            }
        }
        out
    }

    /// Every kernel was analysed whole and is proved free of data races within a threadgroup and of divergent barriers. False where there is
    /// no kernel, or anything was not understood.
    pub fn is_race_free(&self) -> bool {
        let mut kernels = self.files().flat_map(|f| &f.kernels).peekable();
        kernels.peek().is_some()
            && kernels.all(|k| k.race_free)
            && self.inner.errors.is_empty()
            && self.files().all(|f| f.not_analysed.is_empty())
    }

    /// The whole report, as `unbarrier prove --format json` prints it.
    pub fn to_json(&self) -> String {
        // It holds no map with keys other than text, and no number that JSON lacks.
        serde_json::to_string_pretty(&self.inner).unwrap_or_default()
    }
}

/// What a change does to barriers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Proved to bring no race.
    Proved,
    /// Neither was shown.
    Undecided,
    /// It brings a race, which was executed.
    Refuted,
}

/// A judged change.
#[derive(Clone, Debug)]
pub struct Change {
    pub(super) report: CheckReport,
}

impl Change {
    /// The worst of the answers on the kernels.
    pub fn outcome(&self) -> Outcome {
        match self.report.verdict {
            _ if !self.report.errors.is_empty() => Outcome::Undecided,
            "proved" => Outcome::Proved,
            "refuted" => Outcome::Refuted,
            _ => Outcome::Undecided,
        }
    }

    /// Why, one sentence for each kernel that changed and for everything that could not be read.
    pub fn reasons(&self) -> Vec<String> {
        let kernels = self.report.files.iter().flat_map(|f| &f.kernels);
        let kernels = kernels.map(|k| format!("kernel {}: {}: {}", k.kernel, k.verdict, k.reason));
        let unread = self.report.not_analysed.iter();
        let unread = unread.map(|u| format!("{} version: not analysed: {}", u.version, u.reason));
        let errors = self.report.errors.iter().map(|e| e.message.clone());
        kernels.chain(unread).chain(errors).collect()
    }

    /// The whole report, as `unbarrier check --format json` prints it.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&self.report).unwrap_or_default()
    }
}
