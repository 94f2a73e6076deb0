//! What people and programs read: one model, one renderer per format.
//!
//! Soundness direction: none; nothing is decided here.

pub mod audit;
pub mod check;
pub mod claims;
pub mod describe;
pub mod human;
pub mod model;
pub mod obligation;
pub mod optimize;
pub mod stats;
