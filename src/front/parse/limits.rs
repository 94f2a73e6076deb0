//! Bounds on what is nested without brackets: operators, `else if`, `?:`.
//!
//! Purpose: the tree of `a + a + …` is as deep as the chain is long. Chains beyond a bound are
//! refused here, before anything recurses over them, with a message that says so.

use super::angles::Angles;
use super::brackets::NONE;
use super::words::{Word, WordKind};
use crate::source::{Diagnostic, Token};

/// Longest chain of operators or statements that nest in each other.
pub(super) const MAX_CHAIN: usize = 1000;

#[derive(Clone, Copy, Default)]
struct Level {
    operators: usize,
    statements: usize,
}

impl Level {
    fn sum(self) -> usize {
        self.operators + self.statements
    }
}

/// Finds chains that are too long.
pub(super) fn check(
    words: &[Word],
    tokens: &[Token],
    partner: &[u32],
    angles: &Angles,
) -> Vec<(usize, Diagnostic)> {
    let mut errors = Vec::new();
    let mut stack = vec![Level::default()];
    let mut total = 0usize;
    for (i, w) in words.iter().enumerate() {
        let Some(&top) = stack.last() else { break };
        let mut new = top;
        let else_next = words.get(i + 1).is_some_and(|n| n.is_kw("else"));
        match w.kind {
            WordKind::Keyword => match &*w.text {
                "if" if i > 0 && words[i - 1].is_kw("else") => {}
                "if" | "else" | "for" | "while" | "do" | "switch" | "template" => {
                    new.statements += 1;
                }
                "static_cast" | "sizeof" | "case" | "operator" => new.operators += 1,
                _ => {}
            },
            WordKind::Punct => match &*w.text {
                "(" | "[" | "{" if partner[i] != NONE => {
                    stack.push(Level::default());
                    continue;
                }
                "<" if angles.open[i].is_some() => {
                    stack.push(Level::default());
                    continue;
                }
                ">" | ">>" if angles.closes[i] > 0 => {
                    for _ in 0..angles.closes[i] {
                        pop(&mut stack, &mut total);
                    }
                    continue;
                }
                ")" | "]" | "}" if partner[i] != NONE => {
                    // Unclosed template lists do not outlive their bracket.
                    pop(&mut stack, &mut total);
                    let next_is_operator = words.get(i + 1).is_some_and(|n| {
                        n.kind == WordKind::Punct && !(n.is("}") || n.is(";") || n.is("["))
                    });
                    let Some(outer) = stack.last_mut() else { break };
                    if w.is("}") && !next_is_operator {
                        total -= outer.operators;
                        outer.operators = 0;
                        if !else_next {
                            total -= outer.statements;
                            outer.statements = 0;
                        }
                    } else {
                        outer.operators += 1;
                        total += 1;
                    }
                    if total > MAX_CHAIN {
                        report(&mut errors, i, words, tokens);
                        clear(&mut stack, &mut total);
                    }
                    continue;
                }
                ";" => {
                    new.operators = 0;
                    if !else_next {
                        new.statements = 0;
                    }
                }
                "," => new.operators = 0,
                ":" | "::" | "..." => {}
                _ => new.operators += 1,
            },
            _ => {}
        }
        total = total - top.sum() + new.sum();
        if let Some(t) = stack.last_mut() {
            *t = new;
        }
        if total > MAX_CHAIN {
            report(&mut errors, i, words, tokens);
            clear(&mut stack, &mut total);
        }
    }
    errors
}

fn pop(stack: &mut Vec<Level>, total: &mut usize) {
    if stack.len() > 1
        && let Some(l) = stack.pop()
    {
        *total -= l.sum();
    }
}

fn clear(stack: &mut [Level], total: &mut usize) {
    stack.fill(Level::default());
    *total = 0;
}

fn report(errors: &mut Vec<(usize, Diagnostic)>, i: usize, words: &[Word], tokens: &[Token]) {
    let d = Diagnostic::error(format!(
        "more than {MAX_CHAIN} operators or statements are chained into one"
    ))
    .with_code("parse::chain")
    .with_primary(
        tokens[words[i].first as usize].span,
        "the chain is too long here",
    )
    .with_help("split the expression, or the chain of `else if`, into several statements");
    errors.push((i, d));
}
