//! What people and programs see of alerting.

use std::sync::{Arc, Weak};

use narthex_model::{Alert, Labels, Timestamp};
use narthex_platform::{Family, FamilyKind, MetricsSource, Point, PointValue};

use crate::receivers::LastNotification;
use crate::service::{Alerting, Shared};

/// One group.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// Its identity, as notifications carry it.
    pub key: String,
    /// The receiver it is told to.
    pub receiver: String,
    /// The labels by which it is grouped.
    pub labels: Labels,
    /// Its alerts.
    pub alerts: Vec<AlertView>,
    /// When it is looked at next.
    pub flush_at: Timestamp,
    /// Whether a delivery is under way.
    pub is_delivering: bool,
}

/// One alert.
#[derive(Clone, Debug)]
pub struct AlertView {
    /// The alert itself.
    pub alert: Arc<Alert>,
    /// Whether it is over.
    pub is_resolved: bool,
    /// Whether another alert keeps it quiet.
    pub is_inhibited: bool,
    /// The receivers it goes to, in the order of the routes.
    pub receivers: Vec<String>,
}

/// One receiver.
#[derive(Clone, Debug)]
pub struct ReceiverView {
    /// Its name.
    pub name: String,
    /// The ways to it.
    pub integrations: Vec<IntegrationView>,
}

/// One way to a receiver.
#[derive(Clone, Debug)]
pub struct IntegrationView {
    /// The notifier.
    pub plugin: String,
    /// Its place in the receiver's list for this notifier, from 0.
    pub index: usize,
    /// Whether it is told when alerts are over.
    pub send_resolved: bool,
    /// What became of the last notification.
    pub last: LastNotification,
}

impl Alerting {
    /// All groups, in the order of routes and labels.
    #[must_use]
    pub fn groups(&self) -> Vec<GroupView> {
        let now = self.now();
        let state = self.0.state.lock();
        let dispatcher = &state.dispatcher;
        let inhibitor = dispatcher.inhibitor(now);
        let routes = &dispatcher.config.routes;
        let receiver = |index: usize| routes.get(index).map(|route| route.receiver.clone());
        dispatcher
            .groups
            .iter()
            .map(|(id, group)| GroupView {
                key: group.key.clone(),
                receiver: receiver(id.route).unwrap_or_default(),
                labels: id.labels.clone(),
                alerts: group
                    .alerts
                    .values()
                    .map(|alert| AlertView {
                        alert: Arc::clone(alert),
                        is_resolved: alert.is_resolved_at(now),
                        is_inhibited: inhibitor.inhibits(&alert.labels),
                        receivers: receiver(id.route).into_iter().collect(),
                    })
                    .collect(),
                flush_at: group.flush_at,
                is_delivering: group.is_delivering,
            })
            .collect()
    }

    /// All alerts that are kept, ascending by labels.
    #[must_use]
    pub fn alerts(&self) -> Vec<AlertView> {
        let now = self.now();
        let state = self.0.state.lock();
        let dispatcher = &state.dispatcher;
        let inhibitor = dispatcher.inhibitor(now);
        let routes = &dispatcher.config.routes;
        let receivers = |labels: &Labels| {
            let mut names: Vec<String> = Vec::new();
            for route in routes.matching(labels).into_iter().filter_map(|index| routes.get(index)) {
                if !names.contains(&route.receiver) {
                    names.push(route.receiver.clone());
                }
            }
            names
        };
        dispatcher
            .alerts
            .values()
            .map(|alert| AlertView {
                alert: Arc::clone(alert),
                is_resolved: alert.is_resolved_at(now),
                is_inhibited: inhibitor.inhibits(&alert.labels),
                receivers: receivers(&alert.labels),
            })
            .collect()
    }

    /// All receivers, in the order of the configuration, with the outcome of their last
    /// notification.
    #[must_use]
    pub fn receivers(&self) -> Vec<ReceiverView> {
        let receivers = Arc::clone(&self.0.state.lock().receivers);
        receivers
            .iter()
            .map(|receiver| ReceiverView {
                name: receiver.name.clone(),
                integrations: receiver
                    .integrations
                    .iter()
                    .map(|state| IntegrationView {
                        plugin: state.integration.plugin.clone(),
                        index: state.integration.index,
                        send_resolved: state.integration.send_resolved,
                        last: state.last(),
                    })
                    .collect(),
            })
            .collect()
    }
}

/// Numbers that are only known when they are asked for.
pub(crate) struct AlertCounts(pub(crate) Weak<Shared>);

impl MetricsSource for AlertCounts {
    fn families(&self) -> Vec<Family> {
        let Some(shared) = self.0.upgrade() else { return Vec::new() };
        let alerting = Alerting(shared);
        let groups = alerting.0.state.lock().dispatcher.groups.len();
        let alerts = alerting.alerts();
        let firing = alerts.iter().filter(|alert| !alert.is_resolved);
        let (suppressed, active): (Vec<&AlertView>, Vec<&AlertView>) =
            firing.partition(|alert| alert.is_inhibited);
        let states = [("active", active.len()), ("suppressed", suppressed.len())];
        vec![
            Family {
                name: "alertmanager_alerts".to_owned(),
                help: "How many alerts by state.".to_owned(),
                kind: FamilyKind::Gauge,
                points: states.map(|(state, count)| point(&[("state", state)], count)).to_vec(),
            },
            Family {
                name: "alertmanager_dispatcher_aggregation_groups".to_owned(),
                help: "Number of active aggregation groups.".to_owned(),
                kind: FamilyKind::Gauge,
                points: vec![point(&[], groups)],
            },
        ]
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn point(labels: &[(&str, &str)], count: usize) -> Point {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Point { labels: labels.collect(), value: PointValue::Number(count as f64) }
}
