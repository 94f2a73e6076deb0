//! SARIF and Markdown: valid, complete, with the places of both accesses, whatever stands in the source.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A barrier that is needed, one that can go, a race, a construct that is not understood, and markup in the names.
const KERNELS: &str = "#include <metal_stdlib>
using namespace metal;
#include \"help|er.h\"
kernel void needs(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    buf[tid] = float(tid); // <b>|`@nobody`</b>
    threadgroup_barrier(mem_flags::mem_threadgroup);
    out[tid] = buf[63 - tid];
    threadgroup_barrier(mem_flags::mem_threadgroup);
}
kernel void races(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float own[64];
    own[tid] = float(tid);
    out[tid] = swapped(own, tid);
}
kernel void flags(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float far[64];
    far[tid] = float(tid);
    threadgroup_barrier(mem_flags::mem_none);
    out[tid] = far[63 - tid];
}
kernel void diverges(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    if (tid < 3) {
        threadgroup_barrier(mem_flags::mem_threadgroup);
    }
    out[tid] = 1.0f;
}
";

const HELPER: &str = "inline float swapped(threadgroup float* p, uint tid) {
    return p[63 - tid];
}
";

fn folder() -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(dir.path().join("a b")).expect("a folder");
    std::fs::create_dir(dir.path().join(".git")).expect("a folder");
    std::fs::write(dir.path().join("a b/k#1.metal"), KERNELS).expect("a file");
    std::fs::write(dir.path().join("a b/help|er.h"), HELPER).expect("a file");
    dir
}

fn prove(dir: &Path, args: &[&str]) -> (Option<i32>, String) {
    let o = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .arg("prove")
        .args(args)
        .current_dir(dir)
        .output()
        .expect("the program starts");
    let text = String::from_utf8(o.stdout).expect("UTF-8");
    let err = String::from_utf8_lossy(&o.stderr);
    assert!(!err.contains("panicked"), "{err}");
    (o.status.code(), text)
}

/// The schema that comes with the crate whose types write the report; it is not in this repository.
fn sarif_schema() -> Value {
    let o = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    let all: Value = serde_json::from_slice(&o.stdout).expect("metadata");
    let manifest = all["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|p| p["name"] == "serde-sarif")
        .and_then(|p| p["manifest_path"].as_str())
        .map(PathBuf::from)
        .expect("serde-sarif is a dependency");
    let text = std::fs::read_to_string(manifest.with_file_name("src").join("schema.json"));
    // One pattern has a bracket that closes nothing, which not every engine takes.
    let text = text.expect("the schema").replace("{2}]?$", "{2}\\\\]?$");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        schema["properties"]["version"]["enum"],
        serde_json::json!(["2.1.0"])
    );
    schema
}

fn sarif(dir: &Path, args: &[&str]) -> (Option<i32>, Value) {
    let mut all = vec!["--format", "sarif", "--threadgroup", "64"];
    all.extend(args);
    let (code, text) = prove(dir, &all);
    let v: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let validator = jsonschema::validator_for(&sarif_schema()).expect("a schema");
    let wrong: Vec<String> = validator
        .iter_errors(&v)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    (code, v)
}

fn results<'v>(v: &'v Value, rule: &str) -> Vec<&'v Value> {
    v["runs"][0]["results"]
        .as_array()
        .expect("results")
        .iter()
        .filter(|r| r["ruleId"] == format!("unbarrier/{rule}"))
        .collect()
}

/// `path:line` of a location.
fn place(v: &Value) -> String {
    let p = &v["physicalLocation"];
    let uri = p["artifactLocation"]["uri"].as_str().expect("a URI");
    assert_eq!(p["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    assert!(p["region"]["startColumn"].as_i64().is_some_and(|c| c > 0));
    format!("{uri}:{}", p["region"]["startLine"])
}

fn places(v: &Value) -> Vec<String> {
    v.as_array().into_iter().flatten().map(place).collect()
}

#[test]
fn the_schema_is_one_that_refuses() {
    let validator = jsonschema::validator_for(&sarif_schema()).expect("a schema");
    let bad = serde_json::json!({"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]});
    assert!(!validator.is_valid(&bad));
}

#[test]
fn sarif_has_every_finding_with_its_places() {
    let dir = folder();
    // From a folder below the root of the repository; paths are relative to the root all the same.
    let (code, v) = sarif(&dir.path().join("a b"), &["k#1.metal"]);
    assert_eq!(code, Some(0));
    let file = "a%20b/k%231.metal";
    let at = |line: u32| format!("{file}:{line}");
    for (rule, line, level, kind) in [
        ("required", 7, "none", "informational"),
        ("removable", 9, "note", "fail"),
        ("unknown", 19, "note", "fail"),
        ("divergent", 24, "warning", "fail"),
        ("unknown", 24, "note", "fail"),
    ] {
        let found = results(&v, rule);
        let one = found
            .iter()
            .find(|r| places(&r["locations"]) == [at(line)])
            .unwrap_or_else(|| panic!("{rule} at {line}: {found:#?}"));
        assert_eq!(
            (&one["level"], &one["kind"]),
            (&Value::from(level), &Value::from(kind))
        );
    }
    // Both accesses, one of them in a header whose name needs escaping.
    let race = &results(&v, "race")[0];
    let mut both = places(&race["relatedLocations"]);
    both.sort();
    assert_eq!(both, ["a%20b/help%7Cer.h:2", "a%20b/k%231.metal:13"]);
    assert_eq!(race["level"], "error");
    let flags = &results(&v, "flags")[0];
    assert_eq!(places(&flags["relatedLocations"]), [at(18), at(20)]);
    // One thread flow per GPU thread, and the steps have an order.
    let needed = results(&v, "required");
    for r in needed.iter().chain([race, flags]) {
        let flows = r["codeFlows"][0]["threadFlows"].as_array().expect("flows");
        assert_eq!(flows.len(), 2, "{r:#}");
        let ids: Vec<&str> = flows.iter().filter_map(|f| f["id"].as_str()).collect();
        assert!(ids[0] != ids[1] && ids.iter().all(|i| i.starts_with("thread ")));
        let mut order: Vec<i64> = flows
            .iter()
            .flat_map(|f| f["locations"].as_array().into_iter().flatten())
            .filter_map(|l| l["executionOrder"].as_i64())
            .collect();
        let steps = order.len();
        order.dedup();
        assert!(steps >= 2 && order.len() == steps && order.is_sorted());
        for f in flows {
            let last = f["locations"].as_array().and_then(|l| l.last());
            let text = last.expect("an access")["location"]["message"]["text"].to_string();
            assert!(text.contains("reads") || text.contains("writes"), "{text}");
        }
    }
    // Rules by index, each with help.
    let rules = v["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .expect("rules");
    for r in v["runs"][0]["results"].as_array().expect("results") {
        let index = r["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], r["ruleId"]);
        assert!(
            rules[index]["help"]["text"]
                .as_str()
                .is_some_and(|t| t.len() > 40)
        );
    }
}

#[test]
fn sarif_of_many_files_is_valid() {
    let (code, v) = sarif(Path::new(env!("CARGO_MANIFEST_DIR")), &["kernels"]);
    assert_eq!(code, Some(0));
    assert!(results(&v, "required").len() > 10);
}

#[test]
fn fingerprints_survive_edits_elsewhere() {
    let prints = |v: &Value| -> Vec<(String, String)> {
        let all = v["runs"][0]["results"].as_array().expect("results");
        let mut out: Vec<(String, String)> = all
            .iter()
            .map(|r| {
                let print = r["partialFingerprints"]["unbarrier/v1"].as_str();
                (
                    r["ruleId"].to_string(),
                    print.expect("a fingerprint").to_string(),
                )
            })
            .collect();
        out.sort();
        out
    };
    let dir = folder();
    let before = prints(&sarif(dir.path(), &["a b/k#1.metal"]).1);
    let mut unique = before.clone();
    unique.dedup();
    assert_eq!(unique.len(), before.len());
    let moved = KERNELS
        .replace("using namespace", "// one\n// two\nusing namespace")
        .replace("    threadgroup_barrier", "\t\tthreadgroup_barrier");
    std::fs::write(dir.path().join("a b/k#1.metal"), moved).expect("a file");
    assert_eq!(before, prints(&sarif(dir.path(), &["a b/k#1.metal"]).1));
}

#[test]
fn bad_input_is_a_result_and_a_notification() {
    let dir = folder();
    std::fs::write(dir.path().join("bad.metal"), "kernel void k() {\n").expect("a file");
    let (code, v) = sarif(dir.path(), &["bad.metal", "missing.metal", "a b/k#1.metal"]);
    assert_eq!(code, Some(2));
    let bad = results(&v, "bad-input");
    let at: Vec<String> = bad.iter().flat_map(|r| places(&r["locations"])).collect();
    assert_eq!(at, ["bad.metal:1", "missing.metal:1"]);
    let run = &v["runs"][0]["invocations"][0];
    assert_eq!(run["executionSuccessful"], false);
    let said = run["toolExecutionNotifications"].as_array().map(Vec::len);
    assert_eq!(said, Some(2));
    assert!(
        !results(&v, "required").is_empty(),
        "the others are analysed"
    );
}

#[test]
fn a_removal_that_is_not_proved_is_a_result() {
    let dir = folder();
    let (code, v) = sarif(
        dir.path(),
        &["a b/k#1.metal", "--kernel", "needs", "--remove", "7"],
    );
    assert_eq!(code, Some(1));
    let r = results(&v, "removal");
    assert_eq!(r.len(), 1);
    assert_eq!(places(&r[0]["relatedLocations"]).len(), 2);
    let (code, v) = sarif(
        dir.path(),
        &["a b/k#1.metal", "--kernel", "needs", "--remove", "9"],
    );
    assert_eq!(code, Some(0));
    assert!(results(&v, "removal").is_empty());
}

#[test]
fn markdown_is_a_comment_with_nothing_active_in_it() {
    let dir = folder();
    let (code, text) = prove(
        dir.path(),
        &[
            "a b/k#1.metal",
            "--threadgroup",
            "64",
            "--format",
            "markdown",
        ],
    );
    assert_eq!(code, Some(0));
    for part in [
        "**1 removable barrier**",
        "**2 barriers undecided**",
        "k&#35;1.metal:19</code> | **unknown**: flags",
        "**1 barrier needed**",
        "<code>a b/k&#35;1.metal:9</code> | **removable**",
        "| **race**: confirmed data race",
        "| **divergent**",
        "<details><summary>Witnesses</summary>",
        "threadgroup size is (64, 1, 1)",
    ] {
        assert!(text.contains(part), "`{part}` is missing:\n{text}");
    }
    // Rows of tables have three columns, whatever the names.
    for row in text.lines().filter(|l| l.starts_with('|')) {
        assert_eq!(row.matches('|').count(), 4, "{row}");
    }
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("</details>").count()
    );
    assert!(!text.contains('@') && !text.contains('`'), "{text}");
}

#[test]
fn markdown_is_cut_at_the_limit_of_a_comment() {
    let dir = folder();
    let mut many = String::from("#include <metal_stdlib>\nusing namespace metal;\n");
    for i in 0..420 {
        many.push_str(&format!(
            "kernel void a_kernel_with_a_rather_long_name_{i}(device float* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {{\n    \
             threadgroup_barrier(mem_flags::mem_threadgroup);\n    out[t] = 1.0f;\n}}\n"
        ));
    }
    std::fs::write(dir.path().join("many.metal"), many).expect("a file");
    let (code, text) = prove(
        dir.path(),
        &["many.metal", "--threadgroup", "64", "--format", "markdown"],
    );
    assert_eq!(code, Some(0));
    assert!(
        text.len() <= 65_536 && text.len() > 50_000,
        "{}",
        text.len()
    );
    assert!(text.contains("**420 removable barriers**"));
    let rows = text.matches("| **removable**").count();
    assert!(rows < 420 && rows > 100, "{rows}");
    assert!(
        text.contains("entries do not fit into a comment"),
        "{}",
        &text[text.len() - 500..]
    );
}
