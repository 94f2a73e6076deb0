//! `unbarrier init`: a first `unbarrier.toml` from the sources that are there.

use std::path::PathBuf;

use clap::Args;

use super::show::emit;
use super::{BAD_INPUT, DONE};
use crate::engine::init::init;
use crate::engine::settings::SourceSettings;

/// Arguments of `init`.
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// Folder of the sources, in which unbarrier.toml is written.
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Replace an unbarrier.toml that is there.
    #[arg(long)]
    force: bool,
    /// Define a macro while reading the sources.
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    define: Vec<String>,
    /// Look for included files here.
    #[arg(short = 'I', value_name = "DIR")]
    include: Vec<PathBuf>,
}

/// Runs the command; the exit code.
pub fn run(a: &InitArgs) -> u8 {
    let source = SourceSettings {
        define: a.define.clone(),
        include: a.include.clone(),
        ..SourceSettings::default()
    };
    match init(&a.dir, &source, a.force) {
        Ok(said) => {
            emit(&said);
            DONE
        }
        Err(e) => {
            eprintln!("error: {e}");
            BAD_INPUT
        }
    }
}
