//! A seeded generator of Metal kernels as text, with all one-step reductions of a kernel.

use std::fmt::Write as _;

#[path = "kinds.rs"]
mod kinds;

use kinds::Kinds;
#[allow(unused_imports, reason = "shared by two tests")]
pub use kinds::{GUARDS, MEETING, PUBLISHES};

/// A small generator of numbers (splitmix64).
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// True in `p` of 100 cases.
    pub fn chance(&mut self, p: usize) -> bool {
        self.below(100) < p
    }

    pub fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// An expression of type `uint` or `bool`.
#[derive(Clone, Debug, PartialEq)]
pub enum E {
    Leaf(String),
    Bin(Box<E>, &'static str, Box<E>),
    Wrap(&'static str, Box<E>, &'static str),
}

pub fn leaf(s: impl Into<String>) -> E {
    E::Leaf(s.into())
}

fn bin(a: E, op: &'static str, b: E) -> E {
    E::Bin(Box::new(a), op, Box::new(b))
}

impl E {
    fn text(&self) -> String {
        match self {
            E::Leaf(s) => s.clone(),
            E::Bin(a, op, b) => format!("({} {op} {})", a.text(), b.text()),
            E::Wrap(a, e, b) => format!("{a}{}{b}", e.text()),
        }
    }

    /// Simpler expressions, boldest first.
    fn smaller(&self) -> Vec<E> {
        let mut out = Vec::new();
        match self {
            E::Leaf(s) if s == "tid" || s == "0u" => {}
            E::Leaf(s) if s == "1u" => out.push(leaf("0u")),
            E::Leaf(_) => out.extend([leaf("0u"), leaf("1u"), leaf("tid")]),
            E::Bin(a, op, b) => {
                out.extend([(**a).clone(), (**b).clone()]);
                out.extend(a.smaller().into_iter().map(|x| bin(x, op, (**b).clone())));
                out.extend(b.smaller().into_iter().map(|x| bin((**a).clone(), op, x)));
            }
            E::Wrap(p, e, s) => {
                out.push((**e).clone());
                out.extend(e.smaller().into_iter().map(|x| E::Wrap(p, Box::new(x), s)));
            }
        }
        out
    }
}

/// A place in memory: text around an index.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub before: String,
    pub index: E,
    pub after: &'static str,
    /// How a `uint` becomes a value of it, and back.
    pub store: (&'static str, &'static str),
    pub load: (&'static str, &'static str),
}

impl Place {
    fn text(&self) -> String {
        format!("{}[{}]{}", self.before, self.index.text(), self.after)
    }
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub enum S {
    Barrier {
        wide: bool,
        flags: &'static str,
    },
    Write(Place, E),
    Read(Place),
    Update(Place, E),
    /// Text around a condition or value.
    Around(&'static str, E, &'static str),
    Text(String),
    If(E, Vec<S>, Vec<S>),
    Loop {
        open: String,
        body: Vec<S>,
        close: String,
    },
}

/// How it is launched.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub threads: [u32; 3],
    /// The size is not known to the prover, only that it has at most so many threads.
    pub symbolic: bool,
    pub width: u32,
    /// Largest value of the parameter `N`.
    pub most: u32,
}

/// A kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Gen {
    pub config: Config,
    /// Declarations at namespace scope.
    pub globals: Vec<String>,
    pub decls: Vec<String>,
    pub helpers: Vec<(String, Vec<S>)>,
    pub body: Vec<S>,
}

const PARAMS: &str = "device const uint* in [[buffer(0)]], device uint* out [[buffer(1)]],\n    \
constant uint& N [[buffer(2)]], uint tid [[thread_index_in_threadgroup]],\n    \
uint lane [[thread_index_in_simdgroup]], uint sg [[simdgroup_index_in_threadgroup]],\n    \
uint3 tp [[thread_position_in_threadgroup]], uint3 size [[threads_per_threadgroup]]";

impl Gen {
    pub fn text(&self) -> String {
        let mut o = String::from("#include <metal_stdlib>\nusing namespace metal;\n\n");
        for g in &self.globals {
            o.push_str(g);
        }
        for (head, body) in &self.helpers {
            let _ = writeln!(o, "{head} {{\n    uint acc = tid;");
            block(&mut o, body, 1);
            o.push_str("}\n\n");
        }
        let _ = writeln!(o, "kernel void k({}) {{", self.params());
        for d in &self.decls {
            let _ = writeln!(o, "    {d}");
        }
        block(&mut o, &self.body, 1);
        o.push_str("    out[512 + tid] = acc;\n}\n");
        o
    }

    /// Only the parameters that are used beside the first ones.
    fn params(&self) -> String {
        let mut text = self.decls.concat();
        block(&mut text, &self.body, 0);
        let mut p = PARAMS.to_string();
        for (name, declared) in [
            ("count[", "device atomic_uint* count [[buffer(3)]]"),
            ("M", "constant uint& M [[buffer(4)]]"),
            ("K", "constant uint& K [[buffer(5)]]"),
        ] {
            if text.contains(name) {
                let _ = write!(p, ",\n    {declared}");
            }
        }
        if !text.contains("tp.") {
            p = p.replace("uint3 tp [[thread_position_in_threadgroup]], ", "");
        }
        if !text.contains("size") {
            p = p.replace(", uint3 size [[threads_per_threadgroup]]", "");
            p = p.replace(",\n    uint3 size [[threads_per_threadgroup]]", "");
        }
        p
    }

    /// All kernels that are one step simpler, boldest first.
    pub fn smaller(&self) -> Vec<Gen> {
        let mut out = Vec::new();
        for i in 0..self.helpers.len() {
            let mut g = self.clone();
            g.helpers.remove(i);
            out.push(g);
        }
        for body in edits(&self.body) {
            out.push(Gen {
                body,
                ..self.clone()
            });
        }
        for i in 0..self.helpers.len() {
            for body in edits(&self.helpers[i].1) {
                let mut g = self.clone();
                g.helpers[i].1 = body;
                out.push(g);
            }
        }
        for i in 0..self.globals.len() {
            let mut g = self.clone();
            g.globals.remove(i);
            out.push(g);
        }
        for i in 0..self.decls.len() {
            let mut g = self.clone();
            g.decls.remove(i);
            out.push(g);
        }
        let c = &self.config;
        let mut configs = Vec::new();
        if c.symbolic {
            configs.push(Config {
                symbolic: false,
                ..c.clone()
            });
        }
        if c.width != 32 {
            configs.push(Config {
                width: 32,
                ..c.clone()
            });
        }
        for i in (0..3).rev() {
            for m in [1, 2, c.threads[i] / 2, c.threads[i] - 1] {
                if m > 0 && m < c.threads[i] {
                    let mut n = c.clone();
                    n.threads[i] = m;
                    configs.push(n);
                }
            }
        }
        for m in [0, 1, c.most / 2] {
            if m < c.most {
                configs.push(Config {
                    most: m,
                    ..c.clone()
                });
            }
        }
        for config in configs {
            out.push(Gen {
                config,
                ..self.clone()
            });
        }
        out
    }
}

fn block(o: &mut String, body: &[S], depth: usize) {
    let pad = "    ".repeat(depth);
    for s in body {
        match s {
            S::Barrier { wide, flags } => {
                let name = if *wide {
                    "threadgroup_barrier"
                } else {
                    "simdgroup_barrier"
                };
                let _ = writeln!(o, "{pad}{name}({flags});");
            }
            S::Write(p, e) => {
                let _ = writeln!(
                    o,
                    "{pad}{} = {}{}{};",
                    p.text(),
                    p.store.0,
                    e.text(),
                    p.store.1
                );
            }
            S::Read(p) => {
                let _ = writeln!(o, "{pad}acc += {}{}{};", p.load.0, p.text(), p.load.1);
            }
            S::Update(p, e) => {
                let _ = writeln!(
                    o,
                    "{pad}{} += {}{}{};",
                    p.text(),
                    p.store.0,
                    e.text(),
                    p.store.1
                );
            }
            S::Around(a, e, b) => {
                let _ = writeln!(o, "{pad}{a}{}{b}", e.text());
            }
            S::Text(t) => {
                let _ = writeln!(o, "{pad}{t}");
            }
            S::If(c, yes, no) => {
                let _ = writeln!(o, "{pad}if ({}) {{", c.text());
                block(o, yes, depth + 1);
                if !no.is_empty() {
                    let _ = writeln!(o, "{pad}}} else {{");
                    block(o, no, depth + 1);
                }
                let _ = writeln!(o, "{pad}}}");
            }
            S::Loop { open, body, close } => {
                let _ = writeln!(o, "{pad}{open}");
                block(o, body, depth + 1);
                let _ = writeln!(o, "{pad}{close}");
            }
        }
    }
}

/// All blocks that are one step simpler.
fn edits(body: &[S]) -> Vec<Vec<S>> {
    let mut out = Vec::new();
    let with = |i: usize, new: Vec<S>| {
        let mut b = body.to_vec();
        b.splice(i..=i, new);
        b
    };
    // Halves first.
    if body.len() > 3 {
        let h = body.len() / 2;
        out.push(body[..h].to_vec());
        out.push(body[h..].to_vec());
    }
    for i in 0..body.len() {
        out.push(with(i, Vec::new()));
    }
    for (i, s) in body.iter().enumerate() {
        match s {
            S::If(c, yes, no) => {
                out.push(with(i, yes.clone()));
                if !no.is_empty() {
                    out.push(with(i, no.clone()));
                    out.push(with(i, vec![S::If(c.clone(), yes.clone(), Vec::new())]));
                }
                for e in edits(yes) {
                    out.push(with(i, vec![S::If(c.clone(), e, no.clone())]));
                }
                for e in edits(no) {
                    out.push(with(i, vec![S::If(c.clone(), yes.clone(), e)]));
                }
                for c in c.smaller() {
                    out.push(with(i, vec![S::If(c, yes.clone(), no.clone())]));
                }
            }
            S::Loop {
                open,
                body: inner,
                close,
            } => {
                out.push(with(i, inner.clone()));
                for e in edits(inner) {
                    let l = S::Loop {
                        open: open.clone(),
                        body: e,
                        close: close.clone(),
                    };
                    out.push(with(i, vec![l]));
                }
            }
            S::Write(p, e) => {
                for q in p.index.smaller() {
                    out.push(with(
                        i,
                        vec![S::Write(
                            Place {
                                index: q,
                                ..p.clone()
                            },
                            e.clone(),
                        )],
                    ));
                }
                if *e != leaf("0u") && *e != leaf("tid") {
                    out.push(with(i, vec![S::Write(p.clone(), leaf("0u"))]));
                    out.push(with(i, vec![S::Write(p.clone(), leaf("tid"))]));
                }
            }
            S::Update(p, e) => {
                out.push(with(i, vec![S::Write(p.clone(), e.clone())]));
                out.push(with(i, vec![S::Read(p.clone())]));
                for q in p.index.smaller() {
                    out.push(with(
                        i,
                        vec![S::Update(
                            Place {
                                index: q,
                                ..p.clone()
                            },
                            e.clone(),
                        )],
                    ));
                }
            }
            S::Read(p) => {
                for q in p.index.smaller() {
                    out.push(with(
                        i,
                        vec![S::Read(Place {
                            index: q,
                            ..p.clone()
                        })],
                    ));
                }
            }
            S::Around(a, e, b) => {
                for x in e.smaller() {
                    out.push(with(i, vec![S::Around(a, x, b)]));
                }
            }
            S::Barrier { .. } | S::Text(_) => {}
        }
    }
    out
}

/// An array that statements touch.
#[derive(Clone)]
struct Arr {
    /// Before the index.
    base: String,
    len: usize,
    views: bool,
    /// `float4` elements.
    vector: bool,
    space: &'static str,
    home: E,
}

struct Maker {
    r: Rng,
    t: String,
    arrays: Vec<Arr>,
    uniform: Vec<String>,
    own: Vec<String>,
    broadcast: bool,
    atomics: bool,
    names: usize,
    toggles: Vec<String>,
    /// Where all threads come along.
    together: bool,
    in_loop: bool,
    budget: isize,
    two: bool,
    calls: Vec<String>,
    kinds: Kinds,
}

const FLAGS: [&str; 11] = [
    "mem_flags::mem_threadgroup",
    "mem_flags::mem_threadgroup",
    "mem_flags::mem_threadgroup",
    "mem_flags::mem_threadgroup",
    "mem_flags::mem_threadgroup",
    "mem_flags::mem_device | mem_flags::mem_threadgroup",
    "mem_flags::mem_device | mem_flags::mem_threadgroup",
    "mem_flags::mem_device",
    "mem_flags::mem_none",
    "mem_flags::mem_none",
    "mem_flags::mem_threadgroup",
];

impl Maker {
    fn barrier(&mut self) -> S {
        S::Barrier {
            wide: self.r.chance(82),
            flags: self.r.pick(&FLAGS),
        }
    }

    fn uni(&mut self) -> E {
        let t = self.t.clone();
        match self.r.below(12) {
            0..=2 => leaf("N"),
            3..=5 if !self.uniform.is_empty() => leaf(self.r.pick(&self.uniform.clone())),
            6 => leaf(t),
            7 => {
                let k = self.r.below(8);
                leaf(format!("in[{k}]"))
            }
            8 if self.broadcast => leaf("flag[0]"),
            9 => bin(self.uni(), "+", leaf("1u")),
            _ => {
                let k = self.r.below(5);
                leaf(format!("{k}u"))
            }
        }
    }

    fn thr(&mut self) -> E {
        match self.r.below(12) {
            0..=4 => leaf("tid"),
            5 | 6 if !self.own.is_empty() => leaf(self.r.pick(&self.own.clone())),
            7 => leaf(self.r.pick(&["lane", "sg", "lane", "tid / 2u", "tid % 2u"])),
            8 if self.two => leaf(self.r.pick(&["tp.x", "tp.y"])),
            9 => {
                let t = self.t.clone();
                leaf(format!("({t} - 1u - tid)"))
            }
            _ => leaf("tid"),
        }
    }

    fn index(&mut self) -> E {
        if let Some(e) = self.kind_index() {
            return e;
        }
        let t = leaf(self.t.clone());
        let k = self.r.pick(&["1u", "2u", "3u", "4u", "8u"]);
        match self.r.below(30) {
            0..=6 => self.thr(),
            7 => bin(self.thr(), "+", leaf(k)),
            8 => bin(bin(self.thr(), "+", leaf(k)), "%", t),
            9 => bin(self.thr(), "^", leaf(k)),
            10 => bin(self.thr(), "^", self.uni_small()),
            11 => bin(self.thr(), "/", leaf(k)),
            12 => bin(self.thr(), "%", leaf(k)),
            13 => bin(self.thr(), "*", leaf(k)),
            14 => bin(bin(self.uni_small(), "*", t), "+", self.thr()),
            15 => bin(bin(self.thr(), "*", leaf(k)), "+", self.uni_small()),
            16 => bin(self.thr(), "+", self.uni_small()),
            17 => bin(bin(self.thr(), "+", self.uni_small()), "%", t),
            18 => self.uni_small(),
            19 => bin(self.thr(), "&", leaf(k)),
            20 => bin(self.thr(), ">>", leaf("1u")),
            21 => bin(
                bin(bin(self.thr(), "/", leaf(k)), "*", leaf(k)),
                "+",
                bin(self.thr(), "%", leaf(k)),
            ),
            22 => bin(
                bin(bin(self.thr(), "%", leaf(k)), "*", leaf("4u")),
                "+",
                bin(self.thr(), "/", leaf(k)),
            ),
            23 => E::Wrap(
                "uint(ushort(",
                Box::new(bin(self.thr(), "+", leaf("65534u"))),
                "))",
            ),
            24 => E::Wrap(
                "uint(uchar(",
                Box::new(bin(self.thr(), "*", leaf("100u"))),
                "))",
            ),
            25 => E::Wrap("uint((int(", Box::new(self.thr()), ") - 2) & 15)"),
            26 => E::Wrap("uint(abs(int(", Box::new(self.thr()), ") - 3))"),
            27 => E::Wrap("in[", Box::new(self.thr()), "]"),
            28 => {
                let c = self.cond(true);
                E::Bin(Box::new(c), "?", Box::new(bin(self.thr(), ":", leaf("0u"))))
            }
            _ => bin(leaf("acc"), "&", leaf("7u")),
        }
        .fix()
    }

    /// Uniform and bounded.
    fn uni_small(&mut self) -> E {
        if !self.uniform.is_empty() && self.r.chance(60) {
            return leaf(self.r.pick(&self.uniform.clone()));
        }
        leaf(self.r.pick(&["N", "1u", "2u", "0u", "3u", "N"]))
    }

    fn cond(&mut self, own: bool) -> E {
        let op = self.r.pick(&["<", ">", "==", "!=", "<=", ">="]);
        if own {
            match self.r.below(9) {
                0 => leaf("tid == 0u"),
                1 => leaf("lane == 0u"),
                2 => bin(bin(leaf("tid"), "%", leaf("2u")), "==", leaf("0u")),
                3 => bin(leaf("tid"), "<", self.uni_small()),
                4 => bin(E::Wrap("in[", Box::new(self.thr()), "]"), ">", leaf("2u")),
                5 => bin(leaf("sg"), "==", leaf(self.r.pick(&["0u", "1u"]))),
                6 => bin(bin(leaf("tid"), "<", leaf("4u")), "&&", self.cond(false)),
                7 => bin(self.index_simple(), op, self.uni_small()),
                _ => bin(self.thr(), op, self.uni()),
            }
        } else {
            if let Some(c) = self.kind_guard() {
                return c;
            }
            match self.r.below(5) {
                0 => bin(bin(self.uni(), "&", leaf("1u")), "==", leaf("0u")),
                1 => bin(self.uni(), op, self.uni()),
                2 => bin(leaf("N"), op, leaf(self.r.pick(&["1u", "2u", "3u"]))),
                3 if self.broadcast => bin(leaf("flag[0]"), op, leaf("2u")),
                _ => bin(self.uni(), op, leaf(self.r.pick(&["0u", "1u", "2u", "3u"]))),
            }
        }
    }

    fn index_simple(&mut self) -> E {
        let k = self.r.pick(&["1u", "2u", "3u"]);
        let op = self.r.pick(&["+", "^", "/", "%", "*"]);
        bin(self.thr(), op, leaf(k))
    }

    fn place(&mut self) -> Place {
        let a = self.r.pick(&self.arrays.clone());
        let mut base = a.base.clone();
        if let Some(at) = base.find("{b}") {
            let t = if self.toggles.is_empty() || self.r.chance(15) {
                self.r.pick(&["0", "1"]).to_string()
            } else {
                let t = self.r.pick(&self.toggles.clone());
                if self.r.chance(40) {
                    format!("1u - {t}")
                } else {
                    t
                }
            };
            base.replace_range(at..at + 3, &t);
        }
        if let Some(at) = base.find("{u}") {
            let u = self.uni_small().text();
            base.replace_range(at..at + 3, &u);
        }
        let mut index = if self.r.chance(62) {
            let home = a.home.clone();
            if self.r.chance(25) && !self.uniform.is_empty() {
                bin(
                    home,
                    "+",
                    bin(
                        leaf(self.r.pick(&self.uniform.clone())),
                        "*",
                        leaf(self.t.clone()),
                    ),
                )
            } else {
                home
            }
        } else {
            self.index()
        };
        let float = ("float(", ")");
        let uint = ("uint(", ")");
        let none = ("", "");
        let (mut before, mut after, mut store, mut load) = (base.clone(), "", none, none);
        let mut len = a.len;
        if a.vector {
            match self.r.below(3) {
                0 => after = [".x", ".y", ".w"][self.r.below(3)],
                _ => {
                    store = ("float4(", ")");
                    load = ("uint((", ").y)");
                }
            }
            if !after.is_empty() {
                store = float;
                load = uint;
            }
        } else if a.views && self.r.chance(16) {
            let (ty, l) = self.r.pick(&[
                ("uchar", a.len * 4),
                ("ushort", a.len * 2),
                ("half", a.len * 2),
                ("uint2", a.len / 2),
                ("float4", a.len / 4),
                ("uchar4", a.len),
                ("float", a.len),
            ]);
            len = l;
            before = format!("(({} {ty}*){base})", a.space);
            (store, load) = match ty {
                "uchar" => (("uchar(", ")"), uint),
                "ushort" => (("ushort(", ")"), uint),
                "half" => (("half(", ")"), uint),
                "uint2" => (("uint2(", ")"), ("uint((", ").y)")),
                "float4" => (("float4(", ")"), ("uint((", ").z)")),
                "uchar4" => (("uchar4(", ")"), ("uint((", ").z)")),
                _ => (float, uint),
            };
        }
        if len > 0 && self.r.chance(45) {
            index = bin(index, "%", leaf(format!("{len}u")));
        }
        Place {
            before,
            index,
            after,
            store,
            load,
        }
    }

    fn value(&mut self) -> E {
        match self.r.below(5) {
            0 => leaf("acc"),
            1 => E::Wrap("in[", Box::new(self.thr()), "]"),
            2 => self.uni(),
            _ => self.thr(),
        }
    }

    fn access(&mut self) -> S {
        match self.r.below(20) {
            0..=8 => S::Write(self.place(), self.value()),
            9..=15 => S::Read(self.place()),
            16 | 17 => S::Update(self.place(), self.value()),
            18 if self.atomics => {
                let i = self.index();
                let i = bin(i, "%", leaf("8u"));
                match self.r.below(4) {
                    0 => S::Around(
                        "atomic_fetch_add_explicit(&bins[",
                        i,
                        "], 1u, memory_order_relaxed);",
                    ),
                    1 => S::Around(
                        "acc += atomic_load_explicit(&bins[",
                        i,
                        "], memory_order_relaxed);",
                    ),
                    2 => S::Around(
                        "atomic_store_explicit(&bins[",
                        i,
                        "], 3u, memory_order_relaxed);",
                    ),
                    _ => S::Around("acc += ((threadgroup uint*)bins)[", i, "];"),
                }
            }
            19 if self.together => {
                let v = self.value();
                match self.r.below(3) {
                    0 => S::Around("acc += simd_sum(", v, ");"),
                    1 => S::Around("acc = simd_broadcast_first(", v, ");"),
                    _ => S::Around("acc += simd_shuffle_xor(", v, ", 1);"),
                }
            }
            _ => S::Write(self.place(), self.value()),
        }
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("i{}", self.names)
    }

    fn looped(&mut self, out: &mut Vec<S>) {
        let v = self.name();
        let t = self.t.clone();
        let k = self.r.pick(&["1u", "2u", "3u", "N"]);
        let end = "}".to_string();
        // Whether all threads make the same steps.
        let (open, close, same): (String, String, bool) = match self.r.below(22) {
            0..=3 => (format!("for (uint {v} = 0u; {v} < N; ++{v}) {{"), end, true),
            4 => (
                format!("for (uint {v} = tid; {v} < N; {v} += {t}) {{"),
                end,
                false,
            ),
            5 => (
                format!("for (uint {v} = tid; {v} < 24u; {v} += {t}) {{"),
                end,
                false,
            ),
            6 => (
                format!("for (uint {v} = {t} / 2u; {v} > 0u; {v} >>= 1) {{"),
                end,
                true,
            ),
            7 => (
                format!("for (uint {v} = 1u; {v} < {t}; {v} <<= 1) {{"),
                end,
                true,
            ),
            8 => (format!("for (uint {v} = N; {v} > 0u; --{v}) {{"), end, true),
            9 => (format!("for (uint {v} = N; {v}-- > 0u;) {{"), end, true),
            10 => (
                format!("for (int {v} = int(N) - 1; {v} >= 0; --{v}) {{"),
                end,
                true,
            ),
            11 => (
                format!("for (ushort {v} = ushort(tid); {v} < N; {v} += {t}) {{"),
                end,
                false,
            ),
            12 => (
                format!("uint {v} = 0u; do {{"),
                format!("}} while (++{v} < N);"),
                true,
            ),
            13 => (
                format!("uint {v} = 0u; while ({v} < N) {{"),
                format!("    {v} += 2u;\n    }}"),
                true,
            ),
            14 => (
                format!("for (uint {v} = 0u; ; ++{v}) {{ if ({v} >= {k}) break;"),
                end,
                true,
            ),
            15 => (
                format!("for (uchar {v} = 253; {v} != 2; ++{v}) {{"),
                end,
                true,
            ),
            16 => (
                format!("for (uint {v} = 0u; {v} < {k}; ++{v}) {{"),
                end,
                true,
            ),
            17 => (
                format!("for (uint {v} = tid; {v} < tid + 3u; ++{v}) {{"),
                end,
                false,
            ),
            18 => (
                format!("for (uint {v} = 0u; {v} < in[tid]; ++{v}) {{"),
                end,
                false,
            ),
            19 => (
                format!("for (uint {v} = 0u; {v} < in[{k}]; ++{v}) {{ if ({v} > 5u) break;"),
                end,
                true,
            ),
            20 if self.broadcast => (
                format!("for (uint {v} = 0u; {v} < flag[0]; ++{v}) {{ if ({v} > 4u) break;"),
                end,
                true,
            ),
            21 => (
                format!("for (uint {v} = 4294967294u; {v} != 2u; {v} += 1u) {{"),
                end,
                true,
            ),
            _ => (
                format!("for (uint {v} = 0u; {v} < 3u; ++{v}) {{"),
                end,
                true,
            ),
        };
        let signed = open.contains("int ") && open.starts_with("for (int");
        let (u, o) = (self.uniform.len(), self.own.len());
        let shown = if signed {
            format!("uint({v})")
        } else {
            v.clone()
        };
        let (was, was_in) = (self.together, self.in_loop);
        self.in_loop = true;
        if same {
            self.uniform.push(shown.clone());
        } else {
            self.own.push(shown.clone());
            self.together = false;
        }
        let mut body = Vec::new();
        let n = 1 + self.r.below(4);
        for _ in 0..n {
            self.statement(&mut body);
        }
        if self.together {
            if self.r.chance(35) {
                body.push(self.barrier());
            }
            if self.r.chance(20) {
                body.insert(0, self.barrier());
            }
            if !self.toggles.is_empty() && self.r.chance(50) {
                let t = self.r.pick(&self.toggles.clone());
                let how = self.r.pick(&["= 1u - ", "^= 1u;", "= (", "uchar", "bool"]);
                body.push(S::Text(match how {
                    "uchar" => format!("{t} = uint(uchar(({t} + 1u) & 1u));"),
                    // Always 0 or 1, but from 1 on it stays.
                    "bool" => format!("{t} = uint(bool({t} + 1u));"),
                    "= 1u - " => format!("{t} = 1u - {t};"),
                    "^= 1u;" => format!("{t} ^= 1u;"),
                    _ => format!("{t} = ({t} + 1u) % 2u;"),
                }));
            }
            if self.r.chance(18) {
                let c = self.cond(self.r.0.is_multiple_of(7));
                let word = self.r.pick(&[") break;", ") continue;"]);
                let at = self.r.below(body.len() + 1);
                // A `while` that is continued before its step would not end.
                if !(open.contains("while") && word.contains("continue")) {
                    body.insert(at, S::Around("if (", c, word));
                }
            }
        }
        self.uniform.truncate(u);
        self.own.truncate(o);
        (self.together, self.in_loop) = (was, was_in);
        out.push(S::Loop { open, body, close });
    }

    fn statement(&mut self, out: &mut Vec<S>) {
        self.budget -= 1;
        if self.budget < 0 {
            out.push(self.access());
            return;
        }
        if self.r.chance(22) && self.kind_statements(out) {
            return;
        }
        match self.r.below(40) {
            0..=9 if self.together => out.push(self.barrier()),
            10..=13 => {
                if self.budget > 4 {
                    self.looped(out);
                } else {
                    out.push(self.access());
                }
            }
            14..=16 => {
                let was = self.together;
                let own = self.r.chance(60);
                let c = self.cond(own);
                if own && !self.r.chance(4) {
                    self.together = false;
                }
                let mut yes = Vec::new();
                let mut no = Vec::new();
                for _ in 0..1 + self.r.below(2) {
                    self.statement(&mut yes);
                }
                if self.r.chance(35) {
                    self.statement(&mut no);
                }
                self.together = was;
                out.push(S::If(c, yes, no));
            }
            17 if self.together && self.broadcast => {
                let v = self.value();
                let one = Place {
                    before: "flag".into(),
                    index: leaf("0u"),
                    after: "",
                    store: ("", ""),
                    load: ("", ""),
                };
                out.push(S::If(leaf("tid == 0u"), vec![S::Write(one, v)], Vec::new()));
                out.push(self.barrier());
                let c = bin(
                    leaf("flag[0]"),
                    self.r.pick(&[">", "==", "<"]),
                    leaf(self.r.pick(&["0u", "1u", "2u"])),
                );
                let mut yes = Vec::new();
                for _ in 0..1 + self.r.below(3) {
                    self.statement(&mut yes);
                }
                out.push(S::If(c, yes, Vec::new()));
                if self.r.chance(60) {
                    out.push(self.barrier());
                }
            }
            18 if self.together && !self.calls.is_empty() => {
                let c = self.r.pick(&self.calls.clone());
                let a = self.r.pick(&["a", "a + 16", "a + 4", "a"]);
                let x = match self.r.below(3) {
                    0 => "N".to_string(),
                    1 => self.uni_small().text(),
                    _ => "2u".to_string(),
                };
                out.push(S::Text(format!(
                    "{c}({a}, in, out, N, tid, lane, sg, {x});"
                )));
                if self.r.chance(70) {
                    out.push(S::Text(format!(
                        "{c}({a}, in, out, N, tid, lane, sg, {x});"
                    )));
                }
            }
            19 if self.r.chance(25) && !self.in_loop => {
                let c = self.cond(self.r.0.is_multiple_of(2));
                out.push(S::Around("if (", c, ") return;"));
            }
            _ => out.push(self.access()),
        }
    }
}

impl E {
    /// The conditional operator is built from two binary nodes: put its parts straight.
    fn fix(self) -> E {
        match self {
            E::Bin(c, "?", rest) => match *rest {
                E::Bin(a, ":", b) => leaf(format!("({} ? {} : {})", c.text(), a.text(), b.text())),
                other => other,
            },
            other => other,
        }
    }
}

/// Kernel number `n` of a seed.
pub fn make(seed: u64, n: u64) -> Gen {
    let mut r = Rng::new(seed ^ n.wrapping_mul(0xd134_2543_de82_ef95));
    r.next();
    let big = r.chance(15);
    let two = !big && r.chance(12);
    let threads = if big {
        [32 + r.below(33) as u32, 1, 1]
    } else if two {
        r.pick(&[[2, 2, 1], [4, 2, 1], [2, 3, 1], [3, 2, 1]])
    } else {
        let t = r.pick(&[1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 8]);
        [t, 1, 1]
    };
    let width = if big { 32 } else { r.pick(&[2, 4, 4, 32]) };
    let symbolic = !big && !two && r.chance(25);
    let total: u32 = threads.iter().product();
    let t = if symbolic || r.chance(30) {
        if two {
            "(size.x * size.y)".to_string()
        } else {
            "size.x".to_string()
        }
    } else {
        format!("{total}u")
    };
    let len: usize = if big { 128 } else { 32 };
    let mut decls = vec!["uint acc = tid;".to_string()];
    let mut m = Maker {
        r,
        t,
        arrays: Vec::new(),
        uniform: Vec::new(),
        own: Vec::new(),
        broadcast: false,
        atomics: false,
        names: 0,
        toggles: Vec::new(),
        together: true,
        in_loop: false,
        budget: 0,
        two,
        calls: Vec::new(),
        kinds: Kinds::default(),
    };
    let home = |m: &mut Maker| match m.r.below(10) {
        0..=5 => leaf("tid"),
        6 => bin(leaf("tid"), "*", leaf("2u")),
        7 => bin(leaf(m.t.clone()), "-", leaf("1u - tid")),
        8 => bin(leaf("tid"), "^", leaf("1u")),
        _ => m.index(),
    };
    decls.push(format!("threadgroup uint a[{len}];"));
    let h = home(&mut m);
    m.arrays.push(Arr {
        base: "a".into(),
        len,
        views: true,
        vector: false,
        space: "threadgroup",
        home: h,
    });
    if m.r.chance(45) {
        decls.push(format!("threadgroup uint b[{len}];"));
        let h = home(&mut m);
        m.arrays.push(Arr {
            base: "b".into(),
            len,
            views: true,
            vector: false,
            space: "threadgroup",
            home: h,
        });
    }
    if m.r.chance(18) {
        decls.push(format!("threadgroup float4 v[{len}];"));
        let h = home(&mut m);
        m.arrays.push(Arr {
            base: "v".into(),
            len,
            views: false,
            vector: true,
            space: "threadgroup",
            home: h,
        });
    }
    if m.r.chance(22) {
        decls.push(format!("threadgroup uint d[2][{len}];"));
        decls.push("uint z = 0u;".into());
        m.toggles.push("z".into());
        let h = home(&mut m);
        m.arrays.push(Arr {
            base: "d[{b}]".into(),
            len,
            views: false,
            vector: false,
            space: "threadgroup",
            home: h,
        });
    }
    if m.r.chance(30) {
        let h = home(&mut m);
        m.arrays.push(Arr {
            base: "out".into(),
            len: 0,
            views: true,
            vector: false,
            space: "device",
            home: h,
        });
    }
    if m.r.chance(30) {
        m.broadcast = true;
        decls.push("threadgroup uint flag[1];".into());
    }
    if m.r.chance(18) {
        m.atomics = true;
        decls.push("threadgroup atomic_uint bins[8];".into());
    }
    let mut globals = Vec::new();
    let mut own = Vec::new();
    let kinds = Kinds::choose(&mut m.r, &mut own, &mut globals);
    own.retain(|d| !decls.contains(d));
    decls.extend(own);
    let mut helpers = Vec::new();
    if m.r.chance(20) {
        // What a helper can name.
        let kept = (
            m.arrays.clone(),
            m.broadcast,
            m.atomics,
            m.t.clone(),
            m.two,
            std::mem::take(&mut m.toggles),
        );
        let h = home(&mut m);
        m.arrays = vec![Arr {
            base: "p".into(),
            len: 16,
            views: true,
            vector: false,
            space: "threadgroup",
            home: h,
        }];
        (m.broadcast, m.atomics, m.two) = (false, false, false);
        m.t = format!("{total}u");
        m.arrays[0].home = leaf("tid");
        m.uniform.push("x".into());
        m.budget = 8;
        m.in_loop = true;
        let mut body = Vec::new();
        for _ in 0..2 + m.r.below(3) {
            m.statement(&mut body);
        }
        m.in_loop = false;
        m.uniform.clear();
        (m.arrays, m.broadcast, m.atomics, m.t, m.two, m.toggles) = kept;
        helpers.push((
            "void h(threadgroup uint* p, device const uint* in, device uint* out, uint N, uint tid, uint lane, uint sg, uint x)".to_string(),
            body,
        ));
        m.calls.push("h".into());
    }
    m.kinds = kinds;
    let h = home(&mut m);
    let through = m.pointer_arrays(&h);
    m.arrays.extend(through);
    m.budget = 16;
    let mut body = Vec::new();
    let n = 4 + m.r.below(6);
    for i in 0..n {
        m.statement(&mut body);
        if i + 1 < n && m.r.chance(22) {
            body.push(m.barrier());
        }
    }
    if m.r.chance(8) {
        body.extend(m.publication());
    }
    let most = m.r.pick(&[2, 3, 5, 9]);
    Gen {
        config: Config {
            threads,
            symbolic,
            width,
            most,
        },
        globals,
        decls,
        helpers,
        body,
    }
}
