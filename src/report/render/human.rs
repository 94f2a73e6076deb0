//! The report for a person at a terminal.

use crate::ir::Kernel;
use crate::prove::{BarrierVerdict, KernelVerdicts, Race, Verdict, Witness};
use crate::report::describe;
use crate::report::model::{FileReport, KernelReport};
use crate::report::rule::Rule;
use crate::report::steps::{launch, verb};
use crate::source::{Diagnostic, SourceMap, Span, render};

/// Renders findings of one kernel in their source: those that `wanted` chooses by kind and place; empty when there are none.
pub fn kernel(
    map: &SourceMap,
    path: &str,
    k: &Kernel,
    v: &KernelVerdicts,
    r: &KernelReport,
    wanted: &dyn Fn(Rule, Span) -> bool,
    color: bool,
) -> String {
    let mut out = String::new();
    for (b, br) in v.barriers.iter().zip(&r.barriers) {
        if !wanted(Rule::of_verdict(br.verdict), b.span) {
            continue;
        }
        let mut d = barrier(map, k, b, &br.reason, &br.call_path);
        if let Some(command) = &br.replay {
            d = d.with_note(format!("replay: {command}"));
        }
        out.push_str(&render(&d, map, color));
    }
    for (race, rr) in v.races.iter().zip(&r.races) {
        let rule = if race.flags_only {
            Rule::Flags
        } else {
            Rule::Race
        };
        if !race.accesses.iter().any(|(s, ..)| wanted(rule, *s)) {
            continue;
        }
        let mut m = race_message(map, k, race, rr.status, rr.scope);
        if let Some(command) = &rr.replay {
            m = m.with_note(format!("replay: {command}"));
        }
        out.push_str(&render(&m, map, color));
    }
    for (d, dr) in v.divergent.iter().zip(&r.divergent_barriers) {
        if !wanted(Rule::Divergent, d.span) {
            continue;
        }
        let message = format!("barrier divergence: {}", dr.reason);
        let mut m = Diagnostic::warning(message).with_primary(d.span, "this barrier");
        if let Some(c) = d.culprit {
            m = m.with_secondary(c, "this value differs between threads");
        }
        out.push_str(&render(&m, map, color));
    }
    for (u, ur) in k.unsupported.iter().zip(&r.unsupported) {
        if !wanted(Rule::Unsupported, u.span) {
            continue;
        }
        let m = Diagnostic::warning(format!("unsupported {}", ur.construct))
            .with_primary(u.span, "not analysed; what depends on it is unknown");
        out.push_str(&render(&m, map, color));
    }
    if out.is_empty() {
        return out;
    }
    format!(
        "{path}:{}: kernel {}\n\n{out}{}",
        r.line,
        k.name,
        summary(r)
    )
}

/// What of a file was not analysed; empty when everything was.
pub fn not_analysed(f: &FileReport) -> String {
    let mut out = String::new();
    for n in &f.not_analysed {
        let path = n.path.as_deref().unwrap_or(&f.path);
        out.push_str(&format!(
            "not analysed: {path}:{}:{}: {}: {}\n",
            n.line,
            n.column,
            n.title(),
            n.reason
        ));
        let lines: Vec<String> = n.barriers.iter().map(u32::to_string).collect();
        if !lines.is_empty() {
            out.push_str(&format!(
                "  unknown: the barrier{} at line {}\n",
                if lines.len() == 1 { "" } else { "s" },
                lines.join(", ")
            ));
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// The findings of a file that are accepted, and why; empty when there are none.
pub fn accepted(f: &FileReport) -> String {
    let mut out = String::new();
    for a in &f.accepted {
        let path = a.path.as_deref().unwrap_or(&f.path);
        out.push_str(&format!(
            "accepted: {path}:{}:{}: {}: {}\n  because: {} ({})\n",
            a.line, a.column, a.finding, a.message, a.reason, a.accepted_at
        ));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn summary(r: &KernelReport) -> String {
    let count = |name: &str| r.barriers.iter().filter(|b| b.verdict == name).count();
    let mut parts = Vec::new();
    for name in ["removable", "weakenable", "required", "unknown"] {
        let n = count(name);
        if n > 0 {
            parts.push(format!("{n} {name}"));
        }
    }
    if parts.is_empty() {
        parts.push("no barriers".into());
    }
    let mut out = format!("  {}: {}", r.name, parts.join(", "));
    if !r.jointly_removable.is_empty() {
        let lines: Vec<String> = r.jointly_removable.iter().map(u32::to_string).collect();
        out.push_str(&format!("; together removable: line {}", lines.join(", ")));
    }
    for e in &r.exclusive {
        let lines: Vec<String> = e.lines.iter().map(u32::to_string).collect();
        out.push_str(&format!(
            "; not all of line {}{}",
            lines.join(", "),
            if e.status == "refuted" {
                ""
            } else {
                " (not proved)"
            }
        ));
    }
    if !r.races.is_empty() {
        out.push_str(&format!("; {} race(s) as written", r.races.len()));
    }
    out.push('\n');
    let replayed = &r.replayed;
    if replayed.assignments > 0 {
        let shown = replayed.as_given + replayed.nearby;
        out.push_str(&format!(
            "  replayed {shown} of {} satisfying assignment{}",
            replayed.assignments,
            if replayed.assignments == 1 { "" } else { "s" }
        ));
        if replayed.nearby > 0 {
            out.push_str(&format!(" ({} with other inputs)", replayed.nearby));
        }
        out.push('\n');
    }
    if r.cached {
        out.push_str("  cached: proved before with the same input (--no-cache proves it again)\n");
    }
    out.push('\n');
    out
}

fn barrier(
    map: &SourceMap,
    k: &Kernel,
    v: &BarrierVerdict,
    reason: &str,
    call_path: &[String],
) -> Diagnostic {
    let name = v.verdict.name();
    let mut d = match v.verdict {
        Verdict::Removable | Verdict::Weakenable | Verdict::Required => {
            Diagnostic::note(format!("{name}: {reason}"))
        }
        Verdict::Unknown => Diagnostic::warning(format!("{name}: {reason}")),
    };
    d = d.with_primary(v.span, name);
    if let Some(w) = &v.witness {
        d = with_witness(d, map, k, w);
    }
    if !call_path.is_empty() {
        d = d.with_note(format!("reached through {}", call_path.join(" > ")));
    }
    d
}

fn race_message(map: &SourceMap, k: &Kernel, r: &Race, status: &str, scope: &str) -> Diagnostic {
    let name = k
        .objects
        .get(r.object as usize)
        .map_or("memory", |o| o.name.as_str());
    let mut d = Diagnostic::warning(format!(
        "{status} data race on `{name}` in the kernel as written ({scope})"
    ));
    if r.flags_only {
        d = d.with_note("flags: the threads meet at a barrier in between, whose mem_flags do not name this memory");
    }
    match &r.witness {
        Some(w) => d = with_witness(d, map, k, w),
        None => {
            for (s, kind, _) in &r.accesses {
                d = d.with_secondary(*s, describe::access_kind(*kind));
            }
            d = d.with_note("not decided within the time limit");
        }
    }
    d
}

/// Adds the two accesses and the launch of a witness.
pub fn with_witness(mut d: Diagnostic, map: &SourceMap, k: &Kernel, w: &Witness) -> Diagnostic {
    let report = describe::witness(map, k, w);
    for (s, t) in w.sides.iter().zip(&report.threads) {
        let mut text = format!(
            "thread {} {} {}",
            t.index,
            verb(t.kind),
            k.objects
                .get(w.object as usize)
                .map_or_else(String::new, |o| describe::element(o, s.offset)),
        );
        for i in &t.iterations {
            text.push_str(&format!(
                ", iteration {} of the loop at line {}",
                i.iteration, i.line
            ));
        }
        d = d.with_secondary(s.span, text);
    }
    if let Some(o) = &report.order {
        d = d.with_note(format!(
            "{} is {} with the barrier and {} without it",
            o.element, o.with, o.without
        ));
    }
    d.with_note(launch(&report))
}
