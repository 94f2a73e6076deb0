//! From facts to obligations: formulas over unbounded integers that are unsatisfiable exactly
//! when no two threads conflict.
//!
//! Soundness direction: a formula is satisfiable whenever a conflict exists (unsatisfiable means
//! safe); it may be satisfiable without one, which replay finds out.

pub mod bounds;
pub mod launch;
pub mod lin;
pub mod logic;
pub mod obligation;
pub mod pair;

pub mod terms;
