//! Templates and explicit instantiations.
//!
//! Purpose: attaches the outermost parameter list to what it parametrises.

use pest::iterators::Pair;

use super::super::grammar::Rule;
use super::Builder;
use super::decl::names_kernel;
use crate::front::ast::{ExplicitInstantiation, Item, ItemKind, TemplateParam, TemplateParamKind};

impl Builder<'_> {
    pub(super) fn template_item(&self, p: Pair<Rule>, out: &mut Vec<Item>) {
        let span = self.span(&p);
        let start = out.len();
        let mut template = None;
        for s in p.into_inner() {
            if s.as_rule() == Rule::template_head {
                let params = self.template_params(s);
                template.get_or_insert(params);
            } else {
                self.item(s, template.take(), out);
            }
        }
        if let [one] = &mut out[start..] {
            one.span = span;
        }
    }

    fn template_params(&self, p: Pair<Rule>) -> Vec<TemplateParam> {
        p.into_inner()
            .filter(|t| t.as_rule() == Rule::tparam)
            .map(|t| self.template_param(t))
            .collect()
    }

    fn template_param(&self, p: Pair<Rule>) -> TemplateParam {
        let span = self.span(&p);
        let mut out = TemplateParam {
            name: String::new(),
            kind: TemplateParamKind::Template,
            pack: false,
            span,
        };
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::type_param => {
                    let mut default = None;
                    for t in s.into_inner() {
                        match t.as_rule() {
                            Rule::name => out.name = self.word(&t).into(),
                            Rule::ellipsis => out.pack = true,
                            Rule::type_id => default = Some(self.type_id(t)),
                            _ => {}
                        }
                    }
                    out.kind = TemplateParamKind::Type { default };
                }
                Rule::template_param => {
                    for t in s.into_inner() {
                        match t.as_rule() {
                            Rule::name => out.name = self.word(&t).into(),
                            Rule::ellipsis => out.pack = true,
                            _ => {}
                        }
                    }
                }
                Rule::value_param => {
                    let mut ty = None;
                    let mut default = None;
                    for t in s.into_inner() {
                        match t.as_rule() {
                            Rule::decl_specs => ty = Some(self.type_of_specs(t)),
                            Rule::param_declarator => {
                                if let Some(base) = ty.take() {
                                    let d = self.declarator(base, t);
                                    out.name = d.name;
                                    out.pack = d.pack;
                                    ty = Some(super::types::attributed(d.ty, &d.attrs));
                                }
                            }
                            Rule::assign_expr => default = Some(self.assign_expr(t)),
                            _ => {}
                        }
                    }
                    if let Some(ty) = ty {
                        out.kind = TemplateParamKind::Value { ty, default };
                    }
                }
                _ => {}
            }
        }
        out
    }

    pub(super) fn explicit_instantiation(&self, p: Pair<Rule>) -> ItemKind {
        let mut specs = None;
        let mut name = None;
        let mut params = None;
        let mut attrs = Vec::new();
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::decl_specs => specs = Some(self.decl_specs(s)),
                Rule::path => name = Some(self.path(s)),
                Rule::inst_params => {
                    let mut list = Vec::new();
                    for t in s.into_inner() {
                        match t.as_rule() {
                            Rule::params => list = self.params(t),
                            Rule::attribute => self.attribute(t, &mut attrs),
                            _ => {}
                        }
                    }
                    params = Some(list);
                }
                Rule::attribute => self.attribute(s, &mut attrs),
                _ => {}
            }
        }
        let Some(mut specs) = specs else {
            return ItemKind::Empty;
        };
        let is_kernel = names_kernel(&specs);
        let name = match (name, specs.elaborated) {
            (Some(n), _) => n,
            (None, Some((_, path))) => path,
            // `template struct S<int>` only; nothing else has no declarator.
            (None, None) => return ItemKind::Empty,
        };
        specs.attrs.extend(attrs);
        ItemKind::ExplicitInstantiation(Box::new(ExplicitInstantiation {
            attrs: specs.attrs,
            name,
            params,
            is_kernel,
        }))
    }
}
