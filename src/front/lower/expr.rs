//! Expressions.
//!
//! Purpose: evaluate expressions to values and lvalues to places, in C++ order: loads happen at
//! their sequence point and only on the path that is taken. Soundness direction: exact.

use crate::front::ast::{Expr as AExpr, ExprKind as EK, Path, UnaryOp};
use crate::ir::{Expr, ScalarTy};

use super::call::Arg;
use super::ctx::Lowerer;
use super::fold::{self, boolc};
use super::scope::Entity;
use super::types::Ty;
use super::value::{Leaf, Place, PtrVal, Value};

/// Whether evaluating the expression may assign something.
pub fn has_effects(e: &AExpr) -> bool {
    match &e.kind {
        EK::Assign(..) | EK::Postfix(..) | EK::Call(..) | EK::Lambda(_) => true,
        EK::Unary(UnaryOp::PreInc | UnaryOp::PreDec, _) => true,
        EK::Unary(_, a) | EK::Cast(_, _, a) | EK::Member { base: a, .. } => has_effects(a),
        EK::Binary(_, a, b) | EK::Comma(a, b) => has_effects(a) || has_effects(b),
        EK::Ternary(a, b, c) => has_effects(a) || has_effects(b) || has_effects(c),
        EK::Index(a, v) => has_effects(a) || v.iter().any(has_effects),
        EK::Construct { args, .. } | EK::InitList(args) => args.iter().any(has_effects),
        EK::Pack(a) | EK::Designated(_, a) => has_effects(a),
        EK::Fold(f) => f.left.iter().chain(&f.right).any(has_effects),
        _ => false,
    }
}

impl<'a> Lowerer<'a> {
    /// Evaluates an expression to a value.
    pub fn eval(&mut self, e: &'a AExpr) -> Value {
        let p = self.place(e);
        self.load(p)
    }

    /// Evaluates an expression whose value is not used.
    pub fn discard(&mut self, e: &'a AExpr) {
        match &e.kind {
            EK::Postfix(x, inc) => {
                self.span = e.span;
                self.increment(x, *inc, false);
            }
            EK::Comma(a, b) => {
                self.discard(a);
                self.discard(b);
            }
            EK::Cast(_, t, x) if matches!(&t.kind, crate::front::ast::TypeKind::Named(p) if p.last_name() == "void") =>
            {
                self.discard(x);
            }
            _ => {
                self.place(e);
            }
        }
    }

    /// Evaluates and converts.
    pub fn eval_as(&mut self, e: &'a AExpr, ty: &Ty) -> Value {
        if let EK::InitList(args) = &e.kind {
            return self.construct(ty, args, true);
        }
        if matches!(ty, Ty::Pointer(..)) {
            let p = self.place(e);
            let v = self.decay(p);
            return self.convert(v, ty);
        }
        let p = self.place(e);
        self.init_from(p, ty)
    }

    /// The value of a new object of that type that is initialised with a place ([dcl.init]).
    pub(super) fn init_from(&mut self, p: Place, ty: &Ty) -> Value {
        match (p.ty().clone(), ty) {
            (Ty::Record(a), Ty::Record(b)) if self.is_base(*b, a) => {
                let p = self.base_place(p, *b);
                self.copied(p)
            }
            (Ty::Record(a), t) if !t.is_auto() => match self.conversion_operator(a, p.clone(), t) {
                Some(v) => self.convert(v, t),
                None => {
                    let v = self.load(p);
                    self.convert(v, t)
                }
            },
            (_, Ty::Record(id)) => match self.converting_constructor(*id, p.clone()) {
                Some(v) => v,
                None => {
                    let v = self.load(p);
                    self.convert(v, ty)
                }
            },
            _ => {
                let v = self.load(p);
                self.convert(v, ty)
            }
        }
    }

    /// Evaluates a condition.
    pub fn eval_bool(&mut self, e: &'a AExpr) -> Expr {
        let p = self.place(e);
        let v = match p.ty() {
            Ty::Record(_) => self.init_from(p, &Ty::BOOL),
            _ => self.load(p),
        };
        self.truth(v)
    }

    /// Reads a place, arrays as pointers to their first element.
    pub fn decay(&mut self, p: Place) -> Value {
        if p.ty().array_element().is_some()
            && let Some((ptr, t, cv)) = self.qualified_pointer(p.clone())
        {
            let mut v = self.pointer_value(ptr, t);
            if let Ty::Pointer(_, q) = &mut v.ty {
                q.cv = cv;
            }
            return v;
        }
        self.load(p)
    }

    /// Evaluates an expression to a place; a temporary where it is no lvalue.
    pub fn place(&mut self, e: &'a AExpr) -> Place {
        self.work += 1;
        if self.depth > self.opts.max_nesting || self.work > self.opts.max_work {
            self.span = e.span;
            let what = if self.work > self.opts.max_work {
                "kernel too large"
            } else {
                "expression nested too deeply"
            };
            self.unsupported(what, true, true, Vec::new());
            return Place::Val(Value::void());
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.span, e.span);
        let p = self.place_inner(e);
        self.log_type(e.span, p.ty());
        self.span = outer;
        self.depth -= 1;
        p
    }

    pub(super) fn place_inner(&mut self, e: &'a AExpr) -> Place {
        match &e.kind {
            EK::Path(p) => self.path_place(p),
            EK::This => self.this_value(),
            EK::Unary(op, x) => self.unary(*op, x),
            EK::Index(base, index) => self.index(base, index),
            EK::Member { base, name, arrow } => self.member(base, name, *arrow),
            EK::Assign(op, l, r) => self.assign_expr(*op, l, r),
            EK::Postfix(x, inc) => self.increment(x, *inc, true),
            EK::Comma(a, b) => {
                self.discard(a);
                self.place(b)
            }
            EK::Binary(op, a, b) => self.binary(*op, a, b),
            EK::Ternary(c, a, b) => self.ternary(c, a, b),
            EK::Call(f, args) => self.call_expr(f, args),
            EK::Construct { ty, args, brace } => {
                let t = self.resolve_type(ty);
                let t = self.deduce_class(t, ty, args);
                Place::Val(self.construct(&t, args, *brace))
            }
            EK::Cast(kind, ty, x) => self.cast(*kind, ty, x),
            EK::Lambda(l) => Place::Val(self.lambda(l, e.span)),
            EK::Fold(f) => self.fold_expr(f, e.span),
            _ => Place::Val(self.rvalue(e)),
        }
    }

    pub(super) fn rvalue(&mut self, e: &'a AExpr) -> Value {
        match &e.kind {
            EK::Int {
                value,
                suffix,
                decimal,
            } => Value::scalar(int_literal(*value, suffix, *decimal)),
            EK::Float { value, suffix } => {
                let t = match suffix.as_str() {
                    "h" => ScalarTy::F16,
                    "bf" => ScalarTy::BF16,
                    _ => ScalarTy::F32,
                };
                Value::scalar(fold::floatc(t, *value))
            }
            EK::Bool(b) => Value::scalar(boolc(*b)),
            EK::Char(c) => Value::scalar(Expr::constant(ScalarTy::I8, u64::from(*c))),
            EK::Nullptr => Value::pointer(Ty::Null, PtrVal::null()),
            EK::SizeofType(t) => {
                let t = self.resolve_type(t);
                Value::scalar(self.layout_constant(&t, |(size, _)| size))
            }
            EK::AlignofType(t) => {
                let t = self.resolve_type(t);
                Value::scalar(self.layout_constant(&t, |(_, align)| align))
            }
            EK::SizeofExpr(x) => {
                let t = match &x.kind {
                    EK::Path(p) => match self.speculate(|l| l.entity(p)) {
                        Entity::Type(t) => t,
                        _ => self.type_of(x),
                    },
                    _ => self.type_of(x),
                };
                Value::scalar(self.layout_constant(&t, |(size, _)| size))
            }
            EK::InitList(args) => {
                if let [one] = args.as_slice() {
                    return self.eval(one);
                }
                self.note("initialiser list without a type");
                Value::void()
            }
            EK::SizeofPack(name) => self.size_of_pack(name),
            EK::Pack(_) => {
                self.unsupported("a pack expansion", true, true, Vec::new());
                Value::scalar(Expr::undef(ScalarTy::I32))
            }
            EK::Designated(..) => {
                self.unsupported("a designated initialiser", true, true, Vec::new());
                Value::scalar(Expr::undef(ScalarTy::I32))
            }
            EK::Str(_) => Value::void(),
            EK::Unsupported(what) => {
                self.unsupported(what.clone(), true, true, Vec::new());
                Value::scalar(Expr::undef(ScalarTy::I32))
            }
            _ => Value::void(),
        }
    }

    /// The size or alignment of a type as a value.
    pub(super) fn layout_constant(&mut self, t: &Ty, part: fn((u64, u64)) -> u64) -> Expr {
        if let Ty::Unknown(n) = t {
            self.note(format!("size of unknown type `{n}`"));
            return Expr::undef(ScalarTy::U64);
        }
        Expr::constant(ScalarTy::U64, part(self.size_align(t)))
    }

    pub(super) fn path_place(&mut self, p: &'a Path) -> Place {
        match self.entity(p) {
            Entity::Place(p) => p,
            Entity::Funcs(f) => {
                self.funcs.push(f);
                Place::Val(Value {
                    ty: Ty::Func((self.funcs.len() - 1) as u32),
                    leaves: Vec::new(),
                })
            }
            Entity::Type(t) => {
                let name = self.type_name(&t);
                self.note(format!("type `{name}` used as a value"));
                Place::Val(self.undef(&t))
            }
            Entity::Unclear(name) => {
                let what = format!("`{name}`, which may mean several things");
                self.unsupported(what, true, true, Vec::new());
                Place::Val(Value {
                    ty: Ty::Unknown(name.into()),
                    leaves: vec![Leaf::S(Expr::undef(ScalarTy::F32))],
                })
            }
            Entity::Builtin(_, name, _) => {
                if let Some(b) = self.bool_trait(p) {
                    return Place::Val(Value::scalar(boolc(b)));
                }
                if let Some(v) = super::builtins::constants::named(p) {
                    return Place::Val(v);
                }
                let text = name.to_string();
                self.unsupported(
                    format!("undeclared identifier `{text}`"),
                    false,
                    false,
                    Vec::new(),
                );
                Place::Val(Value {
                    ty: Ty::Unknown(text.into()),
                    leaves: vec![Leaf::S(Expr::undef(ScalarTy::F32))],
                })
            }
        }
    }

    pub(super) fn this_value(&mut self) -> Place {
        let Some(this) = self.frames.last().and_then(|f| f.this.clone()) else {
            self.note("`this` outside a member function");
            return Place::Val(Value::pointer(Ty::Null, PtrVal::null()));
        };
        Place::Val(self.pointer_to(this))
    }

    /// `*p`
    pub fn deref_place(&mut self, p: Place) -> Place {
        if matches!(p.ty(), Ty::Record(_)) {
            if let Some(r) = self.operator("operator*", vec![Arg::Place(p.clone())], &[]) {
                return r;
            }
            return p;
        }
        match self.qualified_pointer(p) {
            Some((ptr, t, cv)) => self.deref(ptr, &t).more_cv(cv),
            None => {
                self.unsupported("dereference of a non-pointer", true, false, Vec::new());
                Place::Val(Value::scalar(Expr::undef(ScalarTy::I32)))
            }
        }
    }

    pub(super) fn index(&mut self, base: &'a AExpr, index: &'a [AExpr]) -> Place {
        let mut b = self.place(base);
        for i in index {
            if has_effects(i) {
                b = self.freeze_place(b);
            }
            if matches!(b.ty(), Ty::Record(_)) {
                let arg = self.arg(i);
                b = match self.operator("operator[]", vec![Arg::Place(b), arg], &[base, i]) {
                    Some(p) => p,
                    None => {
                        self.unsupported("index of a record", true, false, Vec::new());
                        return Place::Val(Value::void());
                    }
                };
                continue;
            }
            let i = self.eval(i);
            let i = self.index_value(i);
            b = match b.ty() {
                Ty::Pointer(..) => match self.qualified_pointer(b) {
                    Some((ptr, t, cv)) => {
                        let size = self.size_of(&t);
                        let ptr = self.ptr_add(&ptr, i, size, false);
                        self.deref(ptr, &t).more_cv(cv)
                    }
                    None => return Place::Val(Value::void()),
                },
                _ => self.element_place(b, i),
            };
        }
        b
    }

    pub(super) fn index_value(&mut self, v: Value) -> Expr {
        let v = match v.ty {
            Ty::Record(_) => self.convert(v, &Ty::Scalar(ScalarTy::I64)),
            _ => v,
        };
        match v.as_scalar() {
            Some(e) if e.ty == ScalarTy::Bool => fold::cast(e.clone(), ScalarTy::I32),
            Some(e) if e.ty.is_int() => e.clone(),
            _ => Expr::undef(ScalarTy::I32),
        }
    }

    pub(super) fn member(&mut self, base: &'a AExpr, name: &'a Path, arrow: bool) -> Place {
        let b = self.member_base(base, arrow);
        let last = name.last_name();
        match b.ty().clone() {
            Ty::Record(id) => {
                let within = match self.container(name) {
                    super::scope::Container::Type(Ty::Record(x)) => x,
                    _ => id,
                };
                let b = self.base_place(b.clone(), within);
                self.naming = name.span;
                if let Some((at, own)) = self.class_member(within, last, false) {
                    self.log_member(at, &own, last);
                }
                if let Some(p) = self.field_place(b, last) {
                    return p;
                }
                if let Some(p) = self.static_member(within, last) {
                    return p;
                }
            }
            Ty::Vector(..) => {
                if let Some(p) = self.swizzle(b.clone(), last) {
                    return p;
                }
            }
            _ => {}
        }
        let t = self.type_name(b.ty());
        // Whatever is assigned to it changes the object.
        let mut clobbers = Vec::new();
        if let Place::Reg(r) = &b {
            self.collect_vars(&r.store, &mut clobbers, &mut Vec::new());
        }
        self.unsupported(
            format!("member `{last}` of `{t}`"),
            matches!(b, Place::Mem(..)) || matches!(b.ty(), Ty::Unknown(_)),
            false,
            clobbers,
        );
        Place::Val(Value {
            ty: Ty::Unknown(last.into()),
            leaves: vec![Leaf::S(Expr::undef(ScalarTy::F32))],
        })
    }

    /// The object of `b.x` or `b->x`.
    pub fn member_base(&mut self, base: &'a AExpr, arrow: bool) -> Place {
        if !arrow {
            return self.place(base);
        }
        if matches!(base.kind, EK::This)
            && let Some(this) = self.frames.last().and_then(|f| f.this.clone())
        {
            return this;
        }
        let p = self.place(base);
        if matches!(p.ty(), Ty::Record(_)) {
            if let Some(r) = self.operator("operator->", vec![Arg::Place(p.clone())], &[base]) {
                return self.deref_place(r);
            }
            return p;
        }
        self.deref_place(p)
    }
}

/// Type and value of an integer literal (C++ [lex.icon]; `long` has 64 bits).
pub(super) fn int_literal(value: u64, suffix: &str, decimal: bool) -> Expr {
    let unsigned = suffix.contains('u');
    let long = suffix.contains('l');
    let ty = match (unsigned, long) {
        (true, false) if value <= u64::from(u32::MAX) => ScalarTy::U32,
        (true, _) => ScalarTy::U64,
        (false, false) if value <= i32::MAX as u64 => ScalarTy::I32,
        (false, false) if !decimal && value <= u64::from(u32::MAX) => ScalarTy::U32,
        (false, _) if value <= i64::MAX as u64 => ScalarTy::I64,
        _ => ScalarTy::U64,
    };
    Expr::constant(ty, value)
}
