//! Conversions and operators on values (C++ [conv], [expr]; MSL specification, sections 2.2, 3.1).
//!
//! Soundness direction: exact.

use crate::front::ast::BinaryOp;
use crate::ir::{BinOp, Expr, ScalarTy, UnOp};

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::fold;
use crate::front::lower::types::Ty;
use crate::front::lower::value::{Leaf, Place, PtrVal, Value};

/// Integer promotion.
pub fn promote(s: ScalarTy) -> ScalarTy {
    match s {
        ScalarTy::Bool | ScalarTy::I8 | ScalarTy::U8 | ScalarTy::I16 | ScalarTy::U16 => {
            ScalarTy::I32
        }
        other => other,
    }
}

/// The usual arithmetic conversions.
pub fn common(a: ScalarTy, b: ScalarTy) -> ScalarTy {
    match (a.is_float(), b.is_float()) {
        (true, true) if a == b => return a,
        (true, true) => return ScalarTy::F32,
        (true, false) => return a,
        (false, true) => return b,
        _ => {}
    }
    let (a, b) = (promote(a), promote(b));
    if a == b {
        return a;
    }
    let (big, small) = if a.size() >= b.size() { (a, b) } else { (b, a) };
    if big.size() > small.size() {
        return big;
    }
    if big.size() == 8 {
        ScalarTy::U64
    } else {
        ScalarTy::U32
    }
}

/// The IR operator of an AST operator.
pub fn ir_op(op: BinaryOp) -> BinOp {
    match op {
        BinaryOp::Add => BinOp::Add,
        BinaryOp::Sub => BinOp::Sub,
        BinaryOp::Mul => BinOp::Mul,
        BinaryOp::Div => BinOp::Div,
        BinaryOp::Rem => BinOp::Rem,
        BinaryOp::Shl => BinOp::Shl,
        BinaryOp::Shr => BinOp::Shr,
        BinaryOp::Lt => BinOp::Lt,
        BinaryOp::Gt => BinOp::Gt,
        BinaryOp::Le => BinOp::Le,
        BinaryOp::Ge => BinOp::Ge,
        BinaryOp::Eq => BinOp::Eq,
        BinaryOp::Ne => BinOp::Ne,
        BinaryOp::BitAnd | BinaryOp::LogAnd => BinOp::And,
        BinaryOp::BitXor => BinOp::Xor,
        BinaryOp::BitOr | BinaryOp::LogOr => BinOp::Or,
    }
}

impl<'a> Lowerer<'a> {
    /// How well one type converts to another: 0 exact, 1 promotion, 2 conversion, 3 user-defined.
    pub fn convertible(&self, from: &Ty, to: &Ty) -> Option<u32> {
        let to = to.strip_ref();
        if from == to {
            return Some(0);
        }
        match (from, to) {
            (Ty::Unknown(_), _) | (_, Ty::Unknown(_)) => Some(2),
            (Ty::Vector(s, n, _), Ty::Vector(t, m, _)) if n == m => {
                Some(if s == t { 0 } else { 3 })
            }
            (Ty::Vector(..), _) => None,
            (Ty::Pointer(a, s), Ty::Pointer(b, t)) => {
                if let (Some(x), Some(y)) = (s.space, t.space)
                    && x != y
                {
                    return None;
                }
                if a == b || **b == Ty::Void {
                    return Some(u32::from(a != b));
                }
                match (&**a, &**b) {
                    (Ty::Record(x), Ty::Record(y)) if self.is_base(*y, *x) => Some(2),
                    (Ty::Array(x, _) | Ty::Unsized(x), Ty::Array(y, _) | Ty::Unsized(y))
                        if x == y =>
                    {
                        Some(1)
                    }
                    _ => None,
                }
            }
            (Ty::Array(a, _) | Ty::Unsized(a), Ty::Pointer(b, _)) => (a == b).then_some(0),
            (Ty::Array(a, _), Ty::Unsized(b)) => (a == b).then_some(0),
            (Ty::Pointer(..), Ty::Scalar(ScalarTy::Bool)) => Some(2),
            (Ty::Null, Ty::Pointer(..)) => Some(1),
            (Ty::Record(a), Ty::Record(b)) => self.is_base(*b, *a).then_some(2),
            (_, Ty::Record(r)) => {
                let decl = self.recs.get(*r as usize)?.decl;
                self.has_constructor(decl).then_some(3)
            }
            (Ty::Record(r), _) => {
                let decl = self.recs.get(*r as usize)?.decl;
                self.has_conversion(decl).then_some(3)
            }
            (Ty::Lambda(_) | Ty::Func(_), Ty::Lambda(_) | Ty::Func(_)) => None,
            (_, Ty::Vector(..)) => from.scalar().map(|_| 2),
            _ => {
                let (a, b) = (from.scalar()?, to.scalar()?);
                if let Ty::Enum(id, _) = to {
                    return matches!(from, Ty::Enum(x, _) if x == id).then_some(0);
                }
                if a == b {
                    return Some(1);
                }
                Some(
                    if promote(a) == b || (a == ScalarTy::F16 && b == ScalarTy::F32) {
                        1
                    } else {
                        2
                    },
                )
            }
        }
    }

    /// Converts a value, implicitly or explicitly.
    pub fn convert(&mut self, v: Value, to: &Ty) -> Value {
        if v.ty == *to {
            return Value {
                ty: to.clone(),
                leaves: v.leaves,
            };
        }
        let retyped = |v: Value| Value {
            ty: to.clone(),
            leaves: v.leaves,
        };
        match (&v.ty, to) {
            (_, Ty::Void) => Value::void(),
            (_, Ty::Ref(t, _)) => self.convert(v, t),
            (Ty::Pointer(..), Ty::Pointer(..)) => retyped(v),
            (Ty::Null, Ty::Pointer(..)) => Value::pointer(to.clone(), PtrVal::null()),
            (Ty::Pointer(..), _) if to.scalar() == Some(ScalarTy::Bool) => {
                let p = v.as_ptr().cloned().unwrap_or_else(PtrVal::null);
                let e = self.ptr_equal(&p, &PtrVal::null());
                Value::scalar(fold::not(e))
            }
            (Ty::Pointer(..), _) if to.scalar().is_some() => {
                self.note("pointer converted to an integer");
                self.undef(to)
            }
            (Ty::Vector(_, n, _), Ty::Vector(t, m, _)) if n >= m => {
                let leaves = v
                    .leaves
                    .into_iter()
                    .take(usize::from(*m))
                    .map(|l| cast_leaf(l, *t))
                    .collect();
                Value {
                    ty: to.clone(),
                    leaves,
                }
            }
            (Ty::Record(a), Ty::Record(b)) if self.is_base(*b, *a) => {
                let p = self.base_place(Place::Val(v), *b);
                self.load(p)
            }
            (Ty::Record(r), _) if !matches!(to, Ty::Record(_)) => {
                let r = *r;
                match self.conversion_operator(r, Place::Val(v), to) {
                    Some(x) => self.convert(x, to),
                    None => self.no_conversion(&Ty::Record(r), to),
                }
            }
            (_, Ty::Record(r)) => {
                let r = *r;
                let from = v.ty.clone();
                match self.converting_constructor(r, Place::Val(v)) {
                    Some(x) => x,
                    None => self.no_conversion(&from, to),
                }
            }
            (from, Ty::Vector(t, n, _)) if from.scalar().is_some() => {
                let e = fold::cast(v.scalars().swap_remove(0), *t);
                let e = self.short(e);
                Value::comps(to.clone(), vec![e; usize::from(*n)])
            }
            (from, Ty::Matrix(t, c, r)) if from.scalar().is_some() => {
                let e = fold::cast(v.scalars().swap_remove(0), *t);
                let e = self.short(e);
                let zero = Expr::constant(*t, 0);
                let mut out = Vec::new();
                for i in 0..*c {
                    for j in 0..*r {
                        out.push(if i == j { e.clone() } else { zero.clone() });
                    }
                }
                Value::comps(to.clone(), out)
            }
            (from, Ty::Simdgroup(t)) if from.scalar().is_some() => {
                let e = fold::cast(v.scalars().swap_remove(0), *t);
                let e = self.short(e);
                Value::comps(to.clone(), vec![e.clone(), e])
            }
            (Ty::Matrix(_, a, b), Ty::Matrix(t, c, d)) if a == c && b == d => Value {
                leaves: v.leaves.into_iter().map(|l| cast_leaf(l, *t)).collect(),
                ty: to.clone(),
            },
            (Ty::Simdgroup(_), Ty::Simdgroup(t)) => Value {
                leaves: v.leaves.into_iter().map(|l| cast_leaf(l, *t)).collect(),
                ty: to.clone(),
            },
            (from, _) => match (from.scalar(), to.scalar()) {
                (Some(_), Some(t)) => Value {
                    leaves: v.leaves.into_iter().map(|l| cast_leaf(l, t)).collect(),
                    ty: to.clone(),
                },
                _ if matches!(to, Ty::Unknown(n) if &**n == "auto") => v,
                _ if self.leaf_types_match(from, to) => retyped(v),
                _ => {
                    let from = v.ty.clone();
                    self.no_conversion(&from, to)
                }
            },
        }
    }

    fn leaf_types_match(&self, a: &Ty, b: &Ty) -> bool {
        let (x, y) = (self.leaf_types(a), self.leaf_types(b));
        !x.is_empty() && x.len() == y.len() && x.iter().zip(&y).all(|(p, q)| p.scalar == q.scalar)
    }

    fn no_conversion(&mut self, from: &Ty, to: &Ty) -> Value {
        if !matches!(from, Ty::Unknown(_)) || !matches!(to, Ty::Unknown(_)) {
            let (a, b) = (self.type_name(from), self.type_name(to));
            self.note(format!("conversion of `{a}` to `{b}`"));
        }
        self.undef(to)
    }

    /// A value as `bool`.
    pub fn truth(&mut self, v: Value) -> Expr {
        let v = self.convert(v, &Ty::BOOL);
        v.as_scalar()
            .cloned()
            .unwrap_or_else(|| Expr::undef(ScalarTy::Bool))
    }

    /// An infix operator that is not short-circuit and not overloaded.
    pub fn binary_values(&mut self, op: BinaryOp, a: Value, b: Value) -> Value {
        let iop = ir_op(op);
        match (a.as_ptr().cloned(), b.as_ptr().cloned()) {
            (None, None) => {}
            (pa, pb) => return self.pointer_op(op, &a, &b, pa, pb),
        }
        let (Some(sa), Some(sb)) = (a.ty.element(), b.ty.element()) else {
            let (x, y) = (self.type_name(&a.ty), self.type_name(&b.ty));
            self.note(format!("operator on `{x}` and `{y}`"));
            return Value::scalar(Expr::undef(if iop.is_comparison() {
                ScalarTy::Bool
            } else {
                ScalarTy::I32
            }));
        };
        if let (Ty::Matrix(..), _) | (_, Ty::Matrix(..)) = (&a.ty, &b.ty) {
            return self.matrix_op(iop, a, b);
        }
        let (na, nb) = (a.leaves.len(), b.leaves.len());
        let is_vec = |t: &Ty| matches!(t, Ty::Vector(..) | Ty::Simdgroup(_));
        let (va, vb) = (is_vec(&a.ty), is_vec(&b.ty));
        let n = na.max(nb);
        let shift = matches!(iop, BinOp::Shl | BinOp::Shr);
        // A vector keeps its element type; a scalar operand is converted to it.
        let elem = match (va, vb) {
            (true, true) if sa == sb => sa,
            (true, true) => common(sa, sb),
            (true, false) => {
                if sb.is_float() && !sa.is_float() {
                    sb
                } else {
                    sa
                }
            }
            (false, true) if shift => sb,
            (false, true) => {
                if sa.is_float() && !sb.is_float() {
                    sa
                } else {
                    sb
                }
            }
            (false, false) if shift => promote(sa),
            (false, false) => common(sa, sb),
        };
        let bool_logic = elem == ScalarTy::Bool && !iop.is_comparison();
        let work = if bool_logic && !matches!(iop, BinOp::And | BinOp::Or | BinOp::Xor) {
            ScalarTy::I32
        } else {
            elem
        };
        let splat = |v: Value| -> Vec<Expr> {
            let c: Vec<Expr> = v
                .scalars()
                .into_iter()
                .map(|e| fold::cast(e, work))
                .collect();
            c
        };
        let (mut ca, mut cb) = (splat(a.clone()), splat(b.clone()));
        if n > 1 && ca.len() == 1 {
            let e = self.short(ca.swap_remove(0));
            ca = vec![e; n];
        }
        if n > 1 && cb.len() == 1 {
            let e = self.short(cb.swap_remove(0));
            cb = vec![e; n];
        }
        let out: Vec<Expr> = ca
            .into_iter()
            .zip(cb)
            .map(|(x, y)| fold::binary(iop, x, y))
            .collect();
        let s = if iop.is_comparison() {
            ScalarTy::Bool
        } else {
            work
        };
        let ty = match (&a.ty, &b.ty) {
            (Ty::Simdgroup(_), _) | (_, Ty::Simdgroup(_)) => Ty::Simdgroup(s),
            _ if va || vb => Ty::vector(s, n as u8),
            _ => Ty::Scalar(s),
        };
        Value::comps(ty, out)
    }

    fn pointer_op(
        &mut self,
        op: BinaryOp,
        a: &Value,
        b: &Value,
        pa: Option<PtrVal>,
        pb: Option<PtrVal>,
    ) -> Value {
        let pointee = |l: &Self, v: &Value| match &v.ty {
            Ty::Pointer(t, _) => l.size_of(t).max(1),
            _ => 1,
        };
        match (op, pa, pb) {
            (BinaryOp::Add, Some(p), None) => {
                let size = pointee(self, a);
                let i = int_index(b);
                Value::pointer(a.ty.clone(), self.ptr_add(&p, i, size, false))
            }
            (BinaryOp::Add, None, Some(p)) => {
                let size = pointee(self, b);
                let i = int_index(a);
                Value::pointer(b.ty.clone(), self.ptr_add(&p, i, size, false))
            }
            (BinaryOp::Sub, Some(p), None) => {
                let size = pointee(self, a);
                let i = int_index(b);
                Value::pointer(a.ty.clone(), self.ptr_add(&p, i, size, true))
            }
            (BinaryOp::Sub, Some(p), Some(q)) => {
                let size = pointee(self, a);
                let d = fold::binary(BinOp::Sub, p.offset, q.offset);
                Value::scalar(fold::binary(BinOp::Div, d, fold::i64c(size as i64)))
            }
            (BinaryOp::Eq | BinaryOp::Ne, p, q) => {
                let p = p.unwrap_or_else(PtrVal::null);
                let q = q.unwrap_or_else(PtrVal::null);
                let e = self.ptr_equal(&p, &q);
                Value::scalar(if op == BinaryOp::Eq { e } else { fold::not(e) })
            }
            (BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge, Some(p), Some(q)) => {
                Value::scalar(fold::binary(ir_op(op), p.offset, q.offset))
            }
            _ => {
                self.note("operator on a pointer");
                Value::scalar(Expr::undef(ScalarTy::I32))
            }
        }
    }

    fn matrix_op(&mut self, op: BinOp, a: Value, b: Value) -> Value {
        let (a, b) = (self.freeze_value(a), self.freeze_value(b));
        let (x, y) = (a.scalars(), b.scalars());
        let add = |p: Expr, q: Expr| fold::binary(BinOp::Add, p, q);
        let mul = |p: &Expr, q: &Expr| fold::binary(BinOp::Mul, p.clone(), q.clone());
        match (&a.ty, &b.ty, op) {
            (Ty::Matrix(s, c, r), Ty::Vector(..), BinOp::Mul) => {
                let (c, r) = (usize::from(*c), usize::from(*r));
                let out = (0..r)
                    .filter_map(|i| (0..c).map(|j| mul(&x[j * r + i], &y[j])).reduce(add))
                    .collect();
                Value::comps(Ty::vector(*s, r as u8), out)
            }
            (Ty::Vector(..), Ty::Matrix(s, c, r), BinOp::Mul) => {
                let (c, r) = (usize::from(*c), usize::from(*r));
                let out = (0..c)
                    .filter_map(|j| (0..r).map(|i| mul(&x[i], &y[j * r + i])).reduce(add))
                    .collect();
                Value::comps(Ty::vector(*s, c as u8), out)
            }
            (Ty::Matrix(s, k, r), Ty::Matrix(_, c, _), BinOp::Mul) => {
                let (k, r, c) = (usize::from(*k), usize::from(*r), usize::from(*c));
                let mut out = Vec::new();
                for j in 0..c {
                    for i in 0..r {
                        let e = (0..k)
                            .map(|m| mul(&x[m * r + i], &y[j * k + m]))
                            .reduce(add);
                        out.extend(e);
                    }
                }
                Value::comps(Ty::Matrix(*s, c as u8, r as u8), out)
            }
            (Ty::Matrix(s, ..), _, _) if b.ty.scalar().is_some() => {
                let e = fold::cast(y[0].clone(), *s);
                let out = x
                    .into_iter()
                    .map(|p| fold::binary(op, p, e.clone()))
                    .collect();
                Value::comps(a.ty, out)
            }
            (_, Ty::Matrix(s, ..), _) if a.ty.scalar().is_some() => {
                let e = fold::cast(x[0].clone(), *s);
                let out = y
                    .into_iter()
                    .map(|p| fold::binary(op, e.clone(), p))
                    .collect();
                Value::comps(b.ty, out)
            }
            _ => {
                let out = x
                    .into_iter()
                    .zip(y)
                    .map(|(p, q)| fold::binary(op, p, q))
                    .collect();
                Value::comps(a.ty, out)
            }
        }
    }

    /// `-v`, `~v`, `!v` component-wise.
    pub fn unary_value(&mut self, op: UnOp, v: Value) -> Value {
        if let Ty::Pointer(..) = v.ty {
            let e = self.truth(v);
            return Value::scalar(fold::not(e));
        }
        let is_scalar = v.ty.scalar().is_some();
        let comps: Vec<Expr> = v
            .scalars()
            .into_iter()
            .map(|e| match op {
                UnOp::Not => fold::not(fold::truthy(e)),
                _ => {
                    let t = if is_scalar { promote(e.ty) } else { e.ty };
                    fold::unary(op, fold::cast(e, t))
                }
            })
            .collect();
        let ty = match (&v.ty, comps.first()) {
            (Ty::Vector(_, n, _), Some(e)) => Ty::vector(e.ty, *n),
            (t @ (Ty::Matrix(..) | Ty::Simdgroup(_)), _) => t.clone(),
            (_, Some(e)) => Ty::Scalar(e.ty),
            _ => Ty::INT,
        };
        Value::comps(ty, comps)
    }
}

fn cast_leaf(l: Leaf, t: ScalarTy) -> Leaf {
    match l {
        Leaf::S(e) => Leaf::S(fold::cast(e, t)),
        p => p,
    }
}

/// The index of pointer arithmetic.
fn int_index(v: &Value) -> Expr {
    match v.as_scalar() {
        Some(e) if e.ty == ScalarTy::Bool => fold::cast(e.clone(), ScalarTy::I32),
        Some(e) => e.clone(),
        None => Expr::undef(ScalarTy::I64),
    }
}
