//! Operators: prefix, infix, short-circuit, conditional.
//!
//! Soundness direction: exact.

use crate::front::ast::{BinaryOp, Expr as AExpr, ExprKind as EK, UnaryOp};
use crate::front::lower::call::Arg;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::expr::has_effects;
use crate::front::lower::fold::{self, boolc};
use crate::front::lower::types::Ty;
use crate::front::lower::value::{Leaf, Place, Value};
use crate::ir::{BinOp, Expr, ScalarTy, Stmt, UnOp};
use std::rc::Rc;

impl<'a> Lowerer<'a> {
    pub fn unary(&mut self, op: UnaryOp, x: &'a AExpr) -> Place {
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
                if matches!(p.ty(), Ty::Record(_) | Ty::Enum(..))
                    && let Some(q) = self.operator("operator&", vec![Arg::Place(p.clone())], &[x])
                {
                    return q;
                }
                let cv = p.cv();
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
                let mut v = self.pointer_value(ptr, ty);
                if let Ty::Pointer(_, q) = &mut v.ty {
                    q.cv = cv;
                }
                Place::Val(v)
            }
            UnaryOp::PreInc => self.increment(x, true, false),
            UnaryOp::PreDec => self.increment(x, false, false),
            UnaryOp::Plus | UnaryOp::Neg | UnaryOp::Not | UnaryOp::BitNot => {
                let p = self.place(x);
                let (name, iop) = match op {
                    UnaryOp::Neg => ("operator-", UnOp::Neg),
                    UnaryOp::Not => ("operator!", UnOp::Not),
                    UnaryOp::BitNot => ("operator~", UnOp::BitNot),
                    _ => ("operator+", UnOp::Neg),
                };
                if matches!(p.ty(), Ty::Record(_) | Ty::Enum(..)) {
                    if let Some(q) = self.operator(name, vec![Arg::Place(p.clone())], &[x]) {
                        return q;
                    }
                    if op == UnaryOp::Not {
                        let v = self.init_from(p, &Ty::BOOL);
                        let e = self.truth(v);
                        return Place::Val(Value::scalar(fold::not(e)));
                    }
                }
                let mut v = self.load(p);
                if let Ty::Record(id) = v.ty {
                    v = self.arithmetic_value(id, v);
                }
                if op == UnaryOp::Plus {
                    let t = v.ty.scalar().map(crate::front::lower::convert::promote);
                    return Place::Val(match t {
                        Some(t) => self.convert(v, &Ty::Scalar(t)),
                        None => v,
                    });
                }
                Place::Val(self.unary_value(iop, v))
            }
        }
    }

    pub fn binary(&mut self, op: BinaryOp, a: &'a AExpr, b: &'a AExpr) -> Place {
        if matches!(op, BinaryOp::LogAnd | BinaryOp::LogOr) {
            return Place::Val(self.logical(op == BinaryOp::LogAnd, a, b));
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
        self.combine(op, x, y, &[a, b])
    }

    /// A binary operator on operands that were evaluated.
    pub fn combine(&mut self, op: BinaryOp, x: Place, y: Place, exprs: &[&AExpr]) -> Place {
        let user = |t: &Ty| matches!(t, Ty::Record(_) | Ty::Enum(..) | Ty::Unknown(_));
        if user(x.ty()) || user(y.ty()) {
            let name = format!("operator{}", op_text(op));
            let args = vec![Arg::Place(x.clone()), Arg::Place(y.clone())];
            if let Some(p) = self.operator(&name, args, exprs) {
                return p;
            }
        }
        let x = self.arithmetic_operand(x);
        let y = self.arithmetic_operand(y);
        let (vx, vy) = (self.load(x), self.load(y));
        if let (Ty::Enum(x, s), Ty::Enum(y, _)) = (&vx.ty, &vy.ty)
            && x == y
            && matches!(op, BinaryOp::BitOr | BinaryOp::BitAnd)
            && *x == crate::front::lower::types::ENUM_MEM_FLAGS
        {
            let t = Ty::Enum(*x, *s);
            let v = self.binary_values(op, vx, vy);
            return Place::Val(Value {
                ty: t,
                leaves: v.leaves,
            });
        }
        Place::Val(self.binary_values(op, vx, vy))
    }

    /// An operand of a built-in operator: a class through its one conversion function.
    pub fn arithmetic_operand(&mut self, p: Place) -> Place {
        let Ty::Record(id) = *p.ty() else { return p };
        match self.only_conversion(id) {
            Some(t) => Place::Val(self.init_from(p, &t)),
            None => {
                let name = self.type_name(p.ty());
                self.unsupported(format!("operand of type `{name}`"), true, true, Vec::new());
                Place::Val(Value::scalar(Expr::undef(ScalarTy::I32)))
            }
        }
    }

    fn arithmetic_value(&mut self, _id: u32, v: Value) -> Value {
        let p = self.arithmetic_operand(Place::Val(v));
        self.load(p)
    }

    pub fn logical(&mut self, and: bool, a: &'a AExpr, b: &'a AExpr) -> Value {
        let pa = self.place(a);
        let l = match pa.ty() {
            Ty::Record(_) => self.init_from(pa, &Ty::BOOL),
            _ => self.load(pa),
        };
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
        let right = self.in_block(|s| s.eval_bool(b));
        Value::scalar(self.short_circuit(and, l, right))
    }

    /// `l && r` or `l || r`, where a block evaluates `r`.
    pub fn short_circuit(&mut self, and: bool, l: Expr, right: (Vec<Stmt>, Expr)) -> Expr {
        let (block, r) = right;
        let op = if and { BinOp::And } else { BinOp::Or };
        match fold::const_bool(&l) {
            Some(v) if v != and => return boolc(v),
            Some(_) => {
                block.into_iter().for_each(|s| self.emit(s));
                return r;
            }
            None => {}
        }
        if block.is_empty() {
            return fold::binary(op, l, r);
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
        self.emit_if(cond, then, Vec::new(), span);
        if let Some(s) = self.stable.get_mut(t.index()) {
            *s = true;
        }
        Expr::var(ScalarTy::Bool, t)
    }

    pub fn ternary(&mut self, c: &'a AExpr, a: &'a AExpr, b: &'a AExpr) -> Place {
        let pc = self.place(c);
        let c = match pc.ty() {
            Ty::Record(_) => self.init_from(pc, &Ty::BOOL),
            _ => self.load(pc),
        };
        if let Ty::Vector(..) = c.ty {
            let x = self.eval(a);
            let y = self.eval(b);
            return Place::Val(self.select_values(&c, x, y));
        }
        let c = self.truth(c);
        if let Some(taken) = fold::const_bool(&c) {
            return self.ternary_taken(taken, a, b);
        }
        let c = if has_effects(a) || has_effects(b) {
            self.freeze(c)
        } else {
            c
        };
        let before = self.temporaries.len();
        let (mut then, pa) = self.in_block(|s| s.place(a));
        let (mut els, pb) = self.in_block(|s| s.place(b));
        if self.temporaries.len() > before {
            self.end_of_expression();
        }
        let lvalue = |p: &Place| matches!(p, Place::Reg(_) | Place::Mem(..) | Place::Pick(..));
        if then.is_empty() && els.is_empty() && lvalue(&pa) && lvalue(&pb) && pa.ty() == pb.ty() {
            let c = self.atom(c);
            return Place::Pick(c, Box::new(pa), Box::new(pb));
        }
        let (t1, x) = self.in_block(|s| s.picked_value(pa));
        let (e1, y) = self.in_block(|s| s.picked_value(pb));
        then.extend(t1);
        els.extend(e1);
        Place::Val(self.join(c, (then, x), (els, y)))
    }

    /// A conditional expression of which one operand is known to be taken: its type, value category
    /// and qualifiers are those of both operands together ([expr.cond]/4-7).
    fn ternary_taken(&mut self, first: bool, a: &'a AExpr, b: &'a AExpr) -> Place {
        let (e, other) = if first { (a, b) } else { (b, a) };
        let (ty, rvalue, cv) = self.speculate(|l| {
            let p = l.place(other);
            (p.ty().clone(), p.is_rvalue(), p.cv())
        });
        let p = self.place(e);
        if *p.ty() == ty {
            return match (p.is_rvalue(), rvalue) {
                (true, _) => p,
                (false, true) => Place::Val(self.picked_value(p)),
                (false, false) => p.more_cv(cv),
            };
        }
        if matches!(ty, Ty::Void | Ty::Unknown(_)) || matches!(p.ty(), Ty::Void | Ty::Unknown(_)) {
            return p;
        }
        if let (Ty::Record(x), Ty::Record(y)) = (p.ty(), &ty)
            && self.is_base(*y, *x)
        {
            let y = *y;
            return self.base_place(p, y).more_cv(cv);
        }
        let v = self.picked_value(p);
        let ty = match (&v.ty, ty.array_element()) {
            // Arrays of two lengths decay ([expr.cond]/7).
            (Ty::Pointer(..), Some(_)) => v.ty.clone(),
            (t, _) => self.common_type(t, &ty),
        };
        Place::Val(self.convert(v, &ty))
    }

    /// The value of a conditional expression on two places.
    pub fn load_pick(&mut self, c: Expr, a: Place, b: Place) -> Value {
        let (then, x) = self.in_block(|s| s.load_bits(a));
        let (els, y) = self.in_block(|s| s.load_bits(b));
        self.join(c, (then, x), (els, y))
    }

    fn picked_value(&mut self, p: Place) -> Value {
        match p.ty() {
            Ty::Record(_) => self.copied(p),
            _ => self.decay(p),
        }
    }

    /// The value of a conditional expression from those of its branches.
    fn join(&mut self, c: Expr, then: (Vec<Stmt>, Value), els: (Vec<Stmt>, Value)) -> Value {
        let ((mut then, x), (mut els, y)) = (then, els);
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
            return Value { ty, leaves };
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
        self.emit_if(c, then, els, span);
        Value { ty, leaves }
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
                    crate::front::lower::convert::common(*s, *t)
                },
                *n,
            ),
            (t @ (Ty::Vector(..) | Ty::Matrix(..) | Ty::Record(_)), _)
            | (_, t @ (Ty::Vector(..) | Ty::Matrix(..) | Ty::Record(_))) => t.unpacked(),
            _ => match (a.scalar(), b.scalar()) {
                (Some(x), Some(y)) => Ty::Scalar(crate::front::lower::convert::common(x, y)),
                _ => a.clone(),
            },
        }
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

pub fn assign(dst: crate::ir::VarId, value: Expr, span: crate::source::Span) -> Stmt {
    Stmt::Assign { dst, value, span }
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
