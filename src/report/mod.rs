//! What people and programs read: one model, one renderer per format.
//!
//! Soundness direction: none; nothing is decided here.

pub mod accept;
pub mod audit;
pub mod check;
pub mod claims;
pub mod command;
pub mod describe;
pub mod finding;
pub mod github;
pub mod graph;
pub mod html;
pub mod human;
pub mod instances;
pub mod layout;
pub mod list;
pub mod markdown;
pub mod model;
pub mod obligation;
pub mod optimize;
pub mod order;
pub mod place;
pub mod rule;
pub mod sarif;
pub mod stats;
pub mod steps;
pub mod total;
mod unseen;
mod witness;
