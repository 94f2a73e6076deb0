//! The C++ that connects entry points with the runtime.

use std::fmt::Write as _;

use super::scan::{Entry, Parameter};

/// The table of kernels. `scalars` gives, for each entry, the parameters (`n`, `p.field`) that the launch sets.
pub fn glue(entries: &[Entry], scalars: &dyn Fn(&Entry) -> Vec<String>) -> String {
    let mut out = String::from("\n# 1 \"ub_glue\"\n");
    let mut table = String::new();
    for (i, e) in entries.iter().enumerate() {
        let names = settable(e, scalars(e));
        kernel(&mut out, i, e, &names);
        let _ = writeln!(
            table,
            " {{\"{}\", {}, ub_params_{i}, ub_describe_{i}, ub_call_{i}, {}, ub_names_{i}, ub_set_{i}, ub_at_{i}}},",
            escaped(&e.name),
            e.parameters.len(),
            names.len()
        );
    }
    let _ = writeln!(
        out,
        "extern \"C\" const ub_kernel ub_kernels[] = {{\n{table} {{nullptr}}\n}};\nextern \"C\" const unsigned ub_kernel_count = {};",
        entries.len()
    );
    out
}

/// Those of the names that begin with a memory parameter, with its number.
fn settable(e: &Entry, names: Vec<String>) -> Vec<(String, usize)> {
    let position = |name: &String| {
        let first = name.split('.').next().unwrap_or(name);
        let memory = |p: &Parameter| p.name == first && p.attribute.is_none();
        e.parameters.iter().position(memory)
    };
    let path = |n: &String| {
        n.split('.')
            .all(|w| !w.is_empty() && w.chars().all(|c| c.is_alphanumeric() || c == '_'))
    };
    names
        .into_iter()
        .filter(path)
        .filter_map(|n| position(&n).map(|i| (n, i)))
        .collect()
}

fn kernel(out: &mut String, i: usize, e: &Entry, names: &[(String, usize)]) {
    let _ = writeln!(out, "static const ub_param ub_params_{i}[] = {{");
    for p in &e.parameters {
        let attribute = match &p.attribute {
            Some(a) => format!("\"{}\"", escaped(a)),
            None => "nullptr".into(),
        };
        let _ = writeln!(out, " {{\"{}\", {attribute}}},", escaped(&p.name));
    }
    // Qualified: a kernel may have the name of one of the parameters here.
    let f = format!("(&::{})", e.callee);
    let _ = writeln!(
        out,
        " {{nullptr, nullptr}}\n}};\nstatic void ub_describe_{i}(ub_shape* s) {{ ub::describe({f}, s); }}\n\
         static void ub_call_{i}(void* const* m, const unsigned (*b)[3]) {{ ub::call({f}, m, b); }}\n\
         static const char* const ub_names_{i}[] = {{"
    );
    for (n, _) in names {
        let _ = writeln!(out, " \"{n}\",");
    }
    let _ = writeln!(
        out,
        " nullptr\n}};\nstatic void ub_set_{i}(unsigned s, void* const* m, const ub_value& v) {{\n switch (s) {{"
    );
    for (j, (n, at)) in names.iter().enumerate() {
        let field = n
            .split_once('.')
            .map_or(String::new(), |(_, f)| format!(".{f}"));
        let _ = writeln!(
            out,
            " case {j}: ub::set(ub::slot<{at}>({f}, m){field}, v); break;"
        );
    }
    let _ = writeln!(
        out,
        " default: break;\n }}\n}}\nstatic unsigned ub_at_{i}(unsigned s) {{\n switch (s) {{"
    );
    for (j, (_, at)) in names.iter().enumerate() {
        let _ = writeln!(out, " case {j}: return {at};");
    }
    let _ = writeln!(out, " default: return 0;\n }}\n}}");
}

/// As a part of a string literal.
fn escaped(s: &str) -> String {
    s.replace('\\', "\\\\").replace('"', "\\\"")
}
