//! `/api/v1/openapi.yaml`: the table of endpoints as a document by OpenAPI, for people and for what makes
//! clients of it.
//!
//! Version 3.1 has no words for streams: an answer of many lines is a text there, and the one that has no
//! end is left out, as Prometheus leaves it out. Version 3.2 has all.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use narthex_settings::Yaml;
use serde_json::{Map, Value, json};

use crate::endpoint::{Body, Content, Endpoint, Group, Parameter, Tag, Way};
use crate::params::Params;
use crate::routes::{Shared, table};
use crate::schema::{Named, Schema};

/// `/api/v1/openapi.yaml`
pub(crate) async fn openapi(State(rooms): Shared, params: Params) -> Response {
    let version = match params.get("openapi_version") {
        Some("3.2" | "3.2.0") => Version::V32,
        // As in Prometheus, what is not known is not refused.
        _ => Version::V31,
    };
    let text = yaml(&document(version, &table(), &rooms.external_url)).to_string();
    let head = [
        (header::CONTENT_TYPE, "application/yaml; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache, no-store, must-revalidate"),
    ];
    (head, text).into_response()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V31,
    V32,
}

impl Version {
    fn has_words_for(self, row: &Endpoint) -> bool {
        let is_endless = |(_, content): &(u16, Content)| matches!(content, Content::Events(_));
        self == Self::V32 || !row.answers.iter().any(is_endless)
    }
}

fn document(version: Version, table: &[Group], server: &str) -> Value {
    let mut writer = Writer { version, named: BTreeMap::new() };
    let mut paths = Map::new();
    for group in table {
        for row in group.endpoints.iter().filter(|row| version.has_words_for(row)) {
            let operations = row.ways.iter().map(|way| (way, writer.operation(row, way)));
            let operations: Vec<_> = operations.collect();
            let path = paths.entry(format!("{}{}", group.prefix, row.path));
            if let Value::Object(path) = path.or_insert_with(|| json!({})) {
                for (way, operation) in operations {
                    path.insert(way.method.name().to_owned(), operation);
                }
            }
        }
    }
    json!({
        "openapi": match version {
            Version::V31 => "3.1.0",
            Version::V32 => "3.2.0",
        },
        "info": {
            "title": "Narthex",
            "description": "Metrics, rules, alerts and dashboards. What Prometheus and Alertmanager answer \
                            too is answered in their shapes.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{"url": server}],
        "tags": Tag::ALL.map(|tag| writer.tag(tag)),
        "paths": paths,
        "components": {"schemas": writer.components()},
    })
}

/// Writes the parts of a document, and remembers the schemas that they name.
struct Writer {
    version: Version,
    named: BTreeMap<&'static str, fn() -> Schema>,
}

impl Writer {
    fn tag(&self, tag: Tag) -> Value {
        let (name, summary, description) = tag.told();
        match self.version {
            Version::V31 => json!({"name": name, "description": description}),
            Version::V32 => json!({"name": name, "summary": summary, "description": description}),
        }
    }

    fn operation(&mut self, row: &Endpoint, way: &Way) -> Value {
        let is_shown = |parameter: &&Parameter| parameter.is_in_path || !way.has_form;
        let parameters: Vec<Value> =
            row.parameters.iter().filter(is_shown).map(|one| self.parameter(one)).collect();
        let answers = row.answers.iter();
        let answers: Map<String, Value> = answers
            .map(|(code, content)| (code.to_string(), self.answer(*code, content)))
            .collect();
        let mut operation = json!({
            "operationId": way.id,
            "tags": [row.tag.told().0],
            "summary": row.summary,
            "responses": answers,
        });
        let form = way.has_form.then(|| form(&row.parameters));
        let body = form.or_else(|| row.body.clone());
        if let Value::Object(operation) = &mut operation {
            if !parameters.is_empty() {
                operation.insert("parameters".to_owned(), parameters.into());
            }
            if let Some(Body { kind, schema, is_required }) = body {
                let content = json!({kind: {"schema": self.schema(schema)}});
                let body = json!({"required": is_required, "content": content});
                operation.insert("requestBody".to_owned(), body);
            }
        }
        operation
    }

    fn parameter(&mut self, parameter: &Parameter) -> Value {
        json!({
            "name": parameter.name,
            "in": if parameter.is_in_path { "path" } else { "query" },
            "required": parameter.is_required,
            "description": parameter.about,
            "schema": self.schema(parameter.schema.clone()),
        })
    }

    fn answer(&mut self, code: u16, content: &Content) -> Value {
        let content = match content {
            Content::Nothing => return json!({"description": meaning(code)}),
            Content::Json(schema) => {
                json!({"application/json": {"schema": self.schema(schema.clone())}})
            }
            Content::Text(kinds) => {
                let text = json!({"schema": {"type": "string"}});
                kinds.iter().map(|kind| ((*kind).to_owned(), text.clone())).collect()
            }
            Content::Lines(line) => {
                let schema = self.schema(line.clone());
                json!({"application/x-ndjson": match self.version {
                    Version::V31 => json!({"schema": {"type": "string"}}),
                    Version::V32 => json!({"itemSchema": schema}),
                }})
            }
            Content::Events(data) => json!({"text/event-stream": {"itemSchema": {
                "type": "object",
                "required": ["data"],
                "properties": {"data": {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": self.schema(data.clone()),
                }},
            }}}),
        };
        json!({"description": meaning(code), "content": content})
    }

    fn schema(&mut self, schema: Schema) -> Value {
        let (schema, named) = schema.into_parts();
        self.named.extend(named.iter().map(|Named { name, make }| (*name, *make)));
        schema
    }

    /// The schemas that were named, and those that these name.
    fn components(&mut self) -> Map<String, Value> {
        let mut written = Map::new();
        loop {
            let is_new = |(name, _): &(&&str, _)| !written.contains_key(**name);
            let Some((name, make)) = self.named.iter().find(is_new) else { return written };
            let (name, make) = (*name, *make);
            let schema = self.schema(make());
            written.insert(name.to_owned(), schema);
        }
    }
}

/// Parameters as a form.
fn form(parameters: &[Parameter]) -> Body {
    let fields = parameters.iter().filter(|parameter| !parameter.is_in_path);
    let form = fields.fold(crate::schema::object([]).and_others(), |form, field| {
        let field_of = [(field.name, field.schema.clone().about(field.about))];
        if field.is_required { form.and(field_of) } else { form.and_maybe(field_of) }
    });
    let is_required = parameters.iter().any(|parameter| parameter.is_required);
    Body { kind: "application/x-www-form-urlencoded", schema: form, is_required }
}

const fn meaning(code: u16) -> &'static str {
    match code {
        200 => "It is done.",
        204 => "It is done; there is nothing to tell.",
        400 => "A parameter or the body is wrong.",
        403 => "Nobody may do that here.",
        404 => "There is no such thing.",
        409 => "It would take the place of another.",
        413 => "The body is too large.",
        415 => "The body is of another kind.",
        422 => "The request is understood, but cannot be done.",
        499 => "The client went away.",
        503 => "It took too long, or the server is not ready or has no room.",
        _ => "The server failed, or the feature is switched off.",
    }
}

/// The document as it is read: what it is first, then what it has.
fn yaml(document: &Value) -> Yaml {
    const ORDER: [&str; 6] = ["openapi", "info", "servers", "tags", "paths", "components"];
    let parts =
        ORDER.into_iter().filter_map(|key| Some((key.to_owned(), tree(document.get(key)?))));
    Yaml::Map(parts.collect())
}

fn tree(value: &Value) -> Yaml {
    match value {
        Value::Null => Yaml::plain("null"),
        Value::Bool(flag) => Yaml::plain(flag),
        Value::Number(number) => Yaml::plain(number),
        Value::String(text) => Yaml::text(text),
        Value::Array(items) => Yaml::List(items.iter().map(tree).collect()),
        Value::Object(fields) => {
            Yaml::Map(fields.iter().map(|(key, value)| (key.clone(), tree(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests;
