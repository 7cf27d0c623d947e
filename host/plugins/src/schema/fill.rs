//! Completes a configuration by its schema, and finds the secrets in it.
//!
//! Invariant: what is filled in is judged afterwards like what was written.

use camino::Utf8Path;
use serde_json::{Map, Number, Value};

use super::{DEPTH_MAX, Node, Schema, Type};

impl Schema {
    /// Fills defaults in, makes scalars what the schema wants them to be, and paths absolute.
    ///
    /// YAML does not say whether `123` is a text or a number: where only one of them may stand it
    /// is that. A key without a value is as good as absent, as in Prometheus.
    pub(crate) fn fill(&self, config: &mut Value, folder: &Utf8Path) {
        if let Some(root) = &self.root {
            self.fill_node(root, config, folder, 0);
        }
    }

    fn fill_node(&self, node: &Node, value: &mut Value, folder: &Utf8Path, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        node.adapt(value);
        if let Value::String(path) = value
            && node.is_file
            && !path.is_empty()
        {
            *path = folder.join(&*path).into_string();
        }
        match value {
            Value::Object(map) => self.fill_object(node, map, folder, depth),
            Value::Array(items) => {
                if let Some(rule) = &node.items {
                    items.iter_mut().for_each(|item| self.fill_node(rule, item, folder, depth + 1));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        for part in self.parts(node) {
            self.fill_node(part, value, folder, depth + 1);
        }
    }

    fn fill_object(
        &self,
        node: &Node,
        map: &mut Map<String, Value>,
        folder: &Utf8Path,
        depth: usize,
    ) {
        for (key, property) in &node.object.properties {
            if map.get(key).is_some_and(Value::is_null) && !self.takes_null(property, 0) {
                map.remove(key);
            }
            if let (false, Some(default)) = (map.contains_key(key), self.default_of(property, 0)) {
                map.insert(key.clone(), default.clone());
            }
            if let Some(value) = map.get_mut(key) {
                self.fill_node(property, value, folder, depth + 1);
            }
        }
        let Some(additional) = &node.object.additional else { return };
        let others = map.iter_mut().filter(|(key, _)| !node.object.properties.contains_key(*key));
        others.for_each(|(_, value)| self.fill_node(additional, value, folder, depth + 1));
    }

    /// The schemas that hold for the same value as a node.
    pub(super) fn parts<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Node> {
        let referred = node.reference.as_ref().and_then(|name| self.definitions.get(name));
        referred.into_iter().chain(&node.all_of)
    }

    fn default_of<'a>(&'a self, node: &'a Node, depth: usize) -> Option<&'a Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        let own = node.default.as_ref();
        own.or_else(|| self.parts(node).find_map(|part| self.default_of(part, depth + 1)))
    }

    fn takes_null(&self, node: &Node, depth: usize) -> bool {
        let choices = node.any_of.iter().chain(&node.one_of).flatten();
        node.types.contains(&Type::Null)
            || node.values.as_ref().is_some_and(|values| values.contains(&Value::Null))
            || depth < DEPTH_MAX
                && choices
                    .chain(self.parts(node))
                    .any(|part| part.is_open() || self.takes_null(part, depth + 1))
    }

    /// Whether the value at these keys is a secret; `None`: the schema does not say. Items of a list
    /// have the keys of the list.
    pub(crate) fn is_secret(&self, keys: &[&str]) -> Option<bool> {
        self.secret_below(self.root.as_ref()?, keys, 0)
    }

    pub(super) fn secret_below(&self, node: &Node, keys: &[&str], depth: usize) -> Option<bool> {
        if depth > DEPTH_MAX {
            return None;
        }
        let own = match keys {
            // Everything below a secret is one.
            _ if node.secret.is_some() => return node.secret,
            [] => None,
            [key, rest @ ..] => {
                let object = &node.object;
                let property = object.properties.get(*key).or(object.additional.as_deref());
                property.and_then(|property| self.secret_below(property, rest, depth + 1))
            }
        };
        let choices = node.any_of.iter().chain(&node.one_of).flatten();
        let mut others = self.parts(node).chain(choices).chain(node.items.as_deref());
        own.or_else(|| others.find_map(|part| self.secret_below(part, keys, depth + 1)))
    }
}

impl Node {
    /// Whether it says nothing of the value's type.
    fn is_open(&self) -> bool {
        self.types.is_empty()
            && self.values.is_none()
            && self.reference.is_none()
            && self.all_of.is_empty()
            && self.any_of.is_none()
            && self.one_of.is_none()
            && !self.is_never
    }

    /// Makes a scalar what its type wants it to be, if its text can be that.
    fn adapt(&self, value: &mut Value) {
        let takes = |wanted: Type| self.types.contains(&wanted);
        let is_known = self.types.iter().any(|wanted| wanted.covers(value));
        let is_listed = |text: &str| {
            let mut texts = self.values.iter().flatten().filter_map(Value::as_str);
            texts.any(|known| known == text)
        };
        let adapted = match value {
            _ if is_known => None,
            Value::Number(_) | Value::Bool(_) => {
                let text = value.to_string();
                (takes(Type::String) || is_listed(&text)).then_some(Value::String(text))
            }
            Value::String(text) if takes(Type::Number) || takes(Type::Integer) => {
                // JSON has no `0123` and no `+5`.
                let number = text.parse::<Number>().ok();
                number.or_else(|| text.parse::<i64>().ok().map(Number::from)).map(Value::Number)
            }
            Value::String(text) if takes(Type::Boolean) => switch(text).map(Value::Bool),
            Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        if let Some(adapted) = adapted {
            *value = adapted;
        }
    }
}

/// The words of YAML for a boolean, which Prometheus reads where only one can stand.
fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" => Some(true),
        "false" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}
