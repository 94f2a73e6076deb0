//! `unbarrier init`: a first `unbarrier.toml` from the sources that are there.
//!
//! What is written as an entry narrows proofs to launches of that size, so only an attribute of the kernel itself is; what constants suggest
//! is a comment.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::config::{self, FILE_NAME};
use super::error::{Code, Error, Result};
use super::load::{Depth, load};
use super::settings::SourceSettings;
use super::walk;
use crate::encode::launch::{MAX_THREADS, uses_dimensions};
use crate::ir::Kernel;

/// Writes the file: for the sources of a folder, read with `source`; `force` replaces one that is there. What was written, in one line.
///
/// # Errors
/// There is no folder, no source in it, or the file exists or cannot be written.
pub fn init(dir: &Path, source: &SourceSettings, force: bool) -> Result<String> {
    let target = dir.join(FILE_NAME);
    let shown = target.display();
    let request = |m: String| Error::of(Code::Request, &shown.to_string(), m);
    if !dir.is_dir() {
        return Err(request(format!("{}: is no folder", dir.display())));
    }
    // Also a link that leads nowhere is something that is there.
    if !force && target.symlink_metadata().is_ok() {
        return Err(request(format!(
            "{shown}: exists already; --force replaces it"
        )));
    }
    let mut problems = Vec::new();
    let files = walk::folder(dir, None, &mut problems);
    if let Some(p) = problems.into_iter().next() {
        return Err(p);
    }
    let (text, kernels) = document(dir, &files, source);
    config::check_text(&target, &text)
        .map_err(|e| Error::new(Code::Internal, format!("internal error: {e}")))?;
    let failed = |e: std::io::Error| {
        let message = format!("{shown}: cannot be written: {e}");
        Error::of(Code::Io, &shown.to_string(), message)
    };
    // Nothing half-written is ever there under that name.
    let mut file = tempfile::Builder::new()
        .prefix(".unbarrier")
        .tempfile_in(dir)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    if force {
        file.persist(&target).map_err(|e| failed(e.error))?;
    } else {
        file.persist_noclobber(&target)
            .map_err(|e| failed(e.error))?;
    }
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    Ok(format!(
        "{shown}: {kernels} kernel{} of {} file{}; fill in how they are launched\n",
        plural(kernels),
        files.len(),
        plural(files.len())
    ))
}

/// The text, and the number of kernels in it.
fn document(dir: &Path, files: &[PathBuf], source: &SourceSettings) -> (String, usize) {
    let mut out = String::from(HEAD);
    let list = |what: Vec<String>| {
        let all: Vec<String> = what.iter().map(|s| quoted(s)).collect();
        format!("[{}]", all.join(", "))
    };
    if source.include.is_empty() {
        out.push_str("# include = [\"include\"]\n");
    } else {
        let inside = |p: &PathBuf| relative(dir, p);
        let dirs = source.include.iter().map(inside).collect();
        out.push_str(&format!("include = {}\n", list(dirs)));
    }
    out.push_str("# Left out when a folder is analysed; patterns as in .gitignore.\n");
    out.push_str("# exclude = [\"third_party/\"]\n");
    let mut count = 0;
    for path in files {
        let name = relative(dir, path);
        let loaded = match load(path, source, Depth::Kernels) {
            Ok(l) if !l.has_errors() => l,
            Ok(l) => {
                let first = l.errors().into_iter().next().map(|e| e.message);
                out.push_str(&skipped(&name, &first.unwrap_or_default()));
                continue;
            }
            Err(e) => {
                out.push_str(&skipped(&name, &e.to_string()));
                continue;
            }
        };
        count += loaded.kernels.len();
        let hints = constants(&loaded.map.file(loaded.file).text);
        let mut by: BTreeMap<(Option<u64>, bool), Vec<&Kernel>> = BTreeMap::new();
        for k in &loaded.kernels {
            by.entry((k.max_threads, uses_dimensions(k)))
                .or_default()
                .push(k);
        }
        let alone = by.len() == 1;
        for ((max, flat), kernels) in &by {
            if alone {
                out.push_str(&entry(&name, None, kernels, (*max, *flat), &hints, source));
                continue;
            }
            for k in kernels {
                out.push_str(&entry(&name, Some(k), &[k], (*max, *flat), &hints, source));
            }
        }
    }
    (out, count)
}

const HEAD: &str = "# How the kernels of this project are launched. Written by `unbarrier init`; please fill in.
#
# A proof about a kernel is about the launches that are described here. What is left out is left open: any threadgroup
# size, any values of parameters. That is always safe, but with less known, less can be proved.
#
#   threadgroup = [x, y, z]    threads per threadgroup, as in dispatchThreadgroups(…, threadsPerThreadgroup:)
#   assume = [\"n <= 4096\"]     conditions that hold for every launch, over parameters and constants of the kernel
#   defines = [\"TILE=64\"]      macros, as -D
#
# Findings that are known and accepted:
#
#   [[accept]]
#   file = \"a.metal\"
#   finding = \"race\"
#   text = \"part of the line\"
#   reason = \"why\"

# Folders of included files, relative to this file.
";

fn skipped(name: &str, why: &str) -> String {
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("\n# Not read: {}: {}\n", comment(name), comment(&why))
}

/// One `[[kernel]]`: all kernels of a file, or one of them.
fn entry(
    file: &str,
    named: Option<&Kernel>,
    kernels: &[&Kernel],
    (max, flat_positions): (Option<u64>, bool),
    hints: &[(String, u64)],
    source: &SourceSettings,
) -> String {
    let mut out = String::from("\n");
    if named.is_none() {
        let names: Vec<String> = kernels.iter().take(8).map(|k| comment(&k.name)).collect();
        let more = match kernels.len().saturating_sub(8) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        out.push_str(&format!("# {}{more}\n", names.join(", ")));
    }
    out.push_str(&format!("[[kernel]]\nfile = {}\n", quoted(file)));
    if let Some(k) = named {
        out.push_str(&format!("name = {}\n", quoted(&k.name)));
    }
    match max.map(|n| n.min(MAX_THREADS)) {
        Some(n) if !flat_positions => out.push_str(&format!(
            "threadgroup = [{n}, 1, 1] # from max_total_threads_per_threadgroup; is it always launched with as many?\n"
        )),
        Some(n) => out.push_str(&format!(
            "# threadgroup = [x, y, z] # at most {n} threads (max_total_threads_per_threadgroup); it uses more than one dimension\n"
        )),
        None => {
            for (name, n) in hints {
                out.push_str(&format!(
                    "# threadgroup = [{n}, 1, 1] # {} is {n}: is that the size?\n",
                    comment(name)
                ));
            }
            if hints.is_empty() {
                out.push_str("# threadgroup = [256, 1, 1] # fill in\n");
            }
        }
    }
    let mut scalars: Vec<&str> = kernels
        .iter()
        .flat_map(|k| &k.scalars)
        .map(|s| s.name.as_str())
        .collect();
    scalars.sort_unstable();
    scalars.dedup();
    if !scalars.is_empty() {
        let shown: Vec<String> = scalars.iter().take(12).map(|s| comment(s)).collect();
        out.push_str(&format!(
            "# assume = [] # parameters: {}\n",
            shown.join(", ")
        ));
    }
    if !source.define.is_empty() {
        let all: Vec<String> = source.define.iter().map(|d| quoted(d)).collect();
        out.push_str(&format!("defines = [{}]\n", all.join(", ")));
    }
    out
}

/// Constants whose names say that they are a number of threads: `#define TG_SIZE 128`, `constexpr uint THREADS = 128;`.
fn constants(text: &str) -> Vec<(String, u64)> {
    let mut out: Vec<(String, u64)> = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        let (name, value) = if let Some(rest) = line.strip_prefix("#define ") {
            let mut words = rest.split_whitespace();
            match (words.next(), words.next(), words.next()) {
                (Some(n), Some(v), None) => (n, v),
                _ => continue,
            }
        } else if line.contains("constexpr") || line.starts_with("constant ") {
            let Some((left, right)) = line.split_once('=') else {
                continue;
            };
            let name = left.split_whitespace().next_back().unwrap_or("");
            (name, right.split(';').next().unwrap_or("").trim())
        } else {
            continue;
        };
        let upper = name.to_ascii_uppercase();
        let says_so = ["THREADS", "TG_SIZE", "TGSIZE", "GROUP_SIZE", "GROUPSIZE"]
            .iter()
            .any(|w| upper.contains(w));
        let number = value.trim_end_matches(['u', 'U']).parse::<u64>();
        if let (true, Ok(n)) = (says_so, number)
            && (2..=MAX_THREADS).contains(&n)
            && !out.iter().any(|(_, m)| *m == n)
        {
            out.push((name.to_string(), n));
        }
    }
    out.truncate(3);
    out
}

/// The path relative to the folder, with `/`.
fn relative(dir: &Path, path: &Path) -> String {
    let full = |p: &Path| std::fs::canonicalize(p).unwrap_or_else(|_| p.to_path_buf());
    let (dir, path) = (full(dir), full(path));
    let inside = path.strip_prefix(&dir).unwrap_or(&path);
    inside.display().to_string().replace('\\', "/")
}

fn quoted(s: &str) -> String {
    toml::Value::String(s.to_string()).to_string()
}

/// Text that may stand in a comment: TOML allows no control characters there.
fn comment(s: &str) -> String {
    s.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_that_are_numbers_of_threads() {
        let text = "#define TG_SIZE 128\n#define TILE 64\nconstant constexpr uint NUM_THREADS = 256u;\n\
                    constexpr int kThreadsPerGroup = 96; // that many\n#define THREADS (4 * 32)\nconstexpr uint MAX_THREADS = 9999;\n";
        let found = constants(text);
        let expected = [
            ("TG_SIZE", 128),
            ("NUM_THREADS", 256),
            ("kThreadsPerGroup", 96),
        ];
        assert_eq!(found, expected.map(|(n, v)| (n.to_string(), v)));
    }
}
