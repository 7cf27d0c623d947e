//! What JSON may look like: the schemas of the document, written as the shapes they are of.
//!
//! Always holds: an object is closed. What it may have and what it always has is named; what has keys of
//! its own making is a [`map`].

use serde_json::{Map, Value, json};

/// Where a document keeps the schemas that have a name.
const NAMED: &str = "#/components/schemas/";

/// A schema, and those that it names.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    fields: Map<String, Value>,
    named: Vec<Named>,
}

/// A schema that is written once, however often it is named; it may name itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) make: fn() -> Schema,
}

impl Schema {
    fn of<const N: usize>(fields: [(&str, Value); N]) -> Self {
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Self { fields, named: Vec::new() }
    }

    /// Itself, for a place within this one.
    fn within(&mut self, other: Self) -> Value {
        self.named.extend(other.named);
        other.fields.into()
    }

    /// As the document has it, and the schemas that it names.
    pub(crate) fn into_parts(self) -> (Value, Vec<Named>) {
        (self.fields.into(), self.named)
    }

    /// The same, told in words.
    pub(crate) fn about(mut self, text: &str) -> Self {
        self.fields.insert("description".to_owned(), text.into());
        self
    }

    /// The same, or nothing.
    pub(crate) fn or_null(mut self) -> Self {
        let has_words = self.fields.contains_key("enum");
        match self.fields.get_mut("type") {
            Some(kind) if !has_words => {
                *kind = json!([kind, "null"]);
                self
            }
            _ => one_of([self, Self::of([("type", "null".into())])]),
        }
    }

    /// With fields that are there sometimes.
    pub(crate) fn and_maybe<const N: usize>(mut self, fields: [(&str, Self); N]) -> Self {
        for (name, schema) in fields {
            let schema = self.within(schema);
            if let Some(Value::Object(known)) = self.fields.get_mut("properties") {
                known.insert(name.to_owned(), schema);
            }
        }
        self
    }

    /// With fields that are always there.
    pub(crate) fn and<const N: usize>(mut self, fields: [(&str, Self); N]) -> Self {
        if let Some(Value::Array(required)) = self.fields.get_mut("required") {
            required.extend(fields.iter().map(|(name, _)| (*name).into()));
        }
        self.and_maybe(fields)
    }

    /// With fields of somebody else's.
    pub(crate) fn and_others(mut self) -> Self {
        self.fields.remove("additionalProperties");
        self
    }
}

pub(crate) fn text() -> Schema {
    Schema::of([("type", "string".into())])
}

/// A number in a text, since JSON has no `NaN` and no infinities.
pub(crate) fn number_text() -> Schema {
    text().about("A number; also `NaN`, `+Inf` and `-Inf`.")
}

pub(crate) fn number() -> Schema {
    Schema::of([("type", "number".into())])
}

pub(crate) fn whole() -> Schema {
    Schema::of([("type", "integer".into())])
}

pub(crate) fn flag() -> Schema {
    Schema::of([("type", "boolean".into())])
}

/// A time by RFC 3339.
pub(crate) fn moment() -> Schema {
    Schema::of([("type", "string".into()), ("format", "date-time".into())])
}

/// Seconds since the Unix epoch.
pub(crate) fn epoch_seconds() -> Schema {
    number().about("Seconds since the Unix epoch.")
}

/// A text as the language of queries writes durations.
pub(crate) fn duration_text() -> Schema {
    text().about("A duration, such as `1m30s`.")
}

/// One of these texts.
pub(crate) fn words(words: &[&str]) -> Schema {
    Schema::of([("type", "string".into()), ("enum", words.into())])
}

/// This text alone.
pub(crate) fn word(word: &str) -> Schema {
    words(&[word])
}

pub(crate) fn list(of: Schema) -> Schema {
    let mut list = Schema::of([("type", "array".into())]);
    let of = list.within(of);
    list.fields.insert("items".to_owned(), of);
    list
}

/// A list with these at their places, and nothing else.
pub(crate) fn tuple<const N: usize>(of: [Schema; N]) -> Schema {
    let mut tuple =
        Schema::of([("type", "array".into()), ("minItems", N.into()), ("maxItems", N.into())]);
    let of: Vec<Value> = of.into_iter().map(|one| tuple.within(one)).collect();
    tuple.fields.insert("prefixItems".to_owned(), of.into());
    tuple
}

/// An object whose keys are names that somebody gave.
pub(crate) fn map(of: Schema) -> Schema {
    let mut map = Schema::of([("type", "object".into())]);
    let of = map.within(of);
    map.fields.insert("additionalProperties".to_owned(), of);
    map
}

/// An object that always has these.
pub(crate) fn object<const N: usize>(fields: [(&str, Schema); N]) -> Schema {
    let empty = Schema::of([
        ("type", "object".into()),
        ("properties", json!({})),
        ("required", json!([])),
        ("additionalProperties", false.into()),
    ]);
    empty.and(fields)
}

/// What is one of these, and of no two.
pub(crate) fn one_of<const N: usize>(of: [Schema; N]) -> Schema {
    let mut one = Schema::of([]);
    let of: Vec<Value> = of.into_iter().map(|other| one.within(other)).collect();
    one.fields.insert("oneOf".to_owned(), of.into());
    one
}

/// A schema by its name.
pub(crate) fn named(name: &'static str, make: fn() -> Schema) -> Schema {
    let mut schema = Schema::of([("$ref", format!("{NAMED}{name}").into())]);
    schema.named.push(Named { name, make });
    schema
}

/// Labels, or annotations.
pub(crate) fn labels() -> Schema {
    named("Labels", || map(text()).about("Names and values."))
}
