//! What a guest prints: kept up to a bound, handed to the log when the call ends.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// What is kept of the output of one call. A backtrace fits; a flood does not reach the log.
const OUTPUT_BYTES_MAX: usize = 8 * 1024;

/// An output of a guest. Printing more than fits succeeds for the guest and is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    /// Guards what was printed.
    printed: Arc<Mutex<Printed>>,
}

#[derive(Debug, Default)]
struct Printed {
    bytes: Vec<u8>,
    dropped: u64,
}

impl Output {
    /// The text, and how many bytes did not fit.
    pub(crate) fn take(&self) -> (String, u64) {
        let printed = std::mem::take(&mut *self.printed.lock());
        (String::from_utf8_lossy(&printed.bytes).into_owned(), printed.dropped)
    }

    fn print(&self, bytes: &[u8]) {
        let mut printed = self.printed.lock();
        let room = OUTPUT_BYTES_MAX.saturating_sub(printed.bytes.len());
        let (kept, dropped) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        printed.bytes.extend_from_slice(kept);
        let dropped = u64::try_from(dropped.len()).unwrap_or(u64::MAX);
        printed.dropped = printed.dropped.saturating_add(dropped);
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn wasmtime_wasi::p2::OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Output {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.print(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[wasmtime_wasi::async_trait]
impl wasmtime_wasi::p2::Pollable for Output {
    async fn ready(&mut self) {}
}

impl wasmtime_wasi::p2::OutputStream for Output {
    fn write(&mut self, bytes: bytes::Bytes) -> wasmtime_wasi::p2::StreamResult<()> {
        self.print(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> wasmtime_wasi::p2::StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> wasmtime_wasi::p2::StreamResult<usize> {
        Ok(OUTPUT_BYTES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_and_counted() {
        let output = Output::default();
        output.print(&[b'x'; OUTPUT_BYTES_MAX - 1]);
        output.print(b"abc");
        let (text, dropped) = output.take();
        assert_eq!((text.len(), text.ends_with("xa"), dropped), (OUTPUT_BYTES_MAX, true, 2));
    }
}
