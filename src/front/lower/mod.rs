//! Lowering: from the syntax tree to the IR of each kernel.
//!
//! Purpose: an interpreter-like walk that starts at each kernel, instantiates templates on demand and
//! expands every call at its place. What comes out is typed scalar code with explicit memory accesses.
//! Soundness direction: exact; what cannot be represented is an [`crate::ir::Stmt::Unsupported`] or an
//! unspecified value, and is listed in [`crate::ir::Kernel::unsupported`]. An error in one kernel never
//! loses another.

mod assign;
mod attributes;
mod builtins;
mod calls;
mod casts;
mod classes;
mod ctx;
mod decl;
mod designated;
mod entry;
mod expr;
mod global;
mod instance;
mod jump;
mod known;
mod lambda;
mod library;
mod log;
mod names;
mod once;
mod packs;
mod spell;
mod stmt;
mod template;
mod tree;
mod types;
mod values;

use self::calls::{call, convert, inline, operators, overload, rank};
use self::classes::{class, construct, layout, lifetime, record};
use self::names::{adl, enums, scope, symbols};
use self::values::{access, fold, value};
pub use ctx::LowerOptions;
pub use entry::{
    Each, Instantiation, KernelEntry, LeftOut, LowerOutput, Skipped, kernels, lower_each,
    lower_file,
};
pub use log::{DeclAt, How, Layout, Log, Use};
