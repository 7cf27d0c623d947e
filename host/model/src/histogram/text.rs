//! Histograms as text: for readers, and in the notation of test files.

use std::fmt;

use super::{Bucket, CounterReset, FloatHistogram, Span};
use crate::number::Shortest;

impl fmt::Display for Bucket {
    /// In the notation of intervals: `(0.5,1]:3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = if self.is_lower_inclusive { '[' } else { '(' };
        let close = if self.is_upper_inclusive { ']' } else { ')' };
        let (lower, upper) = (Shortest(self.lower), Shortest(self.upper));
        write!(f, "{open}{lower},{upper}{close}:{}", Shortest(self.count))
    }
}

impl fmt::Display for FloatHistogram {
    /// With the buckets that hold something: `{count:3, sum:4, (0.5,1]:3}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{count:{}, sum:{}", Shortest(self.count), Shortest(self.sum))?;
        for bucket in self.buckets().iter().filter(|bucket| bucket.count != 0.0) {
            write!(f, ", {bucket}")?;
        }
        f.write_str("}")
    }
}

impl FloatHistogram {
    /// In the notation of test files: `{{schema:1 count:3 sum:4 buckets:[1 2]}}`. Each side is one
    /// run of buckets there, with the empty ones between.
    #[must_use]
    pub fn notation(&self) -> String {
        let mut compact = self.clone();
        compact.compact(u32::MAX);
        let layout = &compact.layout;
        let mut parts = Vec::new();
        if layout.schema != 0 {
            parts.push(format!("schema:{}", layout.schema));
        }
        let numbers = [
            ("count", compact.count),
            ("sum", compact.sum),
            ("z_bucket", compact.zero_count),
            ("z_bucket_w", layout.zero_threshold),
        ];
        for (name, number) in numbers.into_iter().filter(|(_, number)| *number != 0.0) {
            parts.push(format!("{name}:{}", Shortest(number)));
        }
        if layout.is_custom() {
            parts.push(format!("custom_values:{}", list(&layout.custom_bounds)));
        }
        if compact.reset != CounterReset::Unknown {
            parts.push(format!("counter_reset_hint:{}", compact.reset));
        }
        push_side(&mut parts, "", &layout.positive_spans, &compact.positive_counts);
        push_side(&mut parts, "n_", &layout.negative_spans, &compact.negative_counts);
        format!("{{{{{}}}}}", parts.join(" "))
    }
}

fn push_side(parts: &mut Vec<String>, prefix: &str, spans: &[Span], counts: &[f64]) {
    if let Some(offset) = spans.first().map(|span| span.offset).filter(|offset| *offset != 0) {
        parts.push(format!("{prefix}offset:{offset}"));
    }
    if !counts.is_empty() {
        parts.push(format!("{prefix}buckets:{}", list(counts)));
    }
}

fn list(numbers: &[f64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|number| Shortest(*number).to_string()).collect();
    format!("[{}]", numbers.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::BucketLayout;
    use super::*;

    fn histogram() -> FloatHistogram {
        FloatHistogram {
            layout: BucketLayout {
                schema: 1,
                zero_threshold: 0.001,
                positive_spans: vec![Span { offset: -1, length: 2 }, Span { offset: 1, length: 1 }],
                negative_spans: vec![Span { offset: 0, length: 2 }],
                ..BucketLayout::default()
            },
            count: 1_000_000.0,
            zero_count: 1.5,
            sum: -4.0,
            positive_counts: vec![2.0, 0.0, 3.0],
            negative_counts: vec![1.0, 4.0],
            ..FloatHistogram::default()
        }
    }

    #[test]
    fn buckets_that_hold_something_are_shown_as_intervals() {
        let expected = "{count:1e+06, sum:-4, [-1.414213562373095,-1):4, \
                        [-1,-0.7071067811865475):1, [-0.001,0.001]:1.5, \
                        (0.5,0.7071067811865475]:2, (1.414213562373095,2]:3}";
        assert_eq!(histogram().to_string(), expected);
    }

    #[test]
    fn the_notation_of_tests_has_one_run_a_side() {
        let mut histogram = histogram();
        histogram.reset = CounterReset::NotReset;
        let expected = "{{schema:1 count:1e+06 sum:-4 z_bucket:1.5 z_bucket_w:0.001 \
                        counter_reset_hint:not_reset offset:-1 buckets:[2 0 0 3] \
                        n_buckets:[1 4]}}";
        assert_eq!(histogram.notation(), expected);
        assert_eq!(FloatHistogram::default().notation(), "{{}}");
    }

    #[test]
    fn custom_bounds_are_listed() {
        let histogram = FloatHistogram {
            layout: BucketLayout {
                schema: -53,
                positive_spans: vec![Span { offset: 0, length: 2 }],
                custom_bounds: vec![0.5, 10.0],
                ..BucketLayout::default()
            },
            count: 3.0,
            positive_counts: vec![1.0, 2.0],
            ..FloatHistogram::default()
        };
        assert_eq!(histogram.to_string(), "{count:3, sum:0, [-Inf,0.5]:1, (0.5,10]:2}");
        let expected = "{{schema:-53 count:3 custom_values:[0.5 10] buckets:[1 2]}}";
        assert_eq!(histogram.notation(), expected);
    }
}
