//! Parts of random kernels in which wrong verdicts were found: pointers that are kept in memory, atomic operations that do not commute, what is published
//! to other threadgroups, counters that go through casts, inner loops that are entered again, guards that random launches do not meet, and calls that are
//! resolved by type. A kernel has a few of them ([`Kinds::choose`]), as declarations, and as statements among the others.

use super::{Arr, E, Maker, Place, Rng, S, bin, leaf};

/// What a kernel has of them.
#[derive(Clone, Default)]
pub struct Kinds {
    /// Bases of accesses through pointers in memory; `{u}` is a uniform index.
    pub pointers: Vec<String>,
    /// Pointers in threadgroup memory, which a statement sets.
    pub shared_pointers: Vec<String>,
    /// Places of `atomic_uint`, without the index, and how many there are.
    pub atomics: Vec<(String, &'static str)>,
    /// Guards on the parameters `M` and `K`.
    pub guards: bool,
    /// Rings: variable, modulus.
    pub rings: Vec<(String, u32)>,
    /// Counters of loops, declared outside of all loops.
    pub counters: Vec<String>,
    /// Functions of one name.
    pub calls: bool,
}

/// A kind of statement.
#[derive(Clone, Copy)]
enum Kind {
    Atomic,
    Pointer,
    Ring,
    Again,
    Guard,
}

/// Values of `M` and `K`, each the only sort that meets one of [`GUARDS`].
pub const MEETING: [(u32, u32); 9] = [
    (0, 0),
    (37, 1),
    (100, 7),
    (1000, 77),
    (416_041_631, 2),
    (997, 3),
    (4_294_767_299, 200_000),
    (131_072, 65_536),
    (2_147_483_653, 5),
];

/// Conditions that nobody meets who does not solve them.
pub const GUARDS: [&str; 8] = [
    "M == 37u",
    "M > K * 3u && K > 5u && M < 200u",
    "M - 3u * K == 769u && M + 5u * K == 1385u",
    "M * 2654435761u == 0xDEADBEEFu",
    "M % 1000u == 997u && K == 3u",
    "K > 100000u && M + K < 10u",
    "K != 0u && K * K == 0u && M / K == 2u",
    "int(M) < 0 && ushort(M) == 5 && K == uint(ushort(M))",
];

/// Declarations at namespace scope for [`Kinds::calls`].
pub const CALLS: &str = "inline uint sel(int a, uint t) { return t; }
inline uint sel(uint a, uint t) { return t ^ 1u; }
inline uint sel(ushort a, uint t) { return t + 1u; }
template <typename T> struct Sel { static uint at(T a, uint t) { return t; } };
template <> struct Sel<uchar> { static uint at(uchar a, uint t) { return t * 2u + a; } };
template <typename T> inline uint tsel(T a, uint t) { return Sel<T>::at(a, t); }
template <int N> inline uint nsel(uint t, uint by = N) { return t + by; }
";

/// A structure with a pointer.
pub const BOX: &str = "struct Box { uint n; threadgroup uint* p; };\n";

impl Kinds {
    /// Chooses some of them, and adds what they declare.
    pub fn choose(r: &mut Rng, decls: &mut Vec<String>, globals: &mut Vec<String>) -> Kinds {
        let mut k = Kinds::default();
        if r.chance(12) {
            let other = r.pick(&["a", "a + 8", "a + 1"]);
            match r.below(3) {
                0 => {
                    decls.push(format!("threadgroup uint* pp[2] = {{a, {other}}};"));
                    k.pointers.push("pp[{u} & 1u]".into());
                }
                1 => {
                    globals.push(BOX.into());
                    decls.push(format!("Box x = {{N, {other}}};"));
                    k.pointers.push("x.p".into());
                }
                _ => {
                    decls.push("threadgroup uint* threadgroup sp[2];".into());
                    decls.push("if (tid == 0u) { sp[0] = a; sp[1] = a; }".into());
                    decls.push("threadgroup_barrier(mem_flags::mem_threadgroup);".into());
                    k.pointers.push("sp[{u} & 1u]".into());
                    k.shared_pointers.push("sp".into());
                }
            }
        }
        if r.chance(12) {
            decls.push("threadgroup atomic_uint bins[8];".into());
            k.atomics.push(("bins[".into(), "8u"));
        }
        if r.chance(8) {
            k.atomics.push(("count[".into(), "4u"));
        }
        k.guards = r.chance(30);
        if r.chance(15) {
            let most = r.pick(&[2, 3, 4]);
            decls.push("uint ring = 0u;".into());
            k.rings.push(("ring".into(), most));
        }
        if r.chance(20) {
            decls.push("uint j = 0u;".into());
            k.counters.push("j".into());
        }
        k.calls = r.chance(15);
        if k.calls {
            globals.push(CALLS.into());
        }
        k
    }
}

/// A step of a ring, through types that may be too narrow for it, or by factors that wrap.
fn step(r: &mut Rng, v: &str, m: u32) -> String {
    match r.below(9) {
        0 => format!("{v} = ({v} + 1u) % {m}u;"),
        1 => format!("{v} = uint(uchar({v} + 255u)) % {m}u;"),
        2 => format!("{v} = uint(uchar({v} * 200u + 1u)) % {m}u;"),
        3 => format!("{v} = ({v} + 4294967295u) % {m}u;"),
        4 => format!("{v} = uint(ushort({v} * 40503u + 7u)) % {m}u;"),
        5 => format!("{v} = uint(char({v} + 127u)) % {m}u;"),
        6 => format!(
            "{v} = uint(({v} * 6364136223846793005ul + 1442695040888963407ul) >> 61) % {m}u;"
        ),
        7 => format!("{v} = ({v} * 2654435761u + 1u) % {m}u;"),
        _ => format!("{v} = {v} == {}u ? 0u : {v} + 1u;", m - 1),
    }
}

/// A number of many wide factors, as hashes have.
fn hashed(r: &mut Rng, of: E) -> E {
    let mut e = of;
    for _ in 0..r.pick(&[1, 3, 7]) {
        let (f, a) = r.pick(&[
            ("1664525u", "1013904223u"),
            ("2654435761u", "1u"),
            ("4294967295u", "3u"),
            ("65537u", "65536u"),
        ]);
        e = bin(bin(e, "*", leaf(f)), "+", leaf(a));
    }
    e
}

impl Maker {
    /// An index of one of the kinds, where the kernel has one.
    pub fn kind_index(&mut self) -> Option<E> {
        let inner = self.thr();
        match self.r.below(4) {
            0 if self.kinds.calls => {
                let call = self.r.pick(&[
                    "sel(1, ",
                    "sel(1u, ",
                    "sel(ushort(1), ",
                    "sel(uchar(1), ",
                    "tsel(uchar(1), ",
                    "tsel(1, ",
                    "nsel<1>(",
                    "nsel<0>(",
                ]);
                Some(E::Wrap(call, Box::new(inner), ")"))
            }
            1 if !self.kinds.rings.is_empty() => {
                let (v, _) = self.r.pick(&self.kinds.rings.clone());
                Some(bin(bin(leaf(v), "*", leaf(self.t.clone())), "+", inner))
            }
            2 if !self.kinds.counters.is_empty() => {
                let j = self.r.pick(&self.kinds.counters.clone());
                let op = self.r.pick(&["+", "^"]);
                Some(bin(inner, op, bin(leaf(j), "&", leaf("7u"))))
            }
            3 if self.r.chance(30) => {
                let h = hashed(&mut self.r, inner);
                Some(match self.r.below(3) {
                    0 => bin(h, ">>", leaf("28u")),
                    1 => bin(h, "&", leaf("7u")),
                    _ => bin(h, "%", leaf("8u")),
                })
            }
            _ => None,
        }
    }

    /// A condition that only few values of `M` and `K` meet; uniform.
    pub fn kind_guard(&mut self) -> Option<E> {
        (self.kinds.guards && self.r.chance(35)).then(|| leaf(self.r.pick(&GUARDS)))
    }

    /// An atomic operation.
    fn atomic(&mut self) -> S {
        let (base, len) = self.r.pick(&self.kinds.atomics.clone());
        let i = match self.r.below(4) {
            0 => leaf("0u"),
            _ => bin(self.index(), "%", leaf(len)),
        };
        let i = i.text();
        let v = self.r.pick(&["1u", "tid", "N", "3u", "tid + 1u"]);
        let used = self.r.pick(&["", "", "", "acc += "]);
        let op = self.r.pick(&[
            "fetch_add",
            "fetch_add",
            "fetch_sub",
            "fetch_max",
            "fetch_min",
            "fetch_or",
            "fetch_and",
            "fetch_xor",
            "exchange",
        ]);
        S::Text(match self.r.below(6) {
            0 => format!("atomic_store_explicit(&{base}{i}], {v}, memory_order_relaxed);"),
            1 => format!("acc += atomic_load_explicit(&{base}{i}], memory_order_relaxed);"),
            _ => format!("{used}atomic_{op}_explicit(&{base}{i}], {v}, memory_order_relaxed);"),
        })
    }

    /// The kinds of statements that can stand here.
    fn possible(&self) -> Vec<Kind> {
        let k = &self.kinds;
        let all = [
            (Kind::Atomic, !k.atomics.is_empty()),
            (
                Kind::Pointer,
                !k.shared_pointers.is_empty() && self.together,
            ),
            (Kind::Ring, !k.rings.is_empty() && self.together),
            (Kind::Again, !k.counters.is_empty() && self.budget > 3),
            (Kind::Guard, k.guards),
        ];
        let can = all.into_iter().filter(|(_, can)| *can);
        can.map(|(kind, _)| kind).collect()
    }

    /// Statements of one of the kinds; whether there are any.
    pub fn kind_statements(&mut self, out: &mut Vec<S>) -> bool {
        let possible = self.possible();
        if possible.is_empty() {
            return false;
        }
        match self.r.pick(&possible) {
            Kind::Atomic => out.push(self.atomic()),
            Kind::Pointer => self.broadcast_pointer(out),
            Kind::Ring => {
                let (v, m) = self.r.pick(&self.kinds.rings.clone());
                out.push(S::Text(step(&mut self.r, &v, m)));
            }
            Kind::Again => self.entered_again(out),
            Kind::Guard => {
                let c = leaf(self.r.pick(&GUARDS));
                let mut yes = Vec::new();
                for _ in 0..1 + self.r.below(3) {
                    self.statement(&mut yes);
                }
                out.push(S::If(c, yes, Vec::new()));
            }
        }
        true
    }

    /// One thread stores a pointer, all use it.
    fn broadcast_pointer(&mut self, out: &mut Vec<S>) {
        let v = self.r.pick(&self.kinds.shared_pointers.clone());
        let to = self.r.pick(&["a", "a + 8", "a + 1", "N > 1u ? a : a + 4"]);
        let i = self.r.below(2);
        if self.r.chance(60) {
            out.push(self.barrier());
        }
        let set = S::Text(format!("{v}[{i}] = {to};"));
        out.push(S::If(leaf("tid == 0u"), vec![set], Vec::new()));
        if self.r.chance(85) {
            out.push(self.barrier());
        }
        let place = Place {
            before: format!("{v}[{i}]"),
            index: bin(self.index(), "%", leaf("16u")),
            after: "",
            store: ("", ""),
            load: ("", ""),
        };
        let value = self.value();
        out.push(match self.r.below(2) {
            0 => S::Write(place, value),
            _ => S::Read(place),
        });
    }

    /// A loop whose counter keeps what the last entry left.
    fn entered_again(&mut self, out: &mut Vec<S>) {
        let j = self.r.pick(&self.kinds.counters.clone());
        let (was, counters) = (self.together, std::mem::take(&mut self.kinds.counters));
        match self.r.below(4) {
            0 => out.push(S::Text(format!("{j} = 0u;"))),
            1 => {
                let u = self.uni_small();
                out.push(S::Text(format!("{j} = {};", u.text())));
            }
            2 if self.r.chance(30) => out.push(S::Text(format!("{j} = tid;"))),
            _ => {}
        }
        let (bound, same) = self.r.pick(&[
            ("N", true),
            ("3u", true),
            ("N", true),
            ("tid", false),
            ("(tid & 3u)", false),
        ]);
        // Whether all threads make the same steps is not known: the counter may have come from anywhere.
        self.together = was && same && self.r.chance(70);
        let was_in = std::mem::replace(&mut self.in_loop, true);
        self.own.push(j.clone());
        let mut body = Vec::new();
        for _ in 0..1 + self.r.below(3) {
            self.statement(&mut body);
        }
        if self.together && self.r.chance(50) {
            body.push(self.barrier());
        }
        if self.r.chance(20) {
            let c = self.cond(false);
            body.push(S::Around("if (", c, ") break;"));
        }
        self.own.pop();
        (self.together, self.in_loop) = (was, was_in);
        self.kinds.counters = counters;
        out.push(S::Loop {
            open: format!("while ({j} < {bound}) {{"),
            body,
            close: format!("    ++{j};\n    }}"),
        });
    }

    /// Writes to device memory, a barrier, and an atomic operation that tells others. The barrier is never one that can go.
    pub fn publication(&mut self) -> Vec<S> {
        let flags = self.r.pick(&[
            "mem_flags::mem_device",
            "mem_flags::mem_device | mem_flags::mem_threadgroup",
        ]);
        let write = self.r.pick(&[
            "out[256u + tid] = acc;",
            "if (tid == 0u) out[256u] = acc;",
            "for (uint q = 0u; q < 2u; ++q) out[256u + tid * 2u + q] = acc;",
        ]);
        let tell = self.r.pick(&[
            "atomic_store_explicit(&count[0], 1u, memory_order_relaxed);",
            "atomic_fetch_add_explicit(&count[0], 1u, memory_order_relaxed);",
            "atomic_fetch_or_explicit(&count[1], 1u, memory_order_relaxed);",
        ]);
        vec![
            S::Text(write.into()),
            S::Text(format!("threadgroup_barrier({flags}); {PUBLISHES}")),
            S::If(leaf("tid == 0u"), vec![S::Text(tell.into())], Vec::new()),
        ]
    }

    /// The array that pointers in memory lead to.
    pub fn pointer_arrays(&mut self, home: &E) -> Vec<Arr> {
        let all = self.kinds.pointers.clone();
        all.into_iter()
            .map(|p| Arr {
                base: p,
                len: 16,
                views: false,
                vector: false,
                space: "threadgroup",
                home: home.clone(),
            })
            .collect()
    }
}

/// Stands beside a barrier that publishes.
pub const PUBLISHES: &str = "// publishes";
