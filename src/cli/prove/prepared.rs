//! Reading a file, and finding out what is to be decided in it.
//!
//! Soundness direction: exact.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::shared::{Normals, TaskKey};
use super::{assumptions, is_named, options, removal_spans, with_config_defines};
use crate::cli::args::{ProveArgs, ReportFormat};
use crate::cli::config;
use crate::cli::export::Export;
use crate::cli::input::{Loaded, load_kernels};
use crate::cli::problem::Problem;
use crate::cli::unseen;
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
    pub tasks: Vec<Task>,
    /// What `--remove` names.
    pub remove: BTreeSet<Span>,
    /// Why what `--remove` names must stay, whatever the kernels say.
    pub forbidden: Option<String>,
    /// What `unbarrier.toml` accepts in it.
    pub acceptances: Vec<config::Accept>,
    /// What is wrong with what was asked.
    pub problems: Vec<Problem>,
}

/// A kernel of a file (by index) to be decided.
pub struct Task {
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
pub fn prepare(
    path: &Path,
    a: &ProveArgs,
    export: Option<&Export>,
    strict: bool,
) -> Result<Prepared, Problem> {
    let source = with_config_defines(path, &a.settings.source)?;
    let html = a.output.format == ReportFormat::Html
        || a.output
            .output
            .iter()
            .any(|(f, _)| *f == ReportFormat::Html);
    // Who reads obligations wants those of each kernel; what goes together is asked of the kernel itself.
    let share = export.is_none() && a.remove.is_empty();
    let mut normals = Normals::new(share, !html);
    // Where barriers are to be deleted, it matters who else reaches them.
    let only: &[String] = match a.remove.is_empty() {
        true => &a.settings.kernel,
        false => &[],
    };
    let l = load_kernels(path, &source, only, &mut |k| normals.take(k))
        .map_err(|e| Problem::of(&path.display().to_string(), e))?;
    let shown = l.map.file(l.file).path.clone();
    let mut problems = Vec::new();
    for name in &a.settings.kernel {
        if !l.kernels.iter().any(|k| is_named(k, name)) {
            let known: Vec<&str> = names_of(&l).collect();
            let hint = if known.is_empty() {
                "it has no kernels".to_string()
            } else {
                format!("its kernels are {}", known.join(", "))
            };
            let message = format!("{shown}: no kernel named `{name}`; {hint}");
            problems.push(Problem::of(&shown, message));
        }
    }
    let is_chosen = |k: &Kernel| {
        a.settings.kernel.is_empty() || a.settings.kernel.iter().any(|n| is_named(k, n))
    };
    let chosen: Vec<&Kernel> = l.kernels.iter().filter(|k| is_chosen(k)).collect();
    let at = |e: String| Problem::of(&shown, e);
    let remove = removal_spans(&l, &chosen, a).map_err(at)?;
    let left_out: Vec<&Kernel> = l.kernels.iter().filter(|k| !is_chosen(k)).collect();
    let unseen_line = a.remove.iter().find_map(|line| {
        let g = unseen::on_line(&l, *line)?;
        Some(format!(
            "the barrier at line {line} is in {}, which was not analysed: {}",
            g.title(),
            g.reason
        ))
    });
    let forbidden = unseen_line.or_else(|| unseen::forbids(&l, &remove, &chosen, &left_out));
    let assumptions = assumptions(&l, &chosen, &a.settings, &source, path).map_err(at)?;
    let mut acceptances = Vec::new();
    if let (true, Some(c)) = (strict, config::project(&a.settings.source, path)?) {
        let names: Vec<&str> = names_of(&l).collect();
        if !l.has_errors() {
            problems.extend(c.unknown_kernels(&names));
        }
        let chosen: Vec<&str> = chosen.iter().map(|k| k.name.as_str()).collect();
        acceptances = c.acceptances(&chosen);
    }
    let mut tasks = Vec::new();
    let indices = (0..l.kernels.len()).filter(|i| is_chosen(&l.kernels[*i]));
    for (i, assumed) in indices.zip(assumptions) {
        let k = &l.kernels[i];
        let contract = config::contract(&a.settings.source, path, &k.name)?;
        let size = a
            .settings
            .launch
            .threadgroup
            .or_else(|| contract.as_ref().and_then(|c| c.threadgroup));
        let mut options = options(k, &a.settings, size, assumed);
        options.stats = a.stats.then(Arc::default);
        options.recorder = export.map(|e| e.recorder(&l.map, &shown));
        let (normal, key) = normals.of(i, &options);
        tasks.push(Task {
            kernel: i,
            size,
            options,
            normal,
            key,
        });
    }
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

/// The names of all kernels that a file has.
fn names_of(l: &Loaded) -> impl Iterator<Item = &str> {
    let made = l.kernels.iter().map(|k| k.name.as_str());
    made.chain(l.left_out.iter().map(|k| k.name.as_str()))
}
