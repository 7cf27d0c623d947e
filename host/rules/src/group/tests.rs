mod broken;
mod catch_up;
mod recall;

use std::sync::Arc;
use std::time::Duration;

use narthex_model::{
    AlertBatch, BucketLayout, FloatHistogram, Labels, Matcher, NativeHistogram, Span, Timestamp,
    is_stale,
};
use narthex_platform::queue::Receiver;
use narthex_platform::{Metrics, SimulatedClock};
use narthex_promql::{Engine, EngineConfig};
use narthex_state::StateStore;
use narthex_storage::{Appendable, Columns, MemoryStore, Queryable, TimeRange};

use super::{Group, Restoring, Tools};
use crate::beside::Evaluators;
use crate::config::RulesConfig;
use crate::file::RuleFiles;
use crate::kept::Kept;
use crate::service::alert_queue;
use crate::views::RuleKind;

pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) tools: Tools,
    pub(crate) news: Receiver<AlertBatch>,
    pub(crate) simulated: SimulatedClock,
    pub(crate) state: StateStore,
    /// How long alerts of the process before wait at least before they end.
    settle: Duration,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_stores(MemoryStore::new(), StateStore::in_memory().unwrap())
    }

    /// Another process on the same stores.
    pub(crate) fn restarted(self) -> Self {
        let world = Self::with_stores(self.store, self.state);
        let now = self.simulated.clock().now_millis().unsigned_abs();
        world.simulated.advance(std::time::Duration::from_millis(now));
        world
    }

    fn with_stores(store: MemoryStore, state: StateStore) -> Self {
        let simulated = SimulatedClock::at(0);
        let metrics = Metrics::new();
        let engine = Engine::new(
            EngineConfig::default(),
            Arc::new(store.clone()),
            simulated.clock(),
            &metrics,
        );
        let (alerts, news) = alert_queue(100);
        let tools = Tools {
            engine,
            read: Arc::new(store.clone()),
            write: Arc::new(store.clone()),
            alerts: Arc::new(alerts),
            kept: Kept::open(Some(&state)),
            evaluators: Evaluators::new(2),
            clock: simulated.clock(),
            metrics,
        };
        Self { store, tools, news, simulated, state, settle: Duration::ZERO }
    }

    pub(crate) fn put(&self, series: &[(&str, &str)], seconds: i64, value: f64) {
        let mut appender = self.store.appender();
        let labels = Labels::from_pairs(series.iter().copied());
        let series = appender.series(&labels).unwrap();
        appender.append(series, at(seconds), value).unwrap();
        appender.commit().unwrap();
    }

    fn group(&self, text: &str) -> Group {
        self.group_after(text, None, Restoring::Done)
    }

    fn group_after(&self, text: &str, before: Option<Arc<Group>>, restoring: Restoring) -> Group {
        self.group_with("", 10, text, before, restoring)
    }

    /// A group with more keys of its own, evaluated every so many seconds.
    fn group_with(
        &self,
        keys: &str,
        interval: i64,
        text: &str,
        before: Option<Arc<Group>>,
        restoring: Restoring,
    ) -> Group {
        let text = format!("groups:\n- name: g\n  interval: {interval}s\n{keys}  rules:\n{text}");
        let spec = RuleFiles::read([("r.yml", text)]).unwrap().groups.remove(0);
        let config = RulesConfig {
            external_labels: Labels::from_pairs([("region", "eu"), ("job", "other")]),
            external_url: "http://n".to_owned(),
            settle: self.settle,
            ..RulesConfig::default()
        };
        Group::new(spec, Arc::new(config), self.tools.clone(), before, restoring)
    }

    /// All samples of one metric: `labels value@seconds …`, `x` for the end of the series.
    pub(crate) fn dump(&self, name: &str) -> Vec<String> {
        let querier = self.store.querier(TimeRange::ALL).unwrap();
        let mut lines = Vec::new();
        for series in querier.select(&[Matcher::equal("__name__", name)]).unwrap() {
            let mut columns = Columns::default();
            series.read(TimeRange::ALL, &mut columns).unwrap();
            let samples = columns.times.iter().zip(&columns.values).map(|(time, value)| {
                let value = if is_stale(*value) { "x".to_owned() } else { value.to_string() };
                format!("{value}@{}", time / 1000)
            });
            let samples = samples.collect::<Vec<_>>().join(" ");
            lines.push(format!("{} {samples}", series.labels().without_metric_name()));
        }
        lines
    }

    fn heard(&mut self) -> Vec<narthex_model::Alert> {
        std::iter::from_fn(|| self.news.try_receive()).flat_map(|batch| batch.alerts).collect()
    }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

const UP: &[(&str, &str)] = &[("__name__", "up"), ("job", "a")];

#[test]
fn a_rule_sees_what_the_one_before_it_wrote() {
    let world = World::new();
    let group = world.group("  - { record: x, expr: up + 1 }\n  - { record: y, expr: x * 10 }\n");
    world.put(UP, 5, 1.0);
    world.simulated.advance(std::time::Duration::from_secs(11));
    group.evaluate(at(10));
    assert_eq!(world.dump("x"), [r#"{job="a"} 2@10"#]);
    assert_eq!(world.dump("y"), [r#"{job="a"} 20@10"#]);
    let view = group.view();
    assert_eq!(view.last_evaluation, Some(at(11)), "when it was, not what for");
    assert_eq!(view.rules[0].health.name(), "ok");
}

#[test]
fn series_that_vanish_end() {
    let world = World::new();
    let group = world.group("  - { record: x, expr: up > 0, labels: { l: v } }\n");
    world.put(UP, 5, 1.0);
    group.evaluate(at(10));
    world.put(UP, 15, 0.0);
    group.evaluate(at(20));
    group.evaluate(at(30));
    assert_eq!(world.dump("x"), [r#"{job="a", l="v"} 1@10 x@20"#]);
}

#[test]
fn a_rule_that_fails_is_shown_and_the_others_go_on() {
    let world = World::new();
    world.put(UP, 5, 1.0);
    world.put(&[("__name__", "up"), ("job", "b")], 5, 1.0);
    let group = world.group(
        "  - { record: x, expr: 'up', labels: { job: same } }\n  - { record: y, expr: '7' }\n",
    );
    group.evaluate(at(10));
    let view = group.view();
    assert_eq!(view.rules[0].health.name(), "err");
    assert_eq!(
        view.rules[0].last_error,
        "vector contains metrics with the same labelset after applying rule labels"
    );
    assert_eq!(world.dump("y"), ["{} 7@10"]);
}

const ALERT: &str = "  - alert: Down
    expr: up == 0
    for: 20s
    labels: { severity: page, value: '{{ $value }}' }
    annotations: { summary: '{{ $labels.job }} in {{ $externalLabels.region }}', bad: '{{ first (query \"none\") }}' }
";

#[test]
fn an_alert_is_pending_then_firing_then_resolved() {
    let mut world = World::new();
    let group = world.group(ALERT);
    world.put(UP, 5, 0.0);
    group.evaluate(at(10));
    group.evaluate(at(20));
    assert!(world.heard().is_empty());
    group.evaluate(at(30));
    let alert = world.heard().remove(0);
    assert_eq!(
        alert.labels.to_string(),
        r#"{alertname="Down", job="a", region="eu", severity="page", value="0"}"#
    );
    assert_eq!(alert.annotations.get("summary"), Some("a in eu"));
    assert_eq!(
        alert.annotations.get("bad"),
        Some(
            "<error expanding template: error executing template __alert_Down: template: \
             __alert_Down:1:4: error calling first: first() called on vector with no elements>"
        )
    );
    assert_eq!(alert.generator_url, "http://n/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
    assert_eq!((alert.starts_at, alert.ends_at), (at(30), at(30 + 240)));

    let RuleKind::Alerting { state, alerts, .. } = &group.view().rules[0].kind else {
        panic!("an alerting rule");
    };
    assert_eq!((state.name(), alerts.len(), alerts[0].active_at), ("firing", 1, at(10)));

    world.put(UP, 35, 1.0);
    group.evaluate(at(40));
    let alert = world.heard().remove(0);
    assert_eq!((alert.starts_at, alert.ends_at), (at(30), at(40)));
    assert_eq!(
        world.dump("ALERTS_FOR_STATE"),
        [r#"{alertname="Down", job="a", severity="page", value="0"} 10@10 10@20 10@30 x@40"#]
    );
    assert_eq!(
        world.dump("ALERTS"),
        [
            r#"{alertname="Down", alertstate="firing", job="a", severity="page", value="0"} 1@30 x@40"#,
            r#"{alertname="Down", alertstate="pending", job="a", severity="page", value="0"} 1@10 1@20 x@30"#,
        ]
    );
}

#[test]
fn the_time_an_alert_was_pending_survives_a_restart() {
    let rule = "  - { alert: Down, expr: up == 0, for: 30m }\n";
    let world = World::new();
    let group = world.group(rule);
    for minute in 0..=20 {
        world.put(UP, minute * 60, 0.0);
        group.evaluate(at(minute * 60));
    }
    // Two minutes later another process starts on the same store.
    let mut world = world.restarted();
    let group = world.group_after(rule, None, Restoring::Begin);
    let minute = |minute: i64, world: &World| {
        world.put(UP, minute * 60, 0.0);
        group.evaluate(at(minute * 60));
    };
    minute(22, &world);
    minute(23, &world);
    // 10 minutes were left; they are left still, counted from the restoration.
    for m in 24..33 {
        minute(m, &world);
    }
    assert!(world.heard().is_empty());
    minute(33, &world);
    assert_eq!(world.heard().len(), 1);
    assert_eq!(world.dump("ALERTS_FOR_STATE").len(), 1);
}

#[test]
fn a_changed_group_keeps_the_state_of_rules_that_stayed() {
    let mut world = World::new();
    let before = world
        .group("  - { record: old, expr: up }\n  - { alert: Down, expr: up == 0, for: 20s }\n");
    world.put(UP, 5, 0.0);
    before.evaluate(at(10));
    before.evaluate(at(20));
    let after = world.group_after(
        "  - { alert: Down, expr: up < 1, for: 20s }\n",
        Some(Arc::new(before)),
        Restoring::Done,
    );
    after.evaluate(at(30));
    assert_eq!(world.heard().len(), 1, "it was pending before");
    assert_eq!(world.dump("old"), [r#"{job="a"} 0@10 0@20 x@30"#]);
    after.end(at(40));
    assert!(world.dump("ALERTS_FOR_STATE")[0].ends_with("x@40"));
}

#[test]
fn a_histogram_shows_as_text_in_templates() {
    let mut world = World::new();
    let histogram = NativeHistogram::Float(FloatHistogram {
        layout: BucketLayout {
            positive_spans: vec![Span { offset: 0, length: 1 }],
            ..BucketLayout::default()
        },
        count: 3.0,
        sum: 4.5,
        positive_counts: vec![3.0],
        ..FloatHistogram::default()
    });
    let mut appender = world.store.appender();
    let series = appender.series(&Labels::from_pairs([("__name__", "h")])).unwrap();
    appender.append_histogram(series, at(5), Arc::new(histogram)).unwrap();
    appender.commit().unwrap();
    world.group("  - { alert: H, expr: h, annotations: { v: '{{ $value }}' } }\n").evaluate(at(10));
    let alert = world.heard().remove(0);
    assert_eq!(alert.annotations.get("v"), Some("{count:3, sum:4.5, (0.5,1]:3}"));
    assert_eq!(alert.value, Some(0.0));
}

#[test]
fn too_many_alerts_are_none() {
    let mut world = World::new();
    let text = "groups: [{ name: g, limit: 1, rules: [{ alert: A, expr: up }] }]";
    let spec = RuleFiles::read([("r.yml", text)]).unwrap().groups.remove(0);
    let config = Arc::new(RulesConfig::default());
    let group = Group::new(spec, config, world.tools.clone(), None, Restoring::Done);
    world.put(UP, 5, 1.0);
    world.put(&[("__name__", "up"), ("job", "b")], 5, 1.0);
    group.evaluate(at(10));
    assert_eq!(group.view().rules[0].last_error, "exceeded limit of 1 with 2 alerts");
    assert!(world.heard().is_empty());
}
