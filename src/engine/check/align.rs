//! Which accesses of a new version stand where accesses of the old one stood.
//!
//! Accesses to threadgroup and device memory are aligned in the order of the source, as longest common subsequences of (kind, object), with what
//! is left over paired by the text of its lines. Direction: a guess at what a person meant; what rests on it is said so
//! ([`super::earlier`]), and an access that corresponds to none counts as new.

use std::collections::{BTreeMap, BTreeSet};

use super::about::{About, text_of};
use crate::ir::matching::{Stretch, stretches};
use crate::ir::{AccessKind, Kernel, Object, Space, Stmt};
use crate::prove::Race;
use crate::source::Span;

/// An access: kind, object (of the old version, where it has it), place.
type Item = (AccessKind, String, Span);

/// Places of the new version with those of the old one that they may come from.
pub struct Alignment {
    places: BTreeMap<Span, BTreeSet<Span>>,
    /// Objects of the old version by what the new one calls them.
    objects: BTreeMap<String, String>,
}

impl Alignment {
    /// Aligns two versions of a kernel.
    pub fn new(about: &About<'_>, old: &Kernel) -> Alignment {
        let objects = objects(old, about.new);
        let same = |name: &str| name.to_string();
        let renamed = |name: &str| objects.get(name).map_or_else(|| same(name), Clone::clone);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        accesses(old, &old.body, &same, &mut a);
        accesses(about.new, &about.new.body, &renamed, &mut b);
        let keys = |v: &[Item]| -> Vec<(AccessKind, String)> {
            v.iter().map(|x| (x.0, x.1.clone())).collect()
        };
        let mut places: BTreeMap<Span, BTreeSet<Span>> = BTreeMap::new();
        let (mut gone, mut come): (Vec<Item>, Vec<Item>) = (Vec::new(), Vec::new());
        for Stretch { equal, old, new } in stretches(&keys(&a), &keys(&b)) {
            let (x, y) = (
                a.get(old).unwrap_or_default(),
                b.get(new).unwrap_or_default(),
            );
            if equal {
                for (o, n) in x.iter().zip(y) {
                    places.entry(n.2).or_default().insert(o.2);
                }
            } else {
                gone.extend_from_slice(x);
                come.extend_from_slice(y);
            }
        }
        // Moved: the same words elsewhere.
        for n in &come {
            let text = text_of(&about.v.map, n.2);
            for o in &gone {
                let alike = (o.0, &o.1) == (n.0, &n.1);
                if alike && text_of(&about.v.map, about.elsewhere(o.2)) == text {
                    places.entry(n.2).or_default().insert(o.2);
                }
            }
        }
        Alignment { places, objects }
    }

    /// What the old version calls an object.
    pub fn object<'a>(&'a self, name: &'a str) -> &'a str {
        self.objects.get(name).map_or(name, String::as_str)
    }

    /// Whether two races are between accesses that correspond, of one object.
    pub fn corresponds(&self, new: (&Kernel, &Race), old: (&Kernel, &Race)) -> bool {
        let name = |k: &Kernel, r: &Race| k.objects.get(r.object as usize).map(|o| o.name.clone());
        let (Some(a), Some(b)) = (name(new.0, new.1), name(old.0, old.1)) else {
            return false;
        };
        if self.object(&a) != b {
            return false;
        }
        let [x, y] = &new.1.accesses;
        let [p, q] = &old.1.accesses;
        let from = |n: &(Span, AccessKind, _), o: &(Span, AccessKind, _)| {
            n.1 == o.1 && self.places.get(&n.0).is_some_and(|s| s.contains(&o.0))
        };
        (from(x, p) && from(y, q)) || (from(x, q) && from(y, p))
    }
}

/// Objects that have another name, where only one can be meant.
fn objects(old: &Kernel, new: &Kernel) -> BTreeMap<String, String> {
    let has = |k: &Kernel, n: &str| k.objects.iter().any(|o| o.name == n);
    let only = |k: &Kernel, other: &Kernel| -> Vec<Object> {
        let own = k.objects.iter().filter(|o| !has(other, &o.name));
        own.cloned().collect()
    };
    let (gone, come) = (only(old, new), only(new, old));
    let alike = |a: &Object, b: &Object| (a.space, &a.elem) == (b.space, &b.elem);
    // `A_tiles`, formerly `A_tile`.
    let near = |a: &Object, b: &Object| {
        alike(a, b) && (a.name.starts_with(&b.name) || b.name.starts_with(&a.name))
    };
    let mut out = BTreeMap::new();
    for n in &come {
        for like in [&near as &dyn Fn(&Object, &Object) -> bool, &alike] {
            let mut from = gone.iter().filter(|o| like(o, n));
            let rivals = come.iter().filter(|m| like(m, n)).count();
            if let (Some(o), None, 1) = (from.next(), from.next(), rivals) {
                out.entry(n.name.clone()).or_insert_with(|| o.name.clone());
            }
        }
    }
    out
}

fn accesses(k: &Kernel, list: &[Stmt], name: &dyn Fn(&str) -> String, out: &mut Vec<Item>) {
    for s in list {
        if let Some((access, kind)) = s.access()
            && let Some(o) = k.objects.get(access.object.index())
            && matches!(o.space, Space::Threadgroup | Space::Device)
        {
            out.push((kind, name(&o.name), access.span));
        }
        match s {
            Stmt::If { then, els, .. } => {
                accesses(k, then, name, out);
                accesses(k, els, name, out);
            }
            Stmt::Loop {
                header, body, step, ..
            } => {
                for part in [header, body, step] {
                    accesses(k, part, name, out);
                }
            }
            Stmt::Region { body, .. } => accesses(k, body, name, out),
            _ => {}
        }
    }
}
