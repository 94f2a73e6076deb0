//! Parts of places: fields, elements, components.
//!
//! Soundness direction: exact byte offsets, no clamping.

use crate::ir::*;

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::fold;
use crate::front::lower::types::{Ty, is_tensor};
use crate::front::lower::value::{Leaf, Place, RegPlace, Store, Target, Value};

impl<'a> Lowerer<'a> {
    /// A named data member.
    pub fn field_place(&mut self, base: Place, name: &str) -> Option<Place> {
        let Ty::Record(id) = base.ty().clone() else {
            return None;
        };
        let path = self.find_field(id, name)?;
        let mut p = base;
        for i in path {
            p = self.nth_field(p, i)?;
        }
        Some(self.follow_ref(p))
    }

    /// A place of reference type stands for what it refers to.
    pub fn follow_ref(&mut self, p: Place) -> Place {
        if let Ty::Ref(t, q) = p.ty().clone() {
            let v = self.load(p);
            return match v.leaves.into_iter().next() {
                Some(Leaf::P(ptr)) => self.deref(ptr, &t).more_cv(q.cv),
                _ => Place::Val(self.undef(&t)),
            };
        }
        p
    }

    /// The `i`-th data member (or base), without following references.
    pub fn nth_field(&mut self, base: Place, i: usize) -> Option<Place> {
        let Ty::Record(id) = base.ty().clone() else {
            return None;
        };
        let r = self.recs.get(id as usize)?;
        let f = r.fields.get(i)?;
        let (ty, offset, is_union) = (f.ty.clone(), f.offset, r.is_union);
        let cv = base.cv().with(f.cv);
        Some(match base {
            Place::Mem(_, ptr, _) => Place::Mem(ty, ptr.plus(offset), cv),
            Place::Reg(reg) => {
                if let Store::Mem(o) = &*reg.store {
                    return Some(Place::Mem(
                        ty,
                        crate::front::lower::value::PtrVal::object(*o).plus(offset),
                        cv,
                    ));
                }
                let part = self.reg_part(&reg, i)?;
                if let Store::Mem(o) = &*part.store {
                    return Some(Place::Mem(
                        part.ty,
                        crate::front::lower::value::PtrVal::object(*o),
                        cv,
                    ));
                }
                Place::Reg(RegPlace { cv, ..part })
            }
            Place::Pick(c, a, b) => {
                let (a, b) = (self.nth_field(*a, i)?, self.nth_field(*b, i)?);
                Place::Pick(c, Box::new(a), Box::new(b))
            }
            other => {
                if is_union {
                    let ptr = self.address_of(other);
                    return Some(self.deref(ptr.plus(offset), &ty));
                }
                let v = self.load(other);
                let first: usize = self.recs.get(id as usize).map_or(0, |r| {
                    r.fields[..i].iter().map(|f| self.leaf_count(&f.ty)).sum()
                });
                let n = self.leaf_count(&ty);
                Place::Val(Value {
                    leaves: v.leaves.get(first..first + n).unwrap_or(&[]).to_vec(),
                    ty,
                })
            }
        })
    }

    /// `base[index]` for arrays, vectors and matrices.
    pub fn element_place(&mut self, base: Place, index: Expr) -> Place {
        let ty = base.ty().clone();
        let elem = match &ty {
            Ty::Array(t, _) | Ty::Unsized(t) => (**t).clone(),
            Ty::Vector(s, ..) | Ty::Simdgroup(s) => Ty::Scalar(*s),
            Ty::Matrix(s, _, r) => Ty::Vector(*s, *r, false),
            Ty::Opaque(n) if is_tensor(n) => return self.tensor_element(&n.clone()),
            // An array of textures is its element type.
            Ty::Texture(..) | Ty::Opaque(_) => return base,
            _ => {
                // In memory, how far such an element reaches is not known.
                let what = format!("index of `{}`", self.type_name(&ty));
                let memory = matches!(base, Place::Mem(..)) || matches!(ty, Ty::Unknown(_));
                self.unsupported(what, memory, false, Vec::new());
                return Place::Val(Value {
                    ty: Ty::Unknown("element".into()),
                    leaves: vec![Leaf::S(Expr::undef(ScalarTy::F32))],
                });
            }
        };
        let size = self.size_of(&elem);
        match base {
            Place::Mem(_, ptr, cv) => Place::Mem(elem, self.ptr_add(&ptr, index, size, false), cv),
            Place::Reg(r) => {
                if let Store::Mem(o) = &*r.store {
                    let ptr = crate::front::lower::value::PtrVal::object(*o);
                    return Place::Mem(elem, self.ptr_add(&ptr, index, size, false), r.cv);
                }
                if let Some(i) = index.as_int().and_then(|i| usize::try_from(i).ok())
                    && let Some(part) = self.reg_part(&r, i)
                {
                    if let Store::Mem(o) = &*part.store {
                        return Place::Mem(
                            part.ty,
                            crate::front::lower::value::PtrVal::object(*o),
                            r.cv,
                        );
                    }
                    return Place::Reg(part);
                }
                if matches!(ty, Ty::Array(..)) && !self.has_pointers(&ty) {
                    self.learn_memory(r.key, &r.path);
                    return Place::Val(self.undef(&elem));
                }
                Place::Dyn(Box::new(Place::Reg(r)), index, elem)
            }
            Place::Pick(c, a, b) => {
                let index = self.freeze(index);
                let a = self.element_place(*a, index.clone());
                let b = self.element_place(*b, index);
                Place::Pick(c, Box::new(a), Box::new(b))
            }
            other => {
                if let Some(i) = index.as_int().and_then(|i| usize::try_from(i).ok()) {
                    if let (Ty::Vector(..), Ok(c)) = (&ty, u8::try_from(i)) {
                        return Place::Comp(Box::new(other), vec![c], elem);
                    }
                    let n = self.leaf_count(&elem);
                    let v = self.load(other);
                    return match v.leaves.get(i * n..(i + 1) * n) {
                        Some(l) => Place::Val(Value {
                            ty: elem,
                            leaves: l.to_vec(),
                        }),
                        None => Place::Val(self.undef(&elem)),
                    };
                }
                Place::Dyn(Box::new(other), index, elem)
            }
        }
    }

    /// A swizzle of a vector.
    pub fn swizzle(&mut self, base: Place, name: &str) -> Option<Place> {
        let Ty::Vector(s, n, _) = *base.ty() else {
            // A scalar has `.x` in no dialect of MSL.
            return None;
        };
        let idx = components(name, n)?;
        if let [i] = idx.as_slice() {
            let i = u64::from(*i);
            match &base {
                Place::Reg(_) | Place::Mem(..) => {
                    return Some(self.element_place(base, fold::u32c(i as u32)));
                }
                _ => {}
            }
        }
        let ty = Ty::vector(s, idx.len() as u8);
        // A swizzle of a swizzle selects from the inner one.
        if let Place::Comp(inner, sel, _) = &base {
            let idx = idx
                .iter()
                .filter_map(|i| sel.get(usize::from(*i)).copied())
                .collect();
            return Some(Place::Comp(inner.clone(), idx, ty));
        }
        Some(Place::Comp(Box::new(base), idx, ty))
    }

    /// The place with everything evaluated that later assignments could change.
    pub fn freeze_place(&mut self, p: Place) -> Place {
        match p {
            Place::Mem(t, ptr, cv) => Place::Mem(t, self.freeze_ptr(ptr), cv),
            Place::Comp(b, i, t) => Place::Comp(Box::new(self.freeze_place(*b)), i, t),
            Place::Dyn(b, i, t) => {
                let b = self.freeze_place(*b);
                let i = self.freeze(i);
                Place::Dyn(Box::new(b), i, t)
            }
            Place::Val(v) => Place::Val(self.freeze_value(v)),
            Place::Reg(r) => Place::Reg(r),
            Place::Pick(c, a, b) => {
                let (a, b) = (self.freeze_place(*a), self.freeze_place(*b));
                Place::Pick(self.freeze(c), Box::new(a), Box::new(b))
            }
        }
    }

    /// The place of a base class within an object.
    pub fn base_place(&mut self, p: Place, base: u32) -> Place {
        let Ty::Record(id) = *p.ty() else { return p };
        if id == base {
            return p;
        }
        let Some(r) = self.recs.get(id as usize) else {
            return p;
        };
        let step = r
            .fields
            .iter()
            .position(|f| f.is_base && matches!(f.ty, Ty::Record(b) if self.is_base(base, b)));
        match step {
            Some(i) => match self.nth_field(p.clone(), i) {
                Some(q) => self.base_place(q, base),
                None => p,
            },
            None => p,
        }
    }

    /// The same place seen as another type (a reinterpreting cast of a reference or pointer).
    pub fn view_as(&mut self, p: Place, ty: &Ty) -> Place {
        if p.ty() == ty {
            return p;
        }
        match p {
            Place::Mem(_, ptr, cv) => Place::Mem(ty.clone(), ptr, cv),
            Place::Reg(r) => {
                let ptr = self.address_of(Place::Reg(r));
                match &ptr.target {
                    Target::Reg(_) | Target::Obj(_) => self.deref(ptr, ty),
                    _ => Place::Val(self.undef(ty)),
                }
            }
            _ => Place::Val(self.undef(ty)),
        }
    }
}

/// The components that a selector names: `xyzw`, `rgba`, `s0` to `sf`, `lo`, `hi`, `even`, `odd`.
fn components(name: &str, n: u8) -> Option<Vec<u8>> {
    let half = n.div_ceil(2);
    let idx: Vec<u8> = match (name, name.strip_prefix(['s', 'S'])) {
        ("lo", _) => (0..half).collect(),
        ("hi", _) => (half..2 * half).collect(),
        ("even", _) => (0..half).map(|i| 2 * i).collect(),
        ("odd", _) => (0..half).map(|i| 2 * i + 1).collect(),
        (_, Some(digits)) => digits
            .chars()
            .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
            .collect::<Option<_>>()?,
        _ => name
            .chars()
            .map(|c| match c {
                'x' | 'r' => Some(0),
                'y' | 'g' => Some(1),
                'z' | 'b' => Some(2),
                'w' | 'a' => Some(3),
                _ => None,
            })
            .collect::<Option<_>>()?,
    };
    (!idx.is_empty() && idx.iter().all(|i| *i < n)).then_some(idx)
}
