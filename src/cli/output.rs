//! From a report to standard output.

use std::path::{Path, PathBuf};

use super::args::ReportFormat;
use super::show::emit;
use crate::report::model::Report;
use crate::report::place::Base;
use crate::report::{github, html, markdown, sarif};

/// Writes a finished report; nothing in the format for people, which is written as things are decided.
pub fn write(report: &Report, format: ReportFormat) -> Result<(), String> {
    if format != ReportFormat::Human {
        emit(&text(report, format)?);
    }
    Ok(())
}

/// A report in a format for programs.
pub fn text(report: &Report, format: ReportFormat) -> Result<String, String> {
    Ok(match format {
        ReportFormat::Human => String::new(),
        ReportFormat::Json => {
            let text = serde_json::to_string_pretty(report).map_err(|e| e.to_string())?;
            format!("{text}\n")
        }
        ReportFormat::Sarif => sarif::render(report, &base()).map_err(|e| e.to_string())?,
        ReportFormat::Markdown => markdown::render(report, &base()),
        ReportFormat::Html => html::render(report, &base())?,
        ReportFormat::Github => github::render(report, &base()),
    })
}

/// Paths are relative to the repository, else to the working directory.
pub fn base() -> Base {
    let working = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let root = working
        .ancestors()
        .find(|d| d.join(".git").exists())
        .map_or_else(|| working.clone(), Path::to_path_buf);
    Base::new(working, root)
}

/// The words of the command line.
pub fn arguments() -> Vec<String> {
    let words = std::env::args_os().skip(1);
    words.map(|w| w.to_string_lossy().into_owned()).collect()
}
