//! Looks at words and tells types, casts and declarations apart without parsing them.
//!
//! Purpose: every place where the grammar would have to try two readings is decided here once, so
//! that parsing never goes back over what it has read.

use super::angles::Angles;
use super::brackets::NONE;
use super::library::is_builtin_type;
use super::names::Names;
use super::words::{Word, WordKind};

/// What a range of words reads as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Certainly a type.
    Type,
    /// A name that is known as a type somewhere.
    KnownName,
    /// A name of unknown meaning.
    Name,
    /// Something else.
    Other,
}

/// What the passes know so far.
pub(super) struct Shapes<'a> {
    /// The words.
    pub words: &'a [Word<'a>],
    /// Bracket partners.
    pub partner: &'a [u32],
    /// Names.
    pub names: &'a Names<'a>,
    /// Template brackets.
    pub angles: &'a Angles,
}

/// Specifiers that may stand within a type.
fn is_type_qualifier(w: &Word) -> bool {
    w.kind == WordKind::Specifier
        && matches!(
            &*w.text,
            "const"
                | "volatile"
                | "device"
                | "constant"
                | "threadgroup"
                | "thread"
                | "restrict"
                | "threadgroup_imageblock"
                | "object_data"
                | "ray_data"
                | "coherent"
        )
}

impl Shapes<'_> {
    fn is(&self, i: usize, text: &str) -> bool {
        self.words.get(i).is_some_and(|w| w.is(text))
    }

    fn skip_qualifiers(&self, mut i: usize) -> usize {
        while self.words.get(i).is_some_and(is_type_qualifier) {
            i += 1;
            if self.words[i - 1].text == "coherent" && self.is(i, "(") {
                i = self.after_group(i);
            }
        }
        i
    }

    fn after_group(&self, i: usize) -> usize {
        match self.partner.get(i) {
            Some(&p) if p != NONE && p as usize > i => p as usize + 1,
            _ => i + 1,
        }
    }

    /// The end of the path at `i`, and whether its last name is a known type.
    pub(super) fn path(&self, mut i: usize) -> Option<(usize, bool)> {
        if self.is(i, "::") {
            i += 1;
        }
        let mut known;
        loop {
            if self.words.get(i).is_some_and(|w| w.is_kw("template")) {
                i += 1;
            }
            if !self.words.get(i)?.is_name() {
                return None;
            }
            known = self.names.is_type[i];
            let at = i;
            i += 1;
            if let Some(end) = self.angles.open.get(i).copied().flatten() {
                if end.first_half {
                    return Some((end.at, known));
                }
                known |= self.names.class_templates.contains(&*self.words[at].text);
                i = end.at + 1;
            }
            if !self.is(i, "::") {
                return Some((i, known));
            }
            if !self
                .words
                .get(i + 1)
                .is_some_and(|w| w.is_name() || w.is_kw("template"))
            {
                return Some((i, known));
            }
            i += 1;
        }
    }

    /// What the words `start..end` read as.
    pub(super) fn look(&self, start: usize, end: usize) -> Look {
        let mut i = self.skip_qualifiers(start);
        let mut certain = i > start;
        let bare;
        match self.words.get(i) {
            Some(w) if i < end && w.kind == WordKind::TypeKeyword => {
                certain = true;
                bare = false;
                i += 1;
                if w.text == "typename" && self.words.get(i).is_some_and(|w| w.is_kw("decltype")) {
                    i = self.after_group(i + 1);
                    if self.is(i, "::") {
                        i = self.path(i).map_or(i, |(e, _)| e);
                    }
                } else if w.text != "auto" {
                    match self.path(i) {
                        Some((e, _)) => i = e,
                        None if self.is(i, "{") => i = self.after_group(i),
                        None => return Look::Other,
                    }
                }
            }
            Some(w) if i < end && w.is_kw("decltype") => {
                bare = false;
                i = self.after_group(i + 1);
                if i == end {
                    return Look::Type;
                }
                certain |= self.is(i, "*") || self.is(i, "&") || self.is(i, "&&");
            }
            Some(_) if i < end => match self.path(i) {
                Some((e, known)) => {
                    bare = !certain && e == end;
                    certain |= known;
                    if bare {
                        // `Foo<…>` of a class template and builtin names are known.
                        return if known { Look::KnownName } else { Look::Name };
                    }
                    i = e;
                }
                None => return Look::Other,
            },
            _ => return Look::Other,
        }
        let _ = bare;
        self.declarator(i, end, certain)
    }

    /// The abstract declarator `i..end`.
    fn declarator(&self, mut i: usize, end: usize, mut certain: bool) -> Look {
        let after = self.skip_qualifiers(i);
        certain |= after > i;
        i = after;
        while i < end && (self.is(i, "*") || self.is(i, "&") || self.is(i, "&&")) {
            i = self.skip_qualifiers(i + 1);
            if i >= end {
                certain = true; // no operand follows
            }
        }
        if i < end && self.is(i, "(") && (self.is(i + 1, "*") || self.is(i + 1, "&")) {
            let inner_end = self.after_group(i);
            let j = self.skip_qualifiers(i + 2);
            if j + 1 != inner_end {
                return Look::Other;
            }
            certain = true;
            i = inner_end;
            while i < end && self.is(i, "(") {
                i = self.after_group(i);
            }
        }
        while i < end && self.is(i, "[") {
            i = self.after_group(i);
        }
        if i == end && certain {
            Look::Type
        } else {
            Look::Other
        }
    }

    /// Whether the `(` at `i` encloses the type of a cast or of `sizeof`.
    pub(super) fn is_type_paren(&self, i: usize, casts: &[bool]) -> bool {
        let p = self.partner[i];
        if p == NONE || p as usize <= i + 1 {
            return false;
        }
        let end = p as usize;
        let prev = i.checked_sub(1).and_then(|k| self.words.get(k));
        if let Some(w) = prev
            && (w.is_kw("sizeof") || w.is_kw("alignof") || w.is_kw("alignas"))
        {
            return match self.look(i + 1, end) {
                Look::Type => true,
                Look::KnownName => end == i + 2 && is_builtin_type(&self.words[i + 1].text),
                _ => false,
            };
        }
        let position = match prev {
            None => false,
            Some(w) => match w.kind {
                WordKind::Punct if w.is(")") => {
                    let open = self.partner[i - 1];
                    open != NONE && casts[open as usize]
                }
                WordKind::Punct => {
                    !(w.is("]") || ((w.is(">") || w.is(">>")) && self.angles.closes[i - 1] > 0))
                }
                WordKind::Keyword => {
                    matches!(&*w.text, "return" | "else" | "do" | "case" | "sizeof")
                }
                _ => false,
            },
        };
        if !position {
            return false;
        }
        let Some(next) = self.words.get(end + 1) else {
            return false;
        };
        match self.look(i + 1, end) {
            Look::Other => false,
            Look::Type => starts_operand(next, true),
            Look::KnownName => starts_operand(next, true),
            Look::Name => starts_operand(next, false),
        }
    }

    /// Whether a declaration starts at the name or `::` at `i`.
    pub(super) fn starts_declaration(&self, i: usize) -> bool {
        let prev = i.checked_sub(1).and_then(|k| self.words.get(k));
        let in_paren = match prev {
            None => return false,
            Some(w) => match w.kind {
                WordKind::Punct => match &*w.text {
                    "{" | "}" | ";" | ")" | ":" | "]" => false,
                    "(" => true,
                    _ => return false,
                },
                WordKind::Keyword => {
                    if !matches!(&*w.text, "else" | "do") {
                        return false;
                    }
                    false
                }
                _ => return false,
            },
        };
        let Some((mut k, known)) = self.path(i) else {
            return false;
        };
        let after = self.skip_qualifiers(k);
        let qualified = after > k;
        k = after;
        let mut pointers = false;
        while self.is(k, "*") || self.is(k, "&") || self.is(k, "&&") {
            if self.is(k, "&&") && !known {
                return false;
            }
            pointers = true;
            k = self.skip_qualifiers(k + 1);
        }
        let Some(w) = self.words.get(k) else {
            return false;
        };
        if w.is_name() {
            if !pointers {
                return true;
            }
            let follow = self.words.get(k + 1);
            let fits = |set: &[&str]| follow.is_some_and(|f| set.iter().any(|s| f.is(s)));
            return qualified
                || if known {
                    fits(&["=", ";", "[", ",", "(", "{", ")", ":"])
                } else if in_paren {
                    fits(&["="])
                } else {
                    fits(&["=", ";", "[", ","])
                };
        }
        if w.is("(") && (known || qualified || pointers) {
            // `T (*p)[N]`, `T (&x)[N]`, `T (*f)(…)`
            let mut j = k + 1;
            if !(self.is(j, "*") || self.is(j, "&") || self.is(j, "&&")) {
                return false;
            }
            j = self.skip_qualifiers(j + 1);
            if self.words.get(j).is_some_and(|w| w.is_name()) {
                j += 1;
            }
            return self.is(j, ")") && (self.is(j + 1, "[") || self.is(j + 1, "("));
        }
        // An unnamed parameter.
        in_paren && known && (pointers || qualified) && (w.is(",") || w.is(")"))
    }
}

/// Whether `w` begins an operand; with `binary`, operators that are also binary count.
fn starts_operand(w: &Word, binary: bool) -> bool {
    match w.kind {
        WordKind::Ident | WordKind::Number | WordKind::Char | WordKind::Str => true,
        WordKind::TypeKeyword => w.text == "typename",
        WordKind::Keyword => matches!(
            &*w.text,
            "true"
                | "false"
                | "nullptr"
                | "this"
                | "sizeof"
                | "static_cast"
                | "const_cast"
                | "reinterpret_cast"
                | "alignof"
                | "decltype"
        ),
        WordKind::Punct => match &*w.text {
            "!" | "~" => true,
            "(" | "-" | "+" | "*" | "&" | "++" | "--" | "{" | "::" => binary,
            _ => false,
        },
        _ => false,
    }
}
