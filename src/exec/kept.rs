//! Device memory as a thread sees it that keeps what it loaded.
//!
//! Purpose: nothing obliges a thread to look at device memory again before a barrier that orders it: a compiler
//! may keep a value in a register, and a cache need not be coherent (MSL specification, sections on memory coherency
//! and on `threadgroup_barrier`). Where such memory is raced for, a thread may go on with the old value. With
//! [`super::Launch::kept`] every thread does so. Soundness direction: exact for one of the admitted behaviours.

use std::collections::BTreeMap;

use crate::ir::{MemFlags, ObjectId, Space};

/// The bytes that one thread keeps.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    bytes: BTreeMap<(ObjectId, i64), u8>,
}

impl Kept {
    /// What a load of `size` bytes gives when memory holds `bits`, and whether all of it was kept before. What was not is
    /// kept from now on, if it is `plain`: neither approximate nor out of bounds.
    pub fn load(
        &mut self,
        (object, offset): (ObjectId, i64),
        size: u64,
        bits: u64,
        plain: bool,
    ) -> (u64, bool) {
        let mut out = bits.to_le_bytes();
        let mut all = true;
        for (i, o) in out.iter_mut().take(size as usize).enumerate() {
            let at = (object, offset.saturating_add(i as i64));
            match self.bytes.get(&at) {
                Some(b) => *o = *b,
                None => {
                    all = false;
                    if plain {
                        self.bytes.insert(at, *o);
                    }
                }
            }
        }
        (u64::from_le_bytes(out), all)
    }

    /// The thread writes: it sees its own value.
    pub fn store(&mut self, object: ObjectId, offset: i64, size: u64, bits: u64) {
        for (i, b) in bits
            .to_le_bytes()
            .into_iter()
            .take(size as usize)
            .enumerate()
        {
            let at = (object, offset.saturating_add(i as i64));
            self.bytes.insert(at, b);
        }
    }

    /// These bytes are looked at again: an atomic operation always is about memory itself.
    pub fn forget(&mut self, object: ObjectId, offset: i64, size: u64) {
        for i in 0..size as i64 {
            self.bytes.remove(&(object, offset.saturating_add(i)));
        }
    }

    /// The thread passed a barrier with these flags.
    pub fn pass(&mut self, flags: MemFlags, ignore_flags: bool) {
        if ignore_flags || flags.orders(Space::Device) {
            self.bytes.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const O: ObjectId = ObjectId(0);

    #[test]
    fn keeps_until_a_barrier_that_orders_device_memory() {
        let mut k = Kept::default();
        assert_eq!(k.load((O, 8), 4, 7, true), (7, false));
        assert_eq!(k.load((O, 8), 4, 9, true), (7, true));
        // Half of it, and the half that was not loaded.
        assert_eq!(k.load((O, 10), 4, 0x0001_0203, true), (0x0001_0000, false));
        let threadgroup = MemFlags {
            threadgroup: true,
            ..MemFlags::default()
        };
        k.pass(threadgroup, false);
        assert_eq!(k.load((O, 8), 4, 9, true), (7, true));
        let device = MemFlags {
            device: true,
            ..MemFlags::default()
        };
        // What is approximate is not kept.
        assert_eq!(k.load((O, 40), 4, 5, false), (5, false));
        assert_eq!(k.load((O, 40), 4, 6, false), (6, false));
        k.pass(device, false);
        assert_eq!(k.load((O, 8), 4, 9, true), (9, false));
    }

    #[test]
    fn a_thread_sees_its_own_writes_and_atomics_see_memory() {
        let mut k = Kept::default();
        k.load((O, 0), 4, 1, true);
        k.store(O, 0, 4, 2);
        assert_eq!(k.load((O, 0), 4, 3, true), (2, true));
        k.forget(O, 0, 4);
        assert_eq!(k.load((O, 0), 4, 3, true), (3, false));
    }
}
