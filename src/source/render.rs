//! Diagnostics as text for a terminal or a log.
//!
//! Purpose: place, snippet, labels, the macros a place came through, notes and help.

use std::collections::BTreeMap;
use std::ops::Range;

use codespan_reporting::diagnostic as cs;
use codespan_reporting::files::{Error as FilesError, Files};
use codespan_reporting::term::termcolor::Buffer;
use codespan_reporting::term::{self, Chars};

use super::diagnostic::{Diagnostic, Severity};
use super::snippet::{Excerpt, shorten};
use super::source_map::SourceMap;
use super::span::{FileId, Span};

/// At most this many macros of a chain are named.
const MAX_CHAIN: usize = 8;

/// The excerpts of one message.
struct Excerpts {
    by_file: BTreeMap<FileId, Excerpt>,
}

impl Excerpts {
    fn get(&self, id: FileId) -> Result<&Excerpt, FilesError> {
        self.by_file.get(&id).ok_or(FilesError::FileMissing)
    }
}

impl<'a> Files<'a> for Excerpts {
    type FileId = FileId;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: FileId) -> Result<&'a str, FilesError> {
        self.get(id).map(|e| e.name.as_str())
    }

    fn source(&'a self, id: FileId) -> Result<&'a str, FilesError> {
        self.get(id).map(|e| e.text.as_str())
    }

    fn line_index(&'a self, id: FileId, byte_index: usize) -> Result<usize, FilesError> {
        self.get(id).map(|e| e.line_index(byte_index))
    }

    fn line_number(&'a self, id: FileId, line_index: usize) -> Result<usize, FilesError> {
        self.get(id).map(|e| e.line_number(line_index))
    }

    fn column_number(
        &'a self,
        id: FileId,
        line_index: usize,
        byte_index: usize,
    ) -> Result<usize, FilesError> {
        self.get(id)
            .map(|e| e.column_number(line_index, byte_index))
    }

    fn line_range(&'a self, id: FileId, line_index: usize) -> Result<Range<usize>, FilesError> {
        self.get(id)?
            .line_range(line_index)
            .ok_or(FilesError::LineTooLarge {
                given: line_index,
                max: 0,
            })
    }
}

/// The message as text: severity, code, places with their source lines, macro expansions, notes
/// and help. `color` adds terminal colours. Ends with a line end.
pub fn render(diagnostic: &Diagnostic, map: &SourceMap, color: bool) -> String {
    let mut ranges: BTreeMap<FileId, Vec<Range<usize>>> = BTreeMap::new();
    let range_of = |span: Span| {
        shorten(
            map.file(span.file),
            span.start as usize..span.end.max(span.start) as usize,
        )
    };
    for label in &diagnostic.labels {
        let range = range_of(label.span);
        ranges.entry(label.span.file).or_default().push(range);
    }
    let by_file = ranges
        .iter()
        .map(|(id, labels)| (*id, Excerpt::new(map.file(*id), labels)))
        .collect();
    let files = Excerpts { by_file };

    let severity = match diagnostic.severity {
        Severity::Error => cs::Severity::Error,
        Severity::Warning => cs::Severity::Warning,
        Severity::Note => cs::Severity::Note,
    };
    let mut out = cs::Diagnostic::new(severity).with_message(one_line(&diagnostic.message));
    if let Some(code) = diagnostic.code {
        out = out.with_code(code);
    }
    for label in &diagnostic.labels {
        let Ok(excerpt) = files.get(label.span.file) else {
            continue;
        };
        let range = excerpt.range(range_of(label.span));
        let new = if label.primary {
            cs::Label::primary(label.span.file, range)
        } else {
            cs::Label::secondary(label.span.file, range)
        };
        out.labels.push(new.with_message(one_line(&label.message)));
    }
    if let Some(span) = diagnostic.primary_span() {
        out.notes.extend(expansion_notes(map, span));
    }
    out.notes
        .extend(diagnostic.notes.iter().map(|n| format!("note: {n}")));
    if let Some(help) = &diagnostic.help {
        out.notes.push(format!("help: {help}"));
    }

    let config = term::Config {
        chars: Chars::ascii(),
        ..term::Config::default()
    };
    let mut buffer = if color {
        Buffer::ansi()
    } else {
        Buffer::no_color()
    };
    if term::emit(&mut buffer, &config, &files, &out).is_err() {
        return plain(diagnostic, map);
    }
    let text = String::from_utf8_lossy(buffer.as_slice());
    format!("{}\n", text.trim_end())
}

/// The message without a snippet, for the case that the snippet printer gives up.
fn plain(diagnostic: &Diagnostic, map: &SourceMap) -> String {
    let place = diagnostic
        .primary_span()
        .map_or_else(String::new, |s| format!("{}: ", map.place(s)));
    format!("{place}{}\n", diagnostic.message)
}

/// One note for every macro the span came through, outermost first.
fn expansion_notes(map: &SourceMap, span: Span) -> Vec<String> {
    let chain = map.expansion_chain(span);
    let mut notes = Vec::new();
    for (i, expansion) in chain.iter().enumerate() {
        if i == MAX_CHAIN {
            notes.push(format!("... and {} more macros", chain.len() - MAX_CHAIN));
            break;
        }
        let defined = expansion.definition.map_or_else(
            || "built in".to_owned(),
            |d| format!("defined at {}", map.place(d)),
        );
        notes.push(format!(
            "in expansion of macro `{}`, {defined}",
            one_line(&expansion.macro_name)
        ));
    }
    if let Some(last) = chain.last() {
        notes.push(format!("spelled at {}", map.place(last.def_span)));
    }
    notes
}

/// Text with its line ends and control characters made visible, so that it stays one line.
fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped: Box<dyn Iterator<Item = char>> = if c.is_control() {
                Box::new(c.escape_default())
            } else {
                Box::new(std::iter::once(c))
            };
            escaped
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::span::ExpansionId;
    use std::path::PathBuf;

    fn span(file: FileId, start: u32, end: u32) -> Span {
        Span {
            file,
            start,
            end,
            expansion: ExpansionId::NONE,
        }
    }

    #[test]
    fn place_snippet_and_help_are_shown() {
        let mut map = SourceMap::new();
        let f = map.add_file("k.metal", PathBuf::new(), "int a;\nint é = b;\n");
        let d = Diagnostic::error("no such name")
            .with_code("x1")
            .with_primary(span(f, 16, 17), "here")
            .with_note("a remark")
            .with_help("define it");
        let text = render(&d, &map, false);
        assert!(text.contains("error[x1]: no such name"), "{text}");
        assert!(text.contains("k.metal:2:9"), "{text}");
        assert!(text.contains("int é = b;"), "{text}");
        assert!(text.contains("^ here"), "{text}");
        assert!(text.contains("note: a remark"), "{text}");
        assert!(text.contains("help: define it"), "{text}");
        assert!(!text.contains('\u{1b}'));
        assert!(render(&d, &map, true).contains('\u{1b}'));
    }

    #[test]
    fn long_lines_are_cut_and_columns_stay_true() {
        let mut map = SourceMap::new();
        let line = format!("{}X{}\n", "é".repeat(500), "b".repeat(900));
        let f = map.add_file("k.metal", PathBuf::new(), line);
        let d = Diagnostic::error("m").with_primary(span(f, 1000, 1001), "here");
        let text = render(&d, &map, false);
        assert!(text.contains("k.metal:1:501"), "{text}");
        assert!(text.lines().all(|l| l.chars().count() < 230), "{text}");
        let mark = text
            .lines()
            .find_map(|l| l.find('^').map(|b| l[..b].chars().count()));
        let shown = text
            .lines()
            .find_map(|l| l.find('X').map(|b| l[..b].chars().count()));
        assert_eq!(mark, shown, "{text}");
    }

    #[test]
    fn ends_of_file_and_wild_spans_do_not_panic() {
        let mut map = SourceMap::new();
        let f = map.add_file("k.metal", PathBuf::new(), "a\n\u{1b}b");
        let empty = map.add_file("e.metal", PathBuf::new(), "");
        for s in [
            span(f, 2, 4),
            span(f, 4, 4),
            span(f, 90, 99),
            span(empty, 0, 0),
            span(FileId(77), 3, 1),
        ] {
            let text = render(&Diagnostic::error("m").with_primary(s, "x\ny"), &map, false);
            assert!(!text.contains('\u{1b}'), "{text}");
            assert!(text.contains('m'));
        }
        assert!(render(&Diagnostic::note("alone"), &map, false).contains("alone"));
    }
}
