//! The server's own metrics as text.

use narthex_model::{is_label_name, is_metric_name};
use narthex_platform::{Family, FamilyKind, Point, PointValue};

use crate::Format;
use crate::number::{format_float, format_openmetrics_float};
use crate::text::escape;

/// Writes families in the order in which they come.
#[must_use]
pub fn render(families: &[Family], format: Format) -> String {
    let mut writer = Writer { out: String::new(), format };
    for family in families {
        writer.family(family);
    }
    if format == Format::OpenMetrics {
        writer.out.push_str("# EOF\n");
    }
    writer.out
}

struct Writer {
    out: String,
    format: Format,
}

impl Writer {
    fn family(&mut self, family: &Family) {
        let (name, kind) = self.head(family);
        self.metadata("HELP", name);
        escape(&family.help, self.format == Format::OpenMetrics, &mut self.out);
        self.out.push('\n');
        self.metadata("TYPE", name);
        self.out.push_str(kind);
        self.out.push('\n');
        for point in &family.points {
            self.point(&family.name, point);
        }
    }

    /// In OpenMetrics a counter's samples end in `_total` and its family does not; a counter
    /// without that end can only be said to be unknown.
    fn head<'a>(&self, family: &'a Family) -> (&'a str, &'static str) {
        let stem = family.name.strip_suffix("_total").filter(|stem| !stem.is_empty());
        match (family.kind, self.format, stem) {
            (FamilyKind::Counter, Format::OpenMetrics, Some(stem)) => (stem, "counter"),
            (FamilyKind::Counter, Format::OpenMetrics, None) => (&family.name, "unknown"),
            (FamilyKind::Counter, Format::Text004 | Format::Protobuf, _) => {
                (&family.name, "counter")
            }
            (FamilyKind::Gauge, ..) => (&family.name, "gauge"),
            (FamilyKind::Histogram, ..) => (&family.name, "histogram"),
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

    fn point(&mut self, name: &str, point: &Point) {
        match &point.value {
            PointValue::Number(value) => self.sample(name, "", &point.labels, None, *value),
            PointValue::Histogram { buckets, count, sum } => {
                for (bound, count) in buckets {
                    self.sample(name, "_bucket", &point.labels, Some(*bound), to_float(*count));
                }
                let (labels, count) = (&point.labels, to_float(*count));
                self.sample(name, "_bucket", labels, Some(f64::INFINITY), count);
                self.sample(name, "_sum", labels, None, *sum);
                self.sample(name, "_count", labels, None, count);
            }
        }
    }

    fn sample(
        &mut self,
        name: &str,
        suffix: &str,
        labels: &[(String, String)],
        bound: Option<f64>,
        value: f64,
    ) {
        let mut separator = '{';
        if is_metric_name(name) {
            self.out.push_str(name);
            self.out.push_str(suffix);
        } else {
            self.out.push('{');
            self.quoted(&format!("{name}{suffix}"));
            separator = ',';
        }
        for (label, value) in labels {
            self.label(&mut separator, label, value);
        }
        if let Some(bound) = bound {
            let mut text = String::new();
            self.number(bound, &mut text);
            self.label(&mut separator, "le", &text);
        }
        if separator == ',' {
            self.out.push('}');
        }
        self.out.push(' ');
        let mut text = std::mem::take(&mut self.out);
        self.number(value, &mut text);
        self.out = text;
        self.out.push('\n');
    }

    fn label(&mut self, separator: &mut char, name: &str, value: &str) {
        self.out.push(std::mem::replace(separator, ','));
        if is_label_name(name) {
            self.out.push_str(name);
        } else {
            self.quoted(name);
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
        match self.format {
            Format::Text004 | Format::Protobuf => format_float(value, out),
            Format::OpenMetrics => format_openmetrics_float(value, out),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count beyond 2^53 may lose its last bit")]
fn to_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families() -> Vec<Family> {
        let number = |labels: &[(&str, &str)], value| Point {
            labels: labels.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            value: PointValue::Number(value),
        };
        let buckets = vec![(0.5, 1), (2.0, 3)];
        let histogram = PointValue::Histogram { buckets, count: 4, sum: 9.5 };
        let family = |name: &str, kind, points| Family {
            name: name.into(),
            help: "Two\nlines.".into(),
            kind,
            points,
        };
        vec![
            family("a_total", FamilyKind::Counter, vec![number(&[("x", "\"\\")], 1e6)]),
            family("g", FamilyKind::Gauge, vec![number(&[], 3.0)]),
            family("h", FamilyKind::Histogram, vec![Point { labels: vec![], value: histogram }]),
        ]
    }

    #[test]
    fn the_text_format() {
        assert_eq!(
            render(&families(), Format::Text004),
            "# HELP a_total Two\\nlines.\n# TYPE a_total counter\na_total{x=\"\\\"\\\\\"} 1e+06\n\
             # HELP g Two\\nlines.\n# TYPE g gauge\ng 3\n\
             # HELP h Two\\nlines.\n# TYPE h histogram\n\
             h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"2\"} 3\nh_bucket{le=\"+Inf\"} 4\n\
             h_sum 9.5\nh_count 4\n"
        );
    }

    #[test]
    fn openmetrics() {
        assert_eq!(
            render(&families(), Format::OpenMetrics),
            "# HELP a Two\\nlines.\n# TYPE a counter\na_total{x=\"\\\"\\\\\"} 1e+06\n\
             # HELP g Two\\nlines.\n# TYPE g gauge\ng 3.0\n\
             # HELP h Two\\nlines.\n# TYPE h histogram\n\
             h_bucket{le=\"0.5\"} 1.0\nh_bucket{le=\"2.0\"} 3.0\nh_bucket{le=\"+Inf\"} 4.0\n\
             h_sum 9.5\nh_count 4.0\n# EOF\n"
        );
    }
}
