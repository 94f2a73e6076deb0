//! Which kernels of a file are meant, how they are launched, and what is assumed of them. All commands ask here.

use std::path::Path;

use super::config;
use super::error::{Code, Error, Result};
use super::load::{Loaded, preprocess_options};
use super::settings::{Settings, SourceSettings};
use crate::front::assume::{parse_assumption, resolve};
use crate::ir::{Assumption, Kernel};
use crate::prove::Options;

/// Whether a kernel has this name: its own (of an instance, with its template arguments or its host name) or that of its function.
pub fn is_named(k: &Kernel, name: &str) -> bool {
    k.name == name || k.function == name
}

/// Whether a kernel is one of those that are asked for; no names ask for all.
pub fn is_chosen(k: &Kernel, names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|n| is_named(k, n))
}

/// What is wrong with names of kernels: one error for each name that no kernel has, with the names that there are.
pub fn unknown(l: &Loaded, names: &[String]) -> Vec<Error> {
    let shown = &l.map.file(l.file).path;
    let missing = names
        .iter()
        .filter(|n| !l.kernels.iter().any(|k| is_named(k, n)));
    missing
        .map(|n| {
            let known = l.names();
            let hint = if known.is_empty() {
                "it has no kernels".to_string()
            } else {
                format!("its kernels are {}", known.join(", "))
            };
            let message = format!("{shown}: no kernel named `{n}`; {hint}");
            Error::of(Code::Request, shown, message)
        })
        .collect()
}

/// The kernels that are meant.
///
/// # Errors
/// A name that no kernel has.
pub fn chosen<'a>(l: &'a Loaded, names: &[String]) -> Result<Vec<&'a Kernel>> {
    if let Some(e) = unknown(l, names).into_iter().next() {
        return Err(e);
    }
    Ok(l.kernels.iter().filter(|k| is_chosen(k, names)).collect())
}

/// Conditions over a kernel, from their texts.
///
/// # Errors
/// One of them is no expression, or names something that the kernel does not have.
pub fn conditions(
    l: &Loaded,
    k: &Kernel,
    texts: &[String],
    source: &SourceSettings,
    path: &Path,
) -> Result<Vec<Assumption>> {
    let options = preprocess_options(source);
    let text = &l.map.file(l.file).text;
    let one = |t: &String| {
        let e = parse_assumption(t, text, path.to_path_buf(), &options)?;
        Ok(resolve(t, &e, &l.unit, k)?)
    };
    texts.iter().map(one).collect()
}

/// The assumptions of each kernel: of its contract, which must make sense in that kernel, and those that were given, a name of which must mean
/// something in at least one of them.
///
/// # Errors
/// As [`conditions`] says, or `unbarrier.toml` is not sound.
pub fn assumptions(
    l: &Loaded,
    kernels: &[&Kernel],
    a: &Settings,
    source: &SourceSettings,
    path: &Path,
) -> Result<Vec<Vec<Assumption>>> {
    let mut out: Vec<Vec<Assumption>> = Vec::new();
    for k in kernels {
        let contract = config::contract(&a.source, path, &k.name)?;
        let texts = contract.map(|c| c.assume).unwrap_or_default();
        out.push(conditions(l, k, &texts, source, path)?);
    }
    let options = preprocess_options(source);
    let file = &l.map.file(l.file).text;
    for text in &a.launch.assume {
        let expr = parse_assumption(text, file, path.to_path_buf(), &options)?;
        let mut first_error = None;
        let mut used = false;
        for (i, k) in kernels.iter().enumerate() {
            match resolve(text, &expr, &l.unit, k) {
                Ok(x) => {
                    used = true;
                    out[i].push(x);
                }
                Err(e) if e.is_unknown_name() => {
                    first_error.get_or_insert(e);
                }
                Err(e) => return Err(e.into()),
            }
        }
        if let (false, Some(e)) = (used, first_error) {
            return Err(e.into());
        }
    }
    Ok(out)
}

/// What the prover is told of each kernel: its contract, the assumptions, the settings. With the size of its threadgroup, where one is fixed.
///
/// # Errors
/// As [`assumptions`] says.
pub fn options(
    l: &Loaded,
    kernels: &[&Kernel],
    a: &Settings,
    source: &SourceSettings,
    path: &Path,
) -> Result<Vec<(Option<[u64; 3]>, Options)>> {
    let assumed = assumptions(l, kernels, a, source, path)?;
    let mut out = Vec::new();
    for (k, assumed) in kernels.iter().zip(assumed) {
        let contract = config::contract(&a.source, path, &k.name)?;
        let given = a.launch.threadgroup;
        let size = given.or_else(|| contract.and_then(|c| c.threadgroup));
        out.push((size, a.options(k, size, assumed)));
    }
    Ok(out)
}
