//! What a proof needs of a kernel, and nothing else: instances of one template often differ only in what is computed, and
//! are then one kernel here.
//!
//! Purpose: verdicts speak of accesses, barriers and jumps. A value that never decides where memory is accessed, or whether,
//! decides nothing of them ([`relevance`]). [`normal_form`] leaves out what only computes such values, gives what is loaded and
//! stored of them plain types ([`rewrite`]), numbers what remains anew ([`number`]), and drops names that are for messages
//! only. Private memory that decides nothing is left out with what accesses it. Barriers, other accesses and objects keep their numbers and places, so that verdicts on the normal form are verdicts on the
//! kernel as they stand. In a kernel with atomic operations, or with pointers in memory, all values matter: the order
//! of atomics is judged by what memory holds.
//!
//! Soundness direction: exact for accesses, their guards and their order; the contents of objects that decide nothing are not
//! those of the kernel, and an index that leaves such private memory is not looked at. A loop without accesses, barriers and jumps that only computes such values is left out; C++ lets an
//! implementation assume that it ends ([intro.progress]).

mod number;
mod relevance;
mod rewrite;

use super::kernel::{Kernel, Object, Param, Space, VarKind};
use super::stmt::Stmt;
use relevance::Relevance;

/// The part of a kernel that verdicts depend on. The normal form of a normal form is itself.
pub fn normal_form(k: &Kernel) -> Kernel {
    let relevant = Relevance::of(k);
    let body = rewrite::body(k, &relevant);
    number::renumbered(&shell(k, &relevant), body)
}

/// The tables of the normal form, numbered as those of the kernel.
fn shell(k: &Kernel, relevant: &Relevance) -> Kernel {
    let mut vars = k.vars.clone();
    for (i, v) in vars.iter_mut().enumerate() {
        if v.kind == VarKind::Local && !relevant.var(i) {
            v.name = String::new();
            v.ty = rewrite::plain(v.ty);
            v.span = Default::default();
        }
    }
    let mut paths = k.paths.clone();
    for f in paths.iter_mut().flat_map(|p| &mut p.frames) {
        f.function = String::new();
    }
    Kernel {
        name: String::new(),
        function: String::new(),
        span: k.definition,
        definition: k.definition,
        guess: k.guess.clone(),
        max_threads: k.max_threads,
        vars,
        objects: (k.objects.iter().enumerate())
            .map(|(i, o)| object(o, relevant.object(i)))
            .collect(),
        params: (k.params.iter())
            .map(|p| Param {
                ty: String::new(),
                ..p.clone()
            })
            .collect(),
        scalars: k.scalars.clone(),
        barriers: k.barriers.clone(),
        loops: k.loops.clone(),
        paths,
        access_count: k.access_count,
        label_count: k.label_count,
        branch_count: k.branch_count,
        coherent: k.coherent,
        pointers: k.pointers.clone(),
        body: Vec::<Stmt>::new(),
        unsupported: Vec::new(),
    }
}

/// An object whose contents matter, or do not.
fn object(o: &Object, matters: bool) -> Object {
    let mut out = Object {
        elem: String::new(),
        ..o.clone()
    };
    if !matters {
        out.scalar = None;
        out.init = o.init.as_ref().map(|bytes| vec![0; bytes.len()]);
        if o.space == Space::Thread {
            // Not accessed.
            out.name = String::new();
            out.size = Some(0);
            out.elem_size = 0;
            out.dims = Vec::new();
            out.span = Default::default();
        }
    }
    out
}
