//! A git repository, asked through the program `git`: whoever compares revisions has it, and it obeys all settings of the person's repository.
//!
//! Nothing is written into the repository: what is not tracked is compared by means of a copy of the index.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::tree::{normal, temporary};
use crate::engine::error::{Code, Error, Result};

/// Files of a tree by path: mode and object.
type Files = BTreeMap<String, (u32, String)>;

/// Mode of a symbolic link.
const LINK: u32 = 0o120_000;

/// Mode of a submodule.
const SUBMODULE: u32 = 0o160_000;

/// A repository with a work tree.
pub struct Repository {
    /// Root of the work tree.
    pub work: PathBuf,
    objects: RefCell<Option<Objects>>,
}

/// The program that hands out objects, one after the other.
struct Objects {
    child: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It ends with its input; killing it first waits for nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The files of a revision.
pub struct Tree {
    id: String,
    files: Files,
}

/// Old and new path of a file that changed; `None` where there is none.
pub type Change = (Option<String>, Option<String>);

fn command(folder: &Path) -> Command {
    let mut c = Command::new("git");
    // Words of git are matched and shown; locks would be taken only to keep what it found.
    c.arg("-C")
        .arg(folder)
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0");
    c.arg("--literal-pathspecs").stdin(Stdio::null());
    c
}

fn missing(e: &std::io::Error) -> Error {
    let message = format!(
        "cannot run git: {e}; install it, or compare two files or folders with --from OLD --to NEW"
    );
    Error::new(Code::Tool, message)
}

/// What git prints, or the last line of what it complains about.
fn output(mut c: Command, input: &[u8]) -> Result<std::result::Result<Vec<u8>, String>> {
    if !input.is_empty() {
        c.stdin(Stdio::piped());
    }
    let spawned = c.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|e| missing(&e))?;
    // git reads all of a list before it prints.
    if let Some(mut to) = child.stdin.take() {
        let _ = to.write_all(input);
    }
    let done = child.wait_with_output().map_err(|e| missing(&e))?;
    if done.status.success() {
        return Ok(Ok(done.stdout));
    }
    let text = String::from_utf8_lossy(&done.stderr);
    let said = text.lines().rev().find(|l| !l.trim().is_empty());
    let said = said.map_or_else(|| done.status.to_string(), str::to_string);
    Ok(Err(said.trim_start_matches("fatal: ").to_string()))
}

/// As [`output`], where a failure is one of the tool.
fn must(c: Command, input: &[u8]) -> Result<Vec<u8>> {
    output(c, input)?.map_err(|said| Error::new(Code::Tool, format!("git: {said}")))
}

/// Parts of a list that ends each by a zero; what is no UTF-8 is left out.
fn parts(bytes: &[u8]) -> impl Iterator<Item = &str> {
    let all = bytes.split(|b| *b == 0).filter(|p| !p.is_empty());
    all.filter_map(|p| std::str::from_utf8(p).ok())
}

impl Repository {
    /// The repository around the current folder.
    ///
    /// # Errors
    /// There is none, it has no work tree, or git is missing.
    pub fn discover() -> Result<Repository> {
        let ask = |question: &str| {
            let mut c = command(Path::new("."));
            c.args(["rev-parse", question]);
            output(c, b"")
        };
        if ask("--git-dir")?.is_err() {
            let message = "this folder is in no git repository; run it in one, or compare two files or folders with --from OLD --to NEW";
            return Err(Error::new(Code::Request, message));
        }
        let top = ask("--show-toplevel")?.unwrap_or_default();
        let top = String::from_utf8_lossy(&top);
        let top = top.strip_suffix('\n').unwrap_or(&top);
        if top.is_empty() {
            let message = "the git repository has no work tree; clone it, or use --from and --to";
            return Err(Error::new(Code::Request, message));
        }
        Ok(Repository {
            work: PathBuf::from(top),
            objects: RefCell::new(None),
        })
    }

    fn git(&self, arguments: &[&str]) -> Command {
        let mut c = command(&self.work);
        c.args(arguments);
        c
    }

    /// The files of a commit, branch or tag.
    ///
    /// # Errors
    /// There is no such revision.
    pub fn revision(&self, name: &str) -> Result<Tree> {
        let object = format!("{name}^{{tree}}");
        let ask = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &object,
        ];
        let Ok(id) = output(self.git(&ask), b"")? else {
            let hint = self.why_missing()?;
            let message = format!("no revision `{name}` in this repository{hint}");
            return Err(Error::new(Code::Request, message));
        };
        let id = String::from_utf8_lossy(&id).trim().to_string();
        let list = must(self.git(&["ls-tree", "-r", "-z", "--full-tree", &id]), b"")?;
        let mut files = Files::new();
        for entry in parts(&list) {
            // Mode, kind, object, a tab, the path.
            let Some((head, path)) = entry.split_once('\t') else {
                continue;
            };
            let mut words = head.split(' ');
            let mode = words.next().and_then(|m| u32::from_str_radix(m, 8).ok());
            if let (Some(mode), Some(object)) = (mode, words.nth(1)) {
                files.insert(path.to_string(), (mode, object.to_string()));
            }
        }
        Ok(Tree { id, files })
    }

    /// What a person can do about a revision that is not there.
    fn why_missing(&self) -> Result<&'static str> {
        let ask = ["rev-parse", "--is-shallow-repository"];
        let shallow = output(self.git(&ask), b"")?;
        if shallow.is_ok_and(|s| s.starts_with(b"true")) {
            return Ok(
                "; this clone is shallow, so it lacks most revisions: fetch them (`git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout)",
            );
        }
        let commits = output(self.git(&["rev-list", "-n", "1", "--all"]), b"")?;
        Ok(if commits.is_ok_and(|c| c.is_empty()) {
            "; the repository has no commits yet"
        } else {
            "; expected a commit, branch or tag (`git log` shows them; a branch of a remote must be fetched first)"
        })
    }

    /// The files that differ between two revisions, or a revision and the work tree with what is not tracked there.
    ///
    /// # Errors
    /// git fails.
    pub fn changes(&self, base: &Tree, head: Option<&Tree>) -> Result<Vec<Change>> {
        const HOW: &[&str] = &["--raw", "-z", "--find-renames", "--no-abbrev"];
        let list = if let Some(h) = head {
            let mut c = self.git(&["diff-tree", "-r"]);
            c.args(HOW).args([&base.id, &h.id]);
            must(c, b"")?
        } else {
            let kept = temporary()?;
            let index = kept.1.path().join("index");
            let mut c = self.git(&["diff", "--no-ext-diff", "--no-relative"]);
            c.args(HOW).arg(&base.id).arg("--");
            if self.index_with_untracked(&index)? {
                c.env("GIT_INDEX_FILE", &index);
            }
            must(c, b"")?
        };
        Ok(raw(&list))
    }

    /// Makes a copy of the index that knows the files that are not tracked, so that they may be found to be renamed ones. Says whether there
    /// are any.
    fn index_with_untracked(&self, copy: &Path) -> Result<bool> {
        let ask = ["ls-files", "--others", "--exclude-standard", "-z"];
        let list = must(self.git(&ask), b"")?;
        // A repository within this one is a folder here, and no part of it.
        let files: Vec<&[u8]> = list
            .split(|b| *b == 0)
            .filter(|p| !p.is_empty() && !p.ends_with(b"/"))
            .collect();
        if files.is_empty() {
            return Ok(false);
        }
        let path = must(self.git(&["rev-parse", "--git-path", "index"]), b"")?;
        let path = String::from_utf8_lossy(&path);
        let index = self.work.join(path.strip_suffix('\n').unwrap_or(&path));
        if index.exists() {
            std::fs::copy(&index, copy).map_err(|e| {
                let message = format!("cannot copy the index of the git repository: {e}");
                Error::new(Code::Io, message)
            })?;
        }
        let mut c = self.git(&["add", "--intent-to-add", "--ignore-errors"]);
        c.args(["--pathspec-from-file=-", "--pathspec-file-nul"]);
        c.env("GIT_INDEX_FILE", copy);
        must(c, &files.join(&0))?;
        Ok(true)
    }

    /// The text of a file of a revision. Symbolic links are followed, up to a depth.
    pub fn text(&self, tree: &Tree, path: &str) -> Option<Vec<u8>> {
        let mut path = path.to_string();
        for _ in 0..16 {
            let (mode, object) = tree.files.get(&path)?;
            if *mode == SUBMODULE {
                return None;
            }
            let content = self.object(object)?;
            if *mode != LINK {
                return Some(content);
            }
            let to = std::str::from_utf8(&content).ok()?;
            let folder = Path::new(&path).parent().unwrap_or(Path::new(""));
            path = normal(&folder.join(to))?;
        }
        None
    }

    fn object(&self, id: &str) -> Option<Vec<u8>> {
        let mut objects = self.objects.borrow_mut();
        if objects.is_none() {
            let mut c = self.git(&["cat-file", "--batch"]);
            c.stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            let mut child = c.spawn().ok()?;
            let (ask, answer) = (child.stdin.take()?, child.stdout.take()?);
            let answer = BufReader::new(answer);
            *objects = Some(Objects { child, ask, answer });
        }
        let read = objects.as_mut()?.read(id);
        if read.is_none() {
            // What comes next is not to be trusted.
            *objects = None;
        }
        read
    }
}

impl Objects {
    /// An answer is `OBJECT blob SIZE`, the content, and an end of line.
    fn read(&mut self, id: &str) -> Option<Vec<u8>> {
        writeln!(self.ask, "{id}").ok()?;
        self.ask.flush().ok()?;
        let mut head = String::new();
        self.answer.read_line(&mut head).ok()?;
        let size: u64 = head.trim_end().split_once(" blob ")?.1.parse().ok()?;
        let mut content = Vec::new();
        self.answer
            .by_ref()
            .take(size + 1)
            .read_to_end(&mut content)
            .ok()?;
        (content.pop() == Some(b'\n') && content.len() as u64 == size).then_some(content)
    }
}

impl Tree {
    /// Files that are no submodules.
    pub fn paths(&self) -> impl Iterator<Item = &String> {
        let files = self.files.iter().filter(|(_, f)| f.0 != SUBMODULE);
        files.map(|(path, _)| path)
    }

    /// Whether there is a file or folder of this name.
    pub fn has(&self, path: &str) -> bool {
        let within = format!("{path}/");
        let next = self.files.range(within.clone()..).next();
        self.files.contains_key(path) || next.is_some_and(|(p, _)| p.starts_with(&within))
    }
}

/// The list of `git diff --raw -z`: `:MODE MODE OBJECT OBJECT STATUS`, then the path, then the new one where it was renamed or copied.
fn raw(list: &[u8]) -> Vec<Change> {
    let mut out = Vec::new();
    // What is no UTF-8 must keep its place here.
    let mut all = list.split(|b| *b == 0).filter(|p| !p.is_empty());
    while let Some(head) = all.next() {
        let status = head.rsplit(|b| *b == b' ').next().and_then(|s| s.first());
        let mut path = || {
            let p = std::str::from_utf8(all.next()?).ok()?;
            normal(Path::new(p))
        };
        let first = path();
        out.push(match status {
            Some(b'A') => (None, first),
            Some(b'D') => (first, None),
            Some(b'R') => (first, path()),
            Some(b'C') => (None, path()),
            _ => (first.clone(), first),
        });
    }
    out
}

/// All paths of changes, old and new ones.
pub fn touched(changes: &[Change]) -> BTreeSet<String> {
    let both = changes.iter().flat_map(|(o, n)| [o.clone(), n.clone()]);
    both.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_changes_is_read() {
        let list = b":100644 100644 a b M\0x.metal\0:000000 100644 0 b A\0new y.metal\0:100644 000000 a 0 D\0gone.h\0:100644 100644 a b R087\0p/q.metal\0p/r.metal\0:100644 100644 a b C100\0x.metal\0z.metal\0";
        let s = |t: &str| Some(t.to_string());
        assert_eq!(
            raw(list),
            [
                (s("x.metal"), s("x.metal")),
                (None, s("new y.metal")),
                (s("gone.h"), None),
                (s("p/q.metal"), s("p/r.metal")),
                (None, s("z.metal")),
            ]
        );
    }

    #[test]
    fn a_path_that_is_no_text_does_not_shift_the_others() {
        let list = b":100644 100644 a b M\0\xff\xfe.metal\0:100644 100644 a b M\0x.metal\0";
        let x = Some("x.metal".to_string());
        assert_eq!(raw(list), [(None, None), (x.clone(), x)]);
    }
}
