//! Measures the encodings of floats: bytes a sample by kind of series, and nanoseconds a sample.
//!
//! `cargo run --release -p narthex-tsdb --example chunk_sizes [series] [steps]`
//!
//! The data are those of a monitored service, one sample in 15 s: 40 % series of histograms (12
//! buckets, sum, count), 35 % counters of which a third is idle, 25 % gauges of which half is
//! constant. A quarter of the samples repeats the one before; 6 % are floats that use all their
//! digits. All follow from the numbers of series and step, so every run has the same.
#![expect(clippy::print_stdout, reason = "a program that measures")]

use narthex_platform::Clock;
use narthex_storage::Columns;
use narthex_tsdb::encoding::{Chunk, FloatEncoding, decode, encode};

const REPEATS: usize = 7;
const STEP_MS: i64 = 15_000;
const FIRST_AT: i64 = 1_790_000_000_000;
/// What a block spends on a chunk beside its data: length, encoding, checksum, place in the index.
const FRAME_BYTES: usize = 14;
/// What the index spends on a series: labels by number, its place in postings and tables.
const SERIES_BYTES: usize = 90;

const ENCODINGS: [FloatEncoding; 3] =
    [FloatEncoding::Xor, FloatEncoding::Xor2, FloatEncoding::Dense];

/// Kinds of series, and how many of 1 000 are of each.
const KINDS: [(Kind, usize); 11] = [
    (Kind::Bucket, 343),
    (Kind::Count, 29),
    (Kind::Sum, 28),
    (Kind::Counter, 203),
    (Kind::SecondsCounter, 30),
    (Kind::Idle, 117),
    (Kind::Ratio, 36),
    (Kind::HundredthsGauge, 40),
    (Kind::WholeGauge, 35),
    (Kind::BytesGauge, 14),
    (Kind::Constant, 125),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Bucket,
    Count,
    Sum,
    Counter,
    SecondsCounter,
    Idle,
    Ratio,
    HundredthsGauge,
    WholeGauge,
    BytesGauge,
    Constant,
}

/// Numbers that look random and follow from series and step.
#[derive(Clone, Copy)]
struct Noise(u64);

impl Noise {
    fn new(series: u64, step: u64) -> Self {
        Self(series.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ step.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// At least 0, below 1, with all digits of a float.
    fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal around 0 with deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// How many events come when `mean` are expected.
    fn events(&mut self, mean: f64) -> f64 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (mut events, mut left) = (0.0, self.unit());
        let limit = (-mean).exp();
        while left > limit {
            events += 1.0;
            left *= self.unit();
        }
        events
    }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn values(kind: Kind, series: u64, steps: usize) -> Vec<f64> {
    let mut of_series = Noise::new(series, u64::MAX);
    // Rates differ by some orders of magnitude.
    let scale = 10_f64.powf(of_series.unit() * 2.0);
    let share = of_series.unit();
    let mut total = (of_series.unit() * 1e5).round();
    let next = |step: usize| {
        let mut noise = Noise::new(series, step as u64);
        let wave = 1.0 + 0.3 * ((step as f64 + share * 400.0) / 240.0).sin();
        match kind {
            Kind::Bucket => total += noise.events(3.0 * scale * share * wave),
            Kind::Count => total += noise.events(3.0 * scale * wave),
            Kind::Sum => {
                let observed = noise.events(3.0 * scale * wave);
                total += observed * (0.05 + 0.02 * noise.unit() * share);
            }
            Kind::Counter => {
                total += (150.0 * scale * wave * (1.0 + 0.12 * noise.normal())).max(0.0).round();
            }
            Kind::SecondsCounter => {
                total = hundredths(total + hundredths(3.0 * wave + 0.4 * noise.normal()).max(0.0));
            }
            Kind::Idle => {}
            Kind::Ratio => return (0.5 + 0.1 * wave * share + 0.05 * noise.normal()).abs(),
            Kind::HundredthsGauge => return hundredths(20.0 + 30.0 * wave + 0.3 * noise.normal()),
            Kind::WholeGauge => {
                return (40.0 * scale * wave + 3.0 * scale * noise.normal()).round();
            }
            Kind::BytesGauge => {
                return ((scale * 1e4 * wave + 90.0 * noise.normal()).round() * 4096.0).abs();
            }
            Kind::Constant => return (scale * 50.0).round() / 4.0,
        }
        total
    };
    (0..steps).map(next).collect()
}

fn columns(kind: Kind, series: u64, steps: usize) -> Columns {
    let times = (0..steps as i64).map(|step| FIRST_AT + step * STEP_MS).collect();
    Columns::from_floats(times, values(kind, series, steps))
}

/// What an encoding made of some series.
#[derive(Clone, Copy, Default)]
struct Tally {
    samples: usize,
    bytes: usize,
    frame_bytes: usize,
    encode_nanos: f64,
    decode_nanos: f64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.samples += other.samples;
        self.bytes += other.bytes;
        self.frame_bytes += other.frame_bytes;
        self.encode_nanos += other.encode_nanos;
        self.decode_nanos += other.decode_nanos;
    }

    fn per_sample(self, number: f64) -> f64 {
        number / self.samples as f64
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let mut next = |default| arguments.next().unwrap_or(Ok(default));
    let (series, steps) = (next(2_000)?, next(1_440)?);
    println!("{series} series x {steps} steps: bytes, ns to encode, ns to decode a sample");
    println!("{:<16} {:^18} {:^18} {:^18}", "", "xor", "xor2", "dense");
    let mut all = [Tally::default(); 3];
    let mut repeats = 0;
    for (kind, share) in KINDS {
        let mut tallies = [Tally::default(); 3];
        for one in 0..(series * share).div_ceil(1_000) {
            let columns = columns(kind, (kind as u64) << 32 | one as u64, steps);
            repeats += columns
                .values
                .iter()
                .zip(columns.values.iter().skip(1))
                .filter(|(a, b)| a == b)
                .count();
            for (tally, encoding) in tallies.iter_mut().zip(ENCODINGS) {
                tally.add(measure(&columns, encoding)?);
            }
        }
        print(&format!("{kind:?}"), tallies);
        for (all, tally) in all.iter_mut().zip(tallies) {
            all.add(tally);
        }
    }
    print("all", all);
    let with_index = all.map(|all| all.per_sample((all.bytes + all.frame_bytes) as f64));
    println!("bytes a sample with index and frames: {with_index:.3?}");
    let samples = all.map(|all| all.samples).into_iter().max().unwrap_or(1);
    println!(
        "{:.1} % of the samples repeat the one before",
        100.0 * repeats as f64 / samples as f64
    );
    Ok(())
}

/// Encodes and decodes one series, and makes sure that it comes back.
fn measure(
    columns: &Columns,
    encoding: FloatEncoding,
) -> Result<Tally, Box<dyn std::error::Error>> {
    let clock = Clock::real();
    let (mut chunks, mut out) = (Vec::<Chunk>::new(), Columns::default());
    let (mut encode_nanos, mut decode_nanos) = (f64::INFINITY, f64::INFINITY);
    // The best of some: a machine has other things to do.
    for _ in 0..REPEATS {
        chunks.clear();
        let before = clock.monotonic();
        encode(columns, encoding, &mut chunks);
        encode_nanos = encode_nanos.min((clock.monotonic() - before).as_nanos() as f64);
        out.clear();
        let before = clock.monotonic();
        for chunk in &chunks {
            decode(chunk.encoding, &chunk.bytes, i64::MIN, i64::MAX, &mut out)?;
        }
        decode_nanos = decode_nanos.min((clock.monotonic() - before).as_nanos() as f64);
    }
    let bits = |values: &[f64]| values.iter().map(|one| one.to_bits()).collect::<Vec<_>>();
    assert!(out.times == columns.times && bits(&out.values) == bits(&columns.values), "it is back");
    Ok(Tally {
        samples: columns.len(),
        bytes: chunks.iter().map(|chunk| chunk.bytes.len()).sum(),
        frame_bytes: SERIES_BYTES + chunks.len() * FRAME_BYTES,
        encode_nanos,
        decode_nanos,
    })
}

fn print(name: &str, tallies: [Tally; 3]) {
    let columns = tallies.map(|one| {
        let bytes = one.per_sample(one.bytes as f64);
        let (encode, decode) = (one.per_sample(one.encode_nanos), one.per_sample(one.decode_nanos));
        format!("{bytes:>7.3}{encode:>6.1}{decode:>5.1}")
    });
    println!("{name:<16} {}", columns.join(" "));
}
