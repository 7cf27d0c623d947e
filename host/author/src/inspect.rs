//! `inspect`: what a component is, without calling it.

use narthex_plugins::Card;
use serde_json::{Value, json};

use crate::component::{self, Sections};
use crate::console::{Console, Tone};
use crate::session::Session;
use crate::show::size;

/// Shows what a component is, as text or as JSON.
pub fn inspect(session: &Session, as_json: bool, console: Console) {
    let (card, sections) = (session.card(), component::sections(&session.bytes));
    if as_json {
        console.say(&format!("{:#}", value(card, &sections)));
        return;
    }
    let row = |name: &str, text: &str| {
        console.say(&format!("{} {text}", console.paint(Tone::Name, &format!("{name:12}"))));
    };
    row("name", &card.name);
    row("version", &card.version);
    row("description", &card.description);
    row("kind", card.kind.word());
    row("size", &size(card.bytes));
    row("digest", &card.digest);
    for import in &card.imports {
        row("imports", import);
    }
    for export in &card.exports {
        row("exports", export);
    }
    for line in properties(&card.schema) {
        row("config", &line);
    }
    for (name, bytes) in &sections.custom {
        row("section", &format!("{name}, {}", size(*bytes)));
    }
    let names = if sections.has_names { "yes" } else { "no: a trap cannot say where it was" };
    row("names", names);
}

fn value(card: &Card, sections: &Sections) -> Value {
    let schema = serde_json::from_str::<Value>(&card.schema).unwrap_or(Value::Null);
    json!({
        "name": card.name,
        "version": card.version,
        "description": card.description,
        "kind": card.kind.word(),
        "bytes": card.bytes,
        "digest": card.digest,
        "imports": card.imports,
        "exports": card.exports,
        "schema": schema,
        "sections": sections.custom,
        "hasNames": sections.has_names,
    })
}

/// A line for each property at the top of a schema.
fn properties(schema: &str) -> Vec<String> {
    let Ok(schema) = serde_json::from_str::<Value>(schema) else {
        return vec!["any: there is no schema".to_owned()];
    };
    let required = schema.get("required").and_then(Value::as_array);
    let is_required =
        |name: &String| required.is_some_and(|names| names.iter().any(|it| it == name.as_str()));
    let properties = schema.get("properties").and_then(Value::as_object);
    let line = |(name, property): (&String, &Value)| {
        let text = |key: &str| property.get(key).and_then(Value::as_str).unwrap_or("");
        let kind = if text("type").is_empty() { "any" } else { text("type") };
        let default = property.get("default").map(|default| format!(", default {default}"));
        let required = if is_required(name) { ", required" } else { "" };
        let secret = property.get("x-secret") == Some(&Value::Bool(true));
        let secret = if secret { ", secret" } else { "" };
        let default = default.unwrap_or_default();
        let description = text("description");
        let colon = if description.is_empty() { "" } else { ": " };
        format!("{name} ({kind}{required}{default}{secret}){colon}{description}")
    };
    properties.into_iter().flatten().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_a_line() {
        let schema = json!({ "required": ["user"], "properties": {
            "user": { "type": "string", "description": "Who." },
            "token": { "x-secret": true },
            "path": { "type": "string", "default": "/" },
        } });
        assert_eq!(
            properties(&schema.to_string()),
            [
                "path (string, default \"/\")",
                "token (any, secret)",
                "user (string, required): Who.",
            ]
        );
    }
}
