//! The built-in mail.

use expect_test::expect_file;
use narthex_model::Labels;

use super::{NOW, data};
use crate::{Library, NotificationData};

fn mail(data: &NotificationData) -> String {
    let expander = Library::default().expander(data, NOW);
    expander.html("{{ template \"email.default.html\" . }}").unwrap()
}

#[test]
fn a_mail_shows_all_alerts() {
    expect_file!["email.html"].assert_eq(&mail(&data()));
}

#[test]
fn a_mail_about_resolved_alerts_is_green() {
    let mut data = data();
    data.alerts.retain(|alert| alert.status == "resolved");
    data.group_labels = Labels::empty();
    let mail = mail(&data);
    assert!(mail.contains("background-color: #15803d;"), "{mail}");
    assert!(mail.contains("\n1 alert\n"), "{mail}");
    assert!(mail.contains(">1 Resolved<") && !mail.contains("Firing"), "{mail}");
}

/// Names of tags in order; the ends of elements begin with a slash.
fn tags(html: &str) -> Vec<&str> {
    let names = html.split('<').skip(1).map(|tag| tag.split([' ', '>', '\n']).next().unwrap_or(""));
    names.collect()
}

#[test]
fn nothing_in_an_alert_changes_the_markup() {
    const EVIL: &str = "\"'><script>alert(1)</script><!--{{ x }}&";
    let plain = data();
    let mut evil = plain.clone();
    evil.receiver = EVIL.to_owned();
    evil.group_labels = Labels::from_pairs([("alertname", EVIL)]);
    for alert in &mut evil.alerts {
        let hurt =
            |labels: &Labels| Labels::from_pairs(labels.iter().map(|(name, _)| (name, EVIL)));
        alert.labels = hurt(&alert.labels);
        alert.annotations = hurt(&alert.annotations);
        alert.generator_url = "javascript:alert(1)".to_owned();
    }
    let (plain, evil) = (mail(&plain), mail(&evil));
    assert_eq!(tags(&plain), tags(&evil));
    assert_eq!(plain.matches('"').count(), evil.matches('"').count(), "{evil}");
    assert!(!evil.contains("javascript:"), "{evil}");
    assert_eq!(evil.matches("href=\"#ZgotmplZ\"").count(), 3, "each link to a generator");
}

#[test]
fn elements_of_a_mail_are_closed_in_order() {
    let mail = mail(&data());
    let mut open = Vec::new();
    for tag in tags(&mail) {
        match tag.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed), "{mail}"),
            None if ["!DOCTYPE", "meta", "br"].contains(&tag) => {}
            None => open.push(tag),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}
