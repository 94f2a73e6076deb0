//! Pointers that are kept in memory.
//!
//! A pointer in memory is 8 bytes that are written and read like any others (DESIGN section 2). Written, it is one number:
//! the object that it points into, and the byte there. Read, it may be any pointer that the kernel stores somewhere,
//! or one that the host put there. What host pointers point to is *one* object per address space, in which the pointer itself
//! is the offset: two of them are to one byte exactly when they are equal, and whether they are is not known. With
//! [`LowerOptions::distinct_pointers`](crate::front::lower::ctx::LowerOptions) each field of a kernel argument has an object of its own; reports then
//! say that this was assumed.
//!
//! Soundness direction: over-approximation. A loaded pointer may point to whatever was stored anywhere in its address space, and to
//! what the host may have put there; what a pointer of unknown target is stored to makes all loads unknown. That the
//! host's pointers do not lead to other arguments is assumed, and printed.

use std::rc::Rc;

use crate::front::ast::AddressSpace;
use crate::ir::*;

use crate::front::lower::ctx::{Lowerer, ObjKey};
use crate::front::lower::fold::{self, i64c, u32c};
use crate::front::lower::types::Ty;
use crate::front::lower::value::{Leaf, NULL_TAG, PtrVal, Target};

/// Bits of the offset in a stored pointer; the object's number is above.
const OFFSET_BITS: u64 = 48;

fn u64c(v: u64) -> Expr {
    Expr::constant(ScalarTy::U64, v)
}

/// Pointers of one argument that get contents in executions.
const MOST_POINTERS: usize = 64;

/// What the memory behind the host's pointers is called.
pub const POINTED_TO: &str = "memory behind pointers";

impl<'a> Lowerer<'a> {
    /// Writes a pointer to memory.
    pub fn store_pointer(&mut self, at: &PtrVal, p: &PtrVal) {
        let value = self.pointer_number(p);
        self.store_run(at, ScalarTy::U64, vec![value], 8);
    }

    /// The number that stands for a pointer in memory.
    fn pointer_number(&mut self, p: &PtrVal) -> Expr {
        let (tag, candidates) = self.tag_of(p);
        let mut stored = self.persist.stored.clone();
        stored.objects.extend(candidates.objects.iter().copied());
        stored.unknown |= candidates.unknown && !self.restart;
        if stored != self.persist.stored {
            self.persist.stored = stored;
            self.restart = true;
        }
        if candidates.unknown {
            return Expr::undef(ScalarTy::U64);
        }
        let offset = fold::cast(p.offset.clone(), ScalarTy::U64);
        let mut number = u64c(0);
        for o in candidates.objects {
            let here = if self.is_pointed_to(o) {
                offset.clone()
            } else {
                let low = fold::binary(BinOp::And, offset.clone(), u64c((1 << OFFSET_BITS) - 1));
                let name = u64c((u64::from(o.0) + 1) << OFFSET_BITS);
                fold::binary(BinOp::Or, name, low)
            };
            let is = fold::binary(BinOp::Eq, tag.clone(), u32c(o.0));
            number = fold::select(is, here, number);
        }
        number
    }

    fn is_pointed_to(&self, o: ObjectId) -> bool {
        let object = self.persist.objects.get(o.index());
        object.is_some_and(|o| o.param.is_none() && o.name == POINTED_TO)
    }

    /// Reads a pointer from memory: `leaf` bytes into a value of type `ty`, which is at `at`.
    pub fn load_pointer(&mut self, ty: &Ty, leaf: u64, at: &PtrVal) -> PtrVal {
        let Some((field, pointee, space)) = self.pointer_leaf(ty, leaf) else {
            return PtrVal::unknown();
        };
        let read = self.load_run(at, ScalarTy::U64, 1, 8);
        let Some(number) = read.into_iter().next() else {
            return PtrVal::unknown();
        };
        if self.opts.distinct_pointers
            && let Some(p) = self.own_object(&field, &pointee, space, at)
        {
            return p;
        }
        if self.persist.stored.unknown {
            return PtrVal::unknown();
        }
        let mut objects: Vec<ObjectId> = self
            .persist
            .stored
            .objects
            .iter()
            .copied()
            .filter(|o| self.may_be_in(*o, space))
            .collect();
        if self.host_may_write(at) {
            match space {
                Some(AddressSpace::Device) => objects.push(self.pointed_to(Space::Device)),
                Some(AddressSpace::Constant) => objects.push(self.pointed_to(Space::Constant)),
                // Pointers to threadgroup memory cannot come from the host.
                Some(AddressSpace::Threadgroup | AddressSpace::Thread) => {}
                _ => return PtrVal::unknown(),
            }
        }
        objects.dedup();
        self.decode(&number, objects)
    }

    /// The pointer that a number in memory is.
    fn decode(&mut self, number: &Expr, objects: Vec<ObjectId>) -> PtrVal {
        let number = self.atom(number.clone());
        let name = fold::binary(BinOp::Shr, number.clone(), u64c(OFFSET_BITS));
        let whole = fold::cast(number.clone(), ScalarTy::I64);
        // The low bits with their sign.
        let up = i64c(64 - OFFSET_BITS as i64);
        let low = fold::binary(BinOp::Shl, whole.clone(), up.clone());
        let low = fold::binary(BinOp::Shr, low, up);
        let mut tag = u32c(NULL_TAG);
        let mut offset = low.clone();
        // The host's pointers are what is none of the others.
        let (host, own): (Vec<ObjectId>, Vec<ObjectId>) =
            objects.iter().partition(|o| self.is_pointed_to(**o));
        if let [o] = host[..] {
            tag = u32c(o.0);
            offset = whole;
        }
        for o in &own {
            let is = fold::binary(BinOp::Eq, name.clone(), u64c(u64::from(o.0) + 1));
            tag = fold::select(is.clone(), u32c(o.0), tag);
            offset = fold::select(is, low.clone(), offset);
        }
        let null = fold::binary(BinOp::Eq, number, u64c(0));
        let tag = fold::select(null, u32c(NULL_TAG), tag);
        // The last one is where an access goes that is to none of the others.
        let all: Rc<[ObjectId]> = own.into_iter().chain(host).collect();
        PtrVal {
            target: Target::Multi(tag, all),
            offset,
        }
    }

    /// Whether a stored pointer into this object may be one into the space.
    fn may_be_in(&self, o: ObjectId, space: Option<AddressSpace>) -> bool {
        let Some(object) = self.persist.objects.get(o.index()) else {
            return false;
        };
        match space {
            Some(AddressSpace::Device) => object.space == Space::Device,
            Some(AddressSpace::Constant) => object.space == Space::Constant,
            Some(AddressSpace::Threadgroup) => object.space == Space::Threadgroup,
            Some(AddressSpace::Thread) => object.space == Space::Thread,
            _ => true,
        }
    }

    /// Whether a pointer read there may come from the host. Private and threadgroup memory hold what the kernel stored.
    fn host_may_write(&self, at: &PtrVal) -> bool {
        let of_kernel = |o: &ObjectId| {
            let object = self.persist.objects.get(o.index());
            object.is_some_and(|o| matches!(o.space, Space::Thread | Space::Threadgroup))
        };
        match &at.target {
            Target::Obj(o) => !of_kernel(o),
            Target::Multi(_, all) => !all.iter().all(of_kernel),
            _ => true,
        }
    }

    /// What the host's pointers into a space point to.
    fn pointed_to(&mut self, space: Space) -> ObjectId {
        let byte = Ty::Unsized(Rc::new(Ty::Scalar(ScalarTy::U8)));
        let object = self.describe_object(POINTED_TO, space, &byte);
        self.object(ObjKey::PointedTo(space), || object)
    }

    /// With pointers that are distinct by assumption: the object of a field of a kernel argument.
    fn own_object(
        &mut self,
        field: &str,
        pointee: &Rc<Ty>,
        space: Option<AddressSpace>,
        at: &PtrVal,
    ) -> Option<PtrVal> {
        let Target::Obj(o) = at.target else {
            return None;
        };
        let off = u64::try_from(at.offset.as_int()?).ok()?;
        let base = self.persist.objects.get(o.index())?;
        // What the kernel may write holds other pointers later.
        if !base.read_only || base.param.is_none() {
            return None;
        }
        let space = match space {
            Some(AddressSpace::Constant) => Space::Constant,
            Some(AddressSpace::Device) => Space::Device,
            _ => return None,
        };
        // Prefer the whole path from the parameter.
        let known = self
            .object_types
            .get(&o)
            .filter(|t| off < self.size_of(t))
            .and_then(|t| self.pointer_leaf(t, off))
            .map(|(f, ..)| f);
        let field = known.as_deref().unwrap_or(field);
        let name = if field.is_empty() {
            format!("{}[{}]", base.name, off / 8)
        } else {
            format!("{}.{field}", base.name)
        };
        let object = self.describe_object(&name, space, &Ty::Unsized(pointee.clone()));
        Some(PtrVal::object(
            self.object(ObjKey::Field(o, off), || object),
        ))
    }

    /// Where kernel arguments hold pointers.
    pub fn host_pointers(&self) -> Pointers {
        let mut host = Vec::new();
        for (o, ty) in &self.object_types {
            let pointers = self.leaf_types(ty).into_iter();
            let pointers = pointers.filter(|l| l.scalar.is_none()).take(MOST_POINTERS);
            host.extend(pointers.map(|l| (*o, l.offset)));
        }
        Pointers {
            host,
            distinct: self.opts.distinct_pointers,
        }
    }

    /// The pointer among the leaves of a value, or one of which nothing is known.
    pub fn pointer_of(leaf: Option<&Leaf>) -> PtrVal {
        match leaf {
            Some(Leaf::P(p)) => p.clone(),
            _ => PtrVal::unknown(),
        }
    }
}
