//! Records and enumerations.
//!
//! Purpose: a type defined within a declaration becomes an item of its own when it has a name, so
//! that later stages meet every named type as an item.

use pest::iterators::Pair;

use super::super::grammar::Rule;
use super::Builder;
use super::types::Specs;
use crate::front::ast::{Enum, FieldFlags, Item, ItemKind, Member, Path, Record, Type, TypeKind};

impl Builder<'_> {
    /// `record_spec` as a type; a named definition goes to `specs.inline`.
    pub(super) fn record_type(&self, p: Pair<Rule>, specs: &mut Specs) -> TypeKind {
        let span = self.span(&p);
        let mut r = Record {
            template: None,
            attrs: Vec::new(),
            is_union: false,
            name: String::new(),
            specialization: None,
            bases: Vec::new(),
            members: None,
        };
        let mut path: Option<Path> = None;
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::record_key => r.is_union = self.word(&s) == "union",
                Rule::attribute => self.attribute(s, &mut r.attrs),
                Rule::path => path = Some(self.path(s)),
                Rule::bases => {
                    r.bases = s
                        .into_inner()
                        .filter(|b| b.as_rule() == Rule::base)
                        .filter_map(|b| self.base(b))
                        .collect();
                }
                Rule::record_body => r.members = Some(self.members(s)),
                _ => {}
            }
        }
        let Some(path) = path else {
            return TypeKind::Record(Box::new(r));
        };
        let names: Vec<&str> = path.segments.iter().map(|s| s.name.as_str()).collect();
        r.name = names.join("::");
        r.specialization = path.segments.last().and_then(|s| s.args.clone());
        if r.members.is_some() {
            specs.inline.push(Item {
                kind: ItemKind::Record(Box::new(r)),
                span,
            });
        } else {
            specs.elaborated = Some((r, path.clone()));
        }
        TypeKind::Named(path)
    }

    fn base(&self, p: Pair<Rule>) -> Option<Type> {
        let span = self.span(&p);
        self.specs(p.into_inner(), span).ty
    }

    fn members(&self, p: Pair<Rule>) -> Vec<Member> {
        let mut out = Vec::new();
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::rbrace | Rule::access | Rule::empty_item => {}
                Rule::decl_item => {
                    let d = self.declaration(s, None);
                    out.extend(d.items.into_iter().map(Member::Item));
                    if let Some(vars) = d.vars {
                        let flags = FieldFlags {
                            is_static: vars.is_static,
                            is_constexpr: vars.is_constexpr,
                        };
                        out.extend(
                            vars.vars
                                .into_iter()
                                .map(|v| Member::Field(Box::new(v), flags)),
                        );
                    }
                }
                _ => {
                    let mut items = Vec::new();
                    self.item(s, None, &mut items);
                    out.extend(items.into_iter().map(Member::Item));
                }
            }
        }
        out
    }

    /// `enum_spec` as a type; a definition goes to `specs.inline`.
    pub(super) fn enum_type(&self, p: Pair<Rule>, specs: &mut Specs) -> TypeKind {
        let span = self.span(&p);
        let mut e = Enum {
            name: String::new(),
            scoped: false,
            underlying: None,
            values: Vec::new(),
            places: Vec::new(),
        };
        let mut path: Option<Path> = None;
        let mut defined = false;
        let mut attrs = Vec::new();
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::enum_scoped => e.scoped = true,
                Rule::attribute => self.attribute(s, &mut attrs),
                Rule::path => path = Some(self.path(s)),
                Rule::enum_base => {
                    e.underlying = s
                        .into_inner()
                        .find(|t| t.as_rule() == Rule::type_id)
                        .map(|t| self.type_id(t));
                    defined = true;
                }
                Rule::enum_body => {
                    defined = true;
                    for v in s.into_inner() {
                        if v.as_rule() != Rule::enumerator {
                            continue;
                        }
                        e.places.push(self.span(&v));
                        let mut name = String::new();
                        let mut value = None;
                        for t in v.into_inner() {
                            match t.as_rule() {
                                Rule::name => name = self.word(&t).into(),
                                Rule::assign_expr => value = Some(self.assign_expr(t)),
                                _ => {}
                            }
                        }
                        e.values.push((name, value));
                    }
                }
                _ => {}
            }
        }
        // An attribute may change the underlying type (`packed`).
        if attrs.iter().any(|a| !a.is_harmless()) {
            let base = e
                .underlying
                .take()
                .unwrap_or_else(|| self.named(self.ident_path("int", span)));
            e.underlying = Some(super::types::attributed(base, &attrs));
        }
        // A name that no program can write, so that a variable can have the type.
        let path = path.unwrap_or_else(|| self.ident_path(&format!("enum@{}", span.start), span));
        let names: Vec<&str> = path.segments.iter().map(|s| s.name.as_str()).collect();
        e.name = names.join("::");
        if defined {
            specs.inline.push(Item {
                kind: ItemKind::Enum(Box::new(e)),
                span,
            });
        }
        TypeKind::Named(path)
    }
}
