//! Blocks about which declaration a name means, and about lifetimes.

use super::program::Maker;
use super::types::Ty;

/// Three different numbers.
fn three(m: &mut Maker) -> [i64; 3] {
    let a = m.r.range(1, 30);
    [a, a + m.r.range(1, 30), a + 31 + m.r.range(0, 30)]
}

/// A function of one name that multiplies by `k`.
fn function(name: &str, ty: &str, k: i64) -> String {
    format!("inline int {name}({ty} a) {{ return (int)(a * {k}) + {k}; }}")
}

pub fn qualified(m: &mut Maker) {
    let (a, b, f, v) = (m.fresh("na"), m.fresh("nb"), m.fresh("f"), m.fresh("K"));
    let [x, y, z] = three(m);
    say!(
        m.declare,
        "namespace {a} {{ constant int {v} = {x}; {} namespace {b} {{ {} struct T {{ int q; int get() const {{ return q + {v}; }} }}; }} }}",
        function(&f, "int", x),
        function(&format!("{f}b"), "int", y)
    );
    say!(
        m.declare,
        "namespace {a} {{ inline int {f}c(int p) {{ return {f}(p) * 2 + {b}::{f}b(p); }} namespace {b} {{ constant int {v}b = {z} + {v}; }} }}"
    );
    let e = m.of(Ty::Int, 2);
    say!(m.put, "{a}::{f}({e}) + {a}::{v}");
    let e = m.of(Ty::Int, 2);
    say!(m.put, "{a}::{b}::{f}b({e}) - {a}::{b}::{v}b");
    let e = m.of(Ty::Int, 2);
    say!(m.put, "{a}::{f}c({e})");
    say!(m.line, "{a}::{b}::T {v}o = {{{}}};", m.r.range(0, 50));
    say!(m.put, "{v}o.get()");
    m.export(&format!("{a}::{f}c"), &[Ty::Int], Ty::Int);
}

pub fn using_directive(m: &mut Maker) {
    let (a, b, f) = (m.fresh("ua"), m.fresh("ub"), m.fresh("f"));
    let [x, y, z] = three(m);
    let t = m.int_ty();
    say!(
        m.declare,
        "namespace {a} {{ {} constant int K{f} = {x}; }}",
        function(&f, t.name(), x)
    );
    say!(
        m.declare,
        "namespace {b} {{ {} constant int K{f} = {y}; }}",
        function(&f, t.name(), y)
    );
    let order = if m.r.chance(50) { [&a, &b] } else { [&b, &a] };
    let e = m.of(t, 2);
    for n in order {
        say!(m.line, "{{ using namespace {n};");
        say!(m.put, "{f}({e}) + K{f}");
        m.line("}");
    }
    let g = m.fresh("g");
    say!(m.declare, "namespace {b} {{ {} }}", function(&g, "uint", z));
    say!(
        m.declare,
        "inline int {g}u(uint p) {{ using namespace {b}; return {g}(p) + K{f}; }}"
    );
    let e = m.of(Ty::UInt, 2);
    say!(m.put, "{g}u({e})");
    // A directive adds to an overload set.
    say!(
        m.declare,
        "namespace {a} {{ {} }}\n{}",
        function(&format!("{g}o"), "long", x),
        function(&format!("{g}o"), "int", y)
    );
    say!(m.line, "{{ using namespace {a};");
    let (i, l) = (m.of(Ty::Int, 1), m.of(Ty::Long, 1));
    say!(m.put, "{g}o({i}) + 3 * {g}o({l})");
    m.line("}");
}

pub fn using_declaration(m: &mut Maker) {
    let (a, b, f) = (m.fresh("da"), m.fresh("db"), m.fresh("f"));
    let [x, y, z] = three(m);
    say!(
        m.declare,
        "namespace {a} {{ constant int K{f} = {x}; {} struct S{f} {{ int v; }}; }}",
        function(&f, "int", x)
    );
    say!(
        m.declare,
        "namespace {b} {{ constant int K{f} = {y}; {} }}",
        function(&f, "int", y)
    );
    // What is declared here is hidden in a block by the using-declaration.
    say!(
        m.declare,
        "constant int K{f} = {z};\n{}",
        function(&f, "int", z)
    );
    let e = m.of(Ty::Int, 2);
    say!(m.put, "{f}({e}) + K{f}");
    for n in [&b, &a] {
        say!(m.line, "{{ using {n}::{f}; using {n}::K{f};");
        say!(m.put, "{f}({e}) * 2 + K{f}");
        m.line("}");
    }
    say!(
        m.line,
        "{{ using {a}::S{f}; S{f} s = {{{}}};",
        m.r.range(0, 99)
    );
    m.put("s.v");
    m.line("}");
}

pub fn dependent(m: &mut Maker) {
    let (a, f, s) = (m.fresh("ad"), m.fresh("f"), m.fresh("S"));
    let [x, y, z] = three(m);
    say!(
        m.declare,
        "namespace {a} {{ struct {s} {{ int v; }}; inline int {f}({s} s) {{ return s.v * {x}; }} inline {s} operator-({s} p, {s} q) {{ {s} r = {{p.v * {y} - q.v}}; return r; }} enum E{s} {{ A{s} = {z}, B{s} }}; inline int {f}(E{s} e) {{ return e + {x}; }} }}"
    );
    say!(m.declare, "inline int {f}(int v) {{ return v + {y}; }}");
    say!(
        m.declare,
        "template <typename T> inline int {f}t(T v) {{ return {f}(v) + {z}; }}"
    );
    let e = m.of(Ty::Int, 2);
    say!(m.line, "{a}::{s} {s}o = {{{e}}};");
    say!(m.put, "{f}({s}o)");
    say!(m.put, "{f}({}) + {f}({a}::A{s})", m.r.range(0, 9));
    say!(m.put, "({s}o - {s}o).v");
    say!(m.put, "{f}t({s}o) + {f}t({a}::B{s}) * 3");
}

pub fn global(m: &mut Maker) {
    let f = format!("{}_{}", m.fresh("g"), m.number);
    let a = m.fresh("ga");
    let [x, y, z] = three(m);
    m.global = format!("constant int K{f} = {x};\n{}\n", function(&f, "int", x));
    say!(
        m.declare,
        "constant int K{f} = {y};\n{}",
        function(&f, "int", y)
    );
    say!(
        m.declare,
        "namespace {a} {{ constant int K{f} = {z}; {} inline int in{f}(int p) {{ return {f}(p) + ::{f}(p) * 3 + K{f} * ::K{f}; }} }}",
        function(&f, "int", z)
    );
    let e = m.of(Ty::Int, 2);
    say!(m.put, "::{f}({e}) + ::K{f}");
    say!(m.put, "{f}({e}) + K{f}");
    say!(m.put, "{a}::in{f}({e})");
    say!(m.put, "::p{}::{a}::{f}({e})", m.number);
}

pub fn same_enumerators(m: &mut Maker) {
    let (a, b, e) = (m.fresh("ea"), m.fresh("eb"), m.fresh("E"));
    let [x, y, z] = three(m);
    say!(
        m.declare,
        "namespace {a} {{ enum {e} {{ A{e} = {x}, B{e} }}; inline int in{e}() {{ return A{e} * 2; }} }}"
    );
    say!(
        m.declare,
        "namespace {b} {{ enum {e} {{ A{e} = {y}, B{e} = {z} }}; inline int in{e}() {{ return B{e} - A{e}; }} }}"
    );
    say!(
        m.declare,
        "enum {{ A{e} = {z} }}; struct Q{e} {{ enum {{ A{e} = {} }}; int get() const {{ return A{e}; }} }};",
        x + y
    );
    say!(m.put, "{a}::A{e} + {b}::B{e} * 3");
    say!(m.put, "{b}::A{e} - {a}::B{e}");
    say!(m.put, "{a}::in{e}() * 100 + {b}::in{e}()");
    say!(m.line, "Q{e} q{e};");
    say!(m.put, "A{e} + Q{e}::A{e} * 2 + q{e}.get()");
    say!(m.line, "{{ int A{e} = 3;");
    say!(m.put, "A{e}");
    m.line("}");
}

pub fn same_namespaces(m: &mut Maker) {
    let (a, b, f) = (m.fresh("sa"), m.fresh("sb"), m.fresh("f"));
    let [x, y, z] = three(m);
    say!(
        m.declare,
        "namespace {a} {{ namespace {b} {{ constant int K{f} = {x}; {} }} }}",
        function(&f, "int", x)
    );
    say!(
        m.declare,
        "namespace {b} {{ constant int K{f} = {y}; {} }}",
        function(&f, "int", y)
    );
    say!(
        m.declare,
        "namespace {a} {{ inline int in{f}(int p) {{ return {b}::{f}(p) + {b}::K{f} * 5; }} namespace {a}i {{ constant int K{f} = {z}; inline int in{f}(int p) {{ return {b}::{f}(p) + K{f}; }} }} }}"
    );
    say!(
        m.declare,
        "inline int in{f}(int p) {{ return {b}::{f}(p) - {b}::K{f}; }}"
    );
    let e = m.of(Ty::Int, 2);
    say!(m.put, "{b}::{f}({e}) + {b}::K{f}");
    say!(m.put, "{a}::{b}::{f}({e}) + {a}::{b}::K{f}");
    say!(m.put, "{a}::in{f}({e}) + in{f}(3)");
    say!(m.put, "{a}::{a}i::in{f}({e})");
}

pub fn point_of_declaration(m: &mut Maker) {
    let f = m.fresh("f");
    let [x, y, z] = three(m);
    m.declare(function(&f, "long", x));
    say!(
        m.declare,
        "inline int {f}u(int p) {{ return {f}(p); }}\ntemplate <typename T> inline int {f}t(T p) {{ return {f}(p) + {z}; }}"
    );
    m.declare(function(&f, "int", y));
    let e = m.of(Ty::Int, 2);
    say!(m.put, "{f}u({e})");
    say!(m.put, "{f}({e})");
    say!(m.put, "{f}t({e})");
    let v = m.fresh("v");
    say!(m.line, "int {v} = {x};");
    m.line("{");
    say!(m.line, "int {v}b = {v} + 1; int {v} = {v}b * {y};");
    m.put(&v);
    m.line("}");
    m.put(&v);
}

pub fn const_overloads(m: &mut Maker) {
    let (s, f) = (m.fresh("Co"), m.fresh("f"));
    let [x, y, z] = three(m);
    let first = m.r.chance(50);
    let (one, two) = (
        format!("int get() {{ return v * {x}; }}"),
        format!("int get() const {{ return v * {y}; }}"),
    );
    let members = if first {
        format!("{one} {two}")
    } else {
        format!("{two} {one}")
    };
    say!(
        m.declare,
        "struct {s} {{ int v; {members} int in() const {{ return get() + {z}; }} int out() {{ return get() + {z}; }} }};"
    );
    let (one, two) = (
        format!("inline int {f}(thread {s}& s) {{ return s.get() + {x}; }}"),
        format!("inline int {f}(thread const {s}& s) {{ return s.get() + {y}; }}"),
    );
    m.declare(if first {
        format!("{two}\n{one}")
    } else {
        format!("{one}\n{two}")
    });
    let (one, two) = (
        format!("inline int {f}p(thread int* p) {{ return *p + {x}; }}"),
        format!("inline int {f}p(thread const int* p) {{ return *p * {y}; }}"),
    );
    m.declare(if first {
        format!("{one}\n{two}")
    } else {
        format!("{two}\n{one}")
    });
    say!(
        m.declare,
        "inline int {f}c(thread const {s}& s) {{ return {f}(s) + s.get(); }}"
    );
    let e = m.of(Ty::Int, 2);
    say!(m.line, "{s} {f}o = {{{e}}}; const {s} {f}k = {{{e}}};");
    say!(m.put, "{f}o.get() + 3 * {f}k.get()");
    say!(m.put, "{f}({f}o) + 3 * {f}({f}k)");
    say!(m.put, "{f}c({f}o)");
    say!(m.put, "{f}o.in() + 5 * {f}o.out()");
    say!(m.line, "int {f}i = {x}; const int {f}j = {y};");
    say!(m.put, "{f}p(&{f}i) + 3 * {f}p(&{f}j)");
}

pub fn reference_overloads(m: &mut Maker) {
    let f = m.fresh("f");
    let [x, y, z] = three(m);
    let mut all = [
        format!("inline int {f}(thread int& a) {{ a += 1; return a * {x}; }}"),
        format!("inline int {f}(thread const int& a) {{ return a * {y}; }}"),
        format!("inline int {f}(thread int&& a) {{ a += 2; return a * {z}; }}"),
    ];
    let at = m.r.below(3);
    all.rotate_left(at);
    m.declare(all.join("\n"));
    let e = m.of(Ty::Int, 2);
    say!(m.line, "int {f}v = {e}; const int {f}k = {e};");
    say!(m.put, "{f}({f}v)");
    say!(m.put, "{f}({f}k)");
    say!(m.put, "{f}({f}v + 1)");
    say!(m.put, "{f}({})", m.r.range(0, 99));
    say!(m.line, "thread const int& {f}r = {f}v;");
    say!(m.put, "{f}({f}r)");
    say!(m.put, "{f}((int){f}v)");
    say!(m.put, "{f}v");
}

pub fn destructors(m: &mut Maker) {
    let s = m.fresh("D");
    let [x, y, _] = three(m);
    say!(
        m.declare,
        "struct {s} {{ thread uint& log; uint id; {s}(thread uint& l, uint i) : log(l), id(i) {{ log = log * 3u + id; }} ~{s}() {{ log = log * {x}u + id + {y}u; }} }};"
    );
    let f = m.fresh("f");
    say!(
        m.declare,
        "inline uint {f}(thread uint& l, uint n) {{ {s} a(l, n); for (uint i = 0u; i < n; i++) {{ {s} b(l, i); if (i == 2u) continue; if (i == 4u) return l; l ^= {y}u; }} {s} c(l, 9u); return l + 1u; }}"
    );
    let l = m.fresh("l");
    say!(m.line, "uint {l} = {x}u;");
    say!(
        m.line,
        "{{ {s} a({l}, 1u); {s} b({l}, 2u); {{ {s} c({l}, 3u); }} {l} += 5u; }}"
    );
    m.put(&l);
    let n = m.expr(2);
    say!(m.line, "uint {l}r = {f}({l}, (uint)({} & 7));", n.text);
    say!(m.put, "{l}r");
    m.put(&l);
    say!(m.line, "{s}({l}, 7u);");
    m.put(&l);
    say!(
        m.line,
        "switch ({l} & 1u) {{ case 0: {{ {s} a({l}, 4u); break; }} default: {{ {s} a({l}, 5u); }} }}"
    );
    m.put(&l);
}

pub fn copies(m: &mut Maker) {
    let s = m.fresh("Cp");
    let [x, y, z] = three(m);
    say!(
        m.declare,
        "struct {s} {{ int v; {s}(int a) : v(a) {{}} {s}(thread const {s}& o) : v(o.v * {x} + 1) {{}} thread {s}& operator=(thread const {s}& o) {{ v = o.v + {y}; return *this; }} }};"
    );
    say!(
        m.declare,
        "struct W{s} {{ int w; {s} in; W{s}(int a) : w(a), in(a + {z}) {{}} }};"
    );
    let f = m.fresh("f");
    say!(
        m.declare,
        "inline int {f}({s} p) {{ p.v += 1; return p.v; }}\ninline int {f}r(thread const {s}& p) {{ return p.v; }}\ninline {s} {f}m(int a) {{ return {s}(a + 1); }}"
    );
    let e = m.of(Ty::Int, 2);
    let o = m.fresh("o");
    say!(m.line, "{s} {o}({e}); {s} {o}c = {o}; {s} {o}d({o}c);");
    say!(m.put, "{o}.v + 3 * {o}c.v + 7 * {o}d.v");
    say!(m.put, "{f}({o}) + 3 * {f}r({o})");
    say!(m.line, "{o} = {o}c;");
    say!(m.put, "{o}.v");
    say!(m.put, "{f}m(4).v");
    say!(m.line, "W{s} {o}w({e}); W{s} {o}x = {o}w; {o}x = {o}w;");
    say!(m.put, "{o}w.in.v + {o}x.in.v * 3 + {o}x.w");
    say!(m.line, "{s} {o}t = {f}m({y});");
    say!(m.put, "{o}t.v");
}
