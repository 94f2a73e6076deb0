//! Operations that lanes of a simdgroup perform together.
//!
//! Purpose: lane exchange among the lanes that arrived, 8×8 matrices spread over a simdgroup
//! (element `row * 8 + column` is held by lane `e / n` in slot `e % n`, with n = 64 / width), and
//! their accesses to memory as one access of the whole simdgroup. Values of lanes that did not
//! arrive are unspecified: 0, marked approximate. Soundness direction: exact up to the layout of
//! matrices in registers, which Metal leaves open (it shows only where a kernel looks at elements).

use super::arith::{binary, cast};
use super::code::*;
use super::machine::{Machine, clip};
use super::math;
use super::memory::Trouble;
use super::value::{from_f32, to_f32, to_i64};
use crate::ir::{BinOp, MathFn, ScalarTy, SimdOp};

/// Elements of a matrix.
const ELEMENTS: usize = 64;

impl<'p> Machine<'p> {
    /// Executes a collective operation for lanes (linear indices, ascending, not empty).
    pub fn execute_collective(&mut self, index: u32, members: &[usize]) {
        let program: &'p Program = self.program;
        let c = &program.collectives[index as usize];
        match &c.op {
            CollectiveOp::Simd {
                op,
                quad,
                dst,
                ty,
                args,
            } => {
                let width = if *quad { 4 } else { self.width };
                self.lane_exchange(*op, width as usize, *dst, *ty, args, members);
            }
            CollectiveOp::MatrixAccess { site, types } => {
                self.matrix_access(*site, types, members);
            }
            CollectiveOp::MatrixMul { dst, a, b, c: add } => {
                if self.per_lane(&[dst, a, b], members, c) {
                    self.matrix_multiply(dst, a, b, add, members);
                } else {
                    for &t in members {
                        for (r, _) in dst {
                            self.threads[t].set(*r, 0, true);
                        }
                    }
                }
            }
        }
    }

    /// Whether each lane has the elements it should have, and all lanes are there; says so if not.
    fn per_lane(
        &mut self,
        operands: &[&Vec<(Reg, ScalarTy)>],
        members: &[usize],
        c: &Collective,
    ) -> bool {
        let fits = operands
            .iter()
            .all(|v| v.len() * self.width as usize == ELEMENTS);
        if !fits {
            self.cannot(
                format!("8x8 matrices in simdgroups of {} lanes", self.width),
                c.span,
            );
        } else if members.len() != self.width as usize {
            self.cannot("matrix operation by a part of a simdgroup".into(), c.span);
        }
        fits
    }

    fn matrix_multiply(
        &mut self,
        dst: &[(Reg, ScalarTy)],
        a: &[(Reg, ScalarTy)],
        b: &[(Reg, ScalarTy)],
        c: &[(Reg, ScalarTy)],
        members: &[usize],
    ) {
        let mut bad = members.len() != self.width as usize;
        let mut gather = |regs: &[(Reg, ScalarTy)]| {
            let mut m = [0f32; ELEMENTS];
            for &t in members {
                let lane = t % self.width as usize;
                for (slot, (r, ty)) in regs.iter().enumerate() {
                    if let Some(e) = m.get_mut(lane * regs.len() + slot) {
                        *e = to_f32(*ty, self.threads[t].regs[*r as usize]);
                    }
                    bad |= self.threads[t].bad(*r);
                }
            }
            m
        };
        let (a, b, c) = (gather(a), gather(b), gather(c));
        for &t in members {
            let lane = t % self.width as usize;
            for (slot, (r, ty)) in dst.iter().enumerate() {
                let e = lane * dst.len() + slot;
                let (row, col) = (e / 8, e % 8);
                let mut sum = c[e];
                for k in 0..8 {
                    sum += a[row * 8 + k] * b[k * 8 + col];
                }
                self.threads[t].set(*r, from_f32(*ty, sum), bad);
            }
        }
    }

    fn matrix_access(&mut self, index: u32, types: &[ScalarTy], members: &[usize]) {
        let program: &'p Program = self.program;
        let site = &program.sites[index as usize];
        let (Some(tile), Some(&first)) = (&site.tile, members.first()) else {
            return;
        };
        let lead = &self.threads[first];
        let offset = lead.regs[site.offset as usize] as i64;
        let stride = lead.regs[tile.stride as usize] as i64;
        let agree = members.iter().all(|&t| {
            let th = &self.threads[t];
            th.regs[site.offset as usize] as i64 == offset
                && th.regs[tile.stride as usize] as i64 == stride
        });
        if !agree {
            self.cannot(
                "matrix access at an address that differs between lanes".into(),
                site.span,
            );
        }
        let whole = members.len() == self.width as usize;
        if !whole {
            self.cannot("matrix access by a part of a simdgroup".into(), site.span);
        }
        let approximate = self.approximate
            || !agree
            || members.iter().any(|&t| {
                let th = &self.threads[t];
                th.approximate || th.bad(site.offset) || th.bad(tile.stride)
            });
        let regs = match &site.op {
            SiteOp::Load(r) | SiteOp::Store(r) => r.as_slice(),
            SiteOp::Atomic { .. } => &[],
        };
        let is_load = matches!(site.op, SiteOp::Load(_));
        let elements = (tile.rows * tile.cols) as usize;
        let fits = regs.len() * self.width as usize == elements;
        if !fits {
            self.cannot(
                format!("8x8 matrices in simdgroups of {} lanes", self.width),
                site.span,
            );
        }
        if is_load {
            for &t in members {
                for &r in regs {
                    self.threads[t].set(r, 0, true);
                }
            }
        }
        let slot = self.private_slot[site.object.index()];
        let row_bytes = tile.cols * tile.elem;
        let mut trouble = Trouble::default();
        let (mut inside, mut outside_at) = (true, offset);
        let mut spans = Vec::new();
        let limit = match slot {
            Some(p) => self.threads[first].private[p as usize].size,
            None => self.stores[site.object.index()].size,
        };
        for r in 0..tile.rows {
            let row = offset.saturating_add(stride.saturating_mul(r as i64));
            spans.push(clip(row, row_bytes, limit));
            for c in 0..tile.cols {
                let at = row.saturating_add((c * tile.elem) as i64);
                let e = if tile.transpose {
                    c * tile.rows + r
                } else {
                    r * tile.cols + c
                } as usize;
                let n = regs.len().max(1);
                let (lane, reg) = (e / n, e % n);
                let holder = members
                    .iter()
                    .copied()
                    .find(|&t| fits && t % self.width as usize == lane);
                let store = match slot {
                    Some(p) => &mut self.threads[first].private[p as usize],
                    None => &mut self.stores[site.object.index()],
                };
                if !store.inside(at, tile.elem) && inside {
                    (inside, outside_at) = (false, at);
                }
                if is_load {
                    let (bits, x) = store.read(at, tile.elem);
                    trouble.uninitialised |= x.uninitialised;
                    if let Some(t) = holder {
                        let to = types.get(reg).copied().unwrap_or(site.ty);
                        let bits = cast(site.ty, to, bits);
                        self.threads[t].set(regs[reg], bits, x.tainted || approximate);
                    }
                } else {
                    let (bits, bad) = match holder {
                        Some(t) => {
                            let from = types.get(reg).copied().unwrap_or(site.ty);
                            let th = &self.threads[t];
                            let bits = th.regs[regs[reg] as usize];
                            (cast(from, site.ty, bits), th.bad(regs[reg]) || approximate)
                        }
                        None => (0, true),
                    };
                    let store = match slot {
                        Some(p) => &mut self.threads[first].private[p as usize],
                        None => &mut self.stores[site.object.index()],
                    };
                    let x = store.write(at, tile.elem, bits, bad);
                    trouble.out_of_memory |= x.out_of_memory;
                }
            }
        }
        if !inside || trouble != Trouble::default() {
            self.report(first, site, outside_at, limit, inside, trouble, approximate);
        }
        if slot.is_none() && program.written[site.object.index()] {
            let other = members.get(1).copied().unwrap_or(first);
            self.record(first, other, index, &spans, approximate);
        }
    }

    fn lane_exchange(
        &mut self,
        op: SimdOp,
        width: usize,
        dst: Reg,
        ty: ScalarTy,
        args: &[(Reg, ScalarTy)],
        members: &[usize],
    ) {
        let arg = |t: usize, i: usize| -> Option<(u64, bool)> {
            let (r, _) = args.get(i)?;
            let th = &self.threads[t];
            Some((th.regs[*r as usize], th.bad(*r)))
        };
        // A lane number or distance: an integer of any type.
        let number = |t: usize, i: usize| -> Option<(i64, bool)> {
            let (_, ty) = args.get(i)?;
            let (bits, bad) = arg(t, i)?;
            Some((to_i64(*ty, bits), bad))
        };
        let w = width as i64;
        let member = |lane: i64| members.iter().copied().find(|t| (t % width) as i64 == lane);
        // Operand `i` of a lane; unspecified if the lane is not there.
        let fetch = |lane: i64, i: usize| member(lane).and_then(|t| arg(t, i)).unwrap_or((0, true));
        let mask = members.iter().fold(0u64, |m, t| m | 1 << (t % width));
        let fold = |f: &dyn Fn(u64, u64) -> u64| -> (u64, bool) {
            let mut values = members.iter().filter_map(|&t| arg(t, 0));
            let first = values.next().unwrap_or((0, true));
            values.fold(first, |a, b| (f(a.0, b.0), a.1 | b.1))
        };
        let bin = |op: BinOp| move |a: u64, b: u64| binary(op, ty, a, b).unwrap_or(0);
        let extreme = |f: MathFn| move |a: u64, b: u64| math::apply(f, ty, ty, ty, [a, b, 0]);
        let one = cast(ScalarTy::U8, ty, 1);
        let shared = match op {
            SimdOp::Sum => Some(fold(&bin(BinOp::Add))),
            SimdOp::Product => Some(fold(&bin(BinOp::Mul))),
            SimdOp::And | SimdOp::All => Some(fold(&bin(BinOp::And))),
            SimdOp::Or | SimdOp::Any => Some(fold(&bin(BinOp::Or))),
            SimdOp::Xor => Some(fold(&bin(BinOp::Xor))),
            SimdOp::Min => Some(fold(&extreme(MathFn::Min))),
            SimdOp::Max => Some(fold(&extreme(MathFn::Max))),
            SimdOp::ActiveThreadsMask => Some((mask, false)),
            SimdOp::BroadcastFirst => members.first().and_then(|&t| arg(t, 0)),
            SimdOp::Ballot => Some(members.iter().fold((0, false), |(m, bad), &t| {
                let (v, b) = arg(t, 0).unwrap_or((0, true));
                (m | u64::from(v != 0) << (t % width), bad | b)
            })),
            _ => None,
        };
        let mut running: Option<(u64, bool)> = None;
        let mut results = Vec::with_capacity(members.len());
        for (n, &t) in members.iter().enumerate() {
            let lane = (t % width) as i64;
            let own = arg(t, 0).unwrap_or((0, true));
            let (distance, bad_distance) = number(t, 1).unwrap_or((0, args.len() < 2));
            let from = |source: i64| {
                let (v, bad) = fetch(source, 0);
                (v, bad | bad_distance)
            };
            let result = match op {
                SimdOp::Broadcast | SimdOp::Shuffle => from(distance),
                SimdOp::ShuffleXor => from(lane ^ distance),
                SimdOp::ShuffleUp if lane < distance => own,
                SimdOp::ShuffleUp => from(lane.saturating_sub(distance)),
                SimdOp::ShuffleDown if distance >= w - lane => own,
                SimdOp::ShuffleDown => from(lane + distance),
                SimdOp::ShuffleRotateUp => from((lane - distance.rem_euclid(w)).rem_euclid(w)),
                SimdOp::ShuffleRotateDown => from((lane + distance.rem_euclid(w)).rem_euclid(w)),
                SimdOp::ShuffleAndFillUp | SimdOp::ShuffleAndFillDown => {
                    let (delta, bad) = number(t, 2).unwrap_or((0, true));
                    let (m, bad_modulo) = number(t, 3).unwrap_or((w, false));
                    let m = m.clamp(1, w);
                    let (base, i) = (lane / m * m, lane % m);
                    let at = if op == SimdOp::ShuffleAndFillUp {
                        i.saturating_sub(delta)
                    } else {
                        i.saturating_add(delta)
                    };
                    let (source, operand) = if (0..m).contains(&at) {
                        (base + at, 0)
                    } else if at < 0 {
                        (base.saturating_add(at.saturating_add(m)), 1)
                    } else {
                        (base.saturating_add(at - m), 1)
                    };
                    let (v, b) = fetch(source, operand);
                    (v, b | bad | bad_modulo)
                }
                SimdOp::PrefixInclusiveSum
                | SimdOp::PrefixExclusiveSum
                | SimdOp::PrefixInclusiveProduct
                | SimdOp::PrefixExclusiveProduct => {
                    let product = matches!(
                        op,
                        SimdOp::PrefixInclusiveProduct | SimdOp::PrefixExclusiveProduct
                    );
                    let inclusive = matches!(
                        op,
                        SimdOp::PrefixInclusiveSum | SimdOp::PrefixInclusiveProduct
                    );
                    let before = running.unwrap_or((if product { one } else { 0 }, false));
                    let f = bin(if product { BinOp::Mul } else { BinOp::Add });
                    let after = (f(before.0, own.0), before.1 | own.1);
                    running = Some(after);
                    if inclusive { after } else { before }
                }
                SimdOp::IsFirst => (u64::from(n == 0), false),
                _ => shared.unwrap_or((0, true)),
            };
            results.push((t, result));
        }
        for (t, (bits, bad)) in results {
            self.threads[t].set(dst, bits, bad);
        }
    }
}
