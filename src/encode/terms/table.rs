//! Tables that the program itself defines.
//!
//! Soundness direction: exact for the elements of short tables; anything else stays an unknown function of the address.

use super::Encoder;
use crate::encode::logic::{AtomId, Lin};
use crate::ir::{ObjectId, ScalarTy};

/// Most elements that are spelled out.
const MOST: usize = 64;

impl Encoder<'_> {
    /// Says what a read of a program constant at `at` bytes yields.
    pub(super) fn table(&mut self, object: ObjectId, ty: ScalarTy, at: &Lin, value: AtomId) {
        let kernel = self.kernel;
        let Some(bytes) = kernel
            .objects
            .get(object.index())
            .and_then(|o| o.init.as_ref())
        else {
            return;
        };
        let width = ty.size() as usize;
        if ty.is_float() || width == 0 || width > 8 || bytes.len() / width > MOST {
            return;
        }
        for (i, element) in bytes.chunks_exact(width).enumerate() {
            let here = Lin::constant((i * width) as i128);
            let holds = Lin::constant(number(element, ty.is_signed()));
            let there = self.logic.eq(at, &here);
            let same = self.logic.eq(&Lin::atom(value), &holds);
            let fact = self.logic.implies(there, same);
            self.logic.define(value, fact);
        }
    }
}

/// Little-endian bytes as a number.
fn number(bytes: &[u8], signed: bool) -> i128 {
    let bits = bytes
        .iter()
        .rev()
        .fold(0i128, |v, b| v << 8 | i128::from(*b));
    let w = 8 * bytes.len() as u32;
    if signed && bits >> (w - 1) != 0 {
        bits - (1 << w)
    } else {
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn bytes_are_little_endian() {
        assert_eq!(number(&[1, 2], false), 513);
        assert_eq!(number(&[0xff, 0xff], false), 65535);
        assert_eq!(number(&[0xff, 0xff], true), -1);
        assert_eq!(number(&[0, 0x80], true), -32768);
    }
}
