//! `confirm --dump-source DIR`: what would be compiled, for other compilers and machines (`tests/gpu`).
//!
//! For each file `NAME.cpp` (the source as the stand-in's compiler gets it, without the glue that calls entry points) and `NAME.json` (entry points,
//! launches in numbers, verdicts); `include/` holds the stand-in's headers. Direction: exact.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::compare::KernelRun;
use crate::confirm::scan::Entry;
use crate::engine::error::{Code, Error, Result};
use crate::engine::files::write_file;
use crate::exec::{Fill, ScalarValue};
use crate::launch::{Buffer, Contents};

#[derive(Serialize)]
struct Dump<'a> {
    /// `unbarrier-source/1`.
    schema: &'static str,
    /// The file as the compiler names it.
    file: String,
    kernels: Vec<Kernel<'a>>,
}

#[derive(Serialize)]
struct Kernel<'a> {
    name: &'a str,
    /// The function as an expression.
    callee: &'a str,
    parameters: Vec<Value>,
    threadgroup: [u32; 3],
    grid: [u32; 3],
    scalars: BTreeMap<&'a str, Value>,
    /// Function constants by number.
    constants: BTreeMap<&'a str, Value>,
    buffers: BTreeMap<&'a str, Value>,
    /// Verdict by line.
    verdicts: BTreeMap<u32, &'static str>,
    /// Lines that can go together.
    together: &'a [u32],
}

fn number(v: &ScalarValue) -> Value {
    match v {
        // Beyond what JSON's integers hold: as text.
        ScalarValue::Int(n) => i64::try_from(*n).map_or_else(|_| json!(n.to_string()), Value::from),
        // With a point, also where it is whole: `{"real": 1.0}`.
        ScalarValue::Float(x) => json!({ "real": x }),
    }
}

fn table(m: &BTreeMap<String, ScalarValue>) -> BTreeMap<&str, Value> {
    m.iter().map(|(k, v)| (k.as_str(), number(v))).collect()
}

fn buffer(b: &Buffer) -> Value {
    match &b.contents {
        Contents::Fill(Fill::Zeros) => json!({ "count": b.count, "fill": "zeros" }),
        Contents::Fill(Fill::Index) => json!({ "count": b.count, "fill": "index" }),
        Contents::Fill(Fill::Random { seed, low, high }) => {
            json!({ "count": b.count, "fill": "random", "seed": seed, "low": low, "high": high })
        }
        Contents::Real { seed, low, high } => {
            json!({ "count": b.count, "fill": "real", "seed": seed, "low": low, "high": high })
        }
        Contents::Values(v) => {
            let all: Vec<Value> = v.iter().map(number).collect();
            json!({ "count": b.count, "fill": "values", "values": all })
        }
    }
}

/// Writes one file's text and description. The error names the file that could not be written.
pub fn write(
    folder: &Path,
    path: &Path,
    text: &str,
    entries: &[Entry],
    tasks: &[KernelRun],
) -> Result<()> {
    let mut kernels = Vec::new();
    for t in tasks {
        let Some(e) = entries.iter().find(|e| e.name == t.kernel) else {
            continue;
        };
        let parameters = e.parameters.iter();
        kernels.push(Kernel {
            name: &e.name,
            callee: &e.callee,
            parameters: parameters
                .map(|p| json!({ "name": p.name, "attribute": p.attribute }))
                .collect(),
            threadgroup: t.launch.threadgroup,
            grid: t.launch.grid,
            scalars: table(&t.launch.scalars),
            constants: table(&t.launch.constants),
            buffers: t
                .launch
                .buffers
                .iter()
                .map(|(n, b)| (n.as_str(), buffer(b)))
                .collect(),
            verdicts: t.verdicts.iter().map(|(l, v)| (*l, v.word())).collect(),
            together: &t.joint,
        });
    }
    let dump = Dump {
        schema: "unbarrier-source/1",
        file: path.display().to_string(),
        kernels,
    };
    let words: Vec<String> = path
        .with_extension("")
        .components()
        .filter_map(|c| match c {
            std::path::Component::Normal(w) => Some(w.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    // The folder's name keeps files of one name apart.
    let name = words[words.len().saturating_sub(2)..].join("_");
    let save = |extension: &str, text: &str| {
        let to = folder.join(format!("{name}.{extension}"));
        write_file(&to, text.as_bytes()).map_err(|e| Error::io("write", &to, e))
    };
    let json = serde_json::to_string_pretty(&dump)
        .map_err(|e| Error::new(Code::Internal, e.to_string()))?;
    save("cpp", text)?;
    save("json", &format!("{json}\n"))
}
