//! Which declaration a name means (C++ [basic.lookup]).

pub mod adl;
pub mod enums;
pub mod hides;
pub mod lookup;
pub mod naming;
pub mod resolve;
pub mod scope;
pub mod symbols;
