//! The text formats.

use std::fmt::Write as _;

use narthex_model::{
    BUCKET_LABEL, Exemplar, MetricType, NativeHistogram, QUANTILE_LABEL, Timestamp, is_label_name,
    is_metric_name,
};

use super::{ClassicBucket, FamilyHead, Measured, MeasuredValue, label_name, metric_name};
use crate::Escaping;
use crate::number::{format_float, format_openmetrics_float, to_float};
use crate::series::{BUCKET, COUNT, CREATED, SUM};
use crate::text::escape;

const TOTAL: &str = "_total";

#[derive(Debug)]
pub(super) struct Plain {
    out: String,
    is_openmetrics: bool,
    escaping: Escaping,
    /// Of the family, as it is written.
    name: String,
    metric_type: MetricType,
}

/// What a line says behind the series.
#[derive(Clone, Copy, Debug)]
enum Number {
    Float(f64),
    /// OpenMetrics writes counts without a point.
    Count(f64),
}

/// What the lines of a metric share.
#[derive(Clone, Debug)]
struct Lines<L> {
    labels: L,
    at: Option<Timestamp>,
}

impl Plain {
    pub(super) fn new(is_openmetrics: bool, escaping: Escaping) -> Self {
        let (out, name) = (String::new(), String::new());
        Self { out, is_openmetrics, escaping, name, metric_type: MetricType::Unknown }
    }

    pub(super) const fn complete_bytes(&self) -> usize {
        self.out.len()
    }

    pub(super) fn take_complete(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out).into_bytes()
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.is_openmetrics {
            self.out.push_str("# EOF\n");
        }
        self.out.into_bytes()
    }

    pub(super) fn family(&mut self, head: FamilyHead<'_>) {
        self.name = metric_name(self.escaping, head.name).into_owned();
        self.metric_type = head.metric_type;
        let (name, metric_type) = self.head();
        let name = name.to_owned();
        if let Some(help) = head.help {
            self.metadata("HELP", &name);
            escape(help, self.is_openmetrics, &mut self.out);
            self.out.push('\n');
        }
        self.metadata("TYPE", &name);
        self.out.push_str(metric_type);
        self.out.push('\n');
        let unit = head.unit;
        let is_suffix = name.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_'));
        // A unit that the name does not end in is an error to every reader.
        if self.is_openmetrics && !unit.is_empty() && is_suffix {
            self.metadata("UNIT", &name);
            self.out.push_str(unit);
            self.out.push('\n');
        }
    }

    /// Name and type in the metadata. In OpenMetrics a counter's samples end in `_total` and its
    /// family does not; a counter without that end can only be said to be unknown.
    fn head(&self) -> (&str, &'static str) {
        let stem = self.name.strip_suffix(TOTAL).filter(|stem| !stem.is_empty());
        match (self.metric_type, stem) {
            (MetricType::Counter, Some(stem)) if self.is_openmetrics => (stem, "counter"),
            (MetricType::Counter, None) if self.is_openmetrics => (&self.name, "unknown"),
            (MetricType::Counter, _) => (&self.name, "counter"),
            (MetricType::Gauge, _) => (&self.name, "gauge"),
            (MetricType::Histogram, _) => (&self.name, "histogram"),
            (MetricType::GaugeHistogram, _) if self.is_openmetrics => {
                (&self.name, "gaugehistogram")
            }
            (MetricType::GaugeHistogram, _) => (&self.name, "histogram"),
            (MetricType::Summary, _) => (&self.name, "summary"),
            (MetricType::Info | MetricType::StateSet | MetricType::Unknown, _) => {
                (&self.name, if self.is_openmetrics { "unknown" } else { "untyped" })
            }
        }
    }

    fn metadata(&mut self, keyword: &str, name: &str) {
        self.out.push_str("# ");
        self.out.push_str(keyword);
        self.out.push(' ');
        if is_metric_name(name) {
            self.out.push_str(name);
        } else {
            self.quoted(name);
        }
        self.out.push(' ');
    }

    pub(super) fn metric<'l, L>(&mut self, labels: L, measured: Measured<'_>)
    where
        L: IntoIterator<Item = (&'l str, &'l str)> + Clone,
    {
        let lines = Lines { labels, at: measured.at };
        match measured.value {
            MeasuredValue::Number { value, exemplar } => {
                let exemplar = exemplar.filter(|_| self.metric_type == MetricType::Counter);
                self.line(&lines, "", None, Number::Float(value), exemplar);
            }
            MeasuredValue::Summary { quantiles, count, sum } => {
                for (quantile, value) in quantiles {
                    let own = Some((QUANTILE_LABEL, *quantile));
                    self.line(&lines, "", own, Number::Float(*value), None);
                }
                self.line(&lines, SUM, None, Number::Float(sum), None);
                self.line(&lines, COUNT, None, Number::Count(to_float(count)), None);
            }
            MeasuredValue::Histogram { buckets, count, sum } => {
                self.histogram(&lines, buckets, count, sum);
            }
            MeasuredValue::Native { histogram, .. } => {
                let count = match histogram {
                    NativeHistogram::Integer(histogram) => to_float(histogram.count),
                    NativeHistogram::Float(histogram) => histogram.count,
                };
                self.histogram(&lines, &[], count, histogram.sum());
            }
        }
        if let Some(start) = measured.start {
            self.created(lines.labels, start);
        }
    }

    fn histogram<'l, L>(
        &mut self,
        lines: &Lines<L>,
        buckets: &[ClassicBucket<'_>],
        count: f64,
        sum: f64,
    ) where
        L: IntoIterator<Item = (&'l str, &'l str)> + Clone,
    {
        let is_whole = buckets.last().is_some_and(|bucket| bucket.bound == f64::INFINITY);
        let infinite = ClassicBucket { bound: f64::INFINITY, count, exemplar: None };
        for bucket in buckets.iter().chain((!is_whole).then_some(&infinite)) {
            let own = Some((BUCKET_LABEL, bucket.bound));
            self.line(lines, BUCKET, own, Number::Count(bucket.count), bucket.exemplar);
        }
        self.line(lines, SUM, None, Number::Float(sum), None);
        self.line(lines, COUNT, None, Number::Count(count), None);
    }

    /// OpenMetrics says the start in a line of its own, of the types that have one.
    fn created<'l, L>(&mut self, labels: L, start: Timestamp)
    where
        L: IntoIterator<Item = (&'l str, &'l str)> + Clone,
    {
        let (stem, metric_type) = self.head();
        if !self.is_openmetrics || !matches!(metric_type, "counter" | "histogram" | "summary") {
            return;
        }
        let stem = stem.to_owned();
        let name = std::mem::replace(&mut self.name, stem);
        let lines = Lines { labels, at: None };
        self.line(&lines, CREATED, None, Number::Float(start.seconds()), None);
        self.name = name;
    }

    fn line<'l, L>(
        &mut self,
        lines: &Lines<L>,
        suffix: &str,
        own: Option<(&str, f64)>,
        number: Number,
        exemplar: Option<&Exemplar>,
    ) where
        L: IntoIterator<Item = (&'l str, &'l str)> + Clone,
    {
        let name = std::mem::take(&mut self.name);
        let mut separator = '{';
        if is_metric_name(&name) {
            self.out.push_str(&name);
            self.out.push_str(suffix);
        } else {
            self.out.push('{');
            self.quoted(&format!("{name}{suffix}"));
            separator = ',';
        }
        self.name = name;
        for (label, value) in lines.labels.clone() {
            self.label(&mut separator, label, value);
        }
        if let Some((label, bound)) = own {
            let mut text = String::new();
            self.number(bound, &mut text);
            self.label(&mut separator, label, &text);
        }
        if separator == ',' {
            self.out.push('}');
        }
        self.out.push(' ');
        let mut out = std::mem::take(&mut self.out);
        match number {
            Number::Count(count) if self.is_openmetrics => format_float(count, &mut out),
            Number::Count(value) | Number::Float(value) => self.number(value, &mut out),
        }
        self.out = out;
        match lines.at {
            Some(at) if self.is_openmetrics => self.seconds(at),
            Some(at) => {
                write!(self.out, " {}", at.millis()).expect("writing to a string cannot fail");
            }
            None => {}
        }
        if let Some(exemplar) = exemplar.filter(|_| self.is_openmetrics) {
            self.exemplar(exemplar);
        }
        self.out.push('\n');
    }

    fn exemplar(&mut self, exemplar: &Exemplar) {
        self.out.push_str(" # {");
        let mut is_first = true;
        for (label, value) in &exemplar.labels {
            if !std::mem::take(&mut is_first) {
                self.out.push(',');
            }
            self.label_pair(label, value);
        }
        self.out.push_str("} ");
        format_openmetrics_float(exemplar.value, &mut self.out);
        self.seconds(exemplar.at);
    }

    fn seconds(&mut self, at: Timestamp) {
        self.out.push(' ');
        format_openmetrics_float(at.seconds(), &mut self.out);
    }

    fn label(&mut self, separator: &mut char, name: &str, value: &str) {
        self.out.push(std::mem::replace(separator, ','));
        self.label_pair(name, value);
    }

    fn label_pair(&mut self, name: &str, value: &str) {
        let name = label_name(self.escaping, name);
        if is_label_name(&name) {
            self.out.push_str(&name);
        } else {
            self.quoted(&name);
        }
        self.out.push('=');
        self.quoted(value);
    }

    fn quoted(&mut self, text: &str) {
        self.out.push('"');
        escape(text, true, &mut self.out);
        self.out.push('"');
    }

    fn number(&self, value: f64, out: &mut String) {
        if self.is_openmetrics {
            format_openmetrics_float(value, out);
        } else {
            format_float(value, out);
        }
    }
}
