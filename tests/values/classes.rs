//! Blocks about functions and classes: overloads, templates, members, operators, constructors.

use super::program::Maker;
use super::types::{INTS, Ty, WHOLE, unambiguous};

/// A body for a function of these parameters.
fn body(m: &mut Maker, params: &[(&str, Ty)], depth: u32) -> String {
    let k = m.r.range(1, 99);
    let e = m.over(params, depth);
    format!("{} + {k}", e.text)
}

pub fn overloads(m: &mut Maker) {
    let f = m.fresh("f");
    let mut set: Vec<Vec<Ty>> = Vec::new();
    let mut results = Vec::new();
    for _ in 0..m.r.range(2, 5) {
        let n = m.r.range(1, 2) as usize;
        let params: Vec<Ty> = (0..n).map(|_| m.r.pick(WHOLE)).collect();
        if set.contains(&params) {
            continue;
        }
        let names = ["a", "b"];
        let named: Vec<(&str, Ty)> = names.iter().copied().zip(params.iter().copied()).collect();
        let list: Vec<String> = named
            .iter()
            .map(|(n, t)| format!("{} {n}", t.name()))
            .collect();
        let value = body(m, &named, 2);
        let result = m.int_ty();
        say!(
            m.declare,
            "inline {} {f}({}) {{ return {value}; }}",
            result.name(),
            list.join(", ")
        );
        set.push(params);
        results.push(result);
    }
    for (p, r) in set.iter().zip(&results) {
        m.export(&f, p, *r);
    }
    let mut tries = 0;
    let mut made = 0;
    while made < 6 && tries < 40 {
        tries += 1;
        let n = m.r.range(1, 2) as usize;
        let args: Vec<_> = (0..n)
            .map(|_| {
                let ty = m.r.pick(WHOLE);
                super::expr::Expr {
                    text: m.of(ty, 2),
                    ty,
                }
            })
            .collect();
        let types: Vec<Ty> = args.iter().map(|e| e.ty).collect();
        if unambiguous(&set, &types) {
            let list: Vec<String> = args.into_iter().map(|e| e.text).collect();
            say!(m.put, "{f}({})", list.join(", "));
            made += 1;
        }
    }
    // The type that arithmetic gives decides.
    for _ in 0..2 {
        let e = m.expr(3);
        if unambiguous(&set, &[e.ty]) {
            say!(m.put, "{f}({})", e.text);
        }
    }
}

pub fn templates(m: &mut Maker) {
    let f = m.fresh("t");
    let (a, b) = (m.r.range(1, 9), m.r.range(1, 9));
    say!(
        m.declare,
        "template <typename T> inline T {f}(T a, T b) {{ T c = a * {a} + b; c ^= {b}; return c; }}"
    );
    let g = m.fresh("t");
    say!(
        m.declare,
        "template <typename R, typename T> inline R {g}(T a) {{ return (R)(a + {a}) - (R)sizeof(T); }}"
    );
    let n = m.fresh("n");
    say!(
        m.declare,
        "template <int N, typename T> inline uint {n}(T a) {{ uint s = 0u; for (int i = 0; i < N; i++) s = s * 3u + (uint)(a >> i); return s; }}"
    );
    for _ in 0..2 {
        let ty = m.int_ty();
        let (x, y) = (m.of(ty, 2), m.of(ty, 2));
        say!(m.put, "{f}({x}, {y})");
        let ty = m.int_ty();
        let (x, y) = (m.expr(2), m.expr(2));
        say!(m.put, "{f}<{}>({}, {})", ty.name(), x.text, y.text);
        let (r, t) = (m.int_ty(), m.int_ty());
        let x = m.of(t, 2);
        say!(m.put, "{g}<{}>({x})", r.name());
        let x = m.expr(2);
        let k = m.r.range(1, 6);
        say!(m.put, "{n}<{k}>({})", x.text);
    }
    let t = m.int_ty();
    let r = m.int_ty();
    m.export(&format!("{g}<{}, {}>", r.name(), t.name()), &[t], r);
    // A function that is no template is better than one that is, if both match alike.
    let h = m.fresh("h");
    let ty = m.r.pick(INTS);
    say!(
        m.declare,
        "template <typename T> inline int {h}(T a) {{ return (int)a + {a}; }}\ninline int {h}({} a) {{ return (int)a * {b} - 1; }}",
        ty.name()
    );
    let x = m.expr(2);
    say!(m.put, "{h}({})", x.text);
    let x = m.of(ty, 2);
    say!(m.put, "{h}({x}) * 3 + {h}<{}>({x})", ty.name());
}

pub fn defaults(m: &mut Maker) {
    let f = m.fresh("d");
    let (a, b, c) = (m.int_ty(), m.int_ty(), m.int_ty());
    let value = body(m, &[("a", a), ("b", b), ("c", c)], 3);
    let (x, y) = (m.r.range(-200, 300), m.r.range(0, 70000));
    let k = m.fresh("K");
    say!(m.declare, "constant int {k} = {y};");
    say!(
        m.declare,
        "inline uint {f}({} a, {} b = {x}, {} c = {k} + 1) {{ return {value}; }}",
        a.name(),
        b.name(),
        c.name()
    );
    for n in 1..=3 {
        for _ in 0..2 {
            let args: Vec<String> = (0..n).map(|_| m.expr(2).text).collect();
            say!(m.put, "{f}({})", args.join(", "));
        }
    }
    m.export(&f, &[a], Ty::UInt);
    m.export(&f, &[a, b], Ty::UInt);
}

pub fn members(m: &mut Maker) {
    let s = m.fresh("S");
    let (a, b) = (m.int_ty(), m.int_ty());
    let (r1, r2) = (m.int_ty(), m.int_ty());
    let fields = [("x", a), ("y", b), ("k", Ty::Int)];
    let (v1, v2, v3) = (
        body(m, &fields, 3),
        body(m, &fields, 2),
        body(m, &fields, 2),
    );
    say!(
        m.declare,
        "struct {s} {{\n    {} x;\n    {} y;\n    {} get(int k) const {{ return {v1}; }}\n    void set(int k) {{ x = {v2}; this->y += k; }}\n\
         \x20   {} both(int k) {{ set(k); return get({v3}) + twice(k); }}\n    static int twice(int k) {{ return k * 2 + 1; }}\n\
         \x20   thread {s}& step(int x) {{ this->x ^= x; y -= x; return *this; }}\n}};",
        a.name(),
        b.name(),
        r1.name(),
        r2.name()
    );
    let o = m.fresh("o");
    let (p, q) = (m.of(a, 2), m.of(b, 2));
    say!(m.line, "{s} {o} = {{{p}, {q}}};");
    let f = m.fresh("use");
    say!(
        m.declare,
        "inline {} {f}(thread const {s}& s, int n) {{ return s.get(n) - s.x; }}",
        r1.name()
    );
    for _ in 0..2 {
        let e = m.of(Ty::Int, 2);
        say!(m.line, "{o}.set({e});");
        let e = m.of(Ty::Int, 2);
        say!(m.put, "{o}.get({e})");
        let e = m.of(Ty::Int, 2);
        say!(m.put, "{o}.both({e})");
        let (e, g) = (m.of(Ty::Int, 1), m.of(Ty::Int, 1));
        say!(m.line, "{o}.step({e}).step({g});");
        say!(m.put, "{f}({o}, {})", m.r.range(0, 9));
    }
    say!(m.put, "{o}.x * 5 + {o}.y + {s}::twice({})", m.r.range(0, 9));
}

pub fn operators(m: &mut Maker) {
    let s = m.fresh("Op");
    let (a, b) = (m.int_ty(), m.int_ty());
    let (k, l) = (m.r.range(1, 9), m.r.range(1, 9));
    let op = m.r.pick(&["+", "*", "&", "^"]);
    say!(
        m.declare,
        "struct {s} {{\n    {} x;\n    {} y;\n\
         \x20   thread {s}& operator+=(thread const {s}& o) {{ x += o.x; y -= o.y * {k}; return *this; }}\n\
         \x20   {s} operator-() const {{ {s} r = {{({})-x, ({})(y + {l})}}; return r; }}\n\
         \x20   int operator[](int i) const {{ return (i & 1) ? (int)y : (int)x + i; }}\n\
         \x20   uint operator()(uint p, int q = {k}) const {{ return p * x + q * y; }}\n\
         \x20   thread {s}& operator++() {{ ++x; return *this; }}\n}};",
        a.name(),
        b.name(),
        a.name(),
        b.name()
    );
    say!(
        m.declare,
        "inline {s} operator{op}({s} p, {s} q) {{ {s} r = {{({})(p.x {op} q.y), ({})(p.y - q.x)}}; return r; }}\n\
         inline {s} operator{op}({s} p, int q) {{ p.x {op}= q; p.y += {l}; return p; }}\n\
         inline bool operator==(thread const {s}& p, thread const {s}& q) {{ return p.x == q.x; }}\n\
         inline bool operator<({s} p, {s} q) {{ return p.x * {k} < q.x; }}",
        a.name(),
        b.name()
    );
    let (o, p) = (m.fresh("o"), m.fresh("o"));
    for n in [&o, &p] {
        let (x, y) = (m.of(a, 2), m.of(b, 2));
        say!(m.line, "{s} {n} = {{{x}, {y}}};");
    }
    let e = m.of(Ty::Int, 2);
    say!(m.put, "({o} {op} {p}).x + ({p} {op} {e}).y");
    say!(m.line, "{o} += -{p};");
    say!(m.put, "{o}[{}] * 3 + {o}[2]", m.r.range(0, 3));
    let e = m.of(Ty::UInt, 2);
    say!(m.put, "{p}({e}) + {o}({e}, {l})");
    say!(m.line, "++({o} += {p});");
    say!(
        m.put,
        "({o} == {p} ? 1 : 0) + ({o} < {p} ? 2 : 0) + ({p} < {o} ? 4 : 0)"
    );
    say!(m.put, "{o}.x");
    say!(m.put, "{o}.y");
    say!(m.put, "(-(-{o} {op} {p})).y");
}

pub fn constructors(m: &mut Maker) {
    let s = m.fresh("C");
    let (a, b) = (m.int_ty(), m.int_ty());
    let (k, l, n) = (m.r.range(1, 90), m.r.range(1, 90), m.r.range(1, 90));
    let e1 = body(m, &[("p", Ty::Int)], 2);
    let e2 = body(m, &[("p", Ty::UInt), ("q", Ty::Int)], 2);
    say!(
        m.declare,
        "struct {s} {{\n    {} x = {k};\n    {} y;\n    int z = {l};\n    {s}() : y({n}) {{}}\n    {s}(int p) : x({e1}), y(x + 1) {{ z += y; }}\n\
         \x20   {s}(uint p, int q) : y({e2}) {{ z = q; }}\n    int sum() const {{ return x + y * 3 + z; }}\n}};",
        a.name(),
        b.name()
    );
    let t = m.fresh("H");
    say!(
        m.declare,
        "struct {t} {{ {s} in; int w; {t}(int v) : in(v), w(v + {k}) {{}} }};"
    );
    let mut o = Vec::new();
    let i = m.of(Ty::Int, 2);
    let (u, j) = (m.of(Ty::UInt, 2), m.of(Ty::Int, 2));
    for init in [
        String::new(),
        format!("({i})"),
        format!("({u}, {j})"),
        format!(" = {s}({i} + 1)"),
        format!("{{{u}, {j}}}"),
    ] {
        let v = m.fresh("c");
        say!(m.line, "{s} {v}{init};");
        o.push(v);
    }
    for v in &o {
        say!(m.put, "{v}.sum() * 7 + {v}.x");
    }
    let h = m.fresh("h");
    say!(m.line, "{t} {h}({i});");
    say!(m.put, "{h}.in.sum() + {h}.w");
    say!(m.line, "{} = {s}({u}, 3);", o[0]);
    say!(m.put, "{}.sum() + {s}(4).z + {s}().x", o[0]);
}

pub fn member_arrays(m: &mut Maker) {
    let s = m.fresh("C");
    let t = m.fresh("H");
    let a = m.int_ty();
    let (k, l) = (m.r.range(1, 90), m.r.range(1, 90));
    say!(
        m.declare,
        "struct {s} {{ {} x = {k}; int y; {s}() : y(x + {l}) {{}} {s}(int p) : x(p), y(p) {{}} }};",
        a.name()
    );
    say!(
        m.declare,
        "struct {t} {{ {s} more[2]; int w; {t}(int v) : w(v) {{}} }};\nstruct D{t} {{ {s} grid[2][2]; int w = {l}; }};"
    );
    let e = m.of(Ty::Int, 2);
    say!(m.line, "{t} {s}h({e});");
    say!(m.put, "{s}h.more[1].x + {s}h.more[0].y * 3 + {s}h.w");
    say!(m.line, "D{t} {s}d; {s} {s}a[3];");
    say!(m.put, "{s}d.grid[1][0].y + {s}d.w");
    say!(m.put, "{s}a[2].y * 3 + {s}a[0].x");
    let e = m.of(Ty::Int, 2);
    say!(m.line, "{s} {s}b[3] = {{{s}({e}), {s}(), {k}}};");
    say!(m.put, "{s}b[0].x + {s}b[1].y * 3 + {s}b[2].x * 7");
}

pub fn constants(m: &mut Maker) {
    let s = m.fresh("Tr");
    let ty = m.int_ty();
    let (k, l) = (m.r.range(0, 120), m.r.range(1, 120));
    say!(
        m.declare,
        "template <typename T, int N> struct {s} {{\n    static constexpr constant int twice = N * 2;\n    static constexpr constant T most = (T)(N + {k});\n\
         \x20   T v[N];\n    T at(int i) const {{ return v[i % N] + (T)twice; }}\n}};"
    );
    let (n, c) = (m.r.range(1, 5), m.fresh("K"));
    say!(
        m.declare,
        "static constexpr constant {} {c} = {l};",
        ty.name()
    );
    let o = m.fresh("o");
    let t = format!("{s}<{}, {n}>", ty.name());
    say!(m.line, "{t} {o};");
    let e = m.of(ty, 2);
    say!(
        m.line,
        "for (int i = 0; i < {n}; i++) {o}.v[i] = (({}) (i * {l})) + {e};",
        ty.name()
    );
    say!(m.put, "{o}.at({})", m.r.range(0, 9));
    say!(m.put, "{t}::twice + {t}::most");
    say!(m.put, "{s}<uint, {}>::twice * {c}", m.r.range(1, 9));
    say!(m.put, "sizeof({t})");
    let a = m.fresh("a");
    say!(m.line, "int {a}[{t}::twice];");
    say!(
        m.line,
        "for (int i = 0; i < {t}::twice; ++i) {a}[i] = i * {c};"
    );
    say!(m.put, "{a}[{t}::twice - 1] + {a}[0]");
    let table = m.fresh("table");
    let v: Vec<String> = (0..8).map(|_| m.r.range(0, 127).to_string()).collect();
    say!(
        m.declare,
        "constant {} {table}[8] = {{{}}};",
        ty.name(),
        v.join(", ")
    );
    let e = m.expr(2);
    say!(m.put, "{table}[{} & 7]", e.text);
    say!(m.line, "const {} {a}k = {};", ty.name(), m.r.range(0, 100));
    say!(m.put, "{a}k ^ {c}");
}
