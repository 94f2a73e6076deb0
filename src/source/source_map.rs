//! The files of one run, and positions in them.
//!
//! Purpose: turn byte offsets into lines and columns, and tokens into the macros they came from.
//! Once loading is over, a [`SourceMap`] can be put in an `Arc` and read from many threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::expansion::{Expansion, ExpansionTable};
use super::load::{LoadError, read_source};
use super::span::{ExpansionId, FileId, Span};

/// One file's name and text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as the user would recognise it (used in messages).
    pub path: String,
    /// Where it was read from (empty for text that is no file, such as `-D` options).
    pub real_path: PathBuf,
    /// The text, without a leading byte order mark.
    pub text: Arc<str>,
    /// The file began with a byte order mark, which `text` lacks.
    pub had_bom: bool,
    line_starts: Vec<u32>,
}

impl SourceFile {
    fn new(path: String, real_path: PathBuf, text: Arc<str>, had_bom: bool) -> SourceFile {
        let bytes = text.as_bytes();
        let mut line_starts = vec![0];
        for (i, b) in bytes.iter().enumerate() {
            let ends = *b == b'\n' || (*b == b'\r' && bytes.get(i + 1) != Some(&b'\n'));
            if ends {
                line_starts.push(u32::try_from(i + 1).unwrap_or(u32::MAX));
            }
        }
        SourceFile {
            path,
            real_path,
            text,
            had_bom,
            line_starts,
        }
    }

    /// How many lines the file has (an empty file has one).
    pub fn line_count(&self) -> u32 {
        u32::try_from(self.line_starts.len()).unwrap_or(u32::MAX)
    }

    /// The 0-based index of the line that holds byte `offset` (the last line when past the end).
    pub(crate) fn line_index(&self, offset: u32) -> usize {
        self.line_starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    /// The byte range of the 0-based line, without its line end; empty when there is no such line.
    pub(crate) fn line_range(&self, index: usize) -> std::ops::Range<usize> {
        let len = self.text.len();
        let Some(start) = self.line_starts.get(index).map(|s| *s as usize) else {
            return len..len;
        };
        let mut end = self
            .line_starts
            .get(index + 1)
            .map_or(len, |s| *s as usize)
            .min(len);
        let bytes = self.text.as_bytes();
        while end > start && matches!(bytes.get(end - 1), Some(b'\n' | b'\r')) {
            end -= 1;
        }
        start.min(len)..end
    }
}

/// All files and macro expansions of one run.
#[derive(Clone, Debug)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    unknown: SourceFile,
    pub(crate) expansions: ExpansionTable,
}

impl Default for SourceMap {
    fn default() -> SourceMap {
        SourceMap::new()
    }
}

impl SourceMap {
    /// A map without files.
    pub fn new() -> SourceMap {
        SourceMap {
            files: Vec::new(),
            unknown: SourceFile::new("<unknown>".to_owned(), PathBuf::new(), "".into(), false),
            expansions: ExpansionTable::default(),
        }
    }

    /// Adds text as a file: `display` is the name for messages, `real_path` where it lies (may be
    /// empty). A byte order mark is dropped. Returns the file's id.
    pub fn add_file(
        &mut self,
        display: impl Into<String>,
        real_path: PathBuf,
        text: impl AsRef<str>,
    ) -> FileId {
        let text = text.as_ref();
        let (text, had_bom) = match text.strip_prefix('\u{feff}') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        self.push(display.into(), real_path, text.into(), had_bom)
    }

    fn push(&mut self, display: String, real: PathBuf, text: Arc<str>, had_bom: bool) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files
            .push(SourceFile::new(display, real, text, had_bom));
        id
    }

    /// Reads a file from disk and adds it under the path as given.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(&mut self, path: &Path) -> Result<FileId, LoadError> {
        self.load_as(path.display().to_string(), path)
    }

    /// Reads a file from disk and adds it under the name `display`.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load_as(
        &mut self,
        display: impl Into<String>,
        path: &Path,
    ) -> Result<FileId, LoadError> {
        let (text, had_bom) = read_source(path)?;
        Ok(self.push(display.into(), path.to_path_buf(), text.into(), had_bom))
    }

    /// Gives every file the name that `name` makes of its present one.
    pub fn rename(&mut self, name: impl Fn(&str) -> String) {
        for f in &mut self.files {
            f.path = name(&f.path);
        }
    }

    /// Adds the files of another map (not its macro expansions); returns by how much their ids grew.
    pub fn append(&mut self, other: &SourceMap) -> u32 {
        let by = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.extend(other.files.iter().cloned());
        by
    }

    /// The file of that id; an empty file named `<unknown>` for an id of another map.
    pub fn file(&self, id: FileId) -> &SourceFile {
        self.files.get(id.0 as usize).unwrap_or(&self.unknown)
    }

    /// All files in the order they were added.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0u32..).map(FileId).zip(self.files.iter())
    }

    /// The 1-based line and column (in characters) of byte `offset`. An offset past the end, or
    /// inside a character, is answered with the nearest place before it.
    pub fn line_col(&self, id: FileId, offset: u32) -> (u32, u32) {
        let file = self.file(id);
        let offset = offset.min(u32::try_from(file.text.len()).unwrap_or(u32::MAX));
        let line = file.line_index(offset);
        let start = file.line_starts.get(line).copied().unwrap_or(0) as usize;
        let mut end = offset as usize;
        while end > start && !file.text.is_char_boundary(end) {
            end -= 1;
        }
        let column = file.text.get(start..end).map_or(0, |s| s.chars().count());
        (
            u32::try_from(line + 1).unwrap_or(u32::MAX),
            u32::try_from(column + 1).unwrap_or(u32::MAX),
        )
    }

    /// The text of a 1-based line without its line end; empty when there is no such line.
    pub fn line_text(&self, id: FileId, line: u32) -> &str {
        let file = self.file(id);
        let Some(index) = (line as usize).checked_sub(1) else {
            return "";
        };
        file.text.get(file.line_range(index)).unwrap_or("")
    }

    /// The text a span covers; empty when the span does not fit its file.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file)
            .text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// `path:line:column` of a span's start.
    pub fn place(&self, span: Span) -> String {
        let (line, column) = self.line_col(span.file, span.start);
        format!("{}:{line}:{column}", self.file(span.file).path)
    }

    /// The expansion of that id; `None` for `ExpansionId::NONE`.
    pub fn expansion(&self, id: ExpansionId) -> Option<Expansion> {
        self.expansions.expansion(id)
    }

    /// The macros a span came through, outermost first; empty for text written where it stands.
    pub fn expansion_chain(&self, span: Span) -> Vec<Expansion> {
        let mut chain = Vec::new();
        let mut id = span.expansion;
        while let Some(expansion) = self.expansion(id) {
            // A parent is always older than its child, so this ends.
            let parent = expansion.parent;
            chain.push(expansion);
            if parent >= id {
                break;
            }
            id = parent;
        }
        chain.reverse();
        chain
    }

    /// Where a span's text is really spelled: in the macro body or argument the token came from,
    /// or at the span itself when no macro was involved.
    pub fn spelling(&self, span: Span) -> Span {
        self.expansion(span.expansion).map_or(span, |e| e.def_span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters() {
        let mut map = SourceMap::new();
        let f = map.add_file("a", PathBuf::new(), "\u{feff}aé\r\nçb\rx\n");
        assert!(map.file(f).had_bom);
        assert_eq!(map.line_col(f, 0), (1, 1));
        assert_eq!(map.line_col(f, 3), (1, 3));
        assert_eq!(map.line_col(f, 2), (1, 2));
        assert_eq!(map.line_col(f, 5), (2, 1));
        assert_eq!(map.line_col(f, 7), (2, 2));
        assert_eq!(map.line_col(f, 9), (3, 1));
        assert_eq!(map.line_col(f, 99), (4, 1));
        assert_eq!(map.line_text(f, 1), "aé");
        assert_eq!(map.line_text(f, 2), "çb");
        assert_eq!(map.line_text(f, 3), "x");
        assert_eq!(map.line_text(f, 9), "");
        assert_eq!(map.line_text(f, 0), "");
    }

    #[test]
    fn unknown_ids_do_not_panic() {
        let map = SourceMap::new();
        assert_eq!(map.line_col(FileId(7), 3), (1, 1));
        assert!(map.expansion(ExpansionId(4)).is_none());
    }
}
