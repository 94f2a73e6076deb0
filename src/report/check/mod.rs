//! The report of `unbarrier check` as data; its serialisation is the JSON format `unbarrier-check/1`.

pub mod human;
pub mod markdown;

use schemars::JsonSchema;
use serde::Serialize;

use super::model::{DivergentReport, ErrorReport, RaceReport, WitnessReport};

/// Version of the JSON format.
pub const SCHEMA: &str = "unbarrier-check/1";

/// The whole report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CheckReport {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The old version: a revision or path.
    pub base: String,
    /// The new version; `null` for the work tree.
    pub head: Option<String>,
    /// The worst of the verdicts on the kernels: `proved`, `undecided` or `refuted`; at most `undecided` where something was not analysed.
    pub verdict: &'static str,
    /// Files with kernels whose barriers, or whose code around barriers, changed.
    pub files: Vec<FileCheck>,
    /// What was not analysed and is not the same in both versions, or why a version could not be read in full. With any of it
    /// the verdict is at most `undecided`.
    pub not_analysed: Vec<UnreadReport>,
    /// Problems with inputs.
    pub errors: Vec<ErrorReport>,
}

/// Something of one version that no verdict is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnreadReport {
    /// The version: `old` or `new`.
    #[schemars(extend("enum" = ["old", "new"]))]
    pub version: &'static str,
    /// File, in its version.
    pub path: String,
    /// 1-based; `null` when it concerns the file as a whole.
    pub line: Option<u32>,
    /// What it is, and why it was not analysed.
    pub reason: String,
}

/// One source file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FileCheck {
    /// In the new version; in the old one, when it is gone.
    pub path: String,
    /// In the old version, when it has another name there; `null` when it is not there.
    pub old_path: Option<String>,
    /// Kernels of which there is something to say.
    pub kernels: Vec<KernelCheck>,
    /// Kernels whose barriers did not change.
    pub unchanged: usize,
}

/// One kernel.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KernelCheck {
    /// Name, in the new version.
    pub kernel: String,
    /// Line of its definition (in the new version, else the old one).
    pub line: u32,
    /// `proved`, `undecided` or `refuted`.
    pub verdict: &'static str,
    /// `relative`: the versions differ in barriers only, and the new one was held against the old one.
    /// `as-it-stands`: other code changed, and the new version was judged alone. `none`: there is no new version.
    pub judged: &'static str,
    /// Why it was not judged relative to the old version.
    pub why: Option<String>,
    /// In one sentence.
    pub reason: String,
    /// Whether the new version was shown free of races within a threadgroup and of divergent barriers.
    pub race_free: bool,
    /// Changed barriers.
    pub changes: Vec<ChangeReport>,
    /// The race that stands against the change, in lines of the new version.
    pub witness: Option<WitnessReport>,
    /// A command that shows this race in the new version.
    pub replay: Option<String>,
    /// Races of the new version that are not the fault of the change.
    pub existing: Vec<RaceReport>,
    /// Races of the old version that the new one does not have.
    pub fixed: Vec<RaceReport>,
    /// Barriers that not all threads reach, in the new version only.
    pub divergent: Vec<DivergentReport>,
    /// What the verdict rests on.
    pub assumptions: Vec<String>,
}

/// One barrier that changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ChangeReport {
    /// `removed`, `added`, `moved`, `scope` (another kind of barrier) or `flags`.
    pub kind: &'static str,
    /// In the old version.
    pub old: Option<BarrierPlace>,
    /// In the new version.
    pub new: Option<BarrierPlace>,
    /// On this change alone: `proved`, `undecided`, `refuted`, or `safe` for an added barrier, which takes no order away.
    pub verdict: &'static str,
    /// In one sentence.
    pub reason: String,
}

/// A barrier in a version.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BarrierPlace {
    /// File.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// `threadgroup_barrier(mem_threadgroup)`.
    pub barrier: String,
}

impl CheckReport {
    /// Sets the verdict to the worst of the kernels'.
    pub fn conclude(&mut self) {
        let rank = |v: &str| match v {
            "refuted" => 2,
            "undecided" => 1,
            _ => 0,
        };
        let kernels = self.files.iter().flat_map(|f| &f.kernels);
        let unread = self.not_analysed.iter().map(|_| "undecided");
        self.verdict = kernels
            .map(|k| k.verdict)
            .chain(unread)
            .max_by_key(|v| rank(v))
            .unwrap_or("proved");
    }
}

/// `removed threadgroup_barrier(mem_threadgroup)`, for people.
pub fn describe(c: &ChangeReport) -> String {
    let name =
        |p: &Option<BarrierPlace>| p.as_ref().map_or_else(String::new, |p| p.barrier.clone());
    match c.kind {
        "scope" | "flags" => format!("{} became {}", name(&c.old), name(&c.new)),
        "added" => format!("{} added", name(&c.new)),
        kind => format!("{} {kind}", name(&c.old)),
    }
}
