//! `unbarrier schema`: the JSON schemas of what is read and written.

use clap::{Args, ValueEnum};

use super::show::emit;
use super::{BAD_INPUT, DONE};
use crate::engine::config;
use crate::report::check::CheckReport;
use crate::report::model::{json_schema, schema_of};
use crate::report::optimize::OptimizeReport;

/// Arguments of `schema`.
#[derive(Clone, Debug, Args)]
pub struct SchemaArgs {
    /// Of what.
    #[arg(value_enum)]
    of: Of,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    /// unbarrier.toml.
    Config,
    /// `prove --format json`.
    Report,
    /// `check --format json`.
    Check,
    /// `optimize --format json`.
    Optimize,
}

/// Runs the command; the exit code.
pub fn run(a: &SchemaArgs) -> u8 {
    let schema = match a.of {
        Of::Config => config::schema(),
        Of::Report => json_schema(),
        Of::Check => schema_of::<CheckReport>(),
        Of::Optimize => schema_of::<OptimizeReport>(),
    };
    match serde_json::to_string_pretty(&schema) {
        Ok(s) => {
            emit(&format!("{s}\n"));
            DONE
        }
        Err(e) => {
            eprintln!("error: cannot write the schema: {e}");
            BAD_INPUT
        }
    }
}
