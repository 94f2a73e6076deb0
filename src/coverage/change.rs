//! Whether two versions differ in what was not analysed.
//!
//! Soundness direction: more differences. A gap is compared with all that it may use; a block of conditionals with its conditions and the
//! branches that were not compiled; a macro that was not used with all that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::gaps::Gap;
use super::raw::{Part, joined};
use super::{Inventory, Kind};
use crate::source::Span;

/// Something that one version has and was not analysed there, and that the other version does not have like this.
#[derive(Clone, Debug)]
pub struct Unread {
    /// It is in the old version.
    pub old: bool,
    /// Where, in its version.
    pub at: Span,
    /// What, and why it was not analysed.
    pub what: String,
}

/// One thing that was not analysed, with all that it may use.
struct Print {
    at: Span,
    what: String,
    text: String,
    /// Names without which it is gone; none where it cannot be told.
    names: BTreeSet<Arc<str>>,
}

/// What was not analysed in two versions, and is not the same in both. `whole`: the new version was read whole; `says`: other files of
/// the new version say a word.
pub fn differences(
    old: Option<(&Inventory, &[Gap])>,
    new: Option<(&Inventory, &[Gap])>,
    whole: bool,
    says: &dyn Fn(&str) -> bool,
) -> Vec<Unread> {
    let prints =
        |side: Option<(&Inventory, &[Gap])>| side.map_or_else(Vec::new, |(i, g)| i.prints(g));
    let (olds, news) = (prints(old), prints(new));
    let mut count: BTreeMap<&str, i64> = BTreeMap::new();
    for p in &news {
        *count.entry(&p.text).or_default() += 1;
    }
    let mut out = Vec::new();
    for p in &olds {
        let n = count.entry(&p.text).or_default();
        if *n > 0 {
            *n -= 1;
            continue;
        }
        let here = |w: &Arc<str>| new.is_some_and(|(i, _)| i.says(w)) || says(w);
        if whole && !p.names.is_empty() && !p.names.iter().any(here) {
            // Gone by its tokens.
            continue;
        }
        out.push(p.unread(true));
    }
    for p in &news {
        let n = count.entry(&p.text).or_default();
        if *n > 0 {
            *n -= 1;
            out.push(p.unread(false));
        }
    }
    out
}

impl Print {
    fn unread(&self, old: bool) -> Unread {
        Unread {
            old,
            at: self.at,
            what: self.what.clone(),
        }
    }
}

impl Inventory {
    fn prints(&self, gaps: &[Gap]) -> Vec<Print> {
        let mut out = Vec::new();
        for g in gaps {
            if g.is_error || (g.barriers.is_empty() && !self.concerns_barriers(g.unit)) {
                continue;
            }
            let named = self
                .units
                .get(g.unit)
                .filter(|u| u.kind != Kind::Instantiation);
            out.push(Print {
                at: g.at,
                what: format!("{} was not analysed: {}", g.title(), g.reason),
                text: format!("{:?} {}", g.what, self.text_of(&self.closure(g.unit))),
                names: named.map(|u| u.names.clone()).unwrap_or_default(),
            });
        }
        for b in &self.raw.blocks {
            out.push(Print {
                at: b.at,
                what: "a block of conditionals around barriers or kernels was compiled under one condition only"
                    .into(),
                text: format!("block {}", self.with_used(b)),
                names: BTreeSet::new(),
            });
        }
        for m in &self.raw.macros {
            if !m.used && self.raw.concerned.contains(&m.name) {
                out.push(Print {
                    at: m.part.at,
                    what: format!(
                        "macro `{}` may lead to a barrier and is not used in this file",
                        m.name
                    ),
                    text: format!("macro {}", self.with_used(&m.part)),
                    names: BTreeSet::from([m.name.clone()]),
                });
            }
        }
        out
    }

    fn text_of(&self, units: &BTreeSet<usize>) -> String {
        let all = units.iter().map(|i| joined(self.text(*i).iter()));
        all.collect::<Vec<_>>().join("\n")
    }

    /// Those of some names that may lead to a barrier, and what macros of these names name in turn.
    pub(super) fn used_names(&self, mentions: &BTreeSet<Arc<str>>) -> BTreeSet<Arc<str>> {
        let leads = |n: &&Arc<str>| self.raw.concerned.contains(*n);
        let mut open: BTreeSet<Arc<str>> = mentions.iter().filter(leads).cloned().collect();
        let mut done = BTreeSet::new();
        while let Some(n) = open.pop_first() {
            for m in self.raw.macros.iter().filter(|m| m.name == n) {
                let inner = m.part.mentions.iter().filter(leads);
                open.extend(inner.filter(|n| !done.contains(*n)).cloned());
            }
            open.remove(&n);
            done.insert(n);
        }
        done
    }

    /// A piece of text with what it names, as far as that may lead to a barrier.
    fn with_used(&self, p: &Part) -> String {
        let done = self.used_names(&p.mentions);
        let mut out = p.text.clone();
        for m in self.raw.macros.iter().filter(|m| done.contains(&m.name)) {
            out.push_str(&m.part.text);
        }
        let units = self.closure_of_names(done.iter().map(|n| &**n));
        out.push_str(&self.text_of(&units));
        out
    }
}
