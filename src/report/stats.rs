//! Counts and times in the report's terms.
//!
//! Soundness direction: none; nothing is decided here.

use super::model::{PairStats, PhaseStats, QueryStats, ReplayStats, RunStats, StatsReport};
use crate::prove::stats::{Event, Phase, Stats};

/// Counts and times of one kernel.
pub fn kernel(s: &Stats) -> StatsReport {
    StatsReport {
        pairs: PairStats {
            excluded_by_guards: s.get(Event::Guards),
            excluded_by_ranges: s.get(Event::Disjoint),
            excluded_by_contradiction: s.get(Event::Contradiction),
            proved_together: s.get(Event::Together),
            proved_alone: s.get(Event::Alone),
            proved_with_products: s.get(Event::Exact),
            conflicts: s.get(Event::Conflict),
            undecided: s.get(Event::Undecided),
        },
        queries: QueryStats {
            quick: s.get(Event::Quick),
            long: s.get(Event::Long),
            unanswered: s.get(Event::Unanswered),
        },
        refuted_by_execution: s.get(Event::Executed),
        replays: ReplayStats {
            attempted: s.get(Event::Replayed),
            confirmed: s.get(Event::Confirmed),
        },
        phases_ms: PhaseStats {
            execution: rounded(s.ms(Phase::Execution)),
            analysis: rounded(s.ms(Phase::Analysis)),
            encode: rounded(s.ms(Phase::Encode)),
            smt: rounded(s.ms(Phase::Smt)),
            replay: rounded(s.ms(Phase::Replay)),
        },
    }
}

/// Milliseconds to the microsecond.
pub fn rounded(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}

impl StatsReport {
    /// Adds those of another kernel.
    pub fn add(&mut self, o: &StatsReport) {
        let (p, q) = (&mut self.pairs, &o.pairs);
        p.excluded_by_guards += q.excluded_by_guards;
        p.excluded_by_ranges += q.excluded_by_ranges;
        p.excluded_by_contradiction += q.excluded_by_contradiction;
        p.proved_together += q.proved_together;
        p.proved_alone += q.proved_alone;
        p.proved_with_products += q.proved_with_products;
        p.conflicts += q.conflicts;
        p.undecided += q.undecided;
        self.queries.quick += o.queries.quick;
        self.queries.long += o.queries.long;
        self.queries.unanswered += o.queries.unanswered;
        self.refuted_by_execution += o.refuted_by_execution;
        self.replays.attempted += o.replays.attempted;
        self.replays.confirmed += o.replays.confirmed;
        let (p, q) = (&mut self.phases_ms, &o.phases_ms);
        for (x, y) in [
            (&mut p.execution, q.execution),
            (&mut p.analysis, q.analysis),
            (&mut p.encode, q.encode),
            (&mut p.smt, q.smt),
            (&mut p.replay, q.replay),
        ] {
            *x = rounded(*x + y);
        }
    }
}

/// The table for a person.
pub fn table(r: &RunStats) -> String {
    let (p, q, t) = (&r.total.pairs, &r.total.queries, &r.total.phases_ms);
    let counts = [
        ("pairs of accesses", None),
        (
            "  excluded without a solver: guards",
            Some(p.excluded_by_guards),
        ),
        (
            "  excluded without a solver: disjoint bytes",
            Some(p.excluded_by_ranges),
        ),
        (
            "  excluded without a solver: contradiction",
            Some(p.excluded_by_contradiction),
        ),
        ("  proved by Z3, several at once", Some(p.proved_together)),
        ("  proved by Z3, alone", Some(p.proved_alone)),
        (
            "  proved by Z3, alone, with products",
            Some(p.proved_with_products),
        ),
        ("  conflicts found by Z3", Some(p.conflicts)),
        ("  left open", Some(p.undecided)),
        ("queries", None),
        ("  answered by the quick engine", Some(q.quick)),
        ("  answered by the patient engine", Some(q.long)),
        ("  not answered", Some(q.unanswered)),
        ("executions", None),
        (
            "  removals refuted without Z3",
            Some(r.total.refuted_by_execution),
        ),
        (
            "  conflicts of Z3 replayed",
            Some(r.total.replays.attempted),
        ),
        ("  of these, confirmed", Some(r.total.replays.confirmed)),
    ];
    let mut out = String::new();
    for (name, n) in counts {
        match n {
            Some(n) => out.push_str(&format!("{name:<46}{n:>10}\n")),
            None => out.push_str(&format!("{name}\n")),
        }
    }
    out.push_str("seconds, summed over worker threads\n");
    let times = [
        ("read and parse", r.parse_ms),
        ("lower", r.lower_ms),
        ("execute", t.execution),
        ("analyse", t.analysis),
        ("encode", t.encode),
        ("Z3", t.smt),
        ("replay", t.replay),
        ("from start to end", r.wall_ms),
    ];
    for (name, ms) in times {
        out.push_str(&format!("  {name:<44}{:>10.3}\n", ms / 1000.0));
    }
    if let Some(b) = r.peak_memory_bytes {
        let mib = b as f64 / f64::from(1 << 20);
        out.push_str(&format!("{:<46}{mib:>10.1}\n", "peak memory, MiB"));
    }
    out
}
