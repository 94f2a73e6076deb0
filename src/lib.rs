//! `unbarrier` decides, with proof, which barriers of a Metal compute kernel can be removed.

pub mod analysis;
pub mod cfg;
pub mod cli;
pub mod confirm;
pub mod coverage;
pub mod crosscheck;
pub mod encode;
pub mod engine;
pub mod exec;
pub mod front;
pub mod ir;
pub mod launch;
pub mod models;
pub mod prove;
pub mod report;
pub mod smt;
pub mod source;
