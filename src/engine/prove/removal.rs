//! Proving that the barriers of some lines can go together.

use std::collections::BTreeSet;

use super::ProveRequest;
use crate::engine::error::{Code, Error, Result};
use crate::engine::load::Loaded;
use crate::engine::unseen;
use crate::ir::{BarrierId, Kernel};
use crate::prove::kernel::sites;
use crate::prove::{Options, removal_of};
use crate::report::describe;
use crate::report::model::RemovalReport;
use crate::source::Span;

/// The places of the barriers on the lines of `--remove`.
pub fn removal_spans(l: &Loaded, kernels: &[&Kernel], a: &ProveRequest) -> Result<BTreeSet<Span>> {
    let mut out = BTreeSet::new();
    for line in &a.remove {
        let before = out.len();
        for k in kernels {
            for s in sites(k) {
                if s.span.file == l.file && describe::at(&l.map, s.span).0 == *line {
                    out.insert(s.span);
                }
            }
        }
        if out.len() == before {
            let mut known: Vec<u32> = kernels
                .iter()
                .flat_map(|k| sites(k))
                .filter(|s| s.span.file == l.file)
                .map(|s| describe::at(&l.map, s.span).0)
                .collect();
            known.sort_unstable();
            known.dedup();
            if known.contains(line) || unseen::on_line(l, *line).is_some() {
                continue;
            }
            let known: Vec<String> = known.iter().map(u32::to_string).collect();
            let message = format!(
                "{}:{line}: no barrier on this line; the barriers are on {}",
                l.map.file(l.file).path,
                if known.is_empty() {
                    "no line".to_string()
                } else {
                    format!("line {}", known.join(", "))
                }
            );
            return Err(Error::new(Code::Request, message));
        }
    }
    Ok(out)
}

/// Why a removal is not proved in a kernel; `None` when it is.
pub fn refuse(
    l: &Loaded,
    k: &Kernel,
    options: &Options,
    remove: &BTreeSet<Span>,
    a: &ProveRequest,
) -> Option<RemovalReport> {
    let ids: BTreeSet<BarrierId> = sites(k)
        .into_iter()
        .filter(|s| remove.contains(&s.span))
        .flat_map(|s| s.instances)
        .collect();
    if ids.is_empty() {
        return None;
    }
    let v = removal_of(k, options, &ids)?;
    Some(RemovalReport {
        lines: a.remove.clone(),
        proved: false,
        reason: format!(
            "not proved in kernel {}: {}",
            k.name,
            describe::reason(&l.map, &v)
        ),
        witness: v.witness.as_ref().map(|w| describe::witness(&l.map, k, w)),
    })
}
