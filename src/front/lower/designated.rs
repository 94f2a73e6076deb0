//! Designated initialisers ([dcl.init.aggr]/3; `[i]`, `[a ... b]` and nested designators as Clang has them from C).
//!
//! Purpose: the clauses of a list are sorted by the element they are for; a clause without a designator is for the
//! element after the one before it. Soundness direction: exact; clauses that overlap, elide braces or have effects
//! out of order are unsupported with all effects.

use crate::front::ast::{Designator, Expr as AExpr, ExprKind as EK, Init};

use super::ctx::Lowerer;
use super::expr::has_effects;
use super::scope::{Binding, Env};
use super::types::Ty;
use super::value::{Place, Value};

/// More elements than this are not written out one by one.
const MOST: u64 = 65_536;

/// A clause: the designators that are left, and its value.
type Clause<'a> = (&'a [Designator], &'a AExpr);

/// The clauses of an element.
type Elements<'a> = Vec<Vec<Clause<'a>>>;

impl<'a> Lowerer<'a> {
    /// `T{.a = x, [2] = y}`
    pub(super) fn construct_designated(&mut self, ty: &Ty, args: &'a [AExpr]) -> Value {
        let clauses: Vec<Clause<'a>> = args
            .iter()
            .map(|e| match &e.kind {
                EK::Designated(d, x) => (d.as_slice(), &**x),
                _ => (&[][..], e),
            })
            .collect();
        match self.designated(ty, &clauses) {
            Some(v) => v,
            None => {
                self.unsupported("a designated initialiser", true, true, Vec::new());
                self.undef(ty)
            }
        }
    }

    /// The number of elements that an initialiser gives an array of unknown bound ([dcl.init.aggr]/10).
    pub(super) fn list_bound(&mut self, init: &'a Option<Init>) -> Option<u64> {
        let (Some(Init::Assign(AExpr {
            kind: EK::InitList(list),
            ..
        }))
        | Some(Init::Brace(list))) = init
        else {
            return None;
        };
        if list.iter().any(|e| matches!(e.kind, EK::Pack(_))) {
            return None;
        }
        match list.iter().any(|e| matches!(e.kind, EK::Designated(..))) {
            true => self.designated_bound(list),
            false => Some(list.len() as u64),
        }
    }

    fn designated_bound(&mut self, args: &'a [AExpr]) -> Option<u64> {
        let (mut next, mut most) = (0, 0);
        for e in args {
            if let EK::Designated(d, _) = &e.kind {
                (_, next) = self.range(d.first()?)?;
            }
            next += 1;
            most = most.max(next);
        }
        Some(most)
    }

    /// The first and the last element that a designator of an array names.
    fn range(&mut self, d: &'a Designator) -> Option<(u64, u64)> {
        let (a, b) = match d {
            Designator::Index(e) => (e, e),
            Designator::Range(a, b) => (a, b),
            Designator::Field(_) => return None,
        };
        let first = u64::try_from(self.const_int(a)?).ok()?;
        let last = u64::try_from(self.const_int(b)?).ok()?;
        (first <= last && last < MOST).then_some((first, last))
    }

    fn designated(&mut self, ty: &Ty, clauses: &[Clause<'a>]) -> Option<Value> {
        match ty {
            Ty::Array(t, n) if *n <= MOST => {
                let elements = self.sorted(*n as usize, clauses, |l, d| {
                    let (a, b) = l.range(d)?;
                    Some((a as usize, b as usize))
                })?;
                let mut leaves = Vec::new();
                for own in &elements {
                    leaves.extend(match own.is_empty() {
                        true => self.value_init(t).leaves,
                        false => self.element(t, own)?.leaves,
                    });
                }
                Some(Value {
                    ty: ty.clone(),
                    leaves,
                })
            }
            Ty::Record(id) => self.designated_record(*id, clauses),
            _ => None,
        }
    }

    fn designated_record(&mut self, id: u32, clauses: &[Clause<'a>]) -> Option<Value> {
        let r = self.recs.get(id as usize)?;
        if r.is_union || self.has_constructor(r.decl) || r.fields.iter().any(|f| f.is_base) {
            return None;
        }
        let (fields, at) = (r.fields.clone(), r.at);
        let names: Vec<String> = fields.iter().map(|f| f.name.clone()).collect();
        let elements = self.sorted(fields.len(), clauses, |_, d| match d {
            Designator::Field(n) => {
                let i = names.iter().position(|x| x == n)?;
                Some((i, i))
            }
            _ => None,
        })?;
        let mut leaves = Vec::new();
        let mut earlier = Env::new();
        for (f, own) in fields.iter().zip(&elements) {
            let before = self.temporaries.len();
            let v = match (own.is_empty(), f.init) {
                (true, Some(init)) => {
                    self.with_env(earlier.clone(), Some(id), at, |l| l.init_value(&f.ty, init))
                }
                (true, None) => match f.ty {
                    Ty::Ref(..) => return None,
                    _ => self.value_init(&f.ty),
                },
                (false, _) => self.element(&f.ty, own)?,
            };
            self.adopt(before);
            let v = self.freeze_value(v);
            let v = Value {
                ty: f.ty.clone(),
                leaves: v.leaves,
            };
            if !f.name.is_empty() {
                let p = self.follow_ref(Place::Val(v.clone()));
                earlier.insert(f.name.clone(), Binding::Place(p));
            }
            leaves.extend(v.leaves);
        }
        Some(Value {
            ty: Ty::Record(id),
            leaves,
        })
    }

    /// The clauses by element; `at` says which elements a designator names.
    fn sorted(
        &mut self,
        n: usize,
        clauses: &[Clause<'a>],
        mut at: impl FnMut(&mut Self, &'a Designator) -> Option<(usize, usize)>,
    ) -> Option<Elements<'a>> {
        let mut out: Elements<'a> = vec![Vec::new(); n];
        let mut next = 0;
        let mut furthest = 0;
        for (designators, e) in clauses {
            let (first, last, rest) = match designators.split_first() {
                Some((d, rest)) => {
                    let (a, b) = at(self, d)?;
                    (a, b, rest)
                }
                None => (next, next, *designators),
            };
            // What is evaluated once, and in the order of the list.
            if has_effects(e) && (first != last || first < furthest) {
                return None;
            }
            for slot in out.get_mut(first..=last)? {
                // A later clause for the whole element takes the place of earlier ones.
                if rest.is_empty() {
                    if slot.iter().any(|(_, e)| has_effects(e)) {
                        return None;
                    }
                    slot.clear();
                } else if slot.iter().any(|(d, _)| d.is_empty()) {
                    return None;
                }
                slot.push((rest, e));
            }
            next = last + 1;
            furthest = furthest.max(next);
        }
        Some(out)
    }

    /// An element from its clauses.
    fn element(&mut self, ty: &Ty, own: &[Clause<'a>]) -> Option<Value> {
        let [([], e)] = own else {
            return self.designated(ty, own);
        };
        if let EK::InitList(inner) = &e.kind {
            return Some(self.construct(ty, inner, true));
        }
        if let Ty::Ref(..) = ty {
            return Some(self.construct(ty, std::slice::from_ref(*e), true));
        }
        let aggregate = match ty {
            Ty::Array(..) => true,
            Ty::Record(id) => {
                let decl = self.recs.get(*id as usize).map(|r| r.decl);
                decl.is_some_and(|d| !self.has_constructor(d)) && self.type_of(e) != *ty
            }
            _ => false,
        };
        // Braces may be elided there.
        if aggregate {
            return None;
        }
        Some(self.eval_as(e, ty))
    }
}
