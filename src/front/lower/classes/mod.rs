//! Classes: layout, construction, assignment, the end of lifetimes (C++ [class]).

pub mod assign_members;
pub mod class;
pub mod construct;
pub mod constructor;
pub mod initial;
pub mod layout;
pub mod lifetime;
pub mod record;
