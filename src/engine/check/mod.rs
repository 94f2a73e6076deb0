//! What a change of sources does to barriers.
//!
//! Pipeline: [`tree`] finds the files of both versions, [`judge`] pairs their kernels and answers, `report::check` and
//! its renderers tell.

mod about;
mod align;
mod alone;
mod earlier;
mod folders;
mod git;
mod judge;
mod kept;
mod order;
mod relative;
mod revisions;
mod tree;
mod unread;
mod versions;

use std::path::{Path, PathBuf};

use self::folders::folders;
use self::revisions::repository;
use self::tree::Sides;
use super::error::{Error, Result};
use super::observer::Observer;
use super::settings::Settings;
use crate::report::check::{CheckReport, SCHEMA};
use crate::report::model::FileReport;

/// What is to be compared, and how.
#[derive(Clone, Debug, Default)]
pub struct CheckRequest {
    /// Only these files or folders; all that changed where it is empty.
    pub paths: Vec<PathBuf>,
    /// The old version: a revision of the git repository around the current folder.
    pub base: String,
    /// The new version: a revision; without it, the work tree.
    pub head: Option<String>,
    /// The old version: a file or folder, in the place of a revision.
    pub from: Option<PathBuf>,
    /// The new version: a file or folder.
    pub to: Option<PathBuf>,
    /// Colours in the texts for people.
    pub color: bool,
    /// Sources, launches, solver, model.
    pub settings: Settings,
}

/// What came of it.
#[derive(Debug)]
pub struct Checked {
    /// The report.
    pub report: CheckReport,
    /// What is not passed, for the formats that know findings.
    pub findings: Vec<FileReport>,
}

/// Judges a change.
///
/// # Errors
/// There is no repository, no such revision, no such file. What is wrong with a source is in the report.
pub fn check(a: &CheckRequest, observer: &dyn Observer) -> Result<Checked> {
    judged(a, sides(a)?, observer)
}

/// Judges a new text against an old one; `name` is what both are called.
///
/// # Errors
/// There is no place for temporary files.
pub fn check_texts(
    a: &CheckRequest,
    name: &str,
    texts: (&str, &str),
    observer: &dyn Observer,
) -> Result<Checked> {
    judged(a, tree::texts(name, texts)?, observer)
}

/// Finds both versions.
///
/// # Errors
/// One line: no repository, no such revision, no such file.
fn sides(a: &CheckRequest) -> Result<Sides> {
    match (&a.from, &a.to) {
        (Some(from), Some(to)) => folders(a, from, to),
        _ => repository(a),
    }
}

fn judged(a: &CheckRequest, sides: Sides, observer: &dyn Observer) -> Result<Checked> {
    let mut report = a.empty();
    report.base.clone_from(&sides.base);
    report.head.clone_from(&sides.head);
    report.errors = sides.errors.iter().map(Error::report).collect();
    for e in &sides.errors {
        observer.error(e);
    }
    let mut findings = Vec::new();
    for file in judge::files(a, &sides, observer) {
        report.errors.extend(file.errors);
        for u in file.unread {
            if !report.not_analysed.contains(&u) {
                report.not_analysed.push(u);
            }
        }
        findings.extend(file.findings);
        if let Some(f) = file.report {
            report.files.push(f);
        }
    }
    report.conclude();
    Ok(Checked { report, findings })
}

impl CheckRequest {
    /// A report in which nothing is judged.
    pub fn empty(&self) -> CheckReport {
        let shown = |p: &Option<PathBuf>| {
            let p = p.as_deref().map(Path::display);
            p.map(|p| p.to_string())
        };
        CheckReport {
            schema: SCHEMA,
            base: shown(&self.from).unwrap_or_else(|| self.base.clone()),
            head: shown(&self.to).or_else(|| self.head.clone()),
            verdict: "proved",
            files: Vec::new(),
            not_analysed: Vec::new(),
            errors: Vec::new(),
        }
    }
}
