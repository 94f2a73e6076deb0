//! What `fuzz` found, as data (`unbarrier-fuzz/1`).

use serde::Serialize;

use super::FuzzRequest;
use super::generate::{Fixed, schedule_name};
use crate::exec::{
    AccessRef, BufferSpec, Conflict, Finding, Launch, OrderChange, ScalarValue, Schedule,
};
use crate::ir::{Kernel, VarKind};
use crate::report::command::quoted;
use crate::report::describe::{access_kind, at, element};
use crate::report::model::ErrorReport;
use crate::report::order::{self, OrderReport};
use crate::source::{SourceMap, Span};

/// Name and version of the JSON format.
pub const SCHEMA: &str = "unbarrier-fuzz/1";

/// The whole report.
#[derive(Debug, Serialize)]
pub struct FuzzReport {
    /// `unbarrier-fuzz/1`.
    pub schema: &'static str,
    /// The file.
    pub path: String,
    /// Lines whose barriers were deleted.
    pub disabled: Vec<u32>,
    /// One per kernel.
    pub kernels: Vec<KernelFuzz>,
    /// What went wrong.
    pub errors: Vec<ErrorReport>,
}

/// One kernel.
#[derive(Debug, Serialize)]
pub struct KernelFuzz {
    /// Name.
    pub name: String,
    /// Executions (with `--exhaustive`: launches that were explored).
    pub runs: u64,
    /// With `--exhaustive`: whether every interleaving of every launch was explored.
    pub complete: Option<bool>,
    /// The race, if one was found.
    pub race: Option<RaceFound>,
    /// What else was noticed.
    pub notes: Vec<String>,
}

/// A race with the smallest launch that shows it.
#[derive(Debug, Serialize)]
pub struct RaceFound {
    /// Element, as in `tile[3]`.
    pub array: String,
    /// First common byte.
    pub byte: u64,
    /// The two threads.
    pub threads: [ThreadFound; 2],
    /// Whether they are of one simdgroup.
    pub same_simdgroup: bool,
    /// Barriers separate the two, but none whose flags name the memory.
    pub flags_only: bool,
    /// No race: both are atomic, but their order changes what memory holds at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderReport>,
    /// Threadgroup size.
    pub threadgroup: [u32; 3],
    /// Parameters and function constants, as text.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// A command that shows it again.
    pub command: String,
}

/// One thread of a race.
#[derive(Debug, Serialize)]
pub struct ThreadFound {
    /// Linear index.
    pub index: u32,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// `read`, `write` or `atomic`.
    pub kind: &'static str,
    /// Line of each surrounding loop with its iteration, outermost first.
    pub iterations: Vec<(u32, u64)>,
}

fn thread(map: &SourceMap, kernel: &Kernel, a: &AccessRef) -> ThreadFound {
    let (line, column) = at(map, a.span);
    ThreadFound {
        index: a.thread,
        line,
        column,
        kind: access_kind(a.kind),
        iterations: a
            .iterations
            .iter()
            .map(|(l, n)| {
                let span = kernel
                    .loops
                    .get(l.index())
                    .map_or(Span::default(), |i| i.span);
                (at(map, span).0, *n)
            })
            .collect(),
    }
}

/// Describes a race.
pub fn race(
    map: &SourceMap,
    kernel: &Kernel,
    launch: &Launch,
    schedule: Schedule,
    (c, change): (&Conflict, Option<OrderChange>),
    a: &FuzzRequest,
    fixed: &Fixed,
) -> RaceFound {
    let array = kernel
        .objects
        .get(c.object.index())
        .map_or_else(String::new, |o| element(o, i128::from(c.byte)));
    let parameters = parameters(kernel, launch)
        .into_iter()
        .map(|(n, v)| (n, serde_json::Value::from(v)))
        .collect();
    RaceFound {
        array,
        byte: c.byte,
        threads: [thread(map, kernel, &c.a), thread(map, kernel, &c.b)],
        same_simdgroup: c.same_simdgroup,
        flags_only: c.flags_only,
        order: change.map(|o| order::order(kernel, &o)),
        threadgroup: launch.threadgroup,
        parameters,
        command: command(kernel, launch, schedule, a, fixed),
    }
}

fn parameters(kernel: &Kernel, launch: &Launch) -> Vec<(String, String)> {
    let text = |v: &ScalarValue| match v {
        ScalarValue::Int(i) => i.to_string(),
        ScalarValue::Float(f) => f.to_string(),
    };
    let scalars = launch.scalars.iter().map(|(n, v)| (n.clone(), text(v)));
    let constants = kernel.vars.iter().filter_map(|v| match v.kind {
        VarKind::FunctionConstant(n) => {
            Some((v.name.clone(), text(launch.function_constants.get(&n)?)))
        }
        _ => None,
    });
    scalars.chain(constants).collect()
}

/// The command that shows a race again.
fn command(
    kernel: &Kernel,
    launch: &Launch,
    schedule: Schedule,
    a: &FuzzRequest,
    fixed: &Fixed,
) -> String {
    let mut words: Vec<String> = vec!["unbarrier".into(), "fuzz".into()];
    words.push(a.file.display().to_string());
    words.extend(["--kernel".into(), kernel.name.clone()]);
    for line in &a.disable {
        words.extend(["--disable".into(), line.to_string()]);
    }
    let [x, y, z] = launch.threadgroup;
    words.extend(["--threadgroup".into(), format!("{x},{y},{z}")]);
    if let Some(c) = &a.source.contracts {
        words.extend(["--contracts".into(), c.display().to_string()]);
    }
    if fixed.set_aside {
        words.push("--no-launch".into());
    }
    if launch.group != [0; 3] || fixed.specified.is_some() {
        let [x, y, z] = launch.group;
        words.extend(["--group".into(), format!("{x},{y},{z}")]);
    }
    if launch.zeroed {
        words.push("--zero-threadgroup-memory".into());
    }
    if launch.kept {
        words.push("--keep-device-loads".into());
    }
    for (name, v) in parameters(kernel, launch) {
        words.extend(["--param".into(), format!("{name}={v}")]);
    }
    // The tables of the specification are long, and read again with it.
    let table = |name: &str, b: &BufferSpec| {
        let spec = fixed.specified.as_ref();
        spec.is_some_and(|s| s.is_table(name, b))
    };
    let own: Vec<(&String, &BufferSpec)> = launch
        .buffers
        .iter()
        .filter(|(n, b)| !table(n, b))
        .collect();
    let fills: Vec<(&String, String)> = own.iter().map(|(n, b)| (*n, b.fill.to_string())).collect();
    match fills.first() {
        Some((_, first))
            if own.len() == launch.buffers.len() && fills.iter().all(|f| f.1 == *first) =>
        {
            words.extend(["--fill".into(), first.clone()]);
        }
        _ => {
            for (name, f) in &fills {
                words.extend(["--fill".into(), format!("{name}={f}")]);
            }
        }
    }
    for (name, b) in &own {
        for (at, bytes) in &b.bytes {
            let hex: String = bytes.iter().map(|x| format!("{x:02x}")).collect();
            words.extend(["--set".into(), format!("{name}@{at}={hex}")]);
        }
    }
    for (name, b) in &launch.buffers {
        if let Some(n) = b.size {
            words.extend(["--size".into(), format!("{name}={n}")]);
        }
    }
    words.extend(["--schedule".into(), schedule_name(schedule)]);
    words.extend([
        "--seed".into(),
        a.seed.to_string(),
        "--runs".into(),
        "1".into(),
    ]);
    if a.exhaustive {
        words.push("--exhaustive".into());
    }
    if a.execution_barriers_order_memory {
        words.push("--execution-barriers-order-memory".into());
    }
    if a.source.assume_distinct_pointers {
        words.push("--assume-distinct-pointers".into());
    }
    for d in &a.source.define {
        words.push(format!("-D{d}"));
    }
    for d in &a.source.include {
        words.push(format!("-I{}", d.display()));
    }
    let words: Vec<String> = words.iter().map(|w| quoted(w)).collect();
    words.join(" ")
}

/// A finding that is no race, in a sentence. `limit` is the most steps that one thread may make.
pub fn note(map: &SourceMap, kernel: &Kernel, f: &Finding, limit: u64) -> Option<(u8, String)> {
    let place = |s: Span| {
        let (l, c) = at(map, s);
        format!("{l}:{c}")
    };
    let name = |o: crate::ir::ObjectId| {
        kernel
            .objects
            .get(o.index())
            .map_or("?", |o| o.name.as_str())
    };
    Some(match f {
        Finding::Conflict(_) => return None,
        Finding::OutOfBounds {
            span,
            object,
            offset,
            size,
            kind,
            ..
        } => {
            let size = size.map_or_else(String::new, |n| format!(" of {n} bytes"));
            (
                1,
                format!(
                    "out of bounds: the {} at {} reaches byte {offset} of {}{size}",
                    access_kind(*kind),
                    place(*span),
                    name(*object)
                ),
            )
        }
        Finding::UninitialisedRead { span, object, .. } => (
            2,
            format!(
                "the read at {} finds {} uninitialised",
                place(*span),
                name(*object)
            ),
        ),
        Finding::BarrierDivergence {
            span, other_span, ..
        } => (
            3,
            format!(
                "barrier divergence: some threads wait at {}, others at {} or not in the same iteration; such runs end there",
                place(*span),
                place(*other_span)
            ),
        ),
        Finding::StepLimit { span, steps, .. } if *steps < limit => (
            4,
            format!(
                "step limit: a run was cut off at {}: its threads together made too many steps; --steps raises the limit",
                place(*span)
            ),
        ),
        Finding::StepLimit { span, steps, .. } => (
            4,
            format!(
                "step limit: a thread made {steps} steps without ending (last at {}); an endless loop?",
                place(*span)
            ),
        ),
        Finding::DivisionByZero { span, .. } => {
            (5, format!("division by zero at {}", place(*span)))
        }
        Finding::Unsupported { construct, span } => (
            6,
            format!(
                "{construct} at {} cannot be executed faithfully",
                place(*span)
            ),
        ),
        Finding::Incomplete { what, span } => (
            7,
            format!("a limit was reached at {}: {what}", place(*span)),
        ),
    })
}
