//! What the judgements on a kernel share: places and races of both versions in the terms of the report.
//!
//! Soundness direction: none; nothing is decided here.

use super::kept::Kept;
use super::versions::Versions;
use crate::ir::{BarrierId, BarrierScope, Kernel};
use crate::prove::change::{Answer, Outcome, Standing};
use crate::prove::kernel::stated;
use crate::prove::{BarrierVerdict, Options, Race, Verdict, Witness};
use crate::report::check::human::Places;
use crate::report::check::{BarrierPlace, KernelCheck, human};
use crate::report::{command, describe};
use crate::source::{ExpansionId, FileId, SourceMap, Span};

/// What the judgements on a kernel share.
pub struct About<'a> {
    pub v: &'a Versions,
    pub new: &'a Kernel,
    pub options: &'a Options,
    pub memory: &'a Kept,
    pub extra: &'a str,
    pub color: bool,
}

impl About<'_> {
    /// A place of the old version.
    pub fn elsewhere(&self, s: Span) -> Span {
        Span {
            file: FileId(s.file.0.saturating_add(self.v.shift)),
            expansion: ExpansionId::NONE,
            ..s
        }
    }

    pub fn blank(&self, judged: &'static str, why: Option<String>) -> KernelCheck {
        KernelCheck {
            kernel: self.new.name.clone(),
            line: describe::at(&self.v.map, self.new.span).0,
            verdict: "undecided",
            judged,
            why,
            reason: String::new(),
            race_free: false,
            changes: Vec::new(),
            witness: None,
            replay: None,
            existing: Vec::new(),
            fixed: Vec::new(),
            divergent: Vec::new(),
            assumptions: stated(self.new, self.options),
        }
    }

    /// What is assumed about threads that ended, where it mattered.
    pub fn assume_ended(&self, r: &mut KernelCheck, now: &Standing) {
        r.assumptions
            .extend(describe::ended(&self.v.map, &now.divergent));
    }

    pub fn finish(
        &self,
        mut r: KernelCheck,
        k: &Kernel,
        w: Option<Witness>,
        places: &[Places],
    ) -> (KernelCheck, String) {
        let guess = self.new.guess.as_ref();
        if let (Some(g), "proved") = (guess, r.verdict) {
            // Only what a person states makes it a plain verdict.
            r.verdict = "undecided";
            r.reason = format!("{}; but {g}", r.reason);
        }
        r.witness = w.as_ref().map(|w| describe::witness(&self.v.map, k, w));
        let replayed = w.as_ref().filter(|w| w.replayed && r.verdict == "refuted");
        r.replay = replayed.map(|w| {
            let command = command::replay_command(&self.v.map, self.new, None, w);
            format!("{command}{}", self.extra)
        });
        let text = human::kernel(
            &self.v.map,
            &self.v.path,
            k,
            &r,
            places,
            w.as_ref(),
            self.color,
        );
        (r, text)
    }

    pub fn races(
        &self,
        k: &Kernel,
        s: &Standing,
        old: bool,
    ) -> Vec<crate::report::model::RaceReport> {
        let moved = |x: &Race| {
            let mut x = x.clone();
            if old {
                for a in &mut x.accesses {
                    a.0 = self.elsewhere(a.0);
                }
                x.witness = None;
            }
            x
        };
        s.races
            .iter()
            .map(|x| describe::race(&self.v.map, k, &moved(x)))
            .collect()
    }

    /// What tells a race of one version from others, whatever its lines are called: object, kinds and texts of the lines.
    pub fn race_key(&self, k: &Kernel, r: &Race, old: bool) -> (String, Vec<String>) {
        let name = k.objects.get(r.object as usize).map(|o| o.name.clone());
        let mut sides: Vec<String> = r
            .accesses
            .iter()
            .map(|(s, kind, _)| {
                let s = if old { self.elsewhere(*s) } else { *s };
                format!("{kind:?} {}", text_of(&self.v.map, s))
            })
            .collect();
        sides.sort();
        (name.unwrap_or_default(), sides)
    }

    pub fn sentence(&self, a: &Answer) -> String {
        let v = BarrierVerdict {
            barrier: BarrierId(0),
            scope: BarrierScope::Threadgroup,
            flags: crate::ir::MemFlags::default(),
            span: Span::default(),
            verdict: match a.outcome {
                Outcome::Proved => Verdict::Removable,
                Outcome::Refuted => Verdict::Required,
                Outcome::Undecided => Verdict::Unknown,
            },
            reason: a.reason.clone(),
            witness: None,
            counts: None,
            added_pairs: a.pairs,
            time_ms: 0.0,
        };
        match a.outcome {
            Outcome::Proved => "no conflicting pair loses its order".into(),
            _ => describe::reason(&self.v.map, &v),
        }
    }

    pub fn place(&self, s: Span, barrier: String) -> BarrierPlace {
        let (line, column) = describe::at(&self.v.map, s);
        BarrierPlace {
            path: self.v.map.file(s.file).path.clone(),
            line,
            column,
            barrier,
        }
    }
}

/// The line of a place, without the space around it.
pub fn text_of(map: &SourceMap, s: Span) -> String {
    let (line, _) = map.line_col(s.file, s.start);
    map.line_text(s.file, line).trim().to_string()
}

pub fn barrier_text(scope: BarrierScope, b: &crate::ir::Barrier) -> String {
    format!(
        "{}({})",
        describe::kind_of(scope),
        b.flags.names().join(" | ")
    )
}
