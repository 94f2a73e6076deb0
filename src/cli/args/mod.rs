//! Command-line arguments.

mod settings;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::settings::{CheckOutputArgs, Denied, OutputArgs, SettingsArgs, SourceArgs};
use self::values::{fill, group, param, set, size, threads};
pub(super) use self::values::{seconds, threadgroup};

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
    /// Run kernels under many launches and look for data races.
    Fuzz(FuzzArgs),
    /// Run kernels with and without barriers, from their original source, and compare with `prove`.
    Confirm(super::confirm::ConfirmArgs),
    /// Print how kernels are launched: from unbarrier.toml, else a launch that fits.
    Launch(LaunchCommandArgs),
    /// Print the barrier-interval graph of the kernels of a file.
    Graph(GraphArgs),
    /// Parse files and report problems.
    Parse(ParseArgs),
    /// Prove what a change of sources does to barriers.
    Check(super::check::CheckArgs),
    /// Propose the edits that are proved: removals, weaker barriers, repairs.
    Optimize(super::optimize::OptimizeArgs),
    /// Hold claims about barriers against what is proved.
    Audit(AuditArgs),
    /// Write a first unbarrier.toml for the sources of a folder.
    Init(super::init::InitArgs),
    /// Print the JSON schema of unbarrier.toml or of the JSON report.
    Schema(super::schema::SchemaArgs),
    /// Print completions for a shell.
    Completions(super::manual::CompletionsArgs),
    /// Print the manual page, or write one per command into a folder.
    Man(super::manual::ManArgs),
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
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

/// Output format of `prove`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people at a terminal.
    Human,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// One page for a browser.
    Html,
    /// For a comment on a change.
    Markdown,
    /// Annotations of a GitHub workflow.
    Github,
}

/// Output format of graphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Graphviz.
    Dot,
    /// JSON.
    Json,
}

/// Arguments of `prove`.
#[derive(Clone, Debug, Args)]
pub struct ProveArgs {
    /// Metal source files; of folders, all .metal files that .gitignore and unbarrier.toml do not exclude; `-`: standard input.
    #[arg(required = true, value_name = "FILE|FOLDER")]
    pub files: Vec<PathBuf>,
    /// What to prove, and how.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Prove that the barriers on these lines can go together.
    #[arg(long, value_name = "LINE[,LINE]...", value_delimiter = ',')]
    pub remove: Vec<u32>,
    /// Report what decided what, times by phase and peak memory.
    #[arg(long)]
    pub stats: bool,
    /// Write each obligation that Z3 decides into this folder, as SMT-LIB 2 for other solvers.
    #[arg(long, value_name = "DIR")]
    pub emit_smt: Option<PathBuf>,
    /// What is told, and where to.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Arguments of `fuzz`.
#[derive(Clone, Debug, Args)]
pub struct FuzzArgs {
    /// Metal source file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only this kernel (may be repeated).
    #[arg(long, value_name = "NAME")]
    pub kernel: Vec<String>,
    /// Numbers of threads to try (default: the size in unbarrier.toml, else 1..=1024); sizes and parameters
    /// of [kernel.launch] are then set aside.
    #[arg(long, value_name = "A..=B", value_parser = threads)]
    pub threads: Option<(u32, u32)>,
    /// Set [kernel.launch] of unbarrier.toml aside: parameters, sizes and contents vary freely.
    #[arg(long)]
    pub no_launch: bool,
    /// Exactly this threadgroup size.
    #[arg(long, value_name = "X[,Y[,Z]]", value_parser = threadgroup, conflicts_with = "threads")]
    pub threadgroup: Option<[u64; 3]>,
    /// Delete the barriers on this line; then only races that they would have prevented count
    /// (may be repeated).
    #[arg(long, value_name = "LINE")]
    pub disable: Vec<u32>,
    /// Most runs of each kernel.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: u64,
    /// Which sequence of launches.
    #[arg(long, value_name = "S", default_value = "1")]
    pub seed: u64,
    /// Most seconds for each kernel.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub time: f64,
    /// Only launches that satisfy this condition (an MSL expression; may be repeated).
    #[arg(long, value_name = "EXPR")]
    pub assume: Vec<String>,
    /// Fix a scalar parameter or function constant (may be repeated).
    #[arg(long, value_name = "NAME=VALUE", value_parser = param, allow_hyphen_values = true)]
    pub param: Vec<(String, i128)>,
    /// Fix the contents of all buffers, or of one: zeros, index or random:SEED:LOW:HIGH (may be repeated).
    #[arg(long, value_name = "[BUFFER=]CONTENTS", value_parser = fill)]
    pub fill: Vec<(Option<String>, crate::exec::Fill)>,
    /// Fix bytes of a buffer, in hexadecimal, in memory order: in@8=ff000000 (may be repeated).
    #[arg(long, value_name = "BUFFER@BYTE=HEX", value_parser = set)]
    pub set: Vec<(String, u64, Vec<u8>)>,
    /// Size of a buffer in bytes; without it, a buffer is as large as the kernel asks (may be repeated).
    #[arg(long, value_name = "BUFFER=BYTES", value_parser = size)]
    pub size: Vec<(String, u64)>,
    /// Fix who runs when: in-order, reverse, random:SEED or preemptive:SEED.
    #[arg(long, value_name = "SCHEDULE", value_parser = crate::engine::fuzz::generate::schedule_from)]
    pub schedule: Option<crate::exec::Schedule>,
    /// Threadgroup memory holds zeros at first; without it, what nothing wrote is unspecified, and races that
    /// rest on it are not reported.
    #[arg(long)]
    pub zero_threadgroup_memory: bool,
    /// Threads keep what they loaded from device memory until a barrier that names mem_device: old values, where that
    /// memory is raced for. Without effect on kernels with volatile or coherent memory, fences, or matrices written to
    /// device memory.
    #[arg(long)]
    pub keep_device_loads: bool,
    /// Fix the position of the threadgroup in the grid.
    #[arg(long, value_name = "X[,Y[,Z]]", value_parser = group)]
    pub group: Option<[u32; 3]>,
    /// Most steps of one thread in one run.
    #[arg(long, value_name = "N", default_value = "2000000", value_parser = clap::value_parser!(u64).range(1..))]
    pub steps: u64,
    /// Explore all interleavings of each launch (for a few threads; default 2 or 3).
    #[arg(long)]
    pub exhaustive: bool,
    /// Most states of one exploration.
    #[arg(long, value_name = "N", default_value = "200000", requires = "exhaustive", value_parser = clap::value_parser!(u64).range(1..))]
    pub states: u64,
    /// Take barriers to order all memory, whatever their flags.
    #[arg(long)]
    pub execution_barriers_order_memory: bool,
    /// Output format.
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub format: Format,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Arguments of `launch`.
#[derive(Clone, Debug, Args)]
pub struct LaunchCommandArgs {
    /// Metal source file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Only this kernel (may be repeated).
    #[arg(long, value_name = "NAME")]
    pub kernel: Vec<String>,
    /// Threadgroup size, where unbarrier.toml and the kernel do not say.
    #[arg(long, value_name = "X[,Y[,Z]]", value_parser = threadgroup)]
    pub threadgroup: Option<[u64; 3]>,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
}

/// Arguments of `audit`.
#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    /// The claims (see docs/analysis_claims.toml).
    #[arg(value_name = "CLAIMS")]
    pub claims: PathBuf,
    /// Folder of the files that the claims are about.
    #[arg(long, value_name = "DIR")]
    pub corpus: PathBuf,
    /// Write the document here (default: standard output).
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write nothing; exit code 1 if this file is not what would be written.
    #[arg(long, value_name = "FILE", conflicts_with = "output")]
    pub check: Option<PathBuf>,
    /// Worker threads (default: number of processors).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
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
    /// Compare what names, types, constants and layouts are taken to be with what Clang (14 or later) says.
    #[arg(long)]
    pub cross_check: bool,
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
