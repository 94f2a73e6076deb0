//! What stands first on the page: totals, problems, files with their kernels, and what all of it rests on.
//!
//! Purpose: a reader with hundreds of kernels sees what asks for attention and gets there by one link. Soundness direction: none; everything
//! here is said again, in full, below.

use std::collections::BTreeMap;

use serde::Serialize;

use super::FileView;
use crate::report::model::{FileReport, Report};
use crate::report::place::Base;
use crate::report::rule::Rule;
use crate::report::total::Totals;

/// More kernels of a file than these are listed in a fold that is closed at first.
const UNFOLDED: usize = 12;

/// Assumptions that are not folded; those that most kernels rest on.
const SHOWN: usize = 12;

/// Kernels that an assumption names at most.
const NAMED: usize = 4;

/// The overview.
#[derive(Serialize)]
pub struct Overview {
    totals: Totals,
    groups: Vec<Group>,
    files: Vec<Line>,
    assumptions: Vec<Assumption>,
    /// What else some kernels rest on, when there is much of it.
    more_assumptions: Vec<Assumption>,
}

/// Findings of one kind.
#[derive(Serialize)]
struct Group {
    rule: &'static str,
    title: &'static str,
    open: bool,
    entries: Vec<Entry>,
}

/// A finding.
#[derive(Serialize)]
struct Entry {
    target: String,
    place: String,
    kernels: String,
    message: String,
}

/// How many findings of a kind.
#[derive(Serialize)]
struct Count {
    rule: &'static str,
    count: usize,
}

/// A file.
#[derive(Serialize)]
struct Line {
    target: String,
    path: String,
    barriers: usize,
    counts: Vec<Count>,
    open: bool,
    kernels: Vec<KernelLine>,
}

/// A kernel.
#[derive(Serialize)]
struct KernelLine {
    target: String,
    name: String,
    counts: Vec<Count>,
    race_free: bool,
}

/// An assumption, and what rests on it.
#[derive(Serialize)]
struct Assumption {
    text: String,
    all: bool,
    kernels: Vec<(String, String)>,
    more: usize,
}

/// The overview of a report whose files are shown as `views`.
pub fn of(report: &Report, views: &[FileView<'_>], base: &Base) -> Overview {
    let mut assumptions = assumptions(views);
    let more_assumptions = assumptions.split_off(assumptions.len().min(SHOWN));
    Overview {
        totals: Totals::of(&report.files),
        groups: groups(views),
        files: report
            .files
            .iter()
            .zip(views)
            .map(|(f, v)| line(f, v, base))
            .collect(),
        assumptions,
        more_assumptions,
    }
}

/// Problems first. What is accepted comes last, whatever it is about.
fn groups(views: &[FileView<'_>]) -> Vec<Group> {
    let mut by: BTreeMap<(bool, Option<Rule>), Vec<Entry>> = BTreeMap::new();
    for f in views {
        for x in &f.findings {
            let rule = Rule::named(x.rule).filter(|_| x.accepted.is_none());
            by.entry((rule.is_none(), rule)).or_default().push(Entry {
                target: x.id.clone(),
                place: x.short_place.clone(),
                kernels: some(&x.kernels),
                message: x.message.clone(),
            });
        }
    }
    by.into_iter()
        .map(|((_, rule), entries)| Group {
            rule: rule.map_or("accepted", Rule::name),
            title: rule.map_or("Findings that unbarrier.toml accepts", Rule::short),
            // Barriers that are needed are as they should be.
            open: rule.is_some_and(|r| r != Rule::Required),
            entries,
        })
        .collect()
}

/// Names, or the first and how many more.
fn some(names: &[&str]) -> String {
    match names {
        [first, rest @ ..] if rest.len() > 2 => format!("{first} and {} more", rest.len()),
        all => all.join(", "),
    }
}

fn line(f: &FileReport, v: &FileView<'_>, base: &Base) -> Line {
    let mut all: BTreeMap<Rule, usize> = BTreeMap::new();
    let mut by: BTreeMap<&str, BTreeMap<Rule, usize>> = BTreeMap::new();
    for x in v.findings.iter().filter(|x| x.accepted.is_none()) {
        let Some(rule) = Rule::named(x.rule) else {
            continue;
        };
        *all.entry(rule).or_default() += 1;
        for k in &x.kernels {
            *by.entry(k).or_default().entry(rule).or_default() += 1;
        }
    }
    let kernels: Vec<KernelLine> = v
        .kernels
        .iter()
        .map(|k| KernelLine {
            target: k.id.clone(),
            name: k.name.to_string(),
            counts: by.get(k.name).map(counts).unwrap_or_default(),
            race_free: k.race_free,
        })
        .collect();
    Line {
        target: v.id.clone(),
        path: base.shown(&f.path),
        barriers: f.barriers.len(),
        counts: counts(&all),
        open: kernels.len() <= UNFOLDED,
        kernels,
    }
}

fn counts(by: &BTreeMap<Rule, usize>) -> Vec<Count> {
    by.iter()
        .map(|(r, count)| Count {
            rule: r.name(),
            count: *count,
        })
        .collect()
}

/// Each assumption once: what most kernels rest on first.
fn assumptions(views: &[FileView<'_>]) -> Vec<Assumption> {
    let mut by: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    let mut total = 0;
    for k in views.iter().flat_map(|f| &f.kernels) {
        total += 1;
        for a in k.assumptions {
            by.entry(a).or_default().push((k.id.as_str(), k.name));
        }
    }
    let mut out: Vec<_> = by.into_iter().collect();
    out.sort_by_key(|(_, kernels)| std::cmp::Reverse(kernels.len()));
    out.into_iter()
        .map(|(text, kernels)| {
            let all = kernels.len() == total;
            // One more is as short as saying that there is one more.
            let named = if kernels.len() <= NAMED + 1 {
                NAMED + 1
            } else {
                NAMED
            };
            let owned = kernels
                .iter()
                .map(|(id, name)| (id.to_string(), name.to_string()));
            Assumption {
                text: text.to_string(),
                all,
                kernels: owned.take(named).collect(),
                more: kernels.len().saturating_sub(named),
            }
        })
        .collect()
}
