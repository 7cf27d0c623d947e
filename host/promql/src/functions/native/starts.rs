//! Start times of samples: since when a counter counts. Zero where that is not known.

/// Whether the counter began anew between a sample and the next, by their start times.
pub(crate) fn is_reset(before: (i64, i64), now: (i64, i64)) -> bool {
    let ((start_before, at_before), (start, at)) = (before, now);
    // No start, or none that can be. A start that is the sample's own time is one that is unknown.
    if start == 0 || start >= at || start < at_before {
        return false;
    }
    if start > at_before {
        return true;
    }
    // It starts where the sample before stands: a delta; or a series whose start is unknown, and
    // that one said so too.
    start_before != 0 && start_before < at_before
}

/// Whether a sample counts from within the time of the one before, and not from its start.
pub(crate) const fn overlaps(before: (i64, i64), start: i64) -> bool {
    let (start_before, at_before) = before;
    start != 0 && start < at_before && start != start_before
}

/// Start and time of the sample at `index`; nothing where starts are not known.
pub(crate) fn at(starts: &[i64], times: &[i64], index: usize) -> Option<(i64, i64)> {
    Some((*starts.get(index)?, *times.get(index)?))
}

/// When the counter began, if that was within the window, and before the first sample.
pub(crate) fn began(starts: &[i64], window_start: i64, first_at: i64) -> Option<i64> {
    let start = *starts.first()?;
    (start != 0 && start > window_start && start < first_at).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_after_the_sample_before_is_a_reset() {
        let check = |before, now, expected| assert_eq!(is_reset(before, now), expected, "{now:?}");
        check((5, 10), (5, 20), false);
        check((5, 10), (12, 20), true);
        // Deltas touch each other.
        check((5, 10), (10, 20), true);
        // Unknown starts are none, or the sample's own time, or the one before that.
        check((5, 10), (0, 20), false);
        check((5, 10), (20, 20), false);
        check((5, 10), (21, 20), false);
        check((0, 10), (10, 20), false);
        check((10, 10), (10, 20), false);
        check((11, 10), (10, 20), false);
    }

    #[test]
    fn an_overlap_is_neither_a_delta_nor_a_counter() {
        assert!(overlaps((5, 10), 7));
        assert!(!overlaps((5, 10), 5) && !overlaps((5, 10), 10) && !overlaps((5, 10), 0));
    }

    #[test]
    fn a_counter_began_within_the_window_or_it_does_not_matter() {
        assert_eq!(began(&[5, 5], 4, 10), Some(5));
        assert_eq!(began(&[5, 5], 5, 10), None);
        assert_eq!(began(&[10, 5], 4, 10), None);
        assert_eq!(began(&[], 4, 10), None);
    }
}
