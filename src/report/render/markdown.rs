//! The report as Markdown for a comment on a change.
//!
//! Soundness direction: none; nothing is decided here. What does not fit is counted and said to be missing, the least important first.

use std::collections::BTreeMap;

use crate::report::finding::{Finding, of};
use crate::report::model::Report;
use crate::report::place::Base;
use crate::report::rule::Rule;
use crate::report::steps;

/// Most bytes of a comment on GitHub (it counts characters, which are no more).
pub const LIMIT: usize = 65_536;

/// What is kept for the note on what is missing.
const RESERVE: usize = 400;

/// A part of the comment: left out as a whole, or from some row on.
struct Section {
    open: String,
    rows: Vec<String>,
    close: String,
}

/// The whole report, at most [`LIMIT`] bytes. Paths are relative to the root of `base`.
pub fn render(report: &Report, base: &Base) -> String {
    let files: Vec<Vec<Finding>> = report.files.iter().map(of).collect();
    let all: Vec<&Finding> = files.iter().flatten().collect();
    let mut out = format!("### unbarrier\n\n{}\n\n", headline(report, &all));
    let open = |x: &&&Finding| x.accepted.is_none();
    let mut sections = Vec::new();
    if !report.errors.is_empty() {
        let rows = report.errors.iter().map(|e| {
            let path = e.path.as_deref().map_or("", |p| p);
            let line = e.line.map_or_else(String::new, |l| format!(":{l}"));
            format!(
                "| {} | {} |\n",
                code(&format!("{}{line}", base.shown(path))),
                escape(&e.message)
            )
        });
        sections.push(Section {
            open: "**Not analysed**\n\n| where | what is wrong |\n|---|---|\n".into(),
            rows: rows.collect(),
            close: "\n".into(),
        });
    }
    let of_rule = |r: Rule| all.iter().filter(open).filter(move |x| x.rule == r);
    let wrong = [Rule::Removal, Rule::Race, Rule::Flags, Rule::Divergent];
    let better = [Rule::Removable, Rule::Weakenable];
    let open_questions = [Rule::Unknown, Rule::NotAnalysed, Rule::Unsupported];
    for (title, rules) in [
        ("**Problems of the kernels**", &wrong[..]),
        ("**Barriers that can go or be weakened**", &better),
        ("**Not decided**", &open_questions),
    ] {
        let rows = rules.iter().flat_map(|r| of_rule(*r)).map(|x| row(base, x));
        sections.push(Section {
            open: format!("{title}\n\n| where | finding | kernels |\n|---|---|---|\n"),
            rows: rows.collect(),
            close: "\n".into(),
        });
    }
    sections.push(Section {
        open: "<details><summary>Accepted in unbarrier.toml</summary>\n\n| where | finding | reason |\n|---|---|---|\n".into(),
        rows: all
            .iter()
            .filter_map(|x| x.accepted.map(|a| (x, a)))
            .map(|(x, a)| {
                let said = format!("{} ({})", a.reason, a.accepted_at);
                format!("| {} | {} | {} |\n", place(base, x), what(x), escape(&said))
            })
            .collect(),
        close: "\n</details>\n\n".into(),
    });
    sections.push(Section {
        open: "<details><summary>Witnesses</summary>\n\n".into(),
        rows: wrong
            .iter()
            .flat_map(|r| of_rule(*r))
            .chain(of_rule(Rule::Required))
            .filter_map(|x| witness(base, x))
            .collect(),
        close: "\n</details>\n\n".into(),
    });
    sections.push(Section {
        open: "<details><summary>Barriers that are needed</summary>\n\n| where | finding | kernels |\n|---|---|---|\n".into(),
        rows: of_rule(Rule::Required).map(|x| row(base, x)).collect(),
        close: "\n</details>\n\n".into(),
    });
    sections.push(Section {
        open: "<details><summary>What this rests on</summary>\n\n".into(),
        rows: assumptions(report),
        close: "\n</details>\n\n".into(),
    });
    fit(&mut out, &sections);
    out
}

/// Appends what fits, row by row, and says what does not.
fn fit(out: &mut String, sections: &[Section]) {
    let mut missing = 0;
    for s in sections.iter().filter(|s| !s.rows.is_empty()) {
        let fits = |out: &String, more: usize| out.len() + more + s.close.len() + RESERVE <= LIMIT;
        let first = s.rows.first().map_or(0, String::len);
        if !fits(out, s.open.len() + first) {
            missing += s.rows.len();
            continue;
        }
        out.push_str(&s.open);
        let mut full = false;
        for r in &s.rows {
            full = full || !fits(out, r.len());
            if full {
                missing += 1;
            } else {
                out.push_str(r);
            }
        }
        out.push_str(&s.close);
    }
    if missing > 0 {
        let s = if missing == 1 {
            "entry does"
        } else {
            "entries do"
        };
        out.push_str(&format!(
            "_{missing} more {s} not fit into a comment ({LIMIT} characters); `--format html` or `--format sarif` has all._\n"
        ));
    }
}

fn headline(report: &Report, all: &[&Finding]) -> String {
    let mut counts: BTreeMap<Rule, usize> = BTreeMap::new();
    for x in all {
        *counts.entry(x.rule).or_default() += 1;
    }
    let count =
        |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let kernels: usize = report.files.iter().map(|f| f.kernels.len()).sum();
    let mut parts = Vec::new();
    for (rule, one, many) in [
        (Rule::Removal, "removal not proved", "removals not proved"),
        (Rule::Race, "race", "races"),
        (Rule::Flags, "race past flags", "races past flags"),
        (Rule::Divergent, "divergent barrier", "divergent barriers"),
        (Rule::Removable, "removable barrier", "removable barriers"),
        (
            Rule::Weakenable,
            "weakenable barrier",
            "weakenable barriers",
        ),
        (Rule::Unknown, "barrier undecided", "barriers undecided"),
        (
            Rule::NotAnalysed,
            "declaration not analysed",
            "declarations not analysed",
        ),
        (Rule::Required, "barrier needed", "barriers needed"),
    ] {
        if let Some(n) = counts.get(&rule) {
            parts.push(format!("**{}**", count(*n, one, many)));
        }
    }
    if parts.is_empty() {
        parts.push("no barriers".into());
    }
    format!(
        "{} in {}, {}",
        parts.join(", "),
        count(report.files.len(), "file", "files"),
        count(kernels, "kernel", "kernels")
    )
}

fn place(base: &Base, x: &Finding) -> String {
    code(&format!("{}:{}", base.shown(&x.at.path), x.at.line))
}

/// The rule and the message, which begins with the rule where it is a verdict.
fn what(x: &Finding) -> String {
    let name = x.rule.name();
    let rest = x
        .message
        .strip_prefix(name)
        .and_then(|m| m.strip_prefix(": "));
    let parts = rest.unwrap_or(&x.message).split('`').enumerate();
    let shown: String = parts
        .map(|(i, p)| if i % 2 == 1 { code(p) } else { escape(p) })
        .collect();
    format!("**{name}**: {shown}")
}

fn row(base: &Base, x: &Finding) -> String {
    let kernels: Vec<String> = x.kernels.iter().take(3).map(|k| code(k)).collect();
    let more = match x.kernels.len().saturating_sub(3) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!(
        "| {} | {} | {}{more} |\n",
        place(base, x),
        what(x),
        kernels.join(", ")
    )
}

fn witness(base: &Base, x: &Finding) -> Option<String> {
    let w = x.witness?;
    let removed = x
        .without_barrier
        .then(|| (Some(x.at.path.clone()), x.at.line, x.at.column));
    let mut out = format!(
        "{} {}: {}\n",
        place(base, x),
        what(x),
        escape(&steps::launch(w))
    );
    for s in steps::of(w, removed) {
        let who = match s.thread.and_then(|n| w.threads.get(n)) {
            Some(t) => format!("{} ", steps::thread_name(t)),
            None => String::new(),
        };
        out.push_str(&format!(
            "1. line {}: {}{}\n",
            s.line,
            escape(&who),
            escape(&s.text)
        ));
    }
    if let Some(r) = x.replay {
        out.push_str(&format!("\n   {}\n", code(r)));
    }
    out.push('\n');
    Some(out)
}

/// Each list of assumptions once, with the kernels that share it.
fn assumptions(report: &Report) -> Vec<String> {
    let mut by: BTreeMap<&[String], Vec<&str>> = BTreeMap::new();
    for k in report.files.iter().flat_map(|f| &f.kernels) {
        by.entry(&k.assumptions).or_default().push(&k.name);
    }
    by.iter()
        .map(|(what, kernels)| {
            let names: Vec<String> = kernels.iter().take(10).map(|k| code(k)).collect();
            let more = match kernels.len().saturating_sub(10) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            format!(
                "- {}{more}: {}\n",
                names.join(", "),
                escape(&what.join("; "))
            )
        })
        .collect()
}

/// Text that means nothing to Markdown, HTML or GitHub (mentions, issue numbers), on one line.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '@' | '&' | '#' | '$'
            | '"' | '\'' => {
                out.push_str(&format!("&#{};", u32::from(c)));
            }
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escape("a|b`c`\n@x #1"), "a&#124;b&#96;c&#96; &#64;x &#35;1");
        assert_eq!(code("p<int>*"), "<code>p&#60;int&#62;&#42;</code>");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let section = |n: usize| Section {
            open: "open\n".into(),
            rows: vec!["x".repeat(99) + "\n"; n],
            close: "close\n".into(),
        };
        let mut out = String::new();
        fit(&mut out, &[section(3), section(1000), section(7)]);
        assert!(out.len() <= LIMIT);
        let rows = out.lines().filter(|l| l.starts_with('x')).count();
        assert_eq!(out.matches("open").count(), out.matches("close").count());
        assert!(
            out.contains(&format!("_{} more entries", 1010 - rows)),
            "{rows}"
        );
        let mut small = String::new();
        fit(&mut small, &[section(2)]);
        assert_eq!(small.lines().count(), 4);
    }
}
