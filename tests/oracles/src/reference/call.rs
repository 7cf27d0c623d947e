//! Functions of instant vectors, scalars and time.

use narthex_model::{FloatHistogram, Labels, MatchOp};
use narthex_promql::{Node, NodeKind, Selector};

use super::{Element, Out, Query, Result, Sample, calendar, classic, natives, refuse};

#[expect(clippy::cast_precision_loss, reason = "times in milliseconds are far below 2^53")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

/// A function of one float, by name.
fn of_float(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "ceil" => f64::ceil,
        "floor" => f64::floor,
        "exp" => f64::exp,
        "ln" => f64::ln,
        "log2" => f64::log2,
        "log10" => f64::log10,
        "sqrt" => f64::sqrt,
        "deg" => |value| value * 180.0 / std::f64::consts::PI,
        "rad" => |value| value * std::f64::consts::PI / 180.0,
        "sgn" => |value| {
            if value > 0.0 {
                1.0
            } else if value < 0.0 {
                -1.0
            } else {
                value
            }
        },
        "sin" => f64::sin,
        "cos" => f64::cos,
        "tan" => f64::tan,
        "asin" => f64::asin,
        "acos" => f64::acos,
        "atan" => f64::atan,
        "sinh" => f64::sinh,
        "cosh" => f64::cosh,
        "tanh" => f64::tanh,
        "asinh" => f64::asinh,
        "acosh" => f64::acosh,
        "atanh" => f64::atanh,
        _ => return None,
    })
}

fn inside(node: &Node) -> &Node {
    if let NodeKind::Paren(inner) = &node.kind { self::inside(inner) } else { node }
}

/// The labels that the matchers of a selector name for sure.
fn absent_labels(selector: &Selector) -> Labels {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for matcher in selector.matchers.iter().filter(|matcher| matcher.name() != "__name__") {
        let is_alone =
            selector.matchers.iter().filter(|other| other.name() == matcher.name()).count() == 1;
        if is_alone && matcher.op() == MatchOp::Equal {
            pairs.push((matcher.name(), matcher.value()));
        }
    }
    Labels::from_pairs(pairs)
}

impl Query<'_> {
    pub(super) fn call(&self, name: &str, args: &[Node], at: i64) -> Result<Out> {
        if let Some(function) = of_float(name) {
            let [of] = args else { return refuse("arguments") };
            return self.map(of, at, function);
        }
        if let [of] = args
            && let NodeKind::Selector(selector) = &inside(of).kind
            && name == "timestamp"
        {
            return self.timestamps(selector, at);
        }
        match (name, args) {
            ("time", []) => Ok(Out::Scalar(seconds(at))),
            ("pi", []) => Ok(Out::Scalar(std::f64::consts::PI)),
            ("start", []) => Ok(Out::Scalar(seconds(self.start))),
            ("end", []) => Ok(Out::Scalar(seconds(self.end))),
            ("range", []) => Ok(Out::Scalar(seconds(self.end - self.start))),
            ("step", []) if self.start == self.end => Ok(Out::Scalar(0.0)),
            ("step", []) => Ok(Out::Scalar(seconds(self.step))),
            ("min_of", [a, b]) => Ok(Out::Scalar(self.scalar(a, at)?.min(self.scalar(b, at)?))),
            ("max_of", [a, b]) => Ok(Out::Scalar(self.scalar(a, at)?.max(self.scalar(b, at)?))),
            ("vector", [of]) => Ok(Out::Vector(vec![Element::nameless(self.scalar(of, at)?)])),
            ("scalar", [of]) => {
                let floats: Vec<f64> = self
                    .vector(of, at)?
                    .iter()
                    .filter_map(|element| element.value.float())
                    .collect();
                let one = if let [one] = floats.as_slice() { *one } else { f64::NAN };
                Ok(Out::Scalar(one))
            }
            ("timestamp", [of]) => {
                let elements = self.vector(of, at)?.into_iter();
                let elements =
                    elements.map(|element| self.dropping_name(element, Sample::Float(seconds(at))));
                self.checked(elements.collect())
            }
            ("start_timestamp", [_]) => Ok(Out::Vector(Vec::new())),
            ("round", [of]) => self.map(of, at, |value| (value + 0.5).floor()),
            ("round", [of, nearest]) => {
                let inverse = 1.0 / self.scalar(nearest, at)?;
                self.map(of, at, |value| (value * inverse + 0.5).floor() / inverse)
            }
            ("clamp", [of, low, high]) => {
                let (low, high) = (self.scalar(low, at)?, self.scalar(high, at)?);
                self.clamp(of, at, low, high)
            }
            ("clamp_min", [of, low]) => self.clamp(of, at, self.scalar(low, at)?, f64::INFINITY),
            ("clamp_max", [of, high]) => {
                self.clamp(of, at, f64::NEG_INFINITY, self.scalar(high, at)?)
            }
            ("absent", [of]) => self.absent(of, at),
            ("absent_over_time", [of]) => self.absent(of, at),
            ("label_replace", _) => self.label_replace(args, at),
            ("label_join", _) => self.label_join(args, at),
            ("sort" | "sort_desc", [of]) => {
                let mut elements = self.vector(of, at)?;
                elements.retain(|element| element.value.float().is_some());
                self.checked(elements)
            }
            ("sort_by_label" | "sort_by_label_desc", [of, ..]) => {
                self.checked(self.vector(of, at)?)
            }
            ("info", _) => self.info(args, at),
            _ if name.starts_with("histogram_") => self.of_histograms(name, args, at),
            _ if calendar::part(name, 0).is_some() => self.calendar(name, args, at),
            _ => self.over_range(name, args, at),
        }
    }

    /// A function of each float; histograms are left out.
    pub(super) fn map(&self, of: &Node, at: i64, function: impl Fn(f64) -> f64) -> Result<Out> {
        let mut out = Vec::new();
        for element in self.vector(of, at)? {
            if let Some(value) = element.value.float() {
                out.push(self.dropping_name(element, Sample::Float(function(value))));
            }
        }
        self.checked(out)
    }

    fn clamp(&self, of: &Node, at: i64, low: f64, high: f64) -> Result<Out> {
        if high < low {
            return Ok(Out::Vector(Vec::new()));
        }
        let either = |value: f64, bound: f64, of: fn(f64, f64) -> f64| {
            if value.is_nan() || bound.is_nan() { f64::NAN } else { of(value, bound) }
        };
        self.map(of, at, |value| either(either(value, high, f64::min), low, f64::max))
    }

    /// When the newest samples were. They are those of the fixed time even where an offset moves
    /// what is read of the store.
    fn timestamps(&self, selector: &Selector, at: i64) -> Result<Out> {
        let read = self.shifted(&selector.time, at)?;
        let time = self.fixed(&selector.time).unwrap_or(read);
        let oldest = time.max(read) - self.reference.lookback;
        let newest = self.newest_within(selector, oldest, time.min(read)).into_iter();
        let elements = newest.map(|(labels, at, value)| {
            let element = Element { labels, value, is_nameless: false };
            self.dropping_name(element, Sample::Float(seconds(at)))
        });
        self.checked(elements.collect())
    }

    fn absent(&self, of: &Node, at: i64) -> Result<Out> {
        let is_there = match self.node(of, at)? {
            Out::Vector(elements) => !elements.is_empty(),
            Out::Matrix(rows) => !rows.is_empty(),
            Out::Scalar(_) | Out::Text(_) => return refuse("a vector was expected"),
        };
        if is_there {
            return Ok(Out::Vector(Vec::new()));
        }
        let labels = if let NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } =
            &inside(of).kind
        {
            absent_labels(selector)
        } else {
            Labels::empty()
        };
        Ok(Out::Vector(vec![Element { labels, value: Sample::Float(1.0), is_nameless: false }]))
    }

    #[expect(clippy::cast_possible_truncation, reason = "whole seconds, cut as a cast does")]
    fn calendar(&self, name: &str, args: &[Node], at: i64) -> Result<Out> {
        let part = |value: f64| calendar::part(name, value as i64).unwrap_or(f64::NAN);
        match args {
            [] => Ok(Out::Vector(vec![Element::nameless(part(seconds(at)))])),
            [of] => self.map(of, at, part),
            _ => refuse("arguments"),
        }
    }

    fn of_histograms(&self, name: &str, args: &[Node], at: i64) -> Result<Out> {
        let mut out = Vec::new();
        match (name, args) {
            ("histogram_quantile", [q, of]) => {
                let (q, elements) = (self.scalar(q, at)?, self.vector(of, at)?);
                self.quantiles(&elements, q, None, &mut out)?;
            }
            ("histogram_quantiles", [of, label, quantiles @ ..]) => {
                let (elements, label) = (self.vector(of, at)?, self.text(label, at)?);
                for q in quantiles {
                    self.quantiles(&elements, self.scalar(q, at)?, Some(&label), &mut out)?;
                }
            }
            ("histogram_fraction", [low, high, of]) => {
                let (low, high) = (self.scalar(low, at)?, self.scalar(high, at)?);
                let elements = self.vector(of, at)?;
                let classic = |buckets: &classic::Buckets| classic::fraction(low, high, buckets);
                let native = |histogram: &FloatHistogram| natives::fraction(low, high, histogram);
                out = self.estimates(&elements, classic, native);
            }
            (_, [of]) => {
                for element in self.vector(of, at)? {
                    let part = element
                        .value
                        .histogram()
                        .and_then(|histogram| natives::part(name, histogram));
                    if let Some(part) = part {
                        out.push(self.dropping_name(element, Sample::Float(part)));
                    }
                }
            }
            _ => return refuse("arguments"),
        }
        self.checked(out)
    }

    fn quantiles(
        &self,
        elements: &[Element],
        q: f64,
        label: Option<&str>,
        out: &mut Vec<Element>,
    ) -> Result<()> {
        let classic = |buckets: &classic::Buckets| classic::quantile(q, buckets);
        let native = |histogram: &FloatHistogram| natives::quantile(q, histogram);
        for mut element in self.estimates(elements, classic, native) {
            if let Some(label) = label {
                let mut labels = element.labels.to_builder();
                labels.set(label, super::aggregate::plain(q));
                element.labels = labels.finish();
            }
            out.push(element);
        }
        Ok(())
    }

    /// An estimate of each histogram, classic or native; of none where both have the same labels.
    fn estimates(
        &self,
        elements: &[Element],
        classic: impl Fn(&classic::Buckets) -> f64,
        native: impl Fn(&FloatHistogram) -> f64,
    ) -> Vec<Element> {
        let mut all: Vec<(Labels, bool, f64)> = Vec::new();
        for (labels, is_nameless, buckets) in classic::histograms(elements) {
            all.push((labels, is_nameless, classic(&buckets)));
        }
        for element in elements {
            let Some(histogram) = element.value.histogram() else { continue };
            let count = all.len();
            all.retain(|(labels, ..)| *labels != element.labels);
            if all.len() == count {
                all.push((element.labels.clone(), element.is_nameless, native(histogram)));
            }
        }
        let element = |(labels, is_nameless, value): (Labels, bool, f64)| {
            let value = Sample::Float(value);
            self.dropping_name(Element { labels, value: value.clone(), is_nameless }, value)
        };
        all.into_iter().map(element).collect()
    }
}
