//! Regular expressions of templates.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use narthex_model::expand_match;
use regex::Regex;

use crate::functions::{FunctionError, RESULT_BYTES_MAX, too_much};

/// A template has few patterns, unless it makes them of labels.
const KNOWN_MAX: usize = 64;

/// Compiled patterns: to compile one takes longer than to look for it in a label.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    /// Guards the map only; never held while a pattern is compiled.
    known: Mutex<BTreeMap<String, Regex>>,
}

impl Patterns {
    pub(super) fn get(&self, pattern: &str) -> Result<Regex, FunctionError> {
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = lock().get(pattern) {
            return Ok(regex.clone());
        }
        let regex = Regex::new(pattern).map_err(|error| FunctionError(error.to_string()))?;
        let mut known = lock();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    }
}

/// Replaces what the pattern matches, as far as there is room for it.
pub(super) fn replace_all(
    pattern: &Regex,
    replacement: &str,
    text: &str,
) -> Result<String, FunctionError> {
    let references = replacement.matches('$').count();
    let mut out = String::new();
    let mut end = 0;
    for captures in pattern.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        let put_max = references.saturating_mul(whole.len()).saturating_add(replacement.len());
        if out.len().saturating_add(put_max) > RESULT_BYTES_MAX {
            return Err(too_much());
        }
        out.push_str(text.get(end..whole.start()).unwrap_or(""));
        expand_match(&captures, replacement, &mut out);
        end = whole.end();
    }
    out.push_str(text.get(end..).unwrap_or(""));
    Ok(out)
}
