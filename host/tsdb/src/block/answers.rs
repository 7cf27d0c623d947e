//! The selectors that a block was asked last, with the series they chose: dashboards and rules ask
//! the same again and again.
//!
//! Invariant: a block's index never changes, so an answer stays right for as long as the block is
//! open.

use std::collections::VecDeque;
use std::sync::Arc;

use narthex_model::Matcher;
use parking_lot::Mutex;

/// A block's answers take no more than this share of its index: as a whole they stay below what the
/// system keeps of the indexes anyhow.
const INDEX_SHARE: u64 = 8;
/// More than a busy dashboard has panels.
const ANSWERS_MAX: usize = 64;

/// A selector and the series it chose.
type Answer = (Box<[Matcher]>, Arc<[u32]>);

/// Answers of one block.
#[derive(Debug)]
pub(super) struct Answers {
    bytes_max: usize,
    /// Guards what is kept.
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The one that was asked for last comes last.
    answers: VecDeque<Answer>,
    bytes: usize,
}

fn bytes_of(matchers: &[Matcher], series: &[u32]) -> usize {
    let texts = matchers.iter().map(|m| m.name().len() + m.value().len() + size_of::<Matcher>());
    texts.sum::<usize>() + size_of_val(series)
}

impl Answers {
    /// Keeps nothing yet, and never more than a share of the index.
    pub(super) fn new(index_bytes: u64) -> Self {
        let bytes_max = usize::try_from(index_bytes / INDEX_SHARE).unwrap_or(usize::MAX);
        Self { bytes_max, kept: Mutex::default() }
    }

    /// What the same selector chose before.
    pub(super) fn get(&self, matchers: &[Matcher]) -> Option<Arc<[u32]>> {
        let answers = &mut self.kept.lock().answers;
        let place = answers.iter().rposition(|(known, _)| **known == *matchers)?;
        let found = answers.remove(place)?;
        let series = Arc::clone(&found.1);
        answers.push_back(found);
        Some(series)
    }

    /// Keeps an answer, in place of those that were asked for longest ago.
    pub(super) fn keep(&self, matchers: &[Matcher], series: &Arc<[u32]>) {
        let bytes = bytes_of(matchers, series);
        if bytes > self.bytes_max {
            return;
        }
        let mut kept = self.kept.lock();
        kept.answers.push_back((matchers.into(), Arc::clone(series)));
        kept.bytes += bytes;
        while kept.bytes > self.bytes_max || kept.answers.len() > ANSWERS_MAX {
            let Some((matchers, series)) = kept.answers.pop_front() else { break };
            kept.bytes -= bytes_of(&matchers, &series);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(job: &str) -> [Matcher; 1] {
        [Matcher::equal("job", job)]
    }

    #[test]
    fn the_answer_that_was_asked_for_longest_ago_goes_first() {
        let series: Arc<[u32]> = Arc::from([1, 2, 3]);
        let one = bytes_of(&selector("a"), &series);
        let answers = Answers::new(2 * one as u64 * INDEX_SHARE);
        for job in ["a", "b"] {
            answers.keep(&selector(job), &series);
        }
        assert_eq!(answers.get(&selector("a")).as_deref(), Some(&[1, 2, 3][..]));
        answers.keep(&selector("c"), &series);
        let is_kept = |job| answers.get(&selector(job)).is_some();
        assert_eq!(["a", "b", "c"].map(is_kept), [true, false, true]);
    }

    #[test]
    fn an_answer_that_is_too_large_is_not_kept() {
        let answers = Answers::new(INDEX_SHARE);
        answers.keep(&selector("a"), &Arc::from([1; 100]));
        assert_eq!(answers.get(&selector("a")), None);
        assert_eq!(answers.kept.lock().bytes, 0);
    }
}
