//! `unbarrier.toml` as it is written.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::launch::Spec;

/// How kernels are launched, and what a project has decided about findings. Looked for in the folder of each source file and above it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "unbarrier.toml")]
pub struct Document {
    /// Folders in which included files are looked for, after those of -I; relative to this file.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub include: Vec<Spanned<PathBuf>>,
    /// Files that are left out when a folder is analysed: patterns as in .gitignore, relative to this file.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub exclude: Vec<Spanned<String>>,
    /// Kernels and their launch contracts.
    #[serde(default)]
    pub kernel: Vec<Entry>,
    /// Findings that are accepted. Each must match findings on exactly one line.
    #[serde(default)]
    #[schemars(with = "Vec<AcceptEntry>")]
    pub accept: Vec<Spanned<AcceptEntry>>,
}

/// A kernel, or all kernels of a file that have no entry of their own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "kernel")]
pub struct Entry {
    /// The source file, relative to this file.
    #[schemars(with = "String")]
    pub file: Spanned<PathBuf>,
    /// The kernel; without it, all kernels of the file.
    #[schemars(with = "Option<String>")]
    pub name: Option<Spanned<String>>,
    /// Threads per threadgroup: one to three sizes, at most 1024 threads. Without it, any size.
    #[schemars(
        with = "Option<Vec<u64>>",
        length(min = 1, max = 3),
        inner(range(min = 1, max = 1024))
    )]
    pub threadgroup: Option<Spanned<Vec<u64>>>,
    /// Conditions over parameters and constants that every launch satisfies (MSL expressions).
    #[serde(default)]
    pub assume: Vec<String>,
    /// Macros, NAME or NAME=VALUE. All entries of a file must agree.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub defines: Vec<Spanned<String>>,
    /// Instances of kernel templates of the file that nothing in it instantiates, such as `f<float>`. Those of all entries of a file
    /// are analysed.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub instantiate: Vec<Spanned<String>>,
    /// What is needed to run it (`fuzz`, `confirm`).
    pub launch: Option<Spec>,
}

impl Entry {
    /// The kernel that it names.
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|n| n.get_ref().as_str())
    }
}

/// Findings that are accepted. `line`, `text` or both say where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "accept", extend("anyOf" = [{"required": ["line"]}, {"required": ["text"]}]))]
pub struct AcceptEntry {
    /// The source file, relative to this file.
    #[schemars(with = "String")]
    pub file: Spanned<PathBuf>,
    /// Only in this kernel.
    #[schemars(with = "Option<String>")]
    pub kernel: Option<Spanned<String>>,
    /// What kind of finding.
    #[schemars(with = "String", extend("enum" = super::accept::RULES))]
    pub finding: Spanned<String>,
    /// Line of the finding (for a race: of one of its accesses).
    #[schemars(with = "Option<u32>", range(min = 1))]
    pub line: Option<Spanned<u32>>,
    /// Text of that line or a part of it, white space left aside; survives edits elsewhere.
    #[schemars(with = "Option<String>", length(min = 1))]
    pub text: Option<Spanned<String>>,
    /// Why it is accepted.
    #[schemars(with = "String", length(min = 1))]
    pub reason: Spanned<String>,
}

/// The JSON schema of the file.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document)
}
