//! What our front end and executor make of a program.

use std::path::PathBuf;

use unbarrier::exec::{BufferSpec, Fill, Launch, RunOptions, run};
use unbarrier::front::lower::{LowerOptions, lower_file};
use unbarrier::front::parse::parse;
use unbarrier::ir::{Kernel, ObjectId};
use unbarrier::source::{PreprocessOptions, SourceMap, preprocess};

use super::program::{HEAD, Program, WORDS};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ours {
    /// The words of the output.
    Words(Vec<u32>),
    /// The front end does not read it, and says so.
    Unsupported(String),
    /// It says something of the program that is not so: an error, an access out of bounds, a read of nothing.
    Wrong(String),
}

/// Runs a program, or one block of it.
pub fn run_program(p: &Program, only: Option<usize>) -> Ours {
    let text = format!("{HEAD}{}", p.text(only));
    let kernel = match front(&text) {
        Ok(k) => k,
        Err(e) => return e,
    };
    let bytes: Vec<u8> = p.input.iter().flat_map(|v| v.to_le_bytes()).collect();
    let buffer = |size: usize, bytes: Vec<(u64, Vec<u8>)>| BufferSpec {
        size: Some(size as u64),
        fill: Fill::Zeros,
        bytes,
    };
    let launch = Launch::new([1, 1, 1])
        .with_buffer("out", buffer(WORDS * 4, Vec::new()))
        .with_buffer("in", buffer(bytes.len(), vec![(0, bytes)]));
    let outcome = match run(&kernel, &launch, &RunOptions::default()) {
        Ok(o) => o,
        Err(e) => return Ours::Wrong(format!("launch: {e}")),
    };
    if let Some(f) = outcome.findings.first() {
        return Ours::Wrong(format!("{f:?}"));
    }
    if !outcome.completed || outcome.incomplete {
        return Ours::Wrong("did not come to its end".into());
    }
    let Some(object) = output(&kernel) else {
        return Ours::Wrong("no output".into());
    };
    let words = outcome.bytes(object, 0, WORDS * 4);
    let word = |c: &[u8]| c.iter().rev().fold(0, |a, b| a << 8 | u32::from(*b));
    Ours::Words(words.chunks(4).map(word).collect())
}

fn output(kernel: &Kernel) -> Option<ObjectId> {
    let mut all = kernel.objects.iter();
    let at = all.position(|o| o.param.is_some() && o.name == "out")?;
    Some(ObjectId(at as u32))
}

/// An error of ours in a program that Clang takes is of the same kind as `unsupported`: it is said, and nothing is claimed.
fn front(text: &str) -> Result<Kernel, Ours> {
    let mut map = SourceMap::new();
    let main = map.add_file("random.metal", PathBuf::new(), text);
    let pre = preprocess(&mut map, main, &PreprocessOptions::default());
    let parsed = parse(&pre.tokens);
    let out = lower_file(&parsed.unit, &LowerOptions::default());
    let said = |what: &str, span: Option<unbarrier::source::Span>| {
        let line = span.map_or(String::new(), |s| {
            let (line, _) = map.line_col(s.file, s.start);
            map.line_text(s.file, line).trim().to_string()
        });
        Ours::Unsupported(format!("{what} in `{line}`"))
    };
    let bad = parsed
        .diagnostics
        .iter()
        .chain(&out.diagnostics)
        .find(|d| d.is_error());
    if let Some(d) = bad {
        return Err(said(&d.message, d.primary_span()));
    }
    let Some(kernel) = out.kernels.into_iter().next() else {
        return Err(Ours::Wrong("no kernel".into()));
    };
    if let Some(u) = kernel.unsupported.first() {
        return Err(said(&u.construct, Some(u.span)));
    }
    Ok(kernel)
}
