//! The functions that Prometheus and Alertmanager have in common.

use narthex_model::expand_match;
use regex::{Captures, Regex, RegexBuilder};

use crate::functions::{FunctionError, Functions, exactly, number, text};
use crate::humanize;
use crate::value::Value;

/// A text to another.
pub(crate) type ChangeText = fn(&str) -> String;

/// Of the compiled pattern, which is made anew at each call; hundreds of alternatives fit.
const PATTERN_BYTES_MAX: usize = 1 << 20;

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
    functions.add("match", |arguments| {
        let [pattern, value] = exactly::<2>(arguments)?;
        Ok(Value::Bool(regex(pattern)?.is_match(text(value)?)))
    });
    functions.add("reReplaceAll", |arguments| {
        let [pattern, replacement, value] = exactly::<3>(arguments)?;
        let replacement = text(replacement)?;
        let replaced = regex(pattern)?.replace_all(text(value)?, |captures: &Captures<'_>| {
            let mut put = String::new();
            expand_match(captures, replacement, &mut put);
            put
        });
        Ok(replaced.into_owned().into())
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

fn regex(pattern: &Value) -> Result<Regex, FunctionError> {
    let built = RegexBuilder::new(text(pattern)?).size_limit(PATTERN_BYTES_MAX).build();
    built.map_err(|error| FunctionError(error.to_string()))
}
