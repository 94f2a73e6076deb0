//! Lowering: from the syntax tree to the IR of each kernel.
//!
//! Purpose: an interpreter-like walk that starts at each kernel, instantiates templates on demand and
//! expands every call at its place. What comes out is typed scalar code with explicit memory accesses.
//! Soundness direction: exact; what cannot be represented is an [`crate::ir::Stmt::Unsupported`] or an
//! unspecified value, and is listed in [`crate::ir::Kernel::unsupported`]. An error in one kernel never
//! loses another.

mod adl;
mod assign;
mod assign_members;
mod attributes;
mod builtins;
mod call;
mod casts;
mod class;
mod consteval;
mod construct;
mod constructor;
mod convert;
mod ctx;
mod decl;
mod deduce;
mod designated;
mod entry;
mod enums;
mod expr;
mod fold;
mod freeze;
mod global;
mod initial;
mod inline;
mod instance;
mod jump;
mod lambda;
mod layout;
mod library;
mod lifetime;
mod log;
mod lookup;
mod memory;
mod naming;
mod operators;
mod overload;
mod packs;
mod params;
mod partial;
mod places;
mod pointee;
mod pointer;
mod rank;
mod record;
mod resolve;
mod scope;
mod slot;
mod spell;
mod stmt;
mod store;
mod symbols;
mod template;
mod tree;
mod types;
mod value;

pub use ctx::LowerOptions;
pub use entry::{Instantiation, KernelEntry, LowerOutput, Skipped, kernels, lower_file};
pub use log::{DeclAt, How, Layout, Log, Use};
