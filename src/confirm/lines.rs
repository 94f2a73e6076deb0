//! From addresses of instructions to lines of the source.

use std::path::Path;
use std::sync::Mutex;

use addr2line::Loader;

/// The line table of a program. Without one (a broken or stripped program) every line is unknown.
pub struct Lines(Mutex<Option<Loader>>);

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lines")
    }
}

impl Lines {
    /// Reads the table of a program.
    pub fn open(program: &Path) -> Lines {
        Lines(Mutex::new(Loader::new(program).ok()))
    }

    /// File and 1-based line of an address; an empty name and 0 when it is not known.
    pub fn at(&self, address: u64) -> (String, u32) {
        let Ok(table) = self.0.lock() else {
            return (String::new(), 0);
        };
        let found = table.as_ref().and_then(|l| {
            let location = l.find_location(address).ok()??;
            let file = location.file?;
            let file = file.strip_prefix("./").unwrap_or(file);
            Some((file.to_string(), location.line.unwrap_or(0)))
        });
        found.unwrap_or_default()
    }
}
