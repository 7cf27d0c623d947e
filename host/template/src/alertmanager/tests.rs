use narthex_model::{Labels, Timestamp};

use crate::{Library, Limits, NotificationAlert, NotificationData};

mod any_text;
mod built_in;
mod data;
mod email;
mod functions;
mod route_labels;

/// 2024-02-29 12:34:56.789 UTC.
const NOW: Timestamp = Timestamp::from_millis(1_709_210_096_789);

pub(super) fn data() -> NotificationData {
    let alert = |status: &str, instance: &str, severity: &str| NotificationAlert {
        status: status.to_owned(),
        labels: Labels::from_pairs([
            ("alertname", "DiskFull"),
            ("disk", "/"),
            ("instance", instance),
            ("severity", severity),
        ]),
        annotations: Labels::from_pairs([
            ("summary", "97% used"),
            ("runbook", "http://wiki/<disk>"),
        ]),
        starts_at: Timestamp::from_millis(NOW.millis() - 90_500),
        ends_at: Timestamp::from_millis(NOW.millis() + 240_000),
        generator_url: "http://narthex.test:9090/graph?g0.expr=up%3D0&g0.tab=1".to_owned(),
        fingerprint: "c7e68cb08e3e67f9".to_owned(),
    };
    NotificationData {
        receiver: "team x|y".to_owned(),
        status: "firing".to_owned(),
        alerts: vec![
            alert("firing", "a:9100", "warning"),
            alert("resolved", "b:9100", "critical"),
            alert("firing", "c&d", "info"),
        ],
        notification_reason: "new alerts in group".to_owned(),
        group_labels: Labels::from_pairs([("alertname", "DiskFull")]),
        common_labels: Labels::from_pairs([("alertname", "DiskFull"), ("disk", "/")]),
        common_annotations: Labels::from_pairs([
            ("summary", "97% used"),
            ("runbook", "http://wiki/<disk>"),
        ]),
        external_url: "http://alerts.test:9093".to_owned(),
        ..NotificationData::default()
    }
}

fn text(text: &str) -> Result<String, String> {
    let expander = Library::default().expander(&data(), NOW);
    expander.text(text).map_err(|error| error.to_string())
}

#[track_caller]
fn check(template: &str, expected: &str) {
    assert_eq!(text(template).as_deref(), Ok(expected), "{template}");
}

/// The error without its place.
#[track_caller]
fn check_error(template: &str, expected: &str) {
    let error = text(template).expect_err("an error is expected");
    let message = error.splitn(4, ':').nth(3).unwrap_or(&error);
    let (_, message) = message.split_once(": ").unwrap_or(("", message));
    assert_eq!(message, expected, "{template}: {error}");
}

#[test]
fn files_add_to_the_built_in_templates_and_replace_them() {
    let library = Library::new([
        ("a.tmpl", "{{ define \"__subject\" }}mine{{ end }}{{ define \"x\" }}1{{ end }}file a"),
        ("b.tmpl", "{{ define \"x\" }}2{{ end }}"),
    ])
    .unwrap();
    let expander = library.expander(&data(), NOW);
    let rendered = expander.text(
        "{{ template \"slack.default.title\" . }} {{ template \"x\" }} {{ template \"a.tmpl\" }}",
    );
    assert_eq!(rendered.unwrap(), "mine 2 file a");

    let twice = "{{ define \"x\" }}1{{ end }}{{ define \"x\" }}2{{ end }}";
    let error = Library::new([("c.tmpl", twice)]).unwrap_err();
    assert_eq!(error.to_string(), "template: c.tmpl:1:27: multiple definition of template \"x\"");
    let error = Library::new([("c.tmpl", "{{ query \"up\" }}")]).unwrap_err();
    assert_eq!(error.to_string(), "template: c.tmpl:1:4: function \"query\" not defined");
}

#[test]
fn a_text_is_checked_without_data() {
    let library = Library::default();
    assert_eq!(library.check("{{ .Anything }} {{ toUpper \"x\" }}"), Ok(()));
    let error = library.check("{{ .Anything ").unwrap_err();
    assert_eq!(error.to_string(), "template: (text):1:14: unclosed action");
}

#[test]
fn each_text_has_limits_of_its_own() {
    let limits = Limits { output_bytes_max: 20, ..Limits::default() };
    let expander = Library::default().expander(&data(), NOW).with_limits(limits);
    assert_eq!(expander.text("{{ .Status }}").unwrap(), "firing");
    let error = expander.text("{{ template \"__text_alert_list\" .Alerts }}").unwrap_err();
    assert_eq!(error.message, "printf gave a text of more than 20 bytes");
    assert_eq!(&*error.name, "default.tmpl");
}
