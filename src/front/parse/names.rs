//! Which names are types and which are templates (the "lexer hack" of C++).
//!
//! Purpose: `(T)-x`, `T * p;` and `f<n>(x)` can only be read with this knowledge. Names are
//! collected from the whole stream; template parameters count within their template only.

use std::collections::HashSet;

use super::brackets::NONE;
use super::library::{is_builtin_type, is_library_type};
use super::words::{Word, WordKind};

/// Longest template head or `typedef` that is looked at, in words.
const MAX_SCAN: usize = 4096;

/// What is known about names.
pub(super) struct Names<'a> {
    /// Per word: it names a type.
    pub is_type: Vec<bool>,
    /// Per word: it stands in the header of a template, where `name <` opens a list.
    pub in_header: Vec<bool>,
    /// Class templates, alias templates, variable templates of this file.
    pub class_templates: HashSet<&'a str>,
    /// Function templates of this file.
    pub fn_templates: HashSet<&'a str>,
}

/// Collects names.
pub(super) fn collect<'a>(words: &'a [Word<'a>], partner: &[u32]) -> Names<'a> {
    let mut c = Collector {
        words,
        partner,
        globals: HashSet::new(),
        n: Names {
            is_type: vec![false; words.len()],
            in_header: vec![false; words.len()],
            class_templates: HashSet::new(),
            fn_templates: HashSet::new(),
        },
        scoped: Vec::new(),
        heads_until: 0,
    };
    c.run();
    c.n
}

struct Scope<'a> {
    start: usize,
    end: usize,
    types: Vec<&'a str>,
    values: Vec<&'a str>,
}

struct Collector<'a, 'p> {
    words: &'a [Word<'a>],
    partner: &'p [u32],
    globals: HashSet<&'a str>,
    n: Names<'a>,
    scoped: Vec<Scope<'a>>,
    /// Template heads before this word are dealt with.
    heads_until: usize,
}

impl<'a> Collector<'a, '_> {
    fn run(&mut self) {
        for i in 0..self.words.len() {
            let w = &self.words[i];
            match w.kind {
                WordKind::TypeKeyword => match &*w.text {
                    "struct" | "class" | "union" | "enum" => self.tag(i),
                    _ => {}
                },
                WordKind::Keyword => match &*w.text {
                    "using" => {
                        if let (Some(n), Some(e)) = (self.words.get(i + 1), self.words.get(i + 2))
                            && n.is_name()
                            && (e.is("=") || e.is("["))
                        {
                            self.globals.insert(&n.text);
                        }
                    }
                    "typedef" => self.typedef(i),
                    "template" if i >= self.heads_until => self.template(i),
                    _ => {}
                },
                _ => {}
            }
        }
        for (i, w) in self.words.iter().enumerate() {
            if w.kind == WordKind::Ident {
                self.n.is_type[i] = is_builtin_type(&w.text)
                    || is_library_type(&w.text)
                    || self.globals.contains(&*w.text);
            }
        }
        self.values();
        let mut scoped = std::mem::take(&mut self.scoped);
        scoped.sort_by_key(|s| s.start);
        for s in &scoped {
            for i in s.start..s.end {
                let w = &self.words[i];
                if w.kind != WordKind::Ident {
                    continue;
                }
                if s.types.iter().any(|t| *t == w.text) {
                    self.n.is_type[i] = true;
                } else if s.values.iter().any(|t| *t == w.text) {
                    self.n.is_type[i] = false;
                }
            }
        }
    }

    /// Parameters and local variables that hide a type of the same name: `float scale` in a file
    /// with a `struct scale`.
    fn values(&mut self) {
        let mut open: Vec<usize> = Vec::new();
        let mut known: HashSet<(usize, &str)> = HashSet::new();
        for i in 1..self.words.len() {
            let (prev, w) = (&self.words[i - 1], &self.words[i]);
            if prev.is("(") || prev.is("{") {
                open.push(i - 1);
            } else if (prev.is(")") || prev.is("}")) && self.partner[i - 1] != NONE {
                open.pop();
            }
            let hides = w.is_name()
                && self.globals.contains(&*w.text)
                && self
                    .words
                    .get(i + 1)
                    .is_some_and(|n| [",", ")", "=", ";", "["].iter().any(|p| n.is(p)))
                && self.declares_value(i);
            let Some(&bracket) = open.last().filter(|_| hides) else {
                continue;
            };
            if !known.insert((bracket, &w.text)) {
                continue;
            }
            let mut end = self.after_group(bracket);
            if self.words[bracket].is("(") {
                // A parameter lives in the body, a loop variable in the statement.
                while end < self.words.len() && !self.words[end].is("{") && !self.words[end].is(";")
                {
                    end += 1;
                }
                end = self.after_group(end);
            }
            if end > i && end <= self.words.len() {
                self.scoped.push(Scope {
                    start: i,
                    end,
                    types: Vec::new(),
                    values: vec![&w.text],
                });
            }
        }
    }

    /// Whether the name at `i` follows a built-in type, pointers between, and is no `typedef`.
    fn declares_value(&self, i: usize) -> bool {
        let mut k = i;
        while k > 0 && (self.words[k - 1].is("*") || self.words[k - 1].is("&")) {
            k -= 1;
        }
        if k == 0 || !self.words[k - 1].is_name() || !is_builtin_type(&self.words[k - 1].text) {
            return false;
        }
        !self.words[k.saturating_sub(8)..k]
            .iter()
            .rev()
            .take_while(|w| !(w.is(";") || w.is("{") || w.is("}")))
            .any(|w| w.is_kw("typedef"))
    }

    /// The word after attributes and `alignas(…)` that start at `i`.
    fn skip_attributes(&self, mut i: usize) -> usize {
        loop {
            match self.words.get(i) {
                Some(w) if w.is("[") => i = self.after_group(i),
                Some(w) if w.is_kw("alignas") || w.is_kw("attribute") => {
                    i = self.after_group(i + 1);
                }
                _ => return i,
            }
        }
    }

    /// The word after the bracket group at `i`; `i + 1` when there is none.
    fn after_group(&self, i: usize) -> usize {
        match self.partner.get(i) {
            Some(&p) if p != NONE && p as usize > i => p as usize + 1,
            _ => i + 1,
        }
    }

    fn tag(&mut self, i: usize) {
        let mut j = i + 1;
        if let Some(w) = self.words.get(j)
            && (w.is_kw("class") || w.is_kw("struct"))
        {
            j += 1;
        }
        j = self.skip_attributes(j);
        // `class T` within `template <…>` is a parameter.
        let parameter = i > 0
            && self.words[i].text == "class"
            && self
                .words
                .get(j + 1)
                .is_some_and(|w| w.is(",") || w.is(">") || w.is("=") || w.is(">>"));
        if let Some(w) = self.words.get(j)
            && w.is_name()
            && !parameter
        {
            self.globals.insert(&w.text);
        }
    }

    fn typedef(&mut self, i: usize) {
        let mut j = i + 1;
        let mut last: Option<&'a str> = None;
        while let Some(w) = self.words.get(j).filter(|_| j < i + MAX_SCAN) {
            if w.is(";") {
                break;
            }
            if w.is_name() {
                last = Some(&w.text);
            } else if w.is("(")
                && self
                    .words
                    .get(j + 1)
                    .is_some_and(|w| w.is("*") || w.is("&"))
            {
                if let Some(w) = self.words.get(j + 2)
                    && w.is_name()
                {
                    self.globals.insert(&w.text);
                    last = None;
                }
                // The rest are parameters or bounds.
                while self.words.get(j).is_some_and(|w| !w.is(";")) {
                    j = self.after_group(j);
                }
                break;
            } else if w.is(",")
                && let Some(n) = last
            {
                self.globals.insert(n);
            }
            j = if w.is("(") || w.is("[") || w.is("{") {
                self.after_group(j)
            } else if w.is("}") || w.is(")") {
                break;
            } else {
                j + 1
            };
        }
        if let Some(n) = last {
            self.globals.insert(n);
        }
    }

    fn template(&mut self, i: usize) {
        let mut j = i + 1;
        let mut scope = Scope {
            start: i,
            end: i,
            types: Vec::new(),
            values: Vec::new(),
        };
        if self.words.get(j).is_some_and(|w| w.is("<")) {
            j = self.parameters(j + 1, &mut scope);
        } else if self.words.get(j).is_none_or(|w| w.is_name()) {
            return; // `x.template f<…>`
        }
        // `template <…> template <…>`: all heads open one scope; the entity is a member.
        let mut named_inside = false;
        while self.words.get(j).is_some_and(|w| w.is_kw("template"))
            && self.words.get(j + 1).is_some_and(|w| w.is("<"))
        {
            named_inside = true;
            j = self.parameters(j + 2, &mut scope);
        }
        self.heads_until = j;
        let mut name: Option<&'a str> = None;
        let mut is_class = false;
        let mut seen_paren = named_inside;
        let mut in_head = true;
        while let Some(w) = self.words.get(j) {
            if in_head {
                self.n.in_header[j] = true;
            }
            if w.is(";") {
                j += 1;
                break;
            }
            if w.is("}") || w.is(")") || w.is("]") {
                break;
            }
            if in_head {
                if w.is_kw("struct") || w.is_kw("class") || w.is_kw("union") || w.is_kw("using") {
                    let k = self.skip_attributes(j + 1);
                    if name.is_none()
                        && !named_inside
                        && let Some(n) = self.words.get(k)
                        && n.is_name()
                    {
                        name = Some(&n.text);
                        is_class = true;
                    }
                }
                if w.is("=") || w.is("{") || w.is(":") {
                    in_head = false;
                }
                if (w.is("(") || w.is("=") || w.is("{") || w.is("<"))
                    && !seen_paren
                    && !is_class
                    && let Some(p) = self.words.get(j.wrapping_sub(1))
                    && p.is_name()
                    && !self.words.get(j.wrapping_sub(2)).is_some_and(|x| x.is("["))
                {
                    if w.is("(") {
                        self.n.fn_templates.insert(&p.text);
                        seen_paren = true;
                        in_head = false;
                    } else if !w.is("<") {
                        self.n.class_templates.insert(&p.text);
                        seen_paren = true;
                    } else {
                        name = None;
                    }
                }
            }
            if w.is("{") {
                j = self.after_group(j);
                let more = self.words.get(j).is_some_and(|w| w.is(";") || w.is(","));
                if more || is_class {
                    continue;
                }
                break;
            }
            j = if w.is("(") || w.is("[") {
                self.after_group(j)
            } else {
                j + 1
            };
            if is_class && !in_head && j > 0 && self.words[j - 1].is("}") {
                break;
            }
        }
        if let Some(n) = name
            && is_class
        {
            self.n.class_templates.insert(n);
        }
        scope.end = j.min(self.words.len());
        if !(scope.types.is_empty() && scope.values.is_empty()) {
            self.scoped.push(scope);
        }
    }

    /// Reads template parameters from `i`; the index after the closing `>`.
    fn parameters(&mut self, mut i: usize, scope: &mut Scope<'a>) -> usize {
        let mut depth = 1i32;
        let mut start = i;
        let limit = i + MAX_SCAN;
        while let Some(w) = self.words.get(i).filter(|_| i < limit) {
            if w.is("<") {
                depth += 1;
            } else if w.is(">") {
                depth -= 1;
            } else if w.is(">>") {
                depth -= 2;
            } else if w.is(";") || w.is(")") || w.is("}") {
                return i;
            }
            if depth <= 0 || (depth == 1 && w.is(",")) {
                self.parameter(start, i, scope);
                start = i + 1;
            }
            if depth <= 0 {
                return i + 1;
            }
            i = if w.is("(") || w.is("[") || w.is("{") {
                self.after_group(i)
            } else {
                i + 1
            };
        }
        i
    }

    fn parameter(&self, start: usize, end: usize, scope: &mut Scope<'a>) {
        let slice = &self.words[start..end];
        let stop = slice.iter().position(|w| w.is("=")).unwrap_or(slice.len());
        let slice = &slice[..stop];
        let Some(last) = slice.last().filter(|w| w.is_name()) else {
            return;
        };
        let named_type = slice
            .iter()
            .rev()
            .skip(1)
            .find(|w| !w.is("..."))
            .is_some_and(|w| w.is_kw("typename") || w.is_kw("class"));
        if named_type {
            scope.types.push(&last.text);
        } else if slice.len() > 1 {
            scope.values.push(&last.text);
        }
    }
}
