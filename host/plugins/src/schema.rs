//! The schema of a plugin's configuration: the part of JSON Schema 2020-12 that plugins need.
//!
//! Judged are `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`,
//! `minItems`, `maxItems`, `uniqueItems`, `minLength`, `maxLength`, `pattern`, `minimum`, `maximum`,
//! `exclusiveMinimum`, `exclusiveMaximum`, `anyOf`, `oneOf`, `allOf`, and `$ref` to `#/$defs/<name>`.
//! Descriptions are allowed and mean nothing. What starts with `x-` tells the host how to treat the
//! configuration (`notes.rs`); with it and with `default` a configuration is completed (`fill.rs`).
//!
//! Invariant: a schema with any other keyword is refused at load, so that no condition that its
//! author wrote is silently not checked.

mod conflicts;
mod fill;
mod notes;
mod notification;

use std::collections::BTreeMap;
use std::fmt;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

pub(crate) use self::notes::{Notes, Profile};

/// The longest schema.
const SCHEMA_BYTES_MAX: usize = 256 * 1024;

/// How deep schemas and values may be nested.
const DEPTH_MAX: usize = 64;

/// How deep a property at the top is.
const PROPERTY_DEPTH: usize = 1;

/// Parts of a schema once each reference is written out.
const NODES_MAX: u64 = 20_000;

/// What one regular expression may take once compiled, in bytes.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// Keywords that describe and do not judge.
const ANNOTATIONS: [&str; 10] = [
    "$schema",
    "$id",
    "$comment",
    "title",
    "description",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
];

/// How a secret is shown.
pub(crate) const SECRET: &str = "<secret>";

/// A schema, ready to judge.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    /// `None`: every configuration is accepted.
    root: Option<Node>,
    definitions: BTreeMap<String, Node>,
    /// How the host treats the configuration.
    pub(crate) notes: Notes,
}

/// Why a schema is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the schema of its configuration is refused at {path}: {message}")]
pub(crate) struct SchemaError {
    path: String,
    message: String,
}

/// Why a configuration is refused: the key, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub(crate) struct Violation {
    pub(crate) path: String,
    message: String,
}

/// Where a value is judged.
#[derive(Clone, Copy, Debug, Default)]
struct Place<'a> {
    path: &'a str,
    depth: usize,
    /// Whether the value must not be shown: a schema says so here or above.
    is_secret: bool,
}

#[derive(Debug, Default)]
struct Node {
    types: Vec<Type>,
    values: Option<Vec<Value>>,
    reference: Option<String>,
    object: ObjectRules,
    items: Option<Box<Node>>,
    lengths: Lengths,
    unique: bool,
    pattern: Option<Regex>,
    bounds: Bounds,
    all_of: Vec<Node>,
    any_of: Option<Vec<Node>>,
    one_of: Option<Vec<Node>>,
    /// The schema `false`, which accepts nothing.
    is_never: bool,
    /// `default`: what stands for the value when it is not there.
    default: Option<Value>,
    /// `x-secret`: whether the value is never shown.
    secret: Option<bool>,
    /// `x-file`: the value is a path, relative to the folder of the configuration.
    is_file: bool,
    /// `x-template`: the value is expanded before a notification.
    template: Option<Template>,
    /// `x-global`: the key of `global` in an alertmanager.yml that stands for the value.
    global: Option<String>,
    /// `x-global-unless`: the key of the item's own `http_config` beside which that does not stand for it.
    global_unless: Option<String>,
    /// `x-secret-file`: the property whose value the file holds.
    secret_file: Option<String>,
}

/// What a template makes, as a schema says it.
#[derive(Debug)]
enum Template {
    Text,
    Html,
    /// HTML when the properties beside it have these values, else text.
    HtmlWhen(Map<String, Value>),
}

/// What a template makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Markup {
    Text,
    Html,
}

#[derive(Debug, Default)]
struct ObjectRules {
    properties: BTreeMap<String, Node>,
    required: Vec<String>,
    additional: Option<Box<Node>>,
}

#[derive(Debug, Default)]
struct Lengths {
    items_min: Option<u64>,
    items_max: Option<u64>,
    letters_min: Option<u64>,
    letters_max: Option<u64>,
}

#[derive(Debug, Default)]
struct Bounds {
    min: Option<f64>,
    max: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Object,
    Array,
    String,
    Number,
    Integer,
    Boolean,
    Null,
}

const TYPES: [(&str, Type); 7] = [
    ("object", Type::Object),
    ("array", Type::Array),
    ("string", Type::String),
    ("number", Type::Number),
    ("integer", Type::Integer),
    ("boolean", Type::Boolean),
    ("null", Type::Null),
];

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = TYPES.iter().find(|(_, known)| known == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl Place<'_> {
    /// The same value, by a schema that is a part of another.
    const fn inside(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    /// A value in this one.
    const fn at(self, path: &str) -> Place<'_> {
        Place { path, depth: self.depth + 1, is_secret: self.is_secret }
    }

    fn shown(self, value: &Value) -> String {
        if self.is_secret { SECRET.to_owned() } else { shown(value) }
    }
}

impl Schema {
    /// Reads a schema; an empty text accepts everything.
    pub(crate) fn parse(text: &str) -> Result<Self, SchemaError> {
        let refused = |message: String| SchemaError { path: "#".to_owned(), message };
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        if text.len() > SCHEMA_BYTES_MAX {
            let message = format!("{} bytes; {SCHEMA_BYTES_MAX} are allowed", text.len());
            return Err(refused(message));
        }
        let value: Value =
            serde_json::from_str(text).map_err(|error| refused(error.to_string()))?;
        let mut definitions = BTreeMap::new();
        if let Some(Value::Object(defs)) = value.get("$defs") {
            for (name, definition) in defs {
                let path = format!("#/$defs/{name}");
                definitions.insert(name.clone(), Node::parse(definition, &path, 0)?);
            }
        }
        let root = Node::parse(&value, "#", 0)?;
        let schema = Self { root: Some(root), definitions, notes: Notes::parse(&value)? };
        schema.check_references()?;
        Ok(schema)
    }

    /// Judges a configuration.
    pub(crate) fn validate(&self, config: &Value) -> Result<(), Violation> {
        match &self.root {
            Some(root) => self.judge(root, config, Place::default()),
            None => Ok(()),
        }
    }

    /// Refuses references that lead nowhere, or back to where they stand, and a schema that is long once each reference
    /// is written out: that is what judging a value costs.
    fn check_references(&self) -> Result<(), SchemaError> {
        let mut lengths = BTreeMap::new();
        for node in self.root.iter().chain(self.definitions.values()) {
            if self.length(node, &mut lengths, 0)? > NODES_MAX {
                return Err(refused(format!(
                    "it has more than {NODES_MAX} parts once each reference is written out"
                )));
            }
        }
        Ok(())
    }

    /// Parts of a node, those that it refers to among them. `known` has the lengths of definitions, none of one that is
    /// being measured.
    fn length<'a>(
        &'a self,
        node: &'a Node,
        known: &mut BTreeMap<&'a str, Option<u64>>,
        depth: usize,
    ) -> Result<u64, SchemaError> {
        if depth > DEPTH_MAX {
            return Err(refused(format!("it is nested deeper than {DEPTH_MAX} levels")));
        }
        let mut length = 1_u64;
        if let Some(name) = &node.reference {
            let Some(definition) = self.definitions.get(name) else {
                return Err(refused(format!("there is no definition {name:?}")));
            };
            let referred = match known.get(name.as_str()) {
                Some(Some(length)) => *length,
                Some(None) => {
                    return Err(refused(format!("the definition {name:?} refers to itself")));
                }
                None => {
                    known.insert(name, None);
                    let length = self.length(definition, known, depth + 1)?;
                    known.insert(name, Some(length));
                    length
                }
            };
            length = length.saturating_add(referred);
        }
        for child in node.children() {
            length = length.saturating_add(self.length(child, known, depth + 1)?);
        }
        Ok(length)
    }

    fn judge(&self, node: &Node, value: &Value, place: Place<'_>) -> Result<(), Violation> {
        let violation = |message: String| Err(Violation { path: place.path.to_owned(), message });
        if place.depth > DEPTH_MAX {
            return violation(format!("nested deeper than {DEPTH_MAX} levels"));
        }
        if node.is_never {
            return violation("nothing is allowed here".to_owned());
        }
        let is_secret = place.is_secret || self.secret_below(node, &[], 0) == Some(true);
        let place = Place { is_secret, ..place };
        if let Some(definition) =
            node.reference.as_ref().and_then(|name| self.definitions.get(name))
        {
            self.judge(definition, value, place.inside())?;
        }
        if !node.types.is_empty() && !node.types.iter().any(|wanted| wanted.covers(value)) {
            let wanted: Vec<String> = node.types.iter().map(ToString::to_string).collect();
            return violation(format!("{} is no {}", place.shown(value), wanted.join(" or ")));
        }
        if let Some(values) = &node.values
            && !values.contains(value)
        {
            let known: Vec<String> = values.iter().map(shown).collect();
            return violation(format!("{} is not one of {}", place.shown(value), known.join(", ")));
        }
        match value {
            Value::Object(map) => self.judge_object(node, map, place)?,
            Value::Array(items) => self.judge_array(node, items, place)?,
            Value::String(text) => node.judge_text(text).or_else(violation)?,
            Value::Number(number) => {
                let found = number.as_f64().unwrap_or(f64::NAN);
                let wrong = |what| violation(format!("{} is {what}", place.shown(value)));
                node.bounds.judge(found).or_else(wrong)?;
            }
            Value::Null | Value::Bool(_) => {}
        }
        for part in &node.all_of {
            self.judge(part, value, place.inside())?;
        }
        self.judge_choices(node, value, place)
    }

    fn judge_object(
        &self,
        node: &Node,
        map: &Map<String, Value>,
        place: Place<'_>,
    ) -> Result<(), Violation> {
        let rules = &node.object;
        if let Some(missing) = rules.required.iter().find(|key| !map.contains_key(*key)) {
            let message = format!("key {missing:?} is missing");
            return Err(Violation { path: place.path.to_owned(), message });
        }
        for (key, value) in map {
            let below = join(place.path, key);
            let inside = place.at(&below);
            match (rules.properties.get(key), &rules.additional) {
                (Some(property), _) => self.judge(property, value, inside)?,
                (None, Some(additional)) if additional.is_never => {
                    let known: Vec<&str> = rules.properties.keys().map(String::as_str).collect();
                    let message = format!("unknown key (known here: {})", known.join(", "));
                    return Err(Violation { path: below, message });
                }
                (None, Some(additional)) => self.judge(additional, value, inside)?,
                (None, None) => {}
            }
        }
        Ok(())
    }

    fn judge_array(&self, node: &Node, items: &[Value], place: Place<'_>) -> Result<(), Violation> {
        let violation = |message| Err(Violation { path: place.path.to_owned(), message });
        let len = u64::try_from(items.len()).unwrap_or(u64::MAX);
        if let Some(min) = node.lengths.items_min.filter(|min| len < *min) {
            return violation(format!("{len} items; at least {min} are needed"));
        }
        if let Some(max) = node.lengths.items_max.filter(|max| len > *max) {
            return violation(format!("{len} items; at most {max} are allowed"));
        }
        let mut before = items.iter().enumerate();
        if node.unique
            && let Some((_, twice)) =
                before.find(|(index, item)| items.iter().take(*index).any(|other| other == *item))
        {
            return violation(format!("{} stands twice", place.shown(twice)));
        }
        let Some(rule) = &node.items else { return Ok(()) };
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", place.path);
            self.judge(rule, item, place.at(&path))?;
        }
        Ok(())
    }

    fn judge_choices(&self, node: &Node, value: &Value, place: Place<'_>) -> Result<(), Violation> {
        let fits = |choice: &&Node| self.judge(choice, value, place.inside()).is_ok();
        if let Some(choices) = &node.any_of
            && !choices.iter().any(|choice| fits(&choice))
        {
            return self.closest(choices, value, place);
        }
        if let Some(choices) = &node.one_of {
            match choices.iter().filter(fits).count() {
                0 => return self.closest(choices, value, place),
                1 => {}
                _ => {
                    let message = "fits more than one of the alternatives".to_owned();
                    return Err(Violation { path: place.path.to_owned(), message });
                }
            }
        }
        Ok(())
    }

    /// Of alternatives that all refuse a value, the reason of the one that got furthest into it.
    fn closest(&self, choices: &[Node], value: &Value, place: Place<'_>) -> Result<(), Violation> {
        let refusals = choices.iter().map(|choice| self.judge(choice, value, place.inside()));
        let furthest = refusals.filter_map(Result::err).max_by_key(|refusal| refusal.path.len());
        furthest.map_or(Ok(()), Err)
    }
}

/// Why references are refused.
fn refused(message: String) -> SchemaError {
    SchemaError { path: "#/$defs".to_owned(), message }
}

impl Node {
    fn parse(value: &Value, path: &str, depth: usize) -> Result<Self, SchemaError> {
        let refuse = |message: String| SchemaError { path: path.to_owned(), message };
        if depth > DEPTH_MAX {
            return Err(refuse(format!("nested deeper than {DEPTH_MAX} levels")));
        }
        let map = match value {
            Value::Bool(accepts) => return Ok(Self { is_never: !accepts, ..Self::default() }),
            Value::Object(map) => map,
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(refuse("a schema is an object or a boolean".to_owned()));
            }
        };
        let mut node = Self::default();
        for (keyword, value) in map {
            let below = format!("{path}/{keyword}");
            let is_note = path == "#" && Notes::KEYWORDS.contains(&keyword.as_str());
            if !ANNOTATIONS.contains(&keyword.as_str()) && keyword != "$defs" && !is_note {
                node.keyword(keyword, value, &below, depth)?;
            }
        }
        Ok(node)
    }

    fn keyword(
        &mut self,
        keyword: &str,
        value: &Value,
        path: &str,
        depth: usize,
    ) -> Result<(), SchemaError> {
        let wrong =
            |message: &str| SchemaError { path: path.to_owned(), message: message.to_owned() };
        let count = || value.as_u64().ok_or_else(|| wrong("a number of things"));
        let text = |right| value.as_str().map(str::to_owned).ok_or_else(|| wrong(right));
        let number = || value.as_f64().ok_or_else(|| wrong("a number"));
        let node = |value: &Value| Self::parse(value, path, depth + 1);
        let nodes = || {
            let list = value.as_array().ok_or_else(|| wrong("a list of schemas"))?;
            list.iter().map(node).collect::<Result<Vec<_>, _>>()
        };
        match keyword {
            "type" => self.types = types(value).ok_or_else(|| wrong("the name of a type"))?,
            "enum" => {
                let values = value.as_array().ok_or_else(|| wrong("a list of values"))?;
                self.values = Some(values.clone());
            }
            "const" => self.values = Some(vec![value.clone()]),
            "$ref" => {
                let name = value.as_str().and_then(|text| text.strip_prefix("#/$defs/"));
                let name = name.ok_or_else(|| wrong("only #/$defs/<name> can be referred to"))?;
                self.reference = Some(name.to_owned());
            }
            "properties" => {
                let map = value.as_object().ok_or_else(|| wrong("an object of schemas"))?;
                for (key, property) in map {
                    let property = Self::parse(property, &format!("{path}/{key}"), depth + 1)?;
                    self.object.properties.insert(key.clone(), property);
                }
            }
            "required" => {
                let keys = value.as_array().ok_or_else(|| wrong("a list of keys"))?;
                let keys = keys.iter().map(|key| key.as_str().map(str::to_owned));
                self.object.required =
                    keys.collect::<Option<_>>().ok_or_else(|| wrong("a list of keys"))?;
            }
            "additionalProperties" => self.object.additional = Some(Box::new(node(value)?)),
            "items" => self.items = Some(Box::new(node(value)?)),
            "default" => self.default = Some(value.clone()),
            "x-secret" => {
                self.secret = Some(value.as_bool().ok_or_else(|| wrong("true or false"))?);
            }
            "x-file" => self.is_file = value.as_bool().ok_or_else(|| wrong("true or false"))?,
            "x-template" => {
                self.template = Template::parse(value).map_err(wrong)?;
            }
            "x-global" | "x-global-unless" | "x-secret-file" if depth != PROPERTY_DEPTH => {
                return Err(wrong("this keyword stands at a property at the top only"));
            }
            "x-global" => self.global = Some(text("a key of global")?),
            "x-global-unless" => self.global_unless = Some(text("a key of http_config")?),
            "x-secret-file" => self.secret_file = Some(text("the name of a property")?),
            "minItems" => self.lengths.items_min = Some(count()?),
            "maxItems" => self.lengths.items_max = Some(count()?),
            "uniqueItems" => self.unique = value.as_bool().ok_or_else(|| wrong("true or false"))?,
            "minLength" => self.lengths.letters_min = Some(count()?),
            "maxLength" => self.lengths.letters_max = Some(count()?),
            "pattern" => {
                let text = value.as_str().ok_or_else(|| wrong("a regular expression"))?;
                let pattern = RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
                self.pattern = Some(pattern.map_err(|error| wrong(&error.to_string()))?);
            }
            "minimum" => self.bounds.min = Some(number()?),
            "maximum" => self.bounds.max = Some(number()?),
            "exclusiveMinimum" => self.bounds.above = Some(number()?),
            "exclusiveMaximum" => self.bounds.below = Some(number()?),
            "allOf" => self.all_of = nodes()?,
            "anyOf" => self.any_of = Some(nodes()?),
            "oneOf" => self.one_of = Some(nodes()?),
            _ if Notes::KEYWORDS.contains(&keyword) => {
                return Err(wrong("this keyword stands at the top of a schema only"));
            }
            _ => return Err(wrong("this keyword is not checked by this host; leave it out")),
        }
        Ok(())
    }

    fn children(&self) -> impl Iterator<Item = &Self> {
        let boxed = [&self.items, &self.object.additional];
        let lists = [Some(&self.all_of), self.any_of.as_ref(), self.one_of.as_ref()];
        let boxed = boxed.into_iter().filter_map(|node| node.as_deref());
        let listed = lists.into_iter().flatten().flatten();
        self.object.properties.values().chain(boxed).chain(listed)
    }

    /// A value for a message.
    fn judge_text(&self, text: &str) -> Result<(), String> {
        let letters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
        if let Some(min) = self.lengths.letters_min.filter(|min| letters < *min) {
            return Err(match letters {
                0 => "must not be empty".to_owned(),
                _ => format!("{letters} characters; at least {min} are needed"),
            });
        }
        if let Some(max) = self.lengths.letters_max.filter(|max| letters > *max) {
            return Err(format!("{letters} characters; at most {max} are allowed"));
        }
        match &self.pattern {
            // The value may be a secret; only the pattern is shown.
            Some(pattern) if !pattern.is_match(text) => Err(format!("does not match {pattern}")),
            _ => Ok(()),
        }
    }
}

impl Bounds {
    fn judge(&self, number: f64) -> Result<(), String> {
        if let Some(min) = self.min.filter(|min| number < *min) {
            return Err(format!("below {min}"));
        }
        if let Some(max) = self.max.filter(|max| number > *max) {
            return Err(format!("above {max}"));
        }
        if let Some(above) = self.above.filter(|above| number <= *above) {
            return Err(format!("not above {above}"));
        }
        match self.below.filter(|below| number >= *below) {
            Some(below) => Err(format!("not below {below}")),
            None => Ok(()),
        }
    }
}

impl Type {
    fn covers(self, value: &Value) -> bool {
        match value {
            Value::Null => self == Self::Null,
            Value::Bool(_) => self == Self::Boolean,
            Value::String(_) => self == Self::String,
            Value::Array(_) => self == Self::Array,
            Value::Object(_) => self == Self::Object,
            Value::Number(number) => match self {
                Self::Number => true,
                Self::Integer => number.as_f64().is_some_and(|number| number.fract() == 0.0),
                Self::Object | Self::Array | Self::String | Self::Boolean | Self::Null => false,
            },
        }
    }
}

fn types(value: &Value) -> Option<Vec<Type>> {
    let one = |value: &Value| {
        let name = value.as_str()?;
        TYPES.iter().find(|(known, _)| *known == name).map(|(_, found)| *found)
    };
    match value.as_array() {
        Some(names) => names.iter().map(one).collect(),
        None => Some(vec![one(value)?]),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A value for a message: scalars as they are, and of texts only a part, as they may be long.
fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) if text.chars().count() > 40 => "a long text".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests;
