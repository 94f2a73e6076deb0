//! The excerpt of a file that a message shows.
//!
//! Purpose: give the snippet printer only the lines it needs, with over-long lines cut around the
//! labelled place and control characters made harmless, while lines and columns stay true.

use std::ops::Range;

use super::source_map::SourceFile;

/// Lines longer than this many characters are cut.
const MAX_COLUMNS: usize = 200;
/// Characters kept before the labelled place of a cut line.
const KEEP_BEFORE: usize = 80;
/// Lines kept before and after the labelled ones.
const CONTEXT_LINES: usize = 3;
/// A label over more lines than this is shown by its first line only.
const MAX_LABEL_LINES: usize = 40;

/// One shown line.
struct Line {
    /// Byte range of the original line in its file.
    original: Range<usize>,
    /// Byte range in the excerpt's text, without the line end.
    shown: Range<usize>,
    /// Characters of the original line that were cut away on the left.
    cut_chars: usize,
    /// The part of the original line that is shown, as byte range of the file.
    window: Range<usize>,
    /// Bytes of markers before the window.
    lead: usize,
}

/// An excerpt of one file.
pub(super) struct Excerpt {
    pub name: String,
    pub text: String,
    first_line: usize,
    lines: Vec<Line>,
}

impl Excerpt {
    /// The excerpt of `file` that shows all `labels` (byte ranges of the file).
    pub fn new(file: &SourceFile, labels: &[Range<usize>]) -> Excerpt {
        let line_of = |offset: usize| file.line_index(u32::try_from(offset).unwrap_or(u32::MAX));
        let low = labels.iter().map(|r| line_of(r.start)).min().unwrap_or(0);
        let high = labels.iter().map(|r| line_of(r.end)).max().unwrap_or(0);
        let first_line = low.saturating_sub(CONTEXT_LINES);
        let last_line = (high + CONTEXT_LINES).min(file.line_count() as usize - 1);
        let mut excerpt = Excerpt {
            name: file.path.clone(),
            text: String::new(),
            first_line,
            lines: Vec::new(),
        };
        for index in first_line..=last_line {
            let original = file.line_range(index);
            let focus = labels
                .iter()
                .filter(|r| r.start <= original.end && r.end >= original.start)
                .map(|r| r.start.clamp(original.start, original.end))
                .min();
            excerpt.push_line(&file.text, original, focus);
        }
        excerpt
    }

    fn push_line(&mut self, text: &str, original: Range<usize>, focus: Option<usize>) {
        let line = text.get(original.clone()).unwrap_or("");
        let chars = line.chars().count();
        let mut cut_chars = 0;
        let mut window = original.clone();
        if chars > MAX_COLUMNS {
            let before = focus
                .and_then(|f| text.get(original.start..f))
                .map_or(0, |s| s.chars().count());
            cut_chars = before
                .saturating_sub(KEEP_BEFORE)
                .min(chars.saturating_sub(MAX_COLUMNS));
            let mut places = line.char_indices().map(|(i, _)| i).skip(cut_chars);
            let from = places.next().unwrap_or(0);
            let to = places.nth(MAX_COLUMNS - 1).unwrap_or(line.len());
            window = original.start + from..original.start + to;
        }
        let start = self.text.len();
        let lead = if cut_chars > 0 { "..." } else { "" };
        self.text.push_str(lead);
        for c in text.get(window.clone()).unwrap_or("").chars() {
            // One-byte control characters become one-byte placeholders, so offsets hold.
            self.text.push(if c.is_ascii_control() && c != '\t' {
                '?'
            } else {
                c
            });
        }
        if window.end < original.end {
            self.text.push_str("...");
        }
        let shown = start..self.text.len();
        self.text.push('\n');
        self.lines.push(Line {
            original,
            shown,
            cut_chars,
            window,
            lead: lead.len(),
        });
    }

    /// Where byte `offset` of the file stands in the excerpt's text.
    fn position(&self, offset: usize) -> usize {
        let index = self
            .lines
            .partition_point(|l| l.original.start <= offset)
            .saturating_sub(1);
        let Some(line) = self.lines.get(index) else {
            return 0;
        };
        if offset > line.window.end {
            return line.shown.end;
        }
        let inside = offset.clamp(line.window.start, line.window.end) - line.window.start;
        let mut at = (line.shown.start + line.lead + inside).min(line.shown.end);
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// The range of the excerpt's text that shows a byte range of the file.
    pub fn range(&self, original: Range<usize>) -> Range<usize> {
        let start = self.position(original.start);
        start..self.position(original.end).max(start)
    }

    /// The 0-based index, within the excerpt, of the line that holds that byte of its text.
    pub fn line_index(&self, offset: usize) -> usize {
        self.lines
            .partition_point(|l| l.shown.start <= offset)
            .saturating_sub(1)
    }

    /// The 1-based number, in the file, of the excerpt's line `index`.
    pub fn line_number(&self, index: usize) -> usize {
        self.first_line + index + 1
    }

    /// The byte range of the excerpt's line `index` with its line end.
    pub fn line_range(&self, index: usize) -> Option<Range<usize>> {
        let start = self.lines.get(index)?.shown.start;
        let end = self
            .lines
            .get(index + 1)
            .map_or(self.text.len(), |l| l.shown.start);
        Some(start..end)
    }

    /// The 1-based column, in the file and in characters, of a byte of the excerpt's text.
    pub fn column_number(&self, index: usize, offset: usize) -> usize {
        let Some(line) = self.lines.get(index) else {
            return 1;
        };
        let start = line.shown.start + line.lead;
        let chars = self
            .text
            .get(start..offset.min(line.shown.end).max(start))
            .map_or(0, |s| s.chars().count());
        line.cut_chars + chars + 1
    }
}

/// Shortens a label that covers very many lines to its first line.
pub(super) fn shorten(file: &SourceFile, range: Range<usize>) -> Range<usize> {
    let index = |offset: usize| file.line_index(u32::try_from(offset).unwrap_or(u32::MAX));
    let end = range.end.min(file.text.len());
    let start = range.start.min(end);
    let first = index(start);
    if index(end) - first > MAX_LABEL_LINES {
        return start..file.line_range(first).end.max(start);
    }
    start..end
}
