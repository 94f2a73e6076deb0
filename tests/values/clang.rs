//! What Clang and the stand-in for Metal's headers make of the programs of a batch.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use unbarrier::confirm::{Request, Toolchain, rewritten};

use super::program::{HEAD, INPUTS, Program, WORDS};

/// Longest time of a compilation or a run, seconds.
const LIMIT: u64 = 300;

/// Output words by the program's number, as far as the run came.
pub struct Ran {
    pub words: BTreeMap<u64, Vec<u32>>,
    /// How it ended, when not well.
    pub trouble: Option<String>,
}

/// Compiles `programs` as one file and runs each, one thread. With `only`, one block of each.
pub fn run(
    tools: &Toolchain,
    folder: &Path,
    name: &str,
    programs: &[&Program],
    only: Option<usize>,
) -> Result<Ran, String> {
    let metal = folder.join(format!("{name}.metal"));
    let mut text = HEAD.to_string();
    for p in programs {
        text.push_str(&p.text(only));
    }
    std::fs::write(&metal, text).map_err(|e| e.to_string())?;
    let request = Request {
        file: &metal,
        defines: &[],
        includes: &[],
        scalars: BTreeMap::new(),
    };
    let (mut source, _) = rewritten(tools, &request).map_err(|e| e.to_string())?;
    source.push_str(&main(programs));
    let cpp = folder.join(format!("{name}.cpp"));
    let exe = folder.join(format!("{name}.exe"));
    std::fs::write(&cpp, source).map_err(|e| e.to_string())?;
    let mut c = tools.plain_command();
    if std::env::var_os("UNBARRIER_VALUES_SANITIZE").is_some() {
        c.args([
            "-g",
            "-fsanitize=undefined,address",
            "-fno-sanitize-recover=all",
        ]);
        c.arg("-fno-sanitize=shift");
    }
    c.arg(&cpp).arg("-o").arg(&exe);
    let compiled = finish(c, &folder.join(format!("{name}.compile")))?;
    if let Some(t) = compiled.1 {
        let first: Vec<&str> = compiled.2.lines().take(12).collect();
        return Err(format!("Clang ({t}):\n{}", first.join("\n")));
    }
    let (out, trouble, errors) = finish(Command::new(&exe), &folder.join(format!("{name}.run")))?;
    let words = out.lines().filter_map(line).collect();
    let trouble = trouble.map(|t| format!("{t} {}", errors.lines().next().unwrap_or("")));
    Ok(Ran { words, trouble })
}

fn line(l: &str) -> Option<(u64, Vec<u32>)> {
    let mut w = l.split(' ');
    let n = w.next()?.parse().ok()?;
    let words: Option<Vec<u32>> = w.map(|x| u32::from_str_radix(x, 16).ok()).collect();
    words.filter(|x| x.len() == WORDS).map(|x| (n, x))
}

/// Calls every kernel with zeros in the output.
fn main(programs: &[&Program]) -> String {
    let mut s = format!(
        "\n# 1 \"main\"\nextern \"C\" int printf(const char*, ...);\nextern \"C\" int fflush(void*);\nstatic unsigned ub_out[{WORDS}];\n\
         static void ub_show(unsigned long n) {{ printf(\"%lu\", n); for (unsigned i = 0; i < {WORDS}; ++i) {{ printf(\" %x\", ub_out[i]); ub_out[i] = 0; }} printf(\"\\n\"); fflush(nullptr); }}\n\
         int main() {{\n"
    );
    for p in programs {
        let n = p.number;
        let input: Vec<String> = p.input.iter().map(|v| format!("{v}u")).collect();
        let _ = writeln!(
            s,
            " {{ static const unsigned in[{INPUTS}] = {{{}}}; k{n}(ub_out, in); ub_show({n}ul); }}",
            input.join(", ")
        );
    }
    s.push_str(" return 0;\n}\n");
    s
}

/// Output, trouble, errors.
fn finish(mut c: Command, base: &Path) -> Result<(String, Option<String>, String), String> {
    // Files take any amount without somebody who reads.
    let open =
        |end: &str| std::fs::File::create(base.with_extension(end)).map_err(|e| e.to_string());
    c.stdin(Stdio::null())
        .stdout(open("stdout")?)
        .stderr(open("stderr")?);
    let child = c.spawn().map_err(|e| e.to_string())?;
    let trouble = wait(child)?;
    let read = |end: &str| std::fs::read(base.with_extension(end)).map_err(|e| e.to_string());
    let text = |b: Vec<u8>| String::from_utf8_lossy(&b).into_owned();
    Ok((text(read("stdout")?), trouble, text(read("stderr")?)))
}

fn wait(mut child: Child) -> Result<Option<String>, String> {
    let started = Instant::now();
    loop {
        if let Some(s) = child.try_wait().map_err(|e| e.to_string())? {
            return Ok((!s.success()).then(|| s.to_string()));
        }
        if started.elapsed() > Duration::from_secs(LIMIT) {
            child.kill().map_err(|e| e.to_string())?;
            child.wait().map_err(|e| e.to_string())?;
            return Ok(Some(format!("stopped after {LIMIT} s")));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
