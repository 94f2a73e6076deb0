//! Claims against verdicts, as a document.
//!
//! Soundness direction: none; nothing is decided here. The text depends on the claims and the
//! reports only; times are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::{Claim, Claims, Confirmed, Kind, Run};
use super::model::{BarrierReport, FileReport, KernelReport, SiteReport, WitnessReport};

/// A run with its outcome.
pub struct Outcome<'a> {
    /// The run.
    pub run: &'a Run,
    /// The report on its file.
    pub report: FileReport,
}

/// How a claim fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Agreement {
    Yes,
    No,
    Partly,
    Open,
    Moot,
}

impl Agreement {
    fn name(self) -> &'static str {
        match self {
            Agreement::Yes => "yes",
            Agreement::No => "no",
            Agreement::Partly => "in part",
            Agreement::Open => "open",
            Agreement::Moot => "no counterpart",
        }
    }

    /// Of all lines of a claim.
    fn of(each: &[Agreement]) -> Agreement {
        let all = |a| each.iter().all(|x| *x == a);
        if all(Agreement::Yes) {
            Agreement::Yes
        } else if all(Agreement::No) {
            Agreement::No
        } else if each.contains(&Agreement::Yes) {
            Agreement::Partly
        } else if each.contains(&Agreement::No) {
            Agreement::No
        } else {
            Agreement::Open
        }
    }
}

impl Outcome<'_> {
    /// The barriers it counts for.
    fn sites(&self) -> impl Iterator<Item = &SiteReport> {
        let only = self.run.only.as_ref();
        let counts =
            move |s: &&SiteReport| s.path.is_none() && only.is_none_or(|o| o.contains(&s.line));
        self.report.barriers.iter().filter(counts)
    }

    fn site(&self, line: u32) -> Option<&SiteReport> {
        self.sites().find(|s| s.line == line)
    }

    /// An instance of a line that shows the verdict on the line.
    fn instance(&self, s: &SiteReport) -> Option<&BarrierReport> {
        let all = self.report.kernels.iter().flat_map(|k| &k.barriers);
        all.filter(|b| b.line == s.line && b.verdict == s.verdict)
            .max_by_key(|b| b.witness.is_some())
    }

    /// Lines that can go together: in every kernel that reaches them.
    fn together(&self) -> BTreeSet<u32> {
        let all_agree = |s: &&SiteReport| {
            let reach = |k: &&KernelReport| s.kernels.contains(&k.name);
            let mut kernels = self.report.kernels.iter().filter(reach);
            kernels.all(|k| k.jointly_removable.contains(&s.line))
        };
        self.sites().filter(all_agree).map(|s| s.line).collect()
    }

    /// How many can go, each alone.
    fn removable(&self) -> usize {
        self.sites().filter(|s| s.verdict == "removable").count()
    }

    fn command(&self) -> String {
        let mut words = vec!["unbarrier prove".to_string(), self.run.file.clone()];
        words.extend(self.run.options.iter().cloned());
        words.join(" ")
    }
}

/// The document; an error when a claim names a line without a barrier.
pub fn document(claims: &Claims, outcomes: &[Outcome<'_>]) -> Result<String, String> {
    let mut sections = String::new();
    let mut overview = String::from(
        "| claim | kind | stated lines | lines here | holds |\n|---|---|---|---|---|\n",
    );
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for c in &claims.claims {
        let (text, agreement) = claim(c, outcomes)?;
        *counts.entry(agreement.name()).or_default() += 1;
        let lines: Vec<String> = c.lines.iter().map(u32::to_string).collect();
        overview.push_str(&format!(
            "| {} | {} | {} | {} | {} |\n",
            c.id,
            kind(c),
            c.stated.as_deref().unwrap_or("all"),
            if lines.is_empty() {
                "-".into()
            } else {
                lines.join(", ")
            },
            agreement.name()
        ));
        sections.push_str(&text);
    }
    let held: Vec<String> = counts.iter().map(|(k, n)| format!("{n} {k}")).collect();
    let mut out = format!(
        "# Audit of an analysis of barriers\n\n\
         What an analysis claims of the barriers of files of {} (commit {}), and what the prover finds. Generated from\n\
         `docs/analysis_claims.toml`; not to be edited:\n\n    \
         unbarrier audit docs/analysis_claims.toml --corpus DIR -o docs/analysis_audit.md      # --check instead of -o: is it up to date?\n\n\
         Commands below are for the folder of the corpus. \"Proved\" is followed by how many pairs of accesses only this barrier orders, none of\n\
         which can conflict; \"race\" by a conflict that happens without the barrier, as it was executed.\n\n\
         ## Overview\n\nClaims by whether they hold: {}.\n\n{overview}\n",
        claims.corpus.name,
        claims.corpus.commit,
        held.join(", ")
    );
    out.push_str(&totals(claims, outcomes));
    if let Some(c) = &claims.confirmed {
        out.push_str(&confirmed(c));
    }
    out.push_str("## Claims\n\n");
    out.push_str(&sections);
    out.push_str("## All barriers\n\n");
    for o in outcomes {
        out.push_str(&format!(
            "`{}`\n\n| line | barrier | verdict | shown by |\n|---|---|---|---|\n",
            o.command()
        ));
        for s in o.sites() {
            out.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                s.line,
                s.kind,
                s.verdict,
                shown(o, s)
            ));
        }
        out.push('\n');
    }
    Ok(format!("{}\n", out.trim_end()))
}

fn kind(c: &Claim) -> String {
    match c.kind {
        Kind::Removable => "can go".into(),
        Kind::Needed => "must stay".into(),
        Kind::Some => format!("{} of {} can go", c.count.unwrap_or(0), c.lines.len()),
        Kind::Scope => "scope too small".into(),
        Kind::Total => format!("{} to {} can go", c.least.unwrap_or(0), c.most.unwrap_or(0)),
        Kind::Lost => "can go".into(),
    }
}

fn claim(c: &Claim, outcomes: &[Outcome<'_>]) -> Result<(String, Agreement), String> {
    let mut out = format!("### {}\n\n{}\n", c.id, c.says);
    if let Some(n) = &c.note {
        out.push_str(&format!("\n*Lines:* {n}\n"));
    }
    let agreement = match c.kind {
        Kind::Lost => Agreement::Moot,
        Kind::Total => {
            let n: usize = outcomes.iter().map(|o| o.together().len()).sum();
            let all: usize = outcomes.iter().map(|o| o.sites().count()).sum();
            let alone: usize = outcomes.iter().map(Outcome::removable).sum();
            out.push_str(&format!(
                "\nFound: {alone} of {all} can go one at a time, {n} all together.\n"
            ));
            let (least, most) = (c.least.unwrap_or(0), c.most.unwrap_or(usize::MAX));
            if (least..=most).contains(&n) {
                Agreement::Yes
            } else {
                Agreement::No
            }
        }
        _ => {
            let o = outcomes
                .iter()
                .find(|o| Some(&o.run.id) == c.run.as_ref())
                .ok_or_else(|| format!("claim `{}`: its run is missing", c.id))?;
            on_lines(c, o, &mut out)?
        }
    };
    out.push_str(&format!("\n**Holds: {}.**\n\n", agreement.name()));
    Ok((out, agreement))
}

fn on_lines(c: &Claim, o: &Outcome<'_>, out: &mut String) -> Result<Agreement, String> {
    out.push_str(&format!(
        "\n    {}\n\n| line | verdict | shown by |\n|---|---|---|\n",
        o.command()
    ));
    let mut each = Vec::new();
    let mut replays = Vec::new();
    let mut kernels = BTreeSet::new();
    for line in &c.lines {
        let s = o.site(*line).ok_or_else(|| {
            format!(
                "claim `{}`: {} has no barrier on line {line}",
                c.id, o.run.file
            )
        })?;
        out.push_str(&format!("| {line} | {} | {} |\n", s.verdict, shown(o, s)));
        each.push(match (c.kind, s.verdict) {
            (_, "unknown") => Agreement::Open,
            (Kind::Needed, "removable") | (Kind::Removable, "required" | "weakenable") => {
                Agreement::No
            }
            _ => Agreement::Yes,
        });
        replays.extend(o.instance(s).and_then(|b| b.replay.clone()));
        kernels.extend(s.kernels.iter().cloned());
    }
    if !replays.is_empty() {
        out.push_str(&format!("\n    {}\n", replays.join("\n    ")));
    }
    Ok(match c.kind {
        Kind::Some => {
            let n = o.together().intersection(&c.lines).count();
            let wanted = c.count.unwrap_or(0);
            out.push_str(&format!("\nFound: {n} can go, {wanted} claimed.\n"));
            match n {
                n if n >= wanted => Agreement::Yes,
                0 => Agreement::No,
                _ => Agreement::Partly,
            }
        }
        Kind::Scope => scope(o, &kernels, out),
        _ => Agreement::of(&each),
    })
}

/// Were a barrier's scope too small, threads of different simdgroups would race in the kernel as
/// written.
fn scope(o: &Outcome<'_>, kernels: &BTreeSet<String>, out: &mut String) -> Agreement {
    let races = || {
        let these = o
            .report
            .kernels
            .iter()
            .filter(|k| kernels.contains(&k.name));
        these.flat_map(|k| &k.races)
    };
    for r in races() {
        let lines: Vec<String> = r
            .accesses
            .iter()
            .map(|a| format!("{} at {}", a.kind, a.line))
            .collect();
        out.push_str(&format!(
            "\n- {} {} race on `{}` as written: {}",
            r.status,
            r.scope,
            r.array,
            lines.join(", ")
        ));
    }
    let across = races().filter(|r| r.scope != "intra-simdgroup").count();
    out.push_str(&format!(
        "\n\nFound: {} races as written, {across} of them between threads of different simdgroups.\n",
        races().count()
    ));
    if across > 0 {
        Agreement::Yes
    } else {
        Agreement::No
    }
}

/// What shows a verdict.
fn shown(o: &Outcome<'_>, s: &SiteReport) -> String {
    let Some(b) = o.instance(s) else {
        return escaped(&s.reason);
    };
    match (&b.witness, s.verdict) {
        (Some(w), "required") => race(w),
        (_, "removable") if b.added_pairs > 0 => {
            let s = if b.added_pairs == 1 { "" } else { "s" };
            format!("proved: {} pair{s}", b.added_pairs)
        }
        _ => escaped(&s.reason),
    }
}

fn race(w: &WitnessReport) -> String {
    let sides: Vec<String> = w
        .threads
        .iter()
        .map(|t| {
            let turns: Vec<String> = t
                .iterations
                .iter()
                .map(|i| format!("{} of {}", i.iteration, i.line))
                .collect();
            let turns = if turns.is_empty() {
                String::new()
            } else {
                format!(", iteration {}", turns.join(", "))
            };
            format!("thread {} {} at {}{turns}", t.index, t.kind, t.line)
        })
        .collect();
    let near = if w.same_simdgroup {
        ", one simdgroup"
    } else {
        ""
    };
    escaped(&format!(
        "race: `{}`, byte {}: {}{near}",
        w.array,
        w.byte,
        sides.join("; ")
    ))
}

fn escaped(s: &str) -> String {
    s.replace('|', "\\|")
}

fn totals(claims: &Claims, outcomes: &[Outcome<'_>]) -> String {
    const VERDICTS: [&str; 4] = ["removable", "weakenable", "required", "unknown"];
    let mut named: BTreeMap<(&str, u32), &str> = BTreeMap::new();
    for c in claims.claims.iter().filter(|c| c.kind == Kind::Removable) {
        for o in outcomes
            .iter()
            .filter(|o| Some(&o.run.id) == c.run.as_ref())
        {
            for s in o.sites().filter(|s| c.lines.contains(&s.line)) {
                named.insert((&o.run.file, s.line), s.verdict);
            }
        }
    }
    let (mut claimed, mut found) = (0, 0);
    for c in claims.claims.iter().filter(|c| c.kind == Kind::Some) {
        claimed += c.count.unwrap_or(0);
        for o in outcomes
            .iter()
            .filter(|o| Some(&o.run.id) == c.run.as_ref())
        {
            found += o.together().intersection(&c.lines).count();
        }
    }
    let by = |v: &str| named.values().filter(|x| **x == v).count();
    let parts: Vec<String> = VERDICTS.iter().map(|v| format!("{} {v}", by(v))).collect();
    let mut out = format!(
        "## Totals\n\n\
         - Barriers claimed removable, line by line: {}. Of these {}.\n\
         - Claimed as so many of a group: {claimed}. Found to go: {found}.\n\n\
         | file | barriers | {} | can go together |\n|---|---|---|---|---|---|---|\n",
        named.len(),
        parts.join(", "),
        VERDICTS.join(" | ")
    );
    let mut files: Vec<&str> = Vec::new();
    for o in outcomes {
        if !files.contains(&o.run.file.as_str()) {
            files.push(&o.run.file);
        }
    }
    let mut sums = [0; 6];
    for f in files {
        let of = || outcomes.iter().filter(|o| o.run.file == f);
        let sites: Vec<&SiteReport> = of().flat_map(Outcome::sites).collect();
        let together: BTreeSet<u32> = of().flat_map(Outcome::together).collect();
        let mut row = vec![sites.len()];
        row.extend(VERDICTS.map(|v| sites.iter().filter(|s| s.verdict == v).count()));
        row.push(together.len());
        out.push_str(&format!("| {f} | {} |\n", cells(&row)));
        for (s, n) in sums.iter_mut().zip(row) {
            *s += n;
        }
    }
    out.push_str(&format!("| all | {} |\n\n", cells(&sums)));
    out
}

/// What was written down of runs of the kernels.
fn confirmed(c: &Confirmed) -> String {
    let note = c.note.as_ref().map_or(String::new(), |n| format!(" {n}"));
    format!(
        "## Beside runs of the kernels\n\n\
         The original source was run with and without each barrier on {} ({}); this was written down, `audit` runs nothing:\n\n    {}\n\n\
         {} verdicts agree (a race appeared without a barrier that must stay), {} are not refuted, {} barriers were not reached, {} verdicts are \
         contradicted. Sets that can go together count as one more each.{note}\n\n",
        c.date, c.with, c.command, c.agree, c.do_not_refute, c.not_reached, c.contradict
    )
}

fn cells(row: &[usize]) -> String {
    let texts: Vec<String> = row.iter().map(usize::to_string).collect();
    texts.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_of_several_lines() {
        use Agreement::{No, Open, Partly, Yes};
        for (each, all) in [
            (vec![Yes, Yes], Yes),
            (vec![No, No], No),
            (vec![Yes, No], Partly),
            (vec![Yes, Open], Partly),
            (vec![No, Open], No),
            (vec![Open], Open),
        ] {
            assert_eq!(Agreement::of(&each), all, "{each:?}");
        }
    }
}
