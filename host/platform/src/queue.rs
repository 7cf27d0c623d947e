//! Queues between rooms: named, bounded, and clear about what happens when they are full.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::metrics::{Family, FamilyKind, MetricsSource, Point, PointValue};

/// What happens to an item that finds the queue full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// The oldest item makes room.
    DropOldest,
    /// The new item is dropped.
    DropNewest,
}

/// What can be measured of a queue.
#[derive(Clone, Debug)]
pub struct QueueStats {
    /// The queue's name.
    pub name: &'static str,
    /// Items that wait.
    pub length: usize,
    /// Items that may wait.
    pub capacity: usize,
    /// Items dropped since the start.
    pub dropped: u64,
}

#[derive(Debug)]
struct Shared<T> {
    name: &'static str,
    capacity: usize,
    when_full: WhenFull,
    /// Guards the items that wait.
    items: Mutex<VecDeque<T>>,
    arrived: Notify,
    dropped: AtomicU64,
}

/// The end that fills the queue.
#[derive(Debug)]
pub struct Sender<T>(Arc<Shared<T>>);

/// Seen as `narthex_queue_length`, `narthex_queue_capacity` and `narthex_queue_dropped_total`.
impl<T: Send> MetricsSource for Sender<T> {
    #[expect(clippy::cast_precision_loss, reason = "queues are short, and drops few")]
    fn families(&self) -> Vec<Family> {
        let stats = self.stats();
        let family = |name: &str, help: &str, kind, value| Family {
            name: name.to_owned(),
            help: help.to_owned(),
            kind,
            points: vec![Point {
                labels: vec![("queue".to_owned(), stats.name.to_owned())],
                value: PointValue::Number(value),
            }],
        };
        vec![
            family(
                "narthex_queue_length",
                "Items that wait in a queue between two rooms.",
                FamilyKind::Gauge,
                stats.length as f64,
            ),
            family(
                "narthex_queue_capacity",
                "Items that may wait in a queue between two rooms.",
                FamilyKind::Gauge,
                stats.capacity as f64,
            ),
            family(
                "narthex_queue_dropped_total",
                "Items that a full queue between two rooms dropped.",
                FamilyKind::Counter,
                stats.dropped as f64,
            ),
        ]
    }
}

/// The end that empties the queue.
#[derive(Debug)]
pub struct Receiver<T>(Arc<Shared<T>>);

/// A queue of at most `capacity` items.
///
/// # Panics
/// When `capacity` is zero.
#[must_use]
pub fn bounded<T>(
    name: &'static str,
    capacity: usize,
    when_full: WhenFull,
) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "queue {name} has room for an item");
    let shared = Arc::new(Shared {
        name,
        capacity,
        when_full,
        items: Mutex::new(VecDeque::new()),
        arrived: Notify::new(),
        dropped: AtomicU64::new(0),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Sender<T> {
    /// Adds an item; never waits. `false`: the queue was full and an item was dropped.
    pub fn send(&self, item: T) -> bool {
        let mut items = self.0.items.lock();
        let fits = items.len() < self.0.capacity;
        if !fits {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
        match (fits, self.0.when_full) {
            (true, _) => items.push_back(item),
            (false, WhenFull::DropOldest) => {
                items.pop_front();
                items.push_back(item);
            }
            (false, WhenFull::DropNewest) => {}
        }
        drop(items);
        self.0.arrived.notify_one();
        fits
    }

    /// What can be measured.
    #[must_use]
    pub fn stats(&self) -> QueueStats {
        QueueStats {
            name: self.0.name,
            length: self.0.items.lock().len(),
            capacity: self.0.capacity,
            dropped: self.0.dropped.load(Ordering::Relaxed),
        }
    }
}

impl<T> Receiver<T> {
    /// The oldest item, as soon as there is one. Safe to cancel.
    pub async fn receive(&mut self) -> T {
        loop {
            if let Some(item) = self.try_receive() {
                return item;
            }
            self.0.arrived.notified().await;
        }
    }

    /// The oldest item, if there is one.
    pub fn try_receive(&mut self) -> Option<T> {
        self.0.items.lock().pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_drops_what_it_says() {
        for (when_full, kept) in [(WhenFull::DropOldest, [2, 3]), (WhenFull::DropNewest, [1, 2])] {
            let (sender, mut receiver) = bounded("test", 2, when_full);
            assert!(sender.send(1) && sender.send(2) && !sender.send(3));
            assert_eq!(sender.stats().dropped, 1);
            assert_eq!([receiver.receive().await, receiver.receive().await], kept);
        }
    }
}
