//! Calls whose resolution decides which element a thread touches. Each gadget declares functions or classes, may add lines to the body, and
//! gives expressions for an index that is a permutation of the threads; which permutation depends on what C++ says of the call.

use super::program::Maker;
use super::types::{INTS, Ty, WHOLE, unambiguous};

/// Threads of the threadgroup, and elements of its arrays.
pub const THREADS: u32 = 64;

/// Permutations of the threads that differ from one another, as expressions over `t`. Half of the time the first is the thread's own element.
fn cells<const N: usize>(m: &mut Maker) -> [String; N] {
    let mut all = vec!["t".to_string(), "(t ^ 1u)".into(), "(63u - t)".into()];
    for k in [1, 2, 32, 63] {
        all.push(format!("((t + {k}u) % 64u)"));
    }
    let own = m.r.below(N);
    let mut out = std::array::from_fn(|_| {
        let at = 1 + m.r.below(all.len() - 1);
        all.remove(at)
    });
    if m.r.chance(85) {
        out[own] = all.remove(0);
    }
    out
}

/// A function of one name.
fn function(name: &str, params: &str, cell: &str) -> String {
    format!("inline uint {name}({params}) {{ return {cell}; }}")
}

/// Different types.
fn types(m: &mut Maker, of: &[Ty], n: usize) -> Vec<Ty> {
    let mut left = of.to_vec();
    (0..n).map(|_| left.remove(m.r.below(left.len()))).collect()
}

/// Functions of one name by type; also by the type that arithmetic has.
pub fn overloads(m: &mut Maker) -> Vec<String> {
    let f = m.fresh("at");
    let set = types(m, WHOLE, 3);
    let lists: Vec<Vec<Ty>> = set.iter().map(|t| vec![*t]).collect();
    for (ty, cell) in set.iter().zip(cells::<3>(m)) {
        m.declare(function(&f, &format!("{} a, uint t", ty.name()), &cell));
    }
    let mut out = Vec::new();
    for _ in 0..30 {
        let e = m.expr(2);
        if out.len() < 3 && unambiguous(&lists, &[e.ty]) {
            out.push(format!("{f}({}, tid)", e.text));
        }
    }
    out
}

/// A class template with specialisations, chosen by a deduced type.
pub fn specialisations(m: &mut Maker) -> Vec<String> {
    let s = m.fresh("Sp");
    let [a, b, c, d] = cells(m);
    let set = types(m, INTS, 2);
    let at = |cell: &str| format!("static uint at(uint t) {{ return {cell}; }}");
    say!(
        m.declare,
        "template <typename T, int N> struct {s} {{ {} }};",
        at(&a)
    );
    say!(
        m.declare,
        "template <int N> struct {s}<{}, N> {{ {} }};",
        set[0].name(),
        at(&b)
    );
    say!(
        m.declare,
        "template <typename T> struct {s}<T, 3> {{ {} }};\ntemplate <> struct {s}<{}, 3> {{ {} }};",
        at(&c),
        set[0].name(),
        at(&d)
    );
    say!(
        m.declare,
        "template <int N, typename T> inline uint {s}f(T, uint t) {{ return {s}<T, N>::at(t); }}"
    );
    let mut out = vec![format!("{s}<{}, 3>::at(tid)", set[1].name())];
    for _ in 0..2 {
        let n = m.r.range(2, 3);
        let e = m.expr(2);
        out.push(format!("{s}f<{n}>({}, tid)", e.text));
        let e = m.of(set[0], 1);
        out.push(format!("{s}f<{n}>({e}, tid)"));
    }
    out
}

/// Function templates beside functions ([over.match.best]), and recursion over a number.
pub fn templates(m: &mut Maker) -> Vec<String> {
    let f = m.fresh("at");
    let [a, b, c] = cells(m);
    let ty = m.int_ty();
    say!(
        m.declare,
        "template <typename T> inline uint {f}(T a, uint t) {{ return {a}; }}\n{}",
        function(&f, &format!("{} a, uint t", ty.name()), &b)
    );
    say!(
        m.declare,
        "template <typename T> inline uint {f}(thread T* a, uint t) {{ return {c}; }}"
    );
    let (x, y) = (m.expr(2), m.of(ty, 2));
    let v = m.fresh("v");
    say!(m.line, "{} {v} = {y};", ty.name());
    let g = m.fresh("Sum");
    let k = m.r.range(1, 31);
    say!(
        m.declare,
        "template <uint N> struct {g} {{ static constexpr constant uint v = {g}<N - 1>::v + {k}u; }};\ntemplate <> struct {g}<0> {{ static constexpr constant uint v = 0u; }};"
    );
    let n = m.r.range(0, 4);
    vec![
        format!("{f}({}, tid)", x.text),
        format!("{f}({v}, tid)"),
        format!("{f}<{}>({v}, tid)", ty.name()),
        format!("{f}(&{v}, tid)"),
        format!("((tid + {g}<{n}>::v) % 64u)"),
    ]
}

/// Argument-dependent lookup ([basic.lookup.argdep]), and functions that hide it.
pub fn dependent(m: &mut Maker) -> Vec<String> {
    let (a, f, s) = (m.fresh("ad"), m.fresh("at"), m.fresh("Tag"));
    let [x, y, z] = cells(m);
    say!(
        m.declare,
        "namespace {a} {{ struct {s} {{ int v; }}; enum E{s} {{ A{s}, B{s} }}; {} {} }}",
        function(&f, &format!("{s} a, uint t"), &x),
        function(&f, &format!("E{s} a, uint t"), &y)
    );
    m.declare(function(&f, "int a, uint t", &z));
    say!(
        m.declare,
        "template <typename T> inline uint {f}t(T a, uint t) {{ return {f}(a, t); }}"
    );
    let o = m.fresh("o");
    say!(m.line, "{a}::{s} {o} = {{{}}};", m.r.range(0, 9));
    vec![
        format!("{f}({o}, tid)"),
        format!("{f}({a}::B{s}, tid)"),
        format!("{f}({}, tid)", m.r.range(0, 9)),
        format!("{f}t({o}, tid)"),
        format!("{f}t({a}::A{s}, tid)"),
    ]
}

/// `using a::f`, `using namespace a`, `::f`, and namespaces of one name.
pub fn namespaces(m: &mut Maker) -> Vec<String> {
    let (a, b, f) = (m.fresh("na"), m.fresh("nb"), m.fresh("at"));
    let [x, y, z, w] = cells(m);
    let global = format!("{f}_{}", m.number);
    m.global += &format!("{}\n", function(&global, "uint t", &w));
    say!(
        m.declare,
        "namespace {a} {{ {} namespace {b} {{ {} }} inline uint in{f}(uint t) {{ return {b}::{f}(t); }} }}",
        function(&f, "uint t", &x),
        function(&f, "uint t", &y)
    );
    say!(
        m.declare,
        "namespace {b} {{ {} }}\n{}",
        function(&f, "uint t", &z),
        function(&global, "uint t", &x)
    );
    let mut out = vec![
        format!("::{global}(tid)"),
        format!("{global}(tid)"),
        format!("{a}::in{f}(tid)"),
        format!("{b}::{f}(tid)"),
    ];
    for how in [
        format!("using {a}::{f};"),
        format!("using namespace {a}::{b};"),
        format!("using {b}::{f};"),
    ] {
        let i = m.fresh("i");
        say!(m.line, "uint {i} = 0u; {{ {how} {i} = {f}(tid); }}");
        out.push(i);
    }
    out
}

/// Default arguments belong to the scope of the declaration ([dcl.fct.default]).
pub fn defaults(m: &mut Maker) -> Vec<String> {
    let (f, k) = (m.fresh("at"), m.fresh("K"));
    let (x, y) = (m.r.range(0, 31), m.r.range(0, 3));
    say!(
        m.declare,
        "constant uint {k} = {x}u;\ninline uint {f}(uint t, uint a = {k}, uint b = {k} * {y}u) {{ return (t + a + b) % 64u; }}"
    );
    let i = m.fresh("i");
    say!(
        m.line,
        "uint {i}; {{ const uint {k} = {}u; {i} = {f}(tid, {k}); }}",
        m.r.range(0, 31)
    );
    say!(
        m.line,
        "uint {i}d; {{ const uint {k} = 7u; {i}d = {f}(tid) + {k} - 7u; }}"
    );
    vec![
        i.clone(),
        format!("{i}d"),
        format!("{f}(tid)"),
        format!("{f}(tid, {}u)", m.r.range(0, 31)),
        format!("{f}(tid, {}u, {}u)", m.r.range(0, 31), m.r.range(0, 2)),
    ]
}

/// Constructors by type, members with and without `const`, a conversion function, operators.
pub fn classes(m: &mut Maker) -> Vec<String> {
    let s = m.fresh("Cl");
    let [a, b, c] = cells(m);
    let set = types(m, &[Ty::Int, Ty::UInt, Ty::Long, Ty::ULong], 2);
    let mut members = [
        format!("uint at(uint t) {{ return {a}; }}"),
        format!("uint at(uint t) const {{ return {b}; }}"),
        "uint operator()(uint t) const { return at(t); }".to_string(),
        "uint operator[](uint t) { return at(t); }".to_string(),
    ];
    let turn = m.r.below(4);
    members.rotate_left(turn);
    let (k, l) = (m.r.range(0, 2), m.r.range(0, 31));
    say!(
        m.declare,
        "struct {s} {{ uint v; {s}({} a) : v({k}u) {{}} {s}({} a) : v({l}u) {{}} {} operator uint() const {{ return v; }} }};",
        set[0].name(),
        set[1].name(),
        members.join(" ")
    );
    say!(
        m.declare,
        "inline {s} operator+({s} p, int q) {{ p.v += (uint)q; return p; }}\ninline uint {s}f(thread const {s}& s, uint t) {{ return s.at(t); }}\ninline uint {s}g({s} s, uint t) {{ return {c}; }}"
    );
    let (o, p) = (m.fresh("o"), m.fresh("o"));
    let (x, y) = (m.of(set[0], 2), m.of(set[1], 2));
    say!(m.line, "{s} {o}({x}); const {s} {p}({y});");
    vec![
        format!("{o}.at(tid)"),
        format!("{p}.at(tid)"),
        format!("{o}(tid)"),
        format!("{o}[tid]"),
        format!("{s}f({o}, tid)"),
        format!("{s}g({y}, tid)"),
        format!("((tid + {o}) % 64u)"),
        format!("((tid + ({p} + 1).v) % 64u)"),
    ]
}

/// A name of a derived class hides that of its base ([class.member.lookup]), unless a using-declaration brings it in.
pub fn inheritance(m: &mut Maker) -> Vec<String> {
    let s = m.fresh("Ba");
    let [a, b, c] = cells(m);
    let mut using = "";
    let text = format!("using {s}::at;");
    if m.r.chance(50) {
        using = &text;
    }
    say!(
        m.declare,
        "struct {s} {{ uint at(uint t) const {{ return {a}; }} uint at(uint t, uint) const {{ return {c}; }} }};\nstruct D{s} : {s} {{ {using} uint at(int t) const {{ return (uint){b}; }} }};",
        b = b.replace("63u - t", "63 - t").replace("% 64u", "% 64"),
    );
    let o = m.fresh("o");
    say!(m.line, "D{s} {o};");
    vec![
        format!("{o}.at(tid)"),
        format!("{o}.at((int)tid)"),
        format!("{o}.{s}::at(tid)"),
        format!("{o}.{s}::at(tid, 3u)"),
    ]
}

/// By value category and `const` of the argument ([over.ics.rank]).
pub fn references(m: &mut Maker) -> Vec<String> {
    let f = m.fresh("at");
    let [a, b, c] = cells(m);
    let mut all = [
        function(&f, "thread int& a, uint t", &a),
        function(&f, "thread const int& a, uint t", &b),
        function(&f, "thread int&& a, uint t", &c),
    ];
    let turn = m.r.below(3);
    all.rotate_left(turn);
    m.declare(all.join("\n"));
    let v = m.fresh("v");
    let e = m.of(Ty::Int, 2);
    say!(m.line, "int {v} = {e}; const int {v}k = {v};");
    vec![
        format!("{f}({v}, tid)"),
        format!("{f}({v}k, tid)"),
        format!("{f}({v} + 1, tid)"),
        format!("{f}((int){v}, tid)"),
    ]
}

/// What destructors and copies leave behind.
pub fn lifetimes(m: &mut Maker) -> Vec<String> {
    let s = m.fresh("Li");
    let [a, b, _] = cells(m);
    let k = m.r.range(0, 3);
    say!(
        m.declare,
        "inline uint {s}a(uint t) {{ return {a}; }}\ninline uint {s}b(uint t) {{ return {b}; }}\nstruct {s} {{ thread uint& to; uint v; {s}(thread uint& x, uint y) : to(x), v(y) {{}} ~{s}() {{ to = v; }} }};"
    );
    say!(
        m.declare,
        "struct C{s} {{ uint v; C{s}(uint x) : v(x) {{}} C{s}(thread const C{s}& o) : v((o.v + {k}u) % 64u) {{}} thread C{s}& operator=(thread const C{s}& o) {{ v = o.v ^ 1u; return *this; }} }};\ninline uint C{s}f(C{s} c) {{ return c.v; }}"
    );
    let i = m.fresh("i");
    say!(m.line, "uint {i} = tid, {i}b = tid;");
    let (first, second) = m.r.pick(&[("a", "b"), ("b", "a")]);
    say!(
        m.line,
        "{{ {s} x({i}, {s}{first}(tid)); {s} y({i}, {s}{second}(tid)); {i} = 0u; }}"
    );
    say!(m.line, "{s}({i}b, {s}{second}(tid));");
    let c = m.fresh("c");
    say!(
        m.line,
        "C{s} {c}(tid); C{s} {c}d = {c}; C{s} {c}e(tid); {c}e = {c};"
    );
    vec![
        i.clone(),
        format!("{i}b"),
        format!("{c}d.v"),
        format!("{c}e.v"),
        format!("C{s}f({c})"),
        format!("C{s}f(C{s}(tid))"),
    ]
}

/// Captures by value and by reference ([expr.prim.lambda.capture]), and generic ones.
pub fn lambdas(m: &mut Maker) -> Vec<String> {
    let (f, k) = (m.fresh("la"), m.fresh("k"));
    let g = m.fresh("at");
    let [a, b] = cells(m);
    m.declare(function(&g, "int a, uint t", &a));
    m.declare(function(&g, "uint a, uint t", &b));
    let (x, y) = (m.r.range(0, 31), m.r.range(0, 31));
    say!(
        m.line,
        "uint {k} = {x}u; auto {f}v = [=](uint t) {{ return (t + {k}) % 64u; }}; auto {f}r = [&](uint t) {{ return (t + {k}) % 64u; }};"
    );
    say!(
        m.line,
        "{k} = {y}u; auto {f}g = [=](auto a, uint t) {{ return {g}(a, t); }};"
    );
    vec![
        format!("{f}v(tid)"),
        format!("{f}r(tid)"),
        format!("{f}g(1, tid)"),
        format!("{f}g(1u, tid)"),
    ]
}

/// A better function that is declared after the use ([basic.scope.pdecl], [temp.res]).
pub fn declared_late(m: &mut Maker) -> Vec<String> {
    let f = m.fresh("at");
    let [a, b] = cells(m);
    m.declare(function(&f, "long a, uint t", &a));
    say!(
        m.declare,
        "inline uint {f}u(uint t) {{ return {f}(1, t); }}\ntemplate <typename T> inline uint {f}t(T a, uint t) {{ return {f}(a, t); }}"
    );
    m.declare(function(&f, "int a, uint t", &b));
    vec![
        format!("{f}u(tid)"),
        format!("{f}(1, tid)"),
        format!("{f}t(1, tid)"),
    ]
}

/// All of them.
pub const ALL: &[fn(&mut Maker) -> Vec<String>] = &[
    overloads,
    specialisations,
    templates,
    dependent,
    namespaces,
    defaults,
    classes,
    inheritance,
    references,
    lifetimes,
    lambdas,
    declared_late,
];
