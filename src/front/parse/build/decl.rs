//! Declarations at namespace level.
//!
//! Purpose: one declaration may yield several items: the types defined in it, then what it
//! declares.

use pest::iterators::Pair;

use super::super::grammar::Rule;
use super::Builder;
use super::types::{Specs, attributed};
use crate::front::ast::{
    Alias, Declarator, Expr, ExprKind, FunctionRole, Init, Item, ItemKind, Path, TemplateParam,
    Type, TypeKind, VarDecl,
};

/// The parts of a simple declaration.
pub(super) struct Declaration {
    /// Types defined in place, then a function.
    pub items: Vec<Item>,
    /// Variables.
    pub vars: Option<VarDecl>,
}

impl Builder<'_> {
    /// Builds one item rule into `out`.
    pub(super) fn item(
        &self,
        p: Pair<Rule>,
        template: Option<Vec<TemplateParam>>,
        out: &mut Vec<Item>,
    ) {
        let span = self.span(&p);
        let kind = match p.as_rule() {
            Rule::EOI => return,
            Rule::template_item => return self.template_item(p, out),
            Rule::explicit_instantiation => self.explicit_instantiation(p),
            Rule::using_alias => self.using_alias(p, template),
            Rule::using_namespace => match self.inner_path(p) {
                Some(path) => ItemKind::UsingNamespace(path),
                None => ItemKind::Empty,
            },
            Rule::using_decl => match self.inner_path(p) {
                Some(path) => ItemKind::UsingDecl(path),
                None => ItemKind::Empty,
            },
            Rule::namespace_alias => match self.namespace_alias(p) {
                Some(kind) => kind,
                None => ItemKind::Empty,
            },
            Rule::typedef_item => return self.typedef(p, out),
            Rule::static_assert => {
                match p.into_inner().find(|e| e.as_rule() == Rule::assign_expr) {
                    Some(e) => ItemKind::StaticAssert(self.assign_expr(e)),
                    None => ItemKind::Empty,
                }
            }
            Rule::ctor_item => {
                let f = self.constructor(p, template);
                ItemKind::Function(Box::new(f))
            }
            Rule::decl_item => {
                let d = self.declaration(p, template);
                out.extend(d.items);
                match d.vars {
                    Some(v) => ItemKind::Var(Box::new(v)),
                    None => return,
                }
            }
            _ => ItemKind::Empty,
        };
        out.push(Item { kind, span });
    }

    fn namespace_alias(&self, p: Pair<Rule>) -> Option<ItemKind> {
        let (mut name, mut path) = (None, None);
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::name => name = Some(self.word(&s).to_string()),
                Rule::path => path = Some(self.path(s)),
                _ => {}
            }
        }
        Some(ItemKind::NamespaceAlias(name?, path?))
    }

    fn inner_path(&self, p: Pair<Rule>) -> Option<Path> {
        p.into_inner()
            .find(|s| s.as_rule() == Rule::path)
            .map(|s| self.path(s))
    }

    fn using_alias(&self, p: Pair<Rule>, template: Option<Vec<TemplateParam>>) -> ItemKind {
        let mut name = String::new();
        let mut ty = None;
        let mut attrs = Vec::new();
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::name => name = self.word(&s).into(),
                Rule::attribute => self.attribute(s, &mut attrs),
                Rule::type_id => ty = Some(self.type_id(s)),
                _ => {}
            }
        }
        match ty {
            Some(ty) => ItemKind::Alias(Box::new(Alias {
                template,
                name,
                ty: attributed(ty, &attrs),
                attrs,
            })),
            None => ItemKind::Empty,
        }
    }

    fn typedef(&self, p: Pair<Rule>, out: &mut Vec<Item>) {
        let span = self.span(&p);
        let mut base: Option<Type> = None;
        let mut attrs = Vec::new();
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::decl_specs => {
                    let specs = self.decl_specs(s);
                    base = specs.attributed();
                    attrs = specs.attrs;
                    out.extend(specs.inline);
                }
                Rule::param_declarator => {
                    let Some(base) = base.clone() else { continue };
                    let d = self.declarator(base, s);
                    // `typedef enum { … } E;` names the enumeration.
                    if let (TypeKind::Named(path), Some(last)) = (&d.ty.kind, out.last_mut())
                        && let ItemKind::Enum(e) = &mut last.kind
                        && e.name.contains('@')
                        && path.last_name() == e.name
                    {
                        e.name = d.name;
                        continue;
                    }
                    let ty = attributed(d.ty, &d.attrs);
                    let mut attrs = attrs.clone();
                    attrs.extend(d.attrs);
                    // `typedef struct X { … } X;` says nothing new.
                    let same = matches!(&ty.kind, TypeKind::Named(p)
                        if p.as_ident() == Some(&d.name));
                    if !same {
                        out.push(Item {
                            kind: ItemKind::Alias(Box::new(Alias {
                                template: None,
                                name: d.name,
                                ty,
                                attrs,
                            })),
                            span,
                        });
                    }
                }
                _ => {}
            }
        }
    }

    /// `decl_item`, `decl_stmt`, `cond_decl`: specifiers and what they declare.
    pub(super) fn declaration(
        &self,
        p: Pair<Rule>,
        template: Option<Vec<TemplateParam>>,
    ) -> Declaration {
        let span = self.span(&p);
        let mut d = Declaration {
            items: Vec::new(),
            vars: None,
        };
        let mut specs: Option<Specs> = None;
        let mut template = template;
        let mut vars = Vec::new();
        let mut function = None;
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::decl_specs => {
                    let mut sp = self.decl_specs(s);
                    d.items.append(&mut sp.inline);
                    specs = Some(sp);
                }
                Rule::local_function => function = s.into_inner().next_back(),
                Rule::function_rest => function = Some(s),
                Rule::init_declarator | Rule::member_declarator => {
                    if let Some(sp) = &specs {
                        vars.push(self.init_declarator(s, sp));
                    }
                }
                _ => {}
            }
        }
        let Some(specs) = specs else { return d };
        if let Some(f) = function {
            let mut f = self.function(f, &specs);
            f.template = template;
            d.items.push(Item {
                kind: ItemKind::Function(Box::new(f)),
                span,
            });
            return d;
        }
        if vars.is_empty() {
            // A definition or forward declaration of a type.
            if let Some((mut record, _)) = specs.elaborated {
                if !specs.is_friend {
                    record.template = template;
                    d.items.push(Item {
                        kind: ItemKind::Record(Box::new(record)),
                        span,
                    });
                }
                return d;
            }
            if let Some(Type {
                kind: TypeKind::Record(mut record),
                ..
            }) = specs.ty
            {
                record.attrs.extend(specs.attrs);
                d.items.push(Item {
                    kind: ItemKind::Record(record),
                    span,
                });
                return d;
            }
            if let Some(last) = d.items.last_mut() {
                last.span = span;
                match &mut last.kind {
                    ItemKind::Record(r) => {
                        r.template = template.take();
                        r.attrs.extend(specs.attrs);
                    }
                    ItemKind::Enum(_) => {}
                    _ => {}
                }
            } else {
                d.items.push(self.empty_item(span));
            }
            return d;
        }
        d.vars = Some(VarDecl {
            template,
            is_constexpr: specs.is_constexpr,
            is_static: specs.is_static,
            is_extern: specs.is_extern,
            vars,
        });
        d
    }

    fn empty_item(&self, span: crate::source::Span) -> Item {
        Item {
            kind: ItemKind::Empty,
            span,
        }
    }

    fn init_declarator(&self, p: Pair<Rule>, specs: &Specs) -> Declarator {
        let span = self.span(&p);
        let base = specs.attributed().unwrap_or(Type {
            kind: TypeKind::Auto,
            quals: specs.quals,
            span: specs.span,
        });
        let mut v = Declarator {
            ty: base,
            name: String::new(),
            attrs: specs.attrs.clone(),
            init: None,
            bits: None,
            span,
        };
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::declarator => {
                    let d = self.declarator(v.ty, s);
                    v.ty = attributed(d.ty, &d.attrs);
                    v.name = d.name;
                    v.attrs.extend(d.attrs);
                }
                Rule::bit_width => v.bits = s.into_inner().next().map(|e| self.assign_expr(e)),
                Rule::init_assign | Rule::init_paren | Rule::init_brace => {
                    v.init = self.init(s);
                }
                _ => {}
            }
        }
        v
    }

    fn init(&self, p: Pair<Rule>) -> Option<Init> {
        Some(match p.as_rule() {
            Rule::init_assign => Init::Assign(self.assign_expr(p.into_inner().next()?)),
            Rule::init_paren => Init::Paren(self.args(p)),
            _ => Init::Brace(self.brace_list(p.into_inner().next()?)),
        })
    }

    /// A name as an expression.
    pub(super) fn name_expr(&self, name: &str, span: crate::source::Span) -> Expr {
        Expr {
            kind: ExprKind::Path(self.ident_path(name, span)),
            span,
        }
    }
}

/// Whether an explicit instantiation of this shape is one of a kernel.
pub(super) fn names_kernel(specs: &Specs) -> bool {
    let by_decltype = specs
        .ty
        .as_ref()
        .is_some_and(|t| matches!(t.kind, TypeKind::Decltype(_)));
    specs.role == FunctionRole::Kernel
        || (by_decltype && specs.attrs.iter().any(|a| a.name == "host_name"))
}
