//! What discoveries make of what they find: addresses, labels, groups.

use std::{collections::BTreeMap, fmt::Display, time::Duration};

use crate::{Change, Error, Label, Refreshed, TargetGroup, duration};

/// The labels of a target while they are gathered: a name has one value, the last; an empty value is no label.
///
/// ```
/// use narthex_sdk::Labels;
///
/// let mut labels = Labels::new();
/// labels.set("__meta_x_zone", "").set("__meta_x_port", 80).set_each("__meta_x_tag_", [("app.kubernetes.io/name", "web")]);
/// let names: Vec<_> = labels.to_vec().into_iter().map(|label| label.name).collect();
/// assert_eq!(names, ["__meta_x_port", "__meta_x_tag_app_kubernetes_io_name"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a label.
    pub fn set(&mut self, name: impl Into<String>, value: impl Display) -> &mut Self {
        let value = value.to_string();
        let name = name.into();
        if value.is_empty() {
            self.0.remove(&name);
        } else {
            self.0.insert(name, value);
        }
        self
    }

    /// Sets a label for each pair: the prefix and the pair's name, made into the name of a label.
    pub fn set_each<N: AsRef<str>, V: Display>(
        &mut self,
        prefix: &str,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> &mut Self {
        for (name, value) in pairs {
            self.set(format!("{prefix}{}", sanitize(name.as_ref())), value);
        }
        self
    }

    /// Takes over all of the other's labels.
    pub fn extend(&mut self, other: &Self) -> &mut Self {
        self.0.extend(other.0.iter().map(|(name, value)| (name.clone(), value.clone())));
        self
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sorted by name.
    pub fn to_vec(&self) -> Vec<Label> {
        self.0.iter().map(|(name, value)| Label::new(name, value.as_str())).collect()
    }
}

impl TargetGroup {
    /// A target with labels of its own: a group of one. No other group may have its source.
    pub fn one(source: impl Into<String>, address: impl Into<String>, labels: &Labels) -> Self {
        Self { source: source.into(), targets: vec![address.into()], labels: labels.to_vec() }
    }
}

impl Refreshed {
    /// An answer to which nothing follows, without a cursor, asked again when the host likes.
    pub fn new(change: Change) -> Self {
        Self { change, cursor: None, next_in_ms: None, more: false, failing: None }
    }

    /// To be handed back at the next refresh.
    #[must_use]
    pub fn cursor(mut self, cursor: Option<String>) -> Self {
        self.cursor = cursor;
        self
    }

    /// When to ask next.
    #[must_use]
    pub fn next_in(mut self, pause: Duration) -> Self {
        self.next_in_ms = Some(duration::millis(pause));
        self
    }

    /// Why a part of the source keeps what it had, if one does.
    #[must_use]
    pub fn failing(mut self, failing: Option<Error>) -> Self {
        self.failing = failing;
        self
    }

    /// Whether more is to be told than this answer holds.
    #[must_use]
    pub fn more(mut self, more: bool) -> Self {
        self.more = more;
        self
    }
}

/// Text as a part of a label's name: every character but ASCII letters, digits and `_` becomes `_`.
pub fn sanitize(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}

/// `host:port`, with brackets around a host that holds a colon.
///
/// ```
/// assert_eq!(narthex_sdk::host_port("192.0.2.1", 80), "192.0.2.1:80");
/// assert_eq!(narthex_sdk::host_port("2001:db8::1", 80), "[2001:db8::1]:80");
/// ```
pub fn host_port(host: &str, port: impl Display) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
