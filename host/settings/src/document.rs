//! A YAML file as a tree whose every node knows where it stands.
//!
//! Scalars keep their text: what they are (a string, a number, a duration) is decided by what
//! reads them, so that `job_name: 123` is a name and `port: "80"` an error.

mod build;

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::Deserialize;

use self::build::Builder;
use crate::error::SettingsError;
use crate::redact::Shown;

/// Where something stands in its file; both count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// A key of a mapping. One that stands often is kept once.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key(Arc<str>);

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it begins.
    pub at: Position,
    /// What it is.
    pub value: Value,
    /// Character range in the text, for scalars.
    span: (u32, u32),
    pub(crate) lead: Lead,
}

/// What stands between the beginning of a scalar's span and the scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    /// Nothing.
    Nothing,
    /// Anchor, tag or both.
    Properties,
    /// The same with a tag by which the text is not what is written.
    Binary,
    /// Less than nothing: the span is that of the content, and the header of the block before it.
    Header,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar as it was written; `plain`: without quotes, so that it may be a number.
    Scalar {
        /// The text, unquoted.
        text: String,
        /// Whether it stood without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// Where the key stands.
    pub key_at: Position,
    /// The value.
    pub node: Node,
}

/// What to put in place of a scalar, given the keys above it and its text; `None` leaves it, an error
/// says what is wrong with it.
pub type ScalarChange<'a> = dyn Fn(&[String], &str) -> Result<Option<String>, String> + 'a;

/// One YAML document with the name of its file.
#[derive(Clone, Debug)]
pub struct Document {
    file: String,
    text: String,
    root: Node,
    /// Where another document begins, of which nothing is here.
    next: Option<Position>,
}

impl Document {
    /// Reads the text; `file` is the name that errors show.
    ///
    /// # Errors
    /// When the text is no YAML, repeats a key, holds several documents, or is too deep or large.
    pub fn parse(file: &str, text: &str) -> Result<Self, SettingsError> {
        let document = Self::first(file, text)?;
        match document.next {
            Some(at) => Err(document.error(at, "", "a second document; the file holds one")),
            None => Ok(document),
        }
    }

    /// Reads the first document of a text, as Prometheus and Alertmanager do; `file` is the name that errors show.
    ///
    /// # Errors
    /// When the text is no YAML, repeats a key, or is too deep or large.
    pub fn first(file: &str, text: &str) -> Result<Self, SettingsError> {
        let (root, next) = Builder::new(file, text).document()?;
        let end = next.as_ref().and_then(|next| text.char_indices().nth(next.characters));
        // What is not read is not shown either: nobody would know of its secrets.
        let text = end.map_or(text, |(end, _)| text.get(..end).unwrap_or(text)).to_owned();
        Ok(Self { file: file.to_owned(), text, root, next: next.map(|next| next.at) })
    }

    /// Where a second document begins, which was not read.
    #[must_use]
    pub fn second(&self) -> Option<Position> {
        self.next
    }

    /// The file's name.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The top of the tree.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The top of the tree, to be changed. What is shown of the document stays as it was written.
    pub fn root_mut(&mut self) -> &mut Node {
        &mut self.root
    }

    /// The whole document as a room's configuration.
    ///
    /// # Errors
    /// Names the file, the position and the key that does not fit.
    pub fn read<'de, T: Deserialize<'de>>(&'de self) -> Result<T, SettingsError> {
        self.read_node(&self.root, "")
    }

    /// A part of the document as a room's configuration; `key` is where the part stands.
    ///
    /// # Errors
    /// Names the file, the position and the key that does not fit.
    pub fn read_node<'de, T: Deserialize<'de>>(
        &self,
        node: &'de Node,
        key: &str,
    ) -> Result<T, SettingsError> {
        crate::read::read(node).map_err(|error| error.into_settings(&self.file, key))
    }

    /// An error of this file at a place.
    #[must_use]
    pub fn error(&self, at: Position, key: &str, message: &str) -> SettingsError {
        SettingsError::new(&self.file, Some(at), key, message)
    }

    /// Puts other texts in place of scalars. What is shown of the document stays as it was written.
    ///
    /// # Errors
    /// What `change` says is wrong, at the scalar's place.
    pub fn change_scalars(&mut self, change: &ScalarChange<'_>) -> Result<(), SettingsError> {
        let changed = self.root.change_scalars(&mut Vec::new(), change);
        changed.map_err(|(at, keys, message)| self.error(at, &keys.join("."), &message))
    }

    /// The text as it may be shown: `shown` says how each scalar is, by the keys above it, from the
    /// outside in, and its text.
    #[must_use]
    pub fn redacted(&self, shown: &dyn Fn(&[&str], &str) -> Shown) -> String {
        crate::redact::redact(&self.text, &self.root, shown)
    }
}

impl Key {
    /// As it was written, unquoted.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Its hash is that of its text.
impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for Key {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Key {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl Node {
    /// The character range in the text, of a scalar.
    pub(crate) fn span(&self) -> (usize, usize) {
        let index = |index| usize::try_from(index).unwrap_or(usize::MAX);
        (index(self.span.0), index(self.span.1))
    }

    fn change_scalars(
        &mut self,
        keys: &mut Vec<String>,
        change: &ScalarChange<'_>,
    ) -> Result<(), (Position, Vec<String>, String)> {
        match &mut self.value {
            Value::Null => {}
            Value::Scalar { text, .. } => match change(keys, text) {
                Ok(None) => {}
                Ok(Some(new)) => *text = new,
                Err(message) => return Err((self.at, keys.clone(), message)),
            },
            Value::List(items) => {
                for item in items {
                    item.change_scalars(keys, change)?;
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    keys.push(entry.key.as_str().to_owned());
                    entry.node.change_scalars(keys, change)?;
                    keys.pop();
                }
            }
        }
        Ok(())
    }

    /// Nothing, at a place: stands for a section that is not there.
    #[must_use]
    pub fn empty(at: Position) -> Self {
        Self { at, value: Value::Null, span: (0, 0), lead: Lead::Nothing }
    }

    /// The entries, if it is a mapping (`Null` counts as an empty one).
    #[must_use]
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Null => Some(&[]),
            Value::Scalar { .. } | Value::List(_) => None,
        }
    }

    /// The items, if it is a list (`Null` counts as an empty one).
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            Value::Null => Some(&[]),
            Value::Scalar { .. } | Value::Map(_) => None,
        }
    }

    /// The value of `key`, if it is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Value::Map(entries) = &mut self.value else { return None };
        entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    /// A mapping of those of its entries whose key `wanted` accepts; the others are not copied.
    #[must_use]
    pub fn with_keys(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let value = match &self.value {
            Value::Map(entries) => {
                Value::Map(entries.iter().filter(|entry| wanted(&entry.key)).cloned().collect())
            }
            other @ (Value::Null | Value::Scalar { .. } | Value::List(_)) => other.clone(),
        };
        Self { value, ..Self::empty(self.at) }
    }

    /// The text, if it is a scalar.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The node that a JSON pointer (RFC 6901) names, or the deepest one on the way to it.
    #[must_use]
    pub fn locate(&self, pointer: &str) -> &Self {
        let mut node = self;
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            let next = match &node.value {
                Value::Map(_) => node.get(&part),
                Value::List(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
                Value::Null | Value::Scalar { .. } => None,
            };
            let Some(next) = next else { break };
            node = next;
        }
        node
    }

    /// Takes the entries whose key `wanted` accepts out of a mapping.
    pub fn take_entries(&mut self, wanted: impl Fn(&str) -> bool) -> Vec<Entry> {
        match &mut self.value {
            Value::Map(entries) => entries.extract_if(.., |entry| wanted(&entry.key)).collect(),
            Value::Null | Value::Scalar { .. } | Value::List(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
