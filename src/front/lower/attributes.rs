//! What attributes make of a type, a declaration or a record.
//!
//! Purpose: vector attributes are resolved, and every attribute that is not understood makes the
//! type unknown. Soundness direction: exact; nothing that could change a size or an offset is
//! ignored.

use crate::front::ast::{Attr, Enum, Type};
use crate::ir::ScalarTy;

use super::ctx::Lowerer;
use super::types::Ty;

/// Most components of a vector that is modelled.
const MAX_LANES: i128 = 16;

impl<'a> Lowerer<'a> {
    /// A type with attributes that may change it.
    pub fn attributed_type(&mut self, inner: &'a Type, attrs: &'a [Attr]) -> Ty {
        let mut ty = self.resolve_type(inner);
        for a in attrs {
            let arg = a.args.first().and_then(|e| self.const_int(e));
            let lanes = match (a.name.as_str(), &ty, arg) {
                ("ext_vector_type", Ty::Scalar(_), Some(n)) => Some(n),
                // The size is in bytes.
                ("vector_size", Ty::Scalar(s), Some(n)) if n % i128::from(s.size()) == 0 => {
                    Some(n / i128::from(s.size()))
                }
                _ => None,
            };
            ty = match (&ty, lanes) {
                // Vectors of `bool` are packed into bits.
                (Ty::Scalar(s), Some(n))
                    if *s != ScalarTy::Bool && (2..=MAX_LANES).contains(&n) =>
                {
                    Ty::vector(*s, n as u8)
                }
                _ => Ty::attribute(&a.name),
            };
        }
        ty
    }

    /// The type of an enumeration; unknown where an attribute may have changed what is under it.
    pub fn enum_type(
        &mut self,
        e: &'a Enum,
        scalar: ScalarTy,
        make: impl FnOnce(ScalarTy) -> Ty,
    ) -> Ty {
        match e.underlying.as_ref().map(|t| self.resolve_type(t)) {
            Some(t) if t.is_attribute() => t,
            _ => make(scalar),
        }
    }

    /// The alias of a type with these attributes: an alignment that is not the type's own moves
    /// the members that have the alias as their type.
    pub fn realigned(&mut self, ty: Ty, attrs: &'a [Attr]) -> Ty {
        for a in attrs {
            if !a.is_alignment() {
                continue;
            }
            let n = a.args.first().and_then(|e| self.const_int(e));
            if n != Some(i128::from(self.size_align(&ty).1)) {
                return Ty::attribute(&a.name);
            }
        }
        ty
    }

    /// The alignment that attributes ask for, at least `align`; `None` where it is not known.
    pub fn wanted_alignment(&mut self, align: u64, attrs: &'a [Attr]) -> Option<u64> {
        let mut align = align;
        for a in attrs {
            if !a.is_alignment() {
                continue;
            }
            let n = a.args.first().and_then(|e| self.const_int(e));
            let n = n.and_then(|n| u64::try_from(n).ok())?;
            align = align.max(n);
        }
        Some(align)
    }
}
