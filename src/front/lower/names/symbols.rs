//! The scope tree of a translation unit: namespaces, and what each of them declares.
//!
//! Purpose: every declaration at namespace scope, in the namespace it is in and with its position, so
//! that a lookup sees exactly what was declared before it ([basic.scope.namespace],
//! [basic.scope.pdecl]). Lookups are in `lookup`. Soundness direction: exact.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::front::ast::{
    Alias, Declarator, Enum, ExplicitInstantiation, Function, Item, ItemKind, Path, Record,
    TemplateParam, TranslationUnit,
};
use crate::source::Span;

use super::hides::Hides;

/// A namespace; 0 is the global one.
pub type NsId = usize;

/// The global namespace.
pub const GLOBAL: NsId = 0;

/// A place of the program that names are looked up from: the namespace around it, and how many
/// declarations there are before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// The innermost namespace.
    pub ns: NsId,
    /// The number of the declaration it is in; what has a greater number is not declared yet.
    pub order: u32,
}

/// A declaration with where it is.
#[derive(Clone)]
pub struct Decl<'a, T> {
    /// The declaration.
    pub item: &'a T,
    /// Where it is.
    pub at: At,
    /// The whole declaration.
    pub span: Span,
}

/// A variable at namespace scope.
#[derive(Clone, Copy)]
pub struct GlobalVar<'a> {
    /// The variable.
    pub decl: &'a Declarator,
    /// Parameters of a variable template.
    pub template: Option<&'a [TemplateParam]>,
    /// Where it is.
    pub at: At,
}

/// What a name of a namespace is.
#[derive(Clone, Copy)]
pub enum What<'a> {
    /// A function.
    Function(&'a Function),
    /// A record, perhaps a template or a specialisation of one.
    Record(&'a Record),
    /// An alias.
    Alias(&'a Alias),
    /// An enumeration.
    Enum(&'a Enum),
    /// An enumerator of an unscoped enumeration.
    Enumerator(&'a Enum),
    /// A variable.
    Var(&'a Declarator, Option<&'a [TemplateParam]>),
    /// A namespace.
    Namespace(NsId),
    /// `namespace a = b;`
    NamespaceAlias(&'a Path),
    /// `using a::b;`
    Using(&'a Path),
}

/// One declaration of a name.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    /// What is declared.
    pub what: What<'a>,
    /// Where.
    pub at: At,
    /// The whole declaration.
    pub span: Span,
}

/// A namespace.
#[derive(Default)]
pub struct Space<'a> {
    /// The namespace around it (the global one is its own).
    pub parent: NsId,
    /// Its members are members of the one around it, too: `inline`, or without a name.
    pub inline: bool,
    /// What it declares.
    pub names: BTreeMap<&'a str, Vec<Named<'a>>>,
    /// `using namespace` directives: since which declaration, and the namespace.
    pub directives: Vec<(u32, NsId)>,
    /// Inline namespaces in it.
    pub inner: Vec<NsId>,
}

/// All declarations.
pub struct Symbols<'a> {
    /// Namespaces.
    pub spaces: Vec<Space<'a>>,
    /// Definitions of members outside of their class: its namespace, its classes, the name.
    pub members: BTreeMap<(NsId, String, &'a str), Vec<Decl<'a, Function>>>,
    /// Explicit instantiations in order.
    pub instantiations: Vec<Decl<'a, ExplicitInstantiation>>,
    /// Kernels and other functions with a body, in order.
    pub bodies: Vec<Decl<'a, Function>>,
    /// Names that items with errors may declare, wherever those stand.
    pub broken: BTreeSet<&'a str>,
    directives: Vec<(At, &'a Path)>,
    count: u32,
    /// Every name that a namespace declares.
    declared: HashSet<&'a str>,
    items: &'a [Item],
    hides: std::cell::OnceCell<Hides>,
}

/// The first enumeration identity that is not reserved.
pub const FIRST_ENUM: u32 = 16;

impl<'a> Symbols<'a> {
    /// Indexes a translation unit.
    pub fn new(unit: &'a TranslationUnit) -> Symbols<'a> {
        let mut s = Symbols {
            spaces: vec![Space::default()],
            members: BTreeMap::new(),
            instantiations: Vec::new(),
            bodies: Vec::new(),
            broken: BTreeSet::new(),
            directives: Vec::new(),
            count: 0,
            declared: HashSet::new(),
            items: &unit.items,
            hides: std::cell::OnceCell::new(),
        };
        let mut outside = Vec::new();
        s.add(&unit.items, GLOBAL, &mut outside);
        // Each is looked up with those before it.
        for (at, path) in std::mem::take(&mut s.directives) {
            if let Some(ns) = s.namespace(path, at)
                && let Some(space) = s.spaces.get_mut(at.ns)
            {
                space.directives.push((at.order, ns));
            }
        }
        for d in outside {
            s.place_member(d);
        }
        s
    }

    /// Whether any namespace declares a name.
    pub fn declares(&self, name: &str) -> bool {
        self.declared.contains(name)
    }

    /// Which functions may come to a barrier.
    pub fn hides(&self) -> &Hides {
        self.hides.get_or_init(|| Hides::of(self.items))
    }

    fn add(&mut self, items: &'a [Item], ns: NsId, outside: &mut Vec<Decl<'a, Function>>) {
        for item in items {
            let span = item.span;
            self.count += 1;
            let at = At {
                ns,
                order: self.count,
            };
            match &item.kind {
                ItemKind::Function(f) => {
                    let d = Decl {
                        item: &**f,
                        at,
                        span,
                    };
                    if f.body.is_some() {
                        self.bodies.push(d.clone());
                    }
                    if f.name.segments.len() > 1 {
                        outside.push(d);
                    } else {
                        self.declare(ns, f.name.last_name(), What::Function(f), at, span);
                    }
                }
                ItemKind::Record(r) => self.declare(ns, &r.name, What::Record(r), at, span),
                ItemKind::Alias(a) => self.declare(ns, &a.name, What::Alias(a), at, span),
                ItemKind::Enum(e) => {
                    self.declare(ns, &e.name, What::Enum(e), at, span);
                    if !e.scoped {
                        for (name, _) in &e.values {
                            self.declare(ns, name, What::Enumerator(e), at, span);
                        }
                    }
                }
                ItemKind::Var(v) => {
                    let template = v.template.as_deref();
                    for d in &v.vars {
                        self.declare(ns, &d.name, What::Var(d, template), at, span);
                    }
                }
                ItemKind::Namespace {
                    name,
                    is_inline,
                    items,
                } => {
                    let mut inner = ns;
                    let mut parts = name.split("::").peekable();
                    while let Some(part) = parts.next() {
                        let inline = part.is_empty() || (*is_inline && parts.peek().is_none());
                        inner = self.open(inner, part, inline, at, span);
                    }
                    self.add(items, inner, outside);
                }
                ItemKind::NamespaceAlias(name, path) => {
                    self.declare(ns, name, What::NamespaceAlias(path), at, span);
                }
                ItemKind::UsingNamespace(path) => {
                    self.directives.push((at, path));
                }
                ItemKind::UsingDecl(path) => {
                    self.declare(ns, path.last_name(), What::Using(path), at, span);
                }
                ItemKind::ExplicitInstantiation(x) => self.instantiations.push(Decl {
                    item: &**x,
                    at,
                    span,
                }),
                ItemKind::Error(names) => {
                    self.broken.extend(names.iter().map(String::as_str));
                }
                ItemKind::StaticAssert(_) | ItemKind::Empty => {}
            }
        }
    }

    fn declare(&mut self, ns: NsId, name: &'a str, what: What<'a>, at: At, span: Span) {
        self.declared.insert(name);
        if let Some(s) = self.spaces.get_mut(ns) {
            let list = s.names.entry(name).or_default();
            list.push(Named { what, at, span });
        }
    }

    /// The namespace of that name in `parent`, made where it is new.
    fn open(&mut self, parent: NsId, name: &'a str, inline: bool, at: At, span: Span) -> NsId {
        let known = self.spaces.get(parent).and_then(|s| s.names.get(name));
        let known = known.into_iter().flatten().find_map(|n| match n.what {
            What::Namespace(id) => Some(id),
            _ => None,
        });
        if let Some(id) = known {
            return id;
        }
        let id = self.spaces.len();
        self.spaces.push(Space {
            parent,
            inline,
            ..Space::default()
        });
        self.declare(parent, name, What::Namespace(id), at, span);
        if inline && let Some(s) = self.spaces.get_mut(parent) {
            s.inner.push(id);
        }
        id
    }

    /// Puts a definition `A::f` to the class or namespace that `A` names ([class.mfct]).
    fn place_member(&mut self, d: Decl<'a, Function>) {
        let Some((last, quals)) = d.item.name.segments.split_last() else {
            return;
        };
        let mut ns = if d.item.name.global {
            Some(GLOBAL)
        } else {
            None
        };
        let mut classes: Vec<&str> = Vec::new();
        for q in quals {
            if !classes.is_empty() {
                classes.push(&q.name);
                continue;
            }
            let found = match ns {
                None => self.unqualified(&q.name, d.at, &[], true),
                Some(ns) => self.qualified(ns, &q.name, d.at.order, true),
            };
            match found.first().map(|n| (n.what, n.at.ns)) {
                Some((What::Namespace(id), _)) => ns = Some(id),
                Some((What::Record(_), at)) => {
                    ns = Some(at);
                    classes.push(&q.name);
                }
                // Its declaration has no body then.
                _ => return,
            }
        }
        let ns = ns.unwrap_or(d.at.ns);
        if classes.is_empty() {
            // A function of a namespace, defined outside of it: it is looked up in from there.
            let at = At {
                ns,
                order: d.at.order,
            };
            self.declare(ns, &last.name, What::Function(d.item), at, d.span);
            return;
        }
        let at = At {
            ns,
            order: d.at.order,
        };
        let key = (ns, classes.join("::"), last.name.as_str());
        let moved = Decl { at, ..d };
        self.members.entry(key).or_default().push(moved);
    }
}
