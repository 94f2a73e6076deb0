//! What a run means beside a verdict of `prove`.
//!
//! Direction: `Contradicts` only on evidence; everything that is not evidence is `DoesNotRefute`.

use super::results::{Difference, Failure, Race, Results};

/// What `prove` says about a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It can go.
    Removable,
    /// A `simdgroup_barrier` is enough.
    Weakenable,
    /// It must stay.
    Required,
    /// Neither was shown.
    Unknown,
}

impl Verdict {
    /// From the word in a report.
    pub fn from_word(w: &str) -> Verdict {
        match w {
            "removable" => Verdict::Removable,
            "weakenable" => Verdict::Weakenable,
            "required" => Verdict::Required,
            _ => Verdict::Unknown,
        }
    }

    /// As in a report.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Removable => "removable",
            Verdict::Weakenable => "weakenable",
            Verdict::Required => "required",
            Verdict::Unknown => "unknown",
        }
    }
}

/// How a run stands to a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// The run shows what the verdict says: a race without a barrier that must stay.
    Agrees,
    /// The run shows nothing against the verdict.
    DoesNotRefute,
    /// The run shows the opposite of the verdict.
    Contradicts,
}

impl Relation {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Relation::Agrees => "agrees",
            Relation::DoesNotRefute => "does not refute",
            Relation::Contradicts => "contradicts",
        }
    }
}

/// What was observed of a barrier.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The launch reaches the barrier.
    pub reached: bool,
    /// The kernel as written gives one output in all schedules, without races and out-of-bounds accesses.
    pub stable: bool,
    /// The kernel as written does not race, crash or leave its buffers, whatever its output.
    pub sound: bool,
    /// Buffers of a kernel that is not stable whose contents are the same in all schedules nevertheless; none where it
    /// races, crashes or leaves its buffers as written.
    pub steady: Vec<String>,
    /// Without the barrier.
    pub deleted: Results,
    /// With a `simdgroup_barrier` instead, when that was run.
    pub weakened: Option<Results>,
}

impl Observed {
    /// The race that the barrier had prevented, if one was seen.
    pub fn race(&self) -> Option<&Race> {
        due(&self.deleted)
    }

    /// Outputs differ from those as written, although those are always the same.
    pub fn differs(&self) -> bool {
        self.stable && !self.deleted.differences.is_empty()
    }

    /// Without the barrier it crashes or leaves its buffers.
    fn breaks(&self) -> bool {
        let crashed = matches!(
            self.deleted.failure,
            Some(Failure::Crash {
                as_written: false,
                ..
            })
        );
        crashed || !self.deleted.outside.is_empty()
    }

    /// The first difference in a buffer that as written is always the same, while others are not: enough to agree, too
    /// little to contradict.
    pub fn difference_in_part(&self) -> Option<&Difference> {
        let other = |d: &&Difference| self.steady.contains(&d.buffer);
        self.deleted.differences.iter().find(other)
    }

    fn differs_in_part(&self) -> bool {
        self.difference_in_part().is_some()
    }
}

fn due(r: &Results) -> Option<&Race> {
    r.races.iter().find(|r| r.due)
}

/// How what was observed stands to a verdict.
pub fn relation(verdict: Verdict, o: &Observed) -> Relation {
    let needed = o.race().is_some() || o.differs() || (o.stable && o.breaks());
    // Of a kernel whose output varies, few schedules were seen.
    let likely = needed || o.differs_in_part() || (o.sound && o.breaks());
    match verdict {
        Verdict::Removable if needed => Relation::Contradicts,
        Verdict::Weakenable => match &o.weakened {
            Some(w) if due(w).is_some() || (o.stable && !w.differences.is_empty()) => {
                Relation::Contradicts
            }
            _ if needed => Relation::Agrees,
            _ => Relation::DoesNotRefute,
        },
        Verdict::Required if likely => Relation::Agrees,
        _ => Relation::DoesNotRefute,
    }
}

#[cfg(test)]
mod tests {
    use super::super::results::Access;
    use super::*;

    fn racing(due: bool) -> Results {
        let access = Access {
            thread: 0,
            kind: "writes".into(),
            passed: 0,
            file: String::new(),
            line: 1,
        };
        Results {
            races: vec![Race {
                schedule: 0,
                due,
                same_simdgroup: false,
                space: "threadgroup".into(),
                array: "a".into(),
                byte: 0,
                a: access.clone(),
                b: access,
            }],
            ..Results::default()
        }
    }

    fn observed(deleted: Results) -> Observed {
        Observed {
            reached: true,
            stable: true,
            deleted,
            ..Observed::default()
        }
    }

    #[test]
    fn a_crash_counts_only_where_the_kernel_is_stable() {
        let crash = |as_written| Results {
            failure: Some(Failure::Crash {
                signal: 11,
                thread: 0,
                as_written,
            }),
            ..Results::default()
        };
        let mut o = observed(crash(false));
        assert_eq!(relation(Verdict::Removable, &o), Relation::Contradicts);
        assert_eq!(relation(Verdict::Required, &o), Relation::Agrees);
        o.stable = false;
        assert_eq!(relation(Verdict::Removable, &o), Relation::DoesNotRefute);
        let o = observed(crash(true));
        assert_eq!(relation(Verdict::Removable, &o), Relation::DoesNotRefute);
    }

    #[test]
    fn one_steady_buffer_is_enough_to_agree_and_not_to_contradict() {
        let mut o = observed(Results {
            differences: vec![Difference {
                schedule: 0,
                buffer: "total".into(),
                byte: 0,
                bytes: 4,
                size: 4,
            }],
            ..Results::default()
        });
        o.stable = false;
        assert_eq!(relation(Verdict::Required, &o), Relation::DoesNotRefute);
        o.steady = vec!["total".into()];
        assert_eq!(relation(Verdict::Required, &o), Relation::Agrees);
        assert_eq!(relation(Verdict::Removable, &o), Relation::DoesNotRefute);
    }

    #[test]
    fn a_race_contradicts_removable_and_agrees_with_required() {
        let o = observed(racing(true));
        assert_eq!(relation(Verdict::Removable, &o), Relation::Contradicts);
        assert_eq!(relation(Verdict::Required, &o), Relation::Agrees);
        assert_eq!(relation(Verdict::Weakenable, &o), Relation::Agrees);
        assert_eq!(relation(Verdict::Unknown, &o), Relation::DoesNotRefute);
    }

    #[test]
    fn a_race_that_was_there_before_says_nothing() {
        let o = observed(racing(false));
        assert_eq!(relation(Verdict::Removable, &o), Relation::DoesNotRefute);
        assert_eq!(relation(Verdict::Required, &o), Relation::DoesNotRefute);
    }

    #[test]
    fn a_race_with_the_weaker_barrier_contradicts_weakenable() {
        let mut o = observed(racing(true));
        o.weakened = Some(Results::default());
        assert_eq!(relation(Verdict::Weakenable, &o), Relation::Agrees);
        o.weakened = Some(racing(true));
        assert_eq!(relation(Verdict::Weakenable, &o), Relation::Contradicts);
    }

    #[test]
    fn other_output_counts_only_where_the_kernel_is_stable() {
        let mut o = observed(Results {
            differences: vec![Difference {
                schedule: 0,
                buffer: "out".into(),
                byte: 0,
                bytes: 1,
                size: 4,
            }],
            ..Results::default()
        });
        assert_eq!(relation(Verdict::Removable, &o), Relation::Contradicts);
        o.stable = false;
        assert_eq!(relation(Verdict::Removable, &o), Relation::DoesNotRefute);
    }
}
