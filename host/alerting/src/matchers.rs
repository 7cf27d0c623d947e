//! Matchers as text: `severity="critical"`, `team=~"a|b"`, `{a="b", c!="d"}`.
//!
//! The syntax is Alertmanager's: names and values may stand without quotes as long as they hold
//! none of `{}!=~,\"'` and no space; quoted ones may hold anything.

use narthex_model::{MatchOp, Matcher};
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
        let value = self.word()?;
        self.rest = self.rest.trim_start();
        Matcher::new(op, name, value)
            .map_err(|source| MatcherTextError::Regex { text: self.text.to_owned(), source })
    }

    /// A quoted text, or what stands up to the next special character.
    fn word(&mut self) -> Result<String, MatcherTextError> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let special = |c: char| "{}!=~,\\\"'`".contains(c) || c.is_whitespace();
            let end = self.rest.find(special).unwrap_or(self.rest.len());
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
                Some('\\') => match chars.next() {
                    Some('n') => word.push('\n'),
                    Some('t') => word.push('\t'),
                    Some(c @ ('"' | '\\')) => word.push(c),
                    // A lone backslash stands for itself, as regular expressions need it.
                    Some(c) => word.extend(['\\', c]),
                    None => return Err(self.malformed("the closing quote is missing")),
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

/// As group keys show matchers: `{a="b",c=~"d"}`.
pub(crate) fn display_matchers(matchers: &[Matcher]) -> String {
    let texts = matchers.iter().map(|matcher| {
        format!("{}{}{}", matcher.name(), matcher.op().symbol(), quoted(matcher.value()))
    });
    format!("{{{}}}", texts.collect::<Vec<_>>().join(","))
}

/// In quotes, with the escapes of the text format.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_are_read_quoted_and_bare() {
        let shown = |text: &str| parse_matchers(text).map(|m| display_matchers(&m));
        for (text, expected) in [
            ("a=b", r#"{a="b"}"#),
            (r#" a = "b c" "#, r#"{a="b c"}"#),
            (r#"{a!="b", c=~"d|e"}"#, r#"{a!="b",c=~"d|e"}"#),
            (r#""ä b"!~"x\"\\.y""#, r#"{ä b!~"x\"\\.y"}"#),
            ("a=", r#"{a=""}"#),
            ("{}", "{}"),
        ] {
            assert_eq!(shown(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_matcher_is_refused() {
        for text in ["a", "=b", "a=b c", "{a=b", r#"a="b"#, "a=b=c", r#"a=~"(""#] {
            assert!(parse_matchers(text).is_err(), "{text}");
        }
        let error = parse_matcher("a b").unwrap_err().to_string();
        assert!(error.contains("an operator (= != =~ !~) follows the name"), "{error}");
    }
}
