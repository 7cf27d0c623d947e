//! Which blocks are beyond a limit of time or size: a pure choice over what is known of them.
//!
//! Time is told by the newest block, not by the clock: a server that was off for a month does not
//! drop what it has, nor does a clock that jumps.

use ulid::Ulid;

/// What the choice needs to know of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) id: Ulid,
    /// Exclusive.
    pub(crate) max_time: i64,
    pub(crate) bytes: u64,
}

/// Newest first.
fn by_age(blocks: &[Held]) -> Vec<Held> {
    let mut blocks = blocks.to_vec();
    blocks.sort_by_key(|block| std::cmp::Reverse((block.max_time, block.id)));
    blocks
}

/// The end of the newest block.
pub(crate) fn newest(blocks: &[Held]) -> Option<i64> {
    blocks.iter().map(|block| block.max_time).max()
}

/// Blocks that end so long before the newest that nothing of them is kept. Never the newest.
pub(crate) fn beyond_time(blocks: &[Held], kept_millis: i64) -> Vec<Ulid> {
    let blocks = by_age(blocks);
    let Some((newest, older)) = blocks.split_first() else { return Vec::new() };
    let is_old = |block: &&Held| newest.max_time.saturating_sub(block.max_time) >= kept_millis;
    older.iter().filter(is_old).map(|block| block.id).collect()
}

/// The oldest blocks, as many as must go so that the others and `other_bytes` come to at most
/// `bytes_max`. Even the newest goes when it must.
pub(crate) fn beyond_size(blocks: &[Held], other_bytes: u64, bytes_max: u64) -> Vec<Ulid> {
    let mut sum = other_bytes;
    let blocks = by_age(blocks);
    let kept = blocks.iter().take_while(|block| {
        sum = sum.saturating_add(block.bytes);
        sum <= bytes_max
    });
    let kept = kept.count();
    blocks.iter().skip(kept).map(|block| block.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(blocks: &[(u128, i64, u64)]) -> Vec<Held> {
        let held = |(id, max_time, bytes): &(u128, i64, u64)| Held {
            id: Ulid(*id),
            max_time: *max_time,
            bytes: *bytes,
        };
        blocks.iter().map(held).collect()
    }

    fn numbers(ids: &[Ulid]) -> Vec<u128> {
        ids.iter().map(|id| id.0).collect()
    }

    #[test]
    fn blocks_that_end_long_before_the_newest_go() {
        let blocks = held(&[(1, 10, 0), (2, 20, 0), (3, 30, 0)]);
        assert_eq!(numbers(&beyond_time(&blocks, 10)), [2, 1]);
        assert_eq!(numbers(&beyond_time(&blocks, 11)), [1]);
        assert_eq!(numbers(&beyond_time(&blocks, 21)), [0; 0]);
        assert_eq!(numbers(&beyond_time(&blocks[..1], 0)), [0; 0], "the newest stays");
        assert_eq!(numbers(&beyond_time(&[], 0)), [0; 0]);
    }

    #[test]
    fn the_oldest_go_until_the_others_fit() {
        let blocks = held(&[(1, 10, 5), (2, 20, 6), (3, 30, 7)]);
        assert_eq!(numbers(&beyond_size(&blocks, 0, 18)), [0; 0]);
        assert_eq!(numbers(&beyond_size(&blocks, 0, 17)), [1]);
        assert_eq!(numbers(&beyond_size(&blocks, 4, 17)), [1]);
        assert_eq!(numbers(&beyond_size(&blocks, 5, 17)), [2, 1]);
        assert_eq!(numbers(&beyond_size(&blocks, 11, 17)), [3, 2, 1]);
        let blocks = held(&[(1, 10, 1), (2, 20, 100), (3, 30, 7)]);
        assert_eq!(numbers(&beyond_size(&blocks, 0, 50)), [2, 1], "no gaps are left");
    }
}
