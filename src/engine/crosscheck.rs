//! Our reading of a file against Clang's.

use std::path::Path;

use super::load::{configured, preprocess_options};
use super::settings::SourceSettings;
use crate::confirm::{ConfirmError, Toolchain};
use crate::crosscheck::{Outcome, compare};
use crate::front::lower::{LowerOptions, lower_file};
use crate::front::parse::parse;
use crate::front::prelude;
use crate::source::{SourceMap, preprocess, render};

/// What became of a file.
#[derive(Debug)]
pub enum Checked {
    /// It was compared; differences as lines of text.
    Done(Vec<String>, Outcome),
    /// Clang does not take it.
    Rejected(String),
    /// It cannot be read.
    Bad(String),
}

/// Compares what names, types, constants and layouts of a file are taken to be with what Clang says.
pub fn cross_check(tools: &Toolchain, path: &Path, given: &SourceSettings) -> Checked {
    let settings = match configured(path, given) {
        Ok(s) => s,
        Err(e) => return Checked::Bad(e.to_string()),
    };
    let mut map = SourceMap::new();
    let file = match map.load(path) {
        Ok(f) => f,
        Err(e) => return Checked::Bad(e.to_string()),
    };
    let pre = preprocess(&mut map, file, &preprocess_options(&settings));
    // Clang has them in the header that stands for Metal's library.
    let mut tokens = prelude::tokens(&mut map, &pre.tokens);
    tokens.extend(pre.tokens.iter().cloned());
    let parsed = parse(&tokens);
    let mut problems = pre.diagnostics.iter().chain(&parsed.diagnostics);
    if let Some(d) = problems.find(|d| d.is_error()) {
        return Checked::Bad(render(d, &map, false).trim_end().to_string());
    }
    let options = LowerOptions {
        log: true,
        ..LowerOptions::default()
    };
    let lowered = lower_file(&parsed.unit, &options);
    match compare(tools, &map, &pre.tokens, &lowered.log) {
        Ok(out) => {
            let lines = out.differences.iter().map(|d| {
                let place = map.place(d.at);
                format!("{place}: we: {}, clang: {}", d.ours, d.clang)
            });
            Checked::Done(lines.collect(), out)
        }
        Err(ConfirmError::Compile(messages)) => Checked::Rejected(messages),
        Err(e) => Checked::Rejected(e.to_string()),
    }
}
