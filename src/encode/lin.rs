//! Linear expressions over integer atoms.
//!
//! Soundness direction: exact, or [`Lin::overflowed`], of which nothing is known. No arithmetic saturates.

use super::logic::AtomId;

/// `sum of coefficient * atom + constant`, atoms in increasing order, no zero coefficient.
///
/// Nothing saturates: a sum with a number beyond [`Lin::LIMIT`] becomes [`Lin::overflowed`], of which nothing is
/// known. Every formula about it is a fresh unknown, so that it can only make more satisfiable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lin {
    /// Terms.
    pub terms: Vec<(AtomId, i128)>,
    /// Constant.
    pub k: i128,
    /// Any number at all, and two such are not known to be equal; there are no terms then, and no constant.
    pub overflowed: bool,
}

impl Lin {
    /// No coefficient and no constant is larger than this, so that a negation or the sum of two never overflows.
    pub const LIMIT: i128 = 1 << 125;

    /// A constant.
    pub fn constant(k: i128) -> Lin {
        Lin::of(Vec::new(), k)
    }

    /// An atom.
    pub fn atom(a: AtomId) -> Lin {
        Lin::of(vec![(a, 1)], 0)
    }

    /// A sum of terms in normal form and a constant.
    pub fn of(terms: Vec<(AtomId, i128)>, k: i128) -> Lin {
        let fits = |c: i128| c.unsigned_abs() <= Lin::LIMIT.unsigned_abs();
        if fits(k) && terms.iter().all(|(_, c)| fits(*c)) {
            Lin {
                terms,
                k,
                overflowed: false,
            }
        } else {
            Lin::unknown()
        }
    }

    /// Any number.
    pub(super) fn unknown() -> Lin {
        Lin {
            overflowed: true,
            ..Lin::default()
        }
    }

    /// Its value when it has no atoms.
    pub fn as_const(&self) -> Option<i128> {
        (self.terms.is_empty() && !self.overflowed).then_some(self.k)
    }

    /// The sum without its constant.
    pub fn without_constant(&self) -> Lin {
        Lin {
            k: 0,
            ..self.clone()
        }
    }

    /// `self + f * other`, exactly, or any number where coefficients become too large.
    pub fn add_scaled(&self, other: &Lin, f: i128) -> Lin {
        if f == 0 {
            return self.clone();
        }
        if self.overflowed || other.overflowed {
            return Lin::unknown();
        }
        self.checked(other, f).unwrap_or_else(Lin::unknown)
    }

    fn checked(&self, other: &Lin, f: i128) -> Option<Lin> {
        let mut out = Vec::with_capacity(self.terms.len() + other.terms.len());
        let (mut i, mut j) = (0, 0);
        loop {
            match (self.terms.get(i), other.terms.get(j)) {
                (Some(&(a, x)), Some(&(b, y))) if a == b => {
                    let c = x.checked_add(y.checked_mul(f)?)?;
                    if c != 0 {
                        out.push((a, c));
                    }
                    i += 1;
                    j += 1;
                }
                (Some(&(a, x)), Some(&(b, _))) if a < b => {
                    out.push((a, x));
                    i += 1;
                }
                (Some(&(a, x)), None) => {
                    out.push((a, x));
                    i += 1;
                }
                (_, Some(&(b, y))) => {
                    out.push((b, y.checked_mul(f)?));
                    j += 1;
                }
                (None, None) => break,
            }
        }
        let k = self.k.checked_add(other.k.checked_mul(f)?)?;
        Some(Lin::of(out, k))
    }

    /// Sum.
    pub fn plus(&self, other: &Lin) -> Lin {
        self.add_scaled(other, 1)
    }

    /// Difference.
    pub fn minus(&self, other: &Lin) -> Lin {
        self.add_scaled(other, -1)
    }

    /// Sum with a constant.
    pub fn offset(&self, k: i128) -> Lin {
        self.plus(&Lin::constant(k))
    }

    /// Multiple.
    pub fn scale(&self, f: i128) -> Lin {
        Lin::default().add_scaled(self, f)
    }

    /// Greatest common divisor of the coefficients; 0 for a constant, 1 where nothing is known.
    pub fn content(&self) -> i128 {
        if self.overflowed {
            return 1;
        }
        self.terms.iter().fold(0, |g, (_, c)| gcd(g, *c))
    }
}

/// Greatest common divisor, non-negative.
pub fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    // Only 2^127 does not fit; 1 divides everything, too.
    i128::try_from(a).unwrap_or(1)
}
