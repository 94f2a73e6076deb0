//! `--stats`: only when asked for, the same counts whatever the number of workers, and counts that fit the report.

use std::process::{Command, Output};

use serde_json::Value;

fn prove(more: &[&str]) -> Output {
    let mut args = vec!["prove"];
    let all = std::fs::read_dir("kernels/barrier_scope").expect("kernels");
    let mut paths: Vec<String> = all
        .map(|e| e.expect("an entry").path().display().to_string())
        .filter(|p| p.ends_with(".metal"))
        .collect();
    paths.sort();
    args.extend(paths.iter().map(String::as_str));
    args.extend(more);
    let o = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(&args)
        .output()
        .expect("the program starts");
    assert_eq!(o.status.code(), Some(0), "{o:?}");
    o
}

fn json(o: &Output) -> Value {
    serde_json::from_slice(&o.stdout).expect("JSON")
}

/// Everything that is a count, as text.
fn counts(v: &Value) -> String {
    ["pairs", "queries", "refuted_by_execution", "replays"]
        .map(|k| v[k].to_string())
        .join(" ")
}

fn number(v: &Value) -> u64 {
    v.as_u64().unwrap_or_else(|| panic!("{v} is a count"))
}

#[test]
fn only_with_the_flag() {
    let v = json(&prove(&["--format", "json"]));
    assert!(v.get("stats").is_none());
    for f in v["files"].as_array().expect("files") {
        for k in f["kernels"].as_array().expect("kernels") {
            assert!(k.get("stats").is_none());
        }
    }
    let plain = prove(&[]);
    let with = prove(&["--stats"]);
    assert_eq!(plain.stdout, with.stdout);
    assert!(plain.stderr.is_empty());
    let table = String::from_utf8_lossy(&with.stderr);
    for part in [
        "pairs of accesses",
        "quick engine",
        "replayed",
        "Z3",
        "peak memory",
    ] {
        assert!(table.contains(part), "{table}");
    }
}

#[test]
fn counts_fit_the_report_and_do_not_depend_on_workers() {
    let one = json(&prove(&["--format", "json", "--stats", "--jobs", "1"]));
    let two = json(&prove(&["--format", "json", "--stats", "--jobs", "2"]));
    assert_eq!(counts(&one["stats"]), counts(&two["stats"]));
    let s = &one["stats"];
    let mut sum = 0;
    let mut required = 0;
    for f in one["files"].as_array().expect("files") {
        for k in f["kernels"].as_array().expect("kernels") {
            sum += number(&k["stats"]["pairs"]["proved_together"]);
            let all = k["barriers"].as_array().expect("barriers");
            required += all.iter().filter(|b| b["verdict"] == "required").count();
        }
    }
    assert!(sum > 0);
    assert_eq!(number(&s["pairs"]["proved_together"]), sum);
    // Each `required` was executed or found by Z3 and replayed.
    let shown = number(&s["refuted_by_execution"]) + number(&s["replays"]["confirmed"]);
    assert!(required > 0 && shown >= required as u64, "{s}");
    assert!(number(&s["replays"]["confirmed"]) <= number(&s["replays"]["attempted"]));
    assert!(number(&s["queries"]["quick"]) > 0);
    assert_eq!(number(&s["pairs"]["undecided"]), 0, "{s}");
    assert!(number(&s["peak_memory_bytes"]) > 1 << 20);
    for phase in ["execution", "analysis", "encode", "smt"] {
        let t = s["phases_ms"][phase].as_f64().expect("a time");
        assert!(t > 0.0, "{phase}: {s}");
    }
    for time in ["parse_ms", "lower_ms", "wall_ms"] {
        assert!(s[time].as_f64().is_some_and(|t| t > 0.0), "{time}: {s}");
    }
}
