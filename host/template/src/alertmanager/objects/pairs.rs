//! Labels and annotations, their pairs, and names and values of these.

use std::sync::Arc;

use narthex_model::Labels;

use super::EACH;
use crate::alertmanager::functions::{items, join};
use crate::functions::{FunctionError, exactly, text};
use crate::json;
use crate::value::{Object, Value, labels_weight};

/// The label that comes first wherever labels stand in order.
const ALERT_NAME: &str = "alertname";

/// Texts by name.
#[derive(Clone, Debug)]
pub(super) struct KeyValues(pub(super) Labels);

impl KeyValues {
    /// By name, but the alert's name first.
    fn sorted_pairs(&self) -> Pairs {
        let (first, others): (Vec<_>, Vec<_>) =
            self.0.iter().partition(|(name, _)| *name == ALERT_NAME);
        let pairs = first.into_iter().chain(others);
        Pairs(pairs.map(|(name, value)| Pair { name: name.into(), value: value.into() }).collect())
    }

    /// Without those that a list names.
    fn without(&self, names: &Value) -> Result<Self, FunctionError> {
        let names = items(names)?;
        let names: Result<Vec<&str>, FunctionError> = names.iter().map(text).collect();
        let names = names?;
        Ok(Self(Labels::from_sorted(self.0.iter().filter(|(name, _)| !names.contains(name)))))
    }
}

impl Object for KeyValues {
    fn get(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        if name == "Remove" {
            let names = exactly::<1>(arguments);
            return Some(names.and_then(|[names]| self.without(names)).map(Value::object));
        }
        let value = match name {
            "SortedPairs" => Value::object(self.sorted_pairs()),
            "Names" => Value::object(self.sorted_pairs().names()),
            "Values" => Value::object(self.sorted_pairs().values()),
            "String" => self.print().into(),
            _ => return None,
        };
        Some(exactly::<0>(arguments).map(|_| value))
    }

    fn print(&self) -> String {
        self.sorted_pairs().print()
    }

    fn items(&self) -> Option<Value> {
        Some(Value::Labels(self.0.clone()))
    }

    fn is_true(&self) -> bool {
        !self.0.is_empty()
    }

    fn weight(&self) -> usize {
        labels_weight(&self.0) + EACH
    }
}

#[derive(Clone, Debug)]
struct Pairs(Arc<[Pair]>);

impl Pairs {
    fn names(&self) -> Strings {
        Strings(self.0.iter().map(|pair| Arc::clone(&pair.name)).collect())
    }

    fn values(&self) -> Strings {
        Strings(self.0.iter().map(|pair| Arc::clone(&pair.value)).collect())
    }
}

impl Object for Pairs {
    fn get(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let value = match name {
            "Names" => Value::object(self.names()),
            "Values" => Value::object(self.values()),
            "String" => self.print().into(),
            _ => return None,
        };
        Some(exactly::<0>(arguments).map(|_| value))
    }

    fn print(&self) -> String {
        let pairs = self.0.iter().map(|pair| format!("{}={}", pair.name, pair.value));
        pairs.collect::<Vec<_>>().join(", ")
    }

    fn items(&self) -> Option<Value> {
        Some(Value::list(self.0.iter().cloned().map(Value::object)))
    }

    fn is_true(&self) -> bool {
        !self.0.is_empty()
    }

    fn weight(&self) -> usize {
        self.0.iter().map(Object::weight).sum::<usize>() + EACH
    }
}

#[derive(Clone, Debug)]
struct Pair {
    name: Arc<str>,
    value: Arc<str>,
}

impl Object for Pair {
    fn get(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let text = match name {
            "Name" => &self.name,
            "Value" => &self.value,
            _ => return None,
        };
        Some(exactly::<0>(arguments).map(|_| Value::String(Arc::clone(text))))
    }

    fn print(&self) -> String {
        format!("{{{} {}}}", self.name, self.value)
    }

    fn json(&self) -> Option<String> {
        let pairs = [("Name", self.name.as_ref()), ("Value", self.value.as_ref())];
        let mut out = String::new();
        json::object(pairs.into_iter(), &mut out);
        Some(out)
    }

    fn weight(&self) -> usize {
        self.name.len() + self.value.len() + 4
    }
}

/// Names or values.
#[derive(Clone, Debug)]
struct Strings(Arc<[Arc<str>]>);

impl Object for Strings {
    fn get(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, FunctionError>> {
        let values = || self.0.iter().cloned().map(Value::String).collect::<Vec<_>>();
        match name {
            "Join" => Some(
                exactly::<1>(arguments).and_then(|[separator]| join(&values(), text(separator)?)),
            ),
            _ => None,
        }
    }

    fn print(&self) -> String {
        format!("[{}]", self.0.join(" "))
    }

    fn items(&self) -> Option<Value> {
        Some(Value::list(self.0.iter().cloned().map(Value::String)))
    }

    fn is_true(&self) -> bool {
        !self.0.is_empty()
    }

    fn weight(&self) -> usize {
        self.0.iter().map(|text| text.len() + 1).sum::<usize>() + EACH
    }
}
