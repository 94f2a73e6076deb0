//! Replacement lists with their arguments put in.

use super::limits;
use super::macros::Item;
use super::state::{PTok, Preprocessor};
use crate::source::expansion::InvocationId;
use crate::source::span::Span;
use crate::source::token::{Token, TokenKind};

/// The arguments of one invocation, as written and (when needed) expanded.
pub(super) struct Arguments {
    raw: Vec<Vec<PTok>>,
    expanded: Vec<Option<Vec<PTok>>>,
    variadic: bool,
    /// The variable arguments were left out altogether, their comma included.
    left_out: bool,
}

impl Arguments {
    pub fn none() -> Arguments {
        Arguments::new(Vec::new(), false, false)
    }

    pub fn new(raw: Vec<Vec<PTok>>, variadic: bool, left_out: bool) -> Arguments {
        let expanded = raw.iter().map(|_| None).collect();
        Arguments {
            raw,
            expanded,
            variadic,
            left_out,
        }
    }

    fn raw(&self, index: usize) -> &[PTok] {
        self.raw.get(index).map_or(&[], Vec::as_slice)
    }

    fn is_variable(&self, index: usize) -> bool {
        self.variadic && index + 1 == self.raw.len()
    }
}

/// What stands in a replacement list under construction.
pub(super) enum Piece {
    Tok(PTok),
    /// An empty operand of `##`.
    Placemarker {
        space: bool,
    },
}

/// The replacement list built so far.
struct Builder {
    pieces: Vec<Piece>,
    space: bool,
}

impl Builder {
    fn push(&mut self, mut token: PTok) {
        token.tok.space_before |= std::mem::take(&mut self.space);
        self.pieces.push(Piece::Tok(token));
    }

    fn ends_with_comma(&self) -> bool {
        matches!(self.pieces.last(), Some(Piece::Tok(t)) if t.tok.is_punct(","))
    }

    /// Removes the last piece that is no placemarker when it is a comma (as Clang does).
    fn remove_comma(&mut self) -> bool {
        let last = self.pieces.iter().rposition(|p| matches!(p, Piece::Tok(_)));
        let Some(last) = last else {
            return false;
        };
        let is_comma = matches!(self.pieces.get(last), Some(Piece::Tok(t)) if t.tok.is_punct(","));
        if is_comma {
            self.pieces.truncate(last);
        }
        is_comma
    }

    fn finish(self) -> (Vec<PTok>, bool) {
        let mut space = false;
        let mut out = Vec::with_capacity(self.pieces.len());
        for piece in self.pieces {
            match piece {
                Piece::Tok(mut token) => {
                    token.tok.space_before |= std::mem::take(&mut space);
                    out.push(token);
                }
                Piece::Placemarker { space: s } => space |= s,
            }
        }
        (out, space | self.space)
    }
}

impl Preprocessor<'_> {
    /// The tokens of a replacement list, and whether white space follows them.
    pub fn substitute(
        &mut self,
        items: &[Item],
        arguments: &mut Arguments,
        inv: InvocationId,
        at: Span,
    ) -> (Vec<PTok>, bool) {
        let mut builder = Builder {
            pieces: Vec::with_capacity(items.len()),
            space: false,
        };
        let mut pasting = false;
        for (i, item) in items.iter().enumerate() {
            if self.stopped || builder.pieces.len() > limits::EXPANSION_TOKENS {
                break;
            }
            let paste_follows = matches!(items.get(i + 1), Some(Item::Paste));
            let (mut tokens, spelled) = match item {
                Item::Paste => {
                    pasting = true;
                    continue;
                }
                Item::Token(token) => {
                    let new = PTok {
                        inv,
                        ..PTok::written(token.clone())
                    };
                    (vec![new], token)
                }
                Item::Param { index, token } => {
                    let raw_wanted = pasting || paste_follows;
                    let variable = pasting && arguments.is_variable(*index);
                    if variable && !paste_follows && arguments.left_out {
                        // GNU `, ## args`: the comma goes when the arguments are left out.
                        if builder.remove_comma() {
                            pasting = false;
                            continue;
                        }
                    } else if variable && builder.ends_with_comma() {
                        // Nothing is pasted to it when they are not empty.
                        pasting = arguments.raw(*index).is_empty();
                    }
                    let tokens = if raw_wanted {
                        arguments.raw(*index).to_vec()
                    } else {
                        self.expanded_argument(arguments, *index, at)
                    };
                    (tokens, token)
                }
                Item::Stringize { index, token } => {
                    let text = self.stringize(arguments.raw(*index), at);
                    (vec![string_token(text, token, inv)], token)
                }
                Item::VaOpt {
                    body,
                    stringize,
                    token,
                } => {
                    let last = arguments.raw.len().saturating_sub(1);
                    let present = !self.expanded_argument(arguments, last, at).is_empty();
                    let mut tokens = Vec::new();
                    if present {
                        tokens = self.substitute(body, arguments, inv, at).0;
                    }
                    if *stringize {
                        let text = self.stringize(&tokens, at);
                        tokens = vec![string_token(text, token, inv)];
                    }
                    (tokens, token)
                }
            };
            self.spend(tokens.len() as u64, at);
            if let Some(first) = tokens.first_mut() {
                first.tok.space_before = spelled.space_before;
            }
            self.append(&mut builder, tokens, pasting, paste_follows, spelled, at);
            pasting = false;
        }
        builder.finish()
    }

    /// Adds an operand to the list, pasting its first token when asked to.
    fn append(
        &mut self,
        builder: &mut Builder,
        tokens: Vec<PTok>,
        pasting: bool,
        paste_follows: bool,
        spelled: &Token,
        at: Span,
    ) {
        let mut tokens = tokens.into_iter();
        let first = tokens.next();
        if pasting {
            let left = builder
                .pieces
                .pop()
                .unwrap_or(Piece::Placemarker { space: false });
            let right = first.map_or(Piece::Placemarker { space: false }, Piece::Tok);
            self.paste(&mut builder.pieces, left, right, at);
        } else if let Some(first) = first {
            builder.push(first);
        } else if paste_follows {
            let space = std::mem::take(&mut builder.space) | spelled.space_before;
            builder.pieces.push(Piece::Placemarker { space });
        } else {
            builder.space |= spelled.space_before;
        }
        for token in tokens {
            builder.push(token);
        }
    }

    /// The argument after macro replacement.
    fn expanded_argument(
        &mut self,
        arguments: &mut Arguments,
        index: usize,
        at: Span,
    ) -> Vec<PTok> {
        if let Some(Some(done)) = arguments.expanded.get(index) {
            return done.clone();
        }
        let raw = arguments.raw(index);
        let is_plain = raw.iter().all(|t| {
            t.tok.kind != TokenKind::Ident
                || t.no_expand
                || !(self.macros.contains_key(&t.tok.text)
                    || t.tok.is_ident("_Pragma")
                    || t.tok.is_ident("defined"))
        });
        if is_plain {
            return raw.to_vec();
        }
        if self.argument_depth >= limits::ARGUMENT_DEPTH {
            self.stop(
                format!(
                    "macro arguments are nested more than {} deep",
                    limits::ARGUMENT_DEPTH
                ),
                at,
            );
            return Vec::new();
        }
        self.argument_depth += 1;
        let done = self.expand_alone(arguments.raw(index).to_vec());
        self.argument_depth -= 1;
        if let Some(slot) = arguments.expanded.get_mut(index) {
            *slot = Some(done.clone());
        }
        done
    }

    /// The string literal that `#` makes of an argument.
    fn stringize(&mut self, tokens: &[PTok], at: Span) -> String {
        let mut text = String::from("\"");
        let mut open_backslashes = 0;
        for (i, token) in tokens.iter().enumerate() {
            if i > 0 && token.tok.space_before {
                text.push(' ');
                open_backslashes = 0;
            }
            if matches!(token.tok.kind, TokenKind::Str | TokenKind::Char) {
                open_backslashes = 0;
                escape(&token.tok.text, &mut text);
            } else {
                open_backslashes = if &*token.tok.text == "\\" {
                    open_backslashes + 1
                } else {
                    0
                };
                text.push_str(&token.tok.text);
            }
            if text.len() > limits::SPELLING {
                self.stop("`#` makes a string literal that is too long", at);
                break;
            }
        }
        if open_backslashes % 2 == 1 {
            // It would take the closing quote with it.
            text.pop();
        }
        text.push('"');
        self.spend(text.len() as u64 / 8, at);
        text
    }
}

fn escape(literal: &str, out: &mut String) {
    let mut chars = literal.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\r' | '\n' => {
                if c == '\r' && chars.peek() == Some(&'\n') {
                    chars.next();
                }
                out.push_str("\\n");
            }
            _ => out.push(c),
        }
    }
}

fn string_token(text: String, at: &Token, inv: InvocationId) -> PTok {
    PTok {
        tok: Token {
            kind: TokenKind::Str,
            text: text.into(),
            span: at.span,
            space_before: at.space_before,
            line_start: false,
        },
        no_expand: true,
        inv,
    }
}
