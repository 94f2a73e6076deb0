//! The two versions of a source tree, as files on disk.
//!
//! A revision is written into a temporary folder: the kernel sources that changed, or that include something that
//! changed, with all they include. Nothing else of the repository is read or written.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

use crate::coverage;
use crate::engine::error::{Code, Error, Result};
use crate::engine::files::Scratch;

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
    /// Other files that changed and say something of kernels or barriers; judged alone where no source includes them.
    pub headers: Vec<FilePair>,
    /// An `unbarrier.toml` changed.
    pub configured: bool,
    /// Names that the changed files of the new version say.
    pub words: BTreeSet<String>,
    /// Problems that do not concern the rest.
    pub errors: Vec<Error>,
    /// Removed when dropped.
    pub _temporary: Vec<(Scratch, TempDir)>,
}

/// Two texts of one name, written into temporary folders.
///
/// # Errors
/// They cannot be written.
pub fn texts(name: &str, (old, new): (&str, &str)) -> Result<Sides> {
    let base = Path::new(name).file_name().and_then(|n| n.to_str());
    let file = base.unwrap_or("kernel.metal").to_string();
    let (a, b) = (temporary()?, temporary()?);
    write(a.1.path(), &file, old.as_bytes())?;
    write(b.1.path(), &file, new.as_bytes())?;
    let pair = FilePair {
        old: Some(file.clone()),
        new: Some(file),
    };
    Ok(Sides {
        base: "old".into(),
        head: Some("new".into()),
        old_root: a.1.path().to_path_buf(),
        new_root: b.1.path().to_path_buf(),
        shown_prefix: Path::new(name)
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default(),
        repository: None,
        files: vec![pair],
        headers: Vec::new(),
        configured: false,
        words: words(name, new.as_bytes()),
        errors: Vec::new(),
        _temporary: vec![a, b],
    })
}

/// `a/./b/../c` as `a/c`, with `/` between; `None` when it leads out.
pub fn normal(path: &Path) -> Option<String> {
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

/// What a source includes by quotes or a name that may be a file, as written; an empty name for one that a macro gives.
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
            _ => {
                out.push(String::new());
                continue;
            }
        };
        if let Some((name, _)) = rest.split_once(close) {
            out.push(name.to_string());
        }
    }
    out
}

/// A file and everything it includes, by path; `read` gives the text of a path. And whether it includes something that
/// was not found here (other than by angle brackets, which is the system's).
pub fn closure(
    start: &str,
    folders: &[String],
    read: &mut dyn FnMut(&str) -> Option<Vec<u8>>,
) -> (BTreeSet<String>, bool) {
    let mut open = false;
    let mut out = BTreeSet::from([start.to_string()]);
    let mut work = vec![start.to_string()];
    while let Some(path) = work.pop() {
        let Some(text) = read(&path) else {
            continue;
        };
        let here = Path::new(&path).parent().unwrap_or(Path::new(""));
        for name in included(&text) {
            if name.is_empty() {
                open = true;
                continue;
            }
            let mut found = false;
            let places =
                std::iter::once(here.to_path_buf()).chain(folders.iter().map(PathBuf::from));
            for p in places {
                let Some(p) = normal(&p.join(&name)) else {
                    continue;
                };
                if out.contains(&p) {
                    found = true;
                    break;
                }
                if read(&p).is_some() {
                    found = true;
                    out.insert(p.clone());
                    work.push(p);
                    break;
                }
            }
            let system = !name.ends_with(".h") && !name.contains('.');
            open |= !found && !system;
        }
    }
    (out, open)
}

/// Endings of files that C-like code is in.
const CODE: &[&str] = &[
    "c", "cc", "cpp", "cxx", "def", "h", "hh", "hpp", "hxx", "inc", "inl", "ipp", "m", "metal",
    "metalh", "mm", "msl", "tpp",
];

fn is_code(path: &str) -> bool {
    let ending = Path::new(path).extension().and_then(|e| e.to_str());
    ending.is_some_and(|e| CODE.contains(&e.to_ascii_lowercase().as_str()))
}

/// Whether a file that is no kernel source may hold kernels or barriers for those that include it.
pub fn is_header(path: &str, text: &[u8]) -> bool {
    const HOST: &[&str] = &["c", "cc", "cpp", "cxx", "m", "mm"];
    let ending = Path::new(path).extension().and_then(|e| e.to_str());
    let host = ending.is_some_and(|e| HOST.contains(&e.to_ascii_lowercase().as_str()));
    !is_kernel_source(path)
        && is_code(path)
        && !host
        && coverage::says_kernels(&String::from_utf8_lossy(text))
}

/// Names that a changed file says: all of them in code, those of kernels elsewhere (an example in a text, a kernel under another ending).
pub fn words(path: &str, text: &[u8]) -> BTreeSet<String> {
    let Ok(text) = std::str::from_utf8(text) else {
        return BTreeSet::new();
    };
    coverage::names_in(text, !is_code(path))
}

pub fn is_kernel_source(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == "metal")
}

pub fn temporary() -> Result<(Scratch, TempDir)> {
    let made = tempfile::Builder::new().prefix("unbarrier-").tempdir();
    let made =
        made.map_err(|e| Error::new(Code::Io, format!("cannot make a temporary folder: {e}")))?;
    Ok((Scratch::new(made.path()), made))
}

pub fn write(root: &Path, path: &str, bytes: &[u8]) -> Result<()> {
    let to = root.join(path);
    let done = match to.parent() {
        Some(p) => std::fs::create_dir_all(p),
        None => Ok(()),
    };
    done.and_then(|()| std::fs::write(&to, bytes)).map_err(|e| {
        let message = format!("cannot write {path} into a temporary folder: {e}");
        Error::of(Code::Io, path, message)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        let (got, open) = closure("a/k.metal", &["inc".to_string()], &mut read);
        assert!(!open);
        let want = ["a/k.metal", "b/x.h", "inc/x.h", "inc/y.h"];
        assert_eq!(got, want.iter().map(|s| s.to_string()).collect());
        assert_eq!(normal(Path::new("../x")), None);
    }
}
