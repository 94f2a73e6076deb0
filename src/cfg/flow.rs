//! The control-flow graph of a kernel: one node per access, barrier, loop point.
//!
//! Soundness direction: over-approximation: every path of the kernel is a path here.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::{DiGraph, NodeIndex};

use crate::ir::{AccessId, BarrierId, BranchId, Kernel, LabelId, LoopId, Stmt};
use crate::source::Span;

/// A point of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// Start.
    Entry,
    /// End of the body.
    Exit,
    /// Early end of a thread.
    Return(Span),
    /// A memory access.
    Access(AccessId),
    /// A construct that may touch anything.
    Wild(Span),
    /// A barrier.
    Barrier(BarrierId),
    /// Loop head: the test (or the start of the body when it is tested last).
    Head(LoopId),
    /// Back edge: the counter goes up by one.
    Back(LoopId),
    /// Left through the test.
    ExitByTest(LoopId),
    /// First point after the loop, however it was left.
    After(LoopId),
    /// A side of a branch: where the condition holds, or where it does not.
    Took(BranchId, bool),
    /// A join without effect.
    Join,
}

/// The graph.
#[derive(Debug)]
pub struct Flow {
    /// Nodes and edges.
    pub graph: DiGraph<Node, ()>,
    /// Start.
    pub entry: NodeIndex,
    /// Barrier nodes.
    pub barriers: BTreeMap<BarrierId, NodeIndex>,
    /// Loops around each barrier, outermost first.
    pub barrier_nests: BTreeMap<BarrierId, Vec<LoopId>>,
    depths: Vec<usize>,
    /// Loops that contain a barrier of any kind.
    pub barrier_loops: BTreeSet<LoopId>,
    /// Enclosing loops of each loop, outermost first, itself last.
    pub nests: BTreeMap<LoopId, Vec<LoopId>>,
}

struct Builder<'k> {
    kernel: &'k Kernel,
    graph: DiGraph<Node, ()>,
    breaks: BTreeMap<LoopId, NodeIndex>,
    continues: BTreeMap<LoopId, NodeIndex>,
    labels: BTreeMap<LabelId, NodeIndex>,
    barriers: BTreeMap<BarrierId, NodeIndex>,
    barrier_nests: BTreeMap<BarrierId, Vec<LoopId>>,
    depths: Vec<usize>,
    nest: Vec<LoopId>,
    nests: BTreeMap<LoopId, Vec<LoopId>>,
    barrier_loops: BTreeSet<LoopId>,
}

impl Flow {
    /// Builds the graph.
    pub fn new(kernel: &Kernel) -> Flow {
        let mut b = Builder {
            kernel,
            graph: DiGraph::new(),
            breaks: BTreeMap::new(),
            continues: BTreeMap::new(),
            labels: BTreeMap::new(),
            barriers: BTreeMap::new(),
            barrier_nests: BTreeMap::new(),
            depths: Vec::new(),
            nest: Vec::new(),
            nests: BTreeMap::new(),
            barrier_loops: BTreeSet::new(),
        };
        let entry = b.add(Node::Entry);
        let end = b.block(&b.kernel.body, Some(entry));
        let exit = b.add(Node::Exit);
        if let Some(end) = end {
            b.graph.add_edge(end, exit, ());
        }
        Flow {
            graph: b.graph,
            entry,
            barriers: b.barriers,
            barrier_nests: b.barrier_nests,
            depths: b.depths,
            barrier_loops: b.barrier_loops,
            nests: b.nests,
        }
    }

    /// Whether every early end of a thread at this place comes before the access in the text, helpers written
    /// out. Nodes are numbered in that order.
    pub fn return_precedes(&self, end: Span, access: AccessId) -> bool {
        let at = |n: &petgraph::graph::NodeIndex| self.graph[*n];
        let all = || self.graph.node_indices();
        let last = all().filter(|n| at(n) == Node::Return(end)).max();
        let first = all().filter(|n| at(n) == Node::Access(access)).min();
        matches!((last, first), (Some(r), Some(a)) if r < a)
    }

    /// Number of loops around a node (a head, back edge or test exit counts its own loop).
    pub fn depth(&self, n: NodeIndex) -> usize {
        self.depths.get(n.index()).copied().unwrap_or(0)
    }
}

impl<'k> Builder<'k> {
    fn add(&mut self, node: Node) -> NodeIndex {
        self.depths.push(self.nest.len());
        self.graph.add_node(node)
    }

    fn after(&mut self, at: NodeIndex, node: Node) -> NodeIndex {
        let n = self.add(node);
        self.graph.add_edge(at, n, ());
        n
    }

    /// Adds the statements after `at`; the point after them, or `None` when it is not reached.
    fn block(&mut self, stmts: &'k [Stmt], at: Option<NodeIndex>) -> Option<NodeIndex> {
        let mut at = at;
        for s in stmts {
            at = self.stmt(s, at?);
        }
        at
    }

    fn stmt(&mut self, s: &'k Stmt, at: NodeIndex) -> Option<NodeIndex> {
        if let Some((access, _)) = s.access() {
            return Some(self.after(at, Node::Access(access.id)));
        }
        match s {
            Stmt::Barrier(id) => {
                let n = self.after(at, Node::Barrier(*id));
                self.barriers.insert(*id, n);
                self.barrier_nests.insert(*id, self.nest.clone());
                self.barrier_loops.extend(self.nest.iter().copied());
                Some(n)
            }
            Stmt::If { id, then, els, .. } => {
                // Only where threads can part for long is it worth knowing which way they went.
                let (mut yes, mut no) = (at, at);
                if steers(then) || steers(els) {
                    yes = self.after(at, Node::Took(*id, true));
                    no = self.after(at, Node::Took(*id, false));
                }
                let a = self.block(then, Some(yes));
                let b = self.block(els, Some(no));
                self.join(a, b)
            }
            Stmt::Loop {
                id,
                header,
                cond,
                body,
                step,
                test_last,
                ..
            } => {
                self.nest.push(*id);
                self.nests.insert(*id, self.nest.clone());
                let head = self.after(at, Node::Head(*id));
                let by_test = self.add(Node::ExitByTest(*id));
                let cont = self.add(Node::Join);
                self.nest.pop();
                let out = self.add(Node::After(*id));
                self.nest.push(*id);
                self.graph.add_edge(by_test, out, ());
                self.breaks.insert(*id, out);
                self.continues.insert(*id, cont);
                let mut p = Some(head);
                if !*test_last {
                    p = self.block(header, p);
                    if let (Some(p), Some(_)) = (p, cond) {
                        self.graph.add_edge(p, by_test, ());
                    }
                }
                p = self.block(body, p);
                if let Some(p) = p {
                    self.graph.add_edge(p, cont, ());
                }
                let mut p = self.block(step, Some(cont));
                if *test_last {
                    p = self.block(header, p);
                    if let (Some(p), Some(_)) = (p, cond) {
                        self.graph.add_edge(p, by_test, ());
                    }
                }
                if let Some(p) = p {
                    let back = self.after(p, Node::Back(*id));
                    self.graph.add_edge(back, head, ());
                }
                self.nest.pop();
                let reached = cond.is_some()
                    || self
                        .graph
                        .neighbors_directed(out, petgraph::Direction::Incoming)
                        .any(|n| n != by_test);
                reached.then_some(out)
            }
            Stmt::Break(l) => {
                if let Some(&t) = self.breaks.get(l) {
                    self.graph.add_edge(at, t, ());
                }
                None
            }
            Stmt::Continue(l) => {
                if let Some(&t) = self.continues.get(l) {
                    self.graph.add_edge(at, t, ());
                }
                None
            }
            Stmt::Leave(l) => {
                if let Some(&t) = self.labels.get(l) {
                    self.graph.add_edge(at, t, ());
                }
                None
            }
            Stmt::Region { label, body } => {
                let out = self.add(Node::Join);
                self.labels.insert(*label, out);
                let end = self.block(body, Some(at));
                if let Some(end) = end {
                    self.graph.add_edge(end, out, ());
                }
                let reached = self
                    .graph
                    .neighbors_directed(out, petgraph::Direction::Incoming)
                    .next()
                    .is_some();
                reached.then_some(out)
            }
            Stmt::Return { span } => {
                self.after(at, Node::Return(*span));
                None
            }
            Stmt::Unsupported { effects, span, .. } if effects.memory || effects.control => {
                Some(self.after(at, Node::Wild(*span)))
            }
            _ => Some(at),
        }
    }

    fn join(&mut self, a: Option<NodeIndex>, b: Option<NodeIndex>) -> Option<NodeIndex> {
        match (a, b) {
            (Some(a), Some(b)) if a == b => Some(a),
            (Some(a), Some(b)) => {
                let j = self.add(Node::Join);
                self.graph.add_edge(a, j, ());
                self.graph.add_edge(b, j, ());
                Some(j)
            }
            (a, b) => a.or(b),
        }
    }
}

/// Whether a barrier or a jump is among the statements.
fn steers(stmts: &[Stmt]) -> bool {
    stmts.iter().any(|s| match s {
        Stmt::Barrier(_)
        | Stmt::Break(_)
        | Stmt::Continue(_)
        | Stmt::Leave(_)
        | Stmt::Return { .. } => true,
        Stmt::If { then, els, .. } => steers(then) || steers(els),
        Stmt::Region { body, .. } => steers(body),
        Stmt::Loop {
            header, body, step, ..
        } => steers(header) || steers(body) || steers(step),
        _ => false,
    })
}
