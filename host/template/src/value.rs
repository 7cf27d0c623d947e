//! What templates work with.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use narthex_model::Labels;

use crate::functions::FunctionError;
use crate::number::format_float;

/// A value. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Nothing; prints as `<no value>`.
    #[default]
    Nil,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A text.
    String(Arc<str>),
    /// Values in order.
    List(Arc<[Value]>),
    /// Texts by name; a name that is not there is an empty text.
    Labels(Labels),
    /// Values by name; a name that is not there is [`Value::Nil`].
    Map(Arc<BTreeMap<String, Value>>),
    /// Something with fields and methods of its own.
    Object(Arc<dyn Object>),
}

/// Something with fields and methods of its own.
pub trait Object: Any + fmt::Debug + Send + Sync {
    /// The field `name`, or what the method `name` answers to `arguments`. `None`: there is neither.
    fn get(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>>;

    /// As the template prints it.
    fn print(&self) -> String;

    /// What `range`, `index` and `len` see.
    fn items(&self) -> Option<Value> {
        None
    }

    /// The number that arithmetic functions see.
    fn number(&self) -> Option<f64> {
        None
    }

    /// Whether `if` takes it for true.
    fn is_true(&self) -> bool {
        true
    }

    /// As JSON. `None`: as its items, if it has some.
    fn json(&self) -> Option<String> {
        None
    }

    /// About how many bytes it prints as, so that values made of values stay within limits.
    fn weight(&self) -> usize {
        64
    }
}

impl Value {
    /// A map of values.
    pub fn map<K: Into<String>>(pairs: impl IntoIterator<Item = (K, Self)>) -> Self {
        let pairs = pairs.into_iter().map(|(key, value)| (key.into(), value));
        Self::Map(Arc::new(pairs.collect()))
    }

    /// A list of values.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// An object.
    pub fn object(object: impl Object + 'static) -> Self {
        Self::Object(Arc::new(object))
    }

    /// Whether `if` takes it for true: not zero, not empty.
    #[must_use]
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Labels(labels) => !labels.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(object) => object.is_true(),
        }
    }

    /// Its type's name, for messages and for `%T`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Labels(_) => "map[string]string",
            Self::Map(_) => "map",
            Self::Object(_) => "object",
        }
    }

    /// The number, also of a text that holds one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            #[expect(clippy::cast_precision_loss, reason = "functions work on floats, as Go's do")]
            Self::Int(value) => Some(*value as f64),
            Self::String(text) => crate::number::parse_float(text),
            Self::Object(object) => object.number(),
            Self::Nil | Self::Bool(_) | Self::List(_) | Self::Labels(_) | Self::Map(_) => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::List(_)
            | Self::Labels(_)
            | Self::Map(_)
            | Self::Object(_) => None,
        }
    }

    /// What `range`, `index` and `len` see instead of an object.
    pub(crate) fn items(&self) -> Option<Self> {
        let Self::Object(object) = self else { return None };
        object.items()
    }

    /// The object, if it is one of this type.
    #[must_use]
    pub fn downcast<T: Object>(&self) -> Option<&T> {
        let Self::Object(object) = self else { return None };
        let any: &dyn Any = object.as_ref();
        any.downcast_ref()
    }

    /// The element `key` of a map.
    #[must_use]
    pub fn element(&self, key: &str) -> Option<Self> {
        match self {
            Self::Labels(labels) => Some(Self::from(labels.get(key).unwrap_or(""))),
            Self::Map(map) => Some(map.get(key).cloned().unwrap_or_default()),
            Self::Object(_) => self.items().and_then(|items| items.element(key)),
            Self::Nil
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::String(_)
            | Self::List(_) => None,
        }
    }

    /// About how many bytes it prints as. `None`: more than `max`, or values inside of values
    /// deeper than `depth_max`.
    pub(crate) fn weight(&self, max: usize, depth_max: usize) -> Option<usize> {
        /// For the brackets, spaces and colons between values.
        const EACH: usize = 8;
        let inner = |of: &Self, total: usize| {
            let depth_max = depth_max.checked_sub(1)?;
            let weight = of.weight(max.checked_sub(total)?, depth_max)?;
            Some(total.saturating_add(weight))
        };
        let weight = match self {
            Self::Nil | Self::Bool(_) | Self::Int(_) | Self::Float(_) => EACH,
            Self::String(text) => text.len(),
            Self::Labels(labels) => labels_weight(labels),
            Self::Object(object) => object.weight(),
            Self::List(items) => items.iter().try_fold(EACH, |total, item| inner(item, total))?,
            Self::Map(map) => map.iter().try_fold(EACH, |total, (key, item)| {
                inner(item, total.saturating_add(key.len()))
            })?,
        };
        (weight <= max).then_some(weight)
    }

    /// As `%v` prints it inside of other values, where nothing is `<nil>`.
    pub(crate) fn print_inner(&self) -> String {
        if matches!(self, Self::Nil) { "<nil>".to_owned() } else { self.to_string() }
    }
}

/// About how many bytes labels print as.
pub(crate) fn labels_weight(labels: &Labels) -> usize {
    labels.iter().map(|(name, value)| name.len() + value.len() + 2).sum()
}

/// As an action prints it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("<no value>"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => f.write_str(&format_float(*value, 'g', None)),
            Self::String(text) => f.write_str(text),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::print_inner).collect();
                write!(f, "[{}]", items.join(" "))
            }
            Self::Labels(labels) => {
                let pairs = labels.iter().map(|(name, value)| format!("{name}:{value}"));
                write!(f, "map[{}]", pairs.collect::<Vec<_>>().join(" "))
            }
            Self::Map(map) => {
                let pairs = map.iter().map(|(key, value)| format!("{key}:{}", value.print_inner()));
                write!(f, "map[{}]", pairs.collect::<Vec<_>>().join(" "))
            }
            Self::Object(object) => f.write_str(&object.print()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(Arc::from(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(Arc::from(text))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<Labels> for Value {
    fn from(labels: Labels) -> Self {
        Self::Labels(labels)
    }
}
