//! `unbarrier launch`: how kernels are launched, printed as it would stand in `unbarrier.toml`.

use super::args::LaunchCommandArgs;
use super::show::{emit, print_diagnostics};
use super::{BAD_INPUT, DONE};
use crate::engine::error::Result;
use crate::engine::kernels::chosen;
use crate::engine::launch::{plan, show};
use crate::engine::load::{Depth, configured, load};

/// Runs the command; the exit code.
pub fn run(a: &LaunchCommandArgs) -> u8 {
    match text(a) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("error: {e}");
            BAD_INPUT
        }
    }
}

fn text(a: &LaunchCommandArgs) -> Result<u8> {
    let source = configured(&a.file, &a.source.settings())?;
    let l = load(&a.file, &source, Depth::Kernels)?;
    print_diagnostics(&l, a.source.color);
    let mut code = if l.has_errors() { BAD_INPUT } else { DONE };
    for k in chosen(&l, &a.kernel)? {
        match plan(&l, k, &a.file, &source, a.threadgroup) {
            Ok(p) => emit(&show(&a.file, k, &p)),
            Err(e) => {
                eprintln!("error: kernel {}: {e}", k.name);
                code = BAD_INPUT;
            }
        }
    }
    Ok(code)
}
