//! Matchers as text: `severity="critical"`, `team=~"a|b"`, `{a="b", c!="d"}`.
//!
//! Alertmanager's two syntaxes, the older one first, as its default mode decides between them. In
//! the classic one (`matchers/classic.rs`) a name is a label name of old and a value may hold nearly
//! anything. In the other, here, names and values may stand without quotes as long as they hold none
//! of `{}!=~,\"'` and no space; quoted ones may hold anything.

mod classic;

use narthex_model::{MatchOp, Matcher, Quoted};
use serde::Deserialize;

/// Why a text is no matcher.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MatcherTextError {
    /// Not `name op value`.
    #[error("{text:?} is no matcher: {why}; write it as in severity=\"critical\" or team=~\"a|b\"")]
    Malformed {
        /// The whole text.
        text: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The regular expression does not compile.
    #[error("matcher {text:?}: {source}")]
    Regex {
        /// The whole text.
        text: String,
        /// What is wrong.
        source: narthex_model::MatcherError,
    },
}

/// Reads one matcher.
///
/// # Errors
/// When the text is none.
pub fn parse_matcher(text: &str) -> Result<Matcher, MatcherTextError> {
    if text.starts_with('{') || text.ends_with('}') {
        let why = "braces belong around a list of matchers";
        return Err(MatcherTextError::Malformed { text: text.to_owned(), why });
    }
    if let Some(matcher) = classic::matcher(text) {
        return Ok(matcher);
    }
    let mut reader = Reader { text, rest: text.trim() };
    let matcher = reader.matcher()?;
    reader.ended()?;
    Ok(matcher)
}

/// Reads matchers separated by commas, in braces or without.
///
/// # Errors
/// When one of them is none.
pub fn parse_matchers(text: &str) -> Result<Vec<Matcher>, MatcherTextError> {
    if let Some(matchers) = classic::matchers(text) {
        return Ok(matchers);
    }
    let trimmed = text.trim();
    let inner = match trimmed.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}').ok_or(MatcherTextError::Malformed {
            text: text.to_owned(),
            why: "the closing brace is missing",
        })?,
        None => trimmed,
    };
    let mut reader = Reader { text, rest: inner.trim() };
    let mut matchers = Vec::new();
    while !reader.rest.is_empty() {
        matchers.push(reader.matcher()?);
        match reader.rest.strip_prefix(',') {
            Some(rest) => reader.rest = rest.trim_start(),
            None => break,
        }
    }
    reader.ended()?;
    Ok(matchers)
}

struct Reader<'a> {
    /// The whole, for messages.
    text: &'a str,
    rest: &'a str,
}

/// Longer operators first: `=~` begins with `=`.
const OPS: [(&str, MatchOp); 4] = [
    ("=~", MatchOp::Regex),
    ("!~", MatchOp::NotRegex),
    ("!=", MatchOp::NotEqual),
    ("=", MatchOp::Equal),
];

impl Reader<'_> {
    fn matcher(&mut self) -> Result<Matcher, MatcherTextError> {
        let name = self.word()?;
        if name.is_empty() {
            return Err(self.malformed("a label name comes first"));
        }
        self.rest = self.rest.trim_start();
        let found = OPS
            .iter()
            .find_map(|(symbol, op)| self.rest.strip_prefix(symbol).map(|rest| (*op, rest)));
        let Some((op, rest)) = found else {
            return Err(self.malformed("an operator (= != =~ !~) follows the name"));
        };
        self.rest = rest.trim_start();
        let is_quoted = self.rest.starts_with('"');
        let value = self.word()?;
        if value.is_empty() && !is_quoted {
            return Err(self.malformed("a value follows the operator, \"\" for none"));
        }
        self.rest = self.rest.trim_start();
        Matcher::new(op, name, value)
            .map_err(|source| MatcherTextError::Regex { text: self.text.to_owned(), source })
    }

    /// A quoted text, or what stands up to the next special character.
    fn word(&mut self) -> Result<String, MatcherTextError> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self.rest.find(is_reserved).unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
            self.rest = rest;
            return Ok(word.to_owned());
        };
        let mut word = String::new();
        let mut chars = quoted.chars();
        loop {
            match chars.next() {
                None => return Err(self.malformed("the closing quote is missing")),
                Some('"') => break,
                Some('\\') => match chars.next().and_then(|kind| escaped(kind, &mut chars)) {
                    Some(c) => word.push(c),
                    None => return Err(self.malformed("a backslash begins no escape of Go's")),
                },
                Some(c) => word.push(c),
            }
        }
        self.rest = chars.as_str();
        Ok(word)
    }

    fn ended(&self) -> Result<(), MatcherTextError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.malformed("something follows the value"))
        }
    }

    fn malformed(&self, why: &'static str) -> MatcherTextError {
        MatcherTextError::Malformed { text: self.text.to_owned(), why }
    }
}

/// What a backslash and this letter stand for in Go.
fn escaped(kind: char, rest: &mut std::str::Chars<'_>) -> Option<char> {
    let mut coded = |mut code: u32, count: usize, radix: u32| {
        for _ in 0..count {
            let digit = rest.next()?.to_digit(radix)?;
            code = code.checked_mul(radix)?.checked_add(digit)?;
        }
        char::from_u32(code)
    };
    match kind {
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\u{b}'),
        '"' | '\\' => Some(kind),
        // A byte of its own is a letter only among those of ASCII.
        'x' => coded(0, 2, 16).filter(char::is_ascii),
        '0'..='7' => coded(kind.to_digit(8)?, 2, 8).filter(char::is_ascii),
        'u' => coded(0, 4, 16),
        'U' => coded(0, 8, 16),
        _ => None,
    }
}

/// A list of matcher texts in the configuration; one text may hold several.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Vec<MatcherText>")]
pub(crate) struct MatcherList(pub(crate) Vec<Matcher>);

#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct MatcherText(Vec<Matcher>);

impl TryFrom<String> for MatcherText {
    type Error = MatcherTextError;

    fn try_from(text: String) -> Result<Self, MatcherTextError> {
        parse_matchers(&text).map(Self)
    }
}

impl From<Vec<MatcherText>> for MatcherList {
    fn from(texts: Vec<MatcherText>) -> Self {
        Self(texts.into_iter().flat_map(|text| text.0).collect())
    }
}

/// As group keys and the tool show matchers: `{a="b",c=~"d"}`.
#[must_use]
pub fn matchers_text(matchers: &[Matcher]) -> String {
    let texts = matchers.iter().map(matcher_text);
    format!("{{{}}}", texts.collect::<Vec<_>>().join(","))
}

/// One of them: `a="b"`.
#[must_use]
pub fn matcher_text(matcher: &Matcher) -> String {
    let (name, op, value) = (matcher.name(), matcher.op().symbol(), matcher.value());
    if name.chars().any(is_reserved) {
        return format!("{}{op}{}", Quoted(name), Quoted(value));
    }
    format!("{name}{op}{}", quoted(value))
}

/// What ends a word without quotes.
fn is_reserved(c: char) -> bool {
    "{}!=~,\\\"'`".contains(c) || c.is_whitespace()
}

/// In quotes, with the escapes of the text format.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests;
