//! `confirm` at a terminal.

use std::fmt::Write as _;

use super::emit;
use crate::confirm::judge::Relation;
use crate::engine::confirm::ConfirmObserver;
use crate::engine::confirm::report::{BarrierResult, FileResult, Outcome, RaceResult};

/// Shows each file as soon as it is done, where people read along.
pub struct View {
    /// People read along.
    pub human: bool,
}

impl ConfirmObserver for View {
    fn file(&self, f: &FileResult) {
        if self.human {
            emit(&human(f));
        }
    }

    fn note(&self, text: &str) {
        if self.human {
            emit(&format!("note: {text}\n"));
        }
    }
}

fn words(b: &BarrierResult) -> String {
    if !b.reached {
        return "the launch does not reach it".into();
    }
    let mut out = match (&b.race, &b.failure) {
        (Some(r), _) => r.words(),
        (None, Some(f)) => f.clone(),
        // A device shows outputs, not races.
        (None, None) if b.seconds.is_some() => "run".into(),
        (None, None) => "no race seen".into(),
    };
    if let Some((with, without)) = b.seconds {
        let _ = write!(
            out,
            "; {:.1} µs, without it {:.1} µs ({:+.1} µs)",
            with * 1e6,
            without * 1e6,
            (without - with) * 1e6
        );
    }
    match b.output_equal {
        Some(true) => out.push_str("; output equal"),
        Some(false) => {
            let _ = write!(
                out,
                "; output differs: {}",
                b.difference.as_deref().unwrap_or("")
            );
        }
        None => {
            if let Some(d) = &b.difference {
                let _ = write!(out, "; output differs where it never does as written: {d}");
            }
        }
    }
    if b.launch.is_some() {
        out.push_str("; under the launch of the witness of `prove`");
    }
    if let Some(r) = &b.weakened_race {
        let _ = write!(out, "; with a simdgroup_barrier: {}", r.words());
    }
    out
}

/// A contradiction stands out.
fn mark(relation: &'static str) -> &'static str {
    if relation == Relation::Contradicts.words() {
        "CONTRADICTS"
    } else {
        relation
    }
}

/// As text.
fn human(f: &FileResult) -> String {
    let mut out = String::new();
    for e in &f.errors {
        let _ = writeln!(out, "error: {}: {e}", f.path);
    }
    for (name, message) in &f.rejected {
        let _ = writeln!(
            out,
            "error: {}: kernel {name} does not compile against the stand-in for Metal's headers:\n{message}",
            f.path
        );
    }
    for k in &f.kernels {
        let _ = writeln!(out, "{}: kernel {}", f.path, k.name);
        if let Some(e) = &k.failure {
            let _ = writeln!(out, "  error: {e}");
        }
        for o in &k.outside {
            let _ = writeln!(out, "  error: {o}");
        }
        if k.derived_launch {
            let _ = writeln!(
                out,
                "  note: launched as derived; `unbarrier launch {}` prints how",
                f.path
            );
        }
        for r in k.races.iter().take(4) {
            let _ = writeln!(out, "  as written: {}", r.words());
        }
        for r in &k.remarks {
            let _ = writeln!(out, "  note: {r}");
        }
        for b in &k.barriers {
            let verdict = b.verdict.map_or(String::new(), |v| format!("{v}: "));
            let mark = mark(b.relation);
            let place = if b.file == f.path {
                format!("line {}", b.line)
            } else {
                format!("{}:{}", b.file, b.line)
            };
            let _ = writeln!(out, "  {place}: {verdict}{mark}: {}", words(b));
        }
        if let Some(j) = &k.together {
            let lines: Vec<String> = j.lines.iter().map(u32::to_string).collect();
            let what = j
                .race
                .as_ref()
                .map_or("no race seen".into(), RaceResult::words);
            let mark = mark(j.relation);
            let _ = writeln!(out, "  lines {} together: {mark}: {what}", lines.join(", "));
        }
    }
    out
}

/// The last line.
pub fn summary(o: &Outcome) -> String {
    let kernels: usize = o.files.iter().map(|f| f.kernels.len()).sum();
    let barriers: usize = o
        .files
        .iter()
        .flat_map(|f| &f.kernels)
        .map(|k| k.barriers.len())
        .sum();
    format!(
        "{kernels} kernels, {barriers} barriers ({} back end, {}): {} agree, {} do not refute, {} not reached, {} contradict\n\
         a clean run covers one launch and {} {}; it does not prove that a barrier can go\n",
        o.backend,
        o.compiler,
        o.count(Relation::Agrees.words()),
        o.count(Relation::DoesNotRefute.words()),
        o.count("not reached"),
        o.contradictions(),
        o.schedules,
        if o.backend == "cpu" {
            "schedules"
        } else {
            "repeats"
        }
    )
}
