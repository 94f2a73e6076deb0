//! Expressions.

use super::{Block, Param, Path, Type};
use crate::source::Span;

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// Integer literal; the suffix in lower case (`u`, `l`, `ul`, `ll`, `ull`, or empty); whether it
    /// was written in decimal (the type rules of C++ differ, [lex.icon]).
    Int {
        /// Value.
        value: u64,
        /// Suffix.
        suffix: String,
        /// Decimal notation.
        decimal: bool,
    },
    /// Floating literal; suffix `f`, `h`, `bf` or empty.
    Float {
        /// Value.
        value: f64,
        /// Suffix.
        suffix: String,
    },
    /// `true` / `false`
    Bool(bool),
    /// Character literal.
    Char(u32),
    /// String literal (adjacent ones joined).
    Str(String),
    /// `nullptr`
    Nullptr,
    /// `this`
    This,
    /// A name.
    Path(Path),
    /// Prefix operator.
    Unary(UnaryOp, Box<Expr>),
    /// `e++` (`true`) or `e--`
    Postfix(Box<Expr>, bool),
    /// Infix operator.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `a = b` (`None`) or `a op= b`
    Assign(Option<BinaryOp>, Box<Expr>, Box<Expr>),
    /// `c ? a : b`
    Ternary(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `a, b`
    Comma(Box<Expr>, Box<Expr>),
    /// `f(args)`; also `T(args)` where `T` is a type.
    Call(Box<Expr>, Vec<Expr>),
    /// `T{args}`, and `T(args)` where `T` cannot be an expression.
    Construct {
        /// The type.
        ty: Type,
        /// Arguments.
        args: Vec<Expr>,
        /// Braces.
        brace: bool,
    },
    /// `a[i]` (several indices are several expressions)
    Index(Box<Expr>, Vec<Expr>),
    /// `a.b`, `a->b`; `b` may carry template arguments or be qualified.
    Member {
        /// Object.
        base: Box<Expr>,
        /// Member name.
        name: Path,
        /// `->`
        arrow: bool,
    },
    /// A cast with its spelling.
    Cast(CastKind, Box<Type>, Box<Expr>),
    /// `{a, b}`
    InitList(Vec<Expr>),
    /// `sizeof(T)`
    SizeofType(Box<Type>),
    /// `sizeof e` (also `sizeof(name)`, which lowering resolves to a type where it is one)
    SizeofExpr(Box<Expr>),
    /// `alignof(T)`
    AlignofType(Box<Type>),
    /// `[caps](params) -> R { body }`
    Lambda(Box<Lambda>),
    /// `e...` in a list ([temp.variadic]).
    Pack(Box<Expr>),
    /// `(e op ...)`, `(... op e)`, `(a op ... op b)` ([expr.prim.fold]).
    Fold(Box<Fold>),
    /// `sizeof...(name)`
    SizeofPack(String),
    /// `.a[2] = e`, `[1 ... 3] = e` in an initialiser list.
    Designated(Vec<Designator>, Box<Expr>),
    /// What is recognised but not understood, kept for a message.
    Unsupported(String),
}

/// A fold expression.
#[derive(Clone, Debug)]
pub struct Fold {
    /// The operator; `None` for the comma.
    pub op: Option<BinaryOp>,
    /// What stands before `...`.
    pub left: Option<Expr>,
    /// What stands after it.
    pub right: Option<Expr>,
}

/// Part of a designator.
#[derive(Clone, Debug)]
pub enum Designator {
    /// `.name`
    Field(String),
    /// `[i]`
    Index(Expr),
    /// `[a ... b]`, as GNU C has it.
    Range(Expr, Expr),
}

/// Spelling of a cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CastKind {
    /// `(T)e`
    CStyle,
    /// `static_cast<T>(e)`
    Static,
    /// `reinterpret_cast<T>(e)`
    Reinterpret,
    /// `const_cast<T>(e)`
    Const,
    /// `as_type<T>(e)`
    AsType,
}

/// A lambda expression.
#[derive(Clone, Debug)]
pub struct Lambda {
    /// Default capture: `&` → `Some(true)`, `=` → `Some(false)`.
    pub default_by_ref: Option<bool>,
    /// Named captures: name, by reference, initialiser.
    pub captures: Vec<(String, bool, Option<Expr>)>,
    /// Parameters.
    pub params: Vec<Param>,
    /// Return type.
    pub ret: Option<Type>,
    /// Body.
    pub body: Block,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `+`
    Plus,
    /// `-`
    Neg,
    /// `!`
    Not,
    /// `~`
    BitNot,
    /// `*`
    Deref,
    /// `&`
    AddrOf,
    /// `++`
    PreInc,
    /// `--`
    PreDec,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
    /// `<`
    Lt,
    /// `>`
    Gt,
    /// `<=`
    Le,
    /// `>=`
    Ge,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `&`
    BitAnd,
    /// `^`
    BitXor,
    /// `|`
    BitOr,
    /// `&&`
    LogAnd,
    /// `||`
    LogOr,
}
