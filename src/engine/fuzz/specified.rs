//! The launch specification of `unbarrier.toml` as `fuzz` takes it.
//!
//! Fixed: threadgroup size, parameters, function constants and buffer sizes that it gives, and contents that are a table, zeros or the index (they make
//! the launch a valid one). Varied: the seeds of random contents (the first launch has those of the specification), what it leaves open, which
//! threadgroup of the grid runs, and the schedule. Options of the command line win, and what depends on them follows.
//!
//! Soundness direction: as for `fuzz`, every launch is one that a host could make.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::generate::Rng;
use crate::exec::{BufferSpec, Fill, Launch, ScalarValue};
use crate::ir::{Kernel, VarKind};
use crate::launch::{Number, Spec, resolve, to_launch};

/// A specification in numbers.
#[derive(Clone, Debug)]
pub struct Specified {
    /// The file that it is from.
    pub source: PathBuf,
    /// The first launch: scalars, function constants, buffers, grid.
    pub base: Launch,
    /// Buffers whose contents it leaves open.
    open: BTreeSet<String>,
    /// Threadgroups that it names; without any, all of the grid are meant.
    groups: Vec<[u32; 3]>,
    /// It names threadgroups.
    named: bool,
}

impl Specified {
    /// From the specification and the values that the command line gives. The error names the entry that is wrong.
    pub fn new(
        source: PathBuf,
        spec: &Spec,
        kernel: &Kernel,
        threadgroup: [u32; 3],
        given: &[(String, i128)],
    ) -> Result<Specified, String> {
        let shown = source.display().to_string();
        let mut spec = spec.clone();
        for (name, v) in given {
            let v = i64::try_from(*v).map_err(|_| format!("{name}={v}: more than 64 bits"))?;
            let constant = kernel
                .vars
                .iter()
                .any(|x| x.name == *name && matches!(x.kind, VarKind::FunctionConstant(_)));
            let table = if constant {
                &mut spec.constants
            } else {
                &mut spec.params
            };
            table.insert(name.clone(), Number::Int(v));
        }
        let launch = resolve(&spec, threadgroup).map_err(|e| format!("{shown}: {e}"))?;
        let first = launch.groups.first().copied().unwrap_or_default();
        let base =
            to_launch(&launch, kernel, first).map_err(|e| format!("{shown}: launch: {e}"))?;
        let open = spec
            .buffers
            .iter()
            .filter(|(_, b)| b.fill.is_none() && b.each.is_none() && b.values.is_none())
            .map(|(name, _)| name.clone())
            .collect();
        Ok(Specified {
            source,
            base,
            open,
            named: !spec.groups.is_empty(),
            groups: launch.groups,
        })
    }

    /// The value of a scalar.
    pub fn scalar(&self, name: &str) -> Option<ScalarValue> {
        self.base.scalars.get(name).copied()
    }

    /// A buffer of launch number `n`; `drawn` is what it holds where the specification does not say.
    pub fn buffer(&self, name: &str, n: u64, drawn: Fill, rng: &mut Rng) -> Option<BufferSpec> {
        let mut b = self.base.buffers.get(name)?.clone();
        if self.open.contains(name) {
            b.fill = drawn;
        } else if let (Fill::Random { seed, .. }, true) = (&mut b.fill, n > 0) {
            *seed = rng.below(1 << 32);
        }
        Some(b)
    }

    /// Which threadgroup runs in launch number `n`.
    pub fn group(&self, n: u64, rng: &mut Rng) -> [u32; 3] {
        if n == 0 {
            return self.base.group;
        }
        // Every other launch stays with those that are named, or spread evenly; then any of the grid.
        if self.named || n.is_multiple_of(2) {
            let at = rng.below(self.groups.len() as u64) as usize;
            return self.groups.get(at).copied().unwrap_or_default();
        }
        self.base.groups.map(|g| rng.below(u64::from(g)) as u32)
    }

    /// Whether a buffer holds the table of the specification.
    pub fn is_table(&self, name: &str, b: &BufferSpec) -> bool {
        let own = self.base.buffers.get(name);
        !b.bytes.is_empty() && own.is_some_and(|o| o.bytes == b.bytes)
    }
}
