//! How fast bodies are read: the parser alone, on one thread, with nothing behind it.

use anyhow::Context as _;
use narthex_exposition::{Entry, Format as Exposed, Options, Parser};
use rustix::time::{ClockId, clock_gettime};

use crate::body::{Format, Lines};
use crate::shape::Shape;

/// Bodies of neighbouring steps are read in turn, so that no value is learned by heart.
const STEPS: u64 = 16;
const FIRST_STEP: u64 = 20_000;

/// How a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// No line is expected: each series is checked and its key is found.
    New(Format),
    /// Every line is expected, as in all later scrapes.
    Known(Format),
    /// Classic histograms become native ones with custom buckets.
    CustomBuckets,
}

impl Reader {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 7] = [
        ("text, known series", Self::Known(Format::Text)),
        ("text, new series", Self::New(Format::Text)),
        ("OpenMetrics, known series", Self::Known(Format::OpenMetrics)),
        ("OpenMetrics, new series", Self::New(Format::OpenMetrics)),
        ("protobuf", Self::New(Format::Protobuf)),
        ("protobuf, native histograms", Self::New(Format::Native)),
        ("text, to custom buckets", Self::CustomBuckets),
    ];

    const fn format(self) -> Format {
        match self {
            Self::New(format) | Self::Known(format) => format,
            Self::CustomBuckets => Format::Text,
        }
    }

    fn options(self) -> Options {
        Options {
            native_histograms: self.format() == Format::Native,
            to_custom_buckets: self == Self::CustomBuckets,
            ..Options::default()
        }
    }
}

/// What was read, and what it took.
#[derive(Debug, Clone, Copy)]
pub struct Parsed {
    /// Of one body.
    pub bytes: usize,
    /// Of one body: values and native histograms.
    pub samples: usize,
    /// Processor time of one body.
    pub nanos: f64,
}

/// Reads the bodies of a target, each so often.
///
/// # Errors
/// When one is not read to its end.
pub fn parse(shape: Shape, reader: Reader, rounds: u32) -> anyhow::Result<Parsed> {
    let lines = Lines::new(shape);
    let bodies: Vec<Vec<u8>> = (0..STEPS)
        .map(|step| {
            let mut body = Vec::new();
            lines.write(1, FIRST_STEP + step, reader.format(), &mut body);
            body
        })
        .collect();
    let first = bodies.first().context("a body")?;
    let expected = expected(first, reader)?;
    let samples = read(first, reader, &expected)?;
    let began = thread_nanos();
    for body in bodies.iter().cycle().take(usize::try_from(rounds)?) {
        anyhow::ensure!(read(body, reader, &expected)? == samples, "a body of another length");
    }
    let nanos = (thread_nanos() - began) / f64::from(rounds);
    Ok(Parsed { bytes: first.len(), samples, nanos })
}

/// Length and key of every line, where they help.
fn expected(body: &[u8], reader: Reader) -> anyhow::Result<Vec<(usize, u128)>> {
    let mut lines = Vec::new();
    if !matches!(reader, Reader::Known(_)) {
        return Ok(lines);
    }
    let mut parser = parser(body, reader);
    while let Some(entry) = parser.next_entry()? {
        if let Entry::Sample(sample) = entry {
            lines.push((sample.series.text_len(), sample.series.key()));
        }
    }
    Ok(lines)
}

fn parser(body: &[u8], reader: Reader) -> Parser<'_> {
    let format = match reader.format() {
        Format::Text => Exposed::Text004,
        Format::OpenMetrics => Exposed::OpenMetrics,
        Format::Protobuf | Format::Native => Exposed::Protobuf,
    };
    Parser::with_options(body, format, reader.options())
}

/// Reads a body to its end; how many samples it had.
fn read(body: &[u8], reader: Reader, expected: &[(usize, u128)]) -> anyhow::Result<usize> {
    let mut parser = parser(body, reader);
    let (mut samples, mut sum) = (0, 0.0);
    loop {
        // As a scrape does: the line that follows in the last body is tried first.
        let known = expected.get(samples);
        if let Some(sample) = known.and_then(|(len, key)| parser.known_sample(*len, *key)) {
            sum += sample.reading.value;
            samples += 1;
            continue;
        }
        match parser.next_entry()? {
            Some(Entry::Sample(sample)) => {
                std::hint::black_box(sample.series.key());
                sum += sample.reading.value;
                samples += 1;
            }
            Some(Entry::Histogram(sample)) => {
                std::hint::black_box(sample.series.key());
                std::hint::black_box(&sample.reading.value);
                samples += 1;
            }
            Some(Entry::Help { .. } | Entry::Type { .. } | Entry::Unit { .. }) => {}
            None => break,
        }
    }
    std::hint::black_box(sum);
    Ok(samples)
}

#[expect(clippy::cast_precision_loss, reason = "a thread has less than 2^53 ns")]
fn thread_nanos() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_reads_every_sample() {
        for (name, reader) in Reader::ALL {
            let parsed = parse(Shape::new(1000), reader, 1).unwrap();
            // 392 series are of 28 histograms.
            let samples = match reader {
                Reader::New(Format::Native) | Reader::CustomBuckets => 1000 - 392 + 28,
                Reader::New(_) | Reader::Known(_) => 1000,
            };
            assert_eq!(parsed.samples, samples, "{name}");
        }
    }
}
