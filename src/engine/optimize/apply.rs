//! Writing edited sources: all or nothing, and never over somebody else's change.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::engine::error::{Code, Error, Result};
use crate::engine::files::writing;

/// A file as it was when it was read.
pub struct Original {
    path: PathBuf,
    bytes: Vec<u8>,
}

const BOM: &[u8] = b"\xef\xbb\xbf";

impl Original {
    /// Reads a file.
    ///
    /// # Errors
    /// One line that names the file.
    pub fn read(path: &Path) -> Result<Original> {
        let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
        Ok(Original {
            path: path.to_path_buf(),
            bytes,
        })
    }

    /// Puts `text` in the place of the file's (a byte order mark stays). The new text is written beside the file, flushed,
    /// and renamed over it, so that the file is always either the old or the new one; permissions stay.
    ///
    /// # Errors
    /// The file changed meanwhile, is read-only, or cannot be written; it is as it was then.
    pub fn replace(&self, text: &str) -> Result<()> {
        let shown = self.path.display().to_string();
        let failed = |e: String| {
            let message = format!("cannot write {shown}: {e}; nothing was changed");
            Error::of(Code::Io, &shown, message)
        };
        // A link is followed: what it leads to is replaced, not the link.
        let path = std::fs::canonicalize(&self.path).map_err(|e| failed(e.to_string()))?;
        let meta = std::fs::metadata(&path).map_err(|e| failed(e.to_string()))?;
        if meta.permissions().readonly() {
            let message = format!(
                "cannot write {shown}: the file is read-only; nothing was changed (make it writable, or use --patch)"
            );
            return Err(Error::of(Code::Io, &shown, message));
        }
        let mut bytes = Vec::new();
        if self.bytes.starts_with(BOM) {
            bytes.extend_from_slice(BOM);
        }
        bytes.extend_from_slice(text.as_bytes());
        write_beside(&path, &bytes, Some(meta.permissions()), &|| {
            let now = std::fs::read(&path).map_err(|e| e.to_string())?;
            if now == self.bytes {
                Ok(())
            } else {
                Err("it changed while it was analysed; run the command again".into())
            }
        })
        .map_err(failed)
    }
}

/// Writes a file that may or may not exist, all or nothing.
///
/// # Errors
/// One line that names the file.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let permissions = std::fs::metadata(path).ok().map(|m| m.permissions());
    if permissions.as_ref().is_some_and(|p| p.readonly()) {
        return Err(Error::io("write", path, "it is read-only"));
    }
    // Pipes and devices (`/dev/stdout`) are written to, not replaced.
    let special = std::fs::metadata(path).is_ok_and(|m| !m.is_file());
    let done = if special {
        std::fs::write(path, bytes).map_err(|e| e.to_string())
    } else {
        write_beside(path, bytes, permissions, &|| Ok(()))
    };
    done.map_err(|e| Error::io("write", path, e))
}

fn write_beside(
    path: &Path,
    bytes: &[u8],
    permissions: Option<std::fs::Permissions>,
    still_good: &dyn Fn() -> std::result::Result<(), String>,
) -> std::result::Result<(), String> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let text = |e: std::io::Error| e.to_string();
    let _held = writing();
    let mut file = tempfile::Builder::new()
        .prefix(".unbarrier-")
        .tempfile_in(folder)
        .map_err(text)?;
    file.write_all(bytes).map_err(text)?;
    match permissions {
        Some(p) => file.as_file().set_permissions(p).map_err(text)?,
        None => usual_permissions(&file)?,
    }
    file.as_file().sync_all().map_err(text)?;
    still_good()?;
    file.persist(path).map_err(|e| e.error.to_string())?;
    Ok(())
}

/// Temporary files can be read by their owner only; a new file should be as others are.
#[cfg(unix)]
fn usual_permissions(file: &tempfile::NamedTempFile) -> std::result::Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let p = std::fs::Permissions::from_mode(0o644);
    file.as_file().set_permissions(p).map_err(|e| e.to_string())
}

#[cfg(not(unix))]
fn usual_permissions(_: &tempfile::NamedTempFile) -> std::result::Result<(), String> {
    Ok(())
}
