//! `[[accept]]`: findings that a project accepts, with a reason.
//!
//! ```toml
//! [[accept]]
//! file = "softmax/rows.metal"
//! kernel = "softmax_rows"          # optional
//! finding = "race"                 # a rule of the report, without `unbarrier/`
//! text = "partial[tid] = x;"       # or line = 31
//! reason = "all threads write the same value"
//! ```

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::document::AcceptEntry;
use super::{Config, ConfigError};
use crate::engine::error::Error;
use crate::report::accept::{Acceptance, Misfit};
use crate::report::rule::Rule;

/// What can be accepted.
pub const RULES: [&str; 9] = [
    "race",
    "flags",
    "divergent",
    "unknown",
    "not-analysed",
    "unsupported",
    "removable",
    "weakenable",
    "required",
];

/// An acceptance, and where it stands.
#[derive(Clone, Debug)]
pub struct Accept {
    /// What is accepted.
    pub acceptance: Acceptance,
    path: PathBuf,
    text: String,
    span: Range<usize>,
}

impl Accept {
    /// The problem with an acceptance that does not fit the findings of a file.
    pub fn misfit(&self, m: &Misfit, file: &str) -> Error {
        let a = &self.acceptance;
        let rule = a.rule.name();
        let mut place = Vec::new();
        if let Some(l) = a.line {
            place.push(format!("line {l}"));
        }
        if let Some(t) = &a.text {
            place.push(format!("the text `{t}`"));
        }
        let place = place.join(" and ");
        let of = a
            .kernel
            .as_ref()
            .map_or_else(String::new, |k| format!(" in kernel {k}"));
        let list = |lines: &[u32]| {
            let shown: Vec<String> = lines.iter().map(u32::to_string).collect();
            format!(
                "line{} {}",
                if lines.len() == 1 { "" } else { "s" },
                shown.join(", ")
            )
        };
        let message = match m {
            Misfit::Nothing(known) => {
                let known = if known.is_empty() {
                    format!("there is no finding `{rule}`{of} at all")
                } else {
                    format!("findings `{rule}`{of} are on {}", list(known))
                };
                format!(
                    "this accepts what is not there: no finding `{rule}`{of} of {file} is on {place}; {known}. Delete the entry, or correct it"
                )
            }
            Misfit::Several(lines) => format!(
                "this accepts more than one place: findings `{rule}`{of} of {file} match {place} on {}. Expected one line: add `line`, or more of the text",
                list(lines)
            ),
        };
        ConfigError::at(&self.path, &self.text, self.span.clone(), message).into()
    }
}

impl Config {
    /// Every acceptance is sound by itself.
    pub(super) fn check_accepted(&self) -> Result<(), ConfigError> {
        for entry in &self.accept {
            let a = entry.get_ref();
            let finding = a.finding.get_ref();
            if !RULES.contains(&finding.as_str()) {
                let message = format!(
                    "`{finding}` is no finding that can be accepted; expected one of {}",
                    RULES.join(", ")
                );
                return Err(self.error(a.finding.span(), message));
            }
            if a.line.is_none() && a.text.is_none() {
                let message = "this says of no line that it is accepted; expected `line` or `text`";
                return Err(self.error(head(entry, &self.text), message.into()));
            }
            if let Some(l) = a.line.as_ref().filter(|l| *l.get_ref() == 0) {
                return Err(self.error(l.span(), "lines are counted from 1".into()));
            }
            if let Some(t) = a.text.as_ref().filter(|t| t.get_ref().trim().is_empty()) {
                let message = "an empty text is on every line; expected a part of the line";
                return Err(self.error(t.span(), message.into()));
            }
            if a.reason.get_ref().trim().is_empty() {
                let message = "the reason is empty; expected why this finding is accepted";
                return Err(self.error(a.reason.span(), message.into()));
            }
        }
        Ok(())
    }

    /// What is accepted in a file, in some of its kernels.
    pub(super) fn accepted(&self, relative: &Path, kernels: &[&str]) -> Vec<Accept> {
        let about = |a: &AcceptEntry| {
            a.file.get_ref() == relative
                && a.kernel
                    .as_ref()
                    .is_none_or(|k| kernels.contains(&k.get_ref().as_str()))
        };
        self.accept
            .iter()
            .filter(|e| about(e.get_ref()))
            .filter_map(|entry| {
                let a = entry.get_ref();
                let span = head(entry, &self.text);
                let (line, column) = super::error::position(&self.text, span.start);
                let owned = |s: &Option<Spanned<String>>| s.as_ref().map(|s| s.get_ref().clone());
                Some(Accept {
                    acceptance: Acceptance {
                        kernel: owned(&a.kernel),
                        rule: Rule::named(a.finding.get_ref())?,
                        line: a.line.as_ref().map(|l| *l.get_ref()),
                        text: owned(&a.text),
                        reason: a.reason.get_ref().trim().to_string(),
                        stated_at: format!("{}:{line}:{column}", self.shown().display()),
                    },
                    path: self.shown(),
                    text: self.text.clone(),
                    span,
                })
            })
            .collect()
    }
}

/// The first line of an entry: its header.
fn head(entry: &Spanned<AcceptEntry>, text: &str) -> Range<usize> {
    let s = entry.span();
    let all = text.get(s.clone()).unwrap_or("");
    let first = all.lines().next().unwrap_or("").trim_end().len();
    s.start..s.start + first
}
