//! The engine: from settings to reports. All commands and the library go through it; it prints nothing and knows no options.
//!
//! Route: [`settings`] say what is wanted; [`config`] adds what `unbarrier.toml` says of a file; [`load`] reads, parses and lowers it;
//! [`kernels`] chooses kernels and what is assumed of them; [`mod@prove`], [`mod@check`], [`mod@optimize`], [`mod@fuzz`], [`mod@confirm`] and
//! [`mod@audit`] answer. What is wrong with an input is an [`error::Error`] with a code. Who wants to hear of work while it goes on is an
//! [`observer::Observer`].

pub mod audit;
mod cache;
pub mod check;
pub mod config;
pub mod confirm;
pub mod crosscheck;
pub mod error;
mod export;
pub mod files;
mod foreign;
pub mod fuzz;
pub mod init;
pub mod kernels;
pub mod launch;
pub mod load;
pub mod observer;
pub mod optimize;
pub mod prove;
pub mod settings;
mod totals;
mod unseen;
pub mod walk;
