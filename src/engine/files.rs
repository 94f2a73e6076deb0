//! Files that are written whole or not at all, and folders that must go, also when the program is interrupted.
//!
//! Whoever ends the program early calls [`clean`] first.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Held for reading while a file is written.
static WRITING: RwLock<()> = RwLock::new(());
static SCRATCH: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn scratch() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // What a panicking thread left is still what there is.
    SCRATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a file beside its place and moves it there: others see all of it, or nothing.
pub fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let _held = writing();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let mut file = tempfile::Builder::new()
        .prefix(".unbarrier-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// While this is held, [`clean`] waits: for files that are written in several steps.
pub fn writing() -> RwLockReadGuard<'static, ()> {
    WRITING.read().unwrap_or_else(PoisonError::into_inner)
}

/// A folder that [`clean`] removes. (Otherwise whoever made it removes it.)
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Registers a folder.
    pub fn new(folder: &Path) -> Scratch {
        scratch().insert(folder.to_path_buf());
        Scratch(folder.to_path_buf())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        scratch().remove(&self.0);
    }
}

/// Before the program ends early: waits for files that are being written and removes the folders. While the value lives, no file is written.
pub fn clean() -> RwLockWriteGuard<'static, ()> {
    let nobody_writes = WRITING.write().unwrap_or_else(PoisonError::into_inner);
    for folder in scratch().iter() {
        // What is left is in the system's folder for temporary files.
        let _ = std::fs::remove_dir_all(folder);
    }
    nobody_writes
}
