//! Which function a call means, and what it does to its arguments (C++ [over.match], [expr.call]).

pub mod call;
pub mod convert;
pub mod deduce;
pub mod inline;
pub mod operators;
pub mod overload;
pub mod params;
pub mod partial;
pub mod rank;
pub mod unknown;
