//! What one Alertmanager has still to hear. Pure: alerts, answers and the time go in, batches come out.
//!
//! Invariant: of each alert the newest news alone is kept; it stands where the older news stood in line.
//! Invariant: a batch that was not taken stands in line again, at its end, but for alerts of which there is
//! newer news by now. Until it is taken, each of its alerts goes in half that company: one that is to blame
//! soon stands alone, and the requests after an outage are more by one at most for each that failed in it.
//! Invariant: only an alert that was refused alone is given up for it.
//! Invariant: no more alerts wait than the capacity. The first to be given up is the one that is over for
//! longest; where none is over, the one of which there was no news for longest.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Alert, Labels, Timestamp};

/// What nobody took a day after it was over is no news any more.
const OVER_MAX: Duration = Duration::from_secs(24 * 3600);

/// How an attempt to hand over a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The other side has it.
    Taken,
    /// The other side will never take it as it is.
    Refused,
    /// It may be taken later.
    Failed,
}

/// Alerts that wait, and those under way.
#[derive(Debug)]
pub(crate) struct Backlog {
    capacity: usize,
    batch_max: usize,
    /// By place in line.
    line: BTreeMap<u64, Waiting>,
    /// Where the news of an alert stands.
    places: HashMap<Labels, u64>,
    /// When those in line end, or ended.
    ends: BTreeSet<(Timestamp, u64)>,
    /// Places by the age of the news that stands there, the oldest first.
    ages: BTreeMap<u64, u64>,
    /// Counts places and news.
    ticks: u64,
    /// Handed out and not yet answered for.
    under_way: Vec<Waiting>,
    /// In the last round what failed is not handed out again: so many did.
    failed_for_good: Option<usize>,
}

#[derive(Clone, Debug)]
struct Waiting {
    alert: Arc<Alert>,
    /// How many may go together with it, itself included.
    company: usize,
    /// When its news came, in ticks.
    age: u64,
}

impl Backlog {
    /// Nothing waits. `capacity` and `batch_max` are at least one.
    pub(crate) fn new(capacity: usize, batch_max: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            batch_max: batch_max.max(1),
            line: BTreeMap::new(),
            places: HashMap::new(),
            ends: BTreeSet::new(),
            ages: BTreeMap::new(),
            ticks: 0,
            under_way: Vec::new(),
            failed_for_good: None,
        }
    }

    /// Alerts that are not handed over yet.
    pub(crate) fn len(&self) -> usize {
        self.line.len() + self.under_way.len() + self.failed_for_good.unwrap_or(0)
    }

    /// From now on every batch is handed out once; one that is refused, in its halves too.
    pub(crate) fn begin_last_round(&mut self) {
        self.failed_for_good.get_or_insert(0);
    }

    /// Takes news; the alerts that were given up for want of room.
    pub(crate) fn add(&mut self, news: &[Arc<Alert>], now: Timestamp) -> usize {
        let mut given_up = 0;
        for alert in news {
            let known = self.places.get(&alert.labels).copied();
            let company = known.and_then(|place| self.line.get(&place)).map(|it| it.company);
            let place = known.unwrap_or_else(|| self.tick());
            let company = company.unwrap_or(self.batch_max);
            let age = self.tick();
            self.stand(place, Waiting { alert: Arc::clone(alert), company, age });
            given_up += self.make_room(now);
        }
        given_up
    }

    /// Gives up what is over for too long; how many that were.
    pub(crate) fn forget_old(&mut self, now: Timestamp) -> usize {
        let mut forgotten = 0;
        while let Some((end, place)) = self.ends.first().copied()
            && end + OVER_MAX < now
        {
            self.leave(place);
            forgotten += 1;
        }
        forgotten
    }

    /// The next batch; its outcome is told by [`Backlog::ended`] before another one is asked for.
    pub(crate) fn next(&mut self) -> Vec<Arc<Alert>> {
        assert!(self.under_way.is_empty(), "one batch is under way at a time");
        let mut batch_max = self.batch_max;
        let mut places = Vec::new();
        for (place, waiting) in &self.line {
            batch_max = batch_max.min(waiting.company);
            if places.len() >= batch_max {
                break;
            }
            places.push(*place);
        }
        self.under_way = places.into_iter().filter_map(|place| self.leave(place)).collect();
        self.under_way.iter().map(|waiting| Arc::clone(&waiting.alert)).collect()
    }

    /// What became of the batch under way; the alerts that are given up.
    pub(crate) fn ended(&mut self, outcome: Outcome, now: Timestamp) -> usize {
        let batch = std::mem::take(&mut self.under_way);
        let half = batch.len().div_ceil(2);
        match (outcome, &mut self.failed_for_good) {
            (Outcome::Taken, _) => {
                batch.iter().for_each(|taken| self.part(&taken.alert.labels, self.batch_max));
                0
            }
            (Outcome::Refused, _) if batch.len() == 1 => 1,
            (Outcome::Failed, Some(failed)) => {
                *failed += batch.len();
                0
            }
            (Outcome::Refused | Outcome::Failed, _) => {
                for waiting in batch {
                    if self.places.contains_key(&waiting.alert.labels) {
                        self.part(&waiting.alert.labels, half);
                    } else {
                        let place = self.tick();
                        self.stand(place, Waiting { company: half, ..waiting });
                    }
                }
                self.make_room(now)
            }
        }
    }

    /// Says in what company the news of an alert goes, where there is any in line.
    fn part(&mut self, labels: &Labels, company: usize) {
        let place = self.places.get(labels);
        if let Some(waiting) = place.and_then(|place| self.line.get_mut(place)) {
            waiting.company = company;
        }
    }

    fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    /// Puts an alert at its place, in the place of older news of it.
    fn stand(&mut self, place: u64, waiting: Waiting) {
        self.leave(place);
        self.ends.insert((waiting.alert.ends_at, place));
        self.ages.insert(waiting.age, place);
        self.places.insert(waiting.alert.labels.clone(), place);
        self.line.insert(place, waiting);
    }

    fn leave(&mut self, place: u64) -> Option<Waiting> {
        let waiting = self.line.remove(&place)?;
        self.ends.remove(&(waiting.alert.ends_at, place));
        self.ages.remove(&waiting.age);
        self.places.remove(&waiting.alert.labels);
        Some(waiting)
    }

    fn make_room(&mut self, now: Timestamp) -> usize {
        let mut given_up = 0;
        while self.line.len() > self.capacity {
            let over = self.ends.first().filter(|(end, _)| *end <= now).map(|(_, place)| *place);
            let oldest = self.ages.first_key_value().map(|(_, place)| *place);
            let Some(place) = over.or(oldest) else { break };
            self.leave(place);
            given_up += 1;
        }
        given_up
    }
}

#[cfg(test)]
mod tests;
