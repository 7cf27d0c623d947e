//! Labels of a route, whose values may be templates.

use narthex_model::Labels;

use super::NOW;
use crate::{Expander, Library, NotificationData};

fn expander(rendered: bool, labels: &[(&str, &str)]) -> Expander {
    let data = NotificationData {
        group_labels: Labels::from_pairs([("job", "db")]),
        route_labels: Labels::from_pairs(labels.iter().copied()),
        route_labels_rendered: rendered,
        ..NotificationData::default()
    };
    Library::default().expander(&data, NOW)
}

const LABELS: [(&str, &str); 4] = [
    ("plain", "x {}"),
    ("of_group", "{{ .GroupLabels.job | toUpper }}"),
    ("of_other", "{{ routeLabels \"of_group\" }} on call"),
    ("of_both", "{{ routeLabels \"of_group\" }}+{{ routeLabels \"of_other\" }}"),
];

#[test]
fn values_are_rendered_when_asked_for() {
    let expander = expander(false, &LABELS);
    let text =
        "{{ routeLabels \"plain\" }}|{{ routeLabels \"of_both\" }}|{{ routeLabels \"none\" }}";
    assert_eq!(expander.text(text).unwrap(), "x {}|DB+DB on call|");
    let raw = "{{ .RouteLabels.of_group }}";
    assert_eq!(expander.text(raw).unwrap(), "{{ .GroupLabels.job | toUpper }}");
}

#[test]
fn all_are_rendered_at_once() {
    let rendered = expander(false, &LABELS).route_labels().unwrap();
    let expected = [
        ("of_both", "DB+DB on call"),
        ("of_group", "DB"),
        ("of_other", "DB on call"),
        ("plain", "x {}"),
    ];
    assert_eq!(rendered, Labels::from_pairs(expected));
}

#[test]
fn rendered_values_are_not_rendered_again() {
    let labels = [("usage", "is {{ $value }} of {{ nonsense")];
    let expander = expander(true, &labels);
    assert_eq!(expander.text("{{ routeLabels \"usage\" }}").unwrap(), labels[0].1);
    assert_eq!(expander.route_labels().unwrap(), Labels::from_pairs(labels));
}

#[test]
fn a_circle_is_an_error() {
    let labels = [
        ("a", "{{ routeLabels \"b\" }}"),
        ("b", "{{ routeLabels \"c\" }}"),
        ("c", "{{ routeLabels \"a\" }}"),
    ];
    let error = expander(false, &labels).text("{{ routeLabels \"a\" }}").unwrap_err().to_string();
    assert!(error.ends_with("route label cycle detected: a -> b -> c -> a"), "{error}");
}

#[test]
fn a_long_row_is_an_error() {
    let labels: Vec<(String, String)> = (0..10)
        .map(|n| (format!("l{n}"), format!("{{{{ routeLabels \"l{}\" }}}}", n + 1)))
        .collect();
    let labels: Vec<(&str, &str)> =
        labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expander = expander(false, &labels);
    assert_eq!(expander.text("{{ routeLabels \"l4\" }}").unwrap(), "");
    let error = expander.text("{{ routeLabels \"l0\" }}").unwrap_err().to_string();
    let expected = "more than 6 route labels in a row: l0 -> l1 -> l2 -> l3 -> l4 -> l5 -> l6";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn a_failing_value_fails_the_text_once_and_again() {
    let expander = expander(false, &[("bad", "{{ .NoSuch }}"), ("worse", "{{ if }}")]);
    for _ in 0..2 {
        let error = expander.text("{{ routeLabels \"bad\" }}").unwrap_err();
        assert!(error.message.ends_with("can't evaluate field NoSuch in type object"), "{error}");
    }
    let error = expander.text("{{ routeLabels \"worse\" }}").unwrap_err();
    assert!(error.message.ends_with("missing value for if"), "{error}");
}
