//! `unbarrier completions` and `unbarrier man`: what shells and `man` need, made from the definition of the command line.

use std::path::PathBuf;

use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;

use super::args::Cli;
use super::show::emit;
use super::{BAD_INPUT, DONE};

/// Arguments of `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// Shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// Write unbarrier.1 and one page per command here (default: unbarrier.1 to standard output).
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

/// Prints completions; the exit code.
pub fn completions(a: &CompletionsArgs) -> u8 {
    let mut out = Vec::new();
    clap_complete::generate(a.shell, &mut Cli::command(), "unbarrier", &mut out);
    emit(&String::from_utf8_lossy(&out));
    DONE
}

/// Prints or writes manual pages; the exit code.
pub fn man(a: &ManArgs) -> u8 {
    match pages(a) {
        Ok(()) => DONE,
        Err(e) => {
            eprintln!("error: {e}");
            BAD_INPUT
        }
    }
}

fn pages(a: &ManArgs) -> Result<(), String> {
    let mut command = Cli::command();
    command.build();
    let Some(folder) = &a.folder else {
        emit(&page(&command)?);
        return Ok(());
    };
    let at = |e: std::io::Error, p: &PathBuf| format!("{}: {e}", p.display());
    std::fs::create_dir_all(folder).map_err(|e| at(e, folder))?;
    let parts = command.get_subcommands().filter(|c| !c.is_hide_set());
    for c in std::iter::once(&command).chain(parts.filter(|c| c.get_name() != "help")) {
        let name = c.get_display_name().unwrap_or(c.get_name()).to_string();
        let path = folder.join(format!("{name}.1"));
        let text = page(c)?;
        crate::engine::files::write_file(&path, text.as_bytes()).map_err(|e| at(e, &path))?;
    }
    Ok(())
}

/// One page as roff.
fn page(command: &Command) -> Result<String, String> {
    let mut out = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut out)
        .map_err(|e| e.to_string())?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}
