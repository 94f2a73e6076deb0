//! Deciding a set of pairs: all at once first, then by halves, then one by one.
//!
//! Soundness direction: `Safe` only on `Unsat`. A satisfiable formula with opaque products is
//! asked again with products spelled out before it counts as a conflict.

use super::record::{Ask, fixed};
use super::stats::Event;
use super::verdict::Replays;
use crate::encode::logic::{BoolId, Lin, Logic};
use crate::encode::pair::{IntervalEncoder, PairFormula};
use crate::ir::{ObjectId, ScalarTy};
use crate::smt::{Answer, Assignment, Effort, Fixed, Products, Wanted, factors};

/// Values of a conflict, still symbolic in their meaning.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Positions of thread 1 and 2.
    pub threads: [[i128; 3]; 2],
    /// Linear indices.
    pub index: [i128; 2],
    /// Threadgroup size.
    pub size: [i128; 3],
    /// Threadgroup position.
    pub group: [i128; 3],
    /// Loop counters of both sides, in the order of the pair's sides.
    pub counters: [Vec<i128>; 2],
    /// First bytes of both sides.
    pub offsets: [i128; 2],
    /// Simdgroups.
    pub simdgroups: [i128; 2],
    /// Memory read: object, type, byte offset, value.
    pub memory: Vec<(ObjectId, ScalarTy, i128, i128)>,
    /// Function constants: number, whether it is about being defined (else the value), value.
    pub constants: Vec<(u32, bool, i128)>,
}

/// Answer on one pair.
#[derive(Clone, Debug)]
pub enum PairAnswer {
    /// Cannot conflict.
    Safe,
    /// Conflicts in this way (to be replayed).
    Conflict(Box<Values>),
    /// Not decided within the limits.
    Undecided(String),
}

/// How often each stage decided something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pairs that the formula builder found impossible.
    pub trivial: usize,
    /// Solver calls.
    pub queries: usize,
    /// Pairs shown safe by a query over several.
    pub batched: usize,
    /// Pairs decided alone with opaque products.
    pub opaque: usize,
    /// Pairs decided alone with products spelled out.
    pub exact: usize,
    /// Pairs not decided.
    pub undecided: usize,
    /// Satisfying assignments that were replayed.
    pub replays: Replays,
}

/// Most pairs in one query.
const BATCH: usize = 64;

/// After this many undecided pairs of one interval the rest is not tried: the answer is already
/// `unknown`, and each costs the full time limit.
const PATIENCE: usize = 3;

/// Decides pairs until one is not safe; `None` when all are safe.
pub fn first_unsafe(
    ie: &mut IntervalEncoder<'_>,
    pairs: &[PairFormula],
    ask: &Ask<'_>,
    counts: &mut Counts,
) -> Option<(usize, PairAnswer)> {
    Search::new(pairs).next(ie, ask, counts)
}

/// The pairs of one interval that are still to be decided. What was shown safe is not asked again.
pub struct Search<'p> {
    pairs: &'p [PairFormula],
    /// Lists of pairs, to be decided from the last.
    work: Vec<Vec<usize>>,
    /// Most pairs of the next query: fewer after one that was not answered, more after one that was.
    size: usize,
    /// In the order in which they were tried.
    undecided: Vec<(usize, PairAnswer)>,
    failures: usize,
}

impl<'p> Search<'p> {
    /// All pairs.
    pub fn new(pairs: &'p [PairFormula]) -> Search<'p> {
        let all: Vec<usize> = (0..pairs.len()).collect();
        let mut work: Vec<Vec<usize>> = all.chunks(BATCH).map(<[usize]>::to_vec).collect();
        work.reverse();
        Search {
            pairs,
            work,
            size: BATCH,
            undecided: Vec::new(),
            failures: 0,
        }
    }

    /// Takes pairs out that need no answer any more.
    pub fn forget(&mut self, which: impl Fn(usize) -> bool) {
        for list in &mut self.work {
            list.retain(|i| !which(*i));
        }
        self.undecided.retain(|u| !which(u.0));
    }

    /// The next pair that conflicts; when there is none left, the first one that was not decided.
    pub fn next(
        &mut self,
        ie: &mut IntervalEncoder<'_>,
        ask: &Ask<'_>,
        counts: &mut Counts,
    ) -> Option<(usize, PairAnswer)> {
        ask.drain(ie);
        while let Some(mut list) = self.work.pop() {
            if list.len() > self.size {
                let rest = list.split_off(self.size);
                self.work.push(rest);
            }
            let outcome = part(ie, self.pairs, &list, ask, counts);
            ask.drain(ie);
            match outcome {
                Part::Safe => self.size = (self.size * 2).min(BATCH),
                Part::Split => {
                    self.size = (list.len() / 2).max(1);
                    let second = list.split_off(list.len() / 2);
                    self.work.push(second);
                    self.work.push(list);
                }
                Part::Found(at, answer) => {
                    let index = list[at];
                    let after = list.split_off(at + 1);
                    list.pop();
                    self.work.extend([after, list]);
                    match answer {
                        // Only the query over several thought otherwise.
                        PairAnswer::Safe => {}
                        PairAnswer::Conflict(v) => {
                            return Some((index, PairAnswer::Conflict(v)));
                        }
                        PairAnswer::Undecided(why) => {
                            let answer = PairAnswer::Undecided(why);
                            self.undecided.push((index, answer));
                            self.failures += 1;
                            if self.failures >= PATIENCE {
                                break;
                            }
                        }
                    }
                }
            }
        }
        self.undecided.drain(..).next()
    }
}

enum Part {
    Safe,
    Split,
    Found(usize, PairAnswer),
}

fn part(
    ie: &mut IntervalEncoder<'_>,
    pairs: &[PairFormula],
    list: &[usize],
    ask: &Ask<'_>,
    counts: &mut Counts,
) -> Part {
    if list.is_empty() {
        return Part::Safe;
    }
    if let [only] = list {
        return match single(ie, &pairs[*only], ask, counts) {
            PairAnswer::Safe => Part::Safe,
            other => Part::Found(0, other),
        };
    }
    let formulas: Vec<BoolId> = list.iter().map(|i| pairs[*i].formula).collect();
    let asserts = ie.obligation(&formulas);
    let wanted = Wanted {
        ints: Vec::new(),
        bools: formulas,
    };
    counts.queries += 1;
    // A set that takes long is better split than waited for.
    match ask.check(
        &ie.enc.logic,
        &asserts,
        Products::Opaque,
        &wanted,
        Effort::Quick,
    ) {
        Answer::Unsat => {
            counts.batched += list.len();
            ask.count(Event::Together, list.len());
            let these: Vec<&PairFormula> = list.iter().map(|i| &pairs[*i]).collect();
            ask.record(&ie.enc.logic, &asserts, Products::Opaque, &these, None);
            Part::Safe
        }
        Answer::Sat(m) => {
            let at = m.bools.iter().position(|b| *b == Some(true)).unwrap_or(0);
            let answer = single(ie, &pairs[list[at]], ask, counts);
            Part::Found(at, answer)
        }
        Answer::Unknown(_) => Part::Split,
    }
}

/// Decides one pair.
pub fn single(
    ie: &mut IntervalEncoder<'_>,
    pair: &PairFormula,
    ask: &Ask<'_>,
    counts: &mut Counts,
) -> PairAnswer {
    let asserts = ie.obligation(&[pair.formula]);
    let (wanted, reads) = wanted(ie, pair);
    let factors = factors(&ie.enc.logic, &asserts);
    let asked = wanted.ints.len();
    let mut more = wanted.clone();
    more.ints.extend(factors.iter().cloned());
    let record = |logic: &Logic, products, sat: Option<&Fixed>| {
        ask.record(logic, &asserts, products, &[pair], sat);
    };
    counts.queries += 1;
    let first = ask.check(
        &ie.enc.logic,
        &asserts,
        Products::Opaque,
        &more,
        Effort::Full,
    );
    let example = match &first {
        Answer::Unsat => {
            counts.opaque += 1;
            ask.count(Event::Alone, 1);
            record(&ie.enc.logic, Products::Opaque, None);
            return PairAnswer::Safe;
        }
        Answer::Sat(m) if factors.is_empty() => {
            counts.opaque += 1;
            record(&ie.enc.logic, Products::Opaque, Some(&Fixed::new()));
            Some(m.clone())
        }
        Answer::Sat(_) => {
            // Products without an unknown factor are easy: perhaps the first assignment can be mended.
            counts.queries += 1;
            let values = fixed(&factors, &first, asked).unwrap_or_default();
            let found = ask.example(&ie.enc.logic, &asserts, &values, &wanted);
            if found.is_some() {
                counts.exact += 1;
                record(&ie.enc.logic, Products::Exact, Some(&values));
            }
            found
        }
        Answer::Unknown(_) => None,
    };
    let answer = match example {
        Some(m) => Answer::Sat(m),
        None => {
            counts.queries += 1;
            let effort = if ask.hasty {
                Effort::Quick
            } else {
                Effort::Full
            };
            let a = ask.check(&ie.enc.logic, &asserts, Products::Exact, &more, effort);
            counts.exact += 1;
            if !matches!(a, Answer::Unknown(_)) {
                let values = fixed(&factors, &a, asked);
                record(&ie.enc.logic, Products::Exact, values.as_ref());
            }
            a
        }
    };
    match answer {
        Answer::Unsat => {
            ask.count(Event::Exact, 1);
            PairAnswer::Safe
        }
        Answer::Sat(m) => {
            ask.count(Event::Conflict, 1);
            let m = plain_size(ie, pair, ask, &wanted, counts).unwrap_or(m);
            let v = decode(ie, pair, &m.ints, &reads);
            let v = if is_small(&v) {
                v
            } else {
                let better = smaller(ie, pair, ask, &wanted, counts);
                better.map_or(v, |m| decode(ie, pair, &m, &reads))
            };
            PairAnswer::Conflict(Box::new(v))
        }
        Answer::Unknown(why) => {
            counts.undecided += 1;
            ask.count(Event::Undecided, 1);
            PairAnswer::Undecided(why)
        }
    }
}

/// An assignment in which the threadgroup is not at the edge of the grid, if there is one: only those are
/// replayed.
fn plain_size(
    ie: &mut IntervalEncoder<'_>,
    pair: &PairFormula,
    ask: &Ask<'_>,
    wanted: &Wanted,
    counts: &mut Counts,
) -> Option<Assignment> {
    let even = ie.enc.launch.even?;
    let formula = ie.enc.logic.and(&[even, pair.formula]);
    match quickly(ie, formula, ask, wanted, counts) {
        Answer::Sat(m) => Some(m),
        _ => None,
    }
}

/// What the quick engine says of a narrowed question: without products, then with one factor of each fixed as in that
/// answer, then with products.
fn quickly(
    ie: &mut IntervalEncoder<'_>,
    formula: BoolId,
    ask: &Ask<'_>,
    wanted: &Wanted,
    counts: &mut Counts,
) -> Answer {
    let asserts = ie.obligation(&[formula]);
    let factors = factors(&ie.enc.logic, &asserts);
    let mut more = wanted.clone();
    more.ints.extend(factors.iter().cloned());
    counts.queries += 1;
    let first = ask.check(
        &ie.enc.logic,
        &asserts,
        Products::Opaque,
        &more,
        Effort::Brief,
    );
    match &first {
        Answer::Unsat => return first,
        Answer::Sat(_) if factors.is_empty() => return first,
        Answer::Sat(_) => {
            counts.queries += 1;
            let values = fixed(&factors, &first, wanted.ints.len()).unwrap_or_default();
            if let Some(m) = ask.example(&ie.enc.logic, &asserts, &values, wanted) {
                return Answer::Sat(m);
            }
        }
        Answer::Unknown(_) => {}
    }
    counts.queries += 1;
    ask.check(
        &ie.enc.logic,
        &asserts,
        Products::Exact,
        wanted,
        Effort::Brief,
    )
}

/// Magnitudes that are tried in turn for what a host chooses.
const SMALL: [i128; 4] = [64, 160, 320, 1024];

/// Whether nothing that a host chooses is large already.
fn is_small(v: &Values) -> bool {
    let chosen = v.memory.iter().map(|m| m.3);
    let turns = v.counters.iter().flatten().copied();
    let chosen = chosen.chain(v.group).chain(v.constants.iter().map(|c| c.2));
    chosen.chain(turns).all(|x| x.abs() <= SMALL[0])
}

/// An assignment with small parameters, if there is one: easier to understand and to replay.
fn smaller(
    ie: &mut IntervalEncoder<'_>,
    pair: &PairFormula,
    ask: &Ask<'_>,
    wanted: &Wanted,
    counts: &mut Counts,
) -> Option<Vec<Option<i128>>> {
    let mut bounds = Vec::new();
    let reads: Vec<Lin> = ie.enc.reads.iter().map(|r| Lin::atom(r.3)).collect();
    let constants: Vec<Lin> = ie.enc.constants.iter().map(|c| Lin::atom(c.2)).collect();
    let launch = &ie.enc.launch;
    let groups: Vec<Lin> = launch.group.iter().chain(&launch.size).cloned().collect();
    let sides = [&pair.first, &pair.second];
    let turns = sides.iter().flat_map(|s| s.counters.iter());
    let turns: Vec<Lin> = turns.map(|(_, k)| k.clone()).collect();
    // For a race that no verdict depends on, small or not at all.
    let tops = if ask.hasty { &SMALL[..1] } else { &SMALL[..] };
    for &top in tops {
        bounds.clear();
        bounds.extend(ie.enc.launch.even);
        for l in reads.iter().chain(&groups).chain(&constants).chain(&turns) {
            let hi = ie.enc.logic.le(l, &Lin::constant(top));
            let lo = ie.enc.logic.le(&Lin::constant(-top), l);
            bounds.extend([hi, lo]);
        }
        let formula = {
            let mut all = bounds.clone();
            all.push(pair.formula);
            ie.enc.logic.and(&all)
        };
        match quickly(ie, formula, ask, wanted, counts) {
            Answer::Sat(m) => return Some(m.ints),
            Answer::Unsat => {}
            // Larger ones are not easier.
            Answer::Unknown(_) => return None,
        }
    }
    None
}

type ReadKey = (ObjectId, ScalarTy);

fn wanted(ie: &IntervalEncoder<'_>, pair: &PairFormula) -> (Wanted, Vec<ReadKey>) {
    let mut ints: Vec<Lin> = Vec::new();
    let (a, b) = (ie.enc.thread(1), ie.enc.thread(2));
    for t in [a, b] {
        ints.extend(t.pos.iter().cloned());
    }
    ints.push(a.index.clone());
    ints.push(b.index.clone());
    ints.extend(ie.enc.launch.size.iter().cloned());
    ints.extend(ie.enc.launch.group.iter().cloned());
    ints.push(pair.first.offset.clone());
    ints.push(pair.second.offset.clone());
    ints.push(a.simdgroup.clone());
    ints.push(b.simdgroup.clone());
    for side in [&pair.first, &pair.second] {
        ints.extend(side.counters.iter().map(|(_, k)| k.clone()));
    }
    let mut reads = Vec::new();
    for (o, ty, at, v) in &ie.enc.reads {
        ints.push(at.clone());
        ints.push(Lin::atom(*v));
        reads.push((*o, *ty));
    }
    ints.extend(ie.enc.constants.iter().map(|c| Lin::atom(c.2)));
    (
        Wanted {
            ints,
            bools: Vec::new(),
        },
        reads,
    )
}

fn decode(
    ie: &IntervalEncoder<'_>,
    pair: &PairFormula,
    ints: &[Option<i128>],
    reads: &[ReadKey],
) -> Values {
    let mut it = ints.iter().map(|v| v.unwrap_or(0));
    let mut next = || it.next().unwrap_or(0);
    let mut v = Values::default();
    for t in &mut v.threads {
        *t = [next(), next(), next()];
    }
    v.index = [next(), next()];
    v.size = [next(), next(), next()];
    v.group = [next(), next(), next()];
    v.offsets = [next(), next()];
    v.simdgroups = [next(), next()];
    for (i, side) in [&pair.first, &pair.second].into_iter().enumerate() {
        v.counters[i] = side.counters.iter().map(|_| next()).collect();
    }
    for (o, ty) in reads {
        let at = next();
        let value = next();
        v.memory.push((*o, *ty, at, value));
    }
    for (number, defined, _) in &ie.enc.constants {
        v.constants.push((*number, *defined, next()));
    }
    v
}
