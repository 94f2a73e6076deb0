//! `unbarrier check`: what a change of sources does to barriers.
//!
//! Pipeline: [`tree`] finds the files of both versions, [`judge`] pairs their kernels and answers, `report::check` and
//! its renderers tell.

mod about;
mod alone;
mod folders;
mod judge;
mod memory;
mod order;
mod relative;
mod revisions;
mod tree;
mod unread;
mod versions;

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::{ReportFormat, Settings};
use super::input::{emit, use_color};
use super::{BAD_INPUT, DONE, NOT_PROVED, UNDECIDED, output};
use crate::report::check::{CheckReport, SCHEMA, human, markdown};
use crate::report::model::{self, ErrorReport, Report};

/// Arguments of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Only these files or folders (default: everything that changed).
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The version to compare with: a revision of the git repository around the current folder.
    #[arg(long, value_name = "REV", default_value = "HEAD", conflicts_with_all = ["from", "to"])]
    pub base: String,
    /// The version to judge (default: the work tree).
    #[arg(long, value_name = "REV", conflicts_with_all = ["from", "to"])]
    pub head: Option<String>,
    /// Compare with this file or folder instead of a revision.
    #[arg(long, value_name = "OLD", requires = "to")]
    pub from: Option<PathBuf>,
    /// Judge this file or folder.
    #[arg(long, value_name = "NEW", requires = "from")]
    pub to: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub format: ReportFormat,
    /// What to prove, and how.
    #[command(flatten)]
    pub settings: Settings,
}

/// Runs the command; the exit code.
pub fn run(a: &CheckArgs) -> u8 {
    let sides = match tree::sides(a) {
        Ok(s) => s,
        Err(e) => {
            if a.format != ReportFormat::Human {
                let mut report = empty(a);
                report.errors.push(ErrorReport {
                    path: None,
                    line: None,
                    column: None,
                    message: e.clone(),
                });
                deliver(a, &report, Vec::new());
            }
            eprintln!("error: {e}");
            return BAD_INPUT;
        }
    };
    let mut report = empty(a);
    report.base.clone_from(&sides.base);
    report.head.clone_from(&sides.head);
    report.errors = sides.errors.clone();
    for e in &report.errors {
        eprintln!("error: {}", e.message);
    }
    let color = use_color(a.settings.source.color, false);
    let mut findings = Vec::new();
    for file in judge::files(a, &sides, color) {
        for e in &file.errors {
            if a.format != ReportFormat::Human {
                eprintln!("error: {}", e.message);
            }
        }
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
    deliver(a, &report, findings);
    if report.errors.is_empty() {
        match report.verdict {
            "refuted" => NOT_PROVED,
            "undecided" => UNDECIDED,
            _ => DONE,
        }
    } else {
        BAD_INPUT
    }
}

fn empty(a: &CheckArgs) -> CheckReport {
    let shown = |p: &Option<PathBuf>| {
        let p = p.as_deref().map(Path::display);
        p.map(|p| p.to_string())
    };
    CheckReport {
        schema: SCHEMA,
        base: shown(&a.from).unwrap_or_else(|| a.base.clone()),
        head: shown(&a.to).or_else(|| a.head.clone()),
        verdict: "proved",
        files: Vec::new(),
        not_analysed: Vec::new(),
        errors: Vec::new(),
    }
}

fn deliver(a: &CheckArgs, report: &CheckReport, files: Vec<model::FileReport>) {
    let findings = || Report {
        schema: model::SCHEMA,
        tool: model::Tool::new(output::arguments()),
        totals: model::Totals::of(&files),
        files,
        errors: report.errors.clone(),
        stats: None,
    };
    let done = match a.format {
        ReportFormat::Human => {
            emit(&human::summary(report));
            Ok(())
        }
        ReportFormat::Json => serde_json::to_string_pretty(report)
            .map(|s| emit(&format!("{s}\n")))
            .map_err(|e| e.to_string()),
        ReportFormat::Markdown => {
            emit(&markdown::document(report));
            Ok(())
        }
        ReportFormat::Sarif | ReportFormat::Html | ReportFormat::Github => {
            output::write(&findings(), a.format)
        }
    };
    if let Err(e) = done {
        eprintln!("error: cannot write the report: {e}");
    }
}
