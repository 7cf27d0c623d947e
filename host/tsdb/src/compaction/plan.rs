//! Which blocks become one next: a pure choice over what is known of them.
//!
//! The choices are Prometheus', so that a folder looks the same whichever server kept it: blocks
//! that overlap first; then the oldest group of blocks that fills a range of the next level, or that
//! nothing newer can join; then a block of which much is deleted.
//!
//! Invariant: the newest block is never chosen unless it overlaps, so that a backup of new data has
//! one block range of time. A block that could not be read when it was chosen before stays out.

use ulid::Ulid;

/// How many ranges there are, each so many times as long as the one before.
const LEVELS: usize = 10;
const LEVEL_FACTOR: i64 = 3;
/// From this share of tombstones by series on a block is written anew.
const TOMBSTONES_SHARE: f64 = 0.05;

/// What the choice needs to know of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) id: Ulid,
    pub(crate) min_time: i64,
    /// Exclusive.
    pub(crate) max_time: i64,
    pub(crate) series: u64,
    pub(crate) tombstones: u64,
    /// Compacting it failed because of what it holds.
    pub(crate) failed: bool,
    pub(crate) class: Class,
}

/// Blocks that hold only some series of their time say so by a hint, which would be lost in a merge
/// with others: classes are never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// All series, or out-of-order samples, which belong to them.
    Whole,
    /// Only series that had gone stale.
    Stale,
    /// Only series that somebody selected.
    Selected,
}

/// The lengths of blocks, ascending: `block` and its levels up to `longest`.
pub(crate) fn ranges(block: i64, longest: i64) -> Vec<i64> {
    let levels = std::iter::successors(Some(block), |range| range.checked_mul(LEVEL_FACTOR));
    let mut ranges: Vec<i64> = levels.take(LEVELS).take_while(|range| *range <= longest).collect();
    if ranges.is_empty() {
        ranges.push(block);
    }
    ranges
}

/// The blocks to make one of, ascending by time; none when there is nothing to do.
pub(crate) fn plan(candidates: &[Candidate], ranges: &[i64], merges_overlaps: bool) -> Vec<Ulid> {
    for class in [Class::Whole, Class::Stale, Class::Selected] {
        let mut blocks: Vec<&Candidate> =
            candidates.iter().filter(|block| block.class == class).collect();
        blocks.sort_by_key(|block| (block.min_time, block.id));
        let chosen = plan_class(&blocks, ranges, merges_overlaps);
        if !chosen.is_empty() {
            return chosen.iter().map(|block| block.id).collect();
        }
    }
    Vec::new()
}

fn plan_class<'a>(
    blocks: &[&'a Candidate],
    ranges: &[i64],
    merges_overlaps: bool,
) -> Vec<&'a Candidate> {
    let overlapping = if merges_overlaps { overlapping(blocks) } else { Vec::new() };
    if !overlapping.is_empty() {
        return overlapping;
    }
    let Some((_newest, older)) = blocks.split_last() else { return Vec::new() };
    let level = filled_level(older, ranges);
    if !level.is_empty() {
        return level;
    }
    much_deleted(older, ranges).into_iter().collect()
}

/// The first run of blocks of which each overlaps those before it.
fn overlapping<'a>(blocks: &[&'a Candidate]) -> Vec<&'a Candidate> {
    let mut run: Vec<&Candidate> = Vec::new();
    let mut end = i64::MIN;
    for block in blocks.iter().copied().filter(|block| !block.failed) {
        if !run.is_empty() && block.min_time >= end {
            if run.len() > 1 {
                break;
            }
            run.clear();
        }
        run.push(block);
        end = end.max(block.max_time);
    }
    if run.len() > 1 { run } else { Vec::new() }
}

/// The first group that fills a range of one of the higher levels, or that lies before the newest
/// of `blocks`, so that nothing can join it any more.
fn filled_level<'a>(blocks: &[&'a Candidate], ranges: &[i64]) -> Vec<&'a Candidate> {
    let Some(newest) = blocks.last() else { return Vec::new() };
    for range in ranges.iter().skip(1) {
        for group in groups(blocks, *range) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            let is_full = last.max_time.saturating_sub(first.min_time) == *range;
            let is_past = last.max_time <= newest.min_time;
            let has_failed = group.iter().any(|block| block.failed);
            if group.len() > 1 && (is_full || is_past) && !has_failed {
                return group;
            }
        }
    }
    Vec::new()
}

/// Blocks by the aligned range of length `range` in which they lie; without those that lie in none.
fn groups<'a>(blocks: &[&'a Candidate], range: i64) -> Vec<Vec<&'a Candidate>> {
    let mut groups: Vec<(i64, Vec<&Candidate>)> = Vec::new();
    for block in blocks {
        let start = block.min_time.div_euclid(range).saturating_mul(range);
        // The group that was begun takes whatever ends within it.
        let ends_within = |start: i64| block.max_time <= start.saturating_add(range);
        let open = groups.last_mut().filter(|(start, _)| ends_within(*start));
        if let Some((_, group)) = open {
            group.push(block);
        } else if ends_within(start) {
            groups.push((start, vec![block]));
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// The newest block of which so much is deleted that it is worth writing anew. Small blocks become
/// part of a larger one soon, unless nothing is left of them.
fn much_deleted<'a>(blocks: &[&'a Candidate], ranges: &[i64]) -> Option<&'a Candidate> {
    let large = ranges.get(ranges.len() / 2).copied().unwrap_or(i64::MAX);
    for block in blocks.iter().rev().copied() {
        if block.max_time.saturating_sub(block.min_time) < large {
            let all_deleted = block.tombstones > 0 && block.tombstones >= block.series;
            return Some(block).filter(|_| all_deleted && !block.failed);
        }
        if share(block.tombstones, block.series) > TOMBSTONES_SHARE && !block.failed {
            return Some(block);
        }
    }
    None
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits")]
fn share(tombstones: u64, series: u64) -> f64 {
    tombstones as f64 / (series as f64 + 1.0)
}

#[cfg(test)]
mod tests;
