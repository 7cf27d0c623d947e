//! Real loops and real requests; pauses are on a simulated clock, and servers answer as they are told.

mod plans;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use narthex_client::HttpConfig;
use narthex_model::{Labels, NameScheme, TargetGroup, TargetSet};
use narthex_platform::SimulatedClock;
use narthex_settings::Document;
use tokio::sync::watch;

use super::*;
use crate::config::AlertmanagerKeys;

/// What a server does with a request; it is told the names of the alerts.
type Answering = Box<dyn Fn(&[String]) -> Option<u16> + Send>;

/// Takes alerts as it is told to. Its thread ends with the test's process.
struct Receiver {
    address: SocketAddr,
    shared: Arc<Mutex<Received>>,
}

struct Received {
    answering: Answering,
    /// Names in the requests that were answered by 200.
    taken: Vec<Vec<String>>,
    requests: usize,
    /// Connections of requests that are never answered.
    hanging: Vec<TcpStream>,
}

impl Receiver {
    /// `None`: the request is not answered.
    fn start(answering: impl Fn(&[String]) -> Option<u16> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answering: Answering = Box::new(answering);
        let received = Received { answering, taken: Vec::new(), requests: 0, hanging: Vec::new() };
        let shared = Arc::new(Mutex::new(received));
        let received = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                // Read before anything is locked: who sends is the thread that may wait for the lock.
                let names = names(&stream);
                received.lock().answer(stream, names);
            }
        });
        Self { address, shared }
    }

    fn answers(&self, status: u16) {
        self.shared.lock().answering = Box::new(move |_| Some(status));
    }

    fn taken(&self) -> Vec<String> {
        self.shared.lock().taken.concat()
    }

    fn requests(&self) -> usize {
        self.shared.lock().requests
    }

    fn url(&self) -> String {
        format!("http://{}/api/v2/alerts", self.address)
    }
}

impl Received {
    fn answer(&mut self, stream: TcpStream, names: Vec<String>) {
        self.requests += 1;
        match (self.answering)(&names) {
            None => self.hanging.push(stream),
            Some(status) => {
                let head = format!(
                    "HTTP/1.1 {status} x\r\nLocation: /elsewhere\r\nContent-Type: application/json\r\n\
                     Content-Length: 2\r\nConnection: close\r\n\r\n\"\""
                );
                (&stream).write_all(head.as_bytes()).unwrap();
                if status == 200 {
                    self.taken.push(names);
                }
            }
        }
    }
}

/// `<alertname>`, or `<alertname> over` of one that has ended.
fn names(stream: &TcpStream) -> Vec<String> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).unwrap() > 2 {
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let posted: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
    let name = |alert: &serde_json::Value| {
        let name = alert["labels"]["alertname"].as_str().unwrap();
        let over = if alert["endsAt"] == "1970-01-01T00:00:00.001Z" { " over" } else { "" };
        format!("{name}{over}")
    };
    posted.iter().map(name).collect()
}

struct World {
    clock: SimulatedClock,
    metrics: Metrics,
    room: Alertmanagers,
    tasks: Tasks,
}

impl World {
    fn new(settings: Settings) -> Self {
        let (clock, metrics) = (SimulatedClock::at(1_000), Metrics::new());
        let room = Alertmanagers::new(Parts {
            clock: clock.clock(),
            metrics: metrics.clone(),
            client: ClientOptions::default(),
            settings,
        });
        let mut tasks = Tasks::new();
        room.spawn(&mut tasks);
        Self { clock, metrics, room, tasks }
    }

    /// One item of `alertmanagers` with this text, and who was found for it.
    fn reload(&self, text: &str, found: &Found) {
        let keys: AlertmanagerKeys = Document::parse("f.yml", text).unwrap().read().unwrap();
        let item = keys.resolve(HttpConfig::default(), false, NameScheme::Utf8).unwrap();
        let config = Config { alert_relabel: Vec::new(), alertmanagers: vec![item] };
        self.room.commit(self.room.prepare(config, vec![found.clone()]).unwrap());
    }

    fn submit(&self, names: &[&str]) {
        self.room.submit(AlertBatch { alerts: names.iter().map(|name| alert(name)).collect() });
    }

    /// Lets everybody work, and moves the clock, until it is so.
    async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        for round in 0..2_000_000_u32 {
            if is_so() {
                return;
            }
            tokio::task::yield_now().await;
            if round % 100 == 0 {
                self.clock.advance(Duration::from_millis(10));
            }
        }
        panic!("it never came to that: {what}");
    }

    fn number(&self, name: &str, url: &str) -> Option<f64> {
        let families = self.metrics.gather();
        let family = families.iter().find(|family| family.name == name)?;
        let is_of = |point: &&Point| point.labels.iter().any(|(_, value)| value == url);
        match family.points.iter().find(is_of)?.value {
            PointValue::Number(number) => Some(number),
            PointValue::Histogram { .. } | PointValue::Summary { .. } => None,
        }
    }

    async fn end(self) {
        self.tasks.run_until(std::future::ready(())).await.unwrap();
    }
}

/// One that fires, or is over where its name says so.
fn alert(name: &str) -> Alert {
    let (name, ends_at) = match name.strip_suffix(" over") {
        Some(name) => (name, 1),
        None => (name, i64::MAX),
    };
    Alert {
        labels: Labels::from_pairs([("alertname", name)]),
        annotations: Labels::empty(),
        starts_at: Timestamp::from_millis(0),
        ends_at: Timestamp::from_millis(ends_at),
        is_end_guessed: false,
        updated_at: Timestamp::from_millis(0),
        generator_url: String::new(),
        value: None,
    }
}

/// What discovery tells; it has answered.
struct Told {
    targets: watch::Sender<Arc<TargetSet>>,
    has_answered: watch::Sender<bool>,
}

fn discovery(found: Arc<TargetSet>) -> (Told, Found) {
    let ((targets, of_targets), (has_answered, of_answer)) =
        (watch::channel(found), watch::channel(true));
    let found = Found { targets: of_targets, has_answered: of_answer };
    (Told { targets, has_answered }, found)
}

/// Discovery that has not answered yet.
fn silent_discovery() -> (Told, Found) {
    let (told, found) = discovery(found(&[]));
    told.has_answered.send_replace(false);
    (told, found)
}

fn found(receivers: &[&Receiver]) -> Arc<TargetSet> {
    let target = |it: &&Receiver| Labels::from_pairs([("__address__", it.address.to_string())]);
    let group = TargetGroup {
        source: "s".to_owned(),
        targets: receivers.iter().map(target).collect(),
        labels: Labels::empty(),
    };
    Arc::new(TargetSet { groups: vec![group] })
}

#[tokio::test]
async fn one_that_hangs_delays_no_other() {
    let (hanging, good) = (Receiver::start(|_| None), Receiver::start(|_| Some(200)));
    let world = World::new(Settings::default());
    let (_told, discovered) = discovery(found(&[&hanging, &good]));
    world.reload("{}", &discovered);
    world.submit(&["a"]);
    world.until("both are asked", || hanging.requests() == 1 && good.taken() == ["a"]).await;
    world.submit(&["b"]);
    world.until("the good one has both", || good.taken() == ["a", "b"]).await;
    assert_eq!(world.number("prometheus_notifications_queue_length", &hanging.url()), Some(2.0));
    world
        .until("they are counted", || {
            world.number("prometheus_notifications_sent_total", &good.url()) == Some(2.0)
        })
        .await;
}

#[tokio::test]
async fn what_was_not_taken_is_sent_again_as_it_is_by_then() {
    let receiver = Receiver::start(|_| Some(500));
    let world = World::new(Settings::default());
    let (_told, discovered) = discovery(found(&[&receiver]));
    world.reload("{}", &discovered);
    world.submit(&["a", "b"]);
    world.until("it failed often", || receiver.requests() == 5).await;
    world.submit(&["a over"]);
    receiver.answers(200);
    world.until("it is taken", || receiver.taken().len() == 2).await;
    let taken: BTreeSet<String> = receiver.taken().into_iter().collect();
    assert_eq!(taken, BTreeSet::from(["a over".to_owned(), "b".to_owned()]));
    assert_eq!(world.number("prometheus_notifications_dropped_total", &receiver.url()), Some(0.0));
    let errors = world.number("prometheus_notifications_errors_total", &receiver.url());
    assert!(errors >= Some(6.0), "two alerts at first, then one at a time: {errors:?}");
    world
        .until("it is counted", || {
            world.number("prometheus_notifications_queue_length", &receiver.url()) == Some(0.0)
        })
        .await;
}

#[tokio::test]
async fn one_that_is_refused_is_given_up_and_the_others_are_taken() {
    let is_bad = |name: &String| name == "bad";
    let receiver =
        Receiver::start(move |names| Some(if names.iter().any(is_bad) { 400 } else { 200 }));
    let world = World::new(Settings::default());
    let (_told, discovered) = discovery(found(&[&receiver]));
    world.reload("{}", &discovered);
    world.submit(&["a", "b", "bad", "c", "d"]);
    world.until("all others are taken", || receiver.taken().len() == 4).await;
    world
        .until("the bad one is counted", || {
            world.number("prometheus_notifications_dropped_total", &receiver.url()) == Some(1.0)
        })
        .await;
    let mut taken = receiver.taken();
    taken.sort();
    assert_eq!(taken, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn one_that_never_works_takes_no_other_with_it_and_is_kept() {
    // 302 would become a request for a page, which is answered well.
    for status in [500, 302] {
        let is_bad = |name: &String| name == "bad";
        let receiver =
            Receiver::start(move |names| Some(if names.iter().any(is_bad) { status } else { 200 }));
        let world = World::new(Settings::default());
        let (_told, discovered) = discovery(found(&[&receiver]));
        world.reload("{}", &discovered);
        world.submit(&["a", "b", "bad", "c", "d"]);
        world.until("all others are taken", || receiver.taken().len() == 4).await;
        let asked = receiver.requests();
        world.until("it is tried again and again", || receiver.requests() > asked + 3).await;
        let number = |name| world.number(name, &receiver.url());
        assert_eq!(number("prometheus_notifications_queue_length"), Some(1.0));
        assert_eq!(number("prometheus_notifications_dropped_total"), Some(0.0));
        receiver.answers(200);
        world.until("it is taken", || receiver.taken().len() == 5).await;
    }
}

#[tokio::test]
async fn who_refuses_is_left_alone_for_a_while() {
    let receiver = Receiver::start(|_| Some(400));
    let world = World::new(Settings { batch_max: 1, ..Settings::default() });
    let (_told, discovered) = discovery(found(&[&receiver]));
    world.reload("{}", &discovered);
    world.submit(&["a", "b", "c"]);
    let began = world.clock.clock().monotonic();
    world.until("all are refused", || receiver.requests() == 3).await;
    let took = world.clock.clock().monotonic() - began;
    assert!(took >= Duration::from_millis(500 + 1000), "{took:?}");
}

#[tokio::test]
async fn what_waits_is_sent_at_the_end_where_that_is_asked_for() {
    for (drains, expected) in [(true, &["a", "c"][..]), (false, &[])] {
        let receiver = Receiver::start(|_| Some(500));
        let world = World::new(Settings { drains, batch_max: 1, ..Settings::default() });
        let (_told, discovered) = discovery(found(&[&receiver]));
        world.reload("{}", &discovered);
        world.submit(&["a", "b", "c"]);
        world.until("it failed", || receiver.requests() > 0 && world.clock.sleepers() > 0).await;
        // What fails once more holds up no other.
        receiver.shared.lock().answering =
            Box::new(|names| Some(if names.contains(&"b".to_owned()) { 500 } else { 200 }));
        let asked = receiver.requests();
        world.end().await;
        let mut taken = receiver.taken();
        taken.sort();
        assert_eq!(taken, expected, "drains: {drains}");
        assert_eq!(receiver.requests() - asked, if drains { 3 } else { 0 });
    }
}
