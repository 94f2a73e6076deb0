//! What coverage means for verdicts, reports and edits.
//!
//! Soundness direction: verdicts only become `unknown` here, and edits only become forbidden.

use std::collections::BTreeSet;

use super::load::Loaded;
use crate::coverage::Gap;
use crate::ir::Kernel;
use crate::prove::kernel::sites;
use crate::prove::{KernelVerdicts, Reason, Verdict};
use crate::report::describe::{at, elsewhere};
use crate::report::model::{NotAnalysedReport, SiteReport};
use crate::source::Span;

/// Makes verdicts `unknown` on barriers that something may reach which was not analysed.
pub fn doubt(l: &Loaded, v: &mut KernelVerdicts) {
    let mut doubted: BTreeSet<Span> = BTreeSet::new();
    let lets_go = |v: Verdict| matches!(v, Verdict::Removable | Verdict::Weakenable);
    for b in v.barriers.iter_mut().chain(&mut v.sites) {
        if !lets_go(b.verdict) {
            continue;
        }
        let gap = l.inventory.reached_from(b.span, &l.gaps);
        let hidden = || l.inventory.hidden_user(b.span, true);
        let what = gap.map(|g| (g.title(), g.at)).or_else(|| {
            Some((
                "a kernel in a branch that was not compiled".into(),
                hidden()?,
            ))
        });
        if let Some((what, at)) = what {
            b.verdict = Verdict::Unknown;
            b.reason = Reason::NotAnalysed(what, at);
            doubted.insert(b.span);
        }
    }
    if !doubted.is_empty() {
        v.jointly_removable.retain(|s| !doubted.contains(s));
        v.exclusive
            .retain(|e| !e.places.iter().any(|s| doubted.contains(s)));
    }
}

/// What was not analysed, for a report.
pub fn reports(l: &Loaded) -> Vec<NotAnalysedReport> {
    l.gaps
        .iter()
        .map(|g| {
            let (line, column) = at(&l.map, g.at);
            let lines: BTreeSet<u32> = g.barriers.iter().map(|b| at(&l.map, b.at).0).collect();
            NotAnalysedReport {
                path: elsewhere(&l.map, g.at),
                line,
                column,
                kind: g.what.name(),
                name: g.name.clone(),
                reason: g.reason.clone(),
                barriers: lines.into_iter().collect(),
            }
        })
        .collect()
}

/// Adds barriers that no analysed kernel reaches to the barriers of a file, as `unknown`.
pub fn add_sites(l: &Loaded, sites: &mut Vec<SiteReport>) {
    let all = l
        .gaps
        .iter()
        .flat_map(|g| g.barriers.iter().map(move |b| (g, b)));
    for (g, b) in all {
        let (line, column) = at(&l.map, b.at);
        let path = elsewhere(&l.map, b.at);
        let reason = format!("not analysed: {}: {}", g.title(), g.reason);
        let same = |s: &&mut SiteReport| (s.line, s.column) == (line, column) && s.path == path;
        if let Some(s) = sites.iter_mut().find(same) {
            // One use of a macro, of which something else was analysed.
            if s.verdict != "required" {
                s.verdict = "unknown";
                s.reason = reason;
            }
            continue;
        }
        sites.push(SiteReport {
            labels: vec!["not-analysed"],
            path,
            line,
            column,
            kind: b.function,
            flags: b.flags.clone(),
            verdict: "unknown",
            reason,
            kernels: Vec::new(),
            witness: None,
            replay: None,
        });
    }
    sites.sort_by(|a, b| {
        let key = |s: &SiteReport| (s.path.is_some(), s.path.clone(), s.line, s.column);
        key(a).cmp(&key(b))
    });
}

/// Why barriers must not be deleted although all kernels that were asked about let them go. `left_out` are kernels that were
/// read and not asked about.
pub fn forbids(
    l: &Loaded,
    places: &BTreeSet<Span>,
    asked: &[&Kernel],
    left_out: &[&Kernel],
) -> Option<String> {
    places.iter().find_map(|p| {
        let line = at(&l.map, *p).0;
        let reaches = |k: &&&Kernel| sites(k).iter().any(|s| s.span == *p);
        if let Some(k) = left_out.iter().find(reaches) {
            return Some(format!(
                "kernel {} reaches the barrier at line {line}, too, and --kernel leaves it out",
                k.name
            ));
        }
        if let Some(g) = holds(l, *p).or_else(|| l.inventory.reached_from(*p, &l.gaps)) {
            return Some(format!(
                "{} at line {} may reach the barrier at line {line} and was not analysed: {}",
                g.title(),
                at(&l.map, g.at).0,
                g.reason
            ));
        }
        if let Some(s) = l.inventory.hidden_user(*p, false) {
            return Some(format!(
                "code at line {}, which was not compiled, may reach the barrier at line {line}",
                at(&l.map, s).0
            ));
        }
        let guess = asked.iter().filter(reaches).find_map(|k| k.guess.as_ref());
        guess.map(|g| format!("{g}, and other instances may need the barrier at line {line}"))
    })
}

/// A gap with a barrier call at a place.
fn holds(l: &Loaded, p: Span) -> Option<&Gap> {
    l.gaps.iter().find(|g| {
        let at = |b: &crate::coverage::BarrierCall| {
            b.at.file == p.file && b.at.start >= p.start && b.at.end <= p.end
        };
        g.barriers.iter().any(at)
    })
}

/// The gap with a barrier call on a line of the file itself.
pub fn on_line(l: &Loaded, line: u32) -> Option<&Gap> {
    l.gaps.iter().find(|g| {
        let here = |b: &&crate::coverage::BarrierCall| b.at.file == l.file;
        g.barriers
            .iter()
            .filter(here)
            .any(|b| at(&l.map, b.at).0 == line)
    })
}
