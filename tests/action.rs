//! `action.yml` and `.pre-commit-hooks.yaml`: their structure, and the action's scripts with a stand-in for the program.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use yaml_rust2::{Yaml, YamlLoader};

fn yaml(name: &str) -> Yaml {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    let text = std::fs::read_to_string(path).expect(name);
    let mut all = YamlLoader::load_from_str(&text).expect("YAML");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn steps() -> Vec<Yaml> {
    let a = yaml("action.yml");
    assert_eq!(a["runs"]["using"].as_str(), Some("composite"));
    a["runs"]["steps"].as_vec().expect("steps").clone()
}

fn script(name: &str) -> String {
    let all = steps();
    let step = all.iter().find(|s| s["name"].as_str() == Some(name));
    step.and_then(|s| s["run"].as_str())
        .unwrap_or_else(|| panic!("no step {name} with a script"))
        .to_string()
}

#[test]
fn the_action_is_well_formed() {
    let a = yaml("action.yml");
    for key in ["name", "description"] {
        assert!(a[key].as_str().is_some_and(|s| !s.is_empty()), "{key}");
    }
    let inputs = a["inputs"].as_hash().expect("inputs");
    let text =
        std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("action.yml"))
            .expect("readable");
    for (name, input) in inputs {
        let name = name.as_str().expect("a name");
        assert!(input["description"].as_str().is_some(), "{name}");
        assert!(input["default"].as_str().is_some(), "{name}");
        assert!(
            text.contains(&format!("inputs.{name}")),
            "{name} is never used"
        );
    }
    // Every input that is used exists, and so does every step that is referred to.
    for used in text.split("inputs.").skip(1) {
        let name: String = used
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .collect();
        assert!(inputs.contains_key(&Yaml::String(name.clone())), "{name}");
    }
    let ids: Vec<String> = steps()
        .iter()
        .filter_map(|s| s["id"].as_str().map(String::from))
        .collect();
    for used in text.split("steps.").skip(1) {
        let id: String = used
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        assert!(ids.contains(&id), "{id}");
    }
    for s in steps() {
        let name = s["name"].as_str().expect("a name");
        match s["run"].as_str() {
            Some(run) => {
                assert_eq!(s["shell"].as_str(), Some("bash"), "{name}");
                // What comes from outside goes through variables, never into a script's text.
                assert!(!run.contains("${{"), "{name}");
                let o = Command::new("bash")
                    .args(["-n", "-c", run])
                    .output()
                    .expect("bash");
                assert!(
                    o.status.success(),
                    "{name}: {}",
                    String::from_utf8_lossy(&o.stderr)
                );
            }
            None => assert!(
                s["uses"].as_str().is_some_and(|u| u.contains('@')),
                "{name}"
            ),
        }
    }
}

#[test]
fn the_hooks_are_well_formed() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_vec().expect("a list");
    assert!(!hooks.is_empty());
    for h in hooks {
        for key in ["id", "name", "description", "entry", "language", "files"] {
            assert!(
                h[key].as_str().is_some_and(|s| !s.is_empty()),
                "{key}: {h:?}"
            );
        }
        assert!(
            h["entry"]
                .as_str()
                .is_some_and(|e| e.starts_with("unbarrier check"))
        );
        assert_eq!(h["pass_filenames"].as_bool(), Some(false));
    }
}

/// A repository with two commits, and a stand-in for the program that ends with `code`.
fn check(code: u8, variables: &[(&str, &str)]) -> (Output, String, String) {
    let dir = tempfile::tempdir().expect("a folder");
    let d = dir.path();
    let git = |args: &[&str]| {
        let o = Command::new("git")
            .args(args)
            .current_dir(d)
            .output()
            .expect("git");
        assert!(
            o.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&o.stderr)
        );
        String::from_utf8_lossy(&o.stdout).trim().to_string()
    };
    git(&["init", "-q"]);
    for i in 0..2 {
        std::fs::write(d.join("k.metal"), i.to_string()).expect("written");
        git(&["add", "k.metal"]);
        git(&[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-qm",
            "c",
        ]);
    }
    let program = d.join("bin/unbarrier");
    std::fs::create_dir(d.join("bin")).expect("made");
    let text = format!(
        "#!/bin/sh\necho \"$*\" >>{}\ncase \"$*\" in *sarif*) echo '{{}}' ;; *markdown*) echo '# report' ;; esac\nexit {code}\n",
        d.join("calls").display()
    );
    std::fs::write(&program, text).expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let path = format!(
        "{}:{}",
        d.join("bin").display(),
        std::env::var("PATH").expect("a path")
    );
    let mut c = Command::new("bash");
    // As GitHub runs them.
    c.args([
        "--noprofile",
        "--norc",
        "-eo",
        "pipefail",
        "-c",
        &script("Check"),
    ])
    .current_dir(d)
    .env("PATH", path)
    .env("GITHUB_OUTPUT", d.join("output"))
    .env("GITHUB_STEP_SUMMARY", d.join("summary"))
    .env("OUT", d.join("out"))
    .envs([("BASE", ""), ("PATHS", ""), ("ARGUMENTS", "")])
    .envs(variables.iter().copied());
    let o = c.output().expect("bash");
    let read = |p: &Path| std::fs::read_to_string(p).unwrap_or_default();
    let calls = read(&d.join("calls")).replace(&git(&["rev-parse", "HEAD~1"]), "BEFORE");
    (o, read(&d.join("output")), calls)
}

#[test]
fn each_exit_code_has_a_result() {
    for (code, result) in [
        (0, "proved"),
        (1, "not-proved"),
        (2, "bad-input"),
        (3, "undecided"),
        (101, "failed"),
    ] {
        let (o, output, calls) = check(code, &[]);
        assert!(o.status.success(), "{}", String::from_utf8_lossy(&o.stderr));
        assert!(output.contains(&format!("result={result}\n")), "{output}");
        assert!(output.contains("sarif="), "{output}");
        let calls: Vec<&str> = calls.lines().collect();
        assert_eq!(
            calls,
            [
                "check --base BEFORE",
                "check --base BEFORE --format sarif",
                "check --base BEFORE --format markdown"
            ]
        );
    }
}

#[test]
fn inputs_reach_the_program() {
    let (_, _, calls) = check(
        0,
        &[
            ("PATHS", "src kernels/a.metal"),
            ("ARGUMENTS", "-D N=4"),
            ("BASE", "HEAD"),
        ],
    );
    assert_eq!(
        calls.lines().next(),
        Some("check --base HEAD -D N=4 src kernels/a.metal")
    );
    // A new branch is compared with the commit before.
    let zeros = "0".repeat(40);
    let (_, _, calls) = check(0, &[("BASE", &zeros)]);
    assert_eq!(calls.lines().next(), Some("check --base BEFORE"));
}

#[test]
fn the_result_decides() {
    for (result, undecided, code) in [
        ("proved", "true", 0),
        ("undecided", "true", 3),
        ("undecided", "false", 0),
        ("not-proved", "false", 1),
        ("bad-input", "true", 1),
        ("", "false", 1),
    ] {
        let o = Command::new("bash")
            .args([
                "--noprofile",
                "--norc",
                "-eo",
                "pipefail",
                "-c",
                &script("Result"),
            ])
            .envs([("RESULT", result), ("FAIL_ON_UNDECIDED", undecided)])
            .output()
            .expect("bash");
        assert_eq!(o.status.code(), Some(code), "{result} {undecided}");
    }
}
