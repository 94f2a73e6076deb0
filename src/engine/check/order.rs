//! Barriers and shared accesses of a kernel in the order of the source, to tell what changed where statements changed, too.
//!
//! Only for reports and for the choice of what to judge: nothing is proved from it.

use crate::ir::matching::{Stretch, stretches};
use crate::ir::{AccessKind, BarrierId, BarrierScope, Kernel, MemFlags, Space, Stmt};

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Item {
    Open,
    Close,
    Barrier(BarrierScope, MemFlags),
    Access(AccessKind, String),
}

/// The difference of two kernels.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// Barriers that only the old version has at their place among accesses and brackets.
    pub old: Vec<BarrierId>,
    /// Barriers that only the new version has.
    pub new: Vec<BarrierId>,
    /// Accesses to shared memory, or the nesting of statements, differ.
    pub accesses: bool,
}

/// Compares two kernels.
pub fn difference(old: &Kernel, new: &Kernel) -> Difference {
    let (a, b) = (items(old), items(new));
    let keys = |v: &[(Item, Option<BarrierId>)]| -> Vec<Item> {
        v.iter().map(|(i, _)| i.clone()).collect()
    };
    let mut out = Difference::default();
    for Stretch {
        equal,
        old: o,
        new: n,
    } in stretches(&keys(&a), &keys(&b))
    {
        if equal {
            continue;
        }
        let gone = a.get(o).unwrap_or_default();
        let come = b.get(n).unwrap_or_default();
        out.old.extend(gone.iter().filter_map(|x| x.1));
        out.new.extend(come.iter().filter_map(|x| x.1));
        out.accesses |= gone.iter().chain(come).any(|x| x.1.is_none());
    }
    out
}

fn items(k: &Kernel) -> Vec<(Item, Option<BarrierId>)> {
    let mut out = Vec::new();
    block(k, &k.body, &mut out);
    out
}

fn block(k: &Kernel, list: &[Stmt], out: &mut Vec<(Item, Option<BarrierId>)>) {
    for s in list {
        if let Some((access, kind)) = s.access()
            && let Some(o) = k.objects.get(access.object.index())
            && matches!(o.space, Space::Threadgroup | Space::Device)
        {
            out.push((Item::Access(kind, o.name.clone()), None));
        }
        let mut inside = |parts: &[&[Stmt]]| {
            let before = out.len();
            out.push((Item::Open, None));
            for p in parts {
                block(k, p, out);
            }
            if out.len() == before + 1 {
                out.pop();
            } else {
                out.push((Item::Close, None));
            }
        };
        match s {
            Stmt::Barrier(id) => {
                if let Some(b) = k.barriers.get(id.index()) {
                    out.push((Item::Barrier(b.scope, b.flags), Some(*id)));
                }
            }
            Stmt::If { then, els, .. } => {
                inside(&[then]);
                inside(&[els]);
            }
            Stmt::Loop {
                header, body, step, ..
            } => inside(&[header, body, step]),
            // Not a bracket of the source: an inlined call.
            Stmt::Region { body, .. } => block(k, body, out),
            _ => {}
        }
    }
}
