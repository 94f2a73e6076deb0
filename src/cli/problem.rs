//! Bad input, for a person and for a report.

use std::fmt;

use super::config::ConfigError;
use crate::report::model::ErrorReport;

/// What is wrong with an input. Displayed: all of it, with the line it is about where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    path: Option<String>,
    at: Option<(u32, u32)>,
    /// One line.
    headline: String,
    snippet: String,
}

impl Problem {
    /// About a file. The message names it.
    pub fn of(path: &str, message: String) -> Problem {
        Problem {
            path: Some(path.to_string()),
            at: None,
            headline: message,
            snippet: String::new(),
        }
    }

    /// For the report.
    pub fn into_report(self) -> ErrorReport {
        ErrorReport {
            path: self.path,
            line: self.at.map(|a| a.0),
            column: self.at.map(|a| a.1),
            message: self.headline,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.headline, self.snippet)
    }
}

impl From<ConfigError> for Problem {
    fn from(e: ConfigError) -> Problem {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Problem {
            path: Some(e.path.display().to_string()),
            at: e.at.map(|(l, c)| (number(l), number(c))),
            headline: e.headline(),
            snippet: e.snippet,
        }
    }
}
