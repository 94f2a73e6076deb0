//! The cheapest single barrier that orders an existing race.
//!
//! Candidates are flags added to a barrier that is there, and new barriers at every boundary of statements near the two
//! accesses, cheapest first: by kind (flags, simdgroup, threadgroup), by loop depth, by distance. A candidate is put into
//! the text, the text is read again, the launch that shows the race is run, and what survives is proved. Soundness
//! direction: a repair is reported only when the race is proved gone and no barrier of the file becomes divergent.

use std::collections::BTreeSet;

use super::select::no_launch;
use super::text::{Edit, Text, apply, with_space};
use crate::encode::pair::Relation;
use crate::engine::error::Result;
use crate::engine::kernels::is_chosen;
use crate::engine::load::{Loaded, load_text};
use crate::engine::settings::{Settings, SourceSettings};
use crate::exec::{Finding, RunOptions, Runnable, Schedule};
use crate::front::ast::{Block, Function, Item, ItemKind, Member, Stmt, StmtKind};
use crate::ir::canonical::canonical;
use crate::ir::{AccessId, BarrierScope, Kernel, MemFlags};
use crate::prove::change::{Standing, standing};
use crate::prove::kernel::sites;
use crate::prove::{Options, Race};
use crate::source::{FileId, Span};

/// Candidates that are tried for one race.
const TRIES: usize = 96;

/// Races of one file that are repaired.
const MOST: usize = 24;

/// A repair that was proved.
#[derive(Clone, Debug)]
pub struct Repair {
    /// 1-based line of the new barrier, in the text after this repair.
    pub line: u32,
    /// `insert` or `flags`.
    pub action: &'static str,
    /// The barrier as it now is.
    pub barrier: String,
    /// The kernel whose race it orders.
    pub kernel: String,
    /// In one sentence.
    pub reason: String,
}

/// A text with fewer races.
pub struct Repaired {
    /// The text.
    pub text: String,
    /// What was done.
    pub repairs: Vec<Repair>,
    /// Races that no candidate orders.
    pub notes: Vec<String>,
}

/// How a race is recognised after barriers were added: by the accesses, whose numbers stay.
type Key = (u32, BTreeSet<AccessId>);

fn key(r: &Race) -> Key {
    (r.object, r.accesses.iter().map(|a| a.2).collect())
}

/// Repairs the races of a file that were executed. `options` are those of its kernels, in order.
///
/// # Errors
/// One line, when no launch satisfies the assumptions of a kernel.
pub fn repair(
    l: &Loaded,
    source: &SourceSettings,
    options: &[Options],
    args: &Settings,
) -> Result<Repaired> {
    let strict = args.model.strict_divergence;
    let path = l.map.file(l.file).real_path.clone();
    let mut out = Repaired {
        text: l.map.file(l.file).text.to_string(),
        repairs: Vec::new(),
        notes: Vec::new(),
    };
    let mut tried = 0;
    for (i, k) in l.kernels.iter().enumerate() {
        if !is_chosen(k, &args.kernel) {
            continue;
        }
        let judge = |k: &Kernel| standing(k, &options[i]).map_err(|e| no_launch(k, &e));
        let mut now = load_text(&path, &out.text, source);
        let Some(kernel) = now.kernels.get(i) else {
            continue;
        };
        let mut state = judge(kernel)?;
        let mut given_up: BTreeSet<Key> = BTreeSet::new();
        loop {
            let open = state
                .races
                .iter()
                .find(|r| r.confirmed && !given_up.contains(&key(r)))
                .cloned();
            let Some(race) = open else { break };
            if tried >= MOST {
                out.notes.push(format!(
                    "kernel {}: more races than are repaired at once ({MOST}); run it again",
                    k.name
                ));
                break;
            }
            tried += 1;
            match one(&now, i, &race, &state, source, options, strict)? {
                Some((text, after, new_state, repair)) => {
                    out.text = text;
                    out.repairs.push(repair);
                    now = after;
                    state = new_state;
                    // With this one in order, another may be.
                    given_up.clear();
                }
                None => {
                    let line = |s: Span| now.map.line_col(s.file, s.start).0;
                    out.notes.push(format!(
                        "kernel {}: no single barrier orders the race between lines {} and {}",
                        k.name,
                        line(race.accesses[0].0),
                        line(race.accesses[1].0)
                    ));
                    given_up.insert(key(&race));
                }
            }
        }
    }
    Ok(out)
}

type Found = Option<(String, Loaded, Standing, Repair)>;

/// Tries candidates for one race of kernel `i`.
fn one(
    l: &Loaded,
    i: usize,
    race: &Race,
    before: &Standing,
    source: &SourceSettings,
    options: &[Options],
    strict: bool,
) -> Result<Found> {
    let Some(kernel) = l.kernels.get(i) else {
        return Ok(None);
    };
    let text = l.map.file(l.file).text.to_string();
    let path = l.map.file(l.file).real_path.clone();
    let mine = canonical(kernel);
    for c in candidates(l, kernel, race).into_iter().take(TRIES) {
        let Some(new_text) = apply(&text, std::slice::from_ref(&c.edit)) else {
            continue;
        };
        let after = load_text(&path, &new_text, source);
        let same =
            after.kernels.len() == l.kernels.len() && (l.has_errors() || !after.has_errors());
        let Some(k2) = after.kernels.get(i).filter(|_| same) else {
            continue;
        };
        if !canonical(k2).same(&mine) || still_happens(k2, race) {
            continue;
        }
        let state = standing(k2, &options[i]).map_err(|e| no_launch(k2, &e))?;
        let gone = !state.races.iter().any(|r| key(r) == key(race));
        let worse = divergent(&state, strict) > divergent(before, strict);
        if !gone || worse || worse_elsewhere(l, &after, i, options, strict) {
            continue;
        }
        let at = c.edit.start + c.edit.with.len() - c.edit.with.trim_start().len();
        let line = after
            .map
            .line_col(after.file, u32::try_from(at).unwrap_or(u32::MAX))
            .0;
        let of = |s: Span| l.map.line_col(s.file, s.start).0;
        let lost = before.races.len().saturating_sub(state.races.len());
        let repair = Repair {
            line,
            action: c.action,
            barrier: c.barrier.clone(),
            kernel: k2.name.clone(),
            reason: format!(
                "orders the race between lines {} and {} of the text before it (proved{})",
                of(race.accesses[0].0),
                of(race.accesses[1].0),
                if lost > 1 {
                    format!("; {lost} races in all")
                } else {
                    String::new()
                }
            ),
        };
        return Ok(Some((new_text, after, state, repair)));
    }
    Ok(None)
}

/// Whether the launch that shows the race still shows it, or shows that not all threads meet a barrier.
fn still_happens(k: &Kernel, race: &Race) -> bool {
    let Some(launch) = race.witness.as_ref().and_then(|w| w.launch.as_ref()) else {
        return false;
    };
    let wanted: BTreeSet<AccessId> = race.accesses.iter().map(|a| a.2).collect();
    let options = RunOptions {
        schedule: Schedule::InOrder,
        step_limit: 8_000_000,
        thread_step_limit: 8_000_000,
        ..RunOptions::default()
    };
    let Ok(outcome) = Runnable::new(k).run(launch, &options) else {
        return true;
    };
    let conflict = outcome.conflicts().any(|c| {
        let these: BTreeSet<AccessId> = [c.a.access, c.b.access].into();
        these == wanted
    });
    let diverged = |f: &Finding| matches!(f, Finding::BarrierDivergence { .. });
    conflict || outcome.findings.iter().any(diverged)
}

/// Divergent barriers; `strict`: with those that only follow an early return.
fn divergent(s: &Standing, strict: bool) -> usize {
    s.divergent
        .iter()
        .filter(|d| strict || !d.ended_only)
        .count()
}

/// Whether a barrier that other kernels share is divergent in one of them.
fn worse_elsewhere(
    old: &Loaded,
    new: &Loaded,
    but: usize,
    options: &[Options],
    strict: bool,
) -> bool {
    for (i, (a, b)) in old.kernels.iter().zip(&new.kernels).enumerate() {
        let flags = |k: &Kernel| -> Vec<(BarrierScope, MemFlags)> {
            k.barriers.iter().map(|b| (b.scope, b.flags)).collect()
        };
        if i == but || flags(a) == flags(b) {
            continue;
        }
        let count = |k: &Kernel| {
            let s = standing(k, &options[i]).ok()?;
            Some(divergent(&s, strict))
        };
        match (count(a), count(b)) {
            (Some(x), Some(y)) if y <= x => {}
            _ => return true,
        }
    }
    false
}

/// A possible repair.
struct Candidate {
    cost: (u8, usize, u32),
    action: &'static str,
    barrier: String,
    edit: Edit,
}

fn candidates(l: &Loaded, k: &Kernel, race: &Race) -> Vec<Candidate> {
    let source = &l.map.file(l.file).text;
    let text = Text::new(source).qualified(!in_scope(l));
    let Some(needed) = with_space(MemFlags::default(), race.space) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    if race.flags_only {
        for s in sites(k).iter().filter(|s| s.span.file == l.file) {
            let Some(b) = s.instances.first().and_then(|b| k.barriers.get(b.index())) else {
                continue;
            };
            if let (Some(edit), Some(more)) = (
                text.more_flags(s.span, b, race.space),
                with_space(b.flags, race.space),
            ) {
                out.push(Candidate {
                    cost: (0, b.loops.len(), 0),
                    action: "flags",
                    barrier: text.call(b.scope, more),
                    edit,
                });
            }
        }
    }
    let marks = marks(l, k, race);
    let lines: Vec<u32> = marks
        .iter()
        .map(|s| l.map.line_col(s.file, s.start).0)
        .collect();
    let mut spots = Vec::new();
    for item in &l.unit.items {
        functions(item, &mut |f| {
            if let Some(body) = &f.body
                && marks.iter().any(|m| within(*m, body.span))
            {
                block(body, 0, l.file, &mut spots);
            }
        });
    }
    let mut kinds = vec![(2, BarrierScope::Threadgroup)];
    if race.relation == Relation::SameSimdgroup {
        kinds.insert(0, (1, BarrierScope::Simdgroup));
    }
    for (rank, scope) in kinds {
        for s in &spots {
            let line = l.map.line_col(l.file, s.at).0;
            let near = lines.iter().map(|x| x.abs_diff(line)).min().unwrap_or(0);
            let (low, high) = (lines.iter().min(), lines.iter().max());
            // Between the two accesses before anywhere else.
            let outside = low.is_some_and(|x| line <= *x) || high.is_some_and(|x| line > *x);
            let statement = format!("{};", text.call(scope, needed));
            let Some(edit) = text.insert(s.at as usize, &statement, s.closes) else {
                continue;
            };
            out.push(Candidate {
                cost: (rank, s.depth, near + if outside { 1000 } else { 0 }),
                action: "insert",
                barrier: text.call(scope, needed),
                edit,
            });
        }
    }
    // Shallow places first, but not those that are far away: each is tried, and what is tried is bounded.
    out.sort_by(|a, b| a.cost.cmp(&b.cost).then(a.edit.cmp(&b.edit)));
    out
}

/// Whether names of the library can be written without `metal::`.
pub fn in_scope(l: &Loaded) -> bool {
    let mut texts = l.map.files().map(|(_, f)| &f.text);
    texts.any(|t| t.contains("using namespace metal"))
}

/// The accesses and the calls that lead to them.
fn marks(l: &Loaded, k: &Kernel, race: &Race) -> Vec<Span> {
    let mut out: Vec<Span> = race.accesses.iter().map(|a| a.0).collect();
    let wanted: BTreeSet<AccessId> = race.accesses.iter().map(|a| a.2).collect();
    let mut paths = BTreeSet::new();
    find(&k.body, &wanted, &mut paths);
    for p in paths.iter().filter_map(|p| k.paths.get(*p)) {
        out.extend(p.frames.iter().map(|f| f.call));
    }
    out.retain(|s| s.file == l.file);
    out
}

fn find(list: &[crate::ir::Stmt], wanted: &BTreeSet<AccessId>, out: &mut BTreeSet<usize>) {
    use crate::ir::Stmt as S;
    for s in list {
        if let Some((a, _)) = s.access()
            && wanted.contains(&a.id)
        {
            out.insert(a.path.index());
        }
        match s {
            S::If { then, els, .. } => {
                find(then, wanted, out);
                find(els, wanted, out);
            }
            S::Loop {
                header, body, step, ..
            } => {
                find(header, wanted, out);
                find(body, wanted, out);
                find(step, wanted, out);
            }
            S::Region { body, .. } => find(body, wanted, out),
            _ => {}
        }
    }
}

fn within(inner: Span, outer: Span) -> bool {
    inner.file == outer.file && outer.start <= inner.start && inner.end <= outer.end
}

fn functions(item: &Item, f: &mut dyn FnMut(&Function)) {
    match &item.kind {
        ItemKind::Namespace { items, .. } => items.iter().for_each(|i| functions(i, f)),
        ItemKind::Function(x) => f(x),
        ItemKind::Record(r) => {
            for m in r.members.iter().flatten() {
                if let Member::Item(i) = m {
                    functions(i, f);
                }
            }
        }
        _ => {}
    }
}

/// A boundary of statements.
struct Spot {
    at: u32,
    depth: usize,
    /// It is the closing brace of a block.
    closes: bool,
}

fn block(b: &Block, depth: usize, file: FileId, out: &mut Vec<Spot>) {
    for s in &b.stmts {
        if s.span.file == file {
            out.push(Spot {
                at: s.span.start,
                depth,
                closes: false,
            });
        }
        inner(s, depth, file, out);
    }
    let ends_early = b.stmts.last().is_some_and(|s| {
        matches!(
            s.kind,
            StmtKind::Return(_) | StmtKind::Break | StmtKind::Continue
        )
    });
    if b.span.file == file && b.span.end > 0 && !ends_early {
        out.push(Spot {
            at: b.span.end - 1,
            depth,
            closes: true,
        });
    }
}

fn inner(s: &Stmt, depth: usize, file: FileId, out: &mut Vec<Spot>) {
    match &s.kind {
        StmtKind::Block(b) => block(b, depth, file, out),
        StmtKind::If { then, els, .. } => {
            inner(then, depth, file, out);
            if let Some(e) = els {
                inner(e, depth, file, out);
            }
        }
        StmtKind::For { body, .. }
        | StmtKind::ForRange { body, .. }
        | StmtKind::While { body, .. }
        | StmtKind::DoWhile { body, .. } => inner(body, depth + 1, file, out),
        _ => {}
    }
}
