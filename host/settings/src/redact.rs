//! A file's text as it may be shown.

use crate::document::{Node, Value};

/// What stands in place of a secret.
const SHOWN: &str = "<secret>";

pub(crate) fn redact(text: &str, root: &Node, is_secret: &dyn Fn(&str) -> bool) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut spans = Vec::new();
    collect(root, false, is_secret, &mut spans);
    spans.sort_unstable();
    let mut shown = String::with_capacity(text.len());
    let mut spans = spans.into_iter().peekable();
    let mut hidden_until = 0;
    for (index, letter) in letters.iter().enumerate() {
        while let Some((start, end)) = spans.next_if(|(start, _)| *start <= index) {
            // A block scalar runs up to the next value; the space before that stays.
            let secret = letters.get(start..end).unwrap_or_default();
            let space = secret.iter().rev().take_while(|letter| letter.is_whitespace()).count();
            shown.push_str(SHOWN);
            hidden_until = hidden_until.max(end - space);
        }
        if index >= hidden_until {
            shown.push(*letter);
        }
    }
    shown
}

/// Scalars under a secret key; also the parts of a list or mapping under one.
fn collect(
    node: &Node,
    hidden: bool,
    is_secret: &dyn Fn(&str) -> bool,
    spans: &mut Vec<(usize, usize)>,
) {
    match &node.value {
        Value::Scalar { .. } if hidden => spans.push(node.span),
        Value::Null | Value::Scalar { .. } => {}
        Value::List(items) => items.iter().for_each(|item| collect(item, hidden, is_secret, spans)),
        Value::Map(entries) => {
            for entry in entries {
                collect(&entry.node, hidden || is_secret(&entry.key), is_secret, spans);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Document;

    #[test]
    fn secrets_are_replaced_and_the_rest_stays_as_written() {
        let text = "a: ü # comment\npassword: \"x y\"\nl:\n  - credentials: |\n      one\n      two\n  - b: 1\n";
        let document = Document::parse("f.yml", text).unwrap();
        let shown = document.redacted(&|key| key == "password" || key == "credentials");
        assert!(!shown.contains("x y") && !shown.contains("one"), "{shown}");
        assert!(shown.starts_with("a: ü # comment\npassword: <secret>\nl:\n"), "{shown}");
        assert!(shown.ends_with("  - b: 1\n"), "{shown}");
    }
}
