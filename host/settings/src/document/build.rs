//! From text to a tree, event by event: nothing is held twice, and a text that is too large is refused
//! where it becomes so.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::{Entry, Key, Lead, Node, Position, Value};
use crate::base64::base64_decoded;
use crate::error::SettingsError;

/// Nodes of a document, aliases spelled out: enough for 100,000 targets, too few for a bomb.
const NODES_MAX: usize = 2_000_000;
/// Nesting of a document.
const DEPTH_MAX: usize = 64;
/// Keys of a mapping that are searched one after the other: up to here that is quicker than a table.
const FEW_KEYS: usize = 32;

/// Different keys that are kept once each; whoever has more has mappings of data, whose keys do not repeat.
const KEYS_MAX: usize = 10_000;

fn position(line: usize, column: usize) -> Position {
    Position { line: small(line), column: small(column + 1) }
}

/// Where a document ends and another one begins.
pub(super) struct Next {
    pub(super) at: Position,
    /// The characters before it.
    pub(super) characters: usize,
}

/// Files have fewer characters than this can count.
fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub(super) struct Builder<'a> {
    file: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    /// The event that was looked at and not taken.
    next: Option<(Event<'a>, Span)>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    keys: HashSet<Arc<str>>,
    /// What the open lists have so far, the outer ones first. Each leaves it at its end for a list that is
    /// just as long as it must be.
    items: Vec<Node>,
    /// The same of mappings.
    entries: Vec<Entry>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            parser: Parser::new_from_str(text),
            next: None,
            anchors: HashMap::new(),
            nodes: 0,
            keys: HashSet::new(),
            items: Vec::new(),
            entries: Vec::new(),
        }
    }

    fn error(&self, at: Position, message: &str) -> SettingsError {
        SettingsError::new(self.file, Some(at), "", message)
    }

    fn broken(&self, error: &ScanError) -> SettingsError {
        let at = position(error.marker().line(), error.marker().col());
        self.error(at, error.info())
    }

    fn take(&mut self) -> Result<(Event<'a>, Span), SettingsError> {
        if let Some(next) = self.next.take() {
            return Ok(next);
        }
        match self.parser.next_event() {
            Some(event) => event.map_err(|error| self.broken(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn peek(&mut self) -> Result<&Event<'a>, SettingsError> {
        let next = self.take()?;
        Ok(&self.next.insert(next).0)
    }

    /// The first document, and where a second one begins, if one does.
    pub(super) fn document(mut self) -> Result<(Node, Option<Next>), SettingsError> {
        let mut root = None;
        loop {
            match self.peek()? {
                Event::StreamEnd => break,
                Event::DocumentStart(_) => {
                    let (_, span) = self.take()?;
                    if let Some(root) = root.take() {
                        let at = position(span.start.line(), span.start.col());
                        let next = Next { at, characters: span.start.index() };
                        return Ok((root, Some(next)));
                    }
                }
                Event::Nothing | Event::StreamStart | Event::DocumentEnd => {
                    self.take()?;
                }
                Event::Alias(_)
                | Event::Scalar(..)
                | Event::SequenceStart(..)
                | Event::SequenceEnd
                | Event::MappingStart(..)
                | Event::MappingEnd => root = Some(self.node(0)?),
            }
        }
        let at = Position { line: 1, column: 1 };
        Ok((root.unwrap_or(Node::empty(at)), None))
    }

    fn node(&mut self, depth: usize) -> Result<Node, SettingsError> {
        let (event, span) = self.take()?;
        let at = position(span.start.line(), span.start.col());
        if depth > DEPTH_MAX {
            return Err(self.error(at, &format!("nested deeper than {DEPTH_MAX} levels")));
        }
        self.count(1, at)?;
        let before = self.nodes;
        let mut lead = Lead::Nothing;
        let (value, anchor) = match event {
            Event::Alias(anchor) => {
                let Some((node, nodes)) = self.anchors.get(&anchor).cloned() else {
                    return Err(self.error(at, "alias of an anchor that is not complete yet"));
                };
                self.count(nodes, at)?;
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let is_binary = tag
                    .as_ref()
                    .is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "binary");
                lead = if is_binary {
                    Lead::Binary
                } else if anchor != 0 || tag.is_some() {
                    Lead::Properties
                } else if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    Lead::Header
                } else {
                    Lead::Nothing
                };
                let is_null = plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = if is_binary {
                    Value::Scalar { text: self.binary(&text, at)?, plain: false }
                } else if is_null {
                    Value::Null
                } else {
                    Value::Scalar { text: text.into_owned(), plain }
                };
                (value, anchor)
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
        let span = (small(span.start.index()), small(span.end.index()));
        let node = Node { at, value, span, lead };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before + 1));
        }
        Ok(node)
    }

    /// What a scalar with the tag `!!binary` stands for.
    fn binary(&self, text: &str, at: Position) -> Result<String, SettingsError> {
        let bytes = base64_decoded(text)
            .ok_or_else(|| self.error(at, "the !!binary value is not written in base64"))?;
        let text = String::from_utf8(bytes);
        text.map_err(|_| self.error(at, "the !!binary value is not a text of UTF-8"))
    }

    fn count(&mut self, nodes: usize, at: Position) -> Result<(), SettingsError> {
        self.nodes += nodes;
        if self.nodes > NODES_MAX {
            return Err(self.error(at, &format!("more than {NODES_MAX} values, aliases included")));
        }
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<Value, SettingsError> {
        let start = self.items.len();
        while !matches!(self.peek()?, Event::SequenceEnd) {
            let item = self.node(depth + 1)?;
            self.items.push(item);
        }
        self.take()?;
        Ok(Value::List(self.items.drain(start..).collect()))
    }

    fn map(&mut self, depth: usize) -> Result<Value, SettingsError> {
        let mut own = Mapping { start: self.entries.len(), places: HashMap::new() };
        let mut merged: Vec<Entry> = Vec::new();
        while !matches!(self.peek()?, Event::MappingEnd) {
            let key_node = self.node(depth + 1)?;
            let key_at = key_node.at;
            let Value::Scalar { text: key, .. } = key_node.value else {
                return Err(self.error(key_at, "a key is a plain text"));
            };
            let node = self.node(depth + 1)?;
            if key == "<<" {
                merged.extend(self.merged(node)?);
                continue;
            }
            if let Some(first) = own.find(&key, &self.entries) {
                let line = first.key_at.line;
                let message = format!("key {key:?} stands twice, first on line {line}");
                return Err(self.error(key_at, &message));
            }
            let key = self.key(key);
            own.push(Entry { key, key_at, node }, &mut self.entries);
        }
        self.take()?;
        for entry in merged {
            if own.find(&entry.key, &self.entries).is_none() {
                own.push(entry, &mut self.entries);
            }
        }
        Ok(Value::Map(self.entries.drain(own.start..).collect()))
    }

    fn key(&mut self, text: String) -> Key {
        if let Some(known) = self.keys.get(text.as_str()) {
            return Key(Arc::clone(known));
        }
        let key: Arc<str> = text.into();
        if self.keys.len() < KEYS_MAX {
            self.keys.insert(Arc::clone(&key));
        }
        Key(key)
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

/// The mapping that is read, among the entries of all that are open.
struct Mapping {
    /// Its first entry.
    start: usize,
    /// Where each of its keys stands, once there are more than a few.
    places: HashMap<Key, usize>,
}

impl Mapping {
    fn find<'e>(&self, key: &str, entries: &'e [Entry]) -> Option<&'e Entry> {
        if self.places.is_empty() {
            let own = entries.get(self.start..).unwrap_or_default();
            return own.iter().find(|entry| entry.key == *key);
        }
        self.places.get(key).and_then(|place| entries.get(*place))
    }

    fn push(&mut self, entry: Entry, entries: &mut Vec<Entry>) {
        let few = self.start + FEW_KEYS;
        if entries.len() > few {
            self.places.insert(entry.key.clone(), entries.len());
        }
        entries.push(entry);
        if entries.len() == few + 1 {
            let own = entries.iter().enumerate().skip(self.start);
            self.places = own.map(|(place, entry)| (entry.key.clone(), place)).collect();
        }
    }
}
