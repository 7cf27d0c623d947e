//! The configuration as the host hands it over: absent properties have the defaults of the schema.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, Info, config};

/// Reads a configuration for a plugin of this card.
pub(super) fn configured<C: DeserializeOwned>(card: &Info, text: &str) -> Result<C, Error> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let (Ok(mut value), Ok(schema)) =
        (serde_json::from_str(text), serde_json::from_str(&card.config_schema))
    else {
        return config::parse(text);
    };
    fill(&schema, &mut value);
    config::parse(&value.to_string())
}

/// Fills the properties of an object, and of the objects in it that are there.
fn fill(schema: &Value, value: &mut Value) {
    if let (Some(items), Some(elements)) = (schema.get("items"), value.as_array_mut()) {
        elements.iter_mut().for_each(|element| fill(items, element));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let (Some(properties), Some(object)) = (properties, value.as_object_mut()) else { return };
    for (name, property) in properties {
        if let (false, Some(default)) = (object.contains_key(name), property.get("default")) {
            object.insert(name.clone(), default.clone());
        }
        if let Some(present) = object.get_mut(name) {
            fill(property, present);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::configured;
    use crate::Info;

    #[test]
    fn absent_properties_have_the_defaults_of_the_schema() {
        let card = Info::new("x", "1.0.0", "").schema(
            r#"{"properties": {"port": {"default": 80}, "tls": {"properties": {"on": {"default": true}}},
            "list": {"items": {"properties": {"n": {"default": 1}}}},
            "all": {"default": {}, "properties": {"n": {"default": 2}}}}}"#,
        );
        let filled = |text: &str| configured::<Value>(&card, text).unwrap();
        assert_eq!(filled(""), json!({"port": 80, "all": {"n": 2}}));
        assert_eq!(
            filled(r#"{"port": 1, "tls": {}, "all": {"n": 3}}"#),
            json!({"port": 1, "tls": {"on": true}, "all": {"n": 3}})
        );
        assert_eq!(filled(r#"{"list": [{}]}"#)["list"], json!([{"n": 1}]));
    }
}
