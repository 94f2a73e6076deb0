//! `unbarrier fuzz`: runs kernels under many launches and looks for data races.

use super::args::{Format, FuzzArgs};
use super::show::emit;
use super::show::fuzz::FuzzView;
use super::{BAD_INPUT, DONE, NOT_PROVED};
use crate::engine::fuzz::report::{FuzzReport, SCHEMA};
use crate::engine::fuzz::{FuzzRequest, Fuzzed, fuzz};

/// Runs the command; the exit code.
pub fn run(a: &FuzzArgs) -> u8 {
    let mut report = FuzzReport {
        schema: SCHEMA,
        path: a.file.display().to_string(),
        disabled: a.disable.clone(),
        kernels: Vec::new(),
        errors: Vec::new(),
    };
    let human = a.format == Format::Human;
    let view = FuzzView::new(human, a.exhaustive, a.source.color);
    let code = match fuzz(&a.file, &request(a), &mut report, &view) {
        Ok(Fuzzed::Nothing) => DONE,
        Ok(Fuzzed::Race) => NOT_PROVED,
        Ok(Fuzzed::BadInput) => BAD_INPUT,
        Err(e) => {
            if human {
                eprintln!("error: {e}");
            } else {
                report.errors.push(e.in_file(&report.path).report());
            }
            BAD_INPUT
        }
    };
    if !human {
        match serde_json::to_string_pretty(&report) {
            Ok(s) => emit(&format!("{s}\n")),
            Err(e) => {
                eprintln!("error: cannot write the report: {e}");
                return BAD_INPUT;
            }
        }
    }
    code
}

fn request(a: &FuzzArgs) -> FuzzRequest {
    FuzzRequest {
        file: a.file.clone(),
        kernel: a.kernel.clone(),
        threads: a.threads,
        no_launch: a.no_launch,
        threadgroup: a.threadgroup,
        disable: a.disable.clone(),
        runs: a.runs,
        seed: a.seed,
        time: a.time,
        assume: a.assume.clone(),
        param: a.param.clone(),
        fill: a.fill.clone(),
        set: a.set.clone(),
        size: a.size.clone(),
        schedule: a.schedule,
        zero_threadgroup_memory: a.zero_threadgroup_memory,
        keep_device_loads: a.keep_device_loads,
        group: a.group,
        steps: a.steps,
        exhaustive: a.exhaustive,
        states: a.states,
        execution_barriers_order_memory: a.execution_barriers_order_memory,
        source: a.source.settings(),
    }
}
