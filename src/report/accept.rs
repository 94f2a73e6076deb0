//! Findings that a project accepts.
//!
//! Soundness direction: none; nothing is decided here, and nothing that is accepted is left out of a report.

use super::finding::{Finding, of};
use super::model::{AcceptedReport, FileReport};
use super::rule::Rule;

/// What is accepted, in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Only in this kernel.
    pub kernel: Option<String>,
    /// What kind of finding.
    pub rule: Rule,
    /// On this line of the file itself (1-based).
    pub line: Option<u32>,
    /// On a line with this text, white space left aside.
    pub text: Option<String>,
    /// Why.
    pub reason: String,
    /// Where that is said: `unbarrier.toml:12:1`.
    pub stated_at: String,
}

/// What is wrong with an acceptance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It matches no finding. The lines of the findings of that kind.
    Nothing(Vec<u32>),
    /// It matches findings on several lines.
    Several(Vec<u32>),
}

/// Marks what is accepted; acceptances (by index) that do not fit exactly one line are returned and mark nothing.
pub fn apply(f: &mut FileReport, acceptances: &[Acceptance]) -> Vec<(usize, Misfit)> {
    let mut wrong = Vec::new();
    let mut accepted = Vec::new();
    let findings = of(f);
    for (i, a) in acceptances.iter().enumerate() {
        let of_kind: Vec<&Finding> = findings
            .iter()
            .filter(|x| x.rule == a.rule)
            .filter(|x| a.kernel.as_deref().is_none_or(|k| x.kernels.contains(&k)))
            .collect();
        let mut lines: Vec<(&str, u32)> = Vec::new();
        let mut matched = Vec::new();
        for x in &of_kind {
            if let Some(p) = place_of(f, x, a) {
                matched.push(*x);
                if !lines.contains(&p) {
                    lines.push(p);
                }
            }
        }
        match lines.as_slice() {
            [] => {
                let mut known: Vec<u32> = of_kind.iter().map(|x| x.at.line).collect();
                known.sort_unstable();
                known.dedup();
                wrong.push((i, Misfit::Nothing(known)));
            }
            [_] => accepted.extend(matched.into_iter().map(|x| AcceptedReport {
                finding: x.rule.name(),
                path: (x.at.path != f.path).then(|| x.at.path.clone()),
                line: x.at.line,
                column: x.at.column,
                message: x.sentence(),
                reason: a.reason.clone(),
                accepted_at: a.stated_at.clone(),
                fingerprint: x.fingerprint.clone(),
            })),
            several => wrong.push((i, Misfit::Several(several.iter().map(|l| l.1).collect()))),
        }
    }
    drop(findings);
    f.accepted = accepted;
    wrong
}

/// The place of a finding that an acceptance names: where it is, or one of the accesses of a race.
fn place_of<'f>(f: &FileReport, x: &'f Finding, a: &Acceptance) -> Option<(&'f str, u32)> {
    let race = matches!(x.rule, Rule::Race | Rule::Flags);
    let others = x.related.iter().map(|(p, _)| p).filter(|_| race);
    let squeezed = a
        .text
        .as_ref()
        .map(|t| t.split_whitespace().collect::<Vec<_>>().join(""));
    std::iter::once(&x.at)
        .chain(others)
        .find(|p| {
            a.line.is_none_or(|l| p.line == l && p.path == f.path)
                && squeezed
                    .as_ref()
                    .is_none_or(|t| super::finding::line_text(f, p).contains(t.as_str()))
        })
        .map(|p| (p.path.as_str(), p.line))
}
