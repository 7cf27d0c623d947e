//! `narthex query analyze`: how the buckets of histograms are filled over time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use narthex_exposition::parse_float;
use narthex_model::{BUCKET_LABEL, METRIC_NAME};

use super::arguments::{Analyze, Kind};
use super::data::{Series, Value};
use super::print::{label_set, metric};
use super::server::Server;
use crate::tsdb::notation;
use crate::tsdb::output::Output;

const HEADER: &str = "Bucket stats for each histogram series over time
------------------------------------------------
First the min, avg, and max number of populated buckets, followed by the total
number of buckets (only if different from the max number of populated buckets
which is typical for classic but not native histograms).";

const FOOTER: &str = "Aggregated bucket stats
-----------------------
Each line shows min/avg/max over the series above.";

/// Prints a line for each histogram, and what all of them come to.
pub(super) async fn analyze(server: &Server, arguments: &Analyze, at: i64) -> anyhow::Result<()> {
    let Kind::Histogram = arguments.kind;
    let mut out = Output::new();
    out.line(&format!("{HEADER}\n"))?;
    let (mut natives, mut classics) = (Totals::default(), Totals::default());
    let millis = i64::try_from(arguments.duration.as_millis()).unwrap_or(i64::MAX);
    for selector in &arguments.selectors {
        let query = format!("{selector}[{}]", notation::duration(millis));
        let Value::Matrix(series) = server.instant(&query, at).await? else {
            anyhow::bail!("query of buckets resulted in non-Matrix");
        };
        let mut groups: BTreeMap<String, Vec<Series>> = BTreeMap::new();
        for series in series {
            if !series.values.is_empty() {
                if let Some(key) = classic_name(&series) {
                    groups.entry(key).or_default().push(series);
                }
            } else if let Some(stats) = native(&series) {
                out.line(&format!("- {} (native): {stats}", metric(&series.metric)))?;
                natives.add(&stats);
            }
        }
        for (key, mut group) in groups {
            if let Some(stats) = classic(&mut group)? {
                out.line(&format!("- {key} (classic): {stats}"))?;
                classics.add(&stats);
            }
        }
    }
    out.line(&format!("\n{FOOTER}"))?;
    for (kind, totals) in [("Native", natives), ("Classic", classics)] {
        if totals.least.count > 0 {
            out.line(&format!("\n{kind} {totals}"))?;
        }
    }
    out.finish()
}

/// The classic histogram that a series of buckets belongs to.
fn classic_name(series: &Series) -> Option<String> {
    let name = series.metric.get(METRIC_NAME).filter(|name| name.ends_with("_bucket"))?;
    series.metric.get(BUCKET_LABEL)?;
    let mut labels = series.metric.clone();
    labels.retain(|label, _| label != METRIC_NAME && label != BUCKET_LABEL);
    Some(format!("{name}{}", label_set(&labels)))
}

/// How many buckets of one histogram hold something.
struct Stats {
    least: usize,
    mean: f64,
    most: usize,
    /// All buckets, whether they hold something or not.
    total: usize,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:.3}/{}", self.least, self.mean, self.most)?;
        if self.most == self.total { Ok(()) } else { write!(f, "/{}", self.total) }
    }
}

impl Stats {
    /// Of the counts at each time; nothing when there are none.
    #[expect(clippy::cast_precision_loss, reason = "numbers of buckets are small")]
    fn new(populated: &[usize], total: usize) -> Option<Self> {
        let (least, most) = (*populated.iter().min()?, *populated.iter().max()?);
        let mean = populated.iter().sum::<usize>() as f64 / populated.len() as f64;
        Some(Self { least, mean, most, total })
    }
}

/// Nothing for a series without two histograms.
fn native(series: &Series) -> Option<Stats> {
    if series.histograms.len() < 2 {
        return None;
    }
    let buckets = series.histograms.iter().flat_map(|(_, histogram)| &histogram.buckets);
    let known: BTreeSet<_> =
        buckets.map(|(bounds, lower, upper, _)| (bounds, lower, upper)).collect();
    let populated: Vec<usize> =
        series.histograms.iter().map(|(_, histogram)| histogram.buckets.len()).collect();
    Stats::new(&populated, known.len())
}

/// Nothing for a histogram without two samples.
fn classic(group: &mut [Series]) -> anyhow::Result<Option<Stats>> {
    let bound = |series: &Series| {
        let text = series.metric.get(BUCKET_LABEL).map_or("", String::as_str);
        parse_float(text.as_bytes()).unwrap_or(0.0)
    };
    group.sort_by(|a, b| bound(a).total_cmp(&bound(b)));
    let times = group.first().map_or(0, |series| series.values.len());
    if times < 2 {
        return Ok(None);
    }
    let mut populated = Vec::with_capacity(times);
    for index in 0..times {
        let mut before: Option<(&serde_json::Number, f64)> = None;
        let mut count = 0;
        // Buckets behind one that has no sample any more are not looked at.
        for series in &*group {
            let Some((at, value)) = series.values.get(index) else { break };
            let value = parse_float(value.as_bytes()).unwrap_or(0.0);
            let own = match before {
                Some((before_at, _)) if before_at != at => {
                    anyhow::bail!("matrix result is not time aligned");
                }
                Some((_, below)) => value - below,
                None => value,
            };
            count += usize::from(own.trunc() != 0.0);
            before = Some((at, value));
        }
        populated.push(count);
    }
    Ok(Stats::new(&populated, group.len()))
}

/// What the histograms of one kind come to.
#[derive(Default)]
struct Totals {
    least: Spread,
    mean: Spread,
    most: Spread,
    total: Spread,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct Spread {
    least: usize,
    mean: f64,
    most: usize,
    count: u32,
}

impl Spread {
    #[expect(clippy::cast_precision_loss, reason = "numbers of buckets are small")]
    fn add(&mut self, number: usize) {
        self.least = if self.count == 0 { number } else { self.least.min(number) };
        self.most = self.most.max(number);
        self.count += 1;
        let count = f64::from(self.count);
        self.mean += number as f64 / count - self.mean / count;
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:.3}/{}", self.least, self.mean, self.most)
    }
}

impl Totals {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a mean of numbers of buckets, cut to a whole number as promtool does"
    )]
    fn add(&mut self, stats: &Stats) {
        self.least.add(stats.least);
        self.mean.add(stats.mean as usize);
        self.most.add(stats.most);
        self.total.add(stats.total);
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { least, mean, most, total } = self;
        write!(
            f,
            "histogram series ({} in total):\n- min populated: {least}\n\
             - avg populated: {mean}\n- max populated: {most}",
            least.count
        )?;
        if most == total { Ok(()) } else { write!(f, "\n- total: {total}") }
    }
}
