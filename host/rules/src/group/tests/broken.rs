//! A store that refuses for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use narthex_model::{Exemplar, Labels, Metadata, NativeHistogram, Timestamp};
use narthex_storage::{
    AppendError, Appendable, Appender, CommitError, Committed, MemoryStore, SeriesRef,
};

use super::{UP, World, at};

#[derive(Clone, Debug)]
struct Broken {
    store: MemoryStore,
    refuses: Arc<AtomicBool>,
}

struct BrokenAppender<'a>(Box<dyn Appender + 'a>, &'a AtomicBool);

impl Appendable for Broken {
    fn appender(&self) -> Box<dyn Appender + '_> {
        Box::new(BrokenAppender(self.store.appender(), &self.refuses))
    }
}

impl Appender for BrokenAppender<'_> {
    fn series(&mut self, labels: &Labels) -> Result<SeriesRef, AppendError> {
        self.0.series(labels)
    }

    fn find(&mut self, labels: &Labels) -> Option<SeriesRef> {
        self.0.find(labels)
    }

    fn append(&mut self, series: SeriesRef, at: Timestamp, value: f64) -> Result<(), AppendError> {
        self.0.append(series, at, value)
    }

    fn append_histogram(
        &mut self,
        series: SeriesRef,
        at: Timestamp,
        histogram: Arc<NativeHistogram>,
    ) -> Result<(), AppendError> {
        self.0.append_histogram(series, at, histogram)
    }

    fn exemplar(&mut self, series: SeriesRef, exemplar: Exemplar) -> Result<(), AppendError> {
        self.0.exemplar(series, exemplar)
    }

    fn metadata(&mut self, family: &str, metadata: &Metadata) {
        self.0.metadata(family, metadata);
    }

    fn commit(self: Box<Self>) -> Result<Committed, CommitError> {
        if self.1.load(Ordering::Relaxed) {
            return Err(CommitError::Poisoned { reason: "the disk is gone".to_owned() });
        }
        self.0.commit()
    }
}

#[test]
fn what_a_store_refuses_is_shown_and_ends_are_written_later() {
    let mut world = World::new();
    let refuses = Arc::new(AtomicBool::new(false));
    let broken = Broken { store: world.store.clone(), refuses: Arc::clone(&refuses) };
    world.tools.write = Arc::new(broken);
    let rules = "  - { record: x, expr: up > 0 }\n  - { record: nothing, expr: up > 5 }\n";
    let group = world.group(rules);
    world.put(UP, 5, 1.0);
    group.evaluate(at(10));
    world.put(UP, 15, 0.0);
    refuses.store(true, Ordering::Relaxed);
    group.evaluate(at(20));
    let view = group.view();
    assert_eq!(
        view.rules[0].last_error,
        "the store refuses writes since a failed write: the disk is gone"
    );
    assert_eq!(view.rules[1].last_error, "", "it wrote nothing");
    refuses.store(false, Ordering::Relaxed);
    group.evaluate(at(30));
    assert_eq!(world.dump("x"), [r#"{job="a"} 1@10 x@30"#]);
}
