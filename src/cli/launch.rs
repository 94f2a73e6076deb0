//! `unbarrier launch`: how kernels are launched, printed as it would stand in `unbarrier.toml`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::args::{SourceArgs, threadgroup};
use super::config;
use super::input::{Loaded, emit, load, preprocess_options, use_color};
use super::prove::{is_named, with_config_defines};
use super::{BAD_INPUT, DONE};
use crate::encode::launch::Contract;
use crate::front::assume::{parse_assumption, resolve};
use crate::ir::{Assumption, Kernel};
use crate::launch::{Spec, derive};
use crate::prove::Options;
use crate::prove::replay::admitted;

/// Arguments of `launch`.
#[derive(Clone, Debug, Args)]
pub struct LaunchArgs {
    /// Metal source file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only this kernel (may be repeated).
    #[arg(long, value_name = "NAME")]
    pub kernel: Vec<String>,
    /// Threadgroup size, where unbarrier.toml and the kernel do not say.
    #[arg(long, value_name = "X[,Y[,Z]]", value_parser = threadgroup)]
    pub threadgroup: Option<[u64; 3]>,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// A threadgroup size where nobody says one.
const THREADS: u32 = 64;

/// How one kernel is launched.
pub struct Plan {
    /// Threadgroup size.
    pub threadgroup: [u32; 3],
    /// The rest.
    pub spec: Spec,
    /// Conditions that come with it.
    pub assume: Vec<String>,
    /// It was derived, not given.
    pub derived: bool,
}

/// Runs the command; the exit code.
pub fn run(a: &LaunchArgs) -> u8 {
    match text(a) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("error: {e}");
            BAD_INPUT
        }
    }
}

fn text(a: &LaunchArgs) -> Result<u8, String> {
    let source = with_config_defines(&a.file, &a.source)?;
    let l = load(&a.file, &source, true)?;
    l.print_diagnostics(use_color(a.source.color, true));
    let mut code = if l.has_errors() { BAD_INPUT } else { DONE };
    for k in chosen(&l, &a.kernel)? {
        match plan(&l, k, &a.file, &source, a.threadgroup) {
            Ok(p) => emit(&show(&a.file, k, &p)),
            Err(e) => {
                eprintln!("error: kernel {}: {e}", k.name);
                code = BAD_INPUT;
            }
        }
    }
    Ok(code)
}

/// The kernels that are meant; an error names those there are.
pub fn chosen<'a>(l: &'a Loaded, names: &[String]) -> Result<Vec<&'a Kernel>, String> {
    for n in names {
        if !l.kernels.iter().any(|k| is_named(k, n)) {
            let known: Vec<&str> = l.kernels.iter().map(|k| k.name.as_str()).collect();
            let path = &l.map.file(l.file).path;
            return Err(if known.is_empty() {
                format!("{path}: no kernel named `{n}`; it has no kernels")
            } else {
                format!(
                    "{path}: no kernel named `{n}`; its kernels are {}",
                    known.join(", ")
                )
            });
        }
    }
    let wanted = |k: &&Kernel| names.is_empty() || names.iter().any(|n| is_named(k, n));
    Ok(l.kernels.iter().filter(wanted).collect())
}

/// The launch of a kernel: given, else derived.
pub fn plan(
    l: &Loaded,
    k: &Kernel,
    path: &Path,
    source: &SourceArgs,
    size: Option<[u64; 3]>,
) -> Result<Plan, String> {
    let contract = config::contract(source, path, &k.name)
        .map_err(|e| e.to_string())?
        .unwrap_or_default();
    let size = size.or(contract.threadgroup);
    let threadgroup = match (size, k.max_threads) {
        (Some(s), _) => s.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
        (None, Some(n)) => [u32::try_from(n).unwrap_or(u32::MAX), 1, 1],
        (None, None) => [THREADS, 1, 1],
    };
    let assume = contract.assume;
    if let Some(spec) = contract.launch {
        return Ok(Plan {
            threadgroup,
            spec,
            assume,
            derived: false,
        });
    }
    let options = Options {
        contract: Contract::new(k, Some(threadgroup.map(u64::from))),
        assumptions: assumptions(l, k, &assume, path, source)?,
        timeout: Duration::from_secs(1),
        jobs: 1,
        ignore_flags: false,
        lockstep: false,
        only: None,
        execute_first: true,
        recorder: None,
        stats: None,
    };
    let spec = derive(k, threadgroup, &|launch| admitted(k, &options, launch))?;
    Ok(Plan {
        threadgroup,
        spec,
        assume,
        derived: true,
    })
}

fn assumptions(
    l: &Loaded,
    k: &Kernel,
    texts: &[String],
    path: &Path,
    source: &SourceArgs,
) -> Result<Vec<Assumption>, String> {
    let options = preprocess_options(source);
    let file = &l.map.file(l.file).text;
    texts
        .iter()
        .map(|t| {
            let e = parse_assumption(t, file, path.to_path_buf(), &options)
                .map_err(|e| e.to_string())?;
            resolve(t, &e, &l.unit, k).map_err(|e| e.to_string())
        })
        .collect()
}

/// The launch as an entry of `unbarrier.toml`.
pub fn show(path: &Path, k: &Kernel, p: &Plan) -> String {
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
