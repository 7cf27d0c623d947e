//! `x-http-conflicts`: properties that exclude keys of HTTP clients, which the guest does not see and hence
//! cannot refuse.

use std::collections::BTreeMap;

use narthex_client::HTTP_KEYS;
use serde_json::Value;

/// The keys of HTTP clients that a property excludes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conflicts(BTreeMap<String, Vec<String>>);

impl Conflicts {
    /// As in `{"token": ["authorization", "oauth2"]}`; `None`: something else. Keys that no client has and
    /// properties that the schema does not name would never conflict, so they are mistakes.
    pub(super) fn parse(conflicts: &Value, properties: Option<&Value>) -> Option<Self> {
        let pair = |(property, keys): (&String, &Value)| {
            properties?.get(property)?;
            let key = |key: &Value| {
                let key = key.as_str().filter(|key| HTTP_KEYS.contains(key))?;
                Some(key.to_owned())
            };
            let keys: Option<Vec<String>> = keys.as_array()?.iter().map(key).collect();
            Some((property.clone(), keys?))
        };
        conflicts.as_object()?.iter().map(pair).collect::<Option<_>>().map(Self)
    }

    /// The first property that stands beside a key that it excludes, and why that cannot be. What is empty
    /// says nothing.
    pub(crate) fn find(&self, config: &Value) -> Option<(&str, String)> {
        let says = |key: &str| match config.get(key) {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => true,
        };
        self.0.iter().filter(|(property, _)| says(property)).find_map(|(property, keys)| {
            let other = keys.iter().find(|key| says(key))?;
            Some((property.as_str(), format!("{property} and {other} exclude each other")))
        })
    }
}
