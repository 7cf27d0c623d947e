//! The text of a message, within what Telegram accepts.

use narthex_sdk::alertmanager;

/// <https://core.telegram.org/bots/api#sendmessage>
const CHARS_MAX: usize = 4096;

/// The mode in which texts are escaped.
const HTML: &str = "HTML";

/// HTML that is cut is no HTML.
const TOO_LONG: &str = "The notification is longer than Telegram accepts (4096 characters). \
    Shorten the template `message` of this receiver.";

/// What the host escapes where a template puts a value into HTML.
const ESCAPES: [(&str, char); 6] =
    [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&#34;", '"'), ("&#39;", '\''), ("&#43;", '+')];

/// The text to send. The host has escaped what templates put in, where the mode is HTML.
pub(crate) fn message(expanded: &str, parse_mode: &str) -> String {
    if parse_mode != HTML {
        return alertmanager::cut(expanded, CHARS_MAX);
    }
    if expanded.chars().count() > CHARS_MAX { TOO_LONG.to_owned() } else { expanded.to_owned() }
}

/// The text without markup, where Telegram does not take it with.
pub(crate) fn plain(expanded: &str, parse_mode: &str) -> String {
    let unescaped = if parse_mode == HTML { &unescaped(expanded) } else { expanded };
    alertmanager::cut(unescaped, CHARS_MAX)
}

/// A text without the escapes that the host makes where a template puts a value into HTML.
fn unescaped(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let escape = ESCAPES.iter().find_map(|(escape, c)| Some((from.strip_prefix(escape)?, *c)));
        let (tail, character) =
            escape.unwrap_or_else(|| (from.strip_prefix('&').unwrap_or(from), '&'));
        text.push(character);
        rest = tail;
    }
    text + rest
}
