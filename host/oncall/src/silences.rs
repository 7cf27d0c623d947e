//! Silences: which are there, changed, ended, carried from one server to another.

mod add;
mod import;

use narthex_model::Timestamp;

pub use self::add::{NewSilence, add_silence};
pub use self::import::{Import, import_silences};
use crate::arguments::{ArgumentError, filters, later, length, time, time_text};
use crate::server::Alertmanager;
use crate::show::{Form, Style};
use crate::wire::{PostedSilence, Silence};
use crate::{CommandError, Outcome};

/// Which silences are asked for.
#[derive(Clone, Debug, Default)]
pub struct SilenceChoice {
    /// Those that are over instead of those that are not.
    pub expired: bool,
    /// Those that end, or ended, within so long; zero: whenever.
    pub within: std::time::Duration,
    /// Whose.
    pub created_by: Option<String>,
    /// Which one.
    pub id: Option<String>,
    /// Matchers that they have; the first may be the name of an alert.
    pub matchers: Vec<String>,
}

impl SilenceChoice {
    fn takes(&self, silence: &Silence, now: Timestamp) -> bool {
        let terms = &silence.terms;
        let Ok(ends_at) = terms.ends_at.parse::<jiff::Timestamp>() else { return false };
        let ends_at = Timestamp::from_millis(ends_at.as_millisecond());
        let is_over = ends_at < now;
        let is_near = self.within.is_zero()
            || if self.expired {
                ends_at + self.within >= now
            } else {
                ends_at <= now + self.within
            };
        // An empty word asks for nothing, as where a script has nothing to put there.
        let is = |wanted: &Option<String>, it: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == it)
        };
        is_over == self.expired
            && is_near
            && is(&self.created_by, &terms.created_by)
            && is(&self.id, &silence.id)
    }

    async fn find(
        &self,
        server: &Alertmanager,
        now: Timestamp,
    ) -> Result<Vec<Silence>, CommandError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for filter in filters(&self.matchers) {
            query.append_pair("filter", &filter);
        }
        let mut silences = server.silences(&query.finish()).await?;
        silences.retain(|silence| self.takes(silence, now));
        Ok(silences)
    }
}

/// Asks for silences; `only_ids`: a line with nothing but its id for each.
///
/// # Errors
/// When the server does not answer, or refuses a matcher.
pub async fn query_silences(
    server: &Alertmanager,
    choice: &SilenceChoice,
    (style, only_ids): (&Style, bool),
    now: Timestamp,
) -> Result<Outcome, CommandError> {
    Ok(shown(choice.find(server, now).await?, style, only_ids).into())
}

/// The silences as [`import_silences`] takes them.
///
/// # Errors
/// When the server does not answer, or refuses a matcher.
pub async fn export_silences(
    server: &Alertmanager,
    choice: &SilenceChoice,
    now: Timestamp,
) -> Result<Outcome, CommandError> {
    let style = Style { form: Form::Json, ..Style::default() };
    query_silences(server, choice, (&style, false), now).await
}

fn shown(silences: Vec<Silence>, style: &Style, only_ids: bool) -> String {
    if only_ids {
        return silences.iter().map(|silence| format!("{}\n", silence.id)).collect();
    }
    style.silences(silences)
}

/// Ends silences, one after the other, up to the first that the server does not know.
///
/// # Errors
/// When there are none, or the server does not end one.
pub async fn expire_silences(
    server: &Alertmanager,
    ids: &[String],
) -> Result<Outcome, CommandError> {
    for id in some(ids)? {
        server.delete_silence(id).await?;
    }
    Ok(Outcome::default())
}

fn some(ids: &[String]) -> Result<&[String], ArgumentError> {
    if ids.is_empty() { Err(ArgumentError::Sense("no silence IDs specified")) } else { Ok(ids) }
}

/// What becomes different of a silence.
#[derive(Clone, Debug, Default)]
pub struct SilenceChange {
    /// How long it is, from its beginning.
    pub duration: Option<String>,
    /// When it begins, as RFC 3339.
    pub start: Option<String>,
    /// When it ends, as RFC 3339; stands above `duration`.
    pub end: Option<String>,
    /// Why.
    pub comment: Option<String>,
}

/// Changes silences. Those that recur go on to.
///
/// # Errors
/// When there are none, an argument is none, or the server does not take a change.
pub async fn update_silences(
    server: &Alertmanager,
    ids: &[String],
    change: &SilenceChange,
    (style, only_ids): (&Style, bool),
) -> Result<Outcome, CommandError> {
    let mut changed = Vec::new();
    for id in some(ids)? {
        let mut silence = server.silence(id).await?;
        change.apply(&mut silence)?;
        let posted = PostedSilence { id: silence.id.clone(), terms: silence.terms.clone() };
        silence.id = server.post_silence(&posted).await?;
        changed.push(silence);
    }
    Ok(shown(changed, style, only_ids).into())
}

impl SilenceChange {
    fn apply(&self, silence: &mut Silence) -> Result<(), ArgumentError> {
        let terms = &mut silence.terms;
        if let Some(start) = time("--start", self.start.as_deref())? {
            terms.starts_at = time_text(start);
        }
        let starts_at = time("its beginning", Some(&terms.starts_at))?.unwrap_or_default();
        let end = match time("--end", self.end.as_deref())? {
            Some(end) => Some(end),
            None => {
                let duration = self.duration.as_deref().filter(|text| !text.is_empty());
                let end = |text| Ok::<_, ArgumentError>(later(starts_at, length("silence", text)?));
                duration.map(end).transpose()?
            }
        };
        if let Some(end) = end {
            terms.ends_at = time_text(end);
        }
        if Some(starts_at) > time("its end", Some(&terms.ends_at))? {
            return Err(ArgumentError::Sense("silence cannot start after it ends"));
        }
        if let Some(comment) = self.comment.as_ref().filter(|comment| !comment.is_empty()) {
            terms.comment.clone_from(comment);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-01T12:00:00.000Z";

    fn silence(ends_at: &str) -> Silence {
        serde_json::from_value(serde_json::json!({
            "id": "an-id", "status": { "state": "active" }, "updatedAt": NOW,
            "comment": "works", "createdBy": "ada", "endsAt": ends_at, "startsAt": NOW,
            "matchers": [{ "isRegex": false, "name": "a", "value": "b" }],
            "timeIntervals": [{ "months": ["may"] }],
        }))
        .unwrap()
    }

    #[test]
    fn silences_are_chosen_by_their_end() {
        let now: jiff::Timestamp = NOW.parse().unwrap();
        let takes = |expired, within, ends_at| {
            let within = std::time::Duration::from_secs(within);
            let choice = SilenceChoice { expired, within, ..SilenceChoice::default() };
            choice.takes(&silence(ends_at), Timestamp::from_millis(now.as_millisecond()))
        };
        let (past, soon, late) =
            ("2026-01-01T11:00:00.000Z", "2026-01-01T13:00:00.000Z", "2026-01-01T15:00:00.000Z");
        assert_eq!([past, soon, late].map(|end| takes(false, 0, end)), [false, true, true]);
        assert_eq!([past, soon, late].map(|end| takes(false, 7200, end)), [false, true, false]);
        assert_eq!([past, soon, late].map(|end| takes(true, 0, end)), [true, false, false]);
        assert_eq!([past, soon, late].map(|end| takes(true, 1800, end)), [false, false, false]);
    }

    #[test]
    fn who_made_them_is_asked_for_where_somebody_is_named() {
        let takes = |created_by: &str, id: &str| {
            let [created_by, id] = [created_by, id].map(|text| Some(text.to_owned()));
            let choice = SilenceChoice { created_by, id, ..SilenceChoice::default() };
            choice.takes(&silence("2999-01-01T00:00:00.000Z"), Timestamp::from_millis(0))
        };
        assert!(takes("ada", "an-id") && takes("", "an-id") && takes("ada", ""));
        assert!(!takes("eve", "") && !takes("", "another"));
    }

    #[test]
    fn a_change_is_about_the_beginning_and_leaves_the_rest() {
        let mut silence = silence("2026-01-01T13:00:00.000Z");
        let change = SilenceChange { duration: Some("1d".to_owned()), ..SilenceChange::default() };
        change.apply(&mut silence).unwrap();
        assert_eq!(silence.terms.ends_at, "2026-01-02T12:00:00.000Z");
        assert_eq!(silence.terms.comment, "works");
        assert_eq!(silence.terms.time_intervals.len(), 1);
        let start = Some("2027-01-01T00:00:00+01:00".to_owned());
        let change = SilenceChange { start, ..SilenceChange::default() };
        let error = change.apply(&mut silence).unwrap_err().to_string();
        assert_eq!(error, "silence cannot start after it ends");
        let change = SilenceChange { duration: Some("0".to_owned()), ..SilenceChange::default() };
        let error = change.apply(&mut silence).unwrap_err().to_string();
        assert_eq!(error, "silence duration must be greater than 0");
    }
}
