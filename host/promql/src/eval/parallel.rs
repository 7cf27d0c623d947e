//! The work on many series, split among threads.
//!
//! Series are taken in batches. The threads of a batch take runs of series until there are none
//! left; the rows come out in the order of the series, so that a query answers the same whatever
//! the number of threads. What is too little for threads is computed one series at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use narthex_storage::{Columns, Series};
use parking_lot::Mutex;

use crate::result::QueryError;

use super::Rows;
use super::context::Context;
use super::holding::{Amount, Holding};
use super::row::Row;

/// Less work than this is not worth a thread: starting one takes as long as 10,000 samples do.
const WORK_MIN: usize = 100_000;
/// A batch has about this much, for each of its threads.
const BATCH_WORK: usize = 500_000;
/// The rows of a batch have no more values than this: 32 MiB of floats.
const BATCH_VALUES_MAX: usize = 4 << 20;
/// And take no more than this part of the memory that a query may hold.
const BATCH_MEMORY_PART: usize = 8;
/// Threads of one query: more would wait for what consumes the rows.
const THREADS_MAX: usize = 16;
/// Runs for each thread of a batch, so that none waits long for the last one.
const RUNS: usize = 4;

/// The series that satisfy the same matchers.
pub(super) type SeriesList = Arc<Selected>;

/// What a selection found.
pub(crate) struct Selected {
    pub(super) series: Vec<Box<dyn Series>>,
    /// How many samples each has at most. Asked once: the store looks into every chunk for it.
    samples: Vec<usize>,
    samples_of_all: usize,
}

impl Selected {
    pub(super) fn new(series: Vec<Box<dyn Series>>) -> Self {
        let samples: Vec<usize> = series.iter().map(|series| series.samples_max()).collect();
        let samples_of_all = samples.iter().sum();
        Self { series, samples, samples_of_all }
    }

    /// How many samples all have at most.
    pub(super) const fn samples(&self) -> usize {
        self.samples_of_all
    }
}

type Computed = Result<Option<Row>, QueryError>;

/// The rows that `compute` makes of series. It gets memory to decode into.
pub(super) fn rows<'q>(
    selected: SeriesList,
    steps: usize,
    cx: &'q Context<'q>,
    compute: impl Fn(&dyn Series, &mut Columns) -> Computed + Sync + 'q,
) -> Rows<'q> {
    let work = selected.samples() + steps.saturating_mul(selected.series.len());
    let is_parallel = work >= WORK_MIN && selected.series.len() > 1;
    Box::new(Batches {
        selected,
        next: 0,
        steps,
        is_parallel,
        cx,
        compute,
        scratch: Columns::default(),
        ready: Vec::new().into_iter(),
        holding: cx.ledger.holding(),
    })
}

struct Batches<'q, F> {
    selected: SeriesList,
    /// The first series that no batch has taken.
    next: usize,
    steps: usize,
    is_parallel: bool,
    cx: &'q Context<'q>,
    compute: F,
    scratch: Columns,
    /// Computed, and not yet taken.
    ready: std::vec::IntoIter<Result<Row, QueryError>>,
    /// What those hold.
    holding: Holding<'q>,
}

impl<F: Fn(&dyn Series, &mut Columns) -> Computed + Sync> Batches<'_, F> {
    /// The series of a batch for so many threads.
    fn batch(&self, threads: usize) -> &[Box<dyn Series>] {
        let Selected { series, samples, .. } = &*self.selected;
        let memory_max = self.cx.ledger.bytes_max() / BATCH_MEMORY_PART / size_of::<f64>();
        let values_max = BATCH_VALUES_MAX.min(memory_max);
        let rest = series.get(self.next..).unwrap_or(&[]);
        let (mut work, mut values, mut count) = (0_usize, 0_usize, 0);
        for samples in samples.iter().skip(self.next) {
            if work >= BATCH_WORK * threads || values >= values_max {
                break;
            }
            work += samples + self.steps;
            values += self.steps;
            count += 1;
        }
        rest.get(..count).unwrap_or(rest)
    }

    /// The rows of a batch, computed by this thread and `helpers` beside it.
    fn compute_batch(
        &self,
        batch: &[Box<dyn Series>],
        helpers: usize,
    ) -> Vec<Result<Row, QueryError>> {
        let run = batch.len().div_ceil((helpers + 1) * RUNS).max(1);
        let runs: Vec<&[Box<dyn Series>]> = batch.chunks(run).collect();
        let done: Vec<Mutex<Vec<Result<Row, QueryError>>>> =
            runs.iter().map(|_| Mutex::default()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut scratch = Columns::default();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let (Some(run), Some(slot)) = (runs.get(index), done.get(index)) else { return };
                let computed = run.iter().map(|one| (self.compute)(one.as_ref(), &mut scratch));
                *slot.lock() = computed.filter_map(Result::transpose).collect();
            }
        };
        thread::scope(|threads| {
            for _ in 0..helpers {
                // Where the system gives no thread, the others do its part.
                let builder = thread::Builder::new().name("query".to_owned());
                drop(builder.spawn_scoped(threads, work));
            }
            work();
        });
        done.into_iter().flat_map(Mutex::into_inner).collect()
    }
}

impl<F: Fn(&dyn Series, &mut Columns) -> Computed + Sync> Iterator for Batches<'_, F> {
    type Item = Result<Row, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.ready.next() {
                if let Ok(row) = &row {
                    self.holding.remove(Amount::of_row(row));
                }
                return Some(row);
            }
            let series = self.selected.series.get(self.next)?;
            if self.is_parallel {
                let lease = self.cx.workers.lease(THREADS_MAX - 1);
                let batch = if lease.count > 0 { self.batch(lease.count + 1) } else { &[] };
                if batch.len() > 1 {
                    let (count, rows) = (batch.len(), self.compute_batch(batch, lease.count));
                    self.next += count;
                    let mut amounts = rows.iter().flatten().map(Amount::of_row);
                    if let Err(error) = amounts.try_for_each(|amount| self.holding.add(amount)) {
                        return Some(Err(error));
                    }
                    self.ready = rows.into_iter();
                    continue;
                }
            }
            self.next += 1;
            let row = (self.compute)(series.as_ref(), &mut self.scratch).transpose();
            if row.is_some() {
                return row;
            }
        }
    }
}
