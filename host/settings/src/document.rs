//! A YAML file as a tree whose every node knows where it stands.
//!
//! Scalars keep their text: what they are (a string, a number, a duration) is decided by what
//! reads them, so that `job_name: 123` is a name and `port: "80"` an error.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde::Deserialize;

use crate::error::SettingsError;
use crate::redact::Shown;

/// Nodes of a document, aliases spelled out: enough for 100,000 targets, too few for a bomb.
const NODES_MAX: usize = 2_000_000;
/// Nesting of a document.
const DEPTH_MAX: usize = 64;

/// Where something stands in its file; both count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it begins.
    pub at: Position,
    /// What it is.
    pub value: Value,
    /// Character range in the text, for scalars.
    pub(crate) span: (usize, usize),
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
    pub key: String,
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
}

impl Document {
    /// Reads the text; `file` is the name that errors show.
    ///
    /// # Errors
    /// When the text is no YAML, repeats a key, holds several documents, or is too deep or large.
    pub fn parse(file: &str, text: &str) -> Result<Self, SettingsError> {
        let mut builder =
            Builder { file, events: Vec::new(), next: 0, anchors: HashMap::new(), nodes: 0 };
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| {
                let at = position(error.marker().line(), error.marker().col());
                SettingsError::new(file, Some(at), "", error.info())
            })?;
            builder.events.push((event, span));
        }
        let root = builder.document()?;
        Ok(Self { file: file.to_owned(), text: text.to_owned(), root })
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

impl Node {
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
                    keys.push(entry.key.clone());
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
        Self { at, value: Value::Null, span: (0, 0) }
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

fn position(line: usize, column: usize) -> Position {
    Position { line, column: column + 1 }
}

struct Builder<'a> {
    file: &'a str,
    events: Vec<(Event<'a>, Span)>,
    next: usize,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn error(&self, at: Position, message: &str) -> SettingsError {
        SettingsError::new(self.file, Some(at), "", message)
    }

    fn take(&mut self) -> (Event<'a>, Span) {
        let taken = self.events.get(self.next).cloned();
        self.next += 1;
        taken.unwrap_or((Event::StreamEnd, Span::default()))
    }

    fn peek(&self) -> &Event<'a> {
        self.events.get(self.next).map_or(&Event::StreamEnd, |(event, _)| event)
    }

    fn document(mut self) -> Result<Node, SettingsError> {
        let mut root = None;
        loop {
            match self.peek() {
                Event::StreamEnd => break,
                Event::Nothing
                | Event::StreamStart
                | Event::DocumentStart(_)
                | Event::DocumentEnd => {
                    self.take();
                }
                Event::Alias(_)
                | Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd => {
                    let node = self.node(0)?;
                    if root.is_some() {
                        return Err(self.error(node.at, "a second document; the file holds one"));
                    }
                    root = Some(node);
                }
            }
        }
        let at = Position { line: 1, column: 1 };
        Ok(root.unwrap_or(Node::empty(at)))
    }

    fn node(&mut self, depth: usize) -> Result<Node, SettingsError> {
        let (event, span) = self.take();
        let at = position(span.start.line(), span.start.col());
        if depth > DEPTH_MAX {
            return Err(self.error(at, &format!("nested deeper than {DEPTH_MAX} levels")));
        }
        self.count(1, at)?;
        let before = self.nodes;
        let (value, anchor) = match event {
            Event::Alias(anchor) => {
                let Some((node, nodes)) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.error(at, "alias of an anchor that is not complete yet"));
                };
                self.count(nodes, at)?;
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, _tag) => {
                let plain = style == ScalarStyle::Plain;
                let is_null = plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let text = text.into_owned();
                (if is_null { Value::Null } else { Value::Scalar { text, plain } }, anchor)
            }
            Event::SequenceStart(anchor, _tag) => (self.list(depth)?, anchor),
            Event::MappingStart(anchor, _tag) => (self.map(depth)?, anchor),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(self.error(at, "a value is missing")),
        };
        let node = Node { at, value, span: (span.start.index(), span.end.index()) };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Ok(node)
    }

    fn count(&mut self, nodes: usize, at: Position) -> Result<(), SettingsError> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX {
            return Err(self.error(at, &format!("more than {NODES_MAX} values, aliases included")));
        }
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<Value, SettingsError> {
        let mut items = Vec::new();
        while !matches!(self.peek(), Event::SequenceEnd) {
            items.push(self.node(depth + 1)?);
        }
        self.take();
        Ok(Value::List(items))
    }

    fn map(&mut self, depth: usize) -> Result<Value, SettingsError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Entry> = Vec::new();
        while !matches!(self.peek(), Event::MappingEnd) {
            let key_node = self.node(depth + 1)?;
            let key_at = key_node.at;
            let Some(key) = key_node.text().map(str::to_owned) else {
                return Err(self.error(key_at, "a key is a plain text"));
            };
            let node = self.node(depth + 1)?;
            if key == "<<" {
                merged.extend(self.merged(node)?);
                continue;
            }
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                let line = first.key_at.line;
                let message = format!("key {key:?} stands twice, first on line {line}");
                return Err(self.error(key_at, &message));
            }
            entries.push(Entry { key, key_at, node });
        }
        self.take();
        for entry in merged {
            if !entries.iter().any(|own| own.key == entry.key) {
                entries.push(entry);
            }
        }
        Ok(Value::Map(entries))
    }

    /// What a merge key (`<<`) brings: the entries of a mapping or of a list of mappings.
    fn merged(&self, node: Node) -> Result<Vec<Entry>, SettingsError> {
        match node.value {
            Value::Map(entries) => Ok(entries),
            Value::List(items) => {
                let parts: Result<Vec<_>, _> =
                    items.into_iter().map(|item| self.merged(item)).collect();
                Ok(parts?.into_iter().flatten().collect())
            }
            Value::Null | Value::Scalar { .. } => {
                Err(self.error(node.at, "<< takes a mapping or a list of mappings"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
