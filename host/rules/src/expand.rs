//! Templates of labels and annotations.

use std::sync::Arc;

use narthex_model::{Labels, Timestamp};
use narthex_promql::{Engine, QueryOptions, Value as QueryValue};
use narthex_template::{
    Functions, ParseError, PrometheusContext, QuerySample, Scope, Template, Value,
};
use tracing::warn;

use crate::measures::Texts;

/// The variables that every template of a rule may use.
const VARIABLES: [&str; 4] = ["$labels", "$externalLabels", "$externalURL", "$value"];

/// A text that may hold actions; most hold none.
#[derive(Clone, Debug)]
pub(crate) enum TemplateText {
    Plain(Arc<str>),
    Template { name: Arc<str>, template: Arc<Template>, may_query: bool },
}

/// Parses a text of the alert `alert`.
pub(crate) fn check_template(alert: &str, text: &str) -> Result<TemplateText, ParseError> {
    if !text.contains("{{") {
        return Ok(TemplateText::Plain(Arc::from(text)));
    }
    let name = format!("__alert_{alert}");
    let functions = Functions::prometheus(&PrometheusContext::default());
    let template = Template::parse(&name, text, &functions, &VARIABLES)?;
    let may_query = text.contains("query");
    Ok(TemplateText::Template { name: Arc::from(name), template: Arc::new(template), may_query })
}

impl TemplateText {
    /// The text, if it is no template.
    pub(crate) fn plain(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Template { .. } => None,
        }
    }

    /// Whether rendering may read the store.
    pub(crate) fn may_query(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Template { may_query, .. } => *may_query,
        }
    }
}

/// Renders the templates of one rule at one evaluation.
pub(crate) struct Expander {
    functions: Functions,
    external_labels: Labels,
    external_url: String,
    texts: Texts,
}

impl Expander {
    pub(crate) fn new(
        (engine, options): (Engine, QueryOptions),
        at: Timestamp,
        external_labels: &Labels,
        external_url: &str,
        texts: &Texts,
    ) -> Self {
        let query = move |text: &str| {
            let result = engine.instant(text, at, &options);
            let value = result.map_err(|error| narthex_settings::error_chain(&error))?.value;
            samples(value)
        };
        let functions = Functions::prometheus(&PrometheusContext {
            now: at,
            external_url: external_url.to_owned(),
            query: Some(Arc::new(query)),
        });
        let (external_labels, external_url) = (external_labels.clone(), external_url.to_owned());
        Self { functions, external_labels, external_url, texts: texts.clone() }
    }

    /// The text for one element of the result. What cannot be rendered says so in its place: an
    /// alert with a wrong annotation is better than none.
    pub(crate) fn expand(&self, text: &TemplateText, labels: &Labels, value: &Value) -> String {
        self.texts.expansions.increment();
        let (name, template) = match text {
            TemplateText::Plain(text) => return text.to_string(),
            TemplateText::Template { name, template, .. } => (name, template),
        };
        let external_url = Value::from(self.external_url.as_str());
        let data = Value::map([
            ("Labels", labels.clone().into()),
            ("ExternalLabels", self.external_labels.clone().into()),
            ("ExternalURL", external_url.clone()),
            ("Value", value.clone()),
        ]);
        let scope = Scope::new(&self.functions, data)
            .with_variable("$labels", labels.clone().into())
            .with_variable("$externalLabels", self.external_labels.clone().into())
            .with_variable("$externalURL", external_url)
            .with_variable("$value", value.clone());
        template.render(name, &scope).unwrap_or_else(|error| {
            self.texts.failures.increment();
            warn!(%error, %labels, "a template of an alert failed");
            format!("<error expanding template: error executing template {name}: {error}>")
        })
    }
}

fn samples(value: QueryValue) -> Result<Vec<QuerySample>, String> {
    match value {
        QueryValue::Vector(samples) => Ok(samples
            .into_iter()
            .map(|sample| {
                let value = sample.value.float().unwrap_or(0.0);
                QuerySample { labels: sample.labels, value }
            })
            .collect()),
        QueryValue::Scalar { value, .. } => {
            Ok(vec![QuerySample { labels: Labels::empty(), value }])
        }
        QueryValue::String { .. } | QueryValue::Matrix(_) => {
            Err("query result is not a vector or scalar".to_owned())
        }
    }
}

/// Where a person can look at an expression.
pub(crate) fn graph_link(external_url: &str, expr: &str) -> String {
    let functions = Functions::prometheus(&PrometheusContext::default());
    match functions.get("tableLink").map(|link| link(&[Value::from(expr)])) {
        Some(Ok(path)) => format!("{external_url}{path}"),
        Some(Err(_)) | None => external_url.to_owned(),
    }
}
