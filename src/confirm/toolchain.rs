//! The compiler, and what of the harness does not depend on the kernel: headers and the compiled runtime.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::child;
use super::error::ConfirmError;

/// Who looks for races.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detector {
    /// Our own runtime: fibers, conflicts per barrier interval.
    Fibers,
    /// Real threads and the ThreadSanitizer that comes with Clang.
    Tsan,
}

/// A Clang that works.
#[derive(Debug)]
pub struct Toolchain {
    clang: PathBuf,
    /// The first line of `clang --version`.
    pub version: String,
    folder: TempDir,
    half: Vec<&'static str>,
    runtime: PathBuf,
    detector: Detector,
}

const FILES: &[(&str, &str)] = &[
    ("ub_types.h", include_str!("standin/types.h")),
    ("ub_functions.h", include_str!("standin/functions.h")),
    ("ub_runtime.h", include_str!("standin/runtime.h")),
    ("ub_collective.h", include_str!("standin/collective.h")),
    ("ub_host.h", include_str!("standin/host.h")),
    ("ub_detect.h", include_str!("standin/detect.h")),
    ("ub_meet.h", include_str!("standin/meet.h")),
    ("ub_buffers.h", include_str!("standin/buffers.h")),
    ("fibers.cpp", include_str!("standin/fibers.cpp")),
    ("threads.cpp", include_str!("standin/threads.cpp")),
];

/// Headers of Metal, as kernels include them. What they declare is always there.
const METAL_HEADERS: &[&str] = &[
    "metal_stdlib",
    "metal_common",
    "metal_math",
    "metal_integer",
    "metal_relational",
    "metal_geometric",
    "metal_matrix",
    "metal_atomic",
    "metal_compute",
    "metal_simdgroup",
    "metal_simdgroup_matrix",
    "metal_quadgroup",
    "metal_pack",
    "metal_types",
    "metal_limits",
    "metal_numeric",
    "metal_type_traits",
    "metal_config",
    "metal_uniform",
    "metal_array",
    "metal_extended_vector",
    "simd/simd.h",
];

/// Longest time that one compilation may take.
pub const COMPILE_SECONDS: u64 = 120;

impl Toolchain {
    /// Finds Clang (in the variable `CLANG`, else `clang++` on PATH), writes the headers to a temporary folder and compiles the runtime.
    pub fn find(detector: Detector) -> Result<Toolchain, ConfirmError> {
        let given = std::env::var_os("CLANG").filter(|v| !v.is_empty());
        let clang = PathBuf::from(given.unwrap_or_else(|| "clang++".into()));
        let version = version(&clang)?;
        let folder = tempfile::Builder::new()
            .prefix("unbarrier-")
            .tempdir()
            .map_err(ConfirmError::io("a temporary folder"))?;
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(ConfirmError::io(name))?;
            }
            std::fs::write(&path, text).map_err(ConfirmError::io(name))
        };
        for (name, text) in FILES {
            write(&format!("include/{name}"), text)?;
        }
        write("include/ub_swizzles.h", &swizzles())?;
        for name in METAL_HEADERS {
            write(&format!("metal/{name}"), "")?;
        }
        let mut t = Toolchain {
            clang,
            version,
            runtime: folder.path().join("runtime.o"),
            folder,
            half: Vec::new(),
            detector,
        };
        t.half = t.half_flags()?;
        t.compile_runtime()?;
        Ok(t)
    }

    /// Which runtime programs are linked with.
    pub fn detector(&self) -> Detector {
        self.detector
    }

    /// A folder for files of one build.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Copies the stand-in for Metal's headers into a folder.
    pub fn write_headers(&self, to: &Path) -> Result<(), ConfirmError> {
        std::fs::create_dir_all(to).map_err(ConfirmError::io(to.display().to_string()))?;
        let headers = FILES
            .iter()
            .map(|(name, text)| (*name, (*text).to_string()));
        let all = headers.chain([("ub_swizzles.h", swizzles())]);
        for (name, text) in all.filter(|(name, _)| name.ends_with(".h")) {
            let path = to.join(name);
            std::fs::write(&path, text).map_err(ConfirmError::io(path.display().to_string()))?;
        }
        Ok(())
    }

    /// The compiler with nothing but a language.
    pub(super) fn command(&self) -> Command {
        let mut c = Command::new(&self.clang);
        c.args(["-x", "c++", "-std=c++17", "-fno-color-diagnostics"]);
        c
    }

    /// The compiler for a kernel's file.
    pub(super) fn kernel_command(&self) -> Command {
        let mut c = self.command();
        c.args(["-O0", "-gline-tables-only", "-fdebug-compilation-dir=."])
            .args(["-fsanitize=thread", "-fno-exceptions", "-fno-rtti"])
            .args(["-mllvm", "-tsan-instrument-read-before-write"])
            .args(["-mllvm", "-tsan-instrument-func-entry-exit=0"])
            .args([
                "-fno-threadsafe-statics",
                "-fsigned-char",
                "-ffp-contract=off",
            ])
            .args(["-nostdinc", "-nostdinc++", "-w", "-fno-caret-diagnostics"])
            .args(&self.half)
            .arg("-I")
            .arg(self.folder.path().join("include"))
            .args(["-include", "ub_collective.h"]);
        if cfg!(not(target_os = "macos")) {
            c.arg("-fno-pie");
        }
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("f16c") {
            c.arg("-mf16c");
        }
        c
    }

    /// The compiler without a language and without any header, for what is only read.
    pub(super) fn syntax_command(&self) -> Command {
        let mut c = Command::new(&self.clang);
        c.args(["-std=c++17", "-fno-color-diagnostics", "-fno-exceptions"])
            .args(["-fno-rtti", "-fwrapv", "-fsigned-char", "-ffp-contract=off"])
            .args(["-nostdinc", "-nostdinc++", "-w", "-fno-caret-diagnostics"])
            .args(&self.half)
            .arg("-I")
            .arg(self.folder.path().join("include"));
        c
    }

    /// The compiler for text that [`super::rewritten`] gave when only values matter: no instrumentation, no runtime, signed integers wrap.
    pub fn plain_command(&self) -> Command {
        let mut c = self.command();
        c.args(["-O0", "-fno-exceptions", "-fno-rtti", "-fwrapv"])
            .args(["-fsigned-char", "-ffp-contract=off"])
            .args(["-nostdinc", "-nostdinc++", "-w", "-fno-caret-diagnostics"])
            .args(&self.half)
            .arg("-I")
            .arg(self.folder.path().join("include"))
            .args(["-include", "ub_collective.h"]);
        c
    }

    /// The preprocessor as Metal's compiler would run it: none of the host's names and headers.
    pub(super) fn preprocess_command(&self) -> Command {
        let mut c = self.command();
        c.args(["-E", "-undef", "-nostdinc", "-nostdinc++", "-w"])
            .args([
                "-D__METAL__=1",
                "-D__METAL_VERSION__=320",
                "-D__METAL_MACOS__=1",
            ])
            .args([
                "-D__cplusplus=201703L",
                "-D__HAVE_BFLOAT__=1",
                "-D__APPLE__=1",
            ])
            .args(["-D__HAVE_SIMDGROUP_MATRIX__=1", "-D__HAVE_ATOMIC_FLOAT__=1"])
            .arg("-isystem")
            .arg(self.folder.path().join("metal"));
        c
    }

    /// Links a kernel's object with the runtime.
    pub(super) fn link(&self, object: &Path, to: &Path) -> Result<(), ConfirmError> {
        let mut c = Command::new(&self.clang);
        c.arg(object)
            .arg(&self.runtime)
            .arg("-o")
            .arg(to)
            .arg("-lm");
        if cfg!(not(target_os = "macos")) {
            c.arg("-no-pie");
        }
        if self.detector == Detector::Tsan {
            c.args(["-fsanitize=thread", "-pthread"]);
        }
        compile(c).map(|_| ())
    }

    /// What makes `half` a type with arithmetic of its own, where `_Float16` is not there.
    fn half_flags(&self) -> Result<Vec<&'static str>, ConfirmError> {
        let mut c = self.command();
        c.args(["-E", "-dM", "-"]);
        let done = child::run(c, b"", Duration::from_secs(COMPILE_SECONDS))
            .map_err(ConfirmError::io("clang"))?;
        if done.stdout.contains("__FLT16_MANT_DIG__") {
            return Ok(Vec::new());
        }
        Ok(vec![
            "-Xclang",
            "-fnative-half-type",
            "-Xclang",
            "-fallow-half-arguments-and-returns",
        ])
    }

    fn compile_runtime(&self) -> Result<(), ConfirmError> {
        let include = self.folder.path().join("include");
        let mut c = self.command();
        let source = match self.detector {
            Detector::Fibers => "fibers.cpp",
            Detector::Tsan => "threads.cpp",
        };
        c.args(["-O1", "-fno-exceptions", "-fno-builtin", "-w", "-I"])
            .arg(&include)
            .arg("-c")
            .arg(include.join(source))
            .arg("-o")
            .arg(&self.runtime);
        if cfg!(not(target_os = "macos")) {
            c.arg("-fno-pie");
        }
        compile(c).map(|_| ())
    }
}

/// Runs a compiler over parts of the harness.
fn compile(c: Command) -> Result<String, ConfirmError> {
    let done = child::run(c, b"", Duration::from_secs(COMPILE_SECONDS))
        .map_err(ConfirmError::io("clang"))?;
    match done.status {
        None => Err(ConfirmError::CompileTime {
            seconds: COMPILE_SECONDS,
        }),
        Some(s) if s.success() => Ok(done.stdout),
        Some(_) => Err(ConfirmError::Runtime(done.stderr)),
    }
}

fn version(clang: &Path) -> Result<String, ConfirmError> {
    let mut c = Command::new(clang);
    c.arg("--version");
    let done = child::run(c, b"", Duration::from_secs(COMPILE_SECONDS)).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            ConfirmError::NoClang {
                tried: clang.display().to_string(),
            }
        } else {
            ConfirmError::Io {
                what: clang.display().to_string(),
                error,
            }
        }
    })?;
    let first = done.stdout.lines().next().unwrap_or("").to_string();
    let number = first
        .split("clang version ")
        .nth(1)
        .and_then(|v| v.split('.').next())
        .and_then(|v| v.trim().parse::<u32>().ok());
    match number {
        Some(n) if n >= 14 => Ok(first),
        _ => Err(ConfirmError::WrongClang {
            path: clang.to_path_buf(),
            says: first,
        }),
    }
}

/// The vector classes: components under both sets of names, and every order of two to four of them.
fn swizzles() -> String {
    let mut out = String::new();
    for n in 2..=4usize {
        let align = if n == 3 { 4 } else { n };
        out.push_str(&format!(
            "template <class T> struct alignas({align} * sizeof(T)) vec<T, {n}> {{\n union {{\n  T d[{n}];\n"
        ));
        for names in ["xyzw", "rgba"] {
            let letters: Vec<String> = names[..n].chars().map(String::from).collect();
            out.push_str(&format!("  struct {{ T {}; }};\n", letters.join(", ")));
            for k in 2..=4u32 {
                for c in 0..n.pow(k) {
                    let order: Vec<usize> = (0..k).map(|i| c / n.pow(i) % n).collect();
                    let name: String = order.iter().map(|&i| letters[i].as_str()).collect();
                    let list: Vec<String> = order.iter().map(usize::to_string).collect();
                    out.push_str(&format!("  UB_S({n}, {name}, {})\n", list.join(", ")));
                }
            }
        }
        out.push_str(&format!(" }};\n UB_VEC_BODY({n})\n}};\n"));
    }
    out
}
