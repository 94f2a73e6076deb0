//! The report as data; its serialisation is the JSON format `unbarrier/1`.

use std::sync::Arc;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;

pub use super::order::OrderReport;
pub use super::total::{Tool, Totals};
pub use super::unseen::NotAnalysedReport;
pub use super::witness::{WitnessIteration, WitnessReport, WitnessThread};

/// Version of the JSON format.
pub const SCHEMA: &str = "unbarrier/1";

/// The JSON schema of [`Report`] as it is written.
pub fn json_schema() -> Schema {
    schema_of::<Report>()
}

/// The JSON schema of something that is written.
pub fn schema_of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<T>()
}

/// The whole report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// `unbarrier/1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: &'static str,
    /// One entry per file that could be read.
    pub files: Vec<FileReport>,
    /// Problems with inputs.
    pub errors: Vec<ErrorReport>,
    /// What made the report.
    pub tool: Tool,
    /// Counts over all files.
    pub totals: Totals,
    /// Counts and times of the whole run, with `--stats`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<RunStats>,
}

/// A problem with an input.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ErrorReport {
    /// What kind of thing is wrong: `io`, `config`, `source`, `include` and so on.
    pub code: &'static str,
    /// The file, where there is one.
    pub path: Option<String>,
    /// 1-based; `null` when it concerns the file as a whole.
    pub line: Option<u32>,
    /// 1-based.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
}

/// One source file.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct FileReport {
    /// As the user named it.
    pub path: String,
    /// Barrier lines, each with the worst verdict of its instances.
    pub barriers: Vec<SiteReport>,
    /// Kernels.
    pub kernels: Vec<KernelReport>,
    /// What the file has by its tokens and was not analysed. Its barriers are among `barriers`, as `unknown`.
    pub not_analysed: Vec<NotAnalysedReport>,
    /// The outcome of `--remove`, when it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removal: Option<RemovalReport>,
    /// Findings that `unbarrier.toml` accepts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<AcceptedReport>,
    /// Kernels of which `check` has something to say. Not in the JSON, which has a format of its own for them.
    #[serde(skip)]
    pub changes: Vec<ChangeFinding>,
    /// Texts of the files that findings lie in, the file itself first. Not in the JSON.
    #[serde(skip)]
    pub sources: Vec<SourceText>,
}

/// What `check` says of a kernel that it does not pass.
#[derive(Clone, Debug)]
pub struct ChangeFinding {
    /// 1-based line of the change in the new version, else of the kernel.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// In one sentence.
    pub message: String,
    /// The kernel.
    pub kernel: String,
    /// Refuted (else undecided).
    pub refuted: bool,
    /// The race.
    pub witness: Option<WitnessReport>,
    /// A command that shows it.
    pub replay: Option<String>,
}

/// A source file that a report is about.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// As in the places of the report.
    pub path: String,
    /// Its text.
    pub text: Arc<str>,
}

/// A finding that `unbarrier.toml` accepts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AcceptedReport {
    /// The rule: `race`, `unknown`, …
    pub finding: &'static str,
    /// The file, when it is not the one of the report (a header).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 1-based line of the finding.
    pub line: u32,
    /// 1-based column of the finding.
    pub column: u32,
    /// What the finding says.
    pub message: String,
    /// Why it is accepted.
    pub reason: String,
    /// Where that is said: `unbarrier.toml:12:1`.
    pub accepted_at: String,
    /// Fingerprint of the finding. Not in the JSON.
    #[serde(skip)]
    pub fingerprint: String,
}

/// A place in the source with a barrier.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SiteReport {
    /// The file, when it is not the one of the report (a header).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 1-based line.
    pub line: u32,
    /// 1-based column.
    pub column: u32,
    /// `threadgroup_barrier` or `simdgroup_barrier`.
    #[schemars(extend("enum" = ["threadgroup_barrier", "simdgroup_barrier"]))]
    pub kind: &'static str,
    /// `mem_threadgroup`, …
    pub flags: Vec<&'static str>,
    /// Verdict of the line: the worst over all its instances, which an edit deletes together.
    #[schemars(extend("enum" = ["removable", "weakenable", "required", "unknown"]))]
    pub verdict: &'static str,
    /// In one sentence.
    pub reason: String,
    /// What the verdict hinges on, as for the instances.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<&'static str>,
    /// Kernels that reach it.
    pub kernels: Vec<String>,
    /// The conflict that stands against it, in one of the kernels. Not in the JSON, where the instances have theirs.
    #[serde(skip)]
    pub witness: Option<WitnessReport>,
    /// A command that shows the race of a `required` barrier happening. Not in the JSON.
    #[serde(skip)]
    pub replay: Option<String>,
}

/// The answer to `--remove`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RemovalReport {
    /// The lines.
    pub lines: Vec<u32>,
    /// Whether deleting all of them together was proved safe in every kernel.
    pub proved: bool,
    /// In one sentence.
    pub reason: String,
    /// The conflict that stands against it.
    pub witness: Option<WitnessReport>,
}

/// One kernel.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KernelReport {
    /// Name.
    pub name: String,
    /// The function it is an instance of; no part of the JSON.
    #[serde(skip)]
    #[schemars(skip)]
    pub function: String,
    /// The file, when it is not the one of the report (a header).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Line of its definition.
    pub line: u32,
    /// Threadgroup size; `null` when symbolic.
    pub threadgroup: Option<[u64; 3]>,
    /// What the verdicts rest on: sizes, what was stated, that threads which ended take no part in barriers (where that matters), that
    /// the arguments of a template are a guess.
    pub assumptions: Vec<String>,
    /// Whether the kernel as written was shown free of races within a threadgroup and of divergent barriers, so that
    /// `removable` also means: same results.
    pub race_free: bool,
    /// Barrier instances.
    pub barriers: Vec<BarrierReport>,
    /// Races of the kernel as written.
    pub races: Vec<RaceReport>,
    /// Barriers that not all threads may reach.
    pub divergent_barriers: Vec<DivergentReport>,
    /// Lines that can go together: a largest set, weighed by loop depth.
    pub jointly_removable: Vec<u32>,
    /// Whether no other set of removable lines saves more (false: the search was cut short).
    pub joint_is_largest: bool,
    /// Sets of lines that can go one by one but not together.
    pub exclusive: Vec<ExclusionReport>,
    /// How many satisfying assignments replayed.
    pub replayed: ReplayedReport,
    /// What was not understood.
    pub unsupported: Vec<UnsupportedReport>,
    /// The verdicts were proved before, and kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// Counts and times, with `--stats`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<StatsReport>,
    /// Its barrier intervals, where a page is to show them. Not in the JSON.
    #[serde(skip)]
    pub graph: Option<super::graph::Graph>,
}

/// Lines that exclude each other.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExclusionReport {
    /// The lines; all but any one of them can go.
    pub lines: Vec<u32>,
    /// `refuted` (a race was executed) or `unproved` (neither shown nor excluded).
    pub status: &'static str,
    /// The race without all of them.
    pub witness: Option<WitnessReport>,
}

/// The whole run.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct RunStats {
    /// Sums over the kernels.
    #[serde(flatten)]
    pub total: StatsReport,
    /// Milliseconds of reading, preprocessing and parsing.
    pub parse_ms: f64,
    /// Milliseconds of lowering to the intermediate representation.
    pub lower_ms: f64,
    /// Milliseconds from start to end.
    pub wall_ms: f64,
    /// Most memory that the process had resident, bytes; `null` where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
}

/// What decided what, and how long it took. A question that is asked again (of a set of barriers,
/// after uniformity was distrusted) counts again.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct StatsReport {
    /// Pairs of accesses.
    pub pairs: PairStats,
    /// Questions to Z3.
    pub queries: QueryStats,
    /// Removals refuted by executing the kernel, without Z3.
    pub refuted_by_execution: u64,
    /// Replays of Z3's assignments.
    pub replays: ReplayStats,
    /// Milliseconds, summed over worker threads.
    pub phases_ms: PhaseStats,
}

/// Pairs of accesses by what decided them.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct PairStats {
    /// No solver asked: the guards contradict each other.
    pub excluded_by_guards: u64,
    /// No solver asked: the bytes are disjoint, by intervals or residues.
    pub excluded_by_ranges: u64,
    /// No solver asked: the conditions contradict each other as a whole.
    pub excluded_by_contradiction: u64,
    /// Proved by a query over several pairs.
    pub proved_together: u64,
    /// Proved alone, products opaque.
    pub proved_alone: u64,
    /// Proved alone, products spelled out.
    pub proved_with_products: u64,
    /// A conflict found.
    pub conflicts: u64,
    /// Left open.
    pub undecided: u64,
}

/// Questions to Z3, by who answered.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct QueryStats {
    /// The quick engine.
    pub quick: u64,
    /// The patient engine, after the quick one gave up.
    pub long: u64,
    /// Nobody.
    pub unanswered: u64,
}

/// Replays.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct ReplayStats {
    /// Tried.
    pub attempted: u64,
    /// The conflict happened.
    pub confirmed: u64,
}

/// Time by phase, milliseconds.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct PhaseStats {
    /// Running kernels to find races.
    pub execution: f64,
    /// Guards, addresses, closed forms.
    pub analysis: f64,
    /// Building formulas.
    pub encode: f64,
    /// Z3.
    pub smt: f64,
    /// Replaying.
    pub replay: f64,
}

/// Satisfying assignments of the solver that speak for a race, and how many of them the executor could show to
/// happen. Those that did not happen leave a verdict `unknown` or a race `possible`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ReplayedReport {
    /// Assignments that were replayed.
    pub assignments: usize,
    /// The race happened with the parameters and contents of the assignment.
    pub as_given: usize,
    /// A race happened with other parameters, contents or accesses near by.
    pub nearby: usize,
}

/// A barrier instance.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BarrierReport {
    /// The file, when it is not the one of the report (a header).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// `threadgroup_barrier` or `simdgroup_barrier`.
    #[schemars(extend("enum" = ["threadgroup_barrier", "simdgroup_barrier"]))]
    pub kind: &'static str,
    /// `mem_threadgroup`, …
    pub flags: Vec<&'static str>,
    /// `removable`, `weakenable`, `required` or `unknown`.
    #[schemars(extend("enum" = ["removable", "weakenable", "required", "unknown"]))]
    pub verdict: &'static str,
    /// In one sentence.
    pub reason: String,
    /// What the verdict hinges on: `atomic-order` (no race, but atomic operations change places), `publishes` (other
    /// threadgroups may rely on it), `flags` (it separates memory that its flags do not name).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<&'static str>,
    /// Calls that lead here, outermost first: `function (line:column)`.
    pub call_path: Vec<String>,
    /// The conflict that stands against it.
    pub witness: Option<WitnessReport>,
    /// A command that shows the race of a `required` barrier happening.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// Pairs of accesses that deleting it would leave unordered.
    pub added_pairs: usize,
    /// Milliseconds.
    pub time_ms: f64,
}

/// A race.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RaceReport {
    /// Object.
    pub array: String,
    /// `threadgroup` or `device`.
    pub space: &'static str,
    /// `intra-simdgroup` or `cross-simdgroup`.
    #[schemars(extend("enum" = ["intra-simdgroup", "cross-simdgroup"]))]
    pub scope: &'static str,
    /// The two accesses.
    pub accesses: Vec<AccessReport>,
    /// Choices of the execution model that the race hinges on: `intra-simdgroup` (gone with `--lockstep`), `flags` (gone
    /// with `--execution-barriers-order-memory`).
    pub labels: Vec<&'static str>,
    /// `confirmed` (replayed) or `possible`.
    #[schemars(extend("enum" = ["confirmed", "possible"]))]
    pub status: &'static str,
    /// The threads do meet at a barrier, whose flags do not name the memory.
    pub flags_only: bool,
    /// How.
    pub witness: Option<WitnessReport>,
    /// A command that shows a confirmed race happening.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
}

/// An access.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AccessReport {
    /// The file, when it is not the one of the report (a header).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// `read`, `write`, `atomic`.
    #[schemars(extend("enum" = ["read", "write", "atomic"]))]
    pub kind: &'static str,
}

/// A divergent barrier.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DivergentReport {
    /// The file, when it is not the one of the report (a header).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// Why.
    pub reason: String,
}

/// A construct that was not understood.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct UnsupportedReport {
    /// The file, when it is not the one of the report (a header).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// What.
    pub construct: String,
}
