//! Pointers: arithmetic, pointer variables, selection, comparison.
//!
//! Purpose: a pointer is an object and a byte offset; a pointer variable that may point to several
//! objects has a tag. Soundness direction: exact; a pointer whose object is not known makes each
//! access through it unsupported.

use std::rc::Rc;

use crate::front::ast::AddressSpace;
use crate::ir::*;

use crate::front::lower::ctx::Lowerer;
use crate::front::lower::fold::{self, i64c, u32c};
use crate::front::lower::types::{Cv, Qual, Ty};
use crate::front::lower::value::{Leaf, NULL_TAG, Place, PtrVal, RegPlace, Store, Target, Value};

impl PtrVal {
    /// The start of an object.
    pub fn object(o: ObjectId) -> PtrVal {
        PtrVal {
            target: Target::Obj(o),
            offset: i64c(0),
        }
    }

    /// `nullptr`
    pub fn null() -> PtrVal {
        PtrVal {
            target: Target::Null,
            offset: i64c(0),
        }
    }

    /// Never assigned.
    pub fn unset() -> PtrVal {
        PtrVal {
            target: Target::Multi(u32c(NULL_TAG), Vec::new().into()),
            offset: i64c(0),
        }
    }

    /// Not known.
    pub fn unknown() -> PtrVal {
        PtrVal {
            target: Target::Unknown,
            offset: i64c(0),
        }
    }

    /// Some bytes further.
    pub fn plus(&self, bytes: u64) -> PtrVal {
        self.plus_expr(i64c(bytes as i64))
    }

    /// Some bytes further.
    pub fn plus_expr(&self, bytes: Expr) -> PtrVal {
        PtrVal {
            target: self.target.clone(),
            offset: fold::binary(BinOp::Add, self.offset.clone(), bytes),
        }
    }
}

impl<'a> Lowerer<'a> {
    /// `p + index` elements of `size` bytes; the index is sign- or zero-extended by its type.
    pub fn ptr_add(&mut self, p: &PtrVal, index: Expr, size: u64, negative: bool) -> PtrVal {
        let wide = fold::cast(index, ScalarTy::I64);
        let bytes = fold::binary(BinOp::Mul, wide, i64c(size as i64));
        if negative {
            PtrVal {
                target: p.target.clone(),
                offset: fold::binary(BinOp::Sub, p.offset.clone(), bytes),
            }
        } else {
            p.plus_expr(bytes)
        }
    }

    /// What a pointer points to, as a place of that type.
    pub fn deref(&mut self, p: PtrVal, ty: &Ty) -> Place {
        if let Target::Reg(root) = &p.target {
            if let Some(off) = p.offset.as_int()
                && let Ok(off) = u64::try_from(off)
                && let Some(place) = self.reg_at(root, off, ty)
            {
                return place;
            }
            self.learn_memory(root.key, &root.path);
            return Place::Val(self.undef(ty));
        }
        Place::Mem(ty.clone(), p, Cv::default())
    }

    /// The part of a split variable at an offset.
    pub fn reg_at(&mut self, r: &RegPlace, offset: u64, want: &Ty) -> Option<Place> {
        if let Store::Mem(o) = &*r.store {
            return Some(Place::Mem(
                want.clone(),
                PtrVal::object(*o).plus(offset),
                r.cv,
            ));
        }
        if offset == 0 && (r.ty == *want || r.ty.unpacked() == *want) {
            return Some(Place::Reg(r.clone()));
        }
        let (index, base) = match &r.ty {
            Ty::Array(t, _) => {
                let s = self.size_of(t).max(1);
                (offset / s, offset / s * s)
            }
            Ty::Vector(s, ..) | Ty::Simdgroup(s) => {
                (offset / s.size(), offset / s.size() * s.size())
            }
            Ty::Matrix(s, _, rows) => {
                let c = self.size_of(&Ty::Vector(*s, *rows, false)).max(1);
                (offset / c, offset / c * c)
            }
            Ty::Record(id) => {
                let fields = &self.recs.get(*id as usize)?.fields;
                let i = fields.iter().rposition(|f| f.offset <= offset)?;
                (i as u64, fields[i].offset)
            }
            _ => return None,
        };
        let child = self.reg_part(r, index as usize)?;
        self.reg_at(&child, offset - base, want)
    }

    /// The `i`-th part of a split variable.
    pub fn reg_part(&self, r: &RegPlace, i: usize) -> Option<RegPlace> {
        let Store::Agg(parts) = &*r.store else {
            return None;
        };
        let mut path = r.path.clone();
        path.push(i as u32);
        Some(RegPlace {
            ty: self.part_type(&r.ty, i),
            store: parts.get(i)?.clone(),
            key: r.key,
            path,
            cv: r.cv,
            space: r.space,
        })
    }

    /// The address of a place.
    pub fn address_of(&mut self, p: Place) -> PtrVal {
        match p {
            Place::Mem(_, ptr, _) => ptr,
            Place::Reg(r) => {
                if let Store::Mem(o) = &*r.store {
                    return PtrVal::object(*o);
                }
                // A constant of the program has no place of its own.
                if r.space.is_some() {
                    let v = self.load_bits(Place::Reg(r));
                    return self.address_of(Place::Val(v));
                }
                PtrVal {
                    target: Target::Reg(r),
                    offset: i64c(0),
                }
            }
            Place::Comp(base, idx, _) => {
                let size = base.ty().element().map_or(1, ScalarTy::size);
                let first = u64::from(idx.first().copied().unwrap_or(0));
                self.address_of(*base).plus(first * size)
            }
            Place::Dyn(base, index, ty) => {
                let size = self.size_of(&ty);
                let p = self.address_of(*base);
                self.ptr_add(&p, index, size, false)
            }
            Place::Pick(c, a, b) => {
                let (a, b) = (self.address_of(*a), self.address_of(*b));
                self.select_ptr(&c, a, b)
            }
            Place::Val(v) => {
                // The address of a temporary: materialise it.
                let span = self.span;
                let ty = v.ty.clone();
                let key = self.key(span, "%temporary");
                let store = self.new_storage(&ty, "%tmp", key, &mut Vec::new(), true);
                let r = RegPlace {
                    ty,
                    store,
                    key,
                    path: Vec::new(),
                    cv: Cv::default(),
                    space: None,
                };
                self.constructing.push(key);
                self.store(&Place::Reg(r.clone()), v);
                self.constructing.pop();
                self.address_of(Place::Reg(r))
            }
        }
    }

    /// An object with the data that follow from its type.
    pub fn describe_object(&self, name: &str, space: Space, ty: &Ty) -> Object {
        let mut elem = ty;
        let mut dims = Vec::new();
        loop {
            match elem {
                Ty::Array(t, n) => {
                    dims.push(*n);
                    elem = t;
                }
                Ty::Unsized(t) => elem = t,
                _ => break,
            }
        }
        let sized = !matches!(ty, Ty::Unsized(_));
        Object {
            name: name.to_string(),
            space,
            size: sized.then(|| self.size_of(ty)),
            elem: self.type_name(elem),
            elem_size: self.size_of(elem),
            scalar: self.fill_scalar(elem),
            dims,
            param: None,
            read_only: space == Space::Constant,
            init: None,
            span: self.span,
        }
    }

    /// `c ? a : b` on pointers.
    pub fn select_ptr(&mut self, c: &Expr, a: PtrVal, b: PtrVal) -> PtrVal {
        match fold::const_bool(c) {
            Some(true) => return a,
            Some(false) => return b,
            None => {}
        }
        let offset = fold::select(c.clone(), a.offset.clone(), b.offset.clone());
        match (&a.target, &b.target) {
            (Target::Obj(x), Target::Obj(y)) if x == y => {
                return PtrVal {
                    target: a.target,
                    offset,
                };
            }
            (Target::Unknown, _) | (_, Target::Unknown) => return PtrVal::unknown(),
            (Target::Null, Target::Null) => return PtrVal::null(),
            _ => {}
        }
        let (ta, ca) = self.tag_of(&a);
        let (tb, cb) = self.tag_of(&b);
        let objs: Vec<ObjectId> = ca.objects.union(&cb.objects).copied().collect();
        let tag = fold::select(c.clone(), ta, tb);
        PtrVal {
            target: Target::Multi(tag, objs.into()),
            offset,
        }
    }

    /// `a == b` (or `!=`) on pointers.
    pub fn ptr_equal(&mut self, a: &PtrVal, b: &PtrVal) -> Expr {
        let same_off = fold::binary(BinOp::Eq, a.offset.clone(), b.offset.clone());
        match (&a.target, &b.target) {
            (Target::Obj(x), Target::Obj(y)) => {
                if x == y {
                    same_off
                } else {
                    fold::boolc(false)
                }
            }
            (Target::Null, Target::Null) => fold::boolc(true),
            // A buffer argument may or may not be bound; all threads see the same.
            (Target::Null, Target::Obj(o)) | (Target::Obj(o), Target::Null) => {
                let Some(obj) = self.persist.objects.get(o.index()) else {
                    return Expr::undef(ScalarTy::Bool);
                };
                match (obj.param, obj.space, obj.size) {
                    (Some(p), Space::Device | Space::Constant, _) => {
                        let name = format!("{}.bound", obj.name);
                        fold::not(self.argument_bound(p, name))
                    }
                    (None, _, Some(_)) | (_, Space::Threadgroup, _) => fold::boolc(false),
                    _ => Expr::undef(ScalarTy::Bool),
                }
            }
            (Target::Reg(_), Target::Null) | (Target::Null, Target::Reg(_)) => fold::boolc(false),
            (Target::Unknown, _) | (_, Target::Unknown) => Expr::undef(ScalarTy::Bool),
            _ => {
                let (ta, _) = self.tag_of(a);
                let (tb, _) = self.tag_of(b);
                let same_tag = fold::binary(BinOp::Eq, ta, tb);
                if matches!(a.target, Target::Null) || matches!(b.target, Target::Null) {
                    same_tag
                } else {
                    fold::binary(BinOp::And, same_tag, same_off)
                }
            }
        }
    }

    pub fn pointer_leaf(
        &self,
        ty: &Ty,
        offset: u64,
    ) -> Option<(String, Rc<Ty>, Option<AddressSpace>)> {
        match ty {
            Ty::Pointer(t, s) | Ty::Ref(t, s) => Some((String::new(), t.clone(), s.space)),
            Ty::Array(t, _) => {
                let size = self.size_of(t).max(1);
                let (_, p, s) = self.pointer_leaf(t, offset % size)?;
                Some((String::new(), p, s))
            }
            Ty::Record(id) => {
                let r = self.recs.get(*id as usize)?;
                let f = r
                    .fields
                    .iter()
                    .find(|f| f.offset <= offset && offset < f.offset + self.size_of(&f.ty))?;
                let (inner, p, s) = self.pointer_leaf(&f.ty, offset - f.offset)?;
                let name = match (f.name.is_empty(), inner.is_empty()) {
                    (_, true) => f.name.clone(),
                    (true, _) => inner,
                    _ => format!("{}.{inner}", f.name),
                };
                Some((name, p, s))
            }
            _ => None,
        }
    }

    /// A pointer value from a place of array or pointer type.
    pub fn as_pointer(&mut self, p: Place) -> Option<(PtrVal, Rc<Ty>)> {
        let (ptr, ty, _) = self.qualified_pointer(p)?;
        Some((ptr, ty))
    }

    /// As [`Self::as_pointer`], with the qualifiers of what it points to.
    pub fn qualified_pointer(&mut self, p: Place) -> Option<(PtrVal, Rc<Ty>, Cv)> {
        let cv = p.cv();
        match p.ty().clone() {
            Ty::Array(t, _) | Ty::Unsized(t) => Some((self.address_of(p), t, cv)),
            Ty::Pointer(t, q) => {
                let v = self.load(p);
                match v.leaves.into_iter().next() {
                    Some(Leaf::P(p)) => Some((p, t, q.cv)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The address space a place is in.
    pub fn space_of(&self, p: &Place) -> Option<AddressSpace> {
        match p {
            Place::Mem(_, ptr, _) => self.ptr_space(ptr),
            Place::Reg(r) if r.space.is_some() => r.space,
            Place::Comp(b, ..) | Place::Dyn(b, ..) | Place::Pick(_, b, _) => self.space_of(b),
            _ => Some(AddressSpace::Thread),
        }
    }

    /// The address space a pointer points into.
    pub fn ptr_space(&self, p: &PtrVal) -> Option<AddressSpace> {
        let o = match &p.target {
            Target::Obj(o) => *o,
            Target::Multi(_, objs) => *objs.first()?,
            Target::Reg(_) => return Some(AddressSpace::Thread),
            _ => return None,
        };
        Some(match self.persist.objects.get(o.index())?.space {
            Space::Threadgroup => AddressSpace::Threadgroup,
            Space::Device => AddressSpace::Device,
            Space::Constant => AddressSpace::Constant,
            Space::Thread => AddressSpace::Thread,
            Space::Texture => AddressSpace::Other,
        })
    }

    /// A pointer to a place, with its type and qualifiers.
    pub fn pointer_to(&mut self, p: Place) -> Value {
        let (cv, ty) = (p.cv(), Rc::new(p.ty().clone()));
        let ptr = self.address_of(p);
        let space = self.ptr_space(&ptr);
        let q = Qual {
            space,
            cv,
            rvalue: false,
        };
        Value::pointer(Ty::Pointer(ty, q), ptr)
    }

    /// A pointer value with its type.
    pub fn pointer_value(&self, p: PtrVal, pointee: Rc<Ty>) -> Value {
        let space = self.ptr_space(&p);
        Value::pointer(Ty::Pointer(pointee, space.into()), p)
    }
}
