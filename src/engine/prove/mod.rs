//! Deciding the barriers and races of files.

mod prepared;
mod removal;
mod session;
mod shared;

use std::path::{Path, PathBuf};

use self::session::Session;
use super::error::{Code, Error, Result};
use super::export::Export;
use super::load::Loaded;
pub use super::observer::Decided;
use super::observer::{Observer, Silent};
use super::settings::{Settings, SourceSettings};
use crate::report::model::{FileReport, Report, Totals};

/// A source: a file, or a text with the name that reports give it. `unbarrier.toml` is looked for from that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// The text, in the place of the file's.
    pub text: Option<String>,
}

impl From<PathBuf> for Input {
    fn from(path: PathBuf) -> Input {
        Input { path, text: None }
    }
}

/// What is to be proved, and how.
#[derive(Clone, Debug, Default)]
pub struct ProveRequest {
    /// Sources, launches, solver, model.
    pub settings: Settings,
    /// Prove that the barriers on these lines of the file can go together.
    pub remove: Vec<u32>,
    /// Count what decided what, and measure.
    pub stats: bool,
    /// Write each obligation that Z3 decides into this folder.
    pub emit_smt: Option<PathBuf>,
    /// Put the graphs of kernels into the report.
    pub graphs: bool,
    /// What `unbarrier.toml` accepts is not looked at, nor whether its entries name something.
    pub plain: bool,
    /// The words of the command line, for the report.
    pub command: Vec<String>,
}

/// What came of it.
#[derive(Debug)]
pub struct Proved {
    /// The report.
    pub report: Report,
    /// Some input was bad; what could be decided is in the report.
    pub bad: bool,
    /// A removal that was asked for is not proved.
    pub unproved: bool,
    /// Obligations that were written.
    pub written: Option<usize>,
    /// The first thing that is wrong beside the sources: with the request, or with `unbarrier.toml`.
    pub first_error: Option<Error>,
}

/// Decides files, in their order. `problems` were met while they were looked for.
///
/// # Errors
/// The request makes no sense: lines of several files, a folder that cannot be made. What is wrong with a source is in the report.
pub fn prove(
    inputs: &[Input],
    problems: Vec<Error>,
    request: &ProveRequest,
    observer: &dyn Observer,
) -> Result<Proved> {
    if !request.remove.is_empty() && inputs.len() > 1 {
        let message = "--remove takes line numbers of one file; give one file at a time";
        return Err(Error::new(Code::Request, message));
    }
    let export = request.emit_smt.as_deref().map(Export::new).transpose()?;
    let mut s = Session::new(request, observer, export.as_ref());
    for p in problems {
        s.problem(p);
    }
    s.files(inputs);
    let mut written = None;
    if let Some(e) = &export {
        match e.finish() {
            Ok(n) => written = Some(n),
            Err(e) => s.problem(e),
        }
    }
    if request.stats {
        s.report.stats = Some(s.totals.finish());
    }
    s.report.totals = Totals::of(&s.report.files);
    Ok(Proved {
        first_error: s.said.first().cloned(),
        report: s.report,
        bad: s.bad,
        unproved: s.unproved,
        written,
    })
}

/// The report on one file, for other commands: what `unbarrier.toml` accepts is not looked at.
///
/// # Errors
/// The first thing that is wrong with the file.
pub fn file_report(input: Input, settings: &Settings) -> Result<FileReport> {
    let request = ProveRequest {
        settings: settings.clone(),
        plain: true,
        ..ProveRequest::default()
    };
    let path = input.path.display().to_string();
    let mut s = Session::new(&request, &Silent, None);
    s.files(&[input]);
    taken(s, &path)
}

/// The same, of a file that was read with settings that are configured for it; the file comes back.
///
/// # Errors
/// As [`file_report`] says; the file is gone then.
pub fn report_of(
    l: Loaded,
    path: &Path,
    source: &SourceSettings,
    settings: &Settings,
) -> Result<(FileReport, Loaded)> {
    let request = ProveRequest {
        settings: settings.clone(),
        plain: true,
        ..ProveRequest::default()
    };
    let shown = path.display().to_string();
    let mut s = Session::new(&request, &Silent, None);
    let back = s.loaded(l, path, source);
    let report = taken(s, &shown)?;
    back.map(|l| (report, l)).ok_or_else(|| nothing(&shown))
}

fn taken(mut s: Session<'_>, path: &str) -> Result<FileReport> {
    match (s.bad, s.report.files.pop()) {
        (false, Some(f)) => Ok(f),
        _ => Err(s.first_error().unwrap_or_else(|| nothing(path))),
    }
}

fn nothing(path: &str) -> Error {
    Error::of(Code::Internal, path, format!("{path}: nothing to report"))
}
