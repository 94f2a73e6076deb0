//! Memory objects.
//!
//! Purpose: one [`Store`] per shared object and per thread-private object and thread. Contents come
//! from a fill rule and are materialised in pages only where written, so that offsets of any size
//! are harmless: reads of untouched places are computed, writes beyond the page budget are
//! dropped and reported. Every byte knows whether it was written and whether its value is
//! approximate. Soundness direction: exact; what is out of bounds reads as 0, marked approximate.

use std::collections::BTreeMap;

use super::launch::{BufferSpec, Fill, Launch, buffer_object};
use super::value::{from_f64, mask};
use crate::ir::{Kernel, Object, ScalarTy, Space};

const PAGE: u64 = 4096;
/// Pages that are found by index; farther ones by search.
const NEAR_PAGES: u64 = 1 << 14;
/// Pages of one object (256 MiB with the flags).
const MAX_PAGES: usize = 1 << 15;

const WRITTEN: u8 = 1;
const TAINTED: u8 = 2;

#[derive(Clone, Debug)]
struct Page {
    data: Vec<u8>,
    flags: Vec<u8>,
}

/// What is wrong with an access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// It leaves the object.
    pub out_of_bounds: bool,
    /// It reads bytes that nothing wrote.
    pub uninitialised: bool,
    /// It reads an approximate value.
    pub tainted: bool,
    /// The page budget is used up; the write was dropped.
    pub out_of_memory: bool,
}

/// One object's bytes.
#[derive(Clone, Debug)]
pub struct Store {
    /// Bytes; `None` is as large as needed.
    pub size: Option<u64>,
    scalar: ScalarTy,
    fill: Fill,
    /// Bytes start out as uninitialised.
    poison: bool,
    /// A store of which nobody knows where it went may have changed any byte.
    spoiled: bool,
    /// Bytes of a page: small for small private objects.
    page: u64,
    near: Vec<Option<Box<Page>>>,
    far: BTreeMap<u64, Box<Page>>,
    pages: usize,
}

impl Store {
    /// An object with its contents before the launch.
    pub fn new(object: &Object, spec: Option<&BufferSpec>) -> Store {
        let poison = matches!(object.space, Space::Threadgroup | Space::Thread);
        let size = spec.and_then(|s| s.size).or(object.size);
        let fill = match spec {
            _ if poison => Fill::Zeros,
            Some(s) => s.fill,
            None if object.space == Space::Constant => Fill::Zeros,
            None => BufferSpec::default().fill,
        };
        let page = match object.size {
            Some(n) if object.space == Space::Thread => n.clamp(8, PAGE).next_power_of_two(),
            _ => PAGE,
        };
        let mut store = Store {
            size,
            scalar: object.scalar.unwrap_or(ScalarTy::U8),
            fill,
            poison,
            spoiled: false,
            page,
            near: Vec::new(),
            far: BTreeMap::new(),
            pages: 0,
        };
        if let Some(init) = &object.init {
            store.preset(0, init);
        }
        for (at, bytes) in spec.map(|s| s.bytes.as_slice()).unwrap_or_default() {
            store.preset(*at, bytes);
        }
        store
    }

    /// Sets bytes before the launch; those beyond the size are ignored.
    pub fn preset(&mut self, at: u64, bytes: &[u8]) {
        for (i, b) in bytes.iter().enumerate() {
            let Some(offset) = at.checked_add(i as u64) else {
                return;
            };
            if self.size.is_some_and(|n| offset >= n) {
                return;
            }
            self.put(offset, *b, WRITTEN);
        }
    }

    /// Whether `width` bytes at an offset lie inside.
    pub fn inside(&self, offset: i64, width: u64) -> bool {
        let limit = self.size.unwrap_or(1 << 48).min(1 << 48);
        u64::try_from(offset).is_ok_and(|o| o.checked_add(width).is_some_and(|end| end <= limit))
    }

    fn page(&self, index: u64) -> Option<&Page> {
        if index < NEAR_PAGES {
            self.near.get(index as usize)?.as_deref()
        } else {
            self.far.get(&index).map(|p| &**p)
        }
    }

    fn page_mut(&mut self, index: u64) -> Option<&mut Page> {
        if self.page(index).is_none() {
            if self.pages >= MAX_PAGES {
                return None;
            }
            self.pages += 1;
            let start = index * self.page;
            let page = Box::new(Page {
                data: (start..start + self.page)
                    .map(|o| fill_byte(self.fill, self.scalar, o))
                    .collect(),
                flags: vec![if self.poison { 0 } else { WRITTEN }; self.page as usize],
            });
            if index < NEAR_PAGES {
                if self.near.len() <= index as usize {
                    self.near.resize(index as usize + 1, None);
                }
                self.near[index as usize] = Some(page);
            } else {
                self.far.insert(index, page);
            }
        }
        if index < NEAR_PAGES {
            self.near.get_mut(index as usize)?.as_deref_mut()
        } else {
            self.far.get_mut(&index).map(|p| &mut **p)
        }
    }

    fn put(&mut self, offset: u64, byte: u8, flag: u8) -> bool {
        let (index, at) = (offset / self.page, (offset % self.page) as usize);
        let Some(page) = self.page_mut(index) else {
            return false;
        };
        page.data[at] = byte;
        page.flags[at] = flag;
        true
    }

    fn get(&self, offset: u64) -> (u8, u8) {
        match self.page(offset / self.page) {
            Some(p) => {
                let at = (offset % self.page) as usize;
                (p.data[at], p.flags[at])
            }
            None if self.poison => (0, 0),
            None => (fill_byte(self.fill, self.scalar, offset), WRITTEN),
        }
    }

    /// Whether from here on nothing is known of its contents.
    pub fn spoil(&mut self, really: bool) {
        self.spoiled |= really;
    }

    /// Reads a scalar of `width` bytes (at most 8).
    pub fn read(&self, offset: i64, width: u64) -> (u64, Trouble) {
        let mut trouble = Trouble::default();
        if !self.inside(offset, width) {
            trouble.out_of_bounds = true;
            trouble.tainted = true;
            return (0, trouble);
        }
        let offset = offset as u64;
        let (index, at) = (offset / self.page, (offset % self.page) as usize);
        let n = width as usize;
        let mut bits = 0u64;
        let (mut all, mut any) = (WRITTEN, 0u8);
        if at + n <= self.page as usize
            && let Some(p) = self.page(index)
        {
            for i in (0..n).rev() {
                bits = bits << 8 | u64::from(p.data[at + i]);
                all &= p.flags[at + i];
                any |= p.flags[at + i];
            }
        } else if !self.poison
            && self.page(index).is_none()
            && width == self.scalar.size()
            && offset.is_multiple_of(width)
        {
            bits = fill_element(self.fill, self.scalar, offset / width);
        } else {
            for i in (0..width).rev() {
                let (b, f) = self.get(offset + i);
                bits = bits << 8 | u64::from(b);
                all &= f;
                any |= f;
            }
        }
        trouble.uninitialised = all & WRITTEN == 0 && !self.spoiled;
        trouble.tainted = any & TAINTED != 0 || all & WRITTEN == 0 || self.spoiled;
        (bits, trouble)
    }

    /// Writes a scalar of `width` bytes (at most 8).
    pub fn write(&mut self, offset: i64, width: u64, bits: u64, tainted: bool) -> Trouble {
        let mut trouble = Trouble::default();
        if !self.inside(offset, width) {
            trouble.out_of_bounds = true;
            return trouble;
        }
        let offset = offset as u64;
        let flag = WRITTEN | if tainted { TAINTED } else { 0 };
        let (index, at) = (offset / self.page, (offset % self.page) as usize);
        let n = width as usize;
        if at + n <= self.page as usize {
            let Some(p) = self.page_mut(index) else {
                trouble.out_of_memory = true;
                return trouble;
            };
            for i in 0..n {
                p.data[at + i] = (bits >> (8 * i)) as u8;
                p.flags[at + i] = flag;
            }
        } else {
            for i in 0..width {
                if !self.put(offset + i, (bits >> (8 * i)) as u8, flag) {
                    trouble.out_of_memory = true;
                }
            }
        }
        trouble
    }

    /// The pages that exist, by first byte, with their contents; for comparing outputs.
    pub fn pages(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let near = self.near.iter().enumerate().filter_map(|(i, p)| {
            p.as_deref()
                .map(|p| (i as u64 * self.page, p.data.as_slice()))
        });
        let far = self
            .far
            .iter()
            .map(|(i, p)| (i * self.page, p.data.as_slice()));
        near.chain(far)
    }

    /// Copies bytes out; places that nothing wrote hold what the fill rule says.
    pub fn bytes(&self, offset: u64, len: usize) -> Vec<u8> {
        (0..len as u64).map(|i| self.get(offset + i).0).collect()
    }
}

/// Host pointers are this many bits apart.
const HOST_BITS: u32 = 32;

/// Every shared object as the launch starts; thread-private ones are left empty.
pub fn prepare(kernel: &Kernel, launch: &Launch) -> Vec<Store> {
    let mut specs: Vec<Option<&BufferSpec>> = vec![None; kernel.objects.len()];
    for (name, spec) in &launch.buffers {
        if let Some(object) = buffer_object(kernel, name) {
            specs[object.index()] = Some(spec);
        }
    }
    let mut stores: Vec<Store> = kernel
        .objects
        .iter()
        .zip(specs)
        .map(|(o, spec)| {
            let mut store = Store::new(o, spec);
            store.poison &= !(launch.zeroed && o.space == Space::Threadgroup);
            store
        })
        .collect();
    for s in &kernel.scalars {
        let Some(store) = stores.get_mut(s.object.index()) else {
            continue;
        };
        if let Some(bits) = launch.scalars.get(&s.name).and_then(|v| v.encode(s.ty)) {
            let bytes = bits.to_le_bytes();
            store.preset(s.offset, &bytes[..s.ty.size() as usize]);
        }
    }
    // The host's pointers lead to different memory, unless contents are given.
    for (i, (object, at)) in kernel.pointers.host.iter().enumerate() {
        if let Some(store) = stores.get_mut(object.index()) {
            store.preset(*at, &((i as u64 + 1) << HOST_BITS).to_le_bytes());
        }
    }
    for (object, at, bytes) in &launch.overlays {
        if let Some(store) = stores.get_mut(object.index()) {
            store.preset(*at, bytes);
        }
    }
    stores
}

/// A well-mixed 64-bit number (splitmix64).
pub fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn fill_element(fill: Fill, ty: ScalarTy, index: u64) -> u64 {
    let v = match fill {
        Fill::Zeros => return 0,
        Fill::Index => index as i64,
        Fill::Random { seed, low, high } => {
            let span = (high.max(low).wrapping_sub(low) as u64).wrapping_add(1);
            let r = mix(mix(seed) ^ index);
            low.wrapping_add(if span == 0 { r } else { r % span } as i64)
        }
    };
    if ty.is_float() {
        from_f64(ty, v as f64)
    } else if ty == ScalarTy::Bool {
        v as u64 & 1
    } else {
        mask(ty, v as u64)
    }
}

fn fill_byte(fill: Fill, ty: ScalarTy, offset: u64) -> u8 {
    let size = ty.size();
    (fill_element(fill, ty, offset / size) >> (8 * (offset % size))) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn object(space: Space, size: Option<u64>) -> Object {
        Object {
            name: "a".into(),
            space,
            size,
            elem: "float".into(),
            elem_size: 4,
            scalar: Some(ScalarTy::F32),
            dims: Vec::new(),
            param: Some(0),
            read_only: false,
            init: None,
            span: Span::default(),
        }
    }

    #[test]
    fn huge_and_negative_offsets_are_harmless() {
        let mut s = Store::new(&object(Space::Device, None), None);
        for at in [-1, i64::MIN, i64::MAX, 1 << 60] {
            assert!(s.read(at, 4).1.out_of_bounds);
            assert!(s.write(at, 4, 1, false).out_of_bounds);
        }
        assert_eq!(s.write(1 << 40, 4, 7, false), Trouble::default());
        assert_eq!(s.read(1 << 40, 4), (7, Trouble::default()));
        assert_eq!(s.pages().count(), 1);
    }

    #[test]
    fn pages_and_rules_agree() {
        let fill = Fill::Random {
            seed: 3,
            low: -5,
            high: 5,
        };
        let mut s = Store::new(
            &object(Space::Device, None),
            Some(&BufferSpec::filled(fill)),
        );
        let before: Vec<u64> = (0..8).map(|i| s.read(4 * i, 4).0).collect();
        s.write(64, 4, 1, false);
        let after: Vec<u64> = (0..8).map(|i| s.read(4 * i, 4).0).collect();
        assert_eq!(before, after);
        assert!(before.iter().any(|v| *v != before[0]));
    }

    #[test]
    fn uninitialised_bytes_are_noticed() {
        let mut s = Store::new(&object(Space::Threadgroup, Some(8)), None);
        assert!(s.read(0, 4).1.uninitialised);
        s.write(0, 2, 1, false);
        assert!(s.read(0, 4).1.uninitialised);
        assert!(!s.read(0, 2).1.uninitialised);
        assert!(s.read(8, 4).1.out_of_bounds);
        assert!(s.read(6, 4).1.out_of_bounds);
    }
}
