//! One row of the table of endpoints: who answers, and what is said of it.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Extension, Router};

use crate::params::Known;
use crate::routes::Rooms;
use crate::schema::{Schema, flag, list, named, number, object, one_of, text, whole, word, words};

/// Endpoints below one path.
pub(crate) struct Group {
    /// What all of their paths begin with.
    pub(crate) prefix: &'static str,
    pub(crate) endpoints: Vec<Endpoint>,
}

impl Group {
    /// Their router, for below the prefix.
    pub(crate) fn into_router(self) -> Router<Arc<Rooms>> {
        let rows = self.endpoints.into_iter();
        rows.fold(Router::new(), |router, row| {
            let known = row.parameters.iter().map(|parameter| parameter.name).collect();
            router.route(row.path, row.handlers.layer(Extension(Known(known))))
        })
    }
}

/// A handler, how it is asked, and what it answers.
pub(crate) struct Endpoint {
    /// Below the prefix of its group.
    pub(crate) path: &'static str,
    pub(crate) ways: Vec<Way>,
    pub(crate) tag: Tag,
    pub(crate) summary: &'static str,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    /// By their status codes.
    pub(crate) answers: Vec<(u16, Content)>,
    handlers: MethodRouter<Arc<Rooms>>,
}

/// A method by which a handler is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) method: Method,
    /// Names the operation among all others; clients make names of functions of it.
    pub(crate) id: &'static str,
    /// Parameters stand in a form.
    pub(crate) has_form: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// As the document has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// What endpoints are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Query,
    Metadata,
    Labels,
    Series,
    Targets,
    Rules,
    Alerts,
    Alerting,
    Status,
    Admin,
    Features,
    Remote,
    Notifications,
    Plugins,
    Dashboards,
    Server,
    Alertmanager,
}

impl Tag {
    pub(crate) const ALL: [Self; 17] = [
        Self::Query,
        Self::Metadata,
        Self::Labels,
        Self::Series,
        Self::Targets,
        Self::Rules,
        Self::Alerts,
        Self::Alerting,
        Self::Status,
        Self::Admin,
        Self::Features,
        Self::Remote,
        Self::Notifications,
        Self::Plugins,
        Self::Dashboards,
        Self::Server,
        Self::Alertmanager,
    ];

    /// Its name, a heading, and a line about it.
    pub(crate) const fn told(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Query => ("query", "Queries", "Queries, and what is said about them."),
            Self::Metadata => {
                ("metadata", "Metadata", "What metrics are, and names by their parts.")
            }
            Self::Labels => ("labels", "Labels", "Names and values of labels."),
            Self::Series => ("series", "Series", "Series by selectors."),
            Self::Targets => ("targets", "Targets", "Targets, and the jobs that they belong to."),
            Self::Rules => ("rules", "Rules", "Rules, and how they are."),
            Self::Alerts => ("alerts", "Alerts", "Alerts of rules, and whom they are sent to."),
            Self::Alerting => ("alerting", "Routing", "How alerts find their receivers."),
            Self::Status => ("status", "Status", "The program, its configuration and its store."),
            Self::Admin => ("admin", "Administration", "What deletes and copies data."),
            Self::Features => ("features", "Features", "What this server can do."),
            Self::Remote => ("remote", "Remote storage", "Samples from and for other servers."),
            Self::Notifications => {
                ("notifications", "Notifications", "What an operator should know of the program.")
            }
            Self::Plugins => {
                ("plugins", "Plugins", "What is loaded, what it may do and what it did.")
            }
            Self::Dashboards => ("dashboards", "Dashboards", "Dashboards as they are stored."),
            Self::Server => ("server", "Server", "Health and life of the program."),
            Self::Alertmanager => {
                ("alertmanager", "Alertmanager", "Version 2 of the API of an Alertmanager.")
            }
        }
    }
}

/// What a request may say.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) is_in_path: bool,
    pub(crate) is_required: bool,
    pub(crate) schema: Schema,
    pub(crate) about: &'static str,
}

impl Parameter {
    pub(crate) const fn optional(name: &'static str, schema: Schema, about: &'static str) -> Self {
        Self { name, is_in_path: false, is_required: false, schema, about }
    }

    pub(crate) fn required(name: &'static str, schema: Schema, about: &'static str) -> Self {
        Self { is_required: true, ..Self::optional(name, schema, about) }
    }

    pub(crate) fn in_path(name: &'static str, schema: Schema, about: &'static str) -> Self {
        Self { is_in_path: true, ..Self::required(name, schema, about) }
    }

    /// It may stand many times.
    pub(crate) fn many(name: &'static str, about: &'static str) -> Self {
        Self::optional(name, list(text()), about)
    }

    /// A time: one by RFC 3339, or seconds since the Unix epoch.
    pub(crate) fn time(name: &'static str, about: &'static str) -> Self {
        Self::optional(name, named("Time", time), about)
    }

    /// A duration: in units, or in seconds.
    pub(crate) fn duration(name: &'static str, about: &'static str) -> Self {
        Self::optional(name, named("Duration", duration), about)
    }

    /// A whole number that is not below zero.
    pub(crate) fn count(name: &'static str, about: &'static str) -> Self {
        Self::optional(name, whole(), about)
    }

    /// A switch.
    pub(crate) fn flag(name: &'static str, about: &'static str) -> Self {
        Self::optional(name, flag(), about)
    }

    /// The same, but it must be there.
    pub(crate) fn needed(self) -> Self {
        Self { is_required: true, ..self }
    }
}

fn time() -> Schema {
    let by_words = crate::schema::moment();
    one_of([by_words, number()]).about("A time by RFC 3339, or seconds since the Unix epoch.")
}

fn duration() -> Schema {
    one_of([text(), number()]).about("A duration such as `1m30s`, or seconds.")
}

/// The body of a request.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) kind: &'static str,
    pub(crate) schema: Schema,
    pub(crate) is_required: bool,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Nothing,
    Json(Schema),
    /// A text of one of these types.
    Text(&'static [&'static str]),
    /// Lines of JSON.
    Lines(Schema),
    /// Server-sent events whose data is such JSON.
    Events(Schema),
}

/// Plain text.
pub(crate) const TEXT: Content = Content::Text(&["text/plain"]);

impl Endpoint {
    pub(crate) fn get<T: 'static>(
        path: &'static str,
        id: &'static str,
        handler: impl Handler<T, Arc<Rooms>>,
    ) -> Self {
        Self::new(path, handler, [(Method::Get, id)])
    }

    pub(crate) fn post<T: 'static>(
        path: &'static str,
        id: &'static str,
        handler: impl Handler<T, Arc<Rooms>>,
    ) -> Self {
        Self::new(path, handler, [(Method::Post, id)])
    }

    pub(crate) fn delete<T: 'static>(
        path: &'static str,
        id: &'static str,
        handler: impl Handler<T, Arc<Rooms>>,
    ) -> Self {
        Self::new(path, handler, [(Method::Delete, id)])
    }

    /// By both methods; POST takes the parameters as a form, which has room for long ones.
    pub(crate) fn get_or_post<T: 'static>(
        path: &'static str,
        [get, post]: [&'static str; 2],
        handler: impl Handler<T, Arc<Rooms>>,
    ) -> Self {
        let mut row = Self::new(path, handler, [(Method::Get, get), (Method::Post, post)]);
        if let Some(post) = row.ways.last_mut() {
            post.has_form = true;
        }
        row
    }

    pub(crate) fn post_or_put<T: 'static>(
        path: &'static str,
        [post, put]: [&'static str; 2],
        handler: impl Handler<T, Arc<Rooms>>,
    ) -> Self {
        Self::new(path, handler, [(Method::Post, post), (Method::Put, put)])
    }

    fn new<T: 'static, const N: usize>(
        path: &'static str,
        handler: impl Handler<T, Arc<Rooms>>,
        ways: [(Method, &'static str); N],
    ) -> Self {
        let methods = ways.iter().map(|(method, _)| method.filter()).reduce(MethodFilter::or);
        let handlers = methods.map_or_else(MethodRouter::new, |methods| on(methods, handler));
        let ways = ways.map(|(method, id)| Way { method, id, has_form: false });
        Self {
            path,
            ways: ways.to_vec(),
            tag: Tag::Server,
            summary: "",
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            handlers,
        }
    }

    /// What it is about, and what it does.
    pub(crate) fn about(self, tag: Tag, summary: &'static str) -> Self {
        Self { tag, summary, ..self }
    }

    pub(crate) fn takes(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    pub(crate) fn takes_body(self, kind: &'static str, schema: Schema) -> Self {
        Self { body: Some(Body { kind, schema, is_required: true }), ..self }
    }

    /// Bodies may be as large as this.
    pub(crate) fn with_body_max(mut self, bytes: usize) -> Self {
        self.handlers = self.handlers.layer(DefaultBodyLimit::max(bytes));
        self
    }

    /// Answers 200 with such data in the envelope.
    pub(crate) fn answers(self, data: Schema) -> Self {
        self.answers_with(200, Content::Json(envelope(data)))
    }

    pub(crate) fn answers_with(mut self, status: u16, content: Content) -> Self {
        self.answers.push((status, content));
        self
    }

    /// May answer with these codes and an error in the envelope.
    pub(crate) fn refuses(self, codes: &[u16]) -> Self {
        self.refuses_with(codes, &Content::Json(named("Error", error)))
    }

    pub(crate) fn refuses_with(mut self, codes: &[u16], content: &Content) -> Self {
        self.answers.extend(codes.iter().map(|code| (*code, content.clone())));
        self
    }
}

fn envelope(data: Schema) -> Schema {
    let success = object([("status", word("success")), ("data", data)]);
    success.and_maybe([
        ("warnings", list(text()).about("What may be missing or wrong in the data.")),
        ("infos", list(text()).about("What should be known about the query.")),
    ])
}

fn error() -> Schema {
    let kinds = [
        "bad_data",
        "canceled",
        "conflict",
        "execution",
        "forbidden",
        "internal",
        "not_found",
        "timeout",
        "unavailable",
    ];
    let kind = words(&kinds);
    object([("status", word("error")), ("errorType", kind), ("error", text())])
}
