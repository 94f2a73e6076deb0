//! The workflows of `.github/workflows`: their structure, and their scripts as far as they can be looked at without GitHub.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use yaml_rust2::{Yaml, YamlLoader};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Names and contents of all workflows.
fn workflows() -> Vec<(String, String, Yaml)> {
    let folder = root().join(".github/workflows");
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let name = path.file_name().expect("a name").to_string_lossy();
        let mut all = YamlLoader::load_from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(all.len(), 1, "{name}");
        out.push((name.into_owned(), text, all.remove(0)));
    }
    out
}

fn named(name: &str) -> (String, Yaml) {
    let all = workflows().into_iter();
    let mut found = all.filter(|w| w.0 == name);
    let (_, text, yaml) = found.next().unwrap_or_else(|| panic!("no {name}"));
    (text, yaml)
}

/// The steps of all jobs, each with what to call it.
fn steps(name: &str, yaml: &Yaml) -> Vec<(String, Yaml)> {
    let jobs = yaml["jobs"].as_hash().expect("jobs");
    let mut out = Vec::new();
    for (job, body) in jobs {
        let job = job.as_str().expect("a name");
        for (i, s) in body["steps"].as_vec().expect("steps").iter().enumerate() {
            let what = s["name"].as_str().unwrap_or("").to_string();
            out.push((format!("{name}: {job}: {i} {what}"), s.clone()));
        }
    }
    out
}

#[test]
fn they_are_well_formed() {
    let all = workflows();
    let names: BTreeSet<&str> = all.iter().map(|w| w.0.as_str()).collect();
    assert!(
        names.is_superset(&BTreeSet::from(["ci.yml", "release.yml", "metal.yml"])),
        "{names:?}"
    );
    for (name, _, yaml) in &all {
        assert!(yaml["name"].as_str().is_some(), "{name}");
        assert!(yaml["on"].as_hash().is_some(), "{name}");
        let jobs = yaml["jobs"].as_hash().expect("jobs");
        for (job, body) in jobs {
            let job = job.as_str().expect("a name");
            assert!(body["runs-on"].as_str().is_some(), "{name}: {job}");
            assert!(body["timeout-minutes"].as_i64().is_some(), "{name}: {job}");
            for need in body["needs"].as_vec().into_iter().flatten() {
                assert!(jobs.contains_key(need), "{name}: {job} needs {need:?}");
            }
            // What a matrix does not have is an empty text, silently.
            let text = format!("{body:?}");
            for used in text.split("matrix.").skip(1) {
                let key: String = used.chars().take_while(char::is_ascii_alphabetic).collect();
                let include = body["strategy"]["matrix"]["include"].as_vec();
                let entries = include.unwrap_or_else(|| panic!("{name}: {job}: no matrix"));
                for e in entries {
                    assert!(e[key.as_str()].as_str().is_some(), "{name}: {job}: {key}");
                }
            }
        }
        for (what, s) in steps(name, yaml) {
            match (s["run"].as_str(), s["uses"].as_str()) {
                (Some(run), None) => {
                    // What comes from outside goes through variables, never into a script's text.
                    assert!(!run.contains("${{"), "{what}");
                    let o = Command::new("bash")
                        .args(["-n", "-c", run])
                        .output()
                        .expect("bash");
                    let said = String::from_utf8_lossy(&o.stderr);
                    assert!(o.status.success(), "{what}: {said}");
                }
                (None, Some(action)) => {
                    let version = action
                        .split_once("@v")
                        .unwrap_or_else(|| panic!("{what}"))
                        .1;
                    let numbers = version.split('.').all(|n| n.parse::<u32>().is_ok());
                    assert!(numbers, "{what}: {action}");
                }
                _ => panic!("{what}: neither a script nor an action, or both"),
            }
        }
    }
}

#[test]
fn new_workflows_say_which_release_of_an_action_they_use() {
    for name in ["ci.yml", "release.yml"] {
        let (_, yaml) = named(name);
        for (what, s) in steps(name, &yaml) {
            if let Some(action) = s["uses"].as_str() {
                assert_eq!(action.matches('.').count(), 2, "{what}: {action}");
            }
        }
    }
}

#[test]
fn scripts_of_the_repository_that_they_start_exist() {
    for (name, _, yaml) in workflows() {
        for (what, s) in steps(&name, &yaml) {
            let run = s["run"].as_str().unwrap_or("");
            let words = run.split([' ', '\n', ';', '"']);
            for w in words.filter(|w| w.starts_with(".ci/") || w.starts_with("tests/")) {
                assert!(root().join(w).is_file(), "{what}: {w}");
            }
            for w in run
                .split_whitespace()
                .filter(|w| w.starts_with("kernels/") || w.starts_with("examples/"))
            {
                assert!(w.contains('*') || root().join(w).is_file(), "{what}: {w}");
            }
        }
    }
    let (text, _) = named("ci.yml");
    assert!(text.contains("run: .ci/run"));
}

#[test]
fn a_release_is_for_two_systems_on_two_processors() {
    let (text, yaml) = named("release.yml");
    for job in ["archive", "wheel"] {
        let include = yaml["jobs"][job]["strategy"]["matrix"]["include"]
            .as_vec()
            .expect("a matrix");
        let names: BTreeSet<&str> = include.iter().filter_map(|e| e["name"].as_str()).collect();
        let wanted = [
            "linux-x86_64",
            "linux-aarch64",
            "macos-x86_64",
            "macos-aarch64",
        ];
        assert_eq!(names, BTreeSet::from(wanted), "{job}");
    }
    // Nothing is published but by a tag.
    assert_eq!(yaml["on"]["push"]["tags"][0].as_str(), Some("v*"));
    let publish = &yaml["jobs"]["publish"];
    assert_eq!(
        publish["if"].as_str(),
        Some("startsWith(github.ref, 'refs/tags/v')")
    );
    assert_eq!(text.matches("contents: write").count(), 1);
    let profile = Path::new("Cargo.toml");
    let manifest = std::fs::read_to_string(root().join(profile)).expect("readable");
    assert!(manifest.contains("[profile.dist]") && text.contains("--profile dist"));
}
