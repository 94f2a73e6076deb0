//! Whether the races of a new version were there before, where other code changed than barriers.
//!
//! Each race that was executed in the new version is executed in the old one, under the same launch: where the old version
//! has no race on that memory then, the change introduced it. Both versions are compared once more under what the old
//! version itself needs in order not to race (so many threads, parameters so large), since a race that it only has beyond that must not hide one
//! that a real launch has ([`narrower`]).
//!
//! Soundness direction: *introduced* rests on two executions, or on an execution and a proof. It is *known that nothing counts* (`open` is `None`) only where the
//! new version was shown free of races under one of the premises, which is said with it; that a race is *existing* is for the report, and passes nothing.

use std::collections::BTreeSet;

use super::about::About;
use super::align::Alignment;
use crate::exec::{Finding, Launch, RunOptions, Runnable, Schedule};
use crate::ir::{Assumption, BinOp, Expr, Kernel, Leaf, ObjectId, Space, VarId};
use crate::prove::change::Standing;
use crate::prove::kernel::Contradiction;
use crate::prove::{Options, Race};
use crate::report::describe;

/// Instructions of one execution of the old version.
const STEPS: u64 = 20_000_000;

/// Numbers of threads that are tried, the larger first.
const SIZES: [u64; 5] = [1024, 512, 256, 128, 64];

/// What a parameter is bounded by, where the old version races with larger values.
const LARGE: u64 = 1 << 15;

/// Premises at most: as asked, the number of threads, and bounds twice.
const PREMISES: usize = 4;

/// What came of the comparison.
#[derive(Default)]
pub struct Earlier {
    /// Races that the old version does not have, and the premise under which that was seen.
    pub introduced: Vec<(Race, Vec<String>)>,
    /// Races that the old version has, too.
    pub existing: Vec<Race>,
    /// Why it is not known whether something was introduced.
    pub open: Option<String>,
    /// What was assumed beyond the settings.
    pub premises: Vec<String>,
}

/// Settings for both versions.
struct Premise {
    new: Options,
    old: Options,
    text: Vec<String>,
}

/// What the old version did in a launch.
enum Before {
    /// It raced on that memory.
    Races,
    /// It raced on no such memory.
    Free,
    /// It left an array of its own: nobody launches it so.
    Outside(String),
    /// It is not known.
    Unknown(String),
}

/// What was found under one premise.
#[derive(Default)]
struct Found {
    /// The new version was shown free of races.
    race_free: bool,
    introduced: Vec<Race>,
    existing: Vec<Race>,
    open: Option<String>,
}

impl About<'_> {
    /// Compares the races of both versions.
    pub fn earlier(&self, old: &Kernel, now: &Standing) -> Earlier {
        self.compared(old, now).unwrap_or_else(|e| Earlier {
            open: Some(e.to_string()),
            ..Earlier::default()
        })
    }

    /// The old version as it stands, under the same assumptions; nothing is known of it where one of them is about what it does not have.
    ///
    /// # Errors
    /// [`Contradiction`] when no launch satisfies the assumptions.
    pub fn standing_of(&self, old: &Kernel) -> Result<Standing, Contradiction> {
        match for_other(self.options, self.new, old) {
            Some(o) => self.memory.standing(old, &o),
            None => Ok(Standing::default()),
        }
    }

    fn compared(&self, old: &Kernel, now: &Standing) -> Result<Earlier, Contradiction> {
        let Some(before) = for_other(self.options, self.new, old) else {
            let open = "an assumption is about something that the old version does not have";
            return Ok(Earlier {
                open: Some(open.into()),
                ..Earlier::default()
            });
        };
        let mut premise = Premise {
            new: self.options.clone(),
            old: before,
            text: Vec::new(),
        };
        let align = Alignment::new(self, old);
        let mut standing = now.clone();
        let mut had = self.memory.standing(old, &premise.old)?;
        let mut steps: Vec<(Found, Vec<String>)> = Vec::new();
        loop {
            let found = self.under(old, &align, (&standing, &had));
            steps.push((found, premise.text.clone()));
            if steps.len() >= PREMISES {
                break;
            }
            let Some(next) = self.narrower(old, &align, (&standing, &had), &premise) else {
                break;
            };
            // A premise under which nothing can be launched says nothing.
            let (Ok(n), Ok(o)) = (
                self.memory.standing(self.new, &next.new),
                self.memory.standing(old, &next.old),
            ) else {
                break;
            };
            (standing, had, premise) = (n, o, next);
        }
        Ok(conclude(steps))
    }

    /// Compares under one premise.
    fn under(&self, old: &Kernel, align: &Alignment, (now, had): (&Standing, &Standing)) -> Found {
        let mut out = Found {
            race_free: now.race_free,
            ..Found::default()
        };
        if let Some((what, s)) = now.wild.first() {
            let line = describe::at(&self.v.map, *s).0;
            out.open = Some(format!("unsupported {what} at line {line}"));
        }
        let program = Runnable::new(old);
        for race in &now.races {
            let same = |o: &&Race| align.corresponds((self.new, race), (old, o));
            let shown = had.races.iter().filter(|o| o.confirmed).any(|o| same(&o));
            let possible = had.races.iter().any(|o| same(&o));
            let lines = || {
                let line = |i: usize| describe::at(&self.v.map, race.accesses[i].0).0;
                format!("between lines {} and {}", line(0), line(1))
            };
            if !race.confirmed {
                if shown {
                    out.existing.push(race.clone());
                } else {
                    let open = "a race LINES was neither shown nor excluded";
                    out.open.get_or_insert(open.replace("LINES", &lines()));
                }
                continue;
            }
            let name = self.new.objects.get(race.object as usize);
            let known =
                name.is_some_and(|o| old.objects.iter().any(|p| p.name == align.object(&o.name)));
            match self.before(&program, old, align, race) {
                Before::Free => out.introduced.push(race.clone()),
                // Proofs leave out no pair that may race.
                Before::Unknown(_) if known && !possible && had.wild.is_empty() => {
                    out.introduced.push(race.clone());
                }
                Before::Races if shown => out.existing.push(race.clone()),
                Before::Races => {
                    let open = "the old version races on the same memory under the same launch, but no pair of its lines was matched with the race LINES";
                    out.open.get_or_insert(open.replace("LINES", &lines()));
                }
                Before::Outside(array) => {
                    let open = format!(
                        "the race {} was seen under a launch with which the old version leaves `{array}`",
                        lines()
                    );
                    out.open.get_or_insert(open);
                }
                Before::Unknown(why) => {
                    let open = format!(
                        "whether the race {} was there before is not known: {why}",
                        lines()
                    );
                    out.open.get_or_insert(open);
                }
            }
        }
        out
    }

    /// Executes the launch of a race in the old version.
    fn before(
        &self,
        program: &Runnable<'_>,
        old: &Kernel,
        align: &Alignment,
        race: &Race,
    ) -> Before {
        let launch = race.witness.as_ref().and_then(|w| w.launch.clone());
        let Some(launch) = launch else {
            return Before::Unknown("its launch is not known".into());
        };
        // Memory that the old version does not have cannot be raced for there; it may do other wrong in such a launch.
        let name = self.new.objects.get(race.object as usize);
        let name = name.map(|o| align.object(&o.name));
        let object = name.and_then(|n| old.objects.iter().position(|o| o.name == n));
        let launch = match self.translated(launch, old, align) {
            Ok(l) => l,
            Err(why) => return Before::Unknown(why),
        };
        let mut why = None;
        for schedule in [Schedule::InOrder, Schedule::Reverse] {
            match execute(program, old, &launch, schedule, self.options.ignore_flags) {
                Ok(ran) if object.is_some_and(|o| ran.races.contains(&o)) => return Before::Races,
                Ok(Ran {
                    outside: Some(array),
                    ..
                }) => return Before::Outside(array),
                Ok(ran) if object.is_none() && !ran.races.is_empty() => {
                    why = Some("the old version races on other memory under its launch".into());
                }
                Ok(_) => {}
                Err(e) => why = Some(e),
            }
        }
        why.map_or(Before::Free, Before::Unknown)
    }

    /// The next narrower premise that the races of the old version call for: a number of threads beyond which it races more often; else bounds
    /// of parameters whose large values its races need.
    fn narrower(
        &self,
        old: &Kernel,
        align: &Alignment,
        (now, had): (&Standing, &Standing),
        at: &Premise,
    ) -> Option<Premise> {
        let open_size = at.old.contract.threadgroup.is_none() && at.text.is_empty();
        let size = || self.size_needed(old, align, (now, had));
        if let Some(n) = open_size.then(size).flatten() {
            let with = |o: &Options| {
                let mut o = o.clone();
                (o.contract.min_threads, o.contract.max_threads) = (n, n);
                o
            };
            let text =
                format!("threadgroups of {n} threads, since the old version races with more");
            return Some(Premise {
                new: with(&at.new),
                old: with(&at.old),
                text: vec![text],
            });
        }
        let mut names = BTreeSet::new();
        for w in had.races.iter().filter_map(|r| r.witness.as_ref()) {
            let large = w.parameters.iter().filter(|(_, v)| *v > i128::from(LARGE));
            names.extend(large.map(|(n, _)| n.clone()));
        }
        let mut next = Premise {
            new: at.new.clone(),
            old: at.old.clone(),
            text: at.text.clone(),
        };
        for name in names {
            let text = format!("{name} <= {LARGE}");
            let known = next.old.assumptions.iter().any(|a| a.text == text);
            if let (false, Some(n), Some(o)) = (
                known,
                bounded(self.new, &name, &text),
                bounded(old, &name, &text),
            ) {
                next.new.assumptions.push(n);
                next.old.assumptions.push(o);
                next.text
                    .push(format!("{text}, since the old version races with more"));
            }
        }
        (next.text.len() > at.text.len()).then_some(next)
    }

    /// The largest number of threads with which as few as possible of the launches that show races go wrong in the old version, where they are fewer
    /// than with more threads.
    fn size_needed(
        &self,
        old: &Kernel,
        align: &Alignment,
        (now, had): (&Standing, &Standing),
    ) -> Option<u64> {
        let program = Runnable::new(old);
        let launch = |r: &Race| r.witness.as_ref().and_then(|w| w.launch.clone());
        let mut launches: Vec<Launch> = had.races.iter().filter_map(launch).collect();
        for l in now.races.iter().filter_map(launch) {
            launches.extend(self.translated(l, old, align));
        }
        launches.retain(|l| l.threadgroup[1] == 1 && l.threadgroup[2] == 1);
        let wrong = |n: u64, l: &Launch| {
            let mut l = l.clone();
            l.threadgroup = [u32::try_from(n).unwrap_or(u32::MAX), 1, 1];
            let flags = self.options.ignore_flags;
            let ran = execute(&program, old, &l, Schedule::InOrder, flags);
            ran.map_or(true, |r| !r.races.is_empty() || r.outside.is_some())
        };
        let count = |n: u64| launches.iter().filter(|l| wrong(n, l)).count();
        let most = self.options.contract.max_threads;
        let sizes = SIZES.iter().filter(|n| **n <= most);
        let counts: Vec<(u64, usize)> = sizes.map(|n| (*n, count(*n))).collect();
        let least = counts.iter().map(|c| c.1).min()?;
        let best = counts.iter().position(|c| c.1 == least)?;
        (best > 0).then(|| counts[best].0)
    }

    /// A launch of the new version as one of the old version.
    fn translated(
        &self,
        launch: Launch,
        old: &Kernel,
        align: &Alignment,
    ) -> Result<Launch, String> {
        let name = |i: usize| self.new.objects.get(i).map(|o| align.object(&o.name));
        let find = |n: &str| old.objects.iter().position(|o| o.name == n);
        translated(launch, (self.new, old), &|i| name(i).and_then(find))
    }
}

/// What is concluded from all premises, the widest first.
fn conclude(steps: Vec<(Found, Vec<String>)>) -> Earlier {
    let mut out = Earlier::default();
    if let Some((f, _)) = steps.first() {
        out.existing.clone_from(&f.existing);
    }
    match steps.iter().find(|(f, _)| f.race_free) {
        Some((_, text)) => out.premises.clone_from(text),
        None => {
            let open = steps.last().and_then(|(f, _)| f.open.clone());
            let known = "the old version has races between the same places; whether the new version has them in launches in which the old one has none is not known";
            out.open = Some(open.unwrap_or_else(|| known.into()));
        }
    }
    for (f, text) in steps {
        let with = f.introduced.into_iter().map(|r| (r, text.clone()));
        out.introduced.extend(with);
    }
    out
}

/// What one execution showed.
struct Ran {
    /// Objects that are raced for.
    races: BTreeSet<usize>,
    /// An array of the kernel that it leaves.
    outside: Option<String>,
}

fn execute(
    program: &Runnable<'_>,
    kernel: &Kernel,
    launch: &Launch,
    schedule: Schedule,
    ignore_flags: bool,
) -> Result<Ran, String> {
    let options = RunOptions {
        schedule,
        step_limit: STEPS,
        ignore_flags,
        ..RunOptions::default()
    };
    let out = program.run(launch, &options).map_err(|e| e.to_string())?;
    let certain = out.conflicts().filter(|c| !c.approximate);
    let races: BTreeSet<usize> = certain.map(|c| c.object.index()).collect();
    let outside = out.findings.iter().find_map(|f| match f {
        Finding::OutOfBounds {
            object,
            approximate: false,
            ..
        } => {
            // How large a buffer is, only the host knows.
            let o = kernel.objects.get(object.index())?;
            (o.space == Space::Threadgroup && o.param.is_none()).then(|| o.name.clone())
        }
        _ => None,
    });
    if races.is_empty() && outside.is_none() && (out.incomplete || !out.completed) {
        return Err("the old version did not come to its end in that launch".into());
    }
    Ok(Ran { races, outside })
}

/// A launch of the new version as one of the old version.
fn translated(
    mut launch: Launch,
    (new, old): (&Kernel, &Kernel),
    object: &dyn Fn(usize) -> Option<usize>,
) -> Result<Launch, String> {
    let same = |name: &String| new.scalars.iter().any(|s| s.name == *name);
    if let Some(s) = old.scalars.iter().find(|s| !same(&s.name)) {
        return Err(format!(
            "the launch says nothing of `{}`, which only the old version has",
            s.name
        ));
    }
    let known = |name: &String| old.scalars.iter().any(|s| s.name == *name);
    launch.scalars.retain(|name, _| known(name));
    let mut overlays = Vec::new();
    for (id, at, bytes) in launch.overlays {
        let to = object(id.index()).and_then(|i| u32::try_from(i).ok());
        overlays.extend(to.map(|i| (ObjectId(i), at, bytes)));
    }
    launch.overlays = overlays;
    Ok(launch)
}

/// Settings for another version of the kernel: assumptions are about parameters by their number. `None` where one is about what the other version does
/// not have.
fn for_other(options: &Options, of: &Kernel, other: &Kernel) -> Option<Options> {
    let mut out = options.clone();
    for a in &mut out.assumptions {
        for leaf in &mut a.leaves {
            if let Leaf::Scalar(i) = leaf {
                let name = &of.scalars.get(*i)?.name;
                *i = other.scalars.iter().position(|s| s.name == *name)?;
            }
        }
    }
    Some(out)
}

/// `NAME <= LARGE` for an integer parameter that can be larger.
fn bounded(k: &Kernel, name: &str, text: &str) -> Option<Assumption> {
    let i = k.scalars.iter().position(|s| s.name == name)?;
    let ty = k.scalars.get(i)?.ty;
    if !ty.is_int() || ty.bits() <= 16 {
        return None;
    }
    let value = Expr::var(ty, VarId(0));
    Some(Assumption {
        text: text.to_string(),
        expr: Expr::binary(BinOp::Le, value, Expr::constant(ty, LARGE)),
        leaves: vec![Leaf::Scalar(i)],
    })
}
