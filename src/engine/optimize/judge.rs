//! What one kernel allows: asked of the prover once, or remembered ([`Cache`]).
//!
//! Soundness direction: exact, see the cache. Of sets of edits only proofs are remembered.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::engine::cache::Cache;
use crate::ir::normal::normal_form;
use crate::ir::{BarrierId, Kernel};
use crate::prove::edit::Editor;
use crate::prove::kernel::{Contradiction, sites};
use crate::prove::stats::{Event, Stats};
use crate::prove::{BarrierVerdict, Options, Verdict};
use crate::source::Span;

/// A kernel and its prover, which is made when it is first needed.
pub struct Judge<'k> {
    kernel: &'k Kernel,
    options: &'k Options,
    cache: &'k Cache,
    editor: OnceCell<Option<Editor<'k>>>,
}

/// The verdict on deleting all instances of each place.
pub type Verdicts = Vec<(Span, BarrierVerdict)>;

impl<'k> Judge<'k> {
    /// The verdicts on a kernel's barriers, and somebody who can be asked about sets of them.
    ///
    /// # Errors
    /// [`Contradiction`] when no launch satisfies the assumptions.
    pub fn new(
        kernel: &'k Kernel,
        options: &'k Options,
        cache: &'k Cache,
    ) -> Result<(Judge<'k>, Verdicts), Contradiction> {
        let editor = OnceCell::new();
        // What `prove` keeps is about normal forms.
        let verdicts = match cache.known(&normal_form(kernel), options) {
            _ if kernel.barriers.is_empty() => Vec::new(),
            Some(v) => v.sites.into_iter().map(|b| (b.span, b)).collect(),
            None => {
                let decided = |v: &Verdicts, s: &Stats| {
                    let open = v.iter().any(|(_, b)| b.verdict == Verdict::Unknown);
                    !open && s.get(Event::Unanswered) == 0
                };
                let make = |o: &Options| {
                    let e = Editor::new(kernel, o)?;
                    let all = sites(kernel).into_iter();
                    Ok(all
                        .filter_map(|s| Some((s.span, e.verdict(s.span)?)))
                        .collect())
                };
                cache.keep(("sites", ""), kernel, options, make, decided)?
            }
        };
        let judge = Judge {
            kernel,
            options,
            cache,
            editor,
        };
        Ok((judge, verdicts))
    }

    /// Whether these barriers can be deleted and those be made simdgroup barriers, all together.
    pub fn safe(&self, deleted: &BTreeSet<BarrierId>, weakened: &BTreeSet<BarrierId>) -> bool {
        if deleted.is_empty() && weakened.is_empty() {
            return true;
        }
        let about = format!("{deleted:?} {weakened:?}");
        let editor = || {
            let made = || Editor::new(self.kernel, self.options).ok();
            self.editor.get_or_init(made).as_ref()
        };
        let make = |_: &Options| Ok(editor().is_some_and(|e| e.safe(deleted, weakened)));
        let proved = |safe: &bool, _: &Stats| *safe;
        self.cache
            .keep(("edits", &about), self.kernel, self.options, make, proved)
            .unwrap_or(false)
    }
}
