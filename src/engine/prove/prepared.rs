//! Reading a file, and finding out what is to be decided in it.
//!
//! Soundness direction: exact.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::removal::removal_spans;
use super::shared::{Normals, TaskKey};
use super::{Input, ProveRequest};
use crate::engine::config;
use crate::engine::error::{Error, Result};
use crate::engine::export::Export;
use crate::engine::kernels::{self, is_chosen};
use crate::engine::load::{Loaded, configured, load_kernels};
use crate::engine::settings::SourceSettings;
use crate::engine::unseen;
use crate::ir::Kernel;
use crate::prove::Options;
use crate::source::Span;

/// A file that was read, and what is to be decided in it.
pub struct Prepared {
    /// What it is called.
    pub shown: String,
    /// What was read.
    pub loaded: Loaded,
    /// Its kernels that were asked for.
    pub tasks: Vec<KernelTask>,
    /// What `--remove` names.
    pub remove: BTreeSet<Span>,
    /// Why what `--remove` names must stay, whatever the kernels say.
    pub forbidden: Option<String>,
    /// What `unbarrier.toml` accepts in it.
    pub acceptances: Vec<config::Accept>,
    /// What is wrong with what was asked.
    pub problems: Vec<Error>,
}

/// A kernel of a file (by index) to be decided.
pub struct KernelTask {
    /// Its index.
    pub kernel: usize,
    /// The threadgroup size.
    pub size: Option<[u64; 3]>,
    /// What to decide, and how.
    pub options: Options,
    /// What is proved, where that is not the kernel itself.
    pub normal: Option<Arc<Kernel>>,
    /// Everything that the outcome depends on, where others may share it.
    pub key: Option<TaskKey>,
}

/// Reads a file and finds out what is to be decided in it.
pub fn prepare(input: &Input, a: &ProveRequest, export: Option<&Export>) -> Result<Prepared> {
    let path = &input.path;
    let source = configured(path, &a.settings.source)?;
    // Who reads obligations wants those of each kernel; what goes together is asked of the kernel itself.
    let share = export.is_none() && a.remove.is_empty();
    let mut normals = Normals::new(share, !a.graphs);
    // Where barriers are to be deleted, it matters who else reaches them.
    let only: &[String] = match a.remove.is_empty() {
        true => &a.settings.kernel,
        false => &[],
    };
    let text = input.text.as_deref();
    let l = load_kernels(path, text, &source, only, &mut |k| normals.take(k))?;
    prepared(l, (path, &source), &normals, a, export)
}

/// The same for a file that was read, which keeps its kernels.
pub fn prepare_loaded(
    mut l: Loaded,
    path: &Path,
    source: &SourceSettings,
    a: &ProveRequest,
    export: Option<&Export>,
) -> Result<Prepared> {
    let mut normals = Normals::new(export.is_none() && a.remove.is_empty(), false);
    for k in &mut l.kernels {
        normals.take(k);
    }
    prepared(l, (path, source), &normals, a, export)
}

/// Finds out what is to be decided in a file that was read.
fn prepared(
    l: Loaded,
    (path, source): (&Path, &SourceSettings),
    normals: &Normals,
    a: &ProveRequest,
    export: Option<&Export>,
) -> Result<Prepared> {
    let shown = l.map.file(l.file).path.clone();
    let names = &a.settings.kernel;
    let mut problems = kernels::unknown(&l, names);
    let (chosen, left_out): (Vec<&Kernel>, Vec<&Kernel>) =
        l.kernels.iter().partition(|k| is_chosen(k, names));
    let at = |e: Error| e.in_file(&shown);
    let remove = removal_spans(&l, &chosen, a).map_err(at)?;
    let unseen_line = a.remove.iter().find_map(|line| {
        let g = unseen::on_line(&l, *line)?;
        Some(format!(
            "the barrier at line {line} is in {}, which was not analysed: {}",
            g.title(),
            g.reason
        ))
    });
    let forbidden = unseen_line.or_else(|| unseen::forbids(&l, &remove, &chosen, &left_out));
    let options = kernels::options(&l, &chosen, &a.settings, source, path).map_err(at)?;
    let mut acceptances = Vec::new();
    if let (false, Some(c)) = (a.plain, config::project(&a.settings.source, path)?) {
        let names = l.names();
        if !l.has_errors() {
            problems.extend(c.unknown_kernels(&names));
        }
        let chosen: Vec<&str> = chosen.iter().map(|k| k.name.as_str()).collect();
        acceptances = c.acceptances(&chosen);
    }
    let indices = (0..l.kernels.len()).filter(|i| is_chosen(&l.kernels[*i], names));
    let task = |(kernel, (size, mut options)): (usize, (Option<[u64; 3]>, Options))| {
        options.stats = a.stats.then(Arc::default);
        options.recorder = export.map(|e| e.recorder(&l.map, &shown));
        let (normal, key) = normals.of(kernel, &options);
        KernelTask {
            kernel,
            size,
            options,
            normal,
            key,
        }
    };
    let tasks = indices.zip(options).map(task).collect();
    Ok(Prepared {
        shown,
        loaded: l,
        tasks,
        remove,
        forbidden,
        acceptances,
        problems,
    })
}
