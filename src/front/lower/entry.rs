//! Kernel entry points and the passes over one kernel.
//!
//! Soundness direction: exact.

use std::rc::Rc;

use crate::front::ast::{Attr, ExprKind, Function, FunctionRole, Path, TranslationUnit};
use crate::ir::{CallFrame, CallPath, Kernel, PathId, Stmt, Unsupported};
use crate::source::{Diagnostic, Span};

use super::ctx::{LowerOptions, Lowerer};
use super::scope::{Env, Frame};
use super::symbols::{Decl, Symbols};
use super::template::Deduced;

/// A kernel of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelEntry {
    /// The function's name.
    pub name: String,
    /// `host_name`, for kernels that are no templates.
    pub host_name: Option<String>,
    /// Where the name is.
    pub span: Span,
    /// It is a template.
    pub templated: bool,
    /// Explicit instantiations; a templated kernel without any cannot be analysed.
    pub instantiations: Vec<Instantiation>,
}

/// An explicit instantiation of a kernel template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instantiation {
    /// `host_name`, if given.
    pub host_name: Option<String>,
    /// The declaration.
    pub span: Span,
}

/// The result of lowering a file.
#[derive(Clone, Debug, Default)]
pub struct LowerOutput {
    /// Kernels in source order, one for each instantiation.
    pub kernels: Vec<Kernel>,
    /// Messages.
    pub diagnostics: Vec<Diagnostic>,
}

fn host_name(attrs: &[Attr]) -> Option<String> {
    let a = attrs.iter().find(|a| a.name == "host_name")?;
    match &a.args.first()?.kind {
        ExprKind::Str(s) => Some(s.clone()),
        _ => None,
    }
}

fn kernel_functions<'s, 'a>(syms: &'s Symbols<'a>) -> Vec<&'s Decl<'a, Function>> {
    let mut all: Vec<&Decl<'a, Function>> = syms
        .functions
        .values()
        .flatten()
        .filter(|d| d.item.role == FunctionRole::Kernel && d.item.body.is_some())
        .collect();
    all.sort_by_key(|d| (d.item.name_span.file, d.item.name_span.start, d.span.start));
    all
}

fn instances<'s, 'a>(
    syms: &'s Symbols<'a>,
    f: &Function,
) -> Vec<&'s Decl<'a, crate::front::ast::ExplicitInstantiation>> {
    syms.instantiations
        .iter()
        .filter(|x| {
            x.item.params.is_some()
                && x.item.name.last_name() == f.name.last_name()
                && x.item.params.as_ref().map(Vec::len) == Some(f.params.len())
        })
        .collect()
}

/// The kernels of a file with their instantiations.
pub fn kernels(unit: &TranslationUnit) -> Vec<KernelEntry> {
    let syms = Symbols::new(unit);
    kernel_functions(&syms)
        .into_iter()
        .map(|d| {
            let f = d.item;
            KernelEntry {
                name: f.name.last_name().to_string(),
                host_name: host_name(&f.attrs),
                span: f.name_span,
                templated: f.template.is_some(),
                instantiations: instances(&syms, f)
                    .into_iter()
                    .map(|x| Instantiation {
                        host_name: host_name(&x.item.attrs),
                        span: x.span,
                    })
                    .collect(),
            }
        })
        .collect()
}

/// Lowers all kernels of a file.
pub fn lower_file(unit: &TranslationUnit, opts: &LowerOptions) -> LowerOutput {
    // Source may nest deeply; nesting is bounded by the options, and this stack by that bound.
    std::thread::scope(|s| {
        let worker = std::thread::Builder::new()
            .stack_size(512 << 20)
            .spawn_scoped(s, || lower_all(unit, opts));
        match worker.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(out)) => out,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => lower_all(unit, opts),
        }
    })
}

fn lower_all(unit: &TranslationUnit, opts: &LowerOptions) -> LowerOutput {
    let syms = Rc::new(Symbols::new(unit));
    let mut out = LowerOutput::default();
    for d in kernel_functions(&syms) {
        let f = d.item;
        let Some(params) = &f.template else {
            let name = host_name(&f.attrs).unwrap_or_else(|| f.name.last_name().to_string());
            let job = Job {
                decl: d,
                args: None,
                name,
                span: f.name_span,
            };
            lower_kernel(&syms, opts, &job, &mut out);
            continue;
        };
        let _ = params;
        let all = instances(&syms, f);
        if all.is_empty() {
            out.diagnostics.push(
                Diagnostic::warning(format!(
                    "kernel template `{}` has no explicit instantiation and is not analysed",
                    f.name.last_name()
                ))
                .with_primary(f.name_span, "no instantiation"),
            );
        }
        for x in all {
            let job = Job {
                decl: d,
                args: Some((&x.item.name, x.item.params.as_deref().unwrap_or(&[]))),
                name: host_name(&x.item.attrs).unwrap_or_else(|| f.name.last_name().to_string()),
                span: x.span,
            };
            lower_kernel(&syms, opts, &job, &mut out);
        }
    }
    out
}

struct Job<'s, 'a> {
    decl: &'s Decl<'a, Function>,
    args: Option<(&'a Path, &'a [crate::front::ast::Param])>,
    name: String,
    span: Span,
}

fn lower_kernel(
    syms: &Rc<Symbols<'_>>,
    opts: &LowerOptions,
    job: &Job<'_, '_>,
    out: &mut LowerOutput,
) {
    let mut l = Lowerer::new(syms.clone(), opts.clone());
    let mut kernel = None;
    // Each pass that restarts has learnt something from a finite set; the limit is a safety net.
    for pass in 0..64 {
        l.reset();
        kernel = l.pass(job);
        if kernel.is_none() {
            return;
        }
        if !l.restart {
            break;
        }
        if pass == 63
            && let Some(k) = kernel.as_mut()
        {
            k.unsupported.push(Unsupported {
                span: job.span,
                construct: "lowering did not settle".into(),
            });
            k.body.insert(0, doubt("lowering did not settle", job.span));
        }
    }
    for (name, span) in &l.recursive {
        out.diagnostics.push(
            Diagnostic::error(format!(
                "function `{name}` is recursive, which kernels must not be"
            ))
            .with_primary(*span, "recursive call"),
        );
    }
    out.kernels.extend(kernel);
}

/// Makes everything about a kernel unknown.
fn doubt(construct: &str, span: Span) -> Stmt {
    Stmt::Unsupported {
        construct: construct.into(),
        effects: crate::ir::Effects {
            memory: true,
            control: true,
        },
        clobbers: Vec::new(),
        span,
        path: PathId(0),
    }
}

impl<'a> Lowerer<'a> {
    /// One pass over a kernel; `None` when another template of that name is meant.
    fn pass(&mut self, job: &Job<'_, 'a>) -> Option<Kernel> {
        let f = job.decl.item;
        let ns = job.decl.ns.clone();
        self.span = job.span;
        self.frames.push(Frame::new(ns.clone(), PathId(0)));
        let mut env = Env::new();
        let mut instance = String::new();
        if let (Some(params), Some((path, written))) = (&f.template, job.args) {
            let args = match path.segments.last().and_then(|s| s.args.as_deref()) {
                Some(a) => self.template_args(a),
                None => Vec::new(),
            };
            let mut given: Deduced = Self::positional(params, &args)?;
            for (p, w) in f.params.iter().zip(written) {
                let t = self.resolve_type(&w.ty);
                let t = match &p.ty.kind {
                    crate::front::ast::TypeKind::Reference(..) => t.strip_ref().clone(),
                    _ => t,
                };
                let explicit = given.clone();
                let ok = self.with_env(Env::new(), None, ns.clone(), |l| {
                    l.deduce(&p.ty, &t, params, &mut given)
                });
                if !ok {
                    given = explicit;
                }
            }
            let (e, full) = self.template_env(params, &given, None, ns.clone())?;
            env = e;
            instance = format!("<{}>", self.targs_text(&full));
        }
        self.frames.clear();
        let mut frame = Frame::new(ns, PathId(0));
        frame.scopes.push(env);
        frame.scopes.push(Env::new());
        frame.name = format!("{}{instance}", f.name.last_name());
        self.frames.push(frame);
        let max_threads = f
            .attrs
            .iter()
            .find(|a| a.name == "max_total_threads_per_threadgroup")
            .and_then(|a| a.args.first())
            .and_then(|e| self.const_int(e))
            .and_then(|v| u64::try_from(v).ok());
        let (params, scalars) = self.kernel_params(f);
        if let Some(b) = &f.body {
            self.block(b);
        }
        self.frames.clear();
        let mut body = std::mem::take(&mut self.blocks).into_iter().next()?;
        if let Some(what) = self.recs.iter().find_map(|r| r.doubt.clone()) {
            body.insert(0, doubt(&what, job.span));
            self.unsupported.push(Unsupported {
                span: job.span,
                construct: what,
            });
        }
        let paths = self
            .persist
            .paths
            .iter()
            .map(|p| CallPath {
                frames: p
                    .iter()
                    .map(|(function, call)| CallFrame {
                        function: function.clone(),
                        call: *call,
                    })
                    .collect(),
            })
            .collect();
        let mut unsupported = std::mem::take(&mut self.unsupported);
        unsupported.sort_by_key(|u| (u.span.file, u.span.start));
        let name = match (
            &*instance,
            f.template.is_some(),
            job.name == f.name.last_name(),
        ) {
            (_, true, true) => format!("{}{instance}", job.name),
            _ => job.name.clone(),
        };
        Some(Kernel {
            name,
            function: f.name.last_name().to_string(),
            span: job.span,
            max_threads,
            vars: std::mem::take(&mut self.vars),
            objects: self.persist.objects.clone(),
            params,
            scalars,
            barriers: std::mem::take(&mut self.barriers),
            loops: std::mem::take(&mut self.loops),
            paths,
            access_count: self.access_count,
            label_count: self.label_count,
            branch_count: self.branch_count,
            coherent: self.coherent,
            pointers: self.host_pointers(),
            body,
            unsupported,
        })
    }
}
