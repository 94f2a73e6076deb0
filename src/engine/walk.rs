//! From files and folders on the command line to source files.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::config;
use super::error::{Code, Error};
use super::settings::SourceSettings;

/// The source files: those that are named, and the `.metal` files of folders, in the order of their paths. Left out of folders: what
/// `.gitignore` and `unbarrier.toml` exclude, and hidden files. Each file once, where it comes first.
pub fn files(named: &[PathBuf], source: &SourceSettings) -> (Vec<PathBuf>, Vec<Error>) {
    let mut out: Vec<PathBuf> = Vec::new();
    let mut problems = Vec::new();
    for path in named {
        if path.is_dir() {
            let found = folder(path, Some(source), &mut problems);
            out.extend(found);
        } else {
            out.push(path.clone());
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    out.retain(|p| seen.insert(p.clone()));
    (out, problems)
}

/// The `.metal` files of a folder; without `source`, also those that `unbarrier.toml` excludes. A problem when there are none.
pub fn folder(
    path: &Path,
    source: Option<&SourceSettings>,
    problems: &mut Vec<Error>,
) -> Vec<PathBuf> {
    let before = problems.len();
    let mut out = Vec::new();
    let mut left_out = 0usize;
    let walk = WalkBuilder::new(path)
        .require_git(false)
        .sort_by_file_path(|a, b| a.cmp(b))
        .build();
    for entry in walk {
        let entry = match entry {
            Ok(e) => e,
            Err(e) => {
                let shown = path.display().to_string();
                problems.push(Error::of(Code::Io, &shown, format!("{shown}: {e}")));
                continue;
            }
        };
        let file = entry.path();
        let metal = file.extension().is_some_and(|x| x == "metal");
        if !metal || !file.is_file() {
            continue;
        }
        // `.` itself is named so that all is in it; its files are not `./a.metal`.
        let file = file.strip_prefix("./").unwrap_or(file);
        match source.map_or(Ok(false), |s| config::excluded(s, file)) {
            Ok(false) => out.push(file.to_path_buf()),
            Ok(true) => left_out += 1,
            Err(e) => {
                let p = Error::from(e);
                if !problems.contains(&p) {
                    problems.push(p);
                }
            }
        }
    }
    if out.is_empty() && problems.len() == before {
        let shown = path.display().to_string();
        let why = match left_out {
            0 => String::new(),
            n => format!(" ({n} excluded by unbarrier.toml)"),
        };
        let message = format!("{shown}: no .metal file in this folder{why}");
        problems.push(Error::of(Code::Io, &shown, message));
    }
    out
}
