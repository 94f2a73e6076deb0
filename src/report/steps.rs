//! A witness as steps: what each of the two threads does, in an order in which it can happen.
//!
//! Soundness direction: none; nothing is decided here.

use super::model::{WitnessReport, WitnessThread};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which of the witness's threads (0 or 1); `None` for both.
    pub thread: Option<usize>,
    /// What kind.
    pub kind: Kind,
    /// The file, when it is not the one of the report.
    pub path: Option<String>,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// In words.
    pub text: String,
}

/// Kinds of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An iteration of a loop.
    Iteration,
    /// The barrier that is not there.
    Barrier,
    /// The access.
    Access,
}

impl Kind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Iteration => "iteration",
            Kind::Barrier => "barrier",
            Kind::Access => "access",
        }
    }
}

/// `reads`, `writes`, `atomically updates`.
pub fn verb(kind: &str) -> &'static str {
    match kind {
        "read" => "reads",
        "write" => "writes",
        _ => "atomically updates",
    }
}

/// `thread 33 (1, 1, 0)`; the position only where it says more than the index.
pub fn thread_name(t: &WitnessThread) -> String {
    let [x, y, z] = t.position;
    if y == 0 && z == 0 {
        format!("thread {}", t.index)
    } else {
        format!("thread {} ({x}, {y}, {z})", t.index)
    }
}

/// `writes buf[3] (bytes 12 to 15)`.
pub fn access(w: &WitnessReport, t: &WitnessThread) -> String {
    let last = t.byte + i128::from(t.width.max(1)) - 1;
    let bytes = if last == t.byte {
        format!("byte {last}")
    } else {
        format!("bytes {} to {last}", t.byte)
    };
    format!("{} {} ({bytes})", verb(t.kind), w.array)
}

/// The steps: first thread, the deleted barrier (`removed`: file, line, column) where there is one, second thread.
pub fn of(w: &WitnessReport, removed: Option<(Option<String>, u32, u32)>) -> Vec<Step> {
    let mut out = Vec::new();
    for (n, t) in w.threads.iter().enumerate() {
        if let (1, Some((path, line, column))) = (n, &removed) {
            out.push(Step {
                thread: None,
                kind: Kind::Barrier,
                path: path.clone(),
                line: *line,
                column: *column,
                text: format!("without the barrier at line {line}, neither thread waits for the other"),
            });
        }
        for i in &t.iterations {
            out.push(Step {
                thread: Some(n),
                kind: Kind::Iteration,
                path: i.path.clone(),
                line: i.line,
                column: 1,
                text: format!("is in iteration {} of the loop at line {}", i.iteration, i.line),
            });
        }
        out.push(Step {
            thread: Some(n),
            kind: Kind::Access,
            path: t.path.clone(),
            line: t.line,
            column: t.column,
            text: access(w, t),
        });
    }
    out
}

/// `with threadgroup (64, 1, 1), n = 3; both threads in one simdgroup`.
pub fn launch(w: &WitnessReport) -> String {
    let [x, y, z] = w.threadgroup;
    let mut out = format!("with threadgroup ({x}, {y}, {z})");
    if w.threadgroup_position != [0; 3] {
        let [x, y, z] = w.threadgroup_position;
        out.push_str(&format!(" at ({x}, {y}, {z})"));
    }
    for (n, v) in &w.parameters {
        out.push_str(&format!(", {n} = {v}"));
    }
    for m in w.memory.iter().take(6) {
        out.push_str(&format!(", {m}"));
    }
    if w.same_simdgroup {
        out.push_str("; both threads in one simdgroup");
    }
    out
}
