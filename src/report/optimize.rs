//! The report of `unbarrier optimize` as data (JSON format `unbarrier-optimize/1`), and for a person.

use schemars::JsonSchema;
use serde::Serialize;

use super::model::ErrorReport;

/// Version of the JSON format.
pub const SCHEMA: &str = "unbarrier-optimize/1";

/// The whole report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OptimizeReport {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// One entry per file that could be read.
    pub files: Vec<OptimizedFile>,
    /// Problems with inputs.
    pub errors: Vec<ErrorReport>,
}

/// One source file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OptimizedFile {
    /// As the user named it.
    pub path: String,
    /// Edits, by line; they were proved together.
    pub edits: Vec<EditReport>,
    /// Places with a barrier in the file, before and after.
    pub barriers: [usize; 2],
    /// What a launch executes.
    pub executions: Vec<ExecutionReport>,
    /// No other choice of removals saves more (weighed by loop depth), as far as proofs go.
    pub largest: bool,
    /// What was left alone, and why.
    pub notes: Vec<String>,
    /// The edits as a unified diff; empty without edits.
    pub diff: String,
    /// The file was overwritten.
    pub applied: bool,
}

/// One edit.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EditReport {
    /// 1-based line: of the original text for `remove` and `weaken`, of the repaired text otherwise.
    pub line: u32,
    /// `remove`, `weaken` (to a simdgroup barrier), `insert` or `flags` (more flags on a barrier).
    pub action: &'static str,
    /// The barrier, as `threadgroup_barrier(mem_threadgroup)`; for `insert` the new one.
    pub barrier: String,
    /// Kernels that it concerns.
    pub kernels: Vec<String>,
    /// Why, in one sentence.
    pub reason: String,
}

/// Barriers executed by each thread in one threadgroup of a launch.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExecutionReport {
    /// The kernel.
    pub kernel: String,
    /// Threads of the threadgroup.
    pub threadgroup: [u32; 3],
    /// The launch was derived, not given in unbarrier.toml.
    pub derived: bool,
    /// Threadgroup barriers, before and after.
    pub threadgroup_barriers: [u64; 2],
    /// Simdgroup barriers, before and after.
    pub simdgroup_barriers: [u64; 2],
}

/// One file, for a person. The diff is not part of it.
pub fn human(f: &OptimizedFile) -> String {
    let mut out = String::new();
    if f.edits.is_empty() {
        out.push_str(&format!("{}: nothing to do\n", f.path));
    } else {
        let n = f.edits.len();
        out.push_str(&format!(
            "{}: {n} edit{}, proved together; barriers in the source: {} before, {} after\n",
            f.path,
            if n == 1 { "" } else { "s" },
            f.barriers[0],
            f.barriers[1]
        ));
    }
    for e in &f.edits {
        out.push_str(&format!(
            "  line {}: {} {} ({}): {}\n",
            e.line,
            e.action,
            e.barrier,
            e.kernels.join(", "),
            e.reason
        ));
    }
    for x in &f.executions {
        let [x0, y, z] = x.threadgroup;
        out.push_str(&format!(
            "  {}: barriers executed by each thread of a threadgroup ({x0}, {y}, {z}){}: threadgroup {} → {}, simdgroup {} → {}\n",
            x.kernel,
            if x.derived { ", derived launch" } else { "" },
            x.threadgroup_barriers[0],
            x.threadgroup_barriers[1],
            x.simdgroup_barriers[0],
            x.simdgroup_barriers[1]
        ));
    }
    if !f.largest {
        out.push_str("  the search was cut short: another choice may save more\n");
    }
    for n in &f.notes {
        out.push_str(&format!("  note: {n}\n"));
    }
    out
}
