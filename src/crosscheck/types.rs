//! The types of expressions.
//!
//! Purpose: for each expression that was lowered, its type must be one that Clang gives an expression of the same tokens. Direction: types are compared
//! without `const`, `volatile` and address spaces (what a place may be used for is seen in the overloads that are chosen); types that have no name
//! in the log are counted.

use std::collections::BTreeSet;

use crate::confirm::syntax::Facts;
use crate::front::lower::Log;

use super::Outcome;
use super::tokens::Tokens;

/// A swizzle of the stand-in.
pub const SWIZZLE: &str = "swizzle";
/// Reserved for scalars of the library.
pub const BOOLEAN: &str = "scalar of the library";

/// Compares all types.
pub fn compare(tokens: &Tokens<'_>, log: &Log, facts: &Facts, out: &mut Outcome) {
    out.skip("expressions of a type without a name", log.unspelled);
    for (span, ours) in &log.types {
        let (Some(first), Some(last)) = (tokens.first(*span), tokens.last(*span)) else {
            out.skip("expressions in the expansion of a macro", 1);
            continue;
        };
        let Some(theirs) = facts.types.get(&(first, last)) else {
            out.skip("expressions that Clang's tree does not have", 1);
            continue;
        };
        let canonical: BTreeSet<String> = theirs.iter().map(|t| canonical(t)).collect();
        if canonical.contains(ours) {
            out.agree("types");
        } else if theirs.iter().any(|t| swizzle(t).as_ref() == Some(ours)) {
            out.explain(SWIZZLE);
        } else {
            let all: Vec<String> = canonical.into_iter().map(|t| format!("`{t}`")).collect();
            let text = format!("type `{ours}`");
            out.differ(*span, text, format!("type {}", all.join(" or ")));
        }
    }
}

/// A type of Clang's as the log spells it: `long long` has the values of `long`, `signed char` those of `char`.
pub fn canonical(t: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for w in t.split(' ') {
        let bare = w.trim_start_matches('(');
        match bare {
            "const" | "volatile" | "signed" | "struct" | "class" | "enum" | "union" => {}
            "long" if out.last() == Some(&"long") => {}
            _ => out.push(w),
        }
    }
    let text = out.join(" ");
    let text = text.replace("const ", "").replace("volatile ", "");
    let text = text.replace("signed char", "char").replace("unchar", "unsigned char");
    text.replace("__fp16", "half").replace("_Float16", "half")
}

/// The vector that a swizzle of the stand-in is.
fn swizzle(t: &str) -> Option<String> {
    let t = canonical(t);
    let inside = t.strip_prefix("ub::swizzle<")?.strip_suffix('>')?;
    let parts: Vec<&str> = inside.split(", ").collect();
    let n = parts.len().checked_sub(2)?;
    Some(format!("metal::vec<{}, {n}>", parts.first()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn representations_of_one_type() {
        assert_eq!(canonical("const unsigned char *"), "unsigned char *");
        assert_eq!(canonical("unsigned long long"), "unsigned long");
        assert_eq!(canonical("metal::vec<__fp16, 2>"), "metal::vec<half, 2>");
        assert_eq!(canonical("N::S<const signed char>"), "N::S<char>");
        assert_eq!(
            swizzle("ub::swizzle<float, 4, 0, 1>"),
            Some("metal::vec<float, 2>".into())
        );
        assert_eq!(swizzle("float"), None);
    }
}
