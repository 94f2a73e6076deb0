//! From the IR to facts about threads: symbolic values, guards, closed forms, uniformity.
//!
//! Soundness direction: over-approximation of behaviours. A guard may be weaker than the truth
//! and a value may be an unknown, never the other way round. What is not handled becomes an
//! unknown value ([`term::TermKind::Opaque`]).

pub mod closed;
pub mod eval;
pub mod facts;
pub mod lanes;
pub mod term;
