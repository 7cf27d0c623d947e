//! Where in HTML a text ends: between tags, in a tag, in the value of an attribute.

use super::attribute::{self, AttributeKind};
use super::script::Script;

/// What begins a comment.
const COMMENT: &str = "<!--";
/// Names are copied as they grow; an attribute with a longer one takes no values.
pub(super) const NAME_BYTES_MAX: usize = 256;
const SPACES: [char; 5] = [' ', '\t', '\n', '\u{c}', '\r'];

/// A place in HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// Between tags.
    #[default]
    Text,
    Comment,
    /// In the name of a tag, of which this much is known.
    TagName {
        closes: bool,
        name: String,
    },
    /// In an element whose content has no tags, up to its end.
    Content(Element),
    /// In a script.
    Script(Script),
    /// In the tag that opens an element, or closes any, between attributes.
    Tag(Element),
    /// In the name of an attribute, of which this much is known.
    Name {
        element: Element,
        name: String,
    },
    /// Behind the name of an attribute.
    AfterName {
        element: Element,
        kind: AttributeKind,
    },
    /// Behind the equals sign.
    BeforeValue {
        element: Element,
        kind: AttributeKind,
    },
    /// In the value of an attribute.
    Value {
        element: Element,
        kind: AttributeKind,
        quote: Quote,
    },
}

/// What kind of content an element has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// Tags.
    Any,
    Script,
    Style,
    Textarea,
    Title,
}

impl Element {
    fn named(name: &str) -> Self {
        let elements = [Self::Script, Self::Style, Self::Textarea, Self::Title];
        let found = elements.into_iter().find(|element| name.eq_ignore_ascii_case(element.name()));
        found.unwrap_or(Self::Any)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Script => "script",
            Self::Style => "style",
            Self::Textarea => "textarea",
            Self::Title => "title",
        }
    }

    /// Where its content stands.
    fn content(self) -> Place {
        match self {
            Self::Any => Place::Text,
            Self::Script => Place::Script(Script::default()),
            Self::Style | Self::Textarea | Self::Title => Place::Content(self),
        }
    }
}

/// What stands around the value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    /// Nothing: a space or the end of the tag ends it.
    None,
    Single,
    Double,
}

/// Where a value stands.
#[derive(Debug)]
pub(super) enum Spot<'a> {
    Text,
    Comment,
    TagName,
    Title,
    Script(&'a mut Script),
    Style,
    /// In the name of an attribute, which so far is this.
    Name(&'a mut String),
    Attribute(&'a mut AttributeKind, Quote),
}

impl Place {
    /// Whether `<` may open a tag, or at least looks so.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Content(Element::Textarea | Element::Title))
    }

    /// The place of a value that comes next. In a tag it is an attribute's name, behind an equals
    /// sign an attribute's value.
    pub(super) fn spot(&mut self) -> Spot<'_> {
        if let Self::Tag(element) | Self::AfterName { element, .. } = *self {
            *self = Self::Name { element, name: String::new() };
        }
        if let Self::BeforeValue { element, kind } = *self {
            *self = Self::Value { element, kind, quote: Quote::None };
        }
        match self {
            Self::Text | Self::Tag(_) | Self::AfterName { .. } | Self::BeforeValue { .. } => {
                Spot::Text
            }
            Self::Comment => Spot::Comment,
            Self::TagName { .. } => Spot::TagName,
            Self::Script(script) => Spot::Script(script),
            Self::Content(Element::Style) => Spot::Style,
            Self::Content(Element::Any | Element::Script | Element::Textarea | Element::Title) => {
                Spot::Title
            }
            Self::Name { name, .. } => Spot::Name(name),
            Self::Value { kind, quote, .. } => Spot::Attribute(kind, *quote),
        }
    }

    /// The place behind a part of `text`, which is not empty, and how many bytes that part has.
    pub(super) fn after(&self, text: &str) -> (Self, usize) {
        let spaces = text.len() - text.trim_start_matches(SPACES).len();
        let behind = text.get(spaces..).unwrap_or("");
        match self {
            Self::Text => after_text(text),
            Self::Comment => match text.find("-->") {
                Some(end) => (Self::Text, end + "-->".len()),
                None => (Self::Comment, text.len()),
            },
            Self::TagName { closes, name } => {
                let more = text.len() - text.trim_start_matches(is_in_tag_name).len();
                let name = longer(name, text.get(..more).unwrap_or(""));
                (tag(*closes, &name, more == text.len()), more)
            }
            Self::Content(element) => self.after_content(text, *element),
            Self::Script(_) => self.after_content(text, Element::Script),
            Self::Tag(_) if behind.is_empty() => (self.clone(), text.len()),
            Self::Tag(element) if behind.starts_with('>') => (element.content(), spaces + 1),
            Self::Tag(element) => (Self::Name { element: *element, name: String::new() }, spaces),
            Self::Name { element, name } => {
                // An equals sign cannot end a name that has not begun.
                let skipped = usize::from(name.is_empty() && text.starts_with('='));
                let ends = |c: char| SPACES.contains(&c) || c == '=' || c == '>';
                let rest = text.get(skipped..).unwrap_or("");
                let end = rest.find(ends).map_or(text.len(), |end| end + skipped);
                let name = longer(name, text.get(..end).unwrap_or(text));
                if end == text.len() {
                    return (Self::Name { element: *element, name }, end);
                }
                let is_type = *element == Element::Script && name.eq_ignore_ascii_case("type");
                let kind =
                    if is_type { AttributeKind::ScriptType } else { AttributeKind::named(&name) };
                (Self::AfterName { element: *element, kind }, end)
            }
            Self::AfterName { .. } if behind.is_empty() => (self.clone(), text.len()),
            Self::AfterName { element, kind } if behind.starts_with('=') => {
                (Self::BeforeValue { element: *element, kind: *kind }, spaces + 1)
            }
            Self::AfterName { element, .. } => (Self::Tag(*element), spaces),
            Self::BeforeValue { .. } if behind.is_empty() => (self.clone(), text.len()),
            Self::BeforeValue { element, kind } => {
                let (quote, len) = match behind.chars().next() {
                    Some('\'') => (Quote::Single, 1),
                    Some('"') => (Quote::Double, 1),
                    _ => (Quote::None, 0),
                };
                (Self::Value { element: *element, kind: *kind, quote }, spaces + len)
            }
            Self::Value { element, kind, quote } => {
                let end = match quote {
                    Quote::None => text.find(|c: char| SPACES.contains(&c) || c == '>'),
                    Quote::Single => text.find('\''),
                    Quote::Double => text.find('"'),
                };
                match end {
                    Some(end) => {
                        let value = text.get(..end).unwrap_or("");
                        let is_data =
                            *kind == AttributeKind::ScriptType && !attribute::is_script(value);
                        let element = if is_data { Element::Any } else { *element };
                        (Self::Tag(element), end + usize::from(*quote != Quote::None))
                    }
                    None => {
                        let kind = kind.after(text);
                        (Self::Value { element: *element, kind, quote: *quote }, text.len())
                    }
                }
            }
        }
    }

    /// Up to the end of an element whose content has no tags, or behind it.
    fn after_content(&self, text: &str, element: Element) -> (Self, usize) {
        match content_end(text, element) {
            Some(0) => (Self::Text, 0),
            Some(end) => (self.clone(), end),
            None => (self.clone(), text.len()),
        }
    }

    /// The script in which this is, and how much of `text` belongs to it.
    pub(super) fn script(&mut self, text: &str) -> Option<(&mut Script, usize)> {
        let Self::Script(script) = self else { return None };
        let len = content_end(text, Element::Script).unwrap_or(text.len());
        (len > 0).then_some((script, len))
    }
}

/// Up to the end of a tag's name, or of the beginning of a comment.
fn after_text(text: &str) -> (Place, usize) {
    let mut from = 0;
    while let Some(open) = text.get(from..).and_then(|rest| rest.find('<')) {
        let open = from + open;
        let rest = text.get(open..).unwrap_or("");
        if rest.starts_with(COMMENT) {
            return (Place::Comment, open + COMMENT.len());
        }
        let closes = rest.starts_with("</");
        let begin = open + if closes { 2 } else { 1 };
        let name = tag_name(text.get(begin..).unwrap_or(""));
        if !name.is_empty() {
            let end = begin + name.len();
            return (tag(closes, name, end == text.len()), end);
        }
        from = begin;
    }
    (Place::Text, text.len())
}

/// Behind the name of a tag, or still in it, at the end of a text.
fn tag(closes: bool, name: &str, is_open: bool) -> Place {
    match (is_open, closes) {
        (true, _) => Place::TagName { closes, name: name.to_owned() },
        (false, true) => Place::Tag(Element::Any),
        (false, false) => Place::Tag(Element::named(name)),
    }
}

/// A letter and what may follow it.
fn tag_name(text: &str) -> &str {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return "";
    }
    let end = text.find(|c| !is_in_tag_name(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

fn is_in_tag_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == ':' || c == '-'
}

/// A name and what follows of it. What is behind the longest that matters is left out.
pub(super) fn longer(name: &str, more: &str) -> String {
    let free = NAME_BYTES_MAX.saturating_sub(name.len());
    let end = more.char_indices().map(|(at, _)| at).find(|at| *at >= free).unwrap_or(more.len());
    format!("{name}{}", more.get(..end).unwrap_or(more))
}

/// Where an element without tags in it is closed.
fn content_end(text: &str, element: Element) -> Option<usize> {
    let name = element.name();
    text.match_indices("</").map(|(at, _)| at).find(|at| {
        let rest = text.get(at + 2..).unwrap_or("");
        let Some((begin, after)) = rest.split_at_checked(name.len()) else { return false };
        begin.eq_ignore_ascii_case(name)
            && (after.is_empty() || after.starts_with(SPACES) || after.starts_with(['/', '>']))
    })
}

/// What of `passed`, at whose end the place is `next`, is text and no beginning of a tag or comment.
pub(super) fn text_of<'a>(passed: &'a str, next: &Place) -> &'a str {
    let opens = matches!(next, Place::Tag(_) | Place::TagName { .. } | Place::Comment);
    let end = if opens { passed.rfind('<') } else { None };
    passed.get(..end.unwrap_or(passed.len())).unwrap_or(passed)
}
