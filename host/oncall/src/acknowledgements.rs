//! Acknowledgements of alerts, which our server has and an Alertmanager has not.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::arguments::{ArgumentError, filters, later, length, matchers, time, time_text};
use crate::server::Alertmanager;
use crate::show::{Form, Style, json, pairs};
use crate::table::table;
use crate::wire::{Acknowledgement, PostedAcknowledgement, SilenceMatcher};
use crate::{CommandError, Outcome};

/// That somebody cares for alerts that fire.
#[derive(Clone, Debug, Default)]
pub struct NewAcknowledgement {
    /// Matchers; the first may be the name of an alert.
    pub matchers: Vec<String>,
    /// Who it is.
    pub author: String,
    /// What is done.
    pub comment: String,
    /// Whether it has to be said what is done.
    pub requires_comment: bool,
    /// How long it counts; until the alert is over where nothing is said.
    pub duration: Option<String>,
    /// When it ends, as RFC 3339; stands above `duration`.
    pub end: Option<String>,
}

impl NewAcknowledgement {
    fn posted(&self, now: Timestamp) -> Result<PostedAcknowledgement, ArgumentError> {
        let matchers = matchers(&self.matchers)?;
        if matchers.is_empty() {
            return Err(ArgumentError::Sense("no matchers specified"));
        }
        if self.requires_comment && self.comment.is_empty() {
            return Err(ArgumentError::Sense("comment required by config"));
        }
        let ends_at = match (time("--end", self.end.as_deref())?, &self.duration) {
            (Some(end), _) => Some(end),
            (None, Some(duration)) => Some(later(now, length("acknowledgement", duration)?)),
            (None, None) => None,
        };
        Ok(PostedAcknowledgement {
            comment: self.comment.clone(),
            created_by: self.author.clone(),
            ends_at: ends_at.map(time_text),
            matchers: matchers.iter().map(SilenceMatcher::from).collect(),
        })
    }
}

/// Acknowledges all alerts that fire and match; the answer shows them.
///
/// # Errors
/// When an argument is none, or the server does not take it: because no such alert fires, or because it is an
/// Alertmanager.
pub async fn acknowledge(
    server: &Alertmanager,
    new: &NewAcknowledgement,
    style: &Style,
    now: narthex_model::Timestamp,
) -> Result<Outcome, CommandError> {
    let now = Timestamp::from_millisecond(now.millis()).unwrap_or_default();
    let posted = new.posted(now)?;
    Ok(style.acknowledgements(&server.post_acknowledgement(&posted).await?).into())
}

/// Asks which alerts that match are acknowledged.
///
/// # Errors
/// When the server does not answer, or refuses a matcher.
pub async fn query_acknowledgements(
    server: &Alertmanager,
    matchers: &[String],
    style: &Style,
) -> Result<Outcome, CommandError> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for filter in filters(matchers) {
        query.append_pair("filter", &filter);
    }
    Ok(style.acknowledgements(&server.acknowledgements(&query.finish()).await?).into())
}

/// Takes acknowledgements back, one after the other, up to the first that the server does not know.
///
/// # Errors
/// When there are none, or the server does not take one back.
pub async fn unacknowledge(
    server: &Alertmanager,
    fingerprints: &[String],
) -> Result<Outcome, CommandError> {
    if fingerprints.is_empty() {
        return Err(ArgumentError::Sense("no fingerprints specified").into());
    }
    for fingerprint in fingerprints {
        server.delete_acknowledgement(fingerprint).await?;
    }
    Ok(Outcome::default())
}

impl Style {
    /// In the order of the server, which is that of labels.
    fn acknowledgements(&self, acknowledged: &[Acknowledgement]) -> String {
        let mut lines = match self.form {
            Form::Json => return json(&acknowledged),
            Form::Simple => "Fingerprint\tLabels\tEnds At\tCreated By\tComment\t\n".to_owned(),
            Form::Extended => {
                "Fingerprint\tLabels\tCreated At\tEnds At\tCreated By\tComment\t\n".to_owned()
            }
        };
        for one in acknowledged {
            let labels = pairs(&one.labels);
            let (fingerprint, by, comment) = (&one.fingerprint, &one.created_by, &one.comment);
            let ends_at = one.ends_at.as_deref();
            let ends_at = ends_at.map_or_else(|| "with the alert".to_owned(), |at| self.date(at));
            let created_at = match self.form {
                Form::Extended => format!("{}\t", self.date(&one.created_at)),
                Form::Simple | Form::Json => String::new(),
            };
            // Writing to a string cannot fail.
            writeln!(lines, "{fingerprint}\t{labels}\t{created_at}{ends_at}\t{by}\t{comment}\t")
                .ok();
        }
        table(&lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_ends_with_its_alert_or_as_it_is_said() {
        let text = |text: &str| Some(text.to_owned());
        let new = NewAcknowledgement {
            matchers: vec!["Down".to_owned()],
            author: "ada".to_owned(),
            requires_comment: true,
            comment: "on it".to_owned(),
            ..NewAcknowledgement::default()
        };
        let check = |new: &NewAcknowledgement, expected: Result<Option<&str>, &str>| {
            let posted = new.posted("2026-01-01T12:00:00Z".parse().unwrap());
            let posted = posted.map_err(|error| error.to_string());
            let end = posted.as_ref().map(|posted| posted.ends_at.as_deref());
            assert_eq!(end.map_err(String::as_str), expected);
        };
        check(&new, Ok(None));
        let short = NewAcknowledgement { duration: text("2h"), ..new.clone() };
        check(&short, Ok(Some("2026-01-01T14:00:00.000Z")));
        let both = NewAcknowledgement { end: text("2026-01-02T00:00:00Z"), ..short };
        check(&both, Ok(Some("2026-01-02T00:00:00.000Z")));
        let mute = NewAcknowledgement { comment: String::new(), ..new.clone() };
        check(&mute, Err("comment required by config"));
        check(&NewAcknowledgement { requires_comment: false, ..mute }, Ok(None));
        check(&NewAcknowledgement { matchers: Vec::new(), ..new }, Err("no matchers specified"));
    }

    #[test]
    fn acknowledgements_are_shown_with_their_alerts() {
        let acknowledged: Vec<Acknowledgement> = serde_json::from_value(serde_json::json!([{
            "fingerprint": "00000000000000ab", "labels": { "alertname": "Down", "a": "b" },
            "createdAt": "2026-01-01T12:00:00.000Z", "createdBy": "ada", "comment": "on it",
        }, {
            "fingerprint": "00000000000000cd", "labels": { "alertname": "Slow" },
            "createdAt": "2026-01-01T12:00:00.000Z", "createdBy": "eve", "comment": "<soon>",
            "endsAt": "2026-01-02T12:00:00.000Z",
        }]))
        .unwrap();
        let shown = |form| Style { form, ..Style::default() }.acknowledgements(&acknowledged);
        assert_eq!(
            shown(Form::Simple),
            "Fingerprint       Labels                  Ends At                  Created By  Comment  \n\
             00000000000000ab  a=\"b\" alertname=\"Down\"  with the alert           ada         on it    \n\
             00000000000000cd  alertname=\"Slow\"        2026-01-02 12:00:00 UTC  eve         <soon>   \n"
        );
        let extended = shown(Form::Extended);
        assert!(extended.contains("  2026-01-01 12:00:00 UTC  with the alert  "), "{extended}");
        assert!(shown(Form::Json).contains("\"comment\":\"\\u003csoon\\u003e\""));
    }
}
