//! XML as the API answers it: elements and texts. Attributes, comments and processing instructions are passed over.
//!
//! Invariant: no input panics, and none nests deeper than [`DEPTH_MAX`].

use std::borrow::Cow;

/// Answers of the API nest about ten deep.
const DEPTH_MAX: usize = 64;

/// An element: texts directly in it, joined, and the elements in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: Cow<'a, str>,
    pub(crate) children: Vec<Element<'a>>,
}

impl<'a> Element<'a> {
    /// The first element of this name in it.
    pub(crate) fn child(&self, name: &str) -> Option<&Element<'a>> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first element of this name in it; none when there is no such element.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_ref())
    }

    /// The members of a list: the elements `item` in the element of this name.
    pub(crate) fn items(&self, list: &str) -> impl Iterator<Item = &Element<'a>> {
        self.child(list).into_iter().flat_map(|list| &list.children).filter(|e| e.name == "item")
    }
}

/// Reads a document; the error says what is wrong.
pub(crate) fn parse(text: &str) -> Result<Element<'_>, String> {
    let mut open: Vec<Element<'_>> = vec![Element::default()];
    let mut rest = text;
    loop {
        let (before, markup) = rest.split_once('<').unwrap_or((rest, ""));
        let has_markup = before.len() < rest.len();
        add_text(&mut open, unescaped(before)?);
        if !has_markup {
            break;
        }
        rest = if let Some(comment) = markup.strip_prefix("!--") {
            after(comment, "-->")?.1
        } else if let Some(data) = markup.strip_prefix("![CDATA[") {
            let (data, rest) = after(data, "]]>")?;
            add_text(&mut open, Cow::Borrowed(data));
            rest
        } else if markup.starts_with('?') || markup.starts_with('!') {
            after(markup, ">")?.1
        } else if let Some(end) = markup.strip_prefix('/') {
            let (name, rest) = after(end, ">")?;
            close(&mut open, name.trim())?;
            rest
        } else {
            let (tag, rest) = tag(markup)?;
            let is_empty = tag.ends_with('/');
            let name = tag.trim_end_matches('/').split_ascii_whitespace().next();
            let name = name.ok_or("a tag has no name")?;
            if open.len() > DEPTH_MAX {
                return Err(format!("elements nest deeper than {DEPTH_MAX}"));
            }
            open.push(Element { name, ..Element::default() });
            if is_empty {
                close(&mut open, name)?;
            }
            rest
        };
    }
    let document = open.pop().unwrap_or_default();
    match (open.is_empty(), document) {
        (true, document) => document.children.into_iter().next().ok_or("no element".into()),
        (false, unfinished) => Err(format!("<{}> does not end", unfinished.name)),
    }
}

fn after<'a>(text: &'a str, end: &str) -> Result<(&'a str, &'a str), String> {
    text.split_once(end).ok_or_else(|| format!("{end} is missing"))
}

/// The inside of a tag and what follows it. `>` may stand in the value of an attribute.
fn tag(markup: &str) -> Result<(&str, &str), String> {
    let mut quote = None;
    let end = markup.find(|c| match (quote, c) {
        (None, '"' | '\'') => {
            quote = Some(c);
            false
        }
        (Some(open), c) if open == c => {
            quote = None;
            false
        }
        (None, '>') => true,
        (None | Some(_), _) => false,
    });
    let (inside, rest) =
        end.and_then(|end| markup.split_at_checked(end)).ok_or("a tag does not end")?;
    Ok((inside, rest.strip_prefix('>').unwrap_or(rest)))
}

fn close<'a>(open: &mut Vec<Element<'a>>, name: &str) -> Result<(), String> {
    let ended = open.pop().unwrap_or_default();
    if ended.name != name {
        return Err(format!("</{name}> ends <{}>", ended.name));
    }
    let parent = open.last_mut().ok_or_else(|| format!("</{name}> ends nothing"))?;
    parent.children.push(ended);
    Ok(())
}

/// White space between elements is layout.
fn add_text<'a>(open: &mut [Element<'a>], text: Cow<'a, str>) {
    let Some(element) = open.last_mut() else { return };
    if element.text.is_empty() {
        element.text = text;
    } else if !text.trim().is_empty() {
        element.text.to_mut().push_str(&text);
    }
}

fn unescaped(text: &str) -> Result<Cow<'_, str>, String> {
    if !text.contains('&') {
        return Ok(Cow::Borrowed(text));
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        let unknown = || {
            let shown: String = entity.chars().take(12).collect();
            format!("&{shown} is no entity")
        };
        let (name, after) = entity.split_once(';').ok_or_else(unknown)?;
        plain.push_str(before);
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let digits = name.strip_prefix('#').ok_or_else(unknown)?;
                let code = match digits.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => digits.parse(),
                };
                code.ok().and_then(char::from_u32).ok_or_else(unknown)?
            }
        });
        rest = after;
    }
    plain.push_str(rest);
    Ok(Cow::Owned(plain))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn elements_texts_and_entities_are_read() {
        let root = parse(
            "<?xml version=\"1.0\"?><!-- <a> --><r xmlns='x>y'>\n  <a/> <b>1 &lt; 2 &#38; &#x41;</b>\n  \
             <l><item>x</item><other/><item><![CDATA[<&>]]></item></l><e></e></r>",
        )
        .unwrap();
        assert_eq!(root.name, "r");
        assert_eq!(root.text_of("a"), Some(""));
        assert_eq!(root.text_of("b"), Some("1 < 2 & A"));
        assert_eq!(root.text_of("e"), Some(""));
        assert_eq!(root.text_of("none"), None);
        let items: Vec<&str> = root.items("l").map(|item| item.text.as_ref()).collect();
        assert_eq!(items, ["x", "<&>"]);
    }

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        assert_eq!(parse(text).unwrap_err(), reason, "{text}");
    }

    #[test]
    fn what_is_not_xml_is_refused() {
        refused("", "no element");
        refused("{}", "no element");
        refused("<a>", "<a> does not end");
        refused("<a><b></a>", "</a> ends <b>");
        refused("</a>", "</a> ends <>");
        refused("<a", "a tag does not end");
        refused("<>", "a tag has no name");
        refused("<a b='>", "a tag does not end");
        refused("<a><!-- </a>", "--> is missing");
        refused("<a>&nbsp;</a>", "&nbsp; is no entity");
        refused("<a>&#xD800;</a>", "&#xD800; is no entity");
        refused("<a>& b</a>", "& b is no entity");
        refused(&"<a>".repeat(1000), "elements nest deeper than 64");
    }
}
