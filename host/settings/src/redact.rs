//! A file's text as it may be shown: without secrets, and without remarks, as nobody knows what is in them.

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::document::{Lead, Node, Value};

/// What stands in place of a secret.
const SECRET: &str = "<secret>";

/// How a scalar is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// As it is written.
    AsWritten,
    /// Not at all.
    Secret,
    /// By another text.
    As(String),
}

impl Shown {
    /// A URL without the password in it.
    #[must_use]
    pub fn url(url: &str) -> Self {
        let redacted = || {
            let (scheme, rest) = url.split_once("://")?;
            let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, tail) = rest.split_at_checked(authority)?;
            let (user, host) = authority.rsplit_once('@')?;
            let (name, _) = user.split_once(':')?;
            Some(format!("{scheme}://{name}:{SECRET}@{host}{tail}"))
        };
        redacted().map_or(Self::AsWritten, Self::As)
    }
}

/// The text of one scalar, and what stands in its place.
struct Change {
    start: usize,
    end: usize,
    text: String,
}

/// `shown` is told the keys above a scalar, from the outside in, and its text.
pub(crate) fn redact(text: &str, root: &Node, shown: &dyn Fn(&[&str], &str) -> Shown) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut changes = remarks(text, &letters);
    collect(&letters, root, &mut Vec::new(), shown, &mut changes);
    // What an alias stands for is met again there; one who hides it hides it for all.
    changes.sort_by_key(|change| (change.start, change.text != SECRET));
    changes.dedup_by_key(|change| change.start);
    let mut out = String::with_capacity(text.len());
    let mut changes = changes.into_iter().peekable();
    let mut hidden_until = 0;
    for (index, letter) in letters.iter().enumerate() {
        while let Some(change) = changes.next_if(|change| change.start <= index) {
            // A block scalar runs up to the next value; the space before that stays.
            let hidden = letters.get(change.start..change.end).unwrap_or_default();
            let space = hidden.iter().rev().take_while(|letter| letter.is_whitespace()).count();
            out.push_str(&change.text);
            hidden_until = hidden_until.max(change.end - space);
        }
        if index >= hidden_until {
            out.push(*letter);
        }
    }
    out
}

fn collect<'n>(
    letters: &[char],
    node: &'n Node,
    keys: &mut Vec<&'n str>,
    shown: &dyn Fn(&[&str], &str) -> Shown,
    changes: &mut Vec<Change>,
) {
    match &node.value {
        Value::Null => {}
        Value::Scalar { text, .. } => {
            let text = match shown(keys, text) {
                Shown::AsWritten => return,
                Shown::Secret => SECRET.to_owned(),
                Shown::As(other) => quoted(&other),
            };
            let (start, end) = node.span();
            let start = match node.lead {
                Lead::Nothing => start,
                Lead::Properties => behind_properties(letters, start, &['&', '!', '#']),
                // Another text is no base64: the tag goes with it.
                Lead::Binary => behind_properties(letters, start, &['&', '#']),
                Lead::Header => header(letters, start),
            };
            changes.push(Change { start, end, text });
        }
        Value::List(items) => {
            items.iter().for_each(|item| collect(letters, item, keys, shown, changes));
        }
        Value::Map(entries) => {
            for entry in entries {
                keys.push(&entry.key);
                collect(letters, &entry.node, keys, shown, changes);
                keys.pop();
            }
        }
    }
}

/// The remarks, each with the space before it; one that has a line of its own with the break before that.
fn remarks(text: &str, letters: &[char]) -> Vec<Change> {
    let mut found = Vec::new();
    let mut at = 0;
    // What is shown was read before: it holds no error, and ends where the parser does.
    for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
        let Event::Scalar(_, style, anchor, tag) = event else { continue };
        let mut start = span.start.index();
        if anchor != 0 || tag.is_some() {
            start = behind_properties(letters, start, &['&', '!', '#']);
        }
        remarks_between(letters, at, start, &mut found);
        at = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                end_of_block(letters, start, span.start.col())
            }
            // Of these the parser tells the end behind the space that follows.
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => end_of_quoted(letters, start),
            ScalarStyle::Plain => span.end.index(),
        };
    }
    remarks_between(letters, at, letters.len(), &mut found);
    found
}

/// The remarks in a part of the text that has no scalars.
fn remarks_between(letters: &[char], mut at: usize, end: usize, found: &mut Vec<Change>) {
    while let Some(letter) = letters.get(at).filter(|_| at < end) {
        if *letter != '#' {
            at += 1;
            continue;
        }
        let before = letters.get(..at).unwrap_or_default();
        let is_blank = |letter: &&char| matches!(letter, ' ' | '\t');
        let start = at - before.iter().rev().take_while(is_blank).count();
        let is_alone = letters.get(..start).is_some_and(|it| it.last().is_none_or(|l| *l == '\n'));
        let rest = letters.get(at..).unwrap_or_default();
        let end = at + rest.iter().take_while(|letter| **letter != '\n').count();
        if is_alone || start < at {
            let start = start.saturating_sub(usize::from(is_alone));
            found.push(Change { start, end, text: String::new() });
        }
        at = end;
    }
}

/// Where a scalar in quotes ends.
fn end_of_quoted(letters: &[char], start: usize) -> usize {
    let quote = letters.get(start).copied().unwrap_or('"');
    let mut at = start + 1;
    while let Some(letter) = letters.get(at) {
        let is_doubled = quote == '\'' && letters.get(at + 1) == Some(&quote);
        match *letter {
            '\\' if quote == '"' => at += 2,
            letter if letter == quote && is_doubled => at += 2,
            letter if letter == quote => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// Where a block scalar ends whose content begins at a column: before the first line that is indented less.
fn end_of_block(letters: &[char], start: usize, column: usize) -> usize {
    let mut end = start;
    let lines = letters.get(start..).unwrap_or_default().split_inclusive(|letter| *letter == '\n');
    for (number, line) in lines.enumerate() {
        let indent = line.iter().take_while(|letter| **letter == ' ').count();
        let is_blank = line.iter().all(|letter| letter.is_whitespace());
        if number > 0 && !is_blank && indent < column {
            break;
        }
        end += line.len();
    }
    end
}

/// Where a scalar begins, given where its anchor or its tag does, or both: what begins with one of these
/// letters stays.
fn behind_properties(letters: &[char], mut at: usize, staying: &[char]) -> usize {
    let skip = |at: usize, is_part: fn(&&char) -> bool| {
        at + letters.get(at..).unwrap_or_default().iter().take_while(is_part).count()
    };
    while letters.get(at).is_some_and(|letter| staying.contains(letter)) {
        let is_remark = letters.get(at) == Some(&'#');
        at = if is_remark {
            skip(at, |letter| **letter != '\n')
        } else {
            skip(at, |letter| !letter.is_whitespace())
        };
        at = skip(at, |letter| letter.is_whitespace());
    }
    at
}

/// Where a block scalar begins, `|` or `>`, given where its content does: what stands in its place is
/// none.
fn header(letters: &[char], content: usize) -> usize {
    let mut line_end = content;
    loop {
        let before = letters.get(..line_end).unwrap_or_default();
        let start = before.iter().rposition(|letter| *letter == '\n').map_or(0, |place| place + 1);
        let line = letters.get(start..line_end).unwrap_or_default();
        let found = (0..line.len()).find(|place| is_header(line.get(*place..).unwrap_or_default()));
        match found {
            Some(place) => return start + place,
            None if start == 0 => return content,
            None => line_end = start - 1,
        }
    }
}

/// `|`, `>-`, `|2+ # remark`: through the end of the line.
fn is_header(letters: &[char]) -> bool {
    let Some(('|' | '>', rest)) = letters.split_first() else { return false };
    let is_part = |letter: &&char| matches!(letter, '+' | '-' | '0'..='9');
    let rest = rest.get(rest.iter().take_while(is_part).count()..).unwrap_or_default();
    let blanks = rest.iter().take_while(|letter| letter.is_whitespace()).count();
    match rest.get(blanks) {
        None => true,
        Some(letter) => *letter == '#' && blanks > 0,
    }
}

/// A text as a scalar in double quotes, with the escapes of YAML and JSON alike.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if u32::from(letter) < 0x20 => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;

    #[test]
    fn secrets_are_replaced_and_the_rest_stays_as_written() {
        let text =
            "a: ü\npassword: \"x y\"\nl:\n  - credentials: |\n      one\n      two\n  - b: 1\n";
        let document = Document::parse("f.yml", text).unwrap();
        let shown = document.redacted(&|keys, _| match keys.last() {
            Some(&("password" | "credentials")) => Shown::Secret,
            _ => Shown::AsWritten,
        });
        assert!(!shown.contains("x y") && !shown.contains("one"), "{shown}");
        assert!(shown.contains("  - credentials: <secret>\n"), "{shown}");
        assert!(shown.starts_with("a: ü\npassword: <secret>\nl:\n"), "{shown}");
        assert!(shown.ends_with("  - b: 1\n"), "{shown}");
    }

    #[test]
    fn other_texts_read_back() {
        let document = Document::parse("f.yml", "a: {b: $X}\nc: 1\n").unwrap();
        let odd = "x: \"y\"\\\n#";
        let shown = document.redacted(&|keys, _| match keys {
            ["a", "b"] => Shown::As(odd.to_owned()),
            _ => Shown::AsWritten,
        });
        let again = Document::parse("f.yml", &shown).unwrap();
        assert_eq!(again.root().locate("/a/b").text(), Some(odd));
        assert!(shown.ends_with("c: 1\n"), "{shown}");
    }

    #[test]
    fn other_texts_take_the_place_of_blocks() {
        let document =
            Document::parse("f.yml", "a: >-  # remark\n\n  x\n\n  y\nb: |2\n   z\n").unwrap();
        let shown = document.redacted(&|_, text| Shown::As(format!("<{text}>")));
        assert_eq!(shown, "a: \"<\\u000ax\\u000ay>\"\nb: \"< z\\u000a>\"\n");
    }

    #[test]
    fn anchors_and_tags_stay_and_aliases_change_nothing() {
        let text =
            "a: &x secret\nb: [*x, !!str  5, &y # remark\n  z]\nc: &w |\n  &block\nd: |\n  &v\n";
        let document = Document::parse("f.yml", text).unwrap();
        let shown = document.redacted(&|keys, _| match keys {
            ["b"] => Shown::As("o".to_owned()),
            _ => Shown::Secret,
        });
        assert_eq!(
            shown,
            "a: &x <secret>\nb: [*x, !!str  \"o\", &y\n  \"o\"]\nc: &w <secret>\nd: <secret>\n"
        );
    }

    #[test]
    fn remarks_are_left_out() {
        let text = concat!(
            "# first\na: 'x # ''y' # end\n  # alone: hunter2\n\"q\\\" # \": \"r \\\\\"  # after\nb: x#y\n",
            "c: |  # head\n  # text\n\n  z\n# behind\nd: [1, # in\n  2]\ne: # nothing\nf: >-\n  # text\n# last"
        );
        let document = Document::parse("f.yml", text).unwrap();
        let shown = document.redacted(&|_, _| Shown::AsWritten);
        let expected = concat!(
            "\na: 'x # ''y'\n\"q\\\" # \": \"r \\\\\"\nb: x#y\n",
            "c: |\n  # text\n\n  z\nd: [1,\n  2]\ne:\nf: >-\n  # text"
        );
        assert_eq!(shown, expected);
        let again = Document::parse("f.yml", &shown).unwrap();
        for key in ["a", "q\" # ", "b", "c", "e", "f"] {
            let text = |of: &Document| of.root().get(key).and_then(Node::text).map(str::to_owned);
            assert_eq!(text(&again), text(&document), "{key}");
        }
        let hidden = document.redacted(&|_, _| Shown::Secret);
        assert!(!hidden.contains("text") && !hidden.contains("# e"), "{hidden}");
    }

    #[test]
    fn what_is_written_in_base64_is_hidden_with_its_tag() {
        let document = Document::parse("f.yml", "a: &x !!binary aGk=\nb: *x\n").unwrap();
        assert_eq!(document.root().get("b").unwrap().text(), Some("hi"));
        assert_eq!(document.redacted(&|_, _| Shown::Secret), "a: &x <secret>\nb: *x\n");
    }

    #[test]
    fn urls_lose_their_password_alone() {
        let url = |url| Shown::url(url);
        let shown = Shown::As("http://u:<secret>@h:1/p?q#f".to_owned());
        assert_eq!(url("http://u:p@ss@h:1/p?q#f"), shown);
        for plain in ["http://u@h/", "http://h/a:b@c", "u:p@h", ""] {
            assert_eq!(url(plain), Shown::AsWritten, "{plain}");
        }
    }
}
