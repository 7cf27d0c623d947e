//! YAML to be read by people: what is in force, written as it might stand in a file.
//!
//! Invariant: what is written here is read again as the same tree. Mappings and lists stand in lines of
//! their own, so that a plain scalar may hold whatever it held where it came from.

use std::fmt;

use crate::document::{Node, Value};

/// Something to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yaml {
    /// A scalar, as it is written.
    Plain(String),
    /// A text, which gets quotes where it needs them.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A mapping, in this order.
    Map(Vec<(String, Self)>),
}

/// Spaces that each level stands further in.
const INDENT: usize = 2;

impl Yaml {
    /// A number or a boolean.
    pub fn plain(value: impl fmt::Display) -> Self {
        Self::Plain(value.to_string())
    }

    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn write(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = depth * INDENT;
        match self {
            Self::List(items) if !items.is_empty() => items.iter().try_for_each(|item| {
                write!(f, "{:indent$}-", "")?;
                item.write_below(depth, true, f)
            }),
            Self::Map(entries) if !entries.is_empty() => {
                Self::write_entries(entries, indent, depth, f)
            }
            Self::Plain(_) | Self::Text(_) | Self::List(_) | Self::Map(_) => {
                self.write_inline(f)?;
                f.write_str("\n")
            }
        }
    }

    /// `first`: how far the first key stands in; that of an item stands behind its dash.
    fn write_entries(
        entries: &[(String, Self)],
        first: usize,
        depth: usize,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        for (index, (key, value)) in entries.iter().enumerate() {
            let indent = if index == 0 { first } else { depth * INDENT };
            write!(f, "{:indent$}{}:", "", quoted(key))?;
            value.write_below(depth, false, f)?;
        }
        Ok(())
    }

    /// What stands behind a key or a dash.
    fn write_below(&self, depth: usize, is_item: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(items) if !items.is_empty() => {
                f.write_str("\n")?;
                self.write(depth + usize::from(is_item), f)
            }
            Self::Map(entries) if !entries.is_empty() && is_item => {
                f.write_str(" ")?;
                Self::write_entries(entries, 0, depth + 1, f)
            }
            Self::Map(entries) if !entries.is_empty() => {
                f.write_str("\n")?;
                self.write(depth + 1, f)
            }
            Self::Plain(_) | Self::Text(_) | Self::List(_) | Self::Map(_) => {
                f.write_str(" ")?;
                self.write_inline(f)?;
                f.write_str("\n")
            }
        }
    }

    fn write_inline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Text(text) => f.write_str(&quoted(text)),
            // Others stand in lines of their own.
            Self::List(_) => f.write_str("[]"),
            Self::Map(_) => f.write_str("{}"),
        }
    }
}

impl fmt::Display for Yaml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(0, f)
    }
}

impl From<&Node> for Yaml {
    fn from(node: &Node) -> Self {
        match &node.value {
            Value::Null => Self::plain("null"),
            // In one line it may have been read from several.
            Value::Scalar { text, plain: true } if !text.contains('\n') => Self::plain(text),
            Value::Scalar { text, .. } => Self::text(text),
            Value::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Map(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|entry| (entry.key.to_string(), (&entry.node).into()));
                Self::Map(entries.collect())
            }
        }
    }
}

/// A text with quotes, unless it is a word that nobody takes for something else. JSON's quotes are
/// YAML's.
fn quoted(text: &str) -> String {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || "_/$<".contains(letter);
    let is_inner =
        |letter: char| is_letter(letter) || letter.is_ascii_digit() || ".->".contains(letter);
    let is_word = text.starts_with(is_letter)
        && text.chars().all(is_inner)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if is_word {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ if letter.is_control() || "\u{2028}\u{2029}\u{feff}".contains(letter) => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    fn tree(text: &str) -> Yaml {
        Document::parse("f.yml", text).unwrap().root().into()
    }

    #[test]
    fn a_tree_stands_in_lines() {
        let text = "{a: {b: [1, x y, 'no', \"1:2\", {c: d, e: []}, [[2], {}]], f: ~}, g: \"\"}";
        let expected = "a:\n  b:\n  - 1\n  - x y\n  - \"no\"\n  - \"1:2\"\n  - c: d\n    e: []\n  \
                        -\n    -\n      - 2\n    - {}\n  f: null\ng: \"\"\n";
        assert_eq!(tree(text).to_string(), expected);
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for text in [
            "a: 'x: y # z'\nb: >\n  c\n  d\n'k: 1': \"\\u0007\\\\\\\"\\u2028\"\n",
            "- - - 1\n  - {a: [{b: {c: [~]}}]}\n- a b\n  c\n- '-'\n- \"~\"\n- 'TRUE'\n",
            "a: <secret>\nb: $1:$2\nc: ${x}\nd: '%'\ne: '-1.5e3'\nf: '.inf'\ng: 0x1f\n",
            "[]",
            "x",
        ] {
            let once = tree(text);
            let written = once.to_string();
            let again = tree(&written);
            assert_eq!(again.to_string(), written, "{text}");
        }
        let Yaml::Map(entries) = tree("a: 'x: y'\nb: '1'") else { panic!() };
        assert_eq!(entries[1].1, Yaml::text("1"), "a text stays a text");
    }
}
