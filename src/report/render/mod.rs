//! The report in each format, one file per format.

pub mod github;
#[cfg(feature = "cli")]
pub mod html;
pub mod human;
pub mod list;
pub mod markdown;
pub mod sarif;
