//! How numbers become bytes: chunks of samples as blocks hold them, and value codes of the log.
//!
//! Enters: samples as [`Columns`]. Leaves: [`Chunk`]s, by [`encode`]; and back by [`decode`].
//! docs/formats/chunks.md draws every chunk, docs/formats/log.md the codes of the log.
//!
//! Bytes are walked with checked steps: a decoder never panics on damage, it says [`Damage`].
//! This is the one module of the room that casts between widths; each cast is a reinterpretation
//! of bits or follows a range check.

use narthex_storage::Columns;

pub(crate) mod bits;
mod dense;
mod histogram;
mod split;
mod start;
pub(crate) mod value;
mod varbit;
pub(crate) mod varint;
mod window;
pub(crate) mod xor;
mod xor2;

pub use self::histogram::OpenHistogramChunk;
pub(crate) use self::histogram::make_coarser;
pub use self::split::{CHUNK_SAMPLES_MAX, DENSE_SAMPLES_MAX, encode};

/// The bytes are not what an encoder wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chunk is damaged")]
pub struct Damage;

/// How the samples of a chunk are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Floats: differences of differences of times, XOR of values.
    Xor,
    /// Histograms of whole counts.
    Histogram,
    /// Histograms of fractional counts.
    FloatHistogram,
    /// Floats with one code for time and value, and with start times.
    Xor2,
    /// As `Histogram`, with start times.
    HistogramSt,
    /// As `FloatHistogram`, with start times.
    FloatHistogramSt,
    /// Floats as columns of integers; ours, read by no other server.
    Dense,
}

impl Encoding {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Xor,
        Self::Histogram,
        Self::FloatHistogram,
        Self::Xor2,
        Self::HistogramSt,
        Self::FloatHistogramSt,
        Self::Dense,
    ];

    /// The number by which blocks name it.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Xor => 1,
            Self::Histogram => 2,
            Self::FloatHistogram => 3,
            Self::Xor2 => 4,
            Self::HistogramSt => 5,
            Self::FloatHistogramSt => 6,
            // An N, far from the numbers that Prometheus gives out one by one, below the bit that
            // its head chunks use and the 255 of Thanos.
            Self::Dense => 0x4e,
        }
    }

    /// The encoding of this number, if there is one.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.number() == number)
    }

    /// Whether every reader of Prometheus' blocks knows it, old ones too.
    #[must_use]
    pub const fn is_known_to_all(self) -> bool {
        match self {
            Self::Xor | Self::Histogram | Self::FloatHistogram => true,
            Self::Xor2 | Self::HistogramSt | Self::FloatHistogramSt | Self::Dense => false,
        }
    }

    /// Whether its samples are histograms.
    #[must_use]
    pub const fn is_histogram(self) -> bool {
        match self {
            Self::Xor | Self::Xor2 | Self::Dense => false,
            Self::Histogram | Self::FloatHistogram | Self::HistogramSt | Self::FloatHistogramSt => {
                true
            }
        }
    }

    /// Whether its samples are histograms of whole counts.
    const fn is_integer_histogram(self) -> bool {
        matches!(self, Self::Histogram | Self::HistogramSt)
    }
}

/// How floats shall be written. Those with a start time are written as [`Encoding::Xor2`] by all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FloatEncoding {
    /// [`Encoding::Xor`], which every reader of Prometheus' blocks knows.
    #[default]
    Xor,
    /// [`Encoding::Xor2`].
    Xor2,
    /// [`Encoding::Dense`] where it is smaller than [`Encoding::Xor`].
    Dense,
}

/// Samples of one series as blocks hold them, without the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// How the samples are written.
    pub encoding: Encoding,
    /// Time of the first sample.
    pub first_at: i64,
    /// Time of the last sample.
    pub last_at: i64,
    /// The chunk's data.
    pub bytes: Box<[u8]>,
}

/// Appends the samples of a chunk that lie in `start..=end` to `out`. They ascend in time, if they
/// did when the chunk was written.
///
/// # Errors
/// When the bytes are not such a chunk; `out` then holds what came before.
pub fn decode(
    encoding: Encoding,
    bytes: &[u8],
    start: i64,
    end: i64,
    out: &mut Columns,
) -> Result<(), Damage> {
    match encoding {
        Encoding::Xor => xor::decode(bytes, start, end, out),
        Encoding::Xor2 => xor2::decode(bytes, start, end, out),
        Encoding::Dense => dense::decode(bytes, start, end, out),
        Encoding::Histogram
        | Encoding::FloatHistogram
        | Encoding::HistogramSt
        | Encoding::FloatHistogramSt => histogram::decode(encoding, bytes, start, end, out),
    }
}

/// The number of samples that a chunk promises, without decoding it.
///
/// # Errors
/// When the bytes are too few for a header.
pub fn count(encoding: Encoding, bytes: &[u8]) -> Result<usize, Damage> {
    match encoding {
        Encoding::Xor => {
            let header = bytes.first_chunk::<2>().ok_or(Damage)?;
            Ok(usize::from(u16::from_be_bytes(*header)))
        }
        Encoding::Xor2 => xor2::count_of(bytes).map(usize::from),
        Encoding::Dense => dense::count_of(bytes),
        Encoding::Histogram
        | Encoding::FloatHistogram
        | Encoding::HistogramSt
        | Encoding::FloatHistogramSt => histogram::count_of(encoding, bytes),
    }
}

#[cfg(test)]
mod drawn;
