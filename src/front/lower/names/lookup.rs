//! Name lookup in namespaces ([basic.lookup.unqual], [basic.lookup.qual], [namespace.udir]).
//!
//! Purpose: the declarations that a name may mean at a place. Soundness direction: exact; what is
//! found in several namespaces is returned as a whole, and it is for the caller to see that it is
//! ambiguous.

use crate::front::ast::Path;

use crate::front::lower::symbols::{At, GLOBAL, Named, NsId, Symbols, What};

/// Longest chain of `using` that is followed.
const MAX_STEPS: u32 = 32;

impl<'a> Symbols<'a> {
    /// A namespace and those around it, the global one last.
    fn around(&self, ns: NsId) -> Vec<NsId> {
        let mut out = vec![ns];
        let mut at = ns;
        while at != GLOBAL {
            at = self.spaces.get(at).map_or(GLOBAL, |s| s.parent);
            out.push(at);
        }
        out
    }

    /// The innermost namespace that contains both.
    fn common(&self, a: NsId, b: NsId) -> NsId {
        let around = self.around(a);
        self.around(b)
            .into_iter()
            .find(|n| around.contains(n))
            .unwrap_or(GLOBAL)
    }

    /// A namespace with the inline namespaces in it.
    pub fn with_inline(&self, ns: NsId) -> Vec<NsId> {
        let mut out = vec![ns];
        let mut i = 0;
        while let Some(&n) = out.get(i) {
            let inner = self.spaces.get(n).map_or(&[][..], |s| &s.inner);
            out.extend(
                inner
                    .iter()
                    .filter(|x| !out.contains(x))
                    .copied()
                    .collect::<Vec<_>>(),
            );
            i += 1;
        }
        out
    }

    /// What a namespace itself declares of a name before `order`, `using` declarations followed.
    fn direct(&self, ns: NsId, name: &str, order: u32, scopes: bool, depth: u32) -> Vec<Named<'a>> {
        let mut out = Vec::new();
        for n in self.with_inline(ns) {
            let all = self.spaces.get(n).and_then(|s| s.names.get(name));
            for e in all.into_iter().flatten().filter(|e| e.at.order <= order) {
                match e.what {
                    What::Using(p) => out.extend(self.target(p, e.at, scopes, depth)),
                    What::NamespaceAlias(p) => {
                        if let Some(ns) = self.namespace_at(p, e.at, depth + 1) {
                            let what = What::Namespace(ns);
                            out.push(Named { what, ..*e });
                        }
                    }
                    _ if scopes && !names_scope(e.what) => {}
                    _ => out.push(*e),
                }
            }
        }
        out
    }

    /// What a `using` declaration names.
    fn target(&self, p: &Path, at: At, scopes: bool, depth: u32) -> Vec<Named<'a>> {
        let Some((last, quals)) = p.segments.split_last() else {
            return Vec::new();
        };
        if depth > MAX_STEPS {
            return Vec::new();
        }
        let (ns, at) = (self.through(p.global, quals, at, depth + 1), at);
        match ns {
            Some(ns) => self.qualified_in(ns, &last.name, at.order, scopes, depth + 1),
            None => Vec::new(),
        }
    }

    /// The namespace that segments name, seen from a place.
    pub fn through(
        &self,
        global: bool,
        segs: &[crate::front::ast::PathSegment],
        at: At,
        depth: u32,
    ) -> Option<NsId> {
        if depth > MAX_STEPS {
            return None;
        }
        let mut ns = if global { Some(GLOBAL) } else { None };
        for s in segs {
            let found = match ns {
                None => self.unqualified_in(&s.name, at, &[], true, depth + 1),
                Some(n) => self.qualified_in(n, &s.name, at.order, true, depth + 1),
            };
            match found.first().map(|n| n.what) {
                Some(What::Namespace(id)) => ns = Some(id),
                _ => return None,
            }
        }
        ns
    }

    /// The namespace that a path names at a place.
    pub fn namespace(&self, p: &Path, at: At) -> Option<NsId> {
        self.namespace_at(p, at, 0)
    }

    fn namespace_at(&self, p: &Path, at: At, depth: u32) -> Option<NsId> {
        self.through(p.global, &p.segments, at, depth)
    }

    /// Namespaces nominated by directives that are seen from a place: each with the namespace
    /// whose members its members are taken for.
    fn nominated(&self, at: At, extra: &[NsId]) -> Vec<(NsId, NsId)> {
        let mut out: Vec<(NsId, NsId)> = Vec::new();
        let mut open: Vec<(NsId, NsId)> = extra.iter().map(|n| (at.ns, *n)).collect();
        for s in self.around(at.ns) {
            open.extend(self.directives(s, at.order).map(|n| (s, n)));
        }
        while let Some((from, n)) = open.pop() {
            let entry = (self.common(from, n), n);
            if out.contains(&entry) {
                continue;
            }
            out.push(entry);
            for m in self.with_inline(n) {
                open.extend(self.directives(m, at.order).map(|x| (from, x)));
            }
        }
        out
    }

    fn directives(&self, ns: NsId, order: u32) -> impl Iterator<Item = NsId> + '_ {
        let all = self.spaces.get(ns).map_or(&[][..], |s| &s.directives);
        all.iter()
            .filter(move |(at, _)| *at <= order)
            .map(|(_, n)| *n)
    }

    /// Unqualified lookup ([basic.lookup.unqual]); `extra` are directives of the blocks around, and
    /// `scopes` asks for what may precede `::`.
    pub fn unqualified(&self, name: &str, at: At, extra: &[NsId], scopes: bool) -> Vec<Named<'a>> {
        self.unqualified_in(name, at, extra, scopes, 0)
    }

    fn unqualified_in(
        &self,
        name: &str,
        at: At,
        extra: &[NsId],
        scopes: bool,
        depth: u32,
    ) -> Vec<Named<'a>> {
        if depth > MAX_STEPS {
            return Vec::new();
        }
        let nominated = self.nominated(at, extra);
        for s in self.around(at.ns) {
            let mut found = self.direct(s, name, at.order, scopes, depth);
            for (_, n) in nominated.iter().filter(|(c, _)| *c == s) {
                found.extend(self.direct(*n, name, at.order, scopes, depth));
            }
            if !found.is_empty() {
                return distinct(found);
            }
        }
        Vec::new()
    }

    /// Qualified lookup in a namespace ([namespace.qual]).
    pub fn qualified(&self, ns: NsId, name: &str, order: u32, scopes: bool) -> Vec<Named<'a>> {
        self.qualified_in(ns, name, order, scopes, 0)
    }

    fn qualified_in(
        &self,
        ns: NsId,
        name: &str,
        order: u32,
        scopes: bool,
        depth: u32,
    ) -> Vec<Named<'a>> {
        let mut seen: Vec<NsId> = Vec::new();
        let mut level = vec![ns];
        let mut out = Vec::new();
        while let Some(n) = level.pop() {
            if seen.contains(&n) || depth > MAX_STEPS {
                continue;
            }
            seen.push(n);
            let found = self.direct(n, name, order, scopes, depth);
            if !found.is_empty() {
                out.extend(found);
                continue;
            }
            for m in self.with_inline(n) {
                level.extend(self.directives(m, order));
            }
        }
        distinct(out)
    }

    /// Functions of a name in an associated namespace ([basic.lookup.argdep]): directives are
    /// ignored, inline namespaces and those that they are inline in are not.
    pub fn associated(&self, ns: NsId, name: &str, order: u32) -> Vec<Named<'a>> {
        let mut top = ns;
        while self.spaces.get(top).is_some_and(|s| s.inline) {
            top = self.spaces.get(top).map_or(GLOBAL, |s| s.parent);
        }
        let mut found = self.direct(top, name, order, false, 0);
        found.retain(|n| matches!(n.what, What::Function(_)));
        distinct(found)
    }

    /// Everything of a name that a namespace declares, before and after.
    pub fn all_in(&self, ns: NsId, name: &str) -> Vec<Named<'a>> {
        let all = self.spaces.get(ns).and_then(|s| s.names.get(name));
        all.into_iter().flatten().copied().collect()
    }

    /// Whether any namespace declares a record of that name.
    pub fn knows_record(&self, name: &str) -> bool {
        self.spaces.iter().any(|s| {
            let all = s.names.get(name);
            let mut all = all.into_iter().flatten();
            all.any(|n| matches!(n.what, What::Record(_)))
        })
    }
}

/// Whether it may precede `::`.
fn names_scope(w: What<'_>) -> bool {
    matches!(
        w,
        What::Namespace(_) | What::Record(_) | What::Alias(_) | What::Enum(_)
    )
}

fn distinct(found: Vec<Named<'_>>) -> Vec<Named<'_>> {
    let mut out: Vec<Named<'_>> = Vec::new();
    for n in found {
        let same = |o: &Named<'_>| match (o.what, n.what) {
            (What::Namespace(a), What::Namespace(b)) => a == b,
            (What::Function(a), What::Function(b)) => std::ptr::eq(a, b),
            (What::Record(a), What::Record(b)) => std::ptr::eq(a, b),
            (What::Alias(a), What::Alias(b)) => std::ptr::eq(a, b),
            (What::Enum(a), What::Enum(b)) => std::ptr::eq(a, b),
            (What::Enumerator(a), What::Enumerator(b)) => std::ptr::eq(a, b),
            (What::Var(a, _), What::Var(b, _)) => std::ptr::eq(a, b),
            _ => false,
        };
        if !out.iter().any(same) {
            out.push(n);
        }
    }
    out
}
