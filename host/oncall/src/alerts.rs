//! Alerts: which are there, and one more.

use crate::arguments::{ArgumentError, filters, pairs, time, time_text};
use crate::server::Alertmanager;
use crate::show::Style;
use crate::wire::PostedAlert;
use crate::{CommandError, Outcome};

/// Which alerts are asked for.
#[derive(Clone, Debug, Default)]
pub struct AlertChoice {
    /// Those that another alert keeps quiet.
    pub inhibited: bool,
    /// Those that a silence keeps quiet.
    pub silenced: bool,
    /// Those that are notified of; the only ones if no kind is named.
    pub active: bool,
    /// Those that the server has not looked at.
    pub unprocessed: bool,
    /// Those whose receiver this expression matches; empty: all.
    pub receiver: String,
    /// Matchers; the first may be the name of an alert.
    pub matchers: Vec<String>,
}

impl AlertChoice {
    fn query(&self) -> String {
        let names_none = !(self.inhibited || self.silenced || self.active || self.unprocessed);
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, is_wanted) in [
            ("active", self.active || names_none),
            ("inhibited", self.inhibited),
            ("silenced", self.silenced),
            ("unprocessed", self.unprocessed),
        ] {
            query.append_pair(name, if is_wanted { "true" } else { "false" });
        }
        for filter in filters(&self.matchers) {
            query.append_pair("filter", &filter);
        }
        if !self.receiver.is_empty() {
            query.append_pair("receiver", &self.receiver);
        }
        query.finish()
    }
}

/// Asks for alerts.
///
/// # Errors
/// When the server does not answer, or refuses a matcher.
pub async fn query_alerts(
    server: &Alertmanager,
    choice: &AlertChoice,
    style: &Style,
) -> Result<Outcome, CommandError> {
    Ok(style.alerts(server.alerts(&choice.query()).await?).into())
}

/// An alert that is made by hand.
#[derive(Clone, Debug, Default)]
pub struct NewAlert {
    /// Pairs; the first may be the name of the alert.
    pub labels: Vec<String>,
    /// Pairs.
    pub annotations: Vec<String>,
    /// Where it comes from.
    pub generator_url: String,
    /// When it began, as RFC 3339.
    pub start: Option<String>,
    /// When it ends, as RFC 3339.
    pub end: Option<String>,
}

/// Sends an alert.
///
/// # Errors
/// When an argument is none, or the server does not take the alert.
pub async fn add_alert(server: &Alertmanager, new: &NewAlert) -> Result<Outcome, CommandError> {
    let at = |flag, text: &Option<String>| -> Result<Option<String>, ArgumentError> {
        Ok(time(flag, text.as_deref())?.map(time_text))
    };
    let alert = PostedAlert {
        labels: pairs("labels", &filters(&new.labels))?,
        annotations: pairs("annotations", &new.annotations)?,
        starts_at: at("--start", &new.start)?,
        ends_at: at("--end", &new.end)?,
        generator_url: new.generator_url.clone(),
    };
    server.post_alerts(&[alert]).await?;
    Ok(Outcome::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_alerts_are_asked_for_where_nothing_is_said() {
        let choice = |matchers: &[&str]| AlertChoice {
            matchers: matchers.iter().map(|text| (*text).to_owned()).collect(),
            ..AlertChoice::default()
        };
        assert_eq!(
            choice(&["Down", "a=b"]).query(),
            "active=true&inhibited=false&silenced=false&unprocessed=false\
             &filter=alertname%3D%22Down%22&filter=a%3Db"
        );
        let silenced = AlertChoice { silenced: true, receiver: "a|b".to_owned(), ..choice(&[]) };
        assert_eq!(
            silenced.query(),
            "active=false&inhibited=false&silenced=true&unprocessed=false&receiver=a%7Cb"
        );
    }
}
