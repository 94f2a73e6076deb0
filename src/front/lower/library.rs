//! Functions of the library as candidates beside those of a file ([over.match]; MSL specification, sections 6.3 to 6.9).
//!
//! Purpose: a file may overload `simd_sum` or `exp` for a type of its own. The library declares its function for each
//! type of a set, each instance with the same type in the places that the function computes with. So a call whose
//! arguments there are of one type of the set has an exact candidate in the library, and the candidates of the file
//! are compared with it. Soundness direction: exact; where the set or the other parameters are not known, nothing is
//! said, and the call stays ambiguous.

use std::cmp::Ordering;

use crate::ir::ScalarTy;
use crate::models::{self, Exchange};

use super::builtins::math::{self, Rule};
use super::call::Arg;
use super::ctx::Lowerer;
use super::rank::{Ics, Rank};
use super::symbols::{GLOBAL, NsId, What};
use super::types::Ty;

/// What a parameter of a library function is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Param {
    /// The type that the function is declared for.
    Own,
    /// A type that is the same in all declarations.
    Fixed(ScalarTy),
}

/// The scalar types that a function is declared for, each with its vectors.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    /// `half` and `float`.
    Floats,
    /// These and the integer types.
    Arithmetic,
    /// The same, of at most four bytes.
    Lanes,
    /// Integer types of at most four bytes.
    LaneBits,
}

impl Set {
    /// Whether a type is in the set; `None` where that depends on the version of the language.
    fn has(self, s: ScalarTy) -> Option<bool> {
        if s == ScalarTy::BF16 {
            return None;
        }
        let (float, bool_) = (s.is_float(), s == ScalarTy::Bool);
        let small = s.size() <= 4;
        Some(match self {
            Set::Floats => float,
            Set::Arithmetic => !bool_,
            Set::Lanes => !bool_ && small,
            Set::LaneBits => !float && !bool_ && small,
        })
    }
}

/// The candidates of the library for a call, as far as they are known.
pub(super) struct Library {
    params: Vec<Param>,
    /// There is a declaration for the very type of the arguments.
    exact: bool,
}

/// What the library's candidates make of a call.
pub(super) enum Shared {
    /// One of the library is better than all of the file.
    Library,
    /// The best one of the file is better than all of the library.
    File,
    /// Not known.
    Unknown,
}

fn signature(name: &str, n: usize) -> Option<(Vec<Param>, Set)> {
    use Param::{Fixed, Own};
    if let Some(f) = models::simd_function(name) {
        let lane = Fixed(ScalarTy::U16);
        let params = match f.op {
            Exchange::Broadcast
            | Exchange::Shuffle
            | Exchange::ShuffleXor
            | Exchange::ShuffleUp
            | Exchange::ShuffleDown
            | Exchange::ShuffleRotateUp
            | Exchange::ShuffleRotateDown => vec![Own, lane],
            Exchange::ShuffleAndFillUp | Exchange::ShuffleAndFillDown => match n {
                4 => vec![Own, Own, lane, lane],
                _ => vec![Own, Own, lane],
            },
            Exchange::All | Exchange::Any | Exchange::Ballot => vec![Fixed(ScalarTy::Bool)],
            Exchange::ActiveThreadsMask | Exchange::IsFirst => return None,
            _ => vec![Own],
        };
        let set = match f.op {
            Exchange::And | Exchange::Or | Exchange::Xor => Set::LaneBits,
            _ => Set::Lanes,
        };
        return (params.len() == n).then_some((params, set));
    }
    let (n_own, set) = match math::lookup(name)? {
        Rule::Float(_, n) => (n, Set::Floats),
        Rule::Any(_, n) => (n, Set::Arithmetic),
        Rule::Test(_) => (1, Set::Floats),
        Rule::Composed(_) if name == "ldexp" => return None,
        Rule::Composed(n) => {
            let any = matches!(name, "clamp" | "min3" | "max3" | "median3");
            (n, if any { Set::Arithmetic } else { Set::Floats })
        }
    };
    (n_own == n).then(|| (vec![Own; n], set))
}

impl<'a> Lowerer<'a> {
    /// Whether a namespace is `metal` of the file, or lies in it.
    pub(super) fn in_metal(&self, ns: NsId) -> bool {
        let metal: Vec<NsId> = self
            .syms
            .qualified(GLOBAL, "metal", u32::MAX, true)
            .iter()
            .filter_map(|n| match n.what {
                What::Namespace(id) => Some(id),
                _ => None,
            })
            .collect();
        let mut at = ns;
        loop {
            if metal.contains(&at) {
                return true;
            }
            if at == GLOBAL {
                return false;
            }
            at = self.syms.spaces.get(at).map_or(GLOBAL, |s| s.parent);
        }
    }

    /// The library's candidates for a call.
    pub(super) fn library_candidates(&mut self, name: &str, args: &[Arg<'a>]) -> Option<Library> {
        let (params, set) = signature(name, args.len())?;
        let mut own: Option<Ty> = None;
        for (p, a) in params.iter().zip(args) {
            let Arg::Place(place) = a else { return None };
            if *p != Param::Own {
                continue;
            }
            let t = place.ty().unpacked();
            if !matches!(t, Ty::Scalar(_) | Ty::Vector(..)) || own.as_ref().is_some_and(|o| *o != t)
            {
                return None;
            }
            own = Some(t);
        }
        let exact = match own {
            Some(t) => set.has(t.element()?)?,
            None => true,
        };
        Some(Library { params, exact })
    }

    /// Compares the library's candidates with those of the file, each by its conversions.
    pub(super) fn against_library(
        &mut self,
        library: &Library,
        args: &[Arg<'a>],
        file: &[Vec<Ics>],
        best: Option<usize>,
    ) -> Shared {
        let mut fixed: Vec<Option<Ics>> = Vec::new();
        for (p, a) in library.params.iter().zip(args) {
            fixed.push(match p {
                Param::Own => None,
                Param::Fixed(s) => match self.ics(a, &Ty::Scalar(*s)) {
                    Some(i) => Some(i),
                    None => return Shared::Unknown,
                },
            });
        }
        let exact = Ics::of(Rank::Exact);
        let own: Vec<Ics> = fixed.iter().map(|f| f.unwrap_or(exact)).collect();
        if library.exact && file.iter().all(|f| better(&own, f)) {
            return Shared::Library;
        }
        // The library's conversions of its own parameters are at best exact.
        let wins = best.and_then(|b| file.get(b)).is_some_and(|f| {
            f.len() == own.len()
                && f.iter().zip(&fixed).all(|(x, lib)| match lib {
                    None => x.rank == Rank::Exact && !x.unsure,
                    Some(l) => matches!(x.compare(l), Some(Ordering::Less | Ordering::Equal)),
                })
        });
        if wins { Shared::File } else { Shared::Unknown }
    }
}

/// Whether one candidate is surely better than another by its conversions ([over.match.best]).
fn better(a: &[Ics], b: &[Ics]) -> bool {
    let mut better = false;
    if a.len() != b.len() {
        return false;
    }
    for (x, y) in a.iter().zip(b) {
        match x.compare(y) {
            Some(Ordering::Less) => better = true,
            Some(Ordering::Equal) => {}
            Some(Ordering::Greater) | None => return false,
        }
    }
    better
}
