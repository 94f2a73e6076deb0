//! `unbarrier` decides, with proof, which barriers of a Metal compute kernel can be removed.

pub mod front;
pub mod ir;
pub mod source;
