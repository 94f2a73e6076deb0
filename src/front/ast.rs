//! The syntax tree of the MSL subset that the grammar accepts.
//!
//! Purpose: a faithful tree of what was written, before any name is resolved. Nothing is decided
//! here that needs types: `a(b)` is a [`ExprKind::Call`] whether `a` is a function or a type, and a
//! template argument that could be either is [`TemplateArg::Path`]. Soundness direction: exact.

mod attr;
mod expr;
mod types;

pub use attr::Attr;
pub use expr::{BinaryOp, CastKind, Designator, Expr, ExprKind, Fold, Lambda, UnaryOp};
pub use types::{AddressSpace, Path, PathSegment, Quals, TemplateArg, Type, TypeKind};

use crate::source::Span;

/// A translation unit: its top-level declarations in order.
#[derive(Clone, Debug, Default)]
pub struct TranslationUnit {
    /// Declarations in source order.
    pub items: Vec<Item>,
}

/// A top-level, namespace-level or member declaration.
#[derive(Clone, Debug)]
pub struct Item {
    /// What is declared.
    pub kind: ItemKind,
    /// The whole declaration.
    pub span: Span,
}

/// The kinds of declarations.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// A function declaration or definition, templated or not, kernel or not.
    Function(Box<Function>),
    /// `struct`, `class` or `union`.
    Record(Box<Record>),
    /// `enum` or `enum class`.
    Enum(Box<Enum>),
    /// `using X = T;`, `typedef T X;`, templated or not.
    Alias(Box<Alias>),
    /// Global, namespace-level or static member variables.
    Var(Box<VarDecl>),
    /// `namespace N { … }` (an empty name for an anonymous one).
    Namespace {
        /// The name, possibly `A::B`; empty when anonymous.
        name: String,
        /// `inline namespace`: its members are members of the one around it, too.
        is_inline: bool,
        /// Its contents.
        items: Vec<Item>,
    },
    /// `namespace A = B::C;`
    NamespaceAlias(String, Path),
    /// `using namespace N;`
    UsingNamespace(Path),
    /// `using A::b;`
    UsingDecl(Path),
    /// `template [[host_name("x")]] kernel void f<float>(…);` and `template struct S<int>;`
    ExplicitInstantiation(Box<ExplicitInstantiation>),
    /// `static_assert(e, "m");`
    StaticAssert(Expr),
    /// Something that could not be parsed, with the names that it may declare; a diagnostic was
    /// issued. The rest of the file goes on.
    Error(Vec<String>),
    /// `;`
    Empty,
}

/// A template parameter.
#[derive(Clone, Debug)]
pub struct TemplateParam {
    /// Its name; empty when unnamed.
    pub name: String,
    /// Type or value.
    pub kind: TemplateParamKind,
    /// `typename... Ts`
    pub pack: bool,
    /// Where.
    pub span: Span,
}

/// What a template parameter stands for.
#[derive(Clone, Debug)]
pub enum TemplateParamKind {
    /// `typename T = D`
    Type {
        /// The default.
        default: Option<Type>,
    },
    /// `int N = 4`, `void (*f)(…)`
    Value {
        /// Its type.
        ty: Type,
        /// The default.
        default: Option<Expr>,
    },
    /// `template <typename> class C`
    Template,
}

/// The role of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionRole {
    /// `kernel` or `[[kernel]]`.
    Kernel,
    /// `vertex`, `fragment`, `[[mesh]]`, `[[object]]`, `[[visible]]`, …: not analysed.
    OtherStage,
    /// An ordinary function.
    Plain,
}

/// A function declaration or definition.
#[derive(Clone, Debug)]
pub struct Function {
    /// `template <…>` parameters, outermost list only; `Some(vec![])` for `template <>`.
    pub template: Option<Vec<TemplateParam>>,
    /// Attributes anywhere on the declaration (`host_name`, `max_total_threads_per_threadgroup`).
    pub attrs: Vec<Attr>,
    /// Kernel or not.
    pub role: FunctionRole,
    /// `constexpr`.
    pub is_constexpr: bool,
    /// `static` (of a member function: no `this`).
    pub is_static: bool,
    /// `friend`: no member, though it stands in a class.
    pub is_friend: bool,
    /// `explicit`.
    pub is_explicit: bool,
    /// `virtual`.
    pub is_virtual: bool,
    /// `&` or, with `true`, `&&` after the parameter list.
    pub ref_qual: Option<bool>,
    /// Return type (`None` for constructors, destructors, conversion operators).
    pub ret: Option<Type>,
    /// The declared name; a qualified one for out-of-class definitions; operators are spelled
    /// `operator+`, `operator()`, `operator[]`, conversions `operator T` with `ret` set to `T`.
    pub name: Path,
    /// Where the name is.
    pub name_span: Span,
    /// Parameters.
    pub params: Vec<Param>,
    /// `const` after the parameter list, and the address space written there.
    pub this_quals: Quals,
    /// Constructor initialisers `: a(x), b{y}`.
    pub inits: Vec<MemberInit>,
    /// The body of a definition.
    pub body: Option<Block>,
    /// `= default` / `= delete`.
    pub defaulted_or_deleted: bool,
    /// `= delete`
    pub is_deleted: bool,
}

/// One constructor initialiser.
#[derive(Clone, Debug)]
pub struct MemberInit {
    /// Member or base.
    pub name: Path,
    /// Arguments.
    pub args: Vec<Expr>,
    /// Where.
    pub span: Span,
}

/// A function parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its type, declarator included.
    pub ty: Type,
    /// Its name; empty when unnamed.
    pub name: String,
    /// Attributes.
    pub attrs: Vec<Attr>,
    /// Default argument.
    pub default: Option<Expr>,
    /// `T... xs`
    pub pack: bool,
    /// Where.
    pub span: Span,
}

/// `struct`/`class`/`union`.
#[derive(Clone, Debug)]
pub struct Record {
    /// `template <…>` parameters; `Some(vec![])` for `template <>`.
    pub template: Option<Vec<TemplateParam>>,
    /// Attributes.
    pub attrs: Vec<Attr>,
    /// `union`.
    pub is_union: bool,
    /// The name (empty when anonymous).
    pub name: String,
    /// Arguments of a (partial) specialisation `struct S<float, N>`.
    pub specialization: Option<Vec<TemplateArg>>,
    /// Base classes.
    pub bases: Vec<Type>,
    /// Members; `None` for a forward declaration.
    pub members: Option<Vec<Member>>,
}

/// A member of a record.
#[derive(Clone, Debug)]
pub enum Member {
    /// Data members `int a, *b = 0;` (each its own entry), static ones too.
    Field(Box<Declarator>, FieldFlags),
    /// Member functions, nested types, aliases, static asserts.
    Item(Item),
}

/// How a data member was declared.
#[derive(Clone, Copy, Debug, Default)]
pub struct FieldFlags {
    /// `static`.
    pub is_static: bool,
    /// `constexpr`.
    pub is_constexpr: bool,
}

/// `enum [class] N : T { … }`
#[derive(Clone, Debug)]
pub struct Enum {
    /// Name (may be empty).
    pub name: String,
    /// `enum class`.
    pub scoped: bool,
    /// Underlying type.
    pub underlying: Option<Type>,
    /// Enumerators.
    pub values: Vec<(String, Option<Expr>)>,
    /// Where each of them stands.
    pub places: Vec<Span>,
}

/// `using X = T;` / `typedef T X;`
#[derive(Clone, Debug)]
pub struct Alias {
    /// Template parameters.
    pub template: Option<Vec<TemplateParam>>,
    /// New name.
    pub name: String,
    /// Meaning; attributes that may change it are part of it.
    pub ty: Type,
    /// All attributes of the declaration.
    pub attrs: Vec<Attr>,
}

/// `template … f<args>(params);`
#[derive(Clone, Debug)]
pub struct ExplicitInstantiation {
    /// Attributes (`host_name`).
    pub attrs: Vec<Attr>,
    /// The instantiated name; the last segment carries the arguments. For a function whose
    /// arguments are to be deduced, the last segment has none.
    pub name: Path,
    /// Parameters of a function instantiation (`None` for a class).
    pub params: Option<Vec<Param>>,
    /// `kernel` was written.
    pub is_kernel: bool,
}

/// A declaration of one or more variables with shared specifiers.
#[derive(Clone, Debug)]
pub struct VarDecl {
    /// Template parameters (variable templates).
    pub template: Option<Vec<TemplateParam>>,
    /// `constexpr`.
    pub is_constexpr: bool,
    /// `static`.
    pub is_static: bool,
    /// `extern`.
    pub is_extern: bool,
    /// The variables.
    pub vars: Vec<Declarator>,
}

/// One declared variable or data member.
#[derive(Clone, Debug)]
pub struct Declarator {
    /// Full type with qualifiers and address space.
    pub ty: Type,
    /// Name.
    pub name: String,
    /// Attributes (`function_constant(0)`, `threadgroup(1)`, …).
    pub attrs: Vec<Attr>,
    /// Initialiser.
    pub init: Option<Init>,
    /// Bit-field width.
    pub bits: Option<Expr>,
    /// The name and its declarator.
    pub span: Span,
}

/// An initialiser.
#[derive(Clone, Debug)]
pub enum Init {
    /// `= e` (where `e` may be an [`ExprKind::InitList`]).
    Assign(Expr),
    /// `(a, b)`
    Paren(Vec<Expr>),
    /// `{a, b}`
    Brace(Vec<Expr>),
}

/// `{ … }`
#[derive(Clone, Debug)]
pub struct Block {
    /// Statements in order.
    pub stmts: Vec<Stmt>,
    /// Braces included.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Stmt {
    /// What.
    pub kind: StmtKind,
    /// Where.
    pub span: Span,
}

/// The kinds of statements.
#[derive(Clone, Debug)]
pub enum StmtKind {
    /// `;`
    Empty,
    /// `e;`
    Expr(Expr),
    /// Declaration of variables.
    Decl(VarDecl),
    /// Local `struct`, `using`, `typedef`, `enum`, `static_assert`.
    Item(Item),
    /// `{ … }`
    Block(Block),
    /// `if [constexpr] (init; cond) then else …`
    If {
        /// `if constexpr`
        is_constexpr: bool,
        /// `if (init; …)` or a declaration used as the condition.
        init: Option<Box<Stmt>>,
        /// Condition.
        cond: Expr,
        /// Then.
        then: Box<Stmt>,
        /// Else.
        els: Option<Box<Stmt>>,
    },
    /// `for (init; cond; step) body`
    For {
        /// Initialiser (declaration, expression or empty).
        init: Option<Box<Stmt>>,
        /// Condition.
        cond: Option<Expr>,
        /// Step.
        step: Option<Expr>,
        /// Body.
        body: Box<Stmt>,
    },
    /// `for (T x : e) body`
    ForRange {
        /// The loop variable.
        var: Box<Declarator>,
        /// The range.
        range: Expr,
        /// Body.
        body: Box<Stmt>,
    },
    /// `while (cond) body`
    While {
        /// Condition.
        cond: Expr,
        /// Body.
        body: Box<Stmt>,
    },
    /// `do body while (cond);`
    DoWhile {
        /// Body.
        body: Box<Stmt>,
        /// Condition.
        cond: Expr,
    },
    /// `switch (e) { … }`; the body's top-level statements, with labels among them.
    Switch {
        /// Scrutinee.
        cond: Expr,
        /// Body statements; [`StmtKind::Case`] and [`StmtKind::Default`] mark the entry points.
        body: Vec<Stmt>,
    },
    /// `case e:` (a marker; the statement that follows is the next in the list)
    Case(Expr),
    /// `default:`
    Default,
    /// `return e;`
    Return(Option<Expr>),
    /// `break;`
    Break,
    /// `continue;`
    Continue,
    /// `goto l;`
    Goto(String),
    /// `l:`
    Label(String),
    /// `asm(...)` and anything else that is recognised but has no meaning here.
    Unsupported(String),
}
