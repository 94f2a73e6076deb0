//! What expressions are worth: constants, pointers, places in memory.

pub mod access;
pub mod consteval;
pub mod fold;
pub mod freeze;
pub mod places;
pub mod pointee;
pub mod pointer;
pub mod slot;
pub mod store;
pub mod value;
