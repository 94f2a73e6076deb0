//! Functions and their parameters.
//!
//! Purpose: gathers what stands before, in and after the parameter list into one node.

use pest::iterators::Pair;

use super::super::grammar::Rule;
use super::Builder;
use super::types::{Specs, attributed, qualifier};
use crate::front::ast::{Function, FunctionRole, MemberInit, Param, Path, Quals, Type, TypeKind};

impl Builder<'_> {
    /// `function_rest` with the specifiers before it.
    pub(super) fn function(&self, p: Pair<Rule>, specs: &Specs) -> Function {
        let mut ops = Vec::new();
        let mut rest = Vec::new();
        for s in p.into_inner() {
            if s.as_rule() == Rule::ptr_op {
                ops.push(s);
            } else {
                rest.push(s);
            }
        }
        let mut f = self.blank(specs);
        f.ret = specs.attributed().map(|t| self.pointers(t, ops));
        self.finish(&mut f, rest);
        f
    }

    /// `ctor_item`.
    pub(super) fn constructor(
        &self,
        p: Pair<Rule>,
        template: Option<Vec<crate::front::ast::TemplateParam>>,
    ) -> Function {
        let span = self.span(&p);
        let pairs: Vec<Pair<Rule>> = p.into_inner().collect();
        let head = pairs
            .iter()
            .position(|s| s.as_rule() == Rule::path)
            .unwrap_or(0);
        let specs = self.specs(pairs[..head].iter().cloned(), span);
        let mut f = self.blank(&specs);
        f.template = template;
        f.ret = pairs.get(head).and_then(|p| self.conversion_type(p));
        self.finish(&mut f, pairs[head..].to_vec());
        f
    }

    /// The target of `operator T`.
    fn conversion_type(&self, path: &Pair<Rule>) -> Option<Type> {
        let segment = path
            .clone()
            .into_inner()
            .filter(|s| s.as_rule() == Rule::segment)
            .last()?;
        let op = segment.into_inner().next()?;
        if op.as_rule() != Rule::operator_name {
            return None;
        }
        let conversion = op.into_inner().find(|c| c.as_rule() == Rule::conversion)?;
        let mut ty = None;
        let mut ops = Vec::new();
        for s in conversion.into_inner() {
            match s.as_rule() {
                Rule::decl_specs => ty = Some(self.type_of_specs(s)),
                Rule::ptr_op => ops.push(s),
                _ => {}
            }
        }
        Some(self.pointers(ty?, ops))
    }

    fn blank(&self, specs: &Specs) -> Function {
        Function {
            template: None,
            attrs: specs.attrs.clone(),
            role: specs.role,
            is_constexpr: specs.is_constexpr,
            is_static: specs.is_static || specs.is_friend,
            is_friend: specs.is_friend,
            is_explicit: specs.is_explicit,
            is_virtual: specs.is_virtual,
            ref_qual: None,
            ret: None,
            name: Path {
                global: false,
                segments: Vec::new(),
                span: specs.span,
            },
            name_span: specs.span,
            params: Vec::new(),
            this_quals: Quals::default(),
            inits: Vec::new(),
            body: None,
            defaulted_or_deleted: false,
            is_deleted: false,
        }
    }

    fn finish(&self, f: &mut Function, pairs: Vec<Pair<Rule>>) {
        for s in pairs {
            match s.as_rule() {
                Rule::path => {
                    f.name_span = self.span(&s);
                    f.name = self.path(s);
                }
                Rule::params => f.params = self.params(s),
                Rule::specifier => match self.word(&s) {
                    "constexpr" => f.is_constexpr = true,
                    w => qualifier(w, &mut f.this_quals),
                },
                Rule::coherent => f.this_quals.is_coherent = true,
                Rule::attribute => self.attribute(s, &mut f.attrs),
                Rule::trailing_ret => {
                    f.ret = s
                        .into_inner()
                        .find(|t| t.as_rule() == Rule::type_id)
                        .map(|t| self.type_id(t));
                }
                Rule::fn_default => {
                    f.defaulted_or_deleted = true;
                    f.is_deleted = self.word(&s) == "=" && self.spelling(&s).contains("delete");
                }
                Rule::ref_qual => f.ref_qual = Some(self.word(&s) == "&&"),
                Rule::ctor_inits => {
                    f.inits = s
                        .into_inner()
                        .filter(|i| i.as_rule() == Rule::ctor_init)
                        .map(|i| self.ctor_init(i))
                        .collect();
                }
                Rule::block => f.body = Some(self.block(s)),
                _ => {}
            }
        }
        if f.attrs.iter().any(|a| a.name == "kernel") {
            f.role = FunctionRole::Kernel;
        }
    }

    fn ctor_init(&self, p: Pair<Rule>) -> MemberInit {
        let span = self.span(&p);
        let mut init = MemberInit {
            name: Path {
                global: false,
                segments: Vec::new(),
                span,
            },
            args: self.args(p.clone()),
            span,
        };
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::path => init.name = self.path(s),
                Rule::brace_list => init.args = self.brace_list(s),
                _ => {}
            }
        }
        init
    }

    /// `params`; `(void)` is none.
    pub(super) fn params(&self, p: Pair<Rule>) -> Vec<Param> {
        let mut out = Vec::new();
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::param => out.push(self.param(s)),
                Rule::ellipsis => {
                    let span = self.span(&s);
                    out.push(Param {
                        ty: self.named(self.ident_path("...", span)),
                        name: String::new(),
                        attrs: Vec::new(),
                        default: None,
                        pack: true,
                        span,
                    });
                }
                _ => {}
            }
        }
        let only_void = matches!(out.as_slice(), [one] if one.name.is_empty()
            && matches!(&one.ty.kind, TypeKind::Named(p) if p.as_ident() == Some("void")));
        if only_void {
            out.clear();
        }
        out
    }

    fn param(&self, p: Pair<Rule>) -> Param {
        let span = self.span(&p);
        let mut ty: Option<Type> = None;
        let mut attrs = Vec::new();
        let mut param = Param {
            ty: self.named(self.ident_path("", span)),
            name: String::new(),
            attrs: Vec::new(),
            default: None,
            pack: false,
            span,
        };
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::decl_specs => {
                    let specs = self.decl_specs(s);
                    ty = specs.attributed();
                    attrs = specs.attrs;
                }
                Rule::param_declarator => {
                    if let Some(base) = ty.take() {
                        let d = self.declarator(base, s);
                        param.ty = attributed(d.ty, &d.attrs);
                        param.name = d.name;
                        param.pack = d.pack;
                        attrs.extend(d.attrs);
                    }
                }
                Rule::assign_expr => param.default = Some(self.assign_expr(s)),
                _ => {}
            }
        }
        param.attrs = attrs;
        param
    }
}
