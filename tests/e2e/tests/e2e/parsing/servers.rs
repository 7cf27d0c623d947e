//! A Prometheus and a host that hold nothing and read queries.

use std::path::Path;

use narthex_harness::{Host, http};
use serde_json::{Value as Json, json};

use crate::prometheus::{IDLE, Prometheus};

/// What 3.5 guards of the language and we have.
const OUR_FEATURES: &str = "promql-experimental-functions";
/// Durations are computed here always.
const THEIR_FEATURES: &str = "promql-experimental-functions,promql-duration-expr";

/// A query as a server reads it.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    pub(super) tree: Json,
    pub(super) layout: String,
}

/// The query, or the text of the refusal.
pub(super) type Parsed = Result<Query, String>;

/// Both servers.
pub(super) struct Servers {
    host: Host,
    theirs: Prometheus,
}

impl Servers {
    #[track_caller]
    pub(super) fn start(program: &Path) -> Self {
        let host = Host::with_config("plugins: { dir: plugins }\n")
            .file("plugins/.keep", "")
            .flag(&format!("--enable-feature={OUR_FEATURES}"))
            .start();
        let theirs =
            Prometheus::start(program, IDLE, &[&format!("--enable-feature={THEIR_FEATURES}")]);
        Self { host, theirs }
    }

    /// What Prometheus makes of it.
    #[track_caller]
    pub(super) fn theirs(&self, text: &str) -> Parsed {
        read(&self.theirs.address(), text)
    }

    /// What the host makes of it.
    #[track_caller]
    pub(super) fn ours(&self, text: &str) -> Parsed {
        let mut query = read(&self.host.address(), text)?;
        forget_news(&mut query.tree);
        Ok(query)
    }
}

#[track_caller]
fn read(address: &str, text: &str) -> Parsed {
    let tree = ask(address, "parse_query", text)?;
    let layout = ask(address, "format_query", text)?;
    Ok(Query { tree, layout: layout.as_str().expect("a text").to_owned() })
}

#[track_caller]
fn ask(address: &str, path: &str, text: &str) -> Result<Json, String> {
    let url = format!("http://{address}/api/v1/{path}");
    let body = format!("query={}", http::encode(text));
    let answer = http::post(&url, "application/x-www-form-urlencoded", body.as_bytes());
    let mut answer = answer.json();
    match answer["status"].as_str() {
        Some("success") => Ok(answer["data"].take()),
        _ => Err(answer["error"].as_str().expect("an error has a text").to_owned()),
    }
}

/// Takes away the keys that came after 3.5, where they say nothing that 3.5 takes.
fn forget_news(tree: &mut Json) {
    match tree {
        Json::Object(fields) => {
            fields.retain(|key, value| match key.as_str() {
                "anchored" | "smoothed" => *value != false,
                "fillValues" => *value != json!({"lhs": null, "rhs": null}),
                // Computed durations were not shown, though read.
                "rangeExpr" | "stepExpr" | "offsetExpr" => false,
                _ => true,
            });
            fields.values_mut().for_each(forget_news);
        }
        Json::Array(items) => items.iter_mut().for_each(forget_news),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}
