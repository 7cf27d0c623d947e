//! Classic histograms as native ones with custom buckets, as `load_with_nhcb` asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{
    BUCKET_LABEL, BucketLayout, CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Labels, METRIC_NAME, Span,
};
use narthex_promql::{SeriesNotation, SeriesPoint};

/// What the series of a classic histogram say at one time.
#[derive(Default)]
struct Classic {
    /// Upper bound and observations up to it, ascending.
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
}

/// Which part of a classic histogram a series is.
enum Part {
    Bucket(f64),
    Count,
    Sum,
}

/// The native histograms of all classic ones.
pub(super) fn convert(series: &[SeriesNotation]) -> Result<Vec<SeriesNotation>, String> {
    let mut all: BTreeMap<Labels, BTreeMap<usize, Classic>> = BTreeMap::new();
    for SeriesNotation { labels, points, .. } in series {
        let Some((part, base)) = part(labels) else { continue };
        let classics = all.entry(base).or_default();
        for (place, point) in points.iter().enumerate() {
            let SeriesPoint::Float(value) = point else { continue };
            let classic = classics.entry(place).or_default();
            match part {
                Part::Bucket(bound) => classic.buckets.push((bound, *value)),
                Part::Count => classic.count = Some(*value),
                Part::Sum => classic.sum = *value,
            }
        }
    }
    let mut natives = Vec::new();
    for (labels, mut classics) in all {
        let places = classics.keys().next_back().map_or(0, |last| last + 1);
        let points = (0..places).map(|place| match classics.remove(&place) {
            Some(classic) => classic.into_native(),
            None => Ok(SeriesPoint::Omitted),
        });
        let points = points.collect::<Result<_, String>>()?;
        natives.push(SeriesNotation { labels, points, starts: Vec::new() });
    }
    Ok(natives)
}

fn part(labels: &Labels) -> Option<(Part, Labels)> {
    let name = labels.get(METRIC_NAME)?;
    let (part, base) = if let Some(base) = name.strip_suffix("_bucket") {
        let bound: f64 = labels.get(BUCKET_LABEL)?.parse().ok()?;
        (Part::Bucket(bound), base)
    } else if let Some(base) = name.strip_suffix("_count") {
        (Part::Count, base)
    } else {
        (Part::Sum, name.strip_suffix("_sum")?)
    };
    let mut builder = labels.filtered(|name| name != BUCKET_LABEL).to_builder();
    builder.set(METRIC_NAME, base);
    Some((part, builder.finish()))
}

impl Classic {
    fn into_native(mut self) -> Result<SeriesPoint, String> {
        self.buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        self.buckets.dedup_by_key(|(bound, _)| *bound);
        let highest = self.buckets.last().copied();
        let count = self.count.or(highest.map(|(_, count)| count)).unwrap_or(0.0);
        if highest.is_none_or(|(bound, _)| bound != f64::INFINITY) {
            self.buckets.push((f64::INFINITY, count));
        }
        let mut below = 0.0;
        let mut positive_counts = Vec::with_capacity(self.buckets.len());
        for (bound, count) in &self.buckets {
            if *count < below {
                return Err(format!("the bucket of {bound} holds less than the one before"));
            }
            positive_counts.push(count - below);
            below = *count;
        }
        let bounds = self.buckets.iter().map(|(bound, _)| *bound);
        let layout = BucketLayout {
            schema: CUSTOM_BUCKETS_SCHEMA,
            positive_spans: vec![Span {
                offset: 0,
                length: u32::try_from(positive_counts.len()).map_err(|error| error.to_string())?,
            }],
            custom_bounds: bounds.filter(|bound| bound.is_finite()).collect(),
            ..BucketLayout::default()
        };
        let sum = self.sum;
        let mut histogram =
            FloatHistogram { layout, count, sum, positive_counts, ..FloatHistogram::default() };
        histogram.compact(2);
        Ok(SeriesPoint::Histogram { histogram: Arc::new(histogram), is_reset_given: false })
    }
}
