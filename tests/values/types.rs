//! The integer types, and the rules of C++ for them that the generator needs to write programs that mean one thing.

use Ty::*;

/// An integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ty {
    Bool,
    Char,
    UChar,
    Short,
    UShort,
    Int,
    UInt,
    Long,
    ULong,
}

/// All integer types but `bool`.
pub const INTS: &[Ty] = &[Char, UChar, Short, UShort, Int, UInt, Long, ULong];
/// All integer types.
pub const WHOLE: &[Ty] = &[Bool, Char, UChar, Short, UShort, Int, UInt, Long, ULong];
/// Those that vectors are made of here.
pub const LANES: &[Ty] = &[Char, UChar, Short, UShort, Int, UInt];

impl Ty {
    pub fn name(self) -> &'static str {
        match self {
            Bool => "bool",
            Char => "char",
            UChar => "uchar",
            Short => "short",
            UShort => "ushort",
            Int => "int",
            UInt => "uint",
            Long => "long",
            ULong => "ulong",
        }
    }

    /// [conv.prom]
    pub fn promoted(self) -> Ty {
        match self {
            Bool | Char | UChar | Short | UShort => Int,
            t => t,
        }
    }

    /// Usual arithmetic conversions, [expr.arith.conv].
    pub fn with(self, o: Ty) -> Ty {
        let rank = |t: Ty| match t {
            ULong => 3,
            Long => 2,
            UInt => 1,
            _ => 0,
        };
        let (a, b) = (self.promoted(), o.promoted());
        if rank(a) >= rank(b) { a } else { b }
    }

    /// The largest distance of a shift of a value of this type, which is promoted first.
    pub fn most_shift(self) -> u32 {
        match self {
            Long | ULong => 63,
            _ => 31,
        }
    }

    /// How good the conversion to a parameter of type `to` is: 0 exact, 1 promotion, 2 conversion ([over.ics.scs]).
    pub fn cost(self, to: Ty) -> u32 {
        if self == to {
            0
        } else if self != self.promoted() && to == self.promoted() {
            1
        } else {
            2
        }
    }
}

/// Whether a call with these arguments finds one best of these parameter lists ([over.match.best]).
pub fn unambiguous(set: &[Vec<Ty>], args: &[Ty]) -> bool {
    let costs: Vec<Vec<u32>> = set
        .iter()
        .filter(|p| p.len() == args.len())
        .map(|p| p.iter().zip(args).map(|(p, a)| a.cost(*p)).collect())
        .collect();
    let better = |a: &Vec<u32>, b: &Vec<u32>| {
        a.iter().zip(b).all(|(x, y)| x <= y) && a.iter().zip(b).any(|(x, y)| x < y)
    };
    costs.iter().enumerate().any(|(i, a)| {
        costs
            .iter()
            .enumerate()
            .all(|(j, b)| i == j || better(a, b))
    })
}
