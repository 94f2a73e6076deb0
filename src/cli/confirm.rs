//! `unbarrier confirm`: kernels run from their original source, with and without barriers, beside the verdicts of `prove`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{Format, SettingsArgs, seconds};
use super::show::confirm::{self as show, View};
use super::show::emit;
use super::{BAD_INPUT, DONE, NOT_PROVED};
use crate::engine::confirm::{Backend, ConfirmRequest, Detector, confirm};
use crate::engine::walk;

/// Where kernels run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BackendArg {
    /// Compiled by Clang, on this machine's processor.
    Cpu,
    /// On an Apple GPU (macOS).
    Metal,
}

/// Who looks for races.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DetectorArg {
    /// Fibers and conflicts per barrier interval.
    Fibers,
    /// Real threads and ThreadSanitizer.
    Tsan,
}

/// Arguments of `confirm`.
#[derive(Clone, Debug, Args)]
pub struct ConfirmArgs {
    /// Metal source files; of folders, all .metal files that .gitignore and unbarrier.toml do not exclude.
    #[arg(required = true, value_name = "FILE|FOLDER")]
    pub files: Vec<PathBuf>,
    /// Run without the barriers on this line (may be repeated).
    #[arg(long, value_name = "LINE", conflicts_with = "all")]
    pub remove: Vec<u32>,
    /// Run without each barrier in turn, and without those that `prove` says can go together.
    #[arg(long)]
    pub all: bool,
    /// Where kernels run.
    #[arg(long, value_enum, default_value = "cpu", value_name = "BACKEND")]
    pub backend: BackendArg,
    /// Who looks for races (cpu).
    #[arg(long, value_enum, default_value = "fibers", value_name = "DETECTOR")]
    pub detector: DetectorArg,
    /// Runs of each variant: different schedules (cpu), repeats (metal).
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: u32,
    /// Which random schedules.
    #[arg(long, value_name = "S", default_value = "1")]
    pub seed: u64,
    /// Most seconds for the runs of one variant.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub time: f64,
    /// Most memory of a run, MiB.
    #[arg(long, value_name = "MIB", default_value = "4096", value_parser = clap::value_parser!(u32).range(64..=65536))]
    pub memory: u32,
    /// Do not ask `prove`; only report what runs show.
    #[arg(long)]
    pub no_prove: bool,
    /// Output format.
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    pub format: Format,
    /// Run nothing; write what would be compiled, launches and verdicts to this folder (cpu; see tests/gpu).
    #[arg(long, value_name = "DIR", conflicts_with = "backend")]
    pub dump_source: Option<PathBuf>,
    /// For tests of this command: take the verdict of a line to be another one.
    #[arg(long, value_name = "LINE=VERDICT", hide = true, value_parser = pretend)]
    pub pretend: Vec<(u32, String)>,
    /// What to prove, and how.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

fn pretend(s: &str) -> Result<(u32, String), String> {
    let (line, verdict) = s.split_once('=').ok_or("expected LINE=VERDICT")?;
    let line = line.parse().map_err(|_| "expected a line number")?;
    Ok((line, verdict.to_string()))
}

/// Runs the command; the exit code.
pub fn run(a: &ConfirmArgs) -> u8 {
    let request = request(a);
    let (paths, problems) = walk::files(&a.files, &request.settings.source);
    for p in &problems {
        eprintln!("error: {p}");
    }
    let human = a.format == Format::Human;
    let outcome = match confirm(&paths, &request, &View { human }) {
        Ok(o) => o,
        Err(e) => {
            eprintln!("error: {e}");
            return BAD_INPUT;
        }
    };
    match a.format {
        // Nothing was run.
        _ if a.dump_source.is_some() => {}
        Format::Human => emit(&show::summary(&outcome)),
        Format::Json => match serde_json::to_string_pretty(&outcome) {
            Ok(s) => emit(&format!("{s}\n")),
            Err(e) => {
                eprintln!("error: cannot write the report: {e}");
                return BAD_INPUT;
            }
        },
    }
    if outcome.contradictions() > 0 {
        eprintln!(
            "error: {} verdict(s) of `prove` are CONTRADICTED by running the kernel; see above",
            outcome.contradictions()
        );
        NOT_PROVED
    } else if outcome.has_errors() || !problems.is_empty() {
        BAD_INPUT
    } else {
        DONE
    }
}

fn request(a: &ConfirmArgs) -> ConfirmRequest {
    ConfirmRequest {
        remove: a.remove.clone(),
        all: a.all,
        backend: match a.backend {
            BackendArg::Cpu => Backend::Cpu,
            BackendArg::Metal => Backend::Metal,
        },
        detector: match a.detector {
            DetectorArg::Fibers => Detector::Fibers,
            DetectorArg::Tsan => Detector::Tsan,
        },
        runs: a.runs,
        seed: a.seed,
        time: a.time,
        memory: a.memory,
        no_prove: a.no_prove,
        dump_source: a.dump_source.clone(),
        pretend: a.pretend.clone(),
        settings: a.settings.settings(),
    }
}
