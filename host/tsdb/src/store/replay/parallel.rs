//! The replay on several threads: the caller's reads, the others append.
//!
//! Bound of what is under way: for each worker a message that fills, [`QUEUED`] that wait and one
//! that is worked on, each of at most 96 KiB of samples or one record of chunks.

use std::sync::mpsc::sync_channel;
use std::thread;

use super::ReplayError;
use super::route::Outlet;
use super::walk::Walk;
use super::work::Work;

/// Messages that wait for a worker: enough to bridge a record of series, which takes the reader as
/// long as a few messages take a worker.
const QUEUED: usize = 8;
/// More share too few shards.
pub(crate) const WORKERS_MAX: usize = 8;

/// Walks to the end with `workers` threads beside this one.
pub(crate) fn run(walk: &mut Walk, workers: usize) -> Result<(), ReplayError> {
    if workers == 0 {
        let mut outlet = walk.direct();
        while walk.step(&mut outlet)? {}
        return Ok(());
    }
    let workers = workers.min(WORKERS_MAX);
    thread::scope(|threads| {
        let (back, returned) = sync_channel(workers * (QUEUED + 2));
        let mut queues = Vec::with_capacity(workers);
        for _ in 0..workers {
            let (queue, work) = sync_channel::<Work>(QUEUED);
            let (worker, back) = (walk.worker(), back.clone());
            threads.spawn(move || {
                for work in work {
                    if let Some(memory) = worker.apply(work) {
                        // Too much of it is let go.
                        back.try_send(memory).ok();
                    }
                }
            });
            queues.push(queue);
        }
        let mut outlet = Outlet::Threads { queues, returned };
        let outcome = loop {
            match walk.step(&mut outlet) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // The workers end when nothing more can come.
        drop(outlet);
        outcome
    })
}
