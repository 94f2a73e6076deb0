use super::*;

#[test]
fn entry_points_and_parameters() {
    let s = scan(
        "# 1 \"a.metal\"\n\
         namespace n {\nkernel void k(device const float* a [[buffer(0)]], constant P& p [[ buffer(1), function_constant(f) ]],\n\
         threadgroup float (&x)[4] [[threadgroup(2)]], uint2 g [[threadgroup_position_in_grid]]) {\n}\n}\n\
         template <typename T, int N = (1 > 0)>\n[[kernel]] void t(device T* out [[buffer(0)]]) { out[0] = T(N); }\n\
         template [[host_name(\"t_f\")]] [[kernel]] void t<float, 4>(device float*);\n\
         template [[host_name(\"t_h\")]] kernel decltype(t<half, 2>) t<half, 2>;\n",
        &[],
    );
    let shown: Vec<(&str, &str)> = s
        .entries
        .iter()
        .map(|e| (e.name.as_str(), e.callee.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("k", "n::k"),
            ("t_f", "t < float , 4 >"),
            ("t_h", "t < half , 2 >")
        ]
    );
    let k = &s.entries[0];
    assert_eq!(k.lines, (2, 4));
    let p: Vec<(&str, Option<&str>, Option<u32>)> = k
        .parameters
        .iter()
        .map(|p| (p.name.as_str(), p.attribute.as_deref(), p.index))
        .collect();
    assert_eq!(
        p,
        [
            ("a", None, Some(0)),
            ("p", None, Some(1)),
            ("x", Some("threadgroup"), Some(2)),
            ("g", Some("threadgroup_position_in_grid"), None)
        ]
    );
    assert!(!s.text.contains("host_name"));
    assert!(
        s.text
            .contains("threadgroup float (&x)[4] [[ub_threadgroup(2)]]")
    );
}

#[test]
fn threadgroup_variables_get_storage_and_pointers_do_not() {
    let s = scan(
        "kernel void k() {\n threadgroup float a[4][8], b;\n threadgroup float* p = a[0];\n\
         threadgroup Pair<int, 3> c[2];\n alignas(16) threadgroup half4 d[N * 2];\n\
         use((threadgroup float*)p);\n for (threadgroup int* q = r; q; ) {}\n threadgroup float (*rows)[8] = a;\n}\n",
        &[],
    );
    assert_eq!(s.text.matches("UB_THREADGROUP").count(), 3, "{}", s.text);
    assert!(s.text.contains(
        "UB_THREADGROUP threadgroup float a[4][8], b; ub::name(\"a\", a); ub::name(\"b\", b);"
    ));
    assert!(s.text.contains("c[2]; ub::name(\"c\", c);"));
    assert!(
        s.text
            .contains("alignas(16) UB_THREADGROUP threadgroup half4 d[N * 2]; ub::name(\"d\", d);")
    );
}

#[test]
fn function_constants_and_literals() {
    let s = scan(
        "constant bool wide [[function_constant(3)]];\n\
         constant bool w = is_function_constant_defined(wide) ? wide : true;\n\
         kernel void k(device float* o [[buffer(0), function_constant(wide)]]) { o[0] = 1.5h + 2H + 0x1fbf + 3.0bf + 1e3h; }\n",
        &[],
    );
    assert!(
        s.text
            .contains("constant bool wide = ub::function_constant{(unsigned)(3)};")
    );
    assert!(
        s.text
            .contains("(ub::function_constant{(unsigned)(3)}.defined()) ? wide")
    );
    assert!(
        s.text
            .contains("((half)(1.5f)) + ((half)(2)) + 0x1fbf + ((bfloat)(3.0f)) + ((half)(1e3f))")
    );
    assert!(s.text.contains("[[buffer(0), function_constant(wide)]]"));
}

#[test]
fn a_skipped_kernel_keeps_its_lines() {
    let text = "kernel void bad() {\n nonsense;\n}\nkernel void good() {\n}\n";
    let s = scan(text, &["bad".to_string()]);
    assert_eq!(s.entries.len(), 1);
    assert_eq!(s.text.matches('\n').count(), text.matches('\n').count());
    assert!(!s.text.contains("nonsense"));
}

#[test]
fn anything_is_survived() {
    let pieces = [
        "kernel",
        "template",
        "<",
        ">",
        "(",
        ")",
        "[[",
        "]]",
        "{",
        "}",
        "threadgroup",
        "x",
        ";",
        ",",
        "\"",
        "'",
        "1.0h",
        "#",
        "\n",
        "namespace",
        "function_constant",
        "is_function_constant_defined",
        "host_name",
        "é",
        "*",
        "=",
    ];
    let mut seed = 1u64;
    for _ in 0..3000 {
        let mut text = String::new();
        for _ in 0..24 {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
            text.push(' ');
        }
        let s = scan(&text, &["x".to_string()]);
        // Line numbers of what follows stay as they are.
        assert_eq!(
            s.text.matches('\n').count(),
            text.matches('\n').count(),
            "{text}"
        );
    }
}
