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
    /// Run kernels under many launches and look for data races.
    Fuzz(FuzzArgs),
    /// Run kernels with and without barriers, from their original source, and compare with `prove`.
    Confirm(super::confirm::ConfirmArgs),
    /// Print how kernels are launched: from unbarrier.toml, else a launch that fits.
    Launch(super::launch::LaunchArgs),
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
    /// Analyse this instance of a kernel template that nothing in the file instantiates, as in 'f<float>' (may be repeated); without
    /// it, such a template is analysed for `half` and `float` as a guess.
    #[arg(long, value_name = "NAME<ARGUMENTS>", value_parser = instance)]
    pub instantiate: Vec<String>,
    /// Take launch contracts from this file instead of unbarrier.toml.
    #[arg(long, value_name = "FILE")]
    pub contracts: Option<PathBuf>,
    /// Assume that pointers in kernel arguments (argument buffers) point to memory of their own each.
    #[arg(long)]
    pub assume_distinct_pointers: bool,
    /// Use colour.
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: Color,
}

/// Arguments of `prove`.
#[derive(Clone, Debug, Args)]
pub struct ProveArgs {
    /// Metal source files; of folders, all .metal files that .gitignore and unbarrier.toml do not exclude.
    #[arg(required = true, value_name = "FILE|FOLDER")]
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
    pub format: ReportFormat,
    /// Report barriers after an early return as divergent.
    #[arg(long)]
    pub strict_divergence: bool,
    /// Assume that barriers order all memory, whatever their flags.
    #[arg(long)]
    pub execution_barriers_order_memory: bool,
    /// Assume that no access leaves its object (where its size is known).
    #[arg(long)]
    pub assume_in_bounds: bool,
    /// Assume that the threads of a simdgroup run in lockstep.
    #[arg(long)]
    pub lockstep: bool,
    /// Prove again what was proved before, and keep nothing (see the variable UNBARRIER_CACHE).
    #[arg(long)]
    pub no_cache: bool,
    /// Report what decided what, times by phase and peak memory.
    #[arg(long)]
    pub stats: bool,
    /// Write each obligation that Z3 decides into this folder, as SMT-LIB 2 for other solvers.
    #[arg(long, value_name = "DIR")]
    pub emit_smt: Option<PathBuf>,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
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
    #[arg(long, value_name = "SCHEDULE", value_parser = super::fuzz::generate::schedule_from)]
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

impl ProveArgs {
    /// What `prove` does when nothing is asked for; `check` and `optimize` start from it. No files.
    pub fn defaults() -> ProveArgs {
        // Cannot fail, whatever the input: these words are constant.
        let parsed = Cli::try_parse_from(["unbarrier", "prove", "-"]);
        match parsed.map(|c| c.command) {
            Ok(Command::Prove(p)) => ProveArgs {
                files: Vec::new(),
                ..p
            },
            _ => unreachable!("`prove FILE` is a command"),
        }
    }
}

/// An instance of a kernel template, as `--instantiate` and `unbarrier.toml` name it.
pub(super) fn instance(s: &str) -> Result<String, String> {
    let text = s.trim();
    let name = text.split('<').next().unwrap_or("").trim();
    let is_path = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == ':')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_path && text.ends_with('>') && !text.contains([';', '{', '}', '\n', '#', '"', '\\']) {
        Ok(text.to_string())
    } else {
        Err(format!(
            "`{text}` names no instance of a template; expected a name with template arguments, as in f<float, 4>"
        ))
    }
}

pub(super) fn threadgroup(s: &str) -> Result<[u64; 3], String> {
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

fn threads(s: &str) -> Result<(u32, u32), String> {
    let limit = crate::encode::launch::MAX_THREADS;
    let one = |t: &str| match t.trim().parse::<u32>() {
        Ok(0) => Err("a threadgroup has at least one thread".to_string()),
        Ok(n) if u64::from(n) > limit => Err(format!("a threadgroup has at most {limit} threads")),
        Ok(n) => Ok(n),
        Err(_) => Err(format!(
            "`{t}` is not a number of threads; expected A..=B, as in 1..=256"
        )),
    };
    let (low, high) = match s.split_once("..=") {
        Some((a, b)) => (one(a)?, one(b)?),
        None => (one(s)?, one(s)?),
    };
    if low > high {
        return Err(format!("the range {low}..={high} is empty"));
    }
    Ok((low, high))
}

fn param(s: &str) -> Result<(String, i128), String> {
    let Some((name, value)) = s.split_once('=') else {
        return Err("expected NAME=VALUE, as in n=64".into());
    };
    let v = value
        .trim()
        .parse()
        .map_err(|_| format!("`{value}` is not an integer"))?;
    Ok((name.trim().to_string(), v))
}

fn fill(s: &str) -> Result<(Option<String>, crate::exec::Fill), String> {
    let (name, what) = match s.split_once('=') {
        Some((n, w)) => (Some(n.to_string()), w),
        None => (None, s),
    };
    Ok((name, super::fuzz::generate::fill_from(what)?))
}

fn set(s: &str) -> Result<(String, u64, Vec<u8>), String> {
    let bad = || "expected BUFFER@BYTE=HEX, as in in@8=ff000000".to_string();
    let (place, hex) = s.split_once('=').ok_or_else(bad)?;
    let (name, at) = place.split_once('@').ok_or_else(bad)?;
    let at = at
        .parse()
        .map_err(|_| format!("`{at}` is not a byte offset"))?;
    if hex.is_empty() || hex.len() % 2 != 0 || !hex.is_ascii() {
        return Err(format!("`{hex}`: expected two hexadecimal digits per byte"));
    }
    let bytes = (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16))
        .collect::<Result<Vec<u8>, _>>()
        .map_err(|_| format!("`{hex}` is not hexadecimal"))?;
    Ok((name.to_string(), at, bytes))
}

fn size(s: &str) -> Result<(String, u64), String> {
    let (name, bytes) = s
        .split_once('=')
        .ok_or("expected BUFFER=BYTES, as in out=4096")?;
    let n = bytes
        .parse()
        .map_err(|_| format!("`{bytes}` is not a number of bytes"))?;
    Ok((name.to_string(), n))
}

fn group(s: &str) -> Result<[u32; 3], String> {
    let parts: Vec<&str> = s.split(',').collect();
    if parts.len() > 3 {
        return Err("expected one to three numbers".into());
    }
    let mut out = [0u32; 3];
    for (slot, p) in out.iter_mut().zip(&parts) {
        *slot = p
            .trim()
            .parse()
            .map_err(|_| format!("`{p}` is not a number"))?;
        if *slot == u32::MAX {
            return Err(format!(
                "`{p}`: a grid has at most {p} threadgroups, numbered from 0"
            ));
        }
    }
    Ok(out)
}

pub(super) fn seconds(s: &str) -> Result<f64, String> {
    match s.parse::<f64>() {
        Ok(v) if v.is_finite() && v > 0.0 && v <= 86_400.0 => Ok(v),
        _ => Err("expected a positive number of seconds".into()),
    }
}
