//! What Clang makes of a text, declaration by declaration: names, types, layouts.
//!
//! Purpose: an oracle for other readers of the same text. The text has one token on each line, so that a line is a token: everything here
//! speaks of lines (from 0). Clang reads it as C++ against the stand-in for Metal's headers, which are compiled beforehand, so that the tree it
//! prints has the text's own declarations and nothing else. Direction: exact for C++; address spaces do not exist here.

mod place;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::child;
use super::error::ConfirmError;
use super::scan::scan;
use super::toolchain::{COMPILE_SECONDS, Toolchain};

/// How something is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// A name.
    Name,
    /// An overloaded operator, or a call of an object.
    Operator,
    /// A constructor or a conversion function.
    Implicit,
}

/// A use of declarations.
#[derive(Clone, Debug)]
pub struct ClangUse {
    /// First and last line.
    pub lines: (u32, u32),
    /// How.
    pub used: Used,
    /// Lines with the name of what is used; several where Clang does not say which. None: it is not declared in the text.
    pub decls: Vec<u32>,
}

/// What Clang says.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Lines with the names of declarations, each with the first line of its entity: declarations of one entity have the same.
    pub entities: BTreeMap<u32, u32>,
    /// All uses.
    pub uses: Vec<ClangUse>,
    /// Types of expressions by their first and last lines, implicit conversions left out.
    pub types: BTreeMap<(u32, u32), BTreeSet<String>>,
    /// The same within templates themselves, where types depend on parameters.
    pub patterns: BTreeMap<(u32, u32), BTreeSet<String>>,
    /// Type aliases by their names: what they stand for, in each instance.
    pub aliases: BTreeMap<String, BTreeSet<String>>,
}

/// Most bytes of a tree.
const MOST: u64 = 1 << 30;

/// Reads a text with one token on each line. With `probes`, errors do not matter: what does not compile is not there.
///
/// # Errors
/// Clang cannot be run, or (without `probes`) rejects the text: [`ConfirmError::Compile`] with its messages.
pub fn facts(tools: &Toolchain, text: &str, probes: bool) -> Result<Facts, ConfirmError> {
    let text = scan(text, &[]).text;
    let headers = headers(tools)?;
    let source = tools.folder().join("tokens.cpp");
    std::fs::write(&source, &text).map_err(ConfirmError::io("the temporary folder"))?;
    let mut c = tools.syntax_command();
    c.args(["-x", "c++", "-fsyntax-only", "-ferror-limit=0"])
        .args(["-Xclang", "-ast-dump=json"])
        .arg("-include-pch")
        .arg(&headers)
        .arg(&source);
    if probes {
        c.arg("-fno-access-control");
    }
    let limit = Duration::from_secs(COMPILE_SECONDS);
    let done = child::run_up_to(c, b"", limit, MOST).map_err(ConfirmError::io("clang"))?;
    match done.status {
        None => {
            return Err(ConfirmError::CompileTime {
                seconds: COMPILE_SECONDS,
            });
        }
        Some(s) if s.success() || probes => {}
        Some(_) => return Err(ConfirmError::Compile(done.stderr)),
    }
    let file = source.display().to_string();
    tree::read(&done.stdout, &file, &text)
        .map_err(|e| ConfirmError::Compile(format!("Clang's tree cannot be read: {e}")))
}

/// The stand-in, compiled once for each toolchain.
fn headers(tools: &Toolchain) -> Result<PathBuf, ConfirmError> {
    let to = tools.folder().join("headers.pch");
    if to.exists() {
        return Ok(to);
    }
    let mut c = tools.syntax_command();
    c.args(["-x", "c++-header"])
        .arg(tools.folder().join("include/ub_collective.h"))
        .arg("-o")
        .arg(&to);
    let done = child::run(c, b"", Duration::from_secs(COMPILE_SECONDS))
        .map_err(ConfirmError::io("clang"))?;
    match done.status {
        Some(s) if s.success() => Ok(to),
        _ => Err(ConfirmError::Runtime(done.stderr)),
    }
}
