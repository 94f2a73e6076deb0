//! The types of expressions.
//!
//! Purpose: for each expression that was lowered, its type must be one that Clang gives an expression of the same tokens. Direction: types are compared
//! without `const`, `volatile` and address spaces (what a place may be used for is seen in the overloads that are chosen); types that have no name
//! in the log are counted.

use std::collections::BTreeSet;

use crate::confirm::syntax::Facts;
use crate::front::lower::Log;

use super::Outcome;
use super::spelling::{expanded, same, single, swizzle};
use super::tokens::Tokens;

/// A literal without a suffix.
pub const LITERAL: &str = "literals without a suffix";
/// A swizzle of the stand-in.
pub const SWIZZLE: &str = "swizzles";

/// Compares all types.
pub fn compare(tokens: &Tokens<'_>, log: &Log, facts: &Facts, out: &mut Outcome) {
    out.skip("expressions of a type without a name", log.unspelled);
    for (span, ours) in &log.types {
        let (Some(first), Some(last)) = (tokens.first(*span), tokens.last(*span)) else {
            out.skip("expressions in the expansion of a macro", 1);
            continue;
        };
        let Some(theirs) = facts.types.get(&(first, last)) else {
            let pattern = facts.patterns.contains_key(&(first, last));
            let why = match pattern {
                true => "expressions of templates that Clang does not instantiate",
                false => "expressions that Clang's tree does not have",
            };
            out.skip(why, 1);
            continue;
        };
        let by_alias = |t: &String| {
            let all = expanded(t, &facts.aliases);
            all.iter().any(|t| same(ours, t))
        };
        if theirs.iter().any(|t| same(ours, t)) || theirs.iter().any(by_alias) {
            out.agree("types");
        } else if theirs
            .iter()
            .any(|t| swizzle(t).is_some_and(|t| same(ours, &t)))
        {
            out.explain(SWIZZLE);
        } else if theirs
            .iter()
            .any(|t| single(t).is_some_and(|t| same(ours, &t)))
        {
            out.explain(LITERAL);
        } else {
            let all: BTreeSet<String> = theirs.iter().map(|t| format!("`{t}`")).collect();
            let all: Vec<String> = all.into_iter().collect();
            let text = format!("type `{ours}`");
            out.differ(*span, text, format!("type {}", all.join(" or ")));
        }
    }
}
