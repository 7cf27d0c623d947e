//! Labels: the identity of a series.
//!
//! Invariant: names are strictly ascending by bytes and no value is empty, so that two label sets
//! are equal exactly when their bytes are.
//!
//! A set is one shared string: each name and each value is preceded by its length, written in
//! ASCII bytes (below 128) so that the whole stays valid UTF-8 and no unsafe code is needed.
//! A clone is a reference count; a comparison for equality is a `memcmp`.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The label that holds the metric's name.
pub const METRIC_NAME: &str = "__name__";
/// The label that names the scrape job.
pub const JOB: &str = "job";
/// The label that names the scraped endpoint.
pub const INSTANCE: &str = "instance";
/// The label that holds a classic histogram bucket's upper bound.
pub const BUCKET_LABEL: &str = "le";
/// The label that holds a summary's quantile.
pub const QUANTILE_LABEL: &str = "quantile";

/// Length digits in base 128, most significant first, all below 128; the byte 127 announces that
/// five digits follow, so lengths up to 126 take one byte and those up to 32 GiB, which no text in
/// memory has, take six.
const LONG_LENGTH: u8 = 127;
/// Most sets fit: while one is put together it need not grow.
const USUAL_BYTES: usize = 256;

/// An immutable, sorted set of name-value pairs. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Labels(Arc<str>);

impl Labels {
    /// The set without labels.
    #[must_use]
    pub fn empty() -> Self {
        Self(Arc::from(""))
    }

    /// Builds a set from pairs in any order. Empty values are dropped; of a repeated name the last
    /// value counts.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut builder = LabelsBuilder::default();
        for (name, value) in pairs {
            builder.set(name, value);
        }
        builder.finish()
    }

    /// Builds a set from borrowed pairs that the caller keeps strictly ascending by name, without
    /// empty values: the cheap path for storage and for the scrape loop.
    ///
    /// # Panics
    /// In builds with debug assertions, when the order is broken.
    pub fn from_sorted<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut text = String::with_capacity(USUAL_BYTES);
        let mut last: Option<&str> = None;
        for (name, value) in pairs {
            debug_assert!(last.is_none_or(|last| last < name), "labels are strictly ascending");
            last = Some(name);
            if !value.is_empty() {
                push_part(&mut text, name);
                push_part(&mut text, value);
            }
        }
        Self(Arc::from(text))
    }

    /// The pairs, ascending by name.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter { rest: &self.0 }
    }

    /// The value of `name`, if the label is there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(candidate, _)| *candidate == name).map(|(_, value)| value)
    }

    /// The metric's name, if there is one.
    #[must_use]
    pub fn metric_name(&self) -> Option<&str> {
        self.get(METRIC_NAME)
    }

    /// Whether no label is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many labels are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// The encoded bytes: equal for equal sets; good as a hash key, not for ordering.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// A hash that stays the same across restarts and versions.
    #[must_use]
    pub fn stable_hash(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(self.as_bytes())
    }

    /// Only the labels whose name `keep` accepts.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        Self::from_sorted(self.iter().filter(|(name, _)| keep(name)))
    }

    /// All labels but the metric name.
    #[must_use]
    pub fn without_metric_name(&self) -> Self {
        self.filtered(|name| name != METRIC_NAME)
    }

    /// A builder that starts with these labels.
    #[must_use]
    pub fn to_builder(&self) -> LabelsBuilder {
        LabelsBuilder {
            pairs: self.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        }
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::empty()
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Prometheus' notation: `name{label="value", …}`; a name that is no plain identifier stands
/// quoted inside the braces.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.metric_name();
        let plain = name.filter(|name| is_metric_name(name));
        if let Some(plain) = plain {
            f.write_str(plain)?;
        }
        let mut separator = "{";
        if let Some(quoted) = name.filter(|_| plain.is_none()) {
            write!(f, "{{{quoted:?}")?;
            separator = ", ";
        }
        for (label, value) in self.iter().filter(|(label, _)| *label != METRIC_NAME) {
            f.write_str(separator)?;
            if is_label_name(label) {
                f.write_str(label)?;
            } else {
                write!(f, "{label:?}")?;
            }
            write!(f, "=\"{}\"", Escaped(value))?;
            separator = ", ";
        }
        if separator == ", " {
            f.write_str("}")
        } else if name.is_none() {
            f.write_str("{}")
        } else {
            Ok(())
        }
    }
}

struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(['\\', '"', '\n']) {
            let (text, special) = match part.chars().next_back() {
                Some(special @ ('\\' | '"' | '\n')) => {
                    (part.strip_suffix(special).unwrap_or(part), Some(special))
                }
                _ => (part, None),
            };
            f.write_str(text)?;
            match special {
                Some('\n') => f.write_str("\\n")?,
                Some(special) => write!(f, "\\{special}")?,
                None => {}
            }
        }
        Ok(())
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = (&'a str, &'a str);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The pairs of a [`Labels`], ascending by name.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let name = take_part(&mut self.rest);
        let value = take_part(&mut self.rest);
        Some((name, value))
    }
}

fn push_part(text: &mut String, part: &str) {
    push_length(text, part.len() as u64);
    text.push_str(part);
}

fn push_length(text: &mut String, length: u64) {
    match u8::try_from(length) {
        Ok(short) if short < LONG_LENGTH => text.push(char::from(short)),
        _ => {
            text.push(char::from(LONG_LENGTH));
            for shift in [28, 21, 14, 7, 0] {
                let digit = u8::try_from((length >> shift) & 127).unwrap_or_default();
                text.push(char::from(digit));
            }
        }
    }
}

/// The length at the start of `bytes`, and the bytes that it takes itself.
fn length_at(bytes: &[u8]) -> (u64, usize) {
    match bytes {
        [LONG_LENGTH, a, b, c, d, e, ..] => {
            let digits = [a, b, c, d, e];
            (digits.iter().fold(0, |length, digit| (length << 7) | u64::from(**digit)), 6)
        }
        [length, ..] => (u64::from(*length), 1),
        [] => (0, 0),
    }
}

fn take_part<'a>(rest: &mut &'a str) -> &'a str {
    let (length, header) = length_at(rest.as_bytes());
    let (part, tail) = usize::try_from(length)
        .ok()
        .and_then(|length| rest.get(header..)?.split_at_checked(length))
        .expect("a part is as long as its header says");
    *rest = tail;
    part
}

/// Collects labels and sorts them at the end.
#[derive(Clone, Debug, Default)]
pub struct LabelsBuilder {
    pairs: Vec<(String, String)>,
}

impl LabelsBuilder {
    /// Sets `name`; an empty value removes the label.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        let (name, value) = (name.into(), value.into());
        match self.pairs.iter_mut().find(|(candidate, _)| *candidate == name) {
            Some(pair) => pair.1 = value,
            None => self.pairs.push((name, value)),
        }
        self
    }

    /// Removes `name`.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.pairs.retain(|(candidate, _)| candidate != name);
        self
    }

    /// Keeps only the labels that `keep` accepts, by name and value.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) -> &mut Self {
        self.pairs.retain(|(name, value)| keep(name, value));
        self
    }

    /// The value of `name`; `None` when it is not set or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(candidate, _)| *candidate == name).map(|(_, value)| value)
    }

    /// The pairs so far, in no order, without empty values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(_, value)| !value.is_empty())
    }

    /// The finished set.
    #[must_use]
    pub fn finish(mut self) -> Labels {
        self.pairs.sort_unstable();
        Labels::from_sorted(self.iter())
    }
}

/// Whether `name` is a label name in the classic alphabet `[a-zA-Z_][a-zA-Z0-9_]*`.
#[must_use]
pub fn is_label_name(name: &str) -> bool {
    is_identifier(name, |byte| byte == b'_')
}

/// Whether `name` is a metric name in the classic alphabet `[a-zA-Z_:][a-zA-Z0-9_:]*`.
#[must_use]
pub fn is_metric_name(name: &str) -> bool {
    is_identifier(name, |byte| byte == b'_' || byte == b':')
}

fn is_identifier(name: &str, is_mark: impl Fn(u8) -> bool) -> bool {
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|first| first.is_ascii_alphabetic() || is_mark(*first))
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || is_mark(*byte))
}

#[cfg(test)]
mod tests;
