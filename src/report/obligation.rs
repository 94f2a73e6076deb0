//! Decided obligations as SMT-LIB 2 files: their names and headers.
//!
//! Soundness direction: none; the formula is passed on as it was decided.

use std::fmt::Write;
use std::path::Path;

use super::describe::{access_kind, at, call_path};
use crate::cfg::Start;
use crate::encode::pair::Relation;
use crate::ir::{BarrierId, Kernel};
use crate::prove::record::{About, Decided, Place};
use crate::smt::Products;
use crate::source::{SourceMap, Span};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObligationFile {
    /// Its name: readable, and unique by a hash of the text.
    pub name: String,
    /// Its text.
    pub text: String,
    /// `unsat` or `sat`.
    pub status: &'static str,
    /// What it is for, in one line.
    pub what: String,
    /// The pairs, in one line.
    pub pairs: String,
}

/// Most pairs that a one-line summary lists.
const LISTED: usize = 4;

/// The file for a decided obligation. `main` is the source file as the user named it.
pub fn file(map: &SourceMap, main: &str, d: &Decided<'_>) -> ObligationFile {
    let status = if d.sat { "sat" } else { "unsat" };
    let (what, short) = purpose(map, d);
    let pairs: Vec<String> = d.pairs.iter().map(|p| pair(map, d.kernel, p)).collect();
    let mut head = Vec::new();
    head.push(format!("{main}, kernel {}: {what}", d.kernel.name));
    head.push(launches(d));
    if let Some(s) = d.start {
        head.push(format!("Interval: from {}.", start(map, d.kernel, s)));
    }
    if let Some(r) = d.relation {
        head.push(format!("Threads: {}.", threads(r)));
    }
    match pairs.len() {
        0 => {}
        1 => head.push(format!("Pair: {}.", pairs[0])),
        n => {
            head.push(format!("One of {n} pairs (a disjunction):"));
            head.extend(pairs.iter().map(|p| format!("  {p}")));
        }
    }
    head.push(meaning(d));
    if d.products == Products::Opaque && d.script.body.contains("mul#") {
        head.push(
            "Products are unknown numbers (mul#...) with true lemmas: fewer facts, so unsat stays right."
                .into(),
        );
    }
    if d.fixed {
        head.push(
            "One factor of each product has the value it has in Z3's model: the last assertions."
                .into(),
        );
    }
    let source = format!(
        "unbarrier {}\n{}",
        env!("CARGO_PKG_VERSION"),
        head.join("\n")
    );
    let mut text = String::from("(set-info :smt-lib-version 2.6)\n");
    let _ = writeln!(text, "(set-info :source |{}|)", quotable(&source));
    let _ = writeln!(text, "(set-info :status {status})");
    let _ = writeln!(text, "(set-logic {})", d.script.logic);
    text.push_str(&d.script.body);
    text.push_str("(check-sat)\n(exit)\n");
    let stem = Path::new(main)
        .file_stem()
        .map_or_else(|| "input".into(), |s| s.to_string_lossy().into_owned());
    let name = format!(
        "{}-{}-{short}{}-{:016x}.smt2",
        word(&stem, 40),
        word(&d.kernel.name, 48),
        lines(map, d),
        fnv(&text)
    );
    ObligationFile {
        name,
        text,
        status,
        what: format!("kernel {}: {what}", d.kernel.name),
        pairs: match pairs.len() {
            n if n > LISTED => format!("{} and {} more", pairs[..LISTED].join("; "), n - LISTED),
            _ => pairs.join("; "),
        },
    }
}

/// What an obligation is for: a sentence, and a part of a file name.
fn purpose(map: &SourceMap, d: &Decided<'_>) -> (String, String) {
    let span = |s: Span| {
        let (line, column) = at(map, s);
        format!("{line}:{column}")
    };
    match d.about {
        About::Races => ("existing races.".into(), "races".into()),
        About::Removal(set) => (
            format!("deleting {}.", barriers(map, d.kernel, set.iter().copied())),
            format!(
                "remove-{}",
                barrier_lines(map, d.kernel, set.iter().copied())
            ),
        ),
        About::Weakening(set) => (
            format!(
                "a simdgroup_barrier in place of {}.",
                barriers(map, d.kernel, set.iter().copied())
            ),
            format!(
                "weaken-{}",
                barrier_lines(map, d.kernel, set.iter().copied())
            ),
        ),
        About::NoOverflow(l, v) => {
            let loop_at = d
                .kernel
                .loops
                .get(l.index())
                .map_or(Span::default(), |l| l.span);
            let name = d.kernel.vars.get(v.index()).map_or("", |v| v.name.as_str());
            (
                format!(
                    "the step of `{name}` in the loop at {} stays in the range of its type.",
                    span(loop_at)
                ),
                format!("range-L{}-{}", at(map, loop_at).0, word(name, 24)),
            )
        }
        About::Assumptions => (
            "the assumptions do not contradict each other.".into(),
            "assumptions".into(),
        ),
    }
}

fn meaning(d: &Decided<'_>) -> String {
    let text = match (d.about, d.sat) {
        (About::NoOverflow(..), _) => "Expected unsat: no iteration leaves the range.",
        (About::Assumptions, true) => "Expected sat: a launch satisfies them.",
        (About::Assumptions, false) => "Expected unsat: no launch satisfies them.",
        (_, false) => "Expected unsat: the two threads cannot touch a common byte there.",
        (_, true) => "Expected sat: the two threads can touch a common byte there.",
    };
    text.into()
}

fn launches(d: &Decided<'_>) -> String {
    match d.contract.threadgroup {
        Some([x, y, z]) => format!("Launch: threadgroup ({x}, {y}, {z})."),
        None => format!(
            "Launch: {} to {} threads.",
            d.contract.min_threads, d.contract.max_threads
        ),
    }
}

fn threads(r: Relation) -> &'static str {
    match r {
        Relation::SameSimdgroup => "two distinct threads of one simdgroup",
        Relation::DifferentSimdgroups => "two threads of different simdgroups",
        Relation::Distinct => "two distinct threads",
    }
}

fn start(map: &SourceMap, kernel: &Kernel, s: Start) -> String {
    match s {
        Start::Entry => "the start of the kernel".into(),
        Start::Barrier(b) => barriers(map, kernel, [b].into_iter()),
    }
}

/// `the barrier at line 12 (through f (30:5))`.
fn barriers(map: &SourceMap, kernel: &Kernel, ids: impl Iterator<Item = BarrierId>) -> String {
    let each: Vec<String> = ids
        .filter_map(|b| kernel.barriers.get(b.index()))
        .map(|b| {
            let line = at(map, b.span).0;
            let through = call_path(map, kernel, b.path);
            if through.is_empty() {
                line.to_string()
            } else {
                format!("{line} (through {})", through.join(" > "))
            }
        })
        .collect();
    match each.len() {
        1 => format!("the barrier at line {}", each[0]),
        _ => format!("the barriers at lines {}", each.join(", ")),
    }
}

fn barrier_lines(map: &SourceMap, kernel: &Kernel, ids: impl Iterator<Item = BarrierId>) -> String {
    let lines: std::collections::BTreeSet<u32> = ids
        .filter_map(|b| kernel.barriers.get(b.index()))
        .map(|b| at(map, b.span).0)
        .collect();
    let first: Vec<String> = lines.iter().take(LISTED).map(|l| format!("L{l}")).collect();
    match lines.len() {
        n if n > LISTED => format!("{}+{}more", first.join("+"), n - LISTED),
        _ => first.join("+"),
    }
}

/// `read of tile at 12:5 and write at 30:9`.
fn pair(map: &SourceMap, kernel: &Kernel, [a, b]: &[Place; 2]) -> String {
    let name = kernel
        .objects
        .get(a.object.index())
        .map_or("memory", |o| o.name.as_str());
    let side = |p: &Place| {
        let (line, column) = at(map, p.span);
        format!("{} at line {line}:{column}", access_kind(p.kind))
    };
    format!("`{name}`, {} and {}", side(a), side(b))
}

/// The part of a file name that says which pair.
fn lines(map: &SourceMap, d: &Decided<'_>) -> String {
    match &d.pairs[..] {
        [] => String::new(),
        [[a, b]] => {
            let name = d
                .kernel
                .objects
                .get(a.object.index())
                .map_or("memory", |o| o.name.as_str());
            format!(
                "-{}-{}x{}",
                word(name, 24),
                at(map, a.span).0,
                at(map, b.span).0
            )
        }
        more => format!("-{}pairs", more.len()),
    }
}

/// A quoted symbol of SMT-LIB holds anything but `|` and `\`.
fn quotable(s: &str) -> String {
    s.replace('|', "!").replace('\\', "/")
}

/// What is safe in a file name anywhere, at most `most` characters.
fn word(s: &str, most: usize) -> String {
    s.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '_'
            }
        })
        .take(most)
        .collect()
}

/// FNV-1a, 64 bits: the same everywhere and always, which the standard library's hash is not.
pub fn fnv(s: &str) -> u64 {
    s.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_quotes() {
        assert_eq!(word("gemm<half, 4>", 8), "gemm_hal");
        assert_eq!(quotable("a|b\\c"), "a!b/c");
        // The published test vector of FNV-1a.
        assert_eq!(fnv("foobar"), 0x8594_4171_f739_67e8);
    }
}
