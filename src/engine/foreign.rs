//! Sources in other languages, told from Metal's by words that Metal does not have.
//!
//! Soundness direction: none; such a file is bad input either way, this only says why.

use crate::source::{Diagnostic, FileId, SourceMap, Span, TokenKind, lex_all};

/// A word, and the language that has it.
const WORDS: &[(&str, &str)] = &[
    ("__global__", "CUDA"),
    ("__shared__", "CUDA"),
    ("__syncthreads", "CUDA"),
    ("__kernel", "OpenCL C"),
    ("get_global_id", "OpenCL C"),
    ("get_local_id", "OpenCL C"),
    ("CLK_LOCAL_MEM_FENCE", "OpenCL C"),
    ("workgroupBarrier", "WGSL"),
    ("workgroup_size", "WGSL"),
    ("gl_LocalInvocationID", "GLSL"),
    ("gl_GlobalInvocationID", "GLSL"),
    ("local_size_x", "GLSL"),
    ("numthreads", "HLSL"),
    ("groupshared", "HLSL"),
    ("GroupMemoryBarrierWithGroupSync", "HLSL"),
];

/// The error that the file is in another language, where its words say so.
pub fn language(map: &SourceMap, file: FileId) -> Option<Diagnostic> {
    let (tokens, _) = lex_all(file, &map.file(file).text);
    let mut words = tokens.iter().filter(|t| t.kind == TokenKind::Ident);
    if words.clone().any(|t| {
        matches!(
            &*t.text,
            "threadgroup" | "threadgroup_barrier" | "metal" | "metal_stdlib"
        )
    }) {
        return None;
    }
    words.find_map(|t| {
        let (_, language) = WORDS.iter().find(|(w, _)| *w == &*t.text)?;
        let span: Span = t.span;
        Some(
            Diagnostic::error(format!(
                "this is {language}, not the Metal Shading Language"
            ))
            .with_primary(span, format!("a word of {language}"))
            .with_help("unbarrier reads .metal sources; translate the kernel, or look for a tool for this language"),
        )
    })
}
