//! Reads both versions of a file, and pairs their kernels.
//!
//! Soundness direction: none; nothing is decided here. Kernels without a partner are judged as they stand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::CheckRequest;
use super::tree::{FilePair, Sides};
use crate::engine::config;
use crate::engine::error::{Error, Result};
use crate::engine::kernels::{self, is_named};
use crate::engine::load::{Depth, Loaded, configured, load};
use crate::engine::observer::Observer;
use crate::engine::settings::{Settings, SourceSettings};
use crate::ir::Kernel;
use crate::ir::canonical::{Canonical, canonical};
use crate::prove::Options;
use crate::report::check::UnreadReport;
use crate::report::model::ErrorReport;
use crate::source::{Diagnostic, SourceMap, Token, TokenKind, lex_all};

/// A file whose versions were read.
pub struct Versions {
    pub path: String,
    pub old_path: Option<String>,
    pub old: Option<Loaded>,
    pub new: Option<Loaded>,
    /// Places of both versions: those of the old one have `shift` added to their file.
    pub map: SourceMap,
    pub shift: u32,
    pub errors: Vec<ErrorReport>,
    /// Why the old version could not be read in full.
    pub unread: Vec<UnreadReport>,
    /// unbarrier.toml excludes it.
    pub excluded: bool,
    /// The old version could not be read in full.
    pub old_broken: bool,
}

/// What was said of inputs, so that each reason is said once.
#[derive(Default)]
pub struct Said(BTreeSet<String>);

impl Said {
    /// The messages of a file that nobody has read yet: one include that is not found is one reason, whoever includes it.
    fn fresh<'l>(&mut self, l: &'l Loaded) -> Vec<&'l Diagnostic> {
        let key = |d: &Diagnostic| {
            let place = match (d.code, d.primary_span()) {
                (Some("include"), _) | (_, None) => String::new(),
                (_, Some(s)) => {
                    let path = l
                        .map
                        .file(s.file)
                        .path
                        .rsplit(':')
                        .next()
                        .unwrap_or("")
                        .to_string();
                    format!("{path}:{}", l.map.line_col(s.file, s.start).0)
                }
            };
            format!("{place} {}", d.message)
        };
        l.diagnostics
            .iter()
            .filter(|d| self.0.insert(key(d)))
            .collect()
    }
}

/// A kernel to be judged.
pub struct Comparison {
    pub file: usize,
    pub old: Option<usize>,
    pub new: Option<usize>,
    pub options: Option<Options>,
}

/// Reads both versions of a file.
pub fn read(
    a: &CheckRequest,
    sides: &Sides,
    f: &FilePair,
    said: &mut Said,
    observer: &dyn Observer,
) -> Versions {
    let fail = |v: &mut Versions, e: Error| {
        let e = e.in_file(&v.path);
        observer.error(&e);
        v.errors.push(e.report());
    };
    let shown_new = |p: &str| shown(&sides.new_root, &sides.shown_prefix, p);
    let path = f.new.as_deref().map(shown_new);
    let old_name = f.old.as_ref().map(|p| format!("{}:{p}", sides.base));
    let mut v = Versions {
        path: path.or(f.old.clone()).unwrap_or_default(),
        old_path: f.old.clone(),
        old: None,
        new: None,
        map: SourceMap::new(),
        shift: 0,
        errors: Vec::new(),
        unread: Vec::new(),
        old_broken: false,
        excluded: false,
    };
    let path = sides
        .new_root
        .join(f.new.as_deref().or(f.old.as_deref()).unwrap_or(""));
    match config::excluded(&a.settings.source, &path) {
        Ok(false) => {}
        Ok(true) if a.paths.iter().any(|p| path.ends_with(p)) => {}
        Ok(true) => {
            if sides.configured {
                v.unread.push(UnreadReport {
                    version: "new",
                    path: v.path.clone(),
                    line: None,
                    reason: "unbarrier.toml, which changed, too, excludes it".into(),
                });
            }
            v.excluded = true;
            return v;
        }
        Err(e) => {
            fail(&mut v, e.into());
            return v;
        }
    }
    // The contract is that of the new version.
    let contract = sides
        .new_root
        .join(f.new.as_deref().or(f.old.as_deref()).unwrap_or(""));
    let source = match configured(&contract, &a.settings.source) {
        Ok(s) => s,
        Err(e) => {
            fail(&mut v, e);
            return v;
        }
    };
    if let Some(n) = &f.new {
        match load(
            &sides.new_root.join(n),
            &inside(&source, sides, true),
            Depth::Kernels,
        ) {
            Ok(mut l) => {
                l.map.rename(|p| {
                    let inner = Path::new(p).strip_prefix(&sides.new_root);
                    inner.map_or_else(|_| p.to_string(), |r| shown_new(&r.to_string_lossy()))
                });
                let fresh = said.fresh(&l);
                observer.messages(&l, &fresh);
                v.errors.extend(l.errors_of(&fresh));
                v.map = l.map.clone();
                v.new = Some(l);
            }
            Err(e) => {
                let message = e
                    .message
                    .replace(&format!("{}/", sides.new_root.display()), "");
                let path = Some(v.path.clone());
                fail(&mut v, Error { path, message, ..e });
            }
        }
    }
    if let (Some(o), Some(name)) = (&f.old, old_name) {
        match load(
            &sides.old_root.join(o),
            &inside(&source, sides, false),
            Depth::Kernels,
        ) {
            Ok(mut l) => {
                l.map.rename(|p| {
                    let inner = Path::new(p).strip_prefix(&sides.old_root);
                    inner.map_or_else(
                        |_| p.to_string(),
                        |r| format!("{}:{}", sides.base, r.display()),
                    )
                });
                v.old_broken = l.has_errors();
                for e in l.errors_of(&said.fresh(&l)) {
                    v.unread.push(UnreadReport {
                        version: "old",
                        path: e.path.unwrap_or_default(),
                        line: e.line,
                        reason: format!("this version could not be read in full: {}", e.message),
                    });
                }
                v.shift = v.map.append(&l.map);
                v.old = Some(l);
            }
            Err(e) => {
                v.old_broken = true;
                let e = e
                    .message
                    .replace(&format!("{}/", sides.old_root.display()), "");
                v.unread.push(UnreadReport {
                    version: "old",
                    path: name,
                    line: None,
                    reason: format!("this version could not be read: {e}"),
                });
            }
        }
    }
    v
}

/// A path below a root as a person in the current folder would write it.
fn shown(root: &Path, prefix: &Path, path: &str) -> String {
    let full = root.join(path);
    let here = std::env::current_dir()
        .ok()
        .and_then(|c| c.canonicalize().ok());
    let real = full.canonicalize().unwrap_or(full);
    match here.and_then(|h| real.strip_prefix(h).map(Path::to_path_buf).ok()) {
        Some(p) => p.display().to_string(),
        None => prefix.join(path).display().to_string(),
    }
}

/// Include folders in the repository, moved to where the version lies.
fn inside(source: &SourceSettings, sides: &Sides, new: bool) -> SourceSettings {
    let mut out = source.clone();
    let Some(repository) = &sides.repository else {
        let (mine, other) = if new {
            (&sides.new_root, &sides.old_root)
        } else {
            (&sides.old_root, &sides.new_root)
        };
        for d in &mut out.include {
            if let Some(own) = counterpart(d, mine, other) {
                *d = own;
            }
        }
        return out;
    };
    let root = if new {
        &sides.new_root
    } else {
        &sides.old_root
    };
    let Ok(repository) = repository.canonicalize() else {
        return out;
    };
    for d in &mut out.include {
        if let Ok(real) = d.canonicalize()
            && let Ok(inner) = real.strip_prefix(&repository)
        {
            *d = root.join(inner);
        }
    }
    out
}

/// A folder that belongs to the other version, below or around its root, as that of this version: each version has its own headers.
fn counterpart(d: &Path, mine: &Path, other: &Path) -> Option<PathBuf> {
    let real = |p: &Path| {
        let p = if p.as_os_str().is_empty() {
            Path::new(".")
        } else {
            p
        };
        p.canonicalize().ok()
    };
    let (d, mine, other) = (real(d)?, real(mine)?, real(other)?);
    if d.starts_with(&mine) || mine.starts_with(&d) {
        return None;
    }
    if let Ok(inner) = d.strip_prefix(&other) {
        return Some(mine.join(inner));
    }
    let rest = other.strip_prefix(&d).ok()?;
    let mut own = mine.as_path();
    if !mine.ends_with(rest) {
        return None;
    }
    for _ in rest.components() {
        own = own.parent()?;
    }
    Some(own.to_path_buf())
}

/// Which kernels belong together: those of one name, then those that do the same.
pub fn pair(
    v: &Versions,
    args: &Settings,
    sides: &Sides,
    f: &FilePair,
) -> Result<(Vec<Comparison>, Vec<Error>)> {
    let none = Vec::new();
    let olds = v.old.as_ref().map_or(&none, |l| &l.kernels);
    let Some(new) = &v.new else {
        // Nothing is left that could race.
        let gone = (0..olds.len())
            .map(|i| Comparison {
                file: 0,
                old: Some(i),
                new: None,
                options: None,
            })
            .collect();
        return Ok((gone, Vec::new()));
    };
    let mut left: BTreeMap<usize, Option<Canonical>> = (0..olds.len()).map(|i| (i, None)).collect();
    let mut partner: Vec<Option<usize>> = Vec::new();
    for k in &new.kernels {
        let same = left.keys().copied().find(|i| olds[*i].name == k.name);
        if let Some(i) = same {
            left.remove(&i);
        }
        partner.push(same);
    }
    for (k, p) in new.kernels.iter().zip(&mut partner) {
        if p.is_some() || left.is_empty() {
            continue;
        }
        let mine = canonical(k);
        let mut same = None;
        for (i, c) in &mut left {
            if c.get_or_insert_with(|| canonical(&olds[*i])).same(&mine) {
                same = Some(*i);
                break;
            }
        }
        if let Some(i) = same {
            left.remove(&i);
        }
        *p = same;
    }
    let path = sides.new_root.join(f.new.as_deref().unwrap_or(""));
    let chosen: Vec<&Kernel> = new.kernels.iter().collect();
    let mut problems = Vec::new();
    // An entry that is about no kernel would be a contract that nobody keeps.
    let names: Vec<&str> = chosen.iter().map(|k| k.name.as_str()).collect();
    if let Some(c) = config::project(&args.source, &path)?
        && !new.has_errors()
    {
        problems = c.unknown_kernels(&names);
    }
    let options = kernels::options(new, &chosen, args, &args.source, &path)?;
    let mut out = Vec::new();
    for (i, (_, options)) in options.into_iter().enumerate() {
        out.push(Comparison {
            file: 0,
            old: partner[i],
            new: Some(i),
            options: Some(options),
        });
    }
    out.extend(left.into_keys().map(|i| Comparison {
        file: 0,
        old: Some(i),
        new: None,
        options: None,
    }));
    Ok((out, problems))
}

impl Versions {
    /// Whether one of the versions has a kernel of this name.
    pub fn has_kernel(&self, name: &str) -> bool {
        let both = [&self.old, &self.new].into_iter().flatten();
        both.flat_map(|l| &l.kernels).any(|k| is_named(k, name))
    }

    /// Whether a task is about one of the kernels that were asked for.
    pub fn is_asked(&self, t: &Comparison, names: &[String]) -> bool {
        let kernel = |l: &'_ Option<Loaded>, i: Option<usize>| -> bool {
            let k = l.as_ref().and_then(|l| l.kernels.get(i?));
            k.is_some_and(|k| names.iter().any(|n| is_named(k, n)))
        };
        names.is_empty() || kernel(&self.old, t.old) || kernel(&self.new, t.new)
    }

    /// Whether the texts of both versions, with all they include, differ in more than white space and comments.
    pub fn differ_in_text(&self) -> bool {
        self.words(&self.old, |_| true) != self.words(&self.new, |_| true)
    }

    /// Whether one version has fences that the other has not: they are not modelled.
    pub fn fences_differ(&self) -> bool {
        let fence = |t: &Token| t.kind == TokenKind::Ident && t.text.contains("fence");
        self.words(&self.old, fence).len() != self.words(&self.new, fence).len()
    }

    fn words(&self, l: &Option<Loaded>, wanted: impl Fn(&Token) -> bool) -> Vec<String> {
        let files = l.iter().flat_map(|l| l.map.files());
        let texts = files.filter(|(_, f)| !f.real_path.as_os_str().is_empty());
        texts
            .flat_map(|(id, f)| lex_all(id, &f.text).0)
            .filter(|t| wanted(t))
            .map(|t| t.text.to_string())
            .collect()
    }
}
