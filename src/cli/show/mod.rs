//! What people see at a terminal while things are decided, and after.

pub mod confirm;
pub mod fuzz;
mod progress;
mod prove;

use std::io::{IsTerminal, Write};

pub use self::progress::{Progress, runs};
pub use self::prove::{ProveView, denied};
use super::args::Color;
use crate::engine::load::Loaded;
use crate::source::{Diagnostic, render};

/// Whether to colour standard output / standard error.
pub fn use_color(c: Color, stderr: bool) -> bool {
    match c {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            std::env::var_os("NO_COLOR").is_none()
                && if stderr {
                    std::io::stderr().is_terminal()
                } else {
                    std::io::stdout().is_terminal()
                }
        }
    }
}

/// Writes to standard output; a closed pipe ends the program quietly.
pub fn emit(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Prints all that was said of a file to standard error.
pub fn print_diagnostics(l: &Loaded, color: Color) {
    let all: Vec<&Diagnostic> = l.diagnostics.iter().collect();
    print_messages(l, &all, color);
}

/// Prints some of it.
pub fn print_messages(l: &Loaded, messages: &[&Diagnostic], color: Color) {
    let color = use_color(color, true);
    for d in messages {
        eprint!("{}", render(d, &l.map, color));
    }
}
