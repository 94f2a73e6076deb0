//! What can be wrong with an input or a request: one type, with a code that every format carries.

use std::path::Path;

use super::config::ConfigError;
use crate::report::model::ErrorReport;

/// What kind of thing is wrong. The word for it ([`Code::word`]) is part of the JSON format and does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// A file or folder cannot be read or written, or is not there.
    Io,
    /// `unbarrier.toml` is not sound, or names what is not there.
    Config,
    /// A source does not lex, preprocess, parse, or mean what it should.
    Source,
    /// What was asked for does not fit the source: a kernel, a line, a parameter that it does not have.
    Request,
    /// An assumption is no expression over the kernel's parameters, or admits no launch.
    Assumption,
    /// A launch does not fit the kernel, or none was found.
    Launch,
    /// Another program (Clang, a device, a git repository) is missing or fails.
    Tool,
    /// Two parts of this program do not agree.
    Internal,
}

impl Code {
    /// The word for it in reports.
    pub fn word(self) -> &'static str {
        match self {
            Code::Io => "io",
            Code::Config => "config",
            Code::Source => "source",
            Code::Request => "request",
            Code::Assumption => "assumption",
            Code::Launch => "launch",
            Code::Tool => "tool",
            Code::Internal => "internal",
        }
    }
}

/// What is wrong with an input or a request. Displayed: all of it, with the line it is about where there is one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{snippet}")]
pub struct Error {
    /// What kind.
    pub code: Code,
    /// The file it is about.
    pub path: Option<String>,
    /// 1-based line and column.
    pub at: Option<(u32, u32)>,
    /// One line; it names the file where there is one.
    pub message: String,
    /// The source line, marked; empty where there is none.
    pub snippet: String,
}

impl Error {
    /// About nothing that has a place.
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        Error {
            code,
            path: None,
            at: None,
            message: message.into(),
            snippet: String::new(),
        }
    }

    /// About a file. The message names it.
    pub fn of(code: Code, path: &str, message: impl Into<String>) -> Error {
        Error {
            path: Some(path.to_string()),
            ..Error::new(code, message)
        }
    }

    /// Of reading, writing or making a file: `cannot WHAT PATH: why`.
    pub fn io(what: &str, path: &Path, why: impl std::fmt::Display) -> Error {
        let shown = path.display().to_string();
        Error::of(Code::Io, &shown, format!("cannot {what} {shown}: {why}"))
    }

    /// The same, said to be about a file.
    pub fn in_file(mut self, path: &str) -> Error {
        self.path.get_or_insert_with(|| path.to_string());
        self
    }

    /// The same, with words before the message.
    pub fn context(mut self, words: impl std::fmt::Display) -> Error {
        self.message = format!("{words}{}", self.message);
        self
    }

    /// For the report.
    pub fn report(&self) -> ErrorReport {
        ErrorReport {
            code: self.code.word(),
            path: self.path.clone(),
            line: self.at.map(|a| a.0),
            column: self.at.map(|a| a.1),
            message: self.message.clone(),
        }
    }
}

impl From<ConfigError> for Error {
    fn from(e: ConfigError) -> Error {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Error {
            code: Code::Config,
            path: Some(e.path.display().to_string()),
            at: e.at.map(|(l, c)| (number(l), number(c))),
            message: e.headline(),
            snippet: e.snippet,
        }
    }
}

impl From<crate::front::assume::AssumeError> for Error {
    fn from(e: crate::front::assume::AssumeError) -> Error {
        Error::new(Code::Assumption, e.to_string())
    }
}

/// What a function of the engine gives.
pub type Result<T> = std::result::Result<T, Error>;
