//! The detector against a direct reading of the definition, on random traces.

use std::collections::BTreeSet;

use super::detect::{Detector, Disabled, Executed, SiteInfo};
use super::schedule::Numbers;
use crate::ir::{AccessId, AccessKind, MemFlags, ObjectId, PathId, Space};
use crate::source::Span;

const WIDTH: u32 = 3;
const SITES: u32 = 4;

struct Logged {
    thread: u32,
    site: u32,
    kind: AccessKind,
    object: u32,
    bytes: std::ops::Range<u64>,
    passed: Vec<u32>,
    at: usize,
}

struct Met {
    at: usize,
    threads: Vec<usize>,
    flags: MemFlags,
}

type Pairs = BTreeSet<(u32, u32, u32)>;

fn flags(n: u64) -> MemFlags {
    MemFlags {
        threadgroup: n & 1 != 0,
        device: n & 2 != 0,
        ..MemFlags::default()
    }
}

/// Pairs of sites that conflict, by object, and those among them that are due to a disabled barrier.
fn by_definition(
    log: &[Logged],
    met: &[Met],
    disabled: &[Disabled],
    spaces: &[Space],
) -> [Pairs; 2] {
    let mut out = [Pairs::new(), Pairs::new()];
    for (j, b) in log.iter().enumerate() {
        for a in &log[..j] {
            let space = spaces[a.object as usize];
            let overlap = a.bytes.start < b.bytes.end && b.bytes.start < a.bytes.end;
            if a.object != b.object || a.thread == b.thread || !overlap || !a.kind.conflicts(b.kind)
            {
                continue;
            }
            let both = |m: &&Met| {
                m.threads.contains(&(a.thread as usize)) && m.threads.contains(&(b.thread as usize))
            };
            let between = |m: &&Met| a.at < m.at && m.at < b.at && m.flags.orders(space);
            if met.iter().filter(between).any(|m| both(&m)) {
                continue;
            }
            let same_simdgroup = a.thread / WIDTH == b.thread / WIDTH;
            let due = disabled.iter().enumerate().any(|(d, x)| {
                (x.group || same_simdgroup) && x.flags.orders(space) && a.passed[d] != b.passed[d]
            });
            let key = (a.object, a.site.min(b.site), a.site.max(b.site));
            out[0].insert(key);
            if due {
                out[1].insert(key);
            }
        }
    }
    out
}

fn trace(seed: u64) -> ([Pairs; 2], [Pairs; 2]) {
    let mut n = Numbers::new(seed);
    let threads = 2 + n.below(8) as u32;
    let spaces = [Space::Threadgroup, Space::Device, Space::Threadgroup];
    let disabled: Vec<Disabled> = (0..n.below(3))
        .map(|_| Disabled {
            flags: flags(n.below(4)),
            group: n.below(2) == 0,
        })
        .collect();
    let sites = (0..SITES)
        .map(|i| SiteInfo {
            id: AccessId(i),
            span: Span::default(),
            path: PathId(0),
            loops: Vec::new(),
            atomic: None,
        })
        .collect();
    let simdgroups: Vec<u32> = (0..threads).map(|t| t / WIDTH).collect();
    let mut d = Detector::new(
        &simdgroups,
        sites,
        &spaces,
        disabled.clone(),
        None,
        false,
        false,
    );
    let kinds: Vec<AccessKind> = (0..SITES)
        .map(|_| [AccessKind::Read, AccessKind::Write, AccessKind::Atomic][n.below(3) as usize])
        .collect();
    let mut live: Vec<usize> = (0..threads as usize).collect();
    let mut passed = vec![vec![0u32; disabled.len()]; threads as usize];
    let (mut log, mut met) = (Vec::new(), Vec::new());
    let (rare, objects) = (4 + n.below(30), 1 + n.below(3));
    for at in 0..(20 + n.below(150)) as usize {
        if live.is_empty() {
            break;
        }
        let t = live[n.below(live.len() as u64) as usize];
        match n.below(rare) {
            0 => {
                let f = flags(n.below(4));
                let group = n.below(2) == 0;
                let who: Vec<usize> = live
                    .iter()
                    .copied()
                    .filter(|u| group || u / WIDTH as usize == t / WIDTH as usize)
                    .collect();
                d.barrier(&who, f, group);
                met.push(Met {
                    at,
                    threads: who,
                    flags: f,
                });
            }
            1 if !disabled.is_empty() => {
                let i = n.below(disabled.len() as u64) as usize;
                passed[t][i] += 1;
                d.pass_disabled(t, i);
            }
            2 if n.below(3) == 0 => {
                live.retain(|u| *u != t);
                d.end(t);
            }
            _ => {
                let site = n.below(u64::from(SITES)) as u32;
                let object = n.below(objects) as u32;
                let (start, len) = [(0, 4), (0, 2), (2, 2), (1, 1)][n.below(4) as usize];
                let kind = kinds[site as usize];
                let x = Executed {
                    site,
                    object: ObjectId(object),
                    kind,
                    thread: t as u32,
                    other: t as u32,
                    iterations: &[],
                    approximate: false,
                };
                d.access(&x, &[(start, len)]);
                log.push(Logged {
                    thread: t as u32,
                    site,
                    kind,
                    object,
                    bytes: start..start + len,
                    passed: passed[t].clone(),
                    at,
                });
            }
        }
    }
    assert!(!d.incomplete);
    let mut found = [Pairs::new(), Pairs::new()];
    for c in d.into_conflicts() {
        let (a, b) = (c.a.access.0, c.b.access.0);
        let key = (c.object.0, a.min(b), a.max(b));
        found[0].insert(key);
        if c.due_to_disabled {
            found[1].insert(key);
        }
    }
    (found, by_definition(&log, &met, &disabled, &spaces))
}

#[test]
fn finds_exactly_what_the_definition_says() {
    let mut pairs = 0;
    for seed in 0..20_000 {
        let (found, defined) = trace(seed);
        assert_eq!(found, defined, "seed {seed}");
        pairs += defined[1].len();
    }
    assert!(pairs > 10_000, "{pairs}");
}
