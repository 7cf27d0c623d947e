//! The configuration files of `amtool`: what a flag is when the command line does not say it.

use std::collections::BTreeMap;

use narthex_settings::{Document, SettingsError, Value};

/// Flags by their names.
#[derive(Clone, Debug, Default)]
pub struct Defaults(BTreeMap<String, String>);

/// What flags were called before, and are called now.
const RENAMED: [(&str, &str); 1] = [("comment_required", "require-comment")];

impl Defaults {
    /// Takes in one more file. What an earlier one says stays.
    ///
    /// # Errors
    /// When it is no list of flags and values.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), SettingsError> {
        let document = Document::parse(file, text)?;
        let root = document.root();
        let flags = match &root.value {
            Value::Null => return Ok(()),
            Value::Map(entries) => entries,
            Value::Scalar { .. } | Value::List(_) => {
                return Err(document.error(root.at, "", "expected flags and their values"));
            }
        };
        for entry in flags {
            let key = entry.key.as_str();
            let renamed = RENAMED.iter().find(|(old, _)| *old == key).map(|(_, new)| *new);
            if renamed.is_some_and(|new| root.get(new).is_some()) {
                continue;
            }
            let value: String = document.read_node(&entry.node, key)?;
            self.0.entry(renamed.unwrap_or(key).to_owned()).or_insert(value);
        }
        Ok(())
    }

    /// What a flag is.
    #[must_use]
    pub fn get(&self, flag: &str) -> Option<&str> {
        self.0.get(flag).map(String::as_str)
    }

    /// Whether a switch is on; `None`: no file says it.
    #[must_use]
    pub fn is_on(&self, flag: &str) -> Option<bool> {
        self.get(flag).map(|value| matches!(value, "true" | "1" | "t" | "T" | "TRUE" | "True"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_file_counts_and_the_new_name() {
        let mut defaults = Defaults::default();
        defaults.add("a.yml", "author: ada\ncomment_required: false\n").unwrap();
        defaults.add("b.yml", "author: bob\noutput: json\nrequire-comment: true\n").unwrap();
        defaults.add("c.yml", "").unwrap();
        assert_eq!(defaults.get("author"), Some("ada"));
        assert_eq!(defaults.get("output"), Some("json"));
        assert_eq!(defaults.is_on("require-comment"), Some(false));
        assert_eq!(defaults.is_on("quiet"), None);
        let mut defaults = Defaults::default();
        defaults.add("a.yml", "comment_required: false\nrequire-comment: 'true'\n").unwrap();
        assert_eq!(defaults.is_on("require-comment"), Some(true));
        assert!(Defaults::default().add("a.yml", "BAD").is_err());
        assert!(Defaults::default().add("a.yml", "author: [a]").is_err());
    }
}
