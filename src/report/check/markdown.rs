//! `check` as a comment on a pull request (GitHub Markdown).

use super::{ChangeReport, CheckReport, KernelCheck, describe};
use crate::report::model::RaceReport;

/// GitHub's limit is 65,536 characters; what is beyond this is left out, aloud.
const LONGEST: usize = 60_000;

/// The comment.
pub fn document(r: &CheckReport) -> String {
    let head = r.head.as_deref().unwrap_or("the work tree");
    let mut out = format!(
        "### unbarrier: {}\n\nBarriers of {} against {}.\n",
        title(r.verdict),
        code(head),
        code(&r.base)
    );
    if !r.not_analysed.is_empty() {
        out.push_str("\n**Not analysed**\n\n| where | version | why |\n|---|---|---|\n");
    }
    for u in &r.not_analysed {
        let line = u.line.map_or_else(String::new, |l| format!(":{l}"));
        out.push_str(&format!(
            "| {} | {} | {} |\n",
            code(&format!("{}{line}", u.path)),
            u.version,
            escape(&u.reason)
        ));
    }
    if r.files.iter().all(|f| f.kernels.is_empty()) {
        out.push_str(if r.not_analysed.is_empty() {
            "\nNo barrier change.\n"
        } else {
            "\nNo barrier change was seen, but not everything was analysed.\n"
        });
    } else {
        out.push_str("\n| kernel | verdict | |\n|---|---|---|\n");
        for f in &r.files {
            for k in &f.kernels {
                out.push_str(&format!(
                    "| {} ({}:{}) | {} | {} |\n",
                    code(&k.kernel),
                    escape(&f.path),
                    k.line,
                    k.verdict,
                    escape(&k.reason)
                ));
            }
        }
    }
    let mut left = 0;
    for f in &r.files {
        for k in f.kernels.iter() {
            let text = details(&f.path, k);
            if out.len() + text.len() > LONGEST {
                left += 1;
            } else {
                out.push_str(&text);
            }
        }
    }
    if left > 0 {
        out.push_str(&format!(
            "\nDetails of {left} more kernels do not fit in a comment; see the JSON report.\n"
        ));
    }
    for e in &r.errors {
        out.push_str(&format!("\n**error:** {}\n", escape(&e.message)));
    }
    out
}

fn title(verdict: &str) -> &'static str {
    match verdict {
        "refuted" => "a race is possible",
        "undecided" => "not decided",
        _ => "proved",
    }
}

fn details(path: &str, k: &KernelCheck) -> String {
    let mut out = format!(
        "\n#### {} ({}:{})\n\n",
        code(&k.kernel),
        escape(path),
        k.line
    );
    if let Some(why) = &k.why {
        out.push_str(&format!("{}\n\n", escape(why)));
    }
    for c in &k.changes {
        out.push_str(&format!(
            "- {}{}: **{}** {}\n",
            escape(&describe(c)),
            places(c),
            c.verdict,
            escape(&c.reason)
        ));
    }
    if let Some(w) = &k.witness {
        out.push_str(&format!("\nRace on {}:\n\n", code(&w.array)));
        for t in &w.threads {
            let turns: Vec<String> = t
                .iterations
                .iter()
                .map(|i| format!(", iteration {} of the loop at line {}", i.iteration, i.line))
                .collect();
            out.push_str(&format!(
                "- thread {} ({}) at line {}{}\n",
                t.index,
                t.kind,
                t.line,
                turns.concat()
            ));
        }
        let [x, y, z] = w.threadgroup;
        let mut launch = format!("threadgroup ({x}, {y}, {z})");
        for (n, v) in &w.parameters {
            launch.push_str(&format!(", {n} = {v}"));
        }
        out.push_str(&format!("\nwith {}\n", escape(&launch)));
    }
    if let Some(command) = &k.replay {
        out.push_str(&format!("\n```\n{command}\n```\n"));
    }
    for d in &k.divergent {
        out.push_str(&format!("- line {}: {}\n", d.line, escape(&d.reason)));
    }
    for (what, list) in [("existing race", &k.existing), ("fixed race", &k.fixed)] {
        for x in list {
            out.push_str(&race(what, x));
        }
    }
    out
}

fn places(c: &ChangeReport) -> String {
    match (&c.old, &c.new) {
        (Some(o), Some(n)) => format!(" (line {} → {})", o.line, n.line),
        (Some(o), None) => format!(" (line {} of the old version)", o.line),
        (None, Some(n)) => format!(" (line {})", n.line),
        (None, None) => String::new(),
    }
}

fn race(what: &str, r: &RaceReport) -> String {
    let lines: Vec<String> = r.accesses.iter().map(|a| a.line.to_string()).collect();
    format!(
        "- {what} on {} between lines {}\n",
        code(&r.array),
        lines.join(" and ")
    )
}

/// Text that is not to be read as Markdown.
fn escape(s: &str) -> String {
    let mut out = String::new();
    for c in s.chars() {
        match c {
            '|' | '*' | '_' | '<' | '>' | '[' | ']' | '#' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// As code; in a table a bar must be escaped even there.
fn code(s: &str) -> String {
    let s = s.replace(['\n', '\r'], " ").replace('|', "\\|");
    if s.contains('`') {
        format!("`` {s} ``")
    } else {
        format!("`{s}`")
    }
}
