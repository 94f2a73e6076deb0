//! Types and names.

use super::{Attr, Expr, Record};
use crate::source::Span;

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
    /// `e` of `decltype(e)`.
    pub of: Option<Box<Expr>>,
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
