//! The preprocessor's state and its token streams.
//!
//! Tokens come from a stack: macro expansions on top, the files below. A *barrier* ends a stream
//! that must be read on its own (a macro argument, the tokens of an `#if`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::conditional::Condition;
use super::macros::Macro;
use super::{PreprocessOptions, PreprocessOutput, limits};
use crate::source::diagnostic::Diagnostic;
use crate::source::expansion::InvocationId;
use crate::source::lex::Lexer;
use crate::source::source_map::SourceMap;
use crate::source::span::{FileId, Span};
use crate::source::token::Token;

/// A token on its way; `tok.span` is where it is *spelled*.
#[derive(Clone, Debug)]
pub(super) struct PTok {
    pub tok: Token,
    /// It was met while its macro was disabled, so it is never expanded.
    pub no_expand: bool,
    /// The invocation it came out of.
    pub inv: InvocationId,
}

impl PTok {
    pub fn written(tok: Token) -> PTok {
        PTok {
            tok,
            no_expand: false,
            inv: InvocationId::NONE,
        }
    }
}

/// Tokens waiting to be read.
pub(super) struct Context {
    pub tokens: Vec<PTok>,
    pub pos: usize,
    /// The macro that is disabled until these tokens are read.
    pub mac: Option<Rc<Macro>>,
    pub barrier: bool,
    /// The token after this context is preceded by white space.
    pub trailing_space: bool,
}

/// A file being read.
pub(super) struct FileState {
    pub lexer: Lexer,
    pub id: FileId,
    pub conditions: Vec<Condition>,
    /// What `#line` adds to the line numbers that `__LINE__` shows.
    pub line_delta: i64,
    /// What `#line` says `__FILE__` is.
    pub presumed_name: Option<Arc<str>>,
}

/// One run of the preprocessor.
pub(super) struct Preprocessor<'m> {
    pub map: &'m mut SourceMap,
    pub opts: &'m PreprocessOptions,
    pub macros: HashMap<Arc<str>, Rc<Macro>>,
    /// What `#pragma push_macro` saved.
    pub pushed: BTreeMap<Arc<str>, Vec<Option<Rc<Macro>>>>,
    pub files: Vec<FileState>,
    pub contexts: Vec<Context>,
    pub out: PreprocessOutput,
    pub steps: u64,
    /// A limit was crossed: every stream is at its end.
    pub stopped: bool,
    pub argument_depth: usize,
    pub counter: u64,
    pub pending_space: bool,
    /// The tokens of an `#if` are being read.
    pub in_condition: bool,
    /// Macro arguments are being read, so a file may not end.
    pub collecting: bool,
    pub once: BTreeSet<FileId>,
    pub by_path: BTreeMap<PathBuf, FileId>,
    pub includes: usize,
    dropped_diagnostics: usize,
}

impl<'m> Preprocessor<'m> {
    pub fn new(map: &'m mut SourceMap, opts: &'m PreprocessOptions) -> Preprocessor<'m> {
        Preprocessor {
            map,
            opts,
            macros: HashMap::new(),
            pushed: BTreeMap::new(),
            files: Vec::new(),
            contexts: Vec::new(),
            out: PreprocessOutput::default(),
            steps: 0,
            stopped: false,
            argument_depth: 0,
            counter: 0,
            pending_space: false,
            in_condition: false,
            collecting: false,
            once: BTreeSet::new(),
            by_path: BTreeMap::new(),
            includes: 0,
            dropped_diagnostics: 0,
        }
    }

    /// Preprocesses `main` to its end, or to the first limit.
    pub fn run(mut self, main: FileId) -> PreprocessOutput {
        self.define_initial_macros();
        let real = self.map.file(main).real_path.clone();
        if let Ok(path) = std::fs::canonicalize(real) {
            self.by_path.insert(path, main);
        }
        self.enter_file(main);
        self.out.files.push(main);
        while let Some(token) = self.next() {
            if self.out.tokens.len() >= limits::OUTPUT_TOKENS {
                let span = self.span_of(&token);
                self.stop(
                    format!("more than {} tokens of output", limits::OUTPUT_TOKENS),
                    span,
                );
                break;
            }
            let token = self.finish(token);
            self.out.tokens.push(token);
        }
        if self.dropped_diagnostics > 0 {
            self.out.diagnostics.push(Diagnostic::error(format!(
                "{} further messages are not shown",
                self.dropped_diagnostics
            )));
        }
        self.out
    }

    /// Starts to read a file from its beginning.
    pub fn enter_file(&mut self, id: FileId) {
        let text = self.map.file(id).text.clone();
        self.files.push(FileState {
            lexer: Lexer::new(id, text),
            id,
            conditions: Vec::new(),
            line_delta: 0,
            presumed_name: None,
        });
    }

    /// Keeps a message, within the limit.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        if self.out.diagnostics.len() < limits::DIAGNOSTICS {
            self.out.diagnostics.push(diagnostic);
        } else {
            self.dropped_diagnostics += 1;
        }
    }

    /// Reports an error with one place.
    pub fn error(&mut self, code: &'static str, message: impl Into<String>, at: Span, label: &str) {
        self.report(
            Diagnostic::error(message)
                .with_code(code)
                .with_primary(at, label),
        );
    }

    /// Ends the run because a limit was crossed.
    pub fn stop(&mut self, message: impl Into<String>, at: Span) {
        if !self.stopped {
            self.stopped = true;
            // This one is kept in any case: it says why the output is not whole.
            self.out.diagnostics.push(
                Diagnostic::error(message)
                    .with_code("limit")
                    .with_primary(at, "preprocessing ends here")
                    .with_note("the tokens after this place are missing"),
            );
        }
    }

    /// Counts work; false when there was too much of it.
    pub fn spend(&mut self, steps: u64, at: Span) -> bool {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > limits::STEPS {
            self.stop(
                "macro expansion does not come to an end in bounded time",
                at,
            );
        }
        !self.stopped
    }

    /// Where a token is for the user: its own place, or the outermost invocation's.
    pub fn outer_span(&self, inv: InvocationId, spelled: Span) -> Span {
        self.map
            .expansions
            .invocation(inv)
            .map_or(spelled, |i| i.outer)
    }

    /// The span for a message about a token, with its expansion.
    pub fn span_of(&mut self, token: &PTok) -> Span {
        let outer = self.outer_span(token.inv, token.tok.span);
        Span {
            expansion: self.map.expansions.add_entry(token.inv, token.tok.span),
            ..outer
        }
    }

    fn finish(&mut self, token: PTok) -> Token {
        let span = self.span_of(&token);
        Token { span, ..token.tok }
    }

    /// The next token without macro replacement; `None` at a barrier and at the end.
    pub fn next_raw(&mut self) -> Option<PTok> {
        loop {
            if self.stopped {
                return None;
            }
            let Some(context) = self.contexts.last_mut() else {
                break;
            };
            if let Some(token) = context.tokens.get(context.pos) {
                context.pos += 1;
                let mut token = token.clone();
                if std::mem::take(&mut self.pending_space) {
                    token.tok.space_before = true;
                }
                if !self.spend(1, token.tok.span) {
                    return None;
                }
                return Some(token);
            }
            if context.barrier {
                return None;
            }
            self.pop_context();
        }
        let mut token = self.next_from_file()?;
        if std::mem::take(&mut self.pending_space) {
            token.tok.space_before = true;
        }
        Some(token)
    }

    fn pop_context(&mut self) {
        if let Some(context) = self.contexts.pop() {
            if let Some(mac) = context.mac {
                mac.disabled.set(false);
            }
            self.pending_space |= context.trailing_space;
        }
    }

    fn next_from_file(&mut self) -> Option<PTok> {
        while !self.stopped {
            let file = self.files.last_mut()?;
            let token = file.lexer.next_token();
            if file.lexer.has_diagnostics() {
                for d in file.lexer.take_diagnostics() {
                    self.report(d);
                }
            }
            let Some(token) = token else {
                if self.collecting {
                    return None;
                }
                self.leave_file();
                continue;
            };
            if !self.spend(1, token.span) {
                return None;
            }
            if token.line_start && (token.is_punct("#") || token.is_punct("%:")) {
                self.directive(&token);
                continue;
            }
            return Some(PTok::written(token));
        }
        None
    }

    fn leave_file(&mut self) {
        if let Some(file) = self.files.pop() {
            for condition in file.conditions {
                self.error(
                    "conditional",
                    "unterminated conditional directive",
                    condition.span,
                    "this has no `#endif`",
                );
            }
        }
    }

    /// Reports what the lexer of the current file found.
    pub fn drain_lexer(&mut self) {
        let found = self
            .files
            .last_mut()
            .map(|f| f.lexer.take_diagnostics())
            .unwrap_or_default();
        for d in found {
            self.report(d);
        }
    }

    /// The rest of the current directive's line as tokens.
    pub fn line_tokens(&mut self) -> Vec<Token> {
        let mut tokens = Vec::new();
        while let Some(token) = self.files.last_mut().and_then(|f| f.lexer.next_on_line()) {
            if !self.spend(1, token.span) {
                break;
            }
            tokens.push(token);
        }
        self.drain_lexer();
        tokens
    }

    /// Reads `tokens` to their end on their own, with macro replacement.
    pub fn expand_alone(&mut self, tokens: Vec<PTok>) -> Vec<PTok> {
        let base = self.contexts.len();
        let space = std::mem::take(&mut self.pending_space);
        self.contexts.push(Context {
            tokens,
            pos: 0,
            mac: None,
            barrier: true,
            trailing_space: false,
        });
        let mut out = Vec::new();
        while let Some(token) = self.next() {
            out.push(token);
        }
        while self.contexts.len() > base {
            self.pop_context();
        }
        self.pending_space = space;
        out
    }

    /// Puts a token back to be read next; it is not expanded any more.
    pub fn put_back(&mut self, mut token: PTok) {
        token.no_expand = true;
        self.contexts.push(Context {
            tokens: vec![token],
            pos: 0,
            mac: None,
            barrier: false,
            trailing_space: false,
        });
    }
}
