//! Which declarations names and calls refer to.
//!
//! Purpose: each use in the log must be one that Clang has at that place, of the same entity. One place may have several (instances of a
//! template); ours must be among Clang's. Direction: a use for which Clang has none is counted: code that Clang does not instantiate or
//! whose tree it does not print (bounds of arrays, arguments of templates).

use std::collections::{BTreeMap, BTreeSet};

use crate::confirm::syntax::{ClangUse, Facts, Used};
use crate::front::lower::{How, Log, Use};

use super::Outcome;
use super::tokens::Tokens;

/// Clang's uses by place.
struct Index<'f> {
    names: BTreeMap<u32, Vec<&'f ClangUse>>,
    operators: BTreeMap<(u32, u32), Vec<&'f ClangUse>>,
    implicit: Vec<&'f ClangUse>,
}

impl<'f> Index<'f> {
    fn new(facts: &'f Facts) -> Index<'f> {
        let mut index = Index {
            names: BTreeMap::new(),
            operators: BTreeMap::new(),
            implicit: Vec::new(),
        };
        for u in &facts.uses {
            match u.used {
                Used::Name => index.names.entry(u.lines.1).or_default().push(u),
                Used::Operator => index.operators.entry(u.lines).or_default().push(u),
                Used::Implicit => index.implicit.push(u),
            }
        }
        index
    }

    /// Clang's uses at our place.
    fn at(&self, how: How, first: Option<u32>, last: u32) -> Vec<&'f ClangUse> {
        let (names, operators) = (&self.names, &self.operators);
        match (how, first) {
            (How::Name, _) => names.get(&last).cloned().unwrap_or_default(),
            (_, None) => Vec::new(),
            (How::Operator, Some(f)) => operators.get(&(f, last)).cloned().unwrap_or_default(),
            (How::Implicit, Some(f)) => {
                let near = |u: &&&ClangUse| u.lines.0 <= last && f <= u.lines.1;
                let named = |u: &&&ClangUse| !u.decls.is_empty();
                let all = self.implicit.iter();
                all.filter(near).filter(named).copied().collect()
            }
        }
    }
}

/// Compares all uses.
pub fn uses(tokens: &Tokens<'_>, log: &Log, facts: &Facts, out: &mut Outcome) {
    let index = Index::new(facts);
    for u in &log.uses {
        one(tokens, u, &index, facts, out);
    }
}

/// Clang's uses at our place. Our expressions have the parentheses around them, Clang's do not.
fn within_parentheses<'f>(
    tokens: &Tokens<'_>,
    u: &Use,
    index: &Index<'f>,
    last: u32,
) -> Vec<&'f ClangUse> {
    let is = |i: u32, text: &str| tokens.get(i).is_some_and(|t| &*t.text == text);
    let (mut first, mut last) = (tokens.first(u.at), last);
    loop {
        let found = index.at(u.how, first, last);
        match first {
            Some(f)
                if found.is_empty() && u.how == How::Operator && is(f, "(") && is(last, ")") =>
            {
                (first, last) = (Some(f + 1), last - 1);
            }
            _ => return found,
        }
    }
}

fn one(tokens: &Tokens<'_>, u: &Use, index: &Index<'_>, facts: &Facts, out: &mut Outcome) {
    let Some(last) = tokens.last(u.at) else {
        return out.skip("names in the expansion of a macro", 1);
    };
    let theirs = within_parentheses(tokens, u, index, last);
    if theirs.is_empty() {
        return out.skip("names that Clang's tree does not have", 1);
    }
    let entity = |line: u32| facts.entities.get(&line).copied().unwrap_or(line);
    let ours = match &u.decl {
        None => None,
        Some(d) => match tokens.name(d.span, &d.name) {
            Some(i) => Some(i),
            None => return out.skip("declarations in the expansion of a macro", 1),
        },
    };
    let same = theirs.iter().any(|t| match ours {
        None => t.decls.is_empty(),
        Some(i) => t.decls.iter().any(|d| entity(*d) == entity(i)),
    });
    if same {
        return out.agree(match u.how {
            How::Name => "names",
            How::Operator => "operators",
            How::Implicit => "constructors and conversions",
        });
    }
    let name = u.decl.as_ref().map_or("", |d| d.name.as_str());
    let we = ours.map_or_else(
        || "a function of the library".into(),
        |i| format!("`{name}` at {}", tokens.place(i)),
    );
    let all: BTreeSet<String> = theirs.iter().map(|t| said(tokens, t)).collect();
    let all: Vec<String> = all.into_iter().collect();
    out.differ(u.at, we, all.join(" or "));
}

fn said(tokens: &Tokens<'_>, u: &ClangUse) -> String {
    if u.decls.is_empty() {
        return "a declaration of the library".into();
    }
    let name = |d: &u32| tokens.get(*d).map_or("", |t| &*t.text).to_string();
    let one = |d: &u32| format!("`{}` at {}", name(d), tokens.place(*d));
    let all: Vec<String> = u.decls.iter().map(one).collect();
    all.join(" or ")
}
