//! Parameter packs: expansions and folds ([temp.variadic], [expr.prim.fold]).
//!
//! Purpose: a pattern is evaluated once for each element of the packs that it names, with their names bound to the
//! element, each time under a call path of its own, so that what one evaluation makes is not another's. Soundness
//! direction: exact; a pattern whose packs are not known is unsupported with all effects.

use std::collections::BTreeSet;

use crate::front::ast::{
    Expr as AExpr, ExprKind as EK, Fold, Param, Path, TemplateArg, Type, TypeKind,
};
use crate::ir::{Expr, ScalarTy};
use crate::source::Span;

use super::call::Arg;
use super::ctx::Lowerer;
use super::expr::has_effects;
use super::fold::boolc;
use super::scope::{Binding, Env};
use super::template::TArg;
use super::types::Ty;
use super::value::{Place, Value};

/// Plain names that a pattern uses; `None` where it holds what is not looked into.
pub(super) type Mentioned<'a> = Option<BTreeSet<&'a str>>;

/// Collects the names of a pattern.
#[derive(Default)]
struct Names<'a> {
    names: BTreeSet<&'a str>,
    /// There is something in it that may name anything.
    open: bool,
}

impl<'a> Names<'a> {
    fn path(&mut self, p: &'a Path) {
        for (i, s) in p.segments.iter().enumerate() {
            if i == 0 && !p.global {
                self.names.insert(&s.name);
            }
            if let Some(e) = &s.of {
                self.expr(e);
            }
            s.args.iter().flatten().for_each(|a| self.arg(a));
        }
    }

    fn arg(&mut self, a: &'a TemplateArg) {
        match a {
            TemplateArg::Type(t) => self.ty(t),
            TemplateArg::Expr(e) => self.expr(e),
            TemplateArg::Path(p) => self.path(p),
            // Its packs are expanded there.
            TemplateArg::Pack(_) => {}
        }
    }

    fn ty(&mut self, t: &'a Type) {
        match &t.kind {
            TypeKind::Named(p) => self.path(p),
            TypeKind::Auto => {}
            TypeKind::Decltype(e) => self.expr(e),
            TypeKind::Pointer(i) | TypeKind::Reference(i, _) | TypeKind::Attributed(i, _) => {
                self.ty(i);
            }
            TypeKind::Array(i, n) => {
                self.ty(i);
                n.iter().for_each(|n| self.expr(n));
            }
            TypeKind::Function { ret, params } => {
                self.ty(ret);
                params.iter().for_each(|p| self.ty(p));
            }
            TypeKind::Record(_) => self.open = true,
        }
    }

    fn expr(&mut self, e: &'a AExpr) {
        match &e.kind {
            EK::Path(p) => self.path(p),
            EK::Unary(_, a) | EK::Postfix(a, _) | EK::SizeofExpr(a) => self.expr(a),
            EK::Binary(_, a, b) | EK::Assign(_, a, b) | EK::Comma(a, b) => {
                self.expr(a);
                self.expr(b);
            }
            EK::Ternary(a, b, c) => {
                self.expr(a);
                self.expr(b);
                self.expr(c);
            }
            EK::Call(f, args) => {
                self.expr(f);
                args.iter().for_each(|a| self.expr(a));
            }
            EK::Construct { ty, args, .. } => {
                self.ty(ty);
                args.iter().for_each(|a| self.expr(a));
            }
            EK::Index(a, i) => {
                self.expr(a);
                i.iter().for_each(|a| self.expr(a));
            }
            EK::Member { base, name, .. } => {
                self.expr(base);
                for a in name.segments.iter().flat_map(|s| s.args.iter().flatten()) {
                    self.arg(a);
                }
            }
            EK::Cast(_, t, a) => {
                self.ty(t);
                self.expr(a);
            }
            EK::InitList(v) => v.iter().for_each(|a| self.expr(a)),
            EK::SizeofType(t) | EK::AlignofType(t) => self.ty(t),
            EK::Designated(_, a) => self.expr(a),
            EK::Lambda(_) | EK::Unsupported(_) => self.open = true,
            // Packs within are expanded there.
            EK::Pack(_) | EK::Fold(_) | EK::SizeofPack(_) => {}
            EK::Int { .. }
            | EK::Float { .. }
            | EK::Bool(_)
            | EK::Char(_)
            | EK::Str(_)
            | EK::Nullptr
            | EK::This => {}
        }
    }

    fn done(self) -> Mentioned<'a> {
        (!self.open).then_some(self.names)
    }
}

/// The names that an expression uses.
pub(super) fn in_expr(e: &AExpr) -> Mentioned<'_> {
    let mut n = Names::default();
    n.expr(e);
    n.done()
}

/// The names that a type uses.
pub(super) fn in_type(t: &Type) -> Mentioned<'_> {
    let mut n = Names::default();
    n.ty(t);
    n.done()
}

/// The names that a template argument uses.
pub(super) fn in_arg(a: &TemplateArg) -> Mentioned<'_> {
    let mut n = Names::default();
    n.arg(a);
    n.done()
}

impl<'a> Lowerer<'a> {
    /// The packs among some names, each with its elements as bindings.
    fn packs_of(&mut self, names: &BTreeSet<&str>) -> Vec<(String, Vec<Binding<'a>>)> {
        let mut out = Vec::new();
        for n in names {
            let elements = match self.local(n) {
                Some(Binding::Pack(v)) => v.iter().map(|a| self.targ_binding(a, None)).collect(),
                Some(Binding::Places(v)) => v.into_iter().map(Binding::Place).collect(),
                _ => continue,
            };
            out.push(((*n).to_string(), elements));
        }
        out
    }

    /// Runs `f` for each element of the packs that a pattern names; `None` where they are not known.
    pub(super) fn each_element<R>(
        &mut self,
        names: &Mentioned<'_>,
        span: Span,
        mut f: impl FnMut(&mut Self, usize) -> R,
    ) -> Option<Vec<R>> {
        let packs = self.packs_of(names.as_ref()?);
        let n = packs.first()?.1.len();
        if packs.iter().any(|(_, v)| v.len() != n) {
            return None;
        }
        let outer = self.path();
        let mut out = Vec::with_capacity(n);
        for i in 0..n {
            let mut env = Env::new();
            for (name, elements) in &packs {
                env.insert(name.clone(), elements.get(i)?.clone());
            }
            let path = self.sub_path(&format!("element {i}"), span);
            let frame = self.frames.last_mut()?;
            frame.path = path;
            frame.scopes.push(env);
            out.push(f(self, i));
            let frame = self.frames.last_mut()?;
            frame.scopes.pop();
            frame.path = outer;
        }
        Some(out)
    }

    /// The arguments that `e...` stands for.
    pub(super) fn expanded_args(&mut self, e: &'a AExpr) -> Vec<Arg<'a>> {
        let effects = has_effects(e);
        let found = self.each_element(&in_expr(e), e.span, |l, _| match l.arg(e) {
            // Later elements do not change earlier ones.
            Arg::Place(p) if effects => Arg::Place(l.freeze_place(p)),
            a => a,
        });
        found.unwrap_or_else(|| {
            self.span = e.span;
            self.unsupported("a pack expansion", true, true, Vec::new());
            Vec::new()
        })
    }

    /// A value from a list with pack expansions in it.
    pub(super) fn construct_expanded(&mut self, ty: &Ty, args: &'a [AExpr], brace: bool) -> Value {
        let args = self.args(args);
        let places: Vec<Place> = args
            .iter()
            .filter_map(|a| match a {
                Arg::Place(p) => Some(p.clone()),
                Arg::List(_) => None,
            })
            .collect();
        let all = places.len() == args.len();
        match ty {
            Ty::Record(id)
                if self
                    .recs
                    .get(*id as usize)
                    .is_some_and(|r| self.has_constructor(r.decl)) =>
            {
                let key = self.key(self.span, "%expanded");
                let p = self.construct_with(*id, args, "%expanded", key, true);
                self.settle(&p, key);
                self.unowned(ty);
                return self.load_bits(p);
            }
            // Brace elision is not looked into.
            Ty::Array(t, n)
                if all
                    && brace
                    && places.len() as u64 <= *n
                    && *n <= 4096
                    && (t.scalar().is_some() || places.iter().all(|p| p.ty() == &**t)) =>
            {
                let mut leaves = Vec::new();
                for i in 0..*n as usize {
                    let v = match places.get(i) {
                        Some(p) => self.init_from(p.clone(), t),
                        None => self.value_init(t),
                    };
                    leaves.extend(v.leaves);
                }
                return Value {
                    ty: ty.clone(),
                    leaves,
                };
            }
            Ty::Vector(s, n, _) if all => {
                let vals: Vec<Value> = places.into_iter().map(|p| self.load(p)).collect();
                return self.vector_from(ty, *s, usize::from(*n), vals);
            }
            Ty::Scalar(_) if all && places.len() <= 1 => {
                return match places.into_iter().next() {
                    Some(p) => self.init_from(p, ty),
                    None => self.zero(ty),
                };
            }
            _ if args.is_empty() => return self.value_init(ty),
            _ => {}
        }
        self.unsupported("a pack expansion in this list", true, true, Vec::new());
        self.undef(ty)
    }

    /// `sizeof...(name)`
    pub(super) fn size_of_pack(&mut self, name: &str) -> Value {
        let n = match self.local(name.trim()) {
            Some(Binding::Pack(v)) => Some(v.len()),
            Some(Binding::Places(v)) => Some(v.len()),
            _ => None,
        };
        Value::scalar(match n {
            Some(n) => Expr::constant(ScalarTy::U64, n as u64),
            None => {
                self.note(format!("`sizeof...` of `{name}`"));
                Expr::undef(ScalarTy::U64)
            }
        })
    }

    /// A fold expression ([expr.prim.fold]).
    pub(super) fn fold_expr(&mut self, fold: &'a Fold, span: Span) -> Place {
        let (pattern, init, right) = match (&fold.left, &fold.right) {
            (Some(e), None) => (e, None, true),
            (None, Some(e)) => (e, None, false),
            // Which of the two names the packs.
            (Some(a), Some(b)) => {
                let packs = in_expr(a).is_some_and(|n| !self.packs_of(&n).is_empty());
                if packs {
                    (a, Some(b), true)
                } else {
                    (b, Some(a), false)
                }
            }
            (None, None) => return self.not_folded(span),
        };
        use crate::front::ast::BinaryOp as Op;
        match fold.op {
            None => self.fold_comma(pattern, init, right, span),
            Some(op @ (Op::LogAnd | Op::LogOr)) => {
                self.fold_logical(op == Op::LogAnd, pattern, init, right, span)
            }
            Some(op) => self.fold_binary(op, pattern, init, right, span),
        }
    }

    fn not_folded(&mut self, span: Span) -> Place {
        self.span = span;
        self.unsupported("a fold expression", true, true, Vec::new());
        Place::Val(Value::scalar(Expr::undef(ScalarTy::I32)))
    }

    fn fold_comma(
        &mut self,
        pattern: &'a AExpr,
        init: Option<&'a AExpr>,
        right: bool,
        span: Span,
    ) -> Place {
        let mut last = Place::Val(Value::void());
        if let Some(i) = init.filter(|_| !right) {
            last = self.place(i);
        }
        let names = in_expr(pattern);
        let Some(mut all) = self.each_element(&names, span, |l, _| l.place(pattern)) else {
            return self.not_folded(span);
        };
        last = all.pop().unwrap_or(last);
        match init.filter(|_| right) {
            Some(i) => self.place(i),
            None => last,
        }
    }

    fn fold_binary(
        &mut self,
        op: crate::front::ast::BinaryOp,
        pattern: &'a AExpr,
        init: Option<&'a AExpr>,
        right: bool,
        span: Span,
    ) -> Place {
        let effects = has_effects(pattern) || init.is_some_and(has_effects);
        let operand = |l: &mut Self, e: &'a AExpr| {
            let p = l.place(e);
            let p = match p.ty() {
                Ty::Record(_) => p,
                _ => Place::Val(l.decay(p)),
            };
            if effects { l.freeze_place(p) } else { p }
        };
        let mut all = Vec::new();
        if let Some(i) = init.filter(|_| !right) {
            all.push(operand(self, i));
        }
        let names = in_expr(pattern);
        let Some(elements) = self.each_element(&names, span, |l, _| operand(l, pattern)) else {
            return self.not_folded(span);
        };
        all.extend(elements);
        if let Some(i) = init.filter(|_| right) {
            all.push(operand(self, i));
        }
        if right {
            all.reverse();
        }
        self.span = span;
        let mut it = all.into_iter();
        // Without elements only `&&`, `||` and `,` have a value.
        let Some(mut acc) = it.next() else {
            return self.not_folded(span);
        };
        for x in it {
            acc = match right {
                true => self.combine(op, x, acc, &[pattern]),
                false => self.combine(op, acc, x, &[pattern]),
            };
        }
        acc
    }

    fn fold_logical(
        &mut self,
        and: bool,
        pattern: &'a AExpr,
        init: Option<&'a AExpr>,
        right: bool,
        span: Span,
    ) -> Place {
        // Blocks that evaluate one operand each; an operand runs only where those before it let it.
        let mut parts = Vec::new();
        if let Some(i) = init.filter(|_| !right) {
            parts.push(self.in_block(|l| l.eval_bool(i)));
        }
        let names = in_expr(pattern);
        let elements = self.each_element(&names, span, |l, _| l.in_block(|l| l.eval_bool(pattern)));
        let Some(elements) = elements else {
            return self.not_folded(span);
        };
        parts.extend(elements);
        if let Some(i) = init.filter(|_| right) {
            parts.push(self.in_block(|l| l.eval_bool(i)));
        }
        let mut rest: Option<(Vec<crate::ir::Stmt>, Expr)> = None;
        for (mut block, e) in parts.into_iter().rev() {
            rest = Some(match rest {
                None => (block, e),
                Some(r) => {
                    let (more, e) = self.in_block(|l| l.short_circuit(and, e, r));
                    block.extend(more);
                    (block, e)
                }
            });
        }
        match rest {
            None => Place::Val(Value::scalar(boolc(and))),
            Some((block, e)) => {
                block.into_iter().for_each(|s| self.emit(s));
                Place::Val(Value::scalar(e))
            }
        }
    }

    /// The types of a parameter that is a pack; as many as there are elements.
    pub(super) fn pack_types(&mut self, p: &'a Param) -> Vec<Ty> {
        let found = self.each_element(&in_type(&p.ty), p.span, |l, _| l.parameter_type(p));
        found.unwrap_or_default()
    }

    /// Binds a parameter that is a pack to the remaining arguments.
    pub(super) fn bind_pack(&mut self, p: &'a Param, args: Vec<Arg<'a>>) {
        let mut places = Vec::new();
        let known = self.pack_types(p);
        for (i, a) in args.into_iter().enumerate() {
            let ty = match known.get(i) {
                Some(t) => t.clone(),
                None => self.resolve_type(&p.ty),
            };
            let name = format!("{}[{i}]", p.name);
            let place = self.param_place(p, &name, ty, a);
            places.push(self.qualified_param(p, place));
        }
        if !p.name.is_empty() {
            self.bind(&p.name, Binding::Places(places));
        }
    }

    /// The arguments of a template that a pack expansion stands for.
    pub(super) fn expanded_targs(&mut self, a: &'a TemplateArg) -> Vec<TArg> {
        let span = match a {
            TemplateArg::Type(t) => t.span,
            TemplateArg::Expr(e) => e.span,
            TemplateArg::Path(p) => p.span,
            TemplateArg::Pack(_) => self.span,
        };
        let found = self.each_element(&in_arg(a), span, |l, _| l.template_arg(a));
        found.unwrap_or_else(|| vec![TArg::Unknown])
    }
}
