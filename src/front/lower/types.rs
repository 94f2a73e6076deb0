//! Resolved types.
//!
//! Purpose: what an [`crate::front::ast::Type`] means once names and template arguments are known.
//! `const` and `volatile` are kept where something refers to something ([`Qual`]), for overload
//! resolution; types that differ in them alone are equal here, as nothing in the IR depends on it. Soundness direction: exact.

use std::rc::Rc;

use crate::front::ast::{AddressSpace, Quals};
use crate::ir::ScalarTy;

/// How a pointer or a reference sees what it refers to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Qual {
    /// The address space.
    pub space: Option<AddressSpace>,
    /// `const` and `volatile`.
    pub cv: Cv,
    /// `&&`
    pub rvalue: bool,
}

/// `const` and `volatile`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cv {
    /// `const`
    pub is_const: bool,
    /// `volatile`
    pub is_volatile: bool,
}

impl Cv {
    /// The qualifiers of both.
    pub fn with(self, other: Cv) -> Cv {
        Cv {
            is_const: self.is_const || other.is_const,
            is_volatile: self.is_volatile || other.is_volatile,
        }
    }

    /// Whether it has all of the other's.
    pub fn includes(self, other: Cv) -> bool {
        self.with(other) == self
    }
}

impl From<Quals> for Cv {
    fn from(q: Quals) -> Cv {
        Cv {
            is_const: q.is_const,
            is_volatile: q.is_volatile,
        }
    }
}

impl From<Option<AddressSpace>> for Qual {
    fn from(space: Option<AddressSpace>) -> Qual {
        Qual {
            space,
            ..Qual::default()
        }
    }
}

impl PartialEq for Qual {
    fn eq(&self, other: &Qual) -> bool {
        self.space == other.space
    }
}

impl Eq for Qual {}

impl PartialOrd for Qual {
    fn partial_cmp(&self, other: &Qual) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Qual {
    fn cmp(&self, other: &Qual) -> std::cmp::Ordering {
        self.space.cmp(&other.space)
    }
}

impl std::hash::Hash for Qual {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.space.hash(state);
    }
}

/// A resolved type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ty {
    /// `void`
    Void,
    /// A scalar.
    Scalar(ScalarTy),
    /// An enumeration: its identity and its underlying type.
    Enum(u32, ScalarTy),
    /// `vec<T, n>`, or with `true` the packed form.
    Vector(ScalarTy, u8, bool),
    /// `matrix<T, columns, rows>`
    Matrix(ScalarTy, u8, u8),
    /// `T[n]`
    Array(Rc<Ty>, u64),
    /// `T[]`
    Unsized(Rc<Ty>),
    /// An instantiated record, an index into the table of records.
    Record(u32),
    /// `space T*`
    Pointer(Rc<Ty>, Qual),
    /// `space T&`; only for parameters, fields and return types, never for expressions.
    Ref(Rc<Ty>, Qual),
    /// `atomic<T>`
    Atomic(ScalarTy),
    /// `simdgroup_matrix<T, 8, 8>`; each lane holds two elements.
    Simdgroup(ScalarTy),
    /// A closure, an index into the table of closures.
    Lambda(u32),
    /// A named function (set), an index into the table of function references.
    Func(u32),
    /// `const T`, as a template argument or an alias says it; no expression has such a type.
    Const(Rc<Ty>),
    /// The type of `nullptr`.
    Null,
    /// A texture: its template's name, its component type, and whether kernels may write it.
    Texture(Rc<str>, ScalarTy, bool),
    /// A sampler or another type without memory of its own that is modelled.
    Opaque(Rc<str>),
    /// A type that could not be resolved.
    Unknown(Rc<str>),
}

/// The reserved identity of `mem_flags`.
pub const ENUM_MEM_FLAGS: u32 = 0;
/// The reserved identity of `memory_order`, `thread_scope` and similar enumerations.
pub const ENUM_OTHER: u32 = 1;

impl Ty {
    /// The type of something with an attribute that is not understood.
    pub fn attribute(name: &str) -> Ty {
        Ty::Unknown(format!("attribute `{name}`").into())
    }

    /// Whether an attribute that is not understood made it unknown.
    pub fn is_attribute(&self) -> bool {
        matches!(self, Ty::Unknown(n) if n.starts_with("attribute "))
    }

    /// Whether it is to be deduced from what it is initialised with.
    pub fn is_auto(&self) -> bool {
        matches!(self, Ty::Unknown(n) if &**n == "auto")
    }

    /// `bool`
    pub const BOOL: Ty = Ty::Scalar(ScalarTy::Bool);
    /// `int`
    pub const INT: Ty = Ty::Scalar(ScalarTy::I32);
    /// `uint`
    pub const UINT: Ty = Ty::Scalar(ScalarTy::U32);
    /// `float`
    pub const FLOAT: Ty = Ty::Scalar(ScalarTy::F32);

    /// The scalar type of a scalar or enumeration.
    pub fn scalar(&self) -> Option<ScalarTy> {
        match self {
            Ty::Scalar(s) | Ty::Enum(_, s) | Ty::Atomic(s) => Some(*s),
            _ => None,
        }
    }

    /// The scalar type of a scalar, vector, matrix or fragment.
    pub fn element(&self) -> Option<ScalarTy> {
        match self {
            Ty::Vector(s, ..) | Ty::Matrix(s, ..) | Ty::Simdgroup(s) => Some(*s),
            other => other.scalar(),
        }
    }

    /// Components of a scalar (1) or vector.
    pub fn width(&self) -> Option<u8> {
        match self {
            Ty::Vector(_, n, _) => Some(*n),
            other => other.scalar().map(|_| 1),
        }
    }

    /// A scalar (n = 1) or vector of that width.
    pub fn vector(s: ScalarTy, n: u8) -> Ty {
        if n == 1 {
            Ty::Scalar(s)
        } else {
            Ty::Vector(s, n, false)
        }
    }

    /// Without a reference.
    pub fn strip_ref(&self) -> &Ty {
        match self {
            Ty::Ref(t, _) => t,
            other => other,
        }
    }

    /// Without the outermost `const`.
    pub fn unqualified(self) -> Ty {
        match self {
            Ty::Const(t) => (*t).clone(),
            t => t,
        }
    }

    /// With `const`; what is no object has none ([dcl.ref]).
    pub fn constant(self) -> Ty {
        match self {
            Ty::Const(_) | Ty::Ref(..) | Ty::Unknown(_) | Ty::Lambda(_) | Ty::Func(_) => self,
            t => Ty::Const(Rc::new(t)),
        }
    }

    /// The unpacked form of a packed vector.
    pub fn unpacked(&self) -> Ty {
        match self {
            Ty::Vector(s, n, true) => Ty::Vector(*s, *n, false),
            other => other.clone(),
        }
    }

    /// Element type of an array.
    pub fn array_element(&self) -> Option<&Rc<Ty>> {
        match self {
            Ty::Array(t, _) | Ty::Unsized(t) => Some(t),
            _ => None,
        }
    }
}

/// The spelling of an address space.
pub fn space_name(s: AddressSpace) -> &'static str {
    match s {
        AddressSpace::Device => "device",
        AddressSpace::Constant => "constant",
        AddressSpace::Threadgroup => "threadgroup",
        AddressSpace::ThreadgroupImageblock => "threadgroup_imageblock",
        AddressSpace::Thread => "thread",
        AddressSpace::Other => "object_data",
    }
}

/// Scalar types by their MSL and C names (MSL specification, section 2.1).
pub fn scalar_by_name(name: &str) -> Option<ScalarTy> {
    Some(match name {
        "bool" => ScalarTy::Bool,
        "char" | "int8_t" | "signed char" => ScalarTy::I8,
        "uchar" | "uint8_t" | "unsigned char" => ScalarTy::U8,
        "short" | "int16_t" => ScalarTy::I16,
        "ushort" | "uint16_t" | "unsigned short" => ScalarTy::U16,
        "int" | "int32_t" | "signed" => ScalarTy::I32,
        "uint" | "uint32_t" | "unsigned" | "unsigned int" => ScalarTy::U32,
        "long" | "int64_t" | "ptrdiff_t" | "intptr_t" | "long long" => ScalarTy::I64,
        "ulong" | "uint64_t" | "size_t" | "uintptr_t" | "unsigned long" | "unsigned long long" => {
            ScalarTy::U64
        }
        "half" | "float16_t" => ScalarTy::F16,
        "bfloat" | "bfloat16_t" => ScalarTy::BF16,
        "float" | "float32_t" => ScalarTy::F32,
        _ => return None,
    })
}

/// Whether a template of this name is a texture.
pub fn is_texture(name: &str) -> bool {
    name.starts_with("texture") || name.starts_with("depth")
}

/// Whether an opaque type of this name is a tensor, or an operation on tensors (MSL specification, section 2.21); what
/// follows a colon says more about it.
pub fn is_tensor(name: &str) -> bool {
    let name = name.split(':').next().unwrap_or(name);
    matches!(
        name,
        "matmul2d"
            | "convolution2d"
            | "cooperative_tensor"
            | "tensor"
            | "tensor_offset"
            | "extents"
            | "dextents"
    ) || is_plain_tensor(name)
}

/// The same for types that are written without arguments.
fn is_plain_tensor(name: &str) -> bool {
    matches!(
        name,
        "matmul2d_descriptor"
            | "convolution2d_descriptor"
            | "execution_thread"
            | "execution_simdgroup"
            | "execution_simdgroups"
            | "execution_threadgroup"
            | "tensor_inline"
            | "tensor_handle"
            | "simdgroup_event"
    )
}

/// Built-in types that are one identifier: scalars, vectors, matrices, atomics, fragments.
pub fn builtin_type(name: &str) -> Option<Ty> {
    if let Some(s) = scalar_by_name(name) {
        return Some(Ty::Scalar(s));
    }
    match name {
        "void" => return Some(Ty::Void),
        "nullptr_t" => return Some(Ty::Null),
        "mem_flags" => return Some(Ty::Enum(ENUM_MEM_FLAGS, ScalarTy::U32)),
        "memory_order" | "thread_scope" | "access" | "coord" | "filter" | "address" => {
            return Some(Ty::Enum(ENUM_OTHER, ScalarTy::U32));
        }
        "atomic_int" => return Some(Ty::Atomic(ScalarTy::I32)),
        "atomic_uint" => return Some(Ty::Atomic(ScalarTy::U32)),
        "atomic_bool" => return Some(Ty::Atomic(ScalarTy::Bool)),
        "atomic_float" => return Some(Ty::Atomic(ScalarTy::F32)),
        "atomic_ulong" => return Some(Ty::Atomic(ScalarTy::U64)),
        "simdgroup_float8x8" => return Some(Ty::Simdgroup(ScalarTy::F32)),
        "simdgroup_half8x8" => return Some(Ty::Simdgroup(ScalarTy::F16)),
        "simdgroup_bfloat8x8" => return Some(Ty::Simdgroup(ScalarTy::BF16)),
        _ => {}
    }
    if is_texture(name) || is_plain_tensor(name) || name == "sampler" {
        return Some(Ty::Opaque(name.into()));
    }
    let (packed, rest) = match name.strip_prefix("packed_") {
        Some(r) => (true, r),
        None => (false, name),
    };
    let b = rest.as_bytes();
    let digit = |i: usize| match b.get(i) {
        Some(d @ b'2'..=b'4') => Some(d - b'0'),
        _ => None,
    };
    let n = b.len();
    if n > 3 && b[n - 2] == b'x' && !packed {
        let s = scalar_by_name(&rest[..n - 3])?;
        return match (digit(n - 3), digit(n - 1)) {
            (Some(c), Some(r)) if s.is_float() => Some(Ty::Matrix(s, c, r)),
            _ => None,
        };
    }
    if n > 1 {
        let d = digit(n - 1)?;
        if !rest.is_char_boundary(n - 1) || rest.contains('_') {
            return None;
        }
        let s = scalar_by_name(&rest[..n - 1])?;
        return Some(Ty::Vector(s, d, packed));
    }
    None
}
