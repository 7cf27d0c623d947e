//! The functions of Prometheus' rule and console templates.

use std::fmt;
use std::sync::Arc;

use narthex_model::{Labels, Timestamp, parse_duration};

use crate::functions::{FunctionError, Functions, exactly, number, text};
use crate::html::Trusted;
use crate::shared::{self, ChangeText};
use crate::time::{DurationValue, TimeValue};
use crate::value::Value;
use crate::{escape, humanize};

/// The label that carries a text through a query for `strvalue`.
const STRING_VALUE_LABEL: &str = "__value__";

type ShowNumber = fn(f64) -> String;

/// What `query` asks. Answers with a vector, or with why there is none.
pub type QueryCallback = Arc<dyn Fn(&str) -> Result<Vec<QuerySample>, String> + Send + Sync>;

/// One element of a query's result.
#[derive(Clone, Debug, PartialEq)]
pub struct QuerySample {
    /// Its labels, the metric name among them.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
}

/// What the functions know of the world.
#[derive(Clone, Default)]
pub struct PrometheusContext {
    /// The time for `now` and for queries.
    pub now: Timestamp,
    /// Where this server is reached from outside, without a slash at the end.
    pub external_url: String,
    /// What `query` asks; without it `query` is an error.
    pub query: Option<QueryCallback>,
}

impl fmt::Debug for PrometheusContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusContext")
            .field("now", &self.now)
            .field("external_url", &self.external_url)
            .finish_non_exhaustive()
    }
}

impl Functions {
    /// The language's own functions and those of Prometheus.
    #[must_use]
    pub fn prometheus(context: &PrometheusContext) -> Self {
        let mut functions = Self::builtin();
        add_queries(&mut functions, context);
        add_numbers(&mut functions, context);
        add_texts(&mut functions);
        add_links(&mut functions, context);
        functions
    }

    /// Those of [`Self::prometheus`] as pages take them: `safeHtml` is not escaped, `tmpl` gives
    /// what a template comes to.
    #[must_use]
    pub fn console(context: &PrometheusContext) -> Self {
        let mut functions = Self::prometheus(context);
        functions.add("safeHtml", |arguments| {
            let [value] = exactly::<1>(arguments)?;
            Ok(Value::object(Trusted::html(text(value)?)))
        });
        // The evaluator does it, which has the templates.
        functions.add("tmpl", |_| Err(FunctionError::new("it works in HTML alone")));
        functions
    }
}

impl From<QuerySample> for Value {
    fn from(sample: QuerySample) -> Self {
        Self::map([("Labels", sample.labels.into()), ("Value", Self::Float(sample.value))])
    }
}

fn add_queries(functions: &mut Functions, context: &PrometheusContext) {
    let query = context.query.clone();
    functions.add("query", move |arguments| {
        let [expr] = exactly::<1>(arguments)?;
        let Some(query) = &query else {
            return Err(FunctionError::new("queries are not available here"));
        };
        let samples = query(text(expr)?).map_err(FunctionError)?;
        Ok(Value::list(samples.into_iter().map(Value::from)))
    });
    functions.add("first", |arguments| {
        let [vector] = exactly::<1>(arguments)?;
        let first = samples(vector)?.first().cloned();
        first.ok_or_else(|| FunctionError::new("first() called on vector with no elements"))
    });
    functions.add("label", |arguments| {
        let [name, sample] = exactly::<2>(arguments)?;
        label(sample, text(name)?)
    });
    functions.add("strvalue", |arguments| {
        let [sample] = exactly::<1>(arguments)?;
        label(sample, STRING_VALUE_LABEL)
    });
    functions.add("value", |arguments| {
        let [sample] = exactly::<1>(arguments)?;
        sample.element("Value").ok_or_else(|| no_sample(sample))
    });
    functions.add("sortByLabel", |arguments| {
        let [name, vector] = exactly::<2>(arguments)?;
        let name = text(name)?;
        let key = |sample: &Value| label(sample, name).map(|value| value.to_string());
        let keyed: Result<Vec<(String, Value)>, FunctionError> = samples(vector)?
            .iter()
            .map(|sample| key(sample).map(|key| (key, sample.clone())))
            .collect();
        let mut keyed = keyed?;
        keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Value::list(keyed.into_iter().map(|(_, sample)| sample)))
    });
}

fn samples(value: &Value) -> Result<&[Value], FunctionError> {
    let Value::List(items) = value else {
        let kind = value.type_name();
        return Err(FunctionError(format!("expected the result of a query; got {kind}")));
    };
    Ok(items)
}

fn label(sample: &Value, name: &str) -> Result<Value, FunctionError> {
    let labels = sample.element("Labels").ok_or_else(|| no_sample(sample))?;
    labels.element(name).ok_or_else(|| no_sample(sample))
}

fn no_sample(value: &Value) -> FunctionError {
    FunctionError(format!("expected a sample of a query; got {}", value.type_name()))
}

fn add_numbers(functions: &mut Functions, context: &PrometheusContext) {
    let shown: [(_, ShowNumber); 3] = [
        ("humanize", humanize::metric),
        ("humanize1024", humanize::binary),
        ("humanizePercentage", humanize::percentage),
    ];
    for (name, show) in shown {
        functions.add(name, move |arguments| {
            let [value] = exactly::<1>(arguments)?;
            Ok(show(number(value)?).into())
        });
    }
    functions.add("humanizeTimestamp", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        let seconds = number(value)?;
        if !seconds.is_finite() {
            return Ok(humanize::four_digits(seconds).into());
        }
        let time = time(seconds)?;
        Ok(Value::object(time).to_string().into())
    });
    functions.add("toTime", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        time(number(value)?).map(Value::object)
    });
    functions.add("toDuration", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        Ok(Value::object(DurationValue::from_seconds(number(value)?)))
    });
    functions.add("parseDuration", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        let duration = parse_duration(text(value)?);
        let duration = duration.map_err(|error| FunctionError(error.to_string()))?;
        Ok(Value::Float(duration.as_secs_f64()))
    });
    let now = context.now.seconds();
    functions.add("now", move |arguments| {
        exactly::<0>(arguments)?;
        Ok(Value::Float(now))
    });
}

fn time(seconds: f64) -> Result<TimeValue, FunctionError> {
    TimeValue::from_seconds(seconds)
        .ok_or_else(|| FunctionError(format!("{seconds} cannot be represented as a timestamp")))
}

fn add_texts(functions: &mut Functions) {
    let changed: [(_, ChangeText); 4] = [
        ("title", title),
        ("stripPort", strip_port),
        ("stripDomain", strip_domain),
        ("urlQueryEscape", escape::url_query),
    ];
    for (name, change) in changed {
        functions.add(name, move |arguments| {
            let [value] = exactly::<1>(arguments)?;
            Ok(change(text(value)?).into())
        });
    }
    shared::add_to(functions);
    functions.add("safeHtml", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        Ok(value.clone())
    });
    functions.add("args", |arguments| {
        let named = arguments.iter().enumerate();
        Ok(Value::map(named.map(|(index, value)| (format!("arg{index}"), value.clone()))))
    });
}

/// The first letter of every word in upper case.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars() {
        if in_word || !c.is_alphabetic() {
            out.push(c);
        } else {
            out.extend(c.to_uppercase());
        }
        in_word = c.is_alphanumeric() || c == '_' || (in_word && c == '\'');
    }
    out
}

/// `host:port` or `[host]:port` in two, if it is that.
fn split_port(address: &str) -> Option<(&str, &str)> {
    let (host, port) = address.rsplit_once(':')?;
    match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').map(|host| (host, port)),
        None if host.contains(':') => None,
        None => Some((host, port)),
    }
}

fn strip_port(address: &str) -> String {
    split_port(address).map_or(address, |(host, _)| host).to_owned()
}

fn strip_domain(address: &str) -> String {
    let (host, port) = split_port(address).unwrap_or((address, ""));
    if host.parse::<std::net::IpAddr>().is_ok() {
        return address.to_owned();
    }
    let first = host.split('.').next().unwrap_or(host);
    if port.is_empty() { first.to_owned() } else { format!("{first}:{port}") }
}

fn add_links(functions: &mut Functions, context: &PrometheusContext) {
    for (name, tab) in [("graphLink", 0), ("tableLink", 1)] {
        functions.add(name, move |arguments| {
            let [expr] = exactly::<1>(arguments)?;
            let expr = escape::url_query(text(expr)?);
            Ok(format!("/graph?g0.expr={expr}&g0.tab={tab}").into())
        });
    }
    let external_url = context.external_url.clone();
    let after_scheme = external_url.split_once("://").map_or("", |(_, rest)| rest);
    let path = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("");
    let path = path.to_owned();
    functions.add("externalURL", move |arguments| {
        exactly::<0>(arguments)?;
        Ok(external_url.as_str().into())
    });
    functions.add("pathPrefix", move |arguments| {
        exactly::<0>(arguments)?;
        Ok(path.as_str().into())
    });
}
