//! The table of macro expansions.
//!
//! Purpose: lead from a token that came out of a macro back to every macro it went through. One
//! [`Invocation`] is stored per use of a macro, and one small entry per token that came out of it.

use std::sync::Arc;

use super::span::{ExpansionId, FileId, Span};

/// One step of the way from a written invocation to a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// The macro that was expanded.
    pub macro_name: Arc<str>,
    /// Where the macro's name stands in its `#define`, when it has one.
    pub definition: Option<Span>,
    /// Where the token is spelled: in the macro's body, or in the argument it came from.
    pub def_span: Span,
    /// Where the macro is used: from its name through the closing parenthesis, as spelled.
    pub call_span: Span,
    /// The expansion that made the macro's name token; `ExpansionId::NONE` when it was written.
    pub parent: ExpansionId,
}

/// One use of a macro.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    pub macro_name: Arc<str>,
    pub definition: Option<Span>,
    pub call_span: Span,
    /// The outermost invocation, in the file the user wrote.
    pub outer: Span,
    pub parent: ExpansionId,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    invocation: InvocationId,
    file: FileId,
    start: u32,
    end: u32,
}

/// Index of an invocation; 0 is "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct InvocationId(pub u32);

impl InvocationId {
    pub const NONE: InvocationId = InvocationId(0);
}

/// All invocations and expansions of one source map.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExpansionTable {
    invocations: Vec<Invocation>,
    entries: Vec<Entry>,
}

impl ExpansionTable {
    /// Stores an invocation; the table is full (`None`) past `u32::MAX` entries.
    pub fn add_invocation(&mut self, invocation: Invocation) -> InvocationId {
        self.invocations.push(invocation);
        InvocationId(u32::try_from(self.invocations.len()).unwrap_or(0))
    }

    /// The invocation of that index.
    pub fn invocation(&self, id: InvocationId) -> Option<&Invocation> {
        self.invocations.get((id.0 as usize).checked_sub(1)?)
    }

    /// Sets how far the outermost invocation and the call itself reach.
    pub fn set_extent(&mut self, id: InvocationId, call_span: Span, outer: Span) {
        if let Some(index) = (id.0 as usize).checked_sub(1)
            && let Some(invocation) = self.invocations.get_mut(index)
        {
            invocation.call_span = call_span;
            invocation.outer = outer;
        }
    }

    /// Records that a token spelled at `spelled` came out of `invocation`.
    pub fn add_entry(&mut self, invocation: InvocationId, spelled: Span) -> ExpansionId {
        if invocation == InvocationId::NONE {
            return ExpansionId::NONE;
        }
        self.entries.push(Entry {
            invocation,
            file: spelled.file,
            start: spelled.start,
            end: spelled.end,
        });
        ExpansionId(u32::try_from(self.entries.len()).unwrap_or(0))
    }

    /// The invocation that an expansion belongs to.
    pub fn invocation_of(&self, id: ExpansionId) -> InvocationId {
        (id.0 as usize)
            .checked_sub(1)
            .and_then(|i| self.entries.get(i))
            .map_or(InvocationId::NONE, |e| e.invocation)
    }

    /// The expansion of that index; `None` for `ExpansionId::NONE`.
    pub fn expansion(&self, id: ExpansionId) -> Option<Expansion> {
        let entry = self.entries.get((id.0 as usize).checked_sub(1)?)?;
        let invocation = self.invocation(entry.invocation)?;
        Some(Expansion {
            macro_name: invocation.macro_name.clone(),
            definition: invocation.definition,
            def_span: Span {
                file: entry.file,
                start: entry.start,
                end: entry.end,
                expansion: ExpansionId::NONE,
            },
            call_span: invocation.call_span,
            parent: invocation.parent,
        })
    }
}
