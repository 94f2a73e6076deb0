//! Who is told what happens while it happens: a progress bar, a terminal that shows each file as it is decided. The engine prints nothing.

use super::error::Error;
use super::load::Loaded;
use crate::prove::KernelVerdicts;
use crate::report::check::KernelCheck;
use crate::report::model::{FileReport, KernelReport};
use crate::source::Diagnostic;

/// A file that is decided.
pub struct Decided<'a> {
    /// Its source.
    pub loaded: &'a Loaded,
    /// The report on it.
    pub report: &'a FileReport,
    /// Verdicts of each kernel that was looked at, by its index in the source.
    pub verdicts: &'a [(usize, KernelVerdicts)],
}

/// Hears of the work of the engine. Every method does nothing unless it is overridden; what is heard is in the report, too.
pub trait Observer: Sync {
    /// A file was read: its messages, those that were not said before. Called in the order of the files.
    fn messages(&self, _file: &Loaded, _messages: &[&Diagnostic]) {}

    /// Something is wrong with the input. Each thing is said once.
    fn error(&self, _e: &Error) {}

    /// Work on a kernel begins: the `number`th of `of`. From any thread.
    fn begin(&self, _number: usize, _of: usize, _file: &str, _kernel: &str) {}

    /// A kernel is decided. In the order of the report.
    fn kernel(&self, _file: &str, _kernel: &KernelReport) {}

    /// A file is decided. In the order of the report.
    fn file(&self, _file: &Decided<'_>) {}

    /// A changed kernel is judged; `text` is for people. In the order of the report.
    fn change(&self, _kernel: &KernelCheck, _text: &str) {}
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
