//! What templates see of a notification.

use narthex_model::Labels;

use super::{NOW, check, check_error, data};
use crate::Library;

#[test]
fn fields_and_methods() {
    check(
        "{{ .Receiver }} {{ .Status }} {{ .NotificationReason }}",
        "team x|y firing new alerts in group",
    );
    check("{{ len .Alerts }} {{ .Alerts.Firing | len }} {{ len .Alerts.Resolved }}", "3 2 1");
    check(
        "{{ (index .Alerts 1).Labels.instance }} {{ (index .Alerts.Firing 1).Labels.instance }}",
        "b:9100 c&d",
    );
    check(
        "{{ range slice .Alerts 1 }}{{ .Fingerprint }},{{ .Labels.none }};{{ end }}",
        "c7e68cb08e3e67f9,;c7e68cb08e3e67f9,;",
    );
    check(
        "{{ with (index .Alerts 0) }}{{ .GeneratorURL }} {{ .EndsAt.Sub .StartsAt }}{{ end }}",
        "http://narthex.test:9090/graph?g0.expr=up%3D0&g0.tab=1 5m30.5s",
    );
    check(
        "{{ if .RouteLabels }}some{{ else }}none{{ end }} {{ .ExternalURL }}",
        "none http://alerts.test:9093",
    );
    check_error("{{ .NoSuch }}", "can't evaluate field NoSuch in type object");
    check_error("{{ .Status.x }}", "can't evaluate field x in type string");
    check_error(
        "{{ .Alerts.Firing 1 }}",
        "error calling Firing: wrong number of args: want 0 got 1",
    );
}

#[test]
fn labels_are_pairs_names_and_values() {
    check(
        "{{ .CommonLabels }}|{{ .CommonLabels.SortedPairs }}",
        "alertname=DiskFull, disk=/|alertname=DiskFull, disk=/",
    );
    check("{{ .CommonLabels.Names }} {{ .CommonLabels.Values }}", "[alertname disk] [DiskFull /]");
    check(
        "{{ .CommonLabels.Names.Join \"+\" }} {{ .CommonLabels.SortedPairs.Values | join \", \" }}",
        "alertname+disk DiskFull, /",
    );
    check(
        "{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }};{{ end }}",
        "alertname=DiskFull;disk=/;",
    );
    check(
        "{{ range $name, $value := .CommonLabels }}{{ $name }}={{ $value }};{{ end }}",
        "alertname=DiskFull;disk=/;",
    );
    check(
        "{{ index .CommonLabels \"disk\" }} {{ len .CommonLabels }} {{ index .CommonLabels.SortedPairs 0 }}",
        "/ 2 {alertname DiskFull}",
    );
    check("{{ .CommonLabels.Remove (stringSlice \"alertname\" \"x\") }}", "disk=/");
    check("{{ with .CommonLabels.Remove .CommonLabels.Names }}some{{ else }}none{{ end }}", "none");
    check_error(
        "{{ .CommonLabels.Remove \"disk\" }}",
        "error calling Remove: wrong type for value; expected a list; got string",
    );
    check_error(
        "{{ .CommonLabels.Remove (list 1) }}",
        "error calling Remove: wrong type for value; expected string; got int",
    );
}

#[test]
fn the_name_of_the_alert_comes_first() {
    let mut data = data();
    data.common_labels = Labels::from_pairs([("alertname", "n"), ("Zone", "z"), ("a", "b")]);
    let expander = Library::default().expander(&data, NOW);
    assert_eq!(expander.text("{{ .CommonLabels }}").unwrap(), "alertname=n, Zone=z, a=b");
    assert_eq!(
        expander.text("{{ range $n, $_ := .CommonLabels }}{{ $n }} {{ end }}").unwrap(),
        "Zone a alertname "
    );
}

#[test]
fn data_as_a_whole() {
    let mut data = data();
    data.alerts.truncate(1);
    let expander = Library::default().expander(&data, NOW);
    assert_eq!(
        expander.text("{{ . }}").unwrap(),
        "{team x|y firing [{firing alertname=DiskFull, disk=/, instance=a:9100, severity=warning \
         runbook=http://wiki/<disk>, summary=97% used 2024-02-29 12:33:26.289 +0000 UTC \
         2024-02-29 12:38:56.789 +0000 UTC http://narthex.test:9090/graph?g0.expr=up%3D0&g0.tab=1 \
         c7e68cb08e3e67f9}] new alerts in group alertname=DiskFull alertname=DiskFull, disk=/ \
         runbook=http://wiki/<disk>, summary=97% used  http://alerts.test:9093 false}"
    );
    assert_eq!(
        expander.text("{{ toJson . }}").unwrap(),
        r#"{"receiver":"team x|y","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"DiskFull","disk":"/","instance":"a:9100","severity":"warning"},"annotations":{"runbook":"http://wiki/\u003cdisk\u003e","summary":"97% used"},"startsAt":"2024-02-29T12:33:26.289Z","endsAt":"2024-02-29T12:38:56.789Z","generatorURL":"http://narthex.test:9090/graph?g0.expr=up%3D0\u0026g0.tab=1","fingerprint":"c7e68cb08e3e67f9"}],"notification_reason":"new alerts in group","groupLabels":{"alertname":"DiskFull"},"commonLabels":{"alertname":"DiskFull","disk":"/"},"commonAnnotations":{"runbook":"http://wiki/\u003cdisk\u003e","summary":"97% used"},"routeLabels":{},"externalURL":"http://alerts.test:9093"}"#
    );
}
