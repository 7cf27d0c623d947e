//! Requests: how many at a time, how large, and what is answered.
//!
//! Always holds: bodies that are being received take at most [`WAITING_BYTES_MAX`] together, so a
//! slow sender holds no more than its own body; as many requests as there are processors are
//! unpacked and stored at a time, on threads that may wait for the disk. Whoever comes beyond that
//! waits, and is told to come again when that takes too long.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use narthex_platform::{Clock, Metrics};
use narthex_storage::Appendable;
use parking_lot::RwLock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{error, warn};

use crate::batch::{Batch, Written};
use crate::error::{Fault, WriteError};
use crate::known::Known;
use crate::telemetry::Telemetry;

/// Bytes of a body as it comes. Prometheus' receiver has the same bound.
pub const BODY_BYTES_MAX: usize = 32 << 20;
/// Bytes of a body when it is unpacked, likewise.
const DECODED_BYTES_MAX: usize = 32 << 20;
/// Bytes of all bodies that are being received or wait for their turn: eight of the largest, or tens
/// of thousands as senders make them.
const WAITING_BYTES_MAX: usize = 256 << 20;
/// Permits count so many bytes.
const PERMIT_BYTES: usize = 1 << 10;
/// How long a request waits for its turn. Senders give up after 30 s; an answer before that tells
/// them to try again.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// How long a body may take to arrive: what senders wait for the answer.
const BODY_MAX: Duration = Duration::from_secs(30);

/// Takes remote write requests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Receiver(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Arc<dyn Appendable>,
    clock: Clock,
    telemetry: Telemetry,
    /// Guards what is known of series. Held for reading while a request is taken. Order: before all
    /// locks of the store.
    known: RwLock<Known>,
    bodies: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    /// [`WAIT_MAX`], but in tests.
    wait_max: Duration,
}

/// Room for a body that is about to be received.
#[derive(Debug)]
pub struct Place {
    /// Given back when the request is done with.
    _permit: OwnedSemaphorePermit,
}

impl Receiver {
    /// A receiver that writes to `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Appendable>, clock: Clock, metrics: &Metrics) -> Self {
        Self::with_wait(store, clock, metrics, WAIT_MAX)
    }

    fn with_wait(
        store: Arc<dyn Appendable>,
        clock: Clock,
        metrics: &Metrics,
        wait_max: Duration,
    ) -> Self {
        // One more than a processor stores while another waits for the disk.
        let workers = std::thread::available_parallelism().map_or(1, usize::from) + 1;
        Self(Arc::new(Shared {
            store,
            clock,
            telemetry: Telemetry::new(metrics),
            known: RwLock::new(Known::new()),
            bodies: Arc::new(Semaphore::new(WAITING_BYTES_MAX / PERMIT_BYTES)),
            workers: Arc::new(Semaphore::new(workers)),
            wait_max,
        }))
    }

    /// Waits for room for a body of this length; `None`: its length is not known.
    ///
    /// # Errors
    /// When it is too long, or there is no room in time.
    pub async fn place(&self, length: Option<u64>) -> Result<Place, WriteError> {
        let length = length.map_or(Ok(BODY_BYTES_MAX), usize::try_from).unwrap_or(usize::MAX);
        if length > BODY_BYTES_MAX {
            return Err(self.refuse(too_large()));
        }
        let permits = u32::try_from(length.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX).max(1);
        let room = Arc::clone(&self.0.bodies).acquire_many_owned(permits);
        Ok(Place { _permit: self.in_turn(room).await? })
    }

    async fn in_turn(
        &self,
        permit: impl Future<Output = Result<OwnedSemaphorePermit, tokio::sync::AcquireError>>,
    ) -> Result<OwnedSemaphorePermit, WriteError> {
        let wait_max = self.0.wait_max;
        match tokio::time::timeout(wait_max, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => {
                Err(self.refuse(WriteError::Busy { seconds: wait_max.as_secs() }))
            }
        }
    }

    /// Waits for a body, with a bound. `body` says `None` when the body is too long.
    ///
    /// # Errors
    /// When it is too long or does not come.
    pub async fn body(
        &self,
        body: impl Future<Output = Result<Option<Bytes>, String>>,
    ) -> Result<Bytes, WriteError> {
        let late = || format!("it did not come within {} s", BODY_MAX.as_secs());
        match tokio::time::timeout(BODY_MAX, body).await.unwrap_or_else(|_| Err(late())) {
            Ok(Some(body)) => Ok(body),
            Ok(None) => Err(self.refuse(too_large())),
            Err(reason) => Err(self.refuse(WriteError::Body(reason))),
        }
    }

    /// Stores a request. When this returns, all of it is as durable as the store makes a commit.
    ///
    /// # Errors
    /// When nothing of it was stored.
    pub async fn write(&self, place: Place, body: Bytes) -> Result<Written, WriteError> {
        let turn = self.in_turn(Arc::clone(&self.0.workers).acquire_owned()).await?;
        let receiver = self.clone();
        let work = move || {
            let written = receiver.write_now(&body);
            drop((place, turn));
            written
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|panic| Err(self.refuse(WriteError::Panicked(panic.to_string()))))
    }

    /// The same at once, on this thread.
    ///
    /// # Errors
    /// When nothing of it was stored.
    pub fn write_now(&self, body: &[u8]) -> Result<Written, WriteError> {
        let Shared { clock, telemetry, .. } = &*self.0;
        let begun = clock.monotonic();
        let outcome = self.0.store(body);
        telemetry.seconds.observe_duration(clock.monotonic().saturating_sub(begun));
        telemetry.bytes.add(body.len() as u64);
        match &outcome {
            Ok(written) => {
                telemetry.accepted.increment();
                telemetry.samples.add(written.samples as u64);
                if let Some(first) = &written.first_invalid {
                    telemetry.invalid_labels.add(written.invalid_samples as u64);
                    let series = written.invalid_series;
                    warn!(series, %first, "remote write: series with invalid labels are left out");
                }
                outcome
            }
            Err(_) => outcome.map_err(|error| self.refuse(error)),
        }
    }

    /// Counts and logs an error on its way to the sender.
    fn refuse(&self, error: WriteError) -> WriteError {
        match error.fault() {
            Fault::Size | Fault::Request => {
                self.0.telemetry.refused.increment();
                warn!(%error, "remote write: a request is refused");
            }
            Fault::Load => {
                self.0.telemetry.failed.increment();
                warn!(%error, "remote write: a request is not taken now");
            }
            Fault::Store => {
                self.0.telemetry.failed.increment();
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                error!(%error, cause, "remote write: a request is not stored");
            }
        }
        error
    }
}

impl Shared {
    fn store(&self, body: &[u8]) -> Result<Written, WriteError> {
        let request = unpack(body)?;
        let now = self.clock.now_millis();
        let known = self.known.read();
        let mut batch = Batch::new(self.store.appender(), &known, now);
        let outcome = batch.run(&request);
        let Batch { appender, learned, mut written, .. } = batch;
        drop(known);
        // The store has given these references, whatever becomes of the batch.
        if !learned.is_empty() {
            self.known.write().learn(&learned, now);
        }
        outcome?;
        let stored = appender.commit()?;
        written.samples = stored.samples;
        written.exemplars = stored.exemplars;
        Ok(written)
    }
}

fn too_large() -> WriteError {
    let max = format!("{BODY_BYTES_MAX} bytes");
    WriteError::TooLarge { what: "request body", max }
}

/// The bytes of the message; how many they are is known before room is made for them.
fn unpack(body: &[u8]) -> Result<Vec<u8>, WriteError> {
    let snappy = |error: snap::Error| WriteError::Snappy(error.to_string());
    if body.is_empty() {
        return Err(WriteError::Snappy("snappy: corrupt input (the body is empty)".to_owned()));
    }
    let len = snap::raw::decompress_len(body).map_err(snappy)?;
    if len > DECODED_BYTES_MAX {
        let max = format!("{DECODED_BYTES_MAX} bytes");
        return Err(WriteError::TooLarge { what: "decoded size", max });
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(snappy)
}

#[cfg(test)]
mod tests;
