//! What was not analysed, and why.
//!
//! Soundness direction: more gaps. A barrier call is covered only by a barrier of an analysed kernel at the same place, in a function of the
//! same name; a kernel only by a kernel that lowering made of this very definition; where several come out of one use of a macro, all must.

use std::collections::{BTreeMap, BTreeSet};

use super::raw::Part;
use super::units::{BarrierCall, Kind};
use super::{Inventory, Unit, within};
use crate::ir::{Kernel, PathId};
use crate::source::Span;

/// What there is to hold against the tokens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Analysed<'a> {
    /// Kernels that were made.
    pub kernels: &'a [Kernel],
    /// Definitions and instantiations of which none was made, with the reason.
    pub skipped: &'a [(Span, String)],
    /// What is wrong with the input, where that has a place.
    pub errors: &'a [(Span, String)],
    /// Why nothing of the file could be analysed.
    pub unread: Option<&'a str>,
    /// Kernels that nobody asked for: they, and what they reach, are no gaps.
    pub left_out: &'a [LeftOut<'a>],
}

/// A kernel that was not made because nobody asked for it.
#[derive(Clone, Copy, Debug)]
pub struct LeftOut<'a> {
    /// Its function.
    pub function: &'a str,
    /// As [`Kernel::span`].
    pub span: Span,
    /// As [`Kernel::definition`].
    pub definition: Span,
}

/// What a gap is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A kernel.
    Kernel,
    /// A kernel template.
    KernelTemplate,
    /// An explicit instantiation of a kernel template.
    Instantiation,
    /// An entry point of another stage.
    Stage,
    /// A function or class with barrier calls that no analysed kernel reaches.
    Function,
}

impl What {
    /// In reports.
    pub fn name(self) -> &'static str {
        match self {
            What::Kernel => "kernel",
            What::KernelTemplate => "kernel template",
            What::Instantiation => "instantiation of kernel template",
            What::Stage => "function",
            What::Function => "function",
        }
    }
}

/// Something that was not analysed.
#[derive(Clone, Debug)]
pub struct Gap {
    /// What it is.
    pub what: What,
    /// What it is called.
    pub name: String,
    /// Where.
    pub at: Span,
    /// Why.
    pub reason: String,
    /// Something else of it was analysed: only these calls were not.
    pub is_part: bool,
    /// The reason is a problem with the input, which is said by itself.
    pub is_error: bool,
    /// Barrier calls in it that no analysed kernel reaches.
    pub barriers: Vec<BarrierCall>,
    /// The declaration, as an index into [`Inventory::units`].
    pub unit: usize,
}

impl Gap {
    /// For people: "kernel template `b`".
    pub fn title(&self) -> String {
        if self.name.is_empty() {
            "a declaration".into()
        } else {
            format!("{} `{}`", self.what.name(), self.name)
        }
    }
}

impl Inventory {
    /// Everything that was not analysed, in the order of the stream.
    pub fn gaps(&self, a: &Analysed<'_>) -> Vec<Gap> {
        let missing = self.missing(a);
        let shared = self.shared_places();
        let others = match a.left_out {
            [] => BTreeSet::new(),
            all => self.closure_of_names(all.iter().map(|k| k.function)),
        };
        let mut out = Vec::new();
        for (i, u) in self.units.iter().enumerate() {
            let unseen = missing[i];
            if !unseen && others.contains(&i) {
                continue;
            }
            let barriers: Vec<BarrierCall> = u
                .barriers
                .iter()
                .filter(|b| unseen || !is_reached(a.kernels, u, b, &shared))
                .cloned()
                .collect();
            let stage = u.kind == Kind::Stage && self.concerns_barriers(i);
            if !unseen && barriers.is_empty() && !stage {
                continue;
            }
            out.push(Gap {
                what: what(u),
                name: u.name.clone(),
                at: u.at,
                is_part: !unseen
                    && !stage
                    && (barriers.len() < u.barriers.len() || u.kind == Kind::Kernel),
                is_error: a.unread.is_some() || error_in(u, a).is_some(),
                reason: reason(u, unseen, barriers.len(), a),
                barriers,
                unit: i,
            });
        }
        out
    }

    /// The gap that may reach a barrier which an analysed kernel reaches, too. Of a declaration that was analysed in part all instances of the
    /// file are known, so the calls that they discard reach nothing.
    pub fn reached_from<'g>(&self, at: Span, gaps: &'g [Gap]) -> Option<&'g Gap> {
        let holders: Vec<usize> = (0..self.units.len())
            .filter(|i| self.units[*i].barriers.iter().any(|b| within(b.at, at)))
            .collect();
        gaps.iter().filter(|g| !g.is_part).find(|g| {
            let mut others = holders.iter().filter(|h| **h != g.unit).peekable();
            if others.peek().is_none() {
                return false;
            }
            let reach = self.closure(g.unit);
            others.any(|h| reach.contains(h))
        })
    }

    /// Text that was not compiled and may reach the barrier of a helper; with `kernels`, only text that has a kernel.
    pub fn hidden_user(&self, at: Span, kernels: bool) -> Option<Span> {
        let helper =
            |u: &Unit| u.kind != Kind::Kernel && u.barriers.iter().any(|b| within(b.at, at));
        let holders: Vec<usize> = (0..self.units.len())
            .filter(|i| helper(&self.units[*i]))
            .collect();
        if holders.is_empty() {
            return None;
        }
        let has_kernel = |b: &&Part| !kernels || b.mentions.contains("kernel");
        let unused = self.raw.macros.iter().filter(|m| !m.used);
        let all = self.raw.blocks.iter().chain(unused.map(|m| &m.part));
        all.filter(has_kernel)
            .map(|b| (b, self.used_names(&b.mentions)))
            .find_map(|(b, names)| {
                let reach = self.closure_of_names(names.iter().map(|n| &**n));
                holders.iter().any(|h| reach.contains(h)).then_some(b.at)
            })
    }

    /// For each declaration: it is a kernel or an instantiation of one, and lowering made no kernel of it.
    fn missing(&self, a: &Analysed<'_>) -> Vec<bool> {
        let made = Made::of(a);
        // Several declarations out of one use of a macro have one place.
        let mut groups: BTreeMap<(Kind, bool, &str, Span), Vec<usize>> = BTreeMap::new();
        for (i, u) in self.units.iter().enumerate() {
            if matches!(u.kind, Kind::Kernel | Kind::Instantiation) {
                let place = Span {
                    expansion: crate::source::ExpansionId::NONE,
                    ..u.range
                };
                let key = (u.kind, u.is_template, u.name.as_str(), place);
                groups.entry(key).or_default().push(i);
            }
        }
        let mut out = vec![false; self.units.len()];
        for ((kind, template, name, place), members) in groups {
            let made = made.count(kind, name, place);
            let enough = if template && members.len() == 1 {
                1
            } else {
                members.len()
            };
            if made < enough {
                for i in members {
                    out[i] = true;
                }
            }
        }
        out
    }

    /// Places with barrier calls of several declarations.
    fn shared_places(&self) -> BTreeMap<(u32, u32), usize> {
        let mut out: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        for u in &self.units {
            let mut places: Vec<(u32, u32)> = u
                .barriers
                .iter()
                .map(|b| (b.at.file.0, b.at.start))
                .collect();
            places.sort_unstable();
            places.dedup();
            for p in places {
                *out.entry(p).or_default() += 1;
            }
        }
        out
    }
}

/// Places of kernels that were made, or that nobody asked for, by kind and function, in order.
struct Made<'a>(BTreeMap<(bool, &'a str), Vec<Span>>);

impl<'a> Made<'a> {
    fn of(a: &Analysed<'a>) -> Made<'a> {
        let mut out: BTreeMap<(bool, &'a str), Vec<Span>> = BTreeMap::new();
        let kernels = (a.kernels.iter()).map(|k| (k.function.as_str(), k.definition, k.span));
        let others = (a.left_out.iter()).map(|k| (k.function, k.definition, k.span));
        for (function, definition, span) in kernels.chain(others) {
            out.entry((true, function)).or_default().push(definition);
            out.entry((false, function)).or_default().push(span);
        }
        for places in out.values_mut() {
            places.sort_by_key(|s| (s.file, s.start));
        }
        Made(out)
    }

    /// How many there are within a place.
    fn count(&self, kind: Kind, function: &str, place: Span) -> usize {
        let all = self.0.get(&(kind == Kind::Kernel, function));
        let all = all.map_or(&[][..], |v| v);
        let first = all.partition_point(|s| (s.file, s.start) < (place.file, place.start));
        let near = all[first..]
            .iter()
            .take_while(|s| s.file == place.file && s.start <= place.end);
        near.filter(|s| within(**s, place)).count()
    }
}

fn what(u: &Unit) -> What {
    match (u.kind, u.is_template) {
        (Kind::Kernel, true) => What::KernelTemplate,
        (Kind::Kernel, false) => What::Kernel,
        (Kind::Instantiation, _) => What::Instantiation,
        (Kind::Stage, _) => What::Stage,
        _ => What::Function,
    }
}

/// Whether a barrier of an analysed kernel stands where a call does.
fn is_reached(
    kernels: &[Kernel],
    u: &Unit,
    call: &BarrierCall,
    shared: &BTreeMap<(u32, u32), usize>,
) -> bool {
    let several = shared
        .get(&(call.at.file.0, call.at.start))
        .is_some_and(|n| *n > 1);
    kernels.iter().any(|k| {
        k.barriers
            .iter()
            .any(|b| within(call.at, b.span) && (!several || inside(k, b.path, &u.name)))
    })
}

/// Whether a call path leads through a function of that name.
fn inside(k: &Kernel, path: PathId, name: &str) -> bool {
    let named = |f: &str| {
        let words = f.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        words.into_iter().any(|w| w == name)
    };
    let frames = k.paths.get(path.index()).map_or(&[][..], |p| &p.frames);
    k.function == name || frames.iter().any(|f| named(&f.function))
}

/// What is wrong with the input within a declaration.
fn error_in<'a>(u: &Unit, a: &Analysed<'a>) -> Option<&'a String> {
    let inside = a.errors.iter().find(|(s, _)| within(*s, u.range));
    inside.map(|(_, why)| why)
}

fn reason(u: &Unit, unseen: bool, barriers: usize, a: &Analysed<'_>) -> String {
    if let Some(why) = a.unread {
        return format!("the file was not read whole: {why}");
    }
    if let Some(why) = error_in(u, a) {
        return format!("there is an error in it: {why}");
    }
    if let Some((_, why)) = a.skipped.iter().find(|(s, _)| within(*s, u.range)) {
        return why.clone();
    }
    match u.kind {
        Kind::Kernel if unseen && u.is_template => {
            "none of its instantiations was understood".into()
        }
        Kind::Kernel if unseen => "it was not recognised as a kernel".into(),
        Kind::Instantiation => "it fits no kernel template that was understood".into(),
        Kind::Stage => {
            "functions of other stages, and those that other programs may call, are not analysed"
                .into()
        }
        _ if barriers < u.barriers.len() || u.kind == Kind::Kernel => {
            "no analysed kernel reaches this call".into()
        }
        _ => "no analysed kernel of this file reaches it; others may".into(),
    }
}
