//! Names, types and declarators.
//!
//! Purpose: applies C declarators inside out, so that the tree shows what the type is.

use pest::iterators::Pair;

use super::super::grammar::Rule;
use super::super::words::Word;
use super::Builder;
use crate::front::ast::{
    AddressSpace, Attr, Expr, ExprKind, FunctionRole, Item, Path, PathSegment, Quals, Record,
    TemplateArg, Type, TypeKind,
};
use crate::source::Span;

/// What the specifiers of a declaration say.
pub(super) struct Specs {
    /// The type; `None` for constructors and the like.
    pub ty: Option<Type>,
    /// Qualifiers seen (part of `ty` already when there is one).
    pub quals: Quals,
    /// Attributes.
    pub attrs: Vec<Attr>,
    /// `constexpr`
    pub is_constexpr: bool,
    /// `static`
    pub is_static: bool,
    /// `extern`
    pub is_extern: bool,
    /// `friend`
    pub is_friend: bool,
    /// `explicit`
    pub is_explicit: bool,
    /// `virtual`
    pub is_virtual: bool,
    /// `kernel` and other stages.
    pub role: FunctionRole,
    /// Types defined in place, in order.
    pub inline: Vec<Item>,
    /// `struct X` without a body, and its path.
    pub elaborated: Option<(Record, Path)>,
    /// Where.
    pub span: Span,
}

/// A declarator applied to its type.
pub(super) struct Declared {
    /// The full type.
    pub ty: Type,
    /// The name; empty when unnamed.
    pub name: String,
    /// Attributes.
    pub attrs: Vec<Attr>,
    /// `...`
    pub pack: bool,
}

impl Specs {
    /// The type with those attributes of the specifiers that may change it.
    pub(super) fn attributed(&self) -> Option<Type> {
        self.ty.clone().map(|t| attributed(t, &self.attrs))
    }
}

/// A type with those attributes that may change it.
pub(super) fn attributed(ty: Type, attrs: &[Attr]) -> Type {
    let changing: Vec<Attr> = attrs.iter().filter(|a| !a.is_harmless()).cloned().collect();
    if changing.is_empty() {
        return ty;
    }
    Type {
        quals: ty.quals,
        span: ty.span,
        kind: TypeKind::Attributed(Box::new(ty), changing),
    }
}

impl Builder<'_> {
    pub(super) fn path(&self, p: Pair<Rule>) -> Path {
        let span = self.span(&p);
        let mut path = Path {
            global: false,
            segments: Vec::new(),
            span,
        };
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::global => path.global = true,
                Rule::segment => path.segments.push(self.segment(s)),
                _ => {}
            }
        }
        path
    }

    fn segment(&self, p: Pair<Rule>) -> PathSegment {
        let mut seg = PathSegment {
            name: String::new(),
            args: None,
            of: None,
        };
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::name => seg.name = self.word(&s).into(),
                Rule::destructor => seg.name = self.spelling(&s),
                Rule::operator_name => seg.name = self.spelling(&s),
                Rule::template_args => seg.args = Some(self.template_args(s)),
                _ => {}
            }
        }
        seg
    }

    pub(super) fn template_args(&self, p: Pair<Rule>) -> Vec<TemplateArg> {
        p.into_inner()
            .filter(|a| a.as_rule() == Rule::template_arg)
            .map(|a| self.template_arg(a))
            .collect()
    }

    fn template_arg(&self, p: Pair<Rule>) -> TemplateArg {
        let whole = self.unsupported(&p, "a pack expansion");
        let mut arg = TemplateArg::Expr(whole);
        let mut first = true;
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::type_id => arg = TemplateArg::Type(self.type_id(s)),
                Rule::path => arg = TemplateArg::Path(self.path(s)),
                Rule::assign_expr => arg = TemplateArg::Expr(self.assign_expr(s)),
                Rule::ellipsis if !first => arg = TemplateArg::Pack(Box::new(arg)),
                _ => {}
            }
            first = false;
        }
        arg
    }

    pub(super) fn named(&self, path: Path) -> Type {
        Type {
            span: path.span,
            kind: TypeKind::Named(path),
            quals: Quals::default(),
        }
    }

    /// A path of one plain name.
    pub(super) fn ident_path(&self, name: &str, span: Span) -> Path {
        Path {
            global: false,
            segments: vec![PathSegment {
                name: name.into(),
                args: None,
                of: None,
            }],
            span,
        }
    }

    /// `decl_specs`, or any sequence of specifiers.
    pub(super) fn specs<'p>(
        &self,
        pairs: impl Iterator<Item = Pair<'p, Rule>>,
        span: Span,
    ) -> Specs {
        let mut s = Specs {
            ty: None,
            quals: Quals::default(),
            attrs: Vec::new(),
            is_constexpr: false,
            is_static: false,
            is_extern: false,
            is_friend: false,
            is_explicit: false,
            is_virtual: false,
            role: FunctionRole::Plain,
            inline: Vec::new(),
            elaborated: None,
            span,
        };
        for p in pairs {
            match p.as_rule() {
                Rule::specifier => self.specifier(&p, &mut s),
                Rule::coherent => s.quals.is_coherent = true,
                Rule::attribute => self.attribute(p, &mut s.attrs),
                Rule::type_core => {
                    let ty = self.type_core(p, &mut s);
                    s.ty = Some(ty);
                }
                _ => {}
            }
        }
        for a in &s.attrs {
            match a.name.as_str() {
                "kernel" => s.role = FunctionRole::Kernel,
                "vertex" | "fragment" | "mesh" | "object" | "visible" | "stitchable"
                | "intersection" => s.role = FunctionRole::OtherStage,
                _ => {}
            }
        }
        if let Some(t) = &mut s.ty {
            t.quals = merge(t.quals, s.quals);
            t.span = span;
        }
        s
    }

    pub(super) fn specifier(&self, p: &Pair<Rule>, s: &mut Specs) {
        match self.word(p) {
            "constexpr" | "consteval" => s.is_constexpr = true,
            "static" => s.is_static = true,
            "extern" => s.is_extern = true,
            "friend" => s.is_friend = true,
            "explicit" => s.is_explicit = true,
            "virtual" => s.is_virtual = true,
            "kernel" => s.role = FunctionRole::Kernel,
            "vertex" | "fragment" => s.role = FunctionRole::OtherStage,
            w => qualifier(w, &mut s.quals),
        }
    }

    fn type_core(&self, p: Pair<'_, Rule>, specs: &mut Specs) -> Type {
        let span = self.span(&p);
        let mut kind = TypeKind::Auto;
        for s in p.into_inner() {
            kind = match s.as_rule() {
                Rule::path => TypeKind::Named(self.path(s)),
                Rule::auto_type => TypeKind::Auto,
                Rule::decltype_type => return self.decltype_type(s),
                Rule::record_spec => self.record_type(s, specs),
                Rule::enum_spec => self.enum_type(s, specs),
                _ => continue,
            };
        }
        Type {
            kind,
            quals: Quals::default(),
            span,
        }
    }

    pub(super) fn decltype_type(&self, p: Pair<Rule>) -> Type {
        let span = self.span(&p);
        let mut kind = TypeKind::Auto;
        let mut spelling = String::from("decltype");
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::expr => {
                    spelling = format!("decltype({})", self.spelling(&s));
                    kind = TypeKind::Decltype(Box::new(self.expr(s)));
                }
                // `decltype(e)::type`: the first segment is the spelling of `decltype(e)`.
                Rule::path => {
                    let mut path = self.ident_path(&spelling, span);
                    if let (TypeKind::Decltype(e), Some(first)) = (kind, path.segments.first_mut())
                    {
                        first.of = Some(e);
                    }
                    path.segments.extend(self.path(s).segments);
                    kind = TypeKind::Named(path);
                }
                _ => {}
            }
        }
        Type {
            kind,
            quals: Quals::default(),
            span,
        }
    }

    /// A type in a place that declares nothing. A record defined there stays in the type.
    pub(super) fn type_id(&self, p: Pair<'_, Rule>) -> Type {
        let span = self.span(&p);
        let mut ty: Option<Type> = None;
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::decl_specs => {
                    ty = Some(self.type_of_specs(s));
                }
                Rule::abstract_declarator => {
                    if let Some(base) = ty.take() {
                        let d = self.declarator(base, s);
                        ty = Some(attributed(d.ty, &d.attrs));
                    }
                }
                _ => {}
            }
        }
        ty.unwrap_or(Type {
            kind: TypeKind::Auto,
            quals: Quals::default(),
            span,
        })
    }

    /// The type that `decl_specs` name.
    pub(super) fn type_of_specs(&self, p: Pair<'_, Rule>) -> Type {
        let span = self.span(&p);
        self.decl_specs(p).attributed().unwrap_or(Type {
            kind: TypeKind::Auto,
            quals: Quals::default(),
            span,
        })
    }

    pub(super) fn decl_specs(&self, p: Pair<'_, Rule>) -> Specs {
        let span = self.span(&p);
        self.specs(p.into_inner(), span)
    }

    fn pointer(&self, base: Type, p: Pair<Rule>) -> (Type, Vec<Attr>) {
        let span = base.span.to(self.span(&p));
        let mut quals = Quals::default();
        let mut attrs = Vec::new();
        let mut symbol = "*";
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::ptr_symbol => symbol = self.word(&s),
                Rule::specifier => qualifier(self.word(&s), &mut quals),
                Rule::coherent => quals.is_coherent = true,
                Rule::attribute => self.attribute(s, &mut attrs),
                _ => {}
            }
        }
        let inner = Box::new(base);
        let kind = match symbol {
            "*" => TypeKind::Pointer(inner),
            "&" => TypeKind::Reference(inner, false),
            _ => TypeKind::Reference(inner, true),
        };
        (Type { kind, quals, span }, attrs)
    }

    /// Wraps `base` in the pointers among `pairs`.
    pub(super) fn pointers(&self, mut base: Type, ops: Vec<Pair<Rule>>) -> Type {
        for p in ops {
            let (ty, attrs) = self.pointer(base, p);
            base = attributed(ty, &attrs);
        }
        base
    }

    /// Applies any of the declarator rules to `base`.
    pub(super) fn declarator(&self, base: Type, p: Pair<Rule>) -> Declared {
        let empty = p.as_str().is_empty();
        let span = if empty { base.span } else { self.span(&p) };
        let mut d = Declared {
            ty: base,
            name: String::new(),
            attrs: Vec::new(),
            pack: false,
        };
        let mut suffixes = Vec::new();
        let mut inner = None;
        for s in p.into_inner() {
            match s.as_rule() {
                Rule::ptr_op => {
                    let (ty, attrs) = self.pointer(d.ty, s);
                    d.ty = ty;
                    d.attrs.extend(attrs);
                }
                Rule::paren_declarator => inner = s.into_inner().next(),
                Rule::array_suffix | Rule::fn_suffix => suffixes.push(s),
                Rule::name => d.name = self.word(&s).into(),
                Rule::declared_name => d.name = self.spelling(&s),
                Rule::ellipsis => d.pack = true,
                Rule::attribute => self.attribute(s, &mut d.attrs),
                _ => {}
            }
        }
        while let Some(s) = suffixes.pop() {
            d.ty = self.suffix(d.ty, s);
        }
        if let Some(i) = inner {
            let inside = self.declarator(d.ty, i);
            d.ty = inside.ty;
            d.name = inside.name;
            d.pack |= inside.pack;
            d.attrs.extend(inside.attrs);
        }
        d.ty.span = d.ty.span.to(span);
        d
    }

    fn suffix(&self, base: Type, p: Pair<Rule>) -> Type {
        let span = base.span.to(self.span(&p));
        let inner = Box::new(base);
        let kind = if p.as_rule() == Rule::array_suffix {
            let size = p
                .into_inner()
                .find(|s| s.as_rule() == Rule::expr)
                .map(|e| Box::new(self.expr(e)));
            TypeKind::Array(inner, size)
        } else {
            let params = p
                .into_inner()
                .find(|s| s.as_rule() == Rule::params)
                .map(|ps| self.params(ps))
                .unwrap_or_default();
            TypeKind::Function {
                ret: inner,
                params: params.into_iter().map(|p| p.ty).collect(),
            }
        };
        Type {
            kind,
            quals: Quals::default(),
            span,
        }
    }

    /// `attribute`: its parts, appended to `out`.
    pub(super) fn attribute(&self, p: Pair<Rule>, out: &mut Vec<Attr>) {
        let span = self.span(&p);
        for s in p.into_inner() {
            let args = match s.as_rule() {
                Rule::attr => {
                    out.push(self.attr(s));
                    continue;
                }
                // `alignas(e)`, `alignas(T)`
                Rule::expr => vec![self.expr(s)],
                Rule::type_id => vec![Expr {
                    span,
                    kind: ExprKind::AlignofType(Box::new(self.type_id(s))),
                }],
                _ => continue,
            };
            out.push(Attr {
                name: "alignas".into(),
                args,
                span,
            });
        }
    }

    fn attr(&self, p: Pair<Rule>) -> Attr {
        let span = self.span(&p);
        let mut attr = Attr {
            name: String::new(),
            args: Vec::new(),
            span,
        };
        for s in p.into_inner() {
            match s.as_rule() {
                // The last one: what stands before `::` is a namespace.
                Rule::attr_name => {
                    let word: &Word = &self.a.words[self.first_word(&s)];
                    let name = word.text.trim_matches('_');
                    attr.name = if name.is_empty() { &*word.text } else { name }.into();
                }
                Rule::attr_args => {
                    attr.args = s
                        .into_inner()
                        .filter(|a| a.as_rule() == Rule::arg)
                        .map(|a| self.arg(a))
                        .collect();
                }
                Rule::soup if !s.as_str().is_empty() => {
                    attr.args
                        .push(self.unsupported(&s, "an attribute argument"));
                }
                _ => {}
            }
        }
        attr
    }
}

pub(super) fn qualifier(word: &str, q: &mut Quals) {
    match word {
        "const" => q.is_const = true,
        "volatile" => q.is_volatile = true,
        "coherent" => q.is_coherent = true,
        "device" => q.space = Some(AddressSpace::Device),
        "constant" => q.space = Some(AddressSpace::Constant),
        "threadgroup" => q.space = Some(AddressSpace::Threadgroup),
        "threadgroup_imageblock" => q.space = Some(AddressSpace::ThreadgroupImageblock),
        "thread" => q.space = Some(AddressSpace::Thread),
        "object_data" | "ray_data" => q.space = Some(AddressSpace::Other),
        _ => {}
    }
}

fn merge(a: Quals, b: Quals) -> Quals {
    Quals {
        is_const: a.is_const | b.is_const,
        is_volatile: a.is_volatile | b.is_volatile,
        is_coherent: a.is_coherent | b.is_coherent,
        space: b.space.or(a.space),
    }
}
