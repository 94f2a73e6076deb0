//! Command-line arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Decides, with proof, which barriers of a Metal compute kernel can be removed.
#[derive(Debug, Parser)]
#[command(name = "unbarrier", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Decide for each barrier whether it can be removed.
    Prove(ProveArgs),
    /// Print the barrier-interval graph of the kernels of a file.
    Graph(GraphArgs),
    /// Parse files and report problems.
    Parse(ParseArgs),
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Output format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// Output format of graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Graphviz.
    Dot,
    /// JSON.
    Json,
}

/// How sources are read.
#[derive(Clone, Debug, Args)]
pub struct SourceArgs {
    /// Define a macro.
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    pub define: Vec<String>,
    /// Look for included files here.
    #[arg(short = 'I', value_name = "DIR")]
    pub include: Vec<PathBuf>,
    /// Use colour.
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: Color,
}

/// Arguments of `prove`.
#[derive(Clone, Debug, Args)]
pub struct ProveArgs {
    /// Metal source files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Only this kernel (may be repeated).
    #[arg(long, value_name = "NAME")]
    pub kernel: Vec<String>,
    /// Threadgroup size; without it, any size up to 1024 threads.
    #[arg(long, value_name = "X[,Y[,Z]]", value_parser = threadgroup)]
    pub threadgroup: Option<[u64; 3]>,
    /// Assume this condition over parameters and constants (an MSL expression; may be repeated).
    #[arg(long, value_name = "EXPR")]
    pub assume: Vec<String>,
    /// Prove that the barriers on these lines can go together.
    #[arg(long, value_name = "LINE[,LINE]...", value_delimiter = ',')]
    pub remove: Vec<u32>,
    /// Time limit of one solver query, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub timeout: f64,
    /// Worker threads (default: number of processors).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Output format.
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub format: Format,
    /// Report barriers after an early return as divergent.
    #[arg(long)]
    pub strict_divergence: bool,
    /// Assume that barriers order all memory, whatever their flags.
    #[arg(long)]
    pub execution_barriers_order_memory: bool,
    /// Assume that the threads of a simdgroup run in lockstep.
    #[arg(long)]
    pub lockstep: bool,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Arguments of `graph`.
#[derive(Clone, Debug, Args)]
pub struct GraphArgs {
    /// Metal source file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only this kernel.
    #[arg(long, value_name = "NAME")]
    pub kernel: Vec<String>,
    /// Output format.
    #[arg(long, value_enum, default_value = "dot", value_name = "FORMAT")]
    pub format: GraphFormat,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Arguments of `parse`.
#[derive(Clone, Debug, Args)]
pub struct ParseArgs {
    /// Metal source files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub format: Format,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
}

fn threadgroup(s: &str) -> Result<[u64; 3], String> {
    let parts: Vec<&str> = s.split(',').map(str::trim).collect();
    if parts.is_empty() || parts.len() > 3 {
        return Err("expected one to three sizes, as in 64 or 8,8,1".into());
    }
    let mut out = [1u64; 3];
    for (slot, p) in out.iter_mut().zip(&parts) {
        *slot = p
            .parse()
            .map_err(|_| format!("`{p}` is not a number of threads"))?;
        if *slot == 0 {
            return Err("a threadgroup has at least one thread in each dimension".into());
        }
    }
    let n = out.iter().try_fold(1u64, |a, b| a.checked_mul(*b));
    match n {
        Some(n) if n <= crate::encode::launch::MAX_THREADS => Ok(out),
        _ => Err(format!(
            "a threadgroup has at most {} threads",
            crate::encode::launch::MAX_THREADS
        )),
    }
}

fn seconds(s: &str) -> Result<f64, String> {
    match s.parse::<f64>() {
        Ok(v) if v.is_finite() && v > 0.0 && v <= 86_400.0 => Ok(v),
        _ => Err("expected a positive number of seconds".into()),
    }
}
