//! Blocks about data: vectors, bits, real numbers, records, enumerations.

use super::program::Maker;
use super::types::{LANES, Ty};

const XYZW: [&str; 4] = ["x", "y", "z", "w"];

/// `k` different components of `n`.
fn distinct(m: &mut Maker, n: usize, k: usize) -> String {
    let mut left: Vec<&str> = XYZW[..n].to_vec();
    (0..k).map(|_| left.remove(m.r.below(left.len()))).collect()
}

/// Any `k` components of `n`.
fn any(m: &mut Maker, n: usize, k: usize) -> String {
    (0..k).map(|_| XYZW[m.r.below(n)]).collect()
}

fn components(m: &mut Maker, v: &str, n: usize) {
    let s: Vec<String> = (0..n)
        .map(|i| format!("(uint){v}.{} * {}u", XYZW[i], 2 * i * i + 1))
        .collect();
    m.put(s.join(" + "));
}

pub fn vectors(m: &mut Maker) {
    let ty = m.r.pick(LANES);
    let n = m.r.range(2, 4) as usize;
    let t = format!("{}{n}", ty.name());
    let mut names = Vec::new();
    for i in 0..3 {
        let v = m.fresh("w");
        let parts: Vec<String> = (0..n).map(|_| m.of(ty, 2)).collect();
        let value = match (i, n) {
            (2, _) => format!("{t}({})", m.of(ty, 2)),
            (1, 4) => format!(
                "{t}({}2({}, {}), {}, {})",
                ty.name(),
                parts[0],
                parts[1],
                parts[2],
                parts[3]
            ),
            (1, 3) => format!(
                "{t}({}, {}2({}, {}))",
                parts[0],
                ty.name(),
                parts[1],
                parts[2]
            ),
            _ => format!("{t}({})", parts.join(", ")),
        };
        say!(m.line, "{t} {v} = {value};");
        names.push(v);
    }
    for _ in 0..5 {
        let (a, b, c) = (
            m.r.pick(&[0, 1, 2]),
            m.r.pick(&[0, 1, 2]),
            m.r.pick(&[0, 1, 2]),
        );
        let (a, b, c) = (names[a].clone(), names[b].clone(), names[c].clone());
        let op = m.r.pick(&["+", "-", "*", "&", "|", "^"]);
        let k = m.r.range(2, n as i64) as usize;
        let e = m.of(ty, 2);
        let text = match m.r.below(10) {
            0 => format!("{a} = {b} {op} {c};"),
            1 => format!("{a} {op}= {b};"),
            2 => format!("{a}.{} = {b}.{};", distinct(m, n, k), any(m, n, k)),
            3 => format!("{a}.{} {op}= {e};", XYZW[m.r.below(n)]),
            4 => format!("{a}[{}] = {e};", m.r.below(n)),
            5 => format!("{a} = {b} * {e};"),
            6 => format!(
                "{a}.{} = {}{k}({b}.{}) {op} {}{k}({c}.{});",
                distinct(m, n, k),
                ty.name(),
                any(m, n, k),
                ty.name(),
                any(m, n, k)
            ),
            7 => format!("{a} = select({b}, {c}, {b} < {c});"),
            8 => format!("{a} = min({b}, max({c}, {a}));"),
            _ => format!("{a} = -{b} + ~{c};"),
        };
        m.line(text);
    }
    let other = m.r.pick(LANES);
    let w = m.fresh("w");
    say!(m.line, "{}{n} {w} = {0}{n}({});", other.name(), names[0]);
    components(m, &w, n);
    for v in &names {
        components(m, v, n);
    }
    let f = m.fresh("i");
    say!(m.line, "uint {f} = 0u;");
    say!(
        m.line,
        "for (uint q = 0u; q < {n}u; q++) {f} = {f} * 5u + (uint){}[q];",
        names[1]
    );
    m.put(f);
    say!(
        m.put,
        "(any({} == {}) ? 1 : 0) + (all({} <= {}) ? 2 : 0)",
        names[0],
        names[1],
        names[2],
        names[0]
    );
}

pub fn bits(m: &mut Maker) {
    let b = m.fresh("b");
    let e = m.of(Ty::UInt, 3);
    say!(m.line, "uint {b} = {e};");
    let c = m.fresh("c");
    say!(m.line, "uchar4 {c} = as_type<uchar4>({b});");
    say!(m.put, "as_type<uint>({c}.{})", distinct(m, 4, 4));
    say!(m.put, "as_type<int>(short2(as_type<short2>({b}).yx))");
    let l = m.of(Ty::ULong, 3);
    say!(m.line, "uint2 {c}l = as_type<uint2>({l});");
    say!(m.put, "{c}l.x ^ ({c}l.y * 3u)");
    let narrow =
        m.r.pick(&[Ty::Char, Ty::UChar, Ty::Short, Ty::UShort, Ty::Bool]);
    let wide = m.r.pick(&[Ty::Int, Ty::Long, Ty::ULong, Ty::UInt]);
    let e = m.expr(3);
    let x = m.fresh("x");
    say!(m.line, "{} {x} = {};", narrow.name(), e.text);
    say!(m.line, "{} {x}w = {x};", wide.name());
    say!(m.put, "{x}w");
    say!(m.put, "({x}w >> 7) + ({x} < 0 ? 5 : 9)");
    let f = m.fresh("narrow");
    let r = m.over(&[("a", narrow), ("b", wide)], 3);
    say!(
        m.declare,
        "inline {} {f}({} a, {} b) {{ return {}; }}",
        narrow.name(),
        narrow.name(),
        wide.name(),
        r.text
    );
    m.export(&f, &[narrow, wide], narrow);
    let (p, q) = (m.expr(2), m.expr(2));
    say!(m.put, "{f}({}, {})", p.text, q.text);
    let h = m.r.range(0, 0xffff);
    say!(
        m.put,
        "as_type<ushort>(as_type<short>((ushort)({b} ^ {h}u)))"
    );
}

/// Sixteen bits of whole numbers, quarters, and few operations: exact, or rounded once.
pub fn floats(m: &mut Maker) {
    let mut names = Vec::new();
    for _ in 0..3 {
        let f = m.fresh("f");
        let e = m.expr(2);
        let k = m.r.pick(&["0.25f", "1.5f", "0.1f", "3.0f", "-0.3f"]);
        say!(
            m.line,
            "float {f} = (float)((int)({} & 0x3fff) - 0x1fff) * {k};",
            e.text
        );
        names.push(f);
    }
    let (a, b, c) = (&names[0], &names[1], &names[2]);
    let op = m.r.pick(&["+", "-", "*"]);
    let k = m.r.range(1, 9);
    say!(m.put, "as_type<uint>({a} {op} {b})");
    say!(m.put, "as_type<uint>({a} * {b} - {c} * {k}.0f)");
    say!(m.put, "(int)({a} * 0.5f)");
    say!(m.put, "as_type<uint>({a} < {b} ? {c} : {a} + {k})");
    say!(m.put, "as_type<uint>(({a} + {b}) / {k}.0f)");
    say!(
        m.put,
        "(uint)(short)(int)({b}) + ({a} != {c} ? 3u : 4u) + (uint)(bool){c}"
    );
    say!(m.line, "int2 {a}v = int2(float2({a}, {b}) * 2.0f);");
    say!(m.put, "{a}v.x * 3 + {a}v.y");
    say!(m.line, "{a} += {k}; {a} *= 2; {a}++;");
    say!(m.put, "as_type<uint>({a})");
}

pub fn records(m: &mut Maker) {
    let (inner, outer) = (m.fresh("Inner"), m.fresh("Outer"));
    let (t, u, v, w) = (m.int_ty(), m.int_ty(), m.int_ty(), m.int_ty());
    say!(
        m.declare,
        "struct {inner} {{ {} a; {} b[3]; }};",
        t.name(),
        u.name()
    );
    say!(
        m.declare,
        "struct {outer} {{ {} x; {inner} one; {} y; {inner} many[2]; }};",
        v.name(),
        w.name()
    );
    let f = m.fresh("sum");
    let e = m.over(
        &[
            ("o.x", v),
            ("o.one.a", t),
            ("o.one.b[1]", u),
            ("o.y", w),
            ("o.many[1].a", t),
            ("o.many[0].b[2]", u),
        ],
        4,
    );
    say!(
        m.declare,
        "inline uint {f}({outer} o) {{ o.x += 1; return {}; }}",
        e.text
    );
    let g = m.fresh("with");
    say!(
        m.declare,
        "inline {outer} {g}({outer} o, {} a) {{ o.many[1].a = a; o.one = o.many[1]; return o; }}",
        t.name()
    );
    let (o, p) = (m.fresh("o"), m.fresh("o"));
    let mut part = |ty: Ty| m.of(ty, 2);
    let inner_values = |part: &mut dyn FnMut(Ty) -> String| {
        format!("{{{}, {{{}, {}, {}}}}}", part(t), part(u), part(u), part(u))
    };
    let first = part(v);
    let one = inner_values(&mut part);
    let y = part(w);
    let many = format!(
        "{{{}, {}}}",
        inner_values(&mut part),
        inner_values(&mut part)
    );
    say!(m.line, "{outer} {o} = {{{first}, {one}, {y}, {many}}};");
    say!(m.line, "{outer} {p} = {o};");
    for _ in 0..4 {
        let (e, i, j) = (m.expr(2), m.expr(1), m.expr(1));
        let text = match m.r.below(6) {
            0 => format!("{o}.many[{} & 1].b[{}] = {};", i.text, m.r.below(3), e.text),
            1 => format!("{p}.one.a += {};", e.text),
            2 => format!("{p}.many[{} & 1] = {o}.many[{} & 1];", i.text, j.text),
            3 => format!("{o} = {g}({p}, {});", e.text),
            4 => format!(
                "{{ thread {inner}& r = {o}.many[{} & 1]; r.b[1] ^= {}; r.a--; }}",
                i.text, e.text
            ),
            _ => format!(
                "{{ thread {outer}* q = &{o}; q->one.b[2] = {}; (*q).y = q->x; }}",
                e.text
            ),
        };
        m.line(text);
    }
    for n in [&o, &p] {
        say!(m.put, "{f}({n})");
        say!(m.put, "{n}.many[1].b[0] * 3 + {n}.one.a + {n}.x");
        say!(m.put, "{g}({n}, 5).one.b[1] - {n}.y");
    }
    say!(m.put, "sizeof({outer}) * 64 + sizeof({inner})");
}

pub fn enums(m: &mut Maker) {
    let (plain, scoped, space) = (m.fresh("Plain"), m.fresh("Scoped"), m.fresh("es"));
    let at = m.r.range(-3, 9);
    let (a, b, c) = (m.fresh("A"), m.fresh("B"), m.fresh("C"));
    say!(
        m.declare,
        "enum {plain} {{ {a} = {at}, {b}, {c} = {b} * 2 + 20 }};"
    );
    let under = m.int_ty();
    let k = m.r.range(0, 90);
    say!(
        m.declare,
        "namespace {space} {{ enum class {scoped} : {} {{ P, Q = {k}, R }}; enum {{ {a}x = {a} + 1, {b}x }}; }}",
        under.name()
    );
    let f = m.fresh("name");
    let (x, y, z) = (m.r.range(0, 99), m.r.range(0, 99), m.r.range(0, 99));
    say!(
        m.declare,
        "inline int {f}({plain} e) {{ switch (e) {{ case {a}: return {x}; case {c}: return {y}; default: break; }} return {z} + e; }}\n\
         inline int {f}({space}::{scoped} e) {{ return e == {space}::{scoped}::R ? {y} : (int)e; }}"
    );
    let e = m.expr(2);
    let v = m.fresh("e");
    say!(m.line, "{plain} {v} = {} & 1 ? {a} : {c};", e.text);
    say!(m.put, "{f}({v}) + {f}({b})");
    say!(m.put, "{v} * 3 - {b} + ({v} == {c})");
    let e = m.expr(2);
    say!(
        m.line,
        "{space}::{scoped} {v}s = {} & 1 ? {space}::{scoped}::R : {space}::{scoped}::P;",
        e.text
    );
    say!(
        m.put,
        "{f}({v}s) * 5 + ({v}s < {space}::{scoped}::Q ? 1 : 0)"
    );
    say!(
        m.put,
        "static_cast<uint>({space}::{scoped}::R) + {space}::{b}x"
    );
    let e = m.expr(2);
    say!(
        m.line,
        "{plain} {v}t = static_cast<{plain}>({} & 3);",
        e.text
    );
    say!(m.put, "{f}({v}t) + ({v}t | 8)");
}
