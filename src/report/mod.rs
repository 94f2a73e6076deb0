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
pub mod graph;
pub mod instances;
pub mod layout;
pub mod model;
pub mod obligation;
mod open;
pub mod optimize;
pub mod order;
pub mod place;
mod render;
pub mod rule;
pub mod stats;
pub mod steps;
pub mod total;
mod unseen;
mod witness;

#[cfg(feature = "cli")]
pub use self::render::html;
pub use self::render::{github, human, list, markdown, sarif};
