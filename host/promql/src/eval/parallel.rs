//! The work on many series, split among threads.
//!
//! Series are taken in batches. The threads of a batch take runs of series until there are none
//! left; the rows come out in the order of the series, so that a query answers the same whatever
//! the number of threads. What is too little for threads is computed one series at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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

    /// What the handles of series take, about: what they point to is the store's.
    pub(super) fn bytes(&self) -> usize {
        let each = size_of::<Box<dyn Series>>() + size_of::<usize>();
        self.series.iter().map(|series| each + size_of_val(&**series)).sum()
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
    ready: std::vec::IntoIter<Charged>,
    /// What those hold.
    holding: Holding<'q>,
}

/// A row and what it holds. Only bytes: how many rows wait depends on the number of threads, and the
/// limit of samples should hardly.
type Charged = (Row, Amount);

/// The rows of a run of series, with the account of them.
struct Run<'l> {
    rows: Vec<Charged>,
    holding: Holding<'l>,
}

impl Run<'_> {
    fn push(&mut self, row: Row) -> Result<(), QueryError> {
        let amount = Amount::bytes_of_row(&row);
        self.rows.push((row, amount));
        self.holding.add_little(amount)
    }
}

impl<'q, F: Fn(&dyn Series, &mut Columns) -> Computed + Sync> Batches<'q, F> {
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

    /// The rows of a run; they are on the ledger as they come.
    fn compute_run(
        &self,
        series: &[Box<dyn Series>],
        scratch: &mut Columns,
        has_failed: &AtomicBool,
    ) -> Result<Run<'q>, QueryError> {
        let rows = Vec::with_capacity(series.len());
        let holding = self.cx.ledger.holding();
        let mut run = Run { rows, holding };
        for one in series {
            if has_failed.load(Ordering::Relaxed) {
                break;
            }
            if let Some(row) = (self.compute)(one.as_ref(), scratch)? {
                run.push(row)?;
            }
        }
        run.holding.book()?;
        Ok(run)
    }

    /// The rows of a batch, computed by this thread and `helpers` beside it. As soon as one of them
    /// fails, all end.
    fn compute_batch(
        &self,
        batch: &[Box<dyn Series>],
        helpers: usize,
    ) -> Result<Vec<Run<'q>>, QueryError> {
        let length = batch.len().div_ceil((helpers + 1) * RUNS).max(1);
        let runs: Vec<&[Box<dyn Series>]> = batch.chunks(length).collect();
        let done: Vec<Mutex<Option<Run<'q>>>> = runs.iter().map(|_| Mutex::default()).collect();
        let next = AtomicUsize::new(0);
        let (has_failed, failure) = (AtomicBool::new(false), Mutex::new(None));
        let work = || {
            let mut scratch = Columns::default();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let (Some(run), Some(slot)) = (runs.get(index), done.get(index)) else { return };
                match self.compute_run(run, &mut scratch, &has_failed) {
                    Ok(run) => *slot.lock() = Some(run),
                    Err(error) => {
                        has_failed.store(true, Ordering::Relaxed);
                        failure.lock().get_or_insert(error);
                        return;
                    }
                }
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
        match failure.into_inner() {
            Some(error) => Err(error),
            None => Ok(done.into_iter().filter_map(Mutex::into_inner).collect()),
        }
    }
}

impl<F: Fn(&dyn Series, &mut Columns) -> Computed + Sync> Iterator for Batches<'_, F> {
    type Item = Result<Row, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((row, amount)) = self.ready.next() {
                self.holding.remove(amount);
                return Some(Ok(row));
            }
            let series = self.selected.series.get(self.next)?;
            if self.is_parallel {
                let lease = self.cx.workers.lease(THREADS_MAX - 1);
                let batch = if lease.count > 0 { self.batch(lease.count + 1) } else { &[] };
                if batch.len() > 1 {
                    let (count, runs) = (batch.len(), self.compute_batch(batch, lease.count));
                    self.next += count;
                    let runs = match runs {
                        Ok(runs) => runs,
                        Err(error) => return Some(Err(error)),
                    };
                    let mut ready = Vec::with_capacity(count);
                    for Run { rows, holding } in runs {
                        ready.extend(rows);
                        self.holding.absorb(holding);
                    }
                    self.ready = ready.into_iter();
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
