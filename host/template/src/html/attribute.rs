//! What attributes hold, by their names.

use super::REFUSED;
use super::entities;
use super::place::NAME_BYTES_MAX;
use super::script::Script;

/// What the value of an attribute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AttributeKind {
    Plain,
    /// A URL, of which this part was written.
    Url(UrlPart),
    /// URLs with commas between them.
    UrlSet,
    Style,
    /// The script of an event, up to here.
    Event(Script),
    /// The kind of a script, of which nothing was written.
    ScriptType,
    /// Nobody knows.
    Unknown,
}

/// How far a URL was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UrlPart {
    /// Not at all, or by values only: what follows may still choose the scheme.
    Begin,
    /// Up to the query.
    Path,
    /// Into the query or the fragment.
    Query,
}

/// Attributes that are URLs, besides those whose names say so.
const URLS: [&str; 16] = [
    "action",
    "archive",
    "background",
    "cite",
    "classid",
    "codebase",
    "data",
    "formaction",
    "href",
    "icon",
    "longdesc",
    "manifest",
    "poster",
    "profile",
    "usemap",
    "xmlns",
];
/// Those that change what other attributes mean; a value must not make one.
const POWERFUL: [&str; 22] = [
    "accept-charset",
    "async",
    "challenge",
    "charset",
    "content",
    "crossorigin",
    "defer",
    "enctype",
    "form",
    "formenctype",
    "formmethod",
    "formnovalidate",
    "keytype",
    "language",
    "method",
    "novalidate",
    "pattern",
    "rel",
    "sandbox",
    "srcdoc",
    "type",
    "value",
];

impl AttributeKind {
    pub(super) fn named(name: &str) -> Self {
        if name.len() >= NAME_BYTES_MAX {
            return Self::Unknown;
        }
        let name = name.to_ascii_lowercase();
        // `data-src` is a URL to those who read it, `svg:href` to all.
        let (is_namespace, name) = match (name.strip_prefix("data-"), name.split_once(':')) {
            (Some(name), _) => (false, name),
            (None, Some((prefix, name))) => (prefix == "xmlns", name),
            (None, None) => (false, name.as_str()),
        };
        match name {
            _ if is_namespace => Self::Url(UrlPart::Begin),
            "style" => Self::Style,
            "srcset" | "imagesrcset" => Self::UrlSet,
            "srcdoc" | "srclang" => Self::Plain,
            _ if URLS.contains(&name) => Self::Url(UrlPart::Begin),
            _ if name.starts_with("on") => Self::Event(Script::default()),
            _ if ["src", "uri", "url"].iter().any(|part| name.contains(part)) => {
                Self::Url(UrlPart::Begin)
            }
            _ => Self::Plain,
        }
    }

    /// What it is behind a part of its value that stands in the template.
    pub(super) fn after(self, text: &str) -> Self {
        match self {
            Self::Url(_) if text.contains(['?', '#']) => Self::Url(UrlPart::Query),
            Self::Url(UrlPart::Begin) if !text.trim().is_empty() => Self::Url(UrlPart::Path),
            Self::Event(mut script) => Self::Event(match entities::decode(text) {
                Some(text) => {
                    script.pass(&text, |_| {});
                    script
                }
                None => script.lost("a value cannot stand behind this entity in a script"),
            }),
            // What it is in the end depends on a value; a script is the strictest.
            Self::ScriptType => Self::Plain,
            Self::Url(_) | Self::Plain | Self::UrlSet | Self::Style | Self::Unknown => self,
        }
    }
}

/// Whether a script of this kind is run, or is data that is written as one.
pub(super) fn is_script(kind: &str) -> bool {
    let Some(kind) = entities::decode(kind) else { return true };
    let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let language = kind.rsplit_once('/').map_or(kind.as_str(), |(_, language)| language);
    let language = language.strip_prefix("x-").unwrap_or(language);
    matches!(language, "" | "module" | "importmap" | "speculationrules" | "livescript" | "jscript")
        || language.ends_with("json")
        || ["javascript", "ecmascript"].iter().any(|name| language.starts_with(name))
}

/// A name, or a part of one, that a value may give: letters and digits, and of no power.
pub(super) fn filter_name(name: &str) -> &str {
    let lower = name.to_ascii_lowercase();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_powerful = POWERFUL.contains(&lower.as_str());
    if is_name && !is_powerful && AttributeKind::named(&lower) == AttributeKind::Plain {
        name
    } else {
        REFUSED
    }
}
