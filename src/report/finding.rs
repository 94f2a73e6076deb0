//! From a report on a file to findings: one per place and rule, the kernels that share it named.
//!
//! Soundness direction: none; nothing is decided here. Every verdict on a barrier line, race, divergent barrier and construct that was not
//! understood is one finding or part of one; none is left out.

use std::collections::BTreeMap;

use super::model::*;
use super::obligation::fnv;
use super::rule::{Level, Rule};

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as in the report.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
}

/// A finding.
#[derive(Clone, Debug)]
pub struct Finding<'r> {
    /// What it is about.
    pub rule: Rule,
    /// How much it asks of a reader.
    pub level: Level,
    /// Where.
    pub at: Place,
    /// One sentence, without kernels.
    pub message: String,
    /// Kernels that it concerns.
    pub kernels: Vec<&'r str>,
    /// Other places, and what they are.
    pub related: Vec<(Place, String)>,
    /// A concrete conflict.
    pub witness: Option<&'r WitnessReport>,
    /// The witness is about the kernel without the barrier at [`Finding::at`].
    pub without_barrier: bool,
    /// A command that shows it happening.
    pub replay: Option<&'r str>,
    /// `unbarrier.toml` accepts it.
    pub accepted: Option<&'r AcceptedReport>,
    /// The same for the same finding after edits elsewhere in the file.
    pub fingerprint: String,
}

impl Finding<'_> {
    /// The message with the kernels.
    pub fn sentence(&self) -> String {
        match self.kernels.as_slice() {
            [] => self.message.clone(),
            [k] => format!("{} (kernel {k})", self.message),
            [first, rest @ ..] if rest.len() > 3 => {
                format!("{} (kernel {first} and {} more)", self.message, rest.len())
            }
            all => format!("{} (kernels {})", self.message, all.join(", ")),
        }
    }
}

/// The findings of a file, by place, then rule.
pub fn of(f: &FileReport) -> Vec<Finding<'_>> {
    let mut all = Found {
        file: f,
        by: BTreeMap::new(),
    };
    for s in &f.barriers {
        all.barrier(s);
    }
    for k in &f.kernels {
        for r in &k.races {
            all.race(k, r);
        }
        for d in &k.divergent_barriers {
            let at = all.place(&d.path, d.line, d.column);
            let message = format!("not all threads may reach this barrier: {}", d.reason);
            all.add(Rule::Divergent, at, message, &k.name);
        }
        for u in &k.unsupported {
            let at = all.place(&u.path, u.line, u.column);
            let message = format!("unsupported {}: what depends on it is unknown", u.construct);
            all.add(Rule::Unsupported, at, message, &k.name);
        }
    }
    for n in &f.not_analysed {
        let at = all.place(&n.path, n.line, n.column);
        let message = format!("{} was not analysed: {}", n.title(), n.reason);
        all.add(Rule::NotAnalysed, at, message, "");
    }
    if let Some(r) = f.removal.as_ref().filter(|r| !r.proved) {
        all.removal(r);
    }
    for c in &f.changes {
        all.change(c);
    }
    let mut out: Vec<Finding> = all.by.into_values().collect();
    out.sort_by(|a, b| {
        let key = |x: &Finding| (x.at.path != f.path, x.at.clone(), x.rule, x.message.clone());
        key(a).cmp(&key(b))
    });
    fingerprints(f, &mut out);
    for x in &mut out {
        x.accepted = f
            .accepted
            .iter()
            .find(|a| a.fingerprint == x.fingerprint && a.finding == x.rule.name());
    }
    out
}

/// What tells findings apart.
type Key = (Rule, Place, String, Vec<Place>);

struct Found<'r> {
    file: &'r FileReport,
    by: BTreeMap<Key, Finding<'r>>,
}

impl<'r> Found<'r> {
    fn place(&self, path: &Option<String>, line: u32, column: u32) -> Place {
        Place {
            path: path.clone().unwrap_or_else(|| self.file.path.clone()),
            line,
            column,
        }
    }

    fn entry(&mut self, key: Key, kernel: &'r str) -> &mut Finding<'r> {
        let (rule, at, message, _) = key.clone();
        let f = self.by.entry(key).or_insert_with(|| Finding {
            rule,
            level: rule.level(),
            at,
            message,
            kernels: Vec::new(),
            related: Vec::new(),
            witness: None,
            without_barrier: false,
            replay: None,
            accepted: None,
            fingerprint: String::new(),
        });
        if !kernel.is_empty() && !f.kernels.contains(&kernel) {
            f.kernels.push(kernel);
        }
        f
    }

    fn add(&mut self, rule: Rule, at: Place, message: String, kernel: &'r str) {
        self.entry((rule, at, message, Vec::new()), kernel);
    }

    fn barrier(&mut self, s: &'r SiteReport) {
        let rule = Rule::of_verdict(s.verdict);
        let at = self.place(&s.path, s.line, s.column);
        let message = format!("{}: {}", s.verdict, s.reason);
        let related = s.witness.as_ref().map(|w| self.accesses(w));
        let f = self.entry((rule, at, message, Vec::new()), "");
        f.kernels = s.kernels.iter().map(String::as_str).collect();
        f.related = related.unwrap_or_default();
        f.witness = s.witness.as_ref();
        f.without_barrier = true;
        f.replay = s.replay.as_deref();
    }

    /// The places of the two accesses of a witness.
    fn accesses(&self, w: &WitnessReport) -> Vec<(Place, String)> {
        let one = |t: &WitnessThread| {
            let what = format!(
                "{} {}",
                super::steps::thread_name(t),
                super::steps::access(w, t)
            );
            (self.place(&t.path, t.line, t.column), what)
        };
        w.threads.iter().map(one).collect()
    }

    fn race(&mut self, k: &'r KernelReport, r: &'r RaceReport) {
        let rule = if r.flags_only {
            Rule::Flags
        } else {
            Rule::Race
        };
        let places: Vec<Place> = r
            .accesses
            .iter()
            .map(|a| self.place(&a.path, a.line, a.column))
            .collect();
        let Some(first) = places.first().cloned() else {
            return;
        };
        let flags = if r.flags_only {
            "; the threads meet at a barrier whose flags do not name this memory"
        } else {
            ""
        };
        let message = format!(
            "{} data race on {} memory `{}` ({}){flags}",
            r.status, r.space, r.array, r.scope
        );
        let related = match &r.witness {
            Some(w) => self.accesses(w),
            None => places
                .iter()
                .zip(&r.accesses)
                .map(|(p, a)| (p.clone(), format!("{} of {}", a.kind, r.array)))
                .collect(),
        };
        let confirmed = r.status == "confirmed";
        let f = self.entry((rule, first, message, places), &k.name);
        if !confirmed {
            f.level = Level::Warning;
        }
        if f.related.is_empty() || f.witness.is_none() {
            f.related = related;
            f.witness = r.witness.as_ref();
            f.replay = r.replay.as_deref();
        }
    }

    fn change(&mut self, c: &'r ChangeFinding) {
        let at = self.place(&None, c.line, c.column);
        let related = c.witness.as_ref().map(|w| self.accesses(w));
        let key = (Rule::Change, at, c.message.clone(), Vec::new());
        let f = self.entry(key, &c.kernel);
        if !c.refuted {
            f.level = Level::Warning;
        }
        f.related = related.unwrap_or_default();
        f.witness = c.witness.as_ref();
        f.replay = c.replay.as_deref();
    }

    fn removal(&mut self, r: &'r RemovalReport) {
        let lines: Vec<String> = r.lines.iter().map(u32::to_string).collect();
        let line = r.lines.first().copied().unwrap_or(1);
        let column = self
            .file
            .barriers
            .iter()
            .find(|s| s.path.is_none() && s.line == line)
            .map_or(1, |s| s.column);
        let at = self.place(&None, line, column);
        let message = format!("removing line {}: {}", lines.join(", "), r.reason);
        let related = r.witness.as_ref().map(|w| self.accesses(w));
        let f = self.entry((Rule::Removal, at, message, Vec::new()), "");
        f.related = related.unwrap_or_default();
        f.witness = r.witness.as_ref();
        f.without_barrier = true;
    }
}

/// A hash of the rule and the text of the lines without white space; equal ones are numbered in order.
fn fingerprints(f: &FileReport, all: &mut [Finding]) {
    let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
    for x in all {
        let mut text = format!("{}\n{}\n", x.rule.name(), line_text(f, &x.at));
        // What a race is on; a verdict's reason may change without the verdict.
        if matches!(x.rule, Rule::Race | Rule::Flags | Rule::Unsupported) {
            text.push_str(x.message.split('`').nth(1).unwrap_or(""));
            for (p, _) in &x.related {
                text.push_str(&format!("\n{}", line_text(f, p)));
            }
        }
        let hash = fnv(&text);
        let n = seen.entry(hash).or_insert(0);
        *n += 1;
        x.fingerprint = format!("{hash:016x}:{n}");
    }
}

/// The text of a line without white space; its number where the text is not known.
pub fn line_text(f: &FileReport, p: &Place) -> String {
    let line = f
        .sources
        .iter()
        .find(|s| s.path == p.path)
        .and_then(|s| s.text.lines().nth(p.line.saturating_sub(1) as usize));
    match line {
        Some(t) => t.split_whitespace().collect::<Vec<_>>().join(""),
        None => format!("line {}", p.line),
    }
}
