//! Holds what our front end made of a file against what Clang makes of the same tokens.
//!
//! Purpose: prover and executor share the lowered program, so neither sees a fault of the front end; Clang does. Compared are the
//! declaration of every name and call, the types of expressions, integer constants, and the layout of records. Direction: finds differences,
//! proves nothing: what one side does not say is counted ([`Outcome::skipped`]), never passed.

mod compare;
mod probes;
mod spelling;
mod tokens;
mod types;

use std::collections::BTreeMap;

use crate::confirm::syntax::{Facts, facts};
use crate::confirm::{ConfirmError, Toolchain};
use crate::front::lower::Log;
use crate::source::{SourceMap, Span, Token};

use tokens::Tokens;

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Where.
    pub at: Span,
    /// What we say.
    pub ours: String,
    /// What Clang says.
    pub clang: String,
}

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Differences that no rule explains.
    pub differences: Vec<Difference>,
    /// What agrees, by kind.
    pub agreed: BTreeMap<&'static str, u64>,
    /// What could not be compared, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Differences that are right, by rule ([`RULES`]).
    pub explained: BTreeMap<&'static str, u64>,
}

/// Differences that are right, and why.
pub const RULES: &[(&str, &str)] = &[
    (
        types::SWIZZLE,
        "the stand-in makes a swizzle a class that converts to a vector; in Metal it is the vector",
    ),
    (
        types::LITERAL,
        "Metal has no `double`: a literal without a suffix is a `float`, and so is what is computed with it",
    ),
];

impl Outcome {
    fn agree(&mut self, kind: &'static str) {
        *self.agreed.entry(kind).or_default() += 1;
    }

    fn skip(&mut self, reason: &'static str, n: u64) {
        if n > 0 {
            *self.skipped.entry(reason).or_default() += n;
        }
    }

    fn explain(&mut self, rule: &'static str) {
        *self.explained.entry(rule).or_default() += 1;
    }

    fn differ(&mut self, at: Span, ours: String, clang: String) {
        self.differences.push(Difference { at, ours, clang });
    }

    /// How much agrees.
    pub fn total(&self) -> u64 {
        self.agreed.values().sum()
    }
}

/// Compares the log of a file with Clang's reading of its tokens.
///
/// # Errors
/// Clang cannot be run or rejects the text.
pub fn compare(
    tools: &Toolchain,
    map: &SourceMap,
    tokens: &[Token],
    log: &Log,
) -> Result<Outcome, ConfirmError> {
    let tokens = Tokens::new(map, tokens);
    let clang: Facts = facts(tools, &tokens.text(), false).map_err(|e| match e {
        ConfirmError::Compile(m) => ConfirmError::Compile(placed(&tokens, &m)),
        e => e,
    })?;
    let mut out = Outcome::default();
    compare::uses(&tokens, log, &clang, &mut out);
    types::compare(&tokens, log, &clang, &mut out);
    let probes = probes::Probes::new(&tokens, log, &mut out);
    if !probes.is_empty() {
        let seen = facts(tools, &probes.text(&tokens), true)?;
        probes.compare(&seen, &mut out);
    }
    out.differences.sort();
    out.differences.dedup();
    Ok(out)
}

/// The errors in Clang's messages, with the places of their tokens.
fn placed(tokens: &Tokens<'_>, messages: &str) -> String {
    let one = |l: &str| {
        let (at, what) = l.split_once(": error: ")?;
        let line = at.rsplit(':').nth(1)?.parse::<u32>().ok()?;
        let token = line.checked_sub(1)?;
        Some(format!("{}: {what}", tokens.place(token)))
    };
    let errors: Vec<String> = messages.lines().filter_map(one).collect();
    match errors.is_empty() {
        true => messages.to_string(),
        false => errors.join("\n"),
    }
}
