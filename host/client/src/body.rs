//! Collects a body within its cap, and undoes gzip on the way.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

use crate::error::RequestError;
use crate::request::WhenLarger;

/// As much is reserved ahead on a peer's word.
const EXPECTED_BYTES_MAX: u64 = 4 << 20;

/// Bounds the memory of several bodies together.
pub trait BodyMeter: fmt::Debug + Send + Sync {
    /// Whether a body may take so many bytes more, which it does then.
    fn grow(&self, bytes: u64) -> bool;
}

/// A body that grows chunk by chunk.
pub(crate) struct Collector {
    sink: Sink,
    max: u64,
    when_larger: WhenLarger,
    /// Bytes as they came.
    received: u64,
}

enum Sink {
    Plain(Capped),
    Gzip(Box<MultiGzDecoder<Capped>>),
}

/// Takes up to `max` bytes; more is an error for the writer.
struct Capped {
    bytes: Vec<u8>,
    max: u64,
    meter: Option<Arc<dyn BodyMeter>>,
}

impl Capped {
    /// Makes room for so many bytes more, and asks the meter for it.
    fn reserve(&mut self, more: usize) -> io::Result<()> {
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        let needed = len.saturating_add(more);
        let Some(meter) = self.meter.as_ref().filter(|_| needed > capacity) else { return Ok(()) };
        let max = usize::try_from(self.max).unwrap_or(usize::MAX);
        let doubled = needed.max(capacity.saturating_mul(2)).min(max.max(needed));
        // Where there is no room to double, less may do. It takes the larger part of what is left, so
        // that the bytes are not moved again for each chunk.
        let (least, mut wanted) = (needed - capacity, doubled - capacity);
        while !meter.grow(wanted as u64) {
            if wanted == least {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
            wanted = least.max(wanted / 2);
        }
        self.bytes.reserve_exact(capacity - len + wanted);
        Ok(())
    }
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.max.saturating_sub(self.bytes.len() as u64);
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        if room == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.reserve(room)?;
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether more chunks are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum More {
    Wanted,
    Enough,
}

impl Collector {
    /// Takes bodies without encoding and in gzip.
    pub(crate) fn new(
        encoding: &str,
        max: u64,
        when_larger: WhenLarger,
        meter: Option<Arc<dyn BodyMeter>>,
    ) -> Result<Self, RequestError> {
        let capped = Capped { bytes: Vec::new(), max, meter };
        let sink = match encoding {
            "" | "identity" => Sink::Plain(capped),
            "gzip" | "x-gzip" => Sink::Gzip(Box::new(MultiGzDecoder::new(capped))),
            _ => {
                let source = io::Error::from(io::ErrorKind::Unsupported);
                return Err(RequestError::Encoding { encoding: encoding.to_owned(), source });
            }
        };
        Ok(Self { sink, max, when_larger, received: 0 })
    }

    /// Makes room for a body whose length was announced, within reason: the announcement may lie.
    pub(crate) fn expect(&mut self, len: Option<u64>) {
        let len = len.unwrap_or(0).min(self.max).min(EXPECTED_BYTES_MAX);
        if let Sink::Plain(sink) = &mut self.sink {
            let len = usize::try_from(len).unwrap_or(0);
            // Without room for all of it, the body fails where it needs it.
            if sink.reserve(len).is_ok() {
                sink.bytes.reserve_exact(len);
            }
        }
    }

    pub(crate) fn add(&mut self, chunk: &[u8]) -> Result<More, RequestError> {
        self.received = self.received.saturating_add(chunk.len() as u64);
        let written = match &mut self.sink {
            Sink::Plain(sink) => sink.write_all(chunk),
            Sink::Gzip(decoder) => decoder.write_all(chunk),
        };
        self.judge(written)
    }

    /// What a write to the sink means for the body.
    fn judge(&self, written: io::Result<()>) -> Result<More, RequestError> {
        let Err(source) = written else { return Ok(More::Wanted) };
        match (source.kind(), self.when_larger) {
            (io::ErrorKind::FileTooLarge, WhenLarger::Truncate) => Ok(More::Enough),
            (io::ErrorKind::FileTooLarge, WhenLarger::Refuse) => Err(RequestError::TooLarge {
                max: self.max,
                decompressed: matches!(self.sink, Sink::Gzip(_)),
            }),
            (io::ErrorKind::OutOfMemory, _) => Err(RequestError::NoRoom),
            (_, _) => Err(RequestError::Encoding { encoding: "gzip".to_owned(), source }),
        }
    }

    /// The body, and whether it is cut; `more` as [`Self::add`] said last.
    pub(crate) fn finish(mut self, more: More) -> Result<(Bytes, bool), RequestError> {
        let ended = match &mut self.sink {
            // Nothing at all is an empty body, not half a gzip stream.
            Sink::Gzip(decoder) if more == More::Wanted && self.received > 0 => {
                // The decoder still holds bytes, which may be those beyond the cap.
                decoder.try_finish()
            }
            Sink::Gzip(_) | Sink::Plain(_) => Ok(()),
        };
        let is_cut = self.judge(ended)? == More::Enough || more == More::Enough;
        let bytes = match self.sink {
            Sink::Plain(sink) => sink.bytes,
            Sink::Gzip(mut decoder) => std::mem::take(&mut decoder.get_mut().bytes),
        };
        Ok((bytes.into(), is_cut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn collect(
        encoding: &str,
        max: u64,
        when_larger: WhenLarger,
        body: &[u8],
    ) -> Result<(Bytes, bool), RequestError> {
        collect_by(7, encoding, max, when_larger, body)
    }

    fn collect_by(
        chunk_bytes: usize,
        encoding: &str,
        max: u64,
        when_larger: WhenLarger,
        body: &[u8],
    ) -> Result<(Bytes, bool), RequestError> {
        let mut collector = Collector::new(encoding, max, when_larger, None)?;
        let mut more = More::Wanted;
        for chunk in body.chunks(chunk_bytes) {
            more = collector.add(chunk)?;
            if more == More::Enough {
                break;
            }
        }
        collector.finish(more)
    }

    #[test]
    fn a_body_comes_out_as_it_was() {
        let body = b"hello, hello, hello";
        for (encoding, sent) in [("", body.to_vec()), ("gzip", gzip(body))] {
            let (got, truncated) = collect(encoding, 19, WhenLarger::Refuse, &sent).unwrap();
            assert_eq!((&*got, truncated), (&body[..], false));
        }
        assert!(collect("gzip", 19, WhenLarger::Refuse, b"").unwrap().0.is_empty());
    }

    #[test]
    fn a_bomb_goes_off_at_the_cap() {
        let bomb = gzip(&vec![0; 50 << 20]);
        let error = collect("gzip", 1000, WhenLarger::Refuse, &bomb).unwrap_err();
        assert_eq!(error.to_string(), "the body is larger than 1000 bytes when decompressed");
        let (got, truncated) = collect("gzip", 1000, WhenLarger::Truncate, &bomb).unwrap();
        assert_eq!((got.len(), truncated), (1000, true));
    }

    #[test]
    fn a_body_one_byte_over_its_cap_is_too_large_in_gzip_too() {
        let body = b"hello, hello, hello";
        let plain = body.to_vec();
        // What comes at once is still in the decoder when the body ends.
        for (encoding, sent, chunk) in
            [("", &plain, 7), ("gzip", &gzip(body), 7), ("gzip", &gzip(body), 1000)]
        {
            let error = collect_by(chunk, encoding, 18, WhenLarger::Refuse, sent).unwrap_err();
            assert!(matches!(error, RequestError::TooLarge { max: 18, .. }), "{error:?}");
            let cut = collect_by(chunk, encoding, 18, WhenLarger::Truncate, sent).unwrap();
            assert_eq!((&*cut.0, cut.1), (&body[..18], true));
        }
    }

    #[derive(Debug)]
    struct Most(u64, std::sync::atomic::AtomicU64);

    impl BodyMeter for Most {
        fn grow(&self, bytes: u64) -> bool {
            let taken = self.1.load(std::sync::atomic::Ordering::Relaxed) + bytes;
            let has_room = taken <= self.0;
            if has_room {
                self.1.store(taken, std::sync::atomic::Ordering::Relaxed);
            }
            has_room
        }
    }

    #[test]
    fn a_meter_sees_what_a_body_takes() {
        let collect = |most: u64, encoding: &str, sent: &[u8]| {
            let meter = Arc::new(Most(most, 0.into()));
            let metered = Arc::clone(&meter) as Arc<dyn BodyMeter>;
            let mut collector =
                Collector::new(encoding, 1 << 20, WhenLarger::Refuse, Some(metered)).unwrap();
            collector.expect((encoding.is_empty() && most > 5000).then_some(5000));
            for chunk in sent.chunks(100) {
                collector.add(chunk).map_err(|error| error.to_string())?;
            }
            let (body, _) = collector.finish(More::Wanted).map_err(|error| error.to_string())?;
            Ok((body.len(), meter.1.load(std::sync::atomic::Ordering::Relaxed)))
        };
        let body = [7; 5000];
        assert_eq!(collect(6000, "", &body), Ok((5000, 5000)));
        let refused = Err("no memory is left for the body".to_owned());
        assert_eq!(collect(4999, "", &body), refused);
        assert_eq!(collect(1000, "gzip", &gzip(&body)), refused);
        // Room is doubled only while there is any: 3300 bytes would ask for 6400.
        assert_eq!(collect(5000, "", &body), Ok((5000, 5000)));
        let (len, taken) = collect(20_000, "gzip", &gzip(&body)).unwrap();
        assert!(len == 5000 && (5000..=10_000).contains(&taken), "{taken}");
    }

    #[test]
    fn half_a_stream_and_other_encodings_are_errors() {
        let half = gzip(b"hello, hello");
        let half = &half[..half.len() - 9];
        assert!(matches!(
            collect("gzip", 100, WhenLarger::Refuse, half),
            Err(RequestError::Encoding { .. })
        ));
        assert!(matches!(
            collect("br", 100, WhenLarger::Refuse, b""),
            Err(RequestError::Encoding { .. })
        ));
    }
}
