//! The tags of a small XML page, one after the other. Text between them, comments and declarations are passed over.
//!
//! Invariant: nothing but the page itself is read: entities other than the five of XML stay as they are written.

use narthex_sdk::Error;

/// A tag that opens an element.
#[derive(Debug, PartialEq)]
pub(crate) struct Tag<'a> {
    /// The element's name.
    pub(crate) name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

/// The tags that open elements, or the byte at which the page is no XML any more, after which nothing follows.
pub(crate) fn tags(page: &str) -> impl Iterator<Item = Result<Tag<'_>, usize>> {
    let mut rest = Some(page);
    std::iter::from_fn(move || {
        loop {
            let text = rest?;
            let Some((_, tag)) = text.split_once('<') else {
                rest = None;
                return None;
            };
            if tag.starts_with(['?', '!', '/']) {
                rest = tag.split_once('>').map(|(_, after)| after);
                if rest.is_some() {
                    continue;
                }
            } else if let Some((tag, after)) = read(tag) {
                rest = Some(after);
                return Some(Ok(tag));
            }
            rest = None;
            return Some(Err(page.len() - tag.len()));
        }
    })
}

/// Reads what follows the `<`, and tells what follows the `>`.
fn read(text: &str) -> Option<(Tag<'_>, &str)> {
    let (name, mut rest) = text.split_at(text.find(|c: char| !is_of_name(c))?);
    if name.is_empty() {
        return None;
    }
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>").or_else(|| rest.strip_prefix('>')) {
            return Some((Tag { name, attributes }, after));
        }
        let (attribute, after) = rest.split_once('=')?;
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, after) = after.strip_prefix(quote)?.split_once(quote)?;
        if attribute.is_empty() || !attribute.chars().all(is_of_name) {
            return None;
        }
        attributes.push((attribute, value));
        rest = after;
    }
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | ':')
}

impl Tag<'_> {
    /// The value of an attribute.
    pub(crate) fn text(&self, attribute: &str) -> Result<String, Error> {
        let found = self.attributes.iter().find(|(name, _)| *name == attribute);
        let (_, value) = found.ok_or_else(|| {
            Error::protocol(format!("<{}> has no attribute {attribute}", self.name))
        })?;
        let entities =
            [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
        let mut value = (*value).to_owned();
        for (entity, character) in entities {
            value = value.replace(entity, character);
        }
        Ok(value)
    }

    /// An attribute that is a number.
    pub(crate) fn number(&self, attribute: &str) -> Result<f64, Error> {
        let text = self.text(attribute)?;
        text.parse().map_err(|_| {
            let name = self.name;
            Error::protocol(format!("<{name}> has {attribute} {text:?}, which is no number"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_their_attributes() {
        let page =
            "<?xml version='1.0'?><!-- a > b --><a b='\"c\"' d-e=\"&lt;&amp;lt;\">text<f/></a>";
        // A comment with `>` in it ends there, and what follows it is text.
        let all: Result<Vec<_>, _> = tags(page).collect();
        let all = all.unwrap();
        assert_eq!(all.iter().map(|tag| tag.name).collect::<Vec<_>>(), ["a", "f"]);
        assert_eq!(all[0].text("b").unwrap(), "\"c\"");
        assert_eq!(all[0].text("d-e").unwrap(), "<&lt;");
        assert_eq!(all[0].text("x").unwrap_err().message, "<a> has no attribute x");
        assert!(all[0].number("b").unwrap_err().message.contains("no number"));
    }

    #[test]
    fn what_is_no_xml_ends_the_tags() {
        for (page, place) in [("<a b>", 1), ("text <a b='c", 6), ("<", 1), ("<a/><!--", 5)] {
            let all: Vec<_> = tags(page).collect();
            assert_eq!(all.last(), Some(&Err(place)), "{page}");
        }
        assert_eq!(tags("no tags").count(), 0);
    }
}
