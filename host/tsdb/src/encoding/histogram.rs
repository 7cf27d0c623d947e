//! Chunks of native histograms: the layout of the buckets once, then each sample by its changes.
//!
//! The bytes are those of Prometheus' encodings 2 and 3, and those of 5 and 6 are read
//! (docs/formats/chunks.md). All samples of a chunk share a layout; what does not fit it begins a
//! new chunk or makes the chunk be written anew, see `histogram/open.rs`.
//!
//! Invariant: within a chunk that is not a gauge's no count falls, so readers need not look for
//! resets there.

use std::sync::Arc;

use narthex_model::{CounterReset, NativeHistogram};
use narthex_storage::Columns;

use super::bits::BitReader;
use super::start::{Starts, StartsReader};
use super::{Damage, Encoding};

mod buckets;
mod float;
mod integer;
mod layout;
mod open;
mod state;

pub use self::open::OpenHistogramChunk;
use self::state::State;
pub(crate) use self::state::make_coarser;

/// The count of samples, and the reset bits or where start times begin.
const HEADER_BYTES: usize = 3;
/// The two high bits of a header byte say what is known of a reset before the chunk.
const RESET_MASK: u8 = 0b1100_0000;
/// In chunks with start times the reset bits lie above the count.
const COUNT_MASK_WITH_STARTS: u16 = 0x3fff;

const fn reset_bits(reset: CounterReset) -> u8 {
    match reset {
        CounterReset::Unknown => 0b0000_0000,
        CounterReset::NotReset => 0b0100_0000,
        CounterReset::Reset => 0b1000_0000,
        CounterReset::Gauge => 0b1100_0000,
    }
}

const fn reset_of(byte: u8) -> CounterReset {
    match byte & RESET_MASK {
        0b0000_0000 => CounterReset::Unknown,
        0b0100_0000 => CounterReset::NotReset,
        0b1000_0000 => CounterReset::Reset,
        _ => CounterReset::Gauge,
    }
}

/// The number of samples that a chunk's header promises.
pub(super) fn count_of(encoding: Encoding, bytes: &[u8]) -> Result<usize, Damage> {
    Ok(usize::from(Header::read(encoding, bytes)?.samples))
}

/// Appends the samples of a chunk that lie in `start..=end` to `out`.
pub(super) fn decode(
    encoding: Encoding,
    bytes: &[u8],
    start: i64,
    end: i64,
    out: &mut Columns,
) -> Result<(), Damage> {
    let mut reader = Reader::new(encoding, bytes)?;
    while reader.advance()? {
        let at = reader.state.at();
        if at > end {
            break;
        }
        if at >= start {
            let histogram = Arc::new(reader.histogram());
            out.push_histogram_with_start(at, histogram, reader.starts.start);
        }
    }
    Ok(())
}

struct Header {
    samples: u16,
    reset: CounterReset,
    starts: Starts,
}

impl Header {
    fn read(encoding: Encoding, bytes: &[u8]) -> Result<Self, Damage> {
        let [high, low, third] = *bytes.first_chunk::<HEADER_BYTES>().ok_or(Damage)?;
        let word = u16::from_be_bytes([high, low]);
        match encoding {
            Encoding::Histogram | Encoding::FloatHistogram => {
                Ok(Self { samples: word, reset: reset_of(third), starts: Starts::default() })
            }
            Encoding::HistogramSt | Encoding::FloatHistogramSt => Ok(Self {
                samples: word & COUNT_MASK_WITH_STARTS,
                reset: reset_of(high),
                starts: Starts::from_byte(third),
            }),
            Encoding::Xor | Encoding::Xor2 | Encoding::Dense => Err(Damage),
        }
    }
}

/// Goes through the samples of a chunk.
struct Reader<'a> {
    bits: BitReader<'a>,
    header: Header,
    starts: StartsReader,
    read: u16,
    state: State,
}

impl<'a> Reader<'a> {
    fn new(encoding: Encoding, bytes: &'a [u8]) -> Result<Self, Damage> {
        let header = Header::read(encoding, bytes)?;
        let starts = StartsReader::new(header.starts);
        let state = State::empty(encoding.is_integer_histogram());
        let body = bytes.get(HEADER_BYTES..).ok_or(Damage)?;
        Ok(Self { bits: BitReader::new(body), header, starts, read: 0, state })
    }

    /// Whether there was one more.
    fn advance(&mut self) -> Result<bool, Damage> {
        if self.read == self.header.samples {
            return Ok(false);
        }
        let before_at = self.state.at();
        if self.read == 0 {
            self.state.read_first(&mut self.bits)?;
        } else {
            self.state.read_next(&mut self.bits)?;
        }
        self.starts.read(&mut self.bits, self.read, self.state.at(), before_at)?;
        self.read += 1;
        Ok(true)
    }

    /// The sample read last.
    fn histogram(&self) -> NativeHistogram {
        let reset = match self.header.reset {
            CounterReset::Gauge => CounterReset::Gauge,
            _ if self.read > 1 => CounterReset::NotReset,
            // The header speaks of the chunk before, which may be gone, or not the one before any
            // longer because samples came late.
            CounterReset::Unknown | CounterReset::Reset | CounterReset::NotReset => {
                CounterReset::Unknown
            }
        };
        self.state.histogram(reset)
    }
}

#[cfg(test)]
pub(super) mod tests;
