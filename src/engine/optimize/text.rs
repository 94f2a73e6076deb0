//! Edits of source text. Bytes outside of an edit stay as they are.

use std::ops::Range;

use crate::ir::{Barrier, BarrierScope, MemFlags, Space};
use crate::source::{FileId, Span, Token, lex_all};

/// Replaces a range of bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What comes there.
    pub with: String,
}

/// A text with its tokens, those of preprocessor directives apart.
pub struct Text<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    directives: Vec<Token>,
    /// What names of the library need before them here: `metal::` or nothing.
    qualifier: &'static str,
}

/// Makes all edits; `None` when two of them overlap or one does not fit.
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort();
    sorted.dedup();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for e in sorted {
        out.push_str(text.get(at..e.start)?);
        out.push_str(&e.with);
        at = e.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

fn range(s: Span) -> Range<usize> {
    s.start as usize..s.end as usize
}

/// The flags as an MSL expression, with `qualifier` before each name.
pub fn flags(f: MemFlags, qualifier: &str) -> String {
    let names: Vec<String> = f
        .names()
        .iter()
        .map(|n| format!("{qualifier}mem_flags::{n}"))
        .collect();
    names.join(" | ")
}

impl<'t> Text<'t> {
    /// Reads a text.
    pub fn new(text: &'t str) -> Text<'t> {
        let mut directive = false;
        let (mut tokens, mut directives) = (Vec::new(), Vec::new());
        for t in lex_all(FileId(0), text).0 {
            if t.line_start {
                directive = t.is_punct("#");
            }
            if directive {
                directives.push(t);
            } else {
                tokens.push(t);
            }
        }
        Text {
            text,
            tokens,
            directives,
            qualifier: "",
        }
    }

    /// Writes library names with `metal::` before them.
    pub fn qualified(mut self, yes: bool) -> Text<'t> {
        self.qualifier = if yes { "metal::" } else { "" };
        self
    }

    /// A barrier call.
    pub fn call(&self, scope: BarrierScope, f: MemFlags) -> String {
        call(scope, f, self.qualifier)
    }

    /// Whether a barrier call is written at the place itself, not in a macro.
    pub fn is_written(&self, s: Span) -> bool {
        self.name(s).is_some()
    }

    /// Where `threadgroup_barrier` or `simdgroup_barrier` is spelled in a call.
    fn name(&self, s: Span) -> Option<Range<usize>> {
        let r = range(s);
        let text = self.text.get(r.clone())?;
        let call = text.split('(').next()?;
        let names = ["threadgroup_barrier", "simdgroup_barrier"];
        let name = names.iter().find(|n| call.trim_end().ends_with(**n))?;
        let at = r.start + call.trim_end().len() - name.len();
        Some(at..at + name.len())
    }

    /// Deletes the statement that is the call at `s`. An empty statement stays where the grammar needs one. `None` when
    /// the call is not a statement of its own.
    pub fn remove(&self, s: Span) -> Option<Edit> {
        let r = range(s);
        let after = self
            .tokens
            .iter()
            .position(|t| t.span.start as usize >= r.end)?;
        let semicolon = self.tokens.get(after).filter(|t| t.is_punct(";"))?;
        let end = semicolon.span.end as usize;
        let at = self.tokens[..after]
            .iter()
            .rposition(|t| t.span.end as usize <= r.start)?;
        let before = &self.tokens[at];
        let plain = [";", "{", "}"].iter().any(|p| before.is_punct(p));
        if !plain {
            // The body of a statement, or after a label.
            let body = before.is_ident("else") || before.is_ident("do") || before.is_punct(":");
            if !body && !self.closes_condition(at) {
                return None;
            }
            return Some(Edit {
                start: r.start,
                end,
                with: ";".into(),
            });
        }
        let line = self.text[..r.start]
            .rfind(['\n', '\r'])
            .map_or(0, |i| i + 1);
        let rest = &self.text[end..];
        let stop = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let blank = |s: &str| s.chars().all(|c| c == ' ' || c == '\t');
        let alone_before = blank(&self.text[line..r.start]);
        let alone_after = blank(&rest[..stop]);
        let (start, end) = match (alone_before, alone_after) {
            (true, true) => {
                let rest = &rest[stop..];
                let eol = if rest.starts_with("\r\n") {
                    2
                } else {
                    usize::from(!rest.is_empty())
                };
                (line, end + stop + eol)
            }
            (false, true) => {
                let kept = self.text[line..r.start].trim_end_matches([' ', '\t']);
                (line + kept.len(), end)
            }
            (_, false) => (
                r.start,
                end + rest.len() - rest.trim_start_matches([' ', '\t']).len(),
            ),
        };
        Some(Edit {
            start,
            end,
            with: String::new(),
        })
    }

    /// Whether a token is the `)` of `if (…)`, `for (…)` or `while (…)`.
    fn closes_condition(&self, at: usize) -> bool {
        if !self.tokens.get(at).is_some_and(|t| t.is_punct(")")) {
            return false;
        }
        let mut depth = 0usize;
        for i in (0..=at).rev() {
            let t = &self.tokens[i];
            if t.is_punct(")") {
                depth += 1;
            } else if t.is_punct("(") {
                depth -= 1;
            }
            if depth == 0 {
                let word = i.checked_sub(1).and_then(|i| self.tokens.get(i));
                return t.is_punct("(")
                    && word.is_some_and(|w| {
                        ["if", "for", "while", "constexpr"]
                            .iter()
                            .any(|k| w.is_ident(k))
                    });
            }
        }
        false
    }

    /// Makes the threadgroup barrier at `s` a simdgroup barrier. `None` when what stands there is no call.
    pub fn weaken(&self, s: Span, b: &Barrier) -> Option<Edit> {
        Some(match self.name(s) {
            Some(r) => Edit {
                start: r.start,
                end: r.end,
                with: "simdgroup_barrier".into(),
            },
            None => Edit {
                start: range(s).start,
                end: range(s).end,
                with: self.call(BarrierScope::Simdgroup, b.flags),
            },
        })
    }

    /// Lets the barrier at `s` order a further space.
    pub fn more_flags(&self, s: Span, b: &Barrier, space: Space) -> Option<Edit> {
        self.name(s)?;
        let more = with_space(b.flags, space)?;
        let r = range(s);
        let inside = self.text.get(r.clone())?;
        let open = r.start + inside.find('(')? + 1;
        let close = r.start + inside.rfind(')')?;
        let qualifier = if inside.contains("metal::mem_flags") {
            "metal::"
        } else {
            self.qualifier
        };
        Some(Edit {
            start: open,
            end: close,
            with: flags(more, qualifier),
        })
    }

    /// Puts a statement before the one that starts at byte `at` (or before a closing brace there).
    pub fn insert(&self, at: usize, statement: &str, closes: bool) -> Option<Edit> {
        // Not between a pragma or an attribute and the loop that it is about.
        let ends = |t: &&Token| t.span.end as usize <= at;
        let before = self.tokens.iter().rev().find(ends);
        let directive = self.directives.iter().rev().find(ends);
        let end = |t: Option<&Token>| t.map_or(0, |t| t.span.end);
        if end(directive) > end(before) || before.is_some_and(|t| t.is_punct("]")) && !closes {
            return None;
        }
        let line = self
            .text
            .get(..at)?
            .rfind(['\n', '\r'])
            .map_or(0, |i| i + 1);
        let indent = &self.text[line..at];
        if !indent.chars().all(|c| c == ' ' || c == '\t') {
            return Some(Edit {
                start: at,
                end: at,
                with: format!("{statement} "),
            });
        }
        let eol = if self.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let deeper = match (closes, indent.contains('\t')) {
            (false, _) => "",
            (true, true) => "\t",
            (true, false) => "    ",
        };
        Some(Edit {
            start: line,
            end: line,
            with: format!("{indent}{deeper}{statement}{eol}"),
        })
    }
}

/// A barrier call.
pub fn call(scope: BarrierScope, f: MemFlags, qualifier: &str) -> String {
    let name = match scope {
        BarrierScope::Threadgroup => "threadgroup_barrier",
        BarrierScope::Simdgroup => "simdgroup_barrier",
    };
    format!("{qualifier}{name}({})", flags(f, qualifier))
}

/// Flags that order a further space; `None` when they do, or no flag is about it.
pub fn with_space(mut f: MemFlags, space: Space) -> Option<MemFlags> {
    if f.orders(space) {
        return None;
    }
    match space {
        Space::Threadgroup => f.threadgroup = true,
        Space::Device => f.device = true,
        Space::Texture => f.texture = true,
        Space::Constant | Space::Thread => return None,
    }
    Some(f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ExpansionId;

    fn after_removal(text: &str) -> Option<String> {
        let start = text.find("threadgroup_barrier").or(text.find("SYNC"))?;
        let end = start + text[start..].find(')')? + 1;
        let span = Span {
            file: FileId(0),
            start: start as u32,
            end: end as u32,
            expansion: ExpansionId::NONE,
        };
        apply(text, &[Text::new(text).remove(span)?])
    }

    #[test]
    fn removals_keep_everything_else() {
        for (before, after) in [
            (
                "{\n  a();\n  threadgroup_barrier(f);\n  b();\n}",
                "{\n  a();\n  b();\n}",
            ),
            ("{\r\n\tthreadgroup_barrier(f);\r\n}", "{\r\n}"),
            ("{ a(); threadgroup_barrier(f);\n}", "{ a();\n}"),
            ("{ threadgroup_barrier(f); b(); }", "{ b(); }"),
            ("{\n  threadgroup_barrier(f); // why\n}", "{\n  // why\n}"),
            (
                "{\n  /* why */ threadgroup_barrier(f);\n}",
                "{\n  /* why */\n}",
            ),
            ("{ if (u) threadgroup_barrier(f); }", "{ if (u) ; }"),
            (
                "{ if (u) a(); else threadgroup_barrier(f); }",
                "{ if (u) a(); else ; }",
            ),
            ("{ for (;;) threadgroup_barrier(f) ; }", "{ for (;;) ; }"),
            (
                "{\n#ifdef X\n  threadgroup_barrier(f);\n#endif\n}",
                "{\n#ifdef X\n#endif\n}",
            ),
            (
                "{\n#pragma once\n  threadgroup_barrier(f);\n}",
                "{\n#pragma once\n}",
            ),
            ("{ while (u) threadgroup_barrier(f); }", "{ while (u) ; }"),
            ("{ a(); SYNC(); }", "{ a(); }"),
            ("{ case 1: threadgroup_barrier(f); }", "{ case 1: ; }"),
        ] {
            assert_eq!(after_removal(before).as_deref(), Some(after), "{before}");
        }
        for no in [
            "{ x = (threadgroup_barrier(f), 1); }",
            "{ (void) threadgroup_barrier(f); }",
            "{ (void)0, threadgroup_barrier(f); }",
            "{ for (threadgroup_barrier(f); u; ) a(); }",
        ] {
            assert_eq!(after_removal(no), None, "{no}");
        }
        let text = "{\n#pragma unroll\n  for (;;) a();\n  [[unroll]] for (;;) a();\n}";
        for at in [text.find("for"), text.rfind("for")] {
            assert_eq!(Text::new(text).insert(at.unwrap_or(0), "s;", false), None);
        }
    }

    #[test]
    fn insertions_take_indentation_and_line_ends() {
        let text = "{\r\n\ta();\r\n}";
        let t = Text::new(text);
        let at = text.find("a()").unwrap_or(0);
        let done = apply(
            text,
            &[t.insert(at, "s;", false).into_iter().collect::<Vec<_>>()[0].clone()],
        );
        assert_eq!(done.as_deref(), Some("{\r\n\ts;\r\n\ta();\r\n}"));
        let end = text.rfind('}').unwrap_or(0);
        let done = t.insert(end, "s;", true).and_then(|e| apply(text, &[e]));
        assert_eq!(done.as_deref(), Some("{\r\n\ta();\r\n    s;\r\n}"));
    }
}
