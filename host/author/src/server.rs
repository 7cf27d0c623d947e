//! A server that is asked what became of the versions that it was handed.
//!
//! Enters: what `GET /api/v1/plugins` answers, again and again. Leaves: a line for each thing that is new.

use std::time::Duration;

use narthex_client::{Client, Request};
use narthex_platform::Clock;
use narthex_settings::error_chain;
use serde::Deserialize;

use crate::console::{Console, Tone};
use crate::show::{size, time};

const ASKED_EVERY: Duration = Duration::from_secs(1);
/// A server that is well answers at once.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Some hundred plugins with their last lines.
const ANSWER_BYTES_MAX: u64 = 32 << 20;

/// A server.
#[derive(Clone, Debug)]
pub struct Server {
    client: Client,
    url: String,
}

/// What is new, and how it is meant.
type News = (Tone, String);

/// What has been told of a plugin at a server.
#[derive(Debug, Default)]
pub(crate) struct Following {
    before: Option<View>,
    /// How the version stood that was handed over last.
    standing: Option<News>,
}

#[derive(Debug, Deserialize)]
struct Envelope {
    data: Option<Data>,
    #[serde(default)]
    error: String,
}

#[derive(Debug, Deserialize)]
struct Data {
    plugins: Vec<View>,
}

/// A plugin as the server shows it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct View {
    name: String,
    version: String,
    digest: String,
    state: String,
    compiling: Option<Compiling>,
    rejected: Option<Rejected>,
    last_error: Option<Failure>,
    exceeded: Vec<Exceeded>,
    limits: Amounts,
    peaks: Amounts,
    calls: Calls,
    logs: Vec<Line>,
}

#[derive(Debug, Deserialize)]
struct Compiling {
    digest: String,
}

#[derive(Debug, Deserialize)]
struct Rejected {
    digest: String,
    kind: String,
    message: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Failure {
    at: String,
    kind: String,
    message: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Exceeded {
    budget: String,
    total: u64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Amounts {
    memory_bytes: u64,
    cpu_seconds: f64,
    wall_seconds: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Calls {
    total: u64,
    errors: u64,
    killed: u64,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Line {
    at: String,
    level: String,
    message: String,
    fields: String,
}

impl Server {
    /// A server by the URL of its pages.
    #[must_use]
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// What it says of a plugin; nothing where it has none of this name.
    async fn ask(&self, name: &str) -> Result<Option<View>, String> {
        let url = format!("{}/api/v1/plugins", self.url);
        let failed = |why: &str| format!("ask {url}: {why}");
        let asked = self.client.request(Request::get(&url, TIMEOUT, ANSWER_BYTES_MAX)).await;
        let response = asked.map_err(|error| failed(&error_chain(&error)))?;
        let answer = serde_json::from_slice::<Envelope>(&response.body);
        match answer {
            Ok(Envelope { data: Some(data), .. }) => {
                Ok(data.plugins.into_iter().find(|plugin| plugin.name == name))
            }
            Ok(Envelope { error, .. }) if !error.is_empty() => Err(failed(&error)),
            Ok(_) | Err(_) => Err(failed(&format!("status {}; no Narthex?", response.status))),
        }
    }
}

impl Following {
    /// Looks what there is before a version is handed over: it is no news.
    pub(crate) async fn begin(server: &Server, name: &str) -> Self {
        Self { before: server.ask(name).await.ok().flatten(), standing: None }
    }

    /// Tells what is new, for as long as it is polled, from the moment at which a version was handed over.
    pub(crate) async fn follow(
        &mut self,
        server: &Server,
        (name, digest): (&str, &str),
        clock: &Clock,
        console: Console,
    ) {
        self.standing = None;
        loop {
            let news = match server.ask(name).await {
                Ok(view) => self.news(view, digest),
                Err(message) => self.stands(Some((Tone::Bad, message))).into_iter().collect(),
            };
            for (tone, text) in news {
                let place = console.paint(Tone::Aside, "server");
                console.say(&format!("{place} {}", console.paint(tone, &text)));
            }
            clock.sleep(ASKED_EVERY).await;
        }
    }

    fn news(&mut self, view: Option<View>, digest: &str) -> Vec<News> {
        let Some(view) = view else { return Vec::new() };
        let mut news: Vec<News> = self.stands(standing(&view, digest)).into_iter().collect();
        let before = self.before.take().unwrap_or_default();
        news.extend(lines(&before.logs, &view.logs));
        if let Some(error) =
            view.last_error.as_ref().filter(|_| view.last_error != before.last_error)
        {
            news.push((Tone::Bad, format!("error ({}): {}", error.kind, error.message)));
        }
        let grown = view.exceeded.iter().filter(|one| !before.exceeded.contains(one));
        news.extend(grown.map(|one| {
            (Tone::Bad, format!("beyond its budget of {}: {} so far", one.budget, one.total))
        }));
        if peaks(&view) != peaks(&before) && view.calls.total > 0 {
            let Calls { total, errors, killed } = view.calls;
            let text = format!("calls {total}, errors {errors}, kills {killed}; {}", peaks(&view));
            news.push((Tone::Aside, text));
        }
        self.before = Some(view);
        news
    }

    /// How the version stands, where that has changed.
    fn stands(&mut self, standing: Option<News>) -> Option<News> {
        let (tone, text) = standing?;
        if self.standing.as_ref().is_some_and(|(_, told)| *told == text) {
            return None;
        }
        self.standing = Some((tone, text.clone()));
        Some((tone, text))
    }
}

/// What became of a version; nothing while the server has not seen it.
fn standing(view: &View, digest: &str) -> Option<News> {
    let (name, version) = (&view.name, &view.version);
    if let Some(rejected) = view.rejected.as_ref().filter(|rejected| rejected.digest == digest) {
        let Rejected { kind, message, .. } = rejected;
        let serves = match version.is_empty() {
            true => String::new(),
            false => format!("; {name} {version} serves on"),
        };
        return Some((Tone::Bad, format!("rejected ({kind}): {message}{serves}")));
    }
    if view.compiling.as_ref().is_some_and(|compiling| compiling.digest == digest) {
        return Some((Tone::Value, format!("{name} is being compiled")));
    }
    let tone = if view.state == "ready" { Tone::Good } else { Tone::Bad };
    (view.digest == digest).then(|| (tone, format!("{name} {version} is {}", view.state)))
}

/// The lines that the plugin wrote since.
fn lines(before: &[Line], now: &[Line]) -> Vec<News> {
    let known = before.last().and_then(|last| now.iter().rposition(|line| line == last));
    let new = now.get(known.map_or(0, |at| at + 1)..).unwrap_or_default();
    let shown = |line: &Line| {
        let blank = if line.fields.is_empty() { "" } else { " " };
        (Tone::Name, format!("{} {}{blank}{}", line.level, line.message, line.fields))
    };
    new.iter().map(shown).collect()
}

/// The most that calls have spent, of what they may.
fn peaks(view: &View) -> String {
    let (peaks, limits) = (view.peaks, view.limits);
    let seconds = |of: f64| time(Duration::try_from_secs_f64(of).unwrap_or_default());
    format!(
        "at most cpu {} of {}, memory {} of {}, time {} of {}",
        seconds(peaks.cpu_seconds),
        seconds(limits.cpu_seconds),
        size(peaks.memory_bytes),
        size(limits.memory_bytes),
        seconds(peaks.wall_seconds),
        seconds(limits.wall_seconds),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIMITS: &str = r#"{"memoryBytes": 67108864, "cpuSeconds": 1.0, "wallSeconds": 10.0}"#;

    fn view(facts: &serde_json::Value) -> Option<View> {
        let mut view =
            json!({ "name": "good", "version": "1.0.0", "digest": "old", "state": "ready" });
        view["limits"] = serde_json::from_str(LIMITS).unwrap();
        view.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
        Some(serde_json::from_value(view).unwrap())
    }

    #[track_caller]
    fn tells(following: &mut Following, facts: &serde_json::Value, expected: &[&str]) {
        let news = following.news(view(facts), "new");
        let told: Vec<&str> = news.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_version_is_followed_from_its_file_to_its_calls() {
        let mut following = Following { before: view(&json!({})), standing: None };
        tells(&mut following, &json!({}), &[]);
        let compiling = json!({ "compiling": { "digest": "new" } });
        tells(&mut following, &compiling, &["good is being compiled"]);
        let ready = json!({ "digest": "new", "version": "2.0.0" });
        tells(&mut following, &ready, &["good 2.0.0 is ready"]);
        tells(&mut following, &ready, &[]);
        let line =
            |text: &str| json!({ "at": "t", "level": "info", "message": text, "fields": "" });
        let called = json!({
            "digest": "new", "version": "2.0.0", "state": "failing",
            "calls": { "total": 3, "errors": 1, "killed": 0 },
            "peaks": { "memoryBytes": 1024, "cpuSeconds": 0.5, "wallSeconds": 2.0 },
            "exceeded": [{ "budget": "cpu", "total": 2 }],
            "lastError": { "at": "t", "kind": "refused", "message": "no" },
            "logs": [line("one"), line("two")],
        });
        tells(
            &mut following,
            &called,
            &[
                "good 2.0.0 is failing",
                "info one",
                "info two",
                "error (refused): no",
                "beyond its budget of cpu: 2 so far",
                "calls 3, errors 1, kills 0; at most cpu 500.0 ms of 1.0 s, memory 1 KiB of 64.0 MiB, \
                 time 2.0 s of 10.0 s",
            ],
        );
        let mut later = called;
        later["logs"] = json!([line("two"), line("three")]);
        tells(&mut following, &later, &["info three"]);
    }

    #[test]
    fn a_version_that_is_refused_says_why_and_what_serves() {
        let rejected = |digest: &str| json!({ "rejected": { "digest": digest, "kind": "probation", "message": "worse" } });
        let mut following = Following::default();
        tells(&mut following, &rejected("older"), &[]);
        tells(
            &mut following,
            &rejected("new"),
            &["rejected (probation): worse; good 1.0.0 serves on"],
        );
    }
}
