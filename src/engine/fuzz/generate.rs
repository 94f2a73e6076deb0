//! Launches for `fuzz`: sizes, parameters, contents and schedules from a seed.
//!
//! Soundness direction: every launch is one that a host could make; which ones are tried decides only what is found.

use std::collections::BTreeSet;

use super::specified::Specified;
use crate::encode::launch::uses_dimensions;
use crate::exec::{BufferSpec, Fill, Launch, ScalarValue, Schedule};
use crate::ir::{Assumption, Builtin, Expr, ExprKind, Kernel, ScalarTy, Space, VarKind};

/// A generator of numbers (splitmix64).
pub struct Rng(u64);

impl Rng {
    /// From a seed.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n` (0 for 0).
    pub fn below(&mut self, n: u64) -> u64 {
        self.draw() % n.max(1)
    }
}

/// What is given and not to be varied.
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// Threadgroup size.
    pub threadgroup: Option<[u32; 3]>,
    /// Least and greatest number of threads.
    pub threads: (u32, u32),
    /// Parameters: name and value.
    pub params: Vec<(String, i128)>,
    /// Contents: of one buffer, or of all that are not named.
    pub fills: Vec<(Option<String>, Fill)>,
    /// Bytes: buffer, offset, contents.
    pub sets: Vec<(String, u64, Vec<u8>)>,
    /// Sizes of buffers in bytes.
    pub sizes: Vec<(String, u64)>,
    /// Who runs when.
    pub schedule: Option<Schedule>,
    /// Position of the threadgroup.
    pub group: Option<[u32; 3]>,
    /// Threadgroup memory holds zeros at first.
    pub zeroed: bool,
    /// Threads keep what they load from device memory.
    pub kept: bool,
    /// The launch specification; what stands above wins.
    pub specified: Option<Specified>,
    /// There is a specification that is set aside.
    pub set_aside: bool,
}

/// Makes launches of a kernel.
pub struct Maker<'a> {
    kernel: &'a Kernel,
    fixed: &'a Fixed,
    /// Constants of the assumptions.
    hints: Vec<i128>,
    two: bool,
    positioned: bool,
    rng: Rng,
}

impl<'a> Maker<'a> {
    /// For a kernel and what is given.
    pub fn new(kernel: &'a Kernel, fixed: &'a Fixed, assumed: &[Assumption], seed: u64) -> Self {
        let mut hints = BTreeSet::new();
        for a in assumed {
            constants(&a.expr, &mut hints);
        }
        let positioned = kernel.vars.iter().any(|v| {
            matches!(
                v.kind,
                VarKind::Builtin(
                    Builtin::ThreadgroupPositionInGrid(_) | Builtin::ThreadPositionInGrid(_)
                )
            )
        });
        Maker {
            kernel,
            fixed,
            hints: hints.into_iter().collect(),
            two: uses_dimensions(kernel),
            positioned,
            rng: Rng::new(seed),
        }
    }

    /// Launch number `n`.
    pub fn launch(&mut self, n: u64) -> (Launch, Schedule) {
        let mut l = Launch::new(self.size(n));
        l.zeroed = self.fixed.zeroed;
        l.kept = self.fixed.kept;
        let threads = i128::from(l.threads().max(1));
        let spec = self.fixed.specified.as_ref();
        for s in &self.kernel.scalars {
            let value = match self.given(&s.name) {
                Some(v) => Some(ScalarValue::Int(v)),
                None => spec.and_then(|x| x.scalar(&s.name)),
            };
            let value = match value {
                Some(v) => v,
                None if s.ty.is_float() => ScalarValue::Float(self.rng.below(9) as f64 - 2.0),
                None => ScalarValue::Int(self.value(s.ty, threads)),
            };
            l.scalars.insert(s.name.clone(), value);
        }
        for v in &self.kernel.vars {
            let VarKind::FunctionConstant(number) = v.kind else {
                continue;
            };
            let own = spec.and_then(|x| x.base.function_constants.get(&number));
            let value = match self.given(&v.name).map(ScalarValue::Int).or(own.copied()) {
                Some(x) => Some(x),
                // Not set: 0, and not defined.
                None if self.rng.below(4) == 0 => None,
                None => Some(ScalarValue::Int(self.value(v.ty, threads))),
            };
            if let Some(x) = value {
                l.function_constants.insert(number, x);
            }
        }
        let drawn = self.fill(threads as i64);
        for o in &self.kernel.objects {
            if o.param.is_none() || !matches!(o.space, Space::Device | Space::Texture) {
                continue;
            }
            let named = |name: Option<&str>| {
                let mut all = self.fixed.fills.iter();
                all.rfind(|f| f.0.as_deref() == name).map(|f| f.1)
            };
            let buffer = match named(Some(&o.name)).or_else(|| named(None)) {
                Some(fill) => BufferSpec {
                    size: spec.and_then(|x| x.base.buffers.get(&o.name)?.size),
                    ..BufferSpec::filled(fill)
                },
                None => spec
                    .and_then(|x| x.buffer(&o.name, n, drawn, &mut self.rng))
                    .unwrap_or_else(|| BufferSpec::filled(drawn)),
            };
            l.buffers.insert(o.name.clone(), buffer);
        }
        // Those of other address spaces.
        for (name, b) in spec.iter().flat_map(|x| &x.base.buffers) {
            if !l.buffers.contains_key(name) {
                l.buffers.insert(name.clone(), b.clone());
            }
        }
        for (name, at, bytes) in &self.fixed.sets {
            let spec = l.buffers.entry(name.clone()).or_default();
            spec.bytes.push((*at, bytes.clone()));
        }
        for (name, size) in &self.fixed.sizes {
            l.buffers.entry(name.clone()).or_default().size = Some(*size);
        }
        l.group = match (self.fixed.group, spec) {
            (Some(g), _) => g,
            (None, Some(x)) => x.group(n, &mut self.rng),
            (None, None) if self.positioned && self.rng.below(4) == 0 => {
                [self.rng.below(3) as u32, 0, 0]
            }
            (None, None) => [0; 3],
        };
        let grid = spec.map_or([1; 3], |x| x.base.groups);
        l.groups = std::array::from_fn(|i| grid[i].max(l.group[i].saturating_add(1)));
        let schedule = self.fixed.schedule.unwrap_or_else(|| match n % 4 {
            0 => Schedule::InOrder,
            1 => Schedule::Preemptive {
                seed: self.rng.below(1 << 32),
            },
            2 => Schedule::Reverse,
            _ => Schedule::Random {
                seed: self.rng.below(1 << 32),
            },
        });
        (l, schedule)
    }

    fn given(&self, name: &str) -> Option<i128> {
        let mut all = self.fixed.params.iter();
        all.rfind(|p| p.0 == name).map(|p| p.1)
    }

    /// Multiples of 32 and their neighbours, the ends of the range, powers of two, anything.
    fn size(&mut self, n: u64) -> [u32; 3] {
        if let Some(t) = self.fixed.threadgroup {
            return t;
        }
        let (low, high) = self.fixed.threads;
        let span = u64::from(high.saturating_sub(low)) + 1;
        let r = &mut self.rng;
        let threads = match n % 6 {
            0 => 32 * (1 + r.below(u64::from(high / 32).min(8)) as u32),
            1 => (32 * (1 + r.below(u64::from(high / 32).min(4)) as u32) + r.below(3) as u32)
                .saturating_sub(1),
            2 => 1u32 << r.below(11),
            3 => low.saturating_add(r.below(span.min(16)) as u32),
            4 => high.saturating_sub(r.below(3) as u32),
            _ => low.saturating_add(r.below(span) as u32),
        }
        .clamp(low, high);
        if !self.two {
            return [threads, 1, 1];
        }
        let divisors: Vec<u32> = (1..=threads)
            .filter(|d| threads.is_multiple_of(*d))
            .collect();
        let x = divisors[r.below(divisors.len() as u64) as usize];
        [x, threads / x, 1]
    }

    /// Mostly small; around the number of threads; around constants of the assumptions.
    fn value(&mut self, ty: ScalarTy, threads: i128) -> i128 {
        let (low, high) = range(ty);
        let r = &mut self.rng;
        let near = |r: &mut Rng| i128::from(r.below(3)) - 1;
        let v = match r.below(12) {
            0 | 1 => threads * (1 + i128::from(r.below(3))),
            2 => threads * (1 + i128::from(r.below(3))) + near(r),
            3 => 1i128 << r.below(12),
            4 => i128::from(r.below(threads as u64 * 4 + 1)),
            5 | 6 if !self.hints.is_empty() => {
                self.hints[r.below(self.hints.len() as u64) as usize] + near(r)
            }
            7 if ty.is_signed() => -i128::from(r.below(9)),
            8 if r.below(8) == 0 => high - i128::from(r.below(64)),
            _ => i128::from(r.below(10)),
        };
        v.clamp(low, high)
    }

    fn fill(&mut self, threads: i64) -> Fill {
        let seed = self.rng.below(1 << 32);
        match self.rng.below(6) {
            0 => Fill::Zeros,
            1 => Fill::Index,
            2 => Fill::Random {
                seed,
                low: 0,
                high: 1,
            },
            3 => Fill::Random {
                seed,
                low: 0,
                high: threads,
            },
            4 => Fill::Random {
                seed,
                low: -4,
                high: 60,
            },
            _ => Fill::Random {
                seed,
                low: 0,
                high: 7,
            },
        }
    }
}

/// Least and greatest value of an integer type.
pub fn range(ty: ScalarTy) -> (i128, i128) {
    let w = ty.bits();
    if ty.is_signed() {
        (-(1i128 << (w - 1)), (1i128 << (w - 1)) - 1)
    } else {
        (0, (1i128 << w) - 1)
    }
}

fn constants(e: &Expr, out: &mut BTreeSet<i128>) {
    match &e.kind {
        ExprKind::Const(bits) => {
            let w = e.ty.bits();
            let v = i128::from(*bits);
            let negative = e.ty.is_signed() && w < 128 && v >= 1i128 << (w - 1);
            out.insert(if negative { v - (1i128 << w) } else { v });
        }
        ExprKind::Unary(_, a) | ExprKind::Cast(a) => constants(a, out),
        ExprKind::Binary(_, a, b) => {
            constants(a, out);
            constants(b, out);
        }
        ExprKind::Select(a, b, c) => {
            constants(a, out);
            constants(b, out);
            constants(c, out);
        }
        _ => {}
    }
}

/// The inverse of how a [`Fill`] is displayed.
pub fn fill_from(s: &str) -> Result<Fill, String> {
    let parts: Vec<&str> = s.split(':').collect();
    match parts[..] {
        ["zeros"] => Ok(Fill::Zeros),
        ["index"] => Ok(Fill::Index),
        ["random", seed, low, high] => {
            let bad = |_| format!("`{s}`: expected random:SEED:LOW:HIGH with three numbers");
            let seed = seed.parse().map_err(bad)?;
            let (low, high): (i64, i64) = (low.parse().map_err(bad)?, high.parse().map_err(bad)?);
            if low > high {
                return Err(format!("`{s}`: {low} is more than {high}"));
            }
            Ok(Fill::Random { seed, low, high })
        }
        _ => Err(format!(
            "`{s}`: expected zeros, index or random:SEED:LOW:HIGH"
        )),
    }
}

/// `in-order`, `reverse`, `random:SEED`, `preemptive:SEED`.
pub fn schedule_name(s: Schedule) -> String {
    match s {
        Schedule::InOrder => "in-order".into(),
        Schedule::Reverse => "reverse".into(),
        Schedule::Random { seed } => format!("random:{seed}"),
        Schedule::Preemptive { seed } => format!("preemptive:{seed}"),
    }
}

/// The inverse of [`schedule_name`].
pub fn schedule_from(s: &str) -> Result<Schedule, String> {
    let bad = || format!("`{s}`: expected in-order, reverse, random:SEED or preemptive:SEED");
    match s.split_once(':') {
        None if s == "in-order" => Ok(Schedule::InOrder),
        None if s == "reverse" => Ok(Schedule::Reverse),
        Some((kind @ ("random" | "preemptive"), n)) => {
            let seed = n.parse().map_err(|_| bad())?;
            Ok(if kind == "random" {
                Schedule::Random { seed }
            } else {
                Schedule::Preemptive { seed }
            })
        }
        _ => Err(bad()),
    }
}
