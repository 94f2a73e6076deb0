//! The report for a person: one line per finding, problems first.
//!
//! Purpose: twenty barriers on one screen. Source, witness and replay command of a finding are in `human`, for those who ask.
//! Nothing is left out: what is grouped is counted.

use std::collections::BTreeMap;

use crate::report::finding::{self, Finding, Place};
use crate::report::instances::{grouped, names};
use crate::report::model::{FileReport, KernelReport};
use crate::report::rule::Rule;
use crate::report::steps::{launch, thread_name, verb};
use crate::report::total::Totals;

/// The lines of a file. `wanted` chooses findings; without assumptions and summary where `brief`.
pub fn file(f: &FileReport, wanted: &dyn Fn(&Finding<'_>) -> bool, brief: bool) -> String {
    let mut out = String::new();
    if !brief {
        out.push_str(&heading(f));
    }
    let all = finding::of(f);
    let mut chosen: Vec<&Finding> = all
        .iter()
        .filter(|x| x.accepted.is_none() && wanted(x))
        .collect();
    chosen.sort_by_key(|x| x.rule);
    let mut groups: Vec<(&Finding, Vec<&Finding>)> = Vec::new();
    for x in chosen {
        let like = |g: &&mut (&Finding, Vec<&Finding>)| {
            matches!(x.rule, Rule::Race | Rule::Flags)
                && (g.0.rule, &g.0.message, &g.0.kernels) == (x.rule, &x.message, &x.kernels)
        };
        match groups.iter_mut().find(like) {
            Some(g) => g.1.push(x),
            None => groups.push((x, Vec::new())),
        }
    }
    for (x, more) in groups {
        out.push_str(&line(f, x, &more));
    }
    if !brief {
        out.push_str(&joint(f));
        out.push_str(&free(f));
        out.push('\n');
    }
    out
}

/// The file, what is in it, and what is assumed.
fn heading(f: &FileReport) -> String {
    let n = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let what = match (f.kernels.len(), f.not_analysed.len()) {
        (0, 0) => "no kernels, nothing to prove".to_string(),
        (0, _) => "no kernels were analysed".to_string(),
        (k, _) => format!("{}, {}", n(k, "kernel"), n(f.barriers.len(), "barrier")),
    };
    let mut out = format!("{}: {what}\n", f.path);
    let mut by: BTreeMap<&str, (usize, Vec<&str>)> = BTreeMap::new();
    for k in &f.kernels {
        for a in &k.assumptions {
            let order = by.len();
            let entry = by.entry(a).or_insert((order, Vec::new()));
            entry.1.push(&k.name);
        }
    }
    let mut assumed: Vec<(&str, (usize, Vec<&str>))> = by.into_iter().collect();
    assumed.sort_by_key(|(_, (order, _))| *order);
    for (a, (_, kernels)) in assumed {
        if kernels.len() == f.kernels.len() {
            out.push_str(&format!("  assuming {a}\n"));
        } else {
            out.push_str(&format!("  assuming {a} ({})\n", names(f, &kernels)));
        }
    }
    out
}

fn line(f: &FileReport, x: &Finding<'_>, more: &[&Finding<'_>]) -> String {
    let mut out = format!(
        "{}:{}:{}: {}",
        x.at.path,
        x.at.line,
        x.at.column,
        said(f, x)
    );
    match x.kernels.as_slice() {
        [] => {}
        all if all.len() == f.kernels.len() && all.len() > 1 => out.push_str(" (all kernels)"),
        all if f.kernels.len() > 1 => out.push_str(&format!(" ({})", names(f, all))),
        _ => {}
    }
    let paths = call_paths(f, &x.at);
    if paths > 1 && is_verdict(x.rule) {
        out.push_str(&format!(" ({paths} call paths)"));
    }
    if !more.is_empty() {
        let lines: Vec<String> = more.iter().map(|m| m.at.line.to_string()).collect();
        out.push_str(&format!(
            "; {} more like it, at line {}",
            more.len(),
            lines.join(", ")
        ));
    }
    out.push('\n');
    out
}

fn is_verdict(r: Rule) -> bool {
    matches!(
        r,
        Rule::Unknown | Rule::Removable | Rule::Weakenable | Rule::Required
    )
}

/// What a finding says in one line.
fn said(f: &FileReport, x: &Finding<'_>) -> String {
    if x.rule == Rule::Required
        && let Some(w) = x.witness
        && let [a, b] = w.threads.as_slice()
        && w.order.is_none()
    {
        let at = |t: &crate::report::model::WitnessThread| {
            let path = t.path.as_ref().filter(|p| **p != f.path);
            path.map_or_else(
                || format!("{}:{}", t.line, t.column),
                |p| format!("{p}:{}:{}", t.line, t.column),
            )
        };
        let mut out = format!(
            "required: {} {} {} at {}, {} {} it at {}; {}",
            thread_name(a),
            verb(a.kind),
            w.array,
            at(a),
            thread_name(b),
            verb(b.kind),
            at(b),
            launch(w)
        );
        if x.message.contains("removable for up to") {
            out.push_str(&format!("; {}", x.message.trim_start_matches("required: ")));
        }
        return out;
    }
    if is_verdict(x.rule) {
        return x.message.clone();
    }
    let mut out = format!("{}: {}", x.rule.name(), x.message);
    if let (Rule::Race | Rule::Flags, Some((p, what))) = (x.rule, x.related.get(1)) {
        out.push_str(&format!("; {what} at {}:{}", p.line, p.column));
    }
    out
}

/// Call paths by which kernels reach a barrier.
fn call_paths(f: &FileReport, at: &Place) -> usize {
    let mut seen: Vec<&Vec<String>> = Vec::new();
    for b in f.kernels.iter().flat_map(|k| &k.barriers) {
        let path = b.path.as_ref().unwrap_or(&f.path);
        let here = (path, b.line, b.column) == (&at.path, at.line, at.column);
        if here && !seen.contains(&&b.call_path) {
            seen.push(&b.call_path);
        }
    }
    seen.len()
}

/// What can go together.
fn joint(f: &FileReport) -> String {
    let lines = |l: &[u32]| l.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let mut said: Vec<(&str, String)> = Vec::new();
    for k in &f.kernels {
        if k.jointly_removable.len() > 1 {
            let all = lines(&k.jointly_removable);
            said.push((&k.name, format!("together removable: line {all}")));
        }
        for e in &k.exclusive {
            let why = if e.status == "refuted" {
                ""
            } else {
                " (not proved)"
            };
            let all = lines(&e.lines);
            said.push((&k.name, format!("not all of line {all}{why}")));
        }
    }
    let all = grouped(f, said).into_iter();
    all.map(|(who, what)| format!("  {who}: {what}\n"))
        .collect()
}

/// What the verdicts mean: which kernels are free of races as written.
fn free(f: &FileReport) -> String {
    if f.kernels.is_empty() {
        return String::new();
    }
    let of = |free: bool| -> Vec<&str> {
        let all = f
            .kernels
            .iter()
            .filter(|k: &&KernelReport| k.race_free == free);
        all.map(|k| k.name.as_str()).collect()
    };
    let mut out = String::new();
    let free = of(true);
    if !free.is_empty() {
        out.push_str(&format!(
            "  {} {} free of races within a threadgroup and of divergent barriers as written: `removable` also means same results\n",
            names(f, &free),
            if free.len() == 1 { "is" } else { "are" }
        ));
    }
    let other = of(false);
    if !other.is_empty() {
        out.push_str(&format!(
            "  {} {} not shown free of races within a threadgroup and of divergent barriers as written: `removable` means no race is added\n",
            names(f, &other),
            if other.len() == 1 { "was" } else { "were" }
        ));
    }
    let cached: Vec<&str> = f
        .kernels
        .iter()
        .filter(|k| k.cached)
        .map(|k| k.name.as_str())
        .collect();
    if !cached.is_empty() {
        out.push_str(&format!(
            "  cached: proved before with the same input (--no-cache proves it again): {}\n",
            names(f, &cached)
        ));
    }
    out
}

/// The last line.
pub fn total(t: &Totals) -> String {
    let n = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let mut parts = Vec::new();
    for (count, what) in [
        (t.removable, "removable"),
        (t.weakenable, "weakenable"),
        (t.required, "required"),
        (t.unknown, "unknown"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let mut out = format!(
        "{}, {}, {}",
        n(t.files, "file"),
        n(t.kernels, "kernel"),
        n(t.barriers, "barrier")
    );
    if !parts.is_empty() {
        out.push_str(&format!(": {}", parts.join(", ")));
    }
    for (count, what) in [(t.races, "race"), (t.divergent, "divergent barrier")] {
        if count > 0 {
            out.push_str(&format!("; {} as written", n(count, what)));
        }
    }
    if t.not_analysed > 0 {
        out.push_str(&format!("; {} not analysed", t.not_analysed));
    }
    if t.accepted > 0 {
        out.push_str(&format!("; {} accepted", t.accepted));
    }
    out.push('\n');
    out
}
