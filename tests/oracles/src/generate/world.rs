//! A small world of metrics that queries are asked about: the same names and labels always, other
//! samples with every seed.
//!
//! Invariant: all floats but a few odd ones are multiples of 1/8 below 2^20, so that sums of them
//! are exact in whatever order they are made.
//! Invariant: a series changes between floats and histograms only after [`World::SLICE`] samples,
//! so that a slice of it is of one kind.

use narthex_model::{Labels, NativeHistogram, Timestamp, stale_nan};
use narthex_storage::{Appendable, Columns};

use super::{HistogramKind, HistogramWalk};
use crate::Chance;

/// All series with their samples.
#[derive(Clone, Debug)]
pub struct World {
    /// Labels and samples, ascending by labels.
    pub series: Vec<(Labels, Columns)>,
}

/// How the samples of a series go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Whole numbers that grow, and now and then begin anew.
    Counter,
    /// Eighths, up and down, hardly ever the same twice.
    Gauge,
    /// The same all the time.
    Constant,
    /// 0 or 1.
    Switch,
    /// A gauge with holes and staleness markers.
    Gappy,
    /// NaN, infinities and zeros with signs among small numbers.
    Odd,
    /// One sample, in the middle.
    Lone,
    /// Native histograms.
    Native(HistogramKind),
    /// Native histograms with custom bounds that change.
    Changing,
    /// Slices of floats and slices of native histograms.
    Mixed,
}

/// Half a label set: the values that `job` and `instance` have.
const JOBS: [&str; 2] = ["api", "db"];
const INSTANCES: [&str; 3] = ["a:1", "b:2", "c:3"];
/// Upper bounds of the classic histogram.
const BOUNDS: [&str; 6] = ["0.125", "0.5", "1", "2.5", "10", "+Inf"];

impl World {
    /// Time of the first samples, in milliseconds.
    pub const START: i64 = 1_700_000_000_000;
    /// How far the samples reach, in milliseconds.
    pub const LENGTH: i64 = Self::INTERVAL * Self::STEPS as i64;
    /// Milliseconds between samples of a series.
    pub const INTERVAL: i64 = 15_000;
    /// Samples of a series without holes.
    pub const STEPS: usize = 160;
    /// How many samples are sent together.
    pub const SLICE: usize = 10;

    /// The world of a seed.
    #[must_use]
    pub fn new(chance: &mut Chance) -> Self {
        let mut made = Self { series: Vec::new() };
        made.by_instance(chance);
        made.by_path(chance);
        made.classic_histograms(chance);
        made.info(chance);
        for job in JOBS {
            made.add(Kind::Gauge, &[("__name__", "job_weight"), ("job", job)], chance);
        }
        made.add(Kind::Gauge, &[("__name__", "grand_total")], chance);
        made.add(Kind::Lone, &[("__name__", "lone"), ("job", "api"), ("instance", "a:1")], chance);
        made.series.sort_by(|a, b| a.0.cmp(&b.0));
        made
    }

    fn by_instance(&mut self, chance: &mut Chance) {
        use HistogramKind as Native;
        let metrics = [
            ("memory_bytes", Kind::Gauge),
            ("limit_bytes", Kind::Constant),
            ("up", Kind::Switch),
            ("gappy", Kind::Gappy),
            ("odd", Kind::Odd),
            ("requests_count", Kind::Counter),
            ("latency", Kind::Native(Native::IntegerCounter)),
            ("size", Kind::Native(Native::FloatCounter)),
            ("queue", Kind::Native(Native::IntegerGauge)),
            ("web_seconds", Kind::Native(Native::IntegerCustom)),
            ("web_changing", Kind::Changing),
            ("mixed", Kind::Mixed),
        ];
        for (name, kind) in metrics {
            for job in JOBS {
                for instance in INSTANCES {
                    // Somebody is always missing.
                    if !chance.once_in(12) {
                        let labels = [("__name__", name), ("job", job), ("instance", instance)];
                        self.add(kind, &labels, chance);
                    }
                }
            }
        }
    }

    fn by_path(&mut self, chance: &mut Chance) {
        for name in ["requests_total", "errors_total"] {
            for (job, instance) in [("api", "a:1"), ("api", "b:2"), ("db", "a:1")] {
                for path in ["/", "/x"] {
                    for code in ["200", "500"] {
                        if !chance.once_in(12) {
                            let labels = [
                                ("__name__", name),
                                ("job", job),
                                ("instance", instance),
                                ("path", path),
                                ("code", code),
                            ];
                            self.add(Kind::Counter, &labels, chance);
                        }
                    }
                }
            }
        }
    }

    /// Cumulative buckets, with their count and sum; seldom one that falls behind.
    fn classic_histograms(&mut self, chance: &mut Chance) {
        for (job, instance) in [("api", "a:1"), ("api", "b:2"), ("db", "c:3")] {
            let at = times(chance);
            let mut counts = [0_u32; BOUNDS.len()];
            let mut buckets = vec![Columns::default(); BOUNDS.len()];
            let (mut sums, mut sum) = (Columns::default(), 0.0);
            for at in &at {
                for _ in 0..chance.below(4) {
                    let place = chance.index(BOUNDS.len());
                    counts.iter_mut().skip(place).for_each(|count| *count += 1);
                    sum += f64::from(chance.small(64)) / 8.0;
                }
                for (column, count) in buckets.iter_mut().zip(counts) {
                    let behind = f64::from(u32::from(chance.once_in(300)));
                    column.push(*at, f64::from(count) - behind);
                }
                sums.push(*at, sum);
            }
            let counts = buckets.last().cloned().unwrap_or_default();
            let name = |name: &str| {
                Labels::from_pairs([("__name__", name), ("job", job), ("instance", instance)])
            };
            for (bound, column) in BOUNDS.iter().zip(buckets) {
                let mut labels = name("wait_seconds_bucket").to_builder();
                labels.set("le", *bound);
                self.series.push((labels.finish(), column));
            }
            self.series.push((name("wait_seconds_sum"), sums));
            self.series.push((name("wait_seconds_count"), counts));
        }
        let odd = [("__name__", "odd_bucket"), ("job", "api"), ("le", "wide")];
        self.add(Kind::Counter, &odd, chance);
    }

    /// Info metrics: always 1; the version changes once.
    fn info(&mut self, chance: &mut Chance) {
        for job in JOBS {
            for instance in INSTANCES {
                let of = [("job", job), ("instance", instance)];
                let at = times(chance);
                let change = chance.index(at.len());
                let (before, after) = at.split_at(change);
                for (version, at) in [("1", before), ("2", after)] {
                    let labels = [
                        ("__name__", "target_info"),
                        ("version", version),
                        ("region", if job == "api" { "eu" } else { "us" }),
                    ];
                    let mut columns = Columns::default();
                    at.iter().for_each(|at| columns.push(*at, 1.0));
                    if version == "1"
                        && let Some(at) = after.first()
                    {
                        columns.push(*at, stale_nan());
                    }
                    if !columns.is_empty() {
                        self.series
                            .push((Labels::from_pairs(of.into_iter().chain(labels)), columns));
                    }
                }
                let build = [("__name__", "build_info"), ("build", instance)];
                self.add_labels(
                    Kind::Constant,
                    Labels::from_pairs(of.into_iter().chain(build)),
                    chance,
                );
            }
        }
    }

    fn add(&mut self, kind: Kind, labels: &[(&str, &str)], chance: &mut Chance) {
        self.add_labels(kind, Labels::from_pairs(labels.iter().copied()), chance);
    }

    fn add_labels(&mut self, kind: Kind, labels: Labels, chance: &mut Chance) {
        let columns = match kind {
            Kind::Native(kind) => {
                let walk = HistogramWalk::natural(kind, chance);
                natives(walk, chance)
            }
            Kind::Changing => {
                let walk = HistogramWalk::new(HistogramKind::IntegerCustom, chance);
                natives(walk, chance)
            }
            Kind::Mixed => mixed(chance),
            Kind::Lone => Columns::from_floats(vec![Self::START + Self::LENGTH / 2], vec![7.0]),
            Kind::Counter
            | Kind::Gauge
            | Kind::Constant
            | Kind::Switch
            | Kind::Gappy
            | Kind::Odd => floats(kind, chance),
        };
        self.series.push((labels, columns));
    }

    /// Appends all of it.
    ///
    /// # Panics
    /// When the store refuses any.
    pub fn fill(&self, store: &dyn Appendable) {
        let mut batch = store.appender();
        for (labels, columns) in &self.series {
            let series = batch.series(labels).expect("a series");
            for sample in in_order(columns) {
                match sample {
                    (at, Sample::Float(value)) => {
                        batch.append(series, Timestamp::from_millis(at), value).expect("a float");
                    }
                    (at, Sample::Histogram(histogram)) => batch
                        .append_histogram(
                            series,
                            Timestamp::from_millis(at),
                            histogram.clone().into(),
                        )
                        .expect("a histogram"),
                }
            }
        }
        batch.commit().expect("a commit");
    }

    /// The series whose samples are floats alone.
    #[must_use]
    pub fn without_native_histograms(mut self) -> Self {
        self.series.retain(|(_, columns)| columns.histograms.is_empty());
        self
    }
}

/// A sample of either kind.
#[derive(Clone, Copy, Debug)]
enum Sample<'a> {
    Float(f64),
    Histogram(&'a NativeHistogram),
}

/// The samples of both kinds, ascending by time.
fn in_order(columns: &Columns) -> Vec<(i64, Sample<'_>)> {
    let floats = columns.times.iter().zip(&columns.values);
    let floats = floats.map(|(at, value)| (*at, Sample::Float(*value)));
    let histograms = columns.histograms.iter();
    let histograms = histograms.map(|point| (point.at, Sample::Histogram(&point.histogram)));
    let mut all: Vec<_> = floats.chain(histograms).collect();
    all.sort_by_key(|(at, _)| *at);
    all
}

/// The times of a series: in step, off its neighbours' by up to an interval.
fn times(chance: &mut Chance) -> Vec<i64> {
    let phase = *chance.pick(&[0, 0, 1, 7_000, 14_999]);
    let at =
        |step: usize| World::START + phase + World::INTERVAL * i64::try_from(step).unwrap_or(0);
    (0..World::STEPS).map(at).collect()
}

fn eighths(chance: &mut Chance, end: u32) -> f64 {
    f64::from(chance.small(end * 8)) / 8.0
}

fn floats(kind: Kind, chance: &mut Chance) -> Columns {
    let mut columns = Columns::default();
    let mut count = f64::from(chance.small(50));
    let constant = eighths(chance, 1000);
    let mut skip = 0;
    for at in times(chance) {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        if kind == Kind::Gappy && chance.once_in(10) {
            columns.push(at, stale_nan());
            skip = chance.below(12);
            continue;
        }
        if kind != Kind::Constant && chance.once_in(40) {
            // Not long enough to be forgotten, or just so.
            skip = chance.below(30);
        }
        if chance.once_in(45) {
            count = 0.0;
        }
        count += f64::from(chance.small(9));
        columns.push(
            at,
            match kind {
                Kind::Counter => count,
                Kind::Constant => constant,
                Kind::Switch => f64::from(u8::from(!chance.once_in(6))),
                Kind::Odd => *chance.pick(&[
                    f64::NAN,
                    f64::INFINITY,
                    f64::NEG_INFINITY,
                    0.0,
                    -0.0,
                    1.0,
                    -1.5,
                    2.0,
                ]),
                Kind::Gauge
                | Kind::Gappy
                | Kind::Lone
                | Kind::Native(_)
                | Kind::Changing
                | Kind::Mixed => eighths(chance, 1 << 16) - 4096.0,
            },
        );
    }
    columns
}

fn natives(mut walk: HistogramWalk, chance: &mut Chance) -> Columns {
    let mut columns = Columns::default();
    for at in times(chance) {
        let histogram = walk.next(chance);
        if !chance.once_in(25) {
            columns.push_histogram(at, histogram.into());
        }
    }
    columns
}

fn mixed(chance: &mut Chance) -> Columns {
    let mut columns = Columns::default();
    let mut walk = HistogramWalk::natural(HistogramKind::IntegerCounter, chance);
    for (step, at) in times(chance).into_iter().enumerate() {
        if (step / World::SLICE).is_multiple_of(2) {
            columns.push(at, f64::from(chance.small(100)));
        } else {
            columns.push_histogram(at, walk.next(chance).into());
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use narthex_storage::MemoryStore;

    use super::*;

    #[test]
    fn every_world_is_taken_by_a_store() {
        for seed in 0..5 {
            World::new(&mut Chance::new(seed)).fill(&MemoryStore::new());
        }
    }

    #[test]
    fn a_seed_is_the_same_world() {
        let names = |seed| {
            let world = World::new(&mut Chance::new(seed));
            let mut all = world.series.into_iter();
            all.by_ref()
                .map(|(labels, columns)| (labels, format!("{columns:?}")))
                .collect::<Vec<_>>()
        };
        assert_eq!(names(3), names(3));
        assert_ne!(names(3), names(4));
    }
}
