//! `check` for a person at a terminal.

use super::{CheckReport, KernelCheck, describe};
use crate::ir::Kernel;
use crate::prove::Witness;
use crate::report::human::with_witness;
use crate::source::{Diagnostic, SourceMap, Span, render};

/// Where a change is, for the snippet: in the old version, in the new one.
pub type Places = (Option<Span>, Option<Span>);

/// Renders what there is to say of one kernel. `map` has the files of both versions; `places` belong to the changes.
pub fn kernel(
    map: &SourceMap,
    path: &str,
    k: &Kernel,
    r: &KernelCheck,
    places: &[Places],
    witness: Option<&Witness>,
    color: bool,
) -> String {
    let mut out = format!("{path}:{}: kernel {}\n", r.line, r.kernel);
    for a in &r.assumptions {
        out.push_str(&format!("  assuming {a}\n"));
    }
    if let Some(why) = &r.why {
        out.push_str(&format!("  {why}\n"));
    }
    out.push('\n');
    for (c, (old, new)) in r.changes.iter().zip(places) {
        let message = format!("{}: {}", describe(c), c.reason);
        let mut d = if c.verdict == "refuted" || c.verdict == "undecided" {
            Diagnostic::warning(message)
        } else {
            Diagnostic::note(message)
        };
        match (old, new) {
            (Some(o), Some(n)) => {
                d = d
                    .with_primary(*n, "new version")
                    .with_secondary(*o, "old version");
            }
            (Some(s), None) => d = d.with_primary(*s, "old version"),
            (None, Some(s)) => d = d.with_primary(*s, "new version"),
            (None, None) => {}
        }
        out.push_str(&render(&d, map, color));
    }
    if let Some(w) = witness {
        let message = match (r.verdict, w.replayed) {
            ("refuted", _) => "two threads race in the new version (replayed)",
            (_, true) => "two threads race",
            (_, false) => "perhaps two threads race (not replayed)",
        };
        let d = if r.verdict == "refuted" {
            Diagnostic::error(message)
        } else {
            Diagnostic::warning(message)
        };
        let mut d = with_witness(d, map, k, w);
        if let Some(command) = &r.replay {
            d = d.with_note(format!("replay: {command}"));
        }
        out.push_str(&render(&d, map, color));
    }
    for d in &r.divergent {
        out.push_str(&format!(
            "  line {}: barrier divergence: {}\n",
            d.line, d.reason
        ));
    }
    for (what, list) in [("existing race", &r.existing), ("fixed race", &r.fixed)] {
        for x in list {
            let lines: Vec<String> = x.accesses.iter().map(|a| a.line.to_string()).collect();
            out.push_str(&format!(
                "  {what} on `{}` between lines {} ({})\n",
                x.array,
                lines.join(" and "),
                x.scope
            ));
        }
    }
    out.push_str(&format!("  {}: {}: {}\n\n", r.kernel, r.verdict, r.reason));
    out
}

/// The last lines.
pub fn summary(r: &CheckReport) -> String {
    let kernels: Vec<&KernelCheck> = r.files.iter().flat_map(|f| &f.kernels).collect();
    let unchanged: usize = r.files.iter().map(|f| f.unchanged).sum();
    let head = r.head.as_deref().unwrap_or("the work tree");
    let mut out = String::new();
    for u in &r.not_analysed {
        let line = u.line.map_or_else(String::new, |l| format!(":{l}"));
        out.push_str(&format!(
            "not analysed: {}{line} ({} version): {}\n",
            u.path, u.version, u.reason
        ));
    }
    out + &last_line(r, &kernels, unchanged, head)
}

fn last_line(r: &CheckReport, kernels: &[&KernelCheck], unchanged: usize, head: &str) -> String {
    if kernels.is_empty() && !r.not_analysed.is_empty() {
        return format!(
            "{} to {head}: undecided: no barrier change was seen in {}, but not everything was analysed\n",
            r.base,
            plural(r.files.len(), "changed file")
        );
    }
    if kernels.is_empty() {
        let what = if r.files.is_empty() {
            "no kernel source changed".to_string()
        } else {
            format!(
                "no barrier change in {} ({unchanged} kernel{} of it the same but for formatting or names)",
                plural(r.files.len(), "changed file"),
                if unchanged == 1 { "" } else { "s" }
            )
        };
        return format!("{} to {head}: {what}\n", r.base);
    }
    let count = |v: &str| kernels.iter().filter(|k| k.verdict == v).count();
    let mut parts = Vec::new();
    for v in ["proved", "undecided", "refuted"] {
        if count(v) > 0 {
            parts.push(format!("{} {v}", count(v)));
        }
    }
    if !r.not_analysed.is_empty() {
        parts.push(format!("{} not analysed", r.not_analysed.len()));
    }
    format!(
        "{} to {head}: {}: {}\n",
        r.base,
        plural(
            kernels.len(),
            "kernel with changed barriers or code around them"
        ),
        parts.join(", ")
    )
}

fn plural(n: usize, what: &str) -> String {
    match what.split_once(' ') {
        _ if n == 1 => format!("1 {what}"),
        Some((first, rest)) if first == "kernel" => format!("{n} {first}s {rest}"),
        _ => format!("{n} {what}s"),
    }
}
