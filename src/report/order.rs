//! What the order of atomic operations changes, and what verdicts hinge on.
//!
//! Soundness direction: none; nothing is decided here.

use schemars::JsonSchema;
use serde::Serialize;

use super::describe::element;
use crate::exec::OrderChange;
use crate::ir::Kernel;
use crate::prove::Reason;

/// What the order of atomic operations changes.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OrderReport {
    /// The element of device memory that differs: `out[3]`.
    pub element: String,
    /// Its bytes with every barrier in place, as an unsigned number.
    pub with: u64,
    /// The same without the barrier.
    pub without: u64,
}

/// What the order of atomic operations changes.
pub fn order(kernel: &Kernel, o: &OrderChange) -> OrderReport {
    let object = kernel.objects.get(o.object.index());
    OrderReport {
        element: object.map_or_else(String::new, |x| element(x, i128::from(o.offset))),
        with: o.with,
        without: o.without,
    }
}

/// What a verdict hinges on, for filters.
pub fn reason_labels(r: &Reason) -> Vec<&'static str> {
    match r {
        Reason::Atomics(..) => vec!["atomic-order"],
        Reason::Published(..) => vec!["publishes"],
        Reason::Flags(..) => vec!["flags"],
        _ => Vec::new(),
    }
}
