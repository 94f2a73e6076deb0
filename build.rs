//! Turns the tables in `models/` into Rust.
//!
//! Every entry is checked here, so that a mistake in a table is a build error that names the file
//! and the entry: unknown keys, missing or empty citations, duplicate names, unknown words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

fn main() {
    println!("cargo::rerun-if-changed=models");
    for path in rust_sources().into_iter().flatten() {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    println!("cargo::rerun-if-changed=Cargo.toml");
    println!("cargo::rerun-if-changed=Cargo.lock");
    match build_hash() {
        Ok(h) => println!("cargo::rustc-env=UNBARRIER_BUILD={h:016x}"),
        Err(e) => {
            println!("cargo::error=the program's own sources cannot be read: {e}");
            std::process::exit(1);
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var_os("OUT_DIR").unwrap_or_default();
    let read = |file: &str| {
        std::fs::read_to_string(Path::new("models").join(file))
            .map_err(|e| format!("models/{file}: {e}"))
    };
    let result = generate(&read).and_then(|text| {
        std::fs::write(Path::new(&out).join("models.rs"), text).map_err(|e| e.to_string())
    });
    if let Err(e) = result {
        println!("cargo::error={e}");
        std::process::exit(1);
    }
}

/// A hash of everything that the program is made from: verdicts that another program kept are none of ours.
fn build_hash() -> std::io::Result<u64> {
    let mut h = DefaultHasher::new();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = std::process::Command::new(rustc).arg("-vV").output()?;
    version.stdout.hash(&mut h);
    let variables: BTreeMap<_, _> = std::env::vars_os().collect();
    for (name, value) in variables {
        let name = name.to_string_lossy().into_owned();
        let kept = name.starts_with("CARGO_FEATURE_") || name.starts_with("CARGO_CFG_");
        if kept || matches!(name.as_str(), "TARGET" | "PROFILE" | "OPT_LEVEL" | "DEBUG") {
            (name, value).hash(&mut h);
        }
    }
    let mut files = vec!["build.rs".into(), "Cargo.toml".into()];
    for path in rust_sources()?.into_iter().chain(["models".into()]) {
        if path.is_dir() {
            collect(&path, &mut files)?;
        } else {
            files.push(path);
        }
    }
    files.sort();
    for f in files {
        (f.to_string_lossy(), std::fs::read(&f)?).hash(&mut h);
    }
    // A package from a registry may come without it.
    std::fs::read("Cargo.lock").ok().hash(&mut h);
    Ok(h.finish())
}

/// What is in `src`, but the Python module, which is no part of the program.
fn rust_sources() -> std::io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir("src")? {
        all.push(entry?.path());
    }
    all.retain(|p| !p.ends_with("python"));
    all.sort();
    Ok(all)
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, out)?;
        } else {
            out.push(path);
        }
    }
    Ok(())
}

/// An entry of a table.
trait Entry: DeserializeOwned {
    fn name(&self) -> &str;
    fn cites(&self) -> &str;
    /// The entry as a Rust expression, or what is wrong with it.
    fn code(&self) -> Result<String, String>;
}

macro_rules! entry {
    ($ty:ident { $($field:ident: $t:ty),* $(,)? } => |$s:ident| $code:expr) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $ty { name: String, cites: String, $($field: $t),* }
        impl Entry for $ty {
            fn name(&self) -> &str { &self.name }
            fn cites(&self) -> &str { &self.cites }
            fn code(&self) -> Result<String, String> {
                let $s = self;
                $code
            }
        }
    };
}

entry!(Header {} => |s| Ok(format!("{:?}", s.name)));
entry!(Barrier { scope: String } => |s| Ok(format!(
    "BarrierFunction {{ name: {:?}, scope: Scope::{}, cites: {:?} }}",
    s.name,
    word(&s.scope, SCOPES)?,
    s.cites
)));
entry!(Flag { fences: Vec<String> } => |s| Ok(format!(
    "MemFlag {{ name: {:?}, fences: &[{}], cites: {:?} }}",
    s.name,
    words("Fenced", &s.fences, FENCED)?,
    s.cites
)));
entry!(Input { input: String, vector: bool, uniform: String } => |s| Ok(format!(
    "InputAttribute {{ name: {:?}, input: Input::{}, vector: {}, uniform: Uniform::{}, cites: {:?} }}",
    s.name,
    word(&s.input, INPUTS)?,
    s.vector,
    word(&s.uniform, UNIFORM)?,
    s.cites
)));
entry!(Simd { op: String, args: usize, lanes: String, exchanges: String, result: String, orders_memory: bool } => |s| {
    if s.orders_memory {
        return Err("functions of this table order no memory".into());
    }
    Ok(format!(
        "SimdFunction {{ name: {:?}, op: Exchange::{}, args: {}, lanes: Scope::{}, exchanges: {:?}, uniform: Uniform::{}, cites: {:?} }}",
        s.name,
        word(&s.op, EXCHANGES)?,
        s.args,
        word(&s.lanes, SCOPES)?,
        s.exchanges,
        word(&s.result, UNIFORM)?,
        s.cites
    ))
});
entry!(Atomic { op: String, aliases: Vec<String>, reads: bool, writes: bool, orders: Vec<String>, result: String } => |s| Ok(format!(
    "AtomicFunction {{ name: {:?}, aliases: &{:?}, op: Atomic::{}, reads: {}, writes: {}, orders: &{:?}, uniform: Uniform::{}, cites: {:?} }}",
    s.name,
    s.aliases,
    word(&s.op, ATOMICS)?,
    s.reads,
    s.writes,
    s.orders,
    word(&s.result, UNIFORM)?,
    s.cites
)));
entry!(Device { simd_width: u32, max_threads: u64, threadgroup_bytes: u64 } => |s| Ok(format!(
    "Device {{ name: {:?}, simd_width: {}, max_threads: {}, threadgroup_bytes: {}, cites: {:?} }}",
    s.name, s.simd_width, s.max_threads, s.threadgroup_bytes, s.cites
)));

const SCOPES: &[&str] = &["threadgroup", "simdgroup", "quadgroup"];
const UNIFORM: &[&str] = &["threadgroup", "simdgroup", "quadgroup", "thread"];
const FENCED: &[&str] = &[
    "device",
    "threadgroup",
    "texture",
    "imageblock",
    "object_data",
];
const INPUTS: &[&str] = &[
    "thread_index_in_threadgroup",
    "thread_position_in_threadgroup",
    "thread_position_in_grid",
    "threadgroup_position_in_grid",
    "threads_per_threadgroup",
    "dispatch_threads_per_threadgroup",
    "threads_per_grid",
    "threadgroups_per_grid",
    "thread_index_in_simdgroup",
    "simdgroup_index_in_threadgroup",
    "threads_per_simdgroup",
    "simdgroups_per_threadgroup",
    "dispatch_simdgroups_per_threadgroup",
    "thread_index_in_quadgroup",
    "quadgroup_index_in_threadgroup",
    "quadgroups_per_threadgroup",
    "grid_origin",
    "grid_size",
];
const EXCHANGES: &[&str] = &[
    "broadcast",
    "broadcast_first",
    "shuffle",
    "shuffle_xor",
    "shuffle_up",
    "shuffle_down",
    "shuffle_rotate_up",
    "shuffle_rotate_down",
    "shuffle_and_fill_up",
    "shuffle_and_fill_down",
    "sum",
    "product",
    "min",
    "max",
    "and",
    "or",
    "xor",
    "prefix_inclusive_sum",
    "prefix_exclusive_sum",
    "prefix_inclusive_product",
    "prefix_exclusive_product",
    "all",
    "any",
    "ballot",
    "active_threads_mask",
    "is_first",
];
const ATOMICS: &[&str] = &[
    "load",
    "store",
    "exchange",
    "compare_exchange",
    "add",
    "sub",
    "and",
    "or",
    "xor",
    "min",
    "max",
];

/// `some_word` as `SomeWord`, when it is one of those that are known.
fn word(w: &str, known: &[&str]) -> Result<String, String> {
    if !known.contains(&w) {
        return Err(format!("`{w}` is none of {}", known.join(", ")));
    }
    Ok(w.split('_')
        .map(|p| {
            let mut c = p.chars();
            c.next().map_or(String::new(), |f| {
                f.to_ascii_uppercase().to_string() + c.as_str()
            })
        })
        .collect())
}

fn words(ty: &str, list: &[String], known: &[&str]) -> Result<String, String> {
    let all: Result<Vec<String>, String> = list
        .iter()
        .map(|w| Ok(format!("{ty}::{}", word(w, known)?)))
        .collect();
    Ok(all?.join(", "))
}

/// Checks the entries of one table and writes them as Rust expressions.
fn table<T: Entry>(
    file: &str,
    text: &str,
    key: &str,
    keys: &[&str],
) -> Result<Vec<String>, String> {
    let whole: toml::Table = text.parse().map_err(|e| format!("models/{file}: {e}"))?;
    if let Some(k) = whole.keys().find(|k| !keys.contains(&k.as_str())) {
        return Err(format!("models/{file}: unknown table `{k}`"));
    }
    let entries = whole
        .get(key)
        .and_then(|v| v.as_array())
        .cloned()
        .unwrap_or_default();
    if entries.is_empty() {
        return Err(format!("models/{file}: no `{key}`"));
    }
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for (i, e) in entries.into_iter().enumerate() {
        let label = e
            .get("name")
            .and_then(|n| n.as_str())
            .unwrap_or("?")
            .to_string();
        let wrong = |what: &str| {
            let what = what.trim().replace('\n', " ");
            format!("models/{file}: {key} {} `{label}`: {what}", i + 1)
        };
        let e: T = e
            .try_into()
            .map_err(|e: toml::de::Error| wrong(e.message()))?;
        if e.name().trim().is_empty() {
            return Err(wrong("no name"));
        }
        if e.cites().trim().is_empty() {
            return Err(wrong("no citation"));
        }
        if !seen.insert(e.name().to_string()) {
            return Err(wrong("the name is taken"));
        }
        out.push(e.code().map_err(|m| wrong(&m))?);
    }
    Ok(out)
}

/// All tables as Rust.
pub fn generate(read: &dyn Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let mut out = String::new();
    let mut add = |doc: &str, name: &str, ty: &str, entries: Vec<String>| {
        let _ = writeln!(
            out,
            "/// {doc}\npub static {name}: &[{ty}] = &[\n    {},\n];",
            entries.join(",\n    ")
        );
    };
    table::<Header>(
        "headers.toml",
        &read("headers.toml")?,
        "header",
        &["header"],
    )?;
    let t = read("barriers.toml")?;
    let keys = ["barrier", "flag"];
    add(
        "Barrier functions.",
        "BARRIERS",
        "BarrierFunction",
        table::<Barrier>("barriers.toml", &t, "barrier", &keys)?,
    );
    add(
        "Flags of barriers.",
        "MEM_FLAGS",
        "MemFlag",
        table::<Flag>("barriers.toml", &t, "flag", &keys)?,
    );
    add(
        "Built-in inputs.",
        "INPUTS",
        "InputAttribute",
        table::<Input>(
            "builtins.toml",
            &read("builtins.toml")?,
            "input",
            &["input"],
        )?,
    );
    add(
        "Lane exchange functions.",
        "SIMD_FUNCTIONS",
        "SimdFunction",
        table::<Simd>("simd.toml", &read("simd.toml")?, "function", &["function"])?,
    );
    add(
        "Atomic functions.",
        "ATOMIC_FUNCTIONS",
        "AtomicFunction",
        table::<Atomic>(
            "atomics.toml",
            &read("atomics.toml")?,
            "function",
            &["function"],
        )?,
    );
    let devices = table::<Device>(
        "devices.toml",
        &read("devices.toml")?,
        "device",
        &["device"],
    )?;
    let [device] = devices.as_slice() else {
        return Err("models/devices.toml: exactly one device is modelled".into());
    };
    let _ = writeln!(
        out,
        "/// The device that is modelled.\npub const DEVICE: Device = {device};"
    );
    Ok(out)
}
