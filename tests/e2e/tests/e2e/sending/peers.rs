//! A real Alertmanager that is told, and a real Prometheus that tells the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use narthex_harness::{
    FakeTarget, Host, Peer, SECONDS, TempFolder, WebhookReceiver, peer, wait_for,
};

use super::{WITHOUT_LABELS, Watch, address, text, to};
use crate::alertmanager::Alertmanager;
use crate::prometheus::Prometheus;
use crate::support::{certificate, config};

/// Routing with short timers.
fn routing(hook: &WebhookReceiver) -> String {
    format!(
        "route: {{ receiver: r, group_by: [room], group_wait: 1s, group_interval: 1s }}\n\
         receivers: [{{ name: r, webhook_configs: [{{ url: '{}' }}] }}]\n",
        hook.url()
    )
}

/// `ada`, whose password is `secret`; over TLS, as `named.test`.
const WEB: &str = "tls_server_config: { cert_file: server.pem, key_file: server.key.pem }\n\
                   basic_auth_users: { ada: '$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW' }\n";

#[test]
fn a_real_alertmanager_behind_tls_and_a_password_is_told_from_beginning_to_end() {
    let Some(program) = peer(Peer::Alertmanager) else { return };
    let hook = WebhookReceiver::start();
    let folder = TempFolder::new();
    for name in ["server.pem", "server.key.pem"] {
        folder.write(name, read(&certificate(name)));
    }
    let web = folder.write("web.yml", WEB);
    let web = format!("--web.config.file={}", web.display());
    let flags = [web.as_str(), "--web.route-prefix=/am"];
    let theirs = Alertmanager::spawn(&program, &routing(&hook), folder, &flags);
    let manner = ", scheme: https, path_prefix: /am, tls_config: { ca_file: ca.pem, server_name: named.test }, \
                  basic_auth: { username: ada, password_file: password }";
    let targets = [theirs.address().to_owned()];
    // Without TLS its server answers 400, which says nothing of the alerts.
    let mut watch = Watch::start(&to(&targets, ", path_prefix: /am"), |it| {
        // The program may still be on its way, and the password is wrong at first.
        it.copy("ca.pem", &certificate("authority_a.pem"))
            .file("password", "wrong")
            .expect_log("alerts cannot be sent")
    });
    watch.are(&[("attic", 70)]);
    watch.host.process().wait_for_line("400 Bad Request", 60 * SECONDS);
    let plain = format!("http://{}/am/api/v2/alerts", theirs.address());
    assert_eq!(watch.counted("dropped_total", &plain), Some(0.0));
    watch.are(&[("cellar", 80)]);
    let answer = watch.host.reload_with(&Watch::config(&watch.rooms, &to(&targets, manner)));
    assert_eq!(answer.status, 200, "{answer}");
    // The address is another one, which knows nothing yet.
    watch.host.process().wait_for_line("401 Unauthorized", 60 * SECONDS);
    assert!(hook.requests().is_empty());
    watch.host.folder().write("password", "secret");
    // It may hear of the attic too, whose alert was under way before the rooms changed.
    let of_cellar = |status: &'static str| {
        hook.wait_for_notification(60 * SECONDS, |it| {
            it["groupLabels"]["room"] == "cellar" && it["status"] == status
        })
    };
    let firing = of_cellar("firing");
    assert_eq!(firing["alerts"][0]["annotations"]["summary"], "cellar has 80 degrees");
    watch.are(&[("cellar", 20)]);
    of_cellar("resolved");
    watch.host.stop();
}

#[test]
fn a_real_alertmanager_that_refuses_an_alert_gets_the_others() {
    let Some(program) = peer(Peer::Alertmanager) else { return };
    let hook = WebhookReceiver::start();
    let theirs = Alertmanager::spawn(&program, &routing(&hook), TempFolder::new(), &[]);
    let url = format!("http://{}/api/v2/alerts", theirs.address());
    let watch = Watch::start(&to(&[theirs.address().to_owned()], WITHOUT_LABELS), |it| {
        it.expect_log("an alert was refused and is given up").expect_log("alerts cannot be sent")
    });
    watch.are(&[("attic", 70), ("cellar", 80), ("hall", 90)]);
    watch.wait_until_counted("dropped_total", &url, 1.0);
    watch.wait_until_counted("sent_total", &url, 2.0);
    hook.wait_for_notification(60 * SECONDS, |it| it["groupLabels"]["room"] == "cellar");
    hook.wait_for_notification(60 * SECONDS, |it| it["groupLabels"]["room"] == "hall");
    watch.host.stop();
}

#[track_caller]
fn read(path: &Path) -> String {
    match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => panic!("read {}: {error}", path.display()),
    }
}

/// Rules whose alerts differ in all that is sent of them.
const RULES: &str = r#"
groups:
- name: one
  rules:
  - alert: Plain
    expr: temperature > 60
  - alert: Words
    expr: 'temperature{room=~"a.*"} > 60'
    labels: { severity: page, zone: own, empty: '' }
    annotations:
      summary: '{{ $labels.room }}: {{ $value | humanize }} in {{ $externalLabels.zone }}'
      link: '{{ $externalURL }}/x'
  - alert: Waits
    expr: max without (room) (temperature) > 60
    for: 2s
    labels: { "replica": b, 'über': '{{ $labels.job }}' }
  - { alert: Gone, expr: temperature > 60, labels: { drop: 'yes' } }
- name: two
  interval: 3s
  rules:
  - { alert: Slow, expr: 'sum by (room) (temperature) > bool 60 == 1', keep_firing_for: 1s }
"#;

/// A file that either server takes.
fn file(rooms: &FakeTarget, receiver: &WebhookReceiver) -> String {
    config(&format!(
        "rule_files: [{{rules}}]\nscrape_configs:\n- job_name: rooms\n  \
         static_configs: [{{ targets: ['{}'] }}]\n\
         alerting:\n  alert_relabel_configs:\n  - {{ action: labeldrop, regex: replica }}\n  \
         - {{ source_labels: [drop], regex: 'yes', action: drop }}\n  \
         alertmanagers:\n  - static_configs: [{{ targets: ['{}'] }}]\n    \
         alert_relabel_configs: [{{ source_labels: [zone], target_label: where }}]\n",
        rooms.address(),
        address(receiver)
    ))
    .replace("plugins: { dir: plugins }\n", "")
    .replace("global: {", "global: { external_labels: { zone: z1, replica: a },")
}

/// An alert as it was told: labels, annotations, the link's query, and for how many milliseconds it holds, in whose
/// place one that has ended says "over".
type Told = (String, String, String, String);

/// Every different thing that was told of an alert that begins, and that it ended.
fn told(receiver: &WebhookReceiver) -> BTreeSet<Told> {
    let mut begun: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut all = BTreeSet::new();
    for request in receiver.requests() {
        for alert in request.json().as_array().into_iter().flatten() {
            let at = |key: &str| {
                text(&alert[key]).parse::<jiff::Timestamp>().expect("a time").as_millisecond()
            };
            let labels = alert["labels"].to_string();
            let (starts_at, ends_at) = (at("startsAt"), at("endsAt"));
            // What is told later of one that fires holds until later.
            let first = *begun.entry((labels.clone(), text(&alert["startsAt"]))).or_insert(ends_at);
            let holds =
                if ends_at < first { "over".to_owned() } else { (first - starts_at).to_string() };
            let link = text(&alert["generatorURL"]);
            let query = link.split_once('?').map_or("", |(_, query)| query).to_owned();
            all.insert((labels, alert["annotations"].to_string(), query, holds));
        }
    }
    all
}

#[test]
fn a_real_prometheus_tells_the_same_of_the_same_rules() {
    let Some(program) = peer(Peer::Prometheus) else { return };
    let rooms = FakeTarget::start();
    rooms.serve("temperature{room=\"attic\"} 70.5\ntemperature{room=\"cellar\"} 80\n");
    let (from_us, from_them) = (WebhookReceiver::start(), WebhookReceiver::start());
    let folder = TempFolder::new();
    let rules = folder.write("rules.yml", RULES);
    let with_rules = |text: String| text.replace("{rules}", &rules.display().to_string());
    let flags = ["--web.external-url=http://watch.example/"];
    let theirs = Prometheus::start(&program, &with_rules(file(&rooms, &from_them)), &flags);
    let ours = Host::with_config(&with_rules(file(&rooms, &from_us)));
    let ours = flags.iter().fold(ours, |ours, flag| ours.flag(flag)).start();
    let agree = |what: &str, count: usize| {
        wait_for(what, 90 * SECONDS, || {
            let (us, them) = (told(&from_us), told(&from_them));
            if us == them && us.len() >= count {
                return Ok(());
            }
            let extra: Vec<_> = us.difference(&them).collect();
            let missing: Vec<_> = them.difference(&us).collect();
            Err(format!("{} told; too much {extra:#?}, missing {missing:#?}", us.len()))
        });
    };
    agree("the same fire", 6);
    rooms.serve("temperature{room=\"attic\"} 20\ntemperature{room=\"cellar\"} 20\n");
    agree("the same have ended", 12);
    let headers = |receiver: &WebhookReceiver| {
        let first = receiver.requests().remove(0);
        (first.method.clone(), first.path.clone(), first.header("content-type").map(str::to_owned))
    };
    assert_eq!(headers(&from_us), headers(&from_them));
    drop(theirs);
    ours.stop();
}
