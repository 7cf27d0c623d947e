//! What a notifier's schema has the host do for each notification: values from `global`, secrets from
//! files, texts from templates.

use narthex_alerting::Words;
use serde_json::{Map, Value};

use super::{DEPTH_MAX, Markup, Node, Notes, Schema, Template};
use crate::answer::PluginKind;

impl Schema {
    /// A keyword that says nothing to a plugin of this kind.
    pub(crate) fn misplaced(&self, kind: PluginKind) -> Option<&'static str> {
        let Notes { takes_http, tls_config, endpoints, profile, .. } = &self.notes;
        let all = [
            ("x-http-config", *takes_http, kind != PluginKind::Exporter),
            ("x-tls-config", tls_config.is_some(), kind != PluginKind::Exporter),
            ("x-endpoints", !endpoints.is_empty(), kind == PluginKind::Discovery),
            ("x-profile", profile.is_some(), kind == PluginKind::Discovery),
            (
                "x-template, x-global or x-secret-file",
                self.root.iter().chain(self.definitions.values()).any(Node::is_of_notification),
                kind == PluginKind::Notifier,
            ),
        ];
        all.into_iter().find_map(|(keyword, is_there, fits)| (is_there && !fits).then_some(keyword))
    }

    /// A key of `global` that this plugin may not have: it belongs to another.
    pub(crate) fn foreign_global(&self, plugin: &str) -> Option<&str> {
        // Alertmanager calls them by the protocol.
        let prefix = if plugin == "email" { "smtp_".to_owned() } else { format!("{plugin}_") };
        let properties = self.root.iter().flat_map(|root| root.object.properties.values());
        let mut globals = properties.filter_map(|property| property.global.as_deref());
        globals.find(|global| !global.starts_with(&prefix))
    }

    /// Takes what a configuration does not say from `global` of the alertmanager.yml it stands in.
    /// A secret and the file of it are one thing: who says either wants no other. `http` is the item's
    /// own `http_config`, which may speak against it.
    pub(crate) fn take_globals(
        &self,
        config: &mut Value,
        globals: &Map<String, Value>,
        http: Option<&Value>,
    ) {
        let (Some(root), Value::Object(config)) = (&self.root, config) else { return };
        let properties = &root.object.properties;
        let is_said = |key: &str| config.get(key).is_some_and(|value| !value.is_null());
        let is_in_http =
            |key: &String| http.and_then(|http| http.get(key)).is_some_and(|it| !it.is_null());
        let is_wanted = |(key, property): &(&String, &Node)| {
            if property.global_unless.as_ref().is_some_and(is_in_http) {
                return false;
            }
            let secret = property.secret_file.as_ref().unwrap_or(key);
            let file = properties.iter().find(|(_, it)| it.secret_file.as_ref() == Some(secret));
            !is_said(secret) && !file.is_some_and(|(file, _)| is_said(file))
        };
        let told = properties.iter().filter(is_wanted).filter_map(|(key, property)| {
            Some((key.clone(), globals.get(property.global.as_ref()?)?.clone()))
        });
        let told: Vec<(String, Value)> = told.collect();
        config.extend(told);
    }

    /// Puts what files hold in the place of their names. `read` answers with the content of a file,
    /// or why it cannot.
    ///
    /// # Errors
    /// The key of a file that cannot be read, and why.
    pub(crate) fn read_secret_files(
        &self,
        config: &mut Value,
        read: impl Fn(&str) -> Result<String, String>,
    ) -> Result<(), (String, String)> {
        let (Some(root), Value::Object(config)) = (&self.root, config) else { return Ok(()) };
        for (key, property) in &root.object.properties {
            let Some(secret) = &property.secret_file else { continue };
            let path = config.get(key).and_then(Value::as_str).filter(|path| !path.is_empty());
            let Some(path) = path else { continue };
            let content = read(path).map_err(|error| (key.clone(), error))?;
            config.remove(key);
            config.insert(secret.clone(), Value::from(content.trim()));
        }
        Ok(())
    }

    /// Expands the templates in a configuration.
    pub(crate) fn expand(&self, config: &mut Value, words: &dyn Words) {
        if let Some(root) = &self.root {
            self.expand_node(root, config, &Map::new(), words, 0);
        }
    }

    /// `beside` are the properties that the value stands among.
    fn expand_node(
        &self,
        node: &Node,
        value: &mut Value,
        beside: &Map<String, Value>,
        words: &dyn Words,
        depth: usize,
    ) {
        if depth > DEPTH_MAX {
            return;
        }
        if let Some(template) = self.template(node, 0) {
            template.markup(beside).expand(value, words, depth);
            return;
        }
        match value {
            Value::Object(map) => {
                let keys: Vec<String> = map.keys().cloned().collect();
                for key in keys {
                    let own = node.object.properties.get(&key);
                    let property = own.or(node.object.additional.as_deref());
                    let (Some(property), Some(value)) = (property, map.get_mut(&key)) else {
                        continue;
                    };
                    let mut value = value.take();
                    self.expand_node(property, &mut value, map, words, depth + 1);
                    map.insert(key, value);
                }
            }
            Value::Array(items) => {
                if let Some(rule) = &node.items {
                    let none = Map::new();
                    items
                        .iter_mut()
                        .for_each(|item| self.expand_node(rule, item, &none, words, depth + 1));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        for part in self.parts(node) {
            self.expand_node(part, value, beside, words, depth + 1);
        }
    }

    fn template<'s>(&'s self, node: &'s Node, depth: usize) -> Option<&'s Template> {
        if depth > DEPTH_MAX {
            return None;
        }
        let own = node.template.as_ref();
        own.or_else(|| self.parts(node).find_map(|part| self.template(part, depth + 1)))
    }
}

impl Template {
    /// Reads the value of `x-template`; `Err` says what it must be.
    pub(super) fn parse(value: &Value) -> Result<Option<Self>, &'static str> {
        match value {
            Value::Bool(false) => Ok(None),
            Value::Bool(true) => Ok(Some(Self::Text)),
            Value::String(markup) if markup == "html" => Ok(Some(Self::Html)),
            Value::Object(map) if map.len() == 1 => match map.get("html-when") {
                Some(Value::Object(when)) if !when.is_empty() => {
                    Ok(Some(Self::HtmlWhen(when.clone())))
                }
                _ => Err("an object whose html-when is an object of properties and their values"),
            },
            Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => Err("true, false, \"html\" or an object with html-when"),
        }
    }

    fn markup(&self, beside: &Map<String, Value>) -> Markup {
        let is_html = match self {
            Self::Text => false,
            Self::Html => true,
            Self::HtmlWhen(when) => when.iter().all(|(key, value)| beside.get(key) == Some(value)),
        };
        if is_html { Markup::Html } else { Markup::Text }
    }
}

impl Markup {
    /// Expands a text, or all texts in a value, keys among them.
    fn expand(self, value: &mut Value, words: &dyn Words, depth: usize) {
        let text = |text: &str| match self {
            Self::Text => words.text(text),
            Self::Html => words.html(text),
        };
        match value {
            _ if depth > DEPTH_MAX => {}
            Value::String(own) => *own = text(own),
            Value::Array(items) => {
                items.iter_mut().for_each(|item| self.expand(item, words, depth + 1));
            }
            Value::Object(map) => {
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(key, mut value)| {
                        self.expand(&mut value, words, depth + 1);
                        (text(&key), value)
                    })
                    .collect();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

impl Node {
    fn is_of_notification(&self) -> bool {
        let has_own =
            self.template.is_some() || self.global.is_some() || self.secret_file.is_some();
        has_own || self.children().any(Self::is_of_notification)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug)]
    struct Shouts;

    impl Words for Shouts {
        fn text(&self, template: &str) -> String {
            template.to_uppercase()
        }

        fn html(&self, template: &str) -> String {
            format!("<b>{template}</b>")
        }

        fn unheard(&self) -> std::sync::Arc<dyn Words> {
            std::sync::Arc::new(Self)
        }
    }

    fn schema(schema: &Value) -> Schema {
        Schema::parse(&schema.to_string()).unwrap()
    }

    #[test]
    fn templates_are_expanded_wherever_the_schema_says_so() {
        let line = json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/text" } } });
        let schema = schema(&json!({
            "$defs": { "text": { "type": "string", "x-template": true } },
            "properties": {
                "text": { "$ref": "#/$defs/text" },
                "html": { "x-template": "html" },
                "plain": { "type": "string" },
                "lines": { "items": line },
                "map": { "additionalProperties": { "x-template": true } },
                "any": { "x-template": true },
            },
        }));
        let mut config = json!({
            "text": "t", "html": "h", "plain": "p", "number": 1,
            "lines": [{ "a": "x", "b": "y" }, { "a": 2 }], "map": { "k": "v" },
            "any": { "k": [{ "l": "v" }, 1] },
        });
        schema.expand(&mut config, &Shouts);
        let expected = json!({
            "text": "T", "html": "<b>h</b>", "plain": "p", "number": 1,
            "lines": [{ "a": "X", "b": "y" }, { "a": 2 }], "map": { "k": "V" },
            "any": { "K": [{ "L": "V" }, 1] },
        });
        assert_eq!(config, expected);
    }

    #[test]
    fn a_text_is_html_when_the_property_beside_it_says_so() {
        let schema = schema(&json!({ "properties": {
            "mode": { "type": "string" },
            "text": { "x-template": { "html-when": { "mode": "HTML" } } },
        } }));
        for (mode, text) in [("HTML", "<b>t</b>"), ("Markdown", "T")] {
            let mut config = json!({ "mode": mode, "text": "t" });
            schema.expand(&mut config, &Shouts);
            assert_eq!(config, json!({ "mode": mode, "text": text }));
        }
        for wrong in [json!({ "when": {} }), json!({ "html-when": {} }), json!("text"), json!(1)] {
            let schema = json!({ "properties": { "text": { "x-template": wrong } } });
            assert!(Schema::parse(&schema.to_string()).is_err(), "{schema}");
        }
    }

    #[test]
    fn globals_and_files_stand_for_what_is_not_said() {
        let schema = schema(&json!({ "properties": {
            "url": { "x-global": "foo_url" },
            "token": { "x-global": "foo_token", "x-global-unless": "authorization" },
            "token_file": { "x-secret-file": "token" },
        } }));
        let globals = json!({ "foo_url": "of all", "foo_token": "t", "other": 1 });
        let mut config = json!({ "url": "own", "token": null });
        schema.take_globals(&mut config, globals.as_object().unwrap(), None);
        assert_eq!(config, json!({ "url": "own", "token": "t" }));
        let http = json!({ "authorization": { "credentials": "c" }, "proxy_url": null });
        let mut config = json!({});
        schema.take_globals(&mut config, globals.as_object().unwrap(), Some(&http));
        assert_eq!(config, json!({ "url": "of all" }));
        let mut config = json!({ "token_file": "f" });
        schema.take_globals(&mut config, globals.as_object().unwrap(), None);
        assert_eq!(config, json!({ "url": "of all", "token_file": "f" }));

        let mut config = json!({ "token_file": "f" });
        schema.read_secret_files(&mut config, |path| Ok(format!(" in {path}\n"))).unwrap();
        assert_eq!(config, json!({ "token": "in f" }));
        let mut config = json!({ "token_file": "f" });
        let refused = schema.read_secret_files(&mut config, |_| Err("is gone".to_owned()));
        assert_eq!(refused, Err(("token_file".to_owned(), "is gone".to_owned())));
    }

    #[test]
    fn keywords_of_one_kind_are_refused_at_another() {
        let of_notifier = schema(&json!({ "items": { "x-template": true } }));
        let of_discovery = schema(&json!({ "x-endpoints": ["http://{a}"] }));
        let with_http = schema(&json!({ "x-http-config": true }));
        let with_tls = schema(&json!({ "x-tls-config": "tls", "properties": { "tls": {} } }));
        use PluginKind::{Discovery, Exporter, Notifier};
        let misplaced = |schema: &Schema| {
            [Exporter, Discovery, Notifier].map(|kind| schema.misplaced(kind).is_some())
        };
        assert_eq!(misplaced(&of_notifier), [true, true, false]);
        assert_eq!(misplaced(&of_discovery), [true, false, true]);
        assert_eq!(misplaced(&with_http), [true, false, false]);
        assert_eq!(misplaced(&with_tls), [true, false, false]);
        assert!(Schema::parse(r#"{ "x-tls-config": "tls" }"#).is_err(), "no such property");
        let globals = schema(&json!({ "properties": { "a": { "x-global": "smtp_from" } } }));
        assert_eq!(globals.foreign_global("foo"), Some("smtp_from"));
        assert_eq!(globals.foreign_global("email"), None);
    }
}
