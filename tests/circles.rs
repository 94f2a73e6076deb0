//! Imports between files go one way, and functions are short. What is not so yet is listed; the lists may only shrink.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Groups of files that import one another, by a file of theirs: how many there are at most. A module may use what its own parent defines; that is
/// no circle.
const CIRCLES: &[(&str, usize)] = &[
    // The files of lowering see one another through their folder: an expression calls, a call lowers expressions.
    ("front::lower::ctx", 3),
    ("front::parse::dump::expr", 2),
    ("front::lower::entry", 2),
    ("source::preprocess::state", 4),
    ("ir::expr", 3),
    // Replays are decided by what decides.
    ("prove::decide", 14),
    ("exec::replay", 2),
    ("report::command", 3),
    ("coverage::head", 2),
    ("engine::confirm::compare", 3),
    ("engine::fuzz::generate", 2),
];

/// Lines of the longest function that is no single `match`.
const LONGEST: usize = 100;

/// Longer functions, and how long they may be.
const TOO_LONG: &[(&str, &str, usize)] = &[
    // One match over the IR or the syntax.
    ("src/ir/text.rs", "stmt", 162),
    ("src/exec/compile.rs", "stmt", 156),
    ("src/ir/canonical.rs", "stmt", 146),
    ("src/cfg/flow.rs", "stmt", 115),
    ("src/front/lower/stmt.rs", "stmt_inner", 111),
    ("src/exec/compile.rs", "into", 110),
    ("src/front/parse/build/expr.rs", "primary", 104),
    ("src/front/parse/dump/expr.rs", "expr", 110),
    ("src/ir/normal/rewrite.rs", "made", 111),
    ("src/analysis/eval.rs", "stmt", 101),
    // To be taken apart.
    ("src/engine/optimize/select.rs", "select", 155),
    ("src/engine/fuzz/mod.rs", "kernel", 142),
    ("src/engine/check/versions.rs", "read", 129),
    ("src/front/lower/classes/record.rs", "layout_record", 120),
    ("src/front/lower/classes/construct.rs", "construct", 125),
    ("src/exec/collective.rs", "matrix_access", 117),
    ("src/exec/collective.rs", "lane_exchange", 115),
    ("src/engine/optimize/mod.rs", "optimize", 115),
    ("src/engine/check/relative.rs", "relative", 113),
    ("src/prove/sites.rs", "verdict_of", 109),
    ("src/front/lower/jump.rs", "switch", 107),
    ("src/exec/detect.rs", "touch", 107),
    ("src/exec/detect_check.rs", "trace", 105),
    ("src/exec/machine.rs", "access", 104),
    ("src/engine/check/judge.rs", "files", 103),
];

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    for e in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = e.expect("a folder entry").path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|x| x == "rs") {
            out.push(path);
        }
    }
}

/// Sources by path, without their unit tests.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    let mut out = BTreeMap::new();
    for p in paths {
        let inside = p.strip_prefix(root).expect("below the root");
        let text = fs::read_to_string(&p).expect("readable");
        let own = text.split("#[cfg(test)]\nmod tests").next().unwrap_or("");
        out.insert(inside.display().to_string().replace('\\', "/"), own.into());
    }
    out
}

/// `src/ir/mod.rs` is `ir`.
fn module(path: &str) -> String {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    inner.trim_end_matches("/mod").replace('/', "::")
}

/// The paths of a tree of imports, without groups and names after `as`.
fn leaves(prefix: &str, tree: &str, out: &mut Vec<String>) {
    let (mut depth, mut part) = (0, String::new());
    let mut parts = Vec::new();
    for c in tree.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part);
    for p in parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty()) {
        match p.split_once('{') {
            Some((head, rest)) => {
                let inner = rest.strip_suffix('}').expect("a closed group");
                leaves(&format!("{prefix}{}", head.trim()), inner, out);
            }
            None => out.push(format!("{prefix}{}", p.split(" as ").next().unwrap_or(p))),
        }
    }
}

/// The modules of files that a file imports from; `known` are all of them.
fn imports(own: &str, text: &str, known: &BTreeSet<String>) -> BTreeSet<String> {
    let code: Vec<&str> = text
        .lines()
        .map(|l| l.split("//").next().unwrap_or(""))
        .collect();
    let code = code.join("\n");
    let mut out = BTreeSet::new();
    for (at, _) in code.match_indices("use ") {
        let before = code[..at].rsplit('\n').next().unwrap_or("");
        // What is passed on is not used.
        if !before.trim().is_empty() {
            continue;
        }
        let tree = code[at + 4..].split(';').next().unwrap_or("");
        let mut all = Vec::new();
        leaves("", tree, &mut all);
        for path in all {
            let words: Vec<&str> = path.split("::").map(str::trim).collect();
            let mut full: Vec<&str> = match words[0] {
                "crate" => Vec::new(),
                "super" | "self" => own.split("::").collect(),
                _ => continue,
            };
            for w in &words {
                match *w {
                    "super" => drop(full.pop()),
                    "crate" | "self" => {}
                    w => full.push(w),
                }
            }
            while !full.is_empty() && !known.contains(&full.join("::")) {
                full.pop();
            }
            let used = full.join("::");
            let parent = own.starts_with(&format!("{used}::"));
            if !used.is_empty() && used != own && !parent {
                out.insert(used);
            }
        }
    }
    out
}

/// What can be reached.
fn reach<'g>(from: &'g str, graph: &'g BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'g str> {
    let (mut out, mut work) = (BTreeSet::new(), vec![from]);
    while let Some(m) = work.pop() {
        for next in graph.get(m).into_iter().flatten() {
            if out.insert(next.as_str()) {
                work.push(next);
            }
        }
    }
    out
}

#[test]
fn imports_of_files_go_one_way() {
    let all = sources();
    let known: BTreeSet<String> = all.keys().map(|p| module(p)).collect();
    let graph: BTreeMap<String, BTreeSet<String>> = all
        .iter()
        .map(|(p, t)| (module(p), imports(&module(p), t, &known)))
        .collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> = graph
        .keys()
        .map(|m| (m.as_str(), reach(m, &graph)))
        .collect();
    let mut wrong = Vec::new();
    let mut met = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for m in graph.keys() {
        let m = m.as_str();
        if !reached[m].contains(m) || !seen.insert(m) {
            continue;
        }
        let circle: Vec<&str> = graph
            .keys()
            .map(String::as_str)
            .filter(|x| reached[m].contains(x) && reached[x].contains(m))
            .collect();
        seen.extend(circle.iter());
        match CIRCLES.iter().find(|(name, _)| circle.contains(name)) {
            Some((name, most)) if circle.len() <= *most => {
                met.insert(*name);
                if circle.len() < *most {
                    wrong.push(format!(
                        "{name}: {} files now; lower the limit",
                        circle.len()
                    ));
                }
            }
            _ => wrong.push(format!(
                "a circle of {} files: {}",
                circle.len(),
                circle.join(", ")
            )),
        }
    }
    let gone = CIRCLES.iter().filter(|c| !met.contains(c.0));
    wrong.extend(gone.map(|c| format!("{}: in no circle of the list; take it off", c.0)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Functions with their numbers of lines.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let inner = line.trim_start();
        let indent = &line[..line.len() - inner.len()];
        let Some(at) = inner.find("fn ") else {
            continue;
        };
        let head = &inner[..at];
        let is_head = head.split_whitespace().all(|w| {
            w.starts_with("pub") || ["const", "unsafe", "in"].contains(&w) || w.ends_with(')')
        });
        if !is_head || inner.ends_with(';') {
            continue;
        }
        let name: String = inner[at + 3..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        let end = format!("{indent}}}");
        if let Some(n) = lines[i..].iter().position(|l| *l == end) {
            out.push((name, n + 1));
        }
    }
    out
}

#[test]
fn functions_are_short() {
    let mut wrong = Vec::new();
    let mut met = BTreeSet::new();
    for (path, text) in sources() {
        for (name, lines) in functions(&text) {
            let listed = TOO_LONG.iter().find(|t| t.0 == path && t.1 == name);
            match listed {
                Some(t) if lines > LONGEST => {
                    met.insert((t.0, t.1));
                    if lines > t.2 {
                        wrong.push(format!(
                            "{path}: {name} has {lines} lines; it is to shrink from {}",
                            t.2
                        ));
                    }
                }
                None if lines > LONGEST => {
                    wrong.push(format!(
                        "{path}: {name} has {lines} lines; at most {LONGEST}"
                    ));
                }
                _ => {}
            }
        }
    }
    let gone = TOO_LONG.iter().filter(|t| !met.contains(&(t.0, t.1)));
    wrong.extend(gone.map(|t| format!("{}: {}: short enough now; take it off the list", t.0, t.1)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn functions_and_imports_are_found() {
    let f = functions(
        "pub fn a() {\n    x\n}\nimpl B {\n    pub(super) fn c(\n        &self,\n    ) {\n    }\n}\n",
    );
    assert_eq!(f, [("a".to_string(), 3), ("c".to_string(), 4)]);
    let known = ["a", "a::b", "c"].map(String::from).into();
    let used = imports(
        "a::b",
        "use super::X;\nuse crate::c::{self, d::{E, F as G}};\npub use crate::a::b::H;\nuse std::fmt;\n",
        &known,
    );
    assert_eq!(used, BTreeSet::from(["c".to_string()]));
}
