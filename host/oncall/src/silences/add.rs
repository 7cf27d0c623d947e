//! A new silence, and a look at what it is about.

use std::time::Duration;

use jiff::Timestamp;
use narthex_alerting::{TimeInterval, matcher_text};
use narthex_model::Matcher;
use narthex_settings::error_chain;

use crate::arguments::{ArgumentError, later, length, matchers, pairs, time, time_text};
use crate::server::{Alertmanager, ServerError};
use crate::show;
use crate::wire::{PostedSilence, SilenceMatcher, Terms};
use crate::{CommandError, Outcome};

/// The length of a silence of which nothing else is said.
const DURATION: Duration = Duration::from_secs(3600);
/// Alerts that are shown one by one.
const SHOWN_MAX: usize = 10;

/// A silence that is made by hand.
#[derive(Clone, Debug, Default)]
pub struct NewSilence {
    /// Matchers; the first may be the name of an alert.
    pub matchers: Vec<String>,
    /// Whose it is.
    pub author: String,
    /// Why.
    pub comment: String,
    /// Whether it has to be said why.
    pub requires_comment: bool,
    /// How long; an hour where nothing is said.
    pub duration: Option<String>,
    /// When it begins, as RFC 3339; now where nothing is said.
    pub start: Option<String>,
    /// When it ends, as RFC 3339; stands above `duration`.
    pub end: Option<String>,
    /// Pairs.
    pub annotations: Vec<String>,
    /// Between its beginning and its end it holds in these alone, if there are any.
    pub recurring: Vec<TimeInterval>,
    /// Whether it is only looked at, not made.
    pub is_dry: bool,
}

impl NewSilence {
    fn terms(&self, matchers: &[Matcher], now: Timestamp) -> Result<Terms, ArgumentError> {
        if matchers.is_empty() {
            return Err(ArgumentError::Sense("no matchers specified"));
        }
        let starts_at = time("--start", self.start.as_deref())?.unwrap_or(now);
        let end = time("--end", self.end.as_deref())?;
        if end.is_none() && self.duration.is_none() && !self.recurring.is_empty() {
            let why = "give --end or --duration: until when the silence recurs";
            return Err(ArgumentError::Sense(why));
        }
        let ends_at = match (end, &self.duration) {
            (Some(end), _) => end,
            (None, Some(duration)) => later(starts_at, length("silence", duration)?),
            (None, None) => later(starts_at, DURATION),
        };
        if starts_at > ends_at {
            return Err(ArgumentError::Sense("silence cannot start after it ends"));
        }
        if self.requires_comment && self.comment.is_empty() {
            return Err(ArgumentError::Sense("comment required by config"));
        }
        Ok(Terms {
            annotations: pairs("annotations", &self.annotations)?,
            comment: self.comment.clone(),
            created_by: self.author.clone(),
            ends_at: time_text(ends_at),
            matchers: matchers.iter().map(SilenceMatcher::from).collect(),
            starts_at: time_text(starts_at),
            time_intervals: self.recurring.clone(),
        })
    }
}

/// Makes a silence; the answer is its id, and which alerts it is about stands beside it.
///
/// # Errors
/// When an argument is none, or the server does not take the silence.
pub async fn add_silence(
    server: &Alertmanager,
    new: &NewSilence,
    now: narthex_model::Timestamp,
) -> Result<Outcome, CommandError> {
    let matchers = matchers(&new.matchers)?;
    let now = Timestamp::from_millisecond(now.millis()).unwrap_or_default();
    let terms = new.terms(&matchers, now)?;
    if new.is_dry {
        let preview = preview(server, &matchers).await?;
        return Ok(preview.iter().map(|line| format!("{line}\n")).collect::<String>().into());
    }
    // First: whatever becomes of the look, the silence is what was asked for.
    let id = server.post_silence(&PostedSilence { id: String::new(), terms }).await?;
    let aside = preview(server, &matchers).await.unwrap_or_else(|error| {
        vec![format!("the alerts that match cannot be shown: {}", error_chain(&error))]
    });
    Ok(Outcome { answer: format!("{id}\n"), aside, is_bad: false })
}

/// The alerts that are there and that matchers choose.
async fn preview(server: &Alertmanager, matchers: &[Matcher]) -> Result<Vec<String>, ServerError> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for kind in ["active", "inhibited", "silenced", "unprocessed"] {
        query.append_pair(kind, "true");
    }
    for matcher in matchers {
        query.append_pair("filter", &matcher_text(matcher));
    }
    let alerts = server.alerts(&query.finish()).await?;
    let mut lines = vec![match alerts.len() {
        0 => "no alert that fires now matches".to_owned(),
        1 => "1 alert that fires now matches:".to_owned(),
        many => format!("{many} alerts that fire now match:"),
    }];
    let mut shown: Vec<String> = alerts.iter().map(|it| show::pairs(&it.labels)).collect();
    shown.sort();
    let more = shown.len().saturating_sub(SHOWN_MAX);
    lines.extend(shown.iter().take(SHOWN_MAX).map(|labels| format!("  {labels}")));
    lines.extend((more > 0).then(|| format!("  and {more} more")));
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(new: &NewSilence, expected: Result<(&str, &str), &str>) {
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        let matchers = matchers(&new.matchers).unwrap();
        let terms = new.terms(&matchers, now).map_err(|error| error.to_string());
        let times = terms.as_ref().map(|terms| (terms.starts_at.as_str(), terms.ends_at.as_str()));
        assert_eq!(times.map_err(String::as_str), expected);
    }

    #[test]
    fn a_silence_begins_now_and_lasts_an_hour_or_as_it_is_said() {
        let text = |text: &str| Some(text.to_owned());
        let new = NewSilence { matchers: vec!["Down".to_owned()], ..NewSilence::default() };
        let now = "2026-01-01T12:00:00.000Z";
        check(&new, Ok((now, "2026-01-01T13:00:00.000Z")));
        let long = NewSilence { duration: text("2d"), ..new.clone() };
        check(&long, Ok((now, "2026-01-03T12:00:00.000Z")));
        let both = NewSilence { end: text("2026-01-01T12:30:00Z"), ..long.clone() };
        check(&both, Ok((now, "2026-01-01T12:30:00.000Z")));
        let late = NewSilence { start: text("2026-02-01T00:00:00Z"), ..both };
        check(&late, Err("silence cannot start after it ends"));
        let none = NewSilence { duration: text("0s"), ..new.clone() };
        check(&none, Err("silence duration must be greater than 0"));
        let silent = NewSilence { requires_comment: true, ..new.clone() };
        check(&silent, Err("comment required by config"));
        let recurring = vec![crate::parse_recurring("months=may").unwrap()];
        let endless = NewSilence { recurring: recurring.clone(), ..new };
        check(&endless, Err("give --end or --duration: until when the silence recurs"));
        let ended = NewSilence { recurring, ..long };
        check(&ended, Ok((now, "2026-01-03T12:00:00.000Z")));
        check(&NewSilence::default(), Err("no matchers specified"));
    }
}
