//! Where things are, for programs that read reports: paths as URIs.
//!
//! Soundness direction: none; nothing is decided here.

use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in the path of a URI (RFC 3986, without `:`, which would make a relative path look like a scheme).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'+')
    .remove(b',')
    .remove(b'@')
    .remove(b'=');

/// What paths are relative to.
#[derive(Clone, Debug)]
pub struct Base {
    working: PathBuf,
    root: PathBuf,
}

impl Base {
    /// `working`: the folder that relative paths start from. `root`: the folder that URIs start from. Both absolute.
    pub fn new(working: impl Into<PathBuf>, root: impl Into<PathBuf>) -> Base {
        Base {
            working: plain(&working.into()),
            root: plain(&root.into()),
        }
    }

    /// The path relative to the root, with `/`; an absolute path when it lies elsewhere.
    pub fn shown(&self, path: &str) -> String {
        let full = plain(&self.working.join(path));
        let inside = full.strip_prefix(&self.root).unwrap_or(&full);
        slashes(inside)
    }

    /// The path as a URI reference: relative to the root, else `file:///…`. The second value says which.
    pub fn uri(&self, path: &str) -> (String, bool) {
        let shown = self.shown(path);
        let absolute = Path::new(&shown).is_absolute() || shown.starts_with('/');
        let escaped = utf8_percent_encode(&shown, ESCAPED).to_string();
        if absolute {
            (format!("file://{escaped}"), false)
        } else {
            (escaped, true)
        }
    }
}

/// Without `.` and `..`, by text alone.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for c in path.components() {
        match c {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            c => out.push(c),
        }
    }
    out
}

fn slashes(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_relative_to_the_root() {
        let b = Base::new("/r/sub", "/r");
        assert_eq!(b.uri("a b.metal"), ("sub/a%20b.metal".into(), true));
        assert_eq!(b.uri("./x/../a.metal"), ("sub/a.metal".into(), true));
        assert_eq!(b.uri("../é#1.metal"), ("%C3%A9%231.metal".into(), true));
        assert_eq!(b.uri("/r/q.metal"), ("q.metal".into(), true));
        assert_eq!(b.uri("/else/q.metal"), ("file:///else/q.metal".into(), false));
        assert_eq!(b.uri("c:x.metal"), ("sub/c%3Ax.metal".into(), true));
    }
}
