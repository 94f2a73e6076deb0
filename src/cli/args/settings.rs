//! Groups of options that commands share, each with one name and one effect.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::{output_file, rule, seconds, threadgroup};
use super::{Color, ReportFormat};
use crate::engine::settings::{
    DEFAULT_TIMEOUT, LaunchSettings, ModelSettings, Settings, SolverSettings, SourceSettings,
    instance,
};
use crate::report::rule::Rule;

/// How sources are read.
#[derive(Clone, Debug, Default, Args)]
pub struct SourceArgs {
    /// Define a macro.
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    pub define: Vec<String>,
    /// Look for included files here.
    #[arg(short = 'I', value_name = "DIR")]
    pub include: Vec<PathBuf>,
    /// Analyse this instance of a kernel template that nothing in the file instantiates, as in `f<float>` (may be repeated); without
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

/// How kernels are launched.
#[derive(Clone, Debug, Default, Args)]
pub struct LaunchArgs {
    /// Threadgroup size; without it, as in unbarrier.toml, else any size up to 1024 threads.
    #[arg(long, value_name = "X[,Y[,Z]]", value_parser = threadgroup)]
    pub threadgroup: Option<[u64; 3]>,
    /// Assume this condition over parameters and constants (an MSL expression; may be repeated).
    #[arg(long, value_name = "EXPR")]
    pub assume: Vec<String>,
}

/// How proofs are made.
#[derive(Clone, Debug, Args)]
pub struct SolverArgs {
    /// Time limit of one solver query, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub timeout: f64,
    /// Worker threads (default: number of processors).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Prove again what was proved before, and keep nothing (see the variable UNBARRIER_CACHE).
    #[arg(long)]
    pub no_cache: bool,
}

impl Default for SolverArgs {
    fn default() -> SolverArgs {
        SolverArgs {
            timeout: DEFAULT_TIMEOUT,
            jobs: None,
            no_cache: false,
        }
    }
}

/// Choices of the execution model.
#[derive(Clone, Debug, Default, Args)]
pub struct ModelArgs {
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
}

/// What all commands that prove something are told.
#[derive(Clone, Debug, Default, Args)]
pub struct SettingsArgs {
    /// Only this kernel (may be repeated).
    #[arg(long, value_name = "NAME")]
    pub kernel: Vec<String>,
    /// How kernels are launched.
    #[command(flatten)]
    pub launch: LaunchArgs,
    /// How proofs are made.
    #[command(flatten)]
    pub solver: SolverArgs,
    /// Choices of the execution model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// How sources are read.
    #[command(flatten)]
    pub source: SourceArgs,
}

impl SourceArgs {
    /// For the engine.
    pub fn settings(&self) -> SourceSettings {
        SourceSettings {
            define: self.define.clone(),
            include: self.include.clone(),
            instantiate: self.instantiate.clone(),
            contracts: self.contracts.clone(),
            no_contracts: false,
            assume_distinct_pointers: self.assume_distinct_pointers,
        }
    }
}

impl SettingsArgs {
    /// For the engine.
    pub fn settings(&self) -> Settings {
        let m = &self.model;
        Settings {
            kernel: self.kernel.clone(),
            launch: LaunchSettings {
                threadgroup: self.launch.threadgroup,
                assume: self.launch.assume.clone(),
            },
            solver: SolverSettings {
                timeout: self.solver.timeout,
                jobs: self.solver.jobs,
                no_cache: self.solver.no_cache,
            },
            model: ModelSettings {
                strict_divergence: m.strict_divergence,
                execution_barriers_order_memory: m.execution_barriers_order_memory,
                assume_in_bounds: m.assume_in_bounds,
                lockstep: m.lockstep,
            },
            source: self.source.settings(),
        }
    }
}

/// What is told, and where to.
#[derive(Clone, Debug, Args)]
pub struct OutputArgs {
    /// Output format.
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub format: ReportFormat,
    /// Write the report into a file, too: json=report.json (may be repeated, with other formats).
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output_file)]
    pub output: Vec<(ReportFormat, PathBuf)>,
    /// Exit code 1 when there is a finding of these kinds: race (confirmed or possible, also past flags), divergent, unknown (also
    /// what was not analysed), unsupported, removable, weakenable, required.
    #[arg(long, value_name = "KIND[,KIND]...", value_delimiter = ',', value_parser = rule)]
    pub deny: Vec<Rule>,
    /// Show the source, witness and replay command of each finding.
    #[arg(short, long)]
    pub verbose: bool,
    /// Show findings of these kinds only, with source and witness (as for --deny).
    #[arg(long, value_name = "KIND[,KIND]...", value_delimiter = ',', value_parser = rule)]
    pub show: Vec<Rule>,
    /// Show the findings of this line only, with source and witness (may be repeated).
    #[arg(long, value_name = "LINE")]
    pub explain: Vec<u32>,
    /// Show nothing but problems with the input and what --deny denies.
    #[arg(short, long, conflicts_with_all = ["verbose", "show", "explain"])]
    pub quiet: bool,
}

/// What may not be in a change beside what refutes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Denied {
    /// Races that both versions have.
    Existing,
    /// What was neither proved nor refuted.
    Undecided,
}

/// What `check` tells, and where to.
#[derive(Clone, Debug, Args)]
pub struct CheckOutputArgs {
    /// Output format.
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub format: ReportFormat,
    /// Write the report into a file, too: json=report.json (may be repeated, with other formats).
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output_file)]
    pub output: Vec<(ReportFormat, PathBuf)>,
    /// Exit code 1 where these are met, too: existing (races of the new version that the old one has as well), undecided (else exit code 3).
    #[arg(long, value_enum, value_name = "KIND[,KIND]...", value_delimiter = ',')]
    pub deny: Vec<Denied>,
    /// Show nothing but problems with the input and the last line.
    #[arg(short, long)]
    pub quiet: bool,
}
