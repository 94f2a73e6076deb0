//! Reading source files, with errors a person can act on.
//!
//! Purpose: the only place that reads the user's source text from disk.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The largest source file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Why a source file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Nothing is there.
    #[error("{}: no such file", path.display())]
    NotFound {
        /// The path as given.
        path: PathBuf,
    },
    /// A folder (or something else that is no regular file) is there.
    #[error("{}: is a folder, not a source file", path.display())]
    IsFolder {
        /// The path as given.
        path: PathBuf,
    },
    /// The file is over [`MAX_FILE_BYTES`].
    #[error(
        "{}: is larger than the limit of {} MiB for a source file",
        path.display(),
        MAX_FILE_BYTES / (1024 * 1024)
    )]
    TooLarge {
        /// The path as given.
        path: PathBuf,
    },
    /// The file holds a NUL byte.
    #[error("{}: is not text: NUL byte at byte offset {offset}", path.display())]
    NulByte {
        /// The path as given.
        path: PathBuf,
        /// Offset of the first NUL byte.
        offset: usize,
    },
    /// The file is not UTF-8.
    #[error("{}: is not UTF-8 text: invalid byte at byte offset {offset}", path.display())]
    NotUtf8 {
        /// The path as given.
        path: PathBuf,
        /// Offset of the first byte that is not UTF-8.
        offset: usize,
    },
    /// Anything else the operating system said.
    #[error("{}: cannot be read: {message}", path.display())]
    Io {
        /// The path as given.
        path: PathBuf,
        /// The operating system's words.
        message: String,
    },
}

/// Reads a whole source file as text, without a leading byte order mark.
///
/// Returns the text and whether a byte order mark was dropped. Line ends stay as they are.
///
/// # Errors
/// See [`LoadError`].
pub fn read_source(path: &Path) -> Result<(String, bool), LoadError> {
    let io_error = |e: &std::io::Error| match e.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => LoadError::NotFound {
            path: path.to_path_buf(),
        },
        ErrorKind::IsADirectory => LoadError::IsFolder {
            path: path.to_path_buf(),
        },
        _ => LoadError::Io {
            path: path.to_path_buf(),
            message: e.to_string(),
        },
    };
    let meta = fs::metadata(path).map_err(|e| io_error(&e))?;
    if meta.is_dir() {
        return Err(LoadError::IsFolder {
            path: path.to_path_buf(),
        });
    }
    let too_large = || LoadError::TooLarge {
        path: path.to_path_buf(),
    };
    if meta.len() > MAX_FILE_BYTES {
        return Err(too_large());
    }
    let file = fs::File::open(path).map_err(|e| io_error(&e))?;
    let mut bytes = Vec::new();
    // The length can lie (pipes, growing files), so the read itself is bounded too.
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| io_error(&e))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large());
    }
    text_of_bytes(path, bytes)
}

/// Checks that `bytes` are UTF-8 text without NUL bytes, and drops a leading byte order mark.
///
/// # Errors
/// [`LoadError::NulByte`] or [`LoadError::NotUtf8`], whichever offset comes first.
pub fn text_of_bytes(path: &Path, bytes: Vec<u8>) -> Result<(String, bool), LoadError> {
    let nul = bytes.iter().position(|b| *b == 0);
    match String::from_utf8(bytes) {
        Ok(text) => {
            if let Some(offset) = nul {
                return Err(LoadError::NulByte {
                    path: path.to_path_buf(),
                    offset,
                });
            }
            match text.strip_prefix('\u{feff}') {
                Some(rest) => Ok((rest.to_owned(), true)),
                None => Ok((text, false)),
            }
        }
        Err(error) => {
            let bad = error.utf8_error().valid_up_to();
            match nul {
                Some(offset) if offset < bad => Err(LoadError::NulByte {
                    path: path.to_path_buf(),
                    offset,
                }),
                _ => Err(LoadError::NotUtf8 {
                    path: path.to_path_buf(),
                    offset: bad,
                }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_named_with_their_offset() {
        let p = Path::new("a.metal");
        let nul = text_of_bytes(p, b"ab\0c".to_vec());
        assert!(matches!(nul, Err(LoadError::NulByte { offset: 2, .. })));
        let bad = text_of_bytes(p, b"abc\xffd\0".to_vec());
        assert!(matches!(bad, Err(LoadError::NotUtf8 { offset: 3, .. })));
        let first = text_of_bytes(p, b"a\0\xff".to_vec());
        assert!(matches!(first, Err(LoadError::NulByte { offset: 1, .. })));
    }

    #[test]
    fn byte_order_mark_is_dropped_and_line_ends_stay() {
        let p = Path::new("a.metal");
        let got = text_of_bytes(p, b"\xef\xbb\xbfa\r\nb".to_vec());
        assert_eq!(got, Ok(("a\r\nb".to_owned(), true)));
    }

    #[test]
    fn missing_file_folder_and_size_are_told_apart() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        let missing = read_source(&dir.path().join("none.metal"));
        assert!(matches!(missing, Err(LoadError::NotFound { .. })));
        let folder = read_source(dir.path());
        assert!(matches!(folder, Err(LoadError::IsFolder { .. })));
        let big = dir.path().join("big.metal");
        fs::File::create(&big)?.set_len(MAX_FILE_BYTES + 1)?;
        assert!(matches!(read_source(&big), Err(LoadError::TooLarge { .. })));
        Ok(())
    }
}
