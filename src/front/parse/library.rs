//! Names that the Metal language and its library define.
//!
//! Purpose: they are types and templates although no declaration of them is in the input.

/// A type that the language defines and no program can redefine.
pub(super) fn is_builtin_type(name: &str) -> bool {
    let base = name.strip_prefix("packed_").unwrap_or(name);
    let digits = base.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'x');
    if matches!(
        digits,
        "bool"
            | "char"
            | "uchar"
            | "short"
            | "ushort"
            | "int"
            | "uint"
            | "long"
            | "ulong"
            | "half"
            | "bfloat"
            | "float"
            | "double"
    ) {
        return matches!(
            &base[digits.len()..],
            "" | "2"
                | "3"
                | "4"
                | "2x2"
                | "2x3"
                | "2x4"
                | "3x2"
                | "3x3"
                | "3x4"
                | "4x2"
                | "4x3"
                | "4x4"
        );
    }
    matches!(
        name,
        "void"
            | "size_t"
            | "ptrdiff_t"
            | "uint8_t"
            | "uint16_t"
            | "uint32_t"
            | "uint64_t"
            | "int8_t"
            | "int16_t"
            | "int32_t"
            | "int64_t"
            | "uintptr_t"
            | "intptr_t"
            | "atomic_int"
            | "atomic_uint"
            | "atomic_float"
            | "atomic_bool"
            | "atomic_ulong"
            | "simdgroup_float8x8"
            | "simdgroup_half8x8"
            | "simdgroup_bfloat8x8"
            | "bfloat16_t"
            | "float16_t"
            | "__fp16"
            | "_Float16"
            | "nullptr_t"
    )
}

/// A class template (or other type) of the MSL library.
pub(super) fn is_library_type(name: &str) -> bool {
    matches!(
        name,
        "atomic"
            | "vec"
            | "matrix"
            | "simdgroup_matrix"
            | "array"
            | "array_ref"
            | "sampler"
            | "numeric_limits"
            | "conditional_t"
            | "enable_if_t"
            | "integral_constant"
            | "bool_constant"
            | "true_type"
            | "false_type"
            | "tensor"
            | "tensor_handle"
            | "tensor_inline"
            | "dextents"
            | "extents"
            | "simdgroup_event"
            | "imageblock"
            | "simdgroup_barrier_flags"
            | "memory_order"
            | "mem_flags"
            | "visible_function_table"
    ) || (name.starts_with("texture") && name.len() > 7)
        || name.starts_with("depth2d")
        || name.starts_with("depthcube")
        || (name.starts_with("remove_") && name.ends_with("_t"))
        || (name.starts_with("make_") && name.ends_with("_t"))
        || name.starts_with("packed_vec")
}

/// A template of the MSL library that is not a function.
pub(super) fn is_library_template(name: &str) -> bool {
    matches!(
        name,
        "vec"
            | "matrix"
            | "simdgroup_matrix"
            | "array"
            | "array_ref"
            | "atomic"
            | "numeric_limits"
            | "conditional"
            | "conditional_t"
            | "enable_if"
            | "enable_if_t"
            | "integral_constant"
            | "bool_constant"
            | "tensor"
            | "dextents"
            | "extents"
            | "function"
            | "visible_function_table"
            | "intersection_function_table"
            | "imageblock"
            | "index_sequence"
            | "integer_sequence"
            | "make_index_sequence"
            | "make_integer_sequence"
            | "packed_vec"
            | "tuple"
            | "pair"
    ) || (name.starts_with("texture") && name.len() > 7)
        || (name.starts_with("depth") && name.len() > 7)
        || name.starts_with("remove_")
        || name.starts_with("add_")
        || name.starts_with("make_signed")
        || name.starts_with("make_unsigned")
        || (name.starts_with("is_") && name.len() > 5)
}

/// A function template of the MSL library that is called with explicit arguments.
pub(super) fn is_library_fn_template(name: &str) -> bool {
    matches!(
        name,
        "as_type"
            | "make_filled_simdgroup_matrix"
            | "min"
            | "max"
            | "clamp"
            | "select"
            | "bitcast"
            | "declval"
            | "forward"
            | "move"
            | "get"
            | "make_uniform"
    ) || name.starts_with("simd_shuffle")
        || name.starts_with("simdgroup_")
        || name.starts_with("atomic_")
}
