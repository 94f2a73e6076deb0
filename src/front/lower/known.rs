//! What was found out in a pass, so that it is not found out again.
//!
//! Purpose: constants and aliases of classes and namespaces mean the same wherever they are named, and are named often.
//! Soundness direction: exact; only what depends on nothing but the declaration and the instance of its class is kept,
//! and only for the pass in which it was found.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::front::ast::{ItemKind, Member, Record};

use super::types::Ty;
use super::value::Place;

/// A declaration (its address) in an instance of a class; `u32::MAX` in a namespace.
pub type Within = (usize, u32);

/// The names that a class itself declares; `None` where they are not known without its layout.
type Names<'a> = Option<Rc<HashSet<&'a str>>>;

/// Constants, aliases and the names of members.
#[derive(Default)]
pub struct Known<'a> {
    /// Constants with their values.
    pub constants: HashMap<Within, Place>,
    /// Aliases with what they stand for.
    pub aliases: HashMap<Within, Ty>,
    members: RefCell<HashMap<usize, Names<'a>>>,
}

impl<'a> Known<'a> {
    /// Whether a class may declare a member of that name.
    pub fn may_declare(&self, r: &'a Record, name: &str) -> bool {
        let key = std::ptr::from_ref(r) as usize;
        let mut members = self.members.borrow_mut();
        let names = members.entry(key).or_insert_with(|| names_of(r));
        names.as_ref().is_none_or(|n| n.contains(name))
    }
}

fn names_of(r: &Record) -> Names<'_> {
    let mut out = HashSet::new();
    for m in r.members.iter().flatten() {
        match m {
            // Members of an anonymous member are members of the class.
            Member::Field(d, _) if d.name.is_empty() => return None,
            Member::Field(d, _) => {
                out.insert(d.name.as_str());
            }
            Member::Item(item) => match &item.kind {
                ItemKind::Function(f) => {
                    out.insert(super::class::base_name(f.name.last_name()));
                }
                ItemKind::Var(v) => out.extend(v.vars.iter().map(|d| d.name.as_str())),
                ItemKind::Alias(a) => {
                    out.insert(&a.name);
                }
                ItemKind::Record(x) if x.name.is_empty() => return None,
                ItemKind::Record(x) => {
                    out.insert(&x.name);
                }
                ItemKind::Enum(e) => {
                    out.insert(&e.name);
                    out.extend(e.values.iter().map(|(n, _)| n.as_str()));
                }
                ItemKind::UsingDecl(p) => {
                    out.insert(p.last_name());
                }
                _ => {}
            },
        }
    }
    Some(Rc::new(out))
}
