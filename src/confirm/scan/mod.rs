//! Finds what the harness must know of a preprocessed Metal file: entry points, their parameters, threadgroup variables.
//!
//! This is all that `confirm` reads of a source itself; everything else is the compiler's business. It shares nothing with `front`: a bug there
//! cannot hide here. Input is the output of `clang -E` (macros expanded, line markers in place), in which Metal's words are still words. Output is
//! the same text with these edits, so that Clang takes it as C++:
//!
//! * `threadgroup T x[N];` in a function body becomes `UB_THREADGROUP threadgroup T x[N]; ub::name("x", x);` (one instance, in a known section);
//! * `[[function_constant(n)]]` at the end of a declaration becomes an initialiser, `is_function_constant_defined(x)` a question to the launch;
//! * the attribute `[[threadgroup(n)]]` gets another name (`threadgroup` is a macro for the compiler);
//! * attributes between `template` and an explicit instantiation are blanked;
//! * literals such as `1.0h` and `2bf` become casts.
//!
//! Direction: exact on what it recognises. A declaration that it does not recognise stays as it is, and Clang rejects it or gives every thread its
//! own copy, which can only hide races, and is visible as an array that has no name in reports.

mod entry;
mod lex;
mod rewrite;
#[cfg(test)]
mod tests;

pub use entry::{Entry, Parameter};

use lex::{Token, lex};

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The text with its edits.
    pub text: String,
    /// Entry points in source order; each explicit instantiation of a template is one.
    pub entries: Vec<Entry>,
}

/// Scans preprocessed text. `skip` names entry points (functions) whose bodies are left out, because the compiler rejects them.
pub fn scan(text: &str, skip: &[String]) -> Scan {
    let tokens = lex(text);
    let found = entry::entries(&tokens);
    let text = rewrite::rewrite(text, &tokens, &found, skip);
    let entries = found
        .into_iter()
        .filter(|e| !skip.contains(&e.function))
        .collect();
    Scan { text, entries }
}

/// The index of the bracket that closes the one at `open`; the number of tokens if none does.
fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0usize;
    for (i, t) in tokens.iter().enumerate().skip(open) {
        match t.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return i;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// The index after the `>` that closes the `<` at `open`.
fn after_angles(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0usize;
    let mut i = open;
    while i < tokens.len() {
        match tokens[i].text {
            "<" => depth += 1,
            ">" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return i + 1;
                }
            }
            "(" | "[" | "{" => i = closing(tokens, i),
            ";" => return i,
            _ => {}
        }
        i += 1;
    }
    tokens.len()
}
