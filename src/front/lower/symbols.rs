//! Index of the declarations of a translation unit.
//!
//! Purpose: find declarations by name. Namespaces are kept as a path; a lookup prefers the
//! innermost enclosing namespace and otherwise takes every declaration of that name, which covers
//! `using`. Soundness direction: exact for programs that compile.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::front::ast::{
    Alias, Declarator, Enum, ExplicitInstantiation, Function, Item, ItemKind, Record,
    TemplateParam, TranslationUnit,
};
use crate::source::Span;

/// A declaration with the namespace it was found in (`a::b`, empty for the global one).
#[derive(Clone)]
pub struct Decl<'a, T> {
    /// The declaration.
    pub item: &'a T,
    /// Its namespace.
    pub ns: Rc<str>,
    /// The whole declaration.
    pub span: Span,
}

/// A variable at namespace scope.
#[derive(Clone)]
pub struct GlobalVar<'a> {
    /// The variable.
    pub decl: &'a Declarator,
    /// Parameters of a variable template.
    pub template: Option<&'a [TemplateParam]>,
    /// Its namespace.
    pub ns: Rc<str>,
}

/// All declarations by their last name.
#[derive(Default)]
pub struct Symbols<'a> {
    /// Functions and out-of-class definitions.
    pub functions: BTreeMap<&'a str, Vec<Decl<'a, Function>>>,
    /// Out-of-class member definitions by class and name.
    pub members: BTreeMap<(&'a str, &'a str), Vec<Decl<'a, Function>>>,
    /// Records, with their specialisations.
    pub records: BTreeMap<&'a str, Vec<Decl<'a, Record>>>,
    /// Aliases.
    pub aliases: BTreeMap<&'a str, Vec<Decl<'a, Alias>>>,
    /// Enumerations by name.
    pub enums: BTreeMap<&'a str, u32>,
    /// All enumerations; identities start at [`FIRST_ENUM`].
    pub enum_table: Vec<Decl<'a, Enum>>,
    /// Enumerators: enumeration and position.
    pub enumerators: BTreeMap<&'a str, (u32, usize)>,
    /// Variables.
    pub vars: BTreeMap<&'a str, Vec<GlobalVar<'a>>>,
    /// Explicit instantiations in order.
    pub instantiations: Vec<Decl<'a, ExplicitInstantiation>>,
    /// Namespaces by name.
    pub namespaces: BTreeMap<String, ()>,
}

/// The first enumeration identity that is not reserved.
pub const FIRST_ENUM: u32 = 16;

impl<'a> Symbols<'a> {
    /// Indexes a translation unit.
    pub fn new(unit: &'a TranslationUnit) -> Symbols<'a> {
        let mut s = Symbols::default();
        s.add(&unit.items, "");
        s
    }

    fn add(&mut self, items: &'a [Item], ns: &str) {
        let nsr: Rc<str> = ns.into();
        for item in items {
            let span = item.span;
            match &item.kind {
                ItemKind::Function(f) => {
                    let d = Decl {
                        item: &**f,
                        ns: nsr.clone(),
                        span,
                    };
                    let segs = &f.name.segments;
                    let name = f.name.last_name();
                    if let [.., class, _] = segs.as_slice()
                        && self.records.contains_key(class.name.as_str())
                    {
                        self.members
                            .entry((class.name.as_str(), name))
                            .or_default()
                            .push(d);
                    } else {
                        self.functions.entry(name).or_default().push(d);
                    }
                }
                ItemKind::Record(r) => {
                    self.records.entry(&r.name).or_default().push(Decl {
                        item: &**r,
                        ns: nsr.clone(),
                        span,
                    });
                }
                ItemKind::Alias(a) => {
                    self.aliases.entry(&a.name).or_default().push(Decl {
                        item: &**a,
                        ns: nsr.clone(),
                        span,
                    });
                }
                ItemKind::Enum(e) => self.add_enum(e, &nsr, span),
                ItemKind::Var(v) => {
                    for decl in &v.vars {
                        self.vars.entry(&decl.name).or_default().push(GlobalVar {
                            decl,
                            template: v.template.as_deref(),
                            ns: nsr.clone(),
                        });
                    }
                }
                ItemKind::Namespace { name, items } => {
                    let inner = if name.is_empty() {
                        ns.to_string()
                    } else if ns.is_empty() {
                        name.clone()
                    } else {
                        format!("{ns}::{name}")
                    };
                    for part in name.split("::") {
                        self.namespaces.insert(part.to_string(), ());
                    }
                    self.add(items, &inner);
                }
                ItemKind::ExplicitInstantiation(x) => self.instantiations.push(Decl {
                    item: &**x,
                    ns: nsr.clone(),
                    span,
                }),
                ItemKind::UsingNamespace(_)
                | ItemKind::UsingDecl(_)
                | ItemKind::StaticAssert(_)
                | ItemKind::Error
                | ItemKind::Empty => {}
            }
        }
    }

    /// Registers an enumeration (also used for nested ones).
    fn add_enum(&mut self, e: &'a Enum, ns: &Rc<str>, span: Span) {
        let index = self.enum_table.len() as u32;
        let id = index + FIRST_ENUM;
        if !e.name.is_empty() {
            self.enums.insert(&e.name, id);
        }
        for (i, (name, _)) in e.values.iter().enumerate() {
            self.enumerators.entry(name).or_insert((id, i));
        }
        self.enum_table.push(Decl {
            item: e,
            ns: ns.clone(),
            span,
        });
    }
}

/// The declarations of a name that a use in namespace `from`, qualified with `quals`, sees.
pub fn visible<'s, T>(
    all: &'s [T],
    ns_of: impl Fn(&T) -> &str,
    from: &str,
    quals: &[&str],
) -> Vec<&'s T> {
    if !quals.is_empty() {
        let want = quals.join("::");
        return all
            .iter()
            .filter(|d| {
                let ns = ns_of(d);
                ns == want || ns.ends_with(&format!("::{want}"))
            })
            .collect();
    }
    let mut scope = from;
    loop {
        let here: Vec<&T> = all.iter().filter(|d| ns_of(d) == scope).collect();
        if !here.is_empty() {
            return here;
        }
        match scope.rfind("::") {
            Some(i) => scope = &scope[..i],
            None if scope.is_empty() => break,
            None => scope = "",
        }
    }
    all.iter().collect()
}
