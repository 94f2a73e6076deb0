//! What made a report, and how much there is in it.

use schemars::JsonSchema;
use serde::Serialize;

use super::finding;
use super::model::FileReport;
use super::rule::Rule;

/// The program that made a report, and what it was asked.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Tool {
    /// `unbarrier`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The command line, word by word, without the name of the program.
    pub arguments: Vec<String>,
}

impl Tool {
    /// This program.
    pub fn new(arguments: Vec<String>) -> Tool {
        Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            arguments,
        }
    }
}

/// Counts over all files. Barriers are barrier calls in the source, each with the worst verdict of its instances; findings that
/// are accepted are counted in `accepted` alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// Files that were read.
    pub files: usize,
    /// Kernels that were analysed.
    pub kernels: usize,
    /// Of these: shown free of races within a threadgroup and of divergent barriers, as written.
    pub race_free_kernels: usize,
    /// Barriers.
    pub barriers: usize,
    /// Barriers that can go.
    pub removable: usize,
    /// Barriers that can be weaker.
    pub weakenable: usize,
    /// Barriers that are needed.
    pub required: usize,
    /// Barriers on which nothing was shown.
    pub unknown: usize,
    /// Races, confirmed or possible, also past flags.
    pub races: usize,
    /// Barriers that not all threads may reach.
    pub divergent: usize,
    /// Kernels and functions with barriers that were not analysed.
    pub not_analysed: usize,
    /// Findings that are accepted.
    pub accepted: usize,
}

impl Totals {
    /// Of the files of a report.
    pub fn of(files: &[FileReport]) -> Totals {
        let mut t = Totals {
            files: files.len(),
            ..Totals::default()
        };
        for f in files {
            t.kernels += f.kernels.len();
            t.race_free_kernels += f.kernels.iter().filter(|k| k.race_free).count();
            t.barriers += f.barriers.len();
            for x in finding::of(f) {
                if x.accepted.is_some() {
                    t.accepted += 1;
                    continue;
                }
                match x.rule {
                    Rule::Removable => t.removable += 1,
                    Rule::Weakenable => t.weakenable += 1,
                    Rule::Required => t.required += 1,
                    Rule::Unknown => t.unknown += 1,
                    Rule::Race | Rule::Flags => t.races += 1,
                    Rule::Divergent => t.divergent += 1,
                    Rule::NotAnalysed => t.not_analysed += 1,
                    Rule::BadInput | Rule::Removal | Rule::Change | Rule::Unsupported => {}
                }
            }
        }
        t
    }
}
