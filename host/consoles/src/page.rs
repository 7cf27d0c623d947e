//! A page, from its files to HTML.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use narthex_model::{Labels, Timestamp};
use narthex_platform::read_inside;
use narthex_promql::{QueryOptions, Value as QueryValue};
use narthex_settings::error_chain;
use narthex_template::{Functions, PrometheusContext, QuerySample, Scope, Template, Value};

use crate::{PageRequest, Shared};

/// A template, and a library.
const TEMPLATE_BYTES_MAX: u64 = 1 << 20;
/// Libraries, which are read for each page.
const LIBRARIES_MAX: usize = 100;
const LIBRARY_ENDING: &str = ".lib";
/// All queries of a page; the engine's own bound, where that is shorter.
const PAGE_WITHIN: Duration = Duration::from_secs(10);
/// What the text of a page may use by name.
const VARIABLES: [&str; 4] = ["$rawParams", "$params", "$path", "$externalLabels"];

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// It is not there.
    #[error("no console template is called {0:?}")]
    NotThere(String),
    /// A file cannot be read.
    #[error("read console {what}")]
    Read {
        /// Which file.
        what: String,
        /// Why not.
        source: io::Error,
    },
    /// There are more libraries than anybody has.
    #[error("more than {LIBRARIES_MAX} console libraries")]
    TooManyLibraries,
    /// A template is none, or a step of it failed.
    #[error("error {step} template {name}: {message}")]
    Template {
        /// What was done.
        step: &'static str,
        /// With which page.
        name: String,
        /// Where, and what is wrong.
        message: String,
    },
    /// The thread ended.
    #[error("making the page ended: {0}")]
    Ended(String),
}

pub(crate) fn make(shared: &Arc<Shared>, request: &PageRequest) -> Result<String, PageError> {
    let now = Timestamp::from_millis(shared.clock.now_millis());
    let functions = Functions::console(&PrometheusContext {
        now,
        external_url: shared.config.external_url.clone(),
        query: Some(Arc::new(queries(shared, request.options.clone(), now))),
    });
    // As Prometheus names it, so that messages are the same.
    let name = format!("__console_/{}", request.path);
    let template = read(shared, request, &name, &functions)?;
    let data = Data::of(request, shared.external_labels.read().clone());
    let [raw, params, path, labels] = VARIABLES;
    let scope = Scope::new(&functions, data.dot())
        .with_variable(raw, data.raw.clone())
        .with_variable(params, data.params.clone())
        .with_variable(path, data.path.clone())
        .with_variable(labels, data.external_labels.clone())
        .as_html();
    template.render(&name, &scope).map_err(|error| failed("executing", &name, error.to_string()))
}

fn failed(step: &'static str, name: &str, message: String) -> PageError {
    PageError::Template { step, name: name.to_owned(), message }
}

/// The page's template and all libraries.
fn read(
    shared: &Shared,
    request: &PageRequest,
    name: &str,
    functions: &Functions,
) -> Result<Template, PageError> {
    let (disk, config) = (&*shared.disk, &shared.config);
    let bytes = read_inside(disk, &config.templates, &request.path, TEMPLATE_BYTES_MAX);
    let bytes = bytes.map_err(|source| {
        let not_there = [io::ErrorKind::NotFound, io::ErrorKind::IsADirectory];
        if not_there.contains(&source.kind()) {
            PageError::NotThere(request.path.clone())
        } else {
            PageError::Read { what: format!("template {:?}", request.path), source }
        }
    })?;
    let text = decoded(bytes, || format!("template {:?}", request.path))?;
    let mut template = Template::parse(name, &text, functions, &VARIABLES)
        .map_err(|error| failed("parsing", name, error.to_string()))?;
    let listed = match disk.list(&config.libraries) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => {
            return Err(PageError::Read { what: "libraries".to_owned(), source });
        }
    };
    let listed = listed.iter().filter(|file| !file.is_folder);
    let names = listed.map(|file| &file.name).filter(|name| name.ends_with(LIBRARY_ENDING));
    for (count, library) in names.enumerate() {
        if count == LIBRARIES_MAX {
            return Err(PageError::TooManyLibraries);
        }
        let what = || format!("library {library:?}");
        let bytes = read_inside(disk, &config.libraries, library, TEMPLATE_BYTES_MAX);
        let bytes = bytes.map_err(|source| PageError::Read { what: what(), source })?;
        let added = template.add(library, &decoded(bytes, what)?, functions, &[]);
        added.map_err(|error| failed("parsing", name, error.to_string()))?;
    }
    Ok(template)
}

fn decoded(bytes: Vec<u8>, what: impl Fn() -> String) -> Result<String, PageError> {
    String::from_utf8(bytes).map_err(|error| PageError::Read {
        what: what(),
        source: io::Error::new(io::ErrorKind::InvalidData, error),
    })
}

/// What `query` does: all of a page's together have no more time than the page.
pub(crate) fn queries(
    shared: &Arc<Shared>,
    options: QueryOptions,
    now: Timestamp,
) -> impl Fn(&str) -> Result<Vec<QuerySample>, String> + Send + Sync + use<> {
    let (engine, clock) = (shared.engine.clone(), shared.clock.clone());
    let within = PAGE_WITHIN.min(engine.config().timeout);
    let deadline = clock.monotonic() + within;
    move |text: &str| {
        let left = deadline.saturating_sub(clock.monotonic());
        if left.is_zero() {
            return Err(format!("the queries of the page took more than {within:?}"));
        }
        let options = QueryOptions { timeout: Some(left), ..options.clone() };
        let result = engine.instant(text, now, &options).map_err(|error| error_chain(&error))?;
        samples(result.value)
    }
}

fn samples(value: QueryValue) -> Result<Vec<QuerySample>, String> {
    match value {
        QueryValue::Vector(samples) => {
            let sample = |labels, value| QuerySample { labels, value };
            let samples = samples.into_iter();
            Ok(samples.map(|it| sample(it.labels, it.value.float().unwrap_or(0.0))).collect())
        }
        QueryValue::Scalar { value, .. } => {
            Ok(vec![QuerySample { labels: Labels::empty(), value }])
        }
        QueryValue::String { .. } | QueryValue::Matrix(_) => {
            Err("query result is not a vector or scalar".to_owned())
        }
    }
}

/// What a page is told of the request and of the server.
struct Data {
    raw: Value,
    params: Value,
    path: Value,
    external_labels: Value,
}

impl Data {
    fn of(request: &PageRequest, external_labels: Labels) -> Self {
        let mut all: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        let mut first: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, value) in &request.parameters {
            all.entry(name).or_default().push(Value::from(value.as_str()));
            first.entry(name).or_insert(value);
        }
        Self {
            raw: Value::map(all.into_iter().map(|(name, values)| (name, Value::list(values)))),
            // A parameter that is not there is an empty text.
            params: Labels::from_pairs(first).into(),
            path: Value::from(request.path.trim_start_matches('/')),
            external_labels: external_labels.into(),
        }
    }

    fn dot(&self) -> Value {
        Value::map([
            ("RawParams", self.raw.clone()),
            ("Params", self.params.clone()),
            ("Path", self.path.clone()),
            ("ExternalLabels", self.external_labels.clone()),
        ])
    }
}
