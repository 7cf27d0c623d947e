//! Who hears what rules find: the routing of this server, other Alertmanagers, or both.

use std::sync::Arc;

use narthex_config::Config;
use narthex_model::AlertBatch;
use narthex_notify::{Alertmanagers, Prepared};
use narthex_platform::queue::Sender;
use narthex_rules::AlertSink;
use parking_lot::RwLock;

/// Everybody who hears. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Audience {
    routing: Sender<AlertBatch>,
    alertmanagers: Alertmanagers,
    /// Whether the routing of this server hears. Held while alerts are handed to everybody, so that none comes
    /// between two files; before the locks of `alertmanagers`.
    is_routed_here: Arc<RwLock<bool>>,
}

impl Audience {
    pub(crate) fn new(routing: Sender<AlertBatch>, alertmanagers: Alertmanagers) -> Self {
        Self { routing, alertmanagers, is_routed_here: Arc::new(RwLock::new(true)) }
    }

    /// Where the file has no routing and names other Alertmanagers, alerts are theirs alone.
    pub(crate) fn is_routed_here(config: &Config) -> bool {
        config.alerting.is_some() || config.alertmanagers.notify.alertmanagers.is_empty()
    }

    /// Others hear from now on. Alerts go to those of before or to these.
    pub(crate) fn commit(&self, is_routed_here: bool, alertmanagers: Prepared) {
        let mut before = self.is_routed_here.write();
        self.alertmanagers.commit(alertmanagers);
        *before = is_routed_here;
    }
}

impl AlertSink for Audience {
    fn take(&self, batch: AlertBatch) -> bool {
        let is_routed_here = self.is_routed_here.read();
        let batch = self.alertmanagers.relabel(batch);
        if batch.alerts.is_empty() {
            return true;
        }
        let fits = !*is_routed_here || self.routing.send(batch.clone());
        self.alertmanagers.submit(batch);
        fits
    }
}

#[cfg(test)]
mod tests {
    use narthex_client::{ClientOptions, HttpConfig};
    use narthex_model::{Alert, Labels, NameScheme, TargetGroup, TargetSet, Timestamp};
    use narthex_notify::{AlertmanagerKeys, Found, Parts, Settings};
    use narthex_platform::{Clock, Metrics, PointValue};
    use narthex_rules::alert_queue;
    use narthex_settings::Document;
    use tokio::sync::watch;

    use super::*;

    const ALERTS: usize = 2_000;

    /// The address of nobody: what is sent there waits.
    fn found() -> Found {
        let targets = vec![Labels::from_pairs([("__address__", "127.0.0.1:1")])];
        let group = TargetGroup { source: String::new(), targets, labels: Labels::empty() };
        let (_, targets) = watch::channel(Arc::new(TargetSet { groups: vec![group] }));
        let (_, has_answered) = watch::channel(true);
        Found { targets, has_answered }
    }

    /// One Alertmanager with these rules for its alerts.
    fn told(audience: &Audience, rules: &str) -> Prepared {
        let text = format!("alert_relabel_configs: [{rules}]");
        let keys: AlertmanagerKeys = Document::parse("f.yml", &text).unwrap().read().unwrap();
        let item = keys.resolve(HttpConfig::default(), false, NameScheme::Utf8).unwrap();
        let config =
            narthex_notify::Config { alert_relabel: Vec::new(), alertmanagers: vec![item] };
        audience.alertmanagers.prepare(config, vec![found()]).unwrap()
    }

    fn alert(number: usize) -> AlertBatch {
        let alert = Alert {
            labels: Labels::from_pairs([("alertname", number.to_string())]),
            annotations: Labels::empty(),
            starts_at: Timestamp::from_millis(0),
            ends_at: Timestamp::from_millis(i64::MAX),
            is_end_guessed: false,
            updated_at: Timestamp::from_millis(0),
            generator_url: String::new(),
            value: None,
        };
        AlertBatch { alerts: vec![alert] }
    }

    /// Files that are changed all the time name either this server or an Alertmanager.
    #[test]
    fn every_alert_is_heard_once_whatever_file_counts() {
        let metrics = Metrics::new();
        let alertmanagers = Alertmanagers::new(Parts {
            clock: Clock::real(),
            metrics: metrics.clone(),
            client: ClientOptions::default(),
            settings: Settings { queue_capacity: ALERTS, ..Settings::default() },
        });
        let (here, mut heard) = alert_queue(ALERTS);
        let audience = Audience::new(here, alertmanagers);
        audience.commit(false, told(&audience, ""));
        std::thread::scope(|threads| {
            let sender = threads.spawn(|| {
                for number in 0..ALERTS {
                    audience.take(alert(number));
                }
            });
            while !sender.is_finished() {
                audience.commit(true, told(&audience, "{ action: drop, regex: '.*' }"));
                audience.commit(false, told(&audience, ""));
            }
        });
        let here = std::iter::from_fn(|| heard.try_receive()).count();
        let families = metrics.gather();
        let name = "prometheus_notifications_queue_length";
        let waiting = families.iter().find(|family| family.name == name);
        let PointValue::Number(there) = waiting.unwrap().points[0].value else {
            panic!("{waiting:?}");
        };
        assert_eq!(here as f64 + there, ALERTS as f64, "{here} are heard here");
    }
}
