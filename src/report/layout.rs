//! The barrier-interval graph in layers, for a drawing.
//!
//! Soundness direction: none; nothing is decided here.

use std::collections::BTreeMap;

use super::graph::Graph;

/// Width of a node.
pub const WIDTH: i64 = 190;
/// Height of a node.
pub const HEIGHT: i64 = 40;
const ACROSS: i64 = 26;
const DOWN: i64 = 46;
const LANE: i64 = 16;
const MARGIN: i64 = 10;

/// A drawing: sizes in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Of the whole.
    pub width: i64,
    /// Of the whole.
    pub height: i64,
    /// Left upper corners: entry, barriers in order, exit.
    pub nodes: Vec<(i64, i64)>,
    /// In the order of the graph's edges; edges with the same ends share a path.
    pub edges: Vec<Path>,
}

/// An edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// In SVG's language.
    pub d: String,
    /// Against the order of the program: the back edge of a loop.
    pub back: bool,
    /// Where a label goes.
    pub label: (i64, i64),
}

/// Lays a graph out: nodes below what leads to them, back edges on the right, edges past a layer on the left.
pub fn of(g: &Graph) -> Layout {
    let last = g.nodes.len() + 1;
    let index: BTreeMap<&str, usize> = g
        .nodes
        .iter()
        .enumerate()
        .map(|(i, n)| (n.id.as_str(), i + 1))
        .chain([("entry", 0), ("exit", last)])
        .collect();
    let ends = |name: &String| index.get(name.as_str()).copied().unwrap_or(0);
    let edges: Vec<(usize, usize)> = g
        .edges
        .iter()
        .map(|e| (ends(&e.from), ends(&e.to)))
        .collect();
    let layer = layers(last + 1, &edges);
    let (column, widest) = columns(&layer, &edges);
    let tracks_left = lanes(&edges, &layer, |f, t| t > f && layer[t] > layer[f] + 1);
    let tracks_right = lanes(&edges, &layer, |f, t| t <= f);
    let most = |l: &BTreeMap<(usize, usize), i64>| {
        l.values().max().map_or(0, |m| (m + 1) * LANE + LANE / 2)
    };
    let left = MARGIN + most(&tracks_left);
    let inner = widest * (WIDTH + ACROSS) - ACROSS;
    let right = left + inner;
    let nodes: Vec<(i64, i64)> = (0..=last)
        .map(|i| {
            let depth = i64::try_from(layer[i]).unwrap_or(0);
            // Half columns, so that layers are centred.
            let x = left + column[i] * (WIDTH + ACROSS) / 2;
            (x, MARGIN + depth * (HEIGHT + DOWN))
        })
        .collect();
    let paths = edges
        .iter()
        .map(|&(f, t)| {
            if let Some(lane) = tracks_right.get(&(f, t)) {
                around(nodes[f], nodes[t], right + (lane + 1) * LANE, true)
            } else if let Some(lane) = tracks_left.get(&(f, t)) {
                around(nodes[f], nodes[t], left - (lane + 1) * LANE, false)
            } else {
                straight(nodes[f], nodes[t])
            }
        })
        .collect();
    let depth = i64::try_from(layer.iter().max().copied().unwrap_or(0)).unwrap_or(0);
    Layout {
        width: right + most(&tracks_right) + MARGIN,
        height: 2 * MARGIN + depth * (HEIGHT + DOWN) + HEIGHT,
        nodes,
        edges: paths,
    }
}

/// Each node one below the lowest that leads to it; the exit below all.
fn layers(n: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0; n];
    for i in 0..n {
        let above = edges.iter().filter(|(f, t)| *t == i && f < t);
        let lowest = above.map(|(f, _)| layer[*f] + 1).max();
        layer[i] = lowest.unwrap_or(usize::from(i > 0));
    }
    if let Some(below) = layer[..n - 1].iter().max().map(|m| m + 1) {
        layer[n - 1] = below;
    }
    layer
}

/// Positions in half columns, and the number of columns. In a layer, nodes are in the order of the mean of what leads to them.
fn columns(layer: &[usize], edges: &[(usize, usize)]) -> (Vec<i64>, i64) {
    let mut by: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (i, l) in layer.iter().enumerate() {
        by.entry(*l).or_default().push(i);
    }
    let widest = by.values().map(Vec::len).max().unwrap_or(1);
    let mut column = vec![0i64; layer.len()];
    for nodes in by.values_mut() {
        nodes.sort_by_key(|i| {
            let above: Vec<i64> = edges
                .iter()
                .filter(|(f, t)| t == i && f < t)
                .map(|(f, _)| column[*f])
                .collect();
            let n = i64::try_from(above.len().max(1)).unwrap_or(1);
            (above.iter().sum::<i64>() * 16 / n, *i)
        });
        let free = widest - nodes.len();
        for (k, i) in nodes.iter().enumerate() {
            column[*i] = i64::try_from(free + 2 * k).unwrap_or(0);
        }
    }
    (column, i64::try_from(widest).unwrap_or(1))
}

/// Lanes beside the nodes, the shortest edges inside, so that none runs over another.
fn lanes(
    edges: &[(usize, usize)],
    layer: &[usize],
    wanted: impl Fn(usize, usize) -> bool,
) -> BTreeMap<(usize, usize), i64> {
    let mut chosen: Vec<(usize, usize)> = edges
        .iter()
        .copied()
        .filter(|(f, t)| wanted(*f, *t))
        .collect();
    chosen.sort_by_key(|(f, t)| (layer[*f].abs_diff(layer[*t]), *f, *t));
    chosen.dedup();
    let mut taken: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut out = BTreeMap::new();
    for (f, t) in chosen {
        let span = (layer[f].min(layer[t]), layer[f].max(layer[t]));
        let free = |l: &Vec<(usize, usize)>| l.iter().all(|s| s.1 < span.0 || span.1 < s.0);
        let lane = taken.iter().position(free).unwrap_or(taken.len());
        if lane == taken.len() {
            taken.push(Vec::new());
        }
        taken[lane].push(span);
        out.insert((f, t), i64::try_from(lane).unwrap_or(0));
    }
    out
}

fn straight((fx, fy): (i64, i64), (tx, ty): (i64, i64)) -> Path {
    let (x1, y1) = (fx + WIDTH / 2, fy + HEIGHT);
    let (x2, y2) = (tx + WIDTH / 2, ty - 2);
    let bend = (y2 - y1) / 2;
    Path {
        d: format!(
            "M{x1} {y1} C{x1} {} {x2} {} {x2} {y2}",
            y1 + bend,
            y2 - bend
        ),
        back: false,
        label: ((x1 + x2) / 2 + 4, (y1 + y2) / 2 + 4),
    }
}

/// Out at the side of a node, along a lane, in at the side of the other.
fn around((fx, fy): (i64, i64), (tx, ty): (i64, i64), lane: i64, right: bool) -> Path {
    let side = if right { WIDTH } else { 0 };
    let (x1, y1) = (fx + side, fy + HEIGHT * 2 / 3);
    let (x2, y2) = (tx + side, ty + HEIGHT / 3);
    let into = if right { x2 + 2 } else { x2 - 2 };
    Path {
        d: format!(
            "M{x1} {y1} C{lane} {y1} {lane} {y1} {lane} {} L{lane} {} C{lane} {y2} {lane} {y2} {into} {y2}",
            if y1 > y2 { y1 - 8 } else { y1 + 8 },
            if y1 > y2 { y2 + 8 } else { y2 - 8 },
        ),
        back: right,
        label: (lane - 4, (y1 + y2) / 2 + 4),
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::{Edge, Node};
    use super::*;

    fn graph(n: usize, edges: &[(&str, &str)]) -> Graph {
        let node = |i: usize| Node {
            id: format!("b{i}"),
            path: None,
            line: 1,
            column: 1,
            kind: "threadgroup_barrier",
            flags: vec![],
        };
        let edge = |(from, to): &(&str, &str)| Edge {
            from: (*from).into(),
            to: (*to).into(),
            shifts: String::new(),
            accesses: vec![],
        };
        Graph {
            nodes: (0..n).map(node).collect(),
            edges: edges.iter().map(edge).collect(),
        }
    }

    /// No two nodes share a pixel, all is inside, and what comes later is lower.
    #[test]
    fn nodes_do_not_overlap() {
        let g = graph(
            4,
            &[
                ("entry", "b0"),
                ("entry", "b1"),
                ("b0", "b2"),
                ("b1", "b2"),
                ("b2", "b2"),
                ("b2", "b0"),
                ("b2", "b3"),
                ("entry", "exit"),
                ("b3", "exit"),
            ],
        );
        let l = of(&g);
        for (i, a) in l.nodes.iter().enumerate() {
            assert!(
                a.0 >= 0 && a.0 + WIDTH <= l.width && a.1 + HEIGHT <= l.height,
                "{l:?}"
            );
            for b in &l.nodes[i + 1..] {
                assert!(
                    (a.0 - b.0).abs() >= WIDTH || (a.1 - b.1).abs() >= HEIGHT,
                    "{a:?} {b:?}"
                );
            }
        }
        assert_eq!(l.nodes[1].1, l.nodes[2].1);
        assert!(l.nodes[5].1 > l.nodes[4].1);
        let back: Vec<bool> = l.edges.iter().map(|e| e.back).collect();
        assert_eq!(
            back,
            [false, false, false, false, true, true, false, false, false]
        );
        assert_ne!(l.edges[4].d, l.edges[5].d);
    }

    #[test]
    fn a_kernel_without_barriers_has_a_drawing() {
        let l = of(&graph(0, &[("entry", "exit")]));
        assert_eq!((l.nodes.len(), l.edges.len()), (2, 1));
        // A barrier that nothing leads to.
        assert_eq!(of(&graph(1, &[("entry", "exit")])).nodes.len(), 3);
    }
}
