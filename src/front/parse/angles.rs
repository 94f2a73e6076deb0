//! Which `<` opens a template list, and which `>` closes it.
//!
//! Purpose: decides the one ambiguity of C++ that no grammar can. A `<` after a known template is
//! a list when it is closed within the statement and what follows could follow a list; after an
//! unknown name the arguments must also be unmistakable. Everything else is a comparison.

use std::collections::HashMap;

use super::brackets::NONE;
use super::library;
use super::names::Names;
use super::words::{Word, WordKind};

/// Longest template list, in words (groups in brackets count once).
const MAX_LIST: usize = 4096;
/// Deepest nesting of template lists.
const MAX_DEPTH: usize = 128;

/// Where a list ends: the word, and for `>>` whether at its first half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Index of the `>` or `>>`.
    pub at: usize,
    /// It ends with the first half of `>>`.
    pub first_half: bool,
}

/// The template brackets.
pub(super) struct Angles {
    /// For an opening `<` its end.
    pub open: Vec<Option<End>>,
    /// For a `>` or `>>` how many lists it closes.
    pub closes: Vec<u8>,
    /// The opening `<` introduces template parameters.
    pub params: Vec<bool>,
}

/// How sure it is that a `<` opens a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hint {
    /// `template <`
    Params,
    /// `static_cast<`, `.template f<`, the header of a template.
    Certain,
    /// A class template.
    Class,
    /// A function template.
    Function,
    /// Some other name.
    Unknown,
}

/// Decides all of them.
pub(super) fn find(words: &[Word], partner: &[u32], names: &Names) -> Angles {
    let mut f = Finder {
        words,
        partner,
        names,
        memo: HashMap::new(),
        out: Angles {
            open: vec![None; words.len()],
            closes: vec![0; words.len()],
            params: vec![false; words.len()],
        },
    };
    for (i, w) in words.iter().enumerate() {
        if w.is("<") && f.out.open[i].is_none() {
            f.memo.retain(|&k, _| k >= i);
            if let Some(end) = f.list(i, 0)
                && !end.first_half
            {
                f.commit(i, end);
            }
        }
        if f.memo.len() > 4 * MAX_LIST {
            f.memo.clear();
        }
    }
    f.out
}

struct Finder<'a> {
    words: &'a [Word<'a>],
    partner: &'a [u32],
    names: &'a Names<'a>,
    memo: HashMap<usize, Option<End>>,
    out: Angles,
}

impl Finder<'_> {
    fn word(&self, i: usize) -> Option<&Word<'_>> {
        self.words.get(i)
    }

    fn hint(&self, i: usize) -> Option<Hint> {
        let prev = self.word(i.checked_sub(1)?)?;
        match prev.kind {
            WordKind::Keyword => match &*prev.text {
                "template" => Some(Hint::Params),
                "static_cast" | "reinterpret_cast" | "const_cast" | "dynamic_cast" => {
                    Some(Hint::Certain)
                }
                _ => None,
            },
            WordKind::Punct if prev.is(")") && i >= 4 => {
                // `.template operator()<…>`
                (self.words[i - 2].is("(")
                    && self.words[i - 3].is_kw("operator")
                    && self.words[i - 4].is_kw("template"))
                .then_some(Hint::Certain)
            }
            WordKind::Ident => {
                let before = i.checked_sub(2).and_then(|k| self.word(k));
                if before.is_some_and(|w| w.is_kw("template")) || self.names.in_header[i] {
                    return Some(Hint::Certain);
                }
                let name = &*prev.text;
                let member = before.is_some_and(|w| w.is(".") || w.is("->"));
                if member {
                    return Some(if self.names.fn_templates.contains(name) {
                        Hint::Function
                    } else {
                        Hint::Unknown
                    });
                }
                Some(
                    if self.names.class_templates.contains(name)
                        || library::is_library_template(name)
                    {
                        Hint::Class
                    } else if self.names.fn_templates.contains(name)
                        || library::is_library_fn_template(name)
                    {
                        Hint::Function
                    } else {
                        Hint::Unknown
                    },
                )
            }
            _ => None,
        }
    }

    /// Where the list opened at `i` ends, if it is one.
    fn list(&mut self, i: usize, depth: usize) -> Option<End> {
        if let Some(r) = self.memo.get(&i) {
            return *r;
        }
        let r = if depth > MAX_DEPTH {
            None
        } else {
            self.list_uncached(i, depth)
        };
        self.memo.insert(i, r);
        r
    }

    fn list_uncached(&mut self, i: usize, depth: usize) -> Option<End> {
        let hint = self.hint(i)?;
        let end = self.scan(i, depth, hint)?;
        let sure = matches!(hint, Hint::Params | Hint::Certain);
        (sure || self.follows(i, hint, end)).then_some(end)
    }

    fn scan(&mut self, i: usize, depth: usize, hint: Hint) -> Option<End> {
        let logic = match hint {
            Hint::Params | Hint::Certain => true,
            Hint::Class => !matches!(
                &*self.words[i - 1].text,
                "vec" | "matrix" | "array" | "tensor" | "extents" | "pair" | "tuple" | "function"
            ),
            Hint::Function | Hint::Unknown => false,
        };
        let mut j = i + 1;
        let mut steps = 0;
        while let Some(w) = self.words.get(j) {
            steps += 1;
            if steps > MAX_LIST {
                return None;
            }
            if w.kind == WordKind::Keyword && !may_stand_in_list(&w.text) {
                return None;
            }
            if w.kind != WordKind::Punct {
                j += 1;
                continue;
            }
            match &*w.text {
                "(" | "[" | "{" => {
                    let p = self.partner[j];
                    if p == NONE {
                        return None;
                    }
                    j = p as usize + 1;
                }
                ")" | "]" | "}" | ";" => return None,
                "=" if hint != Hint::Params => return None,
                "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "|=" | "^=" | "<<=" | ">>=" | "++"
                | "--" => return None,
                "&&" | "||" if !logic => return None,
                ">" => {
                    return Some(End {
                        at: j,
                        first_half: false,
                    });
                }
                ">>" => {
                    return Some(End {
                        at: j,
                        first_half: true,
                    });
                }
                "<" => match self.list(j, depth + 1) {
                    Some(e) if !e.first_half => j = e.at + 1,
                    // The second half of `>>` is ours.
                    Some(e) => {
                        return Some(End {
                            at: e.at,
                            first_half: false,
                        });
                    }
                    None => j += 1,
                },
                _ => j += 1,
            }
        }
        None
    }

    /// Whether what follows the list, and for weak hints its arguments, fit.
    fn follows(&self, i: usize, hint: Hint, end: End) -> bool {
        let next = if end.first_half {
            return hint != Hint::Unknown || self.unmistakable(i + 1, end.at);
        } else {
            self.word(end.at + 1)
        };
        let Some(next) = next else { return true };
        let punct = next.kind == WordKind::Punct;
        let closing = punct
            && matches!(
                &*next.text,
                "(" | "::" | "{" | ">" | ">>" | "," | ")" | ";" | "]" | "..." | "}"
            );
        match hint {
            Hint::Params | Hint::Certain => true,
            Hint::Class => {
                closing
                    || punct
                    || matches!(next.kind, WordKind::Ident | WordKind::Specifier)
                    || next.is_kw("operator")
            }
            Hint::Function => closing,
            Hint::Unknown => {
                if next.is_name() || next.kind == WordKind::Specifier {
                    return self.starts_declaration(i) || self.unmistakable(i + 1, end.at);
                }
                let pointer = next.is("*") || next.is("&") || next.is("&&");
                (closing || pointer) && self.unmistakable(i + 1, end.at)
            }
        }
    }

    /// The path before `<` stands where a declaration can start.
    fn starts_declaration(&self, i: usize) -> bool {
        let mut k = i - 1;
        while k >= 2 && self.words[k - 1].is("::") && self.words[k - 2].is_name() {
            k -= 2;
        }
        match k.checked_sub(1).and_then(|p| self.word(p)) {
            None => true,
            Some(w) => {
                matches!(w.kind, WordKind::Specifier | WordKind::TypeKeyword)
                    || w.is(";")
                    || w.is("{")
                    || w.is("}")
            }
        }
    }

    /// All arguments between are types or constants.
    fn unmistakable(&self, start: usize, end: usize) -> bool {
        let mut j = start;
        while j < end {
            let w = &self.words[j];
            let ok = match w.kind {
                WordKind::Number | WordKind::Char => true,
                WordKind::Specifier | WordKind::TypeKeyword => true,
                WordKind::Keyword => matches!(&*w.text, "true" | "false" | "sizeof" | "decltype"),
                WordKind::Ident => {
                    self.names.is_type[j]
                        || is_constant_like(&w.text)
                        || self.word(j + 1).is_some_and(|n| n.is("::"))
                        || (j > 0 && self.words[j - 1].is("::"))
                        || self.names.class_templates.contains(&*w.text)
                        || self.word(j + 1).is_some_and(|n| n.is("<"))
                }
                WordKind::Punct => matches!(
                    &*w.text,
                    "," | "::" | "*" | "&" | "..." | "-" | "+" | "/" | "<" | ">" | ">>"
                ),
                _ => false,
            };
            if w.is("(") || w.is("[") {
                let p = self.partner[j];
                if p == NONE {
                    return false;
                }
                j = p as usize + 1;
                continue;
            }
            if !ok {
                return false;
            }
            j += 1;
        }
        true
    }

    /// Marks the list at `i` and the lists inside it.
    fn commit(&mut self, i: usize, end: End) {
        let mut todo = vec![(i, end)];
        while let Some((i, end)) = todo.pop() {
            self.out.open[i] = Some(end);
            self.out.params[i] = self.words[i - 1].is_kw("template");
            self.out.closes[end.at] += 1;
            let mut j = i + 1;
            while j < end.at {
                let p = self.partner[j];
                if p != NONE && p as usize > j {
                    j = p as usize + 1;
                    continue;
                }
                if self.words[j].is("<")
                    && let Some(e) = self.list(j, 0)
                    && e.at <= end.at
                {
                    todo.push((j, e));
                    j = e.at;
                    if e.first_half {
                        break;
                    }
                }
                j += 1;
            }
        }
    }
}

/// `N`, `BLOCK_SIZE`, `kBlockSize`: names that people give to constants.
fn is_constant_like(name: &str) -> bool {
    let b = name.as_bytes();
    !b.iter().any(u8::is_ascii_lowercase)
        || (b.len() > 1 && b[0] == b'k' && b[1].is_ascii_uppercase())
}

fn may_stand_in_list(keyword: &str) -> bool {
    matches!(
        keyword,
        "sizeof"
            | "decltype"
            | "true"
            | "false"
            | "nullptr"
            | "static_cast"
            | "template"
            | "operator"
            | "alignof"
            | "noexcept"
            | "attribute"
            | "reinterpret_cast"
            | "const_cast"
            | "this"
    )
}
