//! The text of a message, within what Telegram accepts.

use narthex_sdk::alertmanager;

/// <https://core.telegram.org/bots/api#sendmessage>
const CHARS_MAX: usize = 4096;

/// HTML that is cut is no HTML.
const TOO_LONG: &str = "The notification is longer than Telegram accepts (4096 characters). \
    Shorten the template `message` of this receiver.";

/// A template's result, which is escaped for HTML whatever the mode: in the other modes it is unescaped again. So a template
/// for Markdown that spells an entity itself, as `&lt;`, gives the character.
pub(crate) fn message(expanded: &str, parse_mode: &str) -> String {
    if parse_mode != "HTML" {
        return alertmanager::cut(&alertmanager::unescaped(expanded), CHARS_MAX);
    }
    if expanded.chars().count() > CHARS_MAX { TOO_LONG.to_owned() } else { expanded.to_owned() }
}
