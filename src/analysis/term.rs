//! Hash-consed symbolic terms: the values of one thread as functions of its identity, the launch
//! and the iteration counters of the loops around it.
//!
//! Soundness direction: exact. Every simplification keeps the value; unknowns are explicit.
//! A term's *level* says for which threads it is certainly the same (at the same iterations):
//! [`Level::Uniform`] for the whole threadgroup, [`Level::Simdgroup`] within a simdgroup,
//! [`Level::Varying`] otherwise (an over-approximation of variation).

use std::collections::HashMap;

use crate::ir::{BinOp, Builtin, LoopId, MathFn, ObjectId, ScalarTy, UnOp, VarId};

/// Index of a term in its [`Terms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermId(pub u32);

/// For which threads a value is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// All threads of the threadgroup.
    Uniform,
    /// All threads of one simdgroup.
    Simdgroup,
    /// No two threads, as far as is known.
    Varying,
}

/// Identity of an unknown value: a place in the evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpaqueId(pub u32);

/// What a term is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TermKind {
    /// Integer or `bool` constant, in the range of its type.
    Const(i128),
    /// Floating constant by bits.
    Float(u64),
    /// A built-in input (thread identity, launch sizes).
    Builtin(Builtin),
    /// A function constant (`true`: whether it is defined).
    FunctionConstant(u32, bool),
    /// Iteration number of a loop, a natural number (not a machine integer).
    Counter(LoopId),
    /// Value of the counter when the loop is left through its test; a function of the counters of
    /// the loops around it.
    ExitCount(LoopId),
    /// An unknown value computed once per iteration of the loops around it.
    Opaque(OpaqueId),
    /// The unknown value of a loop-carried variable at the start of an iteration.
    Phi(LoopId, VarId),
    /// The value at an address of memory that nothing writes during the launch.
    Read(ObjectId, TermId),
    /// `init + step * count` in the arithmetic of the term's type; `count` is a natural number.
    Induct {
        /// First value.
        init: TermId,
        /// Added each iteration.
        step: TermId,
        /// Counter or exit count.
        count: TermId,
        /// The loop.
        of: LoopId,
        /// The variable.
        var: VarId,
    },
    /// `(init + step * count) mod modulus` over the naturals (toggles and ring buffers).
    Ring {
        /// First value, below the modulus.
        init: i128,
        /// Step.
        step: i128,
        /// Modulus, at least 1.
        modulus: i128,
        /// Counter or exit count.
        count: TermId,
    },
    /// Prefix operator.
    Unary(UnOp, TermId),
    /// Infix operator.
    Binary(BinOp, TermId, TermId),
    /// Numeric conversion.
    Cast(TermId),
    /// Bit reinterpretation.
    Bitcast(TermId),
    /// Choice.
    Select(TermId, TermId, TermId),
    /// Pure function.
    Math(MathFn, Vec<TermId>),
}

/// A term and what is known of it at once.
#[derive(Clone, Debug)]
pub struct Term {
    /// What.
    pub kind: TermKind,
    /// Type. Counters and exit counts have type `ulong` nominally but are unbounded.
    pub ty: ScalarTy,
    /// Uniformity.
    pub level: Level,
    /// Loops whose counters it depends on, in increasing order.
    pub loops: Vec<LoopId>,
}

/// The term store.
#[derive(Default, Debug)]
pub struct Terms {
    /// How threads lie in simdgroups.
    pub lanes: super::lanes::Lanes,
    terms: Vec<Term>,
    index: HashMap<(TermKind, ScalarTy), TermId>,
    opaque_levels: Vec<(Level, Vec<LoopId>)>,
}

/// Range of an integer type (or `bool`), inclusive.
pub fn range_of(ty: ScalarTy) -> (i128, i128) {
    match ty {
        ScalarTy::Bool => (0, 1),
        t if t.is_signed() => (-(1i128 << (t.bits() - 1)), (1i128 << (t.bits() - 1)) - 1),
        t => (0, (1i128 << t.bits()) - 1),
    }
}

/// The representative of `v` modulo 2^bits in the range of the type.
pub fn wrap_to(ty: ScalarTy, v: i128) -> i128 {
    if ty == ScalarTy::Bool {
        return i128::from(v != 0);
    }
    let m = 1i128 << ty.bits();
    let r = v.rem_euclid(m);
    if ty.is_signed() && r >= m / 2 {
        r - m
    } else {
        r
    }
}

impl Terms {
    /// An empty store.
    pub fn new() -> Terms {
        Terms::default()
    }

    /// The term.
    pub fn get(&self, t: TermId) -> &Term {
        &self.terms[t.0 as usize]
    }

    /// Shorthand for the kind.
    pub fn kind(&self, t: TermId) -> &TermKind {
        &self.get(t).kind
    }

    /// Shorthand for the type.
    pub fn ty(&self, t: TermId) -> ScalarTy {
        self.get(t).ty
    }

    /// Shorthand for the level.
    pub fn level(&self, t: TermId) -> Level {
        self.get(t).level
    }

    /// Integer or `bool` constant value.
    pub fn as_const(&self, t: TermId) -> Option<i128> {
        match self.kind(t) {
            TermKind::Const(v) => Some(*v),
            _ => None,
        }
    }

    /// Interns without simplification.
    pub fn intern(
        &mut self,
        kind: TermKind,
        ty: ScalarTy,
        level: Level,
        loops: Vec<LoopId>,
    ) -> TermId {
        // What was made in an earlier pass may have been thought to be the same for all threads; it is not found again.
        if let Some(&t) = self.index.get(&(kind.clone(), ty))
            && self.get(t).level >= level
        {
            return t;
        }
        let id = TermId(self.terms.len() as u32);
        self.index.insert((kind.clone(), ty), id);
        self.terms.push(Term {
            kind,
            ty,
            level,
            loops,
        });
        id
    }

    fn derived(&mut self, kind: TermKind, ty: ScalarTy, parts: &[TermId]) -> TermId {
        let mut level = Level::Uniform;
        let mut loops: Vec<LoopId> = Vec::new();
        for p in parts {
            let t = self.get(*p);
            level = level.max(t.level);
            loops.extend(t.loops.iter().copied());
        }
        loops.sort_unstable();
        loops.dedup();
        self.intern(kind, ty, level, loops)
    }

    /// Integer or `bool` constant (wrapped into its type).
    pub fn int(&mut self, ty: ScalarTy, v: i128) -> TermId {
        self.intern(
            TermKind::Const(wrap_to(ty, v)),
            ty,
            Level::Uniform,
            Vec::new(),
        )
    }

    /// `true`/`false`.
    pub fn bool(&mut self, v: bool) -> TermId {
        self.int(ScalarTy::Bool, i128::from(v))
    }

    /// A floating constant.
    pub fn float(&mut self, ty: ScalarTy, bits: u64) -> TermId {
        self.intern(TermKind::Float(bits), ty, Level::Uniform, Vec::new())
    }

    /// A built-in input.
    pub fn builtin(&mut self, b: Builtin) -> TermId {
        let level = match b {
            Builtin::ThreadIndexInThreadgroup
            | Builtin::ThreadPositionInThreadgroup(_)
            | Builtin::ThreadPositionInGrid(_)
            | Builtin::ThreadIndexInSimdgroup
            | Builtin::ThreadIndexInQuadgroup
            | Builtin::QuadgroupIndexInThreadgroup => Level::Varying,
            Builtin::SimdgroupIndexInThreadgroup => Level::Simdgroup,
            _ => Level::Uniform,
        };
        self.intern(TermKind::Builtin(b), ScalarTy::U32, level, Vec::new())
    }

    /// A fresh unknown, computed once per iteration of `loops`.
    pub fn opaque(&mut self, ty: ScalarTy, level: Level, loops: Vec<LoopId>) -> TermId {
        let id = OpaqueId(self.opaque_levels.len() as u32);
        self.opaque_levels.push((level, loops.clone()));
        self.intern(TermKind::Opaque(id), ty, level, loops)
    }

    /// Makes a new term for a loop-carried unknown whose level had to be raised; later interning
    /// of the same phi finds the new one.
    pub fn replace_phi(
        &mut self,
        l: LoopId,
        v: VarId,
        ty: ScalarTy,
        level: Level,
        loops: Vec<LoopId>,
    ) -> TermId {
        let kind = TermKind::Phi(l, v);
        let id = TermId(self.terms.len() as u32);
        self.index.insert((kind.clone(), ty), id);
        self.terms.push(Term {
            kind,
            ty,
            level,
            loops,
        });
        id
    }

    /// The value at an address of never-written memory.
    pub fn read(&mut self, object: ObjectId, offset: TermId, ty: ScalarTy) -> TermId {
        self.derived(TermKind::Read(object, offset), ty, &[offset])
    }

    /// `init + step * count`.
    pub fn induct(
        &mut self,
        init: TermId,
        step: TermId,
        count: TermId,
        of: LoopId,
        var: VarId,
    ) -> TermId {
        if self.as_const(step) == Some(0) {
            return init;
        }
        let ty = self.ty(init);
        self.derived(
            TermKind::Induct {
                init,
                step,
                count,
                of,
                var,
            },
            ty,
            &[init, step, count],
        )
    }

    /// `(init + step * count) mod modulus`.
    pub fn ring(
        &mut self,
        ty: ScalarTy,
        init: i128,
        step: i128,
        modulus: i128,
        count: TermId,
    ) -> TermId {
        self.derived(
            TermKind::Ring {
                init,
                step,
                modulus,
                count,
            },
            ty,
            &[count],
        )
    }

    /// Logical negation.
    pub fn not(&mut self, a: TermId) -> TermId {
        match *self.kind(a) {
            TermKind::Const(v) => return self.bool(v == 0),
            TermKind::Unary(UnOp::Not, x) => return x,
            _ => {}
        }
        self.derived(TermKind::Unary(UnOp::Not, a), ScalarTy::Bool, &[a])
    }

    /// Conjunction of `bool`s.
    pub fn and(&mut self, a: TermId, b: TermId) -> TermId {
        self.binary(BinOp::And, a, b)
    }

    /// Disjunction of `bool`s.
    pub fn or(&mut self, a: TermId, b: TermId) -> TermId {
        self.binary(BinOp::Or, a, b)
    }

    /// Conjunction of many.
    pub fn and_all(&mut self, xs: &[TermId]) -> TermId {
        let mut acc = self.bool(true);
        for &x in xs {
            acc = self.and(acc, x);
        }
        acc
    }

    /// Prefix operator.
    pub fn unary(&mut self, op: UnOp, a: TermId) -> TermId {
        let ty = self.ty(a);
        if op == UnOp::Not {
            return self.not(a);
        }
        if let Some(v) = self.as_const(a) {
            return match op {
                UnOp::Neg => self.int(ty, -v),
                _ => self.int(ty, !v),
            };
        }
        self.derived(TermKind::Unary(op, a), ty, &[a])
    }

    /// Numeric conversion.
    pub fn cast(&mut self, a: TermId, ty: ScalarTy) -> TermId {
        let from = self.ty(a);
        if from == ty {
            return a;
        }
        if let Some(v) = self.as_const(a)
            && !ty.is_float()
        {
            return self.int(ty, v);
        }
        // bool(uint(b)) is b.
        if ty == ScalarTy::Bool
            && let TermKind::Cast(inner) = *self.kind(a)
            && self.ty(inner) == ScalarTy::Bool
        {
            return inner;
        }
        // Widening through a type that holds every value of the inner one.
        if let TermKind::Cast(inner) = *self.kind(a)
            && !ty.is_float()
            && !from.is_float()
            && !self.ty(inner).is_float()
        {
            let it = self.ty(inner);
            let (ilo, ihi) = range_of(it);
            let (flo, fhi) = range_of(from);
            if flo <= ilo && ihi <= fhi && ty != ScalarTy::Bool {
                return self.cast(inner, ty);
            }
        }
        self.derived(TermKind::Cast(a), ty, &[a])
    }

    /// Bit reinterpretation.
    pub fn bitcast(&mut self, a: TermId, ty: ScalarTy) -> TermId {
        let from = self.ty(a);
        if from == ty {
            return a;
        }
        if !from.is_float() && !ty.is_float() {
            return self.cast(a, ty);
        }
        match *self.kind(a) {
            TermKind::Float(bits) if !ty.is_float() => return self.int(ty, i128::from(bits)),
            TermKind::Const(v) if ty.is_float() => {
                let mask = (1i128 << from.bits()) - 1;
                return self.float(ty, (v & mask) as u64);
            }
            _ => {}
        }
        self.derived(TermKind::Bitcast(a), ty, &[a])
    }

    /// Choice.
    pub fn select(&mut self, c: TermId, a: TermId, b: TermId) -> TermId {
        if a == b {
            return a;
        }
        if let Some(v) = self.as_const(c) {
            return if v != 0 { a } else { b };
        }
        if let TermKind::Unary(UnOp::Not, x) = *self.kind(c) {
            return self.select(x, b, a);
        }
        let ty = self.ty(a);
        if ty == ScalarTy::Bool {
            match (self.as_const(a), self.as_const(b)) {
                (Some(1), Some(0)) => return c,
                (Some(0), Some(1)) => return self.not(c),
                _ => {}
            }
        }
        self.derived(TermKind::Select(c, a, b), ty, &[c, a, b])
    }

    /// Pure function.
    pub fn math(&mut self, f: MathFn, args: Vec<TermId>, ty: ScalarTy) -> TermId {
        if matches!(f, MathFn::Min | MathFn::Max)
            && let [a, b] = args[..]
            && !ty.is_float()
        {
            if a == b {
                return a;
            }
            if let (Some(x), Some(y)) = (self.as_const(a), self.as_const(b)) {
                return self.int(ty, if f == MathFn::Min { x.min(y) } else { x.max(y) });
            }
        }
        let parts = args.clone();
        self.derived(TermKind::Math(f, args), ty, &parts)
    }

    /// Infix operator, with constant folding and identities that hold in machine arithmetic.
    pub fn binary(&mut self, op: BinOp, a: TermId, b: TermId) -> TermId {
        let ty = self.ty(a);
        let result = if op.is_comparison() {
            ScalarTy::Bool
        } else {
            ty
        };
        if ty.is_float() {
            return self.derived(TermKind::Binary(op, a, b), result, &[a, b]);
        }
        if let (Some(x), Some(y)) = (self.as_const(a), self.as_const(b))
            && let Some(v) = fold(op, ty, x, y)
        {
            return self.int(result, v);
        }
        if let Some(t) = self.identity(op, ty, a, b) {
            return t;
        }
        if let Some(level) = self.simdgroup_level(op, a, b) {
            return self.intern(TermKind::Binary(op, a, b), result, level, Vec::new());
        }
        self.derived(TermKind::Binary(op, a, b), result, &[a, b])
    }

    fn identity(&mut self, op: BinOp, ty: ScalarTy, a: TermId, b: TermId) -> Option<TermId> {
        let (ca, cb) = (self.as_const(a), self.as_const(b));
        let is_bool = ty == ScalarTy::Bool;
        Some(match op {
            BinOp::Add if cb == Some(0) => a,
            BinOp::Add if ca == Some(0) => b,
            BinOp::Sub if cb == Some(0) => a,
            BinOp::Sub if a == b => self.int(ty, 0),
            BinOp::Mul if cb == Some(1) => a,
            BinOp::Mul if ca == Some(1) => b,
            BinOp::Mul if cb == Some(0) || ca == Some(0) => self.int(ty, 0),
            BinOp::Div if cb == Some(1) => a,
            BinOp::Rem if cb == Some(1) => self.int(ty, 0),
            BinOp::Shl | BinOp::Shr if cb == Some(0) => a,
            BinOp::And if a == b => a,
            BinOp::Or if a == b => a,
            BinOp::And if ca == Some(0) || cb == Some(0) => self.int(ty, 0),
            BinOp::And if is_bool && cb == Some(1) => a,
            BinOp::And if is_bool && ca == Some(1) => b,
            BinOp::And if is_bool && self.complementary(a, b) => self.bool(false),
            BinOp::Or if cb == Some(0) => a,
            BinOp::Or if ca == Some(0) => b,
            BinOp::Or if is_bool && (ca == Some(1) || cb == Some(1)) => self.bool(true),
            BinOp::Or if is_bool && self.complementary(a, b) => self.bool(true),
            BinOp::Xor if cb == Some(0) => a,
            BinOp::Xor if ca == Some(0) => b,
            BinOp::Xor if a == b => self.int(ty, 0),
            BinOp::Eq | BinOp::Le | BinOp::Ge if a == b => self.bool(true),
            BinOp::Ne | BinOp::Lt | BinOp::Gt if a == b => self.bool(false),
            BinOp::Eq if is_bool && cb == Some(1) => a,
            BinOp::Eq if is_bool && cb == Some(0) => self.not(a),
            BinOp::Ne if is_bool && cb == Some(0) => a,
            BinOp::Ne if is_bool && cb == Some(1) => self.not(a),
            BinOp::Lt if cb == Some(0) && !ty.is_signed() => self.bool(false),
            BinOp::Ge if cb == Some(0) && !ty.is_signed() => self.bool(true),
            _ => return None,
        })
    }

    fn complementary(&self, a: TermId, b: TermId) -> bool {
        matches!(*self.kind(a), TermKind::Unary(UnOp::Not, x) if x == b)
            || matches!(*self.kind(b), TermKind::Unary(UnOp::Not, x) if x == a)
    }
}

/// Machine arithmetic on constants of an integer type or `bool`; `None` where unspecified.
pub fn fold(op: BinOp, ty: ScalarTy, x: i128, y: i128) -> Option<i128> {
    let bits = i128::from(ty.bits());
    Some(match op {
        BinOp::Add => x + y,
        BinOp::Sub => x - y,
        BinOp::Mul => x.checked_mul(y)?,
        BinOp::Div => x.checked_div(y)?,
        BinOp::Rem => x.checked_rem(y)?,
        BinOp::Shl => x.checked_shl(y.rem_euclid(bits) as u32)?,
        BinOp::Shr => x >> (y.rem_euclid(bits) as u32),
        BinOp::And => x & y,
        BinOp::Or => x | y,
        BinOp::Xor => x ^ y,
        BinOp::Lt => i128::from(x < y),
        BinOp::Le => i128::from(x <= y),
        BinOp::Gt => i128::from(x > y),
        BinOp::Ge => i128::from(x >= y),
        BinOp::Eq => i128::from(x == y),
        BinOp::Ne => i128::from(x != y),
    })
}
