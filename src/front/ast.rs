//! The syntax tree of the MSL subset that the grammar accepts.
//!
//! Purpose: a faithful tree of what was written, before any name is resolved. Nothing is decided
//! here that needs types: `a(b)` is a [`ExprKind::Call`] whether `a` is a function or a type, and a
//! template argument that could be either is [`TemplateArg::Path`]. Soundness direction: exact.

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
        /// Its contents.
        items: Vec<Item>,
    },
    /// `using namespace N;`
    UsingNamespace(Path),
    /// `using A::b;`
    UsingDecl(Path),
    /// `template [[host_name("x")]] kernel void f<float>(…);` and `template struct S<int>;`
    ExplicitInstantiation(Box<ExplicitInstantiation>),
    /// `static_assert(e, "m");`
    StaticAssert(Expr),
    /// Something that could not be parsed; a diagnostic was issued. The rest of the file goes on.
    Error,
    /// `;`
    Empty,
}

/// An attribute `[[name(args)]]` or `__attribute__((name(args)))`.
#[derive(Clone, Debug)]
pub struct Attr {
    /// The name without its namespace, e.g. `buffer`, `host_name`, `thread_index_in_threadgroup`.
    pub name: String,
    /// Arguments as expressions (a string literal for `host_name`).
    pub args: Vec<Expr>,
    /// Where.
    pub span: Span,
}

impl Attr {
    /// Whether it asks for an alignment, which moves members of records and nothing else.
    pub fn is_alignment(&self) -> bool {
        matches!(self.name.as_str(), "alignas" | "aligned")
    }

    /// Whether it is known to change neither the type of what it stands at nor what code does.
    /// An alignment counts as such: where it matters, [`Attr::is_alignment`] is asked.
    pub fn is_harmless(&self) -> bool {
        HARMLESS.contains(&self.name.as_str())
    }
}

/// Names of attributes for [`Attr::is_harmless`], sorted.
const HARMLESS: &[&str] = &[
    "accept_intersection",
    "alignas",
    "aligned",
    "alloc_align",
    "always_inline",
    "amplification_count",
    "amplification_id",
    "annotate",
    "artificial",
    "assume_aligned",
    "attribute",
    "availability",
    "barycentric_coord",
    "base_instance",
    "base_vertex",
    "buffer",
    "center_no_perspective",
    "center_perspective",
    "centroid_no_perspective",
    "centroid_perspective",
    "clip_distance",
    "cold",
    "color",
    "const",
    "continue_search",
    "deprecated",
    "depth",
    "direction",
    "dispatch_quadgroups_per_threadgroup",
    "dispatch_simdgroups_per_threadgroup",
    "dispatch_threads_per_threadgroup",
    "distance",
    "early_fragment_tests",
    "fallthrough",
    "flat",
    "flatten",
    "fragment",
    "front_facing",
    "function_constant",
    "gnu_inline",
    "grid_origin",
    "grid_size",
    "host_name",
    "hot",
    "id",
    "imageblock_data",
    "inline",
    "instance_acceleration_structure",
    "instance_id",
    "intersection",
    "invariant",
    "kernel",
    "likely",
    "loop",
    "malloc",
    "max_distance",
    "max_total_threadgroups_per_mesh_grid",
    "max_total_threads_per_threadgroup",
    "may_alias",
    "maybe_unused",
    "mesh",
    "min_distance",
    "minsize",
    "nodebug",
    "nodiscard",
    "noescape",
    "noinline",
    "nonnull",
    "noreturn",
    "nothrow",
    "object",
    "opaque",
    "optnone",
    "origin",
    "overloadable",
    "patch",
    "patch_id",
    "payload",
    "point_coord",
    "point_size",
    "position",
    "position_in_patch",
    "primitive_data",
    "primitive_id",
    "pure",
    "quadgroup_index_in_threadgroup",
    "quadgroups_per_threadgroup",
    "raster_order_group",
    "render_target_array_index",
    "required_threads_per_threadgroup",
    "returns_nonnull",
    "sample_id",
    "sample_mask",
    "sample_no_perspective",
    "sample_perspective",
    "sampler",
    "section",
    "shared",
    "simdgroup_index_in_threadgroup",
    "simdgroups_per_threadgroup",
    "stage_in",
    "stage_out",
    "stencil",
    "stitchable",
    "texture",
    "thread_execution_width",
    "thread_index_in_quadgroup",
    "thread_index_in_simdgroup",
    "thread_index_in_threadgroup",
    "thread_position_in_grid",
    "thread_position_in_threadgroup",
    "threadgroup",
    "threadgroup_position_in_grid",
    "threadgroups_per_grid",
    "threads_per_grid",
    "threads_per_simdgroup",
    "threads_per_threadgroup",
    "tile",
    "unavailable",
    "unlikely",
    "unroll",
    "unused",
    "used",
    "user",
    "vertex",
    "vertex_id",
    "viewport_array_index",
    "visibility",
    "visible",
    "warn_unused_result",
];

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

/// MSL address spaces (MSL specification, section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressSpace {
    /// `device`
    Device,
    /// `constant`
    Constant,
    /// `threadgroup`
    Threadgroup,
    /// `threadgroup_imageblock`
    ThreadgroupImageblock,
    /// `thread`
    Thread,
    /// `ray_data`, `object_data`
    Other,
}

/// Qualifiers at one level of a type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quals {
    /// `const`
    pub is_const: bool,
    /// `volatile`
    pub is_volatile: bool,
    /// `coherent(device)` or `coherent`
    pub is_coherent: bool,
    /// Address space written at this level.
    pub space: Option<AddressSpace>,
}

/// A type as written. For `threadgroup float *p` the pointer's pointee carries the space.
#[derive(Clone, Debug)]
pub struct Type {
    /// Shape.
    pub kind: TypeKind,
    /// Qualifiers at this level.
    pub quals: Quals,
    /// Where.
    pub span: Span,
}

/// The shapes of types.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// A name: `float`, `unsigned int` (normalised to `uint`), `metal::vec<T, 4>`, `typename T::U`.
    Named(Path),
    /// `auto` / `decltype(auto)`
    Auto,
    /// `decltype(e)`
    Decltype(Box<Expr>),
    /// `T *`
    Pointer(Box<Type>),
    /// `T &` or, with `true`, `T &&`
    Reference(Box<Type>, bool),
    /// `T [n]`, `T []`
    Array(Box<Type>, Option<Box<Expr>>),
    /// `R (params)` (behind a pointer or reference: function pointer)
    Function {
        /// Return type.
        ret: Box<Type>,
        /// Parameter types.
        params: Vec<Type>,
    },
    /// A type whose definition is written in place: `struct { … } x;`
    Record(Box<Record>),
    /// A type with attributes that may change what it is: `float __attribute__((ext_vector_type(4)))`.
    /// The parser puts every attribute here that [`Attr::is_harmless`] does not list.
    Attributed(Box<Type>, Vec<Attr>),
}

/// A possibly qualified, possibly templated name.
#[derive(Clone, Debug)]
pub struct Path {
    /// Starts with `::`.
    pub global: bool,
    /// `a::b<c>::d`
    pub segments: Vec<PathSegment>,
    /// Where.
    pub span: Span,
}

impl Path {
    /// The last segment's name; empty for an empty path.
    pub fn last_name(&self) -> &str {
        self.segments.last().map_or("", |s| s.name.as_str())
    }

    /// The name when it is one segment without template arguments.
    pub fn as_ident(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [s] if s.args.is_none() && !self.global => Some(&s.name),
            _ => None,
        }
    }
}

/// One segment of a path.
#[derive(Clone, Debug)]
pub struct PathSegment {
    /// Identifier, or `operator…`, or `~T`, or (as the first segment only) the spelling of
    /// `decltype(e)` in `decltype(e)::x`.
    pub name: String,
    /// Template arguments, when written.
    pub args: Option<Vec<TemplateArg>>,
}

/// A template argument.
#[derive(Clone, Debug)]
pub enum TemplateArg {
    /// Certainly a type.
    Type(Type),
    /// Certainly an expression.
    Expr(Expr),
    /// A bare name: type or value is decided during lowering.
    Path(Path),
    /// `Ts...`
    Pack(Box<TemplateArg>),
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
    /// `e...` and `(e op ...)` folds, kept for a message.
    Unsupported(String),
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
