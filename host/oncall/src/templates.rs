//! A template, rendered with made-up alerts or those of a file.

use narthex_model::{Labels, Timestamp};
use narthex_template::{Library, NotificationAlert, NotificationData, ParseError, RenderError};
use serde_json::{Map, Value};

/// Why there is no text.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A file of templates is none.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The text cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The data is no JSON.
    #[error("the data is no JSON")]
    Json(#[from] serde_json::Error),
    /// The data does not fit.
    #[error("the data: {key}: expected {expected}")]
    Data {
        /// Where.
        key: &'static str,
        /// What would be right.
        expected: &'static str,
    },
}

/// Renders a text with templates of files, given as name and text, about `data`, JSON with
/// Alertmanager's keys; without it there are two made-up alerts.
///
/// # Errors
/// When a template or the data is none, or a step fails.
pub fn render_template(
    files: &[(String, String)],
    (text, is_html): (&str, bool),
    data: Option<&str>,
    now: Timestamp,
) -> Result<String, TemplateError> {
    let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let library = Library::new(files)?;
    let data = match data {
        Some(json) => notification(&serde_json::from_str(json)?)?,
        None => made_up(now),
    };
    let expander = library.expander(&data, now);
    Ok(if is_html { expander.html(text)? } else { expander.text(text)? })
}

/// An object of the data. Its keys are known in any case, as Go's decoder knows them.
struct Object<'a>(Option<&'a Map<String, Value>>);

/// 0001-01-01T00:00:00Z: a time of which nothing is said.
const ZERO_TIME: Timestamp = Timestamp::from_millis(-62_135_596_800_000);

impl<'a> Object<'a> {
    fn of(key: &'static str, value: &'a Value) -> Result<Self, TemplateError> {
        match value {
            Value::Object(map) => Ok(Self(Some(map))),
            Value::Null => Ok(Self(None)),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(TemplateError::Data { key, expected: "an object" })
            }
        }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        let map = self.0?;
        let known = |(name, _): &(&String, &Value)| name.eq_ignore_ascii_case(key);
        map.get(key).or_else(|| map.iter().find(known).map(|(_, value)| value))
    }

    fn text(&self, key: &'static str) -> Result<String, TemplateError> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(TemplateError::Data { key, expected: "a text" }),
        }
    }

    fn labels(&self, key: &'static str) -> Result<Labels, TemplateError> {
        let Some(value) = self.get(key) else { return Ok(Labels::empty()) };
        let pairs = Self::of(key, value)?.0.into_iter().flatten().map(|(name, value)| {
            let expected = "texts by their names";
            let value = value.as_str().ok_or(TemplateError::Data { key, expected })?;
            Ok((name.as_str(), value))
        });
        Ok(Labels::from_pairs(pairs.collect::<Result<Vec<_>, TemplateError>>()?))
    }

    fn time(&self, key: &'static str) -> Result<Timestamp, TemplateError> {
        let text = self.text(key)?;
        if text.is_empty() {
            return Ok(ZERO_TIME);
        }
        let expected = "a time such as 2006-01-02T15:04:05Z";
        let time: Result<jiff::Timestamp, _> = text.parse();
        let time = time.map_err(|_| TemplateError::Data { key, expected })?;
        Ok(Timestamp::from_millis(time.as_millisecond()))
    }
}

fn notification(value: &Value) -> Result<NotificationData, TemplateError> {
    let data = Object::of("the whole", value)?;
    let alerts = match data.get("alerts") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(alerts)) => alerts.iter().map(alert).collect::<Result<_, _>>()?,
        Some(_) => return Err(TemplateError::Data { key: "alerts", expected: "a list" }),
    };
    Ok(NotificationData {
        receiver: data.text("receiver")?,
        status: data.text("status")?,
        alerts,
        notification_reason: data.text("notification_reason")?,
        group_labels: data.labels("groupLabels")?,
        common_labels: data.labels("commonLabels")?,
        common_annotations: data.labels("commonAnnotations")?,
        route_labels: data.labels("routeLabels")?,
        route_labels_rendered: false,
        external_url: data.text("externalURL")?,
    })
}

fn alert(value: &Value) -> Result<NotificationAlert, TemplateError> {
    let alert = Object::of("alerts", value)?;
    Ok(NotificationAlert {
        status: alert.text("status")?,
        labels: alert.labels("labels")?,
        annotations: alert.labels("annotations")?,
        starts_at: alert.time("startsAt")?,
        ends_at: alert.time("endsAt")?,
        generator_url: alert.text("generatorURL")?,
        fingerprint: alert.text("fingerprint")?,
    })
}

/// What `amtool` renders where it is given no data.
fn made_up(now: Timestamp) -> NotificationData {
    let labels = |own: [(&str, &str); 3]| {
        let own = own.into_iter().filter(|(name, _)| !name.is_empty());
        Labels::from_pairs(own.chain(COMMON_LABELS))
    };
    let annotations = |own: [(&str, &str); 2]| Labels::from_pairs(own.into_iter().chain(COMMON));
    let alert =
        |status: &str, minutes: i64, labels, annotations, fingerprint: &str| NotificationAlert {
            status: status.to_owned(),
            labels,
            annotations,
            starts_at: now.saturating_sub(minutes * 60_000),
            ends_at: now,
            generator_url: "https://generatorurl.com".to_owned(),
            fingerprint: fingerprint.to_owned(),
        };
    let firing = alert(
        "firing",
        5,
        labels([("label1", "value1"), ("label2", "value2"), ("instance", "foo.bar:1234")]),
        annotations([("annotation1", "value1"), ("annotation2", "value2")]),
        "fingerprint1",
    );
    let resolved = alert(
        "resolved",
        10,
        labels([("foo", "bar"), ("baz", "qux"), ("", "")]),
        annotations([("aaa", "bbb"), ("ccc", "ddd")]),
        "fingerprint2",
    );
    NotificationData {
        receiver: "receiver".to_owned(),
        status: "alertstatus".to_owned(),
        alerts: vec![firing, resolved],
        group_labels: Labels::from_pairs([
            ("grouplabelkey1", "grouplabelvalue1"),
            ("grouplabelkey2", "grouplabelvalue2"),
        ]),
        common_labels: Labels::from_pairs(COMMON_LABELS),
        common_annotations: Labels::from_pairs(COMMON),
        external_url: "https://example.com".to_owned(),
        ..NotificationData::default()
    }
}

const COMMON_LABELS: [(&str, &str); 2] =
    [("commonlabelkey1", "commonlabelvalue1"), ("commonlabelkey2", "commonlabelvalue2")];
const COMMON: [(&str, &str); 2] = [
    ("commonannotationkey1", "commonannotationvalue1"),
    ("commonannotationkey2", "commonannotationvalue2"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str, data: Option<&str>) -> Result<String, String> {
        let files = [("a.tmpl".to_owned(), "{{ define \"x\" }}<{{ . }}>{{ end }}".to_owned())];
        let rendered = render_template(&files, (text, false), data, Timestamp::from_millis(0));
        rendered.map_err(|error| error.to_string())
    }

    #[test]
    fn data_has_alertmanagers_keys_in_any_case() {
        let data = r#"{
            "Receiver": "r", "status": "firing", "groupLabels": { "a": "b" }, "unknown": 1,
            "alerts": [{ "labels": { "l": "v" }, "startsAt": "2026-01-01T00:00:00+01:00" }]
        }"#;
        let text = "{{ template \"x\" .Receiver }}{{ .GroupLabels.a }}\
                    {{ range .Alerts }}{{ .Labels.l }} {{ .StartsAt }} {{ .EndsAt.Year }}{{ end }}";
        let expected = "<r>bv 2025-12-31 23:00:00 +0000 UTC 1";
        assert_eq!(render(text, Some(data)).as_deref(), Ok(expected));
        assert_eq!(render("{{ .Status }}", Some("null")).as_deref(), Ok(""));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let wrong = |data| render("x", Some(data)).unwrap_err();
        assert_eq!(wrong("[]"), "the data: the whole: expected an object");
        assert_eq!(wrong(r#"{"alerts": 1}"#), "the data: alerts: expected a list");
        assert_eq!(
            wrong(r#"{"alerts": [{"labels": {"a": 1}}]}"#),
            "the data: labels: expected texts by their names"
        );
        let late = wrong(r#"{"alerts": [{"startsAt": "now"}]}"#);
        assert!(late.starts_with("the data: startsAt: expected a time"), "{late}");
        assert!(render("{{ .Nothing }}", None).unwrap_err().contains("can't evaluate field"));
    }
}
