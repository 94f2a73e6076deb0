//! How a kernel is launched: as `unbarrier.toml` says, else a launch that fits.

use std::path::Path;
use std::time::Duration;

use super::config;
use super::error::{Code, Error, Result};
use super::kernels::conditions;
use super::load::Loaded;
use super::settings::SourceSettings;
use crate::encode::launch::Contract;
use crate::ir::Kernel;
use crate::launch::{Spec, derive};
use crate::prove::Options;
use crate::prove::replay::admitted;

/// A threadgroup size where nobody says one.
const THREADS: u32 = 64;

/// How one kernel is launched.
pub struct LaunchPlan {
    /// Threadgroup size.
    pub threadgroup: [u32; 3],
    /// The rest.
    pub spec: Spec,
    /// Conditions that come with it.
    pub assume: Vec<String>,
    /// It was derived, not given.
    pub derived: bool,
}

/// The launch of a kernel: given, else derived. `source` is configured for the file.
///
/// # Errors
/// `unbarrier.toml` is not sound, or no launch is found that the executor can run.
pub fn plan(
    l: &Loaded,
    k: &Kernel,
    path: &Path,
    source: &SourceSettings,
    size: Option<[u64; 3]>,
) -> Result<LaunchPlan> {
    let contract = config::contract(source, path, &k.name)?.unwrap_or_default();
    let size = size.or(contract.threadgroup);
    let threadgroup = match (size, k.max_threads) {
        (Some(s), _) => s.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
        (None, Some(n)) => [u32::try_from(n).unwrap_or(u32::MAX), 1, 1],
        (None, None) => [THREADS, 1, 1],
    };
    let assume = contract.assume;
    if let Some(spec) = contract.launch {
        return Ok(LaunchPlan {
            threadgroup,
            spec,
            assume,
            derived: false,
        });
    }
    let options = Options {
        contract: Contract::new(k, Some(threadgroup.map(u64::from))),
        assumptions: conditions(l, k, &assume, source, path)?,
        timeout: Duration::from_secs(1),
        jobs: 1,
        ignore_flags: false,
        lockstep: false,
        only: None,
        execute_first: true,
        recorder: None,
        stats: None,
    };
    let spec = derive(k, threadgroup, &|launch| admitted(k, &options, launch))
        .map_err(|e| Error::new(Code::Launch, e))?;
    Ok(LaunchPlan {
        threadgroup,
        spec,
        assume,
        derived: true,
    })
}

/// The launch as an entry of `unbarrier.toml`.
pub fn show(path: &Path, k: &Kernel, p: &LaunchPlan) -> String {
    let name = path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    );
    let mut out = String::new();
    if p.derived {
        out.push_str("# Derived from one run in the executor; change it to what hosts do.\n");
    }
    out.push_str(&format!(
        "[[kernel]]\nfile = {name:?}\nname = {:?}\n",
        k.name
    ));
    out.push_str(&format!("threadgroup = {:?}\n", p.threadgroup));
    if !p.assume.is_empty() {
        out.push_str(&format!("assume = {:?}\n", p.assume));
    }
    out.push_str(&format!("{}\n", p.spec));
    out
}
