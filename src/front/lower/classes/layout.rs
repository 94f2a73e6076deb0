//! Sizes, alignments and leaves of types (MSL specification, sections 2.2 to 2.6).
//!
//! Purpose: exact byte offsets. Soundness direction: exact.

use crate::ir::ScalarTy;

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::types::Ty;

/// One leaf of a type: its offset and what is there.
#[derive(Clone, Debug)]
pub struct LeafTy {
    /// Bytes from the start.
    pub offset: u64,
    /// The scalar, or `None` for a pointer.
    pub scalar: Option<ScalarTy>,
}

/// Rounds up to a multiple.
pub fn round_up(n: u64, align: u64) -> u64 {
    n.div_ceil(align.max(1)) * align.max(1)
}

/// Components that a vector takes in memory: a power of two.
pub fn padded_lanes(n: u8) -> u64 {
    u64::from(n).next_power_of_two()
}

/// The name of a component of a vector.
pub fn component_name(i: usize) -> String {
    match ["x", "y", "z", "w"].get(i) {
        Some(n) => (*n).to_string(),
        None => format!("s{i:x}"),
    }
}

fn vector_layout(s: ScalarTy, n: u8, packed: bool) -> (u64, u64) {
    let e = s.size();
    if packed {
        (e * u64::from(n), e)
    } else {
        let size = e * padded_lanes(n);
        (size, size)
    }
}

impl Lowerer<'_> {
    /// Size and alignment in bytes.
    pub fn size_align(&self, ty: &Ty) -> (u64, u64) {
        match ty {
            Ty::Scalar(s) | Ty::Enum(_, s) | Ty::Atomic(s) => (s.size(), s.size()),
            Ty::Vector(s, n, packed) => vector_layout(*s, *n, *packed),
            Ty::Matrix(s, c, r) => {
                let (size, align) = vector_layout(*s, *r, false);
                (size * u64::from(*c), align)
            }
            Ty::Array(t, n) => {
                let (s, a) = self.size_align(t);
                (s.saturating_mul(*n), a)
            }
            Ty::Unsized(t) => (0, self.size_align(t).1),
            Ty::Record(id) => self
                .recs
                .get(*id as usize)
                .map_or((1, 1), |r| (r.size, r.align)),
            Ty::Pointer(..) | Ty::Ref(..) | Ty::Null | Ty::Opaque(_) | Ty::Texture(..) => (8, 8),
            Ty::Simdgroup(s) => (2 * s.size(), s.size()),
            Ty::Const(t) => self.size_align(t),
            Ty::Void | Ty::Lambda(_) | Ty::Func(_) | Ty::Unknown(_) => (1, 1),
        }
    }

    /// Size in bytes.
    pub fn size_of(&self, ty: &Ty) -> u64 {
        self.size_align(ty).0
    }

    /// Number of leaves.
    pub fn leaf_count(&self, ty: &Ty) -> usize {
        match ty {
            Ty::Scalar(_)
            | Ty::Enum(..)
            | Ty::Atomic(_)
            | Ty::Pointer(..)
            | Ty::Ref(..)
            | Ty::Null => 1,
            Ty::Vector(_, n, _) => usize::from(*n),
            Ty::Matrix(_, c, r) => usize::from(*c) * usize::from(*r),
            Ty::Simdgroup(_) => 2,
            Ty::Array(t, n) => self
                .leaf_count(t)
                .saturating_mul(usize::try_from(*n).unwrap_or(usize::MAX)),
            Ty::Record(id) => self.recs.get(*id as usize).map_or(0, |r| {
                if r.is_union {
                    r.size as usize
                } else {
                    r.fields.iter().map(|f| self.leaf_count(&f.ty)).sum()
                }
            }),
            _ => 0,
        }
    }

    /// The leaves of a type in order.
    pub fn leaf_types(&self, ty: &Ty) -> Vec<LeafTy> {
        let mut out = Vec::new();
        self.push_leaves(ty, 0, &mut out);
        out
    }

    fn push_leaves(&self, ty: &Ty, base: u64, out: &mut Vec<LeafTy>) {
        let mut leaf = |offset, scalar| out.push(LeafTy { offset, scalar });
        match ty {
            Ty::Scalar(s) | Ty::Enum(_, s) | Ty::Atomic(s) => leaf(base, Some(*s)),
            Ty::Pointer(..) | Ty::Ref(..) | Ty::Null => leaf(base, None),
            Ty::Vector(s, n, _) => {
                for i in 0..u64::from(*n) {
                    leaf(base + i * s.size(), Some(*s));
                }
            }
            Ty::Simdgroup(s) => {
                leaf(base, Some(*s));
                leaf(base + s.size(), Some(*s));
            }
            Ty::Matrix(s, c, r) => {
                let col = vector_layout(*s, *r, false).0;
                for j in 0..u64::from(*c) {
                    for i in 0..u64::from(*r) {
                        leaf(base + j * col + i * s.size(), Some(*s));
                    }
                }
            }
            Ty::Array(t, n) => {
                let step = self.size_of(t);
                for i in 0..*n {
                    self.push_leaves(t, base + i * step, out);
                }
            }
            Ty::Record(id) => {
                if let Some(r) = self.recs.get(*id as usize) {
                    if r.is_union {
                        for i in 0..r.size {
                            out.push(LeafTy {
                                offset: base + i,
                                scalar: Some(ScalarTy::U8),
                            });
                        }
                    } else {
                        for f in &r.fields {
                            self.push_leaves(&f.ty, base + f.offset, out);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a value of this type can only live in memory (it contains a union).
    pub fn needs_memory(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Array(t, _) => self.needs_memory(t),
            Ty::Record(id) => self
                .recs
                .get(*id as usize)
                .is_some_and(|r| r.is_union || r.fields.iter().any(|f| self.needs_memory(&f.ty))),
            _ => false,
        }
    }

    /// Whether a pointer is among the leaves.
    pub fn has_pointers(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Pointer(..) | Ty::Ref(..) => true,
            Ty::Array(t, _) => self.has_pointers(t),
            Ty::Record(id) => self
                .recs
                .get(*id as usize)
                .is_some_and(|r| r.fields.iter().any(|f| self.has_pointers(&f.ty))),
            _ => false,
        }
    }

    /// The one scalar type that fills a type, where there is one.
    pub fn fill_scalar(&self, ty: &Ty) -> Option<ScalarTy> {
        match ty {
            Ty::Array(t, _) | Ty::Unsized(t) => self.fill_scalar(t),
            Ty::Record(id) => {
                let r = self.recs.get(*id as usize)?;
                let mut found = None;
                for f in &r.fields {
                    let s = self.fill_scalar(&f.ty)?;
                    if found.is_some_and(|x| x != s) {
                        return None;
                    }
                    found = Some(s);
                }
                found
            }
            other => other.element(),
        }
    }

    /// A readable name of a type.
    pub fn type_name(&self, ty: &Ty) -> String {
        match ty {
            Ty::Void => "void".into(),
            Ty::Scalar(s) => s.name().into(),
            Ty::Enum(_, s) => format!("enum:{}", s.name()),
            Ty::Vector(s, n, p) => format!("{}{}{n}", if *p { "packed_" } else { "" }, s.name()),
            Ty::Matrix(s, c, r) => format!("{}{c}x{r}", s.name()),
            Ty::Array(t, n) => format!("{}[{n}]", self.type_name(t)),
            Ty::Unsized(t) => format!("{}[]", self.type_name(t)),
            Ty::Record(id) => self
                .recs
                .get(*id as usize)
                .map_or_else(|| "struct".into(), |r| r.name.clone()),
            Ty::Pointer(t, _) => format!("{}*", self.type_name(t)),
            Ty::Ref(t, _) => format!("{}&", self.type_name(t)),
            Ty::Atomic(s) => format!("atomic_{}", s.name()),
            Ty::Simdgroup(s) => format!("simdgroup_{}8x8", s.name()),
            Ty::Lambda(_) => "lambda".into(),
            Ty::Func(_) => "function".into(),
            Ty::Const(t) => format!("const {}", self.type_name(t)),
            Ty::Null => "nullptr_t".into(),
            Ty::Opaque(n) | Ty::Unknown(n) => n.to_string(),
            Ty::Texture(n, s, _) => format!("{n}<{}>", s.name()),
        }
    }
}
