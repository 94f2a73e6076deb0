//! Random barrier kernels rich in C++: what `prove` says of them against runs of the same source, by `confirm`.
//!
//! `UNBARRIER_GENERATED_KERNELS` kernels (default 30) from seed `UNBARRIER_GENERATED_SEED` (default 1), `UNBARRIER_GENERATED_BATCH` in one compilation
//! (default 30). `UNBARRIER_GENERATED_ONLY=N` prints kernel N and what is found about it. `UNBARRIER_GENERATED_KEEP=DIR` writes kernels with faults there.
//!
//! Which elements threads touch, and under which conditions, is decided by calls (`generated/gadgets.rs`). Prover and executor share the lowered program, so
//! that a call which is resolved wrongly shows only here: Clang resolves it as well. Direction: a contradiction is a fault; none is no proof. Needs Clang.

#[macro_use]
#[path = "values/say.rs"]
mod say;

#[path = "values/classes.rs"]
mod classes;
#[path = "values/expr.rs"]
mod expr;
#[path = "values/features.rs"]
#[allow(dead_code, reason = "shared with `values.rs`")]
mod features;
#[path = "generated/gadgets.rs"]
mod gadgets;
#[path = "generated/kernel.rs"]
mod kernel;
#[path = "values/lookup.rs"]
mod lookup;
#[path = "values/plain.rs"]
mod plain;
#[path = "values/program.rs"]
#[allow(dead_code, reason = "shared with `values.rs`")]
mod program;
#[path = "values/rng.rs"]
mod rng;
#[path = "values/shapes.rs"]
mod shapes;
#[path = "values/types.rs"]
mod types;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use gadgets::THREADS;
use kernel::{Generated, make};
use program::HEAD;
use serde_json::Value;
use unbarrier::confirm::{ConfirmError, Detector, Toolchain};

/// Kernels when nothing else is asked for.
const KERNELS: u64 = 30;
/// Kernels of one compilation.
const BATCH: u64 = 30;
/// The largest share of barriers that may be `unknown`, per thousand. It may only fall.
const MOST_UNKNOWN: u64 = 100;
/// Seconds of a query.
const TIMEOUT: &str = "2";

fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(v) => v.parse().unwrap_or_else(|_| panic!("{name} is no number")),
        Err(_) => default,
    }
}

fn has_clang() -> bool {
    match Toolchain::find(Detector::Fibers) {
        Ok(_) => true,
        Err(e @ ConfirmError::NoClang { .. }) => {
            eprintln!("skipped: {e}");
            false
        }
        Err(e) => panic!("{e}"),
    }
}

/// A file of kernels in a folder of its own.
struct Batch {
    folder: tempfile::TempDir,
}

impl Batch {
    fn new(kernels: &[Generated]) -> Batch {
        let folder = tempfile::tempdir().expect("a folder");
        let mut text = HEAD.to_string();
        for k in kernels {
            text.push_str(&k.text);
        }
        std::fs::write(folder.path().join("k.metal"), text).expect("written");
        let toml = format!(
            "[[kernel]]\nfile = \"k.metal\"\nthreadgroup = [{THREADS}]\n[kernel.launch]\nparams = {{ n = 5 }}\n[kernel.launch.buffers]\nout = {{ count = {THREADS}, fill = \"zeros\" }}\n"
        );
        std::fs::write(folder.path().join("unbarrier.toml"), toml).expect("written");
        Batch { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn unbarrier(&self, command: &str, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_unbarrier"))
            .args([command, "k.metal", "--format", "json", "--timeout", TIMEOUT])
            .args(args)
            .current_dir(self.path())
            .env("UNBARRIER_CACHE", self.path().join("cache"))
            .output()
            .expect("the program runs")
    }

    fn report(&self, command: &str, args: &[&str]) -> Result<Value, String> {
        let o = self.unbarrier(command, args);
        let said = String::from_utf8_lossy(&o.stderr);
        if o.status.code().is_none() || said.contains("panicked") {
            return Err(format!("`{command}` ended by {}: {said}", o.status));
        }
        serde_json::from_slice(&o.stdout).map_err(|e| format!("`{command}`: {e}: {said}"))
    }
}

/// What is wrong, with the kernel where it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    kernel: String,
    text: String,
}

/// What a batch gave.
#[derive(Default)]
struct Seen {
    kernels: u64,
    /// Barriers by verdict and relation.
    pairs: BTreeMap<(String, String), u64>,
    /// Reasons of `unknown`, by how often.
    reasons: BTreeMap<String, u64>,
    faults: Vec<Fault>,
}

impl Seen {
    fn count(&self, of: impl Fn(&str, &str) -> bool) -> u64 {
        let all = self.pairs.iter().filter(|((v, r), _)| of(v, r));
        all.map(|(_, n)| n).sum()
    }

    /// Whether the kernels could have shown anything: verdicts of both kinds, few `unknown`, and what is called required is seen to be.
    fn has_weight(&self, object: &mut dyn FnMut(String)) {
        let all = self.count(|_, _| true);
        let unknown = self.count(|v, _| v == "unknown");
        let (can_go, needed) = (
            self.count(|v, r| v == "removable" && r != "not reached"),
            self.count(|v, _| v == "required"),
        );
        let seen = self.count(|v, r| v == "required" && r == "agrees");
        if unknown * 1000 > all * MOST_UNKNOWN {
            object(format!("{unknown} of {all} barriers are unknown"));
        }
        if can_go * 5 < all || needed * 5 < all {
            object(format!(
                "of {all} barriers, {can_go} are removable and {needed} required"
            ));
        }
        if seen * 100 < needed * 95 {
            object(format!(
                "only {seen} of {needed} barriers were seen to be required"
            ));
        }
    }
}

fn list<'a>(v: &'a Value, field: &str) -> &'a [Value] {
    v[field].as_array().map_or(&[], Vec::as_slice)
}

fn word(v: &Value, field: &str) -> String {
    v[field].as_str().unwrap_or("none").to_string()
}

/// Reads both reports: `prove` and `confirm`, of the same file.
fn judge(proved: &Value, confirmed: &Value, expected: usize) -> Seen {
    let mut s = Seen::default();
    let (p, c) = (&proved["files"][0], &confirmed["files"][0]);
    let mut fault = |kernel: &str, text: String| {
        s.faults.push(Fault {
            kernel: kernel.to_string(),
            text,
        });
    };
    for e in list(c, "errors") {
        fault("", format!("confirm: {e}"));
    }
    for r in list(c, "rejected") {
        fault(r[0].as_str().unwrap_or(""), format!("Clang: {}", r[1]));
    }
    if list(c, "kernels").len() != expected || list(p, "kernels").len() != expected {
        fault("", format!("not all of {expected} kernels were read"));
    }
    for k in list(c, "kernels") {
        let name = word(k, "name");
        s.kernels += 1;
        if !k["failure"].is_null() || !list(k, "outside").is_empty() {
            fault(
                &name,
                format!("as written: {} {}", k["failure"], k["outside"]),
            );
        }
        let own = list(p, "kernels").iter().find(|x| word(x, "name") == name);
        let races = list(k, "races");
        if own.is_some_and(|o| o["race_free"] == true) && !races.is_empty() {
            fault(&name, format!("called free of races, but: {}", races[0]));
        }
        for b in list(k, "barriers") {
            let (verdict, relation) = (word(b, "verdict"), word(b, "relation"));
            if relation == "contradicts" || (verdict == "removable" && !b["failure"].is_null()) {
                fault(
                    &name,
                    format!("line {}: {verdict} {relation}: {b}", b["line"]),
                );
            }
            *s.pairs.entry((verdict, relation)).or_default() += 1;
        }
        if word(&k["together"], "relation") == "contradicts" {
            fault(&name, format!("together: {}", k["together"]));
        }
        for b in own.iter().flat_map(|o| list(o, "barriers")) {
            if word(b, "verdict") == "unknown" {
                let reason = word(b, "reason");
                let plain: String = reason.chars().filter(|c| !c.is_ascii_digit()).collect();
                *s.reasons.entry(plain).or_default() += 1;
            }
        }
    }
    s
}

fn check(kernels: &[Generated]) -> (Batch, Seen) {
    let b = Batch::new(kernels);
    let reports = b
        .report("prove", &[])
        .and_then(|p| Ok((p, b.report("confirm", &["--all"])?)));
    let seen = match reports {
        Ok((p, c)) => judge(&p, &c, kernels.len()),
        Err(text) => Seen {
            faults: vec![Fault {
                kernel: String::new(),
                text,
            }],
            ..Seen::default()
        },
    };
    (b, seen)
}

fn show(seed: u64, f: &Fault) {
    let number = f.kernel.trim_start_matches('k').parse();
    let source = number.map_or(String::new(), |n| make(seed, n).text);
    println!(
        "// seed {seed}, kernel {}: {}\n{HEAD}{source}",
        f.kernel, f.text
    );
    if let Ok(folder) = std::env::var("UNBARRIER_GENERATED_KEEP") {
        let path = Path::new(&folder).join(format!("generated_{seed}_{}.metal", f.kernel));
        let text = format!("// {}\n{HEAD}{source}", f.text.replace('\n', " "));
        std::fs::write(path, text).expect("writable");
    }
}

#[test]
fn runs_contradict_no_verdict_on_generated_kernels() {
    if !has_clang() {
        return;
    }
    let seed = number("UNBARRIER_GENERATED_SEED", 1);
    let only = std::env::var("UNBARRIER_GENERATED_ONLY").is_ok();
    let (from, to) = match number("UNBARRIER_GENERATED_ONLY", 0) {
        n if only => (n, n + 1),
        _ => (0, number("UNBARRIER_GENERATED_KERNELS", KERNELS)),
    };
    let size = number("UNBARRIER_GENERATED_BATCH", BATCH).max(1);
    let started = Instant::now();
    let mut all = Seen::default();
    for at in (from..to).step_by(size as usize) {
        let kernels: Vec<Generated> = (at..(at + size).min(to)).map(|n| make(seed, n)).collect();
        let (batch, s) = check(&kernels);
        if only {
            println!("{HEAD}{}", kernels[0].text);
            let human = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
                .args(["confirm", "--all", "k.metal", "--timeout", TIMEOUT])
                .current_dir(batch.path())
                .output()
                .expect("the program runs");
            println!("{}", String::from_utf8_lossy(&human.stdout));
        }
        for f in &s.faults {
            show(seed, f);
        }
        all.kernels += s.kernels;
        all.faults.extend(s.faults);
        for (k, n) in s.pairs {
            *all.pairs.entry(k).or_default() += n;
        }
        for (k, n) in s.reasons {
            *all.reasons.entry(k).or_default() += n;
        }
    }
    println!(
        "{} kernels (seed {seed}) in {} s",
        all.kernels,
        started.elapsed().as_secs()
    );
    for ((verdict, relation), n) in &all.pairs {
        println!("  {verdict}, {relation}: {n}");
    }
    for (reason, n) in &all.reasons {
        println!("  unknown {n} times: {reason}");
    }
    assert!(all.faults.is_empty(), "{:#?}", all.faults);
    assert_eq!(all.kernels, to - from);
    if !only {
        all.has_weight(&mut |text| panic!("{text}"));
    }
}

fn pretended(b: &Batch, line: &Value, verdict: &str) -> Value {
    let how = format!("{line}={verdict}");
    b.report("confirm", &["--all", "--pretend", &how])
        .expect("a report")
}

/// The verdict of one line is pretended to be `removable`: the first one that a run shows to be needed.
#[test]
fn a_wrong_verdict_on_a_generated_kernel_is_noticed() {
    if !has_clang() {
        return;
    }
    let kernels: Vec<Generated> = (0..2).map(|n| make(1, n)).collect();
    let b = Batch::new(&kernels);
    let p = b.report("prove", &[]).expect("a report");
    let c = b.report("confirm", &["--all"]).expect("a report");
    let right = judge(&p, &c, kernels.len());
    assert!(right.faults.is_empty(), "{:#?}", right.faults);
    let (kernel, line) = list(&c["files"][0], "kernels")
        .iter()
        .flat_map(|k| {
            list(k, "barriers")
                .iter()
                .map(move |b| (word(k, "name"), b))
        })
        .find(|(_, b)| b["verdict"] == "required" && b["relation"] == "agrees")
        .map(|(k, b)| (k, b["line"].clone()))
        .expect("a barrier that must stay");
    let wrong = judge(&p, &pretended(&b, &line, "removable"), kernels.len());
    let of: Vec<&str> = wrong.faults.iter().map(|f| f.kernel.as_str()).collect();
    assert_eq!(of, [kernel.as_str()], "{:#?}", wrong.faults);
    let said = format!("line {line}: removable contradicts");
    assert!(wrong.faults[0].text.contains(&said), "{:#?}", wrong.faults);
}

/// A front end that takes a call to mean another function than Clang: the verdict is proved of one text, and held against runs of the other.
#[test]
fn a_call_that_is_resolved_otherwise_is_noticed() {
    if !has_clang() {
        return;
    }
    let text = |chosen: &str| Generated {
        text: format!(
            "inline uint at(int a, uint t) {{ return t; }}\ninline uint at(uint a, uint t) {{ return t ^ 1u; }}\n\
             kernel void k0(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {{\n\
             threadgroup uint a[{THREADS}];\n a[tid] = n + tid;\n threadgroup_barrier(mem_flags::mem_threadgroup);\n out[tid] = a[at({chosen}, tid)];\n}}\n"
        ),
    };
    let wrong = Batch::new(&[text("1")])
        .report("prove", &[])
        .expect("a report");
    let barrier = &list(&wrong["files"][0]["kernels"][0], "barriers")[0];
    assert_eq!(barrier["verdict"], "removable");
    let others = Batch::new(&[text("1u")]);
    let s = judge(
        &wrong,
        &pretended(&others, &barrier["line"], "removable"),
        1,
    );
    assert_eq!(s.faults.len(), 1, "{:#?}", s.faults);
    assert!(s.faults[0].text.contains("removable contradicts"));
}

#[test]
fn what_cannot_be_run_is_noticed() {
    if !has_clang() {
        return;
    }
    let kernels = [
        "out[tid] = n;",
        "out[tid] = clock_of_this_gpu(n);",
        "device uint* p = out + ((ulong)n << 40); *p = 1;",
    ];
    let kernels: Vec<Generated> = (0..)
        .zip(kernels)
        .map(|(i, body)| Generated {
            text: format!(
                "kernel void k{i}(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {{ {body} }}\n"
            ),
        })
        .collect();
    let (_, s) = check(&kernels);
    let of = |kernel: &str| s.faults.iter().any(|f| f.kernel == kernel);
    assert_eq!(
        (of("k0"), of("k1"), of("k2")),
        (false, true, true),
        "{:#?}",
        s.faults
    );
}
