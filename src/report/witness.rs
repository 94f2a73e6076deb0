//! A witness as data: who races with whom, at which launch.

use schemars::JsonSchema;
use serde::Serialize;

use super::order::OrderReport;

/// A concrete conflict.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WitnessReport {
    /// The launch that showed it in the executor, for those who run the original; no part of the JSON.
    #[serde(skip)]
    #[schemars(skip)]
    pub launch: Option<crate::exec::Launch>,
    /// Object, with the element: `tile[12]`.
    pub array: String,
    /// First byte both touch, relative to the object.
    pub byte: i128,
    /// Threadgroup size.
    pub threadgroup: [u64; 3],
    /// Position of the threadgroup in the grid.
    pub threadgroup_position: [u64; 3],
    /// Scalar parameters.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// Buffer contents it rests on: `buffer[byte] = value`.
    pub memory: Vec<String>,
    /// Both threads are in one simdgroup.
    pub same_simdgroup: bool,
    /// The two threads.
    pub threads: Vec<WitnessThread>,
    /// Whether the executor replayed it.
    pub replayed: bool,
    /// The accesses are atomic and no race, but what memory holds at the end depends on their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderReport>,
}

/// One thread of a witness.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WitnessThread {
    /// The file, when it is not the one of the report (a header).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Linear index in the threadgroup.
    pub index: u64,
    /// Position.
    pub position: [u64; 3],
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// `read`, `write`, `atomic`.
    #[schemars(extend("enum" = ["read", "write", "atomic"]))]
    pub kind: &'static str,
    /// Loop lines and iterations from 0, outermost first.
    pub iterations: Vec<WitnessIteration>,
    /// First byte.
    pub byte: i128,
    /// Bytes.
    pub width: u64,
}

/// An iteration.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WitnessIteration {
    /// The file, when it is not the one of the report (a header).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Line of the loop.
    pub line: u32,
    /// From 0.
    pub iteration: i128,
}
