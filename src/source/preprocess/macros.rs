//! Macro definitions: reading a `#define` line and comparing two of them.

use std::cell::Cell;
use std::sync::Arc;

use super::builtin::Builtin;
use crate::source::diagnostic::Diagnostic;
use crate::source::span::Span;
use crate::source::token::{Token, TokenKind};

/// One element of a macro's replacement list.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A token that stands for itself.
    Token(Token),
    /// A parameter, by index.
    Param { index: usize, token: Token },
    /// `#` and a parameter; the token is the parameter's, spaced as the `#`.
    Stringize { index: usize, token: Token },
    /// `##`
    Paste,
    /// `__VA_OPT__( ... )`, or `#__VA_OPT__( ... )` when `stringize`.
    VaOpt {
        body: Vec<Item>,
        stringize: bool,
        token: Token,
    },
}

/// What a macro does.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Object,
    /// Parameter names; the last one takes the variable arguments when `variadic`.
    Function {
        params: Vec<Arc<str>>,
        variadic: bool,
    },
    Builtin(Builtin),
}

/// A macro that is defined.
#[derive(Debug)]
pub(super) struct Macro {
    pub name: Arc<str>,
    pub kind: Kind,
    pub body: Vec<Item>,
    /// Where the name stands in the `#define`.
    pub definition: Option<Span>,
    /// Set while the macro's own expansion is being read.
    pub disabled: Cell<bool>,
    /// The definition's tokens after the name, to compare redefinitions.
    tokens: Vec<Token>,
}

impl Macro {
    pub fn builtin(name: &str, builtin: Builtin) -> Macro {
        Macro {
            name: name.into(),
            kind: Kind::Builtin(builtin),
            body: Vec::new(),
            definition: None,
            disabled: Cell::new(false),
            tokens: Vec::new(),
        }
    }

    /// Whether a redefinition by `other` changes nothing.
    pub fn same_as(&self, other: &Macro) -> bool {
        !matches!(self.kind, Kind::Builtin(_))
            && matches!(self.kind, Kind::Object) == matches!(other.kind, Kind::Object)
            && self.tokens.len() == other.tokens.len()
            && self
                .tokens
                .iter()
                .zip(&other.tokens)
                .enumerate()
                .all(|(i, (a, b))| a.text == b.text && (i == 0 || a.space_before == b.space_before))
    }
}

/// Names that no macro may have.
pub(super) fn is_reserved_name(name: &str) -> bool {
    matches!(
        name,
        "defined" | "__VA_ARGS__" | "__VA_OPT__" | "__has_include"
    ) || is_operator_name(name)
}

/// The alternative spellings of C++ operators.
pub(super) fn is_operator_name(name: &str) -> bool {
    matches!(
        name,
        "and"
            | "or"
            | "not"
            | "xor"
            | "bitand"
            | "bitor"
            | "compl"
            | "and_eq"
            | "or_eq"
            | "xor_eq"
            | "not_eq"
    )
}

fn is_hash(token: &Token) -> bool {
    token.is_punct("#") || token.is_punct("%:")
}

fn is_paste(token: &Token) -> bool {
    token.is_punct("##") || token.is_punct("%:%:")
}

fn error(message: impl Into<String>, at: Span, label: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(message)
            .with_code("macro-definition")
            .with_primary(at, label),
    )
}

/// Makes a macro of what follows `#define NAME`: all tokens of the line after the name.
pub(super) fn parse_define(name: &Token, rest: Vec<Token>) -> Result<Macro, Box<Diagnostic>> {
    let mut kind = Kind::Object;
    let mut body = rest.as_slice();
    if let [open, after @ ..] = body
        && open.is_punct("(")
        && !open.space_before
    {
        let (params, variadic, used) = parse_params(name, after)?;
        kind = Kind::Function { params, variadic };
        body = after.get(used..).unwrap_or(&[]);
    }
    let mut body = body.to_vec();
    if let Some(first) = body.first_mut() {
        // White space before the list is no part of it.
        first.space_before = false;
    }
    let items = parse_body(&kind, &body)?;
    Ok(Macro {
        name: name.text.clone(),
        kind,
        body: items,
        definition: Some(name.span),
        disabled: Cell::new(false),
        tokens: rest,
    })
}

/// Parameter names, whether variadic, and how many tokens were used, closing parenthesis included.
type Params = (Vec<Arc<str>>, bool, usize);

fn parse_params(name: &Token, tokens: &[Token]) -> Result<Params, Box<Diagnostic>> {
    let mut params: Vec<Arc<str>> = Vec::new();
    let mut variadic = false;
    let mut i = 0;
    if tokens.first().is_some_and(|t| t.is_punct(")")) {
        return Ok((params, false, 1));
    }
    loop {
        let unclosed = || {
            error(
                "missing `)` in macro parameter list",
                name.span,
                "this macro",
            )
        };
        let token = tokens.get(i).ok_or_else(unclosed)?;
        i += 1;
        if token.is_punct("...") {
            params.push("__VA_ARGS__".into());
            variadic = true;
        } else if token.kind == TokenKind::Ident {
            if params.contains(&token.text) {
                let text = format!("duplicate macro parameter name `{}`", token.text);
                return Err(error(text, token.span, "again here"));
            }
            if token.is_ident("__VA_ARGS__") || token.is_ident("__VA_OPT__") {
                let text = format!("`{}` cannot be a macro parameter", token.text);
                return Err(error(text, token.span, ""));
            }
            params.push(token.text.clone());
            if tokens.get(i).is_some_and(|t| t.is_punct("...")) {
                variadic = true;
                i += 1;
            }
        } else {
            return Err(error(
                "invalid token in macro parameter list",
                token.span,
                "expected a parameter name",
            ));
        }
        let token = tokens.get(i).ok_or_else(unclosed)?;
        i += 1;
        if token.is_punct(")") {
            return Ok((params, variadic, i));
        }
        if variadic || !token.is_punct(",") {
            let expected = if variadic {
                "expected `)`"
            } else {
                "expected `,` or `)`"
            };
            return Err(error(
                "invalid token in macro parameter list",
                token.span,
                expected,
            ));
        }
    }
}

fn parse_body(kind: &Kind, tokens: &[Token]) -> Result<Vec<Item>, Box<Diagnostic>> {
    for end in [tokens.first(), tokens.last()].into_iter().flatten() {
        if is_paste(end) {
            return Err(error(
                "`##` cannot stand at either end of a macro",
                end.span,
                "nothing to paste with",
            ));
        }
    }
    let (params, variadic): (&[Arc<str>], bool) = match kind {
        Kind::Function { params, variadic } => (params, *variadic),
        _ => (&[], false),
    };
    let is_function = matches!(kind, Kind::Function { .. });
    parse_items(tokens, params, variadic, is_function)
}

fn parse_items(
    tokens: &[Token],
    params: &[Arc<str>],
    variadic: bool,
    is_function: bool,
) -> Result<Vec<Item>, Box<Diagnostic>> {
    let index_of = |t: &Token| {
        (t.kind == TokenKind::Ident)
            .then(|| params.iter().position(|p| *p == t.text))
            .flatten()
    };
    let mut items = Vec::with_capacity(tokens.len());
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        i += 1;
        if is_paste(token) {
            items.push(Item::Paste);
        } else if is_function && is_hash(token) {
            let Some(next) = tokens.get(i) else {
                return Err(stray_hash(token));
            };
            i += 1;
            if variadic && next.is_ident("__VA_OPT__") {
                let (body, used) = va_opt_body(next, tokens.get(i..).unwrap_or(&[]))?;
                i += used;
                items.push(Item::VaOpt {
                    body: parse_items(body, params, variadic, is_function)?,
                    stringize: true,
                    token: token.clone(),
                });
            } else if let Some(index) = index_of(next) {
                items.push(Item::Stringize {
                    index,
                    token: token.clone(),
                });
            } else {
                return Err(stray_hash(token));
            }
        } else if variadic && token.is_ident("__VA_OPT__") {
            let (body, used) = va_opt_body(token, tokens.get(i..).unwrap_or(&[]))?;
            i += used;
            items.push(Item::VaOpt {
                body: parse_items(body, params, variadic, is_function)?,
                stringize: false,
                token: token.clone(),
            });
        } else if let Some(index) = index_of(token) {
            items.push(Item::Param {
                index,
                token: token.clone(),
            });
        } else {
            items.push(Item::Token(token.clone()));
        }
    }
    Ok(items)
}

fn stray_hash(token: &Token) -> Box<Diagnostic> {
    error(
        "`#` is not followed by a macro parameter",
        token.span,
        "expected a parameter name after this",
    )
}

/// The tokens between the parentheses after `__VA_OPT__`, and how many tokens were used.
fn va_opt_body<'t>(
    at: &Token,
    tokens: &'t [Token],
) -> Result<(&'t [Token], usize), Box<Diagnostic>> {
    let bad = |what: &str| error(what.to_owned(), at.span, "");
    if !tokens.first().is_some_and(|t| t.is_punct("(")) {
        return Err(bad("missing `(` after `__VA_OPT__`"));
    }
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate() {
        if token.is_punct("(") {
            depth += 1;
        } else if token.is_punct(")") {
            depth -= 1;
            if depth == 0 {
                let body = tokens.get(1..i).unwrap_or(&[]);
                if body.first().is_some_and(is_paste) || body.last().is_some_and(is_paste) {
                    return Err(bad("`##` cannot stand at either end of `__VA_OPT__`"));
                }
                return Ok((body, i + 1));
            }
        } else if token.is_ident("__VA_OPT__") {
            return Err(bad("`__VA_OPT__` cannot be nested"));
        }
    }
    Err(bad("missing `)` after `__VA_OPT__(`"))
}
