//! Two versions in a git repository.
//!
//! A revision is written into a temporary folder: the kernel sources that changed, or that include something that changed, with all
//! they include.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::CheckRequest;
use super::git::{self, Change, Repository, Tree};
use super::tree::{self, FilePair, Sides, closure, is_kernel_source, normal, temporary, write};
use crate::engine::config;
use crate::engine::error::{Code, Error, Result};
use crate::engine::files::Scratch;

/// Both versions, while what differs is collected.
struct Versions<'a> {
    request: &'a CheckRequest,
    repo: &'a Repository,
    base: Tree,
    head: Option<Tree>,
    changes: Vec<Change>,
    /// All paths of `changes`.
    touched: BTreeSet<String>,
    /// Kernel sources of the old version.
    olds: BTreeSet<String>,
    /// Kernel sources of the new version.
    news: BTreeSet<String>,
    /// Include folders of the command line.
    include: Vec<String>,
    old_temp: (Scratch, TempDir),
    new_temp: Option<(Scratch, TempDir)>,
}

/// Two revisions, or a revision and the work tree.
///
/// # Errors
/// One line: no repository, no such revision, no git.
pub fn repository(a: &CheckRequest) -> Result<Sides> {
    let repo = Repository::discover()?;
    let base = repo.revision(&a.base)?;
    let head = a.head.as_deref().map(|h| repo.revision(h)).transpose()?;
    let changes = repo.changes(&base, head.as_ref())?;
    let inside = inside(&repo)?;
    let include = a.settings.source.include.iter();
    let olds = kernel_sources(&base);
    let v = Versions {
        request: a,
        repo: &repo,
        touched: git::touched(&changes),
        news: new_sources(&olds, head.as_ref(), &changes),
        olds,
        include: include.filter_map(|d| inside(d)).collect(),
        old_temp: temporary()?,
        new_temp: head.as_ref().map(|_| temporary()).transpose()?,
        base,
        head,
        changes,
    };
    v.know_paths(&inside)?;
    let wanted = wanted(a, &inside)?;
    let files = v.kernel_pairs(&inside, &wanted)?;
    let (headers, words) = v.header_pairs(&wanted)?;
    let errors = v.contracts();
    Ok(v.sides(files, headers, words, errors))
}

/// The path in the repository of a path that a person gave; `None` where it is outside.
fn inside(repo: &Repository) -> Result<impl Fn(&Path) -> Option<String> + use<>> {
    let cwd = std::env::current_dir()
        .map_err(|e| Error::new(Code::Io, format!("no current folder: {e}")))?;
    let root = &repo.work;
    let root = root.canonicalize().unwrap_or_else(|_| root.clone());
    Ok(move |p: &Path| {
        let real = cwd.join(p);
        let real = real.canonicalize().unwrap_or(real);
        normal(real.strip_prefix(&root).ok()?)
    })
}

fn kernel_sources(tree: &Tree) -> BTreeSet<String> {
    let all = tree.paths().filter(|p| is_kernel_source(p));
    all.cloned().collect()
}

/// Kernel sources of the new version.
fn new_sources(
    olds: &BTreeSet<String>,
    head: Option<&Tree>,
    changes: &[Change],
) -> BTreeSet<String> {
    let mut news = head.map_or_else(|| olds.clone(), kernel_sources);
    for (o, n) in changes {
        if let Some(o) = o.as_ref().filter(|o| n.as_ref() != Some(o)) {
            news.remove(o);
        }
    }
    let new = changes.iter().filter_map(|(_, n)| n.as_ref());
    news.extend(new.filter(|n| is_kernel_source(n)).cloned());
    news
}

impl Versions<'_> {
    fn old_text(&self, path: &str) -> Option<Vec<u8>> {
        self.repo.text(&self.base, path)
    }

    fn new_text(&self, path: &str) -> Option<Vec<u8>> {
        match &self.head {
            Some(h) => self.repo.text(h, path),
            None => std::fs::read(self.repo.work.join(path)).ok(),
        }
    }

    /// Writes files of the old version to where it is judged.
    fn keep_old<'p>(&self, paths: impl IntoIterator<Item = &'p String>) -> Result<()> {
        for p in paths {
            if let Some(bytes) = self.old_text(p) {
                write(self.old_temp.1.path(), p, &bytes)?;
            }
        }
        Ok(())
    }

    /// As [`Versions::keep_old`]; the work tree is judged where it is.
    fn keep_new<'p>(&self, paths: impl IntoIterator<Item = &'p String>) -> Result<()> {
        let Some(t) = &self.new_temp else {
            return Ok(());
        };
        for p in paths {
            if let Some(bytes) = self.new_text(p) {
                write(t.1.path(), p, &bytes)?;
            }
        }
        Ok(())
    }

    /// Every path of the request is in one of the versions.
    fn know_paths(&self, inside: &dyn Fn(&Path) -> Option<String>) -> Result<()> {
        for p in &self.request.paths {
            let known = inside(p).is_some_and(|x| {
                x.is_empty() || self.repo.work.join(&x).exists() || self.base.has(&x)
            });
            if !known {
                let message = format!(
                    "{}: no such file or folder in this repository, in neither version",
                    p.display()
                );
                return Err(Error::new(Code::Request, message));
            }
        }
        Ok(())
    }

    /// Whether a file changed, by its path or by where a link or submodule leads.
    fn changed(&self, path: &str, inside: &dyn Fn(&Path) -> Option<String>) -> bool {
        let real = self.repo.work.join(path).canonicalize().ok();
        let real = real.and_then(|r| inside(&r));
        [Some(path.to_string()), real]
            .into_iter()
            .flatten()
            .any(|p| {
                let within = |t: &String| p.starts_with(&format!("{t}/"));
                self.touched.contains(&p) || self.touched.iter().any(within)
            })
    }

    /// Kernel sources that differ, themselves or by what they include.
    fn kernel_pairs(
        &self,
        inside: &dyn Fn(&Path) -> Option<String>,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<FilePair>> {
        let renamed: BTreeMap<&String, &String> = self
            .changes
            .iter()
            .filter_map(|(o, n)| Some((n.as_ref()?, o.as_ref()?)))
            .collect();
        let mut files = Vec::new();
        let mut taken: BTreeSet<&String> = BTreeSet::new();
        for n in &self.news {
            let old = renamed.get(n).copied().or_else(|| self.olds.get(n));
            taken.extend(old);
            if wanted(n) && self.keep_if_changed(old, n, inside)? {
                files.push(FilePair {
                    old: old.cloned(),
                    new: Some(n.clone()),
                });
            }
        }
        for o in self.olds.iter().filter(|o| !taken.contains(o) && wanted(o)) {
            self.keep_old(&closure(o, &self.include, &mut |p| self.old_text(p)).0)?;
            files.push(FilePair {
                old: Some(o.clone()),
                new: None,
            });
        }
        Ok(files)
    }

    /// Writes a source and what it includes, where anything of it changed. Says whether it did.
    fn keep_if_changed(
        &self,
        old: Option<&String>,
        new: &str,
        inside: &dyn Fn(&Path) -> Option<String>,
    ) -> Result<bool> {
        // Folders of unbarrier.toml come after those of the command line.
        let mut include = self.include.clone();
        let source = &self.request.settings.source;
        let configured = config::include(source, &self.repo.work.join(new)).unwrap_or_default();
        include.extend(configured.iter().filter_map(|d| inside(d)));
        let (new_files, new_open) = closure(new, &include, &mut |p| self.new_text(p));
        let (old_files, old_open) = match old {
            Some(o) => closure(o, &include, &mut |p| self.old_text(p)),
            None => (BTreeSet::new(), false),
        };
        let mut all = new_files.iter().chain(&old_files);
        // An include that was not found may be any of the other files that changed.
        let other = |t: &String| !is_kernel_source(t) || !self.olds.contains(t);
        let open = (new_open || old_open) && self.touched.iter().any(other);
        if !all.any(|p| self.changed(p, inside)) && !open {
            return Ok(false);
        }
        self.keep_old(&old_files)?;
        self.keep_new(&new_files)?;
        Ok(true)
    }

    /// Other files that differ and say something of kernels; and the names that changed files say.
    fn header_pairs(
        &self,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<(Vec<FilePair>, BTreeSet<String>)> {
        let mut headers = Vec::new();
        let mut words = BTreeSet::new();
        for (o, n) in &self.changes {
            let old = o.as_deref().and_then(|p| self.old_text(p));
            let new = n.as_deref().and_then(|p| self.new_text(p));
            if let (Some(n), Some(text)) = (n, &new) {
                words.extend(tree::words(n, text));
            }
            let header = |p: &Option<String>, text: &Option<Vec<u8>>| match (p, text) {
                (Some(p), Some(t)) => tree::is_header(p, t),
                _ => false,
            };
            if !(header(o, &old) || header(n, &new)) || !o.iter().chain(n).any(|p| wanted(p)) {
                continue;
            }
            if let Some(o) = o {
                self.keep_old(&closure(o, &self.include, &mut |p| self.old_text(p)).0)?;
            }
            if let Some(n) = n {
                self.keep_new(&closure(n, &self.include, &mut |p| self.new_text(p)).0)?;
            }
            headers.push(FilePair {
                old: o.clone(),
                new: n.clone(),
            });
        }
        Ok((headers, words))
    }

    /// Launch contracts belong to the version that is judged.
    fn contracts(&self) -> Vec<Error> {
        let Some(head) = &self.head else {
            return Vec::new();
        };
        let name = |p: &&String| p.rsplit('/').next() == Some(config::FILE_NAME);
        let mut errors = Vec::new();
        for path in head.paths().filter(name) {
            if let Err(e) = self.keep_new([path]) {
                errors.push(e.in_file(path));
            }
        }
        errors
    }

    fn sides(
        self,
        files: Vec<FilePair>,
        headers: Vec<FilePair>,
        words: BTreeSet<String>,
        errors: Vec<Error>,
    ) -> Sides {
        let work = self.repo.work.clone();
        let new_root = self.new_temp.as_ref().map(|t| t.1.path().to_path_buf());
        let contract = |p: &String| p.rsplit('/').next() == Some(config::FILE_NAME);
        let mut kept = Vec::new();
        let old_root = self.old_temp.1.path().to_path_buf();
        kept.push(self.old_temp);
        kept.extend(self.new_temp);
        Sides {
            base: self.request.base.clone(),
            head: self.request.head.clone(),
            old_root,
            new_root: new_root.unwrap_or_else(|| work.clone()),
            shown_prefix: PathBuf::new(),
            repository: Some(work),
            files,
            headers,
            configured: self.touched.iter().any(contract),
            words,
            errors,
            _temporary: kept,
        }
    }
}

/// Which paths of the repository the arguments ask for.
fn wanted(
    a: &CheckRequest,
    inside: &dyn Fn(&Path) -> Option<String>,
) -> Result<impl Fn(&str) -> bool + use<>> {
    let mut only = Vec::new();
    for p in &a.paths {
        match inside(p) {
            Some(x) => only.push(x),
            None => {
                return Err(Error::new(
                    Code::Request,
                    format!("{}: not in this repository", p.display()),
                ));
            }
        }
    }
    Ok(move |path: &str| {
        only.is_empty()
            || only.iter().any(|o| {
                o.is_empty()
                    || path == o
                    || path
                        .strip_prefix(o.as_str())
                        .is_some_and(|r| r.starts_with('/'))
            })
    })
}
