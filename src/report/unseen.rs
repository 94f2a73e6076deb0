//! What was not analysed, as data of a report.
//!
//! Soundness direction: none; nothing is decided here.

use schemars::JsonSchema;
use serde::Serialize;

/// A kernel, an instantiation of one or a function with barriers that was not analysed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotAnalysedReport {
    /// The file, when it is not the one of the report (a header).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// 1-based line of its name.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// `kernel`, `kernel template`, `instantiation of kernel template` or `function`.
    #[schemars(extend("enum" = ["kernel", "kernel template", "instantiation of kernel template", "function"]))]
    pub kind: &'static str,
    /// What it is called; empty where that is not clear.
    pub name: String,
    /// Why it was not analysed.
    pub reason: String,
    /// Lines of barrier calls in it that no analysed kernel reaches.
    pub barriers: Vec<u32>,
}

impl NotAnalysedReport {
    /// For people: "kernel template `b`".
    pub fn title(&self) -> String {
        if self.name.is_empty() {
            "a declaration".into()
        } else {
            format!("{} `{}`", self.kind, self.name)
        }
    }
}
