//! One kernel with the barriers of two.
//!
//! Two versions of a kernel that differ only in barriers (equal [`super::canonical`] forms) are laid over each other: the result
//! has the statements of the new version and the barriers of both. Deleting what only the old version has gives the new
//! one, deleting what only the new one has gives the old, so that a change of barriers is a removal from the union.
//!
//! Between two statements the barriers of both versions are matched as longest common subsequences of (scope, flags);
//! those of a changed scope or other flags stand side by side. Soundness direction: exact.

use std::collections::BTreeSet;

use super::kernel::{Barrier, BarrierId, BarrierScope, CallPath, Kernel, LoopId, MemFlags, PathId};
use super::matching::{Stretch, stretches};
use super::stmt::Stmt;
use crate::source::{ExpansionId, FileId, Span};

/// Two versions in one.
#[derive(Clone, Debug)]
pub struct Union {
    /// The statements of the new version with the barriers of both. Places of old barriers have the number of files
    /// of the new version added to their file.
    pub kernel: Kernel,
    /// Barriers that only the old version has.
    pub old_only: BTreeSet<BarrierId>,
    /// Barriers that only the new version has.
    pub new_only: BTreeSet<BarrierId>,
    /// For each barrier of the union: its number in the old version and in the new one.
    pub origin: Vec<(Option<BarrierId>, Option<BarrierId>)>,
    /// Runs of neighbouring barriers (no statement between them) in which the versions differ.
    pub runs: Vec<Run>,
}

/// Neighbouring barriers that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Only in the old version, in order.
    pub old: Vec<BarrierId>,
    /// Only in the new version, in order.
    pub new: Vec<BarrierId>,
}

/// Lays two versions with equal canonical forms over each other; `files` is the number of files of the new version's source map.
/// `None` when the statements do not correspond after all.
pub fn unite(old: &Kernel, new: &Kernel, files: u32) -> Option<Union> {
    let mut u = Uniter {
        old,
        new,
        files,
        nest: Vec::new(),
        barriers: Vec::new(),
        paths: new.paths.clone(),
        old_only: BTreeSet::new(),
        new_only: BTreeSet::new(),
        origin: Vec::new(),
        runs: Vec::new(),
    };
    let body = u.block(&old.body, &new.body)?;
    let mut kernel = new.clone();
    kernel.body = body;
    kernel.barriers = u.barriers;
    kernel.paths = u.paths;
    Some(Union {
        kernel,
        old_only: u.old_only,
        new_only: u.new_only,
        origin: u.origin,
        runs: u.runs,
    })
}

struct Uniter<'k> {
    old: &'k Kernel,
    new: &'k Kernel,
    files: u32,
    /// Loops of the new version around the current statement.
    nest: Vec<LoopId>,
    barriers: Vec<Barrier>,
    paths: Vec<CallPath>,
    old_only: BTreeSet<BarrierId>,
    new_only: BTreeSet<BarrierId>,
    origin: Vec<(Option<BarrierId>, Option<BarrierId>)>,
    runs: Vec<Run>,
}

/// A list of statements as barriers and what is between them.
fn split(list: &[Stmt]) -> (Vec<&Stmt>, Vec<Vec<BarrierId>>) {
    let mut rest = Vec::new();
    let mut runs = vec![Vec::new()];
    for s in list {
        match s {
            Stmt::Barrier(b) => {
                if let Some(run) = runs.last_mut() {
                    run.push(*b);
                }
            }
            other => {
                rest.push(other);
                runs.push(Vec::new());
            }
        }
    }
    (rest, runs)
}

type Key = (BarrierScope, MemFlags);

impl Uniter<'_> {
    fn block(&mut self, old: &[Stmt], new: &[Stmt]) -> Option<Vec<Stmt>> {
        let (a, a_runs) = split(old);
        let (b, b_runs) = split(new);
        if a.len() != b.len() {
            return None;
        }
        let mut out = Vec::new();
        for (i, (ra, rb)) in a_runs.iter().zip(&b_runs).enumerate() {
            self.run(ra, rb, &mut out)?;
            if let (Some(x), Some(y)) = (a.get(i), b.get(i)) {
                out.push(self.stmt(x, y)?);
            }
        }
        Some(out)
    }

    fn stmt(&mut self, old: &Stmt, new: &Stmt) -> Option<Stmt> {
        Some(match (old, new) {
            (
                Stmt::If {
                    then: t0, els: e0, ..
                },
                Stmt::If {
                    id,
                    cond,
                    then,
                    els,
                    span,
                },
            ) => Stmt::If {
                id: *id,
                cond: cond.clone(),
                then: self.block(t0, then)?,
                els: self.block(e0, els)?,
                span: *span,
            },
            (
                Stmt::Loop {
                    header: h0,
                    body: b0,
                    step: s0,
                    ..
                },
                Stmt::Loop {
                    id,
                    header,
                    cond,
                    body,
                    step,
                    test_last,
                    span,
                },
            ) => {
                self.nest.push(*id);
                let header = self.block(h0, header)?;
                let body = self.block(b0, body)?;
                let step = self.block(s0, step)?;
                self.nest.pop();
                Stmt::Loop {
                    id: *id,
                    header,
                    cond: cond.clone(),
                    body,
                    step,
                    test_last: *test_last,
                    span: *span,
                }
            }
            (Stmt::Region { body: b0, .. }, Stmt::Region { label, body }) => Stmt::Region {
                label: *label,
                body: self.block(b0, body)?,
            },
            (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => b.clone(),
            _ => return None,
        })
    }

    /// Barriers between two statements.
    fn run(&mut self, old: &[BarrierId], new: &[BarrierId], out: &mut Vec<Stmt>) -> Option<()> {
        let a: Vec<Key> = keys(self.old, old)?;
        let b: Vec<Key> = keys(self.new, new)?;
        let mut run = Run {
            old: Vec::new(),
            new: Vec::new(),
        };
        for Stretch {
            equal,
            old: o,
            new: n,
        } in stretches(&a, &b)
        {
            if equal {
                for (x, y) in old.get(o)?.iter().zip(new.get(n)?) {
                    self.add(
                        self.new.barriers.get(y.index())?.clone(),
                        (Some(*x), Some(*y)),
                        out,
                    );
                }
                continue;
            }
            for id in old.get(o)? {
                let b = self.moved_in(self.old.barriers.get(id.index())?);
                let id = self.add(b, (Some(*id), None), out);
                self.old_only.insert(id);
                run.old.push(id);
            }
            for id in new.get(n)? {
                let b = self.new.barriers.get(id.index())?.clone();
                let id = self.add(b, (None, Some(*id)), out);
                self.new_only.insert(id);
                run.new.push(id);
            }
        }
        if !run.old.is_empty() || !run.new.is_empty() {
            self.runs.push(run);
        }
        Some(())
    }

    fn add(
        &mut self,
        mut b: Barrier,
        origin: (Option<BarrierId>, Option<BarrierId>),
        out: &mut Vec<Stmt>,
    ) -> BarrierId {
        self.origin.push(origin);
        let id = BarrierId(u32::try_from(self.barriers.len()).unwrap_or(u32::MAX));
        b.loops = self.nest.clone();
        self.barriers.push(b);
        out.push(Stmt::Barrier(id));
        id
    }

    /// A barrier of the old version, with places and call path that fit the union.
    fn moved_in(&mut self, b: &Barrier) -> Barrier {
        let mut path = self.old.paths.get(b.path.index()).cloned();
        for f in path.iter_mut().flat_map(|p| &mut p.frames) {
            f.call = self.elsewhere(f.call);
        }
        let path = match path {
            Some(p) if !p.frames.is_empty() => {
                self.paths.push(p);
                PathId(u32::try_from(self.paths.len() - 1).unwrap_or(0))
            }
            _ => PathId(0),
        };
        Barrier {
            span: self.elsewhere(b.span),
            path,
            ..b.clone()
        }
    }

    fn elsewhere(&self, s: Span) -> Span {
        Span {
            file: FileId(s.file.0.saturating_add(self.files)),
            expansion: ExpansionId::NONE,
            ..s
        }
    }
}

fn keys(k: &Kernel, ids: &[BarrierId]) -> Option<Vec<Key>> {
    ids.iter()
        .map(|b| k.barriers.get(b.index()).map(|b| (b.scope, b.flags)))
        .collect()
}
