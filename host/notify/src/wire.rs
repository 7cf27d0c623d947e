//! Alerts as `POST /api/v2/alerts` takes them.

use std::sync::Arc;

use bytes::Bytes;
use narthex_model::{Alert, Labels, Timestamp};
use serde::{Serialize, Serializer};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Posted<'a> {
    labels: Pairs<'a>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    annotations: Pairs<'a>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "str::is_empty")]
    generator_url: &'a str,
}

struct Pairs<'a>(&'a Labels);

impl Pairs<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0)
    }
}

/// The body of a request.
pub(crate) fn body(alerts: &[Arc<Alert>]) -> Bytes {
    let posted: Vec<Posted<'_>> = alerts.iter().map(|alert| posted(alert)).collect();
    serde_json::to_vec(&posted).expect("texts in maps with texts as keys are JSON").into()
}

fn posted(alert: &Alert) -> Posted<'_> {
    Posted {
        labels: Pairs(&alert.labels),
        annotations: Pairs(&alert.annotations),
        starts_at: rfc3339(alert.starts_at),
        ends_at: rfc3339(alert.ends_at),
        generator_url: &alert.generator_url,
    }
}

/// With milliseconds, as Prometheus writes it. Times beyond the year 9999 are held there.
fn rfc3339(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.millis());
    format!("{:.3}", at.unwrap_or(jiff::Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_written_as_prometheus_writes_it() {
        let alert = Alert {
            labels: Labels::from_pairs([("alertname", "Down"), ("job", "a\"b")]),
            annotations: Labels::from_pairs([("summary", "It is down")]),
            starts_at: Timestamp::from_millis(1_500),
            ends_at: Timestamp::from_millis(1_785_585_600_000),
            is_end_guessed: false,
            updated_at: Timestamp::from_millis(0),
            generator_url: "http://n/graph?g0.expr=up".to_owned(),
            value: Some(1.0),
        };
        let bare =
            Alert { annotations: Labels::empty(), generator_url: String::new(), ..alert.clone() };
        assert_eq!(
            std::str::from_utf8(&body(&[Arc::new(alert), Arc::new(bare)])).unwrap(),
            "[{\"labels\":{\"alertname\":\"Down\",\"job\":\"a\\\"b\"},\"annotations\":{\"summary\":\"It is down\"},\
             \"startsAt\":\"1970-01-01T00:00:01.500Z\",\"endsAt\":\"2026-08-01T12:00:00.000Z\",\
             \"generatorURL\":\"http://n/graph?g0.expr=up\"},\
             {\"labels\":{\"alertname\":\"Down\",\"job\":\"a\\\"b\"},\
             \"startsAt\":\"1970-01-01T00:00:01.500Z\",\"endsAt\":\"2026-08-01T12:00:00.000Z\"}]"
        );
    }
}
