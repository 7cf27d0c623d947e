//! What one Alertmanager has still to hear. Pure: alerts, answers and the time go in, batches come out.
//!
//! Invariant: of each alert the newest news alone is kept; it stands where the older news stood in line.
//! Invariant: a batch that failed stands in line again, at its end, but for alerts of which there is newer
//! news by now. A batch that was refused is halved until the alert that is to blame stands alone; that one
//! is given up.
//! Invariant: no more alerts wait than the capacity. The first to be given up is the one that is over for
//! longest; where none is over, the one that stands first in line.

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
    next_place: u64,
    /// Handed out and not yet answered for.
    under_way: Vec<(u64, Waiting)>,
}

#[derive(Clone, Debug)]
struct Waiting {
    alert: Arc<Alert>,
    /// How many may go together with it, itself included.
    company: usize,
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
            next_place: 0,
            under_way: Vec::new(),
        }
    }

    /// Alerts that are not handed over yet.
    pub(crate) fn len(&self) -> usize {
        self.line.len() + self.under_way.len()
    }

    /// Takes news; the alerts that were given up for want of room.
    pub(crate) fn add(&mut self, news: &[Arc<Alert>], now: Timestamp) -> usize {
        let mut given_up = 0;
        for alert in news {
            let place = self.places.get(&alert.labels).copied();
            let place = place.unwrap_or_else(|| self.end_of_line());
            self.stand(place, Waiting { alert: Arc::clone(alert), company: self.batch_max });
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
        let leave = |place| self.leave(place).map(|waiting| (place, waiting));
        self.under_way = places.into_iter().filter_map(leave).collect();
        self.under_way.iter().map(|(_, waiting)| Arc::clone(&waiting.alert)).collect()
    }

    /// What became of the batch under way; the alerts that are given up.
    pub(crate) fn ended(&mut self, outcome: Outcome, now: Timestamp) -> usize {
        let batch = std::mem::take(&mut self.under_way);
        let company = batch.len().div_ceil(2);
        match outcome {
            Outcome::Taken => 0,
            Outcome::Refused if batch.len() == 1 => 1,
            Outcome::Refused => {
                let halved = |(place, waiting)| (place, Waiting { company, ..waiting });
                self.stand_again(batch.into_iter().map(halved), now)
            }
            Outcome::Failed => {
                let last = self.next_place;
                self.next_place += batch.len() as u64;
                self.stand_again((last..).zip(batch.into_iter().map(|(_, waiting)| waiting)), now)
            }
        }
    }

    fn stand_again(
        &mut self,
        batch: impl Iterator<Item = (u64, Waiting)>,
        now: Timestamp,
    ) -> usize {
        for (place, waiting) in batch {
            if !self.places.contains_key(&waiting.alert.labels) {
                self.stand(place, waiting);
            }
        }
        self.make_room(now)
    }

    fn end_of_line(&mut self) -> u64 {
        let place = self.next_place;
        self.next_place += 1;
        place
    }

    /// Puts an alert at its place, in the place of older news of it.
    fn stand(&mut self, place: u64, waiting: Waiting) {
        self.leave(place);
        self.ends.insert((waiting.alert.ends_at, place));
        self.places.insert(waiting.alert.labels.clone(), place);
        self.line.insert(place, waiting);
    }

    fn leave(&mut self, place: u64) -> Option<Waiting> {
        let waiting = self.line.remove(&place)?;
        self.ends.remove(&(waiting.alert.ends_at, place));
        self.places.remove(&waiting.alert.labels);
        Some(waiting)
    }

    fn make_room(&mut self, now: Timestamp) -> usize {
        let mut given_up = 0;
        while self.line.len() > self.capacity {
            let over = self.ends.first().filter(|(end, _)| *end <= now).map(|(_, place)| *place);
            let first = self.line.first_key_value().map(|(place, _)| *place);
            let Some(place) = over.or(first) else { break };
            self.leave(place);
            given_up += 1;
        }
        given_up
    }
}

#[cfg(test)]
mod tests;
