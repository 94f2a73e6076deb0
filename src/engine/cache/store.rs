//! Entries as files: `FOLDER/xx/KEY`, the key's first two digits as a folder.
//!
//! A file holds the key, a hash of what follows, and the verdicts. It is written beside its place and moved there, so that no reader sees a part of
//! one. Each of the 256 folders holds at most [`MOST`] bytes; the oldest entries go first.
//!
//! Direction: an entry that is not exactly what was written is no entry.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::key::Key;

/// Bytes of one folder: 64 MiB in all.
const MOST: u64 = 256 << 10;
/// Bytes of one entry.
const LARGEST: usize = 128 << 10;
/// When what an interrupted write left behind goes.
const STALE: Duration = Duration::from_secs(3600);
/// How such files begin.
const PREFIX: &str = ".unbarrier-";

/// A folder of entries.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// In a folder, which need not exist yet.
    pub fn new(folder: PathBuf) -> Store {
        Store { folder }
    }

    /// Where an entry lies.
    pub fn path(&self, key: &Key) -> PathBuf {
        self.folder
            .join(key.0.get(..2).unwrap_or_default())
            .join(&key.0)
    }

    /// What was kept, when there is a whole entry.
    pub fn get<T: DeserializeOwned>(&self, key: &Key) -> Option<T> {
        let bytes = std::fs::read(self.path(key)).ok()?;
        let rest = bytes.strip_prefix(key.0.as_bytes())?;
        let (sum, body) = rest.split_at_checked(32)?;
        if Sha256::digest(body).as_slice() != sum {
            return None;
        }
        let (found, left) = postcard::take_from_bytes(body).ok()?;
        left.is_empty().then_some(found)
    }

    /// Keeps something. Where that fails, nothing is kept.
    pub fn put<T: Serialize>(&self, key: &Key, verdicts: &T) {
        // A cache that cannot be written is slow, and not worth a message.
        let _ = self.write(key, verdicts);
    }

    fn write<T: Serialize>(&self, key: &Key, verdicts: &T) -> Option<()> {
        let body = postcard::to_stdvec(verdicts).ok()?;
        if body.len() > LARGEST {
            return None;
        }
        let mut bytes = key.0.clone().into_bytes();
        bytes.extend_from_slice(Sha256::digest(&body).as_slice());
        bytes.extend_from_slice(&body);
        let path = self.path(key);
        let folder = path.parent()?;
        std::fs::create_dir_all(folder).ok()?;
        make_room(folder, bytes.len() as u64);
        crate::engine::files::write_file(&path, &bytes).ok()
    }
}

/// Removes the oldest entries until `more` bytes fit.
fn make_room(folder: &Path, more: u64) {
    let Ok(list) = std::fs::read_dir(folder) else {
        return;
    };
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for e in list.flatten() {
        let Ok(m) = e.metadata() else { continue };
        let name = e.file_name();
        let name = name.to_string_lossy();
        let age = m.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let ours = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
        if m.is_file() && ours {
            entries.push((age, m.len(), e.path()));
        } else if name.starts_with(PREFIX) && age.elapsed().is_ok_and(|d| d > STALE) {
            // Somebody else may have removed it.
            let _ = std::fs::remove_file(e.path());
        }
    }
    entries.sort();
    let mut size: u64 = entries.iter().map(|e| e.1).sum();
    for (_, bytes, path) in entries {
        if size + more <= MOST {
            break;
        }
        // As above.
        let _ = std::fs::remove_file(path);
        size -= bytes;
    }
}
