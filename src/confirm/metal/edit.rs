//! Source text for Metal's compiler: local includes put in place, and barriers deleted.
//!
//! Direction: exact. A call that is not found on the line is an error, never an unchanged source.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Deepest nesting of includes.
const DEEPEST: usize = 32;

/// The text of a file with its local includes in place, and line markers, so that the compiler's messages and [`delete`] know the lines.
pub fn inlined(file: &Path, folders: &[PathBuf]) -> Result<String, String> {
    let mut out = String::new();
    let mut once = BTreeSet::new();
    inline(file, folders, &mut once, &mut out, 0)?;
    Ok(out)
}

fn inline(
    file: &Path,
    folders: &[PathBuf],
    once: &mut BTreeSet<PathBuf>,
    out: &mut String,
    depth: usize,
) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!(
            "{}: includes are nested too deeply",
            file.display()
        ));
    }
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    if text.contains("#pragma once") && !once.insert(file.to_path_buf()) {
        return Ok(());
    }
    let shown = file
        .display()
        .to_string()
        .replace('\\', "/")
        .replace('"', "");
    out.push_str(&format!("#line 1 \"{shown}\"\n"));
    for (i, line) in text.lines().enumerate() {
        let wanted = line
            .trim_start()
            .strip_prefix('#')
            .map(str::trim_start)
            .and_then(|l| l.strip_prefix("include"))
            .and_then(|l| l.trim_start().strip_prefix('"'))
            .and_then(|l| l.split_once('"'))
            .map(|(name, _)| name);
        let found = wanted.and_then(|name| {
            let near = file.parent().map(|p| p.join(name));
            let all = near.into_iter().chain(folders.iter().map(|f| f.join(name)));
            all.into_iter().find(|p| p.is_file())
        });
        match found {
            Some(path) => {
                inline(&path, folders, once, out, depth + 1)?;
                out.push_str(&format!("#line {} \"{shown}\"\n", i + 2));
            }
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    Ok(())
}

const CALLS: &[&str] = &["threadgroup_barrier", "simdgroup_barrier"];

/// The text without the barrier calls on a line of a file. All on the line go; none is an error.
pub fn delete(text: &str, file: &str, line: u32) -> Result<String, String> {
    let code = without_comments(text);
    let mut out = text.to_string();
    let mut current = (String::new(), 0u32);
    let mut start = 0;
    let mut found = Vec::new();
    for l in text.split_inclusive('\n') {
        if let Some(marker) = l.strip_prefix("#line ") {
            let (n, name) = marker
                .trim_end()
                .split_once(' ')
                .unwrap_or((marker.trim_end(), ""));
            current = (
                name.trim_matches('"').to_string(),
                n.parse::<u32>().unwrap_or(1).saturating_sub(1),
            );
        } else {
            current.1 += 1;
            if current.1 == line && (current.0 == file || current.0.is_empty()) {
                found.extend(calls(&code, start, start + l.len()));
            }
        }
        start += l.len();
    }
    if found.is_empty() {
        return Err(format!("{file}:{line}: no barrier is called on this line"));
    }
    for (from, to) in found.into_iter().rev() {
        // An expression of type void, like the call; lines keep their numbers.
        let lines = out[from..to].matches('\n').count();
        out.replace_range(from..to, &format!("((void)0){}", "\n".repeat(lines)));
    }
    Ok(out)
}

/// Calls that begin in a range: from the name to the closing parenthesis.
fn calls(code: &str, from: usize, to: usize) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let part = |c: char| c.is_alphanumeric() || c == '_';
    for name in CALLS {
        for (at, _) in code[from..to].match_indices(name) {
            let start = from + at;
            let end = start + name.len();
            let whole = !code[..start].ends_with(part) && !code[end..].starts_with(part);
            let arguments = code[end..].trim_start();
            if !whole || !arguments.starts_with('(') {
                continue;
            }
            let mut depth = 0usize;
            for (i, c) in code[end..].char_indices() {
                match c {
                    '(' => depth += 1,
                    ')' => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            let qualified = code[..start].strip_suffix("metal::");
                            out.push((qualified.map_or(start, str::len), end + i + 1));
                            break;
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    out.sort_unstable();
    out
}

/// The text with comments and strings blanked, byte for byte.
fn without_comments(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut i = 0;
    while i < bytes.len() {
        let rest = &bytes[i..];
        let end = if rest.starts_with(b"//") {
            rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
        } else if rest.starts_with(b"/*") {
            let close = rest[2..].windows(2).position(|w| w == b"*/");
            close.map_or(rest.len(), |n| n + 4)
        } else {
            i += 1;
            continue;
        };
        for b in &mut out[i..i + end] {
            if *b != b'\n' {
                *b = b' ';
            }
        }
        i += end;
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_deleted_and_lines_stay() {
        let text = "#line 1 \"k.metal\"\nf();\nmetal::threadgroup_barrier(\n  mem_flags(1)); g(); // threadgroup_barrier(x)\nmy_threadgroup_barrier(1);\n";
        let out = delete(text, "k.metal", 2).expect("a call");
        assert_eq!(
            out,
            "#line 1 \"k.metal\"\nf();\n((void)0)\n; g(); // threadgroup_barrier(x)\nmy_threadgroup_barrier(1);\n"
        );
        for line in [1, 3, 4] {
            assert!(delete(text, "k.metal", line).is_err(), "{line}");
        }
        assert!(delete(text, "other.metal", 2).is_err());
    }

    #[test]
    fn local_includes_are_put_in_place() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |n: &str, t: &str| std::fs::write(dir.path().join(n), t).expect("writable");
        write(
            "a.h",
            "#pragma once\nvoid f() { simdgroup_barrier(mem_flags::mem_none); }\n",
        );
        write(
            "k.metal",
            "#include <metal_stdlib>\n#include \"a.h\"\n#include \"a.h\"\nkernel void k() { threadgroup_barrier(x); }\n",
        );
        let file = dir.path().join("k.metal");
        let text = inlined(&file, &[]).expect("readable");
        assert_eq!(text.matches("void f").count(), 1);
        let header = dir.path().join("a.h").display().to_string();
        assert!(
            !delete(&text, &header, 2)
                .expect("a call")
                .contains("simdgroup_barrier")
        );
        let own = delete(&text, &file.display().to_string(), 4).expect("a call");
        assert!(own.contains("kernel void k() { ((void)0); }"), "{own}");
    }
}
