//! What people and programs read: one model, one renderer per format.
//!
//! Soundness direction: none; nothing is decided here.

pub mod accept;
pub mod audit;
pub mod claims;
pub mod describe;
pub mod finding;
pub mod graph;
pub mod human;
pub mod model;
pub mod obligation;
pub mod place;
pub mod rule;
pub mod sarif;
pub mod stats;
pub mod steps;
