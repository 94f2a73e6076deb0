//! `completions` and `man` know every command.

use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(args)
        .output()
        .expect("the program starts")
}

const COMMANDS: &[&str] = &[
    "prove",
    "fuzz",
    "confirm",
    "launch",
    "graph",
    "parse",
    "audit",
    "completions",
    "man",
];

#[test]
fn completions_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let o = run(&["completions", shell]);
        assert_eq!(o.status.code(), Some(0));
        let text = String::from_utf8(o.stdout).expect("text");
        for c in COMMANDS {
            assert!(text.contains(c), "{shell}: {c}");
        }
        assert!(text.contains("emit-smt"), "{shell}");
    }
    assert_eq!(run(&["completions", "dos"]).status.code(), Some(2));
}

#[test]
fn bash_takes_the_completions() {
    let o = run(&["completions", "bash"]);
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("unbarrier.bash");
    std::fs::write(&file, &o.stdout).expect("written");
    let script = format!(
        "source {}; COMP_WORDS=(unbarrier pro); COMP_CWORD=1; _unbarrier unbarrier pro unbarrier; echo \"${{COMPREPLY[*]}}\"",
        file.display()
    );
    let o = Command::new("bash")
        .args(["-c", &script])
        .output()
        .expect("bash");
    let text = String::from_utf8_lossy(&o.stdout).into_owned();
    assert!(
        text.split_whitespace().any(|w| w == "prove"),
        "{text}{}",
        String::from_utf8_lossy(&o.stderr)
    );
}

#[test]
fn manual_pages() {
    let dir = tempfile::tempdir().expect("a folder");
    let to = dir.path().join("man/man1");
    let o = run(&["man", &to.display().to_string()]);
    assert_eq!(
        o.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&o.stderr)
    );
    let first = std::fs::read_to_string(to.join("unbarrier.1")).expect("a page");
    assert!(
        first.starts_with(".ie") || first.contains(".TH unbarrier 1"),
        "{first}"
    );
    assert_eq!(
        String::from_utf8(run(&["man"]).stdout).expect("text"),
        first
    );
    for c in COMMANDS {
        let page = std::fs::read_to_string(to.join(format!("unbarrier-{c}.1"))).expect(c);
        assert!(
            page.contains(&format!("unbarrier\\-{c}")) || page.contains(&format!("unbarrier {c}")),
            "{c}: {page}"
        );
    }
    let page = std::fs::read_to_string(to.join("unbarrier-prove.1")).expect("a page");
    assert!(page.contains("threadgroup"), "{page}");
    // A folder that cannot be.
    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("written");
    assert_eq!(
        run(&["man", &file.join("x").display().to_string()])
            .status
            .code(),
        Some(2)
    );
}
