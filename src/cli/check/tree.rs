//! The two versions of a source tree, as files on disk.
//!
//! A revision is written into a temporary folder: the kernel sources that changed, or that include something that
//! changed, with all they include. Nothing else of the repository is read or written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use git2::{Delta, DiffFindOptions, DiffOptions, Repository, Tree};
use similar::TextDiff;
use tempfile::TempDir;

use super::CheckArgs;
use crate::report::model::ErrorReport;

/// A kernel source in two versions.
#[derive(Clone, Debug)]
pub struct FilePair {
    /// In the old version, relative to its root.
    pub old: Option<String>,
    /// In the new version, relative to its root.
    pub new: Option<String>,
}

/// Both versions.
pub struct Sides {
    /// Name of the old version.
    pub base: String,
    /// Name of the new version; `None` for the work tree.
    pub head: Option<String>,
    /// Folder of the old version.
    pub old_root: PathBuf,
    /// Folder of the new version.
    pub new_root: PathBuf,
    /// How a person calls a path below `new_root`.
    pub shown_prefix: PathBuf,
    /// The folder that `-I` options and the like are relative to lies here in the repository.
    pub repository: Option<PathBuf>,
    /// Sources that may have changed, by path.
    pub files: Vec<FilePair>,
    /// Problems that do not concern the rest.
    pub errors: Vec<ErrorReport>,
    /// Removed when dropped.
    _temporary: Vec<TempDir>,
}

/// Finds both versions.
///
/// # Errors
/// One line: no repository, no such revision, no such file.
pub fn sides(a: &CheckArgs) -> Result<Sides, String> {
    match (&a.from, &a.to) {
        (Some(from), Some(to)) => folders(a, from, to),
        _ => repository(a),
    }
}

/// `a/./b/../c` as `a/c`, with `/` between; `None` when it leads out.
fn normal(path: &Path) -> Option<String> {
    let mut out: Vec<&str> = Vec::new();
    for c in path.components() {
        match c {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()?),
            Component::Normal(s) => out.push(s.to_str()?),
            _ => return None,
        }
    }
    Some(out.join("/"))
}

/// What a source includes by quotes or a name that may be a file, as written.
fn included(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let mut out = Vec::new();
    for line in text.lines() {
        let Some(rest) = line.trim_start().strip_prefix('#') else {
            continue;
        };
        let rest = rest.trim_start();
        let Some(rest) = rest
            .strip_prefix("include")
            .or_else(|| rest.strip_prefix("import"))
        else {
            continue;
        };
        let rest = rest.trim_start();
        let (close, rest) = match (rest.strip_prefix('"'), rest.strip_prefix('<')) {
            (Some(r), _) => ('"', r),
            (_, Some(r)) => ('>', r),
            _ => continue,
        };
        if let Some((name, _)) = rest.split_once(close) {
            out.push(name.to_string());
        }
    }
    out
}

/// A file and everything it includes, by path; `read` gives the text of a path.
fn closure(
    start: &str,
    folders: &[String],
    read: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
) -> BTreeSet<String> {
    let mut out = BTreeSet::from([start.to_string()]);
    let mut work = vec![start.to_string()];
    while let Some(path) = work.pop() {
        let Some(text) = read(&path) else {
            continue;
        };
        let here = Path::new(&path).parent().unwrap_or(Path::new(""));
        for name in included(&text) {
            let places =
                std::iter::once(here.to_path_buf()).chain(folders.iter().map(PathBuf::from));
            for p in places {
                let Some(p) = normal(&p.join(&name)) else {
                    continue;
                };
                if out.contains(&p) {
                    break;
                }
                if read(&p).is_some() {
                    out.insert(p.clone());
                    work.push(p);
                    break;
                }
            }
        }
    }
    out
}

fn is_kernel_source(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == "metal")
}

fn temporary() -> Result<TempDir, String> {
    tempfile::Builder::new()
        .prefix("unbarrier-")
        .tempdir()
        .map_err(|e| format!("cannot make a temporary folder: {e}"))
}

fn write(root: &Path, path: &str, bytes: &[u8]) -> Result<(), String> {
    let to = root.join(path);
    let done = match to.parent() {
        Some(p) => std::fs::create_dir_all(p),
        None => Ok(()),
    };
    done.and_then(|()| std::fs::write(&to, bytes))
        .map_err(|e| format!("cannot write {path} into a temporary folder: {e}"))
}

// ------------------------------------------------------------------ git

/// The text of a file of a revision.
fn blob(repo: &Repository, tree: &Tree<'_>, path: &str) -> Option<Vec<u8>> {
    let entry = tree.get_path(Path::new(path)).ok()?;
    let object = entry.to_object(repo).ok()?;
    object.as_blob().map(|b| b.content().to_vec())
}

fn revision<'r>(repo: &'r Repository, name: &str) -> Result<Tree<'r>, String> {
    let found = repo.revparse_single(name).and_then(|o| o.peel_to_tree());
    found.map_err(|e| {
        let hint = if repo.is_shallow() {
            "; this clone is shallow, so it lacks most revisions: fetch them (`git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout)"
        } else if repo.is_empty().unwrap_or(false) {
            "; the repository has no commits yet"
        } else {
            "; expected a commit, branch or tag (`git log` shows them; a branch of a remote must be fetched first)"
        };
        format!("no revision `{name}` in this repository: {}{hint}", e.message())
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

fn repository(a: &CheckArgs) -> Result<Sides, String> {
    let repo = Repository::discover(".").map_err(|_| {
        "this folder is in no git repository; run it in one, or compare two files or folders with --from OLD --to NEW".to_string()
    })?;
    let Some(work) = repo.workdir().map(Path::to_path_buf) else {
        return Err("the git repository has no work tree; clone it, or use --from and --to".into());
    };
    let git = |e: git2::Error| format!("git: {}", e.message());
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
    let cwd = std::env::current_dir().map_err(|e| format!("no current folder: {e}"))?;
    let inside = |p: &Path| -> Option<String> {
        let real = cwd.join(p);
        let real = real.canonicalize().unwrap_or(real);
        let root = work.canonicalize().unwrap_or_else(|_| work.clone());
        normal(real.strip_prefix(root).ok()?)
    };
    let include: Vec<String> = a.source.include.iter().filter_map(|d| inside(d)).collect();
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
        let new_files = closure(n, &include, &mut read_new);
        let old_files = match &old {
            Some(o) => closure(o, &include, &mut read_old),
            None => BTreeSet::new(),
        };
        if !new_files
            .iter()
            .chain(&old_files)
            .any(|p| touched.contains(p))
        {
            continue;
        }
        for p in &old_files {
            if let Some(bytes) = read_old(p) {
                write(old_temp.path(), p, &bytes)?;
            }
        }
        if let Some(t) = &new_temp {
            for p in &new_files {
                if let Some(bytes) = read_new(p) {
                    write(t.path(), p, &bytes)?;
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
            write(old_temp.path(), o, &bytes)?;
        }
        for p in closure(o, &include, &mut read_old) {
            if let Some(bytes) = read_old(&p) {
                write(old_temp.path(), &p, &bytes)?;
            }
        }
        files.push(FilePair {
            old: Some(o.clone()),
            new: None,
        });
    }
    if let (Some(t), Some(h)) = (&new_temp, &head) {
        // Launch contracts belong to the version that is judged.
        let _ = h.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            if entry.name() == Some(crate::cli::config::FILE_NAME) {
                let path = format!("{folder}{}", crate::cli::config::FILE_NAME);
                if let Some(Err(message)) =
                    blob(&repo, h, &path).map(|b| write(t.path(), &path, &b))
                {
                    errors.push(ErrorReport {
                        path: Some(path),
                        line: None,
                        column: None,
                        message,
                    });
                }
            }
            git2::TreeWalkResult::Ok
        });
    }
    let new_root = new_temp
        .as_ref()
        .map_or(work.clone(), |t| t.path().to_path_buf());
    let mut keep = vec![];
    let old_root = old_temp.path().to_path_buf();
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
        errors,
        _temporary: keep,
    })
}

/// Which paths of the repository the arguments ask for.
fn wanted(
    a: &CheckArgs,
    inside: &dyn Fn(&Path) -> Option<String>,
) -> Result<impl Fn(&str) -> bool + use<>, String> {
    let mut only = Vec::new();
    for p in &a.paths {
        match inside(p) {
            Some(x) => only.push(x),
            None => return Err(format!("{}: not in this repository", p.display())),
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

// -------------------------------------------------------------- folders

fn walk(root: &Path, at: &Path, out: &mut BTreeSet<String>) -> Result<(), String> {
    let shown = root.join(at);
    let entries =
        std::fs::read_dir(&shown).map_err(|e| format!("cannot read {}: {e}", shown.display()))?;
    for entry in entries {
        let entry = entry.map_err(|e| format!("cannot read {}: {e}", shown.display()))?;
        let path = at.join(entry.file_name());
        let kind = entry
            .file_type()
            .map_err(|e| format!("{}: {e}", path.display()))?;
        if kind.is_dir() {
            if entry.file_name() != ".git" {
                walk(root, &path, out)?;
            }
        } else if let Some(p) = normal(&path).filter(|p| is_kernel_source(p)) {
            out.insert(p);
        }
    }
    Ok(())
}

/// Least similarity (of lines) at which a file that is gone and one that is new count as renamed.
const SIMILAR: f32 = 0.5;

fn folders(a: &CheckArgs, from: &Path, to: &Path) -> Result<Sides, String> {
    let kind = |p: &Path| {
        std::fs::metadata(p)
            .map(|m| m.is_dir())
            .map_err(|e| format!("{}: {e}", p.display()))
    };
    let (old_root, new_root, files) = match (kind(from)?, kind(to)?) {
        (false, false) => {
            let name = |p: &Path| {
                p.file_name()
                    .and_then(|n| n.to_str())
                    .map(str::to_string)
                    .ok_or_else(|| format!("{}: expected a file name in UTF-8", p.display()))
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
            (
                from.to_path_buf(),
                to.to_path_buf(),
                pair_up(from, to, &olds, &news),
            )
        }
        _ => {
            return Err(format!(
                "{} and {}: expected two files or two folders",
                from.display(),
                to.display()
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
        errors: Vec::new(),
        _temporary: Vec::new(),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closures_follow_quotes_angles_and_folders() {
        let files = BTreeMap::from([
            (
                "a/k.metal",
                "#include <metal_stdlib>\n  # include \"../b/x.h\"\n",
            ),
            ("b/x.h", "#import <y.h>\n// #include \"no.h\"\n"),
            ("inc/y.h", "#include \"x.h\"\n"),
            ("inc/x.h", ""),
        ]);
        let mut read = |p: &str| files.get(p).map(|t| t.as_bytes().to_vec());
        let got = closure("a/k.metal", &["inc".to_string()], &mut read);
        let want = ["a/k.metal", "b/x.h", "inc/x.h", "inc/y.h"];
        assert_eq!(got, want.iter().map(|s| s.to_string()).collect());
        assert_eq!(normal(Path::new("../x")), None);
    }
}
