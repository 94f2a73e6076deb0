//! From written types to resolved ones.
//!
//! Purpose: names, aliases, templates and type traits in type position. Soundness direction: exact;
//! what is not understood is [`Ty::Unknown`], which makes every use of it unsupported.

use std::rc::Rc;

use crate::front::ast::{Alias, ExprKind, Path, PathSegment, TemplateArg, Type, TypeKind};
use crate::ir::ScalarTy;

use crate::front::lower::class::Own;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::scope::{Binding, Container, Env};
use crate::front::lower::symbols::{At, Named, NsId, What};
use crate::front::lower::template::TArg;
use crate::front::lower::types::{Cv, Qual, Ty, builtin_type, is_tensor, is_texture};

impl<'a> Lowerer<'a> {
    /// Resolves a type; its outermost `const` is [`Self::cv_of_type`]'s to say.
    pub fn resolve_type(&mut self, t: &'a Type) -> Ty {
        self.as_written(t).unqualified()
    }

    /// Resolves a type with its outermost `const`, as template arguments and aliases keep it.
    pub fn qualified_type(&mut self, t: &'a Type) -> Ty {
        let cv = self.cv_of_type(t);
        let ty = self.as_written(t);
        match cv {
            Cv {
                is_volatile: true, ..
            } => Ty::Unknown("volatile type".into()),
            Cv { is_const: true, .. } => ty.constant(),
            _ => ty,
        }
    }

    fn as_written(&mut self, t: &'a Type) -> Ty {
        if self.depth > 200 {
            return Ty::Unknown("type nesting".into());
        }
        self.depth += 1;
        let r = self.resolve_type_inner(t);
        self.depth -= 1;
        r
    }

    fn resolve_type_inner(&mut self, t: &'a Type) -> Ty {
        self.coherent |= t.quals.is_volatile || t.quals.is_coherent;
        match &t.kind {
            TypeKind::Named(p) => self
                .type_path(p)
                .unwrap_or_else(|| Ty::Unknown(p.last_name().into())),
            TypeKind::Auto => Ty::Unknown("auto".into()),
            TypeKind::Decltype(e) => self.type_of(e),
            TypeKind::Pointer(inner) => {
                let q = Qual {
                    space: inner.quals.space,
                    cv: self.cv_of_type(inner),
                    rvalue: false,
                };
                if let TypeKind::Function { .. } = inner.kind {
                    return Ty::Unknown("function pointer".into());
                }
                let t = self.resolve_type(inner);
                match t {
                    Ty::Unknown(n) => Ty::Unknown(n),
                    t => Ty::Pointer(Rc::new(t), q),
                }
            }
            TypeKind::Reference(inner, rvalue) => {
                let cv = self.cv_of_type(inner);
                let mut space = inner.quals.space;
                // `threadgroup T (&x)[N]` carries the space on the element.
                let mut e = &**inner;
                while let TypeKind::Array(t, _) = &e.kind {
                    e = t;
                    space = space.or(e.quals.space);
                }
                match self.resolve_type(inner) {
                    Ty::Unknown(n) => Ty::Unknown(n),
                    // References collapse ([dcl.ref]).
                    Ty::Ref(t, q) => Ty::Ref(
                        t,
                        Qual {
                            space: q.space.or(space),
                            rvalue: q.rvalue && *rvalue,
                            ..q
                        },
                    ),
                    t => Ty::Ref(
                        Rc::new(t),
                        Qual {
                            space,
                            cv,
                            rvalue: *rvalue,
                        },
                    ),
                }
            }
            TypeKind::Array(inner, n) => {
                let elem = self.resolve_type(inner);
                if let Ty::Unknown(_) = elem {
                    return elem;
                }
                match n {
                    None => Ty::Unsized(Rc::new(elem)),
                    Some(e) => match self.const_int(e) {
                        Some(v) if v >= 0 => Ty::Array(Rc::new(elem), v as u64),
                        _ => Ty::Unknown("array of non-constant size".into()),
                    },
                }
            }
            TypeKind::Function { .. } => Ty::Unknown("function".into()),
            TypeKind::Record(r) => self.declare_record(r, t.span),
            TypeKind::Attributed(inner, attrs) => self.attributed_type(inner, attrs),
        }
    }

    /// Resolves a path as a type.
    pub fn type_path(&mut self, p: &'a Path) -> Option<Ty> {
        let last = p.segments.last()?;
        // Keywords, which nothing can declare.
        if let ([_], "void" | "bool" | "int" | "float" | "short" | "char") =
            (p.segments.as_slice(), last.name.as_str())
        {
            return builtin_type(&last.name);
        }
        match self.container(p) {
            Container::Type(t) => self.member_type(&t, last, false),
            Container::Space(ns) => self.type_segment(last, Some(ns), false),
            Container::Library(_) => self.type_segment(last, None, true),
            Container::None => match self.scoped_type(last) {
                Some(t) => Some(t),
                None if self.local(&last.name).is_some() => None,
                None => self.type_segment(last, None, false),
            },
        }
    }

    /// A type that the blocks or the classes around declare.
    pub fn scoped_type(&mut self, seg: &'a PathSegment) -> Option<Ty> {
        let name = seg.name.as_str();
        match self.local(name) {
            Some(Binding::Type(t)) => return Some(t),
            Some(Binding::Template(real)) => {
                let args = self.template_args(seg.args.as_deref().unwrap_or(&[]));
                return self.named_template(&real, args);
            }
            Some(_) => return None,
            None => {}
        }
        let mut rec = self.frames.last().and_then(|f| f.record);
        while let Some(r) = rec {
            if self.class_member(r, name, true).is_some() {
                return self.member_type(&Ty::Record(r), seg, true);
            }
            if let Some(Binding::Type(t)) = self.recs.get(r as usize)?.env.get(name) {
                return Some(t.clone());
            }
            if self.injected(r, seg) {
                return Some(Ty::Record(r));
            }
            rec = self.recs.get(r as usize)?.outer;
        }
        None
    }

    /// Resolves one segment as a type that a namespace declares: `within`, or one around. With
    /// `library`, one that the file does not declare.
    pub fn type_segment(
        &mut self,
        seg: &'a PathSegment,
        within: Option<NsId>,
        library: bool,
    ) -> Option<Ty> {
        let name = seg.name.as_str();
        let found = match library {
            true => Vec::new(),
            false => self.named(name, within, false),
        };
        let types: Vec<Named<'a>> = found
            .iter()
            .filter(|n| matches!(n.what, What::Alias(_) | What::Record(_) | What::Enum(_)))
            .copied()
            .collect();
        if let Some(first) = types.first() {
            // Of one namespace they declare one thing; of several they are different things.
            if types.iter().any(|n| n.at.ns != first.at.ns) {
                return Some(Ty::Unknown(format!("ambiguous `{name}`").into()));
            }
            let last = types.last().unwrap_or(first);
            return match last.what {
                What::Alias(a) => self.alias(a, seg, None, last.at),
                What::Enum(e) => Some(self.enumeration(e, last.at, None)),
                _ => {
                    let args = seg.args.as_deref().map(|a| self.template_args(a));
                    self.instantiate_named(name, args, last.at.ns)
                }
            };
        }
        if !found.is_empty() {
            return None;
        }
        if let Some(args) = &seg.args {
            // `numeric_limits<T>` inherits what a file specialises for its own types.
            let own = "_numeric_limits_impl";
            if name == "numeric_limits"
                && let Some(n) = self.named(own, within, false).first()
            {
                let ns = n.at.ns;
                let args = self.template_args(args);
                return self.instantiate_named(own, Some(args), ns);
            }
            return self.builtin_template(name, args);
        }
        builtin_type(name)
    }

    fn named_template(&mut self, name: &str, args: Vec<TArg>) -> Option<Ty> {
        let (ns, name) = name.split_once(':')?;
        self.instantiate_named(name, Some(args), ns.parse().ok()?)
    }

    fn alias(
        &mut self,
        a: &'a Alias,
        seg: &'a PathSegment,
        rec: Option<u32>,
        at: At,
    ) -> Option<Ty> {
        let mut env = Env::new();
        let key = (std::ptr::from_ref(a) as usize, rec.unwrap_or(u32::MAX));
        if let Some(params) = &a.template {
            let args = self.template_args(seg.args.as_deref().unwrap_or(&[]));
            let given = Self::positional(params, &args)?;
            env = self.template_env(params, &given, rec, at)?.0;
        } else if let Some(t) = self.known.aliases.get(&key) {
            return Some(t.clone());
        }
        let t = self.with_env(env, rec, at, |l| {
            let t = l.qualified_type(&a.ty);
            l.realigned(t, &a.attrs)
        });
        if a.template.is_none() && self.log.is_none() && !matches!(t, Ty::Unknown(_)) {
            self.known.aliases.insert(key, t.clone());
        }
        Some(t)
    }

    /// A type that is a member of another: `T::U`; from within the class (`here`), dependent bases
    /// are not looked into.
    pub fn member_type(&mut self, t: &Ty, seg: &'a PathSegment, here: bool) -> Option<Ty> {
        let name = seg.name.as_str();
        let Ty::Record(id) = t else {
            return match (name, t) {
                ("type", _) => Some(t.clone()),
                // `matmul2d_descriptor::mode`
                (_, Ty::Opaque(n)) if is_tensor(n) => Some(t.clone()),
                (_, Ty::Unknown(_)) => Some(t.clone()),
                _ => None,
            };
        };
        let Some((at, own)) = self.class_member(*id, name, here) else {
            if self.injected(*id, seg) {
                return Some(t.clone());
            }
            return None;
        };
        let from = self.recs.get(at as usize)?.at;
        match own {
            Own::Alias(a) => self.alias(a, seg, Some(at), from),
            Own::Enum(e) => Some(self.enumeration(e, from, Some(at))),
            Own::Record(r, span) => {
                let mut env = Env::new();
                let mut targs = Vec::new();
                if let Some(params) = &r.template {
                    let args = self.template_args(seg.args.as_deref().unwrap_or(&[]));
                    let given = Self::positional(params, &args)?;
                    (env, targs) = self.template_env(params, &given, Some(at), from)?;
                }
                Some(self.instantiate(r, span, env, targs, Some(at), from))
            }
            _ => None,
        }
    }

    fn builtin_template(&mut self, name: &str, args: &'a [TemplateArg]) -> Option<Ty> {
        let written = args.get(1).is_some_and(may_write);
        let args = self.template_args(args);
        let whole = |i: usize| match args.get(i) {
            Some(TArg::Ty(t)) => Some(t.clone()),
            _ => None,
        };
        let ty = |i: usize| whole(i).map(Ty::unqualified);
        let val = |i: usize| match args.get(i) {
            Some(TArg::Val(_, v)) => Some(*v),
            _ => None,
        };
        let elem = |i: usize| ty(i).and_then(|t| t.scalar());
        let dim = |i: usize| val(i).and_then(|v| u8::try_from(v).ok());
        Some(match name {
            "vec" => Ty::vector(elem(0)?, dim(1).filter(|n| matches!(n, 1..=4 | 8 | 16))?),
            // It behaves as its argument; that it is uniform is a promise that no proof rests on.
            "uniform" => ty(0)?,
            "packed_vec" => Ty::Vector(elem(0)?, dim(1).filter(|n| (2..=4).contains(n))?, true),
            "matrix" => Ty::Matrix(elem(0)?, dim(1)?, dim(2)?),
            "simdgroup_matrix" if val(1) == Some(8) && val(2) == Some(8) => Ty::Simdgroup(elem(0)?),
            "atomic" | "_atomic" => Ty::Atomic(elem(0)?),
            "array" => match ty(0)? {
                t @ (Ty::Opaque(_) | Ty::Texture(..)) => t,
                t => Ty::Array(Rc::new(t), val(1)?),
            },
            "conditional" | "conditional_t" => {
                if val(0)? != 0 {
                    whole(1)?
                } else {
                    whole(2)?
                }
            }
            "enable_if" | "enable_if_t" => match val(0) {
                Some(v) if v != 0 => whole(1).unwrap_or(Ty::Void),
                _ => Ty::Unknown("enable_if".into()),
            },
            "remove_reference" | "remove_reference_t" => match whole(0)? {
                Ty::Ref(t, q) if q.cv.is_const => (*t).clone().constant(),
                Ty::Ref(t, _) => (*t).clone(),
                t => t,
            },
            "remove_addrspace_t" | "type_identity_t" | "type_identity" | "remove_volatile_t" => {
                whole(0)?
            }
            "add_const" | "add_const_t" => ty(0)?.constant(),
            "remove_cv" | "remove_cv_t" | "remove_const" | "remove_const_t" => ty(0)?,
            "remove_cvref_t" | "decay" | "decay_t" => ty(0)?.strip_ref().clone(),
            "remove_pointer" | "remove_pointer_t" => match ty(0)? {
                Ty::Pointer(t, _) => (*t).clone(),
                t => t,
            },
            "make_unsigned" | "make_unsigned_t" | "make_signed" | "make_signed_t" => {
                let unsigned = name.starts_with("make_u");
                let conv = |s: ScalarTy| match (s.size(), unsigned) {
                    (1, true) => ScalarTy::U8,
                    (2, true) => ScalarTy::U16,
                    (4, true) => ScalarTy::U32,
                    (8, true) => ScalarTy::U64,
                    (1, false) => ScalarTy::I8,
                    (2, false) => ScalarTy::I16,
                    (4, false) => ScalarTy::I32,
                    _ => ScalarTy::I64,
                };
                match ty(0)? {
                    Ty::Vector(s, n, p) => Ty::Vector(conv(s), n, p),
                    t => Ty::Scalar(conv(t.scalar()?)),
                }
            }
            "void_t" => Ty::Void,
            "underlying_type_t" => Ty::Scalar(elem(0)?),
            n if is_texture(n) => Ty::Texture(n.into(), elem(0)?, written),
            "imageblock"
            | "visible_function_table"
            | "intersection_function_table"
            | "acceleration_structure"
            | "mesh"
            | "patch_control_point" => Ty::Opaque(name.into()),
            n => return crate::front::lower::builtins::tensor::of(n, &args),
        })
    }

    /// Evaluates a standard type trait: `is_same_v<A, B>`, `is_integral<T>::value`.
    pub fn bool_trait(&mut self, p: &'a Path) -> Option<bool> {
        let seg = match p.segments.as_slice() {
            [.., s, last] if last.name == "value" && s.args.is_some() => s,
            [.., last] => last,
            [] => return None,
        };
        let name = seg.name.strip_suffix("_v").unwrap_or(&seg.name);
        let simd_type = matches!(name, "__is_valid_simdgroup_type");
        if !name.starts_with("is_") && !simd_type {
            return None;
        }
        let args = self.template_args(seg.args.as_deref()?);
        let whole = match args.first()? {
            TArg::Ty(t) => t.clone(),
            _ => return None,
        };
        let bare = whole.clone().unqualified();
        let t = bare.strip_ref();
        let s = match t {
            Ty::Scalar(s) => Some(*s),
            _ => None,
        };
        let other = match args.get(1) {
            Some(TArg::Ty(t)) => Some(t.clone()),
            _ => None,
        };
        Some(match name {
            "__is_valid_simdgroup_type" => t.element().is_some_and(|s| s.size() <= 4),
            "is_same" => match (whole.strip_ref(), other?.strip_ref()) {
                (Ty::Unknown(_), _) | (_, Ty::Unknown(_)) => return None,
                (a, b) => crate::front::lower::overload::same_type(a, b),
            },
            "is_const" => matches!(whole, Ty::Const(_)),
            "is_integral" => s.is_some_and(|s| !s.is_float()),
            "is_floating_point" => s.is_some_and(ScalarTy::is_float),
            "is_arithmetic" | "is_scalar" => s.is_some(),
            "is_signed" => s.is_some_and(|s| s.is_signed() || s.is_float()),
            "is_unsigned" => s.is_some_and(|s| !s.is_signed() && !s.is_float()),
            "is_pointer" => matches!(t, Ty::Pointer(..)),
            "is_array" => matches!(t, Ty::Array(..) | Ty::Unsized(_)),
            "is_vector" => matches!(t, Ty::Vector(..)),
            "is_enum" => matches!(t, Ty::Enum(..)),
            "is_class" => matches!(t, Ty::Record(_)),
            "is_void" => *t == Ty::Void,
            "is_convertible" => self.convertible(t, &other?.unqualified()).is_some(),
            "is_base_of" => match (t, other?.unqualified()) {
                (Ty::Record(a), Ty::Record(b)) => self.is_base(*a, b),
                _ => false,
            },
            _ => return None,
        })
    }

    /// Whether record `a` is `b` or one of its bases.
    pub fn is_base(&self, a: u32, b: u32) -> bool {
        a == b
            || self
                .recs
                .get(b as usize)
                .is_some_and(|r| r.bases.iter().any(|(x, _)| self.is_base(a, *x)))
    }
}

/// Whether the access of a texture, its second template argument, lets kernels write it; one that
/// is not understood does.
fn may_write(a: &TemplateArg) -> bool {
    let path = match a {
        TemplateArg::Path(p) => Some(p),
        TemplateArg::Expr(e) => match &e.kind {
            ExprKind::Path(p) => Some(p),
            _ => None,
        },
        TemplateArg::Type(t) => match &t.kind {
            TypeKind::Named(p) => Some(p),
            _ => None,
        },
        TemplateArg::Pack(_) => None,
    };
    !path.is_some_and(|p| {
        let scoped = matches!(p.segments.as_slice(), [.., s, _] if s.name == "access");
        scoped && matches!(p.last_name(), "sample" | "read")
    })
}
