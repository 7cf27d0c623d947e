//! Matchers as JSON.

use narthex_model::{MatchOp, Matcher};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Fault;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PostedMatcher {
    name: Option<String>,
    value: Option<String>,
    is_regex: Option<bool>,
    #[serde(default)]
    is_equal: Option<bool>,
}

/// As it is shown.
pub(super) fn matcher(matcher: &Matcher) -> Value {
    let op = matcher.op();
    json!({
        "name": matcher.name(),
        "value": matcher.value(),
        "isEqual": matches!(op, MatchOp::Equal | MatchOp::Regex),
        "isRegex": matches!(op, MatchOp::Regex | MatchOp::NotRegex),
    })
}

/// Those of a body; `of` is what they belong to.
pub(super) fn posted_matchers(
    of: &str,
    posted: Option<Vec<PostedMatcher>>,
) -> Result<Vec<Matcher>, Fault> {
    let posted = posted.ok_or_else(|| Fault::required(&format!("{of}.matchers")))?;
    if posted.is_empty() {
        return Err(Fault::too_few(&format!("{of}.matchers")));
    }
    posted.into_iter().enumerate().map(|(place, matcher)| matcher.read(of, place)).collect()
}

impl PostedMatcher {
    fn read(self, of: &str, place: usize) -> Result<Matcher, Fault> {
        let required =
            |property: &str| Fault::required(&format!("{of}.matchers.{place}.{property}"));
        let name = self.name.ok_or_else(|| required("name"))?;
        let value = self.value.ok_or_else(|| required("value"))?;
        let is_regex = self.is_regex.ok_or_else(|| required("isRegex"))?;
        let op = match (self.is_equal.unwrap_or(true), is_regex) {
            (true, false) => MatchOp::Equal,
            (false, false) => MatchOp::NotEqual,
            (true, true) => MatchOp::Regex,
            (false, true) => MatchOp::NotRegex,
        };
        if name.is_empty() {
            let message =
                format!("invalid {of}: invalid label matcher {place}: invalid label name \"\"");
            return Err(Fault::bad(message));
        }
        Matcher::new(op, name, value).map_err(|error| {
            Fault::bad(format!("invalid {of}: invalid label matcher {place}: {error}"))
        })
    }
}
