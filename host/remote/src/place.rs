//! A request while its body comes: its room, its bytes, and how long all of it may wait.
//!
//! Always holds: bodies that come or wait take at most [`BODIES_BYTES_MAX`] and one body more,
//! whatever their headers say, but for the piece that each of them has in hand. A body has room for what has come of it and for as much again, so that
//! a slow sender holds little. When all of the room is taken, one body at a time goes on in the spare
//! place and ends there, so that bodies that have come in part never wait for each other alone.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use narthex_platform::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::WriteError;

/// Bytes of a body as it comes. Prometheus' receiver has the same bound.
pub(crate) const BODY_BYTES_MAX: usize = 32 << 20;
/// Bytes of all bodies that come or wait for their turn: eight of the largest, or tens of thousands
/// as senders make them.
pub(crate) const BODIES_BYTES_MAX: usize = 256 << 20;
/// Permits count so many bytes.
const PERMIT_BYTES: usize = 1 << 10;
/// Room that a body gets before anything has come of it: most are not larger.
const FIRST_BYTES: usize = 64 << 10;
/// How long a request waits before it is stored: for room, for its body and for its turn together.
/// Senders give up after 30 s; an answer well before that tells them to try again.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(20);

/// A body on its way.
pub trait Incoming: Send {
    /// Waits for the next piece; `None` at the end. An error says why no more will come. A call that
    /// is dropped loses nothing.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, String>> + Send;
}

/// Room for all bodies.
#[derive(Debug)]
pub(crate) struct Room {
    bytes: Arc<Semaphore>,
    spare: Arc<Semaphore>,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Arc::new(Semaphore::new(BODIES_BYTES_MAX / PERMIT_BYTES)),
            spare: Arc::new(Semaphore::new(1)),
        }
    }

    /// Bytes that nobody has.
    #[cfg(test)]
    pub(crate) fn free_bytes(&self) -> usize {
        self.bytes.available_permits() * PERMIT_BYTES
    }
}

/// A request that is being received. What it holds is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    room: Arc<Room>,
    clock: Clock,
    deadline: Duration,
    /// What its headers say; the largest there may be, where they say nothing.
    length: usize,
    /// Bytes that there is room for.
    covered: usize,
    permits: Vec<OwnedSemaphorePermit>,
    body: Body,
}

/// What has come of a body.
#[derive(Debug)]
enum Body {
    /// As it came, in one piece: most do.
    Whole(Bytes),
    /// Put together.
    Pieces(BytesMut),
}

impl Place {
    /// For a body of this length; `None`: its length is not known.
    pub(crate) fn new(
        room: Arc<Room>,
        clock: Clock,
        length: Option<u64>,
    ) -> Result<Self, WriteError> {
        let length = length.map_or(Ok(BODY_BYTES_MAX), usize::try_from).unwrap_or(usize::MAX);
        if length > BODY_BYTES_MAX {
            return Err(too_large());
        }
        let deadline = clock.monotonic().saturating_add(WAIT_MAX);
        let (permits, body) = (Vec::new(), Body::Whole(Bytes::new()));
        Ok(Self { room, clock, deadline, length, covered: 0, permits, body })
    }

    /// Takes the next piece of the body, when it has come; `false` at the end.
    pub(crate) async fn take(&mut self, body: &mut impl Incoming) -> Result<bool, WriteError> {
        // Nothing is read that there is no room for.
        if self.covered == 0 {
            self.cover(FIRST_BYTES.min(self.length)).await?;
        }
        let piece = tokio::select! {
            biased;
            piece = body.next() => piece.map_err(WriteError::Body)?,
            () = self.late() => return Err(WriteError::Late { seconds: WAIT_MAX.as_secs() }),
        };
        let Some(piece) = piece else { return Ok(false) };
        let bytes = self.bytes().len().saturating_add(piece.len());
        if bytes > self.length {
            return Err(too_large());
        }
        if bytes > self.covered {
            self.cover(bytes.saturating_mul(2).min(self.length)).await?;
        }
        self.push(piece);
        Ok(true)
    }

    fn push(&mut self, piece: Bytes) {
        match &mut self.body {
            Body::Whole(body) if body.is_empty() => *body = piece,
            Body::Whole(first) => {
                let mut pieces = BytesMut::with_capacity(self.covered);
                pieces.extend_from_slice(first);
                pieces.extend_from_slice(&piece);
                self.body = Body::Pieces(pieces);
            }
            Body::Pieces(pieces) => {
                // Only when there is room for as much again.
                if pieces.capacity() < pieces.len() + piece.len() {
                    pieces.reserve(self.covered.saturating_sub(pieces.len()));
                }
                pieces.extend_from_slice(&piece);
            }
        }
    }

    /// Makes room for `bytes` in all.
    async fn cover(&mut self, bytes: usize) -> Result<(), WriteError> {
        let permits = bytes.saturating_sub(self.covered).div_ceil(PERMIT_BYTES);
        let permits = u32::try_from(permits).unwrap_or(u32::MAX);
        let more = Arc::clone(&self.room.bytes).acquire_many_owned(permits);
        let spare = Arc::clone(&self.room.spare).acquire_owned();
        let begun = !self.bytes().is_empty();
        let (permit, covered) = tokio::select! {
            biased;
            permit = more => (permit, bytes),
            // Who has nothing yet holds nobody up, and can wait.
            permit = spare, if begun => (permit, self.length),
            () = self.late() => return Err(busy()),
        };
        self.permits.push(permit.map_err(|_closed| busy())?);
        self.covered = covered;
        Ok(())
    }

    /// Waits for a turn among those that are stored.
    pub(crate) async fn turn(
        &self,
        workers: &Arc<Semaphore>,
    ) -> Result<OwnedSemaphorePermit, WriteError> {
        tokio::select! {
            biased;
            turn = Arc::clone(workers).acquire_owned() => turn.map_err(|_closed| busy()),
            () = self.late() => Err(busy()),
        }
    }

    /// Waits until the request has waited long enough.
    fn late(&self) -> impl Future<Output = ()> + Send + use<> {
        self.clock.sleep(self.deadline.saturating_sub(self.clock.monotonic()))
    }

    /// What has come of the body.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Whole(body) => body,
            Body::Pieces(pieces) => pieces,
        }
    }
}

fn busy() -> WriteError {
    WriteError::Busy { seconds: WAIT_MAX.as_secs() }
}

fn too_large() -> WriteError {
    let max = format!("{BODY_BYTES_MAX} bytes");
    WriteError::TooLarge { what: "request body", max }
}

#[cfg(test)]
mod tests;
