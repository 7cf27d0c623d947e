//! Alerts and silences as `amtool` prints them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;

use jiff::Timestamp;
use narthex_alerting::{matcher_text, matchers_text};
use narthex_model::Matcher;
use narthex_template::TimeValue;
use serde::Serialize;

use crate::table::table;
use crate::wire::{Alert, Silence};

/// How times are shown where nothing else is asked for, as a layout of Go.
pub const DATE_LAYOUT: &str = "2006-01-02 15:04:05 MST";
/// How servers write times.
const WRITTEN: &str = "2006-01-02T15:04:05.999999999Z07:00";

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// What people want to know.
    #[default]
    Simple,
    /// Everything.
    Extended,
    /// For programs.
    Json,
}

/// How answers look.
#[derive(Clone, Debug)]
pub struct Style {
    /// How much is shown.
    pub form: Form,
    /// How times are shown, as a layout of Go.
    pub date_layout: String,
}

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "simple" => Ok(Self::Simple),
            "extended" => Ok(Self::Extended),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is none of simple, extended, json")),
        }
    }
}

impl Default for Style {
    fn default() -> Self {
        Self { form: Form::default(), date_layout: DATE_LAYOUT.to_owned() }
    }
}

impl Style {
    pub(crate) fn alerts(&self, mut alerts: Vec<Alert>) -> String {
        let heads = match self.form {
            Form::Json => return json(&alerts),
            Form::Simple => "Alertname\tStarts At\tSummary\tState\t\n",
            Form::Extended => "Labels\tAnnotations\tStarts At\tEnds At\tGenerator URL\tState\t\n",
        };
        alerts.sort_by(|a, b| by_time(&a.starts_at, &b.starts_at));
        let mut lines = heads.to_owned();
        for alert in &alerts {
            let (starts_at, state) = (self.date(&alert.starts_at), &alert.status.state);
            let line = if self.form == Form::Simple {
                let text = |pairs: &BTreeMap<String, String>, name| {
                    pairs.get(name).cloned().unwrap_or_default()
                };
                let (name, summary) =
                    (text(&alert.labels, "alertname"), text(&alert.annotations, "summary"));
                format!("{name}\t{starts_at}\t{summary}\t{state}\t\n")
            } else {
                let (labels, annotations) = (pairs(&alert.labels), pairs(&alert.annotations));
                let (ends_at, url) = (self.date(&alert.ends_at), &alert.generator_url);
                format!("{labels}\t{annotations}\t{starts_at}\t{ends_at}\t{url}\t{state}\t\n")
            };
            lines.push_str(&line);
        }
        table(&lines)
    }

    pub(crate) fn silences(&self, mut silences: Vec<Silence>) -> String {
        // Who reads a table gets what ends next first; a program gets them as they come.
        let mut lines = match self.form {
            Form::Json => return json(&silences),
            Form::Simple => "ID\tMatchers\tEnds At\tCreated By\tComment\t\n".to_owned(),
            Form::Extended => {
                "ID\tMatchers\tStarts At\tEnds At\tUpdated At\tCreated By\tComment\t\n".to_owned()
            }
        };
        silences.sort_by(|a, b| by_time(&a.terms.ends_at, &b.terms.ends_at));
        for silence in &silences {
            let (id, terms) = (&silence.id, &silence.terms);
            let matchers: Vec<Matcher> =
                terms.matchers.iter().filter_map(|matcher| matcher.matcher()).collect();
            let (by, comment, ends_at) =
                (&terms.created_by, &terms.comment, self.date(&terms.ends_at));
            // Writing to a string cannot fail.
            if self.form == Form::Simple {
                let matchers: Vec<String> = matchers.iter().map(matcher_text).collect();
                let matchers = matchers.join(" ");
                writeln!(lines, "{id}\t{matchers}\t{ends_at}\t{by}\t{comment}\t").ok();
            } else {
                let matchers = matchers_text(&matchers);
                let (starts_at, updated_at) =
                    (self.date(&terms.starts_at), self.date(&silence.updated_at));
                writeln!(
                    lines,
                    "{id}\t{matchers}\t{starts_at}\t{ends_at}\t{updated_at}\t{by}\t{comment}\t"
                )
                .ok();
            }
        }
        table(&lines)
    }

    /// On the clock on which the server wrote it.
    pub(crate) fn date(&self, text: &str) -> String {
        let time = TimeValue::parse(WRITTEN, text);
        time.map_or_else(|_| text.to_owned(), |time| time.format(&self.date_layout))
    }
}

/// `a="b" c="d"`, for people: values stay as they are.
pub(crate) fn pairs(pairs: &BTreeMap<String, String>) -> String {
    let mut texts: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    texts.sort();
    texts.join(" ")
}

fn by_time(a: &str, b: &str) -> Ordering {
    let read = |text: &str| text.parse::<Timestamp>().ok();
    read(a).cmp(&read(b))
}

/// JSON in one line, with the escapes that Go's encoder adds for pages.
pub(crate) fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("the shapes are JSON");
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    format!("{}\n", text.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"))
}
