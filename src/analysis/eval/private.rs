//! Arrays private to a thread, as far as all threads keep the same in them.
//!
//! An array is as uniform as the worst of its stores: of what is stored, of where, and of whether
//! control gets there. The levels are assumed at first (uniform) and checked against the stores of
//! the evaluation that used them; if one was too good, the kernel is evaluated again with what was
//! seen. Levels only rise, so this ends.
//!
//! Soundness direction: over-approximation of levels. Induction over the execution: up to a
//! store all threads of a level made the same stores in the same order, so after it their arrays
//! still agree; a load at an agreed index then yields a value that is a function of the place and
//! the iterations.

use super::Evaluator;
use super::state::State;
use crate::analysis::term::Level;
use crate::ir::{Access, Expr, Kernel, ObjectId, Space};

/// The level of each object's contents: assumed by loads, and seen at stores.
#[derive(Clone, Debug)]
pub struct Private {
    assumed: Vec<Level>,
    seen: Vec<Level>,
}

impl Private {
    /// All private arrays uniform, everything else not.
    pub fn new(kernel: &Kernel) -> Private {
        let assumed: Vec<Level> = kernel
            .objects
            .iter()
            .map(|o| match o.space {
                Space::Thread => Level::Uniform,
                _ => Level::Varying,
            })
            .collect();
        Private {
            seen: assumed.clone(),
            assumed,
        }
    }

    /// The assumptions for another evaluation, if those of this one were too good.
    pub fn revised(&self) -> Option<Private> {
        (self.seen != self.assumed).then(|| Private {
            assumed: self.seen.clone(),
            seen: self.seen.clone(),
        })
    }

    /// The level that loads may assume.
    pub fn level(&self, o: ObjectId) -> Level {
        self.assumed
            .get(o.index())
            .copied()
            .unwrap_or(Level::Varying)
    }

    fn raise(&mut self, o: ObjectId, level: Level) {
        if let Some(l) = self.seen.get_mut(o.index()) {
            *l = (*l).max(level);
        }
    }
}

impl Evaluator<'_> {
    /// Notes a store to a private array. `values` is `None` when what is stored is not known.
    pub(super) fn private_store(&mut self, access: &Access, values: Option<&[Expr]>, s: &State) {
        if !self.recording || self.object_space(access.object) != Space::Thread {
            return;
        }
        let mut level = s.path_level(&self.facts.terms, 0).0;
        for (exit, _) in &self.nest_exit {
            level = level.max(*exit);
        }
        let at = self.expr(&access.offset, s);
        level = level.max(self.facts.terms.level(at));
        match values {
            None => level = Level::Varying,
            Some(values) => {
                for v in values {
                    let v = self.expr(v, s);
                    level = level.max(self.facts.terms.level(v));
                }
            }
        }
        self.private.raise(access.object, level);
    }
}
