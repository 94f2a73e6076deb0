//! Launch contracts from `unbarrier.toml`.
//!
//! The nearest `unbarrier.toml` in the folder of a source file or above it says how the file's kernels are launched:
//!
//! ```toml
//! [[kernel]]
//! file = "softmax/rows.metal"   # relative to the folder of unbarrier.toml
//! name = "softmax_rows"         # optional: without it, all kernels of the file
//! threadgroup = [128, 1, 1]     # one to three sizes
//! assume = ["n <= 4096"]        # as --assume
//! defines = ["TILE=64"]         # as -D
//! [kernel.launch]               # optional: everything that is needed to run it, see `launch`
//! ```
//!
//! An entry that names the kernel wins over one for the whole file. Folders of included files, paths that are left out, and accepted
//! findings (`[[accept]]`) are in `document`, `project` and `accept`.

mod accept;
mod document;
mod error;
mod project;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use toml::Spanned;

pub use self::accept::Accept;
use self::document::{AcceptEntry, Entry};
pub use self::document::{Document, schema};
pub use self::error::ConfigError;
pub use self::project::{Project, excluded, include, missing, project};
use super::settings::SourceSettings;
use crate::encode::launch::MAX_THREADS;
use crate::launch::Spec;

/// Name of the file.
pub const FILE_NAME: &str = "unbarrier.toml";

/// How a kernel is launched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KernelContract {
    /// The file that says so.
    pub source: PathBuf,
    /// Threadgroup size.
    pub threadgroup: Option<[u64; 3]>,
    /// Conditions over parameters and constants.
    pub assume: Vec<String>,
    /// How it is launched in full.
    pub launch: Option<Spec>,
}

/// A checked `unbarrier.toml`.
#[derive(Debug)]
struct Config {
    path: PathBuf,
    text: String,
    include: Vec<Spanned<PathBuf>>,
    exclude: Vec<Spanned<String>>,
    entries: Vec<Entry>,
    accept: Vec<Spanned<AcceptEntry>>,
}

/// Whether a text is a sound `unbarrier.toml`.
pub fn check_text(path: &Path, text: &str) -> Result<(), ConfigError> {
    Config::parse(path, text.to_string()).map(|_| ())
}

/// The contract of a kernel of a file; `None` when there is no `unbarrier.toml` or none of its entries is about the kernel.
pub fn contract(
    source: &SourceSettings,
    file: &Path,
    kernel: &str,
) -> Result<Option<KernelContract>, ConfigError> {
    match about(source, file)? {
        Some((config, relative)) => contract_of(&config, &relative, kernel),
        None => Ok(None),
    }
}

/// Macro definitions (`NAME` or `NAME=VALUE`) for a file: those of all its entries, which must agree.
pub fn defines(source: &SourceSettings, file: &Path) -> Result<Vec<String>, ConfigError> {
    match about(source, file)? {
        Some((config, relative)) => defines_of(&config, &relative),
        None => Ok(Vec::new()),
    }
}

/// Instances of kernel templates that the entries of a file state.
pub fn instantiate(source: &SourceSettings, file: &Path) -> Result<Vec<String>, ConfigError> {
    let Some((config, relative)) = about(source, file)? else {
        return Ok(Vec::new());
    };
    let mut out = Vec::new();
    let entries = config.entries.iter();
    for e in entries.filter(|e| *e.file.get_ref() == relative) {
        for text in &e.instantiate {
            let one = super::settings::instance(text.get_ref())
                .map_err(|why| config.error(text.span(), why))?;
            if !out.contains(&one) {
                out.push(one);
            }
        }
    }
    Ok(out)
}

/// The `unbarrier.toml` that holds for a file: the one of `--contracts`, else the nearest in its folder or above.
fn governing(source: &SourceSettings, file: &Path) -> Result<Option<Arc<Config>>, ConfigError> {
    match &source.contracts {
        _ if source.no_contracts => Ok(None),
        Some(c) => Config::read(c).map(Some),
        None => Ok(nearest(file)?.map(|(config, _)| config)),
    }
}

/// The same, with the path by which its entries name the file; `None` also where no entry of the file of `--contracts` is about it. An
/// entry there is about a source whose path ends with the entry's.
fn about(
    source: &SourceSettings,
    file: &Path,
) -> Result<Option<(Arc<Config>, PathBuf)>, ConfigError> {
    match &source.contracts {
        _ if source.no_contracts => Ok(None),
        Some(c) => {
            let config = Config::read(c)?;
            let relative = config.entry_path(file);
            Ok(relative.map(|relative| (config, relative)))
        }
        None => nearest(file),
    }
}

fn contract_of(
    config: &Config,
    relative: &Path,
    kernel: &str,
) -> Result<Option<KernelContract>, ConfigError> {
    let about = |e: &&Entry| e.file.get_ref() == relative;
    let named = config
        .entries
        .iter()
        .filter(about)
        .find(|e| e.name() == Some(kernel));
    let whole = config
        .entries
        .iter()
        .filter(about)
        .find(|e| e.name().is_none());
    let Some(entry) = named.or(whole) else {
        return Ok(None);
    };
    let threadgroup = match &entry.threadgroup {
        Some(t) => Some(config.size(t)?),
        None => None,
    };
    Ok(Some(KernelContract {
        source: config.path.clone(),
        threadgroup,
        assume: entry.assume.clone(),
        launch: entry.launch.clone(),
    }))
}

fn defines_of(config: &Config, relative: &Path) -> Result<Vec<String>, ConfigError> {
    let mut out: Vec<String> = Vec::new();
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    for entry in config
        .entries
        .iter()
        .filter(|e| e.file.get_ref() == relative)
    {
        for d in &entry.defines {
            let text = d.get_ref().as_str();
            let (name, value) = text.split_once('=').unwrap_or((text, "1"));
            match values.insert(name, value) {
                None => out.push(text.to_string()),
                Some(old) if old == value => {}
                Some(old) => {
                    let message = format!(
                        "`{name}` is `{value}` here and `{old}` in another entry of the same file; a file has one set of definitions"
                    );
                    return Err(config.error(d.span(), message));
                }
            }
        }
    }
    Ok(out)
}

/// The nearest `unbarrier.toml`, and the path of the file relative to its folder.
fn nearest(file: &Path) -> Result<Option<(Arc<Config>, PathBuf)>, ConfigError> {
    let Ok(full) = std::fs::canonicalize(file) else {
        // A missing file is reported by whoever reads it.
        return Ok(None);
    };
    for folder in full.ancestors().skip(1) {
        let path = folder.join(FILE_NAME);
        if !path.is_file() {
            continue;
        }
        let relative = full.strip_prefix(folder).unwrap_or(&full).to_path_buf();
        return Ok(Some((Config::read(&path)?, relative)));
    }
    Ok(None)
}

impl Config {
    /// The path by which an entry names a file.
    fn entry_path(&self, file: &Path) -> Option<PathBuf> {
        let full = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
        self.entries
            .iter()
            .map(|e| e.file.get_ref())
            .find(|f| full.ends_with(f))
            .cloned()
    }

    /// Reads a file once for the whole run.
    fn read(path: &Path) -> Result<Arc<Config>, ConfigError> {
        type Known = BTreeMap<PathBuf, Result<Arc<Config>, ConfigError>>;
        static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
        let mut known = KNOWN.lock().unwrap_or_else(|e| e.into_inner());
        known
            .entry(path.to_path_buf())
            .or_insert_with(|| {
                let text = std::fs::read_to_string(path)
                    .map_err(|e| ConfigError::whole(path, format!("cannot be read: {e}")))?;
                Config::parse(path, text).map(Arc::new)
            })
            .clone()
    }

    fn parse(path: &Path, text: String) -> Result<Config, ConfigError> {
        let document: Document = toml::from_str(&text).map_err(|e| match e.span() {
            Some(s) => ConfigError::at(path, &text, s, e.message().to_string()),
            None => ConfigError::whole(path, e.message().to_string()),
        })?;
        let mut config = Config {
            path: path.to_path_buf(),
            text,
            include: document.include,
            exclude: document.exclude,
            entries: document.kernel,
            accept: document.accept,
        };
        for e in &mut config.entries {
            *e.file.get_mut() = plain(e.file.get_ref());
        }
        for a in &mut config.accept {
            let file = &mut a.get_mut().file;
            *file.get_mut() = plain(file.get_ref());
        }
        config.check()?;
        Ok(config)
    }

    /// Every entry is sound, and no two are about the same kernel.
    fn check(&self) -> Result<(), ConfigError> {
        let mut seen: Vec<(&Path, Option<&str>)> = Vec::new();
        for e in &self.entries {
            let key = (e.file.get_ref().as_path(), e.name());
            if seen.contains(&key) {
                let at = e.name.as_ref().map_or(e.file.span(), Spanned::span);
                let what = match key.1 {
                    Some(name) => format!("kernel `{name}` of {}", key.0.display()),
                    None => format!("the whole of {}", key.0.display()),
                };
                return Err(self.error(at, format!("a second entry for {what}; expected one")));
            }
            seen.push(key);
            if let Some(t) = &e.threadgroup {
                self.size(t)?;
            }
            for d in &e.defines {
                self.define(d)?;
            }
        }
        self.check_accepted()?;
        self.exclusions().map(|_| ())
    }

    fn size(&self, t: &Spanned<Vec<u64>>) -> Result<[u64; 3], ConfigError> {
        let sizes = t.get_ref();
        let wrong = |message: String| self.error(t.span(), message);
        if sizes.is_empty() || sizes.len() > 3 {
            return Err(wrong(format!(
                "`threadgroup` has {} sizes; expected one to three, as in [64] or [8, 8, 1]",
                sizes.len()
            )));
        }
        let mut out = [1; 3];
        for (to, from) in out.iter_mut().zip(sizes) {
            *to = *from;
        }
        match out.iter().try_fold(1u64, |n, s| n.checked_mul(*s)) {
            Some(0) => Err(wrong(
                "`threadgroup` has a size of 0; expected at least 1".into(),
            )),
            Some(n) if n <= MAX_THREADS => Ok(out),
            _ => Err(wrong(format!(
                "`threadgroup` has too many threads; expected at most {MAX_THREADS}"
            ))),
        }
    }

    fn define(&self, d: &Spanned<String>) -> Result<(), ConfigError> {
        let text = d.get_ref();
        let name = text.split_once('=').map_or(text.as_str(), |(n, _)| n);
        let good = !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if good {
            return Ok(());
        }
        let message = format!("`{text}` is no definition; expected NAME or NAME=VALUE");
        Err(self.error(d.span(), message))
    }

    fn error(&self, at: Range<usize>, message: String) -> ConfigError {
        ConfigError::at(&self.path, &self.text, at, message)
    }
}

/// `./a.metal` and `a.metal` are one file.
fn plain(path: &Path) -> PathBuf {
    path.components()
        .filter(|c| *c != std::path::Component::CurDir)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(text: &str) -> String {
        match Config::parse(Path::new("unbarrier.toml"), text.to_string()) {
            Ok(_) => panic!("accepted: {text}"),
            Err(e) => e.headline(),
        }
    }

    fn folder(toml: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(dir.path().join("deep")).expect("a folder");
        std::fs::write(dir.path().join("deep/a.metal"), "").expect("a file");
        std::fs::write(dir.path().join(FILE_NAME), toml).expect("a file");
        dir
    }

    #[test]
    fn errors_say_where_and_what() {
        assert!(fails("[[kernel]]\nfile = 3\n").starts_with("unbarrier.toml:2:8: invalid type"));
        let e = fails("[[kernel]]\nfile = \"a\"\nthreads = 3\n");
        assert!(
            e.starts_with("unbarrier.toml:3:1: unknown field `threads`, expected one of"),
            "{e}"
        );
        let e = fails("[[kernel]]\nfile = \"a\"\nthreadgroup = [32, 0]\n");
        assert_eq!(
            e,
            "unbarrier.toml:3:15: `threadgroup` has a size of 0; expected at least 1"
        );
        assert!(
            fails("[[kernel]]\nfile = \"a\"\nthreadgroup = [64, 64]\n").contains("at most 1024")
        );
        assert!(fails("[[kernel]]\nfile = \"a\"\nthreadgroup = []\n").contains("one to three"));
        assert!(
            fails("[[kernel]]\nfile = \"a\"\nthreadgroup = [-1]\n")
                .starts_with("unbarrier.toml:3:")
        );
        assert!(fails("[[kernel]]\nfile = \"a\"\ndefines = [\"3X\"]\n").contains("expected NAME"));
        assert!(
            fails("[[kernel]]\nfile = \"a\"\n[[kernel]]\nfile = \"./a\"\n")
                .contains("second entry")
        );
        assert!(fails("[[kernel]]\n").contains("missing field `file`"));
        assert!(fails("[[kernel\n").starts_with("unbarrier.toml:1:"));
    }

    #[test]
    fn a_named_entry_wins() {
        let dir = folder(
            "[[kernel]]\nfile = \"deep/a.metal\"\nthreadgroup = [64]\n\
             [[kernel]]\nfile = \"deep/a.metal\"\nname = \"k\"\nthreadgroup = [8, 8]\nassume = [\"n < 4\"]\n",
        );
        let file = dir.path().join("deep/a.metal");
        let get = |name| {
            contract(&SourceSettings::default(), &file, name)
                .expect("sound")
                .expect("an entry")
        };
        assert_eq!(get("k").threadgroup, Some([8, 8, 1]));
        assert_eq!(get("k").assume, ["n < 4"]);
        assert_eq!(get("other").threadgroup, Some([64, 1, 1]));
    }

    #[test]
    fn a_file_without_an_entry_has_no_contract() {
        let dir = folder("[[kernel]]\nfile = \"b.metal\"\n");
        let file = dir.path().join("deep/a.metal");
        assert_eq!(contract(&SourceSettings::default(), &file, "k"), Ok(None));
        assert_eq!(defines(&SourceSettings::default(), &file), Ok(Vec::new()));
    }

    #[test]
    fn definitions_of_one_file_agree() {
        let dir = folder(
            "[[kernel]]\nfile = \"deep/a.metal\"\ndefines = [\"A=2\", \"B\"]\n\
             [[kernel]]\nfile = \"deep/a.metal\"\nname = \"k\"\ndefines = [\"A=3\"]\n",
        );
        let e = defines(&SourceSettings::default(), &dir.path().join("deep/a.metal"))
            .expect_err("they differ");
        assert_eq!(e.at, Some((7, 12)));
        let dir = folder("[[kernel]]\nfile = \"deep/a.metal\"\ndefines = [\"A=2\", \"B\"]\n");
        let d =
            defines(&SourceSettings::default(), &dir.path().join("deep/a.metal")).expect("sound");
        assert_eq!(d, ["A=2", "B"]);
    }
}
