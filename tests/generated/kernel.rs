//! A kernel: phases of accesses to two arrays, with barriers between them. In a phase an array is either written, once, by a permutation of the
//! threads, or read, so that the kernel as written does not race; whether two phases need the barrier between them is decided by calls.

use super::expr::Var;
use super::features::Feature;
use super::gadgets::{ALL, THREADS};
use super::program::{Maker, make_block};
use super::types::Ty;

/// A kernel.
pub struct Generated {
    /// Without the first lines of the file.
    pub text: String,
}

/// Blocks of `values` that compute a number.
const BLOCKS: &[Feature] = &[
    Feature::Overloads,
    Feature::Templates,
    Feature::Defaults,
    Feature::Members,
    Feature::Operators,
    Feature::Constructors,
    Feature::Enums,
    Feature::Qualified,
    Feature::Constants,
    Feature::UsingDirective,
    Feature::UsingDeclaration,
    Feature::Dependent,
    Feature::Global,
    Feature::SameEnumerators,
    Feature::SameNamespaces,
    Feature::ConstOverloads,
    Feature::ReferenceOverloads,
    Feature::Destructors,
    Feature::Copies,
    Feature::PointOfDeclaration,
    Feature::MemberArrays,
    Feature::MixedConditionals,
];

/// What a kernel may name.
struct Parts {
    indices: Vec<String>,
    guards: Vec<String>,
    /// Uniform numbers.
    numbers: Vec<String>,
    /// Functions that may be barriers.
    syncs: Vec<String>,
}

/// A block of `values`: a function of uniform arguments that returns one of the words it computes.
fn computed(m: &mut Maker) -> String {
    let f = m.fresh("number");
    let body = std::mem::take(&mut m.body);
    let uniform = [("n", Ty::UInt)];
    m.scope.vars = if m.r.chance(30) {
        vars(&uniform)
    } else {
        Vec::new()
    };
    let feature = m.r.pick(BLOCKS);
    make_block(m, feature);
    let mut text = std::mem::replace(&mut m.body, body);
    let mut words = String::from("    uint word0 = 0u");
    for i in 0..8 {
        text = text.replace(&format!("out[{i}]"), &format!("word{i}"));
        if i > 0 {
            words += &format!(", word{i} = 0u");
        }
    }
    let which = m.r.below(3);
    say!(
        m.declare,
        "inline uint {f}(uint n) {{\n{words};\n{text}    return word{which};\n}}"
    );
    m.scope.vars = vars(&[("tid", Ty::UInt), ("n", Ty::UInt)]);
    format!("{f}(n)")
}

fn vars(of: &[(&str, Ty)]) -> Vec<Var> {
    let var = |(name, ty): &(&str, Ty)| Var {
        name: (*name).to_string(),
        ty: *ty,
        free: false,
    };
    of.iter().map(var).collect()
}

/// Calls of one name, of which some are a barrier and others are not. All of them are made: a function with a barrier that nobody calls is reported as
/// not analysed. The names are the kernel's own, because that goes by names.
fn syncs(m: &mut Maker) -> Vec<String> {
    let f = format!("sync{}_{}", m.number, m.r.below(1000));
    let flags = "mem_flags::mem_threadgroup";
    match m.r.below(5) {
        0 => {
            let (yes, no) =
                m.r.pick(&[("int", "uint"), ("uint", "int"), ("long", "int")]);
            say!(
                m.declare,
                "inline void {f}({no} a) {{}}\ninline void {f}({yes} a) {{\n    threadgroup_barrier({flags});\n}}"
            );
            vec![format!("{f}(({no})n);"), format!("{f}(({yes})n);")]
        }
        1 => {
            say!(
                m.declare,
                "template <bool B> struct {f} {{ static void all() {{}} }};\ntemplate <> struct {f}<true> {{ static void all() {{\n    threadgroup_barrier({flags});\n}} }};"
            );
            let size = m.r.pick(&["char", "uint", "ulong"]);
            vec![
                format!("{f}<(sizeof({size}) > 2)>::all();"),
                format!("{f}<(sizeof({size}) <= 2)>::all();"),
            ]
        }
        2 => {
            say!(
                m.declare,
                "struct {f} {{ ~{f}() {{\n    threadgroup_barrier({flags});\n}} }};"
            );
            vec![format!("{{ {f} s; acc += 1u; }}")]
        }
        _ => Vec::new(),
    }
}

/// Conditions by type of an argument, uniform or not.
fn guards(m: &mut Maker) -> Vec<String> {
    let f = m.fresh("when");
    let [a, b] = m.r.pick(&[
        ["true", "t < 32u"],
        ["t < 32u", "t >= 32u"],
        ["(t & 1u) == 0u", "true"],
        ["t == 0u", "t != 0u"],
        ["true", "false"],
    ]);
    say!(
        m.declare,
        "inline bool {f}(int a, uint t) {{ return {a}; }}\ninline bool {f}(ulong a, uint t) {{ return {b}; }}\ntemplate <typename T> inline bool {f}(thread T* a, uint t) {{ return !{f}((int)*a, t); }}"
    );
    let (x, y) = (m.of(Ty::Int, 2), m.of(Ty::ULong, 2));
    let v = m.fresh("v");
    say!(m.line, "int {v} = {x};");
    vec![
        format!("{f}({x}, tid)"),
        format!("{f}({y}, tid)"),
        format!("{f}(&{v}, tid)"),
    ]
}

/// Views of an array: `operator[]` by type, and writes that destructors make.
fn views(m: &mut Maker) -> String {
    let s = m.fresh("View");
    let (k, l) = m.r.pick(&[(0, 1), (1, 0), (2, 0), (0, 63)]);
    say!(
        m.declare,
        "struct {s} {{ threadgroup uint* p; threadgroup uint& operator[](uint i) const {{ return p[(i + {k}u) % 64u]; }} threadgroup uint& operator[](int i) const {{ return p[(uint)(i + {l}) % 64u]; }} }};\n\
         struct L{s} {{ threadgroup uint* p; uint at, v; L{s}(threadgroup uint* q, uint i, uint w) : p(q), at(i), v(w) {{}} ~L{s}() {{ p[at] = v; }} }};"
    );
    s
}

fn index(m: &mut Maker, p: &Parts) -> String {
    if m.r.chance(25) {
        return "tid".into();
    }
    if !p.numbers.is_empty() && m.r.chance(30) {
        let w = &p.numbers[m.r.below(p.numbers.len())];
        return match m.r.below(3) {
            0 => format!("((tid + {w}) % 64u)"),
            1 => format!("(tid ^ ({w} & 1u))"),
            _ => format!("((tid + ({w} & 3u)) % 64u)"),
        };
    }
    p.indices[m.r.below(p.indices.len())].clone()
}

/// One phase.
fn phase(m: &mut Maker, p: &Parts, view: &str) {
    let (written, read) = m.r.pick(&[("a", "b"), ("b", "a")]);
    if m.r.chance(75) {
        let guard = match m.r.chance(25) {
            true => format!("if ({}) ", p.guards[m.r.below(p.guards.len())]),
            false => String::new(),
        };
        let i = index(m, p);
        let value = m.r.pick(&["acc", "tid", "acc + 1u", "n"]);
        match m.r.below(6) {
            0 => say!(
                m.line,
                "{guard}{{ {view} v = {{{written}}}; v[{i}] = {value}; }}"
            ),
            1 => say!(
                m.line,
                "{guard}{{ {view} v = {{{written}}}; v[(int){i}] = {value}; }}"
            ),
            2 => say!(
                m.line,
                "{guard}{{ L{view} v({written}, {i}, {value}); acc += 1u; }}"
            ),
            _ => say!(m.line, "{guard}{written}[{i}] = {value};"),
        }
    }
    for _ in 0..m.r.range(0, 2) {
        let i = index(m, p);
        say!(m.line, "acc = acc * 3u + {read}[{i}];");
    }
}

/// A barrier of one scope or the other.
fn barrier(m: &mut Maker) {
    let flags = m.r.pick(&[
        "mem_threadgroup",
        "mem_threadgroup",
        "mem_threadgroup",
        "mem_device | mem_flags::mem_threadgroup",
    ]);
    match m.r.below(10) {
        0 => say!(m.line, "simdgroup_barrier(mem_flags::{flags});"),
        _ => say!(m.line, "threadgroup_barrier(mem_flags::{flags});"),
    }
}

/// Kernel `number` under `seed`.
pub fn make(seed: u64, number: u64) -> Generated {
    let mut m = Maker::new(seed, number);
    m.scope.vars = vars(&[("tid", Ty::UInt), ("n", Ty::UInt)]);
    m.scope.mixed_conditionals = true;
    let mut p = Parts {
        indices: Vec::new(),
        guards: Vec::new(),
        numbers: Vec::new(),
        syncs: Vec::new(),
    };
    for _ in 0..m.r.range(2, 3) {
        let gadget = m.r.pick(ALL);
        p.indices.extend(gadget(&mut m));
    }
    if m.r.chance(60) {
        p.numbers.push(computed(&mut m));
    }
    p.guards = guards(&mut m);
    p.syncs = syncs(&mut m);
    let view = views(&mut m);
    m.line("a[tid] = tid; b[tid] = n;\n    threadgroup_barrier(mem_flags::mem_threadgroup);");
    for _ in 0..m.r.range(2, 4) {
        phase(&mut m, &p, &view);
        barrier(&mut m);
    }
    phase(&mut m, &p, &view);
    for call in std::mem::take(&mut p.syncs) {
        m.line(call);
        phase(&mut m, &p, &view);
    }
    let text = format!(
        "{}namespace p{number} {{\n{}inline void run(device uint* out, threadgroup uint* a, threadgroup uint* b, uint n, uint tid) {{\n    uint acc = tid;\n{}    out[tid] = acc;\n}}\n}}  // namespace p{number}\n\
         kernel void k{number}(device uint* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {{\n    threadgroup uint a[{THREADS}];\n    threadgroup uint b[{THREADS}];\n    p{number}::run(out, a, b, n, tid);\n}}\n",
        m.global, m.decls, m.body
    );
    Generated { text }
}
