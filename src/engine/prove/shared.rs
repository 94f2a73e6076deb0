//! Kernels of a run that are alike share one outcome.
//!
//! Purpose: of a kernel, only its normal form is proved ([`crate::ir::normal`]), so two kernels of one normal form, under one contract and the same
//! assumptions, have one outcome. [`Normals`] makes and keeps normal forms while a file is lowered, [`Shared`] the outcomes.
//! Soundness direction: exact. The key is everything that the outcome depends on ([`key::of`]): the whole normal form with its
//! places, and every option. Places are numbers of files and bytes, and each report reads them by its own source map.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::cache::key;
use crate::ir::Kernel;
use crate::ir::normal::normal_form;
use crate::prove::kernel::Contradiction;
use crate::prove::{KernelVerdicts, Options};
use crate::report::model::RemovalReport;

/// What came out for a kernel: verdicts, whether they were in the cache, and why a removal is not proved.
pub type Outcome =
    std::result::Result<((KernelVerdicts, bool), Option<RemovalReport>), Contradiction>;

/// Everything that an outcome depends on: the normal form, the options.
pub type TaskKey = (Arc<str>, String);

/// Normal forms of the kernels of a file, in order.
pub struct Normals {
    on: bool,
    strip: bool,
    known: BTreeMap<Arc<str>, Arc<Kernel>>,
    kernels: Vec<Arc<str>>,
}

impl Normals {
    /// `on`: there are normal forms. `strip`: kernels whose normal form is known need no body.
    pub fn new(on: bool, strip: bool) -> Normals {
        Normals {
            on,
            strip,
            known: BTreeMap::new(),
            kernels: Vec::new(),
        }
    }

    /// Takes note of the next kernel, and takes from it what only a proof needs.
    pub fn take(&mut self, k: &mut Kernel) {
        if !self.on {
            return;
        }
        let normal = normal_form(k);
        let key: Arc<str> = key::of_kernel(&normal).0.into();
        let known = self.known.entry(key.clone());
        known.or_insert_with(|| Arc::new(normal));
        self.kernels.push(key);
        if self.strip {
            k.body = Vec::new();
            k.vars = Vec::new();
        }
    }

    /// The normal form of the kernel of that number, and the key of its outcome under some options.
    pub fn of(&self, kernel: usize, options: &Options) -> (Option<Arc<Kernel>>, Option<TaskKey>) {
        let Some(id) = self.kernels.get(kernel) else {
            return (None, None);
        };
        let key = (id.clone(), key::of_options(options).0);
        (self.known.get(id).cloned(), Some(key))
    }
}

/// Outcomes of a run.
#[derive(Default)]
pub struct Shared {
    known: BTreeMap<TaskKey, Outcome>,
}

impl Shared {
    /// Of some tasks, those that are neither known nor like an earlier one.
    pub fn firsts<'k>(&self, keys: impl Iterator<Item = Option<&'k TaskKey>>) -> Vec<usize> {
        let mut met: BTreeSet<&TaskKey> = BTreeSet::new();
        let mut new = |key: Option<&'k TaskKey>| match key {
            None => true,
            Some(k) => !self.known.contains_key(k) && met.insert(k),
        };
        let all = keys.enumerate();
        all.filter_map(|(i, k)| new(k).then_some(i)).collect()
    }

    /// The outcome of a task like an earlier one.
    pub fn known(&self, key: Option<&TaskKey>) -> Option<Outcome> {
        self.known.get(key?).cloned()
    }

    /// Keeps an outcome for others.
    pub fn keep(&mut self, key: Option<&TaskKey>, outcome: &Outcome) {
        if let Some(k) = key {
            self.known.insert(k.clone(), outcome.clone());
        }
    }
}
