//! A chunk of histograms that grows.
//!
//! A sample with buckets that the chunk lacks makes the chunk be written anew under a wider
//! layout; a sample that lacks empty buckets of the chunk is widened. Where Prometheus begins a
//! new chunk (a reset, other bounds, another kind, anything after a staleness marker)
//! [`OpenHistogramChunk::append`] refuses, and the caller takes the chunk and appends again.

use narthex_model::{CounterReset, NativeHistogram, Span};

use super::state::{Fit, State, common_spans, under};
use super::{HEADER_BYTES, RESET_MASK, Reader, reset_bits, reset_of};
use crate::encoding::bits::BitWriter;
use crate::encoding::{CHUNK_SAMPLES_MAX, Chunk, Damage, Encoding};

/// A chunk of large histograms ends here, because reading one sample decodes all before it.
const TARGET_BYTES: usize = 1024;
/// But not before so many samples: the first is several times as large as another.
const SAMPLES_MIN: usize = 10;

/// A chunk of histograms that grows. Starts without memory, and remembers the last sample of the
/// chunk before, so that the header says whether counts fell in between.
#[derive(Clone, Debug, Default)]
pub struct OpenHistogramChunk {
    bytes: Vec<u8>,
    free_bits: u8,
    first_at: i64,
    /// What the chunk before had in its header.
    reset_before: CounterReset,
    /// The last sample, of this chunk or of the one before.
    state: Option<Box<State>>,
}

impl OpenHistogramChunk {
    /// How many samples it holds.
    #[must_use]
    pub fn samples(&self) -> usize {
        let header = self.bytes.first_chunk::<2>();
        header.map_or(0, |header| usize::from(u16::from_be_bytes(*header)))
    }

    /// The kind of its samples; none when it is empty.
    #[must_use]
    pub fn encoding(&self) -> Option<Encoding> {
        match self.state.as_deref() {
            Some(State::Integer(_)) if !self.bytes.is_empty() => Some(Encoding::Histogram),
            Some(State::Float(_)) if !self.bytes.is_empty() => Some(Encoding::FloatHistogram),
            Some(State::Integer(_) | State::Float(_)) | None => None,
        }
    }

    /// Time of the first sample; none when it is empty.
    #[must_use]
    pub fn first_at(&self) -> Option<i64> {
        (!self.bytes.is_empty()).then_some(self.first_at)
    }

    /// Time of the last sample; none when it is empty.
    #[must_use]
    pub fn last_at(&self) -> Option<i64> {
        let state = self.state.as_ref().filter(|_| !self.bytes.is_empty());
        state.map(|state| state.at())
    }

    /// The last sample, as readers get it but for the reset hint; none when it is empty.
    #[must_use]
    pub fn last(&self) -> Option<NativeHistogram> {
        let state = self.state.as_ref().filter(|_| !self.bytes.is_empty());
        state.map(|state| state.histogram(CounterReset::Unknown))
    }

    /// Whether a new chunk should begin although this one takes more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let samples = self.samples();
        samples >= CHUNK_SAMPLES_MAX || (samples >= SAMPLES_MIN && self.bytes.len() >= TARGET_BYTES)
    }

    /// The chunk's data so far, complete after every append.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Memory held beside the struct itself, but for the buckets of the last sample.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + if self.state.is_some() { size_of::<State>() } else { 0 }
    }

    /// Adds a sample; times ascend. False: it does not fit, and [`Self::cut`] must come first.
    #[must_use]
    pub fn append(&mut self, at: i64, sample: &NativeHistogram) -> bool {
        if self.bytes.is_empty() {
            self.begin(at, sample);
            return true;
        }
        let reset = self.reset();
        let samples = self.samples();
        let Some(state) = self.state.as_deref_mut() else {
            return false;
        };
        debug_assert!(at > state.at(), "samples in a chunk are ordered");
        if !state.is_same_kind(sample) || samples == usize::from(u16::MAX) {
            return false;
        }
        let (positive, negative) = match state.fit(reset, sample) {
            Fit::Cut(_) => return false,
            Fit::Fits(positive, negative) => (positive, negative),
        };
        let is_changed = positive.has_more || negative.has_more;
        if is_changed || positive.has_less || negative.has_less {
            let is_gauge = reset == CounterReset::Gauge;
            let (ours, theirs) = (state.layout(), sample.layout());
            let spans = common_spans(ours, theirs, is_gauge, positive, negative);
            if is_changed && self.recode(&spans).is_err() {
                // Cannot be: these are bytes that we wrote. A new chunk keeps the samples safe.
                debug_assert!(false, "our own bytes are read back");
                return false;
            }
            let sample = under(sample, (&spans.0, &spans.1));
            self.write(at, &sample);
        } else {
            self.write(at, sample);
        }
        true
    }

    /// The finished chunk; none when it is empty. It is empty afterwards.
    pub fn cut(&mut self) -> Option<Chunk> {
        let encoding = self.encoding()?;
        let (first_at, last_at) = (self.first_at()?, self.last_at()?);
        self.reset_before = self.reset();
        let bytes = std::mem::take(&mut self.bytes).into_boxed_slice();
        self.free_bits = 0;
        Some(Chunk { encoding, first_at, last_at, bytes })
    }

    /// A chunk as it was when these bytes were its content, ready for more samples.
    ///
    /// # Errors
    /// When the bytes are not such a chunk.
    pub fn from_bytes(encoding: Encoding, bytes: &[u8]) -> Result<Self, Damage> {
        if !matches!(encoding, Encoding::Histogram | Encoding::FloatHistogram) {
            return Err(Damage);
        }
        let mut reader = Reader::new(encoding, bytes)?;
        let (mut first_at, mut before) = (None, None);
        while reader.advance()? {
            let at = reader.state.at();
            first_at.get_or_insert(at);
            if before.is_some_and(|before| at <= before) {
                return Err(Damage);
            }
            before = Some(at);
        }
        let first_at = first_at.ok_or(Damage)?;
        if reader.bits.rest() != 0 {
            return Err(Damage);
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            free_bits: reader.bits.unused_bits(),
            first_at,
            reset_before: CounterReset::Unknown,
            state: Some(Box::new(reader.state)),
        })
    }

    /// What the chunk's header says of the chunk before.
    fn reset(&self) -> CounterReset {
        self.bytes.get(HEADER_BYTES - 1).map_or(self.reset_before, |byte| reset_of(*byte))
    }

    fn begin(&mut self, at: i64, sample: &NativeHistogram) {
        let reset = match (sample.reset(), self.state.as_deref()) {
            (told @ (CounterReset::Gauge | CounterReset::Reset), _) => told,
            (CounterReset::Unknown | CounterReset::NotReset, Some(state))
                if state.is_same_kind(sample) =>
            {
                match state.fit(self.reset_before, sample) {
                    Fit::Cut(reset) => reset,
                    Fit::Fits(..) => CounterReset::NotReset,
                }
            }
            (CounterReset::Unknown | CounterReset::NotReset, _) => CounterReset::Unknown,
        };
        self.start(reset, at, sample);
    }

    fn start(&mut self, reset: CounterReset, at: i64, sample: &NativeHistogram) {
        self.bytes.clear();
        self.bytes.extend_from_slice(&[0, 1, reset_bits(reset) & RESET_MASK]);
        let mut out = BitWriter { bytes: &mut self.bytes, free: 0 };
        let state = State::first(&mut out, at, sample);
        self.free_bits = out.free;
        self.first_at = at;
        self.state = Some(Box::new(state));
    }

    fn write(&mut self, at: i64, sample: &NativeHistogram) {
        let samples = u16::try_from(self.samples() + 1).unwrap_or(u16::MAX);
        let mut out = BitWriter { bytes: &mut self.bytes, free: self.free_bits };
        if let Some(state) = self.state.as_deref_mut() {
            state.write(&mut out, at, sample);
        }
        self.free_bits = out.free;
        if let Some(header) = self.bytes.first_chunk_mut::<2>() {
            *header = samples.to_be_bytes();
        }
    }

    /// Writes all samples anew under other spans.
    fn recode(&mut self, spans: &(Vec<Span>, Vec<Span>)) -> Result<(), Damage> {
        let encoding = self.encoding().ok_or(Damage)?;
        let mut reader = Reader::new(encoding, &self.bytes)?;
        let mut recoded = Self::default();
        while reader.advance()? {
            let (at, sample) = (reader.state.at(), reader.histogram());
            let sample = under(&sample, (&spans.0, &spans.1));
            if recoded.bytes.is_empty() {
                recoded.start(reader.header.reset, at, &sample);
            } else {
                recoded.write(at, &sample);
            }
        }
        recoded.reset_before = self.reset_before;
        *self = recoded;
        Ok(())
    }
}
