//! What a block that is made of others says of itself.

use std::collections::BTreeSet;

use ulid::Ulid;

use crate::block::{BlockMeta, FROM_OUT_OF_ORDER};

use super::plan::{Candidate, Class};

/// Hints of blocks that hold only some series of their time.
const FROM_STALE_SERIES: &str = "from-stale-series";
const FROM_SELECTED_SERIES: &str = "from-selected-series";

/// A section of ours in the document, which others pass over: whether chunks may be dense.
const OWN_SECTION: &str = "narthex";
const DENSE_CHUNKS: &str = "denseChunks";

/// Whether the block may hold chunks that only Narthex reads.
pub(crate) fn may_be_dense(meta: &BlockMeta) -> bool {
    meta.other.get(OWN_SECTION).and_then(|own| own.get(DENSE_CHUNKS)).is_some()
}

pub(crate) fn set_dense(meta: &mut BlockMeta, is_dense: bool) {
    if is_dense {
        let own = serde_json::json!({ DENSE_CHUNKS: true });
        meta.other.insert(OWN_SECTION.to_owned(), own);
    } else {
        meta.other.remove(OWN_SECTION);
    }
}

/// The meta of a block made of these.
pub(crate) fn merged(ulid: Ulid, parents: &[&BlockMeta]) -> BlockMeta {
    let min_time = parents.iter().map(|meta| meta.min_time).min().unwrap_or(0);
    let max_time = parents.iter().map(|meta| meta.max_time).max().unwrap_or(0);
    let mut meta = BlockMeta::new(ulid, min_time, max_time);
    let level = parents.iter().map(|meta| meta.compaction.level).max().unwrap_or(0);
    let sources = parents.iter().flat_map(|meta| meta.compaction.sources.iter().copied());
    meta.compaction.level = level.saturating_add(1);
    meta.compaction.sources = sources.collect::<BTreeSet<Ulid>>().into_iter().collect();
    meta.compaction.parents = parents.iter().map(|meta| meta.parent()).collect();
    meta.compaction.hints = hints(parents);
    meta
}

/// A block is made of out-of-order samples when all its parents are, and of some series only when
/// one is: planning mixes those with their like.
fn hints(parents: &[&BlockMeta]) -> Vec<String> {
    let has = |meta: &BlockMeta, hint: &str| meta.compaction.hints.iter().any(|one| one == hint);
    let mut hints = Vec::new();
    if parents.iter().all(|meta| has(meta, FROM_OUT_OF_ORDER)) {
        hints.push(FROM_OUT_OF_ORDER.to_owned());
    }
    for hint in [FROM_SELECTED_SERIES, FROM_STALE_SERIES] {
        if parents.iter().any(|meta| has(meta, hint)) {
            hints.push(hint.to_owned());
        }
    }
    hints
}

/// A block as planning sees it; `tombstones`: how many it has by now.
pub(crate) fn candidate(meta: &BlockMeta, tombstones: usize) -> Candidate {
    let has = |hint: &str| meta.compaction.hints.iter().any(|one| one == hint);
    let class = if has(FROM_STALE_SERIES) {
        Class::Stale
    } else if has(FROM_SELECTED_SERIES) {
        Class::Selected
    } else {
        Class::Whole
    };
    Candidate {
        id: meta.ulid,
        min_time: meta.min_time,
        max_time: meta.max_time,
        series: meta.stats.num_series,
        tombstones: tombstones as u64,
        failed: meta.compaction.failed,
        class,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(id: u128, times: (i64, i64), level: u32, sources: &[u128]) -> BlockMeta {
        let mut meta = BlockMeta::new(Ulid(id), times.0, times.1);
        meta.compaction.level = level;
        meta.compaction.sources = sources.iter().map(|id| Ulid(*id)).collect();
        meta
    }

    #[test]
    fn a_merged_block_knows_parents_and_sources() {
        let (a, b) = (meta(7, (0, 10), 1, &[7]), meta(5, (8, 20), 3, &[2, 5, 7]));
        let merged = merged(Ulid(9), &[&a, &b]);
        assert_eq!((merged.min_time, merged.max_time, merged.compaction.level), (0, 20, 4));
        assert_eq!(merged.compaction.sources, [Ulid(2), Ulid(5), Ulid(7)]);
        assert_eq!(merged.compaction.parents, [a.parent(), b.parent()]);
        assert!(merged.compaction.hints.is_empty());
    }

    #[test]
    fn a_block_says_whether_its_chunks_may_be_dense() {
        let mut meta = meta(1, (0, 10), 1, &[1]);
        assert!(!may_be_dense(&meta));
        set_dense(&mut meta, true);
        assert!(may_be_dense(&meta));
        assert!(!may_be_dense(&merged(Ulid(9), &[&meta])), "the one who writes says it");
        set_dense(&mut meta, false);
        assert!(meta.other.is_empty());
    }

    #[test]
    fn hints_survive_as_far_as_they_are_true() {
        let with = |hint: &str| {
            let mut meta = meta(1, (0, 10), 1, &[1]);
            meta.compaction.hints.push(hint.to_owned());
            meta
        };
        let (plain, ooo, stale) =
            (meta(2, (0, 10), 1, &[2]), with(FROM_OUT_OF_ORDER), with(FROM_STALE_SERIES));
        let of = |parents: &[&BlockMeta]| merged(Ulid(9), parents).compaction.hints;
        assert_eq!(of(&[&ooo, &ooo]), [FROM_OUT_OF_ORDER]);
        assert!(of(&[&ooo, &plain]).is_empty());
        assert_eq!(of(&[&stale, &plain]), [FROM_STALE_SERIES]);
        assert_eq!(candidate(&stale, 3).class, Class::Stale);
        assert_eq!(candidate(&ooo, 3).class, Class::Whole);
    }
}
