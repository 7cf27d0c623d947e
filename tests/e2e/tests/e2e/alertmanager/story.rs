//! Stories of alerts, played to a host and to an Alertmanager at once: what happens, and what is then told.
//!
//! Each of the two is played to by a thread of its own, which goes on when *this* server has told what the story says:
//! a server that is slow tells the same story. How much time passes is counted by the server's own ticks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use narthex_harness::{Answer, Request, WebhookReceiver, wait_for, wait_until};
use serde_json::{Value, json};

use super::{Alertmanager, ask, notifications::line, routing_host};

/// Of all groups; a notification belongs to the tick that is nearest, so that it may be late by half of this.
const GROUP_INTERVAL: Duration = Duration::from_secs(3);

/// Longer than any step of a story takes.
const WITHIN: Duration = Duration::from_secs(90);

/// Something that happens, and who is told of it.
///
/// Alerts have the labels `scenario`, `name`, `group` (`g` unless said otherwise) and those that stand in `alerts`. A
/// receiver is written `@name` in the route; it has one entry for each set of keys, of which the first is called `name` in
/// the story and the second `name.1`.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// Keys of its route; groups wait a second unless it says otherwise.
    pub(super) route: &'static str,
    /// Names, and the keys of their entries.
    pub(super) receivers: &'static [(&'static str, &'static [&'static str])],
    /// Labels of alerts.
    pub(super) alerts: &'static [(&'static str, &'static str)],
    /// One step a line:
    /// - `fire a b`, `end a`: of alerts, in one request. `long a` began to fire two hours ago, `lapse a` ends by itself after a
    ///   tick, `change a` has other annotations.
    /// - `silence a`, `unsilence a`.
    /// - `refuse team 503`, `accept team`: what a receiver answers. `tried team 2`: it has refused twice.
    /// - `told team: a b | c @2`: it is told that a and b fire and that c is over, two ticks after it was last told of their
    ///   group. Groups of one receiver may be told of in any order.
    /// - `pass 2`: so many ticks, in which nothing is told. It ends each story.
    pub(super) story: &'static str,
}

/// The usual receiver.
pub(super) const TEAM: &[(&str, &[&str])] = &[("team", &[""])];

/// Plays all stories at once to both, and compares what was told.
pub(super) fn play(program: &Path, scenarios: &[Scenario]) {
    let hooks =
        || -> Vec<WebhookReceiver> { scenarios.iter().map(|_| WebhookReceiver::start()).collect() };
    let (hooks, pulses) = ([hooks(), hooks()], [(); 2].map(|()| WebhookReceiver::start()));
    let mut ours = routing_host(&routing(scenarios, &hooks[0], &pulses[0]));
    ours.expect_log("notification failed");
    let theirs = Alertmanager::start(program, &routing(scenarios, &hooks[1], &pulses[1]));
    let urls = [ours.url(""), format!("http://{}", theirs.address)];
    for url in &urls {
        post_alerts(url, &json!([{ "labels": { "scenario": "pulse" } }]));
    }
    let failed: Vec<String> = std::thread::scope(|scope| {
        let mut players = Vec::new();
        for (side, whose) in ["ours", "theirs"].iter().enumerate() {
            for (scenario, hook) in scenarios.iter().zip(&hooks[side]) {
                let player = Player::new(scenario, &urls[side], hook, &pulses[side]);
                let name = format!("{}: {whose}", scenario.name);
                let thread = std::thread::Builder::new().name(name.clone());
                let playing = thread.spawn_scoped(scope, || player.play());
                players.push((name, playing.expect("a thread is started")));
            }
        }
        let ended = players.into_iter().map(|(name, player)| (name, player.join().is_err()));
        ended.filter(|(_, has_failed)| *has_failed).map(|(name, _)| name).collect()
    });
    assert!(failed.is_empty(), "not told as the story says, see above: {failed:#?}");
    for (place, scenario) in scenarios.iter().enumerate() {
        let [ours, theirs] = [0, 1].map(|side| lines(&hooks[side][place]));
        assert_eq!(ours, theirs, "{}", scenario.name);
    }
    ours.stop();
}

/// What was told and taken, by receiver and group.
fn lines(hook: &WebhookReceiver) -> BTreeMap<(String, String), Vec<String>> {
    let mut lines: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for request in hook.requests().iter().filter(|request| request.status == Some(200)) {
        let told = request.json();
        lines.entry((request.path.clone(), text(&told["groupKey"]))).or_default().push(line(&told));
    }
    lines
}

fn routing(scenarios: &[Scenario], hooks: &[WebhookReceiver], pulse: &WebhookReceiver) -> String {
    let interval = GROUP_INTERVAL.as_secs();
    let mut routes = String::new();
    let mut receivers =
        format!("- {{ name: pulse, webhook_configs: [{{ url: '{}' }}] }}\n", pulse.url());
    for (Scenario { name, route, receivers: own, .. }, hook) in scenarios.iter().zip(hooks) {
        let route = route.replace('@', &format!("{name}/"));
        let first = own.first().map_or("", |(receiver, _)| receiver);
        routes += &format!(
            "  - {{ matchers: ['scenario=\"{name}\"'], receiver: '{name}/{first}', {route} }}\n"
        );
        for (receiver, entries) in *own {
            let entries: Vec<String> = entries
                .iter()
                .enumerate()
                .map(|(place, keys)| {
                    let url = format!("http://{}{}", hook.address(), path(receiver, place));
                    format!("{{ url: '{url}', {keys} }}")
                })
                .collect();
            let entries = entries.join(", ");
            receivers +=
                &format!("- {{ name: '{name}/{receiver}', webhook_configs: [{entries}] }}\n");
        }
    }
    format!(
        "
route:
  receiver: pulse
  group_by: [group]
  group_wait: 1s
  group_interval: {interval}s
  repeat_interval: 1h
  routes:
  - {{ receiver: pulse, matchers: [scenario=pulse], repeat_interval: 1ms }}
{routes}
receivers:
{receivers}
inhibit_rules:
- {{ source_matchers: [severity=page], target_matchers: [severity=info], equal: [scenario, host] }}
time_intervals:
- {{ name: always, time_intervals: [{{ years: ['1970:2999'] }}] }}
- {{ name: never, time_intervals: [{{ years: ['1970'] }}] }}
"
    )
}

fn path(receiver: &str, place: usize) -> String {
    if place == 0 { format!("/{receiver}") } else { format!("/{receiver}.{place}") }
}

#[track_caller]
fn post_alerts(url: &str, alerts: &Value) {
    let (status, body) = ask("POST", &format!("{url}/api/v2/alerts"), &alerts.to_string());
    assert_eq!(status, 200, "{body}");
}

/// One story on its way through one server.
struct Player<'a> {
    scenario: &'a Scenario,
    url: &'a str,
    hook: &'a WebhookReceiver,
    pulse: &'a WebhookReceiver,
    /// When alerts that fire began to.
    began: BTreeMap<String, jiff::Timestamp>,
    /// Ids of silences by the alert that is silenced.
    silences: BTreeMap<String, String>,
    /// Places of the notifications that the story has spoken of.
    heard: BTreeSet<usize>,
    /// When a receiver was last told of a group.
    last: BTreeMap<(String, String), Instant>,
}

impl<'a> Player<'a> {
    fn new(
        scenario: &'a Scenario,
        url: &'a str,
        hook: &'a WebhookReceiver,
        pulse: &'a WebhookReceiver,
    ) -> Self {
        let (began, silences, heard, last) = Default::default();
        Self { scenario, url, hook, pulse, began, silences, heard, last }
    }

    fn play(mut self) {
        for step in self.scenario.story.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.step(step);
        }
        self.step("pass 2");
    }

    fn step(&mut self, step: &str) {
        let (verb, rest) = step.split_once(' ').expect("a step says of what");
        let words: Vec<&str> = rest.split_whitespace().collect();
        match (verb, words.as_slice()) {
            ("fire" | "long" | "lapse" | "change" | "end", names) => self.send(verb, names),
            ("silence", [name]) => self.silence(name),
            ("unsilence", [name]) => {
                let id = self.silences.remove(*name).expect("a silence was made before it ends");
                let url = format!("{}/api/v2/silence/{id}", self.url);
                assert_eq!(ask("DELETE", &url, "").0, 200, "{step}");
            }
            ("refuse", [entry, status]) => {
                let status = status.parse().expect("a receiver answers a number");
                self.hook.answer_at(&format!("/{entry}"), Answer::status(status, "not now"));
            }
            ("accept", [entry]) => {
                self.hook.answer_at(&format!("/{entry}"), Answer::status(200, ""));
            }
            ("tried", [entry, times]) => {
                let (path, times) = (format!("/{entry}"), times.parse().expect("a number"));
                wait_until(&self.saying(step), WITHIN, || {
                    let requests = self.hook.requests();
                    let refused = requests.iter().filter(|request| {
                        request.path == path && request.status.is_some_and(|status| status != 200)
                    });
                    refused.count() >= times
                });
            }
            ("told", _) => self.told(step, rest),
            ("pass", [ticks]) => {
                let until = self.pulse.requests().len() + ticks.parse::<usize>().expect("a number");
                wait_until(&self.saying(step), WITHIN, || self.pulse.requests().len() >= until);
                let unheard: Vec<String> = self
                    .unheard()
                    .iter()
                    .map(|(_, request)| Told::of(request).to_string())
                    .collect();
                assert!(unheard.is_empty(), "{}: told: {unheard:#?}", self.saying(step));
            }
            _ => panic!("not a step: {step:?}"),
        }
    }

    fn saying(&self, step: &str) -> String {
        format!("{:?} of {:?}", step, self.scenario.name)
    }

    fn send(&mut self, verb: &str, names: &[&str]) {
        let now = jiff::Timestamp::now();
        let alerts = names.iter().map(|&name| {
            let earlier = if verb == "long" { 7200 } else { 0 };
            let begins = now - jiff::SignedDuration::from_secs(earlier);
            let began = *self.began.entry(name.to_owned()).or_insert(begins);
            let mut labels = json!({ "scenario": self.scenario.name, "name": name, "group": "g" });
            let own = self.scenario.alerts.iter().find(|(own, _)| *own == name);
            for (label, value) in own
                .iter()
                .flat_map(|(_, labels)| labels.split(','))
                .filter_map(|it| it.split_once('='))
            {
                labels[label] = value.into();
            }
            let summary = if verb == "change" { "other words" } else { "words" };
            let mut alert = json!({
                "labels": labels,
                "annotations": { "summary": summary },
                "startsAt": began.to_string(),
                "generatorURL": "http://prometheus.example/graph",
            });
            if verb == "end" {
                self.began.remove(name);
                alert["endsAt"] = now.to_string().into();
            } else if verb == "lapse" {
                alert["endsAt"] = (now + GROUP_INTERVAL).to_string().into();
            }
            alert
        });
        let alerts: Vec<Value> = alerts.collect();
        post_alerts(self.url, &alerts.into());
    }

    fn silence(&mut self, name: &str) {
        let matcher =
            |label: &str, value: &str| json!({ "name": label, "value": value, "isRegex": false });
        let silence = json!({
            "matchers": [matcher("scenario", self.scenario.name), matcher("name", name)],
            "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2999-01-01T00:00:00Z",
            "createdBy": "ada", "comment": "works",
        });
        let (status, body) =
            ask("POST", &format!("{}/api/v2/silences", self.url), &silence.to_string());
        assert_eq!(status, 200, "{body}");
        self.silences.insert(name.to_owned(), text(&body["silenceID"]));
    }

    /// What was taken and is not spoken of yet, oldest first.
    fn unheard(&self) -> Vec<(usize, Request)> {
        let requests = self.hook.requests().into_iter().enumerate();
        requests
            .filter(|(place, it)| it.status == Some(200) && !self.heard.contains(place))
            .collect()
    }

    fn told(&mut self, step: &str, rest: &str) {
        let (entry, wanted) = rest.split_once(": ").expect("told whom: what");
        let (wanted, tick) = match wanted.split_once('@') {
            Some((wanted, tick)) => (wanted, Some(tick.parse::<u32>().expect("a number"))),
            None => (wanted, None),
        };
        let wanted = Told::parse(wanted);
        let what = self.saying(step);
        let (place, request) = wait_for(&what, WITHIN, || {
            let unheard = self.unheard();
            let mut own = unheard.iter().filter(|(_, it)| it.path.trim_start_matches('/') == entry);
            let found = own.find(|(_, it)| Told::of(it).has_one_of(&wanted));
            found.cloned().ok_or_else(|| {
                let other: Vec<String> =
                    unheard.iter().map(|(_, it)| Told::of(it).to_string()).collect();
                format!("told instead: {other:#?}")
            })
        });
        self.heard.insert(place);
        assert_eq!(Told::of(&request), wanted, "{what}");
        let group = (request.path.clone(), text(&request.json()["groupKey"]));
        let before = self.last.insert(group, request.arrived);
        if let Some(tick) = tick {
            let before = before.expect("the story has told of the group before");
            let passed = (request.arrived - before).as_secs_f64() / GROUP_INTERVAL.as_secs_f64();
            assert!(
                (passed - f64::from(tick)).abs() < 0.5,
                "{what}: it came after {passed:.2} ticks"
            );
        }
    }
}

/// Names of alerts.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    firing: BTreeSet<String>,
    over: BTreeSet<String>,
}

impl Told {
    /// `a b | c`
    fn parse(text: &str) -> Self {
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let (firing, over) = text.split_once('|').unwrap_or((text, ""));
        Self { firing: names(firing), over: names(over) }
    }

    fn of(request: &Request) -> Self {
        let told = request.json();
        let alerts = told["alerts"].as_array().map_or(&[][..], Vec::as_slice);
        let names = |status: &str| {
            let such = alerts.iter().filter(|alert| alert["status"] == status);
            such.map(|alert| text(&alert["labels"]["name"])).collect()
        };
        Self { firing: names("firing"), over: names("resolved") }
    }

    fn has_one_of(&self, other: &Self) -> bool {
        self.firing
            .union(&self.over)
            .any(|name| other.firing.contains(name) || other.over.contains(name))
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = |names: &BTreeSet<String>| {
            names.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
        };
        write!(f, "{} | {}", names(&self.firing), names(&self.over))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
