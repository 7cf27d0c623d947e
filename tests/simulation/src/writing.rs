//! How samples come in: scrapes, races of two batches, and samples that come too late.

use narthex_model::{Exemplar, Labels, Metadata, MetricType, Timestamp, stale_nan};
use narthex_oracles::{Batch, Chance, Fate, Samples, exemplar_key};
use narthex_storage::{AppendError, Appendable, Appender};
use narthex_tsdb::{SyncPolicy, Tsdb};

use crate::History;
use crate::history::BEGIN;
use crate::marks::Mark;
use crate::targets::{Line, Sample};

impl History {
    /// One scrape of one target is one commit; answers whether it was acknowledged.
    pub(crate) fn scrape(&mut self, store: &Tsdb, target: usize) -> bool {
        let (now, reach) = (self.now(), self.reach());
        let Some(target) = self.targets.get_mut(target) else { return false };
        if target.was_refused && target.at > reach && self.chance.once_in(2) {
            self.marks.note(Mark::SecondTry);
        } else {
            target.at = (target.at + 1).max(now + self.chance.between(0, 900));
        }
        let mut batch = store.appender();
        let mut written = Batch::default();
        // Some commits bring several samples of a series.
        let repeats = if self.chance.once_in(8) { 3 } else { 1 };
        let ended = target.ended.iter_mut().map(|line| (line, true));
        for (line, has_ended) in ended.chain(target.lines.iter_mut().map(|line| (line, false))) {
            if self.chance.once_in(20) {
                continue;
            }
            let series = self.model.catalog.number(&line.labels);
            for step in 0..repeats {
                let at = target.at + step;
                let sample = match has_ended {
                    true => Sample::Float(stale_nan()),
                    false => line.next(&mut self.chance),
                };
                let key = (series, at);
                if self.model.was_refused(key, sample.value()) || (has_ended && step > 0) {
                    continue;
                }
                written.samples.insert(key, sample.value());
                append(&mut *batch, line, at, &sample).expect("in order");
                if self.chance.once_in(25)
                    && let Some(name) = line.known_as
                {
                    let exemplar = exemplar(at, &mut self.chance);
                    written.exemplars.insert(exemplar_key(series, &exemplar));
                    batch.exemplar(name, exemplar).expect("short");
                }
            }
        }
        target.at += repeats - 1;
        if self.chance.once_in(6) {
            let family = format!("metric_{}", self.chance.below(7));
            let help = format!("said at {}", target.at);
            let what = Metadata { metric_type: MetricType::Gauge, help, unit: String::new() };
            batch.metadata(&family, &what);
            written.metadata.push((family, what));
        }
        let outcome = batch.commit();
        target.was_refused = outcome.is_err();
        if let Ok(done) = &outcome {
            target.ended.clear();
            let stored = (done.samples, done.out_of_order, done.exemplars);
            assert_eq!(stored, (written.samples.len(), 0, written.exemplars.len()));
        }
        self.say(|_| format!("scraped: {outcome:?}"));
        self.note_commit(written, outcome.is_ok())
    }

    fn note_commit(&mut self, batch: Batch, is_ok: bool) -> bool {
        let fate = if is_ok { Fate::Acknowledged } else { Fate::Refused };
        self.model.committed(batch, fate);
        self.marks.note(if is_ok { Mark::Commit } else { Mark::RefusedCommit });
        if is_ok && self.config.sync() == SyncPolicy::Always && !self.is_in_doubt {
            self.model.committed_durably();
        }
        is_ok
    }

    /// Two batches for one target are open at once; the later samples may be committed first.
    pub(crate) fn race(&mut self, store: &Tsdb) {
        let now = self.now();
        let index = self.chance.index(self.targets.len());
        let Some(target) = self.targets.get_mut(index) else { return };
        let first = (target.at + 1).max(now);
        target.at = first + 1 + self.chance.between(0, 5);
        target.was_refused = false;
        let mut batches = Vec::new();
        for at in [first, target.at] {
            let mut batch = store.appender();
            let mut samples = Samples::new();
            for line in &mut target.lines {
                let series = self.model.catalog.number(&line.labels);
                let sample = line.next(&mut self.chance);
                samples.insert((series, at), sample.value());
                append(&mut *batch, line, at, &sample).expect("in order");
            }
            batches.push((batch, samples));
        }
        self.marks.note(Mark::Race);
        if self.chance.once_in(2) {
            batches.reverse();
        }
        let mut newest = i64::MIN;
        for (batch, samples) in batches {
            let at = samples.keys().map(|(_, at)| *at).max().unwrap_or(0);
            let outcome = batch.commit();
            let is_late = at < newest && self.window() == 0;
            self.say(|_| format!("race @{at}: {outcome:?}"));
            match &outcome {
                Ok(done) if is_late => {
                    assert_eq!((done.samples, done.out_of_order), (0, samples.len()), "late");
                    self.marks.note(Mark::RefusedSample);
                }
                Ok(done) => {
                    assert_eq!((done.samples, done.out_of_order), (samples.len(), 0), "in time");
                    newest = newest.max(at);
                    self.note_commit(Batch { samples, ..Batch::default() }, true);
                }
                Err(_) if is_late => {}
                Err(_) => {
                    self.note_commit(Batch { samples, ..Batch::default() }, false);
                }
            }
        }
    }

    /// Samples out of order, within the window.
    pub(crate) fn send_late(&mut self, store: &Tsdb) {
        let (index, window) = (self.chance.index(self.targets.len()), self.window());
        let from = self.model.newest_of_all().unwrap_or(BEGIN) - window + 1_000;
        let Some(target) = self.targets.get_mut(index) else { return };
        if window == 0 {
            return;
        }
        let mut batch = store.appender();
        let mut samples = Samples::new();
        for line in &mut target.lines {
            let series = self.model.catalog.number(&line.labels);
            for _ in 0..self.chance.below(4) {
                let at = from.max(BEGIN) + self.chance.between(0, window);
                let newest = self.model.newest(series).map(|(at, _)| at);
                let sample = line.next(&mut self.chance);
                let key = (series, at);
                let is_new = !self.model.was_written(key) && !samples.contains_key(&key);
                if !is_new || newest.is_none_or(|newest| at >= newest) {
                    continue;
                }
                append(&mut *batch, line, at, &sample).expect("within the window");
                samples.insert(key, sample.value());
            }
        }
        let outcome = batch.commit();
        self.say(|_| format!("late: {outcome:?}"));
        if let Ok(done) = &outcome {
            assert_eq!((done.samples, done.out_of_order), (samples.len(), 0), "late");
            self.marks.note(Mark::OutOfOrder);
        }
        self.note_commit(Batch { samples, ..Batch::default() }, outcome.is_ok());
    }

    /// Samples that come too late, again, or otherwise: refused by name; and a batch that is
    /// dropped leaves nothing.
    pub(crate) fn send_old(&mut self, store: &Tsdb) {
        let (index, reach) = (self.chance.index(self.targets.len()), self.reach());
        let window = self.window();
        let Some(target) = self.targets.get_mut(index) else { return };
        let mut batch = store.appender();
        for line in &mut target.lines {
            let Some(series) = self.model.catalog.find(&line.labels) else { continue };
            let Some((newest, value)) = self.model.newest(series) else { continue };
            // Only the head knows what is newest.
            if newest <= reach.max(BEGIN) + 1 {
                continue;
            }
            let other = Sample::Float(0.123_456);
            if window == 0 {
                let late = append(&mut *batch, line, newest - 1, &other);
                assert_eq!(late, Err(AppendError::OutOfOrder), "{} @{}", line.labels, newest - 1);
            }
            if value != other.value() {
                let twice = append(&mut *batch, line, newest, &other);
                assert_eq!(twice, Err(AppendError::Duplicate), "{} @{newest}", line.labels);
            }
            append(&mut *batch, line, newest + 1, &other).expect("in order");
            self.marks.note(Mark::RefusedSample);
        }
        drop(batch);
    }
}

fn exemplar(at: i64, chance: &mut Chance) -> Exemplar {
    let trace = format!("{:08x}", chance.small(u32::MAX));
    let labels = Labels::from_pairs([("trace_id", trace)]);
    Exemplar { labels, value: chance.fraction(), at: Timestamp::from_millis(at) }
}

/// Appends by the name that the store gave the series, asked for anew when it is forgotten.
fn append(
    batch: &mut dyn Appender,
    line: &mut Line,
    at: i64,
    sample: &Sample,
) -> Result<(), AppendError> {
    let at = Timestamp::from_millis(at);
    for _ in 0..2 {
        let series = match line.known_as {
            Some(series) => series,
            None => batch.series(&line.labels)?,
        };
        line.known_as = Some(series);
        let outcome = match sample {
            Sample::Float(value) => batch.append(series, at, *value),
            Sample::Histogram(histogram) => {
                batch.append_histogram(series, at, histogram.clone().into())
            }
        };
        if outcome != Err(AppendError::UnknownSeries) {
            return outcome;
        }
        line.known_as = None;
    }
    Err(AppendError::UnknownSeries)
}
