//! What of two versions was not analysed, and kernels that are gone.
//!
//! Soundness direction: `proved` only for what the tokens of the new version say is gone; everything else here is at most *undecided*.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::tree::{FilePair, Sides};
use super::versions::Versions;
use crate::coverage::differences;
use crate::engine::load::Loaded;
use crate::ir::Kernel;
use crate::report::check::{KernelCheck, UnreadReport, human};
use crate::report::describe;
use crate::source::{FileId, Span};

/// What the changed files of the new version say, together.
pub struct Names {
    words: BTreeSet<String>,
    /// Kernels by function, with the file.
    kernels: Vec<(String, String)>,
}

impl Names {
    /// The names of all files that were read.
    pub fn new(sides: &Sides, all: &[Versions]) -> Names {
        let mut kernels = Vec::new();
        for v in all {
            // A kernel that was there before is no new home.
            let had = |k: &Kernel| {
                let olds = v.old.iter().flat_map(|l| &l.kernels);
                olds.into_iter().any(|o| o.function == k.function)
            };
            let news = v.new.iter().flat_map(|l| &l.kernels).filter(|k| !had(k));
            kernels.extend(news.map(|k| (k.function.clone(), v.path.clone())));
        }
        Names {
            words: sides.words.clone(),
            kernels,
        }
    }
}

/// Which headers no source that was read includes.
pub fn alone<'s>(sides: &'s Sides, all: &[Versions]) -> Vec<&'s FilePair> {
    let real = |p: PathBuf| p.canonicalize().unwrap_or(p);
    let files = |old: bool| -> BTreeSet<PathBuf> {
        let loaded = all
            .iter()
            .filter_map(|v| if old { v.old.as_ref() } else { v.new.as_ref() });
        let paths = loaded
            .flat_map(|l| l.map.files())
            .map(|(_, f)| f.real_path.clone());
        paths
            .filter(|p| !p.as_os_str().is_empty())
            .map(real)
            .collect()
    };
    let (olds, news) = (files(true), files(false));
    let covered = |f: &&FilePair| match (&f.old, &f.new) {
        (_, Some(n)) => news.contains(&real(sides.new_root.join(n))),
        (Some(o), None) => olds.contains(&real(sides.old_root.join(o))),
        (None, None) => true,
    };
    sides.headers.iter().filter(|f| !covered(f)).collect()
}

impl Versions {
    /// What was not analysed and is not the same in both versions.
    pub fn not_analysed(&self, names: &Names) -> Vec<UnreadReport> {
        fn side(
            l: &Option<Loaded>,
        ) -> Option<(&crate::coverage::Inventory, &[crate::coverage::Gap])> {
            l.as_ref().map(|l| (&l.inventory, l.gaps.as_slice()))
        }
        if self.old.iter().chain(&self.new).any(|l| l.broken) {
            // Why is said already, once.
            return Vec::new();
        }
        let whole = self.new.as_ref().is_none_or(|l| !l.has_errors());
        differences(side(&self.old), side(&self.new), whole, &|w: &str| {
            names.words.contains(w)
        })
        .into_iter()
        .map(|u| {
            let at = if u.old { self.moved(u.at) } else { u.at };
            UnreadReport {
                version: if u.old { "old" } else { "new" },
                path: self.map.file(at.file).path.clone(),
                line: Some(describe::at(&self.map, at).0),
                reason: u.what,
            }
        })
        .collect()
    }

    /// A place of the old version in the map of both.
    fn moved(&self, s: Span) -> Span {
        Span {
            file: FileId(s.file.0.saturating_add(self.shift)),
            expansion: crate::source::ExpansionId::NONE,
            ..s
        }
    }

    /// A kernel that has no partner in the new version of its file.
    pub fn gone(&self, k: &Kernel, names: &Names) -> (KernelCheck, String) {
        let (verdict, reason) = self.judge_gone(k, names);
        let r = KernelCheck {
            kernel: k.name.clone(),
            line: describe::at(&self.map, self.moved(k.span)).0,
            verdict,
            judged: "none",
            why: None,
            reason,
            race_free: verdict == "proved",
            changes: Vec::new(),
            witness: None,
            replay: None,
            existing: Vec::new(),
            fixed: Vec::new(),
            divergent: Vec::new(),
            assumptions: Vec::new(),
        };
        let path = self.old_path.clone().unwrap_or_default();
        let text = human::kernel(&self.map, &path, k, &r, &[], None, false);
        (r, text)
    }

    fn judge_gone(&self, k: &Kernel, names: &Names) -> (&'static str, String) {
        if self.new.as_ref().is_some_and(Loaded::has_errors) {
            return (
                "undecided",
                "no such kernel was found in the new version, which could not be read in full"
                    .into(),
            );
        }
        if let Some((_, path)) = names.kernels.iter().find(|(f, _)| *f == k.function) {
            return (
                "proved",
                format!("the kernel is in {path} now, where it is judged"),
            );
        }
        let text = self.map.text(self.moved(k.definition)).to_string();
        let written = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let words: Vec<&str> = written.filter(|w| !w.is_empty()).collect();
        let here = |w: &str| {
            self.new.as_ref().is_some_and(|l| l.inventory.says(w)) || names.words.contains(w)
        };
        // A name that a macro makes is there as long as all words of the macro's use are.
        let spelled = !words.is_empty() && words.iter().all(|w| here(w));
        if spelled || here(&k.function) {
            return (
                "undecided",
                format!(
                    "no kernel of this name was analysed in the new version, but its text still says `{}`",
                    k.function
                ),
            );
        }
        (
            "proved",
            "the kernel is gone, and its barriers with it".into(),
        )
    }
}
