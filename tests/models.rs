//! The tables in `models/`: every entry cites a section, what is built in is what is written, a
//! mistake is an error that names its place, and the analysis agrees with them.

#[path = "../build.rs"]
#[allow(dead_code)]
mod build;

use std::collections::BTreeSet;
use std::path::Path;

use unbarrier::analysis::term::{Level, Terms};
use unbarrier::front::lower::{LowerOptions, lower_file};
use unbarrier::front::parse::parse;
use unbarrier::ir::{Builtin, VarKind};
use unbarrier::models::{self, Uniform};
use unbarrier::source::{PreprocessOptions, SourceMap, preprocess};

/// A file, one of its tables, and the names and citations that are built in.
type Built = (
    &'static str,
    &'static str,
    Vec<(&'static str, &'static str)>,
);

fn read(file: &str) -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("models")
        .join(file);
    std::fs::read_to_string(path).map_err(|e| e.to_string())
}

/// Name and citation of the entries of one table of a file.
fn entries(file: &str, key: &str) -> Vec<(String, String)> {
    let text = read(file).expect("the table is readable");
    let table: toml::Table = text.parse().expect("the table parses");
    let text_of = |e: &toml::Value, k: &str| {
        e.get(k)
            .and_then(toml::Value::as_str)
            .unwrap_or_default()
            .to_string()
    };
    table[key]
        .as_array()
        .expect("a list")
        .iter()
        .map(|e| (text_of(e, "name"), text_of(e, "cites")))
        .collect()
}

#[test]
fn tables_round_trip_and_cite() {
    let built: [Built; 6] = [
        (
            "barriers.toml",
            "barrier",
            models::BARRIERS.iter().map(|e| (e.name, e.cites)).collect(),
        ),
        (
            "barriers.toml",
            "flag",
            models::MEM_FLAGS
                .iter()
                .map(|e| (e.name, e.cites))
                .collect(),
        ),
        (
            "builtins.toml",
            "input",
            models::INPUTS.iter().map(|e| (e.name, e.cites)).collect(),
        ),
        (
            "simd.toml",
            "function",
            models::SIMD_FUNCTIONS
                .iter()
                .map(|e| (e.name, e.cites))
                .collect(),
        ),
        (
            "atomics.toml",
            "function",
            models::ATOMIC_FUNCTIONS
                .iter()
                .map(|e| (e.name, e.cites))
                .collect(),
        ),
        (
            "devices.toml",
            "device",
            vec![(models::DEVICE.name, models::DEVICE.cites)],
        ),
    ];
    for (file, key, built) in built {
        let written = entries(file, key);
        let written: Vec<(&str, &str)> = written.iter().map(|(n, c)| (&**n, &**c)).collect();
        assert_eq!(written, built, "{file}: {key}");
        for (name, cites) in built {
            assert!(
                cites.contains("MSL ") && cites.chars().any(|c| c.is_ascii_digit()),
                "{file}: `{name}` cites no section: {cites:?}"
            );
        }
    }
    for (name, cites) in entries("headers.toml", "header") {
        assert!(
            cites.contains(char::is_alphabetic),
            "headers.toml: `{name}`"
        );
    }
}

#[test]
fn lookups_find_every_entry() {
    for e in models::BARRIERS {
        assert_eq!(models::barrier(e.name), Some(e));
    }
    for e in models::MEM_FLAGS {
        assert_eq!(models::mem_flag(e.name), Some(e));
    }
    for e in models::INPUTS {
        assert_eq!(models::input(e.name), Some(e));
    }
    for e in models::SIMD_FUNCTIONS {
        assert_eq!(models::simd_function(e.name), Some(e));
    }
    for e in models::ATOMIC_FUNCTIONS {
        for name in e.aliases.iter().chain([&e.name]) {
            assert_eq!(models::atomic_function(name), Some(e));
        }
    }
    assert_eq!(models::barrier("quadgroup_barrier"), None);
    assert_eq!(models::DEVICE.simd_width, 32);
    assert_eq!(
        models::DEVICE.max_threads,
        unbarrier::encode::launch::MAX_THREADS
    );
    assert_eq!(
        models::DEVICE.simd_width,
        unbarrier::exec::Launch::default().simd_width
    );
    assert_eq!(models::DEVICE.threadgroup_bytes, 32768);
}

/// The inputs that the lowering makes of an attribute, by component.
fn lowered(attribute: &str, vector: bool) -> Vec<Builtin> {
    let (ty, use_) = if vector {
        ("uint3", "v.x + v.y + v.z")
    } else {
        ("uint", "v")
    };
    let text = format!(
        "kernel void k(device uint *o [[buffer(0)]], {ty} v [[{attribute}]]) {{ o[0] = {use_}; }}"
    );
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("k.metal");
    std::fs::write(&path, text).expect("writable");
    let mut map = SourceMap::new();
    let main = map.load(&path).expect("readable");
    let pre = preprocess(&mut map, main, &PreprocessOptions::default());
    let parsed = parse(&pre.tokens);
    let out = lower_file(&parsed.unit, &LowerOptions::default());
    out.kernels[0]
        .vars
        .iter()
        .filter_map(|v| match v.kind {
            VarKind::Builtin(b) => Some(b),
            _ => None,
        })
        .collect()
}

#[test]
fn uniformity_agrees_with_the_analysis() {
    let mut seen = BTreeSet::new();
    for e in models::INPUTS {
        let parts = lowered(e.name, e.vector);
        assert_eq!(parts.len(), if e.vector { 3 } else { 1 }, "{}", e.name);
        for b in parts {
            seen.insert(b);
            let mut terms = Terms::default();
            let t = terms.builtin(b);
            let level = match e.uniform {
                Uniform::Threadgroup => Level::Uniform,
                Uniform::Simdgroup => Level::Simdgroup,
                Uniform::Quadgroup | Uniform::Thread => Level::Varying,
            };
            assert_eq!(terms.level(t), level, "{}", e.name);
        }
    }
    assert!(seen.len() >= 36, "only {} inputs", seen.len());
}

#[test]
fn mistakes_name_their_place() {
    let with = |file: &'static str, from: &'static str, to: &'static str| {
        build::generate(&move |f: &str| {
            let text = read(f)?;
            Ok(if f == file {
                assert!(text.contains(from));
                text.replacen(from, to, 1)
            } else {
                text
            })
        })
    };
    assert!(build::generate(&read).is_ok());
    for (file, from, to, parts) in [
        (
            "simd.toml",
            "op = \"sum\"",
            "op = \"sum\"\nspeed = 1",
            ["simd_sum", "speed"],
        ),
        (
            "barriers.toml",
            "cites = \"MSL 6.9.1\"\n",
            "",
            ["threadgroup_barrier", "cites"],
        ),
        (
            "barriers.toml",
            "cites = \"MSL 6.9.1\"",
            "cites = \" \"",
            ["threadgroup_barrier", "citation"],
        ),
        (
            "builtins.toml",
            "name = \"grid_size\"",
            "name = \"grid_origin\"",
            ["grid_origin", "taken"],
        ),
        (
            "atomics.toml",
            "op = \"add\"",
            "op = \"append\"",
            ["atomic_fetch_add_explicit", "append"],
        ),
        (
            "devices.toml",
            "[[device]]",
            "[[gadget]]",
            ["gadget", "table"],
        ),
    ] {
        let e = with(file, from, to).expect_err("a mistake");
        assert!(e.starts_with(&format!("models/{file}")), "{e}");
        assert!(parts.iter().all(|p| e.contains(p)), "{e}");
    }
}
