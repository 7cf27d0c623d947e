//! HTML that values cannot break out of.
//!
//! Enters: the literal texts and the values of a template, in the order in which they are written.
//! Leaves: the literal texts as they are, but for comments, and each value escaped for the place in
//! which it stands: between tags, in an attribute, in a URL, in a script, in a style.
//!
//! Always holds: the place is that of the text that was written, whatever branches and templates
//! led there; a value never opens or closes a tag, an attribute or a comment. What no escaping can
//! make safe is replaced by `ZgotmplZ`, as Go's html/template does.
//!
//! Less than html/template: in a style each value must be a plain one, such as `red` or `12px`, also
//! inside of quotes and of `url()`; a `srcset` takes one URL for each value; comments of styles stay.
//! Where nobody can tell how a script goes on, a value is an error.

mod attribute;
mod css;
mod entities;
mod place;
mod replace;
mod script;
mod trusted;
mod url;

use self::attribute::{AttributeKind, UrlPart};
use self::place::{Place, Quote, Spot};
pub(crate) use self::trusted::Trusted;
use self::trusted::TrustedKind;
use crate::escape;
use crate::value::Value;

/// What stands instead of a value that would not be safe.
const REFUSED: &str = "ZgotmplZ";

/// A value as the end of its pipeline left it.
#[derive(Clone, Debug)]
pub(crate) struct Piped {
    pub(crate) value: Value,
    /// Whether the function `urlquery` was to come last.
    pub(crate) is_query: bool,
}

/// Where in the HTML the next text will stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Markup {
    place: Place,
}

impl Markup {
    /// A literal text of the template: without comments, and with `&lt;` for what opens no tag.
    pub(crate) fn literal(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            if let Some((script, len)) = self.place.script(rest) {
                let (passed, after) = rest.split_at_checked(len).unwrap_or((rest, ""));
                script.pass(passed, |text| out.push_str(text));
                rest = after;
                continue;
            }
            let (next, taken) = self.place.after(rest);
            let (passed, after) = rest.split_at_checked(taken).unwrap_or((rest, ""));
            if self.place.is_text() {
                let text = place::text_of(passed, &next);
                replace::stray_brackets(text, &mut out);
                if next != Place::Comment {
                    out.push_str(passed.get(text.len()..).unwrap_or(""));
                }
            } else if self.place != Place::Comment {
                out.push_str(passed);
            }
            (self.place, rest) = (next, after);
        }
        out
    }

    /// Whether what was written ends between tags.
    pub(crate) fn is_between_tags(&self) -> bool {
        self.place == Place::Text
    }

    /// A value.
    ///
    /// # Errors
    /// Names the place, where no value can stand.
    pub(crate) fn value(&mut self, piped: &Piped) -> Result<String, &'static str> {
        let Piped { value, is_query } = piped;
        let text = if matches!(value, Value::Nil) { String::new() } else { value.to_string() };
        let trusted = value.downcast::<Trusted>().map(Trusted::kind).filter(|_| !is_query);
        let is_html = trusted == Some(TrustedKind::Html);
        let spot = self.place.spot();
        if let Spot::Attribute(&mut AttributeKind::Url(part), quote) = spot {
            let url = url::escape(&text, part, trusted == Some(TrustedKind::Url), *is_query);
            return Ok(in_quotes(&url, quote, false));
        }
        let text = if *is_query { escape::url_query(&text) } else { text };
        let expression = if *is_query { &Value::from(text.as_str()) } else { value };
        Ok(match spot {
            Spot::Text if is_html => text,
            Spot::Text => replace::markup(&text, false),
            Spot::Title => replace::markup(&text, is_html),
            Spot::Comment => String::new(),
            // Half a name would make the tag another one.
            Spot::TagName => REFUSED.to_owned(),
            Spot::Script(script) => script.value(expression, &text)?,
            Spot::Style => css::filter(&text).to_owned(),
            Spot::Name(name) => {
                let added = attribute::filter_name(&text).to_owned();
                *name = place::longer(name, &added);
                added
            }
            Spot::Attribute(kind, quote) => match kind {
                AttributeKind::Event(script) => {
                    in_quotes(&script.value(expression, &text)?, quote, false)
                }
                AttributeKind::Unknown => {
                    return Err("a value cannot stand in an attribute with so long a name");
                }
                kind @ AttributeKind::ScriptType => {
                    *kind = AttributeKind::Plain;
                    in_quotes(&text, quote, is_html)
                }
                AttributeKind::Style => in_quotes(css::filter(&text), quote, false),
                AttributeKind::Url(_) | AttributeKind::UrlSet => {
                    let is_trusted = trusted == Some(TrustedKind::Url);
                    let url = url::escape(&text, UrlPart::Begin, is_trusted, false);
                    in_quotes(&url.replace(',', "%2c"), quote, false)
                }
                AttributeKind::Plain if is_html => in_quotes(&without_tags(&text), quote, true),
                AttributeKind::Plain => in_quotes(&text, quote, false),
            },
        })
    }
}

/// The value of an attribute, or a part of it.
fn in_quotes(text: &str, quote: Quote, keeps_entities: bool) -> String {
    match quote {
        Quote::None => replace::unquoted(text, keeps_entities),
        Quote::Single | Quote::Double => replace::markup(text, keeps_entities),
    }
}

/// What of an HTML text stands between its tags.
fn without_tags(html: &str) -> String {
    let mut place = Place::default();
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while !rest.is_empty() {
        let (next, taken) = place.after(rest);
        let (passed, after) = rest.split_at_checked(taken).unwrap_or((rest, ""));
        if place.is_text() {
            out.push_str(place::text_of(passed, &next));
        }
        (place, rest) = (next, after);
    }
    out
}

#[cfg(test)]
mod tests;
