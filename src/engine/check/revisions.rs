//! Two versions in a git repository.
//!
//! A revision is written into a temporary folder: the kernel sources that changed, or that include something that changed, with all
//! they include.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use git2::{Delta, DiffFindOptions, DiffOptions, Repository, Tree};

use super::CheckRequest;
use super::tree::{self, FilePair, Sides, closure, is_kernel_source, normal, temporary, write};
use crate::engine::config;
use crate::engine::error::{Code, Error, Result};

/// The text of a file of a revision. Symbolic links are followed, up to a depth.
fn blob(repo: &Repository, tree: &Tree<'_>, path: &str) -> Option<Vec<u8>> {
    let mut path = path.to_string();
    for _ in 0..16 {
        let entry = tree.get_path(Path::new(&path)).ok()?;
        let object = entry.to_object(repo).ok()?;
        let content = object.as_blob()?.content();
        if entry.filemode() != 0o120_000 {
            return Some(content.to_vec());
        }
        let to = std::str::from_utf8(content).ok()?;
        let folder = Path::new(&path).parent().unwrap_or(Path::new(""));
        path = normal(&folder.join(to))?;
    }
    None
}

fn revision<'r>(repo: &'r Repository, name: &str) -> Result<Tree<'r>> {
    let found = repo.revparse_single(name).and_then(|o| o.peel_to_tree());
    found.map_err(|e| {
        let hint = if repo.is_shallow() {
            "; this clone is shallow, so it lacks most revisions: fetch them (`git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout)"
        } else if repo.is_empty().unwrap_or(false) {
            "; the repository has no commits yet"
        } else {
            "; expected a commit, branch or tag (`git log` shows them; a branch of a remote must be fetched first)"
        };
        let message = format!("no revision `{name}` in this repository: {}{hint}", e.message());
        Error::new(Code::Request, message)
    })
}

/// Kernel sources of a revision.
fn sources(tree: &Tree<'_>) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    // Walking ends early only when the callback says so.
    let _ = tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
        if let Some(name) = entry.name() {
            let path = format!("{folder}{name}");
            if is_kernel_source(&path) && entry.kind() == Some(git2::ObjectType::Blob) {
                out.insert(path);
            }
        }
        git2::TreeWalkResult::Ok
    });
    out
}

/// Two revisions, or a revision and the work tree.
///
/// # Errors
/// One line: no repository, no such revision.
pub fn repository(a: &CheckRequest) -> Result<Sides> {
    let repo = Repository::discover(".").map_err(|_| {
        let message = "this folder is in no git repository; run it in one, or compare two files or folders with --from OLD --to NEW";
        Error::new(Code::Request, message)
    })?;
    let Some(work) = repo.workdir().map(Path::to_path_buf) else {
        let message = "the git repository has no work tree; clone it, or use --from and --to";
        return Err(Error::new(Code::Request, message));
    };
    let git = |e: git2::Error| Error::new(Code::Tool, format!("git: {}", e.message()));
    let base = revision(&repo, &a.base)?;
    let head = a.head.as_deref().map(|h| revision(&repo, h)).transpose()?;
    let mut options = DiffOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true);
    let mut diff = match &head {
        Some(h) => repo.diff_tree_to_tree(Some(&base), Some(h), None),
        None => repo.diff_tree_to_workdir_with_index(Some(&base), Some(&mut options)),
    }
    .map_err(git)?;
    diff.find_similar(Some(
        DiffFindOptions::new().renames(true).for_untracked(true),
    ))
    .map_err(git)?;
    // Old and new path of everything that changed.
    let mut changed: Vec<(Option<String>, Option<String>)> = Vec::new();
    for d in diff.deltas() {
        let path = |f: git2::DiffFile<'_>| f.path().and_then(normal);
        let (old, new) = (path(d.old_file()), path(d.new_file()));
        changed.push(match d.status() {
            Delta::Added | Delta::Untracked | Delta::Copied => (None, new),
            Delta::Deleted => (old, None),
            _ => (old, new),
        });
    }
    let touched: BTreeSet<String> = changed
        .iter()
        .flat_map(|(o, n)| [o.clone(), n.clone()])
        .flatten()
        .collect();
    let renamed: BTreeMap<String, String> = changed
        .iter()
        .filter_map(|(o, n)| Some((n.clone()?, o.clone()?)))
        .collect();
    let deleted: BTreeSet<String> = changed
        .iter()
        .filter_map(|(o, n)| if n.is_none() { o.clone() } else { None })
        .collect();
    let cwd = std::env::current_dir()
        .map_err(|e| Error::new(Code::Io, format!("no current folder: {e}")))?;
    let inside = |p: &Path| -> Option<String> {
        let real = cwd.join(p);
        let real = real.canonicalize().unwrap_or(real);
        let root = work.canonicalize().unwrap_or_else(|_| work.clone());
        normal(real.strip_prefix(root).ok()?)
    };
    let include: Vec<String> = a
        .settings
        .source
        .include
        .iter()
        .filter_map(|d| inside(d))
        .collect();
    let old_temp = temporary()?;
    let new_temp = head.as_ref().map(|_| temporary()).transpose()?;
    let mut read_old = |p: &str| blob(&repo, &base, p);
    let mut read_new = |p: &str| match &head {
        Some(h) => blob(&repo, h, p),
        None => std::fs::read(work.join(p)).ok(),
    };
    let olds = sources(&base);
    let mut news = match &head {
        Some(h) => sources(h),
        None => olds.difference(&deleted).cloned().collect(),
    };
    for (o, n) in &changed {
        if let Some(n) = n.as_ref().filter(|n| is_kernel_source(n)) {
            news.insert(n.clone());
        }
        if let Some(o) = o.as_ref().filter(|o| n.as_ref() != Some(o)) {
            news.remove(o);
        }
    }
    for p in &a.paths {
        let known = inside(p).is_some_and(|x| {
            x.is_empty() || work.join(&x).exists() || base.get_path(Path::new(&x)).is_ok()
        });
        if !known {
            let message = format!(
                "{}: no such file or folder in this repository, in neither version",
                p.display()
            );
            return Err(Error::new(Code::Request, message));
        }
    }
    let wanted = wanted(a, &inside)?;
    let mut files = Vec::new();
    let mut errors = Vec::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for n in &news {
        let old = renamed
            .get(n)
            .cloned()
            .or_else(|| olds.contains(n).then(|| n.clone()));
        if let Some(o) = &old {
            taken.insert(o.clone());
        }
        if !wanted(n) {
            continue;
        }
        // Folders of unbarrier.toml come after those of the command line.
        let mut include = include.clone();
        let configured = config::include(&a.settings.source, &work.join(n)).unwrap_or_default();
        include.extend(configured.iter().filter_map(|d| inside(d)));
        let (new_files, new_open) = closure(n, &include, &mut read_new);
        let (old_files, old_open) = match &old {
            Some(o) => closure(o, &include, &mut read_old),
            None => (BTreeSet::new(), false),
        };
        let all = new_files.iter().chain(&old_files);
        // What is behind a link, or in a submodule, changes with its target.
        let changed_here = all.clone().any(|p| {
            let real = work.join(p).canonicalize().ok();
            let real = real.and_then(|r| inside(&r));
            [Some(p.clone()), real].into_iter().flatten().any(|p| {
                touched.contains(&p) || touched.iter().any(|t| p.starts_with(&format!("{t}/")))
            })
        });
        // An include that was not found may be any of the other files that changed.
        let other = |t: &String| !is_kernel_source(t) || !olds.contains(t);
        if !changed_here && !((new_open || old_open) && touched.iter().any(other)) {
            continue;
        }
        for p in &old_files {
            if let Some(bytes) = read_old(p) {
                write(old_temp.1.path(), p, &bytes)?;
            }
        }
        if let Some(t) = &new_temp {
            for p in &new_files {
                if let Some(bytes) = read_new(p) {
                    write(t.1.path(), p, &bytes)?;
                }
            }
        }
        files.push(FilePair {
            old,
            new: Some(n.clone()),
        });
    }
    for o in olds.difference(&taken).filter(|o| wanted(o)) {
        if let Some(bytes) = read_old(o) {
            write(old_temp.1.path(), o, &bytes)?;
        }
        for p in closure(o, &include, &mut read_old).0 {
            if let Some(bytes) = read_old(&p) {
                write(old_temp.1.path(), &p, &bytes)?;
            }
        }
        files.push(FilePair {
            old: Some(o.clone()),
            new: None,
        });
    }
    let mut headers = Vec::new();
    let mut words = BTreeSet::new();
    for (o, n) in &changed {
        let old = o.as_deref().and_then(&mut read_old);
        let new = n.as_deref().and_then(&mut read_new);
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
            for p in closure(o, &include, &mut read_old).0 {
                if let Some(bytes) = read_old(&p) {
                    write(old_temp.1.path(), &p, &bytes)?;
                }
            }
        }
        if let (Some(n), Some(t)) = (n, &new_temp) {
            for p in closure(n, &include, &mut read_new).0 {
                if let Some(bytes) = read_new(&p) {
                    write(t.1.path(), &p, &bytes)?;
                }
            }
        }
        headers.push(FilePair {
            old: o.clone(),
            new: n.clone(),
        });
    }
    if let (Some(t), Some(h)) = (&new_temp, &head) {
        // Launch contracts belong to the version that is judged.
        let _ = h.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            if entry.name() == Some(config::FILE_NAME) {
                let path = format!("{folder}{}", config::FILE_NAME);
                if let Some(Err(e)) = blob(&repo, h, &path).map(|b| write(t.1.path(), &path, &b)) {
                    errors.push(e.in_file(&path));
                }
            }
            git2::TreeWalkResult::Ok
        });
    }
    let new_root = new_temp
        .as_ref()
        .map_or(work.clone(), |t| t.1.path().to_path_buf());
    let mut keep = vec![];
    let old_root = old_temp.1.path().to_path_buf();
    keep.push(old_temp);
    keep.extend(new_temp);
    Ok(Sides {
        base: a.base.clone(),
        head: a.head.clone(),
        old_root,
        new_root,
        shown_prefix: PathBuf::new(),
        repository: Some(work),
        files,
        headers,
        configured: touched
            .iter()
            .any(|p| p.rsplit('/').next() == Some(config::FILE_NAME)),
        words,
        errors,
        _temporary: keep,
    })
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
