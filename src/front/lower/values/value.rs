//! Values and places during lowering.
//!
//! Purpose: a [`Value`] is a list of scalar and pointer leaves with a type; a [`Place`] is where
//! one lives: split scalar variables, memory behind a pointer, or nowhere (an rvalue).
//! Soundness direction: exact.

use std::rc::Rc;

use crate::front::ast::AddressSpace;
use crate::ir::{Expr, ObjectId, ScalarTy, VarId};

use crate::front::lower::types::{Cv, Ty};

/// Identity of a declaration within a file; 0 is storage that may always be written.
pub type KeyId = u32;

/// One leaf of a flattened value.
#[derive(Clone, Debug)]
pub enum Leaf {
    /// A scalar.
    S(Expr),
    /// A pointer.
    P(PtrVal),
}

/// A flattened value.
#[derive(Clone, Debug)]
pub struct Value {
    /// Its type.
    pub ty: Ty,
    /// Its leaves in layout order.
    pub leaves: Vec<Leaf>,
}

/// A pointer value.
#[derive(Clone, Debug)]
pub struct PtrVal {
    /// What it points into.
    pub target: Target,
    /// Bytes from the start of the target, of type `long`.
    pub offset: Expr,
}

/// What a pointer points into.
#[derive(Clone, Debug)]
pub enum Target {
    /// One object.
    Obj(ObjectId),
    /// One of several; the tag (a `uint`) holds the object's number, or [`NULL_TAG`].
    Multi(Expr, Rc<[ObjectId]>),
    /// A variable that is split into scalars.
    Reg(RegPlace),
    /// `nullptr`
    Null,
    /// Not known.
    Unknown,
}

/// The tag of a null pointer.
pub const NULL_TAG: u32 = u32::MAX;

/// Storage of a local variable.
#[derive(Clone, Debug)]
pub enum Store {
    /// A scalar variable.
    Var(VarId, ScalarTy),
    /// A value that never changes.
    Imm(Leaf),
    /// A pointer variable, an index into the table of pointer slots.
    Ptr(usize),
    /// Components, elements or fields in order.
    Agg(Vec<Rc<Store>>),
    /// A part that is a memory object (an array indexed at run time).
    Mem(ObjectId),
}

/// A place in split storage.
#[derive(Clone, Debug)]
pub struct RegPlace {
    /// Type of the part.
    pub ty: Ty,
    /// Its storage.
    pub store: Rc<Store>,
    /// The declaration it belongs to.
    pub key: KeyId,
    /// Which part of the declaration.
    pub path: Vec<u32>,
    /// How it may be changed.
    pub cv: Cv,
    /// A constant of the program, in that address space.
    pub space: Option<AddressSpace>,
}

/// Where a value lives.
#[derive(Clone, Debug)]
pub enum Place {
    /// In split storage.
    Reg(RegPlace),
    /// Behind a pointer.
    Mem(Ty, PtrVal, Cv),
    /// Nowhere: a temporary.
    Val(Value),
    /// Selected components of a vector: `v.xz`.
    Comp(Box<Place>, Vec<u8>, Ty),
    /// A component, column or element chosen at run time of something without an address.
    Dyn(Box<Place>, Expr, Ty),
    /// `c ? a : b` on two places of one type.
    Pick(Expr, Box<Place>, Box<Place>),
}

impl Value {
    /// A scalar.
    pub fn scalar(e: Expr) -> Value {
        Value {
            ty: Ty::Scalar(e.ty),
            leaves: vec![Leaf::S(e)],
        }
    }

    /// A scalar, vector, matrix or fragment from its components.
    pub fn comps(ty: Ty, comps: Vec<Expr>) -> Value {
        Value {
            ty,
            leaves: comps.into_iter().map(Leaf::S).collect(),
        }
    }

    /// A pointer.
    pub fn pointer(ty: Ty, p: PtrVal) -> Value {
        Value {
            ty,
            leaves: vec![Leaf::P(p)],
        }
    }

    /// Nothing.
    pub fn void() -> Value {
        Value {
            ty: Ty::Void,
            leaves: Vec::new(),
        }
    }

    /// The single scalar, if that is what it is.
    pub fn as_scalar(&self) -> Option<&Expr> {
        match self.leaves.as_slice() {
            [Leaf::S(e)] => Some(e),
            _ => None,
        }
    }

    /// All leaves as scalars; `undef` for pointers.
    pub fn scalars(&self) -> Vec<Expr> {
        self.leaves
            .iter()
            .map(|l| match l {
                Leaf::S(e) => e.clone(),
                Leaf::P(_) => Expr::undef(ScalarTy::U64),
            })
            .collect()
    }

    /// The single pointer, if that is what it is.
    pub fn as_ptr(&self) -> Option<&PtrVal> {
        match self.leaves.as_slice() {
            [Leaf::P(p)] => Some(p),
            _ => None,
        }
    }
}

impl Place {
    /// Type of what is there.
    pub fn ty(&self) -> &Ty {
        match self {
            Place::Reg(r) => &r.ty,
            Place::Mem(t, ..) | Place::Comp(_, _, t) | Place::Dyn(_, _, t) => t,
            Place::Val(v) => &v.ty,
            Place::Pick(_, a, _) => a.ty(),
        }
    }

    /// Whether it is an rvalue.
    pub fn is_rvalue(&self) -> bool {
        match self {
            Place::Val(_) => true,
            Place::Comp(b, ..) | Place::Dyn(b, ..) => b.is_rvalue(),
            _ => false,
        }
    }

    /// Its `const` and `volatile`.
    pub fn cv(&self) -> Cv {
        match self {
            Place::Reg(r) => r.cv,
            Place::Mem(_, _, cv) => *cv,
            Place::Val(_) => Cv::default(),
            Place::Comp(b, ..) | Place::Dyn(b, ..) => b.cv(),
            Place::Pick(_, a, b) => a.cv().with(b.cv()),
        }
    }

    /// The same place with those qualifiers.
    pub fn with_cv(self, cv: Cv) -> Place {
        match self {
            Place::Reg(r) => Place::Reg(RegPlace { cv, ..r }),
            Place::Mem(t, p, _) => Place::Mem(t, p, cv),
            Place::Val(v) => Place::Val(v),
            Place::Comp(b, i, t) => Place::Comp(Box::new(b.with_cv(cv)), i, t),
            Place::Dyn(b, i, t) => Place::Dyn(Box::new(b.with_cv(cv)), i, t),
            Place::Pick(c, a, b) => {
                Place::Pick(c, Box::new(a.with_cv(cv)), Box::new(b.with_cv(cv)))
            }
        }
    }

    /// The same place with those qualifiers, too.
    pub fn more_cv(self, cv: Cv) -> Place {
        let all = self.cv().with(cv);
        self.with_cv(all)
    }
}
