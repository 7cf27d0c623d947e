//! `check`: judges a component as an operator would who reads it before letting it in.

use narthex_exposition::lint;
use narthex_plugins::{Allow, PluginKind, Reply, Tape};
use serde_json::Value;

use crate::case::Case;
use crate::component;
use crate::console::{Console, Tone, Verdict};
use crate::session::{Session, World};
use crate::show::{failure, size};

/// Beyond this a server takes noticeable time and memory to load it; interpreters are.
const LARGE_BYTES: u64 = 24 << 20;

/// Interfaces of WASI that are there and empty.
const EMPTY_WASI: [&str; 2] = ["wasi:filesystem/", "wasi:sockets/"];

/// What was found, the worst first.
#[derive(Debug, Default)]
struct Findings(Vec<(Verdict, String)>);

impl Findings {
    fn lint(&mut self, text: impl Into<String>) {
        self.0.push((Verdict::Lint, text.into()));
    }

    fn bad(&mut self, text: impl Into<String>) {
        self.0.push((Verdict::Bad, text.into()));
    }
}

/// Judges a component that a server would load. Metrics are those of its recordings; without any, of
/// one live call when `calls`.
pub async fn check(world: &World, session: &Session, calls: bool, console: Console) -> Verdict {
    let card = session.card();
    let mut found = Findings::default();
    imports(&card.imports, &world.extra, world, &card.name, &mut found);
    if card.bytes > LARGE_BYTES {
        found.lint(format!("size: {} take long to load", size(card.bytes)));
    }
    if !component::sections(&session.bytes).has_names {
        found.lint("names: stripped, so that a trap cannot say where it was; strip debuginfo only");
    }
    if card.description.is_empty() {
        found.lint("description: empty");
    }
    schema(&card.schema, &mut found);
    if card.kind == PluginKind::Exporter {
        metrics(world, session, calls, &mut found, console).await;
    }
    if calls && let Err(error) = session.validate().await {
        found.bad(format!("configuration: {}", failure(&error)));
    }
    found.0.sort_by(|(a, _), (b, _)| b.cmp(a));
    for (verdict, text) in &found.0 {
        let (tone, word) = match verdict {
            Verdict::Bad => (Tone::Bad, "error"),
            Verdict::Lint | Verdict::Good | Verdict::Nothing => (Tone::Value, "lint "),
        };
        console.complain(&format!("{} {text}", console.paint(tone, word)));
    }
    let verdict = found.0.first().map(|(verdict, _)| *verdict).unwrap_or_default();
    if verdict == Verdict::Good {
        let (name, kind) = (&card.name, card.kind);
        console.say(&format!("{name} {}, {kind}, {}: good", card.version, size(card.bytes)));
    }
    verdict
}

/// Interfaces of the host that give authority.
const GIVE_AUTHORITY: [&str; 5] = ["http", "tcp", "dns", "files", "kv"];

/// Whether it imports all that there is: the SDKs of interpreted languages do, and their engines import WASI, whatever
/// the plugin uses.
fn imports_everything(imports: &[String]) -> bool {
    GIVE_AUTHORITY.iter().all(|interface| {
        let prefix = format!("narthex:plugin/{interface}@");
        imports.iter().any(|import| import.starts_with(&prefix))
    })
}

/// What it imports, against what it is granted.
fn imports(imports: &[String], extra: &Allow, world: &World, name: &str, found: &mut Findings) {
    if imports_everything(imports) {
        return;
    }
    let allowed = world.grants.allow.get(name);
    let has_roots = !extra.files.is_empty() || allowed.is_some_and(|own| !own.files.is_empty());
    for import in imports {
        if import.starts_with("narthex:plugin/files@") && !has_roots && name != "node" {
            found.lint(format!(
                "imports: {import}, and no root is granted; \
                 `plugins: {{ allow: {{ {name}: {{ files: {{ ROOT: /path }} }} }} }}` grants one"
            ));
        }
        if EMPTY_WASI.iter().any(|empty| import.starts_with(empty)) {
            found.lint(format!("imports: {import}, which a server offers empty"));
        }
    }
}

/// What the schema leaves open. That it is one was judged when the component was loaded.
fn schema(text: &str, found: &mut Findings) {
    let Ok(schema) = serde_json::from_str::<Value>(text) else {
        found.lint("schema: none, so that every configuration is taken and none is explained");
        return;
    };
    object("", &schema, found);
}

fn object(path: &str, schema: &Value, found: &mut Findings) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    if schema.get("additionalProperties").is_none() {
        let place = if path.is_empty() { "the top" } else { path };
        found.lint(format!(
            "schema: {place} lacks `additionalProperties`; false refuses keys that are misspelled"
        ));
    }
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    for (name, property) in properties {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if property.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            found.lint(format!("schema: {path} has no description"));
        }
        let kind = property.get("type").and_then(Value::as_str).unwrap_or("");
        let is_open = !required.contains(&Value::from(name.as_str()))
            && property.get("default").is_none()
            && matches!(kind, "boolean" | "integer" | "number");
        if is_open {
            found.lint(format!("schema: {path} is neither required nor has a default"));
        }
        object(&path, property, found);
        if let Some(items) = property.get("items") {
            object(&format!("{path}[]"), items, found);
        }
    }
}

/// Names, types and help of metrics, as promtool judges them.
async fn metrics(
    world: &World,
    session: &Session,
    calls: bool,
    found: &mut Findings,
    console: Console,
) {
    let mut replies = Vec::new();
    for case in cases(world, session) {
        replies.push(session.replay(&case).await.reply);
    }
    if replies.is_empty() && calls {
        replies.push(session.ask(Tape::listening()).await.reply);
    }
    if replies.is_empty() {
        console.complain("metrics: not judged; a recording or --target shows some");
    }
    for reply in replies {
        match reply {
            Ok(Reply::Collected(exposition)) => {
                if !exposition.content_type.starts_with("text/plain") {
                    let kind = &exposition.content_type;
                    console.complain(&format!("metrics: not judged; {kind} has no lint"));
                    continue;
                }
                match lint(&exposition.body) {
                    Ok(linted) => linted.problems.iter().for_each(|problem| {
                        found.lint(format!("metrics: {} {}", problem.metric, problem.text));
                    }),
                    Err(error) => {
                        let error = narthex_settings::error_chain(&error);
                        found.bad(format!("metrics: {error}"));
                    }
                }
            }
            Ok(Reply::Refreshed(_) | Reply::Delivered(_)) => {}
            // A recorded error is what the author wanted to see.
            Err(error) if calls => found.bad(format!("call: {}", failure(&error))),
            Err(_) => {}
        }
    }
    found.0.dedup();
}

fn cases(world: &World, session: &Session) -> Vec<Case> {
    let Some(project) = &session.project else { return Vec::new() };
    let (disk, folder) = (&*world.deps.disk, project.folder.join("tests"));
    let listed = disk.list(&folder).unwrap_or_default().into_iter().map(|file| file.name);
    let files = listed.filter(|name| name.ends_with(".json"));
    files.filter_map(|name| Case::read(disk, &folder.join(name)).ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_every_interface_is_imported_for_says_nothing() {
        let of = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| format!("narthex:plugin/{name}@1.0.0")).collect()
        };
        assert!(imports_everything(&of(&["log", "http", "tcp", "dns", "files", "kv"])));
        assert!(!imports_everything(&of(&["log", "http", "tcp", "dns", "files"])));
    }

    #[test]
    fn what_a_schema_leaves_open_is_told() {
        let mut found = Findings::default();
        let inner = json!({ "properties": { "port": { "type": "integer" } } });
        let good = json!({ "type": "boolean", "default": false, "description": "Whether." });
        let text = json!({ "properties": { "list": { "items": inner }, "good": good } });
        schema(&text.to_string(), &mut found);
        let told: Vec<&str> = found.0.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(
            told,
            [
                "schema: the top lacks `additionalProperties`; false refuses keys that are misspelled",
                "schema: list has no description",
                "schema: list[] lacks `additionalProperties`; false refuses keys that are misspelled",
                "schema: list[].port has no description",
                "schema: list[].port is neither required nor has a default",
            ]
        );
    }
}
