//! `unbarrier parse --cross-check`: our reading of a file against Clang's.

use std::path::Path;

use serde_json::{Value, json};

use super::args::{Format, ParseArgs};
use super::show::emit;
use super::{BAD_INPUT, DONE, NOT_PROVED, UNDECIDED};
use crate::confirm::{Detector, Toolchain};
use crate::engine::crosscheck::{Checked, cross_check};

/// Compares each file: exit code 1 where something differs, 2 for bad input, 3 where a file could not be compared.
pub fn run(a: &ParseArgs) -> u8 {
    let tools = match Toolchain::find(Detector::Fibers) {
        Ok(t) => t,
        Err(e) => {
            eprintln!("error: {e}");
            return BAD_INPUT;
        }
    };
    let mut code = DONE;
    let mut text = String::new();
    let mut files = Vec::new();
    for path in &a.files {
        let checked = cross_check(&tools, path, &a.source.settings());
        let own = match &checked {
            Checked::Bad(_) => BAD_INPUT,
            Checked::Done(lines, _) if !lines.is_empty() => NOT_PROVED,
            Checked::Rejected(_) => UNDECIDED,
            Checked::Done(..) => DONE,
        };
        code = worse(code, own);
        text.push_str(&human(path, &checked));
        files.push(machine(path, &checked));
    }
    match a.format {
        Format::Json => {
            let v = json!({"schema": crate::report::model::SCHEMA, "files": files});
            emit(&format!("{v:#}\n"));
        }
        _ => emit(&text),
    }
    code
}

/// Bad input outweighs a difference, a difference what was not compared.
fn worse(a: u8, b: u8) -> u8 {
    [BAD_INPUT, NOT_PROVED, UNDECIDED]
        .into_iter()
        .find(|c| a == *c || b == *c)
        .unwrap_or(DONE)
}

fn human(path: &Path, c: &Checked) -> String {
    let shown = path.display();
    match c {
        Checked::Bad(why) => format!("{shown}: not compared, it cannot be read: {why}\n"),
        Checked::Rejected(why) => {
            let first = why.lines().next().unwrap_or("");
            format!("{shown}: not compared, Clang rejects it: {first}\n")
        }
        Checked::Done(lines, out) => {
            let mut text: String = lines.iter().map(|l| format!("{l}\n")).collect();
            let list = |m: &std::collections::BTreeMap<&'static str, u64>| {
                let all: Vec<String> = m.iter().map(|(k, n)| format!("{n} {k}")).collect();
                all.join(", ")
            };
            let mut parts = vec![format!("{} differences", lines.len())];
            for (what, counts) in [
                ("agreed", &out.agreed),
                ("explained", &out.explained),
                ("not compared", &out.skipped),
            ] {
                if !counts.is_empty() {
                    parts.push(format!("{what}: {}", list(counts)));
                }
            }
            text.push_str(&format!("{shown}: {}\n", parts.join("; ")));
            text
        }
    }
}

fn machine(path: &Path, c: &Checked) -> Value {
    let path = path.display().to_string();
    match c {
        Checked::Bad(why) | Checked::Rejected(why) => {
            json!({"path": path, "compared": false, "reason": why})
        }
        Checked::Done(lines, out) => json!({
            "path": path,
            "compared": true,
            "differences": lines,
            "agreed": out.agreed,
            "explained": out.explained,
            "not_compared": out.skipped,
        }),
    }
}
