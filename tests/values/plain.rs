//! Blocks of statements: what C has already.

use super::expr::{Var, cast, expr};
use super::program::Maker;
use super::types::{INTS, Ty, WHOLE};

fn locals(m: &mut Maker, count: usize) {
    for _ in 0..count {
        let ty = m.r.pick(WHOLE);
        m.local(ty, true);
    }
}

fn array(m: &mut Maker) -> (String, Ty) {
    let ty = m.int_ty();
    let name = m.fresh("a");
    let values: Vec<String> = (0..8).map(|_| m.of(ty, 2)).collect();
    say!(
        m.line,
        "{} {name}[8] = {{{}}};",
        ty.name(),
        values.join(", ")
    );
    m.scope.arrays.push((name.clone(), ty));
    (name, ty)
}

/// A variable that may be changed.
fn target(m: &mut Maker) -> Option<Var> {
    let free: Vec<Var> = m.scope.vars.iter().filter(|v| v.free).cloned().collect();
    if free.is_empty() {
        None
    } else {
        Some(free[m.r.below(free.len())].clone())
    }
}

fn assignment(m: &mut Maker) {
    let Some(v) = target(m) else { return };
    let e = m.expr(3);
    let text = match m.r.below(10) {
        0..=3 => format!("{} = {};", v.name, e.text),
        4 if v.ty != Ty::Bool => format!(
            "{} {}= {} & {};",
            v.name,
            m.r.pick(&["<<", ">>"]),
            e.text,
            v.ty.most_shift()
        ),
        5 => format!(
            "{} {}= ({} & 15) | 1;",
            v.name,
            m.r.pick(&["/", "%"]),
            e.text
        ),
        6 if v.ty != Ty::Bool => format!("{}{}{};", m.r.pick(&["++", "--"]), v.name, ""),
        _ => format!(
            "{} {}= {};",
            v.name,
            m.r.pick(&["+", "-", "*", "&", "|", "^"]),
            e.text
        ),
    };
    m.line(text);
}

fn store(m: &mut Maker) {
    if m.scope.arrays.is_empty() {
        return assignment(m);
    }
    let (name, _) = m.scope.arrays[m.r.below(m.scope.arrays.len())].clone();
    let (i, e) = (m.expr(1), m.expr(2));
    let op = m.r.pick(&["=", "+=", "^=", "-=", "*="]);
    say!(m.line, "{name}[{} & 7] {op} {};", i.text, e.text);
}

/// Statements in a scope of their own; variables declared in it are gone after.
fn nested(m: &mut Maker, depth: u32, count: usize) {
    let (vars, arrays) = (m.scope.vars.len(), m.scope.arrays.len());
    for _ in 0..count {
        statement(m, depth);
    }
    m.scope.vars.truncate(vars);
    m.scope.arrays.truncate(arrays);
}

fn statement(m: &mut Maker, depth: u32) {
    match m.r.below(if depth > 0 { 12 } else { 7 }) {
        0..=3 => assignment(m),
        4 | 5 => store(m),
        6 => {
            let ty = m.r.pick(WHOLE);
            m.local(ty, true);
        }
        7 | 8 => {
            let c = m.expr(2);
            say!(m.line, "if ({}) {{", c.text);
            nested(m, depth - 1, 2);
            if m.r.chance(50) {
                m.line("} else {");
                nested(m, depth - 1, 2);
            }
            m.line("}");
        }
        9 | 10 => loops(m, depth),
        _ => {
            m.line("{");
            nested(m, depth - 1, 2);
            m.line("}");
        }
    }
}

/// A loop that ends: nothing else changes its variable.
fn loops(m: &mut Maker, depth: u32) {
    let i = m.fresh("i");
    let ty = m.int_ty();
    let n = m.r.range(1, 7);
    let t = ty.name();
    let head = match m.r.below(4) {
        0 => format!("for ({t} {i} = 0; {i} < {n}; ++{i}) {{"),
        1 => format!("for ({t} {i} = {n}; {i} > 0; {i}--) {{"),
        2 => format!("for ({t} {i} = {n}; {i} != 0; {i} >>= 1) {{"),
        _ => {
            say!(m.line, "{t} {i} = {n};");
            format!("while ({i}-- > 0) {{")
        }
    };
    m.line(head);
    let kept = m.scope.vars.len();
    m.scope.vars.push(Var {
        name: i,
        ty,
        free: false,
    });
    nested(m, depth - 1, 2);
    if m.r.chance(30) {
        let c = m.expr(2);
        let how = m.r.pick(&["continue", "break"]);
        say!(m.line, "if ({}) {how};", c.text);
        assignment(m);
    }
    m.line("}");
    m.scope.vars.truncate(kept);
}

fn results(m: &mut Maker) {
    for v in m.scope.vars.clone() {
        m.put_value(&super::expr::Expr {
            text: v.name,
            ty: v.ty,
        });
    }
    for (a, _) in m.scope.arrays.clone() {
        let s = m.fresh("s");
        say!(m.line, "uint {s} = 0u;");
        say!(
            m.line,
            "for (int q = 0; q < 8; q++) {s} = {s} * 33u + (uint){a}[q];"
        );
        m.put(s);
    }
}

pub fn statements(m: &mut Maker) {
    locals(m, 3);
    if m.r.chance(60) {
        array(m);
    }
    for _ in 0..4 {
        statement(m, 2);
    }
    let e = m.expr(4);
    m.put_value(&e);
    results(m);
}

pub fn switch(m: &mut Maker) {
    locals(m, 3);
    for _ in 0..2 {
        let mut e = m.expr(2);
        if e.ty == Ty::Bool {
            e.text = format!("(int){}", e.text);
        }
        say!(m.line, "switch ({} & 7) {{", e.text);
        let default_at = m.r.below(6);
        for c in 0..5 {
            if c == default_at {
                m.line("default:");
            } else if c == 3 && m.r.chance(50) {
                m.line("case 6:");
                m.line("case 3: {");
                nested(m, 1, 2);
                m.line("break; }");
                continue;
            } else {
                say!(m.line, "case {c}:");
            }
            assignment(m);
            if m.r.chance(50) {
                m.line("break;");
            }
        }
        m.line("}");
    }
    results(m);
}

pub fn effects(m: &mut Maker) {
    locals(m, 3);
    let (a, _) = array(m);
    let i = m.fresh("i");
    let ity = m.r.pick(INTS);
    say!(m.line, "{} {i} = {};", ity.name(), m.r.range(0, 7));
    let n = m.fresh("n");
    say!(m.line, "int {n} = 0;");
    m.line("do {");
    for _ in 0..3 {
        let e = m.expr(2);
        let v = target(m).map_or(n.clone(), |v| v.name);
        let w = target(m).map_or(n.clone(), |v| v.name);
        let step = m.r.pick(&["++", "--"]);
        let text = match m.r.below(7) {
            0 => format!("{a}[{i}{step} & 7] = {};", e.text),
            1 => format!("{a}[{step}{i} & 7] ^= {};", e.text),
            2 => format!("{v} = ({w} += 3, {});", e.text),
            3 => format!("if ({} && (({w} ^= 5) != 0)) {v} -= 1;", e.text),
            4 => format!(
                "if (({} || (({i} += 2) & 1)) && {n} >= 0) {v} += 2;",
                e.text
            ),
            5 => format!("{v} = {} ? ({i}++, {w}) : ({i} += 3, {w});", e.text),
            _ => format!("{v} = {w} = {};", e.text),
        };
        m.line(text);
    }
    let stop = m.r.range(2, 6);
    say!(m.line, "}} while (++{n} < {stop});");
    m.put(&i);
    results(m);
}

pub fn pointers(m: &mut Maker) {
    locals(m, 2);
    let (a, ty) = array(m);
    let t = ty.name();
    let f = m.fresh("walk");
    let p = m.over(&[("s", Ty::UInt), ("x", ty)], 3);
    say!(
        m.declare,
        "inline uint {f}(thread {t}* p, int n, thread uint& count) {{\n    uint s = 0u;\n    for (thread {t}* e = p + n; p != e; ++p) {{ const {t} x = *p; s = {}; count++; }}\n    return s;\n}}",
        p.text
    );
    let c = m.fresh("c");
    say!(m.line, "uint {c} = 0u;");
    let (from, len) = (m.r.range(0, 3), m.r.range(1, 5));
    let s = m.fresh("s");
    say!(m.line, "uint {s} = {f}({a} + {from}, {len}, {c});");
    say!(m.put, "{s} * 7u + {c}");
    let p = m.fresh("p");
    say!(m.line, "thread {t}* {p} = &{a}[{}];", m.r.range(1, 6));
    for _ in 0..3 {
        let e = m.expr(2);
        let text = match m.r.below(5) {
            0 => format!("*{p} = {};", e.text),
            1 => format!("{p}[-1] += {};", e.text),
            2 => format!("*({p} + 1) = {p}[0] ^ {p}[-1];"),
            3 => format!("{{ thread {t}& ref = {p}[1]; ref -= {}; }}", e.text),
            _ => format!(
                "{{ thread {t}* q = {p} - 1; *q++ = {}; *q-- ^= 1; *++q += 3; }}",
                e.text
            ),
        };
        m.line(text);
    }
    say!(m.put, "({p} - {a}) + ({p} > {a} ? 100 : 0)");
    say!(m.put, "*{p}++");
    if let Some(v) = target(m) {
        let e = cast(&mut m.r, &m.scope, v.ty, 2).text;
        say!(
            m.line,
            "{{ thread {}& r1 = {}; thread {0}& r2 = r1; r2 = {e}; }}",
            v.ty.name(),
            v.name
        );
    }
    let e = expr(&mut m.r, &m.scope, 3);
    m.put_value(&e);
    results(m);
}
