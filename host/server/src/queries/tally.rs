//! What queries cost since the start, by their text.
//!
//! Invariant: at most [`QUERIES_MAX`] texts of [`TEXT_BYTES_MAX`] bytes are kept. One more takes the
//! place of the one that cost least for each second since it was last asked: dear queries stay, and
//! so does what is asked now.
//! Invariant: queries of rules are not counted; what these cost stands with their rules.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use narthex_api::{QueryCost, QueryOrder, TopQueries};
use narthex_model::Timestamp;
use narthex_platform::Clock;
use narthex_promql::{QueryOrigin, QueryRecord};
use parking_lot::Mutex;

/// Texts that are kept.
const QUERIES_MAX: usize = 1_000;

/// Bytes of a text. Longer ones that begin alike count as one.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// Adds up what queries cost.
#[derive(Debug)]
pub(crate) struct Tally {
    clock: Clock,
    since: Timestamp,
    /// Guards the sums. Held for one look through them at most.
    sums: Mutex<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    by_text: BTreeMap<Box<str>, Sum>,
    forgotten: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u64,
    failed: u64,
    duration: Duration,
    duration_max: Duration,
    samples: u64,
    samples_max: u64,
    /// Milliseconds since the epoch.
    last: i64,
}

impl Sum {
    /// Seconds of work for each second since the query was last asked.
    fn worth(&self, now: i64) -> f64 {
        let age = Duration::from_millis(now.saturating_sub(self.last).max(0).unsigned_abs());
        self.duration.as_secs_f64() / (age + Duration::from_secs(1)).as_secs_f64()
    }
}

impl Tally {
    pub(crate) fn new(clock: Clock) -> Self {
        let since = Timestamp::from_millis(clock.now_millis());
        Self { clock, since, sums: Mutex::default() }
    }

    pub(crate) fn add(&self, record: &QueryRecord<'_>) {
        if matches!(record.origin, Some(QueryOrigin::RuleGroup { .. })) {
            return;
        }
        let now = self.clock.now_millis();
        let text = super::cut(record.query, TEXT_BYTES_MAX);
        let mut sums = self.sums.lock();
        if !sums.by_text.contains_key(text) {
            sums.make_room(now);
            sums.by_text.insert(text.into(), Sum::default());
        }
        let Some(sum) = sums.by_text.get_mut(text) else { return };
        let duration = record.stats.prepared + record.stats.evaluated;
        sum.count += 1;
        sum.failed += u64::from(record.error.is_some());
        sum.duration += duration;
        sum.duration_max = sum.duration_max.max(duration);
        sum.samples += record.stats.samples;
        sum.samples_max = sum.samples_max.max(record.stats.samples);
        sum.last = now;
    }

    /// The first `limit` queries, those that cost most first.
    pub(crate) fn top(&self, order: QueryOrder, limit: usize) -> TopQueries {
        let sums = self.sums.lock();
        let mut sorted: Vec<(&str, &Sum)> =
            sums.by_text.iter().map(|(text, sum)| (&**text, sum)).collect();
        // A stable sort: queries that cost the same stay in the order of their texts.
        match order {
            QueryOrder::Duration => sorted.sort_by_key(|(_, sum)| Reverse(sum.duration)),
            QueryOrder::Slowest => sorted.sort_by_key(|(_, sum)| Reverse(sum.duration_max)),
            QueryOrder::Count => sorted.sort_by_key(|(_, sum)| Reverse(sum.count)),
            QueryOrder::Samples => sorted.sort_by_key(|(_, sum)| Reverse(sum.samples)),
        }
        let cost = |(text, sum): (&str, &Sum)| QueryCost {
            query: text.to_owned(),
            count: sum.count,
            failed: sum.failed,
            duration_sum: sum.duration,
            duration_max: sum.duration_max,
            samples_sum: sum.samples,
            samples_max: sum.samples_max,
            last: Timestamp::from_millis(sum.last),
        };
        TopQueries {
            since: self.since,
            kept: sums.by_text.len(),
            forgotten: sums.forgotten,
            queries: sorted.into_iter().take(limit).map(cost).collect(),
        }
    }
}

impl Sums {
    fn make_room(&mut self, now: i64) {
        if self.by_text.len() < QUERIES_MAX {
            return;
        }
        let worth = |sum: &Sum| sum.worth(now);
        let least = self.by_text.iter().min_by(|(_, a), (_, b)| worth(a).total_cmp(&worth(b)));
        if let Some(text) = least.map(|(text, _)| text.clone()) {
            self.by_text.remove(&text);
            self.forgotten += 1;
        }
    }
}

#[cfg(test)]
mod tests;
