//! `--emit-smt`: decided obligations as files in a folder, and a list of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::error::{Error, Result};
use crate::prove::record::Recorder;
use crate::report::obligation::{ObligationFile, file};
use crate::source::SourceMap;

/// Name of the list.
const INDEX: &str = "index.tsv";

/// Writes obligations into a folder.
#[derive(Clone)]
pub struct Export {
    dir: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// File name to: status, purpose, pairs.
    written: BTreeMap<String, [String; 3]>,
    error: Option<Error>,
}

impl Export {
    /// Makes the folder where it is missing, and an empty list in it; an error when that fails.
    pub fn new(dir: &Path) -> Result<Export> {
        fs::create_dir_all(dir)
            .map_err(|e| Error::io("make the folder", dir, e).context("--emit-smt: "))?;
        let out = Export {
            dir: dir.to_path_buf(),
            state: Arc::default(),
        };
        out.write(INDEX, "")?;
        Ok(out)
    }

    /// Takes the obligations of the kernels of one file.
    pub fn recorder(&self, map: &SourceMap, main: &str) -> Recorder {
        let (this, map, main) = (self.clone(), map.clone(), main.to_string());
        Recorder::new(move |d| this.add(file(&map, &main, d)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn add(&self, f: ObligationFile) {
        let ObligationFile {
            name,
            text,
            status,
            what,
            pairs,
        } = f;
        {
            let mut s = self.state();
            // The name tells the text apart: the same question is asked more than once at times.
            if s.error.is_some()
                || s.written
                    .insert(name.clone(), [status.to_string(), what, pairs])
                    .is_some()
            {
                return;
            }
        }
        if let Err(e) = self.write(&name, &text) {
            self.state().error.get_or_insert(e);
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.dir.join(name);
        super::files::write_file(&path, text.as_bytes())
            .map_err(|e| Error::io("write", &path, e).context("--emit-smt: "))
    }

    /// Writes the list. The number of files, or what went wrong on the way.
    pub fn finish(&self) -> Result<usize> {
        let s = self.state();
        if let Some(e) = &s.error {
            return Err(e.clone());
        }
        let mut text = String::from(
            "# Obligations that Z3 decided. Not here: pairs whose formula was found impossible while it was built (no solver was asked),\n\
             # and questions that Z3 left open.\n\
             # file\texpected\twhat\tpairs\n",
        );
        for (name, columns) in &s.written {
            text.push_str(&format!("{name}\t{}\n", columns.join("\t")));
        }
        self.write(INDEX, &text)?;
        Ok(s.written.len())
    }
}
