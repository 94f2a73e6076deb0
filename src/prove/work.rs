//! Spreading work over threads.
//!
//! Purpose: one pool for all levels (kernels, barrier intervals, barriers), so that none of them
//! waits while another has work. Soundness direction: none; results come in the order of the
//! tasks, whoever did them.

use std::collections::BTreeMap;
use std::sync::mpsc;

use rayon::prelude::*;

/// Stack of a worker, bytes (reserved, not used): terms are walked recursively.
const STACK: usize = 256 << 20;

/// Threads that share all work.
pub struct Workers {
    pool: Option<rayon::ThreadPool>,
}

impl Workers {
    /// So many threads. With one, or when the system refuses threads, the calling thread does the
    /// work.
    pub fn new(jobs: usize) -> Workers {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(jobs)
            .stack_size(STACK)
            .build();
        Workers {
            pool: if jobs > 1 { pool.ok() } else { None },
        }
    }

    /// Runs tasks `0..n` and hands each result to `done`, on the calling thread, as soon as it and
    /// all before it are there. Inside `work`, [`parallel`] uses the same threads.
    pub fn in_order<T: Send>(
        &self,
        n: usize,
        work: impl Fn(usize) -> T + Sync,
        mut done: impl FnMut(usize, T),
    ) {
        let Some(pool) = &self.pool else {
            for i in 0..n {
                done(i, work(i));
            }
            return;
        };
        let (results, ready) = mpsc::channel();
        let work = &work;
        pool.in_place_scope_fifo(|scope| {
            for i in 0..n {
                let results = results.clone();
                scope.spawn_fifo(move |_| {
                    // The receiver lives as long as this scope.
                    let _ = results.send((i, work(i)));
                });
            }
            drop(results);
            let mut waiting = BTreeMap::new();
            let mut next = 0;
            for (i, r) in ready {
                waiting.insert(i, r);
                while let Some(r) = waiting.remove(&next) {
                    done(next, r);
                    next += 1;
                }
            }
        });
    }
}

/// Runs tasks `0..n`, on several threads if `jobs` is more than one; results in order.
pub fn parallel<T: Send>(n: usize, jobs: usize, f: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if jobs <= 1 || n <= 1 {
        return (0..n).map(f).collect();
    }
    (0..n).into_par_iter().with_max_len(1).map(&f).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        let slow = |i: usize| {
            std::thread::sleep(std::time::Duration::from_millis(7 * (5 - i as u64)));
            i * i
        };
        for jobs in [1, 3] {
            let mut seen = Vec::new();
            let task = |i| (parallel(5, jobs, slow), slow(i));
            Workers::new(jobs).in_order(5, task, |i, r| seen.push((i, r)));
            let expected: Vec<_> = (0..5).map(|i| (i, (vec![0, 1, 4, 9, 16], i * i))).collect();
            assert_eq!(seen, expected);
        }
    }
}
