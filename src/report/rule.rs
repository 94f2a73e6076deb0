//! What a finding can be about: rules with identifiers that never change their meaning.
//!
//! Soundness direction: none; nothing is decided here.

/// How much a finding asks of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing: said for the record.
    None,
    /// Could be better, or was not understood.
    Note,
    /// Probably wrong.
    Warning,
    /// Wrong.
    Error,
}

/// Kinds of findings, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// An input that cannot be read or understood.
    BadInput,
    /// A removal that was asked for is not proved.
    Removal,
    /// A change of barriers that is not proved safe.
    Change,
    /// A data race of the kernel as written.
    Race,
    /// A race between threads that do meet at a barrier, whose flags leave the memory out.
    Flags,
    /// A barrier that not all threads may reach.
    Divergent,
    /// A barrier on which nothing was shown.
    Unknown,
    /// A kernel, or a function with barriers, that was not analysed.
    NotAnalysed,
    /// A construct that was not understood.
    Unsupported,
    /// A barrier that can go.
    Removable,
    /// A barrier that can be a `simdgroup_barrier`.
    Weakenable,
    /// A barrier that must stay.
    Required,
}

impl Rule {
    /// All of them, in order.
    pub const ALL: [Rule; 12] = [
        Rule::BadInput,
        Rule::Removal,
        Rule::Change,
        Rule::Race,
        Rule::Flags,
        Rule::Divergent,
        Rule::Unknown,
        Rule::NotAnalysed,
        Rule::Unsupported,
        Rule::Removable,
        Rule::Weakenable,
        Rule::Required,
    ];

    /// The name in reports and in `[[accept]]`: `race`.
    pub fn name(self) -> &'static str {
        match self {
            Rule::BadInput => "bad-input",
            Rule::Removal => "removal",
            Rule::Change => "change",
            Rule::Race => "race",
            Rule::Flags => "flags",
            Rule::Divergent => "divergent",
            Rule::Unknown => "unknown",
            Rule::NotAnalysed => "not-analysed",
            Rule::Unsupported => "unsupported",
            Rule::Removable => "removable",
            Rule::Weakenable => "weakenable",
            Rule::Required => "required",
        }
    }

    /// The identifier: `unbarrier/race`.
    pub fn id(self) -> String {
        format!("unbarrier/{}", self.name())
    }

    /// The rule of that name.
    pub fn named(name: &str) -> Option<Rule> {
        Rule::ALL.into_iter().find(|r| r.name() == name)
    }

    /// The rule of a verdict.
    pub fn of_verdict(name: &str) -> Rule {
        match name {
            "removable" => Rule::Removable,
            "weakenable" => Rule::Weakenable,
            "required" => Rule::Required,
            _ => Rule::Unknown,
        }
    }

    /// Its level, where a finding does not say otherwise.
    pub fn level(self) -> Level {
        match self {
            Rule::BadInput | Rule::Removal | Rule::Change | Rule::Race => Level::Error,
            Rule::Flags | Rule::Divergent | Rule::NotAnalysed => Level::Warning,
            Rule::Unknown | Rule::Unsupported | Rule::Removable | Rule::Weakenable => Level::Note,
            Rule::Required => Level::None,
        }
    }

    /// For lists of rules.
    pub fn short(self) -> &'static str {
        match self {
            Rule::BadInput => "Input that cannot be read",
            Rule::Removal => "Removal of barriers that is not proved safe",
            Rule::Change => "Change of barriers that is not proved safe",
            Rule::Race => "Data race",
            Rule::Flags => "Data race past a barrier whose flags leave the memory out",
            Rule::Divergent => "Barrier that not all threads may reach",
            Rule::Unknown => "Barrier on which nothing was shown",
            Rule::NotAnalysed => "Kernel or barrier that was not analysed",
            Rule::Unsupported => "Construct that was not analysed",
            Rule::Removable => "Barrier that can be removed",
            Rule::Weakenable => "Threadgroup barrier that can be a simdgroup barrier",
            Rule::Required => "Barrier that is needed",
        }
    }

    /// What it means, and what to do.
    pub fn help(self) -> &'static str {
        match self {
            Rule::BadInput => {
                "The file could not be read or understood as a Metal source file, so nothing in it was analysed. Fix what the message names; \
                 folders of included files are given with -I or `include` in unbarrier.toml."
            }
            Rule::Removal => {
                "Deleting the barriers that --remove names was not proved safe. With a witness, two threads race without them."
            }
            Rule::Change => {
                "The new version of the kernel was not shown to order every conflicting pair of accesses that the old version ordered. With a witness, two \
                 threads race in the new version. Put the barrier back, or make the accesses disjoint."
            }
            Rule::Race => {
                "Two threads of a threadgroup access the same bytes, at least one of them writes, not both are atomic, and no barrier orders them. \
                 A confirmed race was seen when the kernel was executed with the launch that is shown; a possible one was not excluded. \
                 Put a barrier between the accesses, or make them disjoint."
            }
            Rule::Flags => {
                "The threads meet at a barrier between the accesses, but its mem_flags do not name the memory, so it orders their execution and not \
                 their accesses. Name the memory in the flags. `--execution-barriers-order-memory` assumes that such barriers order all memory."
            }
            Rule::Divergent => {
                "The barrier stands under a condition (or in a loop) on which the threads may not agree. Threads that wait for others that never \
                 come are undefined behaviour. Move the barrier out of the condition."
            }
            Rule::Unknown => {
                "Neither was it proved that the barrier can go nor was a race shown without it. The message names the cause: a time limit \
                 (`--timeout`), an unsupported construct, or an approximation. Keep the barrier."
            }
            Rule::NotAnalysed => {
                "By its tokens the file has this kernel, instantiation or function with barriers, and no verdict is about it. Its barriers are \
                 `unknown`, and so is every barrier that it may reach. State the instances of a template with `--instantiate` or `instantiate` in \
                 unbarrier.toml, analyse the files that use a helper, or fix what the message names."
            }
            Rule::Unsupported => {
                "The construct is not modelled. Whatever may depend on it is `unknown`; nothing is `removable` because of it."
            }
            Rule::Removable => {
                "Deleting this barrier lets no two threads of a threadgroup race that were ordered before; that is proved for every input and \
                 every schedule, under the assumptions of the report. Several removable barriers cannot always go together: the report names \
                 a set that can."
            }
            Rule::Weakenable => {
                "The conflicts that this threadgroup_barrier orders are all within simdgroups: a simdgroup_barrier with the same flags suffices. \
                 That is proved for every input and every schedule, under the assumptions of the report."
            }
            Rule::Required => {
                "Without this barrier two threads race; the launch that is shown was executed and the race happened."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_in_order_and_have_names_of_their_own() {
        for (a, b) in Rule::ALL.iter().zip(&Rule::ALL[1..]) {
            assert!(a < b);
        }
        for r in Rule::ALL {
            assert_eq!(Rule::named(r.name()), Some(r));
        }
    }
}
