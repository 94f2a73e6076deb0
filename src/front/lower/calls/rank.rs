//! Implicit conversion sequences and their order ([over.best.ics], [over.ics.rank]).
//!
//! Purpose: how an argument reaches a parameter, and which of two ways is better. Address spaces are
//! qualifiers of what a reference or a pointer refers to, as in Clang. Soundness direction: exact; what
//! depends on something that is not known (the library's vector conversions, `half` to `float`) is
//! neither better nor worse.

use std::cmp::Ordering;

use crate::front::ast::AddressSpace;
use crate::ir::ScalarTy;

use crate::front::lower::call::Arg;
use crate::front::lower::ctx::Lowerer;
use crate::front::lower::types::{Cv, Qual, Ty};
use crate::front::lower::value::Place;

/// The rank of a conversion sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Identity, or qualifiers are added.
    Exact,
    /// An integral promotion.
    Promotion,
    /// Another standard conversion.
    Conversion,
    /// Through a constructor or a conversion function.
    User,
}

/// How an argument reaches a parameter.
#[derive(Clone, Copy, Debug)]
pub struct Ics {
    /// Its rank.
    pub rank: Rank,
    /// A reference that is bound directly, or to a temporary.
    pub bound: Option<Qual>,
    /// What is bound is an rvalue.
    pub rvalue: bool,
    /// Qualifiers of what a pointer points to, before and after.
    pub pointee: Option<(Cv, Qual)>,
    /// Steps from a class to its base.
    pub steps: u32,
    /// A pointer becomes a `bool`.
    pub to_bool: bool,
    /// A pointer becomes a `void` pointer.
    pub to_void: bool,
    /// An enumeration becomes its underlying type.
    pub to_underlying: bool,
    /// A scalar becomes a vector: Clang takes another scalar before that.
    pub splat: bool,
    /// The rank is not known for sure.
    pub unsure: bool,
}

impl Ics {
    /// A conversion of that rank.
    pub fn of(rank: Rank) -> Ics {
        Ics {
            rank,
            bound: None,
            rvalue: false,
            pointee: None,
            steps: 0,
            to_bool: false,
            to_void: false,
            to_underlying: false,
            splat: false,
            unsure: false,
        }
    }

    /// `Less` is better, `Equal` neither; `None` where that is not known.
    pub fn compare(&self, o: &Ics) -> Option<Ordering> {
        let scalar = |i: &Ics| !i.splat && !i.unsure && i.rank != Rank::User;
        if self.splat && scalar(o) {
            return Some(Ordering::Greater);
        }
        if o.splat && scalar(self) {
            return Some(Ordering::Less);
        }
        if self.unsure || o.unsure {
            // Only an exact match is surely better than what is surely not one.
            return match (self.rank, o.rank) {
                (Rank::Exact, r) if !self.unsure && r != Rank::Exact => Some(Ordering::Less),
                (r, Rank::Exact) if !o.unsure && r != Rank::Exact => Some(Ordering::Greater),
                _ => None,
            };
        }
        let by_rank = self.rank.cmp(&o.rank);
        if by_rank != Ordering::Equal || self.rank == Rank::User {
            return Some(by_rank);
        }
        for (a, b) in [
            (self.to_bool, o.to_bool),
            (self.to_void, o.to_void),
            (o.to_underlying, self.to_underlying),
        ] {
            if a != b {
                return Some(a.cmp(&b));
            }
        }
        if self.steps != o.steps {
            return Some(self.steps.cmp(&o.steps));
        }
        if let (Some(a), Some(b)) = (self.bound, o.bound) {
            if self.rvalue && a.rvalue != b.rvalue {
                return Some(b.rvalue.cmp(&a.rvalue));
            }
            return Some(less_qualified(a.cv, b.cv));
        }
        if let (Some((from, a)), Some((_, b))) = (self.pointee, o.pointee) {
            // The identity is better than a change of qualifiers, a smaller change than a greater.
            let _ = from;
            return Some(less_qualified(a.cv, b.cv));
        }
        Some(Ordering::Equal)
    }
}

fn less_qualified(a: Cv, b: Cv) -> Ordering {
    match (b.includes(a), a.includes(b)) {
        (true, true) | (false, false) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

impl<'a> Lowerer<'a> {
    /// How an argument reaches a parameter of that type, if it does.
    pub fn ics(&mut self, a: &Arg<'a>, ty: &Ty) -> Option<Ics> {
        match a {
            Arg::List(list) => {
                let t = ty.strip_ref();
                let fits = match t {
                    Ty::Scalar(_) | Ty::Enum(..) | Ty::Pointer(..) | Ty::Atomic(_) => {
                        list.len() <= 1
                    }
                    _ => true,
                };
                fits.then(|| Ics {
                    unsure: true,
                    ..Ics::of(Rank::User)
                })
            }
            Arg::Place(p) => match ty {
                Ty::Ref(t, q) => self.bind_ics(p, t, *q),
                t => self.value_ics(p, t, true),
            },
        }
    }

    /// Reference binding ([over.ics.ref]).
    fn bind_ics(&mut self, p: &Place, t: &Ty, mut q: Qual) -> Option<Ics> {
        // What is in constant memory is `const`, whether that is written or not.
        q.cv.is_const |= q.space == Some(AddressSpace::Constant);
        let rvalue = p.is_rvalue();
        let have = if rvalue {
            Some(AddressSpace::Thread)
        } else {
            self.space_of(p)
        };
        let space_fits = match (q.space, have) {
            (Some(want), Some(have)) => want == have,
            _ => true,
        };
        let same = p.ty() == t
            || matches!((p.ty(), t), (Ty::Array(a, _), Ty::Unsized(b)) | (Ty::Unsized(a), Ty::Array(b, _)) if a == b)
            || t.is_auto();
        let steps = match (p.ty(), t) {
            (Ty::Record(a), Ty::Record(b)) if a != b => self.base_steps(*a, *b),
            _ => None,
        };
        let unknown = matches!(p.ty(), Ty::Unknown(_)) || matches!(t, Ty::Unknown(_));
        let bound = Ics {
            bound: Some(q),
            rvalue,
            unsure: unknown && !same,
            ..Ics::of(Rank::Exact)
        };
        if same || steps.is_some() || unknown {
            let category = match (q.rvalue, rvalue) {
                (true, r) => r,
                (false, true) => q.cv.is_const && !q.cv.is_volatile,
                (false, false) => true,
            };
            if !category || !space_fits || !q.cv.includes(p.cv()) {
                return None;
            }
            return Some(match steps {
                Some(steps) => Ics {
                    rank: Rank::Conversion,
                    steps,
                    ..bound
                },
                None => bound,
            });
        }
        // A temporary is made.
        let in_thread = matches!(q.space, None | Some(AddressSpace::Thread));
        if !(q.rvalue || (q.cv.is_const && !q.cv.is_volatile)) || !in_thread {
            return None;
        }
        let v = self.value_ics(p, t, true)?;
        Some(Ics {
            bound: Some(q),
            rvalue: true,
            ..v
        })
    }

    /// The conversion of a value; `user` allows user-defined ones.
    pub fn value_ics(&mut self, p: &Place, to: &Ty, user: bool) -> Option<Ics> {
        let from = self.decayed_type(p);
        match (&from, to) {
            (Ty::Unknown(_), _) | (_, Ty::Unknown(_)) => Some(Ics {
                unsure: true,
                ..Ics::of(Rank::Conversion)
            }),
            (Ty::Pointer(a, have), Ty::Pointer(b, want)) => self.pointer_ics(a, *have, b, *want),
            (Ty::Pointer(..), Ty::Scalar(ScalarTy::Bool)) => Some(Ics {
                to_bool: true,
                ..Ics::of(Rank::Conversion)
            }),
            (Ty::Null, Ty::Pointer(..)) => Some(Ics::of(Rank::Conversion)),
            (Ty::Record(a), Ty::Record(b)) if a == b => Some(Ics::of(Rank::Exact)),
            (Ty::Record(a), Ty::Record(b)) if self.is_base(*b, *a) => Some(Ics {
                steps: self.base_steps(*a, *b).unwrap_or(1),
                ..Ics::of(Rank::Conversion)
            }),
            (_, Ty::Record(r)) if user => {
                let by = self.converts_by_constructor(*r, p);
                by.then(|| Ics::of(Rank::User)).or_else(|| {
                    let Ty::Record(x) = &from else { return None };
                    self.converts_by_function(*x, to)
                        .then(|| Ics::of(Rank::User))
                })
            }
            (Ty::Record(r), _) if user => self
                .converts_by_function(*r, to)
                .then(|| Ics::of(Rank::User)),
            (Ty::Record(_), _) | (_, Ty::Record(_)) => None,
            _ => self.scalar_ics(&from, to),
        }
    }

    fn scalar_ics(&mut self, from: &Ty, to: &Ty) -> Option<Ics> {
        if from == to {
            return Some(Ics::of(Rank::Exact));
        }
        if let (Ty::Enum(id, s), Ty::Scalar(t)) = (from, to) {
            if self.is_scoped(*id) {
                return None;
            }
            let promoted = crate::front::lower::convert::promote(*s);
            let rank = if t == s || *t == promoted {
                Rank::Promotion
            } else {
                Rank::Conversion
            };
            return Some(Ics {
                to_underlying: t == s && self.is_fixed(*id),
                ..Ics::of(rank)
            });
        }
        let rank = match self.convertible(&from.unpacked(), &to.unpacked())? {
            0 => Rank::Exact,
            1 => Rank::Promotion,
            2 => Rank::Conversion,
            _ => Rank::User,
        };
        let half = |t: &Ty| matches!(t.element(), Some(ScalarTy::F16 | ScalarTy::BF16));
        let vector = matches!(from, Ty::Vector(..) | Ty::Matrix(..) | Ty::Simdgroup(_))
            || matches!(to, Ty::Vector(..) | Ty::Matrix(..) | Ty::Simdgroup(_));
        Some(Ics {
            splat: from.scalar().is_some() && matches!(to, Ty::Vector(..)),
            unsure: (half(from) && to.element().is_some_and(ScalarTy::is_float))
                || (vector && rank != Rank::Exact)
                || from.unpacked() == to.unpacked(),
            ..Ics::of(rank)
        })
    }

    fn pointer_ics(&mut self, a: &Ty, mut have: Qual, b: &Ty, mut want: Qual) -> Option<Ics> {
        for q in [&mut have, &mut want] {
            q.cv.is_const |= q.space == Some(AddressSpace::Constant);
        }
        if let (Some(x), Some(y)) = (have.space, want.space)
            && x != y
        {
            return None;
        }
        if !want.cv.includes(have.cv) {
            return None;
        }
        let ics = Ics {
            pointee: Some((have.cv, want)),
            ..Ics::of(Rank::Exact)
        };
        if a == b || b.is_auto() {
            return Some(ics);
        }
        if *b == Ty::Void {
            return Some(Ics {
                rank: Rank::Conversion,
                to_void: true,
                ..ics
            });
        }
        match (a, b) {
            (Ty::Record(x), Ty::Record(y)) if self.is_base(*y, *x) => Some(Ics {
                rank: Rank::Conversion,
                steps: self.base_steps(*x, *y).unwrap_or(1),
                ..ics
            }),
            (Ty::Array(x, _) | Ty::Unsized(x), Ty::Array(y, _) | Ty::Unsized(y)) if x == y => {
                Some(ics)
            }
            (Ty::Unknown(_), _) | (_, Ty::Unknown(_)) => Some(Ics {
                unsure: true,
                ..ics
            }),
            _ => None,
        }
    }

    /// The type of an argument that is taken by value: arrays as pointers, with their qualifiers.
    pub fn decayed_type(&mut self, p: &Place) -> Ty {
        let space = self.space_of(p);
        match p.ty() {
            Ty::Array(t, _) | Ty::Unsized(t) => {
                let q = Qual {
                    space,
                    cv: p.cv(),
                    rvalue: false,
                };
                Ty::Pointer(t.clone(), q)
            }
            Ty::Pointer(t, q) if q.space.is_none() => {
                let space = match p {
                    Place::Val(v) => v.as_ptr().and_then(|v| self.ptr_space(v)),
                    _ => None,
                };
                Ty::Pointer(t.clone(), Qual { space, ..*q })
            }
            Ty::Vector(..) => p.ty().unpacked(),
            t => t.clone(),
        }
    }

    /// How far a base is from a class.
    pub fn base_steps(&self, from: u32, base: u32) -> Option<u32> {
        if from == base {
            return Some(0);
        }
        let r = self.recs.get(from as usize)?;
        let near = r
            .bases
            .iter()
            .filter_map(|(b, _)| self.base_steps(*b, base));
        near.min().map(|n| n + 1)
    }
}
