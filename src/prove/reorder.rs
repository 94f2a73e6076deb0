//! Showing that atomic operations come in another order without a barrier.
//!
//! Soundness direction: exact; two executions of the IR under an admitted launch whose memory differs.

use std::collections::{BTreeMap, BTreeSet};

use super::kernel::Options;
use super::replay::{STEPS_ALL_AROUND, STEPS_AROUND, adopt, memory_of, near};
use super::verdict::{Replays, Witness};
use crate::exec::{RunOptions, Runnable, order_change};
use crate::ir::{BarrierId, Kernel};

/// Tries to show that atomic operations come in another order with `disabled` deleted, and that results differ. On
/// success the witness says how.
pub fn confirm_order(
    kernel: &Kernel,
    options: &Options,
    witness: &mut Witness,
    disabled: &BTreeSet<BarrierId>,
    replays: &mut Replays,
) -> bool {
    replays.assignments += 1;
    let program = Runnable::new(kernel);
    let scalars: BTreeMap<String, i128> = witness.parameters.iter().cloned().collect();
    let chosen = memory_of(witness);
    let chosen = chosen.into_iter().filter(|m| !program.may_write(m.0));
    let launches = near(
        kernel,
        options,
        witness,
        (&scalars, chosen.collect()),
        disabled,
    );
    let run = RunOptions {
        step_limit: STEPS_AROUND,
        thread_step_limit: STEPS_AROUND,
        ignore_flags: options.ignore_flags,
        ..RunOptions::default()
    };
    let mut left = STEPS_ALL_AROUND;
    for (launch, _) in launches {
        let (found, steps) = order_change(kernel, &program, &launch, disabled, &run);
        if let Some(f) = found {
            adopt(kernel, witness, &f.launch, &f.pair);
            witness.order = Some(f.change);
            replays.nearby += 1;
            return true;
        }
        left = left.saturating_sub(steps);
        if left == 0 {
            break;
        }
    }
    false
}
