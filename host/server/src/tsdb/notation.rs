//! Samples and series in the notation of promtool, so that outputs can be compared line by line.

use std::fmt::Write as _;

use narthex_exposition::format_float;
use narthex_model::{Labels, NativeHistogram, Quoted, is_label_name};

/// A value as Go's `%g` writes it.
pub(crate) fn float(value: f64) -> String {
    let mut text = String::new();
    format_float(value, &mut text);
    text
}

/// Labels within braces, the metric's name among them: `{__name__="up", job="node"}`.
pub(crate) fn labels(labels: &Labels, separator: &str) -> String {
    let mut text = String::from("{");
    for (index, (name, value)) in labels.iter().enumerate() {
        if index > 0 {
            text.push_str(separator);
        }
        if is_label_name(name) {
            text.push_str(name);
        } else {
            quote(name, &mut text);
        }
        text.push('=');
        quote(value, &mut text);
    }
    text.push('}');
    text
}

/// Appends `text` in double quotes, escaped as Go's `strconv.Quote` does.
pub(crate) fn quote(text: &str, out: &mut String) {
    write!(out, "{}", Quoted(text)).expect("a string takes all");
}

/// A histogram with its buckets that hold something: `{count:3, sum:4, (0.5,1]:3}`.
pub(crate) fn histogram(histogram: &NativeHistogram) -> String {
    let count = |count: f64| match histogram {
        // Whole counts are written out, however large.
        NativeHistogram::Integer(_) => format!("{count:.0}"),
        NativeHistogram::Float(_) => float(count),
    };
    let as_float = histogram.to_float();
    let total = match histogram {
        NativeHistogram::Integer(integer) => integer.count.to_string(),
        NativeHistogram::Float(_) => float(as_float.count),
    };
    let mut text = format!("{{count:{total}, sum:{}", float(as_float.sum));
    for bucket in as_float.buckets().iter().filter(|bucket| bucket.count != 0.0) {
        let open = if bucket.is_lower_inclusive { '[' } else { '(' };
        let close = if bucket.is_upper_inclusive { ']' } else { ')' };
        let (lower, upper) = (float(bucket.lower), float(bucket.upper));
        let counted = count(bucket.count);
        write!(text, ", {open}{lower},{upper}{close}:{counted}").expect("a string takes all");
    }
    text.push('}');
    text
}

/// Go's notation of a duration in milliseconds: `2h0m0s`, `1.5s`, `300ms`.
pub(crate) fn duration(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.unsigned_abs();
    if millis == 0 {
        return "0s".to_owned();
    }
    if millis < 1000 {
        return format!("{sign}{millis}ms");
    }
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    let (seconds, rest) = (millis / 1000 % 60, millis % 1000);
    let fraction = if rest == 0 {
        String::new()
    } else {
        format!(".{rest:03}").trim_end_matches('0').to_owned()
    };
    let mut text = sign.to_owned();
    if hours > 0 {
        write!(text, "{hours}h").expect("a string takes all");
    }
    if hours > 0 || minutes > 0 {
        write!(text, "{minutes}m").expect("a string takes all");
    }
    write!(text, "{seconds}{fraction}s").expect("a string takes all");
    text
}

/// Bytes in binary units without fractions, as promtool's `--human-readable` has them:
/// `1MiB512KiB3B`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let (mut rest, mut text) = (bytes, String::new());
    for (unit, shift) in UNITS {
        if rest >> shift > 0 {
            write!(text, "{}{unit}", rest >> shift).expect("a string takes all");
            rest &= (1 << shift) - 1;
        }
    }
    if rest > 0 || text.is_empty() {
        write!(text, "{rest}B").expect("a string takes all");
    }
    text
}

/// Milliseconds as seconds with three decimals.
pub(crate) fn seconds(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.unsigned_abs();
    format!("{sign}{}.{:03}", millis / 1000, millis % 1000)
}

#[cfg(test)]
mod tests {
    use narthex_model::{BucketLayout, IntegerHistogram, Span};

    use super::*;

    #[test]
    fn series_and_values_read_as_promtool_writes_them() {
        let set =
            Labels::from_pairs([("__name__", "up"), ("a.b", "x\"\n\u{1}é\u{a0}"), ("job", "n")]);
        let expected = r#"{__name__="up", "a.b"="x\"\n\x01é\u00a0", job="n"}"#;
        assert_eq!(labels(&set, ", "), expected);
        assert_eq!(float(1_000_000.0), "1e+06");
        assert_eq!([f64::NAN, f64::NEG_INFINITY, 0.25].map(float), ["NaN", "-Inf", "0.25"]);
    }

    #[test]
    fn histograms_show_their_buckets() {
        let sample = NativeHistogram::Integer(IntegerHistogram {
            layout: BucketLayout {
                zero_threshold: 0.001,
                positive_spans: vec![Span { offset: 0, length: 2 }],
                negative_spans: vec![Span { offset: 1, length: 1 }],
                ..BucketLayout::default()
            },
            count: 5,
            zero_count: 1,
            sum: 2.5,
            positive_deltas: vec![2, -2],
            negative_deltas: vec![2],
            ..IntegerHistogram::default()
        });
        let expected = "{count:5, sum:2.5, [-2,-1):2, [-0.001,0.001]:1, (0.5,1]:2}";
        assert_eq!(histogram(&sample), expected);
    }

    #[test]
    fn durations_and_sizes_are_short() {
        let durations = [0, 300, 1500, 60_000, 7_200_000, -3_600_001];
        let expected = ["0s", "300ms", "1.5s", "1m0s", "2h0m0s", "-1h0m0.001s"];
        assert_eq!(durations.map(duration), expected);
        assert_eq!([0, 1023, 1024, (3 << 20) + 5].map(bytes), ["0B", "1023B", "1KiB", "3MiB5B"]);
    }
}
