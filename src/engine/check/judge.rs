//! Judges the kernels of two versions.
//!
//! Soundness direction: `proved` rests on a proof, relative to the old version where only barriers differ ([`super::relative`]), else
//! that the new version has no race ([`super::alone`]); what was neither proved nor shown is `undecided`.

use super::CheckRequest;
use super::about::About;
use super::kept::Kept;
use super::tree::{FilePair, Sides};
use super::unread::{Names, alone};
use super::versions::{Comparison, Said, Versions, pair, read};
use crate::engine::error::{Code, Error, Result};
use crate::engine::load::Loaded;
use crate::engine::observer::Observer;
use crate::ir::canonical::canonical;
use crate::ir::union::unite;
use crate::ir::{Kernel, Space, Stmt};
use crate::prove::kernel::Contradiction;
use crate::prove::work::Workers;
use crate::report::check::{FileCheck, KernelCheck, UnreadReport};
use crate::report::model::{ChangeFinding, ErrorReport, FileReport};
use crate::report::{command, describe};

/// What there is to say of a file.
pub struct Judged {
    /// As data.
    pub report: Option<FileCheck>,
    /// What is not passed, for the formats that know findings.
    pub findings: Option<FileReport>,
    /// Problems.
    pub errors: Vec<ErrorReport>,
    /// What was not analysed.
    pub unread: Vec<UnreadReport>,
}

/// Reads, pairs and judges; one answer per file, in order.
pub fn files(a: &CheckRequest, sides: &Sides, observer: &dyn Observer) -> Vec<Judged> {
    let args = &a.settings;
    let mut said = Said::default();
    let mut pairs: Vec<&FilePair> = sides.files.iter().collect();
    let mut versions: Vec<Versions> = pairs
        .iter()
        .map(|f| read(a, sides, f, &mut said, observer))
        .collect();
    for f in alone(sides, &versions) {
        versions.push(read(a, sides, f, &mut said, observer));
        pairs.push(f);
    }
    let names = Names::new(sides, &versions);
    let mut tasks = Vec::new();
    for (i, v) in versions.iter_mut().enumerate() {
        match pair(v, args, sides, pairs[i]) {
            Ok((list, problems)) => {
                let list = list.into_iter().filter(|t| v.is_asked(t, &args.kernel));
                tasks.extend(list.map(|t| Comparison { file: i, ..t }));
                for p in problems {
                    observer.error(&p);
                    v.errors.push(p.report());
                }
            }
            Err(e) => {
                let e = e.in_file(&v.path);
                observer.error(&e);
                v.errors.push(e.report());
            }
        }
    }
    for name in &args.kernel {
        if !versions.iter().any(|v| v.has_kernel(name)) {
            let message = format!("no kernel named `{name}` in either version");
            let e = Error::new(Code::Request, message);
            observer.error(&e);
            if let Some(v) = versions.first_mut() {
                v.errors.push(e.report());
            }
        }
    }
    let mut out: Vec<Judged> = versions
        .iter()
        .map(|v| {
            (
                v,
                v.unread
                    .iter()
                    .cloned()
                    .chain(v.not_analysed(&names))
                    .collect::<Vec<_>>(),
            )
        })
        .map(|(v, unread)| Judged {
            report: (v.old.is_some() || v.new.is_some()).then(|| FileCheck {
                path: v.path.clone(),
                old_path: v.old_path.clone(),
                kernels: Vec::new(),
                unchanged: 0,
            }),
            findings: (v.new.is_some() || !unread.is_empty()).then(|| FileReport {
                path: v.path.clone(),
                sources: v.new.as_ref().map(Loaded::sources).unwrap_or_default(),
                changes: unread.iter().map(|u| not_analysed(v, u)).collect(),
                ..FileReport::default()
            }),
            errors: v.errors.clone(),
            unread,
        })
        .collect();
    let extra = command::replay_options(
        &args.source.define,
        &args.source.include,
        &args.source.instantiate,
        args.model.execution_barriers_order_memory,
        args.source.assume_distinct_pointers,
    );
    let memory = Kept::open(args.solver.no_cache, args.model.strict_divergence);
    let work = |i: usize| {
        let v = &versions[tasks[i].file];
        kernel(v, &tasks[i], &memory, &names, &extra, a.color)
    };
    Workers::new(args.jobs()).in_order(tasks.len(), work, |i, said| {
        let file = &mut out[tasks[i].file];
        match (said, &mut file.report) {
            (Ok(Some((k, text))), Some(r)) => {
                if let Some(f) = file.findings.as_mut().filter(|_| k.verdict != "proved") {
                    f.changes.push(finding(&k));
                }
                // In the order of files and kernels, as they are decided.
                observer.change(&k, &text);
                r.kernels.push(k);
            }
            (Ok(None), Some(r)) => r.unchanged += 1,
            (Err(e), _) => {
                observer.error(&e);
                file.errors.push(e.report());
            }
            (Ok(_), None) => {}
        }
    });
    out
}

/// A kernel that is not passed, at its first changed barrier.
fn finding(k: &KernelCheck) -> ChangeFinding {
    let place = k.changes.iter().find_map(|c| c.new.as_ref());
    ChangeFinding {
        line: place.map_or(k.line, |p| p.line),
        column: place.map_or(1, |p| p.column),
        message: format!("the change of barriers is {}: {}", k.verdict, k.reason),
        kernel: k.kernel.clone(),
        refuted: k.verdict == "refuted",
        witness: k.witness.clone(),
        replay: k.replay.clone(),
    }
}

/// Something that was not analysed, at its place in the new version of the file, else at its beginning.
fn not_analysed(v: &Versions, u: &UnreadReport) -> ChangeFinding {
    let here = u.version == "new" && u.path == v.path;
    let line = u.line.map_or_else(String::new, |l| format!(":{l}"));
    ChangeFinding {
        line: u.line.filter(|_| here).unwrap_or(1),
        column: 1,
        message: format!(
            "the change of barriers is undecided: {}{line} ({} version): {}",
            u.path, u.version, u.reason
        ),
        kernel: String::new(),
        refuted: false,
        witness: None,
        replay: None,
    }
}

type Answer = Option<(KernelCheck, String)>;

/// Judges a kernel; `None` when nothing changed that concerns barriers.
fn kernel(
    v: &Versions,
    t: &Comparison,
    memory: &Kept,
    names: &Names,
    extra: &str,
    color: bool,
) -> Result<Answer> {
    let pick = |l: &Option<Loaded>, i: Option<usize>| -> Option<Kernel> {
        l.as_ref().and_then(|l| l.kernels.get(i?)).cloned()
    };
    let (old, new) = (pick(&v.old, t.old), pick(&v.new, t.new));
    let Some(new) = new else {
        return Ok(old
            .filter(|k| !k.barriers.is_empty())
            .map(|k| v.gone(&k, names)));
    };
    let Some(options) = &t.options else {
        return Ok(None);
    };
    let failed = |e: Contradiction| {
        let message = format!("{}: kernel {}: {e}", v.path, new.name);
        Error::of(Code::Assumption, &v.path, message)
    };
    let about = About {
        v,
        new: &new,
        options,
        memory,
        extra,
        color,
    };
    let Some(old) = old else {
        let why = if v.old_broken {
            "the old version could not be read in full, so this one is judged as it stands"
        } else {
            "the old version has no such kernel, so this one is judged as it stands"
        };
        let now = memory.standing(&new, options).map_err(failed)?;
        // A new kernel without barriers that has no race is nothing to speak of.
        if new.barriers.is_empty() && now.race_free {
            return Ok(None);
        }
        return Ok(Some(about.as_it_stands(None, now, why.to_string())));
    };
    let (a, b) = (canonical(&old), canonical(&new));
    // What is not modelled is compared by its text.
    let opaque = v.differ_in_text() && (is_opaque(&old) || is_opaque(&new));
    let other = opaque || v.fences_differ() || v.old_broken;
    if !other
        && a.same(&b)
        && let Some(u) = unite(&old, &new, v.shift)
    {
        if u.old_only.is_empty() && u.new_only.is_empty() {
            return Ok(None);
        }
        return about.relative(&old, &u).map(Some).map_err(failed);
    }
    if !other && old.barriers.is_empty() && new.barriers.is_empty() {
        return Ok(None);
    }
    let why = if v.old_broken {
        "the old version could not be read in full, so the new version is judged as it stands, not relative to the old one".to_string()
    } else if let Some((mine, theirs)) = b.first_difference(&a) {
        format!(
            "other code changed, too (first at line {}, formerly line {}), so the new version is judged as it stands, not relative to the old one",
            describe::at(&v.map, mine).0,
            describe::at(&v.map, about.elsewhere(theirs)).0
        )
    } else {
        "the text changed, and the kernel has constructs that are not modelled, so the new version is judged as it stands, not relative to the old one".to_string()
    };
    let now = memory.standing(&new, options).map_err(failed)?;
    // Neither version has a barrier, and the new one has no race: nothing to speak of.
    if old.barriers.is_empty() && new.barriers.is_empty() && now.race_free && !v.old_broken {
        return Ok(None);
    }
    Ok(Some(about.as_it_stands(Some(&old), now, why)))
}

/// Whether a kernel does something of which only the text is known: unsupported constructs with effects, textures.
fn is_opaque(k: &Kernel) -> bool {
    fn block(k: &Kernel, list: &[Stmt]) -> bool {
        list.iter().any(|s| match s {
            Stmt::Unsupported { effects, .. } => effects.memory || effects.control,
            Stmt::If { then, els, .. } => block(k, then) || block(k, els),
            Stmt::Loop {
                header, body, step, ..
            } => block(k, header) || block(k, body) || block(k, step),
            Stmt::Region { body, .. } => block(k, body),
            other => other.access().is_some_and(|(a, _)| {
                let object = k.objects.get(a.object.index());
                object.is_some_and(|o| o.space == Space::Texture)
            }),
        })
    }
    block(k, &k.body)
}
