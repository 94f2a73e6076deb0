//! The launch contract and the identity of a symbolic thread.
//!
//! Soundness direction: exact for the launches the contract admits; sizes not fixed by the
//! contract are symbolic. Source: MSL specification 5.2.3.6 (thread position built-ins).

use super::logic::{BoolId, Interval, Lin, Logic};
use crate::ir::{Builtin, Kernel, VarKind};
use crate::models::DEVICE;

/// Most threads a threadgroup can have on Apple GPUs (Metal feature set tables).
pub const MAX_THREADS: u64 = DEVICE.max_threads;

const AXES: [&str; 3] = ["x", "y", "z"];

/// What is known of the launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Threadgroup size; `None` is any size up to `max_threads`.
    pub threadgroup: Option<[u64; 3]>,
    /// Upper bound on the number of threads when the size is open.
    pub max_threads: u64,
    /// Lower bound on the number of threads when the size is open.
    pub min_threads: u64,
    /// Threads per simdgroup.
    pub simd_width: u64,
    /// No access leaves its object (`--assume-in-bounds`).
    pub in_bounds: bool,
}

impl Contract {
    /// The default contract of a kernel: `--threadgroup`, else the kernel's own attribute as an
    /// upper bound, else anything up to [`MAX_THREADS`].
    pub fn new(kernel: &Kernel, threadgroup: Option<[u64; 3]>) -> Contract {
        Contract {
            threadgroup,
            max_threads: kernel
                .max_threads
                .map_or(MAX_THREADS, |n| n.clamp(1, MAX_THREADS)),
            min_threads: 1,
            simd_width: DEVICE.simd_width.into(),
            in_bounds: false,
        }
    }

    /// Number of threads, when fixed.
    pub fn threads(&self) -> Option<u64> {
        self.threadgroup.map(|[x, y, z]| x * y * z)
    }
}

/// The symbolic identity of one thread.
#[derive(Clone, Debug)]
pub struct ThreadVars {
    /// Position.
    pub pos: [Lin; 3],
    /// Linear index.
    pub index: Lin,
    /// Simdgroup.
    pub simdgroup: Lin,
    /// Lane.
    pub lane: Lin,
}

/// Launch-wide symbols.
#[derive(Clone, Debug)]
pub struct LaunchVars {
    /// Threadgroup size.
    pub size: [Lin; 3],
    /// Number of threads.
    pub count: Lin,
    /// Threadgroup position.
    pub group: [Lin; 3],
    /// First thread position of the threadgroup in the grid.
    pub base: [Lin; 3],
    /// Size of a threadgroup that is not at the edge of the grid, per axis.
    pub dispatch: [Lin; 3],
    /// That the threadgroup is of that size; `None` when it is anyway, or makes no difference.
    pub even: Option<BoolId>,
    /// Constraints between them.
    pub constraints: Vec<BoolId>,
    /// The threads are taken to be in one dimension.
    pub one_dimensional: bool,
}

/// Whether the kernel looks at more than one dimension of its threadgroup.
pub fn uses_dimensions(kernel: &Kernel) -> bool {
    kernel.vars.iter().any(|v| {
        matches!(
            v.kind,
            VarKind::Builtin(
                Builtin::ThreadPositionInThreadgroup(1 | 2)
                    | Builtin::ThreadPositionInGrid(1 | 2)
                    | Builtin::ThreadsPerThreadgroup(1 | 2)
                    | Builtin::DispatchThreadsPerThreadgroup(1 | 2)
            )
        )
    })
}

/// Whether the size of the threadgroups away from the edge of the grid matters to the kernel.
fn uses_grid(kernel: &Kernel) -> bool {
    kernel.vars.iter().any(|v| {
        matches!(
            v.kind,
            VarKind::Builtin(
                Builtin::ThreadPositionInGrid(_) | Builtin::DispatchThreadsPerThreadgroup(_)
            )
        )
    })
}

impl LaunchVars {
    /// Makes the symbols of a launch.
    pub fn new(logic: &mut Logic, kernel: &Kernel, contract: &Contract) -> LaunchVars {
        let one_dimensional = contract.threadgroup.is_none() && !uses_dimensions(kernel);
        let mut constraints = Vec::new();
        let max = i128::from(contract.max_threads);
        let min = i128::from(contract.min_threads);
        let (size, count) = match contract.threadgroup {
            Some(t) => {
                let s = t.map(|n| Lin::constant(i128::from(n)));
                let n = t.iter().map(|n| i128::from(*n)).product();
                (s, Lin::constant(n))
            }
            None if one_dimensional => {
                let n = Lin::atom(logic.var("threads", Interval::new(min, max)));
                ([n.clone(), Lin::constant(1), Lin::constant(1)], n)
            }
            None => {
                let s = ["x", "y", "z"]
                    .map(|c| Lin::atom(logic.var(&format!("threads.{c}"), Interval::new(1, max))));
                let xy = logic.mul(&s[0], &s[1]);
                let n = logic.mul(&xy, &s[2]);
                constraints.push(logic.le(&n, &Lin::constant(max)));
                constraints.push(logic.le(&Lin::constant(min), &n));
                (s, n)
            }
        };
        let u32_max = i128::from(u32::MAX);
        let mut group = Vec::new();
        let mut base = Vec::new();
        let edges = uses_grid(kernel);
        let mut dispatch = Vec::new();
        let mut alike = Vec::new();
        for (c, name) in AXES.iter().enumerate() {
            let per = size[c].as_const();
            // A threadgroup at the edge of the grid may be smaller than the others.
            let full = match per {
                Some(_) => size[c].clone(),
                None if !edges => size[c].clone(),
                None => {
                    let range = Interval::new(1, max);
                    let full = Lin::atom(logic.var(&format!("dispatch.{name}"), range));
                    constraints.push(logic.le(&size[c], &full));
                    alike.push(logic.eq(&size[c], &full));
                    full
                }
            };
            // The positions of its threads fit in 32 bits.
            let top = per.map_or(u32_max - max, |p| u32_max / p.max(1) - 1);
            let g = Lin::atom(logic.var(&format!("group.{name}"), Interval::new(0, top.max(0))));
            let b = logic.mul(&g, &full);
            if per.is_none() {
                constraints.push(logic.le(&b, &Lin::constant(u32_max - max)));
                constraints.push(logic.le(&Lin::constant(0), &b));
            }
            group.push(g);
            base.push(b);
            dispatch.push(full);
        }
        let even = (!alike.is_empty()).then(|| logic.and(&alike));
        let take = |v: &[Lin]| [v[0].clone(), v[1].clone(), v[2].clone()];
        LaunchVars {
            size,
            count,
            group: take(&group),
            base: take(&base),
            dispatch: take(&dispatch),
            even,
            constraints,
            one_dimensional,
        }
    }

    /// Makes the symbols of thread `n`.
    pub fn thread(
        &mut self,
        logic: &mut Logic,
        contract: &Contract,
        n: u8,
    ) -> (ThreadVars, Vec<BoolId>) {
        let mut cs = Vec::new();
        let max = i128::from(contract.max_threads);
        let mut pos = Vec::new();
        for (c, name) in ["x", "y", "z"].iter().enumerate() {
            let p = match self.size[c].as_const() {
                Some(1) => Lin::constant(0),
                Some(k) => Lin::atom(logic.var(&format!("t{n}.{name}"), Interval::new(0, k - 1))),
                None => {
                    let p =
                        Lin::atom(logic.var(&format!("t{n}.{name}"), Interval::new(0, max - 1)));
                    cs.push(logic.lt(&p, &self.size[c]));
                    p
                }
            };
            pos.push(p);
        }
        let row = logic.mul(&pos[1], &self.size[0]);
        let plane = logic.mul(&self.size[0], &self.size[1]);
        let depth = logic.mul(&pos[2], &plane);
        let index = pos[0].plus(&row).plus(&depth);
        if self.count.as_const().is_none() {
            cs.push(logic.lt(&index, &self.count));
        }
        let w = i128::from(contract.simd_width);
        let r = logic.interval(&index);
        let top = r.hi.unwrap_or(max - 1).min(max - 1).max(0);
        let (simdgroup, lane) = if top < w {
            (Lin::constant(0), index.clone())
        } else {
            let q = Lin::atom(logic.var(&format!("t{n}.simdgroup"), Interval::new(0, top / w)));
            let l = Lin::atom(logic.var(&format!("t{n}.lane"), Interval::new(0, w - 1)));
            cs.push(logic.eq(&index, &q.scale(w).plus(&l)));
            (q, l)
        };
        let pos = [pos[0].clone(), pos[1].clone(), pos[2].clone()];
        (
            ThreadVars {
                pos,
                index,
                simdgroup,
                lane,
            },
            cs,
        )
    }

    /// Value of a built-in for a thread; `None` for one that is an arbitrary launch-wide number.
    pub fn builtin(
        &self,
        logic: &mut Logic,
        contract: &Contract,
        t: &ThreadVars,
        b: Builtin,
    ) -> Option<Lin> {
        let w = i128::from(contract.simd_width);
        let c = |i: u8| usize::from(i.min(2));
        Some(match b {
            Builtin::ThreadIndexInThreadgroup => t.index.clone(),
            Builtin::ThreadPositionInThreadgroup(i) => t.pos[c(i)].clone(),
            Builtin::ThreadPositionInGrid(i) => self.base[c(i)].plus(&t.pos[c(i)]),
            Builtin::ThreadgroupPositionInGrid(i) => self.group[c(i)].clone(),
            Builtin::ThreadsPerThreadgroup(i) => self.size[c(i)].clone(),
            Builtin::DispatchThreadsPerThreadgroup(i) => self.dispatch[c(i)].clone(),
            Builtin::ThreadIndexInSimdgroup => t.lane.clone(),
            Builtin::SimdgroupIndexInThreadgroup => t.simdgroup.clone(),
            Builtin::ThreadsPerSimdgroup => Lin::constant(w),
            Builtin::DispatchSimdgroupsPerThreadgroup if self.count.as_const().is_none() => {
                return None;
            }
            Builtin::SimdgroupsPerThreadgroup | Builtin::DispatchSimdgroupsPerThreadgroup => {
                match self.count.as_const() {
                    Some(n) => Lin::constant((n + w - 1) / w),
                    None => {
                        let q = logic.var(
                            "simdgroups",
                            Interval::new(1, i128::from(contract.max_threads).div_euclid(w) + 1),
                        );
                        let q = Lin::atom(q);
                        // count <= w*q < count + w
                        let a = logic.le(&self.count, &q.scale(w));
                        let b = logic.lt(&q.scale(w), &self.count.offset(w));
                        let both = logic.and(&[a, b]);
                        if let Some(&(id, _)) = q.terms.first() {
                            logic.define(id, both);
                        }
                        q
                    }
                }
            }
            Builtin::ThreadgroupsPerGrid(i) => self.groups(logic, c(i)),
            Builtin::ThreadsPerGrid(i) => self.grid(logic, c(i)),
            Builtin::ThreadIndexInQuadgroup
            | Builtin::QuadgroupIndexInThreadgroup
            | Builtin::QuadgroupsPerThreadgroup
            | Builtin::GridOrigin(_)
            | Builtin::GridSize(_) => return None,
        })
    }

    /// Threadgroups per grid along an axis: more than the position of this one (MSL specification 5.2.3.6).
    fn groups(&self, logic: &mut Logic, axis: usize) -> Lin {
        let range = Interval::new(1, i128::from(u32::MAX));
        let n = Lin::atom(logic.var(&format!("groups.{}", AXES[axis]), range));
        let below = logic.lt(&self.group[axis], &n);
        if let Some(&(id, _)) = n.terms.first() {
            logic.define(id, below);
        }
        n
    }

    /// Threads per grid along an axis: this threadgroup, which may be a smaller one at the edge, lies within; together the threadgroups are as
    /// large as the grid, up to that edge. Launches whose grid has 2^32 threads or more along an axis are left out, as for positions.
    fn grid(&self, logic: &mut Logic, axis: usize) -> Lin {
        let top = i128::from(u32::MAX);
        let range = Interval::new(1, top);
        let n = Lin::atom(logic.var(&format!("grid.{}", AXES[axis]), range));
        let end = self.base[axis].plus(&self.size[axis]);
        let mut all = vec![logic.le(&end, &n)];
        if let Some(full) = self.dispatch[axis].as_const() {
            let groups = self.groups(logic, axis).scale(full);
            let fits = logic.le(&groups, &Lin::constant(top));
            let most = logic.le(&n, &groups);
            let least = logic.lt(&groups.offset(-full), &n);
            let agree = logic.and(&[most, least]);
            let open = logic.not(fits);
            all.push(logic.or(&[open, agree]));
        }
        let all = logic.and(&all);
        if let Some(&(id, _)) = n.terms.first() {
            logic.define(id, all);
        }
        n
    }
}
