//! The built-in templates, all of them for one notification, in `built_in.txt`. That these are the
//! texts of Alertmanager is checked beside a real one in `tests/compat`.

use expect_test::expect_file;
use narthex_model::Labels;

use super::{NOW, data};
use crate::{Library, NotificationData};

fn render(name: &str, data: &NotificationData) -> String {
    // Only this one is about a list of alerts.
    let dot = if name.starts_with("__text_alert_list") { ".Alerts" } else { "." };
    let dot = if name == "pagerduty.default.instances" { ".Alerts.Firing" } else { dot };
    let text = format!("{{{{ template {name:?} {dot} }}}}");
    Library::default().expander(data, NOW).text(&text).unwrap()
}

#[test]
fn all_built_in_texts() {
    let library = Library::default();
    let names = library.names().filter(|name| {
        !name.starts_with("__narthex") && !name.ends_with(".tmpl") && *name != "email.default.html"
    });
    let texts: Vec<String> =
        names.map(|name| format!("=== {name}\n{}\n", render(name, &data()))).collect();
    expect_file!["built_in.txt"].assert_eq(&texts.concat());
}

#[test]
fn a_subject_of_a_resolved_group_has_no_number() {
    let mut data = data();
    data.status = "resolved".to_owned();
    data.common_labels = data.group_labels.clone();
    assert_eq!(render("__subject", &data), "[RESOLVED] DiskFull ");
    data.group_labels = Labels::empty();
    assert_eq!(render("__subject", &data), "[RESOLVED]  (DiskFull)");
    assert_eq!(render("slack.default.color", &data), "good");
}

#[test]
fn the_priority_of_an_issue_is_that_of_the_worst_alert() {
    let mut data = data();
    assert_eq!(render("jira.default.priority", &data), "Medium");
    data.alerts.retain(|alert| alert.status == "resolved");
    assert_eq!(render("jira.default.priority", &data), "High");
    for alert in &mut data.alerts {
        alert.labels = Labels::from_pairs([("severity", "page")]);
    }
    assert_eq!(render("jira.default.priority", &data), "");
}
