//! Assumptions about a launch: conditions over scalar parameters and launch sizes.
//!
//! Soundness direction: exact; the verdicts hold for launches that satisfy them.

use super::expr::Expr;
use super::kernel::Builtin;

/// What a variable of an assumption stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// An entry of [`super::Kernel::scalars`].
    Scalar(usize),
    /// A launch-wide built-in.
    Builtin(Builtin),
    /// A function constant.
    FunctionConstant(u32),
}

/// A condition that launches are assumed to satisfy.
#[derive(Clone, Debug)]
pub struct Assumption {
    /// As the user wrote it.
    pub text: String,
    /// A `bool`; its variable *n* is `leaves[n]`.
    pub expr: Expr,
    /// Meaning of the variables.
    pub leaves: Vec<Leaf>,
}
