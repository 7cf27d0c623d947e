//! Classic histograms as native ones with custom buckets, as `load_with_nhcb` asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use narthex_model::{BUCKET_LABEL, ClassicHistogram, Labels, METRIC_NAME};
use narthex_promql::{SeriesNotation, SeriesPoint};

/// Which part of a classic histogram a series is.
enum Part {
    Bucket(f64),
    Count,
    Sum,
}

/// The native histograms of all classic ones.
pub(super) fn convert(series: &[SeriesNotation]) -> Result<Vec<SeriesNotation>, String> {
    let mut all: BTreeMap<Labels, BTreeMap<usize, ClassicHistogram>> = BTreeMap::new();
    for SeriesNotation { labels, points, .. } in series {
        let Some((part, base)) = part(labels) else { continue };
        let classics = all.entry(base).or_default();
        for (place, point) in points.iter().enumerate() {
            let SeriesPoint::Float(value) = point else { continue };
            let classic = classics.entry(place).or_default();
            match part {
                Part::Bucket(bound) => classic.add_bucket(bound, *value),
                Part::Count => classic.set_count(*value),
                Part::Sum => classic.set_sum(*value),
            }
        }
    }
    let mut natives = Vec::new();
    for (labels, mut classics) in all {
        let places = classics.keys().next_back().map_or(0, |last| last + 1);
        let points = (0..places).map(|place| match classics.remove(&place) {
            Some(classic) => native(&classic),
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

fn native(classic: &ClassicHistogram) -> Result<SeriesPoint, String> {
    let native = classic.to_native().map_err(|error| error.to_string())?;
    Ok(SeriesPoint::Histogram { histogram: Arc::new(native.to_float()), is_reset_given: false })
}
