//! States as numbers: a walk keeps a fingerprint of each state that it has seen.

use std::hash::{Hash, Hasher};

/// So many bits that two states that differ do not meet.
pub(super) fn fingerprint(state: &impl Hash) -> u128 {
    // Not zero, or zeros at the front would go unseen.
    let mut fold = Fold(u128::MAX);
    state.hash(&mut fold);
    fold.0
}

/// Folds what is hashed into 128 bits.
struct Fold(u128);

impl Fold {
    fn add(&mut self, word: u64) {
        let mixed =
            (self.0 ^ u128::from(word)).wrapping_mul(0x2d35_8dcc_aa6c_78a5_8bb8_4b93_962e_acc9);
        self.0 = mixed ^ (mixed >> 61);
    }
}

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.add(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.add(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.add(word as u64);
    }

    fn finish(&self) -> u64 {
        (self.0 >> 64) as u64
    }
}
