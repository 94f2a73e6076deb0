//! Kernel entry points and the passes over one kernel.
//!
//! Soundness direction: exact.

use std::rc::Rc;

use crate::front::ast::{Attr, ExprKind, Function, FunctionRole, TranslationUnit};
use crate::ir::{CallFrame, CallPath, Kernel, PathId, Stmt, Unsupported};
use crate::source::{Diagnostic, Span};

use super::ctx::{LowerOptions, Lowerer};
use super::instance::{Args, instances, jobs};
use super::log::Log;
use super::scope::{Env, Frame};
use super::symbols::{Decl, Symbols};

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
    /// Explicit instantiations; a templated kernel without any is analysed for arguments that are a guess.
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
    /// Kernel definitions and instantiations of which no kernel was made.
    pub skipped: Vec<Skipped>,
    /// Kernels that nobody asked for.
    pub left_out: Vec<LeftOut>,
    /// Messages.
    pub diagnostics: Vec<Diagnostic>,
    /// What names were taken to mean, when that was asked for.
    pub log: Log,
}

/// A kernel definition or instantiation of which no kernel was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The name of the definition, or the instantiation.
    pub span: Span,
    /// Why.
    pub reason: String,
}

/// A kernel that was not lowered, because [`LowerOptions::only`] leaves it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// As [`Kernel::name`].
    pub name: String,
    /// As [`Kernel::function`].
    pub function: String,
    /// As [`Kernel::span`].
    pub span: Span,
    /// As [`Kernel::definition`].
    pub definition: Span,
}

/// What is done with each kernel as soon as it is there.
pub type Each<'e> = &'e mut (dyn FnMut(&mut Kernel) + Send);

pub(super) fn host_name(attrs: &[Attr]) -> Option<String> {
    let a = attrs.iter().find(|a| a.name == "host_name")?;
    match &a.args.first()?.kind {
        ExprKind::Str(s) => Some(s.clone()),
        _ => None,
    }
}

fn kernel_functions<'s, 'a>(syms: &'s Symbols<'a>) -> Vec<&'s Decl<'a, Function>> {
    let mut all: Vec<&Decl<'a, Function>> = syms
        .bodies
        .iter()
        .filter(|d| d.item.role == FunctionRole::Kernel && d.item.body.is_some())
        .collect();
    all.sort_by_key(|d| (d.item.name_span.file, d.item.name_span.start, d.span.start));
    all
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
                instantiations: instances(&syms, d)
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
    lower_each(unit, opts, &mut |_| {})
}

/// The same; `each` may take from a kernel what is not needed any more, before the next is made.
pub fn lower_each(unit: &TranslationUnit, opts: &LowerOptions, each: Each<'_>) -> LowerOutput {
    // Source may nest deeply; nesting is bounded by the options, and this stack by that bound.
    std::thread::scope(|s| {
        let worker = std::thread::Builder::new()
            .stack_size(512 << 20)
            .spawn_scoped(s, || lower_all(unit, opts, each));
        match worker.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(out)) => out,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(e) => LowerOutput {
                diagnostics: vec![Diagnostic::error(format!("cannot start a thread: {e}"))],
                ..LowerOutput::default()
            },
        }
    })
}

fn lower_all(unit: &TranslationUnit, opts: &LowerOptions, each: Each<'_>) -> LowerOutput {
    let syms = Rc::new(Symbols::new(unit));
    let mut out = LowerOutput::default();
    let all = kernel_functions(&syms);
    for d in &all {
        match jobs(&syms, opts, &all, d) {
            Ok(jobs) if jobs.iter().any(|j| j.guess.is_some()) => {
                // All or none: which of the guesses are understood is said of all.
                let names: Vec<Option<LeftOut>> =
                    jobs.iter().map(|j| left_out(&syms, opts, j)).collect();
                if names.iter().all(Option::is_some) {
                    out.left_out.extend(names.into_iter().flatten());
                    continue;
                }
                let first = out.kernels.len();
                guessed(&syms, opts, d.item, &jobs, &mut out);
                out.kernels.iter_mut().skip(first).for_each(&mut *each);
            }
            Ok(jobs) => {
                for job in jobs {
                    if let Some(x) = left_out(&syms, opts, &job) {
                        out.left_out.push(x);
                        continue;
                    }
                    let before = out.kernels.len();
                    lower_kernel(&syms, opts, &job, &mut out);
                    out.kernels.iter_mut().skip(before).for_each(&mut *each);
                    if out.kernels.len() == before {
                        out.skipped.push(Skipped {
                            span: job.span,
                            reason: "its template arguments were not understood".into(),
                        });
                    }
                }
            }
            Err(why) => skip(d.item, why, &mut out),
        }
    }
    out
}

/// A kernel that [`LowerOptions::only`] leaves out, which is known without lowering it.
fn left_out(syms: &Rc<Symbols<'_>>, opts: &LowerOptions, job: &Job<'_, '_>) -> Option<LeftOut> {
    let f = job.decl.item;
    let function = f.name.last_name();
    let asked = |name: &str| opts.only.iter().any(|n| n == name);
    if opts.only.is_empty() || asked(function) || asked(&job.name) {
        return None;
    }
    let name = if f.template.is_some() && job.name == function {
        let mut l = Lowerer::new(syms.clone(), opts.clone());
        let (_, instance) = l.instance(job)?;
        format!("{}{instance}", job.name)
    } else {
        job.name.clone()
    };
    (!asked(&name)).then(|| LeftOut {
        name,
        function: function.to_string(),
        span: job.span,
        definition: f.name_span,
    })
}

/// Kernels of guessed arguments: those that were understood in full, which is what is left of "where that compiles".
fn guessed(
    syms: &Rc<Symbols<'_>>,
    opts: &LowerOptions,
    f: &Function,
    jobs: &[Job<'_, '_>],
    out: &mut LowerOutput,
) {
    let mut made = LowerOutput::default();
    for job in jobs {
        lower_kernel(syms, opts, job, &mut made);
    }
    let first = made.kernels.iter().find_map(|k| {
        let u = k.unsupported.first()?;
        Some(format!("{}: {}", k.name, u.construct))
    });
    made.kernels.retain(|k| k.unsupported.is_empty());
    if made.kernels.is_empty() {
        out.log.merge(std::mem::take(&mut made.log));
        let why = match first {
            Some(what) => format!(
                "it has no instantiation in this file, and neither `half` nor `float` as its arguments is understood ({what})"
            ),
            None => {
                "it has no instantiation in this file, and its arguments cannot be guessed".into()
            }
        };
        skip(f, why, out);
        return;
    }
    let names: Vec<String> = made.kernels.iter().map(|k| k.name.clone()).collect();
    let note = format!(
        "kernel template `{}` has no instantiation in this file: analysed as a guess for {}",
        f.name.last_name(),
        names.join(" and ")
    );
    out.diagnostics.push(
        Diagnostic::warning(note)
            .with_primary(f.name_span, "no instantiation")
            .with_help(
                "state what is used with `--instantiate` or `instantiate` in unbarrier.toml",
            ),
    );
    out.diagnostics.append(&mut made.diagnostics);
    out.log.merge(std::mem::take(&mut made.log));
    out.kernels.append(&mut made.kernels);
}

fn skip(f: &Function, reason: String, out: &mut LowerOutput) {
    out.diagnostics.push(
        Diagnostic::warning(format!(
            "kernel template `{}` is not analysed: {reason}",
            f.name.last_name()
        ))
        .with_primary(f.name_span, "not analysed")
        .with_help("state what is used with `--instantiate` or `instantiate` in unbarrier.toml"),
    );
    out.skipped.push(Skipped {
        span: f.name_span,
        reason,
    });
}

/// A kernel to lower.
pub(super) struct Job<'s, 'a> {
    /// The definition.
    pub decl: &'s Decl<'a, Function>,
    /// Arguments of a template.
    pub args: Args<'a>,
    /// What a host calls it.
    pub name: String,
    /// Where that is said.
    pub span: Span,
    /// The arguments are a guess, which is worth these words.
    pub guess: Option<String>,
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
    if let Some(log) = l.log.take() {
        out.log.merge(*log);
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
    /// What template parameters mean in an instance, and its arguments in words; `None` when another template of that
    /// name is meant.
    fn instance(&mut self, job: &Job<'_, 'a>) -> Option<(Env<'a>, String)> {
        let f = job.decl.item;
        let at = job.decl.at;
        self.span = job.span;
        self.frames.push(Frame::new(at, PathId(0)));
        let mut env = Env::new();
        let mut instance = String::new();
        if let Some(params) = &f.template {
            let (e, full) = self.instance_env(f, params, &job.args, at)?;
            env = e;
            instance = format!("<{}>", self.targs_text(&full));
        }
        self.frames.clear();
        Some((env, instance))
    }

    /// One pass over a kernel; `None` when another template of that name is meant.
    fn pass(&mut self, job: &Job<'_, 'a>) -> Option<Kernel> {
        let f = job.decl.item;
        let at = job.decl.at;
        let (env, instance) = self.instance(job)?;
        let mut frame = Frame::new(at, PathId(0));
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
        self.log_layouts();
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
            definition: f.name_span,
            guess: job.guess.clone(),
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
