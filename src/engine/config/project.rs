//! What `unbarrier.toml` says of a project beside launch contracts: where included files are, what is left out, whether its entries name
//! something.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{Accept, Config, ConfigError, about, governing, nearest};
use crate::engine::error::Error;
use crate::engine::settings::SourceSettings;

/// The `unbarrier.toml` of a source file.
pub struct Project {
    config: Arc<Config>,
    /// The file, as entries name it.
    relative: PathBuf,
}

/// What `unbarrier.toml` says of a file.
pub fn project(source: &SourceSettings, file: &Path) -> Result<Option<Project>, ConfigError> {
    let found = about(source, file)?;
    Ok(found.map(|(config, relative)| Project { config, relative }))
}

/// Folders of included files that the file's `unbarrier.toml` names.
pub fn include(source: &SourceSettings, file: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let Some(config) = governing(source, file)? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    for dir in &config.include {
        let path = config.folder().join(dir.get_ref());
        if !path.is_dir() {
            let message = format!(
                "`{}` is no folder; expected one, relative to this file",
                dir.get_ref().display()
            );
            return Err(config.error(dir.span(), message));
        }
        out.push(short(&path));
    }
    Ok(out)
}

/// Whether the nearest `unbarrier.toml` (or `--contracts`) leaves a file out when a folder is analysed.
pub fn excluded(source: &SourceSettings, file: &Path) -> Result<bool, ConfigError> {
    let Some(config) = governing(source, file)? else {
        return Ok(false);
    };
    if config.exclude.is_empty() {
        return Ok(false);
    }
    let Ok(full) = std::fs::canonicalize(file) else {
        return Ok(false);
    };
    let Ok(folder) = std::fs::canonicalize(config.folder()) else {
        return Ok(false);
    };
    let Ok(relative) = full.strip_prefix(&folder) else {
        return Ok(false);
    };
    let patterns = config.exclusions()?;
    Ok(patterns
        .matched_path_or_any_parents(relative, false)
        .is_ignore())
}

/// Entries of the `unbarrier.toml` of these files that name a file that is not there.
pub fn missing(files: &[PathBuf], source: &SourceSettings) -> Vec<Error> {
    // Entries of a file given with --contracts name the ends of paths that lie anywhere.
    if source.contracts.is_some() || source.no_contracts {
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut seen = BTreeSet::new();
    for f in files {
        // What is wrong with the file itself is said when the source file is read.
        let Ok(Some((config, _))) = nearest(f) else {
            continue;
        };
        if seen.insert(config.path.clone()) {
            let kernels = config.entries.iter().map(|e| &e.file);
            let accepted = config.accept.iter().map(|a| &a.get_ref().file);
            for named in kernels.chain(accepted) {
                let path = config.folder().join(named.get_ref());
                if !path.is_file() {
                    let message = format!(
                        "`{}` is no file; expected a source file, relative to this file",
                        named.get_ref().display()
                    );
                    out.push(config.error(named.span(), message).into());
                }
            }
        }
    }
    out
}

impl Project {
    /// Entries about the file that name a kernel that it does not have.
    pub fn unknown_kernels(&self, names: &[&str]) -> Vec<Error> {
        let c = &self.config;
        let kernels = c.entries.iter().map(|e| (&e.file, &e.name));
        let accepted = c
            .accept
            .iter()
            .map(|a| (&a.get_ref().file, &a.get_ref().kernel));
        let known = if names.is_empty() {
            "it has no kernels".to_string()
        } else {
            format!("expected one of its kernels: {}", names.join(", "))
        };
        kernels
            .chain(accepted)
            .filter(|(file, _)| *file.get_ref() == self.relative)
            .filter_map(|(_, name)| name.as_ref())
            .filter(|n| !names.contains(&n.get_ref().as_str()))
            .map(|n| {
                let message = format!(
                    "no kernel `{}` in {}; {known}",
                    n.get_ref(),
                    self.relative.display()
                );
                c.error(n.span(), message).into()
            })
            .collect()
    }

    /// What is accepted in the file, in some of its kernels.
    pub fn acceptances(&self, kernels: &[&str]) -> Vec<Accept> {
        self.config.accepted(&self.relative, kernels)
    }
}

impl Config {
    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The path of the file for people.
    pub(super) fn shown(&self) -> PathBuf {
        short(&self.path)
    }

    /// The patterns of `exclude`.
    pub(super) fn exclusions(&self) -> Result<Gitignore, ConfigError> {
        let mut all = GitignoreBuilder::new("");
        for p in &self.exclude {
            all.add_line(None, p.get_ref()).map_err(|e| {
                let message = format!(
                    "`{}` is no pattern ({e}); expected one as in .gitignore, such as \"third_party/\" or \"*_generated.metal\"",
                    p.get_ref()
                );
                self.error(p.span(), message)
            })?;
        }
        all.build()
            .map_err(|e| ConfigError::whole(&self.path, format!("`exclude`: {e}")))
    }
}

/// Relative to the working directory where it lies below it.
fn short(path: &Path) -> PathBuf {
    let here = std::env::current_dir().and_then(std::fs::canonicalize);
    match here {
        Ok(h) => path
            .strip_prefix(&h)
            .map_or_else(|_| path.to_path_buf(), Path::to_path_buf),
        Err(_) => path.to_path_buf(),
    }
}
