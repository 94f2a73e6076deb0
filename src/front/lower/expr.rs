//! Expressions.
//!
//! Purpose: evaluate expressions to values and lvalues to places, in C++ order: loads happen at
//! their sequence point and only on the path that is taken. Soundness direction: exact.

use std::rc::Rc;

use crate::front::ast::{BinaryOp, CastKind, Expr as AExpr, ExprKind as EK, Path, Type, UnaryOp};
use crate::ir::{BinOp, Expr, ScalarTy, Stmt, UnOp};

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
        let v = self.eval(e);
        self.convert(v, ty)
    }

    /// Evaluates a condition.
    pub fn eval_bool(&mut self, e: &'a AExpr) -> Expr {
        let v = self.eval(e);
        self.truth(v)
    }

    /// Reads a place, arrays as pointers to their first element.
    pub fn decay(&mut self, p: Place) -> Value {
        if p.ty().array_element().is_some()
            && let Some((ptr, t)) = self.as_pointer(p.clone())
        {
            return self.pointer_value(ptr, t);
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
        self.span = outer;
        self.depth -= 1;
        p
    }

    fn place_inner(&mut self, e: &'a AExpr) -> Place {
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
            EK::Ternary(c, a, b) => self.ternary(c, a, b),
            EK::Call(f, args) => self.call_expr(f, args),
            EK::Construct { ty, args, brace } => {
                let t = self.resolve_type(ty);
                let t = self.deduce_class(t, ty, args);
                Place::Val(self.construct(&t, args, *brace))
            }
            EK::Cast(kind, ty, x) => self.cast(*kind, ty, x),
            EK::Lambda(l) => Place::Val(self.lambda(l, e.span)),
            _ => Place::Val(self.rvalue(e)),
        }
    }

    fn rvalue(&mut self, e: &'a AExpr) -> Value {
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
            EK::Binary(op, a, b) => self.binary(*op, a, b),
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
                    EK::Path(p) => match self.entity(p) {
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
            EK::Str(_) => Value::void(),
            EK::Unsupported(what) => {
                self.unsupported(what.clone(), true, true, Vec::new());
                Value::scalar(Expr::undef(ScalarTy::I32))
            }
            _ => Value::void(),
        }
    }

    /// The size or alignment of a type as a value.
    fn layout_constant(&mut self, t: &Ty, part: fn((u64, u64)) -> u64) -> Expr {
        if let Ty::Unknown(n) = t {
            self.note(format!("size of unknown type `{n}`"));
            return Expr::undef(ScalarTy::U64);
        }
        Expr::constant(ScalarTy::U64, part(self.size_align(t)))
    }

    fn path_place(&mut self, p: &'a Path) -> Place {
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

    fn this_value(&mut self) -> Place {
        let Some(this) = self.frames.last().and_then(|f| f.this.clone()) else {
            self.note("`this` outside a member function");
            return Place::Val(Value::pointer(Ty::Null, PtrVal::null()));
        };
        let ty = Rc::new(this.ty().clone());
        let ptr = self.address_of(this);
        Place::Val(self.pointer_value(ptr, ty))
    }

    fn unary(&mut self, op: UnaryOp, x: &'a AExpr) -> Place {
        match op {
            UnaryOp::Deref => {
                if matches!(x.kind, EK::This)
                    && let Some(this) = self.frames.last().and_then(|f| f.this.clone())
                {
                    return this;
                }
                let p = self.place(x);
                self.deref_place(p)
            }
            UnaryOp::AddrOf => {
                let p = self.place(x);
                if matches!(p.ty(), Ty::Func(_) | Ty::Lambda(_)) {
                    return p;
                }
                let ty = Rc::new(p.ty().clone());
                // `&array[i]` keeps the whole array reachable.
                let ptr = match (&x.kind, &p) {
                    (EK::Index(base, index), Place::Reg(_)) if index.len() == 1 => {
                        let b = self.place(base);
                        let i = self.eval(&index[0]);
                        match (self.as_pointer(b), i.as_scalar().cloned()) {
                            (Some((ptr, t)), Some(i)) => {
                                let size = self.size_of(&t);
                                self.ptr_add(&ptr, i, size, false)
                            }
                            _ => self.address_of(p),
                        }
                    }
                    _ => self.address_of(p),
                };
                Place::Val(self.pointer_value(ptr, ty))
            }
            UnaryOp::PreInc => self.increment(x, true, false),
            UnaryOp::PreDec => self.increment(x, false, false),
            UnaryOp::Plus | UnaryOp::Neg | UnaryOp::Not | UnaryOp::BitNot => {
                let v = self.eval(x);
                let (name, iop) = match op {
                    UnaryOp::Neg => ("operator-", UnOp::Neg),
                    UnaryOp::Not => ("operator!", UnOp::Not),
                    UnaryOp::BitNot => ("operator~", UnOp::BitNot),
                    _ => ("operator+", UnOp::Neg),
                };
                if matches!(v.ty, Ty::Record(_)) {
                    if let Some(p) = self.operator(name, vec![Arg::Place(Place::Val(v.clone()))]) {
                        return p;
                    }
                    if op == UnaryOp::Not {
                        let e = self.truth(v);
                        return Place::Val(Value::scalar(fold::not(e)));
                    }
                }
                if op == UnaryOp::Plus {
                    let t = v.ty.scalar().map(super::convert::promote);
                    return Place::Val(match t {
                        Some(t) => self.convert(v, &Ty::Scalar(t)),
                        None => v,
                    });
                }
                Place::Val(self.unary_value(iop, v))
            }
        }
    }

    /// `*p`
    pub fn deref_place(&mut self, p: Place) -> Place {
        if matches!(p.ty(), Ty::Record(_)) {
            if let Some(r) = self.operator("operator*", vec![Arg::Place(p.clone())]) {
                return r;
            }
            return p;
        }
        match self.as_pointer(p) {
            Some((ptr, t)) => self.deref(ptr, &t),
            None => {
                self.unsupported("dereference of a non-pointer", true, false, Vec::new());
                Place::Val(Value::scalar(Expr::undef(ScalarTy::I32)))
            }
        }
    }

    fn index(&mut self, base: &'a AExpr, index: &'a [AExpr]) -> Place {
        let mut b = self.place(base);
        for i in index {
            if has_effects(i) {
                b = self.freeze_place(b);
            }
            if matches!(b.ty(), Ty::Record(_)) {
                let arg = self.arg(i);
                b = match self.operator("operator[]", vec![Arg::Place(b), arg]) {
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
                Ty::Pointer(..) => match self.as_pointer(b) {
                    Some((ptr, t)) => {
                        let size = self.size_of(&t);
                        let ptr = self.ptr_add(&ptr, i, size, false);
                        self.deref(ptr, &t)
                    }
                    None => return Place::Val(Value::void()),
                },
                _ => self.element_place(b, i),
            };
        }
        b
    }

    fn index_value(&mut self, v: Value) -> Expr {
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

    fn member(&mut self, base: &'a AExpr, name: &'a Path, arrow: bool) -> Place {
        let b = self.member_base(base, arrow);
        let last = name.last_name();
        match b.ty().clone() {
            Ty::Record(id) => {
                if let Some(p) = self.field_place(b.clone(), last) {
                    return p;
                }
                if let Some(p) = self.static_member(id, last) {
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
            if let Some(r) = self.operator("operator->", vec![Arg::Place(p.clone())]) {
                return self.deref_place(r);
            }
            return p;
        }
        self.deref_place(p)
    }

    fn binary(&mut self, op: BinaryOp, a: &'a AExpr, b: &'a AExpr) -> Value {
        if matches!(op, BinaryOp::LogAnd | BinaryOp::LogOr) {
            return self.logical(op == BinaryOp::LogAnd, a, b);
        }
        let pa = self.place(a);
        let mut x = if matches!(pa.ty(), Ty::Record(_)) {
            if has_effects(b) {
                self.freeze_place(pa)
            } else {
                pa
            }
        } else {
            Place::Val(self.decay(pa))
        };
        if has_effects(b) {
            x = self.freeze_place(x);
        }
        let pb = self.place(b);
        let y = if matches!(pb.ty(), Ty::Record(_)) {
            pb
        } else {
            Place::Val(self.decay(pb))
        };
        let user = |t: &Ty| matches!(t, Ty::Record(_) | Ty::Enum(..) | Ty::Unknown(_));
        if user(x.ty()) || user(y.ty()) {
            let name = format!("operator{}", op_text(op));
            let args = vec![Arg::Place(x.clone()), Arg::Place(y.clone())];
            if let Some(p) = self.operator(&name, args) {
                return self.load(p);
            }
        }
        let (mut vx, mut vy) = (self.load(x), self.load(y));
        if let Ty::Record(_) = vx.ty {
            let t = operand_type(&vy.ty);
            vx = self.convert(vx, &t);
        }
        if let Ty::Record(_) = vy.ty {
            let t = operand_type(&vx.ty);
            vy = self.convert(vy, &t);
        }
        if let (Ty::Enum(x, s), Ty::Enum(y, _)) = (&vx.ty, &vy.ty)
            && x == y
            && matches!(op, BinaryOp::BitOr | BinaryOp::BitAnd)
            && *x == super::types::ENUM_MEM_FLAGS
        {
            let t = Ty::Enum(*x, *s);
            let v = self.binary_values(op, vx, vy);
            return Value {
                ty: t,
                leaves: v.leaves,
            };
        }
        self.binary_values(op, vx, vy)
    }

    fn logical(&mut self, and: bool, a: &'a AExpr, b: &'a AExpr) -> Value {
        let l = self.eval(a);
        if let Ty::Vector(..) = l.ty {
            let r = self.eval(b);
            let op = if and {
                BinaryOp::BitAnd
            } else {
                BinaryOp::BitOr
            };
            let bt = |v: &Value| Ty::vector(ScalarTy::Bool, v.leaves.len() as u8);
            let (tl, tr) = (bt(&l), bt(&r));
            let (l, r) = (self.convert(l, &tl), self.convert(r, &tr));
            return self.binary_values(op, l, r);
        }
        let l = self.truth(l);
        match (fold::const_bool(&l), and) {
            (Some(true), true) | (Some(false), false) => {
                let e = self.eval_bool(b);
                return Value::scalar(e);
            }
            (Some(v), _) => return Value::scalar(boolc(v)),
            (None, _) => {}
        }
        let l = if has_effects(b) { self.freeze(l) } else { l };
        let (block, r) = self.in_block(|s| s.eval_bool(b));
        let op = if and { BinOp::And } else { BinOp::Or };
        if block.is_empty() {
            return Value::scalar(fold::binary(op, l, r));
        }
        let t = self.temp_var(ScalarTy::Bool);
        if let Some(s) = self.stable.get_mut(t.index()) {
            *s = false;
        }
        self.assign(t, l);
        let mut body = block;
        let span = self.span;
        body.push(Stmt::Assign {
            dst: t,
            value: r,
            span,
        });
        let cond = Expr::var(ScalarTy::Bool, t);
        let (cond, then) = if and {
            (cond, body)
        } else {
            (fold::not(cond), body)
        };
        self.emit(Stmt::If {
            cond,
            then,
            els: Vec::new(),
            span,
        });
        if let Some(s) = self.stable.get_mut(t.index()) {
            *s = true;
        }
        Value::scalar(Expr::var(ScalarTy::Bool, t))
    }

    fn ternary(&mut self, c: &'a AExpr, a: &'a AExpr, b: &'a AExpr) -> Place {
        let c = self.eval(c);
        if let Ty::Vector(..) = c.ty {
            let x = self.eval(a);
            let y = self.eval(b);
            return Place::Val(self.select_values(&c, x, y));
        }
        let c = self.truth(c);
        match fold::const_bool(&c) {
            Some(true) => return self.place(a),
            Some(false) => return self.place(b),
            None => {}
        }
        let c = if has_effects(a) || has_effects(b) {
            self.freeze(c)
        } else {
            c
        };
        let (mut then, x) = self.in_block(|s| s.branch_value(a));
        let (mut els, y) = self.in_block(|s| s.branch_value(b));
        let ty = self.common_type(&x.ty, &y.ty);
        let (t2, x) = self.in_block(|s| s.convert(x, &ty));
        let (e2, y) = self.in_block(|s| s.convert(y, &ty));
        then.extend(t2);
        els.extend(e2);
        if then.is_empty() && els.is_empty() {
            let c = if x.leaves.len() > 1 { self.atom(c) } else { c };
            let leaves = x
                .leaves
                .into_iter()
                .zip(y.leaves)
                .map(|(p, q)| self.select_leaf(&c, p, q))
                .collect();
            return Place::Val(Value { ty, leaves });
        }
        // Values travel through variables; pointers by their parts.
        let c = self.atom(c);
        let span = self.span;
        let mut leaves = Vec::new();
        for (p, q) in x.leaves.into_iter().zip(y.leaves) {
            match (p, q) {
                (Leaf::S(p), Leaf::S(q)) => {
                    let s = p.ty;
                    let t = self.temp_var(s);
                    let q = fold::cast(q, s);
                    then.push(assign(t, p, span));
                    els.push(assign(t, q, span));
                    leaves.push(Leaf::S(Expr::var(s, t)));
                }
                (Leaf::P(p), Leaf::P(q)) => {
                    let t = self.temp_var(ScalarTy::I64);
                    then.push(assign(t, p.offset.clone(), span));
                    els.push(assign(t, q.offset.clone(), span));
                    let mut r = self.select_ptr(&c, p, q);
                    r.offset = Expr::var(ScalarTy::I64, t);
                    leaves.push(Leaf::P(r));
                }
                (p, _) => leaves.push(p),
            }
        }
        self.emit(Stmt::If {
            cond: c,
            then,
            els,
            span,
        });
        Place::Val(Value { ty, leaves })
    }

    fn branch_value(&mut self, e: &'a AExpr) -> Value {
        let p = self.place(e);
        self.decay(p)
    }

    /// The type of `c ? a : b`.
    pub fn common_type(&self, a: &Ty, b: &Ty) -> Ty {
        if a == b {
            return a.clone();
        }
        match (a, b) {
            (Ty::Null, t) | (t, Ty::Null) => t.clone(),
            (Ty::Vector(s, n, _), Ty::Vector(t, ..)) => Ty::vector(
                if s == t {
                    *s
                } else {
                    super::convert::common(*s, *t)
                },
                *n,
            ),
            (t @ (Ty::Vector(..) | Ty::Matrix(..) | Ty::Record(_)), _)
            | (_, t @ (Ty::Vector(..) | Ty::Matrix(..) | Ty::Record(_))) => t.unpacked(),
            _ => match (a.scalar(), b.scalar()) {
                (Some(x), Some(y)) => Ty::Scalar(super::convert::common(x, y)),
                _ => a.clone(),
            },
        }
    }

    fn cast(&mut self, kind: CastKind, ty: &'a Type, x: &'a AExpr) -> Place {
        let t = self.resolve_type(ty);
        if kind == CastKind::AsType {
            let v = self.eval(x);
            return Place::Val(self.bitcast_value(v, &t));
        }
        match &t {
            Ty::Ref(inner, _) => {
                let p = self.place(x);
                return self.view_as(p, inner);
            }
            Ty::Pointer(..) => {
                let p = self.place(x);
                let v = self.decay(p);
                return Place::Val(match v.ty {
                    Ty::Pointer(..) | Ty::Null => Value {
                        ty: t,
                        leaves: v.leaves,
                    },
                    _ => {
                        self.note("integer converted to a pointer");
                        Value::pointer(t, PtrVal::unknown())
                    }
                });
            }
            Ty::Void => {
                self.place(x);
                return Place::Val(Value::void());
            }
            _ => {}
        }
        if let EK::InitList(args) = &x.kind {
            return Place::Val(self.construct(&t, args, true));
        }
        let v = self.eval(x);
        Place::Val(self.convert(v, &t))
    }

    /// `as_type<T>(v)`: the same bits.
    pub fn bitcast_value(&mut self, v: Value, t: &Ty) -> Value {
        let (Some(from), Some(to)) = (v.ty.element(), t.element()) else {
            self.note("as_type of this type");
            return self.undef(t);
        };
        let comps = v.scalars();
        let n = self.leaf_count(t);
        if comps.len() == n && from.size() == to.size() {
            let out = comps.into_iter().map(|e| fold::bitcast(e, to)).collect();
            return Value::comps(t.clone(), out);
        }
        let unsigned = |bytes: u64| match bytes {
            1 => ScalarTy::U8,
            2 => ScalarTy::U16,
            4 => ScalarTy::U32,
            _ => ScalarTy::U64,
        };
        let (uf, ut) = (unsigned(from.size()), unsigned(to.size()));
        let mut out = Vec::new();
        if from.size() < to.size() {
            let k = (to.size() / from.size()) as usize;
            for part in comps.chunks(k) {
                let mut acc: Option<Expr> = None;
                for (i, e) in part.iter().enumerate() {
                    let w = fold::cast(fold::bitcast(e.clone(), uf), ut);
                    let sh = Expr::constant(ut, i as u64 * from.size() * 8);
                    let w = fold::binary(BinOp::Shl, w, sh);
                    acc = Some(match acc {
                        None => w,
                        Some(a) => fold::binary(BinOp::Or, a, w),
                    });
                }
                out.extend(acc.map(|e| fold::bitcast(e, to)));
            }
        } else {
            let k = (from.size() / to.size().max(1)) as usize;
            for e in comps {
                let e = self.atom(fold::bitcast(e, uf));
                for i in 0..k {
                    let sh = Expr::constant(uf, i as u64 * to.size() * 8);
                    let w = fold::binary(BinOp::Shr, e.clone(), sh);
                    out.push(fold::bitcast(fold::cast(w, ut), to));
                }
            }
        }
        if out.len() != n {
            // Three-component vectors have padding lanes.
            out.resize(n, Expr::undef(to));
        }
        Value::comps(t.clone(), out)
    }

    /// `select(b, a, c)` with a vector condition.
    pub fn select_values(&mut self, c: &Value, a: Value, b: Value) -> Value {
        let ty = self.common_type(&a.ty, &b.ty);
        let (a, b) = (self.convert(a, &ty), self.convert(b, &ty));
        let mut conds = c.scalars();
        if conds.len() == 1 {
            conds = vec![conds.swap_remove(0); a.leaves.len()];
        }
        let leaves = a
            .leaves
            .into_iter()
            .zip(b.leaves)
            .zip(conds)
            .map(|((x, y), c)| self.select_leaf(&fold::truthy(c), x, y))
            .collect();
        Value { ty, leaves }
    }
}

fn assign(dst: crate::ir::VarId, value: Expr, span: crate::source::Span) -> Stmt {
    Stmt::Assign { dst, value, span }
}

fn operand_type(other: &Ty) -> Ty {
    match other {
        Ty::Record(_) | Ty::Unknown(_) => Ty::FLOAT,
        t => t.clone(),
    }
}

/// The spelling of an infix operator.
pub fn op_text(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::Lt => "<",
        BinaryOp::Gt => ">",
        BinaryOp::Le => "<=",
        BinaryOp::Ge => ">=",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitXor => "^",
        BinaryOp::BitOr => "|",
        BinaryOp::LogAnd => "&&",
        BinaryOp::LogOr => "||",
    }
}

/// Type and value of an integer literal (C++ [lex.icon]; `long` has 64 bits).
fn int_literal(value: u64, suffix: &str, decimal: bool) -> Expr {
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
