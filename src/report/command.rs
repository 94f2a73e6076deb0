//! Command lines that make what is reported happen again.
//!
//! Soundness direction: none; a launch is only written down.

use std::path::PathBuf;

use super::describe::at;
use crate::ir::Kernel;
use crate::prove::Witness;
use crate::source::{SourceMap, Span};

/// The command that makes the race of a witness happen again, with the barriers of a line deleted or with all in place.
pub fn replay_command(
    map: &SourceMap,
    kernel: &Kernel,
    disabled: Option<Span>,
    w: &Witness,
) -> String {
    let [x, y, z] = w.threadgroup;
    let mut out = format!(
        "unbarrier fuzz {} --kernel {}",
        quoted(&map.file(kernel.span.file).path),
        quoted(&kernel.name)
    );
    if let Some(s) = disabled {
        out.push_str(&format!(" --disable {}", at(map, s).0));
    }
    out.push_str(&format!(" --no-launch --threadgroup {x},{y},{z}"));
    for (name, value) in &w.parameters {
        out.push_str(&format!(" --param {}", quoted(&format!("{name}={value}"))));
    }
    let Some(launch) = &w.launch else {
        return out;
    };
    if launch.group != [0; 3] {
        let [x, y, z] = launch.group;
        out.push_str(&format!(" --group {x},{y},{z}"));
    }
    if launch.zeroed {
        out.push_str(" --zero-threadgroup-memory");
    }
    if launch.kept {
        out.push_str(" --keep-device-loads");
    }
    let mut fills = launch.buffers.iter().map(|(n, b)| (n, b.fill));
    if let Some((_, first)) = fills.next() {
        out.push_str(&format!(" --fill {first}"));
        for (name, fill) in fills.filter(|f| f.1 != first) {
            out.push_str(&format!(" --fill {}", quoted(&format!("{name}={fill}"))));
        }
    }
    for (object, at, bytes) in &launch.overlays {
        let bound = kernel.objects.get(object.index());
        if let Some(o) = bound.filter(|o| o.param.is_some()) {
            let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            out.push_str(&format!(
                " --set {}",
                quoted(&format!("{}@{at}={hex}", o.name))
            ));
        }
    }
    out
}

/// What the command that replays a witness takes over from the command line of `prove`.
pub fn replay_options(
    define: &[String],
    include: &[PathBuf],
    instantiate: &[String],
    ignore_flags: bool,
    distinct_pointers: bool,
) -> String {
    let mut out = String::new();
    for i in instantiate {
        out.push_str(&format!(" --instantiate {}", quoted(i)));
    }
    for d in define {
        out.push_str(&format!(" {}", quoted(&format!("-D{d}"))));
    }
    for d in include {
        out.push_str(&format!(" {}", quoted(&format!("-I{}", d.display()))));
    }
    if ignore_flags {
        out.push_str(" --execution-barriers-order-memory");
    }
    if distinct_pointers {
        out.push_str(" --assume-distinct-pointers");
    }
    out
}

/// A word of a command line, quoted where a shell would need it.
pub fn quoted(s: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=+:,@%".contains(c);
    if !s.is_empty() && s.chars().all(plain) {
        s.to_string()
    } else {
        format!("'{}'", s.replace('\'', "'\\''"))
    }
}
