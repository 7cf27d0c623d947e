//! Requests: from the headers to the answer.
//!
//! Always holds: one request more than there are processors is unpacked and stored at a time, on
//! threads that may wait for the disk. What comes beyond that waits in its `Place`, and is told to
//! come again when that takes too long. Every refusal is counted and logged here.

use std::sync::Arc;

use narthex_platform::{Clock, Metrics};
use narthex_storage::Appendable;
use parking_lot::RwLock;
use tokio::sync::Semaphore;
use tracing::{error, warn};

use crate::batch::{Batch, Written};
use crate::error::{Fault, WriteError};
use crate::headers::check_headers;
use crate::known::Known;
use crate::place::{Incoming, Place, Room};
use crate::telemetry::Telemetry;

/// Bytes of a body when it is unpacked. Prometheus' receiver has the same bound.
const DECODED_BYTES_MAX: usize = 32 << 20;

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
    room: Arc<Room>,
    workers: Arc<Semaphore>,
}

/// What a request says of its body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Content-Encoding`.
    pub content_encoding: Option<&'a str>,
    /// `Content-Length`.
    pub length: Option<u64>,
}

impl Receiver {
    /// A receiver that writes to `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Appendable>, clock: Clock, metrics: &Metrics) -> Self {
        // One more than a processor stores while another waits for the disk.
        let workers = std::thread::available_parallelism().map_or(1, usize::from) + 1;
        Self(Arc::new(Shared {
            store,
            clock,
            telemetry: Telemetry::new(metrics),
            known: RwLock::new(Known::new()),
            room: Arc::new(Room::new()),
            workers: Arc::new(Semaphore::new(workers)),
        }))
    }

    /// Receives a request and stores it. When this returns, all of it is as durable as the store
    /// makes a commit.
    ///
    /// # Errors
    /// When nothing of it was stored.
    pub async fn receive(
        &self,
        headers: Headers<'_>,
        body: impl Incoming,
    ) -> Result<Written, WriteError> {
        let place = self.fill(headers, body).await.map_err(|error| self.refuse(error))?;
        let turn = place.turn(&self.0.workers).await.map_err(|error| self.refuse(error))?;
        let receiver = self.clone();
        let work = move || {
            let written = receiver.write_now(place.bytes());
            drop((place, turn));
            written
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|panic| Err(self.refuse(WriteError::Panicked(panic.to_string()))))
    }

    /// The whole body, in its place.
    async fn fill(
        &self,
        headers: Headers<'_>,
        mut body: impl Incoming,
    ) -> Result<Place, WriteError> {
        let Headers { content_type, content_encoding, length } = headers;
        check_headers(content_type, content_encoding)?;
        let mut place = Place::new(Arc::clone(&self.0.room), self.0.clock.clone(), length)?;
        while place.take(&mut body).await? {}
        Ok(place)
    }

    /// Stores a request whose body is whole, at once and on this thread.
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
            Fault::Size | Fault::Kind | Fault::Request => {
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
