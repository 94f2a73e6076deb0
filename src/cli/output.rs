//! From a report to standard output.

use std::path::{Path, PathBuf};

use super::args::ReportFormat;
use super::input::emit;
use crate::report::model::Report;
use crate::report::place::Base;
use crate::report::sarif;

/// Writes a finished report; nothing in the format for people, which is written as things are decided.
pub fn write(report: &Report, format: ReportFormat) -> Result<(), String> {
    let text = match format {
        ReportFormat::Human => return Ok(()),
        ReportFormat::Json => {
            let text = serde_json::to_string_pretty(report).map_err(|e| e.to_string())?;
            format!("{text}\n")
        }
        ReportFormat::Sarif => sarif::render(report, &base()).map_err(|e| e.to_string())?,
        ReportFormat::Markdown => todo!(),
        ReportFormat::Html => todo!(),
    };
    emit(&text);
    Ok(())
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
