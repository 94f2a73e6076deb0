//! Verdicts of kernels that were proved before.
//!
//! An entry is found by a hash over everything that a verdict depends on ([`key`]), and holds the verdicts as `prove_kernel` gave them ([`store`]).
//! Whatever is wrong with an entry, or with the folder, the kernel is proved as if there were no cache. Results in which time limits may have had a
//! part are not kept, see [`lasting`].
//!
//! Soundness direction: exact: what is returned is what proving gave for the same input, with the same program and solver. The folder is trusted:
//! who can write to it can write verdicts.

pub mod key;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::store::Store;
use crate::ir::Kernel;
use crate::prove::kernel::Contradiction;
use crate::prove::stats::{Event, Stats};
use crate::prove::{KernelVerdicts, Options, Reason, Verdict, prove_kernel};

/// The variable that names the folder; empty or `off`: no cache.
pub const VARIABLE: &str = "UNBARRIER_CACHE";

/// The cache of this user, or none.
#[derive(Debug)]
pub struct Cache {
    store: Option<Store>,
}

impl Cache {
    /// The folder that [`VARIABLE`] names, else one in the user's folder for caches. `off`: proves always, and keeps nothing.
    pub fn open(off: bool) -> Cache {
        let folder = if off { None } else { folder() };
        Cache {
            store: folder.map(Store::new),
        }
    }

    /// A cache in a folder.
    #[cfg(test)]
    pub fn within(folder: PathBuf) -> Cache {
        Cache {
            store: Some(Store::new(folder)),
        }
    }

    /// The verdicts on a kernel, and whether they were in the cache. Obligations and counts that somebody wants (`recorder`, `stats`) exist only
    /// where something is proved: then the cache is not asked.
    pub fn prove(
        &self,
        kernel: &Kernel,
        options: &Options,
    ) -> Result<(KernelVerdicts, bool), Contradiction> {
        let wanted = options.recorder.is_some() || options.stats.is_some();
        let Some(store) = self.store.as_ref().filter(|_| !wanted) else {
            return prove_kernel(kernel, options).map(|p| (p.verdicts, false));
        };
        let key = key::of(kernel, options);
        if let Some(found) = store.get(&key) {
            return Ok((found, true));
        }
        let stats = Arc::new(Stats::default());
        let counted = Options {
            stats: Some(stats.clone()),
            ..options.clone()
        };
        let verdicts = prove_kernel(kernel, &counted)?.verdicts;
        if lasting(&verdicts, &stats) {
            store.put(&key, &verdicts);
        }
        Ok((verdicts, false))
    }
}

impl Cache {
    /// The verdicts on a kernel, if they are known.
    pub fn known(&self, kernel: &Kernel, options: &Options) -> Option<KernelVerdicts> {
        self.store.as_ref()?.get(&key::of(kernel, options))
    }

    /// The answer to a question on a kernel of a `kind`, `about` something: kept, or made by `make` and kept if it is `lasting`.
    /// `make` must depend on nothing else.
    pub fn keep<T: Serialize + DeserializeOwned>(
        &self,
        (kind, about): (&str, &str),
        kernel: &Kernel,
        options: &Options,
        make: impl FnOnce(&Options) -> Result<T, Contradiction>,
        lasting: impl FnOnce(&T, &Stats) -> bool,
    ) -> Result<T, Contradiction> {
        let Some(store) = &self.store else {
            return make(options);
        };
        let key = key::of_question(kind, about, kernel, options);
        if let Some(found) = store.get(&key) {
            return Ok(found);
        }
        let stats = Arc::new(Stats::default());
        let counted = Options {
            stats: Some(stats.clone()),
            ..options.clone()
        };
        let made = make(&counted)?;
        if lasting(&made, &stats) {
            store.put(&key, &made);
        }
        Ok(made)
    }
}

fn folder() -> Option<PathBuf> {
    match std::env::var_os(VARIABLE) {
        Some(v) if v.is_empty() || v == "off" => None,
        Some(v) => Some(PathBuf::from(v)),
        None => of_user().map(|d| d.join("unbarrier")),
    }
}

#[cfg(feature = "cli")]
fn of_user() -> Option<PathBuf> {
    dirs::cache_dir()
}

/// A library keeps nothing of its own accord.
#[cfg(not(feature = "cli"))]
fn of_user() -> Option<PathBuf> {
    None
}

/// Whether a faster machine would have said the same: no pair was left open; and where some question went unanswered on the way, nothing that is
/// reported is open.
fn lasting(v: &KernelVerdicts, s: &Stats) -> bool {
    let all = || v.barriers.iter().chain(&v.sites);
    let timeout = all().any(|b| matches!(b.reason, Reason::Timeout(..) | Reason::GaveUp(..)));
    if timeout || s.get(Event::Undecided) > 0 || v.races.iter().any(|r| r.undecided) {
        return false;
    }
    let open = all().any(|b| b.verdict == Verdict::Unknown) || v.races.iter().any(|r| !r.confirmed);
    s.get(Event::Unanswered) == 0 || !open
}

#[cfg(test)]
mod tests;
