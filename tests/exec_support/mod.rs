//! Loads a case of `tests/cases/exec` for the executor's tests.

#![allow(dead_code)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use unbarrier::front::lower::{LowerOptions, lower_file};
use unbarrier::front::parse::parse;
use unbarrier::ir::{BarrierId, Kernel};
use unbarrier::source::{PreprocessOptions, SourceMap, Span, preprocess};

/// A lowered file.
pub struct Case {
    /// Sources.
    pub map: SourceMap,
    /// Kernels in order.
    pub kernels: Vec<Kernel>,
}

impl Case {
    /// From text.
    pub fn text(text: &str) -> Case {
        let mut map = SourceMap::new();
        let main = map.add_file("case.metal", PathBuf::new(), text);
        let pre = preprocess(&mut map, main, &PreprocessOptions::default());
        let unit = parse(&pre.tokens).unit;
        let out = lower_file(&unit, &LowerOptions::default());
        for k in &out.kernels {
            assert!(k.unsupported.is_empty(), "{}: {:?}", k.name, k.unsupported);
        }
        Case {
            map,
            kernels: out.kernels,
        }
    }

    /// From `tests/cases/exec/<name>.metal`.
    pub fn load(name: &str) -> Case {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/cases/exec")
            .join(name)
            .with_extension("metal");
        Case::text(&std::fs::read_to_string(path).expect("the case is there"))
    }

    /// A kernel by name.
    pub fn kernel(&self, name: &str) -> &Kernel {
        self.kernels
            .iter()
            .find(|k| k.name == name)
            .unwrap_or_else(|| panic!("no kernel {name}"))
    }

    /// The source line of a span.
    pub fn line(&self, span: Span) -> &str {
        let (line, _) = self.map.line_col(span.file, span.start);
        self.map.line_text(span.file, line).trim()
    }

    /// Barriers whose line ends with `// <mark>`.
    pub fn marked(&self, kernel: &Kernel, mark: &str) -> BTreeSet<BarrierId> {
        let tail = format!("// {mark}");
        let found: BTreeSet<BarrierId> = kernel
            .barriers
            .iter()
            .enumerate()
            .filter(|(_, b)| self.line(b.span).ends_with(&tail))
            .map(|(i, _)| BarrierId(i as u32))
            .collect();
        assert!(!found.is_empty(), "no barrier is marked {mark}");
        found
    }
}
