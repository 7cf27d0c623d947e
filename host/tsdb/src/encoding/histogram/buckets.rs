//! Buckets under two layouts: which has what, whether a count fell, and counts moved from one to
//! the other.

use std::ops::Add;

use narthex_model::Span;

/// The buckets of one side of a histogram with what they count. Indexes ascend.
fn indexes(spans: &[Span]) -> impl Iterator<Item = i64> + '_ {
    spans
        .iter()
        .scan(0_i64, |next, span| {
            let first = *next + i64::from(span.offset);
            *next = first + i64::from(span.length);
            Some(first..*next)
        })
        .flatten()
}

/// How the buckets of a sample differ from those of the chunk it shall enter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// The sample has buckets that the chunk lacks.
    pub(super) has_more: bool,
    /// The chunk has buckets that the sample lacks.
    pub(super) has_less: bool,
}

/// Compares without a look at the counts, as for gauges.
pub(super) fn compare_layouts(chunk: &[Span], sample: &[Span]) -> Difference {
    let mut difference = Difference::default();
    if chunk != sample {
        walk(chunk, sample, |in_chunk, in_sample| {
            difference.has_more |= !in_chunk;
            difference.has_less |= !in_sample;
        });
    }
    difference
}

/// Compares a counter's buckets; none when a count fell or a bucket in use is gone: a reset.
pub(super) fn compare_counts<T: Copy + Default + PartialOrd>(
    chunk: (&[Span], impl Iterator<Item = T>),
    sample: (&[Span], impl Iterator<Item = T>),
) -> Option<Difference> {
    let (mut before, mut now) = (chunk.1, sample.1);
    let (mut difference, mut fell) = (Difference::default(), false);
    walk(chunk.0, sample.0, |in_chunk, in_sample| {
        let count_before = if in_chunk { before.next() } else { None }.unwrap_or_default();
        let count_now = if in_sample { now.next() } else { None }.unwrap_or_default();
        difference.has_more |= !in_chunk;
        difference.has_less |= !in_sample;
        fell |= match (in_chunk, in_sample) {
            (true, true) => count_before > count_now,
            (true, false) => count_before != T::default(),
            (false, _) => false,
        };
    });
    (!fell).then_some(difference)
}

/// All buckets of both, in as few spans as there can be.
pub(super) fn union(one: &[Span], other: &[Span]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut next = 0;
    walk_indexes(one, other, |index, _, _| {
        match spans.last_mut() {
            Some(last) if index == next => last.length += 1,
            _ => {
                // Distances between indexes that came from offsets of 32 bits and fewer buckets
                // than memory holds.
                let offset = i32::try_from(index - next).unwrap_or(i32::MAX);
                spans.push(Span { offset, length: 1 });
            }
        }
        next = index + 1;
    });
    spans
}

/// The counts under `from` as counts under `to`, which has all buckets of `from`.
pub(super) fn moved<T: Copy + Default>(
    from: &[Span],
    counts: impl Iterator<Item = T>,
    to: &[Span],
) -> Vec<T> {
    let (mut counts, mut out) = (counts, Vec::new());
    walk(from, to, |in_from, in_to| {
        let count = if in_from { counts.next() } else { None }.unwrap_or_default();
        if in_to {
            out.push(count);
        }
    });
    out
}

/// Buckets of a finer schema under one that is `finer_by` coarser: 2^`finer_by` become one.
pub(super) fn coarser<T: Copy + Add<Output = T>>(
    spans: &[Span],
    counts: impl Iterator<Item = T>,
    finer_by: u32,
) -> (Vec<Span>, Vec<T>) {
    let mut merged: Vec<(i64, T)> = Vec::new();
    for (index, count) in indexes(spans).zip(counts) {
        // A bucket's index names its upper bound.
        let index = ((index - 1) >> finer_by) + 1;
        match merged.last_mut() {
            Some((last, sum)) if *last == index => *sum = *sum + count,
            _ => merged.push((index, count)),
        }
    }
    let (mut spans, mut next) = (Vec::<Span>::new(), 0);
    for (index, _) in &merged {
        match spans.last_mut() {
            Some(last) if *index == next => last.length += 1,
            _ => {
                let offset = i32::try_from(index - next).unwrap_or(i32::MAX);
                spans.push(Span { offset, length: 1 });
            }
        }
        next = index + 1;
    }
    (spans, merged.into_iter().map(|(_, count)| count).collect())
}

fn walk(one: &[Span], other: &[Span], mut visit: impl FnMut(bool, bool)) {
    walk_indexes(one, other, |_, in_one, in_other| visit(in_one, in_other));
}

/// Calls `visit` for each bucket of either in order, with where it is.
fn walk_indexes(one: &[Span], other: &[Span], mut visit: impl FnMut(i64, bool, bool)) {
    let (mut one, mut other) = (indexes(one).peekable(), indexes(other).peekable());
    loop {
        let index = match (one.peek(), other.peek()) {
            (Some(a), Some(b)) => *a.min(b),
            (Some(only), None) | (None, Some(only)) => *only,
            (None, None) => return,
        };
        let in_one = one.next_if_eq(&index).is_some();
        let in_other = other.next_if_eq(&index).is_some();
        visit(index, in_one, in_other);
    }
}
