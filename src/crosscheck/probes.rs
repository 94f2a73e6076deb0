//! Constants and layouts, asked for by aliases that are added to the text.
//!
//! Purpose: `using ub_probe_3 = ub::value<N>;` behind a declaration makes Clang print what `N` is, in every instance of a template.

use std::collections::BTreeMap;

use crate::confirm::syntax::Facts;
use crate::front::lower::Log;

use super::Outcome;
use super::tokens::Tokens;

/// What is asked.
pub struct Probes {
    behind: BTreeMap<u32, String>,
}

impl Probes {
    /// Questions about everything in a log.
    pub fn new(_tokens: &Tokens<'_>, _log: &Log, _out: &mut Outcome) -> Probes {
        Probes {
            behind: BTreeMap::new(),
        }
    }

    /// Nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.behind.is_empty()
    }

    /// The text with the questions.
    pub fn text(&self, tokens: &Tokens<'_>) -> String {
        tokens.text_with(&self.behind)
    }

    /// Compares the answers.
    pub fn compare(&self, _seen: &Facts, _out: &mut Outcome) {}
}
