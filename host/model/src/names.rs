//! Which names a metric and its labels may have.

use std::sync::LazyLock;

use regex::Regex;

use crate::labels::{is_label_name, is_metric_name};

/// The alphabet of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NameScheme {
    /// Any text that is not empty.
    #[default]
    Utf8,
    /// Letters, digits and underscores, and colons in metric names, as before Prometheus 3.
    Legacy,
}

impl NameScheme {
    /// Whether a label may be called so.
    #[must_use]
    pub fn is_label_name(self, name: &str) -> bool {
        match self {
            Self::Utf8 => !name.is_empty(),
            Self::Legacy => is_label_name(name),
        }
    }

    /// Whether a metric may be called so.
    #[must_use]
    pub fn is_metric_name(self, name: &str) -> bool {
        match self {
            Self::Utf8 => !name.is_empty(),
            Self::Legacy => is_metric_name(name),
        }
    }

    /// Whether a label may be called what this text becomes once parts of a match stand for `$1` and
    /// the like. With the old alphabet the parts themselves are not looked at.
    #[must_use]
    pub fn is_label_template(self, template: &str) -> bool {
        static LEGACY: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"^(?-u:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$").ok());
        match self {
            Self::Utf8 => !template.is_empty(),
            Self::Legacy => LEGACY.as_ref().is_some_and(|legacy| legacy.is_match(template)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_alphabet_is_letters_digits_and_underscores() {
        for (name, is_old) in [("a_1", true), ("1a", false), ("a:b", false), ("a.b", false)] {
            assert_eq!(NameScheme::Legacy.is_label_name(name), is_old, "{name}");
            assert!(NameScheme::Utf8.is_label_name(name));
        }
        assert!(NameScheme::Legacy.is_metric_name("a:b"));
        assert!(!NameScheme::Utf8.is_metric_name(""));
    }

    #[test]
    fn templates_of_the_old_alphabet_may_have_parts_of_a_match() {
        for (template, is_right) in [
            ("$1", true),
            ("${1}_a", true),
            ("a$b", true),
            ("a-$1", false),
            ("${1", false),
            ("", false),
        ] {
            assert_eq!(NameScheme::Legacy.is_label_template(template), is_right, "{template}");
        }
    }
}
