//! Expositions as targets answer with them, and the headers that say what they are.
//!
//! Oracle: reading ends, whatever the options; two readings give the same keys; a known line is read
//! as the walk over it reads it; and whatever is read, is read as the same again after it was
//! written, in each protocol, but for what that cannot say.

use narthex_exposition::{
    Answer, ClassicBucket, Entry, Escaping, FamilyHead, Format, Measured, MeasuredValue, Options,
    Parser, Protocol, Sample, Writer,
};
use narthex_model::{
    CounterReset, Exemplar, Labels, METRIC_NAME, MetricType, NativeHistogram, Timestamp,
};

use crate::Chance;
use crate::generate::{HistogramKind, HistogramWalk};

/// Times that every format can say to the millisecond.
const TIMES: std::ops::Range<i64> = 1..1 << 50;

pub(super) fn check_text(bytes: &[u8]) {
    check(bytes, Format::Text004);
}

pub(super) fn check_openmetrics(bytes: &[u8]) {
    check(bytes, Format::OpenMetrics);
}

pub(super) fn check_protobuf(bytes: &[u8]) {
    check(bytes, Format::Protobuf);
}

fn all_options() -> impl Iterator<Item = Options> {
    let bit = |all: u8, place: u8| all >> place & 1 == 1;
    [0, 0b11111, 0b00101, 0b10111, 0b01000].into_iter().map(move |all| Options {
        native_histograms: bit(all, 0),
        keep_classic: bit(all, 1),
        to_custom_buckets: bit(all, 2),
        type_and_unit: bit(all, 3),
        start_times: bit(all, 4),
    })
}

fn check(bytes: &[u8], format: Format) {
    for options in all_options() {
        let mut keys = Vec::new();
        let mut parser = Parser::with_options(bytes, format, options);
        loop {
            let mut again = parser.clone();
            let entry = match parser.next_entry() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(parser.next_entry(), Err(error), "an error stays");
                    break;
                }
            };
            match entry {
                Entry::Sample(sample) => {
                    keys.push(sample.series.key());
                    let known = again.known_sample(sample.series.text_len(), sample.series.key());
                    if let Some(known) = known {
                        assert_same(known, sample);
                    }
                    written_again(sample);
                }
                Entry::Histogram(sample) => {
                    keys.push(sample.series.key());
                    for exemplar in sample.reading.exemplars {
                        exemplar.labels().ok();
                    }
                    histogram_again(&sample.reading.value);
                    sample.series.labels().ok();
                }
                Entry::Help { .. } | Entry::Type { .. } | Entry::Unit { .. } => {}
            }
            // A family of one byte's metric may have five entries of its own.
            assert!(keys.len() <= 8 * bytes.len() + 8, "reading ends");
        }
        assert_eq!(keys, self::keys(bytes, format, options), "keys stay");
    }
}

fn assert_same(known: Sample<'_>, sample: Sample<'_>) {
    assert_eq!(known.series, sample.series);
    let (a, b) = (known.reading, sample.reading);
    assert_eq!((a.value.to_bits(), a.at, a.start), (b.value.to_bits(), b.at, b.start));
}

fn keys(bytes: &[u8], format: Format, options: Options) -> Vec<u128> {
    let mut parser = Parser::with_options(bytes, format, options);
    let mut keys = Vec::new();
    while let Ok(Some(entry)) = parser.next_entry() {
        match entry {
            Entry::Sample(sample) => keys.push(sample.series.key()),
            Entry::Histogram(sample) => keys.push(sample.series.key()),
            Entry::Help { .. } | Entry::Type { .. } | Entry::Unit { .. } => {}
        }
    }
    keys
}

/// A protocol, and the format that reads it.
const PROTOCOLS: [(Protocol, Format); 3] = [
    (Protocol::PrometheusText100, Format::Text004),
    (Protocol::OpenMetricsText100, Format::OpenMetrics),
    (Protocol::PrometheusProto, Format::Protobuf),
];

fn written_again(sample: Sample<'_>) {
    let Ok(labels) = sample.series.labels() else { return };
    let exemplars: Vec<Exemplar> = sample
        .reading
        .exemplars
        .filter_map(|exemplar| {
            let at = exemplar.at.filter(|at| TIMES.contains(&at.millis()))?;
            Some(Exemplar { labels: exemplar.labels().ok()?, value: exemplar.value, at })
        })
        .collect();
    // A label of this name cannot be told from the name.
    let Some(name) = labels.metric_name() else { return };
    let at = sample.reading.at.filter(|at| TIMES.contains(&at.millis()));
    for (protocol, format) in PROTOCOLS {
        let mut writer = Writer::new(Answer { protocol, escaping: Escaping::AllowUtf8 });
        // Counters of OpenMetrics have a name of their own kind.
        let metric_type = match exemplars.first() {
            Some(_) if name.ends_with("_total") => MetricType::Counter,
            _ => MetricType::Unknown,
        };
        writer.family(FamilyHead { name, help: None, unit: "", metric_type });
        let others = labels.iter().filter(|(name, _)| *name != METRIC_NAME);
        let (value, exemplar) = (sample.reading.value, exemplars.first());
        let value = MeasuredValue::Number { value, exemplar };
        writer.metric(others, Measured { value, at, start: None });
        let body = writer.finish();
        let read = one_sample(&body, format);
        let again = read.series.labels().expect("labels that were written");
        assert_eq!(again, labels, "{protocol}");
        let (again, value) = (read.reading.value, sample.reading.value);
        assert!(again == value || (again.is_nan() && value.is_nan()), "{protocol}: {again}");
        assert!(is_near(read.reading.at, at), "{protocol}: {:?} and {at:?}", read.reading.at);
        let written = exemplar.filter(|_| metric_type == MetricType::Counter);
        if let Some(written) = written.filter(|_| format != Format::Text004) {
            let mut again = read.reading.exemplars;
            let exemplar = again.next().expect("the exemplar that was written");
            assert_eq!(exemplar.labels().as_ref(), Ok(&written.labels));
            assert!(is_near(exemplar.at, Some(written.at)));
        }
    }
}

/// Seconds are cut to milliseconds, as Prometheus cuts them: the last one may be lost.
fn is_near(read: Option<Timestamp>, written: Option<Timestamp>) -> bool {
    match (read, written) {
        (Some(read), Some(written)) => (written.millis() - read.millis()).abs() <= 1,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn one_sample(body: &[u8], format: Format) -> Sample<'_> {
    let mut parser = Parser::new(body, format);
    let mut found = None;
    loop {
        match parser.next_entry() {
            Ok(Some(Entry::Sample(sample))) => found = Some(sample),
            Ok(Some(_)) => {}
            Ok(None) => return found.expect("the sample that was written"),
            Err(error) => panic!("{error} in {}", body.escape_ascii()),
        }
    }
}

fn histogram_again(histogram: &NativeHistogram) {
    if histogram.validate().is_err() || histogram.layout().is_custom() {
        return;
    }
    let mut writer =
        Writer::new(Answer { protocol: Protocol::PrometheusProto, escaping: Escaping::AllowUtf8 });
    let metric_type = match histogram.reset() {
        CounterReset::Gauge => MetricType::GaugeHistogram,
        CounterReset::Unknown | CounterReset::Reset | CounterReset::NotReset => {
            MetricType::Histogram
        }
    };
    writer.family(FamilyHead { name: "h", help: None, unit: "", metric_type });
    let value = MeasuredValue::Native { histogram, exemplars: &[] };
    writer.metric([], Measured { value, at: None, start: None });
    let body = writer.finish();
    let options = Options { native_histograms: true, ..Options::default() };
    let mut parser = Parser::with_options(&body, Format::Protobuf, options);
    while let Some(entry) = parser.next_entry().expect("what was written") {
        if let Entry::Histogram(sample) = entry {
            assert!(sample.reading.value.is_same(histogram), "{:?}", sample.reading.value);
            return;
        }
    }
    panic!("the histogram that was written");
}

/// Headers: the first line a `Content-Type`, the second an `Accept`, the third a name.
pub(super) fn check_headers(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or("");
    let content_type = line();
    let sure = Format::from_content_type(Some(content_type), None);
    let fallback = Format::from_content_type(Some(content_type), Some(Format::Protobuf));
    match (sure, fallback) {
        (Ok(sure), fallback) => assert_eq!(fallback, Ok(sure), "a fallback changes nothing"),
        (Err(_), Ok((format, remark))) => {
            assert_eq!((format, remark.is_some()), (Format::Protobuf, true));
        }
        (Err(error), Err(_)) => panic!("{error} in spite of the fallback"),
    }
    let answer = Answer::negotiate(line());
    let format = Format::from_content_type(Some(&answer.content_type()), None);
    assert!(matches!(format, Ok((_, None))), "{answer:?} is {format:?}");
    let name = line();
    for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
        let written = escaping.escape(name);
        assert!(name.is_empty() || narthex_model::is_metric_name(&written), "{escaping}");
        assert!(escaping.unescape(name).len() <= name.len(), "{escaping}");
    }
    let written = Escaping::Values.escape(name);
    if written != name {
        assert_eq!(Escaping::Values.unescape(&written), name);
    }
}

/// A few headers.
pub(super) fn headers(chance: &mut Chance) -> Vec<u8> {
    let content_type = *chance.pick(&[
        "text/plain; version=0.0.4; charset=utf-8",
        "application/openmetrics-text; version=1.0.0; charset=\"utf-8\"",
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
        "text/html",
        "",
    ]);
    let accept = *chance.pick(&[
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;q=0.2,*/*;q=0.1",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=dots",
        "text/plain;version=1.0.0;escaping=values",
    ]);
    let name = *chance.pick(&["http.status_code", "U__a_2e_b", "a_dot_b__c", "1é", ""]);
    [content_type, accept, name].join("\n").into_bytes()
}

pub(super) fn text(chance: &mut Chance) -> Vec<u8> {
    body(chance, Protocol::PrometheusText100)
}

pub(super) fn openmetrics(chance: &mut Chance) -> Vec<u8> {
    body(chance, Protocol::OpenMetricsText100)
}

pub(super) fn protobuf(chance: &mut Chance) -> Vec<u8> {
    body(chance, Protocol::PrometheusProto)
}

/// A few families of all kinds.
fn body(chance: &mut Chance, protocol: Protocol) -> Vec<u8> {
    const KINDS: [MetricType; 6] = [
        MetricType::Counter,
        MetricType::Gauge,
        MetricType::Summary,
        MetricType::Histogram,
        MetricType::GaugeHistogram,
        MetricType::Unknown,
    ];
    let mut writer = Writer::new(Answer { protocol, escaping: Escaping::AllowUtf8 });
    for _ in 0..1 + chance.index(4) {
        let metric_type = *chance.pick(&KINDS);
        let (name, unit) =
            *chance.pick(&[("a_s_total", "s"), ("b", ""), ("c.d_s", "s"), ("e", "")]);
        writer.family(FamilyHead { name, help: Some("Says \\ it."), unit, metric_type });
        for number in 0..1 + chance.index(3) {
            let number = number.to_string();
            let labels = [("n", number.as_str()), ("x.y", "\"z\"\n")];
            metric(&mut writer, metric_type, &labels, chance);
        }
    }
    writer.finish()
}

fn metric(
    writer: &mut Writer,
    metric_type: MetricType,
    labels: &[(&str, &str)],
    chance: &mut Chance,
) {
    let time = |chance: &mut Chance| {
        chance.once_in(3).then(|| Timestamp::from_millis(chance.between(1, 1_800_000_000_000)))
    };
    let exemplar = Exemplar {
        labels: Labels::from_pairs([("trace_id", "abc")]),
        value: chance.fraction(),
        at: Timestamp::from_millis(1500),
    };
    let exemplars = [exemplar];
    let shown = exemplars.first().filter(|_| chance.once_in(2));
    let sum = 10.0 * chance.fraction();
    let count = 2 + chance.below(9);
    let native;
    let buckets = [
        ClassicBucket { bound: 0.5, count: 1.0, exemplar: shown },
        ClassicBucket { bound: 2.0, count: 2.0, exemplar: None },
    ];
    let quantiles = [(0.5, sum), (0.99, 2.0 * sum)];
    let value = match metric_type {
        MetricType::Summary => MeasuredValue::Summary { quantiles: &quantiles, count, sum },
        MetricType::Histogram | MetricType::GaugeHistogram if chance.once_in(2) => {
            let kind = *chance.pick(&HistogramKind::ALL);
            native = HistogramWalk::new(kind, chance).next(chance);
            MeasuredValue::Native { histogram: &native, exemplars: &exemplars }
        }
        MetricType::Histogram | MetricType::GaugeHistogram => {
            let count = f64::from(u32::try_from(count).unwrap_or(2));
            MeasuredValue::Histogram { buckets: &buckets, count, sum }
        }
        MetricType::Counter
        | MetricType::Gauge
        | MetricType::Info
        | MetricType::StateSet
        | MetricType::Unknown => MeasuredValue::Number { value: sum, exemplar: shown },
    };
    let (at, start) = (time(chance), time(chance));
    writer.metric(labels.iter().copied(), Measured { value, at, start });
}

/// Reads a body and says how many samples it has.
pub type CountSamples = fn(&[u8]) -> usize;

/// A long exposition of each format, with what reads the keys of its samples and says how many there
/// are: what scraping does with series that it knows.
#[must_use]
pub fn long_expositions(series: usize) -> Vec<(Protocol, Vec<u8>, CountSamples)> {
    let readers: [CountSamples; 3] = [
        |bytes| read_known(bytes, Format::Text004),
        |bytes| read_known(bytes, Format::OpenMetrics),
        |bytes| read_known(bytes, Format::Protobuf),
    ];
    let long = |(protocol, read): (Protocol, CountSamples)| {
        let mut writer = Writer::new(Answer { protocol, escaping: Escaping::AllowUtf8 });
        let metric_type = MetricType::Counter;
        writer.family(FamilyHead { name: "a.b_total", help: None, unit: "", metric_type });
        for number in 0..series {
            let number = number.to_string();
            let labels = [("n", number.as_str()), ("x.y", "z")];
            let value = MeasuredValue::Number { value: 1.5, exemplar: None };
            writer.metric(labels, Measured { value, at: None, start: None });
        }
        (protocol, writer.finish(), read)
    };
    PROTOCOLS.map(|(protocol, _)| protocol).into_iter().zip(readers).map(long).collect()
}

fn read_known(bytes: &[u8], format: Format) -> usize {
    let options = Options { start_times: true, ..Options::default() };
    let mut parser = Parser::with_options(bytes, format, options);
    let mut samples = 0;
    loop {
        let mut before = parser.clone();
        let Ok(Some(entry)) = parser.next_entry() else { return samples };
        let Entry::Sample(Sample { series, .. }) = entry else { continue };
        let known = before.known_sample(series.text_len(), series.key());
        assert!(known.is_some() || format == Format::Protobuf, "a line is known by its bytes");
        samples += 1;
    }
}
