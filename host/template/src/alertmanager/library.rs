//! Templates by name, and texts that use them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use narthex_model::{Labels, Timestamp};

use super::data::NotificationData;
use super::route_labels::RouteLabels;
use crate::error::{ParseError, RenderError};
use crate::evaluate::{LEVELS_MAX, Limits, Scope};
use crate::functions::Functions;
use crate::tree::Template;
use crate::value::Value;

/// What messages call a text that is not of a file.
pub(super) const TEXT: &str = "(text)";

/// The built-in templates: names and texts of Alertmanager, so that what refers to one or replaces
/// one goes on to work.
const BUILT_IN: [(&str, &str); 2] =
    [("default.tmpl", include_str!("default.tmpl")), ("email.tmpl", include_str!("email.tmpl"))];

/// The functions by name; only to parse, as their time is none.
static FUNCTIONS: LazyLock<Functions> =
    LazyLock::new(|| Functions::alertmanager(Timestamp::from_millis(0)));

static DEFAULT: LazyLock<Arc<Template>> = LazyLock::new(|| {
    let mut templates = Template::default();
    for (name, text) in BUILT_IN {
        let added = templates.add(name, text, &FUNCTIONS, &[]);
        added.expect("a test parses the built-in templates");
    }
    Arc::new(templates)
});

/// Templates for notifications: the built-in ones and those of files. Cheap to clone.
///
/// ```
/// use narthex_model::Timestamp;
/// use narthex_template::{Library, NotificationData};
/// let library = Library::new([("mine.tmpl", "{{ define \"title\" }}{{ .Status | title }}{{ end }}")])?;
/// let data = NotificationData { status: "firing".into(), ..NotificationData::default() };
/// let expander = library.expander(&data, Timestamp::from_millis(0));
/// assert_eq!(expander.text("{{ template \"title\" . }}: {{ len .Alerts }}").unwrap(), "Firing: 0");
/// # Ok::<(), narthex_template::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Library {
    templates: Arc<Template>,
}

impl Default for Library {
    /// The built-in templates only.
    fn default() -> Self {
        Self { templates: Arc::clone(&DEFAULT) }
    }
}

impl Library {
    /// Adds files, as name and text, to the built-in templates. A definition replaces an earlier
    /// one of its name; within a file that is an error. The name of a file is that of a template
    /// too, so it should have no folders.
    ///
    /// # Errors
    /// When a text is no template.
    pub fn new<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ParseError> {
        let mut templates = Template::clone(&DEFAULT);
        for (name, text) in files {
            templates.add(name, text, &FUNCTIONS, &[])?;
        }
        Ok(Self { templates: Arc::new(templates) })
    }

    /// The names of its templates, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.templates.names()
    }

    /// Whether a text of a setting is a template.
    ///
    /// # Errors
    /// When it is none.
    pub fn check(&self, text: &str) -> Result<(), ParseError> {
        Template::parse(TEXT, text, &FUNCTIONS, &[]).map(|_| ())
    }

    /// Renders texts about `data`, for which it is `now`.
    #[must_use]
    pub fn expander(&self, data: &NotificationData, now: Timestamp) -> Expander {
        Expander {
            library: self.clone(),
            functions: Functions::alertmanager(now),
            data: Value::from(data),
            route_labels: data.route_labels.clone(),
            route_labels_rendered: data.route_labels_rendered,
            limits: Limits::default(),
        }
    }

    /// The library's templates and one more text, called [`TEXT`].
    pub(super) fn with(&self, text: &str) -> Result<Template, ParseError> {
        let mut templates = Template::clone(&self.templates);
        templates.add(TEXT, text, &FUNCTIONS, &[])?;
        Ok(templates)
    }
}

/// Renders the texts of one notification. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Expander {
    library: Library,
    /// With a `routeLabels` that is empty: each rendering gets one of its own.
    functions: Functions,
    data: Value,
    pub(super) route_labels: Labels,
    pub(super) route_labels_rendered: bool,
    limits: Limits,
}

impl Expander {
    /// Other limits, for each text and for each label of the route that it refers to.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A plain text.
    ///
    /// # Errors
    /// When the text is no template, a step fails or a limit is reached.
    pub fn text(&self, text: &str) -> Result<String, RenderError> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        self.render(text, &RouteLabels::new(self), LEVELS_MAX)
    }

    /// A text that is HTML: each value is escaped for the place in which it stands, as Go's
    /// html/template does it. In a style a value must be a plain one, such as `red`.
    ///
    /// # Errors
    /// As for a plain text, and when a value stands where a script cannot be read on.
    pub fn html(&self, text: &str) -> Result<String, RenderError> {
        let functions = RouteLabels::new(self).provide(&self.functions);
        let scope = Scope::new(&functions, self.data.clone()).with_limits(self.limits).as_html();
        self.library.with(text)?.render(TEXT, &scope)
    }

    /// The labels of the route with their values rendered, each once, also when others refer to it
    /// by `routeLabels`.
    ///
    /// # Errors
    /// When a value is no template, a step fails, a limit is reached, or labels refer to one
    /// another in a circle.
    pub fn route_labels(&self) -> Result<Labels, RenderError> {
        let values = RouteLabels::new(self);
        let names = self.route_labels.iter().map(|(name, _)| name);
        let pairs: Result<Vec<(&str, String)>, RenderError> =
            names.map(|name| Ok((name, values.value(name)?.to_string()))).collect();
        pairs.map(Labels::from_pairs)
    }

    /// As [`Self::route_labels`], without those that fail.
    #[must_use]
    pub fn some_route_labels(&self) -> BTreeMap<String, String> {
        let values = RouteLabels::new(self);
        let names = self.route_labels.iter().map(|(name, _)| name);
        names
            .filter_map(|name| Some((name.to_owned(), values.value(name).ok()?.to_string())))
            .collect()
    }

    /// A text or the label of a route, with at most so many blocks in one another.
    pub(super) fn render(
        &self,
        text: &str,
        route_labels: &Arc<RouteLabels>,
        levels_max: usize,
    ) -> Result<String, RenderError> {
        let functions = route_labels.provide(&self.functions);
        let scope = Scope::new(&functions, self.data.clone())
            .with_limits(self.limits)
            .with_levels_max(levels_max);
        self.library.with(text)?.render(TEXT, &scope)
    }
}
