//! The JSON schemas in `docs/schema/`: up to date, and what is really written and read fits them.
//!
//! `UNBARRIER_BLESS=1 cargo test --test schema` writes them anew.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn unbarrier(args: &[&str]) -> String {
    let o = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .current_dir(root())
        .output()
        .expect("the program starts");
    String::from_utf8(o.stdout).expect("UTF-8")
}

fn file(of: &str) -> PathBuf {
    root().join("docs/schema").join(match of {
        "config" => "unbarrier.toml.schema.json",
        "check" => "check.schema.json",
        "optimize" => "optimize.schema.json",
        _ => "report.schema.json",
    })
}

#[test]
fn they_are_up_to_date() {
    for of in ["config", "report", "check", "optimize"] {
        let now = unbarrier(&["schema", of]);
        if std::env::var_os("UNBARRIER_BLESS").is_some() {
            std::fs::create_dir_all(root().join("docs/schema")).expect("a folder");
            std::fs::write(file(of), &now).expect("a file");
        }
        let there = std::fs::read_to_string(file(of)).unwrap_or_default();
        assert!(
            now == there,
            "docs/schema is not up to date: run UNBARRIER_BLESS=1 cargo test --test schema"
        );
    }
}

/// The schema, with every object closed: a field that the schema does not name is then an error.
fn closed(of: &str) -> jsonschema::Validator {
    fn close(v: &mut Value) {
        match v {
            Value::Object(m) => {
                if m.contains_key("properties") && !m.contains_key("additionalProperties") {
                    m.insert("additionalProperties".into(), Value::Bool(false));
                }
                m.values_mut().for_each(close);
            }
            Value::Array(a) => a.iter_mut().for_each(close),
            _ => {}
        }
    }
    let mut v: Value = serde_json::from_str(&unbarrier(&["schema", of])).expect("JSON");
    close(&mut v);
    jsonschema::validator_for(&v).expect("a schema")
}

fn errors(validator: &jsonschema::Validator, v: &Value) -> Vec<String> {
    validator
        .iter_errors(v)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect()
}

#[test]
fn changes_and_edits_fit() {
    for (of, args) in [
        (
            "check",
            &[
                "check",
                "--from",
                "kernels/partial_load",
                "--to",
                "kernels/register_broadcast",
                "--format",
                "json",
            ][..],
        ),
        (
            "check",
            &[
                "check",
                "--from",
                "tests/cases/removable/neighbours.metal",
                "--to",
                "tests/cases/required/neighbours_fail.metal",
                "--threadgroup",
                "64",
                "--format",
                "json",
            ],
        ),
        (
            "optimize",
            &[
                "optimize",
                "--repair",
                "--weaken",
                "tests/cases/race/flags_none.metal",
                "kernels/barrier_scope/can_go.metal",
                "missing.metal",
                "--format",
                "json",
            ],
        ),
    ] {
        let v: Value = serde_json::from_str(&unbarrier(args)).expect("JSON");
        let wrong = errors(&closed(of), &v);
        assert!(wrong.is_empty(), "{args:?}: {wrong:#?}");
    }
}

#[test]
fn reports_fit() {
    let validator = closed("report");
    let mut verdicts = std::collections::BTreeSet::new();
    for args in [
        &["prove", "kernels", "--stats", "--format", "json"][..],
        &[
            "prove",
            "tests/cases/race",
            "tests/cases/divergent",
            "tests/cases/unknown",
            "--format",
            "json",
        ],
        &[
            "prove",
            "tests/cases/weakenable",
            "missing.metal",
            "--format",
            "json",
        ],
        &[
            "prove",
            "tests/cases/removable/toggle_xor.metal",
            "--threadgroup",
            "64",
            "--remove",
            "12",
            "--format",
            "json",
        ],
    ] {
        let v: Value = serde_json::from_str(&unbarrier(args)).expect("JSON");
        let wrong = errors(&validator, &v);
        assert!(wrong.is_empty(), "{args:?}: {wrong:#?}");
        for f in v["files"].as_array().into_iter().flatten() {
            for b in f["barriers"].as_array().into_iter().flatten() {
                verdicts.insert(b["verdict"].to_string());
            }
        }
    }
    assert_eq!(verdicts.len(), 4, "{verdicts:?}");
    assert!(!errors(&validator, &json!({"schema": "unbarrier/1", "files": []})).is_empty());
    assert!(
        !errors(
            &validator,
            &json!({"schema": "unbarrier/2", "files": [], "errors": []})
        )
        .is_empty()
    );
}

#[test]
fn configurations_fit() {
    let validator = closed("config");
    let read = |text: &str| -> Value {
        let t: toml::Table = text.parse().expect("TOML");
        serde_json::to_value(t).expect("JSON")
    };
    let ours = std::fs::read_to_string(root().join("kernels/unbarrier.toml")).expect("a file");
    let full = "include = [\"i\"]\nexclude = [\"x/\"]\n[[kernel]]\nfile = \"a\"\nname = \"k\"\nthreadgroup = [8, 8]\nassume = [\"n < 4\"]\n\
                defines = [\"A\"]\n[[accept]]\nfile = \"a\"\nfinding = \"race\"\ntext = \"x\"\nreason = \"r\"\n";
    for good in [ours.as_str(), full, ""] {
        let wrong = errors(&validator, &read(good));
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    for bad in [
        "kernels = []\n",
        "[[kernel]]\nname = \"k\"\n",
        "[[kernel]]\nfile = \"a\"\nthreadgroup = []\n",
        "[[kernel]]\nfile = \"a\"\nthreadgroup = [0]\n",
        "[[accept]]\nfile = \"a\"\nfinding = \"raec\"\nline = 3\nreason = \"r\"\n",
        "[[accept]]\nfile = \"a\"\nfinding = \"race\"\nline = 3\n",
        "[[accept]]\nfile = \"a\"\nfinding = \"race\"\nreason = \"r\"\n",
    ] {
        assert!(!errors(&validator, &read(bad)).is_empty(), "{bad}");
    }
}
