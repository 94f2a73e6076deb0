//! Pure scalar expressions.
//!
//! Soundness direction: exact. Integer arithmetic wraps at the width of its type (two's
//! complement), as MSL does for unsigned types; signed overflow is given the same meaning (Metal
//! compilers use wrapping `int` arithmetic unless they prove otherwise; undefined behaviour is
//! outside every verdict).

use super::kernel::VarId;

/// Scalar types (MSL specification, section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScalarTy {
    /// `bool`: 0 or 1, one byte in memory.
    Bool,
    /// `char`
    I8,
    /// `uchar`
    U8,
    /// `short`
    I16,
    /// `ushort`
    U16,
    /// `int`
    I32,
    /// `uint`
    U32,
    /// `long`
    I64,
    /// `ulong`, `size_t`
    U64,
    /// `half`
    F16,
    /// `bfloat`
    BF16,
    /// `float`
    F32,
}

impl ScalarTy {
    /// Size in memory, in bytes.
    pub fn size(self) -> u64 {
        match self {
            ScalarTy::Bool | ScalarTy::I8 | ScalarTy::U8 => 1,
            ScalarTy::I16 | ScalarTy::U16 | ScalarTy::F16 | ScalarTy::BF16 => 2,
            ScalarTy::I32 | ScalarTy::U32 | ScalarTy::F32 => 4,
            ScalarTy::I64 | ScalarTy::U64 => 8,
        }
    }

    /// Width of the value in bits (1 for `bool`).
    pub fn bits(self) -> u32 {
        match self {
            ScalarTy::Bool => 1,
            other => other.size() as u32 * 8,
        }
    }

    /// `half`, `bfloat`, `float`.
    pub fn is_float(self) -> bool {
        matches!(self, ScalarTy::F16 | ScalarTy::BF16 | ScalarTy::F32)
    }

    /// Any integer type; `bool` is not one.
    pub fn is_int(self) -> bool {
        !self.is_float() && self != ScalarTy::Bool
    }

    /// Signed integer.
    pub fn is_signed(self) -> bool {
        matches!(
            self,
            ScalarTy::I8 | ScalarTy::I16 | ScalarTy::I32 | ScalarTy::I64
        )
    }

    /// The MSL spelling.
    pub fn name(self) -> &'static str {
        match self {
            ScalarTy::Bool => "bool",
            ScalarTy::I8 => "char",
            ScalarTy::U8 => "uchar",
            ScalarTy::I16 => "short",
            ScalarTy::U16 => "ushort",
            ScalarTy::I32 => "int",
            ScalarTy::U32 => "uint",
            ScalarTy::I64 => "long",
            ScalarTy::U64 => "ulong",
            ScalarTy::F16 => "half",
            ScalarTy::BF16 => "bfloat",
            ScalarTy::F32 => "float",
        }
    }
}

/// An expression with its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Result type.
    pub ty: ScalarTy,
    /// What.
    pub kind: ExprKind,
}

/// The kinds of expressions. Operand types are as stated; lowering inserts the casts.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant: the bit pattern in the low `ty.bits()` bits (two's complement, IEEE 754).
    Const(u64),
    /// The current value of a variable.
    Var(VarId),
    /// An unspecified value (uninitialised variable, result of something unmodelled). Two
    /// evaluations may differ, also between threads.
    Undef,
    /// One operand of type `ty`.
    Unary(UnOp, Box<Expr>),
    /// Two operands of the same type: `ty` for arithmetic, any type for comparisons (whose `ty` is
    /// `bool`). Shifts too: the count was cast to the type of the left operand, and only its low
    /// `log2(width)` bits count (MSL specification, section 3.1).
    /// Division or remainder by zero gives an unspecified value.
    Binary(BinOp, Box<Expr>, Box<Expr>),
    /// Numeric conversion to `ty` (C++ rules; to `bool`: `!= 0`).
    Cast(Box<Expr>),
    /// Same bits, other type of the same size.
    Bitcast(Box<Expr>),
    /// `cond ? a : b`; both sides are pure, so evaluating both is harmless.
    Select(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A pure built-in function; operands have the type that the function says.
    Math(MathFn, Vec<Expr>),
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnOp {
    /// Negation (wrapping for integers).
    Neg,
    /// Bitwise complement.
    BitNot,
    /// Logical not of a `bool`.
    Not,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/` (truncating for integers)
    Div,
    /// `%`
    Rem,
    /// `<<`
    Shl,
    /// `>>` (arithmetic for signed types)
    Shr,
    /// `&` (also the logical `&&` on `bool`)
    And,
    /// `|` (also the logical `||` on `bool`)
    Or,
    /// `^`
    Xor,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `==`
    Eq,
    /// `!=`
    Ne,
}

impl BinOp {
    /// Whether the result is `bool` whatever the operands are.
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge | BinOp::Eq | BinOp::Ne
        )
    }
}

/// Pure built-in functions. Integer ones are exact everywhere; floating ones are computed by the
/// executor and opaque (but functional: equal arguments, equal results) to the prover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum MathFn {
    // Integer or floating.
    Min,
    Max,
    Abs,
    // Integer only.
    /// `absdiff(a, b)`: the result type is the unsigned counterpart.
    AbsDiff,
    /// High half of the product.
    MulHi,
    Popcount,
    Clz,
    Ctz,
    ReverseBits,
    /// `rotate(a, n)`, n modulo the width.
    Rotate,
    /// Saturating.
    AddSat,
    SubSat,
    // Floating only.
    Fma,
    Sqrt,
    Rsqrt,
    Exp,
    Exp2,
    Exp10,
    Log,
    Log2,
    Log10,
    Pow,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Atan2,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Floor,
    Ceil,
    Round,
    Rint,
    Trunc,
    Fract,
    Fmod,
    CopySign,
    Ldexp,
    Step,
    Saturate,
    Sign,
    Erf,
    /// `isnan(x)`: `bool`.
    IsNan,
    /// `isinf(x)`: `bool`.
    IsInf,
}

impl Expr {
    /// A constant from its bit pattern (masked to the type's width).
    pub fn constant(ty: ScalarTy, bits: u64) -> Expr {
        let w = ty.bits();
        let mask = if w >= 64 { u64::MAX } else { (1 << w) - 1 };
        Expr {
            ty,
            kind: ExprKind::Const(bits & mask),
        }
    }

    /// A variable of the given type.
    pub fn var(ty: ScalarTy, v: VarId) -> Expr {
        Expr {
            ty,
            kind: ExprKind::Var(v),
        }
    }

    /// `undef` of a type.
    pub fn undef(ty: ScalarTy) -> Expr {
        Expr {
            ty,
            kind: ExprKind::Undef,
        }
    }

    /// An infix operator; the result type follows from the operator and the left operand.
    pub fn binary(op: BinOp, a: Expr, b: Expr) -> Expr {
        let ty = if op.is_comparison() {
            ScalarTy::Bool
        } else {
            a.ty
        };
        Expr {
            ty,
            kind: ExprKind::Binary(op, Box::new(a), Box::new(b)),
        }
    }

    /// A numeric conversion; none where the type is the same already.
    pub fn cast(self, to: ScalarTy) -> Expr {
        if self.ty == to {
            return self;
        }
        Expr {
            ty: to,
            kind: ExprKind::Cast(Box::new(self)),
        }
    }

    /// Logical negation of a `bool`.
    #[allow(clippy::should_implement_trait)]
    pub fn not(self) -> Expr {
        Expr {
            ty: ScalarTy::Bool,
            kind: ExprKind::Unary(UnOp::Not, Box::new(self)),
        }
    }

    /// The value of an integer or `bool` constant, sign- or zero-extended by its type.
    pub fn as_int(&self) -> Option<i128> {
        let ExprKind::Const(bits) = self.kind else {
            return None;
        };
        if self.ty.is_float() {
            return None;
        }
        let w = self.ty.bits();
        Some(if self.ty.is_signed() {
            let shift = 64 - w;
            i128::from(((bits << shift) as i64) >> shift)
        } else {
            i128::from(bits)
        })
    }
}
