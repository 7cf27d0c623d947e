//! Collects a body within its cap, and undoes gzip on the way.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

use crate::error::RequestError;
use crate::request::WhenLarger;

/// As much is reserved ahead on a peer's word.
const EXPECTED_BYTES_MAX: u64 = 4 << 20;

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
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.max.saturating_sub(self.bytes.len() as u64);
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        if room == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
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
    ) -> Result<Self, RequestError> {
        let capped = Capped { bytes: Vec::new(), max };
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
            sink.bytes.reserve_exact(usize::try_from(len).unwrap_or(0));
        }
    }

    pub(crate) fn add(&mut self, chunk: &[u8]) -> Result<More, RequestError> {
        self.received = self.received.saturating_add(chunk.len() as u64);
        let written = match &mut self.sink {
            Sink::Plain(sink) => sink.write_all(chunk),
            Sink::Gzip(decoder) => decoder.write_all(chunk),
        };
        match written {
            Ok(()) => Ok(More::Wanted),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => match self.when_larger {
                WhenLarger::Truncate => Ok(More::Enough),
                WhenLarger::Refuse => Err(RequestError::TooLarge {
                    max: self.max,
                    decompressed: matches!(self.sink, Sink::Gzip(_)),
                }),
            },
            Err(source) => Err(RequestError::Encoding { encoding: "gzip".to_owned(), source }),
        }
    }

    /// The body; `truncated` when [`Self::add`] said that it had enough.
    pub(crate) fn finish(self, truncated: bool) -> Result<Bytes, RequestError> {
        let bytes = match self.sink {
            Sink::Plain(sink) => sink.bytes,
            Sink::Gzip(mut decoder) if truncated => std::mem::take(&mut decoder.get_mut().bytes),
            // Nothing at all is an empty body, not half a gzip stream.
            Sink::Gzip(_) if self.received == 0 => Vec::new(),
            Sink::Gzip(decoder) => {
                let ended = decoder.finish();
                let fail = |source| RequestError::Encoding { encoding: "gzip".to_owned(), source };
                ended.map_err(fail)?.bytes
            }
        };
        Ok(bytes.into())
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
        let mut collector = Collector::new(encoding, max, when_larger)?;
        for chunk in body.chunks(7) {
            if collector.add(chunk)? == More::Enough {
                return Ok((collector.finish(true)?, true));
            }
        }
        Ok((collector.finish(false)?, false))
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
