//! `#include`: finding the file, and entering it.

use std::path::{Path, PathBuf};

use super::headers::{KnownHeader, known_header, similar_header};
use super::limits;
use super::state::{PTok, Preprocessor};
use crate::source::diagnostic::Diagnostic;
use crate::source::load::LoadError;
use crate::source::span::{FileId, Span};
use crate::source::token::{Token, TokenKind};

/// What an `#include` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub name: String,
    pub angled: bool,
}

/// What was found for it.
pub(super) enum Found {
    Known(&'static KnownHeader),
    File { display: String, path: PathBuf },
}

/// The header that tokens spell: one string, or `<` ... `>`.
pub(super) fn header_of_tokens(tokens: &[Token]) -> Option<Header> {
    let first = tokens.first()?;
    if first.kind == TokenKind::Str {
        let name = first.text.strip_prefix('"')?.strip_suffix('"')?.to_owned();
        return (tokens.len() == 1).then_some(Header {
            name,
            angled: false,
        });
    }
    let mut text = String::new();
    for (i, token) in tokens.iter().enumerate() {
        if i > 0 && token.space_before {
            text.push(' ');
        }
        text.push_str(&token.text);
    }
    let name = text.strip_prefix('<')?.strip_suffix('>')?;
    (!name.contains('>')).then(|| Header {
        name: name.to_owned(),
        angled: true,
    })
}

impl Preprocessor<'_> {
    /// `#include`, or `#import` when `once`.
    pub fn include(&mut self, at: Span, once: bool) {
        let Some((header, span)) = self.header_name(at) else {
            return;
        };
        if self.collecting {
            self.error(
                "include",
                "`#include` inside the arguments of a macro",
                at.to(span),
                "",
            );
            return;
        }
        match self.find_header(&header) {
            Ok(Found::Known(known)) => {
                let name = known.name.as_str();
                if !self.out.system_headers.contains(&name) {
                    self.out.system_headers.push(name);
                }
            }
            Ok(Found::File { display, path }) => self.enter_include(display, &path, once, span),
            Err(searched) => self.not_found(&header, &searched, span),
        }
    }

    /// The header named on the current line, and where.
    fn header_name(&mut self, at: Span) -> Option<(Header, Span)> {
        let file = self.files.last_mut()?;
        if let Some((name, span)) = file.lexer.angled_header() {
            self.expect_end_of_line("include");
            return Some((Header { name, angled: true }, span));
        }
        let mut tokens = self.line_tokens();
        let span = match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => at,
        };
        if tokens.first().is_some_and(|t| t.kind == TokenKind::Str) {
            if tokens.len() > 1 {
                self.report(
                    Diagnostic::warning("extra tokens after `#include`")
                        .with_code("directive")
                        .with_primary(span, "only the file name counts"),
                );
            }
            tokens.truncate(1);
        } else {
            let expanded = self.expand_alone(tokens.into_iter().map(PTok::written).collect());
            tokens = expanded.into_iter().map(|t| t.tok).collect();
        }
        let header = header_of_tokens(&tokens).filter(|h| !h.name.is_empty());
        if header.is_none() && !self.stopped {
            let text = "`#include` needs `\"FILE\"` or `<FILE>`";
            self.error("include", text, span, "");
        }
        header.map(|h| (h, span))
    }

    /// Looks a header up; on failure, the places that were searched.
    pub fn find_header(&self, header: &Header) -> Result<Found, Vec<String>> {
        let mut searched = Vec::new();
        if header.angled
            && let Some(known) = known_header(&header.name)
        {
            return Ok(Found::Known(known));
        }
        let name = Path::new(&header.name);
        let mut try_folder = |display: &Path, real: &Path| {
            let path = real.join(name);
            if path.is_file() {
                return Some(Found::File {
                    display: display.join(name).display().to_string(),
                    path,
                });
            }
            searched.push(display.join(name).display().to_string());
            None
        };
        if !header.angled
            && let Some(file) = self.files.last()
        {
            let includer = self.map.file(file.id);
            let display = Path::new(&includer.path).parent().unwrap_or(Path::new(""));
            let real = includer.real_path.parent().unwrap_or(Path::new(""));
            if let Some(found) = try_folder(display, real) {
                return Ok(found);
            }
        }
        for folder in &self.opts.include_dirs {
            if let Some(found) = try_folder(folder, folder) {
                return Ok(found);
            }
        }
        match known_header(&header.name) {
            Some(known) => Ok(Found::Known(known)),
            None => Err(searched),
        }
    }

    fn not_found(&mut self, header: &Header, searched: &[String], span: Span) {
        let mut d = Diagnostic::error(format!("cannot find include file `{}`", header.name))
            .with_code("include")
            .with_primary(span, "not found");
        d = if searched.is_empty() {
            d.with_note("it is no known Metal header, and no `-I` folder is given")
        } else {
            searched
                .iter()
                .fold(d, |d, place| d.with_note(format!("searched: {place}")))
        };
        d = match similar_header(&header.name) {
            Some(near) => d.with_help(format!("there is a Metal header `<{near}>`")),
            None => d.with_help("name the folder that holds it with `-I`"),
        };
        self.report(d);
    }

    fn enter_include(&mut self, display: String, path: &Path, once: bool, span: Span) {
        let id = match self.file_id(display, path) {
            Ok(id) => id,
            Err(why) => {
                self.error("include", why.to_string(), span, "included here");
                return;
            }
        };
        let first_time = !self.out.files.contains(&id);
        if self.once.contains(&id) || (once && !first_time) {
            return;
        }
        if once {
            self.once.insert(id);
        }
        if self.files.len() >= limits::INCLUDE_DEPTH {
            let chain = self.include_chain(id);
            self.stop(
                format!(
                    "includes are nested more than {} deep: {chain}",
                    limits::INCLUDE_DEPTH
                ),
                span,
            );
            return;
        }
        self.includes += 1;
        if self.includes >= limits::INCLUDES {
            let text = format!("more than {} files are included", limits::INCLUDES);
            self.stop(text, span);
            return;
        }
        if first_time {
            self.out.files.push(id);
        }
        self.enter_file(id);
    }

    /// The id of a file on disk; each file is read once.
    fn file_id(&mut self, display: String, path: &Path) -> Result<FileId, LoadError> {
        let key = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        if let Some(id) = self.by_path.get(&key) {
            return Ok(*id);
        }
        let id = self.map.load_as(display, path)?;
        self.by_path.insert(key, id);
        Ok(id)
    }

    /// The files on the way to `next`: the cycle when there is one, else both ends of the chain.
    fn include_chain(&self, next: FileId) -> String {
        let name = |id: FileId| self.map.file(id).path.as_str();
        let ids: Vec<FileId> = self.files.iter().map(|f| f.id).collect();
        if let Some(i) = ids.iter().rposition(|id| *id == next) {
            let mut names: Vec<&str> = ids.iter().skip(i).map(|id| name(*id)).collect();
            names.push(name(next));
            return format!("{} (a cycle without include guard)", names.join(" -> "));
        }
        let all: Vec<&str> = ids.into_iter().chain([next]).map(name).collect();
        match (all.get(..4), all.get(all.len().saturating_sub(4)..)) {
            (Some(head), Some(tail)) => {
                format!("{} -> ... -> {}", head.join(" -> "), tail.join(" -> "))
            }
            _ => all.join(" -> "),
        }
    }
}
