//! A store that refuses whole batches.

use narthex_model::{Exemplar, Metadata, NativeHistogram, Timestamp};
use narthex_storage::{AppendError, Appender, CommitError, Committed, SeriesRef};

use super::*;

/// A store that may be full.
#[derive(Debug)]
pub(super) struct Fragile {
    pub(super) store: MemoryStore,
    pub(super) is_full: Arc<AtomicBool>,
}

struct FragileAppender<'a> {
    appender: Box<dyn Appender + 'a>,
    is_full: &'a AtomicBool,
}

impl Appendable for Fragile {
    fn appender(&self) -> Box<dyn Appender + '_> {
        Box::new(FragileAppender { appender: self.store.appender(), is_full: &self.is_full })
    }
}

impl Appender for FragileAppender<'_> {
    fn series(&mut self, labels: &Labels) -> Result<SeriesRef, AppendError> {
        self.appender.series(labels)
    }

    fn find(&mut self, labels: &Labels) -> Option<SeriesRef> {
        self.appender.find(labels)
    }

    fn append(&mut self, series: SeriesRef, at: Timestamp, value: f64) -> Result<(), AppendError> {
        self.appender.append(series, at, value)
    }

    fn append_histogram(
        &mut self,
        series: SeriesRef,
        at: Timestamp,
        histogram: Arc<NativeHistogram>,
    ) -> Result<(), AppendError> {
        self.appender.append_histogram(series, at, histogram)
    }

    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) -> Result<(), AppendError> {
        self.appender.exemplar(series, exemplar)
    }

    fn metadata(&mut self, family: &str, metadata: &Metadata) {
        self.appender.metadata(family, metadata);
    }

    fn commit(self: Box<Self>) -> Result<Committed, CommitError> {
        if self.is_full.load(Ordering::Relaxed) {
            return Err(CommitError::Poisoned { reason: "it is full".to_owned() });
        }
        self.appender.commit()
    }
}

impl World {
    async fn scrape_in_vain(&self, text: &'static str) {
        let failed = || self.counter("narthex_scrape_commits_failed_total");
        let before = failed();
        self.is_full.store(true, Ordering::Relaxed);
        self.scrape("a", text).await;
        self.is_full.store(false, Ordering::Relaxed);
        assert_eq!(failed(), before + 1);
    }
}

#[tokio::test]
async fn metadata_that_was_not_stored_is_told_again() {
    let world = World::with("").await;
    let text = "# HELP x What x is.\nx 1\n";
    world.scrape_in_vain(text).await;
    assert!(world.store.metadata(None).is_empty());
    assert!(world.scraper.targets()[0].active[0].families.is_empty());
    world.scrape("a", text).await;
    assert_eq!(world.store.metadata(None)[0].1.help, "What x is.");
    assert_eq!(world.scraper.targets()[0].active[0].families.len(), 1);
}

#[tokio::test]
async fn what_was_there_before_a_refused_batch_is_ended_by_the_next() {
    let world = World::with("").await;
    world.scrape("a", "x 1\ny 1\nz 1\n").await;
    world.scrape_in_vain("x 2\ny 2\n").await;
    world.scrape("a", "x 3\nz 3\n").await;
    world.scrape("a", "x 4\n").await;
    assert_eq!(world.stored(), lines(&["x{$A} 1 3 4", "y{$A} 1 S", "z{$A} 1 3 S"]));
}

#[tokio::test]
async fn series_whose_markers_were_refused_are_ended_by_the_next_scrape() {
    let world = World::with("").await;
    world.scrape("a", "x 1\n").await;
    world.scrape_in_vain("x {").await;
    world.scrape("a", "x {").await;
    assert_eq!(world.stored(), lines(&["x{$A} 1 S"]));
}
