//! Macro invocations: finding them, reading their arguments, entering their expansion.

use std::rc::Rc;

use super::limits;
use super::macros::{Kind, Macro};
use super::state::{Context, PTok, Preprocessor};
use super::substitute::Arguments;
use crate::source::diagnostic::Diagnostic;
use crate::source::expansion::{Invocation, InvocationId};
use crate::source::span::Span;
use crate::source::token::TokenKind;

impl Preprocessor<'_> {
    /// The next token after macro replacement; `None` at a barrier and at the end.
    pub fn next(&mut self) -> Option<PTok> {
        loop {
            let token = self.next_raw()?;
            if token.tok.kind != TokenKind::Ident {
                return Some(token);
            }
            if let Some(token) = self.replace(token) {
                return Some(token);
            }
        }
    }

    /// Expands an identifier when it is to be expanded (`None`: read on), else returns it.
    fn replace(&mut self, mut token: PTok) -> Option<PTok> {
        match &*token.tok.text {
            "_Pragma" if !token.no_expand => {
                self.pragma_operator(&token);
                return None;
            }
            "defined" if self.in_condition => return Some(self.defined_operator(token)),
            _ => {}
        }
        if token.no_expand {
            return Some(token);
        }
        let Some(mac) = self.macros.get(&token.tok.text).cloned() else {
            return Some(token);
        };
        if mac.disabled.get() {
            token.no_expand = true;
            return Some(token);
        }
        match &mac.kind {
            Kind::Builtin(builtin) => Some(self.expand_builtin(*builtin, token)),
            Kind::Object => {
                let inv = self.new_invocation(&mac, &token, &token);
                let mut arguments = Arguments::none();
                self.enter(&mac, &token, &mut arguments, inv);
                None
            }
            Kind::Function { params, variadic } => {
                if !self.parenthesis_follows() {
                    return Some(token);
                }
                self.invoke(&mac, &token, params.len(), *variadic);
                None
            }
        }
    }

    /// Whether the next token is `(`; nothing is consumed.
    pub fn parenthesis_follows(&mut self) -> bool {
        for context in self.contexts.iter().rev() {
            if let Some(token) = context.tokens.get(context.pos) {
                return token.tok.is_punct("(");
            }
            if context.barrier {
                return false;
            }
        }
        let Some(file) = self.files.last_mut() else {
            return false;
        };
        let before = file.lexer.state();
        file.lexer.set_quiet(true);
        let found = file.lexer.next_token().is_some_and(|t| t.is_punct("("));
        file.lexer.set_quiet(false);
        file.lexer.restore(before);
        found
    }

    fn invoke(&mut self, mac: &Rc<Macro>, name: &PTok, params: usize, variadic: bool) {
        let inv = self.new_invocation(mac, name, name);
        let collecting = std::mem::replace(&mut self.collecting, true);
        let read = self.read_arguments(mac, name, params, variadic);
        self.collecting = collecting;
        let Some((mut raw, close)) = read else {
            return;
        };
        self.extend_invocation(inv, name, &close);
        let mut left_out = variadic && params == 1 && raw.iter().all(Vec::is_empty);
        if params == 0 && raw.len() == 1 && raw.first().is_some_and(Vec::is_empty) {
            raw.clear();
        } else if variadic && raw.len() + 1 == params {
            raw.push(Vec::new());
            left_out = true;
        }
        if raw.len() != params {
            self.wrong_count(mac, name, inv, raw.len(), params, variadic);
            return;
        }
        for token in raw.iter_mut().flatten() {
            self.retag(token, name.inv, inv);
        }
        let mut arguments = Arguments::new(raw, variadic, left_out);
        self.enter(mac, name, &mut arguments, inv);
    }

    /// Substitutes, disables the macro, and lets the result be read next.
    fn enter(
        &mut self,
        mac: &Rc<Macro>,
        name: &PTok,
        arguments: &mut Arguments,
        inv: InvocationId,
    ) {
        let at = self.outer_span(inv, name.tok.span);
        let (mut tokens, mut trailing_space) = self.substitute(&mac.body, arguments, inv, at);
        if tokens.len() > limits::EXPANSION_TOKENS {
            self.stop(
                format!("macro `{}` expands to too many tokens", mac.name),
                at,
            );
        }
        if !self.spend(tokens.len() as u64, at) {
            return;
        }
        for token in &mut tokens {
            token.tok.line_start = false;
        }
        match tokens.first_mut() {
            Some(first) => {
                first.tok.space_before = name.tok.space_before;
                first.tok.line_start = name.tok.line_start;
            }
            None => trailing_space |= name.tok.space_before,
        }
        mac.disabled.set(true);
        self.contexts.push(Context {
            tokens,
            pos: 0,
            mac: Some(mac.clone()),
            barrier: false,
            trailing_space,
        });
    }

    /// Reads `( ... )` after a macro's name: the arguments and the closing parenthesis.
    fn read_arguments(
        &mut self,
        mac: &Rc<Macro>,
        name: &PTok,
        params: usize,
        variadic: bool,
    ) -> Option<(Vec<Vec<PTok>>, PTok)> {
        self.next_raw()?;
        let mut arguments = vec![Vec::new()];
        let mut depth = 0usize;
        loop {
            let Some(mut token) = self.next_raw() else {
                if !self.stopped {
                    let span = self.span_of(name);
                    let mut d = Diagnostic::error(format!(
                        "unterminated invocation of macro `{}`",
                        mac.name
                    ))
                    .with_code("macro-call")
                    .with_primary(span, "its `(` is never closed");
                    if let Some(definition) = mac.definition {
                        d = d.with_secondary(definition, "defined here");
                    }
                    self.report(d);
                }
                return None;
            };
            if token.tok.is_punct("(") {
                depth += 1;
            } else if token.tok.is_punct(")") {
                if depth == 0 {
                    return Some((arguments, token));
                }
                depth -= 1;
            } else if depth == 0
                && token.tok.is_punct(",")
                && !(variadic && arguments.len() >= params)
            {
                arguments.push(Vec::new());
                continue;
            } else if token.tok.kind == TokenKind::Ident
                && self
                    .macros
                    .get(&token.tok.text)
                    .is_some_and(|m| m.disabled.get())
            {
                token.no_expand = true;
            }
            if let Some(last) = arguments.last_mut() {
                last.push(token);
            }
        }
    }

    fn wrong_count(
        &mut self,
        mac: &Rc<Macro>,
        name: &PTok,
        inv: InvocationId,
        got: usize,
        params: usize,
        variadic: bool,
    ) {
        let outer = self.outer_span(inv, name.tok.span);
        let span = Span {
            expansion: self.span_of(name).expansion,
            ..outer
        };
        let least = if variadic {
            params.saturating_sub(1)
        } else {
            params
        };
        let wants = if variadic {
            format!("at least {least}")
        } else {
            params.to_string()
        };
        let mut d = Diagnostic::error(format!(
            "macro `{}` takes {wants} argument{}, but {got} {} given",
            mac.name,
            if least == 1 { "" } else { "s" },
            if got == 1 { "is" } else { "are" },
        ))
        .with_code("macro-call")
        .with_primary(span, "in this invocation");
        if let Some(definition) = mac.definition {
            d = d.with_secondary(definition, "defined here");
        }
        self.report(d);
    }

    /// Records an invocation that reaches from `name` to `close`.
    fn new_invocation(&mut self, mac: &Rc<Macro>, name: &PTok, close: &PTok) -> InvocationId {
        let parent = self.map.expansions.add_entry(name.inv, name.tok.span);
        let id = self.map.expansions.add_invocation(Invocation {
            macro_name: mac.name.clone(),
            definition: mac.definition,
            call_span: name.tok.span,
            outer: self.outer_span(name.inv, name.tok.span),
            parent,
        });
        self.extend_invocation(id, name, close);
        id
    }

    fn extend_invocation(&mut self, id: InvocationId, name: &PTok, close: &PTok) {
        let mut call = name.tok.span;
        if name.inv == close.inv {
            call = call.to(close.tok.span);
        }
        let mut outer = self.outer_span(name.inv, name.tok.span);
        if close.inv == InvocationId::NONE {
            outer = outer.to(close.tok.span);
        }
        self.map.expansions.set_extent(id, call, outer);
    }

    /// Marks a token of an argument as coming out of the invocation `inv`, unless it already
    /// comes out of a macro that was expanded inside the same outermost invocation.
    fn retag(&self, token: &mut PTok, caller: InvocationId, inv: InvocationId) {
        let same_outer = || {
            let table = &self.map.expansions;
            match (table.invocation(token.inv), table.invocation(inv)) {
                (Some(a), Some(b)) => a.outer == b.outer,
                _ => false,
            }
        };
        if token.inv == InvocationId::NONE || token.inv == caller || !same_outer() {
            token.inv = inv;
        }
    }
}
