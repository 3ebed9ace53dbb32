//! Which partition a key belongs to.

use std::hash::{Hash, Hasher};

/// FNV-1a over the key's bytes: the hashers of std are keyed, or may change their function.
struct Router(u64);

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The partition, of that many, that `key` belongs to; `count` must not be zero.
pub(super) fn route<K: Hash + ?Sized>(key: &K, count: usize) -> usize {
    let mut router = Router(OFFSET);
    key.hash(&mut router);
    // The hash times the count, shifted down: the high bits choose, and the result is below `count`.
    let scaled = u128::from(router.finish()) * count as u128;
    (scaled >> u64::BITS) as usize
}

impl Hasher for Router {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }

    /// Mixes the bits: those of FNV-1a differ little where short keys do.
    fn finish(&self) -> u64 {
        let mut hash = self.0;
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ (hash >> 33)
    }
}

#[cfg(test)]
mod tests {
    use super::route;

    #[test]
    fn each_key_has_a_partition_below_the_count() {
        for count in [1, 2, 3, 7, 64, usize::MAX] {
            for key in 0..1_000_u32 {
                assert!(route(&key, count) < count);
            }
        }
    }

    #[test]
    fn the_partition_of_a_key_is_the_same_in_each_process() {
        let routes = ["alice", "bob", "carol"].map(|key| route(key, 1_000));
        assert_eq!(routes, [826, 252, 320]);
        assert_eq!(route(&String::from("alice"), 1_000), routes[0]);
    }

    #[test]
    fn names_are_spread_evenly() {
        for count in [2, 3, 8, 10] {
            let mut sizes = vec![0; count];
            for number in 0..10_000 {
                sizes[route(&format!("user-{number}"), count)] += 1;
            }
            let (fair, most) = (10_000 / count, sizes.iter().max().copied());
            assert!(most < Some(fair * 5 / 4), "{count} partitions: {sizes:?}");
        }
    }

    #[test]
    fn keys_that_differ_little_are_spread_evenly() {
        let numbers = |stride: u64| (0..10_000).map(move |key| key * stride);
        for count in [2, 8, 10, 16] {
            for stride in [1, 2, 8, 1_000, 1 << 32, 1 << 56] {
                let mut sizes = vec![0; count];
                // Of the widest stride only so many keys differ.
                let keys: std::collections::BTreeSet<u64> =
                    numbers(1).map(|key| key.wrapping_mul(stride)).collect();
                for key in &keys {
                    sizes[route(key, count)] += 1;
                }
                let (fair, most) = (keys.len() / count, sizes.iter().max().copied());
                assert!(
                    most < Some(fair * 2),
                    "{count} partitions, stride {stride}: {sizes:?}"
                );
            }
        }
    }
}
