//! Two versions as files or folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::CheckRequest;
use super::tree::{self, FilePair, Sides, is_kernel_source, normal};
use crate::engine::config;
use crate::engine::error::{Code, Error, Result};

fn walk(root: &Path, at: &Path, out: &mut BTreeSet<String>) -> Result<()> {
    let shown = root.join(at);
    let entries = std::fs::read_dir(&shown).map_err(|e| Error::io("read", &shown, e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Error::io("read", &shown, e))?;
        let path = at.join(entry.file_name());
        let kind = entry.file_type().map_err(|e| Error::io("read", &path, e))?;
        if kind.is_dir() {
            if entry.file_name() != ".git" {
                walk(root, &path, out)?;
            }
        } else if !root.join(&path).is_file() {
            // A pipe, a device, or a link to nothing.
            continue;
        } else if let Some(p) = normal(&path) {
            out.insert(p);
        }
    }
    Ok(())
}

/// Least similarity (of lines) at which a file that is gone and one that is new count as renamed.
const SIMILAR: f32 = 0.5;

/// Two files or two folders.
///
/// # Errors
/// One line: nothing is there, or one of each.
pub fn folders(a: &CheckRequest, from: &Path, to: &Path) -> Result<Sides> {
    let kind = |p: &Path| {
        std::fs::metadata(p)
            .map(|m| m.is_dir())
            .map_err(|e| Error::io("read", p, e))
    };
    let (mut headers, mut words) = (Vec::new(), BTreeSet::new());
    let config = |root: &Path| std::fs::read(root.join(config::FILE_NAME)).ok();
    let configured = config(from) != config(to);
    let (old_root, new_root, files) = match (kind(from)?, kind(to)?) {
        (false, false) => {
            let name = |p: &Path| {
                p.file_name()
                    .and_then(|n| n.to_str())
                    .map(str::to_string)
                    .ok_or_else(|| Error::io("read", p, "expected a file name in UTF-8"))
            };
            let folder = |p: &Path| p.parent().map(Path::to_path_buf).unwrap_or_default();
            let pair = FilePair {
                old: Some(name(from)?),
                new: Some(name(to)?),
            };
            (folder(from), folder(to), vec![pair])
        }
        (true, true) => {
            let (mut olds, mut news) = (BTreeSet::new(), BTreeSet::new());
            walk(from, Path::new(""), &mut olds)?;
            walk(to, Path::new(""), &mut news)?;
            others(from, to, &olds, &news, &mut headers, &mut words);
            olds.retain(|p| is_kernel_source(p));
            news.retain(|p| is_kernel_source(p));
            (
                from.to_path_buf(),
                to.to_path_buf(),
                pair_up(from, to, &olds, &news),
            )
        }
        _ => {
            return Err(Error::new(
                Code::Request,
                format!(
                    "{} and {}: expected two files or two folders",
                    from.display(),
                    to.display()
                ),
            ));
        }
    };
    let only: Vec<PathBuf> = a.paths.clone();
    let wanted = |p: &Option<String>| {
        let path = p.as_ref().map(|p| new_root.join(p));
        path.is_some_and(|p| only.iter().any(|o| p.starts_with(o)))
    };
    let files = files
        .into_iter()
        .filter(|f| only.is_empty() || wanted(&f.new) || wanted(&f.old))
        .collect();
    Ok(Sides {
        base: from.display().to_string(),
        head: Some(to.display().to_string()),
        shown_prefix: new_root.clone(),
        old_root,
        new_root,
        repository: None,
        files,
        headers,
        configured,
        words,
        errors: Vec::new(),
        _temporary: Vec::new(),
    })
}

/// What changed beside kernel sources, and the names in everything that changed.
fn others(
    from: &Path,
    to: &Path,
    olds: &BTreeSet<String>,
    news: &BTreeSet<String>,
    headers: &mut Vec<FilePair>,
    words: &mut BTreeSet<String>,
) {
    let read = |root: &Path, known: &BTreeSet<String>, p: &String| {
        known.get(p).and_then(|p| std::fs::read(root.join(p)).ok())
    };
    for p in olds.union(news) {
        let (old, new) = (read(from, olds, p), read(to, news, p));
        if old == new {
            continue;
        }
        if let Some(text) = &new {
            words.extend(tree::words(p, text));
        }
        if old.iter().chain(&new).any(|t| tree::is_header(p, t)) {
            headers.push(FilePair {
                old: old.is_some().then(|| p.clone()),
                new: new.is_some().then(|| p.clone()),
            });
        }
    }
}

/// Files of the same path, then those that are alike.
fn pair_up(
    from: &Path,
    to: &Path,
    olds: &BTreeSet<String>,
    news: &BTreeSet<String>,
) -> Vec<FilePair> {
    let mut out: Vec<FilePair> = olds
        .intersection(news)
        .map(|p| FilePair {
            old: Some(p.clone()),
            new: Some(p.clone()),
        })
        .collect();
    let mut gone: Vec<&String> = olds.difference(news).collect();
    for n in news.difference(olds) {
        let text = |root: &Path, p: &str| std::fs::read_to_string(root.join(p)).unwrap_or_default();
        let new = text(to, n);
        let best = gone
            .iter()
            .enumerate()
            .map(|(i, o)| {
                (
                    i,
                    TextDiff::from_lines(text(from, o).as_str(), new.as_str()).ratio(),
                )
            })
            .filter(|(_, r)| *r >= SIMILAR)
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let old = best.map(|(i, _)| gone.remove(i).clone());
        out.push(FilePair {
            old,
            new: Some(n.clone()),
        });
    }
    out.extend(gone.into_iter().map(|o| FilePair {
        old: Some(o.clone()),
        new: None,
    }));
    out.sort_by(|a, b| (&a.new, &a.old).cmp(&(&b.new, &b.old)));
    out
}
