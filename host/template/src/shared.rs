//! The functions that Prometheus and Alertmanager have in common.

mod patterns;

use std::sync::Arc;

use self::patterns::{Patterns, replace_all};
use crate::functions::{Functions, exactly, number, text};
use crate::humanize;
use crate::value::Value;

/// A text to another.
pub(crate) type ChangeText = fn(&str) -> String;

pub(crate) fn add_to(functions: &mut Functions) {
    let changed: [(_, ChangeText); 2] = [("toUpper", to_upper), ("toLower", to_lower)];
    for (name, change) in changed {
        functions.add(name, move |arguments| {
            let [value] = exactly::<1>(arguments)?;
            Ok(change(text(value)?).into())
        });
    }
    functions.add("humanizeDuration", |arguments| {
        let [value] = exactly::<1>(arguments)?;
        Ok(humanize::duration(number(value)?).into())
    });
    let patterns = Arc::new(Patterns::default());
    let known = Arc::clone(&patterns);
    functions.add("match", move |arguments| {
        let [pattern, value] = exactly::<2>(arguments)?;
        Ok(Value::Bool(known.get(text(pattern)?)?.is_match(text(value)?)))
    });
    functions.add("reReplaceAll", move |arguments| {
        let [pattern, replacement, value] = exactly::<3>(arguments)?;
        let pattern = patterns.get(text(pattern)?)?;
        replace_all(&pattern, text(replacement)?, text(value)?).map(Value::from)
    });
}

/// Letter by letter, as Go does: one that would become two stays.
fn to_upper(text: &str) -> String {
    let upper = |c: char| {
        let mut letters = c.to_uppercase();
        letters.next().filter(|_| letters.next().is_none()).unwrap_or(c)
    };
    text.chars().map(upper).collect()
}

/// Letter by letter, as Go does: of two that one would become the first counts.
fn to_lower(text: &str) -> String {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}
